"""Hidden checks of the two players: those whose own part is the answer to another exercise."""

from __future__ import annotations

import math
from pathlib import Path

import torch
import torch.nn.functional as F
from hypothesis import given
from torch import nn
from torch.optim import Adam

from autograder.assertions import assert_close
from autograder.cloning import clone
from autograder.content import load_file
from autograder.models import MLP, randomize
from autograder.training import adam, training

_cases = load_file(Path(__file__).parents[2] / "exercises" / "04_gan" / "cases.py")
games = _cases.games

REAL, FAKE = (0.0, 1.0), (1.5, 0.5)  # means and standard deviations


def _cross_entropy(real, fake):
    return F.binary_cross_entropy_with_logits(real, torch.ones_like(real)) + F.binary_cross_entropy_with_logits(
        fake, torch.zeros_like(fake)
    )


def _value_at_best() -> float:
    """2 JSD − 2 log 2 of the two Gaussians, by adding up narrow strips."""
    x = torch.linspace(-9.0, 9.0, 18001, dtype=torch.float64)
    width = float(x[1] - x[0])
    p, q = (
        torch.exp(-(((x - at) / spread) ** 2) / 2) / (spread * math.sqrt(2 * math.pi)) for at, spread in (REAL, FAKE)
    )
    middle = (p + q) / 2
    divergence = width * float((torch.xlogy(p, p / middle) + torch.xlogy(q, q / middle)).sum()) / 2
    return 2 * divergence - 2 * math.log(2)


@training(measures="how far the value of a trained discriminator lies from 2 JSD − 2 log 2", below=0.04)
def test_gan_value__measures_the_divergence_of_two_gaussians(submission, seed, device):
    """Of a discriminator trained on two Gaussians it is 2 JSD − 2 log 2, though fakes outnumber the real samples."""
    draws, judge = torch.Generator().manual_seed(seed), MLP(1, 16, 1)
    randomize(judge, torch.Generator().manual_seed(seed))
    step = adam(judge.to(device).parameters(), 0.01, betas=(0.5, 0.9))

    def samples(gaussian: tuple[float, float], size: int):
        return (gaussian[0] + gaussian[1] * torch.randn(size, 1, generator=draws)).to(device)

    for _ in range(300):
        step(_cross_entropy(judge(samples(REAL, 512)), judge(samples(FAKE, 512))))
    with torch.no_grad():
        real, fake = judge(samples(REAL, 10_000)), judge(samples(FAKE, 150_000))
    return abs(float(submission.gan_value(real, fake)) - _value_at_best())


def _ends_alike(mine: nn.Module, theirs: nn.Module) -> None:
    for (name, parameter), wanted in zip(mine.named_parameters(), theirs.parameters(), strict=True):
        because = f"after two steps from the same place {name} must be what the reference makes of it"
        assert_close(parameter.detach(), wanted.detach(), rtol=1e-6, atol=1e-7, because=because)


@given(game=games("discriminator", dtype=torch.float64))
def test_discriminator_step__ends_where_the_reference_ends(submission, reference, game):
    """Two of its steps take D where two of the reference's take it."""
    other = clone(game)
    for _ in range(2):
        submission.discriminator_step(*game)
        reference.discriminator_step(*other)
    _ends_alike(game.discriminator, other.discriminator)


@given(game=games("generator", dtype=torch.float64))
def test_generator_step__ends_where_the_reference_ends(submission, reference, game):
    """Two of its steps take G where two of the reference's take it."""
    other = clone(game)
    for each, step in ((game, submission.generator_step), (other, reference.generator_step)):
        for _ in range(2):
            step(each.generator, each.discriminator, each.optimizer, each.noise)
    _ends_alike(game.generator, other.generator)


@training(measures="the W1 distance of 2,000 generated samples from N(4, 0.5)", below=1.2)
def test_generator_step__draws_samples_like_the_real_ones(submission, seed, device):
    """A GAN in one dimension, its generator moved by your steps, ends near the real samples."""
    draws = torch.Generator().manual_seed(seed)
    leaky = (nn.LeakyReLU(0.2), nn.LeakyReLU(0.2))  # plain ReLUs die, and D with them
    judge = nn.Sequential(nn.Linear(1, 32), leaky[0], nn.Linear(32, 32), leaky[1], nn.Linear(32, 1))
    generator = MLP(2, 32, 1)
    for player in (generator, judge):
        randomize(player, draws)
        player.to(device)
    optimizer = Adam(generator.parameters(), lr=4e-3, betas=(0.0, 0.9))
    step = adam(judge.parameters(), 4e-3, betas=(0.0, 0.9))
    for _ in range(300):
        real = 4 + 0.5 * torch.randn(128, 1, generator=draws).to(device)
        with torch.no_grad():
            fake = generator(torch.randn(128, 2, generator=draws).to(device))
        step(_cross_entropy(judge(real), judge(fake)))
        submission.generator_step(generator, judge, optimizer, torch.randn(128, 2, generator=draws).to(device))
    with torch.no_grad():
        fake = generator(torch.randn(2000, 2, generator=draws).to(device)).flatten()
    real = 4 + 0.5 * torch.randn(2000, generator=draws).to(device)
    return float((fake.sort().values - real.sort().values).abs().mean())
