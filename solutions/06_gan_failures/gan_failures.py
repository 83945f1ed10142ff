"""What goes wrong with GANs: too few kinds of samples, copies of the training set, and words, which have no slope."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def mode_coverage(samples: Tensor, centers: Tensor, *, radius: float, min_fraction: float = 0.01) -> tuple[int, float]:
    """How many modes of a known distribution the samples reach, and which share of the samples is good.

    A sample is good if the nearest center lies within `radius` of it. It counts for that center alone, for the lowest
    index where several are equally near.

    Args:
        samples: float tensor `(N, D)`, generated points; N may be 0.
        centers: float tensor `(K, D)`, the middles of the modes, K at least 1.
        radius: greatest Euclidean distance (≤) at which a sample is good, above 0.
        min_fraction: share of all N samples that must be good samples of a center for its mode to count, in [0, 1].

    Returns:
        How many centers are the nearest one of at least max(1, `min_fraction` · N) good samples (Python int), and the
        share of good samples among all samples (Python float). `(0, 0.0)` where there are no samples.

    Source: Srivastava et al. 2017, arXiv:1705.07761 (modes and high-quality samples, in the experiments).
    """
    ### BEGIN SOLUTION
    if len(samples) == 0:
        return 0, 0.0
    distances = torch.linalg.vector_norm(samples[:, None] - centers, dim=-1)  # (N, K)
    distance, nearest = distances.min(dim=1)
    good = distance <= radius
    counts = torch.bincount(nearest[good], minlength=len(centers))
    modes = (counts >= max(1, min_fraction * len(samples))).sum()
    return int(modes), good.double().mean().item()
    ### END SOLUTION


def memorization_ratio(generated: Tensor, train: Tensor, heldout: Tensor) -> float:
    """How near generated samples lie to the training set, in units of how near new real samples lie to it.

    Args:
        generated: float tensor `(N, D)`, what the generator makes.
        train: float tensor `(M, D)`, what it was trained on, M at least 1.
        heldout: float tensor `(L, D)`, real samples that it was not trained on, L at least 1.

    Returns:
        Python float: the median over `generated` of the Euclidean distance to the nearest point of `train`, divided by
        the same median over `heldout`, which is above 0. About 1 for samples as new as real ones, 0 for copies. The
        median of an even number of distances is either of the middle two or their mean. Without generated samples nan
        or 0.

    Source: Meehan et al. 2020, arXiv:2004.05675 (comparing distances to the training set with held-out ones).
    """
    ### BEGIN SOLUTION
    exact = "donot_use_mm_for_euclid_dist"
    ours = torch.cdist(generated, train, compute_mode=exact).amin(dim=1).median()
    theirs = torch.cdist(heldout, train, compute_mode=exact).amin(dim=1).median()
    return (ours / theirs).item()
    ### END SOLUTION


def straight_through_argmax(logits: Tensor) -> Tensor:
    """One-hot vectors of the greatest logits, which pass for the softmax when gradients are taken.

    Args:
        logits: float tensor `(..., K)`, finite.

    Returns:
        Float tensor `(..., K)`: 1 at the greatest logit of each row (at the lowest index where several are equal), 0
        elsewhere, to 1e-6. Its gradient is that of softmax(`logits`).

    Source: Bengio et al. 2013, arXiv:1308.3432; Jang et al. 2017, arXiv:1611.01144, section 2.2.
    """
    ### BEGIN SOLUTION
    soft = torch.softmax(logits, dim=-1)
    one_hot = F.one_hot(logits.argmax(dim=-1), logits.shape[-1]).to(logits.dtype)
    return one_hot + soft - soft.detach()
    ### END SOLUTION


def gumbel_softmax(
    logits: Tensor, *, tau: float = 1.0, hard: bool = False, generator: torch.Generator | None = None
) -> Tensor:
    """Random nearly one-hot vectors: softmax((logits + Gumbel noise) / tau), differentiable in the logits.

    Every logit gets noise of its own, −log(−log u) for u uniform in (0, 1). `torch.nn.functional.gumbel_softmax` is
    not to be called.

    Args:
        logits: float tensor `(..., K)`, unnormalised log-probabilities; −inf (never a whole row) is never drawn.
        tau: temperature, above 0: near 0 the result is nearly one-hot, for a large one nearly uniform.
        hard: whether the forward value is one-hot, 1 at the greatest noisy logit of each row (to 1e-6). The gradient
            is that of the soft vector all the same. Soft and hard need not draw the same from one generator state.
        generator: where the noise is drawn from; torch's global generator if None.

    Returns:
        Float tensor `(..., K)`; each row sums to 1.

    Raises:
        ValueError: if `tau` is not above 0.

    Source: Jang et al. 2017, arXiv:1611.01144, section 2; Maddison et al. 2017, arXiv:1611.00712.
    """
    ### BEGIN SOLUTION
    if not tau > 0:
        raise ValueError(f"tau must be above 0, not {tau}")
    uniform = torch.rand(logits.shape, generator=generator, dtype=logits.dtype, device=logits.device)
    noise = -torch.log(-torch.log(uniform.clamp(min=torch.finfo(logits.dtype).tiny)))
    noisy = (logits + noise) / tau
    return straight_through_argmax(noisy) if hard else torch.softmax(noisy, dim=-1)
    ### END SOLUTION
