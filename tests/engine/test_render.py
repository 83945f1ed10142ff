"""Values beside each other are shown with as many digits as their difference takes."""

from __future__ import annotations

import torch

from autograder.render import show, show_both


def test_two_values_that_differ_are_seen_to_differ():
    assert show_both(1.2997, 1.3997) == ("1.2997", "1.3997")
    assert show_both(1.29970001, 1.29970014) == ("1.29970001", "1.29970014")
    yours, wanted = show_both(torch.tensor([0.1, 0.2]), torch.tensor([0.1, 0.2000001]))
    assert yours != wanted
    assert show_both(1.0, 1.0) == ("1", "1")
    assert show_both(None, 1.0)[1] == "1"
    assert show(0.123456789) == "0.12346"
