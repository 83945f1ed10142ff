import torch
from torch.distributions import Categorical, MultivariateNormal


def reconstruction_score(x, reconstruction):
    return ((x - reconstruction) ** 2).flatten(start_dim=1).sum(dim=1)


def confidence_score(logits):
    return torch.softmax(logits, dim=1).max(dim=1)[0]


def entropy_score(logits):
    return Categorical(logits=logits).entropy()


def gaussian_score(x, mean, covariance):
    return -MultivariateNormal(mean, covariance).log_prob(x)


def affine_coupling(x, net):
    d = x.shape[1] // 2
    x1, x2 = x[:, :d], x[:, d:]
    out = net(x1)
    s, t = out[:, :d], out[:, d:]
    y = torch.cat([x1, x2 * torch.exp(s) + t], dim=1)
    return y, s.sum(dim=1)


def affine_coupling_inverse(y, net):
    d = y.shape[1] // 2
    y1, y2 = y[:, :d], y[:, d:]
    out = net(y1)
    s, t = out[:, :d], out[:, d:]
    x = torch.cat([y1, (y2 - t) * torch.exp(-s)], dim=1)
    return x, s.sum(dim=1)
