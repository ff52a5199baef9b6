"""Adams whose coefficients change with the clock."""

from __future__ import annotations  # so that help() shows short signatures

from typing import Unpack

import pytensor.tensor as pt

from symgrad.emit.closed_form import NoClosedForm
from symgrad.emit.hyperparameter import Hyperparameter, Scalar
from symgrad.emit.options import CostOrGradients, Options, Params
from symgrad.emit.rule import Rule
from symgrad.emit.updates import Updates
from symgrad.rules.adam import (
    BETA1,
    BETA2,
    CLOCK,
    SLOTS,
    corrections_tick,
    falling_steps,
    hyperparameters,
    missed_moments,
    moments,
)
from symgrad.rules.documented import documented
from symgrad.rules.hyperparameters import epsilon, learning_rate

__all__ = ["adam_decayed", "nadam", "radam"]


def _nadam(w, g, s, h):
    m, v = moments(g, s, h)
    scale = pt.sqrt(v) / h.root_correction2 + h.epsilon
    return -(h.rate_g * g + h.rate_m * m) / scale, {"m": m, "v": v}


def _nadam_tick(h, clock):
    t = clock.t + 1
    mu = h.beta1 * (1 - 0.5 * 0.96 ** (t * h.momentum_decay))
    mu_next = h.beta1 * (1 - 0.5 * 0.96 ** ((t + 1) * h.momentum_decay))
    product = clock.mu_product * mu
    rates = {
        "rate_g": h.learning_rate * (1 - mu) / (1 - product),
        "rate_m": h.learning_rate * mu_next / (1 - product * mu_next),
        "root_correction2": pt.sqrt(1 - h.beta2**t),
    }
    return rates, {"t": t, "mu_product": product}


def _record_nadam(h, before):
    scale = 1 / h.root_correction2
    return {"rate": h.rate_m, "scale": scale, "epsilon": h.epsilon, "kept": 1.0}


def _radam(w, g, s, h):
    m, v = moments(g, s, h)
    adaptive = h.rectification / (pt.sqrt(v) + h.epsilon)
    return -h.rate * m * pt.switch(pt.gt(h.rectification, 0), adaptive, 1), {"m": m, "v": v}


def _radam_tick(h, clock):
    t = clock.t + 1
    r_inf = 2 / (1 - h.beta2) - 1
    r = r_inf - 2 * t * h.beta2**t / (1 - h.beta2**t)
    # Below 5 the variance is unknown and the step is not adaptive: 0 tells the law.
    steady = pt.maximum(r, 5.0)
    ratio = (steady - 4) * (steady - 2) * r_inf / ((r_inf - 4) * (r_inf - 2) * steady)
    rectification = pt.switch(pt.gt(r, 5), pt.sqrt(ratio * (1 - h.beta2**t)), 0.0)
    rate = h.learning_rate / (1 - h.beta1**t)
    return {"rate": rate, "rectification": rectification}, {"t": t}


def _record_radam(h, before):
    # As long as the variance is not known, nothing is divided by it: 0 * root + 1.
    known = pt.gt(h.rectification, 0)
    return {
        "rate": h.rate * pt.switch(known, h.rectification, 1.0),
        "scale": pt.cast(known, "float64"),
        "epsilon": pt.switch(known, h.epsilon, 1.0),
        "kept": 1.0,
    }


def _adam_decayed(w, g, s, h):
    m = h.beta1_t * s.m + h.one_minus_beta1_t * g
    v = h.beta2 * s.v + (1 - h.beta2) * g**2
    scale = pt.sqrt(v) / h.root_correction2 + h.epsilon
    return -h.learning_rate * m / h.correction1 / scale, {"m": m, "v": v}


def _adam_decayed_tick(h, clock):
    rates, new = corrections_tick(h, clock)
    # In float32 a decay of 1 - 1e-8 would be 1; here it is float64, as all of the clock.
    beta1_t = h.beta1 * h.decay ** (new["t"] - 1)
    return rates | {"beta1_t": beta1_t, "one_minus_beta1_t": 1 - beta1_t}, new


NADAM = Rule(
    "nadam",
    _nadam,
    hyperparameters(
        2e-3,
        momentum_decay=Hyperparameter(
            4e-3, at_least=0, meaning="How fast the momentum approaches `beta1` (no unit)."
        ),
    ),
    slots=SLOTS,
    clock=CLOCK | {"mu_product": 1.0},
    tick=_nadam_tick,
    closed_form=falling_steps(missed_moments, _record_nadam),
)
RADAM = Rule(
    "radam",
    _radam,
    hyperparameters(),
    slots=SLOTS,
    clock=CLOCK,
    tick=_radam_tick,
    closed_form=falling_steps(missed_moments, _record_radam),
)
ADAM_DECAYED = Rule(
    "adam_decayed",
    _adam_decayed,
    {
        "learning_rate": learning_rate(1e-3),
        "beta1": BETA1,
        "beta2": BETA2,
        "decay": Hyperparameter(
            1 - 1e-8,
            above=0,
            at_most=1,
            meaning="Factor of `beta1` from one call to the next (no unit).",
        ),
        "epsilon": epsilon(1e-6, "Outside the root [g unit]."),
    },
    slots=SLOTS,
    clock=CLOCK,
    tick=_adam_decayed_tick,
    closed_form=NoClosedForm("its beta1 is another at every call"),
)


@documented(NADAM, m="g unit", v="(g unit)**2")
def nadam(
    cost_or_grads: CostOrGradients,
    params: Params,
    learning_rate: Scalar = 2e-3,
    beta1: Scalar = 0.9,
    beta2: Scalar = 0.999,
    epsilon: Scalar = 1e-8,
    momentum_decay: Scalar = 4e-3,
    **options: Unpack[Options],
) -> Updates:
    r"""Adam with Nesterov's momentum, on a schedule of its own.

    Law, at call ``t = 1, 2, ...``::

        mu(t) = beta1 * (1 - 0.5 * 0.96**(t * momentum_decay))
        P = mu(1) * ... * mu(t)
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        d = sqrt(v / (1 - beta2**t)) + epsilon
        w = w - learning_rate * (1 - mu(t)) / (1 - P) * g / d
              - learning_rate * mu(t+1) / (1 - P * mu(t+1)) * m / d

    .. math::
        w_t = w_{t-1} - \frac{\eta}{\sqrt{\hat v_t} + \epsilon} \Big(
        \frac{1 - \mu_t}{1 - \prod_{i \le t} \mu_i} g_t
        + \frac{\mu_{t+1}}{1 - \prod_{i \le t+1} \mu_i} m_t \Big)

    Notes
    -----
    The law of torch 2.13 (``NAdam``). torch keeps the product in its default dtype; here it is
    float64.

    References
    ----------
    .. [1] Dozat (2016), Incorporating Nesterov momentum into Adam, ICLR workshop.

    Examples
    --------
    >>> import numpy as np, pytensor.tensor as pt, symgrad as sg
    >>> W, index = sg.shared(np.zeros((3, 1)), name="W"), pt.lvector("index")
    >>> sorted(sg.nadam(W[index].sum(), W).slots)
    ['m/W', 'mu_product', 't', 'v/W']
    """
    return NADAM(
        cost_or_grads,
        params,
        learning_rate=learning_rate,
        beta1=beta1,
        beta2=beta2,
        epsilon=epsilon,
        momentum_decay=momentum_decay,
        **options,
    )


@documented(RADAM, m="g unit", v="(g unit)**2")
def radam(
    cost_or_grads: CostOrGradients,
    params: Params,
    learning_rate: Scalar = 1e-3,
    beta1: Scalar = 0.9,
    beta2: Scalar = 0.999,
    epsilon: Scalar = 1e-8,
    **options: Unpack[Options],
) -> Updates:
    r"""Adam that waits until the variance of its denominator is known.

    Law, at call ``t = 1, 2, ...``::

        R = 2 / (1 - beta2) - 1
        r = R - 2 * t * beta2**t / (1 - beta2**t)
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        d = sqrt((r - 4) * (r - 2) * R / ((R - 4) * (R - 2) * r))
            * sqrt(1 - beta2**t) / (sqrt(v) + epsilon)        if r > 5 else 1
        w = w - learning_rate / (1 - beta1**t) * m * d

    .. math::
        w_t = w_{t-1} - \eta\, \hat m_t \cdot
        \begin{cases} \rho_t \sqrt{1 - \beta_2^t} / (\sqrt{v_t} + \epsilon) & r_t > 5 \\
        1 & \text{else} \end{cases}

    Notes
    -----
    The law of torch 2.13 (``RAdam``); optax switches at ``r >= 5``.

    References
    ----------
    .. [1] Liu et al. (2020), On the variance of the adaptive learning rate, arXiv:1908.03265.

    Examples
    --------
    >>> import numpy as np, pytensor.tensor as pt, symgrad as sg
    >>> W, index = sg.shared(np.zeros((3, 1)), name="W"), pt.lvector("index")
    >>> f = sg.function([index], updates=sg.radam(3 * W[index].sum(), W, learning_rate=0.1))
    >>> f([1]); W.get_value().ravel().round(6).tolist()
    [0.0, -0.3, 0.0]
    """
    return RADAM(
        cost_or_grads,
        params,
        learning_rate=learning_rate,
        beta1=beta1,
        beta2=beta2,
        epsilon=epsilon,
        **options,
    )


@documented(ADAM_DECAYED, m="g unit", v="(g unit)**2")
def adam_decayed(
    cost_or_grads: CostOrGradients,
    params: Params,
    learning_rate: Scalar = 1e-3,
    beta1: Scalar = 0.9,
    beta2: Scalar = 0.999,
    decay: Scalar = 1 - 1e-8,
    epsilon: Scalar = 1e-6,
    **options: Unpack[Options],
) -> Updates:
    r"""Adam whose first average forgets faster and faster.

    Law, at call ``t = 1, 2, ...``::

        b1 = beta1 * decay**(t - 1)
        m  = b1 * m + (1 - b1) * g
        v  = beta2 * v + (1 - beta2) * g**2
        w  = w - learning_rate * m / (1 - beta1**t) / (sqrt(v / (1 - beta2**t)) + epsilon)

    .. math::
        m_t = \beta_1 \lambda^{t-1} m_{t-1} + (1 - \beta_1 \lambda^{t-1}) g_t, \qquad
        w_t = w_{t-1} - \eta\, \frac{m_t / (1 - \beta_1^t)}{\sqrt{\hat v_t} + \epsilon}

    Notes
    -----
    The law of 'Deep Learning with Theano' (Packt, 2017), chapter on optimisation, with its
    constants; the bias correction uses the undecayed `beta1`.

    References
    ----------
    .. [1] Kingma & Ba (2014), Adam, first version of arXiv:1412.6980, section 4.

    Examples
    --------
    >>> import numpy as np, pytensor.tensor as pt, symgrad as sg
    >>> W, index = sg.shared(np.zeros((3, 1)), name="W"), pt.lvector("index")
    >>> f = sg.function([index], updates=sg.adam_decayed(W[index].sum(), W, learning_rate=0.1))
    >>> f([1]); W.get_value().ravel().round(6).tolist()
    [0.0, -0.1, 0.0]
    """
    return ADAM_DECAYED(
        cost_or_grads,
        params,
        learning_rate=learning_rate,
        beta1=beta1,
        beta2=beta2,
        decay=decay,
        epsilon=epsilon,
        **options,
    )
