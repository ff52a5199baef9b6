"""Rates recorded from other libraries, and the rates of a schedule."""

import json
from pathlib import Path

from tests.conftest import compile_on

RECORDED = json.loads(
    (Path(__file__).parents[2] / "reference" / "schedule_goldens.json").read_text()
)


def rates(schedule, calls=12, backend="unoptimised"):
    f = compile_on(backend, [], schedule.rate, updates=schedule.updates)
    return [float(f()) for _ in range(calls)]


def label(golden):
    return f"{golden['library']}-{golden['schedule']}"
