"""Attempts at unit 12, written from the sentences of its known mistakes and not from their code."""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F

from tests.attempts import attempt


@attempt("total_variation", mistake="squares_of_differences")
def squares_what_differs(x):
    """Neighbours should be alike, so add up their squared errors in both directions."""
    down = x[:, :, 1:, :] - x[:, :, :-1, :]
    right = x[:, :, :, 1:] - x[:, :, :, :-1]
    return down.pow(2).sum(dim=(1, 2, 3)) + right.pow(2).sum(dim=(1, 2, 3))


@attempt("total_variation", mistake="across_alone")
def walks_along_the_rows(x):
    """Walk along every row and add up how far the value moves."""
    total = x.new_zeros(x.shape[0])
    for column in range(1, x.shape[3]):
        step = x[..., column] - x[..., column - 1]
        total = total + torch.abs(step).sum(dim=(1, 2))
    return total


@attempt("total_variation", mistake="mean_of_differences")
def averages_over_the_pairs(x):
    """How rough an image is should not depend on its size, so I divide by the number of pairs."""
    down = x.diff(dim=-2).abs()
    right = x.diff(dim=-1).abs()
    pairs = down.shape[1:].numel() + right.shape[1:].numel()
    return (down.sum(dim=(1, 2, 3)) + right.sum(dim=(1, 2, 3))) / max(pairs, 1)


@attempt("total_variation", mistake="length_of_both_differences")
def measures_the_gradient(x):
    """At each pixel the two differences are the image's gradient, and its variation is how long that is."""
    down, right = torch.zeros_like(x), torch.zeros_like(x)
    down[:, :, :-1] = x[:, :, 1:] - x[:, :, :-1]
    right[:, :, :, :-1] = x[:, :, :, 1:] - x[:, :, :, :-1]
    gradient = torch.stack([down, right])
    return torch.linalg.vector_norm(gradient, dim=0).sum(dim=(1, 2, 3))


def _module(model, layer):
    names = dict(model.named_modules())
    if not layer or layer not in names:
        raise ValueError(f"no layer called {layer!r}")
    return names[layer]


@attempt("channel_activation", mistake="sum_over_the_map")
def adds_up_the_map(model, layer, channel, x):
    """A channel is the more active the more of its map lights up, so I add up rows and columns."""
    heard = []

    def listen(module, inputs, output):
        heard.append(output.clone())

    handle = _module(model, layer).register_forward_hook(listen)
    try:
        model(x)
    finally:
        handle.remove()
    activity = heard[0][:, channel]
    while activity.dim() > 1:
        activity = activity.sum(dim=-1)
    return activity


@attempt("channel_activation", mistake="looks_after_the_run")
def listens_with_a_lambda(model, layer, channel, x):
    """The hook puts the output in a dict, and when the model has run I take it out and average."""
    heard = {}
    hook = _module(model, layer).register_forward_hook(lambda module, inputs, output: heard.update(output=output))
    try:
        model(x)
    finally:
        hook.remove()
    maps = heard["output"].select(1, channel)
    return maps.mean(dim=(1, 2)) if maps.ndim == 3 else maps.clone()


@attempt("channel_activation", mistake="detaches")
def listens_as_before(model, layer, channel, x):
    """This is layer_features from the unit before, and after it the mean over the map."""
    features = None

    def keep(module, inputs, output):
        nonlocal features
        features = output.detach().clone()

    handle = _module(model, layer).register_forward_hook(keep)
    try:
        model(x)
    finally:
        handle.remove()
    if features.dim() == 2:
        return features[:, channel]
    return features[:, channel].mean(dim=(-2, -1))


@attempt("channel_activation", mistake="leaves_its_hook")
def registers_and_runs(model, layer, channel, x):
    """Register the hook, run the model, and read off what the hook has computed."""
    answers = []

    def listen(module, inputs, output):
        if output.dim() == 4:
            answers.append(torch.einsum("nhw->n", output[:, channel]) / output.shape[2:].numel())
        else:
            answers.append(output[:, channel].clone())

    _module(model, layer).register_forward_hook(listen)
    model(x)
    return answers[-1]


@attempt("channel_activation", mistake="another_error")
def lets_torch_find_the_layer(model, layer, channel, x):
    """get_submodule follows the dots, and complains by itself if there is no such layer."""
    if layer == "":
        raise ValueError("which layer?")
    module = model.get_submodule(layer)
    heard = []
    handle = module.register_forward_hook(lambda _module, _inputs, output: heard.append(output.clone()))
    try:
        model(x)
    finally:
        handle.remove()
    output = heard.pop()
    return output[:, channel] if output.dim() == 2 else output.mean(dim=(2, 3))[:, channel]


def _roughness(x):
    return (x[:, :, 1:] - x[:, :, :-1]).abs().sum() + (x[..., 1:] - x[..., :-1]).abs().sum()


@attempt("maximize_activation", mistake="climbs_down")
def lets_sgd_step(objective, x0, *, steps, lr, l2=0.0, tv=0.0, clip=(0.0, 1.0)):
    """Plain gradient steps are torch.optim.SGD, and the images are what it optimises."""
    x = x0.detach().clone().requires_grad_(True)
    optimizer = torch.optim.SGD([x], lr=lr)
    for _ in range(steps):
        value = objective(x).sum() - l2 * (x * x).sum() - tv * _roughness(x)
        x.grad = torch.autograd.grad(value, x)[0]
        optimizer.step()
        if clip is not None:
            with torch.no_grad():
                x.clamp_(clip[0], clip[1])
    return x.detach()


@attempt("maximize_activation", mistake="mean_of_the_batch")
def averages_what_is_to_rise(objective, x0, *, steps, lr, l2=0.0, tv=0.0, clip=(0.0, 1.0)):
    """One number is wanted for autograd, so take the mean over the batch of what each image has reached."""
    images = x0.detach().clone()
    for _ in range(steps):
        images.requires_grad_(True)
        length = images.pow(2).sum(dim=(1, 2, 3))
        down = images.diff(dim=2).abs().sum(dim=(1, 2, 3))
        right = images.diff(dim=3).abs().sum(dim=(1, 2, 3))
        reached = objective(images) - l2 * length - tv * (down + right)
        (slope,) = torch.autograd.grad(reached.mean(), images)
        images = images.detach() + lr * slope
        if clip is not None:
            images = torch.clamp(images, *clip)
    return images


@attempt("maximize_activation", mistake="forgets_the_two")
def decays_the_pixels(objective, x0, *, steps, lr, l2=0.0, tv=0.0, clip=(0.0, 1.0)):
    """An l2 penalty is weight decay, which the optimiser has built in; maximize=True makes it climb."""
    pixels = x0.detach().clone().requires_grad_()
    optimizer = torch.optim.SGD([pixels], lr=lr, weight_decay=l2, maximize=True)
    for _ in range(steps):
        score = objective(pixels).sum() - tv * _roughness(pixels)
        (pixels.grad,) = torch.autograd.grad(score, [pixels])
        optimizer.step()
        if clip is not None:
            pixels.data.clamp_(*clip)
    return pixels.detach()


@attempt("maximize_activation", mistake="clamps_at_the_end")
def tidies_up_afterwards(objective, x0, *, steps, lr, l2=0.0, tv=0.0, clip=(0.0, 1.0)):
    """Climb first, and when the climb is over bring the pixels back to where pixels may be."""
    if steps == 0:
        return x0.detach().clone()
    x = x0.detach().clone()
    while steps > 0:
        x.requires_grad_()
        goal = torch.sum(objective(x)) - l2 * torch.sum(x**2) - tv * _roughness(x)
        x = (x + lr * torch.autograd.grad(goal, x)[0]).detach()
        steps -= 1
    if clip is not None:
        low, high = clip
        x = x.clamp(min=low, max=high)
    return x


@attempt("maximize_activation", mistake="gradients_in_the_model")
def calls_backward(objective, x0, *, steps, lr, l2=0.0, tv=0.0, clip=(0.0, 1.0)):
    """As in every training loop: forward, backward, step, and set the images' gradient to None again."""
    x = x0.detach().clone()
    x.requires_grad = True
    for _ in range(steps):
        loss = -objective(x).sum() + l2 * x.square().sum() + tv * _roughness(x)
        loss.backward()
        with torch.no_grad():
            x -= lr * x.grad
            if clip is not None:
                x.clamp_(*clip)
        x.grad = None
    return x.detach()


@attempt("maximize_activation", mistake="climbs_with_the_callers_images")
def detaches_the_start(objective, x0, *, steps, lr, l2=0.0, tv=0.0, clip=(0.0, 1.0)):
    """detach() makes a tensor of its own, and its numbers can then be moved step by step."""
    x = x0.detach()
    for _ in range(steps):
        x.requires_grad_(True)
        value = objective(x).sum() - l2 * x.pow(2).sum() - tv * _roughness(x)
        (grad,) = torch.autograd.grad(value, x)
        x.requires_grad_(False)
        x += lr * grad
        if clip is not None:
            x.clamp_(*clip)
    return x.clone()


@attempt("maximize_with_generator", mistake="climbs_the_probability")
def minimises_the_cross_entropy(classifier, generator, target, z0, *, steps, lr, penalty=0.0):
    """The classifier should say `target`, so minimise the cross-entropy with that label, and the penalty with it."""
    z = z0.detach().clone()
    labels = torch.full((len(z),), target, dtype=torch.int64)
    for _ in range(steps):
        z.requires_grad_(True)
        loss = F.cross_entropy(classifier(generator(z)), labels, reduction="sum") + penalty * z.square().sum()
        (grad,) = torch.autograd.grad(loss, z)
        z = z.detach() - lr * grad
    with torch.no_grad():
        images = generator(z)
    return images, z


@attempt("maximize_with_generator", mistake="images_of_the_step_before")
def returns_what_the_loop_made(classifier, generator, target, z0, *, steps, lr, penalty=0.0):
    """The loop draws the images anyway, so the last ones can be returned together with the latents."""
    z = z0.detach().clone()
    images = generator(z)
    for _ in range(steps):
        z.requires_grad_(True)
        images = generator(z)
        logits = classifier(images)
        rise = logits[:, target].sum() - penalty * torch.sum(z * z)
        z = z.detach() + lr * torch.autograd.grad(rise, z)[0]
    return images.detach(), z


@attempt("maximize_with_generator", mistake="gradients_in_both_networks")
def optimises_the_latents(classifier, generator, target, z0, *, steps, lr, penalty=0.0):
    """Only the latents are given to the optimiser, so the networks stay as they are."""
    latents = z0.detach().clone().requires_grad_()
    optimizer = torch.optim.SGD([latents], lr=lr, maximize=True)
    for _ in range(steps):
        optimizer.zero_grad()
        logit = classifier(generator(latents)).select(1, target)
        (logit - penalty * latents.pow(2).sum(dim=1)).sum().backward()
        optimizer.step()
    latents = latents.detach()
    return generator(latents).detach(), latents


@attempt("maximize_with_generator", mistake="penalises_the_length")
def keeps_latents_short(classifier, generator, target, z0, *, steps, lr, penalty=0.0):
    """The penalty is the norm of each latent, which torch.linalg.vector_norm gives."""
    z = z0.clone().detach()
    for _ in range(steps):
        z = z.requires_grad_()
        logits = classifier(generator(z))[:, target]
        norms = torch.linalg.vector_norm(z, dim=1)
        (grad,) = torch.autograd.grad((logits - penalty * norms).sum(), z)
        z = (z + lr * grad).detach()
    images = generator(z).detach()
    return images, z


@attempt("maximize_with_generator", mistake="mean_of_all_latents")
def averages_the_logits(classifier, generator, target, z0, *, steps, lr, penalty=0.0):
    """A loss is a mean over the batch, here with a minus, so that going down it makes the logit rise."""
    z = z0.detach().clone()
    for _ in range(steps):
        z.requires_grad_()
        scores = classifier(generator(z))[..., target]
        loss = (penalty * (z**2).sum(dim=-1) - scores).mean()
        slope = torch.autograd.grad(loss, z)[0]
        z = z.detach().sub(slope, alpha=lr)
    with torch.no_grad():
        return generator(z), z


def _draw(segments, num_samples, generator):
    masks = torch.randint(0, 2, (num_samples, int(segments.max()) + 1), generator=generator)
    masks[0] = 1
    return masks


def _ask(predict, x, segments, masks, baseline):
    on = masks[:, segments].bool().unsqueeze(1)
    with torch.no_grad():
        return predict(torch.where(on, x, baseline)).double()


@attempt("lime_weights", mistake="all_rows_alike")
def fits_a_ridge_regression(
    predict, x, segments, *, num_samples=500, kernel_width=0.25, ridge=1e-3, baseline=0.0, generator=None
):
    """Ridge regression by the normal equations, where the first column of ones is for the intercept."""
    masks = _draw(segments, num_samples, generator)
    answers = _ask(predict, x, segments, masks, baseline)
    design = F.pad(masks.double(), (1, 0), value=1.0)
    penalty = torch.full((design.shape[1],), ridge, dtype=torch.float64)
    penalty[0] = 0.0
    solution = torch.linalg.solve(design.T @ design + torch.diag(penalty), design.T @ answers)
    return solution[1:].to(x.dtype)


@attempt("lime_weights", mistake="weights_squared")
def stretches_rows_for_lstsq(
    predict, x, segments, *, num_samples=500, kernel_width=0.25, ridge=1e-3, baseline=0.0, generator=None
):
    """There are no weights in lstsq, so rows and answers are multiplied by them; the ridge becomes S more rows."""
    masks = _draw(segments, num_samples, generator)
    answers = _ask(predict, x, segments, masks, baseline)
    masks = masks.double()
    num_segments = masks.shape[1]
    distance = 1 - masks.mean(dim=1).sqrt()
    w = torch.exp(-(distance**2) / kernel_width**2)
    rows = torch.cat([torch.ones(len(masks), 1).double(), masks], dim=1)
    ridge_rows = torch.zeros(num_segments, num_segments + 1, dtype=torch.float64)
    ridge_rows[:, 1:] = torch.eye(num_segments) * ridge**0.5
    left = torch.cat([rows * w[:, None], ridge_rows])
    right = torch.cat([answers * w, torch.zeros(num_segments).double()])
    return torch.linalg.lstsq(left, right[:, None]).solution[1:, 0].to(x.dtype)


@attempt("lime_weights", mistake="penalises_the_intercept")
def solves_with_numpy(
    predict, x, segments, *, num_samples=500, kernel_width=0.25, ridge=1e-3, baseline=0.0, generator=None
):
    """The textbook's formula (Z'WZ + ridge I)^-1 Z'Wy, in numpy, and the intercept is dropped at the end."""
    masks = _draw(segments, num_samples, generator)
    y = _ask(predict, x, segments, masks, baseline).numpy()
    z = np.column_stack([np.ones(num_samples), masks.numpy()])
    d = 1 - np.sqrt(z[:, 1:].mean(axis=1))
    w = np.diag(np.exp(-np.square(d / kernel_width)))
    beta = np.linalg.solve(z.T @ w @ z + ridge * np.identity(z.shape[1]), z.T @ w @ y)
    return torch.as_tensor(beta[1:], dtype=x.dtype)


@attempt("lime_weights", mistake="always_blanks_to_zero")
def multiplies_by_the_mask(
    predict, x, segments, *, num_samples=500, kernel_width=0.25, ridge=1e-3, baseline=0.0, generator=None
):
    """Multiplying the image by its mask switches the segments off; then center by weighted means, and solve."""
    masks = _draw(segments, num_samples, generator).to(x.dtype)
    with torch.no_grad():
        y = predict(x * masks[:, None, segments]).double()
    m = masks.double()
    w = torch.exp(-(((1 - m.mean(dim=1).sqrt()) / kernel_width) ** 2))
    m = m - (w @ m) / w.sum()
    y = y - (w @ y) / w.sum()
    gram = torch.einsum("n,ns,nt->st", w, m, m) + ridge * torch.eye(m.shape[1], dtype=torch.float64)
    return torch.linalg.solve(gram, torch.einsum("n,ns,n->s", w, m, y)).to(x.dtype)


@attempt("lime_weights", mistake="without_an_intercept")
def blanks_one_row_at_a_time(
    predict, x, segments, *, num_samples=500, kernel_width=0.25, ridge=1e-3, baseline=0.0, generator=None
):
    """One mask after the other: blank, ask, weigh, and add to the two sides of the linear system of S unknowns."""
    masks = _draw(segments, num_samples, generator)
    size = masks.shape[1]
    left = torch.eye(size, dtype=torch.float64) * ridge
    right = torch.zeros(size, dtype=torch.float64)
    for mask in masks:
        image = x.detach().clone()
        image[:, mask[segments] == 0] = baseline
        with torch.no_grad():
            answer = float(predict(image.unsqueeze(0)))
        row = mask.double()
        away = 1 - float(row.mean()) ** 0.5
        weight = math.exp(-(away**2) / kernel_width**2)
        left += weight * torch.outer(row, row)
        right += weight * answer * row
    return torch.linalg.solve(left, right).to(x.dtype)


@attempt("lime_weights", mistake="share_without_the_root")
def counts_what_is_missing(
    predict, x, segments, *, num_samples=500, kernel_width=0.25, ridge=1e-3, baseline=0.0, generator=None
):
    """The distance from the image is the share of segments that are missing."""
    masks = _draw(segments, num_samples, generator)
    y = _ask(predict, x, segments, masks, baseline)
    z = torch.hstack([torch.ones(num_samples, 1, dtype=torch.float64), masks.double()])
    missing = (masks == 0).double().mean(dim=1)
    w = torch.exp(-missing.square() / kernel_width**2)
    ridges = ridge * torch.eye(z.shape[1], dtype=torch.float64)
    ridges[0, 0] = 0
    zw = z.T * w
    return torch.linalg.solve(zw @ z + ridges, zw @ y)[1:].to(x.dtype)
