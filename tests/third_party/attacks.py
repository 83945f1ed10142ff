"""Public libraries as right answers to the attacks, through thin adapters.

What cannot stand here, and why: torchattacks clamps to [0, 1] and nothing else, so a model around the model brings
low and high to that range. captum's FGSM fails on an empty batch, so it is not asked for one. The random starts of
both take no generator, and captum's for l2 is uniform in the radius, not by volume: starts are ours. captum's PGD steps
along the sign for "L2" too, so its FGSM makes the steps for "linf" and torchattacks' PGDL2 (four dimensions only) those
for "l2". torchattacks' PGD is captum's in all that is left. torch.distributions' kl_divergence is infinite where the
student's probability underflows. No library has ensembles of logits or success rates by these definitions.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
import torchattacks
from captum.robust import FGSM
from torch import nn

from autograder.wheats import wheat


class _Rescaled(nn.Module):
    """Takes images in [0, 1] for those in [low, high]."""

    def __init__(self, model, low, high):
        super().__init__()
        self.model, self.low, self.high = model, low, high

    def forward(self, x):
        return self.model(self.low + (self.high - self.low) * x)


def _loss(logits, target):
    return F.cross_entropy(logits, target, reduction="none")


def _torchattack(make, model, x, y, low, high, targeted):
    width = high - low
    rescaled = _Rescaled(model, low, high).train(model.training)
    attack = make(rescaled, width)
    attack.set_device("cpu")
    if targeted:
        attack.set_mode_targeted_by_label(quiet=True)
    with torch.enable_grad():
        return low + width * attack((x - low) / width, y)


@wheat("project_l2")
def torch_renorm(delta, eps):
    """torch.renorm, the projection that many attacks call."""
    return torch.renorm(delta, 2, 0, eps)


@wheat("fgsm")
def torchattacks_fgsm(model, x, y, eps, *, targeted=False, low=0.0, high=1.0):
    """torchattacks.FGSM in the unit box."""
    return _torchattack(
        lambda rescaled, width: torchattacks.FGSM(rescaled, eps=eps / width), model, x, y, low, high, targeted
    )


@wheat("fgsm")
def captum_fgsm(model, x, y, eps, *, targeted=False, low=0.0, high=1.0):
    """captum.robust.FGSM with the cross-entropy."""
    if len(x) == 0:
        return x.detach().clone()
    attack = FGSM(model, loss_func=_loss, lower_bound=low, upper_bound=high)
    with torch.enable_grad():
        return attack.perturb(x.detach().clone().requires_grad_(), eps, y, targeted=targeted).detach()


@wheat("pgd")
def captum_and_torchattacks_pgd(
    model,
    x,
    y,
    eps,
    *,
    alpha,
    steps,
    norm="linf",
    random_start=False,
    targeted=False,
    low=0.0,
    high=1.0,
    generator=None,
):
    """One step of a library's attack at a time: captum's for linf, torchattacks' for l2, in a ball of ours."""
    if norm not in ("linf", "l2"):
        raise ValueError(norm)
    clean = x.detach()
    current = (clean + _start(clean, eps, norm, generator)).clamp(low, high) if random_start else clean.clone()
    for _ in range(steps if len(x) else 0):
        if norm == "linf":
            moved = captum_fgsm(model, current, y, alpha, targeted=targeted, low=-torch.inf, high=torch.inf)
            delta = (moved - clean).clamp(-eps, eps)
        else:
            moved = _torchattack(
                _PgdL2(alpha), _Flat(model, x), current.flatten(1)[:, None, None], y, low, high, targeted
            )
            delta = torch.renorm(moved.reshape(x.shape) - clean, 2, 0, eps)
        current = (clean + delta).clamp(low, high)
    return current


class _Flat(nn.Module):
    """Takes images (N, 1, 1, pixels) for those of another shape."""

    def __init__(self, model, like):
        super().__init__()
        self.model, self.shape = model, like.shape[1:]
        self.training = model.training

    def forward(self, x):
        return self.model(x.reshape(-1, *self.shape))


class _PgdL2:
    """Makes torchattacks' PGDL2 of one step of length alpha, in a ball that is wide enough for it."""

    def __init__(self, alpha):
        self.alpha = alpha

    def __call__(self, model, width):
        size = self.alpha / width
        return torchattacks.PGDL2(model, eps=2 * size, alpha=size, steps=1, random_start=False)


def _start(x, eps, norm, generator):
    if norm == "linf":
        return torch.empty_like(x).uniform_(-eps, eps, generator=generator)
    size = x[:1].numel()
    normal = torch.randn(len(x), size + 2, generator=generator, dtype=x.dtype)  # a ball is a sphere's shadow
    return eps * F.normalize(normal)[:, :size].reshape(x.shape)


@wheat("distillation_loss")
def torch_kl_div(student_logits, teacher_logits, temperature):
    """Torch's kl_div with reduction="batchmean", as its documentation asks for a divergence."""
    student = F.log_softmax(student_logits / temperature, -1)
    teacher = F.softmax(teacher_logits.detach() / temperature, -1)
    return temperature**2 * F.kl_div(student, teacher, reduction="batchmean")
