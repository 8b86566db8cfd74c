"""The command line's door: commands, exit codes and the words for errors."""

import logging
import sys
from typing import Annotated

import typer
from typer._click.exceptions import ClickException, NoArgsIsHelpError

from robust_matte import __version__
from robust_matte.cli.doctor import doctor_command
from robust_matte.cli.info import info_command
from robust_matte.cli.key import key_command
from robust_matte.cli.usage import misused
from robust_matte.cli.weights import weights_app
from robust_matte.errors import RobustMatteError

__all__ = ["app", "main"]

app = typer.Typer(
    name="robust-matte",
    help="Robust Video Matting for compositors: cut people out of EXR sequences and movies.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.command("key")(key_command)
app.add_typer(weights_app, name="weights")
app.command("info")(info_command)
app.command("doctor")(doctor_command)


def _print_version(is_asked: bool) -> None:
    if is_asked:
        print(f"robust-matte {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print it."),
    ] = False,
) -> None:
    """Robust Video Matting for compositors: cut people out of EXR sequences and movies."""


def main() -> None:
    """Run the command line; a mistake is two sentences and an exit code, never a traceback."""
    try:
        sys.exit(app(prog_name="robust-matte", standalone_mode=False))
    except RobustMatteError as error:
        sys.exit(_told(error))
    except NoArgsIsHelpError as error:  # the help has been printed
        sys.exit(error.exit_code)
    except ClickException as error:
        sys.exit(_told(misused(error)))


def _told(error: RobustMatteError) -> int:
    """Print an error for people and return its exit code; the traceback is for `-v`."""
    logging.getLogger(__name__).debug("traceback", exc_info=error)
    print(f"{error.what}\n{error.hint}".rstrip(), file=sys.stderr)
    return error.exit_code
