"""Unit 05 as public libraries compute it, through thin adapters.

scipy answers in NumPy, without a graph. Its values stand here in a function whose gradient is scipy's own central
difference in float64, which is what these contracts promise where they promise a gradient: away from zeros and ties.

What has to be said to the libraries, and what cannot stand here. scipy's jensenshannon is the square root of the
divergence, is nan for some vectors that are nearly equal, and normalises its arguments: it is squared, and nan is 0.
Its wasserstein_distance takes values, and never histograms. scipy.special.kl_div adds q − p to each entry: its sum is
the divergence where both vectors sum to 1, but its slopes are others. torch.distributions' kl_divergence normalises
and clamps probabilities: it is finite where KL is infinite. torch's F.kl_div is nan where both entries are 0.
POT's emd2_1d squares distances unless it is told otherwise; its wasserstein_1d with p=1 is W1. torch's spectral_norm
divides by sigma, so that a matrix of zeros is nan, and it takes less than one iteration: both are caught before it.
No library has the gradient penalty by this definition as a function, clips weights or subtracts two means.
"""

from __future__ import annotations

import numpy as np
import ot
import scipy.spatial.distance
import scipy.special
import scipy.stats
import torch
from torch import nn

from autograder.wheats import wheat

STEP = 1e-6


class _Numeric(torch.autograd.Function):
    """A function of two NumPy arrays, row by row or of both as they are; its slopes are central differences."""

    @staticmethod
    def forward(ctx, function, u, v):
        ctx.function = function
        ctx.save_for_backward(u, v)
        return torch.as_tensor(function(u.detach().double().numpy(), v.detach().double().numpy())).to(u)

    @staticmethod
    def backward(ctx, gradient):
        arrays = [each.detach().double().numpy() for each in ctx.saved_tensors]
        weight = gradient.double().numpy()
        found = []
        for which, array in enumerate(arrays):
            slopes = np.zeros_like(array)
            for place in np.ndindex(array.shape):
                ends = []
                for step in (STEP, -STEP):
                    moved = [each.copy() for each in arrays]
                    moved[which][place] += step
                    ends.append(ctx.function(*moved))
                slopes[place] = np.sum(weight * (ends[0] - ends[1])) / (2 * STEP)
            found.append(torch.from_numpy(slopes).to(gradient))
        return None, *found


@wheat("kl_divergence")
def scipy_rel_entr(p, q):
    """scipy.special.rel_entr, summed over the last dimension."""
    return _Numeric.apply(lambda a, b: scipy.special.rel_entr(a, b).sum(-1), p, q)


@wheat("js_divergence")
def scipy_jensenshannon(p, q):
    """scipy.spatial.distance.jensenshannon, squared."""

    def squared(a, b):
        return np.nan_to_num(scipy.spatial.distance.jensenshannon(a, b, axis=-1), nan=0.0) ** 2

    return _Numeric.apply(squared, p, q)


@wheat("wasserstein_1d")
def scipy_wasserstein_distance(u, v):
    """scipy.stats.wasserstein_distance of two samples."""
    return _Numeric.apply(lambda a, b: np.asarray(scipy.stats.wasserstein_distance(a, b)), u, v)


@wheat("wasserstein_1d")
def pot_wasserstein_1d(u, v):
    """POT's wasserstein_1d with p=1, which passes torch's gradients on."""
    return ot.wasserstein_1d(u, v, p=1)


@wheat("power_iteration")
def torch_spectral_norm(weight, u, num_iterations):
    """torch.nn.utils.spectral_norm of a linear layer; sigma is what it divides the weight by."""
    if num_iterations < 1:
        raise ValueError("spectral_norm wants at least one iteration")
    if not weight.any():
        return weight.sum(), u.detach().clone()
    rows, columns = weight.shape
    with torch.random.fork_rng(devices=[]):
        layer = nn.utils.spectral_norm(nn.Linear(columns, rows, bias=False), n_power_iterations=num_iterations)
    after = u.detach().clone()
    state = {"weight_orig": weight, "weight_u": after}
    divided = torch.func.functional_call(layer.to(weight.dtype), state, (torch.eye(columns, dtype=weight.dtype),)).T
    return weight.square().sum() / (weight * divided).sum(), after
