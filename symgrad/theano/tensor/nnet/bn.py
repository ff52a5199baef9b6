"""``theano.tensor.nnet.bn``: batch normalisation."""

import numpy as np
import pytensor
import pytensor.tensor as pt

from symgrad.theano.names import forward


def batch_normalization(inputs, gamma, beta, mean, std, mode="low_mem"):
    """``(inputs - mean) * gamma / std + beta``.

    Parameters
    ----------
    inputs, gamma, beta, mean, std : variables that broadcast with each other
    mode : 'low_mem' or 'high_mem'
        The order of the operations, as in Theano.

    Returns
    -------
    variable of the shape of `inputs`
    """
    if mode == "low_mem":
        return (inputs - mean) / std * gamma + beta
    if mode == "high_mem":
        return (inputs - mean) * (gamma / std) + beta
    raise ValueError('mode must be either "low_mem", "high_mem"')


def batch_normalization_train(
    inputs,
    gamma,
    beta,
    axes="per-activation",
    epsilon=1e-4,
    running_average_factor=0.1,
    running_mean=None,
    running_var=None,
):
    """Normalise a batch by its own mean and variance.

    Parameters
    ----------
    inputs : variable
    gamma, beta : variables
        Scale and shift, with the shape of `inputs` where the normalised axes have length 1 or are
        left out.
    axes : 'per-activation', 'spatial', or tuple of int
        The axes to average over: the first, all but the second, or those given.
    epsilon : float, >= 1e-5
    running_average_factor : float
        The weight of this batch in the running averages.
    running_mean, running_var : variables, optional
        Both or none, of the shape of `gamma`.

    Returns
    -------
    tuple
        The normalised batch, its mean, the inverse of its standard deviation, and the new running
        mean and variance, if these were given.

    Examples
    --------
    >>> import numpy as np
    >>> from symgrad.theano.tensor.nnet.bn import batch_normalization_train
    >>> x, gamma, beta = np.array([[1.0], [3.0]]), np.ones(1), np.zeros(1)
    >>> out, mean, invstd = batch_normalization_train(x, gamma, beta)
    >>> out.eval().round(3).tolist(), mean.eval().tolist()
    ([[-1.0], [1.0]], [2.0])
    """
    if (running_mean is None) != (running_var is None):
        raise ValueError("running_mean and running_var must either both be given or both be None")
    running = [] if running_mean is None else [running_mean, running_var]
    inputs, axes, given, outer = _prepare(inputs, axes, [gamma, beta, *running])
    gamma, beta, *running = given
    epsilon = _epsilon(epsilon, inputs.dtype)
    mean = inputs.mean(axes, keepdims=True)
    var = inputs.var(axes, keepdims=True)
    invstd = 1 / pt.sqrt(var + epsilon)
    results = [mean, invstd]
    if running:
        factor = pt.cast(running_average_factor, inputs.dtype)
        size = pt.cast(pt.prod([inputs.shape[axis] for axis in axes]), inputs.dtype)
        results.append(running[0] * (1 - factor) + mean * factor)
        results.append(running[1] * (1 - factor) + (size / (size - 1)) * var * factor)
    out = (inputs - mean) * (gamma * invstd) + beta
    return (out, *(result if outer is None else result.dimshuffle(outer) for result in results))


def batch_normalization_test(inputs, gamma, beta, mean, var, axes="per-activation", epsilon=1e-4):
    """Normalise a batch by a mean and variance that are given.

    Parameters
    ----------
    inputs, gamma, beta, axes, epsilon
        As in :func:`batch_normalization_train`.
    mean, var : variables of the shape of `gamma`

    Returns
    -------
    variable of the shape of `inputs`
    """
    inputs, _, given, _ = _prepare(inputs, axes, [gamma, beta, mean, var])
    gamma, beta, mean, var = given
    return (inputs - mean) * (gamma / pt.sqrt(var + _epsilon(epsilon, inputs.dtype))) + beta


def _axes(axes, ndim):
    """The axes to average over, sorted."""
    if isinstance(axes, str) and axes == "per-activation":
        axes = (0,)
    elif isinstance(axes, str) and axes == "spatial":
        axes = (0, *range(2, ndim))
    elif not isinstance(axes, (tuple, list, np.ndarray)):
        raise ValueError(f"invalid axes: {axes}")
    axes = tuple(sorted(int(axis) for axis in axes))
    if not axes:
        raise ValueError("there should be at least one normalization axis")
    if axes[0] < 0 or axes[-1] >= ndim:
        raise ValueError(f"axes should be less than ndim (<{ndim}), but {axes} given")
    return axes


def _prepare(inputs, axes, given):
    """Inputs and parameters in one dtype; the parameters broadcast with the inputs.

    Also returns the axes, and the axes that the parameters have, if they lack some.
    """
    inputs, *given = map(pt.as_tensor, (inputs, *given))
    ndim = inputs.type.ndim
    axes = _axes(axes, ndim)
    kept = [axis for axis in range(ndim) if axis not in axes]
    full = given[0].type.ndim == ndim
    ndims = [parameter.type.ndim for parameter in given]
    if any(parameter_ndim != (ndim if full else len(kept)) for parameter_ndim in ndims):
        raise ValueError(
            f"gamma, beta, mean and variance have {ndims} dimensions: "
            f"give each {len(kept)}, or each {ndim} as the inputs have"
        )
    dtype = pytensor.scalar.upcast(*(variable.type.dtype for variable in (inputs, *given)))
    inputs, *given = (pt.cast(variable, dtype) for variable in (inputs, *given))
    if full:
        shape = [1 if axis in axes else None for axis in range(ndim)]
        return inputs, axes, [pt.specify_shape(parameter, shape) for parameter in given], None
    pattern = ["x" if axis in axes else kept.index(axis) for axis in range(ndim)]
    return inputs, axes, [parameter.dimshuffle(pattern) for parameter in given], kept


def _epsilon(epsilon, dtype):
    rounded = float(np.asarray(epsilon, pytensor.config.floatX))
    if rounded < 1e-5:
        raise ValueError(f"epsilon must be at least 1e-5, got {rounded}")
    return pt.constant(rounded, dtype=dtype)


__getattr__ = forward("theano.tensor.nnet.bn")
