"""What every right answer to the global explanations does."""

from __future__ import annotations

import math
from pathlib import Path

import torch
from hypothesis import example, given
from hypothesis import strategies as st
from torch import Tensor, nn

from autograder.assertions import assert_close, assert_equal, assert_raises, require
from autograder.cloning import clone
from autograder.content import load_file
from autograder.data import digits
from autograder.models import MLP, randomize, small_model
from autograder.strategies import dtypes, images, seeds, tensors
from autograder.training import adam, once, trained_digits_classifier, training

cases = load_file(Path(__file__).with_name("cases.py"))

SHAPES = st.sampled_from(cases.SIZES)
RATES = st.sampled_from([0.05, 0.1, 0.3])


# total_variation


def _neighbours(height: int, width: int) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """All pairs of pixels that touch, one above or beside the other."""
    pixels = [(row, column) for row in range(height) for column in range(width)]
    pairs = [(each, (each[0] + down, each[1] + 1 - down)) for each in pixels for down in (0, 1)]
    return [(one, other) for one, other in pairs if other in pixels]


@given(x=images())
@example(x=torch.tensor([[[[0.0, 1.0, 4.0]]]]))
@example(x=torch.tensor([[[[0.0], [1.0], [4.0]]]]))
@example(x=torch.tensor([[[[3.0]]]]))
@example(x=torch.tensor([[[[0.0, 1.0], [2.0, 4.0]], [[1.0, 0.0], [5.0, 5.0]]]]))
def test_total_variation__adds_up_all_neighbours(submission, x):
    """It is the sum of |difference| over all pixels that touch, above or beside each other, in all channels."""
    wanted = []
    for image in x.tolist():
        pairs = [(channel, *pair) for channel in image for pair in _neighbours(x.shape[2], x.shape[3])]
        wanted.append(sum(abs(channel[a][b] - channel[c][d]) for channel, (a, b), (c, d) in pairs))
    result = submission.total_variation(x)
    because = f"each pair of neighbours of images of {x.shape[2]} × {x.shape[3]} pixels, one after the other"
    assert_close(result.detach().double(), torch.tensor(wanted).double(), rtol=1e-5, atol=1e-5, because=because)


@given(
    corner=st.tuples(st.integers(1, 2), st.integers(1, 2)),
    size=st.tuples(st.integers(1, 3), st.integers(1, 4)),
    channels=st.integers(1, 2),
    level=st.sampled_from([-0.5, 0.25, 1.0]),
    dtype=dtypes(),
)
def test_total_variation__counts_the_edges_of_a_rectangle(submission, corner, size, channels, level, dtype):
    """An even rectangle on an even ground has its circumference times its contrast, and an even image has 0."""
    (top, left), (height, width) = corner, size
    x = torch.full((2, channels, 6, 7), 0.25, dtype=dtype)
    x[0, :, top : top + height, left : left + width] += level
    result = submission.total_variation(x).detach().double()
    edges = 2 * channels * (height + width) * abs(level)
    because = f"a rectangle of {height} × {width} that differs by {level} in {channels} channels; and an even image"
    assert_close(result, torch.tensor([edges, 0.0]).double(), rtol=1e-5, atol=1e-5, because=because)


@given(x=images(dtype=torch.float64), factor=st.sampled_from([-2.0, 0.5, 3.0]), shift=st.sampled_from([0.0, 1.0, -4.0]))
def test_total_variation__grows_with_the_contrast(submission, x, factor, shift):
    """Twice the contrast is twice the total variation; brightness plays no part in it."""
    before = submission.total_variation(x.clone()).detach()
    after = submission.total_variation(factor * x + shift).detach()
    because = f"all pixels were multiplied by {factor} and raised by {shift}"
    assert_close(after, abs(factor) * before, rtol=1e-6, atol=1e-7, because=because)


# channel_activation


def _running(layers: nn.Sequential, x: Tensor, last: int) -> Tensor:
    """What layers 0 to `last` make of x, run one after the other."""
    with torch.no_grad():
        for index in range(last + 1):
            x = layers[index](x.clone())
    return x.clone()


@given(x=images(channels=2, height=3, width=(3, 4)), seed=seeds(), layer=st.integers(0, 2), channel=st.integers(0, 3))
def test_channel_activation__is_the_mean_over_the_channels_map(submission, x, seed, layer, channel):
    """Of a layer that puts out maps, it is the mean of one channel's map, for each image."""
    parts = small_model("conv", tuple(x.shape[1:]), 3, seed=seed, dtype=x.dtype)
    layers = nn.Sequential(parts.first, nn.Tanh(), parts.second, nn.Flatten(), parts.head).eval()
    wanted = torch.stack([image[channel].mean() for image in _running(layers, x, layer)])
    result = submission.channel_activation(layers, str(layer), channel, x)
    because = f"channel {channel} of what layer {layer} puts out, over all its rows and columns"
    assert_close(result.detach(), wanted, because=because)


@given(x=tensors(((1, 3), 3), plain=True), kind=st.sampled_from(["mlp", "norm"]), unit=st.integers(0, 2), seed=seeds())
def test_channel_activation__reads_a_unit_of_a_flat_layer(submission, x, kind, unit, seed):
    """Of a layer that puts out a row for each sample, it is one entry of that row."""
    layers = small_model(kind, (3,), 3, seed=seed, dtype=x.dtype).layers
    for layer in range(len(layers)):
        wanted = _running(layers, x, layer)[:, unit]
        result = submission.channel_activation(layers, str(layer), unit, x)
        assert_close(result.detach(), wanted, because=f"unit {unit} of what layer {layer} puts out")


@given(x=tensors(((1, 3), 3), plain=True), names=st.sampled_from([("a", "b"), ("trunk", "0"), ("layers", "layers")]))
def test_channel_activation__follows_dotted_names(submission, x, names):
    """A name with dots leads into layers within layers."""
    layers = small_model("mlp", (3,), 3, seed=1, dtype=x.dtype).layers
    model, inside = nn.Sequential(), nn.Sequential()
    inside.add_module(names[1], layers)
    model.add_module(names[0], inside)
    model.add_module("head", nn.Tanh())
    wanted = _running(layers, x, 0)[:, 1]
    name = f"{names[0]}.{names[1]}.0"
    result = submission.channel_activation(model.eval(), name, 1, x)
    assert_close(result.detach(), wanted, because=f"{name} is layer 0 of the {names[1]} in the {names[0]}")


@given(channel=st.integers(0, 2), image=st.integers(0, 1))
def test_channel_activation__is_not_changed_by_later_layers(submission, channel, image):
    """It is what the layer put out, not what a later layer wrote over it."""
    model, x = cases.written_over(), cases.written_over_images()[image : image + 1]
    wanted = _running(model[1], x, 0)[:, channel].mean((1, 2))
    result = submission.channel_activation(model, "1.0", channel, x)
    because = "the layer behind it is ReLU(inplace=True), which writes into its input"
    assert_close(result.detach(), wanted, because=because)
    with torch.no_grad():
        wanted = nn.functional.linear(_running(model[1], x, 2).flatten(1), model[3].weight, model[3].bias)[:, channel]
    result = submission.channel_activation(model, "3", channel, x)
    assert_close(result.detach(), wanted, because=f"unit {channel} of a flat layer, with such a ReLU behind it")


UNKNOWN = ["", "layer", "layers.9", "layers.", ".layers", "layers.0.weight", "forward", "Linear", "0"]


@given(name=st.sampled_from(UNKNOWN))
@example(name="")
@example(name="layers.9")
def test_channel_activation__refuses_unknown_names(submission, name):
    """A name that the model has no submodule of, and the empty one, raise ValueError."""
    model, x = small_model("mlp", (3,), 3, seed=1), torch.zeros(2, 3)
    because = f"{name!r} is none of this model's layers (layers, layers.0, layers.1 and layers.2)"
    assert_raises(ValueError, submission.channel_activation, model, name, 0, x, because=because)


# maximize_activation


@given(shape=SHAPES, count=st.integers(1, 3), steps=st.integers(1, 5), rate=RATES, data=st.data(), dtype=dtypes())
def test_maximize_activation__climbs_along_the_slope(submission, shape, count, steps, rate, data, dtype):
    """On an even slope each step adds lr times the slope to every image."""
    weight = data.draw(tensors(shape, dtype=dtype, plain=True, low=-2.0, high=2.0))
    x0 = data.draw(tensors((count, *shape), dtype=dtype, plain=True, low=0.0, high=1.0))
    wanted = x0.double() + steps * rate * weight.double()
    result = submission.maximize_activation(cases.Slope(weight).eval(), x0, steps=steps, lr=rate, clip=None)
    because = f"{steps} steps of {rate} up a slope that is the same everywhere, without bounds"
    assert_close(result.double(), wanted, rtol=1e-4, atol=1e-5, because=because)


@given(shape=SHAPES, steps=st.integers(1, 5), rate=RATES, data=st.data(), dtype=dtypes())
@example(shape=(1, 2, 3), steps=2, rate=0.3, data=None, dtype=torch.float64)
def test_maximize_activation__looks_again_after_every_step(submission, shape, steps, rate, data, dtype):
    """On a round hill each step goes the share lr of what is left of the way to the top."""
    top, x0 = torch.full(shape, 0.75, dtype=dtype), torch.full((2, *shape), 0.25, dtype=dtype)
    if data is not None:
        top = data.draw(tensors(shape, dtype=dtype, plain=True, low=-2.0, high=2.0))
        x0 = data.draw(tensors((2, *shape), dtype=dtype, plain=True, low=0.0, high=1.0))
    wanted = top.double() + (1 - rate) ** steps * (x0.double() - top.double())
    result = submission.maximize_activation(cases.Hill(top).eval(), x0, steps=steps, lr=rate, clip=None)
    because = f"the slope here is the way to the top; {steps} steps leave (1 − {rate}) to the power {steps} of it"
    assert_close(result.double(), wanted, rtol=1e-4, atol=1e-5, because=because)


@given(
    shape=SHAPES, steps=st.integers(1, 4), rate=RATES, l2=st.sampled_from([0.25, 1.0]), data=st.data(), dtype=dtypes()
)
def test_maximize_activation__is_held_back_by_l2(submission, shape, steps, rate, l2, data, dtype):
    """On an even slope with a penalty on ‖x‖² it nears the slope over 2 · l2, by the share 2 · l2 · lr a step."""
    weight = data.draw(tensors(shape, dtype=dtype, plain=True, low=-2.0, high=2.0))
    x0 = data.draw(tensors((2, *shape), dtype=dtype, plain=True, low=0.0, high=1.0))
    best = weight.double() / (2 * l2)
    wanted = best + (1 - 2 * l2 * rate) ** steps * (x0.double() - best)
    result = submission.maximize_activation(cases.Slope(weight).eval(), x0, steps=steps, lr=rate, l2=l2, clip=None)
    because = f"the penalty {l2} · ‖x‖² is the sum of squares, whose slope is 2 · {l2} · x"
    assert_close(result.double(), wanted, rtol=1e-4, atol=1e-5, because=because)


@given(shape=SHAPES, tv=st.sampled_from([0.1, 0.5]), rate=RATES, even=st.booleans(), data=st.data(), dtype=dtypes())
@example(shape=(1, 2, 3), tv=0.5, rate=0.1, even=True, data=None, dtype=torch.float32)
def test_maximize_activation__is_smoothed_by_tv(submission, shape, tv, rate, even, data, dtype):
    """One step moves each pixel by lr · tv towards each of its neighbours that differs, and not for equal ones."""
    x0 = torch.full((2, *shape), 0.5, dtype=dtype)
    if not even:
        x0 = data.draw(tensors((2, *shape), dtype=dtype, plain=True, low=0.2, high=0.8))
    wanted = x0.double().clone()
    for (row, column), (low, right) in _neighbours(*shape[1:]):
        towards = (x0[..., low, right] - x0[..., row, column]).double().sign()
        wanted[..., row, column] += rate * tv * towards
        wanted[..., low, right] -= rate * tv * towards
    level = cases.Slope(torch.zeros(shape, dtype=dtype)).eval()
    result = submission.maximize_activation(level, x0, steps=1, lr=rate, tv=tv, clip=None)
    because = f"the objective is level, so only {tv} times the total variation moves the pixels, by its slope"
    assert_close(result.double(), wanted, rtol=1e-4, atol=1e-5, because=because)


@given(shape=SHAPES, steps=st.integers(2, 4), bounds=st.sampled_from([None, (0.0, 1.0), (-1.0, 0.5)]), dtype=dtypes())
def test_maximize_activation__clamps_after_every_step(submission, shape, steps, bounds, dtype):
    """After each step, not only after the last, pixels are put back into the bounds, which are 0 and 1 by default."""
    low, high = bounds or (0.0, 1.0)
    top, start = low + 0.9 * (high - low), low + 0.5 * (high - low)
    wanted = start
    for _ in range(steps):
        wanted = min(max(wanted + 3 * (top - wanted), low), high)
    hill = cases.Hill(torch.full(shape, top, dtype=dtype), 3.0).eval()
    options = {} if bounds is None else {"clip": bounds}
    x0 = torch.full((2, *shape), start, dtype=dtype)
    result = submission.maximize_activation(hill, x0, steps=steps, lr=1.0, **options)
    because = f"steps this wide go over the top at {top:g}, out of [{low:g}, {high:g}], and come back from its edge"
    assert_close(result.double(), torch.full_like(result, wanted).double(), rtol=1e-4, atol=1e-5, because=because)


@given(shape=SHAPES, start=st.sampled_from([2.0, -1.5]), dtype=dtypes())
def test_maximize_activation__does_not_clamp_the_start(submission, shape, start, dtype):
    """The first step starts from x0 itself, even where that is out of bounds."""
    x0 = torch.full((2, *shape), start, dtype=dtype)
    hill = cases.Hill(torch.full(shape, 0.5, dtype=dtype)).eval()
    at_once = submission.maximize_activation(hill, x0.clone(), steps=0, lr=0.9)
    assert_close(at_once, x0.clone(), because="after no steps nothing was clamped")
    wanted = torch.full_like(x0, 0.5 + 0.1 * (start - 0.5)).double()
    result = submission.maximize_activation(hill, x0, steps=1, lr=0.9)
    because = f"a step of 0.9 of the way from {start:g} to the top at 0.5 ends within the bounds"
    assert_close(result.double(), wanted, rtol=1e-4, atol=1e-5, because=because)


@given(shape=SHAPES, data=st.data(), dtype=dtypes())
def test_maximize_activation__gives_a_copy_for_no_steps(submission, shape, data, dtype):
    """After no steps it is x0, in memory of its own."""
    x0 = data.draw(tensors((2, *shape), dtype=dtype, plain=True, low=0.0, high=1.0))
    clean = x0.clone()
    result = submission.maximize_activation(cases.Slope(clean[0]).eval(), x0, steps=0, lr=0.5)
    assert_close(result, clean, because="no step was taken")
    with torch.inference_mode():  # the only mode in which any tensor may be written into
        result += 1
    assert_equal(x0, clean, because="adding 1 to the result has changed the caller's x0")


class _OwnClass(nn.Module):
    """Of ten images each one's logit of its own class: digit 0 for the first, 1 for the second, and so on."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x).diagonal()


@training(measures="digits of ten that a network sees in grey images after 30 steps", above=8.5)
def test_maximize_activation__makes_every_digit_out_of_grey(submission, seed, device):
    """Thirty steps up the logit of each digit make a network see that digit in what was a grey image."""
    model = trained_digits_classifier(seed, device)
    grey = torch.full((10, 1, 8, 8), 0.5, device=device)
    found = submission.maximize_activation(_OwnClass(model), grey, steps=30, lr=0.05, l2=0.05, tv=0.02)
    with torch.no_grad():
        return float((model(found).argmax(1).cpu() == torch.arange(10)).sum())


# maximize_with_generator


def _linear(shape: tuple[int, ...], seed: int, dtype: torch.dtype) -> nn.Module:
    """A linear classifier of three classes."""
    return small_model("linear", shape, 3, seed=seed, dtype=dtype)


@st.composite
def _climbs(draw) -> tuple[nn.Module, nn.Module, int, Tensor, Tensor]:
    """A linear classifier and a linear generator, a class, latents, and the slope of the class' logit for a latent."""
    dtype, shape, size = draw(dtypes()), draw(SHAPES), draw(st.integers(1, 3))
    classifier, target = _linear(shape, draw(seeds()), dtype), draw(st.integers(0, 2))
    painter = draw(cases.painters(shape, size, dtype))
    z0 = draw(tensors(((1, 3), size), dtype=dtype, plain=True, low=-2.0, high=2.0))
    slope = painter.matrix.detach().double() @ classifier.linear.weight.detach().double()[target]
    return classifier, painter, target, z0, slope


@given(case=_climbs(), steps=st.integers(1, 5), rate=RATES)
def test_maximize_with_generator__climbs_along_the_slope_of_the_latent(submission, case, steps, rate):
    """With linear networks each step adds lr times the logit's slope in z to every latent, and nothing is clamped."""
    classifier, painter, target, z0, slope = case
    wanted = z0.double() + steps * rate * slope
    _, z = submission.maximize_with_generator(classifier, painter, target, z0, steps=steps, lr=rate)
    because = "the slope in z is the generator's matrix times the weights of the class, wherever z is"
    assert_close(z.double(), wanted, rtol=1e-4, atol=1e-5, because=because)


@given(seed=seeds(), target=st.integers(0, 2), rate=st.sampled_from([0.2, 0.5]))
def test_maximize_with_generator__looks_again_after_every_step(submission, seed, target, rate):
    """Two steps are one step, and then one step from where that one led."""
    classifier = small_model("mlp", (1, 2, 3), 3, seed=seed, dtype=torch.float64)
    bent = cases.drawer((1, 2, 3), 2, seed=seed + 1, dtype=torch.float64)
    z0 = torch.tensor([[0.7, -1.3], [0.2, 0.4]], dtype=torch.float64)
    _, first = submission.maximize_with_generator(classifier, bent, target, z0.clone(), steps=1, lr=rate)
    _, second = submission.maximize_with_generator(classifier, bent, target, first.to(z0.dtype), steps=1, lr=rate)
    _, both = submission.maximize_with_generator(classifier, bent, target, z0, steps=2, lr=rate)
    assert_close(both, second, because="these networks bend, so the slope must be taken anew after the first step")
    nudge = 1e-5

    def logit(z: Tensor) -> Tensor:
        with torch.no_grad():
            return classifier(bent(z))[:, target]

    moves = nudge * torch.eye(2, dtype=torch.float64)
    slope = torch.stack([(logit(z0 + move) - logit(z0 - move)) / (2 * nudge) for move in moves], 1)
    because = "the first step is lr times the slope of the logit, found by nudging z"
    assert_close(first, z0 + rate * slope, rtol=1e-4, atol=1e-6, because=because)


@given(case=_climbs(), others=seeds(), rate=RATES)
def test_maximize_with_generator__explains_the_logit(submission, case, others, rate):
    """What the classifier thinks of other classes changes nothing."""
    classifier, painter, target, z0, _ = case
    _, before = submission.maximize_with_generator(classifier, painter, target, z0.clone(), steps=1, lr=rate)
    generator = torch.Generator().manual_seed(others)
    with torch.no_grad():
        for parameter in classifier.parameters():
            change = torch.randn(parameter.shape, generator=generator, dtype=parameter.dtype)
            change[target] = 0.0
            parameter.add_(change)
    _, after = submission.maximize_with_generator(classifier, painter, target, z0, steps=1, lr=rate)
    because = "only the weights of other classes have changed: climb the logit, not a probability or a loss"
    assert_close(after, before, because=because)


@given(case=_climbs(), steps=st.integers(1, 4), rate=RATES, penalty=st.sampled_from([0.25, 1.0]))
def test_maximize_with_generator__is_held_back_by_the_penalty(submission, case, steps, rate, penalty):
    """With linear networks z nears slope / (2 · penalty), by the share 2 · penalty · lr at every step."""
    classifier, painter, target, z0, slope = case
    best = slope / (2 * penalty)
    wanted = best + (1 - 2 * penalty * rate) ** steps * (z0.double() - best)
    options = {"steps": steps, "lr": rate, "penalty": penalty}
    _, z = submission.maximize_with_generator(classifier, painter, target, z0, **options)
    because = f"the penalty {penalty} · ‖z‖² is the sum of squares of each latent, whose slope is 2 · {penalty} · z"
    assert_close(z.double(), wanted, rtol=1e-4, atol=1e-5, because=because)


@given(case=_climbs(), steps=st.integers(0, 3), bent=st.booleans(), seed=seeds())
def test_maximize_with_generator__returns_the_images_of_its_latents(submission, case, steps, bent, seed):
    """The images are what the generator makes of the very latents that come with them."""
    classifier, painter, target, z0, _ = case
    shape = tuple(painter.picture.shape)
    if bent:
        painter = cases.drawer(shape, z0.shape[1], seed=seed, dtype=z0.dtype)
    twin = clone(painter)
    result, z = submission.maximize_with_generator(classifier, painter, target, z0, steps=steps, lr=0.3)
    with torch.no_grad():
        wanted = twin(z.to(z0.dtype))
    assert_close(result, wanted, because="generator(z) of the latents that were returned")


@given(case=_climbs())
def test_maximize_with_generator__stays_where_it_is_for_no_steps(submission, case):
    """After no steps the latents are those of z0, in memory of their own."""
    classifier, painter, target, z0, _ = case
    clean = z0.clone()
    _, z = submission.maximize_with_generator(classifier, painter, target, z0, steps=0, lr=0.5)
    assert_close(z, clean, because="no step was taken")
    with torch.inference_mode():
        z += 1
    assert_equal(z0, clean, because="adding 1 to the latents has changed the caller's z0")


@once
def _decoder(seed: int, device: torch.device) -> nn.Module:
    """The second half of an autoencoder of digits: latents of 8 numbers to images."""
    generator, data = torch.Generator().manual_seed(seed), digits().train_x.to(device)
    encoder, decoder = MLP(64, 64, 8, activation="relu"), cases.Drawer(MLP(8, 64, 64, activation="relu"), (1, 8, 8))
    for part in (encoder, decoder):
        randomize(part, generator)
        part.to(device)
    step = adam([*encoder.parameters(), *decoder.parameters()], 5e-3)
    for _ in range(12):
        for rows in torch.randperm(len(data), generator=generator).split(64):
            x = data[rows.to(device)]
            z = encoder(x)
            noise = 0.3 * torch.randn(z.shape, generator=generator).to(device)
            gap = (decoder(z + noise) - x).square().flatten(1).sum(1).mean()
            step(gap + 0.02 * z.square().sum(1).mean())
    return decoder.eval().requires_grad_(False)


@training(measures="share of images that pass for their digit and lie near a real one", above=0.6)
def test_maximize_with_generator__stays_near_real_digits(submission, seed, device):
    """Through a decoder of digits, what a network takes for a digit also looks like one."""
    model, decoder = trained_digits_classifier(seed, device), _decoder(seed, device)
    z0 = 0.1 * torch.randn(3, 8, generator=torch.Generator().manual_seed(seed)).to(device)
    real, good = digits().train_x.to(device).flatten(1), []
    for target in range(10):
        images, _ = submission.maximize_with_generator(model, decoder, target, z0, steps=30, lr=0.05, penalty=0.1)
        with torch.no_grad():
            passes = model(images).argmax(1) == target
        near = torch.cdist(images.flatten(1), real).amin(1) < 2.0
        good.append((passes & near).double().mean())
    return float(torch.stack(good).mean())


# lime_weights


class _Bent(nn.Module):
    """A network to explain in which segments play together."""

    def __init__(self, weight: Tensor, constant: float = 1.0):
        super().__init__()
        self.weight, self.constant = nn.Parameter(weight.clone()), constant

    def forward(self, rows: Tensor) -> Tensor:
        total = (self.weight * rows).flatten(1).sum(1)
        return self.constant + total + torch.cos(3 * total)


@st.composite
def _bent_scenes(draw, *, count: int | None = None):
    """A network in which segments play together, and an image in segments, float64."""
    scene = draw(cases.scenes(count=count))
    weight = draw(tensors(scene.x.shape, dtype=torch.float64, plain=True, low=-1.0, high=1.0))
    return _Bent(weight).eval(), scene


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _explain(submission, predict: nn.Module, scene, **options) -> Tensor:
    """The coefficients, one for each segment, detached."""
    coefficients = submission.lime_weights(predict, scene.x, scene.segments, **options)
    count = int(scene.segments.max()) + 1
    sentence = f"there are {count} segments, and each has one coefficient"
    require(tuple(coefficients.shape) == (count,), sentence, yours=tuple(coefficients.shape), wanted=(count,))
    return coefficients.detach()


def _masks(rows: Tensor, scene, baseline: float) -> Tensor:
    """For each row which segments are on, float64 `(rows, S)`."""
    blank = torch.full_like(scene.x, baseline)
    masks = []
    for number in range(int(scene.segments.max()) + 1):
        inside = (scene.segments == number).expand_as(scene.x)
        on, off = (((rows - each)[:, inside].abs() < 1e-6).all(1) for each in (scene.x, blank))
        sentence = f"each row shows segment {number} either as it is in x or all of it as {baseline:g}"
        require((on | off).all(), sentence, yours=f"{int((~(on | off)).sum())} rows that do neither")
        masks.append(on.double())
    return torch.stack(masks, 1)


@given(scene=cases.scenes(), data=st.data(), baseline=st.sampled_from([0.0, -0.5, 1.0]), seed=seeds())
def test_lime_weights__finds_what_each_segment_adds(submission, scene, data, baseline, seed):
    """If the network adds up its segments, each coefficient is just what its segment adds to a blank image."""
    weight = data.draw(tensors(scene.x.shape, dtype=torch.float64, plain=True, low=-2.0, high=2.0))
    wanted = cases.worth(weight, scene, baseline)
    options = {"num_samples": 150, "kernel_width": 0.5, "ridge": 1e-9, "generator": _generator(seed)}
    if baseline:
        options["baseline"] = baseline
    found = _explain(submission, cases.Sum(weight, 4.0).eval(), scene, **options)
    because = f"with next to no ridge: what each segment's pixels add that are not {baseline:g}"
    assert_close(found.double(), wanted, rtol=1e-4, atol=1e-4, because=because)


@given(
    case=_bent_scenes(),
    count=st.sampled_from([60, 120]),
    width=st.sampled_from([0.15, 0.25, 0.5, 2.0]),
    ridge=st.sampled_from([1e-3, 0.1, 3.0]),
    seed=seeds(),
)
@example(case=None, count=60, width=0.5, ridge=1e-3, seed=0)
@example(case=None, count=60, width=0.5, ridge=3.0, seed=1)
def test_lime_weights__minimises_the_weighted_squares(submission, case, count, width, ridge, seed):
    """On the rows that the network was shown, no change of a coefficient makes the weighted sum smaller."""
    if case is None:
        scene = cases.Scene(torch.linspace(0.2, 0.9, 6).double().reshape(1, 2, 3), torch.tensor([[0, 1, 2], [2, 1, 0]]))
        case = _Bent(torch.linspace(1.5, -0.5, 6).double().reshape(1, 2, 3)).eval(), scene
    predict, scene = case
    spy = cases.Spy(clone(predict), scene.x)
    options = {"num_samples": count, "kernel_width": width, "ridge": ridge, "generator": _generator(seed)}
    found = _explain(submission, spy, scene, **options).double()
    masks = _masks(spy.rows, scene, 0.0)
    with torch.no_grad():
        said = predict(spy.rows)
    near = torch.exp(-(((1 - masks.mean(1).sqrt()) / width) ** 2))

    def cost(coefficients: Tensor) -> float:
        rest = said - masks @ coefficients
        rest = rest - (near * rest).sum() / near.sum()  # the best intercept
        return float((near * rest**2).sum() + ridge * (coefficients**2).sum())

    size = 1e-3 * (1 + float(found.abs().max()))
    for number, move in enumerate(size * torch.eye(len(found), dtype=torch.float64)):
        here, more, less = cost(found), cost(found + move), cost(found - move)
        better = size * (less - more) / (2 * (more + less - 2 * here))  # where a parabola through the three is lowest
        sentence = (
            f"kernel_width {width}, ridge {ridge}: the sum, with its best intercept, would be smaller "
            f"with a coefficient of segment {number} that is {abs(better):.3g} {'greater' if better > 0 else 'less'}"
        )
        require(abs(better) < 0.1 * size, sentence, yours=found)


@given(scene=cases.scenes(), constant=st.sampled_from([-3.0, 1.0, 50.0]), ridge=st.sampled_from([1e-3, 1.0, 20.0]))
def test_lime_weights__does_not_penalise_the_intercept(submission, scene, constant, ridge):
    """If the network always says the same, all coefficients are 0, however large the ridge."""
    predict = cases.Sum(torch.zeros_like(scene.x), constant).eval()
    found = _explain(submission, predict, scene, num_samples=100, ridge=ridge, generator=_generator(0))
    because = f"the network says {constant:g} of everything: the intercept can say that alone, and it costs nothing"
    assert_close(found, torch.zeros_like(found), atol=1e-6 * abs(constant), because=because)


@given(scene=st.integers(2, 3).flatmap(lambda count: cases.scenes(count=count, low=0.6)), seed=seeds())
def test_lime_weights__counts_only_what_is_near(submission, scene, seed):
    """With a narrow kernel a coefficient is what the network's answer loses when that one segment goes."""
    spy = cases.Spy(cases.Product(2.0), scene.x)
    options = {"num_samples": 400, "kernel_width": 0.12, "ridge": 1e-4, "generator": _generator(seed)}
    found = _explain(submission, spy, scene, **options)
    masks = _masks(spy.rows, scene, 0.0)
    one_off = masks[masks.sum(1) == masks.shape[1] - 1]
    if bool(one_off.all(0).any()):  # these masks never switch some segment off alone, which may be
        return
    because = "the network says 2 where all is there and 0 else; rows with more than one segment off hardly count"
    assert_close(found, torch.full_like(found, 2.0), rtol=0.0, atol=0.1, because=because)


@given(case=_bent_scenes(), count=st.sampled_from([30, 64]), seed=seeds())
def test_lime_weights__shows_each_row_once_and_x_among_them(submission, case, count, seed):
    """The network is shown num_samples rows, and the unmasked image is one of them."""
    predict, scene = case
    spy = cases.Spy(predict, scene.x)
    _explain(submission, spy, scene, num_samples=count, generator=_generator(seed))
    require(len(spy.rows) == count, f"num_samples is {count}", yours=f"{len(spy.rows)} rows", wanted=f"{count} rows")
    whole = (spy.rows == scene.x).flatten(1).all(1)
    require(whole.any(), "x itself, with all segments on, is not among the rows: it is what is to be explained")


@given(case=_bent_scenes(), baseline=st.sampled_from([0.0, -0.5, 1.0]), seed=seeds())
def test_lime_weights__switches_whole_segments_to_the_baseline(submission, case, baseline, seed):
    """In every row each segment is either as in x, or all of its pixels in all channels have the baseline's value."""
    predict, scene = case
    spy = cases.Spy(predict, scene.x)
    _explain(submission, spy, scene, num_samples=40, baseline=baseline, generator=_generator(seed))
    _masks(spy.rows, scene, baseline)
    blank = (spy.rows == baseline).flatten(1).any()
    require(blank, f"no pixel of any row is {baseline:g}, so no segment was ever switched off")


@given(case=_bent_scenes(), seed=seeds())
def test_lime_weights__sees_each_segment_on_and_off(submission, case, seed):
    """Among many rows each segment is on in some and off in others."""
    predict, scene = case
    spy = cases.Spy(predict, scene.x)
    _explain(submission, spy, scene, num_samples=100, generator=_generator(seed))
    shares = _masks(spy.rows, scene, 0.0).mean(0)
    sentence = "the share of 100 rows in which each segment is on: what never changes cannot be judged"
    require(((shares > 0) & (shares < 1)).all(), sentence, yours=shares)


@training(measures="median share of what a digit network says nearby that the coefficients explain", above=0.6)
def test_lime_weights__stands_in_for_the_network(submission, seed, device):
    """On rows that it has not seen, the fitted line says about what the digit network says."""
    model, x = trained_digits_classifier(seed, device), digits().test_x[:9].to(device)
    across = torch.arange(8, device=device) // 2
    segments, generator, explained = 4 * across[:, None] + across, _generator(seed), []
    with torch.no_grad():
        classes = model(x).argmax(1).tolist()
    for image, target in zip(x, classes, strict=True):
        predict = cases.Logit(clone(model), target).eval()
        options = {"num_samples": 400, "generator": torch.Generator(device).manual_seed(seed)}
        found = _explain(submission, predict, cases.Scene(image, segments), **options)
        on = torch.rand(300, 16, generator=generator) < 0.5 + 0.5 * torch.rand(300, 1, generator=generator)
        masks = on.to(image)
        with torch.no_grad():
            said = predict(masks[:, segments][:, None] * image)
        near = torch.exp(-(((1 - masks.mean(1).sqrt()) / 0.25) ** 2))
        rest, spread = (each - (near * each).sum() / near.sum() for each in (said - masks @ found, said))
        explained.append(1 - float((near * rest**2).sum() / (near * spread**2).sum()))
    return sorted(explained)[len(explained) // 2]
