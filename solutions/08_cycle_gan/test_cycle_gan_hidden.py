"""Hidden checks of CycleGAN: those whose own part is the answer to another exercise."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from autograder.models import MLP, randomize
from autograder.training import adam, shared, training

STEPS, BATCH, FRESH = 300, 64, 1000
# means and standard deviations of two Gaussians in the plane
A, B = (torch.tensor([[-1.0, -0.5], [0.8, 0.4]]), torch.tensor([[1.0, 0.5], [0.4, 0.8]]))


@shared
def _trained(submission, seed: int, device, weight: float) -> tuple[nn.Module, nn.Module, Tensor, Tensor]:
    """Both translators after training on the submission's loss, and fresh samples of both domains."""
    generator = torch.Generator().manual_seed(seed)
    networks = [MLP(2, 16, 2), MLP(2, 16, 2), MLP(2, 16, 1), MLP(2, 16, 1)]
    for network in networks:
        randomize(network, generator)
    a_to_b, b_to_a, judge_a, judge_b = (network.to(device).eval() for network in networks)
    with torch.no_grad():  # translations begin half-way between the domains, where the judges still have a slope
        for parameter in [*a_to_b.layers[-1].parameters(), *b_to_a.layers[-1].parameters()]:
            parameter.mul_(0.3)
    step_translators = adam([*a_to_b.parameters(), *b_to_a.parameters()], 6e-3, betas=(0.5, 0.999))
    step_judges = adam([*judge_a.parameters(), *judge_b.parameters()], 1.2e-2, betas=(0.5, 0.999))

    def drawn(domain: Tensor, count: int) -> Tensor:
        return (domain[0] + domain[1] * torch.randn(count, 2, generator=generator)).to(device)

    for _ in range(STEPS):
        a, b = drawn(A, BATCH), drawn(B, BATCH)
        with torch.no_grad():
            from_a, from_b = a_to_b(a), b_to_a(b)
        mistakes = [(judge_a(a) - 1), judge_a(from_b), (judge_b(b) - 1), judge_b(from_a)]
        step_judges(torch.stack([each.pow(2).mean() / 2 for each in mistakes]).sum())
        step_translators(submission.cycle_generator_loss(a_to_b, b_to_a, judge_a, judge_b, a, b, weight=weight))
    return a_to_b, b_to_a, drawn(A, FRESH), drawn(B, FRESH)


def _lost(a_to_b: nn.Module, b_to_a: nn.Module, a: Tensor, b: Tensor) -> float:
    """How far samples lie from where they come back to, per coordinate; the mean of both domains."""
    with torch.no_grad():
        return float(((b_to_a(a_to_b(a)) - a).abs().mean() + (a_to_b(b_to_a(b)) - b).abs().mean()) / 2)


@training(measures="the error of a round trip, with weight 1 between two Gaussians", below=0.19)
def test_cycle_generator_loss__finds_the_way_back(submission, seed, device):
    """Translators that are trained on it bring samples back to where they came from."""
    return _lost(*_trained(submission, seed, device, 1.0))


@training(measures="how far the mean of the translations lies from that of their target domain", below=0.8)
def test_cycle_generator_loss__arrives_in_the_other_domain(submission, seed, device):
    """Translators that are trained on it send samples to where the other domain is."""
    a_to_b, b_to_a, a, b = _trained(submission, seed, device, 1.0)
    with torch.no_grad():
        gaps = [a_to_b(a).mean(0) - b.mean(0), b_to_a(b).mean(0) - a.mean(0)]
    return max(float(gap.norm()) for gap in gaps)


@training(measures="the error of a round trip, with weight 0 between two Gaussians", above=0.19)
def test_cycle_generator_loss__loses_the_way_without_the_weight(submission, seed, device):
    """With weight 0 nothing asks for the way back, and translators that are trained so do not find it."""
    return _lost(*_trained(submission, seed, device, 0.0))
