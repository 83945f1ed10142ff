"""Public libraries as right answers to both players' losses, through thin adapters.

What cannot stand here, and why: SciPy's `log_expit` and `expit` compute the same numbers without a graph, so they enter
through the graph of their derivatives, which SciPy has, too. torch's `soft_margin_loss` has the same formula, but its
exponential overflows at logits of ±200 in float32. No library at hand has the steps: those of training frameworks own
the loop, the optimizers and the freezing, and return no float.
"""

from __future__ import annotations

import torch
from scipy.special import expit, log_expit
from torch.distributions import Bernoulli
from torchvision.ops import sigmoid_focal_loss

from autograder.wheats import wheat


class _LogExpit(torch.autograd.Function):
    """SciPy's log σ(l), whose slope is SciPy's σ(−l)."""

    @staticmethod
    def forward(ctx, logits):
        ctx.save_for_backward(logits)
        return torch.as_tensor(log_expit(logits.detach().numpy()), dtype=logits.dtype)

    @staticmethod
    def backward(ctx, above):
        (logits,) = ctx.saved_tensors
        return above * torch.as_tensor(expit(-logits.detach().numpy()), dtype=logits.dtype)


def _focal(logits, label):
    """The focal loss of torchvision without a focus is the binary cross-entropy of logits."""
    labels = torch.full_like(logits, label)
    return sigmoid_focal_loss(logits, labels, alpha=-1, gamma=0.0, reduction="none").mean()


@wheat("gan_value")
def scipy_log_expit(real_logits, fake_logits):
    """scipy.special.log_expit, averaged on each side."""
    return _LogExpit.apply(real_logits).mean() + _LogExpit.apply(-fake_logits).mean()


@wheat("gan_value")
def torch_bernoulli(real_logits, fake_logits):
    """Log-probabilities of 1 and 0 under torch.distributions' Bernoulli."""
    real = Bernoulli(logits=real_logits).log_prob(torch.ones_like(real_logits))
    fake = Bernoulli(logits=fake_logits).log_prob(torch.zeros_like(fake_logits))
    return real.mean() + fake.mean()


@wheat("discriminator_loss")
def torchvision_focal_loss(real_logits, fake_logits):
    """torchvision.ops.sigmoid_focal_loss with gamma 0."""
    return _focal(real_logits, 1.0) + _focal(fake_logits, 0.0)


@wheat("generator_loss")
def torchvision_focal_price(fake_logits, *, kind="non_saturating"):
    """torchvision.ops.sigmoid_focal_loss with gamma 0, label 1 or, negated, 0."""
    if kind not in ("non_saturating", "minimax"):
        raise ValueError(kind)
    return -_focal(fake_logits, 0.0) if kind == "minimax" else _focal(fake_logits, 1.0)
