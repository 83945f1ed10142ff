"""Grades a class: several judges side by side, each with a sandbox of its own; interrupted, it goes on where it was."""

from __future__ import annotations

import contextlib
import multiprocessing
import multiprocessing.connection
import os
import signal
import sys
import time
import warnings
from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from autograder.catalogue import Course, Unit
from autograder.errors import TensorlingsError, UnknownName
from autograder.grading.digest import course_digest, versions
from autograder.grading.handed_in import HandedIn, check_names, is_nbgraders, read_submission
from autograder.grading.results import Result, ResultError, read_result, write_result
from autograder.limits import noting_interrupts
from autograder.profiles import GRADING_EXAMPLES
from autograder.sandbox import kernel
from autograder.sandbox.isolation import Isolation
from autograder.sandbox.workers import Limits, Sandbox, isolation_of

MANY, LARGE = 4, 16  # submissions for each judge from which on it pays to draw inputs ahead, and to ease its forks
GLANCE = 0.2  # seconds between two looks at whether to stop
TRIES = 2  # judges that may end over one submission
MOST_SECONDS = 7200.0  # after which a judge is thought to hang


class GradingError(TensorlingsError):
    """Grading cannot begin; says why."""


@dataclass(frozen=True)
class Wanted:
    """What to grade, and how.

    Attributes:
        paths: submissions.
        out: folder for results.
        units: names of the units that count; all if there are none.
        secret: what inputs are drawn from.
        jobs: submissions judged at a time.
        isolation: "bubblewrap", "none", or None for the strongest that is safe.
        device: where training checks run.
        private: files and folders, besides the course and the submissions, that no worker may read.
        limits: of one worker.
        call_seconds: work that one call may take; None leaves it to the exercise.
    """

    paths: Sequence[Path]
    out: Path
    secret: bytes = field(repr=False)
    units: Collection[str] = ()
    jobs: int = 1
    isolation: str | None = None
    device: str = "cpu"
    private: Sequence[Path] = ()
    limits: Limits = field(default_factory=Limits)
    call_seconds: float | None = None


@dataclass
class Tally:
    """What became of a class.

    Attributes:
        results: by submission, those that were up to date too.
        fresh: names of those that were judged now.
        unreadable: sentences on submissions that could not be read.
        unjudged: sentences on submissions over which judges ended.
        interrupted: whether it was stopped before its end.
        isolation: the level achieved.
    """

    results: dict[str, Result] = field(default_factory=dict)
    fresh: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    unjudged: list[str] = field(default_factory=list)
    interrupted: bool = False
    isolation: str = ""

    @property
    def broken(self) -> list[str]:
        """Checks that were at fault themselves."""
        checks = (check for result in self.results.values() for each in result.exercises for check in each.checks)
        return sorted({check.name for check in checks if check.outcome == "broken"})


Progress = Callable[[Tally, int, Result | None], None]


def grade(course: Course, wanted: Wanted, progress: Progress = lambda tally, total, result: None) -> Tally:
    """Judges submissions, leaving out those whose results are up to date, and writes one result for each.

    Args:
        course: with the instructor's folder.
        wanted: what, and how.
        progress: told after each submission, with the number of all.

    Raises:
        TensorlingsError: before anything is judged, if grading cannot begin.
    """
    units, paths = chosen_units(course, wanted.units), check_names(wanted.paths)
    wanted.out.mkdir(parents=True, exist_ok=True)
    isolation = isolation_of(
        wanted.isolation, [course.root, *paths, wanted.out, *wanted.private], device=wanted.device.partition(":")[0]
    )
    digest = course_digest(units, wanted.secret, examples=GRADING_EXAMPLES)
    tally, waiting = Tally(isolation=isolation.level), deque[HandedIn]()
    for path in paths:
        handed = _handed_in(path, units)
        known = _known(wanted, handed, digest, isolation)
        if handed.problem:
            tally.unreadable.append(f"{handed.name}: {handed.problem}")
        if known is None:
            waiting.append(handed)
        else:
            tally.results[handed.name] = known
            progress(tally, len(paths), known)
    if waiting:
        _Class(units, wanted, isolation, digest).judge(waiting, tally, lambda new: progress(tally, len(paths), new))
    return tally


def chosen_units(course: Course, names: Collection[str]) -> tuple[Unit, ...]:
    """The units called `names`, all if there are none, in the course's order.

    Raises:
        UnknownName: if there is no such unit.
        GradingError: if one has no reference here.
    """
    known = {unit.name for unit in course.units}  # adversarial_training is an exercise, too
    for name in names:
        if course.find(name)[1] is not None and name not in known:
            raise UnknownName(f"{name} is an exercise; --units takes names of units")
    units = tuple(unit for unit in course.units if not names or unit.name in names)
    for unit in units:
        if unit.reference_path is None or unit.hidden_path is None:
            raise GradingError(f"grading needs the instructor's folder solutions/{unit.folder}, which is not here")
    return units


def _handed_in(path: Path, units: Sequence[Unit]) -> HandedIn:
    """What lies at `path`. In nbgrader's layout an untouched notebook lies beside a `.py`; elsewhere two are two."""
    names = {unit.name: [each.name for each in unit.exercises] for unit in units}
    return read_submission(path, list(names), names if is_nbgraders(path) else {})


def _known(wanted: Wanted, handed: HandedIn, digest: str, isolation: Isolation) -> Result | None:
    """The result that is there already, if nothing has changed since."""
    try:
        result = read_result(wanted.out / f"{handed.name}.json")
    except ResultError:
        return None
    now = (handed.digest, digest, isolation.level, wanted.device, versions(), handed.problem)
    then = (result.digest, result.course, result.isolation, result.device, result.versions, result.problem)
    broken = any(each.status == "broken" for each in result.exercises)
    return result if now == then and not broken else None


class Judges:
    """One judge in this process, for whoever asks for one submission after the other.

    Args:
        course: with the instructor's folder.
        wanted: what, and how; its paths are not looked at.

    Raises:
        TensorlingsError: if grading cannot begin.
    """

    def __init__(self, course: Course, wanted: Wanted):
        self._wanted, self._units = wanted, chosen_units(course, wanted.units)
        self._isolation = isolation_of(
            wanted.isolation, [course.root, wanted.out, *wanted.private], device=wanted.device.partition(":")[0]
        )
        self._digest = course_digest(self._units, wanted.secret, examples=GRADING_EXAMPLES)
        self._sandbox: Sandbox | None = None
        self._judge: Any = None

    def judge(self, path: Path) -> tuple[Result, bool]:
        """The result of the submission at `path`, which is written to a file, and whether it was judged now.

        Raises:
            TensorlingsError: if the path can't be a submission.
        """
        (path,) = check_names([path])
        handed = _handed_in(path, self._units)
        known = _known(self._wanted, handed, self._digest, self._isolation)
        if known is not None:
            return known, False
        if self._judge is None:
            self._judge = self._started()
        result = self._judge.judge(handed)
        write_result(result, self._wanted.out)
        return result, True

    def close(self) -> None:
        """Ends the sandbox."""
        if self._sandbox is not None:
            self._sandbox.close()

    def _started(self) -> Any:
        self._sandbox = Sandbox(self._isolation, self._wanted.limits)
        settings = _settings(self._units, self._wanted, self._digest)
        from autograder.grading.judge import Judge

        return Judge(settings, self._sandbox)


class _Class:
    """Judges at work, each a fork of this process with a warm sandbox of its own."""

    def __init__(self, units: tuple[Unit, ...], wanted: Wanted, isolation: Isolation, digest: str):
        self._units, self._wanted, self._isolation, self._digest = units, wanted, isolation, digest
        self._judges: list[_Judging] = []
        self._tries: dict[str, int] = {}
        self._cores: Sequence[int | None] = []
        self._large = False

    def judge(self, waiting: deque[HandedIn], tally: Tally, progress: Callable[[Result | None], None]) -> None:
        """Judges all of `waiting`; ended from the keyboard, it leaves the rest for another time."""
        count = max(1, min(self._wanted.jobs, len(waiting)))
        with noting_interrupts() as stop:
            try:
                share = len(waiting) // count
                self._large = share >= LARGE
                self._cores = processors(count)
                sandboxes = [self._sandbox(index) for index in range(count)]  # they warm up while this process does
                settings = _settings(self._units, self._wanted, self._digest, many=share >= MANY)
                self._judges = [_Judging(settings, self._wanted, each, sandboxes) for each in sandboxes]
                while not stop.is_set() and (waiting or any(each.handed for each in self._judges)):
                    for each in self._judges:
                        if each.handed is None and waiting:
                            each.give(waiting.popleft())
                    for index, told in self._next_told():
                        self._take(index, told, waiting, tally, progress)
                        if not self._judges[index].alive:
                            self._judges[index].close()
                            fresh = self._sandbox(index)
                            self._judges[index] = _Judging(settings, self._wanted, fresh, [fresh])
            finally:
                tally.interrupted = stop.is_set()
                for each in self._judges:
                    each.close()

    def _take(
        self,
        index: int,
        told: Result | str,
        waiting: deque[HandedIn],
        tally: Tally,
        progress: Callable[[Result | None], None],
    ) -> None:
        """Notes a result; a submission over which a judge ended is tried once more."""
        judging = self._judges[index]
        handed, judging.handed = judging.handed, None
        assert handed is not None
        if isinstance(told, Result):
            tally.results[told.submission] = told
            tally.fresh.append(told.submission)
            progress(told)
            return
        self._tries[handed.name] = self._tries.get(handed.name, 0) + 1
        if self._tries[handed.name] < TRIES:
            waiting.appendleft(handed)
        else:
            tally.unjudged.append(f"{handed.name}: {told}")
            progress(None)

    def _next_told(self) -> list[tuple[int, Result | str]]:
        """What judges tell next, with their positions; a sentence where one failed."""
        busy = {each.connection: index for index, each in enumerate(self._judges) if each.handed is not None}
        ready = multiprocessing.connection.wait(list(busy), timeout=GLANCE)
        told: list[tuple[int, Result | str]] = []
        for connection in ready:
            index = busy[connection]  # type: ignore[index]
            told.append((index, self._judges[index].told()))
        late = [index for index in busy.values() if self._judges[index].since + MOST_SECONDS < time.monotonic()]
        for index in late:
            self._judges[index].kill()
        return told

    def _sandbox(self, index: int) -> Sandbox:
        return Sandbox(self._isolation, self._wanted.limits, many=self._large, core=self._cores[index])


def processors(count: int) -> Sequence[int | None]:
    """A processor for each of `count` judges and its workers, if that leaves none idle.

    A judge waits while its worker works, and the other way round; waking the other up takes a quarter of the time where
    both are on one processor.
    """
    have = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    return [have[index % len(have)] for index in range(count)] if have and count >= len(have) else [None] * count


def _settings(units: tuple[Unit, ...], wanted: Wanted, digest: str, *, many: bool = False) -> Any:
    import torch

    from autograder.grading.judge import Settings

    torch.set_num_threads(1)  # a fork after threads have started may hang
    return Settings(
        units, wanted.secret, digest, versions(), wanted.device, call_seconds=wanted.call_seconds, many=many
    )


class _Judging:
    """One judge's process, and the submission that it has in hand."""

    def __init__(self, settings: Any, wanted: Wanted, sandbox: Sandbox, sandboxes: Sequence[Sandbox]):
        self.sandbox, self.since, self.alive = sandbox, time.monotonic(), True
        self.handed: HandedIn | None = None
        others = [each for each in sandboxes if each is not sandbox]
        context = multiprocessing.get_context("fork")
        self.connection, far = context.Pipe()
        self.process: BaseProcess = context.Process(
            target=_serve, args=(settings, sandbox, others, wanted.out, far, self.connection), daemon=True
        )
        with _quietly():
            self.process.start()
        far.close()
        sandbox.hand_over()

    def give(self, handed: HandedIn) -> None:
        """Gives the judge a submission."""
        self.handed, self.since = handed, time.monotonic()
        with contextlib.suppress(OSError):
            self.connection.send(handed)

    def told(self) -> Result | str:
        """The result of the submission in hand, or a sentence on why there is none."""
        try:
            told = self.connection.recv()
        except (EOFError, OSError):
            self.alive = False
            self.process.join(5)
            return f"the judge ended over it (exit code {self.process.exitcode})"
        if isinstance(told, Result):
            return told
        self.alive = False
        return str(told)

    def kill(self) -> None:
        """Ends the judge at once."""
        self.process.kill()

    def close(self) -> None:
        """Ends the judge and its sandbox."""
        self.connection.close()
        self.process.terminate()
        self.process.join(5)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        self.sandbox.close()


def _serve(settings: Any, sandbox: Sandbox, others: Sequence[Sandbox], out: Path, near: Any, far_end: Any) -> None:
    """A judge's life: takes submissions, writes their results, tells them."""
    from autograder.grading.judge import Judge

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one who gave the work
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    warnings.simplefilter("ignore")  # libraries warn of what submissions and known mistakes do
    far_end.close()
    for each in others:
        each.hand_over()
    if sys.platform.startswith("linux"):
        kernel.die_with_parent(signal.SIGKILL)
    try:
        kernel.stay_on(sandbox.core)
        judge = Judge(settings, sandbox)
        while True:
            handed = near.recv()
            result = judge.judge(handed)
            write_result(result, out)
            near.send(result)
    except EOFError:
        pass
    except BaseException as error:
        with contextlib.suppress(OSError):
            near.send(f"{type(error).__name__}: {error}")
    os._exit(0)


@contextlib.contextmanager
def _quietly() -> Any:
    """No warning of Python's that a process with threads forks: torch's are not used."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield
