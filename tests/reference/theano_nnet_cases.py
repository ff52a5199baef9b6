"""Expressions of theano.tensor.nnet and .signal, for Theano 1.0.5 and for symgrad alike.

A case is a name, the shapes of its inputs, how often it is differentiated, and a function of a
namespace (``T``, ``nnet``, ``signal``, ...) and the inputs. It must run on Python 3.7.
"""

import zlib

import numpy as np

CASES = {}
DTYPES = ("float32", "float64")


def case(name, function, order=2, data="plain", **shapes):
    """Add a case; a shape (high, shape) in a list stands for integers below `high`."""
    CASES[name] = (function, order, data, shapes)


def inputs_of(name, dtype):
    """The values of a case's inputs, the same each time."""
    _, _, data, shapes = CASES[name]
    values = {}
    for key in sorted(shapes):
        rng = np.random.RandomState(zlib.crc32((name + key).encode()) % 2**31)
        shape = shapes[key]
        if isinstance(shape, list):
            values[key] = rng.randint(0, shape[0], shape[1]).astype("int32")
        elif data == "ties":
            values[key] = rng.randint(-3, 3, shape).astype(dtype)
        elif data == "probabilities":
            raw = rng.uniform(0.1, 0.9, shape)
            values[key] = (raw / raw.sum(-1, keepdims=True)).astype(dtype)
        elif data == "unit":
            values[key] = rng.uniform(0.1, 0.9, shape).astype(dtype)
        elif data == "wide":
            values[key] = (4 * rng.normal(size=shape)).round(2).astype(dtype)
        else:
            values[key] = rng.normal(size=shape).round(3).astype(dtype)
    return values


def results(name, dtype, T, variable, grad, namespace):
    """The inputs as variables, and all that is compared: outputs, gradients, their gradients."""
    function, order, _, _ = CASES[name]
    values = inputs_of(name, dtype)
    variables = {key: variable(key, value) for key, value in values.items()}
    outputs = function(namespace, **variables)
    outputs = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
    floats = [key for key in sorted(variables) if values[key].dtype.kind == "f"]
    wanted = [variables[key] for key in floats]
    found = list(outputs)
    if order:
        cost = sum(weighted(T, out) for out in outputs if "float" in out.dtype)
        first = grad(cost, wanted)
        found += first
        if order > 1:
            found += grad(sum(weighted(T, one * one) for one in first), wanted)
    return [variables[key] for key in sorted(variables)], found


def weighted(T, out):
    """A scalar in which each entry has a weight of its own."""
    weights = T.cos(T.arange(out.size)).reshape(out.shape).astype(out.dtype)
    return (out * weights).sum()


# Activations and costs

for _name in ("sigmoid", "hard_sigmoid", "softplus", "softsign", "elu", "selu", "relu"):
    case(_name, lambda n, x, f=_name: getattr(n.nnet, f)(x), data="wide", x=(4, 5))
case("ultra_fast_sigmoid", lambda n, x: n.nnet.ultra_fast_sigmoid(x), 0, "wide", x=(6, 7))
case("relu of a slope", lambda n, x: n.nnet.relu(x, 0.25), data="wide", x=(4, 5))
case("relu of slopes", lambda n, x, a: n.nnet.relu(x, a), data="wide", x=(4, 5), a=(4, 5))
case("relu at zero", lambda n, x: n.nnet.relu(x), 1, "ties", x=(4, 5))
case("elu of a slope", lambda n, x: n.nnet.elu(x, 0.5), data="wide", x=(4, 5))
case("softmax", lambda n, x: n.nnet.softmax(x), data="wide", x=(4, 5))
case("softmax of a vector", lambda n, x: n.nnet.softmax(x), data="wide", x=(5,))
case("logsoftmax", lambda n, x: n.nnet.logsoftmax(x), data="wide", x=(4, 5))
case("logsoftmax of a vector", lambda n, x: n.nnet.logsoftmax(x), 1, "wide", x=(5,))
case("softmax_with_bias", lambda n, x, b: n.nnet.softmax_with_bias(x, b), x=(4, 5), b=(5,))
case("softmax_graph", lambda n, x: n.nnet.nnet.softmax_graph(x), x=(4, 5))
case(
    "crossentropy_softmax_1hot",
    lambda n, x, y: n.nnet.crossentropy_softmax_1hot(x, y),
    1,
    x=(4, 5),
    y=[5, 4],
)
case(
    "crossentropy_softmax_argmax_1hot_with_bias",
    lambda n, x, b, y: n.nnet.crossentropy_softmax_argmax_1hot_with_bias(x, b, y),
    1,
    x=(4, 5),
    b=(5,),
    y=[5, 4],
)
case(
    "crossentropy_softmax_max_and_argmax_1hot",
    lambda n, x, y: n.nnet.crossentropy_softmax_max_and_argmax_1hot(x, y),
    0,
    x=(4, 5),
    y=[5, 4],
)
case(
    "categorical_crossentropy of classes",
    lambda n, p, y: n.nnet.categorical_crossentropy(p, y),
    1,
    "probabilities",
    p=(4, 5),
    y=[5, 4],
)
case(
    "categorical_crossentropy of a softmax",
    lambda n, x, y: n.nnet.categorical_crossentropy(n.nnet.softmax(x), y),
    1,
    "wide",
    x=(4, 5),
    y=[5, 4],
)
case(
    "categorical_crossentropy of distributions",
    lambda n, p, q: n.nnet.categorical_crossentropy(p, q),
    2,
    "probabilities",
    p=(4, 5),
    q=(4, 5),
)
case(
    "binary_crossentropy",
    lambda n, p, q: n.nnet.binary_crossentropy(p, q),
    2,
    "unit",
    p=(4, 5),
    q=(4, 5),
)
case(
    "binary_crossentropy of a sigmoid",
    lambda n, x, q: n.nnet.binary_crossentropy(n.nnet.sigmoid(x), q),
    1,
    "wide",
    x=(4, 5),
    q=(4, 5),
)
case(
    "sigmoid_binary_crossentropy",
    lambda n, x, q: n.nnet.sigmoid_binary_crossentropy(x, q),
    1,
    "wide",
    x=(4, 5),
    q=(4, 5),
)
case("confusion_matrix", lambda n, a, p: n.nnet.confusion_matrix(a, p), 0, a=[4, 9], p=[4, 9])
case(
    "h_softmax",
    lambda n, x, v, b, w, c: n.nnet.h_softmax(x, 4, 5, 3, 2, v, b, w, c),
    1,
    x=(4, 3),
    v=(3, 3),
    b=(3,),
    w=(3, 3, 2),
    c=(3, 2),
)
case(
    "h_softmax of targets",
    lambda n, x, v, b, w, c, y: n.nnet.h_softmax(x, 4, 5, 3, 2, v, b, w, c, y),
    1,
    x=(4, 3),
    v=(3, 3),
    b=(3,),
    w=(3, 3, 2),
    c=(3, 2),
    y=[5, 4],
)
case("prepend_0_to_each_row", lambda n, x: n.nnet.prepend_0_to_each_row(x), 0, x=(3, 2))
case(
    "sparse_block_dot",
    lambda n, w, h, i, b, j: n.blocksparse.sparse_block_dot(w, h, i, b, j),
    1,
    w=(3, 2, 4, 5),
    h=(2, 3, 4),
    i=[3, (2, 3)],
    b=(2, 5),
    j=[2, (2, 2)],
)

# Batch normalisation

for _mode in ("low_mem", "high_mem"):
    case(
        "batch_normalization " + _mode,
        lambda n, x, g, b, s, m, mode=_mode: n.nnet.batch_normalization(
            x, g, b, m, s + 3, mode=mode
        ),
        1,
        x=(4, 3),
        g=(4, 3),
        b=(4, 3),
        m=(4, 3),
        s=(4, 3),
    )
for _axes, _shape in (
    ("per-activation", (3, 2)),
    ("spatial", (3,)),
    ((0, 2), (3, 2)),
    ((1,), None),
):
    _shape = (5, 2) if _shape is None else _shape
    _x = (5, 3, 2, 2) if _axes == "spatial" else (5, 3, 2)
    case(
        f"batch_normalization_train {_axes}",
        lambda n, x, g, b, axes=_axes: n.bn.batch_normalization_train(x, g, b, axes)[0],
        1,
        x=_x,
        g=_shape if _axes != (0, 2) else (1, 3, 1),
        b=_shape if _axes != (0, 2) else (1, 3, 1),
    )
case(
    "batch_normalization_train running",
    lambda n, x, g, b, m, v: n.bn.batch_normalization_train(x, g, b, "spatial", 1e-3, 0.3, m, v),
    0,
    x=(4, 3, 2, 2),
    g=(3,),
    b=(3,),
    m=(3,),
    v=(3,),
)
case(
    "batch_normalization_test",
    lambda n, x, g, b, m, v: n.bn.batch_normalization_test(x, g, b, m, v, "spatial", epsilon=1e-2),
    1,
    "unit",
    x=(4, 3, 2, 2),
    g=(3,),
    b=(3,),
    m=(3,),
    v=(3,),
)

# Convolutions

_LAYOUTS = {
    "plain": {},
    "full": {"border_mode": "full"},
    "half": {"border_mode": "half"},
    "one zero": {"border_mode": 1},
    "two pads": {"border_mode": (1, 2)},
    "uneven pads": {"border_mode": ((1, 2), 0)},
    "subsampled": {"subsample": (2, 3)},
    "subsampled full": {"subsample": (3, 2), "border_mode": "full"},
    "subsampled half": {"subsample": (2, 2), "border_mode": "half"},
    "dilated": {"filter_dilation": (2, 1)},
    "dilated half": {"filter_dilation": (1, 2), "border_mode": "half", "subsample": (2, 1)},
    "correlation": {"filter_flip": False, "border_mode": "half"},
    "correlation subsampled": {"filter_flip": False, "subsample": (2, 1)},
}
for _name, _given in _LAYOUTS.items():
    case(
        "conv2d " + _name,
        lambda n, x, w, given=_given: n.nnet.conv2d(x, w, **given),
        x=(2, 3, 7, 6),
        w=(2, 3, 3, 2),
    )
case(
    "conv2d with shapes",
    lambda n, x, w: n.nnet.conv2d(x, w, (2, 3, None, 6), (2, 3, 3, 2)),
    x=(2, 3, 7, 6),
    w=(2, 3, 3, 2),
)
case(
    "conv2d groups",
    lambda n, x, w: n.nnet.conv2d(x, w, num_groups=2, border_mode=1, subsample=(2, 1)),
    1,
    x=(2, 4, 6, 5),
    w=(6, 2, 3, 2),
)
case(
    "conv2d unshared",
    lambda n, x, w: n.nnet.conv2d(x, w, unshared=True, subsample=(2, 1)),
    1,
    x=(2, 3, 6, 5),
    w=(2, 2, 4, 3, 3, 2),
)
case(
    "conv2d unshared padded correlation",
    lambda n, x, w: n.nnet.conv2d(x, w, unshared=True, border_mode=1, filter_flip=False),
    1,
    x=(2, 2, 3, 3),
    w=(2, 3, 4, 2, 3, 2),
)
case(
    "old conv2d",
    lambda n, x, w: n.conv.conv2d(
        x, w, image_shape=(2, 3, 7, 6), filter_shape=(2, 3, 3, 2), border_mode="full"
    ),
    1,
    x=(2, 3, 7, 6),
    w=(2, 3, 3, 2),
)
case(
    "old conv2d subsampled",
    lambda n, x, w: n.conv.conv2d(x, w, subsample=(2, 2)),
    0,
    x=(2, 3, 7, 6),
    w=(2, 3, 3, 2),
)
case(
    "conv2d_transpose",
    lambda n, x, w: n.nnet.conv2d_transpose(x, w, (None, None, 8, 7), input_dilation=(2, 2)),
    1,
    x=(2, 3, 3, 3),
    w=(3, 2, 3, 2),
)
case(
    "conv2d_grad_wrt_inputs",
    lambda n, w, t: n.abstract_conv.conv2d_grad_wrt_inputs(
        t, w, (None, None, 7, 6), border_mode="half", subsample=(2, 1)
    ),
    1,
    t=(2, 2, 4, 6),
    w=(2, 3, 3, 3),
)
case(
    "conv2d_grad_wrt_weights",
    lambda n, x, t: n.abstract_conv.conv2d_grad_wrt_weights(
        x, t, (None, None, 3, 3), border_mode="half", subsample=(2, 1)
    ),
    1,
    t=(2, 2, 4, 6),
    x=(2, 3, 7, 6),
)
case(
    "AbstractConv2d_gradInputs",
    lambda n, w, t: n.abstract_conv.AbstractConv2d_gradInputs(
        border_mode=(1, 1), subsample=(2, 2), filter_flip=False
    )(w, t, (7, 5)),
    1,
    t=(2, 2, 4, 3),
    w=(2, 3, 3, 3),
)
case(
    "conv3d",
    lambda n, x, w: n.nnet.conv3d(x, w, border_mode=(1, 0, 2), subsample=(1, 2, 1)),
    1,
    x=(2, 2, 4, 5, 3),
    w=(2, 2, 2, 3, 2),
)
case(
    "conv3d half dilated",
    lambda n, x, w: n.nnet.conv3d(
        x, w, border_mode="half", filter_dilation=(2, 1, 1), filter_flip=False
    ),
    1,
    x=(2, 2, 4, 5, 3),
    w=(2, 2, 2, 3, 2),
)
case(
    "conv3d groups",
    lambda n, x, w: n.nnet.conv3d(x, w, num_groups=2),
    1,
    x=(2, 4, 4, 3, 3),
    w=(4, 2, 2, 2, 2),
)
case(
    "separable_conv2d",
    lambda n, x, d, p: n.nnet.separable_conv2d(x, d, p, 2, border_mode="half"),
    1,
    x=(2, 2, 5, 4),
    d=(4, 1, 3, 3),
    p=(3, 4, 1, 1),
)
case(
    "causal_conv1d",
    lambda n, x, w: n.abstract_conv.causal_conv1d(x, w, (2, 3, 3), filter_dilation=2),
    1,
    x=(2, 3, 8),
    w=(2, 3, 3),
)
case(
    "bilinear_upsampling", lambda n, x: n.abstract_conv.bilinear_upsampling(x, 3), 1, x=(2, 1, 3, 4)
)
case(
    "bilinear_upsampling 2D",
    lambda n, x: n.abstract_conv.bilinear_upsampling(x, 2, use_1D_kernel=False),
    0,
    x=(1, 2, 3, 4),
)
case(
    "bilinear_upsampling of a fraction",
    lambda n, x: n.abstract_conv.bilinear_upsampling(x, frac_ratio=(5, 3), use_1D_kernel=False),
    0,
    x=(1, 1, 3, 4),
)
for _mode in ("valid", "full", "half", ("full", "valid", "valid")):
    case(
        f"conv3d2d {_mode}",
        lambda n, x, w, mode=_mode: n.conv3d2d.conv3d(
            x, w, (2, 4, 2, 5, 4), (3, 2, 2, 3, 2), border_mode=mode
        ),
        0 if _mode == "half" else 1,
        x=(2, 4, 2, 5, 4),
        w=(3, 2, 2, 3, 2),
    )
for _name, _x, _w in (
    ("one and one", (5, 4), (2, 3)),
    ("many and one", (3, 5, 4), (2, 3)),
    ("one and many", (5, 4), (2, 2, 3)),
    ("many and many", (3, 5, 4), (2, 2, 3)),
):
    case(
        "signal.conv2d " + _name,
        lambda n, x, w: n.signal.conv.conv2d(x, w, border_mode="full", subsample=(1, 2)),
        0,
        x=_x,
        w=_w,
    )

# Pooling

for _mode in ("max", "sum", "average_inc_pad", "average_exc_pad"):
    for _name, _given in {
        "complete": {"ignore_border": True},
        "with the border": {"ignore_border": False},
        "strided": {"ignore_border": True, "stride": (1, 2)},
        "strided with the border": {"ignore_border": False, "stride": (1, 2)},
        "far apart": {"ignore_border": False, "stride": (3, 4)},
        "padded": {"ignore_border": True, "stride": (2, 1), "pad": (1, 2)},
    }.items():
        case(
            f"pool_2d {_mode} {_name}",
            lambda n, x, mode=_mode, given=_given: n.signal.pool.pool_2d(
                x, (2, 3), mode=mode, **given
            ),
            # Theano has no gradient of this one.
            0 if _mode == "average_exc_pad" and "pad" in _given else 2,
            "ties",
            x=(2, 2, 7, 6),
        )
    case(
        f"pool_3d {_mode}",
        lambda n, x, mode=_mode: n.signal.pool.pool_3d(
            x, (2, 2, 3), True, (1, 2, 2), (1, 0, 1), mode
        ),
        0 if _mode == "average_exc_pad" else 1,
        "ties",
        x=(2, 4, 5, 6),
    )
case("pool_2d of a matrix", lambda n, x: n.signal.pool.pool_2d(x, (2, 2), True), 1, x=(5, 6))
case(
    "max_pool_2d_same_size",
    lambda n, x: n.signal.pool.max_pool_2d_same_size(x, (2, 3)),
    0,
    "ties",
    x=(2, 5, 6),
)

for _axis in (1, 3, 5):
    case(
        f"pool_2d of 5 axes, window {_axis}",
        lambda n, x, size=_axis: n.signal.pool.pool_2d(
            x, ws=(size, 2), ignore_border=True, stride=(1, 1)
        ),
        1,
        x=(2, 3, 1, 5, 4),
    )

# Patches

for _mode, _shape, _step in (
    ("valid", (2, 3), None),
    ("valid", (3, 2), (1, 2)),
    ("ignore_borders", (3, 4), None),
    ("ignore_borders", (3, 2), (2, 3)),
    ("half", (3, 3), (1, 5)),
    ("full", (3, 2), (2, 1)),
    ("wrap_centered", (3, 5), (1, 2)),
):
    case(
        f"images2neibs {_mode} {_shape} {_step}",
        lambda n, x, mode=_mode, shape=_shape, step=_step: n.neighbours.images2neibs(
            x, shape, step, mode
        ),
        1 if _mode == "valid" and _step is None else 0,
        x=(2, 2, 7 if _step else 6, 6),
    )
case(
    "neibs2images",
    lambda n, x: n.neighbours.neibs2images(x, (2, 3), (2, 2, 6, 6)),
    1,
    x=(24, 6),
)
case(
    "neibs2images ignore_borders",
    lambda n, x: n.neighbours.neibs2images(x, (2, 3), (2, 2, 7, 7), "ignore_borders"),
    0,
    x=(24, 6),
)
