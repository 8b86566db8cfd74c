"""What all engines are told of a job, as options; after `--` come further options of `plan`."""

import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer
from typer.core import TyperCommand, TyperGroup

from robust_matte.errors import SettingsError

if TYPE_CHECKING:
    from robust_matte.farm.farm_job import FarmJob, Machine

__all__ = [
    "HOW",
    "NEEDS",
    "WHAT",
    "PlanOptions",
    "job_options",
    "read_job",
    "read_machine",
    "read_model",
    "read_program",
]

WHAT, HOW, NEEDS = "What is keyed", "The job", "Machines"


def job_options(
    plates: Annotated[
        str | None,
        typer.Option(
            metavar="DIR", help="The folder that all plates are in.", rich_help_panel=WHAT
        ),
    ] = None,
    plate: Annotated[
        str,
        typer.Option(
            metavar="PLATE",
            help="What of it is keyed: a folder of shots, one shot's folder, a movie, or a pattern "
            "such as sh010/plate.####.exr; by default all of it.",
            rich_help_panel=WHAT,
        ),
    ] = ".",
    out: Annotated[
        str | None,
        typer.Option(
            "--out",
            "-o",
            metavar="DIR",
            help="The folder that results and plan.json go to.",
            rich_help_panel=WHAT,
        ),
    ] = None,
    model: Annotated[
        str,
        typer.Option(
            metavar="auto|NAME|FILE",
            help="The weights, by a name or by their file; tasks never fetch any.",
            rich_help_panel=WHAT,
        ),
    ] = "auto",
    name: Annotated[
        str, typer.Option(help="What the engine calls the job.", rich_help_panel=HOW)
    ] = "Robust Matte",
    bins: Annotated[
        int,
        typer.Option(
            min=1,
            max=1000,
            help="Tasks that the work is packed into: about as many as workers are to be had.",
            rich_help_panel=HOW,
        ),
    ] = 16,
    split: Annotated[
        str | None,
        typer.Option(
            metavar="states:FRAMES",
            help="Split segments longer than that, exactly: a quick serial pass saves the "
            "network's state there.",
            rich_help_panel=HOW,
        ),
    ] = None,
    program: Annotated[
        str,
        typer.Option(
            metavar="WORDS",
            help="The program on the workers, such as /opt/rm/bin/robust-matte, or "
            '"python -m robust_matte"; no script around it, or SIGTERM gets lost.',
            rich_help_panel=HOW,
        ),
    ] = "robust-matte",
    overwrite: Annotated[
        bool,
        typer.Option("--overwrite", help="Replace files that are there.", rich_help_panel=HOW),
    ] = False,
    gpus: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="GPUs of a task that keys: with 1 it fails where there is none, 0 keys on CPUs; "
            "by default it takes what the machine has.",
            rich_help_panel=NEEDS,
        ),
    ] = None,
    gpu_memory: Annotated[
        int | None,
        typer.Option(
            metavar="MIB", min=1, help="Least memory of its GPU, in MiB.", rich_help_panel=NEEDS
        ),
    ] = None,
    memory: Annotated[
        int | None,
        typer.Option(metavar="MIB", min=1, help="Least memory, in MiB.", rich_help_panel=NEEDS),
    ] = None,
) -> None:
    """Declare what all engines are told of a job."""


PlanOptions = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="-- OPTIONS",
        help="Options of robust-matte plan, such as -- --despill green --plate-space ACEScg.",
    ),
]

_FILES, _PERHAPS_FILES = {"--garbage", "--core"}, {"--config", "--cuts"}

# What a job says itself, before `--` or in its own way.
_OWN = {
    *("--output", "-o", "--bins", "--split", "--root", "--model", "--device", "--offline"),
    *("--progress", "--on-term", "--plan", "--bin", "--segment", "--help"),
}


def read_machine(
    gpus: int | None, gpu_memory: int | None = None, memory: int | None = None
) -> "Machine":
    """Return what keying needs of a machine."""
    from robust_matte.farm.farm_job import Machine

    return Machine(gpus=gpus, gpu_memory=gpu_memory, memory=memory)


def read_job(
    context: typer.Context, plan_options: Sequence[str] | None, options: dict[str, Any]
) -> "FarmJob":
    """Return the job that a command line describes.

    Args:
        context: Of the command, from which `plan` is found.
        plan_options: What comes after `--`.
        options: The values of `job_options`, of which a command may lack some.

    Raises:
        SettingsError: Something is missing, unknown, out of range, or not the user's to say.
    """
    from robust_matte.farm.farm_job import FarmJob

    if options["plates"] is None or options["out"] is None:
        raise SettingsError(
            "The folders of plates and result are not both named.",
            hint="Write --plates DIR --out DIR.",
        )
    return FarmJob(
        plates=_whole(options["plates"]),
        plate=options["plate"],
        out=_whole(options["out"]),
        model=read_model(options["model"]),
        bins=options["bins"],
        name=options.get("name", "Robust Matte"),
        program=read_program(options["program"]),
        split=_read_split(options["split"]),
        options=_read_options(context, list(plan_options or ())),
        machine=read_machine(options["gpus"], options.get("gpu_memory"), options.get("memory")),
    )


def read_model(text: str) -> str:
    """Return the weights by their name, or by their file's whole path."""
    from robust_matte.farm.plan_parameters import is_file

    return _whole(text) if is_file(text) else text


def read_program(text: str) -> tuple[str, ...]:
    """Return the words of a program.

    Raises:
        SettingsError: It has none, or a quote that does not end.
    """
    try:
        words = tuple(shlex.split(text))
    except ValueError:
        words = ()
    if not words:
        raise SettingsError(
            f'The program "{text}" cannot be understood.',
            hint="Write its path, or words such as python -m robust_matte, in quotes.",
        )
    return words


def _read_split(text: str | None) -> int | None:
    """Return the frames between two states, or None where nothing is split.

    Raises:
        SettingsError: It is not written as `states:FRAMES`.
    """
    kind, _, frames = (text or "").partition(":")
    if text is None:
        return None
    if kind != "states" or not frames.isdecimal() or int(frames) < 1:
        raise SettingsError(
            f'The split "{text}" cannot be understood.', hint="Write it like states:200."
        )
    return int(frames)


def _read_options(context: typer.Context, words: list[str]) -> tuple[tuple[str, ...], ...]:
    """Check further options by the command line of `plan`, and tell them apart."""
    root = context.find_root()
    commands = cast(TyperGroup, root.command).commands
    command = commands["plan"]
    # Raises where it has no such option, or not with that value.
    command.make_context("plan", [*words, "--output", ".", "."], parent=root).close()
    pairs = _paired(cast(TyperCommand, command), words)
    return tuple((one[0], *map(_whole, one[1:])) if _is_file(one) else one for one in pairs)


def _is_file(option: tuple[str, ...]) -> bool:
    """Return whether an option names files, which tasks find by their whole path alone."""
    flag, *value = option
    return flag in _FILES or (flag in _PERHAPS_FILES and Path(value[0]).is_file())


def _whole(path: str) -> str:
    """Return a path from the root on; one of another system is left as it is."""
    from robust_matte.farm.plan_parameters import is_whole

    return path if is_whole(path) else os.path.abspath(path)  # noqa: PTH100 - takes .. out, too


def _paired(command: TyperCommand, words: list[str]) -> list[tuple[str, ...]]:
    """Return each option's flag in its long form, with its value where it takes one."""
    options: dict[str, Any] = {flag: one for one in command.params for flag in one.opts}
    pairs: list[tuple[str, ...]] = []
    left = list(words)
    while left:
        word = left.pop(0)
        flag, sign, value = word.partition("=")
        if flag not in options or not flag.startswith("-"):
            raise SettingsError(
                f"{word} stands alone among the options of plan.",
                hint="After -- write options only; plates are named by --plates and --plate.",
            )
        if flag in _OWN:
            raise SettingsError(
                f"{flag} after -- is the job's own.",
                hint="Write it before --, or leave it out: farm --help lists what a job is told.",
            )
        name = next(one for one in options[flag].opts if one.startswith("--"))
        if options[flag].is_flag:
            pairs.append((name,))
        else:
            pairs.append((name, value if sign else left.pop(0)))
    return pairs
