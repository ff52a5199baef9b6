"""New rows to new rows, after the step: ``constraint=``.

A constraint is any function ``(new_rows, row_dims) -> new_rows``. `new_rows` is the block after the
step, and `row_dims` are its dimensions within a row (of a whole parameter: all but the first).
"""

from typing import Protocol

import pytensor.tensor as pt
from pytensor.graph.basic import Variable

from symgrad.emit.hyperparameter import Scalar
from symgrad.errors import HyperparameterError

__all__ = ["Constraint", "max_norm", "nonnegative", "unit_norm"]


class Constraint(Protocol):
    """``(new_rows, row_dims) -> new_rows``."""

    def __call__(self, new_rows: Variable, row_dims: tuple[int, ...], /) -> Variable: ...


def _row_norm(rows: Variable, row_dims: tuple[int, ...]) -> Variable:
    """Euclidean norm of each row, keeping the dimensions; of each entry where rows have none."""
    return pt.sqrt(pt.sum(rows**2, axis=row_dims, keepdims=True)) if row_dims else pt.abs(rows)


def max_norm(limit: Scalar, epsilon: float = 1e-7) -> Constraint:
    """Shrink each touched row to a Euclidean norm of at most `limit`.

    Law::

        row = row * clip(norm, 0, limit) / (epsilon + norm)

    Parameters
    ----------
    limit : float, > 0, or scalar variable [parameter unit]
    epsilon : float

    Returns
    -------
    callable
        For ``constraint=``.

    Notes
    -----
    The law of Lasagne 0.2 (``norm_constraint``).

    Examples
    --------
    >>> import numpy as np, pytensor.tensor as pt, symgrad as sg
    >>> W, index = sg.shared(np.full((3, 2), 3.0), name="W"), pt.lvector("index")
    >>> updates = sg.sgd(W[index].sum(), W, 0.0, constraint=sg.max_norm(1.0))
    >>> sg.function([index], updates=updates)([1]); W.get_value().round(3).tolist()
    [[3.0, 3.0], [0.707, 0.707], [3.0, 3.0]]
    """
    if isinstance(limit, (int, float)) and not limit > 0:
        raise HyperparameterError(f"max_norm was given {limit}: give a number above 0")

    def shrunk(new_rows: Variable, row_dims: tuple[int, ...]) -> Variable:
        norm = _row_norm(new_rows, row_dims)
        return new_rows * (pt.clip(norm, 0, limit) / (epsilon + norm))

    return shrunk


def unit_norm(epsilon: float = 1e-7) -> Constraint:
    """Scale each touched row to a Euclidean norm of one.

    Law::

        row = row / (epsilon + norm)

    Parameters
    ----------
    epsilon : float
        Keeps rows of zeros at zero.

    Returns
    -------
    callable
        For ``constraint=``.

    Examples
    --------
    >>> import numpy as np, pytensor.tensor as pt, symgrad as sg
    >>> W, index = sg.shared(np.full((3, 2), 3.0), name="W"), pt.lvector("index")
    >>> updates = sg.sgd(W[index].sum(), W, 0.0, constraint=sg.unit_norm())
    >>> sg.function([index], updates=updates)([1]); W.get_value()[1].round(3).tolist()
    [0.707, 0.707]
    """

    def scaled(new_rows: Variable, row_dims: tuple[int, ...]) -> Variable:
        return new_rows / (epsilon + _row_norm(new_rows, row_dims))

    return scaled


def nonnegative() -> Constraint:
    """Set negative entries of the touched rows to zero.

    Law::

        row = max(row, 0)

    Returns
    -------
    callable
        For ``constraint=``.

    Examples
    --------
    >>> import numpy as np, pytensor.tensor as pt, symgrad as sg
    >>> W, index = sg.shared(np.full((3, 1), 0.5), name="W"), pt.lvector("index")
    >>> updates = sg.sgd(W[index].sum(), W, 1.0, constraint=sg.nonnegative())
    >>> sg.function([index], updates=updates)([1]); W.get_value().tolist()
    [[0.5], [0.0], [0.5]]
    """
    return lambda new_rows, row_dims: pt.maximum(new_rows, 0)
