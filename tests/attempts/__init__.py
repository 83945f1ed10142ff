"""Known mistakes made by another hand: what a student's own wording of a chaff looks like.

Each attempt makes the mistake of the chaff that it names, in other code. `test_attempts.py` holds that most of them are
told that chaff's sentence, and none another one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.content import load_file, marked


@dataclass(frozen=True)
class Attempt:
    """A wrong answer to `exercise` that makes the mistake of the chaff called `mistake`."""

    exercise: str
    mistake: str
    function: Callable[..., Any]


def attempt(exercise: str, *, mistake: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Marks a function as an attempt."""

    def mark(function: Callable[..., Any]) -> Callable[..., Any]:
        function.__attempt__ = Attempt(exercise, mistake, function)  # type: ignore[attr-defined]
        return function

    return mark


def attempts(unit: str) -> list[Attempt]:
    """The attempts at one unit's exercises."""
    path = Path(__file__).parent / f"{unit}.py"
    return [each.__attempt__ for each in marked(load_file(path), "__attempt__")] if path.is_file() else []
