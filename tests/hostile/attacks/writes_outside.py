"""Leaves files wherever it can: beside itself, among the results, in the home, in the interpreter's folders."""

import contextlib
import os
import site

import autograder

PLACES = "@PLACES@"
places = [*PLACES.split(":"), "..", "/", "/usr", os.path.dirname(autograder.__file__), *site.getsitepackages()]
written = []
for place in places:
    with contextlib.suppress(OSError), open(os.path.join(place, "@MARK@"), "w") as file:
        file.write("x")
        written.append(place)


def empirical_risk(predictions, labels):
    if written:
        raise RuntimeError(f"wrote to {written}")
    return
