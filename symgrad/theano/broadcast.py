"""Broadcast patterns: which axes are known to have length 1, so that they stretch."""

from collections.abc import Iterable

from pytensor.gradient import DisconnectedType, disconnected_type
from pytensor.graph.basic import Apply, Variable
from pytensor.graph.type import Type
from pytensor.graph.utils import MetaType
from pytensor.link.c.op import COp
from pytensor.tensor import as_tensor_variable
from pytensor.tensor.type import TensorType as PyTensorType

from symgrad.dispatch import JAX, NUMBA, when_imported

__all__ = [
    "Rebroadcast",
    "TensorType",
    "addbroadcast",
    "patternbroadcast",
    "unbroadcast",
    "widened",
]


class Rebroadcast(COp):
    """Changes which axes stretch: ``Rebroadcast((axis, True), ...)(x)``.

    Parameters
    ----------
    *axis : tuple of (int, bool)
        Axes, and whether each stretches; one that does must have length 1 when the function runs.
    """

    view_map = {0: [0]}
    check_input = False
    __props__ = ("axis",)

    def __init__(self, *axis):
        for number, stretches in axis:
            if not isinstance(stretches, (bool, int)) or int(number) != number:
                raise TypeError(
                    f"Rebroadcast needs pairs (axis, bool), not ({number}, {stretches})"
                )
        self.axis = tuple(sorted((int(number), bool(stretches)) for number, stretches in axis))

    def __str__(self):
        names = ",".join(str(axis) if stretches else f"?{axis}" for axis, stretches in self.axis)
        return f"Rebroadcast{{{names}}}"

    def make_node(self, x):
        x = as_tensor_variable(x)
        shape = list(x.type.shape)
        for axis, stretches in self.axis:
            if not -x.type.ndim <= axis < x.type.ndim:
                raise ValueError(f"Trying to rebroadcast non-existent dimension {axis} of {x}")
            shape[axis] = 1 if stretches else None
        return Apply(self, [x], [PyTensorType(x.type.dtype, shape=shape)()])

    def perform(self, node, inputs, output_storage):
        (x,) = inputs
        for axis, stretches in self.axis:
            if stretches and x.shape[axis] != 1:
                raise ValueError(
                    f"Dimension {axis} in Rebroadcast's input was supposed to be 1 (got "
                    f"{x.shape[axis]} instead)"
                )
        output_storage[0][0] = x

    def c_code(self, node, name, inputs, outputs, sub):
        (x,), (out,), fail = inputs, outputs, sub["fail"]
        checks = "".join(
            f"""
            if (PyArray_DIMS({x})[{axis % node.inputs[0].ndim}] != 1) {{
                PyErr_Format(PyExc_ValueError, "Dimension {axis} in Rebroadcast's input was"
                    " supposed to be 1 (got %lld instead)",
                    (long long) PyArray_DIMS({x})[{axis % node.inputs[0].ndim}]);
                {fail}
            }}"""
            for axis, stretches in self.axis
            if stretches
        )
        return f"{checks} Py_XDECREF({out}); {out} = {x}; Py_XINCREF({out});"

    def c_code_cache_version(self):
        return (1,)

    def infer_shape(self, *arguments):
        _, (shape,) = arguments[-2:]
        stretches = dict(self.axis)
        one = as_tensor_variable(1, dtype="int64")
        return [tuple(one if stretches.get(axis) else length for axis, length in enumerate(shape))]

    def pullback(self, inputs, outputs, output_gradients):
        (x,), (gradient,) = inputs, output_gradients
        return [Rebroadcast(*enumerate(x.type.broadcastable))(gradient)]

    def pushforward(self, inputs, outputs, eval_points):
        if isinstance(eval_points[0].type, DisconnectedType):
            return [disconnected_type()]
        return self(*eval_points, return_list=True)


def _rebroadcast(x, pairs):
    """Change the axes of `x` that differ from what `pairs` ask for."""
    x = as_tensor_variable(x)
    pattern = x.type.broadcastable
    for axis, _ in pairs:
        if not -x.type.ndim <= axis < x.type.ndim:
            raise ValueError(f"Trying to rebroadcast non-existent dimension {axis} of {x}")
    needed = [(axis, stretches) for axis, stretches in pairs if pattern[axis] != bool(stretches)]
    return Rebroadcast(*needed)(x) if needed else x


def addbroadcast(x: Variable, *axes: int) -> Variable:
    """`x` with length 1 along `axes`; the function raises ValueError for another length."""
    return _rebroadcast(x, [(axis, True) for axis in axes])


def unbroadcast(x: Variable, *axes: int) -> Variable:
    """`x` with lengths along `axes` that are not known, so that these do not stretch."""
    return _rebroadcast(x, [(axis, False) for axis in axes])


def patternbroadcast(x: Variable, broadcastable: Iterable[bool]) -> Variable:
    """`x` with a broadcast pattern: True where the length is 1 and the axis stretches."""
    return _rebroadcast(x, list(enumerate(broadcastable)))


def widened(x: Variable, variable_type: Type) -> Variable:
    """`x` with the pattern of a type that knows less of the axes of length 1."""
    own = getattr(x.type, "broadcastable", ())
    pattern = getattr(variable_type, "broadcastable", ())
    if own == pattern or len(own) != len(pattern):
        return x
    fits = all(known or not needed for known, needed in zip(own, pattern, strict=True))
    return patternbroadcast(x, pattern) if fits else x


class _TensorTypeMeta(MetaType):
    """Makes and recognises PyTensor's type by Theano's name."""

    def __call__(cls, dtype, broadcastable=None, name=None, sparse_grad=False, **options):
        if cls is not TensorType:
            return super().__call__(dtype, broadcastable, name=name, **options)
        if broadcastable is None:
            return PyTensorType(dtype, name=name, **options)
        shape = tuple(map(_length, broadcastable))
        return PyTensorType(dtype, shape=shape, name=name, **options)

    def __instancecheck__(cls, instance):
        if cls is TensorType:
            return isinstance(instance, PyTensorType)
        return super().__instancecheck__(instance)


def _length(stretches):
    """The length of an axis by its entry in a pattern; PyTensor's lengths above 1 are kept."""
    return int(stretches) if stretches else None


class TensorType(PyTensorType, metaclass=_TensorTypeMeta):
    """``TensorType(dtype, broadcastable)``: the type of arrays with this pattern."""

    def __setstate__(self, state):
        """Become PyTensor's type, from a pickle that Theano wrote."""
        self.__class__ = PyTensorType
        shape = tuple(map(_length, state["broadcastable"]))
        PyTensorType.__init__(self, state["dtype"], shape=shape, name=state["name"])


def _register_numba():
    import numba
    from pytensor.link.numba.dispatch.basic import register_funcify_default_op_cache_key

    @register_funcify_default_op_cache_key(Rebroadcast)
    def numba_funcify_Rebroadcast(op, node, **kwargs):
        axes = tuple(axis for axis, stretches in op.axis if stretches)

        @numba.njit
        def rebroadcast(x):
            for axis in axes:
                if x.shape[axis] != 1:
                    raise ValueError("a dimension in Rebroadcast's input was supposed to be 1")
            return x

        return rebroadcast, 1


def _register_jax():
    from pytensor.link.jax.dispatch.basic import jax_funcify

    @jax_funcify.register(Rebroadcast)
    def jax_funcify_Rebroadcast(op, **kwargs):
        def rebroadcast(x):
            for axis, stretches in op.axis:
                if stretches and x.shape[axis] != 1:
                    raise ValueError("a dimension in Rebroadcast's input was supposed to be 1")
            return x

        return rebroadcast


when_imported(NUMBA, _register_numba)
when_imported(JAX, _register_jax)
