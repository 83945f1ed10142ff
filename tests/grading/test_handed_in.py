"""Submissions are read without unpacking anything, and whatever is wrong with them is a sentence."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import socket
import stat
import struct
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from autograder.errors import SubmissionError
from autograder.grading import handed_in
from autograder.grading.handed_in import HandedIn, UnitFile, check_names, read_submission, submission_name
from autograder.limits import time_limit

UNITS = ("attacks", "gan", "cycle_gan")
SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")

Files = Mapping[str, bytes]


def notebook(code: str) -> bytes:
    return json.dumps({"nbformat": 4, "cells": [{"cell_type": "code", "source": code, "metadata": {}}]}).encode()


def make_folder(path: Path, files: Files) -> Path:
    path.mkdir(exist_ok=True)
    for name, content in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    return path


def make_zip(path: Path, files: Files, change: Callable[[zipfile.ZipInfo], None] = lambda info: None) -> Path:
    """A zip; `change` may spoil what its table of contents says."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo("x", (2000 + len(name) % 20, 1, 1, 0, 0, 0))
            info.filename, info.compress_type = name, zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
            change(info)
    return path


def tar_bytes(files: Files, change: Callable[[tarfile.TarInfo], None] = lambda info: None) -> bytes:
    """An unpacked tar; `change` may spoil a header."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(content), len(name)
            change(info)
            archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def make_tar(path: Path, files: Files, change: Callable[[tarfile.TarInfo], None] = lambda info: None) -> Path:
    pack = {".tar": bytes, ".bz2": bz2.compress, ".xz": lzma.compress}.get(path.suffix, gzip.compress)
    path.write_bytes(pack(tar_bytes(files, change)))
    return path


def make(path: Path, files: Files) -> Path:
    """A folder or an archive, by the path's suffix."""
    kinds = {".zip": make_zip, "": make_folder}
    return kinds.get(path.suffix, make_tar)(path, files)


def read(path: Path) -> HandedIn:
    found = read_submission(path, UNITS)
    assert found.path == path
    for sentence in (found.problem, *(file.problem for file in found.files.values())):
        assert "\n" not in sentence
        sentence.encode("utf-8")
    assert all(not file.source for file in found.files.values() if file.problem)
    assert not (found.problem and found.files)
    return found


def only(found: HandedIn, unit: str = "attacks") -> UnitFile:
    """The one unit's file that is there."""
    assert (found.problem, list(found.files)) == ("", [unit])
    return found.files[unit]


def unread(found: HandedIn, unit: str = "attacks") -> str:
    """The sentence of the one unit's file, which nobody looked at."""
    file = only(found, unit)
    assert (file.judged, bool(file.problem)) == (False, True)
    return file.problem


# --- what is there


@pytest.mark.parametrize("suffix", ["", *SUFFIXES])
def test_units_are_found_at_any_depth(tmp_path, suffix):
    """The same submission in any packaging: other files and tools' folders do not count."""
    files = {
        "work/13_attacks/attacks.py": b"a = 1\r\n",
        "work/gan.ipynb": notebook("g = 1\n%who"),
        "work/divergences.py": b"d = 1",
        "work/conftest.py": b"1/0",
        "work/test_attacks.py": b"1/0",
        "work/.ipynb_checkpoints/gan.ipynb": b"old",
        "work/__pycache__/attacks.py": b"old",
        ".git/attacks.py": b"old",
        ".venv/lib/attacks.py": b"old",
        "__MACOSX/work/attacks.py": b"old",
        "work/__MACOSX/._attacks.py": b"old",
        "node_modules/attacks.py": b"old",
        "venv/lib/site-packages/attacks.py": b"old",
        "build/lib/attacks.py": b"old",
    }
    found = read(make(tmp_path / f"alice{suffix}", files))
    assert (found.name, found.problem) == ("alice", "")
    assert found.files == {
        "attacks": UnitFile("attacks", "attacks.py", "a = 1\n"),
        "gan": UnitFile("gan", "gan.ipynb", "# %% cell 1\ng = 1\n# %who\n"),
    }


@pytest.mark.parametrize("name", ["attacks.py", "gan.ipynb"])
def test_a_lone_file_is_a_submission(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(notebook("x = 1") if name.endswith("ipynb") else b"x = 1")
    unit = path.stem
    assert only(read(path), unit).source.endswith("x = 1" if unit == "attacks" else "x = 1\n")
    assert read(path).name == unit


def test_an_empty_submission_has_no_units_and_no_problem(tmp_path):
    for suffix in ("", *SUFFIXES):
        found = read(make(tmp_path / f"empty{suffix}", {}))
        assert (found.problem, dict(found.files)) == ("", {})


def test_only_units_that_are_asked_for_are_there(tmp_path):
    path = make_folder(tmp_path / "alice", {"attacks.py": b"a", "gan.py": b"\xff"})
    assert list(read_submission(path, {"attacks"}).files) == ["attacks"]


def test_an_empty_file_is_there(tmp_path):
    assert only(read(make_folder(tmp_path / "alice", {"attacks.py": b""}))) == UnitFile("attacks", "attacks.py", "")


@pytest.mark.parametrize("suffix", ["", ".zip", ".tar.gz"])
@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        (
            {"a/attacks.py": b"1", "b/attacks.py": b"2"},
            "attacks is there 2 times (a/attacks.py and b/attacks.py); hand in one",
        ),
        (
            {"attacks.py": b"1", "attacks.ipynb": notebook("1")},
            "attacks is there 2 times (attacks.ipynb and attacks.py); hand in one",
        ),
        (
            {f"{each}/attacks.py": each.encode() for each in "abcde"},
            "attacks is there 5 times (a/attacks.py, b/attacks.py, c/attacks.py and 2 more); hand in one",
        ),
        (
            {"a/attacks.py": b"1", "b/attacks.py": b"1", "c/attacks.py": b"\xff"},
            "attacks is there 3 times (a/attacks.py, b/attacks.py and c/attacks.py); hand in one",
        ),
    ],
)
def test_a_unit_that_is_there_twice_is_not_judged(tmp_path, suffix, files, sentence):
    assert unread(read(make(tmp_path / f"alice{suffix}", files))) == sentence


def test_copies_that_are_alike_are_judged_once(tmp_path):
    once = read(make_folder(tmp_path / "a", {"attacks.py": b"x"}))
    twice = read(make_folder(tmp_path / "b", {"attacks.py": b"x", "old/attacks.py": b"x"}))
    assert only(twice) == only(once)
    assert twice.digest == once.digest
    broken = read(make_folder(tmp_path / "c", {"attacks.py": b"\xff", "old/attacks.py": b"\xff"}))
    assert only(broken).judged


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_one_name_twice_in_an_archive(tmp_path):
    path = tmp_path / "alice.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("attacks.py", "1")
        archive.writestr("attacks.py", "2")
    assert unread(read(path)) == "attacks.py is in the archive 2 times; hand in one"


# --- names that are nearly right


@pytest.mark.parametrize(
    "name",
    [
        "Attacks.py",
        "attacks.PY",
        "attacks (1).py",
        "attacks(2).ipynb",
        "attacks-2.py",
        "attacks_1.py",
        "attacks copy.py",
        "attacks - Copy (3).py",
        "Copy of attacks.ipynb",
        "13_attacks.py",
        "attacks.py.txt",
        "sub/attacks.py.TXT",
    ],
)
def test_a_name_that_is_nearly_right_is_told_and_not_guessed(tmp_path, name):
    path = make_folder(tmp_path / "alice", {name: b"x", "helpers.py": b"", "notes.py": b""})
    assert unread(read(path)) == f"{name} has nearly the right name; wanted attacks.py or attacks.ipynb"
    (path / "attacks.py").write_bytes(b"y")
    assert only(read(path)).source == "y"


@pytest.mark.parametrize(
    "name", ["test_attacks.py", "attacks_old.py", "attacks.txt", "my attacks.py", "attacks", ".py"]
)
def test_other_names_are_other_files(tmp_path, name):
    found = read(make_folder(tmp_path / "alice", {name: b"x", "helpers.py": b"", "notes.py": b""}))
    assert (found.problem, dict(found.files)) == ("", {})


def test_a_name_that_is_nearly_two_units(tmp_path):
    assert unread(read(make_folder(tmp_path / "alice", {"Cycle-GAN.py": b"x"})), "cycle_gan").startswith("Cycle-GAN.py")


ANY = "wanted <unit>.py or <unit>.ipynb, where <unit> is one of attacks, cycle_gan, gan"
ONE = "wanted <unit>.py or <unit>.ipynb: rename it to {} if it is the answer to that unit"


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("alice.py", ANY),
        ("alice_attacks.ipynb", ONE.format("attacks.ipynb")),
        ("Attacks.py", ONE.format("attacks.py")),
        ("Alice's Cycle GAN (2).py", ONE.format("cycle_gan.py")),
        ("gan_and_attacks.py", ANY),
    ],
)
def test_a_lone_file_of_another_name_is_no_units(tmp_path, name, advice):
    (tmp_path / name).write_bytes(b"x = 1")
    sentence = f"{name} is no unit's file; {advice}"
    assert read(tmp_path / name).problem == sentence
    if name != "Attacks.py":  # alone in a folder it stands for its unit, as above
        assert read(make_zip(tmp_path / "alice.zip", {name: b"x = 1", "notes.txt": b""})).problem == sentence


def test_an_archive_in_the_archive_is_told_and_not_opened(tmp_path):
    make_zip(tmp_path / "inner.zip", {"attacks.py": b"x"})
    files = {"alice/inner.zip": (tmp_path / "inner.zip").read_bytes(), "alice/notes.txt": b""}
    told = "holds no unit's file but alice/inner.zip; an archive within a submission is not opened: unpack it first"
    assert read(make_zip(tmp_path / "alice.zip", files)).problem == f"alice.zip {told}"
    assert only(read(make_zip(tmp_path / "bob.zip", {**files, "attacks.py": b"y"}))).source == "y"


# --- what cannot be judged


@pytest.mark.parametrize("suffix", ["", ".zip", ".tar.xz"])
@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("attacks.py", b"x = '\xe9'", "attacks.py is not UTF-8 (byte 5); save it as UTF-8"),
        ("attacks.py", "x = 1".encode("utf-16"), "attacks.py is UTF-16; save it as UTF-8"),
        ("attacks.py", b"x\0", "attacks.py holds zero bytes (the first is character 1); it is no text"),
        ("attacks.ipynb", b"", "attacks.ipynb is no notebook: it is empty"),
        ("attacks.ipynb", b"[" * 100_000, "attacks.ipynb is no notebook: it is nested too deeply"),
    ],
)
def test_what_is_no_text_is_a_wrong_answer(tmp_path, suffix, name, content, sentence):
    file = only(read(make(tmp_path / f"alice{suffix}", {f"work/{name}": content})))
    assert file == UnitFile("attacks", name, "", sentence)
    assert file.judged


def test_text_may_have_a_mark(tmp_path):
    path = make_folder(tmp_path / "alice", {"attacks.py": "x = 'ε'".encode("utf-8-sig")})
    assert only(read(path)).source == "x = 'ε'"


@pytest.mark.parametrize("suffix", ["", ".zip", ".tar.gz"])
def test_what_is_too_large_is_not_read(tmp_path, monkeypatch, suffix):
    path = make(tmp_path / f"alice{suffix}", {"w/attacks.py": b"#" * 5_000_001, "gan.py": b"#" * 5_000_000})
    found = read(path)
    assert found.files["attacks"].problem == "w/attacks.py is larger than 5 MB, the most that is read"
    assert not found.files["attacks"].judged
    assert len(found.files["gan"].source) == 5_000_000
    monkeypatch.setattr(handed_in, "UNPACKED", 6_000_000)
    assert "6 MB" in read(path).problem


@pytest.mark.parametrize("name", ["alice.rar", "alice.pdf", "alice", "alice.gz"])
def test_other_files_are_no_submissions(tmp_path, name):
    (tmp_path / name).write_bytes(b"x")
    assert read(tmp_path / name).problem == (
        f"{name} cannot be graded; wanted a folder or a file that ends with "
        ".tar.gz, .tar.bz2, .tar.xz, .tgz, .tar, .zip, .py, .ipynb"
    )


def test_a_path_that_is_gone_is_a_problem(tmp_path):
    assert read(tmp_path / "alice.zip").problem == "alice.zip cannot be read: No such file or directory"


# --- folders


def test_links_in_a_folder(tmp_path):
    """One within is followed, one that leads out is not, nor is a folder's."""
    (tmp_path / "secret.py").write_text("secret = 1")
    (tmp_path / "alice-2").mkdir()
    (tmp_path / "alice-2" / "x.py").write_text("secret = 2")
    path = make_folder(tmp_path / "alice", {"sub/mine.py": b"mine = 1", "helpers.py": b""})
    link = path / "attacks.py"
    link.symlink_to("sub/mine.py")
    assert only(read(path)).source == "mine = 1"
    for target in ("../secret.py", tmp_path / "secret.py", "../alice-2/x.py", "/etc/passwd", "/dev/zero"):
        link.unlink()
        link.symlink_to(target)
        assert unread(read(path)) == "attacks.py is a link that leads out of the submission"
    for target in ("nowhere.py", "attacks.py", "sub"):
        link.unlink()
        link.symlink_to(target)
        assert unread(read(path)).startswith("attacks.py ")
    link.unlink()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "gan.py").write_text("secret = 1")
    (path / "linked").symlink_to(tmp_path / "elsewhere")
    (path / "round").symlink_to(".")
    assert dict(read(path).files) == {}


def test_a_path_that_is_a_link_is_followed_and_keeps_its_name(tmp_path):
    make_folder(tmp_path / "0042", {"attacks.py": b"x"})
    (tmp_path / "alice").symlink_to("0042")
    assert check_names([tmp_path / "alice"]) == [tmp_path / "alice"]
    assert (read(tmp_path / "alice").name, only(read(tmp_path / "alice")).source) == ("alice", "x")


def test_what_is_no_plain_file_is_not_opened(tmp_path):
    """A pipe would wait for ever."""
    path = make_folder(tmp_path / "alice", {"gan.py": b"x"})
    os.mkfifo(path / "attacks.py")
    os.mkfifo(tmp_path / "gan.ipynb")
    os.mkfifo(tmp_path / "bob.zip")
    with socket.socket(socket.AF_UNIX) as listening, time_limit(20, "it waits"):
        listening.bind(os.path.relpath(path / "cycle_gan.py"))
        found = read(path)
        assert unread(read(tmp_path / "gan.ipynb"), "gan") == "gan.ipynb is no plain file"
        assert read(tmp_path / "bob.zip").problem == "bob.zip is no plain file"
    assert found.files["attacks"].problem == "attacks.py is no plain file"
    assert found.files["cycle_gan"].problem == "cycle_gan.py is no plain file"
    assert found.files["gan"].source == "x"


def test_what_may_not_be_read_is_told(tmp_path, monkeypatch):
    """Made up, since root may read everything."""
    path = make_folder(tmp_path / "alice", {"attacks.py": b"x", "shut/gan.py": b"x"})
    truly_open, truly_scan = os.open, os.scandir

    def refuse_file(name, *rest, **options):
        if str(name).endswith("attacks.py"):
            raise PermissionError(13, "Permission denied", str(name))
        return truly_open(name, *rest, **options)

    def refuse_folder(name):
        if str(name).rstrip("/").endswith("shut"):
            raise PermissionError(13, "Permission denied", str(name))
        return truly_scan(name)

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refuse_file)
        files = read(path).files
        assert (files["attacks"].problem, files["attacks"].judged) == (
            "attacks.py cannot be read: Permission denied",
            False,
        )
        patch.setattr(os, "scandir", refuse_folder)
        assert read(path).problem == "the folder shut cannot be listed: Permission denied"


def test_a_deep_folder(tmp_path, monkeypatch):
    """Deeper than functions may call one another."""
    deep = tmp_path / "alice"
    deep.mkdir()
    monkeypatch.chdir(deep)
    for _ in range(1200):
        os.mkdir("d")
        os.chdir("d")
    Path("attacks.py").write_text("x")
    try:
        assert only(read(deep)).source == "x"
    finally:  # in parts that pytest can clear away
        for part in range(3):
            os.rename(deep / ("d/" * 300), tmp_path / f"part {part}")
            deep = tmp_path / f"part {part}"


def test_names_that_steer_a_terminal_are_shown_harmless(tmp_path):
    path = make_folder(tmp_path / "alice", {"a\x1b[31m\n/attacks.py": b"1", "b\u202e/attacks.py": b"2"})
    os.mkdir(os.fsencode(path) + b"/\xff")
    (path / os.fsdecode(b"\xff") / "attacks.py").write_bytes(b"3")
    told = unread(read(path))
    assert told.isprintable()
    assert r"a\x1b[31m\n/attacks.py, b\u202e/attacks.py and \udcff/attacks.py" in told


# --- archives


@pytest.mark.parametrize("member", ["../../x.py", "a/../../x.py", "/etc/x.py", "..\\x.py", "C:\\x.py", "C:/x.py", ".."])
@pytest.mark.parametrize("kind", [".zip", ".tar.gz"])
def test_an_archive_that_climbs_out_is_refused_whole(tmp_path, kind, member):
    path = make(tmp_path / f"alice{kind}", {"attacks.py": b"x", member: b"x"})
    assert read(path).problem == f"alice{kind} climbs out of its folder: '{member}'"


def test_a_windows_zip(tmp_path):
    files = {"work\\": b"", "work\\13_attacks\\attacks.py": b"x", "work\\.venv\\attacks.py": b"y", ".\\gan.py": b"g"}
    found = read(make_zip(tmp_path / "alice.ZIP", files))
    assert {unit: file.source for unit, file in found.files.items()} == {"attacks": "x", "gan": "g"}
    assert found.name == "alice"


def test_a_zip_with_names_in_no_known_encoding(tmp_path):
    path = make_zip(tmp_path / "alice.zip", {"aaaa/attacks.py": b"x"})
    path.write_bytes(path.read_bytes().replace(b"aaaa", b"\xe9\x81\xff\x90"))
    assert only(read(path)).source == "x"


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE])
def test_links_and_devices_in_a_tar(tmp_path, kind):
    def change(info: tarfile.TarInfo) -> None:
        if info.name != "gan.py":
            info.type, info.linkname, info.size = kind, "../../etc/passwd", 0

    found = read(make_tar(tmp_path / "alice.tar", {"attacks.py": b"", "other": b"", "gan.py": b"x"}, change))
    assert list(found.files) == ["attacks", "gan"]
    is_link = kind in (tarfile.SYMTYPE, tarfile.LNKTYPE)
    what = "is a link, which is not followed in an archive" if is_link else "is no plain file"
    assert found.files["attacks"] == UnitFile("attacks", "attacks.py", "", f"attacks.py {what}", judged=False)


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_links_and_devices_in_a_zip(tmp_path, kind):
    def change(info: zipfile.ZipInfo) -> None:
        info.external_attr = (kind | 0o777) << 16

    found = read(make_zip(tmp_path / "alice.zip", {"attacks.py": b"/etc/passwd", "x": b"/etc"}, change))
    assert ("link" in unread(found)) == (kind == stat.S_IFLNK)


@pytest.mark.parametrize("name", [f"alice{suffix}" for suffix in SUFFIXES])
@pytest.mark.parametrize(
    "content", [b"", b"x" * 2000, b"PK\x03\x04" + b"x" * 100, b"\x1f\x8b\x08", b"BZh9", b"\xfd7zXZ\0"]
)
def test_what_is_no_archive_is_told(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    assert read(tmp_path / name).problem.startswith(f"{name} ")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_archive_cut_short_or_spoilt_is_told_and_never_half_read(tmp_path, suffix):
    """A tar's broken header must not pass for its end: what comes behind would be lost without a word."""
    lines = b"".join(b"%d\n" % (number * number) for number in range(2000))
    whole = make(tmp_path / f"alice{suffix}", {"attacks.py": lines, "middle.txt": lines, "gan.py": lines})
    content = whole.read_bytes()
    good = read(whole)
    for cut in range(1, len(content), len(content) // 40):
        whole.write_bytes(content[:cut])
        found = read(whole)
        assert found.problem or found.files == good.files
    for place in range(0, len(content), len(content) // 40):
        spoilt = bytearray(content)
        spoilt[place] ^= 0x55
        whole.write_bytes(spoilt)
        found = read(whole)
        if not found.problem and suffix != ".tar":  # which has a checksum for headers only
            assert all(file.problem or file == good.files[file.unit] for file in found.files.values())


def test_a_damaged_member_is_no_zero(tmp_path):
    path = make_zip(tmp_path / "alice.zip", {"attacks.py": os.urandom(400).hex().encode(), "gan.py": b"x"})
    content = bytearray(path.read_bytes())
    content[120] ^= 0xFF
    path.write_bytes(content)
    found = read(path)
    assert found.files["attacks"].problem.startswith("attacks.py is damaged in the archive: ")
    assert not found.files["attacks"].judged
    assert found.files["gan"].source == "x"


def test_an_encrypted_zip(tmp_path):
    path = make_zip(tmp_path / "alice.zip", {"attacks.py": b"x"})
    content = path.read_bytes()
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.index(mark) + place
        content = content[:at] + b"\x01" + content[at + 1 :]
    path.write_bytes(content)
    assert read(path).problem == "alice.zip is encrypted; pack it without a password"


def test_a_zip_by_the_name_of_a_tar_is_read(tmp_path):
    assert only(read(make_zip(tmp_path / "alice.tar.gz", {"attacks.py": b"x"}))).source == "x"
    (tmp_path / "bob.tar.gz").write_bytes(tar_bytes({"attacks.py": b"y"}))
    assert only(read(tmp_path / "bob.tar.gz")).source == "y"


def test_nothing_is_written(tmp_path):
    make_zip(tmp_path / "alice.zip", {"attacks.py": b"x"})
    make_tar(tmp_path / "bob.tar.gz", {"attacks.py": b"x"})
    read(tmp_path / "alice.zip")
    read(tmp_path / "bob.tar.gz")
    assert sorted(os.listdir(tmp_path)) == ["alice.zip", "bob.tar.gz"]


# --- bombs


@pytest.fixture
def little_memory():
    """Holds that a test takes no more than 40 MB at any time."""
    tracemalloc.start()
    yield
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40_000_000


def test_a_zip_that_says_it_holds_gigabytes(tmp_path, little_memory):
    def change(info: zipfile.ZipInfo) -> None:
        info.file_size = 900_000_000

    path = make_zip(tmp_path / "alice.zip", {"data.bin": b"", "attacks.py": b"x"}, change)
    assert read(path).problem == "alice.zip unpacks to more than 1 GB; pack the units' files alone"


def test_a_zip_that_says_it_holds_little(tmp_path, little_memory):
    """One that lies about its size, and one that tells it."""
    bomb = b"\0" * 20_000_000

    def change(info: zipfile.ZipInfo) -> None:
        info.file_size = 10

    found = read(make_zip(tmp_path / "alice.zip", {"attacks.py": bomb}, change))
    assert unread(found).startswith("attacks.py is damaged in the archive")
    assert "larger than 5 MB" in unread(read(make_zip(tmp_path / "bob.zip", {"attacks.py": bomb})))
    assert (tmp_path / "bob.zip").stat().st_size < 100_000


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_packed_by_a_method_without_bounds(tmp_path, method):
    with zipfile.ZipFile(tmp_path / "alice.zip", "w", method) as archive:
        archive.writestr("attacks.py", b"#" * 1000)
    assert "compressed in an unusual way" in unread(read(tmp_path / "alice.zip"))


def test_a_zip_with_an_endless_table_of_contents(tmp_path, monkeypatch):
    path = make_zip(tmp_path / "alice.zip", {f"{number}.txt": b"" for number in range(50)})
    monkeypatch.setattr(handed_in, "DIRECTORY", 2000)
    assert read(path).problem == "alice.zip has a table of contents of more than 0.002 MB"


@pytest.mark.parametrize("suffix", [".zip", ".tar.gz"])
def test_an_archive_of_too_many_files(tmp_path, monkeypatch, suffix):
    monkeypatch.setattr(handed_in, "MEMBERS", 20)
    files = {f"{number}.txt": b"" for number in range(19)}
    assert only(read(make(tmp_path / f"alice{suffix}", {**files, "attacks.py": b"x"}))).source == "x"
    problem = read(make(tmp_path / f"bob{suffix}", {**files, "a.txt": b"", "attacks.py": b"x"})).problem
    assert problem == f"bob{suffix} holds more than 20 files, the most that are read; pack the units' files alone"


def test_a_tar_that_says_it_holds_gigabytes(tmp_path, little_memory):
    header = tarfile.TarInfo("data.bin")
    header.size = 2**62
    (tmp_path / "alice.tar").write_bytes(header.tobuf(tarfile.GNU_FORMAT) + b"\0" * 20_000)
    assert read(tmp_path / "alice.tar").problem == "alice.tar unpacks to more than 1 GB; pack the units' files alone"


def test_a_tar_that_unpacks_to_gigabytes(tmp_path, monkeypatch, little_memory):
    """A small file, abandoned at the bound; here a smaller one, since a gigabyte takes seconds."""
    monkeypatch.setattr(handed_in, "UNPACKED", 50_000_000)
    header = tarfile.TarInfo("attacks.ipynb")
    header.size = 9_999_872
    member = gzip.compress(header.tobuf() + b"\0" * header.size)
    (tmp_path / "alice.tar.gz").write_bytes(member * 1000)
    assert read(tmp_path / "alice.tar.gz").problem.startswith("alice.tar.gz unpacks to more than 50 MB; ")
    assert (tmp_path / "alice.tar.gz").stat().st_size < 20_000_000


def pax(records: bytes, kind: bytes = tarfile.XHDTYPE) -> bytes:
    info = tarfile.TarInfo("pax")
    info.type, info.size = kind, len(records)
    return info.tobuf() + records + b"\0" * (-len(records) % 512)


def record(key: str, value: bytes) -> bytes:
    body = f" {key}=".encode() + value + b"\n"
    length = len(body)
    while length != len(body) + len(str(length)):
        length = len(body) + len(str(length))
    return str(length).encode() + body


FILE = tar_bytes({"attacks.py": b"x"})


@pytest.mark.parametrize(
    "content",
    [
        pax(record("comment", b"x" * 30_000_000)) + FILE,
        pax(record("a", b"b")) * 5000 + FILE,
        pax(record("size", b"-100000")) + FILE,
        pax(record("size", b"9" * 5000)) + FILE,
        pax(record("GNU.sparse.major", b"1") + record("GNU.sparse.minor", b"0"))
        + tar_bytes({"x": b"9999999\n" + b"0\n" * 600_000}),
        FILE[:1024] + b"\xff" * 512 + FILE,
    ],
    ids=["long header", "many headers", "negative", "huge", "sparse", "broken header"],
)
def test_a_tar_whose_headers_are_a_bomb(tmp_path, monkeypatch, content):
    monkeypatch.setattr(handed_in, "HEADERS", 100_000)
    (tmp_path / "alice.tar.gz").write_bytes(gzip.compress(content, 1))
    tracemalloc.start()
    problem = read(tmp_path / "alice.tar.gz").problem
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert problem.startswith("alice.tar.gz ")
    assert peak < 40_000_000


def test_global_headers_are_not_kept_for_every_file(tmp_path, little_memory):
    keys = b"".join(record(f"k{number}", b"v" * 20) for number in range(5000))
    files = {f"{number}.txt": b"" for number in range(500)}
    (tmp_path / "alice.tar").write_bytes(pax(keys, tarfile.XGLTYPE) + tar_bytes({**files, "attacks.py": b"x"}))
    assert only(read(tmp_path / "alice.tar")).source == "x"


def test_an_xz_that_wants_gigabytes_of_memory(tmp_path, monkeypatch):
    path = make_tar(tmp_path / "alice.tar.xz", {"attacks.py": b"x"})
    assert only(read(path)).source == "x"
    monkeypatch.setattr(handed_in, "MEMORY", 100_000)
    assert "alice.tar.xz cannot be unpacked: Memory usage limit exceeded" in read(path).problem


@pytest.mark.parametrize("seed", range(2))
def test_noise_is_told(tmp_path, seed):
    """Archives with bytes changed here and there: sentences, never an exception."""
    state = seed + 1
    for suffix in (".zip", ".tar"):
        path = make(tmp_path / f"alice{suffix}", {"attacks.py": b"x" * 700, "b/gan.ipynb": notebook("x")})
        content = path.read_bytes()[:4000]
        for _ in range(100):
            spoilt = bytearray(content)
            for _ in range(3):
                state = (state * 1103515245 + 12345) % 2**31
                spoilt[state % len(spoilt)] = struct.pack(">I", state)[1]
            path.write_bytes(spoilt)
            read(path)


# --- digests


def test_a_digest_is_of_content_alone(tmp_path):
    files = {"attacks.py": b"x = 1", "gan.ipynb": notebook("y")}
    digests = {read(make(tmp_path / f"a{suffix}", files)).digest for suffix in ("", *SUFFIXES)}
    moved = {f"deep/er/{name}": content for name, content in reversed(files.items())}
    digests.add(read(make_tar(tmp_path / "b.tar", {**moved, "other.py": b""})).digest)
    os.utime(tmp_path / "a" / "attacks.py", (0, 0))
    digests.add(read(tmp_path / "a").digest)
    digests.add(read_submission(tmp_path / "a", ["gan", "attacks"]).digest)
    assert len(digests) == 1
    assert digests.pop().startswith("sha256:")


def test_a_digest_tells_everything_apart_that_matters(tmp_path):
    """Content, unit, kind, line ends, what is broken and what is the matter with it."""
    same = notebook("x")
    submissions: list[Files] = [
        {},
        {"attacks.py": b""},
        {"attacks.py": b"x"},
        {"attacks.py": b"x\n"},
        {"attacks.py": b"x\r\n"},
        {"gan.py": b"x"},
        {"gan.py": b"x", "attacks.py": b"x"},
        {"attacks.py": same},
        {"attacks.ipynb": same},
        {"attacks.py": b"\xff"},
        {"attacks.py": b"\xff\0"},
        {"attacks.ipynb": b"{}"},
        {"attacks.ipynb": b"{ }"},
        {"a/attacks.py": b"1", "b/attacks.py": b"2"},
        {"a/attacks.py": b"1", "b/attacks.py": b"3"},
        {"Attacks.py": b"x"},
        {"alice.py": b"x"},
        {"x.zip": b""},
    ]
    digests = [read(make_folder(tmp_path / f"{n}", files)).digest for n, files in enumerate(submissions)]
    assert len(set(digests)) == len(submissions)


# --- names


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("class/alice", "alice"),
        ("class/alice/", "alice"),
        ("class/alice/.", "alice"),
        ("class/x/../alice", "alice"),
        ("class/alice.zip", "alice"),
        ("alice.tar.gz", "alice"),
        ("alice.TGZ", "alice"),
        ("alice.tar.bz2", "alice"),
        ("alice.tar.xz", "alice"),
        ("alice.tar", "alice"),
        ("alice.py", "alice"),
        ("alice.ipynb", "alice"),
        ("alice.v2", "alice.v2"),
        ("alice.py.zip", "alice.py"),
        ("Müller, Ana (2)", "Müller, Ana (2)"),
    ],
)
def test_a_submissions_name(path, name):
    assert submission_name(Path(path)) == name


def test_the_name_of_here(tmp_path, monkeypatch):
    make_folder(tmp_path / "alice", {"sub/x": b""})
    monkeypatch.chdir(tmp_path / "alice" / "sub")
    assert submission_name(Path("..")) == "alice"
    assert submission_name(Path()) == "sub"
    assert check_names([Path(".."), Path()]) == [tmp_path / "alice", tmp_path / "alice" / "sub"]


def refused(*paths: Path) -> str:
    with pytest.raises(SubmissionError) as raised:
        check_names(paths)
    return str(raised.value)


def test_two_of_one_name_are_refused_together(tmp_path):
    one, two = make_folder(tmp_path / "alice", {}), make_zip(tmp_path / "alice.zip", {})
    told = "would both be the submission 'alice'; rename one, or leave it out"
    assert refused(one, two) == f"{handed_in._shown(one)} and {handed_in._shown(two)} {told}"
    assert "would both be" in refused(one, one)
    assert check_names([one, make_folder(tmp_path / "Alice", {})]) == [one, tmp_path / "Alice"]


def test_a_missing_path_is_refused(tmp_path):
    assert refused(tmp_path / "nobody").endswith("nobody: there is no such file or folder")
    (tmp_path / "file").write_text("")
    assert refused(tmp_path / "file" / "x").endswith("x: there is no such file or folder")
    (tmp_path / "gone").symlink_to("nowhere")
    assert refused(tmp_path / "gone").endswith("gone: there is no such file or folder")
    (tmp_path / "round").symlink_to("round")
    assert "round: cannot be read" in refused(tmp_path / "round")


@pytest.mark.parametrize("name", [".zip", "a\nb", "a\x1b[0m", "\udcff", "x" * 231, "é" * 116])
def test_a_name_that_no_result_can_have_is_refused(tmp_path, name):
    make_folder(tmp_path / name, {})
    told = refused(tmp_path / name)
    assert told.isprintable()
    assert told.endswith("rename it")


def test_the_root_is_no_submission():
    assert refused(Path("/")) == "/: no result can be named ''; rename it"


@pytest.mark.parametrize(
    ("notebook", "file", "counts"),
    [
        ("def fgsm():\n    raise NotImplementedError()\n", "def fgsm():\n    return 1\n", "attacks.py"),
        ("def fgsm():\n    return 1\n", "def fgsm():\n    raise NotImplementedError()\n", "attacks.ipynb"),
        ("def fgsm():\n    return 1\n", "def fgsm():\n    return 2\n", ""),
        ("def fgsm():\n    return 1\n", "def fgsm(:\n", ""),
        ("def fgsm():\n    pass\n", "def fgsm():\n    raise NotImplementedError()\n", "attacks.ipynb"),
    ],
)
def test_of_two_files_the_one_that_was_worked_on_counts(tmp_path, notebook, file, counts):
    """A `.py` may lie beside an untouched notebook, and of two that were worked on nobody guesses."""
    cell = {"cell_type": "code", "metadata": {}, "source": notebook, "outputs": [], "execution_count": None}
    (tmp_path / "ada").mkdir()
    (tmp_path / "ada" / "attacks.ipynb").write_text(json.dumps({"cells": [cell], "nbformat": 4, "nbformat_minor": 5}))
    (tmp_path / "ada" / "attacks.py").write_text(file)
    found = read_submission(tmp_path / "ada", ["attacks"], {"attacks": ["fgsm"]}).files["attacks"]
    assert (found.name if not found.problem else "") == counts


def test_in_nbgraders_layout_a_submission_is_named_after_the_student(tmp_path):
    folder = tmp_path / "submitted" / "ada" / "attacks"
    folder.mkdir(parents=True)
    assert submission_name(folder) == "ada"
    assert submission_name(tmp_path / "submitted" / "ada") == "ada"
