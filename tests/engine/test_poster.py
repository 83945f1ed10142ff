"""The page with a figure of every unit."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from autograder.catalogue import load_course
from autograder.figures import Drawing, draw
from autograder.poster import COLUMNS, GAP, WIDTH, write_poster

ROOT = Path(__file__).parents[2]


def test_every_unit_has_its_place_and_its_proportions(tmp_path: Path):
    units = load_course(ROOT).units[:4]
    colours = ["#ff0000", "#00ff00", "#0000ff"]
    tiles = []
    for unit, colour in zip(units, colours, strict=False):
        Image.new("RGB", (320, 100), colour).save(tmp_path / f"{unit.name}.png")
        tiles.append((unit, Drawing("it", tmp_path / f"{unit.name}.png")))
    tiles.append((units[3], Drawing("it", None, "it needs fgsm, which is not written yet")))
    with Image.open(write_poster(tiles, tmp_path / "page.png")) as page:
        assert page.width == COLUMNS * (WIDTH + GAP) + GAP
        counts = {colour: count for count, colour in page.convert("RGB").getcolors(1 << 20)}
    for red, green, blue in ((255, 0, 0), (0, 255, 0), (0, 0, 255)):
        assert counts[red, green, blue] == WIDTH * 200


def test_all_draws_the_first_figure_of_every_unit_and_the_page(mini_course, tmp_path: Path):
    """With stubs nothing can be drawn, and the page says so."""
    figures = mini_course.root / "exercises" / "01_doubles" / "figures.py"
    figures.write_text(
        "from matplotlib.figure import Figure\n\n\n"
        "def figure_one(implementation):\n    figure = Figure()\n    figure.gca().plot([1, 2])\n    return figure\n\n\n"
        "def figure_two(implementation):\n    return implementation.nothing_of_the_kind()\n"
    )
    course = load_course(mini_course.root)
    drawn = list(draw(course, "all", out=tmp_path))
    assert [each.name for each in drawn] == ["one", "the whole course"]
    assert drawn[-1].path == tmp_path / "all.png"
    assert (tmp_path / "01_doubles" / "one.png").exists()
