"""Draws a unit's figures with whatever implementation it is given."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.catalogue import Course, Unit
from autograder.content import load_file
from autograder.errors import CallTimeout, CourseError, NotStarted, UnknownName

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DOTS_PER_INCH = 130


@dataclass(frozen=True)
class Drawing:
    """One figure of a unit: where it was written, or why it was not drawn."""

    name: str
    path: Path | None
    problem: str = ""


def draw(course: Course, name: str, *, reference: bool = False, out: Path | None = None) -> Iterator[Drawing]:
    """Draws the figures of one unit or exercise, or of all units, one at a time.

    Args:
        course: the course.
        name: a unit, an exercise (its unit's figures are drawn), or `all`: every unit's first figure, and one page
            that shows them all.
        reference: draw with the instructor's answers, not with the student's.
        out: folder for the PNG files; `build/figures/<unit>` under the course's root if None, and `build/figures` for
            the page.

    Yields:
        What was drawn, or why not: a figure needs functions that may not be written yet.

    Raises:
        UnknownName: if there is no such unit or exercise.
    """
    import torch

    torch.set_num_threads(1)  # small networks are slower on several
    home = course.root / "build" / "figures"
    if name != "all":
        unit, _ = course.find(name)
        yield from _draw_unit(unit, reference=reference, folder=out or home / unit.folder)
        return
    tiles: list[tuple[Unit, Drawing]] = []
    for unit in course.units:
        folder = home / unit.folder if out is None else out / unit.folder
        for drawing in _draw_unit(unit, reference=reference, folder=folder, first_only=True):
            yield drawing
            tiles.append((unit, drawing))
    from autograder.poster import write_poster

    yield Drawing("the whole course", write_poster(tiles, (out or home) / "all.png"))


def figure_functions(unit: Unit) -> dict[str, Callable[..., Figure]]:
    """The unit's figures by name, the handout's first."""
    path = unit.directory / "figures.py"
    if not path.is_file():
        raise CourseError(path, "", "is missing")
    functions = inspect.getmembers(load_file(path), inspect.isfunction)
    found = {name.removeprefix("figure_"): function for name, function in functions if name.startswith("figure_")}
    return dict(sorted(found.items(), key=lambda pair: pair[1].__code__.co_firstlineno))


def _draw_unit(unit: Unit, *, reference: bool, folder: Path, first_only: bool = False) -> Iterator[Drawing]:
    from autograder.implementation import load_implementation
    from autograder.submission import Submission

    path = unit.reference_path if reference else unit.module_path
    if path is None:
        raise UnknownName(f"there is no reference for {unit.name} here; leave out --reference to draw with your own")
    functions = Submission(unit, load_implementation(path), seconds=60.0)
    made = list(figure_functions(unit).items())
    for name, make in made[:1] if first_only else made:
        try:
            figure = make(functions)
        except NotStarted as missing:
            yield Drawing(name, None, f"it needs {missing}, which is not written yet")
        except CallTimeout as error:
            yield Drawing(name, None, str(error))
        except Exception as error:
            text = str(error).split("\n")[0]
            yield Drawing(name, None, f"{type(error).__name__}: {text}")
        else:
            folder.mkdir(parents=True, exist_ok=True)
            target = folder / f"{name}.png"
            figure.savefig(target, dpi=DOTS_PER_INCH, metadata={"Software": ""})
            yield Drawing(name, target)
