"""The class on one page for its instructor, its grades as a table, and a feedback page for each student."""

from __future__ import annotations

import csv
import io
import statistics
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from autograder.files import write_whole
from autograder.grading.feedback import feedback_page
from autograder.grading.pages import by_name, page_path, render, script
from autograder.grading.results import ExerciseResult, Result
from autograder.grading.summary import STATUSES, Summary, described
from autograder.grading.texts import number, share

HARDEST = 20  # exercises that are shown before the rest is folded away
PROMISES = 15
MISCONCEPTIONS = 15
NAMES = 8
LEVELS = 10  # shades of a cell
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


def write_reports(results: Sequence[Result], out: Path) -> None:
    """Writes `grades.csv`, `report.html` and `feedback/<submission>.html` into `out`, each whole or not at all.

    Feedback pages of submissions that are no longer there are left alone.

    Raises:
        ResultError: if two results have one name, or one has a name that no file can have.
        OSError: if something cannot be written.
    """
    for result in by_name(results).values():
        write_whole(out / page_path(result), feedback_page(result))
    write_grades(results, out / "grades.csv")
    write_whole(out / "report.html", report_page(results))


def write_grades(results: Sequence[Result], path: Path) -> None:
    """Writes the table of grades, whole or not at all."""
    write_whole(path, grades(results))


def grades(results: Sequence[Result]) -> str:
    """A line for each submission as CSV: its points, those of each exercise, and why it could not be read if so.

    A cell is empty where a submission was not asked for an exercise, and where there is no share of no points. Text
    that a spreadsheet would take for a formula gets an apostrophe before it.
    """
    summary = Summary(results)
    exercises = [f"{unit}/{name}" for unit, name in summary.exercises]
    written = io.StringIO()
    table = csv.writer(written, lineterminator="\n")
    table.writerow(["submission", "score", "max_score", "percent", *map(_harmless, exercises), "problem"])
    for each in summary.results:
        percent = number(100 * share(each.score, each.max_score)) if each.max_score > 0 else ""
        points = [number(cell.score) if cell else "" for cell in summary.cells(each)]
        row = [number(each.score), number(each.max_score), percent, *points]
        table.writerow([_harmless(each.submission), *row, _harmless(each.problem)])
    return written.getvalue()


def report_page(results: Sequence[Result]) -> str:
    """The class on one self-contained page."""
    summary, now = Summary(results), datetime.now().astimezone()
    source, digest = script()
    return render(
        "report.html.j2",
        summary=summary,
        statuses=STATUSES,
        histogram=summary.histogram(),
        spread=_spread(summary.percents),
        isolation=described(each.isolation for each in summary.results) if results else "",
        devices=described(each.device for each in summary.results) if results else "",
        versions=described(_versions(each) for each in summary.results) if results else "",
        shade=_shade,
        made=f"{now.day} {now:%B %Y, %H:%M}",
        shown={"hardest": HARDEST, "promises": PROMISES, "misconceptions": MISCONCEPTIONS, "names": NAMES},
        levels=LEVELS,
        script=source,
        script_digest=digest,
    )


def _harmless(text: str) -> str:
    text = text.encode("utf-8", "replace").decode()
    return f"'{text}" if text.lstrip().startswith(_FORMULA) or text[:1] in ("\t", "\r", "\n") else text


def _spread(percents: Sequence[float]) -> list[tuple[str, float]]:
    if not percents:
        return []
    return [
        ("mean", statistics.fmean(percents)),
        ("median", statistics.median(percents)),
        ("lowest", min(percents)),
        ("highest", max(percents)),
    ]


def _versions(result: Result) -> str:
    return " · ".join(f"{name} {version}" for name, version in result.versions.items())


def _shade(cell: ExerciseResult | None) -> str:
    """The class of a cell: by its share of the points, or by what there is to say instead."""
    if cell is None:
        return "absent"
    if cell.status in ("not_started", "broken", "failed"):
        return cell.status
    return f"s{round(share(cell.score, cell.max_score) * LEVELS) if cell.max_score > 0 else LEVELS}"
