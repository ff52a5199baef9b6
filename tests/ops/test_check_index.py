"""Checks inside a function: what they raise, with numbers, on every backend."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

from symgrad.ops.check_index import (
    CheckIndex,
    IndexCheckFailed,
    LengthCheckFailed,
    check_shape,
    failed_check,
)

MODES = ("FAST_COMPILE", "CVM", "NUMBA")
index = pt.lvector("index")
rows = pt.dmatrix("rows")


@pytest.mark.parametrize("verbosity", ["low", "medium", "high"])
@pytest.mark.parametrize("numbers", [(), (12,)])
@pytest.mark.parametrize("mode", MODES)
def test_an_index_out_of_range(mode, numbers, verbosity):
    f = pytensor.function([index], CheckIndex()(index, 5, *numbers), mode=mode)
    assert f([-5, 4, -1]).tolist() == [0, 4, 4]
    with (
        pytensor.config.change_flags(exception_verbosity=verbosity),
        pytest.raises(IndexError, match="index -6 is out of range for an axis of length 5") as info,
    ):
        f([0, -6])
    failed = failed_check(info.value)
    assert isinstance(failed, IndexCheckFailed)
    assert (failed.given, failed.limit, failed.number) == (-6, 5, *(numbers or (None,)))


@pytest.mark.parametrize("mode", [*MODES, "JAX"])
def test_rows_of_another_length(mode):
    f = pytensor.function([rows], check_shape(rows, 7, [3, 2]), mode=mode)
    assert f(np.ones((3, 2))).shape == (3, 2)
    with pytest.raises(ValueError, match="4 rows, .* are written where 3 are chosen") as info:
        f(np.ones((4, 2)))
    failed = failed_check(info.value)
    assert isinstance(failed, LengthCheckFailed)
    assert (failed.given, failed.limit, failed.number) == (4, 3, 7)


def test_an_error_of_something_else():
    assert failed_check(IndexError("index 3 is out of bounds")) is None
    other = ValueError("what was made of it")
    other.__context__ = IndexCheckFailed(9, 4, 0)
    assert failed_check(other) is other.__context__
