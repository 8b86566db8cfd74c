"""One task for each segment of a plan, in place of bins whose content nobody sees.

`farm bundle --plan` does that when the bundle is written. In other bundles a copy of this file is a
hook: AWS Deadline Cloud's client runs it before a job is created, hands it what is submitted as
JSON on stdin, and takes the template that it prints. It plans on the submitting machine, by the
very command of the job's step Plan. Where that cannot be done (the plates are elsewhere, or the
program is), it prints nothing, and the job is submitted as it is: planned on the farm, in bins.

Standard library only, Python 3.9: it runs with whatever Python the submitting machine has.
"""

import copy
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

__all__ = ["MOST_TASKS", "expand", "main"]

MOST_TASKS = 1024  # values of a task's parameter, by the specification
_BIN = "{{Task.Param.Bin}}/{{Param.Bins}}"
_TWIN = "template.json"  # beside this file: the template, its hash, and the plan's name
_BAD_INPUT = (2, 3, 4, 6)  # settings, plates, missing frames, output: the farm would fail, too


def expand(template: dict[str, Any], plan: dict[str, Any]) -> dict[str, Any]:
    """Return a template whose step Key has a task for each segment of a plan.

    A plan whose segments are split, or of more segments than a job may have tasks, keeps its bins;
    their number is then the plan's. The step Plan goes: it has been done.

    Args:
        template: The job's template, as `farm bundle` builds it.
        plan: The document `plan.json`.
    """
    made = copy.deepcopy(template)
    made["steps"] = [step for step in made["steps"] if step["name"] != "Plan"]
    for step in made["steps"]:
        before = [one for one in step.pop("dependencies", []) if one["dependsOn"] != "Plan"]
        if before:
            step["dependencies"] = before
    key = next(step for step in made["steps"] if step["name"] == "Key")
    segments = _segments(plan)
    if plan.get("split") or len(segments) > MOST_TASKS:
        for step in made["steps"]:
            _settle_bins(step, len(plan["bins"]))
        return made
    key["description"] = "Key one segment."
    key["parameterSpace"] = {
        "taskParameterDefinitions": [
            {"name": "Segment", "type": "STRING", "range": [name for name, _ in segments]},
            {"name": "Frames", "type": "STRING", "range": [frames for _, frames in segments]},
        ],
        "combination": "(Segment, Frames)",
    }
    action = key["script"]["actions"]["onRun"]
    _replace(action["args"], {"--bin": "--segment", _BIN: "{{Task.Param.Segment}}"})
    return made


def _settle_bins(step: dict[str, Any], count: int) -> None:
    """Write the number of bins into a step that has a task for each."""
    if "parameterSpace" in step:
        (bins,) = step["parameterSpace"]["taskParameterDefinitions"]
        bins["range"] = f"1-{count}"
        action = step["script"]["actions"]["onRun"]
        _replace(action["args"], {_BIN: f"{{{{Task.Param.Bin}}}}/{count}"})


def _replace(words: list[str], others: dict[str, str]) -> None:
    words[:] = [others.get(word, word) for word in words]


def _segments(plan: dict[str, Any]) -> list[tuple[str, str]]:
    """Return each segment as `--segment` takes it, and its frames, those of a shot together."""
    return [
        (f"{shot['name']}:{index}", f"{segment['first']}-{segment['last']}")
        for shot in plan["shots"]
        for index, segment in enumerate(shot["segments"])
    ]


def main() -> None:
    """Expand what is submitted, if it can be planned here; complain where the farm would."""
    submitted = json.load(sys.stdin)
    folder = Path(__file__).resolve().parent
    twin = json.loads((folder / _TWIN).read_text("utf-8"))
    written = (folder.parent / "template.yaml").read_bytes()
    if hashlib.sha256(written).hexdigest() != twin["sha256"]:
        _say("template.yaml was edited, so the job stays in bins")
        return
    template, values = twin["template"], submitted["parameters"]
    plates = values.get("Plates")
    if not plates or not Path(plates).is_dir():
        _say(f"the plates {plates} are not here, so the farm plans and keys in bins")
        return
    (step,) = (one for one in template["steps"] if one["name"] == "Plan")
    action = step["script"]["actions"]["onRun"]
    command = [_filled(word, values) for word in (action["command"], *action["args"])]
    command[command.index("--progress") + 1] = "plain"  # for people: no engine reads along here
    if not _planned(command):
        return
    plan = json.loads(Path(values["Out"], twin["plan"]).read_text("utf-8"))
    made = expand(template, plan)
    sys.stdout.write(json.dumps({"template": json.dumps(made, indent=1)}))  # JSON is YAML as well
    _say(f"{len(_segments(plan))} segments of {len(plan['shots'])} shots")


def _filled(word: str, values: dict[str, Any]) -> str:
    """Return a word with the values of the job's parameters."""
    return re.sub(r"\{\{Param\.(\w+)\}\}", lambda found: str(values[found[1]]), word)


def _planned(command: list[str]) -> bool:
    """Plan here, and return whether that was possible; what is told of it goes to stderr."""
    program = shutil.which(command[0])
    if program is None:
        _say(f"{command[0]} is not here, so the farm plans and keys in bins")
        return False
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    done = subprocess.run(  # noqa: S603 - the command of the job's own step
        [program, *command[1:]], stdout=sys.stderr, env=environment, check=False
    )
    if done.returncode in _BAD_INPUT:
        sys.exit(done.returncode)  # the submission stops, with what the program said
    if done.returncode:
        _say(f"planning ended with {done.returncode} here, so the farm plans and keys in bins")
    return done.returncode == 0


def _say(text: str) -> None:
    sys.stderr.write(f"robust-matte: {text}\n")


if __name__ == "__main__":
    main()
