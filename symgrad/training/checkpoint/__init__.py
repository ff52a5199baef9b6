"""Checkpoints: shared variables by name, in a file that is either complete or absent.

A checkpoint holds arrays (tables, slots, clocks), the state of NumPy's random generators, and
*notes* of the caller. Everything but the arrays is a single JSON document, the header; nothing is
pickled. The arrays are stored in an ``.npz`` or a ``.safetensors`` file, where other programs find
them by name.

- `states`: the shared variables that `save` and `load` are given, by name
- `entries`: what the header says of a value, and whether it fits a variable
- `header`: the JSON document
- `files`: the two formats, and how a file is replaced as a whole
"""

from symgrad.training.checkpoint.checkpoint import load as load
from symgrad.training.checkpoint.checkpoint import save as save

__all__ = ["load", "save"]
