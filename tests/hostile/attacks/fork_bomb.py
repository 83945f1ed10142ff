"""Forks and forks; here up to three hundred."""

import contextlib
import os
import time


def empirical_risk(predictions, labels):
    count = 0
    with contextlib.suppress(OSError):
        for _ in range(300):
            if os.fork() == 0:
                time.sleep(20)
                os._exit(0)
            count += 1
    if count > 250:
        raise RuntimeError(f"@REACHED@ {count} processes")
    time.sleep(1)
