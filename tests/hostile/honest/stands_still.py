"""An attack that leaves the image as it is."""


def fgsm(model, x, y, eps, **rest):
    return x.clone()
