"""The states that every function of a process shares: random states, the gradient switch, the default dtype.

Each is read and written as a plain fact, so that it can cross to another process.
"""

from __future__ import annotations

import ctypes
import functools
import random
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from autograder.errors import TensorlingsError

Fact = Tensor | bool | int | float | str | None

_MERSENNE = struct.Struct("<2496sqqd")  # NumPy: key, position, whether a Gaussian is kept, that Gaussian
_PYTHON = struct.Struct("<625Id?")  # Python: words and position, a kept Gaussian, whether there is one
_FLOATS = {str(each): each for each in (torch.float16, torch.bfloat16, torch.float32, torch.float64)}


class CannotWriteError(TensorlingsError):
    """A fact does not fit the place that its path names, or there is no such place."""


def read() -> dict[str, Fact]:
    """All global states, keyed `global.<name>`."""
    return {
        "global.torch_random": torch.get_rng_state(),
        "global.numpy_random": _numpy_state(),
        "global.python_random": _python_state(),
        "global.grad_enabled": torch.is_grad_enabled(),
        "global.default_dtype": str(torch.get_default_dtype()),
    }


def put(path: str, fact: Fact) -> None:
    """Makes the global state `path` what `fact` says.

    Raises:
        CannotWriteError: if there is no such state, or the fact is none of its values.
    """
    writer = _WRITERS.get(path)
    if writer is None:
        raise CannotWriteError(f"`{path}` is no global state")
    try:
        writer(fact)
    except (RuntimeError, TypeError, ValueError, KeyError, OverflowError, struct.error) as error:
        raise CannotWriteError(f"`{path}` cannot become what came: {error}") from None


def set_generator(generator: torch.Generator, fact: Fact) -> None:
    """Gives `generator` the state in `fact`; torch refuses bytes that are no state."""
    if not isinstance(fact, Tensor) or fact.dtype != torch.uint8:
        raise ValueError("a random state is a tensor of bytes")
    generator.set_state(fact.detach().cpu().clone())


def _numpy_state() -> Fact:
    generator = np.random.get_bit_generator()  # type: ignore[attr-defined]
    if isinstance(generator, np.random.MT19937) and _words(generator) == _just_seeded()[0]:
        return _just_seeded()[1]
    return _told(np.random.get_state(legacy=False))


@functools.cache
def _just_seeded() -> tuple[bytes, Fact]:
    """What `np.random.seed(0)` leaves, as every example finds it: a glance is 60 times as fast as NumPy's answer.

    Numbers that are drawn change the words for good, so that no Gaussian can be kept beside these.
    """
    fresh = np.random.RandomState(0)
    generator = np.random.MT19937()
    generator.state = fresh.get_state(legacy=False)  # type: ignore[assignment]
    return _words(generator), _told(fresh.get_state(legacy=False))


def _words(generator: np.random.MT19937) -> bytes:
    """The key and the position, as they lie in memory."""
    return ctypes.string_at(generator.ctypes.state_address, 2500)


def _told(state: dict[str, Any]) -> Fact:
    if state["bit_generator"] != "MT19937":
        return str(state["state"])
    inner = state["state"]
    packed = _MERSENNE.pack(inner["key"].tobytes(), int(inner["pos"]), int(state["has_gauss"]), float(state["gauss"]))
    return torch.frombuffer(bytearray(packed), dtype=torch.uint8)


def _set_numpy_state(fact: Fact) -> None:
    key, position, has_gauss, gauss = _MERSENNE.unpack(_bytes(fact))
    if not 0 <= position <= 624:  # NumPy would read past the key
        raise ValueError("the position lies outside of the key")
    np.random.set_state(("MT19937", np.frombuffer(key, dtype="<u4").astype(np.uint32), position, has_gauss, gauss))


def _python_state() -> Fact:
    _, words, gauss = random.getstate()
    packed = _PYTHON.pack(*words, 0.0 if gauss is None else gauss, gauss is not None)
    return torch.frombuffer(bytearray(packed), dtype=torch.uint8)


def _set_python_state(fact: Fact) -> None:
    *words, gauss, has_gauss = _PYTHON.unpack(_bytes(fact))
    random.setstate((3, tuple(words), gauss if has_gauss else None))


def _bytes(fact: Fact) -> bytes:
    if not isinstance(fact, Tensor) or fact.dtype != torch.uint8 or fact.dim() != 1:
        raise ValueError("a random state is a tensor of bytes")
    return fact.detach().cpu().contiguous().numpy().tobytes()


def _set_grad_enabled(fact: Fact) -> None:
    if not isinstance(fact, bool):
        raise ValueError("it is true or false")
    torch.set_grad_enabled(fact)


_WRITERS: dict[str, Callable[[Fact], object]] = {
    "global.torch_random": lambda fact: set_generator(torch.default_generator, fact),
    "global.numpy_random": _set_numpy_state,
    "global.python_random": _set_python_state,
    "global.grad_enabled": _set_grad_enabled,
    "global.default_dtype": lambda fact: torch.set_default_dtype(_FLOATS[str(fact)]),
}
