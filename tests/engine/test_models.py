"""Small networks are what they promise, and make no noise in the global random state."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from autograder.models import ACTIVATIONS, KINDS, MLP, ConvNet, LinearClassifier, randomize, small_model

SHAPE = (2, 3, 4)


@pytest.mark.parametrize("batch", [0, 1, 3])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("kind", KINDS)
def test_any_batch_gives_logits(kind: str, dtype: torch.dtype, batch: int) -> None:
    """An empty one too, in the dtype of the model."""
    logits = small_model(kind, SHAPE, 5, seed=0, dtype=dtype)(torch.rand(batch, *SHAPE, dtype=dtype))
    assert logits.shape == (batch, 5)
    assert logits.dtype == dtype
    assert logits.isfinite().all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_fixes_the_model_and_nothing_else(kind: str) -> None:
    """Another seed gives another model; the global random state stays."""
    before = torch.get_rng_state()
    models = [small_model(kind, SHAPE, 3, seed=seed) for seed in (7, 7, 8)]
    assert torch.equal(torch.get_rng_state(), before)
    same, again, other = ([*model.state_dict().values()] for model in models)
    assert all(torch.equal(one, two) for one, two in zip(same, again, strict=True))
    assert not all(torch.equal(one, two) for one, two in zip(same, other, strict=True))
    assert not any(module.training for model in models for module in model.modules())
    assert all(parameter.requires_grad and parameter.grad is None for parameter in models[0].parameters())


@pytest.mark.parametrize("kind", KINDS)
def test_both_dtypes_and_any_default_give_one_model(kind: str) -> None:
    """The same weights, up to rounding."""
    single = small_model(kind, SHAPE, 3, seed=1)
    torch.set_default_dtype(torch.float64)
    try:
        double = small_model(kind, SHAPE, 3, seed=1, dtype=torch.float64)
    finally:
        torch.set_default_dtype(torch.float32)
    x = torch.rand(4, *SHAPE)
    assert torch.allclose(single(x).double(), double(x.double()), atol=1e-5)


def test_weights_are_short() -> None:
    """Two decimals each."""
    for parameter in small_model("linear", (3,), 2, seed=5, dtype=torch.float64).parameters():
        assert torch.allclose(parameter * 100, (parameter * 100).round(), rtol=0, atol=1e-9)


def test_statistics_of_batch_normalisation_matter() -> None:
    """Whoever forgets eval mode is seen."""
    model = small_model("norm", (4,), 3, seed=0)
    norm = next(module for module in model.modules() if isinstance(module, nn.BatchNorm1d))
    assert (norm.running_mean.abs() > 0.01).all()
    assert (norm.running_var >= 0.5).all()
    assert (norm.weight >= 0.5).all()
    x = torch.rand(6, 4)
    in_eval_mode, in_train_mode = model(x), model.train()(x)
    assert (in_eval_mode - in_train_mode).abs().max() > 0.1


def test_dropout_shows_in_train_mode_only() -> None:
    """Whoever leaves train mode on is seen."""
    model, x = small_model("dropout", (4,), 3, seed=0), torch.rand(6, 4)
    assert torch.equal(model(x), model(x))
    model.train()
    assert not torch.equal(model(x), model(x))


def test_samples_are_independent_in_eval_mode() -> None:
    """Each alone gives what the batch gives."""
    x = torch.rand(4, *SHAPE, dtype=torch.float64)
    for kind in KINDS:
        model = small_model(kind, SHAPE, 3, seed=0, dtype=torch.float64)
        assert torch.allclose(model(x), torch.cat([model(each[None]) for each in x]))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_perceptrons_have_the_layers_that_were_asked_for(activation: str) -> None:
    """In the usual order, with any number of hidden layers."""
    model = MLP(6, 5, 4, 2, activation=activation, batch_norm=True, dropout=0.1)
    kinds = [type(layer).__name__ for layer in model.layers]
    block = ["Linear", "BatchNorm1d", ACTIVATIONS[activation].__name__, "Dropout"]
    assert kinds == [*block, *block, "Linear"]
    assert [layer.out_features for layer in model.layers if isinstance(layer, nn.Linear)] == [5, 4, 2]
    assert model.eval()(torch.rand(3, 2, 3)).shape == (3, 2)
    assert MLP(6, 2)(torch.rand(3, 6)).shape == (3, 2)


def test_linear_takes_a_shape_or_a_size() -> None:
    """And flattens either way."""
    assert LinearClassifier(SHAPE, 3)(torch.rand(2, *SHAPE)).shape == (2, 3)
    assert LinearClassifier(24, 3)(torch.rand(2, *SHAPE)).shape == (2, 3)


def test_convolutions_are_smooth() -> None:
    """Twice differentiable."""
    model = small_model("conv", SHAPE, 3, seed=0, dtype=torch.float64)
    assert isinstance(model, ConvNet)
    assert torch.autograd.gradgradcheck(model, torch.rand(1, *SHAPE, dtype=torch.float64, requires_grad=True))


def test_randomize_keeps_any_normalisation_useful() -> None:
    """Scales stay positive, statistics become non-trivial."""
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.GroupNorm(2, 4), nn.LayerNorm([4, 2, 2]))
    randomize(model, torch.Generator().manual_seed(0))
    for layer in model[1:]:
        assert (layer.weight >= 0.5).all()
    assert (model[1].running_var != 1).all()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: small_model("lstm", (2,), 2, seed=0), "linear, mlp"),
        (lambda: small_model("conv", (2,), 2, seed=0), r"\(2,\)"),
        (lambda: MLP(3), "features"),
        (lambda: MLP(3, 2, activation="sign"), "softplus"),
    ],
)
def test_wrong_wishes_are_told(make: object, words: str) -> None:
    """With what came or what there is."""
    with pytest.raises(ValueError, match=words):
        make()  # type: ignore[operator]
