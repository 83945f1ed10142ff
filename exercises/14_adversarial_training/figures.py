"""Pictures of adversarial training, drawn with whatever implementation it is given and the `pgd` of unit 13."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from autograder.data import digits, two_moons
from autograder.errors import NotStarted
from autograder.implementation import load_implementation
from autograder.models import MLP, randomize
from autograder.plotting import BLUE, GREY, ORANGE

SHADES = ["#cfe3f2", "#e7f1f8", "#fbeade", "#f6d3bd"]  # from class 0 to class 1
EPS = 0.1
Attack = Callable[[nn.Module, Tensor, Tensor], Tensor]


def _pgd() -> Callable[..., Tensor]:
    """Your own attack from unit 13; the instructor's where yours is not written and that is there."""
    file, root = Path("13_attacks") / "attacks.py", Path(__file__).parents[2]
    try:
        return load_implementation(root / "exercises" / file).function("pgd")
    except NotStarted:
        return load_implementation(root / "solutions" / file).function("pgd")


def _climber(steps: int, eps: float, **box: float) -> Attack:
    pgd = _pgd()
    return lambda model, x, y: pgd(model, x, y, eps, alpha=eps / 4, steps=steps, **box)


def _nothing(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """The attack that leaves images as they are: training under it is standard training."""
    return x


def _network(*sizes: int) -> nn.Module:
    model = MLP(*sizes, activation="relu")
    randomize(model, torch.Generator().manual_seed(0))
    return model


def _trained(implementation, attack: Attack, *, epochs: int = 12) -> nn.Module:
    data, model = digits(), _network(64, 64, 64, 10)
    options = {"epochs": epochs, "batch_size": 64, "lr": 5e-3, "generator": torch.Generator().manual_seed(0)}
    implementation.adversarial_training(model, data.train_x, data.train_y, attack, **options)
    return model.eval()


def figure_accuracy_by_epoch(implementation) -> Figure:
    """Accuracy on clean and on attacked digits, epoch by epoch, for two trainings that differ in the attack alone."""
    data, weak, strong, epochs = digits(), _climber(5, EPS), _climber(20, EPS), 15
    figure = Figure(figsize=(7.4, 4.6), layout="constrained")
    axis = figure.subplots()
    for name, attack, color, marker in (("standard", _nothing, BLUE, "s"), ("adversarial", weak, ORANGE, "o")):
        model, generator, clean, robust = _network(64, 64, 64, 10), torch.Generator().manual_seed(0), [], []
        for _ in range(epochs):
            options = {"epochs": 1, "batch_size": 64, "lr": 2e-3, "generator": generator}
            implementation.adversarial_training(model, data.train_x, data.train_y, attack, **options)
            clean.append(implementation.robust_accuracy(model, data.test_x, data.test_y, _nothing))
            robust.append(implementation.robust_accuracy(model, data.test_x, data.test_y, strong))
        numbers = range(1, epochs + 1)
        style = {"color": color, "marker": marker, "markersize": 5}
        axis.plot(numbers, clean, linestyle="-", label=f"{name} training, clean digits", **style)
        axis.plot(numbers, robust, linestyle="--", markerfacecolor="white", label=f"{name} training, attacked", **style)
    axis.set_xlabel("epochs of training", fontsize=11)
    axis.set_ylabel("accuracy on 500 digits that were not trained on", fontsize=11)
    axis.set_ylim(0, 1.02)
    axis.grid(alpha=0.3)
    axis.legend(fontsize=10, loc="lower right")
    axis.set_title(f"Learnt under 5 steps of PGD, judged under 20 (ε = {EPS})", fontsize=12)
    return figure


def figure_decision_boundary(implementation) -> Figure:
    """Two moons, the border between their classes before and after, and the balls in which an attack may move."""
    x, y = two_moons(60, seed=0)
    eps, box = 0.2, (-1.5, 2.5, -1.0, 1.5)
    wide = {"low": -5.0, "high": 5.0}
    across, up = torch.meshgrid(torch.linspace(*box[:2], 200), torch.linspace(*box[2:], 150), indexing="xy")
    figure = Figure(figsize=(9.8, 4.0), layout="constrained")
    trainings = (("standard", _nothing), ("adversarial", _climber(5, eps, **wide)))
    for axis, (name, attack) in zip(figure.subplots(1, 2, sharey=True), trainings, strict=True):
        model = _network(2, 32, 32, 2)
        options = {"epochs": 60, "batch_size": 32, "lr": 1e-2, "generator": torch.Generator().manual_seed(0)}
        implementation.adversarial_training(model, x, y, attack, **options)
        clean = implementation.robust_accuracy(model, x, y, _nothing)
        robust = implementation.robust_accuracy(model, x, y, _climber(20, eps, **wide))
        with torch.no_grad():
            heights = model.eval()(torch.stack([across, up], -1).reshape(-1, 2)).softmax(-1)[:, 1]
        heights = heights.reshape(across.shape)
        axis.contourf(across, up, heights, levels=[0, 0.25, 0.5, 0.75, 1], colors=SHADES)
        axis.contour(across, up, heights, levels=[0.5], colors="black", linewidths=1.6)
        for (a, b), label in zip(x.tolist(), y.tolist(), strict=True):
            color = (BLUE, ORANGE)[label]
            square = {"facecolor": "none", "edgecolor": color, "linewidth": 0.7}
            axis.add_patch(_square(a, b, eps, **square))
            axis.plot(a, b, "os"[label], color=color, markersize=4)
        axis.set_title(f"{name} training: {clean:.0%} clean, {robust:.0%} under attack", fontsize=12)
        axis.set_xlabel("first coordinate", fontsize=11)
        axis.set_xlim(*box[:2])
        axis.set_ylim(*box[2:])
        axis.set_aspect("equal")
    figure.axes[0].set_ylabel("second coordinate", fontsize=11)
    figure.suptitle(f"Squares: where an attack of ε = {eps} may take a point. Black: the border", fontsize=12)
    return figure


def _square(a: float, b: float, eps: float, **style):
    from matplotlib.patches import Rectangle

    return Rectangle((a - eps, b - eps), 2 * eps, 2 * eps, **style)


def _influences(model: nn.Module, image: Tensor, label: int) -> Tensor:
    """How the logit of `label` changes when one pixel after another is made a little brighter."""
    nudges = 1e-2 * torch.eye(image.numel()).reshape(-1, *image.shape)
    with torch.no_grad():
        return (model(image + nudges) - model(image - nudges))[:, label].reshape(image.shape[-2:]) / 2e-2


def figure_saliency(implementation) -> Figure:
    """What two networks look at in six digits: the influence of each pixel on the logit of the right answer."""
    data = digits()
    chosen = [int((data.test_y == digit).nonzero()[2]) for digit in (0, 2, 3, 4, 7, 9)]
    networks = [_trained(implementation, _nothing), _trained(implementation, _climber(5, EPS))]
    figure = Figure(figsize=(9.6, 5.2), layout="constrained")
    axes = figure.subplots(3, len(chosen))
    for column, index in enumerate(chosen):
        image, label = data.test_x[index], int(data.test_y[index])
        axes[0, column].imshow(image[0], cmap="gray", vmin=0, vmax=1)
        for row, model in enumerate(networks, 1):
            influence = _influences(model, image, label)
            most = float(influence.abs().max())
            last = axes[row, column].imshow(influence / most, cmap="PuOr", vmin=-1, vmax=1)
    for row, name in enumerate(("digit", "standard\ntraining", "adversarial\ntraining")):
        axes[row, 0].set_ylabel(name, fontsize=11)
    for axis in axes.flat:
        axis.set_xticks([])
        axis.set_yticks([])
    bar = figure.colorbar(last, ax=axes[1:], shrink=0.9, ticks=[-1, 0, 1])
    bar.set_label("influence of a pixel on the right\nlogit (greatest of an image = 1)", fontsize=10)
    figure.suptitle("Purple pixels speak for the digit when brighter, orange ones against it", fontsize=12)
    return figure
