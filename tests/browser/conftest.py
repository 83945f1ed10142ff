"""A browser, the assignment of one unit, and a student who has it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from autograder.catalogue import Unit, load_course
from tests.browser.lab import MINUTE
from tests.browser.needs import CHROMIUM
from tests.jupyter.folders import NbgraderCourse

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "build" / "browser"
UNIT = "divergences"


@pytest.fixture(scope="session")
def unit() -> Unit:
    return load_course(ROOT).find(UNIT)[0]


@pytest.fixture(scope="session")
def course(tmp_path_factory: pytest.TempPathFactory) -> NbgraderCourse:
    """A course for nbgrader with one assignment, released."""
    return NbgraderCourse(load_course(ROOT), tmp_path_factory.mktemp("course"), UNIT)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page without cookies, high enough for a whole card."""
    context = browser.new_context(viewport={"width": 1360, "height": 1500})
    context.set_default_timeout(2 * MINUTE)
    yield context.new_page()
    context.close()


@pytest.fixture(scope="session")
def picture() -> Callable[[Page | Locator, str], None]:
    """Takes a picture of a page, or of a part of it, and keeps it for people to look at."""
    shutil.rmtree(PICTURES, ignore_errors=True)
    PICTURES.mkdir(parents=True)

    def take(shown: Page | Locator, name: str) -> None:
        shown.screenshot(path=PICTURES / f"{name}.png", animations="disabled")

    return take
