"""The closed forms: what missed steps make of a row, for each rule."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import pytensor.tensor as pt

from symgrad.errors import HyperparameterError

__all__ = ["ClosedForm", "closed_form"]


@dataclass(frozen=True)
class ClosedForm:
    """What `count` steps with a gradient of zero make of a row.

    Attributes
    ----------
    law : callable
        ``(value, slots, hyper, missed) -> (value, new slots)`` on blocks, see :class:`_Missed`.
    powers : tuple of str
        The hyper-parameters whose powers the law takes; they must stay the same.
    columns : tuple of str
        What is kept of every call: a column each of the history.
    keep : callable
        ``(hyper, before) -> {column: float64 scalar}`` of a call, given that of the call before.
    ratio : callable or None
        ``hyper -> number``: each missed step is that many times the one before, at most. None if
        no steps are added up.
    """

    law: Callable
    powers: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    keep: Callable | None = None
    ratio: Callable | None = None


def closed_form(rule, l2=None):
    """The :class:`ClosedForm` of a rule, with coupled weight decay if `l2` is given.

    Returns None if unused rows do nothing. Raises a :class:`HyperparameterError` if they do what
    has no closed form.
    """
    if rule.name in _NO_FORM:
        raise HyperparameterError(
            f"{rule.name}: unused='exact' has no closed form, because {_NO_FORM[rule.name]}: use "
            "unused='keep', or 'decay' for the dense update"
        )
    if l2 is None:
        return None if rule.name in _AT_REST else _FORMS[rule.name]
    if rule.name != "sgd":
        raise HyperparameterError(
            f"{rule.name}: unused='exact' has no closed form with weight decay in the gradient, "
            "because the decaying value goes into the rule's averages at every call: use adamw "
            "or lion, whose decay is their own, sgd, or unused='decay' for the dense update"
        )
    return ClosedForm(_decayed, (), ("log_kept",), lambda h, before: _keep_decay(h, before, l2))


# Laws. `missed.count` is the number of missed steps, of each row.


def _momentum(w, s, h, missed):
    kept = h.momentum**missed.count
    rolled = h.momentum * (1 - kept) / (1 - h.momentum)
    return w + rolled * s.velocity, {"velocity": kept * s.velocity}


def _nesterov(w, s, h, missed):
    kept = h.momentum**missed.count
    rolled = h.momentum**2 * (1 - kept) / (1 - h.momentum)
    return w + rolled * s.velocity, {"velocity": kept * s.velocity}


def _rmsprop(w, s, h, missed):
    return w, {"accumulator": h.rho**missed.count * s.accumulator}


def _adadelta(w, s, h, missed):
    kept = h.rho**missed.count
    return w, {
        "accumulator": kept * s.accumulator,
        "delta_accumulator": kept * s.delta_accumulator,
    }


def _rprop(w, s, h, missed):
    none = pt.zeros_like(s.previous)
    return w, {"previous": pt.switch(missed.count > 0, none, s.previous), "step_size": s.step_size}


# Weight decay in the gradient of sgd, by the logarithm of what is kept: products would underflow.


def _decayed(w, s, h, missed):
    return pt.exp(missed.now.log_kept - missed.then.log_kept) * w, {}


def _keep_decay(h, before, l2):
    return {"log_kept": before.log_kept + pt.log1p(-h.learning_rate * pt.cast(l2, "float64"))}


# Shrinkage by a constant amount besides: `shrunk` is the sum of the amounts, each times what is
# kept of it until the call. Like this it is bounded.


def _proximal(w, s, h, missed):
    kept = pt.exp(missed.now.log_kept - missed.then.log_kept)
    shrunk = missed.now.shrunk - kept * missed.then.shrunk
    return pt.sign(w) * pt.maximum(kept * pt.abs(w) - shrunk, 0), {}


def _keep_proximal(h, before):
    growth = 1 + h.learning_rate * h.l2
    return {
        "log_kept": before.log_kept - pt.log(growth),
        "shrunk": (before.shrunk + h.learning_rate * h.l1) / growth,
    }


def _lion(w, s, h, missed):
    kept = pt.exp(missed.now.log_kept - missed.then.log_kept)
    moved = missed.now.moved - kept * missed.then.moved
    return kept * w - moved * pt.sign(s.m), {"m": h.beta2**missed.count * s.m}


def _keep_lion(h, before):
    decay = h.learning_rate * h.weight_decay
    return {
        "log_kept": before.log_kept + pt.log1p(-decay),
        "moved": before.moved * (1 - decay) + h.learning_rate,
    }


# The family of Adam has no finite form: its steps are added up until they are too small to count.


def _adams(slot, root=pt.sqrt):
    """The law of steps by ``rate * m / (scale * root(slot) + epsilon)``."""

    def law(w, s, h, missed):
        old = getattr(s, slot)
        w = missed.less_steps(w, s.m, root(old), h.beta1, root(h.beta2))
        return w, {"m": h.beta1**missed.count * s.m, slot: h.beta2**missed.count * old}

    return law


def _amsgrad(w, s, h, missed):
    # The largest average stays what it is while the average falls.
    w = missed.less_steps(w, s.m, pt.sqrt(s.v_max), h.beta1, 1.0)
    kept1, kept2 = h.beta1**missed.count, h.beta2**missed.count
    return w, {"m": kept1 * s.m, "v": kept2 * s.v, "v_max": s.v_max}


def _keep_adam(h, before):
    return {"rate": h.rate, "scale": 1.0, "epsilon": h.epsilon, "kept": 1.0}


def _keep_adamw(h, before):
    rate, scale = h.learning_rate / h.correction1, 1 / h.root_correction2
    kept = 1.0 - h.learning_rate * h.weight_decay
    steps = {"rate": rate, "scale": scale, "epsilon": h.epsilon, "kept": kept}
    return steps | {"log_kept": before.log_kept + pt.log(kept)}


def _keep_nadam(h, before):
    return {"rate": h.rate_m, "scale": 1 / h.root_correction2, "epsilon": h.epsilon, "kept": 1.0}


def _keep_radam(h, before):
    # As long as the variance is not known, nothing is divided by it: 0 * root + 1.
    known = pt.gt(h.rectification, 0)
    rate = h.rate * pt.switch(known, h.rectification, 1.0)
    return {
        "rate": rate,
        "scale": pt.cast(known, "float64"),
        "epsilon": pt.switch(known, h.epsilon, 1.0),
        "kept": 1.0,
    }


# In the order that `MissedSteps` takes them.
_STEPS = ("rate", "scale", "epsilon", "kept")


def _adam_form(keep, law=None, ratio=None, columns=_STEPS):
    law, ratio = law or _adams("v"), ratio or (lambda h: h.beta1 / math.sqrt(h.beta2))
    return ClosedForm(law, ("beta1", "beta2"), columns, keep, ratio)


_AT_REST = ("sgd", "adagrad", "rowwise_adagrad")
_FORMS = {
    "momentum": ClosedForm(_momentum, ("momentum",)),
    "nesterov_momentum": ClosedForm(_nesterov, ("momentum",)),
    "rmsprop": ClosedForm(_rmsprop, ("rho",)),
    "adadelta": ClosedForm(_adadelta, ("rho",)),
    "rprop": ClosedForm(_rprop),
    "proximal_sgd": ClosedForm(_proximal, (), ("log_kept", "shrunk"), _keep_proximal),
    "lion": ClosedForm(_lion, ("beta2",), ("log_kept", "moved"), _keep_lion),
    "adam": _adam_form(_keep_adam),
    "adamw": _adam_form(_keep_adamw, columns=(*_STEPS, "log_kept")),
    "adamax": _adam_form(_keep_adam, _adams("u", lambda u: u), lambda h: h.beta1 / h.beta2),
    "amsgrad": _adam_form(_keep_adam, _amsgrad, lambda h: h.beta1),
    "nadam": _adam_form(_keep_nadam),
    "radam": _adam_form(_keep_radam),
}
_NO_FORM = {
    "ftrl": "its dense update also moves rows that were never read, to where their slots say",
    "adam_decayed": "its beta1 is another at every call",
}
