"""The derivation of a gradient: the reverse pass, in formulas and as plain data.

Each module imports only from those listed before it:

1. ``factors`` and ``merge``: products taken apart, and common subexpressions.
2. ``simplify``: from an expression to its textbook form.
3. ``trace``: the reverse pass.
4. ``shapes`` and ``names``: shapes in letters, and formulas made with names.
5. ``rebuild``: evaluation of graphs, and their copies in float64.
6. ``derivation``: a node for each variable, with all that flows back to it.
7. ``calculus``: functions of one number, differentiated rule by rule.
"""
