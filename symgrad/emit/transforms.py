"""Gradients to gradients: functions that are chained by ``transforms=[...]``.

A transform is any function ``(gradient, context) -> gradient``. It is called once for each block:
the rows of a table that a call uses, or a whole parameter. The rows are distinct by then, and the
gradients of repeated rows are summed, so a norm over them is the norm of the dense gradient. The
:class:`GradientContext` says what else is known, the total norm of all gradients included.

A plain function is enough unless ``unused="exact"`` must know what it makes of a gradient of zero:
:class:`Transform` says so.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import pytensor.tensor as pt
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.tensor.variable import TensorVariable

from symgrad.cost.blocks import Block
from symgrad.emit.hyperparameter import Scalar
from symgrad.errors import ArgumentError, GradientShapeError, HyperparameterError

__all__ = [
    "GradientContext",
    "GradientFunction",
    "Transform",
    "clip",
    "clip_norms",
    "total_norm_constraint",
    "transformed",
    "weight_decay",
]


class _AllGradients:
    """The gradients that one transform is given, of all blocks."""

    def __init__(self, gradients: Iterable[Any]) -> None:
        self.gradients: tuple[TensorVariable, ...] = tuple(gradients)

    @cached_property
    def norm(self) -> TensorVariable:
        return pt.sqrt(sum(pt.sum(gradient**2) for gradient in self.gradients))


@dataclass(frozen=True)
class GradientContext:
    """What a transform knows besides the gradient of a block.

    Attributes
    ----------
    table : shared variable
        What the block is a part of, or all of.
    value : variable
        The block before the step. Zero in rows that fill up a block on JAX.
    row_dims : tuple of int
        The dimensions of the block that lie within a row.
    gradients : tuple of variables
        The gradients of all blocks of the update, this one included.
    total_norm : scalar variable
        The Euclidean norm of all these gradients together.
    """

    _block: Block
    _all: _AllGradients

    @property
    def table(self) -> SharedVariable:
        return self._block.table

    @property
    def value(self) -> TensorVariable:
        return self._block.place.only_used(self._block.value)

    @property
    def row_dims(self) -> tuple[int, ...]:
        return self._block.place.row_dims

    @property
    def gradients(self) -> tuple[TensorVariable, ...]:
        return self._all.gradients

    @property
    def total_norm(self) -> TensorVariable:
        return self._all.norm


class GradientFunction(Protocol):
    """``(gradient, context) -> gradient``."""

    def __call__(self, gradient: TensorVariable, context: GradientContext, /) -> TensorVariable: ...


@dataclass(frozen=True)
class Transform:
    """A transform that says what it makes of a gradient of zero.

    Rules need to know that with ``unused="exact"``, where rows that a call does not read, and whose
    gradient is zero, are brought up to date later. Without it any function will do.

    Attributes
    ----------
    function : callable
        ``(gradient, context) -> gradient``, see :class:`~symgrad.emit.transforms.GradientContext`.
    keeps_zero : bool
        A gradient of zero stays zero.
    l2 : float, scalar variable, mapping or None
        A gradient of zero becomes ``l2 * value``. A mapping has an entry for each table for which
        it does; the gradients of the others stay zero.

    Examples
    --------
    >>> import numpy as np, pytensor.tensor as pt, symgrad as sg
    >>> signs = sg.Transform(lambda gradient, context: pt.sign(gradient), keeps_zero=True)
    >>> W, index = sg.shared(np.zeros((3, 1)), name="W"), pt.lvector("index")
    >>> updates = sg.momentum(
    ...     5 * W[index].sum(), W, learning_rate=1.0, transforms=[signs], unused="exact"
    ... )
    >>> sg.function([index], updates=updates)([1]); W.get_value().ravel().tolist()
    [0.0, -1.0, 0.0]
    """

    function: GradientFunction
    keeps_zero: bool = False
    l2: Scalar | Mapping[SharedVariable, Scalar] | None = None

    def __post_init__(self) -> None:
        if not callable(self.function):
            raise ArgumentError(
                f"Transform got {self.function!r}, which is not callable: give a function "
                "(gradient, context) -> gradient"
            )

    def __call__(self, gradient: TensorVariable, context: GradientContext) -> TensorVariable:
        return self.function(gradient, context)

    def l2_of(self, table: SharedVariable) -> Scalar | None:
        """The weight decay that a gradient of zero turns into, for one table."""
        return self.l2.get(table) if isinstance(self.l2, Mapping) else self.l2


def transformed(blocks: Sequence[Block], transform: GradientFunction) -> list[Block]:
    """The same blocks with their gradients transformed."""
    everything = _AllGradients(block.gradient for block in blocks)
    return [
        block.with_gradient(_checked(transform, block, GradientContext(block, everything)))
        for block in blocks
    ]


def _checked(transform: GradientFunction, block: Block, context: GradientContext) -> TensorVariable:
    gradient = transform(block.gradient, context)
    ndim = block.gradient.type.ndim
    if not isinstance(gradient, TensorVariable) or gradient.type.ndim != ndim:
        raise GradientShapeError(
            f"the transform {transform!r} returned {gradient!r} for {block.table}: return a "
            f"gradient with {ndim} dimensions, as the one that it was given"
        )
    return gradient


def total_norm_constraint(max_norm: Scalar, epsilon: float = 1e-7) -> Transform:
    """Shrink all gradients together so that their total norm is at most `max_norm`.

    Law::

        gradient = gradient * clip(norm, 0, max_norm) / (epsilon + norm)

    Parameters
    ----------
    max_norm : float, > 0, or scalar variable [cost unit / parameter unit]
    epsilon : float
        Keeps the factor finite at a zero gradient; it is never exactly 1.

    Returns
    -------
    Transform
        For ``transforms=``.

    Notes
    -----
    The law of Lasagne 0.2 (``total_norm_constraint``). There it takes the gradients themselves;
    here it is a transform, so that it sees the summed rows.

    Examples
    --------
    >>> import numpy as np, pytensor.tensor as pt, symgrad as sg
    >>> W, index = sg.shared(np.ones((5, 1)), name="W"), pt.lvector("index")
    >>> cost = 3 * W[index].sum()
    >>> clipped = [sg.total_norm_constraint(1.0)]
    >>> f = sg.function([index], updates=sg.sgd(cost, W, 1.0, transforms=clipped))
    >>> f([2, 2]); W.get_value().ravel().round(6).tolist()
    [1.0, 1.0, 0.0, 1.0, 1.0]
    """
    _check_positive("total_norm_constraint", max_norm)

    def constrained(gradient: TensorVariable, context: GradientContext) -> TensorVariable:
        norm = context.total_norm
        return gradient * (pt.clip(norm, 0, max_norm) / (epsilon + norm))

    return Transform(constrained, keeps_zero=True)


def clip_norms(max_norm: Scalar) -> Transform:
    """Shrink all gradients together to a total norm of `max_norm` where it is larger.

    Law::

        gradient = gradient * max_norm / norm  if norm >= max_norm  else  gradient

    Parameters
    ----------
    max_norm : float, > 0, or scalar variable [cost unit / parameter unit]

    Returns
    -------
    Transform
        For ``transforms=``.

    Notes
    -----
    The law of 'Deep Learning with Theano' (Packt, 2017), chapter on optimisation.

    Examples
    --------
    >>> import numpy as np, pytensor.tensor as pt, symgrad as sg
    >>> w = sg.shared(np.array([3.0, 4.0]), name="w")
    >>> f = sg.function([], updates=sg.sgd((w**2).sum() / 2, w, 1.0, transforms=[sg.clip_norms(1)]))
    >>> f(); w.get_value().round(6).tolist()
    [2.4, 3.2]
    """
    _check_positive("clip_norms", max_norm)

    def clipped(gradient: TensorVariable, context: GradientContext) -> TensorVariable:
        norm = context.total_norm
        return gradient * pt.switch(pt.ge(norm, max_norm), max_norm / norm, 1.0)

    return Transform(clipped, keeps_zero=True)


def clip(limit: Scalar) -> Transform:
    """Clip each entry of each gradient to ``-limit .. limit``.

    Parameters
    ----------
    limit : float, > 0, or scalar variable [cost unit / parameter unit]

    Returns
    -------
    Transform
        For ``transforms=``.

    Examples
    --------
    >>> import numpy as np, symgrad as sg
    >>> w = sg.shared(np.array([0.1, 4.0]), name="w")
    >>> f = sg.function([], updates=sg.sgd((w**2).sum() / 2, w, 1.0, transforms=[sg.clip(1)]))
    >>> f(); w.get_value().tolist()
    [0.0, 3.0]
    """
    _check_positive("clip", limit)

    def clipped(gradient: TensorVariable, context: GradientContext) -> TensorVariable:
        return pt.clip(gradient, -limit, limit)

    return Transform(clipped, keeps_zero=True)


def weight_decay(l2: Scalar) -> Transform:
    """Add the gradient of an L2 penalty, on the rows that are used.

    Law::

        gradient = gradient + l2 * value

    the gradient of ``l2 / 2 * sum(value ** 2)``.

    Parameters
    ----------
    l2 : float, > 0, or scalar variable [cost unit / parameter unit ** 2]

    Returns
    -------
    Transform
        For ``transforms=``.

    Examples
    --------
    >>> import numpy as np, symgrad as sg
    >>> w = sg.shared(np.array([1.0, 2.0]), name="w")
    >>> f = sg.function([], updates=sg.sgd(w.sum(), w, 1.0, transforms=[sg.weight_decay(0.5)]))
    >>> f(); w.get_value().tolist()
    [-0.5, 0.0]
    """
    _check_positive("weight_decay", l2)

    def decayed(gradient: TensorVariable, context: GradientContext) -> TensorVariable:
        return gradient + l2 * context.value

    return Transform(decayed, l2=l2)


def _check_positive(name: str, value: Scalar) -> None:
    if isinstance(value, (int, float)) and not value > 0:
        raise HyperparameterError(f"{name} was given {value}: give a number above 0")
