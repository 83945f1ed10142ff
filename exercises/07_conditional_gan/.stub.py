"""Conditional GANs: asking for what you want."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def mismatched_labels(labels: Tensor, num_classes: int, *, generator: torch.Generator | None = None) -> Tensor:
    """A wrong label for every sample: each drawn on its own, uniformly from the other classes, never the right one.

    Args:
        labels: int64 tensor `(N,)`, the right classes, in [0, `num_classes`).
        num_classes: number of classes K, at least 2; not all of them need occur in `labels`.
        generator: where the labels are drawn from; torch's global generator if None.

    Returns:
        Int64 tensor `(N,)`, wrong classes in [0, `num_classes`).

    Raises:
        ValueError: if `num_classes` is below 2.

    Source: Reed et al. 2016, arXiv:1605.05396, section 4.2 (real images with wrong text).
    """
    raise NotImplementedError("mismatched_labels is not written yet")


def concat_condition(x: Tensor, labels: Tensor, num_classes: int) -> Tensor:
    """Samples with their classes appended as one-hot vectors: what a conditional generator or discriminator is fed.

    Args:
        x: float tensor `(N, D)`, vectors, or `(N, C, H, W)`, images.
        labels: int64 tensor `(N,)`, classes in [0, `num_classes`).
        num_classes: number of classes K; not all of them need occur in `labels`.

    Returns:
        Float tensor of `x`'s dtype: `(N, D + K)`, the features of x and then the one-hot vector of the label; for
        images `(N, C + K, H, W)`, the channels of x and then K planes, that of the label all 1, the others all 0.
        Differentiable in `x`.

    Source: Mirza and Osindero 2014, arXiv:1411.1784, section 3.2.
    """
    raise NotImplementedError("concat_condition is not written yet")


def conditional_discriminator_loss(real_matched: Tensor, fake: Tensor, real_mismatched: Tensor) -> Tensor:
    """What a discriminator of pairs pays, −mean log σ(matched) − ½ [mean log σ(−fake) + mean log σ(−mismatched)].

    Args:
        real_matched: float tensor of any shape, D's logits of real samples under their own conditions.
        fake: float tensor of any shape, its logits of generated samples under the conditions that they were asked for.
        real_mismatched: float tensor of any shape, its logits of real samples under wrong conditions.

    Returns:
        0-d float tensor in nats, at least 0 (2 log 2 where all logits are 0), differentiable in all three, finite for
        logits of ±200. Each mean is over its own logits; their numbers may differ.

    Source: Reed et al. 2016, arXiv:1605.05396, algorithm 1 (GAN-CLS).
    """
    raise NotImplementedError("conditional_discriminator_loss is not written yet")
