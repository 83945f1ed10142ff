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
    lines, tree = source.split("\n"), ast.parse(source)
    names = [each.name for each in unit.exercises]
    answers: dict[str, _Answer] = {}
    helpers: list[tuple[set[str], list[str]]] = []
    free: list[str] = []
    done = 0
    for first, last, nodes in _blocks(tree, lines):
        text, gap, done = lines[first - 1 : last], [""] * min(first - 1 - done, 2), last
        defined = {node.name for node in nodes if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
        if lines[first - 1] == BEGIN:
            helpers.append((defined, text[1:-1]))
        elif defined & set(names):
            answers[defined.pop()] = _Answer(text)
        elif not _is_docstring(nodes[0]):
            free += [*gap, *text]
    for defined, text in helpers:
        users = [name for name in names if any(re.search(rf"\b{each}\b", answers[name].text) for each in defined)]
        if not users:
            raise CourseError(path, ", ".join(sorted(defined)), "no answer uses this helper")
        first_user = answers[users[0]]
        first_user.helpers += ["", "", *text] if first_user.helpers else text
    return "\n".join(free).strip("\n"), answers


def _blocks(tree: ast.Module, lines: list[str]) -> Iterator[tuple[int, int, list[ast.stmt]]]:
    """First line, last line and statements of each top-level piece; a region at the left margin is one."""
    nodes, done = list(tree.body), 0
    while nodes:
        node = nodes.pop(0)
        first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))])
        held, last = [node], node.end_lineno or node.lineno
        above = next((number for number in range(first - 1, done, -1) if lines[number - 1].strip()), 0)
        if above and lines[above - 1] == BEGIN:
            first, last = above, lines.index(END, above) + 1
            while nodes and nodes[0].lineno < last:
                held.append(nodes.pop(0))
        elif last < len(lines) and lines[last].strip() == END:
            last += 1
        else:
            while above and lines[above - 1].startswith("#"):  # comments that belong to it
                first, above = above, above - 1
        yield first, last, held
        done = last


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
