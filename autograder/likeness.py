"""What a wrong result is instead, where that is plain to see: the sign reversed, twice what is wanted, transposed."""

from __future__ import annotations

import torch
from torch import Tensor

_FACTORS = [float(n) for n in range(2, 11)] + [1 / n for n in range(2, 11)]


def likeness(mine: Tensor, other: Tensor, relative: float, absolute: float) -> str:
    """A clause such as "; yours is 2 times what is wanted" for two tensors of one shape that differ, or nothing.

    Args:
        mine: what the submission gave, float64.
        other: what is wanted, float64.
        relative: relative tolerance.
        absolute: absolute tolerance.
    """
    if not _can_be_compared(mine, other) or not bool((other.abs() > absolute).any()):
        return ""
    if not bool((mine.abs() > absolute).any()):
        return "; yours is zero" + (" everywhere" if mine.numel() > 1 else "")
    if _same(mine, -other, relative, absolute):
        return "; the sign is reversed"
    if mine.ndim > 1 and mine.shape[-1] == mine.shape[-2] and _same(mine.mT, other, relative, absolute):
        return "; yours is transposed"
    ratio = float((mine * other).sum() / (other * other).sum())
    if _same(mine, ratio * other, relative, absolute) and (mine.numel() > 1 or _is_telling(ratio, relative)):
        return f"; yours is {ratio:.4g} times what is wanted"
    if mine.numel() > 1:
        shift = float((mine - other).mean())
        if _same(mine - shift, other, relative, absolute):
            return f"; yours is {abs(shift):.4g} too {'large' if shift > 0 else 'small'} everywhere"
        ordered = other.flatten().sort().values
        distinct = bool((ordered.diff() > 0).all())  # labels and masks agree by chance
        if distinct and _same(mine.flatten().sort().values, ordered, relative, absolute):
            return "; yours holds the right numbers in another order"
    return ""


def likeness_of_shapes(mine: Tensor, other: Tensor, relative: float, absolute: float) -> str:
    """A clause such as "; yours is transposed" for two tensors whose shapes differ, or nothing.

    Args:
        mine: what the submission gave, float64.
        other: what is wanted, float64.
        relative: relative tolerance.
        absolute: absolute tolerance.
    """
    if not _can_be_compared(mine, other):
        return ""
    if _same(mine.squeeze(), other.squeeze(), relative, absolute):
        lacks = mine.ndim < other.ndim
        return "; the numbers are right, " + ("a dimension is missing" if lacks else "a dimension is too many")
    if mine.ndim > 1 and _same(mine.mT, other, relative, absolute):
        return "; yours is transposed"
    for word, reduced in (("mean", other.mean()), ("sum", other.sum())):
        if mine.numel() == 1 and _same(mine.reshape(()), reduced, relative, absolute):
            return f"; yours is the {word} of what is wanted"
    for word, reduced in (("mean", mine.mean()), ("sum", mine.sum())):
        if other.numel() == 1 and _same(reduced, other.reshape(()), relative, absolute):
            return f"; the {word} of yours is what is wanted"
    return ""


def _same(mine: Tensor, other: Tensor, relative: float, absolute: float) -> bool:
    return mine.shape == other.shape and torch.allclose(mine, other, rtol=10 * relative + 1e-12, atol=absolute)


def _can_be_compared(mine: Tensor, other: Tensor) -> bool:
    return mine.numel() > 0 and other.numel() > 0 and bool(mine.isfinite().all()) and bool(other.isfinite().all())


def _is_telling(ratio: float, relative: float) -> bool:
    """Whether a ratio of two single numbers is a plain one; any two numbers have some ratio."""
    return any(abs(ratio - factor) <= (10 * relative + 1e-12) * factor for factor in _FACTORS)
