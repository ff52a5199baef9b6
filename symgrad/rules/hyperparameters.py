"""Hyper-parameters that many rules have, with their ranges."""

from symgrad.emit.hyperparameter import Hyperparameter

__all__ = ["decay_rate", "epsilon", "learning_rate", "penalty"]


def learning_rate(
    default: float | None = None, meaning: str = "Scale of the step [w unit]."
) -> Hyperparameter:
    """At least 0."""
    return Hyperparameter(default, at_least=0, meaning=meaning)


def decay_rate(default: float, meaning: str) -> Hyperparameter:
    """What stays of an average or a velocity, in [0, 1)."""
    return Hyperparameter(default, at_least=0, below=1, meaning=meaning)


def epsilon(default: float, meaning: str) -> Hyperparameter:
    """What keeps a denominator from 0, at least 0."""
    return Hyperparameter(default, at_least=0, meaning=meaning)


def penalty(default: float, meaning: str) -> Hyperparameter:
    """A penalty or decay of the weights, at least 0."""
    return Hyperparameter(default, at_least=0, meaning=meaning)
