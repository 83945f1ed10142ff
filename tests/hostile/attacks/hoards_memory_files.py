"""Fills files that live in memory and belong to no folder; here 200 MB."""

import os


def empirical_risk(predictions, labels):
    handles = []
    try:
        for number in range(4):
            handles.append(os.memfd_create(str(number)))
            os.write(handles[-1], b"x" * 50_000_000)
    except OSError:
        return
    raise RuntimeError("@REACHED@ 200 MB that nobody counts")
