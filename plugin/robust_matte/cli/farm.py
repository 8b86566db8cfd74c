"""`robust-matte farm`: jobs for render farms, in the form of each engine."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from robust_matte.cli.farm_options import (
    HOW,
    NEEDS,
    WHAT,
    PlanOptions,
    job_options,
    read_job,
    read_machine,
    read_program,
)
from robust_matte.cli.key_options import taking
from robust_matte.cli.planned import is_typed
from robust_matte.cli.stopping import OnTerm
from robust_matte.errors import SettingsError, WouldOverwriteError

__all__ = [
    "bundle_command",
    "commands_command",
    "deadline10_command",
    "farm_app",
    "flamenco_command",
    "opencue_command",
    "tractor_command",
]

_SAID_BY_PLAN = ("plates", "plate", "out", "bins", "split")
_NOT_OF_COMMANDS = (*_SAID_BY_PLAN, "name", "overwrite", "gpu_memory", "memory")


farm_app = typer.Typer(
    help="Jobs for render farms: OpenJD and AWS Deadline Cloud, Deadline 10, OpenCue, Tractor, "
    "Flamenco, and plain lists of commands.",
    no_args_is_help=True,
)


@farm_app.command("bundle")
@taking(job_options)
def bundle_command(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The bundle's folder.")],
    plan_options: PlanOptions = None,
    plan: Annotated[
        Path | None,
        typer.Option(
            metavar="PLAN",
            help="A plan.json that is there already: a task for each of its segments, in place of "
            "planning on the farm.",
            rich_help_panel=WHAT,
        ),
    ] = None,
    notify_period: Annotated[
        int,
        typer.Option(
            metavar="SECONDS",
            min=1,
            max=600,
            help="Time between SIGTERM and the kill.",
            rich_help_panel=HOW,
        ),
    ] = 60,
    **options: Any,
) -> None:
    """Write an Open Job Description job bundle: plan, key in bins, check.

    Plates and result are parameters, which an engine maps from one system's paths to another's.
    """
    from robust_matte.farm.bundle import Bundle, write_bundle
    from robust_matte.farm.planned_job import planned_job

    if plan is None:
        bundle = Bundle(job=read_job(context, plan_options, options), notify_s=notify_period)
    else:
        if plan_options or any(is_typed(context, name) for name in _SAID_BY_PLAN):
            raise SettingsError(
                f"The plan {plan} says already what is keyed, and how.",
                hint="Leave out --plates, --plate, --out, --bins, --split and what comes after --.",
            )
        machine = read_machine(options["gpus"], options["gpu_memory"], options["memory"])
        program = read_program(options["program"])
        made, job = planned_job(
            plan,
            name=options["name"],
            program=program,
            machine=machine,
            model=options["model"],
        )
        bundle = Bundle(job=job, notify_s=notify_period, plan=made)
    for path in write_bundle(folder, bundle, may_replace=options["overwrite"]):
        print(path)


@farm_app.command("commands")
@taking(job_options, without=_NOT_OF_COMMANDS)
def commands_command(
    plan: Annotated[Path, typer.Argument(metavar="PLAN", help="The plan.json.")],
    on_term: Annotated[
        OnTerm,
        typer.Option(
            help="How a task ends after SIGTERM: with exit code 75, or by the signal, as OpenCue "
            "wants it.",
            rich_help_panel=HOW,
        ),
    ] = OnTerm.EXIT75,
    **options: Any,
) -> None:
    """Print a command for each segment of PLAN: for cuecmd, GNU parallel, SLURM arrays and others.

    They may run in any order and beside each other; run robust-matte check when all are done.
    """
    from robust_matte.farm.command_lines import command_lines
    from robust_matte.farm.planned_job import planned_job
    from robust_matte.farm.verbs import Manner, places_of

    machine, program = read_machine(options["gpus"]), read_program(options["program"])
    made, job = planned_job(
        plan, name="commands", program=program, machine=machine, model=options["model"]
    )
    places = places_of(job, Manner(progress="plain", on_term=on_term.value))
    for line in command_lines(made, program, places):
        print(line)


@farm_app.command("opencue")
@taking(job_options)
def opencue_command(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE.py", help="The script to write.")],
    plan_options: PlanOptions = None,
    **options: Any,
) -> None:
    """Write a script that launches the job on OpenCue with pyoutline."""
    from robust_matte.farm.open_cue import open_cue_script

    job = read_job(context, plan_options, options)
    _write({file: open_cue_script(job)}, may_replace=options["overwrite"])


@farm_app.command("deadline10")
@taking(job_options, without=("gpu_memory", "memory"))
def deadline10_command(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder for its files.")],
    plan_options: PlanOptions = None,
    info: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE",
            help="A line for each job's info file, such as Pool=comp; may be given several times.",
            rich_help_panel=HOW,
        ),
    ] = None,
    **options: Any,
) -> None:
    """Write the files of jobs for Thinkbox Deadline 10, and submit.py, which submits them."""
    from robust_matte.farm.deadline10 import deadline10_files

    made = deadline10_files(read_job(context, plan_options, options), info or ())
    files = {folder / file: text for file, text in made.items()}
    _write(files, may_replace=options["overwrite"])


@farm_app.command("tractor")
@taking(job_options, without=("gpu_memory", "memory"))
def tractor_command(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE.alf", help="The alfscript to write.")],
    plan_options: PlanOptions = None,
    service: Annotated[
        str,
        typer.Option(
            metavar="KEY",
            help="The service key of blades that take its tasks.",
            rich_help_panel=NEEDS,
        ),
    ] = "RobustMatte",
    **options: Any,
) -> None:
    """Write the job as an alfscript for Pixar's Tractor, to be spooled with tractor-spool."""
    from robust_matte.farm.tractor import tractor_script

    job = read_job(context, plan_options, options)
    _write({file: tractor_script(job, service)}, may_replace=options["overwrite"])


@farm_app.command("flamenco")
@taking(job_options, without=("name", "gpu_memory", "memory"))
def flamenco_command(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE.js", help="The job type to write.")],
    plan_options: PlanOptions = None,
    **options: Any,
) -> None:
    """Write a job type for Blender's Flamenco 3; what is told here are its settings' defaults."""
    from robust_matte.farm.flamenco import flamenco_script

    job = read_job(context, plan_options, options)
    _write({file: flamenco_script(job)}, may_replace=options["overwrite"])


def _write(texts: Mapping[Path, str], *, may_replace: bool) -> None:
    """Write files and print their names."""
    from robust_matte.media.atomic import write_atomically

    for path in texts:
        if path.exists() and not may_replace:
            raise WouldOverwriteError(
                f"{path} exists.",
                hint="Choose another name, or replace it with --overwrite.",
                path=path,
            )
    for path, text in texts.items():
        write_atomically(path, text.encode())
        print(path)
