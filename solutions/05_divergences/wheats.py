"""Other right answers to the divergences."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import nn

from autograder.wheats import wheat


@wheat("kl_divergence")
def switches_zeros_off(p, q):
    """Takes the logarithm of the quotient, and lets `where` drop the entries that p does not have."""
    return torch.where(p > 0, p * (p / q).log(), torch.zeros_like(p)).sum(-1)


@wheat("kl_divergence")
def cross_entropy_less_entropy(p, q):
    """The cross-entropy of q under p less the entropy of p, with torch.special."""
    return -torch.special.xlogy(p, q).sum(-1) - torch.special.entr(p).sum(-1)


@wheat("kl_divergence")
def pair_by_pair(p, q):
    """Selects the entries that p has, one pair after the other."""
    results = [(a[a > 0] * (a[a > 0].log() - b[a > 0].log())).sum() for a, b in zip(*_rows(p, q), strict=True)]
    return torch.stack(results).reshape(p.shape[:-1]) if results else p.sum(-1)


def _rows(p, q):
    return p.reshape(-1, p.shape[-1]), q.reshape(-1, q.shape[-1])


@wheat("js_divergence")
def entropy_gained_by_mixing(p, q):
    """The entropy of the midpoint less the mean of both entropies."""
    entropy = lambda x: torch.special.entr(x).sum(-1)  # noqa: E731
    return entropy((p + q) / 2) - (entropy(p) + entropy(q)) / 2


@wheat("js_divergence")
def with_torchs_divergence(p, q):
    """Asks torch for both divergences from the logarithm of the midpoint, whose zeros are lifted."""
    tiny = torch.finfo(p.dtype).tiny
    middle = (0.5 * (p + q)).clamp(min=tiny).log()
    return 0.5 * (F.kl_div(middle, p, reduction="none") + F.kl_div(middle, q, reduction="none")).sum(-1)


@wheat("js_divergence")
def below_the_ceiling(p, q):
    """The ceiling less what the two have in common, each entry's share of its pair in nats; never below zero."""
    total = p + q
    share = torch.where(total > 0, p / total.clamp(min=1e-30), torch.zeros_like(p))
    shared = -(torch.xlogy(share, share) + torch.xlogy(1 - share, 1 - share))
    return (math.log(2) * total - total * shared).sum(-1).div(2).clamp(min=0)


@wheat("wasserstein_1d")
def area_between_the_steps(u, v):
    """The area between the two cumulative distributions, counted at all numbers of both."""
    places = torch.cat([u, v]).sort().values
    left = places[:-1]
    below = [(each[None, :] <= left[:, None]).to(u.dtype).mean(1).detach() for each in (u, v)]
    return (places.diff() * (below[0] - below[1]).abs()).sum()


@wheat("wasserstein_1d")
def equal_shares(u, v):
    """Cuts every number into equal shares until both samples have as many."""
    shares = math.lcm(len(u), len(v))
    first, second = (each.sort()[0].repeat_interleave(shares // len(each)) for each in (u, v))
    return torch.nn.functional.l1_loss(first, second)


@wheat("wasserstein_1d")
def two_heaps(u, v):
    """Carries earth from the lowest number of one heap to the lowest of the other until both are gone."""
    u, v = torch.sort(u).values, torch.sort(v).values
    cost, i, j, mine, theirs = u.new_zeros(()), 0, 0, len(v), len(u)  # shares of 1/(N·M)
    while i < len(u):
        load = min(mine, theirs)
        cost = cost + load * torch.abs(u[i] - v[j])
        mine, theirs = mine - load, theirs - load
        if mine == 0:
            i, mine = i + 1, len(v)
        if theirs == 0:
            j, theirs = j + 1, len(u)
    return cost / (len(u) * len(v))


@wheat("critic_loss")
def minus_a_difference(real_scores, fake_scores):
    """Minus the real mean's lead."""
    return -(torch.mean(real_scores) - torch.mean(fake_scores))


@wheat("critic_loss")
def weighted_scores(real_scores, fake_scores):
    """One sum over all scores, each weighed by its sign and its side's size."""
    signs = [torch.full_like(real_scores, -1 / max(len(real_scores), 1))]
    signs.append(torch.full_like(fake_scores, 1 / max(len(fake_scores), 1)))
    return (torch.cat(signs) * torch.cat([real_scores, fake_scores])).sum()


@wheat("clip_weights")
def through_the_data(module, limit):
    """Gives each parameter new data, between torch's minimum and maximum."""
    for parameter in module.parameters():
        low, high = torch.full_like(parameter.data, -limit), torch.full_like(parameter.data, limit)
        parameter.data = torch.minimum(torch.maximum(parameter.data, low), high)


@wheat("clip_weights")
def layer_after_layer(module, limit):
    """Visits each submodule and copies clipped numbers into its own parameters."""

    @torch.no_grad()
    def clip(layer):
        for parameter in layer._parameters.values():
            if parameter is not None:
                parameter.copy_(torch.clip(parameter, -limit, limit))

    module.apply(clip)


@wheat("clip_weights")
def with_hardtanh(module, limit):
    """The hard tanh of torch is a clamp; it can work in place on detached views."""
    for _, parameter in module.named_parameters():
        F.hardtanh(parameter.detach(), -limit, limit, inplace=True)


@wheat("gradient_penalty")
def as_in_the_paper(critic, real, fake, *, weight=10.0, generator=None):
    """Mixes with weights for the fakes, passes ones backward, and flattens by hand."""
    batch = real.shape[0]
    alpha = torch.rand(batch, generator=generator, device=real.device).to(real.dtype)
    alpha = alpha.view(batch, *([1] * (real.dim() - 1))).expand_as(real)
    interpolates = (alpha * fake.detach() + (1 - alpha) * real.detach()).requires_grad_(True)
    scores = critic(interpolates)
    gradients = torch.autograd.grad(
        outputs=scores,
        inputs=interpolates,
        grad_outputs=torch.ones_like(scores),
        create_graph=True,
        retain_graph=True,
        only_inputs=True,
    )[0]
    gradients = gradients.reshape(batch, real[:1].numel())
    return weight * ((gradients.norm(2, dim=1) - 1) ** 2).mean()


@wheat("gradient_penalty")
def with_a_guarded_root(critic, real, fake, *, weight=10.0, generator=None):
    """Sums squares over all axes but the first, and keeps the root away from zero."""
    fake = fake.detach()
    shape = [len(real)] + [1] * (real.ndim - 1)
    share = torch.empty(shape, dtype=real.dtype).uniform_(0, 1, generator=generator)
    mixed = torch.lerp(fake, real, share).requires_grad_()
    (slope,) = torch.autograd.grad(critic(mixed).sum(), [mixed], create_graph=True)
    squares = slope.square().sum(dim=tuple(range(1, real.ndim)))
    return weight * torch.mean(((squares + 1e-12).sqrt() - 1).pow(2))


@wheat("gradient_penalty")
def with_functional_gradients(critic, real, fake, *, weight=10.0, generator=None):
    """Asks torch.func for each sample's own gradient."""
    mixing = torch.rand(len(real), generator=generator, dtype=real.dtype)
    mixing = mixing[(...,) + (None,) * (real.ndim - 1)]
    mixed = (fake + mixing * (real - fake)).detach()
    slopes = torch.func.grad(lambda x: critic(x).sum())(mixed)
    return weight * F.mse_loss(torch.linalg.vector_norm(slopes.flatten(1), dim=1), torch.ones(len(real)).to(real))


@wheat("gradient_penalty")
def sample_after_sample(critic, real, fake, *, weight=10.0, generator=None):
    """Fines one sample at a time, with a mixing number drawn for each."""
    fines = [torch.zeros_like(real[:0].sum())]
    for one, other in zip(real.split(1), fake.detach().split(1), strict=False):
        if not len(one):
            break
        mixing = float(torch.rand((), generator=generator, dtype=torch.float64))
        point = nn.Parameter(mixing * one.detach() + (1 - mixing) * other)
        (slope,) = torch.autograd.grad(critic(point).squeeze(), point, create_graph=True)
        fines.append((slope.norm() - 1) ** 2)
    return weight * torch.stack(fines).sum() / max(len(real), 1)


@wheat("power_iteration")
def squared_matrix(weight, u, num_iterations):
    """Walks with W Wᵀ, and takes the half step to v at the end."""
    if num_iterations <= 0:
        raise ValueError("no iterations")
    fixed = weight.detach()
    u, square = u.detach(), fixed @ fixed.T
    for _ in range(num_iterations - 1):
        u = _unit(square @ u)
    v = _unit(fixed.T @ u)
    u = _unit(fixed @ v)
    return torch.einsum("m,mn,n->", u, weight, v), u


def _unit(x):
    return x / x.norm().clamp(min=1e-12)


@wheat("power_iteration")
def detached_at_the_end(weight, u, num_iterations):
    """Lets the loop be recorded, and detaches both vectors after it; small guards stand in the quotients."""
    if num_iterations < 1:
        raise ValueError(num_iterations)
    for _ in range(num_iterations):
        v = weight.t().mv(u)
        v = v / (v.norm() + 1e-12)
        u = weight.mv(v)
        u = u / (u.norm() + 1e-12)
    u, v = u.detach(), v.detach()
    return torch.dot(u, weight.mv(v)), u


@wheat("power_iteration")
def length_of_the_image(weight, u, num_iterations):
    """The estimate is the length of Wv, which has the same value and the same slope; zeros leave u as it was."""
    if not num_iterations >= 1:
        raise ValueError("at least one")
    w, u = weight.detach(), u.detach().clone()
    for _ in range(num_iterations):
        v = F.normalize((u[None] @ w)[0], dim=0)
        image = w @ v
        u = image / image.norm() if bool(image.any()) else u
    return torch.linalg.vector_norm(weight @ v), u
