"""The course as its `unit.toml` files describe it, validated and typed."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import msgspec

from autograder.errors import CourseError, UnknownName

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


class Exercise(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One function to write.

    `visible` and `hidden` map promises to points, in the order in which they are checked; `shapes` and `returns`
    are read by `autograder.boundary`; `changes` are patterns of what a call may change, `forbidden` dotted names
    that the answer must not call.
    """

    name: str
    title: str
    lines: int
    hints: tuple[str, ...]
    visible: dict[str, float]
    hidden: dict[str, float]
    returns: str | tuple[str, ...]
    shapes: dict[str, str] = {}
    changes: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()
    seconds: float = 10.0

    @property
    def promises(self) -> dict[str, float]:
        """All promises with their points, the visible ones first."""
        return {**self.visible, **self.hidden}


class _UnitFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    title: str
    minutes: int
    source: str
    exercise: tuple[Exercise, ...]
    prerequisites: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Unit:
    """A folder under `exercises/`, its exercises, and the instructor's folder beside it where there is one."""

    number: int
    name: str
    title: str
    minutes: int
    prerequisites: tuple[str, ...]
    source: str
    exercises: tuple[Exercise, ...]
    directory: Path
    solutions: Path | None

    @property
    def folder(self) -> str:
        """`04_gan`."""
        return self.directory.name

    @property
    def module_path(self) -> Path:
        """The one file that a student edits."""
        return self.directory / f"{self.name}.py"

    @property
    def stub_path(self) -> Path:
        """The pristine copy of the stub."""
        return self.directory / ".stub.py"

    @property
    def reference_path(self) -> Path | None:
        """The instructor's answer, where there is one."""
        return self._instructors(f"{self.name}.py")

    @property
    def wheats_path(self) -> Path | None:
        """Other right answers."""
        return self._instructors("wheats.py")

    @property
    def chaffs_path(self) -> Path | None:
        """Known wrong answers."""
        return self._instructors("chaffs.py")

    @property
    def cases_path(self) -> Path:
        """Honest inputs for each exercise."""
        return self.directory / "cases.py"

    @property
    def visible_path(self) -> Path:
        """Checks that the student sees."""
        return self.directory / f"test_{self.name}.py"

    @property
    def hidden_path(self) -> Path | None:
        """Checks that only the instructor has."""
        return self._instructors(f"test_{self.name}_hidden.py")

    def exercise(self, name: str) -> Exercise:
        """The exercise of this name.

        Raises:
            UnknownName: if the unit has none.
        """
        for exercise in self.exercises:
            if exercise.name == name:
                return exercise
        raise UnknownName(f"unit {self.name} has no exercise {name!r}")

    def _instructors(self, file: str) -> Path | None:
        if self.solutions is None:
            return None
        path = self.solutions / file
        return path if path.is_file() else None


@dataclass(frozen=True)
class Course:
    """All units, in order."""

    root: Path
    units: tuple[Unit, ...] = field(repr=False)

    @cached_property
    def _by_name(self) -> dict[str, tuple[Unit, Exercise | None]]:
        table: dict[str, tuple[Unit, Exercise | None]] = {}
        for unit in self.units:
            table[unit.name] = table[unit.folder] = (unit, None)
            table.update({exercise.name: (unit, exercise) for exercise in unit.exercises})
        return table

    def find(self, name: str) -> tuple[Unit, Exercise | None]:
        """The unit, and the exercise if `name` is one.

        Args:
            name: of an exercise (`fgsm`), of a unit (`attacks`) or of its folder (`13_attacks`). Where an exercise
                bears its unit's name, that means the exercise.

        Raises:
            UnknownName: with the nearest name, if there is none.
        """
        found = self._by_name.get(name)
        if found is not None:
            return found
        near = difflib.get_close_matches(name, self._by_name, n=1, cutoff=0.5)
        advice = f"; did you mean {near[0]!r}?" if near else "; `autograder` lists them all"
        raise UnknownName(f"there is no unit or exercise {name!r}{advice}")

    def exercises(self) -> Iterator[tuple[Unit, Exercise]]:
        """All exercises with their units, in order."""
        for unit in self.units:
            for exercise in unit.exercises:
                yield unit, exercise


def find_course(start: Path | str = ".") -> Path:
    """The nearest folder at or above `start` that holds `exercises/` with a unit in it.

    Raises:
        CourseError: if there is none.
    """
    start = Path(start).resolve()
    for folder in (start, *start.parents):
        if next(folder.glob("exercises/*/unit.toml"), None) is not None:
            return folder
    raise CourseError(start, "", "no course here: wanted a folder `exercises/` with units in it, here or above")


def load_course(root: Path | str, *, part: bool = False) -> Course:
    """Reads and validates every unit under `root`.

    Args:
        root: the folder that holds `exercises/`.
        part: some of the units that others build on may be elsewhere.

    Raises:
        CourseError: naming file and key, if a `unit.toml` is broken.
    """
    root = Path(root)
    units = [load_unit(folder, root) for folder in sorted((root / "exercises").iterdir()) if _is_unit(folder)]
    _check_names(units, part=part)
    return Course(root, tuple(units))


def load_unit(folder: Path, root: Path) -> Unit:
    """Reads and validates one unit's `unit.toml`."""
    file = folder / "unit.toml"
    number, _, name = folder.name.partition("_")
    if not (number.isdigit() and name.isidentifier()):
        raise CourseError(folder, "", "a unit's folder is named like 04_gan")
    try:
        content = msgspec.convert(tomllib.loads(file.read_text(encoding="utf-8")), _UnitFile)
    except FileNotFoundError:
        raise CourseError(file, "", "is missing") from None
    except UnicodeDecodeError as error:
        raise CourseError(file, "", f"is not UTF-8: {error.reason} at byte {error.start}") from None
    except tomllib.TOMLDecodeError as error:
        raise CourseError(file, "", f"is no TOML: {error}") from None
    except msgspec.ValidationError as error:
        sentence, _, key = str(error).partition(" - at ")
        raise CourseError(file, key.strip("`$.") or "top level", sentence) from None
    _check_exercises(file, content)
    solutions = root / "solutions" / folder.name
    return Unit(
        number=int(number),
        name=name,
        title=content.title,
        minutes=content.minutes,
        prerequisites=content.prerequisites,
        source=content.source,
        exercises=content.exercise,
        directory=folder,
        solutions=solutions if solutions.is_dir() else None,
    )


def _is_unit(folder: Path) -> bool:
    return folder.is_dir() and folder.name[:1].isdigit()


def _check_exercises(file: Path, content: _UnitFile) -> None:
    if content.minutes <= 0:
        raise CourseError(file, "minutes", f"is {content.minutes}; wanted a positive number")
    if not content.exercise:
        raise CourseError(file, "exercise", "a unit has at least one exercise")
    for index, exercise in enumerate(content.exercise):
        key = f"exercise[{index}]"
        if not exercise.name.isidentifier():
            raise CourseError(file, f"{key}.name", f"{exercise.name!r} is no name of a function")
        if not exercise.hints or not all(hint.strip() for hint in exercise.hints):
            raise CourseError(file, f"{key}.hints", f"{exercise.name} wants at least one hint, and none empty")
        if exercise.lines <= 0:
            raise CourseError(file, f"{key}.lines", f"is {exercise.lines}; wanted the expected size of the answer")
        twice = exercise.visible.keys() & exercise.hidden.keys()
        if twice:
            raise CourseError(file, f"{key}.hidden", f"{min(twice)} is a visible promise too")
        for kind in ("visible", "hidden"):
            promises: dict[str, float] = getattr(exercise, kind)
            if not promises:
                raise CourseError(file, f"{key}.{kind}", f"{exercise.name} has no {kind} promise")
            for promise, points in promises.items():
                if not promise.isidentifier():
                    raise CourseError(file, f"{key}.{kind}.{promise}", "is no name of a promise")
                if points <= 0:
                    raise CourseError(file, f"{key}.{kind}.{promise}", f"is worth {points}; wanted points above 0")


def _check_names(units: list[Unit], *, part: bool) -> None:
    seen: dict[str, Unit] = {}
    for unit in units:
        names = [exercise.name for exercise in unit.exercises]
        for name in names if unit.name in names else [unit.name, *names]:
            if name in seen:
                file = unit.directory / "unit.toml"
                raise CourseError(file, "name", f"{name} is taken already, in {seen[name].folder}")
            seen[name] = unit
    for unit in units:
        for name in unit.prerequisites:
            if name not in seen and not part:
                raise CourseError(unit.directory / "unit.toml", "prerequisites", f"there is no {name}")
