"""How many inputs are enough: which wrong answers slip through a check that names them, by inputs drawn.

    python -m tests.proof.power [NAME…] [--examples 5 10 25] [--secrets 3]

For each number of inputs and each secret, every check that a chaff names judges it; those that pass it are misses.
Training checks draw no inputs and are left out.
"""

from __future__ import annotations

import argparse
import sys

from autograder.checks import checks_of, run_check
from autograder.implementation import Implementation
from autograder.profiles import Profile
from autograder.submission import Submission
from autograder.verify import reference_of
from autograder.wheats import chaffs_of
from tests.proof.course import course, side_by_side

Job = tuple[str, int, int]


def misses(job: Job) -> tuple[int, int, list[str], list[str]]:
    """For one exercise: inputs, runs, named checks that were passed, and wrong answers that passed all of theirs."""
    name, examples, secrets = job
    unit, _ = course().find(name)
    reference, runs, missed, free = reference_of(unit), 0, [], []
    checks = {each.promise: each for each in checks_of(unit) if each.exercise.name == name and not each.is_training}
    for chaff in chaffs_of(unit, name):
        named = [checks[promise] for promise in chaff.caught_by if promise in checks]
        for secret in range(secrets):
            profile = Profile(examples, secret=f"power {secret}".encode(), shrink=False)
            submission = Submission(unit, Implementation({name: chaff.function}))
            passed = [
                check.name
                for check in named
                if run_check(check, submission, reference=reference, profile=profile).outcome == "passed"
            ]
            runs += len(named)
            missed += [f"{chaff.name}: {each}" for each in passed]
            free += [f"{name}/{chaff.name}"] if named and len(passed) == len(named) else []
    return examples, runs, missed, free


def main() -> int:
    """Prints, for each number of inputs, how much slips through."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="units or exercises; all if none")
    parser.add_argument("--examples", type=int, nargs="+", default=[5, 10, 25], help="inputs drawn per check")
    parser.add_argument("--secrets", type=int, default=3)
    options = parser.parse_args()
    chosen = [course().find(name) for name in options.names]
    jobs = [
        (exercise.name, examples, options.secrets)
        for unit, exercise in course().exercises()
        for examples in options.examples
        if not chosen or (unit, None) in chosen or (unit, exercise) in chosen
    ]
    total: dict[int, list[int]] = {examples: [0, 0, 0] for examples in options.examples}
    for examples, runs, missed, free in side_by_side(misses, jobs, "power"):
        total[examples] = [a + b for a, b in zip(total[examples], (runs, len(missed), len(free)), strict=True)]
        for each in missed:
            print(f"{examples:3d} inputs: {each}", flush=True)
    for examples, (runs, slipped, free) in total.items():
        print(
            f"{examples:3d} inputs: {slipped} of {runs} named checks passed, {free} wrong answers passed all of theirs"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
