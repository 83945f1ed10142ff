"""Small networks to draw, attack and train. All but `ConvNet` flatten any `(N, ...)` input; all take an empty batch."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

ACTIVATIONS: dict[str, type[nn.Module]] = {"tanh": nn.Tanh, "relu": nn.ReLU, "softplus": nn.Softplus}
KINDS = ("linear", "mlp", "norm", "dropout", "conv")


class LinearClassifier(nn.Module):
    """Logits `(N, classes)` that are linear in the flattened input `(N, ...)`.

    Args:
        in_shape: shape of one input, or its number of features.
        classes: number of logits.
    """

    def __init__(self, in_shape: int | Sequence[int], classes: int):
        super().__init__()
        self.linear = nn.Linear(in_shape if isinstance(in_shape, int) else math.prod(in_shape), classes)

    def forward(self, x: Tensor) -> Tensor:
        """Logits of a batch."""
        return self.linear(x.flatten(1))  # type: ignore[no-any-return]


class MLP(nn.Module):
    """A perceptron with any number of hidden layers.

    Args:
        sizes: features in, hidden features, features out.
        activation: `tanh`, `relu` or `softplus`.
        batch_norm: normalise each hidden layer over the batch.
        dropout: share of hidden features dropped in train mode.

    Raises:
        ValueError: if there are fewer than two sizes, or the activation is another one.
    """

    def __init__(self, *sizes: int, activation: str = "tanh", batch_norm: bool = False, dropout: float = 0.0):
        super().__init__()
        if len(sizes) < 2:
            raise ValueError(f"an MLP has features in and features out; got {sizes}")
        if activation not in ACTIVATIONS:
            raise ValueError(f"no activation {activation!r}; wanted one of {', '.join(ACTIVATIONS)}")
        layers: list[nn.Module] = []
        for before, after in itertools.pairwise(sizes[:-1]):
            layers.append(nn.Linear(before, after))
            if batch_norm:
                layers.append(nn.BatchNorm1d(after))
            layers.append(ACTIVATIONS[activation]())
            if dropout:
                layers.append(nn.Dropout(dropout))
        self.layers = nn.Sequential(*layers, nn.Linear(sizes[-2], sizes[-1]))

    def forward(self, x: Tensor) -> Tensor:
        """Outputs `(N, out)` of a batch `(N, ...)`."""
        return self.layers(x.flatten(1))  # type: ignore[no-any-return]


class ConvNet(nn.Module):
    """Two small, smooth convolutions and a linear layer: logits of images `(N, channels, height, width)`."""

    def __init__(self, channels: int, height: int, width: int, classes: int, *, features: int = 4):
        super().__init__()
        self.first = nn.Conv2d(channels, features, 3, padding=1)
        self.second = nn.Conv2d(features, features, 3, padding=1)
        self.head = nn.Linear(features * height * width, classes)

    def forward(self, x: Tensor) -> Tensor:
        """Logits of a batch."""
        hidden = torch.tanh(self.first(x))
        hidden = nn.functional.softplus(self.second(hidden))
        return self.head(hidden.flatten(1))  # type: ignore[no-any-return]


def small_model(
    kind: str, in_shape: Sequence[int], classes: int, *, seed: int, dtype: torch.dtype = torch.float32
) -> nn.Module:
    """A random network in eval mode, made without touching the global random state.

    Its weights have two decimals, so that a small one can be shown in full.

    Args:
        kind: one of `KINDS`; `norm` has batch normalisation whose statistics matter, `dropout` behaves otherwise in
            train mode, `conv` wants inputs `(channels, height, width)`.
        in_shape: shape of one input.
        classes: number of logits.
        seed: of the weights.
        dtype: of the weights.

    Raises:
        ValueError: if the kind is another one, or `conv` gets inputs that are no images.
    """
    if kind not in KINDS:
        raise ValueError(f"no kind of model {kind!r}; wanted one of {', '.join(KINDS)}")
    if kind == "conv" and len(in_shape) != 3:
        raise ValueError(f"a convolution wants inputs (channels, height, width); got {tuple(in_shape)}")
    with torch.random.fork_rng(devices=[]):  # torch's layers draw weights of their own first
        model = _build(kind, in_shape, classes).double()
    randomize(model, torch.Generator().manual_seed(seed))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(parameter.round(decimals=2))
    return model.to(dtype).eval()


def randomize(model: nn.Module, generator: torch.Generator) -> None:
    """Draws all weights anew, in place and the same ones in float32 and float64.

    Weights are scaled to their number of inputs, vectors are small; batch normalisation gets statistics and scales that
    are not trivial, other normalisation keeps its scale near 1.
    """
    with torch.no_grad():
        for module in model.modules():
            norms = isinstance(module, nn.modules.batchnorm._NormBase | nn.LayerNorm | nn.GroupNorm)
            for name, parameter in module.named_parameters(recurse=False):
                if norms and name == "weight":
                    drawn = torch.rand(parameter.shape, generator=generator, dtype=torch.float64) + 0.5
                else:
                    fan_in = parameter[0].numel() if parameter.ndim > 1 else 4
                    drawn = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
                    drawn *= 1.5 / math.sqrt(fan_in)
                parameter.copy_(drawn)
            if isinstance(module, nn.modules.batchnorm._NormBase) and module.running_mean is not None:
                assert module.running_var is not None
                module.running_mean.copy_(torch.randn(module.num_features, generator=generator, dtype=torch.float64))
                module.running_var.copy_(
                    torch.rand(module.num_features, generator=generator, dtype=torch.float64) + 0.5
                )


def _build(kind: str, in_shape: Sequence[int], classes: int) -> nn.Module:
    if kind == "linear":
        return LinearClassifier(in_shape, classes)
    if kind == "conv":
        channels, height, width = in_shape
        return ConvNet(channels, height, width, classes)
    return MLP(math.prod(in_shape), 6, classes, batch_norm=kind == "norm", dropout=0.5 if kind == "dropout" else 0.0)
