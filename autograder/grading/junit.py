"""Results as JUnit XML: a suite for each submission, a case for each check."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

from autograder.grading.results import CheckResult, ExerciseResult, Result
from autograder.grading.texts import legible, number, promise_of

# A mistake of ours is an error; whatever a submission did, even to end its process, is a failure.
_ELEMENTS = {
    "failed": "failure",
    "timeout": "failure",
    "crashed": "failure",
    "broken": "error",
    "not_started": "skipped",
}
_COUNTED = {"failure": "failures", "error": "errors", "skipped": "skipped"}


def junit(results: Sequence[Result]) -> str:
    """All results as one document."""
    suites = [_suite(each) for each in results]
    root = ElementTree.Element("testsuites", name="tensorlings")
    for name in ("tests", "failures", "errors", "skipped"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in suites)))
    root.set("time", _seconds(sum(each.seconds for each in results)))
    root.extend(suites)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _suite(result: Result) -> ElementTree.Element:
    cases = [_case(exercise, check) for exercise in result.exercises for check in exercise.checks]
    if result.problem:
        cases.insert(0, _unread(result))
    kinds = [child.tag for case in cases for child in case]
    suite = ElementTree.Element("testsuite", name=legible(result.submission), tests=str(len(cases)))
    for kind, name in _COUNTED.items():
        suite.set(name, str(kinds.count(kind)))
    suite.set("time", _seconds(result.seconds))
    properties = ElementTree.SubElement(suite, "properties")
    facts = {
        "score": number(result.score),
        "max_score": number(result.max_score),
        "digest": result.digest,
        "course": result.course,
        "isolation": result.isolation,
        "device": result.device,
        **result.versions,
    }
    for name, value in facts.items():
        ElementTree.SubElement(properties, "property", name=legible(name), value=legible(value))
    suite.extend(cases)
    return suite


def _case(exercise: ExerciseResult, check: CheckResult) -> ElementTree.Element:
    name = legible(promise_of(check))
    classname = legible(f"{exercise.unit}.{exercise.name}")
    case = ElementTree.Element("testcase", classname=classname, name=name, time=_seconds(check.seconds))
    kind = _ELEMENTS.get(check.outcome)
    if kind == "skipped":
        ElementTree.SubElement(case, kind, message="not started")
    elif kind is not None:
        message = legible(check.message)
        found = ElementTree.SubElement(case, kind, type=check.outcome, message=message or check.outcome)
        lines = (check.title, message, exercise.explanation, check.counterexample)
        found.text = legible("\n".join(filter(None, lines)))
    return case


def _unread(result: Result) -> ElementTree.Element:
    case = ElementTree.Element("testcase", classname="submission", name="can_be_read", time="0.000")
    ElementTree.SubElement(case, "failure", type="unreadable", message=legible(result.problem))
    return case


def _seconds(value: float) -> str:
    return f"{value:.3f}"
