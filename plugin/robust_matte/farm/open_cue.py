"""A script that launches a job on OpenCue, through its own package pyoutline."""

import re
from collections.abc import Sequence
from typing import Any

from robust_matte.farm.farm_job import FarmJob, Machine
from robust_matte.farm.scripts import script
from robust_matte.farm.verbs import Manner, bin_task, places_of, planned

__all__ = ["MANNER", "open_cue_script"]

# A frame that NIMBY kills goes back to waiting for free only if it died by signal 15; a plain line
# a minute keeps the time since the log's last update short.
MANNER = Manner(progress="plain", on_term="signal")
_FRAME = "#IFRAME#"


def open_cue_script(job: FarmJob) -> str:
    """Return the script of a job with the layers plan, states, key and check."""
    places = places_of(job, MANNER)
    needs = _needs(job.machine)
    layers = [_layer("plan", planned(job, places), "1-1", {})]
    task, bins = bin_task(_FRAME, job.bins), f"1-{job.bins}"
    if job.split:
        layers.append(_layer("states", [*job.program, *places.states_words(task)], bins, needs))
    layers.append(_layer("key", [*job.program, *places.key_words(task)], bins, needs))
    layers.append(_layer("check", [*job.program, *places.check_words()], "1-1", {}))
    name = re.sub(r"[^\w-]+", "_", job.name).strip("_").lower()  # as cuebot takes names
    return script("open_cue.py.txt", {"name": name or "robust_matte", "layers": layers})


def _layer(name: str, words: Sequence[str], frames: str, needs: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "range": frames, "needs": needs, "words": list(words)}


def _needs(machine: Machine) -> dict[str, Any]:
    """Return what a layer needs, in cuebot's spelling: 8000 MiB are 8000m."""
    needs: dict[str, Any] = {}
    if machine.memory:
        needs["memory"] = f"{machine.memory}m"
    if machine.gpus:
        needs["gpus"] = machine.gpus
        if machine.gpu_memory:
            needs["gpu_memory"] = f"{machine.gpu_memory}m"
    return needs
