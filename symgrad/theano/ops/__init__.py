"""Ops that Theano had and PyTensor has not."""
