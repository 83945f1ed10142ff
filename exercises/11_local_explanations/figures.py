"""Pictures of explanations, drawn with whatever implementation they are given."""

from __future__ import annotations

import copy

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from autograder.data import circles, digits
from autograder.models import MLP
from autograder.plotting import BLUE, GREEN, GREY, ORANGE, PURPLE
from autograder.training import accuracy, train_classifier, trained_digits_classifier

SIGNED = {"cmap": "PuOr_r"}
SIZED = {"cmap": "Greys", "vmin": 0}


def _all_methods(implementation, model: nn.Module, x: Tensor, target: Tensor) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(0)
    return {
        "occlusion, 2 × 2": implementation.occlusion(model, x, target, window=2, stride=1).unsqueeze(1),
        "saliency": implementation.saliency(model, x, target),
        "SmoothGrad": implementation.smooth_grad(model, x, target, noise_level=0.2, generator=generator),
        "integrated gradients": implementation.integrated_gradients(model, x, target),
    }


def figure_one_digit(implementation) -> Figure:
    """A digit, and what four methods say of the logit of its class and of that of the runner-up."""
    model, data = trained_digits_classifier(0), digits()
    with torch.no_grad():
        logits = model(data.test_x)
    index = int(((data.test_y == 9) & (logits.argmax(1) == 9)).nonzero()[1])
    image, classes = data.test_x[index : index + 1], logits[index].argsort(descending=True)[:2]
    figure = Figure(figsize=(10.0, 4.7), layout="constrained")
    axes = figure.subplots(2, 5)
    for row, target in zip(axes, classes, strict=True):
        row[0].imshow(image[0, 0], cmap="gray", vmin=0, vmax=1)
        row[0].set_title("the image", fontsize=11)
        row[0].set_ylabel(f"why “{int(target)}”?\nlogit {float(logits[index, target]):.1f}", fontsize=12)
        maps = _all_methods(implementation, model, image, target[None])
        for axis, (name, scores) in zip(row[1:], maps.items(), strict=True):
            field = scores[0, 0]
            most = float(field.abs().max())
            look = {**SIZED, "vmax": most} if name == "saliency" else {**SIGNED, "vmin": -most, "vmax": most}
            shown = axis.imshow(field, **look)
            axis.set_title(name, fontsize=11)
            bar = figure.colorbar(shown, ax=axis, shrink=0.7, location="bottom")
            bar.ax.tick_params(labelsize=8)
    for axis in axes.flat:
        axis.set_xticks([])
        axis.set_yticks([])
    figure.suptitle("Orange speaks for the class, purple against it; saliency has no sign", fontsize=12)
    return figure


def figure_saturation(implementation) -> Figure:
    """Slope and integral where a logit stops rising; how many steps the integral takes on a trained network."""

    class Saturating(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return 1 - torch.relu(1 - x)

    model, places = Saturating().eval(), torch.linspace(0.0, 2.5, 126).unsqueeze(1)
    zeros = torch.zeros(len(places), dtype=torch.int64)
    figure = Figure(figsize=(9.6, 3.9), layout="constrained")
    left, right = figure.subplots(1, 2)
    with torch.no_grad():
        left.plot(places[:, 0], model(places)[:, 0], color=GREY, linewidth=5, alpha=0.5, label="the logit, min(1, x)")
    slope = implementation.saliency(model, places, zeros)
    left.plot(places[:, 0], slope[:, 0], color=BLUE, linestyle="--", label="saliency")
    integral = implementation.integrated_gradients(model, places, zeros, steps=200)
    left.plot(places[:, 0], integral[:, 0], color=ORANGE, label="integrated gradients")
    left.set(xlabel="x (the baseline is 0)", ylabel="logit and attribution", ylim=(-0.08, 1.25))
    left.set_title("Where the logit is flat, only the path remembers", fontsize=12)
    left.legend(fontsize=10, loc="lower right", bbox_to_anchor=(1.0, 0.12))
    _plot_gaps(implementation, right)
    for axis in (left, right):
        axis.grid(alpha=0.3)
    return figure


def _plot_gaps(implementation, axis) -> None:
    """How far contributions are from adding up, by the number of steps, on two networks."""
    data, steps = digits(), [1, 2, 4, 8, 16, 32, 64, 128]
    x, y = data.test_x[:100].double(), data.test_y[:100]
    smooth = train_classifier(MLP(64, 64, 10), data.train_x, data.train_y, seed=0, epochs=8)
    for name, model, color, mark in (
        ("ReLU network", trained_digits_classifier(0), BLUE, "o"),
        ("tanh network", smooth, ORANGE, "s"),
    ):
        model = copy.deepcopy(model).double()
        with torch.no_grad():
            rise = (model(x) - model(torch.zeros_like(x)))[range(len(x)), y]
        gaps = []
        for count in steps:
            total = implementation.integrated_gradients(model, x, y, steps=count).flatten(1).sum(1)
            gaps.append(float(((total - rise) / rise).abs().median()))
        axis.plot(steps, gaps, marker=mark, color=color, label=name)
    axis.set(xscale="log", yscale="log", xlabel="steps", ylabel="share of the rise that is missed (median)")
    axis.set_xticks(steps, [str(each) for each in steps])
    axis.minorticks_off()
    axis.set_title("How many steps?", fontsize=12)
    axis.legend(fontsize=10)


def figure_deletion_curves(implementation) -> Figure:
    """Accuracy on digits when the pixels that a method thinks most of are erased first."""
    model, data = trained_digits_classifier(0), digits()
    x, y = data.test_x, data.test_y
    maps = _all_methods(implementation, model, x, y)
    maps["at random"] = torch.rand(x.shape, generator=torch.Generator().manual_seed(0))
    counts = [0, 1, 2, 4, 6, 8, 10, 15, 20, 30, 40]
    styles = [(GREEN, "^", "-"), (BLUE, "s", "--"), (PURPLE, "D", "-."), (ORANGE, "o", "-"), (GREY, "x", ":")]
    figure = Figure(figsize=(7.4, 4.5), layout="constrained")
    axis = figure.subplots()
    for (name, scores), (color, mark, line) in zip(maps.items(), styles, strict=True):
        order = scores.flatten(1).argsort(dim=1, descending=True)
        left = [accuracy(model, x.flatten(1).scatter(1, order[:, :count], 0.0), y) for count in counts]
        axis.plot(counts, left, marker=mark, linestyle=line, color=color, label=name)
    axis.axhline(0.1, color="black", linewidth=0.8, linestyle=":")
    axis.text(-1, 0.115, "guessing", fontsize=10)
    axis.set_xlabel("erased pixels, of 64 (greatest score for the true class first)", fontsize=11)
    axis.set_ylabel("accuracy on 500 digits", fontsize=11)
    axis.set_ylim(0, 1.02)
    axis.grid(alpha=0.3)
    axis.legend(fontsize=10)
    axis.set_title("What a network misses most", fontsize=12)
    return figure


def figure_probe_by_layer(implementation) -> Figure:
    """What a linear probe reads from each layer of a network that tells two circles apart, with two controls."""
    (x, y), (new_x, new_y) = circles(400, seed=0), circles(1000, seed=1)
    sizes = (2, 8, 8, 8, 2)
    trained = train_classifier(MLP(*sizes), x, y, seed=0, epochs=60, lr=1e-2)
    untrained = train_classifier(MLP(*sizes), x, y, seed=0, epochs=0)
    orders = [torch.randperm(len(y), generator=torch.Generator().manual_seed(seed)) for seed in range(10)]
    layers = {"the input": "", "1st hidden": "layers.1", "2nd hidden": "layers.3", "3rd hidden": "layers.5"}
    figure = Figure(figsize=(9.6, 4.1), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.0, 1.5))
    for label, color, mark in ((0, BLUE, "o"), (1, ORANGE, "s")):
        points = x[y == label][:120]
        left.plot(*points.T, mark, color=color, markersize=3.5, label=f"class {label}")
    left.set(title="No line tells them apart", xlabel="feature 1", ylabel="feature 2", aspect="equal")
    left.legend(fontsize=9, loc="center")
    curves = [
        ("trained network", trained, [y], ORANGE, "o", "-"),
        ("untrained network", untrained, [y], BLUE, "s", "--"),
        ("trained network, shuffled labels", trained, [y[order] for order in orders], GREY, "x", ":"),
    ]
    for name, model, tasks, color, mark, line in curves:
        found = []
        for layer in layers.values():
            old, new = (implementation.layer_features(model, layer, each) if layer else each for each in (x, new_x))
            probes = [implementation.fit_linear_probe(old, labels, 2) for labels in tasks]
            right_ones = [(new @ weight.T + bias).argmax(1) == new_y for weight, bias in probes]
            found.append(float(torch.stack(right_ones).double().mean()))
        right.plot(range(len(layers)), found, marker=mark, linestyle=line, color=color, label=name)
    right.set_xticks(range(len(layers)), list(layers))
    right.set(xlabel="what the probe reads", ylabel="accuracy on new points", ylim=(0.0, 1.03))
    right.grid(alpha=0.3)
    right.legend(fontsize=10, loc="lower right")
    right.set_title("A probe reads the class from the hidden layers", fontsize=12)
    return figure
