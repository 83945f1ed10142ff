"""Global explanations: what does a unit look for, and what simple model stands in for the network nearby?"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn


def total_variation(x: Tensor) -> Tensor:
    """How rough each image is: the sum of absolute differences of pixels that touch, above or beside each other.

    Args:
        x: float tensor `(N, C, H, W)`, images; height and width may differ, and may be 1.

    Returns:
        Float tensor `(N,)`, at least 0: sums over all channels, rows and columns. Differentiable in `x`.

    Source: Mahendran and Vedaldi 2015, arXiv:1412.0035 (here both directions apart).
    """
    raise NotImplementedError("total_variation is not written yet")


def channel_activation(model: nn.Module, layer: str, channel: int, x: Tensor) -> Tensor:
    """How active one channel of the submodule called `layer` is when the model reads `x`.

    No hook is left in the model. The model, its gradients and modes, and `x` are left as they were.

    Args:
        model: maps a batch to logits.
        layer: name of a submodule as `model.named_modules()` gives it, with dots: "layers.0". It runs once for each
            call of the model and puts out one tensor, `(N, channels, height, width)` or `(N, units)`.
        channel: index of a channel, or of a unit.
        x: float tensor `(N, ...)`, what the model reads.

    Returns:
        Float tensor `(N,)`: the mean over height and width of that channel of the layer's own output (of a 2-D output,
        the unit itself). Differentiable in `x` where gradients are on.

    Raises:
        ValueError: if `layer` is empty or the model has no submodule of that name.

    Source: Erhan et al. 2009; Olah et al. 2017.
    """
    raise NotImplementedError("channel_activation is not written yet")


def maximize_activation(
    objective: Callable[[Tensor], Tensor],
    x0: Tensor,
    *,
    steps: int,
    lr: float,
    l2: float = 0.0,
    tv: float = 0.0,
    clip: tuple[float, float] | None = (0.0, 1.0),
) -> Tensor:
    """Images that climbed, from `x0`, to where `objective` is greater, kept small and smooth on the way.

    Plain gradient ascent: at every step each image moves by `lr` times the gradient of
    objective − l2 · ‖x‖² − tv · total variation, and is then clamped to `clip`. What the objective is made of, and
    `x0`, are left as they were.

    Args:
        objective: maps images `(N, C, H, W)` to `(N,)`, each image to a number of its own, through autograd.
        x0: float tensor `(N, C, H, W)`, where to start; it may lie outside of `clip`, and is not clamped itself.
        steps: how many steps, at least 0.
        lr: size of a step.
        l2: weight of the squared length ‖x‖², the sum of the squares of all elements of an image.
        tv: weight of the total variation (the sum of absolute differences of neighbours), whose gradient is taken as 0
            where neighbours are equal.
        clip: least and greatest value of a pixel after each step; None for no bounds.

    Returns:
        Float tensor `(N, C, H, W)`, detached, a copy of `x0` after no steps.

    Source: Erhan et al. 2009; Simonyan et al. 2014, section 2; Mahendran and Vedaldi 2015.
    """
    raise NotImplementedError("maximize_activation is not written yet")


def maximize_with_generator(
    classifier: nn.Module,
    generator: nn.Module,
    target: int,
    z0: Tensor,
    *,
    steps: int,
    lr: float,
    penalty: float = 0.0,
) -> tuple[Tensor, Tensor]:
    """Images that a generator makes of latents which climbed to where the classifier is surer of `target`.

    Plain gradient ascent: at every step each latent z moves by `lr` times the gradient, with respect to z, of the
    target logit of generator(z) − penalty · ‖z‖². Both networks, their gradients and modes, and `z0` are left as they
    were.

    Args:
        classifier: maps images to logits.
        generator: maps latents `(N, D)` to images that the classifier reads.
        target: the class whose logit is to rise, the same one for every sample.
        z0: float tensor `(N, D)`, where to start.
        steps: how many steps, at least 0.
        lr: size of a step.
        penalty: weight of the squared length ‖z‖² of each latent.

    Returns:
        Images `(N, ...)` and latents `(N, D)`, float tensors, detached; the images are generator(z) of these latents.

    Source: Nguyen et al. 2016, arXiv:1605.09304.
    """
    raise NotImplementedError("maximize_with_generator is not written yet")


def lime_weights(
    predict: Callable[[Tensor], Tensor],
    x: Tensor,
    segments: Tensor,
    *,
    num_samples: int = 500,
    kernel_width: float = 0.25,
    ridge: float = 1e-3,
    baseline: float = 0.0,
    generator: torch.Generator | None = None,
) -> Tensor:
    """A linear stand-in for `predict` near `x`: what each segment of the image adds when it is there.

    Segments are switched off at random, and what `predict` says is fitted by intercept + mask · coefficients, where a
    mask has a 1 for each segment that is on. The fit minimises

        Σ w · (predict − intercept − mask · coefficients)² + ridge · ‖coefficients‖²

    over all rows, with w = exp(−d² / kernel_width²) and d = 1 − √(share of the segments that are on). The intercept is
    not penalised. `x`, `segments` and what `predict` is made of are left as they were.

    Args:
        predict: maps images `(batch, C, H, W)` to numbers `(batch,)`. It sees each row once, in any order and batches.
        x: float tensor `(C, H, W)`, the image to explain.
        segments: int64 tensor `(H, W)`, for each pixel the number of its segment, in [0, S); every number occurs.
        num_samples: number of rows, more than one. At least one is `x` itself, with all segments on; the others may
            follow any law that switches each segment on in some rows and off in others.
        kernel_width: how far away rows still count.
        ridge: weight of the penalty on the coefficients, greater than 0.
        baseline: the value that all channels of a pixel take where its segment is off.
        generator: what the masks are drawn from; the global random state if None.

    Returns:
        Float tensor `(S,)`, the coefficients.

    Source: Ribeiro et al. 2016, sections 3.3 and 3.4.
    """
    raise NotImplementedError("lime_weights is not written yet")
