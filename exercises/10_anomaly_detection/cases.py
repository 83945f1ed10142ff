"""Honest inputs for the anomaly scores."""

from __future__ import annotations

import torch
from hypothesis import strategies as st

from autograder.cases import Ask, Call, calls, corners
from autograder.models import MLP, randomize
from autograder.strategies import images, logits, seeds, tensors, vectors


def coupling_net(half: int, seed: int, dtype: torch.dtype, *, size: float = 0.3) -> MLP:
    """A net from `half` features to as many log-scales and shifts, all of them of moderate size and none trivial."""
    with torch.random.fork_rng(devices=[]):
        net = MLP(half, 5, 2 * half).double()
    randomize(net, torch.Generator().manual_seed(seed))
    with torch.no_grad():
        last = net.layers[-1]
        last.weight.mul_(size)
        last.bias.mul_(size)
        for parameter in net.parameters():
            parameter.copy_(parameter.round(decimals=2))
    return net.to(dtype).eval()


def constant_net(log_scale: torch.Tensor, shift: torch.Tensor) -> MLP:
    """A net that answers the same log-scales and shifts `(D/2,)`, whatever it is asked."""
    half = len(log_scale)
    with torch.random.fork_rng(devices=[]):
        net = MLP(half, 2 * half).to(log_scale.dtype)
    with torch.no_grad():
        net.layers[-1].weight.zero_()
        net.layers[-1].bias.copy_(torch.cat([log_scale, shift]))
    return net.eval()


def covariance_matrix(size: int, seed: int, dtype: torch.dtype) -> torch.Tensor:
    """A covariance of correlated features; its condition number is at most 10 in float32, 100 in float64."""
    generator = torch.Generator().manual_seed(seed)
    basis, _ = torch.linalg.qr(torch.randn(size, size, generator=generator, dtype=torch.float64))
    low, high = (0.3, 3.0) if dtype == torch.float32 else (0.05, 5.0)
    variances = low * (high / low) ** torch.rand(size, generator=generator, dtype=torch.float64)
    matrix = (basis * variances) @ basis.T
    return ((matrix + matrix.T) / 2).to(dtype)


def _pair_of_images(ask: Ask):
    size = ask.draw(st.integers(0, 1))
    first = ask.draw(
        images(batch=ask.batch, dtype=ask.dtype, plain=ask.plain)
        if size
        else vectors(batch=ask.batch, size=(2, 4), dtype=ask.dtype, plain=ask.plain)
    )
    return first, ask.draw(tensors(first.shape, dtype=ask.dtype, plain=ask.plain, low=0.0, high=1.0))


@calls("reconstruction_score")
def reconstruction_score(ask: Ask) -> Call:
    """Images or vectors, and reconstructions in [0, 1]."""
    return Call(*_pair_of_images(ask))


@corners("reconstruction_score")
def reconstruction_score_corners() -> list[Call]:
    """One wrong pixel among many; errors of both signs."""
    clean = torch.zeros(2, 3, 2, 4)
    spoiled = clean.clone()
    spoiled[1, 2, 1, 3] = 1.0
    signed = torch.tensor([[0.5, -0.5], [1.0, -1.0]], dtype=torch.float64)
    return [
        Call(clean, spoiled),
        Call(signed, torch.zeros_like(signed)),
        Call(spoiled, spoiled.clone()),
        Call(torch.zeros(0, 3), torch.zeros(0, 3)),
    ]


def _logits(ask: Ask) -> Call:
    return Call(ask.draw(logits(batch=ask.batch, dtype=ask.dtype, plain=ask.plain)))


def _logit_corners() -> list[Call]:
    return [
        Call(torch.tensor([[200.0, 0.0, -200.0], [0.0, 20.0, -20.0]])),
        Call(torch.tensor([[200.0, -200.0, 20.0], [1.0, 2.0, 4.0]], dtype=torch.float64)),
        Call(torch.tensor([[0.5, -1.5], [3.0, 2.0], [-4.0, 0.25]])),
        Call(torch.tensor([[-800.0, 0.0, 800.0]], dtype=torch.float64)),
        Call(torch.zeros(0, 3)),
    ]


@calls("confidence_score")
def confidence_score(ask: Ask) -> Call:
    """Logits."""
    return _logits(ask)


@corners("confidence_score")
def confidence_score_corners() -> list[Call]:
    """Certain classifiers."""
    return _logit_corners()


@calls("entropy_score")
def entropy_score(ask: Ask) -> Call:
    """Logits."""
    return _logits(ask)


@corners("entropy_score")
def entropy_score_corners() -> list[Call]:
    """Certain classifiers; all classes alike, many of them too."""
    return [*_logit_corners(), Call(torch.zeros(2, 4)), Call(torch.zeros(1, 2000, dtype=torch.float64))]


@calls("fit_gaussian")
def fit_gaussian(ask: Ask) -> Call:
    """Points in [-3, 3]; eps is larger where there are few of them in float32."""
    size = ask.draw(st.integers(1, 3))
    x = ask.draw(tensors((max(ask.batch, 1), size), dtype=ask.dtype, plain=ask.plain, low=-3.0, high=3.0))
    if ask.dtype == torch.float64 and ask.draw(st.booleans()):
        return Call(x)
    return Call(x, eps=ask.draw(st.sampled_from([0.001, 0.25, 0.5])))


@corners("fit_gaussian")
def fit_gaussian_corners() -> list[Call]:
    """More features than samples, one sample, and correlated features."""
    correlated = torch.tensor([[0.0, 0.0], [1.0, 2.0], [2.0, 4.5], [3.0, 5.5]])
    return [
        Call(correlated, eps=0.001),
        Call(torch.tensor([[1.0, 2.0, 3.0]], dtype=torch.float64)),
        Call(torch.tensor([[1.0, 2.0, 3.0], [3.0, 1.0, 2.5]], dtype=torch.float64), eps=0.5),
    ]


@calls("gaussian_score")
def gaussian_score(ask: Ask) -> Call:
    """Points, a mean, and a covariance whose features are correlated."""
    size = ask.draw(st.integers(1, 3))
    x = ask.draw(tensors((ask.batch, size), dtype=ask.dtype, plain=ask.plain, low=-3.0, high=3.0))
    mean = ask.draw(tensors((size,), dtype=ask.dtype, plain=ask.plain, low=-2.0, high=2.0))
    return Call(x, mean, covariance_matrix(size, ask.draw(seeds()), ask.dtype))


@corners("gaussian_score")
def gaussian_score_corners() -> list[Call]:
    """Independent features, correlated features, and many dimensions."""
    points = torch.tensor([[1.0, 2.0], [0.0, -1.0], [0.5, 0.5]], dtype=torch.float64)
    correlated = torch.tensor([[2.0, 1.2], [1.2, 1.0]], dtype=torch.float64)
    many = torch.linspace(-0.1, 0.1, 64).reshape(1, 64)
    return [
        Call(points, torch.tensor([0.5, 0.5], dtype=torch.float64), torch.diag(torch.tensor([4.0, 0.25])).double()),
        Call(points, torch.tensor([0.5, 0.25], dtype=torch.float64), correlated),
        Call(many, torch.zeros(64), 0.01 * torch.eye(64)),
        Call(torch.zeros(0, 2), torch.zeros(2), torch.eye(2)),
    ]


def _coupling(ask: Ask) -> Call:
    half = ask.draw(st.integers(1, 3))
    x = ask.draw(tensors((ask.batch, 2 * half), dtype=ask.dtype, plain=ask.plain, low=-3.0, high=3.0))
    return Call(x, coupling_net(half, ask.draw(seeds()), ask.dtype))


def _coupling_corners() -> list[Call]:
    points = torch.tensor([[0.5, -1.0, 2.0, 1.5], [1.0, 2.0, -0.5, 0.25]], dtype=torch.float64)
    large = constant_net(torch.tensor([6.0, -5.5]).double(), torch.tensor([3.0, -2.0]).double())
    return [Call(points, coupling_net(2, 3, torch.float64, size=1.0)), Call(points, large), Call(points[:0], large)]


@calls("affine_coupling")
def affine_coupling(ask: Ask) -> Call:
    """Points and a net with moderate log-scales and shifts."""
    return _coupling(ask)


@corners("affine_coupling")
def affine_coupling_corners() -> list[Call]:
    """Large log-scales."""
    return _coupling_corners()


@calls("affine_coupling_inverse")
def affine_coupling_inverse(ask: Ask) -> Call:
    """Points and a net with moderate log-scales and shifts."""
    return _coupling(ask)


@corners("affine_coupling_inverse")
def affine_coupling_inverse_corners() -> list[Call]:
    """Large log-scales."""
    return _coupling_corners()


@calls("auroc")
def auroc(ask: Ask) -> Call:
    """Scores, with ties among them; sizes are powers of two, so that a mean is exact in any float type."""
    sizes = st.sampled_from([1, 2, 4, 8])
    normal, anomaly = (
        ask.draw(tensors((ask.draw(sizes),), dtype=ask.dtype, plain=ask.plain)) for _ in ("normal", "anomaly")
    )
    return Call(normal, anomaly)


@corners("auroc")
def auroc_corners() -> list[Call]:
    """Ties across and within the sides, sides of unequal size, scores without order in them."""
    return [
        Call(torch.tensor([1.0, 2.0, 2.0, 3.0]), torch.tensor([2.0, 2.0])),
        Call(torch.tensor([0.0, 1.0]), torch.tensor([1.0, 1.0, 0.0, 5.0])),
        Call(torch.tensor([4.0, -1.0, 0.5, 2.0]).double(), torch.tensor([3.0, 1.0]).double()),
        Call(torch.tensor([-3.0, -2.0]).double(), torch.tensor([-1.0, -2.5]).double()),
    ]
