"""The C backend: PyTensor's virtual machine in C, with a BLAS."""

from collections.abc import Sequence
from typing import Any

from pytensor import config
from pytensor.compile.executor import Function as PyTensorFunction
from pytensor.compile.mode import Mode, get_mode

from symgrad.backends.backend import Backend, Repeat
from symgrad.backends.c import blas
from symgrad.backends.rewrite_order import FUSION, C, with_symgrad_rewrites
from symgrad.pytensor_compat import repeat_in_c

__all__ = ["CBackend"]


class CBackend(Backend):
    """PyTensor's virtual machine in C."""

    name = "c"
    stock = "CVM"

    def missing(self) -> str | None:
        if config.cxx:
            return None
        return (
            "backend='c' needs a C++ compiler, and PyTensor found none: install g++, or use "
            "backend='numba'"
        )

    def mode(self) -> Mode:
        blas.configure()
        return with_symgrad_rewrites(get_mode(self.stock)).including(C, FUSION)

    def repeater(self, compiled: PyTensorFunction, checks: Sequence[int] = ()) -> Repeat:
        def repeat(inputs: Sequence[Any], times: int) -> BaseException | None:
            for container, value in zip(compiled.input_storage, inputs, strict=False):
                container.value = value
            try:
                repeat_in_c(compiled, times)
            except Exception as error:
                return error
            return None

        return repeat
