"""`autograder check`: visible checks in a child process that can be killed, so that an endless loop ends.

The child is pytest with our plugin; it notes every check that it begins and ends in a stream, and this process turns
the stream into one summary. A child that hangs or dies costs the check at hand; a fresh one goes on with the rest.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import click

from autograder import report
from autograder.catalogue import Course

GRACE = 100.0  # seconds for one check or one import; the plugin's own limits are stricter
GIVE_UP = 2  # crashes in one exercise after which its other checks are not tried

Judged = dict[str, Any]


def run(course: Course, names: tuple[str, ...], *, grace: float = GRACE) -> int:
    """Checks the exercises and units called `names`, all if there are none, and prints the summary.

    Args:
        course: the course.
        names: of exercises and units.
        grace: seconds that one check may take before its process is killed.

    Returns:
        0 if every promise is kept, 1 otherwise.

    Raises:
        UnknownName: if there is no such exercise or unit.
    """
    waiting, judged = nodes(course, names), []
    while waiting:
        new, complaint = _Child(course.root, waiting, grace).follow()
        judged += new
        if not new:
            click.echo(complaint or "pytest judged nothing", err=True)
            return 1
        died = [each for each in judged if each["outcome"] in ("crashed", "killed")]
        crashes = Counter(each["exercise"] for each in died)
        lost = {name for name, count in crashes.items() if count >= GIVE_UP}
        lost |= {each["exercise"] for each in died if each["outcome"] == "killed"}
        done = {each["node"] for each in judged}
        waiting = [node for node in waiting if node not in done and _exercise(node) not in lost]
    for each in judged:
        each["outcome"] = "timeout" if each["outcome"] == "killed" else each["outcome"]
    report.write_summary(Terminal(), judged, verbose=False, own_work=True)
    complete = len(judged) == len(nodes(course, names))
    return 0 if complete and all(each["outcome"] == "passed" for each in judged) else 1


def nodes(course: Course, names: tuple[str, ...]) -> list[str]:
    """Node ids of the visible checks of these exercises and units, in the order of the course."""
    chosen = [course.find(name) for name in names]
    found = []
    for unit, exercise in course.exercises():
        if not chosen or (unit, None) in chosen or (unit, exercise) in chosen:
            path = unit.visible_path.relative_to(course.root).as_posix()
            found += [f"{path}::test_{exercise.name}__{promise}" for promise in exercise.visible]
    return found


class Terminal:
    """What the summary is written to outside pytest."""

    def section(self, title: str, sep: str = "-") -> None:
        """A line with a title in its middle."""
        click.echo(f" {title} ".center(78, sep))

    def write(self, text: str, **style: bool) -> None:
        """Text without an end of line."""
        click.echo(_styled(text, style), nl=False)

    def write_line(self, text: str, **style: bool) -> None:
        """A line of text."""
        click.echo(_styled(text, style))


class _Child:
    """One pytest process, followed through its stream."""

    def __init__(self, root: Path, waiting: list[str], grace: float):
        self.root, self.waiting, self.grace = root, waiting, grace
        self.judged: list[Judged] = []
        self.current: Judged | None = None
        self.since = time.monotonic()

    def follow(self) -> tuple[list[Judged], str]:
        """What was judged until the child ended or was killed, and what it said."""
        with tempfile.TemporaryDirectory() as folder:
            stream, output = Path(folder) / "stream.jsonl", Path(folder) / "output.txt"
            stream.touch()
            arguments = [sys.executable, "-m", "pytest", "-q", "--no-header", "-p", "no:xdist", "--stream", str(stream)]
            with stream.open(encoding="utf-8") as events, output.open("w", encoding="utf-8") as said:
                child = subprocess.Popen(
                    [*arguments, *self.waiting],
                    cwd=self.root,
                    stdin=subprocess.DEVNULL,
                    stdout=said,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
                try:
                    killed = self._wait(child, events)
                finally:
                    _kill(child)
            if self.current is not None:
                self._lost(killed, child.returncode)
            return self.judged, _tail(output)

    def _wait(self, child: subprocess.Popen[bytes], events: Any) -> bool:
        while True:
            ended = child.poll() is not None
            for line in events:
                self._take(json.loads(line))
            if ended:
                return False
            if time.monotonic() - self.since > self.grace:
                return True
            time.sleep(0.05)

    def _take(self, event: Judged) -> None:
        self.since = time.monotonic()
        if event["outcome"] is None:
            self.current = event
        else:
            self.current = None
            self.judged.append(event)
        if sys.stderr.isatty():
            click.echo(f"\r{len(self.judged):4d} of {len(self.waiting)} {event['exercise']:<40}", nl=False, err=True)
            if len(self.judged) == len(self.waiting):
                click.echo("\r" + " " * 60 + "\r", nl=False, err=True)

    def _lost(self, killed: bool, code: int | None) -> None:
        assert self.current is not None
        if killed:
            outcome, message = "killed", f"it did not end within {self.grace:g} s and was stopped"
        else:
            how = f"signal {signal.Signals(-code).name}" if code is not None and code < 0 else f"exit code {code}"
            outcome, message = "crashed", f"it ended the whole process ({how})"
        self.judged.append({**self.current, "outcome": outcome, "message": message})


def _kill(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def _tail(output: Path, characters: int = 2000) -> str:
    return output.read_text(encoding="utf-8", errors="replace")[-characters:].strip()


def _exercise(node: str) -> str:
    return node.partition("::test_")[2].partition("__")[0]


def _styled(text: str, style: dict[str, bool]) -> str:
    colour = next((name for name in ("red", "green", "yellow") if style.get(name)), None)
    return click.style(text, fg=colour, bold=style.get("bold"), dim=style.get("light"))
