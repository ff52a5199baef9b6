"""Every rewrite of symgrad's, where it stands among PyTensor's, and why there.

PyTensor sorts rewrites by position, then by name, and uses those whose tags a mode includes. All
tags here are symgrad's own: PyTensor's stock modes stay as they are. `register` enters the table
once, when a mode of symgrad's is first made.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from pytensor.compile.mode import Mode
from pytensor.graph.rewriting.basic import GraphRewriter, dfs_rewriter, in2out

from symgrad.backends.c.constants import wide_constants
from symgrad.backends.c.elemwise import elemwise_as_vectors
from symgrad.backends.c.products import scaled_product_of_product
from symgrad.backends.c.row_writes import row_writes_in_c, row_writes_in_place
from symgrad.backends.c.softmax import softmax_of_rows
from symgrad.backends.c.sums import sums_as_row_sums
from symgrad.backends.rows.fuse import FuseRowUpdates, WriteInPlace
from symgrad.backends.scans import scans_in_mode
from symgrad.backends.tags import EVERY, EXCLUDED_ON_JAX, FUSION, JAX, NUMBA, UNSOUND, C
from symgrad.backends.writes_last import OrderWritesLast
from symgrad.backends.xla.lengths import KnowLengths
from symgrad.backends.xla.reads_first import ReadsFirst
from symgrad.backends.xla.reductions import reduce_in_output_dtype
from symgrad.backends.xla.scans import scan_as_traced
from symgrad.backends.xla.static import range_among_zeros, split_as_reads
from symgrad.pytensor_compat import STEPS_HAVE_OWN_MODE, optdb

__all__ = [
    "ORDER",
    "Placed",
    "register",
    "with_symgrad_rewrites",
]


@dataclass(frozen=True)
class Placed:
    """A rewrite and its place.

    Attributes
    ----------
    name : str
    rewrite : GraphRewriter
    tags : tuple of str
        A mode that includes one of them uses the rewrite, unless it excludes another.
    position : float
    after, before : str
        The rewrites, PyTensor's or ours, that it must come between; empty if there is none.
    why : str
    """

    name: str
    rewrite: GraphRewriter
    tags: tuple[str, ...]
    position: float
    after: str
    before: str
    why: str


def _scans(backend: str, stock: str, excluded: tuple[str, ...] = ()) -> Placed:
    return Placed(
        f"{backend}_scans",
        scans_in_mode(stock, backend, excluded=(*UNSOUND, *excluded)),
        (backend,),
        101,
        after="merge3",
        before="",
        why="nothing else looks at the mode of a Scan before it is compiled",
    )


ORDER = (
    Placed(
        "symgrad_one_product",
        dfs_rewriter(scaled_product_of_product),
        (C,),
        1.75,
        after="BlasOpt",
        before="specialize",
        why="products have just become calls of the BLAS",
    ),
    Placed(
        "symgrad_wide_constants",
        in2out(wide_constants),
        (C,),
        47.9,
        after="uncanonicalize",
        before="add_mul_fusion",
        why="fusion writes constants into C code",
    ),
    Placed(
        FuseRowUpdates.name,
        FuseRowUpdates(),
        (FUSION,),
        48.5,
        after="add_mul_fusion",
        before="elemwise_fusion",
        why="the arithmetic on rows must not have joined with any other yet",
    ),
    Placed(
        "symgrad_rows_in_c",
        dfs_rewriter(row_writes_in_c),
        (C,),
        48.6,
        after=FuseRowUpdates.name,
        before="elemwise_fusion",
        why="fusion takes the writes that it can",
    ),
    Placed(
        "symgrad_softmax",
        dfs_rewriter(softmax_of_rows),
        (C,),
        48.7,
        after="specialize",
        before="elemwise_fusion",
        why="newer PyTensor replaces a softmax by its formula at 49",
    ),
    Placed(
        "symgrad_reduce",
        dfs_rewriter(reduce_in_output_dtype),
        (JAX,),
        60,
        after="elemwise_fusion",
        before="jax_shape_parameter_as_tuple",
        why="no later rewrite makes a reduction",
    ),
    Placed(
        "symgrad_row_sums",
        dfs_rewriter(sums_as_row_sums),
        (C,),
        60,
        after="elemwise_fusion",
        before="",
        why="fusion makes a sum of terms of a sum and the work before it",
    ),
    Placed(
        WriteInPlace.name,
        WriteInPlace(),
        (FUSION, "inplace"),
        70.5,
        after="add_destroy_handler",
        before="local_inplace_AdvancedIncSubtensor",
        why="our writes get the memory of a table before other writes do",
    ),
    Placed(
        "symgrad_rows_in_place",
        row_writes_in_place,
        (C, "inplace"),
        70.5,
        after="add_destroy_handler",
        before="local_inplace_AdvancedIncSubtensor",
        why="our writes get the memory of a table before other writes do",
    ),
    Placed(
        "symgrad_vectors",
        dfs_rewriter(elemwise_as_vectors),
        (C,),
        70.6,
        after="inplace_elemwise",
        before="",
        why="elementwise work is fused by then, and in place",
    ),
    Placed(
        ReadsFirst.name,
        ReadsFirst(),
        (JAX,),
        98,
        after="cond_make_inplace",
        before="symgrad_know_lengths",
        why="all reads and writes are in their last form",
    ),
    Placed(
        "symgrad_know_lengths",
        KnowLengths(),
        (JAX,),
        99,
        after=ReadsFirst.name,
        before="jax_shape_parameter_as_tuple",
        why="shapes become tuples at 100",
    ),
    Placed(
        "symgrad_ranges",
        dfs_rewriter(range_among_zeros),
        (JAX,),
        99.1,
        after="symgrad_know_lengths",
        before="symgrad_know_more_lengths",
        why="they take lengths that are known by then, and compute others",
    ),
    Placed(
        "symgrad_splits",
        dfs_rewriter(split_as_reads),
        (JAX,),
        99.1,
        after="symgrad_know_lengths",
        before="symgrad_know_more_lengths",
        why="they take lengths that are known by then, and compute others",
    ),
    Placed(
        "symgrad_know_more_lengths",
        KnowLengths(),
        (JAX,),
        99.2,
        after="symgrad_splits",
        before="jax_shape_parameter_as_tuple",
        why="splits and ranges have computed lengths",
    ),
    *(
        (_scans(C, "CVM"), _scans(JAX, "JAX", EXCLUDED_ON_JAX), _scans(NUMBA, "NUMBA"))
        if STEPS_HAVE_OWN_MODE
        else ()
    ),
    Placed(
        "symgrad_traced_scans",
        dfs_rewriter(scan_as_traced),
        (JAX,),
        102,
        after=f"{JAX}_scans" if STEPS_HAVE_OWN_MODE else "merge3",
        before="",
        why="the step of a Scan has its mode by then",
    ),
    Placed(
        OrderWritesLast.name,
        OrderWritesLast(),
        (EVERY,),
        1000,
        after="symgrad_traced_scans",
        before="",
        why="the order of the nodes is fixed when all other rewriting is done",
    ),
)


@cache
def register() -> None:
    """Make the table known to PyTensor, once."""
    place(ORDER)


def place(order: Iterable[Placed]) -> None:
    """Enter rewrites into PyTensor's order."""
    for placed in order:
        optdb.register(placed.name, placed.rewrite, *placed.tags, position=placed.position)


def with_symgrad_rewrites(mode: Mode) -> Mode:
    """`mode` with symgrad's own rewrites and without those that are unsound."""
    register()
    return mode.including(EVERY).excluding(*UNSOUND)
