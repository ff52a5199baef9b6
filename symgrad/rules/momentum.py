"""Gradient descent, plain and with a velocity."""

from __future__ import annotations  # so that help() shows short signatures

from typing import Unpack

import pytensor.tensor as pt

from symgrad.emit.closed_form import ClosedForm
from symgrad.emit.hyperparameter import Scalar
from symgrad.emit.options import CostOrGradients, Options, Params
from symgrad.emit.rule import Rule
from symgrad.emit.updates import Updates
from symgrad.rules.documented import documented
from symgrad.rules.hyperparameters import decay_rate, learning_rate

__all__ = ["momentum", "nesterov_momentum", "sgd"]


def _sgd(w, g, s, h):
    return -h.learning_rate * g, {}


def _decayed_sgd(l2):
    """Weight decay in the gradient, by the logarithm of what is left: products would underflow."""

    def catch_up(w, s, h, missed):
        return pt.exp(missed.now.log_kept - missed.then.log_kept) * w, {}

    def record(h, before):
        kept = pt.log1p(-h.learning_rate * pt.cast(l2, "float64"))
        return {"log_kept": before.log_kept + kept}

    return ClosedForm(catch_up, columns=("log_kept",), record=record, scales=False)


def _momentum(w, g, s, h):
    velocity = h.momentum * s.velocity - h.learning_rate * g
    return velocity, {"velocity": velocity}


def _missed_momentum(w, s, h, missed):
    kept = h.momentum**missed.count
    rolled = h.momentum * (1 - kept) / (1 - h.momentum)
    return w + rolled * s.velocity, {"velocity": kept * s.velocity}


def _nesterov(w, g, s, h):
    velocity = h.momentum * s.velocity - h.learning_rate * g
    return h.momentum * velocity - h.learning_rate * g, {"velocity": velocity}


def _missed_nesterov(w, s, h, missed):
    kept = h.momentum**missed.count
    rolled = h.momentum**2 * (1 - kept) / (1 - h.momentum)
    return w + rolled * s.velocity, {"velocity": kept * s.velocity}


_RATE = learning_rate(meaning="Scale of the step [w unit / g unit].")
_HYPER = {
    "learning_rate": _RATE,
    "momentum": decay_rate(
        0.9, "What stays of the velocity from one visit of a row to the next (no unit)."
    ),
}

SGD = Rule(
    "sgd",
    _sgd,
    {"learning_rate": _RATE},
    linear=True,
    closed_form="at rest",
    decayed_form=_decayed_sgd,
)
MOMENTUM = Rule(
    "momentum",
    _momentum,
    _HYPER,
    slots={"velocity": 0.0},
    closed_form=ClosedForm(_missed_momentum, constants=("momentum",)),
)
NESTEROV = Rule(
    "nesterov_momentum",
    _nesterov,
    _HYPER,
    slots={"velocity": 0.0},
    closed_form=ClosedForm(_missed_nesterov, constants=("momentum",)),
)


@documented(SGD)
def sgd(
    cost_or_grads: CostOrGradients,
    params: Params,
    learning_rate: Scalar,
    **options: Unpack[Options],
) -> Updates:
    r"""Step against the gradient.

    Law::

        w = w - learning_rate * g

    .. math:: w_t = w_{t-1} - \eta\, g_t

    Notes
    -----
    The law of Lasagne 0.2 (``sgd``). For one subset, without options that need summed rows, the
    update is the FAQ's ``inc_subtensor(subset, -learning_rate * g)``: repeated rows add up.

    Examples
    --------
    >>> import numpy as np, pytensor.tensor as pt, symgrad as sg
    >>> W, index = sg.shared(np.zeros((3, 1)), name="W"), pt.lvector("index")
    >>> f = sg.function([index], updates=sg.sgd(W[index].sum(), W, learning_rate=0.5))
    >>> f([2, 2, 0]); W.get_value().ravel().tolist()
    [-0.5, 0.0, -1.0]
    """
    return SGD(cost_or_grads, params, learning_rate=learning_rate, **options)


@documented(MOMENTUM, velocity="w unit")
def momentum(
    cost_or_grads: CostOrGradients,
    params: Params,
    learning_rate: Scalar,
    momentum: Scalar = 0.9,
    **options: Unpack[Options],
) -> Updates:
    r"""Keep a velocity, and step by it.

    Law::

        velocity = momentum * velocity - learning_rate * g
        w        = w + velocity

    .. math:: v_t = \mu v_{t-1} - \eta\, g_t, \qquad w_t = w_{t-1} + v_t

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
    return MOMENTUM(
        cost_or_grads, params, learning_rate=learning_rate, momentum=momentum, **options
    )


@documented(NESTEROV, velocity="w unit")
def nesterov_momentum(
    cost_or_grads: CostOrGradients,
    params: Params,
    learning_rate: Scalar,
    momentum: Scalar = 0.9,
    **options: Unpack[Options],
) -> Updates:
    r"""Keep a velocity, and step to where it leads next.

    Law::

        velocity = momentum * velocity - learning_rate * g
        w        = w + momentum * velocity - learning_rate * g

    .. math:: v_t = \mu v_{t-1} - \eta\, g_t, \qquad w_t = w_{t-1} + \mu v_t - \eta\, g_t

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
    return NESTEROV(
        cost_or_grads, params, learning_rate=learning_rate, momentum=momentum, **options
    )
