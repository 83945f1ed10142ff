"""What public libraries answer to unit 06.

Counting modes and the ratio of medians are nobody's single function, so libraries give the distances. k-d trees promise
no order among ties and cannot stand for mode_coverage. torch.nn.functional.gumbel_softmax, which the contract forbids
to students, takes no generator: the adapter seeds torch's global state from the one that it is given, and puts it back.
OneHotCategoricalStraightThrough draws its choice and has no temperature; its two halves, `mode` and `mean`, make the
choice without chance. torch's distributions cannot reshape an empty batch.
"""

from __future__ import annotations

import numpy as np
import scipy.spatial
import torch
import torch.nn.functional as F
from sklearn.neighbors import NearestNeighbors
from torch.distributions import OneHotCategoricalStraightThrough, RelaxedOneHotCategorical

from autograder.wheats import wheat


@wheat("mode_coverage")
def scipy_cdist(samples, centers, *, radius, min_fraction=0.01):
    """scipy.spatial.distance.cdist, NumPy's histogram of the nearest centers."""
    if not len(samples):
        return 0, 0.0
    table = scipy.spatial.distance.cdist(samples.double().numpy(), centers.double().numpy())
    nearest = np.where(table.min(1) <= radius, table.argmin(1), -1)
    hits, _ = np.histogram(nearest, np.arange(len(centers) + 1) - 0.5)
    return (hits >= max(1, min_fraction * len(samples))).sum(), np.mean(nearest >= 0)


@wheat("memorization_ratio")
def scipy_tree(generated, train, heldout):
    """scipy.spatial.KDTree and NumPy's median."""
    tree = scipy.spatial.KDTree(train.numpy())
    ours, theirs = (tree.query(each.numpy())[0] for each in (generated, heldout))
    return float(np.median(ours) / np.median(theirs)) if len(ours) else 0.0


@wheat("memorization_ratio")
def sklearn_neighbors(generated, train, heldout):
    """scikit-learn's NearestNeighbors, which refuses empty queries."""
    model = NearestNeighbors(n_neighbors=1).fit(train.numpy())
    ours, theirs = (
        np.median(model.kneighbors(each.numpy())[0]) if len(each) else np.nan for each in (generated, heldout)
    )
    return ours / theirs


@wheat("straight_through_argmax")
def torch_distribution(logits):
    """The mode of torch.distributions' OneHotCategoricalStraightThrough, with the gradient of its mean."""
    if not logits.numel():
        return logits.clone()
    law = OneHotCategoricalStraightThrough(logits=logits, validate_args=False)
    return law.mode + (law.mean - law.mean.detach())


def _seeded(function, generator):
    """What `function` draws from the global state, seeded from a generator if there is one."""
    if generator is None:
        return function()
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(int(torch.randint(2**31, (), generator=generator)))
        return function()


@wheat("gumbel_softmax")
def torch_functional(logits, *, tau=1.0, hard=False, generator=None):
    """torch.nn.functional.gumbel_softmax."""
    if not tau > 0:
        raise ValueError(tau)
    return _seeded(lambda: F.gumbel_softmax(logits, tau=tau, hard=hard), generator)


@wheat("gumbel_softmax")
def torch_relaxed(logits, *, tau=1.0, hard=False, generator=None):
    """torch.distributions' RelaxedOneHotCategorical; the choice is made from its sample."""
    if not tau > 0:
        raise ValueError(tau)
    if not logits.numel():
        return logits.clone()
    temperature = torch.tensor(tau, dtype=logits.dtype)
    law = RelaxedOneHotCategorical(temperature, logits=logits, validate_args=False)
    soft = _seeded(law.rsample, generator)
    if not hard:
        return soft
    return F.one_hot(soft.argmax(-1), soft.shape[-1]) + (soft - soft.detach())
