"""Honest inputs for the local explanations, and small networks whose explanations are known."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable

import torch
from hypothesis import strategies as st
from torch import Tensor, nn

from autograder.cases import Ask, Call, calls, corners
from autograder.models import KINDS, small_model
from autograder.strategies import Batch, dtypes, generators, seeds, tensors

SHAPES = ((3,), (2, 2), (1, 2, 3), (2, 3, 2))  # of one sample
MODES = ("eval", "train", "mixed")


@st.composite
def explained(
    draw,
    *,
    batch: int | None = None,
    dtype: torch.dtype | None = None,
    in_shape: tuple[int, ...] | None = None,
    kind: str | None = None,
    mode: str = "eval",
    plain: bool = True,
) -> Batch:
    """A network, samples and the class of each that is to be explained; in other modes it answers the same."""
    size, dtype = batch if batch is not None else draw(st.integers(1, 4)), dtype or draw(dtypes())
    shape = in_shape or draw(st.sampled_from(SHAPES))
    kinds = [each for each in KINDS if each != "conv" or len(shape) == 3]
    classes, seed = draw(st.integers(2, 4)), draw(seeds())
    low, high = draw(st.sampled_from([(0.0, 1.0), (-1.0, 2.0)]))
    x = draw(tensors((size, *shape), dtype=dtype, plain=plain, low=low, high=high))
    model = small_model(kind or draw(st.sampled_from(kinds)), shape, classes, seed=seed, dtype=dtype)
    generator = torch.Generator().manual_seed(seed)
    set_modes(model, mode, generator)
    return Batch(model, x, torch.randint(classes, (size,), generator=generator))


def set_modes(model: nn.Module, mode: str, generator: torch.Generator) -> None:
    """Puts those submodules that answer the same in either mode into train mode, all of them or some."""
    for module in model.modules():
        told = isinstance(module, nn.Dropout | nn.modules.batchnorm._NormBase)
        chosen = mode == "train" or bool(torch.rand((), generator=generator) < 0.5)
        module.training = mode != "eval" and chosen and not told


def powers(power: int) -> nn.Module:
    """Logit 0 is the sum of xᵖ/p over a sample's elements, logit 1 is its negative."""

    class Powers(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            total = (x.flatten(1) ** power / power).sum(1)
            return torch.stack([total, -total], 1)

    return Powers().eval()


def saturating() -> nn.Module:
    """Logit 0 rises with the sum of a sample's elements as far as 1, and stays there; logit 1 is always 0."""

    class Saturating(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            total = x.flatten(1).sum(1)
            return torch.stack([1 - torch.relu(1 - total), torch.zeros_like(total)], 1)

    return Saturating().eval()


def channel_product() -> nn.Module:
    """Logit 0 sums the products of all channels over an image's places; logit 1 is always 0."""

    class ChannelProduct(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            total = x.prod(1).flatten(1).sum(1)
            return torch.stack([total, torch.zeros_like(total)], 1)

    return ChannelProduct().eval()


def _mode(ask: Ask) -> str:
    return "eval" if ask.plain else ask.draw(st.sampled_from(MODES))


def _explained(ask: Ask, **options) -> Batch:
    return ask.draw(explained(batch=ask.batch, dtype=ask.dtype, mode=_mode(ask), plain=ask.plain, **options))


def _vectors() -> tuple[nn.Module, Tensor, Tensor]:
    """A small network, two vectors, and the classes to explain: one that the network favours and one that it does not.

    All entries of its gradients are clearly positive or clearly negative.
    """
    model = small_model("mlp", (3,), 3, seed=1, dtype=torch.float64)
    x = torch.tensor([[0.2, 0.9, 0.5], [1.3, -0.4, 0.7]], dtype=torch.float64)
    with torch.no_grad():
        order = model(x).argsort(-1)
    return model, x, torch.stack([order[0, -1], order[1, 0]])


def _pictures() -> tuple[nn.Module, Tensor, Tensor]:
    """A small convolutional network and two images of two channels, 3 × 5 pixels."""
    model = small_model("conv", (2, 3, 5), 3, seed=2, dtype=torch.float64)
    x = torch.rand(2, 2, 3, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return model, x, torch.tensor([2, 0])


def _trained(model: nn.Module) -> nn.Module:
    """A copy of the model whose root is in train mode while all its parts are in eval mode."""
    twin = copy.deepcopy(model)
    twin.training = True
    return twin


@st.composite
def tilings(draw) -> tuple[int, int, int, int]:
    """Window, stride, height and width that fit each other."""
    window = draw(st.integers(1, 3))
    stride = draw(st.integers(1, window))
    height, width = (window + stride * draw(st.integers(0, 2)) for _ in range(2))
    return window, stride, height, width


@calls("occlusion")
def occlusion(ask: Ask) -> Call:
    """Images of any height and width, with windows that fit."""
    window, stride, height, width = ask.draw(tilings())
    case = _explained(ask, in_shape=(ask.draw(st.integers(1, 2)), height, width))
    options = ask.draw(st.sampled_from([{}, {"baseline": 0.5}, {"baseline": -1.0}]))
    return Call(*case, window=window, stride=stride, **options)


@corners("occlusion")
def occlusion_corners() -> list[Call]:
    """Wide and high images, one window, windows of one pixel, no samples, and windows that do not fit."""
    model, x, target = _pictures()
    high = small_model("norm", (1, 4, 2), 3, seed=4, dtype=torch.float64)
    image = torch.linspace(0.1, 0.9, 16, dtype=torch.float64).reshape(2, 1, 4, 2)
    wrong = [(4, 1), (2, 3), (1, 0), (3, 4), (0, 1), (2, 2), (2, -1)]
    product = torch.tensor([0.2, 0.9, 0.5, 0.7, 0.4, 0.8, 0.3, 0.6], dtype=torch.float64).reshape(1, 2, 2, 2)
    return [
        Call(model, x, target, window=3, stride=2),
        Call(model, x, target, window=3, stride=1),
        Call(model, x, target, window=1, stride=1, baseline=0.5),
        Call(model, x, target, window=2, stride=1, baseline=-1.0),
        Call(high, image, target, window=2, stride=2),
        Call(high, image, target, window=2, stride=1, baseline=0.25),
        Call(channel_product(), product, target[1:], window=2, stride=1),
        Call(
            _trained(small_model("mlp", (1, 4, 2), 3, seed=4, dtype=torch.float64)), image, target, window=2, stride=1
        ),
        Call(model, x[:0], target[:0], window=2, stride=1),
        *(Call(model, x, target, window=window, stride=stride) for window, stride in wrong),
        Call(channel_product(), torch.ones(1, 1, 4, 5), target[1:], window=2, stride=2),
    ]


@calls("saliency")
def saliency(ask: Ask) -> Call:
    """Samples of any rank."""
    return Call(*_explained(ask))


@corners("saliency")
def saliency_corners() -> list[Call]:
    """Vectors, images, a linear and a saturated network, modes of all kinds, no samples."""
    model, x, target = _vectors()
    linear = small_model("linear", (3,), 3, seed=3, dtype=torch.float64)
    flat = torch.tensor([[0.9, 0.9, 0.2], [0.1, 0.3, 0.2]], dtype=torch.float64)
    return [
        Call(model, x, target),
        Call(*_pictures()),
        Call(linear, x, target),
        Call(saturating(), flat, torch.tensor([0, 0])),
        Call(powers(3), x, torch.tensor([1, 0])),
        Call(_trained(small_model("norm", (3,), 3, seed=5, dtype=torch.float64)), x, target),
        Call(model, x[:0], target[:0]),
    ]


@calls("integrated_gradients")
def integrated_gradients(ask: Ask) -> Call:
    """Samples of any rank, some with a baseline of their own, few steps."""
    case = _explained(ask)
    exact = [1, 2, 4, 8]  # the middles of so many pieces are the same in float32 and float64
    steps = st.sampled_from(exact) if ask.dtype == torch.float64 else st.integers(1, 6)
    options: dict[str, object] = {"steps": ask.draw(steps)}
    if ask.draw(st.booleans()):
        baseline = tensors(case.x.shape, dtype=ask.dtype, plain=ask.plain, low=0.0, high=1.0)
        options["baseline"] = ask.draw(baseline)
    return Call(*case, **options)


@corners("integrated_gradients")
def integrated_gradients_corners() -> list[Call]:
    """One step and several, curves of known slope, baselines, the default number of steps, no samples."""
    model, x, target = _vectors()
    pictures, images, wanted = _pictures()
    return [
        Call(powers(2), x, torch.tensor([0, 1]), steps=1),
        Call(powers(3), x, torch.tensor([0, 1]), steps=4),
        Call(powers(3), x, torch.tensor([0, 1]), baseline=x.flip(0) / 2, steps=2),
        Call(saturating(), x, torch.tensor([0, 0]), steps=8),
        Call(copy.deepcopy(model).float(), x.float(), target),
        Call(model, x, target, baseline=torch.full_like(x, 0.3), steps=4),
        Call(pictures, images, wanted, baseline=images.flip(-1), steps=2),
        Call(_trained(small_model("norm", (3,), 3, seed=5, dtype=torch.float64)), x, target, steps=2),
        Call(model, x[:0], target[:0], steps=3),
    ]


@calls("smooth_grad")
def smooth_grad(ask: Ask) -> Call:
    """Samples of any rank; without noise, or on a linear network, nothing is left to chance."""
    noisy = ask.draw(st.booleans())
    linear = ask.draw(st.booleans()) or (noisy and ask.plain)
    case = _explained(ask, kind="linear") if linear else _explained(ask)
    options = {"num_samples": ask.draw(st.integers(1, 4)), "noise_level": 0.0}
    if noisy:
        options["noise_level"] = ask.draw(st.sampled_from([0.05, 0.25, 1.0]))
    call = Call(*case, generator=ask.draw(generators()), **options)
    return call.random() if noisy and not linear else call


def noise_seen(x: Tensor, least: float = 0.0) -> Callable[[Tensor], Tensor]:
    """A summary of what `smooth_grad` gives where the gradient at x is x: quantiles of the noise in each sample.

    Noise whose outer quantiles are below `least` in size is all alike: copies may be drawn so that much of it cancels.
    """
    levels = torch.tensor([0.05, 0.25, 0.5, 0.75, 0.95], dtype=torch.float64)

    def summary(result: Tensor) -> Tensor:
        seen = (result.double() - x).flatten(1).quantile(levels, dim=1)
        return seen if least == 0 else seen[::4].abs().clamp(min=least)

    return summary


@corners("smooth_grad")
def smooth_grad_corners() -> list[Call]:
    """The law of the noise for samples of different ranges, no noise, curves, no samples."""
    model, x, target = _vectors()
    pictures, images, wanted = _pictures()
    generator = torch.Generator().manual_seed(0)
    dark = 0.9 + 0.1 * torch.rand(1, 1, 100, 120, generator=generator, dtype=torch.float64)
    dark[..., 0] = 0.0  # a range of 1, and little contrast otherwise
    bright = 4 * torch.rand(1, 1, 100, 120, generator=generator, dtype=torch.float64).round()
    both, square, zeros = torch.cat([dark, bright]), powers(2), torch.tensor([0, 0])
    single = Call(square, both, zeros, num_samples=1, noise_level=0.15, generator=torch.Generator())
    several = Call(square, dark, zeros[:1], num_samples=4, noise_level=0.3, generator=torch.Generator())
    laws = [
        single.random(summary=noise_seen(both), within=0.05),
        several.random(summary=noise_seen(dark, least=0.35), within=0.05),
    ]
    flat = Call(powers(3), torch.full((1, 3), 0.5, dtype=torch.float64), target[:1], noise_level=0.3)
    return [
        *laws,
        Call(model, x, target, num_samples=2, noise_level=0.0),
        Call(pictures, images, wanted, num_samples=1, noise_level=0.0, generator=torch.Generator()),
        Call(small_model("linear", (3,), 3, seed=3, dtype=torch.float64), x, target),
        flat,
        Call(_trained(small_model("norm", (3,), 3, seed=5, dtype=torch.float64)), x, target, noise_level=0.0),
        Call(model, x[:0], target[:0], num_samples=2),
    ]


@calls("layer_features")
def layer_features(ask: Ask) -> Call:
    """Any layer of any small network."""
    case = _explained(ask)
    names = [name for name, _ in case.model.named_modules() if name]
    return Call(case.model, ask.draw(st.sampled_from(names)), case.x)


def nested() -> nn.Module:
    """A network of networks, one of whose layers writes into what the layer before it puts out."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        body = nn.Sequential(nn.Linear(3, 4), nn.ReLU(inplace=True), nn.Sequential(nn.Linear(4, 4), nn.Tanh()))
        return nn.Sequential(nn.Identity(), body, nn.Linear(4, 2)).double().eval()


def breaking() -> nn.Module:
    """A network whose layer 1 raises an error, so that layer 2 never runs."""

    class Broken(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            raise ValueError("this layer is out of order")

    return nn.Sequential(nn.Identity(), Broken(), nn.Tanh()).eval()


@corners("layer_features")
def layer_features_corners() -> list[Call]:
    """Layers within layers, layers that are written over, unknown names, layers that break, no samples."""
    _, x, _ = _vectors()
    pictures, images, _ = _pictures()
    named = ["1", "1.0", "1.1", "1.2", "1.2.0", "1.2.1", "2"]
    unknown = ["", "3", "1.3", "1.0.weight", "layer", "1.", ".1", "forward"]
    normed = _trained(small_model("norm", (3,), 3, seed=5, dtype=torch.float64))
    return [
        *(Call(nested(), name, x) for name in [*named, *unknown]),
        Call(pictures, "first", images),
        Call(normed, "layers.1", x),
        Call(breaking(), "1", x),
        Call(breaking(), "2", x),
        Call(nested(), "1.0", x[:0]),
    ]


def vertices(size: int, dtype: torch.dtype) -> Tensor:
    """Points `(size + 1, size)` for 1, 2 or 3 features, none of them a mixture of the others; mean 0, variance 1."""
    if size == 2:
        angle = 2 * math.pi / 3 * torch.arange(3, dtype=torch.float64) + 0.3
        return (math.sqrt(2) * torch.stack([angle.cos(), angle.sin()], 1)).to(dtype)
    if size == 1:
        return torch.tensor([[-1.0], [1.0]], dtype=dtype)
    return torch.tensor([[1.0, 1.0, 1.0], [1.0, -1.0, -1.0], [-1.0, 1.0, -1.0], [-1.0, -1.0, 1.0]], dtype=dtype)


def samples_of_table(points: Tensor, counts: Tensor) -> tuple[Tensor, Tensor]:
    """Samples at `points` `(G, D)`, as many of each class as `counts` `(G, K)` says."""
    groups, classes = counts.shape
    repeats = counts.flatten()
    features = points.repeat_interleave(classes, 0).repeat_interleave(repeats, 0)
    return features, torch.arange(classes).repeat(groups).repeat_interleave(repeats)


def _logits_of(probe: tuple[Tensor, Tensor], features: Tensor) -> Tensor:
    return features.double() @ probe[0].double().T + probe[1].double()


def probabilities(features: Tensor) -> Callable[[tuple[Tensor, Tensor]], Tensor]:
    """A summary of a probe: the probability that it gives each class at `features`."""
    return lambda probe: _logits_of(probe, features).softmax(-1)


def predictions(features: Tensor) -> Callable[[tuple[Tensor, Tensor]], Tensor]:
    """A summary of a probe: what it takes each of `features` for, and whether it has their type."""

    def summary(probe: tuple[Tensor, Tensor]) -> Tensor:
        same = torch.tensor([sum(each.dtype == features.dtype for each in probe)])
        return torch.cat([_logits_of(probe, features).argmax(-1), same]).double()

    return summary


@calls("fit_linear_probe")
def fit_linear_probe(ask: Ask) -> Call:
    """A few vectors with any labels; what a probe answers between them is its own affair."""
    classes = ask.draw(st.integers(2, 4))
    features = ask.draw(tensors((ask.batch, (1, 3)), dtype=ask.dtype, plain=True))
    labels = torch.randint(classes, (ask.batch,), generator=torch.Generator().manual_seed(ask.draw(seeds())))
    return Call(features, labels, classes).random()


@corners("fit_linear_probe")
def fit_linear_probe_corners() -> list[Call]:
    """Tables whose best probabilities are known, clusters off the origin, a class in the middle, absent classes."""
    tables = [
        (1, [[9, 1], [6, 4]]),
        (1, [[2, 6, 4], [8, 1, 3]]),
        (2, [[7, 2, 1], [1, 8, 1], [2, 2, 6]]),
        (3, [[0, 6, 2], [0, 1, 7], [0, 5, 3], [0, 7, 1]]),  # nobody of class 0
        (2, [[5, 0, 3], [2, 0, 6], [7, 0, 1]]),  # nobody of class 1
    ]
    found = []
    for size, counts in tables:
        points = vertices(size, torch.float64)
        features, labels = samples_of_table(points, torch.tensor(counts))
        call = Call(features, labels, len(counts[0]))
        found.append(call.random(summary=probabilities(points), within=0.05))
    line = torch.tensor([-1.3, -1.1, -0.1, 0.1, 1.1, 1.3], dtype=torch.float64).unsqueeze(1)
    apart = torch.tensor([[4.0, 1.0], [4.2, 1.4], [6.0, 1.2], [6.3, 0.9], [5.0, 3.0], [5.1, 3.3]], dtype=torch.float64)
    three = torch.tensor([0, 0, 1, 1, 2, 2])
    separable = [(line, three, 3), (apart, three, 3), (apart.float(), three + 1, 5), (line[:2], three[:2] + 2, 4)]
    found += [Call(*each).random(summary=predictions(each[0]), within=0.5) for each in separable]
    return [*found, Call(line[:0], three[:0], 3)]
