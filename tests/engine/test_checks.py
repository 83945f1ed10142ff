"""Outcomes, points, seeds and misconceptions on a small course."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from autograder.catalogue import load_course
from autograder.checks import checks_of, run_check
from autograder.errors import CourseError
from autograder.implementation import Implementation
from autograder.misconceptions import recognise
from autograder.profiles import Profile
from autograder.submission import Submission
from autograder.verify import judge, reference_of, verify
from tests.proof.course import ROOT

PROFILE = Profile(examples=15, secret=b"tests")


@pytest.fixture
def unit(mini_course):
    """The one unit of the small course."""
    return load_course(mini_course.root).units[0]


def outcomes(unit, **functions) -> dict[str, str]:
    """Outcomes of all checks for these functions."""
    return judge(unit, Implementation(functions), checks_of(unit), PROFILE)


def test_every_promise_is_a_check(unit):
    """In the order of `unit.toml`, with a sentence and points, visible ones first."""
    checks = checks_of(unit)
    assert [check.name for check in checks if check.exercise.name == "double"] == [
        "double__is_twice_as_much",
        "double__leaves_everything_as_it_was",
        "double__treats_samples_alone",
        "double__agrees_with_the_reference",
    ]
    assert checks[0].sentence == "The answer is twice what came in."
    assert checks[0].points == 2
    assert [check.visible for check in checks].count(False) == 2
    assert all(check.visible for check in checks_of(unit, hidden=False))


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("test_halve__is_half_as_much", "test_halve__is_a_half", "unit.toml gives points for it"),
        (
            "import given",
            "import given\n\ndef test_halve__is_new(submission):\n    pass\n",
            "has no points in unit.toml",
        ),
    ],
)
def test_promises_and_functions_belong_together(unit, old, new, sentence):
    """A promise without a function, or the other way round, is a broken course."""
    unit.visible_path.write_text(unit.visible_path.read_text().replace(old, new))
    with pytest.raises(CourseError, match=sentence):
        checks_of(unit)


def test_outcomes(unit):
    """Passed, failed and not started, each for its reason."""
    assert set(outcomes(unit, double=lambda x: (x + x).detach(), halve=lambda x: x / 2).values()) == {"passed"}
    assert set(outcomes(unit).values()) == {"not_started"}
    wrong = outcomes(unit, double=lambda x: 3 * x.detach())
    assert wrong["double__is_twice_as_much"] == wrong["double__agrees_with_the_reference"] == "failed"
    assert wrong["double__leaves_everything_as_it_was"] == "passed"
    coupled = outcomes(unit, double=lambda x: (2 * x + 0 * x.mean(0) + (len(x) > 1)).detach())
    assert coupled["double__treats_samples_alone"] == "failed"
    assert outcomes(unit, halve=lambda x: x / (2 * len(x) // len(x)))["halve__takes_an_empty_batch"] == "failed"


def test_an_answer_that_differs_when_repeated_is_failed(unit):
    """With the words "not reproducible", never with a shrug of hypothesis."""
    state = {"calls": 0}

    def double(x):
        state["calls"] += 1
        return (2 * x).detach() + (state["calls"] == 3)

    check = checks_of(unit)[0]
    verdict = run_check(check, Submission(unit, Implementation({"double": double})), profile=PROFILE)
    assert verdict.outcome == "failed"
    assert "not reproducible" in verdict.message


def test_an_answer_that_uses_the_global_state_is_judged_alike_every_time(unit):
    """Every example starts from one random state, so a lucky answer is no flaky one."""

    def double(x):
        return (2 * x).detach() + (torch.rand(()) < 0.5)

    for _ in range(3):
        check = checks_of(unit)[0]
        verdict = run_check(check, Submission(unit, Implementation({"double": double})), profile=PROFILE)
        assert "not reproducible" not in verdict.message


def test_a_secret_fixes_the_inputs(unit):
    """The same secret draws the same inputs, another one others; no secret always others."""

    def drawn(profile):
        seen = []
        functions = {"double": lambda x: seen.append(x.tolist()) or (2 * x).detach()}
        run_check(checks_of(unit)[0], Submission(unit, Implementation(functions)), profile=profile)
        return seen

    assert drawn(PROFILE) == drawn(PROFILE)
    assert drawn(PROFILE) != drawn(Profile(examples=15, secret=b"others"))
    assert drawn(Profile(examples=15)) != drawn(Profile(examples=15))
    assert len(drawn(Profile(examples=7))) == 7
    assert 0 <= PROFILE.seed("a") < 2**31
    assert PROFILE.seed("a") == PROFILE.seed("a") != PROFILE.seed("b")


def test_a_check_leaves_the_global_random_state_alone(unit):
    """Whoever runs checks goes on as if nothing had been drawn."""
    before = torch.get_rng_state()
    outcomes(unit, double=lambda x: (2 * x + 0 * torch.rand(())).detach())
    assert torch.equal(torch.get_rng_state(), before)


def test_a_known_mistake_is_recognised(unit):
    """By what it does, however it is written; a right answer or an unknown mistake is told nothing."""

    def told(function):
        found = recognise(unit, unit.exercise("double"), Submission(unit, Implementation({"double": function})))
        return found and found.name

    assert told(lambda x: (x + x + x).detach()) == "triples"
    assert told(lambda x: x.add_(x.clone()).detach()) == "in_place"
    assert told(lambda x: (x + x).detach()) is None
    assert told(lambda x: (4 * x).detach()) is None
    assert told(lambda x: None) is None
    assert told(lambda x: print("x" * 1000) or (3 * x).detach()) == "triples"


def test_a_known_mistake_is_recognised_beside_others(unit):
    """Who stumbles over an empty batch, forgets a dtype or leaves traces as well is told of the wrong numbers."""

    def told(function):
        found = recognise(unit, unit.exercise("double"), Submission(unit, Implementation({"double": function})))
        return found and found.name

    def triples_and_spoils(x):
        return x.mul_(3).clone().detach()

    assert told(lambda x: torch.stack([3 * row for row in x]).detach()) == "triples"
    assert told(lambda x: (3 * x).detach().float()) == "triples"
    assert told(triples_and_spoils) == "triples"
    assert told(lambda x: torch.stack([2 * row for row in x]).detach()) is None


def test_without_chaffs_nothing_is_told(unit):
    """A student's bundle has none."""
    unit.chaffs_path.unlink()
    submission = Submission(unit, Implementation({"double": lambda x: 3 * x}))
    assert recognise(unit, unit.exercise("double"), submission) is None


def test_a_reference_that_fails_makes_the_check_broken(unit):
    """An exception in the check itself, which the reference meets too, is our own fault."""
    text = unit.visible_path.read_text()
    unit.visible_path.write_text(text.replace("half + half, x", "half.nonsense(), x"))
    check = next(check for check in checks_of(unit) if check.name == "halve__is_half_as_much")
    submission = Submission(unit, Implementation({"halve": lambda x: x / 2}))
    assert run_check(check, submission, reference=reference_of(unit), profile=PROFILE).outcome == "broken"


def test_a_check_that_falls_over_an_answer_is_not_broken(unit):
    """Also one that asks the reference: it is tried on the reference, with the reference at hand."""

    def falls_over(submission, reference):
        """It is twice as much."""
        wanted = reference.double(torch.ones(2, 2))
        1 / float((submission.double(torch.ones(2, 2)) == wanted).all())

    check = dataclasses.replace(checks_of(unit)[0], function=falls_over)
    submission = Submission(unit, Implementation({"double": lambda x: 3 * x}))
    assert run_check(check, submission, reference=reference_of(unit), profile=PROFILE).outcome == "failed"


def test_verify_says_what_is_missing(mini_course):
    """The small course has too few wheats and chaffs, and no figure."""
    found = [str(each) for _, findings in verify(load_course(mini_course.root)) for each in findings]
    text = "\n".join(found)
    assert "figures: holds no figure (mend: make figures)" in text
    assert "double has 1 wheats; wanted two or more" in text
    assert "halve has 0 chaffs; wanted four or more" in text
    assert "halve__is_half_as_much: no chaff says that it is caught by this check" in text
    assert "the reference is" not in text
    mini_course.file.write_text("def double(x):\n    return (2 * x).detach()\n")
    found = [str(each) for _, findings in verify(load_course(mini_course.root)) for each in findings]
    assert any("is not the stub that the reference makes (mend: autograder stubs doubles)" in each for each in found)


def test_verify_finds_an_answer_among_the_exercises(mini_course):
    """A line of the answer in a handout is told with its file."""
    reference = mini_course.root / "solutions" / "01_doubles" / "doubles.py"
    line = "return x.mul(0.5).add(x.mul(0.0)).mul(1.0)"
    reference.write_text(reference.read_text().replace("return x / 2", line))
    readme = mini_course.root / "exercises" / "01_doubles" / "README.md"
    readme.write_text(f"# Doubles\n\nDo it like this: `{line}`.\n")
    found = [str(each) for _, findings in verify(load_course(mini_course.root)) for each in findings]
    assert any("README.md: holds a line of the answer" in each for each in found)


def test_a_reference_that_is_asked_all_night_is_not_late():
    """What its calls take is nobody's fault: it adds up over all submissions that are compared with it."""
    unit = load_course(ROOT).units[0]
    reference = reference_of(unit)
    reference._spent = 1e6
    check = next(each for each in checks_of(unit) if each.promise == "agrees_with_the_reference")
    verdict = run_check(check, reference_of(unit), reference=reference, profile=Profile(3, secret=b"0" * 16))
    assert verdict.outcome == "passed", verdict.message
