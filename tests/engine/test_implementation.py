"""A student's file, whatever is in it."""

from __future__ import annotations

import pytest

from autograder.errors import CallTimeout, CheckFailure, NotStarted
from autograder.implementation import load_implementation

GOOD = "\n\ndef good(x):\n    return x\n"


@pytest.fixture
def load(tmp_path):
    """Loads a file with this content."""

    def make(content, **options):
        path = tmp_path / "unit.py"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return load_implementation(path, **options)

    return make


def test_functions_are_found(load, tmp_path):
    """Also lambdas and imported ones; absent ones and stubs are not started."""
    found = load("from math import sqrt\nbad = lambda x: x\ndef stub(x):\n    raise NotImplementedError\n" + GOOD)
    assert found.function("good")(3) == 3
    assert found.function("bad")(3) == 3
    assert found.function("sqrt")(9) == 3
    for name in ("stub", "absent"):
        with pytest.raises(NotStarted):
            found.function(name)
    with pytest.raises(NotStarted):
        load_implementation(tmp_path / "none.py").function("good")


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        ("def bad(x:\n    return x\n", "line 1 of unit.py is no Python"),
        ("@staticmethod\ndef bad(x):\n    return x +\n", "line 3 of unit.py is no Python"),
        ("def bad(x):\n    return (x\n", "line 2 of unit.py is no Python"),
        ("def bad(x):\nreturn x\n", "line 2 of unit.py is no Python|line 1 of unit.py is no Python"),
        ("def bad(x):\n    '''never closed\n", "line 2 of unit.py is no Python"),
    ],
)
def test_one_function_that_does_not_parse_spares_the_others(load, bad, sentence):
    """Its own line is named."""
    found = load(bad + GOOD)
    with pytest.raises(CheckFailure, match=sentence):
        found.function("bad")
    assert found.function("good")(3) == 3


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"def good(x):\n    return '\xff'\n", r"unit.py is not UTF-8 \(byte"),
        (b"def good(x):\n    return 1\n\0", "holds zero bytes"),
        ("import nothing_of_this_name" + GOOD, "line 1 of unit.py raised ModuleNotFoundError"),
        ("raise SystemExit(3)" + GOOD, "line 1 of unit.py raised SystemExit"),
        ("x = = 3\n", "line 1 of unit.py is no Python"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(load, content, sentence):
    """One sentence for every function."""
    with pytest.raises(CheckFailure, match=sentence):
        load(content).function("good")


def test_a_file_that_does_not_end_is_stopped(load):
    """Its functions time out."""
    found = load("while True:\n    pass\n" + GOOD, seconds=0.2)
    with pytest.raises(CallTimeout, match=r"running unit.py did not end within 0.2 s"):
        found.function("good")


def test_a_byte_order_mark_is_no_mistake(load):
    """Some editors write one."""
    assert load(b"\xef\xbb\xbf" + GOOD.encode()).function("good")(1) == 1
