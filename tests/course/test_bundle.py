"""What students get holds nothing of the instructor's, and takes nothing from those who have it already."""

from __future__ import annotations

import ast
import zipfile
from pathlib import Path

import pytest

from autograder.bundle import BundleError, install, make_bundle
from autograder.catalogue import Unit, load_course
from autograder.jupyter.questions import questions_of
from autograder.stubs import BEGIN, END
from autograder.wheats import chaffs_of, wheats_of

ROOT = Path(__file__).parents[2]
COURSE = load_course(ROOT)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The bundle's files by name."""
    path = make_bundle(COURSE, tmp_path_factory.mktemp("bundle"))
    with zipfile.ZipFile(path) as archive:
        return {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}


def everything(bundle: dict[str, bytes]) -> str:
    texts = [name + "\n" for name in bundle]
    texts += [content.decode() for name, content in bundle.items() if not name.endswith(".png")]
    return "\n".join(texts)


def answers(unit: Unit) -> list[str]:
    """Lines of the reference's answers that are long enough to be nobody else's."""
    assert unit.reference_path is not None
    found, inside = [], False
    for line in unit.reference_path.read_text(encoding="utf-8").split("\n"):
        if line.strip() in (BEGIN, END):
            inside = line.strip() == BEGIN
        elif inside and len(line.strip()) >= 40 and not line.strip().startswith(("#", "def ", '"""')):
            found.append(line.strip())
    return found


@pytest.mark.parametrize("unit", COURSE.units, ids=lambda unit: unit.name)
def test_no_answer_check_mistake_or_rubric_is_in_it(bundle: dict[str, bytes], unit: Unit):
    text = everything({name: content for name, content in bundle.items() if "/templates/" not in name})
    assert unit.hidden_path is not None
    hidden = ast.parse(unit.hidden_path.read_text(encoding="utf-8"))
    secret = [f"def {node.name}(" for node in hidden.body if isinstance(node, ast.FunctionDef)]
    secret = [each for each in secret if each.startswith("def test_")]
    for exercise in unit.exercises:
        secret += [each.sentence for each in chaffs_of(unit, exercise.name)]
        names = [each.name for each in (*chaffs_of(unit, exercise.name), *wheats_of(unit, exercise.name))]
        secret += [f"def {name}(" for name in names if len(name) > 12]  # a short one is a word that others use, too
    secret += [question.rubric.strip()[:60] for question in questions_of(unit)]
    secret += answers(unit)
    assert len(secret) > 20
    assert [each for each in secret if each in text] == []


def test_no_path_of_the_instructors_or_of_ours_is_in_it(bundle: dict[str, bytes]):
    parts = {part for name in bundle if "course/autograder/" not in name for part in name.split("/")}
    assert not parts & {"solutions", "tests", "benchmarks", "examples", "questions.toml", "wheats.py", "chaffs.py"}
    assert not any(part.endswith("_hidden.py") for part in parts)
    assert {unit.folder for unit in COURSE.units} <= parts


@pytest.fixture
def unpack(tmp_path: Path, bundle: dict[str, bytes]):
    """Unpacks the bundle, with some files replaced, over whatever lies in a folder."""

    def run(changed: dict[str, bytes] | None = None) -> Path:
        for name, content in {**bundle, **(changed or {})}.items():
            path = tmp_path / "tensorlings" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return tmp_path / "tensorlings"

    return run


def test_unpacked_over_an_older_copy_it_keeps_what_was_edited_and_renews_the_rest(unpack):
    root = unpack()
    written, kept = install(root)
    assert kept == []
    assert {path.name for path in written} >= {"attacks.py", ".stub.py", "unit.toml", "three_pictures.png"}
    attacks = root / "exercises" / "13_attacks"
    (attacks / "attacks.py").write_text("# mine\n")
    (attacks / "README.md").write_text("my notes\n")
    (attacks / "draft.py").write_text("# mine too\n")

    new = {
        f"course/exercises/13_attacks/{name}": content
        for name, content in (("attacks.py", b"# new\n"), ("test_attacks.py", b"# new\n"), ("cases.py", b"# new\n"))
    }
    written, kept = install(unpack(new))
    assert sorted(path.name for path in written) == ["cases.py", "test_attacks.py"]
    assert kept == [attacks / "attacks.py"]
    assert (attacks / "attacks.py").read_text() == "# mine\n"
    assert (attacks / "README.md").read_text() == "my notes\n"
    assert (attacks / "draft.py").read_text() == "# mine too\n"
    assert install(root) == ([], [attacks / "attacks.py"])


def test_a_copy_of_unknown_age_loses_nothing(unpack):
    """Where it is not known what was copied, every file that differs counts as edited."""
    root = unpack()
    install(root)
    (root / ".autograder" / "copied.json").write_text("torn")
    written, kept = install(unpack({"course/exercises/13_attacks/cases.py": b"# new\n"}))
    assert (written, [path.name for path in kept]) == ([], ["cases.py"])


def test_without_a_bundle_there_is_a_sentence(tmp_path: Path):
    with pytest.raises(BundleError, match="no bundle is unpacked here"):
        install(tmp_path)


def test_a_course_that_lacks_a_file_makes_no_bundle(mini_course, tmp_path: Path):
    with pytest.raises(BundleError, match="is missing, and belongs to the bundle"):
        make_bundle(load_course(mini_course.root), tmp_path)
