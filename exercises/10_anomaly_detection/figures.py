"""Figures of unit 10: what each score sees, and where a classifier is sure without reason."""

from __future__ import annotations

import functools
import math

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from autograder.data import digits, two_moons
from autograder.models import MLP, randomize
from autograder.plotting import BLUE, GREEN, GREY, ORANGE, PURPLE
from autograder.training import adam, train_classifier


def figure_score_histograms(implementation) -> Figure:
    """Scores of an autoencoder and of a classifier for digits that they know and digits that they do not."""
    test, labels = digits().test_x, digits().test_y
    autoencoder = _autoencoder()
    with torch.no_grad():
        redrawn = autoencoder(test.flatten(1)).reshape(test.shape)
        wavering = implementation.entropy_score(_classifier()(test))
        errors = implementation.reconstruction_score(test, redrawn)
    figure = Figure(figsize=(9.2, 5.4), layout="constrained")
    pictures, histograms = figure.subfigures(2, 1, height_ratios=(0.75, 1.25))
    _show_reconstructions(pictures, test, redrawn, labels, errors)
    left, right = histograms.subplots(1, 2)
    title = "autoencoder that saw zeros only"
    _histogram(left, errors, labels == 0, ("0", "1 to 9"), "mean squared error", title)
    title = "classifier that was taught 0 to 7"
    _histogram(right, wavering, labels < 8, ("0 to 7", "8 and 9"), "entropy (nats)", title)
    return figure


def figure_roc_of_all_methods(implementation) -> Figure:
    """True against false alarms at every threshold, for scores of this unit and two tasks."""
    data = digits()
    test, labels, flat = data.test_x, data.test_y, data.test_x.flatten(1)
    autoencoder = _autoencoder()
    with torch.no_grad():
        answers, redrawn = _classifier()(test), autoencoder(flat)
    zeros = data.train_x[data.train_y == 0].flatten(1)
    known = data.train_x[data.train_y < 8].flatten(1)
    one = implementation.gaussian_score(flat, *implementation.fit_gaussian(zeros, eps=0.01))
    all_known = implementation.gaussian_score(flat, *implementation.fit_gaussian(known, eps=0.01))
    tasks = [
        (
            "normal: 0, anomalies: 1 to 9",
            labels == 0,
            {"reconstruction": implementation.reconstruction_score(flat, redrawn), "density of a Gaussian": one},
        ),
        (
            "normal: 0 to 7, anomalies: 8 and 9",
            labels < 8,
            {
                "entropy": implementation.entropy_score(answers),
                "confidence": implementation.confidence_score(answers),
                "density of a Gaussian": all_known,
            },
        ),
    ]
    figure = Figure(figsize=(9.2, 5.3), layout="constrained")
    colours = {"reconstruction": BLUE, "density of a Gaussian": GREEN, "entropy": ORANGE, "confidence": PURPLE}
    styles = {"reconstruction": "-", "density of a Gaussian": "--", "entropy": "-", "confidence": "-."}
    for axes, (title, normal, methods) in zip(figure.subplots(1, 2), tasks, strict=True):
        for name, score in methods.items():
            score = score.detach()
            area = implementation.auroc(score[normal], score[~normal])
            axes.plot(
                *_roc(score[normal], score[~normal]),
                color=colours[name],
                linestyle=styles[name],
                linewidth=2,
                label=f"{name}, area {area:.3f}",
            )
        axes.plot([0, 1], [0, 1], ":", color=GREY, label="tossing a coin, area 0.5")
        axes.set(
            title=title,
            xlabel="false alarms (share of normal samples)",
            ylabel="anomalies found (share)",
            aspect="equal",
        )
        axes.legend(loc="lower right", fontsize=9)
    return figure


def figure_density_contours(implementation) -> Figure:
    """Scores in the plane: one Gaussian, and a flow of affine couplings, fitted to two moons."""
    points, _ = two_moons(1000, seed=0)
    mean, covariance = implementation.fit_gaussian(points)
    flow = _flow(implementation, points)
    xs, ys = torch.linspace(-2.0, 3.0, 121), torch.linspace(-1.5, 2.0, 91)
    grid = torch.cartesian_prod(xs, ys)
    with torch.no_grad():
        pictures = {
            "one Gaussian": (
                implementation.gaussian_score(grid, mean, covariance),
                implementation.gaussian_score(points, mean, covariance),
            ),
            "a flow of six couplings": (-flow(grid), -flow(points)),
        }
    figure = Figure(figsize=(9.2, 3.7), layout="constrained")
    both = figure.subplots(1, 2)
    for axes, (title, (score, own)) in zip(both, pictures.items(), strict=True):
        field = score.reshape(len(xs), len(ys)).T.clamp(-1, 8)
        shown = axes.contourf(xs, ys, field, levels=torch.linspace(-1, 8, 19).tolist(), cmap="cividis_r")
        axes.plot(*points[:300].T, ".", color=ORANGE, markersize=2.5)
        axes.set(
            title=f"{title}: {float(own.mean()):.2f} nats a point",
            xlabel="feature 1",
            ylabel="feature 2",
            aspect="equal",
        )
    figure.colorbar(shown, ax=both, label="score (nats), 8 and above alike")
    return figure


def figure_overconfidence(implementation) -> Figure:
    """How sure a classifier of two moons is, near them and far away, beside what a density says there."""
    points, which = two_moons(400, seed=1)
    model = train_classifier(MLP(2, 32, 32, 2, activation="relu"), points, which, seed=0, epochs=40)
    mean, covariance = implementation.fit_gaussian(points)
    ticks = torch.linspace(-8.0, 8.0, 201)
    grid = torch.cartesian_prod(ticks, ticks)
    with torch.no_grad():
        unsure = implementation.confidence_score(model(grid))
        rare = implementation.gaussian_score(grid, mean, covariance)
    figure = Figure(figsize=(9.2, 4.3), layout="constrained")
    pictures = [
        ("1 − greatest probability of a classifier", unsure, torch.linspace(0, 0.5, 21), "score (probability)"),
        (
            "−log density of one Gaussian",
            rare.clamp(0, 100),
            torch.linspace(0, 100, 21),
            "score (nats), 100 and above alike",
        ),
    ]
    for axes, (title, score, levels, label) in zip(figure.subplots(1, 2), pictures, strict=True):
        shown = axes.contourf(
            ticks, ticks, score.reshape(len(ticks), len(ticks)).T, levels=levels.tolist(), cmap="cividis", extend="both"
        )
        for number, colour in enumerate((ORANGE, "white")):
            axes.plot(*points[which == number].T, ".", color=colour, markersize=2)
        axes.set(title=title, xlabel="feature 1", ylabel="feature 2", aspect="equal")
        figure.colorbar(shown, ax=axes, label=label, shrink=0.85)
    return figure


def _histogram(axes, score: Tensor, normal: Tensor, names: tuple[str, str], unit: str, title: str) -> None:
    """Both sides' scores, and the threshold that calls a twentieth of the normal samples strange."""
    threshold = float(torch.quantile(score[normal], 0.95))
    found = float((score[~normal] > threshold).double().mean())
    bins = torch.linspace(0, float(score.max()), 31).tolist()
    for side, name, colour in ((normal, f"known: {names[0]}", BLUE), (~normal, f"never seen: {names[1]}", ORANGE)):
        axes.hist(score[side].tolist(), bins, density=True, color=colour, alpha=0.6, label=name)
    axes.axvline(threshold, color="black", linestyle="--", label=f"5% false alarms, {found:.0%} found")
    axes.set(title=title, xlabel=f"score: {unit}", ylabel="density of images")
    axes.legend(fontsize=9)


def _show_reconstructions(figure, test: Tensor, redrawn: Tensor, labels: Tensor, errors: Tensor) -> None:
    """One image of each digit over what the autoencoder makes of it."""
    chosen = [int((labels == digit).nonzero()[0]) for digit in range(10)]
    rows = figure.subplots(2, 10)
    for column, index in enumerate(chosen):
        for axes, image in zip(rows[:, column], (test[index, 0], redrawn[index, 0]), strict=True):
            axes.imshow(image, cmap="gray_r", vmin=0, vmax=1)
            axes.set(xticks=[], yticks=[])
        rows[1, column].set_xlabel(f"{float(errors[index]):.3f}", fontsize=9)
    rows[0, 0].set_ylabel("input", fontsize=9)
    rows[1, 0].set_ylabel("redrawn", fontsize=9)
    figure.suptitle("what the autoencoder of zeros makes of each digit, and its mean squared error", fontsize=10)


def _roc(normal: Tensor, anomaly: Tensor) -> tuple[list[float], list[float]]:
    """Shares above every threshold, from the highest threshold down."""
    levels = torch.cat([normal, anomaly]).unique().flip(0)
    shares = ([0.0] + [float((side >= level).double().mean()) for level in levels] for side in (normal, anomaly))
    false, true = shares
    return false, true


@functools.cache
def _autoencoder() -> nn.Module:
    data = digits()
    zeros = data.train_x[data.train_y == 0].flatten(1)
    model = MLP(64, 32, 8, 32, 64)
    randomize(model, torch.Generator().manual_seed(0))
    return _fit(model, lambda: nn.functional.mse_loss(model(zeros), zeros), 200, 5e-3)


@functools.cache
def _classifier() -> nn.Module:
    data = digits()
    known = data.train_y < 8
    return train_classifier(MLP(64, 64, 8, activation="relu"), data.train_x[known], data.train_y[known], seed=0)


def _flow(implementation, points: Tensor):
    """The log density of a flow that was trained on `points`."""
    generator, nets = torch.Generator().manual_seed(0), nn.ModuleList(MLP(1, 24, 2) for _ in range(6))
    randomize(nets, generator)
    with torch.no_grad():
        for net in nets:
            net.layers[-1].weight.mul_(0.02)
            net.layers[-1].bias.zero_()

    def log_density(x: Tensor) -> Tensor:
        total = torch.zeros(len(x))
        for net in nets:
            x, log_det = implementation.affine_coupling(x, net)
            x, total = x.flip(1), total + log_det
        return total - (x**2).sum(1) / 2 - math.log(2 * math.pi)

    _fit(nets, lambda: -log_density(points).mean(), 250, 1e-2)
    return log_density


def _fit(model: nn.Module, loss, steps: int, lr: float) -> nn.Module:
    step = adam(model.parameters(), lr)
    for _ in range(steps):
        step(loss())
    return model.eval()
