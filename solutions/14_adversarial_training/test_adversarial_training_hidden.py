"""Hidden checks of adversarial training: any network, and an attack that is the answer to another unit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import Tensor, nn

from autograder.assertions import assert_close
from autograder.cloning import clone
from autograder.content import load_file
from autograder.data import digits
from autograder.models import MLP, randomize
from autograder.strategies import classification_batches, seeds
from autograder.training import accuracy, trained_digits_classifier, training

_folder = Path(__file__).parent.name
_cases = load_file(Path(__file__).parents[2] / "exercises" / _folder / "cases.py")
STEADY = st.sampled_from(["linear", "mlp", "conv"])  # no batch statistics, nothing drawn
EPS = 0.1


@st.composite
def _networks(draw):
    """A network that draws nothing, float64, its modes scattered, with images and labels."""
    kind = draw(STEADY)
    model, x, y = draw(classification_batches(batch=(1, 5), dtype=torch.float64, kind=kind))
    return _cases.scatter_modes(model, draw(seeds())), x, y


@given(case=_networks(), attack=_cases.attacks(leaving=False), batch_size=st.integers(1, 6))
def test_robust_accuracy__judges_any_network(submission, reference, case, attack, batch_size):
    """On any network, for any attack, it gives the reference's share."""
    model, x, y = case
    assume(_cases.is_clear(model, x, y, attack))
    wanted = reference.robust_accuracy(clone(model), x.clone(), y, attack)
    result = submission.robust_accuracy(model, x, y, attack, batch_size=batch_size)
    assert_close(result, wanted, rtol=0, atol=1e-6, because="the share of attacked samples that are still right")


def _assert_same_parameters(model: nn.Module, twin: nn.Module, because: str) -> None:
    others = dict(twin.named_parameters())
    for name, parameter in model.named_parameters():
        assert_close(parameter.detach(), others[name].detach(), rtol=1e-6, atol=1e-7, because=f"{because} ({name})")


@given(case=_networks(), attack=_cases.attacks(), kind=st.sampled_from(["sgd", "momentum", "adam"]))
def test_adversarial_training_step__moves_as_the_reference_moves(submission, reference, case, attack, kind):
    """On any network, with any optimizer, two steps give the reference's losses and parameters."""
    model, x, y = case
    optimizer = _cases.make_optimizer(kind, model, 0.125)
    twin, twins_optimizer = clone((model, optimizer))
    for count in ("one step", "two steps"):
        wanted = reference.adversarial_training_step(twin, twins_optimizer, x.clone(), y, attack)
        result = submission.adversarial_training_step(model, optimizer, x, y, attack)
        assert_close(result, wanted, rtol=1e-6, atol=1e-7, because=f"the loss of the update, at {count}")
        _assert_same_parameters(model, twin, f"after {count}")


@given(case=_networks(), attack=_cases.attacks(), epochs=st.integers(1, 4), lr=st.sampled_from([0.01, 0.1]))
def test_adversarial_training__learns_as_the_reference_learns(submission, reference, case, attack, epochs, lr):
    """On any network, with whole batches, it gives the reference's losses and parameters."""
    model, x, y = case
    twin = clone(model)
    options = {"epochs": epochs, "batch_size": len(x), "lr": lr}
    wanted = reference.adversarial_training(
        twin, x.clone(), y, attack, generator=torch.Generator().manual_seed(0), **options
    )
    result = submission.adversarial_training(model, x, y, attack, generator=torch.Generator().manual_seed(1), **options)
    losses, expected = (torch.tensor(each, dtype=torch.float64) for each in (result, wanted))
    assert_close(losses, expected, rtol=1e-6, atol=1e-7, because="the mean loss of every epoch")
    _assert_same_parameters(model, twin, f"after {epochs} epochs")


def _climber(steps: int) -> Callable[[nn.Module, Tensor, Tensor], Tensor]:
    """An attack that climbs the loss within ε of the clean images."""

    def attack(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
        current = x.clone()
        for _ in range(steps):
            leaf = current.detach().requires_grad_()
            with torch.enable_grad():
                (slope,) = torch.autograd.grad(F.cross_entropy(model(leaf), y, reduction="sum"), leaf)
            current = (x + (leaf.detach() + EPS / 4 * slope.sign() - x).clamp(-EPS, EPS)).clamp(0, 1)
        return current

    return attack


@training(measures="accuracy under PGD gained over standard training (-1 if clean accuracy < 0.9)", above=0.12)
def test_adversarial_training__resists_a_stronger_attack(submission, seed, device):
    """Trained on digits under a short attack, a network withstands a long one, and still reads clean digits."""
    data, standard = digits(), trained_digits_classifier(seed, device)
    x, y = data.test_x.to(device), data.test_y.to(device)
    model = MLP(64, 64, 64, 10, activation="relu")
    randomize(model, torch.Generator().manual_seed(seed))
    model = model.to(device).train()
    options = {"epochs": 15, "batch_size": 64, "lr": 5e-3, "generator": torch.Generator().manual_seed(seed)}
    submission.adversarial_training(model, data.train_x.to(device), data.train_y.to(device), _climber(5), **options)
    model.eval()
    strong = _climber(20)
    gained = accuracy(model, strong(model, x, y), y) - accuracy(standard, strong(standard, x, y), y)
    return gained if accuracy(model, x, y) >= 0.9 else -1.0
