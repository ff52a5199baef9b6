"""``theano.compile.builders``: a graph as one Op."""

from pytensor.compile.builders import OpFromGraph as PyTensorOpFromGraph
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.gradient import DisconnectedType
from pytensor.graph.basic import Variable
from pytensor.graph.traversal import graph_inputs
from pytensor.graph.utils import MissingInputError

from symgrad.theano.gof.op import OldStyle
from symgrad.theano.names import forward


class OpFromGraph(OldStyle, PyTensorOpFromGraph):
    """A graph as one Op.

    Parameters
    ----------
    inputs, outputs : list of variables
    inline : bool
        Whether a compiled function sees the graph instead of the Op.
    lop_overrides, grad_overrides : callable, optional
        The gradient, from ``(inputs, outputs, gradients)``; the latter from
        ``(inputs, gradients)``.
    rop_overrides : callable, optional
    name : str, optional
    """

    def __init__(
        self,
        inputs,
        outputs,
        inline=False,
        lop_overrides="default",
        grad_overrides="default",
        rop_overrides="default",
        connection_pattern=None,
        name=None,
        **options,
    ):
        if grad_overrides != "default":
            lop_overrides = _each(_without_outputs, grad_overrides)
        several = lop_overrides if isinstance(lop_overrides, (list, tuple)) else ()
        self._cut = {
            k
            for k, one in enumerate(several)
            if isinstance(one, Variable) and isinstance(one.type, DisconnectedType)
        }
        given = {
            "pullback": _each(_none_if_default, lop_overrides),
            "pushforward": _each(_none_if_default, rop_overrides),
        }
        given = {key: value for key, value in given.items() if value is not None}
        options |= {"inline": inline, "connection_pattern": connection_pattern, "name": name}
        options |= given
        # As it was written: PyTensor's copy of the graph has other variables.
        self.written = (list(inputs), list(outputs), options)
        self._shared = []
        try:
            super().__init__(inputs, outputs, **options)
        except MissingInputError:  # newer PyTensor: shared variables are given like other inputs
            self._shared = _shared_among(inputs, outputs)
            super().__init__([*inputs, *self._shared], outputs, **options)

    def __call__(self, *inputs, **options):
        """The variables that the graph computes from `inputs`."""
        if len(inputs) == len(self.written[0]):
            inputs = (*inputs, *self._shared)
        return super().__call__(*inputs, **options)

    def connection_pattern(self, node):
        """An input whose gradient was said to be disconnected is so."""
        pattern = super().connection_pattern(node)
        return [[False] * len(row) if k in self._cut else row for k, row in enumerate(pattern)]


def _shared_among(inputs, outputs):
    """The shared variables that a graph reads without being given them."""
    read = dict.fromkeys(graph_inputs(outputs, blockers=inputs))
    return [one for one in read if isinstance(one, SharedVariable) and one not in inputs]


def _each(change, override):
    """`change` of one override for all, or of a list with one for each."""
    return list(map(change, override)) if isinstance(override, (list, tuple)) else change(override)


def _none_if_default(override):
    return None if isinstance(override, str) else override


def _without_outputs(override):
    """A gradient of ``(inputs, gradients)`` as one of ``(inputs, outputs, gradients)``."""
    if isinstance(override, PyTensorOpFromGraph):
        return lambda inputs, outputs, gradients: override(
            *inputs, *gradients, return_list=len(inputs) > 1
        )
    if isinstance(override, (str, Variable)):
        return override
    return lambda inputs, outputs, gradients: override(inputs, gradients)


__getattr__ = forward("theano.compile.builders", "pytensor.compile.builders")
