"""Ops that Theano had and PyTensor does not have."""
