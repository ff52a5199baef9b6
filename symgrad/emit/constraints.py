"""New rows to new rows, after the step: ``constraint=``.

A constraint is a function ``(block, row_dims) -> block``; ``row_dims`` are the dimensions of the
block within a row (for a dense parameter: all but the first).
"""

import pytensor.tensor as pt

from symgrad.errors import HyperparameterError

__all__ = ["max_norm", "nonnegative", "unit_norm"]


def row_norm(block, row_dims):
    """Euclidean norm of each row, keeping the dimensions; of each entry where rows have none."""
    return pt.sqrt(pt.sum(block**2, axis=row_dims, keepdims=True)) if row_dims else pt.abs(block)


def max_norm(limit, epsilon=1e-7):
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

    def constraint(block, row_dims):
        norm = row_norm(block, row_dims)
        return block * (pt.clip(norm, 0, limit) / (epsilon + norm))

    return constraint


def unit_norm(epsilon=1e-7):
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

    def constraint(block, row_dims):
        return block / (epsilon + row_norm(block, row_dims))

    return constraint


def nonnegative():
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
    return lambda block, row_dims: pt.maximum(block, 0)
