"""Learning rates that are functions of the number of calls."""

from collections.abc import Callable

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.graph.basic import Variable

from symgrad.emit.updates import Updates
from symgrad.training.schedules.schedule import Scalar, Schedule, exact, numbers

__all__ = ["cosine", "cyclical", "exponential", "inverse_time", "step", "warm_up"]


def step(rate: Scalar, calls: Scalar, factor: Scalar = 0.1) -> Schedule:
    """Lower the rate by a factor after every `calls` calls.

    Law::

        rate * factor ** floor(t / calls)

    Parameters
    ----------
    rate : float or scalar variable, >= 0
        The first rate [as the rule's learning rate].
    calls : int or scalar variable, > 0
        How long each rate lasts [calls].
    factor : float or scalar variable, > 0
        The ratio of each rate to the rate before it (no unit).

    Returns
    -------
    Schedule
        With slot ``calls``, an int64 scalar.

    Raises
    ------
    HyperparameterError
        For numbers out of their range.

    Notes
    -----
    ``StepLR`` of torch; ``exponential_decay(staircase=True)`` of optax.

    Examples
    --------
    >>> import symgrad as sg
    >>> schedule = sg.schedules.step(1.0, calls=2)
    >>> f = sg.function([], schedule.rate, updates=schedule.updates)
    >>> [round(float(f()), 6) for call in range(5)]
    [1.0, 1.0, 0.1, 0.1, 0.01]
    """
    rate, calls, factor = numbers("step", rate=rate, calls=calls, factor=factor)
    return _counted(lambda t: rate * factor ** pt.floor(t / calls))


def exponential(rate: Scalar, factor: Scalar, calls: Scalar = 1) -> Schedule:
    """Lower the rate by the same factor in every call.

    Law::

        rate * factor ** (t / calls)

    Parameters
    ----------
    rate : float or scalar variable, >= 0
        The first rate [as the rule's learning rate].
    factor : float or scalar variable, > 0
        The part of the rate that is left after `calls` (no unit); above 1 the rate grows.
    calls : float or scalar variable, > 0
        How long one factor takes [calls].

    Returns
    -------
    Schedule
        With slot ``calls``, an int64 scalar.

    Raises
    ------
    HyperparameterError
        For numbers out of their range.

    Notes
    -----
    ``ExponentialLR`` of torch, where `calls` is 1; ``exponential_decay`` of optax.

    Examples
    --------
    >>> import symgrad as sg
    >>> schedule = sg.schedules.exponential(1.0, factor=0.5)
    >>> f = sg.function([], schedule.rate, updates=schedule.updates)
    >>> [float(f()) for call in range(4)]
    [1.0, 0.5, 0.25, 0.125]
    """
    rate, factor, calls = numbers("exponential", rate=rate, factor=factor, calls=calls)
    return _counted(lambda t: rate * factor ** (t / calls))


def inverse_time(rate: Scalar, decay: Scalar = 1.0) -> Schedule:
    """Let the rate fall as one over the number of calls.

    Law::

        rate / (1 + decay * t)

    Parameters
    ----------
    rate : float or scalar variable, >= 0
        The first rate [as the rule's learning rate].
    decay : float or scalar variable, >= 0
        How fast the rate falls [1 / call]; by default it is ``rate``, ``rate / 2``, ``rate / 3``...

    Returns
    -------
    Schedule
        With slot ``calls``, an int64 scalar.

    Raises
    ------
    HyperparameterError
        For numbers out of their range.

    Notes
    -----
    The ``decay`` of the optimizers of Keras 1.

    Examples
    --------
    >>> import symgrad as sg
    >>> schedule = sg.schedules.inverse_time(1.0)
    >>> f = sg.function([], schedule.rate, updates=schedule.updates)
    >>> [round(float(f()), 3) for call in range(4)]
    [1.0, 0.5, 0.333, 0.25]
    """
    rate, decay = numbers("inverse_time", rate=rate, decay=decay)
    return _counted(lambda t: rate / (1 + decay * t))


def cosine(rate: Scalar, calls: Scalar, min_rate: Scalar = 0.0) -> Schedule:
    """Lower the rate along half a cosine wave, slowly at both ends, and keep the last rate.

    Law::

        min_rate + (rate - min_rate) * (1 + cos(pi * min(t, calls) / calls)) / 2

    Parameters
    ----------
    rate : float or scalar variable, >= 0
        The first rate [as the rule's learning rate].
    calls : float or scalar variable, > 0
        When the rate reaches `min_rate` [calls].
    min_rate : float or scalar variable, >= 0
        The last rate [as `rate`].

    Returns
    -------
    Schedule
        With slot ``calls``, an int64 scalar.

    Raises
    ------
    HyperparameterError
        For numbers out of their range.

    Notes
    -----
    ``cosine_decay_schedule`` of optax, with ``alpha = min_rate / rate``. ``CosineAnnealingLR`` of
    torch is the same up to `calls`, and rises again after that.

    References
    ----------
    .. [1] Loshchilov & Hutter (2017), SGDR: stochastic gradient descent with warm restarts,
       arXiv:1608.03983, equation 5.

    Examples
    --------
    >>> import symgrad as sg
    >>> schedule = sg.schedules.cosine(1.0, calls=4)
    >>> f = sg.function([], schedule.rate, updates=schedule.updates)
    >>> [round(float(f()), 3) for call in range(6)]
    [1.0, 0.854, 0.5, 0.146, 0.0, 0.0]
    """
    rate, calls, min_rate = numbers("cosine", rate=rate, calls=calls, min_rate=min_rate)
    angle = exact(np.pi) / calls
    return _counted(
        lambda t: min_rate + (rate - min_rate) * (1 + pt.cos(angle * pt.minimum(t, calls))) / 2
    )


def cyclical(low: Scalar, high: Scalar, calls: Scalar) -> Schedule:
    """Let the rate rise and fall linearly, again and again.

    Law::

        low + (high - low) * (1 - abs((t / calls) mod 2 - 1))

    Parameters
    ----------
    low, high : float or scalar variable, >= 0
        The rates between which it moves [as the rule's learning rate]; it starts at `low`.
    calls : float or scalar variable, > 0
        The time from `low` to `high`, half of a cycle [calls].

    Returns
    -------
    Schedule
        With slot ``calls``, an int64 scalar.

    Raises
    ------
    HyperparameterError
        For numbers out of their range.

    Notes
    -----
    The triangular policy of ``CyclicLR`` of torch.

    References
    ----------
    .. [1] Smith (2017), Cyclical learning rates for training neural networks, arXiv:1506.01186.

    Examples
    --------
    >>> import symgrad as sg
    >>> schedule = sg.schedules.cyclical(1.0, 2.0, calls=2)
    >>> f = sg.function([], schedule.rate, updates=schedule.updates)
    >>> [float(f()) for call in range(6)]
    [1.0, 1.5, 2.0, 1.5, 1.0, 1.5]
    """
    low, high, calls = numbers("cyclical", low=low, high=high, calls=calls)
    return _counted(lambda t: low + (high - low) * (1 - abs((t / calls) % 2 - 1)))


def warm_up(schedule: Schedule | Scalar, calls: Scalar, start: Scalar = 0.0) -> Schedule:
    """Begin with a small part of a rate, and raise it linearly to the whole rate.

    Law::

        rate * (start + (1 - start) * min(t, calls) / calls)

    Parameters
    ----------
    schedule : Schedule, or float or scalar variable, >= 0
        The rate that is warmed up. A schedule runs on in the meantime, and its counter is shared.
    calls : float or scalar variable, > 0
        How long it takes [calls].
    start : float or scalar variable, in [0, 1]
        The part of the rate that the first call takes (no unit). With 0, the first call moves
        only the slots, not the parameters.

    Returns
    -------
    Schedule
        With the slots of the given one, and slot ``calls``, an int64 scalar.

    Raises
    ------
    HyperparameterError
        For numbers out of their range.

    Notes
    -----
    ``LinearLR`` of torch with ``end_factor=1``, chained to the given schedule.

    Examples
    --------
    >>> import symgrad as sg
    >>> schedule = sg.schedules.warm_up(sg.schedules.step(1.0, calls=4), calls=2)
    >>> f = sg.function([], schedule.rate, updates=schedule.updates)
    >>> [round(float(f()), 6) for call in range(6)]
    [0.0, 0.5, 1.0, 1.0, 0.1, 0.1]
    """
    if not isinstance(schedule, Schedule):
        (rate,) = numbers("warm_up", rate=schedule)
        schedule = Schedule(rate, Updates())
    calls, start = numbers("warm_up", calls=calls, start=start)
    updates = schedule.updates
    if "calls" not in updates.slots:
        updates = updates | _counter()
    part = start + (1 - start) * pt.minimum(_time(updates), calls) / calls
    return Schedule(schedule.rate * part, updates)


def _counted(law: Callable[[Variable], Variable]) -> Schedule:
    """The schedule of a law, a function of the number of calls made before."""
    updates = _counter()
    return Schedule(law(_time(updates)), updates)


def _counter() -> Updates:
    calls = pytensor.shared(np.array(0, "int64"), name="calls")
    return Updates([(calls, calls + 1)], {"calls": calls})


def _time(updates: Updates) -> Variable:
    return pt.cast(updates.slots["calls"], "float64")
