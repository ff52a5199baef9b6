"""Rules that divide by a root of accumulated squared gradients."""

from __future__ import annotations  # so that help() shows short signatures

from typing import Unpack

import pytensor.tensor as pt

from symgrad.emit.closed_form import ClosedForm
from symgrad.emit.hyperparameter import Scalar
from symgrad.emit.options import CostOrGradients, Options, Params
from symgrad.emit.rule import Rule
from symgrad.emit.updates import Updates
from symgrad.rules.documented import documented
from symgrad.rules.hyperparameters import decay_rate, epsilon, learning_rate

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


def _missed_rmsprop(w, s, h, missed):
    return w, {"accumulator": h.rho**missed.count * s.accumulator}


def _adadelta(w, g, s, h):
    accumulator = h.rho * s.accumulator + (1 - h.rho) * g**2
    delta = g * pt.sqrt(s.delta_accumulator + h.epsilon) / pt.sqrt(accumulator + h.epsilon)
    delta_accumulator = h.rho * s.delta_accumulator + (1 - h.rho) * delta**2
    slots = {"accumulator": accumulator, "delta_accumulator": delta_accumulator}
    return -h.learning_rate * delta, slots


def _missed_adadelta(w, s, h, missed):
    kept = h.rho**missed.count
    accumulator, delta_accumulator = kept * s.accumulator, kept * s.delta_accumulator
    return w, {"accumulator": accumulator, "delta_accumulator": delta_accumulator}


ADAGRAD = Rule(
    "adagrad",
    _adagrad,
    {
        "learning_rate": learning_rate(1.0),
        "epsilon": epsilon(1e-6, "Inside the root [(g unit)**2]."),
    },
    slots={"accumulator": 0.0},
    closed_form="at rest",
)
ROWWISE_ADAGRAD = Rule(
    "rowwise_adagrad",
    _rowwise_adagrad,
    {
        "learning_rate": learning_rate(1e-2),
        "epsilon": epsilon(1e-8, "Outside the root [g unit]."),
    },
    slots={"accumulator": 0.0},
    row_slots=("accumulator",),
    closed_form="at rest",
)
RMSPROP = Rule(
    "rmsprop",
    _rmsprop,
    {
        "learning_rate": learning_rate(1.0),
        "rho": decay_rate(
            0.9, "What stays of the average from one visit of a row to the next (no unit)."
        ),
        "epsilon": epsilon(1e-6, "Inside the root [(g unit)**2]."),
    },
    slots={"accumulator": 0.0},
    closed_form=ClosedForm(_missed_rmsprop, constants=("rho",)),
)
ADADELTA = Rule(
    "adadelta",
    _adadelta,
    {
        "learning_rate": learning_rate(1.0, "Scale of the step (no unit)."),
        "rho": decay_rate(
            0.95, "What stays of both averages from one visit of a row to the next (no unit)."
        ),
        "epsilon": epsilon(1e-6, "Inside both roots."),
    },
    slots={"accumulator": 0.0, "delta_accumulator": 0.0},
    closed_form=ClosedForm(_missed_adadelta, constants=("rho",)),
)


@documented(ADAGRAD, accumulator="(g unit)**2")
def adagrad(
    cost_or_grads: CostOrGradients,
    params: Params,
    learning_rate: Scalar = 1.0,
    epsilon: Scalar = 1e-6,
    **options: Unpack[Options],
) -> Updates:
    r"""Divide by the root of the sum of all squared gradients so far.

    Law::

        accumulator = accumulator + g**2
        w           = w - learning_rate * g / sqrt(accumulator + epsilon)

    .. math:: a_t = a_{t-1} + g_t^2, \qquad w_t = w_{t-1} - \eta\, g_t / \sqrt{a_t + \epsilon}

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
    return ADAGRAD(cost_or_grads, params, learning_rate=learning_rate, epsilon=epsilon, **options)


@documented(ROWWISE_ADAGRAD, accumulator="(g unit)**2")
def rowwise_adagrad(
    cost_or_grads: CostOrGradients,
    params: Params,
    learning_rate: Scalar = 1e-2,
    epsilon: Scalar = 1e-8,
    **options: Unpack[Options],
) -> Updates:
    r"""Adagrad with one accumulator per row: the mean of the row's squared gradients.

    Law::

        accumulator[row] = accumulator[row] + mean(g**2 over the row)
        w                = w - learning_rate * g / (sqrt(accumulator[row]) + epsilon)

    .. math::
        a_t = a_{t-1} + \tfrac1D \sum_j g_{tj}^2, \qquad
        w_t = w_{t-1} - \eta\, g_t / (\sqrt{a_t} + \epsilon)

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
    return ROWWISE_ADAGRAD(
        cost_or_grads, params, learning_rate=learning_rate, epsilon=epsilon, **options
    )


@documented(RMSPROP, accumulator="(g unit)**2")
def rmsprop(
    cost_or_grads: CostOrGradients,
    params: Params,
    learning_rate: Scalar = 1.0,
    rho: Scalar = 0.9,
    epsilon: Scalar = 1e-6,
    **options: Unpack[Options],
) -> Updates:
    r"""Divide by the root of a moving average of squared gradients.

    Law::

        accumulator = rho * accumulator + (1 - rho) * g**2
        w           = w - learning_rate * g / sqrt(accumulator + epsilon)

    .. math::
        a_t = \rho a_{t-1} + (1 - \rho) g_t^2, \qquad
        w_t = w_{t-1} - \eta\, g_t / \sqrt{a_t + \epsilon}

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
    return RMSPROP(
        cost_or_grads, params, learning_rate=learning_rate, rho=rho, epsilon=epsilon, **options
    )


@documented(ADADELTA, accumulator="(g unit)**2", delta_accumulator="(w unit)**2")
def adadelta(
    cost_or_grads: CostOrGradients,
    params: Params,
    learning_rate: Scalar = 1.0,
    rho: Scalar = 0.95,
    epsilon: Scalar = 1e-6,
    **options: Unpack[Options],
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
    return ADADELTA(
        cost_or_grads, params, learning_rate=learning_rate, rho=rho, epsilon=epsilon, **options
    )
