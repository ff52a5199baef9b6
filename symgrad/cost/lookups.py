"""Which rows of which table a cost reads, and what else of the table reaches it."""

from dataclasses import dataclass

from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Apply, Variable

from symgrad.errors import NotSharedError
from symgrad.graph.index_reads import Read, is_flattened, read_of
from symgrad.graph.walk import paths

__all__ = ["Subset", "lookups"]


@dataclass(frozen=True)
class Subset:
    """All indexed reads of one table that a cost makes, and what else of the table reaches it.

    Attributes
    ----------
    table : shared variable
    reads : tuple of Read
        In the order in which the walk back from the cost meets them, each variable once.
    dense : tuple of Apply
        Nodes on the way to the cost that read the table without an index.

    Examples
    --------
    >>> import numpy as np, pytensor.tensor as pt, symgrad as sg
    >>> W, index = sg.shared(np.ones((5, 2)), name="W"), pt.lvector("index")
    >>> subset = sg.lookups((W[index] ** 2).sum() + W[0].sum(), W)
    >>> len(subset.reads), subset.dense
    (2, ())
    """

    table: SharedVariable
    reads: tuple[Read, ...]
    dense: tuple[Apply, ...]


def lookups(cost: Variable, table: SharedVariable) -> Subset:
    """Find the indexed reads of `table` on which `cost` depends.

    Parameters
    ----------
    cost : variable
    table : shared variable

    Returns
    -------
    Subset

    Raises
    ------
    NotSharedError
        If `table` is not a shared variable.

    Examples
    --------
    >>> import numpy as np, pytensor.tensor as pt, symgrad as sg
    >>> W = sg.shared(np.ones((5, 2)), name="W")
    >>> sg.lookups(W[pt.lvector()].sum() + W.sum(), W).dense[0].op.__class__.__name__
    'Sum'
    """
    if not isinstance(table, SharedVariable):
        raise NotSharedError(
            f"lookups was given {table!r} as a table, which is not a shared variable: "
            "make it with sg.shared(values)"
        )
    reads: dict[Variable, Read] = {}
    dense: dict[Apply, None] = {}
    for variable, consumer in paths(cost):
        if consumer is None or not _is_all_of(table, variable):
            continue
        for output in consumer.outputs:
            read = read_of(output)
            if read is not None:
                reads[output] = read
            elif not is_flattened(output):  # the walk meets the consumers of a flattened table too
                dense[consumer] = None
    return Subset(table, tuple(reads.values()), tuple(dense))


def _is_all_of(table: SharedVariable, variable: Variable) -> bool:
    """Is the variable the table, as it is or flattened, as ``take(table, index)`` reads it?"""
    return variable is table or (is_flattened(variable) and variable.owner.inputs[0] is table)
