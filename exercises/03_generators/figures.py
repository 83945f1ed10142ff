"""Figures of unit 03: warped noise, pieces of a line, the entropy of images."""

from __future__ import annotations

import functools

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from autograder.data import digits, ring_of_gaussians
from autograder.models import MLP, randomize
from autograder.plotting import BLUE, GREEN, GREY, ORANGE
from autograder.training import adam


def figure_warped_noise(implementation) -> Figure:
    """Noise over a grid, what a trained generator makes of both, and two ways from one heap to another."""
    model = _generator()
    generator = torch.Generator().manual_seed(1)
    noise = torch.randn(600, 2, generator=generator)
    with torch.no_grad():
        made = model(noise)
    figure = Figure(figsize=(11.0, 4.4), layout="constrained")
    before, after, ways = figure.subplots(1, 3)
    for axes, points, warp, title in (
        (before, noise, lambda line: line, "noise z"),
        (after, made, model, "what the generator makes of it"),
    ):
        for line in _grid():
            with torch.no_grad():
                axes.plot(*warp(line).T, color=GREY, linewidth=0.5, alpha=0.7)
        axes.plot(*points.T, ".", color=BLUE, markersize=3)
        axes.set(title=title, aspect="equal", xlabel="first coordinate", ylabel="second coordinate")
    ends = _distant_latents(model)
    times = torch.linspace(0, 1, 15)
    with torch.no_grad():
        round_about = model(implementation.slerp(*ends, times).detach())
        straight = torch.lerp(*model(ends), times[:, None])
    ways.plot(*made.T, ".", color="#bbbbbb", markersize=3)
    ways.plot(*straight.T, "s-", color=ORANGE, markersize=4, label="straight through the data space")
    ways.plot(*round_about.T, "o-", color=GREEN, markersize=4, label="through the latent space, by slerp")
    ways.set(
        title="two ways between two samples",
        aspect="equal",
        xlabel="first coordinate",
        xlim=(-3.1, 3.1),
        ylim=(-2.9, 3.9),
    )
    ways.legend(loc="upper center", fontsize=8)
    return figure


def figure_pieces_of_a_line(implementation) -> Figure:
    """Uniform numbers against the cumulative sum, and how often each category comes."""
    probs = torch.tensor([0.15, 0.0, 0.4, 0.1, 0.35])
    edges = torch.cat([torch.zeros(1), probs.cumsum(0)])
    figure = Figure(figsize=(9.0, 3.6), layout="constrained")
    line, bars = figure.subplots(1, 2, width_ratios=(1.5, 1))
    line.stairs(range(len(probs)), edges.tolist(), baseline=None, color="black", linewidth=2)
    u = torch.tensor([0.07, 0.3, 0.5, 0.6, 0.88])
    for x, category in zip(u.tolist(), implementation.inverse_cdf_sample(u, probs).tolist(), strict=True):
        line.annotate("", (0, category), (x, category), arrowprops={"arrowstyle": "->", "color": BLUE})
        line.plot([x, x], [-0.5, category], ":", color=BLUE)
        line.plot(x, category, "o", color=BLUE)
    line.set(title="each u finds its piece", xlabel="u", ylabel="category", xlim=(0, 1), ylim=(-0.5, 4.5))
    drawn = implementation.inverse_cdf_sample(torch.rand(2000, generator=torch.Generator().manual_seed(0)), probs)
    shares = torch.bincount(drawn, minlength=len(probs))[: len(probs)].double() / len(drawn)
    places = torch.arange(len(probs))
    bars.bar((places - 0.2).tolist(), probs.tolist(), 0.4, color=GREY, label="probability")
    bars.bar((places + 0.2).tolist(), shares.tolist(), 0.4, color=BLUE, label="share of 2,000 draws")
    bars.set(title="and comes as often as it should", xlabel="category", ylabel="share", ylim=(0, 0.52))
    bars.legend(fontsize=9)
    return figure


def figure_entropy_of_images(implementation) -> Figure:
    """Digits, the same pixels shuffled, and noise, over the entropies of their histograms."""
    pictures = digits().test_x[:200]
    generator = torch.Generator().manual_seed(0)
    order = torch.rand(200, 64, generator=generator).argsort(1)
    kinds = {
        "digits": (pictures, BLUE, "o"),
        "the same pixels, shuffled": (pictures.flatten(1).gather(1, order).reshape(pictures.shape), ORANGE, "x"),
        "uniform noise": (torch.rand(pictures.shape, generator=generator), GREEN, "s"),
    }
    figure = Figure(figsize=(9.0, 4.2), layout="constrained")
    top, bottom = figure.subfigures(2, 1, height_ratios=(1, 1.4))
    rows = top.subplots(1, 15)
    axes = bottom.subplots()
    for place, (name, (images, colour, marker)) in enumerate(kinds.items()):
        for column in range(5):
            each = rows[5 * place + column]
            each.imshow(images[column, 0], cmap="gray", vmin=0, vmax=1)
            each.set(xticks=[], yticks=[])
        rows[5 * place + 2].set_title(name, fontsize=10)
        entropy = implementation.image_entropy(images, 16).detach()
        axes.plot(
            entropy[:60].tolist(), marker, color=colour, markersize=4, label=f"{name}: {float(entropy.mean()):.2f}"
        )
    axes.axhline(float(torch.tensor(16.0).log()), color="black", linewidth=0.8, linestyle=":")
    axes.text(59, 2.79, "log 16", ha="right", fontsize=9)
    axes.set(xlabel="image", ylabel="entropy of 16 bins (nats)", ylim=(0.5, 3.0))
    axes.legend(fontsize=9, loc="lower right", ncols=3, title="mean of 200 images (nats)", title_fontsize=9)
    return figure


def figure_density(implementation) -> Figure:
    """Contours of the density that a matrix gives to noise, over samples of it."""
    A, b = torch.tensor([[1.2, 0.9], [-0.3, 0.8]]), torch.tensor([0.5, -0.5])
    noise = torch.randn(500, 2, generator=torch.Generator().manual_seed(0))
    ticks = torch.linspace(-5, 5, 121)
    across, up = torch.meshgrid(ticks, ticks, indexing="xy")
    heights = implementation.push_forward_log_prob(torch.stack([across, up], -1).reshape(-1, 2), A, b).detach()
    figure = Figure(figsize=(5.6, 4.6), layout="constrained")
    axes = figure.subplots()
    shown = axes.contourf(
        ticks, ticks, heights.reshape(across.shape).clamp(min=-10), levels=list(range(-10, 0)), cmap="cividis"
    )
    axes.plot(*(noise @ A.T + b).T, ".", color=ORANGE, markersize=3, label="A z + b")
    axes.set(title="log density of A z + b", xlabel="first coordinate", ylabel="second coordinate", aspect="equal")
    axes.set(xlim=(-5, 5), ylim=(-5, 5))
    axes.legend(loc="upper left", fontsize=9)
    figure.colorbar(shown, ax=axes, label="log density (nats), −10 and below alike")
    return figure


def _grid() -> list[Tensor]:
    """Lines of a grid over [-2.5, 2.5] squared."""
    fine, coarse = torch.linspace(-2.5, 2.5, 101), torch.linspace(-2.5, 2.5, 21)
    lines = [torch.stack([fine, torch.full_like(fine, each)], 1) for each in coarse.tolist()]
    return lines + [line.flip(1) for line in lines]


def _distant_latents(model: nn.Module) -> Tensor:
    """Two latents of one length, at a right angle, whose samples lie far apart."""
    turns = torch.arange(72) * torch.pi / 36
    latents = 1.5 * torch.stack([turns.cos(), turns.sin()], 1)
    with torch.no_grad():
        made = model(latents)
    apart = (made - made.roll(-18, 0)).norm(dim=1)
    first = int(apart.argmax())
    return torch.stack([latents[first], latents[(first + 18) % 72]])


@functools.cache
def _generator() -> nn.Module:
    """A network that takes normal noise to a ring of eight Gaussians, trained with the energy distance."""
    generator = torch.Generator().manual_seed(0)
    model = MLP(2, 96, 96, 2)
    randomize(model, generator)
    step = adam(model.parameters(), 5e-3)
    for number in range(1500):
        if number == 1200:
            step = adam(model.parameters(), 1e-3)
        real = ring_of_gaussians(256, seed=number)[0]
        made, again = (model(torch.randn(256, 2, generator=generator)) for _ in range(2))
        step(2 * torch.cdist(made, real).mean() - torch.cdist(made, again).mean())
    return model.eval()
