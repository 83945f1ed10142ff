"""An exercise's card, as a notebook and nbgrader's pages show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from autograder.grading.feedback import block_of
from autograder.grading.pages import render
from autograder.grading.results import ExerciseResult


@dataclass(frozen=True)
class Card:
    """A result that a notebook shows as a page, and that nbgrader reads as a number.

    Attributes:
        result: of the exercise, for the promises that could be judged here.
        points: what nbgrader is told.
        hints: shown one after the other, each within the one before.
        later: promises that are judged elsewhere.
        later_points: what those are worth.
    """

    result: ExerciseResult
    points: float
    hints: Sequence[str] = ()
    later: int = 0
    later_points: float = 0.0

    def __repr__(self) -> str:
        return repr(float(self.points))

    def _repr_html_(self) -> str:
        return card_html(self)


def card_html(card: Card) -> str:
    """The card as a piece of HTML; everything that a student may have written is escaped."""
    return render(
        "card.html.j2",
        block=block_of(card.result),
        hints=card.hints,
        later=card.later,
        later_points=card.later_points,
    )
