"""Checks of unit 08, CycleGAN: read them, they say what is wanted."""

from __future__ import annotations

import copy
import math
from pathlib import Path

import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import Tensor, nn

from autograder.assertions import assert_close, require
from autograder.content import load_file
from autograder.strategies import batch_sizes, dtypes, seeds, tensors

cases = load_file(Path(__file__).with_name("cases.py"))

STEP = 1e-5  # of weights, to see how a loss changes with them
EIGHTHS = st.integers(-16, 16).filter(bool).map(lambda drawn: drawn / 8)
SIZES = st.tuples(batch_sizes(1, 4), batch_sizes(1, 4))
WEIGHTS = st.sampled_from(cases.WEIGHTS)
MARKS = st.sampled_from(cases.MARKS)
DOMAINS = st.sampled_from(cases.DOMAINS)


def full(sizes, value: float, dtype: torch.dtype = torch.float64) -> Tensor:
    """A tensor of one number."""
    return torch.full(tuple(sizes), value, dtype=dtype)


def in_turns(sizes, *values: float) -> Tensor:
    """A tensor whose entries take these values in turns."""
    count = math.prod(sizes)
    return torch.tensor(values, dtype=torch.float64).repeat(count)[:count].reshape(tuple(sizes))


def require_slope(loss_of, module: nn.Module, seed: int, who: str, why: str) -> None:
    """Fails unless the gradient for the weights of `module` says how `loss_of(module)` changes with them."""
    generator, ahead, behind = torch.Generator().manual_seed(seed), copy.deepcopy(module), copy.deepcopy(module)
    ways = [torch.randn(each.shape, generator=generator, dtype=torch.float64) for each in module.parameters()]
    with torch.no_grad():
        for up, down, way in zip(ahead.parameters(), behind.parameters(), ways, strict=True):
            up.add_(STEP * way)
            down.sub_(STEP * way)
    loss = loss_of(module)
    require(loss.requires_grad, f"no gradient reaches {who}: the result carries no graph")
    found = torch.autograd.grad(loss, list(module.parameters()), allow_unused=True)
    require(any(each is not None for each in found), f"no gradient reaches {who}")
    pairs = [(each, way) for each, way in zip(found, ways, strict=True) if each is not None]
    along = torch.stack([(each * way).sum() for each, way in pairs]).sum()
    size = 1 + sum(float((each * way).abs().sum()) for each, way in pairs)
    slope = (loss_of(ahead).detach() - loss_of(behind).detach()) / (2 * STEP)
    because = f"along a random direction the gradient for the weights of {who} must be the loss's slope: {why}"
    assert_close(along, slope, rtol=0.0, atol=1e-4 * size, because=because)


# lsgan_discriminator_loss


@given(marks=MARKS, sizes=SIZES, dtype=dtypes())
def test_lsgan_discriminator_loss__is_zero_for_a_perfect_judge(submission, marks, sizes, dtype):
    """It is 0 where every real sample scores 1 and every fake scores 0."""
    loss = submission.lsgan_discriminator_loss(
        full((sizes[0], *marks), 1.0, dtype), full((sizes[1], *marks), 0.0, dtype)
    )
    because = "1 is the mark for real samples and 0 the one for fakes, as raw numbers: this judge makes no mistake"
    assert_close(loss.detach().double(), 0.0, because=because)


@given(marks=MARKS, sizes=SIZES, real=EIGHTHS, fake=EIGHTHS)
def test_lsgan_discriminator_loss__weighs_real_and_fake_alike(submission, marks, sizes, real, fake):
    """If real scores are all off by c and fake ones all by d, it is ½(c² + d²), however many there are of each."""
    loss = submission.lsgan_discriminator_loss(full((sizes[0], *marks), 1 + real), full((sizes[1], *marks), fake))
    because = f"{sizes[0]} real samples are off by c = {real:g} and {sizes[1]} fakes by d = {fake:g}: ½(c² + d²)"
    assert_close(loss.detach(), 0.5 * (real**2 + fake**2), because=because)


@given(marks=MARKS, pairs=SIZES, real=EIGHTHS, fake=EIGHTHS)
def test_lsgan_discriminator_loss__lets_no_errors_cancel(submission, marks, pairs, real, fake):
    """Scores that are too high do not make up for scores that are too low."""
    above = in_turns((2 * pairs[0], *marks), 1 + real, 1 - real)
    loss = submission.lsgan_discriminator_loss(above, in_turns((2 * pairs[1], *marks), fake, -fake))
    because = (
        f"half of the marks are too high and half too low, by {abs(real):g} and {abs(fake):g}: square, then average"
    )
    assert_close(loss.detach(), 0.5 * (real**2 + fake**2), because=because)


# lsgan_generator_loss


@given(marks=MARKS, batch=batch_sizes(), dtype=dtypes())
def test_lsgan_generator_loss__is_zero_where_fakes_pass_for_real(submission, marks, batch, dtype):
    """It is 0 where every fake scores 1, the mark of real samples, and 1 where every fake scores 0."""
    fooled = submission.lsgan_generator_loss(full((batch, *marks), 1.0, dtype))
    assert_close(fooled.detach().double(), 0.0, because="the judge takes every fake for real: nothing is left to gain")
    unmasked = submission.lsgan_generator_loss(full((batch, *marks), 0.0, dtype))
    assert_close(unmasked.detach().double(), 1.0, because="every fake is told from real: each is 1 away from its goal")


@given(marks=MARKS, batch=batch_sizes(), gap=EIGHTHS)
def test_lsgan_generator_loss__grows_with_the_square_of_the_gap(submission, marks, batch, gap):
    """If every fake's score is off from 1 by d, it is d², whatever the shape of the scores."""
    loss = submission.lsgan_generator_loss(full((batch, *marks), 1 + gap))
    assert_close(loss.detach(), gap**2, because=f"every score is off from 1 by d = {gap:g}, and the mean of d² is d²")


@given(marks=MARKS, pairs=batch_sizes(1, 3), gap=EIGHTHS)
def test_lsgan_generator_loss__lets_no_errors_cancel(submission, marks, pairs, gap):
    """A fake that scores too high does not make up for one that scores too low."""
    loss = submission.lsgan_generator_loss(in_turns((2 * pairs, *marks), 1 + gap, 1 - gap))
    because = f"half of the fakes score {abs(gap):g} above 1, half as much below: square, then average"
    assert_close(loss.detach(), gap**2, because=because)


# cycle_consistency_loss


@st.composite
def _two_domains(draw, *, pairs: bool = False):
    """Samples of two domains, whose batches and shapes may differ; with `pairs` of an even number each."""
    shapes = [((2 if pairs else 1) * draw(batch_sizes(1, 3)), *draw(DOMAINS)) for _ in range(2)]
    return [draw(tensors(shape, dtype=torch.float64, plain=True, low=0.0, high=1.0)) for shape in shapes]


@given(batches=_two_domains(), weights=st.tuples(WEIGHTS, WEIGHTS))
def test_cycle_consistency_loss__is_zero_for_what_came_back_unchanged(submission, batches, weights):
    """It is 0 where both domains come back as they were sent, and above 0 where one entry does not."""
    (a, b), named = batches, {"weight_a": weights[0], "weight_b": weights[1]}
    loss = submission.cycle_consistency_loss(a, a.clone(), b, b.clone(), **named)
    assert_close(loss.detach(), 0.0, because="everything came back as it was sent")
    for which in range(2):
        back = [a.clone(), b.clone()]
        back[which].view(-1)[-1] += 0.5
        loss = submission.cycle_consistency_loss(a, back[0], b, back[1], **named)
        require(loss.detach() > 0, f"one entry of {'AB'[which]} is off by 0.5: the loss must be above 0", yours=loss)


@given(batches=_two_domains(), seed=seeds(), factor=st.integers(2, 8))
def test_cycle_consistency_loss__grows_in_step_with_the_error(submission, batches, seed, factor):
    """If every error is k times as large, the loss is k times as large."""
    generator = torch.Generator().manual_seed(seed)
    errors = [torch.randn(each.shape, generator=generator, dtype=torch.float64) for each in batches]

    def loss(times: int) -> Tensor:
        return submission.cycle_consistency_loss(
            batches[0], batches[0] + times * errors[0], batches[1], batches[1] + times * errors[1]
        ).detach()

    because = f"absolute errors are {factor} times as large; squared ones would be {factor**2} times"
    assert_close(loss(factor), factor * loss(1), because=because)


@given(batches=_two_domains(), errors=st.tuples(EIGHTHS, EIGHTHS))
def test_cycle_consistency_loss__averages_each_domain_alone(submission, batches, errors):
    """If every entry of A is off by c and every entry of B by d, it is w(|c| + |d|), whatever the sizes."""
    (a, b), (c, d) = batches, errors
    loss = submission.cycle_consistency_loss(a, a + c, b, b + d, weight_a=2.0, weight_b=2.0)
    because = (
        f"A has {a.numel()} entries off by {abs(c):g}, B has {b.numel()} off by {abs(d):g}: a mean for each, times 2"
    )
    assert_close(loss.detach(), 2 * (abs(c) + abs(d)), because=because)


@given(batches=_two_domains(pairs=True), errors=st.tuples(EIGHTHS, EIGHTHS))
def test_cycle_consistency_loss__lets_no_errors_cancel(submission, batches, errors):
    """Too much in one place does not make up for too little in another."""
    (a, b), (c, d) = batches, errors
    back_a, back_b = a + in_turns(a.shape, c, -c), b + in_turns(b.shape, d, -d)
    loss = submission.cycle_consistency_loss(a, back_a, b, back_b, weight_a=1.0, weight_b=1.0)
    because = f"all of A is off by {abs(c):g} and all of B by {abs(d):g}, half of it up and half of it down"
    assert_close(loss.detach(), abs(c) + abs(d), because=because)


@given(
    batches=_two_domains(),
    errors=st.tuples(EIGHTHS, EIGHTHS),
    weights=st.permutations([0.0, *cases.WEIGHTS]),
    keyword=st.sampled_from(["both", "weight_a", "weight_b"]),
)
def test_cycle_consistency_loss__weighs_each_domain_with_its_own_weight(submission, batches, errors, weights, keyword):
    """A's error counts weight_a times and B's error counts weight_b times."""
    (a, b), (c, d) = batches, errors
    named = {"weight_a": weights[0], "weight_b": weights[1]}
    named = named if keyword == "both" else {keyword: named[keyword]}
    loss = submission.cycle_consistency_loss(a, a + c, b, b + d, **named)
    wanted = named.get("weight_a", 10.0) * abs(c) + named.get("weight_b", 10.0) * abs(d)
    because = f"A is off by {abs(c):g} and B by {abs(d):g}, with {named} (10 where none is named)"
    assert_close(loss.detach(), wanted, because=because)


@given(batches=_two_domains(), which=st.integers(0, 1), error=EIGHTHS)
def test_cycle_consistency_loss__counts_tenfold_unless_told_otherwise(submission, batches, which, error):
    """Without weights each domain's error counts ten times."""
    (a, b), off = batches, [0.0, 0.0]
    off[which] = error
    loss = submission.cycle_consistency_loss(a, a + off[0], b, b + off[1])
    because = f"{'AB'[which]} is off by {abs(error):g}, and both weights are 10 unless the caller says otherwise"
    assert_close(loss.detach(), 10 * abs(error), because=because)


# identity_loss


def _basis(size: int, seed: int) -> Tensor:
    """A random rotation, `(size, size)`."""
    generator = torch.Generator().manual_seed(seed)
    return torch.linalg.qr(torch.randn(size, size, generator=generator, dtype=torch.float64))[0]


@given(size=st.integers(2, 4), sizes=SIZES, seed=seeds(), weight=WEIGHTS)
def test_identity_loss__is_zero_where_each_keeps_its_own_target(submission, size, sizes, seed, weight):
    """It is 0 where each translator leaves its own target domain alone, whatever it does to the other one."""
    basis, generator = _basis(size, seed), torch.Generator().manual_seed(seed)
    first, rest = basis[:, :1], basis[:, 1:]  # A is a line, B is everything at right angles to it
    a = torch.randn(sizes[0], 1, generator=generator, dtype=torch.float64) @ first.T
    b = torch.randn(sizes[1], size - 1, generator=generator, dtype=torch.float64) @ rest.T
    to_b, to_a = cases.straight(rest @ rest.T), cases.straight(first @ first.T)  # each keeps its target, drops the rest
    loss = submission.identity_loss(to_b, to_a, a, b, weight=weight)
    because = "a_to_b changes nothing that is in B already, b_to_a nothing that is in A: there is nothing to blame"
    assert_close(loss.detach(), 0.0, atol=1e-7, because=because)


@given(shape=DOMAINS, sizes=SIZES, levels=st.tuples(EIGHTHS, EIGHTHS), factors=st.tuples(EIGHTHS, EIGHTHS))
def test_identity_loss__shows_each_translator_its_own_target(submission, shape, sizes, levels, factors):
    """What counts is how much a_to_b changes samples of B, and how much b_to_a changes samples of A."""
    a, b = full((sizes[0], *shape), levels[0]), full((sizes[1], *shape), levels[1])
    identity = torch.eye(shape[-1], dtype=torch.float64)
    to_b, to_a = (cases.straight((1 + factor) * identity) for factor in factors)
    loss = submission.identity_loss(to_b, to_a, a, b, weight=1.0)
    wanted = abs(factors[0] * levels[1]) + abs(factors[1] * levels[0])
    because = (
        f"a_to_b multiplies by {1 + factors[0]:g} and is shown B, all of it {levels[1]:g}; "
        f"b_to_a multiplies by {1 + factors[1]:g} and is shown A, all of it {levels[0]:g}"
    )
    assert_close(loss.detach(), wanted, because=because)


@st.composite
def _pictures(draw):
    """Images of two domains that differ in their number and their size; as many channels."""
    channels = draw(st.integers(1, 3))
    shapes = draw(st.sampled_from([((1, 2, 3), (3, 4, 1)), ((4, 3, 2), (2, 1, 2))]))
    drawn = [(count, channels, high, wide) for count, high, wide in shapes]
    return [draw(tensors(shape, dtype=torch.float64, plain=True, low=0.0, high=1.0)) for shape in drawn]


def _brighter(channels: int, by: float) -> nn.Module:
    """A translator of images of any size that adds a number to all pixels."""
    layer = nn.utils.skip_init(nn.Conv2d, channels, channels, 1).double()
    with torch.no_grad():
        layer.weight.copy_(torch.eye(channels, dtype=torch.float64)[:, :, None, None])
        layer.bias.fill_(by)
    return layer.eval()


@given(pictures=_pictures(), by=st.tuples(EIGHTHS, EIGHTHS))
def test_identity_loss__averages_each_domain_alone(submission, pictures, by):
    """If one translator changes every pixel by c and the other by d, it is w(|c| + |d|), whatever the sizes."""
    both = [_brighter(pictures[0].shape[1], each) for each in by]
    loss = submission.identity_loss(*both, *pictures, weight=2.0)
    because = (
        f"{pictures[1].numel()} pixels of B change by {abs(by[0]):g} and {pictures[0].numel()} of A by {abs(by[1]):g}: "
        "a mean for each domain, times 2"
    )
    assert_close(loss.detach(), 2 * (abs(by[0]) + abs(by[1])), because=because)


@given(sizes=SIZES, to_b=tensors(((2, 4),), dtype=torch.float64, plain=True), seed=seeds())
def test_identity_loss__lets_no_changes_cancel(submission, sizes, to_b, seed):
    """Changes up and down add up, each with its absolute size and not its square."""
    generator, size = torch.Generator().manual_seed(seed), len(to_b)
    to_a = torch.randn(size, generator=generator, dtype=torch.float64)
    to_b[0], to_a[0] = -to_b[1:].sum(), -to_a[1:].sum()  # on the whole nothing changes
    a, b = (torch.rand(count, size, generator=generator, dtype=torch.float64) for count in sizes)
    loss = submission.identity_loss(cases.shifted(to_b), cases.shifted(to_a), a, b, weight=1.0)
    wanted = sum(abs(each) for each in [*to_b.tolist(), *to_a.tolist()]) / size
    because = "each entry counts with the size of its change, though all changes of a sample add up to 0"
    assert_close(loss.detach(), wanted, because=because)


@given(sizes=SIZES, by=st.tuples(EIGHTHS, EIGHTHS), weight=st.sampled_from([0.0, *cases.WEIGHTS]))
def test_identity_loss__weighs_both_changes_alike(submission, sizes, by, weight):
    """The weight counts for both translators."""
    both = [cases.shifted(full((2,), each)) for each in by]
    loss = submission.identity_loss(*both, full((sizes[0], 2), 0.25), full((sizes[1], 2), 0.75), weight=weight)
    because = f"a_to_b changes B by {abs(by[0]):g} and b_to_a changes A by {abs(by[1]):g}, both with weight {weight:g}"
    assert_close(loss.detach(), weight * (abs(by[0]) + abs(by[1])), because=because)


@given(sizes=SIZES, by=EIGHTHS, which=st.integers(0, 1))
def test_identity_loss__counts_fivefold_unless_told_otherwise(submission, sizes, by, which):
    """Without a weight each translator's change counts five times."""
    both = [cases.shifted(full((2,), by if number == which else 0.0)) for number in range(2)]
    loss = submission.identity_loss(*both, full((sizes[0], 2), 0.25), full((sizes[1], 2), 0.75))
    because = f"one translator changes everything by {abs(by):g}, and the weight is 5 unless the caller says otherwise"
    assert_close(loss.detach(), 5 * abs(by), because=because)


@given(sizes=SIZES, size=st.integers(1, 3), seed=seeds())
def test_identity_loss__teaches_both_translators(submission, sizes, size, seed):
    """The gradient for the weights of each translator is the slope of the loss."""
    to_b, to_a = (cases.network("mlp", (size,), (size,), seed=seed + number) for number in range(2))
    generator = torch.Generator().manual_seed(seed)
    a, b = (torch.rand(count, size, generator=generator, dtype=torch.float64) for count in sizes)
    with torch.no_grad():
        assume(all(cases.is_clear(each(batch), batch) for each in (to_b, to_a) for batch in (a, b)))
    why = "it learns to leave its target alone"
    require_slope(lambda moved: submission.identity_loss(moved, to_a, a, b), to_b, seed, "a_to_b", why)
    require_slope(lambda moved: submission.identity_loss(to_b, moved, a, b), to_a, seed, "b_to_a", why)


# cycle_generator_loss


@given(size=st.integers(1, 4), sizes=SIZES, seed=seeds(), weight=WEIGHTS, turned=st.booleans())
def test_cycle_generator_loss__is_zero_where_all_is_well(submission, size, sizes, seed, weight, turned):
    """It is 0 where both judges are fooled and every sample comes back, through a wrong permutation just as well."""
    generator = torch.Generator().manual_seed(seed)
    there = torch.eye(size, dtype=torch.float64)[torch.randperm(size, generator=generator)]
    there = _basis(size, seed) if turned else there
    a, b = (torch.rand(count, size, generator=generator, dtype=torch.float64) for count in sizes)
    ways, judge = (cases.straight(there), cases.straight(there.T)), cases.settled((size,), 1.0)
    loss = submission.cycle_generator_loss(*ways, judge, copy.deepcopy(judge), a, b, weight=weight)
    because = "both judges give every translation the mark 1, and the way back undoes the way there"
    assert_close(loss.detach(), 0.0, atol=1e-6, because=because)


@given(
    shape=DOMAINS,
    sizes=SIZES,
    levels=st.tuples(EIGHTHS, EIGHTHS),
    factor=st.sampled_from([-2.0, -0.5, 0.5, 2.0, 4.0]),
    slopes=st.tuples(EIGHTHS, EIGHTHS),
)
def test_cycle_generator_loss__asks_the_judge_of_the_target(submission, shape, sizes, levels, factor, slopes):
    """B's judge sees what came from A, A's judge what came from B, and the mark that is wanted is 1."""
    a, b = full((sizes[0], *shape), levels[0]), full((sizes[1], *shape), levels[1])
    identity = torch.eye(shape[-1], dtype=torch.float64)
    ways = [cases.straight(each * identity) for each in (factor, 1 / factor)]
    mean = full((1, a[0].numel()), 1 / a[0].numel())
    judge_a, judge_b = (nn.Sequential(nn.Flatten(1), cases.straight(each * mean)).eval() for each in slopes)
    loss = submission.cycle_generator_loss(*ways, judge_a, judge_b, a, b)
    marks = (slopes[1] * factor * levels[0], slopes[0] / factor * levels[1])
    because = (
        f"A is all {levels[0]:g} and a_to_b multiplies by {factor:g}; B is all {levels[1]:g} and b_to_a divides by it; "
        f"judges give {slopes[0]:g} (A's) and {slopes[1]:g} (B's) times what they see; the squares of what lacks to 1"
    )
    assert_close(loss.detach(), (1 - marks[0]) ** 2 + (1 - marks[1]) ** 2, because=because)


@given(shape=DOMAINS, sizes=SIZES, gaps=st.tuples(EIGHTHS, EIGHTHS))
def test_cycle_generator_loss__judges_every_patch(submission, shape, sizes, gaps):
    """Where judges give a score to every patch, no patch that is too good makes up for one that is too bad."""
    nothing = nn.Identity().eval()  # what it judges is its own score, patch by patch
    a, b = (in_turns((2 * count, *shape), 1 + gap, 1 - gap) for count, gap in zip(sizes, gaps, strict=True))
    loss = submission.cycle_generator_loss(*(copy.deepcopy(nothing) for _ in range(4)), a, b)
    because = f"A's patches are all {abs(gaps[0]):g} off the mark, B's are {abs(gaps[1]):g} off: square, then average"
    assert_close(loss.detach(), gaps[0] ** 2 + gaps[1] ** 2, because=because)


@given(shapes=st.tuples(DOMAINS, DOMAINS), sizes=SIZES, scores=st.tuples(EIGHTHS, EIGHTHS), off=EIGHTHS)
def test_cycle_generator_loss__averages_each_domain_alone(submission, shapes, sizes, scores, off):
    """A domain with more or larger samples, or more scores for each, counts no more than the other."""
    a, b = full((sizes[0], *shapes[0]), 0.5 + off), full((sizes[1], *shapes[1]), 0.5)
    ways = [_painted(*shapes, 0.5), _painted(*shapes[::-1], 0.5)]
    judges = cases.settled(shapes[0], *[1 + scores[0]] * 3), cases.settled(shapes[1], 1 + scores[1])
    loss = submission.cycle_generator_loss(*ways, *judges, a, b, weight=2.0)
    wanted = scores[0] ** 2 + scores[1] ** 2 + 2 * abs(off)
    because = (
        f"three scores of each of {sizes[1]} samples are off by {abs(scores[0]):g}, one of each of {sizes[0]} by "
        f"{abs(scores[1]):g}; A comes back off by {abs(off):g} and B unchanged, with weight 2"
    )
    assert_close(loss.detach(), wanted, because=because)


def _painted(before, after, level: float) -> nn.Module:
    """A translator from samples of one shape to samples of another that are all of one level."""
    body = cases.settled(before, *[level] * torch.zeros(after).numel())
    return nn.Sequential(body, nn.Unflatten(1, tuple(after))).eval()


@given(sizes=SIZES, to_b=tensors(((1, 4),), dtype=torch.float64, plain=True), seed=seeds(), weight=WEIGHTS)
def test_cycle_generator_loss__charges_for_both_ways_back(submission, sizes, to_b, seed, weight):
    """What a round trip from A changes is added, and so is what one from B changes, both times the weight."""
    generator, size = torch.Generator().manual_seed(seed), len(to_b)
    to_a = torch.randn(size, generator=generator, dtype=torch.float64)
    a, b = (torch.rand(count, size, generator=generator, dtype=torch.float64) for count in sizes)
    ways, judge = (cases.shifted(to_b), cases.shifted(to_a)), cases.settled((size,), 1.0)
    loss = submission.cycle_generator_loss(*ways, judge, copy.deepcopy(judge), a, b, weight=weight)
    trip = sum(abs(one + other) for one, other in zip(to_b.tolist(), to_a.tolist(), strict=True)) / size
    because = "there and back shifts every sample by both shifts, from A as from B, and both judges are content"
    assert_close(loss.detach(), 2 * weight * trip, because=because)


@given(sizes=SIZES, by=EIGHTHS)
def test_cycle_generator_loss__counts_the_way_back_tenfold_unless_told_otherwise(submission, sizes, by):
    """Without a weight the error of each round trip counts ten times."""
    ways, judge = (cases.shifted(full((2,), by)), nn.Identity().eval()), cases.settled((2,), 1.0)
    a, b = full((sizes[0], 2), 0.25), full((sizes[1], 2), 0.75)
    loss = submission.cycle_generator_loss(*ways, judge, copy.deepcopy(judge), a, b)
    because = f"both round trips are off by {abs(by):g}, and the weight is 10 unless the caller says otherwise"
    assert_close(loss.detach(), 2 * 10 * abs(by), because=because)


@given(channels=st.integers(1, 2), sizes=SIZES, depth=EIGHTHS, seed=seeds(), weight=WEIGHTS)
def test_cycle_generator_loss__takes_domains_of_other_shapes(submission, channels, sizes, depth, seed, weight):
    """The domains' images may differ in size: here B's are twice as high and wide as A's."""
    generator = torch.Generator().manual_seed(seed)
    a, coarse = (torch.rand(count, channels, 2, 3, generator=generator, dtype=torch.float64) for count in sizes)
    larger, smaller = nn.Upsample(scale_factor=2).eval(), nn.AvgPool2d(2).eval()
    stripes = depth * torch.tensor([1.0, -1.0], dtype=torch.float64).repeat(3)
    b = coarse.repeat_interleave(2, -1).repeat_interleave(2, -2) + stripes
    judges = cases.settled((channels, 2, 3), 1.0), cases.settled((channels, 4, 6), 1.0, 1.0)
    loss = submission.cycle_generator_loss(larger, smaller, *judges, a, b, weight=weight)
    because = f"small images survive being enlarged, large ones lose stripes of {abs(depth):g} by being reduced"
    assert_close(loss.detach(), weight * abs(depth), because=because)


@given(world=cases.worlds(kind="mlp"), seed=seeds())
def test_cycle_generator_loss__teaches_both_translators_to_fool(submission, world, seed):
    """With weight 0 the gradient for each translator's weights says how the marks of its samples change."""
    _require_both_slopes(submission, world, seed, "it learns from what the judge says", weight=0.0)


@given(world=cases.worlds(kind="mlp", plain=True), seed=seeds(), weight=WEIGHTS)
def test_cycle_generator_loss__teaches_both_translators_the_way_back(submission, world, seed, weight):
    """With judges that are content the gradient for each translator's weights comes from both round trips."""
    content = [cases.settled(each.shape[1:], 1.0) for each in (world.real_a, world.real_b)]
    world = world._replace(discriminator_a=content[0], discriminator_b=content[1])
    _require_both_slopes(
        submission, world, seed, "it goes first in one round trip and second in the other", weight=weight
    )


def _require_both_slopes(submission, world, seed: int, why: str, *, weight: float) -> None:
    for name in ("a_to_b", "b_to_a"):
        require_slope(
            lambda moved, name=name: submission.cycle_generator_loss(*world._replace(**{name: moved}), weight=weight),
            getattr(world, name),
            seed,
            name,
            why,
        )
