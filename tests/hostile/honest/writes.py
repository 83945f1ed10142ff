"""Right, but for its arguments, which it changes."""


def empirical_risk(predictions, labels):
    wrong = (predictions != labels).double().mean(-1)
    predictions.zero_()
    return wrong
