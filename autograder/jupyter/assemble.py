"""A unit as a notebook: handout, answers between nbgrader's markers, cells that judge, the figure, the questions."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from autograder.catalogue import Exercise, Unit
from autograder.errors import CourseError
from autograder.jupyter.questions import Question, questions_of
from autograder.sources import plain_lines
from autograder.stubs import BEGIN, END

Cell = dict[str, Any]
Notebook = dict[str, Any]
ANSWER, QUESTION = "-answer", "question-"

_PICTURE = re.compile(r"!\[[^\]]*\]\((figures/[\w.-]+)\)")


@dataclass
class _Answer:
    """The lines of one exercise: the function, then helpers that only answers use."""

    function: list[str]
    helpers: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """One region from the body's first line to the last helper's, so that nbgrader leaves one stub."""
        if not self.helpers:
            return "\n".join(self.function)
        *lines, end = self.function
        return "\n".join([*lines, "", "", *self.helpers, end.lstrip()])


def notebook_of(unit: Unit) -> Notebook:
    """The unit's notebook as instructors have it; nbgrader makes the students' from it.

    Raises:
        CourseError: if there is no reference, or it is not in the order that a notebook needs.
    """
    text, sources = _handout(unit)
    imports, answers = _answers(unit)
    cells = [_markdown(f"text-{number}", part) for number, part in enumerate(text, 1)]
    cells.append(_markdown("answers", "## Your answers\n\nRun the cells from top to bottom."))
    cells.append(_code("imports", imports))
    for exercise in unit.exercises:
        cells += _exercise(exercise, answers[exercise.name])
    cells += [
        _markdown("figure-text", "## The figure\n\nDrawn by the functions above, that is, by yours."),
        _code(
            "figure",
            f'from autograder.jupyter.live import draw\n\ndraw("{unit.name}", globals())',
            {"tensorlings": {"skip": True}, "editable": False},
        ),
    ]
    for question in questions_of(unit):
        cells += _question(question)
    cells += [_markdown("sources", sources)] if sources else []
    return {
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def pictures_of(notebook: Notebook) -> list[str]:
    """The figures that its text shows, as paths within the unit's folder."""
    return sorted({found for cell in notebook["cells"] for found in _PICTURE.findall(cell["source"])})


def _handout(unit: Unit) -> tuple[list[str], str]:
    """The handout's sections, and the last one, of its sources."""
    path = unit.directory / "README.md"
    if not path.is_file():
        raise CourseError(path, "", "is missing")
    parts = re.split(r"(?m)^(?=## )", plain_lines(path.read_text(encoding="utf-8")))
    sections = [part.strip() for part in parts if part.strip()]
    sources = next((part for part in sections if part.startswith("## Sources")), "")
    return [part for part in sections if part is not sources], sources


def _answers(unit: Unit) -> tuple[str, dict[str, _Answer]]:
    """What stands before the exercises, and each exercise's lines."""
    path = unit.reference_path
    if path is None:
        raise CourseError(unit.directory, "", f"a notebook is made from solutions/{unit.folder}, which is not here")
    source = plain_lines(path.read_text(encoding="utf-8"))
    lines = source.split("\n")
    answers: dict[str, _Answer] = {}
    helpers: dict[str, list[str]] = {}
    free: list[str] = []
    done = 0
    for first, last, node in _pieces(ast.parse(source), lines):
        text, gap, done = lines[first - 1 : last], [""] * min(first - 1 - done, 2), last
        name = getattr(node, "name", "")
        if any(each.name == name for each in unit.exercises):
            answers[name] = _Answer(text)
        elif name and _is_in_region(lines, first):
            helpers[name] = text
        elif not _is_docstring(node):
            free += [*gap, *text]
    _hand_out(helpers, [answers[each.name] for each in unit.exercises])
    if helpers:
        raise CourseError(path, ", ".join(helpers), "no answer uses this helper")
    return "\n".join(free).strip("\n"), answers


def _hand_out(helpers: dict[str, list[str]], answers: list[_Answer]) -> None:
    """Moves each helper to the first answer that uses it, itself or through another helper."""
    for answer in answers:
        while used := [name for name in helpers if re.search(rf"\b{name}\b", answer.text)]:
            for name in used:
                text = helpers.pop(name)
                answer.helpers += ["", "", *text] if answer.helpers else text


def _pieces(tree: ast.Module, lines: list[str]) -> Iterator[tuple[int, int, ast.stmt]]:
    """Each top-level statement, with its first and last line: decorators, comments above, the marker below."""
    done = 0
    for node in tree.body:
        first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))])
        last = node.end_lineno or node.lineno
        while first - 1 > done and lines[first - 2].startswith("#") and lines[first - 2] not in (BEGIN, END):
            first -= 1
        if last < len(lines) and lines[last].strip() == END and lines[last] != END:
            last += 1
        yield first, last, node
        done = last


def _is_in_region(lines: list[str], line: int) -> bool:
    """Whether a line stands between markers at the left margin."""
    before = [text for text in lines[: line - 1] if text in (BEGIN, END)]
    return bool(before) and before[-1] == BEGIN


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _exercise(exercise: Exercise, answer: _Answer) -> list[Cell]:
    points = float(sum(exercise.promises.values()))
    lines = f"about {exercise.lines} line{'s' * (exercise.lines != 1)}"
    heading = f"### `{exercise.name}`: {exercise.title}\n\n*{points:g} point{'s' * (points != 1)}, {lines}.*"
    judged = f'from autograder.jupyter.live import judged\n\njudged("{exercise.name}", globals())'
    return [
        _markdown(f"{exercise.name}-text", heading),
        _code(exercise.name + ANSWER, answer.text, _nbgrader(exercise.name + ANSWER, solution=True)),
        _code(exercise.name, judged, _nbgrader(exercise.name, grade=True, locked=True, points=points)),
    ]


def _question(question: Question) -> list[Cell]:
    name = QUESTION + question.name
    text = f"## {question.title}\n\n{question.text.strip()}\n\n*{question.points:g} points, read by a person.*"
    answer = f"{BEGIN}\n{question.rubric.strip()}\n{END}"
    return [
        _markdown(f"{name}-text", text),
        _markdown(name, answer, _nbgrader(name, grade=True, solution=True, points=question.points)),
    ]


def _nbgrader(
    name: str, *, grade: bool = False, solution: bool = False, locked: bool = False, points: float | None = None
) -> dict[str, Any]:
    told = {"schema_version": 3, "grade_id": name, "grade": grade, "solution": solution, "locked": locked}
    return {"nbgrader": {**told, "task": False} | ({} if points is None else {"points": points})}


def _markdown(name: str, text: str, metadata: dict[str, Any] | None = None) -> Cell:
    return {"cell_type": "markdown", "id": _id(name), "metadata": metadata or {}, "source": text}


def _code(name: str, text: str, metadata: dict[str, Any] | None = None) -> Cell:
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": _id(name),
        "metadata": metadata or {},
        "outputs": [],
        "source": text,
    }


def _id(name: str) -> str:
    return name.replace(".", "-")[:64]
