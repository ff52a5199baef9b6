"""Changes to NumPy, Python and PyTensor that programs written for Theano rely on.

Each module has a function ``apply``, called by ``install_as_theano`` and ``symgrad run``; doing it
twice is doing it once. Importing :mod:`symgrad.theano` applies none of them.
"""
