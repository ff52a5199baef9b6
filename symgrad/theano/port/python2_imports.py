"""Imports of Python 2: inside a package, modules of the same package come first."""

import ast
from pathlib import Path

__all__ = ["Siblings"]


class Siblings(ast.NodeTransformer):
    """Write ``from . import layers`` for ``import layers`` in a package that has ``layers.py``.

    Parameters
    ----------
    folder : str or Path
        The folder of the package whose module is changed.

    Examples
    --------
    >>> import ast, tempfile
    >>> from pathlib import Path
    >>> from symgrad.theano.port.python2_imports import Siblings
    >>> package = Path(tempfile.mkdtemp())
    >>> (package / "layers.py").touch()
    >>> tree = Siblings(package).visit(ast.parse("import os, layers as L"))
    >>> print(ast.unparse(tree))
    import os
    from . import layers as L
    """

    def __init__(self, folder):
        self._folder = Path(folder)

    def _has(self, name):
        path = self._folder / name.partition(".")[0]
        return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()

    def visit_ImportFrom(self, node):
        if node.level == 0 and self._has(node.module):
            node.level = 1
        return node

    def visit_Import(self, node):
        return [statement for alias in node.names for statement in self._statements(alias)]

    def _statements(self, alias):
        if not self._has(alias.name):
            return [ast.Import([alias])]
        above, _, last = alias.name.rpartition(".")
        if not above or alias.asname:
            return [ast.ImportFrom(above or None, [ast.alias(last, alias.asname)], 1)]
        # `import a.b` binds `a`, and loads `a.b`.
        first = alias.name.partition(".")[0]
        loaded = ast.alias(last, f"py2_{alias.name.replace('.', '_')}")
        return [
            ast.ImportFrom(above, [loaded], 1),
            ast.ImportFrom(None, [ast.alias(first)], 1),
        ]
