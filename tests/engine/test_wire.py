"""Values cross the wire exactly, and nothing else does."""

from __future__ import annotations

import collections
import contextlib
import math
import struct

import msgspec
import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import nn

from autograder import wire
from autograder.wire import WireError, decode, encode

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(1 << 200), 1 << 200)
    | st.floats(allow_nan=True)
    | st.text(st.characters(exclude_categories=["Cs"]))
    | st.binary()
)


@st.composite
def tensors(draw):
    """Tensors of every dtype, of any bits, some of them views."""
    dtype = draw(st.sampled_from(list(wire.DTYPES.values())))
    shape = draw(st.lists(st.integers(0, 3), max_size=4))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 99)))
    size = math.prod(shape) * dtype.itemsize
    raw = torch.randint(0, 256, (size,), dtype=torch.uint8, generator=generator)
    tensor = (raw > 99).reshape(shape) if dtype == torch.bool else raw.view(dtype).reshape(shape)
    if len(shape) > 1 and draw(st.booleans()):
        tensor = tensor.transpose(0, -1)
    if shape and draw(st.booleans()):
        tensor = tensor[::2]
    return tensor


VALUES = st.recursive(
    SCALARS | tensors(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(max_size=5) | st.integers(-(1 << 63), (1 << 64) - 1), inner, max_size=4)
    ),
    max_leaves=10,
)


def assert_same(one: object, other: object) -> None:
    """Same kinds, same values, same bits."""
    assert type(one) is type(other)
    if isinstance(one, torch.Tensor):
        assert (one.dtype, one.shape, one.requires_grad) == (other.dtype, other.shape, False)
        flat = [torch.empty(each.numel(), dtype=each.dtype).copy_(each.reshape(-1)) for each in (one, other)]
        assert not one.numel() or torch.equal(*(each.view(torch.uint8) for each in flat))
    elif isinstance(one, list | tuple):
        assert len(one) == len(other)
        for pair in zip(one, other, strict=True):
            assert_same(*pair)
    elif isinstance(one, dict):
        assert list(one) == list(other)
        for key in one:
            assert_same(one[key], other[key])
    elif isinstance(one, float):
        assert struct.pack("<d", one) == struct.pack("<d", other)
    else:
        assert one == other


@given(VALUES)
@example(struct.unpack("<d", struct.pack("<Q", 0x7FF8_0000_DEAD_BEEF))[0])
@example([1 << 64, -(1 << 63) - 1, (1 << 64) - 1, -(1 << 63), True, 1])
@example(torch.tensor(3.0, dtype=torch.bfloat16))
@example(torch.zeros(0, 3))
@example(((), [], {}, [()]))
def test_values_come_back_exactly(value):
    """Including NaN payloads, 0-d, empty and strided tensors, tuples beside lists."""
    assert_same(value, decode(encode(value)))


def is_plain_value(value: object) -> bool:
    """Only what the wire may carry."""
    if isinstance(value, list | tuple):
        return all(map(is_plain_value, value))
    if isinstance(value, dict):
        return all(type(key) in (str, int) and is_plain_value(each) for key, each in value.items())
    return type(value) in (type(None), bool, int, float, str, bytes, torch.Tensor)


def framed(head: bytes, blob: bytes = b"") -> bytes:
    """A message with this head."""
    return struct.pack("<I", len(head)) + head + blob


@given(st.binary(max_size=60), st.binary(max_size=20), st.booleans())
@settings(max_examples=500)
def test_random_bytes_are_values_or_refused(head, blob, frame):
    """Nothing but a plain value or a WireError comes out."""
    with contextlib.suppress(WireError):
        assert is_plain_value(decode(framed(head, blob) if frame else head))


@given(VALUES, st.data())
def test_spoilt_messages_are_values_or_refused(value, data):
    """One byte changed, or the end cut off."""
    message = bytearray(encode(value))
    at = data.draw(st.integers(0, len(message) - 1))
    if data.draw(st.booleans()):
        message[at] = data.draw(st.integers(0, 255))
    else:
        del message[at:]
    with contextlib.suppress(WireError):
        assert is_plain_value(decode(bytes(message)))


HEADS = st.recursive(
    st.none()
    | st.integers(-2, 5)
    | st.floats()
    | st.sampled_from(["float32", "bool", "cpu", "cuda", "meta"])
    | st.binary(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=2) | st.binary() | st.none(), inner),
)


@given(HEADS, st.binary(max_size=9))
def test_well_formed_heads_of_anything_are_values_or_refused(head, blob):
    """MessagePack that `encode` would never make."""
    with contextlib.suppress(WireError):
        assert is_plain_value(decode(framed(msgspec.msgpack.encode(head), blob)))


@pytest.mark.parametrize(
    "head",
    [
        [wire.TENSOR, "float32", "cpu", [1 << 40]],
        [wire.TENSOR, "float32", "cpu", [1 << 62, 1 << 62, 0]],
        [wire.TENSOR, "float32", "cpu", [-1]],
        [wire.TENSOR, "float32", "cpu", [True]],
        [wire.TENSOR, "float32", "meta", []],
        [wire.TENSOR, "float32", "cuda", []],
        [wire.TENSOR, "qint8", "cpu", []],
        [wire.TENSOR, ["float32"], "cpu", []],
        [wire.TENSOR, "float32", "cpu"],
        [wire.BIG, "7"],
        [9],
        [],
        msgspec.msgpack.Ext(5, b"x"),
        {b"x": 1},
        {None: 1},
    ],
)
def test_lies_are_refused(head):
    """Sizes are compared with what is there before memory is taken."""
    with pytest.raises(WireError):
        decode(framed(msgspec.msgpack.encode(head), b"\0\0\0\0"))


def test_limits_hold():
    """Size, depth, leftovers and truncated heads."""
    with pytest.raises(WireError, match="allowed"):
        decode(encode(torch.zeros(100)), limit=300)
    with pytest.raises(WireError, match="too much"):
        encode(torch.zeros(100), limit=300)
    with pytest.raises(WireError, match="belong to nothing"):
        decode(encode(1) + b"x")
    for head in (b"\x91" * 100_000, b"\x92\x00" * 50, b"\xdd\xff\xff\xff\xff", b"\xdf\xff\xff\xff\xff"):
        with pytest.raises(WireError):
            decode(framed(head))
    deep: object = 1
    for _ in range(wire.DEPTH):
        deep = [deep]
    assert decode(encode(deep)) == deep
    with pytest.raises(WireError, match="deep"):
        encode([deep])
    cycle: list[object] = []
    cycle.append(cycle)
    with pytest.raises(WireError, match="deep"):
        encode(cycle)


def test_a_bool_is_zero_or_one():
    """Whatever byte came for it."""
    head = msgspec.msgpack.encode([wire.TENSOR, "bool", "cpu", [2]])
    assert decode(framed(head, b"\x00\x07")).view(torch.uint8).tolist() == [0, 1]


class Special(torch.Tensor):
    """A tensor subclass."""


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (np.zeros(2), "a numpy.ndarray; return a torch tensor"),
        (np.float64(1), "a numpy.float64; return a Python number or a torch tensor"),
        (np.int64(1), "a numpy.int64"),
        (1j, "a complex"),
        (torch.zeros(2).as_subclass(Special), "Special"),
        (torch.eye(2).to_sparse(), "sparse_coo tensor"),
        (torch.quantize_per_tensor(torch.zeros(2), 1.0, 0, torch.qint8), "qint8"),
        (torch.zeros(2, device="meta"), "meta"),
        (nn.ReLU(), "a torch.ReLU"),
        ({1, 2}, "a set"),
        ({(1, 2): 3}, "a dict with a tuple as a key"),
        ({True: 3}, "a dict with a bool as a key"),
        ([object()], "an object"),
        (print, "builtin_function"),
        ("\ud800", "cannot be sent"),
        (1 << (8 * wire.BIG_LIMIT), "an int of"),
    ],
    ids=lambda part: part if isinstance(part, str) and part.isprintable() else "",
)
def test_other_kinds_are_named(value, kind):
    """The sentence is for the student."""
    with pytest.raises(WireError) as caught:
        encode(value, subject="fgsm returned")
    assert str(caught.value).startswith("fgsm returned ")
    assert kind in str(caught.value)


def test_near_relatives_become_plain():
    """Parameters, results of torch.max, named tuples, ordered dicts."""
    parameter = nn.Parameter(torch.ones(2))
    assert_same(decode(encode(parameter)), torch.ones(2))
    assert_same(decode(encode(torch.ones(2, 2).max(1))), (torch.ones(2), torch.tensor([0, 0])))
    assert_same(decode(encode(collections.OrderedDict(a=1))), {"a": 1})
    conjugate = torch.tensor([1 + 2j]).conj()
    assert decode(encode(conjugate)).tolist() == [1 - 2j]
