"""Starts threads by the hundred."""

import contextlib
import threading
import time


def empirical_risk(predictions, labels):
    with contextlib.suppress(RuntimeError, MemoryError):
        for _ in range(500):
            threading.Thread(target=time.sleep, args=(5,), daemon=True).start()
    if threading.active_count() > 400:
        raise RuntimeError(f"@REACHED@ {threading.active_count()} threads")
    return
