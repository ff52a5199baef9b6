"""``theano.configdefaults``: the configuration, with the flags of the environment in it."""

from symgrad.theano.configparser import apply_flags, config

__all__ = ["config"]

apply_flags()
