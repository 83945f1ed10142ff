"""What a class looks like: how scores spread, what is hard, which mistakes recur, and what went wrong on our side."""

from __future__ import annotations

import itertools
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from autograder.grading.results import CheckResult, ExerciseResult, Result, Status
from autograder.grading.texts import count, in_words, is_absent, obstacle, share

STATUSES: tuple[Status, ...] = ("passed", "partial", "failed", "not_started", "broken")
BINS = 10
AGREEMENT = "__agrees_with_the_reference"
Key = tuple[str, str]  # unit and exercise


@dataclass
class ExerciseSummary:
    """How the class did on one exercise.

    Attributes:
        shares: of the points, one for each submission that tried it.
        scores: likewise.
        counts: submissions by status.
    """

    unit: str
    name: str
    title: str
    max_score: float
    shares: list[float] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    counts: Counter[Status] = field(default_factory=Counter)

    @property
    def tried(self) -> int:
        """How many tried it, and were judged."""
        return len(self.shares)

    @property
    def begun(self) -> bool:
        """Whether anybody wrote something, even if a check of ours kept it from being judged."""
        return any(often for status, often in self.counts.items() if status != "not_started")

    @property
    def mean(self) -> float:
        """Mean share of the points among those who tried."""
        return statistics.fmean(self.shares) if self.shares else 0.0

    @property
    def mean_score(self) -> float:
        """Mean points of those who tried."""
        return statistics.fmean(self.scores) if self.scores else 0.0


@dataclass
class PromiseSummary:
    """How many of those who tried keep one promise."""

    exercise: ExerciseSummary
    title: str
    visible: bool
    kept: int = 0
    tried: int = 0

    @property
    def share(self) -> float:
        """Share that keeps it."""
        return share(self.kept, self.tried)


@dataclass
class MisconceptionSummary:
    """A known mistake, and who makes it."""

    exercise: ExerciseSummary
    name: str
    explanation: str
    who: list[Result] = field(default_factory=list)


@dataclass
class Alarm:
    """Something that the instructor must know before believing the numbers, and the submissions it is about."""

    title: str
    sentence: str
    who: list[Result] = field(default_factory=list)
    details: list[tuple[str, str]] = field(default_factory=list)


class Summary:
    """All that the class report tells. Submissions that could not be read count in no mean and no share."""

    def __init__(self, results: Sequence[Result]):
        self.results = sorted(results, key=lambda each: each.submission)
        self.readable = [each for each in self.results if not each.problem]
        self.exercises = _exercises(self.results)
        self._promises: dict[tuple[Key, str], PromiseSummary] = {}
        self._misconceptions: dict[tuple[Key, str], MisconceptionSummary] = {}
        for result in self.readable:
            for exercise in result.exercises:
                self._add(result, exercise)

    @property
    def units(self) -> dict[str, list[ExerciseSummary]]:
        """Exercises by unit, in order."""
        units: dict[str, list[ExerciseSummary]] = {}
        for each in self.exercises.values():
            units.setdefault(each.unit, []).append(each)
        return units

    @property
    def percents(self) -> list[float]:
        """Percent of the points, of all submissions that could be read and could earn points."""
        return [100 * share(each.score, each.max_score) for each in self.readable if each.max_score > 0]

    def histogram(self) -> list[int]:
        """How many submissions lie in each tenth of the points; all points belong to the last."""
        bins = [0] * BINS
        for each in self.percents:
            bins[min(int(each * BINS // 100), BINS - 1)] += 1
        return bins

    def hardest(self) -> list[ExerciseSummary]:
        """Exercises that somebody began, the lowest mean first."""
        return sorted((each for each in self.exercises.values() if each.begun), key=lambda each: each.mean)

    def untouched(self) -> list[ExerciseSummary]:
        """Exercises that nobody began."""
        return [each for each in self.exercises.values() if not each.begun]

    def broken_promises(self) -> list[PromiseSummary]:
        """Promises that not all who tried keep, the lowest share first; where shares are equal, what most tried.

        Agreement with the reference is left out: any mistake breaks it, so it says of none what it is.
        """
        missed = [
            each
            for (_, name), each in self._promises.items()
            if each.kept < each.tried and not name.endswith(AGREEMENT)
        ]
        return sorted(missed, key=lambda each: (each.share, -each.tried))

    def misconceptions(self) -> list[MisconceptionSummary]:
        """Known mistakes, the most common first."""
        return sorted(self._misconceptions.values(), key=lambda each: -len(each.who))

    def cells(self, result: Result) -> Iterator[ExerciseResult | None]:
        """The result's exercises in the order of the columns; None where it was not asked for that one."""
        found = {(each.unit, each.name): each for each in result.exercises}
        for key in self.exercises:
            yield found.get(key)

    def alarms(self) -> list[Alarm]:
        """What is to be known first, the gravest first."""
        found = (
            self._broken,
            self._unreadable,
            self._not_judged,
            self._empty,
            self._without_isolation,
            self._not_alike,
        )
        return [alarm for look in found for alarm in look()]

    @staticmethod
    def _asked(result: Result) -> Iterator[Key]:
        return ((each.unit, each.name) for each in result.exercises)

    def _add(self, result: Result, exercise: ExerciseResult) -> None:
        key = (exercise.unit, exercise.name)
        about = self.exercises[key]
        about.counts[exercise.status] += 1
        if exercise.status not in ("not_started", "broken"):
            kept = sum(each.outcome == "passed" for each in exercise.checks)
            points = (exercise.score, exercise.max_score)
            about.shares.append(share(*points) if exercise.max_score > 0 else share(kept, len(exercise.checks)))
            about.scores.append(exercise.score)
        for check in exercise.checks:
            if check.outcome in ("not_started", "broken"):
                continue
            promise = self._promises.get((key, check.name))
            if promise is None:
                promise = self._promises[key, check.name] = PromiseSummary(about, check.title, check.visible)
            promise.tried += 1
            promise.kept += check.outcome == "passed"
        if exercise.misconception:
            mistake = self._misconceptions.setdefault(
                (key, exercise.misconception),
                MisconceptionSummary(about, exercise.misconception, exercise.explanation),
            )
            mistake.who.append(result)

    def _broken(self) -> Iterator[Alarm]:
        found: dict[tuple[str, str], list[tuple[Result, CheckResult]]] = defaultdict(list)
        for result in self.results:
            for exercise in result.exercises:
                for check in exercise.checks:
                    if check.outcome == "broken":
                        found[exercise.unit, check.name].append((result, check))
        for (unit, name), cases in found.items():
            messages = Counter(check.message for _, check in cases if check.message)
            yield Alarm(
                f"A check of ours is at fault: {unit}/{name}",
                f"It failed on its own account for {count(len(cases), 'submission')}. That is no student's mistake: "
                "please report it, and do not take these points as final.",
                [result for result, _ in cases],
                [("promise", cases[0][1].title), *((f"{often} ×", each) for each, often in messages.most_common(3))],
            )

    def _unreadable(self) -> Iterator[Alarm]:
        found = [each for each in self.results if each.problem]
        if found:
            yield Alarm(
                f"{count(len(found), 'submission')} could not be read",
                "They have no points, and count in no mean below. Ask for them again.",
                details=[(each.submission, each.problem) for each in found],
            )

    def _not_judged(self) -> Iterator[Alarm]:
        found = []
        for result in self.readable:
            for unit, exercises in itertools.groupby(result.exercises, key=lambda each: each.unit):
                reason = obstacle(exercises)
                found += [(f"{result.submission}, {in_words(unit)}", reason)] if reason else []
        if found:
            yield Alarm(
                f"{count(len(found), 'file was', 'files were')} not judged",
                "Which answers are meant could not be told, so these count as not started. Ask, and grade again.",
                details=found,
            )

    def _empty(self) -> Iterator[Alarm]:
        found = [each for each in self.readable if each.exercises and is_absent(each.exercises)]
        if found:
            yield Alarm(
                f"{count(len(found), 'submission holds', 'submissions hold')} no file of these units",
                "Nothing in there bears the name of a unit. Was something else handed in?",
                found,
            )

    def _without_isolation(self) -> Iterator[Alarm]:
        found = [each for each in self.results if each.isolation == "none"]
        if found:
            yield Alarm(
                f"{count(len(found), 'submission was', 'submissions were')} judged without isolation",
                "Their code could read and write whatever you can on the machine that graded it. "
                "Trust these marks only if you trust the students.",
                found if len(found) < len(self.results) else [],
            )

    def _not_alike(self) -> Iterator[Alarm]:
        differences = {
            "by different states of the course": len({each.course for each in self.results}),
            "with different versions of Python or the libraries": len({str(each.versions) for each in self.results}),
            "for different sets of units": len({frozenset(self._asked(each)) for each in self.readable}),
        }
        found = [words for words, kinds in differences.items() if kinds > 1]
        if found:
            yield Alarm(
                "Not all submissions were judged alike",
                f"They were judged {' and '.join(found)}; grade them again together before comparing them.",
            )


def described(values: Iterable[str]) -> str:
    """What values there are, the most common first; how often each, where there are several."""
    counts = Counter(values).most_common()
    return counts[0][0] if len(counts) == 1 else ", ".join(f"{value} ({often})" for value, often in counts)


def _exercises(results: Sequence[Result]) -> dict[Key, ExerciseSummary]:
    """All exercises; in the order of the course as far as the longest results know it."""
    found: dict[Key, ExerciseSummary] = {}
    for result in sorted(results, key=lambda each: -len(each.exercises)):
        for each in result.exercises:
            key = (each.unit, each.name)
            if key not in found:
                found[key] = ExerciseSummary(each.unit, each.name, each.title, each.max_score)
    units = list(dict.fromkeys(unit for unit, _ in found))
    return dict(sorted(found.items(), key=lambda item: units.index(item[0][0])))
