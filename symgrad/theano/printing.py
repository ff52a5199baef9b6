"""``theano.printing``: graphs as text, in Theano's form."""

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
    """Print a graph as an indented tree; a node that is used twice is printed in full once.

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
        Whether to stop at variables with a name.
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
    """The variables to print, each with the order in which a function runs its nodes."""
    if isinstance(obj, (list, tuple)):
        return [root for item in obj for root in _roots(item)]
    if isinstance(obj, Variable):
        return [(obj, {})]
    if isinstance(obj, Apply):
        return [(output, {}) for output in obj.outputs]
    fgraph = obj if isinstance(obj, FunctionGraph) else getattr(obj, "maker", obj).fgraph
    order = {node: position for position, node in enumerate(fgraph.toposort())}
    return [(output, order) for output in fgraph.outputs]


class _Tree:
    """The lines of a tree, and the numbers of its nodes."""

    def __init__(self, depth, print_type, ids, stop_on_name):
        self.lines, self.order = [], {}
        self._print_type, self._ids, self._stop_on_name = print_type, ids, stop_on_name
        self._numbers, self._printed = {}, set()

    def add(self, variable, prefix, below, depth):
        node = variable.owner
        type_text = f" <{type_as_text(variable.type)}>" if self._print_type else ""
        if node is None:
            text = variable_as_text(variable)
            self.lines.append(f"{prefix}{text}{self._number(variable)}{type_text}")
            return
        op, inputs = operands(variable)
        text = op_as_text(op, node if op is node.op else None)
        index = f".{variable.index}" if len(node.outputs) > 1 else ""
        position = self.order.get(node, "")
        name = f"'{variable.name or ''}'"
        number = self._number(node)
        self.lines.append(f"{prefix}{text}{index}{number}{type_text} {name}   {position}")
        stops = self._stop_on_name and variable.name
        if node in self._printed or depth == 1 or stops:
            return
        self._printed.add(node)
        for input_index, variable in enumerate(inputs):
            indent = " |" if input_index < len(inputs) - 1 else "  "
            self.add(variable, below + " |", below + indent, depth - 1)

    def _number(self, node_or_variable):
        if not self._ids:
            return ""
        number = self._numbers.setdefault(_identity(node_or_variable), len(self._numbers))
        if self._ids == "CHAR":
            return f" [id {pytensor_printing.char_from_number(number)}]"
        return f" [id {number}]"


def _identity(item):
    """What a number is given to: in Theano, equal numbers without a name were one object."""
    is_number = isinstance(item, TensorConstant) and item.ndim == 0 and not item.name
    return item.signature() if is_number else item


class _ConstantPrinter(pytensor_printing.Printer):
    """Prints a constant as Theano did."""

    def process(self, output, pstate):
        return variable_as_text(output)


class _ElemwisePrinter(pytensor_printing.Printer):
    """Prints ``exp(x)`` where PyTensor has no symbol for the Op."""

    def process(self, output, pstate):
        name = scalar_op_as_text(output.owner.op.scalar_op)
        return pytensor_printing.FunctionPrinter([name]).process(output, pstate)


class _DimShufflePrinter(pytensor_printing.Printer):
    r"""Prints ``x \dot w`` for a vector `w`, and everything else as PyTensor does."""

    def process(self, output, pstate):
        op, inputs = operands(output)
        if not isinstance(op, Dot):
            return _pytensor_printer.process(output, pstate)
        product = Apply(op, inputs, [output.type()]).outputs[0]
        return pstate.pprinter.process(product, pstate)


_pytensor_printer = pytensor_printing.pprint.printers_dict[DimShuffle]
pprint = pytensor_printing.pprint.clone()
pprint.assign(lambda pstate, r: isinstance(r, TensorConstant), _ConstantPrinter())
pprint.assign(DimShuffle, _DimShufflePrinter())
pprint.assign(
    lambda pstate, r: r.owner is not None and isinstance(r.owner.op, Elemwise), _ElemwisePrinter()
)
pp = pprint

__getattr__ = forward("theano.printing", "pytensor.printing")
