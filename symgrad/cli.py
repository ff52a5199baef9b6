"""The command line: ``symgrad info``, ``run``, ``check`` and ``explain``."""

import argparse
import importlib
import importlib.metadata
import json
import platform
import sys
from collections.abc import Sequence
from typing import Any

from symgrad.backends import BACKENDS

PACKAGES = {
    "NumPy": "numpy",
    "SciPy": "scipy",
    "PyTensor": "pytensor",
    "Numba": "numba",
    "JAX": "jax",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    argv : list of str, optional
        The words after ``symgrad``; by default those that the process was started with.

    Returns
    -------
    int
        The exit status, 0 for success.
    """
    arguments = _parser().parse_args(argv)
    status: int = arguments.command(arguments)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="symgrad", description="Subset gradients and updates for PyTensor."
    )
    commands = parser.add_subparsers(required=True, metavar="command")
    info = commands.add_parser("info", help="show what is installed and what can run here")
    info.add_argument("--json", action="store_true", help="print JSON instead of text")
    info.set_defaults(command=_info)
    run = commands.add_parser("run", help="run a program written for Theano, unchanged")
    run.add_argument("-m", dest="module", action="store_true", help="PROGRAM names a module")
    run.add_argument("--backend", choices=BACKENDS, help="the backend of its functions")
    run.add_argument("--py2", action="store_true", help="read the program as Python 2")
    run.add_argument("program", help="a script")
    run.add_argument("arguments", nargs=argparse.REMAINDER, help="arguments of the program")
    run.set_defaults(command=_run)
    check = commands.add_parser("check", help="list the names of Theano that programs use")
    check.add_argument("paths", nargs="+", metavar="PATH", help="a script, a notebook or a folder")
    check.add_argument("--json", action="store_true", help="print JSON instead of text")
    check.add_argument("--py2", action="store_true", help="read the programs as Python 2")
    check.set_defaults(command=_check)
    explain = commands.add_parser("explain", help="derive a gradient, line by line")
    explain.add_argument("cost", metavar="script.py:cost")
    explain.add_argument("--wrt", action="append", default=[], metavar="script.py:name")
    explain.add_argument("--backend", choices=BACKENDS, help="show its rewrites, too")
    explain.add_argument("-o", dest="out", help="a file: .html, .svg, .md, .mmd, .json or .txt")
    explain.set_defaults(command=_explain)
    return parser


def _explain(arguments: argparse.Namespace) -> int:
    from symgrad.errors import SymgradError
    from symgrad.explain.command import run

    try:
        return int(run(arguments.cost, arguments.wrt, arguments.out, arguments.backend))
    except SymgradError as error:
        print(f"symgrad explain: {error}", file=sys.stderr)
        return 1


def _check(arguments: argparse.Namespace) -> int:
    from symgrad.errors import SymgradError
    from symgrad.theano.port.check import run

    try:
        return int(run(arguments.paths, as_json=arguments.json, python_2=arguments.py2))
    except SymgradError as error:
        print(f"symgrad check: {error}", file=sys.stderr)
        return 2


def _info(arguments: argparse.Namespace) -> int:
    facts = _facts()
    print(json.dumps(facts, indent=2) if arguments.json else _as_text(facts))
    return 0


def _run(arguments: argparse.Namespace) -> int:
    from symgrad.errors import ProgramNotFoundError
    from symgrad.theano.port.run import run

    try:
        run(
            arguments.program,
            arguments.arguments,
            module=arguments.module,
            backend=arguments.backend,
            py2=arguments.py2,
        )
    except ProgramNotFoundError as error:
        print(f"symgrad run: {error}", file=sys.stderr)
        return 2
    return 0


def _facts() -> dict[str, Any]:
    return {"versions": _versions(), "backends": _backends(), **_pytensor_facts()}


def _as_text(facts: dict[str, Any]) -> str:
    backends = {f"backend {name}": answer for name, answer in facts["backends"].items()}
    rest = {key: value for key, value in facts.items() if key not in ("versions", "backends")}
    lines = {**facts["versions"], **rest, **backends}
    width = max(map(len, lines))
    return "\n".join(f"{name:<{width}}  {value}" for name, value in lines.items())


def _versions() -> dict[str, str]:
    from symgrad.version import __version__

    installed = {label: _installed(package) for label, package in PACKAGES.items()}
    return {"symgrad": __version__, "Python": platform.python_version(), **installed}


def _installed(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _backends() -> dict[str, str]:
    """For each backend ``yes``, or ``no`` and the reason."""
    return {"c": _can_compile(), "numba": _can_import("numba"), "jax": _can_import("jax")}


def _can_compile() -> str:
    from pytensor import config

    return "yes" if config.cxx else "no: PyTensor found no C++ compiler; install g++"


def _can_import(package: str) -> str:
    # An installed package can still fail on import, for example with a NumPy that is too new for
    # it. People run this command to find that out, so the error becomes the answer.
    try:
        importlib.import_module(package)
    except Exception as error:
        return f"no: {type(error).__name__}: {error}"
    return "yes"


def _pytensor_facts() -> dict[str, str]:
    from pytensor import config

    from symgrad.backends.c import blas

    return {
        "compiler": f"{config.cxx}, {config.gcc_version_str}" if config.cxx else "none",
        "BLAS": blas.describe(),
        "floatX": config.floatX,
        "compiledir": str(config.compiledir),
    }
