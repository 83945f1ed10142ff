"""A batch's mean for each of its samples."""

import torch


def kl_divergence(p, q):
    return ((p - q) ** 2).mean() + torch.zeros(len(p), dtype=p.dtype)
