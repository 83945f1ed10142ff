"""Right answers to the global explanations, written in other ways."""

from __future__ import annotations

import copy

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from autograder.wheats import wheat

# total_variation


@wheat("total_variation")
def by_convolution(x):
    """Two filters of one row and one column, over each channel."""
    count, channels, height, width = x.shape
    flat = x.reshape(count * channels, 1, height, width)
    total = torch.zeros(count, dtype=x.dtype)
    if height > 1:
        total = total + F.conv2d(flat, flat.new_tensor([[[[1.0], [-1.0]]]])).abs().reshape(
            count, channels, -1 if count else 0
        ).sum((1, 2))
    if width > 1:
        total = total + F.conv2d(flat, flat.new_tensor([[[[1.0, -1.0]]]])).abs().reshape(
            count, channels, -1 if count else 0
        ).sum((1, 2))
    return total


@wheat("total_variation")
def by_diff(x):
    """Torch's own differences, summed over three dimensions."""
    return sum(torch.diff(x, dim=dim).abs().sum(dim=(1, 2, 3)) for dim in (-1, -2))


@wheat("total_variation")
def by_greater_and_less(x):
    """Greater less smaller of two neighbours."""

    def part(one, other):
        return (torch.maximum(one, other) - torch.minimum(one, other)).sum((-1, -2)).sum(-1)

    return part(x[:, :, 1:, :], x[:, :, :-1, :]) + part(x[:, :, :, 1:], x[:, :, :, :-1])


# channel_activation


@wheat("channel_activation")
def reading_in_the_hook(model, layer, channel, x):
    """A dict filled by the hook, the mean over what is left of the shape."""
    parts = dict(model.named_modules())
    if layer == "" or layer not in parts:
        raise ValueError(layer)
    found = {}

    def hook(_, __, output):
        chosen = output.select(1, channel)
        found["mean"] = (
            chosen.sum(tuple(range(1, chosen.ndim))) / max(chosen[:1].numel(), 1) if chosen.ndim > 1 else chosen * 1
        )

    with parts[layer].register_forward_hook(hook):
        model(x)
    return found["mean"]


@wheat("channel_activation")
def a_clone_for_later(model, layer, channel, x):
    """The layer's output is cloned, with its graph, and looked at after the run."""
    if not layer:
        raise ValueError("empty")
    try:
        part = model.get_submodule(layer)
    except AttributeError as error:
        raise ValueError(layer) from error
    if part not in set(model.modules()):
        raise ValueError(layer)
    outputs = []
    handle = part.register_forward_hook(lambda module, given, output: outputs.append(output.clone()))
    try:
        model(x)
    finally:
        handle.remove()
    features = outputs[0]
    return features[:, channel].mean(dim=(1, 2)) if features.dim() == 4 else features[:, channel]


@wheat("channel_activation")
def from_a_copy(model, layer, channel, x):
    """A copy of the model, whose layer is wrapped in one that takes notes."""
    if layer not in {name for name, _ in model.named_modules()} - {""}:
        raise ValueError(layer)
    twin = copy.deepcopy(model)
    notes = {}

    class Noting(nn.Module):
        def __init__(self, inner):
            super().__init__()
            self.inner = inner

        def forward(self, given):
            output = self.inner(given)
            notes["taken"] = torch.einsum("nc...->cn...", output)[channel] + 0.0
            return output

    path, _, name = layer.rpartition(".")
    parent = twin.get_submodule(path) if path else twin
    parent._modules[name] = Noting(parent._modules[name])
    twin(x)
    taken = notes["taken"]
    return taken if taken.ndim == 1 else taken.mean(tuple(range(1, taken.ndim)))


# maximize_activation


def _variation_slope(x):
    """The slope of the total variation, written out."""
    slope = torch.zeros_like(x)
    down, across = (x[:, :, 1:] - x[:, :, :-1]).sign(), (x[..., 1:] - x[..., :-1]).sign()
    slope[:, :, 1:] += down
    slope[:, :, :-1] -= down
    slope[..., 1:] += across
    slope[..., :-1] -= across
    return slope


@wheat("maximize_activation")
def with_slopes_written_out(objective, x0, *, steps, lr, l2=0.0, tv=0.0, clip=(0.0, 1.0)):
    """Only the objective goes through autograd."""
    x = x0.detach().clone()
    for _ in range(steps):
        leaf = x.clone().requires_grad_()
        with torch.enable_grad():
            values = objective(leaf)
            slope = torch.autograd.grad(values, leaf, torch.ones_like(values))[0]
        x = x + lr * (slope - 2 * l2 * x - tv * _variation_slope(x))
        if clip is not None:
            x = torch.minimum(torch.maximum(x, torch.tensor(clip[0]).to(x)), torch.tensor(clip[1]).to(x))
    return x


@wheat("maximize_activation")
def with_an_optimizer(objective, x0, *, steps, lr, l2=0.0, tv=0.0, clip=(0.0, 1.0)):
    """Torch's plain SGD on the negative, with gradients asked for x alone."""
    x = nn.Parameter(x0.detach().clone())
    optimizer = torch.optim.SGD([x], lr=lr)
    for _ in range(steps):
        rough = (x.diff(dim=2).abs().sum((1, 2, 3)) + x.diff(dim=3).abs().sum((1, 2, 3))).sum()
        loss = -objective(x).sum() + l2 * (x**2).sum() + tv * rough
        x.grad = torch.autograd.grad(loss, [x])[0]
        optimizer.step()
        if clip is not None:
            x.data.clamp_(min=clip[0], max=clip[1])
    return x.detach()


@wheat("maximize_activation")
def backward_on_a_copy(objective, x0, *, steps, lr, l2=0.0, tv=0.0, clip=(0.0, 1.0)):
    """A deep copy of the objective takes the gradients that backward leaves."""
    twin, x = copy.deepcopy(objective), x0.clone().detach()
    for _ in range(steps):
        x = x.requires_grad_(True)
        shrunk = l2 * x.flatten(1).norm(dim=1).square() if bool((x != 0).all()) else l2 * x.square().flatten(1).sum(1)
        rough = F.l1_loss(x[:, :, 1:], x[:, :, :-1], reduction="sum") + F.l1_loss(
            x[..., 1:], x[..., :-1], reduction="sum"
        )
        ((twin(x) - shrunk).sum() - tv * rough).backward()
        with torch.no_grad():
            x = x + lr * x.grad
            x = x if clip is None else torch.clip(x, clip[0], clip[1])
    return x.detach()


# maximize_with_generator


@wheat("maximize_with_generator")
def the_chain_rule_by_hand(classifier, generator, target, z0, *, steps, lr, penalty=0.0):
    """First the slope in the image, then carried back through the generator."""
    z = z0.detach().clone()
    for _ in range(steps):
        leaf = z.clone().requires_grad_()
        made = generator(leaf)
        image = made.detach().requires_grad_()
        back = torch.autograd.grad(classifier(image)[:, target].sum(), image)[0]
        slope = torch.autograd.grad(made, leaf, back)[0]
        z = z + lr * slope - 2 * lr * penalty * z
    return generator(z).detach(), z


@wheat("maximize_with_generator")
def latent_by_latent(classifier, generator, target, z0, *, steps, lr, penalty=0.0):
    """One latent at a time."""
    found = z0.detach().clone()
    for row in range(len(found)):
        z = found[row : row + 1]
        for _ in range(steps):
            z = z.detach().requires_grad_()
            score = classifier(generator(z))[0, target] - penalty * (z * z).sum()
            z = z + lr * torch.autograd.grad(score, z)[0]
        found[row] = z.detach()[0]
    with torch.no_grad():
        images = generator(found)
    return images, found


@wheat("maximize_with_generator")
def an_optimizer_that_maximizes(classifier, generator, target, z0, *, steps, lr, penalty=0.0):
    """SGD with maximize=True on copies of both networks."""
    classifier, painter, z = copy.deepcopy(classifier), copy.deepcopy(generator), z0.detach().clone().requires_grad_()
    optimizer = torch.optim.SGD([z], lr=lr, maximize=True)
    for _ in range(steps):
        optimizer.zero_grad()
        wish = F.one_hot(torch.tensor(target), classifier(painter(z)).shape[1]).to(z.dtype)
        (classifier(painter(z)) @ wish - penalty * z.pow(2).sum(1)).sum().backward()
        optimizer.step()
    return painter(z).detach(), z.detach()


# lime_weights


@wheat("lime_weights")
def with_more_rows(
    predict, x, segments, *, num_samples=500, kernel_width=0.25, ridge=1e-3, baseline=0.0, generator=None
):
    """The penalty as rows of their own in a least-squares problem; x comes last, batches of seven."""
    count = int(segments.max()) + 1
    masks = (torch.rand(num_samples, count, generator=generator, dtype=torch.float64) < 0.5).double()
    masks[-1] = 1.0
    said = []
    for chunk in masks.split(7):
        keep = torch.stack([mask[segments] for mask in chunk]).unsqueeze(1).to(x.dtype)
        said.append(predict(x * keep + baseline * (1 - keep)).detach())
    said = torch.cat(said).double()
    root = torch.exp(-((1 - masks.mean(1).sqrt()) ** 2) / (2 * kernel_width**2))
    design = torch.cat([torch.ones(num_samples, 1, dtype=torch.float64), masks], 1) * root[:, None]
    held = ridge**0.5 * torch.eye(count + 1, dtype=torch.float64)[1:]
    left, right = torch.cat([design, held]), torch.cat([root * said, torch.zeros(count, dtype=torch.float64)])
    return torch.linalg.lstsq(left, right[:, None], driver="gelsd").solution[1:, 0].to(x.dtype)


@wheat("lime_weights")
def around_the_means(
    predict, x, segments, *, num_samples=500, kernel_width=0.25, ridge=1e-3, baseline=0.0, generator=None
):
    """Weighted means taken off first, which is what the intercept does; masks of any number of segments, row by row."""
    count = int(segments.max()) + 1
    share = torch.rand(num_samples, 1, generator=generator)
    masks = torch.rand(num_samples, count, generator=generator) < 0.25 + 0.65 * share
    masks[num_samples // 2] = True
    said = torch.empty(num_samples, dtype=x.dtype)
    with torch.inference_mode():
        for row in range(num_samples):
            image = x.clone()
            for number in range(count):
                if not masks[row, number]:
                    image[:, segments == number] = baseline
            said[row] = predict(image[None])[0]
    table = masks.to(x.dtype)
    distance = 1 - F.cosine_similarity(table, torch.ones_like(table), dim=1)
    near = torch.exp(-((distance / kernel_width) ** 2))
    middle, level = near @ table / near.sum(), near @ said / near.sum()
    centered = table - middle
    moments = torch.einsum("n,ni,nj->ij", near, centered, centered) + ridge * torch.eye(count, dtype=x.dtype)
    return torch.linalg.inv(moments) @ (centered * near[:, None]).mT @ (said - level)


@wheat("lime_weights")
def on_numpys_side(
    predict, x, segments, *, num_samples=500, kernel_width=0.25, ridge=1e-3, baseline=0.0, generator=None
):
    """NumPy, seeded from the generator; x first, in one batch of rows in reverse order."""
    seed = int(torch.randint(2**31, (), generator=generator))
    numbers = segments.numpy()
    count = numbers.max() + 1
    masks = np.random.default_rng(seed).integers(0, 2, (num_samples, count)).astype(np.float64)
    masks[0] = 1
    pictures = np.where(masks[:, numbers][:, None] > 0, x.detach().numpy(), np.asarray(baseline, x.numpy().dtype))
    with torch.no_grad():
        said = predict(torch.from_numpy(pictures[::-1].copy())).double().numpy()[::-1]
    near = np.exp(-((1 - np.sqrt(masks.mean(1))) ** 2) / kernel_width**2)
    design = np.column_stack([masks, np.ones(num_samples)])
    penalty = ridge * np.diag([1.0] * count + [0.0])
    found = np.linalg.solve(design.T @ (design * near[:, None]) + penalty, design.T @ (near * said))
    return torch.from_numpy(found[:-1]).to(x.dtype)
