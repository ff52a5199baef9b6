"""Pooling and its gradients in JAX."""

import jax.numpy as jnp
from pytensor.graph.basic import Constant
from pytensor.link.jax.dispatch.basic import jax_funcify

from symgrad.spatial.pooling.ops import PoolOp


@jax_funcify.register(PoolOp)
def jax_funcify_pool(op, node, **kwargs):
    """What the Op computes in NumPy, computed by JAX: the windows must be constants."""
    layout = node.inputs[op.n_tensors :]
    if not all(isinstance(vector, Constant) for vector in layout):
        raise NotImplementedError("pooling on JAX: give window, stride and pad as numbers")
    layout = [[int(number) for number in vector.data] for vector in layout]

    def pool(*inputs):
        tensors = [jnp.asarray(tensor) for tensor in inputs[: op.n_tensors]]
        windows = op.windows(tensors[0].shape[-op.n_axes :], layout)
        return op.compute(jnp, windows, *tensors)

    return pool
