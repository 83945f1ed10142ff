import math

import torch
import torch.nn.functional as F


def reconstruction_score(x, reconstruction):
    return F.mse_loss(reconstruction, x, reduction="none").flatten(1).mean(dim=1)


def confidence_score(logits):
    return 1 - logits.softmax(dim=-1).max(dim=-1).values


def entropy_score(logits):
    p = F.softmax(logits, dim=1)
    # small number, else log(0) = -inf
    return -(p * torch.log(p + 1e-8)).sum(dim=1)


def fit_gaussian(x, *, eps=1e-6):
    mean = x.mean(dim=0)
    cov = torch.cov(x.T)
    return mean, cov + eps * torch.eye(x.shape[1])


def gaussian_score(x, mean, covariance):
    diff = x - mean
    inverse = torch.linalg.inv(covariance)
    mahalanobis = torch.einsum("nd,de,ne->n", diff, inverse, diff)
    return 0.5 * (mahalanobis + torch.log(torch.det(covariance)) + len(mean) * math.log(2 * math.pi))


def auroc(normal_scores, anomaly_scores):
    wins = 0
    for a in anomaly_scores:
        for n in normal_scores:
            if a > n:
                wins += 1
    return wins / (len(normal_scores) * len(anomaly_scores))
