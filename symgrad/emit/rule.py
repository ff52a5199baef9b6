"""What a rule is: a pure function on blocks, with the slots and the clock it keeps."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from numbers import Number

import numpy as np
from pytensor.graph.basic import Variable

from symgrad.errors import HyperparameterError

__all__ = ["Rule"]

# The ranges of hyper-parameters, as a test and in words.
_RANGES = {
    "learning_rate": (lambda x: x >= 0, "at least 0"),
    "momentum": (lambda x: 0 <= x < 1, "in [0, 1)"),
    "rho": (lambda x: 0 <= x < 1, "in [0, 1)"),
    "beta1": (lambda x: 0 <= x < 1, "in [0, 1)"),
    "beta2": (lambda x: 0 <= x < 1, "in [0, 1)"),
    "decay": (lambda x: 0 < x <= 1, "in (0, 1]"),
    "epsilon": (lambda x: x >= 0, "at least 0"),
    "weight_decay": (lambda x: x >= 0, "at least 0"),
    "momentum_decay": (lambda x: x >= 0, "at least 0"),
    "eta_minus": (lambda x: 0 < x < 1, "in (0, 1)"),
    "eta_plus": (lambda x: x > 1, "above 1"),
    "min_step": (lambda x: x >= 0, "at least 0"),
    "max_step": (lambda x: x > 0, "above 0"),
    "initial_accumulator": (lambda x: x >= 0, "at least 0"),
    "l1": (lambda x: x >= 0, "at least 0"),
    "l2": (lambda x: x >= 0, "at least 0"),
    "l2_shrinkage": (lambda x: x >= 0, "at least 0"),
    "beta": (lambda x: x >= 0, "at least 0"),
}


def _is_scalar(value):
    if isinstance(value, Variable):
        return getattr(value.type, "ndim", None) == 0
    return isinstance(value, Number) or (isinstance(value, np.ndarray) and value.ndim == 0)


@dataclass(frozen=True)
class Rule:
    """Gradient and slots to step and new slots; knows nothing of tables and indices.

    Attributes
    ----------
    name : str
    law : callable
        ``(value, gradient, slots, hyper) -> (step, new slots)`` on blocks of one dtype. `slots`
        and `hyper` are namespaces, new slots a dict. The step is what is *added* to the value.
        ``hyper.row_mean(block)`` is the mean within each row.
    slots : mapping
        Name to initial value: a number, or the name of the hyper-parameter that gives it.
    row_slots : tuple of str
        Those of the slots that hold one number per row.
    clock : mapping
        Name to initial value of what advances with every call (or visit of a row).
    tick : callable or None
        ``(hyper, clock) -> (rates, new clock)`` on float64 scalars: `rates` join `hyper` in the
        law. Bias corrections belong here: ``1 - beta2**t`` loses four digits in float32.
    linear : bool
        The sum of the steps of repeated rows is the step of their summed gradient.
    scales : bool
        The step is in proportion to the learning rate.
    """

    name: str
    law: Callable
    slots: Mapping[str, float | str] = field(default_factory=dict)
    row_slots: tuple[str, ...] = ()
    clock: Mapping[str, float] = field(default_factory=dict)
    tick: Callable | None = None
    linear: bool = False
    scales: bool = True

    def check(self, hyper):
        """Raise a :class:`HyperparameterError` for a number outside its range."""
        for name, value in hyper.items():
            test, words = _RANGES[name]
            if not _is_scalar(value):
                raise HyperparameterError(
                    f"{self.name}: {name} is {value!r}: give a number, a scalar variable or a "
                    "shared one"
                )
            if isinstance(value, Number) and not test(value):
                raise HyperparameterError(f"{self.name}: {name} is {value}: it must be {words}")
