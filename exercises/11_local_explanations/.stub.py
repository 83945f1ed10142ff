"""Local explanations: which parts of this input made the network answer as it did, and what its layers know."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def occlusion(
    model: nn.Module, x: Tensor, target: Tensor, *, window: int, stride: int, baseline: float = 0.0
) -> Tensor:
    """For every pixel, how far the target logit drops, on average, when a window that covers the pixel is blanked out.

    A window is a square of `window` × `window` pixels in which all channels are set to `baseline`; only one is blanked
    out at a time. Windows start at rows and columns 0, `stride`, 2·`stride`, …. A pixel's score is the mean of the
    drops of all windows that cover it. The model, its gradients, modes and hooks, and `x` are left as they were.

    Args:
        model: maps `(N, C, H, W)` to logits `(N, classes)`.
        x: float tensor `(N, C, H, W)`, images; height and width may differ.
        target: int64 tensor `(N,)`: the class whose logit is explained, for each image.
        window: side of the windows in pixels.
        stride: distance in pixels between the starts of neighbouring windows.
        baseline: the value that blanks a pixel out.

    Returns:
        Float tensor `(N, H, W)`, detached: positive where the pixel speaks for the target.

    Raises:
        ValueError: unless 1 ≤ `stride` ≤ `window` ≤ H and W, and both H − `window` and W − `window` are multiples of
            `stride`, so that the windows cover every pixel.

    Source: Zeiler and Fergus 2014, section 4.2.
    """
    raise NotImplementedError("occlusion is not written yet")


def saliency(model: nn.Module, x: Tensor, target: Tensor) -> Tensor:
    """How strongly the target logit reacts to each element of `x`: the size of its slope, |∂ logit / ∂x|.

    The model, its parameters' gradients, modes and hooks, and `x` are left as they were. It works under
    `torch.no_grad()`.

    Args:
        model: maps `(N, ...)` to logits `(N, classes)`.
        x: float tensor `(N, ...)`.
        target: int64 tensor `(N,)`: the class whose logit is explained, for each sample.

    Returns:
        Float tensor of `x`'s shape, detached, at least 0.

    Source: Simonyan et al. 2014, section 3.
    """
    raise NotImplementedError("saliency is not written yet")


def integrated_gradients(
    model: nn.Module, x: Tensor, target: Tensor, *, baseline: Tensor | None = None, steps: int = 50
) -> Tensor:
    """What each element contributes to the rise of the target logit on the straight path from `baseline` to `x`.

    It is the mean gradient along the path times (x − baseline). The mean is taken by the midpoint rule: the path is cut
    into `steps` equal pieces, and the gradient is taken in the middle of each. The model, its parameters' gradients,
    modes and hooks, and `x` are left as they were. It works under `torch.no_grad()`.

    Args:
        model: maps `(N, ...)` to logits `(N, classes)`.
        x: float tensor `(N, ...)`.
        target: int64 tensor `(N,)`: the class whose logit is explained, for each sample.
        baseline: float tensor of `x`'s shape, where the path starts; zeros if None.
        steps: number of pieces, at least 1.

    Returns:
        Float tensor of `x`'s shape, detached. A sample's elements add up to about the rise of its logit.

    Source: Sundararajan et al. 2017, section 3.
    """
    raise NotImplementedError("integrated_gradients is not written yet")


def smooth_grad(
    model: nn.Module,
    x: Tensor,
    target: Tensor,
    *,
    num_samples: int = 50,
    noise_level: float = 0.1,
    generator: torch.Generator | None = None,
) -> Tensor:
    """The gradient of the target logit, averaged over noisy copies of `x`; raw gradients, signs included.

    The noise is normal, drawn anew for every copy and every element, with mean 0 and a standard deviation of
    `noise_level` · (greatest − least element), which differs from sample to sample. Copies are not clamped. The model,
    its parameters' gradients, modes and hooks, and `x` are left as they were. It works under `torch.no_grad()`.

    Args:
        model: maps `(N, ...)` to logits `(N, classes)`, for any N.
        x: float tensor `(N, ...)`.
        target: int64 tensor `(N,)`: the class whose logit is explained, for each sample.
        num_samples: noisy copies of each sample, at least 1.
        noise_level: standard deviation of the noise as a share of the sample's range, at least 0.
        generator: what the noise is drawn from; the global random state if None.

    Returns:
        Float tensor of `x`'s shape, detached.

    Source: Smilkov et al. 2017, section 3.
    """
    raise NotImplementedError("smooth_grad is not written yet")


def layer_features(model: nn.Module, layer: str, x: Tensor) -> Tensor:
    """What the submodule called `layer` puts out when the model reads `x`: a detached copy.

    No hook is left in the model, also when that layer or one before it raises an error. Layers behind it may run or
    not. The model, its gradients and modes, and `x` are left as they were.

    Args:
        model: maps `(N, ...)` to logits `(N, classes)`.
        layer: name of a submodule as `model.named_modules()` gives it, with dots: "layers.0". It runs once for each
            call of the model and puts out one tensor.
        x: float tensor `(N, ...)`.

    Returns:
        Float tensor, detached, of whatever shape the layer puts out; it shares no memory with anything else.

    Raises:
        ValueError: if `layer` is empty or the model has no submodule of that name.

    Source: Alain and Bengio 2016, section 3 (what probes read).
    """
    raise NotImplementedError("layer_features is not written yet")


def fit_linear_probe(features: Tensor, labels: Tensor, num_classes: int) -> tuple[Tensor, Tensor]:
    """Weight and bias of a linear softmax classifier, fitted until it gets no better: the probe of a layer.

    The probe's logits are `features @ weight.T + bias`. What is minimised is the mean cross-entropy, without a penalty.
    Where no linear classifier is right on every sample, the result is within 1e-2 of the least mean cross-entropy
    (features that are standardised). Where one is, the least does not exist: then weight and bias are finite, and right
    on every training sample. It works under `torch.no_grad()` and leaves its inputs as they were.

    Args:
        features: float tensor `(N, D)`, one row for each sample.
        labels: int64 tensor `(N,)`, in [0, `num_classes`); a class may be absent, and is then predicted for no training
            sample.
        num_classes: K, the number of rows of the weight.

    Returns:
        Weight `(K, D)` and bias `(K,)`, float tensors, detached; finite for N = 0, too.

    Source: Alain and Bengio 2016, section 3.
    """
    raise NotImplementedError("fit_linear_probe is not written yet")
