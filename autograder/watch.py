"""`autograder watch`: re-checks what was saved, in a warm process.

This process has torch, hypothesis and pytest imported. For every save it forks a child that runs the checks of the
functions that changed; a child that hangs is killed, and the next save gets a fresh one.
"""

from __future__ import annotations

import ast
import contextlib
import os
import signal
import sys
import threading
import time
from pathlib import Path

import click

from autograder.catalogue import Course, Unit
from autograder.check_command import nodes
from autograder.limits import noting_interrupts
from autograder.stubs import still_a_stub

PATIENCE = 120.0  # seconds for all checks of one save


def run(course: Course) -> int:
    """Watches the students' files of `course` until it is interrupted.

    Returns:
        0, when the watch is ended with Ctrl-C.
    """
    import hypothesis  # noqa: F401  (imported here so that children find it warm)
    import pytest  # noqa: F401
    import torch
    from watchfiles import PythonFilter, watch

    torch.set_num_threads(1)  # a fork after threads have started may hang
    seen = {unit.module_path: _read(unit.module_path) for unit in course.units}
    click.echo(f"Watching {course.root / 'exercises'}. Save a file and its changed exercises are checked; Ctrl-C ends.")
    with noting_interrupts() as stop:
        for changes in watch(course.root / "exercises", watch_filter=PythonFilter(), stop_event=stop):
            saved = {Path(path) for _, path in changes}
            for unit in course.units:
                if unit.module_path.resolve() not in {path.resolve() for path in saved}:
                    continue
                text = _read(unit.module_path)
                names = changed_exercises(unit, seen[unit.module_path], text)
                seen[unit.module_path] = text
                if names and not stop.is_set():
                    check_in_child(course, names, stop=stop)
    click.echo("\nThe watch is over.")
    return 0


def changed_exercises(unit: Unit, before: str, after: str) -> tuple[str, ...]:
    """Exercises whose function was changed between two texts of a unit's file.

    Where something else than exercises changed (an import, a helper), these are all that have been begun; where the
    file does not parse, those that its text names.
    """
    names = [exercise.name for exercise in unit.exercises]
    old, new = _pieces(before), _pieces(after)
    if new is None:
        named = tuple(name for name in names if f"def {name}(" in after and not still_a_stub(before, name))
        return named or (names[0],)
    if old is None:
        old = {}
    changed = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
    if changed - set(names):
        changed |= {name for name in names if not still_a_stub(after, name)}
    return tuple(name for name in names if name in changed)


def check_in_child(
    course: Course, names: tuple[str, ...], *, patience: float = PATIENCE, stop: threading.Event | None = None
) -> int | None:
    """Runs the visible checks of exercises in a fork of this process, until `stop` is set.

    Returns:
        pytest's exit status, or None if the child had to be killed.
    """
    click.echo(f"\n{' '.join(names)}  (saved at {time.strftime('%H:%M:%S')})")
    child = os.fork()
    if child == 0:
        os._exit(_child(course, names))
    end = time.monotonic() + patience
    while time.monotonic() < end and not (stop is not None and stop.is_set()):
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
        os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    if stop is not None and stop.is_set():
        return None
    click.echo(f"The checks did not end within {patience:g} s and were stopped; is there an endless loop?")
    return None


def _child(course: Course, names: tuple[str, ...]) -> int:
    status = 1
    try:
        os.setpgid(0, 0)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.chdir(course.root)
        import pytest

        status = int(pytest.main([*nodes(course, names), "-q", "--no-header", "-p", "no:xdist"]))
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return status


def _pieces(source: str) -> dict[str, str] | None:
    """Text of every top-level function by name, and of all the rest under an empty name; None if it does not parse."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return None
    found: dict[str, str] = {"": ""}
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            found[node.name] = ast.dump(node)
        else:
            found[""] += ast.dump(node)
    return found


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
