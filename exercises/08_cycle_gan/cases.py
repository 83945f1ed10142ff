"""Honest inputs for CycleGAN: scores, batches of two domains, and small networks that translate and judge."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from hypothesis import assume
from hypothesis import strategies as st
from torch import Tensor, nn

from autograder.cases import Ask, Call, calls, corners
from autograder.models import KINDS, randomize, small_model
from autograder.strategies import batch_sizes, seeds, tensors

DOMAINS = ((1,), (2,), (3,), (1, 2, 3), (2, 3, 2))  # shapes of one sample
MARKS = ((), (1,), (3,), (1, 2, 3))  # raw scores of one sample: a number, a column, several, patches
WEIGHTS = (0.5, 1.0, 2.0, 5.0, 20.0)
CLEAR = 1e-3  # in plain calls a sample and what it is compared with differ by more, everywhere


class World(NamedTuple):
    """Two translators, two judges, and a batch of each domain."""

    a_to_b: nn.Module
    b_to_a: nn.Module
    discriminator_a: nn.Module
    discriminator_b: nn.Module
    real_a: Tensor
    real_b: Tensor


def network(
    kind: str, before: Sequence[int], after: Sequence[int], *, seed: int, dtype: torch.dtype = torch.float64
) -> nn.Module:
    """A random network from samples of one shape to something of another, in eval mode."""
    body = small_model(kind, before, math.prod(after), seed=seed, dtype=dtype)
    return nn.Sequential(body, nn.Unflatten(1, tuple(after)) if after else nn.Flatten(0)).eval()


def painter(channels: int, *, seed: int, dtype: torch.dtype = torch.float64) -> nn.Module:
    """A random network that keeps the size of images, whatever it is, in eval mode."""
    first, second = (nn.utils.skip_init(nn.Conv2d, channels, channels, 3, padding=1) for _ in range(2))
    body = nn.Sequential(first, nn.Tanh(), second).double()
    randomize(body, torch.Generator().manual_seed(seed))
    return body.to(dtype).eval()


def straight(matrix: Tensor, shift: Tensor | None = None) -> nn.Module:
    """Multiplies the last dimension with `matrix` and adds `shift`, in eval mode."""
    layer = nn.utils.skip_init(nn.Linear, matrix.shape[1], matrix.shape[0], bias=shift is not None).to(matrix.dtype)
    with torch.no_grad():
        layer.weight.copy_(matrix)
        if shift is not None:
            layer.bias.copy_(shift)
    return layer.eval()


def shifted(by: Tensor) -> nn.Module:
    """Adds `by` to the last dimension."""
    return straight(torch.eye(len(by), dtype=by.dtype), by)


def settled(shape: Sequence[int], *scores: float, dtype: torch.dtype = torch.float64) -> nn.Module:
    """A judge that has made up its mind: it gives these scores to each sample of this shape."""
    size = math.prod(shape)
    matrix, marks = torch.zeros(len(scores), size, dtype=dtype), torch.tensor(scores, dtype=dtype)
    return nn.Sequential(nn.Flatten(1), straight(matrix, marks)).eval()


def is_clear(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors of one shape differ in every entry by enough that a nudge turns no sign."""
    return bool(((one - other).abs() > CLEAR).all())


@st.composite
def worlds(
    draw,
    batch: int | None = None,
    dtype: torch.dtype = torch.float64,
    plain: bool = False,
    *,
    kind: str | None = None,
) -> World:
    """Worlds of random networks, half of them with samples of one shape in both domains; batches may always differ.

    The judges' weights may be frozen. With `plain` every sample differs clearly from what comes back of it.
    """
    a = draw(st.sampled_from(DOMAINS))
    b = a if draw(st.booleans()) else draw(st.sampled_from(DOMAINS))
    sizes = (draw(batch_sizes(1, 4)), draw(batch_sizes(1, 4))) if batch is None else (batch, _other(draw, batch))
    seed = draw(seeds())

    def drawn(number: int, before: Sequence[int], after: Sequence[int]) -> nn.Module:
        known = KINDS if len(before) == 3 else [each for each in KINDS if each != "conv"]
        chosen = draw(st.sampled_from(known)) if kind is None else kind
        return network(chosen, before, after, seed=seed + number, dtype=dtype)

    marks = draw(st.sampled_from(MARKS))
    world = World(
        drawn(0, a, b),
        drawn(1, b, a),
        drawn(2, a, marks),
        drawn(3, b, marks),
        draw(tensors((sizes[0], *a), dtype=dtype, plain=plain, low=0.0, high=1.0)),
        draw(tensors((sizes[1], *b), dtype=dtype, plain=plain, low=0.0, high=1.0)),
    )
    frozen = draw(st.integers(0, 2))
    if frozen:
        next(world.discriminator_a.parameters()).requires_grad_(False)
    if frozen == 2:
        world.discriminator_b.requires_grad_(False)
    if plain:
        assume(returns_clearly(world))
    return world


def returns_clearly(world: World) -> bool:
    """Whether what comes back from the other domain differs clearly from what was sent, for every sample."""
    out, home = world.a_to_b, world.b_to_a
    with torch.no_grad():
        return is_clear(home(out(world.real_a)), world.real_a) and is_clear(out(home(world.real_b)), world.real_b)


def _other(draw, batch: int) -> int:
    """The size of the other domain's batch: any, but none where there is none."""
    return draw(batch_sizes(1, 5)) if batch else 0


def _weights(ask: Ask, *names: str) -> dict[str, float]:
    """Some weights, the others left out."""
    return {name: ask.draw(st.sampled_from(WEIGHTS)) for name in names if ask.draw(st.booleans())}


@calls("lsgan_discriminator_loss")
def lsgan_discriminator_loss(ask: Ask) -> Call:
    """Scores of two batches."""
    marks = ask.draw(st.sampled_from(MARKS))
    sizes = (ask.batch, _other(ask.draw, ask.batch))
    return Call(*(ask.draw(tensors((size, *marks), dtype=ask.dtype, plain=ask.plain)) for size in sizes))


@corners("lsgan_discriminator_loss")
def lsgan_discriminator_loss_corners() -> list[Call]:
    """Many fakes for one real sample, patches, large scores, a single number, no samples."""
    patches = torch.linspace(-2, 3, 12, dtype=torch.float64).reshape(1, 1, 3, 4)
    return [
        Call(torch.tensor([0.5], dtype=torch.float64), torch.tensor([2.0, -1.0, 0.25], dtype=torch.float64)),
        Call(patches, patches.flip(3).expand(2, 1, 3, 4) + 0.5),
        Call(torch.tensor([[200.0], [-200.0]]), torch.tensor([[20.0]])),
        Call(torch.tensor(3.0), torch.tensor(-1.5)),
        Call(torch.zeros(0, 1), torch.zeros(0, 1)),
    ]


@calls("lsgan_generator_loss")
def lsgan_generator_loss(ask: Ask) -> Call:
    """Scores of one batch."""
    marks = ask.draw(st.sampled_from(MARKS))
    return Call(ask.draw(tensors((ask.batch, *marks), dtype=ask.dtype, plain=ask.plain)))


@corners("lsgan_generator_loss")
def lsgan_generator_loss_corners() -> list[Call]:
    """Patches, large scores, a single number, no samples."""
    return [
        Call(torch.linspace(-2, 3, 24, dtype=torch.float64).reshape(2, 1, 3, 4)),
        Call(torch.tensor([[200.0], [-200.0]])),
        Call(torch.tensor(3.0)),
        Call(torch.zeros(0, 1)),
    ]


@calls("cycle_consistency_loss")
def cycle_consistency_loss(ask: Ask) -> Call:
    """Batches of two domains and reconstructions that are off everywhere."""
    pairs = []
    for size in (ask.batch, _other(ask.draw, ask.batch)):
        shape = (size, *ask.draw(st.sampled_from(DOMAINS)))
        real = ask.draw(tensors(shape, dtype=ask.dtype, plain=ask.plain, low=0.0, high=1.0))
        pairs += [real, real + ask.draw(tensors(shape, dtype=ask.dtype, plain=ask.plain))]
    return Call(*pairs, **_weights(ask, "weight_a", "weight_b"))


@corners("cycle_consistency_loss")
def cycle_consistency_loss_corners() -> list[Call]:
    """Batches and shapes that differ, either weight at zero, perfect copies, no samples."""
    a = torch.linspace(0, 1, 6, dtype=torch.float64).reshape(1, 1, 2, 3)
    b = torch.linspace(1, 0, 8, dtype=torch.float64).reshape(4, 2)
    back_a, back_b = a + torch.tensor([0.1, -0.3, 0.2], dtype=torch.float64), 0.5 * b - 0.25
    return [
        Call(a, back_a, b, back_b),
        Call(a, back_a, b, back_b, weight_a=2.0, weight_b=3.0),
        Call(a, back_a, b, back_b, weight_a=0.0),
        Call(a, back_a, b, back_b, weight_b=0.0),
        Call(b, back_b, b[:2], back_b[:2].flip(0), weight_a=1.0),
        Call(a, a.clone(), b, b.clone()),
        Call(a[:0], back_a[:0], b[:0], back_b[:0]),
    ]


@calls("identity_loss")
def identity_loss(ask: Ask) -> Call:
    """Translators between domains of one shape, or between images of two sizes."""
    seed, sizes = ask.draw(seeds()), (ask.batch, _other(ask.draw, ask.batch))
    if ask.draw(st.booleans()):
        a = b = ask.draw(st.sampled_from(DOMAINS))
        kinds = KINDS if len(a) == 3 else [each for each in KINDS if each != "conv"]
        both = [network(ask.draw(st.sampled_from(kinds)), a, a, seed=seed + n, dtype=ask.dtype) for n in (0, 1)]
    else:
        a, b = (2, 2, 3), (2, 3, 1)
        both = [painter(2, seed=seed + n, dtype=ask.dtype) for n in (0, 1)]
    batches = [
        ask.draw(tensors((size, *shape), dtype=ask.dtype, plain=ask.plain, low=0.0, high=1.0))
        for size, shape in zip(sizes, (a, b), strict=True)
    ]
    if ask.plain:
        with torch.no_grad():  # whichever translator is asked about whichever domain
            assume(all(is_clear(each(batch), batch) for each in both for batch in batches))
    return Call(*both, *batches, **_weights(ask, "weight"))


@corners("identity_loss")
def identity_loss_corners() -> list[Call]:
    """Batches and sizes that differ, no weight, translators that do nothing to one domain, no samples."""
    kinds, points = ("norm", "dropout"), torch.linspace(0.1, 0.9, 6, dtype=torch.float64).reshape(3, 2)
    both = [network(kind, (2,), (2,), seed=n) for n, kind in enumerate(kinds)]
    painters = [painter(1, seed=n) for n in (3, 4)]
    small, large = torch.rand(19, generator=torch.Generator().manual_seed(0), dtype=torch.float64).split((4, 15))
    pictures = (small.reshape(1, 1, 2, 2), large.reshape(1, 1, 3, 5))
    flat = [straight(torch.diag(torch.tensor(keep, dtype=torch.float64))) for keep in ([1.0, 0.0], [0.0, 1.0])]
    return [
        Call(*both, points[:1], points[1:]),
        Call(*both, points[:2], points[1:], weight=3.0),
        Call(*painters, *pictures, weight=1.0),
        Call(*painters, *pictures, weight=0.0),
        Call(*flat, points * torch.tensor([0.0, 1.0]), points[:2] * torch.tensor([1.0, 0.0])),
        Call(*both, points[:0], points[:0]),
    ]


@calls("cycle_generator_loss")
def cycle_generator_loss(ask: Ask) -> Call:
    """Any world."""
    return Call(*ask.draw(worlds(ask.batch, ask.dtype, ask.plain)), **_weights(ask, "weight"))


@corners("cycle_generator_loss")
def cycle_generator_loss_corners() -> list[Call]:
    """Domains of one shape and of two, batches that differ, patches, frozen judges, no weight, no samples."""

    def world(a: Sequence[int], b: Sequence[int], marks: Sequence[int], sizes: tuple[int, int], kind: str) -> World:
        ways = [(a, b), (b, a), (a, marks), (b, marks)]
        networks = [network(kind, before, after, seed=n) for n, (before, after) in enumerate(ways)]
        generator = torch.Generator().manual_seed(5)
        shapes = ((sizes[0], *a), (sizes[1], *b))
        return World(*networks, *(torch.rand(shape, generator=generator, dtype=torch.float64) for shape in shapes))

    frozen = world((2,), (2,), (1,), (2, 3), "norm")
    frozen.discriminator_a.requires_grad_(False)
    next(frozen.discriminator_b.parameters()).requires_grad_(False)
    return [
        Call(*world((2,), (2,), (1,), (2, 2), "mlp")),
        Call(*world((3,), (3,), (1, 2, 2), (1, 3), "mlp"), weight=1.0),
        Call(*world((1, 2, 3), (2, 3, 2), (1, 2, 3), (2, 1), "conv"), weight=2.0),
        Call(*world((2,), (2,), (), (3, 2), "dropout"), weight=0.0),
        Call(*frozen, weight=3.0),
        Call(*world((2,), (3,), (1,), (0, 0), "mlp")),
    ]
