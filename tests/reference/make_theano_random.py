"""Record the random numbers of Theano 1.0.5, for symgrad's to be compared with.

    THEANO_FLAGS=floatX=float64 python tests/reference/make_theano_random.py
    THEANO_FLAGS=floatX=float32 python tests/reference/make_theano_random.py

Runs where Theano is installed (made with Theano 1.0.5, NumPy 1.17, Python 3.7, g++, on a processor
that multiplies and adds in one rounding); each run replaces one half of `theano_random.npz`.
`CASES` is also read by the tests.
"""

import sys
from pathlib import Path

import numpy as np

VALUES = Path(__file__).with_name("theano_random.npz")
CALLS = 3
TABLE = np.array([[0.1, 0.2, 0.7], [0.3, 0.3, 0.4], [0.98, 0.01, 0.01], [0.05, 0.9, 0.05]])
WIDE = np.arange(1, 13).reshape(2, 6) / np.array([[21.0], [57.0]])

# name: seed, and the samples that are made from it in this order.
MRG = {
    "uniform": (
        12345,
        [("uniform", ((4, 5),), {}), ("uniform", ((3,),), {}), ("uniform", ((),), {})],
    ),
    "seeds": (
        [1, 2, 3, 4, 5, 6],
        [("uniform", ((7, 2),), {}), ("uniform", ((50,),), {"nstreams": 4})],
    ),
    "scaled": (7, [("uniform", ((40,),), {"low": -0.1, "high": 0.3})]),
    "double": (
        11,
        [("uniform", ((9,),), {"dtype": "float64"}), ("normal", ((9,),), {"dtype": "float64"})],
    ),
    "single": (
        11,
        [
            ("uniform", ((9,),), {"dtype": "float32"}),
            ("uniform", ((9,),), {"dtype": "float32", "nstreams": 1}),
        ],
    ),
    "normal": (
        99,
        [
            ("normal", ((3, 5),), {}),
            ("normal", ((8,),), {"avg": 0.3, "std": 1.7}),
            ("normal", ((11,),), {"nstreams": 3}),
        ],
    ),
    "binomial": (
        3,
        [("binomial", ((20,),), {"p": 0.3}), ("binomial", ((2, 9),), {"dtype": "float32"})],
    ),
    "multinomial": (
        5,
        [("multinomial", (), {"pvals": TABLE}), ("multinomial", (), {"pvals": TABLE, "n": 5})],
    ),
    "choice": (
        6,
        [
            ("choice", (), {"p": WIDE, "size": 3, "replace": False}),
            ("choice", (), {"p": WIDE.astype("float32"), "size": 5, "replace": False}),
        ],
    ),
    "truncated": (
        8,
        [("truncated_normal", ((101,),), {}), ("normal", ((40,),), {"truncate": True, "avg": 1.0})],
    ),
}
NUMPY = {
    "uniform": (
        234,
        [("uniform", ((2, 2),), {}), ("uniform", ((5,),), {"low": -1.0, "high": 0.1})],
    ),
    "normal": (1, [("normal", ((3,),), {}), ("normal", ((2, 2),), {"avg": 0.1, "std": 3.0})]),
    "shapes": (
        902340,
        [
            ("normal", (None,), {"avg": TABLE, "std": 0.5}),
            ("uniform", ((3, -1),), {"high": TABLE[0]}),
        ],
    ),
    "binomial": (2, [("binomial", ((9,),), {"n": 7, "p": 0.3}), ("binomial", ((9,),), {})]),
    "integers": (
        3,
        [
            ("random_integers", ((9,),), {"low": -3, "high": 127}),
            ("random_integers", (None,), {"high": np.array([1, 5, 900])}),
        ],
    ),
    "choice": (
        4,
        [
            ("choice", ((9,),), {"a": 7}),
            ("choice", ((3,),), {"a": 4, "replace": False}),
            ("choice", ((4,),), {"a": 3, "p": [0.2, 0.3, 0.5]}),
        ],
    ),
    "poisson": (5, [("poisson", ((9,),), {"lam": 4.5})]),
    "permutation": (6, [("permutation", (), {"n": 7}), ("permutation", ((2, 3),), {"n": 4})]),
    "multinomial": (
        7,
        [
            ("multinomial", (), {"pvals": TABLE, "n": 6}),
            ("multinomial", ((5,),), {"pvals": [0.2, 0.8], "n": 3}),
        ],
    ),
}


def made(streams, cases):
    """The samples of a case, as variables."""
    return [getattr(streams, law)(*args, **options) for law, args, options in cases]


def main():
    import theano
    from theano.sandbox.rng_mrg import MRG_RandomStreams
    from theano.tensor.shared_randomstreams import RandomStreams

    floatX = theano.config.floatX
    values = dict(np.load(str(VALUES))) if VALUES.exists() else {}
    for kind, maker, cases in (("mrg", MRG_RandomStreams, MRG), ("numpy", RandomStreams, NUMPY)):
        for name, (seed, samples) in sorted(cases.items()):
            streams = maker(seed)
            draw = theano.function([], made(streams, samples))
            calls = [draw() for _ in range(CALLS)]
            streams.seed(17)
            calls.append(draw())
            for k in range(len(samples)):
                key = "/".join((floatX, kind, name, str(k)))
                values[key] = np.stack([np.asarray(call[k]) for call in calls])
    np.savez_compressed(str(VALUES), **values)


if __name__ == "__main__":
    sys.exit(main())
