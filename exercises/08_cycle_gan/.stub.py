"""CycleGAN: translating between two domains without pairs."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def lsgan_discriminator_loss(real_scores: Tensor, fake_scores: Tensor) -> Tensor:
    """½[mean (r−1)² + mean f²]: half of the mean squared distances of real scores r from 1 and of fake scores f from 0.

    Args:
        real_scores: float tensor of any shape, raw scores of real samples (not squashed), one or many a sample.
        fake_scores: float tensor of any shape, raw scores of generated samples; their number may differ.

    Returns:
        0-d float tensor, differentiable in both. Each of the two means is taken over all elements of its own tensor.

    Source: Mao et al. 2017, equations 2 and 9.
    """
    raise NotImplementedError("lsgan_discriminator_loss is not written yet")


def lsgan_generator_loss(fake_scores: Tensor) -> Tensor:
    """The mean squared distance of fake scores f from 1, mean (f−1)², not halved.

    Args:
        fake_scores: float tensor of any shape, raw scores of generated samples.

    Returns:
        0-d float tensor, differentiable in `fake_scores`; the mean is taken over all elements.

    Source: Mao et al. 2017, equations 2 and 9; Zhu et al. 2017, section 4.
    """
    raise NotImplementedError("lsgan_generator_loss is not written yet")


def cycle_consistency_loss(
    real_a: Tensor,
    reconstructed_a: Tensor,
    real_b: Tensor,
    reconstructed_b: Tensor,
    *,
    weight_a: float = 10.0,
    weight_b: float = 10.0,
) -> Tensor:
    """The mean absolute error of A's reconstructions times `weight_a`, plus that of B's times `weight_b`.

    Args:
        real_a: float tensor `(N, ...)`, samples of domain A.
        reconstructed_a: float tensor of the same shape, what came back from B.
        real_b: float tensor `(M, ...)`, samples of domain B; batch and shape may differ from A's.
        reconstructed_b: float tensor of `real_b`'s shape, what came back from A.
        weight_a: weight of A's error, at least 0.
        weight_b: weight of B's error, at least 0.

    Returns:
        0-d float tensor, differentiable in all four; each error is the mean over all elements of its own domain.

    Source: Zhu et al. 2017, equation 2.
    """
    raise NotImplementedError("cycle_consistency_loss is not written yet")


def identity_loss(
    a_to_b: nn.Module, b_to_a: nn.Module, real_a: Tensor, real_b: Tensor, *, weight: float = 5.0
) -> Tensor:
    """How much each translator changes samples that are in its target domain already, times `weight`.

    It is the mean absolute change that `a_to_b` makes to `real_b`, plus the one that `b_to_a` makes to `real_a`. The
    translators' parameters, gradients and modes are left as they were.

    Args:
        a_to_b: translates from A to B; takes samples of B too and keeps their shape; in eval mode.
        b_to_a: translates from B to A; takes samples of A too and keeps their shape; in eval mode.
        real_a: float tensor `(N, ...)`, samples of domain A.
        real_b: float tensor `(M, ...)`, samples of domain B; batch and size may differ from A's.
        weight: weight of both changes, at least 0.

    Returns:
        0-d float tensor, differentiable in both translators' parameters and in both batches; each change is the mean
        over all elements of its own domain.

    Source: Zhu et al. 2017, section 5.2 (photos from paintings).
    """
    raise NotImplementedError("identity_loss is not written yet")


def cycle_generator_loss(
    a_to_b: nn.Module,
    b_to_a: nn.Module,
    discriminator_a: nn.Module,
    discriminator_b: nn.Module,
    real_a: Tensor,
    real_b: Tensor,
    *,
    weight: float = 10.0,
) -> Tensor:
    """What both translators are trained on: to please both discriminators, and to bring back what was sent.

    It is the generator's least-squares loss of `discriminator_b` on A's samples as translated to B, plus that of
    `discriminator_a` on B's samples as translated to A, plus the cycle-consistency loss of both domains with the weight
    `weight`. Parameters, their gradients and `requires_grad` flags, and modes of all four are left as they were.

    Args:
        a_to_b: translates from A to B; the domains may have different shapes; in eval mode.
        b_to_a: translates from B to A; in eval mode.
        discriminator_a: gives raw scores of any shape, near 1 for what looks like A, near 0 for the rest; in eval mode.
        discriminator_b: the same for B.
        real_a: float tensor `(N, ...)`, samples of domain A.
        real_b: float tensor `(M, ...)`, samples of domain B; batch and shape may differ from A's.
        weight: weight of the cycle-consistency loss, at least 0, the same for both domains.

    Returns:
        0-d float tensor, differentiable in both translators' parameters, through every term, and in both batches.
        Whether it is differentiable in the discriminators' parameters is free.

    Source: Zhu et al. 2017, equation 3, with the losses of section 4.
    """
    raise NotImplementedError("cycle_generator_loss is not written yet")
