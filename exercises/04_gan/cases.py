"""Honest inputs for both players: densities, logits of any shape, and games."""

from __future__ import annotations

import copy
from typing import NamedTuple

import torch
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.optim import SGD, Adam, Optimizer

from autograder.cases import Ask, Call, calls, corners
from autograder.models import small_model
from autograder.strategies import logits, seeds, tensors

SHAPES = ((), (1,), (2,), (1, 2, 2))  # what follows the batch
SCALES = (1e-20, 1.0, 1.0, 1e20)
OPTIMIZERS = ("sgd", "momentum", "adam")


class Game(NamedTuple):
    """Two players, the optimizer of one of them, and a batch for each."""

    generator: nn.Module
    discriminator: nn.Module
    optimizer: Optimizer
    real: Tensor
    noise: Tensor


def logit_tensors(
    *, batch: int | None = None, dtype: torch.dtype | None = None, plain: bool = False
) -> st.SearchStrategy[Tensor]:
    """Logits `(batch, ...)` of several shapes; without `plain` some are 0, ±20 or ±200."""

    @st.composite
    def drawn(draw) -> Tensor:
        size = draw(st.integers(1, 5)) if batch is None else batch
        shape = (size, *draw(st.sampled_from(SHAPES)))
        flat = draw(logits(batch=1, classes=torch.Size(shape).numel(), dtype=dtype, plain=plain))
        return flat.reshape(shape)

    return drawn()


def optimizer_of(player: nn.Module, kind: str) -> Optimizer:
    """An optimizer that holds a player's parameters."""
    if kind == "adam":
        return Adam(player.parameters(), lr=0.02, betas=(0.5, 0.9))
    return SGD(player.parameters(), lr=0.25, momentum=0.9 if kind == "momentum" else 0.0)


@st.composite
def games(
    draw, mover: str, *, batch: int | None = None, dtype: torch.dtype | None = None, optimizer: str | None = None
) -> Game:
    """Small players, made for the step of `mover`; batches of unequal size.

    The generator may have batch normalisation in train mode, the discriminator never. The player that does not move
    holds some old gradients, and some of its parameters are frozen if it is the discriminator.
    """
    count = draw(st.integers(1, 5)) if batch is None else batch
    others = draw(st.integers(1, 5))
    dtype = draw(st.sampled_from([torch.float32, torch.float64])) if dtype is None else dtype
    features, latents, seed = draw(st.integers(1, 3)), draw(st.integers(1, 2)), draw(seeds())
    generator = small_model(
        draw(st.sampled_from(["linear", "mlp", "norm"])), (latents,), features, seed=seed, dtype=dtype
    )
    judge = small_model(draw(st.sampled_from(["linear", "mlp", "dropout"])), (features,), 1, seed=seed + 1, dtype=dtype)
    flat = draw(st.booleans())
    discriminator = nn.Sequential(judge, nn.Flatten(0)).eval() if flat else judge  # logits (N,) or (N, 1)
    if draw(st.booleans()) and others > 1:
        generator.train()
    waiting = discriminator if mover == "generator" else generator
    for number, parameter in enumerate(waiting.parameters()):
        if draw(st.booleans()):
            parameter.grad = torch.full_like(parameter, 0.5 + number)
        parameter.requires_grad_(mover == "discriminator" or draw(st.booleans()))
    real = draw(tensors((count, features), dtype=dtype, plain=True))
    noise = draw(tensors((others, latents), dtype=dtype, plain=True))
    moving = generator if mover == "generator" else discriminator
    kind = draw(st.sampled_from(OPTIMIZERS)) if optimizer is None else optimizer
    return Game(generator, discriminator, optimizer_of(moving, kind), real, noise)


@calls("optimal_discriminator")
def optimal_discriminator(ask: Ask) -> Call:
    """Densities of one shape, tiny, ordinary and huge, some of them 0."""
    sizes = (ask.batch, *ask.draw(st.sampled_from(SHAPES)))
    scale = 1.0 if ask.plain else ask.draw(st.sampled_from(SCALES))
    p, q = (ask.draw(tensors(sizes, dtype=ask.dtype, plain=ask.plain, low=0.0, high=3.0)) for _ in range(2))
    return Call(scale * p, scale * q)


@corners("optimal_discriminator")
def optimal_discriminator_corners() -> list[Call]:
    """Places where one or both densities are 0, the ends of the range, no shape at all, no places."""
    p = torch.tensor([0.0, 0.0, 2.0, 1e30, 1e30, 1e30, 1e-30, 1e-30, 1.0, 3.0], dtype=torch.float64)
    q = torch.tensor([0.0, 3.0, 0.0, 1e30, 0.0, 1.0, 1e-30, 0.0, 1e30, 1.0], dtype=torch.float64)
    return [
        Call(p, q),
        Call(p.float().reshape(2, 5), q.float().reshape(2, 5)),
        Call(torch.tensor(0.25), torch.tensor(0.75)),
        Call(torch.tensor(0.0), torch.tensor(0.0)),
        Call(torch.zeros(0, 2), torch.zeros(0, 2)),
    ]


def _two_sides(ask: Ask) -> Call:
    other = 0 if ask.batch == 0 else ask.draw(st.integers(1, 5))
    return Call(
        ask.draw(logit_tensors(batch=ask.batch, dtype=ask.dtype, plain=ask.plain)),
        ask.draw(logit_tensors(batch=other, dtype=ask.dtype, plain=ask.plain)),
    )


def _two_sided_corners() -> list[Call]:
    ends = torch.tensor([0.0, 20.0, -20.0, 200.0, -200.0])
    return [
        Call(torch.zeros(3, 1), torch.zeros(2)),
        Call(ends, ends[1:].reshape(2, 2)),
        Call(ends[:, None].double(), -ends.double()),
        Call(torch.tensor([[1.0], [-2.0], [0.5]]), torch.tensor([[0.25], [-1.0], [3.0]])),
        Call(torch.tensor([0.5]), torch.tensor([-1.0, 2.0, 0.25, 1.5], dtype=torch.float32)),
        Call(torch.zeros(0, 1), torch.zeros(0, 1)),
    ]


@calls("gan_value")
def gan_value(ask: Ask) -> Call:
    """Logits of real and generated samples, of two shapes."""
    return _two_sides(ask)


@corners("gan_value")
def gan_value_corners() -> list[Call]:
    """Nothing known, sure verdicts, unequal sizes and shapes, no samples."""
    return _two_sided_corners()


@calls("discriminator_loss")
def discriminator_loss(ask: Ask) -> Call:
    """Logits of real and generated samples, of two shapes."""
    return _two_sides(ask)


@corners("discriminator_loss")
def discriminator_loss_corners() -> list[Call]:
    """Nothing known, sure verdicts, unequal sizes and shapes, no samples."""
    return _two_sided_corners()


@calls("generator_loss")
def generator_loss(ask: Ask) -> Call:
    """Logits of generated samples and either kind, or none named."""
    options = ask.draw(st.sampled_from([{}, {"kind": "non_saturating"}, {"kind": "minimax"}]))
    return Call(ask.draw(logit_tensors(batch=ask.batch, dtype=ask.dtype, plain=ask.plain)), **options)


@corners("generator_loss")
def generator_loss_corners() -> list[Call]:
    """Sure verdicts, each kind, other kinds, no samples."""
    ends = torch.tensor([[0.0, 20.0, -20.0], [200.0, -200.0, 1.0]])
    return [
        Call(ends),
        Call(ends.double(), kind="minimax"),
        Call(ends.double()),
        Call(torch.tensor([0.5, -1.0, 3.0]), kind="minimax"),
        Call(torch.tensor([0.5, -1.0, 3.0]), kind="non_saturating"),
        Call(torch.tensor([0.5]), kind="wasserstein"),
        Call(torch.tensor([0.5]), kind=""),
        Call(torch.zeros(0, 1)),
        Call(torch.zeros(0, 1), kind="minimax"),
    ]


@calls("discriminator_step")
def discriminator_step(ask: Ask) -> Call:
    """Two small players and the optimizer of the discriminator, in float64: a Python float tells no other width."""
    return Call(*ask.draw(games("discriminator", batch=ask.batch, dtype=torch.float64)))


@calls("generator_step")
def generator_step(ask: Ask) -> Call:
    """Two small players and the optimizer of the generator, in float64: a Python float tells no other width."""
    game = ask.draw(games("generator", batch=ask.batch, dtype=torch.float64))
    return Call(*game[:3], game.noise)


class Traced(nn.Module):
    """An affine map whose parameters have names that no contract allows to change, so that every move leaves a trace.

    `idle` counts for nothing in the result, so that its slope is 0: only an old gradient can move it.
    """

    def __init__(self, features: int, outputs: int):
        super().__init__()
        steps = torch.linspace(-0.7, 1.1, features * outputs, dtype=torch.float64)
        self.slope = nn.Parameter(steps.reshape(features, outputs))
        self.height = nn.Parameter(torch.full((outputs,), 0.3, dtype=torch.float64))
        self.idle = nn.Parameter(torch.ones(1, dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        """Outputs `(N, outputs)` of a batch `(N, features)`."""
        return x @ self.slope + self.height + 0 * self.idle


def _traced(mover: str) -> list[Game]:
    """Games that show what moved: with old gradients, with an optimizer that holds only some parameters, and plain."""
    real = torch.tensor([[0.5, 1.0], [-0.25, 2.0], [1.5, -1.0]], dtype=torch.float64)
    noise = torch.tensor([[0.75], [-1.25]], dtype=torch.float64)
    found = []
    for kind in ("old", "part", "plain"):
        players = {"generator": Traced(1, 2), "discriminator": Traced(2, 1)}
        moving = players[mover]
        if kind == "old":
            for parameter in moving.parameters():
                parameter.grad = torch.full_like(parameter, 3.0)
        held = [moving.height] if kind == "part" else list(moving.parameters())
        found.append(Game(**players, optimizer=SGD(held, lr=0.5), real=real, noise=noise))
    waiting = found[2].discriminator if mover == "generator" else found[2].generator
    waiting.idle.grad = torch.full_like(waiting.idle, 2.0)
    waiting.slope.grad = torch.full_like(waiting.slope, -1.0)
    waiting.height.requires_grad_(mover == "discriminator")
    return found


def _images(mover: str) -> Game:
    """Images, several logits for each of them, and a generator that normalises over its batch."""
    generator = nn.Sequential(
        small_model("norm", (2,), 6, seed=3, dtype=torch.float64), nn.Unflatten(1, (1, 2, 3))
    ).train()
    discriminator = small_model("conv", (1, 2, 3), 2, seed=4, dtype=torch.float64)
    line = torch.linspace(0.0, 1.0, 18, dtype=torch.float64)
    moving = generator if mover == "generator" else discriminator
    return Game(
        generator, discriminator, optimizer_of(moving, "sgd"), line.reshape(3, 1, 2, 3), line[:10].reshape(5, 2)
    )


@corners("discriminator_step")
def discriminator_step_corners() -> list[Call]:
    """Old gradients, an optimizer of some parameters, a waiting generator with gradients, images."""
    return [Call(*game) for game in [*_traced("discriminator"), _images("discriminator")]]


@corners("generator_step")
def generator_step_corners() -> list[Call]:
    """Old gradients, an optimizer of some parameters, a discriminator with gradients and frozen parts, a sure one."""
    games = [*_traced("generator"), _images("generator")]
    sure = copy.deepcopy(_traced("generator")[2].discriminator)
    with torch.no_grad():
        sure.height.fill_(-200.0)
    generator = Traced(1, 2)
    games.append(Game(generator, sure, SGD(generator.parameters(), lr=0.5), games[0].real, games[0].noise))
    return [Call(*game[:3], game.noise) for game in games]
