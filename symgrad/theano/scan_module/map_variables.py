"""``map_variables``: a graph with some variables replaced, also inside of its loops.

PyTensor's loops hold a copy of the graph of the step, whose variables are not those of the program.
So each loop is remembered as it was written, and is written again.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Constant, Variable
from pytensor.graph.traversal import graph_inputs
from pytensor.scan.op import Scan

from symgrad.theano.compile.builders import OpFromGraph

__all__ = ["map_variables", "remember"]

# The results of scan, each with the call that made it: (write, arguments, step, position).
_LOOPS: WeakKeyDictionary[Variable, tuple] = WeakKeyDictionary()


def remember(
    write: Callable[..., list[Variable]], arguments: dict, step: Any, returned: Iterable[Variable]
) -> None:
    """Remember a loop: ``write(arguments, step)`` returns the variables `returned`."""
    for position, variable in enumerate(returned):
        _LOOPS[variable] = (write, arguments, step, position)


def map_variables(
    replacer: Callable[[Variable], Variable],
    graphs: Iterable[Variable],
    additional_inputs: Iterable[Variable] = (),
) -> list[Variable]:
    """Build new graphs, in which each variable is replaced by what `replacer` returns for it.

    Parameters
    ----------
    replacer : callable
        Takes a variable, and returns it or a replacement, which may be computed from it.
    graphs : iterable of variables
    additional_inputs : iterable of variables
        Ignored: the variables that replacements read are found.

    Returns
    -------
    list of variables

    Examples
    --------
    >>> import symgrad.theano as theano
    >>> import symgrad.theano.tensor as T
    >>> x = T.dvector("x")
    >>> def step(entry):
    ...     twice = entry * 2
    ...     twice.tag.instead = entry + 10
    ...     return twice
    >>> y, _ = theano.map(step, x)
    >>> (z,) = map_variables(lambda v: getattr(v.tag, "instead", v), [y])
    >>> theano.function([x], [y, z])([1, 2])
    [array([2., 4.]), array([11., 12.])]
    """
    mapping = _Mapping(replacer)
    return [mapping(graph) for graph in graphs]


class _Mapping:
    """What each variable becomes; inside of its own replacement, a variable is kept as it is."""

    def __init__(self, replacer):
        self._replacer = replacer
        self._replacements, self._new = {}, set()
        self._done, self._loops = {}, {}

    def __call__(self, variable):
        waiting: list[tuple[Variable, frozenset]] = [(variable, frozenset())]
        while waiting:
            missing = [key for key in self._needed(*waiting[-1]) if key not in self._done]
            if not missing:
                key = waiting.pop()
                self._done[key] = self._mapped(*key)
            waiting.extend(missing)
        return self._done[variable, frozenset()]

    def _replacement(self, variable, kept):
        if variable in kept or variable in self._new:
            return variable
        if variable not in self._replacements:
            new = self._replacements[variable] = self._replacer(variable)
            if new is not variable:
                self._new.add(new)
        return self._replacements[variable]

    def _needed(self, variable, kept):
        new = self._replacement(variable, kept)
        if new is not variable:
            return [(new, kept | {variable})]
        return [(parent, kept) for parent in _parents(variable)]

    def _mapped(self, variable, kept):
        new = self._replacement(variable, kept)
        if new is not variable:
            return self._done[new, kept | {variable}]
        parents = _parents(variable)
        new_parents = [self._done[parent, kept] for parent in parents]
        if variable in _LOOPS:
            return self._loop(variable, dict(zip(parents, new_parents, strict=True)))
        node = variable.owner
        if node is None:
            return variable
        if isinstance(node.op, Scan):
            raise NotImplementedError(
                f"{variable} comes from a loop that theano.scan did not return here, such as that "
                "of a gradient: map the variables before the gradient is taken"
            )
        position = node.outputs.index(variable)
        if isinstance(node.op, OpFromGraph):
            op, more_inputs = self._graph(node.op)
            if op is not node.op:
                given = new_parents[: len(node.op.written[0])]
                return op(*given, *more_inputs, return_list=True)[position]
        if _unchanged(new_parents, parents):
            return variable
        return node.clone_with_new_inputs(new_parents, strict=False).outputs[position]

    def _loop(self, variable, replacements):
        write, arguments, step, position = _LOOPS[variable]
        if id(step) not in self._loops:
            results = [self(result) for result in step.returned]
            _refuse_updates(results, step.returned)
            unchanged = _unchanged(results, step.returned)
            if unchanged and _unchanged(replacements.values(), replacements):
                return variable
            arguments = _replaced(arguments, replacements)
            self._loops[id(step)] = write(arguments, step.returning(results))
        return self._loops[id(step)][position]

    def _graph(self, op):
        """The Op of the mapped graph, and the outer variables that the graph now reads."""
        inputs, outputs, options = op.written
        new_outputs = [self(output) for output in outputs]
        if _unchanged(new_outputs, outputs):
            return op, []
        _refuse_updates(new_outputs, outputs)
        more_inputs = [
            variable
            for variable in dict.fromkeys(graph_inputs(new_outputs, blockers=inputs))
            if variable not in inputs and not isinstance(variable, (Constant, SharedVariable))
        ]
        return type(op)([*inputs, *more_inputs], new_outputs, **options), more_inputs


def _parents(variable: Variable) -> Sequence[Variable]:
    """The variables that a variable is computed from; for a loop, the arguments of scan."""
    if variable in _LOOPS:
        return list(_variables(_LOOPS[variable][1]))
    return variable.owner.inputs if variable.owner is not None else []


def _variables(arguments: Any) -> Iterator[Variable]:
    if isinstance(arguments, Variable):
        yield arguments
    elif isinstance(arguments, (list, tuple, dict)):
        for argument in arguments.values() if isinstance(arguments, dict) else arguments:
            yield from _variables(argument)


def _replaced(arguments: Any, replacements: dict[Variable, Variable]) -> Any:
    if isinstance(arguments, dict):
        return {key: _replaced(argument, replacements) for key, argument in arguments.items()}
    if isinstance(arguments, (list, tuple)):
        return [_replaced(argument, replacements) for argument in arguments]
    return replacements.get(arguments, arguments) if isinstance(arguments, Variable) else arguments


def _refuse_updates(new_graphs, graphs):
    """Raise if a replacement reads a shared variable with an update, which would be lost."""
    for new, old in zip(new_graphs, graphs, strict=True):
        for variable in graph_inputs([new]) if new is not old else ():
            if getattr(variable, "update", None) is not None:
                raise NotImplementedError(
                    f"the replacement brings {variable}, which has an update, into a loop or an "
                    "OpFromGraph: give it to scan in the step"
                )


def _unchanged(new: Iterable[Variable], old: Iterable[Variable]) -> bool:
    return all(variable is other for variable, other in zip(new, old, strict=True))
