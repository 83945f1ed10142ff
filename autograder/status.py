"""`autograder` alone: the course at a glance, from what was last seen. Nothing is run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from autograder.catalogue import Course, Exercise, Unit
from autograder.progress import Progress, Seen, load_progress
from autograder.sources import digest, is_written, read_text

WIDTH = 80
_MARKS = {"solved": ("✓", "green"), "broken": ("✗", "red"), "begun": ("~", "yellow"), "untouched": ("·", "dim")}


@dataclass(frozen=True)
class Standing:
    """Where a student is with one exercise.

    Attributes:
        state: `solved`, `broken`, `begun` (written, and not yet judged as it is now) or `untouched`.
        points: earned when it was last seen, by visible checks.
        words: what else there is to say.
    """

    unit: Unit
    exercise: Exercise
    state: str
    points: float
    words: str

    @property
    def max_points(self) -> float:
        """The points of all visible checks."""
        return sum(self.exercise.visible.values())


def standings(course: Course, progress: Progress) -> list[Standing]:
    """Where the student is with each exercise, in the order of the course."""
    found = []
    for unit in course.units:
        source = read_text(unit.module_path)
        for exercise in unit.exercises:
            state, points, words = _standing(exercise, source, progress.exercises.get(exercise.name))
            found.append(Standing(unit, exercise, state, points, words))
    return found


def next_exercise(course: Course, found: list[Standing]) -> Standing | None:
    """What to do next: what was begun, else the first exercise whose unit's prerequisites are solved."""
    waiting = [each for each in found if each.state != "solved"]
    begun = [each for each in waiting if each.state != "untouched"]
    ready = [each for each in waiting if not missing(course, each.unit, found)]
    return next(iter([*begun, *ready, *waiting]), None)


def missing(course: Course, unit: Unit, found: list[Standing]) -> list[str]:
    """The unit's prerequisites that are not solved yet."""
    unsolved = [(each.unit, name) for each in found if each.state != "solved" for name in (None, each.exercise)]
    return [name for name in unit.prerequisites if course.find(name) in unsolved]


def show_status(course: Course) -> None:
    """Prints the table of the course, and what is next."""
    found = standings(course, load_progress(course.root))
    console = Console(highlight=False)
    if console.width > WIDTH:
        console = Console(highlight=False, width=WIDTH)
    table = Table(box=None, show_header=False, padding=(0, 1, 0, 0), expand=True)
    table.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    table.add_column(justify="right", no_wrap=True)
    table.add_column(width=25, no_wrap=True, overflow="ellipsis")
    for unit in course.units:
        mine = [each for each in found if each.unit == unit]
        table.add_row(f"{unit.number:02d} {escape(unit.title)}", _points(mine), f"{unit.minutes:3d} min", style="bold")
        for each in mine:
            mark, style = _MARKS[each.state]
            table.add_row(f"   [{style}]{mark}[/] {each.exercise.name}", _points([each]), f"[dim]{each.words}[/]")
    solved = sum(each.state == "solved" for each in found)
    console.print(table)
    console.print()
    console.print(f"{solved} of {len(found)} exercises solved, {_points(found)} points", style="bold")
    for line in _advice(course, found):
        console.print(line, markup=False, soft_wrap=True)


def _standing(exercise: Exercise, source: str, seen: Seen | None) -> tuple[str, float, str]:
    if not is_written(source, exercise.name):
        return "untouched", 0, ""
    if seen is None:
        return "begun", 0, "not checked yet"
    outcomes = {name: check.outcome for name, check in seen.checks.items() if name in exercise.visible}
    points = sum(exercise.visible[name] for name, outcome in outcomes.items() if outcome == "passed")
    if seen.digest != digest(source, exercise.name):
        return "begun", points, "changed since"
    total, wrong = len(exercise.visible), sum(outcome != "passed" for outcome in outcomes.values())
    if "broken" in outcomes.values():
        return "broken", points, "our check is at fault"
    if {"timeout", "crashed"} & set(outcomes.values()):
        return "broken", points, "does not end" if "timeout" in outcomes.values() else "crashes"
    if wrong:
        return "broken", points, f"{wrong} of {total} promises broken"
    if len(outcomes) < total:
        return "begun", points, f"{len(outcomes)} of {total} promises checked"
    return "solved", points, ""


def _points(found: list[Standing]) -> str:
    return f"{sum(each.points for each in found):g} / {sum(each.max_points for each in found):g}"


def _advice(course: Course, found: list[Standing]) -> Iterator[str]:
    chosen = next_exercise(course, found)
    if chosen is None:
        yield "Everything is solved."
        return
    yield f"Next: {chosen.exercise.name} in {shown(chosen.unit.module_path)}"
    lacking = missing(course, chosen.unit, found)
    if lacking:
        yield f"      (easier after {', '.join(lacking)})"
    name = chosen.exercise.name
    if chosen.state == "untouched":
        yield f"      read {shown(chosen.unit.directory / 'README.md')}, then: pytest exercises -k {name}"
    else:
        yield f"      pytest exercises -k {name}; for a hint: autograder hint {name}"


def shown(path: Path) -> str:
    """The path as seen from here, where it lies below."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
