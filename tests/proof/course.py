"""What the proofs share: the course, its right answers, and two processes that say how far they are."""

from __future__ import annotations

import functools
import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from rich.progress import track

from autograder.catalogue import Course, Unit, load_course
from autograder.implementation import Implementation, load_implementation
from autograder.wheats import Wheat, wheats_in, wheats_of

ROOT = Path(__file__).parent.parent.parent
Job = TypeVar("Job")
Result = TypeVar("Result")


@functools.cache
def course() -> Course:
    """The course in this repository."""
    return load_course(ROOT)


def third_party_wheats(unit: Unit) -> list[Wheat]:
    """Answers that public libraries give, through thin adapters."""
    path = ROOT / "tests" / "third_party" / f"{unit.name}.py"
    return wheats_in(path) if path.is_file() else []


def right_answers(unit: Unit, exercise: str) -> Iterator[tuple[str, Implementation]]:
    """The reference and every wheat of one exercise, by name."""
    assert unit.reference_path is not None
    yield "reference", load_implementation(unit.reference_path)
    for each in [*wheats_of(unit, exercise), *third_party_wheats(unit)]:
        if each.exercise == exercise:
            yield each.name, Implementation({exercise: each.function})


def side_by_side(
    work: Callable[[Job], Result], jobs: Iterable[Job], title: str, *, processes: int | None = None
) -> Iterator[Result]:
    """Results of `work` on `jobs`, in order, from as many processes as there are cores for us, with a progress bar."""
    waiting = list(jobs)
    ours = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    count = processes or ours or 1
    with multiprocessing.get_context("spawn").Pool(count, initializer=_one_thread) as pool:
        yield from track(pool.imap(work, waiting), title, total=len(waiting))


def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)
