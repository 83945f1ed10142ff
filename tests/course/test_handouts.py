"""Handouts are short."""

from __future__ import annotations

import pytest

from tests.proof.course import course

WORDS = 1200


@pytest.mark.parametrize("unit", course().units, ids=lambda unit: unit.name)
def test_a_handout_has_at_most_1200_words(unit):
    """Counted as `wc -w` does, formulas, code and sources included."""
    words = len(unit.stub_path.with_name("README.md").read_text(encoding="utf-8").split())
    assert words <= WORDS, f"{unit.folder}/README.md has {words} words"
