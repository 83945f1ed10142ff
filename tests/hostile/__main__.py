"""Prints every attack with what it tries and what became of it; `make redteam`.

    python -m tests.hostile [NAME…]

Exits 1 if an attack wins against the sandbox, or fails against the naive grader.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.hostile.catalogue import ATTACKS
from tests.hostile.naive import sightings
from tests.hostile.outcomes import sandboxed


def main() -> int:
    """Runs the attacks called by name, or all."""
    chosen = [each for each in ATTACKS if not sys.argv[1:] or each.name in sys.argv[1:]]
    with tempfile.TemporaryDirectory(prefix="hostile-") as name:
        folders = [Path(name) / each for each in ("naive", "sandbox")]
        for each in folders:
            each.mkdir()
        seen = sightings(chosen, folders[0])
        outcome = sandboxed(chosen, folders[1])
    table = Table("attack", "what it tries", "naive grader", "sandbox", "points gained")
    bad = bool(outcome.marks or outcome.visitors or outcome.unjudged or outcome.broken)
    for each in chosen:
        wins = each.win(seen[each.name], seen[each.twin_name].points)
        faults = outcome.faults(each)
        gained = max(0.0, outcome.points(each) - each.honest) if each.name in outcome.results else 0.0
        bad = bad or bool(faults) or not wins
        naive = f"{each.win.__name__}" if wins else "[red]nothing[/]"
        held = f"[red]{'; '.join(faults)}[/]" if faults else "[yellow]its word alone[/]" if each.unguarded else "held"
        table.add_row(each.name, each.sentence, naive, held, f"{gained:g}")
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(table)
    console.print(f"{len(chosen)} attacks; left outside: {outcome.marks or 'nothing'}; visitors: {outcome.visitors}")
    console.print(f"not judged: {outcome.unjudged or 'none'}; checks called broken: {outcome.broken or 'none'}")
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
