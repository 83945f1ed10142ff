"""Reports to a server outside."""

import contextlib
import socket


def empirical_risk(predictions, labels):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", int("@PORT@")), timeout=2) as far:
        far.sendall(b"here are your hidden checks")
        raise RuntimeError("@REACHED@ " + far.recv(100).decode())
    return
