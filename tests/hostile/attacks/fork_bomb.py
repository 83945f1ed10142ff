"""Forks and forks; here up to three hundred."""

import contextlib
import os
import time

reached = []


def empirical_risk(predictions, labels):
    if not reached:
        reached.append(0)
        with contextlib.suppress(OSError):
            for _ in range(300):
                if os.fork() == 0:
                    time.sleep(20)
                    os._exit(0)
                reached[0] += 1
    if reached[0] > 250:
        raise RuntimeError(f"@REACHED@ {reached[0]} processes")
    time.sleep(0.3)
