"""`autograder reset`: the stub again, with the student's version kept beside it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from autograder.catalogue import Course, Unit
from autograder.errors import StubError, SubmissionError
from autograder.files import write_beside, write_whole
from autograder.progress import take_backup_number
from autograder.sources import UNPARSABLE, is_written, plain_lines

BOM = "\ufeff"


def reset(course: Course, name: str) -> Path | None:
    """Puts back the stub of one function, or of a whole unit.

    Args:
        course: the course.
        name: of an exercise, of a unit or of a unit's folder.

    Returns:
        The copy of the file as it was, `<unit>.before-reset-<n>.py`; None if there was nothing to put back.

    Raises:
        UnknownName: if there is no such exercise or unit.
        StubError: if the unit's stub is missing or lacks the function.
        SubmissionError: if the function cannot be told from the rest of the file.
        OSError: if a file cannot be written; the student's file is then as it was.
    """
    unit, exercise = course.find(name)
    path = unit.module_path
    stub = _stub(unit)
    try:
        before = path.read_bytes()
    except FileNotFoundError:
        write_whole(path, stub)
        return None
    after = stub.encode() if exercise is None else _with_function_of(stub, before, unit, exercise.name)
    if after == before:
        return None
    kept = _keep(course, unit, before)
    write_whole(path, after)
    return kept


def _stub(unit: Unit) -> str:
    try:
        return unit.stub_path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise StubError(
            f"{unit.stub_path} is missing or cannot be read; take it from the course again, or make it with "
            f"`autograder stubs {unit.name}` where the reference is"
        ) from None


def _with_function_of(stub: str, before: bytes, unit: Unit, name: str) -> bytes:
    """The student's file with the text of one function replaced by the stub's."""
    advice = f"`autograder reset {unit.name}` brings back the whole unit and keeps your version beside it"
    try:
        written = before.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SubmissionError(f"{unit.module_path} is not UTF-8 (byte {error.start}); {advice}") from None
    text = plain_lines(written.removeprefix(BOM))
    try:
        tree = ast.parse(text)
    except UNPARSABLE as error:
        where = f"line {error.lineno} of " if isinstance(error, SyntaxError) and error.lineno else ""
        raise SubmissionError(f"{where}{unit.module_path} is no Python ({_reason(error)}); {advice}") from None
    theirs = _span(ast.parse(stub), name)
    if theirs is None:
        raise StubError(f"{unit.stub_path} has no function {name}; `autograder stubs {unit.name}` makes it again")
    function = stub.split("\n")[theirs[0] : theirs[1]]
    lines, mine = text.split("\n"), _span(tree, name)
    if mine is not None:
        text = "\n".join([*lines[: mine[0]], *function, *lines[mine[1] :]])
    if mine is None or is_written(text, name):  # absent, or bound again by what follows it
        text = "\n".join([*text.rstrip().split("\n"), "", "", *function, ""]).lstrip("\n")
    if "\r\n" in written:
        text = text.replace("\n", "\r\n")
    return (BOM * written.startswith(BOM) + text).encode()


def _span(tree: ast.Module, name: str) -> tuple[int, int] | None:
    """First line (from 0) and line after the last of the function that counts, decorators included."""
    for node in reversed(tree.body):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == name:
            first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
            return first - 1, node.end_lineno or node.lineno
    return None


def _keep(course: Course, unit: Unit, content: bytes) -> Path:
    stem = f"{unit.name}.before-reset"
    beside = unit.directory.glob(f"{stem}-*.py")
    numbers = [int(match[1]) for path in beside if (match := re.search(r"-(\d+)\.py$", path.name))]
    number = take_backup_number(course.root, unit.name, max(numbers, default=0) + 1)
    return write_beside(unit.module_path, content, stem, number)


def _reason(error: BaseException) -> str:
    return error.msg if isinstance(error, SyntaxError) else str(error) or type(error).__name__
