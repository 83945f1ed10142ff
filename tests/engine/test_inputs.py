"""Inputs drawn once: the same as hypothesis draws, run as hypothesis runs them."""

from __future__ import annotations

import inspect

import pytest
import torch
from hypothesis import assume, example, given
from hypothesis import strategies as st
from hypothesis.errors import Flaky

from autograder.checks import own_randomness
from autograder.errors import CallTimeout, CheckFailure
from autograder.inputs import Inputs
from autograder.profiles import Profile
from autograder.strategies import tensors

PROFILE = Profile(10, secret=b"inputs")


def run(check, submission, inputs: Inputs, reference=None) -> None:
    PROFILE.prepare(check, "it")
    wanted = {"submission": submission} if "submission" in inspect.signature(check).parameters else {}
    with own_randomness(PROFILE.seed("it")):
        inputs.run("it", check, wanted, reference or (lambda *args: None))


def test_gives_what_hypothesis_draws_and_the_explicit_examples_and_draws_only_once():
    drawn = []

    @example(x=torch.ones(2), n=-1)
    @given(x=tensors((2,)), n=st.integers(0, 99))
    def check(submission, x, n):
        submission(x.tolist(), n)

    PROFILE.prepare(check, "it")
    alone: list = []
    with own_randomness(PROFILE.seed("it")):
        check(submission=lambda *args: alone.append(args))
    inputs = Inputs()
    for _ in range(4):
        seen: list = []
        run(check, lambda *args, seen=seen: seen.append(args), inputs, lambda *args: drawn.append(args))
        assert seen == alone
    assert len(alone) > 5
    assert alone[0][1] == -1
    assert len(drawn) == len(alone)


@pytest.mark.parametrize(("at_once", "draws"), [(False, [0, 1, 1]), (True, [1, 1, 1])])
def test_draws_for_the_second_submission_or_at_once(at_once, draws):
    @given(n=st.integers(0, 99))
    def check(submission, n):
        submission(n)

    inputs, asked, seen = Inputs(at_once=at_once), [], []
    for _ in range(3):
        run(check, lambda n: None, inputs, asked.append)
        seen.append(len(asked) > 0)
    assert seen == [bool(each) for each in draws]
    before = len(asked)
    run(check, lambda n: None, inputs, asked.append)
    assert len(asked) == before


def test_what_one_submission_does_to_its_inputs_the_next_does_not_see():
    @given(x=tensors((2,), plain=True))
    def check(submission, x):
        submission(x)

    inputs, seen = Inputs(), []
    for _ in range(3):
        run(check, lambda x: x.fill_(7.0), inputs)
    run(check, lambda x: seen.append(x.tolist()), inputs)
    assert seen
    assert [7.0, 7.0] not in seen


def test_every_example_starts_from_one_random_state():
    @given(n=st.integers(0, 99))
    def check(submission, n):
        submission(float(torch.rand(())))

    inputs = Inputs()
    seen: list[float] = []
    for _ in range(3):
        run(check, lambda value: (seen.append(value), torch.rand(5)), inputs)
    torch.manual_seed(0)
    assert set(seen) == {float(torch.rand(()))}


def test_an_assumption_drops_an_example_and_no_more():
    @given(n=st.integers(0, 99))
    def check(submission, n):
        assume(n % 2 == 0)
        submission(n)

    inputs, seen = Inputs(), []
    for _ in range(3):
        run(check, seen.append, inputs)
    assert len(seen) == 30
    assert all(n % 2 == 0 for n in seen)


def test_a_failure_is_told_as_if_nobody_had_been_judged_before():
    @given(n=st.integers(0, 99))
    def check(submission, n):
        if submission(n) > 20:
            raise CheckFailure(f"{n} is too much")

    inputs, told = Inputs(), []
    for _ in range(3):
        with pytest.raises(CheckFailure) as caught:
            run(check, lambda n: n, inputs, lambda n: 0)
        told.append(caught.value.message)
    assert told == ["21 is too much"] * 3


def test_one_that_fails_only_once_is_called_flaky():
    @given(n=st.integers(0, 99))
    def check(submission, n):
        if submission(n):
            raise CheckFailure("no")

    inputs = Inputs()
    for _ in range(2):
        run(check, lambda n: False, inputs, lambda n: False)
    answers = iter([False, False, True] + [False] * 99)
    with pytest.raises(Flaky):
        run(check, lambda n: next(answers), inputs, lambda n: False)


def test_what_ends_a_check_is_not_tried_twice():
    @given(n=st.integers(0, 99))
    def check(submission, n):
        submission(n)

    inputs, calls = Inputs(), []

    def late(n):
        calls.append(n)
        raise CallTimeout("it did not return")

    run(check, lambda n: None, inputs)
    with pytest.raises(CallTimeout):
        run(check, late, inputs)
    assert len(calls) == 1


def test_gradients_are_kept_with_what_has_them():
    @st.composite
    def layers(draw):
        layer = torch.nn.Linear(2, 2)
        layer.weight.grad = torch.full((2, 2), draw(st.floats(0, 1, width=32)))
        return layer

    @given(layer=layers())
    def check(submission, layer):
        submission(layer.weight.grad, layer.bias.grad)

    inputs = Inputs()
    for _ in range(3):
        seen: list = []
        run(check, lambda *args, seen=seen: seen.append(args), inputs)
        assert len(seen) == 10
        assert all(weight.shape == (2, 2) and bias is None for weight, bias in seen)
        assert len({float(weight.sum()) for weight, _ in seen}) > 3


@pytest.mark.parametrize("strategy", [st.data(), st.randoms()])
def test_what_cannot_be_kept_is_drawn_anew_each_time(strategy):
    @given(source=strategy)
    def check(submission, source):
        submission(source.draw(st.integers(0, 99)) if hasattr(source, "draw") else source.randrange(99))

    inputs, seen = Inputs(), []
    for _ in range(3):
        run(check, seen.append, inputs)
    assert len(seen) == 30
    assert seen[:10] == seen[10:20] == seen[20:]


def test_a_check_that_the_reference_fails_runs_as_ever():
    @given(n=st.integers(0, 99))
    def check(submission, n):
        submission(n)

    def failing(n):
        raise CheckFailure("no")

    inputs, seen = Inputs(), []
    for _ in range(2):
        run(check, seen.append, inputs, failing)
    assert len(seen) == 20


def test_a_check_without_inputs_is_simply_run():
    seen = []

    def check(submission):
        submission(1)

    run(check, seen.append, Inputs())
    assert seen == [1]
