"""Public libraries as right answers to the attacks, through thin adapters.

What cannot stand here, and why: torchattacks' FGSM and PGD clamp to [0, 1] and nothing else, so low and high are brought
to that range by a model around the model; their random start takes no generator, so starts are ours; their PGDL2
divides by the gradient's length plus 1e-10 but wants images of four dimensions. captum's FGSM and PGD write to the
`requires_grad` of what they are given, so they get a copy; captum's l2 start is uniform in the radius, not by volume;
neither library takes "no steps" or an empty batch for a start. None of them names the temperature of a distillation or
the share of successes.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
import torchattacks
from captum.robust import FGSM, PGD
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
    attack = FGSM(model, loss_func=_loss, lower_bound=low, upper_bound=high)
    with torch.enable_grad():
        return attack.perturb(x.detach().clone(), eps, y, targeted=targeted).detach()


@wheat("pgd")
def captum_pgd(
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
    """captum.robust.PGD, one of its steps at a time; the random start is ours, for captum's takes no generator."""
    names = {"linf": "Linf", "l2": "L2"}
    if norm not in names:
        raise ValueError(norm)
    clean = x.detach()
    current = clean.clone()
    if random_start:
        current = (clean + _start(clean, eps, norm, generator)).clamp(low, high)
    step = FGSM(model, loss_func=_loss) if norm == "linf" else None
    for _ in range(steps):
        with torch.enable_grad():
            if step is not None:
                moved = step.perturb(current.clone(), alpha, y, targeted=targeted).detach()
                delta = (moved - clean).clamp(-eps, eps)
            else:
                single = PGD(model, loss_func=_loss)  # one step within a ball that is wide enough around the iterate
                moved = single.perturb(current.clone(), 2 * alpha, alpha, 1, y, targeted=targeted, norm="L2").detach()
                delta = torch.renorm(moved - clean, 2, 0, eps)
        current = (clean + delta).clamp(low, high)
    return current


def _start(x, eps, norm, generator):
    if norm == "linf":
        return torch.empty_like(x).uniform_(-eps, eps, generator=generator)
    size = x[:1].numel()
    normal = torch.randn(len(x), size + 2, generator=generator, dtype=x.dtype)  # a ball is a sphere's shadow
    return eps * F.normalize(normal)[:, :size].reshape(x.shape)


@wheat("distillation_loss")
def torch_kl_div(student_logits, teacher_logits, temperature):
    """torch's kl_div with reduction="batchmean", as its documentation asks for a divergence."""
    student = F.log_softmax(student_logits / temperature, -1)
    teacher = F.softmax(teacher_logits.detach() / temperature, -1)
    return temperature**2 * F.kl_div(student, teacher, reduction="batchmean")


@wheat("distillation_loss")
def torch_distributions(student_logits, teacher_logits, temperature):
    """torch.distributions: the divergence of two categorical distributions."""
    teacher = torch.distributions.Categorical(logits=teacher_logits.detach() / temperature)
    student = torch.distributions.Categorical(logits=student_logits / temperature)
    return temperature**2 * torch.distributions.kl_divergence(teacher, student).mean()
