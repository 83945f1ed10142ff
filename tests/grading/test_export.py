"""Results in the formats of others."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree

import pytest

from autograder.errors import TensorlingsError
from autograder.grading.export import FORMATS, ExportError, export
from autograder.grading.results import Result
from tests.grading.fakes import check_of, exercise_of, fake_class, fake_result, result_of

# What https://gradescope-autograders.readthedocs.io/en/latest/specs/ documents, with types.
NUMBER = (int, float)
VISIBILITY = {"visible", "hidden", "after_due_date", "after_published"}
FORMAT = {"text", "html", "simple_format", "md", "ansi"}
TOP = {
    "score": NUMBER,
    "execution_time": NUMBER,
    "output": str,
    "output_format": FORMAT,
    "test_output_format": FORMAT,
    "test_name_format": FORMAT,
    "visibility": VISIBILITY,
    "stdout_visibility": VISIBILITY,
    "extra_data": dict,
    "tests": list,
    "leaderboard": list,
}
TEST = {
    "score": NUMBER,
    "max_score": NUMBER,
    "status": {"passed", "failed"},
    "name": str,
    "name_format": FORMAT,
    "number": str,
    "output": str,
    "output_format": FORMAT,
    "tags": list,
    "visibility": VISIBILITY,
    "extra_data": dict,
}


def assert_documented(document: dict[str, object], fields: dict[str, object]) -> None:
    """Fails for a field that is not documented, or holds what it may not."""
    for name, value in document.items():
        wanted = fields[name]
        if isinstance(wanted, set):
            assert value in wanted
        else:
            assert isinstance(value, wanted)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def results() -> list[Result]:
    return fake_class(9, units=3)


def mixed(name: str = "ada") -> Result:
    """One check of each outcome, with what XML cannot hold."""
    outcomes = ("passed", "failed", "not_started", "timeout", "crashed", "broken")
    checks = [
        check_of(
            f"fgsm__{outcome}", outcome, message=f"\x00\x1b[31m <{outcome}> & ]]> \ud800", visible=outcome != "crashed"
        )
        for outcome in outcomes
    ]
    return result_of(name, [exercise_of("attacks", "fgsm", checks)])


def test_csv_goes_to_a_file_a_folder_or_the_terminal(results, tmp_path):
    """The text is the same."""
    text = export(results, "csv")
    assert isinstance(text, str)
    assert text.startswith("submission,score,")
    assert export(results, "csv", tmp_path) == [tmp_path / "grades.csv"]
    assert export(results, "csv", tmp_path / "new" / "class.csv") == [tmp_path / "new" / "class.csv"]
    assert {each.read_text() for each in tmp_path.rglob("*.csv")} == {text}


def test_html_is_the_report_with_its_pages(results, tmp_path):
    """All that is named is there."""
    paths = export(results, "html", tmp_path / "html")
    assert {each for each in (tmp_path / "html").rglob("*") if each.is_file()} == set(paths)
    assert len(paths) == len(results) + 2


def test_junit_counts_what_it_holds(results, tmp_path):
    """A suite for each submission, a case for each check, and sums that are right."""
    [path] = export(results, "junit", tmp_path / "junit.xml")
    root = ElementTree.parse(path).getroot()
    assert root.tag == "testsuites"
    assert [suite.get("name") for suite in root] == [each.submission for each in results]
    for suite, result in zip(root, results, strict=True):
        checks = [(exercise, check) for exercise in result.exercises for check in exercise.checks]
        unread = 1 if result.problem else 0
        cases = suite.findall("testcase")
        assert int(suite.get("tests", "")) == len(cases) == len(checks) + unread
        assert [each.get("classname") for each in cases[unread:]] == [f"{e.unit}.{e.name}" for e, _ in checks]
        for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.get(attribute, "")) == len(suite.findall(f"testcase/{tag}"))
        facts = {each.get("name"): each.get("value") for each in suite.findall("properties/property")}
        assert float(facts["score"] or "") == result.score
    for attribute in ("tests", "failures", "errors", "skipped"):
        assert int(root.get(attribute, "")) == sum(int(suite.get(attribute, "")) for suite in root)
    assert re.fullmatch(r"\d+\.\d{3}", root.get("time", ""))


def test_junit_tells_outcomes_apart():
    """Our own fault is an error, what is not started is skipped; what XML forbids is gone."""
    text = export([mixed()], "junit")
    assert isinstance(text, str)
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]", text)
    cases = ElementTree.fromstring(text.encode()).findall("testsuite/testcase")
    kinds = {case.get("name"): [(child.tag, child.get("type")) for child in case] for case in cases}
    assert kinds == {
        "passed": [],
        "failed": [("failure", "failed")],
        "not_started": [("skipped", None)],
        "timeout": [("failure", "timeout")],
        "crashed": [("failure", "crashed")],
        "broken": [("error", "broken")],
    }
    assert "<failed> & ]]>" in (cases[1][0].get("message") or "")


def test_junit_says_what_could_not_be_read():
    """As a failure of the submission, even if no check was made."""
    text = export([result_of("ada", [], problem="ada.zip is no archive")], "junit")
    suite = ElementTree.fromstring(str(text).encode())[0]
    assert (suite.get("tests"), suite.get("failures")) == ("1", "1")
    assert suite.find("testcase/failure").get("message") == "ada.zip is no archive"


def test_gradescope_holds_what_is_documented(results, tmp_path):
    """One file for each submission; the score is the sum of its tests."""
    paths = export(results, "gradescope", tmp_path / "out")
    assert [each.name for each in paths] == [f"{each.submission}.json" for each in results]
    for path, result in zip(paths, results, strict=True):
        document = json.loads(path.read_text())
        assert_documented(document, TOP)
        for test in document["tests"]:
            assert_documented(test, TEST)
        assert document["score"] == result.score == sum(test["score"] for test in document["tests"])
        assert len({test["number"] for test in document["tests"]}) == len(document["tests"])
        assert result.problem in document["output"]
        assert bool(document["output"]) == bool(result.problem)


def test_gradescope_keeps_hidden_checks_until_publication():
    """They are shown with the grades, without what they drew; the known mistake is told once, where it shows."""
    checks = [
        check_of("fgsm__a"),
        check_of("fgsm__b", "failed", message="too far", counterexample="yours 3"),
        check_of("fgsm__c", "failed", visible=False, message="it differs", counterexample="wanted secret"),
        check_of("fgsm__d", "broken", message="ZeroDivisionError"),
    ]
    exercise = exercise_of("attacks", "fgsm", checks, misconception="sign", explanation="It forgets the sign.")
    text = str(export([result_of("ada", [exercise])], "gradescope"))
    tests = json.loads(text)["tests"]
    assert [each["visibility"] for each in tests] == ["visible", "visible", "after_published", "visible"]
    assert [each["status"] for each in tests] == ["passed", "failed", "failed", "failed"]
    assert tests[0]["output"] == ""
    assert tests[1]["output"].split("\n") == ["It forgets the sign.", "too far", "yours    3"]
    assert tests[2]["output"] == "it differs"
    assert "our fault" in tests[3]["output"]
    assert "secret" not in text
    assert "ZeroDivisionError" not in text


def test_gradescope_survives_what_submissions_say():
    """Also what is no text at all."""
    document = json.loads(str(export([mixed()], "gradescope")))
    assert "\ufffd\ufffd[31m <failed>" in document["tests"][1]["output"]


def test_one_result_is_one_file(tmp_path):
    """Where `out` names one, or there is none."""
    result = fake_result("ada", 1, units=1)
    for to, name in (("csv", "x.csv"), ("html", "x.html"), ("junit", "x.xml"), ("gradescope", "results.json")):
        path = tmp_path / to / name
        assert export([result], to, path) == [path]
        assert [each.name for each in path.parent.iterdir()] == [name]
        assert path.read_text() == export([result], to)
    assert "feedback" in (tmp_path / "html" / "x.html").read_text()


@pytest.mark.parametrize(
    ("to", "out", "said"),
    [
        ("junitt", None, "did you mean 'junit'"),
        ("pdf", None, ", ".join(FORMATS)),
        ("html", None, "--out"),
        ("gradescope", None, "--out"),
        ("html", "page.html", "wanted a folder"),
        ("gradescope", "results.json", "wanted a folder"),
        ("gradescope", "taken", "is a file"),
    ],
)
def test_what_does_not_fit_is_told(results, tmp_path, to, out, said):
    """In one sentence, before anything is written."""
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(ExportError, match=re.escape(said)) as caught:
        export(results, to, tmp_path / out if out else None)
    assert isinstance(caught.value, TensorlingsError)
    assert [each.name for each in tmp_path.iterdir()] == ["taken"]


def test_nothing_is_not_exported():
    """There is no file without results."""
    with pytest.raises(ExportError, match="no results"):
        export([], "csv")
