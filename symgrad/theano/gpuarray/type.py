"""``theano.gpuarray.type``: types that no variable has here."""

from symgrad.theano.names import forward


class ContextNotDefined(ValueError):
    """There is no such device."""


class GpuArrayType:
    """No variable is of this type."""


class GpuArrayVariable:
    """No variable is one of these."""


class GpuArrayConstant:
    """No variable is one of these."""


class GpuArraySharedVariable:
    """No variable is one of these."""


def get_context(name):
    """Refused: no device is managed here."""
    raise ContextNotDefined(f"context name {name} not defined: there is no libgpuarray")


def list_contexts():
    """The devices: none."""
    return []


__getattr__ = forward("theano.gpuarray.type")
