"""Jobs for other engines, read by a parser of each one's form, or run against a strict stand-in.

None of these engines is at hand here: what stands in for them knows only what their documents name.
"""

import ast
import json
import shlex
import shutil
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from robust_matte.errors import SettingsError
from robust_matte.farm.command_lines import command_lines
from robust_matte.farm.deadline10 import deadline10_files
from robust_matte.farm.farm_job import FarmJob, Machine
from robust_matte.farm.farm_plan import FarmPlan
from robust_matte.farm.flamenco import flamenco_script
from robust_matte.farm.open_cue import open_cue_script
from robust_matte.farm.tractor import tractor_script
from robust_matte.farm.verbs import Manner, places_of

PLATES, OUT = "/show/my plates", "/show/{out}/mattes"
VERBS = ["plan", "states", "key", "check"]


@pytest.fixture
def job() -> FarmJob:
    """A job whose names have spaces, braces and #, as a studio's may."""
    return FarmJob(
        name="Show {a}: mattes",
        plates=PLATES,
        plate="sh 010/plate.####.exr",
        out=OUT,
        bins=3,
        split=50,
        model="/show/rvm.pth",
        options=(("--despill", "green"), ("--crop",)),
        machine=Machine(gpus=1, gpu_memory=8000, memory=16000),
    )


def check_words(words: list[str], task: str | None = None) -> None:
    """Make sure of what every engine's tasks are told."""
    program, verb, *rest = words
    assert program == "robust-matte"
    assert f"plates={PLATES}" in rest
    if verb == "plan":
        assert rest[0] == f"{PLATES}/sh 010/plate.####.exr"
        assert rest[rest.index("--output") + 1] == OUT
        assert rest[rest.index("--bins") + 1] == "3"
        assert rest[rest.index("--split") + 1] == "states:50"
        assert rest[rest.index("--despill") :][:3] == ["--despill", "green", "--crop"]
    else:
        assert f"{OUT}/plan.json" in rest
        assert f"out={OUT}" in rest
    if verb in ("plan", "states", "key"):
        assert "--offline" in rest
        assert rest[rest.index("--model") + 1] == "/show/rvm.pth"
    if verb in ("states", "key"):
        assert rest[rest.index("--device") + 1] == "cuda"
    if verb in ("states", "key"):
        assert rest[rest.index("--bin") + 1] == f"{task}/3"


def on_term(words: list[str]) -> str:
    return words[words.index("--on-term") + 1]


# --- OpenCue


class StrictLayer:
    """A layer that takes what pyoutline 1.37 documents, and waits for others."""

    KNOWN = frozenset({"command", "range", "memory", "gpus", "gpu_memory"})

    def __init__(self, name: str, **values: Any) -> None:
        assert values.keys() <= self.KNOWN, values.keys() - self.KNOWN
        self.name, self.values, self.waits = name, values, list[str]()

    def depend_all(self, other: "StrictLayer") -> None:
        self.waits.append(other.name)


class StrictOutline:
    def __init__(self, name: str, *, name_unique: bool) -> None:
        assert name_unique
        self.name, self.layers = name, list[StrictLayer]()

    def add_layer(self, layer: StrictLayer) -> None:
        self.layers.append(layer)


def run_open_cue(text: str, monkeypatch: pytest.MonkeyPatch, *words: str) -> dict[str, Any]:
    """Run the script as a user would, with modules that are strict about what they are asked."""
    launched: dict[str, Any] = {}

    def launch(outline: StrictOutline, *, use_pycuerun: bool, pause: bool) -> None:
        launched.update(outline=outline, use_pycuerun=use_pycuerun, pause=pause)

    modules: dict[str, dict[str, Any]] = {
        "outline": {"Outline": StrictOutline},
        "outline.cuerun": {"launch": launch},
        "outline.modules": {},
        "outline.modules.shell": {"Shell": StrictLayer},
    }
    for name, values in modules.items():
        module = types.ModuleType(name)
        module.__dict__.update(values)
        monkeypatch.setitem(sys.modules, name, module)
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], child, module)
    monkeypatch.setattr(sys, "argv", ["job.py", *words])
    exec(compile(text, "job.py", "exec"), {"__name__": "__main__"})  # noqa: S102 - ours
    return launched


def test_open_cue_launches_layers_that_wait_for_each_other(
    job: FarmJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    launched = run_open_cue(open_cue_script(job), monkeypatch, "--paused")
    assert launched["pause"] is True
    assert launched["use_pycuerun"] is False  # hosts run the program itself, so signals reach it
    outline = launched["outline"]
    assert outline.name == "show_a_mattes"
    assert [layer.name for layer in outline.layers] == VERBS
    assert [layer.waits for layer in outline.layers] == [[], ["plan"], ["states"], ["key"]]
    assert [layer.values["range"] for layer in outline.layers] == ["1-1", "1-3", "1-3", "1-1"]
    for layer in outline.layers:
        words = shlex.split(" ".join(layer.values["command"]))  # as cuebot's host gives it to sh
        check_words(words, "#IFRAME#")
        is_keying = layer.name in ("states", "key")
        assert layer.values.get("gpu_memory") == ("8000m" if is_keying else None)
        if is_keying:
            assert on_term(words) == "signal"


def test_open_cue_s_script_is_not_paused_by_itself(
    job: FarmJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run_open_cue(open_cue_script(job), monkeypatch)["pause"] is False


# --- Deadline 10


def info(text: str) -> dict[str, str]:
    pairs = [line.partition("=") for line in text.splitlines()]
    assert all(sign for _, sign, _ in pairs)
    assert len({name for name, _, _ in pairs}) == len(pairs)
    return {name: value for name, _, value in pairs}


def test_deadline10_has_a_pair_of_files_for_each_job(job: FarmJob) -> None:
    made = deadline10_files(job, ["Pool=comp", "Group=gpu"])
    pairs = {f"{verb}_{kind}_info.txt" for verb in VERBS for kind in ("job", "plugin")}
    assert set(made) == pairs | {"submit.py"}
    for verb in VERBS:
        told = info(made[f"{verb}_job_info.txt"])
        assert told["Plugin"] == "CommandLine"
        assert told["Name"] == f"Show {{a}}: mattes: {verb}"
        assert (told["Pool"], told["Group"], told["ChunkSize"]) == ("comp", "gpu", "1")
        assert told["Frames"] == ("1-3" if verb in ("states", "key") else "1")
        plugin = info(made[f"{verb}_plugin_info.txt"])
        words = [plugin["Executable"], *shlex.split(plugin["Arguments"], comments=False)]
        check_words(words, "<STARTFRAME>")


def test_deadline10_refuses_what_its_files_cannot_hold(job: FarmJob) -> None:
    for line in ("Pool", "Po ol=x", "=x"):
        with pytest.raises(SettingsError, match="is not KEY=VALUE"):
            deadline10_files(job, [line])
    quoted = job.model_copy(update={"plates": '/show/"x"'})
    with pytest.raises(SettingsError, match="cannot be written in a job of Deadline 10"):
        deadline10_files(quoted)


DEADLINE = """\
import pathlib, sys
info, plugin = (pathlib.Path(word).read_text() for word in sys.argv[1:])
log = pathlib.Path(__file__).with_name("log.txt")
lines = log.read_text().splitlines() if log.exists() else []
name = next(line for line in info.splitlines() if line.startswith("Name="))
waits = [line for line in info.splitlines() if line.startswith("JobDependencies=")]
log.write_text("\\n".join([*lines, " ".join([name.split()[-1], *waits])]))
if name.endswith("check") and "--fail" in plugin:
    sys.exit("refused")
print(f"Deadline Command 10.4\\n\\nResult=Success\\nJobID=id{len(lines)}\\n")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a POSIX script")
def test_deadline10_s_jobs_wait_for_each_other(job: FarmJob, tmp_path: Path) -> None:
    for name, text in deadline10_files(job).items():
        (tmp_path / name).write_text(text, "utf-8")
    folder = tmp_path / "bin"
    folder.mkdir()
    command = folder / "deadlinecommand"
    command.write_text(f"#!{sys.executable}\n{DEADLINE}", "utf-8")
    command.chmod(0o755)
    run = [sys.executable, "-I", str(tmp_path / "submit.py")]
    environment = {"DEADLINE_PATH": str(folder), "PATH": ""}
    done = subprocess.run(run, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["plan: id0", "states: id1", "key: id2", "check: id3"]
    assert (folder / "log.txt").read_text("utf-8").splitlines() == [
        "plan",
        "states JobDependencies=id0",
        "key JobDependencies=id1",
        "check JobDependencies=id2",
    ]
    with (tmp_path / "check_plugin_info.txt").open("a", encoding="utf-8") as file:
        file.write(" --fail")
    done = subprocess.run(run, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "check was not submitted" in done.stderr
    done = subprocess.run(run, env={"PATH": ""}, capture_output=True, text=True, check=False)
    assert "set DEADLINE_PATH" in done.stderr


# --- Tractor


def read_alfscript(text: str) -> list[Any]:
    """Read an alfscript with Tcl itself, each level with the operators that may be there."""
    tkinter = pytest.importorskip("tkinter", reason="Tcl reads alfscripts")
    tcl = tkinter.Tcl()

    def commands(script: str, *names: str) -> list[Any]:
        found: list[Any] = []
        inner = tkinter.Tcl()
        for name in names:
            inner.createcommand(name, lambda *words, name=name: found.append((name, *words)))
        inner.eval(script)
        return found

    def options(words: tuple[str, ...], known: set[str]) -> dict[str, str]:
        told = dict(zip(words[::2], words[1::2], strict=True))
        assert told.keys() <= known
        return told

    def task(words: tuple[str, ...]) -> Any:
        told = options(words[2:], {"-cmds", "-subtasks"})
        if "-subtasks" in told:
            return words[1], nested(told["-subtasks"])
        ((_, launch, *rest),) = commands(told["-cmds"], "RemoteCmd")
        return words[1], list(tcl.splitlist(launch)), options(tuple(rest), {"-service", "-retryrc"})

    def nested(script: str) -> list[Any]:
        return [task(words) for words in commands(script, "Task")]

    assert text.startswith("##AlfredToDo 3.0\n")
    ((_, *words),) = commands(text, "Job")
    told = options(tuple(words), {"-title", "-serialsubtasks", "-subtasks"})
    return [told["-title"], told["-serialsubtasks"], nested(told["-subtasks"])]


def test_tractor_runs_steps_in_turn_and_bins_beside_each_other(job: FarmJob) -> None:
    title, is_serial, tasks = read_alfscript(tractor_script(job, "RobustMatte"))
    assert (title, is_serial) == ("Show {a}: mattes", "1")
    assert [task[0] for task in tasks] == ["Plan", "States", "Key", "Check"]
    _, (_, states), (_, bins), _ = tasks
    assert [task[0] for task in states] == ["States 1", "States 2", "States 3"]
    assert [task[0] for task in bins] == ["Key 1", "Key 2", "Key 3"]
    for name, words, options in [tasks[0], *states, *bins, tasks[3]]:
        check_words(words, name.split()[-1])
        assert options == {"-service": "RobustMatte", "-retryrc": "75"}
        if words[1] in ("states", "key"):
            assert on_term(words) == "exit75"  # a signal would never be retried
            assert words[words.index("--progress") + 1] == "tractor"


# --- Flamenco

# Flamenco's `author` and `job`, strict: an unknown member or a task that was never added fails.
HOST = """
const strict = (target) => new Proxy(target, { get(from, name) {
    if (!(name in from)) throw new Error(`Flamenco has no ${String(name)}`);
    return from[name];
}});
const added = [];
globalThis.author = strict({
    Task: (name, type) => strict({
        name, type, commands: [], needs: [],
        addCommand(command) { this.commands.push(command); },
        addDependency(other) {
            if (!added.includes(other.name)) throw new Error(`${other.name} was not added`);
            this.needs.push(other.name);
        },
    }),
    Command: (name, parameters) => ({ name, parameters }),
});
const settings = {};
for (const one of JOB_TYPE.settings) {
    const known = ["key", "type", "subtype", "required", "default", "description", "propargs"];
    const unknown = Object.keys(one).filter((name) => ![...known, "visible"].includes(name));
    if (unknown.length) throw new Error(`settings have no ${unknown}`);
    settings[one.key] = one.default;
}
Object.assign(settings, OVERRIDES);
const tasks = [];
const addTask = (task) => { added.push(task.name); tasks.push(task); };
compileJob({ settings: strict(settings), addTask });
console.log(JSON.stringify({
    label: JOB_TYPE.label,
    tasks: tasks.map((t) => ({ name: t.name, type: t.type, commands: t.commands, needs: t.needs })),
}));
"""


def compile_flamenco(text: str, tmp_path: Path, **settings: Any) -> Any:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node runs Flamenco's job types")
    path = tmp_path / "job.js"
    host = f"const OVERRIDES = {json.dumps(settings)};\n{HOST}"
    path.write_text(f"'use strict';\n{text}\n{host}", "utf-8")
    done = subprocess.run([node, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_flamenco_compiles_tasks_that_need_each_other(job: FarmJob, tmp_path: Path) -> None:
    made = compile_flamenco(flamenco_script(job), tmp_path)
    assert made["label"] == "Robust Matte"
    names = [task["name"] for task in made["tasks"]]
    states = ["states-1", "states-2", "states-3"]
    assert names == ["plan", *states, "key-1", "key-2", "key-3", "check"]
    needs = {task["name"]: task["needs"] for task in made["tasks"]}
    assert needs["states-3"] == ["plan"]
    assert needs["key-2"] == states
    assert needs["check"] == ["key-1", "key-2", "key-3"]
    for task in made["tasks"]:
        (command,) = task["commands"]
        assert (command["name"], task["type"]) == ("exec", "misc")
        assert command["parameters"].keys() == {"exe", "args"}
        words = [command["parameters"]["exe"], *command["parameters"]["args"]]
        check_words(words, task["name"].rpartition("-")[2])
        assert not any("<" in word for word in words)


def test_flamenco_takes_settings_of_the_submission(job: FarmJob, tmp_path: Path) -> None:
    text = flamenco_script(job)
    made = compile_flamenco(text, tmp_path, bins=1, plates="/other", task_type="gpu")
    assert [task["name"] for task in made["tasks"]] == ["plan", "states-1", "key-1", "check"]
    assert {task["type"] for task in made["tasks"]} == {"gpu"}
    (command,) = made["tasks"][0]["commands"]
    assert "plates=/other" in command["parameters"]["args"]


# --- lists of commands


def make_plan(split: int | None) -> FarmPlan:
    segment = {"first": 1001, "last": 1010, "reset": "first frame"}
    shot = {
        "plate": "p",
        "output": "m",
        "settings": {},
        "job": "0",
        "segments": [segment, segment],
        "pixels": 1,
        "frames": 10,
    }
    return FarmPlan.model_validate(
        {
            "plates": "../plates",
            "weights": {"name": "draft", "sha256": "0"},
            "split": split,
            "shots": [shot | {"name": name} for name in ("sh010", "sh 020")],
            "bins": [[], [], []],
        }
    )


def test_commands_are_a_line_for_each_segment(job: FarmJob) -> None:
    places = places_of(job, Manner(progress="plain", on_term="signal"))
    lines = [shlex.split(line) for line in command_lines(make_plan(None), ["rm", "-x"], places)]
    names = [words[words.index("--segment") + 1] for words in lines]
    assert names == ["sh010:0", "sh010:1", "sh 020:0", "sh 020:1"]
    for words in lines:
        assert words[:5] == ["rm", "-x", "key", "--plan", f"{OUT}/plan.json"]
        assert on_term(words) == "signal"


def test_commands_of_split_segments_are_a_line_for_each_bin(job: FarmJob) -> None:
    places = places_of(job, Manner(progress="plain"))
    lines = [shlex.split(line) for line in command_lines(make_plan(20), ["rm"], places)]
    assert [words[words.index("--bin") + 1] for words in lines] == ["1/3", "2/3", "3/3"]


# --- scripts for other programs' Pythons


def test_scripts_are_written_for_old_pythons(job: FarmJob, root: Path) -> None:
    hook = root / "plugin" / "robust_matte" / "farm" / "expand_segments.py"
    for text in (
        open_cue_script(job),
        deadline10_files(job)["submit.py"],
        hook.read_text("utf-8"),
    ):
        tree = ast.parse(text, feature_version=(3, 9))
        names = {
            alias.name if isinstance(node, ast.Import) else node.module
            for node in ast.walk(tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in node.names
        }
        foreign = {str(name).partition(".")[0] for name in names} - sys.stdlib_module_names
        assert foreign <= {"outline"}
