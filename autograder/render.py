"""Values in few words: a counterexample that a person can read."""

from __future__ import annotations

import inspect
import math
from typing import Any

import torch
from torch import Tensor, nn

from autograder.submission import Record

SMALL = 16  # numbers that are still shown one by one


def show_call(record: Record) -> str:
    """The call as a line of Python that a student could nearly type."""
    given = ", ".join(f"{name}={show(value)}" for name, value in record.arguments.items())
    return f"{record.exercise}({given})"


def show_both(yours: Any, wanted: Any) -> tuple[str, str]:
    """Two values that differ, with as many digits as it takes to see it."""
    texts = [(show(yours, digits), show(wanted, digits)) for digits in (5, 9, 17)]
    return next((each for each in texts if each[0] != each[1]), texts[0])


def show(value: Any, digits: int = 5) -> str:
    """`value` in at most a few dozen characters, floats in so many digits."""
    if isinstance(value, Tensor):
        return _tensor(value, digits)
    if isinstance(value, nn.Module):
        return _module(value)
    if isinstance(value, torch.Generator):
        return f"torch.Generator (seed {value.initial_seed()})"
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, int):
        return str(value) if abs(value) < 10**12 else f"about {'-' * (value < 0)}2**{value.bit_length() - 1}"
    if isinstance(value, float):
        return number(value, digits)
    if isinstance(value, str):
        return repr(value)
    if isinstance(value, (tuple, list)):
        left, right = "()" if isinstance(value, tuple) else "[]"
        shown = ", ".join(show(each, digits) for each in value[:4]) + (", …" if len(value) > 4 else "")
        return f"{left}{shown}{right}"
    if inspect.isroutine(value):
        return f"function {getattr(value, '__name__', '')}".rstrip()
    return f"a {type(value).__name__}"


def number(value: float, digits: int = 5) -> str:
    """A float in at most so many digits."""
    return f"{value:.{digits}g}" if math.isfinite(value) else str(value)


def _tensor(value: Tensor, digits: int = 5) -> str:
    value = value.detach().cpu()
    kind = str(value.dtype).removeprefix("torch.")
    mark = "" if value.dtype in (torch.float32, torch.int64, torch.bool) else f" ({kind})"
    if value.numel() == 0:
        return f"an empty {kind} tensor of shape {tuple(value.shape)}"
    if value.numel() <= SMALL:
        return _nested(value.tolist(), digits) + mark
    if value.is_floating_point():
        low, high = number(float(value.min()), digits), number(float(value.max()), digits)
        return f"{kind} {tuple(value.shape)} from {low} to {high}"
    return f"{kind} {tuple(value.shape)}"


def _nested(value: Any, digits: int) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_nested(each, digits) for each in value) + "]"
    return number(value, digits) if isinstance(value, float) else str(value)


def _module(value: nn.Module) -> str:
    parameters = list(value.named_parameters())
    if sum(parameter.numel() for _, parameter in parameters) <= SMALL:
        shown = ", ".join(f"{name}={_tensor(parameter)}" for name, parameter in parameters)
        return f"{type(value).__name__}({shown})"
    sizes = " ".join("×".join(map(str, parameter.shape)) for name, parameter in parameters if parameter.ndim > 1)
    return f"{type(value).__name__} with weights {sizes}"
