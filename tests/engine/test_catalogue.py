"""`unit.toml`: validated, typed, and told by file and key where it is broken."""

from __future__ import annotations

import pytest

from autograder.catalogue import find_course, load_course
from autograder.errors import CourseError, UnknownName
from tests.conftest import UNIT_TOML


@pytest.fixture
def unit_toml(mini_course):
    """The mini course's `unit.toml`."""
    return mini_course.root / "exercises" / "01_doubles" / "unit.toml"


def test_a_course_is_read_whole(mini_course):
    """Units, exercises and points as written."""
    course = load_course(mini_course.root)
    unit, exercise = course.find("double")
    assert (unit.number, unit.name, unit.folder) == (1, "doubles", "01_doubles")
    assert exercise is not None
    assert exercise.promises["is_twice_as_much"] == 2
    assert list(exercise.promises)[-1] == "agrees_with_the_reference"
    assert course.find("01_doubles") == course.find("doubles") == (unit, None)


def test_an_unknown_name_suggests_the_nearest(mini_course):
    """A typo is answered with what was probably meant."""
    with pytest.raises(UnknownName, match="did you mean 'double'"):
        load_course(mini_course.root).find("duoble")


def test_a_course_is_found_from_below(mini_course, tmp_path_factory):
    """From any folder of it; elsewhere a sentence says what was wanted."""
    assert find_course(mini_course.file.parent) == mini_course.root.resolve()
    with pytest.raises(CourseError, match="wanted a folder `exercises/`"):
        find_course(tmp_path_factory.mktemp("elsewhere"))


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("minutes = 5", 'minutes = "five"', r"unit.toml: minutes: Expected `int`, got `str`"),
        ("minutes = 5", "minutes = 0", r"unit.toml: minutes: is 0; wanted a positive number"),
        ("minutes = 5", "minutes = 5\ncolour = 'red'", r"unit.toml: top level: .*unknown field `colour`"),
        ("minutes = 5", "minutes = = 5", r"unit.toml: is no TOML"),
        ('title = "Twice as much"\n', "", r"unit.toml: exercise\[\.*0?\.*\]: .*missing required field `title`"),
        ("lines = 1", "lines = -1", r"unit.toml: exercise\[0\].lines: is -1"),
        ("is_twice_as_much = 2", "is_twice_as_much = 0", r"exercise\[0\].visible.is_twice_as_much: is worth 0"),
        ("is_twice_as_much = 2", "'is twice' = 2", r"exercise\[0\].visible.is twice: is no name of a promise"),
        ('name = "halve"', 'name = "double"', r"unit.toml: name: double is taken already"),
        ('"Add it to itself."', '""', r"exercise\[0\].hints: double wants at least one hint, and none empty"),
        (
            'source = "folklore"',
            'source = "folklore"\nprerequisites = ["trebles"]',
            r"prerequisites: there is no trebles",
        ),
    ],
)
def test_a_broken_file_names_file_and_key(mini_course, unit_toml, old, new, sentence):
    """One sentence that says where."""
    assert old in UNIT_TOML
    unit_toml.write_text(UNIT_TOML.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(CourseError, match=sentence):
        load_course(mini_course.root)


def test_text_that_is_not_utf8_is_told(mini_course, unit_toml):
    """With the byte where it stops being text."""
    unit_toml.write_bytes(b'title = "\xff"')
    with pytest.raises(CourseError, match="is not UTF-8"):
        load_course(mini_course.root)


def test_an_exercise_may_bear_its_units_name(mini_course):
    """The name alone means the exercise, the folder's name the unit."""
    stub = mini_course.root / "exercises" / "01_doubles" / "unit.toml"
    stub.write_text(stub.read_text(encoding="utf-8").replace('name = "double"', 'name = "doubles"'), encoding="utf-8")
    course = load_course(mini_course.root)
    unit, exercise = course.find("doubles")
    assert exercise is not None
    assert course.find("01_doubles") == (unit, None)
