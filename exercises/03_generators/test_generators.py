"""What every right answer to the generators does."""

from __future__ import annotations

import math
from pathlib import Path

import torch
from hypothesis import given
from hypothesis import strategies as st

from autograder.assertions import assert_between, assert_close, assert_equal, require
from autograder.content import load_file
from autograder.strategies import dtypes, seeds, tensors

cases = load_file(Path(__file__).with_name("cases.py"))

SIZES = st.integers(1, 4)
MOVES = tensors((2,), dtype=torch.float64, plain=True, low=-3.0, high=3.0)
POINTS = tensors((3, 2), dtype=torch.float64, plain=True, low=-3.0, high=3.0)
PATH = {"rtol": 1e-4, "atol": 2e-4}  # of slerp: what the contract promises


# push_forward_log_prob


@given(size=SIZES, dtype=dtypes(), seed=seeds())
def test_push_forward_log_prob__knows_the_standard_normal(submission, size, dtype, seed):
    """Where A is the identity and b is 0 it is the log density of the standard normal distribution."""
    y = 2 * torch.randn(3, size, generator=torch.Generator().manual_seed(seed)).to(dtype)
    wanted = [-sum(each**2 + math.log(2 * math.pi) for each in row) / 2 for row in y.double().tolist()]
    result = submission.push_forward_log_prob(y, torch.eye(size, dtype=dtype), torch.zeros(size, dtype=dtype))
    because = f"nothing was warped: each of the {size} features gives −z²/2 − log(2π)/2"
    assert_close(result.detach().double(), torch.tensor(wanted).double(), rtol=1e-5, atol=1e-5, because=because)


@given(y=POINTS, move=MOVES, seed=seeds())
def test_push_forward_log_prob__moves_with_b(submission, y, move, seed):
    """Points and b moved by the same amount keep their density."""
    A, b = cases.tame_matrix(2, seed, torch.float64), torch.zeros(2, dtype=torch.float64)
    before = submission.push_forward_log_prob(y, A, b).detach()
    after = submission.push_forward_log_prob(y + move, A, b + move).detach()
    assert_close(after, before, because="b moves the whole distribution, and the points moved with it")


@given(size=SIZES, factor=st.sampled_from([-3.0, -0.5, 0.25, 2.0]), seed=seeds())
def test_push_forward_log_prob__gives_volumes_their_price(submission, size, factor, seed):
    """Where A stretches all features by a factor, the density falls by that factor for each of them."""
    z = torch.randn(3, size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    A, b = cases.tame_matrix(size, seed, torch.float64), torch.ones(size, dtype=torch.float64)
    before = submission.push_forward_log_prob(z @ A.T + b, A, b).detach()
    after = submission.push_forward_log_prob(factor * (z @ A.T) + b, factor * A, b).detach()
    because = f"the same noise fills {abs(factor):g} to the power {size} times the room, mirrored or not"
    assert_close(after, before - size * math.log(abs(factor)), rtol=1e-6, atol=1e-6, because=because)


@given(size=st.integers(2, 4), seed=seeds())
def test_push_forward_log_prob__turns_with_the_noise(submission, size, seed):
    """Noise that is turned before it goes through A has the same density after it."""
    A, b = cases.tame_matrix(size, seed, torch.float64), torch.ones(size, dtype=torch.float64)
    generator = torch.Generator().manual_seed(seed + 1)
    y = torch.randn(3, size, generator=generator, dtype=torch.float64)
    turn = torch.linalg.qr(torch.randn(size, size, generator=generator, dtype=torch.float64)).Q
    before = submission.push_forward_log_prob(y, A, b).detach()
    after = submission.push_forward_log_prob(y, A @ turn, b).detach()
    because = "the standard normal is the same from every side, so A and A times a rotation warp it to the same"
    assert_close(after, before, rtol=1e-6, atol=1e-6, because=because)


@given(seed=seeds())
def test_push_forward_log_prob__makes_a_density_that_integrates_to_one(submission, seed):
    """The density, summed over a fine grid times a cell's area, is 1."""
    A, b = cases.tame_matrix(2, seed, torch.float64), torch.tensor([0.5, -1.0], dtype=torch.float64)
    ticks = torch.arange(-14.0, 14.1, 0.25, dtype=torch.float64)
    log_density = submission.push_forward_log_prob(torch.cartesian_prod(ticks, ticks), A, b)
    total = log_density.detach().exp().sum() * 0.25**2
    because = "all probability together is 1, so stretching must cost density and squeezing must add some"
    assert_close(total, torch.ones(()).double(), rtol=0.0, atol=1e-3, because=because)


# inverse_cdf_sample


@given(case=dtypes().flatmap(cases.steps))
def test_inverse_cdf_sample__draws_each_category_as_often_as_it_should(submission, case):
    """Of evenly spread numbers each category gets its share."""
    probs, parts = case
    u = ((torch.arange(parts) + 0.5) / parts).to(probs.dtype)
    drawn = submission.inverse_cdf_sample(u, probs)
    require(int(drawn.min()) >= 0 and int(drawn.max()) < len(probs), "it gives a category that is none", yours=drawn)
    shares = torch.bincount(drawn, minlength=len(probs)).double() / parts
    because = f"of {parts} numbers spread evenly over [0, 1) each category gets the share that is its probability"
    assert_close(shares, probs.double(), atol=1e-6, because=because)


@given(case=dtypes().flatmap(cases.steps))
def test_inverse_cdf_sample__never_draws_the_impossible(submission, case):
    """A category of probability 0 is never drawn, not even where u is exactly on an edge."""
    probs, parts = case
    u = (torch.arange(parts) / parts).to(probs.dtype)
    drawn = submission.inverse_cdf_sample(u, probs)
    require(int(drawn.min()) >= 0 and int(drawn.max()) < len(probs), "it gives a category that is none", yours=drawn)
    require((probs[drawn] > 0).all(), "a category of probability 0 was drawn", yours=drawn, wanted=probs)


@given(parts=st.lists(st.integers(1, 9), min_size=2, max_size=5), dtype=dtypes())
def test_inverse_cdf_sample__gives_an_edge_to_the_piece_that_begins_there(submission, parts, dtype):
    """A number that is exactly the sum of the first k probabilities gives category k; 0 gives the first."""
    parts = [*parts, 64 - sum(parts)]
    u = torch.tensor([sum(parts[:k]) / 64 for k in range(len(parts))], dtype=dtype)
    drawn = submission.inverse_cdf_sample(u, torch.tensor(parts, dtype=dtype) / 64)
    because = "the cumulative sum must exceed u; where it equals u, the next category has begun"
    assert_equal(drawn, torch.arange(len(parts)), because=because)


@given(share=st.sampled_from([0.25, 0.5, 0.625]), gap=st.integers(2, 9), zeros=st.integers(0, 3))
def test_inverse_cdf_sample__stays_inside_where_rounding_leaves_a_gap(submission, share, gap, zeros):
    """Where probabilities sum to a little less than 1, the greatest u gives the last category that is possible."""
    probs = torch.tensor([share, 1 - share - gap * 2.0**-23] + [0.0] * zeros)
    drawn = submission.inverse_cdf_sample(torch.tensor([1 - 2.0**-24]), probs)
    because = "the whole sum is below u by rounding, and the last category of positive probability is meant"
    assert_equal(drawn, torch.tensor([1]), because=because)


@given(case=cases.steps(torch.float64), u=tensors((8,), dtype=torch.float64, plain=True, low=0.0, high=1.0))
def test_inverse_cdf_sample__rises_with_u(submission, case, u):
    """Greater numbers never give earlier categories."""
    drawn = submission.inverse_cdf_sample(u.sort().values, case[0])
    require((drawn.diff() >= 0).all(), "categories lie side by side in their own order", yours=drawn)


# image_entropy


@given(
    level=st.integers(0, 64), shape=st.sampled_from(cases.IMAGES), bins=st.sampled_from([1, 2, 3, 10]), dtype=dtypes()
)
def test_image_entropy__is_zero_for_an_even_image(submission, level, shape, bins, dtype):
    """An image of one grey has entropy 0, black and white ones too."""
    result = submission.image_entropy(torch.full((2, *shape), level / 64, dtype=dtype), bins)
    because = "all pixels share one bin: its probability is 1, and empty bins add nothing"
    assert_close(result.detach().double(), torch.zeros(2).double(), atol=1e-6, because=because)


@given(bins=st.integers(1, 12), times=st.integers(1, 3), box=st.sampled_from(cases.BOXES), dtype=dtypes())
def test_image_entropy__is_log_of_the_bins_where_all_are_used_alike(submission, bins, times, box, dtype):
    """If every bin holds equally many pixels it is log bins, the most there can be."""
    middles = (torch.arange(bins, dtype=torch.float64) + 0.5) / bins
    image = (box[0] + (box[1] - box[0]) * middles).repeat(times).to(dtype)[None]
    result = submission.image_entropy(image, bins, low=box[0], high=box[1])
    because = f"{bins} bins are equally likely; in nats that is log {bins}"
    assert_close(result.detach().double(), torch.tensor([math.log(bins)]).double(), atol=1e-5, because=because)


@given(bins=st.sampled_from([2, 4, 8]), bright=st.integers(1, 4), dark=st.integers(1, 4), dtype=dtypes())
def test_image_entropy__counts_the_brightest_pixels_in_the_last_bin(submission, bins, bright, dark, dtype):
    """A pixel of exactly `high` counts to the last bin, beside those that lie within it."""
    inside = 1 - 0.5 / bins
    image = torch.tensor([[1.0] * bright + [inside] + [0.0] * dark], dtype=dtype)
    result = submission.image_entropy(image, bins)
    shares = [(bright + 1) / (bright + dark + 1), dark / (bright + dark + 1)]
    wanted = -sum(each * math.log(each) for each in shares)
    because = f"{bright + 1} pixels are in the last bin, {bright} of them at its upper end, and {dark} in the first"
    assert_close(result.detach().double(), torch.tensor([wanted]).double(), atol=1e-5, because=because)


@given(counts=st.lists(st.integers(0, 5), min_size=2, max_size=6).filter(any), dtype=dtypes())
def test_image_entropy__weighs_surprise_by_probability(submission, counts, dtype):
    """It is the sum of −p log p over the bins, p the share of the pixels in a bin, in nats; an empty bin adds 0."""
    bins = len(counts)
    pixels = [(index + 0.5) / bins for index, count in enumerate(counts) for _ in range(count)]
    result = submission.image_entropy(torch.tensor([pixels], dtype=dtype), bins)
    shares = [count / len(pixels) for count in counts if count]
    wanted = -sum(each * math.log(each) for each in shares)
    because = f"the bins hold {counts} pixels, so the sum over them of −p log p, in nats"
    assert_close(result.detach().double(), torch.tensor([wanted]).double(), rtol=1e-5, atol=1e-6, because=because)


@given(image=cases.binned_images(1, (2, 3, 4), 8, 0.0, 1.0, torch.float64), seed=seeds())
def test_image_entropy__does_not_see_where_pixels_are(submission, image, seed):
    """Shuffled pixels have the same entropy."""
    order = torch.randperm(24, generator=torch.Generator().manual_seed(seed))
    before = submission.image_entropy(image, 8).detach()
    after = submission.image_entropy(image.flatten(1)[:, order].reshape(image.shape), 8).detach()
    assert_close(after, before, because="a histogram counts greys, wherever they are")


@given(
    image=cases.binned_images(2, (3, 2), 4, 0.0, 1.0, torch.float64),
    box=st.sampled_from(cases.BOXES),
    room=st.booleans(),
)
def test_image_entropy__measures_between_low_and_high(submission, image, box, room):
    """Bins reach from low to high: not from the image's darkest to its brightest pixel, nor from 0 to 1."""
    if room:  # all pixels move into the lower half, where half of the bins are
        image = image / 2
    bins = 8 if room else 4
    wanted = submission.image_entropy(image, bins).detach()
    low, high = box
    moved = low + (high - low) * image
    result = submission.image_entropy(moved, bins, low=low, high=high).detach()
    because = f"pixels of [0, 1] were moved to [{low:g}, {high:g}], and so were the bins"
    assert_close(result, wanted, because=because)
    half = submission.image_entropy(0.5 * image, 2).detach()
    assert_close(half, torch.zeros(2).double(), because="no pixel is above 0.5, so the upper of two bins is empty")


# slerp


@given(pair=dtypes().flatmap(cases.vector_pairs))
def test_slerp__begins_and_ends_where_it_should(submission, pair):
    """At time 0 it is at z0, at time 1 at z1."""
    z0, z1 = pair
    ends = torch.stack([z0, z1])
    result = submission.slerp(z0, z1, torch.tensor([0.0, 1.0], dtype=z0.dtype))
    assert_close(result.detach(), ends, because="t = 0 is z0, and t = 1 is z1", **PATH)


@given(
    pair=cases.vector_pairs(torch.float64, equally_long=True),
    t=tensors((4,), dtype=torch.float64, plain=True, low=0.0, high=1.0),
)
def test_slerp__keeps_the_length_of_equally_long_ones(submission, pair, t):
    """Between vectors of one length every point has that length."""
    length = pair[0].norm().expand(4).clone()
    result = submission.slerp(*pair, t).detach()
    because = "the path goes round the middle, along the sphere on which both ends lie"
    assert_close(result.norm(dim=1), length, because=because, **PATH)


@given(pair=cases.vector_pairs(torch.float64), count=st.integers(2, 5))
def test_slerp__turns_at_a_steady_rate(submission, pair, count):
    """Between vectors of one length, equal times turn it by equal angles."""
    z0, z1 = (each / each.norm() for each in pair)
    whole = math.acos(float((z0 @ z1).clamp(-1, 1)))
    path = submission.slerp(z0, z1, torch.linspace(0, 1, count + 1, dtype=torch.float64)).detach()
    turned = (path[1:] * path[:-1]).sum(1) / (path[1:].norm(dim=1) * path[:-1].norm(dim=1))
    wanted = torch.full((count,), math.cos(whole / count), dtype=torch.float64)
    because = f"each of {count} equal times turns by a share of the whole angle; the cosines of the turns are compared"
    assert_close(turned, wanted, because=because, **PATH)


@given(lengths=st.tuples(st.sampled_from([0.5, 1.0, 3.0]), st.sampled_from([0.25, 2.0])), parts=st.integers(1, 11))
def test_slerp__follows_its_formula_for_unequal_lengths(submission, lengths, parts):
    """At a right angle the weights are the cosine and sine of the share of 90 degrees; lengths stay as they are."""
    z0, z1 = torch.zeros(3, dtype=torch.float64), torch.zeros(3, dtype=torch.float64)
    z0[0], z1[2] = lengths
    t = torch.tensor([parts / 12], dtype=torch.float64)
    quarter = math.pi / 2 * parts / 12
    wanted = torch.tensor([[lengths[0] * math.cos(quarter), 0.0, lengths[1] * math.sin(quarter)]], dtype=torch.float64)
    because = "ω = π/2, so the weights are cos and sin of tπ/2, and z0 and z1 come with their own lengths"
    assert_close(submission.slerp(z0, z1, t).detach(), wanted, because=because, **PATH)


@given(
    z=tensors((3,), plain=True, low=0.1, high=2.0),
    factor=st.sampled_from([0.5, 1.0, 3.0]),
    parts=st.integers(0, 8),
    lean=st.sampled_from([0.0, 0.0, 1e-3]),
)
def test_slerp__goes_straight_between_parallel_ones(submission, z, factor, parts, lean):
    """Between vectors of one direction, equal ones too, it goes straight on."""
    other = factor * z
    other[0] += lean * z.norm()
    t = torch.tensor([parts / 8], dtype=z.dtype)
    wanted = ((1 - t) * z + t * other)[None]
    result = submission.slerp(z, other, t).detach()
    assert_close(result, wanted, because="the angle, and so its sine, is 0 or next to it: weigh with 1 − t, t", **PATH)


@given(z=tensors((3,), plain=True, low=-2.0, high=2.0), first=st.booleans(), parts=st.integers(0, 8))
def test_slerp__goes_straight_from_or_to_zero(submission, z, first, parts):
    """If one of the vectors is zero, which has no direction, it goes straight."""
    zero, t = torch.zeros_like(z), torch.tensor([parts / 8], dtype=z.dtype)
    wanted = ((1 - t) * z if first else t * z)[None]
    result = submission.slerp(z, zero, t) if first else submission.slerp(zero, z, t)
    assert_close(result.detach(), wanted, because="zero has no angle to anything: weigh with 1 − t and t", **PATH)


@given(z=tensors((3,), plain=True, low=0.1, high=2.0), factor=st.sampled_from([1.0, 2.0]))
def test_slerp__stays_finite_between_opposite_ones(submission, z, factor):
    """Between exactly opposite vectors, where every way is equally short, it gives some path without nan."""
    result = submission.slerp(z, -factor * z, torch.tensor([0.0, 0.25, 0.5, 1.0], dtype=z.dtype))
    assert_between(result.detach(), -1e30, 1e30, because="every finite path will do, and this one is not finite")
