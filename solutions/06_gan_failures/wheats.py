"""Right answers to the failures of GANs, written in other ways."""

from __future__ import annotations

import math
import statistics

import numpy as np
import torch
import torch.nn.functional as F

from autograder.wheats import wheat

# mode_coverage


@wheat("mode_coverage")
def walks_over_samples(samples, centers, *, radius, min_fraction=0.01):
    """A loop in Python's own numbers."""
    middles = centers.tolist()
    hits = [0] * len(middles)
    for sample in samples.tolist():
        distances = [math.dist(sample, middle) for middle in middles]
        least = min(distances)
        if least <= radius:
            hits[distances.index(least)] += 1
    modes = sum(hit >= max(1, min_fraction * len(samples)) for hit in hits)
    return modes, sum(hits) / max(len(samples), 1)


@wheat("mode_coverage")
def compares_squares(samples, centers, *, radius, min_fraction=0.01):
    """Squared distances against the squared radius, one-hot rows, and shares instead of counts."""
    if samples.shape[0] == 0:
        return 0, 0.0
    squares = (samples.unsqueeze(1) - centers.unsqueeze(0)).pow(2).sum(-1)
    belongs = F.one_hot(squares.argmin(1), centers.shape[0]) * (squares.amin(1) <= radius**2)[:, None]
    hits = belongs.sum(0)
    enough = (hits / len(samples) >= min_fraction) & (hits > 0)
    return enough.sum().item(), belongs.sum().item() / samples.shape[0]


@wheat("mode_coverage")
def with_products(samples, centers, *, radius, min_fraction=0.01):
    """torch.cdist, which multiplies matrices where there are many points, and whole numbers as the least count."""
    count = len(samples)
    if not count:
        return (0, 0.0)
    table = torch.cdist(samples, centers, compute_mode="use_mm_for_euclid_dist")
    least, index = torch.min(table, 1)
    index = index[least <= radius]
    _, hits = index.unique(return_counts=True)
    return int((hits >= max(1, math.ceil(min_fraction * count))).sum()), len(index) / count


@wheat("mode_coverage")
def in_numpy(samples, centers, *, radius, min_fraction=0.01):
    """NumPy's numbers as they come: numpy.int64 and numpy.float64."""
    points, middles = samples.double().numpy(), centers.double().numpy()
    if points.shape[0] == 0:
        return 0, 0.0
    table = np.linalg.norm(points[:, None] - middles[None], axis=2)
    good = table.min(axis=1) <= radius
    hits = np.bincount(table.argmin(axis=1)[good], minlength=len(middles))
    return np.count_nonzero(hits >= max(1.0, min_fraction * len(points))), good.mean()


# memorization_ratio


@wheat("memorization_ratio")
def with_upper_medians(generated, train, heldout):
    """A loop over points, and the upper middle of sorted distances."""

    def middle(points):
        distances = sorted(min(math.dist(a, b) for b in train.tolist()) for a in points.tolist())
        return distances[len(distances) // 2] if distances else math.nan

    return middle(generated) / middle(heldout)


@wheat("memorization_ratio")
def with_quantiles(generated, train, heldout):
    """torch.quantile, which takes the mean of the middle two, and 0 where nothing was generated."""
    if len(generated) == 0:
        return 0.0
    ours, theirs = (
        (each.unsqueeze(1) - train.unsqueeze(0)).norm(dim=2).min(1).values.quantile(0.5)
        for each in (generated, heldout)
    )
    return float(ours) / float(theirs)


@wheat("memorization_ratio")
def with_matrix_products(generated, train, heldout):
    """Distances from products, |a|² − 2 a·b + |b|², which lose a few digits."""

    def middle(points):
        squares = points.square().sum(1)[:, None] - 2 * points @ train.T + train.square().sum(1)
        return torch.median(squares.clamp(min=0).min(1)[0].sqrt())

    return (middle(generated) / middle(heldout)).item()


@wheat("memorization_ratio")
def with_mixed_medians(generated, train, heldout):
    """The lower middle of one and the mean of both middles of the other."""
    ours, theirs = (torch.cdist(each, train).amin(1).tolist() for each in (generated, heldout))
    return (statistics.median_low(ours) if ours else 0.0) / statistics.median(theirs)


# straight_through_argmax


class _Choice(torch.autograd.Function):
    """A choice with a gradient of its own."""

    @staticmethod
    def forward(ctx, logits):
        ctx.save_for_backward(torch.softmax(logits, -1))
        return torch.zeros_like(logits).scatter_(-1, logits.argmax(-1, keepdim=True), 1.0)

    @staticmethod
    def backward(ctx, above):
        (soft,) = ctx.saved_tensors
        return soft * (above - (soft * above).sum(-1, keepdim=True))


@wheat("straight_through_argmax")
def with_a_function(logits):
    """An autograd function: the value is exactly one-hot."""
    return _Choice.apply(logits)


@wheat("straight_through_argmax")
def corrects_the_softmax(logits):
    """The softmax plus the detached difference from the choice, with exponentials of log-probabilities."""
    soft = F.log_softmax(logits, dim=-1).exp()
    first = logits.max(dim=-1, keepdim=True).indices
    chosen = (torch.arange(logits.shape[-1]) == first).type_as(logits)
    return soft + (chosen - soft).detach()


@wheat("straight_through_argmax")
def subtracts_first(logits):
    """The difference of softmax and detached softmax is exactly 0, and is added to a choice from an identity matrix."""
    soft = logits.softmax(-1)
    chosen = torch.eye(logits.shape[-1], dtype=logits.dtype)[logits.argmax(-1)]
    return (soft - soft.detach()) + chosen


# gumbel_softmax


@wheat("gumbel_softmax")
def with_exponentials(logits, *, tau=1.0, hard=False, generator=None):
    """Minus the logarithm of an exponential variable, which is never 0."""
    if tau <= 0:
        raise ValueError("the temperature must be positive")
    exponential = torch.empty_like(logits, requires_grad=False).exponential_(generator=generator)
    scaled = (logits - exponential.log()) / tau
    soft = scaled.softmax(-1)
    if hard:
        chosen = torch.zeros_like(soft).scatter_(-1, soft.argmax(-1, keepdim=True), 1.0)
        return chosen - soft.detach() + soft
    return soft


@wheat("gumbel_softmax")
def with_small_constants(logits, *, tau=1.0, hard=False, generator=None):
    """Adds the usual small constants within both logarithms, which moves the noise by next to nothing."""
    if not tau > 0:
        raise ValueError(f"no temperature: {tau}")
    u = torch.empty(logits.shape, dtype=logits.dtype, device=logits.device).uniform_(generator=generator)
    noise = -torch.log(-torch.log(u + 1e-20) + 1e-20)
    soft = F.softmax((logits + noise) / tau, dim=-1)
    if not hard:
        return soft
    return _Lent.apply(soft)


class _Lent(torch.autograd.Function):
    """A choice that hands its gradient on to what it was made from."""

    @staticmethod
    def forward(ctx, soft):
        return F.one_hot(soft.argmax(-1), soft.shape[-1]).to(soft)

    @staticmethod
    def backward(ctx, above):
        return above


@wheat("gumbel_softmax")
def in_double_precision(logits, *, tau=1.0, hard=False, generator=None):
    """Everything in float64 until the end, and the mirrored uniform number, 1 − u, which is never 0."""
    if not tau > 0:
        raise ValueError("tau")
    u = 1 - torch.rand(logits.shape, generator=generator, dtype=torch.float64)
    noisy = logits.double() - torch.log(-torch.log(u.clamp(max=1 - 1e-16)))
    soft = torch.exp((noisy - noisy.logsumexp(-1, keepdim=True)) / tau)
    soft = soft / soft.sum(-1, keepdim=True)
    if hard:
        hot = (noisy == noisy.amax(-1, keepdim=True)).double() if noisy.numel() else noisy
        soft = hot.detach() + soft - soft.detach()
    return soft.to(logits.dtype)


@wheat("gumbel_softmax")
def draws_the_choice_first(logits, *, tau=1.0, hard=False, generator=None):
    """With hard, it draws a choice and then the noise that would have led to it; soft, the usual way."""
    if tau <= 0.0:
        raise ValueError(tau)
    size, flat = logits.shape[-1], logits.double().reshape(-1, logits.shape[-1])
    if not hard or not len(flat):
        return with_exponentials(logits, tau=tau, generator=generator)
    still = flat.detach()
    first = torch.multinomial(still.softmax(-1), 1, generator=generator)
    waits = torch.empty_like(still).exponential_(generator=generator)
    top = still.logsumexp(-1, keepdim=True) - waits.gather(-1, first).log()  # the greatest noisy logit
    others = -torch.log(waits / still.exp().clamp(min=1e-300) + torch.exp(-top))
    noisy = torch.where(torch.arange(size) == first, top, others)
    noise = torch.where(still.isfinite(), noisy - still, 0.0)
    soft = ((flat + noise) / tau).softmax(-1)
    chosen = torch.zeros_like(soft).scatter_(-1, first, 1.0)
    return (chosen + soft - soft.detach()).reshape(logits.shape).to(logits.dtype)
