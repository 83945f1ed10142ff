"""What was last seen of a student's work, and how many hints were shown, in `.autograder/progress.json`."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from autograder.files import write_whole
from autograder.sources import digest, read_text

FOLDER = ".autograder"


class SeenCheck(msgspec.Struct):
    """The outcome of one check, and what it is worth."""

    outcome: str
    points: float


class Seen(msgspec.Struct):
    """The last verdict on an exercise.

    Attributes:
        digest: of the function and what it reaches when it was judged, see `autograder.sources.digest`.
        checks: by promise; those that were not run since the function changed are left out.
    """

    digest: str
    checks: dict[str, SeenCheck]

    @property
    def points(self) -> float:
        """The points earned."""
        return sum(each.points for each in self.checks.values() if each.outcome == "passed")

    @property
    def max_points(self) -> float:
        """The points of the checks that were run."""
        return sum(each.points for each in self.checks.values())


class Progress(msgspec.Struct):
    """All that is kept, by name of exercise or unit."""

    schema: Literal[1] = 1
    exercises: dict[str, Seen] = {}
    hints: dict[str, int] = {}
    backups: dict[str, int] = {}


def load_progress(root: Path) -> Progress:
    """What was kept in the course at `root`; nothing if there is none or it cannot be read. Never raises."""
    found = _read(root)
    return Progress() if found is None else found


def record_verdicts(root: Path, judged: Iterable[Mapping[str, Any]]) -> None:
    """Keeps the outcomes of visible and hidden checks; never raises for what is on the disk.

    Outcomes of an exercise's other checks stay as long as its function is the same.

    Args:
        root: the course's folder.
        judged: for each check `exercise`, `file`, `promise`, `points` and `outcome`.
    """
    digests: dict[str, str] = {}
    with _changing(root) as progress:
        for each in judged:
            name = each["exercise"]
            if name not in digests:
                digests[name] = digest(read_text(Path(each["file"])), name)
            seen = progress.exercises.get(name)
            if seen is None or seen.digest != digests[name]:
                seen = progress.exercises[name] = Seen(digests[name], {})
            seen.checks[each["promise"]] = SeenCheck(each["outcome"], float(each["points"]))


def take_hint(root: Path, exercise: str, total: int) -> int | None:
    """The number, from 1, of the next hint to show, noted as shown; None if all `total` were shown."""
    with _changing(root) as progress:
        shown = max(progress.hints.get(exercise, 0), 0)
        if shown >= total:
            return None
        progress.hints[exercise] = shown + 1
    return shown + 1


def take_backup_number(root: Path, unit: str, least: int) -> int:
    """A number for a copy of the unit's file: at least `least`, and never given before."""
    with _changing(root) as progress:
        progress.backups[unit] = number = max(progress.backups.get(unit, 0) + 1, least)
    return number


@contextlib.contextmanager
def _changing(root: Path) -> Iterator[Progress]:
    """The progress, to be changed by one process at a time and written at the end, if the disk lets us."""
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):
            folder = root / FOLDER
            folder.mkdir(exist_ok=True)
            lock = stack.enter_context((folder / "lock").open("w"))
            fcntl.flock(lock, fcntl.LOCK_EX)
        found = _read(root)
        progress = Progress() if found is None else found
        yield progress
        with contextlib.suppress(OSError):
            if found is None:
                _put_aside(_file(root))
            write_whole(_file(root), msgspec.json.format(msgspec.json.encode(progress), indent=1))


def _read(root: Path) -> Progress | None:
    """What the file holds; None if that is nothing that we wrote."""
    try:
        return msgspec.json.decode(_file(root).read_bytes(), type=Progress)
    except (FileNotFoundError, NotADirectoryError):
        return Progress()
    except (OSError, msgspec.MsgspecError, ValueError, RecursionError):
        return None


def _put_aside(file: Path) -> None:
    """Renames a file that cannot be read, so that whoever wants may look at it."""
    number = 1
    while (aside := file.with_name(f"progress.broken-{number}.json")).exists():
        number += 1
    file.rename(aside)


def _file(root: Path) -> Path:
    return root / FOLDER / "progress.json"
