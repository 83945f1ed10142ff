"""An instructor's pages: submissions listed, judged, graded by hand, and their feedback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from autograder.catalogue import Unit
from autograder.jupyter.assemble import QUESTION
from autograder.jupyter.questions import questions_of
from tests.browser.lab import Server
from tests.browser.looks import faint, outside
from tests.browser.needs import needs_a_browser
from tests.browser.test_student import WRONG, answered
from tests.grading.needs import needs_bubblewrap
from tests.jupyter.folders import NbgraderCourse

if TYPE_CHECKING:
    from playwright.sync_api import FrameLocator, Locator, Page

pytestmark = [*needs_a_browser, needs_bubblewrap]

LOST = "Half of it: and what of W1?"


@pytest.fixture(scope="module")
def server(course: NbgraderCourse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """In the course's folder: ada has one mistake and is judged, ben handed in what he got and is not."""
    course.hand_in("ada", answered(course.solved({"kl_divergence": WRONG})))
    course.hand_in("ben", course.released())
    course.run("autograde", course.unit, "--student", "ada")
    server = Server(course.folder, tmp_path_factory.mktemp("server"))
    yield server
    server.close()


def test_from_the_list_of_assignments_to_feedback(
    page: Page, server: Server, unit: Unit, picture: Callable[[Page | Locator, str], None]
):
    formgrader = opened(page, server)
    submissions = formgrader.locator("tr", has_text=unit.name).locator(".num-submissions a")
    assert submissions.inner_text() == "2"
    picture(page, "10-assignments")

    submissions.click()
    ada, ben = (formgrader.locator("tr", has=page.locator(f".student-id:text-is('{name}')")) for name in ("ada", "ben"))
    ben.locator(".status", has_text="needs autograding").wait_for()
    picture(page, "11-submissions")
    assert pressed(formgrader, ben, "autograde") == f"Successfully autograded '{unit.name}' for student 'ben'."
    ben.locator(".status", has_text="graded").wait_for()
    assert ben.locator(".score").inner_text().startswith("0 / ")
    ada.locator(".status", has_text="needs manual grading").wait_for()
    picture(page, "12-judged")

    home = "/formgrader/gradebook"
    for place in (home, f"{home}/{unit.name}", f"{home}/{unit.name}/{unit.name}"):
        formgrader.locator(f"a[href$='{place}']").click()
    ada_unnamed = formgrader.locator("tr", has=page.locator("a.name-shown:text-is('ada')"))
    ada_unnamed.locator("a.name-hidden").click()
    card = formgrader.locator(".tl-card.partial")
    card.wait_for()
    assert "It adds a small number within the logarithms." in card.locator(".tl-box").inner_text()
    assert (faint(card), outside(card)) == ([], [])
    picture(card, "13-card")
    questions = questions_of(unit)
    for question in questions:
        box = formgrader.locator(f"#{QUESTION}{question.name}")
        assert box.input_value() == ""
        box.fill(str(question.points - 0.5))
        comment = formgrader.locator(f"#{QUESTION}{question.name}-comment")
        comment.fill(LOST)
        comment.blur()
    formgrader.locator(".comment-saved:visible").nth(len(questions) - 1).wait_for()
    text = formgrader.locator("body").inner_text()
    assert text.count("For graders.") == text.count("Model answer") == len(questions)
    picture(page, "14-graded-by-hand")

    formgrader.locator(f"a[href$='{home}']").click()
    formgrader.locator("a[href$='/formgrader/manage_assignments']").first.click()
    submissions.click()
    ada.locator(".status", has_text="graded").wait_for()
    lost = 0.5 * len(questions)
    score, most = (float(number) for number in ada.locator(".score").inner_text().split(" / "))
    assert 0 < most - score - lost < sum(unit.exercise("kl_divergence").promises.values())
    assert pressed(formgrader, ada, "generate-feedback").startswith("Successfully generated feedback")

    page.goto(server.at(f"files/feedback/ada/{unit.name}/{unit.name}.html"))
    text = page.locator("body").inner_text()
    assert f"{unit.name} (Score: {score:g} / {most:g})" in text
    assert text.count(LOST) == len(questions)
    assert "For graders." not in text
    assert "Model answer" not in text
    assert page.locator(".tl-card").count() == len(unit.exercises)
    assert page.evaluate("[...document.images].every(each => each.naturalWidth > 0)")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    picture(page, "15-feedback")
    picture(page.locator(".tl-card.partial"), "16-feedback-card")


def opened(page: Page, server: Server) -> FrameLocator:
    """The formgrader, by JupyterLab's menu."""
    page.goto(server.at("lab") + "&reset")
    for label in ("Nbgrader", "Formgrader"):
        page.get_by_role("menuitem", name=label, exact=True).click()
    return page.frame_locator("iframe")


def pressed(formgrader: FrameLocator, row: Locator, what: str) -> str:
    """Presses one of a row's buttons, and gives what the dialog says."""
    row.locator(f".{what} a").click()
    dialog = formgrader.locator(".modal-content")
    told = dialog.locator(".modal-body p").inner_text()
    dialog.get_by_text("OK", exact=True).click()
    dialog.wait_for(state="hidden")
    return told
