"""What every right answer to adversarial training does."""

from __future__ import annotations

import copy
import math
from pathlib import Path

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from autograder.assertions import assert_close, require
from autograder.content import load_file
from autograder.models import small_model
from autograder.strategies import dtypes, seeds, tensors

_cases = load_file(Path(__file__).with_name("cases.py"))
carrying_a_graph, gauge, leaving_gradients, level = (
    _cases.carrying_a_graph,
    _cases.gauge,
    _cases.leaving_gradients,
    _cases.level,
)
scale, scatter_modes, shift, shift_few = _cases.scale, _cases.scatter_modes, _cases.shift, _cases.shift_few
shift_in_eval_mode, shift_odd_labels, STILL = _cases.shift_in_eval_mode, _cases.shift_odd_labels, _cases.STILL

UPS = st.sampled_from([-2, -1, 1, 2])  # digits by which an attack moves what the gauge sees
RATES = st.sampled_from([0.125, 0.25, 0.5])


def _images(brightness: Tensor) -> Tensor:
    """Images (N, 1, 2, 2) of these mean brightnesses, with a little pattern."""
    pattern = torch.tensor([[0.02, -0.01], [-0.02, 0.01]], dtype=brightness.dtype)
    return brightness.reshape(-1, 1, 1, 1) + pattern


@st.composite
def _readings(draw, count=(1, 9), dtype: torch.dtype = torch.float64):
    """Images in which the gauge sees digits from 3 to 6, and the digits."""
    digits = draw(st.lists(st.integers(3, 6), min_size=count[0], max_size=count[1]))
    wobble = 0.4 * torch.rand(len(digits), generator=torch.Generator().manual_seed(draw(seeds()))) - 0.2
    seen = torch.tensor(digits)
    return _images(((seen + wobble) / 10).to(dtype)), seen


def _mean(parts: list[bool]) -> float:
    return sum(parts) / len(parts)


@given(case=_readings(), up=UPS, dtype=dtypes(), data=st.data())
def test_robust_accuracy__counts_what_the_attack_leaves(submission, case, up, dtype, data):
    """It gives the share of attacked images that the model classifies as their labels say."""
    x, seen = case
    y = seen + up * torch.tensor(data.draw(st.lists(st.booleans(), min_size=len(x), max_size=len(x)))).long()
    wanted = _mean((y == seen + up).tolist())
    result = submission.robust_accuracy(gauge(dtype=dtype).eval(), x.to(dtype), y, shift(up / 10))
    because = f"clean images show {seen.tolist()}, attacked ones {(seen + up).tolist()}, labels are {y.tolist()}"
    assert_close(result, wanted, rtol=0, atol=1e-6, because=because)


@given(case=_readings((3, 9)), up=UPS, batch_size=st.integers(2, 4), data=st.data())
def test_robust_accuracy__counts_every_sample_alike(submission, case, up, batch_size, data):
    """Each sample counts once, also those of a last batch that is smaller than the others."""
    x, seen = case
    right = data.draw(st.lists(st.booleans(), min_size=len(x), max_size=len(x)))
    y = seen + up * torch.tensor(right).long()
    result = submission.robust_accuracy(gauge().eval(), x, y, shift(up / 10), batch_size=batch_size)
    because = (
        f"{sum(right)} of {len(x)} samples are right after the attack, whichever batch of {batch_size} they are in"
    )
    assert_close(result, _mean(right), rtol=0, atol=1e-6, because=because)


@given(case=_readings((3, 9)), up=UPS, batch_size=st.integers(1, 3), who=st.sampled_from(["attack", "model"]))
def test_robust_accuracy__keeps_to_the_batch_size(submission, case, up, batch_size, who):
    """Neither the attack nor the model is given more than batch_size samples at a time."""
    x, seen = case
    attack = shift_few(up / 10, batch_size, otherwise=-up / 10) if who == "attack" else shift(up / 10)
    model = gauge(limit=batch_size if who == "model" else 1000).eval()
    result = submission.robust_accuracy(model, x, seen + up, attack, batch_size=batch_size)
    because = f"all {len(x)} samples are right if the {who} is given at most batch_size = {batch_size} at a time"
    assert_close(result, 1.0, rtol=0, atol=1e-6, because=because)


@given(case=_readings((2, 9)), up=UPS)
def test_robust_accuracy__hands_the_true_labels_to_the_attack(submission, case, up):
    """The attack is given the true classes, and not what the model says."""
    x, seen = case
    y = seen + up
    moved = seen + up * (y % 2)
    result = submission.robust_accuracy(gauge().eval(), x, y, shift_odd_labels(up / 10))
    because = f"the labels are {y.tolist()}, and this attack moves only images whose label is odd"
    assert_close(result, _mean((moved == y).tolist()), rtol=0, atol=1e-6, because=because)


@given(case=_readings(), up=UPS, who=st.sampled_from(["attacked", "judged"]), modes=seeds(), size=st.integers(2, 5))
def test_robust_accuracy__attacks_and_judges_in_eval_mode(submission, case, up, who, modes, size):
    """The model is attacked and judged with every submodule in eval mode, in whichever modes they come."""
    x, seen = case
    model = scatter_modes(gauge(train_shift=0.1 if who == "judged" else 0.0), modes)
    attack = shift_in_eval_mode(up / 10, otherwise=-up / 10) if who == "attacked" else shift(up / 10)
    result = submission.robust_accuracy(model, x, seen + up, attack, batch_size=size)
    because = f"all samples are right if the model is {who} with each of its submodules in eval mode"
    assert_close(result, 1.0, rtol=0, atol=1e-6, because=because)


@given(case=_readings(), up=UPS)
def test_robust_accuracy__lets_the_attack_take_gradients(submission, case, up):
    """An attack that switches gradients on for itself can take them."""
    x, seen = case
    attack = carrying_a_graph(leaving_gradients(shift(up / 10)))
    result = submission.robust_accuracy(gauge().eval(), x, seen + up, attack)
    assert_close(result, 1.0, rtol=0, atol=1e-6, because="this attack calls .backward(), and all samples are right")


def _gauge_loss(brightness: Tensor, y: Tensor, weight: float = 10.0) -> float:
    """The gauge's cross-entropy, mean over the batch, written out."""
    squares = (weight * brightness.double().unsqueeze(1) - torch.arange(10)).square()
    return float(((-squares).logsumexp(1) + squares[torch.arange(len(y)), y]).mean())


def _bright(x: Tensor) -> Tensor:
    return x.double().flatten(1).mean(1)


def _sgd(model, lr: float, **options) -> torch.optim.Optimizer:
    return torch.optim.SGD(model.parameters(), lr=lr, **options)


@given(case=_readings((2, 6)), up=UPS, dtype=dtypes(), lr=RATES)
def test_adversarial_training_step__gives_the_loss_of_the_attacked_batch(submission, case, up, dtype, lr):
    """It gives the mean cross-entropy of the attacked images, before the parameters move."""
    x, seen = case[0].to(dtype), case[1]
    y = seen + torch.arange(len(seen)) % 2
    wanted = _gauge_loss(_bright(x) + up / 10, y)
    model = gauge(dtype=dtype).eval()
    result = submission.adversarial_training_step(model, _sgd(model, lr), x, y, shift(up / 10))
    because = "the loss is the attacked images' cross-entropy, mean over the batch, at the parameters as they came"
    assert_close(result, wanted, rtol=1e-4 if dtype == torch.float32 else 1e-6, because=because)


@st.composite
def _linear_cases(draw):
    """A linear classifier in eval mode, images within the box also after a shift, labels."""
    classes, size = draw(st.integers(2, 4)), draw(st.integers(1, 3))
    x = draw(tensors(((2, 5), size), dtype=torch.float64, plain=True, low=0.3, high=0.7))
    y = torch.randint(classes, (len(x),), generator=torch.Generator().manual_seed(draw(seeds())))
    return small_model("linear", (size,), classes, seed=draw(seeds()), dtype=torch.float64), x, y


def _slopes(weight: Tensor, bias: Tensor, images: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """How the mean cross-entropy of a linear classifier rises with weight and bias, from the formula."""
    excess = (images @ weight.T + bias).softmax(1)
    excess[torch.arange(len(y)), y] -= 1
    return excess.T @ images / len(y), excess.mean(0)


def _parameters(model) -> tuple[Tensor, Tensor]:
    return model.linear.weight.detach().clone(), model.linear.bias.detach().clone()


def _assert_steps(submission, case, attack, lr: float, because: str) -> None:
    """One step of plain SGD on images that are brighter by 0.25, as far as the update is concerned."""
    model, x, y = case
    weight, bias = _parameters(model)
    of_weight, of_bias = _slopes(weight, bias, x + 0.25, y)
    submission.adversarial_training_step(model, _sgd(model, lr), x, y, attack)
    after_weight, after_bias = _parameters(model)
    assert_close(after_weight, weight - lr * of_weight, because=f"{because} (the weight)")
    assert_close(after_bias, bias - lr * of_bias, because=f"{because} (the bias)")


@given(case=_linear_cases(), lr=RATES)
def test_adversarial_training_step__steps_down_the_loss_of_the_attacked_batch(submission, case, lr):
    """The parameters make the optimizer's step for the attacked images."""
    because = f"plain SGD moves each parameter by -{lr:g} times the slope of the attacked batch's loss"
    _assert_steps(submission, case, shift(0.25), lr, because)


@given(case=_readings((2, 6)), up=UPS)
def test_adversarial_training_step__hands_the_true_labels_to_the_attack(submission, case, up):
    """The attack is given the true classes, and not what the model says."""
    x, seen = case
    y = seen + up
    wanted = _gauge_loss(_bright(x) + up / 10 * (y % 2), y)
    model = gauge().eval()
    result = submission.adversarial_training_step(model, _sgd(model, STILL), x, y, shift_odd_labels(up / 10))
    assert_close(result, wanted, rtol=1e-6, because="this attack moves only images whose label is odd")


@given(case=_readings((2, 6)), up=UPS, modes=seeds())
def test_adversarial_training_step__attacks_in_eval_mode(submission, case, up, modes):
    """The model is attacked with every submodule in eval mode, in whichever modes they come."""
    x, y = case
    model = scatter_modes(gauge(), modes)
    attack = shift_in_eval_mode(up / 10, otherwise=up / 20)
    wanted = _gauge_loss(_bright(x) + up / 10, y)
    result = submission.adversarial_training_step(model, _sgd(model, STILL), x, y, attack)
    because = "this attack makes other images, and so another loss, if any submodule is in train mode while it runs"
    assert_close(result, wanted, rtol=1e-6, because=because)


@given(case=_readings((2, 6)), up=UPS, lr=RATES, modes=seeds())
def test_adversarial_training_step__updates_in_train_mode(submission, case, up, lr, modes):
    """The step is taken with every submodule in train mode, in whichever modes they come."""
    x, y = case
    model = scatter_modes(gauge(train_shift=0.05), modes)
    model.lens[modes % 2].eval()
    bright = _bright(x) + up / 10 + 2 * 0.05
    nudged = [_gauge_loss(bright, y, 10 + nudge) for nudge in (1e-5, -1e-5)]
    wanted = 10 - 1e-4 * lr * (nudged[0] - nudged[1]) / 2e-5
    result = submission.adversarial_training_step(model, _sgd(model, 1e-4 * lr), x, y, shift(up / 10))
    because = "this model sees brighter images for each of its two inner submodules that is in train mode"
    assert_close(model.weight.detach(), wanted, rtol=0, atol=1e-9, because=f"{because}; its weight steps accordingly")
    assert_close(result, _gauge_loss(bright, y), rtol=0, atol=0.02, because=f"{because}; its loss is accordingly")


@given(case=_linear_cases(), lr=RATES)
def test_adversarial_training_step__holds_the_attacked_batch_constant(submission, case, lr):
    """No gradient flows through the attack, though its images may carry a graph."""
    because = "the attacked images lead back to the parameters by a graph here, and are constants all the same"
    _assert_steps(submission, case, carrying_a_graph(shift(0.25)), lr, because)


@given(case=_linear_cases(), lr=RATES, source=st.sampled_from(["the attack", "earlier steps", "both"]))
def test_adversarial_training_step__keeps_other_gradients_out(submission, case, lr, source):
    """Gradients that the attack or earlier steps left in the model have no part in the update."""
    if source != "the attack":
        for parameter in case[0].parameters():
            parameter.grad = torch.full_like(parameter, 0.5)
    attack = shift(0.25) if source == "earlier steps" else leaving_gradients(shift(0.25))
    because = f"{source} left gradients in the model, and the step must be as if they were not there"
    _assert_steps(submission, case, attack, lr, because)


@given(case=_linear_cases(), lr=RATES, momentum=st.sampled_from([0.5, 0.9]))
def test_adversarial_training_step__takes_one_step_of_the_given_optimizer(submission, case, lr, momentum):
    """It is the optimizer's own step, once a call, for the parameters that the optimizer has."""
    model, x, y = case
    optimizer = torch.optim.SGD([model.linear.bias], lr=lr, momentum=momentum)
    weight, bias = _parameters(model)
    speed = torch.zeros_like(bias)
    for count in ("one call", "two calls"):
        speed = momentum * speed + _slopes(weight, bias, x + 0.25, y)[1]
        bias = bias - lr * speed
        model.zero_grad()
        submission.adversarial_training_step(model, optimizer, x, y, shift(0.25))
        after_weight, after_bias = _parameters(model)
        assert_close(after_bias, bias, because=f"after {count} of SGD with momentum {momentum:g} (the bias)")
        assert_close(after_weight, weight, because="the optimizer has only the bias, so the weight stays")


def _train(submission, model, x, attack, *, y: Tensor | None = None, seed: int = 0, **options) -> Tensor:
    """The losses of one training; every label is 1 if there are none."""
    labels = torch.ones(len(x), dtype=torch.int64) if y is None else y
    generator = torch.Generator().manual_seed(seed)
    result = submission.adversarial_training(model, x, labels, attack, generator=generator, **options)
    numbers = isinstance(result, (list, tuple)) and all(isinstance(each, float) for each in result)
    require(numbers and len(result) > 0, "it returns a list of Python floats", yours=result)
    return torch.tensor(result, dtype=torch.float64)


def _softplus(value: float) -> float:
    """The scale's loss for label 1 where its second logit is -value."""
    return math.log1p(math.exp(value))


@given(n=st.integers(1, 6), batch_size=st.integers(1, 4), epochs=st.integers(1, 4), seed=seeds())
def test_adversarial_training__gives_one_loss_an_epoch(submission, n, batch_size, epochs, seed):
    """It gives a list of Python floats, one for each epoch."""
    x = _images(torch.full((n,), 0.5, dtype=torch.float64))
    options = {"epochs": epochs, "batch_size": batch_size, "lr": 0.01}
    losses = _train(submission, scale().eval(), x, shift(0.1), seed=seed, **options)
    require(len(losses) == epochs, "there is one loss for each epoch", yours=len(losses), wanted=epochs)


@given(
    values=tensors(((2, 8),), dtype=torch.float64, plain=True, low=0.1, high=0.8),
    batch_size=st.integers(1, 3),
    weight=st.sampled_from([-3.0, 2.0, 5.0]),
    epochs=st.integers(1, 3),
    seed=seeds(),
)
def test_adversarial_training__learns_from_every_sample_once_an_epoch(
    submission, values, batch_size, weight, epochs, seed
):
    """Every epoch's loss is the mean over all attacked samples, none of them left out or used twice."""
    values = values[: max(len(values) // batch_size, 1) * batch_size]
    each = [_softplus(-weight * (float(value) + 0.1)) for value in values]
    options = {"epochs": epochs, "batch_size": batch_size, "lr": STILL}
    losses = _train(submission, scale(weight).eval(), _images(values), shift(0.1), seed=seed, **options)
    wanted = torch.full_like(losses, sum(each) / len(each))
    because = f"with so small an lr every epoch has the mean loss of all {len(each)} attacked samples"
    assert_close(losses, wanted, rtol=1e-6, because=because)


@given(whole=st.integers(0, 3), batch_size=st.integers(1, 4), rest=st.integers(0, 3), epochs=st.integers(1, 3))
def test_adversarial_training__makes_batches_of_the_size_asked_for(submission, whole, batch_size, rest, epochs):
    """Batches have batch_size samples, and those that are left over make a smaller one."""
    sizes = [batch_size] * whole + ([rest % batch_size] if rest % batch_size else [])
    sizes = sizes or [1]
    x = _images(torch.full((sum(sizes),), 0.25, dtype=torch.float64))
    model = scale(-4.0, heeds="size").eval()
    losses = _train(submission, model, x, shift(0.125), epochs=epochs, batch_size=batch_size, lr=STILL)
    each = [_softplus(1.5 - size / 2) for size in sizes]
    over_samples = sum(size * loss for size, loss in zip(sizes, each, strict=True)) / sum(sizes)
    over_batches = sum(each) / len(each)
    nearer = min(over_samples, over_batches, key=lambda wanted: abs(float(losses[0]) - wanted))
    because = f"this model tells how large its batches are: {sum(sizes)} samples make batches of {sizes}"
    assert_close(losses, torch.full_like(losses, nearer), rtol=1e-6, because=because)


@given(
    y=st.lists(st.integers(0, 1), min_size=5, max_size=9).filter(lambda drawn: 2 <= sum(drawn) <= len(drawn) - 2),
    epochs=st.integers(1, 3),
    seed=seeds(),
)
def test_adversarial_training__keeps_samples_with_their_labels(submission, y, epochs, seed):
    """Each image is learnt with its own label, in whatever order."""
    labels = torch.tensor(y)
    x = _images(0.2 + 0.6 * labels.double())
    options = {"epochs": epochs, "batch_size": len(y), "lr": STILL}
    losses = _train(submission, scale(8.0, middle=0.55).eval(), x, shift(0.05), y=labels, seed=seed, **options)
    wanted = torch.full_like(losses, _softplus(-8.0 * 0.3))
    assert_close(losses, wanted, rtol=1e-6, because="bright images have label 1 and dark ones 0: all cost the same")


@given(seed=seeds(), weight=st.sampled_from([1.0, 2.0]))
def test_adversarial_training__reshuffles_every_epoch(submission, seed, weight):
    """Every epoch puts other samples together in a batch."""
    x = _images(torch.tensor([0.05, 0.1, 0.2, 0.35, 0.5, 0.6, 0.8, 0.95], dtype=torch.float64))
    model = scale(weight, heeds="company").eval()
    losses = _train(submission, model, x, shift(0.0), seed=seed, epochs=5, batch_size=2, lr=STILL)
    spread = float(losses.max() - losses.min())
    sentence = "the losses of this model tell which samples share a batch, and five epochs made the same batches"
    require(spread > 1e-6, sentence, yours=losses, wanted="epochs that differ")


@given(
    logit=st.sampled_from([0.5, 1.0]),
    batch_size=st.integers(1, 4),
    batches=st.integers(1, 3),
    weight=st.sampled_from([2.0, 3.0]),
    lr=st.sampled_from([0.02, 0.05]),
)
def test_adversarial_training__attacks_the_model_as_it_learns(submission, logit, batch_size, batches, weight, lr):
    """Every batch is attacked anew, with the parameters that the model has by then."""
    x = _images(torch.full((batch_size * batches,), 0.5, dtype=torch.float64))
    options = {"epochs": 3, "batch_size": batch_size, "lr": lr}
    losses = _train(submission, scale(weight).eval(), x, level(logit), **options)
    because = "this attack makes images of one and the same loss for the model as it is, however much it has learnt"
    assert_close(losses, losses[:1].expand_as(losses), rtol=1e-6, because=because)


@given(up=st.sampled_from([-0.2, 0.1, 0.2]), epochs=st.integers(2, 4), modes=seeds(), n=st.integers(1, 4))
def test_adversarial_training__switches_modes_for_every_batch(submission, up, epochs, modes, n):
    """Each batch is attacked in eval mode and learnt in train mode, in whichever modes the submodules come."""
    model = scatter_modes(scale(train_shift=0.1), modes)
    x = _images(torch.full((n,), 0.4, dtype=torch.float64))
    attack = shift_in_eval_mode(up, otherwise=2 * up)
    losses = _train(submission, model, x, attack, epochs=epochs, batch_size=n, lr=STILL)
    wanted = torch.full_like(losses, _softplus(-2 * (0.4 + up + 2 * 0.1)))
    because = "other modes make other images or another loss: eval while attacked, train while learning, every time"
    assert_close(losses, wanted, rtol=1e-6, because=because)


def _adam_path(weight: float, bright: float, lr: float, steps: int) -> float:
    """Where Adam takes the scale's weight, for images of one brightness and label 1; Kingma and Ba, algorithm 1."""
    mean = square = 0.0
    for step in range(1, steps + 1):
        slope = -bright / (1 + math.exp(weight * bright))
        mean, square = 0.9 * mean + 0.1 * slope, 0.999 * square + 0.001 * slope**2
        weight -= lr * (mean / (1 - 0.9**step)) / (math.sqrt(square / (1 - 0.999**step)) + 1e-8)
    return weight


@given(
    weight=st.sampled_from([-1.0, 0.0, 0.5]),
    lr=st.sampled_from([0.5, 1.0, 1.5]),
    epochs=st.integers(2, 5),
    n=st.integers(1, 4),
    more=st.integers(0, 3),
)
def test_adversarial_training__steps_with_one_adam(submission, weight, lr, epochs, n, more):
    """One Adam of step size lr makes all the steps, one for each batch, and remembers the earlier ones."""
    model = scale(weight).eval()
    x = _images(torch.full((n,), 0.75, dtype=torch.float64))
    _train(submission, model, x, shift(0.125), epochs=epochs, batch_size=n + more, lr=lr)
    wanted = _adam_path(weight, 0.875, lr, epochs)
    because = f"{epochs} epochs of one batch are {epochs} steps of one and the same Adam, lr = {lr:g}"
    assert_close(model.weight.detach(), wanted, rtol=1e-6, atol=1e-6, because=because)
