"""Submissions a minute: ours with all checks on, beside stock nbgrader on an equivalent notebook with plain asserts.

    python benchmarks/throughput.py [--count 120] [--stock 40] [--jobs 2]

Each submission holds fgsm, entropy_score, js_divergence and vector_quantize and nothing else, each function written in
one of the four or five ways that the course knows; a quarter of them makes known mistakes instead. Stock nbgrader (its
own executor; `pip install nbgrader`) runs the same functions in a notebook with one cell of asserts for each.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from autograder.catalogue import Course, load_course
from autograder.wheats import chaffs_of, wheats_of

ROOT = Path(__file__).parent.parent
FUNCTIONS = {
    "attacks": "fgsm",
    "anomaly_detection": "entropy_score",
    "divergences": "js_divergence",
    "latent_codes": "vector_quantize",
}
ASSERTS = {
    "fgsm": """
torch.manual_seed(0)
model, x, y = torch.nn.Linear(8, 3), torch.rand(5, 8), torch.tensor([0, 1, 2, 0, 1])
adversarial = fgsm(model, x, y, 0.1)
assert adversarial.shape == x.shape and adversarial.dtype == x.dtype
assert (adversarial - x).abs().max() <= 0.1 + 1e-6
assert adversarial.min() >= 0 and adversarial.max() <= 1
loss = torch.nn.functional.cross_entropy
assert loss(model(adversarial), y) > loss(model(x), y)
""",
    "entropy_score": """
import math
assert torch.allclose(entropy_score(torch.zeros(2, 4)), torch.full((2,), math.log(4)))
assert entropy_score(torch.tensor([[1e4, 0.0, 0.0]])).abs().max() < 1e-6
assert torch.isfinite(entropy_score(1e4 * torch.randn(8, 5))).all()
""",
    "js_divergence": """
p, q = torch.tensor([[1.0, 0.0], [0.5, 0.5]]), torch.tensor([[0.0, 1.0], [0.5, 0.5]])
assert torch.allclose(js_divergence(p, q), torch.tensor([math.log(2), 0.0]), atol=1e-6)
assert torch.allclose(js_divergence(p, q), js_divergence(q, p))
""",
    "vector_quantize": """
codebook = torch.eye(3, requires_grad=True)
z = torch.tensor([[0.9, 0.1, 0.0], [0.0, 0.2, 0.8]], requires_grad=True)
quantized, indices, loss = vector_quantize(z, codebook)
assert indices.tolist() == [0, 2]
assert torch.allclose(quantized, codebook[indices])
(slope,) = torch.autograd.grad(quantized.sum(), z)
assert torch.allclose(slope, torch.ones_like(z))
""",
}


def main() -> None:
    """Prints both rates and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=120, help="submissions for us")
    parser.add_argument("--stock", type=int, default=40, help="submissions for stock nbgrader")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    course = load_course(ROOT)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = [
            _submission(course, folder / "class" / f"student_{number:03d}", number) for number in range(options.count)
        ]
        half, stock = options.stock // 2, 0.0  # before and after, since machines are faster or slower by the minute
        installed = shutil.which("nbgrader") is not None
        if installed:
            stock += _stock(paths[:half], folder / "before")
        ours = _ours(paths, folder / "out", options.jobs)
        _check_points(folder / "out")
        rate = 60 * options.count / ours
        print(f"autograder grade --jobs {options.jobs}: {options.count} in {ours:.1f} s, {rate:.0f} a minute")
        if not installed:
            print("stock nbgrader: not installed (pip install nbgrader)")
            return
        stock += _stock(paths[half : options.stock], folder / "after")
    print(f"stock nbgrader autograde: {options.stock} in {stock:.1f} s, {60 * options.stock / stock:.0f} a minute")
    print(f"ratio {options.count / ours / (options.stock / stock):.1f}")


def _submission(course: Course, folder: Path, number: int) -> Path:
    folder.mkdir(parents=True)
    chosen = random.Random(str(number))
    for unit_name, function in FUNCTIONS.items():
        unit, _ = course.find(unit_name)
        ways = [(unit.reference_path, function), *((unit.wheats_path, each.name) for each in wheats_of(unit, function))]
        if not _is_right(number):
            ways = [(unit.chaffs_path, each.name) for each in chaffs_of(unit, function)]
        path, name = chosen.choice(ways)
        assert path is not None
        text = _only(path.read_text(encoding="utf-8"), name, rename=function)
        (folder / f"{unit_name}.py").write_text(f"{text}\n\n# {number}\n", encoding="utf-8")
    return folder


def _is_right(number: int) -> bool:
    return number % 4 != 3


def _only(source: str, function: str, *, rename: str) -> str:
    """Imports and constants of a module, one of its functions, and what that one needs."""
    body = ast.parse(source).body
    functions = {node.name: node for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    wanted, found = [function], set()
    while wanted:
        name = wanted.pop()
        if name in functions and name not in found:
            found.add(name)
            wanted += [node.id for node in ast.walk(functions[name]) if isinstance(node, ast.Name)]
    kept: list[ast.stmt] = []
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name in found:
            node.decorator_list = []
            node.name = rename if node.name == function else node.name
            kept.append(node)
        elif isinstance(node, ast.Assign) or (
            isinstance(node, ast.Import | ast.ImportFrom) and "autograder" not in ast.unparse(node)
        ):
            kept.append(node)
    text = ast.unparse(ast.Module(kept, []))
    for name in found - {function}:  # a helper must not look like an answer to another exercise
        text = text if name.startswith("_") else re.sub(rf"\b{name}\b", f"_{name}", text)
    return text


def _ours(paths: list[Path], out: Path, jobs: int) -> float:
    options = ["--out", str(out), "--units", ",".join(FUNCTIONS), "--jobs", str(jobs)]
    return _timed([sys.executable, "-m", "autograder", "grade", *map(str, paths), *options], ROOT)


def _check_points(out: Path) -> None:
    """Ends the benchmark if it grades anything but right answers, with full marks, and wrong ones."""
    for path in sorted(out.glob("student_*.json")):
        result = json.loads(path.read_text(encoding="utf-8"))
        told = [each for each in result["exercises"] if each["name"] in FUNCTIONS.values()]
        full = [each["score"] == each["max_score"] for each in told]
        right = _is_right(int(result["submission"].removeprefix("student_")))
        if len(told) != len(FUNCTIONS) or (not all(full) if right else any(full)):
            raise SystemExit(f"{result['submission']}: {[(each['name'], each['score']) for each in told]}")


def _stock(paths: list[Path], course: Path) -> float:
    import nbformat

    source = course / "source" / "ps1"
    source.mkdir(parents=True)
    (course / "nbgrader_config.py").write_text("c = get_config()\nc.CourseDirectory.course_id = 'demo'\n")
    nbformat.write(
        _notebook(
            nbformat, {name: f"### BEGIN SOLUTION\ndef {name}(*args):\n    pass\n### END SOLUTION" for name in ASSERTS}
        ),
        source / "p.ipynb",
    )
    _timed(["nbgrader", "generate_assignment", "ps1", "--create", "--force"], course)
    for path in paths:
        answers = {function: (path / f"{unit}.py").read_text(encoding="utf-8") for unit, function in FUNCTIONS.items()}
        target = course / "submitted" / path.name / "ps1"
        target.mkdir(parents=True)
        released = nbformat.read(course / "release" / "ps1" / "p.ipynb", as_version=4)
        for cell in released.cells:
            name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
            if name in answers:
                cell.source = answers[name].replace("from __future__ import annotations", "")
        nbformat.write(released, target / "p.ipynb")
    return _timed(["nbgrader", "autograde", "ps1", "--create"], course)


def _notebook(nbformat: object, answers: dict[str, str]) -> object:
    make = nbformat.v4  # type: ignore[attr-defined]
    cells = [make.new_code_cell("import torch")]
    for name, text in answers.items():
        common = {"schema_version": 3, "locked": False, "task": False}
        solution = {**common, "grade": False, "solution": True, "grade_id": name}
        tests = {**common, "grade": True, "solution": False, "locked": True, "grade_id": f"test_{name}", "points": 2}
        cells.append(make.new_code_cell(text, metadata={"nbgrader": solution}))
        cells.append(make.new_code_cell(ASSERTS[name].strip(), metadata={"nbgrader": tests}))
    return make.new_notebook(
        cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    )


def _timed(command: list[str], folder: Path) -> float:
    started = time.perf_counter()
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False, text=True, env=environment)
    if done.returncode:
        raise SystemExit(
            f"{' '.join(command[:4])} … ended with {done.returncode}:\n{done.stdout[-1500:]}{done.stderr[-3000:]}"
        )
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
