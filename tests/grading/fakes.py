"""Results as grading would find them: real units, exercises, promises and mistakes of the course, made-up outcomes."""

from __future__ import annotations

import ast
import functools
import random
from collections.abc import Iterator
from pathlib import Path

from autograder.catalogue import Exercise, Unit, load_course
from autograder.grading.results import CheckResult, ExerciseResult, Outcome, Result, status_of

ROOT = Path(__file__).parents[2]
VERSIONS = {"python": "3.11.7", "torch": "2.9.0", "numpy": "2.3.4", "hypothesis": "6.150.0"}
# fmt: off
NAMES = (
    "ada", "amir", "beatriz", "bjørn", "chiara", "chen", "dmitri", "elif", "emeka", "fatima", "felix", "giulia",
    "hannah", "ines", "jakub", "kofi", "lena", "łukasz", "maria", "mei", "nikos", "noor", "olga", "oscar", "priya",
    "quentin", "rosa", "samir", "tereza", "umut", "vera", "wei", "xenia", "yusuf", "zoë",
)
# fmt: on

MESSAGES = (
    "a pixel is further than ε from the clean x: 0.1874 at (2, 0, 3, 1), and ε is 0.125",
    "it returned torch.float64; wanted torch.float32, the type that came in",
    "`x.grad` was None before the call and holds a gradient after it: use torch.autograd.grad, or clear what "
    ".backward() left.",
    "it returned shape (4,); wanted (4, 3)",
    "it raised IndexError: index 0 is out of bounds for dimension 0 with size 0",
    "3 of 12 numbers differ, the most by 0.6931 at (0, 2): yours is larger",
)
COUNTEREXAMPLE = """the call {name}(x=float32 (3, 1, 8, 8) from 0 to 1, y=[2, 0, 2], eps=0.125, low=0.0, high=1.0)
gave float32 (3, 1, 8, 8) from -0.1875 to 1.0625
yours [[0.25, -0.1874], [1.0625, 0.5]]
wanted at most 0.125 in every pixel"""


def fake_class(n: int, *, units: int | None = None) -> list[Result]:
    """A class of `n` submissions as classes are: most of it well, some hardly begun, one in 15 that cannot be read."""
    return [fake_result(fake_name(index), index, units=units) for index in range(n)]


def fake_name(index: int) -> str:
    """A name of its own for each index."""
    turn, which = divmod(index, len(NAMES))
    return NAMES[which] + (f"-{turn + 1}" if turn else "")


def fake_result(name: str, seed: int, *, units: int | None = None) -> Result:
    """A submission's result, the same for the same seed.

    Args:
        name: of the submission.
        seed: decides on everything else; every fifteenth cannot be read.
        units: how many of the course's units were asked for, all if None.
    """
    chance = random.Random(seed)
    unreadable = seed % 15 == 7
    skill, reach = chance.betavariate(4, 2), chance.betavariate(4, 1.2)
    chosen = course()[:units]
    exercises = []
    for position, unit in enumerate(chosen):
        begun = not unreadable and position < 1 + reach * len(chosen)
        for exercise in unit.exercises:
            exercises.append(_exercise(unit, exercise, chance, skill if begun and chance.random() < 0.96 else 0.0))
    return result_of(
        name,
        exercises,
        seconds=0.2 if unreadable else chance.uniform(8, 40),
        problem=f"{name}.zip is no archive that can be read: File is not a zip file" if unreadable else "",
    )


def result_of(name: str, exercises: list[ExerciseResult], **others: object) -> Result:
    """A result whose points are those of its exercises."""
    values: dict[str, object] = {
        "submission": name,
        "digest": "sha256:" + "0" * 64,
        "score": sum(each.score for each in exercises),
        "max_score": sum(each.max_score for each in exercises),
        "course": "sha256:" + "1" * 64,
        "isolation": "bubblewrap",
        "device": "cpu",
        "seconds": 12.5,
        "versions": VERSIONS,
        "exercises": tuple(exercises),
        **others,
    }
    return Result(**values)


def exercise_of(unit: str, name: str, checks: list[CheckResult], **others: object) -> ExerciseResult:
    """An exercise whose points and status are those of its checks."""
    values: dict[str, object] = {
        "unit": unit,
        "name": name,
        "title": f"The title of {name}",
        "score": sum(each.points for each in checks),
        "max_score": sum(each.max_points for each in checks),
        "status": status_of(checks),
        "checks": tuple(checks),
        **others,
    }
    return ExerciseResult(**values)


def check_of(name: str, outcome: Outcome = "passed", *, points: float = 1.0, **others: object) -> CheckResult:
    """A check that earns its points if it passed."""
    values: dict[str, object] = {
        "name": name,
        "title": f"It keeps {name}.",
        "visible": True,
        "outcome": outcome,
        "points": points if outcome == "passed" else 0.0,
        "max_points": points,
        **others,
    }
    return CheckResult(**values)


@functools.cache
def course() -> tuple[Unit, ...]:
    """The units of the real course."""
    return load_course(ROOT).units


def _exercise(unit: Unit, exercise: Exercise, chance: random.Random, skill: float) -> ExerciseResult:
    mood = chance.random()
    whole = "crashed" if mood > 0.995 else "timeout" if mood > 0.985 else None
    ease = random.Random(exercise.name).uniform(0.3, 1.0)  # the same for everybody
    right = mood < skill * ease**0.5
    checks = []
    for promise, points in exercise.promises.items():
        outcome: Outcome = "passed" if right or chance.random() < (skill * ease) ** 0.5 else "failed"
        if skill == 0:
            outcome = "not_started"
        elif whole is not None:
            outcome = whole
        elif exercise.name == "project_l2" and promise == "reaches_the_sphere" and chance.random() < 0.05:
            outcome = "broken"
        checks.append(_check(unit, exercise, promise, points, outcome, chance))
    known = [each for each in mistakes(unit) if each[0] == exercise.name]
    mistaken = status_of(checks) in ("partial", "failed") and whole is None and known and chance.random() < 0.6
    mistake = known[min(int(chance.expovariate(1)), len(known) - 1)] if mistaken else None
    return exercise_of(
        unit.name,
        exercise.name,
        checks,
        title=exercise.title,
        misconception=mistake[1] if mistake else None,
        explanation=mistake[2] if mistake else "",
    )


def _check(
    unit: Unit, exercise: Exercise, promise: str, points: float, outcome: Outcome, chance: random.Random
) -> CheckResult:
    message = {
        "failed": chance.choice(MESSAGES),
        "timeout": "it did not return within 10 s",
        "crashed": "the process ended with signal 9 (SIGKILL)",
        "broken": "ZeroDivisionError: float division by zero (the reference fails on the same input)",
    }.get(outcome, "")
    return CheckResult(
        name=f"{exercise.name}__{promise}",
        title=titles(unit).get(f"{exercise.name}__{promise}", f"It {promise.replace('_', ' ')}."),
        visible=promise in exercise.visible,
        outcome=outcome,
        points=points if outcome == "passed" else 0.0,
        max_points=points,
        message=message,
        counterexample=COUNTEREXAMPLE.format(name=exercise.name) if outcome == "failed" else "",
        seconds=round(chance.uniform(0.01, 0.4), 3),
    )


@functools.cache
def titles(unit: Unit) -> dict[str, str]:
    """Sentences of a unit's checks by name: docstrings, read and not run."""
    conventions = ROOT / "autograder" / "conventions.py"
    shared = {name.strip("_"): sentence for name, sentence, _ in _docstrings(conventions)}
    found = {
        f"{each.name}__{promise}": shared[promise]
        for each in unit.exercises
        for promise in each.promises
        if promise in shared
    }
    for path in (unit.visible_path, unit.hidden_path):
        if path is not None:
            found |= {name.removeprefix("test_"): text for name, text, _ in _docstrings(path) if name[:5] == "test_"}
    return found


@functools.cache
def mistakes(unit: Unit) -> tuple[tuple[str, str, str], ...]:
    """Exercise, name and sentence of a unit's known mistakes; none where the instructor's folder is absent."""
    if unit.chaffs_path is None:
        return ()
    return tuple(
        (str(mark.args[0].value), name, " ".join(text.split()))
        for name, text, marks in _docstrings(unit.chaffs_path)
        for mark in marks
        if isinstance(mark, ast.Call) and isinstance(mark.args[0], ast.Constant)
    )


def _docstrings(path: Path) -> Iterator[tuple[str, str, list[ast.expr]]]:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and ast.get_docstring(node):
            yield node.name, ast.get_docstring(node) or "", node.decorator_list
