"""No notebook gains a point through `nbgrader autograde`, is left without a score, or touches the next one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.grading.needs import needs_bubblewrap
from tests.hostile import catalogue
from tests.hostile.catalogue import MADE
from tests.jupyter.forgeries import ATTACKS, FORGERIES, HERE, UNIT
from tests.jupyter.hostile import Case, Outcome, cases, graded
from tests.jupyter.needs import needs_nbgrader

# the others: `python -m tests.jupyter`
CHOSEN = (
    *("always_equal", "patched_assertions", "os_exit", "signals", "forged_frames", "writes_outside", "reads_canaries"),
    *("blanks_cells", "drops_asserts", "displays_points", "answers_for_the_kernel", "edits_gradebook"),
    *("reads_source", "reads_course", "reads_submissions", "linked_notebook"),
    *("deleted_cell", "doubled_cell", "edited_cell", "unlocked_cell", "retyped_cell-right"),
    *("forged_outputs", "added_cells", "brought_files", "old_metadata", "no_json", "many_values", "bad_timestamp"),
    *("warns", "magics"),
)
QUICK = [each for each in cases() if each.name in CHOSEN]
in_one_run = pytest.mark.xdist_group("attacks on nbgrader")  # one process waits for it, and the other goes on meanwhile
each_attack = pytest.mark.parametrize("attack", QUICK, ids=lambda each: each.name)


@pytest.fixture(scope="session")
def outcome(once: Callable[..., Any]) -> Outcome:
    """What became of all of them in one run of `nbgrader autograde`."""
    return once("nbgrader", lambda folder: graded(QUICK, folder))


@needs_bubblewrap
@needs_nbgrader
@in_one_run
@each_attack
def test_gets_what_its_honest_part_is_worth(attack: Case, outcome: Outcome):
    assert outcome.faults(attack) == []


@needs_bubblewrap
@needs_nbgrader
@in_one_run
def test_leaves_nothing_outside(outcome: Outcome):
    assert outcome.marks == []
    assert outcome.visitors == 0


@needs_bubblewrap
@needs_nbgrader
@in_one_run
def test_every_submission_has_a_score_but_those_over_which_nbgrader_itself_stops(outcome: Outcome):
    stopped = {student for each in QUICK if each.unscored for student in outcome.students[each.name]}
    assert set(outcome.complaints) == stopped
    assert {student for student, given in outcome.given.items() if given.waiting} <= stopped


def test_every_attack_that_is_a_file_is_tried_and_its_own_sources_are_all_used():
    everything = cases()
    assert len({each.name for each in everything}) == len(everything)
    assert {each.name for each in catalogue.ATTACKS} - set(MADE) < {each.name for each in everything}
    sources = {path.stem for path in (HERE / "attacks").glob("*.py")}
    assert {each.name for each in ATTACKS} == sources | set(FORGERIES)
    assert {each.name for each in QUICK} == set(CHOSEN)
    assert {each.unit for each in QUICK} == {UNIT}, "one run of nbgrader"
    assert all(each.sentence for each in everything)
