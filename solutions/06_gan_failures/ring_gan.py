"""A GAN on a ring of eight Gaussians whose generator may take several steps for each of the discriminator's.

It stands here because it holds answers to unit 04. The hidden checks train with it; run as a script it records the
samples that the figures show:

    python solutions/06_gan_failures/ring_gan.py
"""

from __future__ import annotations

import functools
import itertools
import json
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from autograder.data import ring_of_gaussians
from autograder.models import randomize
from autograder.training import adam

RECORD = Path(__file__).parents[2] / "exercises" / "06_gan_failures" / "ring_samples.json"
MOMENTS = {1: (30, 100, 300, 600, 1200), 20: (81, 104, 128, 141, 157)}  # rounds after which samples are recorded


def _player(*sizes: int) -> nn.Module:
    layers: list[nn.Module] = []
    for before, after in itertools.pairwise(sizes[:-1]):
        layers += [nn.Linear(before, after), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, nn.Linear(sizes[-2], sizes[-1]))


@functools.lru_cache(maxsize=8)
def samples_over_training(
    seed: int, generator_steps: int, moments: tuple[int, ...], *, count: int = 500, width: int = 32, lr: float = 4e-3
) -> tuple[Tensor, ...]:
    """Generated points `(count, 2)` after each of `moments`, numbers of rounds in ascending order.

    A round is one step of the discriminator and `generator_steps` of the generator, with batches of 64.
    """
    draws, looks = (torch.Generator().manual_seed(each) for each in (seed, seed + 1_000_000))
    generator, judge = _player(4, width, width, 2), _player(2, width, width, 1)
    for player in (generator, judge):
        randomize(player, draws)
    move_generator, move_judge = (adam(each.parameters(), lr, betas=(0.0, 0.9)) for each in (generator, judge))
    data, _ = ring_of_gaussians(5000, seed=seed)
    seen = []
    for moment in range(1, moments[-1] + 1):
        real = data[torch.randint(len(data), (64,), generator=draws)]
        with torch.no_grad():
            fake = generator(torch.randn(64, 4, generator=draws))
        move_judge(F.softplus(-judge(real)).mean() + F.softplus(judge(fake)).mean())
        for _ in range(generator_steps):
            move_generator(F.softplus(-judge(generator(torch.randn(64, 4, generator=draws)))).mean())
        if moment in moments:
            with torch.no_grad():
                seen.append(generator(torch.randn(count, 4, generator=looks)))
    return tuple(seen)


def record(seed: int = 5) -> None:
    """Writes samples, in hundredths, to where the figures find them."""
    runs = [
        {"steps": steps, "moments": moments, "samples": [(100 * each).round().int().tolist() for each in points]}
        for steps, moments in MOMENTS.items()
        for points in [samples_over_training(seed, steps, moments, count=200, width=64, lr=1e-3)]
    ]
    RECORD.write_text(json.dumps(runs, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    torch.set_num_threads(1)
    record()
