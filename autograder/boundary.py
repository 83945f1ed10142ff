"""What a call may give back: kind, shape, dtype and finiteness, said in a line of `unit.toml`.

A shape line names what an argument or a result is:

    float (N, ...)             a tensor of the call's float type; N and the dots are bound where they are first seen
    int64 (N)                  a tensor of just this type
    float (N) detached         without a graph; `any` instead allows nan and infinity
    float (N) constant         (an argument only) no gradient flows to it
    float () / float           a 0-d tensor / a Python number; `int` and `bool` likewise
    pairs                      (a result only) anything that the wire carries; the checks look at it themselves
"""

from __future__ import annotations

import functools
import math
import numbers
import re
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from autograder.catalogue import Exercise
from autograder.errors import CheckFailure

_LINE = re.compile(r"(?P<kind>\w+)\s*(?P<shape>\([^)]*\))?\s*(?P<words>[a-z ]*)$")
_DTYPES = {
    "float": None,
    "float32": torch.float32,
    "float64": torch.float64,
    "int64": torch.int64,
    "bool": torch.bool,
}
_NUMBERS: dict[str, tuple[type, ...]] = {
    "float": (numbers.Real,),
    "int": (numbers.Integral,),
    "bool": (bool,),
}
_WORDS = {"detached", "any", "constant"}


@dataclass(frozen=True)
class Shape:
    """One shape line, parsed. `dims` is None for a Python number or a free value."""

    line: str
    kind: str
    dims: tuple[str, ...] | None
    detached: bool = False
    any_value: bool = False
    constant: bool = False

    @property
    def is_tensor(self) -> bool:
        """Whether the line speaks of a tensor."""
        return self.dims is not None


@functools.cache
def parse_shape(line: str) -> Shape:
    """Reads a shape line.

    Raises:
        ValueError: with what is wrong with it.
    """
    match = _LINE.match(line.strip())
    if match is None:
        raise ValueError(f"{line!r} is no shape line; wanted something like 'float (N, ...)'")
    kind, shape, words = match["kind"], match["shape"], match["words"].split()
    if set(words) - _WORDS:
        raise ValueError(f"{line!r} has the unknown word {min(set(words) - _WORDS)!r}; known are {sorted(_WORDS)}")
    dims = None
    if shape is not None:
        dims = tuple(part.strip() for part in shape[1:-1].split(",") if part.strip())
        if kind not in _DTYPES:
            raise ValueError(f"{line!r} has the unknown type {kind!r}; known are {sorted(_DTYPES)}")
        if dims.count("...") > 1:
            raise ValueError(f"{line!r} has more than one '...'")
    elif kind not in _NUMBERS and kind != "pairs":
        raise ValueError(f"{line!r}: a Python value is one of {sorted(_NUMBERS)}, or 'pairs'")
    return Shape(line, kind, dims, "detached" in words, "any" in words, "constant" in words)


def returns_of(exercise: Exercise) -> tuple[Shape, ...] | Shape:
    """What the exercise's function gives back: one line, or one for each member of a tuple."""
    if isinstance(exercise.returns, str):
        return parse_shape(exercise.returns)
    return tuple(parse_shape(line) for line in exercise.returns)


def bind_shapes(exercise: Exercise, arguments: Mapping[str, object]) -> dict[str, object]:
    """Dimensions by letter ('...' is a tuple) and the call's float type (under 'float'), read off the arguments."""
    bound: dict[str, object] = {}
    for name, line in exercise.shapes.items():
        shape, value = parse_shape(line), arguments.get(name)
        if not (isinstance(value, Tensor) and shape.dims is not None):
            continue
        if value.is_floating_point():
            bound.setdefault("float", value.dtype)
        _match(shape.dims, tuple(value.shape), bound)
    return bound


def validate(exercise: Exercise, value: object, bound: Mapping[str, object], *, any_value: bool = False) -> object:
    """`value` as the checks may use it: numbers as Python's own, a list for a tuple as a tuple.

    Args:
        exercise: whose contract holds.
        value: what the call gave.
        bound: dimensions and float type of the call, from `bind_shapes`.
        any_value: also accept nan and infinity.

    Raises:
        CheckFailure: with a sentence, if it is not what the contract promises.
    """
    wanted, name = returns_of(exercise), f"{exercise.name}"
    if isinstance(wanted, Shape):
        return _validate_one(name, wanted, value, bound, any_value)
    if not isinstance(value, (tuple, list)):
        raise CheckFailure(f"{name} returned {_kind(value)}; wanted a tuple of {len(wanted)}: {_lines(wanted)}")
    if len(value) != len(wanted):
        raise CheckFailure(f"{name} returned {len(value)} values; wanted {len(wanted)}: {_lines(wanted)}")
    return tuple(
        _validate_one(f"value {index} of {name}", shape, each, bound, any_value)
        for index, (shape, each) in enumerate(zip(wanted, value, strict=True))
    )


def _validate_one(name: str, wanted: Shape, value: object, bound: Mapping[str, object], any_value: bool) -> object:
    if value is None:
        raise CheckFailure(f"{name} returned None; is a `return` missing? Wanted {wanted.line}")
    if wanted.dims is None:
        return _number(name, wanted, value, any_value)
    if not isinstance(value, Tensor):
        raise CheckFailure(f"{name} returned {_kind(value)}; wanted a torch tensor, {wanted.line}")
    _check_dtype(name, wanted, value)
    if not _match(wanted.dims, tuple(value.shape), dict(bound), strict=True):
        sizes = ", ".join(f"{key} = {size}" for key, size in bound.items() if key in wanted.dims)
        raise CheckFailure(
            f"{name} returned shape {tuple(value.shape)}; wanted ({', '.join(wanted.dims)})"
            + (f" with {sizes}" if sizes else "")
        )
    if wanted.detached and value.requires_grad:
        raise CheckFailure(f"{name} returned a tensor that still carries a graph; wanted it detached")
    free = wanted.any_value or any_value or not value.is_floating_point()
    if not free and not _is_finite(value.detach()):
        bad = "nan" if bool(torch.isnan(value.detach()).any()) else "infinity"
        raise CheckFailure(f"{name} returned {bad}; wanted finite numbers")
    return value


def _is_finite(value: Tensor) -> bool:
    """Whether all numbers are; where their sum is, they are, and that takes a third of the time to find out."""
    return math.isfinite(float(value.sum())) or bool(torch.isfinite(value).all())


def _number(name: str, wanted: Shape, value: object, any_value: bool) -> object:
    if wanted.kind == "pairs":
        return value
    if isinstance(value, Tensor):
        advice = " (`.item()` makes one)" if value.numel() == 1 else ""
        raise CheckFailure(f"{name} returned a tensor; wanted a Python {wanted.kind}{advice}")
    fits = isinstance(value, _NUMBERS[wanted.kind]) and (wanted.kind == "bool" or not isinstance(value, bool))
    if not fits:
        raise CheckFailure(f"{name} returned {_kind(value)}; wanted a Python {wanted.kind}")
    if wanted.kind == "float":
        value = float(value)  # type: ignore[arg-type]
        if not (wanted.any_value or any_value) and not math.isfinite(value):
            raise CheckFailure(f"{name} returned {value}; wanted a finite number")
        return value
    return int(value) if wanted.kind == "int" else value  # type: ignore[call-overload]


def _check_dtype(name: str, wanted: Shape, value: Tensor) -> None:
    """Float width is the business of one promise (`keeps_the_dtype`), so that one mistake costs once."""
    dtype = _DTYPES[wanted.kind]
    if dtype is None or dtype.is_floating_point:
        if not value.is_floating_point():
            raise CheckFailure(f"{name} returned {value.dtype}; wanted floating-point numbers")
    elif value.dtype != dtype:
        raise CheckFailure(f"{name} returned {value.dtype}; wanted {dtype}")


def wanted_dtype(shape: Shape, bound: Mapping[str, object]) -> torch.dtype | None:
    """The exact type that a line asks for; None where the call had no float tensor to copy it from."""
    dtype = _DTYPES[shape.kind]
    if dtype is None and shape.kind == "float":
        found = bound.get("float")
        return found if isinstance(found, torch.dtype) else None
    return dtype


def _match(dims: tuple[str, ...], sizes: tuple[int, ...], bound: dict[str, object], *, strict: bool = False) -> bool:
    """Whether `sizes` fit `dims`; binds what is new. Sums such as D/2 or K+1 are not needed by any contract yet."""
    if "..." in dims:
        before = dims.index("...")
        after = len(dims) - before - 1
        if len(sizes) < before + after:
            return False
        middle = sizes[before : len(sizes) - after]
        if bound.setdefault("...", middle) != middle:
            return False
        dims = dims[:before] + dims[before + 1 :]
        sizes = sizes[:before] + sizes[len(sizes) - after :]
    if len(dims) != len(sizes):
        return False
    for dim, size in zip(dims, sizes, strict=True):
        wanted = int(dim) if dim.isdigit() else bound.setdefault(dim, size)
        if wanted != size:
            return False
    return True


def _lines(shapes: tuple[Shape, ...]) -> str:
    return "; ".join(shape.line for shape in shapes)


def _kind(value: object) -> str:
    kind = type(value)
    name = kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
    article = "an" if name[0] in "aeio" else "a"
    return f"{article} {name}"
