"""The command line's door: commands, exit codes and the words for errors."""

import errno
import logging
import os
import sys
from typing import Annotated

import typer
from typer._click.exceptions import ClickException, NoArgsIsHelpError

from robust_matte import __version__
from robust_matte.cli.assemble import assemble_command
from robust_matte.cli.check import check_command
from robust_matte.cli.demo import demo_command
from robust_matte.cli.doctor import doctor_command
from robust_matte.cli.evaluate import evaluate_command
from robust_matte.cli.farm import farm_app
from robust_matte.cli.info import info_command
from robust_matte.cli.key import key_command
from robust_matte.cli.plan import plan_command
from robust_matte.cli.serve import serve_command
from robust_matte.cli.shape import shape_command
from robust_matte.cli.speaking import take_stdout, tell_failure
from robust_matte.cli.states import states_command
from robust_matte.cli.stopping import end_as_told
from robust_matte.cli.train import train_command
from robust_matte.cli.usage import misused
from robust_matte.cli.weights import weights_app
from robust_matte.errors import OutputError, RobustMatteError

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
app.command("plan")(plan_command)
app.command("check")(check_command)
app.command("states")(states_command)
app.command("assemble")(assemble_command)
app.command("shape")(shape_command)
app.command("demo")(demo_command)
app.command("serve")(serve_command)
app.add_typer(weights_app, name="weights")
app.add_typer(farm_app, name="farm")
app.command("info")(info_command)
app.command("doctor")(doctor_command)
app.command("evaluate")(evaluate_command)
app.command("train")(train_command)


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
    take_stdout(sys.argv[1:])
    try:
        code = app(prog_name="robust-matte", standalone_mode=False)
        sys.stdout.flush()  # here: at Python's own end a full disk is beyond words
        sys.exit(code)
    except RobustMatteError as error:
        code = _told(error)
        end_as_told(error)
        sys.exit(code)
    except NoArgsIsHelpError as error:  # the help has been printed
        sys.exit(error.exit_code)
    except ClickException as error:
        sys.exit(_told(misused(error)))
    except OSError as error:
        if error.filename is not None:  # a fault of ours: files have errors of their own
            raise
        sys.exit(_unprinted(error))


def _unprinted(error: OSError) -> int:
    """Say that stdout takes nothing, unless its reader has seen enough, as `head` does."""
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - what is left goes there, in silence
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
    if error.errno == errno.EPIPE:
        return 1
    what = f"What is printed cannot be written: {error.strerror}."
    return _told(OutputError(what, hint="Let it go to another file, or to the terminal."))


def _told(error: RobustMatteError) -> int:
    """Print an error for people and return its exit code; the traceback is for `-v`."""
    logging.getLogger(__name__).debug("traceback", exc_info=error)
    print(f"{error.what}\n{error.hint}".rstrip(), file=sys.stderr)
    tell_failure(error)
    return error.exit_code
