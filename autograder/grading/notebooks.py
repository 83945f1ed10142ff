"""A notebook's code as one module: what a student wrote, without what only IPython can run."""

from __future__ import annotations

import ast
import codecs
import importlib
import json
import re
import textwrap
import warnings
from collections.abc import Iterator
from typing import Any

from autograder.errors import SubmissionError
from autograder.sources import parses, plain_lines

MOST_CODE = 1_000_000  # characters in all code cells: parsing short lines takes a thousand times their memory
MOST_VALUES = 3_000_000  # in a notebook's JSON: 50 MB of `{},` would take gigabytes of memory
CODE_MAGICS = ("time", "timeit", "capture", "prun")  # what stands below them is Python
FUTURES = frozenset(importlib.import_module("__future__").all_feature_names)

_MARKS = {
    codecs.BOM_UTF32_LE: "UTF-32",  # before UTF-16, whose mark it begins with
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
_LEXEME = re.compile(r"\"\"\"|'''|[\"'#()\[\]{}]|\\.?")
_HELP = re.compile(r"[^\W\d][\w.*\[\]-]*\?{1,2}")
_TARGET = re.compile(r"[\w.,\[\] ]+")


def utf8_text(data: bytes, name: str) -> str:
    r"""`data` as text with `\n` between lines, without a byte order mark.

    Raises:
        SubmissionError: if it is not UTF-8, or holds zero bytes.
    """
    for mark, encoding in _MARKS.items():
        if data.startswith(mark):
            raise SubmissionError(f"{name} is {encoding}; save it as UTF-8")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SubmissionError(f"{name} is not UTF-8 (byte {error.start}); save it as UTF-8") from None
    _check_characters(text, name)
    return plain_lines(text.removeprefix("\ufeff"))


def notebook_source(data: bytes, name: str) -> str:
    """The code cells of a notebook as the text of one module.

    Each begins with a line `# %% cell N`, where N counts all code cells as a person does. nbgrader's grading cells
    and cells with the metadata `tensorlings: {"skip": true}` are left out. What only IPython can run becomes a
    comment or `None`, line for line; `from __future__` moves to the top, where a module must have it.

    Notebooks of version 4 are read as they are, so that no mark depends on which libraries are there; others need
    nbformat.

    Args:
        data: the file's content.
        name: the file's name, for the sentence.

    Raises:
        SubmissionError: if it is no notebook.
    """
    cells = [(number, text) for number, text, counts in _code_cells(_notebook(data, name), name) if counts]
    size = sum(len(text) + len("# %% cell 1") for _, text in cells)
    if size > MOST_CODE:
        raise SubmissionError(f"{name} holds {size / 1e6:.1f} MB of code; at most {MOST_CODE / 1e6:g} MB is read")
    futures: set[str] = set()
    parts = [f"# %% cell {number}\n{_as_module_code(_python(text), futures)}\n" for number, text in cells]
    top = f"from __future__ import {', '.join(sorted(futures))}\n\n" if futures else ""
    source = top + "\n".join(parts)
    _check_characters(source, name)
    return source


def _check_characters(text: str, name: str) -> None:
    if "\0" in text:
        raise SubmissionError(f"{name} holds zero bytes (the first is character {text.index(chr(0))}); it is no text")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise SubmissionError(f"{name} holds {text[error.start]!a}, which is half a character") from None


def _notebook(data: bytes, name: str) -> dict[str, Any]:
    """The parsed file, as a notebook of version 4."""
    text = utf8_text(data, name)
    if not text.strip():
        raise SubmissionError(f"{name} is no notebook: it is empty")
    if sum(map(text.count, "{[,")) > MOST_VALUES:
        raise SubmissionError(f"{name} holds more than {MOST_VALUES:,} values; clear its outputs and save it again")
    try:
        document = json.loads(text)
    except RecursionError:
        raise SubmissionError(f"{name} is no notebook: it is nested too deeply") from None
    except ValueError as error:
        raise SubmissionError(f"{name} is no notebook: it is no JSON ({error})") from None
    if not isinstance(document, dict):
        raise SubmissionError(f"{name} is no notebook: its JSON is no object")
    version = document.get("nbformat", 4)
    return document if version == 4 else _of_version_4(text, version, name)


def _of_version_4(text: str, version: object, name: str) -> dict[str, Any]:
    if not isinstance(version, int) or not 0 < version < 100:
        raise SubmissionError(f"{name} is no notebook: its format has no version")
    advice = "open it in a current Jupyter and save it again"
    try:
        nbformat = importlib.import_module("nbformat")
        reader = importlib.import_module("nbformat.reader")
    except ImportError:
        raise SubmissionError(f"{name} has notebook format {version}, which takes nbformat to read; {advice}") from None
    try:
        return dict(nbformat.convert(reader.reads(text), 4))
    except Exception as error:  # a broken notebook makes nbformat raise whatever it likes
        raise SubmissionError(
            f"{name} is no notebook: format {version} cannot be read ({_first_line(error)}); {advice}"
        ) from None


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".partition("\n")[0][:200]


def _code_cells(notebook: dict[str, Any], name: str) -> Iterator[tuple[int, str, bool]]:
    """Number and text of each code cell, and whether it counts."""
    cells = notebook.get("cells")
    if not isinstance(cells, list):
        raise SubmissionError(f"{name} is no notebook: it has no list of cells")
    number = 0
    for place, cell in enumerate(cells, start=1):
        if not isinstance(cell, dict):
            raise SubmissionError(f"{name} is no notebook: number {place} of its cells is no object")
        if cell.get("cell_type") != "code":
            continue
        number += 1
        source = cell.get("source", "")
        lines = source if isinstance(source, list) else [source]
        if not all(isinstance(line, str) for line in lines):
            raise SubmissionError(f"{name} is no notebook: the source of code cell {number} is no text")
        yield number, plain_lines("".join(lines)), not _is_left_out(cell.get("metadata"))


def _is_left_out(metadata: object) -> bool:
    def entry(key: str) -> dict[str, object]:
        value = metadata.get(key) if isinstance(metadata, dict) else None
        return value if isinstance(value, dict) else {}

    nbgrader = entry("nbgrader")
    is_grading = nbgrader.get("grade") is True and not nbgrader.get("solution")
    return is_grading or entry("tensorlings").get("skip") is True


def _python(text: str) -> str:
    """A cell as Python. Where nothing makes it so, its magics are out of the way of the error that is told."""
    lines = text.split("\n")
    for index, line in enumerate(lines):
        if not line.strip():
            continue
        if not line.lstrip().startswith("%%"):
            break
        lines[index] = f"# {line.strip()}"
        if line.split()[0][2:] not in CODE_MAGICS:
            return "\n".join(lines[: index + 1])
    text = "\n".join(lines)
    if parses(text):
        return text
    plain = _without_magics(text)
    dedented = textwrap.dedent(plain)  # IPython runs a cell that is indented as a whole
    return dedented if parses(dedented) and not parses(plain) else plain


def _tree(text: str) -> ast.Module:
    """The tree of `text`; of what does not parse an empty one."""
    if not parses(text):
        return ast.Module([], [])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text)


def _without_magics(text: str) -> str:
    """`text` with magics as comments, where a statement may begin: not within a string, brackets or a long line."""
    lines: list[str] = []
    quote, depth, continued, in_magic = "", 0, False, False
    for line in text.split("\n"):
        replaced = None
        if in_magic:
            replaced = f"# {line}"
        elif not (quote or depth or continued):
            replaced = _plain(line)
        in_magic = replaced is not None and line.endswith("\\")
        if replaced is None:
            quote, depth, continued = _scan(line, quote, depth)
        lines.append(line if replaced is None else replaced)
    return "\n".join(lines)


def _plain(line: str) -> str | None:
    """What stands in Python for a line that only IPython understands; None for any other line."""
    rest = line.strip()
    indent = line[: len(line) - len(line.lstrip())]
    if rest[:1] in ("%", "!", "?") or _HELP.fullmatch(rest):
        code = _timed(rest)
        if code and parses(code):
            return indent + code
        return f"{indent}pass  # {rest}" if indent else f"# {rest}"
    target, _, value = rest.partition("=")
    value = value.strip()
    if value[:1] in ("%", "!") and _TARGET.fullmatch(target):
        code = _timed(value)
        if code and parses(f"_ = {code}"):
            return f"{indent}{target.strip()} = {code}"
        return f"{indent}{target.strip()} = None  # {value}"
    return None


def _timed(magic: str) -> str:
    """The statement that `%time` runs in the notebook's own namespace; of another magic nothing."""
    word, _, code = magic.partition(" ")
    return code.strip() if word == "%time" else ""


def _scan(line: str, quote: str, depth: int) -> tuple[str, int, bool]:
    """The string that is open after `line` (its quote), the brackets that are, and whether a backslash ends it."""
    continued = False
    for match in _LEXEME.finditer(line):
        lexeme = match[0]
        if lexeme == "\\":  # with nothing behind it
            continued = True
        elif quote:
            quote = "" if lexeme in (quote, quote * 3) else quote
        elif lexeme == "#":
            break
        elif lexeme[0] in "\"'":
            quote = lexeme
        elif lexeme in "([{":
            depth += 1
        elif lexeme in ")]}":
            depth = max(0, depth - 1)
    return ("" if len(quote) == 1 and not continued else quote), depth, continued


def _as_module_code(text: str, futures: set[str]) -> str:
    """`text` without the top-level statements that a cell may have and a module may not.

    Args:
        text: a cell as Python.
        futures: gets the names that were imported from `__future__`.
    """
    if not any(word in text for word in ("await", "async", "__future__")):
        return text
    lines = text.split("\n")
    for statement in reversed(_tree(text).body):  # from behind, so that places before it hold
        names = _future_names(statement)
        futures.update(names)
        if names or _awaits(statement):
            _replace(lines, statement, _stand_in(statement))
    return "\n".join(lines)


def _future_names(statement: ast.stmt) -> list[str]:
    if not isinstance(statement, ast.ImportFrom) or statement.module != "__future__":
        return []
    names = [alias.name for alias in statement.names]
    return names if set(names) <= FUTURES else []  # others fail in Jupyter too


def _stand_in(statement: ast.stmt) -> str:
    if isinstance(statement, ast.Assign):
        names = [target.id for target in statement.targets if isinstance(target, ast.Name)]
        if names:
            return f"{' = '.join(names)} = None"
    return "pass"


def _replace(lines: list[str], statement: ast.stmt, text: str) -> None:
    """Puts `text` where the statement stands, which other statements may share lines with; lines keep their number."""
    first, last = statement.lineno - 1, (statement.end_lineno or statement.lineno) - 1
    head = lines[first].encode()[: statement.col_offset].decode()
    tail = lines[last].encode()[statement.end_col_offset :].decode()
    lines[first : last + 1] = [f"{head}{text}{tail}", *[""] * (last - first)]


def _awaits(statement: ast.stmt) -> bool:
    """Whether the statement waits for something outside any function."""
    waiting: list[ast.AST] = [statement]
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            continue
        is_async = isinstance(node, ast.comprehension) and bool(node.is_async)
        if is_async or isinstance(node, (ast.Await, ast.AsyncFor, ast.AsyncWith)):
            return True
        waiting += ast.iter_child_nodes(node)
    return False
