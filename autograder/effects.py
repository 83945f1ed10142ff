"""What a call may change: its arguments and the global states, as a flat map from a path to a plain fact.

Paths read like Python: `x`, `x.grad`, `model.0.weight.requires_grad`, `model.0.training`, `model.0.hooks` (how many),
`optimizer.param_groups.0.lr`, `optimizer.state.0.exp_avg` (by the parameter's position), `generator.state`,
`batches.2`, `batches.length`, `global.torch_random`. What is there twice (tied weights) has the first of its paths.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

from autograder.cloning import clone
from autograder.global_states import CannotWriteError, Fact
from autograder.places import Walk, owners
from autograder.words import describe
from autograder.writing import contents, put_all, refill

__all__ = ["CannotWriteError", "Fact", "Snapshot", "changes", "clone", "describe", "observe", "write"]


def observe(arguments: Mapping[str, object]) -> dict[str, Fact]:
    """The facts about `arguments` (by parameter name) and the global states; tensors are copies."""
    return Walk(arguments).facts


def changes(before: Mapping[str, Fact], after: Mapping[str, Fact]) -> dict[str, Fact]:
    """The facts `after` that differ from `before`; one that is gone is None. NaN equals NaN."""
    found = {path: fact for path, fact in after.items() if not same(before.get(path), fact)}
    return found | {path: None for path, fact in before.items() if path not in after and fact is not None}


def write(arguments: Mapping[str, object], facts: Mapping[str, Fact]) -> None:
    """Makes `facts` true of the same objects, or of the global states.

    Raises:
        CannotWriteError: if a path leads nowhere, a fact does not fit there, or it counts hooks.
    """
    elsewhere = any(not path.startswith("global.") for path in facts)
    put_all(Walk(arguments).places if elsewhere else {}, facts)


class Snapshot:
    """What a call may change, kept so that it can be undone, hooks and swapped objects too.

    Args:
        arguments: of a call, by parameter name.
        shared: the facts about the global states, where they are known.

    Attributes:
        facts: the facts when it was taken.
        places: what they are about, by path.
    """

    def __init__(self, arguments: Mapping[str, object], shared: Mapping[str, Fact] | None = None):
        walk = Walk(arguments, shared)
        self.facts = walk.facts
        self._arguments, self.places = arguments, walk.places
        self._kept = {path: contents(place) for path, place in walk.places.items()}

    def changes(self) -> dict[str, Fact]:
        """The facts now that differ from those then."""
        now = Walk(self._arguments, copies=False).facts
        return {path: copied(fact) for path, fact in changes(self.facts, now).items()}

    def restore(self, paths: Iterable[str] | None = None) -> None:
        """Puts back what lies at `paths`, or all that changed."""
        paths = list(self.changes() if paths is None else paths)
        for path in paths:
            for owner in owners(path):
                if owner in self.places:
                    refill(self.places[owner], self._kept[owner], path[len(owner) + 1 :])
        wanted = {path: self.facts[path] for path in paths if path in self.facts and not path.endswith(".hooks")}
        put_all(self.places, wanted)


def copied(fact: Fact) -> Fact:
    """The fact, of which nothing that happens later is part."""
    return fact.clone() if isinstance(fact, Tensor) else fact


def same(one: Fact, other: Fact) -> bool:
    """Whether two facts are equal in kind and value; NaN equals NaN."""
    if one is other:
        return True
    if isinstance(one, Tensor) and isinstance(other, Tensor):
        if one.dtype != other.dtype or one.shape != other.shape or one.device != other.device:
            return False
        if one.layout != torch.strided or other.layout != torch.strided:
            one, other = one.to_dense(), other.to_dense()
        if torch.equal(one, other):
            return True
        return one.is_floating_point() and bool(((one == other) | (one.isnan() & other.isnan())).all())
    if type(one) is not type(other):
        return False
    return bool(one == other) or (isinstance(one, float) and math.isnan(one) and math.isnan(other))  # type: ignore[arg-type]
