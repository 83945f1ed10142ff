"""Wheats and chaffs: right and wrong answers that judge the checks.

A wheat is a right answer written another way. A chaff is the reference with one mistake; its docstring says what the
mistake is, in words for the student who made it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from autograder.catalogue import Unit
from autograder.content import load_file, marked

Function = TypeVar("Function", bound=Callable[..., object])


@dataclass(frozen=True)
class Wheat:
    """A right answer to `exercise`."""

    exercise: str
    name: str
    function: Callable[..., object]


@dataclass(frozen=True)
class Chaff:
    """A wrong answer to `exercise`, the sentence for the student who made it, and the promises that it breaks.

    Where some right answer does the same in a single call, `silent` says that the sentence is never told.
    """

    exercise: str
    name: str
    function: Callable[..., object]
    sentence: str
    caught_by: tuple[str, ...]
    silent: bool = False


def wheat(exercise: str) -> Callable[[Function], Function]:
    """Marks a function as a right answer to `exercise`."""

    def mark(function: Function) -> Function:
        function.__wheat__ = Wheat(exercise, function.__name__, function)  # type: ignore[attr-defined]
        return function

    return mark


def chaff(exercise: str, *, caught_by: tuple[str, ...], silent: bool = False) -> Callable[[Function], Function]:
    """Marks a function as a wrong answer to `exercise`, caught by each of the promises `caught_by`; see `Chaff`."""

    def mark(function: Function) -> Function:
        sentence = " ".join((inspect.getdoc(function) or "").split())
        found = Chaff(exercise, function.__name__, function, sentence, tuple(caught_by), silent)
        function.__chaff__ = found  # type: ignore[attr-defined]
        return function

    return mark


def wheats_of(unit: Unit, exercise: str | None = None) -> list[Wheat]:
    """The unit's wheats, or those of one exercise; none where the instructor's folder is absent."""
    found = [] if unit.wheats_path is None else wheats_in(unit.wheats_path)
    return [each for each in found if exercise in (None, each.exercise)]


def wheats_in(path: Path) -> list[Wheat]:
    """All wheats in one file."""
    return [function.__wheat__ for function in marked(load_file(path), "__wheat__")]  # type: ignore[attr-defined]


def chaffs_of(unit: Unit, exercise: str | None = None) -> list[Chaff]:
    """The unit's chaffs, or those of one exercise; none where the instructor's folder is absent."""
    found = [] if unit.chaffs_path is None else chaffs_in(unit.chaffs_path)
    return [each for each in found if exercise in (None, each.exercise)]


def chaffs_in(path: Path) -> list[Chaff]:
    """All chaffs in one file."""
    return [function.__chaff__ for function in marked(load_file(path), "__chaff__")]  # type: ignore[attr-defined]
