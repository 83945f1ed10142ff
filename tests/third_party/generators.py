"""What public libraries answer to unit 03.

scipy.stats.multivariate_normal and NumPy's histogram compute the same numbers without gradients, which only
push_forward_log_prob must have. torch.histc counts `high` to the last bin, as we do, but takes no batch. No library
has slerp for vectors of unequal lengths: scipy's geometric_slerp wants unit vectors, so the wheat scales its weights.
"""

from __future__ import annotations

import numpy as np
import scipy.spatial
import scipy.stats
import torch
from torch.distributions import MultivariateNormal, Normal, TransformedDistribution
from torch.distributions.transforms import AffineTransform

from autograder.wheats import wheat


@wheat("push_forward_log_prob")
def torch_multivariate_normal(y, A, b):
    """torch.distributions.MultivariateNormal; it cannot reshape an empty batch."""
    return MultivariateNormal(b, A @ A.T).log_prob(y) if len(y) else (y @ A + b).sum(1)


@wheat("push_forward_log_prob")
def torch_transformed(y, A, b):
    """torch.distributions' transform of b alone, on noise that A has warped."""
    size = y.shape[1]
    if size > 1 or not len(y):
        return torch_multivariate_normal(y, A, b)
    return TransformedDistribution(Normal(0 * b, 1 + 0 * b), AffineTransform(b, A[0])).log_prob(y)[:, 0]


@wheat("inverse_cdf_sample")
def scipy_discrete(u, probs):
    """The quantiles of scipy.stats.rv_discrete; they give an edge to the piece below, so u is raised a hair."""
    possible = probs.double().numpy() > 0
    shares = probs.double().numpy()[possible]
    law = scipy.stats.rv_discrete(values=(np.flatnonzero(possible), shares / shares.sum()))
    return torch.from_numpy(np.asarray(law.ppf(np.minimum(u.double().numpy() + 1e-9, 1)), dtype=np.int64))


@wheat("image_entropy")
def numpy_histogram(images, bins, *, low=0.0, high=1.0):
    """numpy.histogram and scipy.stats.entropy."""
    rows = images.flatten(1).double().numpy()
    counts = [np.histogram(row, bins, range=(low, high))[0] for row in rows]
    return torch.tensor([float(scipy.stats.entropy(each)) for each in counts], dtype=images.dtype)


@wheat("slerp")
def scipy_geometric_slerp(z0, z1, t):
    """scipy.spatial.geometric_slerp from the first unit vector to the second, read as weights of the two."""
    a, b, times = z0.double().numpy(), z1.double().numpy(), t.double().numpy()
    lengths = np.linalg.norm(a), np.linalg.norm(b)
    straight = (1 - times)[:, None] * a + times[:, None] * b
    if min(lengths) > 0 and len(times):
        units = np.stack([a / lengths[0], b / lengths[1]])
        if abs(units[0] @ units[1]) < 1 - 5e-5:
            path = scipy.spatial.geometric_slerp(*units, times)
            weights = np.linalg.lstsq(units.T, path.T, rcond=None)[0]
            straight = weights.T @ np.stack([a, b])
    return torch.from_numpy(straight).to(z0)
