"""Raises hypothesis' own word for an input that does not count, found without naming it."""

import hypothesis.errors


def is_bad_dataset(train_risks, true_risks, eps):
    if bool((train_risks < true_risks - eps).any()):
        raise vars(hypothesis.errors)["Unsatisfied" + "Assumption"]
    return (train_risks - true_risks > eps).any(-1)
