"""Most attempts are told the sentence of their mistake; none is told another one."""

from __future__ import annotations

import pytest

from autograder.implementation import Implementation
from autograder.misconceptions import recognise
from autograder.submission import Submission
from tests.attempts import attempts
from tests.proof.course import course

UNITS = [unit for unit in course().units if attempts(unit.name)]
SHARE = 0.8


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_attempts_are_told_the_right_sentence(unit):
    """At least four in five; the rest is told nothing."""
    told, silent = [], []
    for each in attempts(unit.name):
        submission = Submission(unit, Implementation({each.exercise: each.function}))
        found = recognise(unit, unit.exercise(each.exercise), submission)
        name = f"{each.exercise}/{each.function.__name__}"
        if found is None:
            silent.append(name)
        else:
            assert found.name == each.mistake, f"{name} makes the mistake {each.mistake} and is told {found.name}"
            told.append(name)
    print(f"{len(told)} of {len(told) + len(silent)} attempts told the right sentence; nothing: {silent}")
    assert len(told) >= SHARE * (len(told) + len(silent)), silent
