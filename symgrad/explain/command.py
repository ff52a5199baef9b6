"""The command ``symgrad explain``: it explains the gradient of a cost that a script builds."""

import runpy
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from symgrad.errors import ArgumentError
from symgrad.explain.pipeline import explanation_of

__all__ = ["run"]


def run(
    cost: str,
    wrt: Sequence[str] = (),
    out: str | PathLike[str] | None = None,
    backend: str | None = None,
) -> int:
    """Explain a cost that a script builds.

    Parameters
    ----------
    cost : str
        ``script.py:name``. The script is run, but not as ``__main__``.
    wrt : sequence of str
        ``script.py:name``, or a name in the script of the cost. Default: all inputs of floats.
    out : path, optional
        The file to write; its suffix chooses the format, as in :meth:`Explanation.save`. Without
        it the text is printed.
    backend : {"c", "numba", "jax"}, optional
        The backend whose rewrites are shown.
    """
    script, cost_name = _split(cost)
    defined = runpy.run_path(script, run_name="__explained__")
    variables = [_defined(defined, _name_in(script, item), script) for item in wrt]
    explanation = explanation_of(
        _defined(defined, cost_name, script), variables or None, backend=backend
    )
    if out:
        explanation.save(out)
    else:
        print(explanation)
    return 0


def _split(reference: str) -> tuple[str, str]:
    script, colon, name = reference.rpartition(":")
    if not colon or not Path(script).is_file():
        raise ArgumentError(
            f"{reference!r} names no variable of a script: write path/to/script.py:name, where "
            "the file exists"
        )
    return script, name


def _name_in(script: str, reference: str) -> str:
    """The name in a reference, which must be of the given script if it names one."""
    if ":" not in reference:
        return reference
    other, name = _split(reference)
    if other != script:
        raise ArgumentError(
            f"--wrt {reference} is of another script than the cost, and cannot be in its graph: "
            f"give a name of {script}"
        )
    return name


def _defined(names: Mapping[str, Any], dotted: str, script: str) -> Any:
    """A variable of a script; attributes of it after dots."""
    first, *attributes = dotted.split(".")
    try:
        value = names[first]
        for attribute in attributes:
            value = getattr(value, attribute)
    except (KeyError, AttributeError) as error:
        raise ArgumentError(
            f"{script} has no {dotted}: give a name that it defines outside of functions"
        ) from error
    return value
