"""Makes the example class ready to be graded: `python examples/make_class.py FOLDER`.

Most submissions lie in `examples/class/`. The others are made here: the perfect one from `solutions/`, since no answer
is kept in two places; the untouched one from the stubs; the archives, so that what is in them can be read here.
"""

from __future__ import annotations

import io
import shutil
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CLASS = Path(__file__).resolve().parent / "class"
UNITS = ("05_divergences", "10_anomaly_detection", "13_attacks")
ARCHIVED = "fatima_archive"


def units() -> list[str]:
    """The names of the units that the class has been given."""
    return [unit.partition("_")[2] for unit in UNITS]


def make_class(folder: Path) -> list[Path]:
    """Makes the class anew in a folder, and says which submissions there are."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(CLASS, folder, ignore=shutil.ignore_patterns("__pycache__", ARCHIVED))
    for name, source in (("ada_perfect", "solutions"), ("ben_untouched", "exercises")):
        (folder / name).mkdir()
        for unit, module in zip(UNITS, units(), strict=True):
            shutil.copyfile(ROOT / source / unit / f"{module}.py", folder / name / f"{module}.py")
    packed = _packed(CLASS / ARCHIVED)
    (folder / f"{ARCHIVED}.zip").write_bytes(packed)
    (folder / "karl_broken_archive.zip").write_bytes(packed[: len(packed) // 2])
    return sorted(folder.iterdir())


def _packed(submission: Path) -> bytes:
    """A folder as macOS packs it: one folder deeper, with a shadow of each file beside it."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(submission.glob("*.py")):
            archive.write(path, f"Homework final/{path.name}")
            archive.writestr(f"__MACOSX/Homework final/._{path.name}", b"\0\5\26\7\0\2\0\0Mac OS X")
    return written.getvalue()


if __name__ == "__main__":
    make_class(Path(sys.argv[1]))
