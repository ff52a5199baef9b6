"""The suite can fail: each of these mistakes, put into a copy of the package, must turn it red."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# name -> (file, what stands there, what a mistake would write, the tests that must notice).
MUTATIONS = {
    "flip a sign": (
        "rules/momentum.py",
        "return -h.learning_rate * g, {}",
        "return h.learning_rate * g, {}",
        "tests/rules/test_rules.py::test_dense_values_of_libraries",
    ),
    "drop coalesce": (
        "cost/join.py",
        "rows, summed, _ = coalesce(index, gradient, length)",
        "rows, summed = index, gradient",
        "tests/rules/test_rules.py::test_subset_values_of_torch",
    ),
    "inc where a set is meant": (
        "cost/place.py",
        "pt.set_subtensor(table[self.key], block)",
        "pt.inc_subtensor(table[self.key], block)",
        "tests/rules/test_rules.py::test_subset_values_of_torch",
    ),
    "set where an inc is meant": (
        "cost/place.py",
        "pt.inc_subtensor(table[self.key], step)",
        "pt.set_subtensor(table[self.key], step)",
        "tests/rules/test_rules.py::test_subset_values_of_torch",
    ),
    "epsilon outside the root": (
        "rules/adaptive.py",
        "step = -h.learning_rate * g / pt.sqrt(accumulator + h.epsilon)\n    return step, "
        '{"accumulator": accumulator}\n\n\ndef _rowwise',
        "step = -h.learning_rate * g / (pt.sqrt(accumulator) + h.epsilon)\n    return step, "
        '{"accumulator": accumulator}\n\n\ndef _rowwise',
        "tests/rules/test_rules.py::test_dense_values_of_libraries",
    ),
    "no bias correction": (
        "rules/adam.py",
        "rate = h.learning_rate * pt.sqrt(1 - h.beta2**t) / (1 - h.beta1**t)",
        "rate = h.learning_rate",
        "tests/rules/test_rules.py::test_dense_values_of_libraries",
    ),
    "skip the check of an index": (
        "compile/check_indices.py",
        "        return CheckIndex()(index, length, number)\n\n    def _report",
        "        return pt.cast(index, 'int64')\n\n    def _report",
        "tests/compile/test_check_indices.py::test_every_kind_of_read_is_checked",
    ),
    "accept an index one too large": (
        "ops/check_index.py",
        "i[k] >= length",
        "i[k] > length",
        "tests/compile/test_check_indices.py::test_an_index_out_of_range_is_named_and_changes_nothing",
    ),
    "accept one too large on JAX": (
        "compile/check_indices.py",
        "pt.ge(index, length)",
        "pt.gt(index, length)",
        "tests/compile/test_check_indices.py::test_an_index_out_of_range_is_named_and_changes_nothing",
    ),
    "write although a check failed on JAX": (
        "compile/check_indices.py",
        "checked.outputs, checked.updates = hold_back(checked.outputs, checked.updates, fine)",
        "pass",
        "tests/compile/test_check_indices.py::test_an_index_out_of_range_is_named_and_changes_nothing",
    ),
    "write before the work is done": (
        "backends/writes_last.py",
        "return {writer: list(early) for writer in writers}",
        "return {}",
        "tests/compile/test_check_indices.py::test_work_that_fails_late_changes_nothing",
    ),
    "keep the unsound rewrites": (
        "backends/rewrite_order.py",
        "mode.including(EVERY).excluding(*UNSOUND)",
        "mode.including(EVERY)",
        "tests/compile/test_function.py::test_a_set_with_repeats_means_what_numpy_means "
        "tests/compile/test_function.py::test_a_read_after_a_set_sees_what_was_written",
    ),
    "leave Scans to PyTensor": (
        "backends/scans.py",
        "get_mode(stock).including(*tags).excluding(*excluded)",
        "get_mode(stock).including(*tags)",
        "tests/compile/test_function.py::test_a_set_with_repeats_inside_a_scan_keeps_its_last_row",
    ),
    "write before other reads": (
        "backends/xla/reads_first.py",
        "        if not late:\n",
        "        if True:\n",
        "tests/backends/xla/test_donation.py::test_xla_needs_no_second_table",
    ),
    "let any stride be dense": (
        "backends/c/elemwise.py",
        "dense = dense && stride[k] == (stays ? 0 : (npy_intp)sizeof({ctype}));",
        "",
        "tests/backends/c/test_elemwise.py::test_is_what_numpy_computes",
    ),
    "do not donate": (
        "backends/xla/linker.py",
        "donate_argnums=updated",
        "donate_argnums=()",
        "tests/backends/xla/test_donation.py::test_jax_donates_the_tables",
    ),
    "ignore a mask": (
        "emit/emitter.py",
        "if block.mask is None:\n            return new",
        "if True:\n            return new",
        "tests/emit/test_updates.py::TestMask",
    ),
    "count padding as rows": (
        "cost/place.py",
        "if self.used is None:",
        "if True:",
        "tests/emit/test_updates.py::TestTransforms",
    ),
    "overlook another path": (
        "cost/gradients.py",
        "if variable in tables and consumer is not None:",
        "if False:",
        "tests/cost/test_gradients.py",
    ),
    "count calls where visits are meant": (
        "emit/emitter.py",
        'if self.rule.clock and self.options.counter == "row":',
        "if False:",
        "tests/emit/test_updates.py::TestMask::test_of_rows_only",
    ),
    "forget when a row was read": (
        "emit/emitter.py",
        "+ self.catch_up.calls + 1",
        "+ self.catch_up.calls",
        "tests/emit/test_lagging_rows.py::test_the_dense_run_to_rounding[adamw]",
    ),
    "add up the missed steps of a call less": (
        "emit/lagging_rows.py",
        "self._last.ravel() + 1",
        "self._last.ravel() + 2",
        "tests/emit/test_lagging_rows.py::test_a_schedule_and_row_rates",
    ),
    "admit a limit that is excluded": (
        "emit/hyperparameter.py",
        "number > self.above",
        "number >= self.above",
        "tests/emit/test_rule.py::TestDefinitions::test_ranges",
    ),
    "leave what a law returns unchecked": (
        "emit/definition.py",
        'self._compare_names("the law returned the slots", new, self.slots)',
        "pass",
        "tests/emit/test_rule.py::TestDefinitions::test_laws_that_return_something_else",
    ),
    "leave other rules at the rows before": (
        "emit/updates.py",
        "mine, theirs = self.with_replaced(other.caught_up), other.with_replaced(self.caught_up)",
        "mine, theirs = self, other",
        "tests/emit/test_lagging_rows.py::test_parameters_of_other_rules_see_the_rows_caught_up",
    ),
    "let a table be swept": (
        "compile/audit.py",
        'kind, blame = "swept", str(node)\n                continue',
        "continue",
        "tests/compile/test_audit.py::test_the_audit_names_what_is_not_rows",
    ),
}


@pytest.mark.mutation
@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mistake_turns_the_suite_red(name, tmp_path):
    file, right, wrong, tests = MUTATIONS[name]
    for folder in ("symgrad", "tests", "docs"):  # rules of a page are tested
        shutil.copytree(ROOT / folder, tmp_path / folder)
    shutil.copy(ROOT / "setup.cfg", tmp_path)
    source = tmp_path / "symgrad" / file
    text = source.read_text()
    assert text.count(right) == 1, "the mutation no longer fits the source"
    source.write_text(text.replace(right, wrong))
    # Compiled code is cached by version, not by source: a changed Op needs an empty cache.
    flags = f"base_compiledir={tmp_path / 'compiled'}" if "c_code" in text else ""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests.split()],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path), "PYTENSOR_FLAGS": flags},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout[-3000:]
    assert "failed" in done.stdout
