"""What a notation is: how an Op is written, and what it passes back to its inputs.

What an Op passes back is a PyTensor expression, and the printed formula is made from that very
expression. A page can therefore not show a formula other than the one that is computed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pytensor.tensor as pt
from pytensor.gradient import DisconnectedType
from pytensor.graph.basic import Apply, Variable
from pytensor.graph.null_type import NullType
from pytensor.graph.op import Op
from pytensor.tensor.variable import TensorVariable

from symgrad.explain.graph import is_float, op_name
from symgrad.explain.maths import Maths, call

__all__ = ["Elementwise", "Notation", "Step", "unbroadcast"]


@dataclass(frozen=True)
class Step:
    """One step of a computation: an Op with its inputs and outputs, as in a node of a graph."""

    op: Op
    inputs: tuple[Variable, ...]
    outputs: tuple[Variable, ...]


class Notation:
    """How an Op is written and differentiated. This base class fits any Op.

    It writes the Op as a function, and takes what goes back from the Op's own ``pullback``.

    Attributes
    ----------
    law : str
        The name of the law by which the Op is differentiated.
    """

    law = ""

    def law_of(self, step: Step | Apply, position: int) -> str:
        """The name of the law for the input at a position."""
        return self.law or f"pullback of {op_name(step.op)}"

    def local(self, step: Step | Apply, position: int) -> Variable | None:
        """The local derivative for one input, or None if it is more than a number per entry."""
        return None

    def write(self, step: Step | Apply, args: Sequence[Maths]) -> Maths:
        """The forward formula, from the formulas of the inputs."""
        return call(op_name(step.op), *args)

    def pull(self, step: Step | Apply, bars: Sequence[Variable | None]) -> list[Variable | None]:
        """What each input receives from the adjoints of the outputs, or None.

        Parameters
        ----------
        step : Step, or Apply
        bars : list of (variable or None)
            The adjoint of each output; None for an output that the cost does not use.
        """
        # This is what PyTensor's gradient gives an Op for an output that is not used.
        cotangents = [DisconnectedType()() if bar is None else bar for bar in bars]
        terms = step.op.pullback(list(step.inputs), list(step.outputs), cotangents)
        return [
            None if isinstance(term.type, (DisconnectedType, NullType)) else term for term in terms
        ]


class Elementwise(Notation):
    """A scalar Op at every entry: adjoint times local derivative, summed where it broadcast."""

    def __init__(self, of_scalar: Notation) -> None:
        self.of_scalar = of_scalar

    def law_of(self, step, position):
        law = self.of_scalar.law_of(step, position)
        axes = _broadcast_axes(step.inputs[position], step.outputs[0])
        return f"{law}; sum over the broadcast axis {', '.join(map(str, axes))}" if axes else law

    def local(self, step, position):
        return self.of_scalar.local(step, position)

    def write(self, step, args):
        return self.of_scalar.write(step, args)

    def pull(self, step, bars):
        terms = self.of_scalar.pull(step, bars)
        if any(term is NotImplemented for term in terms):
            of_pytensor = super().pull(step, bars)
            terms = [
                other if term is NotImplemented else term
                for term, other in zip(terms, of_pytensor, strict=True)
            ]
        return [
            None if term is None or not is_float(x) else unbroadcast(pt.as_tensor(term), x)
            for x, term in zip(step.inputs, terms, strict=True)
        ]


def _broadcast_axes(x: Variable, z: Variable) -> tuple[int, ...]:
    """The axes along which `x` is stretched to the shape of `z`."""
    pairs = zip(x.type.shape, z.type.shape, strict=True)
    return tuple(axis for axis, (of_x, of_z) in enumerate(pairs) if of_x == 1 and of_z != 1)


def unbroadcast(term: TensorVariable, x: Variable) -> TensorVariable:
    """A term of the shape of the output, summed to the shape of the input `x`."""
    extra = tuple(range(term.type.ndim - x.type.ndim))
    if extra:
        term = term.sum(axis=extra)
    axes = _broadcast_axes(x, term)
    if axes:
        term = pt.sum(term, axis=axes, keepdims=True)
    return pt.cast(term, x.type.dtype)
