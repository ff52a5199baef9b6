"""Update rules in plain NumPy: slow, dense, and written from the published laws alone.

symgrad's rules are tested against these, so nothing here may import symgrad. `goldens.json`
ties them in turn to the libraries that the laws come from.

Arithmetic stays in the dtype of the table. Scalar corrections (powers of the decay rates, running
products) are computed in float64 and rounded once, because a power of .999 loses most of its
digits when one minus it is taken in float32.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Oracle:
    """One rule: its default hyper-parameters, its first slots, and its law for one dense step."""

    defaults: dict
    first_slots: Callable
    law: Callable

    def complete(self, hyper):
        # Plain floats: a NumPy float64 scalar would turn a float32 table into float64.
        return {name: float(value) for name, value in {**self.defaults, **hyper}.items()}

    def start(self, w, **hyper):
        return self.first_slots(w, **self.complete(hyper))

    def step(self, w, g, slots, t, **hyper):
        """The new value and the new slots; `t` counts from 1, alone or broadcastable to `w`."""
        return self.law(w, g, slots, np.asarray(t, np.float64), **self.complete(hyper))


def zeros(*names):
    return lambda w, **_: {name: np.zeros_like(w) for name in names}


def rounded(value, w):
    """A float64 correction in the dtype of the table."""
    return np.asarray(value, np.float64).astype(w.dtype)


def average(old, new, rate):
    return rate * old + (1 - rate) * new


def moments(g, slots, beta1, beta2):
    return {"m": average(slots["m"], g, beta1), "v": average(slots["v"], g**2, beta2)}


# Laws of Lasagne.


def sgd(w, g, slots, t, *, learning_rate):
    return w - learning_rate * g, {}


def momentum(w, g, slots, t, *, learning_rate, momentum):
    velocity = momentum * slots["velocity"] - learning_rate * g
    return w + velocity, {"velocity": velocity}


def nesterov_momentum(w, g, slots, t, *, learning_rate, momentum):
    velocity = momentum * slots["velocity"] - learning_rate * g
    return w + momentum * velocity - learning_rate * g, {"velocity": velocity}


def adagrad(w, g, slots, t, *, learning_rate, epsilon):
    accumulator = slots["accumulator"] + g**2
    return w - learning_rate * g / np.sqrt(accumulator + epsilon), {"accumulator": accumulator}


def rmsprop(w, g, slots, t, *, learning_rate, rho, epsilon):
    accumulator = average(slots["accumulator"], g**2, rho)
    return w - learning_rate * g / np.sqrt(accumulator + epsilon), {"accumulator": accumulator}


def adadelta(w, g, slots, t, *, learning_rate, rho, epsilon):
    accumulator = average(slots["accumulator"], g**2, rho)
    delta = g * np.sqrt(slots["delta_accumulator"] + epsilon) / np.sqrt(accumulator + epsilon)
    # The learning rate stays out of the second average.
    delta_accumulator = average(slots["delta_accumulator"], delta**2, rho)
    new_slots = {"accumulator": accumulator, "delta_accumulator": delta_accumulator}
    return w - learning_rate * delta, new_slots


def adam_rate(w, t, learning_rate, beta1, beta2):
    return rounded(learning_rate * np.sqrt(1 - beta2**t) / (1 - beta1**t), w)


def adam(w, g, slots, t, *, learning_rate, beta1, beta2, epsilon):
    new = moments(g, slots, beta1, beta2)
    rate = adam_rate(w, t, learning_rate, beta1, beta2)
    return w - rate * new["m"] / (np.sqrt(new["v"]) + epsilon), new


def adamax(w, g, slots, t, *, learning_rate, beta1, beta2, epsilon):
    m = average(slots["m"], g, beta1)
    u = np.maximum(beta2 * slots["u"], np.abs(g))
    rate = rounded(learning_rate / (1 - beta1**t), w)
    return w - rate * m / (u + epsilon), {"m": m, "u": u}


def amsgrad(w, g, slots, t, *, learning_rate, beta1, beta2, epsilon):
    new = moments(g, slots, beta1, beta2)
    # The largest uncorrected second moment; optax takes the corrected one.
    new["v_max"] = np.maximum(slots["v_max"], new["v"])
    rate = adam_rate(w, t, learning_rate, beta1, beta2)
    return w - rate * new["m"] / (np.sqrt(new["v_max"]) + epsilon), new


# Forward-backward splitting.


def proximal_sgd(w, g, slots, t, *, learning_rate, l1, l2):
    moved = w - learning_rate * g
    shrunk = np.where(moved > 0, np.maximum(moved - learning_rate * l1, 0), 0) + np.where(
        moved < 0, np.minimum(moved + learning_rate * l1, 0), 0
    )
    return (shrunk / (1 + learning_rate * l2)).astype(w.dtype), {}


# Laws of torch.


def nadam_start(w, **_):
    # The product of the momenta so far. It is a clock, not a memory of gradients: float64, and one
    # per entry so that it can advance with the visits of a row.
    return {**zeros("m", "v")(w), "clock": np.ones(w.shape, np.float64)}


def nadam(w, g, slots, t, *, learning_rate, beta1, beta2, epsilon, momentum_decay):
    new = moments(g, slots, beta1, beta2)
    mu = beta1 * (1 - 0.5 * 0.96 ** (t * momentum_decay))
    next_mu = beta1 * (1 - 0.5 * 0.96 ** ((t + 1) * momentum_decay))
    new["clock"] = slots["clock"] * mu
    scale = np.sqrt(new["v"] / rounded(1 - beta2**t, w)) + epsilon
    g_rate = rounded(learning_rate * (1 - mu) / (1 - new["clock"]), w)
    m_rate = rounded(learning_rate * next_mu / (1 - new["clock"] * next_mu), w)
    return w - (g_rate * g + m_rate * new["m"]) / scale, new


def radam(w, g, slots, t, *, learning_rate, beta1, beta2, epsilon):
    new = moments(g, slots, beta1, beta2)
    corrected = new["m"] / rounded(1 - beta1**t, w)
    longest = 2 / (1 - beta2) - 1
    length = longest - 2 * t * beta2**t / (1 - beta2**t)
    trusted = length > 5
    # Where the length is too short the ratio may be negative, and is not used.
    safe = np.where(trusted, length, longest)
    ratio = (safe - 4) * (safe - 2) * longest / ((longest - 4) * (longest - 2) * safe)
    rectifier = rounded(np.sqrt(ratio) * np.sqrt(1 - beta2**t), w)
    scale = np.where(trusted, rectifier / (np.sqrt(new["v"]) + epsilon), rounded(1, w))
    return w - learning_rate * corrected * scale, new


def rprop_start(w, *, learning_rate, **_):
    return {**zeros("previous")(w), "step_size": np.full_like(w, learning_rate)}


def rprop(w, g, slots, t, *, learning_rate, eta_minus, eta_plus, min_step, max_step):
    del learning_rate  # only the first step size
    agreement = np.sign(g * slots["previous"])
    factor = np.where(agreement > 0, eta_plus, np.where(agreement < 0, eta_minus, 1))
    step_size = np.clip(slots["step_size"] * rounded(factor, w), min_step, max_step)
    # A change of sign skips this step, and is forgotten so that it shrinks the step only once.
    g = np.where(agreement < 0, rounded(0, w), g)
    return w - np.sign(g) * step_size, {"previous": g, "step_size": step_size}


# Laws of optax.


def adamw(w, g, slots, t, *, learning_rate, beta1, beta2, epsilon, weight_decay):
    new = moments(g, slots, beta1, beta2)
    m = new["m"] / rounded(1 - beta1**t, w)
    v = new["v"] / rounded(1 - beta2**t, w)
    return w - learning_rate * (m / (np.sqrt(v) + epsilon) + weight_decay * w), new


def lion(w, g, slots, t, *, learning_rate, beta1, beta2, weight_decay):
    direction = np.sign(average(slots["m"], g, beta1))
    new_w = w - learning_rate * (direction + weight_decay * w)
    return new_w, {"m": average(slots["m"], g, beta2)}


# Laws from elsewhere.


def adam_decayed(w, g, slots, t, *, learning_rate, beta1, beta2, decay, epsilon):
    """Adam as first published: beta1 itself decays, its bias correction does not."""
    rate = beta1 * decay ** (t - 1)
    m = rounded(rate, w) * slots["m"] + rounded(1 - rate, w) * g
    v = average(slots["v"], g**2, beta2)
    scale = np.sqrt(v / rounded(1 - beta2**t, w)) + epsilon
    return w - learning_rate * m / rounded(1 - beta1**t, w) / scale, {"m": m, "v": v}


def rowwise_adagrad_start(w, **_):
    return {"accumulator": np.zeros(w.shape[:1] + (1,) * (w.ndim - 1), w.dtype)}


def rowwise_adagrad(w, g, slots, t, *, learning_rate, epsilon):
    squares = np.mean(g**2, axis=trailing_axes(g), keepdims=True)
    accumulator = slots["accumulator"] + squares
    new_w = w - learning_rate * g / (np.sqrt(accumulator) + epsilon)
    return new_w, {"accumulator": accumulator}


def ftrl_start(w, *, initial_accumulator, **_):
    return {**zeros("linear")(w), "accumulator": np.full_like(w, initial_accumulator)}


def ftrl(w, g, slots, t, *, learning_rate, initial_accumulator, l1, l2, l2_shrinkage, beta):
    """Keras 3's law."""
    del initial_accumulator  # only the first slot
    accumulator = slots["accumulator"] + g**2
    sigma = (np.sqrt(accumulator) - np.sqrt(slots["accumulator"])) / learning_rate
    linear = slots["linear"] + g + 2 * l2_shrinkage * w - sigma * w
    curvature = (np.sqrt(accumulator) + beta) / learning_rate + 2 * l2
    new_w = (np.clip(linear, -l1, l1) - linear) / curvature
    return new_w, {"linear": linear, "accumulator": accumulator}


BETAS = {"beta1": 0.9, "beta2": 0.999}
ADAM = {**BETAS, "epsilon": 1e-8}

RULES = {
    "sgd": Oracle({}, zeros(), sgd),
    "proximal_sgd": Oracle({"l1": 0.0, "l2": 0.0}, zeros(), proximal_sgd),
    "momentum": Oracle({"momentum": 0.9}, zeros("velocity"), momentum),
    "nesterov_momentum": Oracle({"momentum": 0.9}, zeros("velocity"), nesterov_momentum),
    "adagrad": Oracle({"learning_rate": 1.0, "epsilon": 1e-6}, zeros("accumulator"), adagrad),
    "rmsprop": Oracle(
        {"learning_rate": 1.0, "rho": 0.9, "epsilon": 1e-6}, zeros("accumulator"), rmsprop
    ),
    "adadelta": Oracle(
        {"learning_rate": 1.0, "rho": 0.95, "epsilon": 1e-6},
        zeros("accumulator", "delta_accumulator"),
        adadelta,
    ),
    "adam": Oracle({"learning_rate": 1e-3, **ADAM}, zeros("m", "v"), adam),
    "adamax": Oracle({"learning_rate": 2e-3, **ADAM}, zeros("m", "u"), adamax),
    "amsgrad": Oracle({"learning_rate": 1e-3, **ADAM}, zeros("m", "v", "v_max"), amsgrad),
    "nadam": Oracle({"learning_rate": 2e-3, **ADAM, "momentum_decay": 4e-3}, nadam_start, nadam),
    "radam": Oracle({"learning_rate": 1e-3, **ADAM}, zeros("m", "v"), radam),
    "rprop": Oracle(
        {
            "learning_rate": 1e-2,
            "eta_minus": 0.5,
            "eta_plus": 1.2,
            "min_step": 1e-6,
            "max_step": 50.0,
        },
        rprop_start,
        rprop,
    ),
    "adamw": Oracle({"learning_rate": 1e-3, **ADAM, "weight_decay": 1e-4}, zeros("m", "v"), adamw),
    "lion": Oracle(
        {"learning_rate": 1e-4, "beta1": 0.9, "beta2": 0.99, "weight_decay": 1e-3},
        zeros("m"),
        lion,
    ),
    "adam_decayed": Oracle(
        {"learning_rate": 1e-3, **BETAS, "decay": 1 - 1e-8, "epsilon": 1e-6},
        zeros("m", "v"),
        adam_decayed,
    ),
    "rowwise_adagrad": Oracle(
        {"learning_rate": 1e-2, "epsilon": 1e-8}, rowwise_adagrad_start, rowwise_adagrad
    ),
    "ftrl": Oracle(
        {
            "learning_rate": 1e-3,
            "initial_accumulator": 0.1,
            "l1": 0.0,
            "l2": 0.0,
            "l2_shrinkage": 0.0,
            "beta": 0.0,
        },
        ftrl_start,
        ftrl,
    ),
}


# From a dense step to a table of which each call uses a part.


def trailing_axes(table):
    return tuple(range(1, table.ndim))


def scatter(table, reads):
    """The summed gradient of one call, as large as the table, and which entries it read."""
    gradient = np.zeros_like(table)
    touched = np.zeros(table.shape, bool)
    for index, part in reads:
        # Unlike `gradient[index] += part`, this sums over repeated indices.
        np.add.at(gradient, index, np.asarray(part, table.dtype))
        touched[index] = True
    return gradient, touched


def whole_rows(touched):
    """True in every entry of a row that has a touched entry."""
    return np.broadcast_to(touched.any(axis=trailing_axes(touched), keepdims=True), touched.shape)


def keep(old, new, changed):
    """`new` where `changed`; a slot with one entry a row changes with any entry of its row."""
    if old.shape != changed.shape:
        changed = changed.any(axis=trailing_axes(changed), keepdims=True)
    return np.where(changed, new, old)


def run(name, table, calls, *, counter="call", per="row", mask=None, **hyper):
    """The table and the slots after `calls`, where entries that a call does not read stay put.

    A call is a list of reads `(index, gradient)`: anything that NumPy can index `table` with, and
    the gradient of the cost with respect to `table[index]`. Bias correction counts calls
    (`counter="call"`), or (`counter="row"`) the calls that read a row, or with `per="entry"` the
    calls that read an entry. Where `mask` is False nothing changes.
    """
    oracle = RULES[name]
    table = np.array(table)
    slots = oracle.start(table, **hyper)
    visits = np.zeros(table.shape, int)
    for number, reads in enumerate(calls, 1):
        gradient, touched = scatter(table, reads)
        visited = whole_rows(touched) if per == "row" else touched
        visits = visits + visited
        # Entries never visited are computed too and thrown away: any count above 0 will do.
        t = number if counter == "call" else np.maximum(visits, 1)
        ticked = np.ones_like(touched) if counter == "call" else visited
        changed = touched if mask is None else touched & mask
        # Entries that stay may divide nothing by nothing when epsilon is 0.
        with np.errstate(divide="ignore", invalid="ignore"):
            new_table, new_slots = oracle.step(table, gradient, slots, t, **hyper)
        slots = {
            slot: keep(old, new_slots[slot], ticked if slot == "clock" else changed)
            for slot, old in slots.items()
        }
        table = keep(table, new_table, changed)
    return table, slots


def dense_run(name, table, gradients, **hyper):
    """The table and the slots after one dense step for each of `gradients`."""
    oracle = RULES[name]
    table = np.array(table)
    slots = oracle.start(table, **hyper)
    for t, gradient in enumerate(gradients, 1):
        table, slots = oracle.step(table, np.asarray(gradient, table.dtype), slots, t, **hyper)
    return table, slots


# Norms.


def total_norm(tensors):
    return np.sqrt(sum(np.sum(tensor**2) for tensor in tensors))


def norm_constraint(tensor, max_norm, axes, epsilon=1e-7):
    """Lasagne's: a vector inside the bound shrinks a little too, by epsilon over its norm."""
    norms = np.sqrt(np.sum(tensor**2, axis=axes, keepdims=True))
    return tensor * (np.clip(norms, 0, max_norm) / (epsilon + norms))


def total_norm_constraint(tensors, max_norm, epsilon=1e-7):
    """Lasagne's, over the norm of all the tensors together."""
    norm = total_norm(tensors)
    return [tensor * (np.clip(norm, 0, max_norm) / (epsilon + norm)) for tensor in tensors]


def clip_norms(tensors, max_norm):
    """Exact: tensors inside the bound are left alone."""
    norm = total_norm(tensors)
    return [tensor * max_norm / norm if norm >= max_norm else tensor for tensor in tensors]
