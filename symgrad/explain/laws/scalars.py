"""The notations of scalar Ops: name, derivatives and law, one line each."""

from collections.abc import Callable

import numpy as np
import pytensor.scalar.math as pm
import pytensor.tensor as pt
from pytensor.graph.basic import Variable
from pytensor.graph.op import Op
from pytensor.scalar import basic as pb
from pytensor.tensor.basic import get_underlying_scalar_constant_value

from symgrad.explain.laws.notation import Notation
from symgrad.explain.maths import Maths, call

__all__ = ["SCALARS", "Scalar", "constant_of"]

_PI = np.pi


class Scalar(Notation):
    """A scalar function, given by the derivatives with respect to its inputs.

    Parameters
    ----------
    spelling : str or callable
        The function's name, or a function from the formulas of the inputs to the formula.
    derivatives : callable
        ``(z, *inputs)`` -> a PyTensor expression for each input. None where there is no
        derivative or it is zero, ``NotImplemented`` where it has no closed form: then PyTensor's
        own pullback is used.
    law : str
    """

    def __init__(
        self, spelling: str | Callable[..., Maths], derivatives: Callable[..., list], law: str
    ) -> None:
        self.spelling, self.derivatives, self.law = spelling, derivatives, law

    def write(self, step, args):
        if isinstance(self.spelling, str):
            return call(self.spelling, *args)
        return self.spelling(*args)

    def local(self, step, position):
        derivative = self.derivatives(step.outputs[0], *step.inputs)[position]
        return None if derivative is NotImplemented else derivative

    def pull(self, step, bars):
        derivatives = self.derivatives(step.outputs[0], *step.inputs)
        return [
            derivative if derivative is None or derivative is NotImplemented
            else bars[0] * derivative
            for derivative in derivatives
        ]  # fmt: skip


def constant_of(variable: Variable) -> complex | None:
    """The number that all entries of a variable are known to be, or None."""
    value = get_underlying_scalar_constant_value(variable, raise_not_constant=False)
    return value.item() if isinstance(value, (np.ndarray, np.generic)) else None


def _head(head, text=""):
    return lambda *args: Maths(head, args, text)


def _relation(sign):
    return lambda *args: Maths("relation", args, sign)


def _no_derivatives(z, *inputs):
    return [None] * len(inputs)


def _truth(condition):
    """1 where a condition holds, 0 elsewhere."""
    return pt.cast(condition, "float64")


def _flat(head):
    """Write sums within sums, and products within products, without brackets."""

    def write(*args):
        parts: list[Maths] = []
        for arg in args:
            parts.extend(arg.args if arg.head == head else (arg,))
        return Maths(head, tuple(parts))

    return write


def _difference(a, b):
    terms = a.args if a.head == "sum" else (a,)
    return Maths("sum", (*terms, _negative(b)))


def _negative(a):
    return a.args[0] if a.head == "negative" else Maths("negative", (a,))


def _product_of_others(z, *inputs):
    products = []
    for position in range(len(inputs)):
        others = [x for k, x in enumerate(inputs) if k != position]
        products.append(pt.mul(*others) if len(others) > 1 else others[0])
    return products


class Power(Scalar):
    """A power has one law for its base, and another for its exponent."""

    def __init__(self) -> None:
        super().__init__(_head("power"), self._derivatives, "power rule")

    def law_of(self, step, position):
        return "power rule" if position == 0 else "exponential rule"

    @staticmethod
    def _derivatives(z, x, y):
        return [y * x ** (y - 1), None if constant_of(y) is not None else z * pt.log(x)]


class ProductOrQuotient(Scalar):
    """If all other inputs are numbers, the law is the factor rule."""

    def law_of(self, step, position):
        others = [x for k, x in enumerate(step.inputs) if k != position]
        divides = isinstance(getattr(step.op, "scalar_op", step.op), pb.TrueDiv) and position == 1
        is_factor = not divides and all(constant_of(x) is not None for x in others)
        return "factor rule" if is_factor else self.law


class Cast(Notation):
    """Another dtype. A boolean is written in brackets, which are 1 or 0."""

    law = "identity"

    def write(self, step, args):
        is_truth = step.inputs[0].type.dtype == "bool"
        return Maths("bracket", tuple(args)) if is_truth else args[0]

    def pull(self, step, bars):
        return [pt.cast(bars[0], step.inputs[0].type.dtype)]


class Switch(Notation):
    """One of two values, chosen by a condition."""

    law = "the branch that is taken"

    def write(self, step, args):
        return Maths("cases", tuple(args))

    def pull(self, step, bars):
        condition, g = step.inputs[0], bars[0]
        return [None, pt.switch(condition, g, 0.0), pt.switch(condition, 0.0, g)]


# Name of the Op: (spelling, derivatives, law)
_BY_NAME: dict[str, tuple[str | Callable[..., Maths], Callable[..., list], str]] = {
    # Sums, products and quotients.
    "Add": (_flat("sum"), lambda z, *xs: [pt.ones_like(x) for x in xs], "sum rule"),
    "Sub": (_difference, lambda z, x, y: [pt.ones_like(x), -pt.ones_like(y)], "sum rule"),
    "Neg": (_negative, lambda z, x: [-pt.ones_like(x)], "factor rule"),
    "Reciprocal": (lambda x: Maths("power", (x, _negative(Maths("number", text="1")))),
                    lambda z, x: [-(z**2)], "power rule"),
    "Sqr": (lambda x: Maths("power", (x, Maths("number", text="2"))), lambda z, x: [2 * x],
             "power rule"),
    "Sqrt": (_head("root"), lambda z, x: [1 / (2 * z)], "power rule"),
    "IntDiv": ("floordiv", _no_derivatives, "locally constant"),
    "Mod": ("mod", lambda z, x, y: [pt.ones_like(x), -pt.floor(x / y)], "remainder"),
    "Identity": (lambda x: x, lambda z, x: [pt.ones_like(x)], "identity"),
    "Deg2Rad": ("deg2rad", lambda z, x: [pt.ones_like(x) * (_PI / 180)], "factor rule"),
    "Rad2Deg": ("rad2deg", lambda z, x: [pt.ones_like(x) * (180 / _PI)], "factor rule"),
    # Choices.
    "Maximum": (lambda x, y: call("max", x, y),
                 lambda z, x, y: [_truth(pt.eq(z, x)), _truth(pt.eq(z, y))],
                 "the larger input receives it"),
    "Minimum": (lambda x, y: call("min", x, y),
                 lambda z, x, y: [_truth(pt.eq(z, x)), _truth(pt.eq(z, y))],
                 "the smaller input receives it"),
    "Clip": ("clip", lambda z, x, a, b: [_truth((x >= a) & (x <= b)), _truth(x < a),
                                          _truth(x > b)], "inside the bounds"),
    "Abs": (_head("abs"), lambda z, x: [pt.sign(x)], "derivative of |x|"),
    # Step functions and comparisons are locally constant.
    **{op: (name, _no_derivatives, "locally constant") for op, name in (
        ("Sign", "sign"), ("Ceil", "ceil"), ("Floor", "floor"), ("Trunc", "trunc"),
        ("RoundHalfToEven", "round"), ("RoundHalfAwayFromZero", "round"),
        ("IsNan", "isnan"), ("IsInf", "isinf"))},
    **{op: (_relation(sign), _no_derivatives, "locally constant") for op, sign in (
        ("LT", "<"), ("GT", ">"), ("LE", "<="), ("GE", ">="), ("EQ", "="), ("NEQ", "!="),
        ("AND", "and"), ("OR", "or"), ("XOR", "xor"))},
    "Invert": ("not", _no_derivatives, "locally constant"),
    # Exponentials and logarithms.
    "Exp": ("exp", lambda z, x: [z], "exponential rule"),
    "Exp2": ("exp2", lambda z, x: [z * pt.log(2.0)], "exponential rule"),
    "Expm1": ("expm1", lambda z, x: [pt.exp(x)], "exponential rule"),
    "Log": ("log", lambda z, x: [1 / x], "derivative of log"),
    "Log2": ("log2", lambda z, x: [1 / (x * pt.log(2.0))], "derivative of log"),
    "Log10": ("log10", lambda z, x: [1 / (x * pt.log(10.0))], "derivative of log"),
    "Log1p": ("log1p", lambda z, x: [1 / (1 + x)], "derivative of log"),
    "Log1mexp": ("log1mexp", lambda z, x: [1 / (1 - pt.exp(-x))], "derivative of log(1 - exp x)"),
    "Sigmoid": ("sigmoid", lambda z, x: [z * (1 - z)], "derivative of sigmoid"),
    "Softplus": ("softplus", lambda z, x: [pt.sigmoid(x)], "derivative of softplus"),
    # Trigonometry.
    "Sin": ("sin", lambda z, x: [pt.cos(x)], "derivative of sin"),
    "Cos": ("cos", lambda z, x: [-pt.sin(x)], "derivative of cos"),
    "Tan": ("tan", lambda z, x: [1 + z**2], "derivative of tan"),
    "ArcSin": ("arcsin", lambda z, x: [1 / pt.sqrt(1 - x**2)], "derivative of arcsin"),
    "ArcCos": ("arccos", lambda z, x: [-1 / pt.sqrt(1 - x**2)], "derivative of arccos"),
    "ArcTan": ("arctan", lambda z, x: [1 / (1 + x**2)], "derivative of arctan"),
    "ArcTan2": ("arctan2", lambda z, y, x: [x / (x**2 + y**2), -y / (x**2 + y**2)],
                 "derivative of arctan2"),
    "Sinh": ("sinh", lambda z, x: [pt.cosh(x)], "derivative of sinh"),
    "Cosh": ("cosh", lambda z, x: [pt.sinh(x)], "derivative of cosh"),
    "Tanh": ("tanh", lambda z, x: [1 - z**2], "derivative of tanh"),
    "ArcSinh": ("arcsinh", lambda z, x: [1 / pt.sqrt(x**2 + 1)], "derivative of arcsinh"),
    "ArcCosh": ("arccosh", lambda z, x: [1 / pt.sqrt(x**2 - 1)], "derivative of arccosh"),
    "ArcTanh": ("arctanh", lambda z, x: [1 / (1 - x**2)], "derivative of arctanh"),
    # Error functions.
    "Erf": ("erf", lambda z, x: [2 / np.sqrt(_PI) * pt.exp(-(x**2))], "derivative of erf"),
    "Erfc": ("erfc", lambda z, x: [-2 / np.sqrt(_PI) * pt.exp(-(x**2))], "derivative of erfc"),
    "Erfcx": ("erfcx", lambda z, x: [2 * x * z - 2 / np.sqrt(_PI)], "derivative of erfcx"),
    "Erfinv": ("erfinv", lambda z, x: [np.sqrt(_PI) / 2 * pt.exp(z**2)], "inverse function rule"),
    "Erfcinv": ("erfcinv", lambda z, x: [-np.sqrt(_PI) / 2 * pt.exp(z**2)],
                 "inverse function rule"),
    "NdtriExp": ("ndtri_exp", lambda z, x: [np.sqrt(2 * _PI) * pt.exp(x + z**2 / 2)],
                 "inverse function rule"),
    "Owens_t": ("owens_t", lambda z, h, a: [
        -pt.erf(a * h / np.sqrt(2)) * pt.exp(-(h**2) / 2) / (2 * np.sqrt(2 * _PI)),
        pt.exp(-(1 + a**2) * h**2 / 2) / (2 * _PI * (1 + a**2))], "derivative of Owen's T"),
    # Gamma and beta functions. Derivatives with respect to the order have no closed form.
    "Gamma": ("gamma", lambda z, x: [z * pt.psi(x)], "derivative of gamma"),
    "GammaLn": ("gammaln", lambda z, x: [pt.psi(x)], "derivative of log gamma"),
    "Psi": ("psi", lambda z, x: [pt.tri_gamma(x)], "derivative of psi"),
    "TriGamma": ("trigamma", lambda z, x: [pt.polygamma(2, x)], "derivative of polygamma"),
    "PolyGamma": ("polygamma", lambda z, n, x: [None, pt.polygamma(n + 1, x)],
                   "derivative of polygamma"),
    "GammaInc": ("gammainc", lambda z, k, x: [NotImplemented, _gamma_density(k, x)],
                  "fundamental theorem"),
    "GammaIncC": ("gammaincc", lambda z, k, x: [NotImplemented, -_gamma_density(k, x)],
                   "fundamental theorem"),
    "GammaIncInv": ("gammaincinv", lambda z, k, p: [NotImplemented, 1 / _gamma_density(k, z)],
                     "inverse function rule"),
    "GammaIncCInv": ("gammainccinv", lambda z, k, p: [NotImplemented, -1 / _gamma_density(k, z)],
                      "inverse function rule"),
    "BetaInc": ("betainc", lambda z, a, b, x: [NotImplemented] * 2 + [_beta_density(a, b, x)],
                 "fundamental theorem"),
    "BetaIncInv": ("betaincinv", lambda z, a, b, p: [NotImplemented] * 2
                    + [1 / _beta_density(a, b, z)], "inverse function rule"),
    "Hyp2F1": ("hyp2f1", lambda z, a, b, c, x: [NotImplemented] * 3
                + [a * b / c * pt.hyp2f1(a + 1, b + 1, c + 1, x)], "derivative of the series"),
    # Bessel functions.
    "J0": ("J0", lambda z, x: [-pt.j1(x)], "Bessel recurrence"),
    "J1": ("J1", lambda z, x: [pt.j0(x) - z / x], "Bessel recurrence"),
    "Jv": ("J", lambda z, v, x: [NotImplemented, (pt.jv(v - 1, x) - pt.jv(v + 1, x)) / 2],
            "Bessel recurrence"),
    "I0": ("I0", lambda z, x: [pt.i1(x)], "Bessel recurrence"),
    "I1": ("I1", lambda z, x: [pt.i0(x) - z / x], "Bessel recurrence"),
    "Ive": ("ive", lambda z, v, x: [NotImplemented, (pt.ive(v - 1, x) + pt.ive(v + 1, x)) / 2
                                     - pt.sign(x) * z], "Bessel recurrence"),
    "Kve": ("kve", lambda z, v, x: [NotImplemented, z - (pt.kve(v - 1, x) + pt.kve(v + 1, x)) / 2],
             "Bessel recurrence"),
}  # fmt: skip


def _gamma_density(k, x):
    return x ** (k - 1) * pt.exp(-x) / pt.gamma(k)


def _beta_density(a, b, x):
    return x ** (a - 1) * (1 - x) ** (b - 1) * pt.gamma(a + b) / (pt.gamma(a) * pt.gamma(b))


# Which of these Ops exist, and in which module, depends on the release of PyTensor.
SCALARS: dict[type[Op], Notation] = {
    getattr(module, name): Scalar(*entry)
    for name, entry in _BY_NAME.items()
    for module in (pb, pm)
    if hasattr(module, name)
}
SCALARS |= {
    pb.Mul: ProductOrQuotient(_flat("product"), _product_of_others, "product rule"),
    pb.TrueDiv: ProductOrQuotient(
        _head("quotient"), lambda z, x, y: [1 / y, -x / y**2], "quotient rule"
    ),
    pb.Pow: Power(),
    # A value at every entry of a model is written as the value.
    pb.Second: Scalar(lambda model, value: value, lambda z, m, v: [None, pt.ones_like(v)], "fill"),
    pb.Cast: Cast(),
    pb.Switch: Switch(),
}
