"""Which torch every machine gets."""

import importlib.metadata
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from failures import InstallError
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from torch_builds import Choice, Kind, Machine, choose_build, read_pin

CPU = "https://download.pytorch.org/whl/cpu"
CUDA = "https://download.pytorch.org/whl/cu130"
OWN = None  # pip's own configuration

NVIDIA, NONE = True, False

# system, processor, driver, choice -> kind, (index, requirement) of every attempt
TABLE: list[tuple[str, str, bool, Choice, Kind, list[tuple[str | None, str]]]] = [
    ("Linux", "x86_64", NONE, "auto", "cpu", [(OWN, "==9.8.7+cpu"), (CPU, "==9.8.7+cpu")]),
    ("Linux", "x86_64", NONE, "cpu", "cpu", [(OWN, "==9.8.7+cpu"), (CPU, "==9.8.7+cpu")]),
    ("Linux", "x86_64", NVIDIA, "cpu", "cpu", [(OWN, "==9.8.7+cpu"), (CPU, "==9.8.7+cpu")]),
    ("Linux", "x86_64", NVIDIA, "auto", "cuda", [(OWN, "===9.8.7"), (CUDA, "==9.8.7+cu130")]),
    ("Linux", "x86_64", NONE, "cuda", "cuda", [(OWN, "===9.8.7"), (CUDA, "==9.8.7+cu130")]),
    ("Linux", "aarch64", NONE, "auto", "cpu", [(OWN, "==9.8.7+cpu"), (CPU, "==9.8.7+cpu")]),
    ("Linux", "aarch64", NVIDIA, "auto", "cuda", [(OWN, "===9.8.7"), (CUDA, "==9.8.7+cu130")]),
    ("Windows", "AMD64", NONE, "auto", "cpu", [(OWN, "===9.8.7"), (CPU, "==9.8.7+cpu")]),
    ("Windows", "AMD64", NVIDIA, "cpu", "cpu", [(OWN, "===9.8.7"), (CPU, "==9.8.7+cpu")]),
    ("Windows", "AMD64", NVIDIA, "auto", "cuda", [(OWN, "==9.8.7+cu130"), (CUDA, "==9.8.7+cu130")]),
    ("Darwin", "arm64", NONE, "auto", "cpu", [(OWN, "===9.8.7")]),
    ("Darwin", "arm64", NONE, "cpu", "cpu", [(OWN, "===9.8.7")]),
    ("Darwin", "arm64", NVIDIA, "auto", "cpu", [(OWN, "===9.8.7")]),
]


def machine(system: str, processor: str, *, nvidia: bool = False, python: int = 11) -> Machine:
    return Machine(system=system, processor=processor, python=(3, python), has_nvidia=nvidia)


@pytest.mark.parametrize("python", [11, 12, 13])
@pytest.mark.parametrize(
    ("system", "processor", "nvidia", "choice", "kind", "attempts"),
    [pytest.param(*row, id="-".join(map(str, row[:4]))) for row in TABLE],
)
def test_every_machine_gets_its_build(
    system: str,
    processor: str,
    nvidia: bool,
    choice: Choice,
    kind: Kind,
    attempts: list[tuple[str | None, str]],
    python: int,
) -> None:
    build = choose_build(machine(system, processor, nvidia=nvidia, python=python), choice, "9.8.7")
    expected = [
        ("--no-deps", *(("--index-url", index) if index else ()), f"torch{requirement}")
        for index, requirement in attempts
    ]
    assert build.kind == kind
    assert [attempt.arguments for attempt in build.attempts] == expected


@pytest.mark.parametrize(
    ("where", "choice", "what"),
    [
        pytest.param(machine("Darwin", "x86_64"), "auto", "Darwin on x86_64", id="Intel Mac"),
        pytest.param(
            machine("Darwin", "arm64"), "cuda", "CUDA does not exist on macOS", id="CUDA on a Mac"
        ),
        pytest.param(machine("Windows", "ARM64"), "cpu", "Windows on ARM64", id="Windows on ARM"),
        pytest.param(machine("Linux", "armv7l"), "auto", "Linux on armv7l", id="32-bit ARM"),
        pytest.param(machine("FreeBSD", "amd64"), "cpu", "FreeBSD on amd64", id="another system"),
        pytest.param(machine("Linux", "x86_64", python=10), "cpu", "Python 3.10", id="old Python"),
        pytest.param(machine("Linux", "x86_64", python=15), "cpu", "Python 3.15", id="new Python"),
        pytest.param(machine("Linux", "x86_64"), "rocm", "--torch rocm", id="unknown choice"),
    ],
)
def test_a_machine_without_a_build_is_told_why(where: Machine, choice: Choice, what: str) -> None:
    with pytest.raises(InstallError) as caught:
        choose_build(where, choice, "9.8.7")
    assert what in caught.value.what
    assert caught.value.hint.endswith(".")


def test_intel_mac_hears_of_rosetta() -> None:
    with pytest.raises(InstallError, match="arm64 Python"):
        choose_build(machine("Darwin", "x86_64"), "auto", "9.8.7")


# --- pip really reads the requirements that way: empty wheels in a folder, no network


def make_wheel(folder: Path, version: str) -> None:
    """Write an empty wheel of a project called `torch`: pip reads name and metadata only."""
    info = f"torch-{version}.dist-info"
    with zipfile.ZipFile(folder / f"torch-{version}-py3-none-any.whl", "w") as archive:
        archive.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: torch\nVersion: {version}\n"
        )
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")


@pytest.mark.parametrize(
    ("choice", "offered", "taken"),
    [
        pytest.param("cpu", ["9.8.7", "9.8.7+cpu", "9.8.7+cu130"], "9.8.7+cpu", id="CPU by label"),
        pytest.param("cpu", ["9.8.7", "9.8.7+cu130"], "", id="never CUDA instead of CPU"),
        pytest.param("cuda", ["9.8.7", "9.8.7+cpu"], "9.8.7", id="CUDA without label"),
        pytest.param("cuda", ["9.8.7+cpu"], "", id="never CPU instead of CUDA"),
    ],
)
def test_pip_takes_exactly_that_build(
    tmp_path: Path, choice: Choice, offered: list[str], taken: str
) -> None:
    for version in offered:
        make_wheel(tmp_path, version)
    target = tmp_path / "target"
    arguments = choose_build(machine("Linux", "x86_64"), choice, "9.8.7").attempts[0].arguments
    command = [sys.executable, "-m", "pip", "--isolated", "install", "--no-index", "--find-links"]
    command += [str(tmp_path), "--target", str(target), "--no-compile", *arguments]
    alone = os.environ | {"PIP_CONFIG_FILE": os.devnull}  # a machine may cap the versions of torch
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=alone)
    assert (done.returncode == 0) is bool(taken), done.stdout + done.stderr
    installed = [path.name for path in target.glob("*.dist-info")] if target.exists() else []
    assert installed == ([f"torch-{taken}.dist-info"] if taken else [])


# --- constraints.txt


def pins(root: Path) -> dict[str, str]:
    """Return the pinned version by canonical name."""
    text = (root / "install" / "constraints.txt").read_text("utf-8")
    lines = [line.partition("#")[0].strip() for line in text.splitlines()]
    pairs = [line.split("==") for line in lines if line]
    return {canonicalize_name(name): version for name, version in pairs}


def declared(root: Path) -> list[Requirement]:
    """Return what pyproject.toml asks for, for running, for its extras and for developing."""
    document = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    project, groups = document["project"], document["dependency-groups"]["dev"]
    extras = [text for extra in project["optional-dependencies"].values() for text in extra]
    return [Requirement(text) for text in [*project["dependencies"], *extras, *groups]]


def concerns_us(requirement: Requirement) -> bool:
    """Tell whether a need holds here; the CUDA packages are torch's own affair."""
    marker: Marker | None = requirement.marker
    holds = marker is None or marker.evaluate({"extra": ""})
    return holds and not requirement.name.startswith(("cuda-", "nvidia-", "triton"))


def needed(requirements: list[Requirement]) -> Iterator[Requirement]:
    """Yield the requirements and all they need in turn, as the installed packages say."""
    seen: set[str] = set()
    queue = list(requirements)
    while queue:
        requirement = queue.pop()
        if not concerns_us(requirement):
            continue
        yield requirement
        if requirement.name not in seen:
            seen.add(requirement.name)
            texts = importlib.metadata.requires(requirement.name) or []
            queue += [Requirement(text) for text in texts]


def test_every_need_is_pinned_to_a_version_that_fits(root: Path) -> None:
    pinned = pins(root)
    wrong = {
        str(need)
        for need in needed(declared(root))
        if not need.specifier.contains(
            pinned.get(canonicalize_name(need.name), ""), prereleases=True
        )
    }
    assert wrong == set()


def test_pins_carry_no_label(root: Path) -> None:
    number = re.compile(r"[\d.]+(b\d+)?")  # a beta where nothing else was ever released
    assert [version for version in pins(root).values() if not number.fullmatch(version)] == []


def test_torch_pin_is_read_from_the_constraints(root: Path) -> None:
    assert read_pin(root / "install" / "constraints.txt") == pins(root)["torch"]


def test_constraints_without_torch_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "constraints.txt"
    path.write_text("numpy==2.4.6\ntorchvision==1.0\n", "utf-8")
    with pytest.raises(InstallError, match="pins no torch"):
        read_pin(path)
