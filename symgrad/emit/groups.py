"""Which parameters decay, which stay as they are, and which rows of a table stay."""

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any, TypeAlias

import numpy as np
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Variable
from pytensor.tensor.variable import TensorVariable

from symgrad.cost.lookups import Subset
from symgrad.emit.constraints import Constraint
from symgrad.emit.hyperparameter import Scalar
from symgrad.emit.transforms import GradientContext, Transform, weight_decay
from symgrad.errors import ArgumentError, HyperparameterError, IndexOutOfRangeError, NotSharedError
from symgrad.graph.index_reads import describe, read_of
from symgrad.pytensor_compat import stored_shape

__all__ = ["decoupled_decay_groups", "freeze", "freeze_rows", "weight_decay_groups"]

Param: TypeAlias = Variable | Subset
NamedParams: TypeAlias = Mapping[str, Param] | Sequence[tuple[str, Param]]


def weight_decay_groups(
    named_params: NamedParams, l2: Scalar, skip: str | Sequence[str] = ()
) -> Transform:
    """Add the gradient of an L2 penalty to the parameters that should have one.

    Law::

        gradient = gradient + l2 * value

    but not for tables of fewer than two dimensions, those whose last name is ``bias``, and those
    named in `skip`. Of tables that are read by index, the rows that are used decay.

    Parameters
    ----------
    named_params : mapping, or sequence of (name, param)
        All parameters of the rule; params are as the rule takes them. Names may have parts, as
        ``"encoder.layer1.bias"``. A table with several names is left out if one of them is.
    l2 : float, > 0, or scalar variable [cost unit / parameter unit ** 2]
    skip : name, or sequence of names

    Returns
    -------
    Transform
        For ``transforms=``.

    Raises
    ------
    HyperparameterError
        If `skip` names what is not there, `l2` is out of its range, or, once it is used, the rule
        updates a parameter that has no name.
    NotSharedError
        If a parameter is neither a shared variable nor a subset of one.

    Notes
    -----
    The recipe is that of a widely used helper for PyTorch, which makes two groups of parameters
    by these criteria.

    Examples
    --------
    >>> import numpy as np, symgrad as sg
    >>> W, b = sg.shared(np.ones((1, 2)), name="W"), sg.shared(np.ones(2), name="b")
    >>> decay = sg.weight_decay_groups({"layer.weight": W, "layer.bias": b}, l2=0.5)
    >>> updates = sg.sgd((W + b).sum(), [W, b], 1.0, transforms=[decay])
    >>> sg.function([], updates=updates)()
    >>> W.get_value().tolist(), b.get_value().tolist()
    ([[-0.5, -0.5]], [0.0, 0.0])
    """
    tables, spared = _grouped("weight_decay_groups", named_params, skip)
    decay = weight_decay(l2)

    def decayed(gradient: TensorVariable, context: GradientContext) -> TensorVariable:
        if context.table not in tables:
            raise ArgumentError(
                f"weight_decay_groups does not know {describe(context.table)}, which the rule "
                "updates: name all parameters, and those that should not decay in skip= too"
            )
        return gradient if context.table in spared else decay(gradient, context)

    return Transform(decayed, l2=dict.fromkeys(tables - spared, l2))


def decoupled_decay_groups(
    named_params: NamedParams, rate: Scalar, skip: str | Sequence[str] = ()
) -> dict[SharedVariable, Constraint]:
    """Shrink the touched rows of the parameters that should decay, after the step of any rule.

    Law, after the step of the rule::

        row = (row + step) * (1 - rate)

    for the parameters that :func:`weight_decay_groups` would let decay. There the decay is a part
    of the gradient, which adaptive rules divide by its own size; here all rows shrink alike.

    Parameters
    ----------
    named_params, skip
        As for :func:`weight_decay_groups`.
    rate : float or scalar variable, in [0, 1)
        What is lost of a row in a call that touches it (no unit). ``learning_rate * l2`` gives the
        size that rules with a decay of their own take; a schedule's ``schedule.rate * l2`` falls
        with the learning rate.

    Returns
    -------
    dict
        Table to constraint, for ``constraint=``. Masked entries stay as they are.

    Raises
    ------
    HyperparameterError
        If `skip` names what is not there, or `rate` is out of its range.
    NotSharedError
        If a parameter is neither a shared variable nor a subset of one.

    Notes
    -----
    SGDW and AdamW [1]_ shrink the row before the step is added, ``row * (1 - rate) + step``, which
    differs by ``rate * step``. For that order with Adam take :func:`~symgrad.adamw`.

    References
    ----------
    .. [1] Loshchilov & Hutter (2019), Decoupled weight decay regularization, arXiv:1711.05101.

    Examples
    --------
    >>> import numpy as np, pytensor.tensor as pt, symgrad as sg
    >>> W, index = sg.shared(np.ones((3, 2)), name="W"), pt.lvector("index")
    >>> decay = sg.decoupled_decay_groups({"words": W}, rate=0.25)
    >>> updates = sg.adagrad(0 * W[index].sum(), W, constraint=decay)
    >>> sg.function([index], updates=updates)([1, 1]); W.get_value()[:, 0].tolist()
    [1.0, 0.75, 1.0]
    """
    if isinstance(rate, Variable):
        fits = rate.type.ndim == 0
    else:
        is_number = isinstance(rate, Real)
        fits = is_number and 0 <= rate < 1
    if not fits:
        raise HyperparameterError(
            f"decoupled_decay_groups: rate is {rate!r}: give a number from 0 to below 1, or a "
            "scalar variable"
        )
    tables, spared = _grouped("decoupled_decay_groups", named_params, skip)
    return {table: lambda new_rows, row_dims: new_rows * (1 - rate) for table in tables - spared}


def _grouped(
    function: str, named_params: NamedParams, skip: str | Sequence[str]
) -> tuple[set[SharedVariable], set[SharedVariable]]:
    """``(all tables that are named, those of them that do not decay)``."""
    skip = _listed(skip)
    named = list(named_params.items() if isinstance(named_params, Mapping) else named_params)
    if unknown := [name for name in skip if name not in dict(named)]:
        raise ArgumentError(
            f"{function}: skip names {', '.join(map(repr, unknown))}, but the parameters "
            f"are named {', '.join(name for name, _ in named)}: use these names"
        )
    tables = {table_of(param) for _, param in named}
    return tables, {table_of(param) for name, param in named if _is_spared(name, param, skip)}


def _is_spared(name: str, param: Param, skip: Sequence[str]) -> bool:
    last = name.replace("/", ".").rpartition(".")[2]
    return table_of(param).type.ndim < 2 or last == "bias" or name in skip


def freeze(params: Param | Sequence[Param], frozen: Param | Sequence[Param]) -> list[Param]:
    """The parameters without those that should stay as they are.

    Parameters
    ----------
    params : list of parameters, as rules take them
    frozen : parameter, or list of them
        Each one of `params`, or the table of some. A frozen table takes its subsets along.

    Returns
    -------
    list
        The other parameters, in order. A frozen one gets no slots, and gradients still flow
        through it to those below.

    Raises
    ------
    HyperparameterError
        If one of `frozen` is not among `params`, or nothing is left.
    NotSharedError
        If a parameter is neither a shared variable nor a subset of one.

    Examples
    --------
    >>> import numpy as np, symgrad as sg
    >>> V, W = sg.shared(np.ones(2), name="V"), sg.shared(np.ones(2), name="W")
    >>> sg.freeze([V, W], V)
    [W]
    """
    all_params, chosen = _listed(params), _listed(frozen)
    names = ", ".join(map(_named, all_params))
    for choice in chosen:
        if not any(_covers(choice, param) for param in all_params):
            raise ArgumentError(
                f"freeze was given {_named(choice)} to freeze, which is not among the parameters "
                f"{names}: give the very variables of params, or tables"
            )
    left = [param for param in all_params if not any(_covers(choice, param) for choice in chosen)]
    if not left:
        raise ArgumentError(
            f"freeze left no parameter to train: freeze fewer of {names}, or compile the function "
            "without updates"
        )
    return left


def _covers(frozen: Param, param: Param) -> bool:
    return frozen is param or frozen is table_of(param)


def freeze_rows(table: SharedVariable, rows: Sequence[int] | np.ndarray) -> np.ndarray:
    """A mask under which some rows of a table stay as they are, and so do their slots.

    Parameters
    ----------
    table : shared variable
        Its rows lie along axis 0.
    rows : sequence of int, or of one boolean for each row
        Which rows to freeze. Negative numbers count from the end.

    Returns
    -------
    array of bool, of shape ``(len(table), 1, ...)``
        For ``mask=``, False for the frozen rows. Two masks join with ``&``. To thaw rows later,
        give ``sg.shared(mask, shape=mask.shape)`` and set its value.

    Raises
    ------
    IndexOutOfRangeError
        If a row is not in the table, or there are not as many booleans as rows.
    HyperparameterError
        If `rows` are not integers or booleans in one dimension.
    NotSharedError
        If `table` is not a table.

    Examples
    --------
    >>> import numpy as np, pytensor.tensor as pt, symgrad as sg
    >>> W, index = sg.shared(np.ones((4, 1)), name="W"), pt.lvector("index")
    >>> mask = {W: sg.freeze_rows(W, [0, 1])}
    >>> updates = sg.momentum(W[index].sum(), W, learning_rate=1.0, mask=mask)
    >>> sg.function([index], updates=updates)([1, 2, 3])
    >>> W.get_value().ravel().tolist()
    [1.0, 1.0, 0.0, 0.0]
    >>> updates.slots["velocity/W"].get_value().ravel().tolist()
    [0.0, 0.0, -1.0, -1.0]
    """
    if table_of(table) is not table or table.type.ndim == 0:
        raise NotSharedError(
            f"freeze_rows was given {_named(table)}, which is not a shared variable with rows: "
            "give the table itself"
        )
    length = stored_shape(table)[0]
    mask = np.ones(length, bool)
    mask[_checked_rows(table, rows, length)] = False
    return mask.reshape(length, *[1] * (table.type.ndim - 1))


def _checked_rows(
    table: SharedVariable, rows: Sequence[int] | np.ndarray, length: int
) -> np.ndarray:
    rows = np.asarray(rows)
    if rows.size == 0:
        rows = rows.astype("int64")
    if rows.ndim != 1 or rows.dtype.kind not in "iub":
        raise ArgumentError(
            f"freeze_rows was given rows of {rows.dtype} in {rows.ndim} dimensions: give a list "
            "of integers, or one boolean for each row"
        )
    if rows.dtype.kind == "b" and len(rows) != length:
        raise IndexOutOfRangeError(
            f"freeze_rows was given {len(rows)} booleans, but table {describe(table)} has "
            f"{length} rows: give one for each"
        )
    outside = rows[(rows < -length) | (rows >= length)] if rows.dtype.kind != "b" else rows[:0]
    if outside.size:
        raise IndexOutOfRangeError(
            f"freeze_rows was given row {outside[0]}, but table {describe(table)} has {length} "
            f"rows: use {-length} .. {length - 1}"
        )
    return rows


def table_of(param: Param) -> SharedVariable:
    """The table of a parameter, in any of the forms that rules take."""
    if isinstance(param, SharedVariable):
        return param
    if isinstance(param, Subset):
        return param.table
    read = read_of(param) if isinstance(param, Variable) else None
    if read is None:
        raise NotSharedError(
            f"{param!r} is neither a shared variable nor a subset of one: give sg.shared(...) "
            "variables, or table[index] variables of them"
        )
    return read.table


def _listed(items: Any) -> list:
    return [items] if isinstance(items, (Variable, Subset, str)) else list(items)


def _named(param: Param) -> str:
    return describe(param.table if isinstance(param, Subset) else param)
