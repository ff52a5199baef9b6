"""Python 2 source, translated in memory: statements, builtins, moved modules, division.

Tokens are changed where Python 3 cannot parse them (``print``, ``except X, e``, ``0777``, ``10L``);
the rest is done on the syntax tree, and by the names of :mod:`symgrad.theano.py2_names`.
"""

import ast
import io
import itertools
import re
import tokenize

from symgrad.theano.py2_imports import Siblings

__all__ = ["compiled", "decoded", "translated"]

TUPLE = "py2_tuple_"  # starts the name of a parameter that was a tuple; its text follows

_STRING = (
    r"[bBrRuU]{0,2}(?:'''(?:\\.|[^\\])*?'''|\"\"\"(?:\\.|[^\\])*?\"\"\""
    r"|'(?:\\.|[^'\\\n])*'|\"(?:\\.|[^\"\\\n])*\")"
)
_LEXICAL = re.compile(
    rf"(?P<skip>{_STRING}|\#[^\n]*)|(?P<not_equal><>)|(?P<backtick>`[^`\n]*`)"
    r"|\b(?P<long>0[xX][0-9a-fA-F]+|[0-9]+)[lL]\b|(?<![\w.])0(?P<octal>[0-7]+)(?![\w.])",
    re.DOTALL,
)


def compiled(source, path, package=None):
    """Python 2 source as code that Python 3 runs.

    Parameters
    ----------
    source : bytes
    path : str
        For messages and tracebacks.
    package : str or Path, optional
        The folder of the package that this is a module of: its modules are imported by their
        names alone.
    """
    tree = ast.parse(translated(decoded(source)), filename=path)
    future = _future(tree)
    if package and "absolute_import" not in future:
        tree = Siblings(package).visit(tree)
    tree = ast.fix_missing_locations(_Meaning(division="division" not in future).visit(tree))
    start = sum(_is_docstring_or_future(node) for node in tree.body)
    prelude = ast.parse("from symgrad.theano.py2_names import *").body
    tree.body[start:start] = prelude
    return compile(ast.fix_missing_locations(tree), path, "exec")


def decoded(source):
    """The text of a source, with tabs of eight columns."""
    encoding, _ = tokenize.detect_encoding(io.BytesIO(source).readline)
    text = source.decode(encoding, errors="surrogateescape").replace("\r\n", "\n")
    return re.sub(r"^[ \t]+", lambda match: match[0].expandtabs(8), text, flags=re.MULTILINE)


def _future(tree):
    """What is imported from ``__future__``."""
    statements = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    aliases = [node.names for node in statements if node.module == "__future__"]
    return {alias.name for alias in itertools.chain(*aliases)}


def _is_docstring_or_future(node):
    if isinstance(node, ast.ImportFrom):
        return node.module == "__future__"
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def translated(text):
    """Python 2 source as source that Python 3 parses.

    Examples
    --------
    >>> from symgrad.theano.py2 import translated
    >>> print(translated("print 'cost', 10L"))
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
    statement, depth = [], 0
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
    inside_lambda = sum(t.string == "lambda" for t in statement)
    colons = sum(t.string == ":" for t in statement)
    return (
        token.string == ":"
        and bool(statement)
        and statement[0].string in heads
        and colons >= inside_lambda
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
    """``def f(self, (x, y))`` and ``lambda (x, y): x``: a tuple becomes a name that tells of it."""
    edits = []
    for k, token in enumerate(statement):
        if token.type == tokenize.NAME and token.string in ("def", "lambda"):
            start = k + (3 if token.string == "def" else 1)
            edits += [
                (one[0].start, one[-1].end, TUPLE + "".join(t.string for t in one).encode().hex())
                for one in _parameters(statement[start:])
                if one[0].string == "("
            ]
    return edits


def _parameters(tokens):
    """The tokens of each parameter, of those up to the end of the list."""
    found, depth = [[]], 0
    for token in tokens:
        if depth == 0 and token.string in (")", ":"):
            break
        if depth == 0 and token.string == ",":
            found.append([])
            continue
        depth += (token.string in "([{") - (token.string in ")]}")
        found[-1].append(token)
    return [one for one in found if one]


def _is_name(statement):
    """Whether ``print`` is used as a name: ``print = f``, ``print.x``, or called already."""
    following = statement[1].string if len(statement) > 1 else ""
    return following in ("=", ".") or _is_call(statement)


def _is_call(statement):
    """Whether the parenthesis after the first word closes at the end."""
    if len(statement) < 2 or statement[1].string != "(":
        return False
    depth = 0
    for k, token in enumerate(statement[1:], 1):
        if token.type == tokenize.OP:
            depth += (token.string in "([{") - (token.string in ")]}")
        if depth == 0:
            return k == len(statement) - 1
    return False


def _top_level(statement, text):
    """The tokens that read `text` outside of any bracket."""
    depth, found = 0, []
    for token in statement:
        if token.type == tokenize.OP:
            if depth == 0 and token.string == text:
                found.append(token)
            depth += (token.string in "([{") - (token.string in ")]}")
    return found


def _print_edits(statement):
    word, rest = statement[0], statement[1:]
    if not rest:
        return [(word.start, word.end, "print()")]
    edits, ending = [(word.end, rest[0].start, "(")], ")"
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
    """`text` with the edits made; positions are of the original, lines from 1."""
    starts = list(itertools.accumulate((len(s) for s in text.splitlines(True)), initial=0))

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
    """What parses in Python 3 and meant something else in Python 2."""

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
            if alias.name == "pickle":  # that of Python 2 was content with a file of text
                alias.name, alias.asname = "cPickle", alias.asname or "pickle"
        return node

    def visit_ImportFrom(self, node):
        node.module = "cPickle" if node.module == "pickle" else node.module
        return node

    def visit_ClassDef(self, node):
        self.generic_visit(node)
        defined = {one.name for one in node.body if isinstance(one, ast.FunctionDef)}
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
            given = ast.List([ast.Name(name, ast.Load())], ast.Load())
            body = ast.ListComp(node.body, [ast.comprehension(target, given, [], 0)])
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
    """The parameters that were tuples: ``(name, target)``."""
    for one in node.args.args:
        if one.arg.startswith(TUPLE):
            written = bytes.fromhex(one.arg.removeprefix(TUPLE)).decode()
            (target,) = ast.parse(f"{written} = 0").body[0].targets
            yield one.arg, target


def _may_be_read_twice(node):
    """Whether an expression is made of names, attributes and indices: nothing that is called."""
    return not any(isinstance(one, (ast.Call, ast.Lambda, ast.Yield)) for one in ast.walk(node))


def _call(name, *arguments):
    return ast.Call(ast.Name(name, ast.Load()), list(arguments), [])
