"""The walk through a call's arguments: every place that a call may change, and the facts about it."""

from __future__ import annotations

import fnmatch
import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from autograder import global_states
from autograder.global_states import Fact

PLAIN = (bool, int, float, str, type(None))


class Walk:
    """Finds every place in the arguments, in a fixed order, and the facts about it.

    Args:
        arguments: of a call, by parameter name.
        shared: the facts about the global states, where they are known; else they are read.
        copies: whether the facts outlive the next change; else tensors among them are the arguments' own memory.
    """

    def __init__(
        self, arguments: Mapping[str, object], shared: Mapping[str, Fact] | None = None, *, copies: bool = True
    ):
        self._copies = copies
        self.facts: dict[str, Fact] = {}
        self.places: dict[str, Any] = {}
        self._seen: set[int] = set()
        self._optimizers: list[tuple[str, Optimizer]] = []
        for name, value in arguments.items():
            self._visit(name, value)
        for path, optimizer in self._optimizers:  # last, so that parameters go by their module's name
            self._optimizer(path, optimizer)
        self.facts.update(global_states.read() if shared is None else shared)

    def _visit(self, path: str, value: object) -> None:
        if isinstance(value, PLAIN) or id(value) in self._seen:
            return
        self._seen.add(id(value))
        if isinstance(value, Tensor):
            self._tensor(path, value)
        elif isinstance(value, nn.Module):
            self._module(path, value)
        elif isinstance(value, list | dict):
            self.places[path] = value
            self.facts[f"{path}.length"] = len(value)
            for key, each in value.items() if isinstance(value, dict) else enumerate(value):
                if isinstance(each, PLAIN):
                    self.facts[f"{path}.{key}"] = each
                else:
                    self._visit(f"{path}.{key}", each)
        elif isinstance(value, tuple):
            for index, each in enumerate(value):
                self._visit(f"{path}.{index}", each)
        elif isinstance(value, torch.Generator):
            self.places[path] = value
            self.facts[f"{path}.state"] = value.get_state()
        elif isinstance(value, Optimizer):
            self._optimizers.append((path, value))

    def _tensor(self, path: str, tensor: Tensor) -> None:
        grad = tensor.grad if tensor.is_leaf or tensor.retains_grad else None
        self.places[path] = tensor
        self.facts[path] = self._fact(tensor)
        self.facts[f"{path}.requires_grad"] = tensor.requires_grad
        self.facts[f"{path}.grad"] = None if grad is None else self._fact(grad)
        self.facts[f"{path}.hooks"] = sum(len(hooks) for hooks in tensor_hooks(tensor))

    def _module(self, path: str, module: nn.Module) -> None:
        self.places[path] = module
        hooks = 0
        for name, value in module.__dict__.items():
            if name[0] == "_":
                hooks += len(value) if name.endswith("_hooks") else 0
            elif isinstance(value, PLAIN):
                self.facts[f"{path}.{name}"] = value
            elif isinstance(value, Tensor):
                self._visit(f"{path}.{name}", value)
        self.facts[f"{path}.hooks"] = hooks
        for members in (module._parameters, module._buffers, module._modules):
            for name, member in members.items():
                self._visit(f"{path}.{name}", member)

    def _optimizer(self, path: str, optimizer: Optimizer) -> None:
        self.places[path] = optimizer
        for number, group in enumerate(optimizer.param_groups):
            for key, value in group.items():
                where = f"{path}.param_groups.{number}.{key}"
                if isinstance(value, PLAIN):
                    self.facts[where] = value
                elif key == "params":
                    self._visit(where, tuple(value))
                else:
                    for at, each in [(where, value)] if isinstance(value, Tensor) else _items(where, value):
                        self._slot(at, each)
        for number, parameter in enumerate(parameters_of(optimizer)):
            for key, value in optimizer.state.get(parameter, {}).items():
                self._slot(f"{path}.state.{number}.{key}", value)

    def _slot(self, path: str, value: object) -> None:
        if isinstance(value, Tensor):
            self.places[path], self.facts[path] = value, self._fact(value)
        elif isinstance(value, PLAIN):
            self.facts[path] = value

    def _fact(self, tensor: Tensor) -> Tensor:
        return tensor.detach().clone() if self._copies else tensor.detach()


def _items(path: str, values: object) -> Iterator[tuple[str, object]]:
    for index, each in enumerate(values if isinstance(values, list | tuple) else ()):
        yield f"{path}.{index}", each


def parameters_of(optimizer: Optimizer) -> list[Tensor]:
    """The optimizer's parameters in order; their positions number its state."""
    return list(itertools.chain.from_iterable(group["params"] for group in optimizer.param_groups))


def tensor_hooks(tensor: Tensor) -> list[dict[int, Any]]:
    """The tensor's own hooks, by kind."""
    both = (tensor._backward_hooks, getattr(tensor, "_post_accumulate_grad_hooks", None))
    return [hooks for hooks in both if hooks]


def matches(path: str, patterns: Iterable[str]) -> bool:
    """Whether a path is one of those that `patterns`, such as `model.*.weight`, name."""
    return any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)


def owners(path: str) -> Iterator[str]:
    """Every path above `path`, the longest last."""
    for at, letter in enumerate(path):
        if letter == ".":
            yield path[:at]
