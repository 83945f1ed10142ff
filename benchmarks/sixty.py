"""A class of sixty graded from the command line: seconds, and the memory of each kind of process.

    python benchmarks/sixty.py OUT [--units generalization,generators] [--submissions 60] [--jobs 2]

The class is made of references, right and wrong answers of other kinds, stubs, and archives that cannot be read. What
`autograder grade` writes is left in OUT, to be looked at in a browser.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROLES = {0: "grade", 1: "judges and bubblewrap", 2: "inside: bubblewrap, warm processes", 3: "keepers", 4: "workers"}


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
        memory = _Memory(process.pid)
        memory.start()
        ended = process.wait()
        print(f"\n{what}: {time.monotonic() - started:.1f} s, exit {ended}")
        memory.tell()


class _Memory(threading.Thread):
    """Looks at a process and all that it starts, once a second."""

    def __init__(self, root: int):
        super().__init__(daemon=True)
        self._root, self._most, self._count, self._together = root, defaultdict(int), defaultdict(int), 0

    def run(self) -> None:
        while alive(self._root):
            family, counts, together = {self._root: 0, **descendants(self._root)}, defaultdict(int), 0
            for process, generation in family.items():
                role = ROLES.get(generation, ROLES[4])
                counts[role] += 1
                self._most[role] = max(self._most[role], resident(process))
                together += proportional(process)
            self._together = max(self._together, together)
            for role, count in counts.items():
                self._count[role] = max(self._count[role], count)
            time.sleep(1)

    def tell(self) -> None:
        """Prints the most that was seen."""
        for role, most in self._most.items():
            print(f"  {role:<36} {self._count[role]:3d} at most, largest {most / 1e6:6.0f} MB resident")
        print(f"  all together, shared memory counted once: {self._together / 1e6:.0f} MB at most")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    from autograder.catalogue import load_course
    from tests.grading.classes import make_class
    from tests.grading.processes import alive, descendants, proportional, resident

    main()
