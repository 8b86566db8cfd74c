"""What pip puts into the environment: torch first, then the project with its pinned needs."""

import platform
import shutil
import sys
import tomllib
from collections.abc import Iterator, Set
from pathlib import Path
from typing import Final, NoReturn, cast

from environments import Environment
from failures import InstallError
from processes import Answer, Runner, quote_command
from steps import announce, show_end
from torch_builds import Attempt, Choice, Machine, TorchBuild, choose_build, read_pin

__all__ = ["DEV", "detect_machine", "has_nvidia_driver", "install", "list_commands", "torch_build"]

DEV: Final = "dev"  # the project's tools; the other parts are its extras
# What each part is, as it is told.
PARTS: Final = {
    "demo": "the demo's picture",
    "edl": "what reads edit lists",
    "train": "what measures and trains",
    DEV: "the tools for developing",
}
SIZES: Final = {"cpu": "some 200 MB", "cuda": "some 2 GB"}

# The kind of an installed torch. ROCm answers to the name of CUDA inside torch.
PROBE: Final = """
import torch
version = torch.version
print(torch.__version__.partition("+")[0], "cuda" if version.cuda or version.hip else "cpu")
"""


def has_nvidia_driver() -> bool:
    """Tell whether an NVIDIA driver is installed, without starting anything."""
    traces = (
        Path("/proc/driver/nvidia/version"),
        Path("/usr/lib/wsl/lib/nvidia-smi"),
        Path("C:/Windows/System32/nvcuda.dll"),
    )
    return shutil.which("nvidia-smi") is not None or any(trace.exists() for trace in traces)


def detect_machine(python: str) -> Machine:
    """Return what the choice of torch depends on, here.

    Args:
        python: Version inside the environment, `3.11`.
    """
    major, minor = python.split(".")
    return Machine(
        system=platform.system(),
        processor=platform.machine(),
        python=(int(major), int(minor)),
        has_nvidia=has_nvidia_driver(),
    )


def torch_build(environment: Environment, choice: Choice, python: str) -> TorchBuild:
    """Return the torch build for this machine.

    Raises:
        InstallError: There is none.
    """
    return choose_build(detect_machine(python), choice, read_pin(environment.constraints))


def list_commands(environment: Environment, build: TorchBuild, *, parts: Set[str]) -> Iterator[str]:
    """Yield the exact commands of a fresh installation, alternatives as comments."""
    yield quote_command([sys.executable, "-m", "venv", str(environment.folder)])
    for position, attempt in enumerate(build.attempts):
        if position:
            yield "# or, if that finds nothing:"
        yield quote_command(_torch_command(environment, attempt))
    for command in _project_commands(environment, parts):
        yield quote_command(command)


def install(
    environment: Environment, build: TorchBuild, choice: Choice, runner: Runner, *, parts: Set[str]
) -> str:
    """Install torch, unless a fitting one is there, and the project.

    Args:
        environment: Exists, with pip.
        build: The build for this machine.
        choice: `auto` keeps whatever kind is installed.
        runner: Starts pip.
        parts: Extras of the project and, as DEV, its tools.

    Returns:
        The kind of torch that is installed now.

    Raises:
        InstallError: pip could not get something; the hint names where it looked.
    """
    kind = _installed_kind(environment, build, runner)
    if not kind or (choice != "auto" and kind != build.kind):
        _install_torch(environment, build, runner)
    told = [text for part, text in PARTS.items() if part in parts]
    announce(", ".join(["Robust Matte and its libraries", *told]))
    for command in _project_commands(environment, parts):
        answer = runner.record(command, environment.log)
        if answer.code != 0:
            show_end(answer)
            raise InstallError(
                f"pip could not install the project into {environment.folder}.",
                hint="Its last lines are above; the same command run again goes on from here.",
            )
    kind = _installed_kind(environment, build, runner)
    if not kind or (choice != "auto" and kind != build.kind):
        _refuse_result(environment, build, runner)
    return kind


def _torch_command(environment: Environment, attempt: Attempt) -> list[str]:
    return environment.module("pip", "install", *attempt.arguments)


def _project_commands(environment: Environment, parts: Set[str]) -> list[list[str]]:
    """Return the commands after torch: the build backend, pinned as all else, then the project."""
    pip = environment.module("pip", "install", "--constraint", str(environment.constraints))
    tools = _dev_requirements(environment.root) if DEV in parts else []
    named = ",".join(sorted(parts - {DEV}))
    extras = f"[{named}]" if named else ""
    return [
        [*pip, "hatchling"],
        [*pip, "--no-build-isolation", "--editable", f"{environment.root}{extras}", *tools],
    ]


def _dev_requirements(root: Path) -> list[str]:
    """Return the dev group; pip itself reads groups only since 25.1."""
    document = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    return cast(list[str], document["dependency-groups"]["dev"])


def _installed_kind(environment: Environment, build: TorchBuild, runner: Runner) -> str:
    """Return the kind of a torch of the pinned version that imports, else an empty text."""
    answer = runner.capture([str(environment.python), "-P", "-W", "ignore", "-c", PROBE])
    words = answer.text.split()
    fits = answer.code == 0 and len(words) == 2 and words[0] == build.version
    return words[1] if fits else ""


def _install_torch(environment: Environment, build: TorchBuild, runner: Runner) -> None:
    replies: list[tuple[Attempt, Answer]] = []
    for attempt in build.attempts:
        announce(f"{build}, {SIZES[build.kind]}, from {attempt.source}")
        reply = runner.record(_torch_command(environment, attempt), environment.log)
        if reply.code == 0:
            return
        replies.append((attempt, reply))  # a miss is normal here: told only if all of them miss
    _refuse_sources(build, replies)


def _refuse_sources(build: TorchBuild, replies: list[tuple[Attempt, Answer]]) -> NoReturn:
    for attempt, reply in replies:
        sys.stderr.write(f"--- pip on {attempt.source}:\n")
        show_end(reply)
    sources = " or ".join(attempt.source for attempt in build.attempts)
    raise InstallError(
        f"{build} could not be had from {sources}.",
        hint="Open the way to one of them, or download that wheel elsewhere into a folder and run "
        "the same command with PIP_FIND_LINKS=FOLDER before it.",
    )


def _refuse_result(environment: Environment, build: TorchBuild, runner: Runner) -> NoReturn:
    answer = runner.capture([str(environment.python), "-P", "-c", PROBE])
    reply = " / ".join(answer.text.strip().splitlines()[-1:])
    raise InstallError(
        f"{build} was installed into {environment.folder}, but importing it says: {reply}.",
        hint=f"On Linux torch needs glibc 2.28 or newer; else delete {environment.folder} and run "
        "the same command again.",
    )
