"""What a call may give back."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from autograder.boundary import bind_shapes, parse_shape, validate
from autograder.catalogue import Exercise
from autograder.errors import CheckFailure


def exercise(returns, **shapes: str) -> Exercise:
    """An exercise called f with this contract."""
    return Exercise("f", "F", 1, ("a hint",), {"a": 1}, {"b": 1}, returns, shapes)


def given(returns, value, **arguments):
    """What the boundary makes of `value` for f(x) with x of shape (N, D)."""
    contract = exercise(returns, x="float (N, D)", y="int64 (N)")
    return validate(contract, value, bind_shapes(contract, arguments))


X = torch.zeros(3, 2, dtype=torch.float64)


@pytest.mark.parametrize(
    ("returns", "value"),
    [
        ("float (N)", torch.zeros(3)),
        ("float (N, D)", torch.zeros(3, 2)),
        ("float (D, D)", torch.zeros(2, 2)),
        ("float ()", torch.tensor(1.0)),
        ("int64 (K)", torch.zeros(7, dtype=torch.int64)),
        ("bool (...)", torch.zeros(4, 5, dtype=torch.bool)),
        ("float (N) any", torch.full((3,), math.nan)),
        ("float", 1),
        ("float", np.float32(0.5)),
        ("int", np.int64(3)),
        ("float (N)", torch.nn.Parameter(torch.zeros(3))),
        (("float (D)", "float (D, D)"), [torch.zeros(2), torch.zeros(2, 2)]),
    ],
)
def test_what_fits_is_accepted(returns, value):
    """A list for a tuple and NumPy's numbers for Python's are as good."""
    given(returns, value, x=X)


@pytest.mark.parametrize(
    ("returns", "value", "sentence"),
    [
        ("float (N)", None, "returned None; is a `return` missing"),
        ("float (N)", [1.0], "returned a list; wanted a torch tensor"),
        ("float (N)", np.zeros(3), "returned a numpy.ndarray; wanted a torch tensor"),
        ("float (N)", torch.zeros(3, 1), r"shape \(3, 1\); wanted \(N\) with N = 3"),
        ("float (N)", torch.zeros(2), r"shape \(2,\); wanted \(N\) with N = 3"),
        ("float (N)", torch.zeros(3, dtype=torch.int64), "torch.int64; wanted floating-point"),
        ("int64 (N)", torch.zeros(3), "torch.float32; wanted torch.int64"),
        ("float (N)", torch.tensor([0.0, math.inf, 0.0]), "returned infinity"),
        ("float (N)", torch.tensor([0.0, math.nan, 0.0]), "returned nan"),
        ("float (N) detached", torch.zeros(3, requires_grad=True), "still carries a graph"),
        ("float", torch.tensor(1.0), r"returned a tensor; wanted a Python float \(`.item\(\)` makes one\)"),
        ("float", math.nan, "returned nan"),
        ("float", True, "returned a bool"),
        ("int", 1.5, "returned a float; wanted a Python int"),
        (("float (D)", "float (D, D)"), torch.zeros(2), "wanted a tuple of 2"),
        (("float (D)", "float (D, D)"), (torch.zeros(2),), "returned 1 values; wanted 2"),
        (("float (D)", "float (D, D)"), (torch.zeros(2), torch.zeros(2)), "value 1 of f"),
    ],
)
def test_what_does_not_fit_is_told_in_a_sentence(returns, value, sentence):
    """What came and what was wanted."""
    with pytest.raises(CheckFailure, match=sentence):
        given(returns, value, x=X)


@pytest.mark.parametrize("line", ["flot (N)", "float (..., ...)", "float (N) frozen", "tensor", "float [N]"])
def test_a_shape_line_that_makes_no_sense_is_refused(line):
    """Maintainers are told too."""
    with pytest.raises(ValueError, match=r"line|type|word|value|more than one"):
        parse_shape(line)
