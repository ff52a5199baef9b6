"""Gradients derived line by line: a lookup table, two classifiers and a step of an LSTM."""

# %% [markdown]
# # How a gradient comes about
#
# `explain` differentiates a cost the way you would by hand: a line for each step of the
# computation, then the chain rule backwards, with the law of each line, and sums where a value was
# used more than once. Each line is an expression that can be computed, and `check` computes them
# all.

# %%
import argparse
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytensor.tensor as pt

import symgrad as sg
from symgrad.explain import explain

# %% [markdown]
# ## The lookup table of Theano's FAQ
#
# The page shows the selection of rows, the scatter-add that would take their gradient back to the
# whole table, the row that is read twice, and what momentum does to it. Open the page in a browser,
# and step through the lines with the arrow keys.


# %%
def lookup_table():
    """The FAQ's subset, with a rule and the numbers of a call."""
    lookup_table = sg.shared(np.arange(10.0).reshape(5, 2), name="lookup_table")
    vector_of_indices = pt.lvector("vector_of_indices")
    subset = lookup_table[vector_of_indices]
    subset.name = "subset"
    cost = ((subset - 1) ** 2).sum()
    cost.name = "cost"
    rule = partial(sg.momentum, learning_rate=0.1)
    return explain(cost, subset, rule=rule, values={"vector_of_indices": [3, 1, 3]})


# %% [markdown]
# ## Logistic regression
#
# Name what you want to see: `p` keeps its name, everything else is called `z1`, `z2`... The weights
# are used by the prediction and by the penalty, so two terms are summed.


# %%
def logistic_regression():
    """Cross-entropy of a linear classifier, with a penalty."""
    X, y = pt.dmatrix("X"), pt.dvector("y")
    w, b = pt.dvector("w"), pt.dscalar("b")
    p = pt.sigmoid(X @ w + b)
    p.name = "p"
    cost = -(y * pt.log(p) + (1 - y) * pt.log(1 - p)).mean() + 0.01 * (w**2).sum()
    cost.name = "cost"
    values = {"X": [[1.0, 2.0], [3.0, -1.0]], "y": [1.0, 0.0], "w": [0.5, -0.5], "b": 0.1}
    return explain(cost, [w, b], values=values)


# %% [markdown]
# ## Softmax and cross-entropy
#
# The probability of each row's own class is an indexed read, and its adjoint is a scatter-add.


# %%
def softmax_cross_entropy():
    """Several classes."""
    X, target = pt.dmatrix("X"), pt.lvector("target")
    W, b = pt.dmatrix("W"), pt.dvector("b")
    scores = X @ W + b
    scores.name = "scores"
    logs = pt.special.log_softmax(scores, axis=1)
    cost = -logs[pt.arange(target.shape[0]), target].mean()
    cost.name = "cost"
    return explain(cost, [W, b])


# %% [markdown]
# ## A step of an LSTM
#
# Four gates read the hidden state, and its adjoint has a term from each. The cell state goes only
# through a product and a sum: that is why its gradient lasts.


# %%
def lstm_step():
    """One step, from the state before to a cost of the state after."""
    x, h, c = (pt.vector(name, shape=(3,)) for name in ("x", "h", "c"))

    def gate(name, function):
        W, U = (pt.matrix(f"{kind}_{name}", shape=(3, 3)) for kind in "WU")
        made = function(W @ x + U @ h + pt.vector(f"b_{name}", shape=(3,)))
        made.name = name
        return made

    i, f, o = (gate(name, pt.sigmoid) for name in "ifo")
    g = gate("g", pt.tanh)
    new_c = f * c + i * g
    new_c.name = "new_c"
    new_h = o * pt.tanh(new_c)
    new_h.name = "new_h"
    cost = (new_h**2).sum()
    cost.name = "cost"
    return explain(cost, [h, c], backend=None)


PAGES = (lookup_table, logistic_regression, softmax_cross_entropy, lstm_step)


# %%
def main(argv=None):
    """Write each page as HTML, as a drawing and as Markdown, and check its lines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parent / "pictures" / "gradients"
    )
    out = parser.parse_args(argv).out
    out.mkdir(parents=True, exist_ok=True)
    all_true = True
    for page in PAGES:
        e = page()
        path = out / page.__name__
        for suffix in (".html", ".svg", ".md"):
            e.save(path.with_suffix(suffix))
        result = e.check()
        all_true = all_true and bool(result)
        print(f"{page.__name__}: {result}; {path}.html")
    return 0 if all_true else 1


if __name__ == "__main__":
    sys.exit(main())
