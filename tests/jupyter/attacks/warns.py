"""Honest: a right answer that warns, and prints to stderr."""

import sys
import warnings


def empirical_risk(predictions, labels):
    warnings.warn("labels are taken as they are", stacklevel=1)
    print("counting mistakes", file=sys.stderr)
    return (predictions != labels).double().mean(-1)
