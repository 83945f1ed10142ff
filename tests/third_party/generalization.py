"""Unit 01 as public libraries compute it.

numpy and scipy have no function for the bound, the sample complexity or the excess risk: they are formulas.
"""

from __future__ import annotations

import torch

from autograder.wheats import wheat


@wheat("empirical_risk")
def scikit_learn_zero_one_loss(predictions, labels):
    """`sklearn.metrics.zero_one_loss`, one hypothesis at a time."""
    from sklearn.metrics import zero_one_loss

    found = [float(zero_one_loss(labels.numpy(), row.numpy())) for row in predictions]
    return torch.tensor(found, dtype=torch.float64)


@wheat("empirical_risk")
def scipy_hamming_distance(predictions, labels):
    """`scipy.spatial.distance.hamming` is the share of places in which two vectors differ."""
    from scipy.spatial.distance import hamming

    return torch.tensor([hamming(row, labels) for row in predictions.numpy()], dtype=torch.float64)
