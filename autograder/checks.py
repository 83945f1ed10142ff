"""Checks: found in a unit's files, run, and turned into outcomes.

`pytest exercises`, `autograder verify` and grading all judge through here.
"""

from __future__ import annotations

import contextlib
import inspect
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import torch
from hypothesis.errors import Flaky, HypothesisException

from autograder.catalogue import Exercise, Unit
from autograder.cells import line_in, place
from autograder.content import load_file
from autograder.conventions import convention_check
from autograder.errors import CallTimeout, CheckFailure, CourseError, NotStarted, TensorlingsError, WorkerLost
from autograder.inputs import Inputs
from autograder.profiles import Profile, random_states, seed_torch
from autograder.submission import Submission

Outcome = Literal["passed", "failed", "not_started", "timeout", "crashed", "broken"]
REPRODUCIBLE = "not reproducible: the same call gave another result when it was repeated"


@dataclass(frozen=True)
class Check:
    """One promise of one exercise, and the function that judges it."""

    unit: Unit
    exercise: Exercise
    promise: str
    visible: bool
    function: Callable[..., Any] = field(repr=False, compare=False)

    @property
    def name(self) -> str:
        """`fgsm__stays_inside_the_ball`."""
        return f"{self.exercise.name}__{self.promise}"

    @property
    def points(self) -> float:
        """What the promise is worth."""
        return self.exercise.promises[self.promise]

    @property
    def sentence(self) -> str:
        """The promise in words, as the student reads it."""
        return " ".join((inspect.getdoc(self.function) or "").split())

    @property
    def is_training(self) -> bool:
        """Whether the check trains something."""
        return hasattr(self.function, "training")


@dataclass(frozen=True)
class Verdict:
    """What became of one check."""

    outcome: Outcome
    message: str = ""
    yours: object = None
    wanted: object = None
    line: int | None = None
    seconds: float = 0.0


def checks_of(unit: Unit, *, visible: bool = True, hidden: bool = True) -> list[Check]:
    """The unit's checks in the order of its `unit.toml`; hidden ones only where the instructor's folder is.

    Raises:
        CourseError: if a promise has no function, or a function no promise.
    """
    found: list[Check] = []
    for shown, path in ((True, unit.visible_path), (False, unit.hidden_path)):
        if not (visible if shown else hidden) or path is None:
            continue
        functions = dict(vars(load_file(path)))
        expected: set[str] = set()
        for exercise in unit.exercises:
            for promise in exercise.visible if shown else exercise.hidden:
                name = f"test_{exercise.name}__{promise}"
                function = functions.get(name) or convention_check(unit, exercise, promise)
                if function is None:
                    raise CourseError(path, name, "unit.toml gives points for it, but there is no such function")
                expected.add(name)
                found.append(Check(unit, exercise, promise, shown, function))
        for name in functions:
            if name.startswith("test_") and name not in expected:
                raise CourseError(path, name, "has no points in unit.toml")
    return found


def run_check(
    check: Check,
    submission: Submission,
    *,
    reference: Submission | None = None,
    profile: Profile,
    device: str = "cpu",
    inputs: Inputs | None = None,
) -> Verdict:
    """Judges one promise; with `inputs`, on those drawn for the submissions before."""
    profile.prepare(check.function, check.name)
    submission.begin_check()
    offered = {
        "submission": submission,
        "reference": reference,
        "device": torch.device(device),
        "training_seed": profile.training_seed(check.exercise.name),
    }
    wanted = {name: offered[name] for name in inspect.signature(check.function).parameters}
    started = time.perf_counter()
    error: BaseException | None = None
    try:
        submission.implementation.function(check.exercise.name)  # nothing is drawn or trained for a stub
        with own_randomness(profile.seed(check.name)):
            if inputs is None or reference is None:
                check.function(**wanted)
            else:
                inputs.run(check.name, check.function, wanted, reference)
    except KeyboardInterrupt:
        raise
    except BaseException as caught:
        error = caught
    verdict = verdict_on(error, submission)
    if verdict.outcome == "failed" and needs_a_second_opinion(error, submission) and reference is not None:
        again = None
        if submission is not reference:
            again = run_check(check, reference, reference=reference, profile=profile, device=device, inputs=inputs)
        if again is None or again.outcome != "passed":
            verdict = Verdict("broken", verdict.message)
    return Verdict(
        verdict.outcome,
        verdict.message,
        verdict.yours,
        verdict.wanted,
        verdict.line,
        time.perf_counter() - started,
    )


def verdict_on(error: BaseException | None, submission: Submission) -> Verdict:
    """The outcome that an exception raised by a check stands for."""
    path = submission.implementation.path
    if error is None:
        return Verdict("passed")
    if isinstance(error, NotStarted):
        return Verdict("not_started", "not written yet")
    if isinstance(error, CallTimeout):
        return Verdict("timeout", str(error), line=line_in(error, path))
    if isinstance(error, WorkerLost):
        return Verdict("crashed", error.message)
    if isinstance(error, CheckFailure):
        return Verdict("failed", error.message, error.yours, error.wanted)
    if isinstance(error, Flaky):
        return Verdict("failed", REPRODUCIBLE)
    if isinstance(error, (HypothesisException, TensorlingsError)):
        return Verdict("broken", f"{type(error).__name__}: {error}")
    line = line_in(error, path)
    if line is None and submission.implementation.path is not None and not _in_a_call(submission):
        return Verdict("failed", f"the check could not use what came back: {type(error).__name__}: {error}")
    where = f"{place(path, submission.implementation.source, line)} raised" if line and path else "it raised"
    text = str(error).strip().split("\n")[0]
    return Verdict("failed", f"{where} {type(error).__name__}" + (f": {text}" if text else ""), line=line)


def needs_a_second_opinion(error: BaseException | None, submission: Submission) -> bool:
    """Whether `error` came from a check itself, after the boundary had accepted what the submission gave."""
    if error is None or isinstance(error, (CheckFailure, Flaky, NotStarted, CallTimeout, WorkerLost)):
        return False
    return not _in_a_call(submission)


@contextlib.contextmanager
def own_randomness(seed: int) -> Iterator[None]:
    """Inside, the global random states start from `seed`; afterwards they are what they were."""
    restore = random_states()
    random.seed(seed)
    np.random.seed(seed % 2**32)
    seed_torch(seed)
    try:
        yield
    finally:
        restore()


def _in_a_call(submission: Submission) -> bool:
    return submission.latest is not None and not submission.latest.returned
