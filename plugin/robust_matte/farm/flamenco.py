"""A job type for Blender's Flamenco 3: a script that its manager compiles jobs with."""

import json
from importlib.resources import files
from typing import Any

from robust_matte import __version__
from robust_matte.farm.farm_job import MOST_BINS, FarmJob
from robust_matte.farm.plan_parameters import is_file
from robust_matte.farm.verbs import Manner, Places, bin_task

__all__ = ["MANNER", "flamenco_script"]

MANNER = Manner(progress="plain")


def flamenco_script(job: FarmJob) -> str:
    """Return the job type; the job's values are the defaults of its settings."""
    # Words in angle brackets are filled in from the job's settings when it is compiled.
    weights = "<model>" if is_file(job.model) else None
    places = Places(
        plates="<plates>", out="<out>", device="<device>", manner=MANNER, weights=weights
    )
    split = str(job.split) if job.split else None
    plan = places.plan_words("<plate>", "<bins>", split, ["--model", "<model>", *job.option_words])
    steps = [_step("plan", plan)]
    task = bin_task("<bin>", "<bins>")
    if job.split:
        steps.append(_step("states", places.states_words(task), in_bins=True))
    steps.append(_step("key", places.key_words(task), in_bins=True))
    steps.append(_step("check", places.check_words()))
    values = {
        "plates": job.plates,
        "plate": job.plate,
        "out": job.out,
        "bins": job.bins,
        "most_bins": MOST_BINS,
        "model": job.model,
        "device": job.machine.device,
        "program": list(job.program),
        "steps": steps,
    }
    text = files(__package__).joinpath("templates", "flamenco.js.txt").read_text("utf-8")
    literal = json.dumps(values, indent=4)
    return text.replace("JOB = {}", f"JOB = {literal}").replace("@VERSION@", __version__)


def _step(name: str, words: list[str], *, in_bins: bool = False) -> dict[str, Any]:
    return {"name": name, "in_bins": in_bins, "words": words}
