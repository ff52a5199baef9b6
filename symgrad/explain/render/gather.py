"""A drawing of a selection of rows, and of the scatter-add that takes their gradient back."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from symgrad.explain.maths import Maths, bar, symbol
from symgrad.explain.render.label import fitted, label, tspans
from symgrad.explain.render.markup import Markup, join, tag
from symgrad.explain.render.mathml import mathml
from symgrad.explain.subset import SubsetStory

__all__ = ["gather"]

_TIMES = "\N{MULTIPLICATION SIGN}"
_WIDE, _HIGH, _GAP, _BETWEEN, _HEAD, _SHOWN, _SIZE = 140, 26, 6, 80, 28, 12, 16


def gather(story: SubsetStory) -> Markup:
    """Both drawings if the rows are known, and the cost of each way."""
    read = [mathml(symbol(story.subset), "=", story.select), " selects rows"]
    back = [
        mathml(bar(story.table), "=", story.scatter),
        f" would take their gradient back to all {story.table_rows} rows; kept is ",
        mathml(bar(story.subset)),
    ]
    ways = [("Read", read, _drawing(story, False)), ("Back", back, _drawing(story, True))]
    figures = [
        tag("figure", tag("figcaption", tag("b", name), ": ", *caption), drawing)
        for name, caption, drawing in ways
    ]
    return join([tag("div", *figures, class_="ways"), _costs(story)])


def _costs(story):
    """The entries of the gradient of the whole table, and of the gradient that is kept."""
    width = story.table_entries // max(story.table_rows, 1)
    full = f"{story.table_rows} {_TIMES} {width} = {story.table_entries} entries"
    kept = f" {_TIMES} ".join(story.subset_shape)
    kept += f" = {story.subset_entries} entries" if story.subset_entries is not None else " entries"
    most = max(story.table_entries, story.subset_entries or 0, 1)
    rows = [("gradient of the whole table", full, story.table_entries)]
    rows += [("gradient that is kept", kept, story.subset_entries)]
    return tag("ul", *(_cost(*row, most) for row in rows), class_="costs")


def _cost(name, text, entries, most):
    parts = [tag("span", name, class_="what"), tag("span", text, class_="entries")]
    if entries is not None:
        share = f"width: {max(100 * entries / most, 0.3):.3g}%"
        parts.append(tag("span", class_="amount", style=share))
    return tag("li", *parts)


def _drawing(story: SubsetStory, is_back: bool) -> str:
    """Rows of the table on the left, reads on the right, and a line for each read."""
    if not story.rows:
        return ""
    reads = list(enumerate(story.rows))[:_SHOWN]
    rows = _rows_shown(story)
    times = Counter(story.rows)
    places = {row: k for k, row in enumerate(rows) if row is not None}
    more = len(story.rows) > _SHOWN
    height = _top(max(len(rows), len(reads) + more)) + _GAP
    lines = [_line(places[row], k, times[row] > 1, is_back) for k, row in reads]
    left = [_left(k, row, times, is_back) for k, row in enumerate(rows)]
    right = [_right(k, row, times[row] > 1) for k, row in reads]
    right += [_dots(_WIDE + _BETWEEN, len(reads))] if more else []
    names = _names(story, bar if is_back else symbol)
    total = 2 * _WIDE + _BETWEEN + 2 * _GAP
    return tag(
        "svg", *names, *lines, *left, *right, class_="symgrad-graph", role="img",
        aria_label=_description(story, is_back), width=total, height=height,
        viewBox=f"{-_GAP} 0 {total} {height}",
    )  # fmt: skip


def _rows_shown(story: SubsetStory) -> list[int | None]:
    """All rows of a small table; else the rows that are read, and None for each gap."""
    if story.table_rows <= _SHOWN:
        return list(range(story.table_rows))
    shown: list[int | None] = []
    following = 0
    for row in sorted(set(story.rows[:_SHOWN])):
        if row != following:
            shown.append(None)
        shown.append(row)
        following = row + 1
    return shown if following == story.table_rows else [*shown, None]


def _description(story, is_back):
    rows = ", ".join(map(str, story.rows[:_SHOWN]))
    way = "Parts are added to" if is_back else "Reads of"
    return f"{way} the rows {rows}"


def _top(place):
    return _HEAD + place * (_HIGH + _GAP)


def _names(story: SubsetStory, spelling: Callable[[str], Maths]) -> Iterator[Markup]:
    """The table's name on the left, and the subset's on the right."""
    for x, name in ((0, story.table), (_WIDE + _BETWEEN, story.subset)):
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


def _left(place: int, row: int | None, times: Mapping[int, int], is_back: bool) -> Markup:
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
