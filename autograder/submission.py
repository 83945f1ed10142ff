"""The one way from a check to the code that it judges."""

from __future__ import annotations

import contextlib
import functools
import inspect
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from hypothesis.errors import HypothesisException
from torch import Tensor

from autograder import boundary
from autograder.catalogue import Exercise, Unit
from autograder.cells import place
from autograder.conversations import Question
from autograder.effects import CannotWriteError, Fact, Snapshot, copied, write
from autograder.errors import CallTimeout, CheckFailure, CourseError
from autograder.forbidden import forbidden_calls
from autograder.implementation import Implementation, check_parameters
from autograder.limits import overdue, time_limit
from autograder.places import Walk, matches
from autograder.stubs import stub_signatures

if TYPE_CHECKING:
    from autograder.remote import Remote

PATIENCE = 6  # how many limits of one call all calls of a check may take together
TIMEOUTS = 2  # calls that did not end, after which an exercise is not tried again


@dataclass
class Record:
    """The latest call: what went in, what came back, and what it changed without being allowed to."""

    exercise: str
    arguments: Mapping[str, object]
    value: object = None
    returned: bool = False
    changed: dict[str, tuple[Fact, Fact]] = field(default_factory=dict)


class Submission:
    """Calls the functions of an implementation and holds them to their contracts.

    `submission.fgsm(model, x, y, eps)` is a call like any other. What comes back is checked for kind, shape and
    finiteness; what the call changed without being allowed to is put back and stands in `submission.latest.changed`.

    Args:
        unit: the unit whose contracts hold.
        implementation: the functions to be judged.
        loopback: send every call through the wire's codec, as grading does.
        remote: where the functions run, if not in this process.
        elsewhere: gives another place where they run, which has seen nothing of what was asked in the first.
        seconds: limit for one call; None takes the exercise's own, 0 sets none.
    """

    def __init__(
        self,
        unit: Unit,
        implementation: Implementation,
        *,
        loopback: bool = False,
        remote: Remote | None = None,
        elsewhere: Callable[[], Remote] | None = None,
        seconds: float | None = None,
    ):
        self.unit, self.implementation, self.seconds = unit, implementation, seconds
        self.latest: Record | None = None
        self._signatures = signatures_of(unit)
        self._exercises = {exercise.name: exercise for exercise in unit.exercises}
        self._any_value = False
        self._spent = 0.0
        self._timeouts: Counter[str] = Counter()
        self._remote, self._elsewhere = remote, elsewhere
        self.conversation = None if remote is None else remote.conversation
        if loopback and remote is None:
            from autograder.remote import Remote
            from autograder.worker import Worker

            self._remote = Remote(Worker(implementation.functions, implementation.path).handle)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        exercise = self.__dict__.get("_exercises", {}).get(name)
        if exercise is None:  # an AttributeError, since hypothesis and copying ask for names of their own
            raise AttributeError(f"there is no exercise {name!r} in this unit")

        def call(*args: Any, **kwargs: Any) -> Any:
            return self._call(exercise, args, kwargs)

        call.__name__ = name
        return call

    @contextlib.contextmanager
    def allowing_any_value(self) -> Iterator[None]:
        """Inside, results may be nan or infinite, as a mean over nothing is."""
        self._any_value = True
        try:
            yield
        finally:
            self._any_value = False

    @contextlib.contextmanager
    def forgetting(self) -> Iterator[None]:
        """Inside, calls are answered by one who cannot remember those outside, where functions run in a sandbox."""
        before = self._remote
        if self._elsewhere is not None:
            self._remote = self._elsewhere()
        try:
            yield
        finally:
            self._remote = before

    def _call(self, exercise: Exercise, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        try:
            function = self._allowed(exercise)
        except BaseException:
            if self.conversation is not None:
                self.conversation.disregard()
            raise
        arguments = self._arguments(exercise, args, kwargs)
        self.latest = record = Record(exercise.name, arguments)
        bound = boundary.bind_shapes(exercise, arguments)
        with self._in_time(exercise):
            if self._remote is None:
                value = _call_here(exercise, function, args, kwargs, record)
            else:
                value = _call_over_the_wire(exercise, self._remote, args, kwargs, record, self._limit(exercise))
        record.value, record.returned = value, True
        return boundary.validate(exercise, value, bound, any_value=self._any_value)

    def answer_to(self, question: Question) -> bytes | None:
        """What the far side answers to a question that a check asked of others, or None where it may not be asked."""
        assert self.conversation is not None
        exercise = None if question.name is None else self._exercises[question.name]
        try:
            if exercise is not None:
                self._allowed(exercise)
            if question.place and self._elsewhere is not None:
                self._elsewhere()
        except Exception:  # which the check is going to meet
            return None
        started = time.perf_counter()
        try:
            return self.conversation.remotes[question.place].send(question.request, question.seconds)
        finally:
            if exercise is not None:
                self._spent += time.perf_counter() - started

    def _allowed(self, exercise: Exercise) -> Callable[..., Any]:
        """The function of an exercise, where there is one that may be called now."""
        function, seconds = self.implementation.function(exercise.name), self._limit(exercise)
        self._check_forbidden(exercise)
        if seconds and self._timeouts[exercise.name] >= TIMEOUTS:
            raise CallTimeout(f"not tried again: {overdue(exercise.name, seconds)}")
        if seconds and self._spent > PATIENCE * seconds:
            raise CallTimeout(f"the calls of one check took more than {PATIENCE * seconds:g} s together")
        return function

    @contextlib.contextmanager
    def _in_time(self, exercise: Exercise) -> Iterator[None]:
        """Limits one call, and counts what all calls of one check take."""
        seconds = self._limit(exercise)
        started = time.perf_counter()
        try:
            timed = self._remote is not None and self._remote.timed
            with time_limit(0.0 if timed else seconds, overdue(exercise.name, seconds)):
                yield
        except CallTimeout:
            self._timeouts[exercise.name] += 1
            raise
        finally:
            self._spent += time.perf_counter() - started

    def _limit(self, exercise: Exercise) -> float:
        return exercise.seconds if self.seconds is None else self.seconds

    def begin_check(self) -> None:
        """Starts counting the time of calls anew."""
        self._spent = 0.0

    def _arguments(self, exercise: Exercise, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Mapping[str, object]:
        signature = self._signatures.get(exercise.name)
        if signature is None:
            raise CourseError(self.unit.stub_path, exercise.name, "the stub has no such function")
        try:
            return signature.bind(*args, **kwargs).arguments
        except TypeError as error:
            raise CourseError(self.unit.visible_path, exercise.name, f"a check calls it wrongly: {error}") from None

    def _check_forbidden(self, exercise: Exercise) -> None:
        if not exercise.forbidden or not self.implementation.source:
            return
        for line, name in forbidden_calls(self.implementation.source, exercise.name, exercise.forbidden):
            where = place(self.implementation.path or Path("it"), self.implementation.source, line)
            raise CheckFailure(f"{where} calls {name}, which is the answer itself; write it in your own steps")


def signatures_of(unit: Unit) -> dict[str, inspect.Signature]:
    """Contract signatures by function, read from the pristine stub, else from the reference."""
    for path in (unit.stub_path, unit.reference_path):
        if path is not None and path.is_file():
            return _signatures(path, path.stat().st_mtime_ns)
    raise CourseError(unit.stub_path, "", "is missing; `autograder stubs` makes it")


@functools.lru_cache(maxsize=64)
def _signatures(path: Path, changed: int) -> dict[str, inspect.Signature]:
    return stub_signatures(path.read_text(encoding="utf-8"))


def _call_here(
    exercise: Exercise, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], record: Record
) -> Any:
    check_parameters(exercise.name, function, args, kwargs)
    snapshot = Snapshot(record.arguments)
    value = None
    try:
        value = function(*args, **kwargs)
    except HypothesisException as error:  # it would count as our own word on the input
        raise CheckFailure(f"{exercise.name} raised hypothesis' {type(error).__name__}") from error
    finally:
        record.changed = {
            path: (snapshot.facts.get(path), after)
            for path, after in snapshot.changes().items()
            if not _may_change(exercise, record.arguments, path)
        }
        if record.changed:
            value = _apart_from(value, record.arguments)
            snapshot.restore(record.changed)
    return value


def _call_over_the_wire(
    exercise: Exercise,
    remote: Remote,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    record: Record,
    seconds: float,
) -> Any:
    before = Walk(record.arguments, copies=False)  # nothing changes here but what is written below
    arguments, may_change = dict(record.arguments), exercise.changes
    reply = remote.call(exercise.name, arguments, args, kwargs, seconds=seconds, before=before, may_change=may_change)
    declared = {path: fact for path, fact in reply.changes.items() if _may_change(exercise, record.arguments, path)}
    record.changed = {
        path: (copied(before.facts.get(path)), fact) for path, fact in reply.changes.items() if path not in declared
    }
    try:
        write(record.arguments, declared)
    except CannotWriteError as error:
        raise CheckFailure(f"what {exercise.name} changed could not be read: {error}") from None
    for path in reply.in_place:  # who needs what was there for a gradient is told so, as here
        if isinstance(place := before.places.get(path), Tensor):
            torch.autograd.graph.increment_version(place)
    if reply.error is not None:
        raise reply.error.as_exception()
    return reply.value


def _may_change(exercise: Exercise, arguments: Mapping[str, object], path: str) -> bool:
    """Whether the contract lets a call change this: a generator moves on, and so does the global state without one."""
    if path.startswith("global."):
        return path.endswith("_random") and arguments.get("generator") is None
    is_generator = isinstance(arguments.get(path.partition(".")[0]), torch.Generator)
    return is_generator or matches(path, exercise.changes)


def _apart_from(value: Any, arguments: Mapping[str, object]) -> Any:
    """`value` with tensors that share memory with an argument copied, so that putting the argument back spares them."""
    if isinstance(value, Tensor):
        storages = {each.untyped_storage().data_ptr() for each in _tensors(arguments)}
        return value.clone() if value.untyped_storage().data_ptr() in storages else value
    if type(value) in (tuple, list):
        return type(value)(_apart_from(each, arguments) for each in value)
    return value


def _tensors(value: object) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, torch.nn.Module):
        yield from value.parameters()
        yield from value.buffers()
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _tensors(each)
    elif isinstance(value, (tuple, list)):
        for each in value:
            yield from _tensors(each)
