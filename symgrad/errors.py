"""Every error and warning of symgrad.

Each message says what was given, why it is wrong and what to write instead. All errors
derive from :class:`SymgradError`; those that sharpen a built-in exception derive from it too,
so that ``except IndexError`` keeps working.
"""

__all__ = [
    "AuditError",
    "BackendError",
    "CheckpointError",
    "DenseReadError",
    "DisconnectedError",
    "DtypeMismatchError",
    "DuplicateUpdateError",
    "GradientShapeError",
    "HyperparameterError",
    "IndexOutOfRangeError",
    "IntegerTableError",
    "MissingImportError",
    "MissingNameError",
    "MissingWriteError",
    "NotFiniteError",
    "NotSharedError",
    "OtherPathError",
    "ProgramNotFoundError",
    "RepeatedIndexWarning",
    "RetraceWarning",
    "SharedArrayError",
    "SubsetRebuiltError",
    "SymgradError",
    "TheanoInUseError",
    "VectorFileError",
]


class SymgradError(Exception):
    """Root of everything symgrad raises."""


class SubsetRebuiltError(SymgradError):
    """The gradient is asked for a second ``W[idx]``, not for the one in the cost."""


class OtherPathError(SymgradError):
    """The table reaches the cost by another way than the given subset."""


class DenseReadError(SymgradError):
    """``lookups="require"`` was asked, but the cost reads the whole table."""


class DisconnectedError(SymgradError):
    """The cost does not depend on the variable at all."""


class NotSharedError(SymgradError, TypeError):
    """An update, or a parameter, is not a shared variable or a subset of one."""


class IntegerTableError(SymgradError, TypeError):
    """A table of integers has no gradient."""


class DtypeMismatchError(SymgradError, TypeError):
    """An update has another dtype, or number of dimensions, than its shared variable."""


class MissingWriteError(SymgradError):
    """An update has the shape of the subset: ``inc_subtensor`` was forgotten."""


class DuplicateUpdateError(SymgradError, ValueError):
    """One shared variable is given two updates."""


class SharedArrayError(SymgradError, ValueError):
    """Two shared variables live on one array, and one of them is updated."""


class GradientShapeError(SymgradError, ValueError):
    """The rows written do not match the index that chooses where they go."""


class IndexOutOfRangeError(SymgradError, IndexError):
    """An index points outside its table."""


class HyperparameterError(SymgradError, ValueError):
    """A rule's hyper-parameter is out of its range, or an option is unknown."""


class AuditError(SymgradError):
    """A compiled function copies or sweeps a table that is read by index."""


class BackendError(SymgradError):
    """The backend is not there, or cannot express the graph."""


class CheckpointError(SymgradError, ValueError):
    """A checkpoint cannot be written, or a file is not the checkpoint that is asked for."""


class NotFiniteError(SymgradError, ArithmeticError):
    """An update would put NaN or infinity into a shared variable."""


class VectorFileError(SymgradError, ValueError):
    """A file of vectors is not in the format it was read as."""


class RepeatedIndexWarning(UserWarning):
    """``set_subtensor`` met a repeated index: the last one written wins."""


class RetraceWarning(UserWarning):
    """JAX compiled the function anew for yet another shape of its inputs."""


class MissingNameError(SymgradError, AttributeError):
    """A name of Theano that symgrad.theano does not have."""


class MissingImportError(SymgradError, ImportError):
    """A name of Theano that symgrad.theano does not have, in ``from ... import``."""


class ProgramNotFoundError(SymgradError, FileNotFoundError):
    """There is no script, notebook or folder of the name that a command was given."""


class TheanoInUseError(SymgradError, RuntimeError):
    """Another ``theano`` was imported before."""
