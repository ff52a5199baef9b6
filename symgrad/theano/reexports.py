"""The modules of Theano that have nothing of their own: one table says where their names live.

A row is all there is of such a module; :mod:`symgrad.theano.importer` makes the module from it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from symgrad.theano.pytensor_compat import IFELSE

__all__ = ["REEXPORTS", "Reexport"]


@dataclass(frozen=True)
class Reexport:
    """A module that passes on names of other modules.

    Parameters
    ----------
    doc : str
        What the module was for in Theano.
    sources : tuple of str
        The modules that are asked for a name, in this order.
    names : mapping of str to str
        Names that come from one module: ``{name: module}``. They go before the sources.
    renamed : mapping of str to str
        Names that are called otherwise in the sources: ``{name in Theano: name there}``.
    package : bool
        Whether other modules are inside of it.
    """

    doc: str
    sources: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    renamed: Mapping[str, str] = field(default_factory=dict)
    package: bool = False


def _from(module: str, *names: str) -> dict[str, str]:
    return dict.fromkeys(names, module)


_GPU = "symgrad.theano.gpu"
_CUDA = ("symgrad.theano.sandbox.cuda", "symgrad.theano.gpuarray.dnn")
_SPARSE = ("symgrad.theano.sparse", "pytensor.sparse.rewriting", "pytensor.sparse.sharedvar")
_LINALG = ("symgrad.theano.tensor.nlinalg", "symgrad.theano.tensor.slinalg")

REEXPORTS = {
    "theano.compat.python2x": Reexport(
        "Names of newer Python.", ("symgrad.theano.compat", "collections", "functools")
    ),
    "theano.compile.debugmode": Reexport(
        "A mode that checks every node.", ("pytensor.compile.debug.debugmode",)
    ),
    "theano.compile.nanguardmode": Reexport(
        "A mode that stops at a NaN.", ("pytensor.compile.debug.nanguardmode",)
    ),
    "theano.compile.profiling": Reexport(
        "Where a function spends its time.", ("pytensor.compile.debug.profiling",)
    ),
    "theano.d3viz": Reexport("Graphs in a browser.", ("pytensor.d3viz",), package=True),
    "theano.d3viz.d3viz": Reexport("A graph as a page.", ("pytensor.d3viz.d3viz",)),
    "theano.d3viz.formatting": Reexport(
        "A graph as Graphviz draws it.", ("pytensor.d3viz.formatting",)
    ),
    "theano.gof.cc": Reexport("The linker for C.", ("pytensor.link.c.basic",)),
    "theano.gof.cmodule": Reexport("Compiled C modules.", ("pytensor.link.c.cmodule",)),
    "theano.gof.compilelock": Reexport(
        "The lock of the folder of compiled code.", ("pytensor.compile.compilelock",)
    ),
    "theano.gof.destroyhandler": Reexport(
        "The order of nodes that overwrite their inputs.", ("pytensor.graph.destroyhandler",)
    ),
    "theano.gof.fg": Reexport(
        "The graph of a function.",
        ("pytensor.graph.fg",),
        names=_from("pytensor.graph.utils", "InconsistencyError", "MissingInputError")
        | _from("symgrad.theano.gof.utils", "CachedConstantError"),
    ),
    "theano.gof.link": Reexport(
        "Linkers.", ("pytensor.link.basic", "pytensor.link.utils", "pytensor.graph.utils")
    ),
    "theano.gof.null_type": Reexport(
        "The type of a gradient that is not defined.", ("pytensor.graph.null_type",)
    ),
    "theano.gof.optdb": Reexport(
        "Databases of rewrites.",
        ("pytensor.graph.rewriting.db",),
        renamed={"DB": "RewriteDatabase", "Query": "RewriteDatabaseQuery"},
    ),
    "theano.gof.params_type": Reexport(
        "Parameters of an Op for its C code.", ("pytensor.link.c.params_type",)
    ),
    "theano.gof.sched": Reexport("The order of nodes.", ("pytensor.graph.traversal",)),
    "theano.gof.toolbox": Reexport(
        "Features of graphs.",
        ("pytensor.graph.features",),
        renamed={"ReplacementDidntRemovedError": "ReplacementDidNotRemoveError"},
    ),
    "theano.gof.unify": Reexport("Patterns of graphs.", ("pytensor.graph.rewriting.unify",)),
    "theano.gof.vm": Reexport("Virtual machines, which run graphs.", ("pytensor.link.vm",)),
    "theano.gpuarray": Reexport(
        "Devices of libgpuarray: there are none.",
        names=_from(
            _GPU,
            "ContextNotDefined",
            "GpuArraySharedVariable",
            "GpuArrayType",
            "GpuArrayVariable",
            "get_context",
            "list_contexts",
            "pygpu",
            "pygpu_activated",
        ),
        package=True,
    ),
    "theano.gpuarray.dnn": Reexport(
        "cuDNN: it is not there.", names=_from(_GPU, "dnn_available", "dnn_present")
    ),
    "theano.gpuarray.type": Reexport(
        "Types of arrays on a device: no variable has them.",
        names=_from(
            _GPU,
            "ContextNotDefined",
            "GpuArrayConstant",
            "GpuArraySharedVariable",
            "GpuArrayType",
            "GpuArrayVariable",
            "get_context",
            "list_contexts",
        ),
    ),
    "theano.ifelse": Reexport("One of two graphs is computed.", (IFELSE,)),
    "theano.misc.frozendict": Reexport("A mapping that is a key.", ("pytensor.misc.frozendict",)),
    "theano.misc.may_share_memory": Reexport(
        "Whether two arrays may overlap.", ("pytensor.misc.may_share_memory",)
    ),
    "theano.misc.ordered_set": Reexport(
        "A set that keeps its order.", ("pytensor.misc.ordered_set",)
    ),
    "theano.sandbox.cuda": Reexport(
        "Devices of the first CUDA backend: there are none.",
        names=_from(
            _GPU,
            "CudaNdarray",
            "CudaNdarrayConstant",
            "CudaNdarraySharedVariable",
            "CudaNdarrayType",
            "CudaNdarrayVariable",
            "GpuOp",
            "cuda_available",
            "cuda_enabled",
            "use",
        ),
        package=True,
    ),
    "theano.sandbox.cuda.basic_ops": Reexport("Names of the CUDA backend.", _CUDA),
    "theano.sandbox.cuda.blas": Reexport("Names of the CUDA backend.", _CUDA),
    "theano.sandbox.cuda.dnn": Reexport("Names of the CUDA backend.", _CUDA),
    "theano.sandbox.cuda.type": Reexport("Names of the CUDA backend.", _CUDA),
    "theano.sandbox.cuda.var": Reexport("Names of the CUDA backend.", _CUDA),
    "theano.sandbox.gpuarray": Reexport(
        "The older place of theano.gpuarray.", ("symgrad.theano.gpuarray",), package=True
    ),
    "theano.sandbox.linalg": Reexport(
        "The older place of linear algebra.",
        _LINALG,
        names=_from("symgrad.theano.tensor.slinalg", "Solve", "kron", "solve"),
        package=True,
    ),
    "theano.sandbox.linalg.ops": Reexport(
        "The older place of linear algebra.", ("symgrad.theano.sandbox.linalg",)
    ),
    "theano.sandbox.multinomial": Reexport(
        "Uniform numbers to outcomes of given probabilities.",
        names=_from(
            "symgrad.theano.ops.multinomial", "ChoiceFromUniform", "MultinomialFromUniform"
        ),
    ),
    "theano.sandbox.neighbours": Reexport(
        "The older place of patches of images.", ("symgrad.theano.tensor.nnet.neighbours",)
    ),
    "theano.sandbox.softsign": Reexport(
        "The older place of softsign.", ("symgrad.theano.tensor.nnet.nnet",)
    ),
    "theano.sandbox.solve": Reexport(
        "The older place of solve.", ("symgrad.theano.tensor.slinalg",)
    ),
    "theano.scalar.basic": Reexport("Ops on numbers.", ("symgrad.theano.scalar",)),
    "theano.scalar.basic_scipy": Reexport(
        "Special functions of numbers.", ("pytensor.scalar.math",)
    ),
    "theano.scalar.sharedvar": Reexport("Shared numbers.", ("pytensor.scalar.sharedvar",)),
    "theano.scan_module.scan_checkpoints": Reexport(
        "Loops that compute steps again instead of keeping them.", ("pytensor.scan.checkpoints",)
    ),
    "theano.scan_module.scan_op": Reexport("The Op of a loop.", ("pytensor.scan.op",)),
    "theano.scan_module.scan_opt": Reexport("Rewrites of loops.", ("pytensor.scan.rewriting",)),
    "theano.sparse.basic": Reexport("Sparse matrices.", _SPARSE),
    "theano.sparse.opt": Reexport("Rewrites of sparse matrices.", _SPARSE),
    "theano.sparse.sharedvar": Reexport("Shared sparse matrices.", _SPARSE),
    "theano.sparse.type": Reexport("The type of sparse matrices.", _SPARSE),
    "theano.sparse.utils": Reexport("Sparse matrices as keys.", ("pytensor.sparse.utils",)),
    "theano.tensor.blas": Reexport("Products by BLAS.", ("pytensor.tensor.blas",)),
    "theano.tensor.fft": Reexport("Fourier transforms.", ("pytensor.tensor.fft",)),
    "theano.tensor.io": Reexport("Arrays from disk and from other processes: they are missing."),
    "theano.tensor.nnet.opt": Reexport(
        "How convolutions are computed; here their Ops decide.",
        (
            "symgrad.theano.tensor.nnet.abstract_conv",
            "symgrad.theano.tensor.nnet.corr",
            "symgrad.theano.tensor.nnet.corr3d",
            "symgrad.theano.tensor.nnet.blocksparse",
        ),
    ),
    "theano.tensor.opt": Reexport(
        "Rewrites of graphs of tensors.",
        (
            "pytensor.tensor.rewriting.basic",
            "pytensor.tensor.rewriting.math",
            "pytensor.tensor.rewriting.elemwise",
            "pytensor.tensor.rewriting.shape",
            "pytensor.tensor.rewriting.subtensor",
            "pytensor.graph.rewriting.basic",
            "pytensor.tensor",
            "pytensor.raise_op",
        ),
        names=_from("pytensor.raise_op", "Assert", "assert_op"),
        renamed={"Canonizer": "AlgebraicCanonizer", "assert_": "assert_op"},
    ),
    "theano.tensor.opt_uncanonicalize": Reexport(
        "Rewrites for speed.", ("pytensor.tensor.rewriting.uncanonicalize",)
    ),
    "theano.tensor.sharedvar": Reexport(
        "Shared tensors.",
        ("pytensor.tensor.sharedvar",),
        renamed={"ScalarSharedVariable": "TensorSharedVariable"},
    ),
    "theano.tensor.type": Reexport(
        "The type of tensors.", ("symgrad.theano.tensor.basic", "pytensor.tensor.type")
    ),
    "theano.tensor.type_other": Reexport(
        "Slices and None as variables.", ("pytensor.tensor.type_other",)
    ),
    "theano.tensor.utils": Reexport(
        "Shapes of graphs.", ("pytensor.tensor.utils", "pytensor.graph.utils")
    ),
    "theano.tensor.xlogx": Reexport("x log x and x log y.", ("pytensor.tensor.xlogx",)),
    "theano.typed_list": Reexport(
        "Variables that are lists.",
        ("pytensor.typed_list", "pytensor.typed_list.basic"),
        names=_from("symgrad.theano.gof.op", "Op"),
        package=True,
    ),
    "theano.typed_list.basic": Reexport("Ops on lists.", ("pytensor.typed_list.basic",)),
    "theano.typed_list.type": Reexport("The type of lists.", ("pytensor.typed_list.type",)),
}
