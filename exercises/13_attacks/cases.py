"""Honest inputs for the attacks, and slopes of the loss found without autograd."""

from __future__ import annotations

import copy

import torch
import torch.nn.functional as F
from hypothesis import strategies as st
from torch import Tensor, nn

from autograder.cases import Ask, Call, calls, corners
from autograder.models import small_model
from autograder.strategies import (
    Batch,
    budgets,
    classification_batches,
    generators,
    logits,
    seeds,
    small_models,
    tensors,
)

SHAPES = ((3,), (2, 2), (1, 2, 3), (2, 3, 2))  # of one sample
BOXES: tuple[dict[str, float], ...] = ({}, {"low": -1.0, "high": 2.0})
NUDGE = 1e-5


def slopes(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """How fast each sample's cross-entropy rises with each of its pixels: nudge one pixel at a time, and look."""
    twin, pixels, count = copy.deepcopy(model).double(), x.detach().double(), x[:1].numel()
    if len(x) == 0:
        return pixels
    nudges = NUDGE * torch.eye(count, dtype=torch.float64).reshape(count, *x.shape[1:])

    def losses(step: Tensor) -> Tensor:
        nudged = (pixels.unsqueeze(1) + step).flatten(0, 1)  # (batch · pixels, ...)
        with torch.no_grad():
            return F.cross_entropy(twin(nudged), y.repeat_interleave(count), reduction="none")

    return ((losses(nudges) - losses(-nudges)) / (2 * NUDGE)).reshape(x.shape)


def steady_batches(
    *,
    batch: int | tuple[int, int] | None = None,
    dtype: torch.dtype | None = None,
    in_shape: tuple[int, ...] | None = None,
    kind: str | None = None,
    classes: int | None = None,
) -> st.SearchStrategy[Batch]:
    """Batches on which no slope is so flat that rounding could turn it, in float32 either."""

    def steady(case: Batch) -> bool:
        steep = slopes(*case).abs().flatten(1)
        return case.x.numel() == 0 or bool((steep > 1e-5).all() and (steep.amax(1) > 5e-3).all())

    drawn = classification_batches(
        batch=batch, dtype=dtype, in_shape=in_shape, kind=kind, classes=classes, margin=4.0, plain=True
    )
    return drawn.filter(steady)


def _short_budgets(least: int, most: int) -> st.SearchStrategy[float]:
    """Budgets ε in 64ths: the same number in float32 and float64."""
    return st.integers(least, most).map(lambda parts: parts / 64)


@calls("project_linf")
def project_linf(ask: Ask) -> Call:
    """Clean images in some box, others near them and far away."""
    box, eps, shape = ask.draw(st.sampled_from(BOXES)), ask.draw(budgets()), ask.draw(st.sampled_from(SHAPES))
    sizes = (ask.batch, *shape)
    low, high = box.get("low", 0.0), box.get("high", 1.0)
    x = ask.draw(tensors(sizes, dtype=ask.dtype, plain=ask.plain, low=low, high=high))
    away = eps * ask.draw(tensors(sizes, dtype=ask.dtype, plain=ask.plain))
    return Call(x + away, x, eps, **box)


@corners("project_linf")
def project_linf_corners() -> list[Call]:
    """Edges of the box, bytes, no radius, no samples."""
    edge = torch.tensor([[0.0, 1.0, 0.5, 0.02]])
    return [
        Call(edge + torch.tensor([[-0.3, 0.3, 0.3, -0.3]]), edge, 0.1),
        Call(torch.tensor([[300.0, -20.0, 128.0]]), torch.tensor([[250.0, 4.0, 100.0]]), 8.0, low=0.0, high=255.0),
        Call(edge + 0.2, edge, 0.0),
        Call(torch.zeros(0, 2, 3), torch.zeros(0, 2, 3), 0.1),
        Call(torch.full((1, 1, 2, 3), 0.7), torch.full((1, 1, 2, 3), 0.5), 0.1),
    ]


@calls("project_l2")
def project_l2(ask: Ask) -> Call:
    """Perturbations shorter and longer than ε."""
    shape = ask.draw(st.sampled_from(SHAPES))
    delta = ask.draw(tensors((ask.batch, *shape), dtype=ask.dtype, plain=ask.plain))
    exact = ask.dtype == torch.float64 and not ask.plain  # torch.renorm adds 1e-7 to lengths: they are large here
    return Call(delta, ask.draw(st.sampled_from([2.0, 3.0] if exact else [0.25, 0.5, 1.0, 2.0, 5.0])))


@corners("project_l2")
def project_l2_corners() -> list[Call]:
    """A length of just ε, a zero beside a long one, no samples, images."""
    images = torch.arange(24, dtype=torch.float64).reshape(2, 2, 2, 3) / 10
    return [
        Call(torch.tensor([[3.0, 4.0], [0.3, 0.4], [6.0, 8.0]]), 5.0),
        Call(torch.tensor([[0.0, 0.0], [1.0, -2.0]]), 0.5),
        Call(torch.zeros(0, 3), 0.5),
        Call(images, 1.0),
        Call(images[1:] + 1, 0.5),
    ]


@calls("fgsm")
def fgsm(ask: Ask) -> Call:
    """A small network, images whose slopes are clear, any goal and box."""
    case = ask.draw(steady_batches(batch=ask.batch, dtype=ask.dtype))
    box = ask.draw(st.sampled_from(BOXES))
    return Call(*case, ask.draw(_short_budgets(1, 32)), targeted=ask.draw(st.booleans()), **box)


@corners("fgsm")
def fgsm_corners() -> list[Call]:
    """Pixels at the edges of the box, pixels that are not seen, no step, no samples, wide images."""
    model = small_model("linear", (3,), 3, seed=1, dtype=torch.float64)
    blind = copy.deepcopy(model)
    with torch.no_grad():
        blind.linear.weight[:, 1] = 0.0
    x, y = torch.tensor([[0.0, 1.0, 0.5], [0.03, 0.5, 0.98]], dtype=torch.float64), torch.tensor([0, 2])
    wide = small_model("conv", (1, 2, 5), 3, seed=3, dtype=torch.float64)
    image = torch.linspace(0.1, 0.9, 20, dtype=torch.float64).reshape(2, 1, 2, 5)
    normed = small_model("norm", (3,), 3, seed=5, dtype=torch.float64)
    return [
        Call(model, x, y, 0.1),
        Call(model, x, y, 0.1, targeted=True, low=-1.0, high=1.5),
        Call(blind, x, y, 0.1),
        Call(model, x, y, 0.0),
        Call(model, x[:0], y[:0], 0.1),
        Call(wide, image, y, 0.25, low=-2.0, high=3.0),
        Call(normed, x, y, 0.1),
    ]


@calls("pgd")
def pgd(ask: Ask) -> Call:
    """As for FGSM; several steps in float64, where rounding does not turn a sign on the way."""
    case = ask.draw(steady_batches(batch=ask.batch, dtype=ask.dtype))
    eps, random_start = ask.draw(_short_budgets(4, 32)), ask.draw(st.booleans())
    exact = ask.dtype == torch.float64 and not ask.plain  # an l2 step need be full to 1e-3 only
    norms = ["linf"] if exact else ["linf", "l2"]
    norm = ask.draw(st.sampled_from(norms))
    box = BOXES[1] if norm == "l2" else ask.draw(st.sampled_from(BOXES))  # wide: whether ball or box is first is free
    options = {
        "alpha": eps * ask.draw(st.sampled_from([0.375, 0.75, 1.5])),
        "steps": ask.draw(st.integers(0, 4 if ask.dtype == torch.float64 else 1)),
        "norm": norm,
        "targeted": ask.draw(st.booleans()),
        **box,
    }
    if random_start:
        return Call(*case, eps, random_start=True, generator=ask.draw(generators()), **options).random()
    return Call(*case, eps, **options)


def _spread(scale: float):
    """What nearly agrees between two large samples of one law: how far pixels, and whole images, lie from 0.5."""

    def summary(result: Tensor) -> Tensor:
        delta = (result.double() - 0.5) / scale
        levels = torch.tensor([0.1, 0.3, 0.5, 0.7, 0.9], dtype=torch.float64)
        length = delta.flatten(1).norm(dim=1)
        return torch.cat([delta.flatten().quantile(levels), length.quantile(levels), delta.flatten(1).std(0)])

    return summary


@corners("pgd")
def pgd_corners() -> list[Call]:
    """The law of both starts, no steps, long steps, a wrong norm, no samples, gentle and absent slopes."""
    model = small_model("mlp", (1, 2, 2), 3, seed=2, dtype=torch.float64)
    linear = small_model("linear", (1, 2, 2), 2, seed=1, dtype=torch.float64)
    gentle, blind, dead = copy.deepcopy(linear), copy.deepcopy(linear), copy.deepcopy(linear)
    with torch.no_grad():
        gentle.linear.weight.mul_(3e-4)
        blind.linear.weight[:, 1] = 0.0
        dead.linear.weight.zero_()
    x = torch.tensor([0.3, 0.62, 0.9, 0.03, 0.71, 0.44, 0.05, 0.98], dtype=torch.float64).reshape(2, 1, 2, 2)
    y, many = torch.tensor([0, 1]), torch.full((4000, 1, 2, 2), 0.5, dtype=torch.float64)
    labels = torch.zeros(len(many), dtype=torch.int64)
    starts = [
        Call(
            *(model, many, labels, 0.2),
            **{"alpha": 0.05, "steps": 0, "norm": norm, "random_start": True, "generator": torch.Generator()},
        ).random(summary=_spread(0.2), within=0.12)
        for norm in ("linf", "l2")
    ]
    steps = [
        Call(copy.deepcopy(each).to(dtype), x.to(dtype), y, 0.2, alpha=alpha, steps=count, norm=norm, **box)
        for norm, dtype, box in (("linf", torch.float64, BOXES[0]), ("l2", torch.float32, BOXES[1]))
        for each, alpha, count in ((model, 0.06, 5), (model, 0.45, 3), (linear, 0.03, 4), (gentle, 0.05, 2))
    ]
    return [
        *starts,
        *steps,
        Call(blind, x, y, 0.1, alpha=0.05, steps=2),
        Call(dead, x, y, 0.1, alpha=0.05, steps=2, norm="l2"),
        Call(model, x, y, 0.1, alpha=0.05, steps=0),
        Call(model, x, 1 - y, 0.1, alpha=0.05, steps=3, targeted=True),
        Call(model, x, y, 0.1, alpha=0.05, steps=1, norm="L2"),
        Call(model, x[:0], y[:0], 0.1, alpha=0.05, steps=1),
    ]


@calls("ensemble_logits")
def ensemble_logits(ask: Ask) -> Call:
    """One to four networks that take the same images."""
    shape = ask.draw(st.sampled_from([(3,), (1, 2, 3), (2, 3, 2)]))
    models = [ask.draw(small_models(shape, 3, ask.dtype)) for _ in range(ask.draw(st.integers(1, 4)))]
    return Call(models, ask.draw(tensors((ask.batch, *shape), dtype=ask.dtype, plain=ask.plain, low=0.0, high=1.0)))


@corners("ensemble_logits")
def ensemble_logits_corners() -> list[Call]:
    """Three models, one model, no samples."""
    models = [small_model("mlp", (3,), 3, seed=seed, dtype=torch.float64) for seed in range(3)]
    x = torch.tensor([[0.1, 0.9, 0.4], [0.8, 0.3, 0.6]], dtype=torch.float64)
    return [Call(models, x), Call(models[:1], x), Call(models, x[:0])]


@calls("distillation_loss")
def distillation_loss(ask: Ask) -> Call:
    """Two tables of logits, large ones among them."""
    classes = ask.draw(st.integers(2, 5))
    both = [ask.draw(logits(batch=ask.batch, classes=classes, dtype=ask.dtype, plain=ask.plain)) for _ in range(2)]
    return Call(*both, ask.draw(st.sampled_from([0.5, 1.0, 2.0, 4.0])))


@corners("distillation_loss")
def distillation_loss_corners() -> list[Call]:
    """Equal logits, logits of ±200, a high temperature."""
    student = torch.tensor([[200.0, 0.0, -200.0], [1.0, 2.0, 0.5]], dtype=torch.float64)
    teacher = torch.tensor([[-20.0, 200.0, 0.0], [0.3, -1.0, 2.0]], dtype=torch.float64)
    return [
        Call(student, student + 3, 2.0),
        Call(student, teacher, 1.0),
        Call(student, teacher, 0.5),
        Call(student.float() / 50, teacher.float() / 50, 2.0),
        Call(student / 50, teacher / 50, 20.0),
    ]


@calls("attack_success_rate")
def attack_success_rate(ask: Ask) -> Call:
    """Labels, and predictions that are right about half of the time."""
    generator = torch.Generator().manual_seed(ask.draw(seeds()))
    labels, first, second = (torch.randint(3, (ask.batch,), generator=generator) for _ in range(3))
    clean = torch.where(torch.rand(ask.batch, generator=generator) < 0.6, labels, first)
    return Call(labels, clean, torch.where(torch.rand(ask.batch, generator=generator) < 0.4, clean, second))


@corners("attack_success_rate")
def attack_success_rate_corners() -> list[Call]:
    """All fooled, none right, repairs and changes among the wrong, no samples."""
    labels = torch.tensor([0, 1, 2, 0, 1, 2])
    shifted = (labels + 1) % 3
    mixed = torch.tensor([0, 1, 2, 1, 2, 0])
    return [
        Call(labels, labels, shifted),
        Call(labels, shifted, labels),
        Call(labels, mixed, torch.tensor([0, 2, 2, 0, 0, 0])),
        Call(labels, mixed, mixed),
        Call(labels[:0], labels[:0], labels[:0]),
        Call(labels[:1], labels[:1], shifted[:1]),
    ]
