"""Honest inputs for adversarial training: networks that show how they are called, attacks that need no gradient.

Networks and attacks are made within functions, so that they can be sent to where a submission runs.
"""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
from hypothesis import strategies as st
from torch import Tensor, nn

from autograder.cases import Ask, Call, calls, corners
from autograder.models import small_model
from autograder.strategies import classification_batches, generators, seeds

Attack = Callable[[nn.Module, Tensor, Tensor], Tensor]
STILL = 1e-9  # a step size so small that nothing is learnt


def lens(train_shift: float) -> nn.Module:
    """Images as they are in eval mode; in train mode each of two submodules brightens them by `train_shift`."""

    class Lens(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.train_shift = train_shift

        def forward(self, x: Tensor) -> Tensor:
            return x + self.train_shift if self.training else x

    return nn.Sequential(Lens(), nn.Sequential(Lens()))


def gauge(*, train_shift: float = 0.0, limit: int = 1000, dtype: torch.dtype = torch.float64) -> nn.Module:
    """A network that sees the digit 10·b in an image of mean brightness b.

    Its logits are -(weight·b - k)² for the digits k, and its only parameter is `weight`, 10 at first.

    Args:
        train_shift: see `lens`, which it looks through.
        limit: images of larger batches look brighter by 0.1.
        dtype: of the weight.
    """
    ground = lens(train_shift)

    class Gauge(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lens = ground
            self.weight = nn.Parameter(torch.tensor(10.0, dtype=dtype))
            self.limit = limit

        def forward(self, x: Tensor) -> Tensor:
            bright = self.lens(x).flatten(1).mean(1) + (0.1 if len(x) > self.limit else 0.0)
            digits = torch.arange(10, dtype=x.dtype, device=x.device)
            return -((self.weight * bright).unsqueeze(1) - digits).square()

    return Gauge()


def scale(weight: float = 2.0, *, middle: float = 0.0, heeds: str = "images", train_shift: float = 0.0) -> nn.Module:
    """Two logits, 0 and weight·(b - middle), for an image of mean brightness b; in float64.

    Args:
        weight: its only parameter.
        middle: brightness at which both logits are 0.
        heeds: "images", each for itself; "size": the second logit also grows by a half for every image of the batch;
            "company": by three times the square of the batch's mean brightness.
        train_shift: see `lens`, which it looks through.
    """
    ground = lens(train_shift)

    class Scale(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lens = ground
            self.weight = nn.Parameter(torch.tensor(weight, dtype=torch.float64))
            self.middle, self.heeds = middle, heeds

        def forward(self, x: Tensor) -> Tensor:
            bright = self.lens(x).flatten(1).mean(1)
            second = self.weight * (bright - self.middle)
            if self.heeds == "size":
                second = second + len(x) / 2
            elif self.heeds == "company":
                second = second + 3 * bright.mean().square()
            return torch.stack([torch.zeros_like(second), second], 1)

    return Scale()


def shift(amount: float) -> Attack:
    """Brightens every image."""

    def attack(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
        return (x + amount).clamp(0, 1)

    return attack


def shift_odd_labels(amount: float) -> Attack:
    """Brightens the images of odd classes."""

    def attack(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
        odd = (y % 2).to(x.dtype).reshape(-1, *[1] * (x.ndim - 1))
        return (x + amount * odd).clamp(0, 1)

    return attack


def shift_by_weights(amount: float) -> Attack:
    """Brightens every image by an amount that moves with the model's parameters."""

    def attack(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
        with torch.no_grad():
            total = sum(parameter.sum() for parameter in model.parameters())
        return (x + amount * torch.sin(3 * total)).clamp(0, 1)

    return attack


def shift_in_eval_mode(amount: float, *, otherwise: float) -> Attack:
    """Brightens every image by `amount`, or by `otherwise` if any submodule is in train mode."""

    def attack(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
        return x + (otherwise if any(module.training for module in model.modules()) else amount)

    return attack


def shift_few(amount: float, limit: int, *, otherwise: float) -> Attack:
    """Brightens every image by `amount`, or by `otherwise` if there are more than `limit`."""

    def attack(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
        return x + (amount if len(x) <= limit else otherwise)

    return attack


def level(logit: float) -> Attack:
    """Makes every image so bright that `scale` gives the logit `logit`, whatever its weight."""

    def attack(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
        return torch.full_like(x, logit / model.weight.item())

    return attack


def leaving_gradients(inner: Attack, name: str = "") -> Attack:
    """Does as `inner`, and adds 1 to the gradient of every parameter, or of that of one name, in the model."""

    def attack(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
        with torch.enable_grad():
            mine = [each for key, each in model.named_parameters() if name in ("", key) and each.requires_grad]
            if mine:
                sum(each.sum() for each in mine).backward()
        return inner(model, x, y)

    return attack


def carrying_a_graph(inner: Attack, name: str = "") -> Attack:
    """Does as `inner`, and its images carry a graph that leads to every parameter, or to that of one name."""

    def attack(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
        with torch.enable_grad():
            total = sum(each.sum() for key, each in model.named_parameters() if name in ("", key))
            return inner(model, x, y).detach() + (total - total.detach())

    return attack


def scatter_modes(model: nn.Module, seed: int) -> nn.Module:
    """Puts every submodule in a mode of its own, at least one of them in train mode; gives the model."""
    modules = list(model.modules())
    modes = torch.randint(2, (len(modules),), generator=torch.Generator().manual_seed(seed)).tolist()
    modes[seed % len(modules)] = 1
    for module, mode in zip(modules, modes, strict=True):
        module.training = bool(mode)
    return model


def attacks(*, leaving: bool = True) -> st.SearchStrategy[Attack]:
    """Attacks of every kind, smooth in the model's parameters; some leave gradients in the model unless told not to."""
    amounts = st.sampled_from([-0.3, -0.2, 0.2, 0.3])
    plain = st.one_of(amounts.map(shift), amounts.map(shift_odd_labels), amounts.map(shift_by_weights))
    return st.one_of(plain, plain.map(carrying_a_graph), *([plain.map(leaving_gradients)] if leaving else []))


def is_clear(model: nn.Module, x: Tensor, y: Tensor, attack: Attack) -> bool:
    """Whether no two classes are nearly alike in the model's eyes, before or after the attack."""
    twin = copy.deepcopy(model).eval()
    with torch.no_grad():
        first, second = twin(torch.cat([x, attack(twin, x, y)])).topk(2).values.unbind(1)
    return bool((first - second > 1e-3).all())


@calls("robust_accuracy")
def robust_accuracy(ask: Ask) -> Call:
    """A small network of any kind in mixed modes, judged in batches of any size."""
    drawn = st.tuples(classification_batches(batch=ask.batch, dtype=ask.dtype, plain=ask.plain), attacks(leaving=False))
    (model, x, y), attack = ask.draw(drawn.filter(lambda case: is_clear(*case[0], case[1])))
    sizes = ask.draw(st.sampled_from([{}, {"batch_size": 1}, {"batch_size": 2}, {"batch_size": 3}]))
    return Call(scatter_modes(model, ask.draw(seeds())), x, y, attack, **sizes)


def _readings(*digits: int) -> Tensor:
    """Images in which `gauge` sees these digits."""
    return (torch.tensor(digits, dtype=torch.float64) / 10).reshape(-1, 1, 1, 1).expand(-1, 1, 2, 3).clone()


@corners("robust_accuracy")
def robust_accuracy_corners() -> list[Call]:
    """Labels that are the clean answers, the attacked ones or neither; uneven batches; mixed and even modes."""
    x, mixed = _readings(3, 4, 5, 6, 3), torch.tensor([4, 4, 6, 2, 3])
    up = torch.tensor([4, 5, 6, 7, 4])
    shows, inner, outer = gauge(train_shift=0.1), gauge(train_shift=0.1).eval(), gauge(train_shift=0.1).eval()
    inner.lens[1].train()
    outer.training = True
    return [
        Call(gauge().eval(), x, mixed, shift(0.1)),
        Call(gauge().eval(), x, mixed, shift(0.1), batch_size=2),
        Call(gauge(limit=2).eval(), x[:4], up[:4], shift(0.1), batch_size=2),
        Call(gauge().eval(), x, up, shift_few(0.1, 2, otherwise=0.3), batch_size=2),
        Call(gauge().eval(), x, up, shift_odd_labels(0.1)),
        Call(shows, x, up, shift(0.1)),
        Call(inner, x, up, shift(0.1)),
        Call(gauge().train(), x, up, shift_in_eval_mode(0.1, otherwise=0.2)),
        Call(outer, x, up, shift_in_eval_mode(0.1, otherwise=0.2)),
        Call(gauge().eval(), x, up, leaving_gradients(shift(0.1))),
    ]


def make_optimizer(kind: str, model: nn.Module, lr: float) -> torch.optim.Optimizer:
    """SGD, SGD with momentum or Adam over all of the model's parameters."""
    if kind == "adam":
        return torch.optim.Adam(model.parameters(), lr=lr)
    return torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9 if kind == "momentum" else 0.0)


@calls("adversarial_training_step")
def adversarial_training_step(ask: Ask) -> Call:
    """A small network of any kind in mixed modes, and a new optimizer."""
    kinds = ["linear", "mlp", "dropout", *(["norm"] if ask.batch > 1 else [])]  # one sample has no spread
    kind = ask.draw(st.sampled_from(kinds))
    model, x, y = ask.draw(classification_batches(batch=ask.batch, dtype=ask.dtype, kind=kind, plain=ask.plain))
    optimizer = make_optimizer(ask.draw(st.sampled_from(["sgd", "momentum", "adam"])), model, 0.125)
    call = Call(scatter_modes(model, ask.draw(seeds())), optimizer, x, y, ask.draw(attacks()))
    return call.random() if kind == "dropout" else call


def _weighed() -> tuple[nn.Module, torch.optim.Optimizer]:
    """A network whose parameters each tell of one thing: only `moved` has a slope and is in the optimizer's hands.

    `outside` has a slope but is not the optimizer's; `earlier` holds an old gradient, and neither it nor `struck` nor
    `tied` has a slope.
    """

    class Weighed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            for name in ("moved", "outside", "earlier", "struck", "tied"):
                self.register_parameter(name, nn.Parameter(torch.tensor(1.0, dtype=torch.float64)))

        def forward(self, x: Tensor) -> Tensor:
            flat = 0.0 * (self.earlier + self.struck + self.tied)
            second = self.moved * x.flatten(1).mean(1) + self.outside + flat
            return torch.stack([torch.zeros_like(second), second], 1)

    model = Weighed()
    model.earlier.grad = torch.ones_like(model.earlier)
    mine = [each for name, each in model.named_parameters() if name != "outside"]
    return model, torch.optim.SGD(mine, lr=0.125)


@corners("adversarial_training_step")
def adversarial_training_step_corners() -> list[Call]:
    """Gradients left by the attack and from before, images with a graph, labels that are not the answer, modes."""

    def stepping(model: nn.Module, *rest: object) -> Call:
        return Call(model, torch.optim.SGD(model.parameters(), lr=0.125), *rest)

    x, up, mixed = _readings(3, 4, 5, 6), torch.tensor([4, 5, 6, 7]), torch.tensor([4, 4, 6, 2])
    two, inner = torch.tensor([0, 1, 1, 0]), gauge(train_shift=0.1)
    inner.lens[1].eval()
    return [
        stepping(gauge().eval(), x, mixed, shift(0.2)),
        stepping(gauge().eval(), x, up, shift_odd_labels(0.1)),
        stepping(gauge().train(), x, up, shift_in_eval_mode(0.1, otherwise=0.2)),
        stepping(gauge(train_shift=0.1).eval(), x, up, shift(0.1)),
        stepping(inner, x, up, shift(0.1)),
        Call(*_weighed(), x, two, leaving_gradients(shift(0.1), "struck")),
        Call(*_weighed(), x, two, carrying_a_graph(shift(0.1), "tied")),
    ]


@calls("adversarial_training")
def adversarial_training(ask: Ask) -> Call:
    """A small network, a few epochs in batches of any size."""
    kinds = ["linear", "mlp"]
    batch_size, epochs = ask.draw(st.integers(1, 4)), ask.draw(st.integers(1, 3))
    if ask.batch > 1 and batch_size > 1 and ask.batch % batch_size != 1:
        kinds.append("norm")  # no batch has but one sample
    kind = ask.draw(st.sampled_from(kinds))
    model, x, y = ask.draw(classification_batches(batch=ask.batch, dtype=ask.dtype, kind=kind, plain=ask.plain))
    options = {"epochs": epochs, "batch_size": batch_size, "lr": ask.draw(st.sampled_from([0.01, 0.1]))}
    if ask.draw(st.booleans()):
        options["generator"] = ask.draw(generators())
    return Call(scatter_modes(model, ask.draw(seeds())), x, y, ask.draw(attacks()), **options).random()


def _differs(value: float) -> Callable[[object], Tensor]:
    """Whether the first loss is another one."""

    def summary(losses: object) -> Tensor:
        return ((torch.tensor(losses, dtype=torch.float64)[:1] - value).abs() > 1e-6).double()

    return summary


def _varies(losses: object) -> Tensor:
    """Whether epochs differ."""
    values = torch.tensor(losses, dtype=torch.float64)
    return ((values.amax() - values.amin()) > 1e-6).double().reshape(1)


@corners("adversarial_training")
def adversarial_training_corners() -> list[Call]:
    """Whole batches, uneven ones, samples that matter to one another, attacks that follow the weights, modes."""

    def training(model: nn.Module, x: Tensor, y: Tensor, attack: Attack, **options: object) -> Call:
        return Call(model, x, y, attack, generator=torch.Generator().manual_seed(0), **options)

    x = _readings(1, 3, 4, 8, 2, 5, 7, 9)
    ones, halves = torch.ones(8, dtype=torch.int64), (x.flatten(1).mean(1) > 0.45).long()
    alike = torch.full_like(x, 0.5)
    with torch.no_grad():
        model = scale(heeds="company")
        in_pairs = float(torch.cat([model(pair) for pair in x.split(2)]).softmax(1)[:, 1].log().neg().mean())
    mlp = small_model("mlp", (1, 2, 3), 2, seed=3, dtype=torch.float64)
    return [
        training(scale(), x, ones, shift(0.1), epochs=2, batch_size=2, lr=STILL),
        training(scale(heeds="size"), alike[:4], ones[:4], shift(0.1), epochs=1, batch_size=2, lr=STILL),
        training(scale(heeds="size"), alike[:3], ones[:3], shift(0.1), epochs=1, batch_size=2, lr=STILL).random(
            summary=lambda losses: torch.tensor(losses, dtype=torch.float64), within=0.011
        ),
        training(scale(8.0, middle=0.45), x, halves, shift(0.0), epochs=2, batch_size=8, lr=STILL),
        training(scale(heeds="company"), x, ones, shift(0.0), epochs=5, batch_size=2, lr=STILL).random(
            summary=_varies, within=0.5
        ),
        training(scale(heeds="company"), x, ones, shift(0.0), epochs=1, batch_size=2, lr=STILL).random(
            summary=_differs(in_pairs), within=0.5
        ),
        training(scale(), alike, ones, level(1.0), epochs=3, batch_size=4, lr=0.05),
        training(scale(), alike, ones, level(1.0), epochs=3, batch_size=8, lr=0.05),
        training(scale(train_shift=0.1).eval(), alike, ones, shift(0.1), epochs=2, batch_size=8, lr=STILL),
        training(scale(), alike, ones, shift_in_eval_mode(0.1, otherwise=0.2), epochs=2, batch_size=8, lr=STILL),
        training(scale(0.3), alike, ones, shift(0.1), epochs=4, batch_size=8, lr=1.0),
        training(mlp, x, halves, shift_by_weights(0.2), epochs=3, batch_size=8, lr=0.1),
    ]
