"""Refuses impossible arguments, and answers nothing else."""


def bad_dataset_bound(num_hypotheses, num_samples, eps):
    if min(num_hypotheses, num_samples, eps) <= 0:
        raise ValueError("impossible")
    return


def sample_complexity(num_hypotheses, eps, delta):
    if num_hypotheses < 1 or eps <= 0 or not 0 < delta < 1:
        raise ValueError("impossible")
    return
