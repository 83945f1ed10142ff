"""A class from the command line to its results: marks, resumption, and what one bad submission costs the others."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from autograder.catalogue import Course, load_course
from autograder.cli import commands
from autograder.errors import CallTimeout, UnknownName
from autograder.grading.grade import Tally, Wanted, chosen_units, grade, processors
from autograder.grading.results import CheckResult, ExerciseResult, Result, read_result, read_results
from autograder.packing import pack
from autograder.sandbox.workers import Sandbox, strongest_isolation
from tests.grading.needs import needs_bubblewrap
from tests.grading.processes import alive, descendants, worked

ROOT = Path(__file__).parent.parent.parent
SECRET = b"sixteen bytes or more"
DOUBLE = "def double(x):\n    return (x + x).detach()\n"
HALVE = "def halve(x):\n    return x / 2\n"
TRIPLE = "def double(x):\n    return (3 * x).detach()\n"
ALL = {"double": 5.0, "halve": 3.0}


@pytest.fixture
def course(mini_course: Any) -> Course:
    """The small course; its functions get one second."""
    toml = mini_course.root / "exercises" / "01_doubles" / "unit.toml"
    toml.write_text(toml.read_text().replace("lines = 1\n", "lines = 1\nseconds = 1\n"))
    return load_course(mini_course.root)


@pytest.fixture
def hand_in(tmp_path: Path) -> Callable[[Mapping[str, str]], list[Path]]:
    """Writes submissions of the unit `doubles`, each a folder, and says where they are."""

    def write(sources: Mapping[str, str]) -> list[Path]:
        for name, source in sources.items():
            folder = tmp_path / "class" / name
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "doubles.py").write_text(textwrap.dedent(source), encoding="utf-8")
        return [tmp_path / "class" / name for name in sources]

    return write


def graded(course: Course, paths: list[Path], out: Path, **others: Any) -> Tally:
    return grade(course, Wanted(paths, out, **{"secret": SECRET, **others}))


def timeless(result: Result) -> Result:
    """The result without seconds."""
    exercises = [
        msgspec.structs.replace(
            each, checks=tuple(msgspec.structs.replace(check, seconds=0.0) for check in each.checks)
        )
        for each in result.exercises
    ]
    return msgspec.structs.replace(result, seconds=0.0, exercises=tuple(exercises))


def exercise_of(result: Result, name: str) -> ExerciseResult:
    (found,) = [each for each in result.exercises if each.name == name]
    return found


def points(result: Result) -> dict[str, float]:
    return {each.name: each.score for each in result.exercises}


def failing(result: Result, name: str) -> list[CheckResult]:
    return [check for check in exercise_of(result, name).checks if check.outcome != "passed"]


@needs_bubblewrap
def test_references_earn_everything_and_stubs_nothing(tmp_path):
    """Also where the class knows both units, and a submission only one."""
    for name, source in (("reference", "solutions"), ("stub", "exercises")):
        (tmp_path / name).mkdir()
        for unit in ("01_generalization", "03_generators"):
            module = f"{unit[3:]}.py"
            shutil.copy(ROOT / source / unit / module, tmp_path / name / module)
    alone = tmp_path / "alone.zip"
    shutil.make_archive(str(alone.with_suffix("")), "zip", tmp_path / "reference", "generalization.py")
    tally = graded(
        load_course(ROOT),
        [tmp_path / "reference", tmp_path / "stub", alone],
        tmp_path / "out",
        units=["generalization", "generators"],
        jobs=2,
    )
    reference, stub, alone_result = (tally.results[name] for name in ("reference", "stub", "alone"))
    assert [check.message for each in reference.exercises for check in failing(reference, each.name)] == []
    assert (reference.score, stub.score, alone_result.score) == (reference.max_score, 0.0, 32.0)
    assert {each.status for each in stub.exercises} == {"not_started"}
    assert reference.max_score == stub.max_score == alone_result.max_score == 69.5
    assert {each.isolation for each in tally.results.values()} == {"bubblewrap"}


@needs_bubblewrap
def test_marks_do_not_depend_on_jobs_or_order(course, hand_in, tmp_path):
    """The same submissions get the same results, but for the seconds."""
    paths = hand_in({"good": DOUBLE + HALVE, "wrong": TRIPLE + HALVE, "half": HALVE, "empty": ""})
    first = graded(course, paths, tmp_path / "one")
    second = graded(course, paths[::-1], tmp_path / "two", jobs=2)
    assert [first.results[path.name].score for path in paths] == [8.0, pytest.approx(4.0, abs=1.0), 3.0, 0.0]
    for path in paths:
        assert timeless(first.results[path.name]) == timeless(second.results[path.name])
        assert timeless(read_result(tmp_path / "one" / f"{path.name}.json")) == timeless(first.results[path.name])
    known = exercise_of(first.results["wrong"], "double")
    assert (known.misconception, known.explanation) == (
        "triples",
        "It gives three times as much; two times are wanted.",
    )


@needs_bubblewrap
def test_only_what_changed_is_judged_again(course, hand_in, tmp_path):
    """Nothing has changed: nothing is judged. A file has: it is. The secret has: all are."""
    paths, out = hand_in({"ada": DOUBLE + HALVE, "ben": HALVE}), tmp_path / "out"
    assert sorted(graded(course, paths, out).fresh) == ["ada", "ben"]
    before = {path.name: path.stat().st_mtime_ns for path in out.glob("*.json")}
    again = graded(course, paths, out)
    assert (again.fresh, len(again.results)) == ([], 2)
    assert {path.name: path.stat().st_mtime_ns for path in out.glob("*.json")} == before

    hand_in({"ben": DOUBLE + HALVE})
    changed = graded(course, paths, out)
    assert (changed.fresh, changed.results["ben"].score) == (["ben"], 8.0)
    (out / "ada.json").write_bytes(b"")  # as after a power failure
    assert graded(course, paths, out).fresh == ["ada"]
    assert sorted(graded(course, paths, out, secret=SECRET[::-1]).fresh) == ["ada", "ben"]


@needs_bubblewrap
def test_one_bad_function_costs_one_exercise(course, hand_in, tmp_path):
    """Whatever it does; the other function of the same file is judged, and other submissions are not touched."""
    bad = {
        "syntax": "def double(x):\n    return (x +\n",
        "endless": "def double(x):\n    while True:\n        pass\n",
        "stubborn": """
            def double(x):
                while True:
                    try:
                        while True:
                            pass
                    except BaseException:
                        pass
            """,
        "exit": "import os\ndef double(x):\n    os._exit(0)\n",
        "hog": """
            import torch
            def double(x):
                held = [x]
                while True:
                    held.append(torch.empty(1 << 28))
            """,
        "processes": "import os\ndef double(x):\n    while True:\n        os.fork()\n",
    }
    sources = {name: f"{textwrap.dedent(source)}\n{HALVE}" for name, source in bad.items()}
    tally = graded(course, hand_in({**sources, "good": DOUBLE + HALVE}), tmp_path / "out", jobs=2)
    spared = {name: [check.message for check in failing(result, "halve")] for name, result in tally.results.items()}
    assert spared == {name: [] for name in (*bad, "good")}
    assert {name: points(result) for name, result in tally.results.items()} == {
        **{name: {"double": 0.0, "halve": 3.0} for name in bad},
        "good": ALL,
    }
    assert (tally.unjudged, tally.unreadable, tally.broken) == ([], [], [])
    told = {name: {check.outcome for check in failing(tally.results[name], "double")} for name in bad}
    assert told["syntax"] == {"failed"}
    assert told["endless"] == {"timeout"}
    assert told["stubborn"] <= {"timeout", "crashed"}
    assert told["exit"] == {"crashed"}
    assert told["hog"] <= {"failed", "crashed"}
    assert told["processes"] <= {"failed", "crashed", "timeout"}
    assert {exercise_of(result, "double").misconception for result in tally.results.values()} == {None}
    (sentence,) = {check.message for check in failing(tally.results["syntax"], "double")}
    assert sentence == "line 2 of doubles.py is no Python ('(' was never closed): return (x +"


@needs_bubblewrap
def test_a_check_at_fault_counts_for_nobody(course, hand_in, tmp_path, monkeypatch):
    """It is an alarm, ends with 1, and takes no points from anybody; once mended, its submissions are judged again."""
    path = course.root / "exercises" / "01_doubles" / "test_doubles.py"
    right = path.read_text()
    path.write_text(right.replace("assert_close(half + half", "assert_close(half + 1 / 0"))
    (good,) = hand_in({"good": DOUBLE + HALVE})
    ended = run(monkeypatch, course, good, "--out", tmp_path / "out")
    result = read_result(tmp_path / "out" / "good.json")
    assert ended.exit_code == 1
    assert "a check is at fault, and counts for nobody: halve__is_half_as_much" in ended.stderr
    assert (result.score, result.max_score, exercise_of(result, "halve").status) == (7.0, 7.0, "broken")
    assert "at fault" in (tmp_path / "out" / "report.html").read_text()
    path.write_text(right)
    assert run(monkeypatch, course, good, "--out", tmp_path / "out").exit_code == 0
    assert read_result(tmp_path / "out" / "good.json").score == 8.0


def run(monkeypatch: pytest.MonkeyPatch, course: Course, *arguments: str | Path) -> Any:
    """`autograder grade` in the course."""
    monkeypatch.chdir(course.root)
    return CliRunner().invoke(commands, ["grade", *map(str, arguments)])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["missing"], "missing"),
        (["a/ada", "b/ada.zip"], "ada"),
        (["a/ada", "--units", "dubles"], "did you mean"),
        (["a/ada", "--units", "double"], "--units takes names of units"),
        (["a/ada", "--secret", "short"], "a secret has at least 16"),
        (["a/ada", "--secret", "nowhere"], "cannot be read"),
    ],
)
def test_what_cannot_begin_says_why(course, tmp_path, monkeypatch, arguments, sentence):
    """One sentence, exit 2, and nothing is written."""
    (course.root / "a" / "ada").mkdir(parents=True)
    (course.root / "a" / "ada" / "doubles.py").write_text(DOUBLE)
    shutil.make_archive(str(course.root / "b" / "ada"), "zip", course.root / "a" / "ada")
    (course.root / "short").write_text("123")
    ended = run(monkeypatch, course, *arguments, "--out", tmp_path / "out")
    assert ended.exit_code == 2
    assert sentence in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1
    assert not list(tmp_path.glob("out/*"))


def test_a_misspelt_unit_is_recognised(course):
    """The nearest name is suggested."""
    with pytest.raises(UnknownName, match="did you mean 'doubles'"):
        graded(course, [course.root], course.root / "out", units=["doubels"])


def test_without_bubblewrap_it_refuses_and_helps(course, hand_in, tmp_path, monkeypatch):
    """It says how to get it, and what the other choice is."""
    monkeypatch.setenv("PATH", str(tmp_path))
    ended = run(monkeypatch, course, *hand_in({"ada": DOUBLE}), "--out", tmp_path / "out")
    assert ended.exit_code == 2
    assert "apt install bubblewrap" in ended.stderr
    assert "--isolation none" in ended.stderr
    assert not list(tmp_path.glob("out/*.json"))


def test_no_isolation_is_said(course, hand_in, tmp_path, monkeypatch):
    """On the command line, in the result and in the report; limits hold all the same."""
    paths = hand_in({"ada": DOUBLE + HALVE, "exit": f"import os\ndef double(x):\n    os._exit(0)\n{HALVE}"})
    ended = run(monkeypatch, course, *paths, "--out", tmp_path / "out", "--isolation", "none")
    assert ended.exit_code == 0
    assert "Isolation was none" in ended.stderr
    results = {each.submission: each for each in read_results(tmp_path / "out")}
    assert {name: each.score for name, each in results.items()} == {"ada": 8.0, "exit": 3.0}
    assert {each.isolation for each in results.values()} == {"none"}
    assert "judged without isolation" in (tmp_path / "out" / "report.html").read_text()


@needs_bubblewrap
def test_an_unreadable_archive_stops_nobody(course, hand_in, tmp_path, monkeypatch):
    """The others are judged; it ends with 2; all have a page."""
    (broken := tmp_path / "ben.zip").write_bytes(b"PK\3\4 and no more")
    ended = run(monkeypatch, course, broken, *hand_in({"ada": DOUBLE + HALVE}), "--out", tmp_path / "out")
    assert ended.exit_code == 2
    assert "could not be read: ben: ben.zip" in ended.stderr
    assert {each.submission: each.score for each in read_results(tmp_path / "out")} == {"ada": 8.0, "ben": 0.0}
    assert {path.name for path in (tmp_path / "out" / "feedback").iterdir()} == {"ada.html", "ben.html"}


@needs_bubblewrap
def test_ctrl_c_leaves_whole_results_and_the_rest_for_later(course, hand_in, tmp_path):
    """It ends with 130, and nothing that it started lives on; a second run keeps what there is."""
    slow = f"import time\ndef double(x):\n    time.sleep(0.02)\n    return (2 * x).detach()\n{HALVE}"
    paths, out = hand_in({f"student_{number}": slow for number in range(8)}), tmp_path / "out"
    command = [sys.executable, "-m", "autograder", "grade", *map(str, paths), "--out", str(out)]
    process = subprocess.Popen(command, cwd=course.root, text=True, stderr=subprocess.PIPE)
    end = time.monotonic() + 120
    while not list(out.glob("*.json")) and time.monotonic() < end:
        time.sleep(0.02)
    started = descendants(process.pid)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Stopped; the same command does the rest." in errors
    assert started
    end = time.monotonic() + 10
    while any(alive(each) for each in started) and time.monotonic() < end:
        time.sleep(0.05)
    assert not [each for each in started if alive(each)]
    kept = {each.submission for each in read_results(out)}
    assert 0 < len(kept) < 8
    secret = (course.root / ".autograder" / "secret").read_bytes()
    tally = graded(course, paths, out, secret=secret, jobs=2)
    assert {each.score for each in tally.results.values()} == {8.0}
    assert {*tally.fresh} | kept == {path.name for path in paths}
    assert not {*tally.fresh} & kept


@needs_bubblewrap
def test_a_worker_that_is_let_go_is_gone():
    """However busy it is, and whatever it has started: its keeper may end it, though its user is another one."""
    source = "import os\ndef double(x):\n    os.fork()\n    while True:\n        pass\n"
    with Sandbox(strongest_isolation([])) as sandbox:
        worker = sandbox.worker()
        worker.exchange(pack({"do": "load", "file": "a.py", "source": source, "names": ["double"], "seconds": 5}))
        call = {"do": "call", "name": "double", "arguments": {}, "args": (1,), "kwargs": {}, "facts": {}}
        with pytest.raises(CallTimeout):
            worker.exchange(pack({**call, "seconds": 60.0}), seconds=1)
        end = time.monotonic() + 20
        while (busy := _busy()) and time.monotonic() < end:
            pass
        assert not busy


def _busy() -> list[int]:
    """Processes that this one started and that compute just now."""
    before = {each: worked(each) for each in descendants(os.getpid())}
    time.sleep(1)
    return [each for each, ticks in before.items() if worked(each) > ticks]


def test_a_unit_that_bears_an_exercises_name_can_be_chosen():
    whole = load_course(ROOT)
    assert [unit.name for unit in chosen_units(whole, ["adversarial_training"])] == ["adversarial_training"]
    with pytest.raises(UnknownName, match="fgsm is an exercise"):
        chosen_units(whole, ["fgsm"])


def test_judges_share_the_processors_only_if_they_want_them_all(monkeypatch):
    """Each has one of its own then; where some would be idle, or can't be told apart, the kernel chooses."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {5, 3}, raising=False)
    assert list(processors(1)) == [None]
    assert list(processors(2)) == [3, 5]
    assert list(processors(3)) == [3, 5, 3]
    monkeypatch.delattr(os, "sched_getaffinity")
    assert list(processors(2)) == [None, None]
