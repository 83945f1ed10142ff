"""Attempts at unit 09, written from the sentences of its known mistakes and not from their code."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import nn

from tests.attempts import attempt


@attempt("adain", mistake="variance_for_deviation")
def exchanges_the_spread(content, style, *, eps=1e-5):
    """The spread is the mean squared distance from the mean: take the content's off and put the style's on."""
    pixels = (-2, -1)
    middle_c = content.mean(dim=pixels, keepdim=True)
    middle_s = style.mean(dim=pixels, keepdim=True)
    spread_c = ((content - middle_c) ** 2).mean(dim=pixels, keepdim=True) + eps
    spread_s = ((style - middle_s) ** 2).mean(dim=pixels, keepdim=True) + eps
    return (content - middle_c) / spread_c * spread_s + middle_s


@attempt("adain", mistake="unbiased_variance")
def asks_torch_for_both_statistics(content, style, *, eps=1e-5):
    """var_mean gives both statistics of a channel at once."""
    var_c, mean_c = torch.var_mean(content, dim=(2, 3), keepdim=True)
    var_s, mean_s = torch.var_mean(style, dim=(2, 3), keepdim=True)
    whitened = (content - mean_c) * torch.rsqrt(var_c + eps)
    return whitened * torch.sqrt(var_s + eps) + mean_s


@attempt("adain", mistake="statistics_of_the_batch")
def puts_the_channels_first(content, style, *, eps=1e-5):
    """Bring the channels to the front, so that each row holds all values of a channel, and normalise the rows."""

    def statistics(images):
        rows = images.transpose(0, 1).flatten(1)
        mean = rows.mean(dim=1)
        deviation = torch.sqrt(rows.var(dim=1, correction=0) + eps)
        return mean[None, :, None, None], deviation[None, :, None, None]

    m_c, d_c = statistics(content)
    m_s, d_s = statistics(style)
    return d_s * (content - m_c) / d_c + m_s


@attempt("adain", mistake="style_in_content")
def normalises_the_style(content, style, *, eps=1e-5):
    """Normalise the style in each channel, then give it mean and deviation of the content."""
    plain = F.layer_norm(style, style.shape[-2:], eps=eps)
    brightness = content.mean(dim=(2, 3), keepdim=True)
    contrast = (content.var(dim=(2, 3), unbiased=False, keepdim=True) + eps).sqrt()
    return torch.addcmul(brightness, plain, contrast)


@attempt("adain", mistake="eps_outside_the_root")
def keeps_the_divisor_above_zero(content, style, *, eps=1e-5):
    """Nobody may divide by 0, so eps goes to the standard deviations."""
    c, s = content.flatten(2), style.flatten(2)
    std_c = c.std(dim=-1, correction=0, keepdim=True) + eps
    std_s = s.std(dim=-1, correction=0, keepdim=True) + eps
    normal = (c - c.mean(dim=-1, keepdim=True)) / std_c
    restyled = normal * std_s + s.mean(dim=-1, keepdim=True)
    return restyled.reshape(content.shape)


@attempt("adain", mistake="eps_for_the_content_alone")
def divides_safely(content, style, *, eps=1e-5):
    """layer_norm over height and width is the fraction; by the style's deviation one only multiplies."""
    fraction = F.layer_norm(content, content.shape[2:], eps=eps)
    shift = torch.mean(style, dim=(2, 3), keepdim=True)
    scale = torch.std(style, dim=(2, 3), correction=0, keepdim=True)
    return scale * fraction + shift


@attempt("binarize", mistake="one_at_zero")
def takes_the_heaviside_step(logits):
    """The step function of the textbooks is heaviside, which wants to know its value at 0."""
    fixed = logits.detach()
    hard = torch.heaviside(fixed, fixed.new_ones(()))
    soft = torch.sigmoid(logits)
    return hard + (soft - soft.detach())


@attempt("binarize", mistake="half_at_zero")
def shifts_the_sign(logits):
    """The sign is -1 or 1: add one and halve it; backwards the sigmoid."""
    bits = torch.sign(logits.detach()).add(1).div(2)
    smooth = logits.sigmoid()
    return bits - smooth.detach() + smooth


@attempt("binarize", mistake="threshold_at_one_half")
def rounds_to_the_nearest_bit(logits):
    """Bring it between 0 and 1 and round, for the bits; the slope comes from the sigmoid."""
    with torch.no_grad():
        rounded = logits.clamp(0, 1).round()
        correction = rounded - torch.sigmoid(logits)
    return torch.sigmoid(logits) + correction


@attempt("binarize", mistake="step_without_slope")
def takes_the_sign_of_the_relu(logits):
    """The relu makes everything below 0 a 0, and the sign of what is left is 1; autograd does the rest."""
    return torch.sign(F.relu(logits))


class _Threshold(torch.autograd.Function):
    """The step with a backward of its own."""

    @staticmethod
    def forward(ctx, logits):
        return (logits > 0).to(logits.dtype)

    @staticmethod
    def backward(ctx, gradient):
        return gradient


@attempt("binarize", mistake="gradient_of_the_identity")
def writes_a_backward_of_its_own(logits):
    """Straight through means: forward the step, backward whatever gradient comes in."""
    return _Threshold.apply(logits)


@attempt("binarize", mistake="sigmoid_by_hand")
def computes_probabilities_first(logits):
    """The probability is e^l / (1 + e^l); its value cancels forward and its slope stays."""
    odds = torch.exp(logits)
    probabilities = odds / (1 + odds)
    bits = torch.where(logits > 0, torch.ones_like(logits), torch.zeros_like(logits))
    return bits + probabilities - probabilities.detach()


@attempt("vector_quantize", mistake="expands_the_square")
def multiplies_matrices(z, codebook, *, beta=0.25):
    """All distances by one matrix product, which is much faster than a difference for each pair."""
    mixed = torch.einsum("...d,kd->...k", z, codebook)
    distances = z.square().sum(-1, keepdim=True) + codebook.square().sum(-1) - 2 * mixed
    indices = torch.argmin(distances, dim=-1)
    codes = F.embedding(indices, codebook)
    loss = F.mse_loss(codes, z.detach()) + beta * F.mse_loss(z, codes.detach())
    return z + (codes - z).detach(), indices, loss


@attempt("vector_quantize", mistake="wants_two_dimensions")
def compares_row_with_row(z, codebook, *, beta=0.25):
    """N vectors and K codes make an N by K table of distances."""
    n, d = z.shape
    k = codebook.shape[0]
    table = (z.view(n, 1, d) - codebook.view(1, k, d)).pow(2).sum(dim=2)
    nearest = table.min(dim=1).indices
    chosen = codebook.index_select(0, nearest)
    to_codes = F.mse_loss(chosen, z.detach())
    commitment = F.mse_loss(z, chosen.detach())
    return z + (chosen - z).detach(), nearest, to_codes + beta * commitment


@attempt("vector_quantize", mistake="no_straight_through")
def looks_up_the_nearest(z, codebook, *, beta=0.25):
    """Find the nearest code and look it up, as in an embedding; the loss trains both sides."""
    differences = z.detach()[..., None, :] - codebook.detach()
    indices = differences.norm(dim=-1).argmin(dim=-1)
    z_q = F.embedding(indices, codebook)
    criterion = nn.MSELoss()
    loss = criterion(z_q, z.detach()) + beta * criterion(z, z_q.detach())
    return z_q, indices, loss


@attempt("vector_quantize", mistake="gradient_to_both")
def adds_a_zero_that_carries_gradient(z, codebook, *, beta=0.25):
    """Add z and take it off again, detached: that is 0, but it lets the gradient through to z."""
    distances = torch.sum((z.unsqueeze(-2) - codebook) ** 2, dim=-1)
    indices = distances.argmin(-1)
    codes = codebook[indices]
    loss = (codes - z.detach()).square().mean() + beta * (z - codes.detach()).square().mean()
    z_q = codes + z - z.detach()
    return z_q, indices, loss


@attempt("vector_quantize", mistake="beta_on_the_wrong_term")
def weights_the_terms(z, codebook, *, beta=0.25):
    """One term for the vectors and one for the codes, where the codes should move more slowly."""
    flat = z.reshape(-1, z.shape[-1])
    squares = ((flat.unsqueeze(1) - codebook.unsqueeze(0)) ** 2).sum(-1)
    indices = squares.argmin(1).reshape(z.shape[:-1])
    e = codebook[indices]
    moves_vectors = torch.mean((e.detach() - z) ** 2)
    moves_codes = torch.mean((z.detach() - e) ** 2)
    return z + (e - z).detach(), indices, moves_vectors + beta * moves_codes


@attempt("vector_quantize", mistake="loss_after_straight_through")
def replaces_and_then_compares(z, codebook, *, beta=0.25):
    """First replace z by its code, straight through, and then take the loss between z and what replaced it."""
    distance = torch.linalg.vector_norm(z.unsqueeze(-2) - codebook, dim=-1)
    indices = torch.argmin(distance, dim=-1)
    quantized = codebook[indices]
    quantized = z + (quantized - z).detach()
    loss = F.mse_loss(quantized, z.detach()) + beta * F.mse_loss(quantized.detach(), z)
    return quantized, indices, loss


@attempt("vector_quantize", mistake="sums_over_the_dimensions")
def averages_squared_distances(z, codebook, *, beta=0.25):
    """The loss is the mean squared Euclidean distance of vectors and codes."""
    distances = (z.unsqueeze(-2) - codebook).pow(2).sum(dim=-1)
    _, indices = distances.min(dim=-1)
    codes = codebook[indices]

    def squared_distance(a, b):
        return torch.sum((a - b) ** 2, dim=-1).mean()

    loss = squared_distance(codes, z.detach()) + beta * squared_distance(z, codes.detach())
    return z - (z - codes).detach(), indices, loss


@attempt("vector_quantize", mistake="ties_to_the_highest")
def tries_one_code_after_the_other(z, codebook, *, beta=0.25):
    """Try all codes and remember for each vector the best one so far."""
    vectors = z.detach()
    best = torch.full(z.shape[:-1], math.inf, dtype=z.dtype, device=z.device)
    indices = torch.zeros(z.shape[:-1], dtype=torch.int64, device=z.device)
    for k, code in enumerate(codebook.detach()):
        distance = torch.sum((vectors - code) ** 2, dim=-1)
        worse = best < distance
        best = torch.where(worse, best, distance)
        indices = torch.where(worse, indices, torch.full_like(indices, k))
    codes = codebook[indices]
    loss = F.mse_loss(codes, vectors) + beta * F.mse_loss(z, codes.detach())
    return z + (codes - z).detach(), indices, loss


@attempt("codebook_perplexity", mistake="two_to_the_nats")
def raises_two_to_the_entropy(indices, num_codes):
    """Perplexity is 2 to the entropy, and the entropy torch can compute."""
    counts = torch.bincount(indices.flatten(), minlength=num_codes).to(torch.float32)
    shares = counts / max(1, indices.numel())
    return torch.exp2(torch.special.entr(shares).sum())


@attempt("codebook_perplexity", mistake="logarithm_of_zero")
def writes_the_entropy_as_it_stands(indices, num_codes):
    """Without indices it is 1; else count, divide, and put the shares into the formula."""
    if indices.numel() == 0:
        return torch.tensor(1.0)
    shares = torch.zeros(num_codes)
    for k in range(num_codes):
        shares[k] = (indices == k).sum() / indices.numel()
    return torch.exp(-torch.dot(shares, torch.log(shares)))


@attempt("codebook_perplexity", mistake="counts_one_row_alone")
def counts_with_bincount(indices, num_codes):
    """Count with bincount; codes that do not occur are left out."""
    counts = torch.bincount(indices, minlength=num_codes)
    counts = counts[counts > 0].float()
    shares = counts / counts.sum()
    return torch.exp(-(shares * shares.log()).sum())


@attempt("codebook_perplexity", mistake="zero_by_zero")
def averages_one_hot_vectors(indices, num_codes):
    """The mean of the one-hot vectors holds the shares, and xlogy knows that 0 log 0 is 0."""
    one_hot = F.one_hot(indices.reshape(-1), num_codes).to(torch.float32)
    shares = one_hot.mean(dim=0)
    entropy = -torch.special.xlogy(shares, shares).sum()
    return entropy.exp()


@attempt("codebook_perplexity", mistake="number_of_codes_in_use")
def collects_the_codes(indices, num_codes):
    """Make a set of the indices: its size is the number of codes in use, at least 1."""
    used = set(indices.flatten().tolist())
    return torch.tensor(float(max(len(used), 1)))


@attempt("code_balance_loss", mistake="mean_of_the_entropies")
def averages_at_the_end(probs):
    """The entropy of each row, averaged over the batch, and what is missing of log K."""
    entropies = -torch.xlogy(probs, probs).sum(dim=1)
    return math.log(probs.shape[1]) - entropies.mean()


@attempt("code_balance_loss", mistake="negative_entropy")
def minimises_minus_the_entropy(probs):
    """The entropy of the mean should be as large as possible, so a loss is minus that."""
    usage = probs.sum(dim=0) / probs.shape[0]
    return -torch.special.entr(usage).sum()


@attempt("code_balance_loss", mistake="logarithm_of_a_zero_mean")
def compares_with_even_use(probs):
    """What is missing of log K is the KL divergence of the mean from even use: the sum of p log(p K)."""
    usage = torch.mean(probs, dim=0)
    surprise = torch.log(usage * usage.numel())
    return torch.dot(usage, surprise)


@attempt("code_balance_loss", mistake="clamps_too_early")
def keeps_the_logarithm_in_bounds(probs):
    """Keep small probabilities away from 0 within the logarithm only, so that nothing becomes nan."""
    share = probs.mean(0)
    floor = torch.full_like(share, 1e-5)
    entropy = -torch.einsum("k,k->", share, torch.log(torch.maximum(share, floor)))
    return math.log(len(share)) - entropy


@attempt("code_balance_loss", mistake="distance_from_even_shares")
def compares_shares_with_their_goal(probs):
    """Each code should have the share 1/K: sum the squares of what is missing."""
    shares = probs.mean(dim=0)
    goal = torch.full_like(shares, 1 / probs.shape[1])
    return F.mse_loss(shares, goal, reduction="sum")
