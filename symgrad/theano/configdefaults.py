"""``theano.configdefaults``: the configuration, with the flags of the environment in it."""

from pytensor.configdefaults import LOCAL_BITWIDTH, PYTHON_INT_BITWIDTH

from symgrad.theano.configparser import apply_flags, config

__all__ = ["config", "local_bitwidth", "python_int_bitwidth"]

apply_flags()


def local_bitwidth():
    """The bits of an address: 32 or 64."""
    return LOCAL_BITWIDTH


def python_int_bitwidth():
    """The bits of an integer of C as Python stores it: 32 or 64."""
    return PYTHON_INT_BITWIDTH
