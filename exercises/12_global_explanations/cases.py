"""Honest inputs for the global explanations: objectives to climb, networks to look into, images in segments."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from hypothesis import strategies as st
from torch import Tensor, nn

from autograder.cases import Ask, Call, calls, corners
from autograder.models import randomize, small_model
from autograder.strategies import Draw, generators, images, seeds, tensors

SIZES = ((1, 2, 3), (2, 3, 2), (1, 1, 4), (3, 2, 2))  # channels, height, width


# total_variation


@calls("total_variation")
def total_variation(ask: Ask) -> Call:
    """Images of any size."""
    return Call(ask.draw(images(batch=ask.batch, dtype=ask.dtype, plain=ask.plain)))


@corners("total_variation")
def total_variation_corners() -> list[Call]:
    """Edges in one direction, thin images, several channels, negative and large values, no images."""
    ramp = torch.tensor([[0.1, 0.4, 1.0], [0.9, 0.2, 0.3]], dtype=torch.float64)
    two = torch.stack([ramp, ramp.flip(0) - 2]).reshape(1, 2, 2, 3)
    return [
        Call(ramp[None, None]),
        Call(two),
        Call(torch.cat([two, 3 * two, two[:, :1].expand(1, 2, 2, 3)])),
        Call(ramp.reshape(1, 1, 1, 6)),
        Call(ramp.reshape(1, 1, 6, 1)),
        Call(ramp[:1, :1].reshape(1, 1, 1, 1)),
        Call(torch.tensor([[[[0.0, 255.0], [0.0, 255.0], [0.0, 255.0]]]])),
        Call(torch.full((2, 1, 3, 2), 0.7)),
        Call(two[:0]),
    ]


# channel_activation


@calls("channel_activation")
def channel_activation(ask: Ask) -> Call:
    """Any channel of any layer of small networks, for images and for vectors."""
    kind = ask.draw(st.sampled_from(["conv", "conv", "mlp", "norm", "dropout"]))
    shape = ask.draw(st.sampled_from(SIZES)) if kind == "conv" or ask.draw(st.booleans()) else (3,)
    model = small_model(kind, shape, 3, seed=ask.draw(seeds()), dtype=ask.dtype)
    x = ask.draw(tensors((ask.batch, *shape), dtype=ask.dtype, plain=ask.plain, low=-1.0, high=1.0))
    layer = ask.draw(st.sampled_from([name for name, part in model.named_modules() if name and name != "layers"]))
    channels = {"conv": 3 if layer == "head" else 4}.get(kind, 3 if layer == last_layer(model) else 6)
    return Call(model, layer, ask.draw(st.integers(0, channels - 1)), x)


def last_layer(model: nn.Module) -> str:
    """The name of the layer that a network ends with."""
    return [name for name, _ in model.named_modules()][-1]


def written_over() -> nn.Module:
    """A network of networks for images of 2 channels, in which ReLUs write into what layers before them put out."""
    with torch.random.fork_rng(devices=[]):
        body = nn.Sequential(nn.Conv2d(2, 3, 2), nn.ReLU(inplace=True), nn.Sequential(nn.Conv2d(3, 2, 1), nn.Tanh()))
        model = nn.Sequential(nn.Identity(), body, nn.Flatten(), nn.Linear(12, 4), nn.ReLU(inplace=True)).double()
    randomize(model, torch.Generator().manual_seed(5))
    return model.eval()


def written_over_images() -> Tensor:
    """Two images for it, 3 × 4 pixels."""
    return torch.randn(2, 2, 3, 4, generator=torch.Generator().manual_seed(3), dtype=torch.float64)


@corners("channel_activation")
def channel_activation_corners() -> list[Call]:
    """Maps and flat outputs, layers within layers, outputs that are written over, unknown names, no images."""
    model, x = written_over(), written_over_images()
    known = [("1", 1), ("1.0", 0), ("1.0", 2), ("1.1", 2), ("1.2", 1), ("1.2.0", 0), ("0", 1), ("3", 0), ("3", 3)]
    unknown = ["", "5", "1.3", "1.0.weight", "layer", "1.", ".1", "forward"]
    conv = small_model("conv", (2, 3, 4), 3, seed=2, dtype=torch.float64)
    return [
        *(Call(model, layer, channel, x) for layer, channel in known),
        *(Call(model, layer, 0, x) for layer in unknown),
        Call(conv, "second", 3, x),
        Call(small_model("norm", (2, 3, 4), 3, seed=2), "layers.1", 2, x.float()),
        Call(model, "1.0", 1, x[:0]),
    ]


# maximize_activation


class Slope(nn.Module):
    """An objective that rises with the same slope everywhere: the sum of `weight` times the pixels."""

    def __init__(self, weight: Tensor):
        super().__init__()
        self.weight = nn.Parameter(weight.clone())

    def forward(self, x: Tensor) -> Tensor:
        """Weight times pixels, summed over each image."""
        return (self.weight * x).flatten(1).sum(1)


class Hill(nn.Module):
    """An objective with its top at `top`: minus half the squared distance from there, times `steepness`."""

    def __init__(self, top: Tensor, steepness: float = 1.0):
        super().__init__()
        self.top = nn.Parameter(top.clone())
        self.steepness = steepness

    def forward(self, x: Tensor) -> Tensor:
        """The height of each image."""
        return -self.steepness / 2 * ((x - self.top) ** 2).flatten(1).sum(1)


class Logit(nn.Module):
    """An objective: one logit of a network."""

    def __init__(self, model: nn.Module, target: int):
        super().__init__()
        self.model, self.target = model, target

    def forward(self, x: Tensor) -> Tensor:
        """That logit, for each image."""
        return self.model(x)[:, self.target]


@st.composite
def objectives(draw: Draw, shape: tuple[int, int, int], dtype: torch.dtype) -> nn.Module:
    """A slope, a hill, or a logit of a small smooth network."""
    kind = draw(st.sampled_from(["slope", "hill", "logit"]))
    if kind == "logit":
        model = small_model(draw(st.sampled_from(["conv", "mlp"])), shape, 3, seed=draw(seeds()), dtype=dtype)
        return Logit(model, draw(st.integers(0, 2))).eval()
    numbers = draw(tensors(shape, dtype=dtype, plain=True, low=-1.0, high=2.0))
    return (Slope(numbers) if kind == "slope" else Hill(numbers, draw(st.sampled_from([0.5, 1.0])))).eval()


@calls("maximize_activation")
def maximize_activation(ask: Ask) -> Call:
    """A few steps up, with and without what holds back; starts that no rounding can shift over an edge.

    The bounds are the same numbers in float32 and float64: an answer may keep them in a tensor of either.
    """
    shape = ask.draw(st.sampled_from(SIZES))
    x0 = ask.draw(tensors((ask.batch, *shape), dtype=ask.dtype, plain=True, low=0.0, high=1.0))
    options = {"steps": ask.draw(st.integers(0, 4)), "lr": ask.draw(st.sampled_from([0.05, 0.2, 0.7]))}
    if ask.draw(st.booleans()):
        options["l2"] = ask.draw(st.sampled_from([0.1, 0.4]))
    if ask.draw(st.booleans()):
        options["tv"] = ask.draw(st.sampled_from([0.03, 0.2]))
    clip = ask.draw(st.sampled_from(["default", None, (0.0, 1.0), (-0.5, 0.625)]))
    if clip != "default":
        options["clip"] = clip
    return Call(ask.draw(objectives(shape, ask.dtype)), x0, **options)


def rough() -> Tensor:
    """Two images of 2 channels and 2 × 3 pixels, none of whose neighbours are nearly alike."""
    generator = torch.Generator().manual_seed(1)
    return torch.rand(2, 2, 2, 3, generator=generator, dtype=torch.float64) * 0.8 + 0.1


@corners("maximize_activation")
def maximize_activation_corners() -> list[Call]:
    """No steps, starts outside the bounds, far steps, even images, all penalties, no bounds, no images."""
    x = rough()
    uneven = x.flip(0)[0] - 0.4
    even = torch.full_like(x, 0.5)
    logit = Logit(small_model("conv", (2, 2, 3), 3, seed=4, dtype=torch.float64), 1).eval()
    return [
        Call(Slope(uneven), x, steps=0, lr=0.1),
        Call(Slope(uneven), 3 * x - 1, steps=0, lr=0.1),
        Call(Slope(uneven), x, steps=3, lr=0.2),
        Call(Slope(uneven), x, steps=3, lr=0.7, clip=None),
        Call(Hill(uneven), 3 * x - 1, steps=1, lr=0.3),
        Call(Hill(x[0], 3.0), x, steps=2, lr=1.0),
        Call(Hill(x[0], 3.0), x, steps=3, lr=1.0, clip=(0.25, 0.5)),
        Call(Slope(torch.zeros_like(x[0])), even, steps=1, lr=0.1, tv=1.0),
        Call(Slope(torch.zeros_like(x[0])), x, steps=1, lr=0.1, tv=0.5, clip=None),
        Call(Slope(torch.zeros_like(x[0])), x, steps=2, lr=0.1, l2=0.5, clip=None),
        Call(logit, x, steps=3, lr=0.3, l2=0.1, tv=0.05),
        Call(logit, x, steps=3, lr=0.3, clip=None),
        Call(Hill(x[0].float()), x.float(), steps=2, lr=0.2, l2=0.3),
        Call(logit, x[:0], steps=2, lr=0.1),
    ]


# maximize_with_generator


class Painter(nn.Module):
    """A generator that is linear: latents `(N, D)` times a matrix, plus a picture `(C, H, W)`."""

    def __init__(self, matrix: Tensor, picture: Tensor):
        super().__init__()
        self.matrix, self.picture = nn.Parameter(matrix.clone()), nn.Parameter(picture.clone())

    def forward(self, z: Tensor) -> Tensor:
        """A picture for each latent."""
        return (z @ self.matrix).reshape(len(z), *self.picture.shape) + self.picture


class Drawer(nn.Module):
    """A generator that bends: a small network whose outputs are pixels in (0, 1)."""

    def __init__(self, network: nn.Module, shape: tuple[int, ...]):
        super().__init__()
        self.network, self.shape = network, shape

    def forward(self, z: Tensor) -> Tensor:
        """A picture for each latent."""
        return torch.sigmoid(self.network(z)).reshape(len(z), *self.shape)


@st.composite
def painters(draw: Draw, shape: tuple[int, ...], size: int, dtype: torch.dtype) -> nn.Module:
    """A linear generator."""
    matrix = draw(tensors((size, math.prod(shape)), dtype=dtype, plain=True, low=-1.0, high=1.0))
    return Painter(matrix, draw(tensors(shape, dtype=dtype, plain=True, low=0.0, high=1.0))).eval()


def drawer(shape: tuple[int, ...], size: int, *, seed: int, dtype: torch.dtype) -> nn.Module:
    """A bent generator."""
    return Drawer(small_model("mlp", (size,), math.prod(shape), seed=seed, dtype=dtype), shape).eval()


@calls("maximize_with_generator")
def maximize_with_generator(ask: Ask) -> Call:
    """Small networks, few latents, few steps."""
    shape, size = ask.draw(st.sampled_from([*SIZES, (4,)])), ask.draw(st.integers(1, 3))
    z0 = ask.draw(tensors((ask.batch, size), dtype=ask.dtype, plain=ask.plain, low=-2.0, high=2.0))
    kind = ask.draw(st.sampled_from(["mlp", "linear", "conv"] if len(shape) == 3 else ["mlp", "linear"]))
    classifier = small_model(kind, shape, 3, seed=ask.draw(seeds()), dtype=ask.dtype)
    bent = ask.draw(st.booleans())
    painter = (
        drawer(shape, size, seed=ask.draw(seeds()), dtype=ask.dtype)
        if bent
        else ask.draw(painters(shape, size, ask.dtype))
    )
    options = {"steps": ask.draw(st.integers(0, 4)), "lr": ask.draw(st.sampled_from([0.05, 0.2]))}
    if ask.draw(st.booleans()):
        options["penalty"] = ask.draw(st.sampled_from([0.05, 0.5]))
    return Call(classifier, painter, ask.draw(st.integers(0, 2)), z0, **options)


@corners("maximize_with_generator")
def maximize_with_generator_corners() -> list[Call]:
    """No steps, no slope but the penalty, far steps, networks that bend, no latents."""
    z = torch.tensor([[0.7, -1.3], [2.0, 0.4]], dtype=torch.float64)
    classifier = small_model("mlp", (1, 2, 3), 3, seed=3, dtype=torch.float64)
    bent = drawer((1, 2, 3), 2, seed=8, dtype=torch.float64)
    linear = small_model("linear", (1, 2, 3), 3, seed=2, dtype=torch.float64)
    generator = torch.Generator().manual_seed(4)
    flat = Painter(
        torch.randn(2, 6, generator=generator, dtype=torch.float64),
        torch.rand(1, 2, 3, generator=generator, dtype=torch.float64),
    ).eval()
    small = drawer((1, 2, 3), 2, seed=8, dtype=torch.float32)
    return [
        Call(classifier, bent, 1, z, steps=0, lr=0.1),
        Call(classifier, bent, 1, z, steps=1, lr=0.5),
        Call(classifier, bent, 2, z, steps=4, lr=0.5, penalty=0.1),
        Call(linear, flat, 0, z, steps=3, lr=0.3),
        Call(linear, flat, 2, z, steps=2, lr=0.2, penalty=0.5),
        Call(linear, flat, 1, 10 * z, steps=1, lr=1.0),
        Call(small_model("mlp", (1, 2, 3), 3, seed=3), small, 0, z.float(), steps=2, lr=0.4),
        Call(classifier, bent, 1, z[:0], steps=2, lr=0.1),
    ]


# lime_weights


class Sum(nn.Module):
    """A network to explain that adds up: weight times pixels, plus a constant."""

    def __init__(self, weight: Tensor, constant: float = 0.0):
        super().__init__()
        self.weight, self.constant = nn.Parameter(weight.clone()), constant

    def forward(self, rows: Tensor) -> Tensor:
        """A number for each row."""
        return (self.weight * rows).flatten(1).sum(1) + self.constant


class Product(nn.Module):
    """A network to explain that multiplies: `scale` where all pixels of the image are above a half, less elsewhere."""

    def __init__(self, scale: float):
        super().__init__()
        self.scale = scale

    def forward(self, rows: Tensor) -> Tensor:
        """A number for each row."""
        return self.scale * (rows > 0.5).to(rows.dtype).flatten(1).prod(1)


class Spy(nn.Module):
    """Asks another network, and keeps every row that it is shown."""

    def __init__(self, network: nn.Module, x: Tensor):
        super().__init__()
        self.network = network
        self.register_buffer("rows", x.new_zeros(0, *x.shape))

    def forward(self, rows: Tensor) -> Tensor:
        """What the other network says of each row."""
        self.rows = torch.cat([self.rows, rows.detach().to(self.rows.dtype)])
        return self.network(rows)


class Scene(NamedTuple):
    """An image in segments."""

    x: Tensor
    segments: Tensor


@st.composite
def scenes(
    draw: Draw, *, count: int | None = None, dtype: torch.dtype = torch.float64, low: float = 0.1, high: float = 0.9
) -> Scene:
    """An image of 2 to 4 segments, all of them present and none in one piece; its pixels stay clear of 0.

    Args:
        draw: given by hypothesis.
        count: number of segments; drawn if None.
        dtype: of the image.
        low: least value of a pixel.
        high: greatest value.
    """
    size = count or draw(st.integers(2, 4))
    channels, height, width = draw(st.sampled_from([(1, 2, 3), (2, 3, 2), (1, 3, 4)]))
    generator = torch.Generator().manual_seed(draw(seeds()))
    numbers = torch.arange(height * width) % size
    order = torch.randperm(height * width, generator=generator)
    x = draw(tensors((channels, height, width), dtype=dtype, plain=True, low=low, high=high))
    return Scene(x, numbers[order].reshape(height, width))


def worth(weight: Tensor, scene: Scene, baseline: float = 0.0) -> Tensor:
    """What each segment adds to a sum of `weight` times the pixels when it is there, float64 `(S,)`."""
    pixels = (weight.detach().double() * (scene.x.double() - baseline)).sum(0)
    count = int(scene.segments.max()) + 1
    return torch.stack([pixels[scene.segments == number].sum() for number in range(count)])


def scaled(scale: float) -> Callable[[Tensor], Tensor]:
    """A summary: the coefficients in units of `scale`."""
    return lambda coefficients: coefficients.detach().double() / scale


@calls("lime_weights")
def lime_weights(ask: Ask) -> Call:
    """Networks that add up, so that right answers agree whatever masks they draw."""
    scene = ask.draw(scenes(dtype=ask.dtype))
    weight = ask.draw(tensors(scene.x.shape, dtype=ask.dtype, plain=True, low=-2.0, high=2.0))
    options: dict[str, object] = {
        "num_samples": ask.draw(st.sampled_from([200, 300])),
        "kernel_width": ask.draw(st.sampled_from([0.4, 1.0])),
        "generator": ask.draw(generators()),
    }
    if ask.draw(st.booleans()):
        options["baseline"] = ask.draw(st.sampled_from([-0.5, 1.0]))
    call = Call(Sum(weight, 0.7).eval(), *scene, **options)
    size = 1 + float(worth(weight, scene, float(options.get("baseline", 0.0))).abs().max())
    return call.random(summary=scaled(size), within=0.02)


@corners("lime_weights")
def lime_weights_corners() -> list[Call]:
    """Calls whose answer hangs on the kernel, the ridge or the intercept, and hardly on the masks that are drawn."""
    x = torch.tensor([[[0.9, 0.6, 0.8], [0.7, 0.75, 0.95]]], dtype=torch.float64)
    three = torch.tensor([[0, 1, 2], [2, 0, 1]])
    two, one = three.clamp(max=1), torch.zeros_like(three)
    added = Sum(torch.tensor([[[1.0, -2.0, 3.0], [0.5, 1.5, -1.0]]], dtype=torch.float64), 5.0).eval()
    every, level = Product(1.0).eval(), Sum(torch.zeros_like(x), 3.0).eval()

    def law(predict: nn.Module, segments: Tensor, within: float = 0.08, **options: float) -> Call:
        call = Call(predict, x, segments, generator=torch.Generator().manual_seed(0), **options)
        return call.random(summary=scaled(1.0), within=within)

    return [
        law(added, three, ridge=1e-9, kernel_width=0.5, within=0.01),
        law(added, three, ridge=1e-9, kernel_width=0.5, baseline=0.4, within=0.01),
        law(added, three, kernel_width=1.0, num_samples=200, within=0.03),
        law(level, three, ridge=5.0, within=0.01),  # a constant needs no coefficients, however large the ridge
        law(added, two, ridge=1e6, kernel_width=1.0, within=0.01),  # a ridge like this leaves nothing
        law(added, two, ridge=0.3, kernel_width=2.0, within=0.12),  # and this one next to everything
        law(every, two, ridge=1e-4, kernel_width=0.12, within=0.08),  # near x each of two segments decides alone
        law(every, two, ridge=1e-6, kernel_width=0.12, within=0.08),
        law(added, one, ridge=1e-7, kernel_width=0.2, within=0.5),  # the blank image is too far away to count
        law(added, one, ridge=3e-3, kernel_width=0.2, within=0.05),
        law(Sum(torch.ones_like(x)).eval(), one, ridge=1e-7, kernel_width=1.0, within=0.01),
    ]
