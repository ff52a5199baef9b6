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
        The gradient, computed from ``(inputs, outputs, gradients)`` or ``(inputs, gradients)``.
    rop_overrides : callable, optional
        The Jacobian times a vector.
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
        overrides = lop_overrides if isinstance(lop_overrides, (list, tuple)) else ()
        self._disconnected = {
            index
            for index, override in enumerate(overrides)
            if isinstance(override, Variable) and isinstance(override.type, DisconnectedType)
        }
        options |= {"inline": inline, "connection_pattern": connection_pattern, "name": name}
        for method, override in (("pullback", lop_overrides), ("pushforward", rop_overrides)):
            override = _each(_none_if_default, override)
            if override is not None:
                options[method] = override
        # The graph as it was written: PyTensor's copy has other variables.
        self.written = (list(inputs), list(outputs), options)
        self._shared = []
        try:
            super().__init__(inputs, outputs, **options)
        except MissingInputError:  # newer PyTensor takes shared variables as inputs only
            self._shared = _shared_variables(inputs, outputs)
            super().__init__([*inputs, *self._shared], outputs, **options)

    def __call__(self, *inputs, **options):
        """Apply the graph to `inputs`."""
        if len(inputs) == len(self.written[0]):
            inputs = (*inputs, *self._shared)
        return super().__call__(*inputs, **options)

    def connection_pattern(self, node):
        """Disconnect inputs whose gradient was given as disconnected."""
        pattern = super().connection_pattern(node)
        return [
            [False] * len(row) if index in self._disconnected else row
            for index, row in enumerate(pattern)
        ]


def _shared_variables(inputs, outputs):
    """The shared variables that a graph reads besides its inputs."""
    return [
        variable
        for variable in dict.fromkeys(graph_inputs(outputs, blockers=inputs))
        if isinstance(variable, SharedVariable) and variable not in inputs
    ]


def _each(function, override):
    """Apply a function to an override, or to each of a list of overrides."""
    if isinstance(override, (list, tuple)):
        return list(map(function, override))
    return function(override)


def _none_if_default(override):
    return None if isinstance(override, str) else override


def _without_outputs(override):
    """Turn ``override(inputs, gradients)`` into a function of inputs, outputs and gradients."""
    if isinstance(override, PyTensorOpFromGraph):
        return lambda inputs, outputs, gradients: override(
            *inputs, *gradients, return_list=len(inputs) > 1
        )
    if isinstance(override, (str, Variable)):
        return override
    return lambda inputs, outputs, gradients: override(inputs, gradients)


__getattr__ = forward("theano.compile.builders", "pytensor.compile.builders")
