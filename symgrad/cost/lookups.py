"""Which rows of which table a cost reads, and what else of the table reaches it."""

from dataclasses import dataclass

from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Apply

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


def lookups(cost, table):
    """Find the indexed reads of `table` on which `cost` depends.

    Parameters
    ----------
    cost : variable
    table : shared variable

    Returns
    -------
    Subset
        Its `reads` are in the order in which the graph is walked, each variable once.

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
    reads, dense = {}, {}
    for variable, consumer in paths(cost):
        if variable is not table:
            continue
        for output in consumer.outputs if consumer else ():
            found = read_of(output)
            if found is not None:
                reads[output] = found
            elif is_flattened(output):
                _collect_flat_reads(cost, output, reads, dense)
            else:
                dense[consumer] = None
    return Subset(table, tuple(reads.values()), tuple(dense))


def _collect_flat_reads(cost, flat, reads, dense):
    """Sort the readers of a flattened table: ``take(table, index)`` reads by index, too."""
    for variable, consumer in paths(cost):
        if variable is flat and consumer is not None:
            for output in consumer.outputs:
                found = read_of(output)
                if found is None:
                    dense[consumer] = None
                else:
                    reads[output] = found
