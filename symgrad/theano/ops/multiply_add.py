"""``a * b + c`` rounded once, as compilers computed it in Theano's fused loops."""

from typing import Any

import numpy as np
import pytensor.tensor as pt
from pytensor.scalar.basic import ScalarOp, upgrade_to_float
from pytensor.tensor.elemwise import Elemwise

from symgrad.dispatch import JAX, NUMBA, when_imported

__all__ = ["multiply_add"]


class MultiplyAdd(ScalarOp):
    """``(a, b, c) -> a * b + c`` of floats of one dtype."""

    nin = 3

    def impl(self, a, b, c):
        wide = np.float64 if np.asarray(a).dtype.itemsize < 8 else np.longdouble
        return np.asarray(a).dtype.type(wide(a) * wide(b) + wide(c))

    def pullback(self, inputs, outputs, cotangents):
        a, b, _ = inputs
        (slope,) = cotangents
        return [slope * b, slope * a, slope]

    L_op = pullback

    def c_code_cache_version(self):
        return (1,)

    def c_headers(self, **kwargs):
        return ["<cmath>"]

    def c_code(self, node, name, inputs, outputs, sub):
        if node.inputs[0].type.dtype == "float16":
            raise NotImplementedError("no C code for float16")
        # PyTensor writes constants as literals of C, which are double.
        arguments = ", ".join(f"(npy_{node.inputs[0].type.dtype})({name})" for name in inputs)
        return f"{outputs[0]} = std::fma({arguments});"


def _register_numba():
    from pytensor.link.numba.dispatch.basic import numba_njit, register_funcify_and_cache_key

    @register_funcify_and_cache_key(MultiplyAdd)
    def numba_funcify_MultiplyAdd(op, node, **kwargs):
        @numba_njit(fastmath={"contract"})
        def multiply_add(a, b, c):
            return a * b + c

        return multiply_add, "symgrad multiply_add 1"


def _register_jax():
    from pytensor.link.jax.dispatch.basic import jax_funcify

    @jax_funcify.register(MultiplyAdd)
    def jax_funcify_MultiplyAdd(op, node, **kwargs):
        dtype = node.outputs[0].type.dtype

        def multiply_add(a, b, c):
            if dtype == "float64":
                return a * b + c
            wide = (np.asarray(x, "float64") if np.isscalar(x) else x for x in (a, b, c))
            a, b, c = (x.astype("float64") for x in wide)
            return (a * b + c).astype(dtype)

        return multiply_add


when_imported(NUMBA, _register_numba)
when_imported(JAX, _register_jax)

elementwise = Elemwise(MultiplyAdd(upgrade_to_float, name="multiply_add"))


def multiply_add(a: Any, b: Any, c: Any) -> Any:
    """``a * b + c``, rounded once where the processor can.

    Parameters
    ----------
    a, b, c : variable
        Floats of one dtype, of shapes that broadcast.
    """
    return elementwise(*map(pt.as_tensor, (a, b, c)))
