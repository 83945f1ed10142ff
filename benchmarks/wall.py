"""What the wall costs: the references graded in the sandbox beside `pytest exercises solutions` in process, in one run.

    python benchmarks/wall.py [UNIT…]

The same checks on the same inputs. Then what the rest is spent on: packing requests, waiting for the worker, reading
replies, walks through arguments.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from autograder.catalogue import Unit, load_course
from autograder.profiles import GRADING_EXAMPLES

ROOT = Path(__file__).parent.parent
SECRET = b"a secret of the benchmark's own\n"
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def main() -> None:
    """Prints both times, their ratio, and where the difference goes."""
    course = load_course(ROOT)
    units = [unit for unit in course.units if unit.name in sys.argv[1:] or not sys.argv[1:]]
    with tempfile.TemporaryDirectory() as folder:
        secret = Path(folder) / "secret"
        secret.write_bytes(SECRET)
        submission = _references(units, Path(folder) / "references")
        before = _timed(_pytest(units, secret))
        there = _timed(_grade(units, secret, submission, Path(folder) / "out", jobs=1))
        here = (before + _timed(_pytest(units, secret))) / 2  # on both sides, since machines change by the minute
        both = _timed(_grade(units, secret, _apart(units, Path(folder)), Path(folder) / "apart", jobs=2))
    print(f"{'in process: pytest exercises solutions --reference, twice':<60} {here:7.1f} s")
    print(f"{'in the sandbox: grade, one job':<60} {there:7.1f} s   {there / here:5.2f}x")
    print(f"{'in the sandbox: grade, a submission per unit, two jobs':<60} {both:7.1f} s   {both / here:5.2f}x")
    _spent(units)


def _references(units: list[Unit], folder: Path) -> list[Path]:
    folder.mkdir()
    for unit in units:
        assert unit.reference_path is not None
        (folder / f"{unit.name}.py").write_bytes(unit.reference_path.read_bytes())
    return [folder]


def _apart(units: list[Unit], folder: Path) -> list[Path]:
    return [path for unit in units for path in _references([unit], folder / unit.name)]


def _pytest(units: list[Unit], secret: Path) -> list[str]:
    folders = [f"{part}/{unit.folder}" for unit in units for part in ("exercises", "solutions")]
    options = [
        "--reference",
        "--secret",
        str(secret),
        "--examples",
        str(GRADING_EXAMPLES),
        "-q",
        "--no-header",
        "-p",
        "no:cacheprovider",
    ]
    return [sys.executable, "-m", "pytest", *folders, *options]


def _grade(units: list[Unit], secret: Path, paths: list[Path], out: Path, *, jobs: int) -> list[str]:
    options = ["--units", ",".join(unit.name for unit in units), "--secret", str(secret), "--jobs", str(jobs)]
    return [sys.executable, "-m", "autograder", "grade", *map(str, paths), "--out", str(out), *options]


def _timed(command: list[str]) -> float:
    started = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False, env=ENVIRONMENT, text=True)
    if done.returncode:
        raise SystemExit(
            f"{' '.join(command[:8])} … ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        )
    return time.perf_counter() - started


def _spent(units: list[Unit]) -> None:
    """Judges the references once more, with a clock around each part of a call."""
    import torch

    from autograder import remote, wire
    from autograder.grading.handed_in import read_submission
    from autograder.grading.judge import Judge, Settings
    from autograder.places import Walk
    from autograder.sandbox.workers import Sandbox, WorkerProcess, strongest_isolation

    torch.set_num_threads(1)
    seconds: dict[str, float] = defaultdict(float)
    calls: dict[str, int] = defaultdict(int)

    def clocked(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any, **kwargs: Any) -> Any:
            started = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                seconds[name] += time.perf_counter() - started
                calls[name] += 1

        return timed

    remote.pack = clocked("packing requests", remote.pack)  # type: ignore[assignment]
    remote.wire.decode = clocked("reading replies", wire.decode)  # type: ignore[assignment]
    WorkerProcess.exchange = clocked("the worker: unpacking, the function, its traces, packing", WorkerProcess.exchange)  # type: ignore[method-assign]
    Walk.__init__ = clocked("walks through arguments", Walk.__init__)  # type: ignore[method-assign]
    with tempfile.TemporaryDirectory() as folder, Sandbox(strongest_isolation([ROOT])) as sandbox:
        handed = read_submission(_references(units, Path(folder) / "references")[0], [unit.name for unit in units])
        judge = Judge(Settings(tuple(units), SECRET, "", {}), sandbox)
        started = time.perf_counter()
        judge.judge(handed)
        total = time.perf_counter() - started
    print(f"\nof {total:.1f} s in the judge")
    for name, spent in sorted(seconds.items(), key=lambda item: -item[1]):
        each = f"{1e3 * spent / calls[name]:.2f} ms × {calls[name]}"
        print(f"  {name:<58} {spent:7.1f} s   {100 * spent / total:3.0f} %   {each}")
    rest = total - sum(seconds.values())
    print(f"  {'drawing, checking, hypothesis':<58} {rest:7.1f} s   {100 * rest / total:3.0f} %")


if __name__ == "__main__":
    main()
