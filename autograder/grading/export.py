"""Results in the formats of others."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path

from autograder.errors import TensorlingsError
from autograder.files import write_whole
from autograder.grading.feedback import feedback_page
from autograder.grading.gradescope import gradescope
from autograder.grading.junit import junit
from autograder.grading.pages import by_name, page_path
from autograder.grading.report import grades, write_reports
from autograder.grading.results import Result
from autograder.grading.texts import count

FORMATS = ("csv", "html", "junit", "gradescope")
_TOGETHER = {"csv": (grades, "grades.csv"), "junit": (junit, "junit.xml")}
_EACH = {"html": (feedback_page, ".html"), "gradescope": (gradescope, ".json")}


class ExportError(TensorlingsError):
    """Results cannot be exported like this; says what is wanted."""


def export(results: Sequence[Result], to: str, out: Path | None = None) -> list[Path] | str:
    """Writes results in another format, and says where; or gives the text back where there is no `out`.

    `csv` and `junit` are one file for all results; in a folder that exists it is called `grades.csv` or `junit.xml`.
    `html` is the report, the grades and the feedback pages in a folder; `gradescope` is a folder of
    `<submission>.json`. Of a single result either is just that submission's file, where `out` ends in `.html` or
    `.json`, or where there is no `out`.

    Args:
        results: at least one.
        to: one of `FORMATS`.
        out: a file or a folder.

    Raises:
        ExportError: for an unknown format, no results, or an `out` that does not fit.
        OSError: if something cannot be written.
    """
    if to not in FORMATS:
        near = difflib.get_close_matches(to, FORMATS, n=1)
        advice = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(FORMATS)}"
        raise ExportError(f"there is no format {to!r}; {advice}")
    if not results:
        raise ExportError("there are no results to export")
    return _together(results, to, out) if to in _TOGETHER else _each(results, to, out)


def _together(results: Sequence[Result], to: str, out: Path | None) -> list[Path] | str:
    make, name = _TOGETHER[to]
    if out is None:
        return make(results)
    path = out / name if out.is_dir() else out
    write_whole(path, make(results))
    return [path]


def _each(results: Sequence[Result], to: str, out: Path | None) -> list[Path] | str:
    make, suffix = _EACH[to]
    if out is None:
        if len(results) > 1:
            raise ExportError(f"{count(len(results), 'result')} make more than one {to} file; say where, with --out")
        return make(results[0])
    if not out.is_dir() and out.suffix == suffix:
        if len(results) > 1:
            raise ExportError(f"{out}: {count(len(results), 'result')} make more than one file; wanted a folder")
        write_whole(out, make(results[0]))
        return [out]
    if out.exists() and not out.is_dir():
        raise ExportError(f"{out}: is a file; wanted a folder, or a name that ends in {suffix}")
    return _pages(results, out) if to == "html" else _documents(results, out)


def _pages(results: Sequence[Result], out: Path) -> list[Path]:
    write_reports(results, out)
    return [out / "report.html", out / "grades.csv", *(out / page_path(each) for each in results)]


def _documents(results: Sequence[Result], out: Path) -> list[Path]:
    paths = {out / f"{name}.json": result for name, result in by_name(results).items()}
    for path, result in paths.items():
        write_whole(path, gradescope(result))
    return list(paths)
