"""`autograder grade` and `autograder export`: what they print, and how they end."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from autograder.catalogue import Course
from autograder.grading.export import ExportError
from autograder.grading.export import export as exported
from autograder.grading.grade import Tally, Wanted
from autograder.grading.grade import grade as graded
from autograder.grading.report import write_reports
from autograder.grading.results import Result, read_result, read_results
from autograder.grading.secret import course_secret
from autograder.status import shown

NOT_ALL_JUDGED, CHECK_BROKEN, INTERRUPTED = 2, 1, 130
NAMED = 10  # sentences of one kind that are printed


def run(
    course: Course,
    paths: Sequence[Path],
    out: Path,
    *,
    units: str | None,
    jobs: int,
    isolation: str | None,
    device: str,
    secret: Path | None,
) -> int:
    """Grades `paths` into `out`, with a progress bar, and says what came of it.

    Returns:
        0 if every submission was judged, 1 if a check was at fault, 2 if a submission could not be read or judged,
        130 after Ctrl-C.

    Raises:
        TensorlingsError: if grading cannot begin.
    """
    own = course.root / ".autograder" / "secret"
    wanted = Wanted(
        paths,
        out,
        course_secret(secret or own, make=secret is None),
        units=[name.strip() for name in (units or "").split(",") if name.strip()],
        jobs=jobs,
        isolation=isolation,
        device=_device(device),
        private=[secret or own],
    )
    started = time.monotonic()
    with _Bar() as bar:
        tally = graded(course, wanted, bar.tell)
        if not tally.interrupted:
            bar.say("writing the report")
            write_reports(read_results(out), out)
    _summary(tally, len(paths), out, time.monotonic() - started)
    if tally.interrupted:
        return INTERRUPTED
    if tally.unreadable or tally.unjudged:
        return NOT_ALL_JUDGED
    return CHECK_BROKEN if tally.broken else 0


def export(results: Path | None, form: str, out: Path | None) -> None:
    """Turns results, of a folder or a file, into another format; without `out` the text is printed.

    Raises:
        TensorlingsError: if there are no results, or `out` does not fit.
    """
    if results is None:
        if out is None:
            raise ExportError("wanted the folder of results, as in `autograder export RESULTS --to csv`")
        results = out
    read = [read_result(results)] if results.is_file() else read_results(results)
    made = exported(read, form, out)
    if isinstance(made, str):
        click.echo(made, nl=not made.endswith("\n"))
        return
    for path in made[:NAMED]:
        click.echo(f"written: {shown(path)}")
    if len(made) > NAMED:
        click.echo(f"written: {len(made) - NAMED} more")


def _device(wanted: str) -> str:
    if wanted == "cpu":
        return wanted
    from autograder.devices import choose_device

    return str(choose_device(wanted))


def _summary(tally: Tally, total: int, out: Path, seconds: float) -> None:
    kept = len(tally.results) - len(tally.fresh)
    parts = [f"{len(tally.fresh)} judged in {seconds:.1f} s"]
    parts += [f"{kept} up to date"] if kept else []
    parts += [f"{total - len(tally.results)} left"] if total > len(tally.results) else []
    click.echo(f"{total} submission{'s' * (total != 1)}: {', '.join(parts)}; isolation: {tally.isolation}.")
    _sentences("could not be read", tally.unreadable)
    _sentences("could not be judged", tally.unjudged)
    for name in tally.broken[:NAMED]:
        click.echo(f"a check is at fault, and counts for nobody: {name}", err=True)
    if tally.isolation == "none":
        click.echo("Isolation was none: submissions could read and change whatever you can.", err=True)
    if tally.interrupted:
        click.echo("Stopped; the same command does the rest.", err=True)
    elif tally.results:
        click.echo(f"The report is {shown(out / 'report.html')}, the table {shown(out / 'grades.csv')}.")


def _sentences(what: str, found: Sequence[str]) -> None:
    for sentence in found[:NAMED]:
        click.echo(f"{what}: {sentence}", err=True)
    if len(found) > NAMED:
        click.echo(f"{what}: {len(found) - NAMED} more, see the report", err=True)


class _Bar:
    """A progress bar on a terminal; elsewhere a line for each submission."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        self._lines = not console.is_terminal
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=self._lines,
        )
        self._task = self._progress.add_task("warming up", total=None)

    def __enter__(self) -> _Bar:
        self._progress.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._progress.__exit__(*error)  # type: ignore[arg-type]

    def say(self, text: str) -> None:
        """Changes what the bar is called."""
        self._progress.update(self._task, description=text)

    def tell(self, tally: Tally, total: int, result: Result | None) -> None:
        """Notes one more submission."""
        done = len(tally.results) + len(tally.unjudged)
        self._progress.update(self._task, description="grading", total=total, completed=done)
        if self._lines and result is not None:
            name = "up to date" if result.submission not in tally.fresh else f"{result.seconds:.1f} s"
            print(
                f"{done:4d} of {total}  {result.score:g} of {result.max_score:g}  {result.submission} ({name})",
                file=sys.stderr,
                flush=True,
            )
