"""A call that looks local: values, gradients of every order, side effects and errors through the wire."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from autograder import wire
from autograder.errors import CallTimeout, CheckFailure
from autograder.limits import PATIENCE
from autograder.models import MLP, small_model
from autograder.remote import Remote
from autograder.worker import Worker


def remote(**functions) -> Remote:
    """Calls to these functions, through the codec."""
    return Remote(Worker(functions).handle)


def call(function, **arguments):
    """The reply of `function` to keyword arguments."""
    return remote(f=function).call("f", arguments, (), arguments)


def test_values_come_back():
    """Containers, numbers, NumPy's numbers, strings and tensors."""
    reply = call(lambda x: (x + 1, [2, np.float64(0.5)], {"a": "b"}), x=torch.zeros(2))
    assert torch.equal(reply.value[0], torch.ones(2))
    assert reply.value[1:] == ([2, 0.5], {"a": "b"})
    assert reply.changes == {}
    assert reply.error is None


def test_arguments_are_copies():
    """What the function does to them stays over there and is told."""

    def spoil(x, model):
        x.mul_(2)
        model.train()
        with torch.no_grad():
            model.linear.bias.zero_()
        return 1

    x, model = torch.ones(2), small_model("linear", (2,), 2, seed=0)
    reply = call(spoil, x=x, model=model)
    assert torch.equal(x, torch.ones(2))
    assert not model.training
    assert torch.equal(reply.changes["x"], torch.full((2,), 2.0))
    assert reply.changes["model.training"] is True
    assert torch.equal(reply.changes["model.linear.bias"], torch.zeros(2))


def test_gradients_that_were_there_go_along():
    """A parameter's `.grad` is seen on the far side, and its change is told."""
    model = small_model("linear", (2,), 2, seed=0)
    model.linear.weight.grad = torch.ones(2, 2)

    def look(model):
        seen = model.linear.weight.grad.clone()
        model.zero_grad()
        return seen

    reply = call(look, model=model)
    assert torch.equal(reply.value, torch.ones(2, 2))
    assert "model.linear.weight.grad" in reply.changes


@pytest.mark.parametrize("kind", ["linear", "mlp", "norm"])
def test_gradients_equal_the_local_ones(kind):
    """Through inputs and parameters, for several outputs."""
    model = small_model(kind, (3,), 2, seed=1, dtype=torch.float64)

    def function(model, x):
        logits = model(x)
        return logits.softmax(-1), logits.detach(), (x**2).sum()

    x = torch.randn(4, 3, dtype=torch.float64, requires_grad=True)
    inputs = [x, *model.parameters()]

    def gradients(value):
        return torch.autograd.grad(value[0][:, 0].sum() + 3 * value[2], inputs)

    reply = call(function, model=model, x=x)
    assert not reply.value[1].requires_grad
    for mine, local in zip(gradients(reply.value), gradients(function(model, x)), strict=True):
        assert torch.allclose(mine, local, atol=1e-12)


def test_gradients_of_gradients_equal_the_local_ones():
    """A gradient penalty reaches the critic's parameters."""
    critic = MLP(3, 5, 1).double()

    def penalty(critic, x):
        x = x.clone().requires_grad_()
        (slope,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
        return ((slope.norm(dim=1) - 1) ** 2).mean()

    def outer(critic, x):
        """The same, with the inner derivative taken on the near side."""
        scores = call(lambda critic, x: critic(x), critic=critic, x=x).value
        (slope,) = torch.autograd.grad(scores.sum(), x, create_graph=True)
        return ((slope.norm(dim=1) - 1) ** 2).mean()

    x = torch.randn(4, 3, dtype=torch.float64, requires_grad=True)
    local = torch.autograd.grad(penalty(critic, x), list(critic.parameters()), allow_unused=True)
    for value in (call(penalty, critic=critic, x=x).value, outer(critic, x)):
        mine = torch.autograd.grad(value, list(critic.parameters()), allow_unused=True)
        for each, other in zip(mine, local, strict=True):
            assert (each is None) == (other is None) or not (each if other is None else other).any()
            if each is not None and other is not None:
                assert torch.allclose(each, other, atol=1e-12)


def test_third_order_works():
    """Each product is differentiable in turn."""
    x = torch.tensor([0.3, -0.7], dtype=torch.float64, requires_grad=True)
    value = call(lambda x: (x**4).sum(), x=x).value
    for _ in range(3):
        (value,) = torch.autograd.grad(value.sum(), x, create_graph=True)
    assert torch.allclose(value, 24 * x)


def test_a_result_of_a_computation_is_an_input_like_any_other():
    """A tensor that is no leaf gets its gradient, and passes it on."""
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    call(lambda y: (y * y).sum(), y=3 * x).value.backward()
    assert torch.equal(x.grad, 18 * x.detach())


def test_generators_and_global_states_are_told():
    """State moves over there; here nothing moves until the caller applies it."""
    generator = torch.Generator().manual_seed(3)
    before = torch.get_rng_state()

    def draw(generator):
        torch.rand(1)
        return torch.rand(2, generator=generator)

    reply = call(draw, generator=generator)
    assert torch.equal(reply.value, torch.rand(2, generator=torch.Generator().manual_seed(3)))
    assert set(reply.changes) == {"generator.state", "global.torch_random"}
    assert torch.equal(torch.get_rng_state(), before)


def test_no_grad_goes_along():
    """The far side sees the caller's grad mode."""
    with torch.no_grad():
        assert call(lambda x: torch.is_grad_enabled(), x=1).value is False
    assert call(lambda x: torch.is_grad_enabled(), x=1).value is True


def test_a_spys_buffers_come_back():
    """A module counts how often it was called."""

    class Spy(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("calls", torch.zeros((), dtype=torch.int64))

        def forward(self, x):
            self.calls += 1
            return x

    reply = call(lambda model: [model(torch.zeros(1)) for _ in range(3)], model=Spy())
    assert reply.changes["model.calls"] == 3


def test_hooks_left_behind_are_counted():
    """A hook cannot come back, its number can."""
    reply = call(lambda model: model.register_forward_hook(lambda *_: None) and None, model=nn.Linear(1, 1))
    assert reply.changes["model.hooks"] == 1


def test_functions_of_ours_go_along():
    """A closure, sent by value."""
    factor = 3.0
    assert call(lambda attack, x: attack(x), attack=lambda x: factor * x, x=2.0).value == 6.0


def test_errors_are_told_in_values():
    """Kind and message; Python's own kinds keep their type."""

    class Own(Exception):
        pass

    def fail(x):
        raise ValueError("no") if x else Own("mine")

    error = call(fail, x=1).error.as_exception()
    assert isinstance(error, ValueError)
    assert str(error) == "no"
    assert str(call(fail, x=0).error.as_exception()) == "Own: mine"


def test_what_cannot_cross_is_told_to_the_student():
    """A sentence, not an exception of ours."""
    error = call(lambda x: np.zeros(2), x=1).error.as_exception()
    assert isinstance(error, CheckFailure)
    assert "f returned a numpy.ndarray; return a torch tensor" in str(error)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.just(torch.zeros(2)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(
    reply=st.binary(max_size=40)
    | PLAIN.map(wire.encode)
    | st.fixed_dictionaries(
        {},
        optional={key: PLAIN for key in ("error", "value", "carries", "changes", "shared", "in_place")},
    ).map(wire.encode)
)
def test_any_reply_is_survived(reply):
    """A hostile answer is a failed check, never an error of another kind."""
    x = torch.zeros(2, requires_grad=True)
    with contextlib.suppress(CheckFailure):
        Remote(lambda request: reply).call("f", {"x": x}, (x,), {})


@pytest.mark.parametrize(
    "value",
    [None, [], [torch.zeros(3)], [torch.zeros(2, dtype=torch.float64)], [1], [torch.zeros(2), torch.zeros(2)]],
    ids=str,
)
def test_gradients_of_the_wrong_kind_are_refused(value):
    """Number, shape and type of what a backward pass gives are checked here."""
    worker = Worker({"f": lambda x: x.sum()})

    def transport(request):
        reply = wire.decode(worker.handle(request))
        if isinstance(reply["value"], list):
            reply["value"] = value
        return wire.encode(reply)

    x = torch.zeros(2, requires_grad=True)
    result = Remote(transport).call("f", {"x": x}, (x,), {}).value
    with pytest.raises(CheckFailure, match="backward pass"):
        result.backward()


def test_a_timed_transport_waits_longer_than_a_call_may_work():
    """The far side minds a call's limit; a transport waits as long as a crowded machine may need, and no longer."""
    waited = []

    def transport(request, seconds=None):
        waited.append(seconds)
        raise CallTimeout("no answer came")

    x = torch.zeros(2)
    there = Remote(transport, timed=True)
    with pytest.raises(CallTimeout, match=r"^f did not return within 2 s$"):
        there.call("f", {"x": x}, (x,), {}, seconds=2.0)
    with pytest.raises(CallTimeout):
        there.call("f", {"x": x}, (x,), {})
    assert waited == [PATIENCE * 2.0, None]
