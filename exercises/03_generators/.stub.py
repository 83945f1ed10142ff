"""Generators: from simple noise to any distribution."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor


def push_forward_log_prob(y: Tensor, A: Tensor, b: Tensor) -> Tensor:
    """Log density of y = A z + b, where z is drawn from the standard normal distribution.

    Args:
        y: float tensor `(N, D)`, the points to judge.
        A: float tensor `(D, D)`, invertible; its determinant may be negative.
        b: float tensor `(D,)`.

    Returns:
        Float tensor `(N,)` in nats, differentiable in `y`, `A` and `b`.

    Source: Bishop 2006, section 2.3; change of variables.
    """
    raise NotImplementedError("push_forward_log_prob is not written yet")


def inverse_cdf_sample(u: Tensor, probs: Tensor) -> Tensor:
    """Categories for uniform numbers: for each u the first category at which the cumulative sum of `probs` exceeds u.

    Args:
        u: float tensor `(N,)`, numbers in [0, 1).
        probs: float tensor `(K,)`, probabilities of the K categories; they sum to 1 up to rounding, some may be 0.

    Returns:
        Int64 tensor `(N,)` of categories, never one of probability 0. Where rounding leaves the whole sum at or below
        u, it is the last category of positive probability.

    Source: Devroye 1986, section III.2.
    """
    raise NotImplementedError("inverse_cdf_sample is not written yet")


def image_entropy(images: Tensor, bins: int, *, low: float = 0.0, high: float = 1.0) -> Tensor:
    """Entropy of the histogram of each image's pixels, over `bins` bins of equal width between `low` and `high`.

    Args:
        images: float tensor `(N, ...)`, pixels in [`low`, `high`].
        bins: number of bins, at least 1. A pixel on an edge counts to the bin above it, `high` to the last bin.
        low: lower end of the first bin.
        high: upper end of the last bin.

    Returns:
        Float tensor `(N,)` in nats, between 0 and log `bins`. It need not be differentiable.

    Source: Shannon 1948, section 6.
    """
    raise NotImplementedError("image_entropy is not written yet")


def slerp(z0: Tensor, z1: Tensor, t: Tensor) -> Tensor:
    """Spherical linear interpolation: [sin((1 − t)ω) z0 + sin(tω) z1] / sin ω, with ω the angle between z0 and z1.

    Args:
        z0: float tensor `(D,)`, where the path begins.
        z1: float tensor `(D,)`, where it ends.
        t: float tensor `(N,)`, times in [0, 1].

    Returns:
        Float tensor `(N, D)`, the point of the path at each time: (1 − t) z0 + t z1 where the two are parallel
        (ω < 0.01) or one is zero; any finite path where they are exactly opposite. It need not be differentiable.

    Source: Shoemake 1985, section 3.3; White 2016, arXiv:1609.04468, section 2.1 (for latents).
    """
    raise NotImplementedError("slerp is not written yet")
