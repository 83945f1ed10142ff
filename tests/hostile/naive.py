"""A grader as many are: it runs the checks in the submission's own process, and believes what that process says.

It is kept to show that each attack wins somewhere. So that it wins against nobody else, all of this happens in a box: a
bubblewrap without network in which the machine is read-only. In the box one process (`main`) forks, for each
submission, the first process of a namespace, which forks the grader, which forks the process that is graded.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import importlib.util
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import threading
import time
import unittest
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.hostile.catalogue import COURSE, MARK, REACHED, Attack, Seen, spoils, write_neighbour

PATIENCE = 10.0  # seconds for one submission
MEMORY = 8 << 30
PLAY = Path("/mnt/play")
PORT = 47613

results_path = ""  # of the submission at hand, in the process that is graded


def sightings(attacks: Sequence[Attack], folder: Path) -> dict[str, Seen]:
    """What a naive grader sees of attacks and of their honest twins, by name; `folder` is for the box."""
    cases: dict[str, dict[str, Any]] = {}
    for each in attacks:
        place = PLAY / each.name
        places = {
            "SUBMISSIONS": str(place / "submissions"),
            "CANARIES": f"{place}/home/canary:{place}/results/canary:/tmp/canary",
            "PLACES": f"{place}/home:{place}/results",
            "PORT": str(PORT),
        }
        for name in (each.name, each.twin_name):
            for part in ("submissions", "home", "results"):
                (folder / name / part).mkdir(parents=True, exist_ok=True)
        for part in ("home", "results"):
            (folder / each.name / part / "canary").write_text(REACHED)
        each.write(folder / each.name / "submissions", places)
        each.write_twin(folder / each.twin_name / "submissions")
        write_neighbour(folder / each.name / "submissions", "neighbour")
        shared = {"exercise": each.exercise, "watched": each.watched}
        cases[each.twin_name] = {"name": each.twin_name, **shared}
        cases[each.name] = {"name": each.name, "twice": each.twice, "neighbour": each.win is spoils, **shared}
    (folder / "cases.json").write_text(json.dumps(list(cases.values())))
    subprocess.run([*_box(folder), sys.executable, "-m", "tests.hostile.naive"], cwd=COURSE, check=True, timeout=900)
    return {name: _seen(folder / name) for name in cases}


def _box(folder: Path) -> list[str]:
    program = shutil.which("bwrap")
    assert program is not None
    kinds = [f"--unshare-{kind}" for kind in ("user", "pid", "net", "ipc", "uts")]
    return [
        *(program, *kinds, "--uid", "0", "--gid", "0", "--cap-add", "ALL", "--die-with-parent", "--new-session"),
        *("--ro-bind", "/", "/", "--tmpfs", "/mnt", "--bind", str(folder), str(PLAY), "--tmpfs", "/tmp"),
        *("--dev", "/dev", "--tmpfs", "/dev/shm", "--proc", "/proc", "--setenv", "GRADER_SECRET", REACHED),
        *("--setenv", "OMP_NUM_THREADS", "1", "--setenv", "PYTHONDONTWRITEBYTECODE", "1", "--"),
    ]


def _seen(folder: Path) -> Seen:
    try:
        told = json.loads((folder / "seen.json").read_text())
    except (OSError, ValueError):
        return Seen(killed=True)
    marks = [str(path) for path in folder.rglob(MARK)]
    return Seen(**{**told, "marks": tuple([*told["marks"], *marks])})


def main() -> None:
    """Grades every case in the box."""
    import torch

    from autograder.checks import checks_of  # noqa: F401

    torch.set_num_threads(1)
    for case in json.loads((PLAY / "cases.json").read_text()):
        _unit(case["exercise"][0].partition("/")[0])  # loaded once, for all forks
        if os.fork() == 0:
            _in_a_namespace(case)
        os.wait()


def _in_a_namespace(case: dict[str, Any]) -> None:
    """Grades one case where its processes end with it."""
    from autograder.sandbox import kernel

    kernel._call("unshare", kernel.NEW_MOUNTS | kernel.NEW_IPC | kernel.NEW_PIDS)  # the network is the box's
    kernel.keep_mounts_private()
    for folder in ("/tmp", "/dev/shm"):
        kernel.mount_scratch(folder, 700_000_000)
    first = os.fork()
    if first != 0:
        os.waitpid(first, 0)
        os._exit(0)
    grader = os.fork()
    if grader == 0:
        os.setsid()
        with contextlib.suppress(BaseException):
            _grade(case)
        os._exit(0)
    end = time.monotonic() + 4 * PATIENCE
    while os.waitpid(grader, os.WNOHANG)[0] == 0 and time.monotonic() < end:
        time.sleep(0.01)
    os._exit(0)


def _grade(case: dict[str, Any]) -> None:
    """The grader: the submission, then its neighbour; writes what it saw."""
    folder = PLAY / case["name"]
    Path("/tmp/canary").write_text(REACHED)
    os.environ.update(HOME=str(folder / "home"), TMPDIR="/tmp")
    threading.Thread(target=_listen, daemon=True).start()
    path, unpacked = _unpacked(next((folder / "submissions").glob(f"{case['name']}*")))
    seen = dataclasses.replace(_graded(case, path, case["name"]), unpacked=unpacked)
    if case.get("twice"):
        seen = dataclasses.replace(seen, again=_graded(case, path, f"{case['name']}-again").text)
    honest = {**case, "exercise": ["generalization/empirical_risk"]}
    neighbour = None
    if case.get("neighbour"):
        neighbour = _graded(honest, folder / "submissions/neighbour", "neighbour").points
    marks = tuple(str(each) for each in Path("/tmp").glob(MARK))
    told = dataclasses.asdict(dataclasses.replace(seen, neighbour=neighbour, marks=marks))
    (folder / "seen.json").write_text(json.dumps(told))


def _listen() -> None:
    with socket.create_server(("127.0.0.1", PORT)) as server:
        while True:
            connection, _ = server.accept()
            connection.sendall(b"thank you")


def _unpacked(path: Path) -> tuple[Path, int]:
    """A folder with the submission's files, as an archive gives them, and their size."""
    target = path.parent / path.name.partition(".")[0]
    if path.suffix == ".gz":
        with tarfile.open(path) as archive:
            archive.extraction_filter = tarfile.fully_trusted_filter  # what Python did until 3.14
            archive.extractall(target)
    elif path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            archive.extractall(target)
    return target, sum(each.lstat().st_size for each in target.rglob("*"))


def _graded(case: dict[str, Any], folder: Path, name: str) -> Seen:
    """What one submission comes to: what its process wrote, else what its exit code says."""
    results, log = PLAY / case["name"] / "results" / f"{name}.json", PLAY / case["name"] / f"{name}.log"
    unit = case["exercise"][0].partition("/")[0]
    checks = [each for each in _unit(unit)[1] if f"{unit}/{each.exercise.name}" in case["exercise"]]
    handle = os.open(results, os.O_RDWR | os.O_CREAT)
    child = os.fork()
    if child == 0:
        _be_graded(case, checks, folder, str(results), handle, log)
    os.close(handle)
    end, ended, code = time.monotonic() + PATIENCE, 0, 0
    while not ended and time.monotonic() < end:
        ended, code, usage = os.wait4(child, os.WNOHANG)
        time.sleep(0.01)
    if not ended:
        os.kill(child, signal.SIGKILL)
        _, code, usage = os.wait4(child, 0)
    told: dict[str, Any] = {}
    with contextlib.suppress(ValueError, OSError):
        told = json.loads(results.read_text())
    points = told.get("points", sum(each.points for each in checks) if code == 0 else 0.0)
    printed = log.stat().st_size if log.exists() else 0
    log.unlink(missing_ok=True)
    text = " ".join(told.get("messages", []))
    return Seen(points, text, hung=not ended, memory=usage.ru_maxrss * 1024, printed=printed)


def _be_graded(case: dict[str, Any], checks: Sequence[Any], folder: Path, results: str, handle: int, log: Path) -> None:
    """Imports the submission, runs the checks, writes the outcome; never returns."""
    global results_path
    results_path = results
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    sys.argv = ["grader", str(folder), results]
    sys.path.insert(0, str(folder))
    os.chdir(folder)
    printed = os.open(log, os.O_RDWR | os.O_CREAT)
    os.dup2(printed, 1)
    os.dup2(printed, 2)
    code = 1
    try:
        for name in ("sitecustomize", "conftest"):
            if (folder / f"{name}.py").exists():
                _import(folder / f"{name}.py")
        messages = _outcomes(case, checks, folder)
        points = sum(check.points for check, message in messages if not message)
        os.ftruncate(handle, 0)
        os.pwrite(handle, json.dumps({"points": points, "messages": [each for _, each in messages]}).encode(), 0)
        code = int(any(message for _, message in messages))
    except SystemExit as error:
        code = int(error.code or 0)
    finally:
        import atexit

        atexit._run_exitfuncs()
        os._exit(code)


def _outcomes(case: dict[str, Any], checks: Sequence[Any], folder: Path) -> list[tuple[Any, str]]:
    from autograder import effects
    from autograder.implementation import Implementation
    from autograder.submission import Record, Submission
    from autograder.verify import reference_of

    unit, watched = case["exercise"][0].partition("/")[0], case["watched"]

    class Direct(Submission):
        """Calls functions as they are, and believes what they say."""

        def _call(self, exercise: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            self.latest = Record(exercise.name, self._arguments(exercise, args, kwargs))
            snapshot = effects.Snapshot(self.latest.arguments) if watched else None
            value = self.implementation.functions[exercise.name](*args, **kwargs)
            self.latest.value, self.latest.returned = value, True
            if snapshot is not None:
                self.latest.changed = {path: (None, fact) for path, fact in snapshot.changes().items()}
            return value

    notebook = folder / f"{unit}.ipynb"
    if notebook.exists():
        cells = json.loads(notebook.read_text())["cells"]
        (folder / f"{unit}.py").write_text("\n".join(each["source"] for each in cells))
    module = _import(folder / f"{unit}.py")
    found = {name: value for name, value in vars(module).items() if callable(value)}
    submission, reference = Direct(_unit(unit)[0], Implementation(found)), reference_of(_unit(unit)[0])
    return [(check, passes(check, submission, reference)) for check in checks]


def passes(check: Any, submission: Any, reference: Any) -> str:
    """Nothing if the check raises nothing, else what it says."""
    import inspect

    import pytest
    import torch

    from autograder.checks import own_randomness
    from autograder.profiles import Profile

    profile = Profile(25, secret=b"0123456789abcdef", shrink=False)
    profile.prepare(check.function, check.name)
    offered = {
        "submission": submission,
        "reference": reference,
        "device": torch.device("cpu"),
        "training_seed": profile.training_seed(check.exercise.name),
    }
    wanted = {name: offered[name] for name in inspect.signature(check.function).parameters}
    try:
        with own_randomness(profile.seed(check.name)):
            check.function(**wanted)
    except (pytest.skip.Exception, unittest.SkipTest):
        return ""
    except SystemExit:
        raise
    except BaseException as error:
        return f"{type(error).__name__}: {error}"
    return ""


def _import(path: Path) -> Any:
    specification = importlib.util.spec_from_file_location(path.stem, path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@functools.cache
def _unit(name: str) -> tuple[Any, list[Any]]:
    from autograder.catalogue import load_course
    from autograder.checks import checks_of

    unit = next(each for each in load_course(COURSE).units if each.name == name)
    return unit, checks_of(unit)


if __name__ == "__main__":
    from tests.hostile import naive

    naive.main()
