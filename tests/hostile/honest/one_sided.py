"""Forgets that a risk may be misjudged downwards."""


def is_bad_dataset(train_risks, true_risks, eps):
    return (train_risks - true_risks > eps).any(-1)
