"""Record what Theano 1.0.5 says to the programs of ``theano_core_cases.py``.

Runs only where Theano is installed: ``python make_theano_core.py`` writes ``theano_core.json``.
Theano must be able to link with a BLAS: set ``blas.ldflags`` in ``THEANO_FLAGS``.
"""

import json
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import theano
import theano.tensor as T

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from theano_core_cases import CASES  # noqa: E402
from theano_programs import PROGRAMS  # noqa: E402


def plain(value):
    """What JSON can hold; arrays are rounded to what their comparison needs."""
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if isinstance(value, (np.ndarray, np.generic)):
        return plain(value.tolist())
    return float(f"{value:.12g}") if isinstance(value, float) else value


def printed(name, source):
    """The numbers that a program prints."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from lib2to3.refactor import RefactoringTool, get_fixers_from_package

    if name == "mlp":
        tool = RefactoringTool(get_fixers_from_package("lib2to3.fixes"))
        source = str(tool.refactor_string(source, name)).replace("60 / 20", "60 // 20")
    done = subprocess.run([sys.executable, "-c", source], stdout=subprocess.PIPE, check=True)
    return [float(word) for word in done.stdout.split()]


def main():
    """Run every program."""
    warnings.simplefilter("ignore")
    recorded = {name: plain(run(theano, T, np)) for name, run in CASES.items()}
    for name, source in PROGRAMS.items():
        recorded[name + ".py"] = printed(name, source)
    (HERE / "theano_core.json").write_text(json.dumps(recorded) + "\n")


if __name__ == "__main__":
    main()
