"""What the sandbox asks of Linux and Python's `os` does not offer: namespaces, mounts, limits, privileges."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import platform
import resource
import struct
from collections.abc import Collection, Iterator, Mapping

NEW_MOUNTS, NEW_IPC, NEW_USER, NEW_PIDS, NEW_NET = 0x0002_0000, 0x0800_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000
_NO_SUID, _NO_DEVICES, _NO_EXECUTION, _READ_ONLY = 2, 4, 8, 1
_RECURSIVE, _PRIVATE = 1 << 14, 1 << 18
_SET_SECCOMP, _FILTER = 22, 2
_ALL_NAMESPACES = 0x7E02_0080  # of clone's flags
_ARCHITECTURES = {"x86_64": (0xC000_003E, 0), "aarch64": (0xC000_00B7, 1)}  # the kernel's code, column below
_CLONE = ((56, 435), (220, 435))  # clone and clone3
_FORBIDDEN = {
    **{"memfd_create": (319, 279), "memfd_secret": (447, 447), "shmget": (29, 194), "shmat": (30, 196)},
    **{"semget": (64, 190), "msgget": (68, 186), "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40)},
    **{"umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51), "open_tree": (428, 428)},
    **{"move_mount": (429, 429), "fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432)},
    **{"fspick": (433, 433), "mount_setattr": (442, 442), "ptrace": (101, 117), "process_vm_readv": (310, 270)},
    **{"process_vm_writev": (311, 271), "pidfd_getfd": (438, 438), "kcmp": (312, 272), "add_key": (248, 217)},
    **{"request_key": (249, 218), "keyctl": (250, 219), "bpf": (321, 280), "perf_event_open": (298, 241)},
    **{"userfaultfd": (323, 282), "io_uring_setup": (425, 425), "io_uring_enter": (426, 426)},
    **{"io_uring_register": (427, 427), "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265)},
    **{"kexec_load": (246, 104), "kexec_file_load": (320, 294), "init_module": (175, 105), "acct": (163, 89)},
    **{"finit_module": (313, 273), "delete_module": (176, 106), "swapon": (167, 224), "swapoff": (168, 225)},
    **{"reboot": (169, 142), "quotactl": (179, 60)},
}
_LARGE_PAGE, _COLLAPSE = 1 << 21, 25  # bytes; of madvise
_SET_NO_NEW_PRIVILEGES, _SET_DUMPABLE, _SET_DEATH_SIGNAL = 38, 4, 1


def unshare(*, user: bool) -> None:
    """Gives this process mounts, process numbers (for its children), IPC and an empty network of its own.

    Args:
        user: also a user namespace, in which it may do so without being root; its user stays the same one.

    Raises:
        OSError: if the kernel says no.
    """
    user_id, group_id = os.getuid(), os.getgid()
    _call("unshare", NEW_MOUNTS | NEW_IPC | NEW_PIDS | NEW_NET | (NEW_USER if user else 0))
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


def mount_own_processes() -> None:
    """What is told of processes at /proc are this one's own and those that it starts.

    Raises:
        OSError: if the kernel says no, as it does in a user namespace where parts of /proc are already hidden.
    """
    _mount("proc", "/proc", "proc", _NO_SUID | _NO_DEVICES | _NO_EXECUTION, None)


def keep_mounts_private() -> None:
    """Mounts made from here on are seen by nobody else."""
    _mount("none", "/", None, _RECURSIVE | _PRIVATE, None)


def become(user_id: int) -> None:
    """Turns root into a user, for good."""
    os.setgroups([])
    os.setresgid(user_id, user_id, user_id)
    os.setresuid(user_id, user_id, user_id)


def give_up_privileges(*, inspectable: bool = False) -> None:
    """No program that this process starts gets rights that it has not.

    Args:
        inspectable: whether what /proc tells of this process is its own, and other processes of its user may look into
            it; else none may.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    drop_capabilities(libc)
    libc.prctl(_SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    libc.prctl(_SET_DUMPABLE, int(inspectable), 0, 0, 0)


def die_with_parent(signal_number: int) -> None:
    """This process gets a signal when its parent ends."""
    ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, signal_number, 0, 0, 0)


def stay_on(core: int | None) -> None:
    """Keeps this process, and those that it starts, on one processor; where that is not to be had, on any."""
    if core is not None:
        with contextlib.suppress(AttributeError, OSError):
            os.sched_setaffinity(0, {core})


def drop_capabilities(libc: ctypes.CDLL) -> None:
    """Empties the bounding set and all others."""
    for capability in range(64):
        if libc.prctl(24, capability, 0, 0, 0) < 0:  # PR_CAPBSET_DROP: past the last one, or not allowed to
            break
    header = (ctypes.c_uint32 * 2)(0x2008_0522, 0)  # _LINUX_CAPABILITY_VERSION_3, this process
    libc.capset(header, (ctypes.c_uint32 * 6)())
    libc.prctl(47, 4, 0, 0, 0)  # PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL


def forbid_system_calls(*, allowed: Collection[str] = ()) -> bool:
    """Takes away, for good, what a submission never needs: memory that no limit counts, namespaces, other processes.

    It says whether this machine's architecture is one whose numbers are known; on any other it does nothing.

    Args:
        allowed: names in `_FORBIDDEN` that stay.
    """
    known = _ARCHITECTURES.get(platform.machine())
    if known is None:
        return False
    code, column = known
    numbers = [both[column] for name, both in _FORBIDDEN.items() if name not in allowed]
    clone, clone3 = _CLONE[column]
    program = b"".join(_filter(code, numbers, clone, clone3))
    buffer = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("@HP", len(program) // 8, ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_SET_SECCOMP, ctypes.c_ulong(_FILTER), header, 0, 0) < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"seccomp: {os.strerror(number)}")
    return True


def _filter(code: int, forbidden: Collection[int], clone: int, clone3: int) -> Iterator[bytes]:
    """Berkeley packet filter instructions: what to do about a system call."""

    def step(kind: int, value: int, if_so: int = 0, if_not: int = 0) -> bytes:
        return struct.pack("=HBBI", kind, if_so, if_not, value)

    load, equal, at_least, any_bit, give = 0x20, 0x15, 0x35, 0x45, 0x06
    allow, refuse, unknown = 0x7FFF_0000, 0x0005_0000 | errno.EPERM, 0x0005_0000 | errno.ENOSYS
    yield step(load, 4)  # the architecture
    yield step(equal, code, 1, 0)
    yield step(give, refuse)
    yield step(load, 0)  # the system call's number
    yield step(at_least, 0x4000_0000, 0, 1)  # x32: the same calls by other numbers
    yield step(give, refuse)
    yield step(equal, clone3, 0, 1)
    yield step(give, unknown)  # its flags lie in memory, where a filter can't look; libraries fall back to clone
    for number in forbidden:
        yield step(equal, number, 0, 1)
        yield step(give, refuse)
    yield step(equal, clone, 0, 2)
    yield step(load, 16)  # its flags
    yield step(any_bit, _ALL_NAMESPACES, 1, 0)
    yield step(give, allow)
    yield step(give, refuse)


def set_limits(limits: Mapping[str, int]) -> None:
    """Sets resource limits by their names without `RLIMIT_`; never above those in force."""
    for name, wanted in limits.items():
        number = getattr(resource, f"RLIMIT_{name}", None)
        if number is None:
            continue
        hard = resource.getrlimit(number)[1]
        value = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(number, (value, value))


def use_large_pages() -> None:
    """Gathers this process's private memory in pages of 2 MB where the kernel can (Linux 6.1 and later).

    That takes the better part of a second, and a fork takes a quarter of its time from then on.
    """
    libc = ctypes.CDLL(None)
    with open("/proc/self/maps") as file:
        lines = [line.split() for line in file]
    for words in lines:
        if words[1] == "rw-p" and words[5:] in ([], ["[heap]"]):
            first, last = (int(each, 16) for each in words[0].split("-"))
            first, last = -(-first // _LARGE_PAGE) * _LARGE_PAGE, last // _LARGE_PAGE * _LARGE_PAGE
            if first < last:
                libc.madvise(ctypes.c_void_p(first), ctypes.c_size_t(last - first), _COLLAPSE)


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
