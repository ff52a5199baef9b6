"""The Numba backend: the whole function is compiled by Numba."""

from collections.abc import Sequence
from typing import Any

from pytensor.compile.executor import Function as PyTensorFunction

from symgrad.backends.backend import Backend, Repeat, not_installed
from symgrad.backends.tags import FUSION, NUMBA
from symgrad.pytensor_compat import jitted, update_positions

__all__ = ["NumbaBackend"]


class NumbaBackend(Backend):
    """Functions that Numba compiles as a whole."""

    name = "numba"
    stock = "NUMBA"
    tags = (NUMBA, FUSION)

    def missing(self) -> str | None:
        return not_installed("numba", self.name)

    def repeater(self, compiled: PyTensorFunction, checks: Sequence[int] = ()) -> Repeat:
        """A compiled loop around the compiled step."""
        from symgrad.pytensor_compat import numba_njit

        updates = update_positions(compiled.maker.fgraph)
        updated = list(updates.values())
        storage = [container.storage for container in compiled.input_storage]
        fixed = [position for position in range(len(storage)) if position not in updated]
        names = {position: f"fixed[{k}]" for k, position in enumerate(fixed)}
        names |= {position: f"state[{k}]" for k, position in enumerate(updated)}
        scope: dict[str, Any] = {"step": jitted(compiled)}
        arguments = ", ".join(names[position] for position in range(len(storage)))
        state = "".join(f"new[{output}], " for output in updates)
        exec(LOOP.format(arguments=arguments, state=state), scope)
        loop = numba_njit(scope["loop"], final_function=True)

        def repeat(inputs: Sequence[Any], times: int) -> None:
            for container, value in zip(compiled.input_storage, inputs, strict=False):
                container.value = value
            values = [cell[0] for cell in storage]
            state = loop(
                times,
                tuple(values[position] for position in fixed),
                tuple(values[position] for position in updated),
            )
            for position, value in zip(updated, state, strict=True):
                storage[position][0] = value

        return repeat


# What was done before an error is kept: most of the state is not updated in place.
LOOP = """
def loop(times, fixed, state):
    for _ in range(times):
        try:
            new = step({arguments})
        except Exception:
            return state
        state = ({state})
    return state
"""
