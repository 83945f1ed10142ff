"""What drawn tensors are filled with: float64 numbers of one palette, from a generator."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

PALETTES = ("quarters", "zeros", "constant", "integers", "ties", "normal", "extremes")  # simplest first


def fill(
    palette: str, sizes: Sequence[int], generator: torch.Generator, *, low: float | None, high: float | None
) -> Tensor:
    """Numbers of a palette, one of `PALETTES` or `plain`, of this shape and within the bounds that are given."""
    if palette == "plain" and (low is None) != (high is None):  # sizes would tie where signs differ
        low, high = (low, low + 3.0) if low is not None else (high - 3.0, high)  # type: ignore[operator]
    if low is not None and high is not None:
        return (low + (high - low) * _shares(palette, sizes, generator, low, high)).clamp(low, high)
    numbers = _plain(sizes, generator) if palette == "plain" else _unbounded(palette, sizes, generator)
    if low is not None:
        return low + numbers.abs()
    return high - numbers.abs() if high is not None else numbers


def fill_logits(palette: str, sizes: Sequence[int], generator: torch.Generator) -> Tensor:
    """Logits `(batch, classes)`; `extremes` are 0, ±20 and ±200, and `plain` keeps the entries of a row apart."""
    if palette == "plain":
        return _spread(sizes, generator)
    if palette == "extremes":
        levels = torch.tensor([0.0, 20.0, -20.0, 200.0, -200.0], dtype=torch.float64)
        return levels[torch.randint(len(levels), list(sizes), generator=generator)]
    return _unbounded(palette, sizes, generator)


def fill_probabilities(palette: str, sizes: Sequence[int], generator: torch.Generator) -> Tensor:
    """Probability vectors: `eighths` (none zero), `uniform`, `plain`, `zeros` (about half of them) or `certain`."""
    *outer, entries = sizes
    if palette == "uniform":
        return torch.full(list(sizes), 1 / entries, dtype=torch.float64)
    if palette == "eighths":
        total = 8
        while total <= entries:
            total *= 2
        extra = torch.randint(entries, [*outer, total - entries], generator=generator)
        counts = torch.ones(list(sizes), dtype=torch.float64)
        return counts.scatter_add_(-1, extra, torch.ones(extra.shape, dtype=torch.float64)) / total
    if palette == "plain":
        weights = 0.1 + _apart(torch.rand(list(sizes), generator=generator, dtype=torch.float64), 0.3 / entries)
    else:
        keep = torch.rand(list(sizes), generator=generator) < (0.5 if palette == "zeros" else 0.0)
        sure = torch.randint(entries, [*outer, 1], generator=generator)
        weights = torch.rand(list(sizes), generator=generator, dtype=torch.float64) + 0.1
        weights = weights * keep.scatter(-1, sure, True)
    return weights / weights.sum(-1, keepdim=True)


def _unbounded(palette: str, sizes: Sequence[int], generator: torch.Generator) -> Tensor:
    if palette == "zeros":
        return torch.zeros(list(sizes), dtype=torch.float64)
    if palette == "constant":
        level = torch.randint(-8, 9, (), generator=generator, dtype=torch.float64) / 4
        return torch.full(list(sizes), 1.0, dtype=torch.float64) * level
    normal = torch.randn(list(sizes), generator=generator, dtype=torch.float64)
    if palette == "quarters":
        return (normal * 4).round() / 4
    if palette == "integers":
        return (normal * 3).round()
    if palette == "ties":  # a few values, mostly ones that occur twice
        return normal.clamp(-1, 1).round() / 2
    return normal * 10 if palette == "extremes" else normal


def _shares(palette: str, sizes: Sequence[int], generator: torch.Generator, low: float, high: float) -> Tensor:
    """Numbers in [0, 1], where the whole range has length 1."""
    uniform = torch.rand(list(sizes), generator=generator, dtype=torch.float64)
    if palette == "plain":
        shares = 0.05 + 0.9 * _apart(uniform.flatten(), min(0.02, 0.5 / max(1, uniform.numel()))).reshape(sizes)
        shares = (shares * 100).floor() / 100 + 0.003 if uniform.numel() <= 25 else shares
        zero = -low / (high - low)  # where zero lies: numbers of both signs stay away from it
        return shares + 0.02 * torch.where(shares < zero, -1.0, 1.0) if 0 < zero < 1 else shares
    if palette == "zeros":
        return torch.zeros(list(sizes), dtype=torch.float64)
    if palette == "constant":
        return torch.full(list(sizes), 0.25, dtype=torch.float64) * torch.randint(1, 4, (), generator=generator)
    if palette in ("quarters", "integers"):
        return (uniform * 4).round() / 4
    if palette == "ties":
        return (uniform * 2).round() / 2
    return uniform.round() if palette == "extremes" else uniform


def _plain(sizes: Sequence[int], generator: torch.Generator) -> Tensor:
    """Numbers of moderate size, no two alike and none within 0.04 of zero; few ones have three decimals."""
    normal = torch.randn(list(sizes), generator=generator, dtype=torch.float64).clamp(-2.5, 2.5).flatten()
    gap = min(0.02, 2 / max(1, normal.numel()))
    order = normal.argsort()
    steps = gap * (torch.arange(len(normal), dtype=torch.float64) - len(normal) / 2)
    numbers = torch.empty_like(normal)
    numbers[order] = normal[order] + steps
    if normal.numel() <= 100:
        numbers = (numbers * 100).floor() / 100 + 0.003  # never a round number
    numbers = numbers + 0.05 * torch.where(numbers < 0, -1.0, 1.0)
    return numbers.reshape(list(sizes))


def _apart(shares: Tensor, gap: float) -> Tensor:
    """Numbers in [0, 1), in the order of `shares` along the last dimension, at least `gap` apart."""
    ranks = shares.argsort(-1).argsort(-1)
    return shares * (1 - gap * shares.shape[-1]) + gap * ranks


def _spread(sizes: Sequence[int], generator: torch.Generator) -> Tensor:
    """Rows whose entries keep their distance: a random order of a jittered grid."""
    rows, columns = sizes
    order = torch.rand((rows, columns), generator=generator).argsort(-1).double()
    jitter = torch.rand((rows, columns), generator=generator, dtype=torch.float64) * 0.6
    scale = torch.rand((rows, 1), generator=generator, dtype=torch.float64) + 0.3
    shift = torch.randn((rows, 1), generator=generator, dtype=torch.float64).clamp(-2, 2)
    grid = (order + jitter - columns / 2) * scale * min(1.0, 6 / columns) + shift
    return grid + 0.02 * torch.where(grid < 0, -1.0, 1.0)
