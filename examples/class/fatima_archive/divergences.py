import torch


def kl_divergence(p, q):
    terms = torch.xlogy(p, p) - torch.xlogy(p, q)
    return terms.sum(-1)


def wasserstein_1d(u, v):
    """Area between the two distribution functions."""
    numbers = torch.cat([u, v]).sort().values
    gaps = numbers[1:] - numbers[:-1]
    below_u = (u[None, :] <= numbers[:-1, None]).to(u.dtype).mean(dim=1)
    below_v = (v[None, :] <= numbers[:-1, None]).to(v.dtype).mean(dim=1)
    return ((below_u - below_v).abs() * gaps).sum()
