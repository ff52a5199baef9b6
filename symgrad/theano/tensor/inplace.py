"""``theano.tensor.inplace``: Ops that wrote over their first input; the compiler decides here."""

from symgrad.theano import tensor
from symgrad.theano.names import forward

_forward = forward("theano.tensor.inplace")


def _of_its_own(name):
    """``exp_inplace`` is ``exp``."""
    if name.endswith("_inplace") and hasattr(tensor, plain := name.removesuffix("_inplace")):
        return getattr(tensor, plain)
    return _forward(name)


__getattr__ = _of_its_own
