"""Results of benchmarks: printed as a table, and saved as JSON beside the benchmarks."""

import json
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

RESULTS = Path(__file__).with_name("results")


@pytest.fixture(scope="module")
def record(request):
    """A function that takes one row of the results of this module, as keywords."""
    rows = []
    yield lambda **row: rows.append(row)
    if not rows:
        return
    name = request.module.__name__.rpartition("bench_")[2]
    RESULTS.mkdir(exist_ok=True)
    found = {"machine": _machine(), "rows": rows}
    (RESULTS / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n")
    print(f"\n\n{request.module.__doc__.strip()}\n")
    _print_table(rows)


def _machine():
    packages = ("pytensor", "numpy", "numba", "jax", "torch")
    versions = {name: _version(name) for name in packages}
    return {"python": platform.python_version(), "cpus": os.cpu_count(), **versions}


def _version(package):
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _print_table(rows):
    columns = list(dict.fromkeys(column for row in rows for column in row))
    lines = [columns, *([_cell(row.get(column)) for column in columns] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        print("  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)))


def _cell(value):
    if value is None:
        return "-"
    return f"{value:.2f}" if isinstance(value, float) else str(value)
