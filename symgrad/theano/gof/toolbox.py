"""``theano.gof.toolbox``: features of graphs, which are PyTensor's."""

from symgrad.theano.names import forward

RENAMED = {"ReplacementDidntRemovedError": "ReplacementDidNotRemoveError"}

__getattr__ = forward("theano.gof.toolbox", "pytensor.graph.features", renamed=RENAMED)
