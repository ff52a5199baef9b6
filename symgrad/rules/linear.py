"""Rules for sparse linear models."""

from __future__ import annotations  # so that help() shows short signatures

from typing import Unpack

import pytensor.tensor as pt

from symgrad.emit.closed_form import ClosedForm, NoClosedForm
from symgrad.emit.hyperparameter import Hyperparameter, Scalar
from symgrad.emit.options import CostOrGradients, Options, Params
from symgrad.emit.rule import Rule
from symgrad.emit.updates import Updates
from symgrad.rules.documented import documented
from symgrad.rules.hyperparameters import learning_rate, penalty

__all__ = ["ftrl", "proximal_sgd"]


def _ftrl(w, g, s, h):
    accumulator = s.accumulator + g**2
    growth = (pt.sqrt(accumulator) - pt.sqrt(s.accumulator)) / h.learning_rate
    linear = s.linear + g + 2 * h.l2_shrinkage * w - growth * w
    curvature = (pt.sqrt(accumulator) + h.beta) / h.learning_rate + 2 * h.l2
    new = (pt.clip(linear, -h.l1, h.l1) - linear) / curvature
    return new - w, {"accumulator": accumulator, "linear": linear}


def _proximal(w, g, s, h):
    moved = w - h.learning_rate * g
    nearer = pt.maximum(pt.abs(moved) - h.learning_rate * h.l1, 0)
    return pt.sign(moved) * nearer / (1 + h.learning_rate * h.l2) - w, {}


def _missed_proximal(w, s, h, missed):
    kept = pt.exp(missed.now.log_kept - missed.then.log_kept)
    shrunk = missed.now.shrunk - kept * missed.then.shrunk
    return pt.sign(w) * pt.maximum(kept * pt.abs(w) - shrunk, 0), {}


def _record_proximal(h, before):
    """`shrunk` sums the constant amounts, each times what is kept of it, so that it is bounded."""
    growth = 1 + h.learning_rate * h.l2
    return {
        "log_kept": before.log_kept - pt.log(growth),
        "shrunk": (before.shrunk + h.learning_rate * h.l1) / growth,
    }


FTRL = Rule(
    "ftrl",
    _ftrl,
    {
        "learning_rate": Hyperparameter(1e-3, above=0, meaning="Scale of the weights."),
        "initial_accumulator": Hyperparameter(
            0.1, at_least=0, meaning="Start of the slot ``accumulator`` [(g unit)**2]."
        ),
        "l1": penalty(0.0, "Penalty of the absolute weights."),
        "l2": penalty(0.0, "Penalty of the squared weights."),
        "l2_shrinkage": penalty(
            0.0, "L2 penalty that acts on the gradient, not on the accumulator."
        ),
        "beta": penalty(0.0, "Added to the root of the accumulator [g unit]."),
    },
    slots={"accumulator": "initial_accumulator", "linear": 0.0},
    scales=False,
    closed_form=NoClosedForm(
        "its dense update also moves rows that were never read, to where their slots say"
    ),
)
PROXIMAL_SGD = Rule(
    "proximal_sgd",
    _proximal,
    {
        "learning_rate": learning_rate(meaning="Scale of the step [w unit / g unit]."),
        "l1": penalty(0.0, "Penalty of the absolute weights [g unit]; no part of the cost."),
        "l2": penalty(
            0.0,
            "Penalty of the squared weights [g unit / w unit]; with `l1` the elastic net.",
        ),
    },
    scales=False,
    closed_form=ClosedForm(
        _missed_proximal, columns=("log_kept", "shrunk"), record=_record_proximal, scales=False
    ),
)


@documented(FTRL, accumulator="(g unit)**2", linear="g unit")
def ftrl(
    cost_or_grads: CostOrGradients,
    params: Params,
    learning_rate: Scalar = 1e-3,
    initial_accumulator: Scalar = 0.1,
    l1: Scalar = 0.0,
    l2: Scalar = 0.0,
    l2_shrinkage: Scalar = 0.0,
    beta: Scalar = 0.0,
    **options: Unpack[Options],
) -> Updates:
    r"""Follow the regularised leader: weights that L1 keeps at exactly zero.

    Law::

        new_accumulator = accumulator + g**2
        growth          = (sqrt(new_accumulator) - sqrt(accumulator)) / learning_rate
        linear          = linear + g + 2 * l2_shrinkage * w - growth * w
        accumulator     = new_accumulator
        w               = (clip(linear, -l1, l1) - linear)
                          / ((sqrt(accumulator) + beta) / learning_rate + 2 * l2)

    .. math::
        w_t = \arg\min_w\; \Big(\sum_{s \le t} g_s - \sigma_s w_s\Big) w
        + \tfrac12 \Big(\tfrac{\sqrt{n_t} + \beta}{\eta} + 2\lambda_2\Big) w^2 + \lambda_1 |w|

    Notes
    -----
    The law of Keras 3 (``Ftrl``). The weights are a function of the slots, which start at 0: the
    first visit of a row pulls its initial value towards zero.

    References
    ----------
    .. [1] McMahan et al. (2013), Ad click prediction: a view from the trenches, KDD.

    Examples
    --------
    >>> import numpy as np, pytensor.tensor as pt, symgrad as sg
    >>> W, index = sg.shared(np.zeros((3, 1)), name="W"), pt.lvector("index")
    >>> updates = sg.ftrl((0.01 * W[index]).sum(), W, l1=0.1)
    >>> sg.function([index], updates=updates)([1, 2]); W.get_value().ravel().tolist()
    [0.0, 0.0, 0.0]
    """
    return FTRL(
        cost_or_grads,
        params,
        learning_rate=learning_rate,
        initial_accumulator=initial_accumulator,
        l1=l1,
        l2=l2,
        l2_shrinkage=l2_shrinkage,
        beta=beta,
        **options,
    )


@documented(PROXIMAL_SGD)
def proximal_sgd(
    cost_or_grads: CostOrGradients,
    params: Params,
    learning_rate: Scalar,
    l1: Scalar = 0.0,
    l2: Scalar = 0.0,
    **options: Unpack[Options],
) -> Updates:
    r"""Step against the gradient, then as far towards zero as the penalties want.

    Law::

        moved = w - learning_rate * g
        w     = sign(moved) * max(abs(moved) - learning_rate * l1, 0) / (1 + learning_rate * l2)

    .. math::
        w_t = \arg\min_w\; \tfrac{1}{2 \eta} \big(w - (w_{t-1} - \eta\, g_t)\big)^2
        + \lambda_1 |w| + \tfrac{\lambda_2}{2} w^2

    Notes
    -----
    The forward-backward splitting of [1]_, with the penalties taken at the new weights: entries
    become exactly zero, and no learning rate is too large for `l2`. The law of TensorFlow's
    ``ProximalGradientDescentOptimizer``.

    References
    ----------
    .. [1] Duchi & Singer (2009), Efficient online and batch learning using forward backward
       splitting, JMLR 10.

    Examples
    --------
    >>> import numpy as np, pytensor.tensor as pt, symgrad as sg
    >>> W, index = sg.shared(np.ones((3, 1)), name="W"), pt.lvector("index")
    >>> updates = sg.proximal_sgd((W[index] ** 2).sum() / 2, W, learning_rate=0.5, l1=0.5)
    >>> sg.function([index], updates=updates)([1, 2]); W.get_value().ravel().tolist()
    [1.0, 0.25, 0.25]
    """
    return PROXIMAL_SGD(cost_or_grads, params, learning_rate=learning_rate, l1=l1, l2=l2, **options)
