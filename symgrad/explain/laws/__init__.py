"""How each Op is written, and what it passes back to its inputs.

``notation`` has the base class. ``scalars``, ``tensors``, ``indexing`` and ``loops`` hold one
mapping each, from classes of Ops to notations. ``table`` joins them with those of users.
"""
