"""A reset brings the stub back and loses nothing."""

from __future__ import annotations

import pytest

from autograder.catalogue import load_course
from autograder.errors import StubError, SubmissionError, UnknownName
from autograder.reset import reset
from autograder.stubs import still_a_stub

MINE = """import math


def helper(x):
    return x


# about double
@helper
@helper
def double(x):
    # mine
    return helper(2 * x)


# about halve
def halve(x):
    return x / 2
"""


@pytest.fixture
def course(mini_course):
    """The course of one unit."""
    return load_course(mini_course.root)


def test_only_the_function_is_replaced(mini_course, course):
    """Decorators go with it; all else stays, letter for letter, and the copy is the whole file."""
    mini_course.write(MINE)
    kept = reset(course, "double")
    assert kept is not None
    assert kept == mini_course.file.with_name("doubles.before-reset-1.py")
    assert kept.read_text() == MINE
    before, after = MINE.split("@helper\n@helper\ndef double(x):\n    # mine\n    return helper(2 * x)\n")
    text = mini_course.file.read_text()
    assert text.startswith(before + "def double(x: Tensor) -> Tensor:\n")
    assert text.endswith('raise NotImplementedError("double is not written yet")\n' + after)
    assert still_a_stub(text, "double")
    assert not still_a_stub(text, "halve")


@pytest.mark.parametrize("name", ["doubles", "01_doubles"])
def test_a_unit_is_replaced_whole(mini_course, course, name):
    """By the pristine stub."""
    mini_course.write(MINE)
    kept = reset(course, name)
    assert kept is not None
    assert kept.read_text() == MINE
    assert mini_course.file.read_bytes() == mini_course.file.with_name(".stub.py").read_bytes()


@pytest.mark.parametrize(
    "source",
    ["", "import math\n", "import math", "double = lambda x: x\n", "def double(x):\n    return x\n\ndouble = abs\n"],
    ids=["empty", "absent", "no last end of line", "no def", "bound again"],
)
def test_an_absent_function_is_appended(mini_course, course, source):
    """Where the file has no such function, or binds its name again."""
    mini_course.write(source)
    reset(course, "double")
    text = mini_course.file.read_text()
    assert still_a_stub(text, "double")
    assert text.endswith('raise NotImplementedError("double is not written yet")\n')
    assert source.partition("\n")[0].startswith("def") or text.startswith(source.strip())


def test_other_ends_of_lines_and_marks_stay(mini_course, course):
    """A file from an editor on Windows stays one."""
    mini_course.file.write_bytes(b"\xef\xbb\xbf" + MINE.replace("\n", "\r\n").encode())
    reset(course, "double")
    content = mini_course.file.read_bytes()
    assert content.startswith(b"\xef\xbb\xbfimport math\r\n")
    assert content.count(b"\n") == content.count(b"\r\n")
    assert still_a_stub(content.decode("utf-8-sig"), "double")


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"def double(x:\n    return 1\n", r"line 1 of .*doubles\.py is no Python"), (b"x = '\xff'\n", "is not UTF-8")],
    ids=["no Python", "no UTF-8"],
)
def test_a_file_that_cannot_be_read_is_reset_whole_or_not_at_all(mini_course, course, content, message):
    """It says so, and offers the whole unit."""
    mini_course.file.write_bytes(content)
    with pytest.raises(SubmissionError, match=message + ".*autograder reset doubles"):
        reset(course, "double")
    assert mini_course.file.read_bytes() == content
    assert not list(mini_course.file.parent.glob("*before*"))
    kept = reset(course, "doubles")
    assert kept is not None
    assert kept.read_bytes() == content


def test_numbers_are_never_used_again(mini_course, course):
    """Also where a copy was thrown away, and where what was kept of the progress is lost."""
    names = []
    for text in "abc":
        mini_course.write(f"# {text}\n")
        kept = reset(course, "doubles")
        assert kept is not None
        names.append(kept.name)
        kept.unlink()
    assert names == [f"doubles.before-reset-{number}.py" for number in (1, 2, 3)]
    (mini_course.file.parent / "doubles.before-reset-9.py").touch()
    (course.root / ".autograder" / "progress.json").unlink()
    mini_course.write("# d\n")
    assert reset(course, "doubles") == mini_course.file.with_name("doubles.before-reset-10.py")


def test_there_may_be_nothing_to_do(mini_course, course):
    """No copy of a stub is kept, and an absent file is made."""
    assert reset(course, "double") is None
    assert reset(course, "doubles") is None
    mini_course.file.unlink()
    assert reset(course, "double") is None
    assert mini_course.file.read_bytes() == mini_course.file.with_name(".stub.py").read_bytes()
    assert not list(mini_course.file.parent.glob("*before*"))


def test_what_is_not_there_is_told(mini_course, course):
    """An unknown name, and a stub that is missing."""
    with pytest.raises(UnknownName, match="did you mean 'double'"):
        reset(course, "duble")
    mini_course.file.with_name(".stub.py").unlink()
    mini_course.write(MINE)
    with pytest.raises(StubError, match=r"\.stub\.py is missing"):
        reset(course, "double")
    assert mini_course.file.read_text() == MINE
