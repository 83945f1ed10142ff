"""Written questions: what code can't show, asked in notebooks and graded by a person."""

from __future__ import annotations

import sys

import msgspec

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

from autograder.catalogue import Unit
from autograder.errors import CourseError


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One question.

    Attributes:
        name: unique within its unit, of lower-case letters and underscores.
        title: a few words.
        points: the most that an answer can earn.
        text: what is asked, in Markdown.
        rubric: for the grader only: what earns which point, and a model answer, in Markdown.
    """

    name: str
    title: str
    points: float
    text: str
    rubric: str


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    question: tuple[Question, ...]


def questions_of(unit: Unit) -> tuple[Question, ...]:
    """The unit's questions; none where the instructor's folder is absent.

    Raises:
        CourseError: if the file is broken.
    """
    path = None if unit.solutions is None else unit.solutions / "questions.toml"
    if path is None or not path.is_file():
        return ()
    try:
        found = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _File).question
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CourseError(path, "", f"is no TOML: {error}") from None
    except msgspec.ValidationError as error:
        sentence, _, key = str(error).partition(" - at ")
        raise CourseError(path, key.strip("`$."), sentence) from None
    for question in found:
        if not question.name.isidentifier() or question.points <= 0:
            raise CourseError(path, question.name, "wanted an identifier as name, and points above 0")
    if len({question.name for question in found}) < len(found):
        raise CourseError(path, "name", "two questions have one name")
    return found
