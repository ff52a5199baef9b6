"""Rules for sparse linear models."""

from typing import Unpack

import pytensor.tensor as pt

from symgrad.emit.emitter import emit
from symgrad.emit.options import Options
from symgrad.emit.rule import Rule
from symgrad.emit.updates import Updates
from symgrad.errors import HyperparameterError

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


PROXIMAL_SGD = Rule("proximal_sgd", _proximal, scales=False)
FTRL = Rule(
    "ftrl", _ftrl, slots={"accumulator": "initial_accumulator", "linear": 0.0}, scales=False
)


def ftrl(
    cost_or_grads,
    params,
    learning_rate=1e-3,
    initial_accumulator=0.1,
    l1=0.0,
    l2=0.0,
    l2_shrinkage=0.0,
    beta=0.0,
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

    Parameters
    ----------
    cost_or_grads, params, **options
        As for every rule, see :class:`~symgrad.emit.options.Options`.
    learning_rate : float or scalar variable, > 0
        Scale of the weights.
    initial_accumulator : float, >= 0
        Start of the slot ``accumulator`` [(g unit)**2].
    l1, l2 : float or scalar variable, >= 0
        Penalties of the absolute and the squared weights.
    l2_shrinkage : float or scalar variable, >= 0
        L2 penalty that acts on the gradient, not on the accumulator.
    beta : float or scalar variable, >= 0
        Added to the root of the accumulator [g unit].

    Returns
    -------
    Updates
        Slots ``accumulator`` [(g unit)**2] and ``linear`` [g unit], of the shape and dtype of
        each parameter.

    Raises
    ------
    SymgradError
        The children that :class:`~symgrad.emit.options.Options` lists.

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
    if isinstance(learning_rate, (int, float)) and learning_rate == 0:
        raise HyperparameterError("ftrl: learning_rate is 0, but the law divides by it")
    hyper = {
        "learning_rate": learning_rate,
        "initial_accumulator": initial_accumulator,
        "l1": l1,
        "l2": l2,
        "l2_shrinkage": l2_shrinkage,
        "beta": beta,
    }
    return emit(FTRL, cost_or_grads, params, hyper, options)


def proximal_sgd(
    cost_or_grads, params, learning_rate, l1=0.0, l2=0.0, **options: Unpack[Options]
) -> Updates:
    r"""Step against the gradient, then as far towards zero as the penalties want.

    Law::

        moved = w - learning_rate * g
        w     = sign(moved) * max(abs(moved) - learning_rate * l1, 0) / (1 + learning_rate * l2)

    .. math::
        w_t = \arg\min_w\; \tfrac{1}{2 \eta} \big(w - (w_{t-1} - \eta\, g_t)\big)^2
        + \lambda_1 |w| + \tfrac{\lambda_2}{2} w^2

    Parameters
    ----------
    cost_or_grads, params, **options
        As for every rule, see :class:`~symgrad.emit.options.Options`.
    learning_rate : float or scalar variable, >= 0
        Scale of the step [w unit / g unit].
    l1, l2 : float or scalar variable, >= 0
        Penalties of the absolute [g unit] and the squared weights [g unit / w unit]: L1, L2, or
        with both the elastic net. They are no part of the cost.

    Returns
    -------
    Updates
        No slots.

    Raises
    ------
    SymgradError
        The children that :class:`~symgrad.emit.options.Options` lists.

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
    hyper = {"learning_rate": learning_rate, "l1": l1, "l2": l2}
    return emit(PROXIMAL_SGD, cost_or_grads, params, hyper, options)
