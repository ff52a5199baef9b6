"""What explain refuses, and the example."""

import runpy
from pathlib import Path

import pytensor.tensor as pt
import pytest

import symgrad as sg
from symgrad.explain import explain
from tests.explain.costs import explained, lookup


def test_bad_input_is_refused():
    _, index, subset, cost = lookup()
    wrong = {
        "names 0 of the inputs": {"values": {"idx": [1]}},
        "has nothing for the input index": {"values": {}},
        "has 2 dimensions": {"values": {index: [[1]]}},
        "give a mapping": {"values": [1]},
        "rule is str": {"rule": "adam"},
        "the rule returned list": {"rule": lambda cost, params: []},
    }
    for words, options in wrong.items():
        with pytest.raises(sg.errors.HyperparameterError, match=words):
            explained(cost, subset, **options)
    with pytest.raises(sg.errors.BackendError, match="choose one of c, numba, jax"):
        explain(cost, subset, backend="gpu")
    with pytest.raises(sg.errors.DisconnectedError, match="nothing to derive"):
        explained(pt.lscalar("k") * 2)
    with pytest.raises(sg.errors.SubsetRebuiltError):
        explain(cost, subset.owner.op(*subset.owner.inputs))


def test_the_example(tmp_path, capsys):
    example = Path(__file__).parents[2] / "examples" / "04_derive_a_gradient.py"
    main = runpy.run_path(str(example))["main"]
    assert main(["--out", str(tmp_path)]) == 0
    assert capsys.readouterr().out.count(" lines, 0 wrong") == 4
    for name in ("lookup_table", "logistic_regression", "softmax_cross_entropy", "lstm_step"):
        for suffix in (".html", ".svg", ".md"):
            assert (tmp_path / f"{name}{suffix}").stat().st_size > 300
    for suffix in (".html", ".md"):
        page = (tmp_path / f"lstm_step{suffix}").read_text(encoding="utf-8")
        assert "sum over 4 consumers" in page
