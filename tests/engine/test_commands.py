"""`autograder check`, `watch` and `figure` on a small course, in processes of their own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from autograder.catalogue import load_course
from autograder.check_command import nodes, run
from autograder.watch import changed_exercises

HALVE = "\n\ndef halve(x):\n    return x / 2\n"


def test_check_judges_what_is_named(mini_course):
    """One exercise, a unit, or everything; exit status 0 only when every promise is kept."""
    mini_course.write("def double(x):\n    return (x * 2).detach()\n" + HALVE)
    result = mini_course.autograder("check", "halve")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "✓ halve" in result.stdout
    assert "✓ double" not in result.stdout
    assert mini_course.autograder("check").returncode == 0
    assert "did you mean 'halve'" in mini_course.autograder("check", "halv").stderr


def test_check_survives_a_process_that_ends(mini_course):
    """`os._exit` costs its own exercise; the rest is checked in a fresh process."""
    mini_course.write("import os\n\ndef double(x):\n    os._exit(0)\n" + HALVE)
    result = mini_course.autograder("check")
    assert result.returncode == 1
    assert "ended the whole process (exit code 0)" in result.stdout
    assert "✓ halve" in result.stdout


def test_check_kills_what_does_not_end(mini_course, capsys):
    """A loop that swallows every exception, the plugin's alarm too."""
    mini_course.write(
        """
        def double(x):
            while True:
                try:
                    while True:
                        pass
                except BaseException:
                    pass
        """
        + textwrap.indent(HALVE, " " * 8)
    )
    assert run(load_course(mini_course.root), (), grace=15.0) == 1
    said = capsys.readouterr().out
    assert "did not end within 15 s" in said
    assert "✓ halve" in said


def test_check_survives_an_import_that_hangs(mini_course):
    """The file's exercises time out, each with the same sentence."""
    mini_course.write("while True:\n    pass\n")
    toml = mini_course.root / "exercises" / "01_doubles" / "unit.toml"
    assert toml.is_file()
    result = mini_course.run(
        "-c",
        "import autograder.implementation as i, pathlib, sys;"
        "found = i.load_implementation(pathlib.Path('exercises/01_doubles/doubles.py'), seconds=0.5);"
        "print(found.hung, found.problem)",
    )
    assert result.stdout.strip() == "True running doubles.py did not end within 0.5 s"


def test_nodes_follow_the_course(mini_course):
    """Visible checks only, in the order of `unit.toml`."""
    found = nodes(load_course(mini_course.root), ("halve",))
    assert found == [
        "exercises/01_doubles/test_doubles.py::test_halve__is_half_as_much",
        "exercises/01_doubles/test_doubles.py::test_halve__takes_an_empty_batch",
    ]


@pytest.mark.parametrize(
    ("after", "names"),
    [
        ("def double(x):\n    return 3 * x\n\ndef halve(x):\n    return x / 2\n", ("double",)),
        ("def double(x):\n    return 2 * x  # better\n\ndef halve(x):\n    return x / 2\n", ()),
        ("import torch\n\ndef double(x):\n    return 2 * x\n\ndef halve(x):\n    return x / 2\n", ("double", "halve")),
        ("def double(x):\n    return 2 * x\n\ndef halve(x:\n    return x / 2\n", ("double", "halve")),
    ],
    ids=["one function", "a comment", "an import", "no Python"],
)
def test_a_save_checks_what_changed(mini_course, after, names):
    """The functions whose text changed; all of them when something around them did."""
    unit = load_course(mini_course.root).units[0]
    before = "def double(x):\n    return 2 * x\n\ndef halve(x):\n    return x / 2\n"
    assert changed_exercises(unit, before, after) == names


def test_watch_checks_what_is_saved(mini_course, tmp_path):
    """A save is answered, an endless one too, and Ctrl-C ends the watch."""
    said = tmp_path / "said.txt"
    with said.open("w") as out:
        watch = subprocess.Popen(
            [sys.executable, "-u", "-m", "autograder", "watch"],
            cwd=mini_course.root,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        assert _appears(said, "Ctrl-C ends")
        time.sleep(0.5)
        mini_course.write("def double(x):\n    return (3 * x).detach()\n")
        assert _appears(said, "three times as much")
        mini_course.write("def double(x):\n    return (2 * x).detach()\n")
        assert _appears(said, r"✓ double")
        os.kill(watch.pid, signal.SIGINT)
        assert watch.wait(20) == 0
        assert "The watch is over." in said.read_text()
    finally:
        if watch.poll() is None:
            os.killpg(watch.pid, signal.SIGKILL)
            watch.wait()


def _appears(file: Path, pattern: str, seconds: float = 40.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if re.search(pattern, file.read_text()):
            return True
        time.sleep(0.1)
    raise AssertionError(f"{pattern!r} did not appear in:\n{file.read_text()}")


def test_figures_are_drawn_by_the_students_functions(mini_course):
    """What is missing is named; what is there is drawn."""
    (mini_course.root / "exercises" / "01_doubles" / "figures.py").write_text(
        textwrap.dedent('''
        """Figures."""
        import torch
        from matplotlib.figure import Figure

        def figure_line(implementation):
            """A line."""
            figure = Figure()
            figure.add_subplot().plot(implementation.double(torch.arange(3.0)[:, None])[:, 0])
            return figure
        ''')
    )
    result = mini_course.autograder("figure", "doubles")
    assert "double" in result.stdout + result.stderr
    assert "not written yet" in result.stdout + result.stderr
    mini_course.write("def double(x):\n    return (2 * x).detach()\n")
    assert mini_course.autograder("figure", "double").returncode == 0
    drawn = mini_course.root / "build" / "figures" / "01_doubles" / "line.png"
    assert drawn.read_bytes()[:4] == b"\x89PNG"
