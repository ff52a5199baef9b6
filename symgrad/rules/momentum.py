"""Gradient descent, plain and with a velocity."""

from typing import Unpack

from symgrad.emit.emitter import emit
from symgrad.emit.options import Options
from symgrad.emit.rule import Rule
from symgrad.emit.updates import Updates

__all__ = ["momentum", "nesterov_momentum", "sgd"]


def _sgd(w, g, s, h):
    return -h.learning_rate * g, {}


def _momentum(w, g, s, h):
    velocity = h.momentum * s.velocity - h.learning_rate * g
    return velocity, {"velocity": velocity}


def _nesterov(w, g, s, h):
    velocity = h.momentum * s.velocity - h.learning_rate * g
    return h.momentum * velocity - h.learning_rate * g, {"velocity": velocity}


SGD = Rule("sgd", _sgd, linear=True)
MOMENTUM = Rule("momentum", _momentum, slots={"velocity": 0.0})
NESTEROV = Rule("nesterov_momentum", _nesterov, slots={"velocity": 0.0})


def sgd(cost_or_grads, params, learning_rate, **options: Unpack[Options]) -> Updates:
    r"""Step against the gradient.

    Law::

        w = w - learning_rate * g

    .. math:: w_t = w_{t-1} - \eta\, g_t

    Parameters
    ----------
    cost_or_grads, params, **options
        As for every rule, see :class:`~symgrad.emit.options.Options`.
    learning_rate : float or scalar variable, >= 0
        Scale of the step [w unit / g unit].

    Returns
    -------
    Updates
        No slots. For one subset without options that need summed rows it is the FAQ's
        ``inc_subtensor(subset, -learning_rate * g)``: repeated rows add up.

    Raises
    ------
    SymgradError
        The children that :class:`~symgrad.emit.options.Options` lists.

    Notes
    -----
    The law of Lasagne 0.2 (``sgd``).

    Examples
    --------
    >>> import numpy as np, pytensor.tensor as pt, symgrad as sg
    >>> W, index = sg.shared(np.zeros((3, 1)), name="W"), pt.lvector("index")
    >>> f = sg.function([index], updates=sg.sgd(W[index].sum(), W, learning_rate=0.5))
    >>> f([2, 2, 0]); W.get_value().ravel().tolist()
    [-0.5, 0.0, -1.0]
    """
    return emit(SGD, cost_or_grads, params, {"learning_rate": learning_rate}, options)


def momentum(
    cost_or_grads, params, learning_rate, momentum=0.9, **options: Unpack[Options]
) -> Updates:
    r"""Keep a velocity, and step by it.

    Law::

        velocity = momentum * velocity - learning_rate * g
        w        = w + velocity

    .. math:: v_t = \mu v_{t-1} - \eta\, g_t, \qquad w_t = w_{t-1} + v_t

    Parameters
    ----------
    cost_or_grads, params, **options
        As for every rule, see :class:`~symgrad.emit.options.Options`.
    learning_rate : float or scalar variable, >= 0
        Scale of the step [w unit / g unit].
    momentum : float or scalar variable, in [0, 1)
        What stays of the velocity from one visit of a row to the next (no unit).

    Returns
    -------
    Updates
        Slot ``velocity``, of the shape and dtype of each parameter [w unit].

    Raises
    ------
    SymgradError
        The children that :class:`~symgrad.emit.options.Options` lists.

    Notes
    -----
    The law of Lasagne 0.2 (``momentum``): the learning rate is inside the velocity.

    References
    ----------
    .. [1] Polyak (1964), Some methods of speeding up the convergence of iteration methods.

    Examples
    --------
    >>> import numpy as np, pytensor.tensor as pt, symgrad as sg
    >>> W, index = sg.shared(np.zeros((3, 1)), name="W"), pt.lvector("index")
    >>> f = sg.function([index], updates=sg.momentum(W[index].sum(), W, learning_rate=1.0))
    >>> f([0]), f([0]), f([2]); W.get_value().ravel().round(6).tolist()
    (None, None, None)
    [-2.9, 0.0, -1.0]
    """
    hyper = {"learning_rate": learning_rate, "momentum": momentum}
    return emit(MOMENTUM, cost_or_grads, params, hyper, options)


def nesterov_momentum(
    cost_or_grads, params, learning_rate, momentum=0.9, **options: Unpack[Options]
) -> Updates:
    r"""Keep a velocity, and step to where it leads next.

    Law::

        velocity = momentum * velocity - learning_rate * g
        w        = w + momentum * velocity - learning_rate * g

    .. math:: v_t = \mu v_{t-1} - \eta\, g_t, \qquad w_t = w_{t-1} + \mu v_t - \eta\, g_t

    Parameters
    ----------
    cost_or_grads, params, **options
        As for every rule, see :class:`~symgrad.emit.options.Options`.
    learning_rate : float or scalar variable, >= 0
        Scale of the step [w unit / g unit].
    momentum : float or scalar variable, in [0, 1)
        What stays of the velocity from one visit of a row to the next (no unit).

    Returns
    -------
    Updates
        Slot ``velocity``, of the shape and dtype of each parameter [w unit].

    Raises
    ------
    SymgradError
        The children that :class:`~symgrad.emit.options.Options` lists.

    Notes
    -----
    The law of Lasagne 0.2 (``nesterov_momentum``), in the form that needs no gradient at a
    shifted point [1]_.

    References
    ----------
    .. [1] Bengio, Boulanger-Lewandowski & Pascanu (2012), Advances in optimizing recurrent
       networks, arXiv:1212.0901, equations 6 and 7.

    Examples
    --------
    >>> import numpy as np, pytensor.tensor as pt, symgrad as sg
    >>> W, index = sg.shared(np.zeros((3, 1)), name="W"), pt.lvector("index")
    >>> f = sg.function([index], updates=sg.nesterov_momentum(W[index].sum(), W, 1.0))
    >>> f([0]); W.get_value().ravel().round(6).tolist()
    [-1.9, 0.0, 0.0]
    """
    hyper = {"learning_rate": learning_rate, "momentum": momentum}
    return emit(NESTEROV, cost_or_grads, params, hyper, options)
