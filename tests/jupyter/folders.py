"""An nbgrader course in a folder, notebooks handed in there, and nbgrader's commands."""

from __future__ import annotations

import copy
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from autograder.catalogue import Course
from autograder.jupyter.assemble import ANSWER
from autograder.jupyter.course import make_course

Notebook = dict[str, Any]


class NbgraderCourse:
    """A generated course with the released assignment of one unit.

    Args:
        course: where it is made from.
        folder: where it is made.
        unit: its one assignment.
        prepare: changes what was made before it is released.
    """

    def __init__(
        self, course: Course, folder: Path, unit: str, prepare: Callable[[Path], object] = lambda folder: None
    ):
        self.folder, self.unit = folder, unit
        make_course(course, folder, [unit])
        prepare(folder)
        self.run("generate_assignment", "--create", "--force", unit)
        self.release = folder / "release" / unit

    def run(self, *arguments: str) -> str:
        """Runs `nbgrader ARGUMENTS` and gives what it printed; its failure is an error."""
        command = [sys.executable, "-m", "nbgrader", *arguments]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def released(self) -> Notebook:
        """The student's notebook."""
        return self._read("release")

    def solved(self, answers: Mapping[str, str] | None = None) -> Notebook:
        """The student's notebook with the references' answers, some of them replaced."""
        given = {name_of(cell): cell["source"] for cell in self._read("source")["cells"]}
        given |= {f"{name}{ANSWER}": text for name, text in (answers or {}).items()}
        notebook = self.released()
        for cell in notebook["cells"]:
            if name_of(cell).endswith(ANSWER):
                cell["source"] = given[name_of(cell)]
        return notebook

    def hand_in(self, student: str, notebook: Notebook | str, files: Mapping[str, str] | None = None) -> Path:
        """Puts a notebook, or a text in its place, under `submitted/`, beside what was released."""
        folder = self.folder / "submitted" / student / self.unit
        shutil.copytree(self.release, folder)
        text = notebook if isinstance(notebook, str) else json.dumps(notebook)
        (folder / f"{self.unit}.ipynb").write_text(text, encoding="utf-8")
        for name, content in (files or {}).items():
            (folder / name).write_text(content, encoding="utf-8")
        return folder

    def _read(self, step: str) -> Notebook:
        path = self.folder / step / self.unit / f"{self.unit}.ipynb"
        return json.loads(path.read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def name_of(cell: Mapping[str, Any]) -> str:
    """A cell's name for nbgrader; empty for others."""
    return str(cell["metadata"].get("nbgrader", {}).get("grade_id", ""))


def changed(notebook: Notebook, name: str, change: Callable[[dict[str, Any]], object]) -> Notebook:
    """A copy in which the cell called `name` was changed."""
    mine = copy.deepcopy(notebook)
    for cell in mine["cells"]:
        if name_of(cell) == name:
            change(cell)
    return mine


def without(notebook: Notebook, *names: str) -> Notebook:
    """A copy without some cells."""
    return {**notebook, "cells": [cell for cell in notebook["cells"] if name_of(cell) not in names]}


def with_text(notebook: Notebook, text: str) -> Notebook:
    """A copy with one more Markdown cell at its end."""
    cell = {"cell_type": "markdown", "id": "my-text", "metadata": {}, "source": text}
    return {**notebook, "cells": [*notebook["cells"], cell]}


def with_cell(notebook: Notebook, source: str, *, first: bool = False) -> Notebook:
    """A copy with one more code cell, at the end or the beginning."""
    cell = {"cell_type": "code", "id": "mine", "metadata": {}, "outputs": [], "execution_count": None, "source": source}
    return {**notebook, "cells": [cell, *notebook["cells"]] if first else [*notebook["cells"], cell]}
