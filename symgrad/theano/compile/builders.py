"""``theano.compile.builders``: a graph as one Op."""

from pytensor.compile.builders import OpFromGraph as PyTensorOpFromGraph
from pytensor.gradient import DisconnectedType
from pytensor.graph.basic import Variable

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
        super().__init__(
            inputs,
            outputs,
            inline=inline,
            connection_pattern=connection_pattern,
            name=name,
            **given,
            **options,
        )

    def connection_pattern(self, node):
        """An input whose gradient was said to be disconnected is so."""
        pattern = super().connection_pattern(node)
        return [[False] * len(row) if k in self._cut else row for k, row in enumerate(pattern)]


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
