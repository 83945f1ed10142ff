"""What public libraries answer to unit 10."""

from __future__ import annotations

import warnings

import numpy as np
import scipy.stats
import torch
from sklearn.covariance import EmpiricalCovariance
from sklearn.metrics import roc_auc_score
from torch.distributions import AffineTransform, Categorical, MultivariateNormal

from autograder.wheats import wheat

# scipy.stats.entropy, scipy.stats.multivariate_normal.logpdf and sklearn.metrics.mean_squared_error compute the same
# numbers as entropy_score, gaussian_score and reconstruction_score, but in NumPy: no gradient, which those contracts
# ask for. scipy's entropy besides takes probabilities, of which ±200 leaves zeros and ones.
# torch.distributions.Categorical(probs=…) clamps probabilities away from 0, so only its logits will do.
# Neither it nor MultivariateNormal can reshape an empty batch ("the unspecified dimension size -1 … is ambiguous").


@wheat("entropy_score")
def torch_categorical(logits):
    """torch.distributions.Categorical."""
    return Categorical(logits=logits).entropy() if len(logits) else logits.sum(1)


@wheat("gaussian_score")
def torch_multivariate_normal(x, mean, covariance):
    """torch.distributions.MultivariateNormal; it reads one triangle of the covariance."""
    return -MultivariateNormal(mean, covariance).log_prob(x) if len(x) else x.sum(1)


@wheat("fit_gaussian")
def sklearn_empirical_covariance(x, *, eps=1e-6):
    """scikit-learn's EmpiricalCovariance, which is biased, too."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of a single sample
        fitted = EmpiricalCovariance().fit(x.double().numpy())
    covariance = torch.from_numpy(np.array(fitted.covariance_)) + eps * torch.eye(x.shape[1]).double()
    return torch.from_numpy(np.array(fitted.location_)).to(x), covariance.to(x)


@wheat("fit_gaussian")
def numpy_cov(x, *, eps=1e-6):
    """NumPy's cov, told to be biased."""
    covariance = np.cov(x.double().numpy(), rowvar=False, bias=True).reshape(x.shape[1], x.shape[1])
    return x.mean(0), torch.from_numpy(covariance + eps * np.eye(x.shape[1])).to(x)


@wheat("affine_coupling")
def torch_affine_transform(x, net):
    """torch.distributions.AffineTransform on the second half."""
    kept, moved = x.chunk(2, 1)
    log_scale, shift = net(kept).chunk(2, 1)
    stretch = AffineTransform(shift, log_scale.exp())
    y = stretch(moved)
    return torch.cat([kept, y], 1), stretch.log_abs_det_jacobian(moved, y).sum(1)


@wheat("affine_coupling_inverse")
def torch_affine_transform_inverse(y, net):
    """The inverse that torch.distributions.AffineTransform has of itself."""
    kept, moved = y.chunk(2, 1)
    log_scale, shift = net(kept).chunk(2, 1)
    stretch = AffineTransform(shift, log_scale.exp()).inv
    x = stretch(moved)
    return torch.cat([kept, x], 1), stretch.log_abs_det_jacobian(moved, x).sum(1)


@wheat("auroc")
def sklearn_roc_auc_score(normal_scores, anomaly_scores):
    """scikit-learn's roc_auc_score."""
    labels = np.repeat([0, 1], [len(normal_scores), len(anomaly_scores)])
    return roc_auc_score(labels, torch.cat([normal_scores, anomaly_scores]).detach().numpy())


@wheat("auroc")
def scipy_mann_whitney(normal_scores, anomaly_scores):
    """The Mann-Whitney U statistic over the number of pairs, from scipy."""
    result = scipy.stats.mannwhitneyu(anomaly_scores.detach().numpy(), normal_scores.detach().numpy())
    return result.statistic / (len(normal_scores) * len(anomaly_scores))
