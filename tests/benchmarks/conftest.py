"""Results of benchmarks: printed as tables, and saved as JSON and a plot beside the benchmarks."""

import json
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

RESULTS = Path(__file__).with_name("results")


@pytest.fixture(scope="module")
def results(request):
    """The rows and the targets of a module; saved and printed when it is done."""
    rows, targets = [], []
    yield rows, targets
    if not rows:
        return
    name = request.module.__name__.rpartition("bench_")[2]
    RESULTS.mkdir(exist_ok=True)
    found = {"machine": _machine(), "rows": rows, "targets": targets}
    (RESULTS / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n")
    print(f"\n\n{request.module.__doc__.strip()}\n")
    _print_table(rows)


@pytest.fixture(scope="module")
def record(results):
    """A function that takes one row of the results of this module, as keywords."""
    return lambda **row: results[0].append(row)


@pytest.fixture(scope="module")
def target(results):
    """A function that takes a measured ratio and what it should reach."""

    def add(work, against, ratio, *, at_least=None, at_most=None):
        reach = {"at least": at_least} if at_least is not None else {"at most": at_most}
        results[1].append({"work": work, "against": against, "ratio": ratio, **reach})

    return add


def pytest_sessionfinish(session):
    """Print all targets, those of earlier runs of other files too, and draw them."""
    files = sorted(RESULTS.glob("*.json"))
    targets = [one for file in files for one in json.loads(file.read_text()).get("targets", ())]
    if not targets or session.config.option.collectonly:
        return
    print("\n\n| work | against | ratio | reach | |\n|---|---|---|---|---|")
    for one in targets:
        bound = "at least" if "at least" in one else "at most"
        said = "" if _share(one) >= 1 else "missed"
        reach = f"{bound} {one[bound]:g}"
        print(f"| {one['work']} | {one['against']} | {one['ratio']:.3g} | {reach} | {said} |")
    _draw(targets)


def _share(target):
    """How much of a target was reached; 1 or more is all of it."""
    if "at least" in target:
        return target["ratio"] / target["at least"]
    return target["at most"] / target["ratio"]


def _draw(targets):
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return
    shares = [_share(one) for one in targets]
    figure = Figure(figsize=(9, 1 + 0.25 * len(targets)), layout="constrained")
    axes = figure.add_subplot()
    colours = ["tab:blue" if share >= 1 else "tab:red" for share in shares]
    axes.barh(range(len(targets)), [share - 1 for share in shares], left=1, color=colours)
    axes.set_yticks(range(len(targets)), [f"{one['work']} / {one['against']}" for one in targets])
    axes.set(xscale="log", xlabel="of the target; 1 is reached", title="Targets")
    axes.invert_yaxis()
    axes.axvline(1, color="black")
    figure.savefig(RESULTS / "targets.png", dpi=120)


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
