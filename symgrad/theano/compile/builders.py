"""``theano.compile.builders``: a graph as one Op."""

from pytensor.compile.builders import OpFromGraph as PyTensorOpFromGraph

from symgrad.theano.gof.op import OldStyle
from symgrad.theano.names import forward

__all__ = ["OpFromGraph"]


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
        if callable(grad_overrides):
            gradient = grad_overrides

            def lop_overrides(inputs, outputs, gradients):
                return gradient(inputs, gradients)

        given = {
            "pullback": None if isinstance(lop_overrides, str) else lop_overrides,
            "pushforward": None if isinstance(rop_overrides, str) else rop_overrides,
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


__getattr__ = forward("theano.compile.builders", "pytensor.compile.builders")
