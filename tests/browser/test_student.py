"""A student's notebook in JupyterLab: cards that follow the answers, and nbgrader's Validate."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from autograder.catalogue import Unit
from autograder.checks import checks_of
from autograder.grading.texts import count
from autograder.jupyter.assemble import ANSWER, QUESTION
from tests.browser.lab import Notebook, Server
from tests.browser.looks import faint, outside
from tests.browser.needs import needs_a_browser
from tests.jupyter.folders import NbgraderCourse, name_of

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = needs_a_browser

SIGNATURE = "def kl_divergence(p: Tensor, q: Tensor) -> Tensor:\n"
RIGHT = f"{SIGNATURE}    return (torch.xlogy(p, p) - torch.xlogy(p, q)).sum(-1)"
WRONG = f"{SIGNATURE}    return (p * ((p + 1e-8).log() - (q + 1e-8).log())).sum(-1)"  # the chaff adds_a_small_number
BREAKS = "kl_divergence__is_infinite_where_q_rules_out_what_p_does"
RAISES = "def wasserstein_1d(u: Tensor, v: Tensor) -> Tensor:\n    return (u - w).abs().mean()"
SPEAKS = "def critic_loss(real_scores: Tensor, fake_scores: Tensor) -> Tensor:\n    return '<b>' + 80 * 'long'"


@pytest.fixture(scope="module")
def home(course: NbgraderCourse, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A student's folder: what was released, with notebooks in which more was done."""
    folder = tmp_path_factory.mktemp("home") / course.unit
    shutil.copytree(course.release, folder)
    stub = {name_of(cell): cell["source"] for cell in course.released()["cells"]}["js_divergence" + ANSWER]
    given = {
        "untouched": course.released(),
        "right": answered(course.solved()),
        "mixed": course.solved(
            {"kl_divergence": WRONG, "js_divergence": stub, "wasserstein_1d": RAISES, "critic_loss": SPEAKS}
        ),
    }
    for name, notebook in given.items():
        (folder / f"{name}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    return folder


def answered(notebook: dict[str, Any]) -> dict[str, Any]:
    """With a sentence for each written question."""
    for cell in notebook["cells"]:
        if name_of(cell).startswith(QUESTION):
            cell["source"] = "A sum does not care for the order of its terms."
    return notebook


@pytest.fixture(scope="module")
def server(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The student's own, which knows nothing of the course's folder."""
    server = Server(home, tmp_path_factory.mktemp("server"))
    yield server
    server.close()


Picture = Callable[["Page | Locator", str], None]


def test_a_card_follows_the_answer(page: Page, server: Server, unit: Unit, picture: Picture):
    """Wrong: what broke, why, and hints one at a time. Right: all kept, and no hint."""
    exercise = unit.exercise("kl_divergence")
    notebook = Notebook(page, server, f"{unit.name}.ipynb")
    picture(page, "01-released")
    notebook.write("kl_divergence" + ANSWER, WRONG)
    notebook.run("imports", "kl_divergence" + ANSWER, "kl_divergence")
    card = notebook.card("kl_divergence")
    (sentence,) = [check.sentence for check in checks_of(unit) if check.name == BREAKS]
    broken = card.locator(".wrong", has_text=sentence)
    assert "no finite number is large enough" in broken.inner_text()
    assert "kl_divergence(p=" in broken.locator("dd").first.inner_text()
    assert card.locator("li.passed").count() > 3
    picture(card, "02-wrong")
    for place, hint in enumerate(exercise.hints):
        shown = card.locator(".tl-hint > p").nth(place)
        assert not shown.is_visible()
        card.locator("summary").nth(place).click()
        assert shown.inner_text() == hint.replace("`", "")
    picture(card, "03-hints")

    notebook.write("kl_divergence" + ANSWER, RIGHT)
    notebook.run("kl_divergence" + ANSWER, "kl_divergence")
    assert f"all {count(len(exercise.visible), 'promise')} kept" in card.inner_text()
    assert card.locator(".wrong, .tl-hint").count() == 0
    picture(card, "04-right")


def test_all_right_is_valid_and_draws_the_figure(page: Page, server: Server, unit: Unit, picture: Picture):
    notebook = Notebook(page, server, "right.ipynb")
    notebook.run_all()
    for exercise in unit.exercises:
        assert "passed" in str(notebook.card(exercise.name).get_attribute("class")).split()
    notebook.cell("figure").locator(".jp-OutputArea img").wait_for()
    picture(notebook.cell("figure"), "05-figure")
    assert validated(page) == ["Success! Your notebook passes all the tests."]
    picture(page, "05-valid")


def test_an_untouched_notebook_is_not_valid(page: Page, server: Server, unit: Unit, picture: Picture):
    """Each exercise and each question is named."""
    Notebook(page, server, "untouched.ipynb")
    told = "\n".join(validated(page))
    assert told.count("The following cell failed") == len(unit.exercises) + told.count(
        "You did not provide a response."
    )
    for exercise in unit.exercises:
        assert f'judged("{exercise.name}", globals())' in told
    picture(page, "06-not-valid")


def validated(page: Page) -> list[str]:
    """What nbgrader's Validate says, line by line."""
    page.get_by_role("button", name="Validate", exact=True).click()
    dialog = page.locator(".jp-Dialog-body", has_text="notebook").or_(page.locator(".jp-Dialog-body", has_text="cell"))
    dialog.wait_for()
    return [line for line in dialog.inner_text().splitlines() if line.strip()]


def test_cards_can_be_read_in_light_and_dark(page: Page, server: Server, picture: Picture):
    """Whatever became of the answer, and after the notebook was saved and opened again."""
    notebook = Notebook(page, server, "mixed.ipynb")
    notebook.run_all()
    expected = {
        "kl_divergence": "partial",
        "js_divergence": "not_started",
        "wasserstein_1d": "failed",
        "critic_loss": "failed",
        "clip_weights": "passed",
    }
    look(notebook, expected, "light", picture)
    assert "The figure needs js_divergence, which is not written yet." in notebook.cell("figure").inner_text()
    notebook.save()
    notebook.choose("Settings", "Theme", "JupyterLab Dark")
    page.locator("body[data-jp-theme-light=false]").wait_for(state="attached")
    look(notebook, expected, "dark", picture)
    page.reload()
    notebook.card("kl_divergence").wait_for()
    look(notebook, expected, "again", picture)


def look(notebook: Notebook, expected: dict[str, str], when: str, picture: Picture) -> None:
    for name, status in expected.items():
        card = notebook.card(name)
        assert status in str(card.get_attribute("class")).split()
        picture(card, f"07-{when}-{name}")
        assert (faint(card), outside(card)) == ([], []), name
