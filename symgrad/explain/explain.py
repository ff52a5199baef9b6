"""From a cost to its explanation."""

from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Variable

from symgrad.cost.gradients import connected_gradients, grad, variables_of
from symgrad.errors import DisconnectedError
from symgrad.explain.calculus import derivative_lines, is_scalar_calculus
from symgrad.explain.compiler import compilation
from symgrad.explain.derivation import derive, gradient_of
from symgrad.explain.explanation import Explanation
from symgrad.explain.notation import is_float
from symgrad.explain.rule import rule_stories, updates_of
from symgrad.explain.sample import leaves_of, user_point
from symgrad.explain.story import stories
from symgrad.explain.values import read
from symgrad.graph.index_reads import describe

__all__ = ["explain"]


def explain(cost, wrt=None, rule=None, values=None, backend="c"):
    """Derive the gradient of a cost, and keep every step to be read.

    Parameters
    ----------
    cost : scalar variable
    wrt : variable, Subset, or sequence of them, optional
        As for :func:`symgrad.grad`. Default: all shared variables and inputs of floats.
    rule : callable or Updates, optional
        A function of cost and parameters, such as :func:`symgrad.adam`, whose law is shown.
    values : mapping, optional
        Values of the inputs, by variable or by name: everything is then shown with its numbers.
    backend : {"c", "numba", "jax"} or None
        Whose rewrites are shown; None for none.

    Returns
    -------
    Explanation

    Raises
    ------
    SubsetRebuiltError, OtherPathError, DisconnectedError, IntegerTableError
        As :func:`symgrad.grad` does.
    HyperparameterError
        For values that do not fit the inputs, or what is no rule.
    BackendError
        For a backend that does not exist.

    Notes
    -----
    Adjoints are made by the table of maths (:func:`symgrad.explain.notation`), not by PyTensor's
    own gradient, and :meth:`Explanation.check` compares the two. Nothing is compiled: rewrites are
    those of the backend, without code being generated. No shared variable is changed.

    Examples
    --------
    >>> import pytensor.tensor as pt
    >>> from symgrad.explain import explain
    >>> x = pt.dscalar("x")
    >>> e = explain(x**2 * pt.sin(x), x, backend=None)
    >>> e.gradients[0][1].plain()
    '2·x·sin(x) + x²·cos(x)'
    >>> bool(e.check())
    True
    """
    wrt = _variables(cost, wrt)
    gradients = grad(cost, wrt)
    leaves = leaves_of([cost])
    point = user_point(leaves, values) if values is not None else None
    found, names, ids, nodes = derive([cost], wrt, point=point)
    updates = updates_of(rule, cost, wrt) if rule is not None else None
    calculus = derivative_lines(found, names)[0] if is_scalar_calculus(found) else ()
    compiled = None
    if backend is not None:
        inputs = [one for one in leaves if not isinstance(one, SharedVariable)]
        outputs = [cost] if updates is not None else [cost, *gradients]
        compiled = compilation(inputs, outputs, updates or {}, backend)
    return Explanation(
        cost=ids[cost],
        wrt=tuple(ids[one] for one in wrt),
        nodes=nodes,
        gradients=tuple((names.names[one], gradient_of(one, found, names)) for one in wrt),
        calculus=calculus,
        subsets=stories(found, names, point),
        rules=rule_stories(rule, updates, point) if updates is not None else (),
        readings=read(found, names, ids, point) if point is not None else (),
        compilation=compiled,
        _found=found,
        _names=names,
        _point=point,
    )


def _variables(cost, wrt):
    if wrt is None:
        leaves = [one for one in leaves_of([cost]) if is_float(one)]
        found = connected_gradients(cost, leaves) if leaves else []
        wrt = [one for one, g in zip(leaves, found, strict=True) if g is not None]
        if not wrt:
            raise DisconnectedError(
                f"the cost {describe(cost)} depends on no input or shared variable of floats, so "
                "there is nothing to derive: build it from one"
            )
        return wrt
    wrt = [wrt] if isinstance(wrt, Variable) or hasattr(wrt, "reads") else wrt
    return [one for item in wrt for one in variables_of(item)]
