"""What a test needs of the machine."""

from __future__ import annotations

import functools

import pytest

from autograder.sandbox.isolation import IsolationError
from autograder.sandbox.workers import strongest_isolation


@functools.cache
def _complaint() -> str:
    try:
        strongest_isolation([])
    except IsolationError as error:
        return str(error)
    return ""


needs_bubblewrap = pytest.mark.skipif(bool(_complaint()), reason=f"no sandbox here: {_complaint()}")
