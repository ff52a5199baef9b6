"""Adam and its children: moving averages of the gradient and of its square."""

from __future__ import annotations  # so that help() shows short signatures

import math
from collections.abc import Callable
from typing import Any, Unpack

import pytensor.tensor as pt
from pytensor.graph.basic import Variable

from symgrad.emit.closed_form import STEP_COLUMNS, ClosedForm, MissedCalls
from symgrad.emit.hyperparameter import Hyperparameter, Scalar
from symgrad.emit.options import CostOrGradients, Options, Params
from symgrad.emit.rule import Rule
from symgrad.emit.updates import Updates
from symgrad.rules.documented import documented
from symgrad.rules.hyperparameters import decay_rate, epsilon, learning_rate, penalty

__all__ = ["adam", "adamax", "adamw", "amsgrad"]


def moments(g: Variable, s: Any, h: Any) -> tuple[Variable, Variable]:
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


def corrections_tick(h: Any, clock: Any) -> tuple[dict[str, Variable], dict[str, Variable]]:
    """What the averages, which start at 0, lack after t calls."""
    t = clock.t + 1
    rates = {"correction1": 1 - h.beta1**t, "root_correction2": pt.sqrt(1 - h.beta2**t)}
    return rates, {"t": t}


# The closed forms of the family: steps by falling averages, added up until they are too small to
# count. What is recorded of a call are the numbers in ``rate * m / (scale * root + epsilon)``.


def missed_moments(
    w: Variable, s: Any, h: Any, missed: MissedCalls, decays: bool = False
) -> tuple[Variable, dict[str, Variable]]:
    """What missed calls make of a row whose averages are `m` and `v`."""
    w = missed.less_steps(w, s.m, pt.sqrt(s.v), h.beta1, pt.sqrt(h.beta2), decays)
    return w, {"m": h.beta1**missed.count * s.m, "v": h.beta2**missed.count * s.v}


def falling_steps(
    catch_up: Callable, record: Callable, ratio: Callable | None = None
) -> ClosedForm:
    """A closed form that adds up steps, each at most `ratio` times the one before."""
    return ClosedForm(
        catch_up,
        constants=("beta1", "beta2"),
        columns=STEP_COLUMNS,
        record=record,
        ratio=ratio or _ratio,
    )


def _ratio(h):
    return h.beta1 / math.sqrt(h.beta2)


def _record_adam(h, before):
    return {"rate": h.rate, "scale": 1.0, "epsilon": h.epsilon, "kept": 1.0}


def _missed_amsgrad(w, s, h, missed):
    # The largest average stays what it is while the average falls.
    w = missed.less_steps(w, s.m, pt.sqrt(s.v_max), h.beta1, 1.0)
    kept1, kept2 = h.beta1**missed.count, h.beta2**missed.count
    return w, {"m": kept1 * s.m, "v": kept2 * s.v, "v_max": s.v_max}


def _missed_adamax(w, s, h, missed):
    w = missed.less_steps(w, s.m, s.u, h.beta1, h.beta2)
    return w, {"m": h.beta1**missed.count * s.m, "u": h.beta2**missed.count * s.u}


def _missed_adamw(w, s, h, missed):
    return missed_moments(w, s, h, missed, decays=True)


def _record_adamw(h, before):
    kept = 1.0 - h.learning_rate * h.weight_decay
    return {
        "rate": h.learning_rate / h.correction1,
        "scale": 1 / h.root_correction2,
        "epsilon": h.epsilon,
        "kept": kept,
        "log_kept": before.log_kept + pt.log(kept),
    }


CLOCK = {"t": 0}
SLOTS = {"m": 0.0, "v": 0.0}
BETA1 = decay_rate(0.9, "What stays of the average of `g` per visit of a row (no unit).")
BETA2 = decay_rate(0.999, "What stays of the average of ``g**2`` per visit of a row (no unit).")


def hyperparameters(rate: float = 1e-3, **others: Hyperparameter) -> dict[str, Hyperparameter]:
    """Those of Adam, with another default for the learning rate, and others to add or replace."""
    return {
        "learning_rate": learning_rate(rate),
        "beta1": BETA1,
        "beta2": BETA2,
        "epsilon": epsilon(1e-8, "Outside the root [g unit]."),
        **others,
    }


ADAM = Rule(
    "adam",
    _adam,
    hyperparameters(),
    slots=SLOTS,
    clock=CLOCK,
    tick=_adam_tick,
    closed_form=falling_steps(missed_moments, _record_adam),
)
AMSGRAD = Rule(
    "amsgrad",
    _amsgrad,
    hyperparameters(),
    slots=SLOTS | {"v_max": 0.0},
    clock=CLOCK,
    tick=_adam_tick,
    closed_form=falling_steps(_missed_amsgrad, _record_adam, lambda h: h.beta1),
)
ADAMAX = Rule(
    "adamax",
    _adamax,
    hyperparameters(
        2e-3,
        beta2=decay_rate(
            0.999, "What stays of the maximum of ``abs(g)`` per visit of a row (no unit)."
        ),
    ),
    slots={"m": 0.0, "u": 0.0},
    clock=CLOCK,
    tick=_adamax_tick,
    closed_form=falling_steps(_missed_adamax, _record_adam, lambda h: h.beta1 / h.beta2),
)
ADAMW = Rule(
    "adamw",
    _adamw,
    hyperparameters(
        weight_decay=penalty(
            1e-4, "Decay of the touched rows per unit of learning rate [1 / w unit]."
        )
    ),
    slots=SLOTS,
    clock=CLOCK,
    tick=corrections_tick,
    closed_form=ClosedForm(
        _missed_adamw,
        constants=("beta1", "beta2"),
        columns=(*STEP_COLUMNS, "log_kept"),
        record=_record_adamw,
        ratio=_ratio,
        scales=False,
    ),
)


@documented(ADAM, m="g unit", v="(g unit)**2")
def adam(
    cost_or_grads: CostOrGradients,
    params: Params,
    learning_rate: Scalar = 1e-3,
    beta1: Scalar = 0.9,
    beta2: Scalar = 0.999,
    epsilon: Scalar = 1e-8,
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
    return ADAM(
        cost_or_grads,
        params,
        learning_rate=learning_rate,
        beta1=beta1,
        beta2=beta2,
        epsilon=epsilon,
        **options,
    )


@documented(AMSGRAD, m="g unit", v="(g unit)**2", v_max="(g unit)**2")
def amsgrad(
    cost_or_grads: CostOrGradients,
    params: Params,
    learning_rate: Scalar = 1e-3,
    beta1: Scalar = 0.9,
    beta2: Scalar = 0.999,
    epsilon: Scalar = 1e-8,
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
    return AMSGRAD(
        cost_or_grads,
        params,
        learning_rate=learning_rate,
        beta1=beta1,
        beta2=beta2,
        epsilon=epsilon,
        **options,
    )


@documented(ADAMAX, m="g unit", u="g unit")
def adamax(
    cost_or_grads: CostOrGradients,
    params: Params,
    learning_rate: Scalar = 2e-3,
    beta1: Scalar = 0.9,
    beta2: Scalar = 0.999,
    epsilon: Scalar = 1e-8,
    **options: Unpack[Options],
) -> Updates:
    r"""Adam with the infinity norm in place of the root of squares.

    Law, at call ``t = 1, 2, ...``::

        m = beta1 * m + (1 - beta1) * g
        u = max(beta2 * u, abs(g))
        w = w - learning_rate / (1 - beta1**t) * m / (u + epsilon)

    .. math::
        w_t = w_{t-1} - \frac{\eta}{1 - \beta_1^t}\, \frac{m_t}{u_t + \epsilon}

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
    return ADAMAX(
        cost_or_grads,
        params,
        learning_rate=learning_rate,
        beta1=beta1,
        beta2=beta2,
        epsilon=epsilon,
        **options,
    )


@documented(ADAMW, m="g unit", v="(g unit)**2")
def adamw(
    cost_or_grads: CostOrGradients,
    params: Params,
    learning_rate: Scalar = 1e-3,
    beta1: Scalar = 0.9,
    beta2: Scalar = 0.999,
    epsilon: Scalar = 1e-8,
    weight_decay: Scalar = 1e-4,
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
    return ADAMW(
        cost_or_grads,
        params,
        learning_rate=learning_rate,
        beta1=beta1,
        beta2=beta2,
        epsilon=epsilon,
        weight_decay=weight_decay,
        **options,
    )
