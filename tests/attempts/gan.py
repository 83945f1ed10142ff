"""Attempts at unit 04, written from the sentences of its known mistakes and not from their code."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from tests.attempts import attempt


@attempt("optimal_discriminator", mistake="swaps_the_densities")
def takes_the_share_of_the_generator(p_data, p_gen):
    """D finds out the generated samples, so it gives their share among all samples that lie here."""
    total = p_data + p_gen
    empty = total == 0
    share = p_gen / total.masked_fill(empty, 1.0)
    return share.masked_fill(empty, 0.5)


@attempt("optimal_discriminator", mistake="guards_with_a_constant")
def stabilises_the_fraction(p_data, p_gen):
    """The fraction of the README with the usual epsilon for numerical stability, and a half where nothing lives."""
    eps = 1e-8
    total = torch.add(p_data, p_gen)
    fraction = torch.div(p_data, total + eps)
    return torch.where(total > 0, fraction, torch.full_like(fraction, 0.5))


@attempt("optimal_discriminator", mistake="divides_zero_by_zero")
def normalises_the_pair(p_data, p_gen):
    """Put both densities on top of each other and make them sum to one at every place; D is the first of the two."""
    pair = torch.stack((p_data, p_gen))
    shares = pair / pair.sum(dim=0, keepdim=True)
    return shares[0]


@attempt("optimal_discriminator", mistake="odds_for_a_probability")
def takes_the_density_ratio(p_data, p_gen):
    """The best discriminator knows the density ratio: how many times likelier real is than generated."""
    nowhere = torch.logical_and(p_data == 0, p_gen == 0)
    ratio = p_data / torch.where(nowhere, torch.ones_like(p_gen), p_gen)
    return torch.where(nowhere, torch.full_like(ratio, 0.5), ratio)


@attempt("optimal_discriminator", mistake="without_a_graph")
def divides_where_it_can(p_data, p_gen):
    """NumPy's divide has a `where`, so the halves can be written first and the rest is divided."""
    p = p_data.detach().cpu().numpy()
    total = p + p_gen.detach().cpu().numpy()
    share = np.full_like(p, 0.5)
    np.divide(p, total, out=share, where=total > 0)
    return torch.from_numpy(share)


@attempt("gan_value", mistake="sigmoid_then_log")
def writes_out_the_sigmoid(real_logits, fake_logits):
    """First turn the logits into probabilities, then take the logarithms as in the paper; log1p is exact near 0."""
    d_real = 1 / (1 + torch.exp(-real_logits))
    d_fake = 1 / (1 + torch.exp(-fake_logits))
    value_real = torch.mean(torch.log(d_real))
    value_fake = torch.mean(torch.log1p(-d_fake))
    return value_real + value_fake


def _safe_log(probability):
    return torch.log(probability + 1e-8)


@attempt("gan_value", mistake="guards_the_logarithm")
def uses_a_safe_log(real_logits, fake_logits):
    """The logarithm of 0 is infinite, so I use a safe one; everything stays finite for any logit."""
    activation = nn.Sigmoid()
    real, fake = activation(real_logits), activation(fake_logits)
    return _safe_log(real).mean() + _safe_log(1.0 - fake).mean()


@attempt("gan_value", mistake="forgets_one_minus")
def logs_both_sides(real_logits, fake_logits):
    """The log of sigmoid(x) is -log(1 + exp(-x)); average it for the real samples and for the fakes."""
    means = []
    for logits in (real_logits, fake_logits):
        zero = torch.zeros_like(logits)
        means.append(-torch.logaddexp(zero, -logits).mean())
    return means[0] + means[1]


@attempt("gan_value", mistake="one_mean_for_all")
def concatenates_the_verdicts(real_logits, fake_logits):
    """Give every logit its sign, put all of them into one long vector, and average; there are two sides, so times 2."""
    signed = torch.cat([real_logits.reshape(-1), -fake_logits.reshape(-1)])
    return 2 * F.logsigmoid(signed).mean()


@attempt("gan_value", mistake="adds_before_the_mean")
def pairs_real_with_fake(real_logits, fake_logits):
    """Each pair of a real sample and a fake gives log D + log(1 - D); the value is what a pair gives on average."""
    log_d = F.logsigmoid(real_logits)
    log_one_minus_d = torch.neg(F.softplus(fake_logits))
    per_pair = torch.add(log_d, log_one_minus_d)
    return per_pair.mean()


@attempt("discriminator_loss", mistake="halves_the_loss")
def averages_two_cross_entropies(real_logits, fake_logits):
    """A cross-entropy for the real batch, one for the fakes, and the average of the two, as in many repositories."""
    criterion = nn.BCEWithLogitsLoss()
    loss_real = criterion(real_logits, torch.ones_like(real_logits))
    loss_fake = criterion(fake_logits, torch.zeros_like(fake_logits))
    return (loss_real + loss_fake) * 0.5


@attempt("discriminator_loss", mistake="swaps_the_labels")
def pays_softplus(real_logits, fake_logits):
    """Minus log sigmoid is a softplus, and the minus goes to the fakes."""
    price_of_real = F.softplus(real_logits)
    price_of_fake = F.softplus(-fake_logits)
    return price_of_real.mean() + price_of_fake.mean()


@attempt("discriminator_loss", mistake="cross_entropy_of_probabilities")
def uses_bceloss(real_logits, fake_logits):
    """The loss of GANs is torch's BCELoss, and that takes probabilities, so the sigmoid comes first."""
    bce = nn.BCELoss(reduction="mean")
    total = 0
    for logits, label in [(real_logits, 1.0), (fake_logits, 0.0)]:
        total = total + bce(logits.sigmoid(), torch.full_like(logits, label))
    return total


@attempt("discriminator_loss", mistake="sigmoid_before_with_logits")
def makes_probabilities_first(real_logits, fake_logits):
    """D's answers must be probabilities; the version of the cross-entropy with logits is the stable one."""
    p_real = torch.special.expit(real_logits)
    p_fake = torch.special.expit(fake_logits)
    real_term = F.binary_cross_entropy_with_logits(p_real, torch.ones_like(p_real))
    fake_term = F.binary_cross_entropy_with_logits(p_fake, torch.zeros_like(p_fake))
    return real_term + fake_term


@attempt("discriminator_loss", mistake="labels_in_a_column")
def makes_a_label_per_sample(real_logits, fake_logits):
    """One label for each sample of the batch: ones for real, zeros for generated."""
    valid = torch.ones(real_logits.shape[0], 1, dtype=real_logits.dtype, device=real_logits.device)
    generated = torch.zeros(fake_logits.shape[0], 1, dtype=fake_logits.dtype, device=fake_logits.device)
    adversarial_loss = nn.BCEWithLogitsLoss()
    return adversarial_loss(real_logits, valid) + adversarial_loss(fake_logits, generated)


@attempt("generator_loss", mistake="wants_to_be_found_out")
def labels_the_fakes_as_fakes(fake_logits, *, kind="non_saturating"):
    """The cross-entropy with the label of the fakes, which is 0; minimax is the term of the value."""
    if kind not in ("non_saturating", "minimax"):
        raise ValueError(f"no loss called {kind}")
    if kind == "minimax":
        return F.logsigmoid(-fake_logits).mean()
    labels = torch.zeros_like(fake_logits)
    return F.binary_cross_entropy_with_logits(fake_logits, labels)


@attempt("generator_loss", mistake="minimax_without_its_sign")
def chooses_the_label(fake_logits, *, kind="non_saturating"):
    """Both losses are cross-entropies and differ in the label only: 1 - D belongs to label 0, D to label 1."""
    labels = {"minimax": 0.0, "non_saturating": 1.0}
    if kind not in labels:
        raise ValueError(kind)
    target = torch.full_like(fake_logits, labels[kind])
    return nn.BCEWithLogitsLoss()(fake_logits, target)


@attempt("generator_loss", mistake="log_of_a_sigmoid")
def follows_the_paper(fake_logits, *, kind="non_saturating"):
    """D(G(z)) is the sigmoid of the logit; then log D or log(1 - D), as the paper has it."""
    d_of_g = torch.sigmoid(fake_logits)
    match kind:
        case "minimax":
            return torch.mean(torch.log(1 - d_of_g))
        case "non_saturating":
            return torch.mean(-torch.log(d_of_g))
        case _:
            raise ValueError(f"unknown kind: {kind!r}")


@attempt("generator_loss", mistake="mean_over_the_first_dimension")
def divides_by_the_batch_size(fake_logits, *, kind="non_saturating"):
    """Add up the losses and divide by the size of the batch, which is the first dimension."""
    if kind == "non_saturating":
        losses = F.softplus(-fake_logits)
    elif kind == "minimax":
        losses = -F.softplus(fake_logits)
    else:
        raise ValueError("kind must be non_saturating or minimax")
    batch_size = torch.atleast_1d(fake_logits).shape[0]
    return losses.sum() / batch_size


@attempt("generator_loss", mistake="takes_any_kind")
def has_a_default(fake_logits, *, kind="non_saturating"):
    """Look the sign up: minimax turns it, everything else is the usual loss."""
    sign = {"minimax": -1}.get(kind, 1)
    return -sign * F.logsigmoid(sign * fake_logits).mean()


def _d_loss(discriminator, real, fakes):
    real_logits, fake_logits = discriminator(real), discriminator(fakes)
    return F.softplus(-real_logits).mean() + F.softplus(fake_logits).mean()


@attempt("discriminator_step", mistake="leaves_gradients_in_the_generator")
def trains_as_usual(generator, discriminator, optimizer, real, noise):
    """The usual four lines; the optimizer only holds D's parameters, so G does not move."""
    loss = _d_loss(discriminator, real, generator(noise))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


@attempt("discriminator_step", mistake="keeps_old_gradients")
def tidies_up_at_the_end(generator, discriminator, optimizer, real, noise):
    """Backward, step, and then leave D's gradients clean for the next call."""
    with torch.no_grad():
        fakes = generator(noise)
    loss = _d_loss(discriminator, real, fakes)
    loss.backward()
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return loss.item()


@attempt("discriminator_step", mistake="returns_the_loss_afterwards")
def reports_how_good_d_is(generator, discriminator, optimizer, real, noise):
    """Make the fakes once, step, and report the loss without a graph so that it is a plain number."""
    fakes = generator(noise).detach()
    weights = [w for w in discriminator.parameters() if w.requires_grad]
    optimizer.zero_grad()
    gradients = torch.autograd.grad(_d_loss(discriminator, real, fakes), weights, allow_unused=True)
    for weight, gradient in zip(weights, gradients, strict=True):
        weight.grad = gradient
    optimizer.step()
    with torch.no_grad():
        return _d_loss(discriminator, real, fakes).item()


@attempt("discriminator_step", mistake="two_steps_for_two_batches")
def learns_real_then_fake(generator, discriminator, optimizer, real, noise):
    """First D learns that the real batch is 1, then that the fake batch is 0; the loss is the sum of both."""
    with torch.no_grad():
        fakes = generator(noise)
    total = 0.0
    for samples, label in ((real, 1.0), (fakes, 0.0)):
        optimizer.zero_grad()
        logits = discriminator(samples)
        loss = F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, label))
        loss.backward()
        optimizer.step()
        total += loss.item()
    return total


@attempt("discriminator_step", mistake="switches_the_modes")
def sets_who_trains(generator, discriminator, optimizer, real, noise):
    """D trains now and G only samples, so say so with train and eval."""
    discriminator.train()
    generator.eval()
    criterion = nn.BCEWithLogitsLoss()
    fakes = generator(noise).detach()
    optimizer.zero_grad()
    real_logits = discriminator(real)
    fake_logits = discriminator(fakes)
    loss = criterion(real_logits, torch.ones_like(real_logits)) + criterion(fake_logits, torch.zeros_like(fake_logits))
    loss.backward()
    optimizer.step()
    return loss.item()


@attempt("generator_step", mistake="leaves_gradients_in_the_discriminator")
def backpropagates_through_both(generator, discriminator, optimizer, noise):
    """The gradient must pass through D, so call backward; the optimizer has only G's parameters and moves only G."""
    optimizer.zero_grad()
    logits = discriminator(generator(noise))
    loss = nn.BCEWithLogitsLoss()(logits, torch.ones_like(logits))
    loss.backward()
    optimizer.step()
    return loss.item()


@attempt("generator_step", mistake="clears_the_discriminator")
def sweeps_up_behind_itself(generator, discriminator, optimizer, noise):
    """Backward also writes gradients into D, so remove them afterwards and D is as before."""
    optimizer.zero_grad()
    loss = torch.mean(F.softplus(-discriminator(generator(noise))))
    loss.backward()
    optimizer.step()
    discriminator.zero_grad()
    return loss.item()


@attempt("generator_step", mistake="thaws_everything")
def freezes_d_for_a_moment(generator, discriminator, optimizer, noise):
    """Switch D's gradients off for this step and on again at the end."""
    for parameter in discriminator.parameters():
        parameter.requires_grad = False
    loss = -F.logsigmoid(discriminator(generator(noise))).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    for parameter in discriminator.parameters():
        parameter.requires_grad = True
    return loss.item()


@attempt("generator_step", mistake="detaches_its_fakes")
def asks_torch_for_a_gradient(generator, discriminator, optimizer, noise):
    """D only judges: freeze it, hand it the samples as data, and tell torch that the loss needs a gradient."""
    flags = [(weight, weight.requires_grad) for weight in discriminator.parameters()]
    for weight, _ in flags:
        weight.requires_grad_(False)
    optimizer.zero_grad()
    samples = generator(noise).detach()
    loss = F.softplus(-discriminator(samples)).mean()
    loss.requires_grad_()
    loss.backward()
    optimizer.step()
    for weight, flag in flags:
        weight.requires_grad_(flag)
    return loss.item()


@attempt("generator_step", mistake="steps_on_minimax")
def lowers_the_value(generator, discriminator, optimizer, noise):
    """G lowers the value of the game, of which log(1 - D(G(z))) is its part; gradients are asked for G alone."""
    optimizer.zero_grad()
    weights = [w for group in optimizer.param_groups for w in group["params"] if w.requires_grad]
    loss = F.logsigmoid(-discriminator(generator(noise))).mean()
    for weight, gradient in zip(weights, torch.autograd.grad(loss, weights, allow_unused=True), strict=True):
        weight.grad = gradient
    optimizer.step()
    return loss.item()
