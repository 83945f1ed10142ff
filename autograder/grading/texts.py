"""What pages and exports share: words for outcomes, text made fit to be shown, numbers in few digits."""

from __future__ import annotations

import re
from collections.abc import Iterable

from autograder.grading.results import CheckResult, ExerciseResult

LONGEST = 4000  # characters of one message that are shown
_TRACEBACK = "Traceback (most recent call last)"
_NOT_WRITTEN = "not written yet"  # what a check says of a stub
_NOT_TRIED = "not tried again: "  # what a judge writes before the reason that it has given already
_ILLEGIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # turn the direction of writing
    "\ud800-\udfff\ufffe\uffff]"  # halves of pairs, and what is no character
)
_LABELLED = re.compile(r"\s*(the call|gave|yours|wanted)\b\s*:?\s+(.*)", re.DOTALL)
_ACRONYMS = {word: word.upper() for word in ("fgsm", "gan", "js", "kl", "pgd")}

PLAIN_WORDS = {
    "not_started": "Not started yet: the function is missing, or still the stub.",
    "timeout": "Your function did not end in time, so it was stopped. Look for a loop that never ends, or for a loop "
    "over single numbers where one operation on the whole tensor would do.",
    "crashed": "Your code ended the whole process it ran in. Look for exit() or quit(), for a recursion without end, "
    "or for a tensor that is too large for the memory.",
    "broken": "This is our fault, not yours: the check itself failed. Your instructor has been told.",
}


def legible(text: str) -> str:
    """`text` without characters that cannot be written as UTF-8 or XML, or that would turn the text around them."""
    return _ILLEGIBLE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


def shortened(text: str) -> str:
    """`text` without a traceback, and no longer than a person reads."""
    before, found, after = text.partition(_TRACEBACK)
    if found:
        last = after.strip().rpartition("\n")[2].strip(" +-|:")
        text = f"{before.strip(' +-|')}\n{last}".strip()
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} …"


def explained(check: CheckResult) -> str:
    """What became of a check, in words for the student; nothing where the promise is kept.

    What a `broken` check says of itself is for the instructor, and is left out.
    """
    if check.outcome == "passed":
        return ""
    words = PLAIN_WORDS.get(check.outcome, "")
    told = "" if check.outcome in ("broken", "not_started") else shortened(check.message.removeprefix(_NOT_TRIED))
    return "\n".join(filter(None, (words, told))) or "The promise is broken."


def obstacle(exercises: Iterable[ExerciseResult]) -> str:
    """Why what was handed in was not judged, such as a file that is there twice; nothing where there is no reason."""
    told = (check.message for each in exercises for check in each.checks if check.outcome == "not_started")
    return shortened(next((message for message in told if message not in ("", _NOT_WRITTEN)), ""))


def is_absent(exercises: Iterable[ExerciseResult]) -> bool:
    """Whether there was no file to judge, not even a stub."""
    return all(check.outcome == "not_started" and not check.message for each in exercises for check in each.checks)


def misconception_of(exercise: ExerciseResult) -> str:
    """The explanation of the known mistake that an exercise makes, or nothing."""
    return shortened(exercise.explanation) if exercise.misconception else ""


def counterexample_rows(check: CheckResult) -> list[tuple[str, str]]:
    """A counterexample as pairs of a label, such as "yours", and what it says.

    There is none for a hidden check: what it drew, and what it wanted, is for the instructor.
    """
    rows: list[tuple[str, str]] = []
    if not check.visible or not check.counterexample:
        return rows
    for line in shortened(legible(check.counterexample)).split("\n"):
        match = _LABELLED.fullmatch(line)
        if match:
            rows.append((match[1], match[2]))
        elif rows:
            rows[-1] = (rows[-1][0], f"{rows[-1][1]}\n{line}")
        else:
            rows.append(("", line))
    return rows


def promise_of(check: CheckResult) -> str:
    """`stays_inside_the_ball` of `fgsm__stays_inside_the_ball`."""
    return check.name.partition("__")[2] or check.name


def number(value: float) -> str:
    """A number as a person writes it: `2`, `2.5`, `0.33`."""
    return f"{round(value, 2) + 0.0:.10g}"


def share(part: float, whole: float) -> float:
    """`part` of `whole`, within 0 and 1; of nothing it is 0."""
    return min(max(part / whole, 0.0), 1.0) if whole > 0 else 0.0


def in_words(name: str) -> str:
    """`cycle_gan` as a heading: `Cycle GAN`."""
    words = [_ACRONYMS.get(word, word) for word in name.split("_") if word]
    heading = " ".join(words)
    return heading[:1].upper() + heading[1:]


def count(how_many: int, noun: str, plural: str = "") -> str:
    """`1 check`, `2 checks`."""
    return f"{how_many} {noun if how_many == 1 else plural or noun + 's'}"
