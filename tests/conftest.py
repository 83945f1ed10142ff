"""A small course to try the engine on, in a folder of its own; what is made once for all processes that test."""

from __future__ import annotations

import fcntl
import os
import pickle
import subprocess
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch

os.environ["OMP_NUM_THREADS"] = "1"  # of the processes that tests start
torch.set_num_threads(1)  # two workers with two threads each wait for one another

UNIT_TOML = """
title = "Doubles"
minutes = 5
source = "folklore"

[[exercise]]
name = "double"
title = "Twice as much"
lines = 1
shapes = { x = "float (N, ...)" }
returns = "float (N, ...) detached"
hints = ["How often?", "Twice.", "Add it to itself."]
visible = { is_twice_as_much = 2, leaves_everything_as_it_was = 1, treats_samples_alone = 1 }
hidden = { agrees_with_the_reference = 1 }

[[exercise]]
name = "halve"
title = "Half as much"
lines = 1
shapes = { x = "float (N)" }
returns = "float (N)"
hints = ["How much?", "Half.", "Divide."]
visible = { is_half_as_much = 1, takes_an_empty_batch = 1 }
hidden = { agrees_with_the_reference = 1 }
"""

FILES = {
    "exercises/01_doubles/unit.toml": UNIT_TOML,
    "exercises/01_doubles/README.md": "# Doubles\n",
    "exercises/01_doubles/cases.py": '''
        """Inputs."""
        import torch
        from autograder.cases import Ask, Call, calls, corners
        from autograder.strategies import tensors

        @calls("double")
        def double(ask: Ask) -> Call:
            return Call(ask.draw(tensors((ask.batch, 2), dtype=ask.dtype, plain=ask.plain)))

        @calls("halve")
        def halve(ask: Ask) -> Call:
            return Call(ask.draw(tensors((ask.batch,), dtype=ask.dtype, plain=ask.plain)))
        ''',
    "exercises/01_doubles/test_doubles.py": '''
        """Visible checks."""
        from hypothesis import given
        from autograder.assertions import assert_close
        from autograder.strategies import tensors

        @given(x=tensors((2, 2)))
        def test_double__is_twice_as_much(submission, x):
            """The answer is twice what came in."""
            assert_close(submission.double(x), x + x, because="twice as much")

        @given(x=tensors((2,)))
        def test_halve__is_half_as_much(submission, x):
            """The answer is half of what came in."""
            half = submission.halve(x)
            assert_close(half + half, x, because="two halves make a whole")
        ''',
    "exercises/01_doubles/figures.py": '"""None."""\n',
    "solutions/01_doubles/doubles.py": '''
        """Doubles and halves."""
        import torch
        from torch import Tensor


        def double(x: Tensor) -> Tensor:
            """Twice `x`.

            Args:
                x: float tensor `(N, ...)`.
            """
            ### BEGIN SOLUTION
            return (2 * x).detach()
            ### END SOLUTION


        def halve(x: Tensor) -> Tensor:
            """Half of `x`.

            Args:
                x: float tensor `(N,)`.
            """
            ### BEGIN SOLUTION
            return x / 2
            ### END SOLUTION
        ''',
    "solutions/01_doubles/test_doubles_hidden.py": '"""Hidden checks: only what the conventions give."""\n',
    "solutions/01_doubles/wheats.py": '''
        """Right."""
        import torch
        from autograder.wheats import wheat

        @wheat("double")
        def by_addition(x):
            """Adds."""
            return torch.add(x, x).detach()
        ''',
    "solutions/01_doubles/chaffs.py": '''
        """Wrong."""
        from autograder.wheats import chaff

        @chaff("double", caught_by=("is_twice_as_much",))
        def triples(x):
            """It gives three times as much; two times are wanted."""
            return (3 * x).detach()

        @chaff("double", caught_by=("leaves_everything_as_it_was",))
        def in_place(x):
            """It doubles the caller's tensor in place; work on a copy."""
            return x.mul_(2).detach()
        ''',
}


@dataclass
class MiniCourse:
    """A course of one unit in a folder of its own."""

    root: Path

    @property
    def file(self) -> Path:
        """The student's file."""
        return self.root / "exercises" / "01_doubles" / "doubles.py"

    def write(self, source: str) -> None:
        """Writes the student's file."""
        self.file.write_text(textwrap.dedent(source), encoding="utf-8")

    def pytest(self, *arguments: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """Runs pytest on the course in a process of its own."""
        return self.run("-m", "pytest", *arguments, timeout=timeout)

    def autograder(self, *arguments: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """Runs the command `autograder` in the course."""
        return self.run("-m", "autograder", *arguments, timeout=timeout)

    def run(self, *arguments: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """Runs Python in the course's folder."""
        return subprocess.run(
            [sys.executable, *arguments], cwd=self.root, capture_output=True, text=True, timeout=timeout, check=False
        )


@pytest.fixture
def mini_course(tmp_path: Path) -> MiniCourse:
    """A fresh course with untouched stubs."""
    from autograder.catalogue import load_course
    from autograder.stubs import write_stubs

    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip(), encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text('[tool.pytest.ini_options]\naddopts = "--import-mode=importlib"\n')
    write_stubs(load_course(tmp_path))
    return MiniCourse(tmp_path)


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Callable[[str, Callable[[Path], Any]], Any]:
    """Runs something in a folder of its own, once for all processes that test."""
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent

    def run(name: str, function: Callable[[Path], Any]) -> Any:
        path = shared / f"{name}.pickle"
        with open(shared / f"{name}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not path.exists():
                folder = shared / name
                folder.mkdir()
                path.write_bytes(pickle.dumps(function(folder)))
        return pickle.loads(path.read_bytes())

    return run


@pytest.fixture(scope="session")
def worker_id(request: pytest.FixtureRequest) -> str:
    """The name of this process among those that test."""
    return getattr(request.config, "workerinput", {}).get("workerid", "master")
