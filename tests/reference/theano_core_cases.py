# ruff: noqa: C408, E501, RUF005, RUF059, UP031
"""Programs for Theano: each returns numbers that Theano 1.0.5 and symgrad.theano must agree on.

Read by Python 3.7, too, where Theano 1.0.5 is.
"""

import importlib
import warnings
from collections import OrderedDict

CASES = {}


def module(theano, name):
    """``theano.<name>``, by whatever name this Theano goes."""
    return importlib.import_module(theano.__name__ + "." + name)


def case(function):
    CASES[function.__name__] = function
    return function


def data(np, *shape):
    return np.sin(np.arange(np.prod(shape, dtype=int)) * 1.7 + 0.3).reshape(shape)


@case
def defaults_by_position_and_name(theano, T, np):
    x, y, w = T.dscalars("x", "y", "w")
    f = theano.function(
        [x, theano.In(y, value=1.0), theano.In(w, value=2.0, name="weight")], (x + y) * w
    )
    return [
        f(33.0),
        f(33.0, 2.0),
        f(33.0, 0.0, 1.0),
        f(33.0, weight=1.0),
        f(33.0, weight=1.0, y=0.0),
        f(33.0),
    ]


@case
def param_is_the_older_in(theano, T, np):
    x, y = T.dscalars("x", "y")
    f = theano.function([x, theano.Param(y, default=3.0, name="other")], x - y)
    return [f(1.0), f(1.0, other=5.0), f(1.0)]


@case
def state_in_a_function(theano, T, np):
    x, s = T.scalar("x"), T.scalar("s")
    f = theano.function([x, theano.In(s, value=10.0, update=s + x * x, name="s")], s)
    found = [f["s"], f(3.0), f["s"], f(2.0), f["s"], f.value["s"], f[s], f.container[s].value]
    f["s"] = 5.0
    return [*found, f(1.0), f[s]]


@case
def shared_state_and_access(theano, T, np):
    x, w = T.dvector("x"), theano.shared(np.ones(3), name="w")
    f = theano.function([x], T.dot(x, w), updates={w: w + x})
    return [f(np.arange(3.0)), f["w"], f[w], f(np.ones(3)), w.get_value()]


@case
def updates_as_list_dict_ordered(theano, T, np):
    out = []
    for kind in (list, dict, OrderedDict):
        a, b = theano.shared(1.0), theano.shared(np.float64(2.0))
        theano.function([], [], updates=kind([(a, a + b), (b, a * 2)]))()
        out += [a.get_value(), b.get_value()]
    return out


@case
def givens_of_a_shared(theano, T, np):
    x, i = T.dmatrix("x"), T.lscalar("i")
    table = theano.shared(data(np, 6, 2))
    f = theano.function([i], (x**2).sum(), givens=[(x, table[i * 2 : i * 2 + 2])])
    return [f(0), f(2)]


@case
def outputs_none_list_dict(theano, T, np):
    x = T.dscalar("x")
    named = theano.function([x], {"b": x * 2, "a": x + 1})(3.0)
    one = theano.function([x], [x + 1])(3.0)
    return [sorted(named), named["a"], named["b"], len(one), one[0]]


@case
def default_updates_and_none_of_them(theano, T, np):
    s = theano.shared(0)
    s.default_update = s + 1
    theano.function([], s)()
    once = s.get_value()
    theano.function([], s, no_default_updates=True)()
    theano.function([], s, no_default_updates=[s])()
    return [once, s.get_value()]


@case
def copy_with_another_state(theano, T, np):
    s, other, i = theano.shared(0), theano.shared(100), T.iscalar("i")
    f = theano.function([i], s, updates=[(s, s + i)])
    g = f.copy(swap={s: other})
    h = f.copy(delete_updates=True)
    return [f(1), g(2), f(3), g(0), h(9), s.get_value(), other.get_value()]


@case
def input_is_cast_down_when_allowed(theano, T, np):
    x = T.fvector("x")
    f = theano.function([x], x * 2, allow_input_downcast=True)
    try:
        theano.function([x], x)(np.ones(2))
        refused = False
    except TypeError:
        refused = True
    return [f(np.ones(2)), str(f(np.ones(2)).dtype), refused]


@case
def broadcast_patterns(theano, T, np):
    x = T.dmatrix("x")
    row = T.addbroadcast(x, 0)
    back = T.unbroadcast(row, 0)
    made = T.patternbroadcast(x, (False, True))
    s = theano.shared(np.ones((1, 3)), broadcastable=(True, False))
    t = T.TensorType("float32", (False, True))("t")
    f = theano.function([x], row + data(np, 2, 3))
    try:
        f(np.ones((2, 3)))
        refused = False
    except ValueError:
        refused = True
    return [
        list(row.broadcastable), list(back.broadcastable), list(made.broadcastable),
        list(s.broadcastable), list(t.broadcastable), t.dtype, f(np.ones((1, 3))), refused,
        theano.function([x], T.grad((T.addbroadcast(x, 1) * np.ones((2, 3))).sum(), x))(np.ones((2, 1))),
    ]  # fmt: skip


@case
def renamed_functions(theano, T, np):
    x = T.dvector("x")
    v = np.array([-2.0, 0.5, 3.0])
    outs = [T.abs_(x), T.inv(x), T.sgn(x), T.neq(x, 0.5), T.or_(T.gt(x, 1), T.lt(x, 0)), T.sqr(x)]
    return theano.function([x], outs)(v)


@case
def stack_both_ways(theano, T, np):
    a, b = T.dvectors("a", "b")
    m = T.dmatrix()
    v = data(np, 3)
    f = theano.function(
        [a, b], [T.stack([a, b]), T.stack(a, b), T.stack([a, b], axis=1), T.stacklists([[a, b]])]
    )
    return [*f(v, v + 1), theano.function([m], T.stack([m, m], axis=-1))(data(np, 2, 2))]


@case
def flatten_reshape_tile(theano, T, np):
    x = T.dtensor3("x")
    outs = [
        T.flatten(x),
        T.flatten(x, 2),
        T.flatten(x, outdim=2),
        x.flatten(2),
        T.tile(x, (1, 2, 1)),
        T.reshape(x, (-1, 2), ndim=2),
    ]
    return theano.function([x], outs)(data(np, 2, 3, 2))


@case
def makers_with_dtype_by_position(theano, T, np):
    kinds = [
        T.matrix("a", "int32"),
        T.scalar("s", "float32"),
        T.row(),
        T.col("c"),
        T.tensor("int8", (True, False)),
        T.iscalar(),
        T.wvector(),
        T.tensor3(dtype="float32"),
    ]
    return [[k.dtype, list(k.broadcastable), k.ndim, k.name] for k in kinds]


@case
def division_of_integers(theano, T, np):
    i, j = T.iscalars("i", "j")
    x = T.fscalar("x")
    f = theano.function([i, j, x], [i // j, i % j, i / x, T.mean(T.stack([i, j])), x**2])
    return [*f(-7, 2, 2.0), [str(o.dtype) for o in f(-7, 2, 2.0)]]


@case
def reductions_and_their_dtypes(theano, T, np):
    x, i, b = T.fmatrix("x"), T.ivector("i"), T.bvector("b")
    outs = [
        x.sum(),
        x.mean(0),
        T.std(x, axis=1),
        T.var(x),
        i.sum(),
        i.mean(),
        b.sum(),
        T.prod(i),
        T.max(x, axis=1, keepdims=True),
        T.argmax(x, axis=1),
        T.any(i),
        T.all(i),
        T.max_and_argmax(x, axis=0)[1],
        T.min(x),
    ]
    values = theano.function([x, i, b], outs)(
        data(np, 3, 4).astype("float32"), [3, 2, 1], np.array([100, 100], "int8")
    )
    return [*values, [str(v.dtype) for v in values]]


@case
def products(theano, T, np):
    a, b, v = T.dmatrix("a"), T.dmatrix("b"), T.dvector("v")
    t, u = T.dtensor3("t"), T.dtensor3("u")
    f = theano.function(
        [a, b, v],
        [T.dot(a, b), T.dot(v, b), T.dot(v, v), T.outer(v, v), T.tensordot(a, b, axes=[[1], [0]])],
    )
    g = theano.function(
        [t, u],
        [
            T.batched_dot(t, u),
            T.batched_tensordot(t, u, axes=[[2], [1]]),
            T.batched_dot(t[:, 0], u),
        ],
    )
    return [
        *f(data(np, 2, 3), data(np, 3, 4), data(np, 3)),
        *g(data(np, 2, 3, 4), data(np, 2, 4, 3)),
    ]


@case
def extra_operations(theano, T, np):
    x, i = T.dvector("x"), T.ivector("i")
    e = T.extra_ops
    outs = [
        e.cumsum(x),
        e.cumprod(x),
        e.diff(x),
        e.to_one_hot(i, 4),
        e.repeat(x, 2),
        e.bincount(i),
        e.compress(T.constant([1, 0, 1]), x),
        e.fill_diagonal(T.outer(x, x), 5.0),
        e.bartlett(4),
        e.squeeze(x.dimshuffle("x", 0)),
    ]
    return theano.function([x, i], outs)(data(np, 3), [0, 3, 1])


@case
def linear_algebra(theano, T, np):
    a = T.dmatrix("a")
    n, s = T.nlinalg, module(theano, "tensor.slinalg")
    outs = [
        n.matrix_inverse(a),
        n.det(a),
        n.trace(a),
        n.diag(a),
        n.alloc_diag(a[0]),
        n.extract_diag(a),
        n.matrix_dot(a, a),
        n.norm(a, "fro"),
        n.norm(a, 1),
        n.norm(a[0], 2),
        n.pinv(a),
        n.svd(a, compute_uv=0),
        n.qr(a)[1].sum() * 0,
        s.cholesky(a),
        s.solve(a, a[0]),
        s.kron(a, a[0]),
        s.solve_lower_triangular(a, a[:, 0]),
        s.expm(a),
        n.matrix_power(a, 3),
    ]
    m = data(np, 3, 3)
    return theano.function([a], outs)(m.dot(m.T) + 3 * np.eye(3))


@case
def subsets_of_a_table(theano, T, np):
    table = theano.shared(data(np, 6, 2))
    i = T.ivector("i")
    rows = table[i]
    cost = (rows**2).sum()
    f = theano.function(
        [i], cost, updates=[(table, T.inc_subtensor(rows, -0.1 * T.grad(cost, rows)))]
    )
    g = theano.function([i], table[i], updates=[(table, T.set_subtensor(table[i], rows + 1.0))])
    one = np.array([2], "int32")
    out = [
        f(np.array([1, 4, 1], "int32")),
        table.get_value(),
        g(np.array([0, 3], "int32")),
        table.get_value(),
    ]
    return [*out, g(one), table.get_value(), isinstance(rows.owner.op, T.AdvancedSubtensor1)]


@case
def gradients(theano, T, np):
    x, W = T.dvector("x"), T.dmatrix("W")
    y = T.dot(x, W)
    v, m = data(np, 3), data(np, 3, 2)
    J = theano.function([x, W], T.jacobian(T.tanh(y), x))
    H = theano.function([x], T.hessian((x**3).sum(), x))
    R = theano.function([x, W], T.Rop(T.tanh(y), W, T.constant(data(np, 3, 2) + 1)))
    L = theano.function([x, W], T.Lop(T.tanh(y), W, T.constant(data(np, 2))))
    return [J(v, m), H(v), R(v, m), L(v, m)]


@case
def gradients_with_disconnected_parts(theano, T, np):
    x, z = T.dvectors("x", "z")
    cost = (x**2).sum()
    g = T.grad(cost, [x, z], disconnected_inputs="ignore")
    none = T.grad(cost, [x, z], disconnected_inputs="ignore", return_disconnected="None")
    y = x * 2
    known = T.grad(None, x, known_grads=OrderedDict([(y, T.ones_like(y))]))
    R = T.Rop([cost, x.sum()], [x], [x])
    f = theano.function([x, z], [g[0], g[1], known] + list(R), on_unused_input="ignore")
    return [*f(data(np, 2), data(np, 3)), none[1] is None]


@case
def stopped_and_changed_gradients(theano, T, np):
    x = T.dscalar("x")
    G = theano.gradient
    costs = [
        x * G.disconnected_grad(x),
        x * G.consider_constant(x),
        x * G.zero_grad(x),
        G.grad_clip(x, -0.5, 0.5) ** 2,
        G.grad_scale(x, 3.0) ** 2,
    ]
    first = theano.function([x], [T.grad(c, x) for c in costs])(3.0)
    y = x**2
    return [*first, theano.function([x], T.grad(y * x, x, consider_constant=[y]))(3.0)]


@case
def scan_returns_one_or_several(theano, T, np):
    k, a, x = T.iscalar("k"), T.dvector("a"), T.dmatrix("x")
    power, updates = theano.scan(
        lambda prior, a: prior * a, outputs_info=T.ones_like(a), non_sequences=a, n_steps=k
    )
    two, _ = theano.scan(
        lambda row, s: [s + row.sum(), row * 2], sequences=x, outputs_info=[np.float64(0.0), None]
    )
    listed, _ = theano.scan(lambda row: row.sum(), sequences=[x], return_list=True)
    f = theano.function([k, a], power[-1], updates=updates)
    return [
        f(3, data(np, 4)),
        *theano.function([x], [*two, listed[0]])(data(np, 3, 2)),
        len(updates),
    ]


@case
def scan_taps_and_dicts(theano, T, np):
    x, y0 = T.dvector("x"), T.dvector("y0")
    out, _ = theano.scan(
        lambda x_back, x_now, x_next, y_2, y_1, c: (
            y_1 * 0.5 - y_2 * 0.25 + x_back + x_now * x_next + c
        ),
        sequences=dict(input=x, taps=[-1, 0, 1]),
        outputs_info=dict(initial=y0, taps=[-2, -1]),
        non_sequences=[2.0],
    )
    m, _ = theano.scan(lambda v: v * 2, sequences=[x], outputs_info=[dict()])
    b, _ = theano.scan(
        lambda v, acc: acc + v, sequences=[x], outputs_info=[T.zeros_like(x[0])], go_backwards=True
    )
    n, _ = theano.scan(
        lambda v, acc: acc * 0.5 + v, sequences=[x], outputs_info=[T.zeros_like(x[0])], n_steps=2
    )
    g = T.grad(out.sum(), x)
    return theano.function([x, y0], [out, m, b, n, g])(data(np, 6), data(np, 2))


@case
def scan_until_and_updates(theano, T, np):
    limit = T.dscalar("limit")
    powers, _ = theano.scan(
        lambda p, limit: (p * 2, theano.scan_module.until(p * 2 > limit)),
        outputs_info=T.constant(1.0),
        non_sequences=limit,
        n_steps=100,
    )
    s = theano.shared(1.0)
    counted, updates = theano.scan(lambda: {s: s * 2}, n_steps=4)
    theano.function([], [], updates=updates)()
    return [theano.function([limit], powers)(45.0), s.get_value()]


@case
def scan_truncated_gradient(theano, T, np):
    x, w = T.dvector("x"), T.dscalar("w")
    out = []
    for steps in (-1, 2):
        h, _ = theano.scan(
            lambda v, h, w: T.tanh(w * h + v),
            sequences=x,
            outputs_info=T.constant(np.float64(0.0)),
            non_sequences=[w],
            truncate_gradient=steps,
            strict=True,
        )
        out.append(T.grad(h[-1], w))
    return theano.function([x, w], out)(data(np, 5), 0.7)


@case
def scan_of_one_step(theano, T, np):
    x = T.dmatrix("x")
    h, _ = theano.scan(lambda v, h: h + v, sequences=x, outputs_info=T.zeros_like(x[0]), n_steps=1)
    return [h.ndim, theano.function([x], h)(data(np, 1, 3))]


@case
def map_reduce_and_folds(theano, T, np):
    x = T.dvector("x")
    m, _ = theano.map(lambda v: v**2, x)
    r, _ = theano.reduce(lambda v, acc: acc + v, x, T.constant(np.float64(0.0)))
    left, _ = theano.foldl(lambda v, acc: acc * 0.5 + v, x, T.constant(np.float64(0.0)))
    right, _ = theano.foldr(lambda v, acc: acc * 0.5 + v, x, T.constant(np.float64(0.0)))
    return theano.function([x], [m, r, left, right])(data(np, 5))


@case
def clone_with_replacements(theano, T, np):
    x, y = T.dscalars("x", "y")
    e = x * 3 + 1
    return [
        theano.function([y], theano.clone(e, {x: y * 2}))(5.0),
        theano.function([x], theano.clone(e, replace={x: x + 1}))(5.0),
    ]


@case
def ifelse_of_two(theano, T, np):
    ifelse = module(theano, "ifelse").ifelse
    a, b = T.dscalars("a", "b")
    f = theano.function([a, b], ifelse(T.lt(a, b), a * 2, b * 3))
    return [f(1.0, 2.0), f(2.0, 1.0)]


@case
def an_op_written_the_old_way(theano, T, np):
    class Scaled(theano.Op):
        __props__ = ("by",)

        def __init__(self, by):
            self.by = by

        def make_node(self, x):
            x = T.as_tensor_variable(x)
            return theano.gof.Apply(self, [x], [x.type()])

        def perform(self, node, inputs, output_storage):
            output_storage[0][0] = inputs[0] * self.by

        def infer_shape(self, node, i0_shapes):
            return i0_shapes

        def grad(self, inputs, output_grads):
            return [output_grads[0] * self.by]

        def R_op(self, inputs, eval_points):
            if eval_points[0] is None:
                return eval_points
            return self.grad(inputs, eval_points)

    x = T.dmatrix("x")
    y = Scaled(3.0)(x)
    outs = [y, y.shape, T.grad((y**2).sum(), x), T.Rop(y, x, x)]
    return [
        *theano.function([x], outs)(data(np, 2, 2)),
        Scaled(2) == Scaled(2),
        Scaled(1) == Scaled(2),
    ]


@case
def an_op_with_types_and_one_from_a_function(theano, T, np):
    class Twice(theano.Op):
        __props__ = ()
        itypes = [T.dmatrix]
        otypes = [T.dmatrix]

        def perform(self, node, inputs, output_storage):
            output_storage[0][0] = inputs[0] * 2

    @theano.compile.ops.as_op(
        itypes=[T.dvector, T.dvector],
        otypes=[T.dvector],
        infer_shape=lambda node, shapes: [shapes[0]],
    )
    def added(a, b):
        return a + b

    x, v = T.dmatrix("x"), T.dvector("v")
    return theano.function([x, v], [Twice()(x), added(v, v), added(v, v).shape])(
        data(np, 2, 2), data(np, 3)
    )


@case
def an_op_in_c(theano, T, np):
    class AddOne(theano.Op):
        __props__ = ()

        def make_node(self, x):
            return theano.gof.Apply(self, [x], [x.type()])

        def c_code(self, node, name, inp, out, sub):
            (x,) = inp
            (z,) = out
            fail = sub["fail"]
            return """
            Py_XDECREF(%(z)s);
            %(z)s = (PyArrayObject*)PyArray_NewLikeArray(%(x)s, NPY_KEEPORDER, NULL, 0);
            if (!%(z)s) { %(fail)s; }
            for (npy_intp i = 0; i < PyArray_DIM(%(x)s, 0); i++)
                *(npy_float64*)PyArray_GETPTR1(%(z)s, i) = 1 + *(npy_float64*)PyArray_GETPTR1(%(x)s, i);
            """ % locals()

        def c_code_cache_version(self):
            return (1,)

    x = T.dvector("x")
    return [theano.function([x], AddOne()(x))(data(np, 4))]


@case
def walks_over_a_graph(theano, T, np):
    graph = theano.gof.graph
    x, y = T.dscalars("x", "y")
    z = (x + y) * x
    inputs = graph.inputs([z])
    return [
        sorted(v.name for v in inputs), len(graph.ancestors([z])), len(graph.ops([x, y], [z])),
        len(graph.variables([x, y], [z])), len(graph.io_toposort([x, y], [z])), x in graph.ancestors([z]),
        graph.is_same_graph(x + y, x + y), graph.is_same_graph(x + y, x * y),
    ]  # fmt: skip


@case
def ordered_updates_add_up(theano, T, np):
    a, b = theano.shared(1.0), theano.shared(2.0)
    both = theano.OrderedUpdates([(a, a + 1)]) + theano.OrderedUpdates([(b, b + 1)])
    theano.function([], [], updates=both)()
    try:
        theano.OrderedUpdates({1: 2})
        refused = False
    except TypeError:
        refused = True
    return [a.get_value(), b.get_value(), len(both), refused]


@case
def sparse_products(theano, T, np):
    import scipy.sparse as sp

    sparse = module(theano, "sparse")
    x, w = sparse.csr_matrix("x", dtype="float64"), T.dmatrix("w")
    m = sp.csr_matrix(np.round(data(np, 3, 4)))
    dense = sparse.dense_from_sparse(x)
    outs = [sparse.dot(x, w), sparse.structured_dot(x, w), dense, T.grad(sparse.dot(x, w).sum(), w)]
    return theano.function([x, w], outs)(m, data(np, 4, 2))


@case
def lists_as_variables(theano, T, np):
    typed_list = module(theano, "typed_list")
    tl = typed_list.TypedListType(T.fvector)()
    v = T.fvector()
    o = typed_list.append(tl, v)
    f = theano.function([tl, v], [o, typed_list.length(o), tl[0]])
    listed, n, first = f([[1, 2]], [2])
    return [[list(map(float, one)) for one in listed], n, first]


@case
def topk_of_both_ends(theano, T, np):
    x = T.dvector("x")
    outs = [
        T.sort(T.topk(x, 2, sorted=False)),
        T.sort(T.argtopk(x, 2, sorted=False)),
        T.sort(T.topk(x, -2, sorted=False)),
        T.sort(x),
        T.argsort(x),
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return theano.function([x], outs)(data(np, 6))


@case
def odds_and_ends(theano, T, np):
    x, i = T.dmatrix("x"), T.ivector("i")
    outs = [
        T.round(x * 10),
        T.clip(x, -0.5, 0.5),
        T.switch(x > 0, x, 0),
        T.eye(2, 3),
        T.tri(3),
        T.tril(x),
        T.triu(x),
        T.nonzero_values(x),
        T.roll(x, 1, axis=0),
        T.choose(i, [i * 10, i * 20]),
        T.swapaxes(x, 0, 1),
        T.shape_padleft(x),
        T.shape_padright(x, 2),
        T.shape_padaxis(x, 1),
        T.join(1, x, x),
        T.concatenate([x, x]),
        T.ptp(x, axis=1),
        T.allclose(x, x),
        T.isclose(x, x),
        T.arange(5),
        T.arange(1, 7, 2),
        T.diag(x),
        T.diagonal(x),
        T.identity_like(x),
        T.fill(x, 3.0),
        T.alloc(2.0, 2, 2),
        T.zeros((2, 2)),
        T.power(x, 2),
        T.maximum(x, 0),
        T.erf(x),
        T.gammaln(x + 5),
        T.psi(x + 5),
        T.floor(x),
        T.ceil(x),
        T.log1p(x * 0.5),
        T.expm1(x),
        T.dot(x[0], x[0]),
        x.norm(2),
        x.T,
        x.ravel(),
        x.take([0, 1]),
        T.cast(x, "int32"),
        T.constant([1, 2]),
        T.tensor_copy(x),
        T.square(x),
        T.deg2rad(x),
        x.trace(),
        T.mgrid[0:2, 0:3][0],
    ]
    v = data(np, 3, 3)
    values = theano.function([x, i], outs)(v, [0, 1])
    return [*values, [str(o.dtype) for o in outs]]


@case
def set_of_repeated_rows(theano, T, np):
    out = []
    for write in (lambda s, g: s + g, lambda s, g: g + s, lambda s, g: s - g):
        W, i, g = theano.shared(np.zeros((3, 1))), T.ivector("i"), T.dmatrix("g")
        s = W[i]
        f = theano.function([i, g], [], updates=[(W, T.set_subtensor(s, write(s, g)))])
        f([0, 1, 0], [[1.0], [10.0], [100.0]])
        out.append(W.get_value().ravel())
    return out
