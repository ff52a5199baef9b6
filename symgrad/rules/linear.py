"""Rules for sparse linear models."""

from typing import Unpack

import pytensor.tensor as pt

from symgrad.errors import HyperparameterError
from symgrad.rules.rule import Rule
from symgrad.updates import Options, Updates, emit

__all__ = ["ftrl"]


def _ftrl(w, g, s, h):
    accumulator = s.accumulator + g**2
    growth = (pt.sqrt(accumulator) - pt.sqrt(s.accumulator)) / h.learning_rate
    linear = s.linear + g + 2 * h.l2_shrinkage * w - growth * w
    curvature = (pt.sqrt(accumulator) + h.beta) / h.learning_rate + 2 * h.l2
    new = (pt.clip(linear, -h.l1, h.l1) - linear) / curvature
    return new - w, {"accumulator": accumulator, "linear": linear}


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
        As for every rule, see :class:`~symgrad.updates.Options`.
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
        The children that :class:`~symgrad.updates.Options` lists.

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
