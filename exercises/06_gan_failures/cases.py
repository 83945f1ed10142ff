"""Honest inputs for the failures of GANs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from hypothesis import strategies as st
from torch import Tensor

from autograder.cases import Ask, Call, calls, corners
from autograder.strategies import generators, logits, seeds, tensors

RADII = (0.25, 0.5, 1.0)
SHARES = (None, 0.0, 0.125, 0.25, 0.5)
TEMPERATURES = (0.05, 0.5, 1.0, 3.0, 20.0)
# The generator at this seed gives exactly 0 as its so-manieth uniform number in float32, counted from 0.
SEEDS_OF_ZEROS = {194552: 25, 282286: 55, 387432: 101, 145792: 126, 28587: 190, 198004: 240}


def directions(count: int, size: int, generator: torch.Generator) -> Tensor:
    """Random unit vectors `(count, size)` in float64."""
    drawn = torch.randn(count, size, generator=generator, dtype=torch.float64)
    return torch.nn.functional.normalize(drawn + 1e-9, dim=1)


def modes_apart(
    counts: Sequence[int], strays: int, *, radius: float, size: int, seed: int, dtype: torch.dtype
) -> tuple[Tensor, Tensor]:
    """Samples in random order and centers 4 apart: so many samples around each center, and strays around random ones.

    Samples lie within nine tenths of the radius, strays between 1.2 and 1.9 radii away; the radius is 1 at most.
    """
    generator = torch.Generator().manual_seed(seed)
    places = torch.cartesian_prod(*[torch.arange(math.ceil(len(counts) ** (1 / size)) + 1)] * size).reshape(-1, size)
    centers = 4.0 * places[torch.randperm(len(places), generator=generator)[: len(counts)]].double()
    homes = torch.cat(
        [
            torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts)),
            torch.randint(len(counts), (strays,), generator=generator),
        ]
    )
    inside = (torch.arange(len(homes)) < sum(counts)).double()
    share = torch.rand(len(homes), generator=generator, dtype=torch.float64)
    length = radius * (inside * 0.9 * share + (1 - inside) * (1.2 + 0.7 * share))
    samples = centers[homes] + length[:, None] * directions(len(homes), size, generator)
    return samples[torch.randperm(len(homes), generator=generator)].to(dtype), centers.to(dtype)


def points_around(lengths: Sequence[float], train: Tensor, seed: int, *, dtype: torch.dtype = torch.float64) -> Tensor:
    """One point for each length, that far away from a random point of `train`."""
    generator = torch.Generator().manual_seed(seed)
    homes = train[torch.randint(len(train), (len(lengths),), generator=generator)].double()
    away = torch.tensor(lengths, dtype=torch.float64).unsqueeze(1)
    return (homes + away * directions(len(lengths), train.shape[1], generator)).to(dtype)


def training_points(count: int, size: int, seed: int) -> Tensor:
    """Points `(count, size)` in float64 that are at least 8 apart."""
    generator = torch.Generator().manual_seed(seed)
    places = torch.cartesian_prod(*[torch.arange(math.ceil(count ** (1 / size)) + 1)] * size).reshape(-1, size)
    return 8.0 * places[torch.randperm(len(places), generator=generator)[:count]].double()


def on_a_grid(ask: Ask, rows: int, size: int) -> Tensor:
    """Multiples of a quarter in [-2, 2]: distances compare exactly, however they are computed; ties are frequent."""
    return (ask.draw(tensors((rows, size), dtype=ask.dtype, low=-2.0, high=2.0)) * 4).round() / 4


@calls("mode_coverage")
def mode_coverage(ask: Ask) -> Call:
    """A few points on a grid, often at the radius and between two centers."""
    size = ask.draw(st.integers(1, 3))
    rows = ask.batch * (ask.draw(st.sampled_from([1, 8])) if ask.batch > 1 else 1)
    samples = on_a_grid(ask, rows, size)
    centers = on_a_grid(ask, ask.draw(st.integers(1, 4)), size)
    options = {"radius": ask.draw(st.sampled_from([*RADII, 2.0]))}
    share = ask.draw(st.sampled_from(SHARES))
    return Call(samples, centers, **options) if share is None else Call(samples, centers, **options, min_fraction=share)


@corners("mode_coverage")
def mode_coverage_corners() -> list[Call]:
    """Counts around their thresholds, strays, ties, overlapping modes, samples at the radius, none at all."""
    line = torch.tensor([[0.0], [1.0], [1.0], [2.5], [-0.5], [9.0]])
    square = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], dtype=torch.float64)
    between = torch.tensor([[0.5, 0.0], [0.5, 0.5], [1.0, 0.25], [0.0, 1.0]], dtype=torch.float64)
    long = modes_apart([9, 0, 3, 1, 2], 15, radius=0.5, size=2, seed=0, dtype=torch.float64)
    many = modes_apart([150, 2, 1, 40, 3], 54, radius=1.0, size=2, seed=1, dtype=torch.float32)
    few = modes_apart([1, 4, 0, 2], 2, radius=0.25, size=3, seed=2, dtype=torch.float64)
    lost = modes_apart([0, 0, 0], 6, radius=1.0, size=2, seed=3, dtype=torch.float64)
    return [
        Call(line, torch.tensor([[0.0], [2.0]]), radius=0.5),
        Call(line, torch.tensor([[0.0], [2.0]]), radius=1.0, min_fraction=0.25),
        Call(line[:3], torch.tensor([[2.0], [0.0]]), radius=1.0, min_fraction=0.5),
        Call(between, square, radius=0.5),
        Call(between, square.flip(0), radius=0.5, min_fraction=0.25),
        Call(between, square, radius=1.0, min_fraction=0.0),
        Call(long[0][:24], long[1], radius=0.5, min_fraction=0.125),
        Call(*long, radius=0.5, min_fraction=0.0),
        Call(*long, radius=0.5, min_fraction=0.14),
        Call(*many, radius=1.0),
        Call(*many, radius=1.0, min_fraction=0.1),
        Call(*few, radius=0.25),
        Call(*few, radius=0.25, min_fraction=1.0),
        Call(*lost, radius=1.0),
        Call(torch.zeros(0, 2), square.float(), radius=1.0),
        Call(torch.zeros(0, 2), square.float(), radius=1.0, min_fraction=0.0),
    ]


@calls("memorization_ratio")
def memorization_ratio(ask: Ask) -> Call:
    """Odd numbers of points in float64: a Python float tells no other width, and an even number has two medians."""
    size, generator = ask.draw(st.integers(1, 4)), torch.Generator().manual_seed(ask.draw(seeds()))
    rows = (2 * ask.batch - 1 if ask.batch else 0, ask.draw(st.integers(1, 6)), ask.draw(st.sampled_from([1, 3, 5])))
    return Call(*(torch.randn(count, size, generator=generator, dtype=torch.float64) for count in rows))


@corners("memorization_ratio")
def memorization_ratio_corners() -> list[Call]:
    """Copies, outliers, even numbers of points, a single training point, far from the origin, none generated."""
    train = torch.tensor([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0], [4.0, 4.0]], dtype=torch.float64)
    near = torch.tensor([[0.75, 1.0], [4.0, 0.5], [-0.25, 4.0], [5.0, 5.0], [30.0, 40.0]], dtype=torch.float64)
    other = torch.tensor([[1.5, 2.0], [4.0, 1.0], [6.0, 4.0]], dtype=torch.float64)
    even = Call(near[:4], train, other)
    return [
        Call(train[[2, 0, 2]], train, other),
        Call(near, train, other),
        Call(other, train, near),
        Call(near[:3], train[:1], other[:1]),
        Call(other, train, other.clone()),
        Call(near + 100.0, train + 100.0, other + 100.0),
        Call(near.flip(0), train.flip(0), other.flip(1)),
        even.random(),
        Call(near[:0], train, other),
    ]


def rows_of_logits(ask: Ask) -> Tensor:
    """Logits of several shapes; without `plain` some are ±200, and some are equal."""
    outer = ask.draw(st.sampled_from([(ask.batch,), (ask.batch, 2), (ask.batch, 1, 3)]))
    size = ask.draw(st.integers(2, 5))
    flat = ask.draw(logits(batch=math.prod(outer), classes=size, dtype=ask.dtype, plain=ask.plain))
    drawn = flat.reshape(*outer, size)
    return drawn[0] if drawn.ndim == 2 and ask.batch == 1 and ask.draw(st.booleans()) else drawn


@calls("straight_through_argmax")
def straight_through_argmax(ask: Ask) -> Call:
    """Logits of several shapes, ties and ±200 among them."""
    return Call(rows_of_logits(ask))


@corners("straight_through_argmax")
def straight_through_argmax_corners() -> list[Call]:
    """Ties, one class, sure choices, many dimensions, no rows."""
    row = torch.tensor([0.5, -1.0, 2.0, 1.25], dtype=torch.float64)
    generator = torch.Generator().manual_seed(0)
    return [
        Call(row),
        Call(torch.tensor([[1.0, 3.0, 3.0], [0.0, 0.0, 0.0], [2.0, -1.0, 2.0]])),
        Call(torch.tensor([[200.0, 0.0, -200.0], [-200.0, 20.0, 0.0]], dtype=torch.float64)),
        Call(torch.tensor([[-200.0, -220.0], [-20.0, -20.5]])),
        Call(torch.tensor([[0.3], [-4.0]])),
        Call(torch.randn(2, 3, 1, 4, generator=generator, dtype=torch.float64)),
        Call(torch.randn(4, 4, generator=generator, dtype=torch.float64)),
        Call(torch.zeros(0, 3)),
        Call(torch.zeros(0, 2, 3, dtype=torch.float64)),
    ]


@calls("gumbel_softmax")
def gumbel_softmax(ask: Ask) -> Call:
    """Logits of several shapes at several temperatures, soft and hard, with a generator or without."""
    options: dict[str, object] = {}
    if ask.draw(st.booleans()):
        options["tau"] = ask.draw(st.sampled_from(TEMPERATURES))
    if ask.draw(st.booleans()):
        options["hard"] = ask.draw(st.booleans())
    if ask.draw(st.booleans()):
        options["generator"] = ask.draw(generators())
    return Call(rows_of_logits(ask), **options).random()


def law(result: Tensor) -> Tensor:
    """What nearly agrees between large samples of one law: how often each is greatest, and how the first is spread."""
    table = result.detach().double().flatten(0, -2)
    shares = torch.bincount(table.argmax(-1), minlength=table.shape[1]).double() / len(table)
    levels = torch.tensor([0.05, 0.25, 0.5, 0.75, 0.95], dtype=torch.float64)
    below = (table[:, 0] + table[:, 1] <= levels[:, None]).double().mean(1)
    together = table * torch.stack([table.roll(1, 0), table.roll(1, 1)])  # with the row before, and with a neighbour
    return torch.cat([shares, below, table.std(0), together.mean(1).flatten()])


def _many(row: Sequence[float], dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.tensor(row, dtype=dtype).expand(100, 200, -1).clone()


@corners("gumbel_softmax")
def gumbel_softmax_corners() -> list[Call]:
    """Its law at several temperatures, choices without chance, temperatures that are none, no rows."""
    lopsided, even = _many([2.0, 0.0, 0.0, 0.0, 0.0]), _many([0.0, 0.5, -0.5])
    banned: Callable[[], Tensor] = lambda: _many([0.5, -math.inf, 0.0, 1.0])  # noqa: E731
    chance: list[Call] = [
        Call(lopsided, generator=torch.Generator().manual_seed(0)),
        Call(lopsided.clone(), tau=0.25, generator=torch.Generator().manual_seed(1)),
        Call(lopsided.clone(), tau=4.0, hard=True, generator=torch.Generator().manual_seed(2)),
        Call(even, tau=2.0, generator=torch.Generator().manual_seed(3)),
        Call(even.clone(), tau=0.5, hard=True),
        Call(banned(), hard=True, tau=3.0, generator=torch.Generator().manual_seed(4)),
        Call(banned(), tau=5.0, generator=torch.Generator().manual_seed(5)),
        Call(even.float(), generator=torch.Generator().manual_seed(6)),
    ]
    only = torch.tensor([[-math.inf, 0.5, -math.inf], [1.5, -math.inf, -math.inf]], dtype=torch.float64)
    sure = torch.tensor([[200.0, -200.0, 0.0], [-150.0, -200.0, 200.0]], dtype=torch.float64)
    return [
        *(each.random(summary=law, within=0.03) for each in chance),
        Call(only, generator=torch.Generator().manual_seed(0)),
        Call(only.clone(), hard=True, tau=0.5),
        Call(only[0].float(), tau=20.0),
        Call(sure, tau=0.1, generator=torch.Generator().manual_seed(0)),
        Call(sure.clone(), tau=0.5, hard=True),
        Call(torch.tensor([[0.25], [-3.0]]), tau=2.0),
        Call(only.clone(), tau=0.0),
        Call(only.clone(), tau=-1.0, hard=True),
        Call(torch.zeros(0, 3), generator=torch.Generator()).random(),
        Call(torch.zeros(0, 2, 3, dtype=torch.float64), hard=True).random(),
    ]
