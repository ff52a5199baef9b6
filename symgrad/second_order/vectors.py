"""Vectors that are lists of variables, one for each unknown: sums, inner products, types."""

from collections.abc import Iterable, Sequence
from typing import TypeAlias

import pytensor.tensor as pt
from pytensor.graph.basic import Variable
from pytensor.tensor.type import TensorType

from symgrad.errors import ArgumentError
from symgrad.graph.index_reads import describe

__all__ = ["Vectors", "check_pairs", "dot", "like", "minus", "replacements"]

Vectors: TypeAlias = Sequence[Variable]


def check_pairs(name: str, what: str, given: Iterable[Variable], wanted: Vectors) -> None:
    """Raise unless each wanted block is given a block with the same number of dimensions."""
    given = list(given)
    if len(given) != len(wanted):
        raise ArgumentError(
            f"{name}: {what} has {len(given)} blocks where {len(wanted)} are wanted: give one each"
        )
    for block, model in zip(given, wanted, strict=True):
        if block.type.ndim != model.type.ndim:
            raise ArgumentError(
                f"{name}: {what} has {block.type.ndim} dimensions for {describe(model)}, which has "
                f"{model.type.ndim}: give a variable of its shape"
            )


def replacements(variables: Vectors, values: Vectors) -> dict[Variable, Variable]:
    """A mapping for ``substitute``; each value has the type of its variable."""
    return dict(zip(variables, like(values, variables), strict=True))


def like(values: Vectors, models: Vectors) -> list[Variable]:
    """Values cast to the types of their models."""
    return [
        model.type.filter_variable(pt.cast(value, model.type.dtype))
        if isinstance(model.type, TensorType)
        else value
        for value, model in zip(values, models, strict=True)
    ]


def dot(a: Vectors, b: Vectors) -> Variable:
    """The inner product of two vectors."""
    return sum(pt.sum(x * y) for x, y in zip(a, b, strict=True))


def minus(a: Vectors, b: Vectors) -> list[Variable]:
    """The difference of two vectors."""
    return [x - y for x, y in zip(a, b, strict=True)]
