"""Put values in place of variables, and leave the rest of a graph as it is."""

from collections.abc import Mapping, Sequence

from pytensor.graph.basic import Variable
from pytensor.graph.traversal import toposort

__all__ = ["substitute"]


def substitute(
    results: Sequence[Variable], replacements: Mapping[Variable, Variable]
) -> list[Variable]:
    """Results with ``{variable: value}`` replaced everywhere at once.

    Nodes that depend on no replaced variable are not copied, and neither are the values: copies of
    an index would each be checked and coalesced again, and copies of a loop would each run.

    Notes
    -----
    PyTensor has two functions for this. ``clone_replace`` copies the whole graph. ``graph_replace``
    copies independent nodes too, once an input that they share is among the results, and gives the
    new nodes the static shapes of the old ones, where those of the values are wanted.
    """
    new = dict(replacements)
    for node in toposort(results):
        inputs = [new.get(variable, variable) for variable in node.inputs]
        if any(a is not b for a, b in zip(inputs, node.inputs, strict=True)):
            copy = node.clone_with_new_inputs(inputs)
            for old_output, new_output in zip(node.outputs, copy.outputs, strict=True):
                new_output.name = old_output.name
                new.setdefault(old_output, new_output)
    return [new.get(variable, variable) for variable in results]
