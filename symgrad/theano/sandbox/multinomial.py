"""Uniform draws to outcomes of given probabilities."""

from symgrad.theano.ops.outcomes import ChoiceFromUniform, MultinomialFromUniform

__all__ = ["ChoiceFromUniform", "MultinomialFromUniform"]
