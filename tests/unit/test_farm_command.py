"""`robust-matte farm` as it is typed: what it writes, what it refuses, and what tasks are told.

The words of every task are given to the program's own command line.
"""

import json
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest
import yaml  # type: ignore[import-untyped]
from typer import Context
from typer.core import TyperGroup
from typer.main import get_command

from robust_matte.cli.app import app, main

Run = Callable[..., int]
PLACES = ["--plates", "/show/plates", "--out", "/show/mattes"]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run `robust-matte farm` with some words in the test's folder, and return its exit code."""

    def command(*words: str) -> int:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["robust-matte", "farm", *words])
        with pytest.raises(SystemExit) as end:
            main()
        return int(end.value.code or 0)

    return command


def takes(words: list[str]) -> None:
    """Make sure that the program takes the words of a task, without running it."""
    program = cast(TyperGroup, get_command(app))
    verb, *rest = words
    with Context(program, info_name="robust-matte") as parent:
        program.commands[verb].make_context(verb, rest, parent=parent)


def tasks_of_bundle(folder: Path) -> Iterator[list[str]]:
    template = yaml.safe_load((folder / "template.yaml").read_text("utf-8"))
    usual = {one["name"]: str(one.get("default", "/x")) for one in template["parameterDefinitions"]}
    for step in template["steps"]:
        words = step["script"]["actions"]["onRun"]["args"]
        for name, value in usual.items():
            words = [word.replace(f"{{{{Param.{name}}}}}", value) for word in words]
        yield [word.replace("{{Task.Param.Bin}}", "1") for word in words]


def write_plan(tmp_path: Path) -> str:
    out = tmp_path / "mattes"
    out.mkdir()
    shot = {
        "name": "sh010",
        "plate": "p.####.exr",
        "output": "m.####.exr",
        "settings": {},
        "job": "0",
        "segments": [{"first": 1, "last": 9, "reset": "first frame"}],
        "pixels": 1,
        "frames": 9,
    }
    plan = {
        "plates": "../plates",
        "weights": {"name": "draft", "sha256": "0"},
        "shots": [shot],
        "bins": [[]],
    }
    (out / "plan.json").write_text(json.dumps(plan), "utf-8")
    return "mattes/plan.json"


def test_the_program_takes_the_words_of_every_task_of_a_bundle(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--", "--despill", "green", "--warm-up=4", "--crop"]
    assert run("bundle", "job", *PLACES, "--split", "states:50", "--gpus", "1", *options) == 0
    written = capsys.readouterr().out.split()
    assert "job/template.yaml" in [Path(name).as_posix() for name in written]
    tasks = list(tasks_of_bundle(tmp_path / "job"))
    assert [words[0] for words in tasks] == ["plan", "states", "key", "check"]
    assert tasks[0][tasks[0].index("--warm-up") :][:3] == ["--warm-up", "4", "--crop"]
    for words in tasks:
        takes(words)


def test_the_program_takes_the_words_of_a_planned_bundle_and_of_commands(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = write_plan(tmp_path)
    assert run("bundle", "job", "--plan", plan, "--model", "/show/rvm.pth") == 0
    values = yaml.safe_load((tmp_path / "job" / "parameter_values.yaml").read_text("utf-8"))
    assert {one["name"]: one["value"] for one in values["parameterValues"]} == {
        "Plates": str(tmp_path / "plates"),
        "Out": str(tmp_path / "mattes"),
        "Weights": "/show/rvm.pth",
    }
    key, check = tasks_of_bundle(tmp_path / "job")
    assert key[key.index("--model") + 1] == "/x"
    takes([word.replace("{{Task.Param.Segment}}", "sh010:0") for word in key])
    takes(check)
    capsys.readouterr()
    assert run("commands", plan, "--on-term", "signal", "--program", "python -m robust_matte") == 0
    (line,) = capsys.readouterr().out.splitlines()
    program, words = shlex.split(line)[:3], shlex.split(line)[3:]
    assert program == ["python", "-m", "robust_matte"]
    assert words[words.index("--plan") + 1] == str(tmp_path / "mattes" / "plan.json")
    assert f"plates={tmp_path / 'plates'}" in words
    takes(words)


@pytest.mark.parametrize(
    ("words", "device"),
    [
        pytest.param([], None, id="what the machine has"),
        pytest.param(["--gpus", "0"], "cpu", id="CPUs"),
        pytest.param(["--gpus", "1"], "cuda", id="a GPU"),
    ],
)
def test_commands_name_a_device_where_one_is_asked_for(
    run: Run,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    device: str | None,
) -> None:
    assert run("commands", write_plan(tmp_path), *words) == 0
    line = shlex.split(capsys.readouterr().out)
    assert ("--device" in line) == (device is not None)
    if device:
        assert line[line.index("--device") + 1] == device


def test_commands_take_the_plan_s_weights_alone(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = write_plan(tmp_path)
    (tmp_path / "other.pth").write_bytes(b"other")
    for model, code, what in (
        ("resnet50", 2, "made with the weights draft, not resnet50"),
        ("nosuch.pth", 5, "nosuch.pth cannot be read"),
        ("other.pth", 5, "is not what the plan was made with, draft"),
    ):
        assert run("commands", plan, "--model", model) == code
        told = capsys.readouterr()
        assert what in told.err
        assert told.out == ""
    assert run("commands", plan, "--model", "draft") == 0


def test_commands_find_the_plan_in_its_folder_and_under_its_own_name_alone(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = tmp_path / write_plan(tmp_path)
    assert run("commands", str(plan)) == 0
    by_file = capsys.readouterr().out
    assert run("commands", str(plan.parent)) == 0
    assert capsys.readouterr().out == by_file
    other = plan.rename(plan.with_name("monday.json"))
    assert run("commands", str(other)) == 2
    told = capsys.readouterr()
    assert f"{other} is not called plan.json" in told.err
    assert told.out == ""


def test_commands_name_their_files_without_detours(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_plan(tmp_path)
    (tmp_path / "farm").mkdir()
    assert run("commands", "farm/../mattes/plan.json") == 0
    assert ".." not in capsys.readouterr().out


def test_folders_and_files_are_written_with_their_whole_path(run: Run, tmp_path: Path) -> None:
    (tmp_path / "reel.edl").touch()
    options = ["--", "--cuts", "reel.edl", "--garbage", "plates/mask.####.exr"]
    words = ["--plates", "plates", "--out", "Z:\\mattes", "--model", "rvm.pth"]
    assert run("bundle", "job", *words, *options) == 0
    values = yaml.safe_load((tmp_path / "job" / "parameter_values.yaml").read_text("utf-8"))
    assert {one["name"]: one["value"] for one in values["parameterValues"]} == {
        "Plates": str(tmp_path / "plates"),
        "Out": "Z:\\mattes",
        "Weights": str(tmp_path / "rvm.pth"),
    }
    template = (tmp_path / "job" / "template.yaml").read_text("utf-8")
    assert '- "{{Param.Plates}}/mask.####.exr"' in template
    assert f"- {tmp_path / 'reel.edl'}" in template
    references = (tmp_path / "job" / "asset_references.yaml").read_text("utf-8")
    assert str(tmp_path / "reel.edl") in references


@pytest.mark.parametrize(
    ("engine", "names"),
    [
        pytest.param("opencue", ["job"], id="OpenCue"),
        pytest.param("tractor", ["job"], id="Tractor"),
        pytest.param("flamenco", ["job"], id="Flamenco"),
        pytest.param("deadline10", ["job/submit.py", "job/key_job_info.txt"], id="Deadline 10"),
    ],
)
def test_every_engine_is_written_once_and_replaced_when_asked(
    run: Run,
    tmp_path: Path,
    engine: str,
    names: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(engine, "job", *PLACES, "--bins", "2") == 0
    printed = [Path(name).as_posix() for name in capsys.readouterr().out.split()]
    assert set(names) <= set(printed)
    before = {name: (tmp_path / name).read_bytes() for name in printed}
    assert run(engine, "job", *PLACES, "--bins", "3") == 6
    assert "exists." in capsys.readouterr().err
    assert {name: (tmp_path / name).read_bytes() for name in printed} == before
    assert run(engine, "job", *PLACES, "--bins", "3", "--overwrite") == 0
    assert {name: (tmp_path / name).read_bytes() for name in printed} != before


REFUSED = [
    pytest.param(["--out", "o"], "The folders of plates and result are not", id="no plates"),
    pytest.param([*PLACES, "--", "--treads", "3"], "has no flag --treads", id="unknown option"),
    pytest.param([*PLACES, "--", "--despill", "red"], '--despill cannot be "red"', id="bad value"),
    pytest.param(
        [*PLACES, "--", "--bins", "3"], "--bins after -- is the job's own", id="own option"
    ),
    pytest.param([*PLACES, "--", "-o", "x"], "-o after -- is the job's own", id="own short option"),
    pytest.param([*PLACES, "--", "plate.exr"], "plate.exr stands alone", id="a plate"),
    pytest.param([*PLACES, "--split", "chain"], 'The split "chain" cannot', id="split"),
    pytest.param([*PLACES, "--program", "a 'b"], "cannot be understood", id="program"),
    pytest.param([*PLACES, "--plate", "/a/b"], "/a/b is not named from", id="plate in full"),
    pytest.param([*PLACES, "--bins", "0"], "--bins cannot be", id="no bins"),
]


@pytest.mark.parametrize(("words", "what"), REFUSED)
@pytest.mark.parametrize("engine", ["bundle", "tractor"])
def test_mistakes_are_told_before_anything_is_written(
    run: Run,
    tmp_path: Path,
    engine: str,
    words: list[str],
    what: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(engine, "job", *words) == 2
    assert what in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "braced"),
    [
        pytest.param(["--", "--garbage", "/x/{{b}}.####.exr"], "/x/{{b}}.####.exr", id="option"),
        pytest.param(["--program", "/opt/{{v}}/rm"], "/opt/{{v}}/rm", id="program"),
        pytest.param(["--name", "a {{b}}"], "a {{b}}", id="name"),
    ],
)
def test_a_bundle_has_no_references_but_its_own(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], braced: str
) -> None:
    assert run("bundle", "job", *PLACES, *words) == 2
    assert f"{braced} cannot be written in a job bundle" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_plan_is_not_planned_again(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = write_plan(tmp_path)
    for words in (PLACES, ["--bins", "16"], ["--plate", "sh010"], ["--", "--crop"]):
        assert run("bundle", "job", "--plan", plan, *words) == 2
        assert "says already what is keyed" in capsys.readouterr().err
    assert run("bundle", "job", "--plan", "nowhere/plan.json") == 3
    assert "There is no plan" in capsys.readouterr().err
    assert not (tmp_path / "job").exists()
