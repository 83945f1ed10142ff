"""Pictures of divergences and of critics, drawn with whatever implementation they are given."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from autograder.content import load_file
from autograder.data import ring_of_gaussians
from autograder.models import MLP, randomize
from autograder.plotting import BLUE, GREY, ORANGE, PURPLE
from autograder.training import adam

_cases = load_file(Path(__file__).with_name("cases.py"))

STEPS, BATCH = 150, 256


def _bump(grid: Tensor, place: float, width: float) -> Tensor:
    return torch.softmax(-((grid - place) ** 2) / (2 * width**2), 0)


def figure_two_points(implementation) -> Figure:
    """JS and W1 of two point masses a distance θ apart, and how they change with θ."""
    grid = torch.linspace(-3.5, 3.5, 701, dtype=torch.float64)  # hundredths
    places = list(range(-300, 301, 6))
    theta = torch.tensor(places, dtype=torch.float64) / 100
    points = torch.eye(701, dtype=torch.float64)
    moved = torch.stack([points[350 + place] for place in places])
    js_points = implementation.js_divergence(points[350].expand_as(moved).clone(), moved)
    blurred = torch.stack([_bump(grid, float(each), 0.4) for each in theta])
    js_bumps = implementation.js_divergence(_bump(grid, 0.0, 0.4).expand_as(blurred).clone(), blurred)
    zero, distances, slopes = torch.zeros(1, dtype=torch.float64), [], []
    for each in theta:
        place = each.clone().requires_grad_()
        distance = implementation.wasserstein_1d(zero, place.reshape(1))
        slopes.append(float(torch.autograd.grad(distance, place)[0]))
        distances.append(float(distance.detach()))
    step = float(theta[1] - theta[0])
    apart = (theta[1:] + theta[:-1]) / 2
    flat = js_points.diff() / step
    flat[(apart.abs() < step)] = torch.nan  # the jump at 0 has no slope
    jump = theta.abs() > step / 2
    figure = Figure(figsize=(9.6, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.plot(theta, distances, color=ORANGE, linewidth=2.2, label="W1 of two points")
    for side in (theta < 0, theta > 0):
        label = "JS of two points" if bool(side[0]) else None
        left.plot(theta[side & jump], js_points[side & jump], color=BLUE, linewidth=2.2, label=label)
    left.plot(theta[~jump], js_points[~jump], "o", color=BLUE, markersize=6)
    left.plot(theta, js_bumps, color=PURPLE, linestyle="--", label="JS of two bumps, 0.4 wide")
    left.set_ylabel("divergence (JS in nats, W1 in units of θ)", fontsize=11)
    left.set_title("How far apart are 0 and θ?", fontsize=12)
    right.plot(theta, slopes, color=ORANGE, linewidth=2.2)
    right.plot(apart, flat, color=BLUE, linewidth=2.2)
    right.plot(apart, js_bumps.diff() / step, color=PURPLE, linestyle="--")
    right.set_ylabel("slope: change of the divergence with θ", fontsize=11)
    right.set_title("Which way is nearer?", fontsize=12)
    for axis in (left, right):
        axis.set_xlabel("θ, where the second distribution is", fontsize=11)
        axis.grid(alpha=0.3)
    left.set_ylim(-0.1, 3.1)
    left.legend(fontsize=10, loc="upper center")
    return figure


def _train(
    critic: nn.Module,
    implementation,
    batches: Callable[[int], tuple[Tensor, Tensor]],
    *,
    score: Callable[[Tensor], Tensor] | None = None,
    fine: Callable[[Tensor, Tensor], Tensor] | None = None,
    afterwards: Callable[[], None] | None = None,
    steps: int = STEPS,
) -> None:
    """Lets a critic tell real from fake, in large steps and then in small ones."""
    fast, slow = (adam(critic.parameters(), rate, betas=(0.5, 0.9)) for rate in (1e-2, 1e-3))
    for number in range(steps):
        real, fake = batches(number)
        scores = (score or critic)(torch.cat([real, fake]))
        loss = implementation.critic_loss(scores[: len(real)], scores[len(real) :])
        if fine is not None:
            loss = loss + fine(real, fake)
        (fast if number < 0.7 * steps else slow)(loss)
        if afterwards is not None:
            afterwards()


def _critic(seed: int) -> nn.Module:
    critic = MLP(2, 32, 32, 1, activation="relu")
    randomize(critic, torch.Generator().manual_seed(seed))
    return critic.eval()


def _normalised(critic: nn.Module, implementation) -> Callable[[Tensor], Tensor]:
    """Scores of the critic with each weight divided by its estimate of the greatest stretch."""
    generator = torch.Generator().manual_seed(0)
    vectors = {
        name: torch.randn(len(each), generator=generator) for name, each in critic.named_parameters() if each.ndim == 2
    }

    def score(x: Tensor) -> Tensor:
        divided = dict(critic.named_parameters())
        for name in vectors:
            sigma, vectors[name] = implementation.power_iteration(divided[name], vectors[name], 1)
            divided[name] = divided[name] / sigma
        return torch.func.functional_call(critic, divided, (x,))

    return score


def _clip(implementation, critic: nn.Module, limit: float) -> None:
    places = dict(critic.named_parameters())
    with torch.no_grad():
        for path, (_, after) in _cases.clipping(implementation, critic, limit).items():
            places[path.partition(".")[2]].copy_(after)


def figure_critic_surfaces(implementation) -> Figure:
    """What three tamed critics think of the plane: real points in eight heaps, fakes in one cloud amid them."""

    def batches(number: int) -> tuple[Tensor, Tensor]:
        real, _ = ring_of_gaussians(BATCH, seed=number)
        generator = torch.Generator().manual_seed(number)
        return real, 0.4 * torch.randn(BATCH, 2, generator=generator) + torch.tensor([-0.5, 0.0])

    across, up = torch.meshgrid(*2 * [torch.linspace(-2.7, 2.7, 120)], indexing="xy")
    places = torch.stack([across, up], -1).reshape(-1, 2)
    critics = [_critic(1) for _ in range(3)]
    generator = torch.Generator().manual_seed(0)
    spectral = _normalised(critics[0], implementation)
    _train(critics[0], implementation, batches, score=spectral)
    _train(
        critics[1],
        implementation,
        batches,
        fine=lambda real, fake: implementation.gradient_penalty(critics[1], real, fake, generator=generator),
    )
    _train(critics[2], implementation, batches, afterwards=lambda: _clip(implementation, critics[2], 0.1))
    real, fake = batches(1000)
    figure = Figure(figsize=(10.4, 5.0), layout="constrained")
    names = ("spectral normalisation", "gradient penalty, λ = 10", "weights clipped to ±0.1")
    for axis, score, name in zip(
        figure.subplots(1, 3, sharey=True), (spectral, critics[1], critics[2]), names, strict=True
    ):
        at = places.clone().requires_grad_()
        heights = score(at)
        (slopes,) = torch.autograd.grad(heights.sum(), at)
        heights = heights.detach().reshape(across.shape)
        shown = axis.contourf(across, up, heights, levels=14, cmap="cividis")
        axis.plot(*real[:120].T, "o", color="white", markeredgecolor="black", markersize=4, label="real")
        axis.plot(*fake[:120].T, "x", color=ORANGE, markersize=5, label="fake")
        figure.colorbar(shown, ax=axis, location="bottom", shrink=0.9, label="score")
        with torch.no_grad():
            gap = -float(implementation.critic_loss(score(real), score(fake)))
        axis.set_title(f"{name}\ngap {gap:.2f}, mean slope {float(slopes.norm(dim=1).mean()):.2f}", fontsize=11)
        axis.set_xlabel("first coordinate", fontsize=11)
        axis.set_aspect("equal")
    figure.axes[0].set_ylabel("second coordinate", fontsize=11)
    figure.axes[0].legend(fontsize=9, loc="upper left")
    return figure


def figure_estimate_against_weight(implementation) -> Figure:
    """What a critic that pays the gradient penalty reads for a shift of 2, against the penalty's weight λ."""
    shift = 2.0

    def batches(number: int) -> tuple[Tensor, Tensor]:
        both = torch.randn(2, BATCH, 2, generator=torch.Generator().manual_seed(number))
        return both[0] + torch.tensor([shift, 0.0]), both[1]

    weights, readings = [0.5, 1.0, 2.0, 5.0, 10.0, 20.0], []
    fresh = torch.randn(2, 8000, 2, generator=torch.Generator().manual_seed(99_999))
    for weight in weights:
        critic, generator = _critic(0), torch.Generator().manual_seed(0)

        def fine(real: Tensor, fake: Tensor, critic=critic, weight=weight, generator=generator) -> Tensor:
            real, fake = real[:64], fake[:64]
            return implementation.gradient_penalty(critic, real, fake, weight=weight, generator=generator)

        _train(critic, implementation, batches, fine=fine)
        with torch.no_grad():
            real, fake = critic(fresh[0] + torch.tensor([shift, 0.0])), critic(fresh[1])
            readings.append(-float(implementation.critic_loss(real, fake)))
    critic = _critic(0)
    score = _normalised(critic, implementation)
    _train(critic, implementation, batches, score=score)
    with torch.no_grad():
        exact = -float(implementation.critic_loss(score(fresh[0] + torch.tensor([shift, 0.0])), score(fresh[1])))
    line = torch.logspace(-0.35, 1.4, 100)
    figure = Figure(figsize=(7.2, 4.4), layout="constrained")
    axis = figure.subplots()
    axis.plot(line, shift * (1 + shift / (2 * line)), color=GREY, label="Δ(1 + Δ/2λ)")
    axis.plot(weights, readings, "o", color=BLUE, markersize=8, label="read by a fined critic")
    axis.axhline(exact, color=ORANGE, linestyle="--", label="read by a spectrally normalised critic")
    axis.axhline(shift, color="black", linewidth=0.9, linestyle=":", label="true W1, Δ = 2")
    axis.set_xscale("log")
    axis.set_xticks(weights, [f"{each:g}" for each in weights])
    axis.minorticks_off()
    axis.set_ylim(0, 6.9)
    axis.set_xlabel("λ, the weight of the penalty", fontsize=11)
    axis.set_ylabel("distance of two Gaussians", fontsize=11)
    axis.set_title("A light penalty makes a critic that exaggerates", fontsize=12)
    axis.grid(alpha=0.3)
    axis.legend(fontsize=10)
    return figure
