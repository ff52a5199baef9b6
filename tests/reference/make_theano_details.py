# ruff: noqa: UP031
"""Details of Theano 1.0.5: options, orders and errors, and the record of what they are there.

``python make_theano_details.py`` writes ``theano_details.json``, where Theano is installed. Read by
Python 3.7, too. Each case returns numbers, words, or the name of the error that it met.
"""

import importlib
import json
import warnings
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix

CASES = {}
A = np.sin(np.arange(15.0) * 1.7 + 0.3).reshape(5, 3)
S = A.T.dot(A) + np.eye(3)


def case(function):
    CASES[function.__name__] = function
    return function


def module(theano, name):
    """``theano.<name>``, by whatever name this Theano goes."""
    return importlib.import_module(theano.__name__ + "." + name)


def met(call, *args, **options):
    """The name of the error that a call raises, or "nothing"."""
    try:
        call(*args, **options)
    except Exception as error:
        return type(error).__name__
    return "nothing"


@case
def a_pattern_of_ones_and_zeros(theano, T):
    kinds = [T.TensorType("float64", p) for p in ([1, 0, 0], (0, 1), (True, False), (0,) * 5)]
    return [list(kind.broadcastable) for kind in kinds]


@case
def flags_of_early_versions(theano, T):
    config = theano.config
    return [
        config.warn.identify_1pexp_bug,
        config.cache_optimizations,
        config.tensor.local_elemwise_fusion,
        config.experimental.local_alloc_elemwise_assert,
        config.metaopt.verbose,
        config.gpuarray.sched,
        config.dnn.conv.precision,
    ]


@case
def flags_as_objects(theano, T):
    flags = {one.fullname: one for one in module(theano, "configparser")._config_var_list}
    flag, seen = flags["compute_test_value"], [theano.config.compute_test_value]
    for word in ("warn", "off"):
        flag.__set__(None, word)
        seen += [flag.__get__(True, None), theano.config.compute_test_value]
    return [*seen, "conv.assert_shape" in flags, flags["floatX"].__get__(True, None)]


@case
def kinds_of_variables(theano, T):
    x, shared = T.dmatrix(), theano.shared(np.ones(2))
    variables = [x, x + 1, T.constant(2.0), shared]
    kinds = [T.TensorVariable, T.TensorConstant, theano.Variable, theano.Constant]
    found = [[isinstance(one, kind) for kind in kinds] for one in variables]
    made = T.TensorVariable(x.type)
    same = [type(one) == T.TensorVariable for one in (*variables, made)]  # noqa: E721
    inputs = module(theano, "gof.graph").inputs([T.dot(x * 2, shared)])
    free = [one is x for one in inputs if isinstance(one, T.TensorVariable)]

    class Marked(T.TensorVariable):
        def __init__(self, mark, type=None):
            T.TensorVariable.__init__(self, type, None, None, None)
            self.mark = mark

    marked = Marked(mark="here", type=x.type)
    found += [marked.mark, isinstance(marked, T.TensorVariable), isinstance(x, Marked)]
    return [
        found,
        same,
        free,
        isinstance(made, T.TensorVariable),
        {T.TensorVariable: 1}[type(made)],
    ]


@case
def walks_over_a_graph(theano, T):
    graph = module(theano, "gof.graph")
    a, b, c, d = T.matrix("a"), T.matrix("b"), T.vector("c"), T.scalar("d")
    W = theano.shared(np.ones((2, 2)), name="W")
    h = T.tanh(T.dot(a, W) + c)
    y = h * b + d * c
    cost, e = (y**2).sum(), a + b
    f = T.exp(e * c)
    found = [
        graph.inputs([cost]),
        graph.inputs([cost], [h]),
        graph.inputs([h, cost]),
        graph.ancestors([y, h]),
        graph.variables([a, b], [y]),
        graph.orphans([a, b], [y]),
    ]
    names = [[v.name for v in one if v.name] for one in found]
    nodes = [type(node.op).__name__ for node in graph.list_of_nodes([a, b], [f])]
    return [names, nodes, len(graph.ops([e], [f])), len(graph.ops([a, b, c], [f]))]


@case
def numbers_that_graphs_stand_for(theano, T):
    x = T.matrix()
    number = T.get_scalar_constant_value
    known = [
        T.zeros_like(x),
        T.constant([[3.0]]),
        T.constant([3, 3]),
        T.grad(T.argmax(x, axis=0).sum(), x),
        T.fill(x, 4),
        T.constant([1, 5])[1],
        T.ones((2, 3)) * 2,
        T.stack([1, 2])[0],
    ]
    unknown = [T.constant([1, 2]), x, T.constant([])]
    return [[number(one) for one in known], [met(number, one) for one in unknown]]


@case
def axes_of_the_largest(theano, T):
    x = T.dmatrix()
    axes = [-1, [0, 1], [0, 0], T.NoneConst.clone(), T.constant(1)]
    made = [T.max(x, axis=axis) for axis in axes]
    made += [f(x, axis=T.constant(0)) for f in (T.argmax, T.min, T.argmin)]
    return theano.function([x], made)(A)


@case
def tiles(theano, T):
    x, reps = T.dmatrix(), T.ivector()
    f = theano.function([x, reps], T.tile(x, reps, ndim=3))
    one = A[:2, :2]
    return [
        f(one, [2, 3]),
        f(one, [2, 1, 2]),
        met(f, one, [1, 1, 1, 1]),
        met(T.tile, x, reps),
        met(T.tile, x, 2.5),
        met(T.tile, x, T.imatrix()),
        met(T.tile, x, [2, 3], ndim=1),
        met(T.tile, x, [2, 3, 4], ndim=2),
    ]


@case
def the_older_stack_warns(theano, T):
    a, b, told = T.dscalar(), T.dscalar(), []
    for call in (lambda: T.stack(a, b), lambda: T.stack([a, b]), lambda: T.stack([a, b], axis=0)):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            call()
        told.append([one.category.__name__ for one in caught])
    return told


@case
def shapes_that_are_said(theano, T):
    x, shape = T.dmatrix(), T.ivector()
    f = theano.function([x, shape], T.specify_shape(x, shape) * 2)
    g = theano.function([x], T.SpecifyShape()(x, [2, 3]) * 2)
    one = A[:2]
    return [
        f(one, [2, 3]),
        g(one),
        [met(f, one, bad) for bad in ([], [2], [2, 2], [2, 3, 4])],
        met(g, A),
        [met(T.specify_shape, x, bad) for bad in ([], [2], [2, 3, 4])],
    ]


@case
def sorted_along_an_axis(theano, T):
    sort = module(theano, "tensor.sort")
    x, axis = T.dmatrix(), T.scalar()
    SortOp, ArgSortOp = sort.SortOp, sort.ArgSortOp
    made = [T.sort(x, axis, "mergesort"), T.argsort(x, axis)]
    f = theano.function([x, axis], [*made, SortOp("mergesort")(x), ArgSortOp("quicksort")(x)])
    return [
        [f(A, k) for k in (0, 1)],
        [SortOp("mergesort", []) == SortOp("mergesort", []), SortOp("mergesort", []) != 3],
        SortOp("mergesort", []) == SortOp("quicksort", []),
        isinstance(T.sort(x).owner.op, SortOp),
        isinstance(T.sort(x).owner.op, ArgSortOp),
    ]


@case
def ops_made_by_hand(theano, T):
    extra, nnet = module(theano, "tensor.extra_ops"), T.nnet
    x = T.dmatrix()
    made = [
        extra.CumOp()(x),
        extra.CumOp(1, "mul")(x),
        extra.RepeatOp()(x, 2),
        extra.RepeatOp(0)(x, [1, 0, 2]),
        extra.DiffOp()(x),
        extra.DiffOp(2, 0)(x),
        nnet.Softmax()(x),
        nnet.LogSoftmax()(x),
    ]
    return [
        theano.function([x], made)(A[:3]),
        isinstance(extra.cumsum(x, 0).owner.op, extra.CumOp),
        isinstance(nnet.softmax(x).owner.op, nnet.Softmax),
        isinstance(nnet.softmax(x).owner.op, nnet.LogSoftmax),
        met(extra.CumOp, 0, "div"),
    ]


@case
def distinct_entries(theano, T):
    Unique = module(theano, "tensor.extra_ops").Unique
    x = T.lmatrix()
    made = [Unique()(x), *Unique(True, False, True)(x)]
    for axis in (0, 1, -1, -2):
        made += Unique(True, True, True, axis=axis)(x)
    return [
        theano.function([x], made)(np.array([[1, 1, 2], [1, 1, 0]])),
        met(Unique(axis=2), x),
        met(Unique(axis=-3), x),
    ]


@case
def places_by_shapes_of_unknown_length(theano, T):
    place, shape = T.lvector(), T.lvector()
    f = theano.function([place, shape], list(T.unravel_index(place, shape, ndim=2)))
    return [f([5, 3], [2, 3]), f([5, 3], [4, 2]), met(T.unravel_index, place, shape)]


@case
def triangles(theano, T):
    linear = module(theano, "tensor.nlinalg")
    x = T.dmatrix()
    made = []
    for mode in ("reduced", "complete", "r", "raw"):
        factors = linear.qr(x, mode)
        made += factors if isinstance(factors, (list, tuple)) else [factors]
    f = theano.function([x], made)
    return [what_triangles_share(*f(value)) for value in (A[:3], A, A.T)]


def what_triangles_share(q, r, whole_q, whole_r, only_r, reflectors, scales):
    """What all factors of a matrix share: LAPACK chooses signs, and what is not unique."""
    products = [q.dot(r), whole_q.dot(whole_r), whole_q.T.dot(whole_q), q.T.dot(q)]
    triangle = np.triu(reflectors.T)[: len(scales)]
    squares = [root.T.dot(root) for root in (r, whole_r, only_r, triangle)]
    shapes = [list(factor.shape) for factor in (q, r, whole_q, whole_r, only_r, reflectors, scales)]
    return [*products, *squares, *shapes]


@case
def vectors_of_a_symmetric_matrix(theano, T):
    eigh = module(theano, "tensor.nlinalg").eigh
    x = T.dmatrix()
    made = [one for which in ("L", "U") for one in eigh(x, which)]
    return [abs(one) for one in theano.function([x], made)(S)]


@case
def roots_of_indefinite_matrices(theano, T):
    Cholesky = module(theano, "tensor.slinalg").Cholesky
    x, bad, found = T.dmatrix(), np.array([[1.0, 0.2], [0.2, -2.0]]), []
    for on_error in ("raise", "nan"):
        for lower in (True, False):
            root = Cholesky(lower=lower, on_error=on_error)(x)
            f = theano.function([x], [root, T.grad(root.sum(), x)])
            found.append(f(S))
            if on_error == "nan":
                found.append(bool(np.isnan(f(bad)).all()))
            else:
                found.append(met(theano.function([x], T.grad(root.sum(), x)), bad))
    return found


@case
def dtypes_of_solutions(theano, T):
    linear = module(theano, "tensor.slinalg")
    dtypes, found = ("uint8", "int16", "int32", "float16", "float32", "float64"), []
    for one in dtypes:
        for other in dtypes:
            a, b = T.matrix(dtype=one), T.matrix(dtype=other)
            found.append(linear.solve(a, b).dtype)
    a, b = T.matrix(dtype="int8"), T.matrix(dtype="int8")
    x = theano.function([a, b], linear.solve(a, b))(
        np.eye(2, dtype="int8"), 2 * np.ones((2, 1), "i1")
    )
    return [found, str(x.dtype), x]


@case
def shapes_of_images_and_filters(theano, T):
    early, abstract = (
        module(theano, "tensor.nnet.conv"),
        module(theano, "tensor.nnet.abstract_conv"),
    )
    x, w = T.dtensor4(), T.dtensor4()
    f = theano.function([x, w], early.conv2d(x, w, (3, 2, 8, 8), (4, 2, 5, 5)))
    image, filters = np.ones((3, 2, 8, 8)), np.ones((4, 2, 5, 5))
    found = [
        f(image, filters).shape,
        met(f, image[:2], filters),
        met(f, image[:, :, :7], filters),
        met(f, image, filters[:, :, :4]),
        met(early.conv2d, x, w, (3, 2, 8, 8), (4, 3, 5, 5)),
    ]
    theano.config.conv.assert_shape = True
    try:
        made = abstract.conv2d_grad_wrt_inputs(x, w, (None, None, 7, 11), (7, 5, 3, 3))
        g = theano.function([x, w], made)
    finally:
        theano.config.conv.assert_shape = False
    found.append(met(g, np.ones((3, 6, 5, 9)), np.ones((7, 6, 3, 3))))
    return [*found, g(np.ones((3, 7, 5, 9)), np.ones((7, 5, 3, 3))).shape]


@case
def convolutions_of_other_shapes_than_were_given(theano, T):
    x, w = T.dtensor4(), T.dtensor4()
    image, filters = A[:2].reshape(1, 1, 2, 3), np.arange(1.0, 5.0).reshape(2, 1, 2, 1)
    found = []
    for border_mode in ("valid", "full", (1, 1)):
        y = T.nnet.conv2d(x, w, (4, 1, 8, 8), (2, 1, 2, 1), border_mode=border_mode)
        f = theano.function([x, w], [y, *theano.grad(T.sqr(y).sum(), [x, w])])
        for one in (image, np.tile(image, (3, 1, 2, 1))):
            found += [[value.shape, value.sum()] for value in f(one, filters)]
    with module(theano, "configparser").change_flags({"conv.assert_shape": True}):
        g = theano.function([x], T.nnet.conv2d(x, filters, (4, 1, 8, 8)))
    return [*found, met(g, image), g(np.ones((4, 1, 8, 8))).shape]


@case
def pads_as_wide_as_windows(theano, T):
    pool = module(theano, "tensor.signal.pool")
    x, top = T.dvector(), T.dvector()
    grads = [
        pool.AveragePoolGrad(ignore_border=True, mode=mode, ndim=1)(x, top, (2,), (1,), (2,))
        for mode in ("sum", "average_inc_pad")
    ]
    f = theano.function([x, top], grads, on_unused_input="ignore")
    return [f(A[0], np.arange(6.0)), met(pool.pool_2d, T.dmatrix(), (2, 2), True, pad=(2, 2))]


@case
def classes_below_zero_are_refused(theano, T):
    nnet = module(theano, "tensor.nnet.nnet")
    x, b, y = T.dmatrix(), T.dvector(), T.lvector()
    f = theano.function([x, b, y], nnet.CrossentropySoftmaxArgmax1HotWithBias()(x, b, y))
    g = theano.function([b, x, y], nnet.CrossentropySoftmax1HotWithBiasDx()(b, x, y))
    p = np.exp(A) / np.exp(A).sum(1, keepdims=True)
    good, bad = np.array([0, 2, 1, 1, 0]), np.array([0, -1, 1, 1, 0])
    return [
        f(A, np.ones(3), good),
        g(np.ones(5), p, good),
        met(f, A, np.ones(3), bad) != "nothing",
        met(g, np.ones(5), p, bad) != "nothing",
    ]


@case
def numbers_of_the_generator_itself(theano, T):
    mrg = module(theano, "sandbox.rng_mrg")
    state = theano.shared(np.array([[12345] * 6, [7] * 6], "int32"))
    new, sample = mrg.mrg_uniform.new(state, ndim=None, dtype="float64", size=(5,))
    f = theano.function([], sample, updates=[(state, new)])
    streams, x = mrg.MRG_RandomStreams(234), T.dmatrix()
    chosen = streams.choice(size=1, replace=False, p=np.ones((4, 1)))
    return [
        [f(), f()],
        list(chosen.broadcastable),
        list(streams.truncated_normal((x.shape[0], 1)).broadcastable),
        isinstance(sample.owner.op, mrg.mrg_uniform),
    ]


@case
def types_without_a_filter(theano, T):
    class Ring(theano.gof.Type):
        def __init__(self, size):
            self.size = size

        def __eq__(self, other):
            return type(self) is type(other) and self.size == other.size

        def __hash__(self):
            return hash(self.size)

        def __str__(self):
            return "Ring%d" % self.size

    class Join(theano.gof.Op):
        __props__ = ()

        def make_node(self, *parts):
            return theano.gof.Apply(self, parts, [Ring(sum(one.type.size for one in parts))()])

    one, other = Ring(2)("one"), Ring(3)("other")
    whole = Join()(one, other)
    graph = module(theano, "gof.graph")
    return [whole.type == Ring(5), str(whole.type), [v.name for v in graph.inputs([whole])]]


@case
def gradients_that_are_cut_off(theano, T):
    disconnected = theano.gradient.DisconnectedType()
    x, w, b = T.dvectors("x", "w", "b")

    def twice(inputs, gradients):
        return gradients[0] * inputs[1] * 2

    op = theano.OpFromGraph(
        [x, w, b], [x * w + b], grad_overrides=[twice, "default", disconnected()]
    )
    cost = op(x, w, b).sum()
    dx, dw = T.grad(cost, [x, w])
    kinds = T.grad(cost, [b], return_disconnected="Disconnected", disconnected_inputs="ignore")
    f = theano.function([x, w, b], [dx, dw], on_unused_input="ignore")
    return [f(A[0], A[1], A[2]), [type(one.type).__name__ for one in kinds]]


@case
def what_a_star_brings(theano, T):
    names = {}
    exec("from %s.tensor import *" % theano.__name__, names)
    inner = [
        theano.theano,
        module(theano, "gof.graph").theano,
        module(theano, "tensor.basic").theano,
    ]
    assert all(one is theano for one in inner)
    return [names["theano"] is theano, names["compile"] is theano.compile, hasattr(T.scal, "mul")]


@case
def test_values_of_plain_numbers(theano, T):
    value = module(theano, "gof.op").get_test_value
    return [bool((value(one) == one).all()) for one in ([0, 1, 2], 0, 0.5, 1)]


@case
def a_softmax_written_out_where_exp_overflows(theano, T):
    x, a = T.matrix("x"), T.matrix("a")
    e = T.exp(x)
    sums = e.sum(axis=1, keepdims=True)
    p = e / sums
    costs = [
        (p * a).sum(),
        -T.log(p)[T.arange(4), [0, 1, 2, 0]].mean(),
        -(a * T.log(e / e.sum(axis=1).dimshuffle(0, "x"))).sum(),
        (T.exp(x) / T.exp(x).sum(axis=1)[:, None] - a).norm(2),
        (2 * e * a / (3 * sums)).sum(),
        T.sqr(p - e * (1 - a) / sums).sum(),
    ]
    values = np.array([[1.0, 2, 3], [900, 100, -5], [-800, -900, 0], [95, -5, 1]])
    shares = np.array([[0.2, 0.3, 0.5], [0.1, 0.8, 0.1], [0.3, 0.3, 0.4], [0.2, 0.7, 0.1]])
    f = theano.function([x, a], [p, *costs, *(T.grad(cost, x) for cost in costs)])
    return f(values.astype(theano.config.floatX), shares.astype(theano.config.floatX))


@case
def a_softmax_written_out_in_a_scan(theano, T):
    x, start = T.matrix("x"), T.matrix("start")

    def step(h):
        e = T.exp(h * 30)
        return T.tanh(e / e.sum(axis=1, keepdims=True) + x)

    states, _ = theano.scan(step, outputs_info=[start], n_steps=3)
    f = theano.function([x, start], [states[-1], T.grad(states[-1].sum(), x)])
    return f(A[:2] * 20, A[2:4] * 40)


@case
def a_sum_of_rows_set_in_a_scan(theano, T):
    table = T.matrix("table")
    rows = T.ivector("rows")
    tables, _ = theano.scan(
        lambda y, t: T.set_subtensor(t[rows], t[rows] + y),
        sequences=[T.arange(3.0)],
        outputs_info=[table],
    )
    return theano.function([table, rows], tables[-1])(A, np.array([1, 1, 4], "int32"))


@case
def sparse_draws(theano, T):
    sp2, sparse = module(theano, "sparse.sandbox.sp2"), module(theano, "sparse")
    x, p = sparse.csr_matrix("x"), sparse.csr_matrix("p")
    n, shape = T.ivector("n"), T.ivector("shape")
    drawn = [
        sp2.poisson(x),
        sp2.csc_fbinomial(n[0], 0.4, shape),
        sp2.multinomial(n, p),
        sp2.multinomial(n[1], p),
    ]
    f = theano.function([x, p, n, shape], drawn)
    values = csr_matrix(np.abs(A) * 3 * (A > -0.5))
    shares = csr_matrix([[0.2, 0, 0.8], [0.1, 0.6, 0.3]])
    np.random.seed(3)
    found = f(values, shares, np.array([5, 9], "int32"), np.array([2, 3], "int32"))
    told = [met(theano.function([p, n], sp2.multinomial(n, p)), shares, np.ones(5, "int32"))]
    told.append(met(sp2.poisson, 2.0))
    told.append(met(T.grad, sparse.sp_sum(sp2.poisson(x)), x))
    return [[one.toarray(), one.format, str(one.dtype), one.nnz] for one in found], told


@case
def a_graph_as_one_op_that_reads_shared_variables(theano, T):
    x, w, scale = T.dscalar("x"), theano.shared(2.0), theano.shared(3.0)
    op = theano.OpFromGraph([x], [x * w, T.exp(x) * scale])
    outer = T.dscalar("outer")
    first, second = op(outer * scale)
    f = theano.function([outer], [first, second, *T.grad(first * second, [outer, w])])
    return [f(0.3), f.copy()(0.1)]


@case
def indices_and_loops_as_text(theano, T):
    x, y, i, v = T.matrix("x"), T.vector("y"), T.iscalar("i"), T.ivector("v")
    loop, _ = theano.scan(lambda a, b: T.tanh(a) + b, sequences=x, outputs_info=y, name="loop")
    until = module(theano, "scan_module").until
    ends, _ = theano.scan(lambda a: (a * 2, until(a.sum() > 3)), outputs_info=y, n_steps=4)
    shown = [x[1], x[1:], x[i:4:2], x[:, 0], x[::2], x[-1, i:], x[v], x[v, v], loop, ends]
    for write in (T.set_subtensor, T.inc_subtensor):
        shown += [write(x[0], y), write(x[1:, i], 1.0), write(x[v], y), write(x[v, v], 1.0)]
    printed = [module(theano, "printing").debugprint(one, file="str") for one in shown]
    loops = [line.strip(" |") for one in printed for line in one.split("\n") if "cpu" in line]
    names = sorted({one.split(" [id")[0] for one in loops})
    return [[one.split(" [id")[0] for one in printed], names]


@case
def an_index_printed(theano, T):
    x, i = T.matrix("x"), T.iscalar("i")
    return module(theano, "printing").debugprint(x[i:, 0], file="str")


def plain(value):
    """What JSON can hold."""
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if isinstance(value, (np.ndarray, np.generic)):
        return plain(value.tolist())
    return float("%.12g" % value) if isinstance(value, float) else value


def main():
    """Run every case."""
    import theano
    import theano.tensor as T

    recorded = {}
    for name, run in CASES.items():
        print(name)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            recorded[name] = plain(run(theano, T))
    path = Path(__file__).parent / "theano_details.json"
    path.write_text(json.dumps(recorded, indent=0) + "\n")


if __name__ == "__main__":
    main()
