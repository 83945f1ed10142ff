"""Gives nothing back: what an attack's honest part is worth where it has none."""


def empirical_risk(predictions, labels):
    return None


def is_bad_dataset(train_risks, true_risks, eps):
    return None


def bad_dataset_bound(num_hypotheses, num_samples, eps):
    return None


def sample_complexity(num_hypotheses, eps, delta):
    return None


def excess_risk(train_risks, true_risks):
    return None
