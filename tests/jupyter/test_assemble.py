"""Notebooks made from units: nothing is lost, nothing is given away, and they say what files say."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from autograder.catalogue import Unit, load_course
from autograder.errors import CourseError
from autograder.grading.notebooks import notebook_source
from autograder.jupyter.assemble import ANSWER, notebook_of, pictures_of
from autograder.jupyter.course import MADE, CourseFolderError, make_course
from autograder.jupyter.questions import questions_of
from autograder.sources import is_written
from tests.jupyter.folders import name_of

ROOT = Path(__file__).parents[2]
COURSE = load_course(ROOT)
each_unit = pytest.mark.parametrize("unit", COURSE.units, ids=lambda unit: unit.name)


def functions(source: str) -> dict[str, str]:
    return {node.name: ast.dump(node) for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)}


def blanked(source: str) -> str:
    """What nbgrader leaves of a cell."""
    lines, inside = [], False
    for line in source.split("\n"):
        if "BEGIN SOLUTION" in line:
            lines.append(f"{line[: len(line) - len(line.lstrip())]}raise NotImplementedError()")
            inside = True
        elif "END SOLUTION" in line:
            inside = False
        elif not inside:
            lines.append(line)
    return "\n".join(lines)


@each_unit
def test_the_notebooks_code_is_the_references(unit: Unit):
    assert unit.reference_path is not None
    source = notebook_source(json.dumps(notebook_of(unit)).encode(), f"{unit.name}.ipynb")
    assert functions(source) == functions(unit.reference_path.read_text(encoding="utf-8"))


@each_unit
def test_what_nbgrader_leaves_is_the_stub(unit: Unit):
    """One stub a cell, of the function alone: helpers of the answers are gone, and each cell runs."""
    for cell in notebook_of(unit)["cells"]:
        if name_of(cell).endswith(ANSWER):
            name, left = name_of(cell).removesuffix(ANSWER), blanked(cell["source"])
            assert list(functions(left)) == [name]
            assert not is_written(left, name)
            compile(left, name, "exec")


@each_unit
def test_every_exercise_has_its_points_and_every_question_its_rubric_where_nbgrader_removes_it(unit: Unit):
    cells = {name_of(cell): cell for cell in notebook_of(unit)["cells"] if name_of(cell)}
    for exercise in unit.exercises:
        told = cells[exercise.name]["metadata"]["nbgrader"]
        assert (told["points"], told["grade"], told["locked"]) == (sum(exercise.promises.values()), True, True)
    for question in questions_of(unit):
        cell = cells[f"question-{question.name}"]
        assert cell["metadata"]["nbgrader"]["points"] == question.points
        assert question.rubric.strip() in cell["source"]
        assert blanked(cell["source"]).strip() == "raise NotImplementedError()"


@each_unit
def test_the_handout_is_there_in_full(unit: Unit):
    text = "\n".join(cell["source"] for cell in notebook_of(unit)["cells"] if cell["cell_type"] == "markdown")
    for line in (unit.directory / "README.md").read_text(encoding="utf-8").split("\n"):
        assert line.strip() in text
    assert pictures_of(notebook_of(unit))


def test_the_course_holds_nothing_of_the_instructors_but_the_sources(tmp_path: Path):
    """Beside the notebooks, from which nbgrader takes the answers, there is nothing to hide."""
    made = make_course(COURSE, tmp_path / "out")
    assert [path.stem for path in made] == [unit.name for unit in COURSE.units]
    for unit in COURSE.units:
        folder = tmp_path / "out" / "source" / unit.name / "exercises" / unit.folder
        theirs = {path.name for path in (unit.solutions or Path()).iterdir()} - {f"{unit.name}.py"}
        assert not theirs & {path.name for path in folder.iterdir()}
        assert all("SOLUTION" not in path.read_text(encoding="utf-8") for path in folder.iterdir())


def test_what_somebody_edited_is_not_written_over(tmp_path: Path):
    out = tmp_path / "out"
    make_course(COURSE, out, ["gan"])
    config = out / "nbgrader_config.py"
    config.write_text(config.read_text() + "# mine\n")
    notebook = out / "source" / "gan" / "gan.ipynb"
    before = notebook.read_bytes()
    make_course(COURSE, out, ["gan", "attacks"])
    assert config.read_text().endswith("# mine\n")
    assert (out / "source" / "attacks" / "attacks.ipynb").exists()

    notebook.write_bytes(before + b"\n")
    (out / "source" / "attacks" / "attacks.ipynb").unlink()
    with pytest.raises(CourseFolderError, match=r"gan\.ipynb was edited since it was made"):
        make_course(COURSE, out)
    assert notebook.read_bytes() == before + b"\n"
    assert not (out / "source" / "attacks" / "attacks.ipynb").exists()
    (out / MADE).write_text("no JSON")
    with pytest.raises(CourseFolderError):
        make_course(COURSE, out)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[[question]\n", "is no TOML"),
        ("[[question]]\nname = 'a'\n", "missing required field"),
        ("[[question]]\nname = 'a b'\ntitle = ''\npoints = 1\ntext = ''\nrubric = ''\n", "identifier"),
        ("[[question]]\nname = 'a'\ntitle = ''\npoints = 0\ntext = ''\nrubric = ''\n", "points above 0"),
        (2 * "[[question]]\nname = 'a'\ntitle = ''\npoints = 1\ntext = ''\nrubric = ''\n", "one name"),
    ],
)
def test_broken_questions_are_named(tmp_path: Path, mini_course, text: str, told: str):
    path = mini_course.root / "solutions" / "01_doubles" / "questions.toml"
    path.write_text(text)
    with pytest.raises(CourseError, match=told):
        questions_of(load_course(mini_course.root).units[0])
