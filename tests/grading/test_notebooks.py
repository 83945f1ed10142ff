"""A notebook's code becomes one module, and a broken notebook one sentence."""

from __future__ import annotations

import ast
import json
import sys
import time

import pytest

from autograder.errors import SubmissionError
from autograder.grading import notebooks
from autograder.grading.notebooks import notebook_source, utf8_text


def code(source: object, **metadata: object) -> dict[str, object]:
    return {"cell_type": "code", "metadata": metadata, "source": source, "outputs": [], "execution_count": None}


def notebook(*cells: object, **more: object) -> bytes:
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": list(cells), **more}).encode()


def of_cell(text: str) -> str:
    """What one cell becomes, without its mark."""
    mark, _, rest = notebook_source(notebook(code(text)), "attacks.ipynb").partition("\n")
    assert mark == "# %% cell 1"
    return rest.removesuffix("\n")


def run(text: str) -> dict[str, object]:
    names: dict[str, object] = {}
    exec(compile(notebook_source(notebook(code(text)), "attacks.ipynb"), "attacks", "exec"), names)
    return names


def sentence(data: bytes) -> str:
    with pytest.raises(SubmissionError) as raised:
        notebook_source(data, "attacks.ipynb")
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_code_cells_in_order_counted_as_a_person_counts_them():
    """Markdown counts for nothing; cells left out keep their number."""
    grading = {"grade": True, "solution": False, "grade_id": "fgsm", "points": 3}
    data = notebook(
        {"cell_type": "markdown", "metadata": {}, "source": "# Title"},
        code("a = 1"),
        code("assert a == 2", nbgrader=grading),
        code(["b = [\n", "  2,\n", "]"]),
        {"cell_type": "raw", "metadata": {}, "source": "raw"},
        code("1 / 0", tensorlings={"skip": True}),
        code("c = 3", nbgrader={**grading, "solution": True}),
    )
    expected = "# %% cell 1\na = 1\n\n# %% cell 3\nb = [\n  2,\n]\n\n# %% cell 5\nc = 3\n"
    assert notebook_source(data, "attacks.ipynb") == expected


@pytest.mark.parametrize(
    "metadata",
    [
        {"nbgrader": {"grade": False, "solution": True}},
        {"nbgrader": {"grade": "yes", "solution": False}},
        {"nbgrader": [True]},
        {"tensorlings": {"skip": 1}},
        {"tensorlings": "skip"},
        {"tags": ["anything"]},
    ],
)
def test_other_metadata_leaves_a_cell_in(metadata):
    assert "a = 1" in notebook_source(notebook(code("a = 1", **metadata)), "attacks.ipynb")


@pytest.mark.parametrize("metadata", [None, 3, "x", ["nbgrader"]])
def test_metadata_of_a_wrong_kind_is_none(metadata):
    cell = {"cell_type": "code", "metadata": metadata, "source": "a = 1"}
    assert notebook_source(notebook(cell), "attacks.ipynb") == "# %% cell 1\na = 1\n"


@pytest.mark.parametrize(
    ("cell", "module"),
    [
        ("%matplotlib inline\nx = 1", "# %matplotlib inline\nx = 1"),
        ("!pip install 'torch\nx = 1", "# !pip install 'torch\nx = 1"),
        ("!!ls\nx = 1", "# !!ls\nx = 1"),
        ("!pip install \\\n    torch \\\n    numpy\nx = 1", "# !pip install \\\n#     torch \\\n#     numpy\nx = 1"),
        ("files = !ls *.py\nx = 1", "files = None  # !ls *.py\nx = 1"),
        ("a.b[0] = %pwd", "a.b[0] = None  # %pwd"),
        ("?print\nx = 1", "# ?print\nx = 1"),
        ("torch.optim.SGD??\nx = 1", "# torch.optim.SGD??\nx = 1"),
        ("if True:\n    %pip install x\nx = 1", "if True:\n    pass  # %pip install x\nx = 1"),
        ("def f():\n\t!ls\n\treturn 1", "def f():\n\tpass  # !ls\n\treturn 1"),
        ("%time x = f(1)", "x = f(1)"),
        ("loss = %time f(1)", "loss = f(1)"),
        ("%timeit f(1)", "# %timeit f(1)"),
        ("%time", "# %time"),
        ("%%bash\nrm -rf /\necho 'hi", "# %%bash"),
        ("\n%%writefile attacks.py\nx = 1", "\n# %%writefile attacks.py"),
        ("%%time\nx = 1", "# %%time\nx = 1"),
        ("%%capture out\n\n%%timeit -n 3\nx = 1", "# %%capture out\n\n# %%timeit -n 3\nx = 1"),
        ("%%prun\n!ls\nx = 1", "# %%prun\n# !ls\nx = 1"),
        ("%%time\n%%html\n<b>", "# %%time\n# %%html"),
        ("    x = 1\n    %who\n    y = 2", "x = 1\npass  # %who\ny = 2"),
        ("x = 1\r\n%who\r\n", "x = 1\n# %who\n"),
    ],
)
def test_what_only_ipython_runs_is_out_of_the_way(cell, module):
    assert of_cell(cell) == module
    ast.parse(of_cell(cell))


@pytest.mark.parametrize(
    "cell",
    [
        'text = """\n%matplotlib inline\n!ls\nhelp?\n"""',
        "x = (7\n%2)",
        "x = 7 \\\n%2",
        "x = 1  # why?\n# %who\n# !ls",
        "from a import b",
        "async def f():\n    await g()\n    async with h():\n        pass",
        "",
        "\n\n",
    ],
)
def test_python_stays_as_it_is(cell):
    assert of_cell(cell) == cell


@pytest.mark.parametrize(
    "inside",
    [
        'a = """\n%magic\n!ls\n"""',
        "a = '''\n\"\"\" %x\n%magic\n'''",
        'a = """ \\""" \n%magic\n"""',
        "a = ('(' # (\n%2, ')',\n'''\n!x''')",
        "a = 'it\\'s'\nb = r'\\d'",
        "a = f'{1}' '''x'''\nb = 'a\\\n!b'",
        "a = [\n  7\n  %2\n]",
        'print("x = !ls")\na = "%s?" \\\n%1',
    ],
)
def test_a_magic_beside_them_leaves_strings_and_brackets_alone(inside):
    """A cell that does not parse is gone through line by line, but not through its strings."""
    assert of_cell(f"%matplotlib inline\n{inside}\n!ls") == f"# %matplotlib inline\n{inside}\n# !ls"


def test_a_cell_that_is_no_python_stays_and_is_told_by_its_line():
    source = notebook_source(notebook(code("a = 1"), code("def f(:\n    return 1"), code("b = 2")), "attacks.ipynb")
    assert source == "# %% cell 1\na = 1\n\n# %% cell 2\ndef f(:\n    return 1\n\n# %% cell 3\nb = 2\n"
    with pytest.raises(SyntaxError) as raised:
        ast.parse(source)
    assert raised.value.lineno == 5


def test_the_students_error_is_told_and_not_the_magic_above_it():
    assert of_cell("%matplotlib inline\ndef f(:\n  pass") == "# %matplotlib inline\ndef f(:\n  pass"


@pytest.mark.parametrize(
    ("cell", "module"),
    [
        ("await f()\nx = 1", "pass\nx = 1"),
        ("y = await f()\nx = 1", "y = None\nx = 1"),
        ("x = 1; await f()", "x = 1; pass"),
        ("y = await f(\n  1,\n); x = 1", "y = None; x = 1\n\n"),
        ("async with f() as g:\n    y = 2\nx = 1", "pass\n\nx = 1"),
        ("y = [a async for a in b()]\nx = 1", "y = None\nx = 1"),
        ("ε = 'é'; await f(); x = 1", "ε = 'é'; pass; x = 1"),
    ],
)
def test_a_wait_outside_functions_does_not_cost_the_module(cell, module):
    assert of_cell(cell) == module
    assert run(cell)["x"] == 1


def test_future_imports_move_to_the_top():
    data = notebook(code("import math"), code("from __future__ import annotations; import re\ndef f(x: Unknown): ..."))
    source = notebook_source(data, "attacks.ipynb")
    assert source.startswith("from __future__ import annotations\n\n# %% cell 1\nimport math\n")
    assert "pass; import re\n" in source
    exec(compile(source, "attacks", "exec", dont_inherit=True), {})


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (b"", "attacks.ipynb is no notebook: it is empty"),
        (b" \n", "attacks.ipynb is no notebook: it is empty"),
        (b'{"cells": [', "attacks.ipynb is no notebook: it is no JSON (Expecting value: line 1 column 12"),
        (b"<<<<<<< HEAD\n{}", "it is no JSON"),
        (b"[]", "its JSON is no object"),
        (b"{}", "it has no list of cells"),
        (b'{"cells": {"0": 1}}', "it has no list of cells"),
        (notebook("x"), "number 1 of its cells is no object"),
        (notebook(code("a"), code(3)), "the source of code cell 2 is no text"),
        (notebook(code(["a", None])), "the source of code cell 1 is no text"),
        (notebook(code({"a": "b"})), "the source of code cell 1 is no text"),
        (b"[" * 200_000, "nested too deeply"),
        (b'{"cells": ' * 200_000, "nested too deeply"),
        (b'{"nbformat": "four", "cells": []}', "its format has no version"),
        (b'{"nbformat": -1e999, "cells": []}', "its format has no version"),
        (b'{"cells": []}'.decode().encode("utf-16"), "attacks.ipynb is UTF-16; save it as UTF-8"),
        (b'{"cells": "\xff"}', "attacks.ipynb is not UTF-8 (byte 11); save it as UTF-8"),
        (notebook(code("a = '\0'")), "holds zero bytes"),
        (b'{"cells": [{"cell_type": "code", "source": "a = \'\\ud800\'"}]}', "which is half a character"),
        (b'{"nbformat": 4, "cells": [' + b"{}," * 2_000_000 + b"{}]}", "holds more than 3,000,000 values"),
        (notebook(code("a = 1\n" * 200_000)), "attacks.ipynb holds 1.2 MB of code; at most 1 MB is read"),
        (notebook(*[code("")] * 100_000), "attacks.ipynb holds 1.1 MB of code; at most 1 MB is read"),
    ],
)
def test_what_is_no_notebook_is_told_in_a_sentence(data, wanted):
    assert wanted in sentence(data)


def test_what_json_forbids_and_jupyter_writes_is_no_problem():
    """NaN in an output, a byte order mark, a huge number in metadata, an unknown kind of cell, no metadata at all."""
    cell = '{"cell_type": "code", "source": "a = 1", "outputs": [{"data": {"x": [NaN, Infinity]}}]}'
    text = f'{{"nbformat": 4, "metadata": {{"x": 1e400}}, "cells": [{{"cell_type": "heading"}}, {cell}]}}'
    assert notebook_source(text.encode("utf-8-sig"), "attacks.ipynb") == "# %% cell 1\na = 1\n"
    assert notebook_source(b'{"cells": [{"cell_type": "code"}]}', "attacks.ipynb") == "# %% cell 1\n\n"
    assert notebook_source(b'{"cells": []}', "attacks.ipynb") == ""


def test_ten_thousand_cells():
    cells = [code(f"%time x{number} = {number}" if number % 2 else f"x{number} = 0") for number in range(10_000)]
    started = time.perf_counter()
    source = notebook_source(notebook(*cells), "attacks.ipynb")
    assert time.perf_counter() - started < 10
    assert source.count("# %% cell ") == 10_000
    assert source.endswith("# %% cell 10000\nx9999 = 9999\n")


@pytest.mark.parametrize(
    "text", ["x" + ".y" * 100_000, "(" * 5000, "-" * 100_000 + "1", "a" + "+a" * 499_000, "%x\n" + "[" * 5000]
)
def test_code_that_breaks_the_parser_breaks_nothing_else(text):
    assert of_cell(text) in (text, f"# {text}")


@pytest.mark.parametrize("line", ["a" + " " * 200_000 + "b = ", "x" * 200_000 + "!", "[" * 200_000 + "?"])
def test_long_lines_take_no_long_time(line):
    started = time.perf_counter()
    assert of_cell(f"!ls\n{line}") == f"# !ls\n{line}"
    assert time.perf_counter() - started < 5


VERSION_3 = {
    "nbformat": 3,
    "nbformat_minor": 0,
    "metadata": {"name": ""},
    "worksheets": [
        {
            "metadata": {},
            "cells": [
                {"cell_type": "heading", "level": 1, "metadata": {}, "source": ["Old"]},
                {
                    "cell_type": "code",
                    "collapsed": False,
                    "input": ["a = 1\n", "%pylab"],
                    "language": "python",
                    "metadata": {},
                    "outputs": [],
                    "prompt_number": 1,
                },
            ],
        }
    ],
}


def test_an_old_notebook_is_read_where_nbformat_is():
    pytest.importorskip("nbformat")
    source = notebook_source(json.dumps(VERSION_3).encode(), "attacks.ipynb")
    assert source == "# %% cell 1\na = 1\n# %pylab\n"


@pytest.mark.parametrize("data", [{**VERSION_3, "worksheets": 3}, {**VERSION_3, "nbformat": 99}, {"nbformat": 1}])
def test_a_broken_old_notebook_is_a_sentence(data):
    """With nbformat and without."""
    assert sentence(json.dumps(data).encode()).startswith("attacks.ipynb ")


def test_an_old_notebook_without_nbformat_is_a_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "nbformat", None)
    told = sentence(json.dumps(VERSION_3).encode())
    assert told.startswith("attacks.ipynb has notebook format 3, which takes nbformat to read; open it")


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("x = 'ε'\r\ny = 2\rz".encode(), "x = 'ε'\ny = 2\nz"),
        ("x = 1\n".encode("utf-8-sig"), "x = 1\n"),
        (b"", ""),
    ],
)
def test_text_is_utf8_with_plain_lines(data, text):
    assert utf8_text(data, "a.py") == text


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (b"x = 1 # \xe9\n", "a.py is not UTF-8 (byte 8); save it as UTF-8"),
        ("x = é".encode("utf-8-sig") + b"\xff", "a.py is not UTF-8 (byte 9); save it as UTF-8"),
        ("x = 1".encode("utf-16"), "a.py is UTF-16; save it as UTF-8"),
        (b"\xfe\xff\0x", "a.py is UTF-16; save it as UTF-8"),
        ("x = 1".encode("utf-32"), "a.py is UTF-32; save it as UTF-8"),
        (b"x = 1\n\0", "a.py holds zero bytes (the first is character 6); it is no text"),
    ],
)
def test_text_that_is_none_is_told_in_a_sentence(data, wanted):
    with pytest.raises(SubmissionError) as raised:
        utf8_text(data, "a.py")
    assert str(raised.value) == wanted


def test_the_limit_is_on_code_and_not_on_outputs():
    """Pictures in a notebook cost nobody marks."""
    cell = {**code("a = 1"), "outputs": [{"data": {"image/png": "A" * (notebooks.MOST_CODE + 1)}}]}
    assert notebook_source(notebook(cell), "attacks.ipynb") == "# %% cell 1\na = 1\n"
