"""Files of the course, loaded by path: content is never imported by name."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import TypeVar

import cloudpickle

from autograder.errors import CourseError

Function = TypeVar("Function", bound=Callable[..., object])


def load_file(path: Path) -> ModuleType:
    """The module in the file at `path`, run once per process and path.

    Raises:
        CourseError: if the file cannot be run.
    """
    path = Path(path).resolve()
    name = f"tensorlings_{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:12]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise CourseError(path, "", "is missing or no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise CourseError(path, "", f"cannot be loaded: {type(error).__name__}: {error}") from error
    cloudpickle.register_pickle_by_value(module)  # a worker cannot import it
    return module


def marked(module: ModuleType, mark: str) -> Iterator[Callable[..., object]]:
    """The functions of `module` that carry the attribute `mark`, in the order in which they were written."""
    for value in vars(module).values():
        if callable(value) and not isinstance(value, type) and hasattr(value, mark):
            yield value
