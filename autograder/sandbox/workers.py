"""The judge's side of the sandbox: workers, fresh ones at hand, each good for one submission's unit."""

from __future__ import annotations

import contextlib
import json
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from autograder.errors import CallTimeout, WorkerLost
from autograder.sandbox import channel
from autograder.sandbox.isolation import ADVICE, FIRST_USER, Isolation, IsolationError, candidates, unprotected

STARTED = 120.0  # seconds for the warm process to be ready
PATIENCE = 100.0  # seconds for one exchange that has no limit of its own
ENDED = {
    "memory": "it used more memory than the {memory:.3g} GB that it may",
    "processes": "it started more than the {processes} processes that it may",
}
SIGNALS = {"9": "it was killed, as happens when memory or CPU time run out", "11": "it crashed (segmentation fault)"}


@dataclass(frozen=True)
class Limits:
    """What one worker may use.

    Attributes:
        memory: bytes, together with all that it starts.
        headroom: bytes that one process may take beyond those of a warm one.
        processes: how many at a time, since many that work leave little of the machine to others.
        threads: how many, those of all its processes together.
        file_size: bytes of one file.
        scratch: bytes of all its files.
        cpu_seconds: of one process.
    """

    memory: int = 6 << 30
    headroom: int = 3 << 30
    processes: int = 8
    threads: int = 64
    file_size: int = 64 << 20
    scratch: int = 64 << 20
    cpu_seconds: int = 1200

    def resources(self) -> dict[str, int]:
        """The kernel's limits for each process, by name."""
        return {
            "NPROC": self.threads,
            "FSIZE": self.file_size,
            "CPU": self.cpu_seconds,
            "NOFILE": 128,
            "CORE": 0,
            "MEMLOCK": 1 << 16,
            "MSGQUEUE": 0,
        }


class WorkerProcess:
    """One isolated process. It answers requests until it is lost or let go."""

    def __init__(self, data: socket.socket, status: socket.socket, limits: Limits):
        self._data, self._status, self._limits = data, status, limits
        self.lost = False

    def exchange(self, request: bytes, *, seconds: float = PATIENCE) -> bytes:
        """The reply to a request.

        Raises:
            WorkerLost: if the worker is gone or breaks the rules of the conversation.
            CallTimeout: if it does not answer within `seconds`.
        """
        try:
            if self.lost:
                raise channel.Gone("it was ended before")
            if channel.has_something(self._data):
                raise channel.ChannelError("it spoke before it was asked")
            end = time.monotonic() + seconds
            channel.send(self._data, request, seconds=seconds)
            return channel.receive(self._data, seconds=max(end - time.monotonic(), 1.0))
        except channel.Late:
            self.let_go()
            raise CallTimeout(f"no answer came within {seconds:g} s") from None
        except channel.ChannelError as error:
            raise WorkerLost(self._obituary(error)) from None
        except BaseException:  # a time limit rang in the middle of a message
            self.let_go()
            raise

    def let_go(self) -> None:
        """Ends the worker and all that it started."""
        self.lost = True
        self._data.close()
        self._status.close()

    def _obituary(self, complaint: channel.ChannelError) -> str:
        """One sentence on how the worker ended; the keeper, who is ours, knows."""
        told = {}
        if not self.lost and isinstance(complaint, channel.Gone):
            poll = select.poll()
            poll.register(self._status, select.POLLIN)
            if poll.poll(1000):
                with contextlib.suppress(OSError, ValueError):
                    told = json.loads(self._status.recv(4096).partition(b"\n")[0])
        self.let_go()
        reason, end = told.get("reason", ""), told.get("end", "")
        if reason in ENDED:
            sentence = ENDED[reason].format(memory=self._limits.memory / 1e9, processes=self._limits.processes)
        elif reason == "start":
            raise IsolationError(f"a worker could not be started: {end}")
        elif end.startswith("signal "):
            sentence = SIGNALS.get(end.removeprefix("signal "), f"it ended by {end}")
        elif end.startswith("exit "):
            sentence = f"it ended the whole process ({end})"
        else:
            sentence = f"the process that ran it could not be used any more: {complaint}"
        return sentence


class Sandbox:
    """A warm process under isolation, and the workers forked from it.

    Args:
        isolation: how workers are kept apart.
        limits: what each may use.
        warm: whether the process imports torch and serves submissions; else it only probes.
        many: whether so many workers will be wanted that it pays to make a fork cheap first.
        core: number of the processor on which workers run; None leaves it to the kernel.
    """

    def __init__(
        self,
        isolation: Isolation,
        limits: Limits | None = None,
        *,
        warm: bool = True,
        many: bool = False,
        core: int | None = None,
    ):
        self.isolation, self.limits, self.core = isolation, limits or Limits(), core
        self._warm, self._many, self._number = warm, many, 0
        self._spare: WorkerProcess | None = None
        self._folder = None if isolation.namespaces else tempfile.mkdtemp(prefix="tensorlings-")
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115
        self._control, far = socket.socketpair()
        environment = dict(isolation.environment) if isolation.environment else None
        command = isolation.command(str(far.fileno()), json.dumps(self._settings()))
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=self._errors,
            stderr=self._errors,
            pass_fds=[far.fileno()],
            env=environment,
            cwd="/",
            start_new_session=not isolation.wrapper,
        )
        far.close()
        self._ready = False

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def worker(self) -> WorkerProcess:
        """A fresh worker; the next one is made ready meanwhile.

        Raises:
            IsolationError: if none can be had.
        """
        found = self._spare or self._order()
        self._spare = self._order()
        return found

    def hand_over(self) -> None:
        """Leaves the conversation to a fork of this process; this one only waits for the end."""
        self._control.close()

    def close(self) -> None:
        """Ends the warm process and all workers."""
        if self._spare is not None:
            self._spare.let_go()
            self._spare = None
        self._control.close()
        if self._process.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(1)
            self._process.kill()
        self._process.wait()
        self._errors.close()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _order(self) -> WorkerProcess:
        self._wait_until_ready()
        data, far_data = socket.socketpair()
        status, far_status = socket.socketpair()
        self._number += 1
        try:
            socket.send_fds(self._control, [str(self._user).encode()], [far_data.fileno(), far_status.fileno()])
        except OSError:
            raise IsolationError(f"the warm process ended: {self._complaint()}") from None
        finally:
            far_data.close()
            far_status.close()
        return WorkerProcess(data, status, self.limits)

    @property
    def _user(self) -> int:
        """Number of the latest worker's user: no other sandbox's, and none of this one's that may still live."""
        return FIRST_USER + self._process.pid % 100_000 * 1000 + self._number % 1000

    def _wait_until_ready(self) -> None:
        if self._ready:
            return
        self._control.settimeout(STARTED)
        try:
            said = self._control.recv(16)
        except OSError:
            said = b""
        if said != b"ready":
            raise IsolationError(f"the warm process could not be started: {self._complaint()}")
        self._control.settimeout(None)
        self._ready = True

    def _complaint(self) -> str:
        self._errors.seek(0)
        lines = self._errors.read()[-2000:].decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    def _settings(self) -> dict[str, object]:
        isolation, limits = self.isolation, self.limits
        return {
            "warm": self._warm,
            "many": self._many,
            "core": self.core,
            "namespaces": isolation.namespaces,
            "user_namespace": isolation.user_namespace,
            "users": isolation.users,
            "device": isolation.device,
            "limits": limits.resources(),
            "memory": limits.memory,
            "headroom": limits.headroom,
            "processes": limits.processes,
            "scratch_size": limits.scratch,
            "scratch": self._folder or isolation.scratch,
        }


def strongest_isolation(protected: Iterable[Path], *, device: str = "cpu") -> Isolation:
    """The strongest isolation that works here, found out by trying.

    Args:
        protected: folders and files that no worker may read.
        device: where workers may compute.

    Raises:
        IsolationError: if bubblewrap is absent or does not work, with what it said and what helps.
    """
    protected = [Path(path).resolve() for path in protected]
    if not sys.platform.startswith("linux"):
        raise IsolationError("sandboxed grading needs Linux; elsewhere `--isolation none` runs submissions unprotected")
    possible = candidates(protected, device=device)
    if not possible:
        raise IsolationError(f"bubblewrap is not installed; {ADVICE}")
    complaints = []
    for isolation in possible:
        complaint = _try(isolation, protected)
        if not complaint:
            return isolation
        complaints.append(complaint)
    raise IsolationError(f"bubblewrap does not work here ({complaints[-1]}); {ADVICE}")


def isolation_of(level: str | None, protected: Iterable[Path], *, device: str = "cpu") -> Isolation:
    """The isolation called `level`, or the strongest.

    Raises:
        IsolationError: if it is not to be had.
    """
    return unprotected(device=device) if level == "none" else strongest_isolation(protected, device=device)


def _try(isolation: Isolation, protected: list[Path]) -> str:
    """What is wrong with an isolation, or nothing."""
    asked = [str(each) for path in protected for each in _samples(path, isolation)]
    try:
        with Sandbox(isolation, warm=False) as sandbox:
            told = json.loads(sandbox.worker().exchange(json.dumps(asked).encode(), seconds=30))
    except (IsolationError, WorkerLost, CallTimeout) as error:
        return str(error)
    faults = {
        "it can read": told["seen"],
        "it can write to": told["writable"],
        "it sees the processes": told["processes"],
        "it reaches the network by": told["network"],
    }
    return "; ".join(f"{fault} {found}" for fault, found in faults.items() if found)


def _samples(path: Path, isolation: Isolation) -> list[Path]:
    """Some of what lies at `path` and must not be seen, but for what every worker needs."""
    inside = sorted(path.iterdir())[:50] if path.is_dir() else [path] if path.is_file() else []
    return [each for each in inside if not any(f"{part}/".startswith(f"{each}/") for part in isolation.wrapper)]
