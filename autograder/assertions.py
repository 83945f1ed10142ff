"""What checks say: each assertion fails with a sentence that a student understands, and both numbers beside it.

Shapes must agree exactly. Tolerances follow the coarser of the two types; comparisons are made in float64. nan equals
only a nan that is wanted. `yours` and `wanted` of the failure are whole tensors where they are small, else the entries
that differ most.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from autograder.errors import CheckFailure
from autograder.likeness import likeness, likeness_of_shapes

TOLERANCES = {torch.float64: (1e-7, 1e-8), torch.float32: (1e-4, 1e-5)}  # relative, absolute
_COARSE = (1e-2, 1e-2)  # float16, bfloat16
_SHOWN = 16  # numbers up to which a tensor is shown whole

Number = Tensor | float | int


def require(condition: object, sentence: str, *, yours: object = None, wanted: object = None) -> None:
    """Fails with `sentence` unless `condition` holds."""
    if not bool(condition):
        raise CheckFailure(sentence, yours=yours, wanted=wanted)


def assert_close(
    actual: Number, expected: Number, *, because: str, rtol: float | None = None, atol: float | None = None
) -> None:
    """Fails unless both have one shape and agree up to rounding.

    Args:
        actual: what the submission gave.
        expected: what is wanted.
        because: why, in words for the student.
        rtol: relative tolerance; from the type if None: 1e-7 for float64, 1e-4 for float32.
        atol: absolute tolerance; from the type if None: 1e-8 for float64, 1e-5 for float32.

    Raises:
        CheckFailure: with what `actual` looks like instead, if it looks like something, and where they differ most.
    """
    mine, other = _tensor(actual), _tensor(expected)
    relative, absolute = _tolerance(mine, other)
    relative, absolute = relative if rtol is None else rtol, absolute if atol is None else atol
    _require_one_shape(mine, other, because, relative, absolute)
    close = torch.isclose(_double(mine), _double(other), rtol=relative, atol=absolute, equal_nan=True)
    if not bool(close.all()):
        raise _difference(because + likeness(_double(mine), _double(other), relative, absolute), mine, other, ~close)


def assert_equal(actual: Any, expected: Any, *, because: str) -> None:
    """Fails unless both are exactly the same, as tensors in shape and entries, whatever their type of number.

    Other values must be equal and of one type, but that `1` and `1.0` are one number; sequences entry by entry.
    """
    if isinstance(actual, Tensor) or isinstance(expected, Tensor):
        try:
            mine, other = _comparable(actual, expected)
        except (TypeError, ValueError, RuntimeError):  # one of them is no number, nor a list of numbers
            raise CheckFailure(because, yours=actual, wanted=expected) from None
        _require_one_shape(mine, other, because, 0.0, 0.0)
        different = (mine != other) & ~((mine != mine) & (other != other))
        if bool(different.any()):
            raise _difference(because + likeness(_double(mine), _double(other), 0.0, 0.0), mine, other, different)
    elif isinstance(expected, (tuple, list)) and type(actual) is type(expected) and len(actual) == len(expected):
        for mine, other in zip(actual, expected, strict=True):
            assert_equal(mine, other, because=because)
    else:
        same = type(actual) is type(expected) or (_is_number(actual) and _is_number(expected))
        both_nan = _is_number(actual) and _is_number(expected) and actual != actual and expected != expected
        require(both_nan or (same and actual == expected), because, yours=actual, wanted=expected)


def assert_within(values: Number, bound: Number, *, because: str, slack: float = 1e-6) -> None:
    """Fails unless no entry of `values` is larger in size than `bound` (one, or one for each), up to `slack`."""
    mine = _tensor(values)
    limit = _double(bound).expand(mine.shape)
    size = _double(mine).abs()
    outside = ~(size <= limit + slack)
    if bool(outside.any()):
        excess = torch.where(outside, size - limit, -math.inf)
        raise _breach(because, mine, outside, excess, f"at most {_number(limit[_worst(excess)])} in size")


def assert_between(values: Number, low: Number, high: Number, *, because: str, slack: float = 1e-6) -> None:
    """Fails unless every entry of `values` lies in [low, high] (one each, or one for each entry), up to `slack`."""
    mine = _tensor(values)
    least, greatest = _double(low).expand(mine.shape), _double(high).expand(mine.shape)
    number = _double(mine)
    outside = ~((number >= least - slack) & (number <= greatest + slack))
    if bool(outside.any()):
        excess = torch.where(outside, torch.maximum(least - number, number - greatest), -math.inf)
        index = _worst(excess)
        raise _breach(because, mine, outside, excess, f"{_number(least[index])} to {_number(greatest[index])}")


def assert_raises(kind: type[Exception], function: Callable[..., Any], *args: Any, because: str, **kwargs: Any) -> None:
    """Fails unless the call raises `kind`, as the contract says that it does."""
    try:
        value = function(*args, **kwargs)
    except CheckFailure:
        raise
    except kind:
        return
    except Exception as error:
        raise CheckFailure(f"{because}: it raised {type(error).__name__}; wanted {kind.__name__}") from error
    raise CheckFailure(f"{because}: it returned {_short(value)}; wanted {kind.__name__}")


def _require_one_shape(mine: Tensor, other: Tensor, because: str, relative: float, absolute: float) -> None:
    if mine.shape != other.shape:
        shapes = f"yours has shape {tuple(mine.shape)}, wanted is {tuple(other.shape)}"
        like = likeness_of_shapes(_double(mine), _double(other), relative, absolute)
        raise CheckFailure(f"{because}: {shapes}{like}")


def _difference(sentence: str, mine: Tensor, other: Tensor, wrong: Tensor) -> CheckFailure:
    gap = torch.where(wrong, (_double(mine) - _double(other)).abs(), 0.0)
    index = _worst(gap)
    told = mine.dtype != torch.bool and 0 < float(gap[index]) < math.inf
    by = f" by {float(gap[index]):.3g}" if told else ""
    if mine.numel() > 1:
        sentence += f" ({int(wrong.sum())} of {wrong.numel()} numbers differ, most at {list(index)}{by})"
    elif by:
        sentence += f" (they differ{by})"
    whole = mine.numel() <= _SHOWN
    return CheckFailure(
        sentence, yours=_shown(mine if whole else mine[index]), wanted=_shown(other if whole else other[index])
    )


def _breach(because: str, mine: Tensor, outside: Tensor, excess: Tensor, allowed: str) -> CheckFailure:
    index = _worst(excess)
    count = f"{int(outside.sum())} of {mine.numel()}"
    many = f"{count} numbers are outside, the worst at {list(index)}: " if mine.numel() > 1 else ""
    by = f", {float(excess[index]):.3g} too far" if math.isfinite(excess[index]) else ""
    sentence = f"{because} ({many}{_number(mine[index])}{by}; allowed is {allowed})"
    return CheckFailure(sentence, yours=_shown(mine if mine.numel() <= _SHOWN else mine[index]))


def _worst(gap: Tensor) -> tuple[int, ...]:
    """Where `gap` is greatest; nan is greater than everything."""
    place = gap.nan_to_num(nan=math.inf, posinf=1e300, neginf=-math.inf).argmax()
    return tuple(int(each) for each in torch.unravel_index(place, gap.shape))


def _tolerance(mine: Tensor, other: Tensor) -> tuple[float, float]:
    kinds = [each.dtype for each in (mine, other) if each.is_floating_point()]
    return max((TOLERANCES.get(kind, _COARSE) for kind in kinds), default=TOLERANCES[torch.float64])


def _tensor(value: Number) -> Tensor:
    return value if isinstance(value, Tensor) else torch.tensor(value, dtype=torch.float64)


def _comparable(actual: Any, expected: Any) -> tuple[Tensor, Tensor]:
    """Both as tensors of one type that holds either's numbers exactly; a Python float is of the other's type."""
    mine = actual if isinstance(actual, Tensor) else torch.tensor(actual)
    other = expected if isinstance(expected, Tensor) else torch.tensor(expected)
    if not isinstance(actual, Tensor) and other.is_floating_point():
        mine = mine.to(other.dtype)
    if not isinstance(expected, Tensor) and mine.is_floating_point():
        other = other.to(mine.dtype)
    mine, other = mine.detach().cpu(), other.detach().cpu()
    if mine.dtype == other.dtype:
        return mine, other
    common = torch.float64 if mine.is_floating_point() or other.is_floating_point() else torch.int64
    return mine.to(common), other.to(common)


def _double(value: Number) -> Tensor:
    return _tensor(value).detach().cpu().double()


def _shown(value: Tensor) -> object:
    """A plain number for a tensor of one, else a tensor that is free of its graph and device."""
    return value.item() if value.ndim == 0 else value.detach().cpu()


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _number(value: Tensor) -> str:
    return f"{float(value):.5g}"


def _short(value: Any) -> str:
    text = f"a tensor of shape {tuple(value.shape)}" if isinstance(value, Tensor) else repr(value)
    return text if len(text) < 60 else text[:57] + "…"
