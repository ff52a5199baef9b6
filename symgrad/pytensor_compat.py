"""What symgrad's core relies on in PyTensor beyond its documented interface.

Everything else in the core imports these names from here. Each was checked on the versions in
`CHECKED_ON`, and ``tests/test_pytensor_compat.py`` fails when a name is gone, when an excluded
rewrite is not registered where it should be, or when a rewrite that our own are placed around has
moved. `PRIVATE`, `EXCLUDED_REWRITES` and `POSITIONS` list what is relied on. What belongs to Numba
and JAX is imported when it is used: importing this module loads neither.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
import pytensor
from pytensor.compile.mode import Mode, optdb
from pytensor.graph.basic import Apply, Variable
from pytensor.graph.fg import FunctionGraph
from pytensor.graph.rewriting.db import RewriteDatabase
from pytensor.link.basic import Container
from pytensor.link.jax.linker import JAXLinker
from pytensor.scan.op import Scan
from pytensor.tensor.blas import blas_header_text
from pytensor.tensor.elemwise import Elemwise
from pytensor.tensor.subtensor import get_canonical_form_slice, indices_from_subtensor

__all__ = [
    "CHECKED_ON",
    "EXCLUDED_REWRITES",
    "POSITIONS",
    "PRIVATE",
    "STEPS_HAVE_OWN_MODE",
    "Container",
    "ExcludedRewrite",
    "JAXLinker",
    "Private",
    "blas_header_text",
    "blas_is_chosen",
    "choose_blas",
    "convert_container",
    "emptied",
    "excluded_rewrites",
    "get_canonical_form_slice",
    "indices_from_subtensor",
    "node_and_shapes",
    "optdb",
    "position_of",
    "registered_rewrites",
    "repeat_in_c",
    "scalar_node",
    "scan_in_mode",
    "scan_with_step",
    "store",
    "stored",
    "stored_shape",
    "unfrozen",
    "update_positions",
    "version_of",
]

CHECKED_ON = ("3.0.7", "3.2.4", "3.3.7")


def version_of(text: str) -> tuple[int, ...]:
    """A version as numbers: ``"3.0.7"`` is ``(3, 0, 7)``."""
    return tuple(int(number) for number in re.findall(r"\d+", text)[:3])


VERSION = version_of(pytensor.__version__)


# ---- Values of shared variables, and the storage of compiled functions ----


def stored(shared: Any) -> Any:
    """The value of a shared variable as it lies in its container: no copy, no conversion."""
    return shared.container.storage[0]


def stored_shape(shared: Any) -> tuple[int, ...]:
    """The shape of the value of a shared variable, wherever the value lies."""
    return np.shape(stored(shared))


def store(shared: Any, value: Any) -> None:
    """Put a value into the container of a shared variable: no copy, no check."""
    shared.container.storage[0] = value


def convert_container(shared: Any, container_type: type[Container]) -> None:
    """Change the class of the container of a shared variable.

    Compiled functions hold on to the container that they were compiled with, so that a new one
    would not reach them.
    """
    if type(shared.container) is Container:
        shared.container.__class__ = container_type


@contextmanager
def emptied(storage_map: dict[Variable, list], variables: Iterable[Variable]) -> Iterator[None]:
    """Within the context, a linker sees no values of these variables."""
    values = {variable: storage_map[variable][0] for variable in variables}
    for variable in values:
        storage_map[variable][0] = None
    try:
        yield
    finally:
        for variable, value in values.items():
            storage_map[variable][0] = value


def update_positions(fgraph: FunctionGraph) -> dict[int, int]:
    """``{output: input}``: which output is the new value of which input."""
    return fgraph.update_mapping or {}


def repeat_in_c(compiled: Any, times: int) -> None:
    """Call a function of the C linker several times on the inputs that it holds."""
    compiled.vm(n_calls=times)


# ---- Ops and graphs ----


def node_and_shapes(arguments: Sequence) -> tuple[Apply, list]:
    """The node and the shapes of its inputs, from the arguments of ``Op.infer_shape``.

    Until PyTensor 3.1 the graph comes before them.
    """
    node, shapes = arguments[-2:]
    return node, shapes


def scalar_node(op: Elemwise, node: Apply) -> Apply:
    """The node of the scalar Op of an `Elemwise`, which its C code is generated for."""
    op.prepare_node(node, None, None, "c")
    return node.tag.fake_node


# PyTensor 3.0 compiles the step of a Scan in a mode of its own. Later versions rewrite it in the
# mode of the function around it (`scan_inner_graph`), and share one Op among its clones.
STEPS_HAVE_OWN_MODE = not hasattr(Scan, "clone_with_inner_graph")


def scan_in_mode(scan: Scan, mode: Mode) -> Scan:
    """The Scan, with its step compiled in a mode: for PyTensor 3.0 alone."""
    new = scan.clone()
    new.mode = mode
    return new


def scan_with_step(scan: Scan, step: FunctionGraph) -> Scan:
    """The Scan, with another graph as its step."""
    new = copy(scan)
    new.fgraph = step
    return new


def unfrozen(step: Any) -> FunctionGraph:
    """A copy of the step of a Scan that can be rewritten: newer PyTensor freezes the step."""
    return step.unfreeze() if hasattr(step, "unfreeze") else step.clone()


# ---- BLAS ----


def blas_is_chosen() -> bool:
    """Has ``config.blas__ldflags`` a value? Reading it would start PyTensor's search for a BLAS."""
    return hasattr(type(pytensor.config).blas__ldflags, "val")


def choose_blas(flags: str) -> None:
    """Link C code to a BLAS. PyTensor has one setting for the whole process."""
    pytensor.config.blas__ldflags = flags


# ---- Numba and JAX: imported when they are asked for ----

_NUMBA = "pytensor.link.numba.dispatch.basic"
_LATE = {
    "numba_njit": _NUMBA,
    "numba_funcify_and_cache_key": _NUMBA,
    "register_funcify_and_cache_key": _NUMBA,
    "register_funcify_default_op_cache_key": _NUMBA,
    "compile_numba_function_src": "pytensor.link.numba.cache",
    "jax_funcify": "pytensor.link.jax.dispatch.basic",
}


def __getattr__(name: str) -> Any:
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LATE[name]), name)


def jitted(compiled: Any) -> Any:
    """The function that Numba or JAX compiled for a PyTensor function."""
    return compiled.vm.jit_fn


def traced(compiled: Any) -> Any:
    """The Python function that JAX traces for a PyTensor function."""
    return compiled.vm.jit_fn.__wrapped__


# ---- Names that are relied on, for the test ----


@dataclass(frozen=True)
class Private:
    """A name of PyTensor that is not part of its documented interface.

    Attributes
    ----------
    module, name : str
        Where it is; the name may hold dots.
    why : str
    since, until : str
        The first version that has it, and the first that has it no more.
    """

    module: str
    name: str
    why: str
    since: str = "3.0.7"
    until: str = "4"

    def expected(self, version: tuple[int, ...]) -> bool:
        return version_of(self.since) <= version < version_of(self.until)

    @property
    def package(self) -> str | None:
        """The package that must be installed to import the module."""
        names = re.findall(r"link\.(numba|jax)\.(?:dispatch|cache)", self.module)
        return names[0] if names else None


PRIVATE = (
    Private("pytensor.link.basic", "Container.__get__", "values on a JAX device are read as NumPy"),
    Private("pytensor.link.basic", "Container.__set__", "`HostContainer` keeps the setter"),
    Private("pytensor.link.jax.linker", "JAXLinker.fgraph_convert", "tables are kept out of it"),
    Private("pytensor.link.jax.linker", "JAXLinker.jit_compile", "updated tables are donated"),
    Private("pytensor.tensor.elemwise", "Elemwise.prepare_node", "makes `tag.fake_node`"),
    Private("pytensor.tensor.elemwise", "Elemwise.c_code_cache_version_apply", "extended"),
    Private("pytensor.tensor.subtensor", "indices_from_subtensor", "the index of a read or write"),
    Private("pytensor.tensor.subtensor", "get_canonical_form_slice", "bounds of a slice"),
    Private("pytensor.tensor.blas", "blas_header_text", "the names of BLAS that C code declares"),
    Private(
        "pytensor.scan.op",
        "Scan.clone_with_inner_graph",
        "without it, a Scan has a mode of its own",
        since="3.1",
    ),
    Private("pytensor.scan.op", "Scan.outer_non_seqs", "what the step takes unchanged"),
    Private("pytensor.scan.op", "Scan.inner_non_seqs", "the same inside of the step"),
    *(Private(module, name, "Numba and JAX dispatch") for name, module in _LATE.items()),
    Private("pytensor.graph.rewriting.basic", "WalkingGraphRewriter.warn_inplace", "on failure"),
)


# ---- Rewrites that are left out ----


@dataclass(frozen=True)
class ExcludedRewrite:
    """A rewrite of PyTensor that symgrad's modes leave out.

    Attributes
    ----------
    name : str
    group : {"unsound", "jax"}
        Left out of every mode, because it changes what an indexed write does; or of JAX's.
    why : str
    since, until : str
        The first version that has it, and the first that has it no more.
    """

    name: str
    group: str
    why: str
    since: str = "3.0.7"
    until: str = "4"

    def expected(self, version: tuple[int, ...]) -> bool:
        return version_of(self.since) <= version < version_of(self.until)


EXCLUDED_REWRITES = (
    ExcludedRewrite(
        "local_set_to_inc_subtensor",
        "unsound",
        "turns a set of x[i] + y into an inc, which differs where indices repeat (until 3.1.2)",
    ),
    ExcludedRewrite(
        "local_add_of_sparse_write",
        "unsound",
        "turns a set of x[i] + y into an inc, which differs where indices repeat (until 3.1.2)",
    ),
    ExcludedRewrite(
        "local_read_of_write_same_indices",
        "unsound",
        "reads back what was to be written rather than what a later repeat wrote",
    ),
    ExcludedRewrite(
        "local_AdvancedIncSubtensor_to_AdvancedIncSubtensor1",
        "unsound",
        "leads to an Op that refuses to write a single row into a table of several",
        until="3.2",
    ),
    ExcludedRewrite(
        "fusion",
        "jax",
        "fused arithmetic on shapes is no longer static, and XLA fuses everything else itself",
    ),
    ExcludedRewrite(
        "local_adv_idx_to_slice", "jax", "computes bounds of slices that JAX would know"
    ),
    ExcludedRewrite("local_join_of_alloc", "jax", "computes shapes that JAX would know"),
    ExcludedRewrite("local_join_to_repeat", "jax", "computes shapes that JAX would know"),
    ExcludedRewrite(
        "local_replace_AdvancedSubtensor",
        "jax",
        "computes bounds of slices that JAX would know",
        until="3.2",
    ),
)


def excluded_rewrites(group: str) -> tuple[str, ...]:
    """The names of the excluded rewrites of a group that this PyTensor has."""
    return tuple(
        rewrite.name
        for rewrite in EXCLUDED_REWRITES
        if rewrite.group == group and rewrite.expected(VERSION)
    )


def registered_rewrites() -> set[str]:
    """The names and tags of all rewrites that PyTensor knows."""
    names: set[str] = set()
    databases: list[RewriteDatabase] = [optdb]
    seen: set[int] = set()
    while databases:
        database = databases.pop()
        if id(database) in seen:
            continue
        seen.add(id(database))
        for name, rewrites in database.__db__.items():
            names |= {name, *(getattr(rewrite, "name", None) or name for rewrite in rewrites)}
            databases += [rewrite for rewrite in rewrites if isinstance(rewrite, RewriteDatabase)]
    return names


# ---- Positions of PyTensor's rewrites that our own are placed around ----

POSITIONS: dict[str, float] = {
    "BlasOpt": 1.7,
    "specialize": 2,
    "uncanonicalize": 3,
    "add_mul_fusion": 48,
    "elemwise_fusion": 49,
    "add_destroy_handler": 49.5,
    "inplace_elemwise": 50.5,
    "local_inplace_AdvancedIncSubtensor": 70.6,
    "cond_make_inplace": 95,
    "jax_shape_parameter_as_tuple": 100,
    "merge3": 100,
}


def position_of(name: str) -> float:
    """The position of a rewrite in PyTensor's order."""
    return optdb.__position__[name]
