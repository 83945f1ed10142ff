"""Attacks: small changes to an image that make a network answer wrongly."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def project_linf(x_adv: Tensor, x: Tensor, eps: float, *, low: float = 0.0, high: float = 1.0) -> Tensor:
    """The point nearest to `x_adv` that lies both in the box and in the L∞ ball of radius `eps` around `x`.

    Args:
        x_adv: float tensor `(N, ...)`, any numbers.
        x: float tensor of the same shape, the clean images, pixels in [`low`, `high`].
        eps: radius of the ball, at least 0: the most that a pixel may differ from `x`.
        low: least pixel value of the box.
        high: greatest pixel value of the box.

    Returns:
        Float tensor of the same shape. It need not be differentiable.

    Source: Madry et al. 2018, section 2.1.
    """
    ### BEGIN SOLUTION
    nearby = torch.minimum(torch.maximum(x_adv, x - eps), x + eps)
    return nearby.clamp(low, high)
    ### END SOLUTION


def project_l2(delta: Tensor, eps: float) -> Tensor:
    """Perturbations of L2 length at most `eps`: longer ones are shortened to `eps`, keeping their direction.

    Args:
        delta: float tensor `(N, ...)`, one perturbation per sample, whose length is taken over all its elements.
        eps: radius of the ball, greater than 0.

    Returns:
        Float tensor of the same shape. Perturbations no longer than `eps` are left as they are, zeros among them.
        It need not be differentiable.

    Source: Madry et al. 2018, appendix A.
    """
    ### BEGIN SOLUTION
    lengths = _lengths(delta)
    return delta * (eps / lengths.clamp(min=eps))
    ### END SOLUTION


def fgsm(
    model: nn.Module,
    x: Tensor,
    y: Tensor,
    eps: float,
    *,
    targeted: bool = False,
    low: float = 0.0,
    high: float = 1.0,
) -> Tensor:
    """Adversarial images after one step: `eps` along the sign of the cross-entropy's gradient, clamped to the box.

    The model's parameters, their gradients, its modes and its hooks are left as they were, `x` too. It works under
    `torch.no_grad()`.

    Args:
        model: maps `(N, ...)` to logits `(N, classes)`; in eval mode.
        x: float tensor `(N, ...)`, the clean images, pixels in [`low`, `high`].
        y: int64 tensor `(N,)`, the true classes; the wanted ones if `targeted`.
        eps: size of the step, at least 0, in units of pixels.
        targeted: step down the loss of the class `y`, not up.
        low: least pixel value of the box.
        high: greatest pixel value of the box.

    Returns:
        Float tensor of `x`'s shape, detached: the images, not the perturbations.

    Source: Goodfellow et al. 2015, section 4; Kurakin et al. 2017, section 2 (targeted).
    """
    ### BEGIN SOLUTION
    direction = _loss_gradient(model, x, y).sign()
    return (x + (-eps if targeted else eps) * direction).clamp(low, high).detach()
    ### END SOLUTION


def pgd(
    model: nn.Module,
    x: Tensor,
    y: Tensor,
    eps: float,
    *,
    alpha: float,
    steps: int,
    norm: str = "linf",
    random_start: bool = False,
    targeted: bool = False,
    low: float = 0.0,
    high: float = 1.0,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Adversarial images after `steps` steps of projected gradient ascent on the cross-entropy.

    Each step has size `alpha`: along the gradient's sign for "linf"; along the gradient, scaled to L2 length `alpha`
    per sample, for "l2" (a gradient of length 1e-6 or more makes a full step, one of length 0 none). After each step
    the images are projected to the ball around `x`, then clamped to the box. The last iterate is returned: no sample
    stops early. `steps=0` gives the start. The model, its gradients, modes and hooks, and `x` are left as they were;
    it works under `torch.no_grad()`.

    Args:
        model: maps `(N, ...)` to logits `(N, classes)`; in eval mode.
        x: float tensor `(N, ...)`, the clean images, pixels in [`low`, `high`].
        y: int64 tensor `(N,)`, the true classes; the wanted ones if `targeted`.
        eps: radius of the ball around `x`, greater than 0.
        alpha: size of a step, greater than 0; it may exceed `eps`.
        steps: number of steps, at least 0.
        norm: "linf" or "l2": how the ball and the steps are measured; "l2" over all elements of a sample.
        random_start: start at a point drawn uniformly by volume from the solid ball, brought into the box; else at `x`.
        targeted: step down the loss of the class `y`, not up.
        low: least pixel value of the box.
        high: greatest pixel value of the box.
        generator: what the random start is drawn from; the global random state if None.

    Returns:
        Float tensor of `x`'s shape, detached: the images, not the perturbations.

    Raises:
        ValueError: if `norm` is neither "linf" nor "l2".

    Source: Madry et al. 2018, section 2.1.
    """
    ### BEGIN SOLUTION
    if norm not in ("linf", "l2"):
        raise ValueError(f'norm must be "linf" or "l2", not {norm!r}')

    def project(moved: Tensor) -> Tensor:
        if norm == "linf":
            return project_linf(moved, x, eps, low=low, high=high)
        return (x + project_l2(moved - x, eps)).clamp(low, high)

    x = x.detach()
    x_adv = project(x + _random_in_ball(x, eps, norm, generator)) if random_start else x.clone()
    for _ in range(steps):
        gradient = _loss_gradient(model, x_adv, y)
        direction = gradient.sign() if norm == "linf" else gradient / _lengths(gradient).clamp(min=1e-12)
        x_adv = project(x_adv + (-alpha if targeted else alpha) * direction)
    return x_adv
    ### END SOLUTION


def ensemble_logits(models: Sequence[nn.Module], x: Tensor) -> Tensor:
    """The mean of the models' logits, differentiable in `x`: several proxies as one.

    Args:
        models: one or more models, each maps `(N, ...)` to logits `(N, classes)`; in eval mode, left as they are.
        x: float tensor `(N, ...)`.

    Returns:
        Float tensor `(N, classes)`.

    Source: Liu et al. 2017, section 5; Dong et al. 2018, section 3.3 (logits, not probabilities).
    """
    ### BEGIN SOLUTION
    return torch.stack([model(x) for model in models]).mean(dim=0)
    ### END SOLUTION


def distillation_loss(student_logits: Tensor, teacher_logits: Tensor, temperature: float) -> Tensor:
    """T²·KL(softmax(teacher/T) ‖ softmax(student/T)) in nats, mean over the batch.

    Args:
        student_logits: float tensor `(N, classes)`.
        teacher_logits: float tensor `(N, classes)`, held constant: no gradient flows to it.
        temperature: T > 0; what both logits are divided by.

    Returns:
        0-d float tensor, differentiable in `student_logits`, finite for logits of ±200.

    Source: Hinton et al. 2015, section 2; Papernot et al. 2017 (as a way to a proxy).
    """
    ### BEGIN SOLUTION
    student = F.log_softmax(student_logits / temperature, dim=-1)
    teacher = F.log_softmax(teacher_logits.detach() / temperature, dim=-1)
    return temperature**2 * (teacher.exp() * (teacher - student)).sum(dim=-1).mean()
    ### END SOLUTION


def attack_success_rate(labels: Tensor, clean_predictions: Tensor, adversarial_predictions: Tensor) -> float:
    """Of the samples that were classified rightly before the attack, the share that is wrong after it.

    Args:
        labels: int64 tensor `(N,)`, the true classes.
        clean_predictions: int64 tensor `(N,)`, predictions for the clean images.
        adversarial_predictions: int64 tensor `(N,)`, predictions for the adversarial images.

    Returns:
        Python float in [0, 1]; 0.0 if no sample was classified rightly.
    """
    ### BEGIN SOLUTION
    right_before = clean_predictions == labels
    fooled = right_before & (adversarial_predictions != labels)
    return fooled.sum().item() / max(right_before.sum().item(), 1)
    ### END SOLUTION


### BEGIN SOLUTION
def _loss_gradient(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """Gradient of each sample's cross-entropy for its own pixels; it touches neither `x.grad` nor the parameters'."""
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        loss = F.cross_entropy(model(x), y, reduction="sum")
        return torch.autograd.grad(loss, x)[0]


def _lengths(delta: Tensor) -> Tensor:
    """L2 length of each sample, shaped `(N, 1, ..., 1)`."""
    return delta.flatten(1).norm(dim=1).reshape(-1, *[1] * (delta.ndim - 1))


def _random_in_ball(x: Tensor, eps: float, norm: str, generator: torch.Generator | None) -> Tensor:
    """Perturbations drawn uniformly by volume from the ball, one for each sample of `x`."""
    if norm == "linf":
        return eps * (2 * torch.rand(x.shape, generator=generator, dtype=x.dtype, device=x.device) - 1)
    noise = torch.randn(x.shape, generator=generator, dtype=x.dtype, device=x.device)
    lengths = _lengths(noise)
    share = torch.rand(lengths.shape, generator=generator, dtype=x.dtype, device=x.device)  # of the volume within
    return noise / lengths * eps * share ** (1 / math.prod(x.shape[1:]))


### END SOLUTION
