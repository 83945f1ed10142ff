"""Functions to be judged: a student's file, the reference, or a wheat or chaff standing alone."""

from __future__ import annotations

import ast
import functools
import inspect
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from autograder.cells import raised, run_cells, unparsable
from autograder.errors import CallTimeout, CheckFailure, NotStarted, WorkerLost
from autograder.limits import time_limit
from autograder.stubs import still_a_stub

_DEFINITION = re.compile(r"^(?:async\s+)?def\s+(\w+)", re.MULTILINE)
_BLOCK = re.compile(r"^(?=[@A-Za-z_#])", re.MULTILINE)


@dataclass(frozen=True)
class Implementation:
    """Functions by name, with what is wrong with those that cannot be called.

    Attributes:
        functions: what can be called.
        path: the file that they come from, for the lines in messages; None for functions standing alone.
        source: the file's text.
        problem: a sentence for the student where the whole file cannot be used.
        problems: a sentence for each function that cannot be used.
        hung: whether running the file did not end.
        lost: whether running the file ended the process that ran it.
    """

    functions: Mapping[str, Callable[..., Any]]
    path: Path | None = None
    source: str = ""
    problem: str = ""
    problems: Mapping[str, str] = field(default_factory=dict)
    hung: bool = False
    lost: bool = False

    def function(self, name: str) -> Callable[..., Any]:
        """The function of this name.

        Raises:
            NotStarted: if it is absent or still the stub.
            CheckFailure: if it, or its file, cannot be used.
            CallTimeout: if running the file did not end.
            WorkerLost: if running the file ended its process.
        """
        if self.hung:
            raise CallTimeout(self.problem)
        if self.lost:
            raise WorkerLost(self.problem)
        if name in self.problems:
            raise CheckFailure(self.problems[name])
        if self.source and still_a_stub(self.source, name) and name not in self.functions:
            if self.problem:
                raise CheckFailure(self.problem)
            raise NotStarted(name)
        if self.problem:
            raise CheckFailure(self.problem)
        function = self.functions.get(name)
        if function is None or (self.source and still_a_stub(self.source, name)):
            raise NotStarted(name)
        return function


def load_implementation(path: Path, *, seconds: float = 20.0) -> Implementation:
    """Runs the file at `path` and gives its functions. Never raises for what a student wrote.

    Where one function cannot be parsed, the others are still given.

    Args:
        path: a Python file, or the code of a notebook (see `autograder.cells`); an absent one has no functions.
        seconds: how long running it may take.
    """
    path = Path(path)
    try:
        source = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return Implementation({}, path)
    except UnicodeDecodeError as error:
        return Implementation({}, path, problem=f"{path.name} is not UTF-8 (byte {error.start}); save it as UTF-8")
    if "\0" in source:
        return Implementation({}, path, problem=f"{path.name} holds zero bytes; it is no Python file")
    module = ModuleType(f"submission_{path.stem}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module
    if path.suffix == ".ipynb":
        problems = run_cells(source, path, module, seconds=seconds)
        return Implementation(_callables(module), path, source, problems=problems)
    return _run_file(source, path, module, seconds)


def _run_file(source: str, path: Path, module: ModuleType, seconds: float) -> Implementation:
    problems: dict[str, str] = {}
    try:
        tree = ast.parse(source, str(path))
        compile(tree, str(path), "exec")  # finds what the grammar alone allows, such as `return` outside a function
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        tree, problems = _parse_what_parses(source, path)
        if not problems:
            return Implementation({}, path, source, problem=unparsable(path, source, error))
    try:
        with time_limit(seconds, f"running {path.name} did not end within {seconds:g} s"):
            exec(compile(tree, str(path), "exec"), module.__dict__)
    except CallTimeout as error:
        return Implementation({}, path, source, problem=str(error), hung=True)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        return Implementation({}, path, source, problem=raised(path, source, error))
    return Implementation(_callables(module), path, source, problems=problems)


def _callables(module: ModuleType) -> dict[str, Callable[..., Any]]:
    return {name: value for name, value in vars(module).items() if callable(value)}


def _parse_what_parses(source: str, path: Path) -> tuple[ast.Module, dict[str, str]]:
    """The module without the top-level pieces that do not parse, and a sentence for each function so lost."""
    tree = ast.Module([], [])
    problems: dict[str, str] = {}
    line, pieces = 0, _BLOCK.split(source)
    while pieces:
        piece = pieces.pop(0)
        while pieces and piece.lstrip().startswith("@") and not _DEFINITION.search(piece):
            piece += pieces.pop(0)
        try:
            parsed = ast.parse("\n" * line + piece, str(path))
            compile(parsed, str(path), "exec")
            tree.body += parsed.body
        except (SyntaxError, ValueError) as error:
            found = _DEFINITION.search(piece)
            if found:
                problems[found[1]] = unparsable(path, source, error)
        line += piece.count("\n")
    return tree, problems


@functools.lru_cache(maxsize=64)
def _signature(function: Callable[..., Any]) -> inspect.Signature:
    return inspect.signature(function)


def check_parameters(name: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Holds that `function` can be called so.

    Raises:
        CheckFailure: if it has other parameters than its stub.
    """
    try:
        signature = _signature(function) if isinstance(function, FunctionType) else inspect.signature(function)
        signature.bind(*args, **kwargs)
    except ValueError:  # a built-in without a signature
        return
    except TypeError as error:
        given = ", ".join(["…"] * len(args) + [f"{name}=…" for name in kwargs])
        raise CheckFailure(
            f"{name}{signature} cannot be called as {name}({given}): {error}; "
            "keep the parameters that the stub has (`autograder reset` shows them)"
        ) from None
