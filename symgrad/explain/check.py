"""Is every line true? Each is computed, and compared with differences and with PyTensor."""

from dataclasses import dataclass, replace

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.graph.basic import Constant

from symgrad.errors import HyperparameterError
from symgrad.explain.calculus import derivative_lines, is_scalar_calculus
from symgrad.explain.derivation import derive_inside
from symgrad.explain.rebuild import evaluator, exact_type, rebuilt
from symgrad.explain.sample import leaves_of, random_point
from symgrad.explain.trace import seen_through

__all__ = ["Check", "CheckedLine", "check"]

_STEP = 1e-5
_TOLERANCE = 1e-5


@dataclass(frozen=True)
class CheckedLine:
    """What one node passes back to one variable, compared.

    Attributes
    ----------
    consumer, variable, law : str
    against_differences, against_pytensor : float
        The relative error against central differences along a random direction, and the largest
        against the entries of PyTensor's gradient.
    """

    consumer: str
    variable: str
    law: str
    against_differences: float
    against_pytensor: float

    @property
    def ok(self):
        """Do they agree?"""
        return self.against_differences <= _TOLERANCE and self.against_pytensor <= _TOLERANCE


@dataclass(frozen=True)
class Check:
    """All lines of an explanation, compared; true if all agree.

    Attributes
    ----------
    lines : tuple of CheckedLine
    """

    lines: tuple[CheckedLine, ...]

    def __bool__(self):
        return all(line.ok for line in self.lines)

    def __str__(self):
        wrong = [line for line in self.lines if not line.ok]
        told = [
            f"{one.consumer} to {one.variable} ({one.law}): off by {one.against_differences:.1e} "
            f"from differences, by {one.against_pytensor:.1e} from PyTensor"
            for one in wrong
        ]
        return "\n".join([f"{len(self.lines)} lines, {len(wrong)} wrong", *told])


def check(found, names, around=None, seed=0):
    """Compare each line of a trace, and the adjoints as a whole; see :meth:`Explanation.check`."""
    rng = np.random.default_rng(seed)
    leaves = leaves_of(found.outputs)
    point = random_point(leaves, names.lengths, rng, around)
    inputs = {one: exact_type(one)() for one in leaves}
    wanted = [one for line in found.lines for one in _sources(line, found)]
    wanted = [one for one in dict.fromkeys(wanted) if hasattr(one.type, "dtype")]
    try:
        values = evaluator(list(inputs.values()), rebuilt(wanted, inputs))(*point.values())
    except Exception as error:
        raise HyperparameterError(
            "the computation fails at random inputs, so it cannot be checked: give explain "
            f"values=, and they are taken near these. It said: {error}"
        ) from error
    values = dict(zip(wanted, values, strict=True))
    checked = [one for line in found.lines for one in _check_line(line, found, names, values, rng)]
    checked += _check_whole(found, names, inputs, point, rng)
    checked += [one for line in found.lines for one in _check_inside(line, names, seed)]
    if is_scalar_calculus(found):
        checked += _check_calculus(found, names, inputs, point)
    return Check(tuple(checked))


def _sources(line, found):
    return [seen_through(one, found.wrt)[0] for one in line.step.inputs]


def _check_line(line, found, names, values, rng):
    """The terms that one line passes back, each to its own variable, against its step alone."""
    sources = list(dict.fromkeys(_sources(line, found)))
    terms = {
        one: here
        for one in sources
        if (here := [term for term in found.terms.get(one, ()) if term.line is line])
    }
    if not terms:
        return []
    free = [one for one in sources if one in values and not isinstance(one, Constant)]
    fresh = {one: exact_type(one)() for one in free}
    outs = [one for one in line.step.outputs if one in found.bars]
    computed = rebuilt(outs, fresh)
    bars = {found.bars[one]: exact_type(one)() for one in outs}
    shapes = _shapes_of(computed, fresh, values)
    seeds = {
        bar: rng.standard_normal(shape) for bar, shape in zip(bars.values(), shapes, strict=True)
    }
    scalar = sum(pt.sum(bar * out) for bar, out in zip(bars.values(), computed, strict=True))
    wrt = [fresh[one] for one in terms]
    known = fresh | dict(zip(outs, computed, strict=True)) | bars
    raw = [_total(rebuilt([t.raw for t in here], known)) for here in terms.values()]
    simple = [_total(rebuilt([t.expression for t in here], known)) for here in terms.values()]
    theirs = pytensor.grad(scalar, wrt, disconnected_inputs="ignore", null_gradients="return")
    theirs = [t if hasattr(t.type, "dtype") else pt.full_like(w, np.nan) for t, w in
              zip(theirs, wrt, strict=True)]  # fmt: skip
    f = evaluator([*fresh.values(), *seeds], [scalar, *raw, *simple, *theirs])
    at = [values[one] for one in fresh]

    def run(point):
        return f(*point, *seeds.values())

    results = run(at)[1:]
    rows = [results[k * len(terms) : (k + 1) * len(terms)] for k in range(3)]
    consumer = names.names.get(line.step.outputs[0], "")
    checked = []
    for k, (one, here) in enumerate(terms.items()):
        direction = rng.standard_normal(np.shape(values[one]))
        position = list(fresh).index(one)
        slope = _slope(lambda p: run(p)[0], at, position, direction)
        parts = [rows[0][k], rows[1][k]]
        off = max(_error((part * direction).sum(), slope) for part in parts)
        other = max(_error(part, rows[2][k]) for part in parts)
        name = names.names.get(one) or names.formula(one).plain()
        checked.append(CheckedLine(consumer, name, here[0].law, off, other))
    return checked


def _shapes_of(outputs, fresh, values):
    """The shapes of outputs at the values of the inputs."""
    computed = evaluator(list(fresh.values()), outputs)(*(values[one] for one in fresh))
    return list(map(np.shape, computed))


def _total(terms):
    return terms[0] if len(terms) == 1 else pt.add(*terms)


def _slope(function, at, position, direction):
    """The central difference along a direction."""
    ends = []
    for sign in (1, -1):
        moved = list(at)
        moved[position] = at[position] + sign * _STEP * direction
        ends.append(function(moved))
    return (ends[0] - ends[1]) / (2 * _STEP)


def _error(mine, theirs):
    """The largest difference, relative to what is compared."""
    mine, theirs = np.asarray(mine), np.asarray(theirs)
    if mine.size == 0:
        return 0.0
    worst = np.max(np.abs(mine - theirs) / (1 + np.abs(theirs)))
    return float(worst) if np.isfinite(worst) else float("inf")


def _check_inside(line, names, seed):
    """The lines of the computation inside an Op."""
    found = derive_inside(line, names)
    if found is None:
        return []
    inner, inner_names, _, _ = found
    where = names.names[line.step.outputs[0]]
    lines = check(inner, inner_names, seed=seed).lines
    return [replace(one, consumer=f"{one.consumer} inside {where}") for one in lines]


def _check_whole(found, names, inputs, point, rng):
    """The adjoints of the cost, from end to end."""
    offsets = {one: exact_type(one)() for one in found.wrt if one in found.adjoints}
    starts = {one: inputs[one] + offsets[one] for one in offsets if one in inputs}
    inner = {one: offset for one, offset in offsets.items() if one not in inputs}
    cost = _total([one.sum() for one in rebuilt(found.outputs, inputs | starts, inner)])
    mine = rebuilt([found.adjoints[one] for one in offsets], inputs)
    theirs = pytensor.grad(cost, list(offsets.values()), disconnected_inputs="ignore")
    value_of = evaluator(list(inputs.values()), mine)(*point.values())
    f = evaluator([*inputs.values(), *offsets.values()], [cost, *theirs])
    zeros = [np.zeros(np.shape(one)) for one in value_of]
    at = [*point.values(), *zeros]
    reference = f(*at)[1:]
    checked = []
    for k, one in enumerate(offsets):
        direction = rng.standard_normal(np.shape(value_of[k]))
        slope = _slope(lambda p: f(*p)[0], at, len(point) + k, direction)
        checked.append(
            CheckedLine(
                names.names[found.outputs[0]],
                names.names[one],
                "chain rule, from end to end",
                _error((value_of[k] * direction).sum(), slope),
                _error(value_of[k], reference[k]),
            )
        )
    return checked


def _check_calculus(found, names, inputs, point):
    """The derivatives of a textbook page, each against its own function."""
    (x,) = found.wrt
    _, derivatives = derivative_lines(found, names)
    variables = [one for one in derivatives if one is not x]
    functions = rebuilt(variables, inputs)
    mine = rebuilt([derivatives[one] for one in variables], inputs)
    theirs = [pytensor.grad(one, inputs[x]) for one in functions]
    f = evaluator(list(inputs.values()), [*functions, *mine, *theirs])
    at, position = list(point.values()), list(inputs).index(x)
    values = f(*at)
    count = len(variables)
    checked = []
    for k, one in enumerate(variables):
        slope = _slope(lambda p, k=k: f(*p)[k], at, position, np.ones(()))
        checked.append(
            CheckedLine(
                names.names[one], names.names[x], "rule by rule",
                _error(values[count + k], slope),
                _error(values[count + k], values[2 * count + k]),
            )
        )  # fmt: skip
    return checked
