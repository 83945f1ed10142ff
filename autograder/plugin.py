"""The pytest plugin: `pytest exercises` judges a student's files and explains what it found.

It touches only test files of a course; in any other run it does nothing.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import torch

    from autograder.catalogue import Unit
    from autograder.checks import Check, Verdict
    from autograder.submission import Submission

WORDS = {
    "passed": ("passed", ".", "PASSED"),
    "failed": ("promises broken", "F", "PROMISE BROKEN"),
    "not_started": ("not started", "-", "NOT STARTED"),
    "timeout": ("timed out", "T", "TIMED OUT"),
    "crashed": ("crashed", "C", "CRASHED"),
    "broken": ("checks at fault", "B", "CHECK AT FAULT"),
}
COURSE = pytest.StashKey[bool]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the options of the course."""
    group = parser.getgroup("tensorlings")
    group.addoption("--reference", action="store_true", help="judge the instructor's references")
    group.addoption("--submission", type=Path, metavar="DIR", help="judge the files in this folder")
    group.addoption("--loopback", action="store_true", help="send every call through the wire's codec, as grading does")
    group.addoption("--device", default="auto", metavar="NAME", help="where training checks run: auto, cpu, cuda, mps")
    group.addoption("--secret", type=Path, metavar="FILE", help="draw the inputs of grading, from this file's secret")
    group.addoption("--stream", type=Path, metavar="FILE", help="note every check that begins and ends in this file")
    group.addoption("--examples", type=int, metavar="N", help="inputs drawn per check")


def pytest_configure(config: pytest.Config) -> None:
    """Registers the mark of checks that train something."""
    config.addinivalue_line("markers", "training: trains something small; takes a second or so")


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    """Collects a unit's test file as checks, everything else as pytest does."""
    name = module_path.stem
    if not name.startswith("test_") or not module_path.parent.name[:1].isdigit():
        return None
    exercises = module_path.parent.parent.parent / "exercises" / module_path.parent.name
    if module_path.parent.parent.name not in ("exercises", "solutions") or not (exercises / "unit.toml").is_file():
        return None
    return CheckModule.from_parent(parent, path=module_path)


class CheckItem(pytest.Function):
    """One promise of one exercise."""

    check: Check

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException]) -> Any:  # type: ignore[override]
        """A traceback only where one was asked for: verdicts do without, and a hundred of them take seconds."""
        return "" if self.config.option.tbstyle == "auto" else super().repr_failure(excinfo)


class CheckModule(pytest.Module):
    """A unit's test file: its own checks, and the shared conventions that its `unit.toml` lists."""

    @functools.cached_property
    def root(self) -> Path:
        """The folder of the course."""
        return self.path.parent.parent.parent

    @functools.cached_property
    def unit(self) -> Unit:
        """The unit whose checks these are."""
        from autograder.catalogue import load_unit

        return load_unit(self.root / "exercises" / self.path.parent.name, self.root)

    def _getobj(self) -> ModuleType:
        from autograder.content import load_file

        return load_file(self.path)

    def collect(self) -> Iterator[pytest.Item]:
        """One item for every promise that `unit.toml` gives points for."""
        import torch

        from autograder.checks import checks_of
        from autograder.errors import TensorlingsError

        torch.set_num_threads(1)  # small networks are slower on several
        self.config.stash[COURSE] = True
        self.config.option.continue_on_collection_errors = True  # one broken unit leaves the others to be judged
        visible = self.path.parent.parent.name == "exercises"
        try:
            checks = checks_of(self.unit, visible=visible, hidden=not visible)
        except TensorlingsError as error:
            raise self.CollectError(str(error)) from None
        for check in checks:
            name = f"test_{check.name}"
            item: Any = CheckItem.from_parent(self, name=name, callobj=check.function)
            item.check = check
            if check.is_training:
                item.add_marker("training")
            yield item

    def submission(self) -> Submission:
        """What is to be judged, loaded once."""
        return self._submission

    @functools.cached_property
    def _submission(self) -> Submission:
        from autograder.implementation import load_implementation
        from autograder.submission import Submission

        option = self.config.option
        path = self.unit.module_path
        if option.reference:
            path = self.unit.reference_path or path
        elif option.submission is not None:
            path = option.submission if option.submission.is_file() else option.submission / f"{self.unit.name}.py"
        seconds = 0.0 if option.usepdb or option.trace else None
        return Submission(self.unit, load_implementation(path), loopback=option.loopback, seconds=seconds)

    @functools.cached_property
    def reference(self) -> Submission | None:
        """The instructor's answer, where there is one."""
        from autograder.implementation import load_implementation
        from autograder.submission import Submission

        path = self.unit.reference_path
        return None if path is None else Submission(self.unit, load_implementation(path), seconds=0)

    @functools.cached_property
    def training_seeds(self) -> dict[str, int]:
        """The first seed of the training checks of each exercise that was trained."""
        return {}

    @functools.cached_property
    def misconceptions(self) -> dict[str, tuple[str, str] | None]:
        """Name and sentence of the mistake recognised in each exercise that was looked at."""
        return {}


@pytest.fixture(scope="module")
def submission(request: pytest.FixtureRequest) -> Submission:
    """The student's functions: the only way to them."""
    return request.node.submission()  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def reference(request: pytest.FixtureRequest) -> Submission:
    """The instructor's functions, for hidden checks."""
    found = request.node.reference
    if found is None:
        pytest.fail("the reference is asked for, but there is none here", pytrace=False)
    return found  # type: ignore[no-any-return]


@pytest.fixture(scope="session")
def device(request: pytest.FixtureRequest) -> torch.device:
    """Where training checks run."""
    from autograder.devices import choose_device

    return choose_device(request.config.option.device)


@pytest.fixture
def training_seed(request: pytest.FixtureRequest) -> int:
    """The first of a training check's seeds."""
    module, name = request.node.parent, request.node.check.exercise.name
    seeds: dict[str, int] = module.training_seeds
    if name not in seeds:
        seeds[name] = _profile(request.config, module.root).training_seed(name)
    return seeds[name]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts an exercise's checks together, hidden ones last; other items stay where they are."""
    checks = [item for item in items if hasattr(item, "check")]
    ordered = iter(sorted(checks, key=_order))
    items[:] = [next(ordered) if hasattr(item, "check") else item for item in items]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Notes that a check begins, for whoever watches over this process."""
    check: Check | None = getattr(item, "check", None)
    if check is not None and item.config.option.stream is not None:
        _note(item, {**_about(item.parent, check), "outcome": None, "message": ""})


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Any:
    """Gives a check its number of examples, its seed and random states of its own."""
    check: Check | None = getattr(item, "check", None)
    if check is None:
        return (yield)
    from autograder.checks import own_randomness

    profile = _profile(item.config, item.parent.root)  # type: ignore[union-attr]
    profile.prepare(check.function, check.name)
    submission = item.parent.submission()  # type: ignore[union-attr]
    submission.begin_check()
    submission.implementation.function(check.exercise.name)  # nothing is drawn or trained for a stub
    with own_randomness(profile.seed(check.name)):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Turns what a check raised into a verdict that explains itself."""
    report: pytest.TestReport = yield
    check: Check | None = getattr(item, "check", None)
    if check is None or (call.when != "call" and call.excinfo is None):
        return report
    from autograder.checks import verdict_on

    module: Any = item.parent
    error = None if call.excinfo is None else call.excinfo.value
    if isinstance(error, KeyboardInterrupt):
        return report
    verdict = _on_second_thought(module, check, error, verdict_on(error, module.submission()))
    report.outcome = "passed" if verdict.outcome == "passed" else "failed"
    report.judged = _judged(module, check, verdict)  # type: ignore[attr-defined]
    if item.config.option.stream is not None:
        _note(item, report.judged)
    if report.outcome == "passed":
        report.longrepr = None
    elif item.config.option.tbstyle == "auto":
        report.longrepr = f"{check.sentence}\n{verdict.message}"
        report.sections = []
    return report


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    """Words for the outcomes of checks."""
    judged = getattr(report, "judged", None)
    return None if judged is None else WORDS[judged["outcome"]]


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Explains broken promises, shows the table, and says what is next."""
    reports = [report for kind in terminalreporter.stats.values() for report in kind if getattr(report, "judged", None)]
    if not reports:
        return
    from autograder import report as writing

    option = config.option
    own_work = not (option.reference or option.submission)
    writing.write_summary(
        terminalreporter, [report.judged for report in reports], verbose=option.verbose > 0, own_work=own_work
    )


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Tells failures that are no verdicts apart: a broken unit, or a check at fault, ends with status 2."""
    terminal = session.config.pluginmanager.get_plugin("terminalreporter")
    if terminal is None or exitstatus != pytest.ExitCode.TESTS_FAILED:
        return
    judged = [each.judged for kind in terminal.stats.values() for each in kind if getattr(each, "judged", None)]
    at_fault = terminal.stats.get("error") or any(each["outcome"] == "broken" for each in judged)
    if session.config.stash.get(COURSE, False) and at_fault:
        session.exitstatus = pytest.ExitCode.INTERRUPTED


def _on_second_thought(module: Any, check: Check, error: BaseException | None, verdict: Verdict) -> Verdict:
    """`verdict`, or `broken` where the reference fails in the check itself as the submission did."""
    from autograder.checks import Verdict, needs_a_second_opinion, run_check

    if verdict.outcome != "failed" or not needs_a_second_opinion(error, module.submission()):
        return verdict
    if module.reference is None:
        return verdict
    again = run_check(check, module.reference, reference=module.reference, profile=_profile(module.config, module.root))
    return verdict if again.outcome == "passed" else Verdict("broken", verdict.message)


def _about(module: Any, check: Check) -> dict[str, Any]:
    """What is known of a check before it runs, in values that cross to another process."""
    return {
        "root": str(module.root),
        "unit": check.unit.folder,
        "file": str(check.unit.module_path),
        "exercise": check.exercise.name,
        "promise": check.promise,
        "visible": check.visible,
        "points": check.points,
        "sentence": check.sentence,
        "order": list(_order_of(check)),
        "counterexample": "",
        "returned": "",
        "yours": "",
        "wanted": "",
        "misconception": None,
    }


def _judged(module: Any, check: Check, verdict: Verdict) -> dict[str, Any]:
    """What the summary needs to say of a check."""
    from autograder.render import show, show_both, show_call

    judged = {**_about(module, check), "outcome": verdict.outcome, "message": verdict.message}
    if verdict.outcome == "failed":
        yours, wanted = show_both(verdict.yours, verdict.wanted)
        judged["yours"] = "" if verdict.yours is None else yours
        judged["wanted"] = "" if verdict.wanted is None else wanted
        record = module.submission().latest
        if record is not None and record.exercise == check.exercise.name and not check.is_training:
            judged["counterexample"] = show_call(record)
            judged["returned"] = show(record.value) if record.returned else ""
        judged["misconception"] = _misconception(module, check)
    return judged


def _note(item: pytest.Item, event: dict[str, Any]) -> None:
    with item.config.option.stream.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps({**event, "node": item.nodeid}) + "\n")


def _misconception(module: Any, check: Check) -> tuple[str, str] | None:
    from autograder.misconceptions import recognise

    known = module.misconceptions
    name = check.exercise.name
    if name not in known:
        latest = module.submission().latest
        found = recognise(check.unit, check.exercise, module.submission())
        module.submission().latest = latest
        known[name] = None if found is None else (found.name, found.sentence)
    return known[name]  # type: ignore[no-any-return]


def _profile(config: pytest.Config, root: Path) -> Any:
    from autograder.profiles import PRACTICE_EXAMPLES, Profile

    option = config.option
    examples = option.examples or PRACTICE_EXAMPLES
    if option.secret is not None:
        try:
            return Profile(examples, secret=option.secret.read_bytes())
        except OSError as error:
            raise pytest.UsageError(f"--secret: {option.secret} cannot be read ({error.strerror})") from None
    return Profile(examples, memory=root / ".autograder" / "examples")


def _order(item: Any) -> tuple[int, int, bool, int]:
    return _order_of(item.check)


def _order_of(check: Check) -> tuple[int, int, bool, int]:
    exercises = [exercise.name for exercise in check.unit.exercises]
    promises = list(check.exercise.promises)
    return (
        check.unit.number,
        exercises.index(check.exercise.name),
        not check.visible,
        promises.index(check.promise),
    )
