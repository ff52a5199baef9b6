"""Where scalars go: log lines, a table on the terminal, a plot."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from symgrad.errors import ArgumentError, BackendError

__all__ = ["LiveTable", "log_line", "save_plot"]

_PANELS_IN_A_ROW = 3

Scalars = dict[str, float]
Line = tuple[list[int], list[float]]  # calls, values


def log_line(step: int, scalars: Scalars) -> str:
    """One line for one call: ``call 10: cost 0.5, value_norm/W 1.2, ...``."""
    return f"call {step}: " + ", ".join(f"{name} {value:.4g}" for name, value in scalars.items())


class LiveTable:
    """A row for each parameter, a column for each measure, drawn over the table before it.

    Where nothing can be drawn over, in a file or a pipe, a report is one line.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._height = 0

    def write(self, step: int, scalars: Scalars) -> None:
        """Draw the scalars of one call."""
        if not self._stream.isatty():
            print(log_line(step, scalars), file=self._stream, flush=True)
            return
        width = shutil.get_terminal_size().columns - 1  # a wrapped line would be two
        lines = [line[:width] for line in _lines(step, scalars)]
        # Up to the first line of the last table, and clear from there.
        up = f"\x1b[{self._height}F\x1b[J" if self._height else ""
        print(up + "\n".join(lines), file=self._stream, flush=True)
        self._height = len(lines)


def _lines(step: int, scalars: Scalars) -> Iterator[str]:
    by_parameter, measures = _grouped(scalars)
    whole = [f"{name} {value:.4g}" for name, value in by_parameter.pop("", {}).items()]
    first = max(map(len, by_parameter))
    yield "  ".join([f"call {step}", *whole])
    yield "  ".join([" " * first, *measures])
    for parameter, values in by_parameter.items():
        cells = [f"{values[m]:.4g}" if m in values else "" for m in measures]
        padded = [f"{cell:>{len(m)}}" for cell, m in zip(cells, measures, strict=True)]
        yield "  ".join([parameter.ljust(first), *padded])


def _grouped(scalars: Scalars) -> tuple[dict[str, Scalars], list[str]]:
    """``{parameter: {measure: value}}``, the cost with parameter "", and the measures in order."""
    by_parameter: dict[str, Scalars] = {}
    measures: dict[str, None] = {}
    for name, value in scalars.items():
        measure, _, parameter = name.partition("/")
        by_parameter.setdefault(parameter, {})[measure] = value
        if parameter:
            measures[measure] = None
    return by_parameter, list(measures)


def save_plot(history: Sequence[tuple[int, Scalars]], path: str | Path) -> None:
    """Draw each measure over the calls, a line for each parameter; the suffix tells the format."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise BackendError(
            "a plot needs the package matplotlib, which is not installed: "
            "pip install 'symgrad[plot]'"
        ) from error
    if not history:
        raise ArgumentError(
            "no call has been reported, so there is nothing to plot: compile the updates with "
            "sg.function, and call it at least `every` times"
        )
    panels = _panels(history)
    n_rows = -(-len(panels) // _PANELS_IN_A_ROW)
    figure = Figure(figsize=(4 * _PANELS_IN_A_ROW, 2.8 * n_rows), layout="constrained")
    axes = figure.subplots(n_rows, _PANELS_IN_A_ROW, squeeze=False).ravel()
    parameters = list(dict.fromkeys(name for lines in panels.values() for name in lines))
    for panel, (measure, lines) in zip(axes, panels.items(), strict=False):
        _draw(panel, measure, lines, parameters)
    for panel in axes[len(panels) :]:
        panel.set_axis_off()
    figure.savefig(path)


def _panels(history: Sequence[tuple[int, Scalars]]) -> dict[str, dict[str, Line]]:
    """``{measure: {parameter: (calls, values)}}``; the cost has parameter ""."""
    panels: dict[str, dict[str, Line]] = {}
    for step, scalars in history:
        for name, value in scalars.items():
            measure, _, parameter = name.partition("/")
            line = panels.setdefault(measure, {}).setdefault(parameter, ([], []))
            line[0].append(step)
            line[1].append(value if np.isfinite(value) else np.nan)
    return panels


def _draw(panel: Any, measure: str, lines: dict[str, Line], parameters: list[str]) -> None:
    for parameter, (calls, values) in lines.items():
        colour = f"C{parameters.index(parameter) % 10}"
        panel.plot(calls, values, color=colour, label=parameter or None, marker=".", markersize=3)
    drawn = [value for _, values in lines.values() for value in values]
    if measure.endswith(("norm", "weight")) and np.nanmin([*drawn, np.inf]) > 0:
        panel.set_yscale("log")
    panel.set(title=measure, xlabel="call")
    if any(lines):
        panel.legend(fontsize="small")
