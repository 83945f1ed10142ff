"""The wrong code of every handout breaks the promise that its answer names, and no other."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from autograder.catalogue import Unit
from autograder.checks import checks_of
from autograder.implementation import Implementation, load_implementation
from autograder.profiles import Profile
from autograder.stubs import stub_signatures
from autograder.verify import judge
from tests.proof.course import course

UNITS = course().units
by_unit = pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
AGREEMENT = "agrees_with_the_reference"


@dataclass(frozen=True)
class Bug:
    """What a handout shows, and what its folded answer names."""

    code: str
    exercise: str
    promise: str


def bug_of(unit: Unit) -> Bug:
    """The unit's wrong code; fails where the section is not in its form."""
    handout = (unit.directory / "README.md").read_text(encoding="utf-8")
    sections = re.split(r"(?m)^(?=## )", handout)
    titles = [section.partition("\n")[0] for section in sections]
    assert titles.count("## Find the bug") == 1
    assert [title for title in titles if title != "## Sources"][-1] == "## Find the bug"
    section = sections[titles.index("## Find the bug")]
    (code,) = re.findall(r"(?ms)^```python\n(.*?)^```$", section)
    shown, fold, answer = section.partition("<details><summary>Answer</summary>\n\n")
    assert fold, "wants a folded answer"
    assert answer.rstrip().endswith("\n\n</details>"), "wants the answer at its end"
    assert code in shown
    assert re.search(r"promise[^.]*\?\s*\Z", shown), "wants to ask for the promise after the code"
    ((exercise, promise),) = re.findall(r"`(\w+): (\w+)`", section)
    assert f"`{exercise}: {promise}`" in answer, "the promise stands outside of the fold"
    return Bug(code, exercise, promise)


def function_of(unit: Unit, bug: Bug) -> Callable[..., Any]:
    """The code, run as if it stood in the stub, with right answers around it."""
    assert unit.reference_path is not None
    answers = load_implementation(unit.reference_path).functions
    stub = unit.stub_path.read_text(encoding="utf-8")
    names: dict[str, Any] = {"__name__": f"bug_of_{unit.name}"}
    exec(compile(stub, str(unit.stub_path), "exec"), names)
    names |= {each.name: answers[each.name] for each in unit.exercises}
    exec(compile(bug.code, f"{unit.folder}/README.md", "exec"), names)
    return names[bug.exercise]


def statements(source: str, name: str) -> list[str]:
    """The function's statements as Python writes them, without its docstring."""
    (function,) = [each for each in ast.parse(source).body if isinstance(each, ast.FunctionDef) and each.name == name]
    return [ast.unparse(each) for each in function.body[ast.get_docstring(function) is not None :]]


@by_unit
def test_it_is_an_answer_to_an_exercise_and_not_the_reference(unit: Unit) -> None:
    """One complete function with the stub's signature, which differs from the reference."""
    bug = bug_of(unit)
    assert [getattr(each, "name", None) for each in ast.parse(bug.code).body] == [bug.exercise]
    stub = unit.stub_path.read_text(encoding="utf-8")
    assert stub_signatures(bug.code)[bug.exercise] == stub_signatures(stub)[bug.exercise]
    assert unit.reference_path is not None
    reference = unit.reference_path.read_text(encoding="utf-8")
    assert statements(bug.code, bug.exercise) != statements(reference, bug.exercise)


@by_unit
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_it_breaks_just_the_promise_that_it_names(unit: Unit, seed: int) -> None:
    """Visible and hidden checks, training ones too; whether it agrees with the reference is left open."""
    bug = bug_of(unit)
    checks = [check for check in checks_of(unit) if check.exercise.name == bug.exercise and check.promise != AGREEMENT]
    profile = Profile(examples=10, secret=bytes([seed]), shrink=False)
    outcomes = judge(unit, Implementation({bug.exercise: function_of(unit, bug)}), checks, profile)
    broken = {name: outcome for name, outcome in outcomes.items() if outcome != "passed"}
    assert broken == {f"{bug.exercise}__{bug.promise}": "failed"}
