"""The summary under `pytest exercises`: broken promises in plain words, one table, and what is next."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

MARKS = {"passed": ("✓", "green"), "failed": ("✗", "red"), "not_started": ("·", "light")}
FAULTS = ("broken", "crashed", "timeout", "failed")
SHOWN_IN_FULL = 2

Judged = Mapping[str, Any]


def write_summary(terminal: Any, judged: Iterable[Judged], *, verbose: bool, own_work: bool) -> None:
    """Writes the whole summary to pytest's terminal reporter.

    Args:
        terminal: pytest's terminal reporter.
        judged: what the plugin noted of every check.
        verbose: explain every broken promise in full, not only the first ones of an exercise.
        own_work: whether a student's own files were judged, so that the progress is worth keeping and hints are due.
    """
    everything = sorted(judged, key=lambda each: each["order"])
    exercises = [list(group) for _, group in itertools.groupby(everything, key=lambda each: each["exercise"])]
    broken = [group for group in exercises if _state(group) in FAULTS]
    if broken:
        terminal.section("broken promises", sep="-")
        for group in broken:
            _explain(terminal, group, verbose=verbose, own_work=own_work)
    terminal.section("the course", sep="-")
    _table(terminal, exercises)
    if own_work:
        _next_step(terminal, exercises)
        _remember(everything)


def _explain(terminal: Any, group: list[Judged], *, verbose: bool, own_work: bool) -> None:
    first = group[0]
    terminal.write_line("")
    terminal.write(first["exercise"], bold=True, red=True)
    terminal.write_line(f"   {_relative(first['file'])}")
    misconception = next((each["misconception"] for each in group if each["misconception"]), None)
    if misconception:
        terminal.write_line("")
        terminal.write_line(_wrapped(misconception[1], "  ! "), yellow=True)
    faults = [each for each in group if each["outcome"] not in ("passed", "not_started")]
    told: set[str] = set()
    for index, each in enumerate(faults):
        terminal.write_line("")
        terminal.write_line(_wrapped(each["sentence"], "  ✗ "))
        if each["message"] in told:
            terminal.write_line("      (as above)")
            continue
        told.add(each["message"])
        terminal.write_line(_wrapped(_message(each), "      "))
        if verbose or index < SHOWN_IN_FULL:
            _counterexample(terminal, each)
    if own_work and any(each["outcome"] == "failed" for each in faults):
        terminal.write_line("")
        terminal.write_line(f"      a hint: autograder hint {first['exercise']}")


def _message(each: Judged) -> str:
    if each["outcome"] == "broken":
        return f"This is our fault, not yours; please report it. The check itself failed: {each['message']}"
    return str(each["message"])


def _counterexample(terminal: Any, each: Judged) -> None:
    rows = [
        ("yours", each["yours"]),
        ("wanted", each["wanted"]),
        ("the call", each["counterexample"]),
        ("gave", each.get("returned", "")),
    ]
    for name, text in rows:
        if text:
            terminal.write_line(_wrapped(text, f"      {name:<9}", hanging=15))


def _table(terminal: Any, exercises: list[list[Judged]]) -> None:
    for unit, groups in itertools.groupby(exercises, key=lambda group: group[0]["unit"]):
        in_unit = list(groups)
        everything = [each for group in in_unit for each in group]
        number, _, name = unit.partition("_")
        terminal.write_line("")
        terminal.write(f"{number} {name.replace('_', ' '):<44}", bold=True)
        terminal.write_line(_points(everything), bold=True)
        for group in in_unit:
            state = _state(group)
            mark, colour = MARKS.get(state, ("✗", "red"))
            terminal.write(f"   {mark} ", **{colour: True})
            terminal.write_line(f"{group[0]['exercise']:<41}{_points(group)}   {_words(state, group)}".rstrip())


def _next_step(terminal: Any, exercises: list[list[Judged]]) -> None:
    terminal.write_line("")
    unsolved = [group for group in exercises if _state(group) != "passed"]
    if not unsolved:
        terminal.write_line("All promises kept. `autograder` shows what is left in the course.", green=True)
        return
    begun = [group for group in unsolved if _state(group) != "not_started"]
    group = (begun or unsolved)[0]
    name, file = group[0]["exercise"], _relative(group[0]["file"])
    terminal.write_line(f"Next: {name} in {file}")
    terminal.write_line(f"      read {Path(file).parent / 'README.md'}, then: pytest exercises -k {name}")


def _remember(everything: list[Judged]) -> None:
    from autograder.progress import record_verdicts

    record_verdicts(Path(everything[0]["root"]), everything)


def _state(group: list[Judged]) -> str:
    outcomes = {each["outcome"] for each in group}
    for outcome in FAULTS:
        if outcome in outcomes:
            return outcome
    return "passed" if outcomes == {"passed"} else "not_started"


def _words(state: str, group: list[Judged]) -> str:
    if state == "failed":
        wrong = sum(each["outcome"] != "passed" for each in group)
        return f"{wrong} of {len(group)} promises broken"
    return {
        "passed": "",
        "not_started": "not started",
        "timeout": "does not end",
        "crashed": "ends the whole process",
        "broken": "our check is at fault",
    }[state]


def _points(group: list[Judged]) -> str:
    earned = sum(each["points"] for each in group if each["outcome"] == "passed")
    return f"{earned:5g} / {sum(each['points'] for each in group):g}"


def _relative(file: str) -> str:
    try:
        return str(Path(file).relative_to(Path.cwd()))
    except ValueError:
        return file


def _wrapped(text: str, lead: str, *, hanging: int | None = None, width: int = 100) -> str:
    import textwrap

    indent = " " * (len(lead) if hanging is None else hanging)
    return textwrap.fill(text, width, initial_indent=lead, subsequent_indent=indent, break_on_hyphens=False)
