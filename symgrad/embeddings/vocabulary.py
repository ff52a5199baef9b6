"""From vectors by word to a table by row, and on to another vocabulary, with all slots."""

from collections import Counter

import numpy as np

from symgrad.errors import HyperparameterError

__all__ = ["move_rows", "origins", "pretrained_table"]

# What slots hold for a row that has never been visited, where that is not 0.
_STARTS = {"mu_product": 1.0}
# What starts from the row itself.
_AVERAGES = ("ema", "polyak")


def pretrained_table(words, pairs, dim, *, initial=None, dtype="float32", seed=0):
    """Put pre-trained vectors in the rows of a vocabulary.

    Parameters
    ----------
    words : sequence of str
        The vocabulary; word ``k`` has row ``k``.
    pairs : iterable of (str, vector of shape (dim,))
        The pre-trained vectors, as from :func:`stream_vectors` or ``zip(words, vectors)``. Words
        that are not in the vocabulary are passed over, of a repeated one the first counts.
    dim : int
        Length of the vectors.
    initial : callable, optional
        ``initial(n, dim)`` gives the rows of the `n` words that have no vector, shape (n, dim).
        Default: normal random numbers with the standard deviation of the rows that were found
        (0.01 if there are none).
    dtype : str
        Of the table.
    seed : int or numpy.random.Generator
        For the default of `initial`.

    Returns
    -------
    table : array of `dtype`, shape (len(words), dim)
    found : boolean array, shape (len(words),)
        Which words had a vector. ``mask={W: ~found[:, None]}`` given to a rule freezes their rows.

    Raises
    ------
    HyperparameterError
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
                raise HyperparameterError(
                    f"the vector of {word!r} has shape {np.shape(vector)}, not ({dim},): give the "
                    "length of the vectors as dim"
                )
            table[row], found[row] = vector, True
    table[~found] = _new_rows(initial, table[found], (int(np.sum(~found)), dim), seed)
    return table, found


def origins(old_words, new_words):
    """Where each word of the new vocabulary was in the old one.

    Parameters
    ----------
    old_words, new_words : sequences of str
        Each without repeats.

    Returns
    -------
    array of int64, shape (len(new_words),)
        The old row of each new row, -1 for words that are new. For :func:`move_rows`.

    Raises
    ------
    HyperparameterError
        For a repeated word.

    Examples
    --------
    >>> from symgrad.embeddings import origins
    >>> origins(["river", "king"], ["king", "sea", "river"]).tolist()
    [1, -1, 0]
    """
    old = _rows(old_words)
    return np.array([old.get(word, -1) for word in _rows(new_words)], "int64")


def move_rows(table, origin, updates=None, *, initial=None, starts=None, seed=0):
    """Give a table, and all slots of its rows, other rows in another order.

    Law, for every row ``k`` of axis 0::

        table[k] = table[origin[k]] if origin[k] >= 0 else a new row
        slot[k]  = slot[origin[k]]  if origin[k] >= 0 else what a rule starts that slot from

    Parameters
    ----------
    table : shared variable, shape (n, ...)
        It gets shape (len(origin), ...); functions that were compiled with it go on working.
    origin : array of integers in [-1, n), shape (m,)
        As from :func:`origins`. Rows that it leaves out are forgotten.
    updates : Updates, optional
        What the rule returned for the table, joined to its averages if there are any.
    initial : callable, optional
        ``initial(n, dim)`` gives `n` new rows, shape (n, dim); for rows of other shapes
        ``initial(n, *table.shape[1:])``. Default: normal random numbers with the standard
        deviation of the table.
    starts : mapping, optional
        Slot to the value that its new rows start from, e.g. ``{"accumulator": 0.1}``. Default: what
        the rules of symgrad take, which for ``step_size`` (`rprop`) and for the ``accumulator`` of
        `ftrl` is a hyper-parameter, so there it must be given; averages start from the new rows.
    seed : int or numpy.random.Generator
        For the default of `initial`.

    Raises
    ------
    HyperparameterError
        If `origin` points outside the table, the table's type fixes its number of rows, its slots
        cannot be told by name or have no rows of axis 0 (the table is read by columns), or a start
        is missing. Nothing has changed then.

    Notes
    -----
    A mask, or anything else with a row for each word, is not moved: make it anew from `origin`.

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
    new = np.count_nonzero(origin < 0)
    fresh = _new_rows(initial, value, (new, *value.shape[1:]), seed) if new else 0
    moved = {table: _moved(table, origin, fresh)}
    slots = _slots_of(table, updates) if updates is not None else {}
    for kind, slot in slots.items():
        start = _start(kind, slots, dict.fromkeys(_AVERAGES, fresh) | (starts or {})) if new else 0
        moved[slot] = _moved(slot, origin, start)
    for variable, rows in moved.items():
        variable.set_value(rows, borrow=True)


def _rows(words):
    """Word to row."""
    rows = {word: row for row, word in enumerate(words)}
    if len(rows) != len(words):
        word, n = Counter(words).most_common(1)[0]
        raise HyperparameterError(
            f"the vocabulary has {word!r} {n} times: keep one of them, as a word has one row"
        )
    return rows


def _new_rows(initial, known, shape, seed):
    """Rows, of which nothing is known but the other rows."""
    if initial is not None:
        rows, given = np.asarray(initial(*shape)), ", ".join(map(str, shape))
        if rows.shape != shape:
            raise HyperparameterError(
                f"initial({given}) gave shape {rows.shape}: let it give ({given})"
            )
        return rows
    scale = known.std(dtype="float64") if known.size else 0.01
    return np.random.default_rng(seed).normal(0, scale, shape)


def _checked_origin(origin, value):
    origin = np.asarray(origin)
    if value.ndim == 0 or origin.ndim != 1 or (origin.size and origin.dtype.kind not in "iu"):
        raise HyperparameterError(
            f"origin has shape {origin.shape} and dtype {origin.dtype} for a table of shape "
            f"{value.shape}: give a vector of integers, and a table with rows"
        )
    outside = origin[(origin < -1) | (origin >= len(value))]
    if outside.size:
        raise HyperparameterError(
            f"origin holds {outside[0]}, but the table has {len(value)} rows: give the old row of "
            "each new row, and -1 for new words"
        )
    return origin.astype("int64")


def _moved(variable, origin, fresh):
    """The value that the variable is to have."""
    if variable.type.shape[0] is not None:
        raise HyperparameterError(
            f"the type of {variable} fixes its number of rows at {variable.type.shape[0]}: make "
            "the table with sg.shared(values), without shape=, and read it by rows"
        )
    value = variable.get_value(borrow=True)
    rows = np.empty((len(origin), *value.shape[1:]), value.dtype)
    known = origin >= 0
    rows[known], rows[~known] = value[origin[known]], fresh
    return rows


def _slots_of(table, updates):
    """``{slot: shared variable}`` of a table: those whose name ends in the table's."""
    same = [variable for variable in updates if variable.name == table.name]
    if table.name is None or table not in updates or len(same) > 1:
        raise HyperparameterError(
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


def _start(kind, slots, starts):
    """What new rows of a slot start from."""
    if kind in starts:
        return starts[kind]
    if kind == "step_size" or (kind == "accumulator" and "linear" in slots):
        raise HyperparameterError(
            f"new rows of the slot {kind} start from a hyper-parameter of the rule: give it as "
            f"starts={{{kind!r}: ...}}"
        )
    return _STARTS.get(kind, 0.0)
