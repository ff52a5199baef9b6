"""Adam and its children: moving averages of the gradient and of its square."""

from typing import Unpack

import pytensor.tensor as pt

from symgrad.emit.emitter import emit
from symgrad.emit.options import Options
from symgrad.emit.rule import Rule
from symgrad.emit.updates import Updates

__all__ = ["adam", "adamax", "adamw", "amsgrad"]


def moments(g, s, h):
    """The moving averages of the gradient and of its square."""
    return h.beta1 * s.m + (1 - h.beta1) * g, h.beta2 * s.v + (1 - h.beta2) * g**2


def _adam(w, g, s, h):
    m, v = moments(g, s, h)
    return -h.rate * m / (pt.sqrt(v) + h.epsilon), {"m": m, "v": v}


def _adam_tick(h, clock):
    t = clock.t + 1
    rate = h.learning_rate * pt.sqrt(1 - h.beta2**t) / (1 - h.beta1**t)
    return {"rate": rate}, {"t": t}


def _amsgrad(w, g, s, h):
    m, v = moments(g, s, h)
    v_max = pt.maximum(s.v_max, v)
    return -h.rate * m / (pt.sqrt(v_max) + h.epsilon), {"m": m, "v": v, "v_max": v_max}


def _adamax(w, g, s, h):
    m = h.beta1 * s.m + (1 - h.beta1) * g
    u = pt.maximum(h.beta2 * s.u, pt.abs(g))
    return -h.rate * m / (u + h.epsilon), {"m": m, "u": u}


def _adamax_tick(h, clock):
    t = clock.t + 1
    return {"rate": h.learning_rate / (1 - h.beta1**t)}, {"t": t}


def _adamw(w, g, s, h):
    m, v = moments(g, s, h)
    direction = m / h.correction1 / (pt.sqrt(v) / h.root_correction2 + h.epsilon)
    return -h.learning_rate * (direction + h.weight_decay * w), {"m": m, "v": v}


def corrections_tick(h, clock):
    """What the averages, which start at 0, are short of after t calls."""
    t = clock.t + 1
    rates = {"correction1": 1 - h.beta1**t, "root_correction2": pt.sqrt(1 - h.beta2**t)}
    return rates, {"t": t}


CLOCK = {"t": 0}
SLOTS = {"m": 0.0, "v": 0.0}

ADAM = Rule("adam", _adam, slots=SLOTS, clock=CLOCK, tick=_adam_tick)
AMSGRAD = Rule("amsgrad", _amsgrad, slots=SLOTS | {"v_max": 0.0}, clock=CLOCK, tick=_adam_tick)
ADAMAX = Rule("adamax", _adamax, slots={"m": 0.0, "u": 0.0}, clock=CLOCK, tick=_adamax_tick)
ADAMW = Rule("adamw", _adamw, slots=SLOTS, clock=CLOCK, tick=corrections_tick)


def adam(
    cost_or_grads,
    params,
    learning_rate=1e-3,
    beta1=0.9,
    beta2=0.999,
    epsilon=1e-8,
    **options: Unpack[Options],
) -> Updates:
    r"""Step by the average gradient over the root of the average squared gradient.

    Law, at call ``t = 1, 2, ...``::

        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        w = w - learning_rate * sqrt(1 - beta2**t) / (1 - beta1**t) * m / (sqrt(v) + epsilon)

    .. math::
        w_t = w_{t-1} - \eta\, \frac{\sqrt{1 - \beta_2^t}}{1 - \beta_1^t}\,
        \frac{m_t}{\sqrt{v_t} + \epsilon}

    Parameters
    ----------
    cost_or_grads, params, **options
        As for every rule, see :class:`~symgrad.emit.options.Options`.
    learning_rate : float or scalar variable, >= 0
        Scale of the step [w unit].
    beta1, beta2 : float or scalar variable, in [0, 1)
        What stays of the averages of `g` and of ``g**2`` per visit of a row (no unit).
    epsilon : float or scalar variable, >= 0
        Outside the root [g unit].

    Returns
    -------
    Updates
        Slots ``m`` [g unit] and ``v`` [(g unit)**2], of the shape and dtype of each parameter, all
        starting at 0; the clock ``t`` counts calls for all parameters, or per row with
        ``counter="row"``.

    Raises
    ------
    SymgradError
        The children that :class:`~symgrad.emit.options.Options` lists.

    Notes
    -----
    The law of Lasagne 0.2 (``adam``), which is also that of torch's ``SparseAdam``. torch's dense
    ``Adam`` divides `v` by its correction before it adds `epsilon`.

    References
    ----------
    .. [1] Kingma & Ba (2015), Adam: a method for stochastic optimization, arXiv:1412.6980.

    Examples
    --------
    >>> import numpy as np, pytensor.tensor as pt, symgrad as sg
    >>> W, index = sg.shared(np.zeros((3, 1)), name="W"), pt.lvector("index")
    >>> f = sg.function([index], updates=sg.adam(W[index].sum(), W, learning_rate=0.1))
    >>> f([1, 1]); W.get_value().ravel().round(6).tolist()
    [0.0, -0.1, 0.0]
    """
    hyper = {
        "learning_rate": learning_rate,
        "beta1": beta1,
        "beta2": beta2,
        "epsilon": epsilon,
    }
    return emit(ADAM, cost_or_grads, params, hyper, options)


def amsgrad(
    cost_or_grads,
    params,
    learning_rate=1e-3,
    beta1=0.9,
    beta2=0.999,
    epsilon=1e-8,
    **options: Unpack[Options],
) -> Updates:
    r"""Adam that divides by the largest average squared gradient so far.

    Law, at call ``t = 1, 2, ...``::

        m     = beta1 * m + (1 - beta1) * g
        v     = beta2 * v + (1 - beta2) * g**2
        v_max = max(v_max, v)
        w     = w - learning_rate * sqrt(1 - beta2**t) / (1 - beta1**t)
                * m / (sqrt(v_max) + epsilon)

    .. math::
        w_t = w_{t-1} - \eta\, \frac{\sqrt{1 - \beta_2^t}}{1 - \beta_1^t}\,
        \frac{m_t}{\sqrt{\max_{s \le t} v_s} + \epsilon}

    Parameters
    ----------
    cost_or_grads, params, **options
        As for every rule, see :class:`~symgrad.emit.options.Options`.
    learning_rate : float or scalar variable, >= 0
        Scale of the step [w unit].
    beta1, beta2 : float or scalar variable, in [0, 1)
        What stays of the averages of `g` and of ``g**2`` per visit of a row (no unit).
    epsilon : float or scalar variable, >= 0
        Outside the root [g unit].

    Returns
    -------
    Updates
        Slots ``m`` [g unit], ``v`` and ``v_max`` [(g unit)**2], of the shape and dtype of each
        parameter, all starting at 0; the clock ``t`` counts calls for all parameters, or per row
        with ``counter="row"``.

    Raises
    ------
    SymgradError
        The children that :class:`~symgrad.emit.options.Options` lists.

    Notes
    -----
    The law of Lasagne 0.2 (``amsgrad``): the largest of the uncorrected averages, as in torch;
    optax takes the corrected ones.

    References
    ----------
    .. [1] Reddi, Kale & Kumar (2018), On the convergence of Adam and beyond, ICLR.

    Examples
    --------
    >>> import numpy as np, pytensor.tensor as pt, symgrad as sg
    >>> W, index = sg.shared(np.zeros((3, 1)), name="W"), pt.lvector("index")
    >>> sorted(sg.amsgrad(W[index].sum(), W).slots)
    ['m/W', 't', 'v/W', 'v_max/W']
    """
    hyper = {
        "learning_rate": learning_rate,
        "beta1": beta1,
        "beta2": beta2,
        "epsilon": epsilon,
    }
    return emit(AMSGRAD, cost_or_grads, params, hyper, options)


def adamax(
    cost_or_grads,
    params,
    learning_rate=2e-3,
    beta1=0.9,
    beta2=0.999,
    epsilon=1e-8,
    **options: Unpack[Options],
) -> Updates:
    r"""Adam with the infinity norm in place of the root of squares.

    Law, at call ``t = 1, 2, ...``::

        m = beta1 * m + (1 - beta1) * g
        u = max(beta2 * u, abs(g))
        w = w - learning_rate / (1 - beta1**t) * m / (u + epsilon)

    .. math::
        w_t = w_{t-1} - \frac{\eta}{1 - \beta_1^t}\, \frac{m_t}{u_t + \epsilon}

    Parameters
    ----------
    cost_or_grads, params, **options
        As for every rule, see :class:`~symgrad.emit.options.Options`.
    learning_rate : float or scalar variable, >= 0
        Scale of the step [w unit].
    beta1, beta2 : float or scalar variable, in [0, 1)
        What stays of the averages of `g` and of ``abs(g)`` per visit of a row (no unit).
    epsilon : float or scalar variable, >= 0
        Outside the root [g unit].

    Returns
    -------
    Updates
        Slots ``m`` and ``u`` [g unit], of the shape and dtype of each parameter, all starting at
        0; the clock ``t`` counts calls for all parameters, or per row with ``counter="row"``.

    Raises
    ------
    SymgradError
        The children that :class:`~symgrad.emit.options.Options` lists.

    Notes
    -----
    The law of Lasagne 0.2 (``adamax``). torch and optax add `epsilon` inside the maximum.

    References
    ----------
    .. [1] Kingma & Ba (2015), Adam: a method for stochastic optimization, section 7.1.

    Examples
    --------
    >>> import numpy as np, pytensor.tensor as pt, symgrad as sg
    >>> W, index = sg.shared(np.zeros((3, 1)), name="W"), pt.lvector("index")
    >>> f = sg.function([index], updates=sg.adamax(W[index].sum(), W, learning_rate=0.1))
    >>> f([1]); W.get_value().ravel().round(6).tolist()
    [0.0, -0.1, 0.0]
    """
    hyper = {
        "learning_rate": learning_rate,
        "beta1": beta1,
        "beta2": beta2,
        "epsilon": epsilon,
    }
    return emit(ADAMAX, cost_or_grads, params, hyper, options)


def adamw(
    cost_or_grads,
    params,
    learning_rate=1e-3,
    beta1=0.9,
    beta2=0.999,
    epsilon=1e-8,
    weight_decay=1e-4,
    **options: Unpack[Options],
) -> Updates:
    r"""Adam with decoupled weight decay, on the rows that are used.

    Law, at call ``t = 1, 2, ...``::

        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        d = m / (1 - beta1**t) / (sqrt(v / (1 - beta2**t)) + epsilon)
        w = w - learning_rate * (d + weight_decay * w)

    .. math::
        w_t = w_{t-1} - \eta \Big(\frac{\hat m_t}{\sqrt{\hat v_t} + \epsilon}
        + \lambda w_{t-1}\Big)

    Parameters
    ----------
    cost_or_grads, params, **options
        As for every rule, see :class:`~symgrad.emit.options.Options`.
    learning_rate : float or scalar variable, >= 0
        Scale of the step [w unit].
    beta1, beta2 : float or scalar variable, in [0, 1)
        What stays of the averages of `g` and of ``g**2`` per visit of a row (no unit).
    epsilon : float or scalar variable, >= 0
        Outside the root [g unit].
    weight_decay : float or scalar variable, >= 0
        Decay of the touched rows per unit of learning rate [1 / w unit].

    Returns
    -------
    Updates
        Slots ``m`` [g unit] and ``v`` [(g unit)**2], of the shape and dtype of each parameter, all
        starting at 0; the clock ``t`` counts calls for all parameters, or per row with
        ``counter="row"``.

    Raises
    ------
    SymgradError
        The children that :class:`~symgrad.emit.options.Options` lists.

    Notes
    -----
    The law of optax 0.2.8 (``adamw``); torch's default for `weight_decay` is 1e-2.

    References
    ----------
    .. [1] Loshchilov & Hutter (2019), Decoupled weight decay regularization, arXiv:1711.05101.

    Examples
    --------
    >>> import numpy as np, pytensor.tensor as pt, symgrad as sg
    >>> W, index = sg.shared(np.zeros((3, 1)), name="W"), pt.lvector("index")
    >>> updates = sg.adamw(W[index].sum(), W, learning_rate=0.1, weight_decay=0.5)
    >>> sg.function([index], updates=updates)([1]); W.get_value().ravel().round(6).tolist()
    [0.0, -0.1, 0.0]
    """
    hyper = {
        "learning_rate": learning_rate,
        "beta1": beta1,
        "beta2": beta2,
        "epsilon": epsilon,
        "weight_decay": weight_decay,
    }
    return emit(ADAMW, cost_or_grads, params, hyper, options)
