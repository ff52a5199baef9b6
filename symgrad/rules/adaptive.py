"""Rules that divide by a root of accumulated squared gradients."""

from typing import Unpack

import pytensor.tensor as pt

from symgrad.emit.emitter import emit
from symgrad.emit.options import Options
from symgrad.emit.rule import Rule
from symgrad.emit.updates import Updates

__all__ = ["adadelta", "adagrad", "rmsprop", "rowwise_adagrad"]


def _adagrad(w, g, s, h):
    accumulator = s.accumulator + g**2
    step = -h.learning_rate * g / pt.sqrt(accumulator + h.epsilon)
    return step, {"accumulator": accumulator}


def _rowwise_adagrad(w, g, s, h):
    accumulator = s.accumulator + h.row_mean(g**2)
    step = -h.learning_rate * g / (pt.sqrt(accumulator) + h.epsilon)
    return step, {"accumulator": accumulator}


def _rmsprop(w, g, s, h):
    accumulator = h.rho * s.accumulator + (1 - h.rho) * g**2
    step = -h.learning_rate * g / pt.sqrt(accumulator + h.epsilon)
    return step, {"accumulator": accumulator}


def _adadelta(w, g, s, h):
    accumulator = h.rho * s.accumulator + (1 - h.rho) * g**2
    delta = g * pt.sqrt(s.delta_accumulator + h.epsilon) / pt.sqrt(accumulator + h.epsilon)
    delta_accumulator = h.rho * s.delta_accumulator + (1 - h.rho) * delta**2
    slots = {"accumulator": accumulator, "delta_accumulator": delta_accumulator}
    return -h.learning_rate * delta, slots


ADAGRAD = Rule("adagrad", _adagrad, slots={"accumulator": 0.0})
ROWWISE_ADAGRAD = Rule(
    "rowwise_adagrad", _rowwise_adagrad, slots={"accumulator": 0.0}, row_slots=("accumulator",)
)
RMSPROP = Rule("rmsprop", _rmsprop, slots={"accumulator": 0.0})
ADADELTA = Rule("adadelta", _adadelta, slots={"accumulator": 0.0, "delta_accumulator": 0.0})


def adagrad(
    cost_or_grads, params, learning_rate=1.0, epsilon=1e-6, **options: Unpack[Options]
) -> Updates:
    r"""Divide by the root of the sum of all squared gradients so far.

    Law::

        accumulator = accumulator + g**2
        w           = w - learning_rate * g / sqrt(accumulator + epsilon)

    .. math:: a_t = a_{t-1} + g_t^2, \qquad w_t = w_{t-1} - \eta\, g_t / \sqrt{a_t + \epsilon}

    Parameters
    ----------
    cost_or_grads, params, **options
        As for every rule, see :class:`~symgrad.emit.options.Options`.
    learning_rate : float or scalar variable, >= 0
        Scale of the step [w unit].
    epsilon : float or scalar variable, >= 0
        Inside the root [(g unit)**2].

    Returns
    -------
    Updates
        Slot ``accumulator``, of the shape and dtype of each parameter [(g unit)**2]; starts at 0.

    Raises
    ------
    SymgradError
        The children that :class:`~symgrad.emit.options.Options` lists.

    Notes
    -----
    The law of Lasagne 0.2 (``adagrad``). Rows without a gradient would not move under the dense
    rule either, so rows that are not used lose nothing.

    References
    ----------
    .. [1] Duchi, Hazan & Singer (2011), Adaptive subgradient methods, JMLR 12.

    Examples
    --------
    >>> import numpy as np, pytensor.tensor as pt, symgrad as sg
    >>> W, index = sg.shared(np.zeros((3, 1)), name="W"), pt.lvector("index")
    >>> updates = sg.adagrad(W[index].sum(), W, learning_rate=1.0)
    >>> f = sg.function([index], updates=updates)
    >>> f([0, 0]); updates.slots["accumulator/W"].get_value().ravel().tolist()
    [4.0, 0.0, 0.0]
    """
    hyper = {"learning_rate": learning_rate, "epsilon": epsilon}
    return emit(ADAGRAD, cost_or_grads, params, hyper, options)


def rowwise_adagrad(
    cost_or_grads, params, learning_rate=1e-2, epsilon=1e-8, **options: Unpack[Options]
) -> Updates:
    r"""Adagrad with one accumulator per row: the mean of the row's squared gradients.

    Law::

        accumulator[row] = accumulator[row] + mean(g**2 over the row)
        w                = w - learning_rate * g / (sqrt(accumulator[row]) + epsilon)

    .. math::
        a_t = a_{t-1} + \tfrac1D \sum_j g_{tj}^2, \qquad
        w_t = w_{t-1} - \eta\, g_t / (\sqrt{a_t} + \epsilon)

    Parameters
    ----------
    cost_or_grads, params, **options
        As for every rule, see :class:`~symgrad.emit.options.Options`.
    learning_rate : float or scalar variable, >= 0
        Scale of the step [w unit].
    epsilon : float or scalar variable, >= 0
        Outside the root [g unit].

    Returns
    -------
    Updates
        Slot ``accumulator`` with one number per row, shape ``(rows, 1, ...)`` [(g unit)**2].

    Raises
    ------
    SymgradError
        The children that :class:`~symgrad.emit.options.Options` lists.

    Notes
    -----
    The law of FBGEMM and TorchRec (``RowWiseAdagrad``); FBGEMM's default rate and epsilon. For a
    dense parameter a row lies along all axes but the first. Reads that choose single entries, or
    rows and columns both, have rows of one entry.

    Examples
    --------
    >>> import numpy as np, pytensor.tensor as pt, symgrad as sg
    >>> W, index = sg.shared(np.zeros((3, 2)), name="W"), pt.lvector("index")
    >>> updates = sg.rowwise_adagrad((W[index] * [3.0, 1.0]).sum(), W)
    >>> sg.function([index], updates=updates)([1])
    >>> updates.slots["accumulator/W"].get_value().tolist()
    [[0.0], [5.0], [0.0]]
    """
    hyper = {"learning_rate": learning_rate, "epsilon": epsilon}
    return emit(ROWWISE_ADAGRAD, cost_or_grads, params, hyper, options)


def rmsprop(
    cost_or_grads, params, learning_rate=1.0, rho=0.9, epsilon=1e-6, **options: Unpack[Options]
) -> Updates:
    r"""Divide by the root of a moving average of squared gradients.

    Law::

        accumulator = rho * accumulator + (1 - rho) * g**2
        w           = w - learning_rate * g / sqrt(accumulator + epsilon)

    .. math::
        a_t = \rho a_{t-1} + (1 - \rho) g_t^2, \qquad
        w_t = w_{t-1} - \eta\, g_t / \sqrt{a_t + \epsilon}

    Parameters
    ----------
    cost_or_grads, params, **options
        As for every rule, see :class:`~symgrad.emit.options.Options`.
    learning_rate : float or scalar variable, >= 0
        Scale of the step [w unit].
    rho : float or scalar variable, in [0, 1)
        What stays of the average from one visit of a row to the next (no unit).
    epsilon : float or scalar variable, >= 0
        Inside the root [(g unit)**2].

    Returns
    -------
    Updates
        Slot ``accumulator``, of the shape and dtype of each parameter [(g unit)**2]; starts at 0.

    Raises
    ------
    SymgradError
        The children that :class:`~symgrad.emit.options.Options` lists.

    Notes
    -----
    The law of Lasagne 0.2 (``rmsprop``). The dense rule lets the average of a rare row decay
    towards zero, and its next step explode; here it waits.

    References
    ----------
    .. [1] Tieleman & Hinton (2012), Lecture 6.5, Neural networks for machine learning.

    Examples
    --------
    >>> import numpy as np, pytensor.tensor as pt, symgrad as sg
    >>> W, index = sg.shared(np.zeros((3, 1)), name="W"), pt.lvector("index")
    >>> updates = sg.rmsprop(W[index].sum(), W, learning_rate=0.1)
    >>> sg.function([index], updates=updates)([1])
    >>> updates.slots["accumulator/W"].get_value().ravel().round(6).tolist()
    [0.0, 0.1, 0.0]
    """
    hyper = {"learning_rate": learning_rate, "rho": rho, "epsilon": epsilon}
    return emit(RMSPROP, cost_or_grads, params, hyper, options)


def adadelta(
    cost_or_grads, params, learning_rate=1.0, rho=0.95, epsilon=1e-6, **options: Unpack[Options]
) -> Updates:
    r"""RMSprop whose steps have the size of the steps so far.

    Law::

        accumulator       = rho * accumulator + (1 - rho) * g**2
        delta             = g * sqrt(delta_accumulator + epsilon) / sqrt(accumulator + epsilon)
        delta_accumulator = rho * delta_accumulator + (1 - rho) * delta**2
        w                 = w - learning_rate * delta

    .. math::
        a_t = \rho a_{t-1} + (1-\rho) g_t^2, \quad
        \delta_t = g_t \sqrt{\tfrac{d_{t-1} + \epsilon}{a_t + \epsilon}}, \quad
        d_t = \rho d_{t-1} + (1-\rho) \delta_t^2, \quad
        w_t = w_{t-1} - \eta\, \delta_t

    Parameters
    ----------
    cost_or_grads, params, **options
        As for every rule, see :class:`~symgrad.emit.options.Options`.
    learning_rate : float or scalar variable, >= 0
        Scale of the step (no unit).
    rho : float or scalar variable, in [0, 1)
        What stays of both averages from one visit of a row to the next (no unit).
    epsilon : float or scalar variable, >= 0
        Inside both roots.

    Returns
    -------
    Updates
        Slots ``accumulator`` [(g unit)**2] and ``delta_accumulator`` [(w unit)**2], of the shape
        and dtype of each parameter; both start at 0.

    Raises
    ------
    SymgradError
        The children that :class:`~symgrad.emit.options.Options` lists.

    Notes
    -----
    The law of Lasagne 0.2 (``adadelta``) and torch 2.13: the learning rate is not part of what is
    averaged. torch's default for `rho` is 0.9.

    References
    ----------
    .. [1] Zeiler (2012), ADADELTA: an adaptive learning rate method, arXiv:1212.5701.

    Examples
    --------
    >>> import numpy as np, pytensor.tensor as pt, symgrad as sg
    >>> W, index = sg.shared(np.zeros((3, 1)), name="W"), pt.lvector("index")
    >>> sorted(sg.adadelta(W[index].sum(), W).slots)
    ['accumulator/W', 'delta_accumulator/W']
    """
    hyper = {"learning_rate": learning_rate, "rho": rho, "epsilon": epsilon}
    return emit(ADADELTA, cost_or_grads, params, hyper, options)
