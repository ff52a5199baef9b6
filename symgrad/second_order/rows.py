"""A cost as a function of the distinct rows that it uses, with no table left in it."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pytensor
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Variable

from symgrad.cost.blocks import Param, Target, by_table, differentiate, listed, target_of
from symgrad.cost.join import Spread, spread
from symgrad.cost.place import Place, whole
from symgrad.emit.updates import Updates, free_name
from symgrad.graph.replace import substitute
from symgrad.pytensor_compat import stored_shape
from symgrad.second_order.products import check_through, gauss_newton_product, hessian_product
from symgrad.second_order.vectors import Vectors, like, replacements

__all__ = ["Problem", "problem_of"]


@dataclass(frozen=True)
class Problem:
    """A cost as a function of free variables, one for the distinct rows of each table.

    Attributes
    ----------
    cost : scalar variable
        The cost in terms of `unknowns`.
    outputs : list of variables
        The outputs for the Gauss-Newton matrix, in terms of `unknowns`; empty if there are none.
    tables : list of shared variables
    places : list of Place
    unknowns : list of variables
        Free variables, which `settled` replaces by the values of the rows.
    """

    cost: Variable
    outputs: list[Variable]
    tables: list[SharedVariable]
    places: list[Place]
    unknowns: list[Variable]

    @property
    def values(self) -> list[Variable]:
        """The rows, as the tables hold them."""
        return [place.read(table) for place, table in zip(self.places, self.tables, strict=True)]

    @property
    def gradients(self) -> list[Variable]:
        """The gradient of the cost with respect to the unknowns."""
        return pytensor.grad(self.cost, self.unknowns)

    def hessian_product(self, vectors: Vectors) -> list[Variable]:
        """Product of the Hessian of the cost with vectors."""
        return hessian_product(self.gradients, self.unknowns, vectors)

    def gauss_newton_product(self, vectors: Vectors) -> list[Variable]:
        """Product of the Gauss-Newton matrix of the cost with vectors."""
        return gauss_newton_product(self.cost, self.outputs, self.unknowns, vectors)

    def cost_after(self, step: Vectors) -> Variable:
        """The cost once `step` is added to the unknowns."""
        moved = [x + d for x, d in zip(self.unknowns, step, strict=True)]
        return substitute([self.cost], replacements(self.unknowns, moved))[0]

    def settled(self, results: Vectors, at: Vectors | None = None) -> list[Variable]:
        """Results with the unknowns at the values of the rows, or at other blocks."""
        at = self.values if at is None else at
        return substitute(results, replacements(self.unknowns, at))

    def updates(self, step: Vectors) -> Updates:
        """Updates that add `step` to the rows."""
        triples = zip(self.places, self.tables, like(step, self.unknowns), strict=True)
        return Updates({table: place.add(table, block) for place, table, block in triples})

    def written(self, rows: Vectors) -> Updates:
        """Updates that set the rows."""
        triples = zip(self.places, self.tables, like(rows, self.unknowns), strict=True)
        return Updates({table: place.write(table, block) for place, table, block in triples})

    def slots(self, slot: str) -> dict[str, SharedVariable]:
        """Name to a new shared variable of zeros, of the shape of each table."""
        slots: dict[str, SharedVariable] = {}
        for number, table in enumerate(self.tables):
            name = free_name(f"{slot}/{table.name or f'param{number}'}", slots)
            value = np.zeros(stored_shape(table), table.type.dtype)
            slots[name] = pytensor.shared(value, name=name, borrow=True, shape=table.type.shape)
        return slots


def problem_of(cost: Variable, params: Param | Iterable[Param], outputs: Vectors = ()) -> Problem:
    """The cost, and outputs that it is built from, as functions of the rows of the parameters."""
    targets = by_table([target_of(param, None, cost) for param in listed(params)])
    differentiate(cost, targets)
    if outputs:
        check_through(cost, outputs, [part.variable for t in targets for part in t.parts])
    spreads = [_spread(target) for target in targets]
    of_rows: dict[Variable, Variable] = {}
    for rows in spreads:
        of_rows |= rows.reads
    cost_of_rows, *outputs_of_rows = substitute([cost, *outputs], of_rows)
    return Problem(
        cost_of_rows,
        outputs_of_rows,
        tables=[target.table for target in targets],
        places=[rows.place for rows in spreads],
        unknowns=[rows.rows for rows in spreads],
    )


def _spread(target: Target) -> Spread:
    """The rows of a target as a free variable: all rows of a dense parameter."""
    reads = [part.read for part in target.parts if part.read]
    if reads:
        return spread(reads)
    rows = target.table.type()
    return Spread(whole(target.table), rows, {target.parts[0].variable: rows})
