"""``theano.tensor.inplace``: Ops that overwrote their first input; here the compiler decides."""

from typing import Any

from symgrad.theano import tensor
from symgrad.theano.names import forward

_forward = forward("theano.tensor.inplace")


def __getattr__(name: str) -> Any:
    """``exp_inplace`` is ``exp``."""
    if name.endswith("_inplace") and hasattr(tensor, plain := name.removesuffix("_inplace")):
        return getattr(tensor, plain)
    return _forward(name)
