"""What was handed in: units' files found in a folder, an archive or a lone file, and read without unpacking anything.

What a student did is never an error here but a sentence, at one of three levels:

- `HandedIn.problem`: nothing can be said of the submission as a whole (a broken archive, one that climbs out of its
  folder or unpacks to gigabytes, a folder that cannot be listed), or it holds no unit's file but something that
  was surely meant to be one (a lone file of another name, an archive in the archive).
- `UnitFile.problem` with `judged`: the file was read, and is no text or no notebook. That is the answer, and a zero.
- `UnitFile.problem` without `judged`: nobody looked at the answer, so it is no zero for a wrong one. The file is there
  twice, or a link, or damaged, or too large, or, where no file has the right name, named nearly so (`Attacks.py`,
  `attacks (1).py`): which file was meant is the student's to say, and a guess would cost somebody marks. Copies that
  are alike to the byte leave nothing to guess and are judged once.
"""

from __future__ import annotations

import bz2
import contextlib
import gzip
import hashlib
import io
import itertools
import json
import lzma
import os
import posixpath
import re
import stat
import tarfile
import zipfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any, Protocol, cast

from autograder.errors import SubmissionError
from autograder.grading.notebooks import notebook_source, utf8_text
from autograder.sources import is_written, parses

ARCHIVES = (".tar.gz", ".tar.bz2", ".tar.xz", ".tgz", ".tar", ".zip")
LARGEST = {".py": 5_000_000, ".ipynb": 50_000_000}  # bytes, by the kinds of file that a unit may have
MEMBERS = 20_000
UNPACKED = 1_000_000_000  # bytes that an archive may unpack to, and that are read of any submission
HEADERS = 1_000_000  # bytes that one tar member may have of them
ALL_HEADERS = 50_000_000  # and all members together: tarfile takes seconds for some that are made to
DIRECTORY = 10_000_000  # bytes of a zip's table of contents, which says nothing of its size that could be believed
MEMORY = 128_000_000  # bytes for unpacking xz; its strongest preset takes 65 MiB
CHUNK = 1_000_000
LONGEST_NAME = 230  # bytes: a result's file name has `.json`, and while it is written 14 more

_NONE: Mapping[str, Collection[str]] = MappingProxyType({})
_IGNORED = ("node_modules", "site-packages", "build")
_COPIES = re.compile(r"^(?:copy_of_)?(?:\d+_)?|(?:_?\(\d+\)|_\d+|_+copy)+$")


@dataclass(frozen=True)
class UnitFile:
    """One unit's answer.

    Attributes:
        unit: the unit's name.
        name: base name of the file, `attacks.py` or `attacks.ipynb`.
        source: Python; empty where there is a problem.
        problem: one sentence, for student and instructor, why it cannot be judged.
        judged: False where nobody looked at the answer, so that it is no zero for a wrong one.
    """

    unit: str
    name: str
    source: str
    problem: str = ""
    judged: bool = True


@dataclass(frozen=True)
class HandedIn:
    """One submission.

    Attributes:
        name: base name of the path, without suffix.
        path: where it is.
        files: by unit; only units that were asked for and are there.
        digest: of the units' files and of all problems, whatever they are packed in.
        problem: one sentence, where the submission as a whole cannot be read.
    """

    name: str
    path: Path
    files: Mapping[str, UnitFile]
    digest: str
    problem: str = ""


def submission_name(path: Path) -> str:
    """`alice` for `class/alice`, `class/alice.tar.gz`, `class/alice.ipynb`, and in nbgrader's `submitted/alice/gan`."""
    path = _whole(path)
    name = path.name
    if is_nbgraders(path):
        return path.parent.name
    for suffix in (*ARCHIVES, *LARGEST):
        if name.lower().endswith(suffix):
            return name[: -len(suffix)]
    return name


def is_nbgraders(path: Path) -> bool:
    """Whether `path` is a submission in nbgrader's layout, `submitted/STUDENT/ASSIGNMENT`."""
    path = _whole(path)
    return path.parent.parent.name == "submitted" and path.is_dir()


def check_names(paths: Sequence[Path]) -> list[Path]:
    """The paths, absolute. One that is a link keeps its own name.

    Raises:
        SubmissionError: if one is missing or cannot give a result its name, or two would give the same.
    """
    seen: dict[str, Path] = {}
    for path in map(Path, paths):
        try:
            os.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            raise SubmissionError(f"{_shown(path)}: there is no such file or folder") from None
        except (OSError, ValueError) as error:
            raise SubmissionError(f"{_shown(path)}: cannot be read ({_told(error)})") from None
        name = submission_name(path)
        if not _can_name_a_file(name):
            raise SubmissionError(f"{_shown(path)}: no result can be named {_shown(name)!r}; rename it")
        if name in seen:
            raise SubmissionError(
                f"{_shown(seen[name])} and {_shown(path)} would both be the submission {name!r}; "
                "rename one, or leave it out"
            )
        seen[name] = path
    return [_whole(path) for path in seen.values()]


def read_submission(path: Path, units: Collection[str], exercises: Mapping[str, Collection[str]] = _NONE) -> HandedIn:
    """What the submission at `path` holds for `units`. Never raises for what a student did.

    Args:
        path: a folder, an archive, or one `.py` or `.ipynb` file.
        units: names of the units that are asked for; files of others are not looked at.
        exercises: their functions' names: of several files of a unit, those in which none is written do not count.
    """
    path = _whole(path)
    finds, problem = _Finds(units, exercises), ""
    files: Mapping[str, UnitFile] = {}
    try:
        for entry in _entries(path):
            finds.take(entry)
        is_lone = path.suffix.lower() in LARGEST and not path.is_dir()
        if is_lone and not finds.exact:
            problem = finds.stranger(path.name)
        else:
            files = finds.files()
            problem = "" if files else finds.meant(path)
    except SubmissionError as error:
        problem = str(error)
    except OSError as error:
        problem = f"{_shown(path.name)} cannot be read: {_told(error)}"
    return HandedIn(submission_name(path), path, files, finds.digest(files, problem), problem)


def _whole(path: Path) -> Path:
    """`path`, absolute and with a last part that is a name."""
    path = Path(path)
    if path.name in ("", ".."):
        return Path(os.path.realpath(path))
    return Path(os.path.realpath(path.parent)) / path.name


def _can_name_a_file(name: str) -> bool:
    try:
        size = len(name.encode("utf-8"))
    except UnicodeEncodeError:
        return False
    return 0 < size <= LONGEST_NAME and not any(ord(letter) < 32 or ord(letter) == 127 for letter in name)


class _NotRead(Exception):
    """A file that cannot be looked at; the sentence goes on from its name."""


@dataclass(frozen=True)
class _Entry:
    """A file in a submission: where it is, with `/`, and how to read so many bytes of it before the next is asked for.

    `read` raises _NotRead where the file cannot be looked at, SubmissionError where the whole submission cannot.
    """

    where: str
    read: Callable[[int], bytes]

    @property
    def name(self) -> str:
        return posixpath.basename(self.where)


@dataclass(frozen=True)
class _Find:
    """A unit's file: a digest of its bytes, and its source or the problem with it."""

    where: str
    digest: str = ""
    source: str = ""
    problem: str = ""
    judged: bool = True


@dataclass
class _Finds:
    """Everything in one submission that has to do with `units`."""

    units: Collection[str]
    exercises: Mapping[str, Collection[str]]
    exact: dict[str, list[_Find]] = field(default_factory=dict)  # by unit
    nearly: dict[str, list[str]] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)
    archives: list[str] = field(default_factory=list)
    size: int = 0

    def take(self, entry: _Entry) -> None:
        """Looks at the next file, and reads it if it is a unit's."""
        unit, kind = posixpath.splitext(entry.name)
        if kind in LARGEST and unit in self.units:
            self.exact.setdefault(unit, []).append(self._find(entry, unit, kind))
        elif (near := _near(entry.name)) in self.units:
            self.nearly.setdefault(near, []).append(entry.where)
        elif kind.lower() in LARGEST:
            self.others.append(entry.where)
        elif entry.name.lower().endswith((*ARCHIVES, ".rar", ".7z")):
            self.archives.append(entry.where)

    def _find(self, entry: _Entry, unit: str, kind: str) -> _Find:
        where, most = _shown(entry.where), LARGEST[kind]
        try:
            data = entry.read(most + 1)
        except _NotRead as reason:
            return _Find(entry.where, problem=f"{where} {reason}", judged=False)
        self.size += len(data)
        if self.size > UNPACKED:
            raise SubmissionError(f"the files named like units hold more than {_size(UNPACKED)}, the most that is read")
        if len(data) > most:
            sentence = f"{where} is larger than {_size(most)}, the most that is read"
            return _Find(entry.where, problem=sentence, judged=False)
        digest = hashlib.sha256(data).hexdigest()
        for known in self.exact.get(unit, []):
            if known.digest == digest and known.where.endswith(kind):
                return replace(known, where=entry.where)
        try:
            read = utf8_text if kind == ".py" else notebook_source
            return _Find(entry.where, digest, source=read(data, entry.name))
        except SubmissionError as error:
            return _Find(entry.where, digest, problem=str(error))

    def files(self) -> dict[str, UnitFile]:
        """What is there for each unit."""
        found = {unit: self._file(unit) for unit in self.units}
        return {unit: file for unit, file in found.items() if file is not None}

    def _file(self, unit: str) -> UnitFile | None:
        finds = self._worked_on(unit)
        different = {(find.digest or find.where, posixpath.splitext(find.where)[1]) for find in finds}
        if len(different) > 1:
            return UnitFile(unit, posixpath.basename(finds[0].where), "", _twice(unit, finds), judged=False)
        if finds:
            find = finds[0]
            return UnitFile(unit, posixpath.basename(find.where), find.source, find.problem, find.judged)
        if unit in self.nearly:
            sentence = f"{_listed(self.nearly[unit])} has nearly the right name; wanted {unit}.py or {unit}.ipynb"
            kind = ".ipynb" if ".ipynb" in self.nearly[unit][0].lower() else ".py"
            return UnitFile(unit, f"{unit}{kind}", "", sentence, judged=False)
        return None

    def _worked_on(self, unit: str) -> list[_Find]:
        """The unit's files; of several those in which an answer is begun, as a `.py` beside an untouched notebook."""
        finds = self.exact.get(unit, [])
        names = self.exercises.get(unit, ())
        if len(finds) < 2 or not names:
            return finds
        begun = [
            each
            for each in finds
            if each.problem or not parses(each.source) or any(is_written(each.source, name) for name in names)
        ]
        return begun or finds[:1]

    def meant(self, path: Path) -> str:
        """What to say where no unit's file is there: mostly nothing, since none need be."""
        if len(self.others) == 1:
            return self.stranger(self.others[0])
        if self.archives and not self.others:
            what = f"{_shown(path.name)} holds no unit's file but {_listed(self.archives)}"
            return f"{what}; an archive within a submission is not opened: unpack it first"
        return ""

    def stranger(self, where: str) -> str:
        """What to say of a lone file that has no unit's name."""
        stem, kind = _folded(posixpath.basename(where))
        held = [unit for unit in self.units if unit in stem]
        held = [unit for unit in held if not any(unit != other and unit in other for other in held)]
        advice = f"wanted <unit>.py or <unit>.ipynb, where <unit> is one of {', '.join(sorted(self.units))}"
        if len(held) == 1:
            advice = f"wanted <unit>.py or <unit>.ipynb: rename it to {held[0]}{kind} if it is the answer to that unit"
        return f"{_shown(where)} is no unit's file; {advice}"

    def digest(self, files: Mapping[str, UnitFile], problem: str) -> str:
        """Of everything that a result may depend on."""
        parts: list[object] = [problem]
        for unit, file in sorted(files.items()):
            contents = sorted({find.digest for find in self.exact.get(unit, [])})
            parts.append([unit, file.name, file.problem, contents])
        return f"sha256:{hashlib.sha256(json.dumps(parts).encode()).hexdigest()}"


def _folded(name: str) -> tuple[str, str]:
    """Stem and kind of a file's name as somebody may have meant it."""
    stem, kind = posixpath.splitext(name.lower().removesuffix(".txt"))
    return re.sub(r"[\s-]+", "_", stem), kind


def _near(name: str) -> str:
    """The name that would have been meant for a unit's, if a browser, a mailer or a file manager changed it."""
    stem, kind = _folded(name[-255:])
    return _COPIES.sub("", stem) if kind in LARGEST else ""


def _twice(unit: str, finds: Sequence[_Find]) -> str:
    places = [find.where for find in finds]
    if len(set(places)) == 1:
        return f"{_shown(places[0])} is in the archive {len(places)} times; hand in one"
    return f"{unit} is there {len(places)} times ({_listed(places)}); hand in one"


def _listed(places: Sequence[str]) -> str:
    """Up to three of the places, in order."""
    first = [_shown(place) for place in sorted(places)]
    if len(first) > 3:
        return f"{', '.join(first[:3])} and {len(first) - 3} more"
    return " and ".join(filter(None, [", ".join(first[:-1]), first[-1]]))


def _shown(text: str | Path) -> str:
    """`text` as it can stand in a sentence: nothing that steers a terminal, no half character, not long."""
    plain = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in str(text)[-1000:])
    return plain if len(plain) <= 120 else f"…{plain[-119:]}"


def _told(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return _shown(str(error)) or type(error).__name__


def _size(size: int) -> str:
    return f"{size / 1e9:g} GB" if size >= 1e9 else f"{size / 1e6:g} MB"


def _entries(path: Path) -> Iterator[_Entry]:
    """The files of a submission that are not in folders of tools."""
    mode = os.stat(path).st_mode
    name, lowered = _shown(path.name), path.name.lower()
    if stat.S_ISDIR(mode):
        return _in_folder(path.resolve(), name)
    if lowered.endswith(tuple(LARGEST)):
        return iter([_Entry(path.name, partial(_read_file, path.resolve()))])
    if not lowered.endswith(ARCHIVES):
        wanted = ", ".join((*ARCHIVES, *LARGEST))
        raise SubmissionError(f"{name} cannot be graded; wanted a folder or a file that ends with {wanted}")
    if not stat.S_ISREG(mode):
        raise SubmissionError(f"{name} is no plain file")
    if os.stat(path).st_size > UNPACKED:
        raise SubmissionError(f"{name} is larger than {_size(UNPACKED)}, the most that is read")
    with path.open("rb") as file:
        is_zip = lowered.endswith(".zip") or file.read(2) == b"PK"
    return _in_zip(path, name) if is_zip else _in_tar(path, name)


def _is_ignored(folder: str) -> bool:
    return folder.startswith((".", "__")) or folder in _IGNORED


def _in_folder(root: Path, name: str) -> Iterator[_Entry]:
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(os.path.join(root, folder)) as found:
                inside = sorted((each.name, each.is_dir(follow_symlinks=False)) for each in found)
        except OSError as error:
            place = _shown(folder.rstrip("/")) or name
            raise SubmissionError(f"the folder {place} cannot be listed: {_told(error)}") from None
        for each, is_folder in inside:
            if not is_folder:
                yield _Entry(f"{folder}{each}", partial(_read_inside, root, f"{folder}{each}"))
            elif not _is_ignored(each):
                waiting.append(f"{folder}{each}/")


def _read_inside(root: Path, where: str, size: int) -> bytes:
    """A file in a folder, or what it links to in the same folder."""
    path = root / where
    if path.is_symlink():
        path = Path(os.path.realpath(path))
        if not path.is_relative_to(root):
            raise _NotRead("is a link that leads out of the submission")
    return _read_file(path, size)


def _read_file(path: Path, size: int) -> bytes:
    """A plain file. Nothing else is opened: a pipe would wait for somebody to write, a device may do anything."""
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            raise _NotRead("is no plain file")
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW), "rb") as file:
            return file.read(size)
    except OSError as error:
        raise _NotRead(f"cannot be read: {_told(error)}") from None


@contextlib.contextmanager
def _told_of(name: str) -> Iterator[None]:
    try:
        yield
    except SubmissionError:
        raise
    except Exception as error:  # a hostile archive makes zipfile and tarfile raise nearly anything
        raise SubmissionError(f"{name} cannot be unpacked: {_told(error)}") from None


def _member_path(written: str, name: str) -> str:
    """Where a member lies, with `/`; empty for what lies in a folder of tools.

    Raises:
        SubmissionError: if it climbs out of the archive's folder.
    """
    path = written.replace("\\", "/")
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if path.startswith("/") or ".." in parts or re.match(r"[A-Za-z]:/", path):
        raise SubmissionError(f"{name} climbs out of its folder: '{_shown(written)}'")
    return "" if any(map(_is_ignored, parts[:-1])) else "/".join(parts)


def _check_bounds(name: str, members: int, size: int) -> None:
    if members > MEMBERS:
        raise SubmissionError(
            f"{name} holds more than {MEMBERS:,} files, the most that are read; pack the units' files alone"
        )
    if size > UNPACKED:
        raise SubmissionError(f"{name} unpacks to more than {_size(UNPACKED)}; pack the units' files alone")


def _up_to(read: Callable[[int], bytes], size: int) -> bytes:
    """`size` bytes, or all that there are."""
    pieces: list[bytes] = []
    while size > 0 and (piece := read(min(size, CHUNK))):
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


class _Cautious(io.FileIO):
    """A zip that is not read in one go, however long it says that its table of contents is."""

    def read(self, size: int | None = -1) -> bytes:
        if size is None or size < 0 or size > DIRECTORY:
            size = DIRECTORY + 1
        data = super().read(size) or b""
        if len(data) > DIRECTORY:
            name = _shown(os.path.basename(str(self.name)))
            raise SubmissionError(f"{name} has a table of contents of more than {_size(DIRECTORY)}")
        return data


def _in_zip(path: Path, name: str) -> Iterator[_Entry]:
    with _told_of(name), _Cautious(path) as file, zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        _check_bounds(name, len(members), sum(member.file_size for member in members))
        for member, where in [(each, _member_path(each.filename, name)) for each in members]:
            if where and not member.filename.endswith(("/", "\\")):
                yield _Entry(where, partial(_read_zipped, archive, member, name))


def _read_zipped(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str, size: int) -> bytes:
    kind = stat.S_IFMT(member.external_attr >> 16)
    if stat.S_ISLNK(kind):
        raise _NotRead("is a link, which is not followed in an archive")
    if kind not in (0, stat.S_IFREG):
        raise _NotRead("is no plain file")
    if member.flag_bits & 1:
        raise SubmissionError(f"{name} is encrypted; pack it without a password")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # zipfile unpacks other methods without a bound: 4 kB of bzip2 may be gigabytes
        raise _NotRead("is compressed in an unusual way that is not read here; pack it as an ordinary zip")
    try:
        with archive.open(member) as file:
            return _up_to(file.read, size)
    except Exception as error:  # as for whole archives
        raise _NotRead(f"is damaged in the archive: {_told(error)}") from None


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class _Xz:
    """Unpacks xz in bounded memory, which lzma.LZMAFile cannot."""

    def __init__(self, file: IO[bytes]):
        self._file, self._decoder = file, lzma.LZMADecompressor(memlimit=MEMORY)

    def read(self, size: int, /) -> bytes:
        data = b""
        while not data and not self._decoder.eof:
            packed = self._file.read(CHUNK) if self._decoder.needs_input else b""
            if self._decoder.needs_input and not packed:
                raise EOFError("it ends too early")
            data = self._decoder.decompress(packed, size)
        return data


class _Forward:
    """An unpacked tar for `tarfile`, which believes what a tar says of itself: read forward only, and within bounds.

    Attributes:
        allowance: how many bytes may be read before it is set anew; what is skipped does not count.
        latest: what was read last.
    """

    def __init__(self, file: _Readable, name: str):
        self._file, self._name, self._position = file, name, 0
        self.allowance, self.latest = HEADERS, b""

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= self.allowance:
            raise SubmissionError(f"{self._name} is damaged, or holds more headers than are read")
        self.allowance -= size
        self.latest = _up_to(self._file.read, size)
        self._position += len(self.latest)
        _check_bounds(self._name, 0, self._position)
        return self.latest

    def tell(self) -> int:
        return self._position

    def seek(self, position: int) -> int:
        if position < self._position:
            raise SubmissionError(f"{self._name} is damaged: a file in it ends before it begins")
        _check_bounds(self._name, 0, position)
        while self._position < position:
            skipped = self._file.read(min(CHUNK, position - self._position))
            if not skipped:
                break
            self._position += len(skipped)
        return self._position


def _unpacked(file: IO[bytes]) -> _Readable:
    begin = file.read(6)
    file.seek(0)
    if begin.startswith(b"\x1f\x8b"):
        return gzip.GzipFile(fileobj=file)
    if begin.startswith(b"BZh"):
        return bz2.BZ2File(file)
    return _Xz(file) if begin == b"\xfd7zXZ\0" else file


def _in_tar(path: Path, name: str) -> Iterator[_Entry]:
    with _told_of(name), path.open("rb") as packed:
        file = _Forward(_unpacked(packed), name)
        archive: Any  # two public attributes of tarfile's are in nobody's stubs
        with tarfile.open(fileobj=cast(Any, file), mode="r:") as archive:
            left = ALL_HEADERS
            for number in itertools.count():
                file.allowance = granted = min(HEADERS, left)
                if number == 0 and archive.firstmember is None:  # nothing in it, over which Python 3.10 would stumble
                    break
                member = archive.next()
                left -= granted - file.allowance
                if member is None:
                    break
                archive.members.clear()  # or all headers would stay in memory
                _check_bounds(name, number + 1, 0)
                where = _member_path(member.name, name)
                if where and not member.isdir():
                    yield _Entry(where, partial(_read_tarred, file, member, name))
            if file.latest.strip(b"\0"):  # tarfile takes a header that is none for the end
                raise SubmissionError(f"{name} is damaged: what comes after its first {number} files cannot be read")
            _check_bounds(name, 0, file.seek(UNPACKED) + 1)  # to the end, where gzip and others have a checksum


def _read_tarred(file: _Forward, member: tarfile.TarInfo, name: str, size: int) -> bytes:
    if member.issym() or member.islnk():
        raise _NotRead("is a link, which is not followed in an archive")
    if not member.isreg() or member.issparse():
        raise _NotRead("is no plain file")
    file.allowance = size = min(size, member.size)
    with _told_of(name):
        file.seek(member.offset_data)
        return file.read(size)
