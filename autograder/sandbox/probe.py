"""What a worker that has nothing to do reports of its surroundings, to find out whether isolation works."""

from __future__ import annotations

import contextlib
import json
import os
import socket
from pathlib import Path

from autograder.sandbox import channel


def serve(data: socket.socket) -> None:
    """Answers one question: which of these paths exist, and can anything else be written or reached?"""
    paths = json.loads(channel.receive(data, seconds=30))
    channel.send(data, json.dumps(surroundings(paths)).encode())


def surroundings(paths: list[str]) -> dict[str, object]:
    """What this process can see and do."""
    others = {name for name in os.listdir("/proc") if name.isdigit()} if os.path.isdir("/proc") else set()
    return {
        "seen": [path for path in paths if os.path.exists(path)],
        "writable": [path for path in ("/", "/dev", "/usr") if _writable(Path(path))],
        "network": [name for _, name in socket.if_nameindex() if name != "lo"],
        "processes": sorted(others - {str(os.getpid())}),
        "number": os.getpid(),
    }


def _writable(folder: Path) -> bool:
    name = folder / f".tensorlings-probe-{os.getpid()}"
    with contextlib.suppress(OSError):
        name.touch()
        name.unlink()
        return True
    return False
