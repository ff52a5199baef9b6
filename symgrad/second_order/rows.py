"""A cost as a function of the distinct rows that it uses: no table is left in it."""

from dataclasses import dataclass

import numpy as np
import pytensor
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Variable

from symgrad.cost.blocks import by_table, differentiate, listed, source_of
from symgrad.cost.join import Spread, spread
from symgrad.cost.place import Place, whole
from symgrad.emit.updates import Updates, free_name
from symgrad.graph.replace import substitute
from symgrad.second_order.products import (
    check_through,
    gauss_newton_product,
    hessian_product,
    like,
    replacements,
)

__all__ = ["Problem", "problem_of"]


@dataclass(frozen=True)
class Problem:
    """A cost as a function of free variables, one for the distinct rows of each table.

    Attributes
    ----------
    cost : scalar variable
        The cost, in `unknowns`.
    outputs : list of variables or None
        The outputs for the Gauss-Newton matrix, in `unknowns`.
    tables : list of shared variables
    places : list of Place
    unknowns : list of variables
        Free: `settled` puts the values of the rows in.
    """

    cost: Variable
    outputs: list | None
    tables: list[SharedVariable]
    places: list[Place]
    unknowns: list[Variable]

    @property
    def values(self):
        return [place.read(table) for place, table in zip(self.places, self.tables, strict=True)]

    @property
    def gradients(self):
        return pytensor.grad(self.cost, self.unknowns)

    def hessian_product(self, vectors):
        return hessian_product(self.gradients, self.unknowns, vectors)

    def gauss_newton_product(self, vectors):
        return gauss_newton_product(self.cost, self.outputs, self.unknowns, vectors)

    def cost_after(self, step):
        moved = [x + d for x, d in zip(self.unknowns, step, strict=True)]
        return substitute([self.cost], replacements(self.unknowns, moved))[0]

    def settled(self, results, at=None):
        """Results with the unknowns at the values of the rows, or at other blocks."""
        at = self.values if at is None else at
        return substitute(results, replacements(self.unknowns, at))

    def updates(self, step):
        """Updates that add `step` to the rows."""
        triples = zip(self.places, self.tables, like(step, self.unknowns), strict=True)
        return Updates({table: place.add(table, one) for place, table, one in triples})

    def written(self, blocks):
        """Updates that set the rows."""
        triples = zip(self.places, self.tables, like(blocks, self.unknowns), strict=True)
        return Updates({table: place.write(table, one) for place, table, one in triples})

    def slots(self, slot):
        """Name to a new shared variable of zeros, for each table, of its shape."""
        made = {}
        for number, table in enumerate(self.tables):
            name = free_name(f"{slot}/{table.name or f'param{number}'}", made)
            value = np.zeros(np.shape(table.container.storage[0]), table.type.dtype)
            made[name] = pytensor.shared(value, name=name, borrow=True, shape=table.type.shape)
        return made


def problem_of(cost, params, outputs=None):
    """The cost, and outputs on its way, as functions of the distinct rows of the parameters."""
    sources = by_table([source_of(param, None, cost) for param in listed(params)])
    differentiate(cost, sources)
    if outputs is not None:
        check_through(cost, outputs, [p.variable for source in sources for p in source.parts])
    tables, places, unknowns, replaced = [], [], [], {}
    for source in sources:
        found = _spread(source)
        tables.append(source.table)
        places.append(found.place)
        unknowns.append(found.rows)
        replaced |= found.reads
    cost, *outputs_of_rows = substitute([cost, *(outputs or ())], replaced)
    return Problem(cost, None if outputs is None else outputs_of_rows, tables, places, unknowns)


def _spread(source):
    """A dense parameter is read as a whole."""
    if source.parts[0].read is None:
        rows = source.table.type()
        return Spread(whole(source.table), rows, {source.parts[0].variable: rows})
    return spread([part.read for part in source.parts])
