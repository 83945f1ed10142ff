"""The one way to a student's code: contracts, side effects, limits; the same here and through the wire."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from autograder.catalogue import Exercise, Unit
from autograder.errors import CallTimeout, CheckFailure, CourseError, NotStarted
from autograder.implementation import Implementation
from autograder.models import small_model
from autograder.remote import Reply
from autograder.submission import Submission

STUB = """
def f(model, x, *, generator=None):
    raise NotImplementedError("f is not written yet")
"""


@pytest.fixture(params=[False, True], ids=["here", "over the wire"])
def judge(request, tmp_path):
    """Makes a submission of one function f(model, x, *, generator=None)."""

    def make(function, **contract) -> Submission:
        (tmp_path / ".stub.py").write_text(STUB)
        exercise = Exercise(
            **{
                "name": "f",
                "title": "F",
                "lines": 1,
                "hints": ("one",),
                "visible": {"a": 1},
                "hidden": {"b": 1},
                "shapes": {"x": "float (N, ...)"},
                "returns": "float (N, ...)",
                **contract,
            }
        )
        unit = Unit(1, "u", "U", 1, (), "", (exercise,), tmp_path, None)
        return Submission(unit, Implementation({"f": function}), loopback=request.param)

    return make


MODEL, X = small_model("norm", (2,), 2, seed=0), torch.ones(3, 2)


def test_a_right_call_comes_back(judge):
    """The value, and nothing noted."""
    submission = judge(lambda model, x, *, generator=None: model(x))
    assert torch.equal(submission.f(MODEL, X), MODEL(X))
    assert submission.latest.changed == {}


@pytest.mark.parametrize(
    ("spoil", "paths"),
    [
        (lambda model, x: x.add_(1), {"x"}),
        (lambda model, x: x.requires_grad_(), {"x.requires_grad"}),
        (lambda model, x: model.train(), {"model.training", "model.layers.training", "model.layers.1.training"}),
        (lambda model, x: model(x).sum().backward(), {"model.layers.0.weight.grad"}),
        (lambda model, x: model.layers[0].weight.data.zero_(), {"model.layers.0.weight"}),
        (lambda model, x: model.layers[1].running_mean.add_(1), {"model.layers.1.running_mean"}),
        (lambda model, x: model.register_forward_hook(lambda *_: None), {"model.hooks"}),
        (
            lambda model, x: [each.requires_grad_(False) for each in model.parameters()],
            {"model.layers.0.bias.requires_grad"},
        ),
    ],
)
def test_what_changed_is_put_back_and_noted(judge, spoil, paths):
    """The next call finds everything as it was."""
    state = {name: value.clone() for name, value in MODEL.state_dict().items()}

    def function(model, x, *, generator=None):
        spoil(model, x)
        return x.detach() * 0 + 1

    submission = judge(function)
    x = X.clone()
    submission.f(MODEL, x)
    assert paths <= set(submission.latest.changed)
    assert torch.equal(x, X)
    assert not x.requires_grad
    assert all(torch.equal(value, state[name]) for name, value in MODEL.state_dict().items())
    assert all(parameter.grad is None and parameter.requires_grad for parameter in MODEL.parameters())
    assert not any(module.training or module._forward_hooks for module in MODEL.modules())


def test_a_result_that_is_the_spoilt_argument_survives(judge):
    """Putting the argument back must not change what came back."""
    submission = judge(lambda model, x, *, generator=None: x.mul_(2))
    x = X.clone()
    assert torch.equal(submission.f(MODEL, x), 2 * X)
    assert torch.equal(x, X)


def test_declared_changes_are_applied(judge):
    """What a contract allows comes back."""

    def function(model, x, *, generator=None):
        with torch.no_grad():
            model.layers[0].bias.zero_()
        return x * 1

    submission = judge(function, changes=("model.layers.*",))
    model = small_model("mlp", (2,), 2, seed=0)
    submission.f(model, X)
    assert submission.latest.changed == {}
    assert not model.layers[0].bias.any()


def test_a_generator_may_move_and_the_global_state_may_not(judge):
    """With a generator given, the global state is left alone; without one it may be used."""

    def function(model, x, *, generator=None):
        torch.rand(1)
        return torch.rand(x.shape, generator=generator)

    submission, generator = judge(function), torch.Generator().manual_seed(1)
    submission.f(MODEL, X, generator=generator)
    assert set(submission.latest.changed) == {"global.torch_random"}
    assert generator.get_state().ne(torch.Generator().manual_seed(1).get_state()).any()
    submission.f(MODEL, X)
    assert submission.latest.changed == {}


def test_gradients_pass_through(judge):
    """Results are differentiable in arguments and parameters."""
    submission = judge(lambda model, x, *, generator=None: model(x))
    x = X.clone().requires_grad_()
    for mine, local in zip(
        torch.autograd.grad(submission.f(MODEL, x).sum(), [x, *MODEL.parameters()]),
        torch.autograd.grad(MODEL(x).sum(), [x, *MODEL.parameters()]),
        strict=True,
    ):
        assert torch.allclose(mine, local)


def test_an_absent_function_is_not_started(tmp_path):
    """And a check that calls it wrongly is at fault itself."""
    (tmp_path / ".stub.py").write_text(STUB)
    exercise = Exercise("f", "F", 1, ("one",), {"a": 1}, {"b": 1}, "float")
    unit = Unit(1, "u", "U", 1, (), "", (exercise,), tmp_path, None)
    with pytest.raises(NotStarted):
        Submission(unit, Implementation({})).f(1, 2)
    with pytest.raises(CourseError, match="a check calls it wrongly"):
        Submission(unit, Implementation({"f": lambda *args: 1.0})).f(1, 2, 3, 4)
    with pytest.raises(AttributeError):
        _ = Submission(unit, Implementation({})).g


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        (lambda model: 1, r"f\(model\) cannot be called as f\(…, …\): too many positional"),
        (lambda model, x, *, generator=None: None, "returned None"),
        (lambda model, x, *, generator=None: x.numpy(), "numpy.ndarray"),
        (lambda model, x, *, generator=None: x[0], r"shape \(2,\)"),
    ],
)
def test_what_does_not_fit_is_told(judge, function, sentence):
    """In a sentence, here and over the wire."""
    with pytest.raises(CheckFailure, match=sentence):
        judge(function).f(MODEL, X)


def test_an_exception_keeps_its_kind(judge):
    """A check may ask for a ValueError."""

    def function(model, x, *, generator=None):
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        judge(function).f(MODEL, X)


def test_hypothesis_exceptions_of_a_submission_do_not_count_as_ours(judge):
    """`assume(False)` in an answer would discard the input."""

    def function(model, x, *, generator=None):
        from hypothesis import assume

        assume(False)

    with pytest.raises((CheckFailure, RuntimeError), match="UnsatisfiedAssumption"):
        judge(function).f(MODEL, X)


def test_time_is_limited_for_one_call_and_for_all_calls_of_a_check(judge):
    """An endless loop ends; after two of them the exercise is not tried again."""

    def function(model, x, *, generator=None):
        while True:
            try:
                while True:
                    pass
            except Exception:  # as students write it, to be on the safe side
                pass

    submission = judge(function, seconds=0.1)
    for _ in range(2):
        with pytest.raises(CallTimeout, match=r"did not return within 0.1 s"):
            submission.f(MODEL, X)
    with pytest.raises(CallTimeout, match="not tried again"):
        submission.f(MODEL, X)


def test_a_module_of_ours_as_argument_is_a_spy(judge):
    """Its buffers come back where the contract says so."""

    class Spy(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("calls", torch.zeros(()))

        def forward(self, x):
            self.calls += 1
            return x

    def function(model, x, *, generator=None):
        return model(model(x))

    submission, spy = judge(function, changes=("model.calls",)), Spy()
    submission.f(spy, X)
    assert spy.calls == 2


def test_who_must_forget_is_asked_elsewhere_and_only_inside(judge):
    """The second place has not seen what the first was asked."""
    asked = []

    class Place:
        timed, conversation = False, None

        def __init__(self, name):
            self.name = name

        def call(self, name, arguments, args, kwargs, *, seconds, before, may_change):
            asked.append(self.name)
            return Reply(args[1], {}, None)

    submission = judge(lambda model, x, *, generator=None: x)
    here, there = Place("here"), Place("there")
    submission = Submission(submission.unit, submission.implementation, remote=here, elsewhere=lambda: there)
    x = torch.ones(2, 1)
    submission.f(None, x)
    with submission.forgetting():
        submission.f(None, x)
    submission.f(None, x)
    assert asked == ["here", "there", "here"]


def test_in_this_process_nobody_can_be_made_to_forget(judge):
    submission = judge(lambda model, x, *, generator=None: x)
    with submission.forgetting():
        assert submission.f(None, torch.ones(2, 1)).tolist() == [[1.0], [1.0]]
