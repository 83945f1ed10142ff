"""Pictures of what networks look for, drawn with whatever implementation they are given."""

from __future__ import annotations

import functools
from pathlib import Path

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from autograder.content import load_file
from autograder.data import digits
from autograder.models import MLP, randomize
from autograder.plotting import BLUE, GREY, ORANGE
from autograder.training import adam, train_classifier, trained_digits_classifier

cases = load_file(Path(__file__).with_name("cases.py"))


class _OwnClass(nn.Module):
    """Of ten images each one's logit of its own class."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> Tensor:
        """One number for each of the ten images."""
        return self.model(x).diagonal()


@functools.cache
def _decoder() -> nn.Module:
    """The second half of an autoencoder of digits: latents of 8 numbers to images."""
    generator, data = torch.Generator().manual_seed(0), digits().train_x
    encoder, decoder = MLP(64, 64, 8, activation="relu"), cases.Drawer(MLP(8, 64, 64, activation="relu"), (1, 8, 8))
    randomize(encoder, generator)
    randomize(decoder, generator)
    step = adam([*encoder.parameters(), *decoder.parameters()], 5e-3)
    for _ in range(30):
        for rows in torch.randperm(len(data), generator=generator).split(64):
            z = encoder(data[rows])
            noise = 0.3 * torch.randn(z.shape, generator=generator)
            gap = (decoder(z + noise) - data[rows]).square().flatten(1).sum(1).mean()
            step(gap + 0.02 * z.square().sum(1).mean())
    return decoder.eval().requires_grad_(False)


def figure_ten_digits(implementation) -> Figure:
    """What a network takes for each digit: climbed freely, held back, and through a generator."""
    model, data = trained_digits_classifier(0), digits()
    noise = 0.4 + 0.2 * torch.rand(10, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    climb = functools.partial(implementation.maximize_activation, _OwnClass(model))
    through = [
        implementation.maximize_with_generator(
            model, _decoder(), each, torch.zeros(1, 8), steps=80, lr=0.05, penalty=0.2
        )[0]
        for each in range(10)
    ]
    rows = {
        "no prior": climb(noise, steps=200, lr=0.05),
        "small and smooth:\nl2 and tv": climb(noise, steps=200, lr=0.05, l2=0.3, tv=0.4),
        "a generator": torch.cat(through),
    }
    figure = Figure(figsize=(10.5, 4.9), layout="constrained")
    real = data.train_x.flatten(1)
    for axes, (name, images) in zip(figure.subplots(3, 10), rows.items(), strict=True):
        with torch.no_grad():
            sure = model(images).softmax(1).diagonal()
        apart = torch.cdist(images.flatten(1), real).amin(1)
        for digit, axis in enumerate(axes):
            axis.imshow(images[digit, 0], cmap="gray", vmin=0, vmax=1)
            axis.set(xticks=[], yticks=[])
            axis.set_title(f"{digit}: {float(sure[digit]):.0%}", fontsize=10)
            axis.set_xlabel(f"{float(apart[digit]):.1f}", fontsize=10)
        axes[0].set_ylabel(name, fontsize=10)
    figure.suptitle(
        "Above: the digit that the network is to see, and how sure it is. Below: distance from the nearest real digit",
        fontsize=11,
    )
    figure.get_layout_engine().set(h_pad=0.06)
    return figure


@functools.cache
def _two_layers() -> nn.Module:
    """A digit classifier with 16 units in its first hidden layer and 8 in its second."""
    data = digits()
    model = MLP(64, 16, 8, 10, activation="relu")
    return train_classifier(model, data.train_x, data.train_y, seed=3, epochs=20).requires_grad_(False)


class _OwnUnit(nn.Module):
    """Of eight images each one's unit of the second hidden layer, before its ReLU."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.layers = model.layers[:3]

    def forward(self, x: Tensor) -> Tensor:
        """One number for each of the eight images."""
        return self.layers(x.flatten(1)).diagonal()


def figure_units(implementation) -> Figure:
    """The weights of a first layer, what drives the units of the second, and which digits do."""
    model, data = _two_layers(), digits()
    figure = Figure(figsize=(10.5, 4.5), layout="constrained")
    pictures, chart = figure.subfigures(1, 2, width_ratios=(1.8, 1.0))
    grey = torch.full((8, 1, 8, 8), 0.5)
    climb = functools.partial(implementation.maximize_activation, _OwnUnit(model), grey, steps=200, lr=0.05)
    weights = model.layers[0].weight.detach()[:8].reshape(8, 1, 8, 8)
    most = float(weights.abs().max())
    rows = {
        "weights of\n1st layer": (weights, {"cmap": "PuOr_r", "vmin": -most, "vmax": most}),
        "2nd layer,\nno prior": (climb(), {"cmap": "gray", "vmin": 0, "vmax": 1}),
        "2nd layer,\nl2 and tv": (climb(l2=0.05, tv=0.1), {"cmap": "gray", "vmin": 0, "vmax": 1}),
    }
    for axes, (name, (images, look)) in zip(pictures.subplots(3, 8), rows.items(), strict=True):
        for number, axis in enumerate(axes):
            axis.imshow(images[number, 0], **look)
            axis.set(xticks=[], yticks=[])
            axis.set_xlabel(f"unit {number}", fontsize=9)
        axes[0].set_ylabel(name, fontsize=10)
    pictures.suptitle("Weights on pixels can be looked at; what comes after must be asked", fontsize=11)
    x, y = data.test_x, data.test_y
    active = torch.stack([implementation.channel_activation(model, "layers.2", each, x).detach() for each in range(8)])
    table = torch.stack([active[:, y == digit].mean(1) for digit in range(10)], 1)
    table = (table - active.mean(1, keepdim=True)) / active.std(1, keepdim=True)
    axis = chart.subplots()
    shown = axis.imshow(table, cmap="PuOr_r", vmin=-2, vmax=2)
    axis.set(xticks=range(10), yticks=range(8), xlabel="digit that is shown", ylabel="unit of the 2nd layer")
    chart.colorbar(shown, ax=axis, label="mean activity (standard deviations)", location="bottom", shrink=0.8)
    chart.suptitle("Which digits wake which unit", fontsize=11)
    return figure


def figure_lime(implementation) -> Figure:
    """What each segment of a digit adds to a logit, and how far the line can be trusted."""
    model, data = trained_digits_classifier(0), digits()
    image = data.test_x[int(((data.test_y == 3) & (model(data.test_x).argmax(1) == 3)).nonzero()[2])]
    with torch.no_grad():
        classes = model(image[None])[0].argsort(descending=True)[:2].tolist()
    across = torch.arange(8) // 2
    segments = 4 * across[:, None] + across
    generator = torch.Generator().manual_seed(1)
    on = torch.rand(300, 16, generator=generator) < 0.5 + 0.5 * torch.rand(300, 1, generator=generator)
    masks = on.float()
    near = torch.exp(-(((1 - masks.mean(1).sqrt()) / 0.25) ** 2))
    figure = Figure(figsize=(10.5, 3.7), layout="constrained")
    overlays, scatters = figure.subfigures(1, 2, width_ratios=(1.0, 1.05))
    for axis, plot, target in zip(overlays.subplots(1, 2), scatters.subplots(1, 2), classes, strict=True):
        predict = cases.Logit(model, target)
        options = {"num_samples": 600, "generator": torch.Generator().manual_seed(0)}
        found = implementation.lime_weights(predict, image, segments, **options).detach()
        most = float(found.abs().max())
        axis.imshow(image[0], cmap="gray", vmin=0, vmax=1)
        shown = axis.imshow(
            found[segments], cmap="PuOr_r", vmin=-most, vmax=most, alpha=0.8 * (found.abs() / most)[segments].numpy()
        )
        axis.set(xticks=[], yticks=[])
        axis.set_title(f"why “{target}”?", fontsize=11)
        bar = overlays.colorbar(shown, ax=axis, location="bottom", shrink=0.85, label="coefficient (logits)")
        bar.solids.set(alpha=1)
        with torch.no_grad():
            said = predict(masks[:, segments][:, None] * image)
        line = masks @ found
        line = line + (near * (said - line)).sum() / near.sum()
        middle = (near * said).sum() / near.sum()
        share = 1 - float((near * (said - line) ** 2).sum() / (near * (said - middle) ** 2).sum())
        plot.axline((float(middle), float(middle)), slope=1, color=GREY, linestyle=":")
        plot.scatter(
            line, said, s=4 + 26 * near, color=BLUE if target == classes[0] else ORANGE, alpha=0.5, linewidths=0
        )
        plot.set_xlabel("the line says", fontsize=10)
        plot.set_title(f"weighted R² = {share:.2f}", fontsize=11)
    scatters.axes[0].set_ylabel("the network says (logit)", fontsize=10)
    scatters.suptitle("300 new rows; larger dots are nearer to the image", fontsize=10)
    overlays.suptitle("Orange speaks for the class, purple against it", fontsize=10)
    return figure
