"""Limits of time and size, and Ctrl-C as a note."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType

from autograder.errors import CallTimeout

LARGEST_MESSAGE = 1 << 28  # bytes between a judge and a worker
PATIENCE = 6  # times a limit: on a crowded machine right answers wait for their turn
_DEBUGGERS = {"bdb", "pdb", "pydevd", "_pydevd_bundle", "debugpy"}


def overdue(name: str, seconds: float) -> str:
    """The sentence on a call of `name` that did not end within its limit."""
    return f"{name} did not return within {seconds:g} s"


@contextlib.contextmanager
def time_limit(seconds: float, sentence: str) -> Iterator[None]:
    """Raises `CallTimeout` in the code inside after `seconds` of work, or six times as long of work and waiting.

    Work is this process's CPU time, so that nobody fails because the machine is busy with others. It interrupts Python
    code, not a single long operation of a library; a process that judges others' code has an outer limit besides.
    Outside the main thread, where signals are absent, and while a debugger holds the program it does nothing.

    Args:
        seconds: CPU time; 0 or less means no limit.
        sentence: what the error says.
    """
    if seconds <= 0 or not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    begun, worked = time.monotonic(), time.process_time()

    def ring(number: int, frame: FrameType | None) -> None:
        work_left = seconds - (time.process_time() - worked)
        time_left = PATIENCE * seconds - (time.monotonic() - begun)
        if _in_debugger(frame):
            signal.setitimer(signal.ITIMER_REAL, seconds)
        elif work_left > 0.1 * seconds and time_left > 0:
            signal.setitimer(signal.ITIMER_REAL, max(min(work_left, time_left), 0.01))
        else:
            signal.setitimer(signal.ITIMER_REAL, 0.5)  # again, should `except:` swallow this one
            raise CallTimeout(sentence)

    before = signal.signal(signal.SIGALRM, ring)
    left = signal.setitimer(signal.ITIMER_REAL, seconds)[0]
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if left:
            signal.setitimer(signal.ITIMER_REAL, left)


@contextlib.contextmanager
def noting_interrupts() -> Iterator[threading.Event]:
    """Inside, Ctrl-C sets the event instead of raising an exception, which may be lost on its way."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = signal.signal(signal.SIGINT, lambda number, frame: stop.set())
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)


def _in_debugger(frame: FrameType | None) -> bool:
    while frame is not None:
        if str(frame.f_globals.get("__name__", "")).partition(".")[0] in _DEBUGGERS:
            return True
        frame = frame.f_back
    return False
