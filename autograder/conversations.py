"""What is asked of a submission's functions and what they answer, kept so that the same answers are judged once.

A check is deterministic and learns of a submission by what its functions answer, and by nothing else. Whoever answers
every question of a check to the byte as one who passed it did has passed it, too. So the questions are asked as ever,
each after the answer to the one before, but nothing is computed on this side as long as the answers are known ones.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections import deque
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from torch import Tensor

from autograder.profiles import random_states

if TYPE_CHECKING:
    from autograder.remote import Remote
    from autograder.submission import Submission

LARGEST = 1 << 28  # bytes of all questions that are kept for a class

Shared = dict[str, Any]


@dataclass(frozen=True)
class Question:
    """One request: to which of a conversation's far sides, by a call of which function (None: a gradient)."""

    place: int
    name: str | None
    request: bytes = field(repr=False)
    seconds: float = 0.0


@dataclass(frozen=True)
class Trained:
    """All answers since a training began, as a digest: what was trained follows from them."""

    key: Hashable
    answers: bytes


@dataclass(frozen=True)
class Recalled:
    """What was trained for an earlier check was used again."""

    key: Hashable


Event = Question | Trained | Recalled
Heard = list[tuple[Question, bytes | Exception]]


class Conversation:
    """All that is said with the workers of one submission's unit; several far sides may take part.

    Each must be a process of its own: one whose random states are those of this process would answer otherwise where
    nothing is computed here.
    """

    def __init__(self) -> None:
        self.trained: dict[Hashable, bytes] = {}  # by its key: the answers that led to what was trained
        self.remotes: list[Remote] = []
        self._events: list[tuple[Event, bytes]] | None = None
        self._heard: deque[tuple[Question, bytes | Exception]] = deque()

    def join(self, remote: Remote) -> int:
        """Lets a far side take part; its place."""
        self.remotes.append(remote)
        return len(self.remotes) - 1

    def ask(self, question: Question, send: Callable[[], bytes]) -> bytes:
        """The answer to a question, which is sent unless it was answered a moment ago."""
        try:
            if self._heard:
                asked, answer = self._heard.popleft()
                if asked != question:
                    raise Misremembered
                if isinstance(answer, Exception):
                    raise answer
            else:
                answer = send()
        except BaseException:
            self.disregard()
            raise
        if self._events is not None:
            self._events.append((question, digest(answer)))
        return answer

    def disregard(self) -> None:
        """Notes that something happened which no answer tells: what is said now stands for nothing."""
        self._events = None

    @contextlib.contextmanager
    def listening(self, heard: Heard) -> Iterator[list[tuple[Event, bytes]]]:
        """Inside, events are noted in the list that it gives, and the first questions are answered as in `heard`."""
        events: list[tuple[Event, bytes]] = []
        self._events = events
        self._heard.extend(heard)
        try:
            yield events
            if self._events is None or self._heard:
                events.clear()
        finally:
            self._events = None
            self._heard.clear()

    @contextlib.contextmanager
    def training(self, key: Hashable) -> Iterator[None]:
        """Around a training whose result other checks will use, too."""
        if self.trained.pop(key, None) is not None:  # others answered alike and were not judged: it is not here
            self.disregard()
        events, begun = self._events, len(self._events or ())
        yield
        if events is not None and events is self._events:
            self.trained[key] = digest(b"".join(answer for _, answer in events[begun:]))
            self._note(Trained(key, self.trained[key]), b"")

    def recall(self, key: Hashable) -> None:
        """Notes that the result of a training is used again."""
        if key in self.trained:
            self._note(Recalled(key), self.trained[key])
        else:
            self.disregard()

    def forget(self, key: Hashable) -> None:
        """Notes that the result of a training is gone."""
        self.trained.pop(key, None)

    def _note(self, event: Event, answer: bytes) -> None:
        if self._events is not None:
            self._events.append((event, answer))


class Misremembered(BaseException):
    """A check asked another question after the same answers; no `except Exception` of a check may swallow this."""


class Transcripts:
    """The conversations in which a class's submissions passed checks, as trees: after each answer its next question.

    Args:
        largest: bytes of questions after which no more are kept; one part may have an eighth of them.
    """

    def __init__(self, largest: int = LARGEST) -> None:
        self._left, self._longest = largest, largest // 8
        self._questions: dict[Question, Question] = {}
        self._roots: dict[Hashable, _Node] = {}
        self._states: dict[bytes, Shared] = {}
        self._known: dict[int, bytes] = {}

    def run(self, key: Hashable, submission: Submission, body: Callable[[], object]) -> None:
        """Runs a part of a check, unless the submission's answers are those of one that passed it.

        Args:
            key: of the part.
            submission: that is judged, with a conversation.
            body: the part; what it raises is raised.
        """
        conversation = submission.conversation
        assert conversation is not None
        place = (key, self._begin(conversation), frozenset(conversation.trained))
        heard: Heard = []
        if place in self._roots and _answers_alike(self._roots[place], submission, conversation, heard):
            return
        restore = random_states()
        try:
            with conversation.listening(heard) as events:
                body()
        except Misremembered:  # the questions were asked, and answered, in vain
            for remote in conversation.remotes:
                remote.restart({})
            restore()
            body()
            return
        self._keep(place, events, conversation)

    def _begin(self, conversation: Conversation) -> tuple[bytes, ...]:
        """The states that each far side is known to share, by digest; its calls are counted anew."""
        states = tuple(self._state(remote.shared) for remote in conversation.remotes)
        for remote, state in zip(conversation.remotes, states, strict=True):
            remote.restart(self._states.get(state, remote.shared))
        return states

    def _state(self, shared: Shared) -> bytes:
        known = self._known.get(id(shared))
        if known is None:
            told = [part for path in sorted(shared) for part in (path.encode(), _told(shared[path]))]
            known = digest(b"".join(told))
            if known not in self._states and self._left > 0:
                self._left -= sum(map(len, told))
                self._states[known] = shared  # which is never freed, so that no other has its id
                self._known[id(shared)] = known
        return known

    def _keep(self, place: Hashable, events: list[tuple[Event, bytes]], conversation: Conversation) -> None:
        self._begin(conversation)
        size = sum(len(event.request) for event, _ in events if isinstance(event, Question))
        if not events or size > min(self._left, self._longest):
            return
        node = self._roots.setdefault(place, _Node())
        for event, answer in events:
            if node.event is None and node.end is None:
                node.event = self._once(event) if isinstance(event, Question) else event
            elif node.event != event:
                return
            node = node.after.setdefault(answer, _Node())
        if node.event is None:
            node.end = tuple(remote.shared for remote in conversation.remotes)

    def _once(self, question: Question) -> Question:
        """The same question as others were asked after other answers, if there is one."""
        known = self._questions.get(question)
        if known is None:
            known = self._questions[question] = question
            self._left -= len(question.request)
        return known


class _Node:
    """A question, and by the answer's digest what came next; or the end."""

    __slots__ = ("after", "end", "event")

    def __init__(self) -> None:
        self.event: Event | None = None
        self.after: dict[bytes, _Node] = {}
        self.end: tuple[Shared, ...] | None = None


def digest(answer: bytes) -> bytes:
    """What stands for an answer."""
    return hashlib.sha256(answer).digest()


def _told(fact: object) -> bytes:
    return fact.numpy().tobytes() if isinstance(fact, Tensor) else repr(fact).encode()


def _answers_alike(node: _Node, submission: Submission, conversation: Conversation, heard: Heard) -> bool:
    """Whether the answers lead to an end; those that were given are added to `heard`."""
    trained = dict(conversation.trained)
    while node.end is None:
        event, following = node.event, None
        if isinstance(event, Question):
            try:
                answer = submission.answer_to(event)
            except Exception as error:
                heard.append((event, error))
                return False
            if answer is None:
                return False
            heard.append((event, answer))
            following = node.after.get(digest(answer))
        elif isinstance(event, Trained):
            trained[event.key] = event.answers
            following = node.after.get(b"")
        elif isinstance(event, Recalled):
            following = node.after.get(trained.get(event.key, b""))
        if following is None:
            return False
        node = following
    conversation.trained = trained
    for remote, shared in zip(conversation.remotes, node.end, strict=True):
        remote.restart(shared)
    return True
