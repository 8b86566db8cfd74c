"""What torch can run on here, and which device a name means."""

import warnings
from dataclasses import dataclass
from typing import Literal

import torch

from robust_matte.errors import DeviceError

__all__ = ["CudaDevice", "TorchDevices", "Trial", "choose_device", "cpu_capability", "probe_torch"]

_OUT_OF_MEMORY = "out of memory"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A sum of eight numbers on a card.

    Attributes:
        failure: What torch said, its first line; None where the sum was right.
        is_out_of_memory: Whether it failed for want of memory.
        free: Bytes of the card's memory that are free; 0 if it failed.
    """

    failure: str | None = None
    is_out_of_memory: bool = False
    free: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CudaDevice:
    """A card that torch sees, NVIDIA's or, in a ROCm build, AMD's.

    Attributes:
        name: Its name.
        capability: Compute capability, (major, minor).
        total: Bytes of its memory.
    """

    name: str
    capability: tuple[int, int]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TorchDevices:
    """What torch is built for, and what it sees.

    Attributes:
        version: Its version, with the label of the build.
        build: What it is built for beside the CPU.
        toolkit: Version of CUDA or ROCm it is built with, or None.
        architectures: What its kernels are compiled for, such as `sm_90` or `compute_120`.
        devices: The cards it sees.
        failure: What it said when it was made to look for cards, or None.
        sees_metal: Whether the Mac's GPU can be used.
        trial: What came of trying the card that was asked for; None if none was tried.
    """

    version: str
    build: Literal["CPU", "CUDA", "ROCm", "Metal"]
    toolkit: str | None = None
    architectures: tuple[str, ...] = ()
    devices: tuple[CudaDevice, ...] = ()
    failure: str | None = None
    sees_metal: bool = False
    trial: Trial | None = None


def probe_torch(name: str) -> TorchDevices:
    """Ask torch what it sees, and try the device that `name` means.

    Args:
        name: `auto`, `cpu`, `cuda`, `cuda:1` or `mps`.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of old drivers and odd cards: the verdict says it
        is_seen = torch.cuda.is_available()
        devices = tuple(_cuda_device(index) for index in range(torch.cuda.device_count() * is_seen))
        wanted = _cuda_index(name)
        return TorchDevices(
            version=torch.__version__,
            build=_build(),
            toolkit=torch.version.cuda or torch.version.hip,
            architectures=tuple(torch.cuda.get_arch_list()) if is_seen else (),
            devices=devices,
            failure=None if is_seen else _cuda_failure(),
            sees_metal=torch.backends.mps.is_available(),
            trial=_try(wanted) if wanted is not None and wanted < len(devices) else None,
        )


def choose_device(name: str) -> torch.device:
    """Return the device a name means: `auto` takes CUDA, then Metal, then the CPU.

    Raises:
        DeviceError: A named device is not there; it never falls back.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    kind, _, index = name.partition(":")
    counts = {"cuda": torch.cuda.device_count(), "mps": int(torch.backends.mps.is_available())}
    found = counts.get(kind, 1)
    if int(index or 0) >= found:  # before torch, which takes cuda:256 for cuda:0
        raise DeviceError(
            f"The device {name} cannot be used: torch {torch.__version__} sees {found} "
            f"{kind} devices.",
            hint="Take --device cpu, or run robust-matte doctor, which says why.",
        )
    return torch.device(kind, int(index)) if index else torch.device(kind)


def cpu_capability(device: torch.device) -> str:
    """Return the instructions that torch counts with on a CPU; nothing of another device."""
    if device.type != "cpu":
        return ""
    return str(torch.backends.cpu.get_cpu_capability())


def _cuda_index(name: str) -> int | None:
    """Return which card a name means, or None for other devices."""
    kind, _, index = name.partition(":")
    return int(index or 0) if kind in ("auto", "cuda") else None


def _build() -> Literal["CPU", "CUDA", "ROCm", "Metal"]:
    if torch.version.hip:
        return "ROCm"
    if torch.version.cuda:
        return "CUDA"
    return "Metal" if torch.backends.mps.is_built() else "CPU"


def _cuda_device(index: int) -> CudaDevice:
    properties = torch.cuda.get_device_properties(index)
    return CudaDevice(
        name=properties.name,
        capability=(properties.major, properties.minor),
        total=properties.total_memory,
    )


def _cuda_failure() -> str | None:
    """Return why no card is seen, in torch's words; None where it was not built to look."""
    if not (torch.version.cuda or torch.version.hip):
        return None
    try:
        torch.cuda.init()  # type: ignore[no-untyped-call]
    except (RuntimeError, AssertionError) as error:
        return _first_line(error)
    return None


def _try(index: int) -> Trial:
    try:
        if torch.ones(8, device=f"cuda:{index}").sum().item() != 8.0:
            return Trial(failure="eight times one was not eight")
        return Trial(free=torch.cuda.mem_get_info(index)[0])
    except RuntimeError as error:  # torch's own out-of-memory error is one too
        is_full = _OUT_OF_MEMORY in str(error).lower()
        return Trial(failure=_first_line(error), is_out_of_memory=is_full)


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "").rstrip(".") or "it failed without a reason"
