"""What was seen is kept, whatever else happens to the file."""

from __future__ import annotations

import json
import multiprocessing
import resource

import pytest

from autograder.progress import load_progress, record_verdicts, take_backup_number, take_hint

SOURCE = "def double(x):\n    return 2 * x\n\ndef halve(x):\n    return x / 2\n"


def judged(file, exercise="double", **outcomes):
    """What the plugin notes of checks, as far as it is kept."""
    return [
        {"exercise": exercise, "file": str(file), "promise": promise, "points": 2, "outcome": outcome}
        for promise, outcome in outcomes.items()
    ]


@pytest.fixture
def file(tmp_path):
    """A student's file."""
    path = tmp_path / "doubles.py"
    path.write_text(SOURCE)
    return path


def test_nothing_was_seen_at_first(tmp_path):
    """And looking leaves nothing behind."""
    assert load_progress(tmp_path).exercises == {}
    assert list(tmp_path.iterdir()) == []


def test_a_verdict_is_kept(tmp_path, file):
    """Points, maximum and outcomes, by exercise."""
    record_verdicts(tmp_path, [*judged(file, a="passed", b="failed"), *judged(file, "halve", a="passed")])
    seen = load_progress(tmp_path).exercises
    assert (seen["double"].points, seen["double"].max_points) == (2, 4)
    assert {name: check.outcome for name, check in seen["double"].checks.items()} == {"a": "passed", "b": "failed"}
    assert (seen["halve"].points, seen["halve"].max_points) == (2, 2)


def test_a_part_of_the_checks_updates_that_part(tmp_path, file):
    """As long as the function is the same; another function is judged anew."""
    record_verdicts(tmp_path, judged(file, a="passed", b="failed"))
    record_verdicts(tmp_path, judged(file, b="passed"))
    assert load_progress(tmp_path).exercises["double"].points == 4
    file.write_text(SOURCE.replace("x / 2", "0.5 * x"))
    record_verdicts(tmp_path, judged(file, a="passed"))
    assert load_progress(tmp_path).exercises["double"].points == 4
    file.write_text(SOURCE.replace("2 * x", "x + x"))
    record_verdicts(tmp_path, judged(file, a="passed"))
    seen = load_progress(tmp_path).exercises["double"]
    assert list(seen.checks) == ["a"]


def test_hints_come_one_at_a_time(tmp_path):
    """And end; each exercise has its own."""
    assert [take_hint(tmp_path, "double", 3) for _ in range(5)] == [1, 2, 3, None, None]
    assert take_hint(tmp_path, "halve", 3) == 1
    assert load_progress(tmp_path).hints == {"double": 3, "halve": 1}


def test_numbers_of_backups_are_never_given_twice(tmp_path):
    """Also where the copies are gone."""
    assert [take_backup_number(tmp_path, "doubles", least) for least in (1, 1, 7, 1)] == [1, 2, 7, 8]


BROKEN = {
    "cut off": b'{"schema": 1, "exercises": {',
    "empty": b"",
    "another schema": b'{"schema": 2}',
    "another type": b'{"schema": 1, "hints": {"double": "many"}}',
    "a list": b"[]",
    "no UTF-8": b'{"hints": {"\xff": 1}}',
    "deep": b"[" * 100_000,
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_put_aside(tmp_path, content):
    """It starts afresh, and what was there can still be looked at."""
    path = tmp_path / ".autograder" / "progress.json"
    path.parent.mkdir()
    for number in (1, 2):
        path.write_bytes(content)
        assert load_progress(tmp_path).hints == {}
        assert path.read_bytes() == content
        assert take_hint(tmp_path, "double", 3) == 1
        assert path.with_name(f"progress.broken-{number}.json").read_bytes() == content
        assert load_progress(tmp_path).hints == {"double": 1}


def test_a_folder_in_its_place_is_put_aside(tmp_path):
    """Whatever is there."""
    (tmp_path / ".autograder" / "progress.json").mkdir(parents=True)
    assert take_hint(tmp_path, "double", 3) == 1
    assert take_hint(tmp_path, "double", 3) == 2


def test_a_disk_that_cannot_be_written_spoils_nothing(tmp_path, file):
    """A verdict is worth more than its record. No byte fits into any file here, root's neither."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        record_verdicts(tmp_path, judged(file, a="passed"))
        assert take_hint(tmp_path, "double", 3) == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert load_progress(tmp_path).exercises == {}


def test_a_file_in_the_place_of_the_folder_spoils_nothing(tmp_path, file):
    """Nothing is kept, and nothing raised."""
    (tmp_path / ".autograder").write_text("mine")
    record_verdicts(tmp_path, judged(file, a="passed"))
    assert load_progress(tmp_path).exercises == {}
    assert (tmp_path / ".autograder").read_text() == "mine"


def _take_many(root, exercise):
    for _ in range(40):
        take_hint(root, exercise, 1000)


def test_two_processes_lose_nothing(tmp_path):
    """Each waits for the other; the file is whole at any time."""
    context = multiprocessing.get_context("fork")
    children = [context.Process(target=_take_many, args=(tmp_path, name)) for name in ("a", "a", "b")]
    for child in children:
        child.start()
    while any(child.is_alive() for child in children):
        path = tmp_path / ".autograder" / "progress.json"
        if path.exists():
            json.loads(path.read_text())
    assert load_progress(tmp_path).hints == {"a": 80, "b": 40}
    assert not list(tmp_path.glob(".autograder/*broken*"))
