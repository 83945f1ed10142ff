"""What a mark depends on besides the submission: the checks, the engine, the secret and the libraries."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import platform
from collections.abc import Iterable, Iterator
from pathlib import Path

import autograder
from autograder.catalogue import Unit

LIBRARIES = ("torch", "numpy", "hypothesis", "scikit-learn", "cloudpickle", "msgspec")
_IGNORED = {"__pycache__", "figures", "questions.toml"}  # no mark of ours depends on them


def course_digest(units: Iterable[Unit], secret: bytes, *, examples: int) -> str:
    """A digest of the units' checks, references and known mistakes, of the engine, and of the secret."""
    digest = hashlib.sha256(f"{examples} examples\n".encode())
    digest.update(hashlib.sha256(b"tensorlings" + secret).digest())
    package = Path(autograder.__file__).parent
    folders = [package, *(folder for unit in units for folder in (unit.directory, unit.solutions) if folder)]
    for folder in folders:
        for path in _files(folder):
            content = path.read_bytes()
            name = f"{folder.name}/{path.relative_to(folder).as_posix()} {len(content)}\n"
            digest.update(name.encode() + content)
    return f"sha256:{digest.hexdigest()}"


@functools.cache
def versions() -> dict[str, str]:
    """Versions of Python and of the libraries that a mark may depend on."""
    found = {"python": platform.python_version(), "tensorlings": autograder.__version__}
    for name in LIBRARIES:
        found[name] = importlib.metadata.version(name)
    return found


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".py", ".toml") and path.is_file() and not _IGNORED & set(path.relative_to(folder).parts):
            yield path
