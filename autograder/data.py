"""Small data: scikit-learn's digits, MNIST or FashionMNIST from a folder, and points in the plane.

Everything is float32 and drawn with a generator of its own; labels are int64.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from autograder.errors import TensorlingsError

TRAIN = 1297  # of the 1,797 digits
SETS = ("MNIST", "FashionMNIST")


class NoData(TensorlingsError):
    """Data is not where it was looked for."""


class Digits(NamedTuple):
    """Images float32 `(N, 1, H, W)` in [0, 1] and labels int64 `(N,)`, for training and for testing."""

    train_x: Tensor
    train_y: Tensor
    test_x: Tensor
    test_y: Tensor


def digits() -> Digits:
    """scikit-learn's 1,797 digits of 8 × 8 pixels, 1,297 for training and 500 for testing; the split never changes.

    They are read from scikit-learn's file without importing scikit-learn, which would cost a second. Each call gives
    tensors of its own.

    Raises:
        NoData: if scikit-learn is not installed.
    """
    return Digits(*(each.clone() for each in _digits()))


def image_data(folder: Path | str | None = None) -> Digits:
    """MNIST or FashionMNIST, 28 × 28 pixels, from a folder that holds one of them, or the digits without a folder.

    Args:
        folder: what torchvision calls `root`: it holds `MNIST/raw` or `FashionMNIST/raw`. None for the digits. Nothing
            is ever downloaded.

    Raises:
        NoData: if the folder holds neither of them, or both, or only a part, or torchvision is not installed.
    """
    if folder is None:
        return digits()
    found = [name for name in SETS if (Path(folder) / name / "raw").is_dir()]
    if len(found) != 1:
        holds = "both of" if found else "neither of"
        raise NoData(f"{folder} holds {holds} MNIST/raw and FashionMNIST/raw; wanted exactly one of them")
    try:
        datasets = importlib.import_module("torchvision.datasets")
    except ImportError:
        raise NoData("reading MNIST wants torchvision: pip install 'tensorlings[vision]'") from None
    parts: list[Tensor] = []
    for train in (True, False):
        try:
            data = getattr(datasets, found[0])(str(folder), train=train, download=False)
        except (RuntimeError, OSError, ValueError, AssertionError) as error:
            reason = str(error).split("\n")[0].split(". You can use")[0] or "a file is not what it should be"
            raise NoData(
                f"{Path(folder) / found[0] / 'raw'} lacks unpacked files of {found[0]}, such as "
                f"train-images-idx3-ubyte, or they are damaged ({reason})"
            ) from None
        parts += [data.data.to(torch.float32).unsqueeze(1) / 255, data.targets.long()]
    return Digits(*parts)


def two_moons(n: int, *, seed: int, noise: float = 0.1) -> tuple[Tensor, Tensor]:
    """Points `(n, 2)` on two interleaved half circles, and which half circle int64 `(n,)`."""
    generator = torch.Generator().manual_seed(seed)
    angle = math.pi * torch.rand(n, generator=generator, dtype=torch.float32)
    which = torch.randint(2, (n,), generator=generator)
    upper = torch.stack([angle.cos(), angle.sin()], 1)
    lower = torch.stack([1 - angle.cos(), 0.5 - angle.sin()], 1)
    return _jittered(torch.where(which[:, None] == 0, upper, lower), noise, generator), which


def circles(n: int, *, seed: int, noise: float = 0.05, factor: float = 0.5) -> tuple[Tensor, Tensor]:
    """Points `(n, 2)` on two concentric circles of radius 1 and `factor`, and which circle int64 `(n,)`."""
    generator = torch.Generator().manual_seed(seed)
    angle = 2 * math.pi * torch.rand(n, generator=generator, dtype=torch.float32)
    which = torch.randint(2, (n,), generator=generator)
    return _jittered(_on_circle(angle, 1 + (factor - 1) * which.to(torch.float32)), noise, generator), which


def ring_of_gaussians(
    n: int, *, seed: int, modes: int = 8, radius: float = 2.0, std: float = 0.1
) -> tuple[Tensor, Tensor]:
    """Points `(n, 2)` from `modes` Gaussians on a circle, and which of them int64 `(n,)`; see `ring_centers`."""
    generator = torch.Generator().manual_seed(seed)
    which = torch.randint(modes, (n,), generator=generator)
    return _jittered(ring_centers(modes=modes, radius=radius)[which], std, generator), which


def ring_centers(*, modes: int = 8, radius: float = 2.0) -> Tensor:
    """Centers `(modes, 2)` of the Gaussians of `ring_of_gaussians`, in the order of their numbers."""
    return _on_circle(2 * math.pi / modes * torch.arange(modes, dtype=torch.float32), radius)


@functools.cache
def _digits() -> Digits:
    spec = importlib.util.find_spec("sklearn")
    if spec is None or spec.origin is None:
        raise NoData("the digits come with scikit-learn, which is not installed: pip install scikit-learn")
    file = Path(spec.origin).parent / "datasets" / "data" / "digits.csv.gz"
    if not file.is_file():
        raise NoData(f"scikit-learn's digits are not at {file}: pip install --force-reinstall scikit-learn")
    table = np.loadtxt(file, delimiter=",")
    images = torch.tensor(table[:, :-1], dtype=torch.float32).reshape(-1, 1, 8, 8) / 16
    labels = torch.tensor(table[:, -1], dtype=torch.int64)
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))
    train, test = order[:TRAIN], order[TRAIN:]
    return Digits(images[train], labels[train], images[test], labels[test])


def _on_circle(angle: Tensor, radius: Tensor | float) -> Tensor:
    return torch.stack([radius * angle.cos(), radius * angle.sin()], 1)


def _jittered(points: Tensor, std: float, generator: torch.Generator) -> Tensor:
    return points + std * torch.randn(points.shape, generator=generator, dtype=torch.float32)
