"""Checks of unit 9, latent codes: read them, they say what is wanted."""

from __future__ import annotations

import math
import statistics
from pathlib import Path

import torch
from hypothesis import example, given
from hypothesis import strategies as st
from torch import Tensor, nn

from autograder.assertions import assert_close, assert_equal, require
from autograder.content import load_file
from autograder.data import digits
from autograder.models import MLP, randomize
from autograder.strategies import dtypes, logits, seeds, tensors
from autograder.training import adam, once, shared, training

cases = load_file(Path(__file__).with_name("cases.py"))
EPS = st.sampled_from([1e-5, 0.01, 0.5])
BETAS = st.sampled_from([0.0, 0.25, 1.0, 3.0])
RANKS = st.sampled_from([(), (1,), (3,), (2, 3), (2, 1, 2)])


def drawn_with(seed: int, *shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
    """Normal numbers."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def perplexity_of(shares: Tensor) -> float:
    """Shannon's exp(entropy) of shares, in Python's own numbers."""
    return math.exp(-sum(share * math.log(share) for share in shares.tolist() if share > 0))


# adain


@st.composite
def picture_pairs(draw, batch=None):
    """Content and style in float64, of unlike sizes, with a spread in every channel."""
    sizes = [draw(st.integers(1, 3)) if batch is None else batch, draw(st.integers(1, 3))]
    return tuple(
        draw(
            tensors(
                (*sizes, draw(st.integers(1, 3)), draw(st.integers(2, 4))),
                dtype=torch.float64,
                plain=True,
                low=0,
                high=1,
            )
        )
        for _ in range(2)
    )


def channels_of(images: Tensor) -> list[list[float]]:
    """The pixels of each channel of each image, as lists."""
    return images.detach().double().flatten(0, 1).flatten(1).tolist()


@given(pair=picture_pairs(), eps=EPS)
def test_adain__takes_the_mean_of_the_style(submission, pair, eps):
    """In every channel of every sample the result has the mean of the style."""
    content, style = pair
    wanted = [statistics.fmean(pixels) for pixels in channels_of(style)]
    means = [statistics.fmean(pixels) for pixels in channels_of(submission.adain(content, style, eps=eps))]
    because = "what is left of the content has mean 0 in each channel, so the mean is the style's"
    assert_close(torch.tensor(means).double(), torch.tensor(wanted).double(), atol=1e-7, because=because)


@given(pair=picture_pairs(), eps=EPS)
def test_adain__takes_the_spread_of_the_style(submission, pair, eps):
    """Its spread is the style's: eps is added to the variances of both images, which divide by the number of pixels."""
    content, style = pair
    before, other = ([statistics.pvariance(pixels) for pixels in channels_of(each)] for each in pair)
    after = [statistics.pvariance(pixels) for pixels in channels_of(submission.adain(content, style, eps=eps))]
    wanted = [mine / (mine + eps) * (theirs + eps) for mine, theirs in zip(before, other, strict=True)]
    because = (
        f"content of variance v, divided by √(v + {eps:g}), has variance v / (v + {eps:g}); times √(w + {eps:g}), "
        f"where w is the style's, it has (w + {eps:g}) times that"
    )
    assert_close(torch.tensor(after).double(), torch.tensor(wanted).double(), rtol=1e-6, because=because)


@given(pair=picture_pairs(), state=seeds())
def test_adain__ignores_brightness_and_contrast_of_the_content(submission, pair, state):
    """Making channels of the content brighter or richer in contrast changes nothing."""
    content, style = pair
    shape = (*content.shape[:2], 1, 1)
    contrast, brightness = 0.5 + drawn_with(state, *shape).abs(), drawn_with(state + 1, *shape)
    plain = submission.adain(content, style, eps=1e-12).detach()
    changed = submission.adain(contrast * content + brightness, style, eps=1e-12)
    because = "brightness and contrast of each channel are the content's own style, which goes"
    assert_close(changed, plain, atol=1e-6, rtol=1e-6, because=because)


@given(
    sizes=st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(1, 2), st.integers(1, 2)),
    more=st.integers(1, 3),
    state=seeds(),
)
def test_adain__swaps_styles_exactly(submission, sizes, more, state):
    """Images made of a pattern and a style change styles exactly, whatever their sizes."""
    batch, channels, height, width = sizes
    patterns = [_pattern(state, batch, channels, 2 * height, width), _pattern(state + 1, batch, channels, 2, more)]
    styles = [
        (0.2 + drawn_with(state + n, batch, channels, 1, 1).abs(), drawn_with(state - n, batch, channels, 1, 1))
        for n in (2, 3)
    ]
    first, second = (scale * pattern + shift for pattern, (scale, shift) in zip(patterns, styles, strict=True))
    wanted = styles[1][0] * patterns[0] + styles[1][1]
    swapped = submission.adain(first, second, eps=1e-12)
    because = (
        "each image is d · pattern + m, patterns having mean 0 and variance 1: the first takes the second's d and m"
    )
    assert_close(swapped, wanted, rtol=1e-6, atol=1e-6, because=because)


def _pattern(state: int, *shape: int) -> Tensor:
    """Each channel has as many pixels of +1 as of −1, in random order."""
    *outer, height, width = shape
    signs = torch.ones(height * width, dtype=torch.float64)
    signs[: len(signs) // 2] = -1
    generator = torch.Generator().manual_seed(state % 2**31)
    rows = [signs[torch.randperm(len(signs), generator=generator)] for _ in range(math.prod(outer))]
    return torch.stack(rows).reshape(shape)


@given(pair=picture_pairs(), eps=EPS)
def test_adain__leaves_an_image_in_its_own_style(submission, pair, eps):
    """An image in its own style is the image, whatever eps is."""
    image = pair[0]
    result = submission.adain(image, image.clone(), eps=eps)
    assert_close(result, image, because="what is taken off is put on again: mean, deviation, and eps in both")


@given(pair=picture_pairs(), dtype=dtypes(), state=seeds())
def test_adain__gives_a_single_pixel_the_colour_of_the_style(submission, pair, dtype, state):
    """Content of one pixel becomes the mean of the style; a style of one pixel gives its colour as the mean."""
    _, style = (each.to(dtype) for each in pair)
    pixel = drawn_with(state, *style.shape[:2], 1, 1, dtype=dtype)
    mean = style.double().mean((2, 3), keepdim=True).to(dtype)
    because = "a single pixel has variance 0, not nan, and differs from its mean by 0: the style's mean is left"
    assert_close(submission.adain(pixel, style), mean, because=because)
    back = submission.adain(style, pixel).detach()
    because = "a style of one pixel has that pixel as its mean"
    assert_close(back.double().mean((2, 3), keepdim=True), pixel.double(), rtol=1e-4, atol=1e-4, because=because)


@given(pair=picture_pairs())
def test_adain__adds_a_hundred_thousandth_unless_told_otherwise(submission, pair):
    """Without eps it adds 0.00001 to the variances; in faint images that shows."""
    faint, style = pair[0] / 100, pair[1]
    named = submission.adain(faint, style, eps=1e-5).detach()
    assert_close(submission.adain(faint, style), named, because="eps is 1e-5 where the caller does not name it")


# binarize


@given(values=tensors((None, None), plain=True), dtype=dtypes())
def test_binarize__is_one_above_zero_and_zero_below(submission, values, dtype):
    """Logits above 0 give 1, logits below 0 give 0, as numbers of the logits' type."""
    wanted = torch.tensor([[1.0 if value > 0 else 0.0 for value in row] for row in values.tolist()], dtype=dtype)
    because = "a bit is 1 where its logit is above 0, and 0 below"
    assert_close(submission.binarize(values.to(dtype)), wanted, rtol=0.0, atol=1e-6, because=because)


@given(rows=st.integers(1, 3), dtype=dtypes())
def test_binarize__is_zero_at_exactly_zero(submission, rows, dtype):
    """A logit of exactly 0 gives 0."""
    zeros = torch.zeros(rows, 2, dtype=dtype)
    because = "0 is not above 0"
    assert_close(submission.binarize(zeros), torch.zeros(rows, 2, dtype=dtype), rtol=0.0, atol=1e-6, because=because)


def sigmoid_slopes(values: Tensor) -> Tensor:
    """The slope of the sigmoid at each value, in Python's own numbers."""
    slopes = [1 / (2 + math.exp(-abs(value)) + math.exp(abs(value))) for value in values.flatten().tolist()]
    return torch.tensor(slopes, dtype=torch.float64).reshape(values.shape)


def check_slopes(submission, values: Tensor, state: int) -> None:
    """Compares the gradient of a weighed sum of the bits with that of the same sum of sigmoids."""
    leaf, weights = values.clone().requires_grad_(), drawn_with(state, *values.shape, dtype=values.dtype)
    wanted = weights.double() * sigmoid_slopes(values)
    bits = submission.binarize(leaf)
    require(bits.requires_grad, "no gradient reaches the logits: the bits carry no graph")
    (gradient,) = torch.autograd.grad((bits * weights).sum(), leaf, allow_unused=True)
    require(gradient is not None, "no gradient reaches the logits")
    require(gradient.isfinite().all(), "the gradient is not finite", yours=gradient)
    because = "backwards, the bits must pass for sigmoid(logits), whose slope is σ(l) · σ(−l)"
    tolerance = 1e-7 if values.dtype == torch.float64 else 1e-5
    assert_close(gradient, wanted.to(values.dtype), rtol=tolerance, atol=tolerance, because=because)


@given(values=tensors((None, None)), state=seeds())
def test_binarize__has_the_right_gradient(submission, values, state):
    """Its gradient is that of sigmoid(logits), at 0 as everywhere."""
    check_slopes(submission, values, state)


@given(values=logits(), dtype=dtypes(), state=seeds())
def test_binarize__survives_extreme_logits(submission, values, dtype, state):
    """At logits of ±200 bits and gradients are finite and right, in float32 too."""
    values = values.to(dtype)
    values[0, 0], values[0, 1] = 200.0, -200.0
    bits = submission.binarize(values.clone()).detach()
    ends = torch.tensor([1.0, 0.0], dtype=dtype)
    assert_close(bits[0, :2], ends, rtol=0.0, atol=1e-6, because="200 is above 0, and −200 below")
    check_slopes(submission, values, state)


@training(measures="the mean squared error of digits that were squeezed into 12 of your bits", below=0.043)
def test_binarize__trains_an_autoencoder_of_bits(submission, seed, device):
    """An autoencoder that squeezes digits into twelve bits learns to redraw them."""
    data, generator = digits(), torch.Generator().manual_seed(seed)
    train, test = (each.flatten(1).to(device) for each in (data.train_x, data.test_x))
    encoder, decoder = _networks(generator, device, MLP(64, 64, 12), MLP(12, 64, 64))
    step = adam([*encoder.parameters(), *decoder.parameters()], 5e-3)
    for _ in range(25):
        for chosen in torch.randperm(len(train), generator=generator).to(device).split(128):
            redrawn = decoder(submission.binarize(encoder(train[chosen]))).sigmoid()
            step(nn.functional.mse_loss(redrawn, train[chosen]))
    redrawn = decoder(submission.binarize(encoder(test)).detach().round()).sigmoid()
    return float(nn.functional.mse_loss(redrawn.detach(), test))


def _networks(generator: torch.Generator, device, *models: nn.Module) -> list[nn.Module]:
    for model in models:
        randomize(model, generator)
        model.to(device)
    return list(models)


# vector_quantize


@st.composite
def vectors_and_codes(draw, dtype=torch.float64, rank=RANKS):
    """Vectors and codes in generic position: no vector has two codes that are about as near."""
    size, count = draw(st.integers(1, 4)), draw(st.integers(2, 6))
    kind = draw(dtypes()) if dtype is None else dtype
    shape, seed = (*draw(rank), size), draw(seeds())
    for attempt in range(100):
        numbers = drawn_with(seed + 1000 * attempt, math.prod(shape) + count * size).mul(100).round() / 64
        z, codebook = numbers[: math.prod(shape)].reshape(shape), numbers[math.prod(shape) :].reshape(count, size)
        far = torch.linalg.vector_norm(z.unsqueeze(-2) - codebook, dim=-1).sort(-1).values
        if bool((far[..., 1] - far[..., 0] > 0.02).all()):
            break
    return z.to(kind), codebook.to(kind)


def nearest(z: Tensor, codebook: Tensor) -> Tensor:
    """Indices of the nearest codes, the first of equals, by trying one code after the other."""
    codes, found = codebook.tolist(), []
    for vector in z.reshape(-1, z.shape[-1]).tolist():
        distances = [math.dist(vector, code) for code in codes]
        found.append(distances.index(min(distances)))
    return torch.tensor(found, dtype=torch.int64).reshape(z.shape[:-1])


@given(pair=vectors_and_codes(dtype=None))
@example(pair=(torch.zeros(1, 2), torch.tensor([[3.0, 0.0], [2.0, 2.0]])))
def test_vector_quantize__takes_the_nearest_code(submission, pair):
    """Each index is that of the code at the least Euclidean distance."""
    wanted = nearest(*pair)
    _, indices, _ = submission.vector_quantize(*pair)
    because = "trying one code after the other finds another one nearer"
    assert_equal(indices, wanted, because=because)


@given(size=st.sampled_from([1, 2, 4]), rows=st.integers(1, 4), state=seeds(), dtype=dtypes())
def test_vector_quantize__gives_ties_to_the_lowest_index(submission, size, rows, state, dtype):
    """Of several codes at the same distance it takes the one with the lowest index."""
    generator = torch.Generator().manual_seed(state)
    z = torch.randint(-8, 9, (rows, size), generator=generator).double() / 4
    steps = torch.cat([torch.eye(size), -torch.eye(size)]).double() / 2
    around = (z[0] + steps)[torch.randperm(2 * size, generator=generator)]
    codebook = torch.cat([around, around])
    wanted = nearest(z, codebook)
    _, indices, _ = submission.vector_quantize(z.to(dtype), codebook.to(dtype))
    because = f"all {len(codebook)} codes are 0.5 away from the first vector, and every code is there twice"
    assert_equal(indices, wanted, because=because)


@given(size=st.integers(2, 6), state=seeds())
def test_vector_quantize__finds_the_nearest_code_far_from_the_origin(submission, size, state):
    """Vectors and codes in float32 that lie 100 away from the origin get their nearest codes as well."""
    z, codebook, wanted = cases.far_away(state, size=size)
    _, indices, _ = submission.vector_quantize(z, codebook)
    because = (
        "the two codes in question are 1 and 1.0004 away, which float32 can tell apart; |z|² − 2 z·c + |c|² cannot, "
        "since its terms are 10,000"
    )
    assert_equal(indices, wanted, because=because)


@given(pair=vectors_and_codes(dtype=None))
def test_vector_quantize__carries_the_code_forward(submission, pair):
    """The first result holds, at each place, the code of the index at that place."""
    z, codebook = (each.clone() for each in pair)
    z_q, indices, _ = submission.vector_quantize(*pair)
    wanted = codebook[indices].double()
    gap = (z_q.detach().double() - wanted).abs()
    require(
        (gap <= 1e-6 * (1 + z.abs().double() + wanted.abs())).all(),
        "z_q must be the codes that the indices name, up to rounding",
        yours=z_q.detach(),
        wanted=wanted.to(z.dtype),
    )


@given(pair=vectors_and_codes(rank=st.sampled_from([(2,), (2, 3), (2, 1, 3), (1, 2, 2, 2)])))
def test_vector_quantize__gives_every_vector_a_code_of_its_own(submission, pair):
    """A vector's code does not depend on the others, or on how many dimensions stand before its own."""
    z, codebook = pair
    vectors = z.reshape(-1, z.shape[-1]).clone().unbind()
    z_q, indices, _ = submission.vector_quantize(z, codebook)
    places = zip(z_q.reshape(-1, z.shape[-1]).detach(), indices.flatten(), vectors, strict=True)
    for place, (mine, index, vector) in enumerate(places):
        code, alone, _ = submission.vector_quantize(vector.clone(), codebook)
        because = f"vector {place} of {len(vectors)}, handed over alone with shape {tuple(vector.shape)}, gives another"
        assert_equal(index, alone, because=because + " index")
        assert_close(mine, code.detach(), atol=1e-6, because=because + " code")


@given(pair=vectors_and_codes(dtype=None), state=seeds())
def test_vector_quantize__passes_the_gradient_straight_to_z(submission, pair, state):
    """The gradient that reaches z_q goes on to z as it is, and none of it to the codebook."""
    z, codebook = (each.clone().requires_grad_() for each in pair)
    weights = drawn_with(state, *z.shape, dtype=z.dtype)
    z_q, _, _ = submission.vector_quantize(z, codebook)
    require(z_q.requires_grad, "no gradient reaches z: z_q carries no graph")
    to_z, to_codes = torch.autograd.grad((z_q * weights).sum(), [z, codebook], allow_unused=True)
    require(
        to_z is not None, "no gradient reaches z from z_q, so the encoder learns nothing from what the decoder wants"
    )
    assert_close(to_z, weights, because="backwards, z_q must pass for z itself: its gradient is z's gradient")
    because = "z_q must pass no gradient to the codebook, whose business is the loss"
    assert_close(
        torch.zeros_like(codebook) if to_codes is None else to_codes, torch.zeros_like(codebook), because=because
    )


def mean_squared_distance(z: Tensor, codebook: Tensor, indices: Tensor) -> float:
    """The mean over all elements, one after the other."""
    pairs = zip(z.detach().flatten().tolist(), codebook.detach()[indices].flatten().tolist(), strict=True)
    return statistics.fmean((mine - code) ** 2 for mine, code in pairs)


@given(pair=vectors_and_codes(), beta=BETAS)
def test_vector_quantize__measures_the_distance_to_the_codes(submission, pair, beta):
    """Its loss is 1 + beta times the mean squared difference of all elements from their codes'."""
    z, codebook = (each.clone() for each in pair)
    _, indices, loss = submission.vector_quantize(*pair, beta=beta)
    wanted = (1 + beta) * mean_squared_distance(z, codebook, indices)
    because = f"both terms have the same value, and the second counts beta = {beta:g} times"
    assert_close(loss, torch.tensor(wanted, dtype=torch.float64), because=because)


@given(pair=vectors_and_codes())
def test_vector_quantize__weighs_the_commitment_by_a_quarter_unless_told_otherwise(submission, pair):
    """Without beta it is as with beta = 0.25."""
    _, _, named = submission.vector_quantize(*pair, beta=0.25)
    _, _, loss = submission.vector_quantize(*pair)
    assert_close(loss, named.detach(), because="beta is 0.25 where the caller does not name it")


@given(pair=vectors_and_codes(), beta=BETAS)
def test_vector_quantize__has_the_right_gradient(submission, pair, beta):
    """Its loss pulls each code to its vectors, and beta times as hard each vector to its code."""
    z, codebook = (each.clone().requires_grad_() for each in pair)
    _, indices, loss = submission.vector_quantize(z, codebook, beta=beta)
    require(loss.requires_grad, "no gradient reaches z or the codebook: the loss carries no graph")
    to_z, to_codes = torch.autograd.grad(loss, [z, codebook], allow_unused=True)
    to_z = torch.zeros_like(z) if to_z is None else to_z
    to_codes = torch.zeros_like(codebook) if to_codes is None else to_codes
    ahead = 2 * (z - codebook[indices]).detach() / z.numel()  # the slope of the mean of squares
    because = "the codebook learns from mse(code, z held constant), and from that alone"
    pulls = torch.zeros_like(codebook)
    for vector, index in zip(ahead.reshape(-1, z.shape[-1]), indices.flatten().tolist(), strict=True):
        pulls[index] -= vector
    assert_close(to_codes, pulls.detach(), because=because)
    because = f"z learns from beta · mse(z, code held constant), here with beta = {beta:g}, and from that alone"
    assert_close(to_z, beta * ahead, because=because)


@once
def _head_start(seed: int, device: torch.device) -> list[nn.Module]:
    """An encoder and a decoder of digits after two epochs without codes."""
    generator = torch.Generator().manual_seed(seed)
    encoder, decoder = _networks(generator, device, MLP(64, 64, 8), MLP(8, 64, 64))
    step = adam([*encoder.parameters(), *decoder.parameters()], 6e-3)
    train = digits().train_x.flatten(1).to(device)
    for _ in range(2):
        for chosen in torch.randperm(len(train), generator=generator).to(device).split(256):
            step(nn.functional.mse_loss(decoder(encoder(train[chosen])).sigmoid(), train[chosen]))
    return [encoder, decoder]


@shared
def _trained_vq_vae(submission, seed: int, device) -> tuple[Tensor, Tensor, Tensor]:
    """Test digits, how they are redrawn from one of 32 codes each, and those codes, on the CPU."""
    data, generator = digits(), torch.Generator().manual_seed(seed)
    train, test = (each.flatten(1).to(device) for each in (data.train_x, data.test_x))
    encoder, decoder = _head_start(seed, device)
    first = torch.randperm(len(train), generator=generator)[:32].to(device)
    codebook = encoder(train[first]).detach().requires_grad_()
    step = adam([*encoder.parameters(), *decoder.parameters(), codebook], 1.4e-2)
    for _ in range(22):
        for chosen in torch.randperm(len(train), generator=generator).to(device).split(480):
            z_q, _, loss = submission.vector_quantize(encoder(train[chosen]), codebook)
            step(loss + nn.functional.mse_loss(decoder(z_q).sigmoid(), train[chosen]))
    _, indices, _ = submission.vector_quantize(encoder(test), codebook)
    return test.cpu(), decoder(codebook[indices]).sigmoid().detach().cpu(), indices.cpu()


@training(measures="the mean squared error of digits redrawn from one of 32 codes", below=0.06)
def test_vector_quantize__rebuilds_digits_from_one_code_each(submission, seed, device):
    """An autoencoder with 32 codes learns to redraw digits."""
    test, redrawn, _ = _trained_vq_vae(submission, seed, device)
    return float(nn.functional.mse_loss(redrawn, test))


@training(measures="the perplexity of the 32 codes of an autoencoder of digits", above=10)
def test_vector_quantize__keeps_many_codes_in_use(submission, seed, device):
    """After training, an autoencoder of digits uses many of its 32 codes."""
    _, _, indices = _trained_vq_vae(submission, seed, device)
    return perplexity_of(torch.bincount(indices, minlength=32).double() / len(indices))


@training(measures="what codes tell about digits (mutual information over mean entropy)", above=0.42)
def test_vector_quantize__finds_codes_that_tell_digits_apart(submission, seed, device):
    """The codes that an autoencoder finds tell much about which digit it saw, though nobody told it any."""
    _, _, indices = _trained_vq_vae(submission, seed, device)
    pairs = torch.zeros(32, 10, dtype=torch.float64)
    pairs.index_put_((indices, digits().test_y), torch.ones(len(indices), dtype=torch.float64), accumulate=True)
    pairs /= pairs.sum()
    code, digit, both = (math.log(perplexity_of(each)) for each in (pairs.sum(1), pairs.sum(0), pairs.flatten()))
    return 2 * (code + digit - both) / (code + digit)


# codebook_perplexity


@given(codes=st.integers(1, 20), count=st.integers(1, 9), which=st.integers(0, 99))
def test_codebook_perplexity__is_one_where_a_single_code_is_used(submission, codes, count, which):
    """It is 1 where all indices are the same, however many codes there are."""
    indices = torch.full((count,), which % codes)
    because = "only one code is in use, and the others must not count"
    assert_close(submission.codebook_perplexity(indices, codes), torch.tensor(1.0), atol=1e-4, because=because)


@given(used=st.integers(1, 9), unused=st.integers(0, 40), times=st.integers(1, 4), state=seeds())
def test_codebook_perplexity__is_the_number_of_codes_used_alike(submission, used, unused, times, state):
    """Where some codes occur equally often and the others never, it is the number of the former."""
    indices = cases.shares_of([times] * used + [0] * unused, state)
    value = submission.codebook_perplexity(indices, used + unused)
    because = f"{used} codes occur {times} times each, and {unused} never"
    assert_close(value, torch.tensor(float(used)), rtol=1e-4, because=because)


@given(halvings=st.integers(1, 6), state=seeds())
def test_codebook_perplexity__weighs_codes_by_their_share(submission, halvings, state):
    """Shares of 1/2, 1/4, 1/8, … give 2 to the power of the mean number of halvings."""
    powers = [*range(1, halvings + 1), halvings]
    indices = cases.shares_of([2 ** (halvings - power) for power in powers], state)
    mean = sum(power / 2**power for power in powers)
    value = submission.codebook_perplexity(indices, len(powers))
    because = f"shares 2^-k with k = {powers} have the entropy {mean:g} · log 2, whose exponential is 2^{mean:g}"
    assert_close(value, torch.tensor(2.0**mean), rtol=1e-4, because=because)


@given(
    first=st.lists(st.integers(0, 3), min_size=1, max_size=4),
    second=st.lists(st.integers(0, 2), min_size=1, max_size=4),
)
def test_codebook_perplexity__multiplies_over_independent_codes(submission, first, second):
    """For all pairs of two lists of codes it is the product of both perplexities."""
    one, other = torch.tensor(first), torch.tensor(second)
    pairs = one[:, None] * 3 + other
    parts = submission.codebook_perplexity(one, 4) * submission.codebook_perplexity(other, 3)
    because = "independent choices multiply: their entropies add up, and perplexity is the exponential"
    assert_close(submission.codebook_perplexity(pairs.flatten(), 12), parts, rtol=1e-4, because=because)


@given(shape=st.sampled_from([(), (1,), (2, 3), (3, 1, 4), (2, 2, 2, 2)]), codes=st.integers(2, 5), state=seeds())
def test_codebook_perplexity__takes_indices_of_any_shape(submission, shape, codes, state):
    """How the indices are arranged does not matter."""
    indices = torch.randint(codes, shape, generator=torch.Generator().manual_seed(state))
    shares = torch.bincount(indices.flatten(), minlength=codes).double() / indices.numel()
    value = submission.codebook_perplexity(indices, codes)
    because = f"indices of shape {shape} are {indices.numel()} indices, in one row or not"
    assert_close(value, torch.tensor(perplexity_of(shares)).float(), rtol=1e-4, because=because)


@given(shape=st.sampled_from([(0,), (0, 3), (2, 0)]), codes=st.integers(1, 5))
def test_codebook_perplexity__is_one_without_indices(submission, shape, codes):
    """Without any index it is 1."""
    value = submission.codebook_perplexity(torch.zeros(shape, dtype=torch.int64), codes)
    assert_close(value, torch.tensor(1.0), atol=1e-4, because="where nothing is used, nothing is uncertain: exp(0)")


@given(codes=st.integers(1, 5), count=st.integers(1, 5), state=seeds())
def test_codebook_perplexity__is_a_number_in_single_precision(submission, codes, count, state):
    """It is a float32 tensor without dimensions."""
    indices = torch.randint(codes, (count,), generator=torch.Generator().manual_seed(state))
    value = submission.codebook_perplexity(indices, codes)
    require(value.dtype == torch.float32, f"it returned {value.dtype}; wanted torch.float32")


# code_balance_loss


@given(codes=st.integers(2, 6), times=st.integers(1, 3), state=seeds(), dtype=dtypes())
def test_code_balance_loss__is_zero_where_codes_are_used_evenly(submission, codes, times, state, dtype):
    """It is 0 where samples are sure of their codes and each code has as many samples."""
    which = cases.shares_of([times] * codes, state)
    loss = submission.code_balance_loss(nn.functional.one_hot(which, codes).to(dtype))
    because = "every code is used alike; that each sample is sure of its own is no fault"
    assert_close(loss, torch.zeros((), dtype=dtype), atol=1e-6, because=because)


@given(rows=st.integers(1, 4), codes=st.integers(2, 6), which=st.integers(0, 99), dtype=dtypes())
def test_code_balance_loss__is_log_k_where_one_code_takes_all(submission, rows, codes, which, dtype):
    """It is log K, in nats, where all samples are sure of one and the same code."""
    probs = nn.functional.one_hot(torch.full((rows,), which % codes), codes).to(dtype)
    because = f"the mean probabilities have entropy 0: log {codes} = {math.log(codes):.6f} is left"
    assert_close(submission.code_balance_loss(probs), torch.tensor(math.log(codes), dtype=dtype), because=because)


@given(halvings=st.integers(1, 6), state=seeds())
def test_code_balance_loss__weighs_surprise_by_usage(submission, halvings, state):
    """Mean probabilities of 1/2, 1/4, 1/8, … give log K less log 2 times the mean number of halvings."""
    powers = torch.tensor([*range(1, halvings + 1), halvings], dtype=torch.float64)
    probs = (0.5**powers)[torch.randperm(len(powers), generator=torch.Generator().manual_seed(state))]
    wanted = math.log(len(powers)) - math.log(2) * float((powers * 0.5**powers).sum())
    because = f"a code of mean probability 2^-k surprises by k · log 2 nats, here with k = {powers.int().tolist()}"
    loss = submission.code_balance_loss(probs.expand(3, -1).clone())
    assert_close(loss, torch.tensor(wanted, dtype=torch.float64), because=because)


@given(values=logits(batch=(2, 5), dtype=torch.float64, plain=True))
def test_code_balance_loss__looks_at_the_mean_alone(submission, values):
    """Giving every sample the mean probabilities of the batch changes nothing."""
    probs = values.softmax(-1)
    alike = probs.mean(0, keepdim=True).expand_as(probs).clone()
    loss = submission.code_balance_loss(probs).detach()
    because = "whether each sample wavers or different samples are sure of different codes: the usage is the same"
    assert_close(submission.code_balance_loss(alike), loss, because=because)


@given(values=logits(classes=(2, 5)), dtype=dtypes())
def test_code_balance_loss__takes_probabilities_of_zero(submission, values, dtype):
    """Probabilities that are exactly 0, as softmaxes of ±200 are, add nothing."""
    values = values.to(dtype)
    values[:, 0], values[:, -1] = 200.0, -200.0
    probs = values.softmax(-1)
    means = [statistics.fmean(column) for column in probs.double().T.tolist()]
    wanted = math.log(len(means)) + sum(mean * math.log(mean) for mean in means if mean > 0)
    because = "0 · log 0 counts as 0"
    assert_close(submission.code_balance_loss(probs), torch.tensor(wanted, dtype=dtype), atol=1e-6, because=because)


@given(values=logits(dtype=torch.float64, plain=True), rare=st.sampled_from([0.0, 6.0, 13.0]), state=seeds())
def test_code_balance_loss__has_the_right_gradient(submission, values, rare, state):
    """Shifting probability from one code to another changes it by the difference of their mean log-probabilities."""
    values[:, 0] = values[:, 1:].logsumexp(-1) - rare  # for 13 its probability is about two in a million
    probs = values.softmax(-1).requires_grad_()
    loss = submission.code_balance_loss(probs)
    require(loss.requires_grad, "no gradient reaches the probabilities: the loss carries no graph")
    (gradient,) = torch.autograd.grad(loss, probs, allow_unused=True)
    require(gradient is not None, "no gradient reaches the probabilities")
    means = [statistics.fmean(column) for column in probs.detach().T.tolist()]
    logs = torch.tensor([math.log(mean) for mean in means], dtype=torch.float64)
    mine = len(probs) * (gradient - gradient[:, :1])  # what all codes of a sample gain alike is nobody's choice
    because = "per sample, d loss / d probability of a code, less that of the first code, times the size of the batch"
    assert_close(mine, (logs - logs[0]).expand_as(mine), rtol=0.0, atol=1e-3, because=because)


@given(codes=st.integers(1, 5), dtype=dtypes())
def test_code_balance_loss__takes_an_empty_batch(submission, codes, dtype):
    """A batch without samples raises nothing."""
    with submission.allowing_any_value():
        submission.code_balance_loss(torch.zeros(0, codes, dtype=dtype))


@training(measures="the perplexity of ten one-hot codes after training with your loss", above=7)
def test_code_balance_loss__keeps_a_one_hot_autoencoder_from_collapsing(submission, seed, device):
    """An autoencoder with ten one-hot codes, which without the loss ends with three or four, keeps nearly all."""
    data, generator = digits(), torch.Generator().manual_seed(seed)
    train, test = (each.flatten(1).to(device) for each in (data.train_x, data.test_x))
    encoder, decoder = _networks(generator, device, MLP(64, 64, 10), MLP(10, 64, 64))
    step = adam([*encoder.parameters(), *decoder.parameters()], 3e-3)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        for _ in range(30):
            for chosen in torch.randperm(len(train), generator=generator).to(device).split(128):
                answers = encoder(train[chosen])
                redrawn = decoder(nn.functional.gumbel_softmax(answers, tau=0.7, hard=True)).sigmoid()
                balance = submission.code_balance_loss(answers.softmax(-1))
                step(nn.functional.mse_loss(redrawn, train[chosen]) + 0.1 * balance)
    used = encoder(test).argmax(-1).cpu()
    return perplexity_of(torch.bincount(used, minlength=10).double() / len(used))
