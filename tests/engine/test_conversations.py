"""Known answers are not judged again, and nobody's verdict is another's for that."""

from __future__ import annotations

import itertools
import random

import pytest
import torch
from hypothesis import assume, example, given
from hypothesis import strategies as st

from autograder import global_states
from autograder.catalogue import Exercise, Unit, load_course
from autograder.checks import Check, checks_of, own_randomness, run_check
from autograder.conversations import Conversation, Transcripts
from autograder.errors import CallTimeout, CheckFailure, WorkerLost
from autograder.implementation import Implementation
from autograder.inputs import Inputs
from autograder.profiles import Profile
from autograder.remote import Remote
from autograder.strategies import tensors
from autograder.submission import Submission
from autograder.training import shared
from autograder.verify import reference_of
from autograder.wheats import chaffs_of
from autograder.worker import Worker
from tests.proof.course import ROOT, right_answers

PROFILE = Profile(10, secret=b"conversations")


def apart(worker: Worker):
    """A transport to a worker whose global states are its own, as another process's are."""
    states = global_states.read()

    def transport(request: bytes) -> bytes:
        here = global_states.read()
        for path, fact in states.items():
            global_states.put(path, fact)
        try:
            return worker.handle(request)
        finally:
            states.update(global_states.read())
            for path, fact in here.items():
                global_states.put(path, fact)

    return transport


class Class:
    """Submissions of one function `f(x)` that are judged one after the other.

    `asked` counts the requests that reached a function, `judged` the examples that were computed here.
    """

    def __init__(self, folder, check, **contract):
        (folder / ".stub.py").write_text("def f(x):\n    raise NotImplementedError\n")
        fields = {"title": "F", "lines": 1, "hints": ("one",), "visible": {"a": 1}, "hidden": {"b": 1}}
        fields |= {"shapes": {"x": "float (N)"}, "returns": "float (N)"}
        self.exercise = Exercise(name="f", **{**fields, **contract})
        self.unit = Unit(1, "u", "U", 1, (), "", (self.exercise,), folder, None)
        self.checks = {"a": Check(self.unit, self.exercise, "a", True, check)}
        self.inputs, self.asked, self.judged = Inputs(at_once=True), 0, 0
        self.reference = Submission(self.unit, Implementation({"f": lambda x: 2 * x}))

    def submission(self, function, *, source="", transport=None) -> Submission:
        said = Conversation()

        def remote() -> Remote:
            answer = apart(Worker({"f": function}))

            def handle(request: bytes) -> bytes:
                self.asked += 1
                return answer(request)

            return Remote(transport or handle, conversation=said)

        first, second = remote(), remote()
        return Submission(
            self.unit,
            Implementation({"f": function}, source=source),
            remote=first,
            elsewhere=lambda: second,
        )

    def verdict(self, function, promise="a", **how):
        """What becomes of a function; `asked` and `judged` begin anew."""
        self.asked = self.judged = 0
        return self.outcome(self.submission(function, **how), promise)

    def outcome(self, submission, promise="a"):
        check = self.checks[promise]
        return run_check(check, submission, reference=self.reference, profile=PROFILE, inputs=self.inputs)


def doubling(course):
    """A check that asks twice, the second time for what came back."""

    @given(x=tensors((3,)))
    def check(submission, x):
        course[0].judged += submission.conversation is not None
        once = submission.f(x)
        twice = submission.f(once)
        if not torch.equal(twice, 4 * x):
            raise CheckFailure("f doubles", yours=twice, wanted=4 * x)

    return check


@pytest.fixture
def judge(tmp_path):
    """Makes a class for a check, which is given a list with the class in it."""

    def make(check_of, **contract) -> Class:
        holder: list[Class] = []
        holder.append(Class(tmp_path, check_of(holder), **contract))
        return holder[0]

    return make


def test_who_answers_as_another_is_asked_the_same_and_not_judged_again(judge):
    """However the answers came about."""
    course = judge(doubling)
    assert course.verdict(lambda x: 2 * x).outcome == "passed"
    assert (course.asked, course.judged) == (20, 10)
    for like in (lambda x: x + x, lambda x: torch.stack([each * 2 for each in x])):
        assert course.verdict(like).outcome == "passed"
        assert (course.asked, course.judged) == (20, 0)


def test_who_answers_otherwise_is_judged_on_it(judge):
    """Right and wrong ones, also where the first answers were known ones."""
    course = judge(doubling)
    course.verdict(lambda x: 2 * x)
    calls = itertools.count()
    wrong = course.verdict(lambda x: 2 * x if next(calls) % 2 == 0 else 3 * x)
    assert wrong.outcome == "failed"
    assert wrong.message == "f doubles"


@pytest.mark.parametrize("call", [0, 7, 19])
def test_only_the_part_with_another_answer_is_judged(judge, call):
    """And its questions are not asked again."""

    def check_of(holder):
        @given(x=tensors((3,)))
        def check(submission, x):
            holder[0].judged += submission.conversation is not None
            submission.f(submission.f(x))

        return check

    course = judge(check_of)
    course.verdict(lambda x: 2 * x)
    calls = itertools.count()
    assert course.verdict(lambda x: 2 * x if next(calls) != call else 2 * x + 1).outcome == "passed"
    assert (course.asked, course.judged) == (20, 1)


def test_what_failed_is_not_kept(judge):
    """A wrong answer is judged each time, and told the same."""
    course = judge(doubling)
    told = [course.verdict(lambda x: 3 * x) for _ in range(3)]
    assert {each.outcome for each in told} == {"failed"}
    assert len({(each.message, str(each.yours)) for each in told}) == 1
    assert course.judged > 1


def test_gradients_are_part_of_the_conversation(judge):
    """Who is right but for the way back is found out, in whatever order they come."""

    def check_of(holder):
        @given(x=tensors((3,)))
        def check(submission, x):
            holder[0].judged += submission.conversation is not None
            x = x.clone().requires_grad_()
            (slope,) = torch.autograd.grad(submission.f(x).pow(2).sum(), x, create_graph=True)
            (curve,) = torch.autograd.grad(slope.sum(), x)
            if not torch.equal(slope, 8 * x) or not torch.equal(curve, torch.full_like(x, 8.0)):
                raise CheckFailure("its slope is 8 x")

        return check

    def half_way(x):
        return x + x.detach()

    course = judge(check_of)
    for _ in range(2):
        assert course.verdict(half_way).message == "its slope is 8 x"
        assert course.verdict(lambda x: 2 * x).outcome == "passed"
        assert course.verdict(lambda x: x + x).outcome == "passed"
        assert course.judged == 0


def test_a_graph_of_an_earlier_part_is_gone(judge):
    """Its number may stand for another one since."""
    course = judge(doubling)
    submission = course.submission(lambda x: 2 * x)
    x = torch.ones(3, requires_grad=True)
    before = submission.f(x)
    course.inputs._transcripts.run("a part", submission, lambda: None)
    with pytest.raises(LookupError, match="the graph is gone"):
        before.sum().backward()
    submission.f(x).sum().backward()
    assert torch.equal(x.grad, torch.full((3,), 2.0))


def test_random_states_are_what_they_would_be(judge):
    """Who draws from the global generator, as its contract says, finds what a judge's process has."""

    def check_of(holder):
        @given(x=tensors((3,)))
        def check(submission, x):
            wanted = torch.rand(3)
            torch.manual_seed(0)
            noise = submission.f(x)
            after = torch.rand(3)
            torch.manual_seed(0)
            if not torch.equal(noise, torch.rand(3)) or not torch.equal(after, torch.rand(3)):
                raise CheckFailure("it draws once")
            assert torch.equal(wanted, noise)

        return check

    course = judge(check_of)
    known = [course.verdict(lambda x: torch.rand(3)) for _ in range(3)]
    assert [each.outcome for each in known] == ["passed"] * 3
    assert course.verdict(lambda x: [torch.rand(3), torch.rand(3)][0]).outcome == "failed"
    assert course.verdict(lambda x: torch.rand(3)).outcome == "passed"


def test_the_second_far_side_takes_part(judge):
    """What is asked of one who cannot remember is asked of it, known answers or not."""
    memory: dict[float, int] = {}

    def check_of(holder):
        @given(x=tensors((3,)))
        def check(submission, x):
            once = submission.f(x)
            with submission.forgetting():
                twice = submission.f(x)
            if not torch.equal(once, twice):
                raise CheckFailure("it remembers")

        return check

    def remembers(x):
        key = float(x.sum())
        memory[key] = memory.get(key, -1) + 1
        return 2 * x + memory[key]

    course = judge(check_of)
    for _ in range(2):
        memory.clear()
        assert course.verdict(lambda x: 2 * x).outcome == "passed"
        assert course.verdict(remembers).message == "it remembers"


def test_whoever_may_not_be_asked_is_not(judge):
    """A forbidden call in the source counts, whatever is answered; so does a function that is not there."""
    course = judge(doubling, forbidden=("torch.add",))
    assert course.verdict(lambda x: 2 * x).outcome == "passed"
    source = "import torch\ndef f(x):\n    return torch.add(x, x)\n"
    assert "torch.add" in course.verdict(lambda x: 2 * x, source=source).message
    assert course.asked == 0
    missing = course.submission(lambda x: 2 * x)
    missing.implementation = Implementation({})
    assert course.outcome(missing).outcome == "not_started"


@pytest.mark.parametrize(("error", "outcome"), [(CallTimeout, "timeout"), (WorkerLost, "crashed")])
def test_who_is_lost_half_way_is_lost(judge, error, outcome):
    """Also where its first answers were known ones; and the next one is judged as ever."""
    course = judge(doubling)
    course.verdict(lambda x: 2 * x)
    worker, calls = Worker({"f": lambda x: 2 * x}), itertools.count()

    def transport(request):
        if next(calls) == 5:
            raise error("no more")
        return worker.handle(request)

    assert course.verdict(lambda x: 2 * x, transport=transport).outcome == outcome
    assert course.verdict(lambda x: 2 * x).outcome == "passed"
    assert course.judged == 0


def test_a_check_that_swallows_an_error_of_ours_is_not_kept(judge):
    """What no answer tells may be otherwise next time."""

    def check_of(holder):
        def check(submission):
            holder[0].judged += 1
            try:
                submission.f(torch.ones(3))
                submission.f(torch.ones(3))
            except WorkerLost:
                return

        return check

    course = judge(check_of)
    worker, calls = Worker({"f": lambda x: 2 * x}), itertools.count()

    def transport(request):
        if next(calls):
            raise WorkerLost("no more")
        return worker.handle(request)

    assert course.verdict(lambda x: 2 * x, transport=transport).outcome == "passed"
    assert course.verdict(lambda x: 2 * x).outcome == "passed"
    assert (course.asked, course.judged) == (2, 1)


def test_a_check_that_asks_at_random_is_judged_each_time(judge):
    """Another question after the same answers: what was kept is of no use, and no answer is taken for another's."""
    numbers = random.SystemRandom()

    def check_of(holder):
        @given(x=tensors((3,)))
        def check(submission, x):
            submission.f(x)
            other = torch.tensor([numbers.random() for _ in range(3)], dtype=x.dtype)
            if not torch.equal(submission.f(other), 2 * other):
                raise CheckFailure("f doubles")
            submission.f(x)

        return check

    course = judge(check_of)
    for _ in range(3):
        assert course.verdict(lambda x: 2 * x).outcome == "passed"
        assert course.verdict(lambda x: x + x + 1).outcome == "failed"


def test_examples_that_assume_in_vain_and_explicit_ones(judge):
    """They are parts like any other."""

    def check_of(holder):
        @example(x=torch.zeros(3))
        @given(x=tensors((3,)))
        def check(submission, x):
            holder[0].judged += submission.conversation is not None
            assume(bool((submission.f(x) >= 0).all()))
            if bool((x == 0).all()) and bool((submission.f(x) != 0).any()):
                raise CheckFailure("f of nothing is nothing")

        return check

    course = judge(check_of)
    assert course.verdict(lambda x: 2 * x).outcome == "passed"
    assert course.verdict(lambda x: x + x).outcome == "passed"
    assert course.judged == 0
    assert course.verdict(lambda x: 2 * x + (x == 0)).outcome == "failed"


def test_checks_that_draw_while_they_run(judge):
    """Their whole run is one part."""

    def check_of(holder):
        @given(data=st.data())
        def check(submission, data):
            holder[0].judged += submission.conversation is not None
            x = data.draw(tensors((3,)))
            if not torch.equal(submission.f(x), 2 * x):
                raise CheckFailure("f doubles")

        return check

    course = judge(check_of)
    assert course.verdict(lambda x: 2 * x).outcome == "passed"
    assert course.judged == 10
    assert course.verdict(lambda x: x + x).outcome == "passed"
    assert course.judged == 0
    assert course.verdict(lambda x: x + x + (x > 0.5)).outcome == "failed"


class TestTraining:
    """What one check trained and others look at."""

    @pytest.fixture
    def course(self, judge):
        """Two checks that look at one training of three steps."""
        trained: list[int] = []

        def check_of(holder):
            @shared
            def train(submission, seed, device):
                trained.append(seed)
                x = torch.rand(3)
                for _ in range(3):
                    x = submission.f(x)
                return x.detach()

            def check(submission, device, training_seed):
                holder[0].judged += 1
                if not bool((train(submission, training_seed, device) < 8).all()):
                    raise CheckFailure("it grows to less than 8")

            def other(submission, device, training_seed):
                holder[0].judged += 1
                last = train(submission, training_seed, device)
                if not torch.equal(submission.f(last), 2 * last):
                    raise CheckFailure("the last is doubled")

            check.other = other
            return check

        course = judge(check_of)
        course.checks["b"] = Check(course.unit, course.exercise, "b", False, course.checks["a"].function.other)
        course.trained = trained
        return course

    def outcomes(self, course, function, promises="ab") -> list[str]:
        """The outcomes of both checks for one submission."""
        course.asked = course.judged = 0
        submission = course.submission(function)
        return [course.outcome(submission, promise).outcome for promise in promises]

    def test_is_known_by_its_answers(self, course):
        """It is asked for once and judged once."""
        for judged in (2, 0, 0):
            assert self.outcomes(course, lambda x: 2 * x) == ["passed", "passed"]
            assert (course.asked, course.judged) == (4, judged)
        assert len(course.trained) == 1

    def test_another_training_is_another_matter(self, course):
        """Also where the check itself asks nothing."""
        self.outcomes(course, lambda x: 2 * x)
        assert self.outcomes(course, lambda x: 20 * x) == ["failed", "failed"]
        calls = itertools.count()
        assert self.outcomes(course, lambda x: 2 * x if next(calls) < 3 else 2 * x + 1) == ["passed", "failed"]
        calls = itertools.count()
        assert self.outcomes(course, lambda x: 2 * x if next(calls) != 2 else 1.5 * x) == ["passed", "passed"]
        assert (course.asked, course.judged) == (4, 2)

    def test_the_order_does_not_matter(self, course):
        """A check that is run first trains, whoever came before."""
        for promises in ("ab", "ba", "ab", "b", "a", "ba"):
            assert set(self.outcomes(course, lambda x: 2 * x, promises)) == {"passed"}
            assert set(self.outcomes(course, lambda x: 2 * x + 8, promises)) == {"failed"}

    def test_a_training_of_known_answers_is_done_where_it_is_needed(self, course):
        """A second check that deviates looks at what was never computed here."""
        self.outcomes(course, lambda x: 2 * x, "a")
        calls = itertools.count()
        assert self.outcomes(course, lambda x: x + x if next(calls) < 6 else x, "ab") == ["passed", "failed"]
        assert course.judged == 1


def test_no_more_is_kept_than_may_be(judge):
    """Then everybody is judged."""
    course = judge(doubling)
    course.inputs._transcripts = Transcripts(largest=25_000)
    for _ in range(3):
        assert course.verdict(lambda x: 2 * x).outcome == "passed"
        assert course.asked == 20
    assert 0 < course.judged < 10
    course.inputs._transcripts = Transcripts(largest=0)
    for _ in range(2):
        assert course.verdict(lambda x: 2 * x).outcome == "passed"
        assert course.judged == 10


def test_a_question_is_kept_once_whatever_was_answered_before(judge):
    """Other answers lead to the same questions where these do not depend on them."""

    def check_of(holder):
        @given(x=tensors((3,)))
        def check(submission, x):
            for number in range(5):
                submission.f(x + number)

        return check

    course, left = judge(check_of), []
    for slope in (2, 3, 4):
        assert course.verdict(lambda x, slope=slope: slope * x).outcome == "passed"
        left.append(course.inputs._transcripts._left)
    assert left[0] == left[1] == left[2]


def test_random_states_outside_are_left_alone(judge):
    """Whether a part is run or known."""
    course = judge(doubling)
    for _ in range(2):
        with own_randomness(3):
            course.verdict(lambda x: 2 * x)
            assert torch.equal(torch.rand(2), torch.rand(2, generator=torch.Generator().manual_seed(3)))


@pytest.mark.parametrize("name", ["fgsm", "slerp"])
def test_all_answers_of_an_exercise_are_judged_alike_in_any_order(name):
    """As without a memory: right ones, wrong ones, and right ones again, shuffled."""
    unit, _ = load_course(ROOT).find(name)
    reference, checks = reference_of(unit), [each for each in checks_of(unit) if each.exercise.name == name]
    answers = [implementation for _, implementation in right_answers(unit, name)]
    answers += [Implementation({name: each.function}) for each in chaffs_of(unit, name)]
    profile, inputs = Profile(4, secret=b"all alike", shrink=False), Inputs(at_once=True)

    def outcomes(implementation, conversation=None, inputs=None) -> list[str]:
        remote = Remote(apart(Worker(implementation.functions)), conversation=conversation)
        submission = Submission(unit, implementation, remote=remote)
        return [
            run_check(each, submission, reference=reference, profile=profile, inputs=inputs).outcome for each in checks
        ]

    alone = [outcomes(each) for each in answers]
    order = [*range(len(answers))] * 2
    random.Random(5).shuffle(order)
    for index in order:
        assert outcomes(answers[index], Conversation(), inputs) == alone[index], answers[index]
