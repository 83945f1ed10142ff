"""Notebooks that were tampered with: what each is worth honestly, and what was done to it.

Each function takes the folder of a submission whose notebook is honest, and forges it; its first line says what it
tries. What only takes code lies in `attacks/`, one file each.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.jupyter.folders import name_of

HERE = Path(__file__).parent
RISK = "empirical_risk"
UNIT = "generalization"

Notebook = dict[str, Any]
Forge = Callable[[Path], None]


@dataclass(frozen=True)
class Forgery:
    """One attack on nbgrader.

    Attributes:
        name: of a file under `attacks`, or of a function below.
        twin: the honest part: a file under `tests/hostile/honest`, or "right" for the reference's answer.
        slow: it takes many seconds.
        others: it is about those who hand in something, too.
        unscored: nbgrader stops over it before it asks us, says so, and gives no score to it alone.
    """

    name: str
    twin: str = "zeros"
    slow: bool = False
    others: bool = False
    unscored: bool = False


def deleted_cell(folder: Path) -> None:
    """Deletes the cell that judges."""
    _change(folder, lambda notebook: _without(notebook, RISK))


def doubled_cell(folder: Path) -> None:
    """Has the cell that judges twice, before it a copy that says full points."""

    def change(notebook: Notebook) -> None:
        forged = copy.deepcopy(_cell(notebook, RISK))
        forged.update(source="6.0", id="forged")
        notebook["cells"].insert(0, forged)

    _change(folder, change)


def edited_cell(folder: Path) -> None:
    """Writes full points into the cell that judges."""
    _change(folder, lambda notebook: _cell(notebook, RISK).update(source="6.0"))


def unlocked_cell(folder: Path) -> None:
    """Makes the cell that judges its own answer, by metadata that say it was never locked."""

    def change(notebook: Notebook) -> None:
        cell = _cell(notebook, RISK)
        cell["source"] = "6.0"
        cell["metadata"]["nbgrader"].update(locked=False, solution=True, checksum="0" * 32, points=6)

    _change(folder, change)


def retyped_cell(folder: Path) -> None:
    """Makes text of the cell that judges."""

    def change(notebook: Notebook) -> None:
        cell = _cell(notebook, RISK)
        cell["cell_type"] = "markdown"
        for name in ("outputs", "execution_count"):
            cell.pop(name, None)

    _change(folder, change)


def forged_outputs(folder: Path) -> None:
    """Writes full points into the outputs of every cell."""

    def change(notebook: Notebook) -> None:
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                cell.update(outputs=_outputs("6.0"), execution_count=1)

    _change(folder, change)


def forged_points(folder: Path) -> None:
    """Writes points and scores into the metadata of the notebook and of every cell."""

    def change(notebook: Notebook) -> None:
        notebook["metadata"].update(score=1000, nbgrader={"score": 1000}, tensorlings={"points": 1000})
        for cell in notebook["cells"]:
            told = cell["metadata"].get("nbgrader")
            cell["metadata"].update(score=1000, tensorlings={"points": 1000, "score": 1000})
            if told is not None:
                told.update(points=1000, score=1000, auto_score=1000, extra_credit=1000)

    _change(folder, change)


def added_cells(folder: Path) -> None:
    """Brings graded cells of its own, with forged outputs and a thousand points each."""

    def change(notebook: Notebook) -> None:
        for number in range(3):
            told = {"grade": True, "solution": False, "locked": True, "task": False, "points": 1000}
            notebook["cells"].insert(
                number,
                {
                    "cell_type": "code",
                    "id": f"forged-{number}",
                    "source": "1000.0",
                    "execution_count": 1,
                    "outputs": _outputs("1000.0"),
                    "metadata": {"nbgrader": {**told, "schema_version": 3, "grade_id": f"bonus_{number}"}},
                },
            )

    _change(folder, change)


def old_metadata(folder: Path) -> None:
    """Says that its metadata are of an old version of nbgrader, over which a whole class may stop."""

    def change(notebook: Notebook) -> None:
        for cell in notebook["cells"]:
            if "nbgrader" in cell["metadata"]:
                cell["metadata"]["nbgrader"]["schema_version"] = 1

    _change(folder, change)


def brought_files(folder: Path) -> None:
    """Brings files: a unit.toml with a thousand points, empty checks, conftest.py, torch.py, a configuration."""
    (exercises,) = (folder / "exercises").iterdir()
    unit = (exercises / "unit.toml").read_text(encoding="utf-8") if (exercises / "unit.toml").exists() else ""
    give = "c = get_config()\nc.Autograde.autograde_preprocessors = ['nbgrader.preprocessors.SaveAutoGrades']\n"
    stop = "import sys\n\nsys.modules.pop('torch', None)\n"
    for name, text in {
        f"exercises/{exercises.name}/unit.toml": unit.replace("= 1", "= 1000"),
        f"exercises/{exercises.name}/test_{UNIT}.py": '"""No checks."""\n',
        "conftest.py": stop,
        "sitecustomize.py": stop,
        "torch.py": "def allclose(*args):\n    return True\n\n\n__getattr__ = lambda name: allclose\n",
        "autograder/__init__.py": "",
        "autograder/jupyter/live.py": "def judged(*args):\n    return 6.0\n",
        "nbgrader_config.py": give,
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def linked_notebook(folder: Path) -> None:
    """Hands in a link to the instructor's notebook."""
    path = _path(folder)
    path.unlink()
    path.symlink_to(Path("..", "..", "..", "source", UNIT, path.name))


def magics(folder: Path) -> None:
    """Honest: a right answer among magics and commands, as one has them while one tries things."""

    def change(notebook: Notebook) -> None:
        answer = _cell(notebook, f"{RISK}-answer")
        before = "%matplotlib inline\n!echo trying\nfiles = !ls\n"
        after = f"\n%time {RISK}(torch.zeros(2, 3), torch.zeros(3))\n?{RISK}\n"
        answer["source"] = before + "".join(answer["source"]) + after
        for number, text in enumerate(
            ("%%bash\necho hello", f"%%timeit -n 1 -r 1\n{RISK}(torch.ones(1, 1), torch.ones(1))")
        ):
            notebook["cells"].append(
                {
                    "cell_type": "code",
                    "id": f"try-{number}",
                    "source": text,
                    "metadata": {},
                    "outputs": [],
                    "execution_count": None,
                }
            )

    _change(folder, change)


def no_json(folder: Path) -> None:
    """Is no notebook: the JSON ends in the middle."""
    path = _path(folder)
    path.write_text(path.read_text(encoding="utf-8")[:1000], encoding="utf-8")


def nothing_at_all(folder: Path) -> None:
    """Is an empty file."""
    _path(folder).write_text("", encoding="utf-8")


def many_values(folder: Path) -> None:
    """Holds millions of empty values, which take hundreds of times their size in memory; here 12 MB of them."""
    path = _path(folder)
    text = json.dumps(json.loads(path.read_text(encoding="utf-8")))
    path.write_text(text[:-1] + ', "more": [' + "{}," * 4_000_000 + "0]}", encoding="utf-8")


def fat_outputs(folder: Path) -> None:
    """Holds 20 MB of outputs."""

    def change(notebook: Notebook) -> None:
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                cell["outputs"] = [{"output_type": "stream", "name": "stderr", "text": "x" * 2_000_000}]

    _change(folder, change)


def bad_timestamp(folder: Path) -> None:
    """Brings a time of handing in that is none."""
    (folder / "timestamp.txt").write_text("yesterday, I swear\n", encoding="utf-8")


def renamed_notebook(folder: Path) -> None:
    """Is named as no notebook of the assignment is."""
    path = _path(folder)
    path.rename(path.with_name("my homework.ipynb"))


def occupied_place(folder: Path) -> None:
    """Has a folder where nbgrader wants to put a file."""
    (exercises,) = (folder / "exercises").iterdir()
    (place, *_) = sorted(exercises.glob("test_*.py"))
    place.unlink()
    (place / "inside").mkdir(parents=True)
    (place / "inside" / "file.txt").write_text("mine\n", encoding="utf-8")


FORGERIES: dict[str, Forge] = {
    each.__name__: each
    for each in (
        *(deleted_cell, doubled_cell, edited_cell, unlocked_cell, retyped_cell, forged_outputs, forged_points),
        *(added_cells, old_metadata, brought_files, linked_notebook, magics, no_json, nothing_at_all),
        *(many_values, fat_outputs, bad_timestamp, renamed_notebook, occupied_place),
    )
}

ATTACKS = (
    # what a notebook's code does to the kernel and to nbgrader
    Forgery("blanks_cells"),
    Forgery("drops_asserts"),
    Forgery("displays_points"),
    Forgery("hides_tracebacks"),
    Forgery("answers_for_the_kernel"),
    Forgery("edits_gradebook", others=True),
    Forgery("edits_gradebook_by_sqlalchemy", others=True),
    Forgery("forges_autograded"),
    Forgery("reads_source", "nothing"),
    Forgery("reads_course", "nothing"),
    Forgery("reads_submissions", "nothing", others=True),
    Forgery("floods", "nothing"),
    Forgery("endless_loop", "nothing", slow=True),
    # what the notebook itself says
    *(
        Forgery(name, twin)
        for name in ("deleted_cell", "doubled_cell", "edited_cell", "unlocked_cell", "retyped_cell")
        for twin in ("zeros", "right")
    ),
    *(Forgery(name) for name in ("forged_outputs", "forged_points", "added_cells", "brought_files", "fat_outputs")),
    Forgery("old_metadata", others=True),
    *(Forgery(name, "nothing") for name in ("linked_notebook", "no_json", "nothing_at_all", "many_values")),
    *(Forgery(name, unscored=True) for name in ("bad_timestamp", "renamed_notebook", "occupied_place")),
    # honest
    Forgery("warns", "right"),
    Forgery("magics", "right"),
)


def _path(folder: Path) -> Path:
    return folder / f"{folder.name}.ipynb"


def _change(folder: Path, change: Callable[[Notebook], object]) -> None:
    path = _path(folder)
    notebook = json.loads(path.read_text(encoding="utf-8"))
    change(notebook)
    path.write_text(json.dumps(notebook), encoding="utf-8")


def _cell(notebook: Notebook, name: str) -> dict[str, Any]:
    (found,) = (cell for cell in notebook["cells"] if name_of(cell) == name)
    return found


def _without(notebook: Notebook, name: str) -> None:
    notebook["cells"].remove(_cell(notebook, name))


def _outputs(text: str) -> list[dict[str, Any]]:
    return [{"output_type": "execute_result", "data": {"text/plain": text}, "metadata": {}, "execution_count": 1}]
