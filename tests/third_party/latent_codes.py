"""Public libraries as right answers to unit 9, through thin adapters.

What cannot stand here, and why: vector_quantize_pytorch's VectorQuantize converts to float32, expands the square (which
loses digits 100 away from the origin), turns the gradient by default (rotation_trick=False passes it straight), moves
its codebook in forward by a running average, and weighs both terms of the loss alike: commitment_weight is no beta. Its
SimVQ does all that is asked, with a codebook handed in and without the rotation trick (with more than 25 codes or
vectors far away torch.cdist, which it asks, expands the square as well; no check is made of so many). torch's instance
norm refuses a single pixel and an empty batch, its batch norm too, so pixels are doubled and empty batches kept away.
torch.distributions' Categorical refuses shares that are all 0. No library was found for a step with a sigmoid's slope:
gumbel_softmax(hard=True) draws, and torch's fake quantisation passes the gradient of the identity.
"""

from __future__ import annotations

import math

import numpy as np
import scipy.stats
import torch
import torch.nn.functional as F
from torch import nn
from torch.distributions import Categorical, kl_divergence
from vector_quantize_pytorch import SimVQ

from autograder.wheats import wheat


@wheat("adain")
def torch_instance_norm(content, style, *, eps=1e-5):
    """F.instance_norm of the content, and torch.std_mean's relative torch.var_mean for the style."""
    if len(content) == 0:
        return content.clone()
    variance, mean = torch.var_mean(style, (2, 3), correction=0, keepdim=True)
    doubled = torch.cat([content, content], dim=3)
    return F.instance_norm(doubled, eps=eps)[..., : content.shape[3]] * (variance + eps).sqrt() + mean


@wheat("adain")
def torch_batch_norm(content, style, *, eps=1e-5):
    """F.batch_norm of all samples' channels side by side, with the style as weight and bias."""
    if len(content) == 0:
        return content.clone()
    variance, mean = torch.var_mean(style, (2, 3), correction=0)
    doubled = torch.cat([content, content], dim=3).reshape(1, -1, content.shape[2], 2 * content.shape[3])
    weight, bias = (variance + eps).sqrt().flatten(), mean.flatten()
    restyled = F.batch_norm(doubled, None, None, weight, bias, training=True, eps=eps)
    return restyled.reshape(*content.shape[:3], -1)[..., : content.shape[3]]


class _Given(nn.Module):
    """Takes the place of SimVQ's own codebook."""

    def __init__(self, codebook):
        super().__init__()
        self.given = [codebook]

    def forward(self, frozen):
        return self.given[0]


@wheat("vector_quantize")
def vector_quantize_pytorch_sim_vq(z, codebook, *, beta=0.25):
    """SimVQ with a codebook handed in; it wants a batch dimension and at least one vector."""
    if z.numel() == 0:
        return z.clone(), torch.zeros(z.shape[:-1], dtype=torch.int64), 0.0 * (z.sum() + codebook.sum())
    layer = SimVQ(
        z.shape[-1],
        len(codebook),
        codebook_transform=_Given(codebook),
        rotation_trick=False,
        input_to_quantize_commit_loss_weight=beta,
    )
    z_q, indices, loss = layer(z.reshape(1, -1, z.shape[-1]))
    return z_q.reshape(z.shape), indices.reshape(z.shape[:-1]), loss


@wheat("codebook_perplexity")
def torch_categorical_perplexity(indices, num_codes):
    """torch.distributions.Categorical's perplexity."""
    counts = torch.bincount(indices.flatten(), minlength=num_codes).float()
    return Categorical(probs=counts if indices.numel() else F.one_hot(torch.tensor(0), num_codes).float()).perplexity()


@wheat("codebook_perplexity")
def scipy_entropy_of_counts(indices, num_codes):
    """scipy.stats.entropy of NumPy's counts."""
    counts = np.bincount(indices.flatten().numpy(), minlength=num_codes)
    return torch.tensor(math.exp(scipy.stats.entropy(counts)) if indices.numel() else 1.0)


@wheat("code_balance_loss")
def torch_categorical_entropy(probs):
    """torch.distributions.Categorical's entropy of the mean."""
    return math.log(probs.shape[1]) - Categorical(probs=probs.mean(0)).entropy() if len(probs) else 0.0 * probs.sum()


@wheat("code_balance_loss")
def torch_kl_divergence(probs):
    """torch.distributions' divergence from the uniform distribution."""
    if len(probs) == 0:
        return 0.0 * probs.sum()
    return kl_divergence(Categorical(probs=probs.mean(0)), Categorical(logits=torch.zeros_like(probs[0])))
