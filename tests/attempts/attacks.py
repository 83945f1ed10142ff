"""Attempts at unit 13, written from the sentences of its known mistakes and not from their code."""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F

from tests.attempts import attempt


@attempt("project_linf", mistake="throws_far_pixels_back")
def keeps_only_what_is_allowed(x_adv, x, eps, *, low=0.0, high=1.0):
    """A change of more than eps is forbidden, so such a pixel is not changed at all."""
    change = x_adv - x
    allowed = torch.logical_and(change <= eps, change >= -eps)
    return torch.clip(torch.where(allowed, x_adv, x), low, high)


@attempt("project_linf", mistake="clamps_in_place")
def mends_image_after_image(x_adv, x, eps, *, low=0.0, high=1.0):
    """Go through the images and put each one's nearest allowed version in its place."""
    with torch.no_grad():
        for i in range(x_adv.shape[0]):
            least = torch.clamp(x[i] - eps, min=low)
            most = torch.clamp(x[i] + eps, max=high)
            x_adv[i] = torch.maximum(torch.minimum(x_adv[i], most), least)
    return x_adv


@attempt("project_linf", mistake="asks_for_the_greatest")
def looks_whether_there_is_anything_to_do(x_adv, x, eps, *, low=0.0, high=1.0):
    """If the largest difference is within eps, the ball needs no work and only the box does."""
    largest = torch.max(torch.abs(x_adv - x)).item()
    nearest = x_adv
    if largest > eps:
        nearest = torch.max(torch.min(x_adv, x + eps), x - eps)
    return nearest.clamp(low, high)


@attempt("project_l2", mistake="divides_by_zero")
def separates_direction_and_length(delta, eps):
    """A vector is its direction times its length. Keep the direction, cut the length at eps."""
    rows = delta.flatten(start_dim=1)
    length = torch.einsum("nd,nd->n", rows, rows).sqrt()
    direction = rows / length[:, None]
    cut = torch.clamp(length, max=eps)
    return torch.einsum("nd,n->nd", direction, cut).view(delta.shape)


@attempt("project_l2", mistake="length_over_channels")
def takes_the_norm_along_the_features(delta, eps):
    """Dimension 0 is the batch, so the norm goes along dimension 1."""
    length = torch.norm(delta, p=2, dim=1, keepdim=True)
    too_long = length > eps
    factor = torch.where(too_long, eps / length, torch.ones_like(length))
    return delta * factor


@attempt("project_l2", mistake="single_precision_l2")
def computes_with_plain_numbers(delta, eps):
    """Write it with lists and Pythagoras, then make a tensor of the lists."""
    shortened = []
    for row in delta.flatten(1).tolist():
        length = math.sqrt(sum(v * v for v in row))
        if length > eps:
            row = [v * eps / length for v in row]
        shortened.append(row)
    return torch.tensor(shortened).reshape(delta.shape)


@attempt("fgsm", mistake="moves_unseen_pixels")
def goes_up_or_down(model, x, y, eps, *, targeted=False, low=0.0, high=1.0):
    """A pixel goes up if that raises the loss, else it goes down: one bit per pixel, made into +1 or -1."""
    with torch.enable_grad():
        pixels = x.detach().clone().requires_grad_()
        aim = F.cross_entropy(model(pixels), y)
        if targeted:
            aim = -aim
        (slope,) = torch.autograd.grad(aim, [pixels])
    up = (slope > 0).to(x.dtype)
    return torch.clamp(x.detach() + eps * (2 * up - 1), low, high)


@attempt("fgsm", mistake="runs_from_its_own_prediction")
def moves_away_from_what_it_sees(model, x, y, eps, *, targeted=False, low=0.0, high=1.0):
    """Push the network away from what it says now; a wanted class is only needed if there is a target."""
    with torch.enable_grad():
        image = x.detach().requires_grad_(True)
        log_p = F.log_softmax(model(image), dim=1)
        label = y if targeted else log_p.argmax(dim=1)
        loss = F.nll_loss(log_p, label, reduction="sum")
        gradient = torch.autograd.grad(loss, image)[0]
    sign = torch.sign(gradient)
    moved = image.detach() - eps * sign if targeted else image.detach() + eps * sign
    return moved.clamp(min=low, max=high)


@attempt("fgsm", mistake="attacks_in_train_mode")
def switches_to_training_for_the_gradient(model, x, y, eps, *, targeted=False, low=0.0, high=1.0):
    """Gradients are for training, so switch to train mode while I take one, and back to eval when done."""
    model.train()
    with torch.enable_grad():
        inputs = x.detach().clone()
        inputs.requires_grad = True
        loss = torch.nn.CrossEntropyLoss()(model(inputs), y)
        grad = torch.autograd.grad(loss, inputs)[0]
    model.eval()
    direction = -1 if targeted else 1
    return (x.detach() + direction * eps * grad.sign()).clamp(low, high)


@attempt("fgsm", mistake="gradients_switched_off")
def does_not_train_the_model(model, x, y, eps, *, targeted=False, low=0.0, high=1.0):
    """The model is finished and must not be touched, so run it under no_grad; only the image needs a gradient."""
    image = x.detach().clone().requires_grad_(True)
    with torch.no_grad():
        logits = model(image)
    loss = F.cross_entropy(logits, y)
    grad = torch.autograd.grad(loss, image)[0]
    if targeted:
        grad = -grad
    return torch.clamp(image.detach() + eps * grad.sign(), low, high)


def _pixel_gradient(model, images, y):
    """Gradient of the summed cross-entropy with respect to the images, and to nothing else."""
    with torch.enable_grad():
        images = images.detach().clone().requires_grad_(True)
        loss = F.cross_entropy(model(images), y, reduction="sum")
        return torch.autograd.grad(loss, images)[0]


def _per_sample(values, like):
    """One number per sample, shaped so that it can be multiplied with the images."""
    return values.view(-1, *[1] * (like.dim() - 1))


def _lengths(t):
    return _per_sample(torch.linalg.vector_norm(t.flatten(1), dim=1), t)


def _into_the_ball(images, x, eps, norm):
    change = images - x
    if norm == "linf":
        return x + change.clamp(-eps, eps)
    lengths = _lengths(change)
    return torch.where(lengths > eps, x + change * (eps / lengths), images)


def _step(gradient, alpha, norm):
    if norm == "linf":
        return alpha * gradient.sign()
    lengths = _lengths(gradient)
    return alpha * gradient / torch.where(lengths == 0, torch.ones_like(lengths), lengths)


def _random_change(x, eps, norm, generator):
    if norm == "linf":
        return eps * (2 * torch.rand(x.shape, generator=generator, dtype=x.dtype) - 1)
    direction = torch.randn(x.shape, generator=generator, dtype=x.dtype)
    direction = direction / _lengths(direction)
    u = torch.rand(x.shape[0], generator=generator, dtype=x.dtype)
    return eps * _per_sample(u ** (1 / math.prod(x.shape[1:])), x) * direction


@attempt("pgd", mistake="projects_at_the_end_only")
def comes_home_after_the_walk(
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
    """Walk freely up the loss, and bring what comes out into the ball and the box."""
    if norm not in ("linf", "l2"):
        raise ValueError(f"unknown norm {norm}")
    x = x.detach()
    walker = x.clone()
    if random_start:
        walker = torch.clamp(walker + _random_change(x, eps, norm, generator), low, high)
    for _ in range(steps):
        gradient = _pixel_gradient(model, walker, y)
        walker = walker + _step(-gradient if targeted else gradient, alpha, norm)
    return _into_the_ball(walker, x, eps, norm).clamp(low, high)


@attempt("pgd", mistake="shortens_gentle_steps")
def adds_a_small_number_below(
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
    """The gradient may be zero, so add the usual 1e-5 of batch norm before dividing by its length."""
    if norm != "linf" and norm != "l2":
        raise ValueError("norm must be linf or l2")
    clean = x.detach()
    adv = clean.clone()
    if random_start:
        adv = (adv + _random_change(clean, eps, norm, generator)).clamp(low, high)
    up = -1.0 if targeted else 1.0
    for _ in range(steps):
        g = _pixel_gradient(model, adv, y)
        direction = torch.sign(g) if norm == "linf" else g / (_lengths(g) + 1e-5)
        adv = adv + up * alpha * direction
        adv = _into_the_ball(adv, clean, eps, norm).clamp(low, high)
    return adv


@attempt("pgd", mistake="stops_samples_that_are_fooled")
def works_on_the_stubborn_ones(
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
    """An image that already fools the network is done. Spend the steps on the others."""
    if norm not in {"linf", "l2"}:
        raise ValueError(norm)
    x = x.detach()
    current = x.clone()
    if random_start:
        current = (x + _random_change(x, eps, norm, generator)).clamp(low, high)
    for _ in range(steps):
        with torch.enable_grad():
            current.requires_grad_(True)
            logits = model(current)
            loss = F.cross_entropy(logits, y, reduction="sum")
            (grad,) = torch.autograd.grad(-loss if targeted else loss, current)
        current = current.detach()
        said = logits.detach().argmax(1)
        fooled = said.eq(y) if targeted else said.ne(y)
        moved = _into_the_ball(current + _step(grad, alpha, norm), x, eps, norm).clamp(low, high)
        current = torch.where(_per_sample(fooled, x), current, moved)
    return current


@attempt("pgd", mistake="starts_with_a_uniform_radius")
def draws_direction_and_distance(
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
    """A random point of the ball is a random direction and a random distance between 0 and eps."""
    if norm not in ("linf", "l2"):
        raise ValueError(f"norm {norm!r}")
    x = x.detach()
    delta = torch.zeros_like(x)
    if random_start and norm == "linf":
        delta = torch.empty_like(x).uniform_(-eps, eps, generator=generator)
    elif random_start:
        direction = F.normalize(torch.empty_like(x).normal_(generator=generator).flatten(1), dim=1)
        distance = torch.empty(len(x), 1, dtype=x.dtype).uniform_(0, eps, generator=generator)
        delta = (direction * distance).reshape(x.shape)
    adv = (x + delta).clamp(low, high)
    for _ in range(steps):
        step = _step(_pixel_gradient(model, adv, y), alpha, norm)
        adv = adv - step if targeted else adv + step
        adv = torch.clamp(_into_the_ball(adv, x, eps, norm), low, high)
    return adv


@attempt("pgd", mistake="ignores_the_generator")
def fills_in_noise_like_the_image(
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
    """rand_like and randn_like give noise of the right shape and dtype at once."""
    if norm == "linf":
        noise = (torch.rand_like(x) * 2 - 1) * eps if random_start else 0
    elif norm == "l2":
        noise = 0
        if random_start:
            noise = torch.randn_like(x)
            dims = noise.flatten(1).shape[1]
            radius = eps * torch.rand_like(_lengths(noise)).pow(1 / dims)
            noise = noise * radius / _lengths(noise)
    else:
        raise ValueError(f"no norm is called {norm}")
    x = x.detach()
    adv = torch.clamp(x + noise, low, high)
    for _ in range(steps):
        grad = _pixel_gradient(model, adv, y)
        if targeted:
            grad = grad.neg()
        adv = _into_the_ball(adv + _step(grad, alpha, norm), x, eps, norm)
        adv = adv.clamp(low, high)
    return adv


@attempt("pgd", mistake="backward_into_the_model_pgd")
def calls_backward_on_the_loss(
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
    """As in a training loop: loss, backward, and read the gradient off the perturbation."""
    if norm not in ["linf", "l2"]:
        raise ValueError("only linf and l2")
    x = x.detach()
    delta = torch.zeros_like(x)
    if random_start:
        delta = (x + _random_change(x, eps, norm, generator)).clamp(low, high) - x
    criterion = torch.nn.CrossEntropyLoss(reduction="sum")
    for _ in range(steps):
        delta = delta.detach().requires_grad_(True)
        with torch.enable_grad():
            loss = criterion(model(x + delta), y)
            if targeted:
                loss = -loss
            loss.backward()
        with torch.no_grad():
            moved = x + delta + _step(delta.grad, alpha, norm)
            delta = _into_the_ball(moved, x, eps, norm).clamp(low, high) - x
    return (x + delta).detach()


@attempt("ensemble_logits", mistake="cuts_the_graph")
def averages_arrays(models, x):
    """Collect the logits of the models in a list; numpy takes the mean over it."""
    collected = [model(x).detach().numpy() for model in models]
    return torch.from_numpy(np.mean(np.stack(collected), axis=0))


@attempt("ensemble_logits", mistake="goes_sample_by_sample")
def asks_all_models_about_one_image(models, x):
    """One image at a time: ask every model, average their answers, next image."""
    rows = []
    for image in x:
        total = 0
        for model in models:
            total = total + model(image.unsqueeze(0)).squeeze(0)
        rows.append(total / len(models))
    return torch.stack(rows)


@attempt("distillation_loss", mistake="averages_over_classes")
def takes_the_mean_of_the_divergences(student_logits, teacher_logits, temperature):
    """kl_div gives a tensor, and the loss is its mean."""
    student = F.log_softmax(student_logits / temperature, dim=-1)
    teacher = F.softmax(teacher_logits.detach() / temperature, dim=-1)
    divergences = F.kl_div(student, teacher, reduction="none")
    return temperature**2 * torch.mean(divergences)


@attempt("distillation_loss", mistake="keeps_the_teachers_entropy")
def learns_from_soft_labels(student_logits, teacher_logits, temperature):
    """The teacher's probabilities are soft labels, and cross_entropy takes those too."""
    soft_labels = torch.softmax(teacher_logits.detach() / temperature, dim=1)
    return F.cross_entropy(student_logits / temperature, soft_labels) * temperature * temperature


@attempt("distillation_loss", mistake="teaches_the_teacher")
def writes_the_definition_down(student_logits, teacher_logits, temperature):
    """KL(p, q) is the sum of p (log p - log q), p the teacher's and q the student's."""
    log_p = teacher_logits / temperature
    log_p = log_p - torch.logsumexp(log_p, dim=1, keepdim=True)
    log_q = student_logits / temperature
    log_q = log_q - torch.logsumexp(log_q, dim=1, keepdim=True)
    per_sample = torch.einsum("nc,nc->n", log_p.exp(), log_p - log_q)
    return per_sample.mean() * temperature**2


@attempt("distillation_loss", mistake="divides_in_place")
def softens_the_constant_teacher(student_logits, teacher_logits, temperature):
    """The teacher is constant and needs no graph, so there is no need for a second tensor either."""
    with torch.no_grad():
        teacher_logits /= temperature
        log_teacher = F.log_softmax(teacher_logits, dim=1)
    log_student = F.log_softmax(student_logits / temperature, dim=1)
    return F.kl_div(log_student, log_teacher, reduction="batchmean", log_target=True) * temperature**2


@attempt("attack_success_rate", mistake="counts_changes")
def counts_answers_that_flipped(labels, clean_predictions, adversarial_predictions):
    """An attack succeeds where the network changes its mind; compare that with how many were right."""
    flipped = 0
    right = 0
    for label, before, after in zip(
        labels.tolist(), clean_predictions.tolist(), adversarial_predictions.tolist(), strict=True
    ):
        right += before == label
        flipped += before != after
    return flipped / right if right else 0.0


@attempt("attack_success_rate", mistake="mean_of_nothing")
def looks_at_the_right_ones(labels, clean_predictions, adversarial_predictions):
    """Keep the samples that were right, and see how many of them are wrong now."""
    kept = torch.nonzero(clean_predictions == labels).flatten()
    wrong = adversarial_predictions[kept] != labels[kept]
    return wrong.to(torch.float64).mean().item()
