"""What these tests need of the machine, and that somebody asks for them."""

from __future__ import annotations

import importlib.util
import os
import shutil

import pytest

ASKED = "TENSORLINGS_BROWSER"  # the environment's name for the wish to run them, and maybe for a browser's path
CHROMIUM = next(filter(None, map(shutil.which, (os.environ.get(ASKED, ""), "chromium", "google-chrome"))), None)

_MISSING = [name for name in ("nbgrader", "playwright") if importlib.util.find_spec(name) is None]
_MISSING += [] if CHROMIUM else ["chromium"]

needs_a_browser = [
    pytest.mark.skipif(ASKED not in os.environ, reason="minutes in a browser: make browser"),
    pytest.mark.skipif(bool(_MISSING), reason=f"not installed: {', '.join(_MISSING)}"),
]
