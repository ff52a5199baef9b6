"""A selection of rows, drawn, next to the scatter-add that would take their gradient back."""

from collections import Counter

from symgrad.explain.maths import bar, symbol
from symgrad.explain.render.label import fitted, label, tspans
from symgrad.explain.render.markup import join, tag
from symgrad.explain.render.mathml import mathml

__all__ = ["gather"]

_TIMES = "\N{MULTIPLICATION SIGN}"
_WIDE, _HIGH, _GAP, _BETWEEN, _HEAD, _SHOWN, _SIZE = 140, 26, 6, 80, 28, 12, 16


def gather(one):
    """Both drawings if the rows are known, and what each way costs."""
    read = [mathml(symbol(one.subset), "=", one.select), " selects rows"]
    back = [
        mathml(bar(one.table), "=", one.scatter),
        f" would take their gradient back to all {one.table_rows} rows; kept is ",
        mathml(bar(one.subset)),
    ]
    figures = [("Read", read, _drawing(one, False)), ("Back", back, _drawing(one, True))]
    made = [
        tag("figure", tag("figcaption", tag("b", name), ": ", *said), drawing)
        for name, said, drawing in figures
    ]
    return join([tag("div", *made, class_="ways"), _costs(one)])


def _costs(one):
    """Entries of the gradient of the whole table, and of that which is kept."""
    width = one.table_entries // max(one.table_rows, 1)
    full = f"{one.table_rows} {_TIMES} {width} = {one.table_entries} entries"
    kept = f" {_TIMES} ".join(one.subset_shape)
    kept += f" = {one.subset_entries} entries" if one.subset_entries is not None else " entries"
    most = max(one.table_entries, one.subset_entries or 0, 1)
    rows = [("gradient of the whole table", full, one.table_entries)]
    rows += [("gradient that is kept", kept, one.subset_entries)]
    return tag("ul", *(_cost(*row, most) for row in rows), class_="costs")


def _cost(name, text, entries, most):
    parts = [tag("span", name, class_="what"), tag("span", text, class_="entries")]
    if entries is not None:
        share = f"width: {max(100 * entries / most, 0.3):.3g}%"
        parts.append(tag("span", class_="amount", style=share))
    return tag("li", *parts)


def _drawing(one, is_back):
    """Rows of the table on the left, reads on the right, and a line for each read."""
    if not one.rows:
        return ""
    reads = list(enumerate(one.rows))[:_SHOWN]
    rows = _rows_shown(one)
    times = Counter(one.rows)
    places = {row: k for k, row in enumerate(rows) if row is not None}
    more = len(one.rows) > _SHOWN
    height = _top(max(len(rows), len(reads) + more)) + _GAP
    lines = [_line(places[row], k, times[row] > 1, is_back) for k, row in reads]
    left = [_left(k, row, times, is_back) for k, row in enumerate(rows)]
    right = [_right(k, row, times[row] > 1) for k, row in reads]
    right += [_dots(_WIDE + _BETWEEN, len(reads))] if more else []
    names = _names(one, bar if is_back else symbol)
    total = 2 * _WIDE + _BETWEEN + 2 * _GAP
    return tag(
        "svg", *names, *lines, *left, *right, class_="symgrad-graph", role="img",
        aria_label=_said(one, is_back), width=total, height=height,
        viewBox=f"{-_GAP} 0 {total} {height}",
    )  # fmt: skip


def _rows_shown(one):
    """All rows of a small table; else those that are read, with a gap for the others."""
    if one.table_rows <= _SHOWN:
        return list(range(one.table_rows))
    shown = []
    for row in sorted(set(one.rows[:_SHOWN])):
        if row != (shown[-1] + 1 if shown else 0):
            shown.append(None)
        shown.append(row)
    return shown if shown[-1] == one.table_rows - 1 else [*shown, None]


def _said(one, is_back):
    rows = ", ".join(map(str, one.rows[:_SHOWN]))
    way = "Parts are added to" if is_back else "Reads of"
    return f"{way} the rows {rows}"


def _top(place):
    return _HEAD + place * (_HIGH + _GAP)


def _names(one, spelling):
    """What stands on the left, and what on the right."""
    for x, name in ((0, one.table), (_WIDE + _BETWEEN, one.subset)):
        line = fitted(label(spelling(name)), _WIDE, _SIZE)
        yield tag("text", tspans(line), x=x + _WIDE / 2, y=_HEAD - 10, class_="formula")


def _dots(x, place):
    return tag("text", "⋮", x=x + _WIDE / 2, y=_top(place) + 18)


def _line(place, read, is_repeated, is_back):
    start, end = _top(place) + _HIGH / 2, _top(read) + _HIGH / 2
    left, right, middle = _WIDE, _WIDE + _BETWEEN, _WIDE + _BETWEEN / 2
    wire = f"M{left} {start:g}C{middle:g} {start:g} {middle:g} {end:g} {right} {end:g}"
    tip = f"M{left} {start:g}l8 -4v8z" if is_back else f"M{right} {end:g}l-8 -4v8z"
    return tag(
        "g", tag("path", class_="wire", d=wire), tag("path", class_="tip", d=tip),
        class_=f"{'backward' if is_back else 'forward'}{' repeated' if is_repeated else ''}",
    )  # fmt: skip


def _left(place, row, times, is_back):
    if row is None:
        return _dots(0, place)
    count = times[row]
    note = ("0" if is_back else "not read") if not count else ""
    if count > 1:
        note = f"sum of {count}" if is_back else f"read {count} times"
    style = "repeated" if count > 1 else "read" if count else "unread"
    return _cell(0, place, f"row {row}", note, style)


def _right(place, row, is_repeated):
    style = "repeated" if is_repeated else "read"
    return _cell(_WIDE + _BETWEEN, place, f"read {place}", f"row {row}", style)


def _cell(x, place, name, note, style):
    y = _top(place)
    parts = [tag("rect", x=x, y=y, width=_WIDE, height=_HIGH, rx=4, class_="cell")]
    if style == "repeated":
        parts.append(
            tag("rect", x=x + 3, y=y + 3, width=_WIDE - 6, height=_HIGH - 6, rx=2, class_="inner")
        )
    parts.append(tag("text", name, x=x + 12, y=y + 18, class_="start"))
    parts.append(tag("text", note, x=x + _WIDE - 12, y=y + 18, class_="end"))
    return tag("g", *parts, class_=f"row {style}")
