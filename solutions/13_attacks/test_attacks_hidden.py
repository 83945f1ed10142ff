"""Hidden checks of the attacks: those whose own part is the answer to another exercise."""

from __future__ import annotations

import copy
import statistics

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from autograder.data import digits
from autograder.models import MLP
from autograder.training import accuracy, adam, once, train_classifier, trained_digits_classifier, training

EPS = 0.15
SEEN = 0.35  # share of the pixels that a masked proxy sees


def _climb(logits_of, x: Tensor, y: Tensor, eps: float, *, steps: int = 10) -> Tensor:
    """Adversarial images for whatever gives logits, differentiable in its images."""
    current = x.clone()
    for _ in range(steps):
        leaf = current.clone().requires_grad_()
        with torch.enable_grad():
            (slope,) = torch.autograd.grad(F.cross_entropy(logits_of(leaf), y, reduction="sum"), leaf)
        current = (x + (current + eps / 4 * slope.sign() - x).clamp(-eps, eps)).clamp(0, 1)
    return current


def _proxy(model: nn.Module, seen: Tensor) -> nn.Module:
    """`model` behind a mask: it sees only some of the pixels."""
    mask = nn.Linear(seen.numel(), seen.numel(), bias=False)
    with torch.no_grad():
        mask.weight.copy_(torch.diag(seen.flatten().float()))
    return nn.Sequential(nn.Flatten(), mask.to(seen.device), model).eval()


@training(measures="accuracy under PGD less accuracy under FGSM, on digits with ε = 0.1", below=-0.02)
def test_pgd__does_better_than_fgsm(submission, seed, device):
    """Ten small steps leave a trained network less accuracy than a single large one."""
    model, data = trained_digits_classifier(seed, device), digits()
    x, y = data.test_x.to(device), data.test_y.to(device)
    single = _climb(model, x, y, 0.4, steps=1)  # a quarter of it is the step
    several = submission.pgd(model, x, y, 0.1, alpha=0.025, steps=10)
    return accuracy(model, several, y) - accuracy(model, single, y)


@once
def _proxies(seed: int, device: torch.device) -> list[nn.Module]:
    """Four classifiers, each of which sees a third of the pixels."""
    data, generator = digits(), torch.Generator().manual_seed(seed)
    train_x, train_y = data.train_x.to(device), data.train_y.to(device)
    proxies = []
    for number in range(4):
        seen = (torch.rand(train_x.shape[1:], generator=generator) < SEEN).to(device)
        model = train_classifier(MLP(64, 64, 10), train_x * seen, train_y, epochs=12, seed=seed + number, device=device)
        proxies.append(_proxy(model, seen))
    return proxies


@training(measures="accuracy under one proxy's attack less accuracy under the ensemble's", above=0.16)
def test_ensemble_logits__attacks_transfer_better(submission, seed, device):
    """What fools four proxies together, each of which sees a third of the pixels, fools a stranger more often."""
    victim, data = trained_digits_classifier(seed, device), digits()
    x, y = data.test_x[:250].to(device), data.test_y[:250].to(device)
    proxies = _proxies(seed, device)
    single = statistics.mean(accuracy(victim, _climb(each, x, y, EPS), y) for each in proxies)
    together = _climb(lambda images: submission.ensemble_logits(proxies, images), x, y, EPS)
    return single - accuracy(victim, together, y)


@training(measures="the victim's accuracy on what fools the distilled proxy", below=0.5)
def test_distillation_loss__makes_a_proxy_whose_attacks_transfer(submission, seed, device):
    """A proxy that has only seen the victim's answers, no label, is near enough that its attacks fool the victim."""
    victim, data = trained_digits_classifier(seed, device), digits()
    x, y = data.test_x.to(device), data.test_y.to(device)
    images = data.train_x.to(device)
    with torch.no_grad():
        answers = victim(images)
    generator = torch.Generator().manual_seed(seed)
    proxy = train_classifier(
        MLP(64, 48, 10), images[:2], data.train_y[:2].to(device), epochs=0, seed=seed + 1, device=device
    )
    step = adam(proxy.parameters(), 1e-2)
    for _ in range(12):
        for chosen in torch.randperm(len(images), generator=generator).to(device).split(128):
            step(submission.distillation_loss(proxy(images[chosen]), answers[chosen], 4.0))
    return accuracy(victim, _climb(copy.deepcopy(proxy).eval(), x, y, EPS), y)
