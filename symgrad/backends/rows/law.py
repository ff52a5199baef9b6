"""From a graph of tensors to the scalar graphs that work on one row after the other."""

from dataclasses import dataclass

from pytensor.scalar.basic import Composite, get_scalar_type, identity
from pytensor.tensor.elemwise import CAReduce, Elemwise

__all__ = ["Law", "Stage", "level"]


@dataclass(frozen=True)
class Stage:
    """One step of the law of a `RowUpdate`, on what the steps before it have found.

    Attributes
    ----------
    kind : {"row", "sum", "entry"}
        The law is evaluated once per row; or at each entry, and summed over the row; or at each
        entry, to be written. Only the last stage can be of the last kind.
    law : Composite
        A scalar graph, which may have several outputs.
    reads : tuple of int
        The values that it takes. Values are numbered: tables, operands, outputs of the stages.
    sums : tuple of (str, str)
        For a "sum": the dtypes in which each output is summed and returned.
    """

    kind: str
    law: Composite
    reads: tuple[int, ...]
    sums: tuple[tuple[str, str], ...] = ()

    @property
    def dtypes(self):
        if self.kind == "sum":
            return [dtype for _, dtype in self.sums]
        return [one.dtype for one in self.law.outputs_type]

    def apply_node(self):
        """The law applied to scalars: what PyTensor generates code for."""
        return self.law.make_node(*(one() for one in self.law.inputs_type))


def level(type_, is_table=False):
    """Does a value differ within a row ("entry"), from row to row ("row"), or not ("call")?"""
    if any(size != 1 for size in type_.shape[1:]):
        return "entry"
    varies = is_table or (type_.ndim > 0 and type_.shape[0] != 1)
    return "row" if varies else "call"


class Law:
    """The law of a RowUpdate in stages, made of the nodes `inside`; `numbers` are of its inputs.

    The law is cut at its sums over rows, and where what is one number per row meets entries, so
    that such numbers are found once per row. What lies between cuts is found anew in each loop.
    """

    def __init__(self, inside, numbers, first):
        self.inside = inside
        self.numbers = dict(numbers)  # variable -> number of its value
        self.next = first
        self.depths = {}
        self.made = []

    def stages(self, outputs):
        """Stages that find the outputs, and the numbers of these."""
        cuts = self._cuts(outputs)
        for depth in range(max(map(self._depth, outputs)) + 1):
            here = [one for one in cuts if self._depth(one) == depth]
            self._add("sum", [one for one in here if _is_sum(one)])
            self._add("row", [one for one in here if not _is_sum(one)])
        self._add("entry", outputs)
        return tuple(self.made), tuple(self.numbers[one] for one in outputs)

    def _cuts(self, outputs):
        """Sums, and numbers per row that entries or tables need."""
        found, seen, stack = {}, set(), list(outputs)
        found |= dict.fromkeys(one for one in outputs if self._is_per_row(one))
        while stack:
            one = stack.pop()
            if one in seen or one.owner not in self.inside:
                continue
            seen.add(one)
            if _is_sum(one):
                found[one] = None
            elif not self._is_per_row(one):
                found |= dict.fromkeys(filter(self._is_per_row, one.owner.inputs))
            stack.extend(one.owner.inputs)
        return found

    def _is_per_row(self, variable):
        return variable.owner in self.inside and level(variable.type) != "entry"

    def _depth(self, variable):
        """How many sums, one after the other, a variable needs."""
        if variable.owner not in self.inside:
            return 0
        if variable not in self.depths:
            inner = max(map(self._depth, variable.owner.inputs))
            self.depths[variable] = inner + _is_sum(variable)
        return self.depths[variable]

    def _add(self, kind, variables):
        """A stage that finds those variables that have no number yet."""
        variables = [one for one in dict.fromkeys(variables) if one not in self.numbers]
        if not variables:
            return
        outputs = [one.owner.inputs[0] if kind == "sum" else one for one in variables]
        scalars, inputs = {}, {}
        laws = [self._scalar(one, scalars, inputs) for one in outputs]
        laws = [identity(one) if one.owner is None else one for one in laws]  # PyTensor wants that
        sums = ()
        if kind == "sum":
            sums = tuple((_summed_in(one.owner), one.type.dtype) for one in variables)
        law = Composite(list(inputs.values()), laws)
        self.made.append(Stage(kind, law, tuple(inputs), sums))
        for one in variables:
            self.numbers[one] = self.next
            self.next += 1

    def _scalar(self, variable, scalars, inputs):
        """The scalar of a variable, made of those of numbered ones, which join `inputs`."""
        if variable not in scalars:
            type_, node = get_scalar_type(variable.type.dtype), variable.owner
            if variable in self.numbers:
                made = inputs.setdefault(self.numbers[variable], type_())
            else:
                made = [self._scalar(one, scalars, inputs) for one in node.inputs]
                if isinstance(node.op, Elemwise):
                    made = node.op.scalar_op.make_node(*made).outputs
                made = made[node.outputs.index(variable)]
            scalars[variable] = made
        return scalars[variable]


def _is_sum(variable):
    return variable.owner is not None and isinstance(variable.owner.op, CAReduce)


def _summed_in(node):
    """The dtype in which a sum is accumulated."""
    return getattr(node.op, "acc_dtype", None) or node.outputs[0].type.dtype
