"""What a rule returns: ``{shared variable: new expression}``, and what else is known of it."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Protocol, TypeAlias

from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Variable

from symgrad.cost.place import Place
from symgrad.emit.definition import Definition
from symgrad.emit.hyperparameter import Scalar
from symgrad.emit.lagging_rows import CatchUp
from symgrad.emit.watch import Watch
from symgrad.errors import DuplicateUpdateError
from symgrad.graph.replace import substitute

__all__ = ["FlushCompiler", "Move", "Updates", "free_name"]


class FlushCompiler(Protocol):
    """Compiles the function that :meth:`Updates.flush` returns."""

    def __call__(self, catch_ups: tuple[CatchUp, ...], backend: str | None) -> Callable[[], None]:
        """See :meth:`Updates.flush`."""


Pairs: TypeAlias = Mapping[SharedVariable, Variable] | Iterable[tuple[SharedVariable, Variable]]


@dataclass(frozen=True, eq=False)
class Move:
    """How an update moves a block of a table: what monitors and explanations look at.

    Attributes
    ----------
    table : shared variable
    place : Place
        Where in the table the block lies.
    value, gradient, step : variable
        The block before the step, the gradient that the rule was given, and what is added.
    rule : Definition or None
        The rule that moves the block; None if it is no rule.
    hyper : dict
        The rule's hyper-parameters, as they were given.
    slots, clock : dict
        The rule's own name of each slot, and of each part of its clock, and the shared variable.
    """

    table: SharedVariable
    place: Place
    value: Variable
    gradient: Variable
    step: Variable
    rule: Definition | None = None
    hyper: Mapping[str, Scalar] = field(default_factory=dict)
    slots: Mapping[str, SharedVariable] = field(default_factory=dict)
    clock: Mapping[str, SharedVariable] = field(default_factory=dict)


class Updates(dict[SharedVariable, Variable]):
    """``{shared variable: new expression}``, in order, for ``updates=``.

    Attributes
    ----------
    slots : dict
        Name to shared variable: ``slots["m/embeddings"]`` is the slot ``m`` of the parameter
        named ``embeddings``, ``slots["t"]`` the count of calls.
    dense : frozenset of shared variables
        Tables read by index whose update is dense on purpose.
    moves : tuple of Move
        For each parameter, the block that moves, its gradient and step, and the rule and its
        hyper-parameters.
    caught_up : dict
        With ``unused="exact"``: each read of a table, and what it is with the rows brought up to
        date. :func:`symgrad.function` computes the outputs from these.
    catch_ups : tuple of CatchUp
        What :meth:`flush` works on.
    watch : Watch or None
        With :func:`symgrad.monitor`: what looks at the calls of a function with these updates.

    Examples
    --------
    >>> import numpy as np, symgrad as sg
    >>> w, b = sg.shared(np.ones(2), name="w"), sg.shared(0.0, name="b")
    >>> updates = sg.adam((w * b).sum(), w) | sg.sgd((w * b).sum(), b, learning_rate=0.1)
    >>> list(updates)
    [w, m/w, v/w, t, b]
    """

    # Updates are emitted before anything is compiled: `symgrad.compile.flush` sets this.
    flush_compiler: ClassVar[FlushCompiler]

    def __init__(
        self,
        pairs: Pairs = (),
        slots: Mapping[str, SharedVariable] | Iterable[tuple[str, SharedVariable]] = (),
        dense: Iterable[SharedVariable] = (),
        moves: Iterable[Move] = (),
        caught_up: Mapping[Variable, Variable] | Iterable[tuple[Variable, Variable]] = (),
        catch_ups: Iterable[CatchUp] = (),
        watch: Watch | None = None,
    ) -> None:
        super().__init__(pairs)
        self.slots = dict(slots)
        self.dense = frozenset(dense)
        self.moves = tuple(moves)
        self.caught_up = dict(caught_up)
        self.catch_ups = tuple(catch_ups)
        self.watch = watch

    def __or__(self, other: Any) -> Updates:  # never a plain dict
        """Both updates in one; a variable in both is an error."""
        twice = [str(variable) for variable in self if variable in other]
        if twice:
            raise DuplicateUpdateError(
                f"both updates change {', '.join(twice)}: leave it out of one of them"
            )
        other = other if isinstance(other, Updates) else Updates(other)
        slots = dict(self.slots)
        for name, slot in other.slots.items():
            slots[free_name(name, slots)] = slot
        mine, theirs = self.with_replaced(other.caught_up), other.with_replaced(self.caught_up)
        return Updates(
            {**mine, **theirs},
            slots,
            self.dense | other.dense,
            mine.moves + theirs.moves,
            self.caught_up | other.caught_up,
            self.catch_ups + other.catch_ups,
        )

    __ior__ = __or__

    def with_replaced(self, replacements: Mapping[Variable, Variable]) -> Updates:
        """The same updates with variables replaced in all that is computed."""
        if not replacements:
            return self
        fields = ("value", "gradient", "step")
        of_moves = [getattr(move, name) for move in self.moves for name in fields]
        replaced = iter(substitute([*self.values(), *of_moves], replacements))
        pairs = dict(zip(self, replaced, strict=False))
        moves = [replace(move, **{name: next(replaced) for name in fields}) for move in self.moves]
        return Updates(pairs, self.slots, self.dense, moves, self.caught_up, self.catch_ups)

    def current(self, outputs: Sequence[Variable]) -> list[Variable]:
        """A list of outputs with every read of a table at the rows that are up to date.

        :func:`symgrad.function` does this itself with ``unused="exact"``. Use it for functions
        that are compiled with PyTensor alone.
        """
        return substitute(outputs, self.caught_up)

    def flush(self, backend: str | None = None) -> Callable[[], None]:
        """Compile a function that brings all rows of all tables up to date.

        Call it before tables are saved, evaluated, or read by any other function, and at least
        once in 2**20 calls: rows that are read in the meantime need the learning rates since
        they were last read, and so many are kept.

        Parameters
        ----------
        backend : {"c", "numba", "jax"}, optional
            As in :func:`symgrad.function`.

        Returns
        -------
        callable
            Without arguments. It takes the time of a dense update, and a block of 65536 rows of
            memory. Interrupted, it leaves every row either as it was or up to date.

        Examples
        --------
        >>> import numpy as np, pytensor.tensor as pt, symgrad as sg
        >>> W, index = sg.shared(np.zeros((2, 1)), name="W"), pt.lvector("index")
        >>> updates = sg.momentum(W[index].sum(), W, 1.0, momentum=0.5, unused="exact")
        >>> f, flush = sg.function([index], updates=updates), updates.flush()
        >>> f([0]), f([1]); W.get_value().ravel().tolist()
        (None, None)
        [-1.0, -1.0]
        >>> flush(); W.get_value().ravel().tolist()
        [-1.5, -1.0]
        """
        return Updates.flush_compiler(self.catch_ups, backend)


def free_name(name: str, taken: Container[str]) -> str:
    """`name`, with a number behind it if it is taken."""
    free, number = name, 2
    while free in taken:
        free, number = f"{name}.{number}", number + 1
    return free
