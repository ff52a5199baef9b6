"""The C backend: PyTensor's virtual machine in C, with a BLAS."""

from functools import cache

from pytensor.compile.mode import get_mode

from symgrad.backends.c import blas
from symgrad.backends.c.row_writes import TAG
from symgrad.backends.rewrites import with_symgrad_rewrites

__all__ = ["c_mode", "looped"]


@cache
def c_mode():
    """The Mode of ``backend="c"``."""
    blas.configure()
    return with_symgrad_rewrites(get_mode("CVM")).including(TAG)


def looped(compiled, checks=()):
    """A function ``(inputs, times)`` that calls a compiled one so often, in C.

    It returns what was raised, if that is known; the calls before have changed the shared
    variables. `checks` are for backends that cannot raise.
    """

    def repeat(inputs, times):
        for container, value in zip(compiled.input_storage, inputs, strict=False):
            container.value = value
        try:
            compiled.vm(n_calls=times)
        except Exception as error:
            return error
        return None

    return repeat
