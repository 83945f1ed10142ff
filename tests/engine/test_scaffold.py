"""A new unit holds from its first minute."""

from __future__ import annotations

import pytest

from autograder.catalogue import Course, load_course
from autograder.errors import TensorlingsError
from autograder.scaffold import new_unit


@pytest.fixture
def course(mini_course):
    """The course of one unit."""
    return load_course(mini_course.root)


def test_a_new_unit_passes_its_verification(course):
    """As it stands, beside another new one; nothing of a template is left in it."""
    from autograder.verify import verify

    made = [new_unit(course, "04_gan"), new_unit(load_course(course.root), "12_two_words")]
    assert "autograder verify" in made[0].advice
    for path in (path for each in made for path in each.paths if path.suffix != ".png"):
        assert "$" not in path.read_text() or path.name == "README.md"
        assert "${" not in path.read_text()
    renewed = load_course(course.root)
    ours = Course(renewed.root, tuple(unit for unit in renewed.units if unit.number in (4, 12)))
    assert [str(finding) for _, findings in verify(ours) for finding in findings] == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gan", "as in 04_gan"),
        ("4_gan", "as in 04_gan"),
        ("04_Gan", "as in 04_gan"),
        ("04_", "as in 04_gan"),
        ("04_../gan", "as in 04_gan"),
        ("04_class", "as in 04_gan"),
        ("01_gan", "number 01 is taken, by 01_doubles"),
        ("04_doubles", "name doubles is taken, in 01_doubles"),
        ("04_halve", "name halve is taken, in 01_doubles"),
    ],
)
def test_a_name_that_cannot_be_is_refused(course, name, message):
    """Nothing is written."""
    before = sorted(course.root.rglob("*"))
    with pytest.raises(TensorlingsError, match=message):
        new_unit(course, name)
    assert sorted(course.root.rglob("*")) == before


@pytest.mark.parametrize("folder", ["exercises", "solutions"])
def test_an_existing_folder_is_left_as_it_is(course, folder):
    """Also an empty one."""
    (course.root / folder / "04_gan").mkdir()
    before = sorted(course.root.rglob("*"))
    with pytest.raises(TensorlingsError, match=f"{folder}/04_gan is there already"):
        new_unit(course, "04_gan")
    assert sorted(course.root.rglob("*")) == before
