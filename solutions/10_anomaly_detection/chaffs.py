"""Known wrong ways to write the anomaly scores, one mistake each."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F

from autograder.wheats import chaff

# What they share: the right steps, so that each mistake stands alone.


def _entropy(logits, dim=1):
    log_probs = F.log_softmax(logits, dim)
    return -(log_probs.exp() * log_probs).sum(dim)


def _fit(x, eps, count=None):
    centered = x - x.mean(0)
    covariance = centered.T @ centered / (len(x) if count is None else count)
    return x.mean(0), covariance + eps * torch.eye(x.shape[1], dtype=x.dtype)


def _gaussian(x, mean, covariance, *, squared=0.5, log_det=0.5, constant=0.5):
    centered = x - mean
    distance = (torch.linalg.solve(covariance, centered.T).T * centered).sum(1)
    size = constant * x.shape[1] * math.log(2 * math.pi)
    return squared * distance + log_det * torch.linalg.slogdet(covariance)[1] + size


def _ask(x, net):
    """Kept half, moved half, log-scales, shifts."""
    kept, moved = x.chunk(2, 1)
    return kept, moved, *net(kept).chunk(2, 1)


def _couple(x, net):
    kept, moved, s, t = _ask(x, net)
    return torch.cat([kept, moved * s.exp() + t], 1), s.sum(1)


def _uncouple(y, net):
    kept, moved, s, t = _ask(y, net)
    return torch.cat([kept, (moved - t) * (-s).exp()], 1), -s.sum(1)


def _pairs(normal_scores, anomaly_scores, tie=0.5):
    difference = anomaly_scores.detach()[:, None] - normal_scores.detach()
    return float((difference > 0).double().mean() + tie * (difference == 0).double().mean())


# reconstruction_score


@chaff("reconstruction_score", caught_by=("averages_over_all_entries", "lets_no_errors_cancel"))
def sums_over_the_entries(x, reconstruction):
    """It sums the squared errors of a sample. The score is their mean, so that images of any size can be compared."""
    return (x - reconstruction).square().flatten(1).sum(1)


@chaff("reconstruction_score", caught_by=("averages_over_all_entries",))
def absolute_errors(x, reconstruction):
    """It averages the sizes of the errors without squaring them."""
    return (x - reconstruction).abs().flatten(1).mean(1)


@chaff("reconstruction_score", caught_by=("averages_over_all_entries",))
def takes_the_root(x, reconstruction):
    """It takes the square root of the mean. The mean squared error itself is asked for."""
    return ((x - reconstruction).square().flatten(1).mean(1) + 1e-12).sqrt()


@chaff("reconstruction_score", caught_by=("lets_no_errors_cancel",))
def squares_the_mean_error(x, reconstruction):
    """It averages before it squares, so that too much here makes up for too little there. Square each error first."""
    return (x - reconstruction).flatten(1).mean(1).square()


@chaff("reconstruction_score", caught_by=("treats_samples_alone", "agrees_with_the_reference"))
def one_number_for_the_batch(x, reconstruction):
    """It averages over the whole batch and tells every sample that one number. Each sample has an error of its own."""
    return F.mse_loss(x, reconstruction).expand(len(x))


@chaff(
    "reconstruction_score",
    caught_by=("is_zero_for_a_perfect_copy_alone", "finds_other_digits_with_an_autoencoder"),
)
def higher_where_the_copy_is_better(x, reconstruction):
    """It answers minus the error, which is higher for normal samples. An anomaly score rises with the error."""
    return -(x - reconstruction).square().flatten(1).mean(1)


@chaff("reconstruction_score", caught_by=("has_the_right_gradient",))
def detaches_the_reconstruction(x, reconstruction):
    """It cuts the reconstruction from its graph, so that nothing could be trained by the score."""
    return (x - reconstruction.detach()).square().flatten(1).mean(1)


@chaff("reconstruction_score", caught_by=("keeps_the_dtype",))
def always_single_precision(x, reconstruction):
    """It converts to float32. What comes in as float64 must go out as float64."""
    return (x.float() - reconstruction.float()).square().flatten(1).mean(1)


@chaff("reconstruction_score", caught_by=("takes_a_batch_of_one",))
def squeezes_the_batch_away(x, reconstruction):
    """It squeezes the result, which turns a batch of one sample into a number without a dimension."""
    return (x - reconstruction).square().flatten(1).mean(1, keepdim=True).squeeze()


@chaff("reconstruction_score", caught_by=("takes_an_empty_batch",))
def stacks_a_loop(x, reconstruction):
    """It stacks one number per sample in a loop, which fails where there is no sample to stack."""
    return torch.stack([(one - other).square().mean() for one, other in zip(x, reconstruction, strict=True)])


@chaff("reconstruction_score", caught_by=("leaves_everything_as_it_was",))
def subtracts_in_place(x, reconstruction):
    """It subtracts in place and so spoils the caller's images. Make a new tensor for the difference."""
    x -= reconstruction
    return x.square().flatten(1).mean(1)


# confidence_score


@chaff("confidence_score", caught_by=("is_highest_where_all_classes_are_alike", "is_zero_where_one_class_is_certain"))
def answers_the_confidence(logits):
    """It answers the confidence itself, which is higher for normal samples. An anomaly score is one minus it."""
    return F.softmax(logits, 1).amax(1)


@chaff("confidence_score", caught_by=("is_highest_where_all_classes_are_alike", "agrees_with_the_reference"))
def flips_the_sign_alone(logits):
    """It answers minus the confidence. The order is right, but the score is 1 minus the confidence."""
    return -F.softmax(logits, 1).amax(1)


@chaff("confidence_score", caught_by=("ignores_a_shift_of_all_logits", "is_zero_where_one_class_is_certain"))
def takes_logits_for_probabilities(logits):
    """It takes the greatest logit for a probability. Logits become probabilities by a softmax."""
    return 1 - logits.amax(1)


@chaff("confidence_score", caught_by=("is_zero_where_one_class_is_certain", "follows_the_odds_of_two_classes"))
def softmax_twice(logits):
    """It applies softmax twice. Probabilities that are taken for logits are never far apart, so nothing is certain."""
    return 1 - F.softmax(F.softmax(logits, 1), 1).amax(1)


@chaff("confidence_score", caught_by=("treats_samples_alone",))
def softmax_over_the_batch(logits):
    """It takes the softmax over the samples. The classes of one sample compete, not the samples of a batch."""
    return 1 - F.softmax(logits, 0).amax(1)


@chaff("confidence_score", caught_by=("survives_extreme_logits",))
def exponentials_by_hand(logits):
    """It exponentiates the raw logits, which overflows at 200 in float32. A softmax subtracts the greatest first."""
    exponentials = logits.exp()
    return 1 - exponentials.amax(1) / exponentials.sum(1)


@chaff("confidence_score", caught_by=("follows_the_odds_of_two_classes",))
def sigmoid_of_the_greatest(logits):
    """It applies a sigmoid to each logit by itself. Classes that exclude each other share one softmax."""
    return 1 - torch.sigmoid(logits).amax(1)


@chaff("confidence_score", caught_by=("follows_the_odds_of_two_classes",))
def margin_to_the_runner_up(logits):
    """It takes how far the favourite is ahead of the second. The score looks at the favourite's probability alone."""
    best = F.softmax(logits, 1).topk(2, 1).values
    return 1 - (best[:, 0] - best[:, 1])


@chaff("confidence_score", caught_by=("has_the_right_gradient",))
def without_a_graph(logits):
    """It computes without a graph. A score is differentiable in the logits."""
    return 1 - F.softmax(logits.detach(), 1).amax(1)


@chaff("confidence_score", caught_by=("keeps_the_dtype",))
def softmax_in_single_precision(logits):
    """It asks for the softmax in float32. What comes in as float64 must go out as float64."""
    return 1 - F.softmax(logits, 1, dtype=torch.float32).amax(1)


@chaff("confidence_score", caught_by=("takes_a_batch_of_one",))
def squeezes_the_confidence(logits):
    """It squeezes the result, which turns a batch of one sample into a number without a dimension."""
    return (1 - F.softmax(logits, 1).amax(1, keepdim=True)).squeeze()


@chaff("confidence_score", caught_by=("takes_an_empty_batch",))
def subtracts_the_greatest_of_all(logits):
    """It subtracts the greatest logit of the whole batch, and there is none in an empty one. Go row by row."""
    return 1 - F.softmax(logits - logits.max().detach(), 1).amax(1)


@chaff("confidence_score", caught_by=("leaves_everything_as_it_was",))
def shifts_in_place(logits):
    """It subtracts the greatest logit in place and so changes the caller's logits."""
    logits -= logits.amax(1, keepdim=True)
    return 1 - F.softmax(logits, 1).amax(1)


# entropy_score


@chaff("entropy_score", caught_by=("is_log_k_where_all_classes_are_alike", "finds_digits_that_were_not_taught"))
def negative_entropy(logits):
    """It forgets the minus: the sum of p · log p is never positive, and lower for anomalies."""
    return -_entropy(logits)


@chaff("entropy_score", caught_by=("is_zero_where_one_class_is_certain", "survives_extreme_logits"))
def log_of_a_softmax(logits):
    """It takes the logarithm of a probability that has rounded to 0, and 0 · log 0 is nan. Use the log-softmax."""
    probs = F.softmax(logits, 1)
    return -(probs * probs.log()).sum(1)


@chaff("entropy_score", caught_by=("keeps_its_gradient_in_single_precision",))
def xlogy_of_a_softmax(logits):
    """It leaves 0 · log 0 to xlogy or entr, whose value is 0 but whose gradient there is not finite."""
    probs = F.softmax(logits, 1)
    return -torch.special.xlogy(probs, probs).sum(1)


@chaff("entropy_score", caught_by=("is_log_k_where_all_classes_are_alike",))
def adds_a_small_number_to_the_probabilities(logits):
    """It adds 1e-8 to probabilities before their logarithm, which is wrong for many classes. Use the log-softmax."""
    probs = F.softmax(logits, 1)
    return -(probs * (probs + 1e-8).log()).sum(1)


@chaff("entropy_score", caught_by=("is_zero_where_one_class_is_certain", "agrees_with_the_reference"))
def clamps_the_logits(logits):
    """It clamps the logits to ±10, so that the entropy of a classifier that is certain never comes down to 0."""
    return _entropy(logits.clamp(-10, 10))


@chaff("entropy_score", caught_by=("weighs_surprise_by_probability", "is_log_k_where_all_classes_are_alike"))
def in_bits(logits):
    """It uses the logarithm to base 2. This course measures in nats, with the natural logarithm."""
    return _entropy(logits) / math.log(2)


@chaff("entropy_score", caught_by=("adds_up_over_independent_choices", "is_log_k_where_all_classes_are_alike"))
def averages_over_the_classes(logits):
    """It averages over the classes. Entropy is already a mean, weighed by the probabilities: sum."""
    return _entropy(logits) / logits.shape[1]


@chaff("entropy_score", caught_by=("is_zero_where_one_class_is_certain", "weighs_surprise_by_probability"))
def softmax_of_probabilities(logits):
    """It applies softmax twice. Probabilities that are taken for logits are never far apart."""
    return _entropy(F.softmax(logits, 1))


@chaff("entropy_score", caught_by=("treats_samples_alone",))
def over_the_batch(logits):
    """It takes the softmax over the samples. The classes of one sample compete, not the samples of a batch."""
    log_probs = F.log_softmax(logits, 0)
    return -(log_probs.exp() * log_probs).sum(1)


@chaff("entropy_score", caught_by=("ignores_a_shift_of_all_logits",))
def logits_for_log_probabilities(logits):
    """It takes logits for log-probabilities. They are that only up to a shift: use the log-softmax."""
    return -(F.softmax(logits, 1) * logits).sum(1)


@chaff("entropy_score", caught_by=("has_the_right_gradient",))
def holds_the_weights_constant(logits):
    """It detaches the probabilities that weigh the surprises, and loses a part of the gradient."""
    log_probs = F.log_softmax(logits, 1)
    return -(log_probs.exp().detach() * log_probs).sum(1)


@chaff("entropy_score", caught_by=("keeps_the_dtype",))
def entropy_in_single_precision(logits):
    """It converts to float32. What comes in as float64 must go out as float64."""
    return _entropy(logits.float())


@chaff("entropy_score", caught_by=("takes_a_batch_of_one",))
def squeezes_the_entropy(logits):
    """It squeezes the result, which turns a batch of one sample into a number without a dimension."""
    return _entropy(logits)[:, None].squeeze()


@chaff("entropy_score", caught_by=("takes_an_empty_batch",))
def stacks_the_rows(logits):
    """It stacks one number per sample in a loop, which fails where there is no sample to stack."""
    return torch.stack([_entropy(row, 0) for row in logits])


# fit_gaussian


@chaff("fit_gaussian", caught_by=("divides_by_the_number_of_samples", "finds_the_mean_and_the_spread"))
def divides_by_one_less(x, *, eps=1e-6):
    """It divides by N − 1. The most likely covariance, which is asked for, divides by N."""
    return _fit(x, eps, max(len(x) - 1, 1))


@chaff("fit_gaussian", caught_by=("takes_a_batch_of_one",))
def corrects_the_bias_of_torch_cov(x, *, eps=1e-6):
    """It divides by N − 1, which is 0 for a single sample. The covariance asked for divides by N."""
    return _fit(x, eps, len(x) - 1)


@chaff("fit_gaussian", caught_by=("divides_by_the_number_of_samples", "agrees_with_the_reference"))
def leaves_the_sum(x, *, eps=1e-6):
    """It sums the outer products and never divides by the number of samples."""
    return _fit(x, eps, 1)


@chaff("fit_gaussian", caught_by=("can_be_inverted_with_few_samples", "adds_eps_to_the_variances_alone"))
def forgets_eps(x, *, eps=1e-6):
    """It adds no eps, so that few samples give a covariance that cannot be inverted."""
    return _fit(x, 0.0)


@chaff("fit_gaussian", caught_by=("adds_eps_to_the_variances_alone",))
def adds_eps_everywhere(x, *, eps=1e-6):
    """It adds eps to every entry. Only the variances, on the diagonal, get it."""
    mean, covariance = _fit(x, 0.0)
    return mean, covariance + eps


@chaff("fit_gaussian", caught_by=("uses_a_millionth_unless_told_otherwise",))
def another_default(x, *, eps=1e-3):
    """Its eps is 0.001 where the caller names none. The contract says 0.000001."""
    return _fit(x, eps)


@chaff("fit_gaussian", caught_by=("adds_eps_to_the_variances_alone",))
def a_fixed_eps(x, *, eps=1e-6):
    """It always adds 0.000001, whatever eps the caller names."""
    return _fit(x, 1e-6)


@chaff("fit_gaussian", caught_by=("finds_the_mean_and_the_spread", "turns_and_stretches_with_the_data"))
def second_moment(x, *, eps=1e-6):
    """It does not centre the samples. A covariance speaks of distances from the mean."""
    return x.mean(0), x.T @ x / len(x) + eps * torch.eye(x.shape[1], dtype=x.dtype)


@chaff("fit_gaussian", caught_by=("turns_and_stretches_with_the_data",))
def variances_alone(x, *, eps=1e-6):
    """It computes the variances alone. A Gaussian also knows which features rise and fall together."""
    mean, covariance = _fit(x, eps)
    return mean, torch.diag(covariance.diagonal())


@chaff("fit_gaussian", caught_by=("finds_the_mean_and_the_spread",))
def correlations(x, *, eps=1e-6):
    """It scales every feature to variance 1 first: those are correlations, not covariances."""
    _, covariance = _fit(x, 1e-12)
    spread = covariance.diagonal().sqrt()
    return x.mean(0), covariance / torch.outer(spread, spread) + eps * torch.eye(x.shape[1], dtype=x.dtype)


@chaff("fit_gaussian", caught_by=("keeps_the_dtype",))
def default_identity(x, *, eps=1e-6):
    """Its identity matrix is float64, as NumPy makes it, and drags the covariance of float32 samples to that type."""
    mean, covariance = _fit(x, 0.0)
    return mean, covariance + eps * torch.eye(x.shape[1], dtype=torch.float64)


@chaff("fit_gaussian", caught_by=("leaves_everything_as_it_was",))
def centres_in_place(x, *, eps=1e-6):
    """It subtracts the mean from the caller's samples in place. Centre a new tensor."""
    mean, covariance = _fit(x, eps)
    x -= mean
    return mean, covariance


# gaussian_score


@chaff("gaussian_score", caught_by=("rises_away_from_the_mean", "knows_the_standard_normal"))
def log_density_itself(x, mean, covariance):
    """It answers the log density, which is higher for normal samples. The score is minus it."""
    return -_gaussian(x, mean, covariance)


@chaff("gaussian_score", caught_by=("knows_the_standard_normal", "makes_a_density_that_integrates_to_one"))
def forgets_the_constant(x, mean, covariance):
    """It leaves out D/2 · log 2π. The order of the scores stays, but exp(−score) is no density."""
    return _gaussian(x, mean, covariance, constant=0.0)


@chaff("gaussian_score", caught_by=("makes_a_density_that_integrates_to_one", "shifts_by_the_log_determinant_of_a_map"))
def forgets_the_log_determinant(x, mean, covariance):
    """It leaves out the log-determinant. A wide Gaussian is flat: its density is low even at its mean."""
    return _gaussian(x, mean, covariance, log_det=0.0)


@chaff("gaussian_score", caught_by=("shifts_by_the_log_determinant_of_a_map",))
def forgets_half_of_the_log_determinant(x, mean, covariance):
    """It adds the whole log-determinant. The density divides by the root of the determinant: half of its logarithm."""
    return _gaussian(x, mean, covariance, log_det=1.0)


@chaff("gaussian_score", caught_by=("shifts_by_the_log_determinant_of_a_map",))
def subtracts_the_log_determinant(x, mean, covariance):
    """It subtracts half of the log-determinant. A larger determinant means a lower density, so a higher score."""
    return _gaussian(x, mean, covariance, log_det=-0.5)


@chaff("gaussian_score", caught_by=("knows_the_standard_normal",))
def squared_distance_without_a_half(x, mean, covariance):
    """It adds the whole squared distance. The exponent of a Gaussian is minus half of it."""
    return _gaussian(x, mean, covariance, squared=1.0)


@chaff("gaussian_score", caught_by=("works_in_many_dimensions",))
def log_of_the_determinant(x, mean, covariance):
    """It computes the determinant before its logarithm: in many dimensions it underflows to 0 or overflows."""
    return _gaussian(x, mean, covariance, log_det=0.0) + torch.linalg.det(covariance).log() / 2


@chaff("gaussian_score", caught_by=("shifts_by_the_log_determinant_of_a_map",))
def multiplies_by_the_covariance(x, mean, covariance):
    """It multiplies by the covariance. Distances are measured with its inverse: many standard deviations are far."""
    centered = x - mean
    distance = (centered @ covariance * centered).sum(1)
    return _gaussian(x, mean, covariance, squared=0.0) + distance / 2


@chaff("gaussian_score", caught_by=("agrees_with_the_reference",))
def takes_features_for_independent(x, mean, covariance):
    """It uses the variances alone. The covariances turn and narrow the Gaussian."""
    return _gaussian(x, mean, torch.diag(covariance.diagonal()))


@chaff("gaussian_score", caught_by=("has_the_right_gradient",))
def holds_the_fit_constant(x, mean, covariance):
    """It detaches mean and covariance. The score is differentiable in all three."""
    return _gaussian(x, mean.detach(), covariance.detach())


@chaff("gaussian_score", caught_by=("treats_samples_alone",))
def one_score_for_the_batch(x, mean, covariance):
    """It answers the mean score of the batch for every sample. Each has a score of its own."""
    return _gaussian(x, mean, covariance).mean().expand(len(x))


@chaff("gaussian_score", caught_by=("keeps_the_dtype",))
def density_in_single_precision(x, mean, covariance):
    """It converts to float32. What comes in as float64 must go out as float64."""
    return _gaussian(x.float(), mean.float(), covariance.float())


@chaff("gaussian_score", caught_by=("takes_a_batch_of_one",))
def squeezes_the_score(x, mean, covariance):
    """It squeezes the result, which turns a batch of one sample into a number without a dimension."""
    return _gaussian(x, mean, covariance)[:, None].squeeze()


@chaff("gaussian_score", caught_by=("takes_an_empty_batch",))
def stacks_the_scores(x, mean, covariance):
    """It stacks one number per sample in a loop, which fails where there is no sample to stack."""
    return torch.stack([_gaussian(row[None], mean, covariance)[0] for row in x])


@chaff("gaussian_score", caught_by=("leaves_everything_as_it_was",))
def centres_the_samples_in_place(x, mean, covariance):
    """It subtracts the mean from the caller's samples in place. Centre a new tensor."""
    score = _gaussian(x, mean, covariance)
    with torch.no_grad():
        x.data.sub_(mean)
    return score


# affine_coupling


@chaff("affine_coupling", caught_by=("keeps_the_first_half",))
def moves_the_first_half(x, net):
    """It keeps the second half and moves the first. Here the first half is kept and decides."""
    moved, kept = x.chunk(2, 1)
    s, t = net(kept).chunk(2, 1)
    return torch.cat([moved * s.exp() + t, kept], 1), s.sum(1)


@chaff("affine_coupling", caught_by=("keeps_the_first_half",))
def swaps_the_halves(x, net):
    """It puts the moved half in front. The halves stay where they were; a flow turns them between layers."""
    kept, moved, s, t = _ask(x, net)
    return torch.cat([moved * s.exp() + t, kept], 1), s.sum(1)


@chaff("affine_coupling", caught_by=("stretches_then_shifts_the_second_half",))
def shifts_come_first(x, net):
    """It takes the first half of the net's answer for shifts. The log-scales come first."""
    kept, moved, t, s = _ask(x, net)
    return torch.cat([kept, moved * s.exp() + t], 1), s.sum(1)


@chaff("affine_coupling", caught_by=("stretches_then_shifts_the_second_half", "knows_the_determinant_of_its_jacobian"))
def takes_log_scales_for_scales(x, net):
    """It multiplies by s. The net answers log-scales: multiply by exp(s), which is never 0 and so can be undone."""
    kept, moved, s, t = _ask(x, net)
    return torch.cat([kept, moved * s + t], 1), s.sum(1)


@chaff("affine_coupling", caught_by=("stretches_then_shifts_the_second_half",))
def shifts_before_it_stretches(x, net):
    """It adds the shift before it stretches. The shift comes last."""
    kept, moved, s, t = _ask(x, net)
    return torch.cat([kept, (moved + t) * s.exp()], 1), s.sum(1)


@chaff("affine_coupling", caught_by=("stretches_then_shifts_the_second_half",))
def squashes_the_log_scales(x, net):
    """It squashes the log-scales with tanh. That is the net's own business; use them as they come."""
    kept, moved, s, t = _ask(x, net)
    return torch.cat([kept, moved * s.tanh().exp() + t], 1), s.tanh().sum(1)


@chaff("affine_coupling", caught_by=("knows_the_determinant_of_its_jacobian", "makes_a_density_that_integrates_to_one"))
def log_determinant_of_the_inverse(x, net):
    """Its log-determinant has the wrong sign: where exp(s) stretches, the volume grows."""
    y, log_det = _couple(x, net)
    return y, -log_det


@chaff("affine_coupling", caught_by=("treats_samples_alone", "agrees_with_the_reference"))
def one_log_determinant_for_the_batch(x, net):
    """It sums the log-scales over the batch too. Every sample has a log-determinant of its own."""
    y, log_det = _couple(x, net)
    return y, log_det.sum().expand(len(x))


@chaff("affine_coupling", caught_by=("agrees_with_the_reference",))
def averages_the_log_scales(x, net):
    """It averages the log-scales of a sample. The determinant is a product, so its logarithm is a sum."""
    y, log_det = _couple(x, net)
    return y, log_det / (x.shape[1] // 2)


@chaff("affine_coupling", caught_by=("knows_the_determinant_of_its_jacobian",))
def sums_the_scales(x, net):
    """It sums the scales. The logarithm of their product is the sum of the log-scales."""
    y, _ = _couple(x, net)
    return y, _ask(x, net)[2].exp().sum(1)


@chaff("affine_coupling", caught_by=("has_the_right_gradient",))
def holds_the_scales_constant(x, net):
    """It detaches the scales before it stretches, and so loses the gradient that reaches the net through them."""
    kept, moved, s, t = _ask(x, net)
    return torch.cat([kept, moved * s.exp().detach() + t], 1), s.sum(1)


@chaff("affine_coupling", caught_by=("trains_the_net", "fits_two_moons_better_than_a_gaussian"))
def asks_the_net_without_a_graph(x, net):
    """It asks the net without a graph, so that the net can never learn."""
    with torch.no_grad():
        _, _, s, t = _ask(x, net)
    kept, moved = x.chunk(2, 1)
    return torch.cat([kept, moved * s.exp() + t], 1), s.sum(1)


@chaff("affine_coupling", caught_by=("trains_the_net",))
def detaches_the_log_determinant(x, net):
    """It detaches the log-determinant. Without its gradient a flow shrinks everything to a point."""
    y, log_det = _couple(x, net)
    return y, log_det.detach()


@chaff("affine_coupling", caught_by=("keeps_the_dtype",))
def log_determinant_in_another_type(x, net):
    """It adds the log-determinants up in a float32 tensor, whatever type the samples have."""
    y, log_scales = _couple(x, net)
    log_det = torch.zeros(len(x))
    log_det += log_scales
    return y, log_det


@chaff("affine_coupling", caught_by=("takes_a_batch_of_one",))
def squeezes_the_log_determinant(x, net):
    """It squeezes log_det, which turns that of one sample into a number without a dimension."""
    y, log_det = _couple(x, net)
    return y, log_det[:, None].squeeze()


@chaff("affine_coupling", caught_by=("takes_an_empty_batch",))
def stacks_the_samples(x, net):
    """It goes through the samples in a loop and stacks the results, which fails where there are none."""
    pairs = [_couple(row[None], net) for row in x]
    return torch.cat([y for y, _ in pairs]), torch.cat([log_det for _, log_det in pairs])


@chaff("affine_coupling", caught_by=("leaves_everything_as_it_was",))
def writes_into_x(x, net):
    """It writes the moved half into the caller's samples. Make a new tensor."""
    y, log_det = _couple(x, net)
    x.data.copy_(y)
    return y, log_det


# affine_coupling_inverse


@chaff("affine_coupling_inverse", caught_by=("takes_off_the_shift_before_the_stretch", "undoes_the_coupling"))
def goes_forwards_again(y, net):
    """It stretches and shifts once more. The inverse takes the shift off and divides by the scale."""
    return _couple(y, net)


@chaff("affine_coupling_inverse", caught_by=("takes_off_the_shift_before_the_stretch", "undoes_the_coupling"))
def undoes_the_stretch_first(y, net):
    """It undoes the stretch before the shift. What was done last is undone first."""
    kept, moved, s, t = _ask(y, net)
    return torch.cat([kept, moved * (-s).exp() - t], 1), -s.sum(1)


@chaff("affine_coupling_inverse", caught_by=("takes_off_the_shift_before_the_stretch",))
def adds_the_shift(y, net):
    """It adds the shift once more. The way back subtracts it."""
    kept, moved, s, t = _ask(y, net)
    return torch.cat([kept, (moved + t) * (-s).exp()], 1), -s.sum(1)


@chaff("affine_coupling_inverse", caught_by=("takes_off_the_shift_before_the_stretch",))
def takes_shifts_for_log_scales(y, net):
    """It takes the first half of the net's answer for shifts. The log-scales come first."""
    kept, moved, t, s = _ask(y, net)
    return torch.cat([kept, (moved - t) * (-s).exp()], 1), -s.sum(1)


@chaff("affine_coupling_inverse", caught_by=("knows_the_determinant_of_its_jacobian", "undoes_the_coupling"))
def log_determinant_of_the_way_there(y, net):
    """It answers the log-determinant of the way there. That of the way back has the other sign."""
    x, log_det = _uncouple(y, net)
    return x, -log_det


@chaff("affine_coupling_inverse", caught_by=("undoes_the_coupling", "agrees_with_the_reference"))
def asks_the_net_about_the_moved_half(y, net):
    """It asks the net about the second half, which is no longer what it was. The first half still is."""
    kept, moved = y.chunk(2, 1)
    s, t = net(moved).chunk(2, 1)
    return torch.cat([kept, (moved - t) * (-s).exp()], 1), -s.sum(1)


@chaff("affine_coupling_inverse", caught_by=("keeps_the_first_half",))
def puts_the_moved_half_in_front(y, net):
    """It puts the moved half in front. The halves stay where they were."""
    x, log_det = _uncouple(y, net)
    return torch.cat(x.chunk(2, 1)[::-1], 1), log_det


@chaff("affine_coupling_inverse", caught_by=("treats_samples_alone",))
def sums_over_the_batch(y, net):
    """It sums the log-scales over the batch too. Every sample has a log-determinant of its own."""
    x, log_det = _uncouple(y, net)
    return x, log_det.sum().expand(len(y))


@chaff("affine_coupling_inverse", caught_by=("trains_the_net",))
def inverts_without_a_graph(y, net):
    """It asks the net without a graph. Both results are differentiable in the net's parameters too."""
    with torch.no_grad():
        _, _, s, t = _ask(y, net)
    kept, moved = y.chunk(2, 1)
    return torch.cat([kept, (moved - t) * (-s).exp()], 1), -s.sum(1)


@chaff("affine_coupling_inverse", caught_by=("has_the_right_gradient",))
def holds_the_inverse_scales_constant(y, net):
    """It detaches the scales before it divides by them, and so loses the gradient that reaches the net through them."""
    kept, moved, s, t = _ask(y, net)
    return torch.cat([kept, (moved - t) * (-s).exp().detach()], 1), -s.sum(1)


@chaff("affine_coupling_inverse", caught_by=("keeps_the_dtype",))
def inverse_log_determinant_in_another_type(y, net):
    """It adds the log-determinants up in a float32 tensor, whatever type the samples have."""
    x, log_scales = _uncouple(y, net)
    log_det = torch.zeros(len(y))
    log_det += log_scales
    return x, log_det


@chaff("affine_coupling_inverse", caught_by=("takes_a_batch_of_one",))
def squeezes_the_inverse_log_determinant(y, net):
    """It squeezes log_det, which turns that of one sample into a number without a dimension."""
    x, log_det = _uncouple(y, net)
    return x, log_det[:, None].squeeze()


@chaff("affine_coupling_inverse", caught_by=("takes_an_empty_batch",))
def concatenates_a_loop(y, net):
    """It goes through the samples in a loop and joins the results, which fails where there are none."""
    pairs = [_uncouple(row[None], net) for row in y]
    return torch.cat([x for x, _ in pairs]), torch.cat([log_det for _, log_det in pairs])


@chaff("affine_coupling_inverse", caught_by=("leaves_everything_as_it_was",))
def writes_into_y(y, net):
    """It writes the moved half into the caller's samples. Make a new tensor."""
    x, log_det = _uncouple(y, net)
    y.data.copy_(x)
    return x, log_det


# auroc


@chaff(
    "auroc",
    caught_by=("is_one_where_every_anomaly_scores_higher", "shows_that_one_kind_of_anomaly_teaches_no_other"),
)
def sides_swapped(normal_scores, anomaly_scores):
    """It counts pairs in which the normal sample scores higher. A good score puts the anomaly above."""
    return _pairs(anomaly_scores, normal_scores)


@chaff("auroc", caught_by=("is_one_half_where_all_scores_are_equal",))
def ties_count_nothing(normal_scores, anomaly_scores):
    """It counts ties as lost. A score that says nothing would get 0; a tie counts one half."""
    return _pairs(normal_scores, anomaly_scores, 0.0)


@chaff("auroc", caught_by=("is_one_half_where_all_scores_are_equal",))
def ties_count_in_full(normal_scores, anomaly_scores):
    """It counts ties as won. A score that says nothing would get 1; a tie counts one half."""
    return _pairs(normal_scores, anomaly_scores, 1.0)


@chaff("auroc", caught_by=("turns_round_when_the_sides_are_swapped",))
def never_below_one_half(normal_scores, anomaly_scores):
    """It answers the better of A and 1 − A. A score that is worse than chance must show it."""
    area = _pairs(normal_scores, anomaly_scores)
    return max(area, 1 - area)


@chaff("auroc", caught_by=("counts_the_normal_samples_below",))
def accuracy_at_the_best_threshold(normal_scores, anomaly_scores):
    """It answers the accuracy at the best threshold. The area needs no threshold."""
    levels = torch.cat([normal_scores, anomaly_scores, normal_scores.min()[None] - 1])
    rates = [((normal_scores <= level).double().mean() + (anomaly_scores > level).double().mean()) for level in levels]
    return float(max(rates)) / 2


@chaff("auroc", caught_by=("depends_on_the_order_alone", "agrees_with_the_reference"))
def chance_under_two_gaussians(normal_scores, anomaly_scores):
    """It compares means in units of the spread. Only the order of the scores may matter."""
    normal, anomaly = normal_scores.double(), anomaly_scores.double()
    spread = (normal.var(correction=0) + anomaly.var(correction=0) + 1e-12).sqrt()
    return float((1 + torch.erf((anomaly.mean() - normal.mean()) / spread / math.sqrt(2))) / 2)


@chaff("auroc", caught_by=("averages_over_the_anomalies",))
def best_anomaly_alone(normal_scores, anomaly_scores):
    """It looks at the highest anomaly alone. One of them is drawn at random, so all of them count."""
    return _pairs(normal_scores, anomaly_scores.max()[None])


@chaff("auroc", caught_by=("counts_the_normal_samples_below",))
def compares_side_by_side(normal_scores, anomaly_scores):
    """It compares the first with the first, the second with the second, and so on. Every pair counts."""
    count = min(len(normal_scores), len(anomaly_scores))
    difference = anomaly_scores[:count] - normal_scores[:count]
    return float((difference > 0).double().mean() + (difference == 0).double().mean() / 2)


@chaff("auroc", caught_by=("leaves_everything_as_it_was",))
def sorts_in_place(normal_scores, anomaly_scores):
    """It sorts the caller's scores in place. Sort a copy."""
    area = _pairs(normal_scores, anomaly_scores)
    normal_scores.copy_(normal_scores.sort().values)
    return area
