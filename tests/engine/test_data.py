"""Data is what it says, always the same, and what is missing is told with its remedy."""

from __future__ import annotations

import importlib
import importlib.util
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from autograder import data
from autograder.data import NoData, circles, digits, image_data, ring_centers, ring_of_gaussians, two_moons
from autograder.errors import TensorlingsError

FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


def write_idx(file: Path, array: np.ndarray) -> None:
    """Writes bytes in MNIST's own format: two zeros, the type, the rank, big-endian sizes, the numbers."""
    header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    file.write_bytes(header + array.astype(np.uint8).tobytes())


def write_set(folder: Path, name: str, *, train: int = 5, test: int = 3) -> dict[str, np.ndarray]:
    """Writes a tiny MNIST or FashionMNIST in torchvision's layout."""
    raw = folder / name / "raw"
    raw.mkdir(parents=True)
    rng = np.random.default_rng(0)
    sizes = [(train, 28, 28), (train,), (test, 28, 28), (test,)]
    arrays = {
        file: rng.integers(0, 256 if len(size) > 1 else 10, size) for file, size in zip(FILES, sizes, strict=True)
    }
    arrays[FILES[0]][0, 0, :2] = (0, 255)
    for file, array in arrays.items():
        write_idx(raw / file, array)
    return arrays


@pytest.fixture
def no_cache():
    """Digits are read anew, before and after."""
    data._digits.cache_clear()
    yield
    data._digits.cache_clear()


class TestDigits:
    """scikit-learn's digits."""

    def test_they_are_images_and_labels(self):
        """In the promised types, ranges and numbers, with every class on both sides."""
        train_x, train_y, test_x, test_y = digits()
        assert train_x.shape == (1297, 1, 8, 8)
        assert test_x.shape == (500, 1, 8, 8)
        for x, y in ((train_x, train_y), (test_x, test_y)):
            assert x.dtype == torch.float32
            assert y.dtype == torch.int64
            assert (x.min(), x.max()) == (0, 1)
            assert y.bincount().min() > 30
            assert len(y.bincount()) == 10

    def test_they_are_scikit_learns(self):
        """Every sample once, in one part or the other."""
        datasets = pytest.importorskip("sklearn.datasets")
        images, labels = datasets.load_digits(return_X_y=True)
        wanted = {(*row, label) for row, label in zip((images / 16).tolist(), labels.tolist(), strict=True)}
        ours = digits()
        x, y = torch.cat([ours.train_x, ours.test_x]).flatten(1), torch.cat([ours.train_y, ours.test_y])
        found = {(*row, label) for row, label in zip(x.tolist(), y.tolist(), strict=True)}
        assert len(x) == len(images)
        assert found == wanted

    def test_the_split_never_changes(self, no_cache):
        """Nor does it move the global random state or depend on it."""
        torch.manual_seed(1)
        before = torch.get_rng_state()
        first = digits()
        assert torch.equal(torch.get_rng_state(), before)
        assert first.test_y[:12].tolist() == [3, 0, 7, 1, 3, 8, 3, 4, 1, 4, 1, 6]
        data._digits.cache_clear()
        torch.manual_seed(2)
        assert all(torch.equal(one, two) for one, two in zip(first, digits(), strict=True))

    def test_callers_cannot_spoil_each_other(self):
        """Each has tensors of its own."""
        digits().train_x.zero_()
        assert digits().train_x.max() == 1

    def test_scikit_learn_is_not_imported(self):
        """It would cost a second."""
        code = "import sys; from autograder.data import digits; digits(); print('sklearn' in sys.modules)"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "False"

    def test_its_absence_is_told(self, monkeypatch: pytest.MonkeyPatch, no_cache):
        """With the command that mends it."""
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
        with pytest.raises(NoData, match="pip install scikit-learn"):
            digits()

    def test_a_moved_file_is_told(self, monkeypatch: pytest.MonkeyPatch, no_cache, tmp_path: Path):
        """With the place where it should be."""
        spec = importlib.util.spec_from_file_location("sklearn", tmp_path / "__init__.py")
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec)
        with pytest.raises(NoData, match=r"digits\.csv\.gz"):
            digits()


class TestFolders:
    """MNIST and FashionMNIST from a folder of one's own."""

    def test_digits_without_a_folder(self):
        """The default costs no download."""
        assert torch.equal(image_data().test_y, digits().test_y)

    @pytest.mark.parametrize("name", ["MNIST", "FashionMNIST"])
    @pytest.mark.parametrize("as_text", [True, False])
    def test_what_the_folder_holds_is_read(self, tmp_path: Path, name: str, as_text: bool):
        """Through torchvision, into the same shape as the digits."""
        pytest.importorskip("torchvision")
        arrays = write_set(tmp_path, name)
        found = image_data(str(tmp_path) if as_text else tmp_path)
        assert found.train_x.shape == (5, 1, 28, 28)
        assert found.test_x.shape == (3, 1, 28, 28)
        assert found.train_x.dtype == torch.float32
        assert found.train_y.dtype == torch.int64
        assert found.train_x[0, 0, 0, :2].tolist() == [0, 1]
        for x, y, images, labels in ((*found[:2], *FILES[:2]), (*found[2:], *FILES[2:])):
            assert torch.allclose(x[:, 0] * 255, torch.from_numpy(arrays[images]).float(), atol=1e-4)
            assert y.tolist() == arrays[labels].tolist()

    @pytest.mark.parametrize("names", [[], ["MNIST", "FashionMNIST"]])
    def test_neither_or_both_is_told(self, tmp_path: Path, names: list[str]):
        """With what was looked for, and where."""
        for name in names:
            write_set(tmp_path, name)
        with pytest.raises(NoData, match="both of" if names else "neither of") as caught:
            image_data(tmp_path)
        assert str(tmp_path) in str(caught.value)
        assert "MNIST/raw and FashionMNIST/raw" in str(caught.value)

    def test_a_folder_that_is_not_there_is_told(self, tmp_path: Path):
        """As one that holds neither."""
        with pytest.raises(TensorlingsError, match="neither"):
            image_data(tmp_path / "nowhere")

    @pytest.mark.parametrize("file", FILES)
    @pytest.mark.parametrize("damage", ["absent", "empty", "short", "of another kind"])
    def test_a_damaged_set_is_told(self, tmp_path: Path, file: str, damage: str):
        """In one sentence, and without a download."""
        pytest.importorskip("torchvision")
        write_set(tmp_path, "MNIST")
        path = tmp_path / "MNIST" / "raw" / file
        if damage == "absent":
            path.unlink()
        else:
            content = {"empty": b"", "short": path.read_bytes()[:10], "of another kind": b"<html>nothing</html>"}
            path.write_bytes(content[damage])
        with pytest.raises(NoData, match="MNIST") as caught:
            image_data(tmp_path)
        assert "\n" not in str(caught.value)
        assert "download" not in str(caught.value)

    def test_torchvisions_absence_is_told(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        """With the command that mends it."""
        write_set(tmp_path, "MNIST")
        monkeypatch.setitem(sys.modules, "torchvision.datasets", None)
        with pytest.raises(NoData, match=r"pip install 'tensorlings\[vision\]'"):
            image_data(tmp_path)

    def test_torchvision_is_imported_only_then(self):
        """It costs time that the digits need not pay."""
        code = "import sys; from autograder.data import image_data; image_data(); print('torchvision' in sys.modules)"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "False"


@pytest.mark.parametrize("make", [two_moons, circles, ring_of_gaussians])
class TestPlane:
    """Points in the plane."""

    def test_a_seed_fixes_them(self, make):
        """And nothing else: neither the global random state nor the default type."""
        before = torch.get_rng_state()
        points, which = make(200, seed=3)
        torch.set_default_dtype(torch.float64)
        try:
            again, same = make(200, seed=3)
        finally:
            torch.set_default_dtype(torch.float32)
        assert torch.equal(torch.get_rng_state(), before)
        assert torch.equal(points, again)
        assert torch.equal(which, same)
        assert not torch.equal(points, make(200, seed=4)[0])

    def test_types_and_sizes(self, make):
        """float32 points, int64 kinds, every kind there."""
        points, which = make(400, seed=0)
        assert points.shape == (400, 2)
        assert points.dtype == torch.float32
        assert which.dtype == torch.int64
        assert which.bincount().min() > 20
        assert make(0, seed=0)[0].shape == (0, 2)


def test_circles_lie_on_circles():
    """Of radius 1 and `factor`."""
    points, which = circles(100, seed=0, noise=0.0, factor=0.3)
    assert torch.allclose(points.norm(dim=1), torch.tensor([1.0, 0.3])[which])


def test_moons_lie_on_half_circles():
    """One opened upwards, one downwards, around centers of their own."""
    points, which = two_moons(100, seed=0, noise=0.0)
    upper, lower = points[which == 0], points[which == 1]
    assert torch.allclose(upper.norm(dim=1), torch.ones(len(upper)))
    assert torch.allclose((lower - torch.tensor([1.0, 0.5])).norm(dim=1), torch.ones(len(lower)))
    assert upper[:, 1].min() >= 0
    assert lower[:, 1].max() <= 0.5


def test_a_ring_has_its_modes():
    """At the centers that `ring_centers` names, in its order, with the spread that was asked for."""
    points, which = ring_of_gaussians(4000, seed=0, modes=5, radius=3.0, std=0.2)
    centers = ring_centers(modes=5, radius=3.0)
    assert torch.allclose(centers.norm(dim=1), torch.full((5,), 3.0))
    for mode in range(5):
        mine = points[which == mode]
        assert (mine.mean(0) - centers[mode]).abs().max() < 0.05
        assert (mine.std(0) - 0.2).abs().max() < 0.03
