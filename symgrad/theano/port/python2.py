"""Translate Python 2 source in memory: statements, builtins, moved modules, division.

Tokens that Python 3 cannot parse are changed first (``print``, ``except X, e``, ``0777``, ``10L``).
The rest is done on the syntax tree and by the names of :mod:`~symgrad.theano.port.python2_names`.
"""

import ast
import io
import itertools
import re
import tokenize
from pathlib import Path
from types import CodeType
from typing import Any

from symgrad.theano.port.python2_imports import Siblings

__all__ = ["compile_source", "decode", "translate"]

# The name of a parameter that was a tuple starts with this; the text of the tuple follows.
TUPLE = "py2_tuple_"

_STRING = (
    r"[bBrRuU]{0,2}(?:'''(?:\\.|[^\\])*?'''|\"\"\"(?:\\.|[^\\])*?\"\"\""
    r"|'(?:\\.|[^'\\\n])*'|\"(?:\\.|[^\"\\\n])*\")"
)
_LEXICAL = re.compile(
    rf"(?P<skip>{_STRING}|\#[^\n]*)|(?P<not_equal><>)|(?P<backtick>`[^`\n]*`)"
    r"|\b(?P<long>0[xX][0-9a-fA-F]+|[0-9]+)[lL]\b|(?<![\w.])0(?P<octal>[0-7]+)(?![\w.])",
    re.DOTALL,
)


def compile_source(source: bytes, path: str, package: str | Path | None = None) -> CodeType:
    """Compile Python 2 source to code that Python 3 runs.

    Parameters
    ----------
    source : bytes
    path : str
        For messages and tracebacks.
    package : str or Path, optional
        The folder of the package of which this is a module. In Python 2 it imports the others
        by their names alone.
    """
    tree = ast.parse(translate(decode(source)), filename=path)
    future = _future(tree)
    if package and "absolute_import" not in future:
        tree = Siblings(package).visit(tree)
    tree = ast.fix_missing_locations(_Meaning(division="division" not in future).visit(tree))
    start = sum(_is_docstring_or_future(node) for node in tree.body)
    prelude = ast.parse("from symgrad.theano.port.python2_names import *").body
    tree.body[start:start] = prelude
    return compile(ast.fix_missing_locations(tree), path, "exec")


def decode(source: bytes) -> str:
    """The text of a source, with tabs of eight columns."""
    encoding, _ = tokenize.detect_encoding(io.BytesIO(source).readline)
    text = source.decode(encoding, errors="surrogateescape").replace("\r\n", "\n")
    return re.sub(r"^[ \t]+", lambda match: match[0].expandtabs(8), text, flags=re.MULTILINE)


def _future(tree):
    """The names that are imported from ``__future__``."""
    statements = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    aliases = [node.names for node in statements if node.module == "__future__"]
    return {alias.name for alias in itertools.chain(*aliases)}


def _is_docstring_or_future(node):
    if isinstance(node, ast.ImportFrom):
        return node.module == "__future__"
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def translate(text: str) -> str:
    """Translate Python 2 source to source that Python 3 parses.

    Examples
    --------
    >>> from symgrad.theano.port.python2 import translate
    >>> print(translate("print 'cost', 10L"))
    print('cost', 10)
    """
    text = _LEXICAL.sub(_lexeme, text)
    tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    edits = [edit for statement in _statements(tokens) for edit in _edits(statement)]
    return _edited(text, edits)


def _lexeme(match):
    kind = match.lastgroup
    if kind == "not_equal":
        return "!="
    if kind == "backtick":
        return f"repr({match[0][1:-1]})"
    if kind == "octal":
        return "0o" + match["octal"]
    if kind == "long":
        return match["long"]
    text = match[0]
    return text[1:] if text[:2].lower() == "ur" else text


def _statements(tokens):
    """The tokens of each simple statement, or of each header up to its colon."""
    statement: list[tokenize.TokenInfo] = []
    depth = 0
    for token in tokens:
        if token.type in (tokenize.INDENT, tokenize.DEDENT, tokenize.NL, tokenize.COMMENT):
            continue
        ends = token.type in (tokenize.NEWLINE, tokenize.ENDMARKER)
        if token.type == tokenize.OP:
            depth += (token.string in "([{") - (token.string in ")]}")
            ends = depth == 0 and (token.string == ";" or _opens_block(token, statement))
        if ends:
            if statement:
                yield statement
            statement = []
        else:
            statement.append(token)


def _opens_block(token, statement):
    heads = [
        "if",
        "elif",
        "else",
        "for",
        "while",
        "try",
        "except",
        "finally",
        "with",
        "def",
        "class",
    ]
    lambdas = sum(earlier.string == "lambda" for earlier in statement)
    colons = sum(earlier.string == ":" for earlier in statement)
    return (
        token.string == ":"
        and bool(statement)
        and statement[0].string in heads
        and colons >= lambdas
    )


def _edits(statement):
    """Changes to one statement: ``(start, end, new text)``."""
    return [*_keyword_edits(statement), *_parameter_edits(statement)]


def _keyword_edits(statement):
    first = statement[0].string
    if first == "print" and not _is_name(statement):
        return _print_edits(statement)
    if first == "exec" and not _is_call(statement):
        return _exec_edits(statement)
    if first == "raise":
        return _raise_edits(statement)
    if first == "except":
        comma = _top_level(statement, ",")
        return [(comma[0].start, comma[0].end, " as")] if comma else []
    return []


def _parameter_edits(statement):
    """Of ``def f(self, (x, y))`` and ``lambda (x, y): x``: a tuple becomes a name that holds it."""
    edits = []
    for position, token in enumerate(statement):
        if token.type == tokenize.NAME and token.string in ("def", "lambda"):
            start = position + (3 if token.string == "def" else 1)
            for parameter in _parameters(statement[start:]):
                if parameter[0].string == "(":
                    text = "".join(part.string for part in parameter)
                    name = TUPLE + text.encode().hex()
                    edits.append((parameter[0].start, parameter[-1].end, name))
    return edits


def _parameters(tokens):
    """The tokens of each parameter, up to the end of the list of parameters."""
    parameters: list[list[tokenize.TokenInfo]] = [[]]
    depth = 0
    for token in tokens:
        if depth == 0 and token.string in (")", ":"):
            break
        if depth == 0 and token.string == ",":
            parameters.append([])
            continue
        depth += (token.string in "([{") - (token.string in ")]}")
        parameters[-1].append(token)
    return [tokens for tokens in parameters if tokens]


def _is_name(statement):
    """Whether ``print`` is used as a name: ``print = f``, ``print.x``, or ``print(...)``."""
    following = statement[1].string if len(statement) > 1 else ""
    return following in ("=", ".") or _is_call(statement)


def _is_call(statement):
    """Whether the parenthesis after the first word closes at the end."""
    if len(statement) < 2 or statement[1].string != "(":
        return False
    depth = 0
    for position, token in enumerate(statement[1:], 1):
        if token.type == tokenize.OP:
            depth += (token.string in "([{") - (token.string in ")]}")
        if depth == 0:
            return position == len(statement) - 1
    return False


def _top_level(statement, text):
    """The tokens with this text that are outside of any bracket."""
    depth, tokens = 0, []
    for token in statement:
        if token.type == tokenize.OP:
            if depth == 0 and token.string == text:
                tokens.append(token)
            depth += (token.string in "([{") - (token.string in ")]}")
    return tokens


def _print_edits(statement):
    word, rest = statement[0], statement[1:]
    if not rest:
        return [(word.start, word.end, "print()")]
    edits = [(word.end, rest[0].start, "(")]
    ending: str | tuple = ")"
    if rest[0].string == ">>":
        commas = _top_level(rest, ",")
        stop = commas[0].start if commas else rest[-1].end
        target = (rest[1].start, stop)
        edits = [(word.end, commas[0].end if commas else rest[-1].end, "(")]
        ending = (", file=", target, ")")
    if rest[-1].string == "," and rest[0].string != ">>":
        edits.append((rest[-1].start, rest[-1].end, ", end=' '"))
    return [*edits, (rest[-1].end, rest[-1].end, ending)]


def _exec_edits(statement):
    word, rest = statement[0], statement[1:]
    inside = [token for token in rest if token.string == "in" and token.type == tokenize.NAME]
    edits = [(word.end, rest[0].start, "(")]
    edits += [(token.start, token.end, ",") for token in inside]
    return [*edits, (rest[-1].end, rest[-1].end, ")")]


def _raise_edits(statement):
    commas = _top_level(statement, ",")
    if not commas:
        return []
    end = commas[1].start if len(commas) > 1 else statement[-1].end
    trace = [(end, statement[-1].end, "")] if len(commas) > 1 else []
    return [(commas[0].start, commas[0].end, "("), (end, end, ")"), *trace]


def _edited(text, edits):
    """The text with the edits; their positions are of the original, with lines from 1."""
    lengths = (len(line) for line in text.splitlines(True))
    starts = list(itertools.accumulate(lengths, initial=0))

    def at(position):
        return starts[position[0] - 1] + position[1]

    pieces, done = [], 0
    order = sorted(enumerate(edits), key=lambda pair: (at(pair[1][0]), pair[0]))
    for _, (start, end, new) in order:
        if isinstance(new, tuple):
            before, (left, right), after = new
            new = before + text[at(left) : at(right)].strip() + after
        removed = text[at(start) : at(end)]
        new += "\n" * (removed.count("\n") - new.count("\n"))  # lines keep their numbers
        pieces += [text[done : at(start)], new]
        done = max(done, at(end))
    return "".join(pieces) + text[done:]


class _Meaning(ast.NodeTransformer):
    """Change what parses in Python 3, but meant something else in Python 2."""

    METHODS = {"iteritems": "items", "itervalues": "values", "iterkeys": "keys"}
    LISTED = ("keys", "values", "items")
    SPECIAL = {"next": "__next__", "__nonzero__": "__bool__", "__div__": "__truediv__"}
    OF_FUNCTIONS = {
        f"func_{name}": f"__{name}__" for name in ("name", "doc", "code", "defaults", "globals")
    } | {"im_func": "__func__", "im_self": "__self__"}

    def __init__(self, division):
        self._division = division

    def visit_Import(self, node):
        for alias in node.names:
            if alias.name == "pickle":  # Python 2's also took files that were opened as text
                alias.name, alias.asname = "cPickle", alias.asname or "pickle"
        return node

    def visit_ImportFrom(self, node):
        node.module = "cPickle" if node.module == "pickle" else node.module
        return node

    def visit_ClassDef(self, node):
        self.generic_visit(node)
        methods = (part for part in node.body if isinstance(part, ast.FunctionDef))
        defined = {method.name for method in methods}
        node.body += [
            ast.Assign([ast.Name(new, ast.Store())], ast.Name(old, ast.Load()))
            for old, new in self.SPECIAL.items()
            if old in defined and new not in defined
        ]
        return node

    def visit_Attribute(self, node):
        self.generic_visit(node)
        node.attr = self.OF_FUNCTIONS.get(node.attr, node.attr)
        return node

    def visit_FunctionDef(self, node):
        self.generic_visit(node)
        node.body[:0] = [
            ast.Assign([target], ast.Name(name, ast.Load())) for name, target in _tuples(node)
        ]
        return node

    def visit_Lambda(self, node):
        self.generic_visit(node)
        for name, target in _tuples(node):  # [body for target in [name]][0]
            argument = ast.List([ast.Name(name, ast.Load())], ast.Load())
            body = ast.ListComp(node.body, [ast.comprehension(target, argument, [], 0)])
            node.body = ast.Subscript(body, ast.Constant(0), ast.Load())
        return node

    def visit_BinOp(self, node):
        self.generic_visit(node)
        if self._division and isinstance(node.op, ast.Div):
            return _call("py2_divided", node.left, node.right)
        return node

    def visit_AugAssign(self, node):
        self.generic_visit(node)
        if self._division and isinstance(node.op, ast.Div) and _may_be_read_twice(node.target):
            now = ast.parse(ast.unparse(node.target), mode="eval").body
            return ast.Assign([node.target], _call("py2_divided_in_place", now, node.value))
        return node

    def visit_Call(self, node):
        self.generic_visit(node)
        method = node.func.attr if isinstance(node.func, ast.Attribute) else None
        if method in self.METHODS and not node.args:
            node.func.attr = self.METHODS[method]
            return _call("iter", node)
        if method == "next" and not node.args:
            return _call("next", node.func.value)
        if method in ("decode", "encode"):
            node.args.insert(0, node.func.value)
            node.func = ast.Name(f"py2_{method}d", ast.Load())
        if getattr(node.func, "id", None) == "unicode" and len(node.args + node.keywords) > 1:
            node.func.id = "py2_decoded"
        if method == "has_key" and len(node.args) == 1:
            return ast.Compare(node.args[0], [ast.In()], [node.func.value])
        if method in self.LISTED and not node.args and not node.keywords:
            return _call("py2_listed", node)
        if method == "sort" and len(node.args) == 1:
            node.func = _call("py2_sort", node.func)
        return node


def _tuples(node):
    """The name and the target of each parameter that was a tuple."""
    for parameter in node.args.args:
        if parameter.arg.startswith(TUPLE):
            text = bytes.fromhex(parameter.arg.removeprefix(TUPLE)).decode()
            assignment: Any = ast.parse(f"{text} = 0").body[0]
            (target,) = assignment.targets
            yield parameter.arg, target


def _may_be_read_twice(node):
    """Whether an expression calls nothing: it has only names, attributes and indices."""
    return not any(isinstance(part, (ast.Call, ast.Lambda, ast.Yield)) for part in ast.walk(node))


def _call(name, *arguments):
    return ast.Call(ast.Name(name, ast.Load()), list(arguments), [])
