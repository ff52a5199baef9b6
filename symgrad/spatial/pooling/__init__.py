"""Maxima, sums and averages of windows over the last axes of a tensor."""
