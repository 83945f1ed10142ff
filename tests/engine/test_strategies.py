"""Strategies give what they promise, and shrink to something that a person can read."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample
from torch import Tensor, nn

from autograder import strategies
from autograder.models import KINDS
from autograder.palettes import PALETTES, fill, fill_logits, fill_probabilities
from autograder.strategies import Batch, classification_batches, images, logits, probability_vectors, tensors, vectors

QUIET = settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
SEARCH = settings(max_examples=2000, deadline=None, database=None, suppress_health_check=list(HealthCheck))


def least(strategy: st.SearchStrategy, condition: object = lambda value: True) -> object:
    """The simplest draw that meets the condition."""
    return find(strategy, condition, settings=SEARCH)


def gap(values: Tensor) -> float:
    """The least distance of two neighbours along the last dimension."""
    ordered = values.double().sort(-1).values
    return float(ordered.diff(dim=-1).min()) if values.shape[-1] > 1 and values.numel() else math.inf


def palettes_seen(strategy: st.SearchStrategy, conditions: dict) -> None:
    """Fails unless each condition is met by some draw."""
    for name, condition in conditions.items():
        try:
            least(strategy, condition)
        except NoSuchExample:
            pytest.fail(f"never drew {name}")


class TestTensors:
    """`tensors`."""

    @QUIET
    @given(tensors((None, 3, (0, 2))))
    def test_sizes_are_fixed_drawn_or_ranged(self, x: Tensor) -> None:
        """And numbers finite, free of gradients, in either dtype."""
        assert 1 <= x.shape[0] <= 4
        assert x.shape[1] == 3
        assert 0 <= x.shape[2] <= 2
        assert x.dtype in (torch.float32, torch.float64)
        assert x.isfinite().all()
        assert x.abs().max() < 60 if x.numel() else True
        assert not x.requires_grad

    @QUIET
    @given(st.data(), st.sampled_from([(0.0, 1.0), (-5.0, 5.0), (0.3, 0.9), (100.0, 300.0)]), st.booleans())
    def test_bounds_hold(self, data: st.DataObject, bounds: tuple[float, float], plain: bool) -> None:
        """Exactly; plain numbers keep away from them."""
        low, high = bounds
        x = data.draw(tensors((None, None), low=low, high=high, plain=plain, dtype=torch.float64))
        assert x.min() >= low
        assert x.max() <= high
        if plain:
            assert x.min() >= low + 0.025 * (high - low)
            assert x.max() <= high - 0.025 * (high - low)

    @QUIET
    @given(
        tensors((4,), low=2.0),
        tensors((4,), high=-1.0),
        tensors((9,), low=0.0, plain=True),
        tensors((9,), high=1.0, plain=True),
    )
    def test_one_bound_is_enough(self, above: Tensor, below: Tensor, positive: Tensor, plain: Tensor) -> None:
        """The other side is free."""
        assert (above >= 2).all()
        assert (below <= -1).all()
        assert (positive > 0.04).all()
        assert (plain < 0.96).all()
        assert plain.abs().min() > 0.02
        assert min(gap(positive), gap(plain)) > 5e-3

    def test_a_scalar_and_an_empty_tensor_can_be_drawn(self) -> None:
        """With every choice of bounds."""
        assert least(tensors(())).shape == ()
        for plain, low, high in itertools.product((True, False), (None, -1.0), (None, 1.0)):
            assert least(tensors((0, 3), plain=plain, low=low, high=high)).shape == (0, 3)
            assert least(tensors((), plain=plain, low=low, high=high)).shape == ()

    @QUIET
    @given(tensors((None, (1, 6)), plain=True), tensors((3, 2, 4), plain=True, low=-1.0, high=1.0))
    def test_plain_is_generic_position(self, free: Tensor, bounded: Tensor) -> None:
        """No ties, zeros, quarters or extremes."""
        for x in (free, bounded):
            assert gap(x.flatten()) > 5e-3
            assert x.abs().min() > 0.02
            assert x.abs().max() < 6
            quarters = x.double() * 4
            assert ((quarters - quarters.round()).abs() > 1e-3).all()

    @pytest.mark.parametrize("shape", [(30, 30), (5, 3, 8, 8)])
    @pytest.mark.parametrize("bounds", [(None, None), (0.0, 1.0)])
    def test_plain_stays_generic_when_large(self, shape: tuple, bounds: tuple) -> None:
        """Though gaps become narrow."""
        x = least(tensors(shape, plain=True, dtype=torch.float64, low=bounds[0], high=bounds[1]))
        assert gap(x.flatten()) > 1e-5
        assert x.abs().min() > 0.02
        assert x.abs().max() < 6

    def test_every_palette_occurs(self) -> None:
        """Ordinary and rare numbers alike."""
        x = tensors((2, 3), dtype=torch.float64)
        palettes_seen(
            x,
            {
                "zeros": lambda x: (x == 0).all(),
                "constants": lambda x: (x == x[0, 0]).all() and x[0, 0] != 0,
                "ties": lambda x: gap(x) == 0 and x.unique().numel() > 1,
                "integers": lambda x: (x == x.round()).all() and x.unique().numel() > 3,
                "extremes": lambda x: x.abs().max() > 20,
                "normal numbers": lambda x: ((x * 4) != (x * 4).round()).all(),
                "both signs": lambda x: x.min() < 0 < x.max(),
            },
        )

    def test_pixels_include_the_ends(self) -> None:
        """The interior, the ends, and images of one colour."""
        palettes_seen(
            images(batch=1, channels=1, height=3, width=4),
            {
                "an exact 0 and 1": lambda x: (x == 0).any() and (x == 1).any(),
                "only 0 and 1": lambda x: x.unique().numel() == 2 and ((x == 0) | (x == 1)).all(),
                "the interior": lambda x: x.min() > 0 and x.max() < 1 and x.unique().numel() == x.numel() > 3,
                "a constant": lambda x: x.numel() > 3 and x.unique().numel() == 1 and x.max() > 0,
            },
        )

    def test_it_shrinks_to_quarters(self) -> None:
        """So that a counterexample prints short."""
        x = least(tensors((None, None)), lambda x: (x > 0).any())
        assert x.numel() <= 2
        assert x.dtype == torch.float32
        assert torch.equal(x * 4, (x * 4).round())

    def test_a_seed_is_all_that_counts(self) -> None:
        """The global random state is neither read nor moved."""
        before = torch.get_rng_state()
        one, two = (fill(p, (2, 3), torch.Generator().manual_seed(4), low=0.0, high=1.0) for p in ("normal",) * 2)
        assert torch.equal(one, two)
        least(classification_batches(plain=True))
        least(logits())
        assert torch.equal(torch.get_rng_state(), before)


class TestLogits:
    """`logits`."""

    @QUIET
    @given(logits(plain=True, classes=(1, 12)))
    def test_plain_rows_keep_their_distance(self, z: Tensor) -> None:
        """And stay moderate."""
        assert gap(z) > 0.05
        assert z.abs().max() < 8
        assert z.abs().min() > 0.01

    def test_extremes_and_ties_occur(self) -> None:
        """Extreme input is honest input."""
        palettes_seen(
            logits(dtype=torch.float32),
            {
                "±200": lambda z: (z == 200).any() and (z == -200).any(),
                "±20": lambda z: (z == 20).any() or (z == -20).any(),
                "zeros": lambda z: (z == 0).all(),
                "a tie for the greatest": lambda z: (
                    ((z == z.amax(1, keepdim=True)).sum(1) > 1).any() and (z != 0).any()
                ),
            },
        )

    @QUIET
    @given(logits(batch=3, classes=(2, 3), dtype=torch.float64))
    def test_sizes_and_dtype_are_kept(self, z: Tensor) -> None:
        """Fixed or within their range."""
        assert z.shape[0] == 3
        assert z.shape[1] in (2, 3)
        assert z.dtype == torch.float64

    def test_empty_batches(self) -> None:
        """They have their columns all the same."""
        for plain in (True, False):
            assert least(logits(batch=0, classes=3, plain=plain)).shape == (0, 3)
        assert all(fill_logits(p, (0, 3), torch.Generator()).shape == (0, 3) for p in (*PALETTES, "plain"))


class TestProbabilities:
    """`probability_vectors`."""

    @QUIET
    @given(probability_vectors(), probability_vectors((2, 3, (1, 9)), plain=True))
    def test_they_sum_to_one(self, drawn: Tensor, plain: Tensor) -> None:
        """Plain ones have no zeros and no ties."""
        for p in (drawn, plain):
            assert torch.allclose(p.sum(-1), torch.ones((), dtype=p.dtype))
            assert (p >= 0).all()
        assert plain.min() > 0.005
        assert gap(plain) > 1e-3

    def test_all_kinds_occur(self) -> None:
        """Certain, partly zero and uniform ones."""
        palettes_seen(
            probability_vectors((3, 4)),
            {
                "certain ones": lambda p: (p.amax(-1) == 1).all(),
                "zeros": lambda p: (p == 0).any() and (p.amax(-1) < 1).any(),
                "uniform ones": lambda p: (p == 0.25).all(),
            },
        )

    @pytest.mark.parametrize("palette", ["eighths", "uniform", "plain", "zeros", "certain"])
    @pytest.mark.parametrize("shape", [(0, 3), (5,), (2, 1), (3, 40)])
    def test_any_shape(self, palette: str, shape: tuple) -> None:
        """Also of no vectors, one entry or many."""
        p = fill_probabilities(palette, shape, torch.Generator().manual_seed(0))
        assert p.shape == shape
        assert torch.allclose(p.sum(-1), torch.ones(shape[:-1], dtype=torch.float64))

    def test_they_shrink_to_eighths(self) -> None:
        """None of them zero."""
        p = least(probability_vectors())
        assert p.shape == (1, 2)
        assert torch.equal(p * 8, (p * 8).round())
        assert (p > 0).all()


class TestImages:
    """`images` and `vectors`."""

    @QUIET
    @given(images(), images(batch=2, channels=(1, 3), height=4, width=4, plain=True))
    def test_they_are_images(self, x: Tensor, square: Tensor) -> None:
        """In range; not square unless square ones are asked for."""
        assert x.ndim == 4
        assert x.shape[2] != x.shape[3]
        assert x.min() >= 0
        assert x.max() <= 1
        assert square.shape[0] == 2
        assert square.shape[2:] == (4, 4)
        assert square.min() > 0.02
        assert square.max() < 0.98

    def test_they_shrink(self) -> None:
        """To two pixels."""
        assert least(images()).shape == (1, 1, 1, 2)
        assert least(images(batch=0)).shape[0] == 0

    def test_vectors(self) -> None:
        """Small, empty, or as asked for."""
        assert least(vectors()).shape == (1, 1)
        assert least(vectors(batch=0, size=3, dtype=torch.float64, plain=True)).shape == (0, 3)


class TestBatches:
    """`classification_batches`."""

    @QUIET
    @given(classification_batches())
    def test_they_are_sound(self, case: Batch) -> None:
        """Eval mode, inputs in the box, moderate margins, valid labels."""
        model, x, y = case
        assert x.min() >= 0
        assert x.max() <= 1
        assert not any(module.training for module in model.modules())
        assert y.dtype == torch.int64
        assert y.shape == (len(x),)
        values = model(x)
        assert values.dtype == x.dtype
        assert (values.amax(-1) - values.amin(-1) < 8).all()
        assert y.min() >= 0
        assert y.max() < values.shape[1]
        assert x.ndim in (2, 4)
        assert x.ndim == 2 or x.shape[2] != x.shape[3]

    @pytest.mark.parametrize("kind", KINDS)
    def test_plain_ones_have_clear_gradients(self, kind: str) -> None:
        """No sign of an entry hangs on rounding."""

        @QUIET
        @given(classification_batches(kind=kind, plain=True))
        def check(case: Batch) -> None:
            model, x, y = case
            x = x.clone().requires_grad_()
            (gradient,) = torch.autograd.grad(nn.functional.cross_entropy(model(x), y, reduction="sum"), x)
            size = gradient.abs().flatten(1)
            assert (size.amin(1) > 1e-3 * size.amax(1)).all()
            assert x.min() > 0.02
            assert x.max() < 0.98
            assert gap(x.detach().flatten()) > 5e-3

        check()

    @QUIET
    @given(classification_batches(in_shape=(1, 8, 8), classes=10, batch=5, margin=2.0, plain=True))
    def test_large_ones_are_found_too(self, case: Batch) -> None:
        """As many pixels as a digit has."""
        assert case.x.shape == (5, 1, 8, 8)
        values = case.model(case.x)
        assert (values.amax(-1) - values.amin(-1)).max() < 2

    @QUIET
    @given(classification_batches(kind="conv", batch=(2, 3), classes=(3, 3), dtype=torch.float64))
    def test_what_is_asked_for_is_given(self, case: Batch) -> None:
        """Kind, sizes and dtype."""
        assert case.x.ndim == 4
        assert len(case.x) in (2, 3)
        assert case.x.dtype == torch.float64
        assert case.model(case.x).shape[1] == 3

    @pytest.mark.parametrize("plain", [False, True])
    @pytest.mark.parametrize("kind", KINDS)
    def test_empty_batches(self, kind: str, plain: bool) -> None:
        """They have their columns all the same."""
        case = least(classification_batches(batch=0, kind=kind, plain=plain))
        assert len(case.x) == len(case.y) == len(case.model(case.x)) == 0

    def test_corners_of_the_box_and_both_ranks_occur(self) -> None:
        """And what else makes a difference."""
        palettes_seen(
            classification_batches(dtype=torch.float32),
            {
                "an exact 1": lambda case: (case.x == 1).any(),
                "images": lambda case: case.x.ndim == 4,
                "batch normalisation": lambda case: any(isinstance(m, nn.BatchNorm1d) for m in case.model.modules()),
                "a wrong label": lambda case: (case.model(case.x).argmax(1) != case.y).any(),
            },
        )

    @pytest.mark.parametrize("plain", [False, True])
    def test_they_shrink_to_one_number(self, plain: bool) -> None:
        """With weights that print short."""
        case = least(classification_batches(plain=plain))
        assert case.x.shape == (1, 1)
        assert case.x.dtype == torch.float32
        weights = [f"{number:g}" for p in case.model.parameters() for number in p.flatten().tolist()]
        assert len(weights) == 4
        assert all(len(word) <= 7 for word in weights)
        assert len(f"{case.x.item():g}") <= 5

    def test_gradients_are_found_where_they_are_off(self) -> None:
        """Also inside `torch.no_grad()`, which a check may be in."""
        with torch.no_grad():
            least(classification_batches(plain=True))


def test_small_ones() -> None:
    """Each shrinks to its least value and keeps its bounds."""
    assert least(strategies.seeds()) == 0
    assert least(strategies.dtypes()) == torch.float32
    assert least(strategies.batch_sizes(2, 3)) == 2
    assert least(strategies.generators()).initial_seed() == 0
    assert least(strategies.budgets()) == 0.01
    assert least(strategies.budgets(0.07, 0.29), lambda eps: eps > 0.28) == 0.29
    assert least(strategies.small_models((3,), 2)).training is False
    model = least(strategies.small_models((1, 2, 3), 4, torch.float64, kind="conv"))
    assert model(torch.rand(2, 1, 2, 3, dtype=torch.float64)).shape == (2, 4)


def test_flat_inputs_get_no_convolution() -> None:
    """They have no space to convolve."""
    with pytest.raises(NoSuchExample):
        least(strategies.small_models((3,), 2), lambda model: type(model).__name__ == "ConvNet")
