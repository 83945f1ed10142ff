"""Leaves a note in /dev/shm and /tmp for an accomplice, and looks for one."""

import contextlib
import os

found = []
for folder in ("/dev/shm", "/tmp", "/var/tmp", "/run/lock"):
    path = os.path.join(folder, "@MARK@")
    if os.path.exists(path):
        found.append(path)
    with contextlib.suppress(OSError), open(path, "w") as file:
        file.write("the answer")


def empirical_risk(predictions, labels):
    if found:
        raise RuntimeError(f"@REACHED@ {found}")
    return
