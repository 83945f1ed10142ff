"""Loops for ever when its cell is run."""

while True:
    pass


def empirical_risk(predictions, labels):
    return
