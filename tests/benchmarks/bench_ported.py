"""Programs written for Theano: Theano's seconds over symgrad's, per step and for compiling.

The programs in `ported/` run as they are under Theano 1.0.5, by the interpreter in THEANO_PYTHON,
and by `symgrad run` on each backend, in turns, all on one thread and in float32. Each prints the
median of its steps. Compiling is what a function takes whose C code is in the cache already.
`-` says that a backend cannot compile the program.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.benchmarks.steps import BACKENDS

ROOT = Path(__file__).parents[2]
THEANO = os.environ.get("THEANO_PYTHON")
PROGRAMS = {"gru_session": "GRU over sessions", "lstm": "LSTM over words", "mlp": "perceptron"}
ROUNDS = 3
FLAGS = "floatX=float32"


@pytest.mark.skipif(THEANO is None, reason="set THEANO_PYTHON to a Python with Theano 1.0.5")
@pytest.mark.parametrize("program", PROGRAMS)
def test_against_theano(program, record, target):
    commands = {"theano": [THEANO]}
    for backend in BACKENDS:
        commands[backend] = [sys.executable, "-m", "symgrad", "run", "--backend", backend]
    runs = {name: [] for name in commands}
    for turn in range(1 + ROUNDS):  # the first one fills the caches
        for name, command in commands.items():
            if turn == 0 or runs[name]:
                found = times(command, program)
                runs[name] += [found] if found else []
    ratios = {name: against(runs["theano"], runs[name]) for name in BACKENDS if runs[name][1:]}
    record(program=PROGRAMS[program], **{f"step, {name}": one[0] for name, one in ratios.items()})
    best = max(ratios, key=lambda name: ratios[name][0])
    work = f"a step of a ported {PROGRAMS[program]}"
    target(f"{work}, {best}", "Theano 1.0.5", ratios[best][0], at_least=2)
    target(f"{work}, c", "Theano 1.0.5", ratios["c"][0], at_least=1)
    compiling = f"compiling a ported {PROGRAMS[program]}, c"
    target(compiling, "Theano 1.0.5", 1 / ratios["c"][1], at_most=1.5)


def times(command, program):
    """What a program prints of itself, or None if it cannot be compiled."""
    done = subprocess.run(
        [*command, Path(__file__).with_name("ported") / f"{program}.py"],
        cwd=ROOT,
        env={**os.environ, **environment(command[0])},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        print(f"\n{program} by {' '.join(map(str, command))}:", *done.stderr.splitlines()[-1:])
        return None
    return json.loads(done.stdout.splitlines()[-1])


def environment(interpreter):
    """One thread, and for Theano the BLAS of its own NumPy, which it does not find by itself."""
    flags = [FLAGS]
    if interpreter == THEANO:
        code = "import numpy, os; print(os.path.join(os.path.dirname(numpy.__file__), '.libs'))"
        found = subprocess.run([THEANO, "-c", code], capture_output=True, text=True, check=True)
        folder = Path(found.stdout.strip())
        for library in folder.glob("libopenblas*"):
            link = rf"-L{folder} -l:{library.name} -Wl\,-rpath\,{folder}"
            flags.append(f"blas.ldflags={link}")
    one_thread = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1")
    return {"THEANO_FLAGS": ",".join(flags), **one_thread}


def against(theano, ours):
    """Medians of the ratios of each turn: of a step, and of compiling."""
    turns = list(zip(theano[1:], ours[1:], strict=True))
    return [float(np.median([a[key] / b[key] for a, b in turns])) for key in ("step", "compile")]
