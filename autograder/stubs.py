"""Stubs: made from references, written for students, read for their signatures."""

from __future__ import annotations

import ast
import inspect
import io
import os
import re
import subprocess
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from autograder.catalogue import Course, Unit
from autograder.errors import StubError
from autograder.files import write_whole
from autograder.sources import body_after_docstring, is_written, plain_lines

BEGIN = "### BEGIN SOLUTION"
END = "### END SOLUTION"

Function = ast.FunctionDef | ast.AsyncFunctionDef

# also misspelt ones: they would give the answer away
_MARKER = re.compile(r"#+\s*(?:(?:BEGIN|END)\b|(?i:(?:begin|end)[ _-]*solution))")


@dataclass(frozen=True)
class Written:
    """A default that is no literal, as it stands in the source."""

    text: str

    def __repr__(self) -> str:
        return self.text


@dataclass(frozen=True)
class _Region:
    """Lines from one marker to the other, both counted from 1 and included."""

    first: int
    last: int
    column: int

    def holds(self, node: ast.stmt) -> bool:
        return self.first < node.lineno and (node.end_lineno or node.lineno) < self.last


def make_stub(reference_source: str, file: str) -> str:
    """The student's text: the reference without what stands between the markers.

    A region that is a function's body becomes `raise NotImplementedError(…)`; one at the left margin disappears.

    Args:
        reference_source: text of the reference.
        file: its name, for messages.

    Raises:
        StubError: naming file and line, if the markers are not in order or what is left is no Python.
    """
    source = plain_lines(reference_source)
    tree = _parse(source, file, "the reference")
    lines = source.split("\n")
    for region in reversed(list(_regions(source, file))):
        if not any(map(region.holds, _statements(tree))):
            raise StubError(f"{file}:{region.first}: this region is empty")
        if region.column == 0:
            _check_helpers(tree, region, file)
            first, last = region.first - 1, region.last
            blank = last
            while blank < len(lines) and not lines[blank].strip():
                blank += 1
            while first and last < blank and not lines[first - 1].strip():  # the larger gap stays
                first, last = first - 1, last + 1
            lines[region.first - 1 : last] = []
        else:
            name = _function_of(tree, region, file).name
            raising = f'{" " * region.column}raise NotImplementedError("{name} is not written yet")'
            lines[region.first - 1 : region.last] = [raising]
    stub = "\n".join(lines).rstrip("\n") + "\n"
    _parse(stub, file, "what is left without the solutions")
    for number, line in enumerate(stub.split("\n"), 1):
        if BEGIN in line or END in line:
            raise StubError(f"{file}: a marker is left in line {number} of the stub; it must be a comment of its own")
    return stub


def write_stubs(course: Course, *, check: bool = False, units: Iterable[Unit] | None = None) -> list[Path]:
    """Writes each unit's pristine stub and the student's file, where they are not what the reference makes.

    Args:
        course: the course; units without a reference are left alone.
        check: only compare.
        units: which units; None takes all.

    Returns:
        The files that were out of date.

    Raises:
        StubError: if a stub cannot be made, or a student's file holds work that would be lost; nothing is written then.
    """
    outdated: dict[Path, str] = {}
    for unit in course.units if units is None else units:
        if unit.reference_path is None:
            continue
        stub = make_stub(_text(unit.reference_path) or "", str(unit.reference_path))
        if not check and _would_lose_work(unit, stub):
            raise StubError(
                f"{unit.module_path} holds edits that git does not: commit them, or put the stub back with "
                f"`autograder reset {unit.name}` (it keeps a copy), then run `autograder stubs` again"
            )
        outdated.update({path: stub for path in (unit.module_path, unit.stub_path) if _text(path) != stub})
    if not check:
        for path, stub in outdated.items():
            write_whole(path, stub)
    return sorted(outdated)


def still_a_stub(source: str, function_name: str) -> bool:
    """Whether the function is absent, raises NotImplementedError at once, or does nothing at all."""
    return not is_written(source, function_name)


def stub_signatures(stub_source: str) -> dict[str, inspect.Signature]:
    """Signatures of the functions at module level, read without running anything.

    Args:
        stub_source: text of a stub.

    Returns:
        By name. Annotations are text; so are defaults that are no literals, as `Written`.

    Raises:
        StubError: if the text is no Python.
    """
    tree = _parse(plain_lines(stub_source), "stub", "it")
    return {node.name: _signature(node) for node in tree.body if isinstance(node, Function)}


def _parse(source: str, file: str, what: str) -> ast.Module:
    try:
        return ast.parse(source)
    except SyntaxError as error:
        raise StubError(f"{file}:{error.lineno}: {what} is no Python ({error.msg})") from None
    except ValueError as error:
        raise StubError(f"{file}: {what} is no Python ({error})") from None


def _regions(source: str, file: str) -> Iterator[_Region]:
    begun: tuple[int, int] | None = None
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT or not _MARKER.match(token.string):
            continue
        line, column = token.start
        if token.line.strip() not in (BEGIN, END):
            raise StubError(f"{file}:{line}: a marker is the line {BEGIN!r} or {END!r}, with nothing else in it")
        if token.string == BEGIN:
            if begun:
                raise StubError(f"{file}:{line}: a region begins within the one that begins in line {begun[0]}")
            begun = token.start
        elif begun is None:
            raise StubError(f"{file}:{line}: a region ends that has not begun")
        elif begun[1] != column:
            raise StubError(f"{file}:{line}: the marker is not indented like the one in line {begun[0]}")
        else:
            yield _Region(begun[0], line, column)
            begun = None
    if begun:
        raise StubError(f"{file}:{begun[0]}: a region begins and does not end")


def _function_of(tree: ast.Module, region: _Region, file: str) -> Function:
    """The function whose whole body the region is, and nothing else."""
    inside = {node for node in _statements(tree) if region.holds(node)}
    for node in _statements(tree):
        if isinstance(node, Function) and inside <= set(_statements(node)):
            body = body_after_docstring(node)
            if body and inside.issuperset(body) and {each.col_offset for each in body} == {region.column}:
                return node
    raise StubError(f"{file}:{region.first}: an indented region is the whole body of one function after its docstring")


def _check_helpers(tree: ast.Module, region: _Region, file: str) -> None:
    for node in tree.body:
        end = node.end_lineno or node.lineno
        if node.lineno < region.last and region.first < end and not region.holds(node):
            raise StubError(f"{file}:{region.first}: a region at the left margin holds whole functions")


def _statements(tree: ast.AST) -> Iterator[ast.stmt]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.stmt))


def _would_lose_work(unit: Unit, stub: str) -> bool:
    mine = _text(unit.module_path)
    return mine not in (None, stub, _text(unit.stub_path)) and mine != _committed(unit.module_path)


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape")
    except FileNotFoundError:
        return None


def _committed(path: Path) -> str | None:
    """The file's text in git's HEAD, None where there is none."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", "-C", str(path.parent), "cat-file", "blob", f"HEAD:./{path.name}"]
    try:
        shown = subprocess.run(command, capture_output=True, check=False, env=environment, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return plain_lines(shown.stdout.decode("utf-8", "surrogateescape")) if shown.returncode == 0 else None


def _signature(function: Function) -> inspect.Signature:
    given = function.args
    places = [*given.posonlyargs, *given.args]
    defaults: list[ast.expr | None] = [*[None] * (len(places) - len(given.defaults)), *given.defaults]
    found = []
    for index, (argument, default) in enumerate(zip(places, defaults, strict=True)):
        only = index < len(given.posonlyargs)
        kind = inspect.Parameter.POSITIONAL_ONLY if only else inspect.Parameter.POSITIONAL_OR_KEYWORD
        found.append(_parameter(argument, kind, default))
    if given.vararg:
        found.append(_parameter(given.vararg, inspect.Parameter.VAR_POSITIONAL))
    for argument, default in zip(given.kwonlyargs, given.kw_defaults, strict=True):
        found.append(_parameter(argument, inspect.Parameter.KEYWORD_ONLY, default))
    if given.kwarg:
        found.append(_parameter(given.kwarg, inspect.Parameter.VAR_KEYWORD))
    return inspect.Signature(found, return_annotation=_annotation(function.returns))


def _parameter(argument: ast.arg, kind: inspect._ParameterKind, default: ast.expr | None = None) -> inspect.Parameter:
    value: object = inspect.Parameter.empty
    if default is not None:
        try:
            value = ast.literal_eval(default)
        except ValueError:
            value = Written(ast.unparse(default))
    return inspect.Parameter(argument.arg, kind, default=value, annotation=_annotation(argument.annotation))


def _annotation(node: ast.expr | None) -> object:
    return inspect.Signature.empty if node is None else ast.unparse(node)
