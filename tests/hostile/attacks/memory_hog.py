"""Takes gigabytes of memory and uses them; here up to 1.8."""

import numpy as np

kept = []


def empirical_risk(predictions, labels):
    while len(kept) < 18:
        kept.append(np.ones(100_000_000, dtype=np.uint8))
    return
