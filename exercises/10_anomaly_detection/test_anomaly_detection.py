"""Checks of unit 10, anomaly detection: read them, they say what is wanted."""

from __future__ import annotations

import copy
import itertools
import math
from pathlib import Path

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from autograder.assertions import assert_close, require
from autograder.content import load_file
from autograder.data import digits, two_moons
from autograder.models import MLP, randomize
from autograder.strategies import images, logits, seeds, tensors, vectors
from autograder.training import adam, once, train_classifier, training

cases = load_file(Path(__file__).with_name("cases.py"))


def rank_quality(normal: Tensor, anomaly: Tensor) -> float:
    """scikit-learn's AUROC."""
    from sklearn.metrics import roc_auc_score

    labels = torch.cat([torch.zeros(len(normal)), torch.ones(len(anomaly))])
    return float(roc_auc_score(labels.numpy(), torch.cat([normal, anomaly]).detach().cpu().numpy()))


# reconstruction_score


@given(x=images(dtype=torch.float64, plain=True), where=st.integers(0, 999))
def test_reconstruction_score__is_zero_for_a_perfect_copy_alone(submission, x, where):
    """It is 0 where the reconstruction is perfect, and above 0 where a single pixel is off."""
    because = "a perfect reconstruction has no error"
    assert_close(submission.reconstruction_score(x, x.clone()), torch.zeros(len(x)).double(), because=because)
    spoiled = x.clone()
    spoiled.view(len(x), -1)[:, where % x[0].numel()] += 0.5
    score = submission.reconstruction_score(x, spoiled)
    require((score > 0).all(), "one wrong pixel must already raise the score above 0", yours=score)


@given(x=images(dtype=torch.float64, plain=True), quarters=st.integers(1, 12))
def test_reconstruction_score__averages_over_all_entries(submission, x, quarters):
    """An error of d in every pixel scores d², whatever the size of the image."""
    score = submission.reconstruction_score(x, x + quarters / 4)
    wanted = torch.full((len(x),), (quarters / 4) ** 2, dtype=torch.float64)
    because = f"every pixel is off by d = {quarters / 4}, so the mean of the squares is d²"
    assert_close(score, wanted, because=because)


@given(x=vectors(size=(2, 6), dtype=torch.float64, plain=True), quarters=st.integers(1, 8))
def test_reconstruction_score__lets_no_errors_cancel(submission, x, quarters):
    """Errors of +d and −d in two of n entries score 2d²/n: they add up."""
    error, entries = torch.zeros_like(x), x.shape[1]
    error[:, 0], error[:, -1] = quarters / 4, -quarters / 4
    wanted = torch.full((len(x),), 2 * (quarters / 4) ** 2 / entries, dtype=torch.float64)
    because = "too much in one place must not make up for too little in another, and good entries count as zeros"
    assert_close(submission.reconstruction_score(x, x + error), wanted, because=because)


@training(measures="the AUROC of your score for an autoencoder that saw zeros only", above=0.7)
def test_reconstruction_score__finds_other_digits_with_an_autoencoder(submission, seed, device):
    """With an autoencoder that was trained on zeros it tells the other digits from zeros."""
    data = digits()
    zeros = data.train_x[data.train_y == 0].flatten(1).to(device)
    autoencoder = MLP(64, 32, 8, 32, 64)
    randomize(autoencoder, torch.Generator().manual_seed(seed))
    autoencoder = autoencoder.to(device)
    step = adam(autoencoder.parameters(), 5e-3)
    for _ in range(200):
        step(nn.functional.mse_loss(autoencoder(zeros), zeros))
    test = data.test_x.flatten(1).to(device)
    with torch.no_grad():
        redrawn = autoencoder(test)
    score = submission.reconstruction_score(test, redrawn)
    return rank_quality(score[data.test_y == 0], score[data.test_y != 0])


# confidence_score


@given(rows=st.integers(1, 4), classes=st.integers(2, 12), level=st.integers(-200, 200))
def test_confidence_score__is_highest_where_all_classes_are_alike(submission, rows, classes, level):
    """K equal logits score 1 − 1/K, the most there can be."""
    score = submission.confidence_score(torch.full((rows, classes), float(level), dtype=torch.float64))
    wanted = torch.full((rows,), 1 - 1 / classes, dtype=torch.float64)
    because = f"every one of the {classes} classes has probability 1/{classes}, the favourite too"
    assert_close(score, wanted, because=because)


@given(x=logits(dtype=torch.float64, plain=True), where=st.integers(0, 99))
def test_confidence_score__is_zero_where_one_class_is_certain(submission, x, where):
    """It is 0 where one logit is ahead of all others by 200."""
    x[:, where % x.shape[1]] += 220.0
    because = "a classifier that is certain of a class finds nothing unusual"
    assert_close(submission.confidence_score(x), torch.zeros(len(x)).double(), because=because)


@given(gap=tensors((None,), dtype=torch.float64, low=0.1, high=6.0), level=st.integers(1, 3), swap=st.booleans())
def test_confidence_score__follows_the_odds_of_two_classes(submission, gap, level, swap):
    """Of two classes whose logits lie d apart, the less likely one has the probability σ(−d), which is the score."""
    two = level + torch.stack([gap, torch.zeros_like(gap)], 1)
    score = submission.confidence_score(two.flip(1) if swap else two)
    because = "with two classes, 1 minus the greater probability is the smaller one"
    assert_close(score, torch.sigmoid(-gap), because=because)


@given(x=logits(dtype=torch.float64, plain=True), shift=tensors((1,), dtype=torch.float64))
def test_confidence_score__ignores_a_shift_of_all_logits(submission, x, shift):
    """Adding one number to all logits of a sample changes nothing."""
    because = "softmax, and so every score of probabilities, depends on differences of logits alone"
    assert_close(submission.confidence_score(x + shift), submission.confidence_score(x), because=because)


# entropy_score


@given(rows=st.integers(1, 3), classes=st.sampled_from([2, 3, 10, 2000]), level=st.integers(-200, 200))
def test_entropy_score__is_log_k_where_all_classes_are_alike(submission, rows, classes, level):
    """K equal logits score log K, in nats."""
    score = submission.entropy_score(torch.full((rows, classes), float(level), dtype=torch.float64))
    wanted = torch.full((rows,), math.log(classes), dtype=torch.float64)
    because = f"{classes} equally likely classes have entropy log {classes} = {math.log(classes):.8f} nats"
    assert_close(score, wanted, because=because)


@given(x=logits(plain=True), where=st.integers(0, 99))
def test_entropy_score__is_zero_where_one_class_is_certain(submission, x, where):
    """It is 0 where one logit is ahead of all others by 200."""
    x[:, where % x.shape[1]] += 220.0
    because = "a certain class leaves nothing open: 0 · log 0 counts as 0"
    assert_close(submission.entropy_score(x), torch.zeros(len(x), dtype=x.dtype), because=because)


@given(halvings=st.integers(1, 6), shift=st.integers(-5, 5), state=seeds())
def test_entropy_score__weighs_surprise_by_probability(submission, halvings, shift, state):
    """Probabilities 1/2, 1/4, 1/8, … give the sum of p times the number of halvings, times log 2."""
    powers = torch.tensor([*range(1, halvings + 1), halvings], dtype=torch.float64)  # their 2^-powers sum to 1
    order = torch.randperm(len(powers), generator=torch.Generator().manual_seed(state))
    score = submission.entropy_score((shift - powers * math.log(2))[order][None])
    wanted = (0.5**powers * powers).sum().reshape(1) * math.log(2)
    because = f"a class of probability 2^-k surprises by k · log 2 nats, here with k = {powers.int().tolist()}"
    assert_close(score, wanted, because=because)


@given(first=logits(dtype=torch.float64, plain=True), classes=st.integers(2, 4), state=seeds())
def test_entropy_score__adds_up_over_independent_choices(submission, first, classes, state):
    """The entropy of two independent choices together is the sum of both entropies."""
    generator = torch.Generator().manual_seed(state)
    second = torch.randn(len(first), classes, generator=generator, dtype=torch.float64)
    both = (first[:, :, None] + second[:, None, :]).flatten(1)
    parts = submission.entropy_score(first).detach() + submission.entropy_score(second).detach()
    because = "all pairs of classes of two independent choices, as one list of logits: their surprises add up"
    assert_close(submission.entropy_score(both), parts, because=because)


@given(x=logits(dtype=torch.float64, plain=True), shift=tensors((1,), dtype=torch.float64))
def test_entropy_score__ignores_a_shift_of_all_logits(submission, x, shift):
    """Adding one number to all logits of a sample changes nothing."""
    because = "softmax, and so every score of probabilities, depends on differences of logits alone"
    assert_close(submission.entropy_score(x + shift), submission.entropy_score(x), because=because)


@given(rows=st.integers(1, 3), classes=st.integers(2, 5), state=seeds())
def test_entropy_score__keeps_its_gradient_in_single_precision(submission, rows, classes, state):
    """At logits up to ±200 the gradient in float32 is finite, and the one in float64."""
    generator = torch.Generator().manual_seed(state)
    levels = torch.tensor([0.0, 200.0, -200.0, 5.0, 4.0])
    x = levels[torch.randint(len(levels), (rows, classes), generator=generator)]
    x[0, :2] = torch.tensor([200.0, -200.0])
    slopes = []
    for dtype in (torch.float64, torch.float32):
        leaf = x.to(dtype).requires_grad_()
        score = submission.entropy_score(leaf)
        require(score.requires_grad, "no gradient reaches the logits: the result carries no graph")
        (slope,) = torch.autograd.grad(score.sum(), leaf)
        slopes.append(slope.double())
    wide, narrow = slopes
    require(
        narrow.isfinite().all(),
        "the gradient is not finite in float32, where exp(-200) rounds to 0: keep log and probability apart",
        yours=narrow,
    )
    because = "float32 must give the gradient of float64, up to rounding"
    assert_close(narrow, wide, rtol=1e-3, atol=1e-4, because=because)


@once
def _taught_eight_digits(seed: int, device: torch.device) -> nn.Module:
    """A classifier that has seen the digits 0 to 7."""
    data = digits()
    known = data.train_y < 8
    model = MLP(64, 64, 8, activation="relu")
    return train_classifier(model, data.train_x[known], data.train_y[known], seed=seed, device=device)


@training(measures="the AUROC of your score on eights and nines for a classifier of 0 to 7", above=0.7)
def test_entropy_score__finds_digits_that_were_not_taught(submission, seed, device):
    """With a classifier that was taught the digits 0 to 7 it tells eights and nines from them."""
    data, model = digits(), _taught_eight_digits(seed, device)
    with torch.no_grad():
        answers = model(data.test_x.to(device))
    score = submission.entropy_score(answers)
    return rank_quality(score[data.test_y < 8], score[data.test_y >= 8])


# fit_gaussian


@given(
    center=tensors(((1, 4),), dtype=torch.float64, low=-3.0, high=3.0),
    state=seeds(),
    eps=st.sampled_from([0.001, 0.25, 1.0]),
)
def test_fit_gaussian__finds_the_mean_and_the_spread(submission, center, state, eps):
    """Two points at c ± v have the mean c, and vᵢ·vⱼ as the covariance of features i and j, plus eps·I."""
    generator = torch.Generator().manual_seed(state)
    v = torch.randn(len(center), generator=generator, dtype=torch.float64)
    mean, covariance = submission.fit_gaussian(torch.stack([center + v, center - v]), eps=eps)
    assert_close(mean, center, because="the mean lies half-way between the two points")
    wanted = torch.outer(v, v) + eps * torch.eye(len(v), dtype=torch.float64)
    because = "both points are off by ±v from their mean, so the mean outer product is that of v with itself"
    assert_close(covariance, wanted, because=because)


@given(x=tensors(((1, 5), (1, 3)), dtype=torch.float64, low=-3.0, high=3.0))
def test_fit_gaussian__divides_by_the_number_of_samples(submission, x):
    """Having every sample twice changes neither mean nor covariance."""
    once, twice = submission.fit_gaussian(x, eps=0.25), submission.fit_gaussian(torch.cat([x, x]), eps=0.25)
    because = "the same samples again tell nothing new; a covariance over N, not N − 1, knows that"
    assert_close(twice[0], once[0], because=because)
    assert_close(twice[1], once[1], because=because)


@given(x=tensors(((1, 5), (2, 4)), dtype=torch.float64, low=-3.0, high=3.0), eighths=st.integers(1, 16))
def test_fit_gaussian__adds_eps_to_the_variances_alone(submission, x, eighths):
    """A larger eps adds just as much to each variance and nothing to any other covariance."""
    (_, small), (_, large) = submission.fit_gaussian(x, eps=0.125), submission.fit_gaussian(x, eps=0.125 + eighths / 8)
    because = f"eps grew by {eighths / 8}: that times the identity matrix must be the difference"
    assert_close(large - small, eighths / 8 * torch.eye(x.shape[1], dtype=torch.float64), because=because)


@given(x=tensors(((1, 5), (1, 3)), dtype=torch.float64, low=-3.0, high=3.0))
def test_fit_gaussian__uses_a_millionth_unless_told_otherwise(submission, x):
    """Without eps it adds 0.000001 to each variance."""
    (_, default), (_, named) = submission.fit_gaussian(x), submission.fit_gaussian(x, eps=0.5)
    wanted = named - (0.5 - 1e-6) * torch.eye(x.shape[1], dtype=torch.float64)
    assert_close(default, wanted, rtol=0.0, atol=2e-8, because="eps is 1e-6 where the caller does not name it")


@given(x=tensors(((1, 6), (1, 3)), dtype=torch.float64, plain=True, low=-3.0, high=3.0), state=seeds())
def test_fit_gaussian__turns_and_stretches_with_the_data(submission, x, state):
    """Mapping all samples by x → A·x + b maps the mean likewise, and the covariance C to A·C·Aᵀ."""
    generator, size = torch.Generator().manual_seed(state), x.shape[1]
    a = torch.randn(size, size, generator=generator, dtype=torch.float64)
    b = torch.randn(size, generator=generator, dtype=torch.float64)
    nudge = 0.001 * torch.eye(size, dtype=torch.float64)
    mean, covariance = submission.fit_gaussian(x, eps=0.001)
    moved_mean, moved_covariance = submission.fit_gaussian(x @ a.T + b, eps=0.001)
    assert_close(moved_mean, a @ mean + b, because="the mean must move with the samples")
    because = "apart from eps·I, the covariance must turn and stretch with the samples"
    assert_close(moved_covariance - nudge, a @ (covariance - nudge) @ a.T, atol=1e-7, because=because)


@given(x=tensors(((1, 3), (4, 5)), dtype=torch.float64, low=-3.0, high=3.0))
def test_fit_gaussian__can_be_inverted_with_few_samples(submission, x):
    """With fewer samples than features the covariance is symmetric, and no variance is below eps in any direction."""
    _, covariance = submission.fit_gaussian(x, eps=0.001)
    assert_close(covariance, covariance.T.clone(), because="the covariance of i and j is that of j and i")
    least = torch.linalg.eigvalsh(covariance)[0]
    require(
        least > 0.0005,
        f"{len(x)} samples do not span {x.shape[1]} dimensions; eps must keep the covariance invertible: its least "
        "eigenvalue should be about eps = 0.001",
        yours=least.item(),
    )


# gaussian_score


@given(x=vectors(dtype=torch.float64))
def test_gaussian_score__knows_the_standard_normal(submission, x):
    """With mean 0 and covariance I it is |x|²/2 + D/2 · log 2π."""
    size = x.shape[1]
    score = submission.gaussian_score(x, torch.zeros(size).double(), torch.eye(size).double())
    wanted = (x**2).sum(1) / 2 + size / 2 * math.log(2 * math.pi)
    assert_close(score, wanted, because="this is minus the logarithm of the standard normal density")


@given(size=st.integers(1, 2), state=seeds())
def test_gaussian_score__makes_a_density_that_integrates_to_one(submission, size, state):
    """exp(−score), summed over a fine grid times the volume of a cell, is 1."""
    mean = torch.randn(size, generator=torch.Generator().manual_seed(state), dtype=torch.float64)
    covariance = cases.covariance_matrix(size, state, torch.float64)
    variances, axes = torch.linalg.eigh(covariance)
    ticks = torch.arange(-6.0, 6.1, 0.75, dtype=torch.float64)  # in standard deviations along each axis
    grid = torch.cartesian_prod(*[ticks] * size).reshape(-1, size)
    points = mean + (grid * variances.sqrt()) @ axes.T
    cell = 0.75**size * variances.prod().sqrt()
    total = (-submission.gaussian_score(points, mean, covariance).detach()).exp().sum() * cell
    because = "a density integrates to 1; is one of the three terms missing, or of the wrong size?"
    assert_close(total, torch.ones(()).double(), rtol=0.0, atol=1e-6, because=because)


@given(size=st.integers(1, 4), state=seeds())
def test_gaussian_score__rises_away_from_the_mean(submission, size, state):
    """It is least at the mean, and rises along every ray from there."""
    generator = torch.Generator().manual_seed(state)
    mean, ray = torch.randn(2, size, generator=generator, dtype=torch.float64)
    points = mean + torch.tensor([0.0, 1.0, 2.0, 4.0], dtype=torch.float64)[:, None] * ray
    score = submission.gaussian_score(points, mean, cases.covariance_matrix(size, state, torch.float64))
    sentence = "points at 0, 1, 2 and 4 steps from the mean, along one ray: the further, the more anomalous"
    require((score.diff() > 0).all(), sentence, yours=score.detach())


@given(x=tensors(((1, 4), (1, 3)), dtype=torch.float64, low=-3.0, high=3.0), state=seeds())
def test_gaussian_score__shifts_by_the_log_determinant_of_a_map(submission, x, state):
    """Mapping samples, mean and covariance by an invertible A adds log |det A| to every score."""
    generator, size = torch.Generator().manual_seed(state), x.shape[1]
    mean, b = torch.randn(2, size, generator=generator, dtype=torch.float64)
    turn, _ = torch.linalg.qr(torch.randn(size, size, generator=generator, dtype=torch.float64))
    a = turn * (0.6 + 1.1 * torch.rand(size, generator=generator, dtype=torch.float64))
    covariance = cases.covariance_matrix(size, state, torch.float64)
    before = submission.gaussian_score(x, mean, covariance).detach()
    moved = a @ covariance @ a.T
    after = submission.gaussian_score(x @ a.T + b, a @ mean + b, (moved + moved.T) / 2)
    because = "a map that enlarges volumes by |det A| thins the density out by as much, and does nothing else"
    assert_close(after, before + torch.linalg.slogdet(a)[1], because=because)


@given(state=seeds(), variance=st.sampled_from([0.01, 100.0]))
def test_gaussian_score__works_in_many_dimensions(submission, state, variance):
    """In 200 dimensions it is right, though the determinant itself underflows or overflows."""
    generator, size = torch.Generator().manual_seed(state), 200
    mean = torch.randn(size, generator=generator, dtype=torch.float64)
    steps = torch.randn(3, size, generator=generator, dtype=torch.float64)  # in standard deviations
    covariance = variance * torch.eye(size, dtype=torch.float64)
    with submission.allowing_any_value():
        score = submission.gaussian_score(mean + math.sqrt(variance) * steps, mean, covariance)
    wanted = (steps**2).sum(1) / 2 + size / 2 * math.log(2 * math.pi * variance)
    because = f"the determinant is {variance:g} to the power 200; only its logarithm fits into a float"
    assert_close(score, wanted, because=because)


@given(size=st.integers(1, 3), rows=st.integers(1, 4), state=seeds())
def test_gaussian_score__has_the_right_gradient(submission, size, rows, state):
    """Its gradient is the slope of what it computes: in x, in the mean, and in the covariance if kept symmetric."""
    generator = torch.Generator().manual_seed(state)

    def drawn(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    values = {
        "x": drawn(rows, size),
        "mean": drawn(size),
        "covariance": cases.covariance_matrix(size, state, torch.float64),
    }
    leaves = {name: value.clone().requires_grad_() for name, value in values.items()}
    weights = drawn(rows)
    total = (submission.gaussian_score(**leaves) * weights).sum()
    require(total.requires_grad, "no gradient reaches x, mean or covariance: the result carries no graph")
    gradients = torch.autograd.grad(total, list(leaves.values()), allow_unused=True)
    for (name, value), gradient in zip(values.items(), gradients, strict=True):
        require(gradient is not None, f"no gradient reaches {name}")
        direction = drawn(*value.shape)
        if name == "covariance":
            direction = (direction + direction.T) / 2  # right answers may read one triangle only
        step = 1e-5 * direction
        ahead, behind = (
            (submission.gaussian_score(**{**values, name: value + sign * step}).detach() * weights).sum()
            for sign in (1, -1)
        )
        slope, along = (ahead - behind) / 2e-5, (gradient * direction).sum()
        size_of_it = 1 + float((gradient.abs() * direction.abs()).sum())
        because = f"along a random direction the gradient for {name} must be the slope of the score"
        assert_close(along, slope, rtol=0.0, atol=1e-4 * size_of_it, because=because)


# affine_coupling and its inverse


def numeric_log_det(function, points: Tensor) -> Tensor:
    """Log |det| of each sample's Jacobian by central differences: slow, and sure."""
    step, columns = 1e-5, []
    for unit in torch.eye(points.shape[1], dtype=torch.float64):
        columns.append((function(points + step * unit) - function(points - step * unit)) / (2 * step))
    return torch.linalg.slogdet(torch.stack(columns, 2))[1]


def check_parameters_get_gradients(function, points: Tensor, net: nn.Module, state: int) -> None:
    """Compares autograd with central differences along one random direction per parameter of the net."""
    generator = torch.Generator().manual_seed(state)
    weights = [torch.randn(points.shape, generator=generator, dtype=torch.float64)]
    weights.append(torch.randn(len(points), generator=generator, dtype=torch.float64))

    def weighed(model: nn.Module, index: int) -> Tensor:
        return (function(points, model)[index] * weights[index]).sum()

    for index, part in enumerate(("the first result", "log_det")):
        total = weighed(net, index)
        require(total.requires_grad, f"no gradient reaches the net: {part} carries no graph")
        gradients = torch.autograd.grad(total, list(net.parameters()), allow_unused=True)
        for number, gradient in enumerate(gradients):
            require(gradient is not None, f"{part}: no gradient reaches parameter {number} of the net")
            direction = torch.randn(gradient.shape, generator=generator, dtype=torch.float64)
            ahead, behind = copy.deepcopy(net), copy.deepcopy(net)
            with torch.no_grad():
                list(ahead.parameters())[number].add_(1e-5 * direction)
                list(behind.parameters())[number].sub_(1e-5 * direction)
            slope = (weighed(ahead, index) - weighed(behind, index)).detach() / 2e-5
            because = f"{part}: the gradient for a parameter of the net must be the slope along a random direction"
            size = 1 + float((gradient.abs() * direction.abs()).sum())
            assert_close((gradient * direction).sum(), slope, rtol=0.0, atol=1e-4 * size, because=because)


@st.composite
def couplings(draw, half=None, size=0.3):
    """Points in [-3, 3] and a net, in float64."""
    half = draw(st.integers(1, 3)) if half is None else half
    x = draw(tensors(((1, 4), 2 * half), dtype=torch.float64, plain=True, low=-3.0, high=3.0))
    return x, cases.coupling_net(half, draw(seeds()), torch.float64, size=size)


@st.composite
def constant_couplings(draw):
    """Points, log-scales and shifts that do not depend on the points, and the net that answers them, in float64."""
    half = draw(st.integers(1, 3))
    x = draw(tensors(((1, 4), 2 * half), dtype=torch.float64, plain=True, low=-3.0, high=3.0))
    log_scale = draw(tensors((half,), dtype=torch.float64, plain=True, low=-3.0, high=3.0))
    shift = draw(tensors((half,), dtype=torch.float64, plain=True, low=-3.0, high=3.0))
    return x, log_scale, shift, cases.constant_net(log_scale, shift)


@given(coupling=couplings())
def test_affine_coupling__keeps_the_first_half(submission, coupling):
    """The first half of the features passes unchanged."""
    x, net = coupling
    half = x.shape[1] // 2
    expected = x[:, :half].clone()
    y, _ = submission.affine_coupling(x, net)
    because = "the first half of the columns is what the net looks at; it must pass unchanged"
    assert_close(y[:, :half], expected, because=because)


@given(coupling=constant_couplings())
def test_affine_coupling__stretches_then_shifts_the_second_half(submission, coupling):
    """A feature v of the second half becomes v · exp(s) + t, the net answering s first, then t."""
    x, log_scale, shift, net = coupling
    half = len(shift)
    wanted = [[float(row[half + k]) * math.exp(log_scale[k]) + float(shift[k]) for k in range(half)] for row in x]
    y, _ = submission.affine_coupling(x, net)
    because = f"the net always answers s = {log_scale.tolist()} and t = {shift.tolist()}"
    assert_close(y[:, half:], torch.tensor(wanted, dtype=torch.float64), because=because)


@given(coupling=couplings())
def test_affine_coupling__knows_the_determinant_of_its_jacobian(submission, coupling):
    """log_det is the log-determinant of dy/dx for each sample, found by moving each feature a little."""
    x, net = coupling
    wanted = numeric_log_det(lambda points: submission.affine_coupling(points, net)[0].detach(), x)
    _, log_det = submission.affine_coupling(x, net)
    because = "log_det must say how your own map stretches volumes at each sample"
    assert_close(log_det, wanted, rtol=1e-5, atol=1e-5, because=because)


@given(state=seeds())
def test_affine_coupling__makes_a_density_that_integrates_to_one(submission, state):
    """The density that a standard normal gets by the map, summed over a fine grid times a cell's volume, is 1."""
    net = cases.coupling_net(1, state, torch.float64, size=0.15)
    kept = torch.arange(-6.0, 6.1, 0.75, dtype=torch.float64)
    with torch.no_grad():
        log_scale, shift = net(kept[:, None]).unbind(1)
    reach = float(((6 + shift.abs()) * (-log_scale).exp()).max())
    moved = torch.linspace(-reach, reach, math.ceil(2 * reach / (0.75 * float((-log_scale).exp().min()))) + 1)
    grid = torch.cartesian_prod(kept, moved.double())
    y, log_det = submission.affine_coupling(grid, net)
    log_density = -(y**2).sum(1) / 2 - math.log(2 * math.pi) + log_det
    total = log_density.detach().exp().sum() * 0.75 * float(moved[1] - moved[0])
    because = "log density of x = log density of y + log_det; with a wrong log_det that is no density"
    assert_close(total, torch.ones(()).double(), rtol=0.0, atol=1e-5, because=because)


@given(coupling=couplings(), state=seeds())
def test_affine_coupling__trains_the_net(submission, coupling, state):
    """Both results carry the right gradient to every parameter of the net."""
    check_parameters_get_gradients(submission.affine_coupling, *coupling, state)


@training(
    measures="what a flow of your layers gains on one Gaussian (nats per point of two moons)", above=0.4, below=2.0
)
def test_affine_coupling__fits_two_moons_better_than_a_gaussian(submission, seed, device):
    """A flow of six such layers gives new points of two moons a much higher density than one Gaussian does."""
    train, test = (two_moons(1000, seed=2 * seed + part)[0].to(device) for part in (0, 1))
    generator, nets = torch.Generator().manual_seed(seed), [MLP(1, 24, 2) for _ in range(6)]
    for net in nets:
        randomize(net, generator)
        with torch.no_grad():
            net.layers[-1].weight.mul_(0.02)
            net.layers[-1].bias.zero_()
        net.to(device)

    def log_density(points: Tensor) -> Tensor:
        total = torch.zeros(len(points), device=points.device)
        for net in nets:
            points, log_det = submission.affine_coupling(points, net)
            points, total = points.flip(1), total + log_det  # the other half is next
        return total - (points**2).sum(1) / 2 - math.log(2 * math.pi)

    step = adam(itertools.chain(*(net.parameters() for net in nets)), 1e-2)
    for _ in range(200):
        step(-log_density(train).mean())
    with torch.no_grad():
        ours = log_density(test).mean()
    gaussian = torch.distributions.MultivariateNormal(train.mean(0), torch.cov(train.T, correction=0))
    return float(ours - gaussian.log_prob(test).mean())


@given(coupling=couplings())
def test_affine_coupling_inverse__keeps_the_first_half(submission, coupling):
    """The first half of the features passes unchanged."""
    y, net = coupling
    half = y.shape[1] // 2
    expected = y[:, :half].clone()
    x, _ = submission.affine_coupling_inverse(y, net)
    because = "the first half came through unchanged on the way there, and must on the way back"
    assert_close(x[:, :half], expected, because=because)


@given(coupling=constant_couplings())
def test_affine_coupling_inverse__takes_off_the_shift_before_the_stretch(submission, coupling):
    """A feature v of the second half becomes (v − t) · exp(−s)."""
    y, log_scale, shift, net = coupling
    half = len(shift)
    wanted = [[(float(row[half + k]) - float(shift[k])) / math.exp(log_scale[k]) for k in range(half)] for row in y]
    x, _ = submission.affine_coupling_inverse(y, net)
    because = f"the net always answers s = {log_scale.tolist()} and t = {shift.tolist()}"
    assert_close(x[:, half:], torch.tensor(wanted, dtype=torch.float64), because=because)


@given(coupling=couplings())
def test_affine_coupling_inverse__knows_the_determinant_of_its_jacobian(submission, coupling):
    """log_det is the log-determinant of dx/dy for each sample, found by moving each feature a little."""
    y, net = coupling
    wanted = numeric_log_det(lambda points: submission.affine_coupling_inverse(points, net)[0].detach(), y)
    _, log_det = submission.affine_coupling_inverse(y, net)
    because = "log_det must say how your own map, the inverse one, stretches volumes at each sample"
    assert_close(log_det, wanted, rtol=1e-5, atol=1e-5, because=because)


@given(coupling=couplings(), state=seeds())
def test_affine_coupling_inverse__trains_the_net(submission, coupling, state):
    """Both results carry the right gradient to every parameter of the net."""
    check_parameters_get_gradients(submission.affine_coupling_inverse, *coupling, state)


# auroc


def scores(low: int = 1, high: int = 5) -> st.SearchStrategy[Tensor]:
    """Scores in float64, ties among them."""
    return tensors(((low, high),), dtype=torch.float64)


@given(normal=scores(), anomaly=scores(), gap=st.sampled_from([0.01, 0.25, 10.0]))
def test_auroc__is_one_where_every_anomaly_scores_higher(submission, normal, anomaly, gap):
    """It is 1 where the least anomaly scores above every normal sample."""
    apart = anomaly - anomaly.min() + normal.max() + gap
    because = "the two sides do not overlap and the anomalies are above: every pair is in order"
    assert_close(submission.auroc(normal, apart), 1.0, atol=1e-6, because=because)


@given(rows=st.integers(1, 6), columns=st.integers(1, 6), level=st.integers(-4, 4))
def test_auroc__is_one_half_where_all_scores_are_equal(submission, rows, columns, level):
    """Equal scores say nothing: ties count one half."""
    value = submission.auroc(torch.full((rows,), level / 4), torch.full((columns,), level / 4))
    assert_close(value, 0.5, atol=1e-6, because="every pair is a tie, and a tie counts one half")


@given(count=st.integers(1, 9), half_steps=st.integers(-1, 18), state=seeds())
def test_auroc__counts_the_normal_samples_below(submission, count, half_steps, state):
    """For a single anomaly it is the share of normal samples below it, and half the share of those equal to it."""
    order = torch.randperm(count, generator=torch.Generator().manual_seed(state))
    place = min(half_steps, 2 * count - 1)  # whole steps meet a normal sample, half steps lie between two
    wanted = (place + 1) / 2 / count
    value = submission.auroc(order.double(), torch.tensor([place / 2], dtype=torch.float64))
    because = f"the normal samples score 0 to {count - 1}, the anomaly {place / 2}"
    assert_close(value, wanted, atol=1e-6, because=because)


@given(normal=scores(), anomaly=scores(2, 6))
def test_auroc__averages_over_the_anomalies(submission, normal, anomaly):
    """For several anomalies it is the mean of what it is for each alone."""
    alone = [submission.auroc(normal, anomaly[index : index + 1]) for index in range(len(anomaly))]
    value = submission.auroc(normal, anomaly)
    because = f"one of {len(anomaly)} anomalies is drawn at random, each with the same chance"
    assert_close(value, sum(alone) / len(alone), atol=1e-6, because=because)


@given(normal=scores(), anomaly=scores())
def test_auroc__turns_round_when_the_sides_are_swapped(submission, normal, anomaly):
    """Calling the normal samples anomalies, and the anomalies normal, gives one minus it."""
    there, back = submission.auroc(normal, anomaly), submission.auroc(anomaly, normal)
    because = "a pair is in order one way or the other, or a tie, which is one half either way"
    assert_close(there + back, 1.0, atol=1e-6, because=because)


@given(normal=scores(2, 6), anomaly=scores(2, 6), power=st.sampled_from([1, 3]))
def test_auroc__depends_on_the_order_alone(submission, normal, anomaly, power):
    """A map of all scores that keeps their order keeps it too."""
    normal, anomaly = (each.mul(4).round() / 4 for each in (normal, anomaly))
    before = submission.auroc(normal, anomaly)
    after = submission.auroc(1e6 * normal**power, 1e6 * anomaly**power)
    assert_close(after, before, atol=1e-6, because="only who scores above whom may matter, not by how much")


@once
def _taught_nines(seed: int, device: torch.device) -> nn.Module:
    """A classifier of the digits 0 to 7 against nines."""
    data = digits()
    taught = data.train_y != 8
    labels = (data.train_y[taught] == 9).long()
    model = MLP(64, 64, 2, activation="relu")
    return train_classifier(model, data.train_x[taught], labels, seed=seed, device=device)


@training(measures="your AUROC on noise, for a classifier that was taught nines as the one kind of anomaly", below=0.4)
def test_auroc__shows_that_one_kind_of_anomaly_teaches_no_other(submission, seed, device):
    """It shows that a classifier of normal digits against nines finds noise more normal than digits."""
    data, model = digits(), _taught_nines(seed, device)
    noise = torch.rand(300, 1, 8, 8, generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        normal, strange = (model(x.to(device)).diff(dim=1)[:, 0].cpu() for x in (data.test_x[data.test_y < 8], noise))
    return submission.auroc(normal, strange)
