"""Classes made by script: right and wrong answers, handed in as folders, archives, notebooks and ruins."""

from __future__ import annotations

import io
import json
import random
import tarfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

from autograder.catalogue import Unit
from autograder.wheats import Chaff, Wheat, chaffs_of, wheats_of

EXIT = "import os\ndef {name}(*args, **kwargs):\n    os._exit(0)\n"
ENDLESS = "def {name}(*args, **kwargs):\n    while True:\n        pass\n"
KINDS = ("right", "wrong", "other", "mixed", "wrong", "partial", "stub", "mixed", "syntax", "exit")
RUINS = ("half a zip", "climbing", "empty", "not utf-8")


def make_class(folder: Path, units: Sequence[Unit], count: int, *, seed: int = 0, endless: int = 1) -> list[Path]:
    """Writes `count` submissions into a folder and says where they are.

    Args:
        folder: made where there is none.
        units: that are handed in.
        count: of submissions; every tenth cannot be read.
        seed: the same one makes the same class.
        endless: submissions that hold a loop without end.
    """
    chance, made = random.Random(seed), []
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        name = f"student_{number:02}"
        if number % 10 == 9:
            made.append(_ruin(folder / name, RUINS[number // 10 % len(RUINS)]))
            continue
        kind = "endless" if number % 10 == 4 and number // 10 < endless else KINDS[number % 10]
        sources = {unit.name: _source(unit, kind, chance) for unit in units}
        made.append(_PACKINGS[number % len(_PACKINGS)](folder / name, sources))
    return made


def _source(unit: Unit, kind: str, chance: random.Random) -> str:
    assert unit.reference_path is not None
    if kind == "mixed":
        kind = chance.choice(("right", "wrong", "other", "partial", "stub"))
    first, right = unit.exercises[0].name, unit.reference_path.read_text(encoding="utf-8")
    if kind == "stub":
        return unit.stub_path.read_text(encoding="utf-8")
    if kind == "syntax":
        return right.replace(f"def {first}(", f"def {first}((", 1)
    if kind in ("exit", "endless"):
        return f"{right}\n\n{(EXIT if kind == 'exit' else ENDLESS).format(name=first)}"
    if kind == "right":
        return right
    return _chosen(unit, kind, chance)


def _chosen(unit: Unit, kind: str, chance: random.Random) -> str:
    """A file of wheats or chaffs, one of which bears each exercise's name."""
    path = unit.wheats_path if kind == "other" else unit.chaffs_path
    found: Sequence[Wheat | Chaff] = wheats_of(unit) if kind == "other" else chaffs_of(unit)
    assert path is not None
    lines = [path.read_text(encoding="utf-8"), ""]
    for exercise in unit.exercises:
        fitting = [each.name for each in found if each.exercise == exercise.name]
        if fitting and (kind != "partial" or chance.random() < 0.5):
            lines.append(f"{exercise.name} = {chance.choice(fitting)}")
    return "\n".join(lines) + "\n"


def _as_folder(path: Path, sources: dict[str, str]) -> Path:
    path.mkdir()
    for unit, source in sources.items():
        (path / f"{unit}.py").write_text(source, encoding="utf-8")
    return path


def _as_zip(path: Path, sources: dict[str, str]) -> Path:
    path = path.with_name(f"{path.name}.zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for unit, source in sources.items():
            archive.writestr(f"homework/{unit}.py", source)
            archive.writestr(f"__MACOSX/homework/._{unit}.py", b"\0\5")
    return path


def _as_tar(path: Path, sources: dict[str, str]) -> Path:
    path = path.with_name(f"{path.name}.tar.gz")
    with tarfile.open(path, "w:gz") as archive:
        for unit, source in sources.items():
            _add(archive, f"{unit}.py", source.encode())
    return path


def _as_notebooks(path: Path, sources: dict[str, str]) -> Path:
    path.mkdir()
    for unit, source in sources.items():
        cells = [_cell("%matplotlib inline"), _cell(source), _cell("print(undefined)")]
        notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
        (path / f"{unit}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    return path


_PACKINGS: tuple[Callable[[Path, dict[str, str]], Path], ...] = (_as_folder, _as_zip, _as_tar, _as_notebooks)


def _cell(source: str) -> dict[str, object]:
    return {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": source}


def _ruin(path: Path, kind: str) -> Path:
    if kind == "climbing":
        path = path.with_name(f"{path.name}.tar")
        with tarfile.open(path, "w") as archive:
            _add(archive, "../../climbs.py", b"x = 1\n")
    elif kind == "half a zip":
        whole = _as_zip(path, {"attacks": "x = 1\n" * 1000})
        path = whole
        path.write_bytes(path.read_bytes()[:-100])
    elif kind == "not utf-8":
        path.mkdir()
        (path / "generalization.py").write_bytes(b"# caf\xe9\n")
    else:
        path.mkdir()
    return path


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))
