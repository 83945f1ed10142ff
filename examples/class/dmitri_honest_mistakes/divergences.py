import torch
import torch.nn.functional as F


def kl_divergence(p, q):
    return torch.where(p > 0, p * (p.log() - q.log()), torch.zeros_like(p)).sum(dim=-1)


def js_divergence(p, q):
    return (kl_divergence(p, q) + kl_divergence(q, p)) / 2


def wasserstein_1d(u, v):
    u, _ = torch.sort(u)
    v, _ = torch.sort(v)
    n = min(len(u), len(v))
    return (u[:n] - v[:n]).abs().mean()


def critic_loss(real_scores, fake_scores):
    return fake_scores.mean() - real_scores.mean()


def clip_weights(module, limit):
    with torch.no_grad():
        for name, p in module.named_parameters():
            if name.endswith("weight"):
                p.clamp_(-limit, limit)


def gradient_penalty(critic, real, fake, *, weight=10.0, generator=None):
    alpha = torch.rand(1, generator=generator, dtype=real.dtype)
    x_hat = (alpha * real + (1 - alpha) * fake).detach().requires_grad_(True)
    grads = torch.autograd.grad(critic(x_hat).sum(), x_hat, create_graph=True)[0]
    return weight * ((grads.flatten(1).norm(dim=1) - 1) ** 2).mean()


def power_iteration(weight, u, num_iterations):
    if num_iterations < 1:
        raise ValueError("num_iterations must be at least 1")
    for _ in range(num_iterations):
        v = F.normalize(weight.T @ u, dim=0)
        u = F.normalize(weight @ v, dim=0)
    return u @ weight @ v, u.detach()
