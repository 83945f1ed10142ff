"""What a check costs a student: `pytest exercises -k fgsm` beside the bare imports, side by side in one run.

    python benchmarks/start.py

Medians of alternating runs; the ratios and differences mean more than the seconds, which depend on the machine.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
PYTEST = [sys.executable, "-m", "pytest", "exercises", "-q", "--no-header"]
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
COMMANDS = {
    "import torch, hypothesis, pytest": [sys.executable, "-c", "import torch, hypothesis, pytest"],
    "pytest exercises -k fgsm, untouched": [*PYTEST, "-k", "fgsm"],
    "pytest exercises -k fgsm, solved": [*PYTEST, "-k", "fgsm", "--reference"],
    "autograder (status)": [sys.executable, "-m", "autograder"],
}
WHOLE = {
    "pytest exercises, untouched": PYTEST,
    "pytest exercises --reference": [*PYTEST, "--reference"],
    "pytest exercises --reference, no training": [*PYTEST, "--reference", "-m", "not training"],
    "pytest exercises --reference --loopback": [*PYTEST, "--reference", "--loopback"],
}


def main() -> None:
    """Prints a line per command."""
    _table(COMMANDS, rounds=7)
    _table(WHOLE, rounds=3)


def _table(commands: dict[str, list[str]], rounds: int) -> None:
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            started = time.perf_counter()
            subprocess.run(command, cwd=ROOT, capture_output=True, check=False, env=ENVIRONMENT)
            seconds[name].append(time.perf_counter() - started)
    first = statistics.median(next(iter(seconds.values())))
    for name, each in seconds.items():
        median = statistics.median(each)
        print(f"{name:<44} {median:6.2f} s   {median - first:+6.2f} s   {median / first:5.2f}x", flush=True)
    print()


if __name__ == "__main__":
    main()
