"""Which known mistake does a failing attempt make? Told by what it does on a battery of inputs.

An attempt that behaves on every input as one chaff does is told that chaff's sentence. Where it behaves like none, only
numbers and traces are compared, since who takes the wrong mean may also stumble over an empty batch. An attempt that is
like two chaffs, or like none, is told nothing. Where the instructor's folder is absent there are no chaffs.
"""

from __future__ import annotations

import contextlib
import functools
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any

import torch
from torch import Tensor

from autograder import boundary
from autograder.cases import Call, call_strategies, corner_calls, sample_calls
from autograder.catalogue import Exercise, Unit
from autograder.checks import own_randomness
from autograder.conventions import arguments_of, copy_call, invoke, with_arguments
from autograder.errors import CallTimeout, CheckFailure, NotStarted
from autograder.implementation import Implementation, load_implementation
from autograder.submission import Submission
from autograder.wheats import Chaff, chaffs_of

DRAWN_CALLS = 14
BOUNDARY = "boundary: "


class _Nowhere(io.TextIOBase):
    """Takes what is printed, and keeps none of it."""

    def write(self, text: str) -> int:
        return len(text)


@dataclass(frozen=True)
class Behaviour:
    """What one call did: its result or error, its gradients for tensors and networks, and what it changed.

    `said` is the error's own message.
    """

    value: Any
    error: str | None
    gradients: tuple[Tensor | None, ...]
    changed: frozenset[str]
    said: str = ""


def recognise(unit: Unit, exercise: Exercise, submission: Submission) -> Chaff | None:
    """The one chaff that `submission` behaves like on the whole battery, or None."""
    chaffs = [each for each in chaffs_of(unit, exercise.name) if not each.silent]
    if not chaffs:
        return None
    calls, right = battery(unit, exercise), _right_behaviours(unit, exercise.name)
    try:
        submission.implementation.function(exercise.name)  # what cannot be called makes no mistake but that
        seen = list(behaviours(unit, exercise, submission, calls))
        matching = [each for each in chaffs if _matches(unit, each, calls, seen, right)]
        if not matching:
            ordinary = [
                call.gradients and not call.is_empty and known is not None
                for call, known in zip(calls, right, strict=True)
            ]
            calls, right = list(compress(calls, ordinary)), list(compress(right, ordinary))
            seen = list(behaviours(unit, exercise, submission, calls, graphs=False))
            matching = [each for each in chaffs if _matches_in_part(unit, each, calls, seen, right)]
    except (CallTimeout, CheckFailure, NotStarted):
        return None
    return matching[0] if len(matching) == 1 else None


def _matches(
    unit: Unit, chaff: Chaff, calls: Sequence[Call], seen: Sequence[Behaviour], right: Sequence[Behaviour | None]
) -> bool:
    theirs = _behaviours_of(unit, chaff, calls)
    return all(
        alike(call, mine, other, kinds=correct is None or correct.error is not None)
        for call, mine, other, correct in zip(calls, seen, theirs, right, strict=True)
    )


def _matches_in_part(
    unit: Unit, chaff: Chaff, calls: Sequence[Call], seen: Sequence[Behaviour], right: Sequence[Behaviour | None]
) -> bool:
    """Whether results for samples are the chaff's, and are wrong ones or leave the chaff's traces."""
    theirs = _behaviours_of(unit, chaff, calls, graphs=False)
    wrong, same_traces, traces = False, True, False
    for call, mine, other, correct in zip(calls, seen, theirs, right, strict=True):
        if not alike_in_numbers(call, mine, other):
            return False
        wrong = wrong or correct is None or not alike_in_numbers(call, correct, other)
        same_traces, traces = same_traces and mine.changed == other.changed, traces or bool(other.changed)
    return wrong or (same_traces and traces)


def _behaviours_of(unit: Unit, chaff: Chaff, calls: Sequence[Call], *, graphs: bool = True) -> Iterator[Behaviour]:
    """What a known mistake does on each of `calls`, found out once: it is compared with all who fail."""
    submission, known = _known(unit, chaff, graphs)
    for index, call in enumerate(calls):
        if index not in known:
            (known[index],) = behaviours(unit, unit.exercise(chaff.exercise), submission, [call], graphs=graphs)
        yield known[index]


@functools.lru_cache(maxsize=1024)
def _known(unit: Unit, chaff: Chaff, graphs: bool) -> tuple[Submission, dict[int, Behaviour]]:
    """`chaff`, and what it does by the position of a call: the calls are the same for all who are compared with it."""
    return standing_alone(unit, chaff), {}


def battery(unit: Unit, exercise: Exercise) -> Sequence[Call]:
    """The inputs on which behaviour is compared: the corners, and drawn calls in generic position."""
    return _battery(unit, exercise.name)


@functools.lru_cache(maxsize=64)
def _battery(unit: Unit, name: str) -> Sequence[Call]:
    exercise = unit.exercise(name)
    drawn = call_strategies(unit, exercise, dtype=torch.float64, plain=True)
    calls = [*corner_calls(unit, exercise), *sample_calls(drawn, DRAWN_CALLS)]
    if "works_under_no_grad" in exercise.promises:
        quiet = [copy_call(each) for each in calls if not each.draws][-4:]
        for each in quiet:
            each.gradients = False
        calls += quiet
    return calls


@functools.lru_cache(maxsize=64)
def _right_behaviours(unit: Unit, name: str) -> Sequence[Behaviour | None]:
    """What the reference does on each call of the battery; nothing where it is absent."""
    exercise, calls = unit.exercise(name), _battery(unit, name)
    if unit.reference_path is None:
        return [None] * len(calls)
    reference = Submission(unit, load_implementation(unit.reference_path))
    return list(behaviours(unit, exercise, reference, calls))


def standing_alone(unit: Unit, chaff: Chaff) -> Submission:
    """A submission that holds nothing but `chaff`."""
    return Submission(unit, Implementation({chaff.exercise: chaff.function}))


def behaviours(
    unit: Unit, exercise: Exercise, submission: Submission, calls: Sequence[Call], *, graphs: bool = True
) -> Iterator[Behaviour]:
    """What `submission` does on each of `calls`, one at a time; gradients only with `graphs`."""
    for call in calls:
        with own_randomness(0), contextlib.redirect_stdout(_Nowhere()):
            seen = behaviour(unit, exercise, submission, copy_call(call), graphs=graphs)
        yield seen


def behaviour(unit: Unit, exercise: Exercise, submission: Submission, call: Call, *, graphs: bool = True) -> Behaviour:
    """What `submission` does on `call`; its gradients only with `graphs`."""
    leaves = _leaves(unit, exercise, call) if graphs else {}
    asked = with_arguments(unit, exercise, call, **leaves) if leaves else call
    try:
        with torch.set_grad_enabled(call.gradients):
            value = invoke(submission, exercise, asked)
    except (CallTimeout, NotStarted, KeyboardInterrupt):
        raise
    except CheckFailure as error:
        return Behaviour(_raw(submission), f"{BOUNDARY}{_without_numbers(error.message)}", (), _changed(submission))
    except BaseException as error:
        said = _without_numbers(str(error).partition("\n")[0])
        return Behaviour(None, type(error).__name__, (), _changed(submission), said)
    changed = _changed(submission)
    wanted = [*leaves.values(), *_parameters(asked)] if leaves else []
    return Behaviour(_detached(value), None, _gradients(value, wanted), changed)


def alike(call: Call, first: Behaviour, second: Behaviour, *, kinds: bool = True) -> bool:
    """Whether two behaviours on `call` are the same up to rounding, and up to chance where the call draws.

    Args:
        call: the call.
        first: one behaviour.
        second: the other.
        kinds: tell errors of different kinds apart, as where the contract demands one; else an error is an error, but
            for an empty batch, over which one stumbles in many ways: there both must say the same.
    """
    raised = [each.error is not None and not each.error.startswith(BOUNDARY) for each in (first, second)]
    if not kinds and all(raised):
        return not call.is_empty or first.said == second.said
    if first.error != second.error or first.changed != second.changed:
        return False
    if call.draws:
        return _alike_by_chance(call, first, second) and _finite(first) == _finite(second)
    if len(first.gradients) != len(second.gradients):
        return False
    return _close(first.value, second.value) and all(
        _close(mine, other) for mine, other in zip(first.gradients, second.gradients, strict=True)
    )


def alike_in_numbers(call: Call, first: Behaviour, second: Behaviour) -> bool:
    """Whether two behaviours on `call` have the same numbers, whatever their widths, graphs and side effects."""
    if first.error is not None or second.error is not None:
        return first.error is not None and second.error is not None
    return _alike_by_chance(call, first, second) if call.draws else _close(first.value, second.value, widths=False)


def _alike_by_chance(call: Call, first: Behaviour, second: Behaviour) -> bool:
    if call.summary is None or first.error is not None:
        return True
    try:
        gap = (call.summary(first.value) - call.summary(second.value)).abs().max()
    except Exception:  # a summary is written for right answers; wrong ones may not fit it
        return False
    return bool(gap <= call.within)


def _close(first: Any, second: Any, *, widths: bool = True) -> bool:
    if isinstance(first, Tensor) and isinstance(second, Tensor):
        if first.shape != second.shape or first.is_floating_point() != second.is_floating_point():
            return False
        coarse = torch.float32 in (first.dtype, second.dtype)
        tolerance = 1e-4 if coarse else 3e-9  # float64 between a change of order and a detour through float32
        return torch.allclose(first.double(), second.double(), rtol=tolerance, atol=tolerance, equal_nan=True) and (
            not widths or first.dtype == second.dtype
        )
    if isinstance(first, (tuple, list)) and isinstance(second, (tuple, list)):
        return len(first) == len(second) and all(
            _close(a, b, widths=widths) for a, b in zip(first, second, strict=True)
        )
    if isinstance(first, float) and isinstance(second, float):
        return (
            first == second or abs(first - second) <= 1e-6 * (1 + abs(second)) or (first != first and second != second)
        )
    return type(first) is type(second) and bool(first == second)


def _leaves(unit: Unit, exercise: Exercise, call: Call) -> dict[str, Tensor]:
    """Float tensors of the call as leaves that require gradients, where the contract promises a graph."""
    shapes = boundary.returns_of(exercise)
    several = (shapes,) if isinstance(shapes, boundary.Shape) else shapes
    if not any(shape.is_tensor and not shape.detached and shape.kind == "float" for shape in several):
        return {}
    if not set(exercise.promises) & {"has_the_right_gradient", "survives_extreme_logits"}:
        return {}
    return {
        name: value.detach().clone().requires_grad_()
        for name, value in arguments_of(unit, exercise, call).items()
        if isinstance(value, Tensor) and value.is_floating_point() and name in exercise.shapes
    }


def _parameters(call: Call) -> list[Tensor]:
    """What the networks of a call would learn with."""
    networks = [each for each in (*call.args, *call.kwargs.values()) if isinstance(each, torch.nn.Module)]
    return [parameter for network in networks for parameter in network.parameters() if parameter.requires_grad]


def _finite(seen: Behaviour) -> bool:
    return all(each is None or bool(each.isfinite().all()) for each in seen.gradients)


def _gradients(value: Any, leaves: list[Tensor]) -> tuple[Tensor | None, ...]:
    outputs = [each for each in (value if isinstance(value, tuple) else (value,)) if isinstance(each, Tensor)]
    outputs = [each for each in outputs if each.requires_grad]
    if not leaves or not outputs:
        return ()
    generator = torch.Generator().manual_seed(0)
    weights = [torch.randn(each.shape, generator=generator, dtype=torch.float64) for each in outputs]
    total = torch.stack([(each.double() * weight).sum() for each, weight in zip(outputs, weights, strict=True)]).sum()
    try:
        return tuple(torch.autograd.grad(total, leaves, allow_unused=True))
    except RuntimeError:
        return (None,)


def _detached(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.detach()
    return tuple(_detached(each) for each in value) if isinstance(value, tuple) else value


def _raw(submission: Submission) -> Any:
    value = None if submission.latest is None else submission.latest.value
    return _detached(value) if isinstance(value, (Tensor, tuple, int, float)) else None


def _changed(submission: Submission) -> frozenset[str]:
    return frozenset() if submission.latest is None else frozenset(submission.latest.changed)


def _without_numbers(message: str) -> str:
    return "".join(letter for letter in message if not letter.isdigit())
