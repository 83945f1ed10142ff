"""Files are written whole or not at all."""

from __future__ import annotations

import os
import stat

import pytest

from autograder.files import write_beside, write_whole


def test_content_and_folder_are_made(tmp_path):
    """Text becomes UTF-8, and missing folders are made."""
    write_whole(tmp_path / "a" / "b.py", "ε\n")
    assert (tmp_path / "a" / "b.py").read_bytes() == "ε\n".encode()


def test_permissions_stay(tmp_path):
    """An executable stays one, and a new file follows the umask."""
    path = tmp_path / "a.py"
    write_whole(path, b"1")
    fresh = tmp_path / "plain"
    fresh.write_bytes(b"")
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(fresh.stat().st_mode)
    path.chmod(0o750)
    write_whole(path, b"2")
    assert stat.S_IMODE(path.stat().st_mode) == 0o750


def test_a_link_stays_a_link(tmp_path):
    """Its target is written."""
    (tmp_path / "target").write_text("old")
    (tmp_path / "link").symlink_to("target")
    write_whole(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_text() == "new"


def test_a_failure_leaves_the_old_content_and_no_litter(tmp_path, monkeypatch):
    """Where the last step fails, nothing has happened."""
    path = tmp_path / "a.py"
    path.write_text("old")

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write_whole(path, "new")
    assert [each.name for each in tmp_path.iterdir()] == ["a.py"]
    assert path.read_text() == "old"


def test_nothing_is_overwritten_beside(tmp_path):
    """The number grows until the name is free."""
    (tmp_path / "a.old-2.py").write_text("mine")
    made = [write_beside(tmp_path / "a.py", b"x", "a.old", 1).name for _ in range(2)]
    assert made == ["a.old-1.py", "a.old-3.py"]
    assert (tmp_path / "a.old-2.py").read_text() == "mine"
