"""What the tests of the port share: the recorded values, and how they are compared."""

from pathlib import Path

import numpy as np

REFERENCE = Path(__file__).parents[1] / "reference"


def assert_same(ours, recorded, renamed=()):
    """Values agree with those recorded from Theano; `renamed` are names of errors that differ."""
    if isinstance(recorded, list):
        ours = list(ours) if not isinstance(ours, np.ndarray) else ours
        assert len(ours) == len(recorded)
        for our_item, recorded_item in zip(ours, recorded, strict=True):
            assert_same(our_item, recorded_item, renamed)
    elif isinstance(recorded, (str, bool)) or recorded is None:
        assert ours in (recorded, dict(renamed).get(recorded, recorded))
    else:
        assert np.shape(ours) == ()
        np.testing.assert_allclose(ours, recorded, rtol=1e-6, atol=1e-9)
