"""Put values in place of variables, and leave the rest of a graph as it is."""

from pytensor.graph.traversal import toposort

__all__ = ["substitute"]


def substitute(results, replacements):
    """Results with ``{variable: value}`` replaced; what is not made of these stays as it is.

    PyTensor's ``clone_replace`` copies that, too, and the values. Copies of an index would be
    checked and coalesced one by one, copies of a loop run one by one.
    """
    new = dict(replacements)
    for node in toposort(results):
        inputs = [new.get(one, one) for one in node.inputs]
        if any(a is not b for a, b in zip(inputs, node.inputs, strict=True)):
            made = node.clone_with_new_inputs(inputs).outputs
            for old, one in zip(node.outputs, made, strict=True):
                one.name = old.name
                new.setdefault(old, one)
    return [new.get(one, one) for one in results]
