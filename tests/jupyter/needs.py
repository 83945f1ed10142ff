"""What these tests need of the machine."""

from __future__ import annotations

import importlib.util
import shutil

import pytest

HAS_NBGRADER = importlib.util.find_spec("nbgrader") is not None and shutil.which("nbgrader") is not None

needs_nbgrader = pytest.mark.skipif(not HAS_NBGRADER, reason="nbgrader is not installed")
