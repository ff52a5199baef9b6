"""A learning rate that falls when the cost has stopped falling."""

from numbers import Real
from typing import Any

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.graph.basic import Variable

from symgrad.emit.updates import Updates
from symgrad.errors import ArgumentError, HyperparameterError, OptionError
from symgrad.training.schedules.schedule import Scalar, Schedule, exact, numbers

__all__ = ["reduce_on_plateau"]

# torch does not lower the rate by this or less.
_TORCH_LEAST_CHANGE = 1e-8


def reduce_on_plateau(
    cost: Variable,
    rate: float,
    factor: Scalar = 0.1,
    patience: int = 10,
    threshold: Scalar = 1e-4,
    style: str = "torch",
    cooldown: int = 0,
    min_rate: float = 0.0,
) -> Schedule:
    """Lower the rate when the cost has stopped falling.

    Law::

        better = cost < best * (1 - threshold)
        bad    = 0 if better or cooling > 0 else bad + 1
        fires  = bad > patience     with style="torch"
                 bad >= patience    with style="optax"
        rate   = max(rate * factor, min_rate) if fires
        best   = cost if better

    After it fires, `bad` is 0, and `cooling` counts the calls down from `cooldown`.

    Parameters
    ----------
    cost : scalar variable
        What is watched: the cost of the call, or an input that holds the cost of an epoch.
    rate : float, >= 0
        The first rate [as the rule's learning rate].
    factor : float or scalar variable, > 0 and < 1
        The ratio of the new rate to the old rate (no unit).
    patience : int, >= 0 (torch) or >= 1 (optax)
        How many calls in a row may bring no better cost. With ``style="torch"`` the next such call
        lowers the rate, with ``style="optax"`` the last of them does [calls].
    threshold : float or scalar variable, in [0, 1)
        A cost is better if it is below the best cost by this part of it (no unit).
    style : {"torch", "optax"}
        Whose meaning of `patience`, and when a lowered rate applies: from the next call on with
        "torch", in the call that lowered it with "optax". With "torch", a rate that would change
        by 1e-8 or less stays as it is.
    cooldown : int, >= 0
        How long bad calls are not counted after the rate was lowered [calls].
    min_rate : float, >= 0 and at most `rate`
        The lowest rate [as `rate`].

    Returns
    -------
    Schedule
        With slots ``rate`` and ``best``, float64 scalars, and ``bad`` and ``cooling``, int64
        scalars. The rate is the slot itself with "torch", its new value with "optax".

    Raises
    ------
    HyperparameterError
        For numbers out of their range.
    ArgumentError
        For a cost that is not a scalar variable.
    OptionError
        For an unknown style.

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


def _check_plateau(
    cost: Any, rate: Any, factor: Any, patience: Any, style: Any, min_rate: Any
) -> None:
    """Raise for arguments that do not fit a plateau."""
    if not isinstance(cost, Variable) or cost.type.ndim != 0:
        raise ArgumentError(
            f"reduce_on_plateau watches {cost}, which is not a scalar variable: give the cost "
            "of the call, e.g. cost.mean()"
        )
    if style not in ("torch", "optax"):
        raise OptionError(
            f"reduce_on_plateau: style is {style!r}: choose one of ('torch', 'optax')"
        )
    if not isinstance(rate, Real):
        raise ArgumentError(
            f"reduce_on_plateau: rate is {rate!r}, but the schedule starts from a value: "
            "give a number"
        )
    numbers("reduce_on_plateau", rate=rate)
    if isinstance(factor, Real) and not factor < 1:
        raise HyperparameterError(
            f"reduce_on_plateau: factor is {factor}, which does not lower a rate: give a number "
            "between 0 and 1"
        )
    if style == "optax" and isinstance(patience, Real) and patience < 1:
        raise HyperparameterError(
            f"reduce_on_plateau: patience is {patience}, with which optax lowers the rate "
            "in better calls too: give 1 or more, or style='torch'"
        )
    if isinstance(min_rate, Real) and min_rate > rate:
        raise HyperparameterError(
            f"reduce_on_plateau: min_rate is {min_rate}, above the first rate {rate}: give a "
            "number of at most that"
        )
