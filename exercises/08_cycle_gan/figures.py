"""Pictures of translations between two domains, drawn with whatever implementation they are given."""

from __future__ import annotations

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from autograder.models import MLP, randomize
from autograder.plotting import BLUE, GREEN, ORANGE, PURPLE
from autograder.training import adam

# means and standard deviations of the two domains
DOMAINS = (torch.tensor([[-1.0, -0.5], [0.8, 0.4]]), torch.tensor([[1.0, 0.5], [0.4, 0.8]]))


def figure_there_and_back(implementation) -> Figure:
    """Round trips of samples of A through B, by translators that were trained with the cycle loss and without it."""
    figure = Figure(figsize=(9.6, 4.3), layout="constrained")
    a, b = (_samples(domain, 300, seed=7) for domain in DOMAINS)
    for axis, weight in zip(figure.subplots(1, 2, sharex=True, sharey=True), (1.0, 0.0), strict=True):
        there, back = _translators(implementation, weight)
        with torch.no_grad():
            half_way, home = there(a), back(there(a))
            lost = implementation.cycle_consistency_loss(a, home, b, there(back(b)), weight_a=0.5, weight_b=0.5)
        axis.scatter(*a.T, s=7, color=BLUE, alpha=0.3, linewidths=0)
        axis.scatter(*b.T, s=7, color=ORANGE, alpha=0.3, linewidths=0)
        for start, middle, end in zip(a[:7].tolist(), half_way[:7].tolist(), home[:7].tolist(), strict=True):
            _arrow(axis, start, middle, BLUE, "-", bend=0.15)
            _arrow(axis, middle, end, ORANGE, (0, (3, 2)), bend=0.15)
            axis.plot(*start, "o", color=BLUE, markersize=6)
            axis.plot(*middle, "s", color=ORANGE, markersize=5)
            axis.plot(*end, "x", color="black", markersize=7, markeredgewidth=1.8)
        axis.set_title(f"cycle weight {weight:g}: coordinates come back off by {float(lost):.2f}", fontsize=11)
        axis.set_xlabel("first coordinate", fontsize=11)
        axis.set_aspect("equal")
        axis.set_xlim(-3.4, 2.8)
        axis.set_ylim(-2.1, 2.9)
    figure.axes[0].set_ylabel("second coordinate", fontsize=11)
    for marker, color, label in (
        ("o", BLUE, "a, a sample of A"),
        ("s", ORANGE, "translated to B"),
        ("x", "black", "and back to A"),
    ):
        figure.axes[0].plot([], [], marker, color=color, label=label)
    figure.axes[0].legend(loc="upper left", fontsize=9.5)
    return figure


def figure_wrong_permutation(implementation) -> Figure:
    """Three pairs of translators of four clusters: as meant, wrong but consistent, and inconsistent."""
    meant, wrong = [0, 1, 2, 3], [1, 2, 3, 0]
    undone = [wrong.index(cluster) for cluster in range(4)]
    cases = [
        ("as meant", meant, meant),
        ("wrong, and consistent", wrong, undone),
        ("wrong, and inconsistent", wrong, wrong),
    ]
    figure = Figure(figsize=(10.2, 4.4), layout="constrained")
    left, right = _clusters(-1.0), _clusters(1.0)
    colors = [BLUE, GREEN, ORANGE, PURPLE]
    for axis, (name, there, back) in zip(figure.subplots(1, 3, sharey=True), cases, strict=True):
        home, out = left[[back[there[k]] for k in range(4)]], right[[there[back[k]] for k in range(4)]]
        loss = implementation.cycle_consistency_loss(left, home, right, out, weight_a=1.0, weight_b=1.0)
        for k, color in enumerate(colors):
            for cloud, marker in ((left[k], "o"), (right[k], "s")):
                axis.plot(*cloud.T, marker, color=color, markersize=3.5, alpha=0.8)
            middle_a, middle_b = left[k].mean(0).tolist(), right[there[k]].mean(0).tolist()
            _arrow(axis, middle_a, middle_b, color, "-", bend=0.12)
            _arrow(axis, middle_b, left[back[there[k]]].mean(0).tolist(), color, (0, (3, 2)), bend=0.12)
        axis.set_title(f"{name}\ncycle loss {float(loss):.2f}", fontsize=12)
        axis.set_xticks([-1, 1], ["A", "B"], fontsize=12)
        axis.set_yticks([0, 1, 2, 3], ["winter", "spring", "summer", "autumn"], fontsize=11)
        axis.set_xlim(-1.5, 1.5)
        axis.set_ylim(-0.5, 3.5)
    figure.supxlabel(
        "photographs (A) and paintings (B) of four seasons; arrows: a_to_b solid, b_to_a dashed", fontsize=10
    )
    figure.axes[0].set_ylabel("season (the translators see no names)", fontsize=11)
    return figure


def _arrow(axis, start, end, color, style, *, bend: float = 0.0) -> None:
    shape = {"arrowstyle": "->", "color": color, "lw": 1.3, "linestyle": style, "shrinkA": 3, "shrinkB": 3}
    axis.annotate("", end, start, arrowprops={**shape, "connectionstyle": f"arc3,rad={bend}"})


def _samples(domain: Tensor, count: int, *, seed: int) -> Tensor:
    return domain[0] + domain[1] * torch.randn(count, 2, generator=torch.Generator().manual_seed(seed))


def _clusters(across: float) -> Tensor:
    """Four clusters of points `(4, 12, 2)`, one above the other, as far to the right as `across`."""
    noise = 0.08 * torch.randn(12, 2, generator=torch.Generator().manual_seed(1))
    return torch.stack([torch.tensor([across, float(k)]) + noise for k in range(4)])


def _translators(implementation, weight: float) -> tuple[nn.Module, nn.Module]:
    """Translators from A to B and back, trained on the implementation's losses."""
    generator = torch.Generator().manual_seed(3)
    networks = [MLP(2, 16, 2), MLP(2, 16, 2), MLP(2, 16, 1), MLP(2, 16, 1)]
    for network in networks:
        randomize(network.eval(), generator)
    there, back, judge_a, judge_b = networks
    with torch.no_grad():
        for parameter in [*there.layers[-1].parameters(), *back.layers[-1].parameters()]:
            parameter.mul_(0.3)
    step_translators = adam([*there.parameters(), *back.parameters()], 5e-3, betas=(0.5, 0.999))
    step_judges = adam([*judge_a.parameters(), *judge_b.parameters()], 1e-2, betas=(0.5, 0.999))
    judged = implementation.lsgan_discriminator_loss
    for _ in range(400):
        a, b = (domain[0] + domain[1] * torch.randn(64, 2, generator=generator) for domain in DOMAINS)
        with torch.no_grad():
            seen_b, seen_a = there(a), back(b)
        step_judges(judged(judge_a(a), judge_a(seen_a)) + judged(judge_b(b), judge_b(seen_b)))
        step_translators(implementation.cycle_generator_loss(there, back, judge_a, judge_b, a, b, weight=weight))
    return there, back
