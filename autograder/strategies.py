"""Strategies that draw what checks need. Hypothesis draws sizes, a seed and a palette; torch fills the tensor.

Everything shrinks to small shapes, one sample, seed 0 and quarters, so that a counterexample can be read.
What is None is drawn; a pair is a range. `plain=True` asks for generic position: no two numbers alike (in logits, no
two of a row), none of them zero, round or extreme, so that gradients and comparisons do not hang on rounding.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from hypothesis import reject
from hypothesis import strategies as st
from torch import Tensor, nn

from autograder.models import KINDS, small_model
from autograder.palettes import PALETTES, fill, fill_logits, fill_probabilities

Size = int | tuple[int, int] | None
Draw = Callable[[st.SearchStrategy[Any]], Any]

TRIES = 30  # seeds of weights that are tried for a clear gradient


class Batch(NamedTuple):
    """A classifier in eval mode, inputs in [0, 1] and labels."""

    model: nn.Module
    x: Tensor
    y: Tensor


def seeds() -> st.SearchStrategy[int]:
    """Seeds of generators."""
    return st.integers(0, 2**16 - 1)


def dtypes() -> st.SearchStrategy[torch.dtype]:
    """float32 or float64."""
    return st.sampled_from([torch.float32, torch.float64])


def batch_sizes(low: int = 1, high: int = 5) -> st.SearchStrategy[int]:
    """Numbers of samples."""
    return st.integers(low, high)


def budgets(low: float = 0.01, high: float = 0.5) -> st.SearchStrategy[float]:
    """Budgets ε, multiples of a hundredth."""
    hundredths = st.integers(math.ceil(low * 100 - 1e-9), math.floor(high * 100 + 1e-9))
    return hundredths.map(lambda drawn: drawn / 100)


def generators() -> st.SearchStrategy[torch.Generator]:
    """Generators on the CPU at a drawn seed."""
    return seeds().map(lambda seed: torch.Generator().manual_seed(seed))


@st.composite
def tensors(
    draw: Draw,
    shape: Sequence[Size],
    *,
    dtype: torch.dtype | None = None,
    plain: bool = False,
    low: float | None = None,
    high: float | None = None,
) -> Tensor:
    """Float tensors.

    Args:
        draw: given by hypothesis.
        shape: a size, a range of sizes or None (1 to 4) for each dimension.
        dtype: drawn from `dtypes` if None.
        plain: generic position; with two bounds, also a twentieth of the range away from them.
        low: least value; without it numbers may be negative, most of them between -3 and 3, a few of them near 30.
        high: greatest value.
    """
    sizes = [_size(draw, each, (1, 4)) for each in shape]
    kind = draw(dtypes()) if dtype is None else dtype
    palette = "plain" if plain else draw(st.sampled_from(PALETTES))
    return fill(palette, sizes, _generator(draw), low=low, high=high).to(kind)


@st.composite
def logits(
    draw: Draw, *, batch: Size = None, classes: Size = None, dtype: torch.dtype | None = None, plain: bool = False
) -> Tensor:
    """Logits `(batch, classes)`, some of them ±20 or ±200; with `plain` no two of a row lie within 0.05.

    Args:
        draw: given by hypothesis.
        batch: 1 to 5 if None.
        classes: 2 to 5 if None.
        dtype: drawn if None.
        plain: generic position, of size below 6.
    """
    sizes = [_size(draw, batch, (1, 5)), _size(draw, classes, (2, 5))]
    kind = draw(dtypes()) if dtype is None else dtype
    palette = "plain" if plain else draw(st.sampled_from(PALETTES))
    return fill_logits(palette, sizes, _generator(draw)).to(kind)


@st.composite
def probability_vectors(
    draw: Draw, shape: Sequence[Size] = (None, None), *, dtype: torch.dtype | None = None, plain: bool = False
) -> Tensor:
    """Probability vectors in the last dimension; without `plain` some hold zeros, are uniform or certain.

    Args:
        draw: given by hypothesis.
        shape: as for `tensors`; the last dimension has 2 to 5 entries if None.
        dtype: drawn if None.
        plain: generic position; of five entries each is above 0.01.
    """
    sizes = [*(_size(draw, each, (1, 4)) for each in shape[:-1]), _size(draw, shape[-1], (2, 5))]
    kind = draw(dtypes()) if dtype is None else dtype
    palette = "plain" if plain else draw(st.sampled_from(["eighths", "uniform", "plain", "zeros", "certain"]))
    return fill_probabilities(palette, sizes, _generator(draw)).to(kind)


@st.composite
def images(
    draw: Draw,
    *,
    batch: Size = None,
    channels: Size = None,
    height: Size = None,
    width: Size = None,
    dtype: torch.dtype | None = None,
    plain: bool = False,
) -> Tensor:
    """Images `(batch, channels, height, width)` in [0, 1], never square where the sizes are drawn.

    Args:
        draw: given by hypothesis.
        batch: 1 to 4 if None.
        channels: 1 to 3 if None.
        height: 1 to 5 if None.
        width: 2 to 6, other than the height, if None.
        dtype: drawn if None.
        plain: generic position within [0.05, 0.95].
    """
    sizes = [_size(draw, batch, (1, 4)), _size(draw, channels, (1, 3)), _size(draw, height, (1, 5))]
    wide = _size(draw, width, (2, 5))
    sizes.append(wide + 1 if width is None and wide == sizes[-1] else wide)
    return draw(tensors(sizes, dtype=dtype, plain=plain, low=0.0, high=1.0))  # type: ignore[no-any-return]


@st.composite
def vectors(
    draw: Draw, *, batch: Size = None, size: Size = None, dtype: torch.dtype | None = None, plain: bool = False
) -> Tensor:
    """Vectors `(batch, size)`; 1 to 5 of them with 1 to 4 entries if None. See `tensors`."""
    sizes = [_size(draw, batch, (1, 5)), _size(draw, size, (1, 4))]
    return draw(tensors(sizes, dtype=dtype, plain=plain))  # type: ignore[no-any-return]


@st.composite
def small_models(
    draw: Draw, in_shape: Sequence[int], classes: int, dtype: torch.dtype | None = None, *, kind: str | None = None
) -> nn.Module:
    """Random networks in eval mode, see `autograder.models.small_model`; dtype and kind are drawn if None."""
    float_type = draw(dtypes()) if dtype is None else dtype
    return small_model(_kind(draw, kind, in_shape), in_shape, classes, seed=draw(seeds()), dtype=float_type)


@st.composite
def classification_batches(
    draw: Draw,
    *,
    batch: Size = None,
    dtype: torch.dtype | None = None,
    kind: str | None = None,
    in_shape: Sequence[int] | None = None,
    classes: Size = None,
    margin: float = 8.0,
    plain: bool = False,
) -> Batch:
    """A network in eval mode, inputs in [0, 1] and labels, no two logits of a sample further apart than `margin`.

    Args:
        draw: given by hypothesis.
        batch: number of samples; 1 to 4 if None.
        dtype: of inputs and weights; drawn if None.
        kind: of network, see `autograder.models.KINDS`; drawn if None.
        in_shape: shape of one input; `(D,)` or `(C, H, W)`, not square, if None.
        classes: 2 to 4 if None.
        margin: bound on the distance of two logits.
        plain: inputs in generic position within [0.05, 0.95], and no entry of the cross-entropy's gradient with
            respect to them below a thousandth of its sample's greatest.
    """
    rows, columns = _size(draw, batch, (1, 4)), _size(draw, classes, (2, 4))
    float_type = draw(dtypes()) if dtype is None else dtype
    if in_shape is None:
        vector_shapes: list[tuple[int, ...]] = [] if kind == "conv" else [(1,), (2,), (3,)]
        in_shape = draw(st.sampled_from([*vector_shapes, (1, 2, 3), (2, 3, 2)]))
    chosen = _kind(draw, kind, in_shape)
    x = draw(tensors((rows, *in_shape), dtype=float_type, plain=plain, low=0.0, high=1.0))
    seed = draw(seeds())
    y = torch.randint(columns, (rows,), generator=torch.Generator().manual_seed(seed))
    for attempt in range(TRIES):
        model = small_model(chosen, in_shape, columns, seed=seed + attempt, dtype=float_type)
        _tame(model, x, margin)
        if not plain or _has_clear_gradients(model, x, y):
            break
    else:
        reject()
    return Batch(model, x, y)


def _size(draw: Draw, wanted: Size, default: tuple[int, int]) -> int:
    if isinstance(wanted, int):
        return wanted
    low, high = default if wanted is None else wanted
    return draw(st.integers(low, high))  # type: ignore[no-any-return]


def _kind(draw: Draw, wanted: str | None, in_shape: Sequence[int]) -> str:
    if wanted is not None:
        return wanted
    kinds = KINDS if len(in_shape) == 3 else [kind for kind in KINDS if kind != "conv"]
    return draw(st.sampled_from(kinds))  # type: ignore[no-any-return]


def _generator(draw: Draw) -> torch.Generator:
    return torch.Generator().manual_seed(draw(seeds()))


def _tame(model: nn.Module, x: Tensor, margin: float) -> None:
    """Halves the last layer until no two logits of a sample lie `margin` apart; halves keep weights short."""
    if len(x) == 0:
        return
    with torch.no_grad():
        values = model(x)
        widest = float((values.amax(-1) - values.amin(-1)).max())
        if widest >= margin:
            last = [module for module in model.modules() if isinstance(module, nn.Linear)][-1]
            factor = 0.5 ** (math.floor(math.log2(widest / margin)) + 1)
            last.weight.mul_(factor)
            last.bias.mul_(factor)


def _has_clear_gradients(model: nn.Module, x: Tensor, y: Tensor) -> bool:
    if len(x) == 0:
        return True
    inputs = x.detach().clone().requires_grad_()
    with torch.enable_grad():
        loss = nn.functional.cross_entropy(model(inputs), y, reduction="sum")
        (gradient,) = torch.autograd.grad(loss, inputs)
    least, greatest = gradient.abs().flatten(1).aminmax(dim=1)
    return bool(((least > 1e-3 * greatest) & (greatest > 1e-4)).all())
