"""What Theano's programs expect of a process, and newer Python, NumPy and PyTensor dropped.

Done by ``symgrad run`` and ``install_as_theano``, never by importing :mod:`symgrad.theano`.
"""

import collections
import collections.abc
import inspect
from operator import attrgetter

import numpy as np
import pytensor
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Variable, as_string
from pytensor.graph.fg import FunctionGraph
from pytensor.graph.rewriting.basic import GraphRewriter, WalkingGraphRewriter
from pytensor.graph.utils import MetaType
from pytensor.scalar.basic import GE, GT, LE, LT
from pytensor.scan.op import Scan
from pytensor.tensor.elemwise import DimShuffle, Elemwise
from pytensor.tensor.math import Dot, Sum
from pytensor.tensor.rewriting import subtensor as rewrites_of_indices
from pytensor.tensor.type import TensorType
from pytensor.tensor.type_other import SliceType
from pytensor.tensor.variable import TensorConstant, TensorVariable, _tensor_py_operators

from symgrad.backends.c.sums import RowSum
from symgrad.theano import texts
from symgrad.theano.compile.mode import backend, get_mode
from symgrad.theano.gof.clients import revive_clients
from symgrad.theano.gof.test_values import paused
from symgrad.theano.index_texts import WORDED
from symgrad.theano.patterns import Rebroadcast
from symgrad.theano.revive_numpy import revive_names, revive_numpy
from symgrad.theano.tensor.subtensor import by_slice

__all__ = ["revive"]

COLLECTIONS = tuple(collections.abc.__all__)


def revive():
    """Bring it all back; doing it twice is doing it once."""
    revive_numpy()
    revive_names(collections, {name: getattr(collections.abc, name) for name in COLLECTIONS})
    revive_names(inspect, {"getargspec": _getargspec})
    _tensor_py_operators.__bool__ = _is_true
    _tensor_py_operators.reshape = _reshape
    _tensor_py_operators.__getitem__ = _getitem
    pytensor.config.linker = {"c": "cvm"}.get(backend(), backend())
    Variable.eval = _evaluate
    for kind in (Variable, TensorVariable):
        kind.__init__.__defaults__ = (None, None, None)  # owner, index, name
    GraphRewriter.optimize = GraphRewriter.rewrite
    Scan.inputs, Scan.outputs = Scan.inner_inputs, Scan.inner_outputs
    rewrites_of_indices._eager_scalar = _pytensor_eager_scalar and _eager_scalar
    _revive_texts()
    revive_clients()
    SharedVariable._default_update = None  # of those that Theano pickled
    SharedVariable.default_update = property(
        attrgetter("_default_update"), _set_default_update, _set_default_update
    )


def _revive_texts():
    FunctionGraph.__repr__ = FunctionGraph.__str__ = _graph_as_text
    TensorType.__repr__ = TensorType.__str__ = texts.type_as_text
    TensorConstant.__repr__ = TensorConstant.__str__ = texts.variable_as_text
    for kind in (Elemwise, DimShuffle, Sum, RowSum, Dot, *WORDED):
        kind.__str__ = texts.op_as_text
    MetaType.__repr__ = texts.class_as_text
    WalkingGraphRewriter.__repr__ = texts.object_as_text
    texts.name_the_elemwise()


_pytensor_eager_scalar = getattr(rewrites_of_indices, "_eager_scalar", None)


def _eager_scalar(value):
    """PyTensor 3.0 takes the int of an array with one element, which newer NumPy refuses."""
    if isinstance(value, TensorConstant):
        return int(value.data.item())
    return _pytensor_eager_scalar(value)


_ArgSpec = collections.namedtuple("ArgSpec", "args varargs keywords defaults")


def _getargspec(function):
    """The first four parts of what ``getfullargspec`` tells."""
    return _ArgSpec(*inspect.getfullargspec(function)[:4])


def _graph_as_text(fgraph):
    return f"[{', '.join(as_string(fgraph.inputs, fgraph.outputs))}]"


def _is_true(variable):
    """As in Theano: a variable is there, so it is true; of a comparison nobody knows."""
    op = getattr(variable.owner, "op", None)
    if isinstance(op, Elemwise) and isinstance(op.scalar_op, (LT, GT, LE, GE)):
        raise TypeError(
            "Variables do not support boolean operations: a comparison is a graph, so write "
            "T.switch or ifelse, or compile it and test what it returns"
        )
    return True


_pytensor_getitem = _tensor_py_operators.__getitem__


def _getitem(variable, index):
    """A list with a slice in it is as a tuple; and a slice may be a variable."""
    if isinstance(getattr(index, "type", None), SliceType):
        return by_slice(variable, index)
    if isinstance(index, list) and any(isinstance(one, slice) for one in index):
        index = tuple(index)
    if isinstance(index, tuple) and any(one is None for one in index):
        variable = _without_unnamed_ones(variable, index)
    return _pytensor_getitem(variable, index)


def _without_unnamed_ones(variable, index):
    """``col[:, None]`` is a column: beside a new axis, axes that are not named are dropped.

    Theano did so for axes of length one, and raised for others.
    """
    named = [one for one in index if one is not None]
    basic = all(isinstance(one, (slice, int)) or np.ndim(one) == 0 for one in named)
    if not basic or Ellipsis in named or not all(variable.broadcastable[len(named) :]):
        return variable
    return variable.dimshuffle(*range(len(named)))


def _set_default_update(variable, update=None):
    """Without PyTensor's warning; ``del`` takes it away."""
    if update is not None:
        update = variable.type.filter_variable(update, allow_convert=True)
        if update.type != variable.type:  # it may know lengths; PyTensor wants the same type
            update = Rebroadcast(*enumerate(variable.type.broadcastable))(update)
    variable._default_update = update


def _reshape(variable, shape, ndim=None):
    """As in Theano, `ndim` may be given by its place."""
    return pytensor.tensor.reshape(variable, shape, ndim=ndim)


_pytensor_eval = Variable.eval


def _evaluate(variable, inputs_to_values=None, **options):
    """``eval`` by the mode that functions have."""
    options.setdefault("mode", get_mode())
    with paused():
        return _pytensor_eval(variable, inputs_to_values, **options)
