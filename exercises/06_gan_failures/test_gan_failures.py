"""Checks of unit 6, the failures of GANs: read them, they say what is wanted."""

from __future__ import annotations

import itertools
import math
import statistics
from pathlib import Path

import torch
from hypothesis import example, given
from hypothesis import strategies as st
from torch import Tensor

from autograder.assertions import assert_between, assert_close, assert_equal, assert_raises, require
from autograder.content import load_file
from autograder.data import digits
from autograder.strategies import dtypes, logits, seeds, tensors
from autograder.training import adam, training

cases = load_file(Path(__file__).with_name("cases.py"))

RADII = st.sampled_from(cases.RADII)
SIZES = st.integers(1, 3)
COUNTS = st.lists(st.integers(0, 4), min_size=1, max_size=6).filter(any)


# mode_coverage


@given(counts=COUNTS, radius=RADII, size=SIZES, seed=seeds(), dtype=dtypes())
def test_mode_coverage__counts_the_modes_that_are_hit(submission, counts, radius, size, seed, dtype):
    """The first number is how many centers have good samples."""
    samples, centers = cases.modes_apart(counts, 0, radius=radius, size=size, seed=seed, dtype=dtype)
    modes, _ = submission.mode_coverage(samples, centers, radius=radius)
    because = f"the centers have {counts} samples within {radius:g}: each that has any is a mode, counted once"
    assert_equal(modes, sum(count > 0 for count in counts), because=because)


@given(
    counts=st.lists(st.integers(0, 4), min_size=1, max_size=6),
    strays=st.integers(1, 6),
    share=st.sampled_from([0.0, 0.3, 0.9]),
    radius=RADII,
    seed=seeds(),
    dtype=dtypes(),
)
def test_mode_coverage__finds_the_share_of_good_samples(submission, counts, strays, share, radius, seed, dtype):
    """The second number is the share of samples within the radius of a center, of modes that do not count, too."""
    samples, centers = cases.modes_apart(counts, strays, radius=radius, size=2, seed=seed, dtype=dtype)
    _, good = submission.mode_coverage(samples, centers, radius=radius, min_fraction=share)
    because = f"{sum(counts)} of {len(samples)} samples lie within {radius:g} of their nearest center"
    assert_close(good, sum(counts) / len(samples), atol=1e-6, because=because)


@given(counts=COUNTS, strays=st.integers(10, 40), radius=RADII, size=SIZES, seed=seeds(), dtype=dtypes())
def test_mode_coverage__leaves_out_samples_that_are_good_for_nothing(
    submission, counts, strays, radius, size, seed, dtype
):
    """Samples farther than the radius from every center make no mode, however many they are."""
    counts = [*counts, 0, 0]
    samples, centers = cases.modes_apart(counts, strays, radius=radius, size=size, seed=seed, dtype=dtype)
    modes, _ = submission.mode_coverage(samples, centers, radius=radius)
    because = (
        f"{strays} samples lie more than {radius:g} away from their nearest center, and the centers have "
        f"{counts} others within it"
    )
    assert_equal(modes, sum(count > 0 for count in counts), because=because)


@given(
    radius=st.sampled_from([0.25, 0.5, 1.0, 2.0]),
    size=SIZES,
    axis=st.integers(0, 2),
    sign=st.sampled_from([-1.0, 1.0]),
    dtype=dtypes(),
)
def test_mode_coverage__takes_a_sample_at_exactly_the_radius(submission, radius, size, axis, sign, dtype):
    """A sample that lies exactly at the radius is good."""
    center = torch.tensor([0.5, -1.0, 2.0], dtype=dtype)[None, :size]
    sample = center.clone()
    sample[0, axis % size] += sign * radius
    result = submission.mode_coverage(sample, center, radius=radius)
    because = f"the distance is {radius:g}, which is within a radius of {radius:g}"
    assert_equal(result, (1, 1.0), because=because)


@given(near=st.integers(1, 5), others=st.integers(1, 4), size=SIZES, seed=seeds(), dtype=dtypes())
def test_mode_coverage__gives_each_sample_to_its_nearest_center_alone(submission, near, others, size, seed, dtype):
    """Where a sample lies within the radius of several centers, only the nearest one is hit."""
    generator = torch.Generator().manual_seed(seed)
    ways = cases.directions(1 + near, size, generator)
    centers = torch.outer(torch.arange(1.0 + others, dtype=torch.float64), 0.25 * ways[0])
    samples = 0.1 * torch.rand(near, 1, generator=generator, dtype=torch.float64) * ways[1:]
    order = torch.randperm(1 + others, generator=generator)
    modes, _ = submission.mode_coverage(samples.to(dtype), centers[order].to(dtype), radius=2.0)
    because = f"all samples lie within 0.1 of one center; the {others} others are near, but not the nearest"
    assert_equal(modes, 1, because=because)


@given(size=SIZES, chosen=st.integers(0, 7), dtype=dtypes())
def test_mode_coverage__gives_ties_to_the_lowest_index(submission, size, chosen, dtype):
    """A sample that is as near to several centers counts for the one with the lowest index."""
    corners = torch.tensor(list(itertools.product([0.0, 1.0], repeat=size)), dtype=dtype)
    chosen %= len(corners)
    samples = torch.stack([torch.full((size,), 0.5, dtype=dtype), corners[chosen]])
    modes, _ = submission.mode_coverage(samples, corners, radius=1.0)
    because = (
        f"the first sample is as near to all {len(corners)} centers, so it counts for center 0; the second lies on "
        f"center {chosen}"
    )
    assert_equal(modes, 1 if chosen == 0 else 2, because=because)


@given(
    counts=st.lists(st.integers(0, 8), min_size=1, max_size=4).filter(any),
    share=st.sampled_from([0.0625, 0.125, 0.25]),
    radius=RADII,
    seed=seeds(),
    dtype=dtypes(),
)
@example(counts=[8, 7, 4, 3], share=0.25, radius=0.5, seed=0, dtype=torch.float32)
@example(counts=[4, 3, 2], share=0.125, radius=0.5, seed=0, dtype=torch.float64)
def test_mode_coverage__asks_for_a_share_of_all_samples(submission, counts, share, radius, seed, dtype):
    """A mode counts if its good samples are at least min_fraction of all samples, the bad ones included."""
    samples, centers = cases.modes_apart(
        counts, 32 - sum(counts), radius=radius, size=2, seed=seed, dtype=dtype
    )  # 32 samples: shares are exact
    modes, _ = submission.mode_coverage(samples, centers, radius=radius, min_fraction=share)
    because = f"{share:g} of all 32 samples are {share * 32:g}, and the centers have {counts} good ones"
    assert_equal(modes, sum(count >= share * 32 for count in counts), because=because)


@given(counts=COUNTS, share=st.sampled_from([0.0, 0.001, 0.01]), radius=RADII, seed=seeds(), dtype=dtypes())
def test_mode_coverage__asks_for_one_sample_at_least(submission, counts, share, radius, seed, dtype):
    """Where min_fraction of all samples is less than one sample, a mode counts with one, and not with none."""
    counts = [*counts, 0, 1]
    samples, centers = cases.modes_apart(counts, 0, radius=radius, size=2, seed=seed, dtype=dtype)
    modes, _ = submission.mode_coverage(samples, centers, radius=radius, min_fraction=share)
    because = f"{share:g} of {len(samples)} samples is less than one, and the centers have {counts} samples"
    assert_equal(modes, sum(count > 0 for count in counts), because=because)


@given(more=st.lists(st.integers(0, 5), min_size=1, max_size=4), seed=seeds(), dtype=dtypes())
def test_mode_coverage__asks_for_a_hundredth_unless_told_otherwise(submission, more, seed, dtype):
    """Without min_fraction a mode wants a hundredth of the samples: of 250 two are too few and three enough."""
    counts = [*more, 2, 3]
    counts.append(250 - sum(counts))
    samples, centers = cases.modes_apart(counts, 0, radius=0.5, size=2, seed=seed, dtype=dtype)
    modes, _ = submission.mode_coverage(samples, centers, radius=0.5)
    because = f"a hundredth of 250 samples is 2.5, and the centers have {counts}"
    assert_equal(modes, sum(count > 2 for count in counts), because=because)


@given(count=st.integers(1, 4), size=SIZES, share=st.sampled_from([0.0, 0.01, 1.0]), dtype=dtypes())
def test_mode_coverage__finds_nothing_without_samples(submission, count, size, share, dtype):
    """Without samples no mode is hit and the share is 0.0, not nan."""
    samples, centers = torch.zeros(0, size, dtype=dtype), torch.zeros(count, size, dtype=dtype)
    with submission.allowing_any_value():
        result = submission.mode_coverage(samples, centers, radius=1.0, min_fraction=share)
    assert_equal(result, (0, 0.0), because="where there are no samples, none is good")


# memorization_ratio

LENGTHS = st.integers(1, 29).map(lambda tenths: tenths / 10)


def _odd(least: int = 1) -> st.SearchStrategy[list[float]]:
    return st.lists(LENGTHS, min_size=least, max_size=9).map(lambda drawn: drawn[: len(drawn) - 1 + len(drawn) % 2])


def _at(ours: list[float], theirs: list[float], size: int, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Generated, training and held-out points; lengths are distances to the nearest training point."""
    train = cases.training_points(4, size, seed)
    return cases.points_around(ours, train, seed + 1), train, cases.points_around(theirs, train, seed + 2)


@given(count=st.integers(1, 9), size=st.integers(1, 5), seed=seeds(), dtype=dtypes())
def test_memorization_ratio__is_zero_for_copies(submission, count, size, seed, dtype):
    """Generated points that are training points give 0."""
    generator = torch.Generator().manual_seed(seed)
    train, heldout = (torch.randn(5, size, generator=generator, dtype=torch.float64).to(dtype) for _ in range(2))
    copies = train[torch.randint(5, (count,), generator=generator)]
    ratio = submission.memorization_ratio(copies, train, heldout)
    tolerance = 1e-2 if dtype == torch.float32 else 1e-5  # from squares, a distance of 0 comes out a little above
    because = "every generated point is a training point, so all of the distances are 0"
    assert_close(ratio, 0.0, atol=tolerance, because=because)


@given(size=st.integers(1, 5), count=st.sampled_from([1, 3, 5, 7]), seed=seeds())
def test_memorization_ratio__is_one_for_the_heldout_samples_themselves(submission, size, count, seed):
    """The held-out points in another order, taken for generated ones, give 1."""
    generator = torch.Generator().manual_seed(seed)
    train = torch.randn(4, size, generator=generator, dtype=torch.float64)
    heldout = torch.randn(count, size, generator=generator, dtype=torch.float64)
    again = heldout[torch.randperm(count, generator=generator)]
    ratio = submission.memorization_ratio(again, train, heldout)
    assert_close(ratio, 1.0, because="both sides have the same distances")


@given(ours=_odd(), theirs=_odd(), size=st.integers(1, 4), seed=seeds())
@example(ours=[0.1, 2.0, 2.9], theirs=[1.0, 0.2, 0.3], size=3, seed=0)
def test_memorization_ratio__divides_the_medians_of_nearest_distances(submission, ours, theirs, size, seed):
    """It is the median distance of generated points to their nearest training points, over that of held-out ones."""
    ratio = submission.memorization_ratio(*_at(ours, theirs, size, seed))
    wanted = statistics.median(ours) / statistics.median(theirs)
    because = (
        f"generated points lie {ours} away from their nearest training point, held-out ones {theirs}: "
        f"{statistics.median(ours):g} over {statistics.median(theirs):g}"
    )
    assert_close(ratio, wanted, rtol=1e-6, because=because)


@given(ours=_odd(5), theirs=_odd(5), away=st.sampled_from([50.0, 1000.0]), seed=seeds())
def test_memorization_ratio__is_not_moved_by_a_few_outliers(submission, ours, theirs, away, seed):
    """A few points far from everything change nothing: the median does not ask how far they are."""
    points = _at(sorted(ours), sorted(theirs), 3, seed)
    before = submission.memorization_ratio(*points)
    generated, train, heldout = (each.clone() for each in points)
    generated[-2:] += away * (generated[-2:] - 12)
    heldout[-1] += 2 * away * (heldout[-1] - 12)
    after = submission.memorization_ratio(generated, train, heldout)
    because = "only the greatest distances grew, and the one in the middle is still the same"
    assert_close(after, before, rtol=1e-6, because=because)


@given(
    ours=st.lists(LENGTHS, min_size=2, max_size=8).filter(lambda drawn: len(drawn) % 2 == 0),
    theirs=st.lists(LENGTHS, min_size=1, max_size=8),
    seed=seeds(),
)
def test_memorization_ratio__takes_a_median_of_an_even_number(submission, ours, theirs, seed):
    """Of an even number of distances it takes one of the middle two, or their mean."""
    ratio = submission.memorization_ratio(*_at(ours, theirs, 2, seed))
    least = statistics.median_low(ours) / statistics.median_high(theirs)
    most = statistics.median_high(ours) / statistics.median_low(theirs)
    because = f"the generated points lie {sorted(ours)} away, the held-out ones {sorted(theirs)}"
    assert_between(ratio, least, most, because=because)


@given(ours=_odd(), theirs=_odd(), size=st.integers(2, 4), factor=st.sampled_from([0.25, 3.0]), seed=seeds())
def test_memorization_ratio__does_not_depend_on_where_the_data_lie(submission, ours, theirs, size, factor, seed):
    """Data that are turned, moved and scaled as a whole give the same ratio."""
    points = _at(ours, theirs, size, seed)
    generator = torch.Generator().manual_seed(seed + 3)
    turn = torch.linalg.qr(torch.randn(size, size, generator=generator, dtype=torch.float64)).Q
    shift = 5 * torch.randn(size, generator=generator, dtype=torch.float64)
    moved = [factor * (each @ turn) + shift for each in points]
    before = submission.memorization_ratio(*points)
    because = f"all distances are {factor:g} times what they were, on both sides"
    assert_close(submission.memorization_ratio(*moved), before, rtol=1e-6, because=because)


def _some_digits(seed: int) -> tuple[Tensor, Tensor, Tensor, torch.Generator]:
    """300 training digits, and 101 and 101 others, flat, with pixels from 0 to 16."""
    data, generator = digits(), torch.Generator().manual_seed(seed)
    images = 16 * torch.cat([data.train_x, data.test_x]).flatten(1)
    chosen = images[torch.randperm(len(images), generator=generator)[:502]]
    return chosen[:300], chosen[300:401], chosen[401:], generator


@given(noise=st.sampled_from([0.1, 0.3, 0.5]), seed=seeds())
def test_memorization_ratio__finds_copied_digits(submission, noise, seed):
    """Digits of the training set with a little noise stay below 0.3."""
    train, heldout, _, generator = _some_digits(seed)
    copies = train[torch.randint(len(train), (101,), generator=generator)]
    copies = copies + noise * torch.randn(copies.shape, generator=generator)
    ratio = submission.memorization_ratio(copies, train, heldout)
    because = (
        f"training images with noise of {noise:g} grey levels of 16 are much nearer to the training set than new ones"
    )
    assert_between(ratio, 0.0, 0.3, because=because)


@given(seed=seeds())
def test_memorization_ratio__finds_new_digits_as_new_as_they_are(submission, seed):
    """Digits that were not in the training set are about as new as others that were not in it either."""
    train, heldout, fresh, _ = _some_digits(seed)
    ratio = submission.memorization_ratio(fresh, train, heldout)
    assert_between(ratio, 0.75, 1.33, because="both are real digits that the training set does not hold")


# what both choices share


def _softmax(row: list[float]) -> list[float]:
    """Each probability is one over the sum of exp(other logit − its own)."""
    shares = []
    for mine in row:
        differences = [other - mine for other in row]
        shares.append(0.0 if max(differences) > 700 else 1 / math.fsum(math.exp(each) for each in differences))
    return shares


def _slopes(table: Tensor, above: Tensor, tau: float = 1.0) -> Tensor:
    """Gradient in the logits of Σ above · table if the rows of `table` are softmaxes of logits / tau."""
    table, above = table.detach().double(), above.double()
    return table * (above - (table * above).sum(-1, keepdim=True)) / tau


def _gradient(result: Tensor, above: Tensor, leaf: Tensor, *, again: bool = False) -> Tensor:
    """Gradient of Σ above · result, with a sentence where there is none."""
    require(result.requires_grad, "no gradient reaches the logits: the result carries no graph")
    (gradient,) = torch.autograd.grad((result * above).sum(), leaf, allow_unused=True, retain_graph=again)
    require(gradient is not None, "no gradient reaches the logits")
    require(gradient.isfinite().all(), "the gradient is not finite", yours=gradient)
    return gradient


def _drawn_like(values: Tensor, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(values.shape, generator=generator, dtype=torch.float64).to(values.dtype)


def _words_learned(choose, seed: int, device) -> float:
    """Of twenty words, how many a writer finds with choices of `choose`, told the slope of a judge's price."""
    generator = torch.Generator().manual_seed(seed)
    meanings = torch.nn.functional.normalize(torch.randn(8, 4, generator=generator), dim=1).to(device)
    wanted = torch.randint(8, (20,), generator=generator).to(device)
    likes = (0.01 * torch.randn(20, 8, generator=generator)).to(device).requires_grad_()
    step = adam([likes], 0.2)
    for _ in range(200):
        words = choose(likes)
        if not words.requires_grad:
            break  # nothing can be learnt
        step((words @ meanings - meanings[wanted]).square().sum(-1).mean())
    return float((likes.argmax(-1) == wanted).sum())


# straight_through_argmax


@given(values=logits(plain=True), dtype=dtypes())
def test_straight_through_argmax__is_one_at_the_greatest_logit(submission, values, dtype):
    """Each row holds 1 where its logit is greatest and 0 elsewhere."""
    wanted = torch.tensor([[1.0 if each == max(row) else 0.0 for each in row] for row in values.tolist()])
    result = submission.straight_through_argmax(values.to(dtype)).detach()
    because = "one number of each row is 1, that of its greatest logit"
    assert_close(result, wanted.to(dtype), rtol=0.0, atol=1e-6, because=because)


@given(rows=st.integers(1, 3), size=st.integers(2, 5), seed=seeds(), dtype=dtypes())
@example(rows=2, size=3, seed=0, dtype=torch.float32)
def test_straight_through_argmax__gives_ties_to_the_lowest_index(submission, rows, size, seed, dtype):
    """Where several logits of a row are greatest, it chooses the first of them."""
    generator = torch.Generator().manual_seed(seed)
    values = torch.randint(2, (rows, size), generator=generator).to(dtype)
    values[0] = 1.0
    wanted = torch.zeros(rows, size, dtype=dtype)
    for index, row in enumerate(values.tolist()):
        wanted[index, row.index(max(row))] = 1.0
    result = submission.straight_through_argmax(values).detach()
    because = "one number of each row is 1, and of equal logits the first one is chosen"
    assert_close(result, wanted, rtol=0.0, atol=1e-6, because=because)


@given(outer=st.sampled_from([(), (1,), (3,), (2, 3), (2, 1, 4)]), size=st.integers(2, 5), seed=seeds())
def test_straight_through_argmax__takes_logits_of_any_shape(submission, outer, size, seed):
    """The choice and its slope are made along the last dimension, however many there are."""
    values = _drawn_like(torch.zeros(*outer, size, dtype=torch.float64), seed)
    leaf, above = values.clone().requires_grad_(), _drawn_like(values, seed + 1)
    rows = values.reshape(-1, size).tolist()
    wanted = torch.tensor([[1.0 if each == max(row) else 0.0 for each in row] for row in rows], dtype=torch.float64)
    result = submission.straight_through_argmax(leaf)
    because = f"logits of shape {tuple(values.shape)} are {len(rows)} rows of {size}, with a choice each"
    assert_close(result.detach(), wanted.reshape(values.shape), rtol=0.0, atol=1e-6, because=because)
    soft = torch.tensor([_softmax(row) for row in rows], dtype=torch.float64).reshape(values.shape)
    because += ", and backwards a softmax each"
    assert_close(_gradient(result, above, leaf), _slopes(soft, above), because=because)


def _check_slopes(submission, values: Tensor, seed: int) -> None:
    leaf, above = values.clone().requires_grad_(), _drawn_like(values, seed)
    soft = torch.tensor([_softmax(row) for row in values.tolist()], dtype=torch.float64)
    gradient = _gradient(submission.straight_through_argmax(leaf), above, leaf)
    because = "backwards, the choice must pass for softmax(logits): p · (g − Σ p · g), g being the gradient from above"
    tolerance = 1e-7 if values.dtype == torch.float64 else 1e-5
    wanted = _slopes(soft, above).to(values.dtype)
    assert_close(gradient, wanted, rtol=tolerance, atol=tolerance, because=because)


@given(values=logits(plain=True), dtype=dtypes(), seed=seeds())
def test_straight_through_argmax__has_the_right_gradient(submission, values, dtype, seed):
    """Its gradient is that of softmax(logits)."""
    _check_slopes(submission, values.to(dtype), seed)


@given(values=logits(), dtype=dtypes(), seed=seeds())
def test_straight_through_argmax__survives_extreme_logits(submission, values, dtype, seed):
    """At logits of ±200 choices and gradients are finite and right, in float32 too."""
    values = values.to(dtype)
    values[0, 0], values[0, 1] = -200.0, 200.0
    chosen = submission.straight_through_argmax(values.clone()).detach()[0, :2]
    wanted = torch.tensor([0.0, 1.0], dtype=dtype)
    assert_close(chosen, wanted, rtol=0.0, atol=1e-6, because="200 is the greatest logit of the first row")
    _check_slopes(submission, values, seed)


@training(measures="of 20 words, how many a writer learnt with your straight-through choices", above=12)
def test_straight_through_argmax__learns_the_words_that_a_judge_wants(submission, seed, device):
    """A writer that picks its words with it learns what a judge wants; with argmax it learns nothing."""
    return _words_learned(submission.straight_through_argmax, seed, device)


# gumbel_softmax

TEMPERATURES = st.sampled_from([0.05, 0.3, 1.0, 2.5, 20.0])
MILD = st.sampled_from([0.5, 1.0, 2.0, 4.0])  # at these all probabilities are well above 0
MANY = 20_000
OFF = 6.5 / (2 * math.sqrt(MANY))  # how far a share of so many draws may be off


def _many(row: list[float], rows: int = MANY, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.tensor(row, dtype=dtype).expand(rows, -1).clone()


def _seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@given(
    values=logits(plain=True),
    outer=st.sampled_from([(-1,), (1, -1), (-1, 1, 1)]),
    tau=TEMPERATURES,
    dtype=dtypes(),
    seed=seeds(),
)
def test_gumbel_softmax__makes_probability_vectors(submission, values, outer, tau, dtype, seed):
    """Along the last dimension the result is not negative and sums to 1, for logits of any shape."""
    shaped = values.reshape(*outer, values.shape[-1]).to(dtype)
    for given_logits in (shaped, values[0].to(dtype)):
        result = submission.gumbel_softmax(given_logits, tau=tau, generator=_seeded(seed)).detach()
        assert_between(result, 0.0, 1.0, because="the entries are probabilities")
        ones = torch.ones(given_logits.shape[:-1], dtype=dtype)
        assert_close(result.sum(-1), ones, rtol=0.0, atol=1e-5, because="each row is a softmax, which sums to 1")


LOGITS = st.sampled_from(
    [[2.0, 0.0, 0.0, 0.0, 0.0], [0.0, 3.0, 0.0, 0.0, 0.0, 0.0], [-1.0, 0.0, 1.5, 1.5, 0.0], [11.0, 10.0, 9.0, 8.0]]
)


@given(row=LOGITS, tau=TEMPERATURES, hard=st.booleans(), dtype=dtypes(), seed=seeds())
def test_gumbel_softmax__draws_as_often_as_the_softmax_says(submission, row, tau, hard, dtype, seed):
    """Each index is greatest as often as softmax(logits) says, at every temperature, soft and hard."""
    options = {"tau": tau, "hard": hard, "generator": _seeded(seed)}
    result = submission.gumbel_softmax(_many(row, dtype=dtype), **options).detach()
    shares = torch.bincount(result.argmax(-1), minlength=len(row)).double() / MANY
    because = f"{MANY:,} draws at temperature {tau:g}: which noisy logit is greatest does not depend on it"
    assert_close(shares, torch.tensor(_softmax(row), dtype=torch.float64), rtol=0.0, atol=OFF, because=because)


def _require_logistic(noise: Tensor, sentence: str) -> None:
    """`noise` is what two logits' noise differs by: logistic, P(noise ≤ x) = σ(x)."""
    ranks = torch.arange(1, len(noise) + 1, dtype=torch.float64) / len(noise)
    gap = float((torch.sigmoid(noise.sort().values) - ranks).abs().max())
    bound = 3.4 / math.sqrt(len(noise)) + 1 / len(noise)
    require(gap < bound, sentence, yours=f"shares off by up to {gap:.3f}", wanted=f"less than {bound:.3f}")


@given(row=st.sampled_from([[0.0, 0.0], [1.0, -0.5], [0.5, 2.0, 1.0]]), tau=MILD, dtype=dtypes(), seed=seeds())
def test_gumbel_softmax__spreads_as_its_temperature_says(submission, row, tau, dtype, seed):
    """Temperature times the logarithm of two entries' ratio is their logits' difference plus that of Gumbel noise."""
    result = submission.gumbel_softmax(_many(row, dtype=dtype), tau=tau, generator=_seeded(seed)).detach().double()
    result = result.clamp(min=1e-30)  # in float32 there may be a 0
    noise = tau * (result[:, 0].log() - result[:, 1].log()) - (row[0] - row[1])
    sentence = (
        f"at temperature {tau:g} the first two entries are not spread as softmax((logits + noise) / {tau:g}) is, "
        "with Gumbel noise"
    )
    _require_logistic(noise, sentence)


def _noise_in(submission, generator: torch.Generator) -> Tensor:
    """How much more noise the first entry of a pair got than the second, for two pairs in each row: `(2, rows)`."""
    result = submission.gumbel_softmax(_many([0.0, 0.5, 1.0, 0.0]), tau=2.0, generator=generator).detach()
    noise = 2 * result.clamp(min=1e-300).log() - torch.tensor([0.0, 0.5, 1.0, 0.0], dtype=torch.float64)
    return torch.stack([noise[:, 0] - noise[:, 1], noise[:, 2] - noise[:, 3]])


@given(seed=seeds())
def test_gumbel_softmax__draws_anew_for_every_row_and_every_call(submission, seed):
    """Every logit of every row gets noise of its own, and the next call gets other noise."""
    generator = _seeded(seed)
    first, second = _noise_in(submission, generator), _noise_in(submission, generator)
    pairs = {
        "entries of a row": (first[0], first[1]),
        "the same entries of neighbouring rows": (first[0], first[0].roll(1)),
        "two calls with one generator": (first[0], second[0]),
    }
    for name, (one, other) in pairs.items():
        related = float((one * other).mean()) / (math.pi**2 / 3)  # a logistic variable has variance π²/3
        require(abs(related) < 6.5 / math.sqrt(MANY), f"the noise of {name} is related; each must have its own")


@given(
    row=st.sampled_from([[-math.inf, 0.0, 1.0], [0.5, 0.0, -math.inf], [-math.inf, 0.5, -math.inf, -math.inf]]),
    tau=TEMPERATURES,
    hard=st.booleans(),
    dtype=dtypes(),
    seed=seeds(),
)
def test_gumbel_softmax__never_draws_the_impossible(submission, row, tau, hard, dtype, seed):
    """An entry whose logit is −inf gets exactly 0, and the gradient stays finite."""
    leaf = _many(row, 200, dtype).requires_grad_()
    result = submission.gumbel_softmax(leaf, tau=tau, hard=hard, generator=_seeded(seed))
    impossible = result.detach()[:, torch.tensor(row) == -math.inf]
    because = "exp(−inf) is 0, whatever the noise and the temperature"
    assert_close(impossible, torch.zeros_like(impossible), rtol=0.0, atol=1e-6, because=because)
    gradient = _gradient(result, _drawn_like(leaf.detach(), seed + 1), leaf)[:, torch.tensor(row) == -math.inf]
    because = "what has probability 0 has slope 0"
    assert_close(gradient, torch.zeros_like(gradient), rtol=0.0, atol=1e-6, because=because)


@given(
    which=st.sampled_from(sorted(cases.SEEDS_OF_ZEROS.items(), key=lambda pair: pair[1])),
    size=st.integers(1, 4),
    tau=TEMPERATURES,
    hard=st.booleans(),
)
@example(which=next(iter(cases.SEEDS_OF_ZEROS.items())), size=2, tau=1.0, hard=True)
def test_gumbel_softmax__stays_finite_where_a_uniform_number_is_zero(submission, which, size, tau, hard):
    """Where torch.rand gives exactly 0, as it does once in 17 million numbers, the only possible entry is still 1."""
    seed, place = which
    values = torch.full((place // size + 3, size), -math.inf)
    values[:, place % size] = 0.25
    wanted = torch.zeros(values.shape)
    wanted[:, place % size] = 1.0
    result = submission.gumbel_softmax(values, tau=tau, hard=hard, generator=_seeded(seed)).detach()
    because = "one entry of each row has a finite logit; −log(−log 0) would make it −inf, too"
    assert_close(result, wanted, rtol=0.0, atol=1e-6, because=because)


@given(values=logits(plain=True), tau=TEMPERATURES, dtype=dtypes(), seed=seeds())
def test_gumbel_softmax__has_the_right_gradient(submission, values, tau, dtype, seed):
    """Soft, its gradient is the slope of a softmax at what was drawn, divided by the temperature."""
    leaf, above = values.to(dtype).requires_grad_(), _drawn_like(values.to(dtype), seed + 1)
    result = submission.gumbel_softmax(leaf, tau=tau, generator=_seeded(seed))
    gradient = _gradient(result, above, leaf)
    because = f"with p drawn and g from above it is p · (g − Σ p · g) / {tau:g}; the noise is a constant"
    tolerance = 1e-7 if dtype == torch.float64 else 2e-5
    wanted = _slopes(result, above, tau).to(dtype)
    assert_close(gradient, wanted, rtol=tolerance, atol=tolerance / tau, because=because)


@given(values=logits(), tau=TEMPERATURES, hard=st.booleans(), dtype=dtypes(), seed=seeds())
def test_gumbel_softmax__survives_extreme_logits(submission, values, tau, hard, dtype, seed):
    """At logits of ±200 the likeliest entry is drawn for certain, and gradients are finite and right."""
    values = values.to(dtype)
    values[0] = torch.tensor([200.0, -200.0, 0.0, 20.0, -20.0], dtype=dtype)[: values.shape[1]]
    leaf, above = values.clone().requires_grad_(), _drawn_like(values, seed + 1)
    result = submission.gumbel_softmax(leaf, tau=tau, hard=hard, generator=_seeded(seed))
    gradient = _gradient(result, above, leaf)
    if not hard:
        tolerance = 1e-7 if dtype == torch.float64 else 2e-5
        because = f"with p drawn and g from above the gradient is p · (g − Σ p · g) / {tau:g}"
        wanted = _slopes(result, above, tau).to(dtype)
        assert_close(gradient, wanted, rtol=tolerance, atol=tolerance / tau, because=because)
    if hard or tau <= 1:
        wanted = torch.zeros(values.shape[1], dtype=dtype)
        wanted[0] = 1.0
        because = "a logit of 200 beats one of 20 or less, whatever noise there is"
        assert_close(result.detach()[0], wanted, rtol=0.0, atol=1e-6, because=because)


@given(values=logits(plain=True), tau=TEMPERATURES, dtype=dtypes(), seed=seeds())
def test_gumbel_softmax__is_one_hot_when_hard(submission, values, tau, dtype, seed):
    """With hard=True each row is a single 1 and zeros."""
    result = submission.gumbel_softmax(values.to(dtype), tau=tau, hard=True, generator=_seeded(seed)).detach()
    ordered = result.sort(-1).values
    wanted = torch.zeros(values.shape, dtype=dtype)
    wanted[:, -1] = 1.0
    assert_close(ordered, wanted, rtol=0.0, atol=1e-6, because="sorted, every row is zeros and then a 1")


@given(row=st.sampled_from([[0.0, 0.5, -0.5], [1.0, 0.0, 0.0]]), tau=st.sampled_from([0.8, 1.5, 3.0]), seed=seeds())
def test_gumbel_softmax__passes_the_soft_gradient_when_hard(submission, row, tau, seed):
    """With hard=True the gradient is that of the soft vector which the choice was made from."""
    leaf = _many(row, 2000).requires_grad_()
    result = submission.gumbel_softmax(leaf, tau=tau, hard=True, generator=_seeded(seed))
    ways = torch.eye(3, dtype=torch.float64)
    slopes = torch.stack([tau * _gradient(result, way, leaf, again=True) for way in ways], dim=1)
    soft = _behind(slopes)  # of every row, the vector p whose slopes these are
    because = "the slopes must be those of a softmax at some p, p_i · (1 − p_i) / tau and −p_i · p_j / tau"
    wanted = torch.diag_embed(soft) - soft[:, :, None] * soft[:, None, :]
    clear = (slopes.abs() > 1e-6).all((1, 2))  # below, what rounding leaves of a product says too little about p
    assert_close(slopes[clear], wanted[clear], rtol=1e-6, atol=1e-9, because=because)
    assert_close(soft[clear].sum(1), torch.ones_like(soft[clear, 0]), rtol=1e-6, because=because)
    because = "the choice must be the greatest entry of the soft vector that the gradient belongs to"
    assert_equal(soft.argmax(1), result.detach().argmax(1), because=because)
    noise = tau * (soft[:, 0].log() - soft[:, 1].log()) - (row[0] - row[1])
    _require_logistic(noise, "the gradient belongs to a soft vector that has no Gumbel noise in it")


def _behind(slopes: Tensor) -> Tensor:
    """The three probabilities of each row, from the slopes −p_i · p_j of one in the other's logit."""
    first, second, third = -slopes[:, 0, 1], -slopes[:, 0, 2], -slopes[:, 1, 2]
    require(
        (torch.stack([first, second, third]) > 0).all(),
        "a larger logit must make every other entry of the soft vector smaller, and some slopes say otherwise",
    )
    return torch.stack([first * second / third, first * third / second, second * third / first], 1).sqrt()


@given(values=logits(plain=True), seed=seeds(), dtype=dtypes())
def test_gumbel_softmax__is_soft_at_temperature_one_unless_told_otherwise(submission, values, seed, dtype):
    """Without tau and hard it is as with tau=1.0 and hard=False."""
    named = submission.gumbel_softmax(values.to(dtype), tau=1.0, hard=False, generator=_seeded(seed)).detach()
    result = submission.gumbel_softmax(values.to(dtype), generator=_seeded(seed)).detach()
    assert_close(result, named, because="tau is 1.0 and hard is False where the caller does not name them")


@given(values=logits(plain=True), tau=st.sampled_from([0.0, -0.0, -0.5, -20.0, 0]), hard=st.booleans(), seed=seeds())
def test_gumbel_softmax__refuses_a_temperature_of_zero_or_less(submission, values, tau, hard, seed):
    """A temperature that is not above 0 raises ValueError."""
    because = f"tau = {tau} is no temperature"
    options = {"tau": tau, "hard": hard, "generator": _seeded(seed), "because": because}
    assert_raises(ValueError, submission.gumbel_softmax, values, **options)


@training(measures="of 20 words, how many a writer learnt with your random choices", above=12)
def test_gumbel_softmax__learns_the_words_that_a_judge_wants(submission, seed, device):
    """A writer that draws its words with hard=True learns what a judge wants; with argmax it learns nothing."""
    generator = torch.Generator(device).manual_seed(seed)
    return _words_learned(lambda likes: submission.gumbel_softmax(likes, hard=True, generator=generator), seed, device)
