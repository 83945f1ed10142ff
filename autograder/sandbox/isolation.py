"""How strongly a worker can be kept apart on this machine, found out by trying.

With bubblewrap a worker sees the interpreter, the libraries and a scratch folder in memory, and nothing else: no
network, no other process, no file of the course or of another submission. As root it becomes a user of its own; else it
gets a user namespace. Without bubblewrap there are limits and nothing more, and that level is called "none".
"""

from __future__ import annotations

import os
import shutil
import site
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import autograder
from autograder.errors import TensorlingsError

Level = Literal["bubblewrap", "none"]
LEVELS: tuple[Level, ...] = ("bubblewrap", "none")
FIRST_USER = 1_900_000_000  # far from any real user
ADVICE = (
    "install it (`apt install bubblewrap`; on Ubuntu 24.04 and newer AppArmor must allow it user namespaces, see the "
    "README), or let submissions that you trust run unprotected with `--isolation none`"
)
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_SETTINGS = ("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives", "/etc/localtime")
_PASSED_ON = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "ATEN_CPU_CAPABILITY", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES")
_ENVIRONMENT = {
    **dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"),
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "USER": "submission",
    "MPLBACKEND": "Agg",
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
}
_START = (
    "import sys; sys.path[:] = [{parent!r}, *filter(None, sys.path)]; "
    "from autograder.sandbox.zygote import main; main()"
)


class IsolationError(TensorlingsError):
    """The isolation that was asked for is not to be had."""


@dataclass(frozen=True)
class Isolation:
    """One way of keeping workers apart.

    Attributes:
        level: what results call it.
        wrapper: the command that the warm process is started with.
        user_namespace: whether each worker gets one.
        users: whether each worker becomes a user of its own, which takes root.
        scratch: the one folder in which a worker may write.
        device: where workers may compute.
        environment: of the warm process, where no wrapper sets it.
    """

    level: Level
    wrapper: tuple[str, ...] = ()
    user_namespace: bool = False
    users: bool = False
    scratch: str = "/tmp"
    device: str = "cpu"
    environment: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @property
    def namespaces(self) -> bool:
        """Whether each worker has mounts and process numbers of its own."""
        return self.level == "bubblewrap"

    def command(self, *arguments: str) -> list[str]:
        """The command that starts the warm process with these arguments."""
        parent = str(Path(autograder.__file__).resolve().parent.parent)
        return [*self.wrapper, sys.executable, "-s", "-c", _START.format(parent=parent), *arguments]


def candidates(protected: Iterable[Path], *, device: str = "cpu") -> list[Isolation]:
    """Ways of isolation that this machine might offer, the strongest first; none where bubblewrap is absent.

    Args:
        protected: folders and files that no worker may read, wherever they lie.
        device: where workers may compute; "cuda" opens the devices of NVIDIA.
    """
    program = shutil.which("bwrap")
    if program is None or not sys.platform.startswith("linux"):
        return []
    scratch = _scratch()
    shared = [*_namespaces(), *_files(list(protected), scratch), *_devices(device)]
    shared += _environment_options(scratch, device)
    found = []
    if os.geteuid() == 0:
        kept = [part for name in ("SYS_ADMIN", "SETUID", "SETGID", "KILL") for part in ("--cap-add", f"CAP_{name}")]
        wrapper = (program, *shared, "--cap-drop", "ALL", *kept, "--")
        found.append(Isolation("bubblewrap", wrapper, users=True, scratch=scratch, device=device))
    wrapper = (program, "--unshare-user", *shared, "--")
    return [*found, Isolation("bubblewrap", wrapper, user_namespace=True, scratch=scratch, device=device)]


def unprotected(*, device: str = "cpu") -> Isolation:
    """Limits and nothing more."""
    return Isolation("none", device=device, environment=tuple(_environment(tempfile.gettempdir(), device).items()))


def _namespaces() -> list[str]:
    kinds = ("pid", "net", "ipc", "uts", "cgroup-try")
    return ["--die-with-parent", "--new-session", *(f"--unshare-{kind}" for kind in kinds)]


def _files(protected: Sequence[Path], scratch: str) -> list[str]:
    """What is readable: the shallowest first, so that what lies deeper decides."""
    links = {Path(path): os.readlink(path) for path in _SYSTEM if os.path.islink(path)}
    system = {Path(path) for path in _SYSTEM if os.path.isdir(path) and not os.path.islink(path)}
    readable = system | {path for path in _readable() if not _under(path, system | set(links))}
    hidden = {path for path in _resolved(protected) if path.exists() and _under(path, readable)} - readable
    nearest = {path: next((each for each in path.parents if each in readable | hidden), None) for path in readable}
    readable = {path for path in readable if nearest[path] not in readable}
    options = [part for path, target in links.items() for part in ("--symlink", target, str(path))]
    closing = []
    for path in sorted(readable | hidden, key=lambda each: len(each.parts)):
        above = [each for each in path.parents if each in readable | hidden]
        if not above or above[0] in hidden:  # the nearest folder above is made by us
            new = [each for each in reversed(path.parents) if not above or above[0] in each.parents]
            options += [part for each in new for part in ("--perms", "0755", "--dir", str(each)) if each != Path("/")]
        if path in readable:
            options += ["--ro-bind", str(path), str(path)]
        elif path.is_dir():
            options += ["--perms", "0755", "--tmpfs", str(path)]
            closing += ["--remount-ro", str(path)]
        else:
            options += ["--ro-bind", "/dev/null", str(path)]
    options += [part for path in _SETTINGS for part in ("--ro-bind-try", path, path)]
    return [*options, "--perms", "1777", "--tmpfs", scratch, *closing]


def _scratch() -> str:
    """Where workers may write: /tmp, unless something that they must read lies there."""
    return "/scratch" if any(Path("/tmp") in path.parents for path in _readable()) else "/tmp"


def _readable() -> set[Path]:
    """Interpreter, libraries and this package; not the folder of the course, even if Python looks there."""
    prefixes = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}
    libraries = {*site.getsitepackages(), *([site.getusersitepackages()] if site.ENABLE_USER_SITE else [])}
    program = {Path(sys.executable).parent, Path(sys.executable).resolve().parent}
    paths = _resolved({Path(each) for each in prefixes | libraries} | program | {Path(autograder.__file__).parent})
    paths |= {Path(each) for each in prefixes}  # as they are spelled, too: scripts and .pth files name them so
    found = {path for path in paths if os.path.isdir(path) and path not in (Path("/"), Path("/usr"))}
    return found | {path for path in _mapped_libraries() if not _under(path, found)}


def _mapped_libraries() -> set[Path]:
    """Folders of the shared libraries that this process has loaded."""
    try:
        with open("/proc/self/maps") as file:
            names = {line.split(maxsplit=5)[5].strip() for line in file if line.count("/") and ".so" in line}
    except OSError:
        return set()
    return {Path(name).parent for name in names if os.path.isfile(name)}


def _under(path: Path, folders: Iterable[Path]) -> bool:
    return any(folder == path or folder in path.parents for folder in folders)


def _resolved(paths: Iterable[Path]) -> set[Path]:
    return {Path(path).resolve() for path in paths}


def _devices(device: str) -> list[str]:
    options = ["--proc", "/proc", "--dev", "/dev"]
    if device == "cuda":
        names = sorted(Path("/dev").glob("nvidia*"))
        options += [part for name in names for part in ("--dev-bind-try", str(name), str(name))]
        options += ["--ro-bind-try", "/sys", "/sys"]
    return [*options, "--remount-ro", "/dev", "--remount-ro", "/"]


def _environment(scratch: str, device: str) -> dict[str, str]:
    folders = dict.fromkeys(("HOME", "TMPDIR", "MPLCONFIGDIR"), scratch)
    ours = {**_ENVIRONMENT, **folders, **{name: os.environ[name] for name in _PASSED_ON if name in os.environ}}
    return {**ours, "CUDA_VISIBLE_DEVICES": ""} if device == "cpu" else ours  # else the first gradient starts it


def _environment_options(scratch: str, device: str) -> list[str]:
    pairs = _environment(scratch, device).items()
    return ["--clearenv", *(part for name, value in pairs for part in ("--setenv", name, value))]
