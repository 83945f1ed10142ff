"""A notebook's code as one module: cell after cell, and one that fails costs only what it alone would have defined."""

from __future__ import annotations
import __future__

import ast
import re
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from autograder.errors import CallTimeout
from autograder.limits import time_limit

MARK = re.compile(r"^# %% cell (\d+)$", re.MULTILINE)
ALTOGETHER = 3  # times the limit of one cell that all of them may take; then only definitions are run
_DEFINITION = re.compile(r"^(?:async\s+)?def\s+(\w+)", re.MULTILINE)
_DEFINING = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
_UNUSABLE = (SyntaxError, ValueError, RecursionError, MemoryError)


class _Shell:
    """What `get_ipython()` gives: it does nothing, whatever it is asked."""

    def __getattr__(self, name: str) -> object:
        return lambda *args, **kwargs: None


def place(path: Path, source: str, line: int) -> str:
    """Where a line is, as a person would look for it: "line 3 of gan.py", "line 2 of cell 4 of gan.ipynb"."""
    if path.suffix == ".ipynb":
        before = [found for found in MARK.finditer(source) if source.count("\n", 0, found.start()) + 1 < line]
        if before:
            first = source.count("\n", 0, before[-1].start()) + 1
            return f"line {line - first} of cell {before[-1][1]} of {path.name}"
    return f"line {line} of {path.name}"


def run_cells(source: str, path: Path, module: ModuleType, *, seconds: float) -> dict[str, str]:
    """Runs the cells of `source` in `module`, each for itself.

    Args:
        source: a notebook's code, its cells begun by lines `# %% cell N`.
        path: of the notebook, for messages.
        module: where the cells run; it gets `display` and `get_ipython`, which do nothing.
        seconds: how long one cell may take.

    Returns:
        A sentence for each function that a cell should have defined and did not.
    """
    module.__dict__.update(display=lambda *args, **kwargs: None, get_ipython=_Shell)
    problems: dict[str, str] = {}
    left = ALTOGETHER * seconds
    for line, text, flags in _cells(source):
        started = time.monotonic()
        sentence = _run(text, line, flags, path, module, source, min(seconds, left))
        left -= time.monotonic() - started
        if sentence:
            lost = [name for name in _DEFINITION.findall(text) if not callable(module.__dict__.get(name))]
            problems.update(dict.fromkeys(lost, sentence))
    return {name: why for name, why in problems.items() if not callable(module.__dict__.get(name))}


def _cells(source: str) -> Iterator[tuple[int, str, int]]:
    """Lines before each cell, its text, and the compiler's flags that `__future__` imports at the top ask for."""
    marks = list(MARK.finditer(source))
    top = source[: marks[0].start()] if marks else source
    names = re.findall(r"\w+", " ".join(re.findall(r"^from __future__ import (.*)$", top, re.MULTILINE)))
    features = [getattr(__future__, name) for name in names if name in __future__.all_feature_names]
    flags = 0
    for feature in features:
        flags |= feature.compiler_flag
    if not marks:
        yield 0, source, 0
    for mark, following in zip(marks, [*marks[1:], None], strict=True):
        end = len(source) if following is None else following.start()
        yield source.count("\n", 0, mark.start()), source[mark.start() : end], flags


def _run(text: str, line: int, flags: int, path: Path, module: ModuleType, source: str, seconds: float) -> str:
    """Runs one cell; a sentence on what went wrong, or nothing."""
    sentence = ""
    try:
        trees = [ast.parse("\n" * line + text, str(path))]
        compile(trees[0], str(path), "exec", flags, dont_inherit=True)
    except _UNUSABLE as error:
        sentence = unparsable(path, source, error)
        trees = list(_pieces(text, line, path, flags))
    if seconds <= 0:
        trees = [ast.Module([each for each in tree.body if isinstance(each, _DEFINING)], []) for tree in trees]
    late = f"a cell of {path.name} did not end within {max(seconds, 1.0):g} s"
    try:
        with time_limit(max(seconds, 1.0), late):
            for tree in trees:
                exec(compile(tree, str(path), "exec", flags, dont_inherit=True), module.__dict__)
    except CallTimeout:
        return sentence or late
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        return sentence or raised(path, source, error)
    return sentence


def _pieces(text: str, line: int, path: Path, flags: int) -> Iterator[ast.Module]:
    """The top-level pieces of a cell that do parse."""
    for piece in re.split(r"^(?=[@A-Za-z_#])", text, flags=re.MULTILINE):
        try:
            tree = ast.parse("\n" * line + piece, str(path))
            compile(tree, str(path), "exec", flags, dont_inherit=True)
        except _UNUSABLE:
            tree = ast.Module([], [])
        yield tree
        line += piece.count("\n")


def raised(path: Path, source: str, error: BaseException) -> str:
    """A sentence on an error that running the file raised."""
    line = line_in(error, path)
    where = place(path, source, line) if line else path.name
    return f"{where} raised {type(error).__name__}: {error}"


def line_in(error: BaseException, path: Path | None) -> int | None:
    """The last line of the file at `path` that `error` passed through."""
    line, trace = getattr(error, "submission_line", None), error.__traceback__
    while trace is not None:
        if path is not None and trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def unparsable(path: Path, source: str, error: BaseException) -> str:
    """A sentence on text that is no Python."""
    if not isinstance(error, SyntaxError) or error.lineno is None:
        return f"{path.name} cannot be parsed: {type(error).__name__}: {error}"
    text = (error.text or "").strip()
    return f"{place(path, source, error.lineno)} is no Python ({error.msg})" + (f": {text}" if text else "")
