"""The names of Theano 1.0 over PyTensor: ``import symgrad.theano as theano``.

The modules are those of Theano. A name that PyTensor still has is passed on, one whose signature
changed is adapted, and one that is gone is written anew; a missing name says so when it is used.
Modules that only pass on names have no file: :mod:`symgrad.theano.reexports` has a row for each.

Importing it changes nothing in PyTensor or NumPy; ``install_as_theano`` does, and says what.

Of the rest of symgrad the port uses what :mod:`symgrad.theano.core` imports (backends and their
modes, checks of indices, replacement in graphs), the classes of :mod:`symgrad.errors`,
:mod:`symgrad.dispatch`, and the Ops of :mod:`symgrad.spatial`. Nothing of the rest imports the
port, but the command line and ``sg.install_as_theano``. Names of PyTensor that are not promised
are in :mod:`symgrad.theano.pytensor_compat`.
"""

import sys

from pytensor.graph.fg import FunctionGraph

from symgrad.theano import importer

importer.find_reexports()

from symgrad.theano import gof, scalar  # isort: skip
from symgrad.theano import compile  # isort: skip
from symgrad.theano import tensor  # isort: skip
from symgrad.theano import gradient, printing, scan_module, updates, version
from symgrad.theano.compile import (
    In,
    Mode,
    OpFromGraph,
    Out,
    Param,
    SymbolicInput,
    SymbolicOutput,
    as_op,
    function,
    function_dump,
    shared,
)
from symgrad.theano.configdefaults import config
from symgrad.theano.configparser import change_flags
from symgrad.theano.gof import (
    Apply,
    Constant,
    Generic,
    Op,
    OpenMPOp,
    Type,
    Variable,
    generic,
    object2,
    opt,
    toolbox,
)
from symgrad.theano.gradient import Lop, Rop, grad, subgraph_grad
from symgrad.theano.misc.safe_asarray import _asarray
from symgrad.theano.names import forward
from symgrad.theano.printing import pp, pprint
from symgrad.theano.scan_module import clone, foldl, foldr, map, reduce, scan
from symgrad.theano.tensor.basic import dot, get_scalar_constant_value
from symgrad.theano.updates import OrderedUpdates

__version__ = version.version
__api_version__ = 1
theano = sys.modules[__name__]  # the module had itself: ``from theano import theano``


def sparse_grad(var):
    """`var`, rows of a table; their gradient is taken by row in any case."""
    return var


__getattr__ = forward(
    "theano",
    "symgrad.theano.compile",
    "symgrad.theano.gof",
    "symgrad.theano.scan_module",
    "pytensor.link.basic",
)
