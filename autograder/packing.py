"""Requests as bytes: objects of ours by value, tensors without the detour that torch takes to keep files readable.

Only the trusted side packs, and a worker unpacks: what is read here may run code.
"""

from __future__ import annotations

import ctypes
import functools
import io
import pickle
import sys
from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any

import cloudpickle
import torch
from torch import Tensor, nn

_BY_NAME = {"autograder", "builtins", "collections", "numpy", "torch"}  # packages that both sides can import
_EMPTY = {key: type(value) for key, value in nn.Module().__dict__.items() if isinstance(value, dict | set)}
_VIEW = 4  # a view of less than a quarter of its memory travels without the rest


def pack(request: Mapping[str, Any]) -> bytes:
    """A request as bytes.

    Tensors that share memory share it over there, unless they are small parts of something large. What stands in their
    `.grad` comes along, which torch itself leaves behind.
    """
    stream = io.BytesIO()
    _Pickler(stream).dump(dict(request))
    return stream.getvalue()


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]
    def reducer_override(self, obj: Any) -> Any:
        reduced = self._reduced(obj)
        if isinstance(obj, Tensor) and (obj.is_leaf or obj.retains_grad) and obj.grad is not None:
            if reduced is NotImplemented:
                reduced = obj.__reduce_ex__(self.proto)  # type: ignore[no-untyped-call]
            make, arguments, *rest = reduced
            return _with_gradient, (make, arguments, obj.grad.detach()), *rest
        return reduced

    def _reduced(self, obj: Any) -> Any:
        kind = type(obj)
        if kind is Tensor or kind is nn.Parameter:
            reduced = _reduced(obj)
            if reduced is not None:
                return reduced
            if not obj.is_leaf:
                return _leaf, (obj.detach(), obj.requires_grad)
        elif kind is torch.UntypedStorage:
            return _storage, (_bytes(torch.empty(0, dtype=torch.uint8).set_(obj)),)
        elif kind is torch.Generator:
            return _generator, (str(obj.device), obj.get_state())
        elif kind is type or kind is FunctionType:
            if _importable(obj):
                return NotImplemented
            if kind is type and "<locals>" not in obj.__qualname__:
                return _class, (_class_as_bytes(obj),)
        elif isinstance(obj, nn.Module) and _is_simple(kind):
            return _module, (kind,), {key: value for key, value in obj.__dict__.items() if key not in _EMPTY or value}
        return super().reducer_override(obj)


def _with_gradient(make: Callable[..., Tensor], arguments: tuple[Any, ...], gradient: Tensor) -> Tensor:
    tensor = make(*arguments)
    tensor.grad = gradient
    return tensor


def _is_simple(kind: type) -> bool:
    """Whether modules of a kind are what lies in their `__dict__`, and are made again by filling it."""
    own = ("__reduce__", "__reduce_ex__", "__setstate__", "__getstate__", "__new__", "__slots__")
    return all(getattr(kind, name, None) is getattr(nn.Module, name, None) for name in own)


@functools.lru_cache(maxsize=256)
def _class_as_bytes(kind: type) -> bytes:
    """A class that stands in a check file, by value; it stays what it was when it was first sent."""
    return bytes(cloudpickle.dumps(kind))


@functools.lru_cache(maxsize=256)
def _class(data: bytes) -> Any:
    return pickle.loads(data)


def _module(kind: type[nn.Module]) -> nn.Module:
    module = kind.__new__(kind)
    module.__dict__.update({"training": True, **{key: container() for key, container in _EMPTY.items()}})
    return module


def _importable(obj: Any) -> bool:
    module = obj.__module__
    if module is None or module.partition(".")[0] not in _BY_NAME:
        return False
    return getattr(sys.modules.get(module), obj.__qualname__, None) is obj


def _reduced(tensor: Tensor) -> Any:
    """How a plain tensor is made again, or None for one that is not so plain."""
    plain = tensor.layout == torch.strided and tensor.device.type == "cpu" and not tensor.is_quantized
    if not plain or tensor.is_conj() or tensor.is_neg() or tensor.__dict__ or tensor._backward_hooks:
        return None
    storage, used = tensor.untyped_storage(), tensor.numel() * tensor.itemsize
    shape, flags = tuple(tensor.shape), (tensor.dtype, type(tensor) is nn.Parameter, tensor.requires_grad)
    if storage.nbytes() > _VIEW * used:
        return _compact, (_bytes(tensor.detach()), shape, *flags)
    return _view, (storage, tensor.storage_offset(), shape, tensor.stride(), *flags)


def _bytes(tensor: Tensor) -> bytes:
    flat = tensor.contiguous().reshape(-1)
    if flat.stride(0) != 1:  # torch calls any stride of a single number contiguous
        flat = flat.clone(memory_format=torch.contiguous_format)
    return flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b""


def _storage(data: bytes) -> torch.UntypedStorage:
    storage = torch.UntypedStorage(len(data))  # type: ignore[no-untyped-call]
    ctypes.memmove(storage.data_ptr(), data, len(data))
    return storage


def _compact(
    data: bytes, shape: tuple[int, ...], dtype: torch.dtype, is_parameter: bool, requires_grad: bool
) -> Tensor:
    tensor = torch.empty(shape, dtype=dtype)
    tensor.untyped_storage().copy_(_storage(data))
    return _flagged(tensor, is_parameter, requires_grad)


def _view(
    storage: torch.UntypedStorage,
    offset: int,
    shape: tuple[int, ...],
    stride: tuple[int, ...],
    dtype: torch.dtype,
    is_parameter: bool,
    requires_grad: bool,
) -> Tensor:
    tensor = torch.empty(0, dtype=dtype).set_(storage, offset, shape, stride)
    return _flagged(tensor, is_parameter, requires_grad)


def _flagged(tensor: Tensor, is_parameter: bool, requires_grad: bool) -> Tensor:
    return nn.Parameter(tensor, requires_grad) if is_parameter else tensor.requires_grad_(requires_grad)


def _generator(device: str, state: Tensor) -> torch.Generator:
    generator = torch.Generator(device)
    generator.set_state(state)
    return generator


def _leaf(tensor: Tensor, requires_grad: bool) -> Tensor:
    return tensor.detach().clone().requires_grad_(requires_grad)
