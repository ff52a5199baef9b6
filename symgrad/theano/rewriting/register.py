"""Adds the rewrites to PyTensor's database, under their own tag, at positions of one table."""

from pytensor.compile.mode import optdb
from pytensor.graph.rewriting.basic import in2out

from symgrad.theano.core import (
    EXCLUDED_ON_JAX,
    STEPS_HAVE_OWN_MODE,
    UNSOUND,
    scans_in_mode,
)
from symgrad.theano.pytensor_compat import POSITIONS
from symgrad.theano.rewriting import TAG
from symgrad.theano.rewriting.log_gradient import theano_picked_log
from symgrad.theano.rewriting.set_to_inc import theano_set_to_inc
from symgrad.theano.rewriting.softmax import theano_written_softmax

__all__ = ["tags"]


def tags(backend: str) -> tuple[str, str]:
    """The tags that a mode of this backend includes."""
    return TAG, f"{TAG}_{backend}"


for _rewriter in (theano_set_to_inc, theano_written_softmax, theano_picked_log):
    _name = _rewriter.__name__
    optdb.register(_name, in2out(_rewriter), TAG, position=POSITIONS[_name])

# Graphs inside of a scan have Theano's meaning, too.
for _mode, _backend, _excluded in (
    ("CVM", "c", UNSOUND),
    ("NUMBA", "numba", UNSOUND),
    ("JAX", "jax", (*UNSOUND, *EXCLUDED_ON_JAX)),
):
    _tag = f"{TAG}_{_backend}"
    _scans = scans_in_mode(_mode, _tag, f"symgrad_{_backend}", TAG, excluded=_excluded)
    if STEPS_HAVE_OWN_MODE:
        optdb.register(f"{_tag}_scans", _scans, _tag, position=POSITIONS["theano_scans"])
