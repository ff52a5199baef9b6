"""The table of notations: those of symgrad, and those that users add with :func:`notation`."""

from collections import ChainMap
from collections.abc import Callable
from typing import TypeVar

from pytensor.graph.op import Op
from pytensor.tensor.blockwise import Blockwise
from pytensor.tensor.elemwise import Elemwise

from symgrad.explain.laws.indexing import INDEXING
from symgrad.explain.laws.loops import LOOPS
from symgrad.explain.laws.notation import Elementwise, Notation
from symgrad.explain.laws.scalars import SCALARS
from symgrad.explain.laws.tensors import TENSORS

__all__ = ["is_known", "notation", "notation_of"]

Entry = TypeVar("Entry", bound=Notation | type[Notation])

# The notations of users come first; `notation` writes into that mapping alone.
_TABLE: ChainMap[type[Op], Notation] = ChainMap({}, SCALARS, TENSORS, INDEXING, LOOPS)


def notation(*ops: type[Op]) -> Callable[[Entry], Entry]:
    """Register the notation of Ops. This class decorator teaches :func:`explain` your own Ops.

    Parameters
    ----------
    *ops : classes
        Subclasses of Op. A scalar Op is also looked up for its Elemwise, and the core Op of a
        Blockwise for the Blockwise.

    Returns
    -------
    callable
        It takes a subclass of :class:`Notation`, or an instance of one.

    Notes
    -----
    An Op without a notation is written as a function and differentiated by its own ``pullback``.
    The explanation then names the law ``pullback of X``.

    Examples
    --------
    >>> from pytensor.tensor.fourier import Fourier
    >>> from symgrad.explain import Notation, notation, notation_of
    >>> @notation(Fourier)
    ... class Transform(Notation):
    ...     law = "the adjoint of a Fourier transform is its inverse"
    >>> notation_of(Fourier()).law
    'the adjoint of a Fourier transform is its inverse'
    """

    def register(entry: Entry) -> Entry:
        instance = entry() if isinstance(entry, type) else entry
        _TABLE.update(dict.fromkeys(ops, instance))
        return entry

    return register


def notation_of(op: Op) -> Notation:
    """The notation of an Op; the base class if it has no entry."""
    if isinstance(op, Elemwise):
        of_scalar = _entry(type(op.scalar_op))
        return Elementwise(of_scalar) if of_scalar else Notation()
    core = op.core_op if isinstance(op, Blockwise) else op
    return _entry(type(core)) or Notation()


def is_known(op_class: type[Op]) -> bool:
    """Does this class of Ops have an entry?"""
    return _entry(op_class) is not None


def _entry(op_class: type[Op]) -> Notation | None:
    return next((_TABLE[base] for base in op_class.__mro__ if base in _TABLE), None)
