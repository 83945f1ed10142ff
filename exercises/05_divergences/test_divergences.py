"""What every right answer to the divergences does."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import torch
from hypothesis import example, given
from hypothesis import strategies as st
from torch import Tensor, nn

from autograder import effects
from autograder.assertions import assert_between, assert_close, assert_equal, assert_raises, assert_within, require
from autograder.content import load_file
from autograder.errors import CheckFailure
from autograder.models import KINDS, small_model
from autograder.strategies import dtypes, probability_vectors, seeds, tensors

_cases = load_file(Path(__file__).with_name("cases.py"))

BATCHES = st.tuples(st.integers(1, 3))
OUTER = st.sampled_from([(), (3,), (2, 3), (1, 2, 2)])
LIMITS = st.sampled_from(_cases.LIMITS)
SHAPES = st.sampled_from(_cases.SHAPES)
SIZES = st.sampled_from(
    [(1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (1, 3), (4, 1), (2, 3), (3, 2), (2, 4), (6, 2), (3, 6)]
)
STARTS = 300  # mixing numbers that are looked at


# kl_divergence and js_divergence


@st.composite
def _distributions(draw, count: int = 2, *, plain: bool = False, outer=BATCHES, dtype=None):
    """Probability vectors of one shape and type; if not plain, some of them with zeros."""
    sizes, kind = (*draw(outer), draw(st.integers(2, 5))), dtype or draw(dtypes())
    return [draw(probability_vectors(sizes, dtype=kind, plain=plain)) for _ in range(count)]


@st.composite
def _halvings(draw):
    """Two vectors of powers of one half, each in an order of its own, and the exponents."""
    longest = draw(st.integers(1, 5))
    steps = [*range(1, longest + 1), longest]
    exponents = [torch.tensor(draw(st.permutations(steps)), dtype=torch.float64) for _ in range(2)]
    return *(0.5**each for each in exponents), *exponents


def _one_by_one(function, p: Tensor, q: Tensor) -> Tensor:
    singles = [function(a.clone(), b.clone()) for a, b in zip(p.flatten(0, -2), q.flatten(0, -2), strict=True)]
    return torch.stack([each.detach() for each in singles]).reshape(p.shape[:-1])


@given(both=_distributions(1))
def test_kl_divergence__is_zero_for_equal_vectors(submission, both):
    """It is 0 where both vectors are the same, whether or not they hold zeros."""
    (p,) = both
    result = submission.kl_divergence(p, p.clone())
    assert_close(result.detach(), torch.zeros_like(p[..., 0]), because="p expects exactly what p does: no surprise")


@given(case=_halvings())
def test_kl_divergence__weighs_log_ratios_by_p(submission, case):
    """For powers of ½ it is p times the difference of the exponents, times log 2, added up."""
    p, q, mine, other = case
    because = f"p = 2^-k with k = {mine.int().tolist()}, q with k = {other.int().tolist()}: each entry weighs as p says"
    assert_close(submission.kl_divergence(p, q).detach(), (p * (other - mine)).sum() * math.log(2), because=because)


@given(both=_distributions(plain=True), row=st.integers(0, 2), entry=st.integers(0, 4))
def test_kl_divergence__is_infinite_where_q_rules_out_what_p_does(submission, both, row, entry):
    """It is infinite where some entry of p is above 0 and that of q is 0, and finite elsewhere."""
    p, q = both
    row = row % len(p)
    q[row, entry % p.shape[-1]] = 0.0
    q = q / q.sum(-1, keepdim=True)
    result = submission.kl_divergence(p, q).detach()
    require(
        result[row] == math.inf, "q gives 0 to what p does: no finite number is large enough", yours=float(result[row])
    )
    others = torch.arange(len(p)) != row
    require(result[others].isfinite().all(), "the other pairs hold no zero, and their divergence is finite")


@given(both=_distributions(plain=True, dtype=torch.float64), entry=st.integers(0, 5), share=st.sampled_from([0, 1, 3]))
def test_kl_divergence__ignores_what_p_never_does(submission, both, entry, share):
    """A further entry that is 0 in p changes nothing but what it takes from q's other entries; 0 · log 0 is 0."""
    p, q = both
    taken, place = share / 4, entry % (p.shape[-1] + 1)
    before = submission.kl_divergence(p.clone(), q.clone()).detach()

    def longer(values: Tensor, new: float) -> Tensor:
        extra = torch.full_like(values[:, :1], new)
        return torch.cat([values[:, :place], extra, values[:, place:]], 1)

    after = submission.kl_divergence(longer(p, 0.0), longer(q * (1 - taken), taken)).detach()
    because = f"the new entry is 0 in p and {taken:g} in q, whose other entries are {1 - taken:g} of what they were"
    assert_close(after, before - math.log(1 - taken), because=because)


@given(both=_distributions(plain=True, outer=OUTER))
def test_kl_divergence__takes_one_pair_at_a_time(submission, both):
    """It sums over the last dimension alone: every pair gives in company what it gives alone."""
    p, q = (each.reshape(1, -1) if each.ndim == 1 else each for each in both)
    result = submission.kl_divergence(*both).detach().reshape(p.shape[:-1])
    with submission.forgetting():
        wanted = _one_by_one(submission.kl_divergence, p, q)
    assert_close(result, wanted, because="each pair of vectors stands for itself")


@given(both=_distributions(1))
def test_js_divergence__is_zero_for_equal_vectors(submission, both):
    """It is 0 where both vectors are the same, whether or not they hold zeros."""
    (p,) = both
    result = submission.js_divergence(p, p.clone())
    assert_close(result.detach(), torch.zeros_like(p[..., 0]), atol=1e-6, because="nothing lies between equal vectors")


@given(
    both=_distributions(plain=True), gap=st.integers(0, 3), order=st.randoms(use_true_random=False), swap=st.booleans()
)
def test_js_divergence__is_log_two_where_nothing_is_shared(submission, both, gap, order, swap):
    """It is log 2 where one vector is 0 wherever the other is not, however far apart they are."""
    p, q = both
    entries = list(range(2 * p.shape[-1] + gap))
    order.shuffle(entries)
    empty, between = torch.zeros_like(p), torch.zeros(len(p), gap, dtype=p.dtype)
    apart = [torch.cat([p, between, empty], 1)[:, entries], torch.cat([empty, between, q], 1)[:, entries]]
    result = submission.js_divergence(*(apart[::-1] if swap else apart))
    wanted = torch.full((len(p),), math.log(2), dtype=p.dtype)
    assert_close(result.detach(), wanted, because="the vectors share no entry, so it is log 2 = 0.693147 nats")


@given(both=_distributions(dtype=torch.float64))
def test_js_divergence__compares_both_with_their_midpoint(submission, both):
    """It is the mean of the two KL divergences from the vector half-way between."""
    p, q = both
    wanted = torch.zeros(len(p), dtype=torch.float64)
    for row, (first, second) in enumerate(zip(p.tolist(), q.tolist(), strict=True)):
        for a, b in zip(first, second, strict=True):
            wanted[row] += sum(each / 2 * math.log(2 * each / (a + b)) for each in (a, b) if each > 0)
    because = "half of KL(p ‖ midpoint) and half of KL(q ‖ midpoint)"
    assert_close(submission.js_divergence(p, q).detach(), wanted, because=because)


@given(both=_distributions())
def test_js_divergence__takes_no_side(submission, both):
    """Swapping the two vectors changes nothing."""
    p, q = both
    one, other = submission.js_divergence(p.clone(), q.clone()), submission.js_divergence(q, p)
    assert_close(one.detach(), other.detach(), atol=1e-6, because="p is as far from q as q is from p")


@given(both=_distributions())
def test_js_divergence__stays_below_its_ceiling(submission, both):
    """It is finite and lies between 0 and log 2, zeros or not."""
    because = "it is a number from 0, for equal vectors, to log 2, for vectors that share nothing"
    assert_between(submission.js_divergence(*both), 0.0, math.log(2), because=because)


@given(both=_distributions(plain=True, outer=OUTER))
def test_js_divergence__takes_one_pair_at_a_time(submission, both):
    """It sums over the last dimension alone: every pair gives in company what it gives alone."""
    p, q = (each.reshape(1, -1) if each.ndim == 1 else each for each in both)
    result = submission.js_divergence(*both).detach().reshape(p.shape[:-1])
    with submission.forgetting():
        wanted = _one_by_one(submission.js_divergence, p, q)
    assert_close(result, wanted, atol=1e-6, because="each pair of vectors stands for itself")


# wasserstein_1d


@st.composite
def _samples(draw, *, plain: bool = False, dtype=None):
    """Two samples whose sizes mostly differ, and can be made equal by repetition of few numbers."""
    sizes, kind = draw(SIZES), dtype or draw(dtypes())
    return [draw(_cases.numbers(size, dtype=kind, plain=plain)) for size in sizes]


def _shuffled(values: Tensor, seed: int) -> Tensor:
    return values[torch.randperm(len(values), generator=torch.Generator().manual_seed(seed))]


@given(places=st.tuples(st.integers(-20, 20), st.integers(-20, 20)), sizes=SIZES, dtype=dtypes())
def test_wasserstein_1d__is_the_distance_of_two_points(submission, places, sizes, dtype):
    """If one sample is all at a and the other all at b, it is |a − b|: the mass is moved that far."""
    a, b = (place / 4 for place in places)
    u, v = (torch.full((size,), place, dtype=dtype) for size, place in zip(sizes, (a, b), strict=True))
    result = submission.wasserstein_1d(u, v).detach()
    assert_close(result, abs(a - b), because=f"all of the mass is moved from {a:g} to {b:g}")


@given(u=tensors(((1, 6),)), shift=st.integers(-40, 40), seed=seeds())
def test_wasserstein_1d__is_the_shift_of_a_shifted_sample(submission, u, shift, seed):
    """A sample and its copy moved by c, in any order, are |c| apart."""
    result = submission.wasserstein_1d(u, _shuffled(u + shift / 8, seed)).detach()
    assert_close(result, abs(shift / 8), atol=1e-4 if u.dtype == torch.float32 else 1e-8, because="every number moves")


@given(both=_samples(dtype=torch.float64))
@example(both=(torch.tensor([0.0, 1.0, 3.0]).double(), torch.tensor([0.0, 2.0]).double()))
def test_wasserstein_1d__finds_the_cheapest_plan(submission, both):
    """It is the least mean distance over all ways to send the numbers of one sample to those of the other."""
    u, v = both
    common = math.lcm(len(u), len(v))
    shares = [each.repeat(common // len(each)) for each in both]
    plans = torch.tensor(list(itertools.permutations(range(common))))
    wanted = (shares[0] - shares[1][plans]).abs().mean(1).min()
    because = f"of all {len(plans)} ways to pair {common} equal shares of both samples, the best costs this much"
    assert_close(submission.wasserstein_1d(u, v).detach(), wanted, because=because)


@given(both=_samples(), order=seeds())
def test_wasserstein_1d__ignores_the_order(submission, both, order):
    """It does not matter in which order the numbers of a sample come."""
    u, v = both
    one = submission.wasserstein_1d(u.clone(), v.clone()).detach()
    other = submission.wasserstein_1d(_shuffled(u, order), _shuffled(v, order + 1)).detach()
    assert_close(one, other, because="the same numbers in another order are the same distribution")


@given(both=_samples(), times=st.tuples(st.integers(1, 4), st.integers(1, 4)))
def test_wasserstein_1d__ignores_repetition(submission, both, times):
    """Having each number of a sample k times changes nothing: it has the same share of the whole."""
    once = submission.wasserstein_1d(*(each.clone() for each in both)).detach()
    often = submission.wasserstein_1d(*(each.repeat(count) for each, count in zip(both, times, strict=True))).detach()
    assert_close(often, once, because=f"each number occurs {times[0]} and {times[1]} times: its share stays the same")


@given(both=_samples(), factor=st.sampled_from([-2.0, -0.5, 0.25, 3.0, 8.0]))
def test_wasserstein_1d__grows_with_the_scale(submission, both, factor):
    """Numbers that are a times as large lie |a| times as far apart."""
    once = submission.wasserstein_1d(*(each.clone() for each in both)).detach()
    scaled = submission.wasserstein_1d(*(factor * each for each in both)).detach()
    assert_close(scaled, abs(factor) * once, because=f"all distances are {abs(factor):g} times as long")


# critic_loss


@st.composite
def _scores(draw, *, dtype=torch.float64):
    """Scores `(N,)` of real samples and of fakes."""
    return [draw(tensors((draw(st.integers(1, 6)),), dtype=dtype, plain=True)) for _ in range(2)]


@given(both=_scores(), rise=st.sampled_from([-2.0, -0.25, 0.5, 8.0]))
def test_critic_loss__falls_as_real_samples_score_higher(submission, both, rise):
    """If all real samples score c more it falls by c, and if all fakes do it rises by c."""
    real, fake = both
    before = submission.critic_loss(real.clone(), fake.clone()).detach()
    after = submission.critic_loss(real + rise, fake.clone()).detach()
    assert_close(after - before, -rise, because=f"every real score has risen by {rise:g}, and a loss is to be lowered")
    after = submission.critic_loss(real.clone(), fake + rise).detach()
    assert_close(after - before, rise, because=f"every fake score has risen by {rise:g}, which is what to punish")


@given(both=_scores())
def test_critic_loss__averages_each_side_by_itself(submission, both):
    """Each side is averaged over its own batch, whose sizes may differ."""
    real, fake = (each.tolist() for each in both)
    wanted = math.fsum(fake) / len(fake) - math.fsum(real) / len(real)
    because = f"the fakes' mean over {len(fake)} scores less the real ones' over {len(real)}"
    assert_close(submission.critic_loss(*both).detach(), wanted, because=because)


@given(both=_scores(), level=st.sampled_from([-40.0, -5.0, 3.0, 60.0]))
def test_critic_loss__ignores_what_is_added_to_all_scores(submission, both, level):
    """Scores have no zero: adding one number to all of them changes nothing."""
    before = submission.critic_loss(*(each.clone() for each in both)).detach()
    after = submission.critic_loss(*(each + level for each in both)).detach()
    assert_close(after, before, because=f"all scores are {level:g} higher, and a critic is judged by differences alone")


@given(both=_scores())
def test_critic_loss__takes_scores_of_either_shape(submission, both):
    """Scores of shape (N, 1) give what scores of shape (N,) give."""
    flat = submission.critic_loss(*(each.clone() for each in both)).detach()
    columns = submission.critic_loss(*(each.unsqueeze(1) for each in both)).detach()
    assert_close(columns, flat, because="a column holds the same scores")


# clip_weights


@st.composite
def _modules(draw):
    """Networks of all kinds, with frozen and with tied weights, and with gradients of their own."""
    dtype = draw(dtypes())
    kind = draw(st.sampled_from([*KINDS, "mixed", "frozen", "tied"]))
    if kind in KINDS:
        return small_model(kind, (1, 2, 3), 2, seed=draw(seeds()), dtype=dtype)
    return _cases.mixed_module(dtype, frozen=kind == "frozen", tied=kind == "tied")


def _named(module: nn.Module) -> dict[str, Tensor]:
    return {f"module.{name}": each.detach().clone() for name, each in module.named_parameters()}


def _clipped(submission, module: nn.Module, limit: float) -> dict[str, Tensor]:
    """The parameters by name, as the call left them."""
    changed = _cases.clipping(submission, module, limit)
    return {path: changed[path][1] if path in changed else each for path, each in _named(module).items()}


@given(module=_modules(), limit=LIMITS)
def test_clip_weights__brings_every_parameter_within_the_limit(submission, module, limit):
    """No entry of any parameter is larger than the limit in size: weights, biases, frozen and nested ones."""
    for path, value in _clipped(submission, module, limit).items():
        assert_within(value, limit, because=f"an entry of {path.removeprefix('module.')} is beyond ±{limit:g}")


@given(module=_modules(), limit=LIMITS)
def test_clip_weights__uses_both_ends_of_the_interval(submission, module, limit):
    """Entries above the limit become the limit, entries below its negative become that."""
    before = _named(module)
    for path, value in _clipped(submission, module, limit).items():
        beyond = before[path].abs() > limit
        wanted = limit * before[path][beyond].sign()
        because = f"in {path.removeprefix('module.')}, what is beyond ±{limit:g} goes to the nearest end"
        assert_close(value[beyond], wanted, because=because)


@given(module=_modules(), limit=LIMITS)
def test_clip_weights__leaves_small_entries_alone(submission, module, limit):
    """Entries within the limit stay what they were, whatever else their tensor holds."""
    before = _named(module)
    for path, value in _clipped(submission, module, limit).items():
        within = before[path].abs() <= limit
        because = f"these entries of {path.removeprefix('module.')} are within ±{limit:g} already"
        assert_close(value[within], before[path][within], because=because)


@given(dtype=dtypes(), limit=LIMITS)
def test_clip_weights__clips_the_parameters_themselves(submission, dtype, limit):
    """It changes the numbers in the parameters and makes no new ones: two layers that share a weight go on sharing."""
    changed = _cases.clipping(submission, _cases.mixed_module(dtype, tied=True), limit)
    sentence = (
        "the first and the last layer shared one Parameter, and no longer do: an optimizer would hold the old one"
    )
    require("module.2.weight" not in changed, sentence)
    require(
        "module.0.weight" in changed, "the parameter that two layers share has not changed, and is beyond the limit"
    )


@given(module=_modules(), limit=LIMITS, train=st.booleans())
def test_clip_weights__leaves_the_rest_alone(submission, module, limit, train):
    """Buffers, gradients, requires_grad, modes and random states stay as they were."""
    module.train(train)
    for path, (before, after) in _cases.clipping(submission, module, limit).items():
        owner = module
        for name in path.split(".")[1:]:
            owner = getattr(owner, name, None)
        if not isinstance(owner, nn.Parameter) or path.endswith(".grad"):
            raise CheckFailure(effects.describe(path, before, after))


@given(module=_modules(), limit=LIMITS)
def test_clip_weights__returns_nothing(submission, module, limit):
    """It returns None: the module that came in is the one that is clipped."""
    _cases.clipping(submission, module, limit)
    require(submission.latest.value is None, "a function that works in place returns None")


# gradient_penalty


@st.composite
def _linear_cases(draw, shapes=SHAPES):
    """Slopes of a linear critic, in float64, and two batches."""
    shape, batch = draw(shapes), draw(st.integers(1, 4))
    slopes = draw(tensors(shape, dtype=torch.float64, plain=True))
    return slopes, *(draw(tensors((batch, *shape), dtype=torch.float64, plain=True)) for _ in range(2))


@given(case=_linear_cases(st.sampled_from([(2, 2, 3), (3, 1, 2), (1, 2, 3)])), weight=st.sampled_from([0.5, 1.0, 10.0]))
def test_gradient_penalty__takes_the_norm_over_all_elements(submission, case, weight):
    """Of images, a sample's slope is one length over channels, rows and columns."""
    slopes, real, fake = case
    length = math.sqrt(sum(each**2 for each in slopes.flatten().tolist()))
    result = submission.gradient_penalty(_cases.linear_critic(slopes), real, fake, weight=weight).detach()
    because = (
        f"this critic's slope has length {length:.4g} at every image, counting all {slopes.numel()} of its elements"
    )
    assert_close(result, weight * (length - 1) ** 2, rtol=1e-5, because=because)


@given(case=_linear_cases(st.just((3,))), length=st.sampled_from([0.25, 0.5, 1.0, 1.5, 3.0]))
def test_gradient_penalty__fines_gentle_and_steep_slopes_alike(submission, case, length):
    """The fine is the square of how far the slope's length is from 1, on either side, and 0 at 1."""
    slopes, real, fake = case
    critic = _cases.linear_critic(slopes * (length / slopes.norm()))
    result = submission.gradient_penalty(critic, real, fake, weight=1.0).detach()
    because = f"the critic's slope has length {length:g} everywhere, which is {length - 1:+g} off"
    assert_close(result, (length - 1) ** 2, rtol=1e-5, atol=1e-7, because=because)


def _numbered(rows: Tensor) -> Tensor:
    """A batch whose samples carry their number in front, so that a critic can tell who they are."""
    return torch.cat([torch.arange(len(rows), dtype=rows.dtype).unsqueeze(1), rows], 1)


def _roster(slopes: Tensor) -> nn.Module:
    """A critic that has a slope of its own for each numbered sample: the row of `slopes` with its number."""

    class Roster(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.slopes = nn.Parameter(slopes)

        def forward(self, x: Tensor) -> Tensor:
            rows = x.flatten(1)
            numbers = rows[:, 0].detach().round().long().clamp(0, len(self.slopes) - 1)
            return (self.slopes[numbers] * rows[:, 1:]).sum(1)

    return Roster().eval()


@given(slopes=tensors(((2, 4), 3), dtype=torch.float64, plain=True), state=seeds())
def test_gradient_penalty__averages_over_the_samples(submission, slopes, state):
    """Each sample is fined for its own slope, and the fines are averaged."""
    generator = torch.Generator().manual_seed(state)
    real, fake = (_numbered(torch.randn(slopes.shape, generator=generator, dtype=torch.float64)) for _ in range(2))
    lengths = [math.sqrt(sum(each**2 for each in row)) for row in slopes.tolist()]
    wanted = sum((length - 1) ** 2 for length in lengths) / len(lengths)
    result = submission.gradient_penalty(_roster(slopes), real, fake, weight=1.0).detach()
    because = f"the samples' slopes have lengths {', '.join(f'{each:.3g}' for each in lengths)}"
    assert_close(result, wanted, rtol=1e-5, because=because)


@given(case=_linear_cases())
def test_gradient_penalty__uses_ten_unless_told_otherwise(submission, case):
    """The weight is 10 by default."""
    slopes, real, fake = case
    wanted = 10 * (float(slopes.norm()) - 1) ** 2
    result = submission.gradient_penalty(_cases.linear_critic(slopes), real, fake).detach()
    assert_close(result, wanted, rtol=1e-5, because="no weight was given, so it is 10")


class Probe(nn.Module):
    """A critic that earns no fine but for one numbered sample, whose slope is the element itself."""

    def __init__(self, row: int, element: int):
        super().__init__()
        self.row, self.element = row, element
        self.scale = nn.Parameter(torch.ones((), dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        """Half the element's square for that sample, the first element for others."""
        rows = x.flatten(1)
        asked = rows[:, 0].detach().round() == self.row
        return self.scale * torch.where(asked, rows[:, self.element].square() / 2, rows[:, 1])


@st.composite
def _pairs_apart(draw):
    """Numbered real and fake samples, elements between 2 and 4 that lie at least ½ apart, shaped as images."""
    batch, state = draw(st.integers(2, 3)), draw(seeds())
    low, high = (
        start + 0.75 * torch.rand(batch, 3, generator=torch.Generator().manual_seed(state + offset)).double()
        for offset, start in enumerate((2.0, 3.25))
    )
    swap = torch.rand(batch, 3, generator=torch.Generator().manual_seed(state + 2)) < 0.5
    both = torch.where(swap, low, high), torch.where(swap, high, low)
    return *(_numbered(each).reshape(batch, 2, 1, 2) for each in both), state


def _mixing_numbers(submission, real: Tensor, fake: Tensor, state: int) -> Tensor:
    """How far from fake (0) to real (1) each element of each sample was mixed, `(batch, elements)`.

    Told by fines alone: a probe's slope is the element that it looks at, and the same state draws the same numbers.
    """
    found = torch.empty(len(real), real[0].numel() - 1, dtype=torch.float64)
    for row, element in itertools.product(range(found.shape[0]), range(1, found.shape[1] + 1)):
        torch.manual_seed(state)
        generator = torch.Generator().manual_seed(state)
        probe = Probe(row, element).eval()
        fine = submission.gradient_penalty(probe, real.clone(), fake.clone(), weight=1.0, generator=generator).detach()
        found[row, element - 1] = 1 + (fine * len(real)).clamp(min=0).sqrt()
    ends = real.flatten(1)[:, 1:], fake.flatten(1)[:, 1:]
    return (found - ends[1]) / (ends[0] - ends[1])


@given(case=_pairs_apart())
def test_gradient_penalty__mixes_each_pair_with_one_number(submission, case):
    """Slopes are taken on the straight line between a real sample and its fake: one number mixes all elements."""
    shares = _mixing_numbers(submission, *case)
    because = "the critic was asked at a point that is not on the segment between this sample's fake and its real one"
    assert_between(shares, 0.0, 1.0, slack=1e-4, because=because)
    because = "all elements of one sample must be mixed by the same number"
    assert_close(shares, shares[:, :1].expand(shares.shape), rtol=0, atol=1e-4, because=because)


@given(case=_pairs_apart())
def test_gradient_penalty__draws_a_number_for_each_pair(submission, case):
    """The samples of a batch are mixed by different numbers."""
    shares = _mixing_numbers(submission, *case)
    first, second = shares[:2].clamp(-1, 2).unbind(0)
    together = float((first - second).abs().max())
    require(together > 1e-7, "two samples of the batch were mixed by the same number", yours=shares[:, 0])


def test_gradient_penalty__draws_evenly_between_fake_and_real(submission):
    """The mixing numbers are uniform on [0, 1]: any point of the segment is as likely as any other."""
    generator = torch.Generator().manual_seed(20)
    real, fake = torch.full((1, 2), 3.0).double(), torch.full((1, 2), 2.0).double()
    real[0, 0] = fake[0, 0] = 0.0
    shares, probe = torch.empty(STARTS, dtype=torch.float64), Probe(0, 1).eval()
    for number in range(STARTS):
        fine = submission.gradient_penalty(probe, real, fake, weight=1.0, generator=generator).detach()
        shares[number] = fine.clamp(min=0).sqrt() - 1
    ranks = torch.arange(1, STARTS + 1, dtype=torch.float64) / STARTS
    gap, bound = float((shares.sort().values - ranks).abs().max()), 3.4 / math.sqrt(STARTS)
    sentence = f"the points that {STARTS} calls looked at do not fill the segment from fake to real evenly"
    require(gap < bound, sentence, yours=f"shares off by up to {gap:.2f}", wanted=f"less than {bound:.2f}")


@st.composite
def _curved_cases(draw, dtype=torch.float64):
    """A curved critic and two batches."""
    shape, batch = draw(SHAPES), draw(st.integers(1, 4))
    kind = draw(st.sampled_from(["mlp", "conv"] if len(shape) == 3 else ["mlp"]))
    critic = _cases.critic(kind, shape, seed=draw(seeds()), dtype=dtype, flat=draw(st.booleans()))
    return critic, *(draw(tensors((batch, *shape), dtype=dtype, plain=True)) for _ in range(2))


@given(case=_curved_cases(), state=seeds())
def test_gradient_penalty__has_the_right_gradient(submission, case, state):
    """Its gradient for the critic's parameters is the slope of the penalty, so that the critic learns from it."""
    critic, real, fake = case
    parameters = list(critic.parameters())

    def fine() -> Tensor:
        torch.manual_seed(state)
        generator = torch.Generator().manual_seed(state)
        return submission.gradient_penalty(critic, real.clone(), fake.clone(), weight=1.0, generator=generator)

    loss = fine()
    require(loss.requires_grad, "no gradient reaches the critic's parameters: the penalty carries no graph")
    gradients = torch.autograd.grad(loss, parameters, allow_unused=True)
    generator = torch.Generator().manual_seed(state)
    directions = [torch.randn(each.shape, generator=generator, dtype=torch.float64) for each in parameters]
    parts = [
        (gradient * direction).sum()
        for gradient, direction in zip(gradients, directions, strict=True)
        if gradient is not None  # the bias of the scores has none
    ]
    along = torch.stack(parts).sum() if parts else torch.zeros(()).double()
    values = []
    for step in (1e-5, -1e-5):
        with torch.no_grad():
            for parameter, direction in zip(parameters, directions, strict=True):
                parameter.add_(step * direction)
        values.append(fine().detach())
        with torch.no_grad():
            for parameter, direction in zip(parameters, directions, strict=True):
                parameter.sub_(step * direction)
    size = 1 + float(values[0].abs() + torch.stack([each.abs() for each in parts]).sum() if parts else values[0].abs())
    because = "if the critic's parameters move a little, the penalty changes by its gradient times the way"
    assert_close(along, (values[0] - values[1]) / 2e-5, rtol=0, atol=1e-4 * size, because=because)


@given(case=_curved_cases(), state=seeds())
def test_gradient_penalty__teaches_nothing_to_the_fakes_maker(submission, case, state):
    """No gradient flows to `fake`, nor to what made it: the penalty is the critic's own."""
    critic, real, noise = case
    shift = torch.zeros(noise.shape[1:], dtype=noise.dtype, requires_grad=True)
    generator = torch.Generator().manual_seed(state)
    loss = submission.gradient_penalty(critic, real, noise + shift, generator=generator)
    if loss.requires_grad:
        (gradient,) = torch.autograd.grad(loss, shift, allow_unused=True)
        found = 0.0 if gradient is None else float(gradient.abs().max())
        require(found == 0, "a gradient flows to whoever made the fakes; hold them constant", yours=found, wanted=0.0)


@given(batch=st.integers(1, 3), shape=SHAPES, curved=st.booleans())
def test_gradient_penalty__stays_finite_where_the_slope_is_zero(submission, batch, shape, curved):
    """Where the critic is flat the penalty is `weight`, and both it and its gradient are finite."""
    flat = torch.zeros(shape, dtype=torch.float64)
    critic = _cases.squares_critic() if curved else _cases.linear_critic(flat)
    points = torch.zeros(batch, *shape, dtype=torch.float64) if curved else torch.ones(batch, *shape).double()
    loss = submission.gradient_penalty(critic, points, points.clone(), weight=2.0)
    assert_close(loss.detach(), 2.0, rtol=1e-2, because="a slope of 0 is 1 away from 1, so the penalty is the weight")
    if loss.requires_grad:
        for gradient in torch.autograd.grad(loss, list(critic.parameters()), allow_unused=True):
            finite = gradient is None or bool(gradient.isfinite().all())
            require(finite, "the gradient at a slope of 0 is not finite: a root is steep at 0", yours=gradient)


@given(case=_linear_cases(), state=seeds())
def test_gradient_penalty__takes_scores_of_either_shape(submission, case, state):
    """A critic may give scores of shape (N,) or (N, 1)."""
    slopes, real, fake = case
    values = []
    for flat in (True, False):
        critic = _cases.linear_critic(slopes, flat=flat)
        generator = torch.Generator().manual_seed(state)
        values.append(submission.gradient_penalty(critic, real, fake, weight=1.0, generator=generator).detach())
        because = f"the critic's scores have shape {'(N,)' if flat else '(N, 1)'}, and its slope is the same"
        assert_close(values[-1], (float(slopes.norm()) - 1) ** 2, rtol=1e-5, because=because)


# power_iteration


@st.composite
def _matrices(draw, *, dtype=torch.float64):
    """A matrix and a start."""
    rows, columns = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    return _cases.matrix_and_start(rows, columns, seed=draw(seeds()), dtype=dtype)


@given(case=_matrices(), count=st.integers(1, 5))
def test_power_iteration__never_exceeds_the_greatest_stretch(submission, case, count):
    """The estimate lies between 0 and the matrix's greatest singular value, and the vector has length 1."""
    weight, u = case
    stretch = float(torch.linalg.svdvals(weight)[0])
    sigma, after = submission.power_iteration(weight, u, count)
    assert_between(sigma.detach(), 0.0, stretch, because=f"no unit vector is stretched to more than {stretch:.5g}")
    assert_close(after.norm(), 1.0, rtol=1e-5, because="the vector that comes back has length 1")


@given(case=_matrices())
def test_power_iteration__reaches_it_after_many_iterations(submission, case):
    """After many iterations, the estimate is the greatest singular value."""
    weight, u = case
    left, stretches, right = torch.linalg.svd(weight, full_matrices=False)
    stretches[1:] = stretches[1:].clamp(max=0.8 * float(stretches[0]))  # else it takes very many
    clear = (left * stretches) @ right
    start = u + left[:, 0] * (1 if float(u @ left[:, 0]) >= 0 else -1)
    sigma, _ = submission.power_iteration(clear, start, 60)
    because = f"60 iterations leave nothing of the other directions: {float(stretches[0]):.5g} is the greatest stretch"
    assert_close(sigma.detach(), stretches[0], rtol=1e-5, because=because)


@given(
    stretches=tensors(((2, 4),), dtype=torch.float64, plain=True, low=0.5, high=2.0),
    u=tensors((4,), dtype=torch.float64, plain=True, low=0.2, high=1.0),
    count=st.integers(1, 4),
    wider=st.integers(0, 2),
)
def test_power_iteration__takes_as_many_iterations_as_it_is_told(submission, stretches, u, count, wider):
    """On a diagonal matrix, k iterations raise the start's entries by powers 2k of the stretches: no more, no less."""
    size = len(stretches)
    weight, u = torch.zeros(size, size + wider, dtype=torch.float64), u[:size]
    weight[range(size), range(size)] = stretches
    first, second = (u * stretches**power for power in (2 * count - 1, 2 * count))
    wanted = second / second.norm()
    sigma, after = submission.power_iteration(weight, u, count)
    because = f"after {count} times there and back, u points along its start times stretches to the power {2 * count}"
    assert_close(after.detach(), wanted, rtol=1e-5, because=because)
    because = f"the estimate after exactly {count} iterations: what the last v is stretched to"
    assert_close(sigma.detach(), second.norm() / first.norm(), rtol=1e-5, because=because)


@given(case=_matrices(), counts=st.tuples(st.integers(1, 3), st.integers(1, 3)))
def test_power_iteration__goes_on_from_the_u_that_it_returned(submission, case, counts):
    """Some iterations, and then more from the u that came back, are as good as all of them at once."""
    weight, u = case
    _, between = submission.power_iteration(weight, u.clone(), counts[0])
    sigma, after = submission.power_iteration(weight, between.detach().clone(), counts[1])
    wanted, end = submission.power_iteration(weight, u.clone(), sum(counts))
    because = f"{counts[0]} iterations and {counts[1]} more from there are {sum(counts)}"
    assert_close(sigma.detach(), wanted.detach(), rtol=1e-5, because=because)
    assert_close(after.detach(), end.detach(), rtol=1e-5, atol=1e-7, because=because)


@given(case=_matrices(), factor=st.sampled_from([0.125, 4.0, 100.0]), count=st.integers(1, 3))
def test_power_iteration__ignores_the_length_of_u(submission, case, factor, count):
    """A start that is longer or shorter gives the same estimate: only its direction counts."""
    weight, u = case
    sigma, _ = submission.power_iteration(weight, u.clone(), count)
    scaled, _ = submission.power_iteration(weight, factor * u, count)
    assert_close(scaled.detach(), sigma.detach(), rtol=1e-5, because=f"the start is {factor:g} times as long, no more")


@given(case=_matrices(), count=st.integers(1, 4))
def test_power_iteration__has_the_right_gradient(submission, case, count):
    """Its gradient for the weight is that of uᵀWv with both vectors held constant."""
    weight, u = case
    sigma, after = submission.power_iteration(weight.requires_grad_(), u, count)
    require(sigma.requires_grad, "no gradient reaches the weight: the estimate carries no graph")
    (slope,) = torch.autograd.grad(sigma, weight)
    because = "for constant vectors the estimate is linear in the weight: its slope times the weight is the estimate"
    assert_close((slope * weight).sum().detach(), sigma.detach(), rtol=1e-5, because=because)
    because = "for constant u and v of length 1, the slope is their outer product: its rows are u's entries times v"
    row = after.detach() @ slope
    assert_close(slope, after.detach()[:, None] * row, rtol=1e-4, atol=1e-6, because=because)
    assert_close(row.norm(), 1.0, rtol=1e-4, because="v has length 1, and so has the slope")


@given(sizes=st.tuples(st.integers(1, 4), st.integers(1, 4)), count=st.integers(1, 3), dtype=dtypes(), state=seeds())
def test_power_iteration__gives_zero_for_a_matrix_of_zeros(submission, sizes, count, dtype, state):
    """A matrix of zeros stretches nothing: sigma is 0, and nothing is divided by 0."""
    u = torch.randn(sizes[0], generator=torch.Generator().manual_seed(state), dtype=dtype)
    sigma, _ = submission.power_iteration(torch.zeros(sizes, dtype=dtype), u, count)
    assert_equal(sigma.detach(), torch.zeros((), dtype=dtype), because="a matrix of zeros maps everything to 0")


@given(case=_matrices(), count=st.integers(-3, 0))
def test_power_iteration__refuses_less_than_one_iteration(submission, case, count):
    """Less than one iteration raises ValueError."""
    because = f"num_iterations={count} gives no v to estimate with"
    assert_raises(ValueError, submission.power_iteration, *case, count, because=because)
