"""Attempts at unit 10, written from the sentences of its known mistakes and not from their code."""

from __future__ import annotations

import math
from bisect import bisect_left

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.distributions import Normal

from tests.attempts import attempt


@attempt("reconstruction_score", mistake="squares_the_mean_error")
def squares_at_the_end(x, reconstruction):
    """The mean error of every image first, and then its square, so that it is never negative."""
    difference = reconstruction - x
    while difference.dim() > 1:
        difference = difference.mean(dim=-1)
    return difference.pow(2)


@attempt("reconstruction_score", mistake="detaches_the_reconstruction")
def takes_the_copy_as_given(x, reconstruction):
    """The autoencoder is trained already, so its output is only a number to compare with."""
    copy = reconstruction.detach()
    errors = F.mse_loss(copy, x, reduction="none")
    return errors.flatten(start_dim=1).mean(dim=1)


@attempt("reconstruction_score", mistake="subtracts_in_place")
def saves_memory(x, reconstruction):
    """Images are large, so no second tensor for the difference: -= does it without one."""
    x -= reconstruction
    return torch.mean((x * x).flatten(1), dim=1)


@attempt("confidence_score", mistake="margin_to_the_runner_up")
def asks_how_close_it_was(logits):
    """A classifier is sure if no other class comes near: one minus the lead of the first over the second."""
    ranking, _ = torch.sort(F.softmax(logits, dim=-1), dim=-1, descending=True)
    first, second = ranking[:, 0], ranking[:, 1]
    return 1 - (first - second)


@attempt("confidence_score", mistake="exponentials_by_hand")
def writes_the_softmax_out(logits):
    """Softmax as in the book: e to the logits, divided by their sum."""
    e = torch.exp(logits)
    probabilities = e / torch.sum(e, dim=1, keepdim=True)
    favourite = torch.max(probabilities, dim=1).values
    return 1.0 - favourite


@attempt("confidence_score", mistake="softmax_in_single_precision")
def makes_it_float_first(logits):
    """Networks compute in float32, so call .float() first, to be safe with whatever comes in."""
    softmax = nn.Softmax(dim=1)
    return 1 - softmax(logits.float()).amax(dim=1)


@attempt("entropy_score", mistake="in_bits")
def measures_information(logits):
    """Shannon's entropy counts yes-or-no questions; torch uses ln, so change the base."""
    nats = F.cross_entropy(logits, F.softmax(logits, dim=1), reduction="none")
    return nats / math.log(2)


@attempt("entropy_score", mistake="xlogy_of_a_softmax")
def lets_torch_handle_zero(logits):
    """The limit of p log p is 0 for p = 0, and torch.special has a function which knows that."""
    p = torch.softmax(logits, dim=1)
    return torch.special.entr(p).sum(dim=1)


@attempt("entropy_score", mistake="holds_the_weights_constant")
def takes_an_expectation(logits):
    """The expected surprise: the probabilities are just the weights of a mean, the surprises are what matters."""
    surprise = -F.log_softmax(logits, dim=1)
    with torch.no_grad():
        weights = torch.exp(-surprise)
    return torch.einsum("nc,nc->n", weights, surprise)


@attempt("fit_gaussian", mistake="second_moment")
def averages_outer_products(x, *, eps=1e-6):
    """The covariance is the average of the outer products x xᵀ."""
    n, d = x.shape
    mean = x.sum(dim=0) / n
    covariance = torch.einsum("ni,nj->ij", x, x) / n
    covariance = covariance + eps * torch.eye(d, dtype=x.dtype, device=x.device)
    return mean, covariance


@attempt("fit_gaussian", mistake="another_default")
def picks_a_sturdier_eps(x, *, eps=1e-3):
    """The usual regularised covariance; 1e-3 has always been good enough to invert it."""
    mean = torch.mean(x, dim=0)
    centred = x - mean.unsqueeze(0)
    covariance = torch.matmul(centred.t(), centred).div(len(x))
    return mean, covariance + torch.diag(torch.full_like(mean, eps))


@attempt("fit_gaussian", mistake="default_identity")
def borrows_the_identity_from_numpy(x, *, eps=1e-6):
    """Divide by N, and then add eps to the diagonal with the identity matrix, which numpy calls eye."""
    mean = x.mean(0)
    deviations = x - mean
    covariance = deviations.mT @ deviations / x.shape[0]
    ridge = torch.from_numpy(eps * np.eye(x.shape[1]))
    return mean, covariance + ridge


@attempt("gaussian_score", mistake="log_of_the_determinant")
def copies_the_density_from_the_book(x, mean, covariance):
    """Equation 2.43 with the logarithm taken term by term: log |Σ| is the log of torch.linalg.det."""
    dim = mean.numel()
    delta = x - mean
    mahalanobis = (delta * torch.linalg.solve(covariance, delta.T).T).sum(dim=1)
    normaliser = dim * math.log(2 * math.pi) + torch.log(torch.linalg.det(covariance))
    return 0.5 * mahalanobis + 0.5 * normaliser


@attempt("gaussian_score", mistake="holds_the_fit_constant")
def fits_once_and_for_all(x, mean, covariance):
    """The Gaussian has been fitted before and is not trained any more; only x may need a gradient."""
    mu, sigma = mean.detach(), covariance.detach()
    root = torch.linalg.cholesky(sigma)
    white = torch.linalg.solve_triangular(root, (x - mu).T, upper=False)
    log_root = root.diagonal().log().sum()
    return white.square().sum(dim=0) / 2 + log_root + mu.shape[0] / 2 * math.log(2 * math.pi)


@attempt("gaussian_score", mistake="takes_features_for_independent")
def adds_up_one_dimension_at_a_time(x, mean, covariance):
    """A normal distribution for each feature with its own standard deviation, and their log densities add up."""
    sigma = covariance.diagonal().sqrt()
    log_density = Normal(mean, sigma).log_prob(x)
    return -log_density.sum(dim=-1)


@attempt("affine_coupling", mistake="shifts_before_it_stretches")
def moves_then_scales(x, net):
    """Move the second half by t, then stretch it by exp(s)."""
    x1, x2 = x.chunk(2, dim=1)
    s, t = net(x1).chunk(2, dim=1)
    moved = (x2 + t) * s.exp()
    return torch.cat((x1, moved), dim=1), s.sum(dim=1)


@attempt("affine_coupling", mistake="detaches_the_log_determinant")
def reports_the_volume(x, net):
    """The log-determinant is a by-product to report, so it needs no graph."""
    half = x.size(1) // 2
    kept = x[:, :half]
    answer = net(kept)
    log_scale, shift = answer[:, :half], answer[:, half:]
    y = torch.hstack([kept, torch.addcmul(shift, x[:, half:], torch.exp(log_scale))])
    with torch.no_grad():
        log_det = torch.sum(log_scale, dim=1)
    return y, log_det


@attempt("affine_coupling", mistake="squeezes_the_log_determinant")
def multiplies_by_a_column_of_ones(x, net):
    """Summing is a product with a column of ones; squeeze away the 1 that is left over."""
    d = x.shape[1] // 2
    x1, x2 = torch.split(x, d, dim=1)
    s, t = torch.split(net(x1), d, dim=1)
    y = torch.cat([x1, torch.exp(s) * x2 + t], dim=-1)
    log_det = torch.squeeze(s @ s.new_ones(d, 1))
    return y, log_det


@attempt("affine_coupling_inverse", mistake="undoes_the_stretch_first")
def undoes_it_in_the_same_order(y, net):
    """First the scale and then the shift, as on the way there, only with the opposite operations."""
    y1, y2 = torch.tensor_split(y, 2, dim=1)
    s, t = torch.tensor_split(net(y1), 2, dim=1)
    x2 = y2 / torch.exp(s)
    x2 = x2 - t
    return torch.cat([y1, x2], dim=1), -s.sum(dim=1)


@attempt("affine_coupling_inverse", mistake="concatenates_a_loop")
def inverts_sample_by_sample(y, net):
    """The formula is for one sample, so apply it to one after the other and put the rows together."""
    half = y.shape[1] // 2
    rows, log_dets = [], []
    for i in range(len(y)):
        row = y[i : i + 1]
        log_scale, shift = net(row[:, :half]).split(half, dim=1)
        back = (row[:, half:] - shift) * torch.exp(-log_scale)
        rows.append(torch.cat([row[:, :half], back], dim=1))
        log_dets.append(-log_scale.sum(dim=1))
    return torch.cat(rows), torch.cat(log_dets)


@attempt("affine_coupling_inverse", mistake="inverse_log_determinant_in_another_type")
def starts_from_zeros(y, net):
    """Start with a log-determinant of zero for every sample and take off each log-scale."""
    half = y.shape[1] // 2
    first, second = y[:, :half], y[:, half:]
    params = net(first)
    scales = params[:, :half].exp()
    log_det = torch.zeros(y.shape[0])
    for k in range(half):
        log_det -= params[:, k]
    x = torch.cat([first, (second - params[:, half:]) / scales], dim=1)
    return x, log_det


@attempt("auroc", mistake="ties_count_nothing")
def counts_the_beaten(normal_scores, anomaly_scores):
    """For each anomaly count the normal samples below it; in a sorted list that is a bisection."""
    normal = sorted(normal_scores.tolist())
    beaten = sum(bisect_left(normal, score) for score in anomaly_scores.tolist())
    return beaten / (len(normal) * anomaly_scores.numel())


@attempt("auroc", mistake="never_below_one_half")
def turns_the_curve_over(normal_scores, anomaly_scores):
    """If the area comes out below 0.5 the score was only upside down, so turn it over."""
    difference = anomaly_scores.reshape(-1, 1) - normal_scores.reshape(1, -1)
    wins = torch.sign(difference).to(torch.float64).mean().item()
    area = (1 + wins) / 2
    if area < 0.5:
        area = 1 - area
    return area


@attempt("auroc", mistake="sorts_in_place")
def sorts_for_a_fast_search(normal_scores, anomaly_scores):
    """Sorted scores can be searched quickly, and numpy sorts an array with .sort()."""
    normal = normal_scores.detach().numpy()
    anomalies = anomaly_scores.detach().numpy()
    normal.sort()
    below = np.searchsorted(normal, anomalies, side="left")
    not_above = np.searchsorted(normal, anomalies, side="right")
    won = 0.5 * (below.sum() + not_above.sum())
    return float(won / (normal.size * anomalies.size))
