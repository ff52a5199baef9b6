"""``theano.gradient``: gradients, and Ops that change them."""

from typing import Any

import pytensor.gradient as pytensor_gradient
from pytensor.gradient import DisconnectedInputError as DisconnectedInputError
from pytensor.gradient import DisconnectedType as DisconnectedType
from pytensor.gradient import NullTypeGradError as NullTypeGradError
from pytensor.gradient import disconnected_grad as disconnected_grad
from pytensor.gradient import grad_clip as grad_clip
from pytensor.gradient import grad_not_implemented as grad_not_implemented
from pytensor.gradient import grad_scale as grad_scale
from pytensor.gradient import grad_undefined as grad_undefined
from pytensor.gradient import hessian as hessian
from pytensor.gradient import jacobian as jacobian
from pytensor.gradient import numeric_grad as numeric_grad
from pytensor.gradient import subgraph_grad as subgraph_grad
from pytensor.gradient import undefined_grad as undefined_grad
from pytensor.gradient import zero_grad as zero_grad
from pytensor.graph.basic import Variable
from pytensor.graph.null_type import NullType as NullType
from pytensor.tensor import as_tensor_variable

from symgrad.theano.compile.mode import get_mode
from symgrad.theano.compile.ops import ViewOp
from symgrad.theano.names import forward


def grad(
    cost,
    wrt,
    consider_constant=None,
    disconnected_inputs="raise",
    add_names=True,
    known_grads=None,
    return_disconnected="zero",
    null_gradients="raise",
):
    """Symbolic gradients of a scalar `cost`, one for each of `wrt`; see :func:`pytensor.grad`."""
    return pytensor_gradient.grad(
        cost,
        wrt,
        consider_constant=consider_constant,
        disconnected_inputs=disconnected_inputs,
        add_names=add_names,
        known_grads=known_grads,
        return_disconnected=return_disconnected.lower(),
        null_gradients=null_gradients,
    )


def Rop(f, wrt, eval_points, disconnected_outputs="raise", return_disconnected="zero"):
    """The Jacobian of `f` times vectors: `eval_points` has a vector for each of `wrt`."""
    points = _tensors(eval_points)
    options = {
        "disconnected_outputs": disconnected_outputs,
        "return_disconnected": return_disconnected.lower(),
    }
    try:
        return pytensor_gradient.pushforward(f, wrt, points, use_op_pushforward=True, **options)
    except (NotImplementedError, DisconnectedInputError) as error:
        # Two pullbacks compute the same where an Op has a gradient but no R_op. A Scan with a
        # random state has neither.
        try:
            return pytensor_gradient.pushforward(f, wrt, points, **options)
        except (NotImplementedError, NullTypeGradError):
            raise error from None


def Lop(f, wrt, eval_points, consider_constant=None, disconnected_inputs="raise"):
    """Vectors times the Jacobian of `f`: `eval_points` has a vector for each of `f`."""
    return pytensor_gradient.pullback(
        f,
        wrt,
        _tensors(eval_points),
        consider_constant=consider_constant,
        disconnected_inputs=disconnected_inputs,
    )


def _tensors(points):
    if isinstance(points, (list, tuple)):
        return type(points)(as_tensor_variable(point) for point in points)
    return as_tensor_variable(points)


class ConsiderConstant(ViewOp):
    """Its input, with a gradient of zero."""

    def grad(self, inputs, output_gradients):
        return [gradient.zeros_like() for gradient in output_gradients]


consider_constant_ = ConsiderConstant()


def consider_constant(x: Variable) -> Any:
    """`x` with a gradient of zero."""
    return consider_constant_(x)


def verify_grad(fun, pt, n_tests=2, rng=None, eps=None, out_type=None, abs_tol=None, **options):
    """Compare gradients with finite differences, and raise if they differ.

    `rng` is a NumPy RandomState, and ``mode`` may be a mode of Theano.
    """
    if rng is None:
        raise TypeError("rng should be a valid instance of numpy.random.RandomState")
    options["mode"] = get_mode(options.get("mode"))
    return pytensor_gradient.verify_grad(
        fun, pt, n_tests=n_tests, rng=rng, eps=eps, out_type=out_type, abs_tol=abs_tol, **options
    )


vars(verify_grad)["E_grad"] = pytensor_gradient.GradientError

_RENAMED = {"format_as": "as_list_or_tuple"}
__getattr__ = forward("theano.gradient", "pytensor.gradient", renamed=_RENAMED)
