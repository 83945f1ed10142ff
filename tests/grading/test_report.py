"""The class report, the table of grades and the students' pages."""

from __future__ import annotations

import base64
import csv
import hashlib
import re
from html.parser import HTMLParser
from urllib.parse import unquote

import msgspec
import pytest

from autograder.grading.feedback import feedback_page
from autograder.grading.pages import percent, prose
from autograder.grading.report import grades, report_page, write_grades, write_reports
from autograder.grading.results import Result, ResultError
from autograder.grading.summary import Summary
from autograder.grading.texts import explained, in_words, legible, number, shortened
from tests.grading.fakes import check_of, exercise_of, fake_class, fake_result, result_of

NOT_WRITTEN = "not written yet"
VOID = {"meta", "img", "br", "hr", "link", "input", "wbr"}
HOSTILE = "</script></style><script>alert(1)</script><img src=x onerror=alert(2)>\"' {{ 7 * 7 }} {% raw %} ]]> &lt;"
TRACEBACK = 'Traceback (most recent call last):\n  File "/tmp/attacks.py", line 3, in fgsm\nValueError: no such thing'


class Page(HTMLParser):
    """What a browser would make of a page; fails where elements do not nest."""

    def __init__(self, page: str):
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.scripts: list[str] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)
        if tag in ("dd", "dt", "td", "th"):
            self.text += " "
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if self._open[-1:] == ["script"]:
            self.scripts[-1] += data
        elif self._open[-1:] != ["style"]:
            self.text += data

    @property
    def words(self) -> str:
        """The text with single spaces."""
        return " ".join(self.text.split())

    @property
    def links(self) -> list[str]:
        """Where links lead."""
        return [attrs["href"] or "" for tag, attrs in self.tags if tag == "a"]


def assert_harmless(page: str, *, scripts: int) -> Page:
    """Fails if a page could run or load anything but our own script."""
    seen = Page(page)
    assert len(seen.scripts) == scripts
    for script in seen.scripts:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"script-src 'sha256-{digest}'" in page
    for tag, attrs in seen.tags:
        assert tag not in ("img", "iframe", "object", "embed", "link", "base", "form", "svg")
        assert not [name for name in attrs if name.startswith("on") or name in ("src", "srcset", "srcdoc", "action")]
    assert all(link.startswith(("#", "feedback/", "grades.csv")) for link in seen.links)
    return seen


def small_class() -> list[Result]:
    """Four who can be told apart by hand, of whom one cannot be read."""

    def answers(name: str, near: str, far: str, *, mistake: str | None = None, **others: object) -> Result:
        fgsm = exercise_of(
            "attacks",
            "fgsm",
            [
                check_of("fgsm__near", near, title="It stays near."),
                check_of("fgsm__far", far, points=3.0, visible=False),
            ],
            misconception=mistake,
            explanation="It adds ε times the raw `slope`." if mistake else "",
        )
        adain = exercise_of("latent_codes", "adain", [check_of("adain__mean", "not_started")])
        return result_of(name, [fgsm, adain], **others)

    return [
        answers("ada", "passed", "passed"),
        answers("bo", "failed", "passed", mistake="forgets_the_sign"),
        answers("cy", "failed", "broken", mistake="forgets_the_sign"),
        answers("dee", "not_started", "not_started", problem="dee.zip climbs out of its folder"),
    ]


@pytest.fixture(scope="module")
def whole_class() -> list[Result]:
    return fake_class(16)


def test_real_pages_are_self_contained(whole_class):
    """Nothing is fetched from anywhere, and every element is closed."""
    pages = [(report_page(whole_class), 1), *((feedback_page(each), 0) for each in whole_class[:8])]
    for page, scripts in pages:
        assert_harmless(page, scripts=scripts)
        assert not re.search(r"https?://|url\(|@import", page)
        assert "viewport" in page
        assert "prefers-color-scheme: dark" in page


@pytest.mark.parametrize(
    "name", [HOSTILE.replace("/", "\\"), "a b#c?d%25&e", "javascript:alert(1)", "\u202egpj.exe", "x" * 240]
)
def test_hostile_text_stays_text(name):
    """In every place that a submission can reach."""
    checks = [
        check_of("fgsm__a", "failed", message=HOSTILE, counterexample=f"the call {HOSTILE}\nyours {HOSTILE}"),
        check_of("fgsm__b", "broken", message=HOSTILE),
    ]
    exercise = exercise_of("attacks", "fgsm", checks, misconception="mistake", explanation=HOSTILE)
    result = result_of(name, [exercise], versions={"python": HOSTILE}, device=HOSTILE, isolation=HOSTILE)
    unread = msgspec.structs.replace(result, submission="other", problem=HOSTILE)
    report = assert_harmless(report_page([result, unread]), scripts=1)
    page = assert_harmless(feedback_page(result), scripts=0)
    assert_harmless(feedback_page(unread), scripts=0)
    assert HOSTILE in page.text
    assert HOSTILE in report.text
    assert legible(name) in page.text
    assert "\u202e" not in page.text + report.text


def test_links_lead_to_the_pages_that_are_written(tmp_path):
    """Whatever the names are."""
    names = ["a b#c?d%25&e", "zoë", "-1", "'quoted'"]
    write_reports([fake_result(name, 1, units=1) for name in names], tmp_path)
    links = {link for link in Page((tmp_path / "report.html").read_text()).links if link.startswith("feedback/")}
    assert len(links) == len(names)
    assert {tmp_path / unquote(link) for link in links} == set((tmp_path / "feedback").iterdir())


def test_reports_are_written_and_older_pages_stay(tmp_path):
    """A page of somebody who is not there any more is left alone; the others are made anew."""
    old = tmp_path / "feedback" / "gone.html"
    old.parent.mkdir()
    old.write_text("old")
    (old.parent / "ada.html").write_text("old")
    write_reports(small_class(), tmp_path)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["feedback", "grades.csv", "report.html"]
    assert old.read_text() == "old"
    assert "<html" in (old.parent / "ada.html").read_text()


@pytest.mark.parametrize("names", [("..",), ("a/b",), ("",), ("ada", "ada")])
def test_names_that_are_no_files_are_refused(tmp_path, names):
    """Before anything is written."""
    with pytest.raises(ResultError, match="name"):
        write_reports([result_of(name, []) for name in names], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_grades_are_a_table(tmp_path):
    """Points are plain numbers; a problem is told."""
    write_grades(small_class(), tmp_path / "grades.csv")
    with (tmp_path / "grades.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    columns = ["submission", "score", "max_score", "percent", "attacks/fgsm", "latent_codes/adain", "problem"]
    assert list(rows[0]) == columns
    assert [list(row.values()) for row in rows] == [
        ["ada", "4", "5", "80", "4", "0", ""],
        ["bo", "3", "5", "60", "3", "0", ""],
        ["cy", "0", "5", "0", "0", "0", ""],
        ["dee", "0", "5", "0", "0", "0", "dee.zip climbs out of its folder"],
    ]


def test_grades_survive_a_spreadsheet():
    """Nothing becomes a formula, and quotes, commas and lines stay in their cell."""
    names = ["=1+1", "+49", "-x", "@SUM(A1)", " =1", "\t=1", 'a "b", c\nd', "plain"]
    rows = list(csv.reader(grades([result_of(name, [], problem="=evil") for name in names]).splitlines(keepends=True)))
    found = {row[0] for row in rows[1:]}
    assert found == {"'=1+1", "'+49", "'-x", "'@SUM(A1)", "' =1", "'\t=1", 'a "b", c\nd', "plain"}
    assert {row[-1] for row in rows[1:]} == {"'=evil"}


def test_grades_of_different_units_share_a_table():
    """A cell is empty where nothing was asked, and so is the share of no points."""
    first = result_of("a", [exercise_of("gan", "gan_value", [check_of("gan_value__x", points=0.25)])])
    second = result_of("b", [exercise_of("attacks", "fgsm", [check_of("fgsm__x", points=0.0)])])
    rows = list(csv.reader(grades([second, first]).splitlines()))
    assert rows[0][4:-1] == ["gan/gan_value", "attacks/fgsm"]
    assert rows[1:] == [["a", "0.25", "0.25", "100", "0.25", "", ""], ["b", "0", "0", "", "", "0", ""]]


def test_the_class_is_counted_rightly():
    """By hand; who could not be read, and what our own fault kept from being judged, count in no share."""
    summary = Summary(small_class())
    fgsm, adain = summary.exercises.values()
    assert fgsm.counts == {"passed": 1, "partial": 1, "broken": 1}
    assert (fgsm.tried, fgsm.mean, fgsm.mean_score) == (2, 0.875, 3.5)
    assert summary.hardest() == [fgsm]
    assert summary.untouched() == [adain]
    assert [(each.title, each.kept, each.tried) for each in summary.broken_promises()] == [("It stays near.", 1, 3)]
    assert [(each.name, [who.submission for who in each.who]) for each in summary.misconceptions()] == [
        ("forgets_the_sign", ["bo", "cy"])
    ]
    assert summary.histogram() == [1, 0, 0, 0, 0, 0, 1, 0, 1, 0]


def test_the_report_tells_what_matters():
    """Alarms with names and reasons, then the class."""
    words = Page(report_page(small_class())).words
    assert "A check of ours is at fault: attacks/fgsm__far" in words
    assert "1 submission could not be read" in words
    assert "dee dee.zip climbs out of its folder" in words
    assert "Forgets the sign in fgsm It adds ε times the raw slope. bo, cy" in words
    assert "33 % It stays near. fgsm, kept by 1 of 3" in words
    assert "without isolation" not in words
    assert words.index("at fault") < words.index("Where the class struggles")


def test_alarms_are_raised_for_what_cannot_be_compared():
    """No isolation, another course, other versions, other units; and silence where all is well."""
    good = small_class()[0]
    assert Summary([good, msgspec.structs.replace(good, submission="b")]).alarms() == []
    other = msgspec.structs.replace(
        good, submission="b", isolation="none", course="sha256:2", versions={}, exercises=()
    )
    alarms = Summary([good, other]).alarms()
    assert [each.title for each in alarms] == [
        "1 submission was judged without isolation",
        "Not all submissions were judged alike",
    ]
    assert all(words in alarms[1].sentence for words in ("states of the course", "versions", "sets of units"))


@pytest.mark.parametrize(
    "results",
    [
        [],
        [result_of("a", [])],
        [result_of("a", [], problem="unreadable")],
        [
            result_of(
                "a", [exercise_of("gan", "f", [check_of("f__x", points=0.0), check_of("f__y", "failed", points=0.0)])]
            )
        ],
        [result_of("a", [exercise_of("gan", "f", [])])],
        [result_of("a", [exercise_of("gan", "f", [check_of("f__x", "broken")])])],
    ],
    ids=["none", "empty", "unreadable", "no points", "no checks", "broken"],
)
def test_nothing_much_is_told_too(results):
    """No division by zero, no empty mean."""
    assert_harmless(report_page(results), scripts=1)
    for each in results:
        assert_harmless(feedback_page(each), scripts=0)


def test_a_great_class_is_one_page():
    """300 submissions, 60 exercises: every cell is there, and the page opens on a laptop."""
    exercises = [
        exercise_of(
            f"unit_{i // 6}", f"exercise_{i}", [check_of(f"exercise_{i}__a"), check_of(f"exercise_{i}__b", "failed")]
        )
        for i in range(60)
    ]
    page = report_page([result_of(f"student {i:03}", exercises) for i in range(300)])
    assert len(page) < 1_500_000
    assert page.count('<td class="s5">') == 300 * 60


def test_feedback_says_why():
    """The known mistake first, then what is broken with its example, then what is kept; points make the sum."""
    checks = [
        check_of("fgsm__box", title="It stays in the box."),
        check_of(
            "fgsm__ball",
            "failed",
            message="0.3 is more than `eps`",
            counterexample="the call fgsm(x=[1])\nyours [2]\n[3]",
        ),
        check_of(
            "fgsm__law",
            "failed",
            visible=False,
            message="it differs by 0.25",
            counterexample="yours secret",
            points=2.0,
        ),
        check_of("fgsm__again", "failed", message="it differs by 0.25"),
    ]
    exercise = exercise_of("attacks", "fgsm", checks, misconception="forgets", explanation="It forgets the sign.")
    page = feedback_page(result_of("ada", [exercise]))
    words = Page(page).words
    assert "1 of 5 points" in words
    assert (
        words.index("It forgets the sign.") < words.index("0.3 is more than eps") < words.index("It stays in the box.")
    )
    assert "the call fgsm(x=[1]) yours [2] [3]".replace(" ", "") in words.replace(" ", "")
    assert "It keeps fgsm__law. checked in grading only" in words
    assert words.count("it differs by 0.25") == 1
    assert "As above." in words
    assert "secret" not in page
    assert "<code>eps</code>" in page


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        ("timeout", "did not end in time"),
        ("crashed", "ended the whole process"),
        ("broken", "This is our fault, not yours"),
        ("failed", "ValueError: no such thing"),
    ],
)
def test_feedback_is_in_plain_words(outcome, said):
    """And never a traceback; what a broken check says of itself is for the instructor alone."""
    result = result_of("ada", [exercise_of("attacks", "fgsm", [check_of("fgsm__a", outcome, message=TRACEBACK)])])
    words = Page(feedback_page(result)).words
    assert said in words
    assert "Traceback" not in words
    assert "line 3" not in words
    assert ("no such thing" in words) == (outcome != "broken")
    assert ("no such thing" in Page(report_page([result])).words) == (outcome == "broken")


def test_feedback_says_that_nothing_was_judged():
    """At the top, before the points."""
    words = Page(feedback_page(small_class()[-1])).words
    assert words.index("could not be judged. dee.zip climbs out") < words.index("0 of 5 points")


def test_what_is_not_started_is_short():
    """A unit that nobody began is one folded line; an exercise within a begun unit too."""
    page = feedback_page(small_class()[0])
    assert page.count("<details") == 2
    assert "open>" not in page
    assert "1 exercise, not started" in Page(page).words


def test_words_and_numbers():
    """The small things that pages are made of."""
    assert [number(each) for each in (0, -0.0, 2.0, 2.5, 1 / 3, 12345.678)] == [
        "0",
        "0",
        "2",
        "2.5",
        "0.33",
        "12345.68",
    ]
    assert [percent(each) for each in (0, 0.001, 0.5, 0.999, 1)] == ["0 %", "< 1 %", "50 %", "> 99 %", "100 %"]
    assert [in_words(each) for each in ("cycle_gan", "js_divergence", "")] == ["Cycle GAN", "JS divergence", ""]
    assert legible("a\x00\x1b[1m\ud800\r\nb\tc") == "a\ufffd\ufffd[1m\ufffd\nb\tc"
    assert shortened("it fell: " + TRACEBACK) == "it fell:\nValueError: no such thing"
    assert len(shortened("x" * 10**6)) < 5000
    assert explained(check_of("f__a", "failed")) == "The promise is broken."


def test_one_reason_for_all_is_told_once():
    """A function that is no Python keeps no promise; its page says so once, whatever the judge wrote beside it."""
    sentence = "double did not return within 1 s"
    checks = [check_of(f"double__{name}", "timeout", message=sentence) for name in "ab"]
    checks.append(check_of("double__c", "timeout", message=f"not tried again: {sentence}"))
    words = Page(feedback_page(result_of("ada", [exercise_of("doubles", "double", checks)]))).words
    assert words.count(sentence) == 1
    assert words.count("did not end in time") == 1
    assert "not tried again" not in words
    assert "As above" not in words


def test_as_above_means_the_line_above():
    """Where another reason stands between, a reason is told again."""
    checks = [check_of(f"double__{number}", "failed", message=text) for number, text in enumerate(("nan", "2", "nan"))]
    words = Page(feedback_page(result_of("ada", [exercise_of("doubles", "double", checks)]))).words
    assert words.count("nan") == 2
    assert "As above" not in words


def test_files_that_were_not_judged_are_an_alarm():
    """A file that is there twice, and a submission without any: both are told to the instructor, the first to both."""
    twice = [check_of("double__a", "not_started", message="doubles.py is there twice")]
    absent, stub = [check_of("double__a", "not_started")], [check_of("double__a", "not_started", message=NOT_WRITTEN)]
    results = [
        result_of(name, [exercise_of("doubles", "double", checks)])
        for name, checks in (("ada", twice), ("ben", absent), ("eva", stub))
    ]
    alarms = {alarm.title: alarm for alarm in Summary(results).alarms()}
    assert list(alarms) == ["1 file was not judged", "1 submission holds no file of these units"]
    assert alarms["1 file was not judged"].details == [("ada, Doubles", "doubles.py is there twice")]
    assert [each.submission for each in alarms["1 submission holds no file of these units"].who] == ["ben"]
    assert "This unit was not judged. doubles.py is there twice" in Page(feedback_page(results[0])).words
    assert "was not judged" not in Page(feedback_page(results[2])).words


def test_agreement_with_the_reference_is_no_news():
    """Any mistake breaks it, so it is not among the promises that tell where the class struggles."""
    checks = [
        check_of("double__agrees_with_the_reference", "failed"),
        check_of("double__a", "failed", title="It doubles."),
    ]
    missed = Summary([result_of("ada", [exercise_of("doubles", "double", checks)])]).broken_promises()
    assert [each.title for each in missed] == ["It doubles."]


def test_stressed_words():
    """Stars around words stress them; a product stays one."""
    assert prose("what the *choice* may cost") == "what the <em>choice</em> may cost"
    assert prose("2 * x * y, x*y*z, **kwargs") == "2 * x * y, x*y*z, **kwargs"
