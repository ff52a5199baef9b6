"""Every error and warning of symgrad.

Each message says what was given, why it is wrong and what to write instead. All errors derive from
:class:`SymgradError`, and from the built-in exception that they specialise, so that
``except IndexError`` keeps working.

::

    SymgradError
        SubsetRebuiltError, OtherPathError, DenseReadError, DisconnectedError     the gradient
        NotSharedError, IntegerTableError, DtypeMismatchError, GradientShapeError,
        MissingWriteError, DuplicateUpdateError, SharedArrayError                 the updates
        IndexOutOfRangeError, NotFiniteError                                      a call
        HyperparameterError                                                       arguments
            ArgumentError
                OptionError
                MissingFileError
        AuditError, BackendError                                                  compilation
        CheckpointError, VectorFileError                                          files
        MissingNameError, MissingImportError, TheanoInUseError                    Theano's names
"""

__all__ = [
    "ArgumentError",
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
    "MissingFileError",
    "MissingImportError",
    "MissingNameError",
    "MissingWriteError",
    "NotFiniteError",
    "NotSharedError",
    "OptionError",
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
    """The root of all errors of symgrad."""


class SubsetRebuiltError(SymgradError):
    """The gradient was asked for a second ``W[idx]``, not for the one in the cost."""


class OtherPathError(SymgradError):
    """The table also reaches the cost on a path other than the given subset."""


class DenseReadError(SymgradError):
    """``lookups="require"`` was given, but the cost reads the whole table."""


class DisconnectedError(SymgradError):
    """The cost does not depend on the variable at all."""


class NotSharedError(SymgradError, TypeError):
    """A parameter, or the target of an update, is neither a shared variable nor a subset."""


class IntegerTableError(SymgradError, TypeError):
    """A table of integers has no gradient."""


class DtypeMismatchError(SymgradError, TypeError):
    """An update has another dtype, or number of dimensions, than its shared variable."""


class MissingWriteError(SymgradError):
    """An update has the shape of the subset: ``inc_subtensor`` was forgotten."""


class DuplicateUpdateError(SymgradError, ValueError):
    """One shared variable is given two updates."""


class SharedArrayError(SymgradError, ValueError):
    """Two shared variables use the same array, and one of them is updated."""


class GradientShapeError(SymgradError, ValueError):
    """The rows to be written do not match the index that says where."""


class IndexOutOfRangeError(SymgradError, IndexError):
    """An index points outside its table."""


class HyperparameterError(SymgradError, ValueError):
    """A number given to a rule, a schedule or a cost is out of its range."""


class ArgumentError(HyperparameterError):
    """An argument that is no hyper-parameter is wrong, or does not fit the others."""


class OptionError(ArgumentError):
    """An option is unknown, or was given a value that it does not take."""


class MissingFileError(ArgumentError, FileNotFoundError):
    """A file that was named as an argument does not exist."""


class AuditError(SymgradError):
    """A compiled function copies or sweeps a table that is read by index."""


class BackendError(SymgradError):
    """The backend is not installed, or cannot express the graph."""


class CheckpointError(SymgradError, ValueError):
    """A checkpoint cannot be written, or a file is not the checkpoint that was asked for."""


class NotFiniteError(SymgradError, ArithmeticError):
    """An update would put NaN or infinity into a shared variable."""


class VectorFileError(SymgradError, ValueError):
    """A file of vectors is not in the format it was read as."""


class RepeatedIndexWarning(UserWarning):
    """``set_subtensor`` met a repeated index: the last row written wins."""


class RetraceWarning(UserWarning):
    """JAX compiled the function again for yet another shape of its inputs."""


class MissingNameError(SymgradError, AttributeError):
    """An attribute of Theano that symgrad.theano does not have."""


class MissingImportError(SymgradError, ImportError):
    """An import from Theano that symgrad.theano does not have."""


class ProgramNotFoundError(SymgradError, FileNotFoundError):
    """There is no script, notebook or folder of the name that a command was given."""


class TheanoInUseError(SymgradError, RuntimeError):
    """Another package called ``theano`` was imported before."""
