"""The course's secret: what the inputs of grading are drawn from, so that nobody can compute them at home."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from autograder.errors import TensorlingsError

SHORTEST = 16  # bytes


class SecretError(TensorlingsError):
    """A secret cannot be read, or is none."""


def course_secret(path: Path, *, make: bool) -> bytes:
    """The bytes in the file at `path`.

    Args:
        path: a file of the instructor's.
        make: whether to make one where there is none, of random bytes, readable by its owner only.

    Raises:
        SecretError: if it is absent, cannot be read, or is shorter than 16 bytes.
    """
    if make and not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_hex(32) + "\n")
        except FileExistsError:
            pass
        except OSError as error:
            raise SecretError(f"{path}: the course's secret cannot be written ({error.strerror})") from None
    try:
        found = path.read_bytes()
    except OSError as error:
        raise SecretError(f"{path}: the course's secret cannot be read ({error.strerror})") from None
    if len(found) < SHORTEST:
        raise SecretError(f"{path}: has {len(found)} bytes; a secret has at least {SHORTEST}")
    return found
