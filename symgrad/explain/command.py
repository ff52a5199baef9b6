"""The command ``symgrad explain``: the page of a gradient in a program."""

import runpy
from pathlib import Path

from symgrad.errors import HyperparameterError
from symgrad.explain.explain import explain

__all__ = ["run"]


def run(cost, wrt=(), out=None, backend=None):
    """Explain a cost that a script builds.

    Parameters
    ----------
    cost : str
        ``script.py:name``. The script is run, but not as ``__main__``.
    wrt : sequence of str
        ``script.py:name`` or a name in the script of the cost; all inputs of floats if empty.
    out : path, optional
        Its suffix says what is written, as for :meth:`Explanation.save`. Without it the text is
        printed.
    backend : {"c", "numba", "jax"}, optional
        Whose rewrites are shown.
    """
    path, name = _split(cost)
    scripts = {path: runpy.run_path(path, run_name="__explained__")}
    found = []
    for one in wrt:
        where, what = _split(one) if ":" in one else (path, one)
        if where not in scripts:
            raise HyperparameterError(
                f"--wrt {one} is of another script than the cost, whose graph cannot have it: "
                f"give a name of {path}"
            )
        found.append(_named(scripts[where], what, where))
    explanation = explain(_named(scripts[path], name, path), found or None, backend=backend)
    if out:
        explanation.save(out)
    else:
        print(explanation)
    return 0


def _split(one):
    path, colon, name = one.rpartition(":")
    if not colon or not Path(path).is_file():
        raise HyperparameterError(
            f"{one!r} names no variable of a script: write path/to/script.py:name, of a file that "
            "exists"
        )
    return path, name


def _named(names, dotted, path):
    """A variable of a script; attributes of it after dots."""
    first, *rest = dotted.split(".")
    try:
        found = names[first]
        for one in rest:
            found = getattr(found, one)
    except (KeyError, AttributeError) as error:
        raise HyperparameterError(
            f"{path} has no {dotted}: give a name that it defines outside of functions"
        ) from error
    return found
