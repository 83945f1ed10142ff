"""Anomaly detection: scores that are higher where an input looks less like the training set."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def reconstruction_score(x: Tensor, reconstruction: Tensor) -> Tensor:
    """The mean squared error of each sample's reconstruction: higher where an autoencoder fails.

    Args:
        x: float tensor `(N, ...)`, the inputs.
        reconstruction: float tensor of the same shape, what the autoencoder made of them.

    Returns:
        Float tensor `(N,)`, at least 0, the mean over all entries of each sample; differentiable in both arguments.

    Source: Sakurada and Yairi 2014.
    """
    raise NotImplementedError("reconstruction_score is not written yet")


def confidence_score(logits: Tensor) -> Tensor:
    """One minus the probability of a classifier's favourite class: higher where it is less sure.

    Args:
        logits: float tensor `(N, classes)`, not probabilities; ±200 is honest input.

    Returns:
        Float tensor `(N,)` in [0, 1 - 1/classes]; differentiable.

    Source: Hendrycks and Gimpel 2017, section 3 (maximum softmax probability).
    """
    raise NotImplementedError("confidence_score is not written yet")


def entropy_score(logits: Tensor) -> Tensor:
    """The entropy of a classifier's softmax probabilities, in nats: higher where it wavers between more classes.

    Args:
        logits: float tensor `(N, classes)`, not probabilities; ±200 is honest input.

    Returns:
        Float tensor `(N,)` in [0, log(classes)]. It is differentiable, and value and gradient are finite and right
        also where a probability is too small to be told from 0, in float32 too.

    Source: Shannon 1948, section 6.
    """
    raise NotImplementedError("entropy_score is not written yet")


def fit_gaussian(x: Tensor, *, eps: float = 1e-6) -> tuple[Tensor, Tensor]:
    """Mean and covariance of the samples: the Gaussian under which they are most likely, made invertible by `eps`.

    Args:
        x: float tensor `(N, D)`, the training set, N at least 1.
        eps: added to each variance, that is, to the diagonal of the covariance, so that N ≤ D samples do as well.

    Returns:
        `(mean, covariance)`, float tensors `(D,)` and `(D, D)`. The covariance is biased: it divides by N.

    Source: Bishop 2006, section 2.3.4.
    """
    raise NotImplementedError("fit_gaussian is not written yet")


def gaussian_score(x: Tensor, mean: Tensor, covariance: Tensor) -> Tensor:
    """Minus the log density of each sample under a Gaussian, in nats: higher where samples are rarer.

    Args:
        x: float tensor `(N, D)`.
        mean: float tensor `(D,)`.
        covariance: float tensor `(D, D)`, symmetric and positive definite, its condition number at most 1000. D may
            be so large that the determinant itself is too small for its type, though the logarithm is not.

    Returns:
        Float tensor `(N,)`; it may be negative. It is differentiable in all three, for symmetric changes of the
        covariance.

    Source: Bishop 2006, equation 2.43.
    """
    raise NotImplementedError("gaussian_score is not written yet")


def affine_coupling(x: Tensor, net: nn.Module) -> tuple[Tensor, Tensor]:
    """One invertible layer of a flow: the first half of the features decides how the second is stretched and moved.

    With x = (x1, x2) and (s, t) = net(x1), each of size D/2: y = (x1, x2 · exp(s) + t).

    Args:
        x: float tensor `(N, D)`, D even.
        net: maps `(N, D/2)` to `(N, D)`: the log-scales s in the first D/2 columns, the shifts t in the others. Any
            bound on s is the net's own business.

    Returns:
        `(y, log_det)`, float tensors `(N, D)` and `(N,)`: log_det is the log of the absolute determinant of each
        sample's Jacobian dy/dx. Both are differentiable in x and in the net's parameters.

    Source: Dinh et al. 2017, section 3.2 to 3.3.
    """
    raise NotImplementedError("affine_coupling is not written yet")


def affine_coupling_inverse(y: Tensor, net: nn.Module) -> tuple[Tensor, Tensor]:
    """What `affine_coupling` with the same net made `y` of, and the log-determinant of the way back.

    Args:
        y: float tensor `(N, D)`, D even.
        net: as for `affine_coupling`; it is never inverted itself.

    Returns:
        `(x, log_det)`, float tensors `(N, D)` and `(N,)`: log_det is the log of the absolute determinant of each
        sample's Jacobian dx/dy. Both are differentiable in y and in the net's parameters.

    Source: Dinh et al. 2017, equation 8.
    """
    raise NotImplementedError("affine_coupling_inverse is not written yet")


def auroc(normal_scores: Tensor, anomaly_scores: Tensor) -> float:
    """The chance that an anomaly drawn at random scores above a normal sample drawn at random; ties count half.

    Args:
        normal_scores: float tensor `(N,)`, N at least 1, finite.
        anomaly_scores: float tensor `(M,)`, M at least 1, finite.

    Returns:
        A Python float in [0, 1]: the area under the ROC curve.

    Source: Hanley and McNeil 1982.
    """
    raise NotImplementedError("auroc is not written yet")
