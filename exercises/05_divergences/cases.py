"""Honest inputs for the divergences, critics to be fined, and matrices to be stretched by."""

from __future__ import annotations

import copy

import torch
from hypothesis import strategies as st
from torch import Tensor, nn

from autograder.cases import Ask, Call, calls, corners
from autograder.errors import CheckFailure
from autograder.models import KINDS, small_model
from autograder.strategies import generators, probability_vectors, seeds, tensors

SHAPES = ((3,), (1, 2, 3), (2, 3, 2))  # of one sample
LIMITS = (0.0625, 0.25, 0.5)


def scores_of(model: nn.Module, flat: bool) -> nn.Module:
    """A critic whose scores are `(N,)` if `flat`, else `(N, 1)`; `model` gives the latter."""
    return nn.Sequential(model, nn.Flatten(0)).eval() if flat else nn.Sequential(model).eval()


def critic(kind: str, shape: tuple[int, ...], *, seed: int, dtype: torch.dtype, flat: bool = True) -> nn.Module:
    """A small random critic in eval mode."""
    return scores_of(small_model(kind, shape, 1, seed=seed, dtype=dtype), flat)


def linear_critic(slopes: Tensor, *, flat: bool = True) -> nn.Module:
    """A critic that has the same slopes, shaped like one sample, at every point."""
    model = small_model("linear", tuple(slopes.shape), 1, seed=0, dtype=slopes.dtype)
    with torch.no_grad():
        model.linear.weight.copy_(slopes.reshape(1, -1))
    return scores_of(model, flat)


def squares_critic(slope: float = 1.0) -> nn.Module:
    """A critic `slope` · |x|² / 2: its slope at x is `slope` · x, and nothing at the origin."""

    class Squares(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.slope = nn.Parameter(torch.tensor(slope, dtype=torch.float64))

        def forward(self, x: Tensor) -> Tensor:
            return self.slope * x.flatten(1).square().sum(1) / 2

    return Squares().eval()


def mixed_module(dtype: torch.dtype, *, frozen: bool = False, tied: bool = False) -> nn.Module:
    """Layers with large and small weights, statistics of a batch, and gradients that belong to somebody else."""
    inner = small_model("norm", (6,), 6, seed=4, dtype=dtype)
    module = nn.Sequential(nn.Linear(6, 6), nn.Sequential(inner, nn.LayerNorm(6)), nn.Linear(6, 6)).to(dtype).eval()
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for each in module.parameters():
            each.copy_(torch.randn(each.shape, generator=generator, dtype=torch.float64).round(decimals=2))
    if tied:
        module[2].weight = module[0].weight
    for each in module.parameters():
        each.grad = 3 * torch.ones_like(each)
    if frozen:
        module[0].weight.requires_grad_(False)
    return module


def clipping(submission, module: nn.Module, limit: float) -> dict[str, tuple]:
    """All that a call of clip_weights changes, by path, as it was and as it became; the boundary has put it back."""
    try:
        submission.clip_weights(module, limit)
    except CheckFailure:  # the boundary expects a value, and here there is none
        if submission.latest is None or not submission.latest.returned or submission.latest.value is not None:
            raise
    return submission.latest.changed


def matrix_and_start(rows: int, columns: int, *, seed: int, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """A random matrix of two decimals, and a vector for its left side that it does not map near zero."""
    generator = torch.Generator().manual_seed(seed)
    while True:
        matrix = torch.randn(rows, columns, generator=generator, dtype=torch.float64).round(decimals=2)
        start = torch.randn(rows, generator=generator, dtype=torch.float64).round(decimals=2)
        if float((start @ matrix).norm()) > 0.3 and float(matrix.norm()) < 30:
            return matrix.to(dtype), start.to(dtype)


def numbers(count: int, *, dtype: torch.dtype, plain: bool = False) -> st.SearchStrategy[Tensor]:
    """Samples of numbers: in float32 of moderate size, so that rounding does not decide."""
    bounds = {"low": -4.0, "high": 4.0} if dtype == torch.float32 and not plain else {}
    return tensors((count,), dtype=dtype, plain=plain, **bounds)


def _pair(ask: Ask) -> Call:
    entries, middle = ask.draw(st.integers(2, 5)), ask.draw(st.sampled_from([(), (), (2,)]))
    sizes = (ask.batch, *middle, entries)
    return Call(*(ask.draw(probability_vectors(sizes, dtype=ask.dtype, plain=ask.plain)) for _ in range(2)))


def _pair_corners() -> list[Call]:
    p = torch.tensor([[0.7, 0.3, 0.0], [0.2, 0.5, 0.3], [0.25, 0.25, 0.5]], dtype=torch.float64)
    q = torch.tensor([[0.2, 0.8, 0.0], [0.2, 0.5, 0.3], [0.5, 0.125, 0.375]], dtype=torch.float64)
    apart = torch.tensor([1.0, 0.0, 0.0], dtype=torch.float64), torch.tensor([0.0, 0.25, 0.75], dtype=torch.float64)
    rare = torch.tensor([[0.4, 0.6 - 1e-6, 1e-6]], dtype=torch.float64)
    deep = torch.stack([p, q, q, p]).reshape(2, 2, 3, 3), torch.stack([q, p, p, q]).reshape(2, 2, 3, 3)
    return [
        Call(p, q),
        Call(p[0], q[0]),
        Call(*apart),
        Call(apart[1], apart[0]),
        Call(p[1:2], rare),
        Call(rare, p[1:2]),
        Call(p[2:], q[2:]),
        Call(*deep),
        Call(p.float(), q.float()),
        Call(p[:0], q[:0]),
    ]


@calls("kl_divergence")
def kl_divergence(ask: Ask) -> Call:
    """Probability vectors, some with zeros."""
    return _pair(ask)


@corners("kl_divergence")
def kl_divergence_corners() -> list[Call]:
    """Zeros on one side and on both, a single pair, several outer dimensions, no pair."""
    return _pair_corners()


@calls("js_divergence")
def js_divergence(ask: Ask) -> Call:
    """Probability vectors, some with zeros."""
    return _pair(ask)


@corners("js_divergence")
def js_divergence_corners() -> list[Call]:
    """Nothing in common, everything in common, a single pair, several outer dimensions, no pair."""
    return _pair_corners()


@calls("wasserstein_1d")
def wasserstein_1d(ask: Ask) -> Call:
    """Two samples of numbers, mostly of different sizes; plain ones have no ties within or between them."""
    sizes = max(ask.batch, 1), ask.draw(st.integers(1, 5))
    return Call(*ask.draw(numbers(sum(sizes), dtype=ask.dtype, plain=ask.plain)).split(sizes))


@corners("wasserstein_1d")
def wasserstein_1d_corners() -> list[Call]:
    """Samples of equal mean, of coprime sizes, of one number, in falling order, far from zero."""
    u = torch.tensor([3.0, 0.0, 7.5], dtype=torch.float64)
    v = torch.tensor([6.0, 1.0, 2.5, 4.5], dtype=torch.float64)
    return [
        Call(torch.tensor([0.0, 3.0]), torch.tensor([1.0, 2.0])),
        Call(torch.tensor([0.5, 0.25, 4.0], dtype=torch.float64), torch.tensor([2.0, 1.0, 9.0], dtype=torch.float64)),
        Call(u, v),
        Call(v, u + 100),
        Call(u[:1], v[:1]),
        Call(u[:1], v),
        Call(torch.arange(5.0).flip(0), torch.arange(3.0) / 2),
    ]


@calls("critic_loss")
def critic_loss(ask: Ask) -> Call:
    """Scores of both batches, in either shape."""
    fakes = 0 if ask.batch == 0 else ask.draw(st.integers(1, 5))
    tail = ask.draw(st.sampled_from([(), (1,)]))
    return Call(*(ask.draw(tensors((size, *tail), dtype=ask.dtype, plain=ask.plain)) for size in (ask.batch, fakes)))


@corners("critic_loss")
def critic_loss_corners() -> list[Call]:
    """Large scores, sizes that differ and that do not, nothing."""
    real = torch.tensor([5.0, -1.0, 0.5], dtype=torch.float64)
    fake = torch.tensor([2.0, -4.0], dtype=torch.float64)
    return [
        Call(real, fake),
        Call(real[:2], fake),
        Call(40 * real[:, None], 40 * fake[:, None]),
        Call(real - 10, fake + 10),
        Call(real[:0], fake[:0]),
    ]


@calls("clip_weights")
def clip_weights(ask: Ask) -> Call:
    """A small network of any kind."""
    model = small_model(ask.draw(st.sampled_from(KINDS)), (1, 2, 3), 2, seed=ask.draw(seeds()), dtype=ask.dtype)
    return Call(model, ask.draw(st.sampled_from(LIMITS)))


@corners("clip_weights")
def clip_weights_corners() -> list[Call]:
    """Weights of one sign, biases alone too large, a small weight beside a large bias, frozen and tied parameters."""
    modules = []
    for weight, bias in ((-2.0, 0.1), (2.0, 0.1), (0.1, 2.0), (0.1, -2.0), (0.4, 0.1)):
        layer = nn.Linear(3, 2).double()
        with torch.no_grad():
            layer.weight.fill_(weight)
            layer.bias.fill_(bias)
        modules.append(layer)
    nested = nn.Sequential(nn.Sequential(copy.deepcopy(modules[0])), nn.Tanh(), copy.deepcopy(modules[4]))
    return [
        *(Call(each, 0.5) for each in modules),
        Call(nested, 0.5),
        Call(mixed_module(torch.float64), 0.3),
        Call(mixed_module(torch.float64, frozen=True), 0.3),
        Call(mixed_module(torch.float64, tied=True), 0.3),
        Call(mixed_module(torch.float32), 5.0),
    ]


@calls("gradient_penalty")
def gradient_penalty(ask: Ask) -> Call:
    """A linear critic between any samples, a curved one at single points, a curved one on segments (which draws)."""
    way, shape = ask.draw(st.sampled_from(["linear", "points", "segments"])), ask.draw(st.sampled_from(SHAPES))
    curved = ["mlp", "norm", *(["conv"] if len(shape) == 3 else [])]
    kind = "linear" if way == "linear" else ask.draw(st.sampled_from(curved))
    judge = critic(kind, shape, seed=ask.draw(seeds()), dtype=ask.dtype, flat=ask.draw(st.booleans()))
    real, fake = (ask.draw(tensors((ask.batch, *shape), dtype=ask.dtype, plain=True)) for _ in range(2))
    options = ask.draw(st.sampled_from([{}, {"weight": 0.5}, {"weight": 2.0}]))
    if way == "segments":
        return Call(judge, real, fake, generator=ask.draw(generators()), **options).random()
    return Call(judge, real, real.clone() if way == "points" else fake, **options)


def _value(result: Tensor) -> Tensor:
    return result.detach().double().reshape(1)


@corners("gradient_penalty")
def gradient_penalty_corners() -> list[Call]:
    """The law of the mixing numbers, gentle, steep and absent slopes, images, one sample, none."""
    many, pair = 3000, torch.ones(1, 4, dtype=torch.float64)
    ends = [(pair.expand(many, 4).clone(), sign * pair.expand(many, 4).clone()) for sign in (-1, 0)]
    laws = [
        Call(squares_critic(), real, fake, weight=1.0, generator=torch.Generator().manual_seed(8)).random(
            summary=_value, within=0.04
        )
        for real, fake in ends
    ]
    image = torch.linspace(-1, 1, 24, dtype=torch.float64).reshape(2, 2, 2, 3)
    flat = [  # a guarded root is right, too
        Call(judge, points, -points).random(summary=_value, within=0.01)
        for judge, points in ((linear_critic(0 * image[0]), image), (squares_critic(), 0 * image))
    ]
    return [
        *laws,
        *flat,
        Call(linear_critic(0.1 * image[0]), image, -image),
        Call(linear_critic(2 * image[0]), image, -image, weight=2.0),
        Call(linear_critic(image[1].float(), flat=False), image.float(), -image.float(), weight=0.5),
        Call(critic("conv", (2, 2, 3), seed=3, dtype=torch.float64), image, image.clone(), weight=3.0),
        Call(squares_critic(), image, image.clone()),
        Call(squares_critic(), image[:1], image[:1].clone()),
        Call(squares_critic(), image[:0], image[:0]),
    ]


@calls("power_iteration")
def power_iteration(ask: Ask) -> Call:
    """A random matrix, a random start, one to four iterations."""
    sizes = ask.draw(st.integers(1, 4)), ask.draw(st.integers(1, 4))
    return Call(*matrix_and_start(*sizes, seed=ask.draw(seeds()), dtype=ask.dtype), ask.draw(st.integers(1, 4)))


def _estimate(result: tuple[Tensor, Tensor]) -> Tensor:
    return result[0].detach().double().reshape(1)


@corners("power_iteration")
def power_iteration_corners() -> list[Call]:
    """Square, wide and tall matrices, a long start, a negative number, zeros, no iteration."""
    square = torch.tensor([[3.0, 1.0], [-1.0, 2.0]], dtype=torch.float64)
    wide = torch.tensor([[1.0, -2.0, 0.5], [0.25, 1.0, 3.0]], dtype=torch.float64)
    start = torch.tensor([0.6, -0.8], dtype=torch.float64)
    return [
        *(Call(matrix, start, count) for matrix in (square, wide) for count in (1, 2, 5)),
        Call(square, 50 * start, 1),
        Call(wide.T.contiguous(), torch.tensor([0.5, 2.0, -1.0], dtype=torch.float64), 3),
        Call(torch.tensor([[-2.5]]), torch.tensor([0.5]), 1),
        Call(wide.float(), start.float(), 2),
        Call(torch.zeros(2, 3, dtype=torch.float64), start, 2).random(summary=_estimate, within=1e-9),
        Call(square, start, 0),
        Call(square, start, -1),
    ]
