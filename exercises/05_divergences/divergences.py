"""Divergences: how far apart two distributions are, and which of the answers can be climbed."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def kl_divergence(p: Tensor, q: Tensor) -> Tensor:
    """KL(p ‖ q) = Σ p log(p / q), in nats, of the probability vectors in the last dimension.

    Args:
        p: float tensor `(..., K)`, probability vectors, which may hold zeros: 0 · log 0 counts as 0.
        q: float tensor of the same shape, likewise.

    Returns:
        Float tensor `(...)`, infinite where an entry of `p` is above 0 and that of `q` is 0. Differentiable in both;
        the gradient matters only where all entries exceed 1e-6.

    Source: Kullback and Leibler 1951, equation 2.4.
    """
    raise NotImplementedError("kl_divergence is not written yet")


def js_divergence(p: Tensor, q: Tensor) -> Tensor:
    """The Jensen-Shannon divergence, in nats: the mean of both vectors' KL divergences from their midpoint.

    Args:
        p: float tensor `(..., K)`, probability vectors, which may hold zeros.
        q: float tensor of the same shape, likewise.

    Returns:
        Float tensor `(...)` in [0, log 2] up to rounding: the divergence, not its square root, and always finite.
        Differentiable in both; the gradient matters only where all entries exceed 1e-6.

    Source: Lin 1991, section IV.
    """
    raise NotImplementedError("js_divergence is not written yet")


def wasserstein_1d(u: Tensor, v: Tensor) -> Tensor:
    """W1 of two samples of numbers: the least mean distance over which one heap is moved to become the other.

    Each sample stands for the distribution that gives all of its numbers the same weight.

    Args:
        u: float tensor `(N,)`, N ≥ 1, in any order.
        v: float tensor `(M,)`, M ≥ 1, in any order; M may differ from N.

    Returns:
        0-d float tensor, at least 0, differentiable in both; the gradient matters only where no two numbers are alike.

    Source: Peyré and Cuturi 2019, section 2.6 (remark 2.30).
    """
    raise NotImplementedError("wasserstein_1d is not written yet")


def critic_loss(real_scores: Tensor, fake_scores: Tensor) -> Tensor:
    """What a Wasserstein critic descends: the mean score of fake samples minus the mean score of real ones.

    Args:
        real_scores: float tensor `(N,)` or `(N, 1)`, the critic's scores of real samples, any real numbers.
        fake_scores: float tensor `(M,)` or `(M, 1)`, those of generated samples; M may differ from N.

    Returns:
        0-d float tensor, differentiable in both. Minus this is the critic's estimate of W1.

    Source: Arjovsky et al. 2017, algorithm 1.
    """
    raise NotImplementedError("critic_loss is not written yet")


def clip_weights(module: nn.Module, limit: float) -> None:
    """Brings every entry of every parameter into [-limit, limit], in place; entries that lie there are left alone.

    The parameters stay the same objects, so that an optimizer goes on holding them, and stay tied where they are tied.
    Buffers, gradients, `requires_grad` and modes are left as they were. Frozen parameters are clipped as well.

    Args:
        module: any module; its submodules' parameters count too.
        limit: the bound, greater than 0.

    Source: Arjovsky et al. 2017, algorithm 1.
    """
    raise NotImplementedError("clip_weights is not written yet")


def gradient_penalty(
    critic: nn.Module,
    real: Tensor,
    fake: Tensor,
    *,
    weight: float = 10.0,
    generator: torch.Generator | None = None,
) -> Tensor:
    """The fine weight · mean (‖∇ critic(x̂)‖₂ − 1)², each x̂ drawn on the segment from a fake sample to its partner.

    Each pair has one mixing number of its own, uniform on [0, 1], for all of its elements. The critic's modes and
    gradients, and both batches, are left as they were.

    Args:
        critic: maps `(N, ...)` to scores `(N,)` or `(N, 1)`, each sample's score from that sample alone; in eval mode.
        real: float tensor `(N, ...)`, real samples.
        fake: float tensor of the same shape, generated samples; `fake[i]` is the partner of `real[i]`.
        weight: λ, what the mean is multiplied by.
        generator: what the mixing numbers are drawn from; the global random state if None.

    Returns:
        0-d float tensor. The norm is taken over all elements of a sample. Differentiable to the critic's parameters,
        while no gradient flows to `fake` or to what made it; value and gradients are finite where a slope is zero.

    Source: Gulrajani et al. 2017, equation 3 and algorithm 1.
    """
    raise NotImplementedError("gradient_penalty is not written yet")


def power_iteration(weight: Tensor, u: Tensor, num_iterations: int) -> tuple[Tensor, Tensor]:
    """An estimate of a matrix's greatest singular value, and the vector from which to go on next time.

    Repeats v = normalize(Wᵀu), u = normalize(Wv); then the estimate is uᵀWv. To normalize is to divide by the L2
    length; a vector of zeros may become anything finite.

    Args:
        weight: float tensor `(m, n)`, W.
        u: float tensor `(m,)`, where to begin, of any length but 0.
        num_iterations: how often to repeat, at least 1.

    Returns:
        `(sigma, u)`: the estimate, a 0-d float tensor, differentiable in `weight` with both vectors held constant; and
        the last u, float `(m,)`, detached. A matrix of zeros has sigma 0.

    Raises:
        ValueError: if `num_iterations` is less than 1.

    Source: Miyato et al. 2018, section 2.1 and appendix A.
    """
    raise NotImplementedError("power_iteration is not written yet")
