"""The C backend: PyTensor's virtual machine in C, with a BLAS."""

from collections.abc import Sequence
from typing import Any

from pytensor import config
from pytensor.compile.executor import Function as PyTensorFunction
from pytensor.compile.mode import Mode

from symgrad.backends.backend import Backend, Repeat
from symgrad.backends.c import blas
from symgrad.backends.tags import FUSION, C
from symgrad.pytensor_compat import repeat_in_c

__all__ = ["CBackend"]


class CBackend(Backend):
    """PyTensor's virtual machine in C."""

    name = "c"
    stock = "CVM"
    tags = (C, FUSION)

    def missing(self) -> str | None:
        if config.cxx:
            return None
        return (
            "backend='c' needs a C++ compiler, and PyTensor found none: install g++, or use "
            "backend='numba'"
        )

    def stock_mode(self) -> Mode:
        blas.configure()
        return super().stock_mode()

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
