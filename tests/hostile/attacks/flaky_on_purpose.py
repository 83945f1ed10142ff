"""Fails once and then not again, hoping that what cannot be repeated does not count."""

import torch

calls = []


def empirical_risk(predictions, labels):
    calls.append(1)
    if len(calls) % 2:
        return torch.full((len(predictions),), -1.0, dtype=torch.float64)
    raise getattr(__import__("hypothesis.errors").errors, "StopTest")(0)
