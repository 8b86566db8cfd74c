"""The bootstrap's command line: environment first, then the command."""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from blender_install import install as install_blender
from blender_install import list_plan
from blender_request import BlenderRequest, Session
from blender_search import Disk
from blender_uninstall import uninstall as uninstall_blender
from blender_wheels import list_wheel_commands, make_blenders
from environments import Environment, Stamp, lock, make_environment
from failures import EXIT_USAGE, InstallError
from key_arguments import check_key_arguments
from packages import DEV, install, list_commands, torch_build
from processes import Runner, SystemRunner, quote_command
from stages import build_docs, list_docs_commands, list_stages, run_stages
from steps import announce
from torch_builds import Choice

__all__ = ["Request", "main", "parse_request", "prepare"]

ROOT: Final = Path(__file__).resolve().parents[1]
ENGINE: Final = (
    *("key", "shape", "assemble", "demo"),
    *("info", "doctor", "weights", "evaluate", "train"),
)
DEVELOPING: Final = ("test", "docs")
COMMANDS: Final = (*ENGINE, *DEVELOPING, "blender", "setup")
# The parts that a command needs beside the engine: extras of the project, and its tools.
NEEDS: Final = {
    "demo": frozenset({"demo"}),
    "evaluate": frozenset({"train"}),
    "train": frozenset({"train"}),
} | dict.fromkeys(DEVELOPING, frozenset({"demo", "edl", "train", DEV}))
EXIT_STOPPED: Final = 130
_OWN: Final = ("docs", "setup")  # commands that take no words
_HELP: Final = frozenset({"-h", "--help"})
USAGE: Final = """\
python3 install/bootstrap.py [FLAGS] COMMAND ...

Commands:
  key PLATE ...          Set up if need be, then run `robust-matte key PLATE ...`.
  demo [-o DIR] ...      Likewise `robust-matte demo ...`: draws a plate and keys it.
  shape, assemble, info, doctor, weights, evaluate, train
                         Likewise with `robust-matte info ...` and so on.
  test [--full] [--without-hosts] [...]
                         Set up if need be, then run every check; the rest goes to pytest. Blenders
                         for it, of 1 GB each, are set up as well unless --without-hosts.
  blender [--blender PATH ...] [--uninstall]
                         Set up if need be, then install the node into every Blender that is found,
                         or into those that are named; --uninstall removes it again.
  docs                   Set up if need be, then build the documents into build/docs.
  setup                  Set up only.

Flags, before or after the command (what follows `--` is never taken for one of them):
  --torch auto|cpu|cuda  The torch build. auto: keep what is installed, else CUDA where an NVIDIA
                         driver is found, else CPU.
  --venv DIR             The environment's folder. [.venv in the repository]
  --dry-run              Print the commands of a fresh installation and do nothing.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The command line, understood.

    Args:
        command: One of COMMANDS.
        arguments: What the command gets.
        torch: The build that was asked for.
        folder: The environment.
        is_dry: Only print.
    """

    command: str
    arguments: tuple[str, ...] = ()
    torch: Choice = "auto"
    folder: Path = ROOT / ".venv"
    is_dry: bool = False

    @property
    def needs(self) -> frozenset[str]:
        """The parts that the command needs beside the engine."""
        return NEEDS.get(self.command, frozenset())


@dataclass(frozen=True, slots=True, kw_only=True)
class TestFlags:
    """What `test` was told.

    Args:
        arguments: What pytest gets.
        full: Also the long matrices.
        hosts: Also in hosts, which are fetched.
    """

    arguments: list[str]
    full: bool
    hosts: bool

    @classmethod
    def of(cls, request: Request) -> "TestFlags":
        """Take our flags out of a request's arguments."""
        ours = {"--full", "--without-hosts"}
        return cls(
            arguments=[word for word in request.arguments if word not in ours],
            full="--full" in request.arguments,
            hosts="--without-hosts" not in request.arguments,
        )


def parse_request(words: Sequence[str]) -> Request:
    """Take our flags out of the command line; the rest stays as it is, in order.

    argparse is of no use: it would claim `-h` and abbreviations that belong to the command.

    Raises:
        InstallError: No known command, or a flag without its value.
    """
    rest, values, is_dry = _split_flags(words)
    if not rest or rest[0] not in COMMANDS:
        what = f"{rest[0]} is no command of the bootstrap." if rest else "No command was given."
        raise InstallError(what, hint=USAGE, exit_code=EXIT_USAGE)
    if rest[0] in _OWN and rest[1:]:  # `setup --help` must not fetch gigabytes
        what = f"{rest[0]} has no use for {' '.join(rest[1:])}."
        raise InstallError(what, hint=USAGE, exit_code=EXIT_USAGE)
    folder = Path(values.get("--venv", ROOT / ".venv")).expanduser().absolute()
    torch = values.get("--torch", "auto")
    if torch not in ("auto", "cpu", "cuda"):
        raise InstallError(
            f"--torch {torch} is not known.", hint="Use auto, cpu or cuda.", exit_code=EXIT_USAGE
        )
    return Request(
        command=rest[0],
        arguments=tuple(rest[1:]),
        torch=cast(Choice, torch),
        folder=folder,
        is_dry=is_dry,
    )


def _split_flags(words: Sequence[str]) -> tuple[list[str], dict[str, str], bool]:
    """Return the words that are not ours, our flags with a value, and whether it is a dry run."""
    rest: list[str] = []
    values: dict[str, str] = {}
    is_dry = False
    left = list(words)
    while left:
        word = left.pop(0)
        flag, has_value, value = word.partition("=")
        if word == "--":
            return rest + left, values, is_dry
        if word == "--dry-run":
            is_dry = True
        elif flag not in ("--torch", "--venv"):
            rest.append(word)
        elif has_value or left:
            values[flag] = value if has_value else left.pop(0)
        else:
            raise InstallError(f"{flag} has no value.", hint=USAGE, exit_code=EXIT_USAGE)
    return rest, values, is_dry


def prepare(environment: Environment, request: Request, runner: Runner) -> None:
    """Bring the environment to what the request needs; nothing is done twice.

    Raises:
        InstallError: It cannot be done; the next run starts where this one ended.
    """
    if _is_ready(environment, request, runner):
        return
    if request.command == "key":
        check_key_arguments(request.arguments)
    with lock(environment):
        if _is_ready(environment, request, runner):  # the other one did it while we waited
            return
        _set_up(environment, request, runner)


def _set_up(environment: Environment, request: Request, runner: Runner) -> None:
    start = time.monotonic()
    sys.stderr.write(f"Setting up {environment.folder} (log: {environment.log})\n")
    before = environment.read_stamp()
    parts = request.needs | (before.parts if before is not None else frozenset())
    environment.drop_stamp()
    make_environment(environment, runner)
    build = torch_build(environment, request.torch, environment.python_version(runner))
    kind = install(environment, build, request.torch, runner, parts=parts)
    environment.write_stamp(Stamp(digest=environment.digest(), torch=kind, parts=parts))
    announce(f"done in {time.monotonic() - start:.0f} s")


def _is_ready(environment: Environment, request: Request, runner: Runner) -> bool:
    stamp = environment.read_stamp()
    return (
        stamp is not None
        and stamp.digest == environment.digest()
        and request.torch in ("auto", stamp.torch)
        and request.needs <= stamp.parts
        and environment.python_version(runner) != ""
    )


def main(words: Sequence[str], runner: Runner | None = None) -> int:
    """Run the bootstrap.

    Args:
        words: The command line without the program.
        runner: Starts programs; the real one if left out.

    Returns:
        The command's own exit code; 2 for a wrong command line, 7 where the set-up fails.
    """
    if not words or words[0] in _HELP or _asks_for_ours(words):
        sys.stdout.write(USAGE)
        return 0 if words else EXIT_USAGE
    try:
        return _run(parse_request(words), runner or SystemRunner())
    except InstallError as error:
        return _tell(error)
    except OSError as error:
        return _tell(_translate(error))
    except KeyboardInterrupt:
        sys.stderr.write("Stopped. The same command run again goes on from here.\n")
        return EXIT_STOPPED


def _asks_for_ours(words: Sequence[str]) -> bool:
    """Say whether somebody wants help about a command that is the bootstrap's own alone."""
    return words[0] in _OWN and not _HELP.isdisjoint(words[1:])


def _tell(error: InstallError) -> int:
    sys.stderr.write(f"{error}\n")
    return error.exit_code


def _translate(error: OSError) -> InstallError:
    return InstallError(
        f"{error.filename or 'This machine'} cannot be used: {error.strerror or error}.",
        hint="Put that right and run the same command again: it goes on where it ended.",
    )


def _run(request: Request, runner: Runner) -> int:
    environment = Environment(root=ROOT, folder=request.folder)
    if request.is_dry:
        return _print_plan(environment, request)
    if request.command == "blender":
        return _run_blender(environment, request, runner)
    prepare(environment, request, runner)
    if request.command == "test":
        flags = TestFlags.of(request)
        if flags.hosts:
            make_blenders(environment, runner, full=flags.full)
        return run_stages(environment, flags.arguments, runner, full=flags.full)
    if request.command == "docs":
        return build_docs(environment, runner)
    if request.command == "setup":
        sys.stderr.write(f"Ready: {environment.folder}\n")
        return 0
    return runner.hand_over(_engine_command(environment, request))


def _run_blender(environment: Environment, request: Request, runner: Runner) -> int:
    asked = BlenderRequest.of(request.arguments)
    session = Session(environment=environment, runner=runner)
    if asked.is_removal:
        return uninstall_blender(asked, session)
    prepare(environment, request, runner)
    return install_blender(asked, session)


def _engine_command(environment: Environment, request: Request) -> list[str]:
    return environment.module("robust_matte", request.command, *request.arguments)


def _print_plan(environment: Environment, request: Request) -> int:
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    build = torch_build(environment, request.torch, python)
    lines = list(list_commands(environment, build, parts=request.needs))
    if request.command == "test":
        flags = TestFlags.of(request)
        lines += list_wheel_commands(environment, full=flags.full) if flags.hosts else ()
        stages = list_stages(environment, flags.arguments, full=flags.full)
        lines += [quote_command(command) for _, command in stages]
    elif request.command == "docs":
        lines += [quote_command(command) for command in list_docs_commands(environment)]
    elif request.command == "blender":
        asked = BlenderRequest.of(request.arguments)
        lines = [] if asked.is_removal else lines
        lines += list_plan(asked, environment, Disk())
    elif request.command in ENGINE:
        lines.append(quote_command(_engine_command(environment, request)))
    sys.stdout.write("\n".join(lines) + "\n")
    return 0
