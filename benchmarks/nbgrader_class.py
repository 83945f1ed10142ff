"""A class graded by `nbgrader autograde`: our executor beside nbgrader's own, or a large class killed and resumed.

    python benchmarks/nbgrader_class.py                  # 24 submissions, both; seconds per submission
    python benchmarks/nbgrader_class.py --large 300      # ours only: killed once, resumed, with the memory it took

Both grade the same answers to the unit `attacks`. For nbgrader's own executor the cells that judge hold a few plain
asserts for each function, as such courses have them.
"""

from __future__ import annotations

import argparse
import ast
import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UNIT = "attacks"
ROLES = {0: "nbgrader", 1: "the judge", 2: "bubblewrap"}
SETUP = """import torch
torch.manual_seed(0)
model, x, y = torch.nn.Linear(8, 3), torch.rand(5, 8), torch.tensor([0, 1, 2, 0, 1])
loss = torch.nn.functional.cross_entropy
"""
ASSERTS = {
    "project_linf": "out = project_linf(x + 1, x, 0.1)\nassert (out - x).abs().max() <= 0.1 + 1e-6 and out.max() <= 1",
    "project_l2": "out = project_l2(torch.ones(2, 9), 0.5)\nassert torch.allclose(out.norm(dim=1), torch.tensor(0.5))",
    "fgsm": "out = fgsm(model, x, y, 0.1)\nassert out.min() >= 0 and loss(model(out), y) > loss(model(x), y)",
    "pgd": "out = pgd(model, x, y, 0.1, 0.02, 10)\nassert (out - x).abs().max() <= 0.1 + 1e-6\n"
    "assert loss(model(out), y) > loss(model(x), y)",
    "ensemble_logits": "assert torch.allclose(ensemble_logits([model, model], x), model(x))",
    "distillation_loss": "assert distillation_loss(model(x), model(x), 2.0).abs() < 1e-6",
    "attack_success_rate": "assert attack_success_rate(y, y, (y + 1) % 3) == 1.0",
}


def main() -> int:
    """Prints what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=24)
    parser.add_argument("--large", type=int, default=0, help="a class of so many, killed once and resumed")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        course = NbgraderCourse(load_course(ROOT), folder / "ours", UNIT)
        answers = [_answers(number) for number in range(options.large or options.count)]
        for number, each in enumerate(answers):
            course.hand_in(f"student_{number:03d}", course.solved(each))
        if options.large:
            return _large(course, options.large)
        ours = _seconds(course.folder)
        theirs = _seconds(_stock(course, folder / "stock"))
    print(
        f"ours, all checks in the sandbox: {ours / options.count:.2f} s a submission ({options.count} in {ours:.1f} s)"
    )
    print(f"stock, plain asserts in a kernel: {theirs / options.count:.2f} s a submission ({theirs:.1f} s)")
    print(f"ours takes {ours / theirs:.2f} times as long")
    return 0


def _answers(number: int) -> dict[str, str]:
    """Answers to replace the references': none, or one known mistake in a quarter of the class."""
    if number % 4 != 3:
        return {}
    unit, _ = load_course(ROOT).find(UNIT)
    exercise = unit.exercises[number % len(unit.exercises)].name
    chaffs = chaffs_of(unit, exercise)
    assert unit.chaffs_path is not None
    source = unit.chaffs_path.read_text(encoding="utf-8")
    body = [node for node in ast.parse(source).body if "autograder" not in ast.unparse(node).partition("\n")[0]]
    wanted = chaffs[number % len(chaffs)].name
    for node in body:
        if isinstance(node, ast.FunctionDef):
            node.decorator_list = [each for each in node.decorator_list if "chaff" not in ast.unparse(each)]
            if node.name == wanted:
                node.name = exercise
    others = {each.name for each in unit.exercises} - {exercise}
    kept = [node for node in body if not (isinstance(node, ast.FunctionDef) and node.name in others)]
    return {exercise: re.sub(r"from __future__ import annotations\n", "", ast.unparse(ast.Module(kept, [])))}


def _stock(course: NbgraderCourse, folder: Path) -> Path:
    """The same answers with plain asserts in the cells that judge, for nbgrader's own executor."""
    shutil.copytree(course.folder / "source", folder / "source")
    (folder / "nbgrader_config.py").write_text('c = get_config()\nc.CourseDirectory.course_id = "stock"\n')
    path = folder / "source" / UNIT / f"{UNIT}.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if name_of(cell) in ASSERTS:
            cell["source"] = SETUP + ASSERTS[name_of(cell)]
    notebook["cells"] = [cell for cell in notebook["cells"] if cell["id"] != "figure"]
    path.write_text(json.dumps(notebook), encoding="utf-8")
    _nbgrader(folder, "generate_assignment", "--create", "--force", UNIT)
    released = json.loads((folder / "release" / UNIT / f"{UNIT}.ipynb").read_text(encoding="utf-8"))
    for submitted in sorted((course.folder / "submitted").glob("*")):
        theirs = json.loads((submitted / UNIT / f"{UNIT}.ipynb").read_text(encoding="utf-8"))
        given = {name_of(cell): cell["source"] for cell in theirs["cells"] if name_of(cell).endswith(ANSWER)}
        for cell in released["cells"]:
            cell["source"] = given.get(name_of(cell), cell["source"])
        target = folder / "submitted" / submitted.name / UNIT
        target.mkdir(parents=True)
        (target / f"{UNIT}.ipynb").write_text(json.dumps(released), encoding="utf-8")
    return folder


def _seconds(folder: Path) -> float:
    started = time.perf_counter()
    _nbgrader(folder, "autograde", UNIT)
    return time.perf_counter() - started


def _nbgrader(folder: Path, *arguments: str) -> None:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    command = [sys.executable, "-m", "nbgrader", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise SystemExit(
            f"nbgrader {' '.join(arguments)} ended with {done.returncode}:\n{(done.stdout + done.stderr)[-3000:]}"
        )


def _large(course: NbgraderCourse, count: int) -> int:
    command = [sys.executable, "-m", "nbgrader", "autograde", UNIT]
    killed = subprocess.Popen(command, cwd=course.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    grades = course.folder / "grades" / UNIT
    while len(list(grades.glob("*.json"))) < count // 3:
        time.sleep(0.2)
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    done = len(list(grades.glob("*.json")))
    print(f"killed when {done} of {count} were judged", flush=True)
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=course.folder, stderr=subprocess.PIPE, text=True)
    memory = Memory(process.pid, ROLES, "inside")
    memory.start()
    assert process.stderr is not None
    for line in process.stderr:
        if re.search(r"\d+ of \d+: ", line) and re.search(r"[05]0 of ", line):
            print(line.rstrip(), flush=True)
    ended = process.wait()
    print(f"the rest in {time.perf_counter() - started:.0f} s, exit {ended}")
    memory.tell()
    course.run("export", "--to", "grades.csv")
    with open(course.folder / "grades.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    scores = [float(row["score"]) for row in rows]
    full = scores.count(max(scores))
    print(f"{len(rows)} in the gradebook, {full} with full marks for code ({max(scores):g} points)")
    return 0 if len(rows) == count else 1


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    from autograder.catalogue import load_course
    from autograder.jupyter.assemble import ANSWER
    from autograder.wheats import chaffs_of
    from benchmarks.memory import Memory
    from tests.jupyter.folders import NbgraderCourse, name_of

    sys.exit(main())
