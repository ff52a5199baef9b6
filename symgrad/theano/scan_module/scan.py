"""``theano.scan``: loops, with Theano's conventions."""

import warnings
from functools import partial

import pytensor
import pytensor.tensor as pt
from pytensor.graph.basic import Variable
from pytensor.graph.replace import clone_replace
from pytensor.graph.traversal import ancestors
from pytensor.scan.basic import get_updates_and_outputs
from pytensor.scan.utils import until as Until

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
        Empty dicts are as None: an output that is no input of the next step.
    non_sequences : variable or list of variables
    n_steps : int or integer scalar, optional
        Negative: as many steps, with the sequences from their end.
    truncate_gradient : int
        Steps of the gradient; -1 means all.
    go_backwards, strict, name, profile, mode, allow_gc
        As in :func:`pytensor.scan`.
    return_list : bool
        A list even for one output.

    Returns
    -------
    outputs : variable or list of variables
        Stacked along a first axis.
    updates : OrderedUpdates
        Of shared variables, random states among them: give them to ``function``.
    """
    outputs_info = _outputs_info(outputs_info)
    if isinstance(n_steps, float):
        n_steps = int(n_steps)
    if isinstance(n_steps, int) and n_steps < 0:
        n_steps, go_backwards = -n_steps, not go_backwards
    if mode is not None:
        from symgrad.theano.compile.mode import get_mode

        mode = get_mode(mode)
    # One step is no loop: the function it is compiled into finds the states that it needs.
    once = not isinstance(n_steps, Variable) and n_steps == 1
    options = {
        "truncate_gradient": truncate_gradient,
        "go_backwards": go_backwards,
        "mode": mode,
        "name": name,
        "profile": profile,
        "allow_gc": allow_gc,
        "strict": strict,
    }
    arguments = {
        "sequences": [_sequence(one) for one in _wrapped(sequences)],
        "outputs_info": outputs_info,
        "non_sequences": [_variable(one) for one in _wrapped(non_sequences)],
        "n_steps": n_steps,
    }
    if once:
        return _written(fn, arguments, options, return_list)
    step = _Step(fn)
    outputs, updates = _written(step, arguments, options, return_list)
    remember(partial(_all, options=options), arguments, step, _listed(outputs, updates))
    return outputs, updates


def _written(step, arguments, options, return_list):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Scan return signature", DeprecationWarning)
        outputs, updates = pytensor.scan(step, **arguments, **options, return_list=return_list)
    return outputs, OrderedUpdates(updates)


def _all(arguments, step, options):
    """All that a loop returns, the new values of shared variables last."""
    return _listed(*_written(step, arguments, options, True))


def _listed(outputs, updates):
    return [*_wrapped(outputs), *updates.values()]


def _wrapped(given):
    if given is None:
        return []
    return list(given) if isinstance(given, (list, tuple)) else [given]


def _sequence(one):
    if isinstance(one, dict):
        return dict(one) | {"input": _variable(one["input"])}
    return _variable(one)


def _variable(value):
    return value if isinstance(value, Variable) else pt.as_tensor_variable(value)


def _outputs_info(given):
    """Each as None or as a dict with taps."""
    infos = []
    for one in _wrapped(given):
        if isinstance(one, dict):
            info = dict(one)
            if info.get("return_steps") is not None:
                raise ValueError("return_steps: take the steps you need from what scan returns")
            if info.get("initial") is None and info.get("taps") is None:
                infos.append(None)
                continue
            taps = info.get("taps")
            info["taps"] = [-1] if taps is None else _wrapped(taps)
        elif one is None:
            infos.append(None)
            continue
        else:
            info = {"initial": one, "taps": [-1]}
        if info.get("initial") is not None:
            info["initial"] = _variable(info["initial"])
        infos.append(info)
    return infos


class _Step:
    """`fn`, whose results carry the updates of every random state that they read.

    PyTensor sees those of states made inside of `fn` alone. What was written is kept.
    """

    def __init__(self, fn):
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

    def returning(self, news):
        """The same step with other results, made of the same arguments."""

        def step(*args):
            given = dict(zip(self._args, args, strict=True))
            return self._arranged(clone_replace(news, given, rebuild_strict=False))

        return step
