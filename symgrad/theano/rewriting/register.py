"""Adds the rewrites to PyTensor's database, under their own tag, at positions of one table."""

from pytensor.compile.mode import optdb
from pytensor.graph.rewriting.basic import in2out

from symgrad.theano.core import STATIC_EXCLUDED, register_scans
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
    ("CVM", "c", ()),
    ("NUMBA", "numba", ()),
    ("JAX", "jax", STATIC_EXCLUDED),
):
    register_scans(
        _mode,
        f"{TAG}_{_backend}",
        f"symgrad_{_backend}",
        TAG,
        excluded=_excluded,
        position=POSITIONS["theano_scans"],
    )
