"""What every right answer to the local explanations does."""

from __future__ import annotations

import contextlib
import copy
import math
from pathlib import Path

import torch
from hypothesis import example, given
from hypothesis import strategies as st
from torch import Tensor, nn

from autograder.assertions import assert_between, assert_close, assert_equal, assert_raises, require
from autograder.content import load_file
from autograder.data import circles, digits
from autograder.models import MLP, small_model
from autograder.strategies import batch_sizes, dtypes, seeds, tensors
from autograder.training import accuracy, once, train_classifier, trained_digits_classifier, training

_cases = load_file(Path(__file__).with_name("cases.py"))
explained, tilings, powers = _cases.explained, _cases.tilings, _cases.powers

SHAPES = st.sampled_from(_cases.SHAPES)
NUDGE = 1e-5
WIDE = (2, 100, 100)  # pixels enough that the law of their noise shows


def _zeros(count: int) -> Tensor:
    return torch.zeros(count, dtype=torch.int64)


def _logits(model: nn.Module, x: Tensor, target: Tensor) -> Tensor:
    """Each sample's target logit, in float64."""
    twin = copy.deepcopy(model).double()
    with torch.no_grad():
        table = twin(x.double())
    return table[range(len(x)), target]


def _nudged(model: nn.Module, x: Tensor, target: Tensor) -> Tensor:
    """How fast each target logit rises with each element, found by nudging one element at a time."""
    found = torch.zeros(x.shape, dtype=torch.float64)
    for place in range(x[0].numel()):
        ahead, behind = x.double().clone(), x.double().clone()
        ahead.flatten(1)[:, place] += NUDGE
        behind.flatten(1)[:, place] -= NUDGE
        rise = _logits(model, ahead, target) - _logits(model, behind, target)
        found.flatten(1)[:, place] = rise / (2 * NUDGE)
    return found


def _weights(model: nn.Module, x: Tensor, target: Tensor) -> Tensor:
    """Of a linear network: what multiplies each element in its sample's target logit."""
    return model.linear.weight.detach().double()[target].reshape(x.shape)


@given(
    case=explained(in_shape=(2, 3, 3)),
    options=st.sampled_from([{}, {"baseline": 0.5}, {"baseline": -1.0}]),
)
def test_occlusion__is_the_whole_drop_for_a_window_of_the_whole_image(submission, case, options):
    """If one window covers the whole image, every pixel scores what the target logit loses by a blank image."""
    result = submission.occlusion(*case, window=3, stride=1, **options)
    blank = torch.full_like(case.x, options.get("baseline", 0.0))
    drop = _logits(case.model, case.x, case.y) - _logits(case.model, blank, case.y)
    wanted = drop.reshape(-1, 1, 1).expand(-1, 3, 3)
    because = "the score is the target's logit for the image, less its logit for the covered image"
    assert_close(result.double(), wanted, rtol=1e-4, atol=1e-5, because=because)


def _shares(size: int, window: int, stride: int, bright: int) -> list[float]:
    """Along one side: the share of the windows over each pixel that also lie over the pixel `bright`."""
    spans = [range(start, start + window) for start in range(0, size - window + 1, stride)]
    over = [[span for span in spans if pixel in span] for pixel in range(size)]
    return [sum(bright in span for span in mine) / len(mine) for mine in over]


@given(tiling=tilings(), places=st.tuples(st.integers(0, 8), st.integers(0, 8)), x=st.data(), dtype=dtypes())
def test_occlusion__averages_over_the_windows_that_cover_a_pixel(submission, tiling, places, x, dtype):
    """If one pixel is all that matters, another scores its worth times the share of windows that cover both."""
    window, stride, height, width = tiling
    row, column = places[0] % height, places[1] % width
    model = small_model("linear", (1, height, width), 2, seed=0, dtype=dtype)
    image = x.draw(tensors((2, 1, height, width), dtype=dtype, plain=True, low=0.1, high=1.0))
    with torch.no_grad():
        model.linear.weight.zero_()
        model.linear.weight[:, row * width + column] = torch.tensor([2.0, -1.0], dtype=dtype)
    down = torch.tensor(_shares(height, window, stride, row), dtype=torch.float64)
    across = torch.tensor(_shares(width, window, stride, column), dtype=torch.float64)
    worth = image[:, 0, row, column].double() * torch.tensor([2.0, -1.0], dtype=torch.float64)
    result = submission.occlusion(model, image, torch.tensor([0, 1]), window=window, stride=stride)
    because = (
        f"with window {window} and stride {stride}, only windows over the pixel ({row}, {column}) change the logit"
    )
    wanted = worth.reshape(-1, 1, 1) * torch.outer(down, across)
    assert_close(result.double(), wanted, rtol=1e-4, atol=1e-5, because=because)


@given(
    window=st.integers(1, 3),
    counts=st.sampled_from([(1, 2), (2, 1), (2, 3), (3, 2)]),
    channels=st.integers(1, 2),
    seed=seeds(),
    x=st.data(),
)
def test_occlusion__covers_one_window_at_a_time(submission, window, counts, channels, seed, x):
    """If windows do not overlap, each is judged on its own: what others cover plays no part in it."""
    shape = (channels, window * counts[0], window * counts[1])
    case = x.draw(explained(in_shape=shape, kind="linear", dtype=torch.float64))
    parts = (_weights(*case) * case.x.double()).sum(1)
    blocks = parts.reshape(len(parts), counts[0], window, counts[1], window).sum((2, 4))
    wanted = blocks.repeat_interleave(window, 1).repeat_interleave(window, 2)
    result = submission.occlusion(*case, window=window, stride=window)
    because = "for a linear network a window is worth its weights times its pixels, whatever its neighbours"
    assert_close(result.double(), wanted, rtol=1e-6, atol=1e-7, because=because)


@given(size=st.integers(1, 3), x=st.data(), dtype=dtypes())
def test_occlusion__covers_all_channels_together(submission, size, x, dtype):
    """A window blanks out all of its channels at once."""
    image = x.draw(tensors((2, 2, size, 2 * size), dtype=dtype, plain=True, low=0.3, high=1.0))
    worth = image.double().prod(1).reshape(2, size, 2, size).sum((1, 3))
    wanted = worth[:, None, :].expand(-1, size, -1).repeat_interleave(size, 2)
    result = submission.occlusion(_cases.channel_product(), image, _zeros(2), window=size, stride=size)
    because = "this network multiplies the channels: blank out both, and their product is gone once, not twice"
    assert_close(result.double(), wanted, rtol=1e-4, atol=1e-5, because=because)


@given(tiling=tilings(), case=st.data(), level=st.sampled_from([0.0, 0.25, 1.0, -0.5]))
def test_occlusion__covers_with_the_baseline(submission, tiling, case, level):
    """Pixels that have the baseline's value already lose nothing when they are covered."""
    window, stride, height, width = tiling
    case = case.draw(explained(in_shape=(2, height, width)))
    even = torch.full_like(case.x, level)
    result = submission.occlusion(case.model, even, case.y, window=window, stride=stride, baseline=level)
    because = f"every pixel is {level} before it is covered with {level}, and after"
    assert_close(result, torch.zeros_like(result), because=because)


@given(
    sizes=st.sampled_from(
        [
            *((4, 6, 2, 3), (4, 6, 1, 2), (4, 6, 3, 0), (4, 6, 3, -1), (4, 6, 0, 1), (4, 6, 0, 0)),
            *((4, 6, 5, 1), (6, 4, 5, 1), (4, 6, 7, 1), (5, 6, 2, 2), (6, 5, 2, 2), (4, 6, 3, 2)),
        ]
    ),
    count=batch_sizes(1, 2),
)
def test_occlusion__refuses_windows_that_do_not_fit(submission, sizes, count):
    """Windows that leave gaps, do not fit the image or do not end at its edges raise ValueError."""
    height, width, window, stride = sizes
    model, x = small_model("linear", (1, height, width), 2, seed=0), torch.zeros(count, 1, height, width)
    because = f"window {window} and stride {stride} do not suit an image of {height} × {width} pixels"
    options = {"window": window, "stride": stride}
    assert_raises(ValueError, submission.occlusion, model, x, _zeros(count), **options, because=because)


@given(case=explained(kind="linear"))
def test_saliency__is_the_size_of_the_weights_of_a_linear_network(submission, case):
    """For a linear network it is the size of the target's weights, the same at every input."""
    wanted = _weights(*case).abs()
    result = submission.saliency(*case)
    because = "the target logit is weights times elements plus a bias, so its slope is the weights of that class"
    assert_close(result.double(), wanted, rtol=1e-4, atol=1e-5, because=because)


@given(case=explained())
def test_saliency__is_the_slope_found_by_nudging(submission, case):
    """Nudging one element at a time shows how fast the target logit changes."""
    result = submission.saliency(*case)
    wanted = _nudged(*case).abs()
    because = "a nudge of each element alone shows the size of its slope"
    assert_close(result.double(), wanted, rtol=1e-3, atol=1e-4, because=because)


@given(case=explained(kind="linear", dtype=torch.float64), seed=seeds())
def test_saliency__ignores_the_other_logits(submission, case, seed):
    """What the network thinks of other classes changes nothing."""
    before = submission.saliency(*case).detach()
    generator = torch.Generator().manual_seed(seed)
    target = case.y[:1].expand_as(case.y)
    same = submission.saliency(case.model, case.x, target)
    with torch.no_grad():
        for parameter in case.model.parameters():
            others = torch.randn(parameter.shape, generator=generator, dtype=parameter.dtype)
            others[target[0]] = 0.0
            parameter.add_(others)
    after = submission.saliency(case.model, case.x, target)
    assert_close(before[0], same.detach()[0], because="the other samples' targets are none of this sample's business")
    assert_close(after, same.detach(), because="only the weights of other classes have changed: explain the logit")


@given(case=explained())
def test_saliency__is_never_negative(submission, case):
    """It is the size of the slope, without its sign."""
    result = submission.saliency(*case)
    assert_between(result, 0.0, torch.inf, slack=0.0, because="saliency is an absolute value")


@given(x=tensors(((1, 3), 3), plain=True, low=0.5, high=2.0))
def test_saliency__is_zero_where_the_network_is_flat(submission, x):
    """Where the logit has stopped rising there is no slope, however much the input did to raise it."""
    result = submission.saliency(_cases.saturating(), x, _zeros(len(x)))
    because = "the logit is min(1, sum of x), and these sums are above 1"
    assert_equal(result.detach(), torch.zeros_like(result), because=because)


def _baseline(draw, x: Tensor) -> Tensor:
    return draw(tensors(x.shape, dtype=x.dtype, plain=True, low=-1.0, high=1.0))


@given(case=explained(dtype=torch.float64), data=st.data(), given_baseline=st.booleans())
def test_integrated_gradients__adds_up_to_the_rise_of_the_logit(submission, case, data, given_baseline):
    """A sample's elements add up to what its target logit gains on the way from the baseline."""
    baseline = _baseline(data.draw, case.x) if given_baseline else torch.zeros_like(case.x)
    options = {"baseline": baseline} if given_baseline else {}
    result = submission.integrated_gradients(*case, steps=200, **options)
    wanted = _logits(case.model, case.x, case.y) - _logits(case.model, baseline, case.y)
    because = "with many steps the contributions must add up to the logit at x less the logit at the baseline"
    assert_close(result.double().flatten(1).sum(1), wanted, rtol=1e-3, atol=2e-3, because=because)


@given(x=tensors(((1, 3), 2, 2), plain=True), steps=st.integers(1, 4), data=st.data(), away=st.booleans())
def test_integrated_gradients__looks_in_the_middle_of_every_step(submission, x, steps, data, away):
    """For a parabola it is exact with any number of steps, even with one."""
    baseline = _baseline(data.draw, x) if away else torch.zeros_like(x)
    options = {"baseline": baseline.clone()} if away else {}
    result = submission.integrated_gradients(powers(2), x, _zeros(len(x)), steps=steps, **options)
    wanted = (x.double() ** 2 - baseline.double() ** 2) / 2
    because = f"the slope of ½x² halfway along each of {steps} pieces is the mean slope of that piece"
    assert_close(result.double(), wanted, rtol=1e-4, atol=1e-5, because=because)


@given(x=tensors(((1, 3), 3), dtype=torch.float64, plain=True), steps=st.integers(1, 6))
def test_integrated_gradients__takes_as_many_steps_as_it_is_told(submission, x, steps):
    """On a cubic it misses x³/3 by just one part in (2 · steps)²."""
    result = submission.integrated_gradients(powers(3), x, _zeros(len(x)), steps=steps)
    wanted = x**3 / 3 * (1 - 1 / (2 * steps) ** 2)
    because = f"the midpoint rule with {steps} steps has this error on x³/3, other rules and other numbers have others"
    assert_close(result, wanted, rtol=1e-6, atol=1e-7, because=because)


@given(case=explained(kind="linear"), steps=st.integers(1, 5), data=st.data(), away=st.booleans())
def test_integrated_gradients__starts_at_the_baseline(submission, case, steps, data, away):
    """For a linear network it is the target's weights times the way from the baseline; without one, from zeros."""
    baseline = _baseline(data.draw, case.x) if away else torch.zeros_like(case.x)
    options = {"baseline": baseline.clone()} if away else {}
    wanted = _weights(*case) * (case.x.double() - baseline.double())
    result = submission.integrated_gradients(*case, steps=steps, **options)
    because = "each element contributes its weight times how far it went"
    assert_close(result.double(), wanted, rtol=1e-4, atol=1e-5, because=because)


@given(case=explained(), steps=st.integers(1, 4), data=st.data(), seed=seeds())
def test_integrated_gradients__gives_nothing_to_what_does_not_change(submission, case, steps, data, seed):
    """An element that is the same at the baseline contributes nothing."""
    same = torch.rand(case.x.shape, generator=torch.Generator().manual_seed(seed)) < 0.5
    baseline = torch.where(same, case.x, _baseline(data.draw, case.x))
    result = submission.integrated_gradients(*case, baseline=baseline, steps=steps)
    because = "these elements have not moved on the way from the baseline to x"
    assert_close(result[same].detach(), torch.zeros_like(result[same]), because=because)


@given(x=tensors(((1, 3), 1), dtype=torch.float64, plain=True, low=1.5, high=4.0))
def test_integrated_gradients__sees_through_saturation(submission, x):
    """It credits an element with a rise that ended long before x, where the slope is zero."""
    result = submission.integrated_gradients(_cases.saturating(), x, _zeros(len(x)), steps=200)
    because = "the logit min(1, x) rose from 0 to 1 on the way, though it is flat at x"
    assert_close(result, torch.ones_like(result), rtol=0, atol=0.02, because=because)


@training(measures="accuracy on digits without the 6 pixels of greatest integrated gradients", below=0.17)
def test_integrated_gradients__finds_the_pixels_that_matter(submission, seed, device):
    """Erasing the six pixels that contribute most to a digit's logit ruins the answer; six others hardly matter."""
    model, data = trained_digits_classifier(seed, device), digits()
    x, y = data.test_x.to(device), data.test_y.to(device)
    chance = torch.rand(x.shape, generator=torch.Generator().manual_seed(seed)).to(device)
    require(accuracy(model, _without(x, chance), y) > 0.8, "erasing six pixels at random alone fools this network")
    return accuracy(model, _without(x, submission.integrated_gradients(model, x, y, steps=20)), y)


def _without(x: Tensor, scores: Tensor, count: int = 6) -> Tensor:
    """The images with the `count` pixels of greatest score set to 0."""
    chosen = scores.detach().flatten(1).topk(count, dim=1).indices
    return x.flatten(1).scatter(1, chosen, 0.0).reshape(x.shape)


@given(case=explained(), count=st.integers(1, 3), seed=seeds())
def test_smooth_grad__is_the_gradient_where_there_is_no_noise(submission, case, count, seed):
    """With a noise level of 0 it is the plain gradient, signs included."""
    options = {"num_samples": count, "noise_level": 0.0, "generator": torch.Generator().manual_seed(seed)}
    result = submission.smooth_grad(*case, **options)
    because = "all copies are x itself, and nudging each element shows the slope there"
    assert_close(result.double(), _nudged(*case), rtol=1e-3, atol=1e-4, because=because)


@given(case=explained(kind="linear"), count=st.integers(1, 5), level=st.sampled_from([0.1, 0.5]), seed=seeds())
def test_smooth_grad__keeps_the_signs(submission, case, count, level, seed):
    """For a linear network it is the target's weights, negative ones too, whatever the noise."""
    wanted = _weights(*case)
    options = {"num_samples": count, "noise_level": level, "generator": torch.Generator().manual_seed(seed)}
    result = submission.smooth_grad(*case, **options)
    because = "the gradient of a linear network is the same everywhere, so its mean over all copies is that gradient"
    assert_close(result.double(), wanted, rtol=1e-4, atol=1e-5, because=because)


def _noise(submission, level: float, ranges: list[float], seed: int, *, count: int = 1) -> Tensor:
    """Noise that images of these ranges get, in units of the standard deviation that they should: `(images, pixels)`.

    The network's logit is ½Σx², whose gradient at a place is that place itself.
    """
    generator = torch.Generator().manual_seed(seed)
    x = torch.rand((len(ranges), *WIDE), generator=generator, dtype=torch.float64)
    x[:, :, :2] = torch.tensor([0.0, 1.0], dtype=torch.float64).reshape(2, 1)
    x[:, :, 2:] = 0.9 + 0.1 * x[:, :, 2:]  # few pixels make the range, so that it is not the deviation
    spread = torch.tensor(ranges, dtype=torch.float64).reshape(-1, 1, 1, 1)
    x = x * spread
    clean = x.clone()
    options = {"num_samples": count, "noise_level": level, "generator": generator}
    result = submission.smooth_grad(powers(2), x, _zeros(len(x)), **options)
    return ((result.detach().double() - clean) / (level * spread)).flatten(1)


@given(
    level=st.sampled_from([0.1, 0.2, 0.5]),
    ranges=st.sampled_from([[1.0], [0.3], [4.0], [1.0, 0.2], [0.5, 3.0], [255.0]]),
    seed=seeds(),
)
def test_smooth_grad__scales_the_noise_to_each_sample(submission, level, ranges, seed):
    """The noise's standard deviation is noise_level times the sample's own range."""
    deviations = _noise(submission, level, ranges, seed).square().mean(1).sqrt()
    bound = 6.5 / math.sqrt(2 * math.prod(WIDE))
    wanted = torch.ones_like(deviations)
    because = f"ranges {ranges}, noise level {level}: in units of noise_level · range the noise must have size 1"
    assert_close(deviations, wanted, rtol=0, atol=bound, because=because)


@given(level=st.sampled_from([0.1, 0.3]), seed=seeds())
def test_smooth_grad__draws_normal_noise_for_every_element(submission, level, seed):
    """The noise is normal, different for every element, and is neither clamped nor one-sided."""
    noise = _noise(submission, level, [1.0], seed)[0]
    ranks = torch.arange(1, len(noise) + 1, dtype=torch.float64) / len(noise)
    normal = (1 + torch.erf(noise.sort().values / math.sqrt(2))) / 2
    gap, bound = float((normal - ranks).abs().max()), 3.4 / math.sqrt(len(noise))
    sentence = "what is added to the elements does not follow a normal distribution around 0"
    require(gap < bound, sentence, yours=f"shares off by up to {gap:.3f}", wanted=f"less than {bound:.3f}")
    related = float((noise * noise.roll(1)).mean())
    require(abs(related) < 6.5 / math.sqrt(len(noise)), "neighbouring elements get related noise")


@given(count=st.sampled_from([4, 9, 25]), seed=seeds())
def test_smooth_grad__averages_over_all_copies(submission, count, seed):
    """Every copy has noise of its own, so that the mean over many of them is steadier than a single one."""
    deviation = float(_noise(submission, 0.2, [1.0], seed, count=count).square().mean().sqrt())
    bound = (1 + 6.5 / math.sqrt(2 * math.prod(WIDE))) / math.sqrt(count)
    sentence = f"{count} copies with noise of their own leave a {math.sqrt(count):g}th of a single copy's noise"
    require(
        deviation < bound, sentence, yours=deviation, wanted=f"at most {bound:.3f}, in units of noise_level · range"
    )


@given(level=st.sampled_from([-1.0, 0.0, 0.5]), count=st.integers(1, 3), seed=seeds(), dtype=dtypes())
def test_smooth_grad__takes_a_flat_sample(submission, level, count, seed, dtype):
    """A sample whose elements are all alike has no range, so it gets no noise."""
    x = torch.full((2, 1, 2, 3), level, dtype=dtype)
    x[1, 0, 0] += torch.tensor([0.0, 0.5, 1.0], dtype=dtype)
    generator = torch.Generator().manual_seed(seed)
    result = submission.smooth_grad(powers(3), x, _zeros(2), num_samples=count, noise_level=0.3, generator=generator)
    wanted = torch.full((1, 2, 3), level**2, dtype=dtype)
    assert_close(result[0].detach(), wanted, because="greatest and least element are equal: all copies are x itself")


@st.composite
def _stacks(draw, images: bool = False) -> tuple[nn.Sequential, Tensor, int]:
    """A stack of layers, an input, and the number of one of the layers."""
    dtype, seed = draw(dtypes()), draw(seeds())
    if images and draw(st.booleans()):
        x = draw(tensors(((1, 3), 1, 2, 3), dtype=dtype, plain=True))
        parts = small_model("conv", (1, 2, 3), 3, seed=seed, dtype=dtype)
        layers = nn.Sequential(parts.first, nn.Tanh(), parts.second, nn.Flatten(), parts.head).eval()
    else:
        x = draw(tensors(((1, 3), 3), dtype=dtype, plain=True))
        layers = small_model("mlp", (3,), 4, seed=seed, dtype=dtype).layers
    return layers, x, draw(st.integers(0, len(layers) - 1))


def _step_by_step(layers: nn.Sequential, x: Tensor, last: int) -> Tensor:
    with torch.no_grad():
        for index in range(last + 1):
            x = layers[index](x)
    return x.clone()


@given(case=_stacks(images=True))
@example(case=(nn.Sequential(nn.ReLU()), torch.arange(8.0).reshape(2, 1, 2, 2) - 3, 0))
def test_layer_features__is_what_the_layer_puts_out(submission, case):
    """It is what one gets by running the layers by hand, up to that one."""
    layers, x, last = case
    wanted = _step_by_step(layers, x, last)
    result = submission.layer_features(layers, str(last), x)
    assert_close(result, wanted, because=f"layers 0 to {last}, run one after the other, give this")


@given(case=_stacks(), names=st.sampled_from([("a", "b"), ("trunk", "0"), ("layers", "layers")]))
def test_layer_features__follows_dotted_names(submission, case, names):
    """A name with dots leads into layers within layers."""
    layers, x, last = case
    model = nn.Sequential()
    inside = nn.Sequential()
    inside.add_module(names[1], layers)
    model.add_module(names[0], inside)
    model.add_module("head", nn.Tanh())
    model.eval()
    wanted = _step_by_step(layers, x, last)
    name = f"{names[0]}.{names[1]}.{last}"
    result = submission.layer_features(model, name, x)
    assert_close(result, wanted, because=f"{name} is layer {last} of the {names[1]} in the {names[0]}")


@given(case=_stacks())
def test_layer_features__is_not_changed_by_later_layers(submission, case):
    """It is what the layer put out, not what a later layer wrote over it."""
    layers, x, _ = case
    model = nn.Sequential(layers[0], nn.ReLU(inplace=True), nn.Identity(), nn.Hardtanh(-0.1, 0.1, inplace=True)).eval()
    wanted = _step_by_step(layers, x, 0)
    first = submission.layer_features(model, "0", x)
    assert_close(first, wanted, because="the next layer is ReLU(inplace=True), which writes into its input")
    third = submission.layer_features(model, "2", x)
    assert_close(third, wanted.relu(), because="the next layer clamps its input in place")


@given(x=tensors(((1, 3), 2), plain=True))
def test_layer_features__is_a_copy(submission, x):
    """Whoever writes into the result does not write into anything else."""
    model = nn.Sequential(nn.Identity(), nn.Tanh()).eval()
    clean = x.clone()
    result = submission.layer_features(model, "0", x)
    with torch.inference_mode():  # the only mode in which any tensor may be written into
        result += 1
    assert_equal(x, clean, because="layer 0 hands on its input; adding 1 to the result has changed the caller's x")


@given(x=tensors(((1, 3), 2), plain=True), layer=st.sampled_from(["1", "2"]))
def test_layer_features__leaves_no_hook_where_a_layer_raises(submission, x, layer):
    """If the layer, or one before it, raises an error, no hook is left behind."""
    with contextlib.suppress(Exception):
        submission.layer_features(_cases.breaking(), layer, x)
    changed = submission.latest.changed if submission.latest else {}
    left = sorted(path for path in changed if path.endswith(".hooks"))
    where = "the layer itself" if layer == "1" else "the layer before it"
    require(not left, f"{where} raised an error, and a hook is left at {', '.join(left)}: remove it in any case")


@given(
    case=explained(in_shape=(3,), kind="mlp"),
    name=st.sampled_from(["", "layer", "layers.9", "layers.", ".layers", "layers.0.weight", "forward", "Linear", "0"]),
)
def test_layer_features__refuses_unknown_names(submission, case, name):
    """A name that the model has no submodule of, and the empty one, raise ValueError."""
    known = "layers, layers.0, layers.1 and layers.2"
    because = f"{name!r} is none of this model's layers ({known})"
    assert_raises(ValueError, submission.layer_features, case.model, name, case.x, because=because)


def _cross_entropy(probe: tuple[Tensor, Tensor], features: Tensor, labels: Tensor) -> float:
    weight, bias = (each.detach().double() for each in probe)
    return float(nn.functional.cross_entropy(features.double() @ weight.T + bias, labels))


def _classes(probe: tuple[Tensor, Tensor], features: Tensor) -> Tensor:
    weight, bias = (each.detach().double() for each in probe)
    return (features.double() @ weight.T + bias).argmax(-1)


def _require_shapes(probe: tuple[Tensor, Tensor], classes: int, size: int) -> None:
    shapes = [tuple(each.shape) for each in probe]
    wanted = [(classes, size), (classes,)]
    require(shapes == wanted, f"weight and bias have a row for each of {classes} classes", yours=shapes, wanted=wanted)


# What a solver needs a second for should not be fitted often: these checks draw from a few problems, each made of a
# small number.


def _problem(number: int) -> tuple[torch.Generator, int, torch.dtype]:
    """A generator, a number of classes and a type, all of which depend on the problem's number alone."""
    generator = torch.Generator().manual_seed(number)
    return generator, 2 + number % 3, torch.float32 if number % 2 else torch.float64


def _table(number: int) -> tuple[Tensor, Tensor, Tensor, int]:
    """Samples at a few points, all classes at each: features, labels, the counts `(points, classes)`, the classes."""
    generator, classes, dtype = _problem(number)
    points = _cases.vertices(1 + number // 3 % 3, dtype)
    favour = torch.rand(len(points), classes, generator=generator, dtype=torch.float64) ** 4
    drawn = torch.multinomial(favour + 1e-3, 5 * classes, replacement=True, generator=generator)
    counts = 1 + torch.stack([row.bincount(minlength=classes) for row in drawn])
    return *_cases.samples_of_table(points, counts), counts, classes


def _clusters(number: int) -> tuple[Tensor, Tensor, int]:
    """Clusters of samples on a ring around some point that is not the origin, each of one class."""
    generator, classes, dtype = _problem(number)
    turns = torch.arange(classes, dtype=torch.float64) / classes
    angle = 2 * math.pi * (turns + torch.rand((), generator=generator, dtype=torch.float64))
    centers = 2.5 * torch.stack([angle.cos(), angle.sin()], 1) + torch.tensor([1.5, -1.0], dtype=torch.float64)
    labels = torch.arange(classes).repeat_interleave(1 + number % 5)
    noise = torch.rand(len(labels), 2, generator=generator, dtype=torch.float64) - 0.5
    names = torch.randperm(classes, generator=generator)
    return (centers[labels] + noise).to(dtype), names[labels], classes


@given(number=st.integers(0, 11))
def test_fit_linear_probe__reaches_the_least_cross_entropy(submission, number):
    """Where samples stand at a few points, its cross-entropy is the entropy of the labels at each point."""
    features, labels, counts, classes = _table(number)
    shares = counts.double() / counts.sum(1, keepdim=True)
    least = -float((counts * shares.log()).sum()) / len(labels)
    probe = submission.fit_linear_probe(features, labels, classes)
    _require_shapes(probe, classes, features.shape[1])
    reached = _cross_entropy(probe, features, labels)
    sentence = "its mean cross-entropy must come within 0.01 of the least that a linear classifier can have here"
    require(reached < least + 0.01, sentence, yours=reached, wanted=least)


@given(number=st.integers(0, 8))
def test_fit_linear_probe__is_right_on_separable_samples(submission, number):
    """Where straight lines separate the classes, it is finite, and right on every sample."""
    features, labels, classes = _clusters(number)
    probe = submission.fit_linear_probe(features, labels, classes)
    _require_shapes(probe, classes, 2)
    because = f"{classes} clusters that lie far apart are no challenge for a linear classifier with a bias"
    assert_equal(_classes(probe, features), labels, because=because)


@given(order=st.permutations([0, 1, 2]).map(tuple))
def test_fit_linear_probe__finds_a_class_between_two_others(submission, order):
    """It finds a class that lies between two others, which neither weights nor biases find alone."""
    places = torch.arange(3).repeat_interleave(4)
    noise = torch.rand(len(places), generator=torch.Generator().manual_seed(0), dtype=torch.float64) - 0.5
    features = (1.2 * (places - 1) + 0.4 * noise).unsqueeze(1)
    labels = torch.tensor(order)[places]
    probe = submission.fit_linear_probe(features, labels, 3)
    because = "the classes compete in one softmax: the middle one wins where neither of the others is strong"
    assert_equal(_classes(probe, features), labels, because=because)


@given(number=st.integers(0, 5), overlapping=st.booleans())
def test_fit_linear_probe__never_predicts_an_absent_class(submission, number, overlapping):
    """A class that no sample has gets weights of its own, and no training sample."""
    features, labels = (_table if overlapping else _clusters)(number)[:2]
    classes = int(labels.max()) + 2
    absent = number // 2 % classes
    labels = labels + (labels >= absent)
    probe = submission.fit_linear_probe(features, labels, classes)
    _require_shapes(probe, classes, features.shape[1])
    taken = int((_classes(probe, features) == absent).sum())
    require(taken == 0, f"class {absent} does not occur, and is predicted for {taken} of {len(labels)} samples")


@given(size=st.integers(1, 4), classes=st.integers(2, 4), dtype=dtypes())
def test_fit_linear_probe__takes_no_samples_at_all(submission, size, classes, dtype):
    """Without any sample it still gives finite weights and biases of the right shapes."""
    probe = submission.fit_linear_probe(torch.zeros(0, size, dtype=dtype), _zeros(0), classes)
    _require_shapes(probe, classes, size)


@given(number=st.integers(0, 3))
def test_fit_linear_probe__works_under_no_grad(submission, number):
    """It fits just as well under torch.no_grad()."""
    features, labels, classes = _clusters(number)
    with torch.no_grad():
        probe = submission.fit_linear_probe(features, labels, classes)
    assert_equal(
        _classes(probe, features), labels, because="the caller's torch.no_grad() must not keep it from fitting"
    )


@once
def _taught_circles(seed: int, device: torch.device) -> MLP:
    """A small network that tells one circle from the circle around it."""
    x, y = circles(400, seed=seed)
    return train_classifier(MLP(2, 16, 2), x, y, epochs=50, lr=2e-2, seed=seed, device=device)


@training(measures="accuracy of a probe of the hidden layer of a network that tells two circles apart", above=0.8)
def test_fit_linear_probe__reads_circles_from_a_hidden_layer(submission, seed, device):
    """No straight line tells one circle from the circle around it, but a probe of a hidden layer does."""
    (x, y), (new_x, new_y) = ([each.to(device) for each in circles(400, seed=seed + more)] for more in (0, 1))
    model = _taught_circles(seed, device)
    with torch.no_grad():
        inner, new_inner = model.layers[:2](x), model.layers[:2](new_x)

    def read(features: Tensor, new_features: Tensor) -> float:
        probe = submission.fit_linear_probe(features, y, 2)
        return float((_classes(probe, new_features) == new_y).double().mean())

    require(read(x, new_x) < 0.75, "your probe of the input alone tells the circles apart, which no line can")
    return read(inner, new_inner)
