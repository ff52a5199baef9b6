"""The shared variables that are saved or loaded, by name."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from pytensor.compile.sharedvalue import SharedVariable
from pytensor.link.jax.linker import JAXLinker
from pytensor.tensor.random.type import RandomGeneratorType

from symgrad.errors import CheckpointError

__all__ = ["State", "named_variables"]

# Updates, a Function, or ``{name: shared variable}``.
State: TypeAlias = Any


def named_variables(states: Iterable[State]) -> dict[str, SharedVariable]:
    """``{name: shared variable}`` of all states; each variable once, under its first name."""
    names: dict[SharedVariable, str | None] = {}
    for state in states:
        for name, variable in _items(state):
            names.setdefault(variable, name)
    variables: dict[str, SharedVariable] = {}
    for variable, name in names.items():
        if not name:
            raise CheckpointError(
                f"a shared variable of type {variable.type} has no name: set its .name, or give "
                "{'a name of its own': variable}"
            )
        if name in variables:
            raise CheckpointError(
                f"two shared variables are called {name}: set the .name of one to another, or give "
                "their Updates, or {'a name of its own': variable}, before what else holds them"
            )
        variables[name] = variable
    return variables


def _items(state: State) -> list[tuple[str | None, SharedVariable]]:
    """``(name or None, shared variable)`` of one state."""
    maker = getattr(getattr(state, "compiled", state), "maker", None)
    if maker is not None:
        return _updated_by(maker)
    if not isinstance(state, Mapping):
        raise CheckpointError(
            f"{state!r} is no state: give Updates, a Function or {{name: shared variable}}"
        )
    names = {variable: name for name, variable in getattr(state, "slots", {}).items()}
    items = [
        (names.get(key, key.name), key) if isinstance(key, SharedVariable) else (key, value)
        for key, value in state.items()
    ]
    for name, variable in items:
        if not isinstance(variable, SharedVariable) or not isinstance(name, str | None):
            raise CheckpointError(
                f"{name!r} stands for {variable!r}: a mapping is {{name: shared variable}}; "
                "numbers and words go into the notes"
            )
    return items


def _updated_by(maker: Any) -> list[tuple[str | None, SharedVariable]]:
    """The shared variables that a compiled function updates."""
    variables = [
        entry.variable for entry in maker.inputs if entry.implicit and entry.update is not None
    ]
    for variable in variables:
        if isinstance(variable.type, RandomGeneratorType) and isinstance(maker.linker, JAXLinker):
            raise CheckpointError(
                f"{variable} is a random generator, and a function on JAX draws from a copy that "
                "it keeps to itself: use backend='c' or 'numba', or draw with NumPy and hand the "
                "numbers to the function"
            )
    return [(variable.name, variable) for variable in variables]
