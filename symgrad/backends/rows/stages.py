"""From a graph of tensors to the scalar graphs that work on one row after the other."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from pytensor.graph.basic import Apply, Variable
from pytensor.scalar.basic import Composite, get_scalar_type, identity
from pytensor.tensor.elemwise import CAReduce, Elemwise
from pytensor.tensor.type import TensorType

__all__ = ["RowLaw", "Stage", "level"]


@dataclass(frozen=True)
class Stage:
    """One step of the law of a `RowUpdate`, which takes what the steps before it computed.

    Attributes
    ----------
    kind : {"row", "sum", "entry"}
        The scalar graph is evaluated once per row; or at each entry, and summed over the row; or
        at each entry, to be written. Only the last stage can be of the last kind.
    scalar_op : Composite
        The scalar graph, which may have several outputs.
    reads : tuple of int
        The values that it takes. Values are numbered: tables, operands, outputs of the stages.
    sums : tuple of (str, str)
        For a "sum": the dtypes in which each output is summed and returned.
    """

    kind: str
    scalar_op: Composite
    reads: tuple[int, ...]
    sums: tuple[tuple[str, str], ...] = ()

    @property
    def dtypes(self) -> list[str]:
        if self.kind == "sum":
            return [dtype for _, dtype in self.sums]
        return [type_.dtype for type_ in self.scalar_op.outputs_type]

    def apply_node(self) -> Apply:
        """The scalar graph applied to scalars: what PyTensor generates code for."""
        return self.scalar_op.make_node(*(type_() for type_ in self.scalar_op.inputs_type))


def level(type_: TensorType, is_table: bool = False) -> str:
    """Does a value differ within a row ("entry"), from row to row ("row"), or not ("call")?"""
    if any(size != 1 for size in type_.shape[1:]):
        return "entry"
    varies = is_table or (type_.ndim > 0 and type_.shape[0] != 1)
    return "row" if varies else "call"


class RowLaw:
    """The law of a RowUpdate, made of the nodes `inside`, cut into stages.

    The cuts are at sums over rows, and where a number per row meets entries, so that such numbers
    are computed once per row. What lies between two cuts is computed again in each loop.

    Parameters
    ----------
    inside : collection of nodes
    numbers : mapping
        Variables that the law takes, and the numbers of their values.
    first : int
        The number of the first value that a stage computes.
    """

    def __init__(
        self, inside: Collection[Apply], numbers: Mapping[Variable, int], first: int
    ) -> None:
        self.inside = inside
        self.numbers = dict(numbers)
        self._next = first
        self._depths: dict[Variable, int] = {}
        self._stages: list[Stage] = []

    def stages(self, outputs: Sequence[Variable]) -> tuple[tuple[Stage, ...], tuple[int, ...]]:
        """Stages that compute the outputs, and the numbers of these."""
        cuts = self._cuts(outputs)
        for depth in range(max(map(self._depth, outputs)) + 1):
            here = [variable for variable in cuts if self._depth(variable) == depth]
            self._add("sum", [variable for variable in here if _is_sum(variable)])
            self._add("row", [variable for variable in here if not _is_sum(variable)])
        self._add("entry", outputs)
        return tuple(self._stages), tuple(self.numbers[output] for output in outputs)

    def _cuts(self, outputs: Sequence[Variable]) -> list[Variable]:
        """Sums, and numbers per row that entries or tables need."""
        cuts = dict.fromkeys(output for output in outputs if self._is_per_row(output))
        seen, stack = set(), list(outputs)
        while stack:
            variable = stack.pop()
            if variable in seen or variable.owner not in self.inside:
                continue
            seen.add(variable)
            if _is_sum(variable):
                cuts[variable] = None
            elif not self._is_per_row(variable):
                cuts |= dict.fromkeys(filter(self._is_per_row, variable.owner.inputs))
            stack.extend(variable.owner.inputs)
        return list(cuts)

    def _is_per_row(self, variable: Variable) -> bool:
        return variable.owner in self.inside and level(variable.type) != "entry"

    def _depth(self, variable: Variable) -> int:
        """How many sums, one after the other, a variable needs."""
        if variable.owner not in self.inside:
            return 0
        if variable not in self._depths:
            inner = max(map(self._depth, variable.owner.inputs))
            self._depths[variable] = inner + _is_sum(variable)
        return self._depths[variable]

    def _add(self, kind: str, variables: Sequence[Variable]) -> None:
        """Add a stage that computes those variables that have no number yet."""
        variables = [v for v in dict.fromkeys(variables) if v not in self.numbers]
        if not variables:
            return
        outputs = [v.owner.inputs[0] if kind == "sum" else v for v in variables]
        scalars: dict[Variable, Variable] = {}
        inputs: dict[int, Variable] = {}
        results = [self._scalar(output, scalars, inputs) for output in outputs]
        # PyTensor wants outputs that are not inputs.
        results = [identity.make_node(r).outputs[0] if r.owner is None else r for r in results]
        sums: tuple[tuple[str, str], ...] = ()
        if kind == "sum":
            sums = tuple((_accumulator_dtype(v.owner), v.type.dtype) for v in variables)
        scalar_op = Composite(list(inputs.values()), results)
        self._stages.append(Stage(kind, scalar_op, tuple(inputs), sums))
        for variable in variables:
            self.numbers[variable] = self._next
            self._next += 1

    def _scalar(
        self,
        variable: Variable,
        scalars: dict[Variable, Variable],
        inputs: dict[int, Variable],
    ) -> Variable:
        """The scalar of a variable, made of those of numbered ones, which join `inputs`."""
        if variable not in scalars:
            if variable in self.numbers:
                type_ = get_scalar_type(variable.type.dtype)
                scalars[variable] = inputs.setdefault(self.numbers[variable], type_())
            else:
                node = variable.owner
                results = [self._scalar(operand, scalars, inputs) for operand in node.inputs]
                if isinstance(node.op, Elemwise):
                    results = node.op.scalar_op.make_node(*results).outputs
                scalars[variable] = results[node.outputs.index(variable)]
        return scalars[variable]


def _is_sum(variable: Variable) -> bool:
    return variable.owner is not None and isinstance(variable.owner.op, CAReduce)


def _accumulator_dtype(node: Apply) -> str:
    """The dtype in which a sum is accumulated."""
    return getattr(node.op, "acc_dtype", None) or node.outputs[0].type.dtype
