"""``theano.version``: the version of Theano whose names these are."""

version = short_version = full_version = "1.0.5+symgrad"
git_revision = ""
release = True
