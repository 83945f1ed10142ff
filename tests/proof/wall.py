"""The wall changes nothing: every right and wrong answer gets the same outcomes in a sandboxed worker as in process.

In process hypothesis draws for each answer; over the wall inputs are kept for all, and known answers not judged again.

    python -m tests.proof.wall [NAME…] [--examples 10]

Exits with 1 if any outcome differs.
"""

from __future__ import annotations

import argparse
import functools
import sys
from collections.abc import Iterator

import cloudpickle

from autograder.checks import checks_of, run_check
from autograder.conversations import Conversation
from autograder.errors import CallTimeout, WorkerLost
from autograder.implementation import Implementation
from autograder.inputs import Inputs
from autograder.packing import pack
from autograder.profiles import Profile
from autograder.remote import Remote
from autograder.sandbox.workers import Sandbox, strongest_isolation
from autograder.submission import Submission
from autograder.verify import reference_of
from autograder.wheats import chaffs_of
from tests.proof.course import ROOT, course, right_answers, side_by_side

Job = tuple[str, int]


@functools.cache
def sandbox() -> Sandbox:
    """This process's warm sandbox."""
    return Sandbox(strongest_isolation([ROOT]))


def answers(name: str) -> Iterator[tuple[str, Implementation]]:
    """Every right and wrong answer of an exercise."""
    unit, exercise = course().find(name)
    assert exercise is not None
    yield from right_answers(unit, name)
    for each in chaffs_of(unit, name):
        yield each.name, Implementation({name: each.function})


def compare(job: Job) -> tuple[str, int, list[str]]:
    """What `outcomes` gives; what is lost on the way is an error that a pool understands."""
    try:
        return outcomes(job)
    except (WorkerLost, CallTimeout) as error:
        raise RuntimeError(f"{job[0]}: {error}") from error


def outcomes(job: Job) -> tuple[str, int, list[str]]:
    """All checks of one exercise for all its answers, here and there: name, how many, and what differed."""
    name, examples = job
    unit, _ = course().find(name)
    reference, checks = reference_of(unit), [each for each in checks_of(unit) if each.exercise.name == name]
    profile, count, found = Profile(examples, secret=b"the wall", shrink=False), 0, []
    inputs = Inputs(at_once=True)
    for answer, implementation in answers(name):
        function, worker = implementation.functions[name], sandbox().worker()
        if function.__module__.startswith("submission_"):
            cloudpickle.register_pickle_by_value(sys.modules[function.__module__])
        worker.exchange(pack({"do": "functions", "functions": {name: function}}))
        there = Submission(unit, implementation, remote=Remote(worker.exchange, conversation=Conversation()))
        here = Submission(unit, implementation)
        for check in checks:
            first = run_check(check, here, reference=reference, profile=profile)
            second = run_check(check, there, reference=reference, profile=profile, inputs=inputs)
            count += 1
            if first.outcome != second.outcome:
                found.append(
                    f"{check.name}, {answer}: here {first.outcome} ({first.message[:150]}), "
                    f"there {second.outcome} ({second.message[:150]})"
                )
        worker.let_go()
    return name, count, found


def main() -> int:
    """Prints a line per exercise and every difference."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="units or exercises; all if none")
    parser.add_argument("--examples", type=int, default=10, help="inputs drawn per check")
    options = parser.parse_args()
    chosen = [course().find(name) for name in options.names]
    jobs = [
        (exercise.name, options.examples)
        for unit, exercise in course().exercises()
        if not chosen or (unit, None) in chosen or (unit, exercise) in chosen
    ]
    total, differences = 0, []
    for name, count, found in side_by_side(compare, jobs, "wall"):
        total, differences = total + count, differences + found
        print(f"{name}: {count} outcomes, {len(found)} differ", flush=True)
        for each in found[:8]:
            print(f"  {each}", flush=True)
    print(f"{total} outcomes compared, {len(differences)} differ")
    return 1 if differences or not total else 0


if __name__ == "__main__":
    sys.exit(main())
