"""Everything that Tensorlings raises on purpose."""

from __future__ import annotations

from pathlib import Path


class TensorlingsError(Exception):
    """Base of the errors that are told in one sentence, never as a traceback."""


class CourseError(TensorlingsError):
    """Content of the course is broken; says in which file and, where there is one, under which key."""

    def __init__(self, file: Path | str, key: str, sentence: str):
        where = f"{file}: {key}" if key else str(file)
        super().__init__(f"{where}: {sentence}")
        self.file, self.key, self.sentence = Path(file), key, sentence


class UnknownName(TensorlingsError):
    """No unit or exercise has this name."""


class StubError(TensorlingsError):
    """A stub cannot be made or written."""


class SubmissionError(TensorlingsError):
    """A student's file cannot be loaded; the sentence is for the student."""


class CheckFailure(AssertionError):
    """A promise is broken.

    Args:
        message: a sentence for the student.
        yours: what the submission gave, shown beside `wanted`.
        wanted: what the property demands, where showing it gives nothing away.
    """

    def __init__(self, message: str, *, yours: object = None, wanted: object = None):
        super().__init__(message)
        self.message, self.yours, self.wanted = message, yours, wanted


class NotStarted(BaseException):
    """The function is absent or still the stub. Not an `Exception`, so that no smaller example is searched for."""


class CallTimeout(BaseException):
    """A call did not return in time. Not an `Exception`, so that `except Exception` does not stop it."""


class WorkerLost(BaseException):
    """The process that ran a submission is gone, late, or answers nonsense. Not an `Exception`, as the two above.

    Args:
        message: a sentence for the student.
    """

    def __init__(self, message: str):
        super().__init__(message)
        self.message = message
