"""Common subexpressions: one variable for all that compute the same."""

from collections.abc import Collection, Hashable

from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.graph.op import Op
from pytensor.tensor.basic import ScalarFromTensor, TensorFromScalar

__all__ = ["Merger"]


class Merger:
    """Merges variables that compute the same.

    Parameters
    ----------
    known : collection of variables
        These are taken as they are, whatever they were made of.
    """

    def __init__(self, known: Collection[Variable]) -> None:
        self.known = known
        self._merged: dict[Variable, Variable] = {}
        self._nodes: dict[tuple[Op, tuple[Variable, ...]], Apply] = {}
        self._constants: dict[Hashable, Variable] = {}

    def merged(self, variable: Variable) -> Variable:
        """The first variable that was seen to compute the same."""
        if isinstance(variable, Constant):
            return self._constant(variable)
        if variable.owner is None or variable in self.known:
            return variable
        if variable not in self._merged:
            self._merged[variable] = self._result(variable)
        return self._merged[variable]

    def _constant(self, variable):
        to_bytes = getattr(variable.data, "tobytes", None)
        key = (variable.type, to_bytes()) if to_bytes else variable
        return self._constants.setdefault(key, variable)

    def _result(self, variable):
        node = variable.owner
        inputs = tuple(map(self.merged, node.inputs))
        if isinstance(node.op, ScalarFromTensor) and _is_of_scalar(inputs[0]):
            return inputs[0].owner.inputs[0]
        key = (node.op, inputs)
        if key not in self._nodes:
            is_changed = list(inputs) != node.inputs
            self._nodes[key] = node.clone_with_new_inputs(list(inputs)) if is_changed else node
        return self._nodes[key].outputs[node.outputs.index(variable)]


def _is_of_scalar(variable):
    return variable.owner is not None and isinstance(variable.owner.op, TensorFromScalar)
