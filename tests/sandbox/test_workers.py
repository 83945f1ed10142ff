"""Workers: what they may reach, how they end, and that one is never another's."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import textwrap
import time
from pathlib import Path

import pytest
import torch

from autograder import wire
from autograder.errors import CallTimeout, WorkerLost
from autograder.packing import pack
from autograder.remote import Remote
from autograder.sandbox import channel
from autograder.sandbox.isolation import Isolation, IsolationError, candidates, unprotected
from autograder.sandbox.workers import Limits, Sandbox, isolation_of, strongest_isolation
from tests.grading.needs import needs_bubblewrap

ROOT = Path(__file__).parent.parent.parent
LIMITS = Limits(headroom=1 << 30, processes=16, file_size=1 << 20, scratch=4 << 20)


def ways() -> list:
    found = [pytest.param(None, marks=needs_bubblewrap, id="strongest"), pytest.param("users", marks=needs_bubblewrap)]
    return [*found, "none"]


@pytest.fixture(scope="module", params=ways())
def sandbox(request):
    """A warm sandbox of each kind: the strongest, one with user namespaces, and one with limits only."""
    isolation = unprotected()
    if request.param is None:
        isolation = strongest_isolation([ROOT])
    elif request.param == "users":
        isolation = candidates([ROOT])[-1]
    with Sandbox(isolation, LIMITS) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def isolated(sandbox):
    """The same, where there is more than limits."""
    if not sandbox.isolation.namespaces:
        pytest.skip("without bubblewrap there are only limits")
    return sandbox


@needs_bubblewrap
def test_a_sandbox_for_many_answers_as_one_for_few_does():
    """Its memory lies in large pages; nobody can tell but by the time that a fork takes."""
    with Sandbox(strongest_isolation([ROOT]), LIMITS, many=True) as sandbox:
        for number in range(3):
            remote = load(sandbox, f"def f(x):\n    return x + {number}\n")
            assert remote.call("f", {"x": torch.ones(2)}, (torch.ones(2),), {}).value.tolist() == [1 + number] * 2


@needs_bubblewrap
def test_workers_stay_on_the_processor_that_they_are_given():
    """One that does not exist is as good as none."""
    source = "import os\ndef f():\n    return sorted(os.sched_getaffinity(0))\n"
    have = sorted(os.sched_getaffinity(0))
    for core, found in ((have[-1], have[-1:]), (1 << 20, have)):
        with Sandbox(strongest_isolation([ROOT]), LIMITS, core=core) as sandbox:
            assert call(load(sandbox, source)) == found


def load(sandbox: Sandbox, source: str) -> Remote:
    """A worker with the functions in `source`."""
    worker = sandbox.worker()
    source = textwrap.dedent(source)
    asked = {"do": "load", "file": "unit.py", "source": source, "names": ["f", "g"], "seconds": 5.0}
    told = wire.decode(worker.exchange(pack(asked)))
    assert not told["problem"], told
    remote = Remote(worker.exchange)
    remote.worker = worker
    return remote


def call(remote: Remote, name: str = "f", *args, seconds: float = 5.0, **arguments):
    """The value that a call gives."""
    reply = remote.call(name, arguments or dict(enumerate_names(args)), args, arguments, seconds=seconds)
    if reply.error is not None:
        raise reply.error.as_exception()
    return reply.value


def enumerate_names(args):
    return [(f"argument{index}", each) for index, each in enumerate(args)]


def test_a_call_looks_local(sandbox):
    """Values, gradients and gradients of gradients come back."""
    remote = load(sandbox, "def f(x):\n    return (x ** 3).sum()\n")
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    value = call(remote, "f", x)
    (first,) = torch.autograd.grad(value, x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x)
    assert value.item() == 9
    assert first.tolist() == [3, 12]
    assert second.tolist() == [6, 12]


def test_a_function_of_ours_can_be_handed_over(sandbox):
    """By value, with what it closes over."""
    remote = load(sandbox, "def f(attack, x):\n    return attack(x) + 1\n")
    shift = 2.5
    assert call(remote, "f", lambda x: x + shift, torch.zeros(2)).tolist() == [3.5, 3.5]


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("import os\ndef f():\n    os._exit(3)\n", "ended the whole process (exit 3)"),
        ("import ctypes\ndef f():\n    ctypes.string_at(0)\n", "crashed"),
        ("import socket\ndef f():\n    socket.socket(fileno=3).send(b'x' * 100)\n", "could not be used any more"),
        ("import socket, os\ndef f():\n    os.close(3)\n", "ended the whole process"),
    ],
    ids=["exit", "segmentation fault", "forged frame", "closed channel"],
)
def test_a_worker_that_is_lost_says_why(sandbox, source, sentence):
    """The judge is told how it ended, by the keeper and not by the worker."""
    remote = load(sandbox, source)
    with pytest.raises(WorkerLost, match=sentence.replace("(", r"\(").replace(")", r"\)")):
        call(remote)
    assert remote.worker.lost
    assert call(load(sandbox, "def f():\n    return 1\n")) == 1  # the next one is fresh


def test_an_answer_before_the_question_counts_for_nothing(sandbox):
    """A thread that speaks first is found out at the next call."""
    remote = load(
        sandbox,
        """
        import socket, struct
        def f():
            return 1
        def g():
            frame = struct.pack("<Q", 3) + b"abc"
            import threading, time
            threading.Thread(target=lambda: (time.sleep(0.3), socket.socket(fileno=3).send(frame))).start()
            return 2
        """,
    )
    assert call(remote, "g") == 2
    time.sleep(0.8)
    with pytest.raises(WorkerLost, match=r"spoke before it was asked|it ended"):
        call(remote, "f")


def test_a_call_that_works_too_long_is_interrupted(sandbox):
    """By the worker itself where it can, and the worker lives on."""
    remote = load(sandbox, "def f():\n    while True:\n        pass\ndef g():\n    return 1\n")
    with pytest.raises(CallTimeout, match=r"did not return within 0.5 s"):
        call(remote, "f", seconds=0.5)
    assert call(remote, "g") == 1


def test_a_worker_that_does_not_answer_is_ended(sandbox):
    """Whatever it swallows."""
    remote = load(
        sandbox,
        """
        import time
        def f():
            while True:
                try:
                    time.sleep(60)
                except BaseException:
                    pass
        """,
    )
    worker = remote.worker
    started = time.monotonic()
    with pytest.raises(CallTimeout):
        worker.exchange(
            pack({"do": "call", "name": "f", "arguments": {}, "args": (), "kwargs": {}, "facts": {}, "seconds": 0.2}),
            seconds=1.0,
        )
    assert worker.lost
    assert time.monotonic() - started < 10


def test_memory_of_one_process_is_limited(sandbox):
    """It is told so by its own allocator, and goes on."""
    remote = load(
        sandbox,
        """
        import torch
        def f():
            return torch.ones(1 << 29).sum().item()
        def g():
            return 1
        """,
    )
    with pytest.raises(RuntimeError, match="alloc"):
        call(remote, "f")
    assert call(remote, "g") == 1


def test_files_are_limited(sandbox):
    """No file larger than the limit."""
    remote = load(sandbox, "def f():\n    with open('big', 'wb') as file:\n        file.write(b'x' * (1 << 22))\n")
    with pytest.raises((RuntimeError, OSError, WorkerLost)):
        call(remote)


def test_the_environment_is_ours(sandbox, monkeypatch):
    """Nothing of the grader's environment, and no descriptor but the channel and three that lead nowhere."""
    remote = load(
        sandbox,
        """
        import os
        def f():
            return {name: value for name, value in os.environ.items() if "SECRET" in value}
        def g():
            found = []
            for handle in range(256):
                try:
                    os.fstat(handle)
                    found.append(handle)
                except OSError:
                    pass
            return found
        """,
    )
    assert call(remote) == {}
    assert call(remote, "g") == [0, 1, 2, 3]


def test_only_what_is_needed_can_be_read(isolated, tmp_path):
    """Neither the course nor the home, the temporary folder nor another process."""
    secret = tmp_path / "secret"
    secret.write_text("x")
    remote = load(
        isolated,
        """
        import os
        def f(paths):
            return [path for path in paths if os.path.exists(path) and (os.path.isfile(path) or os.listdir(path))]
        def g():
            return os.getpid(), os.listdir("/proc") if os.path.isdir("/proc") else []
        """,
    )
    paths = [
        str(secret),
        str(ROOT / "solutions"),
        str(ROOT / "exercises"),
        str(ROOT / ".git"),
        "/etc/passwd",
        "/var/log",
    ]
    assert call(remote, "f", paths) == []
    assert call(remote, "g") == (1, [])


def test_nothing_but_the_scratch_can_be_written(isolated):
    """And the scratch is empty for the next one, its shared memory too."""
    source = """
        import os
        def f(folders):
            written = []
            for folder in folders:
                try:
                    open(os.path.join(folder, "mark"), "w").close()
                    written.append(folder)
                except OSError:
                    pass
            return written
        def g():
            return sorted(os.listdir("/tmp") + os.listdir("/dev/shm"))
        """
    first = load(isolated, source)
    import autograder

    folders = ["/", "/usr", "/dev", "/etc", "/tmp", "/dev/shm", str(Path(autograder.__file__).parent), *torch.__path__]
    assert call(first, "f", folders) == ["/tmp", "/dev/shm"]
    assert call(load(isolated, source), "g") == ["unit.py"]


def test_there_is_no_network(isolated):
    """No interface is up, and a server of this machine cannot be reached."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        remote = load(
            isolated,
            f"""
            import socket
            def f():
                try:
                    socket.create_connection(("127.0.0.1", {port}), 1)
                    return "reached"
                except OSError:
                    return "no way"
            """,
        )
        assert call(remote) == "no way"


def test_processes_are_counted_and_end_with_their_worker(isolated):
    """A fork bomb meets its limit, and nothing is left of it."""
    before = _worker_processes()
    remote = load(
        isolated,
        """
        import os, time
        def f():
            started = 0
            try:
                while started < 200:
                    if os.fork() == 0:
                        time.sleep(100)
                        os._exit(0)
                    started += 1
            except OSError:
                pass
            return started
        """,
    )
    with contextlib.suppress(WorkerLost):  # the keeper may be quicker
        assert call(remote) < LIMITS.processes
    grown = _worker_processes()
    remote.worker.let_go()
    end = time.monotonic() + 20
    while len(grown & _worker_processes()) > len(before) + 1 and time.monotonic() < end:  # a spare one may be there
        time.sleep(0.1)
    assert len(grown & _worker_processes()) <= len(before) + 1
    assert call(load(isolated, "def f():\n    return 1\n")) == 1


def _worker_processes() -> set[str]:
    """Processes of this machine that live in a namespace of a worker's."""
    found = set()
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            numbers = re.search(r"^NSpid:(.*)$", Path(f"/proc/{name}/status").read_text(), re.MULTILINE)
            if numbers and len(numbers[1].split()) >= 3:
                found.add(name)
    return found


def test_privileges_cannot_be_regained(isolated):
    """No capability, no new privileges, no other user."""
    remote = load(
        isolated,
        """
        import ctypes, os
        def f():
            libc = ctypes.CDLL(None, use_errno=True)
            changed = libc.setuid(0) if os.getuid() else -1
            return [libc.mount(b"none", b"/tmp", b"tmpfs", 0, None), libc.prctl(39, 0, 0, 0, 0), changed]
        """,
    )
    assert call(remote) == [-1, 1, -1]


@pytest.fixture
def for_cuda():
    """A sandbox whose workers may use CUDA, whether or not it is there."""
    try:
        isolation = strongest_isolation([ROOT], device="cuda")
    except IsolationError as error:
        pytest.skip(str(error))
    with Sandbox(isolation, LIMITS) as sandbox:
        yield sandbox


def test_where_cuda_may_be_used_a_worker_still_sees_no_process_but_its_own(for_cuda):
    """NVIDIA's driver looks things up at /proc, which is therefore not empty there."""
    remote = load(
        for_cuda,
        """
        import os

        def f():
            others = [each for each in os.listdir("/proc") if each.isdigit() and int(each) != os.getpid()]
            places = ("/proc", "/proc/sys/kernel/core_pattern", "/dev", "/", "/sys")
            return others, [each for each in places if os.access(each, os.W_OK)], os.path.exists("/proc/cpuinfo")
        """,
    )
    assert call(remote) == ([], [], True)


def test_where_cuda_may_be_used_threads_can_be_named(for_cuda):
    """NVIDIA's driver does, through /proc, and gives up with "OS call failed" where it can't."""
    remote = load(
        for_cuda,
        """
        import os, threading

        def f():
            done, number = threading.Event(), []
            thread = threading.Thread(target=lambda: (number.append(threading.get_native_id()), done.wait()))
            thread.start()
            while not number:
                pass
            name = f"/proc/self/task/{number[0]}/comm"
            with open(name, "w") as file:
                file.write("cuda")
            with open(name) as file:
                said = file.read()
            done.set()
            return said.strip()
        """,
    )
    assert call(remote) == "cuda"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA here")
def test_a_worker_differentiates_on_cuda(for_cuda):
    """The driver starts in the worker, not in the warm process, whose forks could not use it."""
    remote = load(
        for_cuda,
        """
        import torch

        def f():
            x = torch.ones(4, 4, device="cuda", requires_grad=True)
            (x @ x).sum().backward()
            return x.grad.sum().item()
        """,
    )
    assert call(remote) == 128


def test_a_worker_on_the_cpu_finds_no_cuda(sandbox):
    """Else the first gradient of the warm process starts its driver, which does not survive a fork."""
    remote = load(sandbox, 'import os\ndef f():\n    return os.environ["CUDA_VISIBLE_DEVICES"]\n')
    assert call(remote) == ""


@needs_bubblewrap
def test_a_sandbox_that_can_see_too_much_is_found_out(tmp_path):
    """The probe refuses an isolation that shows what it must not."""
    from autograder.sandbox.workers import _try

    (tmp_path / "hidden").write_text("x")
    tmp_path.chmod(0o755)
    honest = candidates([tmp_path])[-1]
    leaky = Isolation(
        honest.level,
        (*honest.wrapper[:-1], "--ro-bind", str(tmp_path), str(tmp_path), "--"),
        user_namespace=honest.user_namespace,
        users=honest.users,
        scratch="/dev/shm",
    )
    assert "it can read" in _try(leaky, [tmp_path])


def test_no_bubblewrap_is_said_with_what_helps(monkeypatch):
    """And `none` must be asked for."""
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(IsolationError, match="bubblewrap is not installed; install it"):
        isolation_of(None, [ROOT])
    assert isolation_of("none", [ROOT]).level == "none"


def test_messages_are_bounded():
    """A length that is a lie takes no memory."""
    near, far = socket.socketpair()
    with near, far:
        far.sendall((1 << 60).to_bytes(8, "little"))
        with pytest.raises(channel.ChannelError, match="is said to have"):
            channel.receive(near, seconds=1)
        far.sendall((1 << 20).to_bytes(8, "little") + b"x")
        with pytest.raises(channel.Late):
            channel.receive(near, seconds=0.2)


def test_what_the_warm_process_is_told_is_plain(sandbox):
    """Its settings can be read by anybody who looks at the list of processes: no secret is among them."""
    assert "secret" not in json.dumps(sandbox._settings())
