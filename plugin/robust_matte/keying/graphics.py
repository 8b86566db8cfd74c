"""Which graphics cards this machine has, whatever torch can do with them."""

import os
import platform
import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

__all__ = ["Card", "Graphics", "Maker", "NodeState", "probe_graphics"]

_PATIENCE_S = 20.0  # nvidia-smi hangs where a card has fallen off the bus
_DISPLAY_CLASS = "0x03"  # of PCI: VGA, 3D and other display controllers
_NAME = re.compile(r"^\s*Product Name\s*:\s*(.+?)\s*$", re.MULTILINE)
_DRIVER = re.compile(r"^\s*Driver Version\s*:\s*(\S+)", re.MULTILINE)
_CUDA = re.compile(r"^\s*CUDA(?: UMD)? Version\s*:\s*(\d+)\.(\d+)", re.MULTILINE)
_KERNEL_DRIVER = re.compile(r"Kernel Module[^0-9]*(\d+\.[\d.]+)")

_Runner = Callable[[Sequence[str]], tuple[int, str] | None]


class Maker(StrEnum):
    """Who made a card; of others torch builds cannot make use."""

    NVIDIA = "NVIDIA"
    AMD = "AMD"
    APPLE = "Apple"


_PCI_MAKERS = {"0x10de": Maker.NVIDIA, "0x1002": Maker.AMD}


@dataclass(frozen=True, slots=True)
class Card:
    """One card, by the name that is known."""

    maker: Maker
    name: str


class NodeState(StrEnum):
    """Whether a driver's device file, such as /dev/nvidiactl, can be used."""

    USABLE = "usable"
    DENIED = "denied"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Graphics:
    """What the machine says of its cards.

    Attributes:
        cards: The cards seen.
        driver: Version of NVIDIA's driver, or None if none is loaded.
        driver_cuda: The newest CUDA that this driver serves, (major, minor), or None.
        trouble: What nvidia-smi says is wrong, or None.
        nvidia_node: NVIDIA's device file.
        amd_node: AMD's.
        hidden: What CUDA_VISIBLE_DEVICES says; None where it is not set.
    """

    cards: tuple[Card, ...] = ()
    driver: str | None = None
    driver_cuda: tuple[int, int] | None = None
    trouble: str | None = None
    nvidia_node: NodeState = NodeState.ABSENT
    amd_node: NodeState = NodeState.ABSENT
    hidden: str | None = None


def _run(command: Sequence[str]) -> tuple[int, str] | None:
    """Run a program; (exit code, what it printed), or None if there is none or it hangs."""
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_PATIENCE_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.returncode, done.stdout + done.stderr


def probe_graphics(
    root: Path = Path("/"), *, run: _Runner = _run, environment: Mapping[str, str] = os.environ
) -> Graphics:
    """Look for cards: nvidia-smi, the PCI bus of Linux, and the chip of a Mac.

    Args:
        root: Where /sys, /proc and /dev are.
        run: Runs a program.
        environment: The variables of this process.
    """
    said = run(["nvidia-smi", "-q"])
    code, text = said if said is not None else (0, "")
    cuda = _CUDA.search(text)
    listed = [Card(Maker.NVIDIA, name) for name in _NAME.findall(text)]
    on_bus = [card for card in _pci_cards(root) if not (listed and card.maker is Maker.NVIDIA)]
    return Graphics(
        cards=(*listed, *on_bus, *_mac_cards()),
        driver=_driver(root, text),
        driver_cuda=(int(cuda[1]), int(cuda[2])) if cuda else None,
        trouble=_first_line(text) if code else None,
        nvidia_node=_node(root, "nvidiactl"),
        amd_node=_node(root, "kfd"),
        hidden=environment.get("CUDA_VISIBLE_DEVICES"),
    )


def _pci_cards(root: Path) -> list[Card]:
    cards = []
    for folder in sorted((root / "sys/bus/pci/devices").glob("*")):
        maker = _PCI_MAKERS.get(_read(folder / "vendor"))
        if maker is not None and _read(folder / "class").startswith(_DISPLAY_CLASS):
            device = _read(folder / "device").removeprefix("0x")
            cards.append(Card(maker, f"{maker} card {device} at {folder.name}"))
    return cards


def _mac_cards() -> list[Card]:
    if platform.system() != "Darwin":
        return []
    return [Card(Maker.APPLE, f"the Mac's own GPU ({platform.machine()} Python)")]


def _driver(root: Path, text: str) -> str | None:
    found = _DRIVER.search(text) or _KERNEL_DRIVER.search(
        _read(root / "proc/driver/nvidia/version")
    )
    return found[1] if found else None


def _first_line(text: str) -> str | None:
    return next((line.strip().rstrip(".") for line in text.splitlines() if line.strip()), None)


def _node(root: Path, name: str) -> NodeState:
    """Look at a device file; Windows has none, nor has Linux within it."""
    if not (root / "proc").is_dir() or (root / "dev/dxg").exists():
        return NodeState.USABLE
    path = root / "dev" / name
    if not path.exists():
        return NodeState.ABSENT
    return NodeState.USABLE if os.access(path, os.R_OK | os.W_OK) else NodeState.DENIED


def _read(path: Path) -> str:
    try:
        return path.read_text("ascii", errors="replace").strip()
    except OSError:
        return ""
