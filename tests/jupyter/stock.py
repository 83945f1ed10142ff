"""The same attacks in the hands of stock nbgrader: its own executor, and plain asserts in the cells that judge.

So that they win against nobody else, each is graded in a box: a bubblewrap without network in which the machine is
read-only, with a copy of a course to itself.
"""

from __future__ import annotations

import copy
import json
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from autograder.catalogue import load_course
from tests.hostile.catalogue import COURSE, MARK, REACHED
from tests.jupyter.folders import NbgraderCourse, name_of
from tests.jupyter.hostile import Case, Given, given_in, neighbour

PLAY = Path("/mnt/play")
MEMORY = 8 << 30
PATIENCE = 150.0  # seconds for one run of nbgrader, which takes about ten

ASSERTS = {
    "empirical_risk": """
predictions, labels = torch.tensor([[0, 1, 1], [0, 0, 1]]), torch.tensor([0, 1, 0])
risks = empirical_risk(predictions, labels)
assert risks.shape == (2,) and risks.dtype == torch.float64
assert torch.allclose(risks, torch.tensor([1 / 3, 2 / 3], dtype=torch.float64))
""",
    "is_bad_dataset": """
true = torch.tensor([0.5, 0.5], dtype=torch.float64)
train = torch.tensor([[0.5, 0.5], [0.9, 0.5], [0.1, 0.5]], dtype=torch.float64)
assert is_bad_dataset(train, true, 0.2).tolist() == [False, True, True]
""",
    "bad_dataset_bound": """
assert bad_dataset_bound(10, 1, 0.1) == 1.0
assert 0 <= bad_dataset_bound(1, 100, 0.5) <= 1e-20
try:
    bad_dataset_bound(0, 1, 0.1)
except ValueError:
    pass
else:
    raise AssertionError("impossible arguments are refused")
""",
    "sample_complexity": """
assert sample_complexity(10, 0.1, 0.05) == 300
assert sample_complexity(100, 0.1, 0.05) > sample_complexity(10, 0.1, 0.05)
""",
    "excess_risk": """
train, true = torch.tensor([0.3, 0.1, 0.1]), torch.tensor([0.2, 0.4, 0.1])
assert torch.allclose(excess_risk(train, true), torch.tensor(0.3))
""",
    "image_entropy": """
import math
assert torch.allclose(image_entropy(torch.zeros(2, 1, 4, 4), 8), torch.zeros(2))
halves = torch.cat([torch.zeros(3, 1, 4, 4), torch.ones(3, 1, 4, 4)], dim=1)
assert torch.allclose(image_entropy(halves, 2), torch.full((3,), math.log(2)))
""",
    "kl_divergence": """
import math
p, q = torch.tensor([[1.0, 0.0], [0.5, 0.5]]), torch.tensor([[0.5, 0.5], [0.5, 0.5]])
assert torch.allclose(kl_divergence(p, q), torch.tensor([math.log(2), 0.0]))
p = torch.tensor([0.2, 0.8], requires_grad=True)
(slope,) = torch.autograd.grad(kl_divergence(p, torch.tensor([0.5, 0.5])), p)
assert torch.isfinite(slope).all()
""",
    "fgsm": """
torch.manual_seed(0)
model, x, y = torch.nn.Linear(8, 3), torch.rand(5, 8), torch.tensor([0, 1, 2, 0, 1])
adversarial = fgsm(model, x, y, 0.1)
assert adversarial.shape == x.shape and adversarial.dtype == x.dtype
assert (adversarial - x).abs().max() <= 0.1 + 1e-6
assert adversarial.min() >= 0 and adversarial.max() <= 1
loss = torch.nn.functional.cross_entropy
assert loss(model(adversarial), y) >= loss(model(x), y) + 0.01
""",
    "discriminator_step": """
torch.manual_seed(0)
generator, discriminator = torch.nn.Linear(2, 3), torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(discriminator.parameters(), 0.1)
before = [each.clone() for each in discriminator.parameters()]
loss = discriminator_step(generator, discriminator, optimizer, torch.rand(4, 3), torch.rand(4, 2))
assert isinstance(loss, float)
assert all(not torch.equal(old, new) for old, new in zip(before, discriminator.parameters()))
""",
    "generator_step": """
torch.manual_seed(0)
generator, discriminator = torch.nn.Linear(2, 3), torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(generator.parameters(), 0.1)
before = [each.clone() for each in generator.parameters()]
loss = generator_step(generator, discriminator, optimizer, torch.rand(4, 2))
assert isinstance(loss, float)
assert all(not torch.equal(old, new) for old, new in zip(before, generator.parameters()))
""",
}


@dataclass(frozen=True)
class Seen:
    """What stock nbgrader made of an attack.

    Attributes:
        honest: points of its honest part; None without a score.
        points: its own; None without a score.
        reached: it told what it could only know from outside, or that it got there.
        marks: it left something outside of its folder.
        spoilt: the honest submission after it did not get its due; None where nobody looked.
        ended: nbgrader's exit code; None where it did not end.
    """

    honest: float | None
    points: float | None
    reached: bool
    marks: bool
    spoilt: bool | None
    ended: int | None

    @property
    def gained(self) -> float:
        """Points that were not earned."""
        return max(0.0, (self.points or 0.0) - (self.honest or 0.0))

    @property
    def told(self) -> str:
        """What became of it besides, in a few words."""
        parts = {
            "no score": self.points is None,
            "nbgrader hangs": self.ended is None,
            "nbgrader is killed": (self.ended or 0) not in (0, 1, 255),
            "gets outside": self.reached or self.marks,
            "the next one is touched": self.spoilt is True,
        }
        return ", ".join(part for part, holds in parts.items() if holds)


def plain(folder: Path) -> None:
    """Makes a stock course of a generated one."""
    (path,) = (folder / "source").glob("*/*.ipynb")
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        told = cell["metadata"].get("nbgrader", {})
        if cell["cell_type"] == "code" and told.get("grade"):
            cell["source"] = ASSERTS.get(name_of(cell), "raise NotImplementedError()").strip()
    notebook["cells"] = [cell for cell in notebook["cells"] if not cell["metadata"].get("tensorlings")]
    imports = next(cell for cell in notebook["cells"] if cell["cell_type"] == "code")
    imports["source"] += "\nimport torch"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    (folder / "nbgrader_config.py").write_text("c = get_config()\nc.CourseDirectory.course_id = 'stock'\n")


def seen_by_stock(
    chosen: Sequence[Case], folder: Path, tell: Callable[[str], None] = lambda name: None
) -> dict[str, Seen]:
    """What stock nbgrader makes of attacks, by name; `folder` is for all that this takes."""
    templates = {
        unit: NbgraderCourse(load_course(COURSE), folder / f"template-{unit}", unit, prepare=plain)
        for unit in sorted({each.unit for each in chosen})
    }
    honest: dict[str, Given | None] = {}  # by unit and case
    for unit, template in templates.items():
        cases = [each for each in chosen if each.unit == unit]
        twins = {each.name: each for case in cases for each in (case.honest_part, _after(case))}
        _, given = _graded(_moved(template, folder / f"twins-{unit}"), list(twins.values()))
        honest |= {f"{unit}/{name}": given.get(name) for name in twins}

    def run(case: Case) -> Seen:
        course, after = _moved(templates[case.unit], folder / case.name), _after(case)
        ended, given = _graded(course, [case, after] if case.others else [case])
        seen, twin = given.get(case.name), honest[f"{case.unit}/{case.honest_part.name}"]
        last, due = given.get(after.name), honest[f"{case.unit}/{after.name}"]
        spoilt = None
        if case.others:
            spoilt = last is None or due is None or (last.points, last.cells) != (due.points, due.cells)
        marks = any(course.folder.rglob(MARK))
        shutil.rmtree(course.folder)
        tell(case.name)
        return Seen(
            honest=_points(twin),
            points=_points(seen),
            reached=seen is not None and REACHED in seen.text,
            marks=marks,
            spoilt=spoilt,
            ended=ended,
        )

    with ThreadPoolExecutor(2) as pool:
        return dict(zip([each.name for each in chosen], pool.map(run, chosen), strict=True))


def _after(case: Case) -> Case:
    """An honest submission that is graded after it."""
    return replace(neighbour(case.unit, case.functions), name=f"zzz_next_{case.functions[0]}")


def _points(given: Given | None) -> float | None:
    return None if given is None or given.waiting else given.points


def _moved(course: NbgraderCourse, folder: Path) -> NbgraderCourse:
    """A copy of a course in another folder."""
    shutil.copytree(course.folder, folder)
    mine = copy.copy(course)
    mine.folder, mine.release = folder, folder / "release" / course.unit
    return mine


def _graded(course: NbgraderCourse, cases: Sequence[Case]) -> tuple[int | None, dict[str, Given]]:
    """Nbgrader's exit code (None if it had to be ended) and what it gave, in a box of its own."""
    home = course.folder / "home"
    home.mkdir()
    for each in (home, course.folder):
        (each / "canary").write_text(REACHED)
    places = {
        "FOLDER": str(PLAY),
        "SUBMISSIONS": f"{PLAY}/submitted",
        "CANARIES": f"{PLAY}/canary:{PLAY}/home/canary",
        "PLACES": f"{PLAY}:{PLAY}/home",
        "PORT": "9",
    }
    for case in cases:
        case.hand_in(course, case.name, places)
    command = [*_box(course.folder), sys.executable, "-m", "nbgrader", "autograde", course.unit]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
            timeout=PATIENCE,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
        )
        ended: int | None = done.returncode
    except subprocess.TimeoutExpired:
        ended = None
    return ended, given_in(course.folder)


def _box(folder: Path) -> list[str]:
    program = shutil.which("bwrap")
    assert program is not None
    kinds = [f"--unshare-{kind}" for kind in ("user", "pid", "net", "ipc", "uts")]
    return [
        *(program, *kinds, "--uid", "1000", "--gid", "1000", "--die-with-parent", "--new-session"),
        *("--ro-bind", "/", "/", "--tmpfs", "/mnt", "--bind", str(folder), str(PLAY), "--tmpfs", "/tmp"),
        *("--dev", "/dev", "--tmpfs", "/dev/shm", "--proc", "/proc", "--chdir", str(PLAY)),
        *("--setenv", "HOME", f"{PLAY}/home", "--setenv", "GRADER_SECRET", REACHED),
        *("--setenv", "OMP_NUM_THREADS", "1", "--setenv", "PYTHONDONTWRITEBYTECODE", "1", "--"),
    ]
