"""What a function knows of a monitor that watches its updates, see :func:`symgrad.monitor`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from pytensor.graph.basic import Variable

__all__ = ["Reporter", "Watch"]


class Reporter(Protocol):
    """Measures before each call of one function, and reports after it."""

    def measure(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> np.ndarray | None:
        """What `Watch.vector` is before a call with these arguments; None if it is not due."""

    def report(self, measured: np.ndarray, values: Sequence[np.ndarray]) -> None:
        """Report what was measured before a call; `values` are those of the outputs."""


class Watch(Protocol):
    """What is measured of updates before a call; it makes a :class:`Reporter` for a function."""

    vector: Variable

    def reporter(self, measure: Callable[..., np.ndarray], outputs: Sequence[Variable]) -> Reporter:
        """The reporter of a function with these outputs.

        `measure` computes `vector`, and takes the arguments of the function.
        """
