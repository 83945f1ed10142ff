"""Pictures of what goes wrong, drawn with whatever implementation they are given."""

from __future__ import annotations

import json
import math
from pathlib import Path

import torch
from matplotlib.figure import Figure
from torch import Tensor

from autograder.data import digits, ring_centers
from autograder.plotting import BLUE, GREEN, GREY, ORANGE, PURPLE
from autograder.training import adam

RUNS = Path(__file__).with_name("ring_samples.json")  # of two GANs; in hundredths


def figure_modes_over_training(implementation) -> Figure:
    """Samples of two GANs on eight Gaussians; how many modes they cover, and how many samples are good."""
    centers = ring_centers()
    runs = json.loads(RUNS.read_text(encoding="utf-8"))
    figure = Figure(figsize=(12.5, 6.2), layout="constrained")
    rows = figure.subplots(len(runs), len(runs[0]["moments"]), sharex=True, sharey=True)
    for row, run, color in zip(rows, runs, (BLUE, ORANGE), strict=True):
        for axis, moment, numbers in zip(row, run["moments"], run["samples"], strict=True):
            points = torch.tensor(numbers, dtype=torch.float32) / 100
            modes, good = implementation.mode_coverage(points, centers, radius=0.3)
            for x, y in centers.tolist():
                axis.add_patch(_circle(x, y))
            axis.scatter(*points.T, s=7, color=color)
            axis.set(xlim=(-3.2, 3.2), ylim=(-3.2, 3.2), aspect="equal")
            axis.set_title(f"round {moment}\nmodes: {modes}, good: {good:.0%}", fontsize=11)
        steps = "1 step" if run["steps"] == 1 else f"{run['steps']} steps"
        row[0].set_ylabel(f"generator: {steps} a round\nsecond coordinate", fontsize=11)
    for axis in rows[-1]:
        axis.set_xlabel("first coordinate", fontsize=11)
    return figure


def _circle(x: float, y: float):
    from matplotlib.patches import Circle

    return Circle((x, y), 0.3, fill=False, color="black", linewidth=1)


def figure_copies_and_originals(implementation) -> Figure:
    """Digits from a copier, from a model that blends, and from real data, above their nearest training images."""
    data, draws = digits(), torch.Generator().manual_seed(0)
    train, heldout = data.train_x.flatten(1), data.test_x.flatten(1)
    fresh, heldout = heldout[:250], heldout[250:]
    sources = {
        "training images\nwith a little noise": _noisy(train[torch.randperm(len(train), generator=draws)[:250]], draws),
        "a Gaussian for\neach digit": _from_gaussians(train, data.train_y, draws),
        "new real digits": fresh,
    }
    figure = Figure(figsize=(10.0, 5.6), layout="constrained")
    parts = figure.subfigures(len(sources), 1)
    for part, (name, images) in zip(parts, sources.items(), strict=True):
        ratio = implementation.memorization_ratio(images, train, heldout)
        nearest = torch.cdist(images, train).argmin(1)
        axes = part.subplots(2, 10)
        for column in range(10):
            axes[0, column].imshow(images[column].reshape(8, 8), cmap="Greys", vmin=0, vmax=1)
            axes[1, column].imshow(train[nearest[column]].reshape(8, 8), cmap="Greys", vmin=0, vmax=1)
        for axis in axes.flat:
            axis.set_xticks([])
            axis.set_yticks([])
        axes[0, 0].set_ylabel("sample", rotation=0, ha="right", va="center", fontsize=10)
        axes[1, 0].set_ylabel("nearest", rotation=0, ha="right", va="center", fontsize=10)
        part.suptitle(f"{name}: ratio {ratio:.2f}".replace("\n", " "), fontsize=12)
    return figure


def _noisy(images: Tensor, draws: torch.Generator) -> Tensor:
    return (images + 0.03 * torch.randn(images.shape, generator=draws)).clamp(0, 1)


def _from_gaussians(train: Tensor, labels: Tensor, draws: torch.Generator) -> Tensor:
    """25 images of each digit from a Gaussian along the first directions in which its images vary."""
    drawn = []
    for digit in range(10):
        mine = train[labels == digit]
        _, spread, ways = torch.linalg.svd(mine - mine.mean(0), full_matrices=False)
        steps = torch.randn(25, 12, generator=draws) * spread[:12] / math.sqrt(len(mine))
        drawn.append((mine.mean(0) + steps @ ways[:12]).clamp(0, 1))
    return torch.cat(drawn)[torch.randperm(250, generator=draws)]


def figure_temperatures(implementation) -> Figure:
    """Soft draws among three words at four temperatures, in the triangle of all probability vectors."""
    probs = torch.tensor([0.6, 0.3, 0.1])
    corners = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.5, math.sqrt(0.75)]])
    figure = Figure(figsize=(12.0, 3.5), layout="constrained")
    for axis, tau in zip(figure.subplots(1, 4), (0.1, 0.5, 1.0, 5.0), strict=True):
        draws = torch.Generator().manual_seed(0)
        soft = implementation.gumbel_softmax(probs.log().expand(600, -1), tau=tau, generator=draws)
        for word, color, mark in zip(range(3), (BLUE, ORANGE, GREEN), "os^", strict=True):
            mine = soft[soft.argmax(1) == word]
            axis.scatter(*(mine @ corners).T, s=12, color=color, marker=mark, alpha=0.5, linewidths=0)
            share = f"word {word + 1}\n{len(mine) / len(soft):.0%}, wanted {float(probs[word]):.0%}"
            x, y = corners[word].tolist()
            axis.text(x, y + (0.06 if y else -0.06), share, ha="center", va="bottom" if y else "top", fontsize=9)
        axis.plot(*corners[[0, 1, 2, 0]].T, color=GREY, linewidth=1)
        axis.set(xlim=(-0.25, 1.25), ylim=(-0.25, 1.15), aspect="equal", title=f"temperature {tau:g}")
        axis.axis("off")
    figure.suptitle("The colour is the greatest entry: temperature changes how sharp a draw is, not how often it falls")
    return figure


def figure_learning_words(implementation) -> Figure:
    """How many of forty words a writer learns from a judge's slope, by how it chooses them."""
    ways = {
        "gumbel_softmax, hard": lambda likes, draws: implementation.gumbel_softmax(likes, hard=True, generator=draws),
        "gumbel_softmax, soft": lambda likes, draws: implementation.gumbel_softmax(likes, generator=draws),
        "straight_through_argmax": lambda likes, draws: implementation.straight_through_argmax(likes),
        "argmax": lambda likes, draws: torch.nn.functional.one_hot(likes.argmax(-1), likes.shape[-1]).float(),
    }
    looks = [(BLUE, "-"), (GREEN, "--"), (ORANGE, "-."), (PURPLE, ":")]
    figure = Figure(figsize=(7.6, 4.2), layout="constrained")
    axis = figure.subplots()
    for (name, choose), (color, line) in zip(ways.items(), looks, strict=True):
        draws = torch.Generator().manual_seed(0)
        meanings = torch.nn.functional.normalize(torch.randn(8, 4, generator=draws), dim=1)
        wanted = torch.randint(8, (40,), generator=draws)
        likes = (0.01 * torch.randn(40, 8, generator=draws)).requires_grad_()
        step, learnt = adam([likes], 0.1), []
        for _ in range(61):
            learnt.append(int((likes.argmax(-1) == wanted).sum()))
            words = choose(likes, draws)
            if words.requires_grad:
                step((words @ meanings - meanings[wanted]).square().sum(-1).mean())
        axis.plot(learnt, color=color, linestyle=line, linewidth=2.2, label=name)
    axis.set(ylim=(-1, 42))
    axis.set_xlabel("steps down the judge's slope", fontsize=11)
    axis.set_ylabel("words learnt, of 40", fontsize=11)
    axis.grid(alpha=0.3)
    axis.legend(fontsize=10, loc="center right")
    axis.set_title("Through a plain choice nothing is learnt", fontsize=12)
    return figure
