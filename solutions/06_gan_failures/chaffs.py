"""Wrong ways to look at the failures of GANs, one mistake each."""

from __future__ import annotations

import functools
import math

import torch
import torch.nn.functional as F

from autograder.wheats import chaff

# mode_coverage


def _distances(samples, centers):
    return torch.linalg.vector_norm(samples[:, None] - centers, dim=-1)


def _coverage(samples, centers, radius, min_fraction, *, distances=_distances, good=None, enough=None, share=None):
    """The answer, with one of its steps replaced."""
    if len(samples) == 0:
        return 0, 0.0
    distance, nearest = distances(samples, centers).min(dim=1)
    hit = distance <= radius if good is None else good(distance)
    counts = torch.bincount(nearest[hit], minlength=len(centers))
    needed = max(1, min_fraction * len(samples))
    modes = int((counts >= needed).sum()) if enough is None else int(enough(counts, needed))
    fraction = hit.double().mean().item() if share is None else share(hit, counts, needed)
    return modes, fraction


@chaff("mode_coverage", caught_by=("leaves_out_samples_that_are_good_for_nothing", "sees_a_generator_collapse"))
def counts_modes_without_a_radius(samples, centers, *, radius, min_fraction=0.01):
    """It counts every mode that is nearest to some samples, however far they are. Only good samples hit a mode."""
    modes, _ = _coverage(samples, centers, math.inf, min_fraction)
    return modes, _coverage(samples, centers, radius, min_fraction)[1]


@chaff("mode_coverage", caught_by=("finds_the_share_of_good_samples", "leaves_out_samples_that_are_good_for_nothing"))
def takes_every_sample_for_good(samples, centers, *, radius, min_fraction=0.01):
    """It never asks for the radius: its share is always 1. A sample is good only if it lies within it of a center."""
    return _coverage(samples, centers, math.inf, min_fraction)


@chaff("mode_coverage", caught_by=("counts_the_modes_that_are_hit",))
def counts_good_samples_as_modes(samples, centers, *, radius, min_fraction=0.01):
    """Its first number is how many samples are good. Wanted is how many centers they belong to."""
    return _coverage(samples, centers, radius, min_fraction, enough=lambda counts, needed: counts.sum())


@chaff("mode_coverage", caught_by=("counts_the_modes_that_are_hit", "asks_for_one_sample_at_least"))
def numbers_the_modes(samples, centers, *, radius, min_fraction=0.01):
    """It returns the index of the mode that has most samples. Wanted is how many modes have enough."""
    return _coverage(samples, centers, radius, min_fraction, enough=lambda counts, needed: counts.argmax())


@chaff("mode_coverage", caught_by=("finds_the_share_of_good_samples",))
def shares_of_counted_modes(samples, centers, *, radius, min_fraction=0.01):
    """Its share leaves out good samples whose mode has too few of them. A sample is good by its distance alone."""

    def share(hit, counts, needed):
        return counts[counts >= needed].sum().item() / len(hit)

    return _coverage(samples, centers, radius, min_fraction, share=share)


@chaff("mode_coverage", caught_by=("finds_the_share_of_good_samples",))
def shares_of_modes(samples, centers, *, radius, min_fraction=0.01):
    """Its share is that of the modes. Wanted is the share of samples that are good."""

    def share(hit, counts, needed):
        return (counts >= needed).double().mean().item()

    return _coverage(samples, centers, radius, min_fraction, share=share)


@chaff("mode_coverage", caught_by=("takes_a_sample_at_exactly_the_radius",))
def leaves_the_radius_out(samples, centers, *, radius, min_fraction=0.01):
    """A sample exactly at the radius is not good to it. Within means at most."""
    return _coverage(samples, centers, radius, min_fraction, good=lambda distance: distance < radius)


@chaff("mode_coverage", caught_by=("finds_the_share_of_good_samples", "agrees_with_the_reference"))
def compares_squares_with_the_radius(samples, centers, *, radius, min_fraction=0.01):
    """It compares squared distances with the radius. Take the root, or square the radius as well."""
    return _coverage(samples, centers, radius, min_fraction, good=lambda distance: distance.square() <= radius)


@chaff("mode_coverage", caught_by=("gives_each_sample_to_its_nearest_center_alone",))
def hits_all_modes_within_the_radius(samples, centers, *, radius, min_fraction=0.01):
    """A sample counts for every center within its radius. It belongs to the nearest one alone."""
    if len(samples) == 0:
        return 0, 0.0
    within = _distances(samples, centers) <= radius
    modes = int((within.sum(0) >= max(1, min_fraction * len(samples))).sum())
    return modes, within.any(1).double().mean().item()


@chaff("mode_coverage", caught_by=("gives_ties_to_the_lowest_index",))
def gives_ties_to_the_last(samples, centers, *, radius, min_fraction=0.01):
    """Between two centers at one distance it takes the higher index. Ties go to the lowest one."""
    return _coverage(samples, centers.flip(0), radius, min_fraction)


@chaff("mode_coverage", caught_by=("asks_for_a_share_of_all_samples",))
def takes_the_share_of_good_samples_only(samples, centers, *, radius, min_fraction=0.01):
    """It takes min_fraction of the good samples. It is a share of all samples."""

    def enough(counts, needed):
        return (counts >= max(1, min_fraction * int(counts.sum()))).sum()

    return _coverage(samples, centers, radius, min_fraction, enough=enough)


@chaff("mode_coverage", caught_by=("asks_for_a_share_of_all_samples",))
def wants_more_than_enough(samples, centers, *, radius, min_fraction=0.01):
    """A mode with just as many samples as are asked for does not count to it. Wanted are at least so many."""

    def enough(counts, needed):
        return ((counts > min_fraction * len(samples)) & (counts >= 1)).sum()

    return _coverage(samples, centers, radius, min_fraction, enough=enough)


@chaff("mode_coverage", caught_by=("asks_for_a_share_of_all_samples", "asks_for_a_hundredth_unless_told_otherwise"))
def counts_a_mode_for_one_sample(samples, centers, *, radius, min_fraction=0.01):
    """One good sample is enough for it, whatever min_fraction says. A few strays would then pass for a mode."""
    return _coverage(samples, centers, radius, 0.0)


@chaff("mode_coverage", caught_by=("asks_for_one_sample_at_least",))
def counts_modes_without_samples(samples, centers, *, radius, min_fraction=0.01):
    """A min_fraction of 0 counts modes without any sample to it. A mode wants at least one."""
    return _coverage(
        samples, centers, radius, min_fraction, enough=lambda counts, _: (counts >= min_fraction * len(samples)).sum()
    )


@chaff("mode_coverage", caught_by=("counts_the_modes_that_are_hit", "asks_for_one_sample_at_least"))
def wants_two_samples(samples, centers, *, radius, min_fraction=0.01):
    """A single good sample makes no mode to it. Where few samples are asked for, one is enough."""
    return _coverage(samples, centers, radius, min_fraction, enough=lambda counts, needed: (counts > needed).sum())


@chaff("mode_coverage", caught_by=("asks_for_a_hundredth_unless_told_otherwise",))
def has_another_least_share(samples, centers, *, radius, min_fraction=0.05):
    """It asks for a twentieth where min_fraction is not named. The contract says a hundredth."""
    return _coverage(samples, centers, radius, min_fraction)


@chaff("mode_coverage", caught_by=("counts_the_modes_that_are_hit", "sees_a_generator_fill_a_ring"))
def multiplies_too_late(samples, centers, *, radius, min_fraction=0.01):
    """It asks for max(1, min_fraction) · N samples, thus for all of them. A mode wants max(1, min_fraction · N)."""
    return _coverage(samples, centers, radius, min_fraction, enough=lambda counts, _: (counts >= len(samples)).sum())


@chaff("mode_coverage", caught_by=("takes_a_batch_of_one",))
def squeezes_the_distances(samples, centers, *, radius, min_fraction=0.01):
    """It squeezes the table of distances, and a single sample loses its row. Name the dimension that you mean."""
    if len(samples) == 0:
        return 0, 0.0
    return _coverage(samples, centers, radius, min_fraction, distances=lambda *both: _distances(*both).squeeze(0))


@chaff("mode_coverage", caught_by=("finds_nothing_without_samples",))
def averages_over_nothing(samples, centers, *, radius, min_fraction=0.01):
    """Its share over no samples is nan. Without samples it is 0.0."""
    if len(samples) == 0:
        return 0, math.nan
    return _coverage(samples, centers, radius, min_fraction)


@chaff("mode_coverage", caught_by=("leaves_everything_as_it_was",))
def sorts_the_centers_in_place(samples, centers, *, radius, min_fraction=0.01):
    """It sorts the caller's centers in place. Make new ones."""
    result = _coverage(samples, centers, radius, min_fraction)
    centers.copy_(centers[centers[:, 0].argsort(descending=True)])
    return result


# memorization_ratio

_exact_distances = functools.partial(torch.cdist, compute_mode="donot_use_mm_for_euclid_dist")


def _least(points, train):
    return _exact_distances(points, train).amin(dim=1)


def _middle(distances):
    return distances.median()


def _ratio(generated, train, heldout, *, nearest=_least, middle=_middle):
    """The answer, with one of its steps replaced."""
    return (middle(nearest(generated, train)) / middle(nearest(heldout, train))).item()


@chaff("memorization_ratio", caught_by=("is_not_moved_by_a_few_outliers", "divides_the_medians_of_nearest_distances"))
def takes_means(generated, train, heldout):
    """It takes the mean of the distances, which a single outlier carries away. Take their median."""
    return _ratio(generated, train, heldout, middle=lambda distances: distances.mean())


@chaff("memorization_ratio", caught_by=("takes_a_median_of_an_even_number", "divides_the_medians_of_nearest_distances"))
def takes_one_beside_the_middle(generated, train, heldout):
    """It takes the distance one above the median. Counted from 0, the middle of n sorted distances is at n // 2."""

    def beside(distances):
        return distances.sort().values[min(len(distances) // 2 + 1, len(distances) - 1)] if len(distances) else _nan()

    return _ratio(generated, train, heldout, middle=beside)


def _nan():
    return torch.tensor(math.nan, dtype=torch.float64)


@chaff("memorization_ratio", caught_by=("is_zero_for_copies", "finds_copied_digits"))
def means_over_the_training_set(generated, train, heldout):
    """It takes the mean distance to all training points. Copies show in the distance to the nearest one."""
    return _ratio(generated, train, heldout, nearest=lambda points, train: _exact_distances(points, train).mean(dim=1))


@chaff("memorization_ratio", caught_by=("divides_the_medians_of_nearest_distances",))
def asks_the_training_points(generated, train, heldout):
    """It reduces the wrong dimension: for each training point how near the others lie. Ask for each generated point."""

    def nearest(points, train):
        return _exact_distances(points, train).amin(dim=0) if len(points) else train.new_zeros(0)

    return _ratio(generated, train, heldout, nearest=nearest)


@chaff(
    "memorization_ratio", caught_by=("divides_the_medians_of_nearest_distances", "finds_new_digits_as_new_as_they_are")
)
def forgets_the_heldout_points(generated, train, heldout):
    """It returns the median distance itself. Whether that is much, only held-out points can tell: divide by theirs."""
    return _middle(_least(generated, train)).item()


@chaff("memorization_ratio", caught_by=("divides_the_medians_of_nearest_distances", "is_zero_for_copies"))
def turns_the_ratio_over(generated, train, heldout):
    """It divides the held-out distance by the generated one. Copies must give 0."""
    ours, theirs = _middle(_least(generated, train)), _middle(_least(heldout, train))
    return (theirs / ours.clamp(min=1e-12)).item()


@chaff("memorization_ratio", caught_by=("is_one_for_the_heldout_samples_themselves", "is_zero_for_copies"))
def compares_with_the_heldout_points(generated, train, heldout):
    """Its numerator measures how near generated points lie to held-out ones. Both distances are to the training set."""
    return _ratio(
        generated,
        train,
        heldout,
        nearest=lambda points, train: _least(points, heldout if points is generated else train),
    )


@chaff("memorization_ratio", caught_by=("divides_the_medians_of_nearest_distances", "agrees_with_the_reference"))
def leaves_the_squares(generated, train, heldout):
    """It divides squared distances. Take the roots."""
    return _ratio(generated, train, heldout, nearest=lambda *both: _least(*both).square())


@chaff("memorization_ratio", caught_by=("does_not_depend_on_where_the_data_lie",))
def adds_up_coordinates(generated, train, heldout):
    """It adds up absolute differences of coordinates. The distance is Euclidean."""
    return _ratio(generated, train, heldout, nearest=lambda *both: torch.cdist(*both, p=1).amin(dim=1))


@chaff("memorization_ratio", caught_by=("does_not_depend_on_where_the_data_lie",))
def compares_directions(generated, train, heldout):
    """It compares directions as seen from the origin. The distance is Euclidean, wherever the data lie."""

    def nearest(points, train):
        return _least(F.normalize(points, dim=1), F.normalize(train, dim=1))

    return _ratio(generated, train, heldout, nearest=nearest, middle=lambda distances: distances.median() + 1e-9)


@chaff("memorization_ratio", caught_by=("divides_the_medians_of_nearest_distances",))
def divides_medians_of_ratios(generated, train, heldout):
    """It divides distances one by one before it takes a median. Generated and held-out points are no pairs."""
    ours, theirs = _least(generated, train), _least(heldout, train)
    size = min(len(ours), len(theirs))
    return _middle(ours[:size] / theirs[:size]).item()


@chaff("memorization_ratio", caught_by=("is_zero_for_copies",))
def leaves_out_distances_of_zero(generated, train, heldout):
    """It leaves out distances of 0, as if a point were its own neighbour. Here these are the copies."""

    def nearest(points, train):
        distances = _exact_distances(points, train)
        return distances.masked_fill(distances == 0, math.inf).amin(dim=1)

    return _ratio(generated, train, heldout, nearest=nearest)


@chaff("memorization_ratio", caught_by=("takes_a_batch_of_one",))
def squeezes_the_table(generated, train, heldout):
    """It squeezes the table of distances, and a single point loses its row. Name the dimension that you mean."""

    def nearest(points, train):
        return _exact_distances(points, train).squeeze(0).amin(dim=1)

    return _ratio(generated, train, heldout, nearest=nearest)


@chaff("memorization_ratio", caught_by=("takes_an_empty_batch",))
def looks_at_points_one_by_one(generated, train, heldout):
    """It stacks one distance per point in a loop, which fails where there is none."""
    return _ratio(
        generated,
        train,
        heldout,
        nearest=lambda points, train: torch.stack([_least(each[None], train)[0] for each in points]),
    )


@chaff("memorization_ratio", caught_by=("leaves_everything_as_it_was",))
def moves_the_data(generated, train, heldout):
    """It moves the caller's data to their middle, in place. Make new tensors."""
    middle = train.mean(dim=0)
    for points in (generated, train, heldout):
        points -= middle
    return _ratio(generated, train, heldout)


# straight_through_argmax


def _one_hot(logits):
    return F.one_hot(logits.argmax(dim=-1), logits.shape[-1]).to(logits.dtype)


def _through(hard, soft):
    """The value of the first with the gradient of the second."""
    return hard + soft - soft.detach()


@chaff("straight_through_argmax", caught_by=("has_the_right_gradient", "learns_the_words_that_a_judge_wants"))
def chooses_without_a_slope(logits):
    """It returns the choice alone, through which no gradient passes. Lend it the slope of the softmax."""
    return _one_hot(logits)


@chaff("straight_through_argmax", caught_by=("is_one_at_the_greatest_logit",))
def returns_the_softmax(logits):
    """It returns the softmax. Forwards wanted is a choice: 1 at the greatest logit and 0 elsewhere."""
    return torch.softmax(logits, dim=-1)


@chaff("straight_through_argmax", caught_by=("is_one_at_the_greatest_logit", "has_the_right_gradient"))
def swaps_hard_and_soft(logits):
    """It detaches the wrong ones: its value is soft, and its slope that of the choice, which has none. Swap them."""
    soft = torch.softmax(logits, dim=-1)
    hard = _one_hot(logits)
    return soft.detach() + (hard - hard.detach())


@chaff("straight_through_argmax", caught_by=("has_the_right_gradient", "learns_the_words_that_a_judge_wants"))
def turns_the_slope_around(logits):
    """Its gradient has the wrong sign: it subtracts the softmax and adds it detached."""
    soft = torch.softmax(logits, dim=-1)
    return _one_hot(logits) - soft + soft.detach()


@chaff("straight_through_argmax", caught_by=("has_the_right_gradient",))
def lends_the_slope_of_the_logits(logits):
    """It passes the gradient straight to the logits. It must be that of the softmax."""
    return _through(_one_hot(logits), logits)


@chaff("straight_through_argmax", caught_by=("has_the_right_gradient", "survives_extreme_logits"))
def lends_the_slope_of_the_log_softmax(logits):
    """It lends the slope of the logarithm of the softmax. Wanted is that of the softmax itself."""
    return _through(_one_hot(logits), torch.log_softmax(logits, dim=-1))


@chaff("straight_through_argmax", caught_by=("has_the_right_gradient",))
def multiplies_choice_and_softmax(logits):
    """It multiplies the choice with softmax over softmax, so that only the chosen entry's gradient passes."""
    soft = torch.softmax(logits, dim=-1)
    chosen = _one_hot(logits)
    return chosen * soft / soft.detach().clamp(min=1e-30) + 0 * logits


@chaff("straight_through_argmax", caught_by=("survives_extreme_logits",))
def divides_exponentials(logits):
    """Its softmax divides exponentials, which are infinite at logits of 200 in float32. torch's own is safe."""
    exponentials = torch.exp(logits)
    return _through(_one_hot(logits), exponentials / exponentials.sum(dim=-1, keepdim=True))


@chaff("straight_through_argmax", caught_by=("gives_ties_to_the_lowest_index", "agrees_with_the_reference"))
def marks_every_greatest_logit(logits):
    """Where logits are equal it marks all of them. One is chosen, the first."""
    return _through((logits == logits.amax(dim=-1, keepdim=True)).to(logits.dtype), torch.softmax(logits, dim=-1))


@chaff("straight_through_argmax", caught_by=("gives_ties_to_the_lowest_index",))
def marks_the_last_of_equals(logits):
    """Of equal logits it chooses the last. Ties go to the lowest index."""
    return _through(_one_hot(logits.flip(-1)).flip(-1), torch.softmax(logits, dim=-1))


@chaff("straight_through_argmax", caught_by=("takes_logits_of_any_shape",))
def chooses_along_the_second_dimension(logits):
    """It works along dimension 1, which is the last one only for two. Use the last one, -1."""
    soft = torch.softmax(logits, dim=1)
    chosen = torch.zeros_like(logits).scatter(1, logits.argmax(dim=1, keepdim=True), 1.0)
    return _through(chosen, soft)


@chaff("straight_through_argmax", caught_by=("is_one_at_the_greatest_logit", "has_the_right_gradient"))
def chooses_among_the_rows(logits):
    """It chooses along the first dimension, among samples. Each row has its own choice, along the last one."""
    if logits.ndim == 1 or not len(logits):
        return _through(_one_hot(logits), torch.softmax(logits, dim=-1))
    chosen = torch.zeros_like(logits).scatter(0, logits.argmax(dim=0, keepdim=True), 1.0)
    return _through(chosen, torch.softmax(logits, dim=0))


@chaff("straight_through_argmax", caught_by=("keeps_the_dtype",))
def chooses_in_float32(logits):
    """Its vectors are float32 whatever came in. Keep the dtype."""
    return _through(_one_hot(logits), torch.softmax(logits, dim=-1)).float()


@chaff("straight_through_argmax", caught_by=("takes_a_batch_of_one",))
def squeezes_the_choice(logits):
    """It squeezes the result, which takes a dimension off where there is one row."""
    return _through(_one_hot(logits), torch.softmax(logits, dim=-1)).squeeze()


@chaff("straight_through_argmax", caught_by=("takes_an_empty_batch",))
def chooses_row_by_row(logits):
    """It stacks one choice per row in a loop, which fails where there is none."""
    if logits.ndim == 1:
        return _through(_one_hot(logits), torch.softmax(logits, dim=-1))
    return torch.stack([_through(_one_hot(row), torch.softmax(row, dim=-1)) for row in logits])


@chaff("straight_through_argmax", caught_by=("leaves_everything_as_it_was",))
def shifts_the_logits_in_place(logits):
    """It subtracts the greatest logit from the caller's tensor, in place. Make a new one."""
    result = _through(_one_hot(logits), torch.softmax(logits, dim=-1))
    with torch.no_grad():
        logits -= logits.amax(dim=-1, keepdim=True) if logits.numel() else 0.0
    return result


# gumbel_softmax


def _uniform(logits, generator):
    drawn = torch.rand(logits.shape, generator=generator, dtype=logits.dtype, device=logits.device)
    return drawn.clamp(min=torch.finfo(logits.dtype).tiny)


def _gumbel(logits, generator):
    return -torch.log(-torch.log(_uniform(logits, generator)))


def _refuse(tau):
    if not tau > 0:
        raise ValueError(tau)


def _drawn(logits, tau, hard, generator, *, noise=_gumbel, mix=None, end=None):
    """The answer, with one of its steps replaced."""
    _refuse(tau)
    drawn = noise(logits, generator)
    noisy = (logits + drawn) / tau if mix is None else mix(logits, drawn)
    soft = torch.softmax(noisy, dim=-1)
    if not hard:
        return soft
    return _through(_one_hot(noisy), soft) if end is None else end(_one_hot(noisy), soft)


@chaff("gumbel_softmax", caught_by=("stays_finite_where_a_uniform_number_is_zero",), silent=True)
def takes_the_log_of_zero(logits, *, tau=1.0, hard=False, generator=None):
    """It takes the logarithm of whatever torch.rand gives, and that may be 0. Keep the uniform number above 0."""

    def noise(logits, generator):
        drawn = torch.rand(logits.shape, generator=generator, dtype=logits.dtype, device=logits.device)
        return -torch.log(-torch.log(drawn))

    return _drawn(logits, tau, hard, generator, noise=noise)


@chaff("gumbel_softmax", caught_by=("draws_as_often_as_the_softmax_says", "agrees_with_the_reference"))
def cools_before_the_noise(logits, *, tau=1.0, hard=False, generator=None):
    """It divides the logits by the temperature before the noise is added, which changes how often each is drawn."""
    return _drawn(logits, tau, hard, generator, mix=lambda logits, drawn: logits / tau + drawn)


@chaff("gumbel_softmax", caught_by=("draws_as_often_as_the_softmax_says",))
def cools_the_noise_alone(logits, *, tau=1.0, hard=False, generator=None):
    """It divides only the noise by the temperature. The sum of logits and noise is divided."""
    return _drawn(logits, tau, hard, generator, mix=lambda logits, drawn: logits + drawn / tau)


@chaff("gumbel_softmax", caught_by=("spreads_as_its_temperature_says", "has_the_right_gradient"))
def multiplies_with_the_temperature(logits, *, tau=1.0, hard=False, generator=None):
    """It multiplies with the temperature. A low one makes choices sharp: divide."""
    return _drawn(logits, tau, hard, generator, mix=lambda logits, drawn: (logits + drawn) * tau)


@chaff("gumbel_softmax", caught_by=("spreads_as_its_temperature_says",))
def has_no_temperature(logits, *, tau=1.0, hard=False, generator=None):
    """It leaves the temperature out. The noisy logits are divided by it before the softmax."""
    return _drawn(logits, tau, hard, generator, mix=lambda logits, drawn: logits + drawn)


@chaff("gumbel_softmax", caught_by=("draws_as_often_as_the_softmax_says",))
def forgets_the_outer_minus(logits, *, tau=1.0, hard=False, generator=None):
    """Its noise is log(−log u), Gumbel noise with the wrong sign. It is −log(−log u)."""
    return _drawn(logits, tau, hard, generator, noise=lambda *given: -_gumbel(*given))


@chaff("gumbel_softmax", caught_by=("draws_as_often_as_the_softmax_says", "spreads_as_its_temperature_says"))
def adds_normal_noise(logits, *, tau=1.0, hard=False, generator=None):
    """It adds normal noise. Only with Gumbel noise is each logit greatest as often as the softmax says."""

    def noise(logits, generator):
        return torch.randn(logits.shape, generator=generator, dtype=logits.dtype, device=logits.device)

    return _drawn(logits, tau, hard, generator, noise=noise)


@chaff("gumbel_softmax", caught_by=("draws_as_often_as_the_softmax_says", "spreads_as_its_temperature_says"))
def adds_uniform_noise(logits, *, tau=1.0, hard=False, generator=None):
    """It adds the uniform numbers themselves. Gumbel noise is −log(−log u)."""
    return _drawn(logits, tau, hard, generator, noise=_uniform)


@chaff("gumbel_softmax", caught_by=("draws_as_often_as_the_softmax_says", "spreads_as_its_temperature_says"))
def takes_one_logarithm(logits, *, tau=1.0, hard=False, generator=None):
    """Its noise is −log u, with one logarithm too few. Gumbel noise is −log(−log u)."""
    return _drawn(logits, tau, hard, generator, noise=lambda *given: -torch.log(_uniform(*given)))


@chaff("gumbel_softmax", caught_by=("draws_as_often_as_the_softmax_says", "spreads_as_its_temperature_says"))
def draws_no_noise(logits, *, tau=1.0, hard=False, generator=None):
    """It is a softmax without chance: no noise, or the same for a whole row. Each logit gets noise of its own."""
    return _drawn(logits, tau, hard, generator, noise=lambda logits, generator: torch.zeros_like(logits))


@chaff("gumbel_softmax", caught_by=("draws_anew_for_every_row_and_every_call", "draws_as_often_as_the_softmax_says"))
def shares_noise_between_rows(logits, *, tau=1.0, hard=False, generator=None):
    """All rows get the same noise. Each of them draws its own."""

    def noise(logits, generator):
        return _gumbel(logits.new_zeros(logits.shape[-1]), generator).expand_as(logits)

    return _drawn(logits, tau, hard, generator, noise=noise)


@chaff("gumbel_softmax", caught_by=("draws_anew_for_every_row_and_every_call",), silent=True)
def begins_anew_each_time(logits, *, tau=1.0, hard=False, generator=None):
    """It seeds a generator itself and draws the same noise in every call. Go on drawing from the one that is given."""
    own = torch.Generator(logits.device).manual_seed(generator.initial_seed() if generator is not None else 0)
    return _drawn(logits, tau, hard, own)


@chaff("gumbel_softmax", caught_by=("is_reproducible", "leaves_everything_as_it_was"))
def ignores_the_generator(logits, *, tau=1.0, hard=False, generator=None):
    """It draws from torch's global generator, whichever one it is given."""
    return _drawn(logits, tau, hard, None)


@chaff("gumbel_softmax", caught_by=("passes_the_soft_gradient_when_hard", "learns_the_words_that_a_judge_wants"))
def is_hard_without_a_slope(logits, *, tau=1.0, hard=False, generator=None):
    """With hard=True no gradient passes through it. Give the choice the slope of the soft vector."""
    return _drawn(logits, tau, hard, generator, end=lambda chosen, soft: chosen)


@chaff("gumbel_softmax", caught_by=("is_one_hot_when_hard",))
def is_never_hard(logits, *, tau=1.0, hard=False, generator=None):
    """It overlooks hard=True, which wants a single 1 in each row."""
    return _drawn(logits, tau, False, generator)


@chaff("gumbel_softmax", caught_by=("passes_the_soft_gradient_when_hard",), silent=True)
def is_hard_with_the_slope_of_no_noise(logits, *, tau=1.0, hard=False, generator=None):
    """With hard=True its gradient is that of a softmax without noise. It must be that of the vector that was drawn."""
    still = torch.softmax(logits / tau, dim=-1) if tau > 0 else logits
    return _drawn(logits, tau, hard, generator, end=lambda chosen, soft: _through(chosen, still))


@chaff("gumbel_softmax", caught_by=("passes_the_soft_gradient_when_hard",), silent=True)
def is_hard_with_other_noise(logits, *, tau=1.0, hard=False, generator=None):
    """With hard=True it draws twice: the choice and its slope belong to different noise. Draw once for both."""

    def end(chosen, soft):
        return _through(chosen, _drawn(logits, tau, False, generator))

    return _drawn(logits, tau, hard, generator, end=end)


@chaff("gumbel_softmax", caught_by=("draws_as_often_as_the_softmax_says",))
def is_hard_at_the_greatest_logit(logits, *, tau=1.0, hard=False, generator=None):
    """With hard=True it chooses the greatest logit, always the same. The greatest noisy one is chosen."""
    return _drawn(logits, tau, hard, generator, end=lambda chosen, soft: _through(_one_hot(logits), soft))


@chaff("gumbel_softmax", caught_by=("is_soft_at_temperature_one_unless_told_otherwise",))
def is_hard_unless_told_otherwise(logits, *, tau=1.0, hard=True, generator=None):
    """It is hard where nothing is said. The contract says soft."""
    return _drawn(logits, tau, hard, generator)


@chaff("gumbel_softmax", caught_by=("is_soft_at_temperature_one_unless_told_otherwise",))
def is_cold_unless_told_otherwise(logits, *, tau=0.5, hard=False, generator=None):
    """Its temperature is 0.5 where none is named. The contract says 1."""
    return _drawn(logits, tau, hard, generator)


@chaff("gumbel_softmax", caught_by=("refuses_a_temperature_of_zero_or_less",))
def takes_any_temperature(logits, *, tau=1.0, hard=False, generator=None):
    """It takes every temperature, also 0 and negative ones. ValueError is wanted unless it is above 0."""
    return _drawn(logits, tau if tau > 0 else 1e-3, hard, generator)


@chaff("gumbel_softmax", caught_by=("refuses_a_temperature_of_zero_or_less",))
def refuses_negative_temperatures_alone(logits, *, tau=1.0, hard=False, generator=None):
    """It refuses negative temperatures, and takes 0. Unless tau is above 0, ValueError is wanted."""
    if tau < 0:
        raise ValueError(tau)
    return _drawn(logits, tau or 1e-3, hard, generator)


@chaff("gumbel_softmax", caught_by=("never_draws_the_impossible",))
def makes_the_impossible_possible(logits, *, tau=1.0, hard=False, generator=None):
    """It replaces −inf by a number, and draws at a high temperature what must never be drawn. exp(−inf) is 0."""
    return _drawn(logits.nan_to_num(neginf=-10.0), tau, hard, generator)


@chaff("gumbel_softmax", caught_by=("never_draws_the_impossible",))
def multiplies_the_impossible(logits, *, tau=1.0, hard=False, generator=None):
    """It multiplies probabilities with their logarithms on the way, and 0 times −inf is nan."""
    return _drawn(
        logits, tau, hard, generator, mix=lambda logits, drawn: (logits + 0 * logits.exp() * logits + drawn) / tau
    )


@chaff("gumbel_softmax", caught_by=("survives_extreme_logits",))
def divides_large_exponentials(logits, *, tau=1.0, hard=False, generator=None):
    """It divides exponentials of the noisy logits, which are infinite for large ones. torch's own softmax is safe."""
    _refuse(tau)
    noisy = (logits + _gumbel(logits, generator)) / tau
    exponentials = torch.exp(noisy)
    soft = exponentials / exponentials.sum(dim=-1, keepdim=True)
    return _through(_one_hot(noisy), soft) if hard else soft


@chaff("gumbel_softmax", caught_by=("makes_probability_vectors",))
def draws_along_the_second_dimension(logits, *, tau=1.0, hard=False, generator=None):
    """It works along dimension 1, which is the last one only for two. Use the last one, -1."""
    _refuse(tau)
    noisy = (logits + _gumbel(logits, generator)) / tau
    soft = torch.softmax(noisy, dim=1)
    if not hard:
        return soft
    return _through(torch.zeros_like(logits).scatter(1, noisy.argmax(dim=1, keepdim=True), 1.0), soft)


@chaff("gumbel_softmax", caught_by=("has_the_right_gradient",))
def draws_without_a_slope(logits, *, tau=1.0, hard=False, generator=None):
    """It detaches the logits, and nothing can be learnt. The noise is the constant."""
    return _drawn(logits.detach(), tau, hard, generator)


@chaff("gumbel_softmax", caught_by=("keeps_the_dtype",))
def draws_in_float32(logits, *, tau=1.0, hard=False, generator=None):
    """It answers in float32 whatever came in. Keep the dtype."""
    return _drawn(logits, tau, hard, generator).float()


@chaff("gumbel_softmax", caught_by=("takes_a_batch_of_one",))
def squeezes_what_it_draws(logits, *, tau=1.0, hard=False, generator=None):
    """It squeezes the result, which takes a dimension off where there is one row."""
    return _drawn(logits, tau, hard, generator).squeeze()


@chaff("gumbel_softmax", caught_by=("takes_an_empty_batch",))
def draws_row_by_row(logits, *, tau=1.0, hard=False, generator=None):
    """It stacks one draw per row in a loop, which fails where there is none."""
    if logits.ndim == 1:
        return _drawn(logits, tau, hard, generator)
    _refuse(tau)
    return torch.stack([_drawn(row, tau, hard, generator) for row in logits])


@chaff("gumbel_softmax", caught_by=("leaves_everything_as_it_was",))
def adds_noise_in_place(logits, *, tau=1.0, hard=False, generator=None):
    """It adds the noise to the caller's logits, in place. Make new ones."""
    result = _drawn(logits, tau, hard, generator)
    with torch.no_grad():
        logits += _gumbel(logits, generator)
    return result
