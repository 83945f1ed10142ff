"""Files written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path


def write_whole(path: Path, content: str | bytes) -> None:
    """Writes `content` to `path`, so that whoever reads it meanwhile finds the old content or the new.

    A file that was there keeps its permissions; behind a symbolic link it is the target that is written.

    Args:
        path: the file; its folder is made where there is none.
        content: bytes as they are, text as UTF-8.

    Raises:
        OSError: if it cannot be written; the old content is still there.
    """
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        mode = path.stat().st_mode & 0o777
    except FileNotFoundError:
        mode = 0o666 & ~_umask()
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
        os.chmod(name, mode)
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def write_beside(path: Path, content: bytes, stem: str, start: int) -> Path:
    """Writes `content` to the first of `<stem>-<start>`, `<stem>-<start + 1>`, … that does not exist, and names it.

    Args:
        path: the file beside which it stands, and whose suffix it gets.
        content: the bytes.
        stem: what the name begins with.
        start: the first number to try.

    Raises:
        OSError: if it cannot be written.
    """
    while True:
        target = path.with_name(f"{stem}-{start}{path.suffix}")
        try:
            with target.open("xb") as file:
                file.write(content)
            return target
        except FileExistsError:
            start += 1


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
