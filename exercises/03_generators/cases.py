"""Honest inputs for the generators."""

from __future__ import annotations

import math

import torch
from hypothesis import strategies as st
from torch import Tensor

from autograder.cases import Ask, Call, calls, corners
from autograder.strategies import Draw, seeds, tensors

IMAGES = ((4,), (2, 3), (1, 3, 2), (2, 2, 5))  # shapes of one image
BOXES = ((0.0, 1.0), (-1.0, 1.0), (0.0, 256.0), (-2.0, 6.0))  # low, high: their bins' edges are exact


def tame_matrix(size: int, seed: int, dtype: torch.dtype) -> Tensor:
    """An invertible `(size, size)` matrix of condition number 4 at most, determinants of both signs among them."""
    generator = torch.Generator().manual_seed(seed)
    left, right = (
        torch.linalg.qr(torch.randn(size, size, generator=generator, dtype=torch.float64)).Q for _ in range(2)
    )
    stretch = 0.5 + 1.5 * torch.rand(size, generator=generator, dtype=torch.float64)
    return (left * stretch @ right).to(dtype)


@st.composite
def steps(draw: Draw, dtype: torch.dtype) -> tuple[Tensor, int]:
    """Probabilities in 64ths, some of them 0, and how many 64ths make 1: their sums are exact in any type."""
    parts = draw(st.lists(st.sampled_from([0, 0, 1, 2, 3, 5, 8]), min_size=1, max_size=6).filter(any))
    parts[draw(st.integers(0, len(parts) - 1))] += 64 - sum(parts)
    return torch.tensor(parts, dtype=dtype) / 64, 64


@st.composite
def binned_images(
    draw: Draw, batch: int, shape: tuple[int, ...], bins: int, low: float, high: float, dtype: torch.dtype
) -> Tensor:
    """Images `(batch, *shape)` whose pixels lie inside their bins, a tenth of a bin away from the edges."""
    generator = torch.Generator().manual_seed(draw(seeds()))
    used = draw(st.integers(1, bins))
    index = torch.randint(used, (batch, *shape), generator=generator)
    place = 0.1 + 0.8 * torch.rand(batch, *shape, generator=generator, dtype=torch.float64)
    return (low + (high - low) * (index + place) / bins).to(dtype)


@calls("push_forward_log_prob")
def push_forward_log_prob(ask: Ask) -> Call:
    """Points near and far from where A and b take the noise."""
    size = ask.draw(st.integers(1, 4))
    y = ask.draw(tensors((ask.batch, size), dtype=ask.dtype, plain=ask.plain, low=-4.0, high=4.0))
    b = ask.draw(tensors((size,), dtype=ask.dtype, plain=ask.plain, low=-2.0, high=2.0))
    return Call(y, tame_matrix(size, ask.draw(seeds()), ask.dtype), b)


@corners("push_forward_log_prob")
def push_forward_log_prob_corners() -> list[Call]:
    """A reflection, a matrix whose transpose differs much, many dimensions, no points."""
    lean = torch.tensor([[1.0, 3.0], [0.0, -0.5]], dtype=torch.float64)
    y, b = torch.tensor([[0.3, -1.0], [2.0, 0.7]], dtype=torch.float64), torch.tensor([0.5, -0.2], dtype=torch.float64)
    wide = 0.01 * torch.eye(200, dtype=torch.float64)  # its determinant is no float64
    return [
        Call(y, lean, b),
        Call(y[:1], torch.tensor([[0.0, 2.0], [1.0, 0.0]], dtype=torch.float64), b),
        Call(torch.zeros(1, 200, dtype=torch.float64), wide, torch.zeros(200, dtype=torch.float64)),
        Call(y[:, :1], torch.full((1, 1), -2.0, dtype=torch.float64), b[:1]),
        Call(y[:0], lean, b),
    ]


@calls("inverse_cdf_sample")
def inverse_cdf_sample(ask: Ask) -> Call:
    """Numbers on and between the edges of the pieces."""
    probs, parts = ask.draw(steps(ask.dtype))
    generator = torch.Generator().manual_seed(ask.draw(seeds()))
    numerators = torch.randint(2 * parts, (ask.batch,), generator=generator)
    return Call(numerators.to(ask.dtype) / (2 * parts), probs)


@corners("inverse_cdf_sample")
def inverse_cdf_sample_corners() -> list[Call]:
    """Impossible categories at both ends, a sum just below 1, one category, no numbers."""
    probs = torch.tensor([0.0, 0.25, 0.0, 0.5, 0.25, 0.0])
    u = torch.tensor([0.0, 0.125, 0.25, 0.5, 0.75, 0.875])
    short, last = torch.tensor([0.25, 0.7499998, 0.0]), torch.tensor([1 - 2.0**-24, 0.0])
    return [
        Call(u, probs),
        Call(last, short),
        Call(last, short[:2]),
        Call(u, torch.ones(1)),
        Call(u.double(), torch.tensor([0.125, 0.5, 0.375], dtype=torch.float64)),
        Call(u[:0], probs),
    ]


@calls("image_entropy")
def image_entropy(ask: Ask) -> Call:
    """Pixels well inside their bins, any box, any number of bins."""
    bins, (low, high) = ask.draw(st.integers(1, 10)), ask.draw(st.sampled_from(BOXES))
    shape = ask.draw(st.sampled_from(IMAGES))
    images = ask.draw(binned_images(ask.batch, shape, bins, low, high, ask.dtype))
    return Call(images, bins) if (low, high) == BOXES[0] else Call(images, bins, low=low, high=high)


@corners("image_entropy")
def image_entropy_corners() -> list[Call]:
    """Pixels on the edges of bins, the brightest, an even image, a narrow range of greys, no images."""
    edges = torch.arange(17, dtype=torch.float64)[None] / 16
    dim = torch.tensor([[[0.1, 0.12], [0.15, 0.2]], [[0.9, 0.4], [0.6, 0.1]]], dtype=torch.float64)
    return [
        Call(edges, 16),
        Call(edges, 4),
        Call(2 * edges - 1, 8, low=-1.0, high=1.0),
        Call(torch.full((1, 2, 3), 0.37), 8),
        Call(dim, 4),
        Call(torch.tensor([[1.0, 0.9, 0.95, 0.1]]), 2),
        Call(100 * edges, 2, low=0.0, high=100.0),
        Call(dim[:0], 4),
    ]


@st.composite
def vector_pairs(draw: Draw, dtype: torch.dtype, *, equally_long: bool = False) -> tuple[Tensor, Tensor]:
    """Two vectors `(D,)` of any lengths, with an angle of 0.1 to 2.7 between them."""
    generator = torch.Generator().manual_seed(draw(seeds()))
    size, angle = draw(st.integers(2, 5)), draw(st.integers(1, 27)) / 10
    plane = torch.linalg.qr(torch.randn(size, 2, generator=generator, dtype=torch.float64)).Q
    first, second = draw(st.sampled_from([0.5, 1.0, 3.0])), draw(st.sampled_from([0.25, 1.0, 2.0]))
    z1 = (first if equally_long else second) * (math.cos(angle) * plane[:, 0] + math.sin(angle) * plane[:, 1])
    return (first * plane[:, 0]).to(dtype), z1.to(dtype)


@calls("slerp")
def slerp(ask: Ask) -> Call:
    """Vectors of any lengths and directions, neither parallel nor opposite."""
    z0, z1 = ask.draw(vector_pairs(ask.dtype))
    return Call(z0, z1, ask.draw(tensors((ask.batch,), dtype=ask.dtype, plain=ask.plain, low=0.0, high=1.0)))


@corners("slerp")
def slerp_corners() -> list[Call]:
    """Right angles, wide ones, parallel, equal, zero and opposite vectors (there the way is free); no times."""
    t = torch.tensor([0.0, 0.25, 0.5, 1.0], dtype=torch.float64)
    wide, skew = torch.tensor([[-0.9, 0.5, 0.1], [1.1, 1.7, 0.9]], dtype=torch.float64)
    x, y, zero = torch.tensor([[1.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 0.0]], dtype=torch.float64)
    return [
        Call(x, y, t),
        Call(x, wide, t),
        Call(x, 3 * x, t),
        Call(y, y.clone(), t),
        Call(x, zero, t),
        Call(zero, y, t),
        Call(zero, zero.clone(), t),
        Call(x.float(), torch.tensor([3.0, 3.1, 0.0]), t.float()),
        Call(torch.tensor([0.1, 0.2, 0.3]), torch.tensor([0.1, 0.2, 0.3]), t.float()),
        Call(x, y, t[:0]),
        Call(skew, -skew, t).random(),
    ]
