"""Prints every attack as a notebook: what it earns honestly, and what it is given by us and by stock nbgrader.

    python -m tests.jupyter [--ours] [--slow] [NAME…]

With `--ours` stock nbgrader is left out, with `--slow` those are tried too that wait for time limits, half an hour in
all. Exits 1 if an attack gains a point with us, gets outside, is left without a
score or touches the next one, or if an honest notebook loses a point.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from tests.grading.needs import needs_bubblewrap
from tests.jupyter.hostile import RIGHT, Case, Outcome, cases, graded
from tests.jupyter.needs import needs_nbgrader
from tests.jupyter.stock import Seen, seen_by_stock


def main() -> int:
    """Runs the attacks called by name, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--ours", action="store_true", help="leave stock nbgrader out")
    parser.add_argument("--slow", action="store_true", help="try those too that wait for time limits")
    options = parser.parse_args()
    wanted = options.names or [each.name for each in cases() if options.slow or not each.slow]
    chosen = [each for each in cases() if each.name in wanted]
    if unknown := set(options.names) - {each.name for each in chosen}:
        parser.error(f"no such attack: {', '.join(sorted(unknown))}")
    if missing := [each.kwargs["reason"] for each in (needs_bubblewrap, needs_nbgrader) if each.args[0]]:
        print(f"skipped: {'; '.join(missing)}")
        return 0
    with tempfile.TemporaryDirectory(prefix="notebooks-", ignore_cleanup_errors=True) as name:
        folders = [Path(name) / each for each in ("ours", "stock")]
        for each in folders:
            each.mkdir()
        outcome = graded(chosen, folders[0])
        seen: dict[str, Seen] = {}
        if not options.ours:
            with Progress(console=Console(stderr=True), transient=True) as progress:
                task = progress.add_task("stock nbgrader", total=len(chosen))
                seen = seen_by_stock(chosen, folders[1], lambda name: progress.advance(task))
    console = Console(width=None if sys.stdout.isatty() else 170)
    console.print(_table(chosen, outcome, seen))
    return _totals(console, chosen, outcome, seen)


def _table(chosen: list[Case], outcome: Outcome, seen: dict[str, Seen]) -> Table:
    table = Table("attack", "what it tries", "earned", "ours", "besides")
    for header in ("earned, by stock", "stock", "besides") if seen else ():
        table.add_column(header)
    for each in chosen:
        faults = outcome.faults(each)
        held = f"[red]{'; '.join(faults)}[/]" if faults else "nbgrader stops" if each.unscored else "held"
        held = "[yellow]its word alone[/]" if each.unguarded and not faults else held
        row = [each.name, each.sentence, _points(outcome.points(each.honest_part)), _points(outcome.points(each)), held]
        if each.name in seen:
            it = seen[each.name]
            colour = "red" if it.gained else "default"
            row += [_points(it.honest), f"[{colour}]{_points(it.points)}[/]", it.told]
        table.add_row(*row)
    return table


def _points(points: float | None) -> str:
    return "no score" if points is None else f"{points:g}"


def _totals(console: Console, chosen: list[Case], outcome: Outcome, seen: dict[str, Seen]) -> int:
    """Prints sums; what the program ends with."""
    bad = [each.name for each in chosen if outcome.faults(each)]
    ahead = {each: (outcome.points(each) or 0.0) - (outcome.points(each.honest_part) or 0.0) for each in chosen}
    gained = [each.name for each, points in ahead.items() if points > each.unguarded]
    believed = [f"{each.name} {points:g}" for each, points in ahead.items() if 0 < points <= each.unguarded]
    stopped = {student for each in chosen if each.unscored for student in outcome.students[each.name]}
    waiting = sorted({student for student, given in outcome.given.items() if given.waiting} - stopped)
    complaints = sorted(set(outcome.complaints) - stopped)
    honest = [each for each in chosen if each.twin == RIGHT]
    console.print(f"{len(chosen)} attacks, {len(honest)} of them around a right answer.")
    console.print(f"ours: {len(gained)} gain ({', '.join(gained) or 'none'}); at fault: {', '.join(bad) or 'none'}")
    console.print(f"ours: on the worker's word alone, as tests/hostile lists them: {', '.join(believed) or 'none'}")
    console.print(f"left outside: {outcome.marks or 'nothing'}; visitors: {outcome.visitors}")
    console.print(f"without a score: {waiting or 'none'}; nbgrader complains of: {complaints or 'none'}")
    if seen:
        won = [name for name, each in seen.items() if each.gained]
        lost = [each.name for each in honest if (seen[each.name].points or 0) < (seen[each.name].honest or 0)]
        none = [name for name, each in seen.items() if each.points is None]
        outside = [name for name, each in seen.items() if each.reached or each.marks]
        touched = [name for name, each in seen.items() if each.spoilt]
        console.print(f"stock: {len(won)} gain ({', '.join(won) or 'none'})")
        console.print(
            f"stock: {len(outside)} get outside, {len(none)} have no score, {len(touched)} touch the next one"
        )
        console.print(f"stock: right answers that lose points: {', '.join(lost) or 'none'}")
    return int(bool(bad or outcome.marks or outcome.visitors or waiting or complaints))


if __name__ == "__main__":
    sys.exit(main())
