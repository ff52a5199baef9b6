"""Theano's classes of Ops for softmax and cross-entropy, made without arguments and then called.

The nodes of a graph are PyTensor's Ops, and not of these classes.
"""

from collections.abc import Callable

import pytensor.tensor as pt

from symgrad.theano.tensor.nnet import nnet

__all__ = [
    "CrossentropyCategorical1Hot",
    "CrossentropyCategorical1HotGrad",
    "CrossentropySoftmax1HotWithBiasDx",
    "CrossentropySoftmaxArgmax1HotWithBias",
    "Prepend_scalar_constant_to_each_row",
    "Prepend_scalar_to_each_row",
    "SoftmaxGrad",
    "SoftmaxWithBias",
    "crossentropy_categorical_1hot_grad",
    "crossentropy_softmax_1hot_with_bias_dx",
    "softmax_grad",
]


def _positions(classes):
    classes = pt.as_tensor(classes)
    return pt.arange(classes.shape[0]), classes


def softmax_grad(dy, sm):
    """The gradient at the argument of a softmax `sm`, from the gradient at the softmax.

    Parameters
    ----------
    dy, sm : matrices (n, classes)

    Returns
    -------
    matrix (n, classes)
    """
    dy, sm = pt.as_tensor(dy), pt.as_tensor(sm)
    return dy * sm - pt.sum(dy * sm, axis=1, keepdims=True) * sm


def crossentropy_categorical_1hot_grad(g_y, coding_dist, true_one_of_n):
    """The gradient at the probabilities, from the gradient `g_y` at the cross-entropies."""
    coding, positions = pt.as_tensor(coding_dist), _positions(true_one_of_n)
    gradient = -pt.as_tensor(g_y) / coding[positions]
    return pt.set_subtensor(pt.zeros_like(coding)[positions], gradient)


def crossentropy_softmax_1hot_with_bias_dx(dy, sm, y_idx):
    """The gradient at the argument of the softmax `sm`, from that at the cross-entropies `dy`.

    Parameters
    ----------
    dy : vector (n), or one number for all
    sm : matrix (n, classes)
    y_idx : integer vector (n)

    Returns
    -------
    matrix (n, classes)
    """
    dy, sm = pt.as_tensor(dy), pt.as_tensor(sm)
    dy = pt.broadcast_to(dy, (sm.shape[0],)) if dy.type.ndim == 0 else dy
    positions = nnet.class_positions(sm, pt.as_tensor(y_idx))
    return pt.inc_subtensor((dy[:, None] * sm)[positions], -dy)


def _op_class(name: str, function: Callable) -> type:
    """Make a class whose instances are called like the function."""
    body = {
        "__doc__": f"``{name}()`` is :func:`{function.__name__}`.",
        "__call__": staticmethod(function),
        "__init__": lambda self, **kwargs: None,
        "__module__": __name__,
    }
    return type(name, (), body)


SoftmaxWithBias = _op_class("SoftmaxWithBias", nnet.softmax_with_bias)
SoftmaxGrad = _op_class("SoftmaxGrad", softmax_grad)
CrossentropyCategorical1Hot = _op_class(
    "CrossentropyCategorical1Hot", nnet.crossentropy_categorical_1hot
)
CrossentropyCategorical1HotGrad = _op_class(
    "CrossentropyCategorical1HotGrad", crossentropy_categorical_1hot_grad
)
CrossentropySoftmaxArgmax1HotWithBias = _op_class(
    "CrossentropySoftmaxArgmax1HotWithBias", nnet.crossentropy_softmax_argmax_1hot_with_bias
)
CrossentropySoftmax1HotWithBiasDx = _op_class(
    "CrossentropySoftmax1HotWithBiasDx", crossentropy_softmax_1hot_with_bias_dx
)
Prepend_scalar_to_each_row = _op_class(
    "Prepend_scalar_to_each_row", nnet.prepend_scalar_to_each_row
)


class Prepend_scalar_constant_to_each_row:
    """``Prepend_scalar_constant_to_each_row(val)(mat)``."""

    def __init__(self, val=0):
        self.val = val

    def __call__(self, mat):
        return nnet.prepend_scalar_to_each_row(float(self.val), mat)
