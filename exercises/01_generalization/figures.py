"""The unit's figures, drawn with whatever implementation they are given."""

from __future__ import annotations

import torch
from matplotlib.figure import Figure
from torch import Tensor

from autograder.plotting import BLUE, GREY, ORANGE

THRESHOLDS = torch.linspace(0, 1, 21)


def population(seed: int = 0) -> tuple[Tensor, Tensor]:
    """Points in [0, 1], one in five with the wrong label, and what 21 threshold classifiers say of them."""
    generator = torch.Generator().manual_seed(seed)
    points = torch.rand(20_000, generator=generator)
    labels = ((points > 0.5) ^ (torch.rand(20_000, generator=generator) < 0.2)).long()
    return (points > THRESHOLDS[:, None]).long(), labels


def figure_chance_of_a_bad_set(implementation) -> Figure:
    """P(bad) against N, as it is and as it is bounded."""
    predictions, labels = population()
    true = implementation.empirical_risk(predictions, labels)
    generator, sizes = torch.Generator().manual_seed(1), [25, 50, 100, 150, 200, 300, 400, 500]
    tables = {}
    for size in sizes:
        chosen = torch.randint(len(labels), (200, size), generator=generator)
        tables[size] = torch.stack(
            [implementation.empirical_risk(predictions[:, each], labels[each]) for each in chosen]
        )
    figure = Figure(figsize=(7.5, 4.2), layout="constrained")
    axes = figure.add_subplot()
    for epsilon, colour in ((0.1, BLUE), (0.15, ORANGE)):
        bad = {size: implementation.is_bad_dataset(table, true, epsilon) for size, table in tables.items()}
        rates = [float(bad[size].double().mean()) for size in sizes]
        fine = range(10, 701, 10)
        bounds = [implementation.bad_dataset_bound(len(THRESHOLDS), size, epsilon) for size in fine]
        axes.plot(fine, bounds, color=colour, linestyle="--", label=f"bound, ε = {epsilon}")
        seen = [(size, rate) for size, rate in zip(sizes, rates, strict=True) if rate > 0]
        axes.plot(*zip(*seen, strict=True), "o-", color=colour, label=f"share of 200 training sets, ε = {epsilon}")
    axes.set(
        xlabel="samples N in a training set", ylabel="chance of a bad training set", yscale="log", ylim=(1e-3, 1.5)
    )
    axes.set_title("21 threshold classifiers: the bound is never crossed, and never tight")
    axes.legend(frameon=False)
    return figure


def figure_good_and_bad_sets(implementation) -> Figure:
    """Training risks of all hypotheses for a good and a bad training set, with the band of width ε."""
    predictions, labels = population()
    true, epsilon = implementation.empirical_risk(predictions, labels), 0.1
    generator = torch.Generator().manual_seed(3)
    shown: dict[bool, Tensor] = {}
    dearest = -1.0
    for _ in range(200):
        chosen = torch.randint(len(labels), (60,), generator=generator)
        train = implementation.empirical_risk(predictions[:, chosen], labels[chosen])
        bad = bool(implementation.is_bad_dataset(train, true, epsilon))
        cost = float(implementation.excess_risk(train, true))
        if not bad:
            shown.setdefault(False, train)
        elif cost > dearest:  # of the bad ones, the one whose choice costs most
            shown[True], dearest = train, cost
    figure = Figure(figsize=(9, 4), layout="constrained")
    for index, (bad, name) in enumerate(((False, "a good training set"), (True, "a bad training set"))):
        axes = figure.add_subplot(1, 2, index + 1)
        axes.fill_between(THRESHOLDS, true - epsilon, true + epsilon, color=GREY, alpha=0.25, label="true risk ± ε")
        axes.plot(THRESHOLDS, true, color=GREY, label="true risk")
        if bad in shown:
            train = shown[bad]
            off = (train - true).abs() > epsilon
            axes.plot(THRESHOLDS, train, "o-", color=BLUE, markersize=4, label="risk on 60 samples")
            if bool(off.any()):
                axes.plot(THRESHOLDS[off], train[off], "o", color=ORANGE, label="misjudged")
            cost = float(implementation.excess_risk(train, true))
            axes.set_title(f"{name}: the choice costs {cost:.3f}")
        axes.set(xlabel="threshold of the classifier", ylabel="risk (share of mistakes)", ylim=(0, 0.75))
        axes.legend(frameon=False, fontsize=8, loc="upper center")
    return figure
