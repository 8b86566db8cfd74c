"""The Open Job Description template: valid by the base specification, and what its jobs run."""

import re
from typing import Any

import pytest
from openjd.model import DecodeValidationError, create_job, decode_job_template

from robust_matte.farm.expand_segments import MOST_TASKS, expand
from robust_matte.farm.farm_job import FarmJob, Machine
from robust_matte.farm.job_template import job_template
from robust_matte.farm.plan_parameters import PLAN_PARAMETERS

Document = dict[str, Any]


def make_job(**values: Any) -> FarmJob:
    return FarmJob(**({"plates": "/show/plates", "out": "/show/mattes", "bins": 3} | values))


def make_plan(*counts: int, split: int | None = None, bins: int = 2) -> Document:
    """A plan of shots with so many segments each, of ten frames."""
    shots = [
        {
            "name": f"sh{at:03d}",
            "segments": [{"first": 1001 + 10 * k, "last": 1010 + 10 * k} for k in range(count)],
        }
        for at, count in enumerate(counts, start=1)
    ]
    return {"split": split, "bins": [[] for _ in range(bins)], "shots": shots}


def decode(template: Document) -> Any:
    """Check a template against the specification alone: no extension is allowed."""
    return decode_job_template(template=template, supported_extensions=[])


def actions(template: Document) -> dict[str, Document]:
    return {one["name"]: one["script"]["actions"]["onRun"] for one in template["steps"]}


TEMPLATES = [
    pytest.param(make_job(), id="plain"),
    pytest.param(make_job(split=100), id="split"),
    pytest.param(make_job(model="/show/weights/rvm.pth"), id="weights file"),
    pytest.param(
        make_job(machine=Machine(gpus=2, gpu_memory=8000, memory=16000), split=7), id="GPU"
    ),
    pytest.param(make_job(program=("python", "-m", "robust_matte"), bins=1000), id="module"),
    pytest.param(
        make_job(name="x" * 128, options=(("--despill", "green"), ("--crop",))), id="name"
    ),
]


@pytest.mark.parametrize("job", TEMPLATES)
def test_templates_follow_the_base_specification(job: FarmJob) -> None:
    template = job_template(job, 60)
    assert "extensions" not in template
    decode(template)
    decode(expand(template, make_plan(3, 1)))


@pytest.mark.parametrize("job", TEMPLATES)
def test_every_action_gives_notice_and_runs_the_program_itself(job: FarmJob) -> None:
    for action in actions(job_template(job, 45)).values():
        assert action["cancelation"] == {
            "mode": "NOTIFY_THEN_TERMINATE",
            "notifyPeriodInSeconds": 45,
        }
        assert [action["command"], *action["args"]][: len(job.program)] == list(job.program)


def test_a_planted_fault_is_found_by_the_specification() -> None:
    template = job_template(make_job(), 60)
    template["steps"][1]["script"]["actions"]["onRun"]["args"].append("{{Param.Typo}}")
    with pytest.raises(DecodeValidationError, match="Typo"):
        decode(template)


def test_needs_of_machines_take_no_parameter_in_the_base_specification() -> None:
    template = job_template(make_job(), 60)
    needs = {"amounts": [{"name": "amount.worker.gpu", "min": "{{Param.Bins}}"}]}
    template["steps"][1]["hostRequirements"] = needs
    with pytest.raises(DecodeValidationError, match="FEATURE_BUNDLE_1"):
        decode(template)


def test_steps_follow_each_other() -> None:
    steps = job_template(make_job(split=50), 60)["steps"]
    assert [step["name"] for step in steps] == ["Plan", "States", "Key", "Check"]
    waits = [one["dependsOn"] for step in steps for one in step.get("dependencies", [])]
    assert waits == ["Plan", "States", "Key"]


@pytest.mark.parametrize("bins", [1, 3, 1000])
def test_key_has_a_task_for_each_bin(bins: int) -> None:
    template = decode(job_template(make_job(), 60))
    values = {"Plates": "/show/plates", "Out": "/show/mattes", "Bins": bins}
    job = create_job(job_template=template, job_parameter_values=typed(template, values))
    (key,) = (step for step in job.steps if step.name == "Key")
    assert key.parameterSpace is not None
    assert list(key.parameterSpace.taskParameterDefinitions["Bin"].range) == [*range(1, bins + 1)]


def typed(template: Any, values: Document) -> Any:
    from pathlib import Path

    from openjd.model import preprocess_job_parameters

    return preprocess_job_parameters(
        job_template=template,
        job_parameter_values={name: str(value) for name, value in values.items()},
        job_template_dir=Path("/"),
        current_working_dir=Path("/"),
    )


def test_every_parameter_is_used_and_has_a_place_in_the_form() -> None:
    for job in (make_job(split=50), make_job(model="/show/rvm.pth")):
        template = job_template(job, 60)
        used = set(re.findall(r"Param\.(\w+)", str([template["name"], template["steps"]])))
        names = {one["name"] for one in template["parameterDefinitions"]}
        assert used - {"Bin"} == names
        for one in template["parameterDefinitions"]:
            assert {"control", "label", "groupLabel"} <= one["userInterface"].keys()
            assert one["description"]


def test_plates_and_result_are_mapped_apart_from_each_other() -> None:
    template = job_template(make_job(), 60)
    by_name = {one["name"]: one for one in template["parameterDefinitions"]}
    assert (by_name["Plates"]["type"], by_name["Plates"]["dataFlow"]) == ("PATH", "IN")
    assert (by_name["Out"]["type"], by_name["Out"]["dataFlow"]) == ("PATH", "INOUT")
    for name in ("Key", "Check"):
        args = actions(template)[name]["args"]
        roots = [args[at + 1] for at, word in enumerate(args) if word == "--root"]
        assert roots == ["plates={{Param.Plates}}", "out={{Param.Out}}"]


def test_no_path_of_the_submitting_machine_is_left_in_the_steps() -> None:
    options = (("--garbage", "/show/plates/masks/sh010.####.exr"), ("--hint-dir", "/show/mattes/h"))
    job = make_job(model="/show/weights/rvm.pth", options=options)
    steps = str(job_template(job, 60)["steps"])
    assert "/show" not in steps
    assert "'{{Param.Plates}}/masks/sh010.####.exr'" in steps
    assert "'{{Param.Out}}/h'" in steps
    assert "'{{Param.Weights}}'" in steps


def test_options_of_plan_become_defaults_where_there_is_a_parameter() -> None:
    job = make_job(options=(("--despill", "green"), ("--warm-up", "4"), ("--crop",)))
    template = job_template(job, 60)
    by_name = {one["name"]: one for one in template["parameterDefinitions"]}
    assert by_name["Despill"]["default"] == "green"
    assert by_name["Gain"]["default"] == "0"
    args = actions(template)["Plan"]["args"]
    assert args.count("--despill") == 1
    assert args[args.index("--despill") + 1] == "{{Param.Despill}}"
    assert args[args.index("--warm-up") :][:3] == ["--warm-up", "4", "--crop"]


def test_a_path_is_fixed_and_mapped_even_where_there_is_a_parameter() -> None:
    template = job_template(make_job(options=(("--cuts", "/show/plates/reel.edl"),)), 60)
    assert "Cuts" not in {one["name"] for one in template["parameterDefinitions"]}
    args = actions(template)["Plan"]["args"]
    assert args.count("--cuts") == 1
    assert args[args.index("--cuts") + 1] == "{{Param.Plates}}/reel.edl"
    decode(template)


def test_defaults_of_parameters_are_those_of_the_settings() -> None:
    from robust_matte.settings.key_settings import KeySettings

    usual = KeySettings(plate="p")
    for one in PLAN_PARAMETERS:
        value = getattr(usual, one.flag.removeprefix("--").replace("-", "_"))
        assert one.default == getattr(value, "value", value), one.name


def test_needs_of_machines_are_numbers_of_the_steps_that_key() -> None:
    machine = Machine(gpus=1, gpu_memory=8000, memory=16000)
    steps = job_template(make_job(machine=machine, split=9), 60)["steps"]
    needs = {
        step["name"]: {one["name"]: one["min"] for one in step["hostRequirements"]["amounts"]}
        for step in steps
        if "hostRequirements" in step
    }
    wanted = {
        "amount.worker.gpu": 1,
        "amount.worker.gpu.memory": 8000,
        "amount.worker.memory": 16000,
    }
    assert needs == {"States": wanted, "Key": wanted}
    assert "hostRequirements" not in str(job_template(make_job(), 60))


# --- a task for each segment


def test_a_planned_job_has_a_task_for_each_segment() -> None:
    template = job_template(make_job(), 60)
    made = expand(template, make_plan(2, 1))
    assert [step["name"] for step in made["steps"]] == ["Key", "Check"]
    key, check = made["steps"]
    assert "dependencies" not in key
    assert check["dependencies"] == [{"dependsOn": "Key"}]
    ranges = {
        one["name"]: one["range"] for one in key["parameterSpace"]["taskParameterDefinitions"]
    }
    assert ranges == {
        "Segment": ["sh001:0", "sh001:1", "sh002:0"],
        "Frames": ["1001-1010", "1011-1020", "1001-1010"],
    }
    args = key["script"]["actions"]["onRun"]["args"]
    assert args[args.index("--segment") + 1] == "{{Task.Param.Segment}}"
    assert "--bin" not in args
    assert template == job_template(make_job(), 60)  # what was given is untouched
    decode(made)


@pytest.mark.parametrize(
    "plan",
    [
        pytest.param(make_plan(3, split=20, bins=5), id="split segments"),
        pytest.param(make_plan(MOST_TASKS + 1, bins=5), id="too many segments"),
    ],
)
def test_what_cannot_be_a_task_each_stays_in_the_plan_s_bins(plan: Document) -> None:
    made = expand(job_template(make_job(split=plan["split"]), 60), plan)
    in_bins = [step for step in made["steps"] if step["name"] in ("States", "Key")]
    assert len(in_bins) == (2 if plan["split"] else 1)
    for step in in_bins:
        assert step["parameterSpace"] == {
            "taskParameterDefinitions": [{"name": "Bin", "type": "INT", "range": "1-5"}]
        }
        assert "{{Task.Param.Bin}}/5" in step["script"]["actions"]["onRun"]["args"]
    decode(made)


def test_as_many_segments_as_a_job_may_have_are_tasks() -> None:
    made = expand(job_template(make_job(), 60), make_plan(MOST_TASKS))
    decode(made)
    assert "--segment" in str(made)
