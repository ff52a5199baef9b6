"""Is every line true? Each is computed, and compared with differences and with PyTensor."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.graph.basic import Constant, Variable

from symgrad.errors import ArgumentError
from symgrad.explain.derive.calculus import derivative_lines, is_scalar_calculus
from symgrad.explain.derive.derivation import Derivation, derive_inside
from symgrad.explain.derive.rebuild import evaluator, exact_type, rebuilt
from symgrad.explain.derive.trace import Line, Term
from symgrad.explain.graph import leaves_of
from symgrad.explain.sample import Point, random_point

__all__ = ["CheckResult", "CheckedLine", "check"]

_STEP = 1e-5
_TOLERANCE = 1e-5


@dataclass(frozen=True)
class CheckedLine:
    """What one node passes back to one variable, compared.

    Attributes
    ----------
    consumer, variable, law : str
    against_differences : float
        The relative error against central differences along a random direction.
    against_pytensor : float
        The largest relative error against the entries of PyTensor's gradient.
    """

    consumer: str
    variable: str
    law: str
    against_differences: float
    against_pytensor: float

    @property
    def ok(self) -> bool:
        """Do all three agree?"""
        return self.against_differences <= _TOLERANCE and self.against_pytensor <= _TOLERANCE

    def __str__(self) -> str:
        return (
            f"{self.consumer} to {self.variable} ({self.law}): off by "
            f"{self.against_differences:.1e} from differences, by {self.against_pytensor:.1e} "
            "from PyTensor"
        )


@dataclass(frozen=True)
class CheckResult:
    """All lines of an explanation, compared. It is true if all agree.

    Attributes
    ----------
    lines : tuple of CheckedLine
    """

    lines: tuple[CheckedLine, ...]

    def __bool__(self) -> bool:
        return all(line.ok for line in self.lines)

    def __str__(self) -> str:
        wrong = [line for line in self.lines if not line.ok]
        return "\n".join([f"{len(self.lines)} lines, {len(wrong)} wrong", *map(str, wrong)])


def check(derivation: Derivation, around: Point | None = None, seed: int = 0) -> CheckResult:
    """Compare each line of a derivation, and the adjoints as a whole.

    See :meth:`symgrad.explain.Explanation.check`.
    """
    return _Checker(derivation, around, seed).result()


class _Checker:
    """Compares a derivation at one random point."""

    def __init__(self, derivation, around, seed):
        self.derivation, self.seed = derivation, seed
        self.trace, self.names = derivation.trace, derivation.names
        self.rng = np.random.default_rng(seed)
        leaves = leaves_of(self.trace.outputs)
        self.point = random_point(leaves, self.names.lengths, self.rng, around)
        self.inputs: dict[Variable, Any] = {leaf: exact_type(leaf)() for leaf in leaves}

    def result(self):
        lines, values = self.trace.lines, self._values()
        checked = [result for line in lines for result in self._line(line, values)]
        checked += self._whole()
        checked += [result for line in lines for result in self._inside(line)]
        if is_scalar_calculus(self.trace):
            checked += self._calculus()
        return CheckResult(tuple(checked))

    def _values(self):
        """The values of all variables that a line reads."""
        sources = [x for line in self.trace.lines for x in self.trace.sources(line)]
        wanted = [x for x in dict.fromkeys(sources) if hasattr(x.type, "dtype")]
        try:
            compute = evaluator(list(self.inputs.values()), rebuilt(wanted, self.inputs))
            values = compute(*self.point.values())
        except Exception as error:
            raise ArgumentError(
                "the computation fails at random inputs, so it cannot be checked: give explain "
                f"values=, and inputs are taken near these. It said: {error}"
            ) from error
        return dict(zip(wanted, values, strict=True))

    def _line(self, line, values):
        """The terms that one line passes back, each to its own variable, against its step alone."""
        sources = list(dict.fromkeys(self.trace.sources(line)))
        terms = {x: here for x in sources if (here := self.trace.terms_of(line, x))}
        if not terms:
            return
        compute = _LineFunction(self.trace, line, terms, values, self.rng)
        at = [values[x] for x in compute.inputs]
        _, by_law, simplified, by_pytensor = compute(at)
        consumer = self.names.names.get(line.step.outputs[0], "")
        for k, (x, here) in enumerate(terms.items()):
            direction = self.rng.standard_normal(np.shape(values[x]))
            position = compute.inputs.index(x)
            slope = _slope(lambda point: compute(point)[0], at, position, direction)
            ours = (by_law[k], simplified[k])
            yield CheckedLine(
                consumer=consumer,
                variable=self.names.names.get(x) or self.names.formula(x).plain(),
                law=here[0].law,
                against_differences=max(_error((g * direction).sum(), slope) for g in ours),
                against_pytensor=max(_error(g, by_pytensor[k]) for g in ours),
            )

    def _inside(self, line):
        """The lines of the computation inside an Op."""
        inner = derive_inside(line, self.names)
        if inner is None:
            return []
        where = self.names.names[line.step.outputs[0]]
        lines = check(inner, seed=self.seed).lines
        return [replace(result, consumer=f"{result.consumer} inside {where}") for result in lines]

    def _whole(self):
        """The adjoints of the cost, from end to end."""
        trace, names, inputs = self.trace, self.names, self.inputs
        offsets: dict[Variable, Any] = {
            x: exact_type(x)() for x in trace.wrt if x in trace.adjoints
        }
        starts = {x: inputs[x] + offset for x, offset in offsets.items() if x in inputs}
        inner = {x: offset for x, offset in offsets.items() if x not in inputs}
        outputs = rebuilt(trace.outputs, inputs | starts, inner)
        cost = _sum([pt.sum(output) for output in outputs])
        adjoints = rebuilt([trace.adjoints[x] for x in offsets], inputs)
        gradients = _gradients(cost, list(offsets.values()))
        ours = evaluator(list(inputs.values()), adjoints)(*self.point.values())
        f = evaluator([*inputs.values(), *offsets.values()], [cost, *gradients])
        at = [*self.point.values(), *(np.zeros(np.shape(value)) for value in ours)]
        _, *theirs = f(*at)
        for k, x in enumerate(offsets):
            direction = self.rng.standard_normal(np.shape(ours[k]))
            slope = _slope(partial(_output, f, 0), at, len(self.point) + k, direction)
            yield CheckedLine(
                consumer=names.names[trace.outputs[0]],
                variable=names.names[x],
                law="chain rule, from end to end",
                against_differences=_error((ours[k] * direction).sum(), slope),
                against_pytensor=_error(ours[k], theirs[k]),
            )

    def _calculus(self):
        """The derivatives of a textbook page, each against its own function."""
        (x,) = self.trace.wrt
        _, derivatives = derivative_lines(self.trace, self.names)
        variables = [z for z in derivatives if z is not x]
        functions = rebuilt(variables, self.inputs)
        ours = rebuilt([derivatives[z] for z in variables], self.inputs)
        theirs = [gradient for z in functions for gradient in _gradients(z, [self.inputs[x]])]
        f = evaluator(list(self.inputs.values()), [*functions, *ours, *theirs])
        at, position = list(self.point.values()), list(self.inputs).index(x)
        _, of_ours, of_theirs = _thirds(f(*at))
        for k, z in enumerate(variables):
            slope = _slope(partial(_output, f, k), at, position, np.ones(()))
            yield CheckedLine(
                consumer=self.names.names[z],
                variable=self.names.names[x],
                law="rule by rule",
                against_differences=_error(of_ours[k], slope),
                against_pytensor=_error(of_ours[k], of_theirs[k]),
            )


class _LineFunction:
    """One step by itself: a random sum of its outputs, and what goes back to its inputs.

    Attributes
    ----------
    inputs : list of variables
        Those whose values a call takes.
    """

    def __init__(
        self,
        trace: Any,
        line: Line,
        terms: dict[Variable, list[Term]],
        values: dict[Variable, np.ndarray],
        rng: np.random.Generator,
    ) -> None:
        sources = list(dict.fromkeys(trace.sources(line)))
        self.inputs = [x for x in sources if x in values and not isinstance(x, Constant)]
        fresh = {x: exact_type(x)() for x in self.inputs}
        results = [result for result in line.step.outputs if result in trace.bars]
        computed = rebuilt(results, fresh)
        bars: dict[Variable, Any] = {trace.bars[result]: exact_type(result)() for result in results}
        at = [values[x] for x in self.inputs]
        shapes = map(np.shape, evaluator(list(fresh.values()), computed)(*at))
        self.seeds = [rng.standard_normal(shape) for shape in shapes]
        total = _sum([pt.sum(bar * z) for bar, z in zip(bars.values(), computed, strict=True)])
        known = fresh | dict(zip(results, computed, strict=True)) | bars
        by_law = [_sum(rebuilt([term.raw for term in here], known)) for here in terms.values()]
        simplified = [
            _sum(rebuilt([term.expression for term in here], known)) for here in terms.values()
        ]
        by_pytensor = _gradients(total, [fresh[x] for x in terms])
        self.function = evaluator(
            [*fresh.values(), *bars.values()], [total, *by_law, *simplified, *by_pytensor]
        )

    def __call__(self, at: Sequence[np.ndarray]) -> tuple:
        """The sum, and what goes back: by the law, simplified, and by PyTensor."""
        total, *gradients = self.function(*at, *self.seeds)
        return total, *_thirds(gradients)


def _gradients(cost: Variable, wrt: list[Any]) -> list[Variable]:
    """PyTensor's gradients; NaN where it has none."""
    gradients: Any = pytensor.grad(cost, wrt, disconnected_inputs="ignore", null_gradients="return")
    return [
        g if hasattr(g.type, "dtype") else pt.full_like(x, np.nan)
        for g, x in zip(gradients, wrt, strict=True)
    ]


def _thirds(values):
    """A list cut into three pieces of the same length."""
    count = len(values) // 3
    return values[:count], values[count : 2 * count], values[2 * count :]


def _sum(terms):
    return terms[0] if len(terms) == 1 else pt.add(*terms)


def _output(function, k, point):
    """One output of a function at a point."""
    return function(*point)[k]


def _slope(
    function: Callable[[list], np.ndarray],
    at: Sequence[np.ndarray],
    position: int,
    direction: np.ndarray,
) -> np.ndarray:
    """The central difference along a direction."""
    ends = []
    for sign in (1, -1):
        moved = list(at)
        moved[position] = at[position] + sign * _STEP * direction
        ends.append(function(moved))
    return (ends[0] - ends[1]) / (2 * _STEP)


def _error(ours, theirs):
    """The largest relative difference."""
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    if ours.size == 0:
        return 0.0
    worst = np.max(np.abs(ours - theirs) / (1 + np.abs(theirs)))
    return float(worst) if np.isfinite(worst) else float("inf")
