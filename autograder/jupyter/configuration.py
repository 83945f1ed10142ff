"""What `nbgrader_config.py` calls: the course's settings for nbgrader, in one place."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from autograder.jupyter.live import COURSE

_OURS = "autograder.jupyter.preprocessors"


def configure(
    c: Any,
    *,
    here: Path,
    course: Path,
    sandbox: bool = True,
    isolation: str | None = None,
    secret: Path | None = None,
    device: str = "cpu",
) -> None:
    """Sets nbgrader up for a course that `autograder notebooks` made.

    Args:
        c: nbgrader's configuration, as `get_config()` gives it.
        here: nbgrader's course folder.
        course: the folder that holds `exercises/` and `solutions/`.
        sandbox: judge in our sandbox; False leaves nbgrader its own executor, in which submissions can do what they
            like with their marks.
        isolation: "bubblewrap" or "none"; None takes the strongest that works, and refuses to do without any.
        secret: a file of what inputs are drawn from; None takes the course's own.
        device: where training checks run.
    """
    here, course = here.resolve(), course.resolve()
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])  # for alembic
    c.CourseDirectory.root = str(here)
    c.CourseDirectory.course_id = "tensorlings"
    c.ClearSolutions.code_stub = {"python": "# Your code here\nraise NotImplementedError()"}
    c.ClearSolutions.text_stub = "*Your answer here*"
    c.GenerateFeedback.preprocessors = [
        f"{_OURS}.ForStudents",
        "nbgrader.preprocessors.GetGrades",
        "nbconvert.preprocessors.CSSHTMLHeaderPreprocessor",
    ]
    c.Autograde.sanitize_preprocessors = [
        f"{_OURS}.MakeWhole",
        "nbgrader.preprocessors.ClearOutput",
        "nbgrader.preprocessors.DeduplicateIds",
        "nbgrader.preprocessors.OverwriteKernelspec",
        "nbgrader.preprocessors.OverwriteCells",
        "nbgrader.preprocessors.CheckCellMetadata",
    ]
    c.Autograde.exporter_class = f"{_OURS}.AnyNotebook"
    c.ForGraders.course = str(course)
    os.environ[COURSE] = str(course)  # for the kernels of nbgrader's own executor; a sandboxed worker has none of it
    if not sandbox:
        return
    c.Autograde.autograde_preprocessors = [
        f"{_OURS}.Judged",
        f"{_OURS}.ForGraders",
        f"{_OURS}.SaveGrades",
        "nbgrader.preprocessors.AssignLatePenalties",
        "nbgrader.preprocessors.CheckCellMetadata",
    ]
    c.Judged.course = str(course)
    c.Judged.results = str(here / "grades")
    c.Judged.device = device
    if isolation is not None:
        c.Judged.isolation = isolation
    if secret is not None:
        c.Judged.secret = str(secret.resolve())
