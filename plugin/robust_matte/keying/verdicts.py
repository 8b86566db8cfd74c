"""Which device a job gets, and why a card that is here cannot be used.

Arithmetic on facts alone: they come from `graphics` and `devices`, or from a test.
"""

import re
from dataclasses import dataclass

from robust_matte.keying.devices import CudaDevice, TorchDevices, Trial
from robust_matte.keying.graphics import Card, Graphics, Maker, NodeState

__all__ = ["Verdict", "judge_device"]

_GIB = 2**30
_LEAST_FREE = 2 * _GIB  # what a 1080p job takes on the CPU; on a card it was not measured

_GET_CUDA = "Install the build for CUDA: python3 install/bootstrap.py --torch cuda setup"
_TAKE_CPU = "until then take --device cpu"
_KERNELS = re.compile(r"(sm|compute)_(\d+)(\d)[a-z]?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is said of a device.

    Attributes:
        said: One sentence or so, without a full stop.
        todo: The way out, without a full stop; empty if all is well.
        stops: Whether a job on this device could not run.
    """

    said: str
    todo: str = ""
    stops: bool = False


def judge_device(name: str, graphics: Graphics, torch: TorchDevices) -> Verdict:
    """Say what a job with `--device name` runs on.

    Args:
        name: `auto`, `cpu`, `cuda`, `cuda:1` or `mps`.
        graphics: What the machine has.
        torch: What torch sees; with a trial of the card that `name` means.
    """
    kind, _, index = name.partition(":")
    if kind in ("auto", "cuda") and torch.devices:
        return _judge_cuda(name, int(index or 0), torch)
    if kind in ("auto", "mps") and torch.sees_metal:
        return Verdict(said=f"{_takes(name)} mps, the Mac's own GPU")
    if kind == "cpu":
        return Verdict(said="cpu, as asked")
    reason = _reason(kind, graphics, torch)
    if kind == "auto":
        said = "auto takes cpu"
        return (
            Verdict(said=f"{said}: {reason.said}", todo=reason.todo)
            if reason
            else Verdict(said=f"{said}: no other device is seen")
        )
    reason = reason or Verdict(said="no such card is seen", todo="Take --device cpu")
    return Verdict(said=f"{name} cannot be used: {reason.said}", todo=reason.todo, stops=True)


def _takes(name: str) -> str:
    return "auto takes" if name == "auto" else "takes"


def _judge_cuda(name: str, index: int, torch: TorchDevices) -> Verdict:
    if index >= len(torch.devices):
        listed = ", ".join(f"cuda:{at} {one.name}" for at, one in enumerate(torch.devices))
        return Verdict(
            said=f"{name} is not among the cards: {listed}", todo="Name one of these", stops=True
        )
    device, trial = torch.devices[index], torch.trial or Trial()
    if not _has_kernels(device, torch):
        return _without_kernels(device, torch)
    if trial.is_out_of_memory:
        return Verdict(
            said=f"{device.name} has no memory left for a single number",
            todo=f"End other programs on it (nvidia-smi lists them); {_TAKE_CPU}",
            stops=True,
        )
    if trial.failure is not None:
        return Verdict(
            said=f"{device.name} is seen, but does not calculate: {trial.failure}",
            todo=f"Restart the machine, then update its driver; {_TAKE_CPU}",
            stops=True,
        )
    memory = f"{_gib(trial.free)} of {_gib(device.total)} GiB free"
    said = f"{_takes(name)} cuda:{index}, {device.name}, {memory}"
    if trial.free < _LEAST_FREE:
        todo = "End other programs on it (nvidia-smi lists them), or take --device cpu"
        return Verdict(said=f"{said}, which may not do for 1080p", todo=todo)
    return Verdict(said=said)


def _gib(count: int) -> str:
    return f"{count / _GIB:.1f}"


def _has_kernels(device: CudaDevice, torch: TorchDevices) -> bool:
    """Say whether torch has code for a card: of its generation, or one to translate for it.

    Source:
        CUDA C++ programming guide, binary compatibility and PTX compatibility.
    """
    if torch.build != "CUDA" or not torch.architectures:
        return True  # ROCm names its architectures otherwise
    for kind, major, minor in _architectures(torch):
        same = major == device.capability[0] and minor <= device.capability[1]
        if same or (kind == "compute" and (major, minor) <= device.capability):
            return True
    return False


def _architectures(torch: TorchDevices) -> list[tuple[str, int, int]]:
    found = (_KERNELS.fullmatch(name) for name in torch.architectures)
    return [(one[1], int(one[2]), int(one[3])) for one in found if one]


def _without_kernels(device: CudaDevice, torch: TorchDevices) -> Verdict:
    built = [(major, minor) for _, major, minor in _architectures(torch)]
    is_too_old = bool(built) and device.capability < min(built)
    todo = "Take --device cpu, or a newer card" if is_too_old else "Install a newer torch"
    return Verdict(
        said=f"{device.name} has compute capability {_dotted(device.capability)}, and torch "
        f"{torch.version} has code for {', '.join(_dotted(one) for one in sorted(set(built)))}",
        todo=todo if is_too_old else f"{todo}; {_TAKE_CPU}",
        stops=True,
    )


def _dotted(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"


def _reason(kind: str, graphics: Graphics, torch: TorchDevices) -> Verdict | None:
    """Say why torch sees no card; None where there is none to see."""
    by_maker = {card.maker: card for card in reversed(graphics.cards)}
    apple, nvidia, amd = (by_maker.get(one) for one in (Maker.APPLE, Maker.NVIDIA, Maker.AMD))
    if apple is not None and kind != "cuda":
        return _why_no_metal(apple, torch)
    if nvidia is not None and kind != "mps":
        return _why_no_nvidia(nvidia, graphics, torch)
    if amd is not None and kind != "mps":
        return _why_no_amd(amd, graphics, torch)
    return None


def _why_no_metal(card: Card, torch: TorchDevices) -> Verdict:
    if torch.build != "Metal":
        return Verdict(
            said=f"torch {torch.version} is built without Metal for {card.name}",
            todo="Set up again with an arm64 Python; an Intel one runs under Rosetta",
        )
    return Verdict(
        said=f"macOS gives torch no access to {card.name}",
        todo="Update macOS to 14 or newer; a virtual machine may have no GPU",
    )


def _why_no_nvidia(card: Card, graphics: Graphics, torch: TorchDevices) -> Verdict:
    if torch.build == "CPU":
        return Verdict(
            said=f"torch {torch.version} is the build without CUDA, so {card.name} is idle",
            todo=_GET_CUDA,
        )
    if torch.build != "CUDA":
        return Verdict(
            said=f"torch {torch.version} is built for {torch.build}, so {card.name} is idle",
            todo=_GET_CUDA,
        )
    return _why_no_driver(card, graphics, torch)


def _why_no_driver(card: Card, graphics: Graphics, torch: TorchDevices) -> Verdict:
    """Say what is wrong between a card, its driver and a build for CUDA."""
    if graphics.driver is None:
        return Verdict(
            said=f"no NVIDIA driver is loaded for {card.name}",
            todo=f"Install NVIDIA's driver for CUDA {torch.toolkit} and restart",
        )
    if _is_driver_old(graphics, torch):
        served = (
            f" serves CUDA up to {_dotted(graphics.driver_cuda)}" if graphics.driver_cuda else ""
        )
        return Verdict(
            said=f"the NVIDIA driver {graphics.driver}{served or ' is old'}, and torch "
            f"{torch.version} needs CUDA {torch.toolkit}",
            todo="Update the driver and restart",
        )
    if graphics.trouble is not None:
        return Verdict(
            said=f"nvidia-smi says of {card.name}: {graphics.trouble}",
            todo="Restart the machine; if that does not help, install the driver anew",
        )
    if graphics.nvidia_node is NodeState.DENIED:
        return Verdict(
            said=f"you may not open /dev/nvidiactl, and so not use {card.name}",
            todo="Let your user into the group that owns it (ls -l /dev/nvidia*), and log in again",
        )
    if graphics.nvidia_node is NodeState.ABSENT:
        return Verdict(
            said=f"the driver is loaded, but /dev/nvidiactl is not here to reach {card.name}",
            todo="Start the container with its GPUs, as docker run --gpus all does",
        )
    if graphics.hidden is not None:
        return Verdict(
            said=f'CUDA_VISIBLE_DEVICES is "{graphics.hidden}", which hides {card.name}',
            todo="Unset it, or set it to 0; on a farm, ask for a GPU with the task",
        )
    said = torch.failure or "it sees no card"
    todo = "Update the driver and restart"
    return Verdict(said=f"torch says of {card.name}: {said}", todo=todo)


def _is_driver_old(graphics: Graphics, torch: TorchDevices) -> bool:
    """A driver serves all of its major version of CUDA, and older ones."""
    if "driver" in (torch.failure or "") and "too old" in (torch.failure or ""):
        return True
    major = (torch.toolkit or "").partition(".")[0]
    served = graphics.driver_cuda
    return served is not None and major.isdigit() and served[0] < int(major)


def _why_no_amd(card: Card, graphics: Graphics, torch: TorchDevices) -> Verdict:
    if torch.build != "ROCm":
        return Verdict(
            said=f"torch {torch.version} is built without ROCm, so {card.name} is idle",
            todo="To use it, install torch's build for ROCm by hand, which was not tried here",
        )
    if graphics.amd_node is not NodeState.USABLE:
        return Verdict(
            said=f"/dev/kfd is {graphics.amd_node}, and so {card.name} cannot be used",
            todo="Install AMD's driver, and let your user into the groups render and video",
        )
    return Verdict(
        said=f"torch says of {card.name}: {torch.failure or 'it sees no card'}",
        todo="Compare the versions of the driver and of ROCm with torch's",
    )
