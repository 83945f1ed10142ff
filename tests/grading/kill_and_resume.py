"""A class graded, killed three times at random moments and resumed, against the same class left alone.

    python -m tests.grading.kill_and_resume [--submissions 40] [--units generalization] [--seed N]

Only the command's own process is killed (SIGKILL); what it had started must end by itself. Prints what happened, and
ends with 1 if a result is half-written, lost or different.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from autograder.catalogue import load_course
from autograder.grading.results import ResultError, read_result, read_results
from tests.grading.classes import make_class
from tests.grading.processes import alive, descendants
from tests.grading.test_grade import timeless

ROOT = Path(__file__).parent.parent.parent
KILLS = 3
SECRET = "a secret for this proof alone\n"
PATIENCE = 20.0  # seconds for what was started to end


def main() -> int:
    """Prints what was done and found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--submissions", type=int, default=40)
    parser.add_argument("--units", default="generalization")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1000))
    wanted = parser.parse_args()
    chance = random.Random(wanted.seed)
    with tempfile.TemporaryDirectory(prefix="tensorlings-") as name:
        folder = Path(name)
        units = [load_course(ROOT).find(each)[0] for each in wanted.units.split(",")]
        paths = make_class(folder / "class", units, wanted.submissions, seed=wanted.seed)
        (folder / "secret").write_text(SECRET)
        command = [sys.executable, "-m", "autograder", "grade", *map(str, paths), "--units", wanted.units]
        command += ["--jobs", "2", "--secret", str(folder / "secret"), "--out"]
        print(f"{len(paths)} submissions of {wanted.units}, seed {wanted.seed}", flush=True)
        faults = _killed(command, folder / "killed", len(paths), chance)
        started = time.monotonic()
        ended = _run([*command, str(folder / "left alone")])
        print(f"left alone: {time.monotonic() - started:.0f} s, exit {ended}", flush=True)
        faults += _differences(folder / "killed", folder / "left alone")
    print("\n".join(faults) or "no result was half-written, lost or different, and nothing was left running")
    return 1 if faults else 0


def _killed(command: list[str], out: Path, total: int, chance: random.Random) -> list[str]:
    """Grades with interruptions; what went wrong."""
    faults: list[str] = []
    targets = sorted(chance.sample(range(1, total - 2), KILLS))
    for target in targets:
        before = _written(out)
        process = subprocess.Popen([*command, str(out)], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while len(_written(out)) < target and process.poll() is None:
            time.sleep(0.01)
        time.sleep(chance.uniform(0, 1))
        started = descendants(process.pid)
        process.kill()
        process.wait()
        took = _until_gone(list(started))
        left = [each for each in started if alive(each)]
        faults += [f"process {each} was left running" for each in left]
        written = _written(out)
        faults += [f"{name} was judged again" for name, moment in before.items() if written.get(name) != moment]
        faults += _half_written(out)
        print(
            f"killed with {len(written)} of {total} results; of {len(started)} processes {len(left)} were left after "
            f"{took:.1f} s; {len(list(out.glob('.*.tmp')))} unfinished files",
            flush=True,
        )
    before = _written(out)
    ended = _run([*command, str(out)])
    written = _written(out)
    faults += [f"{name} was judged again" for name, moment in before.items() if written.get(name) != moment]
    print(f"resumed: {len(before)} were there, {len(written)} are now; exit {ended}", flush=True)
    return faults


def _run(command: list[str]) -> int:
    return subprocess.run(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
    ).returncode


def _written(out: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in out.glob("*.json")}


def _half_written(out: Path) -> list[str]:
    faults = []
    for path in out.glob("*.json"):
        try:
            read_result(path)
        except ResultError as error:
            faults.append(str(error))
    return faults


def _until_gone(processes: list[int]) -> float:
    started = time.monotonic()
    while any(alive(each) for each in processes) and time.monotonic() - started < PATIENCE:
        time.sleep(0.05)
    return time.monotonic() - started


def _differences(first: Path, second: Path) -> list[str]:
    mine, other = ({each.submission: timeless(each) for each in read_results(folder)} for folder in (first, second))
    faults = [f"{name} is in one folder only" for name in mine.keys() ^ other.keys()]
    faults += [f"{name} has other results" for name in mine.keys() & other.keys() if mine[name] != other[name]]
    if (first / "grades.csv").read_bytes() != (second / "grades.csv").read_bytes():
        faults.append("grades.csv differs")
    scores = sorted({each.score for each in mine.values()})
    print(f"{len(mine)} results compared, scores from {scores[0]:g} to {scores[-1]:g}, {len(scores)} different")
    return faults


if __name__ == "__main__":
    sys.exit(main())
