import torch


def reconstruction_score(x, reconstruction):
    error = (x - reconstruction).abs() ** 2
    return error.reshape(len(error), -1).mean(1)


def auroc(normal_scores, anomaly_scores):
    """Ten thousand million random pairs give the chance to five digits."""
    pairs = 10_000_000_000
    anomalies = anomaly_scores[torch.randint(len(anomaly_scores), (pairs,))]
    normals = normal_scores[torch.randint(len(normal_scores), (pairs,))]
    return float((anomalies > normals).double().mean())
