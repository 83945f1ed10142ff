"""Known wrong ways to write the two players, one mistake each."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from autograder.wheats import chaff

# The right steps, which all of them share, so that each mistake stands alone.


def _share(p, q):
    nowhere = p + q == 0
    return torch.where(nowhere, 0.5, p / torch.where(nowhere, 1.0, p + q))


def _value(real, fake):
    return F.logsigmoid(real).mean() + F.logsigmoid(-fake).mean()


def _loss(real, fake):
    return -_value(real, fake)


def _paid(logits, *, kind="non_saturating"):
    if kind not in ("non_saturating", "minimax"):
        raise ValueError(kind)
    return F.logsigmoid(-logits).mean() if kind == "minimax" else -F.logsigmoid(logits).mean()


def _fakes(generator, noise):
    with torch.no_grad():
        return generator(noise)


def _move_d(generator, discriminator, optimizer, real, noise, *, fakes=_fakes, loss=_loss, clear=True):
    """The discriminator's step with parts to exchange."""
    cost = loss(discriminator(real), discriminator(fakes(generator, noise)))
    if clear:
        optimizer.zero_grad()
    cost.backward()
    optimizer.step()
    return cost.item()


def _move_g(generator, discriminator, optimizer, noise, *, judge=None, loss=_paid, clear=True):
    """The generator's step with parts to exchange."""
    fake = generator(noise)
    cost = loss(discriminator(fake) if judge is None else judge(fake))
    if clear:
        optimizer.zero_grad()
    cost.backward(inputs=list(generator.parameters()))
    optimizer.step()
    return cost.item()


@chaff(
    "optimal_discriminator",
    caught_by=("is_certain_where_only_one_lives", "beats_every_other_discriminator", "agrees_with_the_reference"),
)
def swaps_the_densities(p_data, p_gen):
    """It gives the share of generated samples. D is the probability that a sample is real."""
    return _share(p_gen, p_data)


@chaff("optimal_discriminator", caught_by=("does_not_depend_on_the_scale",))
def guards_with_a_constant(p_data, p_gen):
    """It adds a small constant to the denominator, which is not small beside small densities. Only 0/0 needs care."""
    return (p_data + 5e-9) / (p_data + p_gen + 1e-8)


@chaff("optimal_discriminator", caught_by=("is_one_half_where_neither_lives",))
def divides_zero_by_zero(p_data, p_gen):
    """It divides 0 by 0 where both densities are 0, which gives nan. There the answer is 1/2."""
    return p_data / (p_data + p_gen)


@chaff("optimal_discriminator", caught_by=("is_one_half_where_neither_lives",))
def zero_where_neither_lives(p_data, p_gen):
    """It calls fake what lies where neither density is above 0. Nothing is known there: 1/2."""
    return torch.nan_to_num(p_data / (p_data + p_gen), nan=0.0)


@chaff("optimal_discriminator", caught_by=("is_one_half_where_densities_agree", "beats_every_other_discriminator"))
def odds_for_a_probability(p_data, p_gen):
    """It gives the odds, real over generated, which may exceed 1. A probability is the share of real among all."""
    return torch.where(p_data + p_gen == 0, 0.5, torch.nan_to_num(p_data / p_gen, posinf=1.0))


@chaff("optimal_discriminator", caught_by=("beats_every_other_discriminator",))
def decides_outright(p_data, p_gen):
    """It says 1 or 0, whichever is more likely. The best D is as sure as the densities are, and no surer."""
    return 0.5 + 0.5 * torch.sign(p_data - p_gen) + 0 * p_data


@chaff("optimal_discriminator", caught_by=("does_not_depend_on_the_scale", "is_certain_where_only_one_lives"))
def sigmoid_of_the_difference(p_data, p_gen):
    """It takes the sigmoid of the difference of the densities. D's best logit is the logarithm of their ratio."""
    return torch.sigmoid(p_data - p_gen)


@chaff("optimal_discriminator", caught_by=("beats_every_other_discriminator",))
def makes_them_sum_to_one(p_data, p_gen):
    """It first divides each density by its sum over all places. Densities are given: each place stands alone."""
    tiny = torch.finfo(p_data.dtype).tiny
    return _share(p_data / p_data.sum().clamp(min=tiny), p_gen / p_gen.sum().clamp(min=tiny))


@chaff("optimal_discriminator", caught_by=("has_the_right_gradient",))
def without_a_graph(p_data, p_gen):
    """It cuts the graph. The result is differentiable in both densities."""
    return _share(p_data, p_gen).detach()


@chaff("optimal_discriminator", caught_by=("leaves_everything_as_it_was",))
def adds_in_place(p_data, p_gen):
    """It adds one density to the other in place and so changes the caller's tensor. Work on a new one."""
    share = _share(p_data, p_gen)
    with torch.no_grad():
        p_gen.add_(p_data + 1)
    return share.clone()


@chaff("optimal_discriminator", caught_by=("keeps_the_dtype",))
def single_precision(p_data, p_gen):
    """It answers in float32 whatever came in. Keep the dtype."""
    return _share(p_data, p_gen).float()


@chaff("optimal_discriminator", caught_by=("takes_an_empty_batch",))
def divides_by_the_greatest(p_data, p_gen):
    """It divides by the greatest density, which an empty tensor does not have. The ratio needs no such scaling."""
    greatest = torch.maximum(p_data, p_gen).max().detach()
    return torch.where(greatest == 0, 0.5, _share(p_data, p_gen))


# gan_value


@chaff("gan_value", caught_by=("counts_every_mistake_in_full", "survives_extreme_logits"))
def sigmoid_then_log(real_logits, fake_logits):
    """It takes the sigmoid and then the logarithm: log(1 − σ(20)) is −∞ in float32. Take both in one function."""
    return torch.log(torch.sigmoid(real_logits)).mean() + torch.log(1 - torch.sigmoid(fake_logits)).mean()


@chaff("gan_value", caught_by=("counts_every_mistake_in_full",))
def guards_the_logarithm(real_logits, fake_logits):
    """It guards the logarithm by a small number: a sure mistake costs too little. Use log-sigmoid of the logits."""
    real, fake = torch.sigmoid(real_logits), torch.sigmoid(fake_logits)
    return torch.log(real + 1e-8).mean() + torch.log(1 - fake + 1e-8).mean()


@chaff("gan_value", caught_by=("is_minus_two_log_two_where_nothing_is_known", "averages_the_logs_of_right_verdicts"))
def sigmoid_twice(real_logits, fake_logits):
    """It takes the sigmoid of a sigmoid. D gives logits, and one sigmoid makes them probabilities."""
    return _value(torch.sigmoid(real_logits), torch.sigmoid(fake_logits))


@chaff("gan_value", caught_by=("averages_the_logs_of_right_verdicts",))
def forgets_one_minus(real_logits, fake_logits):
    """It rewards D for calling generated samples real. The right verdict on them has the probability 1 − σ."""
    return _value(real_logits, -fake_logits)


@chaff("gan_value", caught_by=("averages_the_logs_of_right_verdicts",))
def swaps_the_sides(real_logits, fake_logits):
    """It wants real samples to be called generated and the reverse. Real is 1."""
    return _value(fake_logits, real_logits)


@chaff(
    "gan_value",
    caught_by=(
        "is_minus_two_log_two_where_nothing_is_known",
        "averages_the_logs_of_right_verdicts",
        "agrees_with_the_reference",
    ),
)
def halves(real_logits, fake_logits):
    """It halves the sum. The value of the game is the sum of two means."""
    return _value(real_logits, fake_logits) / 2


@chaff("gan_value", caught_by=("hears_both_sides_equally", "measures_the_divergence_of_two_gaussians"))
def one_mean_for_all(real_logits, fake_logits):
    """It takes one mean over all samples, so that the larger batch counts for more. Average each side on its own."""
    both = torch.cat([F.logsigmoid(real_logits).flatten(), F.logsigmoid(-fake_logits).flatten()])
    return 2 * both.mean()


@chaff("gan_value", caught_by=("hears_both_sides_equally",))
def sums_over_the_batch(real_logits, fake_logits):
    """It adds up over the samples. The value is made of means, whatever the size of the batches."""
    return F.logsigmoid(real_logits).sum() + F.logsigmoid(-fake_logits).sum()


@chaff("gan_value", caught_by=("takes_logits_of_any_shape",))
def adds_before_the_mean(real_logits, fake_logits):
    """It adds sample to sample before it takes the mean, which needs two equal shapes. Take each mean first."""
    return (F.logsigmoid(real_logits) + F.logsigmoid(-fake_logits)).mean()


def _kinked(logits):
    """−log σ by cases that meet at 0, where relu and abs have no slope."""
    return F.relu(-logits) + torch.log1p(torch.exp(-logits.abs()))


@chaff("gan_value", caught_by=("counts_every_mistake_in_full",))
def no_slope_at_zero(real_logits, fake_logits):
    """It is right in value but has no slope where a logit is exactly 0, as |x| has none. Use log-sigmoid."""
    return -(_kinked(real_logits).mean() + _kinked(-fake_logits).mean())


@chaff("gan_value", caught_by=("has_the_right_gradient",))
def detaches_the_fakes(real_logits, fake_logits):
    """It detaches the fake logits. The value is differentiable in both; whom to hold still is the step's business."""
    return _value(real_logits, fake_logits.detach())


@chaff("gan_value", caught_by=("leaves_everything_as_it_was",))
def negates_in_place(real_logits, fake_logits):
    """It turns the sign of the caller's logits in place. Work on new tensors."""
    value = _value(real_logits, fake_logits.clone())
    with torch.no_grad():
        fake_logits.neg_().sub_(1)
    return value


@chaff("gan_value", caught_by=("keeps_the_dtype",))
def single_precision_value(real_logits, fake_logits):
    """It answers in float32 whatever came in. Keep the dtype."""
    return _value(real_logits, fake_logits).float()


@chaff("gan_value", caught_by=("takes_an_empty_batch",))
def asks_for_the_largest(real_logits, fake_logits):
    """It looks for the largest logit first, which an empty batch does not have."""
    return _value(real_logits, fake_logits) + 0 * torch.max(real_logits.max(), fake_logits.max()).detach()


# discriminator_loss


@chaff("discriminator_loss", caught_by=("is_two_log_two_where_nothing_is_known", "teaches_the_share_of_real_samples"))
def forgets_the_minus(real_logits, fake_logits):
    """It returns the value itself, and lowering that teaches D to be wrong. The loss is minus the value."""
    return _value(real_logits, fake_logits)


@chaff(
    "discriminator_loss",
    caught_by=("charges_the_logs_of_right_verdicts", "teaches_the_share_of_real_samples", "agrees_with_the_reference"),
)
def swaps_the_labels(real_logits, fake_logits):
    """It trains D to call real samples 0 and generated ones 1. Real is 1."""
    return _loss(fake_logits, real_logits)


@chaff("discriminator_loss", caught_by=("charges_the_logs_of_right_verdicts",))
def both_are_real(real_logits, fake_logits):
    """It gives both batches the label 1. Generated samples have the label 0."""
    return _loss(real_logits, -fake_logits)


@chaff("discriminator_loss", caught_by=("is_two_log_two_where_nothing_is_known", "charges_the_logs_of_right_verdicts"))
def halves_the_loss(real_logits, fake_logits):
    """It halves the sum. Here the loss is the sum of two means."""
    return _loss(real_logits, fake_logits) / 2


@chaff("discriminator_loss", caught_by=("hears_both_sides_equally", "teaches_the_share_of_real_samples"))
def one_mean_over_both(real_logits, fake_logits):
    """It takes one mean over all samples, so that the larger batch counts for more. Average each side on its own."""
    both = torch.cat([F.softplus(-real_logits).flatten(), F.softplus(fake_logits).flatten()])
    return 2 * both.mean()


@chaff("discriminator_loss", caught_by=("counts_every_mistake_in_full", "survives_extreme_logits"))
def logs_of_sigmoids(real_logits, fake_logits):
    """It takes the sigmoid and then the logarithm: log(1 − σ(20)) is −∞ in float32. Take both in one function."""
    return -(torch.log(torch.sigmoid(real_logits)).mean() + torch.log(1 - torch.sigmoid(fake_logits)).mean())


def _clamped(probability, label):
    return F.binary_cross_entropy(probability, torch.full_like(probability, label))


@chaff("discriminator_loss", caught_by=("counts_every_mistake_in_full",))
def cross_entropy_of_probabilities(real_logits, fake_logits):
    """Its cross-entropy of probabilities is clamped at 100, with no slope there. Take the one of logits."""
    return _clamped(torch.sigmoid(real_logits), 1.0) + _clamped(torch.sigmoid(fake_logits), 0.0)


@chaff("discriminator_loss", caught_by=("is_two_log_two_where_nothing_is_known", "charges_the_logs_of_right_verdicts"))
def sigmoid_before_with_logits(real_logits, fake_logits):
    """It hands probabilities to a loss that takes logits, so that the sigmoid is taken twice."""
    return _loss(torch.sigmoid(real_logits), torch.sigmoid(fake_logits))


@chaff("discriminator_loss", caught_by=("takes_logits_of_any_shape",))
def labels_in_a_column(real_logits, fake_logits):
    """Its labels have the shape (N, 1) whatever the shape of the logits. Make labels like the logits."""
    real = F.binary_cross_entropy_with_logits(real_logits, real_logits.new_ones(len(real_logits), 1))
    return real + F.binary_cross_entropy_with_logits(fake_logits, fake_logits.new_zeros(len(fake_logits), 1))


@chaff("discriminator_loss", caught_by=("has_the_right_gradient",))
def judges_without_a_graph(real_logits, fake_logits):
    """It detaches the fake logits. The fakes may be detached, what D says of them may not."""
    return _loss(real_logits, fake_logits.detach())


@chaff("discriminator_loss", caught_by=("leaves_everything_as_it_was",))
def flips_in_place(real_logits, fake_logits):
    """It turns the sign of the caller's logits in place. Work on new tensors."""
    loss = _loss(real_logits.clone(), fake_logits)
    with torch.no_grad():
        real_logits.neg_().sub_(1)
    return loss


@chaff("discriminator_loss", caught_by=("keeps_the_dtype",))
def single_precision_loss(real_logits, fake_logits):
    """It answers in float32 whatever came in. Keep the dtype."""
    return _loss(real_logits, fake_logits).float()


@chaff("discriminator_loss", caught_by=("takes_an_empty_batch",))
def counts_with_python(real_logits, fake_logits):
    """It divides by the number of samples in Python, which raises an error where there is none."""
    parts = ((F.softplus(-real_logits), real_logits), (F.softplus(fake_logits), fake_logits))
    return sum(cost.sum() * (1 / each.numel()) for cost, each in parts)


# generator_loss


@chaff(
    "generator_loss",
    caught_by=("is_log_two_in_size_where_nothing_is_known", "pulls_in_full_where_the_fake_is_recognised"),
)
def always_minimax(fake_logits, *, kind="non_saturating"):
    """It gives the minimax loss whatever was asked for, which has no slope where D recognises every fake."""
    _paid(fake_logits, kind=kind)
    return _paid(fake_logits, kind="minimax")


@chaff(
    "generator_loss", caught_by=("is_log_two_in_size_where_nothing_is_known", "charges_what_is_thought_of_the_fakes")
)
def ignores_the_kind(fake_logits, *, kind="non_saturating"):
    """It gives the non-saturating loss also where minimax is asked for."""
    _paid(fake_logits, kind=kind)
    return _paid(fake_logits)


@chaff(
    "generator_loss",
    caught_by=("differs_in_slope_by_the_odds", "charges_what_is_thought_of_the_fakes", "agrees_with_the_reference"),
)
def wants_to_be_found_out(fake_logits, *, kind="non_saturating"):
    """It gives the fakes the label 0, which is what D wants. G wants its samples to be called real: label 1."""
    return _paid(-fake_logits, kind=kind)


@chaff("generator_loss", caught_by=("is_log_two_in_size_where_nothing_is_known", "differs_in_slope_by_the_odds"))
def minimax_without_its_sign(fake_logits, *, kind="non_saturating"):
    """Its minimax loss has a minus too much, and G then does what D wants. It is the mean of log σ(−fake) itself."""
    paid = _paid(fake_logits, kind=kind)
    return -paid if kind == "minimax" else paid


@chaff("generator_loss", caught_by=("pulls_in_full_where_the_fake_is_recognised", "survives_extreme_logits"))
def log_of_a_sigmoid(fake_logits, *, kind="non_saturating"):
    """It takes the sigmoid and then the logarithm, −∞ where the sigmoid rounds to 0. Take both in one function."""
    _paid(fake_logits, kind=kind)
    believed = torch.sigmoid(fake_logits)
    return torch.log(1 - believed).mean() if kind == "minimax" else -torch.log(believed).mean()


@chaff("generator_loss", caught_by=("pulls_in_full_where_the_fake_is_recognised",))
def guards_its_logarithm(fake_logits, *, kind="non_saturating"):
    """It guards the logarithm by a small number: where D is sure, no slope is left. Use log-sigmoid of the logits."""
    _paid(fake_logits, kind=kind)
    believed = torch.sigmoid(fake_logits)
    return torch.log(1 - believed + 1e-8).mean() if kind == "minimax" else -torch.log(believed + 1e-8).mean()


@chaff("generator_loss", caught_by=("charges_what_is_thought_of_the_fakes",))
def adds_up_over_the_fakes(fake_logits, *, kind="non_saturating"):
    """It adds up over the samples. The loss is their mean, whatever the size of the batch."""
    return _paid(fake_logits, kind=kind) * fake_logits.numel()


@chaff("generator_loss", caught_by=("takes_logits_of_any_shape",))
def mean_over_the_first_dimension(fake_logits, *, kind="non_saturating"):
    """It divides by the length of the batch also where a sample has several logits. Take the mean over all of them."""
    return _paid(fake_logits, kind=kind) * (fake_logits.numel() / max(len(fake_logits), 1))


@chaff("generator_loss", caught_by=("refuses_another_kind",))
def takes_any_kind(fake_logits, *, kind="non_saturating"):
    """It takes every unknown kind for one that it knows. A misspelt kind must raise ValueError."""
    return _paid(fake_logits, kind="minimax" if kind == "minimax" else "non_saturating")


@chaff("generator_loss", caught_by=("has_the_right_gradient",))
def returns_no_graph(fake_logits, *, kind="non_saturating"):
    """It cuts the graph, and no gradient reaches G. The loss is differentiable in the logits."""
    return _paid(fake_logits, kind=kind).detach()


@chaff("generator_loss", caught_by=("leaves_everything_as_it_was",))
def turns_the_logits_in_place(fake_logits, *, kind="non_saturating"):
    """It turns the sign of the caller's logits in place. Work on new tensors."""
    paid = _paid(fake_logits.clone() if not fake_logits.requires_grad else fake_logits * 1, kind=kind)
    with torch.no_grad():
        fake_logits.neg_().sub_(1)
    return paid


@chaff("generator_loss", caught_by=("keeps_the_dtype",))
def single_precision_price(fake_logits, *, kind="non_saturating"):
    """It answers in float32 whatever came in. Keep the dtype."""
    return _paid(fake_logits, kind=kind).float()


@chaff("generator_loss", caught_by=("takes_an_empty_batch",))
def looks_for_the_best_fake(fake_logits, *, kind="non_saturating"):
    """It looks for the largest logit first, which an empty batch does not have."""
    return _paid(fake_logits, kind=kind) + 0 * fake_logits.max().detach()


# discriminator_step


@chaff("discriminator_step", caught_by=("leaves_everything_as_it_was",))
def leaves_gradients_in_the_generator(generator, discriminator, optimizer, real, noise):
    """It runs backward through G as well and leaves gradients there. Make the fakes without a graph."""
    return _move_d(
        generator, discriminator, optimizer, real, noise, fakes=lambda generator, noise: _with_graph(generator, noise)
    )


def _with_graph(generator, noise):
    fake = generator(noise)
    return fake if fake.requires_grad else fake.clone()


@chaff("discriminator_step", caught_by=("leaves_everything_as_it_was",))
def clears_the_generator(generator, discriminator, optimizer, real, noise):
    """It clears G's gradients, which are not this step's. Clear those of the player that steps."""
    generator.zero_grad()
    return _move_d(generator, discriminator, optimizer, real, noise)


@chaff("discriminator_step", caught_by=("forgets_old_gradients", "ends_where_the_reference_ends"))
def keeps_old_gradients(generator, discriminator, optimizer, real, noise):
    """It adds its gradients to those that lie there, also to what G's step left in D. Clear them before backward."""
    return _move_d(generator, discriminator, optimizer, real, noise, clear=False)


@chaff("discriminator_step", caught_by=("takes_one_step_down_its_slope", "ends_where_the_reference_ends"))
def clears_too_late(generator, discriminator, optimizer, real, noise):
    """It clears the gradients between backward and step, so that D never moves. Clear them before backward."""
    loss = _loss(discriminator(real), discriminator(_fakes(generator, noise)))
    loss.backward()
    optimizer.zero_grad(set_to_none=False)
    optimizer.step()
    return loss.item()


@chaff("discriminator_step", caught_by=("takes_one_step_down_its_slope", "learns_the_share_of_real_samples"))
def swaps_the_labels_in_its_step(generator, discriminator, optimizer, real, noise):
    """It trains D to call real samples 0 and generated ones 1. Real is 1."""
    return _move_d(generator, discriminator, optimizer, real, noise, loss=lambda real, fake: _loss(fake, real))


def _over_all(real, fake):
    return 2 * torch.cat([F.softplus(-real).flatten(), F.softplus(fake).flatten()]).mean()


@chaff("discriminator_step", caught_by=("hears_both_sides_equally", "learns_the_share_of_real_samples"))
def one_mean_in_its_step(generator, discriminator, optimizer, real, noise):
    """It takes one mean over both batches, so that the larger one counts for more. Average each side on its own."""
    return _move_d(generator, discriminator, optimizer, real, noise, loss=_over_all)


@chaff("discriminator_step", caught_by=("returns_the_loss_before_the_step", "takes_one_step_down_its_slope"))
def halves_its_step(generator, discriminator, optimizer, real, noise):
    """It halves the loss. Here the loss is the sum of two means."""
    return _move_d(generator, discriminator, optimizer, real, noise, loss=lambda *sides: _loss(*sides) / 2)


@chaff("discriminator_step", caught_by=("returns_the_loss_before_the_step", "agrees_with_the_reference"))
def returns_the_loss_afterwards(generator, discriminator, optimizer, real, noise):
    """It returns the loss that is left after the step. Wanted is the one that the step was taken on."""
    _move_d(generator, discriminator, optimizer, real, noise)
    with torch.no_grad():
        return _loss(discriminator(real), discriminator(generator(noise))).item()


@chaff("discriminator_step", caught_by=("takes_one_step_down_its_slope", "ends_where_the_reference_ends"))
def two_steps_for_two_batches(generator, discriminator, optimizer, real, noise):
    """It steps once for the real batch and once for the fakes. Their losses are added, and D takes one step."""
    costs = []
    for batch, sign in ((real, -1), (_fakes(generator, noise), 1)):
        cost = F.softplus(sign * discriminator(batch)).mean()
        optimizer.zero_grad()
        cost.backward()
        optimizer.step()
        costs.append(cost.item())
    return sum(costs)


def _by_hand(player, optimizer, cost):
    parameters = list(player.parameters())
    rate = optimizer.param_groups[0]["lr"]
    with torch.no_grad():
        for parameter, gradient in zip(parameters, torch.autograd.grad(cost, parameters), strict=True):
            parameter -= rate * gradient
    return cost.item()


@chaff("discriminator_step", caught_by=("moves_as_its_optimizer_moves", "ends_where_the_reference_ends"))
def steps_by_hand(generator, discriminator, optimizer, real, noise):
    """It subtracts the gradient itself. How D moves is up to the optimizer, which may be Adam."""
    cost = _loss(discriminator(real), discriminator(_fakes(generator, noise)))
    return _by_hand(discriminator, optimizer, cost)


@chaff("discriminator_step", caught_by=("leaves_everything_as_it_was",))
def switches_the_modes(generator, discriminator, optimizer, real, noise):
    """It puts D in train mode and G in eval mode, and leaves them there. Both modes are the caller's."""
    discriminator.train()
    generator.eval()
    return _move_d(generator, discriminator, optimizer, real, noise)


# generator_step


@chaff("generator_step", caught_by=("takes_one_step_down_its_slope", "draws_samples_like_the_real_ones"))
def detaches_its_fakes(generator, discriminator, optimizer, noise):
    """It detaches the fakes, and G never moves. Here the gradient must pass through D to G."""
    fake = generator(noise).detach().requires_grad_()
    cost = _paid(discriminator(fake))
    optimizer.zero_grad()
    torch.autograd.grad(cost, fake)
    optimizer.step()
    return cost.item()


@chaff("generator_step", caught_by=("learns_however_sure_the_discriminator_is", "takes_one_step_down_its_slope"))
def steps_on_minimax(generator, discriminator, optimizer, noise):
    """It steps on the minimax loss, which hardly moves G where D recognises every fake. Take the non-saturating one."""
    return _move_g(generator, discriminator, optimizer, noise, loss=lambda logits: _paid(logits, kind="minimax"))


@chaff("generator_step", caught_by=("takes_one_step_down_its_slope", "draws_samples_like_the_real_ones"))
def helps_the_discriminator(generator, discriminator, optimizer, noise):
    """It gives the fakes the label 0, and G learns to be found out. G wants to be called real: label 1."""
    return _move_g(generator, discriminator, optimizer, noise, loss=lambda logits: F.softplus(logits).mean())


@chaff("generator_step", caught_by=("leaves_everything_as_it_was",))
def leaves_gradients_in_the_discriminator(generator, discriminator, optimizer, noise):
    """Its backward leaves gradients in D as well, for D's next step to stumble over. Ask for those of G alone."""
    cost = _paid(discriminator(generator(noise)))
    optimizer.zero_grad()
    cost.backward()
    optimizer.step()
    return cost.item()


@chaff("generator_step", caught_by=("leaves_everything_as_it_was",))
def clears_the_discriminator(generator, discriminator, optimizer, noise):
    """It clears D's gradients, which held something before the step. D's .grad must end as it began."""
    cost = _move_g(generator, discriminator, optimizer, noise)
    discriminator.zero_grad()
    return cost


@chaff("generator_step", caught_by=("leaves_everything_as_it_was",))
def stays_frozen(generator, discriminator, optimizer, noise):
    """It freezes D and never thaws it, so that D learns nothing more. Put the flags back to what they were."""
    discriminator.requires_grad_(False)
    return _move_g(generator, discriminator, optimizer, noise)


@chaff("generator_step", caught_by=("leaves_everything_as_it_was",))
def thaws_everything(generator, discriminator, optimizer, noise):
    """It freezes D and then thaws all of it, also what was frozen before. Put each flag back to what it was."""
    discriminator.requires_grad_(False)
    cost = _move_g(generator, discriminator, optimizer, noise)
    discriminator.requires_grad_(True)
    return cost


@chaff("generator_step", caught_by=("leaves_everything_as_it_was",))
def moves_the_discriminator_too(generator, discriminator, optimizer, noise):
    """It moves D's weights as well, towards believing the fakes. In this step D only judges."""
    cost = _move_g(generator, discriminator, optimizer, noise)
    weights = [each for each in discriminator.parameters() if each.requires_grad]
    if weights:
        slopes = torch.autograd.grad(_paid(discriminator(_fakes(generator, noise))), weights)
        with torch.no_grad():
            for weight, slope in zip(weights, slopes, strict=True):
                weight -= optimizer.param_groups[0]["lr"] * slope
    return cost


@chaff("generator_step", caught_by=("takes_each_step_afresh", "ends_where_the_reference_ends"), silent=True)
def never_clears(generator, discriminator, optimizer, noise):
    """It never clears G's gradients, so that each step carries all those before. They add up until someone does."""
    return _move_g(generator, discriminator, optimizer, noise, clear=False)


@chaff("generator_step", caught_by=("returns_the_loss_before_the_step", "agrees_with_the_reference"))
def returns_what_is_left(generator, discriminator, optimizer, noise):
    """It returns the loss that is left after the step. Wanted is the one that the step was taken on."""
    _move_g(generator, discriminator, optimizer, noise)
    with torch.no_grad():
        return _paid(discriminator(generator(noise))).item()


@chaff("generator_step", caught_by=("moves_as_its_optimizer_moves", "ends_where_the_reference_ends"))
def moves_by_hand(generator, discriminator, optimizer, noise):
    """It subtracts the gradient itself. How G moves is up to the optimizer, which may be Adam."""
    return _by_hand(generator, optimizer, _paid(discriminator(generator(noise))))
