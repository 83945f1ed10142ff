"""A result as the `results.json` that Gradescope documents for its autograders."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from autograder.grading.results import CheckResult, ExerciseResult, Result
from autograder.grading.texts import (
    counterexample_rows,
    explained,
    legible,
    misconception_of,
    shortened,
)

HIDDEN = "after_published"  # Gradescope's "hidden" would never show them; like this their points show with the grades


def gradescope(result: Result) -> str:
    """One submission's results as JSON.

    The sum stands in no text, since Gradescope holds it back until the hidden checks may be seen.
    """
    tests = [
        test for number, exercise in enumerate(result.exercises, start=1) for test in _tests(str(number), exercise)
    ]
    problem = f"Your submission could not be judged. {shortened(result.problem)}" if result.problem else ""
    document = {
        "score": round(result.score, 4),
        "execution_time": round(result.seconds, 3),
        "output": legible(problem),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "extra_data": {
            "submission": legible(result.submission),
            "max_score": round(result.max_score, 4),
            "digest": result.digest,
            "course": result.course,
            "isolation": result.isolation,
            "device": result.device,
            "versions": result.versions,
        },
        "tests": tests,
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=1).decode() + "\n"


def _tests(number: str, exercise: ExerciseResult) -> Iterator[dict[str, Any]]:
    misconception = misconception_of(exercise)
    for position, check in enumerate(exercise.checks, start=1):
        broken = check.outcome == "failed"
        yield {
            "score": round(check.points, 4),
            "max_score": round(check.max_points, 4),
            "status": "passed" if check.outcome == "passed" else "failed",
            "name": legible(f"{exercise.name}: {check.title}"),
            "number": f"{number}.{position}",
            "output": _output(check, misconception if broken else ""),
            "output_format": "text",
            "tags": [legible(exercise.unit), legible(exercise.name), check.outcome],
            "visibility": "visible" if check.visible else HIDDEN,
        }
        if broken:
            misconception = ""


def _output(check: CheckResult, misconception: str) -> str:
    rows = [] if check.outcome == "passed" else counterexample_rows(check)
    lines = [misconception, explained(check), *(f"{label:<9}{value}" if label else value for label, value in rows)]
    return legible("\n".join(filter(None, lines)))
