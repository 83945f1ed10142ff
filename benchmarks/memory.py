"""The memory of a process and of all that it starts, looked at once a second."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Mapping

from tests.grading.processes import alive, descendants, proportional, resident


class Memory(threading.Thread):
    """Looks at a process and all that it starts.

    Args:
        root: the process.
        roles: what its descendants are called, by generation; 0 is itself.
        rest: what all others are called.
    """

    def __init__(self, root: int, roles: Mapping[int, str], rest: str):
        super().__init__(daemon=True)
        self._root, self._roles, self._rest = root, roles, rest
        self._most: dict[str, int] = defaultdict(int)
        self._count: dict[str, int] = defaultdict(int)
        self.together = 0

    def run(self) -> None:
        """Looks until the process has ended."""
        while alive(self._root):
            family, counts, together = {self._root: 0, **descendants(self._root)}, defaultdict(int), 0
            for process, generation in family.items():
                role = self._roles.get(generation, self._rest)
                counts[role] += 1
                self._most[role] = max(self._most[role], resident(process))
                together += proportional(process)
            self.together = max(self.together, together)
            for role, count in counts.items():
                self._count[role] = max(self._count[role], count)
            time.sleep(1)

    def tell(self) -> None:
        """Prints the most that was seen."""
        for role, most in self._most.items():
            print(f"  {role:<36} {self._count[role]:3d} at most, largest {most / 1e6:6.0f} MB resident")
        print(f"  all together, shared memory counted once: {self.together / 1e6:.0f} MB at most")
