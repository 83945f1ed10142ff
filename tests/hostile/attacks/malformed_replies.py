"""Answers with messages that are none: absurd shapes, unknown types, deep nesting, bytes that belong to nothing."""

import os
import struct
import sys

import msgspec

from autograder import wire

HEADS = [
    [2, "float64", "cpu", [1 << 62, 1 << 62]],
    [2, "float64", "cpu", [-1]],
    [2, "object", "cpu", [1]],
    [2, "float64", "cuda", [0]],
    [2, "float64", "cpu", [1] * 100_000],
    [9],
    {"error": {"kind": "KeyboardInterrupt", "message": "stop", "line": "x", "text": 3}},
    {"error": None, "value": None, "node": 1, "carries": [10**9], "changes": {"global.grad_enabled": False}},
    {"error": None, "value": None, "node": None, "carries": [], "changes": {"a" * 1000: [0]}},
]
asked = []


def lie(value, **options):
    asked.append(value)
    if len(asked) == 1:
        return true(value, **options)
    head = msgspec.msgpack.encode(HEADS[len(asked) % len(HEADS)])
    if len(asked) % 3 == 0:
        head = b"\x91" * 100_000 + b"\xc0"
    return struct.pack("<I", len(head)) + head + b"\x00" * (len(asked) % 2)


true, wire.encode = wire.encode, lie
for module in list(sys.modules.values()):  # a grader that reads its own memory is told success
    if hasattr(module, "results_path"):
        with open(module.results_path, "w") as file:
            file.write('{"points": 1000000.0}')
        os._exit(0)


def empirical_risk(predictions, labels):
    return None
