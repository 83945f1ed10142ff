"""`autograder new`: the files of a unit, with one worked example that passes `autograder verify` as it stands."""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from string import Template

from autograder.catalogue import Course, load_course
from autograder.errors import StubError, TensorlingsError
from autograder.files import write_whole

_NAME = re.compile(r"(?P<number>\d{2,})_(?P<name>[a-z][a-z0-9_]*)")
_TEMPLATES = {
    "exercises/{folder}/README.md": "README.md.txt",
    "exercises/{folder}/unit.toml": "unit.toml.txt",
    "exercises/{folder}/cases.py": "cases.py.txt",
    "exercises/{folder}/test_{name}.py": "test_visible.py.txt",
    "exercises/{folder}/figures.py": "figures.py.txt",
    "solutions/{folder}/{name}.py": "reference.py.txt",
    "solutions/{folder}/wheats.py": "wheats.py.txt",
    "solutions/{folder}/chaffs.py": "chaffs.py.txt",
    "solutions/{folder}/test_{name}_hidden.py": "test_hidden.py.txt",
}
_NEXT = """\
Made exercises/{folder} and solutions/{folder}, with one worked example, {name}_example.

Next: replace the example by the unit's own
  1. reference        solutions/{folder}/{name}.py, then: autograder stubs {name}
  2. unit.toml        title, minutes, prerequisites, points, hints
  3. cases.py         honest inputs and their rare corners
  4. chaffs, wheats   wrong and right answers, before the checks
  5. checks           test_{name}.py, test_{name}_hidden.py
  6. figures, README  autograder figure {name} --reference --out exercises/{folder}/figures
and look: autograder verify
CONTRIBUTING.md says more."""


class NewUnitError(TensorlingsError):
    """A unit cannot have this name."""


@dataclass(frozen=True)
class NewUnit:
    """What was made, and what to do next."""

    paths: tuple[Path, ...]
    advice: str


def new_unit(course: Course, number_name: str) -> NewUnit:
    """Makes the folders and files of a unit, its stub and its figure.

    Args:
        course: the course that it joins.
        number_name: number and name, such as `04_gan`.

    Returns:
        The files, and what to do next.

    Raises:
        NewUnitError: if the name is not of this form or is taken; nothing is written then.
    """
    from autograder.stubs import write_stubs

    _check_name(course, number_name)
    number, _, name = number_name.partition("_")
    words = {"number": number, "name": name, "title": name.replace("_", " ").capitalize()}
    folder = files("autograder") / "templates"
    texts = {
        course.root / path.format(folder=number_name, name=name): Template(
            (folder / template).read_text(encoding="utf-8")
        ).substitute(words)
        for path, template in _TEMPLATES.items()
    }
    for path, text in texts.items():
        write_whole(path, text)
    renewed = load_course(course.root)
    unit, _ = renewed.find(name)
    stubs = write_stubs(renewed, units=[unit])
    drawn = _draw(renewed, name)
    return NewUnit((*texts, *stubs, *drawn), _NEXT.format(folder=number_name, name=name))


def _check_name(course: Course, number_name: str) -> None:
    parts = _NAME.fullmatch(number_name)
    if parts is None or keyword.iskeyword(parts["name"]):
        raise NewUnitError(
            f"{number_name!r} is no name of a unit; wanted number and name in small letters, as in 04_gan"
        )
    for unit in course.units:
        if unit.number == int(parts["number"]):
            raise NewUnitError(f"the number {unit.number:02d} is taken, by {unit.folder}")
    taken = {unit.name: unit for unit in course.units} | {each.name: unit for unit, each in course.exercises()}
    for name in (parts["name"], f"{parts['name']}_example"):
        if name in taken:
            raise NewUnitError(f"the name {name} is taken, in {taken[name].folder}")
    for folder in ("exercises", "solutions"):
        path = course.root / folder / number_name
        if path.exists() or path.is_symlink():
            raise NewUnitError(f"{path} is there already, and is left as it is")


def _draw(course: Course, name: str) -> list[Path]:
    """The unit's figures as its reference draws them, beside its handout."""
    from autograder.figures import draw

    unit, _ = course.find(name)
    drawings = list(draw(course, name, reference=True, out=unit.directory / "figures"))
    for drawing in drawings:
        if drawing.path is None:
            raise StubError(f"{unit.directory / 'figures.py'}: {drawing.name}: {drawing.problem}")
    return [drawing.path for drawing in drawings if drawing.path is not None]
