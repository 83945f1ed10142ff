"""Known wrong ways to write the generators, one mistake each."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F

from autograder.wheats import chaff

# What they share: the right steps, so that each mistake stands alone.


def _log_prob(y, A, b, *, price=1.0, constant=0.5):
    z = torch.linalg.solve(A, (y - b).T).T
    size = constant * y.shape[1] * math.log(2 * math.pi)
    return -z.square().sum(1) / 2 - size - price * torch.linalg.slogdet(A).logabsdet


def _bins(images, bins, low, high):
    return ((images.flatten(1) - low) / (high - low) * bins).long().clamp(max=bins - 1)


def _shares(images, bins, low, high):
    return F.one_hot(_bins(images, bins, low, high), bins).to(images.dtype).mean(1)


def _entropy(probs):
    return torch.special.entr(probs).sum(-1)


def _angle(z0, z1):
    first, second = F.normalize(z0, dim=0), F.normalize(z1, dim=0)
    return 2 * torch.atan2((first - second).norm(), (first + second).norm())


def _path(z0, z1, t, weights):
    angle = _angle(z0, z1)
    straight = z0.norm() * z1.norm() == 0 or angle < 0.01 or torch.sin(angle) < 1e-6
    first, second = (1 - t, t) if straight else weights(angle)
    return first[:, None] * z0 + second[:, None] * z1


def _sines(t, angle):
    return torch.sin((1 - t) * angle) / torch.sin(angle), torch.sin(t * angle) / torch.sin(angle)


# push_forward_log_prob


@chaff("push_forward_log_prob", caught_by=("gives_volumes_their_price", "makes_a_density_that_integrates_to_one"))
def forgets_the_volume(y, A, b):
    """It leaves out the determinant of A. Where A stretches, the same probability fills more room."""
    return _log_prob(y, A, b, price=0.0)


@chaff("push_forward_log_prob", caught_by=("gives_volumes_their_price",))
def adds_the_volume(y, A, b):
    """It adds the logarithm of the determinant. Where A stretches, density falls: subtract it."""
    return _log_prob(y, A, b, price=-1.0)


@chaff("push_forward_log_prob", caught_by=("gives_volumes_their_price",))
def half_of_the_volume(y, A, b):
    """It halves the logarithm of A's determinant. Halved is that of the covariance, which is A times A transposed."""
    return _log_prob(y, A, b, price=0.5)


@chaff("push_forward_log_prob", caught_by=("gives_volumes_their_price", "turns_with_the_noise"))
def trusts_the_sign_of_the_determinant(y, A, b):
    """It takes the logarithm of the determinant, which is negative where A mirrors. Volumes have no sign."""
    return _log_prob(y, A, b, price=0.0) - torch.linalg.det(A).log()


@chaff("push_forward_log_prob", caught_by=("agrees_with_the_reference",))
def determinant_before_its_logarithm(y, A, b):
    """It computes the determinant before its logarithm: in many dimensions that is 0 or infinite. Use slogdet."""
    return _log_prob(y, A, b, price=0.0) - torch.linalg.det(A).abs().log()


@chaff("push_forward_log_prob", caught_by=("makes_a_density_that_integrates_to_one", "knows_the_standard_normal"))
def forgets_two_pi(y, A, b):
    """It leaves out D/2 · log 2π. Without it the probabilities do not add up to 1."""
    return _log_prob(y, A, b, constant=0.0)


@chaff("push_forward_log_prob", caught_by=("knows_the_standard_normal",))
def one_two_pi_for_all_features(y, A, b):
    """It subtracts half of log 2π once. Each of the D features has its own."""
    return _log_prob(y, A, b, constant=0.0) - math.log(2 * math.pi) / 2


@chaff("push_forward_log_prob", caught_by=("turns_with_the_noise",))
def solves_with_the_transpose(y, A, b):
    """It multiplies rows by the inverse of A, where that of its transpose is due: A acts on columns."""
    z = (y - b) @ torch.linalg.inv(A)
    return _log_prob(z, torch.eye(len(b), dtype=y.dtype), torch.zeros_like(b)) - torch.linalg.slogdet(A).logabsdet


@chaff("push_forward_log_prob", caught_by=("gives_volumes_their_price",))
def warps_once_more(y, A, b):
    """It multiplies by A where it should be undone. The noise that became y is A's inverse times y − b."""
    z = (y - b) @ A.T
    return _log_prob(z, torch.eye(len(b), dtype=y.dtype), torch.zeros_like(b)) - torch.linalg.slogdet(A).logabsdet


@chaff("push_forward_log_prob", caught_by=("moves_with_b",))
def forgets_to_take_b_off(y, A, b):
    """It does not take b off the points before it undoes A."""
    return _log_prob(y, A, torch.zeros_like(b)) + 0 * b.sum()


@chaff("push_forward_log_prob", caught_by=("has_the_right_gradient",))
def holds_the_map_constant(y, A, b):
    """It detaches A and b. The log density is differentiable in all three."""
    return _log_prob(y, A.detach(), b.detach())


@chaff("push_forward_log_prob", caught_by=("treats_samples_alone",))
def averages_the_batch(y, A, b):
    """It gives every point the mean log density of the batch. Each has a density of its own."""
    return _log_prob(y, A, b).mean().expand(len(y))


@chaff("push_forward_log_prob", caught_by=("keeps_the_dtype",))
def single_precision(y, A, b):
    """It answers in float32 whatever came in. Keep the dtype."""
    return _log_prob(y, A, b).float()


@chaff("push_forward_log_prob", caught_by=("takes_a_batch_of_one",))
def squeezes(y, A, b):
    """It squeezes the result, which turns a batch of one point into a number without a dimension."""
    return _log_prob(y, A, b)[:, None].squeeze()


@chaff("push_forward_log_prob", caught_by=("takes_an_empty_batch",))
def stacks_a_loop(y, A, b):
    """It stacks one number per point in a loop, which fails where there is no point to stack."""
    return torch.stack([_log_prob(row[None], A, b)[0] for row in y])


@chaff("push_forward_log_prob", caught_by=("leaves_everything_as_it_was",))
def takes_b_off_in_place(y, A, b):
    """It takes b off the caller's points in place. Make new ones."""
    y -= b
    return _log_prob(y, A, torch.zeros_like(b))


# inverse_cdf_sample


@chaff("inverse_cdf_sample", caught_by=("gives_an_edge_to_the_piece_that_begins_there", "never_draws_the_impossible"))
def stops_at_an_edge(u, probs):
    """It stops where the cumulative sum reaches u. It must exceed u: at u = 0 nothing has been passed yet."""
    last = int(probs.nonzero().max())
    return torch.searchsorted(probs.cumsum(0), u.contiguous()).clamp(max=last)


@chaff("inverse_cdf_sample", caught_by=("stays_inside_where_rounding_leaves_a_gap",))
def runs_past_the_end(u, probs):
    """Where rounding leaves the whole sum at or below u it gives category K, which there is not."""
    return torch.searchsorted(probs.cumsum(0), u.contiguous(), right=True)


@chaff("inverse_cdf_sample", caught_by=("stays_inside_where_rounding_leaves_a_gap",))
def falls_back_to_the_last(u, probs):
    """Where rounding leaves a gap it gives category K − 1, even if that is impossible. Take the last possible one."""
    return torch.searchsorted(probs.cumsum(0), u.contiguous(), right=True).clamp(max=len(probs) - 1)


@chaff("inverse_cdf_sample", caught_by=("stays_inside_where_rounding_leaves_a_gap",))
def begins_again(u, probs):
    """Where rounding leaves a gap it gives category 0, as argmax does where nothing is true. The last one is meant."""
    return (probs.cumsum(0) > u[:, None]).long().argmax(1)


@chaff("inverse_cdf_sample", caught_by=("draws_each_category_as_often_as_it_should",))
def all_alike(u, probs):
    """It divides [0, 1) into equal parts. The pieces are as long as the probabilities."""
    return (u * len(probs)).long().clamp(max=int(probs.nonzero().max()))


@chaff("inverse_cdf_sample", caught_by=("draws_each_category_as_often_as_it_should", "agrees_with_the_reference"))
def sorted_first(u, probs):
    """It sorts the probabilities first, and answers places in that order. Categories keep their numbers."""
    ordered = probs.sort(descending=True).values
    return torch.searchsorted(ordered.cumsum(0), u.contiguous(), right=True).clamp(max=int((probs > 0).sum()) - 1)


@chaff("inverse_cdf_sample", caught_by=("rises_with_u", "agrees_with_the_reference"))
def from_above(u, probs):
    """It counts from the top, as if u were 1 − u. Small numbers belong to the first categories."""
    return _inverse(1 - u, probs)


def _inverse(u, probs):
    """The right answer for any u."""
    last = int(probs.nonzero().max())
    return torch.searchsorted(probs.cumsum(0), u.contiguous(), right=True).clamp(max=last)


@chaff("inverse_cdf_sample", caught_by=("draws_each_category_as_often_as_it_should",))
def counts_one_too_few(u, probs):
    """It is one category too early. The first category whose cumulative probability exceeds u is the answer."""
    return (_inverse(u, probs) - 1).clamp(min=0)


@chaff("inverse_cdf_sample", caught_by=("treats_samples_alone",))
def sorts_the_numbers(u, probs):
    """It sorts the numbers first and answers in that order. The answers belong to the numbers as they came."""
    return _inverse(u.sort().values, probs)


@chaff("inverse_cdf_sample", caught_by=("takes_a_batch_of_one",))
def squeezes_the_categories(u, probs):
    """It squeezes the result, which turns that of one number into a number without a dimension."""
    return _inverse(u, probs)[:, None].squeeze()


@chaff("inverse_cdf_sample", caught_by=("takes_an_empty_batch",))
def stacks_categories(u, probs):
    """It stacks one category per number in a loop, which fails where there is none."""
    return torch.stack([_inverse(each[None], probs)[0] for each in u])


@chaff("inverse_cdf_sample", caught_by=("leaves_everything_as_it_was",))
def sums_in_place(u, probs):
    """It builds the cumulative sum in the caller's probabilities. Make a new tensor."""
    drawn = _inverse(u, probs)
    for k in range(1, len(probs)):
        probs[k] += probs[k - 1]
    return drawn


# image_entropy


@chaff("image_entropy", caught_by=("counts_the_brightest_pixels_in_the_last_bin", "agrees_with_the_reference"))
def drops_the_brightest(images, bins, *, low=0.0, high=1.0):
    """It drops pixels of exactly `high`, for which no bin is left. The last bin includes its upper end."""
    share = (images.flatten(1) - low) / (high - low)
    counts = F.one_hot((share * bins).long().clamp(max=bins), bins + 1)[..., :bins].sum(1).to(images.dtype)
    return _entropy(counts / counts.sum(1, keepdim=True).clamp(min=1))


@chaff("image_entropy", caught_by=("counts_the_brightest_pixels_in_the_last_bin",))
def one_bin_more(images, bins, *, low=0.0, high=1.0):
    """It gives pixels of exactly `high` a bin of their own. They belong to the last bin."""
    share = (images.flatten(1) - low) / (high - low)
    return _entropy(F.one_hot((share * bins).long().clamp(max=bins), bins + 1).to(images.dtype).mean(1))


@chaff("image_entropy", caught_by=("is_log_of_the_bins_where_all_are_used_alike", "weighs_surprise_by_probability"))
def in_bits(images, bins, *, low=0.0, high=1.0):
    """It uses the logarithm to base 2. This course measures in nats, with the natural logarithm."""
    return _entropy(_shares(images, bins, low, high)) / math.log(2)


@chaff("image_entropy", caught_by=("is_zero_for_an_even_image",))
def logarithm_of_zero(images, bins, *, low=0.0, high=1.0):
    """It takes the logarithm of empty bins, and 0 · log 0 is nan. An empty bin adds nothing."""
    probs = _shares(images, bins, low, high)
    return -(probs * probs.log()).sum(1)


@chaff("image_entropy", caught_by=("is_log_of_the_bins_where_all_are_used_alike",))
def averages_over_the_bins(images, bins, *, low=0.0, high=1.0):
    """It averages over the bins. Entropy is already a mean, weighed by the probabilities: sum."""
    return torch.special.entr(_shares(images, bins, low, high)).mean(1)


@chaff("image_entropy", caught_by=("weighs_surprise_by_probability",))
def counts_for_probabilities(images, bins, *, low=0.0, high=1.0):
    """It takes counts for probabilities. Divide by the number of pixels first."""
    return _entropy(F.one_hot(_bins(images, bins, low, high), bins).sum(1).to(images.dtype))


@chaff("image_entropy", caught_by=("measures_between_low_and_high",))
def bins_from_its_own_range(images, bins, *, low=0.0, high=1.0):
    """Its bins reach from the darkest to the brightest pixel of the image. They reach from low to high."""
    flat = images.flatten(1)
    least, greatest = (flat.amin(1, keepdim=True), flat.amax(1, keepdim=True)) if flat.numel() else (low, high)
    share = (flat - least) / torch.as_tensor(greatest - least).clamp(min=1e-9)
    return _entropy(F.one_hot((share * bins).long().clamp(0, bins - 1), bins).to(images.dtype).mean(1))


@chaff("image_entropy", caught_by=("measures_between_low_and_high",))
def bins_from_zero_to_one(images, bins, *, low=0.0, high=1.0):
    """Its bins always reach from 0 to 1. They reach from low to high."""
    return _entropy(_shares(images.clamp(0, 1), bins, 0.0, 1.0))


@chaff("image_entropy", caught_by=("measures_between_low_and_high",))
def forgets_to_subtract_low(images, bins, *, low=0.0, high=1.0):
    """It divides by the width of the range without taking `low` off first."""
    index = (images.flatten(1) / (high - low) * bins).long().clamp(0, bins - 1)
    return _entropy(F.one_hot(index, bins).to(images.dtype).mean(1))


@chaff("image_entropy", caught_by=("does_not_see_where_pixels_are",))
def entropy_of_the_steps(images, bins, *, low=0.0, high=1.0):
    """It takes differences of neighbouring pixels for a distribution. The histogram counts greys, wherever they are."""
    flat = _bins(images, bins, low, high).to(images.dtype)
    steps = torch.cat([flat[:, :1], flat.diff(dim=1)], 1).abs() + 1
    return _entropy(steps / steps.sum(1, keepdim=True))


@chaff("image_entropy", caught_by=("treats_samples_alone",))
def one_histogram_for_the_batch(images, bins, *, low=0.0, high=1.0):
    """It makes one histogram of the whole batch. Each image has an entropy of its own."""
    return _entropy(_shares(images, bins, low, high).mean(0)).expand(len(images))


@chaff("image_entropy", caught_by=("keeps_the_dtype",))
def shares_in_float32(images, bins, *, low=0.0, high=1.0):
    """It turns counts into float32 shares whatever came in. Keep the images' dtype."""
    return _entropy(_shares(images, bins, low, high).float())


@chaff("image_entropy", caught_by=("takes_a_batch_of_one",))
def squeezes_the_entropy(images, bins, *, low=0.0, high=1.0):
    """It squeezes the result, which turns that of one image into a number without a dimension."""
    return _entropy(_shares(images, bins, low, high))[:, None].squeeze()


@chaff("image_entropy", caught_by=("takes_an_empty_batch",))
def stacks_histograms(images, bins, *, low=0.0, high=1.0):
    """It stacks one histogram per image in a loop, which fails where there is none."""
    return torch.stack([_entropy(_shares(image[None], bins, low, high))[0] for image in images])


@chaff("image_entropy", caught_by=("leaves_everything_as_it_was",))
def scales_in_place(images, bins, *, low=0.0, high=1.0):
    """It scales the caller's images in place. Make new ones."""
    images -= low
    images /= high - low
    return _entropy(_shares(images, bins, 0.0, 1.0))


# slerp


@chaff("slerp", caught_by=("keeps_the_length_of_equally_long_ones", "follows_its_formula_for_unequal_lengths"))
def goes_straight(z0, z1, t):
    """It always goes straight, and so comes too near to 0 in the middle. Weigh with sines of the angle."""
    return torch.lerp(z0, z1, t[:, None])


@chaff("slerp", caught_by=("goes_straight_between_parallel_ones",))
def divides_by_the_sine_of_zero(z0, z1, t):
    """It divides by sin ω where ω is 0, which gives nan. Where the vectors are parallel, go straight."""
    if z0.norm() * z1.norm() == 0:
        return torch.lerp(z0, z1, t[:, None])
    first, second = _sines(t, _angle(z0, z1))
    return first[:, None] * z0 + second[:, None] * z1


@chaff("slerp", caught_by=("goes_straight_from_or_to_zero",))
def divides_by_a_length_of_zero(z0, z1, t):
    """It divides by the length of a zero vector, which gives nan. Where one of them is zero, go straight."""
    angle = torch.acos((z0 / z0.norm() @ (z1 / z1.norm())).clamp(-1, 1))
    first, second = (1 - t, t) if angle < 0.01 else _sines(t, angle)
    return first[:, None] * z0 + second[:, None] * z1


@chaff("slerp", caught_by=("stays_finite_between_opposite_ones",))
def angle_beyond_its_cosine(z0, z1, t):
    """It takes the arccosine of what rounding has taken out of [−1, 1], which is nan. Clamp the cosine."""
    lengths = z0.norm() * z1.norm()
    straight = lengths == 0 or z0 @ z1 > 0.9999 * lengths
    first, second = (1 - t, t) if straight else _sines(t, torch.acos(z0 @ z1 / lengths))
    return first[:, None] * z0 + second[:, None] * z1


@chaff("slerp", caught_by=("begins_and_ends_where_it_should",))
def runs_backwards(z0, z1, t):
    """It begins at z1 and ends at z0. At t = 0 the whole weight is on z0."""
    return _path(z1, z0, t, lambda angle: _sines(t, angle))


@chaff("slerp", caught_by=("begins_and_ends_where_it_should",))
def forgets_the_division(z0, z1, t):
    """It does not divide by sin ω, so that the ends come out too short."""
    return _path(z0, z1, t, lambda angle: (torch.sin((1 - t) * angle), torch.sin(t * angle)))


@chaff("slerp", caught_by=("follows_its_formula_for_unequal_lengths", "agrees_with_the_reference"))
def loses_the_lengths(z0, z1, t):
    """It moves along the unit sphere. Only the angle comes from the directions: z0 and z1 keep their lengths."""
    return _path(F.normalize(z0, dim=0), F.normalize(z1, dim=0), t, lambda angle: _sines(t, angle))


@chaff("slerp", caught_by=("follows_its_formula_for_unequal_lengths",))
def lengths_on_their_own(z0, z1, t):
    """It turns unit vectors and moves the length apart from them. The formula weighs z0 and z1 as they are."""
    unit = _path(F.normalize(z0, dim=0), F.normalize(z1, dim=0), t, lambda angle: _sines(t, angle))
    return unit * torch.lerp(z0.norm(), z1.norm(), t)[:, None]


@chaff("slerp", caught_by=("keeps_the_length_of_equally_long_ones",))
def angle_of_unscaled_vectors(z0, z1, t):
    """It takes the arccosine of the product itself. Only of unit vectors is that product the cosine."""
    angle = torch.acos((z0 @ z1).clamp(-1, 1))
    first, second = _sines(t, angle) if 0.01 < angle < 3.14 else (1 - t, t)
    return first[:, None] * z0 + second[:, None] * z1


@chaff("slerp", caught_by=("turns_at_a_steady_rate",))
def straight_and_then_to_the_sphere(z0, z1, t):
    """It goes straight and corrects the length afterwards: it stays on the sphere and hurries in the middle."""
    straight = torch.lerp(z0, z1, t[:, None])
    length = torch.lerp(z0.norm(), z1.norm(), t)[:, None]
    return straight / straight.norm(dim=1, keepdim=True).clamp(min=1e-12) * length


@chaff("slerp", caught_by=("treats_samples_alone",))
def times_from_their_greatest(z0, z1, t):
    """It divides the times by the greatest of them, as if that were the end. The end is at t = 1."""
    times = t / t.max() if len(t) and t.max() > 0 else t
    return _path(z0, z1, times, lambda angle: _sines(times, angle))


@chaff("slerp", caught_by=("keeps_the_dtype",))
def path_in_float32(z0, z1, t):
    """It answers in float32 whatever came in. Keep the dtype."""
    return _path(z0, z1, t, lambda angle: _sines(t, angle)).float()


@chaff("slerp", caught_by=("takes_a_batch_of_one",))
def squeezes_the_path(z0, z1, t):
    """It squeezes the result, which takes the first dimension off where there is one time."""
    return _path(z0, z1, t, lambda angle: _sines(t, angle)).squeeze()


@chaff("slerp", caught_by=("takes_an_empty_batch",))
def stacks_points(z0, z1, t):
    """It stacks one point per time in a loop, which fails where there is none."""
    return torch.stack([_path(z0, z1, each[None], lambda angle: _sines(each[None], angle))[0] for each in t])  # noqa: B023


@chaff("slerp", caught_by=("leaves_everything_as_it_was",))
def normalizes_in_place(z0, z1, t):
    """It normalises the caller's vectors in place. Make new ones."""
    path = _path(z0, z1, t, lambda angle: _sines(t, angle))
    z0 /= z0.norm().clamp(min=1e-12)
    z1 /= z1.norm().clamp(min=1e-12)
    return path
