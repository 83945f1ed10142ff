"""Loops for ever, and lets no exception out."""


def empirical_risk(predictions, labels):
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass
