"""Every unit judged by its wheats and chaffs, in process and through the wire's codec."""

from __future__ import annotations

import pytest

from autograder.catalogue import Unit
from autograder.checks import checks_of, run_check
from autograder.implementation import Implementation, load_implementation
from autograder.misconceptions import recognise
from autograder.profiles import Profile
from autograder.submission import Submission
from autograder.verify import _STEPS, _scores, judge, reference_of
from autograder.wheats import wheats_of
from tests.proof.course import course, third_party_wheats

UNITS = course().units
EXERCISES = [(unit, exercise) for unit in UNITS for exercise in unit.exercises]
by_unit = pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
by_exercise = pytest.mark.parametrize(("unit", "exercise"), EXERCISES, ids=[exercise.name for _, exercise in EXERCISES])


@by_unit
@pytest.mark.parametrize("step", _STEPS, ids=lambda step: step[0].replace(" ", "-"))
def test_verify_finds_nothing(unit: Unit, step) -> None:
    """Layout, contracts, stubs, docstrings, leaks, wheats and chaffs hold."""
    _, look = step
    assert [str(finding) for finding in look(unit)] == []


@by_unit
def test_the_stub_scores_nothing_and_the_reference_everything(unit: Unit) -> None:
    """Untouched files earn no point; the reference earns all, training checks included."""
    assert [str(finding) for finding in _scores(unit, training=True)] == []


@by_unit
@pytest.mark.parametrize("seed", [1, 2])
def test_the_reference_passes_through_the_wire(unit: Unit, seed: int) -> None:
    """No check relies on what cannot cross."""
    submission = Submission(unit, load_implementation(unit.reference_path), loopback=True)
    profile = Profile(examples=8, secret=bytes([seed]))
    verdicts = {
        check.name: run_check(check, submission, reference=reference_of(unit), profile=profile)
        for check in checks_of(unit)
        if seed == 1 or not check.is_training
    }
    assert {name: verdict.message for name, verdict in verdicts.items() if verdict.outcome != "passed"} == {}


@by_exercise
def test_public_libraries_are_accepted(unit: Unit, exercise) -> None:
    """What a public library computes by the same definition keeps every promise."""
    checks = [check for check in checks_of(unit) if check.exercise == exercise and not check.is_training]
    for each in third_party_wheats(unit):
        if each.exercise == exercise.name:
            outcomes = judge(unit, Implementation({exercise.name: each.function}), checks)
            assert {name: outcome for name, outcome in outcomes.items() if outcome != "passed"} == {}, each.name


@by_exercise
def test_no_wheat_is_told_a_misconception(unit: Unit, exercise) -> None:
    """A right answer behaves like no chaff."""
    for each in [*wheats_of(unit, exercise.name), *third_party_wheats(unit)]:
        if each.exercise == exercise.name:
            submission = Submission(unit, Implementation({exercise.name: each.function}))
            assert recognise(unit, exercise, submission) is None, each.name
