"""Record what other libraries compute, for the oracles and symgrad to be compared with.

    python tests/reference/make_goldens.py --library torch

One library at a time, in any interpreter that has it; its part of `goldens.json` is replaced and
the parts of the others are left alone. The committed file was made with

- lasagne: Lasagne 0.2.dev1 (commit 5d3c63c), Theano 1.0.5, NumPy 1.17, SciPy 1.4, Python 3.7
- torch: torch 2.13.0
- torchrec: the module torchrec.optim.rowwise_adagrad of TorchRec 1.9.2 alone, on torch 2.13.0
- optax: optax 0.2.8
- keras: Keras 3.15.1 on JAX

Hyper-parameters carry symgrad's names, and only those are recorded that were passed to the
library: the rest are its own defaults, so that defaults are compared too.

Lasagne needs Python 3.7, so this file keeps to its syntax.
"""

import argparse
import json
import os
from functools import partial
from pathlib import Path

import numpy as np

GOLDENS = Path(__file__).with_name("goldens.json")
SHAPE = (5, 3)
STEPS = 12
RECORDED = (1, 2, 12)

LASAGNE_CASES = [
    ("sgd", {"learning_rate": 0.1}),
    ("sgd", {"learning_rate": 0.03}),
    ("momentum", {"learning_rate": 0.1}),
    ("momentum", {"learning_rate": 0.03, "momentum": 0.7}),
    ("nesterov_momentum", {"learning_rate": 0.1}),
    ("nesterov_momentum", {"learning_rate": 0.03, "momentum": 0.7}),
    ("adagrad", {}),
    ("adagrad", {"learning_rate": 0.2, "epsilon": 1e-2}),
    ("rmsprop", {}),
    ("rmsprop", {"learning_rate": 0.02, "rho": 0.7, "epsilon": 1e-2}),
    ("adadelta", {}),
    ("adadelta", {"learning_rate": 0.3, "rho": 0.7, "epsilon": 1e-2}),
    ("adam", {}),
    ("adam", {"learning_rate": 0.02, "beta1": 0.7, "beta2": 0.9, "epsilon": 1e-2}),
    ("adamax", {}),
    ("adamax", {"learning_rate": 0.02, "beta1": 0.7, "beta2": 0.9, "epsilon": 1e-2}),
    ("amsgrad", {}),
    ("amsgrad", {"learning_rate": 0.02, "beta1": 0.7, "beta2": 0.9, "epsilon": 1e-2}),
]
DECAYED_CASES = [
    {},
    {"learning_rate": 0.02, "beta1": 0.7, "beta2": 0.9, "decay": 0.9, "epsilon": 1e-2},
]
TORCH_CASES = [
    ("adadelta", {"rho": 0.9}),
    ("adadelta", {"learning_rate": 0.3, "rho": 0.7, "epsilon": 1e-2}),
    ("nadam", {}),
    (
        "nadam",
        {
            "learning_rate": 0.02,
            "beta1": 0.7,
            "beta2": 0.9,
            "epsilon": 1e-2,
            "momentum_decay": 0.5,
        },
    ),
    ("radam", {}),
    ("radam", {"learning_rate": 0.02, "beta1": 0.7, "beta2": 0.97, "epsilon": 1e-2}),
    ("rprop", {}),
    (
        "rprop",
        {
            "learning_rate": 0.1,
            "eta_minus": 0.3,
            "eta_plus": 1.5,
            "min_step": 0.05,
            "max_step": 0.2,
        },
    ),
]
TORCH_SUBSET_CASES = [
    ("sgd", {"learning_rate": 0.1}),
    # The two Adagrads put epsilon on different sides of the root: they agree only without it.
    ("adagrad", {"learning_rate": 0.2, "epsilon": 0.0}),
    ("adam", {}),
    ("adam", {"learning_rate": 0.02, "beta1": 0.7, "beta2": 0.9, "epsilon": 1e-2}),
]
TORCHREC_CASES = [
    ("rowwise_adagrad", {"epsilon": 1e-8}),
    ("rowwise_adagrad", {"learning_rate": 0.2, "epsilon": 1e-2}),
]
OPTAX_CASES = [
    ("adamw", {"learning_rate": 1e-3}),
    (
        "adamw",
        {
            "learning_rate": 0.02,
            "beta1": 0.7,
            "beta2": 0.9,
            "epsilon": 1e-2,
            "weight_decay": 0.1,
        },
    ),
    ("lion", {"learning_rate": 1e-4}),
    ("lion", {"learning_rate": 0.02, "beta1": 0.7, "beta2": 0.8, "weight_decay": 0.1}),
]
KERAS_CASES = [
    ("ftrl", {}),
    (
        "ftrl",
        {
            "learning_rate": 0.05,
            "initial_accumulator": 0.3,
            "l1": 0.5,
            "l2": 0.1,
            "l2_shrinkage": 0.05,
            "beta": 0.2,
        },
    ),
]

TORCH_NAMES = {"learning_rate": "lr", "epsilon": "eps"}
TORCH_PAIRS = {
    "betas": ("beta1", "beta2"),
    "etas": ("eta_minus", "eta_plus"),
    "step_sizes": ("min_step", "max_step"),
}
OPTAX_NAMES = {"beta1": "b1", "beta2": "b2", "epsilon": "eps"}
KERAS_NAMES = {
    "initial_accumulator": "initial_accumulator_value",
    "l1": "l1_regularization_strength",
    "l2": "l2_regularization_strength",
    "l2_shrinkage": "l2_shrinkage_regularization_strength",
}


def problems():
    """Named starts and gradients."""
    start = np.random.RandomState(0).randn(*SHAPE)
    gradients = np.random.RandomState(1).randn(STEPS, *SHAPE)
    return {
        "normal": {"start": start, "gradients": gradients},
        # Small whole numbers change sign often and are sometimes exactly 0.
        "signs": {"start": start, "gradients": np.round(gradients)},
    }


def renamed(hyper, names):
    return {names.get(name, name): value for name, value in hyper.items()}


def dense_golden(rule, hyper, trajectory, library, version, problem="normal"):
    """`trajectory` maps a start and gradients to the values after each of the steps."""
    given = problems()[problem]
    values = trajectory(given["start"], given["gradients"])
    return {
        "rule": rule,
        "hyper": hyper,
        "library": library,
        "version": version,
        "problem": problem,
        "values": {str(step): np.asarray(values[step - 1]).tolist() for step in RECORDED},
    }


# Lasagne


def lasagne_goldens():
    os.environ["THEANO_FLAGS"] = "floatX=float64,device=cpu,cxx="
    import lasagne
    import theano

    version = f"{lasagne.__version__}, Theano {theano.__version__}"
    dense = []
    for rule, hyper in LASAGNE_CASES:
        trajectory = theano_trajectory(partial(lasagne_updates, rule, hyper))
        dense.append(dense_golden(rule, hyper, trajectory, "lasagne", version))
    for hyper in DECAYED_CASES:
        trajectory = theano_trajectory(partial(decayed_adam_updates, **hyper))
        dense.append(dense_golden("adam_decayed", hyper, trajectory, "theano", version))
    return {"dense": dense, "norms": lasagne_norms(version)}


def lasagne_updates(rule, hyper, w, g):
    import lasagne

    return getattr(lasagne.updates, rule)([g], [w], **hyper)


def theano_trajectory(updates):
    import theano

    def trajectory(start, gradients):
        w, g = theano.shared(start), theano.shared(gradients[0])
        step = theano.function([], [], updates=updates(w, g))
        values = []
        for gradient in gradients:
            g.set_value(gradient)
            step()
            values.append(w.get_value())
        return values

    return trajectory


def decayed_adam_updates(
    w, g, learning_rate=1e-3, beta1=0.9, beta2=0.999, decay=1 - 1e-8, epsilon=1e-6
):
    """No library has this law, so Theano is given the published formulas and constants."""
    import theano

    t = theano.shared(1.0)
    m, v = theano.shared(w.get_value() * 0), theano.shared(w.get_value() * 0)
    rate = beta1 * decay ** (t - 1)
    new_m = rate * m + (1 - rate) * g
    new_v = beta2 * v + (1 - beta2) * g**2
    scale = theano.tensor.sqrt(new_v / (1 - beta2**t)) + epsilon
    new_w = w - learning_rate * new_m / (1 - beta1**t) / scale
    return [(w, new_w), (m, new_m), (v, new_v), (t, t + 1)]


def lasagne_norms(version):
    import theano.tensor as tt
    from lasagne.updates import norm_constraint, total_norm_constraint

    tensors = [np.random.RandomState(2).randn(*SHAPE), np.random.RandomState(3).randn(4)]
    matrix = tt.constant(tensors[0])
    both = [tt.constant(tensor) for tensor in tensors]
    norm = tt.sqrt(sum(tt.sum(tt.sqr(tensor)) for tensor in both))

    def golden(function, max_norm, outputs, library="lasagne", **more):
        values = [output.eval().tolist() for output in outputs]
        given = [tensor.tolist() for tensor in tensors[: len(values)]]
        return dict(
            more,
            function=function,
            max_norm=max_norm,
            library=library,
            version=version,
            tensors=given,
            values=values,
        )

    # The rows have norms from 1 to 3, all the tensors together a norm between 2 and 50.
    goldens = [golden("norm_constraint", 1.5, [norm_constraint(matrix, 1.5, (1,))], axes=[1])]
    for bound in (2.0, 50.0):
        scaled = total_norm_constraint(both, bound)
        goldens.append(golden("total_norm_constraint", bound, scaled))
        clipped = [tt.switch(norm < bound, g, bound * g / norm) for g in both]
        goldens.append(golden("clip_norms", bound, clipped, library="theano"))
    return goldens


# torch


def torch_goldens():
    import torch

    # torch keeps the running product of NAdam in the default dtype.
    torch.set_default_dtype(torch.float64)
    kinds = {
        "sgd": torch.optim.SGD,
        "adagrad": torch.optim.Adagrad,
        "adam": torch.optim.SparseAdam,
        "adadelta": torch.optim.Adadelta,
        "nadam": torch.optim.NAdam,
        "radam": torch.optim.RAdam,
        "rprop": torch.optim.Rprop,
    }
    dense = []
    for rule, hyper in TORCH_CASES:
        trajectory = torch_trajectory(kinds[rule], torch_arguments(hyper))
        problem = "signs" if rule == "rprop" else "normal"
        golden = dense_golden(rule, hyper, trajectory, "torch", torch.__version__, problem)
        dense.append(golden)
    subset = [torch_subset(rule, kinds[rule], hyper) for rule, hyper in TORCH_SUBSET_CASES]
    return {"dense": dense, "subset": subset}


def torch_arguments(hyper):
    paired = {name for pair in TORCH_PAIRS.values() for name in pair}
    arguments = {name: value for name, value in hyper.items() if name not in paired}
    arguments = renamed(arguments, TORCH_NAMES)
    for name, pair in TORCH_PAIRS.items():
        if pair[0] in hyper:
            arguments[name] = tuple(hyper[part] for part in pair)
    return arguments


def torch_trajectory(kind, arguments):
    import torch

    def trajectory(start, gradients):
        w = torch.nn.Parameter(torch.tensor(start))
        stepper = kind([w], **arguments)
        values = []
        for gradient in gradients:
            w.grad = torch.tensor(gradient)
            stepper.step()
            values.append(w.detach().numpy().copy())
        return values

    return trajectory


def torch_subset(rule, kind, hyper):
    """Lookups with repeated rows; the gradient that torch makes of them is sparse."""
    import torch

    random = np.random.RandomState(4)
    start = random.randn(7, 3)
    table = torch.nn.Parameter(torch.tensor(start))
    stepper = kind([table], **torch_arguments(hyper))
    calls, tables = [], []
    for _ in range(6):
        # Four of the seven rows at most, so that every call repeats rows and leaves rows alone.
        index = random.choice(random.permutation(7)[:4], 8)
        gradients = random.randn(8, 3)
        stepper.zero_grad()
        rows = torch.nn.functional.embedding(torch.tensor(index), table, sparse=True)
        rows.backward(torch.tensor(gradients))
        stepper.step()
        calls.append({"index": index.tolist(), "gradients": gradients.tolist()})
        tables.append(table.detach().numpy().tolist())
    return {
        "rule": rule,
        "hyper": hyper,
        "library": "torch",
        "version": torch.__version__,
        "optimizer": kind.__name__,
        "start": start.tolist(),
        "calls": calls,
        "tables": tables,
    }


def torchrec_goldens():
    from importlib.metadata import version

    import torch
    from torchrec.optim.rowwise_adagrad import RowWiseAdagrad

    torch.set_default_dtype(torch.float64)
    dense = []
    for rule, hyper in TORCHREC_CASES:
        trajectory = torch_trajectory(RowWiseAdagrad, torch_arguments(hyper))
        dense.append(dense_golden(rule, hyper, trajectory, "torchrec", version("torchrec")))
    return {"dense": dense}


# optax


def optax_goldens():
    import jax
    import optax

    jax.config.update("jax_enable_x64", True)

    def trajectory_of(rule, hyper):
        transform = getattr(optax, rule)(**renamed(hyper, OPTAX_NAMES))

        def trajectory(start, gradients):
            w = jax.numpy.asarray(start)
            state, values = transform.init(w), []
            for gradient in gradients:
                steps, state = transform.update(jax.numpy.asarray(gradient), state, w)
                w = optax.apply_updates(w, steps)
                values.append(w)
            return values

        return trajectory

    return {
        "dense": [
            dense_golden(rule, hyper, trajectory_of(rule, hyper), "optax", optax.__version__)
            for rule, hyper in OPTAX_CASES
        ]
    }


# Keras


def keras_goldens():
    os.environ["KERAS_BACKEND"] = "jax"
    os.environ["JAX_ENABLE_X64"] = "1"
    import keras

    keras.config.set_floatx("float64")

    def trajectory_of(hyper):
        def trajectory(start, gradients):
            w = keras.Variable(start)
            stepper = keras.optimizers.Ftrl(**renamed(hyper, KERAS_NAMES))
            values = []
            for gradient in gradients:
                stepper.apply([keras.ops.convert_to_tensor(gradient)], [w])
                values.append(keras.ops.convert_to_numpy(w))
            return values

        return trajectory

    return {
        "dense": [
            dense_golden(rule, hyper, trajectory_of(hyper), "keras", keras.__version__)
            for rule, hyper in KERAS_CASES
        ]
    }


LIBRARIES = {
    "lasagne": lasagne_goldens,
    "torch": torch_goldens,
    "torchrec": torchrec_goldens,
    "optax": optax_goldens,
    "keras": keras_goldens,
}


def merged(old, new):
    """`old` with the goldens of `new` in the place of those from the same libraries."""
    replaced = {golden["library"] for part in new.values() for golden in part}
    result = {}
    for part in ("dense", "subset", "norms"):
        kept = [golden for golden in old.get(part, []) if golden["library"] not in replaced]
        # Each library's goldens stay in the order of its cases, so that a new run changes little.
        both = kept + new.get(part, [])
        result[part] = sorted(both, key=lambda golden: golden["library"])
    result["problems"] = [
        {"name": name, "start": given["start"].tolist(), "gradients": given["gradients"].tolist()}
        for name, given in problems().items()
    ]
    return result


def as_text(goldens):
    """JSON with one golden a line: floats keep all their digits, and diffs stay readable."""
    parts = []
    for name, part in sorted(goldens.items()):
        lines = ",\n".join(json.dumps(golden, sort_keys=True) for golden in part)
        parts.append(f"{json.dumps(name)}: [\n{lines}\n]")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--library", choices=sorted(LIBRARIES), required=True)
    library = vars(parser.parse_args())["library"]
    old = json.loads(GOLDENS.read_text()) if GOLDENS.exists() else {}
    GOLDENS.write_text(as_text(merged(old, LIBRARIES[library]())))


if __name__ == "__main__":
    main()
