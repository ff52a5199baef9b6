"""``theano.printing``: graphs as text, in the form that Theano gave it."""

import sys

import pytensor.printing as pytensor_printing
from pytensor.graph.basic import Apply, Constant, Variable
from pytensor.graph.fg import FunctionGraph
from pytensor.printing import Print as Print
from pytensor.printing import min_informative_str as min_informative_str
from pytensor.printing import pydotprint as pydotprint
from pytensor.tensor.elemwise import DimShuffle, Elemwise
from pytensor.tensor.math import Dot, Sum
from pytensor.tensor.type import TensorType
from pytensor.tensor.variable import TensorConstant

from symgrad.theano.names import forward

_PATTERNS = {
    (): "scalar",
    (False,): "vector",
    (False, False): "matrix",
    (True, False): "row",
    (False, True): "col",
}
_SCALARS = {"abs": "abs_", "sign": "sgn", "reciprocal": "inv", "truediv": "true_div"}


def type_as_text(kind):
    """A type as Theano wrote it: ``TensorType(float64, matrix)``."""
    if not isinstance(kind, TensorType):
        return str(kind)
    if kind.name:
        return kind.name
    pattern = kind.broadcastable
    name = _PATTERNS.get(pattern) or (pattern if any(pattern) else f"{len(pattern)}D")
    return f"TensorType({kind.dtype}, {name})"


def op_as_text(op):
    """An Op as Theano wrote it: ``Elemwise{add,no_inplace}``."""
    if isinstance(op, Elemwise):
        scalar = str(op.scalar_op)
        scalar = scalar.lower() if scalar.isidentifier() else scalar
        if op.inplace_pattern:
            return f"Elemwise{{{scalar}}}[{sorted(op.inplace_pattern.items())}]"
        plain = scalar.isidentifier()
        return f"Elemwise{{{_SCALARS.get(scalar, scalar)}{',no_inplace' if plain else ''}}}"
    if isinstance(op, DimShuffle):
        return f"InplaceDimShuffle{{{','.join(map(str, op.new_order))}}}"
    if isinstance(op, Sum):
        axis = "" if op.axis is None else f"axis={list(op.axis)}, "
        return f"Sum{{{axis}acc_dtype={op.acc_dtype or 'float64'}}}"
    return "dot" if isinstance(op, Dot) else str(op)


def variable_as_text(variable):
    """A variable without owner as Theano wrote it."""
    if variable.name:
        return variable.name
    if not isinstance(variable, TensorConstant):
        return str(variable) if isinstance(variable, Constant) else f"<{_type_of(variable)}>"
    data = variable.data
    if data.size > 1 and (data == data.flat[0]).all():
        text = f"{data.shape} of {data.flat[0]}"
    else:
        text = " ".join(str(data).split("\n"))
    return f"TensorConstant{{{text if len(text) <= 20 else text[:10] + '..' + text[-10:]}}}"


def _type_of(variable):
    return type_as_text(variable.type)


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
        which = f".{variable.index}" if len(node.outputs) > 1 else ""
        place = self.order.get(node, "")
        name = f"'{variable.name or ''}'"
        self.lines.append(
            f"{prefix}{op_as_text(node.op)}{which}{self._number(node)}{kind} {name}   {place}"
        )
        stops = self._stop_on_name and variable.name
        if node in self._done or depth == 1 or stops:
            return
        self._done.add(node)
        for k, one in enumerate(node.inputs):
            more = " |" if k < len(node.inputs) - 1 else "  "
            self.add(one, below + " |", below + more, depth - 1)

    def _number(self, thing):
        if not self._ids:
            return ""
        number = self._numbers.setdefault(thing, len(self._numbers))
        if self._ids == "CHAR":
            return f" [id {pytensor_printing.char_from_number(number)}]"
        return f" [id {number}]"


class _ConstantPrinter(pytensor_printing.Printer):
    def process(self, output, pstate):
        return variable_as_text(output)


pprint = pytensor_printing.pprint.clone_assign(
    lambda pstate, r: isinstance(r, TensorConstant), _ConstantPrinter()
)
pp = pprint

__getattr__ = forward("theano.printing", "pytensor.printing")
