"""How many examples a check draws, and from which seed."""

from __future__ import annotations

import functools
import hashlib
import hmac
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from hypothesis import HealthCheck, Phase, register_random, settings
from hypothesis.database import DirectoryBasedExampleDatabase
from hypothesis.internal.conjecture import providers

PRACTICE_EXAMPLES = 25
GRADING_EXAMPLES = 10  # the rare corners come besides; see `python -m tests.proof.power`


@dataclass(frozen=True)
class Profile:
    """One way of running checks.

    Attributes:
        examples: inputs drawn per check.
        secret: what seeds are made of together with the check's name; None draws fresh ones every time.
        memory: a folder in which failing examples are kept for the next run.
        shrink: whether to look for the smallest failing example.
    """

    examples: int = PRACTICE_EXAMPLES
    secret: bytes | None = None
    memory: Path | None = None
    shrink: bool = True

    def seed(self, name: str) -> int:
        """The seed of the check called `name`, below 2**31."""
        if self.secret is None:
            return random.SystemRandom().randrange(2**31)
        digest = hmac.new(self.secret, name.encode(), hashlib.sha256).digest()
        return int.from_bytes(digest[:4], "big") >> 1

    def training_seed(self, exercise: str) -> int:
        """The first seed of an exercise's training checks: one for all, so that they can share a training."""
        return self.seed(f"{exercise} is trained")

    def prepare(self, function: Callable[..., Any], name: str) -> None:
        """Gives a hypothesis test these settings and its seed; leaves any other function alone."""
        if not hasattr(function, "hypothesis"):
            return
        function._hypothesis_internal_use_settings = self._settings  # type: ignore[attr-defined]
        seeded = None if self.secret is None else self.seed(name)
        if seeded is not None:
            _forget_constants()
        function._hypothesis_internal_use_seed = seeded  # type: ignore[attr-defined]

    @functools.cached_property
    def _settings(self) -> settings:
        phases = [Phase.explicit, Phase.reuse, Phase.generate] + ([Phase.shrink] if self.shrink else [])
        return settings(
            max_examples=self.examples,
            deadline=None,
            database=None if self.memory is None else DirectoryBasedExampleDatabase(self.memory),
            derandomize=False,
            phases=phases,
            print_blob=False,
            report_multiple_bugs=False,
            suppress_health_check=[
                HealthCheck.too_slow,
                HealthCheck.data_too_large,
                HealthCheck.function_scoped_fixture,
            ],
        )


def _forget_constants() -> None:
    """Keeps hypothesis from drawing constants that it finds in loaded modules: inputs depend on the secret alone."""
    if hasattr(providers, "_get_local_constants") and hasattr(providers, "_local_constants"):
        nothing = type(providers._local_constants)()
        providers._get_local_constants = lambda: nothing


def random_states() -> Callable[[], None]:
    """A function that makes the global random states what they are now."""
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()

    def restore() -> None:
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_rng_state(states[2])

    return restore


def seed_torch(seed: int) -> None:
    """What `torch.manual_seed` does, where there is a device; without the trace that it keeps for devices to come."""
    torch.default_generator.manual_seed(seed)
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        torch.cuda.manual_seed_all(seed)


class _TorchRandom:
    """torch's global generator in the clothes that hypothesis knows, so that every example starts from one state."""

    def seed(self, seed: int) -> None:
        seed_torch(seed)

    def getstate(self) -> torch.Tensor:
        return torch.get_rng_state()

    def setstate(self, state: torch.Tensor) -> None:
        torch.set_rng_state(state)


TORCH_RANDOM = _TorchRandom()
register_random(TORCH_RANDOM)
