"""The judge that nbgrader asks: a process of its own, which reads what was handed in and keeps results.

nbgrader's process never loads torch, and nothing of a submission; if the judge ends, it is started again.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from autograder.errors import TensorlingsError
from autograder.grading.results import Result, read_result

LONGEST = 7200.0  # seconds that one submission may take
TRIES = 2  # judges that may end over one submission


class JudgingError(TensorlingsError):
    """There is no result; the sentence says why."""


@dataclass(frozen=True)
class Question:
    """What a judge is started for.

    Attributes:
        course: folder with `exercises/` and `solutions/`.
        unit: the one that counts.
        out: folder of the results.
        private: folders that no worker may read.
        isolation: "bubblewrap", "none", or None for the strongest that is safe.
        secret: file of what inputs are drawn from; None takes the course's own.
        device: where training checks run.
    """

    course: str
    unit: str
    out: str
    private: Sequence[str] = ()
    isolation: str | None = None
    secret: str | None = None
    device: str = "cpu"


class Judging:
    """Asks for results, one submission after the other."""

    def __init__(self, question: Question):
        self.question = question
        self._process: subprocess.Popen[str] | None = None

    def result(self, path: Path) -> tuple[Result, bool]:
        """The result of the submission at `path`, and whether it was judged now.

        Raises:
            JudgingError: if there is none.
        """
        for _ in range(TRIES):
            process = self._started()
            try:
                assert process.stdin is not None
                assert process.stdout is not None
                process.stdin.write(json.dumps(str(path)) + "\n")
                process.stdin.flush()
                ready, _, _ = select.select([process.stdout], [], [], LONGEST)
                told = process.stdout.readline() if ready else ""
            except OSError:
                told = ""
            if told:
                return self._read(json.loads(told))
            self.close()
        raise JudgingError(f"{path}: the judge ended over it {TRIES} times")

    def close(self) -> None:
        """Ends the judge."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            for stream in (self._process.stdin, self._process.stdout):
                with contextlib.suppress(OSError):
                    stream.close()  # type: ignore[union-attr]
            self._process = None

    def _started(self) -> subprocess.Popen[str]:
        if self._process is None or self._process.poll() is not None:
            self.close()
            command = [sys.executable, "-m", "autograder.jupyter.judging", json.dumps(asdict(self.question))]
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self._process

    def _read(self, told: dict[str, Any]) -> tuple[Result, bool]:
        if told["problem"]:
            raise JudgingError(told["problem"])
        return read_result(Path(told["file"])), bool(told["fresh"])


def main() -> None:
    """Answers paths on stdin with lines on stdout until there are no more."""
    from autograder.grading.grade import Judges

    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer
    question = Question(**json.loads(sys.argv[1]))
    judges: Judges | None = None
    try:
        for line in sys.stdin:
            told = {"problem": "", "file": "", "fresh": False}
            try:
                judges = judges or _judges(question)
                result, fresh = judges.judge(Path(json.loads(line)))
                told |= {"file": str(Path(question.out) / f"{result.submission}.json"), "fresh": fresh}
            except TensorlingsError as error:
                told["problem"] = str(error)
            answers.write(json.dumps(told) + "\n")
            answers.flush()
    finally:
        if judges is not None:
            judges.close()


def _judges(question: Question) -> Any:
    from autograder.catalogue import load_course
    from autograder.grading.grade import Judges, Wanted
    from autograder.grading.secret import course_secret

    course = load_course(Path(question.course))
    own = course.root / ".autograder" / "secret"
    secret = own if question.secret is None else Path(question.secret)
    wanted = Wanted(
        (),
        Path(question.out),
        course_secret(secret, make=question.secret is None),
        units=[question.unit],
        isolation=question.isolation,
        device=question.device,
        private=[secret, *map(Path, question.private)],
    )
    return Judges(course, wanted)


if __name__ == "__main__":
    main()
