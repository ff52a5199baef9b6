"""PyTensor's variables behave as Theano's did."""

# A patch assigns to methods and attributes.
# mypy: disable-error-code="method-assign, assignment, attr-defined"

from operator import attrgetter

import numpy as np
import pytensor
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Variable
from pytensor.scalar.basic import GE, GT, LE, LT
from pytensor.tensor.elemwise import Elemwise
from pytensor.tensor.type_other import SliceType
from pytensor.tensor.variable import TensorVariable

from symgrad.theano.broadcast import Rebroadcast
from symgrad.theano.compile.mode import get_mode
from symgrad.theano.pytensor_compat import TensorOperators
from symgrad.theano.tensor.subtensor import by_slice
from symgrad.theano.test_values import paused

__all__ = ["apply"]


def apply() -> None:
    """Give variables Theano's truth value, indexing, ``reshape``, ``eval`` and default updates."""
    TensorOperators.__bool__ = _is_true
    TensorOperators.reshape = reshape
    TensorOperators.__getitem__ = _getitem
    Variable.eval = _eval
    for variable_class in (Variable, TensorVariable):
        variable_class.__init__.__defaults__ = (None, None, None)  # owner, index, name
    SharedVariable._default_update = None  # of shared variables that Theano pickled
    SharedVariable.default_update = property(
        attrgetter("_default_update"), _set_default_update, _set_default_update
    )


def _is_true(variable):
    """True, because the variable exists; a comparison has no truth value and raises TypeError."""
    op = getattr(variable.owner, "op", None)
    if isinstance(op, Elemwise) and isinstance(op.scalar_op, (LT, GT, LE, GE)):
        raise TypeError(
            "Variables do not support boolean operations: a comparison is a graph, so write "
            "T.switch or ifelse, or compile it and test what it returns"
        )
    return True


_pytensor_getitem = TensorOperators.__getitem__


def _getitem(variable, index):
    """``variable[index]``: a list that holds a slice acts as a tuple; a slice may be symbolic."""
    if isinstance(getattr(index, "type", None), SliceType):
        return by_slice(variable, index)
    if isinstance(index, list) and any(isinstance(entry, slice) for entry in index):
        index = tuple(index)
    if isinstance(index, tuple) and any(entry is None for entry in index):
        variable = _without_unindexed_axes(variable, index)
    return _pytensor_getitem(variable, index)


def _without_unindexed_axes(variable, index):
    """``col[:, None]`` is a column: next to a new axis, axes beyond the index are dropped.

    Theano dropped axes of length one, and raised for others.
    """
    entries = [entry for entry in index if entry is not None]
    basic = all(isinstance(entry, (slice, int)) or np.ndim(entry) == 0 for entry in entries)
    stretching = all(variable.broadcastable[len(entries) :])
    if not basic or Ellipsis in entries or not stretching:
        return variable
    return variable.dimshuffle(*range(len(entries)))


def _set_default_update(variable, update=None):
    """Set the default update without PyTensor's warning; ``del`` removes it."""
    if update is not None:
        update = variable.type.filter_variable(update, allow_convert=True)
        if update.type != variable.type:  # it may know lengths; PyTensor wants the same type
            update = Rebroadcast(*enumerate(variable.type.broadcastable))(update)
    variable._default_update = update


def reshape(variable: TensorVariable, shape, ndim: int | None = None) -> TensorVariable:
    """``variable.reshape(shape, ndim)``: in Theano `ndim` may be given by position."""
    return pytensor.tensor.reshape(variable, shape, ndim=ndim)


_pytensor_eval = Variable.eval


def _eval(variable, inputs_to_values=None, **options):
    """``variable.eval``, compiled in the mode that functions have."""
    options.setdefault("mode", get_mode())
    with paused():
        return _pytensor_eval(variable, inputs_to_values, **options)
