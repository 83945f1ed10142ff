"""What students get: a zip of the exercises and the engine, and its installation over what they have already.

The course as it came lies in `course/`, which unpacking may write over. Students work in `exercises/`, into which files
are copied from there: those that are absent or that nobody edited since they were copied.
"""

from __future__ import annotations

import hashlib
import json
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import autograder
from autograder.catalogue import Course
from autograder.errors import TensorlingsError
from autograder.files import write_whole

FOLDER, CONTENTS = "tensorlings", "contents.json"
COPIED = Path(".autograder") / "copied.json"  # digests of files as they were copied, by path
UNIT_FILES = ("README.md", "unit.toml", ".stub.py", "cases.py", "figures.py")
EPOCH = (1980, 1, 1, 0, 0, 0)  # the same course gives the same bytes

_TEMPLATES = Path(__file__).with_name("templates") / "bundle"
_PACKAGE = ("*.py", "*.typed", "*.j2", "*.txt", "bundle/*")
_PYTEST = "[pytest]\naddopts = --import-mode=importlib\nfilterwarnings = ignore::DeprecationWarning:torch.*\n"


class BundleError(TensorlingsError):
    """A bundle cannot be made or installed; says why."""


def make_bundle(course: Course, out: Path) -> Path:
    """Writes `out/tensorlings-<version>.zip`, from a list of what students may have and nothing else.

    Args:
        course: whose units are bundled.
        out: a folder, made where there is none.

    Raises:
        BundleError: if a file that belongs to the bundle is missing.
    """
    files = dict(_files(course))
    files[f"course/{CONTENTS}"] = (json.dumps({name: _digest(files[name]) for name in sorted(files)}) + "\n").encode()
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"tensorlings-{autograder.__version__}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, content in sorted(files.items()):
            member = zipfile.ZipInfo(f"{FOLDER}/{name}", EPOCH)
            member.compress_type, member.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            bundle.writestr(member, content)
    return path


def install(root: Path) -> tuple[list[Path], list[Path]]:
    """Copies `root/course/exercises` into `root/exercises`, leaving alone what somebody edited.

    Returns:
        What was written, and what was edited and has changed in the course.

    Raises:
        BundleError: if `root` holds no bundle.
    """
    source = root / "course" / "exercises"
    if not source.is_dir():
        raise BundleError(f"{root}: no bundle is unpacked here; wanted a folder course/exercises")
    record = root / COPIED
    known = _read(record)
    written: list[Path] = []
    kept: list[Path] = []
    for path in sorted(each for each in source.rglob("*") if each.is_file() and "__pycache__" not in each.parts):
        name, content = path.relative_to(source).as_posix(), path.read_bytes()
        target = root / "exercises" / name
        there = _digest(target.read_bytes()) if target.is_file() else None
        if there is not None and there not in (known.get(name), _digest(content)):
            if known.get(name) != _digest(content):
                kept.append(target)
            continue
        if there != _digest(content):
            write_whole(target, content)
            written.append(target)
        known[name] = _digest(content)
    write_whole(record, json.dumps(known, indent=1, sort_keys=True) + "\n")
    return written, kept


def _files(course: Course) -> Iterator[tuple[str, bytes]]:
    for name in ("Makefile", "README.md"):
        yield name, (_TEMPLATES / name).read_bytes()
    yield "pytest.ini", _PYTEST.encode()
    yield "course/README.md", (_TEMPLATES / "README.md").read_bytes()
    for name in ("pyproject.toml", "LICENSE"):
        yield f"course/{name}", _content(course.root / name)
    package = Path(autograder.__file__).parent
    for path in sorted({found for pattern in _PACKAGE for found in package.rglob(pattern)}):
        if path.is_file() and "__pycache__" not in path.parts:
            yield f"course/autograder/{path.relative_to(package).as_posix()}", path.read_bytes()
    yield "course/exercises/README.md", _content(course.root / "exercises" / "README.md")
    for unit in course.units:
        folder = f"course/exercises/{unit.folder}"
        for name in (*UNIT_FILES, f"test_{unit.name}.py"):
            yield f"{folder}/{name}", _content(unit.directory / name)
        yield f"{folder}/{unit.name}.py", _content(unit.stub_path)  # not what somebody may have written into it
        for path in sorted([*unit.directory.glob("*.json"), *unit.directory.glob("figures/*.png")]):
            yield f"{folder}/{path.relative_to(unit.directory).as_posix()}", path.read_bytes()


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise BundleError(f"{path} is missing, and belongs to the bundle") from None


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _read(path: Path) -> dict[str, str]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def main() -> int:
    """Installs the bundle in the working directory, and says what was kept."""
    try:
        written, kept = install(Path.cwd())
    except TensorlingsError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{len(written)} files of the course are new or brought up to date.")
    for path in kept:
        name = path.relative_to(Path.cwd())
        print(f"{name} was edited by you and stays; the course's own version is course/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
