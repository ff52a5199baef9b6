"""``theano.gof.fg``: the graph of a function."""

from pytensor.graph.fg import FunctionGraph as FunctionGraph
from pytensor.graph.utils import InconsistencyError as InconsistencyError
from pytensor.graph.utils import MissingInputError as MissingInputError

from symgrad.theano.names import forward


class CachedConstantError(Exception):
    """Theano's: a constant was made for another graph. It is not raised here."""


__getattr__ = forward("theano.gof.fg", "pytensor.graph.fg")
