"""`make demo`: grades the example class into `build/demo/` and says where the report is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from make_class import make_class, units

from autograder.sandbox.isolation import IsolationError
from autograder.sandbox.workers import isolation_of

ROOT = Path(__file__).resolve().parent.parent
OUT = Path("build", "demo")
NONE = (
    "The class can also be graded unprotected, since it is ours and harmless but for a loop without end and a greed\n"
    "for memory, which are limited all the same:\n\n    make demo ISOLATION=none\n"
)
NOT_ALL_JUDGED = 2  # one of the submissions is an archive that nobody can read


def main() -> int:
    """Makes the class and grades it; 0 if that went as it should."""
    chosen = sys.argv[1] if len(sys.argv) > 1 else None
    if chosen is None:
        try:
            isolation_of(None, [])
        except IsolationError as error:
            print(f"No sandbox: {error}.\n\n{NONE}")
            return 1
    submissions = [OUT / "class" / path.name for path in make_class(ROOT / OUT / "class")]
    options = ["--out", str(OUT), "--units", ",".join(units()), "--jobs", "2"]
    options += ["--isolation", chosen] if chosen else []
    print(f"autograder grade {OUT}/class/* {' '.join(options)}\n", flush=True)
    command = [sys.executable, "-m", "autograder", "grade", *map(str, submissions), *options]
    (ROOT / OUT / "report.html").unlink(missing_ok=True)
    ended = subprocess.run(command, cwd=ROOT, check=False).returncode
    if ended != NOT_ALL_JUDGED or not (ROOT / OUT / "report.html").exists():
        return ended or 1
    print(f"\nThe unreadable archive belongs to the class. Open {OUT}/report.html in a browser; from each name there")
    print("a link leads to the student's feedback. examples/README.md says who is who.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
