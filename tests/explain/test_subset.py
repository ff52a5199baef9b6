"""The story of a subset."""

from tests.explain.costs import explained, lookup


def test_repeated_rows():
    _, _, subset, cost = lookup()
    (story,) = explained(cost, subset, values={"index": [3, 1, -2]}).subsets
    (row,) = story.repeated
    assert (row.row, row.positions) == (3, (0, 2))
    assert (row.inc, row.set) == ([20.0, 24.0], [10.0, 12.0])
    assert (story.table_entries, story.subset_entries, story.rows) == (10, 6, (3, 1, 3))
