"""A Jupyter server of its own, and JupyterLab's pages in a browser."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

LIGHT, DARK = "JupyterLab Light", "JupyterLab Dark"
MINUTE = 60_000  # milliseconds


class Server:
    """JupyterLab on a free port, with a token, and with no settings but these.

    Args:
        root: the folder that it shows, and that it is started in.
        own: a folder for its settings, its runtime files and what it logs.
    """

    def __init__(self, root: Path, own: Path):
        self.token = secrets.token_hex(16)
        self._own = own
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
