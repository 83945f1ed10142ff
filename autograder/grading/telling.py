"""Verdicts as results: what a page or a card shows of a check, and of an exercise."""

from __future__ import annotations

from collections.abc import Sequence

from autograder.catalogue import Exercise, Unit
from autograder.checks import Check, Verdict
from autograder.grading.results import CheckResult, ExerciseResult, status_of
from autograder.render import show, show_both, show_call
from autograder.submission import Submission

TEXT = 4000  # characters of a message or counterexample


def told_of(check: Check, verdict: Verdict, submission: Submission | None = None) -> CheckResult:
    """A check's result; the counterexample is told where the submission that gave it is here."""
    counterexample = ""
    if verdict.outcome == "failed" and submission is not None:
        counterexample = _counterexample(check, verdict, submission)
    return CheckResult(
        name=check.name,
        title=check.sentence,
        visible=check.visible,
        outcome=verdict.outcome,
        points=check.points if verdict.outcome == "passed" else 0.0,
        max_points=check.points,
        message=shortened(verdict.message),
        counterexample=counterexample,
        seconds=round(verdict.seconds, 3),
    )


def _counterexample(check: Check, verdict: Verdict, submission: Submission) -> str:
    rows = []
    record = submission.latest
    if record is not None and record.exercise == check.exercise.name and not check.is_training:
        rows.append(("the call", show_call(record)))
        if record.returned:
            rows.append(("gave", show(record.value)))
    yours, wanted = show_both(verdict.yours, verdict.wanted)
    rows += [("yours", yours)] if verdict.yours is not None else []
    rows += [("wanted", wanted)] if verdict.wanted is not None else []
    return "\n".join(f"{name}: {shortened(text)}" for name, text in rows)


def summed(
    unit: Unit, exercise: Exercise, told: Sequence[CheckResult], misconception: str | None = None, sentence: str = ""
) -> ExerciseResult:
    """An exercise's checks in sum. A broken check is our fault: it counts neither for nor against."""
    counted = [each for each in told if each.outcome != "broken"]
    return ExerciseResult(
        unit=unit.name,
        name=exercise.name,
        title=exercise.title,
        score=sum(each.points for each in counted),
        max_score=sum(each.max_points for each in counted),
        status=status_of(told),
        misconception=misconception,
        explanation=sentence,
        checks=tuple(told),
    )


def shortened(text: str) -> str:
    """`text`, but no more than is worth keeping."""
    return text if len(text) <= TEXT else f"{text[:TEXT]} …"
