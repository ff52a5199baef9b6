"""Convolution and pooling for PyTensor: Ops over the last axes of images and volumes.

:mod:`~symgrad.spatial.convolution` has the convolution with its two gradients,
:mod:`~symgrad.spatial.pooling` maxima, sums and averages of windows with their gradients, and
:mod:`~symgrad.spatial.patches` patches as rows of a matrix. All run in Python, C, Numba and JAX.
"""

from functools import partial
from importlib import import_module

from symgrad.dispatch import JAX, NUMBA, when_imported

for _backend, _module in ((NUMBA, "numba_dispatch"), (JAX, "jax_dispatch")):
    for _package in ("convolution", "pooling"):
        when_imported(_backend, partial(import_module, f"symgrad.spatial.{_package}.{_module}"))
