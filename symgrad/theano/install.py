"""The name ``theano`` for this process: ``import theano`` finds :mod:`symgrad.theano`."""

import sys

from symgrad.errors import TheanoInUseError
from symgrad.theano import importer
from symgrad.theano.compile.mode import use_backend
from symgrad.theano.environment import apply_environment
from symgrad.theano.patches import (
    compiler,
    graph_of_variable,
    jax_import,
    numpy_names,
    standard_library,
    text,
    variables,
)

__all__ = ["install_as_theano"]

_PATCHES = (
    numpy_names,
    standard_library,
    variables,
    graph_of_variable,
    compiler,
    text,
    jax_import,
)


def install_as_theano(*, backend: str | None = None) -> None:
    """Let ``import theano`` find symgrad.theano, in this process.

    Parameters
    ----------
    backend : {"c", "numba", "jax"}, optional
        What compiles functions that ask for no mode. Default: C if there is a C++ compiler, else
        Numba.

    Raises
    ------
    TheanoInUseError
        If another ``theano`` was imported already.
    BackendError
        If the backend is not there.

    Notes
    -----
    Nothing is written to disk. Programs for Theano rely on the process, so these are changed in it:

    - PyTensor's flags: those of ``THEANO_FLAGS`` and ``.theanorc`` are set, and the default linker.
    - Variables: they are true in a condition (comparisons raise), ``eval`` compiles as functions
      do, ``reshape`` takes ``ndim`` by position, an index may be a list with slices or a symbolic
      slice, they have ``clients`` and ``fgraph``, and ``default_update`` is set without a warning.
    - Rewriters have ``optimize``, and the Op of a scan has ``inputs`` and ``outputs``.
    - Types, Ops, graphs and classes of PyTensor print as in Theano.
    - NumPy has the names that it dropped, such as ``numpy.float``, makes arrays of lists from rows
      of different lengths, reads bytes by ``fromstring``, takes a float as the length of
      ``linspace``, and prints numbers as before NumPy 2.
    - ``collections`` and ``inspect`` have the names that they dropped.
    - Importing JAX leaves the state of NumPy's generator as it was.

    Importing :mod:`symgrad.theano` does none of this.

    Examples
    --------
    >>> import symgrad as sg
    >>> sg.install_as_theano()
    >>> import theano.tensor as T
    >>> T.nnet.__name__
    'symgrad.theano.tensor.nnet'
    """
    other = sys.modules.get("theano")
    if other is not None and not other.__name__.startswith("symgrad."):
        raise TheanoInUseError(
            f"theano was imported from {getattr(other, '__file__', 'elsewhere')}: call "
            "install_as_theano() before, or import symgrad.theano as theano"
        )
    if not importer.theano_is_found():
        apply_environment()
    use_backend(backend)
    for patch in _PATCHES:
        patch.apply()
    importer.find_theano()
