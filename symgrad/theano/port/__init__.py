"""Tools for programs written for Theano: run them, check them, read them as Python 2."""
