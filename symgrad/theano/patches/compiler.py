"""PyTensor's linker, rewriters and loops as Theano had them."""

# A patch assigns to methods and attributes.
# mypy: disable-error-code="method-assign, assignment, attr-defined"

from typing import Any

import pytensor
from pytensor.graph.rewriting.basic import GraphRewriter
from pytensor.scan.op import Scan
from pytensor.tensor.variable import TensorConstant

from symgrad.theano.compile.mode import backend
from symgrad.theano.pytensor_compat import index_rewrites

__all__ = ["apply"]


def apply() -> None:
    """Set the default linker, and give rewriters and loops their old methods."""
    pytensor.config.linker = {"c": "cvm"}.get(backend(), backend())
    GraphRewriter.optimize = GraphRewriter.rewrite
    Scan.inputs, Scan.outputs = Scan.inner_inputs, Scan.inner_outputs
    index_rewrites._eager_scalar = _pytensor_eager_scalar and _eager_scalar


_pytensor_eager_scalar: Any = getattr(index_rewrites, "_eager_scalar", None)


def _eager_scalar(value):
    """PyTensor 3.0 takes the int of an array with one entry, which NumPy 2 refuses."""
    if isinstance(value, TensorConstant):
        return int(value.data.item())
    return _pytensor_eager_scalar(value)
