"""Record which names Theano 1.0.5 had, and the parameters of its functions.

Runs only where Theano is installed: ``python make_theano_names.py`` writes
``symgrad/theano/names_of_1_0_5.txt`` (a line for each module) and ``theano_parameters.json``.
"""

import ast
import importlib
import inspect
import json
import pkgutil
import warnings
from pathlib import Path

import theano

HERE = Path(__file__).parent
NAMES = HERE.parents[1] / "symgrad" / "theano" / "names_of_1_0_5.txt"
# Names that programs use though they start with an underscore.
USED_ALL_THE_SAME = {"_asarray", "_tensor_py_operators"}
# Not scripts, tests and compiled files, which nobody imports.
IMPORTED_FROM_MISC = {"frozendict", "may_share_memory", "ordered_set", "pkl_utils", "safe_asarray"}
WITH_METHODS = (
    "theano.tensor.TensorVariable",
    "theano.tensor.sharedvar.TensorSharedVariable",
    "theano.tensor.TensorType",
    "theano.compile.Function",
    "theano.sandbox.rng_mrg.MRG_RandomStreams",
    "theano.tensor.shared_randomstreams.RandomStreams",
)
UNUSED = ("tests", "test_sp", "_version", "lazylinker_c", "scan_perform_ext", "minimal")


def modules():
    """The modules that can be imported without a GPU, and the names of the others."""
    found, broken = {"theano": theano}, {}
    for one in pkgutil.walk_packages(theano.__path__, "theano.", onerror=lambda name: None):
        if not is_imported(one.name):
            continue
        try:
            found[one.name] = importlib.import_module(one.name)
        except Exception:
            broken[one.name] = Path(one.module_finder.path) / (one.name.split(".")[-1] + ".py")
    return found, broken


def is_imported(name):
    *above, last = name.split(".")
    if above[-1] == "misc":
        return last in IMPORTED_FROM_MISC
    return not set(UNUSED) & {*above, last}


def own_names(name, module):
    """What a module defines, and a package also hands on from other modules of Theano."""
    package = hasattr(module, "__path__")
    defined = defined_in(module.__file__, package) if module.__file__ else set()
    for key, value in vars(module).items():
        if (key.startswith("_") and key not in USED_ALL_THE_SAME) or key in UNUSED:
            continue
        if inspect.ismodule(value):
            if package and value.__name__.startswith(name + "."):
                yield key, value
        elif (
            key in defined
            or getattr(value, "__module__", None) == name
            or (package and is_of_theano(value))
        ):
            yield key, value


def is_of_theano(value):
    homes = (getattr(value, "__module__", None), type(value).__module__)
    return any(str(home).partition(".")[0] == "theano" for home in homes)


def defined_in(path, package=False):
    """The names that a source assigns or defines outside of functions; a package also imports."""
    names = set()
    todo = list(ast.parse(Path(path).read_text()).body)
    while todo:
        node = todo.pop()
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, ast.ImportFrom):
            if package and ((node.module or "").startswith("theano") or node.level):
                names.update(one.asname or one.name for one in node.names)
        elif isinstance(node, ast.Assign):
            targets = [one for target in node.targets for one in ast.walk(target)]
            names.update(one.id for one in targets if isinstance(one, ast.Name))
        else:
            for field in ("body", "orelse", "finalbody", "handlers"):
                todo.extend(getattr(node, field, []))
    return {name for name in names if not name.startswith("_") or name in USED_ALL_THE_SAME}


def parameters(value):
    """``["x", "axis="]``, with ``=`` where there is a default; None if it takes what comes."""
    if isinstance(value, theano.gof.Op):
        return None
    try:
        listed = inspect.signature(value).parameters.values()
    except (TypeError, ValueError):
        return None
    stars = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    return [stars.get(one.kind, "") + one.name + default(one.default) for one in listed]


def methods(name, owner):
    """The parameters of the methods of a class, without `self`; None for an attribute."""
    for key in dir(owner):
        if not key.startswith("_"):
            listed = parameters(getattr(owner, key))
            yield f"{name}.{key}", listed and listed[1:]


def default(value):
    """``"=None"``, or ``"="`` for a default that is no number, string or the like."""
    if value is inspect.Parameter.empty:
        return ""
    plain = isinstance(value, (type(None), bool, int, float, str, tuple, list))
    return f"={value!r}" if plain else "="


def main():
    found, broken = modules()
    names, signatures = {}, {}
    for name, module in found.items():
        own = dict(own_names(name, module))
        names[name] = sorted(own)
        for key, value in own.items():
            listed = parameters(value) if callable(value) else None
            if listed is not None:
                signatures[f"{name}.{key}"] = listed
            if f"{name}.{key}" in WITH_METHODS:
                signatures.update(methods(f"{name}.{key}", value))
    for name, path in broken.items():
        names[name] = sorted(defined_in(path)) if path.exists() else []
    lines = [f"{name}: {' '.join(own)}".strip() for name, own in sorted(names.items())]
    NAMES.write_text("\n".join(lines) + "\n")
    rows = [f"{json.dumps(key)}: {json.dumps(row)}" for key, row in sorted(signatures.items())]
    (HERE / "theano_parameters.json").write_text("{\n" + ",\n".join(rows) + "\n}\n")


if __name__ == "__main__":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        main()
