"""What every right answer to the attacks does."""

from __future__ import annotations

import copy
import math
from pathlib import Path

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from autograder.assertions import assert_between, assert_close, assert_equal, assert_raises, assert_within, require
from autograder.content import load_file
from autograder.data import digits
from autograder.models import small_model
from autograder.strategies import (
    budgets,
    classification_batches,
    dtypes,
    logits,
    seeds,
    small_models,
    tensors,
)
from autograder.training import accuracy, trained_digits_classifier, training

_cases = load_file(Path(__file__).with_name("cases.py"))
slopes, steady_batches = _cases.slopes, _cases.steady_batches

NORMS = st.sampled_from(["linf", "l2"])
SHAPES = st.sampled_from(_cases.SHAPES)
BOXES = st.sampled_from([(0.0, 1.0), (-1.0, 2.0), (0.0, 255.0)])
WIDE = {"low": -20.0, "high": 20.0}
SLACK = 1e-6  # of the size of the numbers: rounding at the edge of a ball
MANY = 3000  # random starts, of three pixels each


def _l2_sizes(delta: Tensor) -> Tensor:
    return delta.detach().double().flatten(1).square().sum(1).sqrt()


def _slack(*values: Tensor | float) -> float:
    sizes = [float(torch.as_tensor(each).abs().max()) if torch.as_tensor(each).numel() else 0.0 for each in values]
    return SLACK * max(1.0, *sizes)


def _moved(after: Tensor, before: Tensor) -> Tensor:
    return after.detach().double() - before.double()


@st.composite
def _near_and_far(draw, plain: bool = False):
    """Images that went astray, the clean ones, ε and the box; the unit of all is the width of the box."""
    low, high = draw(BOXES)
    sizes, dtype = (draw(st.integers(1, 4)), *draw(SHAPES)), draw(dtypes())
    x = draw(tensors(sizes, dtype=dtype, plain=plain, low=low, high=high))
    eps = draw(budgets(0.02, 0.4)) * (high - low)
    return x + eps * draw(tensors(sizes, dtype=dtype, plain=plain)), x, eps, low, high


@given(case=_near_and_far())
def test_project_linf__stays_in_the_ball(submission, case):
    """No pixel ends further than ε from the clean image."""
    x_adv, x, eps, low, high = case
    result = submission.project_linf(x_adv, x, eps, low=low, high=high)
    assert_within(_moved(result, x), eps, slack=_slack(low, high), because="a pixel is further than ε from the clean x")


@given(case=_near_and_far())
def test_project_linf__stays_in_the_box(submission, case):
    """No pixel ends below low or above high."""
    x_adv, x, eps, low, high = case
    result = submission.project_linf(x_adv, x, eps, low=low, high=high)
    assert_between(result, low, high, slack=_slack(low, high), because="a pixel has left the box [low, high]")


@given(case=_near_and_far(), seed=seeds())
def test_project_linf__leaves_allowed_points_alone(submission, case, seed):
    """Images that lie in the ball and in the box come back as they were."""
    _, x, eps, low, high = case
    noise = 2 * torch.rand(x.shape, generator=torch.Generator().manual_seed(seed), dtype=x.dtype) - 1
    inside = torch.where(((x + 0.98 * eps * noise) - (low + high) / 2).abs() < (high - low) / 2, 0.98 * eps * noise, 0)
    allowed = x + inside
    result = submission.project_linf(allowed.clone(), x, eps, low=low, high=high)
    assert_close(result, allowed, because="these pixels satisfy ball and box already and must not move")


@given(case=_near_and_far())
def test_project_linf__is_the_nearest_allowed_point(submission, case):
    """No other point of ball and box lies nearer to the image that went astray."""
    x_adv, x, eps, low, high = case
    result = submission.project_linf(x_adv, x, eps, low=low, high=high).detach().double()
    allowed = x.double() + eps * torch.linspace(-1, 1, 41, dtype=torch.float64).reshape(-1, *[1] * x.ndim)
    ends = torch.stack([torch.full_like(result, low), torch.full_like(result, high)])
    rivals = torch.cat([allowed, ends])  # (candidates, batch, ...)
    fits = (rivals >= low) & (rivals <= high) & ((rivals - x.double()).abs() <= eps)
    best = torch.where(fits, (rivals - x_adv.double()).abs(), torch.inf).amin(0)
    mine = (result - x_adv.double()).abs()
    slack = _slack(low, high, x_adv)
    require(
        (mine <= best + slack).all(),
        "another pixel value in ball and box lies nearer to x_adv than yours: project to the nearest one",
        yours=float((mine - best).max()),
        wanted=f"distances at most {slack:.1g} above those of the nearest of 43 candidates",
    )


@st.composite
def _perturbations(draw, shape=None, plain: bool = True):
    """Perturbations of any length, one a sample."""
    sizes, dtype = (draw(st.integers(1, 4)), *(shape or draw(SHAPES))), draw(dtypes())
    return draw(tensors(sizes, dtype=dtype, plain=plain))


@given(delta=_perturbations((2, 3, 2), plain=False), eps=budgets(0.1, 3.0))
def test_project_l2__stays_in_the_ball(submission, delta, eps):
    """No sample's perturbation is longer than ε."""
    result = submission.project_l2(delta, eps)
    assert_within(_l2_sizes(result), eps, slack=_slack(eps), because="a perturbation is still longer than ε")


@given(delta=_perturbations(), eps=budgets(0.1, 3.0), factor=st.sampled_from([1.5, 4.0, 100.0]))
def test_project_l2__reaches_the_sphere(submission, delta, eps, factor):
    """A perturbation that is too long is shortened to ε and no further."""
    lengths = _l2_sizes(delta).to(delta.dtype).reshape(-1, *[1] * (delta.ndim - 1))
    result = submission.project_l2(delta / lengths * eps * factor, eps)
    wanted = torch.full((len(delta),), eps, dtype=torch.float64)
    assert_close(_l2_sizes(result), wanted, rtol=1e-5, because=f"perturbations of length {factor:g}ε must get length ε")


@given(delta=_perturbations(), eps=budgets(0.1, 3.0), seed=seeds())
def test_project_l2__leaves_short_ones_alone(submission, delta, eps, seed):
    """A perturbation no longer than ε comes back as it was, whatever its neighbours in the batch."""
    share = 0.95 * torch.rand(len(delta), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    if len(delta) > 1:
        share[0] = 3.0
    scale = (share * eps / _l2_sizes(delta)).to(delta.dtype).reshape(-1, *[1] * (delta.ndim - 1))
    scaled = delta * scale
    result, short = submission.project_l2(scaled.clone(), eps), share < 1
    assert_close(result[short], scaled[short], because="these perturbations are shorter than ε and must not change")


@given(delta=_perturbations((2, 3, 2)), eps=budgets(0.1, 1.0))
def test_project_l2__keeps_the_direction(submission, delta, eps):
    """A perturbation goes on pointing where it pointed."""
    result = submission.project_l2(delta, eps).detach().double()
    room = [-1] + [1] * (delta.ndim - 1)
    wanted = delta.double() * (_l2_sizes(result) / _l2_sizes(delta)).reshape(room)
    assert_close(result, wanted, atol=1e-5, because="all entries of one sample must shrink by the same factor")


@given(delta=_perturbations(), eps=budgets(0.1, 1.0), which=st.integers(0, 3))
def test_project_l2__leaves_zero_at_zero(submission, delta, eps, which):
    """A perturbation of zero stays zero, and does not disturb its neighbours."""
    which = which % len(delta)
    delta[which] = 0.0
    result = submission.project_l2(delta, eps)
    assert_equal(
        result[which].detach(), torch.zeros_like(result[which]), because="length 0 is no reason to divide by 0"
    )


@given(case=steady_batches(), eps=budgets(), targeted=st.booleans())
def test_fgsm__moves_every_pixel_by_epsilon(submission, case, eps, targeted):
    """Every pixel that has a slope moves by ε, no more and no less."""
    result = submission.fgsm(*case, eps, targeted=targeted, **WIDE)
    wanted = torch.full_like(case.x, eps).double()
    assert_close(
        _moved(result, case.x).abs(), wanted, atol=1e-5, because="how steep the slope is plays no part: all move by ε"
    )


@given(case=steady_batches(), eps=budgets())
def test_fgsm__moves_the_way_the_loss_rises(submission, case, eps):
    """Each pixel moves to the side on which the cross-entropy is higher."""
    wanted = slopes(*case).sign()
    result = submission.fgsm(*case, eps, **WIDE)
    assert_equal(
        _moved(result, case.x).sign(), wanted, because="nudging each pixel alone shows on which side the loss is higher"
    )


@given(case=steady_batches(), eps=budgets())
def test_fgsm__goes_towards_a_wanted_class(submission, case, eps):
    """With targeted=True each pixel moves to the side on which the wanted class costs less."""
    wanted = -slopes(*case).sign()
    result = submission.fgsm(*case, eps, targeted=True, **WIDE)
    assert_equal(
        _moved(result, case.x).sign(), wanted, because="y is the class to be taken for: its cross-entropy must fall"
    )


@given(case=classification_batches(), eps=budgets(), targeted=st.booleans(), wide=st.booleans())
def test_fgsm__stays_in_the_box(submission, case, eps, targeted, wide):
    """No pixel ends below low or above high."""
    low, high = (-0.02, 1.02) if wide else (0.0, 1.0)
    box = {"low": low, "high": high} if wide else {}
    result = submission.fgsm(*case, eps, targeted=targeted, **box)
    assert_between(result, low, high, because="a pixel has left the box [low, high]")


@given(case=steady_batches(in_shape=(3,), kind="linear"), eps=budgets(), unseen=st.integers(0, 2))
def test_fgsm__leaves_unseen_pixels_alone(submission, case, eps, unseen):
    """A pixel that the network does not look at stays as it is."""
    with torch.no_grad():
        case.model.linear.weight[:, unseen] = 0.0
    result = submission.fgsm(*case, eps, **WIDE)
    assert_close(
        result[:, unseen].detach(), case.x[:, unseen].clone(), because="the gradient there is 0, and sign(0) is 0"
    )


@training(measures="the accuracy that FGSM of ε = 0.1 leaves a network trained on digits", below=0.75)
def test_fgsm__fools_a_trained_network(submission, seed, device):
    """It takes a quarter of a network's accuracy where random noise of the same size takes next to nothing."""
    model, data = trained_digits_classifier(seed, device), digits()
    x, y = data.test_x.to(device), data.test_y.to(device)
    generator = torch.Generator().manual_seed(seed)
    noise = 0.1 * (2.0 * torch.randint(2, x.shape, generator=generator) - 1).to(device)
    require(accuracy(model, (x + noise).clamp(0, 1), y) > 0.88, "random noise alone fools this network")
    return accuracy(model, submission.fgsm(model, x, y, 0.1), y)


@given(
    case=classification_batches(plain=True),
    eps=budgets(0.05, 0.5),
    share=st.sampled_from([0.4, 0.8, 2.5]),
    steps=st.integers(0, 8),
    norm=NORMS,
    options=st.fixed_dictionaries({"random_start": st.booleans(), "targeted": st.booleans()}),
    seed=seeds(),
)
def test_pgd__stays_in_the_ball(submission, case, eps, share, steps, norm, options, seed):
    """However many steps it takes, it ends within ε of the clean images, in the norm that it was given."""
    generator, clean = torch.Generator().manual_seed(seed), case.x.clone()
    options = {**options, **WIDE, "generator": generator}
    result = submission.pgd(*case, eps, alpha=share * eps, steps=steps, norm=norm, **options)
    delta = _moved(result, clean)
    size = _l2_sizes(delta) if norm == "l2" else delta
    assert_within(size, eps, because=f"after {steps} steps the {norm} distance to the clean images exceeds ε")


@given(
    case=classification_batches(),
    eps=budgets(0.1, 0.5),
    steps=st.integers(0, 3),
    norm=NORMS,
    options=st.fixed_dictionaries({"random_start": st.booleans(), "targeted": st.booleans()}),
    wide=st.booleans(),
    seed=seeds(),
)
def test_pgd__stays_in_the_box(submission, case, eps, steps, norm, options, wide, seed):
    """No pixel ends below low or above high, not even after a random start without steps."""
    low, high = (-0.02, 1.02) if wide else (0.0, 1.0)
    options = {**options, **({"low": low, "high": high} if wide else {})}
    generator = torch.Generator().manual_seed(seed)
    result = submission.pgd(*case, eps, alpha=0.5 * eps, steps=steps, norm=norm, generator=generator, **options)
    assert_between(result, low, high, because="a pixel has left the box [low, high]")


@given(case=steady_batches(), alpha=budgets(), norm=NORMS, targeted=st.booleans())
def test_pgd__takes_steps_of_length_alpha(submission, case, alpha, norm, targeted):
    """A step moves every pixel by alpha for linf, and every sample by an L2 length of alpha for l2."""
    result = submission.pgd(*case, 3 * alpha, alpha=alpha, steps=1, norm=norm, targeted=targeted, **WIDE)
    delta = _moved(result, case.x)
    size = _l2_sizes(delta) if norm == "l2" else delta.abs()
    what = "each sample's step has L2 length alpha" if norm == "l2" else "each pixel moves by alpha"
    assert_close(size, torch.full_like(size, alpha), rtol=2e-3, atol=1e-5, because=f"for {norm} {what}")


@given(case=steady_batches(dtype=torch.float64), alpha=budgets(), norm=NORMS)
def test_pgd__follows_the_slope(submission, case, alpha, norm):
    """A step climbs the cross-entropy: along the slope's sign for linf, along the slope itself for l2."""
    _assert_follows(submission, case, alpha, norm, targeted=False)


@given(case=steady_batches(dtype=torch.float64), alpha=budgets(), norm=NORMS)
def test_pgd__goes_towards_a_wanted_class(submission, case, alpha, norm):
    """With targeted=True a step goes down the cross-entropy of the wanted class."""
    _assert_follows(submission, case, alpha, norm, targeted=True)


def _assert_follows(submission, case, alpha: float, norm: str, *, targeted: bool) -> None:
    steep = -slopes(*case) if targeted else slopes(*case)
    result = submission.pgd(*case, 3 * alpha, alpha=alpha, steps=1, norm=norm, targeted=targeted, **WIDE)
    delta, way = _moved(result, case.x), "falls" if targeted else "rises"
    if norm == "linf":
        assert_equal(delta.sign(), steep.sign(), because=f"each pixel must move to the side where the loss {way}")
    else:
        room = [-1] + [1] * (delta.ndim - 1)
        unit, wanted = (each / _l2_sizes(each).clamp(min=1e-12).reshape(room) for each in (delta, steep))
        assert_close(unit, wanted, rtol=0, atol=2e-3, because=f"for l2 a step points where the loss {way} fastest")


@given(
    case=steady_batches(kind="linear", classes=2),
    eps=budgets(0.05, 0.5),
    share=st.sampled_from([0.15, 0.3, 0.6]),
    steps=st.integers(1, 6),
    norm=NORMS,
)
def test_pgd__takes_every_step(submission, case, eps, share, steps, norm):
    """On a linear network, whose slope never turns, all steps add up until the ball ends, also once it is fooled."""
    wanted = min(steps * share * eps, eps)
    result = submission.pgd(*case, eps, alpha=share * eps, steps=steps, norm=norm, **WIDE)
    delta = _moved(result, case.x)
    size = _l2_sizes(delta) if norm == "l2" else delta.abs()
    because = f"{steps} steps of {share:g}ε in one direction lead {min(steps * share, 1):g}ε away, fooled or not"
    assert_close(size, torch.full_like(size, wanted), rtol=2e-3, atol=1e-5, because=because)


def _switch(turn: float) -> nn.Module:
    """Two pixels: the loss of class 0 rises with the first, and with the second while the first is below `turn`."""

    class Switch(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.turn = turn

        def forward(self, x: Tensor) -> Tensor:
            first, second = x.flatten(1).unbind(1)
            climb = 4 * first + second * (self.turn - first)
            return torch.stack([-climb, torch.zeros_like(climb)], 1)

    return Switch().eval()


@given(
    alpha=budgets(0.02, 0.05),
    rising=st.integers(1, 4),
    falling=st.integers(1, 4),
    x=tensors(((1, 3), 2), plain=True, low=0.2, high=0.6),
)
def test_pgd__looks_again_after_every_step(submission, alpha, rising, falling, x):
    """It takes the slope anew at each iterate, and turns where the slope turns."""
    x = x.clone()
    x[:, 0] = 0.25
    model, y = _switch(0.25 + (rising - 0.5) * alpha), torch.zeros(len(x), dtype=torch.int64)
    wanted = x.double() + alpha * torch.tensor([rising + falling, rising - falling], dtype=torch.float64)
    result = submission.pgd(model, x, y, 1.0, alpha=alpha, steps=rising + falling, **WIDE)
    because = f"the second pixel's slope is up for {rising} steps, then down for {falling}: look at it where you are"
    assert_close(result.detach().double(), wanted, atol=1e-5, because=because)


@given(
    alpha=budgets(0.02, 0.05),
    steps=st.integers(6, 9),
    edge=st.sampled_from(["ball", "box"]),
    x=tensors(((1, 3), 2), plain=True, low=0.2, high=0.4),
)
def test_pgd__returns_inside_after_every_step(submission, alpha, steps, edge, x):
    """Each slope is taken at a point that lies in the ball and in the box."""
    x = x.clone()
    x[:, 0] = 0.5
    model, y = _switch(0.5 + 2.75 * alpha), torch.zeros(len(x), dtype=torch.int64)
    eps, high = (2.5 * alpha, 5.0) if edge == "ball" else (1.0, 0.5 + 2.5 * alpha)
    wanted = x[:, 1].double() + (eps if edge == "ball" else 0.0)
    if edge == "box":
        wanted = (wanted + steps * alpha).clamp(max=high)
    result = submission.pgd(model, x, y, eps, alpha=alpha, steps=steps, low=0.0, high=high)
    because = f"the second pixel's slope turns only where the first has left the {edge}; go back in after every step"
    assert_close(result[:, 1].detach().double(), wanted, atol=1e-5, because=because)


@given(eps=budgets(0.05, 0.2), norm=NORMS, targeted=st.booleans(), dtype=dtypes(), seed=seeds())
def test_pgd__stays_where_the_slope_is_zero(submission, eps, norm, targeted, dtype, seed):
    """A sample without any slope stays as it is, and the others are attacked all the same."""
    ears = nn.Linear(3, 3)
    model = nn.Sequential(nn.Flatten(), ears, nn.ReLU(), small_model("linear", (3,), 2, seed=1)).eval().to(dtype)
    with torch.no_grad():
        ears.weight.copy_(torch.eye(3))
        ears.bias.fill_(-0.5)
    noise = 0.2 * torch.rand(2, 1, 3, generator=torch.Generator().manual_seed(seed), dtype=dtype)
    x = torch.tensor([0.1, 0.75], dtype=dtype).reshape(2, 1, 1) + noise  # the first is too dark to be seen
    clean, y = x.clone(), torch.tensor([0, 1])
    result = submission.pgd(model, x, y, eps, alpha=eps, steps=2, norm=norm, targeted=targeted).detach()
    assert_close(result[0], clean[0], because="a gradient of zero makes no step, and must not make nan")
    require(_l2_sizes(_moved(result, clean))[1] > 0.2 * eps, "the other sample has a slope and must move")


@given(alpha=budgets(0.05, 0.5), size=st.sampled_from([4e-6, 1e-5, 1e-4, 1e-3]), dtype=dtypes(), seed=seeds())
def test_pgd__takes_full_steps_on_gentle_slopes(submission, alpha, size, dtype, seed):
    """For l2 a step has length alpha however gentle the slope, down to a gradient of length 1e-6."""
    model = small_model("linear", (1, 2, 3), 2, seed=0, dtype=dtype)
    generator = torch.Generator().manual_seed(seed)
    direction = torch.randn(6, generator=generator, dtype=dtype)
    with torch.no_grad():
        model.linear.weight.zero_()
        model.linear.weight[1] = size * direction / direction.norm()
        model.linear.bias.zero_()
    x = torch.rand(2, 1, 2, 3, generator=generator, dtype=dtype)
    clean, y = x.clone(), torch.zeros(2, dtype=torch.int64)
    result = submission.pgd(model, x, y, 2.0, alpha=alpha, steps=1, norm="l2", **WIDE)
    wanted = torch.full((2,), alpha, dtype=torch.float64)
    because = f"the gradient's length is {size / 2:.0e} here, small but not zero: the step is a full one"
    assert_close(_l2_sizes(_moved(result, clean)), wanted, rtol=2e-3, because=because)


@given(case=classification_batches(), eps=budgets(), norm=NORMS)
def test_pgd__gives_the_start_for_no_steps(submission, case, eps, norm):
    """With no steps and no random start it gives the clean images."""
    clean = case.x.clone()
    result = submission.pgd(*case, eps, alpha=0.1, steps=0, norm=norm)
    assert_close(result, clean, because="no steps from the clean images lead nowhere")


def test_pgd__starts_anywhere_in_the_linf_ball(submission):
    """A random start for linf is uniform in the ball: each pixel anywhere in ±ε, each for itself."""
    shares = _starts(submission, "linf")  # (batch, 3)
    for pixel, values in enumerate(shares.unbind(1)):
        _require_uniform((values + 1) / 2, f"pixel {pixel} of random starts is not uniform between -ε and ε")
    _require_unrelated(shares)


def test_pgd__starts_anywhere_in_the_l2_ball(submission):
    """A random start for l2 is uniform by volume in the solid ball: any direction, and more of them further out."""
    shares = _starts(submission, "l2")
    radii = shares.norm(dim=1, keepdim=True)
    _require_uniform(
        radii[:, 0].pow(3).clamp(max=1.0),
        "the radii of random starts do not fill the ball evenly: of 3 pixels, half of the volume lies beyond 0.79ε",
    )
    for pixel, values in enumerate((shares / radii.clamp(min=1e-12)).unbind(1)):
        _require_uniform((values + 1) / 2, f"the directions of random starts favour some side of pixel {pixel}")
    _require_unrelated(shares)


def _starts(submission, norm: str) -> Tensor:
    """Many random starts of three pixels far from the edges of the box, in units of ε."""
    model = small_model("linear", (1, 1, 3), 2, seed=0, dtype=torch.float64)
    x, y = torch.full((MANY, 1, 1, 3), 0.5, dtype=torch.float64), torch.zeros(MANY, dtype=torch.int64)
    options = {"random_start": True, "generator": torch.Generator().manual_seed(20)}
    result = submission.pgd(model, x, y, 0.2, alpha=0.05, steps=0, norm=norm, **options)
    return (result.detach().flatten(1) - 0.5) / 0.2


def _require_uniform(values: Tensor, sentence: str) -> None:
    """Fails if the distribution of numbers differs from that of uniform ones in [0, 1] more than once in 1e9 cases."""
    ranks = torch.arange(1, len(values) + 1, dtype=torch.float64) / len(values)
    gap = float((values.sort().values - ranks).abs().max())
    bound = 3.4 / math.sqrt(len(values))
    require(gap < bound, sentence, yours=f"shares off by up to {gap:.2f}", wanted=f"less than {bound:.2f}")


def _require_unrelated(shares: Tensor) -> None:
    bound = 6.5 / math.sqrt(len(shares))
    together = torch.cat([shares, shares.roll(1, 0)], 1)  # beside the pixels of the sample before
    related = torch.corrcoef(together.T).nan_to_num(1.0).fill_diagonal_(0.0)[:3]
    require(related.abs().max() < bound, "pixels of random starts move together, within a sample or across the batch")


@given(case=classification_batches(), norm=st.sampled_from(["l1", "L2", "inf", "Linf"]), steps=st.integers(0, 2))
def test_pgd__refuses_another_norm(submission, case, norm, steps):
    """A norm that is neither "linf" nor "l2" raises ValueError, with no steps to take too."""
    because = f'norm="{norm}" is neither "linf" nor "l2"'
    assert_raises(ValueError, submission.pgd, *case, 0.1, alpha=0.05, steps=steps, norm=norm, because=because)


@given(model=dtypes().flatmap(lambda dtype: small_models((1, 2, 3), 3, dtype)), count=st.integers(1, 4), seed=seeds())
def test_ensemble_logits__of_copies_is_the_copy(submission, model, count, seed):
    """An ensemble of equal models answers as one of them."""
    x = torch.rand(3, 1, 2, 3, generator=torch.Generator().manual_seed(seed)).to(next(model.parameters()).dtype)
    with torch.no_grad():
        wanted = model(x)
    result = submission.ensemble_logits([copy.deepcopy(model) for _ in range(count)], x)
    assert_close(result.detach(), wanted, because=f"{count} equal models give equal logits, and so does their mean")


@given(
    models=st.lists(small_models((2, 3, 2), 3, torch.float64), min_size=2, max_size=4),
    which=st.integers(0, 3),
    x=tensors((2, 2, 3, 2), dtype=torch.float64, plain=True, low=0.0, high=1.0),
)
def test_ensemble_logits__hears_every_model_equally(submission, models, which, x):
    """If one of the models adds something to its logits, the result rises by that model's share of it."""
    before = submission.ensemble_logits(models, x).detach()
    rise = torch.tensor([1.0, -2.0, 4.0], dtype=torch.float64)
    layers = [module for module in models[which % len(models)].modules() if isinstance(module, nn.Linear)]
    with torch.no_grad():
        layers[-1].bias.add_(rise)
    after = submission.ensemble_logits(models, x).detach()
    wanted = (rise / len(models)).expand_as(before)
    assert_close(after - before, wanted, because=f"each of {len(models)} models has the same weight")


@given(both=st.data(), dtype=dtypes(), classes=st.integers(2, 5), batch=st.integers(1, 4))
def test_distillation_loss__is_the_divergence_from_the_teacher(submission, both, dtype, classes, batch):
    """At T = 1 it is the divergence of the student's distribution from the teacher's, mean over the batch."""
    student, teacher = (both.draw(logits(batch=batch, classes=classes, dtype=dtype, plain=True)) for _ in range(2))
    wanted = 0.0
    for mine, theirs in zip(student.double().tolist(), teacher.double().tolist(), strict=True):
        q, p = ([math.exp(each) / sum(map(math.exp, row)) for each in row] for row in (mine, theirs))
        wanted += sum(b * math.log(b / a) for a, b in zip(q, p, strict=True)) / batch
    result = submission.distillation_loss(student, teacher, 1.0)
    because = "it sums over the classes, weighs with the teacher's probabilities, and averages over the batch"
    assert_close(result.detach().double(), wanted, rtol=1e-4, atol=1e-5, because=because)


@given(
    teacher=logits(dtype=torch.float64, plain=True),
    temperature=st.sampled_from([0.5, 1.0, 3.0]),
    shift=st.integers(-5, 5),
)
def test_distillation_loss__is_zero_for_equal_logits(submission, teacher, temperature, shift):
    """It is 0 where the student's logits are the teacher's, up to a number added to all of a sample."""
    student = teacher + shift * torch.arange(1, len(teacher) + 1, dtype=torch.float64).unsqueeze(1)
    result = submission.distillation_loss(student, teacher, temperature)
    assert_close(result.detach(), 0.0, atol=1e-7, because="both have the same probabilities: there is nothing to learn")


@given(both=st.data(), temperature=st.sampled_from([0.5, 2.0, 3.0, 10.0]), classes=st.integers(2, 5))
def test_distillation_loss__grows_with_the_square_of_the_temperature(submission, both, temperature, classes):
    """If all logits and the temperature are multiplied by T, the loss is multiplied by T²."""
    student, teacher = (both.draw(logits(batch=3, classes=classes, dtype=torch.float64, plain=True)) for _ in range(2))
    cool = submission.distillation_loss(student, teacher, 1.0).detach()
    warm = submission.distillation_loss(temperature * student, temperature * teacher, temperature).detach()
    because = "the probabilities are the same, so that only the factor T² is left"
    assert_close(warm, temperature**2 * cool, rtol=1e-6, because=because)


@given(both=st.data(), temperature=st.sampled_from([1.0, 2.0]), sizes=st.tuples(st.integers(1, 3), st.integers(1, 3)))
def test_distillation_loss__averages_over_the_batch(submission, both, temperature, sizes):
    """Each sample counts alike: the loss of two batches put together is the mean of all of their samples."""
    batch = sum(sizes)
    student, teacher = (both.draw(logits(batch=batch, classes=3, dtype=torch.float64, plain=True)) for _ in range(2))
    whole = submission.distillation_loss(student, teacher, temperature).detach()
    parts = [
        submission.distillation_loss(mine, theirs, temperature).detach()
        for mine, theirs in zip(student.split(sizes), teacher.split(sizes), strict=True)
    ]
    wanted = sum(size * part for size, part in zip(sizes, parts, strict=True)) / batch
    assert_close(whole, wanted, because=f"batches of {sizes[0]} and {sizes[1]} samples weigh by their sizes")


@st.composite
def _outcomes(draw, right=(1, 6), wrong=(0, 5)):
    """Labels and both predictions: the first samples were right, `fooled` of them are no more; others were wrong."""
    rights, wrongs = draw(st.integers(*right)), draw(st.integers(*wrong))
    fooled = draw(st.integers(0, rights))
    labels = torch.tensor(draw(st.lists(st.integers(0, 3), min_size=rights + wrongs, max_size=rights + wrongs)))
    labels = labels.to(torch.int64)
    off = torch.tensor(draw(st.lists(st.integers(1, 3), min_size=len(labels), max_size=len(labels)))).to(torch.int64)
    clean, after = labels.clone(), labels.clone()
    clean[rights:] = (labels + off)[rights:] % 4
    after[:fooled] = (labels + off)[:fooled] % 4
    after[rights:] = torch.where(off == 1, labels, clean)[rights:] if draw(st.booleans()) else clean[rights:]
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(draw(seeds())))
    return labels[order], clean[order], after[order], fooled, rights


@given(case=_outcomes())
def test_attack_success_rate__counts_only_those_right_before(submission, case):
    """It is the share of those classified rightly before that are wrong after."""
    *tables, fooled, rights = case
    result = submission.attack_success_rate(*tables)
    because = f"{rights} of {len(tables[0])} samples were right before, and {fooled} of these are wrong after"
    assert_close(result, fooled / rights, atol=1e-6, because=because)


@given(case=_outcomes(wrong=(1, 5)), seed=seeds())
def test_attack_success_rate__ignores_those_wrong_before(submission, case, seed):
    """What becomes of a sample that was wrong before changes nothing."""
    labels, clean, after, _, _ = case
    other = torch.randint(4, after.shape, generator=torch.Generator().manual_seed(seed))
    first = submission.attack_success_rate(labels, clean, after)
    second = submission.attack_success_rate(labels, clean, torch.where(clean == labels, after, other))
    assert_close(second, first, atol=1e-6, because="only predictions for samples that were wrong before have changed")


@given(case=_outcomes(wrong=(0, 3)), step=st.integers(1, 3))
def test_attack_success_rate__is_one_if_all_are_fooled(submission, case, step):
    """It is 1 where every right answer turned wrong, and 0 where every one stayed."""
    labels, clean, _, _, _ = case
    because = "every sample that was right before is wrong after"
    assert_close(submission.attack_success_rate(labels, clean, (clean + step) % 4), 1.0, atol=1e-6, because=because)
    because = "no prediction has changed"
    assert_close(submission.attack_success_rate(labels, clean, clean.clone()), 0.0, atol=1e-6, because=because)


@given(labels=st.lists(st.integers(0, 3), max_size=5), steps=st.tuples(st.integers(1, 3), st.integers(0, 3)))
def test_attack_success_rate__is_zero_where_nothing_was_right(submission, labels, steps):
    """It is 0.0 where no sample was classified rightly before, and where there is no sample."""
    y = torch.tensor(labels, dtype=torch.int64)
    result = submission.attack_success_rate(y, (y + steps[0]) % 4, (y + steps[1]) % 4)
    assert_equal(result, 0.0, because="there was nothing to fool")
