"""What these tests need of the machine."""

from __future__ import annotations

import importlib.util

import pytest

needs_nbgrader = pytest.mark.skipif(importlib.util.find_spec("nbgrader") is None, reason="nbgrader is not installed")
