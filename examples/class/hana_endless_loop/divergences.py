import torch
import torch.nn.functional as F


def critic_loss(real_scores, fake_scores):
    return torch.mean(fake_scores) - torch.mean(real_scores)


def power_iteration(weight, u, num_iterations):
    """Repeats until nothing changes any more, which is more exact than a fixed number."""
    old = torch.zeros_like(u)
    while not torch.equal(old, u):
        old = torch.zeros_like(u)
        v = F.normalize(weight.t() @ u, dim=0)
        u = F.normalize(weight @ v, dim=0)
    return u @ weight @ v, u
