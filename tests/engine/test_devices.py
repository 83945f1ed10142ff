"""Where training checks run."""

from __future__ import annotations

import pytest
import torch

from autograder.devices import NoSuchDevice, choose_device
from autograder.errors import TensorlingsError


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch):
    """Makes this machine one with as many CUDA and MPS devices as are asked for."""

    def make(cuda: int = 0, mps: bool = False) -> None:
        monkeypatch.setattr(torch.cuda, "device_count", lambda: cuda)
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda > 0)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)

    return make


@pytest.mark.parametrize("wanted", [None, "auto"])
@pytest.mark.parametrize(
    ("cuda", "mps", "best"), [(0, False, "cpu"), (0, True, "mps"), (2, False, "cuda"), (1, True, "cuda")]
)
def test_the_best_is_taken(machine, wanted, cuda, mps, best):
    """CUDA before MPS before the CPU."""
    machine(cuda, mps)
    assert choose_device(wanted) == torch.device(best)


@pytest.mark.parametrize("wanted", ["cpu", "cuda", "cuda:1", "mps"])
def test_what_is_asked_for_is_given(machine, wanted):
    """By its name."""
    machine(2, True)
    assert choose_device(wanted) == torch.device(wanted)


@pytest.mark.parametrize("wanted", ["cuda", "cuda:0", "cuda:7", "mps", "xpu", "meta", "cpu:1"])
def test_what_is_absent_is_told(machine, wanted):
    """With what there is instead."""
    machine()
    with pytest.raises(NoSuchDevice, match=rf"no device '{wanted}'; it has cpu"):
        choose_device(wanted)


@pytest.mark.parametrize("wanted", ["gpu", "", "cuda:x", "CPU", "cuda:-1"])
def test_what_is_unknown_is_told(machine, wanted):
    """With the names that exist; never a traceback."""
    machine(1)
    with pytest.raises(TensorlingsError, match="no device"):
        choose_device(wanted)
