"""Pages that open offline: templates, and what keeps a submission's strings from being anything but text."""

from __future__ import annotations

import base64
import functools
import hashlib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from autograder import plotting
from autograder.grading.results import Result, ResultError
from autograder.grading.texts import count, in_words, legible, number, share

TEMPLATES = Path(__file__).with_name("templates")
_JOINT = re.compile(r"([_.\-])(?=\w)")
_CODE = re.compile(r"`([^`\n]+)`")
_STRESSED = re.compile(r"(?<![\w*])\*(?=\w)([^*\n]+)(?<=\w)\*(?![\w*])")


def render(template: str, **values: Any) -> str:
    """A page made from a template; every value is escaped."""
    return environment().get_template(template).render(**values)


@functools.cache
def environment() -> Environment:
    """The templates with the filters that they use."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    made.filters |= {
        "number": number,
        "prose": prose,
        "in_words": in_words,
        "breakable": breakable,
        "percent": percent,
        "page": page_link,
    }
    made.globals |= {"share": share, "count": count, "colours": vars(plotting)}
    return made


@functools.cache
def script() -> tuple[Markup, str]:
    """The one script there is, and the digest by which the page allows it and no other."""
    source = (TEMPLATES / "sort.js.j2").read_text(encoding="utf-8")
    return Markup(source), base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()


def prose(text: str) -> Markup:
    """Text in which `names in backticks` are code, and *words between stars* are stressed."""
    stressed = _STRESSED.sub(r"<em>\1</em>", str(escape(legible(text))))
    return Markup(_CODE.sub(r"<code>\1</code>", stressed))


def breakable(text: str) -> Markup:
    """A name that may be broken after its joints, and only there if that is enough."""
    return Markup(_JOINT.sub(r"\1<wbr>", str(escape(legible(text)))))


def percent(part: float) -> str:
    """0.5 as `50 %`; neither nothing nor all is claimed by rounding."""
    whole = round(100 * part)
    if (whole == 0 and part > 0) or (whole == 100 and part < 1):
        return "< 1 %" if whole == 0 else "> 99 %"
    return f"{whole} %"


def by_name(results: Iterable[Result]) -> dict[str, Result]:
    """Results by the names of their submissions, each of which can be the name of a file of its own.

    Raises:
        ResultError: if two results have one name, or one has a name that no file can have.
    """
    found: dict[str, Result] = {}
    for result in results:
        name = result.submission
        if name in ("", ".", "..") or "/" in name or "\0" in name:
            raise ResultError(f"{name!r} is no name for a submission, since no file can be called that")
        if name in found:
            raise ResultError(f"two results bear the name {name!r}; each submission wants a name of its own")
        found[name] = result
    return found


def page_path(result: Result) -> str:
    """Where a submission's feedback page is, seen from the report."""
    return f"feedback/{result.submission}.html"


def page_link(result: Result) -> str:
    """The same as a link."""
    return quote(page_path(result).encode("utf-8", "surrogateescape"))


def _shown(value: Any) -> Any:
    return value if isinstance(value, Markup) else legible(str(value))
