"""The command `autograder`: doors that open at once, and errors in one sentence."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from autograder.catalogue import load_course
from autograder.cli import commands
from autograder.progress import load_progress, record_verdicts
from autograder.status import missing, next_exercise, standings

PROMISES = ("is_twice_as_much", "leaves_everything_as_it_was", "treats_samples_alone")
SECOND_UNIT = """
title = "[Later] than the first, with a title that is far too long to fit into the columns that are left for it"
minutes = 100
source = "folklore"
prerequisites = ["doubles"]

[[exercise]]
name = "an_exercise_whose_name_is_long_but_not_too_long"
title = "Later"
lines = 1
returns = "float"
hints = ["Wait."]
visible = { is_late = 1 }
hidden = { is_later = 1 }
"""


@pytest.fixture
def run(mini_course, monkeypatch):
    """Runs a command in the course: exit status, stdout and stderr."""
    monkeypatch.chdir(mini_course.root)

    def run(*arguments: str) -> tuple[int, str, str]:
        result = CliRunner().invoke(commands, arguments)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, result.stdout, result.stderr

    return run


def see(course_files, exercise="double", **outcomes):
    """Notes verdicts, as a run of the checks does."""
    record_verdicts(
        course_files.root,
        [
            {"exercise": exercise, "file": str(course_files.file), "promise": name, "points": 1, "outcome": outcome}
            for name, outcome in outcomes.items()
        ],
    )


def add_second_unit(mini_course):
    """A unit after the first."""
    folder = mini_course.root / "exercises" / "02_later"
    folder.mkdir()
    (folder / "unit.toml").write_text(SECOND_UNIT)


def line_of(text: str, name: str) -> str:
    """The line of the status that begins with an exercise."""
    return next(" ".join(line.split()) for line in text.splitlines() if line[3:].strip("✓✗~· ").startswith(name))


def test_the_status_of_an_untouched_course(run):
    """Calm: what there is, and where to begin."""
    status, text, _ = run()
    assert status == 0
    assert line_of(text, "double") == "· double 0 / 4"
    assert "5 min" in text
    assert "0 of 2 exercises solved, 0 / 6 points" in text
    assert "Next: double in exercises/01_doubles/doubles.py" in text
    assert "read exercises/01_doubles/README.md, then: pytest exercises -k double" in text


def test_the_status_follows_the_work(run, mini_course):
    """Not checked, broken, changed since, partly checked, solved, and a stub again."""
    mini_course.write("def double(x):\n    return x\n")
    assert line_of(run()[1], "double") == "~ double 0 / 4 not checked yet"
    see(mini_course, **dict.fromkeys(PROMISES[1:], "passed"), is_twice_as_much="failed")
    assert line_of(run()[1], "double") == "✗ double 2 / 4 1 of 3 promises broken"
    assert "autograder hint double" in run()[1]
    mini_course.write("def double(x):\n    return 2 * x\n")
    assert line_of(run()[1], "double") == "~ double 2 / 4 changed since"
    see(mini_course, is_twice_as_much="passed")
    assert line_of(run()[1], "double") == "~ double 2 / 4 1 of 3 promises checked"
    see(mini_course, **dict.fromkeys(PROMISES, "passed"), agrees_with_the_reference="failed")
    text = run()[1]
    assert line_of(text, "double") == "✓ double 4 / 4"
    assert "1 of 2 exercises solved, 4 / 6 points" in text
    assert "Next: halve" in text
    mini_course.write("def double(x):\n    raise NotImplementedError\n")
    assert line_of(run()[1], "double") == "· double 0 / 4"


@pytest.mark.parametrize(
    ("outcome", "words"), [("timeout", "does not end"), ("crashed", "crashes"), ("broken", "our check is at fault")]
)
def test_the_status_tells_what_is_no_broken_promise(run, mini_course, outcome, words):
    """An endless loop, a crash, and our own faults."""
    mini_course.write("def double(x):\n    return x\n")
    see(mini_course, is_twice_as_much=outcome)
    assert line_of(run()[1], "double") == f"✗ double 0 / 4 {words}"


def test_what_is_next_follows_the_prerequisites(mini_course):
    """What was begun first; then what is ready."""
    add_second_unit(mini_course)
    course = load_course(mini_course.root)

    def now() -> list:
        return standings(course, load_progress(course.root))

    assert missing(course, course.units[1], now()) == ["doubles"]
    (course.units[1].module_path).write_text("def an_exercise_whose_name_is_long_but_not_too_long():\n    return 1.0\n")
    chosen = next_exercise(course, now())
    assert chosen is not None
    assert chosen.unit.name == "later"
    course.units[1].module_path.unlink()
    mini_course.write("def double(x):\n    return 2 * x\n\ndef halve(x):\n    return x / 2\n")
    see(mini_course, **dict.fromkeys(PROMISES, "passed"))
    see(mini_course, "halve", is_half_as_much="passed", takes_an_empty_batch="passed")
    assert missing(course, course.units[1], now()) == []
    chosen = next_exercise(course, now())
    assert chosen is not None
    assert chosen.unit.name == "later"
    assert next_exercise(course, [each for each in now() if each.state == "solved"]) is None


@pytest.mark.parametrize("columns", [80, 200, 60])
def test_the_status_fits(run, mini_course, monkeypatch, columns):
    """80 columns at most, fewer where there are fewer; long titles are cut."""
    monkeypatch.setenv("COLUMNS", str(columns))
    add_second_unit(mini_course)
    text = run()[1]
    assert "[Later]" in text
    table = text.split("exercises solved")[0]
    assert max(map(len, table.splitlines())) <= min(columns, 80)


def test_the_status_comes_at_once(mini_course):
    """Nothing heavy is imported, and nothing is left behind."""
    code = "import sys; from autograder.cli import commands; commands([], standalone_mode=False); "
    code += "print(*sys.modules, file=sys.stderr)"
    result = mini_course.run("-c", code)
    assert result.returncode == 0, result.stderr
    assert not {"torch", "hypothesis", "pytest", "numpy", "matplotlib"} & set(result.stderr.split())
    assert not (mini_course.root / ".autograder").exists()


def test_no_module_of_these_imports_anything_heavy():
    """Neither by itself nor through another."""
    names = ("cli", "status", "stubs", "forbidden", "progress", "reset", "scaffold", "sources", "files")
    code = f"import sys; import {', '.join(f'autograder.{name}' for name in names)}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"torch", "hypothesis", "pytest", "numpy", "matplotlib"} & set(loaded)


def test_hints_come_one_at_a_time(run):
    """Each says which it is; after the last it says so."""
    assert run("hint", "double", "--all-shown")[1].startswith("No hint was shown yet")
    assert run("hint", "double")[1] == "hint 1 of 3\n  How often?\n"
    assert run("hint", "double")[1] == "hint 2 of 3\n  Twice.\n"
    assert run("hint", "double", "--all-shown")[1] == "hint 1 of 3\n  How often?\nhint 2 of 3\n  Twice.\n"
    assert run("hint", "double")[1] == "hint 3 of 3, the last\n  Add it to itself.\n"
    assert run("hint", "double")[1].startswith("That was the last hint of 3")
    assert run("hint", "double", "--all-shown")[1].count("of 3") == 3


def test_reset_says_where_the_earlier_version_is(run, mini_course):
    """And does nothing where nothing is to be done."""
    mini_course.write("def double(x):\n    return x\n")
    kept = "exercises/01_doubles/doubles.before-reset-1.py"
    assert run("reset", "double")[1] == (
        f"double is the stub again in exercises/01_doubles/doubles.py; your version is {kept}.\n"
    )
    assert (mini_course.root / kept).read_text() == "def double(x):\n    return x\n"
    assert "nothing to keep" in run("reset", "double")[1]


def test_stubs_are_made_and_compared(run, mini_course):
    """`--check` writes nothing and ends with 1."""
    assert run("stubs", "--check") == (0, "Everything is up to date.\n", "")
    mini_course.file.unlink()
    assert run("stubs", "--check", "doubles")[:2] == (1, "out of date: exercises/01_doubles/doubles.py\n")
    assert not mini_course.file.exists()
    assert run("stubs")[:2] == (0, "written: exercises/01_doubles/doubles.py\n")
    mini_course.write("mine = 1\n")
    status, _, sentence = run("stubs")
    assert status == 2
    assert "holds edits that git does not" in sentence


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("hint", "duble"), "there is no unit or exercise 'duble'; did you mean 'double'?"),
        (("hint", "doubles"), "doubles is a unit; its exercises are double, halve"),
        (("reset", "halv"), "there is no unit or exercise 'halv'; did you mean 'halve'?"),
        (("check", "duble"), "there is no unit or exercise 'duble'; did you mean 'double'?"),
        (("stubs", "dubles"), "there is no unit or exercise 'dubles'; did you mean 'doubles'?"),
        (("hnt", "double"), "there is no command 'hnt'; did you mean 'hint'?"),
        (("xyzzy",), "there is no command 'xyzzy'; `autograder --help` lists them all"),
        (("new", "gan"), "'gan' is no name of a unit; wanted number and name in small letters, as in 04_gan"),
    ],
)
def test_errors_are_one_sentence(run, arguments, sentence):
    """On stderr, with exit status 2."""
    assert run(*arguments) == (2, "", sentence + "\n")


def test_outside_a_course_it_says_what_it_looked_for(run, monkeypatch, tmp_path_factory):
    """And where."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.chdir(elsewhere)
    for arguments in ((), ("hint", "double"), ("check",), ("stubs",)):
        status, text, sentence = run(*arguments)
        assert (status, text) == (2, "")
        assert sentence.startswith(f"{elsewhere}: no course here: wanted a folder `exercises/`")
        assert sentence.count("\n") == 1


def test_a_course_is_found_from_within(run, mini_course, monkeypatch):
    """Paths are as seen from there."""
    monkeypatch.chdir(mini_course.file.parent)
    assert "Next: double in doubles.py" in run()[1]


def test_a_broken_unit_is_told_with_file_and_key(run, mini_course):
    """Not as a traceback."""
    toml = mini_course.file.with_name("unit.toml")
    toml.write_text(toml.read_text().replace("minutes = 5", 'minutes = "five"'))
    status, _, sentence = run()
    assert status == 2
    assert sentence == f"{toml}: minutes: Expected `int`, got `str`\n"


@pytest.mark.parametrize("status", [0, 1])
def test_check_and_watch_end_as_what_they_delegate_to(run, monkeypatch, status):
    """The thin doors pass names in and the exit status out."""
    import autograder.check_command
    import autograder.watch

    asked = []
    monkeypatch.setattr(autograder.check_command, "run", lambda course, names: asked.append(names) or status)
    monkeypatch.setattr(autograder.watch, "run", lambda course: status)
    assert run("check", "double", "halve")[0] == status
    assert run("watch")[0] == status
    assert asked == [("double", "halve")]


def test_figures_are_told_one_by_one(run, monkeypatch):
    """Where they are, or why not; exit status 1 if there is none."""
    import autograder.figures
    from autograder.figures import Drawing

    def draw(course, name, *, reference, out):
        assert (name, reference, out) == ("doubles", True, Path("pictures"))
        yield Drawing("one", course.root / "one.png")
        yield Drawing("two", None, "it needs halve, which is not written yet")

    monkeypatch.setattr(autograder.figures, "draw", draw)
    told = "one: one.png\ntwo: it needs halve, which is not written yet\n"
    assert run("figure", "doubles", "--reference", "--out", "pictures") == (0, told, "")
    monkeypatch.setattr(autograder.figures, "draw", lambda *_, **__: iter([Drawing("two", None, "no")]))
    assert run("figure", "doubles")[0] == 1


def test_verify_counts_what_it_finds(run, monkeypatch):
    """Exit status 1 if there is anything."""
    import autograder.verify

    steps = [("a", []), ("b", [autograder.verify.Finding("here", "is wrong", "mend it")])]
    monkeypatch.setattr(autograder.verify, "verify", lambda course, *, training: iter(steps))
    assert run("verify")[:2] == (1, "✓ a\n✗ b\n    here: is wrong (mend: mend it)\n\n1 findings\n")
    monkeypatch.setattr(autograder.verify, "verify", lambda course, *, training: iter(steps[:1]))
    assert run("verify", "--no-training")[:2] == (0, "✓ a\n\nThe course holds.\n")


def test_a_terminal_without_our_letters_gets_others(mini_course, monkeypatch):
    """An ASCII terminal raises nothing."""
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    result = mini_course.autograder()
    assert result.returncode == 0, result.stderr
    assert "? double" in result.stdout
