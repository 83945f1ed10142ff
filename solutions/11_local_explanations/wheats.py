"""Other right ways to write the local explanations."""

from __future__ import annotations

import copy
import itertools

import torch
import torch.nn.functional as F

from autograder.wheats import wheat


@wheat("occlusion")
def all_windows_in_one_batch(model, x, target, *, window, stride, baseline=0.0):
    """Makes all covered images first, asks the model once, and spreads the drops with fold."""
    (count, _), (height, width) = x.shape[:2], x.shape[2:]
    fits = stride >= 1 and stride <= window and window <= height and window <= width
    if not fits or (height - window) % stride != 0 or (width - window) % stride != 0:
        raise ValueError("windows must tile the image")
    starts = list(itertools.product(range(0, height - window + 1, stride), range(0, width - window + 1, stride)))
    masks = torch.zeros(len(starts), 1, height, width, dtype=torch.bool)
    for mask, (top, left) in zip(masks, starts, strict=True):
        mask[:, top : top + window, left : left + window] = True
    covered = torch.where(masks[:, None], baseline, x.detach()[None]).to(x.dtype)  # (windows, batch, C, H, W)
    with torch.no_grad():
        after = model(covered.flatten(0, 1)).unflatten(0, (len(starts), count))
        drops = (model(x) - after)[:, torch.arange(count), target]  # (windows, batch)
    patches = drops.T[:, None].expand(-1, window * window, -1)
    options = {"output_size": (height, width), "kernel_size": window, "stride": stride}
    total = F.fold(patches, **options) if count else x.new_zeros(0, 1, height, width)
    covers = F.fold(torch.ones(1, window * window, len(starts), dtype=x.dtype), **options)
    return (total / covers)[:, 0]


@wheat("occlusion")
def pixel_by_pixel(model, x, target, *, window, stride, baseline=0.0):
    """Keeps a list of drops for each pixel, one image at a time, in eval mode."""
    _, _, height, width = x.shape
    if window < stride or stride < 1 or window > min(height, width):
        raise ValueError("window and stride")
    if (height - window) % stride or (width - window) % stride:
        raise ValueError("gaps at the edge")
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    scores = torch.zeros(len(x), height, width, dtype=x.dtype)
    for number, (image, label) in enumerate(zip(x.detach(), target.tolist(), strict=True)):
        heard = [[[] for _ in range(width)] for _ in range(height)]
        for top in range(0, height - window + 1, stride):
            for left in range(0, width - window + 1, stride):
                blank = image.clone()
                blank[..., top : top + window, left : left + window].fill_(baseline)
                with torch.inference_mode():
                    logits = model(torch.stack([image, blank]))
                drop = float(logits[0, label] - logits[1, label])
                for row in range(top, top + window):
                    for column in range(left, left + window):
                        heard[row][column].append(drop)
        scores[number] = torch.tensor([[sum(each) / len(each) for each in row] for row in heard], dtype=x.dtype)
    for module, mode in modes:
        module.training = mode
    return scores


@wheat("occlusion")
def running_mean(model, x, target, *, window, stride, baseline=0.0):
    """Updates a mean with every window, through masks and multiplication."""
    n, _, h, w = x.shape
    if not (1 <= stride <= window <= h and window <= w) or any((side - window) % stride for side in (h, w)):
        raise ValueError("no tiling")
    pick = F.one_hot(target, model(x).shape[1]).to(x.dtype)
    score, seen = torch.zeros(n, h, w, dtype=x.dtype), torch.zeros(h, w, dtype=x.dtype)
    before = (model(x) * pick).sum(1)
    for i in range((h - window) // stride + 1):
        for j in range((w - window) // stride + 1):
            mask = torch.zeros(h, w, dtype=x.dtype)
            mask[i * stride : i * stride + window, j * stride : j * stride + window] = 1
            drop = before - (model(x * (1 - mask) + baseline * mask) * pick).sum(1)
            seen = seen + mask
            score = score + mask * (drop.reshape(n, 1, 1) - score) / seen.clamp(min=1)
    return score.detach()


@wheat("saliency")
def backward_on_a_copy(model, x, target):
    """Runs backward on a copy of the model, into a copy of the input."""
    twin, leaf = copy.deepcopy(model).eval(), x.detach().clone().requires_grad_(True)
    with torch.enable_grad():
        twin(leaf)[torch.arange(len(x)), target].sum().backward()
    return leaf.grad.abs()


@wheat("saliency")
def one_sample_at_a_time(model, x, target):
    """Explains every sample alone, with the one-hot vector as what goes back."""
    rows = [torch.zeros_like(x[:0])]
    with torch.enable_grad():
        for index in range(len(x)):
            leaf = x[index : index + 1].detach().requires_grad_()
            logits = model(leaf)
            direction = F.one_hot(target[index : index + 1], logits.shape[1]).to(logits.dtype)
            (slope,) = torch.autograd.grad(logits, leaf, grad_outputs=direction)
            rows.append(torch.maximum(slope, -slope))
    return torch.cat(rows)


@wheat("saliency")
def functional_gradient(model, x, target):
    """Asks torch.func for the gradient, the parameters frozen meanwhile."""
    flags = [(each, each.requires_grad) for each in model.parameters()]
    for each, _ in flags:
        each.requires_grad_(False)
    slope = torch.func.grad(lambda pixels: model(pixels).gather(-1, target.unsqueeze(-1)).sum())(x.detach())
    for each, flag in flags:
        each.requires_grad_(flag)
    return slope.detach().abs()


@wheat("integrated_gradients")
def whole_path_in_one_batch(model, x, target, *, baseline=None, steps=50):
    """Puts all points of all paths into one batch; the shares are of torch's default type."""
    if baseline is None:
        baseline = 0 * x
    share = ((torch.arange(steps) + 0.5) / steps).to(x.dtype)
    points = torch.lerp(baseline[None], x[None], share.reshape(-1, *[1] * x.ndim)).detach()  # (steps, batch, ...)
    with torch.enable_grad():
        leaf = points.flatten(0, 1).requires_grad_()
        logits = model(leaf).gather(1, target.repeat(steps)[:, None])
        slopes = torch.autograd.grad(logits.sum(), leaf)[0].reshape(points.shape)
    return ((x - baseline) * slopes.mean(0)).detach()


@wheat("integrated_gradients")
def backward_from_x(model, x, target, *, baseline=None, steps=50):
    """Walks the path from x to the baseline, piece by piece, in float64 where the model allows."""
    end = torch.zeros(x.shape, dtype=x.dtype) if baseline is None else baseline.detach()
    step, result = (x.detach() - end) / steps, torch.zeros(x.shape, dtype=torch.float64)
    place = x.detach() - step / 2
    for _ in range(steps):
        leaf = torch.autograd.Variable(place, requires_grad=True)
        with torch.set_grad_enabled(True):
            chosen = model(leaf)[range(len(x)), target]
            result += (torch.autograd.grad(list(chosen), leaf)[0] * step).double() if len(x) else 0.0
        place = place - step
    return result.to(x.dtype)


@wheat("integrated_gradients")
def differentiates_by_the_share(model, x, target, *, baseline=None, steps=50):
    """Scales a leaf that stands for every element's own share of its way; its gradient has the way in it."""
    origin = torch.zeros_like(x) if baseline is None else baseline
    total = 0
    for point in torch.linspace(1 / (2 * steps), 1 - 1 / (2 * steps), steps, dtype=torch.float64).tolist():
        share = torch.full_like(x.detach(), point).requires_grad_()
        with torch.enable_grad():
            logits = model(origin.detach() + share * (x - origin).detach())
            total = total + torch.autograd.grad(logits[torch.arange(len(x)), target].sum(), share)[0]
    return total / steps


@wheat("smooth_grad")
def all_copies_in_one_batch(model, x, target, *, num_samples=50, noise_level=0.1, generator=None):
    """Draws all noise at once and asks the model for all copies together."""
    flat = x.detach().flatten(1)
    sigma = noise_level * (flat.max(1).values - flat.min(1).values)
    noise = torch.randn((num_samples, *x.shape), generator=generator, dtype=x.dtype)
    copies = x.detach() + noise * sigma.reshape(1, -1, *[1] * (x.ndim - 1))
    with torch.enable_grad():
        leaf = copies.flatten(0, 1).requires_grad_()
        logits = model(leaf)[torch.arange(len(leaf)), target.repeat(num_samples)]
        return torch.autograd.grad(logits.sum(), leaf)[0].reshape(copies.shape).mean(0)


@wheat("smooth_grad")
def sample_after_sample(model, x, target, *, num_samples=50, noise_level=0.1, generator=None):
    """Takes one sample after the other, all of its copies in a batch."""
    results = []
    for image, label in zip(x.detach(), target, strict=True):
        sigma = float(noise_level * (image.max() - image.min()))
        copies = image.expand(num_samples, *image.shape).clone()
        copies += torch.empty_like(copies).normal_(0.0, sigma, generator=generator)
        with torch.enable_grad():
            copies.requires_grad_()
            (slopes,) = torch.autograd.grad(model(copies)[:, label].sum(), copies)
        results.append(slopes.mean(0))
    return torch.stack(results) if results else torch.zeros_like(x)


@wheat("smooth_grad")
def pairs_of_opposite_noise(model, x, target, *, num_samples=50, noise_level=0.1, generator=None):
    """Uses every draw twice, with either sign; an odd copy goes alone."""
    axes = tuple(range(1, x.ndim))
    low, high = x.detach().amin(axes, keepdim=True), x.detach().amax(axes, keepdim=True)
    total, left = 0, num_samples
    while left:
        noise = torch.randn(x.shape, generator=generator, dtype=x.dtype).mul(noise_level).mul(high - low)
        for sign in (1, -1)[:left]:
            with torch.enable_grad():
                leaf = (x + sign * noise).detach().requires_grad_()
                logits = model(leaf).take_along_dim(target[:, None], 1)
                total = total + torch.autograd.grad(logits, leaf, torch.ones_like(logits))[0]
            left -= 1
    return total / num_samples


@wheat("layer_features")
def stops_at_the_layer(model, layer, x):
    """Leaves the network by an error of its own as soon as the layer has spoken."""

    class Heard(Exception):
        pass

    def listen(module, given, output):
        raise Heard(output)

    try:
        if not layer:
            raise AttributeError
        part = model.get_submodule(layer)
    except AttributeError:
        raise ValueError(f"unknown layer {layer}") from None
    handle = part.register_forward_hook(listen)
    try:
        model(x)
    except Heard as heard:
        return torch.clone(heard.args[0].detach())
    finally:
        handle.remove()


@wheat("layer_features")
def walks_the_names(model, layer, x):
    """Follows the dots by hand; the hook is removed by a with statement."""
    part = model
    for name in layer.split("."):
        children = dict(part.named_children())
        if name not in children:
            raise ValueError(layer)
        part = children[name]
    found = {}
    with (
        torch.inference_mode(),
        part.register_forward_hook(lambda _, __, output: found.update({layer: output.clone()})),
    ):
        model(x)
    return found[layer].detach()


@wheat("layer_features")
def listens_on_a_copy(model, layer, x):
    """Hooks a deep copy of the model, and leaves the hook there."""
    twin = copy.deepcopy(model)
    matching = [module for name, module in twin.named_modules() if name == layer != ""]
    if not matching:
        raise ValueError("no such layer")
    kept = []
    matching[0].register_forward_hook(lambda *call: kept.append(call[-1].detach().numpy().copy()))
    twin(x.detach().clone())
    return torch.from_numpy(kept.pop())


@wheat("fit_linear_probe")
def damped_newton(features, labels, num_classes):
    """Newton's method on the full Hessian, with a little ridge and a halved step where it does not descend."""
    x = F.pad(features.detach().double(), (0, 1), value=1.0)
    theta = x.new_zeros(num_classes, x.shape[1])
    if len(x):
        wanted = F.one_hot(labels, num_classes).double()
        for _ in range(60):
            p = (x @ theta.T).softmax(1)
            slope = (p - wanted).T @ x / len(x)
            curve = torch.diag_embed(p) - p[:, :, None] * p[:, None, :]  # (batch, K, K)
            hessian = torch.einsum("nkl,nd,ne->kdle", curve, x, x).reshape(theta.numel(), -1) / len(x)
            step = torch.linalg.solve(hessian + 1e-6 * torch.eye(theta.numel()).double(), slope.flatten())
            size, before = 1.0, F.cross_entropy(x @ theta.T, labels)
            while size > 1e-6 and F.cross_entropy(x @ (theta - size * step.view_as(theta)).T, labels) > before:
                size /= 2
            theta = theta - size * step.view_as(theta)
            if slope.abs().max() < 1e-7:
                break
    theta = theta.to(features.dtype)
    return theta[:, :-1].clone(), theta[:, -1].clone()


@wheat("fit_linear_probe")
def plain_gradient_descent(features, labels, num_classes):
    """A thousand steps of gradient descent with a step that can never be too long, gradients by hand."""
    n, size = features.shape
    weight = torch.zeros(num_classes, size, dtype=features.dtype)
    bias = torch.zeros(num_classes, dtype=features.dtype)
    wanted = torch.eye(num_classes, dtype=features.dtype)[labels]
    with torch.no_grad():
        rate = 2.0 / (1.0 + float(features.pow(2).sum(1).mean())) if n else 0.0
        for _ in range(1000 if n else 0):
            error = torch.softmax(features @ weight.T + bias, 1) - wanted
            weight -= rate * error.T @ features / n
            bias -= rate * error.mean(0)
    return weight, bias


@wheat("fit_linear_probe")
def a_layer_and_adam(features, labels, num_classes):
    """Trains an nn.Linear, randomly initialised, with torch's Adam; a tiny weight decay keeps it in bounds."""
    layer = torch.nn.Linear(features.shape[1], num_classes).to(features.dtype)
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.1, weight_decay=1e-5)
    with torch.enable_grad():
        for _ in range(250 if len(features) else 0):
            optimizer.zero_grad()
            torch.nn.CrossEntropyLoss()(layer(features.detach()), labels).backward()
            optimizer.step()
    return layer.weight.detach(), layer.bias.detach()


@wheat("fit_linear_probe")
def standardises_first(features, labels, num_classes):
    """Fits standardised features with LBFGS and a tiny ridge, and translates the weights back."""
    x = features.detach().double()
    mean = x.mean(0) if len(x) else x.new_zeros(x.shape[1])
    scale = x.std(0, correction=0).clamp(min=1e-6) if len(x) else x.new_ones(x.shape[1])
    theta = torch.zeros(num_classes, x.shape[1] + 1, dtype=x.dtype, requires_grad=True)
    optimizer = torch.optim.LBFGS([theta], lr=0.5, max_iter=400, history_size=20)

    def closure():
        with torch.enable_grad():
            optimizer.zero_grad()
            logits = (x - mean) / scale @ theta[:, 1:].T + theta[:, 0]
            loss = F.nll_loss(logits.log_softmax(1), labels) + 1e-6 * theta.square().sum()
            loss.backward()
        return loss

    if len(x):
        optimizer.step(closure)
    weight = theta.detach()[:, 1:] / scale
    return weight.to(features.dtype), (theta.detach()[:, 0] - weight @ mean).to(features.dtype)
