"""A changed fact, told to a student in one sentence with what to do about it."""

from __future__ import annotations

import re

from torch import Tensor

from autograder.global_states import Fact

_USE_GENERATOR = "draw from the generator that is passed in, and never reseed"
_GLOBAL = {
    "torch_random": ("torch's global random state moved", f"{_USE_GENERATOR} (torch.manual_seed changes it for all)"),
    "numpy_random": ("NumPy's global random state moved", "draw with torch, from the generator that is passed in"),
    "python_random": ("Python's global random state moved", "draw with torch, from the generator that is passed in"),
    "grad_enabled": (
        "gradients were switched on or off for everyone",
        "use `with torch.no_grad():`",
    ),
    "default_dtype": ("torch's default dtype was changed for everyone", "pass dtype= where a tensor is made"),
}


def describe(path: str, before: Fact, after: Fact) -> str:
    """One sentence on the fact `path` that was `before` a call and is `after` it, and how not to change it."""
    owner, _, kind = path.rpartition(".")
    if owner == "global" and kind in _GLOBAL:
        what, advice = _GLOBAL[kind]
        return f"{what[0].upper()}{what[1:]} during the call: {advice}."
    if kind == "grad" and _grad_like(before) and _grad_like(after):
        return _grad(path, before, after)
    if kind == "requires_grad" and isinstance(after, bool):
        advice = f"make your own copy with {owner}.detach().clone().requires_grad_()"
        if _in_module(owner):
            advice = "put it back before you return"
        return f"`{path}` was {before} before the call and is {after} after it: {advice}."
    if kind == "training" and isinstance(after, bool):
        modes = {True: "train", False: "eval"}
        was, now = modes.get(bool(before), "?"), modes[after]
        return (
            f"`{owner}` was in {was} mode before the call and is in {now} mode after it: remember {owner}.training "
            f"and put it back before you return, even if something fails."
        )
    if kind == "hooks" and isinstance(after, int):
        return (
            f"`{owner}` had {_count(before, 'hook')} before the call and has {after} after it: "
            f"keep the handle that register_…_hook returns and call its remove()."
        )
    if kind == "state" and isinstance(after, Tensor):
        return f"The state of `{owner}` moved during the call: something drew from this generator."
    if kind == "length" and isinstance(after, int):
        return (
            f"`{owner}` had {_count(before, 'item')} before the call and has {after} after it: "
            f"work on a copy (list({owner}) or dict({owner}))."
        )
    return _value(path, before, after)


def _grad(path: str, before: Fact, after: Fact) -> str:
    if before is None:
        return (
            f"`{path}` was None before the call and holds a gradient after it: "
            f"use torch.autograd.grad, or clear what .backward() left."
        )
    if after is None:
        return f"`{path}` held a gradient before the call and is None after it: leave its gradients alone."
    return (
        f"`{path}` held another gradient before the call than after it: "
        f"use torch.autograd.grad, which adds nothing to .grad and needs no zero_grad()."
    )


def _value(path: str, before: Fact, after: Fact) -> str:
    if isinstance(before, Tensor) and isinstance(after, Tensor):
        if before.dtype != after.dtype:
            change = f"had dtype {before.dtype} before the call and has {after.dtype} after it"
        elif before.shape != after.shape:
            change = f"had shape {tuple(before.shape)} before the call and has {tuple(after.shape)} after it"
        elif before.device != after.device:
            change = f"was on {before.device} before the call and is on {after.device} after it"
        else:
            change = "has other values after the call than before it"
    elif after is None:
        change = "is None or gone after the call"
    elif before is None:
        change = "was None or absent before the call and is there after it"
    else:
        change = f"was {_short(before)} before the call and is {_short(after)} after it"
    return f"`{path}` {change}: {_advice(path, before, after)}."


def _advice(path: str, before: Fact, after: Fact) -> str:
    if re.search(r"\.(running_mean|running_var|num_batches_tracked)$", path):
        return "batch normalisation learns in train mode; run the model in eval mode, then put the mode back"
    if re.search(r"\.(state|param_groups)\.\d+\.", path):
        return "the optimizer is not yours to step or change here"
    if _in_module(path):
        return "leave the model as it was, or work on copy.deepcopy of it"
    return f"work on a copy ({path}.clone()), or write {path} = {path} + … instead of {path} += …"


def _grad_like(fact: Fact) -> bool:
    return fact is None or isinstance(fact, Tensor)


def _in_module(path: str) -> bool:
    """Whether `path` names something within an argument by name (a list's item has only numbers)."""
    return any(not part.isdigit() for part in path.split(".")[1:])


def _count(fact: Fact, noun: str) -> str:
    number = fact if isinstance(fact, int) else 0
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _short(fact: Fact) -> str:
    text = "a tensor" if isinstance(fact, Tensor) else repr(fact)
    return text if len(text) <= 60 else f"{text[:57]}…"
