"""Find the names of Theano that a program uses in its syntax tree, without running it."""

import ast
from dataclasses import dataclass, field, replace
from typing import Any

from symgrad.theano.names import recorded

__all__ = ["Flag", "Keyword", "Names", "Use", "read"]

# What programs catch where a name may be absent, in an import and in an attribute.
_CAUGHT = {
    "import": {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"},
    "attribute": {"AttributeError", "Exception", "BaseException"},
}
# Names and words by which a program asks for a GPU. What follows the question is optional.
_GPU = ("theano.sandbox.cuda", "theano.gpuarray", "theano.config.device", "gpu", "cuda")
_PY2_NAMES = {"basestring", "execfile", "raw_input", "reduce", "unichr", "unicode", "xrange"}
_PY2_METHODS = {"has_key", "iteritems", "iterkeys", "itervalues"}
_PY2_MODULES = {"ConfigParser", "Queue", "StringIO", "__builtin__", "cPickle", "cStringIO"}
_PY2_MODULES |= {"urllib2", "urlparse"}


@dataclass(frozen=True)
class Use:
    """A dotted name at a line.

    It is optional if the program goes on without it. In an ``except ImportError`` it stands in for
    the names of the ``try``, and is needed only if one of these is missing.
    """

    name: str
    line: int
    optional: bool = False
    stands_in_for: tuple = ()


@dataclass(frozen=True)
class Keyword:
    """A keyword argument of a function, with its value if that is a constant."""

    function: str
    keyword: str
    value: object
    line: int


@dataclass(frozen=True)
class Flag:
    """A flag in a string for ``THEANO_FLAGS``."""

    name: str
    value: str
    line: int


@dataclass
class Names:
    """All names, keywords, flags and Python 2 that a program uses, and the modules it imports."""

    uses: list[Use] = field(default_factory=list)
    keywords: list[Keyword] = field(default_factory=list)
    flags: list[Flag] = field(default_factory=list)
    python_2: list[tuple[str, int]] = field(default_factory=list)
    modules: set[str] = field(default_factory=set)


def read(tree: ast.Module) -> Names:
    r"""Find the names that a program uses.

    Parameters
    ----------
    tree : ast.Module

    Returns
    -------
    Names
        Whatever aliases the program uses: ``theano.tensor.nnet.softmax`` for ``T.nnet.softmax``.

    Examples
    --------
    >>> import ast
    >>> from symgrad.theano.port.used_names import read
    >>> tree = ast.parse("from theano import tensor as T\ncost = T.nnet.softmax(x)")
    >>> [(use.name, use.line) for use in read(tree).uses]
    [('theano.tensor', 1), ('theano.tensor.nnet.softmax', 2)]
    """
    reader = _Reader()
    reader.run(tree)
    return reader.names


class _Reader(ast.NodeVisitor):
    """Follow assignments and imports, roughly in the order in which a program runs them."""

    def __init__(self):
        self.names = Names()
        self._scopes: list[dict[str, str | None]] = [{}]
        self._later = []
        # Which of "import" and "attribute" may be absent here.
        self._absent: frozenset[str] = frozenset()
        self._stands_in_for: tuple[str, ...] = ()
        self._sometimes = 0  # inside of an `if` or a `try`, a name may keep its value

    def run(self, tree):
        self.visit(tree)
        while self._later:
            body, self._scopes = self._later.pop(0)
            self._absent, self._sometimes = frozenset(), 0
            for node in body:
                self.visit(node)

    # Names are bound to a dotted name, or to None for anything else.

    def _lookup(self, name):
        return next((scope[name] for scope in reversed(self._scopes) if name in scope), None)

    def _is_bound(self, name):
        return any(name in scope for scope in self._scopes)

    def _bind(self, name, dotted):
        if dotted is None and self._sometimes and self._scopes[-1].get(name):
            return
        self._scopes[-1][name] = dotted

    def _bind_targets(self, target, value=None):
        several = (ast.Tuple, ast.List)
        if isinstance(target, ast.Name):
            self._bind(target.id, value and self._dotted(value))
        elif isinstance(target, several):
            values: list[Any] = value.elts if isinstance(value, several) else []
            values = values if len(values) == len(target.elts) else [None] * len(target.elts)
            for part, part_value in zip(target.elts, values, strict=True):
                self._bind_targets(part, part_value)
        elif isinstance(target, ast.Starred):
            self._bind_targets(target.value)
        else:
            self.visit(target)

    def _dotted(self, node):
        if isinstance(node, ast.Name):
            return self._lookup(node.id)
        if isinstance(node, ast.Attribute):
            base = self._dotted(node.value)
            return base and f"{base}.{node.attr}"
        if isinstance(node, ast.Call):
            return self._dotted_call(node)
        return None

    def _dotted_call(self, node):
        """The name in ``getattr(T, "exp")`` or ``import_module("theano")``."""
        strings = [
            argument.value if isinstance(argument, ast.Constant) else None for argument in node.args
        ]
        name = node.func.id if isinstance(node.func, ast.Name) else None
        if name in ("getattr", "hasattr") and len(strings) > 1 and isinstance(strings[1], str):
            base = self._dotted(node.args[0])
            return base and f"{base}.{strings[1]}"
        imports = name == "__import__" or self._dotted(node.func) == "importlib.import_module"
        return strings[0] if imports and strings and isinstance(strings[0], str) else None

    def _record(self, name, node, kind):
        use = Use(name, node.lineno, kind in self._absent, self._stands_in_for)
        self.names.uses.append(use)

    # Imports.

    def visit_Import(self, node):
        for alias in node.names:
            self._imported_module(alias.name, node)
            first = alias.name.partition(".")[0]
            self._bind(alias.asname or first, alias.name if alias.asname else first)
            self._record(alias.name, node, "import")

    def visit_ImportFrom(self, node):
        module = None if node.level else node.module
        if module:
            self._imported_module(module, node)
        for alias in node.names:
            if alias.name == "*":
                self._record(module or "", node, "import")
                for name in recorded().get(module or "", ()):
                    self._bind(name, f"{module}.{name}")
                continue
            dotted = module and f"{module}.{alias.name}".replace("theano.theano", "theano")
            self._bind(alias.asname or alias.name, dotted)
            if dotted:
                self._record(dotted, node, "import")

    def _imported_module(self, name, node):
        first = name.partition(".")[0]
        self.names.modules.add(first)
        if first in _PY2_MODULES and "import" not in self._absent:
            self.names.python_2.append((first, node.lineno))

    # Uses.

    def visit_Name(self, node):
        if isinstance(node.ctx, ast.Load):
            dotted = self._lookup(node.id)
            if dotted:
                self._record(dotted, node, "attribute")
            elif node.id in _PY2_NAMES and not self._is_bound(node.id):
                self.names.python_2.append((node.id, node.lineno))

    def visit_Attribute(self, node):
        dotted = self._dotted(node)
        is_set = isinstance(node.ctx, ast.Store)
        if dotted and (not is_set or dotted.startswith("theano.config.")):
            self._record(dotted, node, "attribute")
        else:
            self.generic_visit(node)

    def visit_Call(self, node):
        dotted = self._dotted_call(node)
        if dotted:
            asks = getattr(node.func, "id", "") == "hasattr" or len(node.args) > 2
            kind = "import" if "module" in ast.dump(node.func) else "attribute"
            self._record(dotted, node, kind)
            if asks:
                self.names.uses[-1] = replace(self.names.uses[-1], optional=True)
            return
        if getattr(node.func, "attr", None) in _PY2_METHODS and not self._dotted(node.func):
            self.names.python_2.append((f".{node.func.attr}()", node.lineno))
        self._keywords(node)
        constants = [part.value for part in node.args if isinstance(part, ast.Constant)]
        if "THEANO_FLAGS" in constants:
            self._flags(node)
        self.generic_visit(node)

    def _keywords(self, node):
        function = self._dotted(node.func)
        for given in node.keywords if function else ():
            if given.arg:
                value = given.value.value if isinstance(given.value, ast.Constant) else None
                keyword = Keyword(function, given.arg, value, given.value.lineno)
                self.names.keywords.append(keyword)

    def _flags(self, node):
        for part in ast.walk(node):
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                for setting in part.value.split(","):
                    name, equals, value = setting.strip().partition("=")
                    if equals and name.replace(".", "").replace("_", "").isalnum():
                        self.names.flags.append(Flag(name.strip(), value.strip(), part.lineno))

    # Statements that bind names.

    def visit_Assign(self, node):
        self.visit(node.value)
        for target in node.targets:
            self._assigned_flags(target, node.value)
            self._bind_targets(target, node.value)

    def visit_AnnAssign(self, node):
        if node.value is not None:
            self.visit(node.value)
            self._bind_targets(node.target, node.value)

    def visit_AugAssign(self, node):
        self.visit(node.value)
        self._assigned_flags(node.target, node.value)
        self._bind_targets(node.target)

    def visit_NamedExpr(self, node):
        self.visit(node.value)
        self._bind_targets(node.target, node.value)

    def _assigned_flags(self, target, value):
        key = getattr(target, "slice", None)
        if isinstance(key, ast.Constant) and key.value == "THEANO_FLAGS":
            self._flags(value)

    def _loop(self, node):
        self.visit(node.iter)
        self._bind_targets(node.target)
        self._block(node.body, node.orelse)

    visit_For = visit_AsyncFor = _loop

    def visit_While(self, node):
        self.visit(node.test)
        self._block(node.body, node.orelse)

    def _with(self, node):
        for item in node.items:
            self.visit(item.context_expr)
            if item.optional_vars is not None:
                self._bind_targets(item.optional_vars)
        for statement in node.body:
            self.visit(statement)

    visit_With = visit_AsyncWith = _with

    def visit_If(self, node):
        self.visit(node.test)
        absent = {"import", "attribute"} if self._asks_for_a_gpu(node.test) else ()
        self._block(node.body, absent=absent)
        self._block(node.orelse)

    def _asks_for_a_gpu(self, test):
        words = {self._dotted(part) or "" for part in ast.walk(test)}
        words |= {
            part.value
            for part in ast.walk(test)
            if isinstance(part, ast.Constant) and isinstance(part.value, str)
        }
        return any(word.startswith(_GPU) for word in words)

    def _block(self, *bodies, absent=()):
        before = self._absent
        self._absent, self._sometimes = before | set(absent), self._sometimes + 1
        for body in bodies:
            for statement in body:
                self.visit(statement)
        self._absent, self._sometimes = before, self._sometimes - 1

    def visit_Try(self, node):
        caught = {name for handler in node.handlers for name in _exceptions(handler)}
        absent = {kind for kind, names in _CAUGHT.items() if names & caught}
        first = len(self.names.uses)
        self._block(node.body, absent=absent)
        before = self._stands_in_for
        if absent:
            self._stands_in_for = tuple(use.name for use in self.names.uses[first:])
        for handler in node.handlers:
            if handler.name:
                self._bind(handler.name, None)
            self._block(handler.body)
        self._stands_in_for = before
        self._block(node.orelse, node.finalbody)

    visit_TryStar = visit_Try

    # Scopes. The body of a function is visited last, when all around it is defined.

    def _function(self, node):
        for part in (*node.decorator_list, node.args):
            self.visit(part)
        self._bind(node.name, None)
        self._later.append((node.body, self._inner(node.args)))

    visit_FunctionDef = visit_AsyncFunctionDef = _function

    def _inner(self, arguments):
        parameters = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        parameters += [star for star in (arguments.vararg, arguments.kwarg) if star]
        outside = [scope for scope in self._scopes if not scope.get("a class body")]
        return [*outside, {parameter.arg: None for parameter in parameters}]

    def visit_Lambda(self, node):
        self.visit(node.args)
        outside, self._scopes = self._scopes, self._inner(node.args)
        self.visit(node.body)
        self._scopes = outside

    def visit_ClassDef(self, node):
        for part in (*node.decorator_list, *node.bases, *node.keywords):
            self.visit(part)
        self._scopes.append({"a class body": "yes"})
        for statement in node.body:
            self.visit(statement)
        self._scopes.pop()
        self._bind(node.name, None)

    def _comprehension(self, node):
        self._scopes.append({})
        for generator in node.generators:
            self.visit(generator.iter)
            self._bind_targets(generator.target)
            for test in generator.ifs:
                self.visit(test)
        for name in ("elt", "key", "value"):
            if hasattr(node, name):
                self.visit(getattr(node, name))
        self._scopes.pop()

    visit_ListComp = visit_SetComp = visit_GeneratorExp = visit_DictComp = _comprehension


def _exceptions(handler):
    """The names of the exceptions that a handler catches."""
    if handler.type is None:
        return ["BaseException"]
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return [getattr(kind, "id", getattr(kind, "attr", "")) for kind in kinds]
