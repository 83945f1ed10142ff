"""Never ends being imported."""

import time

time.sleep(1_000_000)


def empirical_risk(predictions, labels):
    return None
