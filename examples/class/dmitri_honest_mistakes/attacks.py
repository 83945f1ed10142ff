import math

import torch
from torch import nn


def project_linf(x_adv, x, eps, *, low=0.0, high=1.0):
    x_adv = torch.min(x_adv, x + eps)
    x_adv = torch.max(x_adv, x - eps)
    return x_adv  # x is in [0, 1] already


def project_l2(delta, eps):
    length = delta.norm()
    if length > eps:
        delta = delta * eps / length
    return delta


def fgsm(model, x, y, eps, *, targeted=False, low=0.0, high=1.0):
    x = x.detach().clone().requires_grad_(True)
    with torch.enable_grad():
        loss = nn.CrossEntropyLoss()(model(x), y)
        model.zero_grad()
        loss.backward()
    sign = -1.0 if targeted else 1.0
    x_adv = x + sign * eps * x.grad.sign()
    return x_adv.clamp(low, high).detach()


def pgd(model, x, y, eps, *, alpha, steps, norm="linf", random_start=False, targeted=False, low=0.0, high=1.0,
        generator=None):
    if norm not in ["linf", "l2"]:
        raise ValueError("norm must be linf or l2")
    x = x.detach()
    x_adv = x.clone()
    if random_start:
        x_adv = (x + eps * (2 * torch.rand(x.shape, generator=generator, dtype=x.dtype) - 1)).clamp(low, high)
    for _ in range(steps):
        with torch.enable_grad():
            x_adv = x_adv.detach().requires_grad_(True)
            loss = nn.functional.cross_entropy(model(x_adv), y, reduction="sum")
            grad = torch.autograd.grad(loss, x_adv)[0]
        if norm == "linf":
            grad = grad.sign()
        else:
            lengths = grad.flatten(1).norm(dim=1).clamp(min=1e-12)
            grad = grad / lengths.view(-1, *[1] * (x.dim() - 1))
        x_adv = x_adv.detach() - alpha * grad if targeted else x_adv.detach() + alpha * grad
    # back into the ball
    if norm == "linf":
        x_adv = torch.max(torch.min(x_adv, x + eps), x - eps)
    else:
        delta = x_adv - x
        lengths = delta.flatten(1).norm(dim=1).view(-1, *[1] * (x.dim() - 1))
        x_adv = x + delta * (eps / lengths.clamp(min=eps))
    return x_adv.clamp(low, high)


def distillation_loss(student_logits, teacher_logits, temperature):
    teacher = torch.softmax(teacher_logits.detach() / temperature, dim=1)
    student = torch.log_softmax(student_logits / temperature, dim=1)
    return nn.functional.kl_div(student, teacher, reduction="batchmean")


def attack_success_rate(labels, clean_predictions, adversarial_predictions):
    right = clean_predictions == labels
    if not right.any():
        return 0.0
    return (adversarial_predictions[right] != labels[right]).float().mean().item()
