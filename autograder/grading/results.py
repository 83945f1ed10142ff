"""What grading found: one result for each submission, kept as JSON that is written whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import msgspec

from autograder.errors import TensorlingsError
from autograder.files import write_whole

SCHEMA = 1
Outcome = Literal["passed", "failed", "not_started", "timeout", "crashed", "broken"]
Status = Literal["passed", "partial", "failed", "not_started", "broken"]


class ResultError(TensorlingsError):
    """A result cannot be read; says which and why."""


class CheckResult(msgspec.Struct, frozen=True, kw_only=True):
    """One promise: its sentence (`title`), what became of it, and why.

    `counterexample` has a line for each of "the call", "gave", "yours" and "wanted" that is known.
    """

    name: str
    title: str
    visible: bool
    outcome: Outcome
    points: float
    max_points: float
    message: str = ""
    counterexample: str = ""
    seconds: float = 0.0


class ExerciseResult(msgspec.Struct, frozen=True, kw_only=True):
    """One function: its points, and the known mistake that it makes (`misconception`, told in `explanation`)."""

    unit: str
    name: str
    title: str = ""
    score: float
    max_score: float
    status: Status
    misconception: str | None = None
    explanation: str = ""
    checks: tuple[CheckResult, ...]


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One submission.

    Attributes:
        submission: its name.
        digest: of what was handed in.
        score: points.
        max_score: points of the units that were asked for.
        course: digest of the checks that judged it, and of all that they depend on.
        isolation: how the submission was kept apart: "bubblewrap" or "none".
        device: where training checks ran.
        seconds: wall time.
        versions: of Python and the libraries that matter.
        problem: a sentence, where the submission as a whole could not be read; else empty.
        exercises: in the order of the course.
    """

    schema: int = SCHEMA
    submission: str
    digest: str
    score: float
    max_score: float
    course: str
    isolation: str
    device: str
    seconds: float
    versions: dict[str, str]
    problem: str = ""
    exercises: tuple[ExerciseResult, ...]


def status_of(checks: Iterable[CheckResult]) -> Status:
    """What an exercise's checks amount to: `broken` where any is at fault, `passed` with all points, and so on."""
    outcomes = [each.outcome for each in checks]
    if "broken" in outcomes:
        return "broken"
    if outcomes and all(each == "passed" for each in outcomes):
        return "passed"
    if "passed" in outcomes:
        return "partial"
    return "not_started" if all(each == "not_started" for each in outcomes) else "failed"


def write_result(result: Result, folder: Path) -> Path:
    """Writes `<submission>.json` into `folder`, whole or not at all, and says where."""
    path = folder / f"{result.submission}.json"
    write_whole(path, msgspec.json.format(msgspec.json.encode(result), indent=1) + b"\n")
    return path


def read_result(path: Path) -> Result:
    """The result in a file.

    Raises:
        ResultError: if it is none.
    """
    try:
        result = msgspec.json.decode(path.read_bytes(), type=Result)
    except FileNotFoundError:
        raise ResultError(f"{path}: there is no such result") from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ResultError(f"{path}: is no result of `autograder grade` ({error})") from None
    if result.schema != SCHEMA:
        raise ResultError(f"{path}: has schema {result.schema}; this version reads {SCHEMA}")
    return result


def read_results(folder: Path) -> list[Result]:
    """All results in a folder, by the submissions' names.

    Raises:
        ResultError: if there is none, or one cannot be read.
    """
    if not folder.is_dir():
        raise ResultError(f"{folder}: there is no such folder of results")
    found = [read_result(path) for path in sorted(folder.glob("*.json"))]
    if not found:
        raise ResultError(f"{folder}: holds no results; `autograder grade PATH… --out {folder}` makes them")
    return sorted(found, key=lambda each: each.submission)
