"""A class of sixty graded from the command line: seconds, and the memory of each kind of process.

    python benchmarks/sixty.py OUT [--units generalization,generators] [--submissions 60] [--jobs 2]

The class is made of references, right and wrong answers of other kinds, stubs, and archives that cannot be read. What
`autograder grade` writes is left in OUT, to be looked at in a browser.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROLES = {0: "grade", 1: "judges and bubblewrap", 2: "inside: bubblewrap, warm processes", 3: "keepers"}


def main() -> None:
    """Makes the class, grades it, and prints what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--units", default="generalization,generators")
    parser.add_argument("--submissions", type=int, default=60)
    parser.add_argument("--jobs", type=int, default=2)
    wanted = parser.parse_args()
    out = wanted.out.resolve()
    units = [load_course(ROOT).find(name)[0] for name in wanted.units.split(",")]
    paths = make_class(out / "class", units, wanted.submissions, seed=60)
    command = [sys.executable, "-m", "autograder", "grade", *map(str, paths), "--out", str(out)]
    command += ["--units", wanted.units, "--jobs", str(wanted.jobs)]
    for what in ("all judged", "nothing to do"):
        started = time.monotonic()
        process = subprocess.Popen(command, cwd=ROOT)
        memory = Memory(process.pid, ROLES, "workers")
        memory.start()
        ended = process.wait()
        print(f"\n{what}: {time.monotonic() - started:.1f} s, exit {ended}")
        memory.tell()


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    from autograder.catalogue import load_course
    from benchmarks.memory import Memory
    from tests.grading.classes import make_class

    main()
