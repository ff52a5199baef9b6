"""Record what Theano 1.0.5 prints for the programs of ``theano_long_programs.py``.

Runs only where Theano is installed: ``python make_theano_programs.py [name ...]`` writes these
programs' values, or those of all, to ``theano_programs.json``. Flags in ``THEANO_FLAGS`` are kept.
"""

import json
import os
import re
import subprocess
import sys
import warnings
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from theano_long_programs import LONG_PROGRAMS, PYTHON_2  # noqa: E402

RECORDED = HERE / "theano_programs.json"


def as_python_3(name, source):
    """The program as the Python runs it that Theano is installed for."""
    if name not in PYTHON_2:
        return source
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from lib2to3.refactor import RefactoringTool, get_fixers_from_package

    tool = RefactoringTool(get_fixers_from_package("lib2to3.fixes"))
    source = str(tool.refactor_string(source, name))
    return re.sub(r" / (?=.*# integers)", " // ", source)


def printed(source, dtype):
    """The numbers that a program prints; ``True`` is 1."""
    flags = os.environ.get("THEANO_FLAGS", "")
    environment = dict(os.environ, THEANO_FLAGS=",".join(filter(None, [flags, "floatX=" + dtype])))
    command = [sys.executable, "-c", source]
    done = subprocess.run(command, stdout=subprocess.PIPE, env=environment, check=True)
    words = done.stdout.decode().replace("True", "1").split()
    return [float(word) for word in words]


def main(names):
    """Run the programs in both precisions."""
    recorded = json.loads(RECORDED.read_text()) if RECORDED.exists() else {}
    for name in names or LONG_PROGRAMS:
        source = as_python_3(name, LONG_PROGRAMS[name])
        recorded[name] = {dtype: printed(source, dtype) for dtype in ("float64", "float32")}
        RECORDED.write_text(json.dumps(recorded, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
