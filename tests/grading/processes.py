"""Processes and their memory, as Linux tells them."""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")


def descendants(root: int) -> dict[int, int]:
    """Processes that `root` started, directly or not, with their generation; without those that have ended."""
    children = defaultdict(list)
    for path in Path("/proc").glob("[0-9]*"):
        try:
            state, parent = (path / "stat").read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if state not in "ZX":
            children[int(parent)].append(int(path.name))
    found, waiting = {}, [(root, 0)]
    while waiting:
        above, generation = waiting.pop()
        for each in children[above]:
            found[each] = generation + 1
            waiting.append((each, generation + 1))
    return found


def alive(process: int) -> bool:
    """Whether a process is there and has not ended."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def worked(process: int) -> int:
    """Ticks of CPU time that a process has had; 0 if it has ended."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return int(fields[11]) + int(fields[12])


def resident(process: int) -> int:
    """Bytes of memory that a process has in use, those that it shares too; 0 if it has ended."""
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * _PAGE
    except OSError:
        return 0


def proportional(process: int) -> int:
    """The same, where what is shared by n processes counts an nth."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
