"""``theano.compile.monitormode``: functions that call you before and after each node."""

import numpy as np
from pytensor.compile.debug.monitormode import MonitorMode as PyTensorMonitorMode

from symgrad.theano.names import forward
from symgrad.theano.printing import debugprint


class MonitorMode(PyTensorMonitorMode):
    """Calls ``pre_func(i, node, fn)`` before node number `i` runs, ``post_func`` after it.

    The inputs are ``[one[0] for one in fn.inputs]``, and so are the outputs.
    """

    def eval(self, fgraph, i, node, fn):
        if self.pre_func is not None:
            self.pre_func(i, node, fn)
        fn()
        if self.post_func is not None:
            self.post_func(i, node, fn)


def detect_nan(i, node, fn):
    """A ``post_func``: print the first nodes that compute a NaN, with their values."""
    for output in fn.outputs:
        value = output[0]
        if isinstance(value, (np.ndarray, np.generic)) and np.isnan(value).any():
            print("*** NaN detected ***")
            debugprint(node)
            print(f"Inputs : {[one[0] for one in fn.inputs]}")
            print(f"Outputs: {[one[0] for one in fn.outputs]}")
            break


__getattr__ = forward("theano.compile.monitormode", "pytensor.compile.debug.monitormode")
