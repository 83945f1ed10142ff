"""Other right answers."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import torch
import torch.nn.functional as F

from autograder.wheats import wheat


@wheat("empirical_risk")
def counted_in_loops(predictions, labels):
    """Counts mistakes one by one."""
    found = []
    for row in predictions.tolist():
        mistakes = sum(1 for said, right in zip(row, labels.tolist(), strict=True) if said != right)
        found.append(mistakes / len(row))
    return torch.tensor(found, dtype=torch.float64)


@wheat("empirical_risk")
def one_minus_accuracy(predictions, labels):
    """Through the share of right answers, with an einsum over the samples."""
    right = predictions.eq(labels.unsqueeze(0)).double()
    weights = torch.full((labels.numel(),), 1 / labels.numel(), dtype=torch.float64)
    return 1 - torch.einsum("hn,n->h", right, weights)


@wheat("empirical_risk")
def through_numpy(predictions, labels):
    """NumPy's mean of booleans is float64."""
    return torch.from_numpy(np.mean(predictions.numpy() != labels.numpy()[None, :], axis=1))


@wheat("is_bad_dataset")
def by_the_largest_distance(train_risks, true_risks, eps):
    """The largest distance decides."""
    return torch.amax(torch.abs(train_risks - true_risks), -1) > eps


@wheat("is_bad_dataset")
def on_either_side(train_risks, true_risks, eps):
    """Too high or too low, put together by logic."""
    high = train_risks > true_risks + eps
    low = train_risks < true_risks - eps
    return torch.logical_or(high, low).sum(-1) > 0


@wheat("is_bad_dataset")
def not_all_good(train_risks, true_risks, eps):
    """Not every hypothesis is judged within ε, row by row."""
    flat = train_risks.reshape(-1, train_risks.shape[-1])
    verdicts = [
        not all(abs(a - b) <= eps for a, b in zip(row.tolist(), true_risks.tolist(), strict=True)) for row in flat
    ]
    return torch.tensor(verdicts, dtype=torch.bool).reshape(train_risks.shape[:-1])


@wheat("bad_dataset_bound")
def cut_off_first(num_hypotheses, num_samples, eps):
    """Returns the integer 1 where the bound says nothing, and works with powers of two elsewhere."""
    if num_hypotheses < 1:
        raise ValueError("no hypotheses")
    if num_samples < 1 or not eps > 0:
        raise ValueError("no samples or no tolerance")
    bits = 1 + math.log2(num_hypotheses) - 2 * num_samples * eps * eps / math.log(2)
    return 1 if bits >= 0 else 2.0**bits


@wheat("bad_dataset_bound")
def through_numpy_scalars(num_hypotheses, num_samples, eps):
    """A NumPy float is a float; logarithms are taken by Python, which knows large ints."""
    if not (num_hypotheses >= 1 and num_samples >= 1 and eps > 0):
        raise ValueError("impossible")
    return np.minimum(np.float64(1.0), np.exp(math.log(2 * num_hypotheses) - 2.0 * num_samples * np.square(eps)))


@wheat("sample_complexity")
def by_bisection(num_hypotheses, eps, delta):
    """Doubles N until it is enough, then halves the interval."""
    if num_hypotheses < 1 or not eps > 0 or not (0 < delta < 1):
        raise ValueError("impossible")

    def enough(samples):
        return math.log(2 * num_hypotheses) - 2 * samples * eps**2 <= math.log(delta)

    high = 1
    while not enough(high):
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


@wheat("sample_complexity")
def by_floor_division(num_hypotheses, eps, delta):
    """The ceiling as a negated floor, of one quotient."""
    if min(num_hypotheses, 1) < 1 or eps <= 0 or delta <= 0 or delta >= 1:
        raise ValueError("impossible")
    return max(1, int(-((-math.log(2 * num_hypotheses / delta)) // (2 * eps * eps))))


@wheat("excess_risk")
def by_gathering(train_risks, true_risks):
    """Gathers the true risks at the chosen places."""
    chosen = torch.min(train_risks, dim=-1, keepdim=True).indices
    return torch.gather(true_risks.expand_as(train_risks), -1, chosen).squeeze(-1) - torch.min(true_risks)


@wheat("excess_risk")
def by_one_hot_choices(train_risks, true_risks):
    """A one-hot choice, times the gap of every hypothesis to the best."""
    gaps = true_risks - true_risks.amin()
    return F.one_hot(train_risks.argmin(-1), len(gaps)).to(gaps.dtype) @ gaps


@wheat("excess_risk")
def in_a_loop(train_risks, true_risks):
    """Goes through the training sets, and through the hypotheses with exact fractions."""
    best = min(true_risks.tolist())
    found = []
    for row in train_risks.reshape(-1, train_risks.shape[-1]).tolist():
        chosen = min(range(len(row)), key=lambda index: (Fraction(row[index]), index))
        found.append(float(true_risks[chosen]) - best)
    return torch.tensor(found, dtype=torch.float64).reshape(train_risks.shape[:-1])
