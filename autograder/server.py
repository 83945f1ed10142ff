"""What runs in a sandboxed worker: it loads one file of a submission and answers calls of its functions."""

from __future__ import annotations

import socket
import warnings
from pathlib import Path
from typing import Any

import cloudpickle

from autograder import wire
from autograder.errors import CallTimeout
from autograder.implementation import load_implementation
from autograder.sandbox import channel
from autograder.worker import Worker


def serve(data: socket.socket) -> None:
    """Answers requests until the judge lets go."""
    warnings.simplefilter("ignore")
    worker = Worker({}, limited=True)
    while True:
        try:
            asked = cloudpickle.loads(channel.receive(data))
        except channel.ChannelError:
            return
        if asked["do"] == "load":
            worker, reply = _load(asked)
        elif asked["do"] == "functions":  # sent by value, as our own proofs do
            worker, reply = Worker(asked["functions"], limited=True), wire.encode(None)
        else:
            reply = _answer(worker, asked)
        channel.send(data, reply)


def _load(asked: dict[str, Any]) -> tuple[Worker, bytes]:
    path = Path.cwd() / asked["file"]
    path.write_text(asked["source"], encoding="utf-8")
    found = load_implementation(path, seconds=asked["seconds"])
    names = [name for name in asked["names"] if name in found.functions]
    told = {"names": names, "problem": found.problem, "problems": dict(found.problems), "hung": found.hung}
    return Worker(found.functions, path, limited=True), wire.encode(told)


def _answer(worker: Worker, asked: dict[str, Any]) -> bytes:
    try:
        return worker.answer(asked)
    except CallTimeout as error:
        return wire.encode({"error": {"kind": "CallTimeout", "message": str(error), "line": None, "text": ""}})
