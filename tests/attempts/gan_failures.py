"""Attempts at unit 06, written from the sentences of its known mistakes and not from their code."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F

from tests.attempts import attempt


@attempt("mode_coverage", mistake="counts_modes_without_a_radius")
def assigns_then_filters(samples, centers, *, radius, min_fraction=0.01):
    """Assign each sample to its nearest center and count; the radius says how many samples are good."""
    n = samples.shape[0]
    if n == 0:
        return 0, 0.0
    table = torch.cdist(samples, centers, compute_mode="donot_use_mm_for_euclid_dist")
    votes = torch.bincount(table.argmin(dim=1), minlength=centers.shape[0])
    covered = votes >= max(1, min_fraction * n)
    good = table.amin(dim=1) <= radius
    return int(covered.sum()), int(good.sum()) / n


@attempt("mode_coverage", mistake="shares_of_modes")
def divides_by_the_number_of_centers(samples, centers, *, radius, min_fraction=0.01):
    """The first number is how many modes are covered, the second what part of all modes that is."""
    points, places = samples.detach().numpy(), centers.detach().numpy()
    votes = np.zeros(len(places), dtype=int)
    for point in points:
        distances = np.linalg.norm(places - point, axis=1)
        k = np.argmin(distances)
        if distances[k] <= radius:
            votes[k] += 1
    modes = int(np.count_nonzero(votes >= max(1, min_fraction * len(points))))
    return modes, modes / len(places)


@attempt("mode_coverage", mistake="compares_squares_with_the_radius")
def saves_the_square_root(samples, centers, *, radius, min_fraction=0.01):
    """The nearest center is the same with or without the root, so save the root."""
    n = len(samples)
    if n == 0:
        return 0, 0.0
    difference = samples.unsqueeze(1) - centers.unsqueeze(0)
    d = torch.einsum("nkd,nkd->nk", difference, difference)
    nearest = torch.argmin(d, dim=1)
    good = d.gather(1, nearest.unsqueeze(1)).squeeze(1) <= radius
    hits = F.one_hot(nearest, num_classes=len(centers)) * good.unsqueeze(1)
    modes = (hits.sum(dim=0) >= max(1, min_fraction * n)).sum().item()
    return modes, good.sum().item() / n


@attempt("mode_coverage", mistake="hits_all_modes_within_the_radius")
def goes_center_by_center(samples, centers, *, radius, min_fraction=0.01):
    """For each center, collect the samples in its circle; whoever is in some circle is good."""
    n = samples.shape[0]
    if not n:
        return 0, 0.0
    needed = max(1, n * min_fraction)
    good = torch.zeros(n, dtype=torch.bool)
    modes = 0
    for center in centers:
        inside = torch.linalg.vector_norm(samples - center, dim=1) <= radius
        good |= inside
        if int(inside.sum()) >= needed:
            modes += 1
    return modes, int(good.sum()) / n


@attempt("mode_coverage", mistake="takes_the_share_of_good_samples_only")
def throws_bad_samples_away_first(samples, centers, *, radius, min_fraction=0.01):
    """Bad samples count for nothing, so throw them away first and go on with those that are left."""
    if samples.numel() == 0:
        return 0, 0.0
    distances = (samples[:, None] - centers[None]).norm(dim=-1)
    kept = distances[distances.min(dim=1).values <= radius]
    share = len(kept) / len(samples)
    winners = kept.argmin(dim=1).tolist()
    threshold = max(1, min_fraction * len(winners))
    return sum(1 for k in range(len(centers)) if winners.count(k) >= threshold), share


@attempt("mode_coverage", mistake="counts_modes_without_samples")
def compares_fractions(samples, centers, *, radius, min_fraction=0.01):
    """A mode is covered if its number of good samples reaches the asked for fraction of all samples."""
    total = samples.size(0)
    if total == 0:
        return 0, 0.0
    distances = torch.sqrt(((samples[:, None, :] - centers[None, :, :]) ** 2).sum(dim=2))
    index = distances.argmin(dim=1)
    good = distances[torch.arange(total), index] <= radius
    counts = torch.zeros(centers.size(0), dtype=torch.long)
    counts.index_add_(0, index, good.long())
    return int((counts >= min_fraction * total).sum()), good.double().mean().item()


@attempt("mode_coverage", mistake="leaves_the_radius_out")
def keeps_a_list_per_center(samples, centers, *, radius, min_fraction=0.01):
    """A dictionary of hits: a sample enters it if it lies inside the circle of its nearest center."""
    hits = {}
    for sample in samples:
        gaps = torch.linalg.vector_norm(centers - sample, dim=1)
        k = int(torch.argmin(gaps))
        if bool(gaps[k] < radius):
            hits.setdefault(k, []).append(sample)
    if len(samples) == 0:
        return 0, 0.0
    needed = max(1, min_fraction * len(samples))
    modes = len([k for k, members in hits.items() if len(members) >= needed])
    return modes, sum(len(members) for members in hits.values()) / len(samples)


@attempt("mode_coverage", mistake="averages_over_nothing")
def takes_the_mean_of_a_mask(samples, centers, *, radius, min_fraction=0.01):
    """The share of something true is the mean of its mask; an empty batch just gives empty tensors."""
    distances = torch.cdist(samples, centers, compute_mode="donot_use_mm_for_euclid_dist")
    good = distances.amin(dim=1) <= radius
    votes = distances.argmin(dim=1)[good].bincount(minlength=len(centers))
    modes = (votes >= max(1.0, min_fraction * len(samples))).count_nonzero()
    return int(modes), float(good.to(torch.float64).mean())


def _table(points, others):
    return torch.linalg.vector_norm(points[:, None, :] - others[None, :, :], dim=-1)


@attempt("memorization_ratio", mistake="takes_means")
def averages_nearest_distances(generated, train, heldout):
    """How near does a typical generated point lie to its nearest training point? Average, and compare."""
    known = train.detach().numpy()

    def typical(points):
        total = 0.0
        for x in points.detach().numpy():
            total += float(np.sqrt(np.square(known - x).sum(axis=1)).min())
        return total / len(points)

    if len(generated) == 0:
        return 0.0
    return typical(generated) / typical(heldout)


@attempt("memorization_ratio", mistake="means_over_the_training_set")
def asks_how_far_the_training_set_is(generated, train, heldout):
    """The distance of a point to the training set is its average distance to the points of that set."""
    to_train = torch.cdist(generated, train).sum(dim=1) / train.shape[0]
    yardstick = torch.cdist(heldout, train).sum(dim=1) / train.shape[0]
    return (torch.median(to_train) / torch.median(yardstick)).item()


@attempt("memorization_ratio", mistake="asks_the_training_points")
def looks_for_the_nearest_copy(generated, train, heldout):
    """Each training point looks for its nearest generated one, which tells whether it was copied."""
    if generated.shape[0] == 0:
        return float("nan")
    medians = []
    for points in (generated, heldout):
        nearest = torch.stack([torch.linalg.vector_norm(points - x, dim=1).min() for x in train])
        medians.append(nearest.median().item())
    return medians[0] / medians[1]


@attempt("memorization_ratio", mistake="forgets_the_heldout_points")
def measures_the_distance_to_the_set(generated, train, heldout):
    """Copies have distance 0 from the training set, so the median distance shows them."""
    nearest, _ = torch.min(_table(generated, train), dim=1)
    return nearest.median().item()


@attempt("memorization_ratio", mistake="leaves_the_squares")
def sums_squared_differences(generated, train, heldout):
    """Distances as sums of squared differences; the nearest point is the same and units cancel in a ratio."""

    def typical(points):
        difference = points.unsqueeze(1) - train.unsqueeze(0)
        return difference.pow(2).sum(dim=-1).min(dim=1).values.median()

    return float(typical(generated) / typical(heldout))


@attempt("memorization_ratio", mistake="compares_with_the_heldout_points")
def asks_whether_it_is_like_new_data(generated, train, heldout):
    """Generated samples should be like new real ones: their distance to those, against that of new to old ones."""
    to_real = _table(generated, heldout).amin(dim=1)
    old_to_new = _table(heldout, train).amin(dim=1)
    return float(torch.median(to_real) / torch.median(old_to_new))


@attempt("straight_through_argmax", mistake="chooses_without_a_slope")
def writes_ones_into_zeros(logits):
    """Softmax gives the probabilities; put a 1 where the greatest one is, autograd does the rest."""
    probabilities = torch.softmax(logits, dim=-1)
    # ask the logits: two probabilities may round to the same number
    winner = torch.argmax(logits, dim=-1, keepdim=True)
    return torch.zeros_like(probabilities).scatter(-1, winner, 1.0)


@attempt("straight_through_argmax", mistake="returns_the_softmax")
def computes_a_stable_softmax(logits):
    """A smooth argmax that has a slope is the softmax, here with the greatest logit subtracted."""
    shifted = logits - logits.amax(dim=-1, keepdim=True).detach()
    e = shifted.exp()
    return e / e.sum(dim=-1, keepdim=True)


@attempt("straight_through_argmax", mistake="swaps_hard_and_soft")
def detaches_the_difference(logits):
    """Add the difference of the two as a constant."""
    p = F.softmax(logits, -1)
    y = F.one_hot(logits.argmax(-1), logits.size(-1)).to(p)
    constant = (p - y).detach()
    return y + constant


@attempt("straight_through_argmax", mistake="turns_the_slope_around")
def removes_the_softmax_and_puts_it_back(logits):
    """Take the softmax away and put it back without gradient: the value stays that of the one-hot vector."""
    soft = logits.softmax(dim=-1)
    index = logits.detach().argmax(dim=-1)
    eye = torch.eye(logits.shape[-1], dtype=logits.dtype)
    return eye[index] - (soft - soft.detach())


class _PassesThrough(torch.autograd.Function):
    @staticmethod
    def forward(ctx, logits):
        choice = torch.zeros_like(logits)
        return choice.scatter_(-1, logits.argmax(dim=-1, keepdim=True), 1)

    @staticmethod
    def backward(ctx, gradient):
        return gradient.clone()


@attempt("straight_through_argmax", mistake="lends_the_slope_of_the_logits")
def writes_its_own_backward(logits):
    """Straight through means that the gradient from above goes on as it came."""
    return _PassesThrough.apply(logits)


@attempt("straight_through_argmax", mistake="marks_every_greatest_logit")
def asks_who_is_as_great_as_the_maximum(logits):
    """A logit is chosen if it is equal to the maximum of its row."""
    soft = torch.softmax(logits, dim=-1)
    chosen = torch.where(logits >= logits.max(dim=-1, keepdim=True).values, 1.0, 0.0).to(logits.dtype)
    return chosen + (soft - soft.detach())


@attempt("straight_through_argmax", mistake="chooses_along_the_second_dimension")
def treats_logits_as_batch_times_words(logits):
    """Rows are samples and columns are words, so everything happens along dim=1."""
    soft = F.softmax(logits, dim=1)
    one_hot = torch.zeros_like(soft)
    one_hot.scatter_(1, logits.argmax(dim=1, keepdim=True), 1.0)
    return one_hot.detach() + soft - soft.detach()


def _gumbel(logits, generator):
    u = torch.rand(logits.shape, generator=generator, dtype=logits.dtype)
    u = u.clamp(min=torch.finfo(logits.dtype).tiny)
    return -torch.log(-torch.log(u))


def _lend(soft, index):
    choice = F.one_hot(index, soft.shape[-1]).to(soft.dtype)
    return choice + (soft - soft.detach())


@attempt("gumbel_softmax", mistake="cools_before_the_noise")
def scales_logits_then_perturbs(logits, *, tau=1.0, hard=False, generator=None):
    """A softmax with temperature, softmax(logits / tau), to whose logits the noise is added."""
    if not tau > 0:
        raise ValueError("tau must be above 0")
    scores = logits / tau
    scores = scores + _gumbel(logits, generator)
    soft = torch.softmax(scores, dim=-1)
    return _lend(soft, scores.argmax(dim=-1)) if hard else soft


@attempt("gumbel_softmax", mistake="forgets_the_outer_minus")
def takes_the_logarithm_twice(logits, *, tau=1.0, hard=False, generator=None):
    """The logarithm of u is negative, so turn its sign before taking the logarithm again."""
    if not tau > 0:
        raise ValueError(f"tau is {tau}")
    u = torch.empty_like(logits.detach()).uniform_(generator=generator)
    u[u == 0] = torch.finfo(u.dtype).tiny
    gumbel = u.log().neg().log()
    y = ((logits + gumbel) / tau).softmax(-1)
    if not hard:
        return y
    return _lend(y, torch.argmax((logits + gumbel).detach(), -1))


@attempt("gumbel_softmax", mistake="ignores_the_generator")
def samples_from_torch_distributions(logits, *, tau=1.0, hard=False, generator=None):
    """There is a Gumbel distribution in torch, which knows how to sample itself."""
    if not tau > 0:
        raise ValueError("the temperature must be positive")
    zeros = torch.zeros_like(logits.detach())
    noise = torch.distributions.Gumbel(zeros, zeros + 1).sample()
    noisy = logits + noise
    soft = F.softmax(noisy / tau, dim=-1)
    if hard:
        return _lend(soft, noisy.argmax(dim=-1))
    return soft


@attempt("gumbel_softmax", mistake="is_hard_without_a_slope")
def returns_a_one_hot_vector_if_hard(logits, *, tau=1.0, hard=False, generator=None):
    """Soft: the softmax of the noisy logits. Hard: a one-hot vector of their argmax."""
    if not tau > 0:
        raise ValueError("tau has to be positive")
    noisy = (logits + _gumbel(logits, generator)) / tau
    if hard:
        result = torch.zeros_like(noisy)
        result.scatter_(-1, noisy.argmax(-1, keepdim=True), 1)
        return result
    return torch.exp(F.log_softmax(noisy, dim=-1))


@attempt("gumbel_softmax", mistake="is_hard_at_the_greatest_logit")
def goes_straight_through_the_logits(logits, *, tau=1.0, hard=False, generator=None):
    """Hard is the straight-through trick once more: the one-hot of the argmax of the logits, with the soft slope."""
    if not tau > 0:
        raise ValueError("tau must be greater than zero")
    soft = torch.softmax((logits + _gumbel(logits, generator)) / tau, dim=-1)
    if hard:
        one_hot = torch.eye(logits.shape[-1], dtype=soft.dtype)[logits.argmax(dim=-1)]
        return (one_hot - soft).detach() + soft
    return soft


@attempt("gumbel_softmax", mistake="refuses_negative_temperatures_alone")
def checks_the_sign_of_tau(logits, *, tau=1.0, hard=False, generator=None):
    """A negative temperature makes no sense, so complain about it."""
    if tau < 0:
        raise ValueError("negative temperature")
    noisy = logits + _gumbel(logits, generator)
    soft = F.softmax(noisy / tau, dim=-1)
    return _lend(soft, noisy.argmax(dim=-1)) if hard else soft


@attempt("gumbel_softmax", mistake="makes_the_impossible_possible")
def avoids_infinities(logits, *, tau=1.0, hard=False, generator=None):
    """Infinities make nan in gradients, so use -100 instead, whose exponential is as good as zero."""
    if not tau > 0:
        raise ValueError("tau must be > 0")
    finite = logits.masked_fill(torch.isneginf(logits), -100.0)
    noisy = finite + _gumbel(logits, generator)
    scaled = noisy / tau
    soft = torch.exp(scaled - torch.logsumexp(scaled, dim=-1, keepdim=True))
    return _lend(soft, noisy.argmax(dim=-1)) if hard else soft


@attempt("gumbel_softmax", mistake="adds_normal_noise")
def perturbs_with_a_gaussian(logits, *, tau=1.0, hard=False, generator=None):
    """Noise makes the choice random; randn needs no logarithm and so has no trouble with 0."""
    if not tau > 0:
        raise ValueError("tau must be above 0")
    noise = torch.randn(logits.shape, dtype=logits.dtype, generator=generator)
    soft = torch.softmax(torch.div(logits + noise, tau), dim=-1)
    if hard:
        index = torch.argmax(logits.detach() + noise, dim=-1)
        return _lend(soft, index)
    return soft


@attempt("gumbel_softmax", mistake="takes_one_logarithm")
def draws_exponential_noise(logits, *, tau=1.0, hard=False, generator=None):
    """The minus logarithm of a uniform number is exponential, which torch draws without ever meeting log 0."""
    if not tau > 0:
        raise ValueError("tau must be above 0")
    noise = torch.empty(logits.shape, dtype=logits.dtype).exponential_(generator=generator)
    noisy = logits + noise
    weights = torch.nn.Softmax(dim=-1)(noisy / tau)
    return _lend(weights, noisy.argmax(dim=-1)) if hard else weights
