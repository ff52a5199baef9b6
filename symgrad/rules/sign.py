"""Rules that step by the sign of something."""

from __future__ import annotations  # so that help() shows short signatures

from typing import Unpack

import pytensor.tensor as pt

from symgrad.emit.closed_form import ClosedForm
from symgrad.emit.hyperparameter import Hyperparameter, Scalar
from symgrad.emit.options import CostOrGradients, Options, Params
from symgrad.emit.rule import Rule
from symgrad.emit.updates import Updates
from symgrad.rules.documented import documented
from symgrad.rules.hyperparameters import decay_rate, learning_rate, penalty

__all__ = ["lion", "rprop"]


def _lion(w, g, s, h):
    direction = pt.sign(h.beta1 * s.m + (1 - h.beta1) * g)
    m = h.beta2 * s.m + (1 - h.beta2) * g
    return -h.learning_rate * (direction + h.weight_decay * w), {"m": m}


def _missed_lion(w, s, h, missed):
    kept = pt.exp(missed.now.log_kept - missed.then.log_kept)
    moved = missed.now.moved - kept * missed.then.moved
    return kept * w - moved * pt.sign(s.m), {"m": h.beta2**missed.count * s.m}


def _record_lion(h, before):
    decay = h.learning_rate * h.weight_decay
    return {
        "log_kept": before.log_kept + pt.log1p(-decay),
        "moved": before.moved * (1 - decay) + h.learning_rate,
    }


def _rprop(w, g, s, h):
    agreement = g * s.previous
    unchanged = pt.ones_like(h.eta_plus)
    factor = pt.switch(
        pt.gt(agreement, 0), h.eta_plus, pt.switch(pt.lt(agreement, 0), h.eta_minus, unchanged)
    )
    step_size = pt.clip(s.step_size * factor, h.min_step, h.max_step)
    g = pt.switch(pt.lt(agreement, 0), pt.zeros_like(g), g)
    return -pt.sign(g) * step_size, {"previous": g, "step_size": step_size}


def _missed_rprop(w, s, h, missed):
    zeros = pt.zeros_like(s.previous)
    previous = pt.switch(missed.count > 0, zeros, s.previous)
    return w, {"previous": previous, "step_size": s.step_size}


LION = Rule(
    "lion",
    _lion,
    {
        "learning_rate": learning_rate(1e-4, "Size of the step [w unit]."),
        "beta1": decay_rate(0.9, "Average for the direction (no unit)."),
        "beta2": decay_rate(0.99, "Average for the slot (no unit)."),
        "weight_decay": penalty(
            1e-3, "Decay of the touched rows per unit of learning rate [1 / w unit]."
        ),
    },
    slots={"m": 0.0},
    closed_form=ClosedForm(
        _missed_lion,
        constants=("beta2",),
        columns=("log_kept", "moved"),
        record=_record_lion,
        scales=False,
    ),
)
RPROP = Rule(
    "rprop",
    _rprop,
    {
        "learning_rate": learning_rate(
            1e-2, "The first step size of every entry; read when the updates are made [w unit]."
        ),
        "eta_minus": Hyperparameter(
            0.5, above=0, below=1, meaning="Factor of a step size that shrinks (no unit)."
        ),
        "eta_plus": Hyperparameter(
            1.2, above=1, meaning="Factor of a step size that grows (no unit)."
        ),
        "min_step": Hyperparameter(1e-6, at_least=0, meaning="The smallest step size [w unit]."),
        "max_step": Hyperparameter(50.0, above=0, meaning="The largest step size [w unit]."),
    },
    slots={"previous": 0.0, "step_size": "learning_rate"},
    scales=False,
    closed_form=ClosedForm(_missed_rprop),
)


@documented(LION, m="g unit")
def lion(
    cost_or_grads: CostOrGradients,
    params: Params,
    learning_rate: Scalar = 1e-4,
    beta1: Scalar = 0.9,
    beta2: Scalar = 0.99,
    weight_decay: Scalar = 1e-3,
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
    return LION(
        cost_or_grads,
        params,
        learning_rate=learning_rate,
        beta1=beta1,
        beta2=beta2,
        weight_decay=weight_decay,
        **options,
    )


@documented(RPROP, previous="g unit", step_size="w unit")
def rprop(
    cost_or_grads: CostOrGradients,
    params: Params,
    learning_rate: Scalar = 1e-2,
    eta_minus: Scalar = 0.5,
    eta_plus: Scalar = 1.2,
    min_step: Scalar = 1e-6,
    max_step: Scalar = 50.0,
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
    return RPROP(
        cost_or_grads,
        params,
        learning_rate=learning_rate,
        eta_minus=eta_minus,
        eta_plus=eta_plus,
        min_step=min_step,
        max_step=max_step,
        **options,
    )
