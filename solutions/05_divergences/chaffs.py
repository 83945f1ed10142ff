"""Known wrong ways to write the divergences, one mistake each."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import nn

from autograder.wheats import chaff

# The right steps, which all of them share, so that each mistake stands alone.


def _terms(p, q):
    return torch.xlogy(p, p) - torch.xlogy(p, q)


def _kl(p, q):
    return _terms(p, q).sum(-1)


def _js(p, q):
    middle = (p + q) / 2
    return (_kl(p, middle) + _kl(q, middle)) / 2


def _gaps(u, v):
    """Gaps of equal shares of two samples, which are taken in the order that they have."""
    shares = math.lcm(len(u), len(v))
    return u.repeat_interleave(shares // len(u)) - v.repeat_interleave(shares // len(v))


def _sorted_gaps(u, v):
    return _gaps(u.sort().values, v.sort().values)


# kl_divergence


@chaff("kl_divergence", caught_by=("weighs_log_ratios_by_p", "agrees_with_the_reference"))
def arguments_swapped(p, q):
    """It computes KL(q ‖ p). The divergence is not symmetric: p is what happens, and weighs; q is what was expected."""
    return _kl(q, p)


@chaff("kl_divergence", caught_by=("weighs_log_ratios_by_p",))
def in_bits(p, q):
    """It takes logarithms to base 2, which gives bits. Here all logarithms are natural, and the result is in nats."""
    return _kl(p, q) / math.log(2)


@chaff("kl_divergence", caught_by=("is_infinite_where_q_rules_out_what_p_does",))
def adds_a_small_number(p, q):
    """It adds a small number within the logarithms. That makes a finite number where the right answer is infinite."""
    return (p * ((p + 1e-8).log() - (q + 1e-8).log())).sum(-1)


@chaff("kl_divergence", caught_by=("ignores_what_p_never_does",))
def zero_times_infinity(p, q):
    """It multiplies 0 by the logarithm of 0, which is nan in floating point. By convention 0 · log 0 is 0."""
    return (p * (p.log() - q.log())).sum(-1)


@chaff("kl_divergence", caught_by=("ignores_what_p_never_does",))
def torchs_with_zeros_in_both(p, q):
    """It multiplies 0 by the logarithm of 0 where both entries are 0, which is nan. There the term counts as 0."""
    return F.kl_div(q.log(), p, reduction="none").sum(-1)


@chaff("kl_divergence", caught_by=("takes_one_pair_at_a_time",))
def mean_over_the_batch(p, q):
    """It averages over all pairs. Every pair of vectors has a divergence of its own, summed over the last dimension."""
    return _kl(p, q).mean().expand(p.shape[:-1])


@chaff("kl_divergence", caught_by=("is_zero_for_equal_vectors",))
def cross_entropy(p, q):
    """It leaves out the entropy of p: that is the cross-entropy, which is not 0 for equal vectors."""
    return -torch.xlogy(p, q).sum(-1)


@chaff("kl_divergence", caught_by=("has_the_right_gradient",))
def holds_p_constant(p, q):
    """It detaches p, as one does with a teacher. Here the divergence is differentiable in both."""
    return _kl(p.detach(), q)


@chaff("kl_divergence", caught_by=("keeps_the_dtype",))
def in_single_precision(p, q):
    """It answers in float32 whatever came in. Keep the dtype."""
    return _kl(p, q).float()


@chaff("kl_divergence", caught_by=("takes_an_empty_batch",))
def stacks_pairs(p, q):
    """It loops over the pairs and stacks the results, which fails where there is no pair."""
    if p.ndim == 1:
        return _kl(p, q)
    return torch.stack([stacks_pairs(a, b) for a, b in zip(p, q, strict=True)])


@chaff("kl_divergence", caught_by=("leaves_everything_as_it_was",))
def zeros_filled_in_place(p, q):
    """It overwrites entries of the caller's p. Work on a copy."""
    result = _kl(p.clone(), q)
    with torch.no_grad():
        p.clamp_(min=1e-8)
    return result


# js_divergence


@chaff("js_divergence", caught_by=("is_log_two_where_nothing_is_shared", "agrees_with_the_reference"))
def square_root(p, q):
    """It returns the square root, the Jensen-Shannon distance, as scipy does. The divergence is its square."""
    return _js(p, q).clamp(min=0).sqrt()


@chaff("js_divergence", caught_by=("is_log_two_where_nothing_is_shared", "stays_below_its_ceiling"))
def js_in_bits(p, q):
    """It takes logarithms to base 2, whose ceiling is 1. Here they are natural, and the ceiling is log 2."""
    return _js(p, q) / math.log(2)


@chaff("js_divergence", caught_by=("compares_both_with_their_midpoint", "stays_below_its_ceiling"))
def symmetrised_kl(p, q):
    """It averages KL both ways, without a midpoint: that is infinite as soon as one vector has a zero of its own."""
    return (_kl(p, q) + _kl(q, p)) / 2


@chaff("js_divergence", caught_by=("takes_no_side",))
def one_side_only(p, q):
    """It compares p alone with the midpoint. Both are compared, and the two divergences averaged."""
    return _kl(p, (p + q) / 2)


@chaff("js_divergence", caught_by=("is_log_two_where_nothing_is_shared", "compares_both_with_their_midpoint"))
def sum_of_both(p, q):
    """It adds the two divergences up. Their mean is wanted: each has the weight one half."""
    return 2 * _js(p, q)


@chaff("js_divergence", caught_by=("is_zero_for_equal_vectors",))
def undivided_midpoint(p, q):
    """It compares with p + q, which sums to 2. The midpoint is half of that."""
    return (_kl(p, p + q) + _kl(q, p + q)) / 2


@chaff("js_divergence", caught_by=("is_zero_for_equal_vectors", "stays_below_its_ceiling"))
def zeros_in_both(p, q):
    """It multiplies 0 by the logarithm of 0, which is nan. Where both entries are 0 the midpoint is 0 too."""
    middle = ((p + q) / 2).log()
    return (p * (p.log() - middle) + q * (q.log() - middle)).sum(-1) / 2


@chaff("js_divergence", caught_by=("takes_one_pair_at_a_time",))
def mean_over_the_batch_js(p, q):
    """It averages over all pairs. Every pair of vectors has a divergence of its own."""
    return _js(p, q).mean().expand(p.shape[:-1])


@chaff("js_divergence", caught_by=("has_the_right_gradient",))
def holds_the_midpoint_constant(p, q):
    """It holds a vector and the midpoint constant in one half. The divergence is differentiable in both vectors."""
    middle = (p + q) / 2
    return (_kl(p, middle) + _kl(q.detach(), middle.detach())) / 2


@chaff("js_divergence", caught_by=("keeps_the_dtype",))
def in_single_precision_js(p, q):
    """It answers in float32 whatever came in. Keep the dtype."""
    return _js(p, q).float()


@chaff("js_divergence", caught_by=("takes_an_empty_batch",))
def stacks_pairs_js(p, q):
    """It loops over the pairs and stacks the results, which fails where there is no pair."""
    return _js(p, q) if p.ndim == 1 else torch.stack([stacks_pairs_js(a, b) for a, b in zip(p, q, strict=True)])


@chaff("js_divergence", caught_by=("leaves_everything_as_it_was",))
def midpoint_in_place(p, q):
    """It makes the midpoint in the caller's p. Work on a new tensor."""
    result = _js(p.clone(), q)
    with torch.no_grad():
        p.add_(q).div_(2)
    return result


# wasserstein_1d


@chaff("wasserstein_1d", caught_by=("finds_the_cheapest_plan", "ignores_the_order"))
def unsorted(u, v):
    """It pairs the numbers in the order in which they came. The cheapest plan pairs them by rank: sort both."""
    return _gaps(u, v).abs().mean()


@chaff("wasserstein_1d", caught_by=("is_the_distance_of_two_points", "grows_with_the_scale"))
def squared(u, v):
    """It averages squared distances: that is W2 squared. W1 averages the distances themselves."""
    return _sorted_gaps(u, v).square().mean()


@chaff("wasserstein_1d", caught_by=("finds_the_cheapest_plan",))
def second_order(u, v):
    """It takes the root of the mean squared distance: that is W2. W1 averages the distances themselves."""
    return _sorted_gaps(u, v).square().mean().clamp(min=1e-30).sqrt()


@chaff("wasserstein_1d", caught_by=("finds_the_cheapest_plan", "agrees_with_the_reference"))
def difference_of_means(u, v):
    """It subtracts the means, in which distances to the left and to the right cancel. Each distance costs."""
    return (u.mean() - v.mean()).abs()


@chaff("wasserstein_1d", caught_by=("finds_the_cheapest_plan", "ignores_repetition"))
def forgets_the_longer_rest(u, v):
    """It pairs the sorted numbers until the shorter sample ends, and forgets the rest of the longer one."""
    size = min(len(u), len(v))
    return (u.sort().values[:size] - v.sort().values[:size]).abs().mean()


@chaff("wasserstein_1d", caught_by=("finds_the_cheapest_plan", "ignores_repetition"))
def interpolated_quantiles(u, v):
    """It interpolates between numbers to make the sizes equal. A sample has steps: nothing lies between its numbers."""
    levels = torch.linspace(0, 1, max(len(u), len(v)), dtype=u.dtype)
    return (torch.quantile(u, levels) - torch.quantile(v, levels)).abs().mean()


@chaff("wasserstein_1d", caught_by=("is_the_distance_of_two_points", "ignores_repetition"))
def sum_of_distances(u, v):
    """It adds the distances up. Each sample has the weight 1 in all, so that they are averaged."""
    return _sorted_gaps(u, v).abs().sum()


@chaff("wasserstein_1d", caught_by=("is_the_shift_of_a_shifted_sample",))
def signed_distances(u, v):
    """It averages the signed differences, so that W1 may be negative, and gaps cancel. Take absolute values."""
    return _sorted_gaps(u, v).mean()


@chaff("wasserstein_1d", caught_by=("has_the_right_gradient",))
def leaves_the_graph(u, v):
    """It computes outside of the graph. The distance is differentiable in both samples: sorting passes gradients on."""
    return _sorted_gaps(u.detach(), v.detach()).abs().mean()


@chaff("wasserstein_1d", caught_by=("keeps_the_dtype",))
def in_single_precision_w1(u, v):
    """It answers in float32 whatever came in. Keep the dtype."""
    return _sorted_gaps(u, v).abs().mean().float()


@chaff("wasserstein_1d", caught_by=("takes_a_batch_of_one",))
def squeezes_samples(u, v):
    """It squeezes its arguments, so that a sample of a single number has no dimension left."""
    return _sorted_gaps(u.squeeze(), v.squeeze()).abs().mean()


@chaff("wasserstein_1d", caught_by=("leaves_everything_as_it_was",))
def sorts_in_place(u, v):
    """It sorts the caller's tensors in place. Work on sorted copies."""
    result = _sorted_gaps(u.clone(), v.clone()).abs().mean()
    with torch.no_grad():
        u.copy_(u.sort().values)
        v.copy_(v.sort().values)
    return result


# critic_loss


@chaff("critic_loss", caught_by=("falls_as_real_samples_score_higher", "agrees_with_the_reference"))
def sides_swapped(real_scores, fake_scores):
    """It returns the critic's estimate, real minus fake. The loss is minus that: it falls as real ones score higher."""
    return real_scores.mean() - fake_scores.mean()


@chaff("critic_loss", caught_by=("averages_each_side_by_itself",))
def sums(real_scores, fake_scores):
    """It adds scores up, so that the larger batch counts more. Each side is averaged over its own batch."""
    return fake_scores.sum() - real_scores.sum()


@chaff("critic_loss", caught_by=("averages_each_side_by_itself",))
def one_mean_for_all(real_scores, fake_scores):
    """It averages over both batches together, so that the larger one counts more. Each side has a mean of its own."""
    return torch.cat([fake_scores, -real_scores]).mean() * 2


@chaff("critic_loss", caught_by=("averages_each_side_by_itself",))
def score_by_score(real_scores, fake_scores):
    """It subtracts score from score, for which the batches must be equally large. They need not be."""
    return (fake_scores - real_scores).mean()


@chaff("critic_loss", caught_by=("ignores_what_is_added_to_all_scores", "falls_as_real_samples_score_higher"))
def keeps_the_sigmoid(real_scores, fake_scores):
    """It squeezes scores into [0, 1] as a discriminator does. A critic's scores are bounded by nothing."""
    return fake_scores.sigmoid().mean() - real_scores.sigmoid().mean()


@chaff("critic_loss", caught_by=("falls_as_real_samples_score_higher",))
def absolute_gap(real_scores, fake_scores):
    """It takes the absolute value, so that a critic may score fakes higher as well. The sign tells who is real."""
    return -(real_scores.mean() - fake_scores.mean()).abs()


@chaff("critic_loss", caught_by=("takes_scores_of_either_shape",))
def column_of_scores(real_scores, fake_scores):
    """It averages over the first dimension alone, so that a column of scores leaves a vector. A loss has no shape."""
    return fake_scores.mean(0) - real_scores.mean(0)


@chaff("critic_loss", caught_by=("has_the_right_gradient",))
def holds_real_scores_constant(real_scores, fake_scores):
    """It detaches the real scores. The critic learns from both sides."""
    return fake_scores.mean() - real_scores.detach().mean()


@chaff("critic_loss", caught_by=("keeps_the_dtype",))
def in_single_precision_loss(real_scores, fake_scores):
    """It answers in float32 whatever came in. Keep the dtype."""
    return (fake_scores.mean() - real_scores.mean()).float()


@chaff("critic_loss", caught_by=("takes_an_empty_batch",))
def divides_by_the_count(real_scores, fake_scores):
    """It adds scores up in Python and divides by their number, which fails where that is 0; torch's mean gives nan."""
    return (sum(fake_scores) / len(fake_scores) - sum(real_scores) / len(real_scores)).squeeze()


@chaff("critic_loss", caught_by=("leaves_everything_as_it_was",))
def centres_in_place(real_scores, fake_scores):
    """It subtracts from the caller's scores in place. Work on new tensors."""
    loss = fake_scores.mean() - real_scores.mean()
    with torch.no_grad():
        fake_scores -= real_scores.mean()
    return loss


# clip_weights


@chaff("clip_weights", caught_by=("brings_every_parameter_within_the_limit", "agrees_with_the_reference"))
def clips_gradients(module, limit):
    """It clips the gradients. What is clipped here is the weights; gradients stay as they are."""
    for parameter in module.parameters():
        if parameter.grad is not None:
            parameter.grad.clamp_(-limit, limit)


@chaff("clip_weights", caught_by=("leaves_the_rest_alone",))
def clips_gradients_too(module, limit):
    """It clips gradients besides. They belong to the optimizer's next step, and stay as they are."""
    clips_gradients(module, limit)
    for parameter in module.parameters():
        parameter.data.clamp_(-limit, limit)


@chaff("clip_weights", caught_by=("brings_every_parameter_within_the_limit",))
def forgets_the_biases(module, limit):
    """It clips the weights and leaves the biases as large as they are. Every parameter is clipped."""
    for parameter in module.parameters():
        if parameter.ndim > 1:
            parameter.data.clamp_(-limit, limit)


@chaff("clip_weights", caught_by=("brings_every_parameter_within_the_limit",))
def top_level_only(module, limit):
    """It clips the module's own parameters and not those of the layers within."""
    for parameter in module.parameters(recurse=False):
        parameter.data.clamp_(-limit, limit)


@chaff("clip_weights", caught_by=("brings_every_parameter_within_the_limit",))
def skips_frozen_parameters(module, limit):
    """It skips parameters that do not require gradients. A frozen weight makes the critic as steep as another."""
    for parameter in module.parameters():
        if parameter.requires_grad:
            parameter.data.clamp_(-limit, limit)


@chaff("clip_weights", caught_by=("brings_every_parameter_within_the_limit", "uses_both_ends_of_the_interval"))
def upper_end_only(module, limit):
    """It clips what is above the limit and leaves what is below its negative. The interval has two ends."""
    for parameter in module.parameters():
        parameter.data.clamp_(max=limit)


@chaff("clip_weights", caught_by=("leaves_small_entries_alone", "uses_both_ends_of_the_interval"))
def shrinks_the_whole_module(module, limit):
    """It scales all weights until the greatest fits. Each entry is clipped by itself; small ones stay."""
    greatest = max(float(each.abs().max()) for each in module.parameters())
    for parameter in module.parameters():
        parameter.data.mul_(min(1.0, limit / greatest))


@chaff("clip_weights", caught_by=("clips_the_parameters_themselves",))
def makes_new_parameters(module, limit):
    """It puts new parameters in the place of the old ones, which an optimizer goes on holding. Change their numbers."""
    for layer in module.modules():
        for name, parameter in list(layer._parameters.items()):
            if parameter is not None:
                new = nn.Parameter(parameter.detach().clamp(-limit, limit), requires_grad=parameter.requires_grad)
                new.grad = parameter.grad
                layer._parameters[name] = new


@chaff("clip_weights", caught_by=("leaves_the_rest_alone",))
def clips_buffers_too(module, limit):
    """It clips the whole state, buffers such as the statistics of batch normalisation too. They are no weights."""
    with torch.no_grad():
        for each in module.state_dict().values():
            if each.is_floating_point():
                each.clamp_(-limit, limit)


@chaff("clip_weights", caught_by=("returns_nothing",))
def returns_the_limit(module, limit):
    """It returns something. A function that works in place returns None, so that nobody takes it for a copy."""
    for parameter in module.parameters():
        parameter.data.clamp_(-limit, limit)
    return limit


# gradient_penalty


def _mix(real, fake, generator):
    return _mix_by(torch.rand(len(real), generator=generator, dtype=real.dtype), real, fake)


def _mix_by(mixing, real, fake):
    mixing = mixing.reshape(-1, *[1] * (real.ndim - 1))
    return mixing * real + (1 - mixing) * fake


def _slopes(critic, mixed, create_graph=True):
    return torch.autograd.grad(critic(mixed).sum(), mixed, create_graph=create_graph)[0]


def _lengths(slopes):
    return slopes.flatten(1).norm(dim=1)


def _squares(lengths):
    return (lengths - 1).square()


def _penalty(
    critic,
    real,
    fake,
    *,
    weight=10.0,
    generator=None,
    mix=_mix,
    slopes=_slopes,
    lengths=_lengths,
    fines=_squares,
):
    """The penalty with parts to exchange."""
    mixed = mix(real.detach(), fake.detach(), generator).requires_grad_()
    return weight * fines(lengths(slopes(critic, mixed))).mean()


@chaff("gradient_penalty", caught_by=("takes_the_norm_over_all_elements", "agrees_with_the_reference"))
def norm_over_channels(critic, real, fake, **options):
    """It takes the norm over dimension 1 alone, of images the channels. A sample's slope is one length over all."""
    return _penalty(critic, real, fake, lengths=lambda slopes: slopes.norm(2, dim=1), **options)


@chaff("gradient_penalty", caught_by=("averages_over_the_samples",))
def one_norm_for_the_batch(critic, real, fake, **options):
    """It takes one norm over the whole batch. Every sample's slope has a length of its own, fined by itself."""
    return _penalty(critic, real, fake, lengths=lambda slopes: slopes.norm(), **options)


@chaff("gradient_penalty", caught_by=("takes_the_norm_over_all_elements", "fines_gentle_and_steep_slopes_alike"))
def sum_of_sizes(critic, real, fake, **options):
    """It adds up the sizes of a slope's elements. The length is the root of the sum of their squares."""
    return _penalty(critic, real, fake, lengths=lambda slopes: slopes.flatten(1).abs().sum(1), **options)


@chaff("gradient_penalty", caught_by=("fines_gentle_and_steep_slopes_alike",))
def steep_slopes_only(critic, real, fake, **options):
    """It fines slopes above 1 alone. The penalty is two-sided: slopes below 1 are fined as well."""
    return _penalty(critic, real, fake, fines=lambda lengths: F.relu(lengths - 1).square(), **options)


@chaff("gradient_penalty", caught_by=("fines_gentle_and_steep_slopes_alike", "measures_a_shift_with_its_bias"))
def forgets_the_square(critic, real, fake, **options):
    """It fines the distance of the length from 1 and not its square."""
    return _penalty(critic, real, fake, fines=lambda lengths: (lengths - 1).abs(), **options)


@chaff("gradient_penalty", caught_by=("fines_gentle_and_steep_slopes_alike",))
def fines_the_squared_length(critic, real, fake, **options):
    """It subtracts 1 from the squared length. The root comes first: (length − 1)², not (length² − 1)²."""
    return _penalty(critic, real, fake, lengths=lambda slopes: slopes.flatten(1).square().sum(1), **options)


@chaff("gradient_penalty", caught_by=("averages_over_the_samples",))
def sum_over_the_samples(critic, real, fake, **options):
    """It adds the fines of all samples up. They are averaged, so that the batch size does not matter."""
    return _penalty(critic, real, fake, **options) * len(real)


@chaff("gradient_penalty", caught_by=("averages_over_the_samples",))
def slope_of_the_mean_score(critic, real, fake, **options):
    """It asks for the slope of the mean score, which is N times too small. Sum the scores instead."""
    return _penalty(critic, real, fake, lengths=lambda slopes: _lengths(slopes) / max(len(slopes), 1), **options)


@chaff("gradient_penalty", caught_by=("uses_ten_unless_told_otherwise",))
def weight_of_one(critic, real, fake, *, weight=1.0, generator=None):
    """It takes 1 for the weight if it is told none. The default is 10."""
    return _penalty(critic, real, fake, weight=weight, generator=generator)


@chaff("gradient_penalty", caught_by=("takes_the_norm_over_all_elements", "measures_a_shift_with_its_bias"))
def always_ten(critic, real, fake, *, weight=10.0, generator=None):
    """It multiplies by 10 whatever the weight is."""
    return _penalty(critic, real, fake, generator=generator)


@chaff("gradient_penalty", caught_by=("mixes_each_pair_with_one_number",))
def a_number_for_each_element(critic, real, fake, **options):
    """It draws a mixing number for every element, so that the mixture leaves the segment. One for each sample."""

    def mix(real, fake, generator):
        mixing = torch.rand(real.shape, generator=generator, dtype=real.dtype)
        return mixing * real + (1 - mixing) * fake

    return _penalty(critic, real, fake, mix=mix, **options)


@chaff("gradient_penalty", caught_by=("draws_a_number_for_each_pair",))
def a_number_for_the_batch(critic, real, fake, **options):
    """It draws one mixing number for the whole batch. Each pair has a number of its own."""

    def mix(real, fake, generator):
        return _mix_by(torch.rand(1, generator=generator, dtype=real.dtype).expand(len(real)), real, fake)

    return _penalty(critic, real, fake, mix=mix, **options)


@chaff("gradient_penalty", caught_by=("draws_evenly_between_fake_and_real", "draws_a_number_for_each_pair"))
def at_the_fakes(critic, real, fake, **options):
    """It looks at the fakes alone. The slope counts on the way from fake to real, where the critic has to rise."""
    return _penalty(critic, real, fake, mix=lambda real, fake, generator: 0 * real + fake, **options)


@chaff("gradient_penalty", caught_by=("draws_evenly_between_fake_and_real", "mixes_each_pair_with_one_number"))
def normal_mixing_numbers(critic, real, fake, **options):
    """It draws mixing numbers from a normal distribution, which lead beyond the ends. They are uniform on [0, 1]."""

    def mix(real, fake, generator):
        return _mix_by(torch.randn(len(real), generator=generator, dtype=real.dtype), real, fake)

    return _penalty(critic, real, fake, mix=mix, **options)


@chaff("gradient_penalty", caught_by=("has_the_right_gradient", "measures_a_shift_with_its_bias"))
def slope_without_a_graph(critic, real, fake, **options):
    """It takes the slope without create_graph, as a plain number from which no critic can learn."""
    return _penalty(
        critic, real, fake, slopes=lambda critic, mixed: _slopes(critic, mixed, create_graph=False), **options
    )


@chaff("gradient_penalty", caught_by=("teaches_nothing_to_the_fakes_maker",))
def fakes_not_detached(critic, real, fake, *, weight=10.0, generator=None):
    """It lets the penalty's gradient flow on to what made the fakes. Detach them: only the critic pays."""
    mixed = _mix(real, fake, generator).requires_grad_()
    return weight * _squares(_lengths(_slopes(critic, mixed))).mean()


@chaff("gradient_penalty", caught_by=("stays_finite_where_the_slope_is_zero",))
def bare_root(critic, real, fake, **options):
    """It writes the norm as a root of a sum, whose slope at 0 is infinite, so that a flat critic gets nan."""
    return _penalty(critic, real, fake, lengths=lambda slopes: slopes.flatten(1).square().sum(1).sqrt(), **options)


@chaff("gradient_penalty", caught_by=("takes_scores_of_either_shape",))
def first_column_of_scores(critic, real, fake, **options):
    """It takes the first column of the scores, which a critic with scores of shape (N,) does not have."""

    def slopes(critic, mixed):
        return torch.autograd.grad(critic(mixed)[:, 0].sum(), mixed, create_graph=True)[0]

    return _penalty(critic, real, fake, slopes=slopes, **options)


@chaff("gradient_penalty", caught_by=("is_reproducible",))
def ignores_the_generator(critic, real, fake, *, weight=10.0, generator=None):
    """It draws from the global random state although it is given a generator."""
    return _penalty(critic, real, fake, weight=weight)


@chaff("gradient_penalty", caught_by=("keeps_the_dtype",))
def in_single_precision_penalty(critic, real, fake, **options):
    """It answers in float32 whatever came in. Keep the dtype."""
    return _penalty(critic, real, fake, **options).float()


@chaff("gradient_penalty", caught_by=("takes_an_empty_batch",))
def views_with_minus_one(critic, real, fake, **options):
    """It flattens slopes with a size of -1, which torch cannot find for an empty batch; flatten(1) can."""
    return _penalty(critic, real, fake, lengths=lambda slopes: slopes.reshape(len(slopes), -1).norm(dim=1), **options)


def _backward(critic, mixed):
    mixed = mixed.detach().requires_grad_()
    critic(mixed).sum().backward(create_graph=True)
    return mixed.grad


@chaff("gradient_penalty", caught_by=("leaves_everything_as_it_was",))
def backward_into_the_critic(critic, real, fake, **options):
    """It runs backward, which leaves gradients in the critic's parameters. Ask for the slope at the mixture alone."""
    return _penalty(critic, real, fake, slopes=_backward, **options)


# power_iteration


def _walk(weight, u, num_iterations, *, normalize=lambda x: F.normalize(x, dim=0)):
    if num_iterations < 1:
        raise ValueError(num_iterations)
    with torch.no_grad():
        for _ in range(num_iterations):
            v = normalize(weight.T @ u)
            u = normalize(weight @ v)
    return u, v


def _estimate(weight, u, v):
    return u @ weight @ v, u


@chaff("power_iteration", caught_by=("has_the_right_gradient",))
def gradient_through_the_loop(weight, u, num_iterations):
    """It lets the gradient flow through the iterations. Both vectors are constants; only the last product counts."""
    if num_iterations < 1:
        raise ValueError(num_iterations)
    for _ in range(num_iterations):
        v = F.normalize(weight.T @ u, dim=0)
        u = F.normalize(weight @ v, dim=0)
    return u @ weight @ v, u.detach()


@chaff("power_iteration", caught_by=("has_the_right_gradient",))
def constant_estimate(weight, u, num_iterations):
    """It detaches the estimate as well. What is divided by sigma must feel that sigma grows with the weight."""
    u, v = _walk(weight, u, num_iterations)
    return (u @ weight @ v).detach(), u


@chaff("power_iteration", caught_by=("has_the_right_gradient",))
def returned_vector_in_the_graph(weight, u, num_iterations):
    """It returns a u that still carries a graph, which grows with every step of training. Detach it."""
    _, v = _walk(weight, u, num_iterations)
    after = F.normalize(weight @ v, dim=0)
    return after.detach() @ weight @ v, after


@chaff("power_iteration", caught_by=("goes_on_from_the_u_that_it_returned",))
def returns_the_old_vector(weight, u, num_iterations):
    """It gives back the u that came in, so that next time starts from the beginning. Return the last one."""
    after, v = _walk(weight, u, num_iterations)
    return after @ weight @ v, F.normalize(u.detach(), dim=0)


@chaff("power_iteration", caught_by=("takes_as_many_iterations_as_it_is_told", "agrees_with_the_reference"))
def one_iteration_too_few(weight, u, num_iterations):
    """It stops one iteration early."""
    if num_iterations < 1:
        raise ValueError(num_iterations)
    return _estimate(weight, *_walk(weight, u, max(num_iterations - 1, 1)))


@chaff("power_iteration", caught_by=("takes_as_many_iterations_as_it_is_told",))
def always_one_iteration(weight, u, num_iterations):
    """It iterates once, however often it is told to."""
    return _estimate(weight, *_walk(weight, u, min(num_iterations, 1)))


@chaff("power_iteration", caught_by=("takes_as_many_iterations_as_it_is_told",))
def exact_value(weight, u, num_iterations):
    """It computes the greatest singular value outright. What is wanted is the estimate after so many iterations."""
    u, _ = _walk(weight, u, num_iterations)
    return torch.linalg.matrix_norm(weight, 2), u


@chaff("power_iteration", caught_by=("never_exceeds_the_greatest_stretch",))
def root_of_all_squares(weight, u, num_iterations):
    """It returns the Frobenius norm, which counts every direction. Sigma is the greatest stretch of any one."""
    u, _ = _walk(weight, u, num_iterations)
    return weight.norm(), u


@chaff("power_iteration", caught_by=("reaches_it_after_many_iterations", "makes_a_critic_that_measures_a_shift"))
def squared_estimate(weight, u, num_iterations):
    """It returns the square, which is the greatest eigenvalue of W Wᵀ. Sigma is its root."""
    u, v = _walk(weight, u, num_iterations)
    return (u @ weight @ v) ** 2, u


@chaff("power_iteration", caught_by=("ignores_the_length_of_u", "makes_a_critic_that_measures_a_shift"))
def never_normalises_the_start(weight, u, num_iterations):
    """It normalises u and not v, whose length then goes into the estimate. Both are divided by their lengths."""
    if num_iterations < 1:
        raise ValueError(num_iterations)
    with torch.no_grad():
        for _ in range(num_iterations):
            v = weight.T @ u
            u = F.normalize(weight @ v, dim=0)
    return u @ weight @ v, u


@chaff("power_iteration", caught_by=("gives_zero_for_a_matrix_of_zeros",))
def divides_by_zero(weight, u, num_iterations):
    """It divides by a length that is 0 for a matrix of zeros, which gives nan. Keep the length above a tiny number."""
    return _estimate(weight, *_walk(weight, u, num_iterations, normalize=lambda x: x / x.norm()))


@chaff("power_iteration", caught_by=("refuses_less_than_one_iteration",))
def takes_no_iteration_for_one(weight, u, num_iterations):
    """It iterates once where it is told not to iterate at all. Less than one iteration raises ValueError."""
    return _estimate(weight, *_walk(weight, u, max(num_iterations, 1)))


@chaff("power_iteration", caught_by=("keeps_the_dtype",))
def in_single_precision_power(weight, u, num_iterations):
    """It answers in float32 whatever came in. Keep the dtype."""
    u, v = _walk(weight, u, num_iterations)
    return (u @ weight @ v).float(), u.float()


@chaff("power_iteration", caught_by=("leaves_everything_as_it_was",))
def updates_u_in_place(weight, u, num_iterations):
    """It writes the new vector into the caller's u. Return it; an earlier step of training may still need the old."""
    after, v = _walk(weight, u, num_iterations)
    with torch.no_grad():
        u.copy_(after)
    return after @ weight @ v, after
