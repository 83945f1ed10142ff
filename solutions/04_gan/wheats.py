"""Other right ways to write the two players."""

from __future__ import annotations

import copy

import torch
import torch.nn.functional as F
from torch.func import functional_call

from autograder.wheats import wheat


@wheat("optimal_discriminator")
def fills_in_the_half(p_data, p_gen):
    """Divides first and replaces the nans of 0/0 afterwards."""
    return torch.where((p_data == 0) & (p_gen == 0), 0.5, p_data / (p_data + p_gen))


@wheat("optimal_discriminator")
def sigmoid_of_the_log_ratio(p_data, p_gen):
    """Takes the sigmoid of the difference of the log-densities, D's best logit."""
    logit = torch.log(p_data) - torch.log(p_gen)
    return torch.sigmoid(torch.nan_to_num(logit, nan=0.0, posinf=torch.inf, neginf=-torch.inf))


@wheat("optimal_discriminator")
def by_the_greater(p_data, p_gen):
    """Divides both by the greater of the two first, so that 1 and 0 are the extremes."""
    greater = torch.maximum(p_data, p_gen).detach()
    empty = greater == 0
    p = torch.where(empty, 1.0, p_data / greater)
    q = torch.where(empty, 1.0, p_gen / greater)
    return p / (p + q)


@wheat("gan_value")
def minus_softplus(real_logits, fake_logits):
    """Writes log σ(l) as −softplus(−l), which is a straight line above 20."""
    return -(F.softplus(-real_logits).mean() + F.softplus(fake_logits).mean())


@wheat("gan_value")
def sums_over_counts(real_logits, fake_logits):
    """Adds up and divides by the number of samples of each side."""
    real = F.logsigmoid(real_logits).sum() / max(real_logits.numel(), 1)
    fake = (F.logsigmoid(fake_logits) - fake_logits).sum() / max(fake_logits.numel(), 1)
    return real + fake


@wheat("gan_value")
def with_logaddexp(real_logits, fake_logits):
    """Takes log(1 + exp(x)) for the logarithm of a sum of two exponentials."""
    zero_real, zero_fake = torch.zeros_like(real_logits), torch.zeros_like(fake_logits)
    return -torch.logaddexp(zero_real, -real_logits).mean() - torch.logaddexp(zero_fake, fake_logits).mean()


@wheat("discriminator_loss")
def cross_entropies_with_logits(real_logits, fake_logits):
    """Two binary cross-entropies with logits, labels 1 and 0."""
    real = F.binary_cross_entropy_with_logits(real_logits, torch.ones_like(real_logits))
    return real + F.binary_cross_entropy_with_logits(fake_logits, torch.zeros_like(fake_logits))


@wheat("discriminator_loss")
def weighs_each_sample(real_logits, fake_logits):
    """Concatenates after all, with weights that make up for the unequal numbers."""
    sides = (-real_logits.flatten(), fake_logits.flatten())
    weights = torch.cat([torch.full_like(each, 1 / max(len(each), 1)) for each in sides])
    return (weights * F.softplus(torch.cat(sides))).sum()


@wheat("discriminator_loss")
def two_classes(real_logits, fake_logits):
    """A cross-entropy over the classes generated, whose logit is 0, and real."""

    def cost(logits, label):
        flat = logits.reshape(-1)
        both = torch.stack([torch.zeros_like(flat), flat], 1)
        return F.cross_entropy(both, torch.full(flat.shape, label, dtype=torch.int64))

    return cost(real_logits, 1) + cost(fake_logits, 0)


@wheat("generator_loss")
def one_cross_entropy(fake_logits, *, kind="non_saturating"):
    """A binary cross-entropy with logits, label 1, or minus the one with label 0."""
    labels = {"non_saturating": 1.0, "minimax": 0.0}
    if kind not in labels:
        raise ValueError(f"unknown kind {kind!r}; known are {', '.join(labels)}")
    cost = F.binary_cross_entropy_with_logits(fake_logits, torch.full_like(fake_logits, labels[kind]))
    return -cost if kind == "minimax" else cost


@wheat("generator_loss")
def one_signed_softplus(fake_logits, *, kind="non_saturating"):
    """Both kinds are s·softplus(−s·l), s = 1 or −1."""
    try:
        sign = {"non_saturating": 1, "minimax": -1}[kind]
    except KeyError as error:
        raise ValueError(f"no kind {kind!r}") from error
    return (sign * F.softplus(-sign * fake_logits)).mean()


def _cost(real_logits, fake_logits):
    return F.softplus(-real_logits).mean() + F.softplus(fake_logits).mean()


@wheat("discriminator_step")
def judges_both_in_one_call(generator, discriminator, optimizer, real, noise):
    """Concatenates both batches for one call of D, with detached fakes."""
    optimizer.zero_grad(set_to_none=False)
    logits = discriminator(torch.cat([real, generator(noise).detach()]))
    loss = _cost(logits[: len(real)], logits[len(real) :])
    loss.backward()
    optimizer.step()
    return float(loss.detach())


@wheat("discriminator_step")
def backward_twice(generator, discriminator, optimizer, real, noise):
    """Runs backward for each side on its own: gradients add up; clears them afterwards, too."""
    discriminator.zero_grad()
    of_real = F.softplus(-discriminator(real)).mean()
    of_real.backward()
    of_fake = F.softplus(discriminator(generator(noise).detach())).mean()
    of_fake.backward()
    optimizer.step()
    discriminator.zero_grad()
    return of_real.item() + of_fake.item()


@wheat("discriminator_step")
def asks_for_gradients(generator, discriminator, optimizer, real, noise):
    """Lets the graph reach G, but asks for the gradients of D's parameters only and puts them in place."""
    loss = _cost(discriminator(real), discriminator(generator(noise)))
    parameters = list(discriminator.parameters())
    for parameter, gradient in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
        parameter.grad = gradient
    optimizer.step()
    return loss.item()


@wheat("discriminator_step")
def uses_a_closure(generator, discriminator, optimizer, real, noise):
    """Hands the optimizer a closure and returns the loss that comes back."""
    with torch.inference_mode():
        fake = generator(noise)
    fake = fake.clone()

    def closure():
        optimizer.zero_grad()
        with torch.enable_grad():
            loss = _cost(discriminator(real), discriminator(fake))
            loss.backward()
        return loss

    return optimizer.step(closure).item()


@wheat("discriminator_step")
def restores_the_generator(generator, discriminator, optimizer, real, noise):
    """Runs backward through everything and gives G's gradients back what they were."""
    kept = [None if each.grad is None else each.grad.clone() for each in generator.parameters()]
    optimizer.zero_grad()
    loss = _cost(discriminator(real), discriminator(generator(noise)))
    loss.backward()
    for each, gradient in zip(generator.parameters(), kept, strict=True):
        each.grad = gradient
    optimizer.step()
    return loss.item()


@wheat("generator_step")
def freezes_for_a_while(generator, discriminator, optimizer, noise):
    """Freezes D and puts every flag back to what it was, whatever happens."""
    flags = [(each, each.requires_grad) for each in discriminator.parameters()]
    try:
        discriminator.requires_grad_(False)
        loss = F.softplus(-discriminator(generator(noise))).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    finally:
        for each, flag in flags:
            each.requires_grad_(flag)
    return loss.item()


@wheat("generator_step")
def restores_the_gradients(generator, discriminator, optimizer, noise):
    """Runs backward through everything and gives D's gradients back what they were."""
    kept = [(each, None if each.grad is None else each.grad.clone()) for each in discriminator.parameters()]
    logits = discriminator(generator(noise))
    loss = F.binary_cross_entropy_with_logits(logits, torch.ones_like(logits))
    generator.zero_grad(set_to_none=False)
    loss.backward()
    for each, gradient in kept:
        each.grad = gradient
    optimizer.step()
    return float(loss.detach())


@wheat("generator_step")
def judges_with_a_copy(generator, discriminator, optimizer, noise):
    """Asks a copy of D, which may be spoiled; clears G's gradients afterwards and not before."""
    judge = copy.deepcopy(discriminator)
    optimizer.zero_grad()
    loss = -F.logsigmoid(judge(generator(noise))).mean()
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    return loss.item()


@wheat("generator_step")
def takes_constant_weights(generator, discriminator, optimizer, noise):
    """Calls D with detached weights, and puts G's gradients in place itself."""
    weights = {name: each.detach() for name, each in discriminator.named_parameters()}
    logits = functional_call(discriminator, weights, (generator(noise),))
    loss = F.softplus(-logits).mean()
    mine = [each for group in optimizer.param_groups for each in group["params"]]
    for parameter, gradient in zip(mine, torch.autograd.grad(loss, mine), strict=True):
        parameter.grad = gradient
    optimizer.step()
    return loss.item()


@wheat("generator_step")
def clears_afterwards(generator, discriminator, optimizer, noise):
    """Clears G's gradients after its step only: the next one starts without any."""
    loss = F.softplus(-discriminator(generator(noise))).mean()
    loss.backward(inputs=list(generator.parameters()))
    optimizer.step()
    optimizer.zero_grad()
    return loss.item()
