"""No attack gains a point, reads or leaves anything outside, or touches the next; each wins against a naive grader."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.grading.needs import needs_bubblewrap
from tests.hostile.catalogue import ATTACKS, HERE, MADE, Attack, Seen
from tests.hostile.naive import sightings
from tests.hostile.outcomes import Outcome, sandboxed

QUICK = [each for each in ATTACKS if not each.slow]  # the others: `make redteam`
pytestmark = needs_bubblewrap
each_attack = pytest.mark.parametrize("attack", QUICK, ids=lambda each: each.name)
# one process waits for each of the two, and the other goes on meanwhile
in_the_sandbox, against_a_naive_grader = (pytest.mark.xdist_group(name) for name in ("sandboxed attacks", "naive"))


@pytest.fixture(scope="session")
def outcome(once: Callable[..., Any]) -> Outcome:
    """What the sandbox made of all attacks at once."""
    return once("sandbox", lambda folder: sandboxed(QUICK, folder))


@pytest.fixture(scope="session")
def seen(once: Callable[..., Any]) -> dict[str, Seen]:
    """What a naive grader made of them."""
    return once("naive", lambda folder: sightings(QUICK, folder))


@against_a_naive_grader
@each_attack
def test_wins_against_a_naive_grader(attack: Attack, seen: dict[str, Seen]):
    assert attack.win(seen[attack.name], seen[attack.twin_name].points), seen[attack.name]


@in_the_sandbox
@each_attack
def test_wins_nothing_against_the_sandbox(attack: Attack, outcome: Outcome):
    assert outcome.faults(attack) == []


@in_the_sandbox
def test_leaves_nothing_outside(outcome: Outcome):
    assert outcome.marks == []
    assert outcome.visitors == 0


@in_the_sandbox
def test_every_submission_is_judged_and_no_check_is_blamed(outcome: Outcome):
    assert outcome.unjudged == []
    assert outcome.broken == []


def test_every_file_is_an_attack_and_there_are_many():
    assert {each.name for each in ATTACKS} == {path.stem for path in (HERE / "attacks").glob("*.py")} | set(MADE)
    assert len(QUICK) >= 50
    assert all(each.sentence for each in ATTACKS)
