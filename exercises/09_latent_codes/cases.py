"""Honest inputs for the latent codes."""

from __future__ import annotations

import torch
from hypothesis import strategies as st
from torch import Tensor

from autograder.cases import Ask, Call, calls, corners
from autograder.strategies import logits, seeds, tensors


def pictures(draw, sizes, dtype: torch.dtype, plain: bool) -> Tensor:
    """Images in [0, 1]; those in float32 have eighths, so that no right way to take a variance loses digits."""
    drawn = draw(tensors(sizes, dtype=dtype, plain=plain, low=0.0, high=1.0))
    return (drawn * 8).round() / 8 if dtype == torch.float32 else drawn


def on_a_grid(draw, sizes, dtype: torch.dtype) -> Tensor:
    """Multiples of a quarter in [-3, 3]: distances between them are exact, and ties are frequent."""
    return (draw(tensors(sizes, dtype=dtype, low=-3.0, high=3.0)) * 4).round() / 4


def far_away(seed: int, *, size: int, rows: int = 12) -> tuple[Tensor, Tensor, Tensor]:
    """Float32 vectors about 100 away from the origin, two codes for each, and the index of the nearer one.

    The two codes of a vector are 1 and 1.0004 away from it, in random directions; all others are farther than 1.5.
    """
    generator = torch.Generator().manual_seed(seed)
    centre = 100 / size**0.5 * (2.0 * torch.randint(2, (size,), generator=generator) - 1)
    z = centre + 0.2 * torch.rand(rows, size, generator=generator)
    z[:, 0] += 3.0 * torch.arange(rows) - 1.5 * rows
    ways = torch.nn.functional.normalize(torch.randn(2, rows, size, generator=generator, dtype=torch.float64), dim=-1)
    near, far = (z.double() + torch.tensor([1.0, 1.0004]).double()[:, None, None] * ways).float()
    swapped = torch.randint(2, (rows,), generator=generator)
    order = swapped[:, None].bool()
    codebook = torch.cat([torch.where(order, far, near), torch.where(order, near, far)])
    return z, codebook, torch.arange(rows) + rows * swapped


def shares_of(counts: list[int], seed: int) -> Tensor:
    """Indices in which code k occurs counts[k] times, in random order."""
    indices = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
    return indices[torch.randperm(len(indices), generator=torch.Generator().manual_seed(seed))]


@calls("adain")
def adain(ask: Ask) -> Call:
    """Two images of unlike sizes."""
    channels = ask.draw(st.integers(1, 3))
    content, style = (
        pictures(
            ask.draw,
            (ask.batch, channels, ask.draw(st.integers(1, 4)), ask.draw(st.integers(1, 5))),
            ask.dtype,
            ask.plain,
        )
        for _ in range(2)
    )
    eps = ask.draw(st.sampled_from([None, 0.001, 0.125]))
    return Call(content, style) if eps is None else Call(content, style, eps=eps)


@corners("adain")
def adain_corners() -> list[Call]:
    """Single pixels, constant channels, a large eps, unlike spatial sizes."""
    generator = torch.Generator().manual_seed(0)
    large, small = (torch.rand(2, 3, *size, generator=generator, dtype=torch.float64) for size in ((4, 5), (2, 3)))
    small[:, 1] = 0.25
    pixel = torch.tensor([0.25, 0.5, 0.75], dtype=torch.float64).reshape(1, 3, 1, 1).repeat(2, 1, 1, 1)
    faint = 0.5 + 0.004 * large
    return [
        Call(large, small),
        Call(small, large, eps=0.5),
        Call(pixel, large),
        Call(large, pixel),
        Call(faint, small),
        Call(large, faint),
        Call(4 * large - 2, 3 * large.flip(2) + 1, eps=0.01),
        Call(large[:, :1, :1, :2].float(), small[:, :1, :2, :2].float()),
        Call(torch.zeros(0, 2, 3, 4), torch.zeros(0, 2, 2, 2)),
    ]


@calls("binarize")
def binarize(ask: Ask) -> Call:
    """Logits of any shape, zeros and ±200 among them."""
    if ask.draw(st.booleans()):
        return Call(ask.draw(logits(batch=ask.batch, dtype=ask.dtype, plain=ask.plain)))
    outer = ask.draw(st.sampled_from([(), (3,), (2, 3)]))
    return Call(ask.draw(tensors((ask.batch, *outer), dtype=ask.dtype, plain=ask.plain)))


@corners("binarize")
def binarize_corners() -> list[Call]:
    """Exactly 0, small logits and large ones, in both types."""
    row = [0.0, 0.25, -0.25, 0.75, -0.75, 2.0, -2.0, 20.0, -20.0, 200.0, -200.0]
    return [
        Call(torch.tensor([row])),
        Call(torch.tensor(row, dtype=torch.float64)),
        Call(torch.tensor([[[1.5, 0.4], [0.0, -3.0]]], dtype=torch.float64)),
        Call(torch.zeros(0, 3)),
    ]


@calls("vector_quantize")
def vector_quantize(ask: Ask) -> Call:
    """Vectors of several ranks and codes, in generic position or on a grid where ties are frequent."""
    size, codes = ask.draw(st.integers(1, 4)), ask.draw(st.sampled_from([1, 2, 4]))  # their mean lies on a grid too
    shape = (ask.batch, *ask.draw(st.sampled_from([(), (2,), (3, 2)])), size)
    if ask.plain:
        z = ask.draw(tensors(shape, dtype=ask.dtype, plain=True))
        codebook = ask.draw(tensors((codes, size), dtype=ask.dtype, plain=True))
    else:
        z, codebook = on_a_grid(ask.draw, shape, ask.dtype), on_a_grid(ask.draw, (codes, size), ask.dtype)
    beta = ask.draw(st.sampled_from([None, 0.0, 0.5, 2.0]))
    return Call(z, codebook) if beta is None else Call(z, codebook, beta=beta)


@corners("vector_quantize")
def vector_quantize_corners() -> list[Call]:
    """Ties, a single vector, four dimensions, codes where other distances choose another one, 100 from the origin."""
    line = torch.tensor([[3.0], [1.0], [-1.0], [1.0]])
    square = torch.tensor([[1.0, 1.0], [1.5, 0.0], [5.0, 5.0], [-2.0, 0.25]], dtype=torch.float64)
    generator = torch.Generator().manual_seed(1)
    four = torch.randn(2, 3, 2, 3, generator=generator, dtype=torch.float64)
    codes = torch.randn(5, 3, generator=generator, dtype=torch.float64)
    z, codebook, _ = far_away(4, size=3)
    return [
        Call(torch.tensor([[0.0], [2.0], [1.0], [-4.0]]), line),
        Call(torch.zeros(3, 2, dtype=torch.float64), square, beta=0.5),
        Call(torch.tensor([0.5, -0.25], dtype=torch.float64), square),
        Call(four, codes, beta=2.0),
        Call(four[0], codes, beta=0.0),
        Call(codes[:, :2].clone(), square),
        Call(z, codebook),
        Call(torch.zeros(0, 3), torch.ones(2, 3)),
        Call(torch.zeros(0, 2, 3, dtype=torch.float64), torch.ones(2, 3, dtype=torch.float64)),
    ]


@calls("codebook_perplexity")
def codebook_perplexity(ask: Ask) -> Call:
    """Indices of several shapes, some codes unused."""
    codes = ask.draw(st.integers(1, 6))
    used = ask.draw(st.integers(1, codes))
    shape = (ask.batch, *ask.draw(st.sampled_from([(), (4,), (2, 3)])))
    generator = torch.Generator().manual_seed(ask.draw(seeds()))
    return Call(torch.randint(used, shape, generator=generator), codes)


@corners("codebook_perplexity")
def codebook_perplexity_corners() -> list[Call]:
    """No index, a single one, one code for all, all codes alike, uneven shares, many unused codes."""
    return [
        Call(torch.zeros(0, dtype=torch.int64), 4),
        Call(torch.zeros(2, 0, dtype=torch.int64), 4),
        Call(torch.tensor(2), 5),
        Call(torch.full((3, 4), 2), 5),
        Call(torch.arange(6).reshape(2, 3), 6),
        Call(torch.tensor([0, 0, 1, 2]), 3),
        Call(shares_of([8, 4, 2, 1, 1], 0).reshape(2, 8), 40),
        Call(shares_of([5, 0, 3], 1), 3),
        Call(torch.zeros(3, dtype=torch.int64), 1),
    ]


@calls("code_balance_loss")
def code_balance_loss(ask: Ask) -> Call:
    """Softmaxes of logits, exact zeros among them."""
    return Call(ask.draw(logits(batch=ask.batch, dtype=ask.dtype, plain=ask.plain)).softmax(-1))


@corners("code_balance_loss")
def code_balance_loss_corners() -> list[Call]:
    """One code for all, a code for each, doubt everywhere, and a code that is hardly used."""
    certain = torch.tensor([[200.0, -200.0, 0.0], [-200.0, 200.0, 0.0]]).softmax(-1)
    unsure = torch.tensor([[0.5, 0.25, 0.125, 0.125], [0.125, 0.5, 0.25, 0.125]], dtype=torch.float64)
    rare = torch.tensor([[0.0, -12.5, -1.0], [0.5, -12.75, 0.25]], dtype=torch.float64).softmax(-1)
    return [
        Call(certain),
        Call(certain[:1].repeat(3, 1)),
        Call(torch.eye(4, dtype=torch.float64)),
        Call(unsure),
        Call(rare),
        Call(torch.full((2, 5), 0.2)),
        Call(torch.zeros(0, 3)),
    ]
