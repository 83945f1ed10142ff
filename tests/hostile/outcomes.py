"""Both graders' runs over the attacks: the naive one in its box, and `grade`."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autograder.catalogue import load_course
from autograder.grading.grade import Wanted, grade
from autograder.grading.results import Result
from autograder.sandbox.workers import Limits
from tests.hostile.catalogue import COURSE, MARK, REACHED, Attack, write_neighbour

LIMITS = Limits(memory=2 << 30, headroom=1 << 30)
SECONDS = 1.0  # of work of one call
SECRET = b"0123456789abcdef"  # the same inputs every time


@dataclass
class Outcome:
    """What `grade` made of a class of attacks.

    Attributes:
        results: by submission.
        texts: of the files of results.
        marks: places outside of submissions where an attack left something.
        visitors: how many connections reached a server of ours.
        unjudged: sentences on submissions over which judges ended.
        broken: checks that were thought to be at fault.
    """

    results: dict[str, Result] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    marks: list[Path] = field(default_factory=list)
    visitors: int = 0
    unjudged: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def points(self, attack: Attack) -> float:
        """What an attack was given, the second time if that was more."""
        names = (attack.name, f"{attack.name}-again")
        return max(self.results[name].score for name in names if name in self.results)

    def faults(self, attack: Attack) -> list[str]:
        """In which ways an attack won, if any."""
        if attack.name not in self.results:
            return ["it was not judged"]
        faults = []
        honest = self.results[attack.twin_name].score
        if honest != attack.honest:
            faults.append(f"its honest part is worth {honest:g}, not {attack.honest:g}")
        if self.points(attack) > honest + attack.unguarded:
            faults.append(f"it was given {self.points(attack):g} points where {honest:g} are earned")
        if self.results[attack.name].max_score != self.results[attack.twin_name].max_score:
            faults.append("it changed how many points there are")
        if any(REACHED in self.texts.get(name, "") for name in (attack.name, f"{attack.name}-again")):
            faults.append("it got where it should not be")
        if self.results[f"{attack.name}-neighbour"].exercises != self.results["neighbour"].exercises:
            faults.append("the next submission has another result")
        return faults


def sandboxed(attacks: Sequence[Attack], folder: Path, *, jobs: int = 2) -> Outcome:
    """Grades attacks, honest neighbours between them, and their honest twins; `folder` is for all that this takes."""
    submissions, out, home, twins = (folder / name for name in ("submissions", "results", "home", "twins"))
    for each in (submissions, out, home, twins):
        each.mkdir()
    for each in (out, home):
        (each / "canary").write_text(REACHED)
    outcome = Outcome()
    with server() as (port, visits):
        places = {
            "SUBMISSIONS": str(submissions),
            "CANARIES": f"{out}/canary:{home}/canary",
            "PLACES": f"{out}:{home}:{COURSE}/solutions",
            "PORT": str(port),
        }
        paths = [write_neighbour(submissions, "neighbour")]
        for attack in attacks:
            if attack.twice:
                paths.append(attack.write(submissions, places).rename(submissions / f"{attack.name}-again"))
            paths.append(attack.write(submissions, places))
            paths.append(write_neighbour(submissions, f"{attack.name}-neighbour"))
        paths += {attack.twin_name: attack.write_twin(twins) for attack in attacks}.values()
        units = sorted({"generalization", *(attack.unit for attack in attacks)})
        wanted = Wanted(paths, out, SECRET, units, jobs, limits=LIMITS, private=[home, twins], call_seconds=SECONDS)
        tally = grade(load_course(COURSE), wanted)
        outcome.visitors = len(visits)
    outcome.results, outcome.unjudged, outcome.broken = tally.results, tally.unjudged, tally.broken
    for name, result in outcome.results.items():
        outcome.texts[name] = (out / f"{name}.json").read_text()
        outcome.results[name] = _without_times(result)
    searched = (out, home, submissions, Path("/tmp"), Path("/dev/shm"))
    outcome.marks = [each / MARK for each in searched if (each / MARK).exists()]
    outcome.marks += [*(COURSE / "solutions").glob(MARK), *(COURSE / "autograder").glob(MARK)]
    return outcome


def _without_times(result: Result) -> Result:
    import msgspec

    exercises = tuple(
        msgspec.structs.replace(
            exercise, checks=tuple(msgspec.structs.replace(check, seconds=0.0) for check in exercise.checks)
        )
        for exercise in result.exercises
    )
    return msgspec.structs.replace(result, exercises=exercises)


@contextlib.contextmanager
def server() -> Iterator[tuple[int, list[object]]]:
    """A server on this machine: its port, and everyone who came."""
    visits: list[object] = []

    def listen(server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, address = server.accept()
                visits.append(address)
                connection.close()

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=listen, args=(server,), daemon=True)
        thread.start()
        yield server.getsockname()[1], visits
        server.shutdown(socket.SHUT_RDWR)
