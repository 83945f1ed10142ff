"""What any right answer of this unit keeps. Read it: nothing in here gives an answer away."""

from __future__ import annotations

import math

import torch
from hypothesis import example, given
from hypothesis import strategies as st

from autograder.assertions import assert_between, assert_close, assert_equal, assert_raises, require
from autograder.strategies import seeds
from autograder.training import training

EPSILON = 0.1
HYPOTHESES = 21


def risks(seed: int, *shape: int) -> torch.Tensor:
    """Risks that are multiples of 1/16, so that no comparison is decided by rounding."""
    return torch.randint(17, shape, generator=torch.Generator().manual_seed(seed)).double() / 16


@given(mistakes=st.lists(st.integers(0, 7), min_size=1, max_size=4), samples=st.integers(1, 7), seed=seeds())
def test_empirical_risk__counts_each_mistake_once(submission, mistakes, samples, seed):
    """A hypothesis with k mistakes in N predictions has risk k/N."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(3, (samples,), generator=generator)
    mistakes = [min(number, samples) for number in mistakes]
    predictions = labels.repeat(len(mistakes), 1)
    for row, number in enumerate(mistakes):
        for column in torch.randperm(samples, generator=generator)[:number]:
            predictions[row, column] += 1 + int(torch.randint(5, (), generator=generator))
    predictions %= 6  # so that a wrong answer may lie below the label too
    wanted = torch.tensor([number / samples for number in mistakes], dtype=torch.float64)
    found = submission.empirical_risk(predictions, labels)
    assert_close(found, wanted, because=f"with {mistakes} mistakes in {samples} predictions", rtol=1e-6, atol=1e-6)


@given(samples=st.integers(1, 50), seed=seeds())
def test_empirical_risk__answers_in_float64(submission, samples, seed):
    """Risks are float64, as exact as they can be."""
    generator = torch.Generator().manual_seed(seed)
    predictions, labels = (
        torch.randint(3, (3, samples), generator=generator),
        torch.randint(3, (samples,), generator=generator),
    )
    found = submission.empirical_risk(predictions, labels)
    require(found.dtype == torch.float64, f"it returned {found.dtype}; wanted torch.float64")
    counts = found * samples
    assert_close(
        counts, counts.round(), because=f"risks times {samples} samples are whole numbers", rtol=0.0, atol=1e-9
    )


@given(samples=st.integers(1, 4))
def test_empirical_risk__takes_no_hypotheses(submission, samples):
    """Of no hypotheses it gives no risks."""
    submission.empirical_risk(torch.zeros((0, samples), dtype=torch.int64), torch.zeros(samples, dtype=torch.int64))


@given(seed=seeds(), hypotheses=st.integers(1, 5), which=st.integers(0, 4), up=st.booleans())
def test_is_bad_dataset__one_misjudged_hypothesis_is_enough(submission, seed, hypotheses, which, up):
    """One hypothesis that is off by more than ε makes a training set bad; none makes it good."""
    true = risks(seed, hypotheses) / 2 + 0.25
    train = true.clone()
    assert_equal(submission.is_bad_dataset(train, true, 0.125), torch.tensor(False), because="no risk is misjudged")
    train[which % hypotheses] += 0.25 if up else -0.25
    assert_equal(
        submission.is_bad_dataset(train, true, 0.1875), torch.tensor(True), because="one risk is off by 0.25 > 0.1875"
    )


@given(seed=seeds(), hypotheses=st.integers(1, 4))
def test_is_bad_dataset__both_directions_count(submission, seed, hypotheses):
    """A training risk that is too low is as bad as one that is too high."""
    true = risks(seed, hypotheses) / 2 + 0.25
    for sign, name in ((1, "high"), (-1, "low")):
        found = submission.is_bad_dataset(true + sign * 0.25, true, 0.125)
        assert_equal(found, torch.tensor(True), because=f"every training risk is too {name} by 0.25 > 0.125")


@given(seed=seeds(), hypotheses=st.integers(1, 4), up=st.booleans(), eighths=st.integers(1, 2))
def test_is_bad_dataset__allows_exactly_epsilon(submission, seed, hypotheses, up, eighths):
    """A training set is bad only if a risk is off by more than ε, not by ε itself."""
    true, epsilon = risks(seed, hypotheses) / 2 + 0.25, eighths / 8
    train = true + (epsilon if up else -epsilon)
    found = submission.is_bad_dataset(train, true, epsilon)
    assert_equal(found, torch.tensor(False), because=f"every risk is off by exactly ε = {epsilon}")
    found = submission.is_bad_dataset(train, true, epsilon - 1 / 64)
    assert_equal(found, torch.tensor(True), because=f"every risk is off by {epsilon}, and ε is a little less")


@given(seed=seeds(), shape=st.sampled_from([(3,), (1,), (2, 3), (3, 2), (0,)]), hypotheses=st.integers(1, 3))
def test_is_bad_dataset__judges_every_dataset_alone(submission, seed, shape, hypotheses):
    """Each training set of a table gets the verdict that it gets alone."""
    train, true = risks(seed, *shape, hypotheses), risks(seed + 1, hypotheses)
    found = submission.is_bad_dataset(train, true, 9 / 32)
    for index in torch.cartesian_prod(*(torch.arange(size) for size in shape)).reshape(-1, len(shape)).tolist():
        alone = submission.is_bad_dataset(train[tuple(index)], true, 9 / 32)
        assert_equal(found[tuple(index)], alone, because=f"training set {index} alone gets another verdict")


def rate_of_bad_datasets(submission, samples: int, seed: int) -> float:
    """Share of 1,000 training sets that are bad for threshold classifiers on points in [0, 1] with noisy labels."""
    generator = torch.Generator().manual_seed(seed)
    points = torch.rand(100_000, generator=generator)
    labels = (points > 0.5) ^ (torch.rand(100_000, generator=generator) < 0.2)
    wrong = torch.stack([(points > threshold) != labels for threshold in torch.linspace(0, 1, HYPOTHESES)]).double()
    chosen = torch.randint(100_000, (1000, samples), generator=generator)
    train = wrong[:, chosen].mean(-1).T  # (training sets, hypotheses)
    return float(submission.is_bad_dataset(train, wrong.mean(-1), EPSILON + 1e-9).double().mean())


@training(measures="share of bad training sets of 50 samples minus that of 400", above=0.42)
def test_is_bad_dataset__is_rarer_with_more_data(submission, seed):
    """Small training sets are often bad, large ones hardly ever."""
    return rate_of_bad_datasets(submission, 50, seed) - rate_of_bad_datasets(submission, 400, seed + 1)


@training(measures="share of bad training sets of 300 samples", below=2 * HYPOTHESES * math.exp(-600 * EPSILON**2))
def test_is_bad_dataset__seldom_happens_with_many_samples(submission, seed):
    """Bad training sets are rarer than the bound of this unit allows."""
    return rate_of_bad_datasets(submission, 300, seed)


@given(samples=st.integers(1, 40), hundredths=st.integers(1, 60))
@example(samples=1, hundredths=40)
@example(samples=4, hundredths=30)
def test_bad_dataset_bound__never_promises_too_much(submission, samples, hundredths):
    """It is no smaller than the true chance, here of a fair coin that shows a share of heads off by more than ε."""
    epsilon = hundredths / 100 + 1e-9
    off = [heads for heads in range(samples + 1) if abs(heads / samples - 0.5) > epsilon]
    chance = sum(math.comb(samples, heads) for heads in off) / 2**samples
    found = submission.bad_dataset_bound(1, samples, epsilon)
    require(
        found >= chance * (1 - 1e-9),
        f"for {samples} tosses and ε = {epsilon:.2f} the true chance is {chance:.6g}; a bound is never below it",
        yours=found,
    )


@given(hypotheses=st.integers(1, 10**6), samples=st.integers(1, 10**6), hundredths=st.integers(1, 200))
@example(hypotheses=10**6, samples=1, hundredths=1)
@example(hypotheses=1, samples=10**12, hundredths=1000)
def test_bad_dataset_bound__is_a_probability(submission, hypotheses, samples, hundredths):
    """It lies in [0, 1]: a bound above 1 would say nothing."""
    found = submission.bad_dataset_bound(hypotheses, samples, hundredths / 100)
    assert_between(found, 0.0, 1.0, because="a probability is bounded", slack=0.0)


def useful_bounds() -> st.SearchStrategy[tuple[int, int, float]]:
    """|H|, N and ε for which the bound is neither 1 nor too small to compare."""
    return st.tuples(st.integers(1, 50), st.integers(50, 400), st.integers(15, 25).map(lambda each: each / 100)).filter(
        lambda each: 1e-100 < 4 * each[0] * math.exp(-2 * each[1] * each[2] ** 2) < 0.9
    )


@given(arguments=useful_bounds())
def test_bad_dataset_bound__doubles_with_the_hypotheses(submission, arguments):
    """Twice as many hypotheses, twice the bound: the union bound adds."""
    hypotheses, samples, epsilon = arguments
    once = submission.bad_dataset_bound(hypotheses, samples, epsilon)
    twice = submission.bad_dataset_bound(2 * hypotheses, samples, epsilon)
    assert_close(twice / once, 2.0, because=f"the bound for {2 * hypotheses} hypotheses over that for {hypotheses}")


@given(arguments=useful_bounds())
def test_bad_dataset_bound__squares_when_the_data_doubles(submission, arguments):
    """With one hypothesis, half the bound is squared when the data doubles, and again when ε does."""
    _, samples, epsilon = arguments
    half = submission.bad_dataset_bound(1, samples, epsilon) / 2
    more_data = submission.bad_dataset_bound(1, 2 * samples, epsilon) / 2
    assert_close(more_data, half**2, because="half the bound with twice the data", rtol=1e-6, atol=1e-280)
    larger = submission.bad_dataset_bound(1, samples, 2 * epsilon) / 2
    assert_close(larger, half**4, because="half the bound with twice the ε", rtol=1e-6, atol=1e-280)


@given(power=st.sampled_from([1100, 2000, 4095]), excess=st.integers(1, 20))
@example(power=4095, excess=3)
def test_bad_dataset_bound__holds_for_huge_classes(submission, power, excess):
    """It is right for classes as large as 2 to the power 4096, far beyond any float."""
    hypotheses = 2**power
    samples = math.ceil((math.log(2) * (power + 2) + excess) / 0.02)
    once = submission.bad_dataset_bound(hypotheses, samples, 0.1)
    twice = submission.bad_dataset_bound(2 * hypotheses, samples, 0.1)
    require(0 < once < 1, f"for |H| = 2**{power}, N = {samples}, ε = 0.1 it lies between 0 and 1", yours=once)
    assert_close(
        twice / once, 2.0, because=f"the bound for 2**{power + 1} hypotheses over that for 2**{power}", rtol=1e-6
    )


@given(which=st.sampled_from([(0, 10, 0.1), (-1, 10, 0.1), (3, 0, 0.1), (3, -2, 0.1), (3, 10, 0.0), (3, 10, -0.1)]))
@example(which=(0, 10, 0.1))
@example(which=(3, 0, 0.1))
@example(which=(3, 10, 0.0))
@example(which=(3, 10, -0.1))
def test_bad_dataset_bound__rejects_impossible_arguments(submission, which):
    """No hypotheses, no samples or an ε that is not positive is a ValueError."""
    because = "bad_dataset_bound({}, {}, {}) asks for the impossible".format(*which)
    assert_raises(ValueError, submission.bad_dataset_bound, *which, because=because)


def logarithm_of_the_bound(hypotheses: int, samples: int, epsilon: float) -> float:
    """Of 2|H|exp(−2Nε²), the number that the handout compares with δ."""
    return math.log(2) + math.log(hypotheses) - 2 * samples * epsilon**2


def questions() -> st.SearchStrategy[tuple[int, float, float]]:
    """|H|, ε and δ."""
    hundredths = st.integers(2, 60).map(lambda each: each / 100)
    return st.tuples(st.integers(1, 10**6), hundredths, st.integers(1, 99).map(lambda each: each / 100))


@given(question=questions())
@example(question=(21, 0.1, 0.05))
def test_sample_complexity__is_enough(submission, question):
    """With that many samples the bound is at most δ."""
    hypotheses, epsilon, delta = question
    samples = submission.sample_complexity(hypotheses, epsilon, delta)
    require(samples >= 1, "at least one sample is needed", yours=samples)
    bound = logarithm_of_the_bound(hypotheses, samples, epsilon)
    require(
        bound <= math.log(delta) + 1e-9,
        f"for |H| = {hypotheses}, ε = {epsilon}, δ = {delta} the bound is {math.exp(min(bound, 50)):.6g}, above δ",
        yours=samples,
    )


@given(question=questions())
@example(question=(1, 10.0, 0.9))
@example(question=(21, 0.1, 0.05))
def test_sample_complexity__is_the_least(submission, question):
    """With one sample fewer the bound would exceed δ, unless one is all."""
    hypotheses, epsilon, delta = question
    samples = submission.sample_complexity(hypotheses, epsilon, delta)
    fewer = logarithm_of_the_bound(hypotheses, samples - 1, epsilon)
    require(
        samples <= 1 or fewer > math.log(delta) - 1e-9,
        f"for |H| = {hypotheses}, ε = {epsilon}, δ = {delta} fewer samples keep the bound at most δ too",
        yours=samples,
    )


@given(hypotheses=st.integers(1, 10**6), hundredths=st.integers(2, 20))
def test_sample_complexity__grows_with_the_logarithm_of_the_class(submission, hypotheses, hundredths):
    """Squaring 2|H|/δ doubles the samples, and halving ε takes four times as many, up to rounding."""
    epsilon, delta = hundredths / 100, 0.5
    once = submission.sample_complexity(hypotheses, epsilon, delta)
    squared = submission.sample_complexity(4 * hypotheses**2, epsilon, delta)
    assert_between(squared - 2 * once, -2, 2, because="samples for 4|H|² hypotheses at δ = ½ minus twice those for |H|")
    finer = submission.sample_complexity(hypotheses, epsilon / 2, delta)
    assert_between(finer - 4 * once, -4, 4, because="samples for ε/2 minus four times those for ε")


@given(which=st.sampled_from([(0, 0.1, 0.1), (-1, 0.1, 0.1), (3, -0.1, 0.1), (3, 0.1, -0.5), (3, 0.1, 1.5)]))
@example(which=(0, 0.1, 0.1))
@example(which=(3, 0.0, 0.1))
@example(which=(3, -0.1, 0.1))
@example(which=(3, 0.1, 0.0))
@example(which=(3, 0.1, 1.0))
def test_sample_complexity__rejects_impossible_arguments(submission, which):
    """No hypotheses, an ε that is not positive or a δ outside (0, 1) is a ValueError."""
    because = "sample_complexity({}, {}, {}) asks for the impossible".format(*which)
    assert_raises(ValueError, submission.sample_complexity, *which, because=because)


@given(seed=seeds(), shape=st.sampled_from([(), (3,), (2, 2)]), hypotheses=st.integers(1, 5))
def test_excess_risk__is_never_negative(submission, seed, shape, hypotheses):
    """Nothing that is chosen on a training set beats the best, and a perfect training set finds the best."""
    train, true = risks(seed, *shape, hypotheses), risks(seed + 1, hypotheses)
    found = submission.excess_risk(train, true)
    require(bool((found >= 0).all()), "no choice has a smaller true risk than the best one", yours=found)
    perfect = submission.excess_risk(true.expand(*shape, hypotheses).clone(), true)
    assert_close(
        perfect, torch.zeros(shape).double(), because="if the training risks are the true ones, nothing is lost"
    )


@given(seed=seeds(), hypotheses=st.integers(2, 5), which=st.integers(0, 4))
def test_excess_risk__chooses_on_the_training_set(submission, seed, hypotheses, which):
    """It follows the least training risk, wherever that leads."""
    which = which % hypotheses
    true = risks(seed, hypotheses)
    train = torch.full((hypotheses,), 0.75, dtype=torch.float64)
    train[which] = 0.25
    best = min(true.tolist())
    found = submission.excess_risk(train, true)
    because = f"training risks {train.tolist()} speak for hypothesis {which}, whose true risk is {true[which]:g}"
    assert_close(found, torch.tensor(float(true[which]) - best, dtype=torch.float64), because=because)


@given(seed=seeds(), hypotheses=st.integers(2, 5), data=st.data())
def test_excess_risk__breaks_ties_by_the_lowest_index(submission, seed, hypotheses, data):
    """Where several training risks are least, it takes the first of them."""
    first = data.draw(st.integers(0, hypotheses - 2))
    second = data.draw(st.integers(first + 1, hypotheses - 1))
    train = torch.full((hypotheses,), 0.5, dtype=torch.float64)
    train[first] = train[second] = 0.125
    true = torch.arange(hypotheses, dtype=torch.float64) / 16
    true = true if seed % 2 else true.flip(0)
    found = submission.excess_risk(train, true)
    wanted = torch.tensor(float(true[first]) - min(true.tolist()), dtype=torch.float64)
    assert_close(found, wanted, because=f"hypotheses {first} and {second} tie; {first} is to be chosen")


@given(seed=seeds(), hypotheses=st.integers(1, 6), sixteenths=st.integers(1, 8))
def test_excess_risk__is_within_two_epsilon(submission, seed, hypotheses, sixteenths):
    """If no hypothesis is misjudged by more than ε, the choice costs at most 2ε."""
    epsilon, generator = sixteenths / 16, torch.Generator().manual_seed(seed)
    true = torch.rand(hypotheses, generator=generator, dtype=torch.float64)
    train = true + epsilon * (2 * torch.rand(20, hypotheses, generator=generator, dtype=torch.float64) - 1)
    found = submission.excess_risk(train, true)
    because = f"no training risk is off by more than ε = {epsilon}"
    assert_between(found, 0.0, 2 * epsilon, because=because, slack=1e-9)
