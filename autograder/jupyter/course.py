"""`autograder notebooks`: an nbgrader course, ready as it lies there."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from autograder.catalogue import Course, Unit
from autograder.errors import TensorlingsError
from autograder.files import write_whole
from autograder.jupyter.assemble import notebook_of, pictures_of

CONFIG = "nbgrader_config.py"
MADE = ".tensorlings.json"  # digests of what was made, by path

_CONFIG = '''"""nbgrader's configuration for this course; every nbgrader command is run from this folder."""

from pathlib import Path

from autograder.jupyter.configuration import configure

c = get_config()  # noqa: F821
configure(c, here=Path(__file__).parent, course=Path(__file__).parent / {course!r})

# SQLite needs nothing else. For Postgres, install psycopg2 and name the database:
# c.CourseDirectory.db_url = "postgresql://user:password@host/gradebook"
'''


class CourseFolderError(TensorlingsError):
    """The folder cannot take the course."""


def make_course(course: Course, out: Path, names: Iterable[str] = ()) -> list[Path]:
    """Writes `source/`, one assignment per unit, and nbgrader's configuration into `out`.

    Args:
        course: with the instructor's folder.
        out: a new folder, or one that was made by this before.
        names: units; all if none.

    Returns:
        The notebooks.

    Raises:
        CourseFolderError: if a file there was edited since it was made, or is not of ours; nothing is written then.
    """
    chosen = {course.find(name)[0].name for name in names}
    units = [unit for unit in course.units if not chosen or unit.name in chosen]
    files: dict[str, bytes] = {}
    for unit in units:
        files |= dict(_assignment(unit))
    if not (out / CONFIG).exists():  # it is the instructor's from then on
        files[CONFIG] = _CONFIG.format(course=os.path.relpath(course.root, out.resolve())).encode()
    known = _known(out)
    for name, content in files.items():
        path = out / name
        if path.exists() and path.read_bytes() != content and known.get(name) != _digest(path.read_bytes()):
            raise CourseFolderError(f"{path} was edited since it was made; move it away, or give another --out")
    for name, content in files.items():
        write_whole(out / name, content)
    made = known | {name: _digest(content) for name, content in files.items()}
    write_whole(out / MADE, json.dumps(made, indent=1, sort_keys=True) + "\n")
    return [out / name for name in files if name.endswith(".ipynb")]


def _assignment(unit: Unit) -> Iterator[tuple[str, bytes]]:
    """The files of one assignment: the notebook, its figures, and what its cells need to judge, without solutions."""
    folder = f"source/{unit.name}"
    notebook = notebook_of(unit)
    text = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
    yield f"{folder}/{unit.name}.ipynb", text.encode()
    for picture in pictures_of(notebook):
        yield f"{folder}/{picture}", (unit.directory / picture).read_bytes()
    needed = [unit.directory / "unit.toml", unit.stub_path, unit.cases_path, unit.visible_path]
    for path in (*needed, unit.directory / "figures.py", *sorted(unit.directory.glob("*.json"))):
        yield f"{folder}/exercises/{unit.folder}/{path.name}", path.read_bytes()


def _known(out: Path) -> dict[str, str]:
    try:
        found = json.loads((out / MADE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
