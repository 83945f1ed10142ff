"""Where training checks run."""

from __future__ import annotations

import torch

from autograder.errors import TensorlingsError


class NoSuchDevice(TensorlingsError):
    """The device that was asked for is unknown or absent."""


def choose_device(wanted: str | None = None) -> torch.device:
    """The device called `wanted`, or the best there is: CUDA, then MPS, then the CPU.

    Args:
        wanted: `cpu`, `cuda`, `cuda:1`, `mps`, or None or `auto` for the best.

    Raises:
        NoSuchDevice: if it is unknown or not there.
    """
    there = {"cuda": torch.cuda.device_count(), "mps": int(torch.backends.mps.is_available()), "cpu": 1}
    present = [name for name, count in there.items() if count]
    if wanted is None or wanted == "auto":
        return torch.device(present[0])
    try:
        device = torch.device(wanted)
    except RuntimeError:
        raise NoSuchDevice(f"there is no device {wanted!r}; wanted auto, cpu, cuda, cuda:1 or mps") from None
    if (device.index or 0) >= there.get(device.type, 0):
        raise NoSuchDevice(f"this machine has no device {wanted!r}; it has {' and '.join(present)}")
    return device
