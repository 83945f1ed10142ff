"""What checks say: they notice every difference, and tell it in plain numbers."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from autograder.assertions import (
    assert_between,
    assert_close,
    assert_equal,
    assert_raises,
    assert_within,
    require,
)
from autograder.errors import CheckFailure
from autograder.strategies import tensors

NAN, INF = math.nan, math.inf
A = torch.tensor([[1.0, 2.0], [3.0, 5.0]])
LONG = torch.arange(1.0, 31.0).reshape(5, 6)


def failure(assertion: object, *args: object, **kwargs: object) -> CheckFailure:
    """The failure of an assertion that must fail."""
    with pytest.raises(CheckFailure) as caught:
        assertion(*args, because="because of the law", **kwargs)  # type: ignore[operator]
    assert caught.value.message.startswith("because of the law")
    assert str(caught.value) == caught.value.message
    return caught.value


def changed(values: Tensor, index: tuple[int, ...], value: float) -> Tensor:
    """A copy with one entry replaced."""
    copy = values.clone()
    copy[index] = value
    return copy


def test_require_tells_its_sentence():
    """And what it was given to show."""
    require(torch.tensor(True), "never told")
    with pytest.raises(CheckFailure, match="the sum is 1") as caught:
        require(torch.tensor(False), "the sum is 1", yours=2, wanted=1)
    assert (caught.value.yours, caught.value.wanted) == (2, 1)


class TestClose:
    """`assert_close`."""

    @settings(deadline=None, max_examples=50)
    @given(tensors((None, None)), st.floats(0.001, 0.5), st.sampled_from([-1, 1]))
    def test_one_wrong_entry_is_noticed(self, x: Tensor, size: float, sign: int):
        """Wherever it is, and rounding is not."""
        rounding = 1e-9 if x.dtype == torch.float64 else 1e-6
        assert_close(x * (1 + rounding / 100), x, because="rounding")
        wrong = x.clone()
        wrong[-1, -1] += sign * size * (1 + x[-1, -1].abs())
        failure(assert_close, wrong, x)

    @pytest.mark.parametrize(
        ("actual", "expected"),
        [
            (torch.tensor([NAN, INF, -INF]), torch.tensor([NAN, INF, -INF])),
            (torch.zeros(0, 3), torch.zeros(0, 3)),
            (1.0, 1),
            (torch.tensor(1.00001), 1.0),
            (torch.tensor([1.001]).half(), torch.tensor([1.0])),
            (torch.ones(2, requires_grad=True), torch.ones(2, dtype=torch.float64)),
            (torch.tensor([1, 2]), torch.tensor([1.0, 2.0])),
        ],
    )
    def test_what_agrees_passes(self, actual: object, expected: object):
        """Up to the coarser type's rounding; nan where nan is wanted."""
        assert_close(actual, expected, because="they agree")

    @pytest.mark.parametrize(
        ("actual", "expected"),
        [
            (torch.tensor([NAN]), torch.tensor([0.0])),
            (torch.tensor([0.0]), torch.tensor([NAN])),
            (torch.tensor([INF]), torch.tensor([-INF])),
            (torch.tensor([INF]), torch.tensor([1e30])),
            (torch.tensor([[1.0]]), torch.tensor([1.0])),
            (torch.ones(1), torch.ones(3)),
            (torch.ones(()), torch.ones(3)),
            (torch.zeros(0), torch.zeros(0, 1)),
            (torch.tensor(1 + 1e-6, dtype=torch.float64), 1.0),
            (torch.tensor(1.001), 1.0),
            (NAN, 1.0),
        ],
    )
    def test_what_differs_fails(self, actual: object, expected: object):
        """No broadcasting, no forgiven nan, no float32 tolerance for float64."""
        failure(assert_close, actual, expected)

    def test_tolerances_can_be_given(self):
        """Each replaces its default alone."""
        assert_close(1.1, 1.0, because="loose", rtol=0.2)
        assert_close(1.1, 1.0, because="loose", atol=0.2)
        failure(assert_close, torch.tensor(1.00001), 1.0, rtol=0.0, atol=0.0)

    def test_small_tensors_are_shown_whole(self):
        """As they came, with the place of the worst entry."""
        wrong = changed(A, (1, 0), 3.5)
        told = failure(assert_close, wrong.requires_grad_(), A)
        assert torch.equal(told.yours, wrong)
        assert torch.equal(told.wanted, A)
        assert told.yours.dtype == torch.float32
        assert not told.yours.requires_grad
        assert "1 of 4 numbers differ, most at [1, 0] by 0.5" in told.message

    def test_big_ones_by_the_worst_entry(self):
        """Nan is worse than inf, which is worse than any number."""
        wrong = changed(changed(LONG, (2, 3), 17.0), (0, 0), 1.5)
        told = failure(assert_close, wrong, LONG)
        assert (told.yours, told.wanted) == (17.0, 16.0)
        assert "2 of 30 numbers differ, most at [2, 3] by 1" in told.message
        assert failure(assert_close, changed(wrong, (4, 0), INF), LONG).yours == INF
        assert math.isnan(failure(assert_close, changed(changed(wrong, (4, 0), INF), (4, 5), NAN), LONG).yours)

    def test_single_numbers_are_plain(self):
        """And the difference is told, since both may print alike."""
        told = failure(assert_close, torch.tensor(0.5000001, dtype=torch.float64), 0.5)
        assert isinstance(told.yours, float)
        assert "by 1e-07" in told.message


LIKE = [
    (2 * A, A, "yours is 2 times what is wanted"),
    (A / 4, A, "yours is 0.25 times what is wanted"),
    (1.37 * LONG, LONG, "yours is 1.37 times what is wanted"),
    (2.0, 1.0, "yours is 2 times what is wanted"),
    (torch.tensor(0.5), torch.tensor(1.5), "0.3333 times"),
    (-A, A, "the sign is reversed"),
    (-1.0, 1.0, "the sign is reversed"),
    (A.T, A, "yours is transposed"),
    (LONG.T, LONG, "yours is transposed"),
    (A + 0.5, A, "yours is 0.5 too large everywhere"),
    (A - 1, A, "yours is 1 too small everywhere"),
    (LONG.flip(0), LONG, "the right numbers in another order"),
    (torch.zeros(3), torch.ones(3), "yours is zero everywhere"),
    (A[None], A, "a dimension is too many"),
    (A[:, 0], A[:, :1], "a dimension is missing"),
    (A.mean(), A, "yours is the mean of what is wanted"),
    (A.sum(), A, "yours is the sum of what is wanted"),
    (A, A.mean(), "the mean of yours is what is wanted"),
    (A, A.sum(), "the sum of yours is what is wanted"),
]


@pytest.mark.parametrize(("actual", "expected", "words"), LIKE)
def test_what_it_is_instead_is_told(actual: object, expected: object, words: str):
    """Where it is plain to see."""
    assert words in failure(assert_close, actual, expected).message


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        (torch.tensor([1.0, 2.0, 4.0]), torch.tensor([1.0, 2.0, 3.0])),
        (torch.rand(2, 3), torch.rand(3, 2)),
        (0.7312, 1.0),
        (torch.tensor([NAN, 2.0]), torch.tensor([1.0, 2.0])),
        (torch.tensor([INF, 2.0]), torch.tensor([1.0, 2.0])),
        (torch.ones(3), torch.zeros(3) + torch.tensor([0.0, 0.0, 1e-9])),
        (torch.zeros(0), torch.zeros(0, 2)),
        (torch.tensor([1.0, 0.0, 0.0]), torch.tensor([0.0, 1.0, 0.0])),
    ],
)
def test_no_likeness_is_made_up(actual: object, expected: object):
    """A coincidence of labels or of single numbers is none."""
    message = failure(assert_close, actual, expected).message
    assert not any(word in message for word in ("yours is", "the sign", "another order", "dimension", "times"))


class TestEqual:
    """`assert_equal`."""

    @pytest.mark.parametrize(
        ("actual", "expected"),
        [
            (torch.tensor([1, 2]), torch.tensor([1, 2])),
            (torch.tensor([1, 2]), torch.tensor([1.0, 2.0])),
            (torch.tensor([True, False]), torch.tensor([1, 0])),
            (torch.tensor([NAN]), torch.tensor([NAN])),
            (torch.tensor([1, 2]), [1, 2]),
            (torch.tensor(0.1), 0.1),
            (0.1, torch.tensor(0.1)),
            (3, 3.0),
            (NAN, NAN),
            ([(0, 1), (2, 3)], [(0, 1), (2, 3)]),
            ((torch.tensor([1]), 2), (torch.tensor([1]), 2)),
            (None, None),
            ("a", "a"),
            (True, True),
        ],
    )
    def test_what_is_the_same_passes(self, actual: object, expected: object):
        """Whatever the type of number."""
        assert_equal(actual, expected, because="they are the same")

    @pytest.mark.parametrize(
        ("actual", "expected"),
        [
            (torch.tensor([1, 2]), torch.tensor([1, 3])),
            (torch.tensor([1]), torch.tensor([[1]])),
            (torch.tensor([1]), torch.tensor(1)),
            (torch.tensor([1.0]), torch.tensor([1.0 + 1e-6])),
            (torch.tensor([1.0]), torch.tensor([NAN])),
            (torch.tensor([2**53 + 1]), torch.tensor([2**53])),
            (torch.tensor([16777217]), torch.tensor([16777216.0])),
            (None, torch.tensor(1)),
            ("1", torch.tensor(1)),
            (True, 1),
            (1, True),
            (1, None),
            ([1, 2], (1, 2)),
            ([1, 2], [1, 2, 3]),
            ([(0, 1)], [(1, 0)]),
            (1.0, NAN),
        ],
    )
    def test_what_is_not_fails(self, actual: object, expected: object):
        """By one unit in the last place, one entry or one type."""
        failure(assert_equal, actual, expected)

    def test_the_difference_is_told(self):
        """Off by one is a likeness too."""
        told = failure(assert_equal, torch.tensor([1, 2, 3]), torch.tensor([0, 1, 2]))
        assert "1 too large everywhere" in told.message
        assert "3 of 3 numbers differ" in told.message
        assert torch.equal(told.yours, torch.tensor([1, 2, 3]))


class TestBounds:
    """`assert_within` and `assert_between`."""

    def test_inside_passes(self):
        """The slack belongs to the inside, and so does an infinite end."""
        assert_within(torch.tensor([0.1, -0.1 - 5e-7]), 0.1, because="inside")
        assert_within(torch.zeros(0, 2), 0.1, because="nothing")
        assert_within(0.3, torch.tensor(0.3), because="numbers")
        assert_within(torch.tensor([[1.0], [2.0]]), torch.tensor([[1.0], [2.0]]), because="one bound for each")
        assert_between(torch.tensor([0.0, 1.0 + 5e-7, -5e-7]), 0, 1, because="inside")
        assert_between(torch.tensor([0.0, INF]), 0, INF, because="no upper end")
        assert_between(torch.tensor([1, 5]), torch.tensor([1, 4]), 5, because="one end for each")

    @pytest.mark.parametrize("value", [0.11, -0.11, NAN, INF, -INF, 0.1 + 2e-6])
    def test_outside_fails(self, value: float):
        """By more than the slack; nan is nowhere."""
        failure(assert_within, torch.tensor([0.0, value]), 0.1)
        failure(assert_between, torch.tensor([0.0, value]), -0.1, 0.1)
        failure(assert_between, value, -0.1, 0.1)

    def test_the_slack_can_be_given(self):
        """None at all, if it is 0."""
        failure(assert_within, 0.1 + 1e-9, 0.1, slack=0)
        failure(assert_between, -1e-9, 0, 1, slack=0)

    def test_the_worst_is_told(self):
        """Its place, by how much, and what is allowed there."""
        told = failure(assert_within, torch.tensor([0.1, 0.3, -0.5]), 0.2)
        assert "2 of 3 numbers are outside, the worst at [2]: -0.5, 0.3 too far; allowed is at most 0.2" in told.message
        assert torch.equal(told.yours, torch.tensor([0.1, 0.3, -0.5]))
        told = failure(assert_between, torch.tensor([0.5, 1.25]), torch.tensor([0.0, 2.0]), 9.0)
        assert "1 of 2 numbers are outside, the worst at [1]: 1.25, 0.75 too far; allowed is 2 to 9" in told.message
        assert failure(assert_within, LONG, 4.0).yours == 30.0
        assert math.isnan(failure(assert_between, changed(LONG, (1, 1), NAN), 0, 9).yours)


class TestRaises:
    """`assert_raises`."""

    def test_the_promised_error_passes(self):
        """Or one of its kinds."""
        assert_raises(ValueError, int, "x", because="no number")
        assert_raises(LookupError, {}.__getitem__, "x", because="no key")

    def test_another_error_or_none_fails(self):
        """With both told."""
        assert "raised ValueError; wanted KeyError" in failure(assert_raises, KeyError, int, "x").message
        assert "returned 1; wanted ValueError" in failure(assert_raises, ValueError, int, "1").message
        told = failure(assert_raises, ValueError, torch.zeros, 2, 3)
        assert "a tensor of shape (2, 3)" in told.message

    def test_a_failed_check_stays_one(self):
        """What the boundary refused is not mistaken for the promised error."""

        def refuse():
            raise CheckFailure("not detached")

        with pytest.raises(CheckFailure, match="not detached"):
            assert_raises(AssertionError, refuse, because="it raises")
