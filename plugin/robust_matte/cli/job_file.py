"""`robust-matte key --job`: key what a JSON document says, as hosts send it to the worker."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from robust_matte.cli.key_options import RUN_PANEL
from robust_matte.cli.planned import is_typed
from robust_matte.errors import SettingsError

if TYPE_CHECKING:
    from robust_matte.settings.key_settings import KeySettings

__all__ = ["JobFile", "job_settings"]

JobFile = Annotated[
    Path | None,
    typer.Option(
        "--job",
        metavar="FILE",
        help="In place of PLATE and all flags of matte, frames and output: a JSON document with "
        "the job, as hosts send it to the worker. Relative paths in it are relative to FILE.",
        rich_help_panel=RUN_PANEL,
    ),
]

_HOW = {"device", "threads", "repin", "offline"}  # settings of a job that say how it runs


def job_settings(context: typer.Context, path: Path, options: Mapping[str, Any]) -> "KeySettings":
    """Return what a job document says, but for how it runs where the command line says that.

    Raises:
        SettingsError: The document is none, or the command says twice what is keyed.
        InputError: It cannot be read.
    """
    params: list[Any] = context.command.params
    typed = {one.name: one for one in params if is_typed(context, one.name)}
    for name, parameter in typed.items():
        if name in ("plate", "plan"):
            flag = "PLATE" if name == "plate" else "--plan"
            raise SettingsError(
                f"{flag} and --job are both named.", hint="Name one: the job says what is keyed."
            )
        if getattr(parameter, "rich_help_panel", "") != RUN_PANEL:
            raise SettingsError(
                f"{parameter.opts[0]} is settled in the job.",
                hint="Leave it out, or write it into the job's file.",
            )
    from robust_matte.jobs.job_document import read_job
    from robust_matte.settings.key_settings import KeySettings

    told = {name: options[name] for name in typed.keys() & _HOW}
    return KeySettings(**(read_job(path).model_dump() | told))
