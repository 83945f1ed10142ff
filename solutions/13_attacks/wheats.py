"""Other right ways to write the attacks."""

from __future__ import annotations

import copy
import math

import torch
import torch.nn.functional as F

from autograder.wheats import wheat


@wheat("project_linf")
def clips_the_perturbation(x_adv, x, eps, *, low=0.0, high=1.0):
    """Clamps the difference to ±ε, adds it to the clean image, then clamps to the box."""
    return torch.clamp(x + torch.clamp(x_adv - x, -eps, eps), low, high)


@wheat("project_linf")
def one_interval_for_both(x_adv, x, eps, *, low=0.0, high=1.0):
    """Intersects ball and box to one interval per pixel first."""
    least, greatest = (x - eps).clamp(min=low), (x + eps).clamp(max=high)
    return torch.where(x_adv < least, least, torch.where(x_adv > greatest, greatest, x_adv))


@wheat("project_linf")
def box_first_then_ball(x_adv, x, eps, *, low=0.0, high=1.0):
    """Clamps to the box before the ball: the clean image lies in the box, so the order is free."""
    boxed = x_adv.detach().clone().clamp_(low, high)
    return boxed.clamp_(min=x - eps, max=x + eps)


@wheat("project_linf")
def pixel_by_pixel(x_adv, x, eps, *, low=0.0, high=1.0):
    """Takes the median of the three candidates, one pixel at a time, in Python."""
    pixels = [
        sorted([moved, max(clean - eps, low), min(clean + eps, high)])[1]
        for moved, clean in zip(x_adv.flatten().tolist(), x.flatten().tolist(), strict=True)
    ]
    return torch.tensor(pixels, dtype=x.dtype).reshape(x.shape)


@wheat("project_l2")
def with_renorm(delta, eps):
    """Leaves it to torch.renorm, which divides by the length plus 1e-7."""
    return torch.renorm(delta, 2, 0, eps)


@wheat("project_l2")
def with_normalize(delta, eps):
    """Splits each sample into direction and length, and takes the smaller of length and ε."""
    flat = delta.flatten(1)
    lengths = torch.linalg.vector_norm(flat, dim=1, keepdim=True)
    return (F.normalize(flat, dim=1) * lengths.clamp(max=eps)).reshape(delta.shape)


@wheat("project_l2")
def sample_by_sample(delta, eps):
    """Loops over the samples and scales those that are too long."""
    result = delta.clone()
    for row in result:
        length = float(row.pow(2).sum().sqrt())
        if length > eps:
            row *= eps / length
    return result


@wheat("project_l2")
def with_the_smaller_factor(delta, eps):
    """Takes the smaller of 1 and ε over length, with infinity where the length is 0."""
    squares = (delta * delta).sum(dim=tuple(range(1, delta.ndim)), keepdim=True)
    factor = torch.minimum(eps / squares.sqrt(), torch.ones_like(squares))
    return delta * factor


@wheat("fgsm")
def backward_on_a_copy(model, x, y, eps, *, targeted=False, low=0.0, high=1.0):
    """Calls .backward() on a deep copy of the model, whose gradients nobody sees, with the mean loss."""
    twin = copy.deepcopy(model)
    leaf = x.detach().clone().requires_grad_(True)
    with torch.enable_grad():
        loss = F.cross_entropy(twin(leaf), y)
        (-loss if targeted else loss).backward()
    return torch.clamp(x + eps * leaf.grad.sign(), min=low, max=high).detach()


@wheat("fgsm")
def through_the_logits(model, x, y, eps, *, targeted=False, low=0.0, high=1.0):
    """Writes down the loss's slope for the logits, probabilities minus one-hot, and lets autograd do the rest."""
    with torch.enable_grad():
        leaf = x.detach().requires_grad_()
        logits = model(leaf)
        slope = logits.detach().softmax(-1) - F.one_hot(y, logits.shape[-1])
        (gradient,) = torch.autograd.grad(logits, leaf, slope.to(logits.dtype))
    sign = -1 if targeted else 1
    return (x.detach() + sign * eps * torch.sign(gradient)).clip(low, high)


@wheat("fgsm")
def with_functional_gradients(model, x, y, eps, *, targeted=False, low=0.0, high=1.0):
    """Asks torch.func for the gradient of the negative log-likelihood."""

    def loss(pixels):
        log_probabilities = model(pixels).log_softmax(-1)
        return -log_probabilities.gather(1, y[:, None]).sum() * (-1 if targeted else 1)

    gradient = torch.func.grad(loss)(x.detach()).detach()
    return (x.detach() + eps * gradient.sign()).clamp(low, high)


@wheat("fgsm")
def with_a_perturbation(model, x, y, eps, *, targeted=False, low=0.0, high=1.0):
    """Takes the gradient for a perturbation that starts at zero, one sample at a time."""
    results = [x.detach()[:0]]
    with torch.enable_grad():
        for image, label in zip(x.detach().split(1), y.split(1), strict=False):
            delta = torch.zeros_like(image, requires_grad=True)
            loss = F.nll_loss(F.log_softmax(model(image + delta), dim=1), label)
            (gradient,) = torch.autograd.grad(loss, [delta])
            step = torch.where(gradient > 0, eps, torch.where(gradient < 0, -eps, 0.0))
            results.append((image - step if targeted else image + step).clamp(low, high))
    return torch.cat(results).to(x.dtype)


@wheat("pgd")
def tracks_the_perturbation(
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
    """Keeps δ, not the image; the l2 start is cut from a sphere of two more dimensions."""
    if norm not in {"linf", "l2"}:
        raise ValueError("norm")
    x, axes = x.detach(), tuple(range(1, x.ndim))

    def restrict(delta):
        if norm == "linf":
            delta = delta.clamp(-eps, eps)
        else:
            delta = delta * (eps / delta.pow(2).sum(axes, keepdim=True).sqrt()).clamp(max=1)
        return (x + delta).clamp(low, high) - x

    delta = torch.zeros_like(x)
    if random_start and norm == "linf":
        delta = restrict(torch.empty_like(x).uniform_(-eps, eps, generator=generator))
    elif random_start:
        size = math.prod(x.shape[1:])
        normal = torch.randn(len(x), size + 2, generator=generator, dtype=x.dtype)
        delta = restrict(eps * F.normalize(normal)[:, :size].reshape(x.shape))
    for _ in range(steps):
        leaf = delta.clone().requires_grad_(True)
        with torch.enable_grad():
            loss = F.cross_entropy(model(x + leaf), y, reduction="sum")
            (gradient,) = torch.autograd.grad(-loss if targeted else loss, leaf)
        if norm == "linf":
            step = alpha * gradient.sign()
        else:
            step = alpha * gradient / (gradient.pow(2).sum(axes, keepdim=True).sqrt() + 1e-10)
        delta = restrict(delta + step)
    return (x + delta).clamp(low, high)


@wheat("pgd")
def with_an_interval_and_a_copy(
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
    """Backward on a copy; the linf start is uniform on ball and box together; the l2 start is drawn until it fits."""
    if norm != "linf" and norm != "l2":
        raise ValueError(f"unknown norm {norm}")
    twin, clean = copy.deepcopy(model), x.detach().clone()
    least, greatest = (clean - eps).clamp(min=low), (clean + eps).clamp(max=high)
    current = clean.clone()
    if random_start and norm == "linf":
        current = least + (greatest - least) * torch.rand(clean.shape, generator=generator, dtype=clean.dtype)
    elif random_start:
        for row in current:
            direction = torch.randn(row.shape, generator=generator, dtype=row.dtype)
            length = torch.rand(row.numel(), generator=generator, dtype=row.dtype).max()  # the greatest of D
            row += eps * length * direction / direction.norm()
        current = current.clamp(low, high)
    for _ in range(steps):
        current.requires_grad_(True)
        current.grad = None
        with torch.enable_grad():
            F.cross_entropy(twin(current), y, reduction="none").sum().backward()
        slope, current = current.grad, current.detach()
        up = -1.0 if targeted else 1.0
        if norm == "linf":
            current = torch.max(torch.min(current + up * alpha * slope.sign(), greatest), least)
        else:
            unit = F.normalize(slope.flatten(1), dim=1).reshape(slope.shape)
            moved = current + up * alpha * unit - clean
            current = (clean + torch.renorm(moved, 2, 0, eps)).clamp(low, high)
    return current.detach()


@wheat("pgd")
def one_sample_at_a_time(
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
    """Attacks every sample alone, in plain steps, through probabilities minus one-hot."""
    if norm not in ("l2", "linf"):
        raise ValueError("norm is l2 or linf")
    results = [x.detach()[:0]]
    for image, label in zip(x.detach().split(1), y.tolist(), strict=False):
        moved = image.clone()
        if random_start:
            while True:
                noise = 2 * torch.rand(image.shape, generator=generator, dtype=image.dtype) - 1
                if norm == "linf" or noise.numel() > 8 or noise.norm() <= 1:
                    break
            if norm == "l2" and noise.numel() > 8:
                noise = torch.randn(image.shape, generator=generator, dtype=image.dtype)
                radius = torch.rand((), generator=generator, dtype=image.dtype) ** (1 / noise.numel())
                noise *= radius / noise.norm()
            moved = (image + eps * noise).clamp(low, high)
        for _ in range(steps):
            with torch.enable_grad():
                leaf = moved.clone().requires_grad_()
                logits = model(leaf)
                slope = logits.detach().softmax(-1)
                slope[0, label] -= 1
                (gradient,) = torch.autograd.grad(logits, leaf, grad_outputs=slope)
            gradient = -gradient if targeted else gradient
            if norm == "linf":
                delta = (moved + alpha * gradient.sign() - image).clamp(-eps, eps)
            else:
                length = float(gradient.norm())
                delta = moved - image + (alpha / length * gradient if length > 1e-8 else 0.0)
                delta = delta * min(1.0, eps / max(float(delta.norm()), 1e-30))
            moved = (image + delta).clamp(low, high)
        results.append(moved)
    return torch.cat(results)


@wheat("ensemble_logits")
def running_sum(models, x):
    """Adds the logits up, then divides."""
    return sum(model(x) for model in models) / len(models)


@wheat("ensemble_logits")
def concatenated_and_averaged(models, x):
    """Puts the models' logits side by side in a last dimension of their own."""
    return torch.cat([model(x).unsqueeze(-1) for model in models], dim=-1).mean(-1)


@wheat("ensemble_logits")
def weighted_sum(models, x):
    """Gives every model the same weight in an einsum."""
    logits = torch.stack([model(x) for model in models])
    weights = torch.full((len(models),), 1 / len(models), dtype=logits.dtype)
    return torch.einsum("m,mnk->nk", weights, logits)


@wheat("distillation_loss")
def with_torchs_divergence(student_logits, teacher_logits, temperature):
    """Asks torch for the divergence, with both sides as log-probabilities."""
    student = F.log_softmax(student_logits / temperature, -1)
    teacher = F.log_softmax(teacher_logits.detach() / temperature, -1)
    return F.kl_div(student, teacher, reduction="sum", log_target=True) * temperature**2 / len(student_logits)


@wheat("distillation_loss")
def cross_entropy_minus_entropy(student_logits, teacher_logits, temperature):
    """Soft cross-entropy of the student less the teacher's own entropy."""
    with torch.no_grad():
        log_soft = (teacher_logits / temperature).log_softmax(-1)
        soft = log_soft.exp()
        entropy = -(soft * log_soft).sum(-1).mean()
    cross = -(soft * (student_logits / temperature).log_softmax(-1)).sum(-1).mean()
    return temperature * temperature * (cross - entropy)


@wheat("distillation_loss")
def with_logsumexp(student_logits, teacher_logits, temperature):
    """Expected gap of the scaled logits, corrected by the gap of their log-sum-exps."""
    s, t = student_logits / temperature, teacher_logits.detach() / temperature
    expected = (t.softmax(1) * (t - s)).sum(1)
    return (expected + s.logsumexp(1) - t.logsumexp(1)).mean() * temperature**2


@wheat("attack_success_rate")
def by_selection(labels, clean_predictions, adversarial_predictions):
    """Selects the samples that were right, and averages over them."""
    right = clean_predictions.eq(labels)
    if not bool(right.any()):
        return 0.0
    return (adversarial_predictions[right] != labels[right]).double().mean().item()


@wheat("attack_success_rate")
def by_counting(labels, clean_predictions, adversarial_predictions):
    """Counts in a Python loop."""
    right = fooled = 0
    for label, clean, adversarial in zip(
        labels.tolist(), clean_predictions.tolist(), adversarial_predictions.tolist(), strict=True
    ):
        if clean == label:
            right += 1
            fooled += adversarial != label
    return fooled / right if right else 0.0


@wheat("attack_success_rate")
def one_minus_survivors(labels, clean_predictions, adversarial_predictions):
    """One less the share that stays right, in float32."""
    right = (clean_predictions == labels).float()
    survive = right * (adversarial_predictions == clean_predictions)
    return float(1 - survive.sum() / right.sum()) if right.sum() > 0 else 0.0
