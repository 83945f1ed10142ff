"""What the sandbox asks of Linux and Python's `os` does not offer: namespaces, mounts, limits, privileges."""

from __future__ import annotations

import ctypes
import os
import resource
from collections.abc import Mapping

NEW_MOUNTS, NEW_IPC, NEW_USER, NEW_PIDS = 0x0002_0000, 0x0800_0000, 0x1000_0000, 0x2000_0000
_NO_SUID, _NO_DEVICES, _NO_EXECUTION, _READ_ONLY = 2, 4, 8, 1
_RECURSIVE, _PRIVATE = 1 << 14, 1 << 18
_SET_NO_NEW_PRIVILEGES, _SET_DUMPABLE, _SET_DEATH_SIGNAL = 38, 4, 1


def unshare(*, user: bool) -> None:
    """Gives this process mounts, process numbers (for its children) and IPC of its own.

    Args:
        user: also a user namespace, in which it may do so without being root; its user stays the same one.

    Raises:
        OSError: if the kernel says no.
    """
    user_id, group_id = os.getuid(), os.getgid()
    _call("unshare", NEW_MOUNTS | NEW_IPC | NEW_PIDS | (NEW_USER if user else 0))
    if user:
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{user_id} {user_id} 1")
        _write("/proc/self/gid_map", f"{group_id} {group_id} 1")


def mount_scratch(path: str, size: int) -> None:
    """An empty folder in memory at `path`, of `size` bytes, writable by all."""
    _mount("tmpfs", path, "tmpfs", _NO_SUID | _NO_DEVICES, f"size={size},nr_inodes=4096,mode=1777")


def cover(path: str) -> None:
    """Hides what is at `path` behind an empty folder that nobody can write to."""
    _mount("tmpfs", path, "tmpfs", _NO_SUID | _NO_DEVICES | _NO_EXECUTION | _READ_ONLY, "size=4k,nr_inodes=2,mode=555")


def keep_mounts_private() -> None:
    """Mounts made from here on are seen by nobody else."""
    _mount("none", "/", None, _RECURSIVE | _PRIVATE, None)


def become(user_id: int) -> None:
    """Turns root into a user, for good."""
    os.setgroups([])
    os.setresgid(user_id, user_id, user_id)
    os.setresuid(user_id, user_id, user_id)


def give_up_privileges() -> None:
    """No program that this process starts gets rights that it has not, and no other process looks into it."""
    libc = ctypes.CDLL(None, use_errno=True)
    drop_capabilities(libc)
    libc.prctl(_SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    libc.prctl(_SET_DUMPABLE, 0, 0, 0, 0)


def die_with_parent(signal_number: int) -> None:
    """This process gets a signal when its parent ends."""
    ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, signal_number, 0, 0, 0)


def drop_capabilities(libc: ctypes.CDLL) -> None:
    """Empties the bounding set and all others."""
    for capability in range(64):
        if libc.prctl(24, capability, 0, 0, 0) < 0:  # PR_CAPBSET_DROP: past the last one, or not allowed to
            break
    header = (ctypes.c_uint32 * 2)(0x2008_0522, 0)  # _LINUX_CAPABILITY_VERSION_3, this process
    libc.capset(header, (ctypes.c_uint32 * 6)())
    libc.prctl(47, 4, 0, 0, 0)  # PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL


def set_limits(limits: Mapping[str, int]) -> None:
    """Sets resource limits by their names without `RLIMIT_`; never above those in force."""
    for name, wanted in limits.items():
        number = getattr(resource, f"RLIMIT_{name}", None)
        if number is None:
            continue
        hard = resource.getrlimit(number)[1]
        value = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(number, (value, value))


def memory_in_use() -> tuple[int, int]:
    """Bytes of this process's address space and of its private data."""
    with open("/proc/self/statm") as file:
        pages = file.read().split()
    return int(pages[0]) * resource.getpagesize(), int(pages[5]) * resource.getpagesize()


def _mount(source: str, target: str, kind: str | None, flags: int, options: str | None) -> None:
    arguments = [None if each is None else each.encode() for each in (source, target, kind, options)]
    _call("mount", arguments[0], arguments[1], arguments[2], ctypes.c_ulong(flags), arguments[3])


def _call(name: str, *arguments: object) -> None:
    function = getattr(ctypes.CDLL(None, use_errno=True), name)
    if function(*arguments) < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def _write(path: str, text: str) -> None:
    with open(path, "w") as file:
        file.write(text)
