"""An Open Job Description template of one job: base 2023-09 specification, no extensions.

    Plan -> [States, a task for each bin] -> Key, likewise -> Check

What an artist may change when the job is submitted is a parameter; what the base specification
takes no parameter for (a machine's needs, the notice before a kill) is written into the template.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from robust_matte.errors import SettingsError
from robust_matte.farm.farm_job import MOST_BINS, FarmJob
from robust_matte.farm.plan_parameters import (
    MODEL,
    PLAN_PARAMETERS,
    PlanParameter,
    inside,
    is_file,
    split_options,
)
from robust_matte.farm.verbs import Manner, Places, bin_task

__all__ = ["SPECIFICATION", "check_plain", "job_template"]

SPECIFICATION = "jobtemplate-2023-09"

_JOB, _FILES, _MATTE, _FARM = "Job", "Plates and result", "Matte", "Farm"
_WEIGHTS = "{{Param.Weights}}"


def job_template(job: FarmJob, notify_s: int) -> dict[str, Any]:
    """Return the template of a job.

    Args:
        job: The job; options that are no parameters are fixed in the template.
        notify_s: Seconds between the notice (SIGTERM) and the kill.

    Raises:
        SettingsError: A word of the job would be taken for one of the template's own references.
    """
    for word in (job.name, *job.program, *job.option_words):
        check_plain(word)
    defaults, fixed = split_options(job.options)
    steps = _Steps(job, fixed, notify_s)
    return {
        "specificationVersion": SPECIFICATION,
        "name": "{{Param.JobName}}",
        "description": "Robust Matte: plan, key in bins, check. "
        "Each task may be killed and run again; finished frames are kept.",
        "parameterDefinitions": _parameters(job, _unfixed(fixed), defaults),
        "steps": steps.all(),
    }


def check_plain(word: str) -> None:
    """Refuse a word that a template cannot hold as it is.

    Raises:
        SettingsError: It has doubled braces.
    """
    if "{{" in word or "}}" in word:
        raise SettingsError(
            f"{word} cannot be written in a job bundle: engines replace what is in {{{{ }}}}.",
            hint="Rename the file or folder, or write the word without doubled braces.",
        )


def _unfixed(fixed: Sequence[tuple[str, ...]]) -> list[PlanParameter]:
    flags = {option[0] for option in fixed}
    return [one for one in PLAN_PARAMETERS if one.flag not in flags]


def _parameters(
    job: FarmJob, chosen: Sequence[PlanParameter], defaults: dict[str, str]
) -> list[dict[str, Any]]:
    return [
        _named("JobName", "STRING", _JOB, "Name", "What the job is called.", default=job.name),
        _folder("Plates", "IN", "Plates", "The folder that all plates are in."),
        _named(
            *("Plate", "STRING", _FILES, "Plate"),
            "What of it is keyed: . for all shots in it, one folder, or sh010/plate.####.exr.",
            default=job.plate,
        ),
        _folder("Out", "INOUT", "Result", "Where results and the plan go; it may hold some."),
        *([_weights()] if is_file(job.model) else [_plan_parameter(MODEL, {"Model": job.model})]),
        *(_plan_parameter(one, defaults) for one in chosen),
        _counted(
            "Bins", "Bins", "Into how many tasks the work is packed.", job.bins, most=MOST_BINS
        ),
        *([_split(job.split)] if job.split else []),
        _named(
            *("Device", "STRING", _FARM, "Device"),
            "auto, cpu, cuda or cuda:1; a named one never falls back.",
            default=job.machine.device,
        ),
    ]


def _named(
    name: str, kind: str, group: str, label: str, description: str, **more: Any
) -> dict[str, Any]:
    interface = more.pop("interface", {"control": "LINE_EDIT"})
    return {
        "name": name,
        "type": kind,
        **more,
        "description": description,
        "userInterface": {**interface, "label": label, "groupLabel": group},
    }


def _folder(name: str, flow: str, label: str, description: str) -> dict[str, Any]:
    kind = {"objectType": "DIRECTORY", "dataFlow": flow}
    control = {"control": "CHOOSE_DIRECTORY"}
    return _named(name, "PATH", _FILES, label, description, **kind, interface=control)


def _weights() -> dict[str, Any]:
    description = "RVM's .pth or .safetensors; tasks fetch nothing."
    kind = {"objectType": "FILE", "dataFlow": "IN"}
    control = {"control": "CHOOSE_INPUT_FILE"}
    return _named("Weights", "PATH", _MATTE, "Weights", description, **kind, interface=control)


def _plan_parameter(one: PlanParameter, defaults: dict[str, str]) -> dict[str, Any]:
    more: dict[str, Any] = {"default": defaults.get(one.name, one.default)}
    if one.choices:
        more |= {
            "allowedValues": list(one.choices),
            "interface": {"control": "DROPDOWN_LIST"},
        }
    return _named(one.name, "STRING", _MATTE, one.label, one.help, **more)


def _counted(
    name: str, label: str, description: str, default: int, *, most: int | None = None
) -> dict[str, Any]:
    more: dict[str, Any] = {"default": default, "minValue": 1}
    if most:
        more["maxValue"] = most
    return _named(name, "INT", _FARM, label, description, **more, interface=_SPIN)


_SPIN = {"control": "SPIN_BOX"}


def _split(frames: int) -> dict[str, Any]:
    description = "Frames after which a long segment is split between tasks, exactly."
    return _counted("SplitFrames", "Split after", description, frames)


class _Steps:
    """The steps of a job, in their order."""

    def __init__(self, job: FarmJob, fixed: Sequence[tuple[str, ...]], notify_s: int) -> None:
        self._job = job
        self._fixed = fixed
        self._places = Places(
            plates="{{Param.Plates}}",
            out="{{Param.Out}}",
            device="{{Param.Device}}",
            manner=Manner(progress="openjd"),
            weights=_WEIGHTS if is_file(job.model) else None,
        )
        self._notify_s = notify_s

    def all(self) -> list[dict[str, Any]]:
        steps = [self._step("Plan", "Find cuts and pack segments into bins.", self._plan())]
        if self._job.split:
            words = self._places.states_words(_BIN)
            steps.append(self._binned("States", "Save the states to split at.", words))
        steps.append(self._binned("Key", "Key one bin.", self._places.key_words(_BIN)))
        check = self._step(
            "Check", "See that every frame is there and right.", self._places.check_words()
        )
        steps.append(check)
        for before, step in pairwise(steps):
            step["dependencies"] = [{"dependsOn": before["name"]}]
        return [{name: step[name] for name in _ORDER if name in step} for step in steps]

    def _plan(self) -> list[str]:
        job = self._job
        options = [MODEL.flag, self._places.weights or "{{Param.Model}}"]
        for one in _unfixed(self._fixed):
            options += [one.flag, f"{{{{Param.{one.name}}}}}"]
        options += [self._mapped(word) for option in self._fixed for word in option]
        split = "{{Param.SplitFrames}}" if job.split else None
        return self._places.plan_words("{{Param.Plate}}", "{{Param.Bins}}", split, options)

    def _mapped(self, word: str) -> str:
        """Return a fixed word, where it is a path in a root by that root's parameter."""
        for name, root in (("Plates", self._job.plates), ("Out", self._job.out)):
            rest = inside(word, root)
            if rest is not None:
                return f"{{{{Param.{name}}}}}/{rest}"
        return word

    def _binned(self, name: str, description: str, words: Sequence[str]) -> dict[str, Any]:
        """Return a step with a task for each bin, on machines that can key."""
        step = self._step(name, description, words)
        amounts = self._amounts()
        if amounts:
            step["hostRequirements"] = {"amounts": amounts}
        bins = {"name": "Bin", "type": "INT", "range": "1-{{Param.Bins}}"}
        return step | {"parameterSpace": {"taskParameterDefinitions": [bins]}}

    def _step(self, name: str, description: str, words: Sequence[str]) -> dict[str, Any]:
        command, *first = self._job.program
        action = {
            "command": command,
            "args": [*first, *words],
            "cancelation": {
                "mode": "NOTIFY_THEN_TERMINATE",
                "notifyPeriodInSeconds": self._notify_s,
            },
        }
        return {
            "name": name,
            "description": description,
            "script": {"actions": {"onRun": action}},
        }

    def _amounts(self) -> list[dict[str, Any]]:
        machine = self._job.machine
        needs = {
            "amount.worker.gpu": machine.gpus or None,
            "amount.worker.gpu.memory": machine.gpu_memory if machine.gpus else None,
            "amount.worker.memory": machine.memory,
        }
        return [{"name": name, "min": least} for name, least in needs.items() if least]


_BIN = bin_task("{{Task.Param.Bin}}", "{{Param.Bins}}")
_ORDER = (
    *("name", "description", "dependencies"),
    *("parameterSpace", "hostRequirements", "script"),
)
