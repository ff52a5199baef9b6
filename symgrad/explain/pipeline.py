"""From a cost to its explanation."""

from collections.abc import Mapping, Sequence
from typing import Any

from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Variable

from symgrad.cost.gradients import connected_gradients, grad, variables_of
from symgrad.cost.lookups import Subset
from symgrad.emit.updates import Updates
from symgrad.errors import DisconnectedError
from symgrad.explain.compiler import compilation_of
from symgrad.explain.derive.calculus import derivative_lines, is_scalar_calculus
from symgrad.explain.derive.derivation import derive
from symgrad.explain.explanation import Explanation
from symgrad.explain.graph import is_float, leaves_of
from symgrad.explain.readings import readings_at
from symgrad.explain.rule import RuleLike, RuleStory, rule_stories, updates_of
from symgrad.explain.sample import user_point
from symgrad.explain.subset import subset_stories
from symgrad.graph.index_reads import describe

__all__ = ["explanation_of"]


def explanation_of(
    cost: Variable,
    wrt: Variable | Subset | Sequence[Variable | Subset] | None = None,
    rule: RuleLike | None = None,
    values: Mapping[Variable | str, Any] | None = None,
    backend: str | None = "c",
) -> Explanation:
    """Derive the gradient of a cost; see :func:`symgrad.explain`."""
    variables = _connected_leaves(cost) if wrt is None else _variables(wrt)
    gradients = grad(cost, variables)
    leaves = leaves_of([cost])
    point = user_point(leaves, values) if values is not None else None
    derivation = derive([cost], variables, point=point)
    trace, names, ids = derivation.trace, derivation.names, derivation.ids
    updates = Updates()
    rules: tuple[RuleStory, ...] = ()
    if rule is not None:
        updates = updates_of(rule, cost, variables)
        rules = rule_stories(rule, updates, point)
    compilation = None
    if backend is not None:
        inputs = [leaf for leaf in leaves if not isinstance(leaf, SharedVariable)]
        outputs = [cost, *gradients] if rule is None else [cost]
        compilation = compilation_of(inputs, outputs, updates, backend)
    return Explanation(
        cost=ids[cost],
        wrt=tuple(ids[x] for x in variables),
        nodes=derivation.nodes,
        gradients=tuple((names.names[x], derivation.closed_form(x)) for x in variables),
        calculus=derivative_lines(trace, names)[0] if is_scalar_calculus(trace) else (),
        subsets=subset_stories(derivation, point),
        rules=rules,
        readings=readings_at(point, derivation) if point is not None else (),
        compilation=compilation,
        _derivation=derivation,
        _point=point,
    )


def _connected_leaves(cost: Variable) -> list[Variable]:
    """The inputs and shared variables of floats that the cost depends on."""
    leaves = [leaf for leaf in leaves_of([cost]) if is_float(leaf)]
    gradients = connected_gradients(cost, leaves) if leaves else []
    connected = [leaf for leaf, g in zip(leaves, gradients, strict=True) if g is not None]
    if not connected:
        raise DisconnectedError(
            f"the cost {describe(cost)} depends on no input or shared variable of floats, so "
            "there is nothing to derive: build it from such a variable"
        )
    return connected


def _variables(wrt: Variable | Subset | Sequence[Variable | Subset]) -> list[Variable]:
    items = [wrt] if isinstance(wrt, (Variable, Subset)) else wrt
    return [variable for item in items for variable in variables_of(item)]
