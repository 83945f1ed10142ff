"""A Jupyter server of its own, and JupyterLab's pages in a browser."""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.jupyter.folders import name_of

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

MINUTE = 60_000  # milliseconds


class Server:
    """JupyterLab on a free port, with a token, and with no settings but these.

    Args:
        root: the folder that it shows, and that it is started in.
        own: a folder for its settings, its runtime files and what it logs.
    """

    def __init__(self, root: Path, own: Path):
        self.root, self._own = root, own
        self.token = secrets.token_hex(16)
        names = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTER_RUNTIME_DIR": "runtime"}
        (own / "runtime").mkdir(parents=True)
        _write_settings(own / "config" / "lab" / "user-settings")
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ServerApp.port=0"]
        with (own / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [*command, f"--ServerApp.root_dir={root}", f"--IdentityProvider.token={self.token}"],
                cwd=root,
                env=os.environ | {name: str(own / folder) for name, folder in names.items()},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.url = self._url()

    def _url(self) -> str:
        end = time.monotonic() + 120
        while time.monotonic() < end and self._process.poll() is None:
            for path in (self._own / "runtime").glob("jpserver-*.json"):
                try:
                    return str(json.loads(path.read_text(encoding="utf-8"))["url"])
                except ValueError:  # half written
                    pass
            time.sleep(0.1)
        self.close()
        raise RuntimeError((self._own / "log").read_text(encoding="utf-8"))

    def at(self, path: str) -> str:
        """The address of one of its pages, with the token."""
        return f"{self.url}{path}?token={self.token}"

    def close(self) -> None:
        """Ends it, with its kernels."""
        self._process.terminate()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _write_settings(folder: Path) -> None:
    """No questions about news, and all cells of a notebook in the page, so that each can be found."""
    settings: dict[str, Mapping[str, Any]] = {
        "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
        "notebook-extension/tracker": {"windowingMode": "none"},
    }
    for name, content in settings.items():
        path = folder / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content), encoding="utf-8")


class Notebook:
    """A notebook open in JupyterLab.

    Args:
        page: of a browser.
        server: whose root holds the notebook.
        path: of the notebook, within that folder.
    """

    def __init__(self, page: Page, server: Server, path: str):
        self.page = page
        cells = json.loads((server.root / path).read_text(encoding="utf-8"))["cells"]
        self._places = {name_of(cell) or cell["id"]: place for place, cell in enumerate(cells)}
        page.goto(server.at(f"lab/tree/{path}") + "&reset")  # no notebook beside it that was open before
        page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()

    def cell(self, name: str) -> Locator:
        """The cell that nbgrader knows as `name`; of others, the one with this id."""
        return self.page.locator(".jp-Notebook-cell").nth(self._places[name])

    def card(self, name: str) -> Locator:
        """The card of an exercise."""
        return self.cell(name).locator(".tl-card")

    def write(self, name: str, text: str) -> None:
        """Types over what is in a cell."""
        self.cell(name).locator(".cm-content").click()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(text)

    def run(self, *names: str) -> None:
        """Runs cells one by one, and waits for each."""
        for name in names:
            before = self._prompt(name)
            self.cell(name).locator(".cm-content").click()
            self.page.keyboard.press("Shift+Enter")
            self._ran(name, before)

    def run_all(self) -> None:
        """Runs all cells, and waits for the last one that judges or draws."""
        self.choose("Run", "Run All Cells")
        self._ran("figure", "[ ]:")

    def choose(self, *path: str) -> None:
        """Chooses from the menu, by the words that stand there."""
        for name in path:
            labels = self.page.locator(".lm-MenuBar-itemLabel, .lm-Menu-itemLabel")
            labels.filter(has_text=re.compile(f"^{name}$")).click()

    def save(self) -> None:
        """Saves it, and waits until it is."""
        self.choose("File", "Save Notebook")
        self.page.locator(".lm-TabBar-tab.jp-mod-dirty").wait_for(state="detached")

    def _prompt(self, name: str) -> str:
        return self.cell(name).locator(".jp-InputArea-prompt").inner_text().strip()

    def _ran(self, name: str, before: str) -> None:
        end = time.monotonic() + 120
        while self._prompt(name) in (before, "[*]:", "[ ]:"):
            if time.monotonic() > end:
                raise TimeoutError(f"{name} runs on")
            self.page.wait_for_timeout(100)
