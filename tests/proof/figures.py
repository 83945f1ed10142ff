"""Draws every unit's figures from the references into the handouts.

python -m tests.proof.figures [UNIT…]
"""

from __future__ import annotations

import sys

from autograder.figures import draw
from tests.proof.course import course


def main(names: list[str]) -> int:
    """Draws, one line per figure; exits with 1 if one could not be drawn."""
    missing = 0
    for unit in course().units:
        if names and unit.name not in names:
            continue
        for drawing in draw(course(), unit.name, reference=True, out=unit.directory / "figures"):
            print(f"{unit.folder}: {drawing.name} {drawing.problem}", flush=True)
            missing += drawing.path is None
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
