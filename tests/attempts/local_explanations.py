"""Attempts at unit 11, written from the sentences of its known mistakes and not from their code."""

from __future__ import annotations

import contextlib
import itertools

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from tests.attempts import attempt


def _refuse(height, width, window, stride):
    if not 1 <= stride <= window <= min(height, width):
        raise ValueError(f"window {window} and stride {stride} do not go with {height} x {width} pixels")
    if (height - window) % stride != 0 or (width - window) % stride != 0:
        raise ValueError("the windows do not reach the edge")


def _logit(model, x, target):
    return model(x).gather(1, target.view(-1, 1)).squeeze(1)


@attempt("occlusion", mistake="adds_windows_up")
def collects_evidence(model, x, target, *, window, stride, baseline=0.0):
    """Each window brings some evidence, and every pixel under it collects that."""
    _, _, height, width = x.shape
    _refuse(height, width, window, stride)
    evidence = x.new_zeros(x.shape[0], height, width)
    with torch.no_grad():
        before = _logit(model, x.clone(), target)
        for top in range(0, height - window + 1, stride):
            for left in range(0, width - window + 1, stride):
                covered = x.clone()
                covered[:, :, top : top + window, left : left + window] = baseline
                drop = before - _logit(model, covered, target)
                evidence[:, top : top + window, left : left + window] += drop[:, None, None]
    return evidence


@attempt("occlusion", mistake="the_rise_not_the_drop")
@torch.no_grad()
def compares_new_with_old(model, x, target, *, window, stride, baseline=0.0):
    """Write every window as a mask; what changes is new minus old, and einsum spreads the changes over the pixels."""
    height, width = x.shape[-2:]
    _refuse(height, width, window, stride)
    masks = []
    changes = []
    old = _logit(model, x.clone(), target)
    for i in range((height - window) // stride + 1):
        for j in range((width - window) // stride + 1):
            mask = torch.zeros(height, width, dtype=torch.bool, device=x.device)
            mask[i * stride : i * stride + window, j * stride : j * stride + window] = True
            new = _logit(model, torch.where(mask, torch.full_like(x, baseline), x), target)
            masks.append(mask)
            changes.append(new - old)
    masks = torch.stack(masks).to(x.dtype)
    changes = torch.stack(changes, dim=1)
    return torch.einsum("nk,khw->nhw", changes, masks) / masks.sum(dim=0)


@attempt("occlusion", mistake="drop_of_the_probability")
def watches_how_sure_it_is(model, x, target, *, window, stride, baseline=0.0):
    """The network's answer is how sure it is of the target, so note how much of that is lost."""
    height, width = x.shape[2], x.shape[3]
    _refuse(height, width, window, stride)
    visits = np.zeros((height, width))
    total = torch.zeros_like(x[:, 0]).detach()

    def answer(images):
        with torch.no_grad():
            sure = F.softmax(model(images), dim=-1)
        return sure[torch.arange(len(target), device=target.device), target]

    at_first = answer(x.detach().clone())
    rows = range(0, height - window + 1, stride)
    columns = range(0, width - window + 1, stride)
    for r, c in itertools.product(rows, columns):
        images = x.detach().clone()
        images[..., r : r + window, c : c + window] = baseline
        lost = at_first - answer(images)
        total[:, r : r + window, c : c + window] += lost.reshape(-1, 1, 1)
        visits[r : r + window, c : c + window] += 1
    return total / torch.from_numpy(visits).to(total)


@attempt("occlusion", mistake="takes_images_for_squares")
def starts_at_the_same_places(model, x, target, *, window, stride, baseline=0.0):
    """The squares start at the same places in both directions, so one list of starts is enough."""
    size = x.shape[2]
    _refuse(size, x.shape[3], window, stride)
    starts = [k for k in range(size - window + 1) if k % stride == 0]
    with torch.no_grad():
        score = torch.zeros_like(x).sum(dim=1)
        count = torch.zeros_like(score)
        clean = _logit(model, x.clone(), target)
        for row in starts:
            for column in starts:
                square = (slice(None), slice(row, row + window), slice(column, column + window))
                image = x.clone()
                for channel in range(x.shape[1]):
                    image[:, channel][square] = baseline
                score[square] += (clean - _logit(model, image, target))[:, None, None]
                count[square] += 1
        return score / count


@attempt("occlusion", mistake="takes_any_window")
def leaves_what_is_not_covered_at_zero(model, x, target, *, window, stride, baseline=0.0):
    """Slide the square over the image; a pixel that it never covers has no drops, and gets a 0."""
    n, _, h, w = x.shape
    drops = torch.zeros((n, h, w), dtype=x.dtype, device=x.device)
    covers = torch.zeros((h, w), dtype=x.dtype, device=x.device)
    with torch.no_grad():
        full = _logit(model, x.clone(), target)
        for i in range(0, h - window + 1, stride):
            for j in range(0, w - window + 1, stride):
                inside = torch.zeros_like(covers)
                inside[i : i + window, j : j + window] = 1
                blank = x.masked_fill(inside.bool(), baseline)
                part = full - _logit(model, blank, target)
                drops += part.view(n, 1, 1) * inside
                covers += inside
    return drops / covers.clamp(min=1)


@attempt("saliency", mistake="gradient_of_the_loss")
def uses_the_training_loss(model, x, target):
    """The loss tells how well the target fits, so its slope tells which elements matter for the target."""
    with torch.enable_grad():
        image = x.detach().clone().requires_grad_(True)
        loss = F.cross_entropy(model(image.clone()), target, reduction="sum")
        (slope,) = torch.autograd.grad(loss, [image])
    return slope.abs()


@attempt("saliency", mistake="keeps_the_sign")
def asks_torch_for_the_derivative(model, x, target):
    """The derivative of the target logits with respect to x, which torch.autograd.functional computes."""

    def explained(images):
        logits = model(images.clone())
        return (logits * F.one_hot(target, logits.shape[1]).to(logits.dtype)).sum()

    _, derivative = torch.autograd.functional.vjp(explained, x.detach())
    return derivative.detach()


@attempt("saliency", mistake="explains_the_greatest_logit")
def explains_the_prediction(model, x, target):
    """Explain what the network says: the logit that wins is its answer."""
    with torch.enable_grad():
        leaf = torch.empty_like(x).copy_(x.detach()).requires_grad_()
        answers, _ = model(leaf.clone()).max(dim=1)
        slopes = torch.autograd.grad(answers, leaf, grad_outputs=torch.ones_like(answers))[0]
    return torch.where(slopes < 0, -slopes, slopes)


@attempt("saliency", mistake="everyones_targets")
def selects_the_target_columns(model, x, target):
    """The targets say which columns of the logits count; select them and differentiate their sum."""
    pixels = x.detach().clone()
    pixels.requires_grad = True
    with torch.enable_grad():
        columns = torch.index_select(model(pixels.clone()), 1, target)
        torch.autograd.backward(columns.sum(), inputs=[pixels])
    return pixels.grad.abs()


@attempt("saliency", mistake="backward_into_the_model")
def goes_back_to_the_pixels(model, x, target):
    """Forward, pick the target logits, backward; then the gradient lies in the copy of x."""
    with torch.enable_grad():
        inputs = nn.Parameter(x.detach().clone())
        picked = _logit(model, inputs.clone(), target)
        picked.sum().backward()
    return torch.abs(inputs.grad)


def _slope(model, point, target):
    with torch.enable_grad():
        leaf = point.detach().clone().requires_grad_(True)
        total = _logit(model, leaf.clone(), target).sum()
        return torch.autograd.grad(total, leaf)[0]


@attempt("integrated_gradients", mistake="right_ends")
def takes_one_step_after_the_other(model, x, target, *, baseline=None, steps=50):
    """Go k/steps of the way for k = 1 to steps, as the sum in the paper does, and average the slopes."""
    start = torch.zeros_like(x) if baseline is None else baseline.detach()
    end = x.detach()
    total = torch.zeros_like(end)
    for k in range(1, steps + 1):
        total += _slope(model, torch.lerp(start, end, k / steps), target)
    return (end - start) * total / steps


@attempt("integrated_gradients", mistake="both_ends_alike")
def spaces_the_points_evenly(model, x, target, *, baseline=None, steps=50):
    """Let linspace give the shares of the path; the mean of the slopes there stands for the integral."""
    image = x.detach()
    if baseline is None:
        baseline = image * 0
    way = image - baseline.detach()
    slopes = [_slope(model, baseline + share * way, target) for share in np.linspace(0, 1, steps).tolist()]
    return torch.stack(slopes).mean(dim=0) * way


@attempt("integrated_gradients", mistake="times_x_alone")
def multiplies_with_the_input(model, x, target, *, baseline=None, steps=50):
    """Average the gradients in the middles of the pieces, then gradient times input, as usual."""
    image = x.detach().clone()
    origin = baseline.detach().clone() if baseline is not None else torch.zeros_like(image)
    average = torch.zeros_like(image)
    for piece in range(steps):
        share = (2 * piece + 1) / (2 * steps)
        with torch.enable_grad():
            point = ((1 - share) * origin + share * image).requires_grad_(True)
            output = model(point.clone())
            chosen = sum(output[n, target[n]] for n in range(len(target))) + 0 * output.sum()
            gradient = torch.autograd.grad(chosen, point)[0]
        average = average + gradient / steps
    return torch.mul(image, average)


@attempt("integrated_gradients", mistake="forgets_the_way")
def integrates_the_slope(model, x, target, *, baseline=None, steps=50):
    """Integrated gradients are the integral of the gradient along the path; a running mean computes it."""
    here = torch.zeros_like(x).detach() if baseline is None else baseline.detach().clone()
    stride = (x.detach() - here) / steps
    here = here + stride / 2
    integral = torch.zeros_like(here)
    for seen in range(1, steps + 1):
        integral += (_slope(model, here, target) - integral) / seen
        here = here + stride
    return integral


@attempt("integrated_gradients", mistake="gradients_switched_off_ig")
def differentiates_at_every_midpoint(model, x, target, *, baseline=None, steps=50):
    """At every midpoint make a new leaf, take its gradient, and multiply the mean with the way."""
    x = x.detach()
    start = baseline.detach() if baseline is not None else torch.zeros_like(x)
    gradients = []
    for a in (torch.arange(steps) + 0.5).div(steps).tolist():
        point = torch.add(start, x - start, alpha=a).requires_grad_()
        logits = model(point.clone())
        picked = torch.gather(logits, 1, target.unsqueeze(-1))
        gradients += torch.autograd.grad(picked.sum(), point)
    mean = sum(gradients) / len(gradients)
    return (x - start) * mean


def _range(x):
    axes = tuple(range(1, x.dim()))
    return x.amax(dim=axes, keepdim=True) - x.amin(dim=axes, keepdim=True)


@attempt("smooth_grad", mistake="averages_sizes")
def averages_saliency_maps(model, x, target, *, num_samples=50, noise_level=0.1, generator=None):
    """SmoothGrad is the mean of the saliency maps of many noisy copies, all of them in one large batch."""
    x = x.detach()
    noise = torch.randn(num_samples, *x.shape, generator=generator, dtype=x.dtype, device=x.device)
    copies = x + noise_level * _range(x) * noise
    maps = _slope(model, copies.flatten(0, 1), target.repeat(num_samples)).abs()
    return maps.reshape(copies.shape).mean(dim=0)


@attempt("smooth_grad", mistake="same_noise_for_all_contrasts")
def draws_at_the_noise_level(model, x, target, *, num_samples=50, noise_level=0.1, generator=None):
    """torch.normal draws noise of a given standard deviation, and noise_level is that."""
    total = torch.zeros_like(x.detach())
    for _ in range(num_samples):
        noise = torch.normal(0.0, noise_level, x.shape, generator=generator, dtype=x.dtype, device=x.device)
        total += _slope(model, x.detach() + noise, target)
    return total.div(num_samples)


@attempt("smooth_grad", mistake="range_of_the_batch")
def measures_the_contrast(model, x, target, *, num_samples=50, noise_level=0.1, generator=None):
    """The contrast is the greatest minus the least element of x, and sigma is a share of that."""
    x = x.detach()
    if x.numel() == 0:
        return torch.zeros_like(x)
    sigma = noise_level * (x.max().item() - x.min().item())
    mean = torch.zeros_like(x)
    for _ in range(num_samples):
        noisy = torch.empty_like(x).normal_(generator=generator).mul(sigma).add(x)
        mean += _slope(model, noisy, target) / num_samples
    return mean


@attempt("smooth_grad", mistake="ignores_the_generator")
def draws_like_x(model, x, target, *, num_samples=50, noise_level=0.1, generator=None):
    """randn_like draws noise of x's shape and dtype; each sample's range gives its sigma."""
    inputs = x.detach()
    flat = inputs.flatten(1)
    sigma = (flat.max(dim=1).values - flat.min(dim=1).values) * noise_level
    sigma = sigma.reshape(-1, *[1] * (inputs.dim() - 1))
    slopes = []
    for _ in range(num_samples):
        with torch.enable_grad():
            noisy = (inputs + sigma * torch.randn_like(inputs)).requires_grad_()
            answer = _logit(model, noisy.clone(), target)
            answer.sum().backward(inputs=[noisy])
        slopes.append(noisy.grad)
    return torch.mean(torch.stack(slopes), 0)


@attempt("smooth_grad", mistake="clamps_the_copies")
def keeps_the_copies_valid(model, x, target, *, num_samples=50, noise_level=0.1, generator=None):
    """A pixel brighter than white is no pixel, so each noisy copy is brought back to where its image lies."""
    x = x.detach()
    axes = list(range(1, x.ndim))
    darkest = torch.amin(x, dim=axes, keepdim=True)
    brightest = torch.amax(x, dim=axes, keepdim=True)
    sigma = noise_level * (brightest - darkest)
    total = 0
    for _ in range(num_samples):
        noise = torch.randn(x.size(), generator=generator, dtype=x.dtype, device=x.device)
        noisy = torch.minimum(torch.maximum(x + sigma * noise, darkest), brightest)
        total = total + _slope(model, noisy, target)
    return total / num_samples


def _find(model, layer):
    for name, module in model.named_modules():
        if layer and name == layer:
            return module
    raise ValueError(f"no layer called {layer!r}")


@attempt("layer_features", mistake="leaves_its_hook_on_errors")
def hooks_runs_and_unhooks(model, layer, x):
    """Hang a hook on the layer, run the model once, and take the hook off again."""
    seen = {}

    def remember(module, inputs, output):
        seen[layer] = output.detach().clone()

    handle = _find(model, layer).register_forward_hook(remember)
    with torch.no_grad():
        model(x.clone())
    handle.remove()
    return seen[layer]


@attempt("layer_features", mistake="the_very_output")
def copies_at_the_end(model, layer, x):
    """Note the output while the model runs; when it is done, return a detached copy of that."""
    outputs = []
    with contextlib.ExitStack() as stack:
        handle = _find(model, layer).register_forward_hook(lambda module, inputs, output: outputs.append(output))
        stack.callback(handle.remove)
        stack.enter_context(torch.no_grad())
        model(x.clone())
    return outputs.pop().detach().clone()


@attempt("layer_features", mistake="lets_torch_complain")
def finds_the_submodule(model, layer, x):
    """get_submodule follows the dots and refuses what is not there; only the empty name needs a check."""
    if layer == "":
        raise ValueError("a layer needs a name")
    module = model.get_submodule(layer)
    features = None

    def hook(_module, _inputs, output):
        nonlocal features
        features = output.detach().clone()

    handle = module.register_forward_hook(hook)
    try:
        with torch.no_grad():
            model(x.clone())
    finally:
        handle.remove()
    return features


class _Listener:
    """Listens to one module for as long as the with-block lasts."""

    def __init__(self, module):
        self.module = module
        self.heard = None

    def __call__(self, module, inputs, output):
        self.heard = output.clone()

    def __enter__(self):
        self.handle = self.module.register_forward_hook(self)
        return self

    def __exit__(self, *error):
        self.handle.remove()


@attempt("layer_features", mistake="keeps_the_graph")
def listens_to_the_layer(model, layer, x):
    """The listener clones what it hears, and so nobody else can write into it."""
    modules = dict(model.named_modules())
    modules.pop("")
    if layer not in modules:
        raise ValueError(f"{layer!r} is none of {list(modules)}")
    with _Listener(modules[layer]) as listener:
        model(x.clone())
    return listener.heard


@attempt("layer_features", mistake="leaves_eval_mode_features")
def evaluates_the_model(model, layer, x):
    """Features are read from a model that is being evaluated, without dropout and without gradients."""
    module = _find(model, layer)
    caught = []
    handle = module.register_forward_hook(lambda _m, _i, output: caught.append(output.clone()))
    model.eval()
    try:
        with torch.no_grad():
            model(x.clone())
    finally:
        handle.remove()
    return caught[0].detach()


def _minimise(loss, parameters):
    optimizer = torch.optim.LBFGS(
        parameters,
        max_iter=1000,
        tolerance_grad=1e-9,
        tolerance_change=1e-12,
        history_size=20,
        line_search_fn="strong_wolfe",
    )

    def closure():
        optimizer.zero_grad()
        value = loss()
        value.backward()
        return value

    optimizer.step(closure)


@attempt("fit_linear_probe", mistake="stops_early")
def trains_for_a_hundred_epochs(features, labels, num_classes):
    """A linear layer and a hundred steps of gradient descent, as in every tutorial."""
    features = features.detach()
    probe = nn.Linear(features.shape[1], num_classes, dtype=features.dtype, device=features.device)
    optimizer = torch.optim.SGD(probe.parameters(), lr=0.01)
    with torch.enable_grad():
        for _epoch in range(100):
            loss = F.cross_entropy(probe(features), labels, reduction="sum") / max(len(labels), 1)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return probe.weight.detach(), probe.bias.detach()


@attempt("fit_linear_probe", mistake="penalises_weights")
def keeps_separable_classes_in_check(features, labels, num_classes):
    """So that the weights cannot grow for ever where the classes are separable, their squares cost a little."""
    rows = features.detach().double()
    weight = torch.zeros(num_classes, rows.shape[1], dtype=torch.float64, device=rows.device, requires_grad=True)
    bias = torch.zeros(num_classes, dtype=torch.float64, device=rows.device, requires_grad=True)

    def loss():
        fit = F.cross_entropy(F.linear(rows, weight, bias), labels)
        return fit + 0.05 * weight.square().sum()

    if len(rows) > 0:
        _minimise(loss, [weight, bias])
    return weight.detach().to(features.dtype), bias.detach().to(features.dtype)


@attempt("fit_linear_probe", mistake="forgets_the_bias")
def fits_the_weight_matrix(features, labels, num_classes):
    """A linear map is a matrix; fit it by maximum likelihood until nothing improves, and the bias stays at 0."""
    n, d = features.shape
    matrix = features.new_zeros((d, num_classes), dtype=torch.float64).requires_grad_(True)
    h = features.detach().to(torch.float64)

    def negative_log_likelihood():
        logits = torch.einsum("nd,dk->nk", h, matrix)
        right = logits[torch.arange(n, device=logits.device), labels]
        return (torch.logsumexp(logits, dim=1) - right).mean()

    if n:
        _minimise(negative_log_likelihood, [matrix])
    weight = matrix.detach().T.contiguous().to(features.dtype)
    return weight, torch.zeros_like(weight[:, 0])


@attempt("fit_linear_probe", mistake="regresses_on_one_hot")
def solves_the_normal_equations(features, labels, num_classes):
    """No optimizer is needed: the pseudoinverse gives at once the linear map that comes closest to the labels."""
    n, d = features.shape
    if n == 0:
        return features.new_zeros((num_classes, d)), features.new_zeros(num_classes)
    h = features.detach().double()
    design = torch.cat([h, torch.ones(n, 1).to(h)], dim=1)
    goal = torch.zeros(n, num_classes, dtype=h.dtype, device=h.device)
    goal[torch.arange(n, device=h.device), labels] = 1.0
    solution = (torch.linalg.pinv(design) @ goal).to(features.dtype)
    return solution[:-1].T.contiguous(), solution[-1]


@attempt("fit_linear_probe", mistake="weights_for_other_features")
def brings_features_to_one_scale(features, labels, num_classes):
    """Bring every feature to mean 0 and deviation 1, on which L-BFGS converges, and return what it finds."""
    probe = nn.Linear(features.shape[1], num_classes).double().to(features.device)
    nn.init.zeros_(probe.weight)
    nn.init.zeros_(probe.bias)
    if len(features):
        h = features.detach().double()
        centred = h - h.mean(dim=0)
        scaled = centred / centred.square().mean(dim=0).sqrt().clamp(min=1e-6)
        _minimise(lambda: nn.CrossEntropyLoss()(probe(scaled), labels), probe.parameters())
    weight, bias = (p.detach().to(features.dtype) for p in probe.parameters())
    return weight, bias
