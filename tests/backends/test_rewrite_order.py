"""Every rewrite stands where the table says, between the rewrites that it must stand between."""

import pytest
from pytensor.compile.mode import get_mode

from symgrad.backends import BACKENDS, mode_of
from symgrad.backends.rewrite_order import ORDER, register
from symgrad.backends.tags import EVERY, UNSOUND
from symgrad.pytensor_compat import POSITIONS, position_of

NAMES = [placed.name for placed in ORDER]


@pytest.fixture(autouse=True)
def registered():
    register()
    register()  # the second time does nothing


def test_names_are_unique_and_in_the_order_of_their_positions():
    assert len(set(NAMES)) == len(NAMES)
    places = [(placed.position, placed.name) for placed in ORDER]
    assert places == sorted(places)


@pytest.mark.parametrize("placed", ORDER, ids=NAMES)
def test_a_rewrite_comes_between_its_neighbours(placed):
    assert position_of(placed.name) == placed.position
    if placed.after:
        assert position_of(placed.after) < placed.position
    if placed.before:
        assert placed.position < position_of(placed.before)
    assert placed.after or placed.before
    assert placed.why


def test_every_position_that_is_relied_on_is_checked():
    neighbours = {name for placed in ORDER for name in (placed.after, placed.before) if name}
    assert neighbours - set(NAMES) == set(POSITIONS)


def test_tags_are_our_own():
    for backend in BACKENDS.values():
        assert not set(names_of(get_mode(backend.stock))) & set(NAMES)
    for placed in ORDER:
        assert placed.tags[0].startswith(EVERY)
        assert set(placed.tags[1:]) <= {"inplace"}


def names_of(mode):
    """The names under which the rewrites of a mode are registered, in their order."""
    rewriter = getattr(mode.optimizer, "_rewriter", mode.optimizer)  # newer PyTensor wraps it
    return [getattr(rewrite, "name", None) for rewrite in rewriter]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_mode_has_the_rewrites_of_its_backend_in_order(backend):
    if BACKENDS[backend].missing():
        pytest.skip("the backend is not here")
    mode = mode_of(backend)
    tags = set(mode.provided_optimizer.include) | {"inplace"}
    wanted = [placed for placed in ORDER if placed.tags[0] in tags]
    if backend == "jax":  # the linker leaves the tag out
        wanted = [placed for placed in wanted if "inplace" not in placed.tags]
    present = names_of(mode)
    assert [name for name in present if name in NAMES] == [placed.name for placed in wanted]
    assert not set(present) & set(UNSOUND)
