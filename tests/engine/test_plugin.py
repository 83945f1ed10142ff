"""`pytest exercises` as a student sees it."""

from __future__ import annotations

import xml.etree.ElementTree

import pytest

RIGHT = """
    def double(x):
        return (x * 2).detach()

    def halve(x):
        return x / 2
"""


def test_untouched_stubs_are_calm(mini_course):
    """No traceback, no wall of red: a table, what is next, exit status 1."""
    result = mini_course.pytest("exercises")
    assert result.returncode == 1
    assert "Traceback" not in result.stdout
    assert "Error" not in result.stdout
    assert "not started" in result.stdout
    assert "0 / 4" in result.stdout
    assert "Next: double in exercises/01_doubles/doubles.py" in result.stdout


def test_right_answers_get_all_points(mini_course):
    """Exit status 0 when every promise is kept."""
    mini_course.write(RIGHT)
    result = mini_course.pytest("exercises")
    assert result.returncode == 0, result.stdout
    assert "4 / 4" in result.stdout
    assert "2 / 2" in result.stdout


def test_references_get_all_points_hidden_checks_too(mini_course):
    """`--reference` judges the instructor's answers."""
    result = mini_course.pytest("exercises", "solutions", "--reference")
    assert result.returncode == 0, result.stdout
    assert "5 / 5" in result.stdout


@pytest.mark.parametrize("option", ["--loopback", "-n2", "-x", "-v"])
def test_other_ways_of_running_find_the_same(mini_course, option):
    """The wire's codec, xdist, -x and -v change nothing about the verdicts."""
    mini_course.write("def double(x):\n    return (3 * x).detach()\n")
    result = mini_course.pytest("exercises", option)
    assert result.returncode == 1
    assert "three times as much" in result.stdout
    assert "The answer is twice what came in." in result.stdout


def test_a_wrong_answer_is_explained(mini_course):
    """Promise, message, counterexample and the next hint's name."""
    mini_course.write("def double(x):\n    return (x * 2 + 1).detach()\n")
    result = mini_course.pytest("exercises")
    assert "The answer is twice what came in." in result.stdout
    assert "the call double(x=[[" in result.stdout
    assert "autograder hint double" in result.stdout
    assert "1 of 3 promises broken" in result.stdout
    assert "three times" not in result.stdout


def test_an_exception_names_the_line(mini_course):
    """The student's own line, not ours."""
    mini_course.write("def double(x):\n    y = x * 2\n    return y.nonsense()\n")
    result = mini_course.pytest("exercises", "-k", "is_twice")
    assert "line 3 of doubles.py raised AttributeError" in result.stdout


def test_a_side_effect_costs_its_own_promise_only(mini_course):
    """The caller's tensor is put back, so the other promises are judged as if it were untouched."""
    mini_course.write("def double(x):\n    return x.mul_(2).detach()\n")
    result = mini_course.pytest("exercises", "-k", "double")
    assert "3 / 4" in result.stdout
    assert "in place" in result.stdout


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("def double(x:\n    return 2\n\ndef halve(x):\n    return x / 2\n", "line 1 of doubles.py is no Python"),
        ("def double(x):\n    pass\n    return None\n\ndef halve(x):\n    return x / 2\n", "returned None"),
        ("def double(x):\n    return [x]\n\ndef halve(x):\n    return x / 2\n", "returned a list"),
        ("def double(x):\n    return x.numpy() * 2\n\ndef halve(x):\n    return x / 2\n", "numpy.ndarray"),
        ("def double():\n    return 2\n\ndef halve(x):\n    return x / 2\n", "cannot be called as"),
        (
            "def double(x):\n    print('x' * 10**7)\n    return 3 * x.detach()\n\ndef halve(x):\n    return x / 2\n",
            "twice",
        ),
        ("def double(x):\n    raise SystemExit\n\ndef halve(x):\n    return x / 2\n", "SystemExit"),
        ("import pytest\n\ndef double(x):\n    pytest.skip()\n\ndef halve(x):\n    return x / 2\n", "Skipped"),
    ],
    ids=["syntax", "none", "list", "numpy", "parameters", "prints", "exits", "skips"],
)
def test_bad_input_gets_a_verdict_and_the_rest_is_checked(mini_course, source, sentence):
    """One exercise fails with a sentence; the other keeps its points."""
    mini_course.write(source)
    result = mini_course.pytest("exercises")
    assert result.returncode == 1
    assert sentence in result.stdout
    assert "✓ halve" in result.stdout
    assert "Traceback" not in result.stdout
    assert len(result.stdout) < 10_000


def test_an_endless_loop_ends(mini_course):
    """A call has a limit of its own, and the rest is checked."""
    toml = mini_course.root / "exercises" / "01_doubles" / "unit.toml"
    toml.write_text(toml.read_text().replace('name = "double"', 'name = "double"\nseconds = 0.5'))
    mini_course.write("def double(x):\n    while True:\n        pass\n\ndef halve(x):\n    return x / 2\n")
    result = mini_course.pytest("exercises")
    assert "double did not return within 0.5 s" in result.stdout
    assert "does not end" in result.stdout
    assert "✓ halve" in result.stdout


def test_a_broken_unit_toml_is_told_and_spares_the_others(mini_course):
    """File and key, and exit status 2: that is no verdict."""
    second = mini_course.root / "exercises" / "02_broken"
    second.mkdir()
    (second / "unit.toml").write_text('title = "Broken"\nminutes = "many"\n')
    (second / "test_broken.py").write_text('"""Checks."""\n')
    mini_course.write(RIGHT)
    result = mini_course.pytest("exercises")
    assert result.returncode == 2
    assert "unit.toml: minutes: Expected `int`, got `str`" in result.stdout
    assert "4 / 4" in result.stdout


def test_a_check_at_fault_is_never_a_zero(mini_course):
    """Where the reference fails in the check itself, the check is broken."""
    test = mini_course.root / "exercises" / "01_doubles" / "test_doubles.py"
    test.write_text(test.read_text().replace("half + half, x", "half.nonsense(), x"))
    mini_course.write(RIGHT)
    result = mini_course.pytest("exercises")
    assert "our fault" in result.stdout
    assert result.returncode == 2


def test_junit_and_node_ids_work(mini_course):
    """What an IDE needs: one node id can be run, and junit tells passes from failures."""
    mini_course.write("def double(x):\n    return (3 * x).detach()\n")
    node = "exercises/01_doubles/test_doubles.py::test_double__is_twice_as_much"
    result = mini_course.pytest(node, "--junitxml=out.xml")
    assert "1 promises broken" in result.stdout
    suite = xml.etree.ElementTree.parse(mini_course.root / "out.xml").getroot()[0]
    assert suite.attrib["failures"] == "1"


def test_the_debugger_stops_in_the_students_code(mini_course):
    """`--pdb` opens where the student's line raised."""
    mini_course.write("def double(x):\n    mine = 'here I am'\n    return x.nonsense()\n")
    result = mini_course.run(
        "-c",
        "import subprocess, sys; print(subprocess.run([sys.executable, '-m', 'pytest', '--pdb', 'exercises', '-k',"
        " 'is_twice'], input='p mine\\nq\\n', capture_output=True, text=True).stdout)",
    )
    assert "here I am" in result.stdout


def test_inputs_of_grading_are_the_same_every_time(mini_course):
    """With a secret, two runs draw the same inputs."""
    (mini_course.root / "secret").write_text("a secret")
    mini_course.write(
        "def double(x):\n"
        "    with open('seen.txt', 'a') as file:\n        file.write(str(x.tolist()))\n    return 2 * x.detach()\n"
    )
    seen = []
    for _ in range(2):
        mini_course.pytest("exercises", "-k", "double", "--secret", "secret")
        seen.append((mini_course.root / "seen.txt").read_text())
        (mini_course.root / "seen.txt").unlink()
    assert seen[0] == seen[1]
    mini_course.pytest("exercises", "-k", "double")
    assert (mini_course.root / "seen.txt").read_text() != seen[0]
