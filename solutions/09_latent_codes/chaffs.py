"""Known wrong ways to write the latent codes, one mistake each."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F

from autograder.wheats import chaff

# What they share: the right steps, so that each mistake stands alone.


def _moments(images, dims=(2, 3), correction=0):
    mean = images.mean(dims, keepdim=True)
    count = math.prod(images.shape[dim] for dim in dims) - correction
    return mean, (images - mean).square().sum(dims, keepdim=True) / count


def _restyle(content, style, eps, **options):
    mean, variance = _moments(content, **options)
    shift, spread = _moments(style, **options)
    return (content - mean) / (variance + eps).sqrt() * (spread + eps).sqrt() + shift


def _bits(logits):
    return (logits > 0).to(logits.dtype)


def _carrying(values, carrier):
    """Values with the gradient of another tensor."""
    return values + carrier - carrier.detach()


def _nearest(z, codebook, *, power=2):
    with torch.no_grad():
        return (z.unsqueeze(-2) - codebook).abs().pow(power).sum(-1).argmin(-1)


def _loss(z, codes, beta):
    return F.mse_loss(codes, z.detach()) + beta * F.mse_loss(z, codes.detach())


def _quantized(z, codebook, indices, beta):
    codes = codebook[indices]
    return z + (codes - z).detach(), indices, _loss(z, codes, beta)


def _entropy(shares, dim=-1):
    return -(shares * shares.clamp(min=1e-38).log()).sum(dim)


def _shares(indices, num_codes):
    counts = torch.bincount(indices.flatten(), minlength=num_codes).float()
    return counts / counts.sum().clamp(min=1)


# adain


@chaff("adain", caught_by=("takes_the_spread_of_the_style", "swaps_styles_exactly", "agrees_with_the_reference"))
def variance_for_deviation(content, style, *, eps=1e-5):
    """It divides and multiplies by variances. The spread of pixel values is their root, the standard deviation."""
    (mean, variance), (shift, spread) = _moments(content), _moments(style)
    return (content - mean) / (variance + eps) * (spread + eps) + shift


@chaff("adain", caught_by=("gives_a_single_pixel_the_colour_of_the_style", "takes_the_spread_of_the_style"))
def unbiased_variance(content, style, *, eps=1e-5):
    """It divides squares by the number of pixels less one, torch's default, which is 0/0 for a single pixel."""
    return _restyle(content, style, eps, correction=1)


@chaff("adain", caught_by=("treats_samples_alone",))
def statistics_of_the_batch(content, style, *, eps=1e-5):
    """It takes mean and deviation over the batch too, as batch norm does. Each sample has a style of its own."""
    return _restyle(content, style, eps, dims=(0, 2, 3)) if len(content) else content.clone()


@chaff("adain", caught_by=("takes_the_mean_of_the_style", "swaps_styles_exactly"))
def statistics_of_all_channels(content, style, *, eps=1e-5):
    """It takes mean and deviation over the channels too, as layer normalisation does. Each channel has its own."""
    return _restyle(content, style, eps, dims=(1, 2, 3))


@chaff("adain", caught_by=("swaps_styles_exactly", "takes_the_mean_of_the_style"))
def style_in_content(content, style, *, eps=1e-5):
    """It takes content for style and style for content: the result shows the style's picture."""
    mixed = _restyle(style, content, eps)
    return F.interpolate(mixed, size=content.shape[2:]) if len(content) else content.clone()


@chaff("adain", caught_by=("takes_the_mean_of_the_style", "swaps_styles_exactly"))
def forgets_the_mean_of_the_style(content, style, *, eps=1e-5):
    """It gives the style's deviation and not its mean. Both make up the style."""
    return _restyle(content, style, eps) - _moments(style)[0]


@chaff("adain", caught_by=("ignores_brightness_and_contrast_of_the_content", "takes_the_mean_of_the_style"))
def keeps_the_mean_of_the_content(content, style, *, eps=1e-5):
    """It scales the content without subtracting its mean first, so that the content's brightness stays in."""
    (_, variance), (shift, spread) = _moments(content), _moments(style)
    return content / (variance + eps).sqrt() * (spread + eps).sqrt() + shift


@chaff("adain", caught_by=("takes_the_spread_of_the_style",))
def eps_outside_the_root(content, style, *, eps=1e-5):
    """It adds eps to the standard deviations. It belongs under the root, to the variances."""
    mean, variance = _moments(content)
    shift, spread = _moments(style)
    tiny = 1e-30  # a constant channel has no slope at a root of 0
    return (content - mean) / ((variance + tiny).sqrt() + eps) * ((spread + tiny).sqrt() + eps) + shift


@chaff("adain", caught_by=("leaves_an_image_in_its_own_style",))
def eps_for_the_content_alone(content, style, *, eps=1e-5):
    """It adds eps to the content's variance and not to the style's. Both deviations have it."""
    mean, variance = _moments(content)
    shift, spread = _moments(style)
    return (content - mean) / (variance + eps).sqrt() * (spread + 1e-30).sqrt() + shift


@chaff("adain", caught_by=("adds_a_hundred_thousandth_unless_told_otherwise",))
def another_default_eps(content, style, *, eps=1e-8):
    """Where the caller does not name eps, it takes another one than 1e-5."""
    return _restyle(content, style, eps)


@chaff("adain", caught_by=("has_the_right_gradient",))
def holds_the_style_constant(content, style, *, eps=1e-5):
    """It detaches the style, so that an encoder of styles could not be trained."""
    return _restyle(content, style.detach(), eps)


@chaff("adain", caught_by=("keeps_the_dtype",))
def styles_in_single_precision(content, style, *, eps=1e-5):
    """It converts to float32. What comes in as float64 must go out as float64."""
    return _restyle(content.float(), style.float(), eps)


@chaff("adain", caught_by=("takes_a_batch_of_one",))
def squeezes_the_images(content, style, *, eps=1e-5):
    """It squeezes the result, which takes the batch dimension away where there is one sample."""
    return _restyle(content, style, eps).squeeze(0)


@chaff("adain", caught_by=("takes_an_empty_batch",))
def stacks_samples(content, style, *, eps=1e-5):
    """It stacks one result per sample in a loop, which fails where there is no sample to stack."""
    return torch.stack([_restyle(a[None], b[None], eps)[0] for a, b in zip(content, style, strict=True)])


@chaff("adain", caught_by=("leaves_everything_as_it_was",))
def normalises_in_place(content, style, *, eps=1e-5):
    """It subtracts the mean from the caller's content in place. Make a new tensor."""
    result = _restyle(content, style, eps)
    with torch.no_grad():
        content -= content.mean((2, 3), keepdim=True) + 1
    return result


# binarize


@chaff("binarize", caught_by=("is_zero_at_exactly_zero",))
def one_at_zero(logits):
    """It gives 1 where a logit is exactly 0. Only what is above 0 gives 1."""
    return _carrying((logits >= 0).to(logits.dtype), logits.sigmoid())


@chaff("binarize", caught_by=("is_zero_at_exactly_zero",))
def half_at_zero(logits):
    """It makes bits of signs, and the sign of 0 is 0, which becomes one half. A logit of 0 gives 0."""
    return _carrying((logits.sign() + 1) / 2, logits.sigmoid())


@chaff("binarize", caught_by=("is_one_above_zero_and_zero_below",))
def threshold_at_one_half(logits):
    """It compares logits with one half, which is the threshold for probabilities. For logits it is 0."""
    return _carrying((logits > 0.5).to(logits.dtype), logits.sigmoid())


@chaff("binarize", caught_by=("is_one_above_zero_and_zero_below", "agrees_with_the_reference"))
def plus_and_minus_one(logits):
    """It gives −1 where a logit is below 0. Bits are 0 and 1."""
    return _carrying(2 * _bits(logits) - (logits != 0).to(logits.dtype), logits.sigmoid())


@chaff("binarize", caught_by=("is_one_above_zero_and_zero_below",))
def draws_the_bits(logits):
    """It draws each bit with the probability sigmoid(logit). Here the bit is fixed: 1 where the logit is above 0."""
    coins = torch.linspace(0.05, 0.95, max(logits.numel(), 1), dtype=logits.dtype)[: logits.numel()]
    return _carrying((coins.reshape(logits.shape) < logits.sigmoid()).to(logits.dtype), logits.sigmoid())


@chaff("binarize", caught_by=("is_one_above_zero_and_zero_below",))
def probabilities_for_bits(logits):
    """It returns sigmoid(logits). That is what the gradient sees; forward, there are only 0 and 1."""
    return logits.sigmoid()


@chaff("binarize", caught_by=("has_the_right_gradient", "trains_an_autoencoder_of_bits"))
def step_without_slope(logits):
    """It takes the step as it is, whose gradient is 0 everywhere. Backwards, the sigmoid has to stand in for it."""
    return _bits(logits)


@chaff("binarize", caught_by=("has_the_right_gradient",))
def gradient_of_the_identity(logits):
    """It passes the gradient on unchanged. It is to pass it as through a sigmoid, whose slope is σ(1 − σ)."""
    return _carrying(_bits(logits), logits)


@chaff("binarize", caught_by=("has_the_right_gradient", "trains_an_autoencoder_of_bits"))
def gradient_reversed(logits):
    """It subtracts the sigmoid and adds the detached one, so that the gradient has the wrong sign."""
    return _carrying(_bits(logits), -logits.sigmoid())


@chaff("binarize", caught_by=("survives_extreme_logits",))
def sigmoid_by_hand(logits):
    """It writes the sigmoid as eˡ / (1 + eˡ), which is infinity over infinity for a logit of 200 in float32."""
    grown = logits.exp()
    return _carrying(_bits(logits), grown / (1 + grown))


@chaff("binarize", caught_by=("treats_samples_alone",))
def threshold_of_the_batch(logits):
    """It compares logits with their mean over the batch. The threshold is 0 for every sample."""
    if len(logits) < 2:
        return _carrying(_bits(logits), logits.sigmoid())
    return _carrying((logits > logits.mean(0)).to(logits.dtype), logits.sigmoid())


@chaff("binarize", caught_by=("keeps_the_dtype",))
def bits_in_single_precision(logits):
    """It makes the bits float32. They have the type of the logits."""
    return _carrying(_bits(logits).float(), logits.float().sigmoid())


@chaff("binarize", caught_by=("takes_a_batch_of_one",))
def squeezes_the_bits(logits):
    """It squeezes the bits, which takes the batch dimension away where there is one sample."""
    return _carrying(_bits(logits), logits.sigmoid()).squeeze(0)


@chaff("binarize", caught_by=("takes_an_empty_batch",))
def stacks_rows_of_bits(logits):
    """It stacks one row of bits per sample, which fails where there is no sample to stack."""
    return torch.stack([_carrying(_bits(row), row.sigmoid()) for row in logits])


@chaff("binarize", caught_by=("leaves_everything_as_it_was",))
def writes_into_the_logits(logits):
    """It writes the bits into the caller's logits. Make a new tensor."""
    bits = _carrying(_bits(logits), logits.sigmoid())
    with torch.no_grad():
        logits.copy_(bits + 1)
    return bits


# vector_quantize


@chaff("vector_quantize", caught_by=("takes_the_nearest_code",))
def greatest_inner_product(z, codebook, *, beta=0.25):
    """It takes the code with the greatest inner product, which favours long codes. The nearest one is asked for."""
    return _quantized(z, codebook, (z.unsqueeze(-2) * codebook).sum(-1).argmax(-1), beta)


@chaff("vector_quantize", caught_by=("takes_the_nearest_code",))
def city_blocks(z, codebook, *, beta=0.25):
    """It adds up absolute differences. Euclidean distance adds up their squares."""
    return _quantized(z, codebook, _nearest(z, codebook, power=1), beta)


@chaff("vector_quantize", caught_by=("gives_ties_to_the_lowest_index",))
def ties_to_the_highest(z, codebook, *, beta=0.25):
    """Of several codes that are equally near it takes the last. The lowest index is asked for."""
    return _quantized(z, codebook, len(codebook) - 1 - _nearest(z, codebook.flip(0)), beta)


@chaff("vector_quantize", caught_by=("finds_the_nearest_code_far_from_the_origin",))
def expands_the_square(z, codebook, *, beta=0.25):
    """It computes |z|² − 2 z·c + |c|², which loses digits far from the origin. Subtract first, then square."""
    with torch.no_grad():
        products = (z.unsqueeze(-2) * codebook).sum(-1)
        distances = z.square().sum(-1, keepdim=True) - 2 * products + codebook.square().sum(-1)
    return _quantized(z, codebook, distances.argmin(-1), beta)


@chaff(
    "vector_quantize",
    caught_by=(
        "passes_the_gradient_straight_to_z",
        "rebuilds_digits_from_one_code_each",
        "finds_codes_that_tell_digits_apart",
    ),
)
def no_straight_through(z, codebook, *, beta=0.25):
    """It returns the codes themselves, whose gradient goes to the codebook and none to z and the encoder."""
    codes, indices, loss = _quantized(z, codebook, _nearest(z, codebook), beta)
    return codebook[indices] + 0 * codes.detach(), indices, loss


@chaff("vector_quantize", caught_by=("carries_the_code_forward", "passes_the_gradient_straight_to_z"))
def straight_through_reversed(z, codebook, *, beta=0.25):
    """It turns the straight-through trick round: forward it gives z, and backward the gradient goes to the code."""
    _, indices, loss = _quantized(z, codebook, _nearest(z, codebook), beta)
    codes = codebook[indices]
    return codes + (z - codes).detach(), indices, loss


@chaff("vector_quantize", caught_by=("passes_the_gradient_straight_to_z",))
def gradient_to_both(z, codebook, *, beta=0.25):
    """It detaches z alone in the straight-through sum, so that z_q passes its gradient to z and to the codebook."""
    _, indices, loss = _quantized(z, codebook, _nearest(z, codebook), beta)
    return z - z.detach() + codebook[indices], indices, loss


@chaff("vector_quantize", caught_by=("passes_the_gradient_straight_to_z",))
def rotation_trick(z, codebook, *, beta=0.25):
    """It turns and scales the gradient on its way from the code to z (the rotation trick). Here it passes unchanged."""
    _, indices, loss = _quantized(z, codebook, _nearest(z, codebook), beta)
    with torch.no_grad():
        codes = codebook[indices]
        length = z.norm(dim=-1, keepdim=True).clamp(min=1e-6)
        before, after = z / length, codes / codes.norm(dim=-1, keepdim=True).clamp(min=1e-6)
        between = F.normalize(before + after, dim=-1)
        scale = codes.norm(dim=-1, keepdim=True) / length
    turned = z - 2 * (z * between).sum(-1, keepdim=True) * between + 2 * (z * before).sum(-1, keepdim=True) * after
    return codes + (scale * turned - (scale * turned).detach()), indices, loss


@chaff("vector_quantize", caught_by=("has_the_right_gradient",))
def beta_on_the_wrong_term(z, codebook, *, beta=0.25):
    """It weighs the codebook's term with beta. Beta belongs to the commitment, which is the term that moves z."""
    z_q, indices, _ = _quantized(z, codebook, _nearest(z, codebook), beta)
    codes = codebook[indices]
    return z_q, indices, beta * F.mse_loss(codes, z.detach()) + F.mse_loss(z, codes.detach())


@chaff("vector_quantize", caught_by=("has_the_right_gradient",))
def nothing_held_constant(z, codebook, *, beta=0.25):
    """It holds nothing constant in the loss, so that both terms move both z and the codebook."""
    z_q, indices, _ = _quantized(z, codebook, _nearest(z, codebook), beta)
    return z_q, indices, (1 + beta) * F.mse_loss(codebook[indices], z)


@chaff(
    "vector_quantize",
    caught_by=("has_the_right_gradient", "keeps_many_codes_in_use"),
)
def loss_after_straight_through(z, codebook, *, beta=0.25):
    """It takes the loss of z_q, from where no gradient reaches the codebook. Compare z with the code itself."""
    z_q, indices, _ = _quantized(z, codebook, _nearest(z, codebook), beta)
    return z_q, indices, _loss(z, z_q, beta)


@chaff(
    "vector_quantize",
    caught_by=("measures_the_distance_to_the_codes", "has_the_right_gradient", "agrees_with_the_reference"),
)
def commitment_alone(z, codebook, *, beta=0.25):
    """Its loss has the commitment alone. Without mse(code, z held constant) the codebook is never trained."""
    z_q, indices, _ = _quantized(z, codebook, _nearest(z, codebook), beta)
    return z_q, indices, beta * F.mse_loss(z, codebook[indices].detach())


@chaff("vector_quantize", caught_by=("measures_the_distance_to_the_codes",))
def sums_over_the_dimensions(z, codebook, *, beta=0.25):
    """It sums the squares of a vector and averages over the vectors. The mean is over all elements."""
    z_q, indices, loss = _quantized(z, codebook, _nearest(z, codebook), beta)
    return z_q, indices, loss * z.shape[-1]


@chaff("vector_quantize", caught_by=("weighs_the_commitment_by_a_quarter_unless_told_otherwise",))
def another_default_beta(z, codebook, *, beta=1.0):
    """Where the caller does not name beta, it takes another one than 0.25."""
    return _quantized(z, codebook, _nearest(z, codebook), beta)


@chaff("vector_quantize", caught_by=("gives_every_vector_a_code_of_its_own", "takes_the_nearest_code"))
def reshapes_into_columns(z, codebook, *, beta=0.25):
    """It reshapes z as if vectors were columns, which mixes their elements. Reshaping moves no dimension."""
    size = z.shape[-1]
    mixed = z.reshape(size, -1).T
    return _quantized(z, codebook, _nearest(mixed, codebook).reshape(z.shape[:-1]), beta)


@chaff("vector_quantize", caught_by=("gives_every_vector_a_code_of_its_own",))
def wants_two_dimensions(z, codebook, *, beta=0.25):
    """It takes z for (N, D) alone. A single vector (D,), or any dimensions before the last, will do too."""
    if z.ndim != 2:
        raise ValueError(f"z has {z.ndim} dimensions")
    return _quantized(z, codebook, _nearest(z, codebook), beta)


@chaff("vector_quantize", caught_by=("keeps_the_dtype",))
def codes_in_single_precision(z, codebook, *, beta=0.25):
    """It converts to float32. What comes in as float64 must go out as float64."""
    return _quantized(z.float(), codebook.float(), _nearest(z, codebook), beta)


@chaff("vector_quantize", caught_by=("takes_a_batch_of_one",))
def squeezes_the_indices(z, codebook, *, beta=0.25):
    """It squeezes the indices, which takes dimensions of size 1 away."""
    z_q, indices, loss = _quantized(z, codebook, _nearest(z, codebook), beta)
    return z_q, indices.squeeze(), loss


@chaff("vector_quantize", caught_by=("takes_an_empty_batch",))
def goes_through_the_vectors(z, codebook, *, beta=0.25):
    """It stacks the codes of one vector after the other, which fails where there is none."""
    rows = [_nearest(vector, codebook) for vector in z.reshape(-1, z.shape[-1])]
    return _quantized(z, codebook, torch.stack(rows).reshape(z.shape[:-1]), beta)


@chaff("vector_quantize", caught_by=("leaves_everything_as_it_was",))
def moves_the_codebook(z, codebook, *, beta=0.25):
    """It moves codes towards vectors by itself, a running average. The loss does that; leave inputs alone."""
    result = _quantized(z, codebook, _nearest(z, codebook), beta)
    with torch.no_grad():
        codebook[result[1].flatten()[:1]] += 0.01
    return result


# codebook_perplexity


@chaff(
    "codebook_perplexity",
    caught_by=("is_one_where_a_single_code_is_used", "is_the_number_of_codes_used_alike", "agrees_with_the_reference"),
)
def entropy_itself(indices, num_codes):
    """It returns the entropy. The perplexity is its exponential, a number of codes."""
    return _entropy(_shares(indices, num_codes))


@chaff("codebook_perplexity", caught_by=("is_the_number_of_codes_used_alike", "weighs_codes_by_their_share"))
def two_to_the_nats(indices, num_codes):
    """It raises 2 to an entropy in nats. Base and logarithm must fit: e with log, or 2 with log2."""
    return 2 ** _entropy(_shares(indices, num_codes))


@chaff("codebook_perplexity", caught_by=("weighs_codes_by_their_share",))
def number_of_codes_in_use(indices, num_codes):
    """It counts the codes that occur at all. One that hardly occurs counts less than one that often does."""
    return (_shares(indices, num_codes) > 0).sum().clamp(min=1).float()


@chaff("codebook_perplexity", caught_by=("weighs_codes_by_their_share",))
def one_over_the_sum_of_squares(indices, num_codes):
    """It divides 1 by the sum of the squared shares, another effective number. Perplexity comes from the entropy."""
    squares = _shares(indices, num_codes).square().sum()
    return torch.where(squares > 0, 1 / squares, 1.0)


@chaff("codebook_perplexity", caught_by=("is_one_where_a_single_code_is_used", "multiplies_over_independent_codes"))
def adds_one_to_every_count(indices, num_codes):
    """It adds one to every count, so that no logarithm is infinite, and so counts codes that never occur."""
    counts = torch.bincount(indices.flatten(), minlength=num_codes).float() + 1
    return _entropy(counts / counts.sum()).exp() if indices.numel() else torch.ones(())


@chaff("codebook_perplexity", caught_by=("is_the_number_of_codes_used_alike",))
def share_of_the_codebook(indices, num_codes):
    """It divides by the number of codes. The perplexity is a number between 1 and K, not a share of K."""
    return _entropy(_shares(indices, num_codes)).exp() / num_codes


@chaff("codebook_perplexity", caught_by=("is_one_where_a_single_code_is_used",))
def logarithm_of_zero(indices, num_codes):
    """It takes the logarithm of shares that are 0, and 0 times minus infinity is nan. Such a code adds nothing."""
    shares = _shares(indices, num_codes)
    return torch.exp(-(shares * shares.log()).sum())


@chaff("codebook_perplexity", caught_by=("takes_indices_of_any_shape",))
def looks_at_the_first_row(indices, num_codes):
    """It divides counts by the length of the first dimension alone. All indices count, whatever their shape."""
    counts = torch.bincount(indices.flatten(), minlength=num_codes).float()
    return _entropy(counts / max(len(indices), 1)).exp() if indices.ndim else torch.ones(())


@chaff("codebook_perplexity", caught_by=("takes_indices_of_any_shape",))
def counts_one_row_alone(indices, num_codes):
    """It hands the indices to bincount as they are, which takes one dimension only. Flatten them first."""
    counts = torch.bincount(indices, minlength=num_codes).float()
    return _entropy(counts / counts.sum().clamp(min=1)).exp()


@chaff("codebook_perplexity", caught_by=("is_one_without_indices",))
def zero_by_zero(indices, num_codes):
    """It divides the counts by 0 where there is no index, and gets nan. Without indices it is 1."""
    counts = torch.bincount(indices.flatten(), minlength=num_codes).float()
    shares = counts / counts.sum()
    return torch.xlogy(shares, shares).sum().neg().exp()


@chaff("codebook_perplexity", caught_by=("is_a_number_in_single_precision",))
def in_double_precision(indices, num_codes):
    """It answers in float64. A float32 tensor is asked for."""
    return _entropy(_shares(indices, num_codes).double()).exp()


@chaff("codebook_perplexity", caught_by=("leaves_everything_as_it_was",))
def sorts_the_indices(indices, num_codes):
    """It overwrites the caller's indices while it counts. Work on a copy."""
    result = _entropy(_shares(indices, num_codes)).exp()
    indices.fill_(num_codes)
    return result


# code_balance_loss


@chaff("code_balance_loss", caught_by=("is_zero_where_codes_are_used_evenly", "looks_at_the_mean_alone"))
def mean_of_the_entropies(probs):
    """It averages the samples' entropies, and so asks each sample to waver. Average the probabilities first."""
    return math.log(probs.shape[1]) - _entropy(probs).mean()


@chaff(
    "code_balance_loss",
    caught_by=("is_zero_where_codes_are_used_evenly", "keeps_a_one_hot_autoencoder_from_collapsing"),
)
def entropy_for_a_loss(probs):
    """It returns the entropy, which is lowest where one code takes all. The loss is what is missing of log K."""
    return _entropy(probs.mean(0))


@chaff("code_balance_loss", caught_by=("is_zero_where_codes_are_used_evenly", "is_log_k_where_one_code_takes_all"))
def negative_entropy(probs):
    """It returns minus the entropy. Its gradient is right, but log K is missing, so that even usage is not 0."""
    return -_entropy(probs.mean(0))


@chaff(
    "code_balance_loss",
    caught_by=("is_log_k_where_one_code_takes_all", "weighs_surprise_by_usage", "agrees_with_the_reference"),
)
def in_bits(probs):
    """It takes logarithms to base 2. Nats are asked for: the natural logarithm."""
    return (math.log(probs.shape[1]) - _entropy(probs.mean(0))) / math.log(2)


@chaff("code_balance_loss", caught_by=("is_log_k_where_one_code_takes_all", "weighs_surprise_by_usage"))
def distance_from_even_shares(probs):
    """It sums squared differences from 1/K. Unevenness is measured in nats here, log K minus the entropy."""
    return (probs.mean(0) - 1 / probs.shape[1]).square().sum()


@chaff("code_balance_loss", caught_by=("is_log_k_where_one_code_takes_all",))
def as_a_share_of_log_k(probs):
    """It divides by log K, so that it ends at 1. It is to end at log K."""
    return 1 - _entropy(probs.mean(0)) / math.log(probs.shape[1])


@chaff("code_balance_loss", caught_by=("takes_probabilities_of_zero",))
def logarithm_of_a_zero_mean(probs):
    """It takes the logarithm of a mean probability of 0, and 0 · −∞ is nan. Such a code adds nothing."""
    usage = probs.mean(0)
    return math.log(probs.shape[1]) + (usage * usage.log()).sum()


@chaff("code_balance_loss", caught_by=("has_the_right_gradient",))
def clamps_too_early(probs):
    """It clamps the logarithm at 1e-5, so that its slope ends where a code is nearly unused and needs it most."""
    usage = probs.mean(0)
    return math.log(probs.shape[1]) + (usage * usage.clamp(min=1e-5).log()).sum()


@chaff("code_balance_loss", caught_by=("has_the_right_gradient", "keeps_a_one_hot_autoencoder_from_collapsing"))
def counts_favourites(probs):
    """It counts how often each code has the greatest probability. Counts have no gradient; mean probabilities do."""
    shares = F.one_hot(probs.argmax(1), probs.shape[1]).to(probs.dtype).mean(0)
    return math.log(probs.shape[1]) - _entropy(shares) + 0 * probs.sum()


@chaff("code_balance_loss", caught_by=("keeps_the_dtype",))
def balance_in_single_precision(probs):
    """It converts to float32. What comes in as float64 must go out as float64."""
    return math.log(probs.shape[1]) - _entropy(probs.float().mean(0))


@chaff("code_balance_loss", caught_by=("takes_a_batch_of_one",))
def squeezes_one_sample_away(probs):
    """It squeezes probs before it averages, so that for a single sample it averages over the codes."""
    usage = probs.squeeze(0).mean(0) if len(probs) == 1 else probs.mean(0)
    return math.log(probs.shape[1]) - _entropy(usage.reshape(probs.shape[1]))


@chaff("code_balance_loss", caught_by=("takes_an_empty_batch",))
def starts_from_the_first(probs):
    """It starts a loop from the first sample, which an empty batch does not have."""
    total = probs[0]
    for row in probs[1:]:
        total = total + row
    return math.log(probs.shape[1]) - _entropy(total / len(probs))


@chaff("code_balance_loss", caught_by=("leaves_everything_as_it_was",))
def clamps_in_place(probs):
    """It clamps the caller's probabilities in place. Make a new tensor."""
    result = math.log(probs.shape[1]) - _entropy(probs.mean(0))
    with torch.no_grad():
        probs.clamp_(min=0.3)
    return result
