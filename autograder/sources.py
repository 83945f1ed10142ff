"""A student's file read as text: its functions, what they reach, and whether they are written. Nothing of it is run."""

from __future__ import annotations

import ast
import contextlib
import functools
import hashlib
import re
import symtable
import warnings
from collections.abc import Iterator
from pathlib import Path

Definitions = dict[str, list[ast.stmt]]

UNPARSABLE = (SyntaxError, ValueError, RecursionError, MemoryError)
_PIECE = re.compile(r"^(?=[@A-Za-z_#])", re.MULTILINE)
_BLOCKS = ("body", "orelse", "handlers", "finalbody", "cases")


def read_text(path: Path) -> str:
    r"""The file's text with `\n` between lines; what is no UTF-8 is replaced, an absent file is empty."""
    try:
        text = path.read_bytes().decode("utf-8-sig", errors="replace")
    except OSError:
        return ""
    return plain_lines(text)


def plain_lines(text: str) -> str:
    r"""`text` with `\n` between lines, as `ast` counts them."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


@functools.lru_cache(maxsize=64)
def parse(source: str) -> ast.Module:
    """The tree of `source`; where it does not parse, of those top-level pieces that do. Shared: not to be changed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(source)
        except UNPARSABLE:
            tree = ast.Module([], [])
        for line, piece in _pieces(source):
            with contextlib.suppress(*UNPARSABLE):
                tree.body += ast.increment_lineno(ast.parse(piece), line).body
    return tree


def definitions(tree: ast.Module) -> Definitions:
    """The statements that bind each name at module level, in order; also those within `if`, `try` and `with`."""
    found: Definitions = {}
    for statement in _statements(tree):
        for name in _bound_by(statement):
            found.setdefault(name, []).append(statement)
    return found


def parses(source: str) -> bool:
    """Whether all of `source` is Python; lighter than a tree, and safe from nesting that crashes Python 3.10."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            symtable.symtable(source, "file", "exec")
        except UNPARSABLE:
            return False
    return True


@functools.lru_cache(maxsize=1024)
def is_written(source: str, name: str) -> bool:
    """Whether the function is there and no stub.

    A stub's body, after its docstring, raises NotImplementedError at once or holds nothing but `pass` and `...`.
    A function that does not parse is written, though not well.

    Args:
        source: text of a student's file.
        name: of a function at module level.
    """
    found = definitions(parse(source)).get(name)
    if not found:
        return _raw_piece(source, name) != ""
    function = found[-1]
    return not (isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)) and is_stub_body(function))


def is_stub_body(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether nothing happens in `function`."""
    statements = body_after_docstring(function)
    return bool(statements and _raises_not_implemented(statements[0])) or all(map(_does_nothing, statements))


def body_after_docstring(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.stmt]:
    """The statements of `function` that follow its docstring."""
    return function.body[ast.get_docstring(function, clean=False) is not None :]


def reached(source: str, name: str) -> list[ast.stmt]:
    """The definitions of `name` and of everything at module level that they mention, imports left out."""
    table = definitions(parse(source))
    waiting, seen, found = [name], {name}, []
    while waiting:
        for statement in table.get(waiting.pop(), []):
            if isinstance(statement, (ast.Import, ast.ImportFrom)):
                continue
            if statement not in found:
                found.append(statement)
            mentioned = {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}
            new = sorted(mentioned & table.keys() - seen)
            seen.update(new)
            waiting += new
    return found


def digest(source: str, name: str) -> str:
    """A digest of the function and of what it reaches, blind to comments and layout; empty if it is absent."""
    nodes = reached(source, name)
    text = "\n".join(ast.dump(node) for node in nodes) if nodes else _raw_piece(source, name)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest() if text else ""


def _statements(tree: ast.AST) -> Iterator[ast.stmt]:
    for block in _BLOCKS:
        for child in getattr(tree, block, []):
            if isinstance(child, ast.stmt):
                yield child
            if not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                yield from _statements(child)


def _bound_by(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield statement.name
    elif isinstance(statement, (ast.Import, ast.ImportFrom)):
        for alias in statement.names:
            yield alias.asname or alias.name.partition(".")[0]
    elif isinstance(statement, (ast.Assign, ast.AugAssign)) or (
        isinstance(statement, ast.AnnAssign) and statement.value
    ):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        for target in targets:
            names = [node for node in ast.walk(target) if isinstance(node, ast.Name)]
            yield from (node.id for node in names if isinstance(node.ctx, ast.Store))


def _raises_not_implemented(statement: ast.stmt) -> bool:
    if not isinstance(statement, ast.Raise) or statement.exc is None:
        return False
    raised = statement.exc.func if isinstance(statement.exc, ast.Call) else statement.exc
    return isinstance(raised, ast.Name) and raised.id == "NotImplementedError"


def _does_nothing(statement: ast.stmt) -> bool:
    is_constant = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    return isinstance(statement, ast.Pass) or is_constant or _raises_not_implemented(statement)


def _pieces(source: str) -> Iterator[tuple[int, str]]:
    """Top-level pieces with the number of lines above each; a decorator belongs to the function below it."""
    line, pieces = 0, _PIECE.split(source)
    while pieces:
        piece = pieces.pop(0)
        while pieces and piece.lstrip().startswith("@") and not re.search(r"^(async|def|class)\b", piece, re.MULTILINE):
            piece += pieces.pop(0)
        yield line, piece
        line += piece.count("\n")


def _raw_piece(source: str, name: str) -> str:
    """The text of the function where it does not parse, empty if it is not there at all."""
    begins = re.compile(rf"^(async\s+)?def\s+{re.escape(name)}\b", re.MULTILINE)
    return next((piece for _, piece in _pieces(source) if begins.search(piece)), "")
