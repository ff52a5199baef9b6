"""PyTensor's JAX linker, with tables that XLA updates in place."""

import contextlib
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
from pytensor.graph.basic import Variable
from pytensor.graph.fg import FunctionGraph

from symgrad.pytensor_compat import JAXLinker, emptied, update_positions

__all__ = ["DonatingJAXLinker", "float64", "quiet"]


class DonatingJAXLinker(JAXLinker):
    """PyTensor's JAX linker, but updated shared variables give their memory to their update."""

    fgraph: FunctionGraph

    def fgraph_convert(
        self,
        fgraph: FunctionGraph,
        input_storage: list,
        storage_map: dict[Variable, list],
        **kwargs: Any,
    ) -> Callable:
        import jax

        # PyTensor copies the value of every input into the globals of the function that it makes.
        # One more copy of each table would stay on the device for as long as the function lives.
        arrays = [
            variable
            for variable, cell in storage_map.items()
            if variable in fgraph.inputs and isinstance(cell[0], (np.ndarray, jax.Array))
        ]
        with emptied(storage_map, arrays):
            return super().fgraph_convert(
                fgraph, input_storage=input_storage, storage_map=storage_map, **kwargs
            )

    def jit_compile(self, fn: Callable) -> Callable:
        import jax

        if self.scalar_shape_inputs or not self.fgraph.outputs:
            return super().jit_compile(fn)  # static arguments and donation do not go together
        dtypes = [getattr(output.type, "dtype", None) for output in self.fgraph.outputs]

        def with_dtypes(*inputs):
            # JAX's rules of promotion differ from PyTensor's; a table must keep its dtype.
            values = fn(*inputs)
            return [
                value if dtype is None else jax.numpy.asarray(value, dtype)
                for value, dtype in zip(values, dtypes, strict=True)
            ]

        updated = tuple(sorted(update_positions(self.fgraph).values()))
        return jax.jit(with_dtypes, donate_argnums=updated)


def float64() -> AbstractContextManager:
    """A context in which JAX keeps float64 and int64, whatever floatX is."""
    import jax

    return jax.enable_x64(True)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Suppress two warnings of PyTensor that say nothing new.

    It warns that it skips assertions on shapes, which it added itself, and of splits of unknown
    lengths, which :func:`~symgrad.backends.xla.expressible.check_expressible` refuses.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Skipping .*Could not broadcast dimensions")
        warnings.filterwarnings("ignore", "Split node does not have constant split positions")
        yield
