"""Other right ways to write CycleGAN's losses."""

from __future__ import annotations

import copy

import torch
import torch.nn.functional as F

from autograder.wheats import wheat


def _squares(scores, goal):
    return F.mse_loss(scores, torch.full_like(scores, goal))


@wheat("lsgan_discriminator_loss")
def against_labels(real_scores, fake_scores):
    """Compares with tensors of ones and zeros, as most implementations do."""
    return (_squares(real_scores, 1.0) + _squares(fake_scores, 0.0)) / 2


@wheat("lsgan_discriminator_loss")
def expanded_squares(real_scores, fake_scores):
    """Multiplies the square out: half of mean r² minus twice mean r plus 1 plus mean f²."""
    squares = real_scores.square().mean() + fake_scores.square().mean()
    return 0.5 * squares - real_scores.mean() + 0.5


@wheat("lsgan_discriminator_loss")
def weighted_sum_of_all(real_scores, fake_scores):
    """Puts all errors into one vector and gives each the weight of its kind."""
    errors = torch.cat([real_scores.flatten() - 1, fake_scores.flatten()])
    if errors.numel() == 0:
        return errors.sum()
    counts = (real_scores.numel(), fake_scores.numel())
    weights = torch.cat([errors.new_full((count,), 0.5 / max(count, 1)) for count in counts])
    return weights @ errors**2


@wheat("lsgan_generator_loss")
def against_ones(fake_scores):
    """Compares with a tensor of ones."""
    return _squares(fake_scores, 1.0)


@wheat("lsgan_generator_loss")
def length_of_the_error(fake_scores):
    """Takes the inner product of the errors with themselves, over their number."""
    errors = (1 - fake_scores).reshape(-1)
    return errors.dot(errors) / max(errors.numel(), 1)


@wheat("cycle_consistency_loss")
def with_torch_abs(real_a, reconstructed_a, real_b, reconstructed_b, *, weight_a=10.0, weight_b=10.0):
    """Takes the mean of the absolute differences."""
    errors_a, errors_b = torch.abs(real_a - reconstructed_a), torch.abs(real_b - reconstructed_b)
    return weight_a * errors_a.mean() + errors_b.mean() * weight_b


@wheat("cycle_consistency_loss")
def weights_within_the_mean(real_a, reconstructed_a, real_b, reconstructed_b, *, weight_a=10.0, weight_b=10.0):
    """Weighs every entry and adds all of them up, each over the number in its domain."""
    total = real_a.new_zeros(())
    for real, back, weight in ((real_a, reconstructed_a, weight_a), (real_b, reconstructed_b, weight_b)):
        gap = back - real
        total = total + (weight / max(gap.numel(), 1) * torch.maximum(gap, -gap)).sum()
    return total


@wheat("cycle_consistency_loss")
def sample_by_sample(real_a, reconstructed_a, real_b, reconstructed_b, *, weight_a=10.0, weight_b=10.0):
    """Averages within each sample first, then over the samples, which are all of one size."""
    per_a = (real_a - reconstructed_a).flatten(1).abs().mean(1)
    per_b = (real_b - reconstructed_b).flatten(1).abs().mean(1)
    return (weight_a * per_a).mean() + (weight_b * per_b).mean()


@wheat("identity_loss")
def with_torch_abs_identity(a_to_b, b_to_a, real_a, real_b, *, weight=5.0):
    """Takes the mean of the absolute differences, weighed one by one."""
    loss = weight * torch.mean(torch.abs(real_a - b_to_a(real_a)))
    return loss + weight * torch.mean(torch.abs(real_b - a_to_b(real_b)))


@wheat("identity_loss")
def in_a_loop(a_to_b, b_to_a, real_a, real_b, *, weight=5.0):
    """Loops over the pairs of a translator and its target, and adds lengths in the L1 norm up."""
    changes = []
    for translate, target in ((a_to_b, real_b), (b_to_a, real_a)):
        gap = translate(target) - target
        changes.append(gap.flatten().norm(p=1) / max(gap.numel(), 1))
    return weight * torch.stack(changes).sum()


def _flags(*modules):
    return [(parameter, parameter.requires_grad) for module in modules for parameter in module.parameters()]


@wheat("cycle_generator_loss")
def freezes_the_judges(a_to_b, b_to_a, discriminator_a, discriminator_b, real_a, real_b, *, weight=10.0):
    """Freezes the judges while it asks them, so that no gradient reaches them, and gives them their flags back."""
    flags = _flags(discriminator_a, discriminator_b)
    for parameter, _ in flags:
        parameter.requires_grad_(False)
    try:
        fake_b, fake_a = a_to_b(real_a), b_to_a(real_b)
        loss = _squares(discriminator_b(fake_b), 1.0) + _squares(discriminator_a(fake_a), 1.0)
    finally:
        for parameter, flag in flags:
            parameter.requires_grad_(flag)
    return loss + weight * (F.l1_loss(b_to_a(fake_b), real_a) + F.l1_loss(a_to_b(fake_a), real_b))


@wheat("cycle_generator_loss")
def asks_copies_of_the_judges(a_to_b, b_to_a, discriminator_a, discriminator_b, real_a, real_b, *, weight=10.0):
    """Asks copies of the judges, whose weights nobody trains, and translates anew for each term."""
    ask_a, ask_b = copy.deepcopy(discriminator_a), copy.deepcopy(discriminator_b)
    fooling = (ask_b(a_to_b(real_a)) - 1).square().mean() + (ask_a(b_to_a(real_b)) - 1).square().mean()
    trip_a = (b_to_a(a_to_b(real_a)) - real_a).abs().mean()
    trip_b = (a_to_b(b_to_a(real_b)) - real_b).abs().mean()
    return fooling + weight * trip_a + weight * trip_b


@wheat("cycle_generator_loss")
def one_domain_at_a_time(a_to_b, b_to_a, discriminator_a, discriminator_b, real_a, real_b, *, weight=10.0):
    """Loops over both round trips, each with the judge half-way; without a weight it spares itself the way back."""

    def trip(real, there, back, judge):
        translated = there(real)
        loss = ((1 - judge(translated)) ** 2).mean()
        return loss if weight == 0 else loss + weight * F.l1_loss(back(translated), real)

    return trip(real_a, a_to_b, b_to_a, discriminator_b) + trip(real_b, b_to_a, a_to_b, discriminator_a)


@wheat("cycle_generator_loss")
def calls_translators_once(a_to_b, b_to_a, discriminator_a, discriminator_b, real_a, real_b, *, weight=10.0):
    """Sends real and translated samples through a translator in one batch where their shapes agree."""
    fake_a = b_to_a(real_b)
    if fake_a.shape[1:] == real_a.shape[1:]:
        fake_b, back_b = a_to_b(torch.cat([real_a, fake_a])).split([len(real_a), len(real_b)])
    else:
        fake_b, back_b = a_to_b(real_a), a_to_b(fake_a)
    fooling = _squares(discriminator_a(fake_a), 1.0) + _squares(discriminator_b(fake_b), 1.0)
    return fooling + weight * (F.l1_loss(b_to_a(fake_b), real_a) + F.l1_loss(back_b, real_b))
