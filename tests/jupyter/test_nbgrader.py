"""From nothing to grades and feedback with nbgrader's own commands, our judge inside."""

from __future__ import annotations

import copy
import csv
import json
import re
from pathlib import Path

import pytest

from autograder.catalogue import load_course
from autograder.grading.grade import Tally, Wanted, grade
from autograder.grading.secret import course_secret
from autograder.jupyter.assemble import ANSWER
from autograder.jupyter.questions import questions_of
from autograder.wheats import chaffs_of
from tests.grading.needs import needs_bubblewrap
from tests.jupyter.folders import NbgraderCourse, changed, name_of, with_cell, with_text, without
from tests.jupyter.needs import needs_nbgrader

ROOT = Path(__file__).parents[2]
COURSE = load_course(ROOT)
UNIT, _ = COURSE.find("generators")
EVIL = "<script>evil()</script><img src=x onerror='evil()'>"
HONEST = ("perfect", "untouched", "mistaken")
FIRST, SECOND = (exercise.name for exercise in UNIT.exercises[:2])

pytestmark = [needs_bubblewrap, needs_nbgrader, pytest.mark.xdist_group("nbgrader")]  # one class, made once


class Graded:
    """A class of twelve that nbgrader graded, and what `autograder grade` says of the same submissions."""

    def __init__(self, folder: Path):
        self.course = NbgraderCourse(COURSE, folder / "nbgrader", UNIT.name)
        for student, (notebook, files) in handed_in(self.course).items():
            self.course.hand_in(student, notebook, files)
        self.told = self.course.run("autograde", UNIT.name)
        self.course.run("generate_feedback", UNIT.name)
        self.course.run("export", "--to", "grades.csv")
        self.course.run("export", "--exporter=autograder.jupyter.points.PointsPerExercise", "--to", "points.csv")
        paths = sorted((self.course.folder / "submitted").glob(f"*/{UNIT.name}"))
        secret = course_secret(ROOT / ".autograder" / "secret", make=True)
        self.alone: Tally = grade(COURSE, Wanted(paths, folder / "alone", secret, units=[UNIT.name], jobs=2))

    def rows(self, name: str) -> list[dict[str, str]]:
        """The rows of an exported table."""
        with open(self.course.folder / name, newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))

    def points(self) -> dict[str, dict[str, float]]:
        """By student and cell, as nbgrader has them."""
        found: dict[str, dict[str, float]] = {}
        for row in self.rows("points.csv"):
            found.setdefault(row["student_id"], {})[row["exercise"]] = float(row["score"])
        return found

    def page(self, student: str) -> str:
        """The student's feedback, without its style sheets."""
        path = self.course.folder / "feedback" / student / UNIT.name / f"{UNIT.name}.html"
        return re.sub(r"<style.*?</style>", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)


def handed_in(course: NbgraderCourse):
    """Twelve submissions: a notebook or a text in its place, and other files."""
    solved, released = course.solved(), course.released()
    assert UNIT.reference_path is not None
    chaff = chaffs_of(UNIT, FIRST)[0]
    wrong = UNIT.chaffs_path.read_text(encoding="utf-8")  # type: ignore[union-attr]
    wrong = f"{wrong}\n\n{FIRST} = {chaff.function.__name__}\n".replace("from autograder", "# from autograder")
    wrong = f"def chaff(*args, **kwargs):\n    return lambda function: function\n\n\n{wrong}"

    def touch(cell):
        cell["source"] = "print(100)"
        cell["metadata"]["nbgrader"] |= {"points": 1000, "checksum": "0" * 32, "locked": False}

    def renamed(cell):
        cell["metadata"]["nbgrader"] = {"grade_id": 7, "schema_version": "old"}

    def shout(cell):
        cell["outputs"] = [{"output_type": "stream", "name": "stderr", "text": "warning\n" * 20_000}]

    warning = re.sub(
        r'("""\n)(\s+### BEGIN)', r'\1    __import__("warnings").warn("mind this")\n\2', answer(solved, FIRST)
    )
    doubled = copy.deepcopy(solved)
    doubled["cells"] += [copy.deepcopy(cell) for cell in solved["cells"] if name_of(cell) in (FIRST, FIRST + ANSWER)]
    jupyterish = with_cell(with_cell(solved, "%matplotlib inline\n!ls"), "%%bash\nls", first=True)
    jupyterish["metadata"] = {**solved["metadata"], "title": EVIL}
    jupyterish = with_text(jupyterish, f"![mine](exercises/{UNIT.folder}/unit.toml)")
    for kind in ("markdown", "raw"):
        jupyterish["cells"].append({"cell_type": kind, "id": kind, "metadata": {}, "source": f"I say {EVIL}"})
    return {
        "perfect": (solved, {}),
        "untouched": (released, {}),
        "mistaken": (course.solved({FIRST: wrong}), {}),
        "warns": (changed(course.solved({FIRST: warning}), SECOND, shout), {}),
        "exits": (course.solved({FIRST: f"import os\n\n\ndef {FIRST}(*args, **kwargs):\n    os._exit(0)\n"}), {}),
        "deleted": (without(solved, FIRST, SECOND + ANSWER), {}),
        "doubled": (doubled, {}),
        "edited": (changed(changed(solved, FIRST, touch), SECOND + ANSWER, renamed), {}),
        "jupyterish": (jupyterish, {}),
        "syntax": (course.solved({FIRST: f"def {FIRST}(:\n    pass\n"}), {}),
        "torn": (json.dumps(solved)[:1000], {}),
        "file": (released, {f"{UNIT.name}.py": UNIT.reference_path.read_text(encoding="utf-8")}),
    }


def answer(notebook, name: str) -> str:
    (cell,) = [cell for cell in notebook["cells"] if name_of(cell) == name + ANSWER]
    return str(cell["source"])


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Graded:
    return Graded(tmp_path_factory.mktemp("course"))


def test_every_score_is_the_one_that_autograder_grade_gives(graded: Graded):
    exercises = {each.name for each in UNIT.exercises}
    wanted = {
        name: {each.name: each.score for each in result.exercises} for name, result in graded.alone.results.items()
    }
    found = {
        student: {name: points for name, points in scores.items() if name in exercises}
        for student, scores in graded.points().items()
    }
    assert found == wanted
    assert len(found) == 12
    totals = {row["student_id"]: float(row["score"]) for row in graded.rows("grades.csv")}
    assert totals == {student: sum(scores.values()) for student, scores in wanted.items()}


def test_whatever_was_done_to_it_a_submission_gets_what_its_answers_are_worth(graded: Graded):
    points = graded.points()
    most = {each.name: float(sum(each.promises.values())) for each in UNIT.exercises}
    whole = sum(most.values())

    def of(student: str) -> float:
        return sum(value for name, value in points[student].items() if name in most)

    assert {of(name) for name in ("perfect", "warns", "doubled", "edited", "jupyterish", "file")} == {whole}
    assert (of("untouched"), of("torn")) == (0.0, 0.0)
    assert of("deleted") == whole - most[SECOND]
    assert {of("exits"), of("syntax")} == {whole - most[FIRST]}
    assert whole - most[FIRST] <= of("mistaken") < whole


def test_nothing_waits_for_a_person_but_the_written_questions(graded: Graded):
    waiting = {row["exercise"] for row in graded.rows("points.csv") if row["needs_manual_grade"]}
    assert waiting <= {f"question-{each.name}" for each in questions_of(UNIT)}


def test_feedback_shows_cards_and_neither_tracebacks_nor_rubrics(graded: Graded):
    chaff = chaffs_of(UNIT, FIRST)[0]
    page = graded.page("mistaken")
    assert page.count('class="tl-card') == len(UNIT.exercises)
    assert "Traceback" not in page
    told = chaff.sentence[:60].replace("'", "&#39;")
    assert page.count(told) >= 2, "once on the card, once as the comment on the answer"
    assert "no Python" in graded.page("syntax")
    assert "is no notebook" in graded.page("torn")
    for question in questions_of(UNIT):
        assert question.rubric.strip()[:40] not in page


def test_what_a_student_wrote_is_text_and_runs_in_nobodys_browser(graded: Graded):
    page = graded.page("jupyterish")
    assert page.count("evil()") >= 4
    assert "<script>evil()" not in page
    assert not re.search(r"<img[^>]*onerror", page)


def test_the_page_holds_the_figures_and_no_other_file(graded: Graded):
    """A student may name any file as a picture; it must not come back in the feedback."""
    page = graded.page("jupyterish")
    assert page.count("data:image/png;base64,") >= 1
    assert not re.search(r"data:(?!image/png)[\w/+.-]*;base64", page)
    name = f"exercises/{UNIT.folder}/unit.toml"
    assert name in page, "the link is there, the file is not"


def test_graders_see_the_rubric_above_the_answer(graded: Graded):
    path = graded.course.folder / "autograded" / "perfect" / UNIT.name / f"{UNIT.name}.ipynb"
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    for question in questions_of(UNIT):
        at = [name_of(cell) for cell in cells].index(f"question-{question.name}")
        assert question.rubric.strip() in "".join(cells[at - 1]["source"])


def test_the_students_files_hold_no_answer_no_rubric_and_no_hidden_check(graded: Graded):
    assert UNIT.hidden_path is not None
    released = "\n".join(
        path.read_text(encoding="utf-8")
        for path in graded.course.release.rglob("*")
        if path.is_file() and path.suffix != ".png"
    )
    assert "SOLUTION" not in released
    for question in questions_of(UNIT):
        assert question.rubric.strip()[:40] not in released
    hidden = UNIT.hidden_path.read_text(encoding="utf-8")
    for function in re.findall(r"def (test_\w+)", hidden):
        assert f"def {function}" not in released


def test_what_was_graded_ahead_is_not_graded_again(graded: Graded):
    """Nbgrader takes the results that are there; the same folder serves `autograder grade`."""
    again = graded.course.run("autograde", UNIT.name, "--force")
    assert again.count("(judged before)") == 12
    assert "judged in" not in again
    paths = sorted((graded.course.folder / "submitted").glob(f"*/{UNIT.name}"))
    secret = course_secret(ROOT / ".autograder" / "secret", make=True)
    tally = grade(COURSE, Wanted(paths, graded.course.folder / "grades" / UNIT.name, secret, units=[UNIT.name]))
    assert tally.fresh == []


def test_stock_nbgrader_grades_honest_work_rightly_on_the_same_course(graded: Graded):
    """Its own executor, with the configuration naming the instructor's folder."""
    config = graded.course.folder / "nbgrader_config.py"
    before = config.read_text()
    config.write_text(before.replace("here=Path", "sandbox=False, here=Path"))
    try:
        graded.course.run("autograde", UNIT.name, "--force", "--student", "[pum]*")
        graded.course.run("export", "--exporter=autograder.jupyter.points.PointsPerExercise", "--to", "stock.csv")
    finally:
        config.write_text(before)
    stock = {(row["student_id"], row["exercise"]): float(row["score"]) for row in graded.rows("stock.csv")}
    ours = {(row["student_id"], row["exercise"]): float(row["score"]) for row in graded.rows("points.csv")}
    chosen = {key for key in ours if key[0] in HONEST}
    assert {key: stock[key] for key in chosen} == {key: ours[key] for key in chosen}
