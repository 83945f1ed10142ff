"""Honest inputs for conditional GANs."""

from __future__ import annotations

from collections.abc import Callable

import torch
from hypothesis import strategies as st
from torch import Tensor

from autograder.cases import Ask, Call, calls, corners
from autograder.strategies import generators, logits, seeds, tensors

SHAPES = ((), (1,), (2,), (1, 2, 2))  # what follows the batch of logits


def some_labels(count: int, classes: int, seed: int) -> Tensor:
    """Labels `(count,)`, not all classes among them if they are few."""
    return torch.randint(classes, (count,), generator=torch.Generator().manual_seed(seed))


def logit_tensors(
    *, batch: int | None = None, dtype: torch.dtype | None = None, plain: bool = False
) -> st.SearchStrategy[Tensor]:
    """Logits `(batch, ...)` of several shapes; without `plain` some are 0, ±20 or ±200."""

    @st.composite
    def drawn(draw) -> Tensor:
        size = draw(st.integers(1, 5)) if batch is None else batch
        shape = (size, *draw(st.sampled_from(SHAPES)))
        flat = draw(logits(batch=1, classes=torch.Size(shape).numel(), dtype=dtype, plain=plain))
        return flat.reshape(shape)

    return drawn()


@calls("mismatched_labels")
def mismatched_labels(ask: Ask) -> Call:
    """A few labels of two to six classes, with a generator or without; of two classes the other one is certain."""
    classes = ask.draw(st.integers(2, 6))
    options = {"generator": ask.draw(generators())} if ask.draw(st.booleans()) else {}
    call = Call(some_labels(ask.batch, classes, ask.draw(seeds())), classes, **options)
    return call if classes == 2 else call.random()


def shares(labels: Tensor, classes: int) -> Callable[[Tensor], Tensor]:
    """A summary of large draws: how often each class follows from each, and how often neighbours step alike."""

    def summary(result: Tensor) -> Tensor:
        pairs = torch.bincount(labels * classes + result, minlength=classes**2).double()
        steps = (result - labels) % classes
        alike = (steps == steps.roll(1)).double().mean()
        return torch.cat([pairs / max(len(labels), 1) * classes, alike[None]])

    return summary


@corners("mismatched_labels")
def mismatched_labels_corners() -> list[Call]:
    """The law for even and lopsided labels, two classes, one class or none, no samples."""
    even, lopsided = torch.arange(12_000) % 3, (torch.arange(20_000) % 10 == 0).long() * 3
    few, single = torch.tensor([0, 1, 1, 0, 1]), torch.zeros(3, dtype=torch.int64)
    chance = [
        Call(even, 3, generator=torch.Generator().manual_seed(1)).random(summary=shares(even.clone(), 3), within=0.07),
        Call(lopsided, 5).random(summary=shares(lopsided.clone(), 5), within=0.13),
        Call(even.clone(), 6, generator=torch.Generator().manual_seed(0)).random(summary=shares(even, 6), within=0.12),
    ]
    return [
        *chance,
        Call(few, 2, generator=torch.Generator().manual_seed(0)),
        Call(single, 2),
        Call(single[:1], 2),
        Call(single, 1),
        Call(single.clone(), 0, generator=torch.Generator()),
        Call(single[:0], 3, generator=torch.Generator()),
        Call(single[:0], 2),
    ]


def samples(ask: Ask) -> Tensor:
    """Vectors or images, not square."""
    shape = ask.draw(st.sampled_from([(1,), (3,), (1, 2, 3), (2, 3, 1), (3, 1, 2)]))
    return ask.draw(tensors((ask.batch, *shape), dtype=ask.dtype, plain=ask.plain))


@calls("concat_condition")
def concat_condition(ask: Ask) -> Call:
    """Vectors or images with labels of one to five classes."""
    x, classes = samples(ask), ask.draw(st.integers(1, 5))
    return Call(x, some_labels(ask.batch, classes, ask.draw(seeds())), classes)


@corners("concat_condition")
def concat_condition_corners() -> list[Call]:
    """Classes that do not occur, as many classes as features, images of one pixel, a single class, no samples."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(3, 2, generator=generator, dtype=torch.float64)
    images = torch.rand(2, 3, 2, 4, generator=generator, dtype=torch.float64)
    labels = torch.tensor([2, 0, 1])
    return [
        Call(x, labels, 5),
        Call(x, labels, 3),
        Call(x[:2].float(), labels[1:], 2),
        Call(x[:, :1], torch.tensor([0, 0, 0]), 1),
        Call(images, labels[:2], 3),
        Call(images, labels[:2], 4),
        Call(images[:, :, :1, :1].float(), torch.tensor([1, 1]), 2),
        Call(images[:1, :1].float(), labels[:1], 6),
        Call(x[:0], labels[:0], 3),
        Call(images[:0].float(), labels[:0], 2),
    ]


@calls("conditional_discriminator_loss")
def conditional_discriminator_loss(ask: Ask) -> Call:
    """Logits of three kinds of pairs, of three shapes."""
    counts = [ask.batch] + [0 if ask.batch == 0 else ask.draw(st.integers(1, 5)) for _ in range(2)]
    return Call(*(ask.draw(logit_tensors(batch=each, dtype=ask.dtype, plain=ask.plain)) for each in counts))


@corners("conditional_discriminator_loss")
def conditional_discriminator_loss_corners() -> list[Call]:
    """Nothing known, sure verdicts, unequal sizes and shapes, no pairs."""
    ends = torch.tensor([0.0, 20.0, -20.0, 200.0, -200.0])
    few = torch.tensor([[0.5], [-1.0]], dtype=torch.float64)
    many = torch.tensor([0.25, 2.0, -3.0, 1.5, 0.75, -0.5], dtype=torch.float64)
    return [
        Call(torch.zeros(3, 1), torch.zeros(2), torch.zeros(1, 1, 2)),
        Call(ends, ends[1:].reshape(2, 2), ends[:3]),
        Call(ends[:, None].double(), -ends.double(), ends[2:].double()),
        Call(few, many, many[:3].reshape(3, 1)),
        Call(many, few, many[3:]),
        Call(many[2:].reshape(2, 2), many[:2], few),
        Call(few.float(), few.flip(0).float(), -few.float()),
        Call(torch.zeros(0, 1), torch.zeros(0, 1), torch.zeros(0)),
    ]
