"""``theano.tensor.nnet.nnet``: softmax, cross-entropies and activations."""

import pytensor.tensor as pt
from pytensor.tensor import special
from pytensor.tensor.special import log_softmax
from pytensor.tensor.special import softmax as softmax_over
from pytensor.tensor.type import discrete_dtypes, float_dtypes, int_dtypes
from pytensor.tensor.variable import TensorVariable

from symgrad.theano.gof.op import StandsFor
from symgrad.theano.names import forward
from symgrad.theano.tensor.nnet.blocksparse import sparse_block_dot
from symgrad.theano.tensor.nnet.sigm import sigmoid as sigmoid
from symgrad.theano.tensor.nnet.sigm import softplus


def _rows(x):
    """`x` as a matrix of floats; a vector becomes a row."""
    x = pt.as_tensor(x)
    if x.type.ndim not in (1, 2) or x.type.dtype not in float_dtypes:
        raise ValueError(f"x must be 1-d or 2-d tensor of floats. Got {x.type}")
    return x[None] if x.type.ndim == 1 else x


def softmax(c):
    """Exponentials of each row, divided by their sum.

    Parameters
    ----------
    c : matrix or vector
        A vector is taken as a row.

    Returns
    -------
    matrix

    Examples
    --------
    >>> from symgrad.theano.tensor.nnet import softmax
    >>> softmax([0.0, 0.0]).eval().tolist()
    [[0.5, 0.5]]
    """
    return softmax_over(_rows(c), axis=-1)


def logsoftmax(c):
    """The logarithm of :func:`softmax`, without overflow."""
    return log_softmax(_rows(c), axis=-1)


class Softmax(metaclass=StandsFor):
    """``Softmax()(c)``: :func:`softmax`."""

    ops = (special.Softmax,)

    def __call__(self, c):
        return softmax(c)


class LogSoftmax(metaclass=StandsFor):
    """``LogSoftmax()(c)``: :func:`logsoftmax`."""

    ops = (special.LogSoftmax,)

    def __call__(self, c):
        return logsoftmax(c)


softmax_op, logsoftmax_op = softmax, logsoftmax


def softmax_with_bias(x, b):
    """:func:`softmax` of a matrix plus a vector."""
    x, b = pt.as_tensor(x), pt.as_tensor(b)
    if x.type.ndim != 2 or x.type.dtype not in float_dtypes:
        raise ValueError(f"x must be 2-d tensor of floats, not {x.type}")
    if b.type.ndim != 1 or b.type.dtype not in float_dtypes:
        raise ValueError(f"b must be 1-d tensor of floats, not {b.type}")
    return softmax(x + b)


def softmax_graph(c):
    """Softmax over the last axis by its definition, which can overflow."""
    return pt.exp(c) / pt.exp(c).sum(axis=-1, keepdims=True)


def crossentropy_softmax_argmax_1hot_with_bias(x, b, y_idx):
    """Cross-entropy of a softmax with the true classes, the softmax, and the likeliest class.

    Parameters
    ----------
    x : matrix (n, classes)
    b : vector (classes)
        Added to each row.
    y_idx : integer vector (n)
        The true classes.

    Returns
    -------
    list
        Vector ``-log(softmax(x + b)[i, y_idx[i]])``, matrix ``softmax(x + b)``, and the integer
        vector with the position of the largest entry of each row.
    """
    x, b, y_idx = map(pt.as_tensor, (x, b, y_idx))
    if y_idx.type.ndim != 1 or y_idx.type.dtype not in discrete_dtypes:
        raise ValueError(f"y_idx must be 1-d tensor of [u]ints, not {y_idx.type}")
    probabilities = softmax_with_bias(x, b)
    total = x + b
    nll = -log_softmax(total, axis=-1)[class_positions(total, y_idx)]
    return [nll, probabilities, pt.cast(pt.argmax(total, axis=1), y_idx.dtype)]


def crossentropy_softmax_1hot_with_bias(x, b, y_idx, **kwargs):
    """The first two results of :func:`crossentropy_softmax_argmax_1hot_with_bias`."""
    return crossentropy_softmax_argmax_1hot_with_bias(x, b, y_idx, **kwargs)[:2]


def crossentropy_softmax_1hot(x, y_idx, **kwargs):
    """The same without bias."""
    return crossentropy_softmax_1hot_with_bias(x, pt.zeros_like(x[0, :]), y_idx, **kwargs)


def crossentropy_softmax_max_and_argmax_1hot_with_bias(x, b, y_idx, **kwargs):
    """Cross-entropy, softmax, its largest entries and their positions."""
    nll, probabilities = crossentropy_softmax_1hot_with_bias(x, b, y_idx, **kwargs)
    return (nll, probabilities, *pt.max_and_argmax(probabilities, axis=-1))


def crossentropy_softmax_max_and_argmax_1hot(x, y_idx, **kwargs):
    """The same without bias."""
    bias = pt.zeros_like(x[0, :])
    return crossentropy_softmax_max_and_argmax_1hot_with_bias(x, bias, y_idx, **kwargs)


def crossentropy_categorical_1hot(coding_dist, true_one_of_n):
    """``-log(coding_dist[i, true_one_of_n[i]])``, a vector.

    Parameters
    ----------
    coding_dist : matrix (n, classes) of probabilities
    true_one_of_n : integer vector (n)

    Notes
    -----
    For a softmax it is computed without overflow, from the argument of the softmax. The cost does
    not depend on the softmax then: a gradient with respect to the softmax is disconnected.
    """
    coding, classes = pt.as_tensor(coding_dist), pt.as_tensor(true_one_of_n)
    if coding.type.ndim != 2:
        raise TypeError("matrix required for argument: coding_dist")
    if classes.type.ndim != 1 or classes.type.dtype not in discrete_dtypes:
        raise TypeError(f"integer vector required for argument: true_one_of_n, not {classes.type}")
    op = None if coding.owner is None else coding.owner.op
    if isinstance(op, special.Softmax) and op.axis == (1,):
        total = coding.owner.inputs[0]
        return -log_softmax(total, axis=1)[class_positions(total, classes)]
    return -pt.log(coding[pt.arange(classes.shape[0]), classes])


def class_positions(
    total: TensorVariable, classes: TensorVariable
) -> tuple[TensorVariable, TensorVariable]:
    """The index of the true classes in a matrix; a class below 0 is out of range."""
    if classes.type.dtype in (*int_dtypes, "bool"):  # a boolean index would be a mask
        classes = pt.cast(classes, "int64")
        classes = pt.switch(pt.lt(classes, 0), total.shape[1], classes)
    return pt.arange(classes.shape[0]), classes


def binary_crossentropy(output, target):
    """``-(target * log(output) + (1 - target) * log(1 - output))``, entry by entry."""
    return -(target * pt.log(output) + (1.0 - target) * pt.log(1.0 - output))


def sigmoid_binary_crossentropy(output, target):
    """:func:`binary_crossentropy` of ``sigmoid(output)``, without overflow."""
    output, target = pt.as_tensor(output), pt.as_tensor(target)
    return softplus(output) - output * target


def categorical_crossentropy(coding_dist, true_dist):
    """Cross-entropy of probabilities with the true distribution.

    Parameters
    ----------
    coding_dist : matrix (n, classes) of probabilities
    true_dist : matrix of probabilities (n, classes), or integer vector of classes (n)

    Returns
    -------
    vector (n)

    Examples
    --------
    >>> import numpy as np
    >>> from symgrad.theano.tensor.nnet import categorical_crossentropy
    >>> p = np.array([[0.5, 0.5], [0.25, 0.75]])
    >>> categorical_crossentropy(p, np.array([0, 0])).eval().round(4).tolist()
    [0.6931, 1.3863]
    """
    coding_dist, true_dist = pt.as_tensor(coding_dist), pt.as_tensor(true_dist)
    if true_dist.ndim == coding_dist.ndim:
        return -pt.sum(true_dist * pt.log(coding_dist), axis=coding_dist.ndim - 1)
    if true_dist.ndim == coding_dist.ndim - 1:
        return crossentropy_categorical_1hot(coding_dist, true_dist)
    raise TypeError("rank mismatch between coding and true distributions")


def prepend_scalar_to_each_row(val, mat):
    """A matrix with a column in front that is filled with a scalar."""
    mat = pt.as_tensor(mat)
    if mat.type.ndim != 2:
        raise TypeError("Expected a matrix as input")
    column = pt.fill(mat[:, :1], pt.cast(pt.as_tensor(val), mat.dtype))
    return pt.concatenate([column, mat], axis=1)


def prepend_0_to_each_row(mat):
    """A matrix with a column of zeros in front."""
    return prepend_scalar_to_each_row(0.0, mat)


def prepend_1_to_each_row(mat):
    """A matrix with a column of ones in front."""
    return prepend_scalar_to_each_row(1.0, mat)


def relu(x, alpha=0):
    """``max(x, 0)``, or a slope of `alpha` below zero; the gradient at zero is the mean of both.

    Parameters
    ----------
    x : variable
    alpha : number or variable that broadcasts with `x`

    Returns
    -------
    variable of the shape of `x`
    """
    if isinstance(alpha, (int, float)) and alpha == 0:
        return 0.5 * (x + abs(x))
    alpha = pt.as_tensor(alpha)
    return 0.5 * (1 + alpha) * x + 0.5 * (1 - alpha) * abs(x)


def elu(x, alpha=1):
    """``x`` above zero, ``alpha * (exp(x) - 1)`` below."""
    return pt.switch(x > 0, x, alpha * pt.expm1(x))


def selu(x):
    """:func:`elu` with the constants that keep mean 0 and variance 1 (Klambauer et al. 2017)."""
    return 1.0507009873554804934193349852946 * elu(x, 1.6732632423543772848170429916717)


def softsign(x):
    """``x / (1 + |x|)``."""
    return x / (1.0 + abs(x))


def h_softmax(
    x, batch_size, n_outputs, n_classes, n_outputs_per_class, W1, b1, W2, b2, target=None
):
    """Softmax in two levels: first the class, then the output within the class.

    Parameters
    ----------
    x : matrix (batch_size, features)
    batch_size, n_outputs, n_classes, n_outputs_per_class : int
    W1, b1 : matrix (features, n_classes), vector (n_classes)
    W2, b2 : 3-d (n_classes, features, n_outputs_per_class), matrix (n_classes, outputs per class)
    target : integer vector (batch_size), optional

    Returns
    -------
    variable
        Matrix (batch_size, n_outputs) of all probabilities, or vector of those of `target`.
    """
    classes = softmax(pt.dot(x, W1) + b1)
    if target is None:
        within = softmax((pt.tensordot(x, W2, (1, 1)) + b2).reshape((-1, n_outputs_per_class)))
        within = within.reshape((batch_size, n_classes, n_outputs_per_class))
        return (classes[:, :, None] * within).reshape((batch_size, -1))[:, :n_outputs]
    target = pt.as_tensor(target).flatten()
    target_class, output = target // n_outputs_per_class, target % n_outputs_per_class
    first = pt.zeros((batch_size, 1), dtype="int32")
    activations = sparse_block_dot(W2[None], x[:, None], first, b2, target_class[:, None])
    within = softmax(activations[:, 0])
    rows = pt.arange(batch_size)
    return classes[rows, target_class] * within[rows, output]


def confusion_matrix(actual, pred):
    """How often each class was predicted as each class.

    Parameters
    ----------
    actual, pred : integer vector (n)

    Returns
    -------
    list
        Matrix of counts, with a row for each class of `actual` and a column for each of `pred`,
        and the classes in order.
    """
    if actual.ndim != 1:
        raise ValueError("actual must be 1-d tensor variable")
    if pred.ndim != 1:
        raise ValueError("pred must be 1-d tensor variable")
    order = pt.unique(pt.concatenate([actual, pred]))
    rows, columns = (
        pt.cast(pt.eq(pt.as_tensor(labels)[:, None], order), "int64") for labels in (actual, pred)
    )
    return [pt.dot(rows.T, columns), order]


__getattr__ = forward("theano.tensor.nnet.nnet", "symgrad.theano.tensor.nnet.nnet_ops")
