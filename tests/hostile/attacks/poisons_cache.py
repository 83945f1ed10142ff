"""Poisons compiled modules that the next submission would import."""

import contextlib
import glob
import os
import sys

written = []
for folder in [*sys.path, "@SUBMISSIONS@"]:
    for name in glob.glob(f"{folder}/**/__pycache__/*.pyc", recursive=True)[:3] if folder else []:
        with contextlib.suppress(OSError), open(name, "r+b") as file:
            file.write(b"")
            written.append(name)
    with contextlib.suppress(OSError), open(os.path.join(folder, "sitecustomize.py"), "w") as file:
        file.write("print('@MARK@')")
        written.append(folder)


def empirical_risk(predictions, labels):
    here = [each for each in written if "@SUBMISSIONS@" in each or "site-packages" in each]
    if here:
        raise RuntimeError(f"@REACHED@ {here}")
    return
