"""What the cells of a notebook call: `judged` shows an exercise's card, `draw` the unit's figure."""

from __future__ import annotations

import inspect
import io
import linecache
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from autograder.catalogue import Course, Exercise, Unit, find_course, load_course
from autograder.checks import Check, checks_of, run_check
from autograder.figures import figure_functions
from autograder.grading.secret import course_secret
from autograder.grading.telling import summed, told_of
from autograder.implementation import Implementation
from autograder.jupyter.card import Card
from autograder.misconceptions import recognise
from autograder.profiles import GRADING_EXAMPLES, Profile
from autograder.submission import Submission
from autograder.verify import reference_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COURSE = "TENSORLINGS_COURSE"  # the environment's name for the folder that holds `exercises/` and maybe `solutions/`
CELL = "this function's cell"


def judged(name: str, functions: Mapping[str, Any]) -> Card:
    """The card of the exercise `name`, for the function of that name in `functions`, a notebook's `globals()`.

    Without the instructor's folder only visible promises are judged, and the points are scaled to the exercise's, so
    that nbgrader's *Validate* passes what keeps them all. Where nbgrader itself grades with its own executor, the
    environment's `TENSORLINGS_COURSE` names a course with that folder.

    Raises:
        UnknownName: if there is no such exercise.
        CourseError: if the folder of the course is not to be found.
    """
    course = _course()
    unit, exercise = course.find(name)
    if exercise is None:
        raise ValueError(f"{name} is a unit; wanted an exercise")
    submission = Submission(unit, _implementation(functions, name))
    checks = [check for check in checks_of(unit) if check.exercise.name == name]
    result = _result(course, unit, exercise, checks, submission)
    whole = float(sum(exercise.promises.values()))
    left = [points for promise, points in exercise.promises.items() if promise not in {each.promise for each in checks}]
    share = result.score / result.max_score if result.max_score else 1.0
    done = result.status == "passed"
    return Card(result, share * whole, () if done else exercise.hints, len(left), float(sum(left)))


@dataclass(frozen=True)
class Picture:
    """A figure that a notebook shows as a picture, also where matplotlib's own ways to do so are not set up."""

    figure: Figure

    def _repr_png_(self) -> bytes:
        file = io.BytesIO()
        self.figure.savefig(file, format="png")
        return file.getvalue()


def draw(name: str, functions: Mapping[str, Any]) -> Picture | None:
    """The first figure of the unit `name`, drawn with a notebook's functions; None, and a sentence, if it cannot be."""
    from autograder.errors import CallTimeout, NotStarted

    unit, _ = _course().find(name)
    names = [each.name for each in unit.exercises]
    submission = Submission(unit, _implementation(functions, *names), seconds=60.0)
    make = next(iter(figure_functions(unit).values()))
    try:
        figure = make(submission)
    except NotStarted as missing:
        print(f"The figure needs {missing}, which is not written yet.")
        return None
    except CallTimeout as error:
        print(f"The figure could not be drawn: {error}")
        return None
    except Exception as error:  # an answer may be wrong in any way; its card says more
        text = str(error).split("\n")[0]
        print(f"The figure could not be drawn: {type(error).__name__}: {text}")
        return None
    return Picture(figure)


def _course() -> Course:
    named = os.environ.get(COURSE)
    return load_course(Path(named) if named else find_course(), part=True)


def _result(course: Course, unit: Unit, exercise: Exercise, checks: list[Check], submission: Submission) -> Any:
    is_graded = os.environ.get("NBGRADER_EXECUTION") == "autograde"
    reference = None if unit.reference_path is None else reference_of(unit)
    profile = Profile()
    if is_graded and reference is not None:
        secret = course_secret(course.root / ".autograder" / "secret", make=True)
        profile = Profile(GRADING_EXAMPLES, secret=secret)
    told = []
    for check in checks:
        submission.latest = None
        verdict = run_check(check, submission, reference=reference, profile=profile)
        result = told_of(check, verdict, submission)
        file = submission.implementation.path
        message = result.message if file is None else result.message.replace(file.name, CELL)
        told.append(msgspec.structs.replace(result, message=message))
    known = None
    if unit.chaffs_path is not None and "failed" in {each.outcome for each in told}:
        submission.begin_check()
        known = recognise(unit, exercise, submission)
    return summed(unit, exercise, told, known.name if known else None, known.sentence if known else "")


def _implementation(functions: Mapping[str, Any], *names: str) -> Implementation:
    """The functions as they are now, with the text of their cells."""
    found = {name: functions[name] for name in names if callable(functions.get(name))}
    files = dict.fromkeys(function.__code__.co_filename for function in found.values() if inspect.isfunction(function))
    texts = ["".join(linecache.getlines(file)) for file in files]
    path = Path(next(iter(files))) if len(files) == 1 else None  # several cells have no common lines
    return Implementation(found, path, "\n\n".join(texts))
