"""Rules of one's own, and the built-in ones: a law, lifted to costs and parameters."""

from typing import Any

from symgrad.emit.definition import Definition
from symgrad.emit.emitter import emit
from symgrad.emit.options import OPTION_NAMES, CostOrGradients, Params
from symgrad.emit.updates import Updates
from symgrad.errors import HyperparameterError

__all__ = ["Rule"]


class Rule(Definition):
    """An update rule: a function of costs and parameters, made from a law on blocks.

    ``rule(cost_or_grads, params, learning_rate=..., **options)`` returns
    :class:`~symgrad.Updates`, as :func:`~symgrad.adam` does. The law knows nothing of tables and
    indices, so a rule that is written once works with whole parameters and with the rows of any
    index, with all :class:`options <symgrad.emit.options.Options>`, and on all backends.

    Parameters
    ----------
    name : str
        For errors and explanations.
    law : callable
        ``(value, gradient, slots, hyper) -> (step, new slots)`` on blocks of one dtype. `slots`
        and `hyper` have an attribute for each slot and hyper-parameter, new slots are a dict. The
        step is what is *added* to the value. ``hyper.row_mean(block)`` is the mean within each
        row, a block with one number per row.
    hyper : mapping
        Name to :class:`~symgrad.Hyperparameter`: defaults and ranges.
    slots : mapping
        Name to initial value: a number, or the name of the hyper-parameter that gives it.
    row_slots : tuple of str
        Those of the slots that hold one number per row.
    clock : mapping
        Name to initial value of the numbers that advance with every call (or visit of a row).
    tick : callable or None
        ``(hyper, clock) -> (rates, new clock)`` on float64 numbers: `rates`, a dict, join `hyper`
        in the law. Bias corrections belong here: ``1 - beta2**t`` loses four digits in float32.
    linear : bool
        The sum of the steps of repeated rows is the step of their summed gradient.
    scales : bool
        The step is in proportion to the learning rate, so that ``row_rates`` apply.
    closed_form : ClosedForm, "at rest" or NoClosedForm
        What missed calls make of a row, for ``unused="exact"``: a :class:`~symgrad.ClosedForm`, or
        "at rest" if nothing happens without a gradient. By default ``unused="exact"`` is refused.
    decayed_form : callable or None
        ``l2 -> ClosedForm``: the closed form if :func:`~symgrad.weight_decay` makes ``l2 * value``
        of a gradient of zero.

    Raises
    ------
    HyperparameterError
        If the fields do not fit each other. When the rule is called, also if hyper-parameters are
        missing or out of their range, or the law returns other slots or shapes than declared.

    Examples
    --------
    >>> import numpy as np, pytensor.tensor as pt, symgrad as sg
    >>> def law(w, g, slots, h):
    ...     return -h.learning_rate * pt.sign(g), {}
    >>> rate = sg.Hyperparameter(0.01, at_least=0)
    >>> sign_sgd = sg.Rule("sign_sgd", law, {"learning_rate": rate}, closed_form="at rest")
    >>> W, index = sg.shared(np.zeros((3, 1)), name="W"), pt.lvector("index")
    >>> updates = sign_sgd(5 * W[index].sum(), W, learning_rate=0.5)
    >>> sg.function([index], updates=updates)([1, 1]); W.get_value().ravel().tolist()
    [0.0, -0.5, 0.0]
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        taken = {"cost_or_grads", "params", *OPTION_NAMES}
        if clash := sorted(taken & {*self.hyper}):
            raise self._error(
                f"the hyper-parameters {', '.join(clash)} are named like arguments that every rule "
                "has: take other names"
            )

    @property
    def __name__(self) -> str:
        return self.name

    def __call__(
        self, cost_or_grads: CostOrGradients, params: Params, **hyper_and_options: Any
    ) -> Updates:
        """The updates of the parameters, see :class:`~symgrad.emit.options.Options`."""
        options = dict(hyper_and_options)
        hyper = {name: options.pop(name, entry.default) for name, entry in self.hyper.items()}
        if missing := [name for name, value in hyper.items() if value is None]:
            raise HyperparameterError(
                f"{self.name}: {', '.join(missing)} has no default: give a number, a scalar "
                "variable or a shared one"
            )
        return emit(self, cost_or_grads, params, hyper, options)
