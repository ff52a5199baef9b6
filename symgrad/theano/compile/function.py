"""``theano.function``."""

import inspect
import pickle
from contextlib import nullcontext
from functools import partial
from typing import Any

from pytensor.compile.debug.profiling import ProfileStats
from pytensor.compile.executor import Function as PyTensorFunction
from pytensor.compile.maker import FunctionMaker
from pytensor.compile.mode import Mode
from pytensor.compile.rebuild import UnusedInputError, construct_function_ins_and_outs
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Constant, Variable
from pytensor.tensor import as_tensor_variable

from symgrad.theano.broadcast import widened
from symgrad.theano.compile.function_module import Function, convert_function_input, is_jax
from symgrad.theano.compile.io import In, Out
from symgrad.theano.compile.jax_indices import with_report
from symgrad.theano.compile.mode import get_mode
from symgrad.theano.configparser import config
from symgrad.theano.core import blas, compiling_on_jax
from symgrad.theano.test_values import paused
from symgrad.theano.updates import OrderedUpdates

__all__ = ["function", "function_dump"]


def function(
    inputs,
    outputs=None,
    mode=None,
    updates=None,
    givens=None,
    no_default_updates=False,
    accept_inplace=False,
    name=None,
    rebuild_strict=True,
    allow_input_downcast=None,
    profile=None,
    on_unused_input=None,
):
    """Compile a graph, as ``theano.function`` did.

    Parameters
    ----------
    inputs : list of variables, In, or tuples ``(variable, default)``
    outputs : variable or Out, list or dict of them, or None
        A dict makes a function that returns a dict.
    mode : str or Mode, optional
        See :func:`symgrad.theano.compile.mode.get_mode`.
    updates, givens : mapping or list of pairs, optional
    no_default_updates : bool or list of shared variables
        The shared variables whose ``default_update`` is left out; True means all.
    accept_inplace, rebuild_strict, allow_input_downcast, on_unused_input, name
        As in :func:`pytensor.function`.
    profile : bool, str or ProfileStats, optional
        As in PyTensor, but nothing is printed when the process ends.

    Returns
    -------
    Function

    Notes
    -----
    A graph that JAX or Numba cannot express raises when it is compiled.
    """
    if not isinstance(inputs, (list, tuple)):
        raise TypeError(f"inputs are a list, even if there is one only: write [{inputs}]")
    outputs, keys = _as_list(outputs)
    inputs = [_as_input(given, allow_input_downcast) for given in inputs]
    _check_distinct(inputs)
    outputs = _as_outputs(outputs)
    mode = get_mode(mode)
    given_outputs, updates = outputs, [_widened(*pair) for pair in _pairs(updates)]
    if is_jax(mode):
        outputs, updates = with_report(outputs, updates, _pairs(givens))
    expanded, cloned = construct_function_ins_and_outs(
        inputs,
        outputs,
        updates=updates,
        givens=_pairs(givens),
        no_default_updates=_as_bool_or_list(no_default_updates),
        rebuild_strict=rebuild_strict,
        allow_input_downcast=allow_input_downcast,
    )
    blas.configure()
    with compiling_on_jax() if is_jax(mode) else nullcontext(), paused():
        compiled = mode.function_maker(
            expanded,
            cloned,
            mode,
            accept_inplace=accept_inplace,
            function_class=_function_class(mode),
            profile=_profile(profile, name),
            on_unused_input=on_unused_input or config.on_unused_input,
            name=name,
        ).create()
    if isinstance(compiled, Function) and all(given.update is None for given in inputs):
        compiled.without_updates = partial(
            function,
            inputs,
            given_outputs,
            mode=mode,
            givens=givens,
            no_default_updates=True,
            name=name,
            rebuild_strict=rebuild_strict,
            on_unused_input="ignore",
        )
    return compiled if keys is None else _DictFunction(compiled, keys)


def _function_class(mode: Mode) -> type[PyTensorFunction]:
    """The class of the function; DebugMode and its like have a maker and a class of their own."""
    maker = mode.function_maker
    plain = maker is FunctionMaker or maker.__name__ == "FunctionMaker"
    return Function if plain else PyTensorFunction


class _DictFunction:
    """A function whose outputs were given as a dict."""

    def __init__(self, compiled, keys):
        self.compiled, self.keys = compiled, keys

    def __call__(self, *args, **kwargs):
        return dict(zip(self.keys, self.compiled(*args, **kwargs), strict=True))

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.compiled, name)

    def __getitem__(self, item):
        return self.compiled[item]


def _as_list(outputs):
    """The outputs, as a list if they are a dict, and the keys of the dict."""
    if not isinstance(outputs, dict):
        return outputs, None
    if not all(isinstance(key, str) for key in outputs):
        raise AssertionError("the keys of a dict of outputs are strings")
    keys = sorted(outputs)
    return [outputs[key] for key in keys], keys


def _as_input(given, allow_downcast):
    if isinstance(given, SharedVariable):
        raise TypeError(
            f"Cannot use a shared variable ({given}) as explicit input: replace it by an input "
            "with givens={shared: input}"
        )
    if isinstance(given, Constant):
        raise TypeError("Constants not allowed in param list", given)
    if isinstance(given, Variable):
        return In(given, allow_downcast=allow_downcast)
    if not isinstance(given, (In, tuple, list)) and not hasattr(given, "variable"):
        raise TypeError(f"an input is a variable or an In, not {type(given).__name__}")
    converted = convert_function_input(given)
    if converted.allow_downcast is None:
        converted.allow_downcast = allow_downcast
    return converted


def _check_distinct(inputs):
    seen = set()
    for given in inputs:
        if given.variable in seen:
            raise UnusedInputError(f"{given.variable} is given twice as an input")
        seen.add(given.variable)


def _as_outputs(outputs):
    """Outputs as PyTensor takes them; numbers become constants."""
    if outputs is None or isinstance(outputs, (Variable, Out)):
        return outputs
    if not isinstance(outputs, (list, tuple)):
        raise TypeError(f"outputs are a variable, a list or a dict, not {outputs!r}", outputs)
    return [
        output if isinstance(output, (Variable, Out)) else as_tensor_variable(output)
        for output in outputs
    ]


def _pairs(mapping: Any) -> list[tuple]:
    """A mapping, or a list of pairs, as a list of tuples."""
    if mapping is None:
        return []
    if isinstance(mapping, (dict, OrderedUpdates)):
        return list(mapping.items())
    return [tuple(pair) for pair in mapping]


def _widened(shared, new):
    return shared, widened(new, shared.type) if isinstance(new, Variable) else new


def _as_bool_or_list(no_default_updates):
    return list(no_default_updates) if isinstance(no_default_updates, tuple) else no_default_updates


def _profile(profile, name):
    if profile is True:
        return ProfileStats(message=name)
    return ProfileStats(message=profile) if isinstance(profile, str) else profile or None


def function_dump(filename, inputs, outputs=None, *args, extra_tag_to_remove=None, **options):
    """Write the arguments of a call of ``function`` to a file, to reproduce a fault elsewhere.

    The file holds a pickled dict: ``function(**pickle.load(file))`` compiles it.
    """
    bound = inspect.signature(function).bind(inputs, outputs, *args, **options)
    bound.apply_defaults()
    with open(filename, "wb") as file:
        pickle.dump(bound.arguments, file)
