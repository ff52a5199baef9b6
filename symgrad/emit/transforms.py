"""Gradients to gradients: pure functions on lists of blocks, chained by ``transforms=[...]``.

A transform sees all blocks of an update at once, rows of tables and dense parameters alike. The
rows are distinct by then, and the gradients of repeated rows are summed, so a norm over them is
the norm of the dense gradient.

With ``unused="exact"`` a rule has to know what a transform makes of a gradient of zero: zero, if
its attribute ``keeps_zero`` is true; or ``l2_of(table) * value``, if it has an ``l2_of``.
"""

import pytensor.tensor as pt

from symgrad.errors import HyperparameterError

__all__ = ["clip", "clip_norms", "total_norm", "total_norm_constraint", "weight_decay"]


def total_norm(blocks):
    """Euclidean norm of the gradients of all blocks together.

    Law::

        norm = sqrt(sum over blocks of sum(gradient ** 2))

    Parameters
    ----------
    blocks : list of Block

    Returns
    -------
    scalar variable [cost unit / parameter unit]
    """
    return pt.sqrt(sum(pt.sum(block.gradient**2) for block in blocks))


def total_norm_constraint(max_norm, epsilon=1e-7):
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
    callable
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

    def transform(blocks):
        norm = total_norm(blocks)
        factor = pt.clip(norm, 0, max_norm) / (epsilon + norm)
        return [block.with_gradient(block.gradient * factor) for block in blocks]

    transform.keeps_zero = True
    return transform


def clip_norms(max_norm):
    """Shrink all gradients together to a total norm of `max_norm` where it is larger.

    Law::

        gradient = gradient * max_norm / norm  if norm >= max_norm  else  gradient

    Parameters
    ----------
    max_norm : float, > 0, or scalar variable [cost unit / parameter unit]

    Returns
    -------
    callable
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

    def transform(blocks):
        norm = total_norm(blocks)
        factor = pt.switch(pt.ge(norm, max_norm), max_norm / norm, 1.0)
        return [block.with_gradient(block.gradient * factor) for block in blocks]

    transform.keeps_zero = True
    return transform


def clip(limit):
    """Clip each entry of each gradient to ``-limit .. limit``.

    Parameters
    ----------
    limit : float, > 0, or scalar variable [cost unit / parameter unit]

    Returns
    -------
    callable
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

    def transform(blocks):
        return [block.with_gradient(pt.clip(block.gradient, -limit, limit)) for block in blocks]

    transform.keeps_zero = True
    return transform


def weight_decay(l2):
    """Add the gradient of an L2 penalty, on the rows that are used.

    Law::

        gradient = gradient + l2 * value

    the gradient of ``l2 / 2 * sum(value ** 2)``.

    Parameters
    ----------
    l2 : float, > 0, or scalar variable [cost unit / parameter unit ** 2]

    Returns
    -------
    callable
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

    def transform(blocks):
        return [
            block.with_gradient(block.gradient + l2 * block.place.only_used(block.value))
            for block in blocks
        ]

    transform.l2_of = lambda table: l2
    return transform


def _check_positive(name, value):
    if isinstance(value, (int, float)) and not value > 0:
        raise HyperparameterError(f"{name} was given {value}: give a number above 0")
