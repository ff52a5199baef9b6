"""The JAX backend: tables are donated, so XLA updates them in place."""

import contextlib
import warnings
from functools import cache

import numpy as np
from pytensor.compile.mode import Mode, get_mode
from pytensor.graph.basic import Constant, Variable
from pytensor.link.basic import Container
from pytensor.link.jax.linker import JAXLinker
from pytensor.tensor.basic import Split

from symgrad.backends.rewrites import with_symgrad_rewrites
from symgrad.backends.xla import reads_first as donated  # noqa: F401  (it registers a rewrite)
from symgrad.backends.xla.lengths import is_known
from symgrad.backends.xla.static import EXCLUDED
from symgrad.errors import BackendError
from symgrad.graph.index_reads import indices_of, is_index_read, is_index_write

__all__ = [
    "check_expressible",
    "depends_on_data",
    "float64",
    "inexpressible",
    "jax_mode",
    "looped",
    "quiet",
    "to_device",
    "to_host",
]


@cache
def jax_mode():
    """The Mode of ``backend="jax"``."""
    stock = Mode(DonatingJAXLinker(), get_mode("JAX").provided_optimizer)
    return with_symgrad_rewrites(stock).including("symgrad_jax").excluding(*EXCLUDED)


class DonatingJAXLinker(JAXLinker):
    """PyTensor's JAX linker, but updated shared variables give their memory to their update."""

    def fgraph_convert(self, fgraph, input_storage, storage_map, **kwargs):
        # PyTensor copies the value of every input into the globals of the function it makes, and
        # so keeps one more copy of each table on the device for as long as the function lives.
        values = {v: s[0] for v, s in storage_map.items() if v in fgraph.inputs}
        kept = {v for v in values if isinstance(values[v], (np.ndarray, _jax_array()))}
        for variable in kept:
            storage_map[variable][0] = None
        try:
            return super().fgraph_convert(
                fgraph, input_storage=input_storage, storage_map=storage_map, **kwargs
            )
        finally:
            for variable in kept:
                storage_map[variable][0] = values[variable]

    def jit_compile(self, fn):
        import jax

        if self.scalar_shape_inputs or not self.fgraph.outputs:
            return super().jit_compile(fn)  # static arguments and donation do not go together
        dtypes = [getattr(output.type, "dtype", None) for output in self.fgraph.outputs]

        def with_dtypes(*inputs):
            # Where JAX promotes otherwise than PyTensor, a table must not change its dtype.
            values = fn(*inputs)
            return [
                value if dtype is None else jax.numpy.asarray(value, dtype)
                for value, dtype in zip(values, dtypes, strict=True)
            ]

        updated = tuple(sorted(self.fgraph.update_mapping.values()))
        return jax.jit(with_dtypes, donate_argnums=updated)


def float64():
    """A context in which JAX keeps float64 and int64, whatever floatX is: dtypes survive."""
    import jax

    return jax.enable_x64(True)


@contextlib.contextmanager
def quiet():
    """Keep PyTensor from warning of what is known.

    It leaves out the shape assertions that it itself put in, and `check_expressible` refuses
    splits of unknown lengths.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Skipping .*Could not broadcast dimensions")
        warnings.filterwarnings("ignore", "Split node does not have constant split positions")
        yield


def _jax_array():
    import jax

    return jax.Array


class HostContainer(Container):
    """The container of a shared variable whose value may lie on a JAX device.

    Whoever asks for the value gets NumPy, and from then on the storage holds NumPy, too.
    """

    def __get__(self):
        value = self.storage[0]
        if not isinstance(value, np.ndarray) and isinstance(value, _jax_array()):
            self.storage[0] = value = np.array(value)
        return value

    data = property(__get__, Container.__set__)
    value = property(__get__, Container.__set__)


def to_device(shared):
    """Move the value of a shared variable to the device; the user's own array is not touched."""
    import jax.numpy as jnp

    container = shared.container
    if type(container) is Container:
        container.__class__ = HostContainer
    if isinstance(container.storage[0], np.ndarray):
        # Waiting for the copy keeps the tables of a function from being in flight all at once.
        container.storage[0] = jnp.array(container.storage[0], copy=True).block_until_ready()


def to_host(shared):
    """Make sure that the storage of a shared variable holds no JAX array."""
    shared.get_value(borrow=True)  # reading it brings it home


def check_expressible(fgraph):
    """Raise a :class:`BackendError` for nodes whose shapes JAX could not know in advance."""
    for node in fgraph.apply_nodes:
        if isinstance(node.op, Split) and not isinstance(node.inputs[-1], Constant):
            raise BackendError(
                f"JAX needs shapes that do not depend on data, but {node} splits into lengths "
                "known only at run time. Read the parts by an index of their own, or use "
                "backend='c' or 'numba'"
            )
        if not (is_index_read(node) or is_index_write(node)):
            continue
        for entry in indices_of(node):
            bounds = (entry.start, entry.stop, entry.step) if isinstance(entry, slice) else ()
            if any(isinstance(one, Variable) and not is_known(one) for one in bounds):
                raise BackendError(
                    f"JAX needs shapes that do not depend on data, but {node} takes a slice whose "
                    "bounds are known only at run time. Write W[a : a + 8] with a constant "
                    "length, or give an index vector, or use backend='c' or 'numba'"
                )


def inexpressible(error):
    """The :class:`BackendError` for what PyTensor's JAX linker says it cannot convert."""
    reason = str(error).strip().splitlines()[0] if str(error).strip() else repr(error)
    masks = (
        " A boolean mask or nonzero() selects a number of rows that depends on data, and JAX "
        "needs shapes that do not: give an index vector of fixed length (padded with repeats, "
        "say)."
    )
    return BackendError(
        f"JAX cannot express this graph: {reason}.{masks if 'Nonzero' in reason else ''} Or use "
        "backend='c' or 'numba'"
    )


def depends_on_data(error):
    """The :class:`BackendError` for a length that JAX did not know while it traced, or None."""
    import jax

    kinds = (
        jax.errors.ConcretizationTypeError,
        jax.errors.NonConcreteBooleanIndexError,
        jax.errors.TracerArrayConversionError,
        jax.errors.TracerIntegerConversionError,
    )
    if not isinstance(error, kinds) and "sequences of concrete values" not in str(error):
        return None
    reason = str(error).strip().splitlines()[0].rstrip(".")
    return BackendError(
        "JAX needs shapes and numbers of steps that do not depend on data, but one is computed, or "
        f"given as a number ({reason}). Take it from the shape of an array, or use backend='c' or "
        "'numba'"
    )


def looped(compiled, checks=()):
    """As :func:`symgrad.backends.c.mode.looped`; stops when one of the `checks` is set.

    These are positions in the report, the first output: the step that sets one changed nothing.
    """
    import jax

    step, fgraph = compiled.vm.jit_fn.__wrapped__, compiled.maker.fgraph
    updates = fgraph.update_mapping
    storage = [container.storage for container in compiled.input_storage]

    def take(carry, fixed):
        n, _, state = carry
        fixed, state = iter(fixed), dict(zip(updates.values(), state, strict=True))
        new = step(*(state[k] if k in state else next(fixed) for k in range(len(storage))))
        failed = jax.numpy.any(jax.numpy.stack([new[0][k] != 0 for k in checks] or [False]))
        return n + 1, failed, [new[k] for k in updates]

    def loop(times, fixed, state):
        return jax.lax.while_loop(
            lambda carry: (carry[0] < times) & ~carry[1],
            lambda carry: take(carry, fixed),
            (0, False, state),
        )[2]

    compiled_loop = jax.jit(loop, donate_argnums=2)

    def repeat(inputs, times):
        for one, value in zip(storage, inputs, strict=False):
            one[0] = jax.numpy.asarray(value)
        fixed = [one[0] for k, one in enumerate(storage) if k not in updates.values()]
        state = compiled_loop(times, fixed, [storage[k][0] for k in updates.values()])
        for k, value in zip(updates.values(), state, strict=True):
            storage[k][0] = value

    return repeat
