"""Listens on a socket without a file for an accomplice, from a process that stays behind, and looks for one."""

import os
import socket
import time

found = ""
with socket.socket(socket.AF_UNIX) as other:
    try:
        other.connect("\0@MARK@")
        found = other.recv(100).decode()
    except OSError:
        pass
if not found and os.fork() == 0:
    os.setsid()
    with socket.socket(socket.AF_UNIX) as mine:
        mine.settimeout(15)
        try:
            mine.bind("\0@MARK@")
            mine.listen()
            while True:
                mine.accept()[0].sendall(b"the answer")
        except OSError:
            pass
    os._exit(0)
time.sleep(0.2)


def empirical_risk(predictions, labels):
    if found:
        raise RuntimeError(f"@REACHED@ {found}")
    return
