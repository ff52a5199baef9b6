"""``map_variables``: a graph with some of its variables replaced, inside of its loops, too.

PyTensor's loops hold a copy of the graph of the step, whose variables are not those of the program.
So a loop is remembered as it was written, and written again.
"""

from weakref import WeakKeyDictionary

from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Constant, Variable
from pytensor.graph.traversal import graph_inputs
from pytensor.scan.op import Scan

from symgrad.theano.compile.builders import OpFromGraph

__all__ = ["map_variables", "remember"]

# What a call of scan returned, each with the call: (write, arguments, step, position).
_LOOPS = WeakKeyDictionary()


def remember(write, arguments, step, returned):
    """Remember a loop: ``write(arguments, step)`` returns the variables `returned`."""
    for position, one in enumerate(returned):
        _LOOPS[one] = (write, arguments, step, position)


def map_variables(replacer, graphs, additional_inputs=()):
    """New graphs, in which each variable is what `replacer` makes of it.

    Parameters
    ----------
    replacer : callable
        Takes a variable, and returns it or another for it, which may be computed from it.
    graphs : iterable of variables
    additional_inputs : iterable of variables
        Not needed: what the replacements read is found.

    Returns
    -------
    list of variables

    Examples
    --------
    >>> import symgrad.theano as theano
    >>> import symgrad.theano.tensor as T
    >>> x = T.dvector("x")
    >>> def step(one):
    ...     twice = one * 2
    ...     twice.tag.instead = one + 10
    ...     return twice
    >>> y, _ = theano.map(step, x)
    >>> (z,) = map_variables(lambda v: getattr(v.tag, "instead", v), [y])
    >>> theano.function([x], [y, z])([1, 2])
    [array([2., 4.]), array([11., 12.])]
    """
    mapping = _Mapping(replacer)
    return [mapping(one) for one in graphs]


class _Mapping:
    """What each variable becomes; a variable is kept as it is inside of its own replacement."""

    def __init__(self, replacer):
        self._replacer = replacer
        self._replacements, self._placed = {}, set()
        self._done, self._loops = {}, {}

    def __call__(self, variable):
        waiting = [(variable, frozenset())]
        while waiting:
            missing = [one for one in self._needed(*waiting[-1]) if one not in self._done]
            if not missing:
                key = waiting.pop()
                self._done[key] = self._made(*key)
            waiting.extend(missing)
        return self._done[variable, frozenset()]

    def _replacement(self, variable, kept):
        if variable in kept or variable in self._placed:
            return variable
        if variable not in self._replacements:
            new = self._replacements[variable] = self._replacer(variable)
            if new is not variable:
                self._placed.add(new)
        return self._replacements[variable]

    def _needed(self, variable, kept):
        new = self._replacement(variable, kept)
        if new is not variable:
            return [(new, kept | {variable})]
        return [(one, kept) for one in _read(variable)]

    def _made(self, variable, kept):
        new = self._replacement(variable, kept)
        if new is not variable:
            return self._done[new, kept | {variable}]
        read = _read(variable)
        news = [self._done[one, kept] for one in read]
        if variable in _LOOPS:
            return self._loop(variable, dict(zip(read, news, strict=True)))
        node = variable.owner
        if node is None:
            return variable
        if isinstance(node.op, Scan):
            raise NotImplementedError(
                f"{variable} comes from a loop that theano.scan did not return here, such as that "
                "of a gradient: map the variables before the gradient is taken"
            )
        place = node.outputs.index(variable)
        if isinstance(node.op, OpFromGraph):
            op, more = self._graph(node.op)
            if op is not node.op:
                given = news[: len(node.op.written[0])]
                return op(*given, *more, return_list=True)[place]
        if all(map(_same, news, read)):
            return variable
        return node.clone_with_new_inputs(news, strict=False).outputs[place]

    def _loop(self, variable, news):
        write, arguments, step, position = _LOOPS[variable]
        if (found := self._loops.get(id(step))) is None:
            inner = [self(one) for one in step.returned]
            _refuse_updates(inner, step.returned)
            changed = not all(map(_same, inner, step.returned))
            if not changed and all(map(_same, news.values(), news)):
                return variable
            arguments = _substituted(arguments, news)
            found = self._loops[id(step)] = write(arguments, step.returning(inner))
        return found[position]

    def _graph(self, op):
        """The Op of a graph, and what the graph reads from outside of it now."""
        inputs, outputs, options = op.written
        news = [self(one) for one in outputs]
        if all(map(_same, news, outputs)):
            return op, []
        _refuse_updates(news, outputs)
        own = {*inputs}
        more = [
            one
            for one in dict.fromkeys(graph_inputs(news, blockers=inputs))
            if one not in own and not isinstance(one, (Constant, SharedVariable))
        ]
        return type(op)([*inputs, *more], news, **options), more


def _read(variable):
    """What a variable is computed from; of a loop, what it was called with."""
    if variable in _LOOPS:
        return list(_variables(_LOOPS[variable][1]))
    return variable.owner.inputs if variable.owner is not None else []


def _variables(arguments):
    if isinstance(arguments, Variable):
        yield arguments
    elif isinstance(arguments, (list, tuple, dict)):
        for one in arguments.values() if isinstance(arguments, dict) else arguments:
            yield from _variables(one)


def _substituted(arguments, news):
    if isinstance(arguments, dict):
        return {key: _substituted(one, news) for key, one in arguments.items()}
    if isinstance(arguments, (list, tuple)):
        return [_substituted(one, news) for one in arguments]
    return news.get(arguments, arguments) if isinstance(arguments, Variable) else arguments


def _refuse_updates(news, olds):
    """A shared variable with an update that is read anew would have to be updated there."""
    for new, old in zip(news, olds, strict=True):
        for one in graph_inputs([new]) if new is not old else ():
            if getattr(one, "update", None) is not None:
                raise NotImplementedError(
                    f"the replacement brings {one}, which has an update, into a loop or an "
                    "OpFromGraph: give it to scan in the step"
                )


def _same(one, other):
    return one is other
