"""Record the learning rates of other libraries' schedules, for symgrad's to be compared with.

    python tests/reference/make_schedule_goldens.py

in an interpreter that has torch and optax. The committed `schedule_goldens.json` was made with
torch 2.13.0 and optax 0.2.8. Each golden has the arguments in symgrad's names, and the rates of the
first calls; plateaus are those of the recorded costs.
"""

import json
from functools import partial
from pathlib import Path

import jax
import numpy as np
import optax
import torch
from torch.optim import lr_scheduler

GOLDENS = Path(__file__).with_name("schedule_goldens.json")
CALLS = 12
PLATEAUS = [
    {"rate": 0.1, "factor": 0.5, "patience": 2},
    {"rate": 0.1, "factor": 0.5, "patience": 1, "threshold": 0.3},
    {"rate": 0.1, "factor": 0.3, "patience": 1, "cooldown": 3},
    {"rate": 0.1, "factor": 0.5, "patience": 1, "min_rate": 0.02},
]
# optax has another meaning for a patience of 0; torch leaves rates near 1e-8 alone.
TORCH_PLATEAUS = [
    {"rate": 0.1, "factor": 0.5, "patience": 0},
    {"rate": 1e-7, "factor": 0.5, "patience": 0},
]


def costs():
    """Costs that fall now and then, and noise that hides it."""
    random = np.random.RandomState(5)
    lowest = np.minimum.accumulate(1 + random.exponential(size=28))
    return np.round([*lowest * (1 + 0.3 * random.rand(28)), 1.0, 1.0, 0.5, 0.5], 2).tolist()


def golden(library, schedule, arguments, rates):
    return {
        "library": library,
        "version": {"torch": torch, "optax": optax}[library].__version__,
        "schedule": schedule,
        "arguments": arguments,
        "rates": [float(rate) for rate in rates],
    }


# torch


def torch_rates(rate, *kinds):
    """Rates of a chain of schedules, of calls that step the optimizer and then the schedules."""
    stepper = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=rate)
    schedules = [kind(stepper) for kind in kinds]
    rates = []
    for _ in range(CALLS):
        rates.append(stepper.param_groups[0]["lr"])
        stepper.step()
        for schedule in schedules:
            schedule.step()
    return rates


def torch_goldens():
    made = partial(golden, "torch")
    steps = partial(lr_scheduler.StepLR, step_size=3, gamma=0.5)
    yield made("step", {"rate": 0.1, "calls": 3, "factor": 0.5}, torch_rates(0.1, steps))
    falls = partial(lr_scheduler.ExponentialLR, gamma=0.8)
    yield made("exponential", {"rate": 0.1, "factor": 0.8}, torch_rates(0.1, falls))
    wave = partial(lr_scheduler.CosineAnnealingLR, T_max=CALLS, eta_min=0.01)
    arguments = {"rate": 0.1, "calls": CALLS, "min_rate": 0.01}
    yield made("cosine", arguments, torch_rates(0.1, wave))
    cycles = partial(
        lr_scheduler.CyclicLR, base_lr=0.01, max_lr=0.1, step_size_up=4, cycle_momentum=False
    )
    arguments = {"low": 0.01, "high": 0.1, "calls": 4}
    yield made("cyclical", arguments, torch_rates(0.1, cycles))
    warms = partial(lr_scheduler.LinearLR, start_factor=0.25, total_iters=5)
    arguments = {"schedule": 0.1, "calls": 5, "start": 0.25}
    yield made("warm_up", arguments, torch_rates(0.1, warms))
    arguments = {
        "schedule": {"exponential": {"rate": 0.1, "factor": 0.8}},
        "calls": 5,
        "start": 0.25,
    }
    yield made("warm_up", arguments, torch_rates(0.1, falls, warms))
    for arguments in PLATEAUS + TORCH_PLATEAUS:
        rates = torch_plateau(**arguments)
        yield made("reduce_on_plateau", arguments, rates)


def torch_plateau(rate, min_rate=0.0, **arguments):
    stepper = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=rate)
    schedule = lr_scheduler.ReduceLROnPlateau(stepper, min_lr=min_rate, **arguments)
    for cost in costs():
        yield stepper.param_groups[0]["lr"]
        schedule.step(cost)


# optax


def optax_goldens():
    jax.config.update("jax_enable_x64", True)

    def made(name, arguments, schedule):
        return golden("optax", name, arguments, [schedule(float(t)) for t in range(CALLS)])

    wave = optax.cosine_decay_schedule(0.1, decay_steps=8, alpha=0.2)
    yield made("cosine", {"rate": 0.1, "calls": 8, "min_rate": 0.02}, wave)
    falls = optax.exponential_decay(0.1, transition_steps=4, decay_rate=0.5)
    yield made("exponential", {"rate": 0.1, "factor": 0.5, "calls": 4}, falls)
    steps = optax.exponential_decay(0.1, transition_steps=4, decay_rate=0.5, staircase=True)
    yield made("step", {"rate": 0.1, "calls": 4, "factor": 0.5}, steps)
    warms = optax.linear_schedule(0.0, 0.1, transition_steps=5)
    yield made("warm_up", {"schedule": 0.1, "calls": 5}, warms)
    for arguments in PLATEAUS:
        rates = optax_plateau(**arguments)
        yield golden("optax", "reduce_on_plateau", arguments, rates)


def optax_plateau(rate, min_rate=0.0, threshold=1e-4, **arguments):
    transform = optax.contrib.reduce_on_plateau(
        rtol=threshold, min_scale=min_rate / rate, **arguments
    )
    state = transform.init(jax.numpy.zeros(()))
    for cost in costs():
        scaled, state = transform.update(jax.numpy.asarray(rate), state, value=cost)
        yield scaled


def main():
    goldens = [*torch_goldens(), *optax_goldens()]
    lines = ",\n".join(json.dumps(one, sort_keys=True) for one in goldens)
    GOLDENS.write_text(f'{{"costs": {json.dumps(costs())},\n"goldens": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()
