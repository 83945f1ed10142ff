"""Right answers to the generators, written in other ways."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import nn

from autograder.wheats import wheat


@wheat("push_forward_log_prob")
def by_the_inverse(y, A, b):
    """The inverse matrix, and the density of each feature of the noise."""
    z = (y - b) @ torch.linalg.inv(A).T
    features = -0.5 * z**2 - 0.5 * math.log(2 * math.pi)
    return features.sum(-1) - torch.linalg.slogdet(A)[1]


@wheat("push_forward_log_prob")
def by_the_covariance(y, A, b):
    """The Gaussian of covariance A Aᵀ."""
    covariance = A @ A.T
    centered = y - b
    distance = torch.einsum("nd,de,ne->n", centered, torch.linalg.inv(covariance), centered)
    return -0.5 * (distance + torch.linalg.slogdet(covariance).logabsdet + len(b) * math.log(2 * math.pi))


@wheat("push_forward_log_prob")
def by_triangles(y, A, b):
    """A QR decomposition: the noise may be turned, and the determinant is that of the triangle."""
    triangle = torch.linalg.qr(A.T).R.T  # A Aᵀ = triangle triangleᵀ
    z = torch.linalg.solve_triangular(triangle, (y - b).T, upper=False)
    volume = triangle.diagonal().abs().log().sum()
    return torch.distributions.Normal(0.0, 1.0).log_prob(z).sum(0) - volume


@wheat("inverse_cdf_sample")
def by_counting(u, probs):
    """How many cumulative sums are not above u."""
    passed = (probs.cumsum(0)[None, :] <= u[:, None]).sum(1)
    return torch.minimum(passed, probs.nonzero()[-1, 0])


@wheat("inverse_cdf_sample")
def by_walking(u, probs):
    """A loop over numbers and categories."""
    drawn = []
    for each in u.tolist():
        total, chosen = 0.0, 0
        for category, prob in enumerate(probs.tolist()):
            if prob > 0:
                chosen = category
            total += prob
            if total > each:
                break
        drawn.append(chosen)
    return torch.tensor(drawn, dtype=torch.int64)


@wheat("inverse_cdf_sample")
def among_the_possible(u, probs):
    """Impossible categories are left out first, and NumPy searches."""
    possible = np.flatnonzero(probs.numpy())
    edges = np.cumsum(probs.numpy()[possible])[:-1]
    return torch.from_numpy(possible[np.searchsorted(edges, u.numpy(), side="right")].astype(np.int64))


@wheat("image_entropy")
def by_bincount(images, bins, *, low=0.0, high=1.0):
    """A histogram for each image in turn, and −p log p of those bins that hold something."""
    result = torch.zeros(len(images), dtype=images.dtype)
    for row, image in enumerate(images):
        index = torch.floor((image.reshape(-1) - low) * bins / (high - low)).long()
        counts = torch.bincount(index.clamp(0, bins - 1), minlength=bins)
        probs = counts[counts > 0].to(images.dtype) / image.numel()
        result[row] = -(probs * probs.log()).sum()
    return result


@wheat("image_entropy")
def by_edges(images, bins, *, low=0.0, high=1.0):
    """Each pixel is looked up among the inner edges of the bins."""
    flat = images.flatten(1).contiguous()
    edges = torch.linspace(low, high, bins + 1, dtype=images.dtype)[1:-1]
    index = torch.bucketize(flat, edges, right=True)
    counts = torch.zeros(len(flat), bins, dtype=images.dtype).scatter_add_(1, index, torch.ones_like(flat))
    probs = counts / flat.shape[1]
    return -torch.special.xlogy(probs, probs).sum(1)


@wheat("image_entropy")
def as_what_is_missing_to_the_most(images, bins, *, low=0.0, high=1.0):
    """Log n minus the mean of the logarithms of counts: each pixel says how many share its bin."""
    index = ((images.flatten(1) - low) / (high - low) * bins).long().clamp(max=bins - 1)
    company = (index[:, :, None] == index[:, None, :]).sum(2).to(images.dtype)
    return math.log(index.shape[1]) - company.log().mean(1)


@wheat("slerp")
def by_the_arccosine(z0, z1, t):
    """The textbook: arccosine of the clamped cosine."""
    lengths = z0.norm() * z1.norm()
    t = t.unsqueeze(1)
    if lengths == 0:
        return (1 - t) * z0 + t * z1
    angle = torch.arccos(torch.clamp(torch.dot(z0, z1) / lengths, -1.0, 1.0))
    if angle < 0.01 or math.pi - angle < 1e-3:
        return (1 - t) * z0 + t * z1
    return (torch.sin((1 - t) * angle) * z0 + torch.sin(t * angle) * z1) / torch.sin(angle)


@wheat("slerp")
def with_a_wider_threshold(z0, z1, t):
    """As many programs have it: straight where the cosine is above 0.9995, which is within the contract's accuracy."""
    cosine = nn.functional.cosine_similarity(z0, z1, dim=0).clamp(-1, 1)
    if float(z0.norm()) == 0 or float(z1.norm()) == 0 or float(cosine) > 0.9995 or float(cosine) < -0.99999:
        return torch.stack([torch.lerp(z0, z1, each) for each in t]) if len(t) else z0.new_zeros(0, len(z0))
    angle = cosine.acos()
    return torch.outer(((1 - t) * angle).sin(), z0 / angle.sin()) + torch.outer((t * angle).sin(), z1 / angle.sin())


@wheat("slerp")
def as_a_rotation(z0, z1, t):
    """Turn the first unit vector towards the part of the second that stands upright on it, in NumPy."""
    a, b, times = z0.double().numpy(), z1.double().numpy(), t.double().numpy()[:, None]
    lengths = np.linalg.norm(a), np.linalg.norm(b)
    straight = (1 - times) * a + times * b
    if min(lengths) > 0:
        cosine = np.clip(a @ b / lengths[0] / lengths[1], -1, 1)
        upright = b / lengths[1] - cosine * a / lengths[0]
        sine = np.linalg.norm(upright)
        angle = np.arctan2(sine, cosine)
        if 0.01 <= angle <= 3.14:
            turn = np.sin(times * angle) / sine
            straight = (np.cos(times * angle) - cosine * turn) * a + turn * b
    return torch.from_numpy(straight).to(z0)
