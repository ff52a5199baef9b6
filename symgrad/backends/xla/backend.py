"""The JAX backend: tables are donated, so that XLA updates them in place."""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from pytensor.compile.executor import Function as PyTensorFunction
from pytensor.compile.mode import Mode
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.fg import FunctionGraph

from symgrad.backends.backend import Backend, Repeat, not_installed
from symgrad.backends.tags import EXCLUDED_ON_JAX, JAX
from symgrad.backends.xla.devices import to_device
from symgrad.backends.xla.expressible import check_expressible, depends_on_data, inexpressible
from symgrad.backends.xla.linker import DonatingJAXLinker, float64, quiet
from symgrad.pytensor_compat import traced, update_positions

__all__ = ["JAXBackend"]


class JAXBackend(Backend):
    """Functions that XLA compiles, and fuses by itself."""

    name = "jax"
    stock = "JAX"
    tags = (JAX,)
    excluded = EXCLUDED_ON_JAX
    raises = False
    static_shapes = True
    in_place = False

    def missing(self) -> str | None:
        return not_installed("jax", self.name)

    def stock_mode(self) -> Mode:
        return Mode(DonatingJAXLinker(), super().stock_mode().provided_optimizer)

    @contextlib.contextmanager
    def compiling(self) -> Iterator[None]:
        try:
            with float64(), quiet():
                yield
        except NotImplementedError as error:
            raise inexpressible(error) from error

    def check(self, fgraph: FunctionGraph) -> None:
        check_expressible(fgraph)

    @contextlib.contextmanager
    def calling(self, shared: Iterable[SharedVariable]) -> Iterator[None]:
        with float64():
            for variable in shared:
                to_device(variable)
            try:
                yield
            except (TypeError, IndexError) as error:
                explained = depends_on_data(error)
                if explained is None:
                    raise
                raise explained from error

    def to_numpy(self, values: list) -> list:
        return [np.asarray(value) for value in values]

    def repeater(self, compiled: PyTensorFunction, checks: Sequence[int] = ()) -> Repeat:
        """A loop of XLA's around the step, which ends when a check is set."""
        import jax

        step, updates = traced(compiled), update_positions(compiled.maker.fgraph)
        storage = [container.storage for container in compiled.input_storage]

        def take_step(carry, fixed):
            count, _, state = carry
            fixed, state = iter(fixed), dict(zip(updates.values(), state, strict=True))
            new = step(*(state[k] if k in state else next(fixed) for k in range(len(storage))))
            failed = jax.numpy.any(jax.numpy.stack([new[0][k] != 0 for k in checks] or [False]))
            return count + 1, failed, [new[k] for k in updates]

        def loop(times, fixed, state):
            return jax.lax.while_loop(
                lambda carry: (carry[0] < times) & ~carry[1],
                lambda carry: take_step(carry, fixed),
                (0, False, state),
            )[2]

        compiled_loop = jax.jit(loop, donate_argnums=2)

        def repeat(inputs: Sequence[Any], times: int) -> None:
            for cell, value in zip(storage, inputs, strict=False):
                cell[0] = jax.numpy.asarray(value)
            fixed = [cell[0] for k, cell in enumerate(storage) if k not in updates.values()]
            state = compiled_loop(times, fixed, [storage[k][0] for k in updates.values()])
            for k, value in zip(updates.values(), state, strict=True):
                storage[k][0] = value

        return repeat
