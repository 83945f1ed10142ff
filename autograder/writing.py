"""Writing facts back into the places that they are about, and contents back into containers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from autograder import global_states
from autograder.global_states import CannotWriteError, Fact
from autograder.places import owners, parameters_of, tensor_hooks

_ORDER = {"length": 0, "requires_grad": 2, "grad": 3}  # data, at 1, must fit before a gradient can


def put_all(places: Mapping[str, Any], facts: Mapping[str, Fact]) -> None:
    """Makes `facts` true of the objects in `places`, containers' lengths first and gradients last.

    Raises:
        CannotWriteError: if a path leads nowhere, a fact does not fit there, or it counts hooks.
    """
    for path in sorted(facts, key=lambda each: _ORDER.get(each.rpartition(".")[2], 1)):
        if path.startswith("global."):
            global_states.put(path, facts[path])
            continue
        try:
            _put(places, path, facts[path])
        except (RuntimeError, TypeError, ValueError, KeyError, IndexError, AttributeError) as error:
            raise CannotWriteError(f"`{path}` cannot become what came: {error}") from None


def _put(places: Mapping[str, Any], path: str, fact: Fact) -> None:
    place = places.get(path)
    if isinstance(place, Tensor) and isinstance(fact, Tensor):
        _put_data(place, fact)
        return
    owner_path = next((each for each in reversed(list(owners(path))) if each in places), "")
    owner, name = places.get(owner_path), path[len(owner_path) + 1 :]
    if isinstance(fact, Tensor):
        fact = fact.detach().clone()
    if name == "hooks":
        raise CannotWriteError(f"`{path}` counts hooks, and a count cannot be written")
    if isinstance(owner, Tensor) and name == "requires_grad" and isinstance(fact, bool):
        _put_requires_grad(owner, fact)
    elif isinstance(owner, Tensor) and name == "grad" and (fact is None or isinstance(fact, Tensor)):
        owner.grad = None if fact is None else fact.to(owner.device)
    elif isinstance(owner, nn.Module) and name in owner._buffers:
        owner._buffers[name] = _only_tensor(fact)
    elif isinstance(owner, nn.Module) and name in owner._parameters:
        owner._parameters[name] = None if fact is None else nn.Parameter(_only_tensor(fact))
    elif isinstance(owner, nn.Module) and name in owner.__dict__ and name[0] != "_":
        owner.__dict__[name] = fact
    elif isinstance(owner, torch.Generator) and name == "state":
        global_states.set_generator(owner, fact)
    elif isinstance(owner, list | dict):
        _put_item(owner, name, fact)
    elif isinstance(owner, Optimizer):
        _put_slot(owner, name, fact)
    else:
        raise CannotWriteError(f"`{path}` leads nowhere")


def _only_tensor(fact: Fact) -> Tensor:
    if not isinstance(fact, Tensor):
        raise CannotWriteError("a tensor is wanted")
    return fact


def _put_data(tensor: Tensor, fact: Tensor) -> None:
    alike = tensor.shape == fact.shape and tensor.dtype == fact.dtype and tensor.device == fact.device
    if alike and not torch._debug_has_internal_overlap(tensor):
        tensor.data.copy_(fact)
    else:
        tensor.data = fact.detach().clone()


def _put_requires_grad(tensor: Tensor, wanted: bool) -> None:
    if not wanted and not tensor.is_leaf:
        tensor.detach_()
    else:
        tensor.requires_grad_(wanted)


def _put_item(owner: list[Any] | dict[Any, Any], name: str, fact: Fact) -> None:
    if name == "length":
        if isinstance(owner, list) and isinstance(fact, int):
            del owner[fact:]
    elif isinstance(owner, list):
        index = int(name)
        owner[index : index + 1] = [fact]  # appends where the list ended
    else:
        key = next((each for each in owner if str(each) == name), name)
        if fact is None:
            owner.pop(key, None)
        else:
            owner[key] = fact


def _put_slot(optimizer: Optimizer, name: str, fact: Fact) -> None:
    """Sets a hyperparameter, or an entry of one parameter's state; None takes the entry away."""
    kind, number, key, *index = name.split(".")
    if kind == "param_groups" and key != "params":
        group = optimizer.param_groups[int(number)]
        if index:
            values = list(group[key])
            values[int(index[0])] = fact
            group[key] = type(group[key])(values)
        else:
            group[key] = fact
    elif kind == "state" and not index:
        parameter = parameters_of(optimizer)[int(number)]
        state = optimizer.state[parameter]
        if fact is None:
            state.pop(key, None)
        else:
            state[key] = fact
        if not state:
            del optimizer.state[parameter]
    else:
        raise CannotWriteError(f"an optimizer has no `{name}`")


def contents(place: Any) -> Any:
    """What `place` holds by reference now, for `refill`."""
    if isinstance(place, nn.Module):
        return {name: dict(value) for name, value in place.__dict__.items() if isinstance(value, dict)} | {
            "": dict(place.__dict__)
        }
    if isinstance(place, Tensor):
        return [(hooks, dict(hooks)) for hooks in tensor_hooks(place)]
    if isinstance(place, list | dict):
        return place.copy()
    if isinstance(place, Optimizer):
        groups = [(group, group | {"params": list(group["params"])}) for group in place.param_groups]
        return groups, {parameter: dict(state) for parameter, state in place.state.items()}
    return None


def refill(place: Any, kept: Any, rest: str) -> None:
    """Puts back the objects that `place` held when `kept` was made, as far as the path `rest` below it tells."""
    name = rest.partition(".")[0]
    if isinstance(place, nn.Module):
        if rest == "hooks":
            for each in [each for each in place.__dict__ if "_hooks" in each]:
                _swap(place.__dict__[each], kept.get(each, {}))
        else:
            for each in ("_parameters", "_buffers", "_modules"):
                _swap_one(place.__dict__[each], kept[each], name)
            if name[0] != "_":
                _swap_one(place.__dict__, kept[""], name)
    elif isinstance(place, Tensor) and rest == "hooks":
        for hooks in tensor_hooks(place):
            _swap(hooks, next((before for held, before in kept if held is hooks), {}))
        for hooks, before in kept:
            _swap(hooks, before)
    elif isinstance(place, list):
        place[:] = kept
    elif isinstance(place, dict):
        _swap(place, kept)
    elif isinstance(place, Optimizer):
        groups, states = kept
        place.param_groups[:] = [group for group, _ in groups]
        for group, before in groups:
            _swap(group, before | {"params": list(before["params"])})
        place.state.clear()
        place.state.update({parameter: dict(state) for parameter, state in states.items()})


def _swap(now: dict[Any, Any], before: dict[Any, Any]) -> None:
    now.clear()
    now.update(before)


def _swap_one(now: dict[str, Any], before: dict[str, Any], name: str) -> None:
    if name not in before:
        now.pop(name, None)
    elif name not in now:
        _swap(now, before | now)  # in the old order
    else:
        now[name] = before[name]
