"""Which torch a machine gets, and how pip is asked for it.

PyPI's torch for Linux needs some 2 GB of CUDA packages, also where there is no GPU. The builds
without them carry a label, `2.13.0+cpu`, which PyPI does not accept: asking for the label by name
can never fetch the large one, whatever indexes a studio has put into its pip configuration.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, get_args

from failures import InstallError

__all__ = ["Attempt", "Choice", "Kind", "Machine", "TorchBuild", "choose_build", "read_pin"]

Choice = Literal["auto", "cpu", "cuda"]
Kind = Literal["cpu", "cuda"]

INDEX: Final = "https://download.pytorch.org/whl/"
CUDA_LABEL: Final = "cu130"  # torch 2.13 on PyPI requires cuda-toolkit 13.0
OWN_SOURCES: Final = "this machine's pip configuration (index, find-links)"
PYTHONS: Final = ((3, 11), (3, 14))  # oldest and newest with wheels of this torch and of our needs
PROCESSORS: Final = {
    "Linux": {"x86_64", "aarch64"},
    "Windows": {"amd64", "x86_64"},
    "Darwin": {"arm64"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What the choice depends on.

    Args:
        system: As `platform.system()` says: Linux, Darwin, Windows.
        processor: As `platform.machine()` says: x86_64, aarch64, arm64, AMD64.
        python: Major and minor version.
        has_nvidia: An NVIDIA driver was seen.
    """

    system: str
    processor: str
    python: tuple[int, int]
    has_nvidia: bool


@dataclass(frozen=True, slots=True)
class Attempt:
    """One way of asking pip: where it looks, in words, and the arguments after `pip install`."""

    source: str
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TorchBuild:
    """The build for a machine and the ways to get it, best first."""

    kind: Kind
    version: str
    python: tuple[int, int]
    attempts: tuple[Attempt, ...]

    def __str__(self) -> str:
        major, minor = self.python
        return f"torch {self.version} ({self.kind}) for Python {major}.{minor}"


def read_pin(constraints: Path) -> str:
    """Return the torch version that `constraints.txt` pins, e.g. `2.13.0`.

    Raises:
        InstallError: There is no such line.
    """
    for line in constraints.read_text("utf-8").splitlines():
        name, _, version = line.partition("#")[0].strip().partition("==")
        if name == "torch" and version:
            return version
    raise InstallError(
        f"{constraints} pins no torch.", hint="Restore the file from the repository and run again."
    )


def choose_build(machine: Machine, choice: Choice, version: str) -> TorchBuild:
    """Choose the torch build for a machine.

    `auto` takes CUDA where a driver was seen. On Apple silicon there is one build; it holds Metal.

    Args:
        machine: See there.
        choice: What the user asked for.
        version: The pinned version without label.

    Returns:
        Kind and attempts; each attempt names one exact build, so none can deliver the other kind.

    Raises:
        InstallError: torch has no such build for this machine.
    """
    _check_machine(machine, choice, version)
    if choice == "cuda" or (choice == "auto" and machine.has_nvidia and machine.system != "Darwin"):
        attempts = _cuda_attempts(machine.system, version)
        return TorchBuild("cuda", version, machine.python, attempts)
    return TorchBuild("cpu", version, machine.python, _cpu_attempts(machine.system, version))


def _check_machine(machine: Machine, choice: Choice, version: str) -> None:
    if choice not in get_args(Choice):
        raise InstallError(
            f"--torch {choice} is not known.", hint="Use auto, cpu or cuda.", exit_code=2
        )
    if not PYTHONS[0] <= machine.python <= PYTHONS[1]:
        spoken = ".".join(map(str, machine.python))
        raise InstallError(
            f"torch {version} has no build for Python {spoken}.",
            hint="Run the bootstrap with Python 3.11, 3.12 or 3.13.",
        )
    if machine.processor.lower() not in PROCESSORS.get(machine.system, set()):
        raise InstallError(
            f"torch {version} has no build for {machine.system} on {machine.processor}.",
            hint=_processor_hint(machine.system),
        )
    if choice == "cuda" and machine.system == "Darwin":
        raise InstallError(
            "CUDA does not exist on macOS.",
            hint="Use --torch auto: the build for macOS drives the Mac's own GPU.",
        )


def _processor_hint(system: str) -> str:
    if system == "Darwin":
        return (
            "Intel Macs ended with torch 2.2. On Apple silicon this Python itself is an Intel "
            "build: run the bootstrap with an arm64 Python."
        )
    return "Use Linux on x86-64 or arm64, Windows on x86-64, or a Mac with Apple silicon."


def _cpu_attempts(system: str, version: str) -> tuple[Attempt, ...]:
    labelled = (
        Attempt(OWN_SOURCES, ("--no-deps", f"torch=={version}+cpu")),
        Attempt(
            f"{INDEX}cpu", ("--no-deps", "--index-url", f"{INDEX}cpu", f"torch=={version}+cpu")
        ),
    )
    # `===` compares letter by letter: without it a label of any kind would satisfy the version
    plain = Attempt(OWN_SOURCES, ("--no-deps", f"torch==={version}"))
    if system == "Darwin":
        return (plain,)
    return (plain, *labelled[1:]) if system == "Windows" else labelled


def _cuda_attempts(system: str, version: str) -> tuple[Attempt, ...]:
    index = f"{INDEX}{CUDA_LABEL}"
    labelled = Attempt(index, ("--no-deps", "--index-url", index, f"torch=={version}+{CUDA_LABEL}"))
    if system == "Windows":  # PyPI's build for Windows is the one without CUDA
        return (Attempt(OWN_SOURCES, ("--no-deps", f"torch=={version}+{CUDA_LABEL}")), labelled)
    return (Attempt(OWN_SOURCES, ("--no-deps", f"torch==={version}")), labelled)
