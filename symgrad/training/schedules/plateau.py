"""A learning rate that falls when the cost has stopped falling."""

from numbers import Number

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.graph.basic import Variable

from symgrad.emit.updates import Updates
from symgrad.errors import HyperparameterError
from symgrad.training.schedules.schedule import Schedule, exact, numbers

__all__ = ["reduce_on_plateau"]

# torch does not take a step down of the rate that is no larger than this.
_TORCH_LEAST_CHANGE = 1e-8


def reduce_on_plateau(
    cost,
    rate,
    factor=0.1,
    patience=10,
    threshold=1e-4,
    style="torch",
    cooldown=0,
    min_rate=0.0,
):
    """Lower the rate when the cost has stopped falling.

    Law::

        better = cost < best * (1 - threshold)
        bad    = 0 if better or cooling > 0 else bad + 1
        fires  = bad > patience     with style="torch"
                 bad >= patience    with style="optax"
        rate   = max(rate * factor, min_rate) if fires
        best   = cost if better

    and after it fires, `bad` is 0, and `cooling` counts down from `cooldown`, a call each.

    Parameters
    ----------
    cost : scalar variable
        What is watched: the cost of the call, or an input that brings the cost of an epoch.
    rate : float, >= 0
        The first rate [as the rule's learning rate].
    factor : float or scalar variable, > 0 and < 1
        The new rate over the old one (no unit).
    patience : int, >= 0 (torch) or >= 1 (optax)
        How many calls without a better cost are borne: the next one lowers the rate with
        ``style="torch"``, the last of them with ``style="optax"`` [calls].
    threshold : float or scalar variable, in [0, 1)
        The part of the best cost by which a cost must be below it to be better (no unit).
    style : {"torch", "optax"}
        Whose patience, and whose time: a lowered rate is that of the next call with "torch", of
        the very call that lowered it with "optax". torch besides leaves a rate as it is that
        would change by 1e-8 or less.
    cooldown : int, >= 0
        For how long bad calls are not counted after the rate was lowered [calls].
    min_rate : float, >= 0 and at most `rate`
        Where it stops [as `rate`].

    Returns
    -------
    Schedule
        With slots ``rate`` and ``best``, float64 scalars, and ``bad`` and ``cooling``, int64
        scalars. The rate is the slot itself with "torch", its new value with "optax".

    Raises
    ------
    HyperparameterError
        For numbers out of their range, another style, and a cost that is not a scalar.

    Notes
    -----
    ``ReduceLROnPlateau`` of torch with ``threshold_mode="rel"``, and ``reduce_on_plateau`` of
    optax, where ``min_scale = min_rate / rate``. A cost of NaN is never better.

    Examples
    --------
    >>> import pytensor.tensor as pt, symgrad as sg
    >>> cost = pt.dscalar("cost")
    >>> schedule = sg.schedules.reduce_on_plateau(cost, 1.0, factor=0.5, patience=1)
    >>> f = sg.function([cost], schedule.rate, updates=schedule.updates)
    >>> [float(f(value)) for value in (3.0, 2.0, 2.0, 2.0, 2.0)]
    [1.0, 1.0, 1.0, 1.0, 0.5]
    """
    _check_plateau(cost, rate, factor, patience, style, min_rate)
    factor, patience, threshold, cooldown, min_rate = numbers(
        "reduce_on_plateau",
        factor=factor,
        patience=patience,
        threshold=threshold,
        cooldown=cooldown,
        min_rate=min_rate,
    )
    starts = {"rate": float(rate), "best": np.inf, "bad": 0, "cooling": 0}
    slots = {name: pytensor.shared(np.array(start), name=name) for name, start in starts.items()}
    old, best, bad, cooling = slots.values()
    better = pt.lt(cost, best * (1 - threshold))
    count = pt.switch(better | pt.gt(cooling, 0), 0, bad + 1)
    lower = pt.maximum(old * factor, min_rate)
    if style == "torch":
        fires = pt.gt(count, patience)
        new = pt.switch(fires & pt.gt(old - lower, exact(_TORCH_LEAST_CHANGE)), lower, old)
    else:
        fires = pt.ge(count, patience)
        new = pt.switch(fires, lower, old)
    updates = {
        old: new,
        best: pt.switch(better, pt.cast(cost, "float64"), best),
        bad: pt.switch(fires, 0, count),
        cooling: pt.switch(fires, pt.cast(cooldown, "int64"), pt.maximum(cooling - 1, 0)),
    }
    return Schedule(old if style == "torch" else new, Updates(updates, slots))


def _check_plateau(cost, rate, factor, patience, style, min_rate):
    """What only a plateau asks of its arguments."""
    if not isinstance(cost, Variable) or cost.type.ndim != 0:
        raise HyperparameterError(
            f"reduce_on_plateau watches {cost}, which is not a scalar variable: give the cost "
            "of the call, e.g. cost.mean()"
        )
    if style not in ("torch", "optax"):
        raise HyperparameterError(
            f"reduce_on_plateau: style is {style!r}: choose one of ('torch', 'optax')"
        )
    if not isinstance(rate, Number):
        raise HyperparameterError(
            f"reduce_on_plateau: rate is {rate!r}, but the rate it lowers starts from a value: "
            "give a number"
        )
    numbers("reduce_on_plateau", rate=rate)
    if isinstance(factor, Number) and not factor < 1:
        raise HyperparameterError(
            f"reduce_on_plateau: factor is {factor}, which does not lower a rate: give a number "
            "between 0 and 1"
        )
    if style == "optax" and isinstance(patience, Number) and patience < 1:
        raise HyperparameterError(
            f"reduce_on_plateau: patience is {patience}, which optax takes to mean that better "
            "calls lower the rate: give 1 or more, or style='torch'"
        )
    if isinstance(min_rate, Number) and min_rate > rate:
        raise HyperparameterError(
            f"reduce_on_plateau: min_rate is {min_rate}, above the first rate {rate}: give a "
            "number of at most that"
        )
