"""Training checks: three seeds, one bar; and training that can be repeated."""

from __future__ import annotations

import inspect
import math
from dataclasses import FrozenInstanceError

import pytest
import torch
from torch import nn

from autograder.data import digits, two_moons
from autograder.errors import CheckFailure
from autograder.models import MLP
from autograder.training import Training, accuracy, adam, once, train_classifier, trained_digits_classifier, training


def check_that_gives(values: list[float], seeds: list[int] | None = None, **bar: float):
    """A training check that measures one value after the other."""
    left = iter(values)

    @training(measures="accuracy under FGSM", **bar)
    def test_fgsm__fools(submission, seed, device):
        """FGSM fools the network."""
        if seeds is not None:
            seeds.append(seed)
        return next(left)

    return test_fgsm__fools


def run(check, seed: int = 5) -> None:
    """Runs it as the runner does."""
    check(submission=None, device="cpu", training_seed=seed)


class TestBars:
    """The decorator."""

    @pytest.mark.parametrize(
        ("values", "tries"), [([0.7], 1), ([0.8, 0.7], 2), ([0.8, 0.9, 0.7], 3), ([math.nan, 0.7], 2)]
    )
    def test_one_seed_of_three_is_enough(self, values, tries):
        """And no more are tried than needed, each another one."""
        seeds: list[int] = []
        run(check_that_gives(values, seeds, below=0.75))
        assert len(set(seeds)) == len(seeds) == tries

    def test_the_seeds_follow_from_the_first(self):
        """So that grading can be repeated; they stay below 2**31."""
        first, again, other = [], [], []
        for seeds, start in ((first, 2**31 - 1), (again, 2**31 - 1), (other, 4)):
            with pytest.raises(CheckFailure):
                run(check_that_gives([1.0] * 3, seeds, below=0.75), start)
        assert first == again != other
        assert first[0] == 2**31 - 1
        assert other[0] == 4
        assert all(0 <= seed < 2**31 for seed in first + other)

    def test_three_misses_are_told(self):
        """With all three, the bar and what was measured."""
        with pytest.raises(CheckFailure) as caught:
            run(check_that_gives([0.91, 0.9, 0.92], below=0.75))
        assert caught.value.message == (
            "accuracy under FGSM was 0.91, 0.90 and 0.92 on three seeds; right answers stay below 0.75"
        )
        with pytest.raises(CheckFailure, match=r"stay above 0\.9"):
            run(check_that_gives([0.1, 0.1, 0.1], above=0.9))
        with pytest.raises(CheckFailure, match="stay below 2 and above 1"):
            run(check_that_gives([0.5, 2.5, 2.0], below=2.0, above=1.0))

    @pytest.mark.parametrize(
        ("value", "shown"),
        [(0.7504, "0.7504"), (0.75, "0.75"), (123.456, "123.46"), (math.nan, "nan"), (math.inf, "inf"), (0.8, "0.80")],
    )
    def test_what_is_shown_misses_the_bar(self, value, shown):
        """However few decimals would be pretty."""
        with pytest.raises(CheckFailure, match=rf"was {shown}, "):
            run(check_that_gives([value] * 3, below=0.75))

    def test_shown_on_the_wrong_side_never(self):
        """Nor on the bar itself."""
        assert Training("x", lambda: 0.0, None, 0.75).show(0.749999999) == "0.749999999"
        assert Training("x", lambda: 0.0, 0.75, None).show(0.7500000001) == "0.7500000001"
        assert Training("x", lambda: 0.0, 0.001, None).show(0.004) == "0.004"

    @pytest.mark.parametrize("bar", [{"below": math.inf}, {"above": -math.inf}, {"below": 1.0, "above": 0.0}])
    def test_nan_never_passes(self, bar):
        """Not even the widest bar."""
        with pytest.raises(CheckFailure, match="nan, nan and nan"):
            run(check_that_gives([math.nan] * 3, **bar))

    @pytest.mark.parametrize("error", [ValueError, CheckFailure, KeyboardInterrupt])
    def test_what_the_submission_raises_is_not_tried_again(self, error):
        """It comes out as it is."""
        seeds = []

        @training(measures="loss", below=1.0)
        def measure(submission, seed):
            seeds.append(seed)
            raise error("theirs")

        with pytest.raises(error, match="theirs"):
            measure(submission=None, training_seed=0)
        assert len(seeds) == 1

    def test_a_tensor_is_a_number_too(self):
        """A 0-d one."""
        run(check_that_gives([torch.tensor(0.5)], below=0.75))

    def test_it_asks_for_the_fixtures_it_needs(self):
        """`training_seed` in the place of `seed`, seen by `inspect` and pytest alike; name and sentence stay."""

        @training(measures="x", above=0.0)
        def test_a__b(submission, seed, device, reference):
            """A promise."""
            return 1.0

        names = ["submission", "training_seed", "device", "reference"]
        assert list(inspect.signature(test_a__b).parameters) == names
        assert not hasattr(test_a__b, "__wrapped__")
        assert (test_a__b.__name__, inspect.getdoc(test_a__b)) == ("test_a__b", "A promise.")

    def test_it_says_what_it_measures(self):
        """In a record that nobody changes."""
        check = check_that_gives([0.3], below=0.75)
        about = check.training
        assert (about.measures, about.below, about.above, about.bar) == (
            "accuracy under FGSM",
            0.75,
            None,
            "below 0.75",
        )
        assert about.measure(None, 0, "cpu") == 0.3
        with pytest.raises(FrozenInstanceError):
            about.below = 1.0

    def test_a_check_without_bar_or_seed_is_refused(self):
        """Where it is written."""
        with pytest.raises(ValueError, match="no bar"):
            training(measures="x")
        with pytest.raises(ValueError, match="takes no `seed`"):
            training(measures="x", below=1.0)(lambda submission: 0.0)

    def test_pytest_runs_it(self, pytester_free_course):
        """With the fixtures of whoever runs it."""
        result = pytester_free_course
        assert "2 passed" in result


@pytest.fixture
def pytester_free_course(tmp_path) -> str:
    """What pytest says of two training checks in a file of their own."""
    import subprocess
    import sys

    (tmp_path / "test_it.py").write_text(
        "import pytest\n"
        "from autograder.training import training\n"
        "@pytest.fixture\n"
        "def training_seed(): return 7\n"
        "@pytest.fixture\n"
        "def submission(): return 'theirs'\n"
        "@pytest.fixture\n"
        "def device(): return 'cpu'\n"
        "@training(measures='x', below=8)\n"
        "def test_a__b(submission, seed, device):\n"
        "    return seed if (submission, device) == ('theirs', 'cpu') else 9\n"
        "@training(measures='x', above=6)\n"
        "def test_a__c(seed):\n"
        "    return seed\n",
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False).stdout


def network() -> MLP:
    """A small network with everything that a mode changes."""
    return MLP(2, 8, 8, 2, activation="relu", batch_norm=True, dropout=0.2)


def weights(model: nn.Module) -> torch.Tensor:
    """All of its numbers in one vector."""
    return torch.cat([each.flatten().float() for each in model.state_dict().values()])


class TestTraining:
    """`train_classifier`."""

    def test_it_learns(self):
        """Two moons, to nearly every point."""
        x, y = two_moons(300, seed=0)
        model = MLP(2, 16, 16, 2, activation="relu")
        trained = train_classifier(model, x, y, epochs=60, seed=0)
        assert trained is model
        assert not any(module.training for module in model.modules())
        assert all(parameter.grad is None and parameter.requires_grad for parameter in model.parameters())
        assert (model(x).argmax(1) == y).float().mean() > 0.97

    def test_a_seed_fixes_it(self):
        """Dropout too, whatever the weights and the global random state were before, which stays where it is."""
        x, y = two_moons(100, seed=0)
        torch.manual_seed(1)
        one, two, three = network(), network(), network()
        before = torch.get_rng_state()
        train_classifier(one, x, y, epochs=3, seed=0)
        assert torch.equal(torch.get_rng_state(), before)
        torch.rand(5)
        with torch.no_grad():
            train_classifier(two, x, y, epochs=3, seed=0)
        train_classifier(three, x, y, epochs=3, seed=1)
        assert torch.equal(weights(one), weights(two))
        assert not torch.equal(weights(one), weights(three))

    def test_data_stay_as_they_were(self):
        """In value and in gradients."""
        x, y = two_moons(50, seed=0)
        copies = x.clone(), y.clone()
        train_classifier(network(), x, y, epochs=1, seed=0)
        assert torch.equal(x, copies[0])
        assert torch.equal(y, copies[1])
        assert x.grad is None

    @pytest.mark.parametrize("size", [0, 1, 2, 65])
    def test_any_number_of_samples(self, size: int):
        """A lone sample at the end of an epoch does not upset batch normalisation; float64 stays float64."""
        x, y = two_moons(max(size, 1), seed=0)
        model = (network() if size != 1 else MLP(2, 4, 2)).double()
        train_classifier(model, x[:size].double(), y[:size], epochs=2, seed=0)
        assert weights(model).isfinite().all()
        assert next(model.parameters()).dtype == torch.float64


class TestDigitsClassifier:
    """`trained_digits_classifier`."""

    @pytest.mark.parametrize("seed", range(3))
    def test_it_reads_digits(self, seed: int):
        """Better than any bar asks for."""
        data = digits()
        model = trained_digits_classifier(seed)
        assert not model.training
        assert (model(data.test_x).argmax(1) == data.test_y).float().mean() >= 0.93

    def test_every_caller_has_its_own(self):
        """What one does to it, the next does not see; seeds and sizes differ."""
        one = trained_digits_classifier(0)
        kept = weights(one)
        with torch.no_grad():
            next(one.parameters()).zero_()
        two = trained_digits_classifier(0, torch.device("cpu"))
        assert torch.equal(weights(two), kept)
        assert not torch.equal(weights(trained_digits_classifier(1)), kept)
        assert next(trained_digits_classifier(0, hidden=16).parameters()).shape == (16, 64)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="wants CUDA")
def test_cuda_is_as_careful():
    """Trained there, repeatable, and its random state left alone."""
    x, y = two_moons(100, seed=0)
    before = torch.cuda.get_rng_state()
    one, two = (train_classifier(network(), x, y, epochs=3, seed=0, device="cuda") for _ in range(2))
    assert torch.equal(torch.cuda.get_rng_state(), before)
    assert next(one.parameters()).is_cuda
    assert torch.allclose(weights(one), weights(two), atol=1e-5)


def test_adam_takes_the_steps_of_torch():
    """Same numbers, no traces in `.grad`, parameters that the loss does not reach stay."""
    torch.manual_seed(0)
    start = [torch.randn(3, 2, dtype=torch.float64), torch.randn(3, dtype=torch.float64), torch.ones(1)]
    mine, theirs = ([each.clone().requires_grad_() for each in start] for _ in range(2))
    x, y = torch.randn(5, 2, dtype=torch.float64), torch.randn(5, 3, dtype=torch.float64)
    step, optimizer = adam(mine, 0.1, betas=(0.5, 0.9)), torch.optim.Adam(theirs, 0.1, betas=(0.5, 0.9))
    for _ in range(7):
        step((x @ mine[0].T + mine[1] - y).square().mean())
        optimizer.zero_grad()
        (x @ theirs[0].T + theirs[1] - y).square().mean().backward()
        optimizer.step()
    for ours, other, before in zip(mine, theirs, start, strict=True):
        assert torch.allclose(ours, other, atol=1e-12)
        assert ours.grad is None
        assert torch.equal(ours, before) == (before.numel() == 1)


def test_accuracy_is_the_share_of_right_answers():
    """By the greatest logit."""
    model = nn.Identity()
    assert accuracy(model, torch.tensor([[2.0, 1.0], [0.0, 1.0], [3.0, -1.0]]), torch.tensor([0, 1, 1])) == 2 / 3


def test_what_asks_no_submission_is_made_once_and_each_caller_gets_a_copy():
    made = []

    @once
    def weights(seed, device, size=2):
        made.append((seed, device, size))
        return torch.full((size,), float(seed))

    weights(3, "cpu").zero_()
    assert weights(3, torch.device("cpu")).tolist() == [3.0, 3.0]
    assert weights(3, "cpu", 1).tolist() == [3.0]
    assert made == [(3, torch.device("cpu"), 2), (3, torch.device("cpu"), 1)]
