"""Hidden checks of the local explanations: those whose own part is the answer to an exercise."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from autograder.assertions import require


def _overlapping(number: int) -> tuple[Tensor, Tensor, int]:
    """Standardised features, and labels drawn from a linear softmax; every fifth sample occurs with every label."""
    size, classes, dtype = 1 + number % 4, 2 + number % 3, torch.float32 if number % 2 else torch.float64
    generator = torch.Generator().manual_seed(number)
    features = torch.randn(60, size, generator=generator, dtype=torch.float64)
    weight = 1.2 * torch.randn(classes, size, generator=generator, dtype=torch.float64)
    bias = torch.randn(classes, generator=generator, dtype=torch.float64)
    labels = torch.multinomial((features @ weight.T + bias).softmax(-1), 1, generator=generator).squeeze(1)
    features = torch.cat([features, features[::5].repeat_interleave(classes, 0)])
    labels = torch.cat([labels, torch.arange(classes).repeat(len(features[:60:5]))])
    features = (features - features.mean(0)) / features.std(0, correction=0)
    return features.to(dtype), labels, classes


@given(number=st.integers(0, 9))
def test_fit_linear_probe__gets_as_low_as_the_reference(submission, reference, number):
    """Where the classes overlap, its mean cross-entropy comes within 0.01 of the least."""
    features, labels, classes = _overlapping(number)
    reached = _cross_entropy(submission.fit_linear_probe(features, labels, classes), features, labels)
    least = _cross_entropy(reference.fit_linear_probe(features, labels, classes), features, labels)
    sentence = "its mean cross-entropy must come within 0.01 of the least that a linear classifier can have here"
    require(reached < least + 0.01, sentence, yours=reached, wanted=least)


def _cross_entropy(probe: tuple[Tensor, Tensor], features: Tensor, labels: Tensor) -> float:
    weight, bias = (each.detach().double() for each in probe)
    return float(nn.functional.cross_entropy(features.double() @ weight.T + bias, labels))
