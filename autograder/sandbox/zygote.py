"""The warm process: it imports what every worker needs, sees no submission, and forks workers on demand.

For each worker there are two processes. The keeper (ours) watches over the memory and number of processes of the
worker, ends it when the judge lets go, and reports how it ended. The worker is the first process of a namespace of its
own: when it ends, the kernel ends whatever it had started.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import signal
import socket
import sys
import tempfile
from typing import Any

from autograder.sandbox import kernel

GLANCE = 100  # milliseconds between two looks at a worker's memory
_OF_CUDA = ("memfd_create",)  # system calls that NVIDIA's driver makes
_PAGE = os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    """Serves the judge behind the inherited socket `argv[1]` with the settings `argv[2]`, until it lets go."""
    control = socket.socket(fileno=int(sys.argv[1]))
    settings = json.loads(sys.argv[2])
    if settings["warm"]:
        _warm_up(settings["device"])
    if settings["many"]:
        kernel.use_large_pages()
    kernel.stay_on(settings["core"])
    gc.collect()
    gc.freeze()  # workers share this memory as long as they do not write to it
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the judge's business
    control.sendall(b"ready")
    while True:
        message, handles, _, _ = socket.recv_fds(control, 64, 2)
        if not message:
            return
        if os.fork() == 0:
            control.close()
            _keep(int(message), settings, *handles)
        for handle in handles:
            os.close(handle)


def _warm_up(device: str) -> None:
    """Imports, and first calls of what prepares itself at the first call.

    Where there is CUDA, the first gradient starts its driver, and a fork of a process that has done so can neither use
    it nor differentiate; there workers make these calls themselves.
    """
    import torch

    from autograder import models, remote, server  # noqa: F401

    torch.set_num_threads(1)
    torch.set_num_interop_threads(1)
    if device != "cpu":
        return
    weight = torch.ones(8, 8, requires_grad=True)
    image = torch.nn.functional.conv2d(torch.ones(1, 1, 8, 8), torch.ones(1, 1, 3, 3))
    total = torch.nn.functional.gelu(weight @ weight).sum() + image.sum()
    torch.autograd.grad(total, weight, torch.ones(()))  # with outputs' gradients it imports 0.2 s of sympy
    torch.optim.SGD([weight], lr=0.1).step()  # half a second of torch's compiler
    repr(weight)
    tempfile.gettempdir()


def _keep(user: int, settings: dict[str, Any], data: int, status: int) -> None:
    """Starts a worker and watches over it; never returns."""
    worker = 0
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        kernel.die_with_parent(signal.SIGKILL)
        channel = socket.socket(fileno=status)
        processes = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY)
        if settings["namespaces"]:
            kernel.unshare(user=settings["user_namespace"])
        settings["address_space"], _ = kernel.memory_in_use()
        worker = os.fork()
        if worker == 0:
            _work(user, settings, data, channel)
        os.close(data)
        reason = _watch(worker, channel, processes, settings)
        _, code = os.waitpid(worker, 0)
        end = f"signal {-os.waitstatus_to_exitcode(code)}" if os.WIFSIGNALED(code) else f"exit {os.WEXITSTATUS(code)}"
        _tell(channel, reason, end)
    except BaseException as error:
        with contextlib.suppress(BaseException):  # nothing that a worker does may pass for a fault of ours
            _tell(channel, "watch" if worker else "start", f"{type(error).__name__}: {error}")
    finally:
        os._exit(0)


def _tell(channel: socket.socket, reason: str, end: str) -> None:
    """Reports the end of a worker to the judge, who hears the first report alone."""
    channel.sendall(json.dumps({"reason": reason, "end": end}).encode() + b"\n")


def _watch(worker: int, channel: socket.socket, processes: int, settings: dict[str, Any]) -> str:
    """Waits for the worker's end, and brings it about if need be; why it was ended, or nothing."""
    poll = select.poll()
    poll.register(os.pidfd_open(worker), select.POLLIN)
    poll.register(channel, select.POLLIN)
    while True:
        ready = [handle for handle, _ in poll.poll(GLANCE)]
        reason = ""
        if channel.fileno() in ready:
            reason = "let go"
        elif not ready:
            reason = _excess(worker, processes, settings)
        if reason:
            os.kill(worker, signal.SIGKILL)
        if reason or ready:
            return reason


def _excess(worker: int, processes: int, settings: dict[str, Any]) -> str:
    """Which limit the worker and all that it started are above together, if any."""
    parents, sizes, spaces = {}, {}, {}
    for name in os.listdir(processes):
        if name.isdigit():
            with contextlib.suppress(OSError, ValueError), open(os.open(f"{name}/stat", 0, dir_fd=processes)) as file:
                fields = file.read().rpartition(")")[2].split()
                parents[int(name)], sizes[int(name)] = int(fields[1]), int(fields[21]) * _PAGE
                spaces[int(name)] = max(0, int(fields[20]) - settings["address_space"])
    family = {worker}
    while grown := {each for each, parent in parents.items() if parent in family} - family:
        family |= grown
    if len(family) > settings["processes"]:
        return "processes"
    counted = [sizes] if settings["device"] != "cpu" else [sizes, spaces]  # shared memory may be held but not mapped
    held = max(sum(each.get(member, 0) for member in family) for each in counted)
    return "memory" if held > settings["memory"] else ""


def _work(user: int, settings: dict[str, Any], data: int, channel: socket.socket) -> None:
    """Turns this process into a worker; never returns."""
    try:
        address_space, private = kernel.memory_in_use()
        limits, on_cpu = dict(settings["limits"]), settings["device"] == "cpu"
        if on_cpu:  # CUDA reserves far more than it uses
            limits["AS"] = address_space + settings["headroom"]
        limits["DATA"] = private + settings["headroom"]
        if settings["namespaces"]:
            kernel.keep_mounts_private()
            for folder in (settings["scratch"], "/dev/shm"):
                kernel.mount_scratch(folder, settings["scratch_size"])
            if on_cpu:
                kernel.cover("/proc")
            else:  # the driver looks things up there, and names its threads
                _show_own_processes(channel)
            if settings["users"]:
                kernel.become(user)
            os.chdir(settings["scratch"])
        else:
            os.chdir(tempfile.mkdtemp(prefix="worker-", dir=settings["scratch"]))
            os.environ["HOME"] = os.environ["TMPDIR"] = tempfile.tempdir = os.getcwd()
        kernel.set_limits(limits)
        if settings["namespaces"]:
            kernel.give_up_privileges(inspectable=not on_cpu)
            kernel.forbid_system_calls(allowed=() if on_cpu else _OF_CUDA)
        data = _only(data)
        if settings["warm"]:
            from autograder.server import serve
        else:
            from autograder.sandbox.probe import serve
        serve(socket.socket(fileno=data))
    except BaseException:
        os._exit(70)
    os._exit(0)


def _show_own_processes(channel: socket.socket) -> None:
    try:
        kernel.mount_own_processes()
    except OSError as error:
        _tell(channel, "start", f"CUDA needs a /proc of its own, which is not to be had here ({error.strerror})")
        raise


def _only(data: int) -> int:
    """Closes everything but `data`, which becomes handle 3; what is printed goes nowhere."""
    os.setsid() if os.getpid() != 1 else None
    os.dup2(data, 3)
    os.closerange(4, 1 << 16)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    os.close(nowhere)
    for signal_number in (signal.SIGCHLD, signal.SIGINT, signal.SIGALRM):
        signal.signal(signal_number, signal.SIG_DFL)
    return 3
