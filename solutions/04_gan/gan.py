"""GANs: a generator and a discriminator that learn from each other."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import Optimizer


def optimal_discriminator(p_data: Tensor, p_gen: Tensor) -> Tensor:
    """What the best possible discriminator says where both densities are known: the probability of being real.

    Args:
        p_data: float tensor of any shape, in [0, 1e30]: the density of real samples at each place.
        p_gen: float tensor of the same shape, in [0, 1e30]: the density of generated samples there.

    Returns:
        Float tensor of that shape, in [0, 1]: p_data/(p_data + p_gen), and 1/2 where both are 0. Differentiable in both
        but where both are 0.

    Source: Goodfellow et al. 2014, proposition 1.
    """
    ### BEGIN SOLUTION
    total = p_data + p_gen
    nowhere = total == 0
    return (p_data + 0.5 * nowhere) / (total + nowhere)
    ### END SOLUTION


def gan_value(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """The value of the game in nats, mean log σ(real) + mean log σ(−fake): what D makes large and G makes small.

    Args:
        real_logits: float tensor of any shape, what D says of real samples: logits of being real, not probabilities.
        fake_logits: float tensor of any shape, what D says of generated samples; their number may be another.

    Returns:
        0-d float tensor, at most 0, differentiable in both, finite for logits of ±200.

    Source: Goodfellow et al. 2014, equation 1.
    """
    ### BEGIN SOLUTION
    return F.logsigmoid(real_logits).mean() + F.logsigmoid(-fake_logits).mean()
    ### END SOLUTION


def discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Minus the value of the game, in nats: the sum of two means, not halved (2 log 2 where all logits are 0).

    Args:
        real_logits: float tensor of any shape, D's logits of real samples.
        fake_logits: float tensor of any shape, D's logits of generated samples; their number may be another.

    Returns:
        0-d float tensor, at least 0, differentiable in both, finite for logits of ±200.

    Source: Goodfellow et al. 2014, equation 1.
    """
    ### BEGIN SOLUTION
    missed = F.softplus(-real_logits).mean()
    believed = F.softplus(fake_logits).mean()
    return missed + believed
    ### END SOLUTION


def generator_loss(fake_logits: Tensor, *, kind: str = "non_saturating") -> Tensor:
    """What the generator pays for what D says of its samples, in nats, mean over all of them.

    Args:
        fake_logits: float tensor of any shape, D's logits of generated samples.
        kind: "non_saturating" for −mean log σ(fake), or "minimax" for mean log σ(−fake).

    Returns:
        0-d float tensor, differentiable, finite for logits of ±200.

    Raises:
        ValueError: if `kind` is another one.

    Source: Goodfellow et al. 2014, section 3.
    """
    ### BEGIN SOLUTION
    if kind == "non_saturating":
        return F.softplus(-fake_logits).mean()
    if kind == "minimax":
        return F.logsigmoid(-fake_logits).mean()
    raise ValueError(f'kind must be "non_saturating" or "minimax", not {kind!r}')
    ### END SOLUTION


def discriminator_step(
    generator: nn.Module, discriminator: nn.Module, optimizer: Optimizer, real: Tensor, noise: Tensor
) -> float:
    """The discriminator's loss before one step of its optimizer down that loss, a step that it takes.

    Old gradients of the discriminator do not count. The generator's parameters, their `.grad` and all train/eval modes
    are left as they were; the discriminator's `.grad` afterwards is free, and buffers of batch normalisation may move
    as the forward passes move them.

    Args:
        generator: maps `noise` to samples `(M, ...)` of the shape of those in `real`.
        discriminator: maps samples to logits; it has no batch statistics.
        optimizer: holds the discriminator's parameters.
        real: float tensor `(N, ...)`, real samples, N at least 1.
        noise: float tensor `(M, ...)`, M at least 1.

    Returns:
        Python float, the `discriminator_loss` before the step.

    Source: Goodfellow et al. 2014, algorithm 1.
    """
    ### BEGIN SOLUTION
    with torch.no_grad():
        fake = generator(noise)
    loss = discriminator_loss(discriminator(real), discriminator(fake))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()
    ### END SOLUTION


def generator_step(generator: nn.Module, discriminator: nn.Module, optimizer: Optimizer, noise: Tensor) -> float:
    """The generator's non-saturating loss before one step of its optimizer down that loss, a step that it takes.

    The discriminator's parameters, their `.grad` and `requires_grad`, and all train/eval modes are afterwards as they
    were; the generator's `.grad` is free, and buffers of batch normalisation may move as the forward passes move them.

    Args:
        generator: maps `noise` to samples `(M, ...)`.
        discriminator: maps samples to logits; it has no batch statistics.
        optimizer: holds the generator's parameters.
        noise: float tensor `(M, ...)`, M at least 1.

    Returns:
        Python float, the non-saturating `generator_loss` before the step.

    Source: Goodfellow et al. 2014, algorithm 1 and section 3.
    """
    ### BEGIN SOLUTION
    loss = generator_loss(discriminator(generator(noise)))
    mine = [parameter for parameter in generator.parameters() if parameter.requires_grad]
    optimizer.zero_grad()
    loss.backward(inputs=mine)
    optimizer.step()
    return loss.item()
    ### END SOLUTION
