"""Prints without end; here half a gigabyte."""

import os
import sys

printed = []


def empirical_risk(predictions, labels):
    if not printed:
        printed.append(True)
        for _ in range(500):
            os.write(1, b"x" * 1_000_000)
        sys.stdout.write("y" * 1_000_000)
    return
