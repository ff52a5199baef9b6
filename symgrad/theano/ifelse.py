"""``theano.ifelse``: one of two graphs is computed."""

try:
    from pytensor.conditional.op import IfElse as IfElse
    from pytensor.conditional.op import ifelse as ifelse
except ImportError:  # older PyTensor
    from pytensor.ifelse import IfElse as IfElse
    from pytensor.ifelse import ifelse as ifelse

from symgrad.theano.names import forward

__getattr__ = forward("theano.ifelse", ifelse.__module__)
