"""Honest inputs for each exercise: what its contract allows, drawn cheaply.

A unit's `cases.py` says once per exercise how to draw a call. The shared conventions, the comparison with the
reference and the recognition of misconceptions all draw from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from torch import Tensor

from autograder.catalogue import Exercise, Unit
from autograder.content import load_file, marked
from autograder.errors import CourseError

Value = TypeVar("Value")


class Call:
    """Arguments for one call of an exercise's function, and what may be compared of its result.

    Attributes:
        args: positional arguments.
        kwargs: keyword arguments.
        draws: whether right answers may differ, because the call draws at random.
        summary: for such a call, what nearly agrees between right answers (`summary(result)` -> tensor), or None.
        within: how far the summaries of two right answers may lie apart.
        gradients: whether gradients are on where it is called.
    """

    def __init__(self, *args: Any, **kwargs: Any):
        self.args, self.kwargs = args, kwargs
        self.draws = False
        self.summary: Callable[[Any], Tensor] | None = None
        self.within = 0.0
        self.gradients = True

    def random(self, *, summary: Callable[[Any], Tensor] | None = None, within: float = 0.0) -> Call:
        """Marks the call as one that draws at random."""
        self.draws, self.summary, self.within = True, summary, within
        return self

    def like(self, other: Call) -> Call:
        """Marks the call as `other` is marked."""
        self.draws, self.summary, self.within = other.draws, other.summary, other.within
        self.gradients = other.gradients
        return self

    @property
    def is_empty(self) -> bool:
        """Whether one of its tensors has no element."""
        return any(isinstance(each, Tensor) and not each.numel() for each in (*self.args, *self.kwargs.values()))

    def __repr__(self) -> str:
        parts = [repr(each) for each in self.args] + [f"{name}={each!r}" for name, each in self.kwargs.items()]
        return f"Call({', '.join(parts)})"


@dataclass(frozen=True)
class Ask:
    """What a drawn call should look like.

    Attributes:
        draw: draws from a strategy.
        batch: number of samples; 0 and 1 are asked for outright.
        dtype: float type of all float tensors of the call.
        plain: generic position: no ties, zeros or extremes.
    """

    draw: Callable[[st.SearchStrategy[Any]], Any]
    batch: int
    dtype: torch.dtype
    plain: bool = False


def calls(exercise: str) -> Callable[[Callable[[Ask], Call]], Callable[[Ask], Call]]:
    """Marks the function that draws a call of `exercise`."""

    def mark(function: Callable[[Ask], Call]) -> Callable[[Ask], Call]:
        function.__calls__ = exercise  # type: ignore[attr-defined]
        return function

    return mark


def corners(exercise: str) -> Callable[[Callable[[], list[Call]]], Callable[[], list[Call]]]:
    """Marks the function that lists rare calls of `exercise`."""

    def mark(function: Callable[[], list[Call]]) -> Callable[[], list[Call]]:
        function.__corners__ = exercise  # type: ignore[attr-defined]
        return function

    return mark


def call_strategies(
    unit: Unit,
    exercise: Exercise,
    *,
    batch: int | None = None,
    dtype: torch.dtype | None = None,
    plain: bool = False,
) -> st.SearchStrategy[Call]:
    """Calls of `exercise` as its unit's `cases.py` draws them; what is None is drawn.

    Raises:
        CourseError: if `cases.py` has none for it.
    """
    make = _function(unit, exercise, "__calls__")
    if make is None:
        raise CourseError(unit.cases_path, exercise.name, 'has no function marked @calls("…")')

    @st.composite
    def drawn(draw: Callable[[st.SearchStrategy[Any]], Any]) -> Call:
        size = draw(st.integers(1, 5)) if batch is None else batch
        kind = draw(st.sampled_from([torch.float32, torch.float64])) if dtype is None else dtype
        call: Call = make(Ask(draw, size, kind, plain))
        return call

    return drawn()


def corner_calls(unit: Unit, exercise: Exercise) -> list[Call]:
    """The rare calls that `cases.py` lists for `exercise`, made afresh."""
    make = _function(unit, exercise, "__corners__")
    return [] if make is None else list(make())


def sample_calls(strategy: st.SearchStrategy[Call], count: int, *, start: int = 0) -> list[Call]:
    """`count` calls drawn from `strategy`, always the same ones for the same `start`."""
    drawn: list[Call] = []

    @seed(start)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def gather(call: Call) -> None:
        drawn.append(call)

    gather()
    return drawn[:count]


def _function(unit: Unit, exercise: Exercise, mark: str) -> Callable[..., Any] | None:
    functions: Iterable[Callable[..., Any]] = marked(load_file(unit.cases_path), mark)
    return next((each for each in functions if getattr(each, mark) == exercise.name), None)
