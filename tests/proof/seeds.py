"""No false failures: every check on many seeds, for the reference and every wheat.

    python -m tests.proof.seeds --seeds 300 --training-seeds 20

Each seed draws its own examples, float32 and float64 among them. Exits with 1 if any right answer fails any check.
"""

from __future__ import annotations

import argparse
import sys
import time
from itertools import groupby
from operator import itemgetter

from autograder.checks import checks_of, run_check
from autograder.profiles import Profile
from autograder.submission import Submission
from autograder.verify import reference_of
from tests.proof.course import course, right_answers, side_by_side

Job = tuple[str, str, int, int, int]


def prove(job: Job) -> tuple[str, int, list[str]]:
    """Runs all checks of one exercise for one of its right answers: exercise, runs, and what failed."""
    name, answer, seeds, training_seeds, examples = job
    unit, exercise = course().find(name)
    assert exercise is not None
    reference, failures, runs = reference_of(unit), [], 0
    submission = Submission(unit, dict(right_answers(unit, name))[answer], seconds=0)
    for check in checks_of(unit):
        if check.exercise.name != name:
            continue
        for seed in range(training_seeds if check.is_training else seeds):
            profile = Profile(examples, secret=f"proof {seed}".encode(), shrink=False)
            verdict = run_check(check, submission, reference=reference, profile=profile)
            runs += 1
            if verdict.outcome != "passed":
                failures.append(f"{check.name}, {answer}, seed {seed}: {verdict.outcome}: {verdict.message}")
    return name, runs, failures


def main() -> int:
    """Prints a line per exercise and every false failure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="units or exercises; all if none")
    parser.add_argument("--seeds", type=int, default=300)
    parser.add_argument("--training-seeds", type=int, default=20)
    parser.add_argument("--examples", type=int, default=3, help="inputs drawn per check and seed")
    options = parser.parse_args()
    chosen = [course().find(name) for name in options.names]
    jobs = [
        (exercise.name, answer, options.seeds, options.training_seeds, options.examples)
        for unit, exercise in course().exercises()
        if not chosen or (unit, None) in chosen or (unit, exercise) in chosen
        for answer, _ in right_answers(unit, exercise.name)
    ]
    started, runs, failures = time.perf_counter(), 0, []
    for name, answers in groupby(side_by_side(prove, jobs, "seeds"), key=itemgetter(0)):
        _, counts, found = zip(*answers, strict=True)
        wrong = [failure for each in found for failure in each]
        runs, failures = runs + sum(counts), failures + wrong
        print(f"{name}: {sum(counts)} runs, {len(wrong)} false failures", flush=True)
        for failure in wrong[:5]:
            print(f"    {failure}", flush=True)
    print(
        f"{runs} runs of checks on right answers, {len(failures)} false failures, {time.perf_counter() - started:.0f} s"
    )
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
