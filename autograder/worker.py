"""The far side of the wall: runs a submission's functions on copies, and answers in plain values.

A request is an object of ours (cloudpickle: models, closures, generators); a reply is `wire.encode` and nothing else.
The same class serves `--loopback` in one process and a sandboxed process behind a pipe.
"""

from __future__ import annotations

import linecache
import traceback
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cloudpickle
import numpy as np
import torch
from torch import Tensor

from autograder import effects, wire
from autograder.errors import CallTimeout, NotStarted
from autograder.implementation import check_parameters
from autograder.limits import overdue, time_limit
from autograder.places import matches

KEPT = 64  # latest results whose graph is kept for a backward pass
MESSAGE = 2000  # characters of an error's message


@dataclass(frozen=True)
class Node:
    """A computation that may be differentiated: outputs that depend on inputs."""

    inputs: list[Tensor]
    outputs: list[Tensor]


class Worker:
    """Answers requests about one submission.

    Args:
        functions: the submission's, by name.
        path: its file, for the lines of errors.
        limited: keep calls within the time that they are given, as only a process of its own can.
    """

    def __init__(self, functions: Mapping[str, Callable[..., Any]], path: Path | None = None, *, limited: bool = False):
        self._functions, self._path, self._limited = functions, path, limited
        self._nodes: OrderedDict[int, Node] = OrderedDict()  # by the number of the request that asked for it
        self._shared: dict[str, effects.Fact] = {}  # the global states, as the last call found and left them

    def handle(self, request: bytes) -> bytes:
        """The reply to one request."""
        return self.answer(cloudpickle.loads(request))

    def answer(self, asked: dict[str, Any]) -> bytes:
        """The reply to one request that was read already."""
        answer = self._call(asked) if asked["do"] == "call" else self._differentiate(asked)
        try:
            return wire.encode(answer, subject=f"{asked.get('name', 'a gradient')} returned")
        except wire.WireError as error:
            return wire.encode({"error": {"kind": "WireError", "message": str(error), "line": None, "text": ""}})

    def _call(self, asked: dict[str, Any]) -> dict[str, Any]:
        arguments = asked["arguments"]
        facts = asked["facts"]
        effects.write(arguments, facts)
        self._shared |= {path: fact for path, fact in facts.items() if path.startswith("global.")}
        snapshot = effects.Snapshot(arguments, self._shared)
        inputs = requiring_gradients(snapshot.places)
        versions = {path: each._version for path, each in snapshot.places.items() if isinstance(each, Tensor)}
        answer: dict[str, Any] = {"error": None, "value": None, "carries": []}
        name, args, kwargs = asked["name"], asked["args"], asked["kwargs"]
        shared, seconds = [], asked["seconds"] if self._limited else 0.0
        try:
            check_parameters(name, self._functions[name], args, kwargs)
            with time_limit(seconds, overdue(name, seconds)):
                value = plain(self._functions[name](*args, **kwargs))
        except (KeyboardInterrupt, CallTimeout, NotStarted):
            raise
        except BaseException as error:
            answer["error"] = self._told(error)
        else:
            found = tensors_in(value)
            carries = [index for index, each in enumerate(found) if each.requires_grad]
            if carries:
                self._keep(asked["as"], Node(inputs, [found[index] for index in carries]))
            answer["value"], answer["carries"] = mapped(value, lambda each: each.detach()), carries
            shared = shared_with(found, snapshot.places)
        changed = snapshot.changes()
        answer["changes"] = changed
        answer["shared"] = [list(each) for each in shared]
        answer["in_place"] = [
            path for path in changed if path in versions and snapshot.places[path]._version != versions[path]
        ]
        spared = [path for path in changed if path in versions and not matches(path, asked["may_change"])]
        others = [path for path in changed if path.startswith("global.") or path.endswith(".requires_grad")]
        if spared:
            answer["value"] = mapped(answer["value"], torch.clone)
        snapshot.restore([*spared, *others])  # a backward pass finds what it would find in the judge's process
        return answer

    def _differentiate(self, asked: dict[str, Any]) -> dict[str, Any]:
        node = self._nodes.get(asked["node"])
        if node is None:
            return {"error": {"kind": "LookupError", "message": "the graph is gone", "line": None, "text": ""}}
        again = asked["again"]
        ways = [(out, each) for out, each in zip(node.outputs, asked["gradients"], strict=True) if each is not None]
        outputs, gradients = [out for out, _ in ways], [each.detach().clone().requires_grad_(again) for _, each in ways]
        try:
            with torch.enable_grad():
                results = torch.autograd.grad(
                    outputs, node.inputs, gradients, retain_graph=True, create_graph=again, allow_unused=True
                )
        except Exception as error:
            return {"error": self._told(error)}
        there = [each for each in results if each is not None]
        carries = [index for index, each in enumerate(there) if each.requires_grad] if again else []
        if carries:
            self._keep(asked["as"], Node([*node.inputs, *gradients], [there[index] for index in carries]))
        value = [None if each is None else each.detach() for each in results]
        return {"error": None, "value": value, "carries": carries}

    def _keep(self, number: int, node: Node) -> None:
        self._nodes.pop(number, None)  # of an era that is over
        self._nodes[number] = node
        while len(self._nodes) > KEPT:
            self._nodes.popitem(last=False)

    def _told(self, error: BaseException) -> dict[str, Any]:
        line, text = None, ""
        for frame in traceback.extract_tb(error.__traceback__):
            if self._path is not None and frame.filename == str(self._path):
                line, text = frame.lineno, linecache.getline(frame.filename, frame.lineno or 0).strip()
        try:
            message = str(error)
        except Exception:  # its `__str__` is theirs, and may raise anything
            message = "an error that cannot be shown"
        return {"kind": type(error).__name__, "message": message[:MESSAGE], "line": line, "text": text[:200]}


def shared_with(found: Sequence[Tensor], places: Mapping[str, Any]) -> list[tuple[int, str, bool]]:
    """Which of the tensors found are arguments or hold an argument's very memory: index, path, whether it is the one.

    A part of an argument, or a view that carries a graph of its own, is not told.
    """
    tensors = {path: place for path, place in places.items() if isinstance(place, Tensor) and _has_memory(place)}
    told = []
    for index, each in enumerate(found):
        pointer = each.data_ptr() if _has_memory(each) else 0
        for path, place in tensors.items():
            if place.data_ptr() != pointer or (each is not place and each.requires_grad):
                continue
            if (place.shape, place.dtype, place.stride()) == (each.shape, each.dtype, each.stride()):
                told.append((index, path, each is place))
                break
    return told


def _has_memory(tensor: Tensor) -> bool:
    return tensor.layout == torch.strided and tensor.numel() > 0


def plain(value: Any) -> Any:
    """NumPy's numbers as Python's own, also within containers."""
    if isinstance(value, np.generic):
        return value.item()
    if type(value) in (tuple, list):
        return type(value)(plain(each) for each in value)
    return value


def tensors_in(value: Any) -> list[Tensor]:
    """The tensors of a value, in order."""
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, Mapping):
        value = list(value.values())
    return [found for each in value for found in tensors_in(each)] if isinstance(value, (list, tuple)) else []


def mapped(value: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """The value with each of its tensors changed."""
    if isinstance(value, Tensor):
        return change(value)
    if isinstance(value, Mapping):
        return {key: mapped(each, change) for key, each in value.items()}
    if isinstance(value, tuple):
        return tuple(mapped(each, change) for each in value)
    return [mapped(each, change) for each in value] if isinstance(value, list) else value


def requiring_gradients(places: Mapping[str, Any]) -> list[Tensor]:
    """The tensors of a call that require gradients, among all places that it may change."""
    return [each for each in places.values() if isinstance(each, Tensor) and each.requires_grad]
