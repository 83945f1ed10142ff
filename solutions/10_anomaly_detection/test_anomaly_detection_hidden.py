"""Hidden checks of unit 10, anomaly detection."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from autograder.assertions import assert_close
from autograder.models import small_model
from autograder.strategies import seeds, tensors


@given(half=st.integers(1, 3), state=seeds(), data=st.data())
def test_affine_coupling_inverse__undoes_the_coupling(submission, reference, half, state, data):
    """It gives back what the coupling was given, and the two log-determinants cancel."""
    x = data.draw(tensors(((1, 4), 2 * half), dtype=torch.float64, plain=True, low=-3.0, high=3.0))
    net = small_model("mlp", (half,), 2 * half, seed=state, dtype=torch.float64)
    y, log_det = (each.detach() for each in reference.affine_coupling(x, net))
    back, inverse_log_det = submission.affine_coupling_inverse(y, net)
    because = "going there and back must end where it began"
    assert_close(back, x, rtol=1e-6, atol=1e-6, because=because)
    because = "what the way there stretches the way back must shrink"
    assert_close(inverse_log_det, -log_det, because=because)
