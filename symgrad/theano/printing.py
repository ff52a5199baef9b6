"""``theano.printing``: graphs as text, in the form that Theano gave it."""

import sys

import pytensor.printing as pytensor_printing
from pytensor.graph.basic import Apply, Variable
from pytensor.graph.fg import FunctionGraph
from pytensor.printing import Print as Print
from pytensor.printing import min_informative_str as min_informative_str
from pytensor.printing import pydotprint as pydotprint
from pytensor.tensor.elemwise import DimShuffle, Elemwise
from pytensor.tensor.math import Dot
from pytensor.tensor.variable import TensorConstant

from symgrad.theano.names import forward
from symgrad.theano.text.graphs import (
    op_as_text,
    operands,
    scalar_op_as_text,
    type_as_text,
    variable_as_text,
)


def debugprint(obj, depth=-1, print_type=False, file=None, ids="CHAR", stop_on_name=False, **_):
    """Print a graph as an indented tree; what is used twice is printed in full once.

    Parameters
    ----------
    obj : variable, node, function, graph, or list of them
    depth : int
        Levels to print; -1 means all.
    print_type : bool
    file : file or "str", optional
        ``"str"`` returns the text.
    ids : {"CHAR", "int", ""}
        How nodes are numbered.
    stop_on_name : bool
        Whether to go no further than variables with a name.
    """
    tree = _Tree(depth, print_type, ids, stop_on_name)
    for variable, order in _roots(obj):
        tree.order = order
        tree.add(variable, "", "", depth)
    text = "\n".join(tree.lines)
    if file == "str":
        return text + "\n"
    print(text, file=file or sys.stdout)
    return None


def _roots(obj):
    """The variables to print, each with the places of its nodes in the order of a function."""
    if isinstance(obj, (list, tuple)):
        return [root for one in obj for root in _roots(one)]
    if isinstance(obj, Variable):
        return [(obj, {})]
    if isinstance(obj, Apply):
        return [(one, {}) for one in obj.outputs]
    fgraph = obj if isinstance(obj, FunctionGraph) else getattr(obj, "maker", obj).fgraph
    order = {node: place for place, node in enumerate(fgraph.toposort())}
    return [(one, order) for one in fgraph.outputs]


class _Tree:
    """The lines of a tree, and the numbers that were given."""

    def __init__(self, depth, print_type, ids, stop_on_name):
        self.lines, self.order = [], {}
        self._print_type, self._ids, self._stop_on_name = print_type, ids, stop_on_name
        self._numbers, self._done = {}, set()

    def add(self, variable, prefix, below, depth):
        node = variable.owner
        kind = f" <{type_as_text(variable.type)}>" if self._print_type else ""
        if node is None:
            self.lines.append(f"{prefix}{variable_as_text(variable)}{self._number(variable)}{kind}")
            return
        op, inputs = operands(variable)
        text = op_as_text(op, node if op is node.op else None)
        which = f".{variable.index}" if len(node.outputs) > 1 else ""
        place = self.order.get(node, "")
        name = f"'{variable.name or ''}'"
        self.lines.append(f"{prefix}{text}{which}{self._number(node)}{kind} {name}   {place}")
        stops = self._stop_on_name and variable.name
        if node in self._done or depth == 1 or stops:
            return
        self._done.add(node)
        for k, one in enumerate(inputs):
            more = " |" if k < len(inputs) - 1 else "  "
            self.add(one, below + " |", below + more, depth - 1)

    def _number(self, thing):
        if not self._ids:
            return ""
        number = self._numbers.setdefault(_identity(thing), len(self._numbers))
        if self._ids == "CHAR":
            return f" [id {pytensor_printing.char_from_number(number)}]"
        return f" [id {number}]"


def _identity(thing):
    """A number without a name was one object in Theano, however often it was written."""
    is_number = isinstance(thing, TensorConstant) and thing.ndim == 0 and not thing.name
    return thing.signature() if is_number else thing


class _ConstantPrinter(pytensor_printing.Printer):
    def process(self, output, pstate):
        return variable_as_text(output)


class _ElemwisePrinter(pytensor_printing.Printer):
    """``exp(x)``, where PyTensor has no sign for the Op."""

    def process(self, output, pstate):
        name = scalar_op_as_text(output.owner.op.scalar_op)
        return pytensor_printing.FunctionPrinter([name]).process(output, pstate)


class _DimShufflePrinter(pytensor_printing.Printer):
    r"""``x \dot w`` of a vector `w`, and else as PyTensor has it."""

    def process(self, output, pstate):
        op, inputs = operands(output)
        if not isinstance(op, Dot):
            return _AS_IN_PYTENSOR.process(output, pstate)
        product = Apply(op, inputs, [output.type()]).outputs[0]
        return pstate.pprinter.process(product, pstate)


_AS_IN_PYTENSOR = pytensor_printing.pprint.printers_dict[DimShuffle]
pprint = pytensor_printing.pprint.clone()
pprint.assign(lambda pstate, r: isinstance(r, TensorConstant), _ConstantPrinter())
pprint.assign(DimShuffle, _DimShufflePrinter())
pprint.assign(
    lambda pstate, r: r.owner is not None and isinstance(r.owner.op, Elemwise), _ElemwisePrinter()
)
pp = pprint

__getattr__ = forward("theano.printing", "pytensor.printing")
