"""``theano.configdefaults``: the configuration."""

from pytensor.configdefaults import LOCAL_BITWIDTH, PYTHON_INT_BITWIDTH

from symgrad.theano.configparser import config

__all__ = ["config", "local_bitwidth", "python_int_bitwidth"]


def local_bitwidth() -> int:
    """The bits of an address: 32 or 64."""
    return LOCAL_BITWIDTH


def python_int_bitwidth() -> int:
    """The bits of an integer of C as Python stores it: 32 or 64."""
    return PYTHON_INT_BITWIDTH
