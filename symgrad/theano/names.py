"""Names that are missing, or that PyTensor still has: what a module's ``__getattr__`` answers."""

import dis
import sys
from importlib import import_module
from importlib.util import find_spec

from symgrad.errors import MissingImportError, MissingNameError

__all__ = ["MissingImportError", "MissingNameError", "forward", "missing_module"]

GUIDE = "docs/how-to/port-theano.md"

# Why a name is not here, and what to write instead: by the longest prefix that fits.
REASONS = {
    "theano.gpuarray": "there is no libgpuarray: use `symgrad run --backend jax` on a GPU",
    "theano.sandbox.cuda": "there is no CUDA backend: use `symgrad run --backend jax` on a GPU",
    "theano.sandbox.gpuarray": "there is no libgpuarray: use `symgrad run --backend jax` on a GPU",
    "theano.tensor.mpi": "there is no MPI: see jax.distributed for many processes",
    "theano.tensor.MPI": "there is no MPI: see jax.distributed for many processes",
    "theano.tensor.load": "arrays are not read from disk by an Op: give numpy.load's result",
    "theano.compile.profilemode": "ProfileMode was replaced: write function(..., profile=True)",
    "theano.ProfileMode": "ProfileMode was replaced: write function(..., profile=True)",
}
UNKNOWN = "neither PyTensor nor symgrad.theano has it: write it with the Ops that remain"


def forward(module, *sources, renamed=()):
    """The ``__getattr__`` of a module that passes on what PyTensor still has.

    Parameters
    ----------
    module : str
        Its name in Theano, such as ``theano.gof.opt``.
    *sources : str
        Modules of PyTensor (or of symgrad.theano) to look in, in this order.
    renamed : mapping
        Names that are called otherwise there.

    Returns
    -------
    function
        It raises MissingNameError, or MissingImportError, for what is nowhere.
    """
    renamed = dict(renamed)

    def __getattr__(name):
        if not name.startswith("__"):
            for source in sources:
                try:
                    return getattr(import_module(source), renamed.get(name, name))
                except AttributeError:
                    continue
            if (found := _submodule(f"symgrad.{module}", name)) is not None:
                return found
        raise _missing(module, name, sys._getframe(1))

    return __getattr__


def _submodule(package, name):
    """Theano imports most of its modules with itself; here it is done when they are named."""
    if find_spec(package).submodule_search_locations is None:
        return None
    if find_spec(f"{package}.{name}") is None:
        return None
    return import_module(f"{package}.{name}")


def missing_module(name):
    """The error for ``import theano.x`` of a module that is not here."""
    return MissingImportError(_message(name))


def _missing(module, name, caller):
    # `from m import x` swallows an AttributeError and words its own message.
    kind = MissingImportError if _imports_from(caller) else MissingNameError
    return kind(_message(f"{module}.{name}"))


def _message(whole):
    prefixes = [prefix for prefix in REASONS if whole.startswith(prefix)]
    reason = REASONS[max(prefixes, key=len)] if prefixes else UNKNOWN
    return f"{whole} is not available: {reason}. See {GUIDE}"


def _imports_from(frame):
    code = frame.f_code.co_code
    return frame.f_lasti >= 0 and dis.opname[code[frame.f_lasti]] == "IMPORT_FROM"
