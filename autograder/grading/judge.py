"""Judges one submission: the checks run here, the submission's functions in a sandboxed worker."""

from __future__ import annotations

import functools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder import wire
from autograder.catalogue import Exercise, Unit
from autograder.checks import Check, Verdict, checks_of, run_check
from autograder.conversations import Conversation
from autograder.errors import CallTimeout, WorkerLost
from autograder.grading.handed_in import HandedIn, UnitFile
from autograder.grading.results import CheckResult, ExerciseResult, Result
from autograder.grading.telling import shortened, summed, told_of
from autograder.implementation import Implementation
from autograder.inputs import Inputs
from autograder.limits import PATIENCE
from autograder.misconceptions import recognise
from autograder.packing import pack
from autograder.profiles import GRADING_EXAMPLES, Profile
from autograder.remote import Remote
from autograder.sandbox.workers import Sandbox, WorkerProcess
from autograder.sources import is_written, parses
from autograder.submission import Submission
from autograder.verify import reference_of

LOADING = 20.0  # seconds of work that running a file may take
UNIT_SECONDS = 900.0  # seconds that all checks of one unit may take
SUBMISSION_SECONDS = 3600.0  # seconds that all checks of a submission may take, well below what ends a judge
GIVE_UP = 2  # workers lost in one exercise after which its other checks are not tried


@dataclass(frozen=True)
class Settings:
    """What all results of one run of `grade` share.

    Attributes:
        units: those that count.
        secret: what the inputs are drawn from, together with each check's name.
        course: digest of the checks and all that they depend on.
        versions: of Python and the libraries that matter.
        device: where training checks run.
        examples: inputs drawn per check.
        unit_seconds: wall time that all checks of one unit may take.
        submission_seconds: wall time that all checks of one submission may take.
        call_seconds: work that one call may take, and twice as much running a file; None takes each exercise's own.
        many: whether each judge will see many submissions.
    """

    units: tuple[Unit, ...]
    secret: bytes = field(repr=False)
    course: str
    versions: dict[str, str]
    device: str = "cpu"
    examples: int = GRADING_EXAMPLES
    unit_seconds: float = UNIT_SECONDS
    submission_seconds: float = SUBMISSION_SECONDS
    call_seconds: float | None = None
    many: bool = False

    @property
    def exchange_seconds(self) -> float:
        """Wall time that one exchange may take, where the limit of a call does not hold, as for a gradient."""
        longest = max((each.seconds for unit in self.units for each in unit.exercises), default=0.0)
        return PATIENCE * (longest if self.call_seconds is None else self.call_seconds)

    @property
    def load_seconds(self) -> float:
        """Work that running a file may take."""
        return LOADING if self.call_seconds is None else 2 * self.call_seconds


class Judge:
    """Judges submissions one after the other.

    Args:
        settings: what counts.
        sandbox: where submissions run.
    """

    def __init__(self, settings: Settings, sandbox: Sandbox):
        self._settings, self._sandbox = settings, sandbox
        self._profile = Profile(settings.examples, secret=settings.secret)
        self._inputs = Inputs(at_once=settings.many)
        self._checks = {unit.name: checks_of(unit) for unit in settings.units}
        self._references = {unit.name: reference_of(unit) for unit in settings.units}

    def judge(self, handed: HandedIn) -> Result:
        """The result of one submission."""
        started = time.monotonic()
        end = started + self._settings.submission_seconds
        exercises = [each for unit in self._settings.units for each in self._unit(unit, handed, end)]
        return result_of(handed, exercises, self._settings, self._sandbox.isolation.level, time.monotonic() - started)

    def _unit(self, unit: Unit, handed: HandedIn, end: float) -> list[ExerciseResult]:
        file = handed.files.get(unit.name)
        if handed.problem or file is None or file.problem:
            return [_unjudged(unit, each, self._checks[unit.name], handed, file) for each in unit.exercises]
        said = Conversation() if self._settings.many else None
        far, second = (_FarSide(self._sandbox, unit, file, self._settings, said) for _ in range(2))
        try:
            return list(self._exercises(unit, far, second, end))
        finally:
            far.close()
            second.close()

    def _exercises(self, unit: Unit, far: _FarSide, second: _FarSide, end: float) -> Iterator[ExerciseResult]:
        late = f"the checks of {unit.name} had taken {self._settings.unit_seconds:g} s"
        if end < time.monotonic() + self._settings.unit_seconds:
            late = f"the checks of this submission had taken {self._settings.submission_seconds:g} s"
        end = min(end, time.monotonic() + self._settings.unit_seconds)
        seconds = self._settings.call_seconds
        submission = Submission(
            unit, far.implementation, remote=far.remote, elsewhere=second.living_remote, seconds=seconds
        )
        for exercise in unit.exercises:
            told: list[CheckResult] = []
            lost = 0
            for check in self._checks[unit.name]:
                if check.exercise.name != exercise.name:
                    continue
                if lost >= GIVE_UP:
                    verdict = Verdict(
                        told[-1].outcome, f"not tried again: {told[-1].message.removeprefix('not tried again: ')}"
                    )
                elif time.monotonic() > end:
                    verdict = Verdict("timeout", late)
                else:
                    submission.implementation = far.ready()
                    verdict = self._verdict(check, submission)
                    lost += verdict.outcome == "crashed" or (verdict.outcome == "timeout" and far.lost)
                told.append(told_of(check, verdict, submission))
            yield self._summed(unit, exercise, told, submission, far)

    def _verdict(self, check: Check, submission: Submission) -> Verdict:
        reference = self._references[check.unit.name]
        submission.latest = None
        return run_check(
            check,
            submission,
            reference=reference,
            profile=self._profile,
            device=self._settings.device,
            inputs=self._inputs,
        )

    def _summed(
        self, unit: Unit, exercise: Exercise, told: Sequence[CheckResult], submission: Submission, far: _FarSide
    ) -> ExerciseResult:
        known = None
        outcomes = {each.outcome for each in told}
        if "failed" in outcomes and not outcomes & {"crashed", "timeout"}:
            submission.implementation = far.ready()
            submission.begin_check()
            try:
                known = recognise(unit, exercise, submission)
            except WorkerLost:
                known = None
        return summed(unit, exercise, told, known.name if known else None, known.sentence if known else "")


class _FarSide:
    """A submission's file of one unit in a worker; after a worker was lost, in a fresh one."""

    def __init__(
        self, sandbox: Sandbox, unit: Unit, file: UnitFile, settings: Settings, conversation: Conversation | None
    ):
        self._sandbox, self._unit, self._file, self._settings = sandbox, unit, file, settings
        self._process: WorkerProcess | None = None
        devices = frozenset({"cpu", sandbox.isolation.device.partition(":")[0]})
        self.remote = Remote(self, timed=True, devices=devices, spoilt=self.close, conversation=conversation)
        self._names = [each.name for each in unit.exercises]
        self.implementation = Implementation({}, Path(file.name), file.source)

    def __call__(self, request: bytes, seconds: float | None = None) -> bytes:
        """The reply to a request, which must come within `seconds`, or those of an exchange."""
        if self._process is None:
            raise WorkerLost("there is no process to run it")
        return self._process.exchange(request, seconds=seconds or self._settings.exchange_seconds)

    @property
    def lost(self) -> bool:
        """Whether the worker is gone."""
        return self._process is not None and self._process.lost

    def ready(self) -> Implementation:
        """The functions, in a worker that lives."""
        if not self._empty and (self._process is None or self._process.lost):
            self._process = self._sandbox.worker()
            self.implementation = self._load(self._process)
        return self.implementation

    def living_remote(self) -> Remote:
        """The way to the functions, in a worker that lives."""
        self.ready()
        return self.remote

    @functools.cached_property
    def _empty(self) -> bool:
        return parses(self._file.source) and not any(is_written(self._file.source, name) for name in self._names)

    def close(self) -> None:
        """Ends the worker."""
        if self._process is not None:
            self._process.let_go()

    def _load(self, process: WorkerProcess) -> Implementation:
        name, source = self._file.name, self._file.source
        asked = {
            "do": "load",
            "file": name,
            "source": source,
            "names": self._names,
            "seconds": self._settings.load_seconds,
        }
        try:
            told = wire.decode(process.exchange(pack(asked)))
        except WorkerLost as error:
            return Implementation({}, Path(name), source, problem=f"while {name} was run, {error.message}", lost=True)
        except CallTimeout as error:
            return Implementation({}, Path(name), source, problem=f"running {name}: {error}", hung=True)
        except wire.WireError as error:
            process.let_go()
            return Implementation({}, Path(name), source, problem=f"{name} could not be loaded: {error}", lost=True)
        return _implementation(told, self._file, self._names)


def _implementation(told: Any, file: UnitFile, names: Sequence[str]) -> Implementation:
    """What a worker says of a file, taken at its word only where that can do no harm."""
    told = told if isinstance(told, dict) else {}
    found, problem, problems = told.get("names"), told.get("problem"), told.get("problems")
    found = [name for name in names if name in found] if isinstance(found, list) else []
    problems = problems if isinstance(problems, dict) else {}
    said = {str(name): shortened(text) for name, text in problems.items() if name in names and isinstance(text, str)}
    return Implementation(
        dict.fromkeys(found, _elsewhere),
        Path(file.name),
        file.source,
        problem=shortened(problem) if isinstance(problem, str) else "it said nothing that could be understood",
        problems=said,
        hung=told.get("hung") is True,
    )


def _elsewhere(*args: object, **kwargs: object) -> None:
    raise WorkerLost("the function runs in another process")


def result_of(
    handed: HandedIn, exercises: Sequence[ExerciseResult], settings: Settings, isolation: str, seconds: float
) -> Result:
    """A submission's result, from those of its exercises."""
    return Result(
        submission=handed.name,
        digest=handed.digest,
        score=sum(each.score for each in exercises),
        max_score=sum(each.max_score for each in exercises),
        course=settings.course,
        isolation=isolation,
        device=settings.device,
        seconds=round(seconds, 2),
        versions=settings.versions,
        problem=handed.problem,
        exercises=tuple(exercises),
    )


def _unjudged(
    unit: Unit, exercise: Exercise, checks: Sequence[Check], handed: HandedIn, file: UnitFile | None
) -> ExerciseResult:
    """An exercise of which there is nothing to run: absent, twice there, or in a file that is none."""
    message, outcome = "", "not_started"
    if handed.problem:
        message = handed.problem
    elif file is not None:
        message, outcome = file.problem, "failed" if file.judged else "not_started"
    verdict = Verdict("failed" if outcome == "failed" else "not_started", message)
    mine = [check for check in checks if check.exercise.name == exercise.name]
    return summed(unit, exercise, [told_of(check, verdict) for check in mine])
