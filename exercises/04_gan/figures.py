"""Pictures of two players, drawn with whatever implementation they are given."""

from __future__ import annotations

import math

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.optim import Adam

from autograder.data import ring_centers, ring_of_gaussians
from autograder.models import MLP, randomize
from autograder.plotting import BLUE, GREEN, GREY, ORANGE

SHIFT = 1.5  # of the generated samples, N(1.5, 1), against the real ones, N(0, 1)


def _player(*sizes: int, seed: int, activation: str = "tanh") -> nn.Module:
    player = MLP(*sizes, activation=activation)
    randomize(player, torch.Generator().manual_seed(seed))
    return player


def _bell(x: Tensor, mean: float) -> Tensor:
    return torch.exp(-((x - mean) ** 2) / 2) / math.sqrt(2 * math.pi)


def figure_learned_discriminator(implementation) -> Figure:
    """What D learns about two Gaussians, over p/(p + q), and the value of the game meanwhile."""
    x = torch.linspace(-4.0, 5.5, 400)
    p, q = _bell(x, 0.0), _bell(x, SHIFT)
    generator, judge = nn.Linear(1, 1), _player(1, 16, 1, seed=1)
    with torch.no_grad():
        generator.weight.fill_(1.0)
        generator.bias.fill_(SHIFT)
    optimizer = Adam(judge.parameters(), lr=0.01, betas=(0.5, 0.9))
    draws = torch.Generator().manual_seed(0)
    tests = torch.randn(2, 5000, 1, generator=draws)
    tests[1] += SHIFT
    shown, values, shades = {0: [], 20: [], 200: []}, [], ["#9ecae1", "#4292c6", BLUE]
    for step in range(201):
        with torch.no_grad():
            values.append(float(implementation.gan_value(judge(tests[0]), judge(tests[1]))))
            if step in shown:
                shown[step] = torch.sigmoid(judge(x[:, None])).flatten().tolist()
        real, noise = torch.randn(2, 256, 1, generator=draws)
        implementation.discriminator_step(generator, judge, optimizer, real, noise)
    figure = Figure(figsize=(9.6, 4.4), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[3, 2])
    left.fill_between(x, p, color=GREY, alpha=0.35, label="p, real")
    left.fill_between(x, q, color=ORANGE, alpha=0.35, label="q, generated")
    for (step, curve), shade in zip(shown.items(), shades, strict=True):
        left.plot(x, curve, color=shade, linewidth=2, label=f"D after {step} steps")
    best = implementation.optimal_discriminator(p, q)
    left.plot(x, best, color="black", linestyle="--", linewidth=1.5, label="p/(p + q)")
    left.set_xlabel("sample x", fontsize=11)
    left.set_ylabel("density; probability of real", fontsize=11)
    left.set_ylim(0, 1.02)
    left.legend(fontsize=9, ncols=3, loc="upper center", bbox_to_anchor=(0.5, -0.15))
    left.set_title("D learns the share of real samples at each place", fontsize=12)
    grid = torch.linspace(-10.0, 12.0, 4001, dtype=torch.float64)
    real, fake = _bell(grid, 0.0), _bell(grid, SHIFT)
    middle, width = (real + fake) / 2, float(grid[1] - grid[0])
    divergence = width * float((real * (real / middle).log() + fake * (fake / middle).log()).sum()) / 2
    right.plot(values, color=BLUE, linewidth=2, label="value on 5,000 samples each")
    right.axhline(2 * divergence - 2 * math.log(2), color="black", linestyle="--", label="2·JSD − 2·log 2")
    right.axhline(-2 * math.log(2), color=GREY, linestyle=":", label="−2·log 2 (D says 1/2)")
    right.set_xlabel("steps of D, G stands still", fontsize=11)
    right.set_ylabel("value of the game (nats)", fontsize=11)
    right.set_ylim(max(min(values[5:]) - 0.3, -3.0), -0.9)
    right.legend(fontsize=9, loc="lower right")
    right.set_title("and the value climbs to its most", fontsize=12)
    return figure


def figure_samples_over_training(implementation) -> Figure:
    """Generated points on their way to eight Gaussians on a circle, over what D says of every place."""
    generator = _player(4, 64, 64, 2, seed=2, activation="relu")
    judge = _player(2, 64, 64, 1, seed=3, activation="relu")
    first = Adam(judge.parameters(), lr=2e-3, betas=(0.0, 0.9))
    second = Adam(generator.parameters(), lr=1e-3, betas=(0.0, 0.9))
    draws, look = torch.Generator().manual_seed(0), torch.randn(300, 4, generator=torch.Generator().manual_seed(9))
    data, _ = ring_of_gaussians(20_000, seed=0)
    across, up = torch.meshgrid(torch.linspace(-3, 3, 80), torch.linspace(-3, 3, 80), indexing="xy")
    places, moments = torch.stack([across, up], -1).reshape(-1, 2), (0, 50, 200, 500, 900)
    figure = Figure(figsize=(12.5, 3.2), layout="constrained")
    axes = figure.subplots(1, len(moments), sharey=True)
    panels = iter(axes)
    for step in range(moments[-1] + 1):
        if step in moments:
            axis = next(panels)
            with torch.no_grad():
                belief = torch.sigmoid(judge(places)).reshape(across.shape)
                points = generator(look)
            shown = axis.pcolormesh(across, up, belief, cmap="cividis", vmin=0, vmax=1, shading="gouraud")
            axis.scatter(*ring_centers().T, s=70, facecolors="none", edgecolors="white", linewidths=1.6)
            axis.scatter(*points.T, s=7, color=ORANGE, edgecolors="black", linewidths=0.2)
            axis.set(xlim=(-3, 3), ylim=(-3, 3), aspect="equal", xlabel="first coordinate")
            axis.set_title(f"after {step} steps each", fontsize=11)
        real = data[torch.randint(len(data), (128,), generator=draws)]
        noise = torch.randn(2, 128, 4, generator=draws)
        implementation.discriminator_step(generator, judge, first, real, noise[0])
        implementation.generator_step(generator, judge, second, noise[1])
    axes[0].set_ylabel("second coordinate")
    figure.colorbar(shown, ax=axes, label="σ(D), probability of real", shrink=0.9)
    return figure


def figure_gradients_of_both_losses(implementation) -> Figure:
    """Both losses of the generator, and how hard they pull, against what D says of a fake."""
    figure = Figure(figsize=(9.6, 4.0), layout="constrained")
    left, right = figure.subplots(1, 2)
    logits = torch.linspace(-10, 10, 401, dtype=torch.float64)
    for kind, color, line in (("non_saturating", BLUE, "-"), ("minimax", ORANGE, "--")):
        leaf = logits.clone().requires_grad_()
        losses = torch.stack([implementation.generator_loss(each.reshape(1), kind=kind) for each in leaf])
        (slopes,) = torch.autograd.grad(losses.sum(), leaf)
        left.plot(logits, losses.detach(), color=color, linestyle=line, linewidth=2, label=kind)
        right.plot(logits, slopes.abs(), color=color, linestyle=line, linewidth=2, label=kind)
    for axis in (left, right):
        axis.axvline(0, color=GREEN, linewidth=1, linestyle=":")
        axis.set_xlabel("logit of a fake: D is sure of it ←   → D is taken in", fontsize=11)
        axis.grid(alpha=0.3)
        axis.legend(fontsize=10)
    left.set_ylabel("loss (nats)", fontsize=11)
    right.set_ylabel("size of the slope", fontsize=11)
    left.set_title("Both losses fall as D is taken in", fontsize=12)
    right.set_title("Early on, at the left, only one of them pulls", fontsize=12)
    return figure
