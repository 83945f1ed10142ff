"""Adversarial training: attack yourself as you learn, and learn from it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Attack = Callable[[nn.Module, Tensor, Tensor], Tensor]
"""Takes a model in eval mode, clean images `(N, ...)` and their true classes `(N,)`; gives adversarial images."""


def robust_accuracy(model: nn.Module, x: Tensor, y: Tensor, attack: Attack, *, batch_size: int = 256) -> float:
    """The share of samples whose attacked images the model still classifies rightly.

    The model is attacked and judged with every submodule in eval mode. Afterwards each submodule is in the mode in
    which it came; parameters and buffers are as they were, and only the parameters' `.grad` is free.

    Args:
        model: maps `(N, ...)` to logits `(N, classes)`; each of its submodules in whichever mode.
        x: float tensor `(N, ...)`, the clean images; at least one.
        y: int64 tensor `(N,)`, the true classes.
        attack: called as `attack(model, images, labels)`, gives adversarial images. It switches gradients on for
            itself; what it returns may carry a graph, and it may leave gradients in the model.
        batch_size: at most this many samples are attacked in one call, or judged in one.

    Returns:
        Python float in [0, 1].

    Source: Madry et al. 2018, section 5.
    """
    raise NotImplementedError("robust_accuracy is not written yet")


def adversarial_training_step(
    model: nn.Module, optimizer: torch.optim.Optimizer, x: Tensor, y: Tensor, attack: Attack
) -> float:
    """One optimizer step on a batch that has just been attacked; gives the loss from which the step was taken.

    First the model as it is now is attacked, with every submodule in eval mode. Then the optimizer makes one step down
    the cross-entropy (mean over the batch, true classes) of the adversarial images, with every submodule in train mode.
    The images are constants in it: no gradient flows through the attack. Neither what the attack left in the
    parameters' `.grad` nor what was there before takes part.

    Afterwards each submodule is in the mode in which it came. The parameters' `.grad` is free, and buffers of batch
    normalisation may move as the forward pass in train mode moves them.

    Args:
        model: maps `(N, ...)` to logits `(N, classes)`; each of its submodules in whichever mode.
        optimizer: over some or all of the model's parameters.
        x: float tensor `(N, ...)`, the clean images; at least one.
        y: int64 tensor `(N,)`, the true classes.
        attack: called as `attack(model, x, y)`, gives adversarial images. It switches gradients on for itself; what it
            returns may carry a graph, and it may leave gradients in the model.

    Returns:
        Python float: the loss of the update, taken before the parameters move.

    Source: Madry et al. 2018, section 2.
    """
    raise NotImplementedError("adversarial_training_step is not written yet")


def adversarial_training(
    model: nn.Module,
    x: Tensor,
    y: Tensor,
    attack: Attack,
    *,
    epochs: int,
    batch_size: int,
    lr: float,
    generator: torch.Generator | None = None,
) -> list[float]:
    """Trains the model in place on batches that are attacked as it learns; gives the mean loss of every epoch.

    Each batch is one `adversarial_training_step`, all of them with the same `torch.optim.Adam(..., lr=lr)`. Every epoch
    draws a new order of the samples and uses each sample once: in batches of `batch_size`, the last one smaller where
    they do not come out even. Afterwards each submodule is in the mode in which it came.

    Args:
        model: maps `(N, ...)` to logits `(N, classes)`; each of its submodules in whichever mode.
        x: float tensor `(N, ...)`, the clean images; at least one.
        y: int64 tensor `(N,)`, the true classes.
        attack: as in `adversarial_training_step`.
        epochs: passes over the data, at least 1.
        batch_size: samples a step, at least 1.
        lr: Adam's step size, greater than 0.
        generator: what the orders are drawn from, on the CPU; the global random state if None.

    Returns:
        List of `epochs` Python floats: the mean loss of each epoch, over its samples or over its batches.

    Source: Madry et al. 2018, section 2; Kingma and Ba 2015 (Adam).
    """
    raise NotImplementedError("adversarial_training is not written yet")
