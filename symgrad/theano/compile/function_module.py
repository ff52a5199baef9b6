"""Compiled functions with defaults and state, and access to both by name."""

from typing import Any

import numpy as np
import pytensor.compile.executor as executor
from pytensor.compile.io import SymbolicInput
from pytensor.compile.mode import Mode
from pytensor.link.basic import Container
from pytensor.link.jax.linker import JAXLinker

from symgrad.theano.compile.io import In
from symgrad.theano.compile.jax_indices import check_report, returned_beside_report
from symgrad.theano.core import calling_on_jax
from symgrad.theano.names import forward
from symgrad.theano.pytensor_compat import DUPLICATE, reduce_function

# Whether a function of this process ran on JAX, which leaves its arrays in shared variables.
_JAX_IN_USE: set[bool] = set()


class Function(executor.Function):
    """A compiled function; ``f[x]`` is the value of a default, a state or a shared variable."""

    __slots__ = ("_beside_report", "_defaults", "_on_jax", "without_updates")

    def __init__(self, vm, input_storage, *args, **kwargs):
        super().__init__(vm, input_storage, *args, **kwargs)
        inputs = self.maker.expanded_inputs
        # A value given for an input with a default is forgotten after the call.
        self._defaults = [
            container
            for symbolic, container in zip(inputs, input_storage, strict=True)
            if isinstance(symbolic.value, Container)
            and not symbolic.shared
            and symbolic.update is None
        ]
        self._on_jax = is_jax(self.maker.mode)
        self._beside_report = returned_beside_report(self.maker.outputs) if self._on_jax else None
        _JAX_IN_USE.update({True} if self._on_jax else ())
        self.without_updates = None

    def __reduce__(self):
        return reduce_function(self)

    def __call__(self, *args, **kwargs):
        if not self._defaults:
            return self._evaluate(args, kwargs)
        before = [container.storage[0] for container in self._defaults]
        try:
            return self._evaluate(args, kwargs)
        finally:
            for container, value in zip(self._defaults, before, strict=True):
                container.storage[0] = value

    def _evaluate(self, args, kwargs):
        if self._on_jax:
            return self._evaluate_jax(args, kwargs)
        if _JAX_IN_USE:
            for shared in self.get_shared():
                shared.get_value(borrow=True)  # copies JAX's array to NumPy: C would crash on it
        try:
            return super().__call__(*args, **kwargs)
        except OverflowError as error:  # NumPy 2 raises it for an integer that does not fit
            raise TypeError(*error.args) from error

    def _evaluate_jax(self, args, kwargs):
        with calling_on_jax(self.get_shared()):
            values = super().__call__(*args, **kwargs)
        if not isinstance(values, list):
            return None if values is None else np.asarray(values)
        values = [np.asarray(value) for value in values]
        if self._beside_report is None:
            return values
        check_report(values.pop())
        if self._beside_report == "nothing":
            return None
        return values[0] if self._beside_report == "one" else values

    def copy(self, share_memory=False, swap=None, delete_updates=False, name=None, profile=None):
        """A copy with values of its own; as in Theano, it returns a list even for one output."""
        source = self
        if delete_updates and self.without_updates and self._updates_in_place():
            # A node may compute an output and an update: without updates it is another graph.
            source, delete_updates = self.without_updates(), False
        copied = executor.Function.copy(source, share_memory, swap, delete_updates, name, profile)
        copied.unpack_single = False
        copied._beside_report = source._beside_report and "several"
        return copied

    def _updates_in_place(self):
        graph = self.maker.fgraph
        updated = [graph.inputs[index] for index in graph.update_mapping.values()]
        return hasattr(graph, "destroyers") and any(map(graph.destroyers, updated))

    finder = property(lambda self: self._finder, doc="The containers by position, name, variable.")
    inv_finder = property(lambda self: self._inv_finder, doc="The inputs of the containers.")
    fn = property(lambda self: self.vm, doc="What runs the graph.")
    container = property(lambda self: Containers(self), doc="``f.container[x]``")
    value = property(lambda self: Values(self), doc="``f.value[x]``, the same as ``f[x]``.")

    @property
    def defaults(self):
        """For each input: whether it must be given, whether it is reset, and its value."""
        return [
            (
                symbolic.value is None,
                not symbolic.shared and symbolic.update is None,
                container.storage[0],
            )
            for symbolic, container in zip(
                self.maker.expanded_inputs, self.input_storage, strict=True
            )
        ]

    def __getitem__(self, item):
        return self.value[item]

    def __setitem__(self, item, value):
        self.value[item] = value

    def __contains__(self, item):
        return item in self._finder

    def __str__(self):
        return f"<theano.compile.function_module.Function object at {id(self):#x}>"

    __repr__ = __str__

    def sync_shared(self):
        """Do nothing: shared variables are always up to date."""


class Containers:
    """The containers of a function by position, by name or by variable."""

    def __init__(self, function):
        self._finder = function._finder

    def __getitem__(self, item):
        try:
            container = self._finder[item]
        except KeyError:
            raise KeyError(f"{item!r} is no input of this function") from None
        if container is DUPLICATE:
            raise TypeError(f"{item!r} names several inputs: give the variable, or the position")
        return container

    def __contains__(self, item):
        return item in self._finder


class Values(Containers):
    """The values in these containers."""

    def __getitem__(self, item):
        return super().__getitem__(item).value

    def __setitem__(self, item, value):
        container = super().__getitem__(item)
        container.value = value


def is_jax(mode: Mode) -> bool:
    """Whether a mode compiles by JAX."""
    return isinstance(mode.linker, JAXLinker)


def convert_function_input(given: Any) -> SymbolicInput:
    """An input as a program may write it: a variable, an In, or ``(variable, value)``."""
    if isinstance(given, SymbolicInput):
        return given
    if isinstance(given, (list, tuple)):
        return _from_tuple(tuple(given))
    return In(given)


def _from_tuple(given):
    """``([name,] variable [, value])``, where the variable may be ``(variable, update)``."""
    name, given = (given[0], given[1:]) if isinstance(given[0], str) else (None, given)
    if not given or len(given) > 2:
        raise TypeError(f"an input is (variable, value) or (name, variable, value), not {given}")
    value = given[1] if len(given) == 2 else None
    variable, update = given[0] if isinstance(given[0], (list, tuple)) else (given[0], None)
    return In(variable, name=name, value=value, update=update)


__getattr__ = forward(
    "theano.compile.function_module",
    "pytensor.compile.executor",
    "pytensor.compile.maker",
    "pytensor.compile.rebuild",
)
