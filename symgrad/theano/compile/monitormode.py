"""``theano.compile.monitormode``: functions that are called before and after each node."""

from typing import Any

import numpy as np
from pytensor.compile.debug.monitormode import MonitorMode as PyTensorMonitorMode
from pytensor.graph.basic import Apply

from symgrad.theano.names import forward
from symgrad.theano.printing import debugprint


class MonitorMode(PyTensorMonitorMode):
    """Calls ``pre_func(i, node, fn)`` before node number `i` runs, and ``post_func`` after it.

    The values of the inputs are ``[cell[0] for cell in fn.inputs]``, those of the outputs alike.
    """

    def eval(self, fgraph, i, node, fn):
        if self.pre_func is not None:
            self.pre_func(i, node, fn)
        fn()
        if self.post_func is not None:
            self.post_func(i, node, fn)


def detect_nan(i: int, node: Apply, fn: Any) -> None:
    """A ``post_func`` that prints each node that computes a NaN, with its values."""
    for output in fn.outputs:
        value = output[0]
        if isinstance(value, (np.ndarray, np.generic)) and np.isnan(value).any():
            print("*** NaN detected ***")
            debugprint(node)
            print(f"Inputs : {[cell[0] for cell in fn.inputs]}")
            print(f"Outputs: {[cell[0] for cell in fn.outputs]}")
            break


__getattr__ = forward("theano.compile.monitormode", "pytensor.compile.debug.monitormode")
