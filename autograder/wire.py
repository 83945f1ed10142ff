"""The codec for what comes back from a worker: plain values and plain tensors, and nothing that runs when it is read.

A message is the length of its head (4 bytes), the head (MessagePack) and the bytes of all tensors in the head's order.
In the head, numbers, strings, bytes and None stand for themselves and a dict for its items; everything else is an array
whose first item says what it is: `[LIST, …]`, `[TUPLE, …]`, `[TENSOR, dtype, device, shape]`, `[BIG, bytes]`.
"""

from __future__ import annotations

import ctypes
import math
import struct

import msgspec
import numpy as np
import torch
from torch import Tensor, nn

from autograder.errors import TensorlingsError
from autograder.limits import LARGEST_MESSAGE

HEAD_LIMIT = 1 << 22  # bytes of its head, which may take 64 times as much memory once it is read
DEPTH = 32  # containers in containers
BIG_LIMIT = 1 << 12  # bytes of one int
LIST, TUPLE, TENSOR, BIG = range(4)
DTYPES = {
    str(dtype).removeprefix("torch."): dtype
    for dtype in (
        *(torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.complex64, torch.complex128),
        *(torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.bool),
    )
}
_LENGTH = struct.Struct("<I")


class WireError(TensorlingsError):
    """A value cannot be sent, or a message is malformed; the sentence says how."""


def encode(value: object, *, subject: str = "the value is", limit: int = LARGEST_MESSAGE) -> bytes:
    """The message for `value`.

    A parameter is sent as a plain tensor, a named tuple as a tuple, an ordered dict as a dict.

    Args:
        value: None, bools, ints, floats, strings, bytes, plain tensors; lists, tuples and dicts of such.
        subject: how the sentence of an error begins, as in "fgsm returned" (a numpy.ndarray).
        limit: the most bytes that the message may have.

    Raises:
        WireError: if something in `value` is of another kind, or there is too much of it.
    """
    blobs: list[memoryview] = []
    try:
        head = msgspec.msgpack.encode(_pack(value, blobs, subject, 0))
    except (UnicodeEncodeError, OverflowError, ValueError) as error:
        raise WireError(f"{subject} something that cannot be sent: {error}") from None
    size = _LENGTH.size + len(head) + sum(blob.nbytes for blob in blobs)
    if size > limit or len(head) > HEAD_LIMIT:
        raise WireError(f"{subject} too much: {size:,} bytes")
    return b"".join([_LENGTH.pack(len(head)), head, *blobs])


def decode(data: bytes, *, limit: int = LARGEST_MESSAGE, devices: frozenset[str] = frozenset({"cpu"})) -> object:
    """The value in a message from anyone.

    Args:
        data: the message.
        limit: the most bytes that it may have.
        devices: kinds of device on which tensors may be made.

    Raises:
        WireError: if the message is anything but what `encode` makes.
    """
    if len(data) > limit:
        raise WireError(f"the message has {len(data):,} bytes; {limit:,} are allowed")
    if len(data) < _LENGTH.size:
        raise WireError("the message ends before it begins")
    (length,) = _LENGTH.unpack_from(data)
    if length > min(HEAD_LIMIT, len(data) - _LENGTH.size):
        raise WireError(f"the message's head is said to have {length:,} bytes")
    view = memoryview(data)[_LENGTH.size :]
    try:
        head = msgspec.msgpack.decode(view[:length])
    except (msgspec.DecodeError, ValueError, TypeError, RecursionError, OverflowError, MemoryError) as error:
        raise WireError(f"the message's head cannot be read: {error}") from None
    reader = _Reader(view[length:], devices)
    value = reader.unpack(head, 0)
    if reader.rest.nbytes:
        raise WireError(f"{reader.rest.nbytes:,} bytes of the message belong to nothing")
    return value


def is_plain(tensor: Tensor) -> bool:
    """Whether `encode` takes the tensor."""
    return (
        type(tensor) in (Tensor, nn.Parameter)
        and tensor.layout == torch.strided
        and tensor.dtype in DTYPES.values()
        and tensor.device.type != "meta"
    )


def kind_of(value: object) -> str:
    """The value's kind with its article: "a numpy.ndarray", "an int"."""
    kind = type(value)
    name = kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__.partition('.')[0]}.{kind.__name__}"
    if isinstance(value, Tensor) and kind in (Tensor, nn.Parameter):
        layout = "" if value.layout == torch.strided else f"{value.layout} ".removeprefix("torch.")
        name = f"{layout}tensor of {value.dtype} on {value.device}"
    return f"{'an' if name[0] in 'aeio' else 'a'} {name}"


def _pack(value: object, blobs: list[memoryview], subject: str, depth: int) -> object:
    kind = type(value)
    if value is None or kind in (bool, float, str, bytes):
        return value
    if kind is int and isinstance(value, int):
        return value if -(1 << 63) <= value < 1 << 64 else [BIG, _big(value, subject)]
    if isinstance(value, Tensor):
        if not is_plain(value):
            raise WireError(f"{subject} {kind_of(value)}; return a plain torch tensor")
        blobs.append(_raw(value))
        return [TENSOR, str(value.dtype).removeprefix("torch."), value.device.type, list(value.shape)]
    if isinstance(value, list | tuple | dict) and depth >= DEPTH:
        raise WireError(f"{subject} containers nested more than {DEPTH} deep")
    if isinstance(value, list | tuple):
        tag = LIST if isinstance(value, list) else TUPLE
        return [tag, *(_pack(each, blobs, subject, depth + 1) for each in value)]
    if isinstance(value, dict):
        for key in value:
            if type(key) not in (str, int) or (isinstance(key, int) and not -(1 << 63) <= key < 1 << 64):
                raise WireError(f"{subject} a dict with {kind_of(key)} as a key; keys are strings or ints of 64 bits")
        return {key: _pack(each, blobs, subject, depth + 1) for key, each in value.items()}
    raise WireError(f"{subject} {kind_of(value)}; {_advice(value)}")


def _advice(value: object) -> str:
    if isinstance(value, np.ndarray):
        return "return a torch tensor"
    if isinstance(value, np.generic | complex):
        return "return a Python number or a torch tensor"
    return "return tensors, numbers, strings, or lists, tuples and dicts of them"


def _big(value: int, subject: str) -> bytes:
    size = value.bit_length() // 8 + 1
    if size > BIG_LIMIT:
        raise WireError(f"{subject} an int of {size:,} bytes; {BIG_LIMIT:,} are allowed")
    return value.to_bytes(size, "little", signed=True)


def _raw(tensor: Tensor) -> memoryview:
    flat = tensor.detach().resolve_conj().resolve_neg().cpu().contiguous().reshape(-1)
    if flat.stride(0) != 1:  # one number or none: torch calls any stride contiguous, but does not view it as bytes
        flat = torch.empty(flat.shape, dtype=flat.dtype).copy_(flat)
    return memoryview(flat.view(torch.uint8).numpy())  # type: ignore[arg-type]


class _Reader:
    """Takes a decoded head apart; trusts nothing in it."""

    def __init__(self, blob: memoryview, devices: frozenset[str]):
        self.rest, self._devices = blob, devices

    def unpack(self, head: object, depth: int) -> object:
        kind = type(head)
        if head is None or kind in (bool, int, float, str, bytes):
            return head
        if depth > DEPTH:
            raise WireError(f"the message nests containers more than {DEPTH} deep")
        if isinstance(head, dict):
            if any(type(key) not in (str, int) for key in head):
                raise WireError("a dict in the message has a key that is no string or int")
            return {key: self.unpack(each, depth + 1) for key, each in head.items()}
        if not isinstance(head, list) or not head or type(head[0]) is not int:
            raise WireError(f"the message holds {kind_of(head)} that says not what it is")
        tag, items = head[0], head[1:]
        if tag == LIST:
            return [self.unpack(each, depth + 1) for each in items]
        if tag == TUPLE:
            return tuple(self.unpack(each, depth + 1) for each in items)
        if tag == BIG and len(items) == 1 and isinstance(items[0], bytes) and 8 <= len(items[0]) <= BIG_LIMIT:
            return int.from_bytes(items[0], "little", signed=True)
        if tag == TENSOR and len(items) == 3:
            return self._tensor(*items)
        raise WireError(f"the message holds an item of unknown kind {tag}")

    def _tensor(self, dtype_name: object, device: object, shape: object) -> Tensor:
        dtype = DTYPES.get(dtype_name) if isinstance(dtype_name, str) else None
        if dtype is None:
            raise WireError("the message holds a tensor of unknown dtype")
        if not isinstance(device, str) or device not in self._devices:
            raise WireError("the message holds a tensor on a device that is not used here")
        if not isinstance(shape, list) or len(shape) > 64 or any(type(n) is not int or n < 0 for n in shape):
            raise WireError("the message holds a tensor without a proper shape")
        if math.prod(n for n in shape if n) >= 1 << 48:  # an empty one too must have strides
            raise WireError("the message holds a tensor of absurd shape")
        size = math.prod(shape) * dtype.itemsize
        if size > self.rest.nbytes:
            raise WireError(f"the message holds a tensor of {size:,} bytes where {self.rest.nbytes:,} are left")
        stored = torch.uint8 if dtype == torch.bool else dtype
        tensor = torch.empty(shape, dtype=stored)
        ctypes.memmove(tensor.data_ptr(), bytes(self.rest[:size]), size)
        self.rest = self.rest[size:]
        if dtype == torch.bool:
            tensor = tensor != 0  # other bytes than 0 and 1 are no bools
        return tensor if device == "cpu" else tensor.to(device)
