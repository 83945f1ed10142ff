"""Pictures of attacks, drawn with whatever implementation they are given."""

from __future__ import annotations

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from autograder.data import digits, two_moons
from autograder.models import MLP
from autograder.plotting import BLUE, GREY, ORANGE
from autograder.training import accuracy, train_classifier, trained_digits_classifier

SHADES = ["#cfe3f2", "#e7f1f8", "#fbeade", "#f6d3bd"]  # from class 0 to class 1


def _probabilities(model: nn.Module, x: Tensor) -> Tensor:
    with torch.no_grad():
        return model(x).softmax(-1)


def figure_three_pictures(implementation) -> Figure:
    """A clean digit, the perturbation and their sum, for three digits, with what the network sees in them."""
    model, data, eps = trained_digits_classifier(0), digits(), 0.1
    x, y = data.test_x, data.test_y
    adversarial = implementation.pgd(model, x, y, eps, alpha=eps / 4, steps=20)
    before, after = _probabilities(model, x), _probabilities(model, adversarial)
    fooled = (before.argmax(-1) == y) & (before.amax(-1) > 0.95) & (after.argmax(-1) != y)
    chosen = [int((fooled & (y == digit)).nonzero()[0]) for digit in (3, 8, 9) if bool((fooled & (y == digit)).any())]
    figure = Figure(figsize=(7.6, 1.1 + 2.15 * max(len(chosen), 1)), layout="constrained")
    if not chosen:
        figure.text(0.5, 0.5, "no digit was fooled", ha="center")
        return figure
    axes = figure.subplots(len(chosen), 3, squeeze=False)
    for row, index in zip(axes, chosen, strict=True):
        delta = adversarial[index, 0] - x[index, 0]
        row[0].imshow(x[index, 0], cmap="gray", vmin=0, vmax=1)
        shown = row[1].imshow(delta, cmap="PuOr", vmin=-eps, vmax=eps)
        row[2].imshow(adversarial[index, 0], cmap="gray", vmin=0, vmax=1)
        row[0].set_title(f"x: “{int(before[index].argmax())}”, {float(before[index].max()):.0%} sure", fontsize=11)
        row[1].set_title("δ", fontsize=11)
        row[2].set_title(f"x + δ: “{int(after[index].argmax())}”, {float(after[index].max()):.0%} sure", fontsize=11)
        for each in row:
            each.set_xticks([])
            each.set_yticks([])
    bar = figure.colorbar(shown, ax=axes[:, 1], location="bottom", shrink=0.9, ticks=[-eps, 0, eps])
    bar.set_label("change of a pixel (black is 0, white is 1)", fontsize=9)
    figure.suptitle(f"No pixel changes by more than ε = {eps}", fontsize=12)
    return figure


def figure_accuracy_against_eps(implementation) -> Figure:
    """What is left of a network's accuracy when noise, FGSM and PGD may change each pixel by ε."""
    model, data = trained_digits_classifier(0), digits()
    x, y = data.test_x, data.test_y
    budgets = [0.0, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3]
    signs = 2.0 * torch.randint(2, x.shape, generator=torch.Generator().manual_seed(0)) - 1
    noise, single, several = [], [], []
    for eps in budgets:
        noise.append(accuracy(model, (x + eps * signs).clamp(0, 1), y))
        single.append(accuracy(model, implementation.fgsm(model, x, y, eps), y))
        steps = 20 if eps else 0
        several.append(accuracy(model, implementation.pgd(model, x, y, eps, alpha=eps / 8, steps=steps), y))
    figure = Figure(figsize=(7.2, 4.4), layout="constrained")
    axis = figure.subplots()
    axis.plot(budgets, noise, marker="o", color=GREY, label="random noise, ±ε")
    axis.plot(budgets, single, marker="s", color=BLUE, linestyle="--", label="FGSM, one step")
    axis.plot(budgets, several, marker="^", color=ORANGE, label="PGD, 20 steps of ε/8")
    axis.axhline(0.1, color="black", linewidth=0.8, linestyle=":")
    axis.text(0.3, 0.115, "guessing", ha="right", fontsize=10)
    axis.set_xlabel("ε, the most that a pixel may change (black is 0, white is 1)", fontsize=11)
    axis.set_ylabel("accuracy on 500 digits", fontsize=11)
    axis.set_ylim(0, 1.02)
    axis.grid(alpha=0.3)
    axis.legend(fontsize=10)
    axis.set_title("Noise of a size does little, an attack of that size a lot", fontsize=12)
    return figure


def figure_transfer_matrix(implementation) -> Figure:
    """Success of attacks made on one network and tried on another; the last row was made on three of them together."""
    data, eps = digits(), 0.12
    x, y = data.test_x[:300], data.test_y[:300]
    names = ["64", "32", "48-48", "tanh 64"]
    models = [MLP(64, 64, 10), MLP(64, 32, 10), MLP(64, 48, 48, 10), MLP(64, 64, 10, activation="tanh")]
    for number, model in enumerate(models):
        train_classifier(model, data.train_x, data.train_y, epochs=8, seed=number)

    class Together(nn.Module):
        def forward(self, images: Tensor) -> Tensor:
            return implementation.ensemble_logits(models[:3], images)

    sources = [*models, Together().eval()]
    clean = [_probabilities(model, x).argmax(-1) for model in models]
    table = torch.zeros(len(sources), len(models))
    for row, source in enumerate(sources):
        adversarial = implementation.pgd(source, x, y, eps, alpha=eps / 4, steps=10)
        for column, model in enumerate(models):
            after = _probabilities(model, adversarial).argmax(-1)
            table[row, column] = implementation.attack_success_rate(y, clean[column], after)
    figure = Figure(figsize=(6.6, 5.2), layout="constrained")
    axis = figure.subplots()
    shown = axis.imshow(table, cmap="cividis", vmin=0, vmax=1)
    for row in range(len(sources)):
        for column in range(len(models)):
            value = float(table[row, column])
            color = "black" if value > 0.55 else "white"
            axis.text(column, row, f"{value:.0%}", ha="center", va="center", color=color, fontsize=12)
    axis.set_xticks(range(len(models)), names)
    axis.set_yticks(range(len(sources)), [*names, "first three"])
    axis.set_xlabel("tried on (hidden units)", fontsize=11)
    axis.set_ylabel("made on", fontsize=11)
    figure.colorbar(shown, ax=axis, label="share of right answers that turn wrong")
    axis.set_title(f"Attacks transfer between networks (PGD, ε = {eps})", fontsize=12)
    return figure


def figure_moons(implementation) -> Figure:
    """Points of two moons, and where twenty steps take them in the L∞ ball and in the L2 ball."""
    x, y = two_moons(400, seed=0)
    model = train_classifier(MLP(2, 32, 32, 2), x, y, epochs=60, seed=0, lr=1e-2)
    points, labels = two_moons(24, seed=1, noise=0.08)
    eps, box = 0.3, (-1.7, 2.7, -1.2, 1.7)
    across, up = torch.meshgrid(torch.linspace(*box[:2], 160), torch.linspace(*box[2:], 120), indexing="xy")
    heights = _probabilities(model, torch.stack([across, up], -1).reshape(-1, 2))[:, 1].reshape(across.shape)
    figure = Figure(figsize=(9.6, 4.0), layout="constrained")
    for axis, norm, title in zip(figure.subplots(1, 2, sharey=True), ("linf", "l2"), ("L∞", "L2"), strict=True):
        end = implementation.pgd(model, points, labels, eps, alpha=eps / 8, steps=20, norm=norm, low=-5.0, high=5.0)
        axis.contourf(across, up, heights, levels=[0, 0.25, 0.5, 0.75, 1], colors=SHADES)
        axis.contour(across, up, heights, levels=[0.5], colors="black", linewidths=1.2)
        for (a, b), (c, d), label in zip(points.tolist(), end.tolist(), labels.tolist(), strict=True):
            axis.annotate("", (c, d), (a, b), arrowprops={"arrowstyle": "->", "color": "black", "lw": 1.0})
            axis.plot(a, b, "os"[label], color=(BLUE, ORANGE)[label], markersize=5)
        fooled = float((_probabilities(model, end).argmax(-1) != labels).double().mean())
        axis.set_title(f"{title} ball of radius {eps}: {fooled:.0%} cross the border", fontsize=12)
        axis.set_xlabel("first coordinate", fontsize=11)
        axis.set_aspect("equal")
    figure.axes[0].set_ylabel("second coordinate", fontsize=11)
    return figure
