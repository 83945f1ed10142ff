"""Pictures of conditional GANs, drawn with whatever implementation they are given."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from autograder.data import ring_centers, ring_of_gaussians
from autograder.models import MLP, randomize
from autograder.plotting import BLUE, GREEN, ORANGE, PURPLE
from autograder.training import adam

CLASSES = 4
RECORD = Path(__file__).with_name("trained_generators.json")  # weights in thousandths
LOOKS = [(BLUE, "o"), (ORANGE, "s"), (GREEN, "^"), (PURPLE, "D")]


def _generator(weights: list) -> nn.Module:
    """A perceptron with leaky hidden layers that has these weights and biases, layer by layer."""
    parts: list[nn.Module] = []
    tensors = [torch.tensor(each, dtype=torch.float32) / 1000 for each in weights]
    for weight, bias in zip(tensors[::2], tensors[1::2], strict=True):
        layer = nn.Linear(weight.shape[1], weight.shape[0])
        layer.weight.data, layer.bias.data = weight, bias
        parts += [layer, nn.LeakyReLU(0.2)]
    return nn.Sequential(*parts[:-1])


def _scatter(axis, points: Tensor, labels: Tensor) -> None:
    for label, (color, mark) in enumerate(LOOKS):
        axis.scatter(
            *points[labels == label].T, s=13, color=color, marker=mark, linewidths=0, alpha=0.8, label=f"class {label}"
        )
    axis.set(xlim=(-3.4, 3.4), ylim=(-3.4, 3.4), aspect="equal")
    axis.set_xlabel("first coordinate", fontsize=11)


def figure_asked_and_made(implementation) -> Figure:
    """Real points by class, and what two trained generators make when they are asked for each class."""
    real, classes = ring_of_gaussians(400, seed=0, modes=CLASSES, std=0.3)
    figure = Figure(figsize=(11.5, 4.8), layout="tight")
    axes = figure.subplots(1, 3)
    _scatter(axes[0], real, classes)
    axes[0].set_title("real points by class", fontsize=12)
    axes[0].set_ylabel("second coordinate", fontsize=11)
    asked = torch.arange(400) % CLASSES
    noise = torch.randn(400, 2, generator=torch.Generator().manual_seed(0))
    names = ("both players were told the class", "only the generator was told")
    for axis, name, weights in zip(axes[1:], names, json.loads(RECORD.read_text(encoding="utf-8")), strict=True):
        with torch.no_grad():
            made = _generator(weights)(implementation.concat_condition(noise, asked, CLASSES))
        right = float((torch.cdist(made, ring_centers(modes=CLASSES)).argmin(1) == asked).double().mean())
        _scatter(axis, made, asked)
        axis.set_title(f"made, by class asked for: {right:.0%} right\n{name}", fontsize=12)
    axes[0].legend(loc="center", fontsize=10)
    return figure


def _trained_judge(implementation, *, mismatched: bool) -> nn.Module:
    """A discriminator of pairs; generated points are real ones of the class asked for that were blurred a little."""
    draws = torch.Generator().manual_seed(0)
    judge = MLP(2 + CLASSES, 32, 32, 1, activation="relu")
    randomize(judge, draws)
    step = adam(judge.parameters(), 5e-3)
    data, classes = ring_of_gaussians(4000, seed=0, modes=CLASSES, std=0.3)

    def judged(x: Tensor, labels: Tensor) -> Tensor:
        return judge(implementation.concat_condition(x, labels, CLASSES))

    for _ in range(300):
        chosen = torch.randint(len(data), (128,), generator=draws)
        real, labels = data[chosen], classes[chosen]
        others = torch.randint(len(data), (128,), generator=draws)
        drawn, asked = data[others] + 0.3 * torch.randn(128, 2, generator=draws), classes[others]
        wrong = implementation.mismatched_labels(labels, CLASSES, generator=draws)
        second = judged(real, wrong) if mismatched else judged(drawn, asked)
        step(implementation.conditional_discriminator_loss(judged(real, labels), judged(drawn, asked), second))
    return judge


def figure_what_the_discriminator_says(implementation) -> Figure:
    """Mean probability of a right pair for real points of each class under each condition, two discriminators."""
    x, classes = ring_of_gaussians(2000, seed=1, modes=CLASSES, std=0.3)
    figure = Figure(figsize=(9.6, 4.6), layout="constrained")
    axes = figure.subplots(1, 2)
    for axis, mismatched in zip(axes, (False, True), strict=True):
        judge, table = _trained_judge(implementation, mismatched=mismatched), torch.zeros(CLASSES, CLASSES)
        for condition in range(CLASSES):
            with torch.no_grad():
                pairs = implementation.concat_condition(x, torch.full_like(classes, condition), CLASSES)
                said = torch.sigmoid(judge(pairs))[:, 0]
            table[:, condition] = torch.stack([said[classes == each].mean() for each in range(CLASSES)])
        shown = _table(axis, table)
        axis.set_title(f"trained {'with' if mismatched else 'without'} mismatched pairs", fontsize=12)
        axis.set_xlabel("condition that it is told", fontsize=11)
    axes[0].set_ylabel("class of the real point", fontsize=11)
    figure.colorbar(shown, ax=axes, label="mean σ(D), probability of a right pair", shrink=0.85)
    return figure


def _table(axis, table: Tensor, *, most: float = 1.0):
    shown = axis.imshow(table, cmap="cividis", vmin=0, vmax=most)
    for row in range(len(table)):
        for column in range(len(table)):
            value = float(table[row, column])
            axis.text(
                column, row, f"{value:.2f}", ha="center", va="center", color="white" if value < most / 2 else "black"
            )
    axis.set_xticks(range(len(table)))
    axis.set_yticks(range(len(table)))
    return shown


def figure_wrong_labels(implementation) -> Figure:
    """How often each class is drawn for samples of each class: by mismatched_labels, and by shuffling the batch."""
    draws = torch.Generator().manual_seed(0)
    labels = torch.multinomial(torch.tensor([0.4, 0.3, 0.2, 0.1]), 8000, replacement=True, generator=draws)
    ways = {
        "shuffled labels": labels[torch.randperm(len(labels), generator=draws)],
        "mismatched_labels": implementation.mismatched_labels(labels, CLASSES, generator=draws),
    }
    figure = Figure(figsize=(9.6, 4.6), layout="constrained")
    axes = figure.subplots(1, 2)
    for axis, (name, drawn) in zip(axes, ways.items(), strict=True):
        table = torch.stack([torch.bincount(drawn[labels == each], minlength=CLASSES).float() for each in range(4)])
        shown = _table(axis, table / table.sum(1, keepdim=True), most=0.5)
        true = float((drawn == labels).double().mean())
        axis.set_title(f"{name}: {true:.0%} are true pairs", fontsize=12)
        axis.set_xlabel("label that it gets", fontsize=11)
        for each in range(CLASSES):
            axis.add_patch(_frame(each))
    axes[0].set_ylabel("right label of the sample", fontsize=11)
    figure.colorbar(shown, ax=axes, label="share of the row's samples", shrink=0.85)
    return figure


def _frame(at: int):
    from matplotlib.patches import Rectangle

    return Rectangle((at - 0.48, at - 0.48), 0.96, 0.96, fill=False, edgecolor=ORANGE, linewidth=2)
