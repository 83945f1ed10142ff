"""The conventions of the course, each written once and checked for every exercise whose `unit.toml` lists it.

A promise of one of these names needs no function in a test file: `convention_check` makes it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from hypothesis import assume, example, given
from hypothesis import strategies as st
from torch import Tensor

from autograder import boundary, effects
from autograder.assertions import assert_close
from autograder.cases import Call, call_strategies, corner_calls
from autograder.catalogue import Exercise, Unit
from autograder.errors import CheckFailure
from autograder.submission import Submission, signatures_of

Check = Callable[..., None]


def convention_check(unit: Unit, exercise: Exercise, promise: str) -> Check | None:
    """The check of a shared convention for one exercise, or None if `promise` is no shared convention."""
    make = _CONVENTIONS.get(promise)
    if make is None:
        return None
    check = make(unit, exercise)
    check.__name__ = check.__qualname__ = f"test_{exercise.name}__{promise}"
    check.__doc__ = make.__doc__
    return check


def invoke(submission: Submission, exercise: Exercise, call: Call) -> Any:
    """The result of the exercise's function for `call`."""
    return getattr(submission, exercise.name)(*call.args, **call.kwargs)


def copy_call(call: Call) -> Call:
    """A call with arguments of its own, generators at the same state."""
    args, kwargs = effects.clone((call.args, call.kwargs))
    return Call(*args, **kwargs).like(call)


def arguments_of(unit: Unit, exercise: Exercise, call: Call) -> dict[str, Any]:
    """The call's arguments by parameter name."""
    return dict(signatures_of(unit)[exercise.name].bind(*call.args, **call.kwargs).arguments)


def with_arguments(unit: Unit, exercise: Exercise, call: Call, **changed: Any) -> Call:
    """`call` with some arguments, named by parameter, replaced."""
    bound = signatures_of(unit)[exercise.name].bind(*call.args, **call.kwargs)
    bound.arguments.update(changed)
    return Call(*bound.args, **bound.kwargs).like(call)


def assert_same(actual: Any, expected: Any, *, because: str) -> None:
    """Fails unless two results of one contract agree: tensors and floats closely, everything else exactly."""
    if isinstance(expected, tuple) and isinstance(actual, tuple) and len(actual) == len(expected):
        for mine, other in zip(actual, expected, strict=True):
            assert_same(mine, other, because=because)
    elif isinstance(expected, Tensor) and isinstance(actual, Tensor):
        assert_close(actual.detach(), expected.detach(), because=because)
    elif isinstance(expected, float) and isinstance(actual, (int, float)):
        assert_close(
            torch.tensor(actual, dtype=torch.float64), torch.tensor(expected, dtype=torch.float64), because=because
        )
    elif actual != expected:
        raise CheckFailure(because, yours=actual, wanted=expected)


def _leaves_everything_as_it_was(unit: Unit, exercise: Exercise) -> Check:
    """It leaves its inputs, the model, gradients, modes and random states as they were."""
    # where a call may change parameters, corners have some whose names the contract does not know
    rare = _with_corners(unit, exercise, with_gradients=True) if not exercise.changes else _as_it_is

    @rare
    @given(call=call_strategies(unit, exercise), corner=st.none(), with_gradients=st.booleans())
    def check(submission: Submission, call: Call | None, corner: int | None, with_gradients: bool) -> None:
        call = call or corner_calls(unit, exercise)[corner or 0]
        if with_gradients:
            for module in _modules(call):
                for parameter in module.parameters():
                    parameter.grad = torch.ones_like(parameter)
        _outcome(submission, exercise, call)
        changed = submission.latest.changed if submission.latest else {}
        for path, (before, after) in changed.items():
            raise CheckFailure(effects.describe(path, before, after))

    return check


def _keeps_the_dtype(unit: Unit, exercise: Exercise) -> Check:
    """It answers float32 with float32 and float64 with float64."""

    @given(
        call=st.sampled_from([torch.float32, torch.float64]).flatmap(
            lambda dtype: call_strategies(unit, exercise, dtype=dtype)
        )
    )
    def check(submission: Submission, call: Call) -> None:
        bound = boundary.bind_shapes(exercise, arguments_of(unit, exercise, call))
        value = invoke(submission, exercise, call)
        shapes = boundary.returns_of(exercise)
        pairs = [(shapes, value)] if isinstance(shapes, boundary.Shape) else list(zip(shapes, value, strict=True))
        for shape, each in pairs:
            wanted = boundary.wanted_dtype(shape, bound)
            if isinstance(each, Tensor) and wanted is not None and each.dtype != wanted:
                raise CheckFailure(f"it returned {each.dtype}; wanted {wanted}, the type that came in")

    return check


def _takes_a_batch_of_one(unit: Unit, exercise: Exercise) -> Check:
    """It takes a batch of one sample."""

    @given(call=call_strategies(unit, exercise, batch=1))
    def check(submission: Submission, call: Call) -> None:
        invoke(submission, exercise, call)

    return check


def _takes_an_empty_batch(unit: Unit, exercise: Exercise) -> Check:
    """It takes a batch without samples."""

    @given(call=call_strategies(unit, exercise, batch=0))
    def check(submission: Submission, call: Call) -> None:
        with submission.allowing_any_value():
            value = invoke(submission, exercise, call)
        shape = boundary.returns_of(exercise)
        if isinstance(shape, boundary.Shape) and (shape.dims or ()) == () and shape.kind == "float":
            number = float(torch.as_tensor(value).detach())
            if not (number == 0 or number != number):
                raise CheckFailure(f"over no samples it returned {number}; wanted 0 or nan")

    return check


def _treats_samples_alone(unit: Unit, exercise: Exercise) -> Check:
    """It treats every sample of a batch as if it were alone."""

    @given(call=st.integers(2, 4).flatmap(lambda n: _plain_calls(unit, exercise, batch=n)))
    def check(submission: Submission, call: Call) -> None:
        assume(not call.draws)
        arguments = arguments_of(unit, exercise, call)
        batched = {
            name: value
            for name, value in arguments.items()
            if isinstance(value, Tensor) and (_shape(exercise, name).dims or ("",))[0] == "N"
        }
        size = max(len(value) for value in batched.values())
        whole = invoke(submission, exercise, copy_call(call))
        with submission.forgetting():
            for index in range(size):
                alone = {name: value[index : index + 1].clone() for name, value in batched.items()}
                single = invoke(submission, exercise, with_arguments(unit, exercise, call, **alone))
                expected = _rows(exercise, whole, index)
                assert_same(
                    _rows(exercise, single, 0),
                    expected,
                    because=f"sample {index} in a batch of {size} must give what it gives alone",
                )

    return check


def _works_under_no_grad(unit: Unit, exercise: Exercise) -> Check:
    """It gives the same under torch.no_grad()."""

    @given(call=_plain_calls(unit, exercise))
    def check(submission: Submission, call: Call) -> None:
        assume(not call.draws)
        outside = invoke(submission, exercise, copy_call(call))
        with torch.no_grad():
            inside = invoke(submission, exercise, call)
        assert_same(inside, outside, because="the caller's torch.no_grad() must not change the result")

    return check


def _is_reproducible(unit: Unit, exercise: Exercise) -> Check:
    """It draws from the generator that it is given, and from nothing else."""

    @given(call=call_strategies(unit, exercise, dtype=torch.float64), state=st.integers(0, 2**31 - 1))
    def check(submission: Submission, call: Call, state: int) -> None:
        results = []
        for other in (0, 1):
            torch.manual_seed(other)
            generator = torch.Generator().manual_seed(state)
            again = with_arguments(unit, exercise, copy_call(call), generator=generator)
            results.append(invoke(submission, exercise, again))
            for path, (before, after) in (submission.latest.changed if submission.latest else {}).items():
                if path.startswith("global."):
                    raise CheckFailure(effects.describe(path, before, after))
        assert_same(results[1], results[0], because="the same generator state must give the same result")

    return check


def _survives_extreme_logits(unit: Unit, exercise: Exercise) -> Check:
    """It stays finite and keeps right gradients for logits as large as ±200."""
    names = [name for name, value in exercise.shapes.items() if "logits" in name]

    @given(call=call_strategies(unit, exercise, dtype=torch.float64), single=st.booleans(), state=st.integers(0, 9999))
    def check(submission: Submission, call: Call, single: bool, state: int) -> None:
        generator = torch.Generator().manual_seed(state)
        arguments = arguments_of(unit, exercise, call)
        extreme = {name: _extreme(arguments[name], generator) for name in names}
        _check_gradient(unit, exercise, submission, with_arguments(unit, exercise, call, **extreme), generator)
        if single:
            extreme = {name: value.float() for name, value in extreme.items()}
            invoke(submission, exercise, with_arguments(unit, exercise, call, **extreme))

    return check


def _has_the_right_gradient(unit: Unit, exercise: Exercise) -> Check:
    """Its gradient is the slope of what it computes."""

    @given(call=_plain_calls(unit, exercise), state=st.integers(0, 9999))
    def check(submission: Submission, call: Call, state: int) -> None:
        assume(not call.draws)
        _check_gradient(unit, exercise, submission, call, torch.Generator().manual_seed(state))

    return check


def _agrees_with_the_reference(unit: Unit, exercise: Exercise) -> Check:
    """It computes what the reference computes."""

    @_with_corners(unit, exercise)
    @given(call=call_strategies(unit, exercise), corner=st.none())
    def check(submission: Submission, reference: Submission, call: Call | None, corner: int | None) -> None:
        call = call or corner_calls(unit, exercise)[corner or 0]
        expected = _outcome(reference, exercise, copy_call(call))
        actual = _outcome(submission, exercise, call)
        if not call.draws:
            assert_same(actual, expected, because="the contract fixes this result")
        elif call.summary is not None:
            difference = (call.summary(actual) - call.summary(expected)).abs().max()
            if not float(difference) <= call.within:
                raise CheckFailure("what it draws does not follow the law that the contract names")

    return check


def _with_corners(unit: Unit, exercise: Exercise, **fixed: Any) -> Callable[[Check], Check]:
    """Adds every rare corner as an input of its own, made afresh each time; a call is not drawn for it.

    Empty batches are left to `takes_an_empty_batch`: one mistake costs once.
    """
    rare = [index for index, each in enumerate(corner_calls(unit, exercise)) if not each.is_empty]

    def add(check: Check) -> Check:
        for index in reversed(rare):
            check = example(call=None, corner=index, **fixed)(check)
        return check

    return add


def _as_it_is(check: Check) -> Check:
    return check


def _outcome(submission: Submission, exercise: Exercise, call: Call) -> Any:
    """The result, or the name of the error that the contract demands here."""
    try:
        return invoke(submission, exercise, call)
    except ValueError:
        return "ValueError"


def _check_gradient(
    unit: Unit, exercise: Exercise, submission: Submission, call: Call, generator: torch.Generator
) -> None:
    """Compares autograd with central differences in float64 along one random direction per argument."""
    arguments = arguments_of(unit, exercise, call)
    inputs = {
        name: value.detach().clone()
        for name, value in arguments.items()
        if isinstance(value, Tensor) and value.is_floating_point() and name in exercise.shapes
    }

    def results(values: dict[str, Tensor]) -> list[Tensor]:
        value = invoke(submission, exercise, with_arguments(unit, exercise, copy_call(call), **values))
        several = value if isinstance(value, tuple) else (value,)
        return [each for each in several if isinstance(each, Tensor) and each.is_floating_point()]

    leaves = {name: value.clone().requires_grad_() for name, value in inputs.items()}
    outputs = results(leaves)
    weights = [torch.randn(each.shape, generator=generator, dtype=torch.float64) for each in outputs]

    def weighed(values: list[Tensor]) -> Tensor:
        return torch.stack([(each.double() * weight).sum() for each, weight in zip(values, weights, strict=True)]).sum()

    total = weighed(outputs)
    needed = [name for name in inputs if not _shape(exercise, name).constant]
    if not total.requires_grad:
        raise CheckFailure(f"no gradient reaches {needed[0]}: the result carries no graph")
    gradients = torch.autograd.grad(total, list(leaves.values()), allow_unused=True)
    for name, gradient in zip(leaves, gradients, strict=True):
        if name not in needed:
            if gradient is not None and bool(gradient.ne(0).any()):
                raise CheckFailure(f"a gradient flows to {name}, which must be held constant")
            continue
        if gradient is None:
            raise CheckFailure(f"no gradient reaches {name}")
        if not bool(torch.isfinite(gradient).all()):
            raise CheckFailure(f"the gradient for {name} is not finite", yours=gradient)
        direction = torch.randn(inputs[name].shape, generator=generator, dtype=torch.float64)
        step = 1e-5 * max(1.0, float(inputs[name].abs().max()) if inputs[name].numel() else 1.0)
        ahead = weighed(results({**inputs, name: inputs[name] + step * direction})).detach()
        behind = weighed(results({**inputs, name: inputs[name] - step * direction})).detach()
        slope = (ahead - behind) / (2 * step)
        along = (gradient * direction).sum()
        size = 1 + float((gradient.abs() * direction.abs()).sum())
        assert_close(
            along,
            slope,
            rtol=0.0,
            atol=1e-4 * size,
            because=f"along a random direction the gradient for {name} must be the slope of the result",
        )


def _extreme(like: Tensor, generator: torch.Generator) -> Tensor:
    """Rows of distinct values among 0, ±20 and ±200, and what lies between, in random order."""
    palette = torch.tensor([0.0, 200.0, -200.0, 20.0, -20.0, 5.0, -5.0, 100.0, -100.0], dtype=torch.float64)
    size = like.shape[-1] if like.ndim else 1
    rows = max(like.numel() // max(size, 1), 1)
    picks = [torch.randperm(max(size, len(palette)), generator=generator)[:size] % len(palette) for _ in range(rows)]
    return palette[torch.stack(picks)][: like.numel() // max(size, 1)].reshape(like.shape)


def _plain_calls(unit: Unit, exercise: Exercise, batch: int | None = None) -> st.SearchStrategy[Call]:
    return call_strategies(unit, exercise, batch=batch, dtype=torch.float64, plain=True)


def _shape(exercise: Exercise, name: str) -> boundary.Shape:
    return boundary.parse_shape(exercise.shapes.get(name, "pairs"))


def _rows(exercise: Exercise, value: Any, index: int) -> Any:
    """Row `index` of every result that has one per sample."""
    shapes = boundary.returns_of(exercise)
    if isinstance(shapes, boundary.Shape):
        return value[index]
    return tuple(each[index] for shape, each in zip(shapes, value, strict=True) if (shape.dims or ("",))[0] == "N")


def _modules(call: Call) -> list[torch.nn.Module]:
    return [each for each in (*call.args, *call.kwargs.values()) if isinstance(each, torch.nn.Module)]


_CONVENTIONS: dict[str, Callable[[Unit, Exercise], Check]] = {
    "leaves_everything_as_it_was": _leaves_everything_as_it_was,
    "keeps_the_dtype": _keeps_the_dtype,
    "takes_a_batch_of_one": _takes_a_batch_of_one,
    "takes_an_empty_batch": _takes_an_empty_batch,
    "treats_samples_alone": _treats_samples_alone,
    "works_under_no_grad": _works_under_no_grad,
    "is_reproducible": _is_reproducible,
    "survives_extreme_logits": _survives_extreme_logits,
    "has_the_right_gradient": _has_the_right_gradient,
    "agrees_with_the_reference": _agrees_with_the_reference,
}
