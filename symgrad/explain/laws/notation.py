"""The table of maths: how an Op is written, and what it passes back to its inputs.

What an Op passes back is a PyTensor expression, and what is printed of it is made from that very
expression. A page can therefore not show a formula that is not the one that is computed.
"""

from dataclasses import dataclass

import pytensor.tensor as pt
from pytensor.gradient import DisconnectedType
from pytensor.graph.basic import Variable
from pytensor.graph.null_type import NullType
from pytensor.graph.op import Op
from pytensor.tensor.blockwise import Blockwise
from pytensor.tensor.elemwise import Elemwise
from pytensor.tensor.type import discrete_dtypes

from symgrad.explain.maths import call

__all__ = ["Notation", "Step", "is_known", "notation", "notation_of", "unbroadcast"]

_TABLE = {}


@dataclass(frozen=True)
class Step:
    """One line of a computation: what is computed of what, as a node of a graph has it."""

    op: Op
    inputs: tuple[Variable, ...]
    outputs: tuple[Variable, ...]


class Notation:
    """The maths of an Op. This base says of any Op what can be said without knowing it.

    Attributes
    ----------
    law : str
        The name of the law by which it is differentiated.
    """

    law = ""

    def law_of(self, step, position):
        """The name of the law for one input."""
        return self.law or f"pullback of {name_of(step.op)}"

    def local(self, step, position):
        """The local derivative for one input, or None if it is more than a number per entry."""
        return None

    def write(self, step, args):
        """The forward formula, from those of the inputs."""
        return call(name_of(step.op), *args)

    def pull(self, step, bars):
        """For each input what it receives of the adjoints of the outputs, or None.

        Parameters
        ----------
        step : Step, or Apply
        bars : list of (variable or None)
            The adjoint of each output.
        """
        bars = [
            one if one is not None else DisconnectedType()() for one in bars
        ]  # what PyTensor's gradient gives an Op for an output that the cost does not use
        terms = step.op.pullback(list(step.inputs), list(step.outputs), bars)
        return [None if isinstance(t.type, (DisconnectedType, NullType)) else t for t in terms]


class Elementwise(Notation):
    """A scalar Op at every entry: adjoint times local derivative, summed where it broadcast."""

    def __init__(self, of_scalar):
        self.of_scalar = of_scalar

    def law_of(self, step, position):
        law = self.of_scalar.law_of(step, position)
        x, z = step.inputs[position], step.outputs[0]
        axes = broadcast_axes(x, z)
        return f"{law}; sum over the broadcast axis {_listed(axes)}" if axes else law

    def local(self, step, position):
        return self.of_scalar.local(step, position)

    def write(self, step, args):
        return self.of_scalar.write(step, args)

    def pull(self, step, bars):
        terms = self.of_scalar.pull(step, bars)
        if any(term is NotImplemented for term in terms):
            backup = super().pull(step, bars)
            terms = [b if t is NotImplemented else t for t, b in zip(terms, backup, strict=True)]
        return [
            None if term is None or not is_float(x) else unbroadcast(term, x)
            for x, term in zip(step.inputs, terms, strict=True)
        ]


def notation(*ops):
    """Register the maths of Ops: a class decorator, and the way to teach it your own Ops.

    Parameters
    ----------
    *ops : classes
        Children of Op. A scalar Op is looked up for the Elemwise of it, and the core Op of a
        Blockwise for the Blockwise.

    Returns
    -------
    callable
        It takes a child of :class:`Notation`, or an instance of one.

    Notes
    -----
    An Op without an entry is written as a function, and differentiated by its own ``pullback``,
    which the explanation says: ``pullback of X``.

    Examples
    --------
    >>> import pytensor.tensor as pt
    >>> from pytensor.tensor.fourier import Fourier
    >>> from symgrad.explain import explain, notation
    >>> from symgrad.explain.notation import Notation, notation_of
    >>> @notation(Fourier)
    ... class Transform(Notation):
    ...     law = "the adjoint of a Fourier transform is its inverse"
    >>> notation_of(Fourier()).law
    'the adjoint of a Fourier transform is its inverse'
    """

    def register(entry):
        made = entry() if isinstance(entry, type) else entry
        for op in ops:
            _TABLE[op] = made
        return entry

    return register


def entry_of(op):
    """The entry of an Op itself, by its class, or None."""
    return next((_TABLE[kind] for kind in type(op).__mro__ if kind in _TABLE), None)


def notation_of(op):
    """The maths of an Op; that of the base class if it has no entry."""
    if isinstance(op, Elemwise):
        entry = entry_of(op.scalar_op)
        return Elementwise(entry) if entry else Notation()
    if isinstance(op, Blockwise):
        return entry_of(op.core_op) or Notation()
    return entry_of(op) or Notation()


def is_known(op_class):
    """Has this class of Ops an entry?"""
    return any(kind in _TABLE for kind in op_class.__mro__)


def name_of(op):
    """What an Op is called in a line of text."""
    inner = getattr(op, "scalar_op", None) or getattr(op, "core_op", None) or op
    return type(inner).__name__


def is_float(variable):
    """Can the variable have an adjoint?"""
    dtype = getattr(variable.type, "dtype", None)
    return dtype is not None and dtype not in discrete_dtypes


def broadcast_axes(x, z):
    """The axes along which `x` is stretched to meet `z`."""
    pairs = zip(x.type.shape, z.type.shape, strict=True)
    return tuple(axis for axis, (of_x, of_z) in enumerate(pairs) if of_x == 1 and of_z != 1)


def unbroadcast(term, x):
    """A term of the shape of the output, summed to the shape of the input."""
    extra = tuple(range(term.type.ndim - x.type.ndim))
    if extra:
        term = term.sum(axis=extra)
    axes = broadcast_axes(x, term)
    if axes:
        term = pt.sum(term, axis=axes, keepdims=True)
    return pt.cast(term, x.type.dtype)


def _listed(axes):
    return ", ".join(map(str, axes))
