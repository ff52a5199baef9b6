"""Rules that step by the sign of something."""

from typing import Unpack

import pytensor.tensor as pt

from symgrad.emit.emitter import emit
from symgrad.emit.options import Options
from symgrad.emit.rule import Rule
from symgrad.emit.updates import Updates

__all__ = ["lion", "rprop"]


def _lion(w, g, s, h):
    direction = pt.sign(h.beta1 * s.m + (1 - h.beta1) * g)
    m = h.beta2 * s.m + (1 - h.beta2) * g
    return -h.learning_rate * (direction + h.weight_decay * w), {"m": m}


def _rprop(w, g, s, h):
    agreement = g * s.previous
    unchanged = pt.ones_like(h.eta_plus)
    factor = pt.switch(
        pt.gt(agreement, 0), h.eta_plus, pt.switch(pt.lt(agreement, 0), h.eta_minus, unchanged)
    )
    step_size = pt.clip(s.step_size * factor, h.min_step, h.max_step)
    g = pt.switch(pt.lt(agreement, 0), pt.zeros_like(g), g)
    return -pt.sign(g) * step_size, {"previous": g, "step_size": step_size}


LION = Rule("lion", _lion, slots={"m": 0.0})
RPROP = Rule("rprop", _rprop, slots={"previous": 0.0, "step_size": "learning_rate"}, scales=False)


def lion(
    cost_or_grads,
    params,
    learning_rate=1e-4,
    beta1=0.9,
    beta2=0.99,
    weight_decay=1e-3,
    **options: Unpack[Options],
) -> Updates:
    r"""Step by the sign of a moving average of gradients, with decoupled weight decay.

    Law::

        direction = sign(beta1 * m + (1 - beta1) * g)
        m         = beta2 * m + (1 - beta2) * g
        w         = w - learning_rate * (direction + weight_decay * w)

    .. math::
        w_t = w_{t-1} - \eta\,(\mathrm{sign}(\beta_1 m_{t-1} + (1-\beta_1) g_t)
        + \lambda w_{t-1}), \qquad m_t = \beta_2 m_{t-1} + (1-\beta_2) g_t

    Parameters
    ----------
    cost_or_grads, params, **options
        As for every rule, see :class:`~symgrad.emit.options.Options`.
    learning_rate : float or scalar variable, >= 0
        Size of the step [w unit].
    beta1, beta2 : float or scalar variable, in [0, 1)
        Averages for the direction and for the slot (no unit).
    weight_decay : float or scalar variable, >= 0
        Decay of the touched rows per unit of learning rate [1 / w unit].

    Returns
    -------
    Updates
        Slot ``m``, of the shape and dtype of each parameter [g unit].

    Raises
    ------
    SymgradError
        The children that :class:`~symgrad.emit.options.Options` lists.

    Notes
    -----
    The law of optax 0.2.8 (``lion``), which has no default learning rate.

    References
    ----------
    .. [1] Chen et al. (2023), Symbolic discovery of optimization algorithms, arXiv:2302.06675.

    Examples
    --------
    >>> import numpy as np, pytensor.tensor as pt, symgrad as sg
    >>> W, index = sg.shared(np.zeros((3, 1)), name="W"), pt.lvector("index")
    >>> f = sg.function([index], updates=sg.lion(W[index].sum(), W, learning_rate=0.5))
    >>> f([1]); W.get_value().ravel().tolist()
    [0.0, -0.5, 0.0]
    """
    hyper = {
        "learning_rate": learning_rate,
        "beta1": beta1,
        "beta2": beta2,
        "weight_decay": weight_decay,
    }
    return emit(LION, cost_or_grads, params, hyper, options)


def rprop(
    cost_or_grads,
    params,
    learning_rate=1e-2,
    eta_minus=0.5,
    eta_plus=1.2,
    min_step=1e-6,
    max_step=50.0,
    **options: Unpack[Options],
) -> Updates:
    r"""Grow the step of an entry while its gradient keeps its sign, shrink it when it flips.

    Law::

        agreement = g * previous
        step_size = clip(step_size * (eta_plus  if agreement > 0 else
                                      eta_minus if agreement < 0 else 1), min_step, max_step)
        previous  = 0 if agreement < 0 else g
        w         = w - sign(previous) * step_size

    .. math:: w_t = w_{t-1} - \mathrm{sign}(g_t)\, \Delta_t

    Parameters
    ----------
    cost_or_grads, params, **options
        As for every rule, see :class:`~symgrad.emit.options.Options`.
    learning_rate : float or shared scalar, >= 0
        The first step size of every entry; read when the updates are made [w unit].
    eta_minus, eta_plus : float or scalar variable, in (0, 1) and above 1
        Factors of the step size (no unit).
    min_step, max_step : float or scalar variable, >= 0
        Limits of the step size [w unit].

    Returns
    -------
    Updates
        Slots ``previous`` (the last gradient [g unit]) and ``step_size`` [w unit], of the shape
        and dtype of each parameter.

    Raises
    ------
    HyperparameterError
        Also if `learning_rate` is symbolic: the slots need its value.
    SymgradError
        The children that :class:`~symgrad.emit.options.Options` lists.

    Notes
    -----
    The law of torch 2.13 (``Rprop``). Meant for full batches: with minibatches a sign flips by
    chance.

    References
    ----------
    .. [1] Riedmiller & Braun (1993), A direct adaptive method for faster backpropagation.

    Examples
    --------
    >>> import numpy as np, pytensor.tensor as pt, symgrad as sg
    >>> W, index = sg.shared(np.zeros((3, 1)), name="W"), pt.lvector("index")
    >>> f = sg.function([index], updates=sg.rprop(W[index].sum(), W, learning_rate=1.0))
    >>> f([0]), f([0]); W.get_value().ravel().tolist()
    (None, None)
    [-2.2, 0.0, 0.0]
    """
    hyper = {
        "learning_rate": learning_rate,
        "eta_minus": eta_minus,
        "eta_plus": eta_plus,
        "min_step": min_step,
        "max_step": max_step,
    }
    return emit(RPROP, cost_or_grads, params, hyper, options)
