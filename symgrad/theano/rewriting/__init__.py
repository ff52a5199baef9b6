"""Rewrites that give graphs the meaning they had in Theano.

They are under a tag of their own, :data:`TAG`, which no mode of PyTensor includes.
"""

TAG = "symgrad_theano"
