"""Attempts at unit 05, written from the sentences of its known mistakes and not from their code."""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from tests.attempts import attempt


@attempt("kl_divergence", mistake="arguments_swapped")
def lets_torch_compute_it(p, q):
    """Torch has the divergence, with logarithms for its first argument; where nothing happens it counts 0."""
    terms = F.kl_div(p.log(), q, reduction="none")
    terms = torch.where(q == 0, torch.zeros_like(terms), terms)
    return terms.sum(dim=-1)


@attempt("kl_divergence", mistake="adds_a_small_number")
def keeps_the_logarithms_finite(p, q):
    """The logarithm of 0 does not exist, so I take it a machine epsilon to the right."""
    tiny = torch.finfo(p.dtype).eps
    log_p = torch.log(p + tiny)
    log_q = torch.log(q + tiny)
    return torch.einsum("...k,...k->...", p, log_p - log_q)


@attempt("kl_divergence", mistake="zero_times_infinity")
def adds_up_one_entry_after_the_other(p, q):
    """The sum over k as the README writes it; an entry of 0 is multiplied by 0 and drops out by itself."""
    total = torch.zeros_like(p[..., 0])
    for k in range(p.shape[-1]):
        happens, expected = p[..., k], q[..., k]
        total = total + happens * torch.log(happens / expected)
    return total


@attempt("kl_divergence", mistake="torchs_with_zeros_in_both")
def uses_the_loss_module(p, q):
    """KLDivLoss knows that 0 log 0 is 0; it wants the log of what was expected, and then what happens."""
    measure = nn.KLDivLoss(reduction="none")
    pointwise = measure(torch.log(q), p)
    return torch.sum(pointwise, dim=-1)


@attempt("js_divergence", mistake="square_root")
def gives_a_distance(p, q):
    """Half the KL of each from the midpoint, and the root at the end, so that it is a distance."""
    middle = 0.5 * p + 0.5 * q
    zero = torch.zeros_like(p)
    of_p = torch.where(p > 0, p * torch.log(p / middle), zero)
    of_q = torch.where(q > 0, q * torch.log(q / middle), zero)
    return ((of_p + of_q).sum(dim=-1) / 2).clamp(min=0).sqrt()


@attempt("js_divergence", mistake="symmetrised_kl")
def goes_both_ways(p, q):
    """KL(p, q) plus KL(q, p) is the sum of (p - q)(log p - log q); the half of that takes no sides."""
    terms = (p - q) * (torch.log(p) - torch.log(q))
    same = p == q
    return 0.5 * terms.masked_fill(same, 0.0).sum(-1)


@attempt("js_divergence", mistake="zeros_in_both")
def compares_with_the_log_of_the_midpoint(p, q):
    """The midpoint is never 0 where p or q is not, so that torch's kl_div can do the rest."""
    log_m = ((p + q) / 2).log()
    terms = torch.stack([F.kl_div(log_m, each, reduction="none") for each in (p, q)])
    return terms.sum(dim=-1).mean(dim=0)


@attempt("js_divergence", mistake="sum_of_both")
def subtracts_entropies(p, q):
    """With entropies: KL(p, m) + KL(q, m) is twice the entropy of m less the entropies of p and q."""

    def entropy(x):
        return torch.special.entr(x).sum(dim=-1)

    return 2 * entropy((p + q) / 2) - entropy(p) - entropy(q)


@attempt("wasserstein_1d", mistake="unsorted")
def carries_each_to_its_partner(u, v):
    """Split the loads until there are equally many on both sides, then see how far each is carried."""
    n = math.lcm(len(u), len(v))
    loads = u.repeat_interleave(n // len(u))
    places = v.repeat_interleave(n // len(v))
    return (loads - places).abs().mean()


@attempt("wasserstein_1d", mistake="squared")
def carries_load_after_load(u, v):
    """Fill the places from left to right: each load has M parts, each place takes N of them."""
    u = torch.sort(u).values
    v = torch.sort(v).values
    cost = u.new_zeros(())
    i = j = 0
    load, room = len(v), len(u)
    while i < len(u) and j < len(v):
        moved = min(load, room)
        cost = cost + moved * (u[i] - v[j]) ** 2
        load -= moved
        room -= moved
        if load == 0:
            i, load = i + 1, len(v)
        if room == 0:
            j, room = j + 1, len(u)
    return cost / (len(u) * len(v))


@attempt("wasserstein_1d", mistake="forgets_the_longer_rest")
def walks_over_both_in_order(u, v):
    """The smallest goes to the smallest, the next to the next, and so on."""
    total = torch.zeros((), dtype=u.dtype, device=u.device)
    pairs = 0
    for a, b in zip(torch.sort(u)[0], torch.sort(v)[0], strict=False):
        total = total + torch.abs(a - b)
        pairs += 1
    return total / pairs


@attempt("wasserstein_1d", mistake="interpolated_quantiles")
def compares_quantiles(u, v):
    """W1 is the mean distance of the quantiles; take as many of them as the longer sample has numbers."""
    n = max(u.numel(), v.numel())
    levels = torch.linspace(0, 1, n, dtype=u.dtype, device=u.device)
    gaps = torch.quantile(u, levels) - torch.quantile(v, levels)
    return torch.mean(torch.abs(gaps))


@attempt("wasserstein_1d", mistake="leaves_the_graph")
def sorts_with_numpy(u, v):
    """Sort with numpy, repeat each number until both are equally long, and average the distances."""
    a = np.sort(u.detach().numpy())
    b = np.sort(v.detach().numpy())
    n = math.lcm(a.size, b.size)
    distance = np.abs(np.repeat(a, n // a.size) - np.repeat(b, n // b.size)).mean()
    return torch.as_tensor(distance, dtype=u.dtype)


@attempt("critic_loss", mistake="sides_swapped")
def raises_real_and_lowers_fake(real_scores, fake_scores):
    """Real samples should score high (plus), fakes low (minus)."""
    real = real_scores.sum() / real_scores.numel()
    fake = fake_scores.sum() / fake_scores.numel()
    return real - fake


@attempt("critic_loss", mistake="score_by_score")
def looks_at_pairs(real_scores, fake_scores):
    """Put each fake beside a real one and average by how much its score is higher."""
    pairs = torch.stack((real_scores.flatten(), fake_scores.flatten()), dim=1)
    gaps = pairs[:, 1] - pairs[:, 0]
    return gaps.mean()


@attempt("critic_loss", mistake="keeps_the_sigmoid")
def scores_between_zero_and_one(real_scores, fake_scores):
    """Bring the scores into a range first, so that the critic cannot win by large numbers alone."""
    squash = nn.Sigmoid()
    return torch.sub(squash(fake_scores).mean(), squash(real_scores).mean())


@attempt("clip_weights", mistake="clips_gradients")
def keeps_the_steps_small(module, limit):
    """Clip what each parameter has gathered, so that no step makes the critic steep."""
    for parameter in module.parameters():
        if parameter.grad is not None:
            parameter.grad.clamp_(min=-limit, max=limit)


@attempt("clip_weights", mistake="forgets_the_biases")
def clips_what_makes_it_steep(module, limit):
    """Only weights make a layer steep; a bias shifts it up or down."""
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            if "bias" in name:
                continue
            parameter.copy_(parameter.clip(-limit, limit))


@attempt("clip_weights", mistake="makes_new_parameters")
def replaces_each_weight(module, limit):
    """Go through all layers and set each of their parameters to its clipped version."""
    for layer in module.modules():
        for name, old in list(layer._parameters.items()):
            if old is None:
                continue
            clipped = torch.clamp(old.detach(), -limit, limit)
            new = nn.Parameter(clipped, requires_grad=old.requires_grad)
            new.grad = old.grad
            setattr(layer, name, new)


@attempt("clip_weights", mistake="clips_buffers_too")
def loads_a_clipped_state(module, limit):
    """The weights are in the state dict: clip it and load it again, which copies into the old parameters."""
    clipped = {name: value.clip(-limit, limit) for name, value in module.state_dict().items()}
    module.load_state_dict(clipped)


@attempt("gradient_penalty", mistake="norm_over_channels")
def copies_the_usual_lines(critic, real, fake, *, weight=10.0, generator=None):
    """The lines that one finds everywhere: mix, differentiate, norm over dimension 1, penalty."""
    alpha = torch.rand(real.shape[0], generator=generator, dtype=real.dtype, device=real.device)
    alpha = alpha.view(real.shape[0], *([1] * (real.dim() - 1)))
    x_hat = (alpha * real + (1 - alpha) * fake).detach().requires_grad_(True)
    scores = critic(x_hat)
    slopes = torch.autograd.grad(scores, x_hat, grad_outputs=torch.ones_like(scores), create_graph=True)[0]
    return weight * ((slopes.norm(2, dim=1) - 1) ** 2).mean()


@attempt("gradient_penalty", mistake="a_number_for_each_element")
def interpolates_with_lerp(critic, real, fake, *, weight=10.0, generator=None):
    """A uniform random tensor as large as the data tells how much of it is real."""
    mixing = torch.empty_like(real).uniform_(generator=generator)
    between = torch.lerp(fake.detach(), real.detach(), mixing).requires_grad_()
    (slopes,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    lengths = torch.linalg.vector_norm(slopes.flatten(start_dim=1), dim=1)
    return weight * torch.mean((lengths - 1) ** 2)


@attempt("gradient_penalty", mistake="bare_root")
def computes_the_length_by_einsum(critic, real, fake, *, weight=10.0, generator=None):
    """The length of a slope is the root of its product with itself."""
    ones = (1,) * (real.dim() - 1)
    alpha = torch.rand((len(real), *ones), generator=generator, dtype=real.dtype, device=real.device)
    mixed = (fake + alpha * (real - fake)).detach()
    mixed.requires_grad = True
    slope = torch.autograd.grad(critic(mixed).sum(), mixed, create_graph=True)[0].flatten(1)
    length = torch.einsum("nd,nd->n", slope, slope).sqrt()
    return weight * F.mse_loss(length, torch.ones_like(length))


@attempt("gradient_penalty", mistake="fakes_not_detached")
def mixes_what_it_is_given(critic, real, fake, *, weight=10.0, generator=None):
    """Mix both batches, ask for the slope at the mixture, fine its length."""
    alpha = torch.rand(len(real), generator=generator, dtype=real.dtype, device=real.device)
    while alpha.dim() < real.dim():
        alpha = alpha.unsqueeze(-1)
    x_hat = alpha * real + (1 - alpha) * fake
    x_hat.requires_grad_()
    total = critic(x_hat).sum()
    slope = torch.autograd.grad(total, x_hat, create_graph=True)[0]
    excess = slope.flatten(1).norm(dim=1) - 1
    return weight * excess.square().mean()


@attempt("gradient_penalty", mistake="slope_without_a_graph")
def asks_for_the_slope_once(critic, real, fake, *, weight=10.0, generator=None):
    """autograd.grad gives the slope at the mixture, and does not touch the parameters' gradients."""
    shape = [real.shape[0]] + [1] * (real.dim() - 1)
    alpha = torch.rand(shape, generator=generator, dtype=real.dtype, device=real.device)
    x = (real.detach() * alpha + fake.detach() * (1 - alpha)).requires_grad_(True)
    scores = critic(x)
    (slope,) = torch.autograd.grad(outputs=scores.sum(), inputs=x)
    fines = (torch.linalg.vector_norm(slope.flatten(1), dim=1) - 1).pow(2)
    return fines.mean() * weight


@attempt("gradient_penalty", mistake="backward_into_the_critic")
def runs_backward_and_reads_the_slope(critic, real, fake, *, weight=10.0, generator=None):
    """Run backward from the scores; then the slope lies in the mixture's grad, with a graph to learn from."""
    alpha = torch.rand(real.shape[0], generator=generator, dtype=real.dtype, device=real.device)
    alpha = alpha.reshape(real.shape[:1] + (1,) * (real.dim() - 1))
    x_hat = torch.lerp(fake.detach(), real.detach(), alpha)
    x_hat.requires_grad_(True)
    critic(x_hat).sum().backward(create_graph=True)
    lengths = x_hat.grad.flatten(1).norm(p=2, dim=1)
    return weight * (lengths - 1).square().mean()


@attempt("power_iteration", mistake="gradient_through_the_loop")
def normalizes_to_and_fro(weight, u, num_iterations):
    """To and fro as often as told, with F.normalize, which keeps away from 0; u is detached at the end."""
    if num_iterations < 1:
        raise ValueError("at least one iteration")
    for _ in range(num_iterations):
        v = F.normalize(weight.t() @ u, dim=0)
        u = F.normalize(weight @ v, dim=0)
    sigma = torch.dot(u, weight @ v)
    return sigma, u.detach()


@attempt("power_iteration", mistake="constant_estimate")
def needs_no_gradient(weight, u, num_iterations):
    """Both vectors are constants, so the whole computation goes under no_grad."""
    if not num_iterations >= 1:
        raise ValueError(f"num_iterations must be at least 1, not {num_iterations}")
    tiny = 1e-12
    with torch.no_grad():
        for _ in range(num_iterations):
            back = torch.mv(weight.T, u)
            v = back / torch.clamp(back.norm(), min=tiny)
            there = torch.mv(weight, v)
            u = there / torch.clamp(there.norm(), min=tiny)
        sigma = torch.einsum("m,mn,n->", u, weight, v)
    return sigma, u


@attempt("power_iteration", mistake="divides_by_zero")
def divides_by_the_length(weight, u, num_iterations):
    """The vector never has the length 0, so that one can divide by lengths."""
    if num_iterations < 1:
        raise ValueError("num_iterations is too small")
    fixed = weight.detach()
    left = u.detach()
    right = None
    for _ in range(num_iterations):
        right = left @ fixed
        right = right / torch.linalg.norm(right)
        left = fixed @ right
        left = left / torch.linalg.norm(left)
    return left @ weight @ right, left


@attempt("power_iteration", mistake="exact_value")
def asks_for_the_spectral_norm(weight, u, num_iterations):
    """The iteration gives the vector for next time; the greatest singular value itself torch can compute."""
    if num_iterations < 1:
        raise ValueError("iterate at least once")
    with torch.no_grad():
        for _ in range(num_iterations):
            v = F.normalize(torch.matmul(weight.T, u), dim=-1)
            u = F.normalize(torch.matmul(weight, v), dim=-1)
    sigma = torch.linalg.matrix_norm(weight, ord=2)
    return sigma, u.detach()
