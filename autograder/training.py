"""Checks that train something small, and what they train with."""

from __future__ import annotations

import contextlib
import copy
import functools
import inspect
import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from autograder.data import digits
from autograder.errors import CheckFailure
from autograder.models import MLP, randomize

Result = TypeVar("Result")
KEPT = 4  # trainings of one submission that are remembered
_TRAINED: weakref.WeakKeyDictionary[Any, OrderedDict[Any, Any]] = weakref.WeakKeyDictionary()
TRIES = ("one seed", "two seeds", "three seeds")


@dataclass(frozen=True)
class Training:
    """What a training check measures, and its bar.

    Attributes:
        measures: in words, such as "accuracy under FGSM".
        measure: the function that trains and measures; takes a `seed`.
        below: right answers measure less than this.
        above: right answers measure more than this.
    """

    measures: str
    measure: Callable[..., float]
    below: float | None
    above: float | None

    def holds(self, value: float) -> bool:
        """Whether `value` meets the bar; nan never does."""
        return (
            value == value and (self.below is None or value < self.below) and (self.above is None or value > self.above)
        )

    @property
    def bar(self) -> str:
        """The bar in words."""
        words = [] if self.below is None else [f"below {self.below:g}"]
        return " and ".join(words + ([] if self.above is None else [f"above {self.above:g}"]))

    def show(self, value: float) -> str:
        """A value that missed the bar, in as few decimals as show that it did."""
        for text in (f"{value:.{decimals}f}" for decimals in (2, 3, 4, 6)):
            rounded = float(text)
            if not self.holds(rounded) and (rounded == value or rounded not in (self.below, self.above)):
                return text
        return repr(value)


def training(
    *, measures: str, below: float | None = None, above: float | None = None
) -> Callable[[Callable[..., float]], Callable[..., None]]:
    """Makes a check of a function that trains something and returns what it measured.

    The function takes `seed` beside the fixtures that it needs; the check takes `training_seed` in its place. The bar
    is missed only if three seeds miss it; whatever the function raises is raised at once.

    Args:
        measures: what is measured, in words for the student.
        below: right answers measure less than this.
        above: right answers measure more than this.

    Raises:
        ValueError: if there is no bar, or the function takes no `seed`.
    """
    if below is None and above is None:
        raise ValueError(f"the training check of {measures!r} has no bar; give `below` or `above`")

    def make(measure: Callable[..., float]) -> Callable[..., None]:
        bar = Training(measures, measure, below, above)
        names = list(inspect.signature(measure).parameters)
        if "seed" not in names:
            raise ValueError(f"{measure.__name__} takes no `seed`")

        @functools.wraps(measure)
        def check(*, training_seed: int, **fixtures: Any) -> None:
            seen: list[str] = []
            for attempt in range(len(TRIES)):
                value = float(measure(seed=(training_seed + 1_000_003 * attempt) % 2**31, **fixtures))
                if bar.holds(value):
                    return
                seen.append(bar.show(value))
            raise CheckFailure(
                f"{measures} was {', '.join(seen[:-1])} and {seen[-1]} on {TRIES[-1]}; right answers stay {bar.bar}"
            )

        check.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [
                inspect.Parameter("training_seed" if name == "seed" else name, inspect.Parameter.KEYWORD_ONLY)
                for name in names
            ]
        )
        del check.__wrapped__  # pytest would read the fixtures of the function within
        check.training = bar  # type: ignore[attr-defined]
        return check

    return make


def shared(train: Callable[..., Result]) -> Callable[..., Result]:
    """Makes a function `(submission, seed, device, …)` train once, however many promises look at what came of it."""

    @functools.wraps(train)
    def remembered(submission: Any, seed: int, device: torch.device | str, *rest: Any) -> Result:
        known = _TRAINED.setdefault(submission, OrderedDict())
        key = (train.__qualname__, seed, str(device), rest)
        said = getattr(submission, "conversation", None)
        if key in known:
            if said is not None:
                said.recall(key)
            return known[key]  # type: ignore[no-any-return]
        with _own_random_state(seed, torch.device(device)), said.training(key) if said else contextlib.nullcontext():
            known[key] = train(submission, seed, device, *rest)
        while len(known) > KEPT:
            gone, _ = known.popitem(last=False)
            if said is not None:
                said.forget(gone)
        return known[key]  # type: ignore[no-any-return]

    return remembered


def once(make: Callable[..., Result]) -> Callable[..., Result]:
    """Makes a function `(seed, device, …)` that trains what no submission has a hand in train once for a class.

    Each caller gets a copy.
    """

    @functools.lru_cache(maxsize=32)
    def made(seed: int, device: str, *rest: Any) -> Result:
        return make(seed, torch.device(device), *rest)

    @functools.wraps(make)
    def copied(seed: int, device: torch.device | str, *rest: Any) -> Result:
        return copy.deepcopy(made(seed, str(device), *rest))

    return copied


def train_classifier(
    model: nn.Module,
    x: Tensor,
    y: Tensor,
    *,
    epochs: int = 15,
    seed: int,
    lr: float = 5e-3,
    batch_size: int = 64,
    device: torch.device | str = "cpu",
) -> nn.Module:
    """Trains `model` with Adam on the cross-entropy; the same seed gives the same weights on one machine.

    Global random states are left alone.

    Args:
        model: maps `(N, ...)` to logits; its weights are drawn anew from the seed. Trained in place.
        x: float inputs `(N, ...)`.
        y: int64 labels `(N,)`.
        epochs: passes over the data.
        seed: of weights, order and dropout.
        lr: Adam's step size.
        batch_size: samples a step.
        device: where to train.

    Returns:
        The same model, in eval mode and without gradients, on `device`.
    """
    place = torch.device(device)
    generator = torch.Generator().manual_seed(seed)
    randomize(model, generator)
    model = model.to(place).train()
    x, y = x.to(place), y.to(place)
    step = adam(model.parameters(), lr)
    with _own_random_state(seed, place), torch.enable_grad():
        for _ in range(epochs):
            order = torch.randperm(len(x), generator=generator).to(place)
            for start in range(0, len(x), batch_size):
                chosen = order[start : start + batch_size]
                if len(chosen) == 1 < len(x):
                    continue  # batch normalisation cannot normalise a single sample
                step(nn.functional.cross_entropy(model(x[chosen]), y[chosen]))
    return model.eval()


def adam(
    parameters: Iterable[Tensor], lr: float, *, betas: tuple[float, float] = (0.9, 0.999)
) -> Callable[[Tensor], None]:
    """A function that takes a 0-d loss and moves `parameters` by one step of Adam (Kingma and Ba 2015) down it.

    Parameters' `.grad` is left alone. The steps are those of `torch.optim.Adam`, which imports torch's compiler: that
    takes a second, and a student waits for it.
    """
    moved = list(parameters)
    means, squares = ([torch.zeros_like(each) for each in moved] for _ in range(2))
    count = 0

    def step(loss: Tensor) -> None:
        nonlocal count
        count += 1
        gradients = torch.autograd.grad(loss, moved, allow_unused=True)
        with torch.no_grad():
            for parameter, gradient, mean, square in zip(moved, gradients, means, squares, strict=True):
                if gradient is None:
                    continue
                mean.lerp_(gradient, 1 - betas[0])
                square.mul_(betas[1]).addcmul_(gradient, gradient, value=1 - betas[1])
                size = (square / (1 - betas[1] ** count)).sqrt_().add_(1e-8)
                parameter.addcdiv_(mean, size, value=-lr / (1 - betas[0] ** count))

    return step


def accuracy(model: nn.Module, x: Tensor, y: Tensor) -> float:
    """The share of the batch `x` whose greatest logit is that of its label in `y`, int64 `(N,)`."""
    with torch.no_grad():
        return float((model(x).argmax(-1) == y).double().mean())


def trained_digits_classifier(seed: int, device: torch.device | str = "cpu", *, hidden: int = 64) -> nn.Module:
    """A fresh copy of a perceptron trained on the digits (accuracy on the test set about 0.97), in eval mode."""
    return _trained_digits_classifier(seed, device, hidden)


@once
def _trained_digits_classifier(seed: int, device: torch.device, hidden: int) -> nn.Module:
    data = digits()
    model = MLP(64, hidden, hidden, 10, activation="relu")
    return train_classifier(model, data.train_x, data.train_y, seed=seed, device=device)


@contextlib.contextmanager
def _own_random_state(seed: int, device: torch.device) -> Iterator[None]:
    """Inside, torch's random states on the CPU and on `device` start from `seed`; then they are what they were."""
    others = [] if device.type == "cpu" else [device]
    with torch.random.fork_rng(others, device_type="cuda" if device.type == "cpu" else device.type):
        torch.default_generator.manual_seed(seed)
        if device.type == "cuda":
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)
        elif device.type == "mps":
            torch.mps.manual_seed(seed)
        yield
