"""Every training check: its bar, the worst of many seeds on the reference, the best of the chaffs that name it.

python -m tests.proof.bars --seeds 20 [--device cuda]
"""

from __future__ import annotations

import argparse
import inspect
import sys
import time

import torch

from autograder.checks import Check, checks_of
from autograder.implementation import Implementation, load_implementation
from autograder.submission import Submission
from autograder.verify import reference_of
from autograder.wheats import chaffs_of
from tests.proof.course import course, side_by_side

Job = tuple[str, str, int, str]


def measure(job: Job) -> tuple[str, str, str, float, str, float]:
    """Measures one training check: name, bar, measure, worst right seed, best wrong ones, seconds a seed."""
    unit_name, check_name, seeds, device = job
    unit, _ = course().find(unit_name)
    check = next(check for check in checks_of(unit) if check.name == check_name)
    training = check.function.training
    worse = max if training.below is not None else min
    assert unit.reference_path is not None
    started = time.perf_counter()
    worst = worse(_values(check, load_implementation(unit.reference_path).functions, seeds, device))
    seconds = (time.perf_counter() - started) / seeds
    wrong = []
    for each in chaffs_of(unit, check.exercise.name):
        if check.promise in each.caught_by:
            better = min if training.below is not None else max
            try:
                values = _values(check, {each.exercise: each.function}, max(seeds // 4, 3), device)
            except Exception as error:
                wrong.append(f"{each.name} {type(error).__name__}")
            else:
                wrong.append(f"{each.name} {better(values):.4g}")
    bar = f"< {training.below:g}" if training.below is not None else f"> {training.above:g}"
    return check_name, bar, training.measures, worst, "; ".join(wrong), seconds


def _values(check: Check, functions: dict, seeds: int, device: str) -> list[float]:
    submission = Submission(check.unit, Implementation(functions), seconds=0)
    offered = {"submission": submission, "reference": reference_of(check.unit), "device": torch.device(device)}
    inner = check.function.training.measure
    names = [name for name in inspect.signature(inner).parameters if name != "seed"]
    return [float(inner(seed=seed, **{name: offered[name] for name in names})) for seed in range(seeds)]


def main() -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="units or exercises; all if none")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    jobs = [
        (unit.name, check.name, options.seeds, options.device)
        for unit in course().units
        for check in checks_of(unit)
        if check.is_training and (not options.names or {unit.name, check.exercise.name} & set(options.names))
    ]
    print(f"{'check':<58} {'bar':>8} {'worst':>8} {'s':>6}   best wrong answer")
    for name, bar, measures, worst, wrong, seconds in side_by_side(measure, jobs, "bars"):
        print(f"{name:<58} {bar:>8} {worst:8.4g} {seconds:6.2f}   {wrong}\n    {measures}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
