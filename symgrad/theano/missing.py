"""Why a name of Theano is missing here, and what to write instead."""

import dis
from types import FrameType

from symgrad.errors import MissingImportError, MissingNameError
from symgrad.theano.differences import GUIDE

__all__ = ["missing_module", "missing_name", "why"]

_NO_GPU = "there is no libgpuarray: use `symgrad run --backend jax` on a GPU"
_NO_CUDA = "there is no CUDA backend: use `symgrad run --backend jax` on a GPU"
_NO_MPI = "there is no MPI: see jax.distributed for many processes"
_NO_LOAD = "arrays are not read from disk by an Op: give numpy.load's result"
_INTERNAL = "an internal of Theano's compiler: PyTensor has its own"
_REWRITE = "a rewrite of Theano, or a part of it: PyTensor's are in pytensor.tensor.rewriting"
_PROFILE = "ProfileMode was replaced: write function(..., profile=True)"
_OP_CLASS = "the class of an Op that PyTensor computes in another way: call the function"
_TOOL = "a tool for developers of Theano: leave it out"
_CLASSES = ("Default", "DiffOp", "Flatten", "Mean", "Tile", "Tri")
REASONS = {
    "theano.gpuarray": _NO_GPU,
    "theano.sandbox.gpuarray": _NO_GPU,
    "theano.sandbox.cuda": _NO_CUDA,
    "theano.tensor.mpi": _NO_MPI,
    "theano.tensor.MPI": _NO_MPI,
    "theano.tensor.isend": _NO_MPI,
    "theano.tensor.irecv": _NO_MPI,
    "theano.tensor.send": _NO_MPI,
    "theano.tensor.recv": _NO_MPI,
    "theano.tensor.io": _NO_MPI,
    "theano.tensor.load": _NO_LOAD,
    "theano.tensor.LoadFromDisk": _NO_LOAD,
    "theano.tensor.io.load": _NO_LOAD,
    "theano.tensor.io.LoadFromDisk": _NO_LOAD,
    "theano.ProfileMode": _PROFILE,
    "theano.compile.profilemode": _PROFILE,
    "theano.compile": _INTERNAL,
    "theano.configdefaults": "it looked for compilers and libraries: PyTensor does that now",
    "theano.configparser": "flags are read by PyTensor's parser: use theano.config",
    "theano.d3viz": "PyTensor's page of a graph has no such part",
    "theano.gof": _INTERNAL,
    "theano.misc": _TOOL,
    "theano.pathparse": _TOOL,
    "theano.rpath": _TOOL,
    "theano.test": _TOOL,
    "theano.theano_logger": "PyTensor logs: use logging.getLogger('pytensor')",
    "theano.logging_default": "PyTensor logs: use logging.getLogger('pytensor')",
    "theano.has_handlers": "PyTensor logs: use logging.getLogger('pytensor')",
    "theano.disable_log_handler": "PyTensor logs: use logging.getLogger('pytensor')",
    "theano.sandbox.fourier": "use theano.tensor.fft",
    "theano.tensor.fourier": "use theano.tensor.fft",
    "theano.sandbox.linalg": "hints about matrices are gone: use assume_a of PyTensor's solve",
    "theano.sandbox.rng_mrg": "an internal of the streams: use MRG_RandomStreams",
    "theano.sandbox.conv": "use theano.tensor.nnet.conv2d",
    "theano.sandbox.blocksparse": "use theano.tensor.nnet.blocksparse",
    "theano.scalar": "PyTensor dropped this Op on numbers: use the one on tensors",
    "theano.scan_module.scan_opt": _REWRITE,
    "theano.scan_module.scan_utils": "an internal of scan: PyTensor has its own",
    "theano.sparse": "PyTensor dropped this Op on sparse matrices: use another",
    "theano.tensor.Advanced": "in PyTensor a boolean mask is an index like others: write x[mask]",
    "theano.tensor.advanced_boolean": "a boolean mask is an index like others: write x[mask]",
    "theano.tensor.subtensor": "PyTensor has one Op for boolean masks and indices: write x[index]",
    "theano.tensor.blas": "PyTensor's own Ops call BLAS: write T.dot",
    "theano.tensor.elemwise_cgen": _INTERNAL,
    "theano.tensor.inc_code": _INTERNAL,
    "theano.tensor.nlinalg": _OP_CLASS,
    "theano.tensor.slinalg": _OP_CLASS,
    "theano.tensor.nnet.nnet": _OP_CLASS,
    "theano.tensor.nnet": _OP_CLASS,
    "theano.tensor.nnet.bn": _OP_CLASS,
    "theano.tensor.nnet.ctc": "there is no warp-ctc: write a scan, or use a CTC loss of JAX",
    "theano.tensor.nnet.opt": _REWRITE,
    "theano.tensor.nnet.nnet.local_": _REWRITE,
    "theano.tensor.nnet.nnet.crossentropy_to": _REWRITE,
    "theano.tensor.nnet.crossentropy_to": _REWRITE,
    "theano.tensor.nnet.graph_merge": _REWRITE,
    "theano.tensor.nnet.nnet.graph_merge": _REWRITE,
    "theano.tensor.nnet.softmax_simplifier": _REWRITE,
    "theano.tensor.nnet.nnet.softmax_simplifier": _REWRITE,
    "theano.tensor.nnet.sigm": _REWRITE,
    "theano.tensor.opt": _REWRITE,
    "theano.tensor.raw_random": "an internal of the streams: use RandomStreams",
    "theano.tensor.sort": _OP_CLASS,
    **dict.fromkeys(
        (f"theano.tensor.{basic}{name}" for basic in ("", "basic.") for name in _CLASSES), _OP_CLASS
    ),
    "theano.tensor.xlogx": _OP_CLASS,
    "theano.tensor.signal.pool": _OP_CLASS,
    "theano.typed_list.opt": _REWRITE,
}
UNKNOWN = "neither PyTensor nor symgrad.theano has it: write it with other Ops"


def missing_module(name: str) -> MissingImportError:
    """The error for ``import theano.x`` of a module that is not here."""
    return MissingImportError(_message(name))


def missing_name(name: str, caller: FrameType) -> MissingImportError | MissingNameError:
    """The error for a name that is not here, for the frame that asked for it.

    Python replaces an AttributeError in ``from module import name`` by a message of its own, so
    there the error is an ImportError.
    """
    kind = MissingImportError if _imports_from(caller) else MissingNameError
    return kind(_message(name))


def why(name: str) -> str:
    """Why a name is missing, and what to write instead: by the longest prefix in the table."""
    prefixes = [prefix for prefix in REASONS if name.startswith(prefix)]
    return REASONS[max(prefixes, key=len)] if prefixes else UNKNOWN


def _message(name):
    return f"{name} is not available: {why(name)}. See {GUIDE}"


def _imports_from(frame):
    code = frame.f_code.co_code
    return frame.f_lasti >= 0 and dis.opname[code[frame.f_lasti]] == "IMPORT_FROM"
