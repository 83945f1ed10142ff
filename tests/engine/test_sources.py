"""Students' files are read without being run."""

from __future__ import annotations

import textwrap

import pytest

from autograder.sources import digest, is_written, reached, read_text

STUBS = {
    "absent": "x = 1",
    "empty file": "",
    "raises": "def f(x):\n    raise NotImplementedError('f is not written yet')",
    "raises the class": "def f(x):\n    raise NotImplementedError",
    "after a docstring": "def f(x):\n    '''Doc.'''\n    raise NotImplementedError()",
    "with code that is never reached": "def f(x):\n    raise NotImplementedError\n    return x",
    "pass": "def f(x):\n    pass",
    "dots": "def f(x):\n    '''Doc.'''\n    ...",
    "docstring alone": "def f(x):\n    '''Doc.'''",
    "decorated": "@d\ndef f(x):\n    pass",
    "defined again as a stub": "def f(x):\n    return x\ndef f(x):\n    pass",
    "mentioned only": "# def f(x)\ng = 'def f(x)'\ndef ff(x):\n    return x",
    "a method": "class A:\n    def f(self):\n        return 1",
    "beside what does not parse": "def f(x):\n    pass\n\ndef g(x:\n    return x",
    "an attribute": "import a\na.f = 3",
    "annotated only": "f: int",
}
WRITTEN = {
    "returns": "def f(x):\n    return x",
    "pass, then more": "def f(x):\n    pass\n    return None",
    "raises something else": "def f(x):\n    raise ValueError",
    "raises later": "def f(x):\n    y = 1\n    raise NotImplementedError",
    "reraises": "def f(x):\n    raise",
    "lambda": "f = lambda x: x",
    "imported": "from helpers import f",
    "renamed": "import helpers as f",
    "class": "class f:\n    pass",
    "in a branch": "if True:\n    def f(x):\n        return x\nelse:\n    f = None",
    "in a try": "try:\n    pass\nexcept E:\n    from a import f",
    "async": "async def f(x):\n    return x",
    "defined again": "def f(x):\n    pass\ndef f(x):\n    return x",
    "not parsing": "def f(x:\n    return x",
    "beside what does not parse": "def g(x:\n    return x\n\n@d\n@e\ndef f(x):\n    return x",
    "after what does not parse": "x = = 1\n\ndef f(x):\n    return x",
    "assigned in a tuple": "f, g = 1, 2",
}


@pytest.mark.parametrize("source", STUBS.values(), ids=STUBS)
def test_a_stub_is_recognised(source):
    """Nothing was written."""
    assert not is_written(source, "f")


@pytest.mark.parametrize("source", WRITTEN.values(), ids=WRITTEN)
def test_an_answer_is_recognised(source):
    """Something was written, right or wrong."""
    assert is_written(source, "f")


REACHING = """
    import math
    SCALE = 2

    def f(x):
        return helper(x) * SCALE

    def helper(x):
        return math.exp(f(x)) + Tool().use(x)

    class Tool:
        def use(self, x):
            return 1

    def other(x):
        return f(x)
"""


def test_what_a_function_reaches():
    """Helpers, constants and classes, in any order; no imports, nothing else."""
    lines = sorted(node.lineno for node in reached(textwrap.dedent(REACHING), "f"))
    assert lines == [3, 5, 8, 11]


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("SCALE = 2", "SCALE = 3", False),
        ("return 1", "return 2", False),
        ("* SCALE", "*  SCALE  # twice", True),
        ("def other(x):", "def another(x):", True),
        ("import math", "import math\n    import torch", True),
    ],
)
def test_a_digest_follows_what_matters(old, new, same):
    """Comments, layout and other functions do not."""
    before = digest(textwrap.dedent(REACHING), "f")
    assert before
    assert (digest(textwrap.dedent(REACHING.replace(old, new)), "f") == before) == same


def test_digests_of_what_is_absent_or_broken():
    """Empty where there is nothing; a broken function has one, too."""
    assert digest("x = 1", "f") == ""
    assert digest("def f(x:\n    return 1", "f") != digest("def f(x:\n    return 2", "f") != ""


def test_any_file_can_be_read(tmp_path):
    """Absent, no UTF-8, a byte order mark, other ends of lines: text comes back."""
    assert read_text(tmp_path / "absent.py") == ""
    (tmp_path / "a.py").write_bytes(b"\xef\xbb\xbfx = 1\r\ny = '\xff'\r\n")
    assert read_text(tmp_path / "a.py") == "x = 1\ny = '\ufffd'\n"


@pytest.mark.parametrize(
    "source", ["x = '\\d'\ndef f():\n    return 1", "(" * 5000, "\0", "def f():\n\tif x:\n        y"]
)
def test_odd_text_neither_raises_nor_warns(source, recwarn):
    """Whatever a student saves."""
    is_written(source, "f")
    digest(source, "f")
    assert not recwarn.list
