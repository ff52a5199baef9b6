"""``theano.scan``: loops, with Theano's conventions."""

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import pytensor
import pytensor.tensor as pt
from pytensor.graph.basic import Variable
from pytensor.graph.replace import clone_replace
from pytensor.graph.traversal import ancestors
from pytensor.scan.basic import get_updates_and_outputs
from pytensor.scan.utils import until as Until

from symgrad.theano.compile.mode import get_mode
from symgrad.theano.scan_module.map_variables import remember
from symgrad.theano.updates import OrderedUpdates

__all__ = ["scan"]


def scan(
    fn,
    sequences=None,
    outputs_info=None,
    non_sequences=None,
    n_steps=None,
    truncate_gradient=-1,
    go_backwards=False,
    mode=None,
    name=None,
    profile=False,
    allow_gc=None,
    strict=False,
    return_list=False,
):
    """Call `fn` for each step of the sequences; its results are inputs of the next step.

    Parameters
    ----------
    fn : callable
        Takes slices of sequences, earlier outputs (from the farthest tap to the nearest) and
        non-sequences. Returns outputs, updates and an ``until(condition)``, in this order.
    sequences : variable, dict(input=, taps=), or list of them
    outputs_info : variable, dict(initial=, taps=), None, or list of them
        None, or an empty dict, for an output that is no input of the next step.
    non_sequences : variable or list of variables
    n_steps : int or integer scalar, optional
        A negative number runs as many steps, through the sequences from their end.
    truncate_gradient : int
        Steps of the gradient; -1 means all.
    go_backwards, strict, name, profile, mode, allow_gc
        As in :func:`pytensor.scan`.
    return_list : bool
        Whether to return a list even for one output.

    Returns
    -------
    outputs : variable or list of variables
        Stacked along a first axis.
    updates : OrderedUpdates
        Of shared variables, random states among them: give them to ``function``.
    """
    if isinstance(n_steps, float):
        n_steps = int(n_steps)
    if isinstance(n_steps, int) and n_steps < 0:
        n_steps, go_backwards = -n_steps, not go_backwards
    options = {
        "truncate_gradient": truncate_gradient,
        "go_backwards": go_backwards,
        "mode": None if mode is None else get_mode(mode),
        "name": name,
        "profile": profile,
        "allow_gc": allow_gc,
        "strict": strict,
    }
    arguments = {
        "sequences": [_sequence(sequence) for sequence in _as_list(sequences)],
        "outputs_info": [_output_info(info) for info in _as_list(outputs_info)],
        "non_sequences": [_as_variable(value) for value in _as_list(non_sequences)],
        "n_steps": n_steps,
    }
    # One step is no loop: the function that it is compiled into finds the states that it needs.
    if not isinstance(n_steps, Variable) and n_steps == 1:
        return _scan(fn, arguments, options, return_list)
    step = _Step(fn)
    outputs, updates = _scan(step, arguments, options, return_list)
    remember(partial(_scan_flat, options=options), arguments, step, _flat(outputs, updates))
    return outputs, updates


def _scan(step, arguments, options, return_list):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Scan return signature", DeprecationWarning)
        outputs, updates = pytensor.scan(step, **arguments, **options, return_list=return_list)
    return outputs, OrderedUpdates(updates)


def _scan_flat(arguments, step, options):
    """Everything that a loop returns, the new values of shared variables last."""
    return _flat(*_scan(step, arguments, options, True))


def _flat(outputs, updates):
    return [*_as_list(outputs), *updates.values()]


def _as_list(values: Any) -> list:
    if values is None:
        return []
    return list(values) if isinstance(values, (list, tuple)) else [values]


def _sequence(sequence):
    if isinstance(sequence, dict):
        return sequence | {"input": _as_variable(sequence["input"])}
    return _as_variable(sequence)


def _as_variable(value):
    return value if isinstance(value, Variable) else pt.as_tensor_variable(value)


def _output_info(given: Any) -> dict | None:
    """What PyTensor needs to know of an output: None, or a dict with taps."""
    if given is None:
        return None
    info = dict(given) if isinstance(given, dict) else {"initial": given, "taps": [-1]}
    if info.get("return_steps") is not None:
        raise ValueError("return_steps: take the steps you need from what scan returns")
    taps = info.get("taps")
    if info.get("initial") is None and taps is None:
        return None
    info["taps"] = [-1] if taps is None else _as_list(taps)
    if info.get("initial") is not None:
        info["initial"] = _as_variable(info["initial"])
    return info


class _Step:
    """A step whose results carry the updates of every random state that it reads.

    PyTensor only sees states that are made inside of `fn`. The results are kept as they were
    written.
    """

    def __init__(self, fn: Callable):
        self._fn = fn

    def __call__(self, *args):
        condition, outputs, updates = get_updates_and_outputs(self._fn(*args))
        updates = OrderedUpdates(updates)
        for variable in ancestors([*outputs, *updates.values()], blockers=args):
            update = getattr(variable, "default_update", None)
            if update is not None and variable not in updates:
                updates[variable] = update
        conditions = [] if condition is None else [condition]
        self._args, self._shared, self._n_outputs = args, list(updates), len(outputs)
        self.returned = [*outputs, *updates.values(), *conditions]
        return self._arranged(self.returned)

    def _arranged(self, returned):
        """Outputs, updates, and the condition, if there is one."""
        end = self._n_outputs + len(self._shared)
        updates = dict(zip(self._shared, returned[self._n_outputs : end], strict=True))
        return (returned[: self._n_outputs], updates, *map(Until, returned[end:]))

    def returning(self, results: list[Variable]) -> Callable:
        """The same step with other results, computed from the same arguments."""

        def step(*args):
            given = dict(zip(self._args, args, strict=True))
            return self._arranged(clone_replace(results, given, rebuild_strict=False))

        return step
