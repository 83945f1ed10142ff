"""The whole course on one page: a figure of every unit, in columns."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib import font_manager
from PIL import Image, ImageDraw, ImageFont

from autograder.files import write_whole

if TYPE_CHECKING:
    from autograder.catalogue import Unit
    from autograder.figures import Drawing

COLUMNS, WIDTH, GAP, HEADING = 3, 640, 36, 44  # pixels but the first
INK, SOFT, PAPER = "#1c1e21", "#8a8f96", "#ffffff"


def write_poster(tiles: Sequence[tuple[Unit, Drawing]], path: Path) -> Path:
    """Writes a PNG with every unit's number, title and figure; where there is none, why.

    Args:
        tiles: units with their figures, in the order of the course.
        path: the file.
    """
    pictures = [_tile(unit, drawing) for unit, drawing in tiles]
    columns: list[list[Image.Image]] = [[] for _ in range(COLUMNS)]
    for picture in pictures:  # to the column that ends first, so that the course is read from top to bottom
        min(columns, key=_height).append(picture)
    page = Image.new("RGB", (COLUMNS * (WIDTH + GAP) + GAP, max(map(_height, columns)) + GAP), PAPER)
    for number, column in enumerate(columns):
        y = GAP
        for picture in column:
            page.paste(picture, (GAP + number * (WIDTH + GAP), y))
            y += picture.height + GAP
    stream = io.BytesIO()
    page.quantize(256).save(stream, "PNG", optimize=True)  # a third of the bytes, and no colour that is missed
    write_whole(path, stream.getvalue())
    return path


def _height(column: Sequence[Image.Image]) -> int:
    return sum(picture.height + GAP for picture in column)


def _tile(unit: Unit, drawing: Drawing) -> Image.Image:
    title = f"{unit.number:02d} · {unit.title}"
    if drawing.path is None:
        tile = Image.new("RGB", (WIDTH, HEADING + 60), PAPER)
        ImageDraw.Draw(tile).text((0, HEADING), drawing.problem[:80], fill=SOFT, font=_font(18))
    else:
        with Image.open(drawing.path) as picture:
            scaled = picture.convert("RGB").resize(
                (WIDTH, round(picture.height * WIDTH / picture.width)), Image.Resampling.LANCZOS
            )
        tile = Image.new("RGB", (WIDTH, HEADING + scaled.height), PAPER)
        tile.paste(scaled, (0, HEADING))
    ImageDraw.Draw(tile).text((0, 6), title, fill=INK, font=_font(24))
    return tile


def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(font_manager.findfont("DejaVu Sans"), size)
