"""A conditional GAN on four Gaussians, whose discriminator may be kept from seeing the condition.

It stands here because it holds answers to unit 04. The hidden checks train with it; run as a script it records the
generators that the figures show:

    python solutions/07_conditional_gan/pairs_gan.py
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from autograder.content import load_file
from autograder.data import ring_of_gaussians
from autograder.models import randomize
from autograder.training import adam

CLASSES = 4
NOISE = 2
HERE = Path(__file__)
RECORD = HERE.parents[2] / "exercises" / "07_conditional_gan" / "trained_generators.json"


def player(*sizes: int) -> nn.Sequential:
    """A perceptron with leaky hidden layers."""
    layers: list[nn.Module] = []
    for before, after in itertools.pairwise(sizes[:-1]):
        layers += [nn.Linear(before, after), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, nn.Linear(sizes[-2], sizes[-1]))


def train(
    seed: int,
    device,
    *,
    concat: Callable[..., Tensor],
    mismatched: Callable[..., Tensor],
    loss: Callable[..., Tensor],
    blind: bool = False,
    steps: int = 300,
    width: int = 32,
    batch: int = 64,
) -> tuple[nn.Module, nn.Module]:
    """The generator and the discriminator after `steps` steps each.

    Args:
        seed: of everything drawn.
        device: where to train.
        concat: `concat_condition`.
        mismatched: `mismatched_labels`.
        loss: `conditional_discriminator_loss`.
        blind: tell the discriminator class 0 whatever the condition is.
        steps: of each player.
        width: of hidden layers.
        batch: samples a step.
    """
    draws = torch.Generator().manual_seed(seed)
    generator, judge = player(NOISE + CLASSES, width, width, 2), player(2 + CLASSES, width, width, 1)
    for each in (generator, judge):
        randomize(each, draws)
        each.to(device)
    move_generator, move_judge = (adam(each.parameters(), 3e-3, betas=(0.0, 0.9)) for each in (generator, judge))
    data, classes = ring_of_gaussians(4000, seed=seed, modes=CLASSES, std=0.3)

    def made(labels: Tensor) -> Tensor:
        noise = torch.randn(batch, NOISE, generator=draws).to(device)
        return generator(concat(noise, labels, CLASSES))

    def judged(x: Tensor, labels: Tensor) -> Tensor:
        return judge(concat(x, 0 * labels if blind else labels, CLASSES))

    for _ in range(steps):
        chosen = torch.randint(len(data), (batch,), generator=draws)
        real, labels = data[chosen].to(device), classes[chosen].to(device)
        wrong = mismatched(labels, CLASSES)
        with torch.no_grad():
            fake = made(labels)
        move_judge(loss(judged(real, labels), judged(fake, labels), judged(real, wrong)))
        asked = torch.randint(CLASSES, (batch,), generator=draws).to(device)
        move_generator(F.softplus(-judged(made(asked), asked)).mean())
    return generator, judge


def record(seed: int = 0) -> None:
    """Writes the weights of two generators, in thousandths, to where the figures find them."""
    right = load_file(HERE.with_name("conditional_gan.py"))
    torch.manual_seed(seed)
    weights = []
    for blind in (False, True):
        generator, _ = train(
            seed,
            "cpu",
            concat=right.concat_condition,
            mismatched=right.mismatched_labels,
            loss=right.conditional_discriminator_loss,
            blind=blind,
            steps=800,
            width=24,
        )
        weights.append([(1000 * each).round().int().tolist() for each in generator.parameters()])
    RECORD.write_text(json.dumps(weights, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    torch.set_num_threads(1)
    record()
