"""Record what Theano 1.0.5 computes for theano_nnet_cases: theano_nnet.npz. Needs Theano.

What is recorded already is kept: delete the file to start afresh.
"""

import pathlib
import sys
import types
import warnings

import numpy as np
import theano
import theano.tensor as T
from theano.tensor import nnet
from theano.tensor.nnet import abstract_conv, blocksparse, bn, conv, conv3d2d, neighbours
from theano.tensor.signal import conv as signal_conv
from theano.tensor.signal import pool

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE))
import theano_nnet_cases as cases  # noqa: E402

namespace = types.SimpleNamespace(
    T=T,
    nnet=nnet,
    bn=bn,
    conv=conv,
    conv3d2d=conv3d2d,
    abstract_conv=abstract_conv,
    blocksparse=blocksparse,
    neighbours=neighbours,
    signal=types.SimpleNamespace(pool=pool, conv=signal_conv),
)


def variable(name, value):
    """An input for a value."""
    return T.TensorType(str(value.dtype), (False,) * value.ndim)(name)


def record():
    """All cases, in both dtypes; those that Theano cannot do are named and left out."""
    warnings.simplefilter("ignore")
    path = HERE / "theano_nnet.npz"
    found = dict(np.load(str(path))) if path.exists() else {}
    for dtype in cases.DTYPES:
        theano.config.floatX = dtype
        for name in cases.CASES:
            if f"{name}|{dtype}|0" in found:
                continue
            try:
                inputs, wanted = cases.results(name, dtype, T, variable, theano.grad, namespace)
                values = theano.function(inputs, wanted, on_unused_input="ignore")(
                    *(cases.inputs_of(name, dtype)[one.name] for one in inputs)
                )
            except Exception as error:
                print(name, dtype, type(error).__name__, str(error)[:300].replace("\n", " "))
                continue
            for at, value in enumerate(values):
                found[f"{name}|{dtype}|{at}"] = np.asarray(value)
            print(name, dtype, flush=True)
    np.savez_compressed(str(path), **found)


if __name__ == "__main__":
    record()
