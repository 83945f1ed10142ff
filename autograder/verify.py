"""`autograder verify`: the course checked against itself.

Every finding says where it is, what is wrong, and what mends it.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from autograder import boundary
from autograder.catalogue import Course, Exercise, Unit
from autograder.checks import Check, checks_of, run_check
from autograder.errors import CourseError, TensorlingsError
from autograder.implementation import Implementation, load_implementation
from autograder.misconceptions import alike, battery, behaviours, standing_alone
from autograder.profiles import Profile
from autograder.stubs import BEGIN, END, make_stub
from autograder.submission import Submission, signatures_of
from autograder.wheats import Chaff, chaffs_of, wheats_of

PROFILE = Profile(examples=20, secret=b"verify", shrink=False)
HINTS = 3


@dataclass(frozen=True)
class Finding:
    """Something in the course that does not hold."""

    where: str
    sentence: str
    mend: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.sentence}" + (f" (mend: {self.mend})" if self.mend else "")


def verify(course: Course, *, training: bool = True) -> Iterator[tuple[str, list[Finding]]]:
    """Runs every verification of every unit, one step at a time, so that a caller can show progress.

    Args:
        course: the course.
        training: also run the checks that train something.

    Yields:
        What was looked at, and what was found.
    """
    torch.set_num_threads(1)  # small networks are slower on several
    yield "prerequisites", list(_prerequisites(course))
    for unit in course.units:
        for name, look in _STEPS:
            try:
                found = list(look(unit))
            except TensorlingsError as error:
                found = [Finding(unit.folder, str(error))]
            yield f"{unit.folder}: {name}", found
        yield f"{unit.folder}: stub scores nothing, reference everything", list(_scores(unit, training=training))


def judge(
    unit: Unit, implementation: Implementation, checks: list[Check], profile: Profile = PROFILE
) -> dict[str, str]:
    """Outcome by check name."""
    submission, reference = Submission(unit, implementation), reference_of(unit)
    return {check.name: run_check(check, submission, reference=reference, profile=profile).outcome for check in checks}


def reference_of(unit: Unit) -> Submission:
    """The unit's reference as something that checks can call, for as long as they like.

    Raises:
        CourseError: if there is none.
    """
    if unit.reference_path is None:
        raise CourseError(unit.directory, "", "has no reference under solutions/")
    return Submission(unit, load_implementation(unit.reference_path), seconds=0)


def _prerequisites(course: Course) -> Iterator[Finding]:
    for unit in course.units:
        for name in unit.prerequisites:
            before, _ = course.find(name)
            if before.number >= unit.number:
                yield Finding(f"{unit.folder}/unit.toml", f"prerequisite {name} does not come before it", "renumber")


def _layout(unit: Unit) -> Iterator[Finding]:
    ours = unit.solutions or unit.directory.parent.parent / "solutions" / unit.folder
    wanted = [
        unit.directory / "README.md",
        unit.directory / "figures.py",
        unit.cases_path,
        unit.visible_path,
        ours / f"{unit.name}.py",
        ours / "wheats.py",
        ours / "chaffs.py",
        ours / f"test_{unit.name}_hidden.py",
    ]
    for path in wanted:
        if not path.is_file():
            yield Finding(str(path), "is missing", "autograder new shows what belongs in a unit")
    if not any((unit.directory / "figures").glob("*.png")):
        yield Finding(f"{unit.folder}/figures", "holds no figure", "make figures")


def _contracts(unit: Unit) -> Iterator[Finding]:
    signatures = signatures_of(unit)
    reference = load_implementation(_reference_path(unit))
    if reference.problem:
        yield Finding(unit.folder, reference.problem)
    for exercise in unit.exercises:
        where = f"{unit.folder}/unit.toml, {exercise.name}"
        if exercise.name not in signatures:
            yield Finding(where, "no such function in the stub", "autograder stubs")
            continue
        parameters = signatures[exercise.name].parameters
        try:
            boundary.returns_of(exercise)
            for name, line in exercise.shapes.items():
                boundary.parse_shape(line)
                if name not in parameters:
                    yield Finding(where, f"shapes names {name}, which is no parameter of {exercise.name}")
        except ValueError as error:
            yield Finding(where, str(error))
        if len(exercise.hints) != HINTS:
            yield Finding(where, f"has {len(exercise.hints)} hints; wanted {HINTS}, from a nudge to nearly the line")


def _stub(unit: Unit) -> Iterator[Finding]:
    path = _reference_path(unit)
    generated = make_stub(path.read_text(encoding="utf-8"), str(path))
    for copy in (unit.stub_path, unit.module_path):
        if not copy.is_file() or copy.read_text(encoding="utf-8") != generated:
            yield Finding(str(copy), "is not the stub that the reference makes", f"autograder stubs {unit.name}")


def _docstrings(unit: Unit) -> Iterator[Finding]:
    for check in checks_of(unit):
        sentence = inspect.getdoc(check.function) or ""
        if not sentence.strip().endswith(".") or "\n\n" in sentence or len(check.sentence) > 120:
            yield Finding(check.name, "wants a docstring of one sentence that ends with a full stop")
    tree = ast.parse(_reference_path(unit).read_text(encoding="utf-8"))
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    for exercise in unit.exercises:
        node = functions.get(exercise.name)
        text = "" if node is None else ast.get_docstring(node) or ""
        for name in signatures_of(unit)[exercise.name].parameters:
            if f"{name}:" not in text:
                yield Finding(f"{unit.name}.{exercise.name}", f"the docstring does not say what {name} is")


def _answers(unit: Unit) -> Iterator[Finding]:
    """Text of the answer must stand nowhere under `exercises/`, hints included."""
    source = _reference_path(unit).read_text(encoding="utf-8")
    secret: set[str] = set()
    public: set[str] = set()
    inside = False
    for line in source.splitlines():
        text = "".join(line.split("#")[0].split())
        if BEGIN in line or END in line:
            inside = BEGIN in line
        elif len(text) >= 24 and not line.strip().startswith(("#", '"""')):
            (secret if inside else public).add(text)
    for path in sorted(unit.directory.rglob("*")):
        if path.suffix in (".py", ".md", ".toml") and path.is_file():
            text = "".join(path.read_text(encoding="utf-8").split())
            for line in sorted(secret - public):
                if line in text:
                    yield Finding(str(path), f"holds a line of the answer: {line}")


def _scores(unit: Unit, *, training: bool) -> Iterator[Finding]:
    checks = [check for check in checks_of(unit) if training or not check.is_training]
    for name, outcome in judge(unit, load_implementation(unit.stub_path), checks).items():
        if outcome != "not_started":
            yield Finding(name, f"the stub is {outcome}; wanted not_started")
    for name, outcome in judge(unit, load_implementation(_reference_path(unit)), checks).items():
        if outcome != "passed":
            yield Finding(name, f"the reference is {outcome}", f"pytest exercises solutions --reference -k {name}")


def _wheats(unit: Unit) -> Iterator[Finding]:
    for exercise in unit.exercises:
        mine = wheats_of(unit, exercise.name)
        if len(mine) < 2:
            yield Finding(f"{unit.folder}/wheats.py", f"{exercise.name} has {len(mine)} wheats; wanted two or more")
        checks = [check for check in checks_of(unit) if check.exercise == exercise and not check.is_training]
        for each in mine:
            for name, outcome in judge(unit, Implementation({exercise.name: each.function}), checks).items():
                if outcome != "passed":
                    yield Finding(f"wheat {each.name}", f"{name} is {outcome}, though it is a right answer")


def _chaffs(unit: Unit) -> Iterator[Finding]:
    checks = {check.name: check for check in checks_of(unit)}
    named: set[str] = set()
    for exercise in unit.exercises:
        mine = chaffs_of(unit, exercise.name)
        if len(mine) < 4:
            yield Finding(f"{unit.folder}/chaffs.py", f"{exercise.name} has {len(mine)} chaffs; wanted four or more")
        for each in mine:
            yield from _caught(unit, each, checks)
            named |= {f"{exercise.name}__{promise}" for promise in each.caught_by}
    for name in checks.keys() - named:
        yield Finding(name, "no chaff says that it is caught by this check", "write the mistake that it is there for")
    everything = chaffs_of(unit)
    only = [each for each in everything if each.caught_by == ("agrees_with_the_reference",)]
    if 3 * len(only) > len(everything):
        yield Finding(unit.folder, f"{len(only)} of {len(everything)} chaffs are caught by the reference alone")


def _caught(unit: Unit, each: Chaff, checks: dict[str, Check]) -> Iterator[Finding]:
    where = f"chaff {each.exercise}/{each.name}"
    if not re.search(r"[.!?]$", each.sentence):
        yield Finding(where, "wants a docstring: what the student did, and what is right")
    if not each.caught_by:
        yield Finding(where, "names no check that catches it")
    for promise in each.caught_by:
        check = checks.get(f"{each.exercise}__{promise}")
        if check is None:
            yield Finding(where, f"names {promise}, which is no promise of {each.exercise}")
            continue
        outcome = judge(unit, Implementation({each.exercise: each.function}), [check])[check.name]
        if outcome not in ("failed", "timeout"):
            yield Finding(where, f"{check.name} is {outcome}, though the chaff names it")


def _misconceptions(unit: Unit) -> Iterator[Finding]:
    """Every chaff that is ever told must behave unlike the reference and unlike every other one on the battery."""
    for exercise in unit.exercises:
        yield from look_alikes(unit, exercise)


def look_alikes(unit: Unit, exercise: Exercise) -> Iterator[Finding]:
    """Chaffs that the battery cannot tell from the reference or from one another."""
    calls = battery(unit, exercise)
    seen = {"the reference": list(behaviours(unit, exercise, reference_of(unit), calls))}
    for each in chaffs_of(unit, exercise.name):
        if each.silent:
            continue
        mine = list(behaviours(unit, exercise, standing_alone(unit, each), calls))
        for other, theirs in seen.items():
            if all(alike(*triple) for triple in zip(calls, mine, theirs, strict=True)):
                yield Finding(
                    f"chaff {exercise.name}/{each.name}",
                    f"no input of the battery tells it from {other}",
                    f"add a corner to {unit.folder}/cases.py",
                )
        seen[each.name] = mine


def _reference_path(unit: Unit) -> Path:
    path = unit.reference_path
    if path is None:
        raise CourseError(unit.directory, "", "has no reference under solutions/")
    return path


_STEPS: list[tuple[str, Callable[[Unit], Iterator[Finding]]]] = [
    ("layout", _layout),
    ("contracts", _contracts),
    ("stub", _stub),
    ("docstrings", _docstrings),
    ("no answer among the exercises", _answers),
    ("wheats are accepted", _wheats),
    ("chaffs are caught as named", _chaffs),
    ("chaffs can be told apart", _misconceptions),
]
