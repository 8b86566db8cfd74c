"""What the worker knows of the machine: devices, weights, cores and memory."""

import os
import platform
from typing import Any

from robust_matte import __version__
from robust_matte.errors import WeightsMissingError
from robust_matte.keying.cores import available_cores
from robust_matte.keying.devices import TorchDevices, probe_torch
from robust_matte.keying.memory import free_memory
from robust_matte.weights.known import KNOWN, KnownWeights
from robust_matte.weights.places import find_weights
from robust_matte.worker.events import Device, Model, Ready
from robust_matte.worker.messages import VERSION

__all__ = ["describe_machine", "present_ready"]


def present_ready() -> Ready:
    """Return the event that the worker begins with."""
    return Ready(
        version=__version__,
        protocols=(VERSION,),
        devices=_devices(probe_torch("cpu")),
        models=tuple(Model(name=name, present=_is_here(one)) for name, one in KNOWN.items()),
    )


def describe_machine() -> dict[str, Any]:
    """Return what a probe tells of the machine and the program."""
    torch, ready = probe_torch("cpu"), present_ready()
    return {
        "version": ready.version,
        "python": platform.python_version(),
        "system": platform.system(),
        "architecture": platform.machine(),
        "torch": torch.version,
        "build": torch.build,
        "cores": available_cores(),
        "cores_present": os.cpu_count() or 1,
        "free_memory_bytes": free_memory(),
        "devices": [one.model_dump() for one in ready.devices],
        "models": [one.model_dump() for one in ready.models],
    }


def _devices(torch: TorchDevices) -> tuple[Device, ...]:
    """Return the devices that torch sees, the one first that `auto` takes."""
    cards = [
        Device(name=f"cuda:{at}", label=f"{one.name}, {one.total / 2**30:.0f} GiB")
        for at, one in enumerate(torch.devices)
    ]
    metal = [Device(name="mps", label="the Mac's own GPU")] if torch.sees_metal else []
    cores = available_cores()
    cpu = Device(name="cpu", label=f"CPU, {cores} core{'s' if cores != 1 else ''}")
    return (*cards, *metal, cpu)


def _is_here(known: KnownWeights) -> bool:
    try:
        return find_weights(known) is not None
    except WeightsMissingError:  # a folder that cannot be looked into; a job that asks is told why
        return False
