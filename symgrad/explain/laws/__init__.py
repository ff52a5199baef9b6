"""How each Op is written, and what it passes back to its inputs.

Each module imports only from those listed before it:

1. ``notation``: the base class of all notations.
2. ``scalars``, ``tensors``, ``indexing`` and ``loops``: a mapping each, from Ops to notations.
3. ``table``: the mappings joined, with the notations of users in front.
"""
