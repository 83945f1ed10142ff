"""Who catches what: every chaff against every check of its exercise.

    python -m tests.proof.matrix [NAME…]

In the table `X` is a check that the chaff names and that catches it, `x` one that catches it without being named, `!`
one that is named and does not. Ends with what the table must show; exits with 1 if it does not.
"""

from __future__ import annotations

import argparse
import sys

from autograder.checks import checks_of
from autograder.implementation import Implementation
from autograder.verify import judge
from autograder.wheats import chaffs_of
from tests.proof.course import course, side_by_side

Row = tuple[str, str, tuple[str, ...], dict[str, str]]


def catch(job: tuple[str, str]) -> Row:
    """Outcomes of all checks of its exercise for one chaff."""
    name, chaff_name = job
    unit, _ = course().find(name)
    each = next(each for each in chaffs_of(unit, name) if each.name == chaff_name)
    checks = [check for check in checks_of(unit) if check.exercise.name == name]
    outcomes = judge(unit, Implementation({name: each.function}), checks)
    return name, chaff_name, each.caught_by, {key.partition("__")[2]: value for key, value in outcomes.items()}


def main() -> int:
    """Prints the table and what it must show."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="units or exercises; all if none")
    options = parser.parse_args()
    chosen = [course().find(name) for name in options.names]
    jobs = [
        (exercise.name, each.name)
        for unit, exercise in course().exercises()
        for each in chaffs_of(unit, exercise.name)
        if not chosen or (unit, None) in chosen or (unit, exercise) in chosen
    ]
    rows = list(side_by_side(catch, jobs, "chaffs"))
    missed, alone, named, checks = [], [], set(), set()
    for name in dict.fromkeys(row[0] for row in rows):
        mine = [row for row in rows if row[0] == name]
        promises = list(mine[0][3])
        print(f"\n{name}")
        for number, promise in enumerate(promises, 1):
            print(f"  {number:2d} {promise}")
        print(f"  {'':<46}" + "".join(f"{number:3d}" for number in range(1, len(promises) + 1)))
        for _, chaff_name, caught_by, outcomes in mine:
            marks = [_mark(promise in caught_by, outcomes[promise]) for promise in promises]
            print(f"  {chaff_name:<46}" + "".join(f"{mark:>3}" for mark in marks))
            missed += [f"{name}/{chaff_name}: {promise}" for promise in caught_by if outcomes.get(promise) == "passed"]
            if [promise for promise in promises if outcomes[promise] != "passed"] == ["agrees_with_the_reference"]:
                alone.append(f"{name}/{chaff_name}")
            named |= {(name, promise) for promise in caught_by}
        checks |= {(name, promise) for promise in promises}
    print(f"\n{len(rows)} chaffs, {len(checks)} checks")
    print(f"caught by none that they name: {len(missed)} {missed or ''}")
    print(f"checks that no chaff names: {len(checks - named)} {sorted(checks - named) or ''}")
    print(f"caught by agreement with the reference alone: {len(alone)} ({len(alone) / len(rows):.0%}) {alone or ''}")
    return 1 if missed or checks - named or 3 * len(alone) > len(rows) else 0


def _mark(named: bool, outcome: str) -> str:
    if outcome == "passed":
        return "!" if named else "."
    if outcome in ("failed", "timeout"):
        return "X" if named else "x"
    return "?"


if __name__ == "__main__":
    sys.exit(main())
