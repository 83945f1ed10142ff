"""The command `autograder`: thin doors to the modules that do the work, imported when they are needed."""

from __future__ import annotations

import difflib
import io
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from autograder import __version__
from autograder.catalogue import Course, Exercise, find_course, load_course
from autograder.errors import TensorlingsError, UnknownName

if TYPE_CHECKING:
    from autograder.catalogue import Unit


class Sentence(click.ClickException):
    """Something that went wrong, told in one sentence on stderr."""

    exit_code = 2

    def show(self, file: Any = None) -> None:
        """Prints the sentence."""
        click.echo(self.message, file=file, err=file is None)


class Commands(click.Group):
    """Commands whose known errors are sentences, and whose misspelt names are recognised."""

    def invoke(self, ctx: click.Context) -> Any:
        """Runs a command."""
        try:
            return super().invoke(ctx)
        except TensorlingsError as error:
            raise Sentence(str(error)) from None
        except OSError as error:
            if error.filename is None:
                raise
            raise Sentence(f"{error.filename}: {error.strerror}") from None

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Finds a command, or says which one was probably meant."""
        if self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], self.list_commands(ctx), n=1)
            advice = f"did you mean {near[0]!r}?" if near else "`autograder --help` lists them all"
            raise Sentence(f"there is no command {args[0]!r}; {advice}")
        return super().resolve_command(ctx, args)


@click.group(cls=Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
@click.pass_context
def commands(ctx: click.Context) -> None:
    """A deep-learning course that grades itself. Alone it shows where you are, and what is next."""
    if ctx.invoked_subcommand is None:
        from autograder.status import show_status

        show_status(_course())


@commands.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.pass_context
def check(ctx: click.Context, names: tuple[str, ...]) -> None:
    """Checks exercises or units, all without a NAME; an endless loop is stopped too."""
    from autograder.check_command import run

    ctx.exit(run(_course(), names))


@commands.command()
@click.pass_context
def watch(ctx: click.Context) -> None:
    """Checks what you save, as you save it; Ctrl-C ends."""
    from autograder.watch import run

    ctx.exit(run(_course()))


@commands.command()
@click.argument("name")
@click.option("--all-shown", is_flag=True, help="Repeat the hints that were shown already, and no other.")
def hint(name: str, all_shown: bool) -> None:
    """Shows the next hint for an exercise, one at a time."""
    from autograder.progress import load_progress, take_hint

    course = _course()
    hints = _exercise(course, name).hints
    if all_shown:
        seen = min(load_progress(course.root).hints.get(name, 0), len(hints))
        for number in range(1, seen + 1):
            _show_hint(hints, number)
        if seen <= 0:
            click.echo(f"No hint was shown yet; `autograder hint {name}` shows the first of {len(hints)}.")
        return
    taken = take_hint(course.root, name, len(hints))
    if taken is None:
        click.echo(f"That was the last hint of {len(hints)}; `autograder hint {name} --all-shown` repeats them.")
    else:
        _show_hint(hints, taken)


@commands.command()
@click.argument("name")
@click.option("--reference", is_flag=True, help="Draw with the instructor's answers.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder for the pictures.")
@click.pass_context
def figure(ctx: click.Context, name: str, reference: bool, out: Path | None) -> None:
    """Draws a unit's figures with your functions; 'all' draws one page with a figure of every unit."""
    from autograder.figures import draw
    from autograder.status import shown

    drawn = 0
    for each in draw(_course(), name, reference=reference, out=out):
        drawn += each.path is not None
        click.echo(f"{each.name}: {each.problem if each.path is None else shown(each.path)}")
    ctx.exit(0 if drawn else 1)


@commands.command()
@click.argument("name")
def reset(name: str) -> None:
    """Puts the stub of an exercise or a unit back; your version is kept beside it."""
    from autograder import reset as resetting
    from autograder.status import shown

    course = _course()
    kept = resetting.reset(course, name)
    unit, _ = course.find(name)
    earlier = "there was nothing to keep" if kept is None else f"your version is {shown(kept)}"
    click.echo(f"{name} is the stub again in {shown(unit.module_path)}; {earlier}.")


@commands.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH...")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder for results.")
@click.option("--units", metavar="A,B", help="The units that count; all if not given.")
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Submissions judged at a time.")
@click.option("--isolation", type=click.Choice(["bubblewrap", "none"]), help="How submissions are kept apart.")
@click.option("--device", default="cpu", show_default=True, help="Where training checks run: auto, cpu, cuda.")
@click.option("--secret", type=click.Path(dir_okay=False, path_type=Path), help="File that inputs are drawn from.")
@click.pass_context
def grade(ctx: click.Context, /, paths: tuple[Path, ...], out: Path, **options: Any) -> None:
    """Grades submissions in a sandbox, all checks, hidden ones too; a second run does only what is missing.

    Each PATH is one submission: a folder, an archive or a file.
    """
    from autograder.grading.command import run

    ctx.exit(run(_course(), paths, out, **options))


@commands.command()
@click.argument("names", nargs=-1, metavar="[UNIT]...")
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="nbgrader's folder.")
def notebooks(names: tuple[str, ...], out: Path) -> None:
    """Makes an nbgrader course, one assignment per unit; run again, it brings what you left as it was up to date."""
    from autograder.jupyter.course import make_course
    from autograder.status import shown

    made = make_course(_course(), out, names)
    click.echo(f"{len(made)} notebooks written below {shown(out / 'source')}.")
    first = made[0].stem if made else "UNIT"
    click.echo(f"Next: cd {shown(out)} && nbgrader generate_assignment --create --force {first}")


@commands.command()
@click.argument("results", required=False, type=click.Path(path_type=Path), metavar="[RESULTS]")
@click.option("--to", "form", required=True, type=click.Choice(["csv", "html", "junit", "gradescope"]))
@click.option("--out", type=click.Path(path_type=Path), help="Where to; csv and junit go to the terminal without it.")
def export(results: Path | None, form: str, out: Path | None) -> None:
    """Turns RESULTS of `grade`, a folder or one file, into other formats.

    Without RESULTS they are looked for in the folder named by --out.
    """
    from autograder.grading.command import export as run

    run(results, form, out)


@commands.command()
@click.argument("names", nargs=-1, metavar="[UNIT]...")
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 if something is out of date.")
@click.pass_context
def stubs(ctx: click.Context, names: tuple[str, ...], check: bool) -> None:
    """Makes stubs from references, and the tables of units (for maintainers)."""
    from autograder.status import shown
    from autograder.stubs import write_stubs
    from autograder.tables import write_tables

    course = _course()
    units = [_unit(course, name) for name in names] or None
    changed = [*write_stubs(course, check=check, units=units), *write_tables(course, check=check)]
    for path in changed:
        click.echo(f"{'out of date' if check else 'written'}: {shown(path)}")
    if not changed:
        click.echo("Everything is up to date.")
    ctx.exit(1 if check and changed else 0)


@commands.command()
@click.argument("number_name", metavar="NN_NAME")
def new(number_name: str) -> None:
    """Begins a unit, such as 04_gan, with a worked example (for maintainers)."""
    from autograder.scaffold import new_unit

    click.echo(new_unit(_course(), number_name).advice)


@commands.command()
@click.option("--out", default="build", show_default=True, type=click.Path(file_okay=False, path_type=Path))
def release(out: Path) -> None:
    """Writes what students get: a zip of the exercises and the engine, without anything of the instructor's."""
    from autograder.bundle import make_bundle
    from autograder.status import shown

    click.echo(f"written: {shown(make_bundle(_course(), out))}")


@commands.command()
@click.option("--training/--no-training", default=True, help="Whether checks that train something are run, too.")
@click.pass_context
def verify(ctx: click.Context, training: bool) -> None:
    """Checks the whole course against itself (for maintainers)."""
    from autograder.verify import verify as steps

    count = 0
    for name, findings in steps(_course(), training=training):
        click.echo(f"{'✗' if findings else '✓'} {name}")
        for finding in findings:
            click.echo(textwrap.indent(str(finding), "    "))
        count += len(findings)
    click.echo(f"\n{count} findings" if count else "\nThe course holds.")
    ctx.exit(1 if count else 0)


def main() -> None:
    """Runs the command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that knows no ✓ gets a question mark
    commands(prog_name="autograder")


def _course() -> Course:
    return load_course(find_course())


def _exercise(course: Course, name: str) -> Exercise:
    unit, exercise = course.find(name)
    if exercise is None:
        names = ", ".join(each.name for each in unit.exercises)
        raise UnknownName(f"{name} is a unit; its exercises are {names}")
    return exercise


def _unit(course: Course, name: str) -> Unit:
    unit, _ = course.find(name)
    if unit.reference_path is None:
        raise UnknownName(f"there is no reference of {unit.name} here, so no stub can be made")
    return unit


def _show_hint(hints: tuple[str, ...], number: int) -> None:
    last = ", the last" if number == len(hints) else ""
    click.echo(f"hint {number} of {len(hints)}{last}")
    click.echo(textwrap.indent(textwrap.fill(hints[number - 1], 76), "  "))
