"""Latent codes: embeddings whose parts can be exchanged, and embeddings that are words of a small vocabulary."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor


def adain(content: Tensor, style: Tensor, *, eps: float = 1e-5) -> Tensor:
    """The content with the style's mean and standard deviation in each channel (adaptive instance normalisation).

    Content and style each have, for every sample and channel, a mean over all pixels and a standard deviation
    √(variance + eps), whose variance is biased (it divides by the number of pixels).

    Args:
        content: float tensor `(N, C, H, W)`, images or features; H and W are at least 1.
        style: float tensor `(N, C, h, w)`; its spatial size may be another one.
        eps: added to both variances, under the root; above 0.

    Returns:
        Float tensor `(N, C, H, W)`: the content less its own mean, divided by its own standard deviation, multiplied by
        the style's and shifted by the style's mean. Finite also where a channel is constant or a single pixel;
        differentiable in both arguments.

    Source: Huang and Belongie 2017, equation 8.
    """
    raise NotImplementedError("adain is not written yet")


def binarize(logits: Tensor) -> Tensor:
    """Bits in the forward direction, a sigmoid in the backward direction: a straight-through estimator.

    Args:
        logits: float tensor `(N, ...)`; ±200 is honest input.

    Returns:
        Float tensor of the same shape and type: 1 where a logit is above 0, else 0 (at exactly 0 too), up to rounding.
        Its gradient is not that of a step, which is zero, but the gradient of sigmoid(logits).

    Source: Bengio et al. 2013, section 4; Raiko et al. 2015.
    """
    raise NotImplementedError("binarize is not written yet")


def vector_quantize(z: Tensor, codebook: Tensor, *, beta: float = 0.25) -> tuple[Tensor, Tensor, Tensor]:
    """Every vector replaced by the nearest code of a codebook, and the loss that trains codes and vectors.

    Args:
        z: float tensor `(..., D)`, any number of vectors in the last dimension; a single one `(D,)` and none are fine.
        codebook: float tensor `(K, D)`, K codes.
        beta: weight of the commitment, at least 0.

    Returns:
        `(z_q, indices, loss)`: float `(..., D)`, int64 `(...)` and float `()`.

        indices: of the code at the least Euclidean distance, the lowest index where several are equally near. Vectors
            and codes may lie 100 away from the origin.
        z_q: these codes, up to rounding. A gradient that reaches z_q goes on to z unchanged, and not to the codebook.
        loss: mse(code, z held constant) + beta · mse(z, code held constant), where mse is the mean of the squared
            differences over all elements. It moves the codebook by its first term alone, z by its second alone.

    Source: van den Oord et al. 2017, equation 3.
    """
    raise NotImplementedError("vector_quantize is not written yet")


def codebook_perplexity(indices: Tensor, num_codes: int) -> Tensor:
    """How many codes are in use, as if all of those were used equally often.

    Args:
        indices: int64 tensor of any shape, in [0, num_codes - 1].
        num_codes: K, the size of the codebook.

    Returns:
        Float32 tensor `()`: the exponential of the entropy (natural logarithm) of the shares in which the codes occur
        among the indices, in [1, K]. A code that does not occur adds nothing; without indices it is 1.

    Source: Shannon 1948, section 6; van den Oord et al. 2017.
    """
    raise NotImplementedError("codebook_perplexity is not written yet")


def code_balance_loss(probs: Tensor) -> Tensor:
    """How far a batch is from using all codes equally often: log K minus the entropy of the mean probabilities.

    Args:
        probs: float tensor `(N, K)`, each row the probabilities of the K codes for one sample. They may be softmaxes of
            logits of ±200, so that some are exactly 0.

    Returns:
        Float tensor `()` in [0, log K], in nats: 0 where the mean over the batch gives all codes the same probability,
        log K where it gives all to one. It is differentiable where all mean probabilities exceed 1e-6.

    Source: Krause et al. 2010 (class balance).
    """
    raise NotImplementedError("code_balance_loss is not written yet")
