"""A job bundle on disk, and the hook that plans where a job is submitted from."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from openjd.model import decode_job_template

from robust_matte.errors import WouldOverwriteError
from robust_matte.farm.bundle import Bundle, write_bundle
from robust_matte.farm.farm_job import FarmJob, Machine
from robust_matte.farm.farm_plan import FarmPlan

# Stands in for the program: keeps its words, writes a plan where -o says, ends as it is told.
PROGRAM = """\
import json, os, pathlib, sys
pathlib.Path(os.environ["TOLD"]).write_text(json.dumps(sys.argv[1:]))
folder = pathlib.Path(sys.argv[sys.argv.index("--output") + 1])
if os.environ["CODE"] == "0":
    folder.mkdir(exist_ok=True)
    (folder / "plan.json").write_text(os.environ["PLAN"])
print("openjd_progress: 100")
sys.exit(int(os.environ["CODE"]))
"""


def make_plan(split: int | None = None) -> FarmPlan:
    segments = [
        {"first": 1001, "last": 1010, "reset": "first frame"},
        {"first": 1011, "last": 1020, "reset": "cut"},
    ]
    shot = {
        "plate": "p.####.exr",
        "output": "m.####.exr",
        "settings": {},
        "job": "0",
        "segments": segments,
        "pixels": 1,
        "frames": 20,
    }
    document: dict[str, Any] = {
        "plates": "../plates",
        "weights": {"name": "draft", "sha256": "0"},
        "split": split,
        "shots": [shot | {"name": name} for name in ("sh010", "sh020")],
        "bins": [[], [], []],
    }
    return FarmPlan.model_validate(document)


@pytest.fixture
def job(tmp_path: Path) -> FarmJob:
    (tmp_path / "plates").mkdir()
    program = tmp_path / "program.py"
    program.write_text(PROGRAM, "utf-8")
    return FarmJob(
        plates=str(tmp_path / "plates"),
        out=str(tmp_path / "out"),
        bins=3,
        program=(sys.executable, str(program)),
        machine=Machine(gpus=1, gpu_memory=8000),
    )


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


def test_a_bundle_has_all_files_of_deadline_cloud(job: FarmJob, tmp_path: Path) -> None:
    written = write_bundle(tmp_path / "bundle", Bundle(job=job))
    assert {path.relative_to(tmp_path / "bundle").as_posix() for path in written} == {
        *("template.yaml", "parameter_values.yaml", "asset_references.yaml", "hooks.yaml"),
        *("README.md", "scripts/expand_segments.py", "scripts/template.json"),
    }
    template = read(tmp_path / "bundle" / "template.yaml")
    decode_job_template(template=template, supported_extensions=[])
    values = read(tmp_path / "bundle" / "parameter_values.yaml")["parameterValues"]
    names = {one["name"] for one in template["parameterDefinitions"]}
    assert {one["name"]: one["value"] for one in values} == {"Plates": job.plates, "Out": job.out}
    lacking = {one["name"] for one in template["parameterDefinitions"] if "default" not in one}
    assert lacking == {"Plates", "Out"} <= names
    text = (tmp_path / "bundle" / "README.md").read_text("utf-8")
    assert "GPUs 1, GPU memory 8000, memory any" in text
    assert "@" not in text


def test_files_that_no_parameter_maps_travel_along(job: FarmJob, tmp_path: Path) -> None:
    config = tmp_path / "studio.ocio"
    config.touch()
    masks = f"{job.plates}/masks"
    options = (("--config", str(config)), ("--garbage", masks), ("--core", "/nowhere/core.exr"))
    bundle = Bundle(job=job.model_copy(update={"options": options}))
    write_bundle(tmp_path / "bundle", bundle)
    references = read(tmp_path / "bundle" / "asset_references.yaml")["assetReferences"]
    assert references["inputs"] == {"filenames": [str(config)], "directories": []}
    assert references["outputs"] == {"directories": []}
    assert references["referencedPaths"] == ["/nowhere/core.exr"]


def test_a_planned_bundle_names_segments_and_plans_no_more(job: FarmJob, tmp_path: Path) -> None:
    written = write_bundle(tmp_path / "bundle", Bundle(job=job, plan=make_plan()))
    assert not any("hook" in path.name for path in written)
    template = read(tmp_path / "bundle" / "template.yaml")
    decode_job_template(template=template, supported_extensions=[])
    assert [step["name"] for step in template["steps"]] == ["Key", "Check"]
    names = [one["name"] for one in template["parameterDefinitions"]]
    assert names == ["JobName", "Plates", "Out", "Device"]
    (segments, frames) = template["steps"][0]["parameterSpace"]["taskParameterDefinitions"]
    assert segments["range"] == ["sh010:0", "sh010:1", "sh020:0", "sh020:1"]
    assert frames["range"] == ["1001-1010", "1011-1020", "1001-1010", "1011-1020"]


def test_a_folder_with_something_in_it_is_left_alone(job: FarmJob, tmp_path: Path) -> None:
    folder = tmp_path / "bundle"
    folder.mkdir()
    (folder / "mine.txt").touch()
    with pytest.raises(WouldOverwriteError, match="bundle is not empty"):
        write_bundle(folder, Bundle(job=job))
    assert [path.name for path in folder.iterdir()] == ["mine.txt"]
    write_bundle(folder, Bundle(job=job), may_replace=True)
    assert (folder / "template.yaml").exists()


def test_a_planned_bundle_leaves_no_hook_of_an_earlier_one(job: FarmJob, tmp_path: Path) -> None:
    folder = tmp_path / "bundle"
    write_bundle(folder, Bundle(job=job))
    (folder / "scripts" / "mine.py").touch()
    written = write_bundle(folder, Bundle(job=job, plan=make_plan()), may_replace=True)
    left = {path for path in folder.rglob("*") if path.is_file()}
    assert left == {*written, folder / "scripts" / "mine.py"}
    write_bundle(folder, Bundle(job=job), may_replace=True)
    (folder / "scripts" / "mine.py").unlink()
    write_bundle(folder, Bundle(job=job, plan=make_plan()), may_replace=True)
    assert not (folder / "scripts").exists()


def test_what_the_readme_shows_runs(job: FarmJob, tmp_path: Path) -> None:
    program = tmp_path / "it.py"
    program.write_text("import sys; print('TOLD', sys.argv[1:])")
    plates = tmp_path / "my plates"
    plates.mkdir()
    mine = {"program": (sys.executable, str(program)), "machine": Machine(), "plates": str(plates)}
    bundle = Bundle(job=job.model_copy(update=mine | {"bins": 1}))
    folder = tmp_path / "bundle"
    write_bundle(folder, bundle)
    lines = (folder / "README.md").read_text("utf-8").splitlines()
    [shown] = [line.strip() for line in lines if line.startswith("    openjd run")]
    command = [sys.executable, "-m", "openjd", *shlex.split(shown)[1:]]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("TOLD") == 3
    assert f"plates={plates}" in done.stdout


# --- the hook, as AWS Deadline Cloud's client runs it


class Submission:
    """Runs a bundle's hook as the client does: metadata as JSON on stdin, a template on stdout."""

    def __init__(self, folder: Path, tmp_path: Path) -> None:
        self.folder = folder
        self.told = tmp_path / "told.json"
        self.code = 0

    def run(self, parameters: dict[str, Any]) -> "subprocess.CompletedProcess[str]":
        hooks = read(self.folder / "hooks.yaml")
        assert hooks["version"] == "1.0"
        (hook,) = hooks["preSubmission"]
        assert hook["command"] in ("python3", "python")
        metadata = {
            "jobName": "Robust Matte",
            "jobBundleDir": str(self.folder),
            "parameters": parameters,
            "assetReferences": {},
            "submissionPayload": {},
        }
        plan = make_plan().model_dump_json()
        # -I: as on a machine without this project's environment.
        return subprocess.run(
            [sys.executable, "-I", *(str(self.folder / word) for word in hook["args"])],
            input=json.dumps(metadata),
            env=os.environ | {"TOLD": str(self.told), "CODE": str(self.code), "PLAN": plan},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )


@pytest.fixture
def submission(job: FarmJob, tmp_path: Path) -> Submission:
    write_bundle(tmp_path / "bundle", Bundle(job=job))
    return Submission(tmp_path / "bundle", tmp_path)


@pytest.fixture
def parameters(job: FarmJob, submission: Submission) -> dict[str, Any]:
    template = read(submission.folder / "template.yaml")
    given = {one["name"]: one.get("default") for one in template["parameterDefinitions"]}
    return given | {"Plates": job.plates, "Out": job.out, "Despill": "green", "Bins": 5}


def test_the_hook_plans_as_the_job_would_and_names_segments(
    submission: Submission, parameters: dict[str, Any], job: FarmJob
) -> None:
    done = submission.run(parameters)
    assert done.returncode == 0, done.stderr
    template = yaml.safe_load(json.loads(done.stdout)["template"])
    decode_job_template(template=template, supported_extensions=[])
    (segments, _) = template["steps"][0]["parameterSpace"]["taskParameterDefinitions"]
    assert segments["range"] == ["sh010:0", "sh010:1", "sh020:0", "sh020:1"]
    assert "4 segments of 2 shots" in done.stderr
    words = json.loads(submission.told.read_text("utf-8"))
    assert words[:4] == ["plan", f"{job.plates}/.", "--output", job.out]
    assert words[words.index("--despill") + 1] == "green"
    assert words[words.index("--bins") + 1] == "5"
    assert words[words.index("--progress") + 1] == "plain"
    # A job gets values for all parameters of the template that was submitted first.
    names = {one["name"] for one in template["parameterDefinitions"]}
    assert names == parameters.keys()


def test_where_the_plates_are_not_the_job_stays_in_bins(
    submission: Submission, parameters: dict[str, Any]
) -> None:
    done = submission.run(parameters | {"Plates": "/mnt/elsewhere"})
    assert (done.returncode, done.stdout) == (0, "")
    assert "/mnt/elsewhere are not here" in done.stderr
    assert not submission.told.exists()


def test_where_the_program_is_not_the_job_stays_in_bins(
    submission: Submission, parameters: dict[str, Any], job: FarmJob
) -> None:
    absent = job.model_copy(update={"program": ("no-such-robust-matte",)})
    write_bundle(submission.folder, Bundle(job=absent), may_replace=True)
    done = submission.run(parameters)
    assert (done.returncode, done.stdout) == (0, "")
    assert "no-such-robust-matte is not here" in done.stderr


@pytest.mark.parametrize("code", [2, 3, 4, 6])
def test_what_would_fail_on_the_farm_is_not_submitted(
    code: int, submission: Submission, parameters: dict[str, Any]
) -> None:
    submission.code = code
    done = submission.run(parameters)
    assert (done.returncode, done.stdout) == (code, "")


@pytest.mark.parametrize("code", [1, 5, 75])
def test_what_fails_here_alone_is_left_to_the_farm(
    code: int, submission: Submission, parameters: dict[str, Any]
) -> None:
    submission.code = code
    done = submission.run(parameters)
    assert (done.returncode, done.stdout) == (0, "")
    assert f"ended with {code} here" in done.stderr


def test_an_edited_template_is_submitted_as_it_is(
    submission: Submission, parameters: dict[str, Any]
) -> None:
    with (submission.folder / "template.yaml").open("a", encoding="utf-8") as file:
        file.write("# by hand\n")
    done = submission.run(parameters)
    assert (done.returncode, done.stdout) == (0, "")
    assert "template.yaml was edited" in done.stderr
