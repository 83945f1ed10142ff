"""Draws every unit's figures from the references into the handouts, and the page of them all for the README.

python -m tests.proof.figures [UNIT…]
"""

from __future__ import annotations

import sys

from autograder.figures import Drawing, draw, figure_functions
from autograder.poster import write_poster
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
    tiles = []
    for unit in course().units:
        name = next(iter(figure_functions(unit)))
        tiles.append((unit, Drawing(name, unit.directory / "figures" / f"{name}.png")))
    write_poster(tiles, course().root / "docs" / "course.png")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
