"""The gradient of a cost, with the checks that PyTensor lacks for subsets of tables."""

from collections.abc import Sequence
from typing import Any, overload

import pytensor
from pytensor.graph.basic import Variable, equal_computations
from pytensor.tensor.type import float_dtypes

from symgrad.cost.lookups import Subset
from symgrad.errors import (
    DisconnectedError,
    IntegerTableError,
    OtherPathError,
    SubsetRebuiltError,
)
from symgrad.graph.index_reads import Read, describe, describe_node, read_of
from symgrad.graph.walk import paths

__all__ = [
    "check_float",
    "check_paths",
    "connected_gradients",
    "disconnected",
    "grad",
    "variables_of",
]


@overload
def grad(cost: Variable, wrt: Variable, **options: Any) -> Variable: ...
@overload
def grad(  # type: ignore[overload-cannot-match]  # only because Variable is untyped here
    cost: Variable, wrt: Subset | Sequence[Variable | Subset], **options: Any
) -> list[Variable]: ...
def grad(cost: Variable, wrt: Any, **options: Any) -> Any:
    """Gradient of a cost, with the checks that PyTensor lacks for subsets of tables.

    Parameters
    ----------
    cost : scalar variable
    wrt : variable, Subset, or sequence of them
        Subsets are ``table[index]`` variables that the cost was built from. A
        :class:`~symgrad.cost.lookups.Subset` stands for all its reads.
    **options
        Passed to :func:`pytensor.grad`.

    Returns
    -------
    variable or list of variables
        Each of the shape and dtype of its `wrt`; a list if `wrt` is a sequence or a Subset.

    Raises
    ------
    SubsetRebuiltError
        If ``table[index]`` was written a second time for `wrt`.
    OtherPathError
        If a table reaches the cost by another way than the subsets in `wrt`;
        :func:`pytensor.grad` silently leaves that part out.
    DisconnectedError
        If the cost does not depend on `wrt`.
    IntegerTableError
        If `wrt` does not hold floats.

    Examples
    --------
    >>> import numpy as np, pytensor.tensor as pt, symgrad as sg
    >>> W, index = sg.shared(np.ones((5, 2)), name="W"), pt.lvector("index")
    >>> subset = W[index]
    >>> g = sg.grad((subset ** 2).sum(), subset)
    >>> g.eval({index: [3, 3]}).tolist()
    [[2.0, 2.0], [2.0, 2.0]]
    """
    if isinstance(wrt, Subset):
        return grad(cost, [read.variable for read in wrt.reads], **options)
    if isinstance(wrt, Variable):
        return grad(cost, [wrt], **options)[0]
    variables = [variable for item in wrt for variable in variables_of(item)]
    for variable in variables:
        check_float(variable)
    check_paths(cost, [read for variable in variables if (read := read_of(variable))])
    if not options:
        gradients = connected_gradients(cost, variables)
        for variable, gradient in zip(variables, gradients, strict=True):
            if gradient is None:
                raise disconnected(cost, variable)
        return gradients
    return pytensor.grad(cost, variables, **options)


def variables_of(item: Variable | Subset) -> list[Variable]:
    """The variables of the reads of a Subset; any other variable as it is."""
    return [read.variable for read in item.reads] if isinstance(item, Subset) else [item]


def connected_gradients(cost: Variable, wrt: Sequence[Variable]) -> list[Variable | None]:
    """:func:`pytensor.grad`, with None where the cost does not depend on a variable."""
    if cost.type.ndim != 0:
        raise DisconnectedError(
            f"the cost {describe(cost)} has {cost.type.ndim} dimensions, so it has no gradient: "
            "sum or average it to a scalar, e.g. cost.mean()"
        )
    return pytensor.grad(cost, wrt, disconnected_inputs="ignore", return_disconnected="none")


def check_float(variable: Variable) -> None:
    """Raise unless the variable holds floats: nothing else has a gradient."""
    if variable.type.dtype not in float_dtypes:
        read = read_of(variable)
        raise IntegerTableError(
            f"{describe(read.table if read else variable)} holds {variable.type.dtype}, which has "
            "no gradient: make the table of floats, e.g. "
            f"sg.shared(values.astype('{pytensor.config.floatX}'))"
        )


def check_paths(cost: Variable, reads: Sequence[Read]) -> None:
    """Raise unless the cost depends on each read, and on their tables only through the reads."""
    given = [read.variable for read in reads]
    tables = {read.table: None for read in reads}
    reached = dict.fromkeys(variable for variable, _ in paths(cost, blocked=given))
    for read in reads:
        if read.variable not in reached:
            raise _not_in_cost(cost, read)
    for variable, consumer in paths(cost, blocked=given):
        if variable in tables and consumer is not None:
            name = describe(variable)
            raise OtherPathError(
                f"table {name} reaches the cost by another way than the subset: through "
                f"{describe_node(consumer)}. The gradient with respect to the subset alone would "
                "leave that part out. Either give all reads of it, as in grad(cost, [a, b]), or "
                f"let symgrad find them: sg.adam(cost, [{name}])"
            )


def _not_in_cost(cost: Variable, read: Read) -> SubsetRebuiltError | DisconnectedError:
    name = describe(read.table)
    for variable, _ in paths(cost):
        if variable.type == read.variable.type and equal_computations([variable], [read.variable]):
            return SubsetRebuiltError(
                f"the gradient is asked for a second subset of {name}, equal to the one in the "
                f"cost but not the same variable. Write subset = {name}[index] once, build the "
                "cost from it, and give that very variable"
            )
    return disconnected(cost, read.variable)


def disconnected(cost: Variable, variable: Variable) -> DisconnectedError:
    """The error for a variable on which the cost does not depend."""
    return DisconnectedError(
        f"the cost {describe(cost)} does not depend on {describe(variable)} through anything "
        "that has a gradient, so its gradient is not zero but undefined. Build the cost from "
        "this variable, or leave it out of the parameters"
    )
