"""Prints without end; here half a gigabyte."""

import os
import sys


def empirical_risk(predictions, labels):
    for _ in range(500):
        os.write(1, b"x" * 1_000_000)
    sys.stdout.write("y" * 1_000_000)
    return None
