"""The update rule: its law, the same with the numbers of a row, and the slots before and after."""

from dataclasses import dataclass

import numpy as np

from symgrad.emit.updates import Updates
from symgrad.errors import HyperparameterError
from symgrad.explain.maths import Maths, number, symbol
from symgrad.explain.names import Formulas
from symgrad.explain.rebuild import evaluator
from symgrad.explain.sample import leaves_of
from symgrad.explain.simplify import simplified
from symgrad.explain.trace import as_written
from symgrad.graph.index_reads import describe, is_index_read, is_index_write

__all__ = ["LawLine", "RuleStory", "rule_stories", "updates_of"]


@dataclass(frozen=True)
class LawLine:
    """One line of the law of a rule.

    Attributes
    ----------
    target : str
        ``"step"``, or the name of a slot.
    law : Maths
    numbers : Maths or None
        The law with the numbers of the first entry of the first touched row put in.
    before, after : list, number or None
        The touched row of the slot, or of the table.
    """

    target: str
    law: Maths
    numbers: Maths | None
    before: object
    after: object


@dataclass(frozen=True)
class RuleStory:
    """How a rule moves one table.

    Attributes
    ----------
    rule, table : str
    row : int or None
        The first touched row, at the user's inputs.
    lines : tuple of LawLine
        The step first, then the slots.
    """

    rule: str
    table: str
    row: int | None
    lines: tuple[LawLine, ...]


def updates_of(rule, cost, wrt):
    """The updates of a rule: given as such, or as a function of cost and parameters."""
    if isinstance(rule, Updates):
        return rule
    if not callable(rule):
        raise HyperparameterError(
            f"rule is {type(rule).__name__}: give a function of cost and parameters, as sg.adam or "
            "functools.partial(sg.sgd, learning_rate=0.1), or the Updates it returned"
        )
    made = rule(cost, list(wrt))
    if not isinstance(made, Updates):
        raise HyperparameterError(
            f"the rule returned {type(made).__name__}, not Updates: give one of symgrad's rules"
        )
    return made


def rule_stories(rule, updates, point=None):
    """A story for each parameter that the updates move."""
    name = getattr(getattr(rule, "func", rule), "__name__", "") or "updates"
    name = "updates" if isinstance(rule, Updates) else name
    return tuple(_story(name, move, updates, point) for move in updates.moves)


def _story(name, move, updates, point):
    slots = {
        key.split("/")[0]: (slot, updates[slot]) for key, slot in updates.slots.items()
        if slot in updates and (key.endswith(f"/{move.table.name}") or "/" not in key)
    }  # fmt: skip
    known = {move.value: symbol("w"), move.gradient: symbol("g")}
    for key, (slot, _) in slots.items():
        known[slot] = symbol(key)
    outputs = {"step": move.step} | {key: _written(new) for key, (_, new) in slots.items()}
    for node in as_written(list(outputs.values())):
        for one in node.outputs:
            if is_index_read(node) and node.inputs[0] in known:
                known[one] = known[node.inputs[0]]
    formulas = Formulas(known)
    laws = {
        key: formulas.formula(simplified(one, set(known))).ordered() for key, one in outputs.items()
    }
    if point is None:
        lines = (LawLine(key, law, None, None, None) for key, law in laws.items())
        return RuleStory(name, describe(move.table), None, tuple(lines))
    targets = {"step": move.table} | {key: slot for key, (slot, _) in slots.items()}
    at = _First(move, point)
    firsts = {formula.text: at.first(one) for one, formula in known.items()}
    meanings = {name: number(one) for name, one in firsts.items() if one is not None}
    is_empty = len(meanings) < len(firsts)
    lines = tuple(
        LawLine(
            key, law, None if is_empty else law.with_symbols(meanings), at.row_of(targets[key]),
            at.row_of(updates[targets[key]]),
        )
        for key, law in laws.items()
    )  # fmt: skip
    return RuleStory(name, describe(move.table), at.row, lines)


def _written(new):
    """What is written into a slot: of the rows, if it is written by index."""
    node = new.owner
    return node.inputs[1] if node is not None and is_index_write(node) else new


class _First:
    """The first row that a call touches, at the user's inputs."""

    def __init__(self, move, point):
        self.point = point
        index = move.place.indices[0] if move.place.axes == (0,) and move.place.indices else None
        is_vector = getattr(getattr(index, "type", None), "ndim", 0) == 1
        rows = self._value(index) if is_vector else None
        if rows is not None and rows.dtype == bool:
            rows = np.flatnonzero(rows)
        self.row = int(rows[0]) if rows is not None and rows.size else None

    def first(self, block):
        """The first entry of a block of rows, or None if it has none."""
        value = self._value(block)
        return float(value.flat[0]) if value.size else None

    def row_of(self, table):
        """The row of a table or slot; all of it if no row was chosen, or it has none."""
        value = self._value(table)
        is_table = self.row is not None and value.ndim
        return (value[self.row] if is_table else value).tolist()

    def _value(self, variable):
        leaves = leaves_of([variable])
        at = {
            one: self.point[one] if one in self.point else np.asarray(one.get_value())
            for one in leaves
        }
        return np.asarray(evaluator(list(at), [variable])(*at.values())[0])
