"""What a student reads: every promise kept and broken, why, and the known mistake behind it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from autograder.grading.pages import render
from autograder.grading.results import CheckResult, ExerciseResult, Result
from autograder.grading.texts import count, counterexample_rows, explained, misconception_of, obstacle, shortened

MARKS = {"passed": "✓", "not_started": "·", "broken": "!"}
_AGAIN = "As above."


@dataclass(frozen=True)
class Promise:
    """A check as a line of the page; `message` and `counterexample` are empty where it is kept."""

    check: CheckResult
    mark: str
    message: str
    counterexample: list[tuple[str, str]]


@dataclass(frozen=True)
class Exercise:
    """An exercise as a block of the page: what is to be mended first, what is kept after it.

    `reason` is why no promise at all is kept, where there is one reason for all; it is told once.
    """

    result: ExerciseResult
    words: str
    misconception: str
    reason: str
    promises: list[Promise]

    @property
    def mark(self) -> str:
        """Whether it is done."""
        return MARKS.get(self.result.status, "✗")

    @property
    def is_open(self) -> bool:
        """Whether there is something to mend, which is shown unfolded."""
        return self.result.status in ("partial", "failed", "broken")


@dataclass(frozen=True)
class Unit:
    """A unit as a section of the page."""

    name: str
    exercises: list[Exercise]

    @property
    def score(self) -> float:
        """Points earned."""
        return sum(each.result.score for each in self.exercises)

    @property
    def max_score(self) -> float:
        """Points to be had."""
        return sum(each.result.max_score for each in self.exercises)

    @property
    def obstacle(self) -> str:
        """Why its file was not judged, if so."""
        return obstacle(each.result for each in self.exercises)

    @property
    def started(self) -> bool:
        """Whether there is anything to say."""
        return any(each.result.status != "not_started" for each in self.exercises)


def feedback_page(result: Result) -> str:
    """A submission's page: self-contained, and without anything that is for the instructor only."""
    units = [
        Unit(name, [block_of(each) for each in group])
        for name, group in itertools.groupby(result.exercises, key=lambda each: each.unit)
    ]
    return render("feedback.html.j2", result=result, problem=shortened(result.problem), units=units)


def block_of(result: ExerciseResult) -> Exercise:
    """What a page or a card shows of one exercise."""
    broken_first = sorted(result.checks, key=lambda each: each.outcome == "passed")
    reason = _one_reason(result.checks)
    promises = [Promise(check, _mark(check), "", []) for check in broken_first] if reason else _promises(broken_first)
    return Exercise(result, _words(result), misconception_of(result), reason, list(promises))


def _one_reason(checks: Sequence[CheckResult]) -> str:
    """What all checks say alike, such as that the function is no Python; nothing where they differ."""
    reasons = {explained(check) for check in checks}
    told = [row for check in checks if check.outcome != "passed" for row in counterexample_rows(check)]
    return reasons.pop() if len(reasons) == 1 and len(checks) > 1 and not told else ""


def _promises(checks: Iterable[CheckResult]) -> Iterator[Promise]:
    before = ""
    shown: list[list[tuple[str, str]]] = []
    for check in checks:
        message, rows = explained(check), [] if check.outcome == "passed" else counterexample_rows(check)
        again = message == before
        if rows in shown:
            rows = []
        before = message
        shown.append(rows)
        yield Promise(check, _mark(check), _AGAIN if message and again else message, rows)


def _mark(check: CheckResult) -> str:
    return MARKS.get(check.outcome, "✗")


def _words(result: ExerciseResult) -> str:
    kept = sum(each.outcome == "passed" for each in result.checks)
    if result.status == "passed":
        return f"all {count(kept, 'promise')} kept" if kept > 1 else "kept"
    if result.status == "not_started":
        return "not started"
    words = f"{kept} of {count(len(result.checks), 'promise')} kept"
    return f"{words}; a check of ours is at fault" if result.status == "broken" else words
