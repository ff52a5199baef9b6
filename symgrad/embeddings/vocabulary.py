"""From vectors by word to a table by row, and to another vocabulary with all slots."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from pytensor.compile.sharedvalue import SharedVariable

from symgrad.emit.updates import Updates
from symgrad.errors import ArgumentError

__all__ = ["move_rows", "origins", "pretrained_table"]

# The values of slots for a row that has never been visited, where they are not 0.
_STARTS = {"mu_product": 1.0}
# Slots that start from the row itself.
_AVERAGES = ("ema", "polyak")


Seed: TypeAlias = int | np.random.Generator


def pretrained_table(
    words: Sequence[str],
    pairs: Iterable[tuple[str, Any]],
    dim: int,
    *,
    initial: Callable[..., Any] | None = None,
    dtype: str = "float32",
    seed: Seed = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Put pre-trained vectors into the rows of a vocabulary.

    Parameters
    ----------
    words : sequence of str
        The vocabulary; word ``k`` has row ``k``.
    pairs : iterable of (str, vector of shape (dim,))
        The pre-trained vectors, as from :func:`stream_vectors` or ``zip(words, vectors)``. Words
        that are not in the vocabulary are ignored; of a repeated word the first counts.
    dim : int
        The length of the vectors.
    initial : callable, optional
        ``initial(n, dim)`` gives the rows of the `n` words that have no vector, shape (n, dim).
        Default: normal random numbers with the standard deviation of the pre-trained rows (0.01
        if there are none).
    dtype : str
        The dtype of the table.
    seed : int or numpy.random.Generator
        Used by the default of `initial`.

    Returns
    -------
    table : array of `dtype`, shape (len(words), dim)
    found : boolean array, shape (len(words),)
        Which words had a vector. The option ``mask={W: ~found[:, None]}`` of a rule freezes their
        rows.

    Raises
    ------
    ArgumentError
        For a repeated word in the vocabulary, and for vectors of another length.

    Examples
    --------
    >>> import numpy as np
    >>> from symgrad.embeddings import pretrained_table
    >>> pairs = [("king", [2.0, -1.0]), ("sea", [0.0, 1.0])]
    >>> zeros = lambda n, dim: np.zeros((n, dim))
    >>> table, found = pretrained_table(["river", "king"], pairs, 2, initial=zeros)
    >>> table.tolist(), found.tolist()
    ([[0.0, 0.0], [2.0, -1.0]], [False, True])
    """
    rows = _rows(words)
    table, found = np.zeros((len(rows), dim), dtype), np.zeros(len(rows), bool)
    for word, vector in pairs:
        row = rows.get(word)
        if row is not None and not found[row]:
            if np.shape(vector) != (dim,):
                raise ArgumentError(
                    f"the vector of {word!r} has shape {np.shape(vector)}, not ({dim},): give the "
                    "length of the vectors as dim"
                )
            table[row], found[row] = vector, True
    n_missing = int(np.sum(~found))
    table[~found] = _new_rows(initial, table[found], (n_missing, dim), seed)
    return table, found


def origins(old_words: Sequence[str], new_words: Sequence[str]) -> np.ndarray:
    """Where each word of the new vocabulary was in the old one.

    Parameters
    ----------
    old_words, new_words : sequences of str
        Without repeats.

    Returns
    -------
    array of int64, shape (len(new_words),)
        The old row of each new row, and -1 for words that are new, for :func:`move_rows`.

    Raises
    ------
    ArgumentError
        For a repeated word.

    Examples
    --------
    >>> from symgrad.embeddings import origins
    >>> origins(["river", "king"], ["king", "sea", "river"]).tolist()
    [1, -1, 0]
    """
    old = _rows(old_words)
    return np.array([old.get(word, -1) for word in _rows(new_words)], "int64")


def move_rows(
    table: SharedVariable,
    origin: Any,
    updates: Updates | None = None,
    *,
    initial: Callable[..., Any] | None = None,
    starts: Mapping[str, Any] | None = None,
    seed: Seed = 0,
) -> None:
    """Move, add and drop the rows of a table, together with all its slots.

    Law, for every row ``k`` of axis 0::

        table[k] = table[origin[k]] if origin[k] >= 0 else a new row
        slot[k]  = slot[origin[k]]  if origin[k] >= 0 else the value that the slot starts from

    Parameters
    ----------
    table : shared variable, shape (n, ...)
        Its new shape is (len(origin), ...). Functions that were compiled with it still work.
    origin : array of integers in [-1, n), shape (m,)
        As from :func:`origins`. Rows that do not occur in it are dropped.
    updates : Updates, optional
        What the rule returned for the table, joined to its averages, if there are any.
    initial : callable, optional
        ``initial(n, dim)`` gives `n` new rows, shape (n, dim); for rows of other shapes
        ``initial(n, *table.shape[1:])``. Default: normal random numbers with the standard
        deviation of the table.
    starts : mapping, optional
        Slot to the value that its new rows start from, e.g. ``{"accumulator": 0.1}``. Default: the
        value that the rule starts from; averages start from the new rows. The value must be given
        for ``step_size`` of `rprop` and ``accumulator`` of `ftrl`, where it is a hyper-parameter.
    seed : int or numpy.random.Generator
        Used by the default of `initial`.

    Raises
    ------
    ArgumentError
        If `origin` points outside the table, if the table's type fixes its number of rows, if its
        slots cannot be recognised by name or have no rows of axis 0 (the table is read by columns),
        or if a start is missing. Nothing has changed then.

    Notes
    -----
    A mask, or anything else with a row for each word, is not moved: make it again from `origin`.

    Examples
    --------
    >>> import numpy as np, pytensor.tensor as pt, symgrad as sg
    >>> from symgrad.embeddings import move_rows
    >>> W, index = sg.shared(np.ones((2, 1)), name="W"), pt.lvector("index")
    >>> updates = sg.adagrad(W[index].sum(), W, learning_rate=0.5)
    >>> step = sg.function([index], updates=updates)
    >>> step([1])
    >>> move_rows(W, [1, 0, -1], updates, initial=lambda n, dim: np.full((n, dim), 3.0))
    >>> W.get_value().round(3).ravel().tolist()
    [0.5, 1.0, 3.0]
    >>> updates.slots["accumulator/W"].get_value().ravel().tolist()
    [1.0, 0.0, 0.0]
    >>> step([2]); W.get_value().round(3).ravel().tolist()
    [0.5, 1.0, 2.5]
    """
    value = table.get_value(borrow=True)
    origin = _checked_origin(origin, value)
    n_new = int(np.count_nonzero(origin < 0))
    new_rows = _new_rows(initial, value, (n_new, *value.shape[1:]), seed) if n_new else 0
    moved = {table: _moved(table, origin, new_rows)}
    slots = _slots_of(table, updates) if updates is not None else {}
    for kind, slot in slots.items():
        given = dict.fromkeys(_AVERAGES, new_rows) | dict(starts or {})
        moved[slot] = _moved(slot, origin, _start(kind, slots, given) if n_new else 0)
    for variable, rows in moved.items():
        variable.set_value(rows, borrow=True)


def _rows(words: Sequence[str]) -> dict[str, int]:
    """Word to row."""
    rows = {word: row for row, word in enumerate(words)}
    if len(rows) != len(words):
        word, n = Counter(words).most_common(1)[0]
        raise ArgumentError(
            f"the vocabulary has {word!r} {n} times: keep one of them, as a word has one row"
        )
    return rows


def _new_rows(
    initial: Callable[..., Any] | None, known: np.ndarray, shape: tuple[int, ...], seed: Seed
) -> np.ndarray:
    """Rows of words that have no vector, given the rows that are known."""
    if initial is not None:
        rows, given = np.asarray(initial(*shape)), ", ".join(map(str, shape))
        if rows.shape != shape:
            raise ArgumentError(f"initial({given}) gave shape {rows.shape}: let it give ({given})")
        return rows
    scale = known.std(dtype="float64") if known.size else 0.01
    return np.random.default_rng(seed).normal(0, scale, shape)


def _checked_origin(origin: Any, value: np.ndarray) -> np.ndarray:
    origin = np.asarray(origin)
    if value.ndim == 0 or origin.ndim != 1 or (origin.size and origin.dtype.kind not in "iu"):
        raise ArgumentError(
            f"origin has shape {origin.shape} and dtype {origin.dtype} for a table of shape "
            f"{value.shape}: give a vector of integers, and a table with rows"
        )
    outside = origin[(origin < -1) | (origin >= len(value))]
    if outside.size:
        raise ArgumentError(
            f"origin holds {outside[0]}, but the table has {len(value)} rows: give the old row of "
            "each new row, and -1 for new words"
        )
    return origin.astype("int64")


def _moved(variable: SharedVariable, origin: np.ndarray, new_rows: Any) -> np.ndarray:
    """The new value of a variable."""
    if variable.type.shape[0] is not None:
        raise ArgumentError(
            f"the type of {variable} fixes its number of rows at {variable.type.shape[0]}: make "
            "the table with sg.shared(values), without shape=, and read it by rows"
        )
    value = variable.get_value(borrow=True)
    rows = np.empty((len(origin), *value.shape[1:]), value.dtype)
    known = origin >= 0
    rows[known], rows[~known] = value[origin[known]], new_rows
    return rows


def _slots_of(table: SharedVariable, updates: Updates) -> dict[str, SharedVariable]:
    """``{slot: shared variable}`` of a table: those whose names end in the name of the table."""
    same = [variable for variable in updates if variable.name == table.name]
    if table.name is None or table not in updates or len(same) > 1:
        raise ArgumentError(
            f"the slots of {table} cannot be told by its name {table.name!r}, which {len(same)} "
            "of the updates have: give each table a name of its own before you call the rule, and "
            "updates= as the rule returned them"
        )
    ending = f"/{table.name}"
    return {
        name.removesuffix(ending): slot
        for name, slot in updates.slots.items()
        if name.endswith(ending) and "/" not in name.removesuffix(ending)
    }


def _start(kind: str, slots: Mapping[str, Any], starts: Mapping[str, Any]) -> Any:
    """The value that new rows of a slot start from."""
    if kind in starts:
        return starts[kind]
    if kind == "step_size" or (kind == "accumulator" and "linear" in slots):
        raise ArgumentError(
            f"new rows of the slot {kind} start from a hyper-parameter of the rule: give it as "
            f"starts={{{kind!r}: ...}}"
        )
    return _STARTS.get(kind, 0.0)
