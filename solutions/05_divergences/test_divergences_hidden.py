"""Hidden checks of the divergences: clipping against the reference, and two critics that measure a known distance."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from autograder.assertions import assert_close, assert_equal
from autograder.content import load_file
from autograder.conventions import copy_call
from autograder.models import KINDS, MLP, randomize, small_model
from autograder.strategies import dtypes, seeds
from autograder.training import adam, training

_cases = load_file(Path(__file__).parent.parent.parent / "exercises" / "05_divergences" / "cases.py")

SHIFT, BATCH, STEPS = 2.0, 256, 120
PAIRS = 48  # of each batch are fined


@given(kind=st.sampled_from(KINDS), dtype=dtypes(), seed=seeds(), limit=st.sampled_from(_cases.LIMITS))
def test_clip_weights__agrees_with_the_reference(submission, reference, kind, dtype, seed, limit):
    """It leaves in the module what the reference leaves there."""
    drawn = small_model(kind, (1, 2, 3), 2, seed=seed, dtype=dtype)
    for module, bound in [(drawn, limit), *(call.args for call in _cases.clip_weights_corners())]:
        twin = copy_call(_cases.Call(module, bound)).args[0]
        wanted, mine = (_cases.clipping(*each, bound) for each in ((reference, twin), (submission, module)))
        assert_equal(sorted(mine), sorted(wanted), because="these are the tensors that have to change, and no others")
        for path, (_, after) in wanted.items():
            assert_close(mine[path][1], after, because=f"{path} must end within ±{bound:g}, and no further in")


def _two_gaussians(seed: int, device: torch.device, size: int = BATCH) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches of real and of fake points in the plane, whose distributions are a shift of 2 apart."""
    generator = torch.Generator().manual_seed(seed)
    shift = torch.tensor([SHIFT, 0.0])
    while True:
        both = torch.randn(2, size, 2, generator=generator)
        yield (both[0] + shift).to(device), both[1].to(device)


def _critic(seed: int, device: torch.device) -> nn.Module:
    critic = MLP(2, 32, 32, 1, activation="relu")
    randomize(critic, torch.Generator().manual_seed(seed))
    return critic.to(device).eval()


def _estimate(
    critic: nn.Module,
    score: Callable[[Tensor], Tensor],
    fine: Callable[[Tensor, Tensor], Tensor | float],
    seed: int,
    device: torch.device,
    rate: float = 1e-2,
) -> float:
    """What the critic says of the shift once it is trained: fast at first, then slowly."""
    batches = _two_gaussians(seed, device)
    fast, slow = (adam(critic.parameters(), each, betas=(0.5, 0.9)) for each in (rate, rate / 10))
    for number in range(STEPS):
        real, fake = next(batches)
        scores = score(torch.cat([real, fake]))
        loss = scores[BATCH:].mean() - scores[:BATCH].mean() + fine(real, fake)
        (fast if number < 0.7 * STEPS else slow)(loss)
    real, fake = next(_two_gaussians(seed + 1, device, size=8000))
    with torch.no_grad():
        return float(score(real).mean() - score(fake).mean())


@training(measures="how far a fined critic's readings of a shift are from Δ(1 + Δ/2λ), as a share of it", below=0.2)
def test_gradient_penalty__measures_a_shift_with_its_bias(submission, seed, device):
    """A critic that pays the penalty reads a shift of Δ = 2 as Δ(1 + Δ/2λ): 2.2 for λ = 10 and 4 for λ = 1."""
    errors = []
    for weight in (10.0, 1.0):
        critic, generator = _critic(seed, device), torch.Generator(device).manual_seed(seed)

        def fine(real: Tensor, fake: Tensor, critic=critic, weight: float = weight, generator=generator) -> Tensor:
            return submission.gradient_penalty(critic, real[:PAIRS], fake[:PAIRS], weight=weight, generator=generator)

        wanted = SHIFT * (1 + SHIFT / (2 * weight))
        errors.append(abs(_estimate(critic, critic, fine, seed, device) / wanted - 1))
    return max(errors)


@training(measures="how far a normalised critic's reading of a shift is off, as a share of it, at most 1", below=0.3)
def test_power_iteration__makes_a_critic_that_measures_a_shift(submission, seed, device):
    """A critic whose weights are divided by their sigmas reads a shift of 2 as about 2."""
    critic, generator = _critic(seed, device), torch.Generator().manual_seed(seed)
    weights = {name: each for name, each in critic.named_parameters() if each.ndim == 2}
    vectors = {name: torch.randn(len(each), generator=generator).to(device) for name, each in weights.items()}

    def score(x: Tensor) -> Tensor:
        normalised = dict(critic.named_parameters())
        for name, weight in weights.items():
            sigma, vectors[name] = submission.power_iteration(weight, vectors[name], 1)
            normalised[name] = weight / sigma
        return torch.func.functional_call(critic, normalised, (x,))

    reading = _estimate(critic, score, lambda real, fake: 0.0, seed, device, rate=3e-2)
    return min(1.0, abs(reading / SHIFT - 1))
