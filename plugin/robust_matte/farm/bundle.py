"""A job bundle on disk: an Open Job Description template with all that AWS Deadline Cloud adds."""

import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from robust_matte import __version__
from robust_matte.errors import WouldOverwriteError, WriteError
from robust_matte.farm.expand_segments import expand
from robust_matte.farm.farm_job import FarmJob
from robust_matte.farm.farm_plan import PLAN_NAME, FarmPlan
from robust_matte.farm.job_template import check_plain, job_template
from robust_matte.farm.plan_parameters import inside, is_file, is_whole
from robust_matte.farm.verbs import as_shell
from robust_matte.farm.yaml_text import yaml_text
from robust_matte.media.atomic import write_atomically

__all__ = ["NOTIFY_S", "Bundle", "write_bundle"]

NOTIFY_S = 60  # one 4K frame and a state take less than 20 s on a slow CPU
_HOOK_S = 3600  # finding cuts of a thousand shots takes minutes
_TEMPLATE = "template.yaml"
_HOOK_FILES = ("hooks.yaml", "scripts/expand_segments.py", "scripts/template.json")
_HOOK_ROWS = """\
| hooks.yaml, scripts/ | plans when the job is submitted, for a task a segment |
"""
_HOOK_WORDS = """
Where the plates can be seen from the submitting machine, the hook plans there, and the job has a
task for each segment, under its name, in place of bins. Hooks of bundles are off until

    deadline config set settings.allow_bundle_hooks true

Without it, or where plates or program are elsewhere, the job plans on the farm and keys in bins.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """What a bundle holds.

    Attributes:
        job: The job.
        notify_s: Seconds between the notice and the kill.
        plan: The plan of a job that is planned already, or None.
    """

    job: FarmJob
    notify_s: int = NOTIFY_S
    plan: FarmPlan | None = None

    def files(self) -> dict[str, str]:
        """Return the text of each file by its name in the bundle."""
        job = self.job
        template = job_template(job, self.notify_s)
        if self.plan is not None:
            for shot in self.plan.shots:
                check_plain(shot.name)
            template = _without_idle_parameters(expand(template, self.plan.model_dump(mode="json")))
        text = yaml_text(template) + "\n"
        made = {
            _TEMPLATE: text,
            "parameter_values.yaml": yaml_text({"parameterValues": self._values()}) + "\n",
            "asset_references.yaml": yaml_text({"assetReferences": _references(job)}) + "\n",
            "README.md": self._readme(),
        }
        return made if self.plan is not None else made | _hook(template, text)

    def _values(self) -> list[dict[str, str]]:
        values = {"Plates": self.job.plates, "Out": self.job.out}
        if is_file(self.job.model):
            values["Weights"] = self.job.model
        return [{"name": name, "value": value} for name, value in values.items()]

    def _typed_values(self) -> list[str]:
        """Return the parameters' values as words of `openjd run`."""
        pairs = (f"{one['name']}={one['value']}" for one in self._values())
        return [word for pair in pairs for word in ("-p", pair)]

    def _readme(self) -> str:
        text = files(__package__).joinpath("templates", "bundle_readme.md").read_text("utf-8")
        machine, is_hooked = self.job.machine, self.plan is None
        gpus = "any" if machine.gpus is None else machine.gpus
        needs = f"GPUs {gpus}, GPU memory {machine.gpu_memory or 'any'}"
        words = {
            "VERSION": __version__,
            "HOOK_ROWS": _HOOK_ROWS if is_hooked else "",
            "HOOK_WORDS": _HOOK_WORDS if is_hooked else "",
            "PROGRAM": as_shell(self.job.program),
            "VALUES": as_shell(self._typed_values()),
            "NOTIFY": str(self.notify_s),
            "NEEDS": f"{needs}, memory {machine.memory or 'any'} (MiB)",
        }
        for word, value in words.items():
            text = text.replace(f"@{word}@", value)
        return text


def write_bundle(folder: Path, bundle: Bundle, *, may_replace: bool = False) -> tuple[Path, ...]:
    """Write a bundle and return its files.

    Args:
        folder: Where to; it is made.
        bundle: What to write.
        may_replace: Whether files that are there already are replaced.

    Raises:
        WouldOverwriteError: The folder holds something.
        WriteError: It cannot be written to.
    """
    if folder.is_dir() and any(folder.iterdir()) and not may_replace:
        raise WouldOverwriteError(
            f"The folder {folder} is not empty.",
            hint="Choose another one for the bundle, or replace its files with --overwrite.",
            path=folder,
        )
    written = []
    for name, text in bundle.files().items():
        write_atomically(folder / name, text.encode())
        written.append(folder / name)
    _remove_stale(folder, written)
    return tuple(written)


def _remove_stale(folder: Path, written: Sequence[Path]) -> None:
    """Remove the hook of an earlier bundle of ours, which would plan what is planned already."""
    for name in _HOOK_FILES:
        path = folder / name
        if path in written or not path.is_file():
            continue
        try:
            path.unlink()
            if path.parent != folder and not any(path.parent.iterdir()):
                path.parent.rmdir()
        except OSError as error:
            raise WriteError(
                f"{path} of the earlier bundle cannot be removed: {error.strerror}.",
                hint="Remove it, or write the bundle into another folder.",
                path=path,
            ) from error


def _without_idle_parameters(template: dict[str, Any]) -> dict[str, Any]:
    """Return a template without parameters that nothing asks for once the job is planned."""
    asked = json.dumps([template["name"], template["steps"]])
    parameters = [
        one for one in template["parameterDefinitions"] if f"Param.{one['name']}}}" in asked
    ]
    return template | {"parameterDefinitions": parameters}


def _hook(template: dict[str, Any], text: str) -> dict[str, str]:
    """Return the files of the hook that expands segments, with the template as it can read it."""
    script = files(__package__).joinpath("expand_segments.py").read_text("utf-8")
    digest = hashlib.sha256(text.encode()).hexdigest()
    twin = {"plan": PLAN_NAME, "sha256": digest, "template": template}
    python = "python" if sys.platform == "win32" else "python3"
    hook: dict[str, Any] = {
        "command": python,
        "args": ["scripts/expand_segments.py"],
        "timeout": _HOOK_S,
    }
    texts = (
        yaml_text({"version": "1.0", "preSubmission": [hook]}) + "\n",
        script,
        json.dumps(twin, indent=1) + "\n",
    )
    return dict(zip(_HOOK_FILES, texts, strict=True))


def _references(job: FarmJob) -> dict[str, Any]:
    """Return the files among fixed options that no parameter maps, so that they travel along."""
    found = [word for word in job.option_words if is_whole(word)]
    outside = [word for word in found if not _is_mapped(word, (job.plates, job.out))]
    return {
        "inputs": {
            "filenames": [word for word in outside if Path(word).is_file()],
            "directories": [word for word in outside if Path(word).is_dir()],
        },
        "outputs": {"directories": []},
        "referencedPaths": [word for word in outside if not Path(word).exists()],
    }


def _is_mapped(path: str, roots: Sequence[str]) -> bool:
    return any(inside(path, root) is not None for root in roots)
