"""What the port depends on in PyTensor, and PyTensor does not promise.

Private names are imported from here. :data:`PRIVATE` lists them, with the attributes that the port
reads or replaces; :data:`POSITIONS` are the places of its rewrites in PyTensor's database. All
were checked on the versions in :data:`CHECKED`, and a test fails when a name is gone, or when the
rewrites around ours moved.
"""

from dataclasses import dataclass
from importlib.util import find_spec

from pytensor.compile.executor import DUPLICATE, _pickle_Function
from pytensor.configdefaults import config
from pytensor.graph.fg import Output
from pytensor.tensor.rewriting import subtensor as index_rewrites
from pytensor.tensor.variable import _tensor_py_operators

__all__ = [
    "BUILDS_INNER_GRAPHS",
    "CHECKED",
    "DUPLICATE",
    "IFELSE",
    "POSITIONS",
    "PRIVATE",
    "REWRITES_AROUND",
    "Output",
    "Private",
    "TensorOperators",
    "config_flags",
    "index_rewrites",
    "reduce_function",
]

CHECKED = ("3.0.7", "3.3.7")


@dataclass(frozen=True)
class Private:
    """A name of PyTensor that is not promised.

    Parameters
    ----------
    path : str
        ``module:attribute``.
    used_for : str
        What of Theano needs it.
    """

    path: str
    used_for: str


PRIVATE = (
    # Compiled functions.
    Private("pytensor.compile.executor:Function._finder", "f.container, f[x]"),
    Private("pytensor.compile.executor:Function._inv_finder", "f.inv_finder"),
    Private("pytensor.compile.executor:Function.input_storage", "defaults of inputs"),
    Private("pytensor.compile.executor:Function.unpack_single", "copies return lists"),
    Private("pytensor.compile.executor:Function.vm", "f.fn"),
    Private("pytensor.compile.executor:DUPLICATE", "an input that several names share"),
    Private("pytensor.compile.executor:_pickle_Function", "pickles of functions"),
    Private("pytensor.compile.maker:FunctionMaker", "theano.function"),
    Private("pytensor.compile.rebuild:construct_function_ins_and_outs", "theano.function"),
    Private("pytensor.link.basic:Container", "In(value=), f.container"),
    # Configuration.
    Private("pytensor.configdefaults:config._config_var_dict", "theano.config"),
    # Variables; all of these are replaced by install_as_theano.
    Private("pytensor.tensor.variable:_tensor_py_operators.__bool__", "if x:"),
    Private("pytensor.tensor.variable:_tensor_py_operators.__getitem__", "x[[slice(1, 2)]]"),
    Private("pytensor.tensor.variable:_tensor_py_operators.reshape", "x.reshape(shape, ndim)"),
    Private("pytensor.graph.basic:Variable.eval", "x.eval()"),
    Private("pytensor.graph.basic:Variable.__init__", "Variable(type)"),
    Private("pytensor.compile.sharedvalue:SharedVariable.default_update", "default updates"),
    # Graphs, rewriters and loops.
    Private("pytensor.graph.op:Op.__call__", "config.compute_test_value"),
    Private("pytensor.graph.op:Op.make_thunk", "config.compute_test_value"),
    Private("pytensor.graph.fg:FunctionGraph.__init__", "x.clients, x.fgraph"),
    Private("pytensor.graph.fg:Output", "x.clients"),
    Private("pytensor.graph.rewriting.basic:GraphRewriter.rewrite", "optimizer.optimize"),
    Private("pytensor.scan.op:Scan.inner_inputs", "scan.inputs"),
    Private("pytensor.scan.op:Scan.inner_outputs", "scan.outputs"),
    Private("pytensor.scan.basic:get_updates_and_outputs", "what the step of a scan returns"),
    Private("pytensor.tensor.rewriting.subtensor:_eager_scalar", "indices with one entry"),
    # Text.
    Private("pytensor.graph.utils:MetaType", "printing of classes"),
    Private("pytensor.printing:char_from_number", "debugprint"),
    Private("pytensor.printing:pprint.printers_dict", "pp"),
    Private("pytensor.tensor:add.name", "printing of Ops"),
    # Code for Numba.
    Private("pytensor.link.numba.dispatch.basic:generate_fallback_impl", "RandomStreams"),
    Private("pytensor.link.numba.dispatch.basic:numba_njit", "MRG_RandomStreams"),
    Private("pytensor.link.numba.dispatch.basic:register_funcify_and_cache_key", "our Ops"),
    Private("pytensor.link.numba.dispatch.basic:register_funcify_default_op_cache_key", "our Ops"),
    Private("pytensor.link.numba.dispatch.basic:tuple_setitem", "MRG_RandomStreams"),
)

TensorOperators = _tensor_py_operators
reduce_function = _pickle_Function

IFELSE = "pytensor.conditional.op" if find_spec("pytensor.conditional") else "pytensor.ifelse"
"""The module of ``ifelse``: newer PyTensor has it among conditionals."""

BUILDS_INNER_GRAPHS = tuple(
    f"pytensor/{path}"
    for path in (
        "compile/",
        "gradient.py",
        "graph/",
        "scan/",
        "tensor/blockwise.py",
        "tensor/elemwise.py",
    )
)
"""Files in which PyTensor builds graphs of its own; their inputs have no test values."""

POSITIONS = {
    "theano_set_to_inc": 0.1,
    "theano_written_softmax": 0.105,
    "theano_picked_log": 0.11,
    "theano_scans": 100.9,
}
"""Where our rewrites are: on the graph as it was written, the softmax before its logarithm; the
modes of scans before symgrad's own, at 101."""

REWRITES_AROUND = {
    "theano_set_to_inc": ("merge1", "canonicalize"),
    "theano_written_softmax": ("merge1", "canonicalize"),
    "theano_picked_log": ("merge1", "canonicalize"),
    "theano_scans": ("merge3", "jax_random_vars_rewrites"),
}
"""The rewrites of PyTensor that ours come after and before."""


def config_flags() -> dict:
    """The flags of PyTensor by name, with ``__`` between a section and its flag."""
    return config._config_var_dict
