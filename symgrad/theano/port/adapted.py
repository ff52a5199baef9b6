"""The names of Theano that are here with a difference: a table for the check and its page.

An entry holds for all other names of the same thing, too. ``module.*`` is for the names of a module
that are PyTensor's own, and ``module.**`` for all of its names.
"""

__all__ = ["ADAPTED", "KEYWORDS"]

_GPU = "kept so that programs can import it and ask: it says that there is no GPU"
_REWRITES = "PyTensor's: rewrites match its nodes, and get the graph before the node"
_LINKER = "PyTensor's: its functions get the graph first"
_TAKES_TYPE_FIRST = "takes PyTensor's arguments: type, value, strict, ..., name="
_OWNER = "`owner` must be written: `Variable(type, None)`"
_CLASS = "a node has PyTensor's Op: isinstance holds, and the class takes PyTensor's arguments"
_MADE = "a node has PyTensor's Op, for which isinstance holds"
_CALLED = "a callable: the nodes of a graph have PyTensor's Ops, which are not of this class"
_OTHER_WORDS = "PyTensor's: keywords have other names (rewriter for optimizer)"
_ONE_WORD = "PyTensor's: each name is an argument, not a letter of one string"
_SPARSE_OP = "PyTensor's class, of another name: for isinstance, not for making Ops"

ADAPTED = {
    # No GPU.
    "theano.gpuarray.**": _GPU,
    "theano.sandbox.gpuarray.**": _GPU,
    "theano.sandbox.cuda.**": _GPU,
    # Compiling.
    "theano.OpFromGraph": "PyTensor's: overrides of gradients are functions in PyTensor's words",
    "theano.compile.get_mode": "the parameter is called mode",
    "theano.compile.convert_function_input": "the parameter is called given",
    "theano.compile.view_tree_set": "PyTensor's: internal to its compiler",
    "theano.compile.DebugMode": "PyTensor's: checks of its own C and Python code",
    "theano.compile.MonitorMode": "the functions also take the graph first, as PyTensor's do",
    "theano.compile.ProfileStats": "PyTensor's: nothing is printed when the process ends",
    "theano.compile.profiling.*": "PyTensor's: nothing is printed when the process ends",
    "theano.compile.debugmode.*": "PyTensor's",
    "theano.compile.FunctionMaker": "PyTensor's: function_class for function_builder",
    "theano.compile.Function": "PyTensor's arguments; Theano's attributes and methods",
    "theano.compile.Mode": "rewrites that including and excluding name have PyTensor's names",
    "theano.compile.SharedVariable": _TAKES_TYPE_FIRST,
    "theano.compile.mode.*": _REWRITES,
    "theano.compile.function_module.*": "PyTensor's: internal to its compiler",
    "theano.compile.SpecifyShape": _MADE,
    "theano.compile.ops.*": "PyTensor's Op, with its attributes",
    "theano.tensor.sharedvar.TensorSharedVariable": _TAKES_TYPE_FIRST,
    "theano.tensor.sharedvar.ScalarSharedVariable": _TAKES_TYPE_FIRST,
    "theano.tensor.sharedvar.scalar_constructor": "there is no target=",
    "theano.tensor.sharedvar.tensor_constructor": "there is no target=; shape= comes first",
    "theano.scalar.sharedvar.ScalarSharedVariable": _TAKES_TYPE_FIRST,
    "theano.sparse.sharedvar.SparseTensorSharedVariable": _TAKES_TYPE_FIRST,
    "theano.tensor.shared_randomstreams.RandomStateSharedVariable": _TAKES_TYPE_FIRST,
    # Graphs.
    "theano.Variable": _OWNER,
    "theano.scalar.ScalarVariable": _OWNER,
    "theano.sparse.SparseVariable": _OWNER,
    "theano.typed_list.TypedListVariable": _OWNER,
    "theano.tensor.TensorType": "values are compared by static methods: values_eq(a, b)",
    "theano.gof.Container": "PyTensor's: readonly, strict, allow_downcast and name by keyword only",
    "theano.gof.FunctionGraph": "PyTensor's: clients are fgraph.clients[variable]",
    "theano.gof.NoOutputFromInplace": "PyTensor's: takes the places of protected outputs",
    "theano.gof.NavigatorOptimizer": _OTHER_WORDS,
    "theano.gof.cc.*": _LINKER,
    "theano.gof.cmodule.*": "PyTensor's: internal to its compiler",
    "theano.gof.compilelock.*": "PyTensor's lock: lock_ctx(lock_dir, timeout=)",
    "theano.gof.destroyhandler.*": "PyTensor's: internal to its compiler",
    "theano.gof.graph.clone": "the first two parameters are called inputs and outputs",
    "theano.gof.link.*": _LINKER,
    "theano.gof.opt.*": _REWRITES,
    "theano.gof.optdb.*": _OTHER_WORDS,
    "theano.gof.toolbox.*": "PyTensor's features, whose methods take PyTensor's arguments",
    "theano.gof.unify.*": "PyTensor's unification, which has another interface",
    "theano.gof.utils.MetaObject": "PyTensor's: classes compare by __props__ as before",
    "theano.gof.vm.*": _LINKER,
    "theano.d3viz.formatting.apply_profile": "the graph is the first argument",
    "theano.ifelse.*": "PyTensor's rewrites and Op; ifelse itself is the same",
    # Scan.
    "theano.scan_checkpoints": "PyTensor's scan_checkpoints",
    "theano.scan_module.scan_op.*": "PyTensor's Scan, with its arguments and attributes",
    "theano.scan_module.scan_opt.*": _REWRITES,
    # Tensors.
    "theano.tensor.AdvancedIncSubtensor": _CLASS,
    "theano.tensor.AdvancedSubtensor": _CLASS,
    "theano.tensor.AdvancedSubtensor1": "an index vector on the first axis; PyTensor has one class "
    "for this and more, so isinstance looks at the index",
    "theano.tensor.AdvancedIncSubtensor1": "as AdvancedSubtensor1: isinstance looks at the index",
    "theano.tensor.AllocDiag": _CLASS,
    "theano.tensor.DimShuffle": "made as DimShuffle(input_ndim=, new_order=): write x.dimshuffle()",
    "theano.tensor.ExtractDiag": _CLASS,
    "theano.tensor.Join": _CLASS,
    "theano.tensor.MaxAndArgmax": "PyTensor's Max: another node has the position of the maximum",
    "theano.tensor.PermuteRowElements": _CLASS,
    "theano.tensor.Reshape": _CLASS,
    "theano.tensor.Split": _CLASS,
    "theano.tensor.extra_ops.CumOp": _MADE,
    "theano.tensor.extra_ops.CumsumOp": _MADE,
    "theano.tensor.extra_ops.CumprodOp": _MADE,
    "theano.tensor.extra_ops.DiffOp": _CALLED,
    "theano.tensor.extra_ops.RepeatOp": _MADE,
    "theano.tensor.extra_ops.Unique": _MADE,
    "theano.scan_module.scan_utils.map_variables": "for the loops that scan returned, not "
    "for those of gradients",
    "theano.tensor.extra_ops.unravel_index": 'order="F" is obeyed; Theano forgot it',
    "theano.tensor.extra_ops.UnravelIndex": _CLASS,
    "theano.tensor.nlinalg.Eigh": _CLASS,
    "theano.tensor.nlinalg.MatrixPinv": _CLASS,
    "theano.tensor.slinalg.Cholesky": _CLASS,
    "theano.tensor.sort.ArgSortOp": _MADE,
    "theano.tensor.sort.SortOp": _MADE,
    "theano.tensor.slinalg.Solve": _CALLED,
    "theano.tensor.default": "looks for None when the graph is made, not in a call",
    "theano.tensor.get_idx_list": "there is no get_count=",
    "theano.tensor.Rop": "by two pullbacks: an input that the product does not need drops out",
    "theano.tensor.inplace.**": "not in place: the compiler decides that",
    "theano.tensor.blas.*": "PyTensor's Ops for BLAS, with its attributes",
    "theano.tensor.elemwise.*": "PyTensor's class, with its attributes",
    "theano.tensor.opt.*": _REWRITES,
    "theano.tensor.opt_uncanonicalize.*": _REWRITES,
    "theano.tensor.raw_random.RandomFunction": "there is no inplace=",
    "theano.tensor.raw_random.RandomStateType": "PyTensor's: takes a dtype",
    "theano.tensor.raw_random.permutation_helper": "takes a state, a length and a size",
    "theano.sandbox.rng_mrg.mrg_uniform": _MADE,
    "theano.sandbox.multinomial.ChoiceFromUniform": "without replacement only",
    # Neural networks.
    "theano.tensor.nnet.Softmax": _MADE,
    "theano.tensor.nnet.LogSoftmax": _MADE,
    "theano.tensor.nnet.ConvOp": _CALLED,
    "theano.tensor.nnet.SoftmaxWithBias": _CALLED,
    "theano.tensor.nnet.SoftmaxGrad": _CALLED,
    "theano.tensor.nnet.CrossentropyCategorical1Hot": _CALLED,
    "theano.tensor.nnet.CrossentropyCategorical1HotGrad": _CALLED,
    "theano.tensor.nnet.CrossentropySoftmaxArgmax1HotWithBias": _CALLED,
    "theano.tensor.nnet.CrossentropySoftmax1HotWithBiasDx": _CALLED,
    "theano.tensor.nnet.Prepend_scalar_constant_to_each_row": _CALLED,
    "theano.tensor.nnet.Prepend_scalar_to_each_row": _CALLED,
    "theano.tensor.nnet.corr.**": _CALLED,
    "theano.tensor.nnet.corr3d.**": _CALLED,
    "theano.tensor.nnet.sigmoid_inplace": "not in place: the compiler decides that",
    "theano.tensor.nnet.sigm.ultra_fast_sigmoid_inplace": "not in place: the compiler decides that",
    # Numbers, sparse matrices, files.
    "theano.scalar.basic.complexs": _ONE_WORD,
    "theano.scalar.basic.complexs64": _ONE_WORD,
    "theano.scalar.basic.complexs128": _ONE_WORD,
    "theano.scalar.basic.floats": _ONE_WORD,
    "theano.scalar.basic.ints": _ONE_WORD,
    "theano.sparse.MulSD": _SPARSE_OP,
    "theano.sparse.MulSS": _SPARSE_OP,
    "theano.sparse.MulSV": _SPARSE_OP,
    "theano.misc.pkl_utils.dump": "there is no persistent_id=",
    "theano.misc.pkl_utils.load": "there is no persistent_load=",
}

_SPEED = "it was about speed, and does nothing"
_PROFILE_MODE = "means FAST_RUN: write profile=True"

# Notes of keywords, by the keyword or by the keyword and its value.
KEYWORDS: dict[str, dict[str | tuple[str, object], str]] = {
    "theano.function": {
        ("mode", "ProfileMode"): _PROFILE_MODE,
        ("mode", "PROFILE_MODE"): _PROFILE_MODE,
    },
    "theano.tensor.nnet.conv2d": dict.fromkeys(
        ("unroll_batch", "unroll_kern", "unroll_patch", "version"), _SPEED
    ),
    "theano.tensor.nnet.conv.conv2d": dict.fromkeys(
        ("unroll_batch", "unroll_kern", "unroll_patch", "version"), _SPEED
    ),
    "theano.tensor.mean": {"op": "the computation is the same either way"},
}
