"""What nbgrader runs in place of its own executor: notebooks made whole, judged in a sandbox, and annotated.

Set up by `autograder.jupyter.configuration`.
"""

from __future__ import annotations

import atexit
import base64
import re
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import NotebookExporter
from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import NbGraderPreprocessor, SaveAutoGrades
from traitlets import Unicode

from autograder.catalogue import load_course
from autograder.grading.notebooks import MOST_VALUES
from autograder.grading.results import ExerciseResult, Result
from autograder.grading.texts import misconception_of
from autograder.jupyter.assemble import ANSWER, QUESTION
from autograder.jupyter.card import Card, card_html
from autograder.jupyter.judging import Judging, Question
from autograder.jupyter.questions import questions_of

LARGEST = 50_000_000  # bytes of a notebook that is read
_LANGUAGE = {"name": "python"}
_FIGURE = re.compile(r"\((figures/\w+\.png)\)")
_TAG = re.compile(r"<(?=[A-Za-z/!?])")
FOR_GRADERS = "tensorlings-for-graders"

Notebook = Any
Resources = dict[str, Any]

_JUDGING: dict[str, Judging] = {}


class AnyNotebook(NotebookExporter):
    """Reads what students hand in as notebooks; one that is none becomes an empty one, so that it is graded too."""

    def from_filename(self, filename: str, resources: Any = None, **kw: Any) -> Any:
        """The notebook and its resources."""
        path = Path(filename)
        try:
            if path.is_symlink() or not path.is_file():
                raise ValueError("no plain file")
            if path.stat().st_size > LARGEST:
                raise ValueError("too large")
            text = path.read_text(encoding="utf-8")
            if sum(map(text.count, "{[,")) > MOST_VALUES:
                raise ValueError("too many values")
            nbformat.validate(nbformat.reads(text, as_version=4))
        except Exception as error:  # whatever is wrong with it, the student gets a grade and the reason
            self.log.warning("%s is no notebook that can be read (%s); it is graded as an empty one", path, error)
            resources = resources or {}
            resources.setdefault("metadata", {}).update(name=path.stem, path=str(path.parent))
            notebook = nbformat.v4.new_notebook(
                metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}}
            )
            return self.from_notebook_node(notebook, resources=resources, **kw)
        return super().from_filename(filename, resources=resources, **kw)


class MakeWhole(NbGraderPreprocessor):
    """Gives every cell of the assignment its place and its metadata back, whatever was done to them.

    The student's text of cells for answers is kept, the first where there are several of one name. Everything else
    that a student added stays where it is, as ordinary cells. HTML that a student wrote becomes text: in the
    formgrader's pages it would run as the grader.
    """

    def preprocess(self, nb: Notebook, resources: Resources) -> tuple[Notebook, Resources]:
        """Mends the notebook."""
        named = resources["nbgrader"]
        with Gradebook(named["db_url"]) as gradebook:
            stored = gradebook.find_notebook(named["notebook"], named["assignment"])
            wanted = {cell.name: _restored(cell, stored) for cell in stored.source_cells}
        ours = self._texts(named["assignment"], named["notebook"])
        there: dict[str, Any] = {}
        cells: list[Any] = []
        for cell in nb.cells:
            told = cell.metadata.get("nbgrader")
            name = told.get("grade_id") if isinstance(told, dict) else None
            mine = wanted.get(name) if isinstance(name, str) and name not in there else None
            if mine is None:
                cells.append(_harmless(cell, ours))
                continue
            if not mine.metadata.nbgrader["locked"] and cell.cell_type == mine.cell_type:
                mine.source = _harmless(cell, ours).source
            there[mine.metadata.nbgrader["grade_id"]] = mine
            cells.append(mine)
        missing = [name for name in wanted if name not in there]
        for name in missing:
            cells.insert(_place(cells, list(wanted), name), wanted[name])
        if missing:
            self.log.warning("cells were missing and are there again: %s", ", ".join(missing))
        nb.cells = cells
        nb.metadata = nbformat.from_dict({"kernelspec": nb.metadata.get("kernelspec", {}), "language_info": _LANGUAGE})
        return nb, resources

    def _texts(self, assignment: str, notebook: str) -> set[str]:
        """What the assignment itself says, cell by cell."""
        folders = CourseDirectory(parent=self.parent, config=self.config)
        path = Path(folders.format_path(folders.source_directory, ".", assignment)) / f"{notebook}.ipynb"
        if not path.is_file():
            return set()
        return {cell.source for cell in nbformat.read(path, as_version=4).cells}


def _harmless(cell: Any, ours: set[str]) -> Any:
    """A cell without outputs and metadata; in text that is not ours no HTML is left that a browser would follow."""
    if cell.cell_type == "code":
        return nbformat.v4.new_code_cell(cell.source)
    text = cell.source if cell.source in ours else _TAG.sub("&lt;", cell.source)
    kept = nbformat.v4.new_markdown_cell(text)
    if cell.get("attachments"):
        kept.attachments = cell.attachments
    return kept


def _restored(cell: Any, stored: Any) -> Any:
    graded = {each.name: each.max_score for each in stored.grade_cells}
    solutions = {each.name for each in stored.solution_cells}
    told = {
        "schema_version": 3,
        "grade_id": cell.name,
        "locked": bool(cell.locked),
        "grade": cell.name in graded,
        "solution": cell.name in solutions,
        "task": False,
        "cell_type": cell.cell_type,
        "checksum": cell.checksum,
    }
    if cell.name in graded:
        told["points"] = graded[cell.name]
    make = nbformat.v4.new_code_cell if cell.cell_type == "code" else nbformat.v4.new_markdown_cell
    return make(cell.source, metadata={"nbgrader": told})


def _place(cells: list[Any], order: list[str], name: str) -> int:
    """Where a missing cell belongs: behind the nearest of its predecessors."""
    at = {
        cell.metadata["nbgrader"]["grade_id"]: index for index, cell in enumerate(cells) if "nbgrader" in cell.metadata
    }
    before = [each for each in order[: order.index(name)] if each in at]
    return at[before[-1]] + 1 if before else 0


class Judged(NbGraderPreprocessor):
    """Has the submission judged in the sandbox, and writes each exercise's points and card below its cell."""

    course = Unicode(help="folder with exercises/ and solutions/").tag(config=True)
    results = Unicode(help="folder in which results are kept, one folder per assignment").tag(config=True)
    isolation = Unicode(None, allow_none=True, help="bubblewrap or none; by default the strongest").tag(config=True)
    secret = Unicode(None, allow_none=True, help="file of what inputs are drawn from").tag(config=True)
    device = Unicode("cpu", help="where training checks run").tag(config=True)

    def preprocess(self, nb: Notebook, resources: Resources) -> tuple[Notebook, Resources]:
        """Fills the outputs of the cells that are graded."""
        named = resources["nbgrader"]
        student, assignment = named["student"], named["assignment"]
        folders = CourseDirectory(parent=self.parent, config=self.config)
        submitted = Path(folders.format_path(folders.submitted_directory, student, assignment)).resolve()
        result = self._result(submitted, assignment, Path(folders.root))
        found = {each.name: each for each in result.exercises}
        for cell in nb.cells:
            if cell.cell_type != "code":
                continue
            cell.outputs, cell.execution_count = [], None
            told = cell.metadata.get("nbgrader", {})
            name = told.get("grade_id", "")
            if told.get("grade") and name in found:
                cell.outputs = _outputs(found[name], float(told["points"]))
            elif told.get("solution") and name.removesuffix(ANSWER) in found:
                resources.setdefault("tensorlings", {})[name] = misconception_of(found[name.removesuffix(ANSWER)])
        return nb, resources

    def _result(self, submitted: Path, assignment: str, root: Path) -> Result:
        if assignment not in _JUDGING:
            for each in _JUDGING.values():
                each.close()
            _JUDGING.clear()
            question = Question(
                self.course,
                assignment,
                str(Path(self.results) / assignment),
                [str(root.resolve())],
                self.isolation,
                self.secret,
                self.device,
            )
            _JUDGING[assignment] = Judging(question)
            atexit.register(_JUDGING[assignment].close)
        result, fresh = _JUDGING[assignment].result(submitted)
        done = len(list((Path(self.results) / assignment).glob("*.json")))
        total = len([each for each in submitted.parent.parent.glob(f"*/{assignment}") if each.is_dir()])
        told = f"judged in {result.seconds:.1f} s" if fresh else "judged before"
        self.log.info(
            "%d of %d: %s %g of %g (%s)", done, total, result.submission, result.score, result.max_score, told
        )
        return result


def _outputs(result: ExerciseResult, most: float) -> list[Any]:
    """The card, and a number that nbgrader takes as the score: a plain float between 0 and `most`."""
    score = min(max(float(result.score), 0.0), most)
    if result.status == "broken":  # a check of ours was at fault, and counts neither way
        score = most * result.score / result.max_score if result.max_score else most
    html = card_html(Card(result, score))
    shown = {"text/html": html, "text/plain": f"{result.name}: {score:g} of {most:g} points"}
    return [
        nbformat.v4.new_output("display_data", shown),
        nbformat.v4.new_output("execute_result", {"text/plain": repr(score)}, execution_count=1),
    ]


class ForGraders(NbGraderPreprocessor):
    """Puts the rubric of each written question above its answer, for whoever grades it by hand."""

    course = Unicode(help="folder with exercises/ and solutions/").tag(config=True)

    def preprocess(self, nb: Notebook, resources: Resources) -> tuple[Notebook, Resources]:
        """Adds the rubrics."""
        unit, _ = load_course(Path(self.course)).find(resources["nbgrader"]["assignment"])
        rubrics = {QUESTION + each.name: each.rubric.strip() for each in questions_of(unit)}
        cells = []
        for cell in nb.cells:
            name = cell.metadata.get("nbgrader", {}).get("grade_id")
            if name in rubrics:
                text = f"**For graders.** Not in the feedback.\n\n{rubrics[name]}"
                cells.append(nbformat.v4.new_markdown_cell(text, metadata={FOR_GRADERS: True}))
            cells.append(cell)
        nb.cells = cells
        return nb, resources


class ForStudents(NbGraderPreprocessor):
    """Takes out again what is for graders only, and puts the assignment's figures into the page.

    nbconvert's own `embed_images` would put in whatever file of the grader's a student names.
    """

    def preprocess(self, nb: Notebook, resources: Resources) -> tuple[Notebook, Resources]:
        """Makes the notebook a student's page."""
        folders = CourseDirectory(parent=self.parent, config=self.config)
        source = Path(folders.format_path(folders.source_directory, ".", resources["nbgrader"]["assignment"]))

        def embedded(found: re.Match[str]) -> str:
            path = source / found[1]
            if not path.is_file():
                return found[0]
            return f"(data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()})"

        nb.cells = [cell for cell in nb.cells if not cell.metadata.get(FOR_GRADERS)]
        for cell in nb.cells:
            if cell.cell_type == "markdown":
                cell.source = _FIGURE.sub(embedded, cell.source)
        return nb, resources


class SaveGrades(SaveAutoGrades):
    """Saves nbgrader's grades; where a mistake was recognised, the comment on the answer says which."""

    def _add_comment(self, cell: Any, resources: Resources) -> None:
        super()._add_comment(cell, resources)
        told = resources.get("tensorlings", {}).get(cell.metadata["nbgrader"]["grade_id"])
        if told:
            ids = (self.notebook_id, self.assignment_id, self.student_id)
            comment = self.gradebook.find_comment(cell.metadata["nbgrader"]["grade_id"], *ids)
            comment.auto_comment = told
            self.gradebook.db.commit()
