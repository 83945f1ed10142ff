"""Other right ways to write the anomaly scores."""

from __future__ import annotations

import bisect
import math

import torch
import torch.nn.functional as F

from autograder.wheats import wheat


@wheat("reconstruction_score")
def with_mse_loss(x, reconstruction):
    """Leaves squaring to torch and averages over all dimensions but the first."""
    errors = F.mse_loss(reconstruction, x, reduction="none")
    return errors.mean(dim=tuple(range(1, x.ndim)))


@wheat("reconstruction_score")
def with_a_sum_and_a_count(x, reconstruction):
    """Sums products of rows with themselves and divides by their length."""
    error = (reconstruction - x).reshape(len(x), math.prod(x.shape[1:]))
    return torch.einsum("ni,ni->n", error, error) / error.shape[1]


@wheat("reconstruction_score")
def with_vmap(x, reconstruction):
    """One sample at a time, mapped over the batch."""
    if len(x) == 0:
        return x.new_zeros(0)
    return torch.vmap(lambda one, other: ((one - other) ** 2).mean())(x, reconstruction)


@wheat("confidence_score")
def one_minus_the_greatest(logits):
    """Max with indices, of which only the values are kept."""
    return 1.0 - torch.softmax(logits, -1).max(-1).values


@wheat("confidence_score")
def with_logsumexp(logits):
    """The favourite's log-probability is its logit minus the logsumexp."""
    return -torch.expm1(logits.amax(1) - torch.logsumexp(logits, 1))


@wheat("confidence_score")
def sums_the_others(logits):
    """Adds the probabilities of all classes but the favourite."""
    probs, favourite = logits.softmax(1), logits.argmax(1)
    others = torch.ones_like(probs).scatter(1, favourite[:, None], 0.0)
    return (probs * others).sum(1)


@wheat("entropy_score")
def logsumexp_minus_mean_logit(logits):
    """H = logsumexp(z) − Σ p z, with z shifted so that its greatest is 0."""
    shifted = logits - logits.amax(1, keepdim=True).detach()
    return torch.logsumexp(shifted, 1) - (shifted.softmax(1) * shifted).sum(1)


@wheat("entropy_score")
def cross_entropy_with_itself(logits):
    """The cross-entropy of the probabilities against themselves."""
    return F.cross_entropy(logits, logits.softmax(1), reduction="none") if len(logits) else logits.sum(1)


@wheat("entropy_score")
def log_k_minus_divergence(logits):
    """Log K minus the Kullback-Leibler divergence from the uniform distribution."""
    log_probs = logits.log_softmax(-1)
    log_k = math.log(logits.shape[-1])
    return log_k - (torch.softmax(logits, -1) * (log_probs + log_k)).sum(-1)


@wheat("fit_gaussian")
def with_torch_cov(x, *, eps=1e-6):
    """torch.cov without its correction."""
    covariance = torch.cov(x.T, correction=0).reshape(x.shape[1], x.shape[1])
    return x.mean(dim=0), covariance + torch.diag(torch.full_like(x[0], eps))


@wheat("fit_gaussian")
def second_moment_minus_square(x, *, eps=1e-6):
    """E[xxᵀ] − mmᵀ, with eps put on the diagonal in place."""
    mean = x.sum(0) / x.shape[0]
    covariance = x.T.matmul(x) / x.shape[0] - torch.outer(mean, mean)
    covariance.diagonal().add_(eps)
    return mean, covariance


@wheat("fit_gaussian")
def outer_products_in_a_loop(x, *, eps=1e-6):
    """One outer product a sample; answers with a list."""
    mean = x.mean(0)
    covariance = torch.zeros(x.shape[1], x.shape[1], dtype=x.dtype)
    for row in x:
        covariance = covariance + torch.outer(row - mean, row - mean) / len(x)
    return [mean, covariance + eps * torch.eye(x.shape[1], dtype=x.dtype)]


@wheat("gaussian_score")
def with_solve_and_slogdet(x, mean, covariance):
    """A general linear solver, and the log-determinant from LU."""
    centered = x - mean
    squared = (centered * torch.linalg.solve(covariance, centered.T).T).sum(1)
    return (squared + torch.linalg.slogdet(covariance).logabsdet + math.log(2 * math.pi) * x.shape[1]) / 2


@wheat("gaussian_score")
def with_an_inverse(x, mean, covariance):
    """The inverse matrix, and torch.logdet."""
    centered = x - mean
    squared = torch.einsum("ni,ij,nj->n", centered, torch.linalg.inv(covariance), centered)
    return 0.5 * squared + 0.5 * torch.logdet(2 * math.pi * covariance)


@wheat("gaussian_score")
def along_the_principal_axes(x, mean, covariance):
    """Adds up independent normals along the eigenvectors; sums of the eigenvalues' logs."""
    values = torch.linalg.eigvalsh(covariance)
    squared = ((x - mean) @ torch.linalg.pinv(covariance, hermitian=True) * (x - mean)).sum(1)
    return squared / 2 + (2 * math.pi * values).log().sum() / 2


@wheat("affine_coupling")
def with_slices(x, net):
    """Slices, and the stretch as a function that torch knows."""
    half = x.shape[1] // 2
    answer = net(x[:, :half])
    s, t = answer[:, :half], answer[:, half:]
    return torch.hstack([x[:, :half], torch.addcmul(t, x[:, half:], torch.exp(s))]), s.sum(dim=-1)


@wheat("affine_coupling")
def filling_a_copy(x, net):
    """Writes the second half into a copy; log_det from the scales themselves."""
    half = x.size(-1) // 2
    s, t = net(x[:, :half]).split(half, dim=-1)
    scale, y = s.exp(), x.clone()
    y[:, half:] = scale * x[:, half:] + t
    return y, scale.log().sum(-1)


@wheat("affine_coupling")
def with_a_mask(x, net):
    """Log-scales and shifts of all features, zero for those that are kept; answers with a list."""
    half = x.shape[1] // 2
    s, t = net(x.narrow(1, 0, half)).tensor_split(2, dim=1)
    s, t = F.pad(s, (half, 0)), F.pad(t, (half, 0))
    return [x * s.exp() + t, s.sum(1)]


@wheat("affine_coupling_inverse")
def dividing_by_the_scale(y, net):
    """Divides by exp(s)."""
    half = y.shape[1] // 2
    s, t = net(y[:, :half]).tensor_split(2, dim=1)
    return torch.cat((y[:, :half], (y[:, half:] - t) / torch.exp(s)), -1), -torch.sum(s, -1)


@wheat("affine_coupling_inverse")
def as_an_affine_map(y, net):
    """The inverse as a stretch and a shift of its own; answers with a list."""
    first, second = torch.tensor_split(y, 2, dim=1)
    s, t = net(first).chunk(2, -1)
    back = -s
    return [torch.hstack((first, second * back.exp() - t * back.exp())), back.sum(1)]


@wheat("affine_coupling_inverse")
def filling_a_copy_of_y(y, net):
    """Writes the second half into a copy."""
    half = y.size(1) // 2
    s, t = net(y[:, :half]).split(half, 1)
    x = y.clone()
    x[:, half:] = (x[:, half:] - t) * torch.exp(-s)
    return x, (-s).sum(1)


@wheat("auroc")
def half_of_one_plus_the_sign(normal_scores, anomaly_scores):
    """The sign of all differences: 1, 0 or −1."""
    signs = torch.sign(anomaly_scores.double()[None, :] - normal_scores.double()[:, None])
    return (signs.mean().item() + 1) / 2


@wheat("auroc")
def counting_in_a_sorted_list(normal_scores, anomaly_scores):
    """Two binary searches per anomaly, in Python."""
    normal = sorted(normal_scores.tolist())
    total = 0.0
    for score in anomaly_scores.tolist():
        total += (bisect.bisect_left(normal, score) + bisect.bisect_right(normal, score)) / 2
    return total / (len(normal) * len(anomaly_scores))


@wheat("auroc")
def area_under_the_curve(normal_scores, anomaly_scores):
    """The ROC curve itself, point by point, and its area by trapezoids."""
    levels = torch.cat([normal_scores, anomaly_scores]).unique().flip(0)
    false, true = (
        [0.0] + [float((side >= level).double().mean()) for level in levels] for side in (normal_scores, anomaly_scores)
    )
    return torch.trapezoid(torch.tensor(true).double(), torch.tensor(false).double()).item()


@wheat("auroc")
def in_single_precision(normal_scores, anomaly_scores):
    """All pairs, averaged in float32."""
    above = (anomaly_scores[:, None] > normal_scores).float()
    return (above + 0.5 * (anomaly_scores[:, None] == normal_scores).float()).mean().item()
