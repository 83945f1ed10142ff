"""Good and bad training sets: when may a risk that was measured be trusted?"""

from __future__ import annotations

import math

import torch
from torch import Tensor


def empirical_risk(predictions: Tensor, labels: Tensor) -> Tensor:
    """The mean 0–1 loss of each hypothesis on one training set.

    Args:
        predictions: int64 tensor `(H, N)`, what each of H hypotheses says of each of N samples; N ≥ 1, H may be 0.
        labels: int64 tensor `(N,)`, the right answers.

    Returns:
        Float64 tensor `(H,)`, risks in [0, 1].

    Source: Shalev-Shwartz & Ben-David, section 2.2.
    """
    raise NotImplementedError("empirical_risk is not written yet")


def is_bad_dataset(train_risks: Tensor, true_risks: Tensor, eps: float) -> Tensor:
    """Whether a training set misleads about some hypothesis: its risk there is off by more than `eps`.

    Args:
        train_risks: float64 tensor `(..., H)`, risks on one training set, or on each of many; H ≥ 1.
        true_risks: float64 tensor `(H,)`, the true risks.
        eps: tolerance ε; a difference of exactly `eps` is allowed.

    Returns:
        Bool tensor `(...)`, one verdict for each training set.

    Source: Shalev-Shwartz & Ben-David, definition 4.1 (ε-representative samples).
    """
    raise NotImplementedError("is_bad_dataset is not written yet")


def bad_dataset_bound(num_hypotheses: int, num_samples: int, eps: float) -> float:
    """Hoeffding's inequality and a union bound: the chance of a bad training set is at most this.

    Args:
        num_hypotheses: |H| ≥ 1, a Python int of any size (2**4096 is one).
        num_samples: N ≥ 1, up to 10**12.
        eps: tolerance ε > 0, from 1e-6 to 10.

    Returns:
        min(1, 2|H|exp(−2Nε²)) as a Python float.

    Raises:
        ValueError: unless `num_hypotheses` ≥ 1, `num_samples` ≥ 1 and `eps` > 0.

    Source: Hoeffding 1963, theorem 2; Shalev-Shwartz & Ben-David, section 4.2.
    """
    raise NotImplementedError("bad_dataset_bound is not written yet")


def sample_complexity(num_hypotheses: int, eps: float, delta: float) -> int:
    """The least number of samples with which the bound on the chance of a bad training set is at most `delta`.

    Args:
        num_hypotheses: |H| ≥ 1.
        eps: tolerance ε > 0, at least 1e-4.
        delta: chance δ of a bad training set that one is ready to bear, in (0, 1).

    Returns:
        The least int N ≥ 1 with 2|H|exp(−2Nε²) ≤ δ.

    Raises:
        ValueError: unless `num_hypotheses` ≥ 1, `eps` > 0 and 0 < `delta` < 1.

    Source: Shalev-Shwartz & Ben-David, corollary 4.6.
    """
    raise NotImplementedError("sample_complexity is not written yet")


def excess_risk(train_risks: Tensor, true_risks: Tensor) -> Tensor:
    """What it costs to choose a hypothesis by its training risk: its true risk minus the least true risk.

    Args:
        train_risks: float64 tensor `(..., H)`, risks on one training set, or on each of many; H ≥ 1.
        true_risks: float64 tensor `(H,)`, the true risks.

    Returns:
        Float64 tensor `(...)`, at least 0. Where several training risks are least, the lowest index is chosen.

    Source: Shalev-Shwartz & Ben-David, section 2.3 and lemma 4.2.
    """
    raise NotImplementedError("excess_risk is not written yet")
