"""Inputs drawn once for a class: whoever is judged with the same secret is judged on the same inputs anyway."""

from __future__ import annotations

import contextlib
import functools
import pickle
import random
import warnings
from collections.abc import Callable, Hashable, Mapping
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.errors import Flaky, HypothesisDeprecationWarning, UnsatisfiedAssumption

from autograder.conversations import Transcripts
from autograder.packing import pack
from autograder.profiles import seed_torch

Drawn = tuple[bytes, ...]


class Inputs:
    """Runs property checks on inputs that are drawn once and kept, which finds out sooner what keeps its promise.

    They are the examples that hypothesis draws while it runs the check on the reference, when a check is run for the
    second time; at once for a class, where there will be a second time. What fails on one of them is judged by
    hypothesis as ever, which finds a smaller example and draws the same inputs: so the verdict never depends on who was
    judged before. A check that draws more while it runs, or whose inputs can't be kept as bytes, is left to hypothesis
    each time.

    Args:
        at_once: draw when a check is met for the first time.
    """

    def __init__(self, *, at_once: bool = False) -> None:
        self._at_once = at_once
        self._transcripts = Transcripts() if at_once else None
        self._drawn: dict[str, Drawn | None] = {}
        self._met: set[str] = set()

    def run(self, name: str, check: Callable[..., None], wanted: Mapping[str, Any], reference: Any) -> None:
        """Runs `check`, whose settings and seed are prepared; raises what it raises.

        Args:
            name: of the check.
            check: a check, a property or not.
            wanted: its fixtures.
            reference: a submission that keeps all promises.
        """
        drawn, submission = self._inputs(name, check, wanted, reference), wanted.get("submission")
        if drawn is None:
            self._part((name, None), submission, functools.partial(check, **wanted))
            return
        try:
            inner = check.hypothesis.inner_test  # type: ignore[attr-defined]
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", HypothesisDeprecationWarning)  # of `assume` where nothing is drawn
                for index, each in enumerate(drawn):
                    self._part((name, index), submission, functools.partial(_replay, inner, wanted, each))
        except (Exception, SystemExit) as error:
            check(**wanted)
            raise Flaky("it failed once and passed when it was repeated") from error

    def _part(self, key: Hashable, submission: Any, body: Callable[[], None]) -> None:
        if self._transcripts is None or getattr(submission, "conversation", None) is None:
            body()
        else:
            self._transcripts.run(key, submission, body)

    def _inputs(self, name: str, check: Any, wanted: Mapping[str, Any], reference: Any) -> Drawn | None:
        first = name not in self._met
        self._met.add(name)
        if (first and not self._at_once) or not hasattr(check, "hypothesis"):
            return None
        if name not in self._drawn:
            self._drawn[name] = _drawn(check, {**wanted, "submission": reference})
        return self._drawn[name]


def _drawn(check: Any, wanted: Mapping[str, Any]) -> Drawn | None:
    """The inputs on which `check` judges, or None if they can't be had beforehand."""
    inner = check.hypothesis.inner_test
    kept: list[bytes] = []

    def keeping(**arguments: Any) -> None:
        drawn = {name: value for name, value in arguments.items() if name not in wanted}
        if any(isinstance(value, st.DataObject) for value in drawn.values()):
            raise _DrawsLater
        packed = pack(drawn)
        pickle.loads(packed)  # what can't be read again, as hypothesis' own random states, is drawn each time
        inner(**arguments)
        kept.append(packed)

    check.hypothesis.inner_test = keeping
    try:
        check(**wanted)
    except Exception:  # a check at fault speaks for itself when it runs
        return None
    finally:
        check.hypothesis.inner_test = inner
    return tuple(kept)


def _replay(body: Callable[..., None], wanted: Mapping[str, Any], drawn: bytes) -> None:
    """Runs the body of a check on an example, from the random states that hypothesis gives each."""
    random.seed(0)
    np.random.seed(0)
    seed_torch(0)
    with contextlib.suppress(UnsatisfiedAssumption):
        body(**wanted, **pickle.loads(drawn))


class _DrawsLater(Exception):
    """A check draws while it runs."""
