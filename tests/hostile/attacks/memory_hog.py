"""Takes gigabytes of memory and uses them."""

import numpy as np

kept = []


def empirical_risk(predictions, labels):
    while len(kept) < 36:
        kept.append(np.ones(100_000_000, dtype=np.uint8))
    return None
