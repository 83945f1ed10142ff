"""Stubs follow their references and never cost a student's work."""

from __future__ import annotations

import ast
import inspect
import subprocess
import textwrap

import pytest

from autograder.catalogue import load_course
from autograder.errors import StubError
from autograder.stubs import BEGIN, END, Written, make_stub, still_a_stub, stub_signatures, write_stubs

REFERENCE = textwrap.dedent('''
    """A unit."""

    import torch

    LIMIT = 3


    ### BEGIN SOLUTION
    def _helper(x):
        return x


    ### END SOLUTION


    @decorated
    def first(x, *, low=0.0):
        """First.

        It is documented.
        """
        ### BEGIN SOLUTION
        if x:
            return _helper(x)  # why
        return low
        ### END SOLUTION


    class Shown:
        def method(self):
            ### BEGIN SOLUTION
            return 1
            ### END SOLUTION


    def second(x):
        ### BEGIN SOLUTION
        def inner(y):
            return y

        return inner(x)
        ### END SOLUTION
''').lstrip()

STUB = textwrap.dedent('''
    """A unit."""

    import torch

    LIMIT = 3


    @decorated
    def first(x, *, low=0.0):
        """First.

        It is documented.
        """
        raise NotImplementedError("first is not written yet")


    class Shown:
        def method(self):
            raise NotImplementedError("method is not written yet")


    def second(x):
        raise NotImplementedError("second is not written yet")
''').lstrip()


def test_bodies_become_a_raise_and_helpers_disappear():
    """All else stays, letter for letter."""
    assert make_stub(REFERENCE, "unit.py") == STUB
    assert make_stub(REFERENCE.replace("\n", "\r\n"), "unit.py") == STUB
    assert still_a_stub(STUB, "first")
    assert still_a_stub(STUB, "second")
    assert not still_a_stub(REFERENCE, "first")


def test_no_solution_no_change():
    """A file without regions is its own stub; so is a stub."""
    assert make_stub(STUB, "unit.py") == STUB


BODY = "def f(x):\n    ### BEGIN SOLUTION\n    return x\n    ### END SOLUTION\n"
ERRORS = {
    "nested": (BODY.replace("    return x", "    ### BEGIN SOLUTION\n    return x"), "unit.py:3: .*begins within"),
    "no end": ("def f(x):\n    ### BEGIN SOLUTION\n    return x\n", "unit.py:2: .*does not end"),
    "no begin": ("def f(x):\n    return x\n    ### END SOLUTION\n", "unit.py:3: .*not begun"),
    "empty": ("def f(x):\n    ### BEGIN SOLUTION\n    # later\n    ### END SOLUTION\n    pass\n", "unit.py:2: .*empty"),
    "empty helper": ("x = 1\n### BEGIN SOLUTION\n\n### END SOLUTION\n", "unit.py:2: .*empty"),
    "misspelt begin": (BODY.replace("### BEGIN", "## BEGIN"), "unit.py:2: a marker is"),
    "misspelt both": (BODY.replace("###", "#").replace("SOLUTION", "SOLUTON"), "unit.py:2: a marker is"),
    "lower case": (BODY.replace(BEGIN, "# begin solution").replace(END, "# end solution"), "unit.py:2: a marker is"),
    "code beside": (BODY.replace("    return x\n    ### END", "    return x  ### END"), "unit.py:3: a marker is"),
    "other indentation": (BODY.replace("    ### END", "### END"), "unit.py:4: .*not indented"),
    "half a body": (BODY.replace("(x):\n", "(x):\n    y = 1\n"), "unit.py:3: .*whole body"),
    "rest of a body": (BODY + "    return 2\n", "unit.py:2: .*whole body"),
    "two bodies": (
        "def f(x):\n    ### BEGIN SOLUTION\n    return x\n\ndef g(x):\n    return x\n    ### END SOLUTION\n",
        "unit.py:2: .*whole body",
    ),
    "not a function": ("if x:\n    ### BEGIN SOLUTION\n    y = 1\n    ### END SOLUTION\n", "unit.py:2: .*whole body"),
    "body at the left margin": (BODY.replace("    ###", "###"), "unit.py:2: .*whole functions"),
    "no Python": ("def f(x:\n    pass\n", "unit.py:1: the reference is no Python"),
    "marker in a string": (
        "def f():\n    '''\n    ### BEGIN SOLUTION\n    '''\n",
        "unit.py: a marker is left in line 3",
    ),
}


@pytest.mark.parametrize(("source", "message"), ERRORS.values(), ids=ERRORS)
def test_markers_out_of_order_are_told_with_file_and_line(source, message):
    """Nothing of an answer can be left by mistake."""
    with pytest.raises(StubError, match=message):
        make_stub(source, "unit.py")


def test_signatures_are_those_that_python_sees():
    """Kinds, names, defaults and order; nothing is run."""
    source = "def f(a, /, b: int, c=(1, -2.5), *d, e, g=None, **h) -> None: ...\ndef k(x=1 / 255, *, y=torch.pi): ...\n"
    found = stub_signatures(source)
    assert str(found["f"]) == "(a, /, b: 'int', c=(1, -2.5), *d, e, g=None, **h) -> 'None'"
    namespace: dict = {}
    exec(source.split("\n")[0], namespace)
    wanted = inspect.signature(namespace["f"]).parameters.values()
    mine = found["f"].parameters.values()
    assert [(p.name, p.kind, p.default) for p in mine] == [(p.name, p.kind, p.default) for p in wanted]
    assert [p.default for p in found["k"].parameters.values()] == [Written("1 / 255"), Written("torch.pi")]
    assert str(found["k"]) == "(x=1 / 255, *, y=torch.pi)"
    with pytest.raises(StubError, match="no Python"):
        stub_signatures("def f(")


def git(root, *arguments):
    """Runs git without anybody's configuration."""
    who = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false", "-c", "core.hooksPath=/dev/null"]
    subprocess.run(["git", "-C", str(root), *who, *arguments], check=True, capture_output=True)


@pytest.fixture
def reference(mini_course):
    """The reference of a course whose stubs are up to date."""
    return mini_course.root / "solutions" / "01_doubles" / "doubles.py"


def test_stubs_are_written_once(mini_course):
    """Both copies, and nothing the second time."""
    pristine = mini_course.file.with_name(".stub.py")
    assert mini_course.file.read_text() == pristine.read_text()
    ast.parse(pristine.read_text())
    course = load_course(mini_course.root)
    assert write_stubs(course) == []
    assert write_stubs(course, check=True) == []


def test_an_untouched_file_follows_its_reference(mini_course, reference):
    """Also without git: what differs from no stub can be lost by nobody."""
    reference.write_text(reference.read_text().replace("Twice `x`", "Two times `x`"))
    course = load_course(mini_course.root)
    before = mini_course.file.read_text()
    outdated = [mini_course.file.with_name(".stub.py"), mini_course.file]
    assert write_stubs(course, check=True) == outdated
    assert mini_course.file.read_text() == before
    assert write_stubs(course) == outdated
    assert "Two times `x`" in mini_course.file.read_text()


def test_edits_that_git_does_not_hold_are_never_overwritten(mini_course, reference):
    """Without a repository, untracked, and changed since the commit; committed ones may be."""
    course = load_course(mini_course.root)
    mini_course.write("def double(x):\n    return 1\n")
    reference.write_text(reference.read_text().replace("Twice `x`", "Two times `x`"))
    pristine = mini_course.file.with_name(".stub.py").read_text()

    def refuses() -> None:
        before = mini_course.file.read_text()
        with pytest.raises(StubError, match=r"doubles\.py holds edits .* commit them"):
            write_stubs(course)
        assert mini_course.file.read_text() == before
        assert mini_course.file.with_name(".stub.py").read_text() == pristine

    refuses()
    git(mini_course.root, "init")
    refuses()
    git(mini_course.root, "add", ".")
    refuses()
    git(mini_course.root, "commit", "-m", "mine")
    mini_course.write("def double(x):\n    return 2\n")
    refuses()
    git(mini_course.root, "commit", "-am", "mine too")
    write_stubs(course)
    assert "Two times `x`" in mini_course.file.read_text()


def test_units_without_a_reference_are_left_alone(mini_course, reference):
    """As they are in what students get."""
    reference.unlink()
    mini_course.write("mine = 1\n")
    assert write_stubs(load_course(mini_course.root)) == []
    assert mini_course.file.read_text() == "mine = 1\n"
