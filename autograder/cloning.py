"""Deep copies of a call's arguments: tensors, modules, generators and optimizers, tied to each other as before."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TypeVar

import torch
from torch import Tensor, nn

Value = TypeVar("Value")


def clone(value: Value) -> Value:
    """A deep copy of `value` that shares nothing changeable with it.

    One memo serves the whole structure, so an optimizer's copy drives the copied module. Unlike `copy.deepcopy` it
    takes generators (with their state) and results of computations (as leaves), and keeps gradients of parameters.
    Functions stay the same objects.
    """
    memo: dict[int, object] = {}
    _remember(value, memo, set())
    return copy.deepcopy(value, memo)


def clone_tensor(tensor: Tensor) -> Tensor:
    """A leaf with the same data, class, `requires_grad` and `.grad`."""
    twin = tensor.detach().clone()
    if isinstance(tensor, nn.Parameter):
        twin = nn.Parameter(twin, requires_grad=tensor.requires_grad)
    else:
        twin.requires_grad_(tensor.requires_grad)
    if tensor.is_leaf and tensor.grad is not None:
        twin.grad = tensor.grad.detach().clone()
    return twin


def clone_generator(generator: torch.Generator) -> torch.Generator:
    """A generator on the same device in the same state."""
    twin = torch.Generator(generator.device)
    twin.set_state(generator.get_state())
    return twin


def _remember(value: object, memo: dict[int, object], seen: set[int]) -> None:
    """Enters the copies of all tensors and generators within `value` into `memo`."""
    if id(value) in seen or id(value) in memo:
        return
    if isinstance(value, Tensor):
        if type(value) in (Tensor, nn.Parameter):
            memo[id(value)] = clone_tensor(value)
        return
    if isinstance(value, torch.Generator):
        memo[id(value)] = clone_generator(value)
        return
    seen.add(id(value))
    if isinstance(value, Mapping):
        for key, each in value.items():
            _remember(key, memo, seen)
            _remember(each, memo, seen)
    elif isinstance(value, list | tuple | set | frozenset):
        for each in value:
            _remember(each, memo, seen)
    elif isinstance(value, nn.Module) or not (isinstance(value, type) or callable(value)):
        _remember(getattr(value, "__dict__", None), memo, seen)
