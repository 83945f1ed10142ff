"""Public libraries as right answers to CycleGAN's losses, through thin adapters.

torch's loss modules are what published CycleGANs are built of, and all five exercises can be. What cannot stand here,
and why: scikit-learn's and SciPy's mean errors carry no gradient to the translators, so they give values only, with a
gradient that is written beside them. No library that is tested with has a cycle or an identity loss of its own;
torchgan's least-squares generator loss is half of the course's.
"""

from __future__ import annotations

import torch
from scipy.spatial.distance import cityblock
from sklearn.metrics import mean_squared_error
from torch import nn

from autograder.wheats import wheat


class _ValueFrom(torch.autograd.Function):
    """A value that another library computes from an array of errors, and the gradient that belongs to it."""

    @staticmethod
    def forward(ctx, errors, value_of, gradient_of):
        ctx.save_for_backward(gradient_of(errors))
        return errors.new_tensor(value_of(errors.detach().numpy().ravel()) if errors.numel() else 0.0)

    @staticmethod
    def backward(ctx, outside):
        (gradient,) = ctx.saved_tensors
        return outside * gradient, None, None


def _mean_square(errors):
    return _ValueFrom.apply(
        errors,
        lambda array: mean_squared_error(array, 0 * array),
        lambda errors: 2 * errors / max(errors.numel(), 1),
    )


def _mean_size(errors):
    return _ValueFrom.apply(
        errors,
        lambda array: cityblock(array, 0 * array) / len(array),
        lambda errors: errors.sign() / max(errors.numel(), 1),
    )


@wheat("lsgan_discriminator_loss")
def torch_mse_module(real_scores, fake_scores):
    """torch.nn.MSELoss against labels."""
    loss = nn.MSELoss()
    real, fake = torch.ones_like(real_scores), torch.zeros_like(fake_scores)
    return (loss(real_scores, real) + loss(fake_scores, fake)) * 0.5


@wheat("lsgan_discriminator_loss")
def sklearn_mean_squared_error(real_scores, fake_scores):
    """scikit-learn's mean squared errors."""
    return (_mean_square(real_scores - 1) + _mean_square(fake_scores)) / 2


@wheat("lsgan_generator_loss")
def torch_mse_module_generator(fake_scores):
    """torch.nn.MSELoss against labels of real samples."""
    return nn.MSELoss()(fake_scores, torch.ones_like(fake_scores))


@wheat("lsgan_generator_loss")
def sklearn_mean_squared_error_generator(fake_scores):
    """scikit-learn's mean squared error."""
    return _mean_square(fake_scores - 1)


@wheat("cycle_consistency_loss")
def torch_l1_module(real_a, reconstructed_a, real_b, reconstructed_b, *, weight_a=10.0, weight_b=10.0):
    """torch.nn.L1Loss for each domain."""
    loss = nn.L1Loss()
    return loss(reconstructed_a, real_a) * weight_a + loss(reconstructed_b, real_b) * weight_b


@wheat("cycle_consistency_loss")
def scipy_cityblock(real_a, reconstructed_a, real_b, reconstructed_b, *, weight_a=10.0, weight_b=10.0):
    """SciPy's city-block distance over the number of entries."""
    return weight_a * _mean_size(reconstructed_a - real_a) + weight_b * _mean_size(reconstructed_b - real_b)


@wheat("identity_loss")
def torch_l1_module_identity(a_to_b, b_to_a, real_a, real_b, *, weight=5.0):
    """torch.nn.L1Loss for each translator."""
    loss = nn.L1Loss()
    return (loss(a_to_b(real_b), real_b) + loss(b_to_a(real_a), real_a)) * weight


@wheat("cycle_generator_loss")
def torch_modules(a_to_b, b_to_a, discriminator_a, discriminator_b, real_a, real_b, *, weight=10.0):
    """torch.nn.MSELoss for both judges and torch.nn.L1Loss for both round trips."""
    square, size = nn.MSELoss(), nn.L1Loss()
    fake_b, fake_a = a_to_b(real_a), b_to_a(real_b)
    mark_b, mark_a = discriminator_b(fake_b), discriminator_a(fake_a)
    fooling = square(mark_b, torch.ones_like(mark_b)) + square(mark_a, torch.ones_like(mark_a))
    return fooling + size(b_to_a(fake_b), real_a) * weight + size(a_to_b(fake_a), real_b) * weight
