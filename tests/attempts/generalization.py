"""Attempts at unit 01, written from the sentences of its known mistakes and not from their code."""

from __future__ import annotations

import math
import sys

import numpy as np
import torch
import torch.nn.functional as F

from tests.attempts import attempt


@attempt("empirical_risk", mistake="measures_accuracy")
def scores_each_row(predictions, labels):
    """How good is a hypothesis? Count how often it agrees with the labels, row by row."""
    answers = labels.numpy()
    scores = np.zeros(predictions.shape[0])
    for h, row in enumerate(predictions.numpy()):
        hits = 0
        for said, right in zip(row, answers, strict=True):
            if said == right:
                hits += 1
        scores[h] = hits / len(answers)
    return torch.from_numpy(scores)


@attempt("empirical_risk", mistake="squares_the_difference")
def uses_the_mean_squared_error(predictions, labels):
    """A loss averaged over the samples: that is the mean squared error, which torch has."""
    targets = labels.to(torch.float64).unsqueeze(0).expand(predictions.shape)
    losses = F.mse_loss(predictions.to(torch.float64), targets, reduction="none")
    return torch.mean(losses, dim=1)


@attempt("empirical_risk", mistake="works_in_float32")
def writes_zeros_and_ones(predictions, labels):
    """The loss is 1.0 where they differ and 0.0 where they agree, exactly as it is defined."""
    loss = torch.where(predictions == labels[None, :], 0.0, 1.0)
    return loss.sum(dim=1) / labels.numel()


@attempt("empirical_risk", mistake="stacks_row_by_row")
def glues_the_rows_together(predictions, labels):
    """One hypothesis at a time, and glue the risks together at the end."""
    n = labels.shape[0]
    risks = []
    for h in range(predictions.shape[0]):
        wrong = torch.count_nonzero(predictions[h] - labels)
        risks.append((wrong.to(torch.float64) / n).reshape(1))
    return torch.cat(risks)


@attempt("is_bad_dataset", mistake="misses_risks_that_are_too_low")
def compares_the_largest_difference(train_risks, true_risks, eps):
    """The set is bad if the largest of the differences exceeds epsilon."""
    difference = torch.sub(train_risks, true_risks)
    largest, _ = torch.max(difference, dim=-1)
    return torch.gt(largest, eps)


@attempt("is_bad_dataset", mistake="counts_exactly_epsilon")
def is_not_good(train_risks, true_risks, eps):
    """A set is good if all risks lie between R - eps and R + eps; bad is the opposite."""
    inside = (true_risks - eps < train_risks) & (train_risks < true_risks + eps)
    good = inside.all(dim=-1)
    return ~good


@attempt("is_bad_dataset", mistake="averages_over_hypotheses")
def adds_up_the_gaps(train_risks, true_risks, eps):
    """How far off is the set? Add up how far each hypothesis is off and divide by their number."""
    gaps = torch.maximum(train_risks - true_risks, true_risks - train_risks)
    off = torch.einsum("...h->...", gaps) / gaps.shape[-1]
    return off > eps


@attempt("is_bad_dataset", mistake="judges_all_together")
def fills_in_one_verdict(train_risks, true_risks, eps):
    """Take the maximum over everything, then give the answer the shape that is asked for."""
    worst = float(torch.abs(true_risks - train_risks).max())
    return torch.full(train_risks.shape[:-1], worst > eps)


def _check(**arguments):
    for name, value in arguments.items():
        if not value > 0:
            raise ValueError(f"{name} must be positive")


@attempt("bad_dataset_bound", mistake="forgets_a_tail")
def adds_up_hoeffding(num_hypotheses, num_samples, eps):
    """Hoeffding says exp(-2 N eps^2), and the union bound multiplies by |H|; in logarithms because |H| is huge."""
    _check(num_hypotheses=num_hypotheses, num_samples=num_samples, eps=eps)
    log_bound = math.log(num_hypotheses)
    log_bound -= 2.0 * eps * eps * num_samples
    if log_bound >= 0:
        return 1.0
    return math.exp(log_bound)


@attempt("bad_dataset_bound", mistake="exceeds_one")
def takes_the_formula_as_it_stands(num_hypotheses, num_samples, eps):
    """The formula of the README, with the logarithm taken so that huge classes work."""
    _check(num_hypotheses=num_hypotheses, num_samples=num_samples, eps=eps)
    return math.exp(math.log(2 * num_hypotheses) - 2 * num_samples * eps**2)


@attempt("bad_dataset_bound", mistake="gives_up_on_large_classes")
def says_one_beyond_the_floats(num_hypotheses, num_samples, eps):
    """With so many hypotheses that no float holds them the bound is useless anyway, so say 1."""
    _check(num_hypotheses=num_hypotheses, num_samples=num_samples, eps=eps)
    if 2 * num_hypotheses > sys.float_info.max:
        return 1.0
    one = 2 * math.exp(-2 * num_samples * eps**2)
    bound = float(num_hypotheses) * one
    return bound if bound < 1 else 1.0


@attempt("bad_dataset_bound", mistake="accepts_anything")
def computes_without_looking(num_hypotheses, num_samples, eps):
    """Only the formula; nobody will ask for zero samples."""
    exponent = math.log(2) + math.log(num_hypotheses) - 2 * num_samples * eps**2
    return min(1.0, math.exp(min(exponent, 1.0)))


def _log_ratio(num_hypotheses, delta):
    return math.log(2 * num_hypotheses) + math.log(1 / delta)


@attempt("sample_complexity", mistake="rounds_down")
def divides_whole(num_hypotheses, eps, delta):
    """Samples are whole, so the answer is the whole part of the quotient."""
    _check(num_hypotheses=num_hypotheses, eps=eps, delta=delta, rest=1 - delta)
    samples = int(_log_ratio(num_hypotheses, delta) // (2 * eps**2))
    return samples if samples > 0 else 1


@attempt("sample_complexity", mistake="counts_in_decades")
def uses_log10(num_hypotheses, eps, delta):
    """Solve 2|H|exp(-2 N eps^2) = delta by taking the log on both sides; log is log10, as at school."""
    _check(num_hypotheses=num_hypotheses, eps=eps, delta=delta, rest=1 - delta)
    log = math.log10(2 * num_hypotheses) - math.log10(delta)
    return max(math.ceil(0.5 * log / eps**2), 1)


@attempt("sample_complexity", mistake="is_linear_in_the_class")
def pays_for_each_hypothesis(num_hypotheses, eps, delta):
    """One hypothesis needs log(2/delta)/(2 eps^2) samples, so |H| of them need |H| times as many."""
    if num_hypotheses < 1 or not eps > 0 or delta <= 0 or delta >= 1:
        raise ValueError("no such number of samples")
    for_one = math.ceil(math.log(2 / delta) / (2 * eps**2))
    return num_hypotheses * max(1, for_one)


@attempt("sample_complexity", mistake="takes_one_too_many")
def rounds_up_and_adds_one(num_hypotheses, eps, delta):
    """Round up, and one more so that the bound is certainly below delta."""
    if num_hypotheses < 1 or not eps > 0 or delta <= 0 or delta >= 1:
        raise ValueError("no such number of samples")
    exact = _log_ratio(num_hypotheses, delta) / (2 * eps**2)
    return max(1, int(np.ceil(exact)) + 1)


@attempt("excess_risk", mistake="takes_the_last_of_a_tie")
def keeps_whatever_is_as_good(train_risks, true_risks):
    """Walk over the hypotheses and keep the best one so far."""
    rows = train_risks.reshape(-1, train_risks.shape[-1]).tolist()
    true = true_risks.tolist()
    excess = []
    for row in rows:
        best = 0
        for h, risk in enumerate(row):
            if risk <= row[best]:
                best = h
        excess.append(true[best] - min(true))
    return torch.tensor(excess, dtype=torch.float64).reshape(train_risks.shape[:-1])


@attempt("excess_risk", mistake="measures_the_gap_of_the_choice")
def subtracts_what_was_measured(train_risks, true_risks):
    """The excess is how far the chosen hypothesis was misjudged: its true risk against its training risk."""
    chosen = torch.argmin(train_risks, dim=-1, keepdim=True)
    measured = torch.gather(train_risks, -1, chosen).squeeze(-1)
    actual = torch.take(true_risks, chosen).squeeze(-1)
    return torch.abs(actual - measured)


@attempt("excess_risk", mistake="subtracts_in_the_callers_tensor")
def makes_the_best_risk_zero(train_risks, true_risks):
    """Shift the true risks so that the best one is 0; then the excess can be read off."""
    best = true_risks.min().item()
    for h in range(len(true_risks)):
        true_risks[h] -= best
    return true_risks[torch.argmin(train_risks, dim=-1)]


@attempt("excess_risk", mistake="chooses_on_the_true_risks")
def picks_the_best_hypothesis(train_risks, true_risks):
    """Choose the best hypothesis of each training set, then see how much worse it is than the best."""
    everywhere = true_risks.expand_as(train_risks)
    chosen = torch.argmin(everywhere, dim=-1)
    return true_risks[chosen] - torch.amin(true_risks)
