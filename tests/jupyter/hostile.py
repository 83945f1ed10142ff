"""The attacks of `tests/hostile`, and those of `forgeries.py` on nbgrader itself, as notebooks that nbgrader grades.

Of `tests/hostile/catalogue.py` those are taken that are one Python file: its archives are no notebooks, and what else
is put together there (a notebook, files beside the answer) has its like in `forgeries.py`, made for nbgrader.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autograder.catalogue import load_course
from autograder.jupyter.assemble import ANSWER
from autograder.stubs import BEGIN
from tests.hostile import catalogue
from tests.hostile.catalogue import COURSE, MADE, MARK, REACHED, filled
from tests.hostile.outcomes import SECRET, server
from tests.jupyter.folders import NbgraderCourse, name_of
from tests.jupyter.forgeries import ATTACKS, FORGERIES, HERE, RISK, UNIT, Forge, Forgery

RIGHT = "right"
HONEST = "000_honest"  # a submission that has nothing to do with any attack


@dataclass(frozen=True)
class Case:
    """An attack as a notebook, or its honest part.

    Attributes:
        name: unique.
        sentence: what it tries.
        unit: whose notebook it is.
        functions: that it hands in; all it has stands in the first one's cell, and other cells for answers are empty.
        file: its source, below `tests/hostile` or absolute, or "right" for the reference's answer.
        twin: the honest part's, likewise.
        forge: what is done to the folder in the end.
        twice: it is handed in a second time, right after.
        slow: it takes many seconds.
        others: it is about those who hand in something, too.
        unscored: nbgrader stops over it before it asks us.
        unguarded: points that it gains with us too, where what is seen rests on the worker's word alone.
    """

    name: str
    sentence: str
    unit: str
    functions: tuple[str, ...]
    file: str
    twin: str = ""
    forge: Forge | None = None
    twice: bool = False
    slow: bool = False
    others: bool = False
    unscored: bool = False
    unguarded: float = 0.0

    @property
    def honest_part(self) -> Case:
        """The twin, as a case of its own."""
        name = "-".join(["twin", *self.functions, Path(self.twin).stem])
        return Case(name, "", self.unit, self.functions, self.twin)

    def hand_in(self, course: NbgraderCourse, student: str, places: Mapping[str, str]) -> Path:
        """Puts it under `submitted/`."""
        notebook = course.released()
        first = self.functions[0] + ANSWER
        right = course.solved()["cells"] if self.file == RIGHT else []
        text = next((cell["source"] for cell in right if name_of(cell) == first), None) or filled(self.file, places)
        for cell in notebook["cells"]:
            if name_of(cell).endswith(ANSWER):
                cell["source"] = text if name_of(cell) == first else ""
        folder = course.hand_in(student, notebook)
        if self.forge is not None:
            self.forge(folder)
        return folder


def neighbour(unit: str, functions: tuple[str, ...]) -> Case:
    """An honest submission: a right answer to the first of the functions."""
    return Case("neighbour", "", unit, functions[:1], RIGHT)


def cases() -> list[Case]:
    """All attacks."""
    return [*map(_of_the_catalogue, (each for each in catalogue.ATTACKS if each.name not in MADE)), *map(_own, ATTACKS)]


def _of_the_catalogue(attack: catalogue.Attack) -> Case:
    return Case(
        name=attack.name,
        sentence=attack.sentence,
        unit=attack.unit,
        functions=attack.functions,
        file=f"attacks/{attack.name}.py",
        twin=f"honest/{attack.twin}.py",
        twice=attack.twice,
        slow=attack.slow,
        others=attack.win is catalogue.spoils,
        unguarded=attack.unguarded,
    )


def _own(forgery: Forgery) -> Case:
    twin = RIGHT if forgery.twin == RIGHT else f"honest/{forgery.twin}.py"
    forge = FORGERIES.get(forgery.name)
    source = HERE / "attacks" / f"{forgery.name}.py"
    text = forge.__doc__ if forge else source.read_text(encoding="utf-8").lstrip('"')
    return Case(
        name=f"{forgery.name}-right" if forge and forgery.twin == RIGHT and forgery.name != "magics" else forgery.name,
        sentence=(text or "").strip().partition("\n")[0].rstrip('"'),
        unit=UNIT,
        functions=(RISK,),
        file=twin if forge else str(source),
        twin=twin,
        forge=forge,
        slow=forgery.slow,
        others=forgery.others,
        unscored=forgery.unscored,
    )


@dataclass(frozen=True)
class Given:
    """What nbgrader's gradebook says of a submission.

    Attributes:
        points: of all its cells.
        cells: points of each cell.
        waiting: cells of code that have no score, or wait for a person's.
        text: its result and its graded notebook's outputs, where a secret that it found would stand.
        source: the sources of its graded notebook.
    """

    points: float
    cells: dict[str, float]
    waiting: tuple[str, ...]
    text: str
    source: str


@dataclass
class Outcome:
    """What became of a class of attacks.

    Attributes:
        given: by student.
        students: of each case, in the order in which they were graded.
        marks: places outside of submissions where an attack left something.
        visitors: how many connections reached a server of ours.
        complaints: on whom nbgrader did not end well.
    """

    given: dict[str, Given] = field(default_factory=dict)
    students: dict[str, list[str]] = field(default_factory=dict)
    marks: list[Path] = field(default_factory=list)
    visitors: int = 0
    complaints: list[str] = field(default_factory=list)

    def points(self, case: Case) -> float | None:
        """What it was given, the second time if that was more; None where it has no score."""
        found = [self.given.get(student) for student in self.students[case.name]]
        scores = [each.points for each in found if each is not None and not each.waiting]
        return max(scores) if len(scores) == len(found) else None

    def faults(self, case: Case) -> list[str]:
        """In which ways it won, or lost what it earned, if any."""
        points, honest = self.points(case), self.points(case.honest_part)
        faults = []
        if honest is None:
            faults.append("its honest part has no score")
        elif points is None and not case.unscored:
            faults.append("it has no score")
        elif points is not None and points > honest + case.unguarded:
            faults.append(f"it was given {points:g} points where {honest:g} are earned")
        elif points is not None and points < honest and case.twin == RIGHT:
            faults.append(f"it was given {points:g} points of {honest:g}")
        found = [self.given[student] for student in self.students[case.name] if student in self.given]
        if any(REACHED in each.text for each in found):
            faults.append("it got where it should not be")
        if case.twin != RIGHT and any(BEGIN in each.source for each in found):
            faults.append("its graded notebook shows the instructor's answer")
        if self.next(case) != self.given[f"{case.unit}/{HONEST}"].cells:
            faults.append("the next submission has another result")
        return faults

    def next(self, case: Case) -> dict[str, float] | None:
        """Points of the cells of the honest submission after it."""
        given = self.given.get(f"{self.students[case.name][0]}_next")
        return None if given is None or given.waiting else given.cells


def graded(chosen: Sequence[Case], folder: Path) -> Outcome:
    """Has nbgrader grade attacks with us, honest neighbours between them, and their honest parts.

    Args:
        chosen: attacks.
        folder: for all that this takes.
    """
    home = folder / "home"
    home.mkdir()
    (home / "canary").write_text(REACHED)
    outcome = Outcome()
    with server() as (port, visits):
        for unit in sorted({each.unit for each in chosen}):
            places = {"CANARIES": f"{home}/canary", "PLACES": f"{home}:{COURSE}/solutions", "PORT": str(port)}
            _grade_unit([each for each in chosen if each.unit == unit], folder / unit, places, outcome)
        outcome.visitors = len(visits)
    searched = [*folder.rglob(MARK), *(Path(each) / MARK for each in ("/tmp", "/dev/shm"))]
    searched += [COURSE / each / MARK for each in ("", "solutions", "autograder")]
    outcome.marks = [each for each in searched if each.exists()]
    return outcome


def _grade_unit(chosen: Sequence[Case], folder: Path, places: Mapping[str, str], outcome: Outcome) -> None:
    unit, secret = chosen[0].unit, folder / "secret"
    secret.parent.mkdir()
    secret.write_bytes(SECRET)
    course = NbgraderCourse(load_course(COURSE), folder, unit, prepare=lambda folder: _with_secret(folder, secret))
    (folder / "canary").write_text(REACHED)
    places = {
        **places,
        "FOLDER": str(folder),
        "SUBMISSIONS": str(folder / "submitted"),
        "CANARIES": f"{places['CANARIES']}:{folder}/canary",
        "PLACES": f"{places['PLACES']}:{folder}:{folder}/source:{folder}/grades",
    }
    honest = neighbour(unit, chosen[0].functions)
    honest.hand_in(course, HONEST, places)
    for number, case in enumerate(chosen, 1):
        student = f"{number:03d}_{case.name}"
        students = [student, f"{student}_again"] if case.twice else [student]
        for each in students:
            case.hand_in(course, each, places)
        outcome.students[case.name] = [f"{unit}/{each}" for each in students]
        honest.hand_in(course, f"{student}_next", places)
    for twin in {each.honest_part.name: each.honest_part for each in chosen}.values():
        twin.hand_in(course, twin.name, places)
        outcome.students[twin.name] = [f"{unit}/{twin.name}"]
    command = [sys.executable, "-m", "nbgrader", "autograde", unit]
    environment = {**os.environ, "GRADER_SECRET": REACHED}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    (folder / "log.txt").write_text(done.stdout + done.stderr)
    stopped = re.findall(r"error processing assignment '[^']*' for student '([^']*)'", done.stdout + done.stderr)
    outcome.complaints += [f"{unit}/{each}" for each in stopped]
    if done.returncode and not stopped:
        outcome.complaints.append(f"{unit}: ended with {done.returncode}: {done.stderr[-1000:]}")
    outcome.given |= {f"{unit}/{name}": given for name, given in given_in(folder).items()}


def _with_secret(folder: Path, secret: Path) -> None:
    with (folder / "nbgrader_config.py").open("a") as file:
        file.write(f"c.Judged.secret = {str(secret)!r}\n")


def given_in(folder: Path) -> dict[str, Given]:
    """What the gradebook of a course says, by student."""
    from nbgrader.api import Gradebook

    found: dict[str, Given] = {}
    with Gradebook(f"sqlite:///{folder}/gradebook.db") as book:
        for submission in (each for assignment in book.assignments for each in assignment.submissions):
            grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
            waiting = [
                each.name
                for each in grades
                if each.cell.cell_type == "code" and (each.auto_score is None or each.needs_manual_grade)
            ]
            student, unit = submission.student.id, submission.assignment.name
            cells = {each.name: each.score for each in grades}
            found[student] = Given(submission.score, cells, tuple(waiting), *_texts(folder, student, unit))
    return found


def _texts(folder: Path, student: str, unit: str) -> tuple[str, str]:
    """All that was said of a submission, and what its graded notebook says itself."""
    result, notebook = (
        folder / "grades" / unit / f"{student}.json",
        folder / "autograded" / student / unit / f"{unit}.ipynb",
    )
    said = [result.read_text(encoding="utf-8")] if result.is_file() else []
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"] if notebook.is_file() else []
    said += [json.dumps(cell["outputs"]) for cell in cells if "outputs" in cell]
    return "\n".join(said), "\n".join("".join(cell["source"]) for cell in cells)
