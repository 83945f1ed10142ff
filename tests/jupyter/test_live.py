"""The cards that a student's notebook shows, and what nbgrader reads of them."""

from __future__ import annotations

import linecache
import os
from pathlib import Path
from typing import Any

import pytest

from autograder.catalogue import load_course
from autograder.errors import UnknownName
from autograder.jupyter.live import COURSE, draw, judged

ROOT = Path(__file__).parents[2]
SIGNATURE = "def fgsm(model, x, y, eps, *, targeted=False, low=0.0, high=1.0):\n"
RIGHT = f"""import torch
{SIGNATURE}    with torch.enable_grad():
        x = x.detach().requires_grad_()
        (slope,) = torch.autograd.grad(torch.nn.functional.cross_entropy(model(x), y, reduction="sum"), x)
    return (x + (-eps if targeted else eps) * slope.sign()).clamp(low, high).detach()
"""
WRONG = RIGHT.replace(".sign()", "")


def run(source: str, cell: str = "/tmp/ipykernel_1/42.py") -> dict[str, Any]:
    """A namespace in which a cell was run, whose text is kept where IPython keeps it."""
    linecache.cache[cell] = (len(source), None, source.splitlines(keepends=True), cell)
    namespace: dict[str, Any] = {}
    exec(compile(source, cell, "exec"), namespace)
    return namespace


@pytest.fixture
def at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A student's folder, with the unit's visible files and nothing else."""
    unit, _ = load_course(ROOT).find("attacks")
    folder = tmp_path / "exercises" / unit.folder
    folder.mkdir(parents=True)
    for path in (unit.directory / "unit.toml", unit.stub_path, unit.cases_path, unit.visible_path):
        (folder / path.name).write_bytes(path.read_bytes())
    (folder / "figures.py").write_bytes((unit.directory / "figures.py").read_bytes())
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(COURSE, raising=False)


@pytest.mark.usefixtures("at_home")
def test_a_right_answer_has_all_points_though_some_promises_are_judged_later():
    card = judged("fgsm", run(RIGHT))
    assert repr(card) == "11.0"
    assert card.result.status == "passed"
    assert not any("reference" in each.title for each in card.result.checks)
    page = card._repr_html_()
    assert "judged when it is graded" in page
    assert "A hint" not in page


@pytest.mark.usefixtures("at_home")
def test_a_wrong_answer_is_told_what_it_broke_and_offered_hints_one_at_a_time():
    card = judged("fgsm", run(WRONG))
    assert 0 < card.points < 11
    page = card._repr_html_()
    assert "Every pixel" in page or "pixel" in page
    assert page.count("<details") == page.count("</details>") == len(card.hints) >= 2
    assert card.result.misconception is None  # solutions/ is not here


@pytest.mark.usefixtures("at_home")
def test_a_stub_and_a_missing_function_are_not_started():
    stub = run(SIGNATURE + '    """It attacks."""\n    raise NotImplementedError()\n')
    for namespace in (stub, {}):
        card = judged("fgsm", namespace)
        assert repr(card) == "0.0"
        assert card.result.status == "not_started"
        assert "It will have to keep these promises" in card._repr_html_()


@pytest.mark.usefixtures("at_home")
def test_an_error_is_shown_where_the_cell_raised_it_and_what_was_written_is_escaped():
    card = judged("fgsm", run(SIGNATURE + "    raise KeyError('<script>')\n"))
    page = card._repr_html_()
    assert "line 2 of this function&#39;s cell raised KeyError" in page.replace("’", "&#39;")
    assert "<script>" not in page


def test_where_solutions_are_the_hidden_promises_and_known_mistakes_count_too(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(COURSE, str(ROOT))
    card = judged("fgsm", run(WRONG))
    assert card.result.misconception == "forgets_the_sign"
    assert any("reference" in each.title for each in card.result.checks)
    assert repr(judged("fgsm", run(RIGHT))) == "11.0"


def test_graded_by_nbgraders_own_executor_it_gives_one_score(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(COURSE, str(ROOT))
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    assert {judged("fgsm", run(WRONG)).points for _ in range(2)} == {judged("fgsm", run(WRONG)).points}


@pytest.mark.usefixtures("at_home")
def test_the_figure_is_drawn_with_the_notebooks_functions(capsys: pytest.CaptureFixture[str]):
    unit, _ = load_course(ROOT).find("attacks")
    assert unit.reference_path is not None
    picture = draw("attacks", run(unit.reference_path.read_text()))
    assert picture is not None
    assert picture._repr_png_().startswith(b"\x89PNG")
    assert draw("attacks", {}) is None
    assert "is not written yet" in capsys.readouterr().out
    assert draw("attacks", run("def pgd(*inputs, **options):\n    return 1 / 0\n")) is None
    assert "could not be drawn: ZeroDivisionError" in capsys.readouterr().out


@pytest.mark.usefixtures("at_home")
def test_names_that_are_no_exercise_are_told():
    with pytest.raises(UnknownName):
        judged("fgms", {})
    with pytest.raises(ValueError, match="wanted an exercise"):
        judged("attacks", {})
    assert COURSE not in os.environ
