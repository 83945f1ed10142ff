"""The near side of the wall: a call that looks local, whose function runs elsewhere.

Only plain values come back. A result that carries a graph over there is made differentiable here: its backward asks the
worker for the vector-Jacobian product, which is itself such a result, so that gradients of gradients work too.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from autograder import wire
from autograder.conversations import Conversation, Question
from autograder.effects import Fact, same
from autograder.errors import CallTimeout, CheckFailure
from autograder.limits import PATIENCE, overdue
from autograder.packing import pack
from autograder.places import Walk
from autograder.worker import MESSAGE, mapped, requiring_gradients, tensors_in

FACTS = (Tensor, bool, int, float, str, type(None))
Node = tuple[int, int]  # a result with a graph over there: in which era it was asked for, and by which request


@dataclass(frozen=True)
class RemoteError:
    """An exception on the far side, told in values."""

    kind: str
    message: str
    line: int | None
    text: str

    def as_exception(self) -> BaseException:
        """An exception of the same kind where it is one of Python's own; the line stands in `submission_line`."""
        if self.kind in ("WireError", "CheckFailure"):
            return CheckFailure(self.message)
        if self.kind == "CallTimeout":
            return CallTimeout(self.message)
        kind = getattr(builtins, self.kind, None)
        named = (isinstance(kind, type) and issubclass(kind, Exception)) or self.kind == "SystemExit"
        error: Any
        try:
            error = kind(self.message) if named and kind is not None else RuntimeError(f"{self.kind}: {self.message}")
        except TypeError:  # UnicodeDecodeError and its like want more than a message
            error = RuntimeError(f"{self.kind}: {self.message}")
        error.submission_line = self.line
        return error  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Reply:
    """What one call gave and changed."""

    value: Any
    changes: dict[str, Fact]
    error: RemoteError | None
    in_place: tuple[str, ...] = ()  # of the tensors that changed, those that autograd saw change


class Remote:
    """Calls functions through a transport that takes a request's bytes and gives the reply's.

    Args:
        transport: to the far side and back.
        timed: whether it takes `seconds`, too, within which a reply must come, and raises `CallTimeout` after them.
        devices: kinds of device on which it may place what it gives back.
        spoilt: called when an answer was malformed, so that nobody else is asked there.
        conversation: what the calls are part of, if what is said matters later.

    Attributes:
        shared: the global states that hold over there, where that is certain.
    """

    def __init__(
        self,
        transport: Callable[..., bytes],
        *,
        timed: bool = False,
        devices: frozenset[str] = frozenset({"cpu"}),
        spoilt: Callable[[], None] = lambda: None,
        conversation: Conversation | None = None,
    ):
        self._transport, self._devices, self._spoilt = transport, devices, spoilt
        self.timed = timed
        self.shared: dict[str, Fact] = {}
        self.conversation = conversation
        self._place = 0 if conversation is None else conversation.join(self)
        self._era, self._asked = 0, 0  # how often the count of requests began anew, and how many there were since

    def restart(self, shared: dict[str, Fact]) -> None:
        """Begins anew, so that the same calls are the same requests; graphs from before are gone.

        Args:
            shared: the global states that hold over there.
        """
        self.shared, self._asked, self._era = shared, 0, self._era + 1

    def send(self, request: bytes, seconds: float = 0.0) -> bytes:
        """The reply to a request, which must come within `PATIENCE` times `seconds`; 0 sets no limit."""
        if self.timed and seconds:
            return self._transport(request, seconds=PATIENCE * seconds)
        return self._transport(request)

    def call(
        self,
        name: str,
        arguments: dict[str, object],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        *,
        seconds: float = 0.0,
        before: Walk | None = None,
        may_change: Sequence[str] = (),
    ) -> Reply:
        """One call of the function `name`.

        Args:
            name: of the function.
            arguments: by parameter name; the objects of `args` and `kwargs`.
            args: given by position.
            kwargs: given by keyword.
            seconds: how long it may work, which the far side minds, and six times as long a transport that is timed,
                should the far side not; 0 sets no limit.
            before: a walk through the arguments, if there was one already.
            may_change: patterns of the paths that the contract lets it change; whatever else it changed is put back
                over there, too.

        Raises:
            CheckFailure: if the reply is malformed.
            CallTimeout: if none came in time.
        """
        before = before or Walk(arguments)
        shared = {path: fact for path, fact in before.facts.items() if path.startswith("global.")}
        there, self.shared = self.shared, {}
        lost = {path: fact for path, fact in shared.items() if path not in there or not same(there[path], fact)}
        request = {
            "do": "call",
            "name": name,
            "arguments": arguments,
            "args": args,
            "kwargs": kwargs,
            "facts": lost,
            "seconds": seconds,
            "may_change": list(may_change),
        }
        try:
            answer = self._ask(request, seconds)
        except CallTimeout:
            raise CallTimeout(overdue(name, seconds)) from None
        changes = answer.get("changes")
        changes = {} if changes is None else changes
        facts_only = isinstance(changes, dict) and all(isinstance(each, FACTS) for each in changes.values())
        if not facts_only or not all(isinstance(path, str) for path in changes):
            raise self._malformed("its changes are malformed")
        if answer["error"] is not None:
            return Reply(None, changes, answer["error"])
        in_place = answer.get("in_place")
        if not isinstance(in_place, list) or not all(isinstance(path, str) for path in in_place):
            raise self._malformed("its changes are malformed")
        self.shared = shared
        value = answer["value"]
        new = self._very_arguments(value, answer.get("shared"), before.places, changes)
        if answer["node"] is not None:
            inputs = requiring_gradients(before.places)
            new = self._differentiable(value, answer["node"], answer["carries"], inputs) | new
        if new:
            value = mapped(value, lambda each: new.get(id(each), each))
        return Reply(value, changes, None, tuple(in_place))

    def products(
        self, node: Node, gradients: Sequence[Tensor | None], inputs: Sequence[Tensor], again: bool
    ) -> tuple[list[Tensor | None], Node | None, list[int]]:
        """Vector-Jacobian products for `inputs`, with the node to differentiate them again by.

        Outputs without a gradient take no part, whatever their own way back is like.

        Raises:
            CheckFailure: if they are malformed or could not be computed.
            LookupError: if the graph is gone.
        """
        era, number = node
        if era != self._era:
            raise LookupError("the graph is gone")
        request = {
            "do": "gradients",
            "node": number,
            "gradients": [None if each is None else each.detach() for each in gradients],
            "again": again,
        }
        self.shared = {}
        answer = self._ask(request)
        if answer["error"] is not None:
            raise answer["error"].as_exception()
        found = answer["value"]
        if not isinstance(found, list) or len(found) != len(inputs):
            raise CheckFailure("a backward pass gave the wrong number of gradients")
        for each, wanted in zip(found, inputs, strict=True):
            if each is not None and not (
                isinstance(each, Tensor) and each.shape == wanted.shape and each.dtype == wanted.dtype
            ):
                raise CheckFailure("a backward pass gave a gradient of another shape or type than its input")
        return found, answer["node"], answer["carries"]

    def _very_arguments(
        self, value: Any, shared: Any, places: Mapping[str, Any], changes: Mapping[str, Fact]
    ) -> dict[int, Tensor]:
        """By the id of a tensor in `value`: the argument of ours whose like is there over there."""
        found, new = tensors_in(value), {}
        for told in shared if isinstance(shared, list) else [shared]:
            if (
                not isinstance(told, list)
                or [type(each) for each in told] != [int, str, bool]
                or told[0] not in range(len(found))
                or not isinstance(place := places.get(told[1]), Tensor)
            ):
                raise self._malformed("what it shares is malformed")
            index, path, itself = told
            if path not in changes and same(place.detach(), found[index]):
                new[id(found[index])] = place if itself else place.detach()
        return new

    def _malformed(self, how: str) -> CheckFailure:
        self._spoilt()
        return CheckFailure(f"the answer could not be read: {how}")

    def _ask(self, request: Mapping[str, Any], seconds: float = 0.0) -> dict[str, Any]:
        self._asked += 1
        number = self._asked
        packed = pack({**request, "as": number})
        if self.conversation is None:
            reply = self.send(packed, seconds)
        else:
            question = Question(self._place, request.get("name"), packed, seconds)
            reply = self.conversation.ask(question, lambda: self.send(packed, seconds))
        try:
            answer = wire.decode(reply, devices=self._devices)
        except wire.WireError as error:
            raise self._malformed(str(error)) from None
        if not isinstance(answer, dict) or not isinstance(answer.get("error", 0), (dict, type(None))):
            raise self._malformed("it is malformed")
        told = answer["error"]
        if told is not None:
            line = told.get("line")
            answer["error"] = RemoteError(
                str(told.get("kind"))[:MESSAGE],
                str(told.get("message"))[:MESSAGE],
                line if isinstance(line, int) else None,
                str(told.get("text"))[:MESSAGE],
            )
            return answer
        carries = answer.get("carries")
        if not isinstance(carries, list):
            raise self._malformed("its graph is malformed")
        return {
            **answer,
            "node": (self._era, number) if carries else None,
            "carries": carries,
            "value": answer.get("value"),
        }

    def _differentiable(
        self, value: Any, node: Node, carries: list[Any], inputs: Sequence[Tensor]
    ) -> dict[int, Tensor]:
        """By the id of a tensor in `value`: the same with a way back to `inputs`."""
        found = tensors_in(value)
        if not all(isinstance(each, int) and 0 <= each < len(found) for each in carries):
            raise self._malformed("its graph is malformed")
        if not inputs:  # it depends on nothing of ours, as on a parameter made over there
            return {id(found[index]): found[index].clone().requires_grad_() for index in carries}
        with torch.enable_grad():
            answers = _Answer.apply(self, node, [found[index] for index in carries], *inputs)
        return {id(found[index]): each for index, each in zip(carries, answers, strict=True)}


class _Answer(torch.autograd.Function):
    """Outputs computed elsewhere from inputs that are here."""

    @staticmethod
    def forward(ctx: Any, remote: Remote, node: Node, values: list[Tensor], *inputs: Tensor) -> tuple[Tensor, ...]:
        ctx.remote, ctx.node = remote, node
        ctx.set_materialize_grads(False)
        ctx.inputs = inputs  # not saved for the backward pass: whether it minds their changes shows where it runs
        return tuple(each.clone() for each in values)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Any, ...]:
        inputs, again = ctx.inputs, torch.is_grad_enabled()
        given = [each for each in gradients if each is not None]
        if not given:
            return (None,) * (3 + len(inputs))
        found, node, carries = ctx.remote.products(ctx.node, gradients, inputs, again)
        if node is not None:
            there = [each for each in found if each is not None]
            answers = _Answer.apply(ctx.remote, node, [there[index] for index in carries], *inputs, *given)
            renewed = {id(there[index]): each for index, each in zip(carries, answers, strict=True)}
            found = [None if each is None else renewed.get(id(each), each) for each in found]
        return (None, None, None, *found)
