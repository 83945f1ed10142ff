"""What every right answer to the two players does."""

from __future__ import annotations

import functools
import math
from pathlib import Path

import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.optim import SGD, Adam

from autograder.assertions import assert_close, assert_raises, assert_within, require
from autograder.cloning import clone
from autograder.content import load_file
from autograder.models import MLP, randomize
from autograder.strategies import dtypes, seeds, tensors
from autograder.training import adam, training

_cases = load_file(Path(__file__).with_name("cases.py"))
games, logit_tensors = _cases.games, _cases.logit_tensors

SHAPES = st.sampled_from([(), (1,), (4,), (3, 1), (2, 1, 2, 2)])
KINDS = st.sampled_from(["non_saturating", "minimax"])
LEVELS = (0.0, 20.0, -20.0, 200.0, -200.0)
EVEN = 2 * math.log(2)


def _densities(dtype: torch.dtype | None = None) -> st.SearchStrategy[Tensor]:
    return SHAPES.flatmap(lambda shape: tensors(shape, dtype=dtype, plain=True, low=0.0, high=3.0))


# optimal_discriminator


@given(density=_densities())
def test_optimal_discriminator__is_one_half_where_densities_agree(submission, density):
    """It is 1/2 where real and generated samples are equally dense."""
    result = submission.optimal_discriminator(density, density.clone())
    assert_close(result, torch.full_like(density, 0.5), because="nothing tells the two apart where they are alike")


@given(density=_densities())
def test_optimal_discriminator__is_certain_where_only_one_lives(submission, density):
    """It is 1 where nothing is generated, and 0 where nothing is real."""
    nothing = torch.zeros_like(density)
    real = submission.optimal_discriminator(density, nothing)
    assert_close(real, torch.ones_like(density), because="what lies where only real samples lie is real")
    fake = submission.optimal_discriminator(nothing, density)
    assert_close(fake, nothing, because="what lies where only generated samples lie is generated")


@given(density=_densities(), where=st.integers(0, 99))
def test_optimal_discriminator__is_one_half_where_neither_lives(submission, density, where):
    """It is 1/2 where both densities are 0, whatever they are elsewhere."""
    p, q = density.clone().reshape(-1), 2 * density.reshape(-1)
    here = where % len(p)
    p[here] = q[here] = 0.0
    result = submission.optimal_discriminator(p.reshape(density.shape), q.reshape(density.shape))
    value, half = result.detach().reshape(-1)[here], torch.tensor(0.5, dtype=density.dtype)
    assert_close(value, half, because="where both densities are 0, the answer is 1/2 by agreement")


@given(p=tensors((4,), plain=True, low=0.0, high=3.0), power=st.sampled_from([-29, -20, -9, 9, 20, 29]))
def test_optimal_discriminator__does_not_depend_on_the_scale(submission, p, power):
    """It stays what it is where both densities are multiplied by 10^9, or by 10^-29."""
    q = p.flip(0).contiguous()
    plain = submission.optimal_discriminator(p, q).detach()
    scaled = submission.optimal_discriminator(p * 10.0**power, q * 10.0**power)
    assert_close(scaled, plain, because=f"both densities were multiplied by 10^{power}: only their ratio counts")


@given(p=tensors((3,), dtype=torch.float64, plain=True, low=0.0, high=3.0), state=seeds())
def test_optimal_discriminator__beats_every_other_discriminator(submission, p, state):
    """No other number D makes p·log D + q·log(1 − D) larger, wherever you look."""
    q = 3 * torch.rand(3, generator=torch.Generator().manual_seed(state), dtype=torch.float64) + 0.01
    mine = submission.optimal_discriminator(p, q).detach()
    assert_within(mine - 0.5, 0.5, because="D is a probability, from 0 to 1")
    rivals = torch.linspace(0.0005, 0.9995, 1000, dtype=torch.float64)[:, None]
    best = (p * rivals.log() + q * torch.log1p(-rivals)).amax(0)
    reached = p * mine.log() + q * torch.log1p(-mine)
    require(
        (reached >= best - 1e-6).all(),
        "another D makes p·log D + q·log(1 − D) larger than yours does",
        yours=reached,
        wanted=best,
    )


# gan_value and discriminator_loss: one is minus the other


def _logits_of(probabilities: Tensor) -> Tensor:
    return torch.log(probabilities / (1 - probabilities))


_PROBABILITIES = tensors(((1, 5),), dtype=torch.float64, plain=True, low=0.0, high=1.0)


def _at_zero(function, sign: float, real: int, fake: int) -> None:
    value = function(torch.zeros(real, 1, dtype=torch.float64), torch.zeros(fake, dtype=torch.float64))
    because = "at logit 0 D says 1/2 of every sample, and each side counts log 1/2: their sum, not their mean"
    assert_close(value, torch.tensor(-sign * EVEN, dtype=torch.float64), because=because)


def _of_probabilities(function, sign: float, real: Tensor, fake: Tensor) -> None:
    value = function(_logits_of(real), _logits_of(fake))
    right = [math.log(each) for each in real.tolist()], [math.log(1 - each) for each in fake.tolist()]
    wanted = sum(right[0]) / len(right[0]) + sum(right[1]) / len(right[1])
    because = f"D gives real samples {_short(real)} and generated ones {_short(fake)} as probabilities of being real"
    assert_close(value, torch.tensor(sign * wanted, dtype=torch.float64), because=because)


def _short(values: Tensor) -> str:
    return str([round(each, 3) for each in values.tolist()])


def _repeated(function, real: Tensor, fake: Tensor, times: int) -> None:
    once = function(real, fake).detach()
    because = "each side is averaged on its own, so that having all its samples several times changes nothing"
    assert_close(function(real, torch.cat([fake] * times)), once, because=because)
    assert_close(function(torch.cat([real] * times), fake), once, because=because)


def _reshaped(function, flat: Tensor) -> None:
    once = function(flat, flat[:4]).detach()
    because = "the same logits in another shape are the same logits"
    assert_close(function(flat.reshape(-1, 1), flat[:4].clone()), once, because=because)
    assert_close(function(flat.clone(), flat[:4].reshape(1, 2, 1, 2)), once, because=because)


def _sure(function, sign: float, real: list[float], fake: list[float], dtype: torch.dtype) -> None:
    """Up to 1e-8, log σ(l) is l or 0 at ±20 and ±200, and its slope is 1 or 0."""
    leaves = [torch.tensor(each, dtype=dtype, requires_grad=True) for each in (real, fake)]
    value = function(*leaves)
    sides = [torch.tensor(real, dtype=dtype), -torch.tensor(fake, dtype=dtype)]
    wanted = sum(torch.where(side == 0, -math.log(2), side.clamp(max=0)).mean() for side in sides)
    because = f"D's logits are {real} for real samples, {fake} for generated ones: a sure mistake costs the whole logit"
    assert_close(value.detach(), (sign * wanted).to(dtype), because=because)
    require(value.requires_grad, "no gradient reaches the logits: the result carries no graph")
    slopes = torch.autograd.grad(value, leaves)
    for name, slope, side, turn in zip(("real", "fake"), slopes, sides, (sign, -sign), strict=True):
        share = torch.where(side == 0, 0.5, (side < 0).to(dtype)) / len(side)
        because = f"at the {name} logits {real if name == 'real' else fake} a sure mistake has the full slope, 1/N"
        assert_close(slope, turn * share, because=because)


_SURE = st.lists(st.sampled_from(LEVELS), min_size=1, max_size=5)


@given(real=st.integers(1, 4), fake=st.integers(1, 4))
def test_gan_value__is_minus_two_log_two_where_nothing_is_known(submission, real, fake):
    """It is −2 log 2 where all logits are 0."""
    _at_zero(submission.gan_value, 1.0, real, fake)


@given(real=_PROBABILITIES, fake=_PROBABILITIES)
def test_gan_value__averages_the_logs_of_right_verdicts(submission, real, fake):
    """Mean log-probability that D gives to real being real, plus that of generated being generated."""
    _of_probabilities(submission.gan_value, 1.0, real, fake)


@given(real=logit_tensors(dtype=torch.float64), fake=logit_tensors(dtype=torch.float64), times=st.integers(2, 3))
def test_gan_value__hears_both_sides_equally(submission, real, fake, times):
    """Having the samples of one side several times changes nothing."""
    _repeated(submission.gan_value, real, fake, times)


@given(flat=tensors((6,), dtype=torch.float64, plain=True))
def test_gan_value__takes_logits_of_any_shape(submission, flat):
    """Logits (N,), (N, 1) and (N, 1, height, width) give the same."""
    _reshaped(submission.gan_value, flat)


@given(real=_SURE, fake=_SURE, dtype=dtypes())
def test_gan_value__counts_every_mistake_in_full(submission, real, fake, dtype):
    """At logits 0, ±20 and ±200 value and slope are right, in float32 too."""
    _sure(submission.gan_value, 1.0, real, fake, dtype)


@given(real=st.integers(1, 4), fake=st.integers(1, 4))
def test_discriminator_loss__is_two_log_two_where_nothing_is_known(submission, real, fake):
    """It is 2 log 2 where all logits are 0."""
    _at_zero(submission.discriminator_loss, -1.0, real, fake)


@given(real=_PROBABILITIES, fake=_PROBABILITIES)
def test_discriminator_loss__charges_the_logs_of_right_verdicts(submission, real, fake):
    """Minus the mean log-probability that D gives to real being real, and to generated being generated."""
    _of_probabilities(submission.discriminator_loss, -1.0, real, fake)


@given(real=logit_tensors(dtype=torch.float64), fake=logit_tensors(dtype=torch.float64), times=st.integers(2, 3))
def test_discriminator_loss__hears_both_sides_equally(submission, real, fake, times):
    """Having the samples of one side several times changes nothing."""
    _repeated(submission.discriminator_loss, real, fake, times)


@given(flat=tensors((6,), dtype=torch.float64, plain=True))
def test_discriminator_loss__takes_logits_of_any_shape(submission, flat):
    """Logits (N,), (N, 1) and (N, 1, height, width) give the same."""
    _reshaped(submission.discriminator_loss, flat)


@given(real=_SURE, fake=_SURE, dtype=dtypes())
def test_discriminator_loss__counts_every_mistake_in_full(submission, real, fake, dtype):
    """At logits 0, ±20 and ±200 value and slope are right, in float32 too."""
    _sure(submission.discriminator_loss, -1.0, real, fake, dtype)


SHIFT = 1.5  # of the generated samples, N(1.5, 1), against the real ones, N(0, 1)


def _judge(seed: int, device: torch.device) -> nn.Module:
    model = MLP(1, 16, 1)
    randomize(model, torch.Generator().manual_seed(seed))
    return model.to(device)


def _error(judge: nn.Module, device: torch.device) -> float:
    """Mean distance of σ(D) from the share of real samples among all that lie at a place."""
    x = torch.linspace(-4.0, 6.0, 401, device=device)[:, None]
    real, fake = torch.exp(-(x**2) / 2), torch.exp(-((x - SHIFT) ** 2) / 2)
    weight = (real + fake) / (real + fake).sum()
    with torch.no_grad():
        gap = (torch.sigmoid(judge(x).reshape(x.shape)) - 1 / (1 + fake / real)).abs()
    return float((weight * gap).sum())


@training(measures="the mean distance of a trained discriminator from p/(p + q)", below=0.06)
def test_discriminator_loss__teaches_the_share_of_real_samples(submission, seed, device):
    """A network that lowers it on two Gaussians learns p/(p + q), though there are twice as many fakes."""
    generator, judge = torch.Generator().manual_seed(seed), _judge(seed, device)
    step = adam(judge.parameters(), 0.01, betas=(0.5, 0.9))
    for _ in range(200):
        real = torch.randn(256, 1, generator=generator).to(device)
        fake = (torch.randn(512, 1, generator=generator) + SHIFT).to(device)
        step(submission.discriminator_loss(judge(real), judge(fake)))
    return _error(judge, device)


# generator_loss


@given(size=st.integers(1, 4))
def test_generator_loss__is_log_two_in_size_where_nothing_is_known(submission, size):
    """Where all logits are 0 it is log 2, and −log 2 for minimax; non-saturating is what comes unasked."""
    zeros, because = torch.zeros(size, 1, dtype=torch.float64), "at logit 0 D gives every fake the probability 1/2"
    wanted = torch.tensor(math.log(2), dtype=torch.float64)
    assert_close(submission.generator_loss(zeros), wanted, because=because)
    assert_close(submission.generator_loss(zeros, kind="non_saturating"), wanted, because=because)
    assert_close(submission.generator_loss(zeros, kind="minimax"), -wanted, because=f"{because}, of minimax the log")


@given(fake=_PROBABILITIES, kind=KINDS)
def test_generator_loss__charges_what_is_thought_of_the_fakes(submission, fake, kind):
    """Non-saturating: minus the mean log-probability of real; minimax: the mean log-probability of generated."""
    logs = [math.log(1 - each) if kind == "minimax" else -math.log(each) for each in fake.tolist()]
    because = f"D gives the fakes {_short(fake)} as probabilities of being real; the kind is {kind}"
    wanted = torch.tensor(sum(logs) / len(logs), dtype=torch.float64)
    assert_close(submission.generator_loss(_logits_of(fake), kind=kind), wanted, because=because)


@given(flat=tensors((6,), dtype=torch.float64, plain=True), kind=KINDS)
def test_generator_loss__takes_logits_of_any_shape(submission, flat, kind):
    """Logits (N,), (N, 1) and (N, 1, height, width) give the same."""
    once = submission.generator_loss(flat, kind=kind).detach()
    for shape in ((6, 1), (1, 6), (1, 1, 2, 3)):
        value = submission.generator_loss(flat.reshape(shape), kind=kind)
        assert_close(value, once, because=f"the same logits in the shape {shape} are the same logits")


@given(fake=tensors(((1, 5),), dtype=torch.float64, plain=True))
def test_generator_loss__differs_in_slope_by_the_odds(submission, fake):
    """Both kinds fall as a logit l rises, minimax exp(l) times as fast as the other."""
    slopes = {}
    for kind in ("non_saturating", "minimax"):
        leaf = fake.clone().requires_grad_()
        value = submission.generator_loss(leaf, kind=kind)
        require(value.requires_grad, "no gradient reaches the logits: the result carries no graph")
        (slopes[kind],) = torch.autograd.grad(value, leaf)
        because = f"G wants to be called real: each kind must fall as a logit rises, also {kind}"
        require((slopes[kind] < 0).all(), because, yours=slopes[kind])
    ratio = slopes["minimax"] / slopes["non_saturating"]
    because = "of a fake with logit l, minimax has exp(l) times the slope of non_saturating"
    assert_close(ratio, fake.exp(), because=because)


@given(levels=_SURE, dtype=dtypes(), kind=KINDS)
def test_generator_loss__pulls_in_full_where_the_fake_is_recognised(submission, levels, dtype, kind):
    """At logits 0, ±20 and ±200 value and slope are right, in float32 too: non-saturating has slope 1/N at −200."""
    leaf = torch.tensor(levels, dtype=dtype, requires_grad=True)
    value = submission.generator_loss(leaf, kind=kind)
    fake, even = leaf.detach(), leaf.detach() == 0
    side = fake if kind == "minimax" else -fake
    size = torch.where(even, math.log(2), side.clamp(min=0)).mean()
    because = f"the logits of the fakes are {levels}; the kind is {kind}"
    assert_close(value.detach(), -size if kind == "minimax" else size, because=because)
    require(value.requires_grad, "no gradient reaches the logits: the result carries no graph")
    (slope,) = torch.autograd.grad(value, leaf)
    wanted = -torch.where(even, 0.5, (side > 0).to(dtype)) / len(fake)
    assert_close(slope, wanted, because=f"{because}: the slope")


@given(kind=st.sampled_from(["wasserstein", "least_squares", "Minimax", "saturating", ""]))
def test_generator_loss__refuses_another_kind(submission, kind):
    """It raises ValueError for a kind that it does not know."""
    because = f"there is no kind {kind!r}"
    assert_raises(ValueError, functools.partial(submission.generator_loss, kind=kind), torch.zeros(2), because=because)


# Steps of two affine players, whose slopes can be written down


@st.composite
def _affine_games(draw, dtype: torch.dtype = torch.float64):
    """D(x) = w·x + b and G(z) = A z + c, a batch for each, and a step size."""
    features, latents = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    generator, discriminator = nn.Linear(latents, features), nn.Linear(features, 1)
    randomize(generator, torch.Generator().manual_seed(draw(seeds())))
    randomize(discriminator, torch.Generator().manual_seed(draw(seeds())))
    real = draw(tensors(((1, 5), features), dtype=dtype, plain=True))
    noise = draw(tensors(((1, 5), latents), dtype=dtype, plain=True))
    return generator.to(dtype), discriminator.to(dtype), real, noise, draw(st.sampled_from([0.125, 0.5, 2.0]))


def _affine(layer: nn.Linear, x: Tensor) -> Tensor:
    return x @ layer.weight.detach().T + layer.bias.detach()


def _pulls_on_discriminator(generator: nn.Linear, discriminator: nn.Linear, real: Tensor, noise: Tensor):
    """How weights and bias of D are pulled: to a real sample by how far D misses it, from a fake that it believes."""
    fake = _affine(generator, noise)
    missed, believed = 1 - torch.sigmoid(_affine(discriminator, real)), torch.sigmoid(_affine(discriminator, fake))
    weight = (missed * real).mean(0, keepdim=True) - (believed * fake).mean(0, keepdim=True)
    return weight, missed.mean(0) - believed.mean(0)


def _pulls_on_generator(generator: nn.Linear, discriminator: nn.Linear, noise: Tensor):
    """How weights and bias of G are pulled: every fake along D's weights, by how little D believes it."""
    doubted = 1 - torch.sigmoid(_affine(discriminator, _affine(generator, noise)))
    along = discriminator.weight.detach()  # (1, features)
    return along.T @ (doubted * noise).mean(0, keepdim=True), (doubted * along).mean(0)


def _assert_stepped(layer: nn.Linear, before: nn.Linear, pulls: tuple[Tensor, Tensor], lr: float, because: str) -> None:
    for name, pull in zip(("weight", "bias"), pulls, strict=True):
        start = getattr(before, name).detach()
        moved, wanted = getattr(layer, name).detach() - start, lr * pull
        assert_close(moved, wanted, because=f"{because}; the change of its {name}")


def _assert_all_moved_by(layer: nn.Linear, before: nn.Linear, pulls: tuple[Tensor, Tensor], lr: float) -> None:
    because = "the first step of Adam moves every weight by lr, however small its slope: it is the optimizer that steps"
    for name, pull in zip(("weight", "bias"), pulls, strict=True):
        moved = (getattr(layer, name) - getattr(before, name)).detach()
        assert_close(moved, lr * pull.sign(), rtol=1e-3, because=f"{because}; the change of its {name}")


def _assert_alike(player: nn.Module, other: nn.Module, because: str) -> None:
    for (name, mine), wanted in zip(player.named_parameters(), other.parameters(), strict=True):
        assert_close(mine.detach(), wanted.detach(), because=f"{because} ({name})")


# discriminator_step


@given(game=_affine_games())
def test_discriminator_step__returns_the_loss_before_the_step(submission, game):
    """It returns the loss that D has before the step, as a Python float."""
    generator, discriminator, real, noise, lr = game
    right = (
        torch.sigmoid(_affine(discriminator, real)),
        torch.sigmoid(-_affine(discriminator, _affine(generator, noise))),
    )
    wanted = -sum(float(each.log().mean()) for each in right)
    loss = submission.discriminator_step(generator, discriminator, SGD(discriminator.parameters(), lr=lr), real, noise)
    assert_close(loss, wanted, rtol=1e-6, because="before its step D gives right verdicts these probabilities")


@given(game=_affine_games())
def test_discriminator_step__takes_one_step_down_its_slope(submission, game):
    """It moves D by lr times the slope of the loss, down, and once."""
    generator, discriminator, real, noise, lr = game
    before, pulls = clone(discriminator), _pulls_on_discriminator(generator, discriminator, real, noise)
    submission.discriminator_step(generator, discriminator, SGD(discriminator.parameters(), lr=lr), real, noise)
    because = "D goes towards real samples by how far it misses them, away from fakes by how far it believes them"
    _assert_stepped(discriminator, before, pulls, lr, because)


@given(game=games("discriminator", dtype=torch.float64), times=st.integers(2, 3))
def test_discriminator_step__hears_both_sides_equally(submission, game, times):
    """Generating every sample several times moves D no further."""
    game.generator.eval()
    other = clone(game)
    submission.discriminator_step(*game)
    submission.discriminator_step(*other[:4], torch.cat([other.noise] * times))
    _assert_alike(other.discriminator, game.discriminator, "the same fakes several times over are no better evidence")


@given(game=games("discriminator"), old=st.sampled_from([-3.0, 0.5, 100.0]))
def test_discriminator_step__forgets_old_gradients(submission, game, old):
    """What lies in D's .grad beforehand does not change the step."""
    other = clone(game)
    for parameter in other.discriminator.parameters():
        parameter.grad = torch.full_like(parameter, old)
    submission.discriminator_step(*game)
    submission.discriminator_step(*other)
    because = f"D's .grad held {old:g} beforehand, left there by someone else: it must not count"
    _assert_alike(other.discriminator, game.discriminator, because)


@given(game=_affine_games())
def test_discriminator_step__moves_as_its_optimizer_moves(submission, game):
    """The step is the optimizer's, here Adam's, not a hand-made one."""
    generator, discriminator, real, noise, _ = game
    before, pulls = clone(discriminator), _pulls_on_discriminator(generator, discriminator, real, noise)
    assume(all(float(each.abs().min()) > 1e-3 for each in pulls))
    submission.discriminator_step(generator, discriminator, Adam(discriminator.parameters(), lr=0.01), real, noise)
    _assert_all_moved_by(discriminator, before, pulls, 0.01)


@training(measures="the mean distance of D from p/(p + q) after 200 of your steps", below=0.06)
def test_discriminator_step__learns_the_share_of_real_samples(submission, seed, device):
    """Your steps on two Gaussians teach D p/(p + q), though there are twice as many fakes."""
    draws, judge, generator = torch.Generator().manual_seed(seed), _judge(seed, device), nn.Linear(1, 1).to(device)
    with torch.no_grad():
        generator.weight.fill_(1.0)
        generator.bias.fill_(SHIFT)
    optimizer = Adam(judge.parameters(), lr=0.01, betas=(0.5, 0.9))
    for _ in range(200):
        real, noise = (torch.randn(size, 1, generator=draws).to(device) for size in (256, 512))
        submission.discriminator_step(generator, judge, optimizer, real, noise)
    return _error(judge, device)


# generator_step


@given(game=_affine_games())
def test_generator_step__returns_the_loss_before_the_step(submission, game):
    """It returns the non-saturating loss that G has before the step, as a Python float."""
    generator, discriminator, _, noise, lr = game
    believed = torch.sigmoid(_affine(discriminator, _affine(generator, noise)))
    wanted = -float(believed.log().mean())
    loss = submission.generator_step(generator, discriminator, SGD(generator.parameters(), lr=lr), noise)
    assert_close(loss, wanted, rtol=1e-6, because="before the step D gives the fakes these probabilities of being real")


@given(game=_affine_games())
def test_generator_step__takes_one_step_down_its_slope(submission, game):
    """It moves G by lr times the slope of the non-saturating loss, down, and once."""
    generator, discriminator, _, noise, lr = game
    before, pulls = clone(generator), _pulls_on_generator(generator, discriminator, noise)
    submission.generator_step(generator, discriminator, SGD(generator.parameters(), lr=lr), noise)
    because = "each fake goes the way on which D's logit rises, by how little D believes it"
    _assert_stepped(generator, before, pulls, lr, because)


@given(game=dtypes().flatmap(_affine_games), size=st.sampled_from([40.0, 200.0]))
def test_generator_step__learns_however_sure_the_discriminator_is(submission, game, size):
    """A discriminator that is sure of all fakes, with logits down to −200, still moves G in full."""
    generator, discriminator, _, noise, lr = game
    with torch.no_grad():
        discriminator.bias -= _affine(discriminator, _affine(generator, noise)).max() + size
    before = clone(generator)
    along = discriminator.weight.detach().clone()
    pulls = along.T @ noise.mean(0, keepdim=True), along[0]
    submission.generator_step(generator, discriminator, SGD(generator.parameters(), lr=lr), noise)
    because = f"D is sure of every fake (logits of −{size:g} and below), so each pulls G with full force"
    for name, pull in zip(("weight", "bias"), pulls, strict=True):
        wanted = getattr(before, name).detach() + lr * pull
        assert_close(getattr(generator, name).detach(), wanted, because=f"{because}; its new {name}")


@given(game=games("generator", dtype=torch.float64))
def test_generator_step__takes_each_step_afresh(submission, game):
    """A second step is not pushed by the gradients of the first."""
    step = (game.generator, game.discriminator, game.optimizer, game.noise)
    submission.generator_step(*step)
    other = clone(step)
    for parameter in other[0].parameters():
        parameter.grad = None
    submission.generator_step(*step)
    submission.generator_step(*other)
    _assert_alike(step[0], other[0], "the second step must go where it goes from the same place without a first one")


@given(game=_affine_games())
def test_generator_step__moves_as_its_optimizer_moves(submission, game):
    """The step is the optimizer's, here Adam's, not a hand-made one."""
    generator, discriminator, _, noise, _ = game
    before, pulls = clone(generator), _pulls_on_generator(generator, discriminator, noise)
    assume(all(float(each.abs().min()) > 1e-3 for each in pulls))
    submission.generator_step(generator, discriminator, Adam(generator.parameters(), lr=0.01), noise)
    _assert_all_moved_by(generator, before, pulls, 0.01)
