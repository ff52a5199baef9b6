"""The story of an update rule: its formulas, the same with numbers, and the slots it changes.

All of it comes from the graph of the updates. Any function that returns Updates is a rule here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from pytensor.graph.basic import Variable

from symgrad.emit.updates import Move, Updates
from symgrad.errors import ArgumentError
from symgrad.explain.derive.names import Formulas
from symgrad.explain.derive.rebuild import evaluator
from symgrad.explain.derive.simplify import simplified
from symgrad.explain.graph import leaves_of, nodes_as_written
from symgrad.explain.maths import Maths, number, symbol
from symgrad.explain.sample import Point
from symgrad.graph.index_reads import describe, is_index_read, is_index_write

__all__ = ["RuleLine", "RuleStory", "rule_stories", "updates_of"]

RuleLike = Callable[..., Updates] | Updates


@dataclass(frozen=True)
class RuleLine:
    """One formula of a rule.

    Attributes
    ----------
    target : str
        ``"step"``, or the name of a slot.
    formula : Maths
    numbers : Maths or None
        The formula with the numbers of the first entry of the first touched row.
    before, after : list, number or None
        The touched row of the slot, or of the table for the step.
    """

    target: str
    formula: Maths
    numbers: Maths | None
    before: Any
    after: Any


@dataclass(frozen=True)
class RuleStory:
    """How a rule moves one table.

    Attributes
    ----------
    rule, table : str
    row : int or None
        The first touched row, at the user's inputs.
    lines : tuple of RuleLine
        The step first, then the slots.
    """

    rule: str
    table: str
    row: int | None
    lines: tuple[RuleLine, ...]


def updates_of(rule: RuleLike, cost: Variable, wrt: Sequence[Variable]) -> Updates:
    """The updates of a rule, which is a function of cost and parameters, or Updates."""
    if isinstance(rule, Updates):
        return rule
    if not callable(rule):
        raise ArgumentError(
            f"rule is {type(rule).__name__}: give a function of cost and parameters, as sg.adam or "
            "functools.partial(sg.sgd, learning_rate=0.1), or the Updates it returned"
        )
    updates = rule(cost, list(wrt))
    if not isinstance(updates, Updates):
        raise ArgumentError(
            f"the rule returned {type(updates).__name__}, not Updates: return what one of "
            "symgrad's rules returned"
        )
    return updates


def rule_stories(
    rule: RuleLike, updates: Updates, point: Point | None = None
) -> tuple[RuleStory, ...]:
    """A story for each parameter that the updates move."""
    name = _name_of(rule)
    return tuple(_story(name, move, updates, point) for move in updates.moves)


def _name_of(rule: RuleLike) -> str:
    function = rule.func if isinstance(rule, partial) else rule
    name = getattr(function, "__name__", type(function).__name__.lower())
    return "rule" if name == "<lambda>" else name


def _story(name: str, move: Move, updates: Updates, point: Point | None) -> RuleStory:
    slots = {**move.slots, **move.clock}
    outputs = {"step": move.step} | {key: _written(updates[slot]) for key, slot in slots.items()}
    known = {move.value: symbol("w"), move.gradient: symbol("g")}
    known |= {slot: symbol(key) for key, slot in slots.items()}
    known = _with_reads(known, list(outputs.values()))
    written = Formulas(known)
    formulas = {
        target: written.formula(simplified(new, set(known))).ordered()
        for target, new in outputs.items()
    }
    if point is None:
        lines = (
            RuleLine(target, formula, None, None, None) for target, formula in formulas.items()
        )
        return RuleStory(name, describe(move.table), None, tuple(lines))
    variables = {"step": move.table} | slots
    first = _FirstRow(move, point)
    numbers = first.numbers(known)
    lines = (
        RuleLine(
            target,
            formula,
            formula.with_symbols(numbers) if numbers else None,
            first.row_of(variables[target]),
            first.row_of(updates[variables[target]]),
        )
        for target, formula in formulas.items()
    )
    return RuleStory(name, describe(move.table), first.row, tuple(lines))


def _written(new: Variable) -> Variable:
    """What is written into a slot: rows, if it is written by index."""
    node = new.owner
    return node.inputs[1] if node is not None and is_index_write(node) else new


def _with_reads(
    known: Mapping[Variable, Maths], outputs: Sequence[Variable]
) -> dict[Variable, Maths]:
    """The symbols, which rows that are read of a slot share with the slot."""
    known = dict(known)
    for node in nodes_as_written(outputs):
        if is_index_read(node) and node.inputs[0] in known:
            known |= dict.fromkeys(node.outputs, known[node.inputs[0]])
    return known


class _FirstRow:
    """The first row that a call touches, at the user's inputs."""

    def __init__(self, move: Move, point: Point) -> None:
        self.point = point
        index = move.place.indices[0] if move.place.axes == (0,) and move.place.indices else None
        is_vector = getattr(getattr(index, "type", None), "ndim", 0) == 1
        rows = self._value(index) if is_vector else None
        if rows is not None and rows.dtype == bool:
            rows = np.flatnonzero(rows)
        self.row = int(rows[0]) if rows is not None and rows.size else None

    def numbers(self, symbols: Mapping[Variable, Maths]) -> dict[str, Maths] | None:
        """The first entry of each block by the name of its symbol; None if a block is empty."""
        values = {formula.text: self._value(block) for block, formula in symbols.items()}
        if not all(value.size for value in values.values()):
            return None
        return {name: number(float(value.flat[0])) for name, value in values.items()}

    def row_of(self, table: Variable) -> Any:
        """The row of a table or slot; all of it if no row was chosen, or it has no rows."""
        value = self._value(table)
        return (value[self.row] if self.row is not None and value.ndim else value).tolist()

    def _value(self, variable: Variable) -> np.ndarray:
        leaves: list[Any] = leaves_of([variable])
        inputs = {
            leaf: self.point[leaf] if leaf in self.point else np.asarray(leaf.get_value())
            for leaf in leaves
        }
        return np.asarray(evaluator(list(inputs), [variable])(*inputs.values())[0])
