"""Honest inputs. Risks and tolerances are binary fractions, so that no comparison is decided by rounding."""

from __future__ import annotations

import torch
from hypothesis import strategies as st
from torch import Tensor

from autograder.cases import Ask, Call, calls, corners
from autograder.strategies import seeds


@st.composite
def risk_tables(draw, shape: tuple[int, ...]) -> Tensor:
    """Risks in [0, 1], multiples of 1/16, float64."""
    generator = torch.Generator().manual_seed(draw(seeds()))
    return torch.randint(17, shape, generator=generator).double() / 16


def tolerances() -> st.SearchStrategy[float]:
    """ε between the multiples of 1/16, so that no difference of risks equals it."""
    return st.integers(0, 7).map(lambda number: (2 * number + 1) / 32)


@calls("empirical_risk")
def empirical_risk(ask: Ask) -> Call:
    """Predictions of a few hypotheses for a few classes."""
    generator = torch.Generator().manual_seed(ask.draw(seeds()))
    samples, classes = ask.draw(st.integers(1, 6)), ask.draw(st.integers(2, 4))
    predictions = torch.randint(classes, (ask.batch, samples), generator=generator)
    return Call(predictions, torch.randint(classes, (samples,), generator=generator))


@corners("empirical_risk")
def empirical_risk_corners() -> list[Call]:
    """All right, all wrong, three in seven, one sample, and no hypothesis."""
    labels = torch.tensor([0, 1, 2, 0, 1, 2, 0])
    some = torch.tensor([0, 1, 2, 0, 2, 0, 1])
    return [
        Call(torch.stack([labels, labels + 3, some]), labels),
        Call(torch.tensor([[1], [0]]), torch.tensor([0])),
        Call(torch.tensor([[5, 0], [0, 5]]), torch.tensor([5, 5])),
        Call(torch.zeros((0, 3), dtype=torch.int64), torch.tensor([0, 1, 2])),
    ]


@calls("is_bad_dataset")
def is_bad_dataset(ask: Ask) -> Call:
    """A table of training risks for several training sets."""
    hypotheses = ask.draw(st.integers(1, 4))
    train = ask.draw(risk_tables((ask.batch, hypotheses)))
    return Call(train, ask.draw(risk_tables((hypotheses,))), ask.draw(tolerances()))


@corners("is_bad_dataset")
def is_bad_dataset_corners() -> list[Call]:
    """Exactly ε away, too low, too high, one training set alone, and two leading axes."""
    true = torch.tensor([0.5, 0.25, 0.75], dtype=torch.float64)
    off = torch.tensor([0.25, 0.0, 0.0], dtype=torch.float64)
    table = torch.stack([true, true + off, true - off, true + off / 2, true - off / 2, true + off.flip(0)])
    return [
        Call(table, true, 0.25),
        Call(table, true, 0.1875),
        Call(table, true, 0.125),
        Call(true + off, true, 0.2),
        Call(table.reshape(2, 3, 3), true, 0.2),
        Call(table.reshape(3, 2, 3), true, 0.05),
        Call(true + torch.tensor([0.25, -0.25, 0.0], dtype=torch.float64), true, 0.2),
    ]


@calls("bad_dataset_bound")
def bad_dataset_bound(ask: Ask) -> Call:
    """Classes, samples and tolerances for which the bound is seldom 1."""
    hypotheses = ask.draw(st.integers(1, 1000))
    return Call(hypotheses, ask.draw(st.integers(1, 2000)), ask.draw(st.integers(1, 60)) / 100)


@corners("bad_dataset_bound")
def bad_dataset_bound_corners() -> list[Call]:
    """One hypothesis, huge classes, tiny and impossible arguments."""
    return [
        Call(1, 10, 0.5),
        Call(21, 400, 0.1),
        Call(2, 3, 0.9),
        Call(1, 1, 0.01),
        Call(2**4096, 150_000, 0.1),
        Call(2**4096, 10**12, 1e-4),
        Call(1, 10**12, 1e-6),
        Call(1, 1, 10.0),
        Call(0, 10, 0.1),
        Call(-3, 10, 0.1),
        Call(3, 0, 0.1),
        Call(3, -1, 0.1),
        Call(3, 10, 0.0),
        Call(3, 10, -0.1),
    ]


@calls("sample_complexity")
def sample_complexity(ask: Ask) -> Call:
    """Tolerances that want up to a hundred thousand samples."""
    hypotheses = ask.draw(st.integers(1, 10**6))
    return Call(hypotheses, ask.draw(st.integers(2, 60)) / 100, ask.draw(st.integers(1, 99)) / 100)


@corners("sample_complexity")
def sample_complexity_corners() -> list[Call]:
    """One sample is enough, a large class, and impossible arguments."""
    return [
        Call(1, 10.0, 0.9),
        Call(1, 2.0, 0.5),
        Call(10**9, 0.05, 0.001),
        Call(21, 0.1, 0.05),
        Call(0, 0.1, 0.1),
        Call(-1, 0.1, 0.1),
        Call(3, 0.0, 0.1),
        Call(3, -0.1, 0.1),
        Call(3, 0.1, 0.0),
        Call(3, 0.1, 1.0),
        Call(3, 0.1, -0.5),
        Call(3, 0.1, 1.5),
    ]


@calls("excess_risk")
def excess_risk(ask: Ask) -> Call:
    """A table of training risks for several training sets."""
    hypotheses = ask.draw(st.integers(1, 4))
    train = ask.draw(risk_tables((ask.batch, hypotheses)))
    return Call(train, ask.draw(risk_tables((hypotheses,))))


@corners("excess_risk")
def excess_risk_corners() -> list[Call]:
    """Ties, one training set alone, two leading axes."""
    true = torch.tensor([0.5, 0.25, 0.75], dtype=torch.float64)
    train = torch.tensor([[0.5, 0.5, 0.5], [0.25, 0.5, 0.25], [1.0, 0.0, 0.0]], dtype=torch.float64)
    return [
        Call(train, true),
        Call(train[0], true),
        Call(train.expand(2, 3, 3).clone(), true),
        Call(train.flip(-1), true.flip(0)),
        Call(torch.tensor([[0.25, 1.0, 0.0]], dtype=torch.float64), true),
    ]
