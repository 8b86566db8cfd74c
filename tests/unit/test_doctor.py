"""The checks of an installation, with healthy and with broken parts."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from robust_matte.errors import DeviceError, WeightsMissingError
from robust_matte.jobs import checks_output
from robust_matte.jobs.checks_machine import check_cores, check_memory, check_python, check_torch
from robust_matte.jobs.checks_media import check_colour, check_movies, check_stills
from robust_matte.jobs.checks_output import check_output
from robust_matte.jobs.doctor import CHECKS, examine
from robust_matte.jobs.examination import Check, Examination
from robust_matte.jobs.findings import DoctorReport, Finding, State
from robust_matte.keying import cores, devices, graphics
from robust_matte.keying.devices import TorchDevices, choose_device, probe_torch
from robust_matte.keying.graphics import Card, Graphics, Maker

OK, WARNING, PROBLEM = State.OK, State.WARNING, State.PROBLEM


@pytest.fixture
def examination(tmp_path: Path) -> Examination:
    return Examination(device="cpu", output=tmp_path)


def failing(error: BaseException) -> Check:
    """A check that finds one thing and then breaks."""

    def run(_: Examination) -> Iterator[Finding]:
        yield Finding(name="first", said="found")
        raise error

    return Check("second", run, 6)


# --- isolation and the report


@pytest.mark.parametrize(
    ("error", "said", "todo", "code"),
    [
        pytest.param(
            WeightsMissingError("No weights.", hint="Fetch them."),
            "No weights",
            "Fetch them",
            5,
            id="one of ours",
        ),
        pytest.param(
            ImportError("libcudart.so.13: cannot open shared object file"),
            "a library it needs cannot be loaded: libcudart.so.13",
            "bootstrap.py setup",
            6,
            id="a library that does not load",
        ),
        pytest.param(
            ZeroDivisionError("division by zero\nmore"),
            "this check itself failed: division by zero",
            "doctor -v",
            6,
            id="anything else",
        ),
        pytest.param(KeyError(), "this check itself failed: KeyError", "-v", 6, id="wordless"),
    ],
)
def test_a_check_that_breaks_is_a_problem_and_hides_no_other(
    examination: Examination, error: Exception, said: str, todo: str, code: int
) -> None:
    found = list(examine(examination, [failing(error), Check("Python", check_python, 1)]))
    assert [one.name for one in found] == ["first", "second", "Python"]
    assert found[1].state is PROBLEM
    assert found[1].said.startswith(said)
    assert todo in found[1].todo
    assert found[1].exit_code == code
    assert found[2].state is OK


def test_being_stopped_is_no_finding(examination: Examination) -> None:
    with pytest.raises(KeyboardInterrupt):
        list(examine(examination, [failing(KeyboardInterrupt())]))


def finding(state: State, exit_code: int = 0) -> Finding:
    return Finding(name="x", state=state, said="y", exit_code=exit_code)


@pytest.mark.parametrize(
    ("findings", "is_ready", "code"),
    [
        pytest.param([finding(OK), finding(WARNING)], True, 0, id="warnings do no harm"),
        pytest.param([finding(PROBLEM, 5), finding(PROBLEM, 6)], False, 5, id="the first problem"),
    ],
)
def test_report_has_the_code_of_the_first_problem(
    findings: list[Finding], is_ready: bool, code: int
) -> None:
    report = DoctorReport(version="1", findings=tuple(findings))
    assert (report.is_ready, report.exit_code) == (is_ready, code)
    document = json.loads(report.model_dump_json())
    assert (document["is_ready"], document["exit_code"]) == (is_ready, code)
    assert document["schema_version"] == 1


# --- this very installation, which runs the tests


def test_everything_but_weights_is_well_here(examination: Examination) -> None:
    checks = [check for check in CHECKS if check.name != "weights"]
    found = list(examine(examination, checks))
    assert [one.name for one in found] == [
        *("Python", "torch", "device", "cores", "memory", "movies", "stills", "colour", "output"),
    ]
    assert [f"{one.name}: {one.said}" for one in found if one.state is PROBLEM] == []


def test_nothing_is_left_in_the_output_folder(examination: Examination, tmp_path: Path) -> None:
    list(check_output(examination))
    assert list(tmp_path.iterdir()) == []


# --- torch and its device


@pytest.fixture
def with_card(monkeypatch: pytest.MonkeyPatch) -> Callable[[TorchDevices], None]:
    """Give this machine an NVIDIA card with a driver, and torch what is said."""

    def install(torch: TorchDevices) -> None:
        card = Graphics(cards=(Card(Maker.NVIDIA, "RTX"),), driver="1", driver_cuda=(13, 0))
        monkeypatch.setattr(graphics, "probe_graphics", lambda: card)
        monkeypatch.setattr(devices, "probe_torch", lambda _: torch)

    return install


@pytest.mark.parametrize(
    ("device", "state", "code", "runs_on"),
    [
        pytest.param("auto", WARNING, 0, "auto", id="auto has the CPU to take"),
        pytest.param("cuda", PROBLEM, 5, "cpu", id="cuda by name"),
    ],
)
def test_card_that_is_idle_is_told_with_torchs_build(
    with_card: Callable[[TorchDevices], None],
    examination: Examination,
    device: str,
    state: State,
    code: int,
    runs_on: str,
) -> None:
    with_card(TorchDevices(version="2.13.0+cpu", build="CPU"))
    examination.device = device
    torch, found = check_torch(examination)
    assert torch.said == "2.13.0+cpu, built for the CPU alone"
    assert (found.state, found.exit_code) == (state, code)
    assert "so RTX is idle" in found.said
    assert examination.runs_on == runs_on


def test_torch_is_asked_what_it_is() -> None:
    import torch

    found = probe_torch("auto")
    assert found.version == torch.__version__
    assert len(found.devices) == (torch.cuda.device_count() if torch.cuda.is_available() else 0)
    assert (found.trial is None) == (not found.devices)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("cuda:97", id="no such card"),
        pytest.param("cuda:0128", id="no number to torch"),
        pytest.param("cuda:128", id="below zero to torch"),
        pytest.param("cuda:99999999999999999999", id="too large for torch"),
    ],
)
def test_device_by_name_never_falls_back(name: str) -> None:
    assert choose_device("cpu").type == "cpu"
    with pytest.raises(DeviceError, match=rf"The device {name} cannot be used: torch .* sees"):
        choose_device(name)


# --- cores and memory


def group(root: Path, line: str, files: dict[str, str]) -> Path:
    """Write what Linux says of a process's control group."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(line + "\n")
    for name, text in files.items():
        path = root / "sys/fs/cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    return root


@pytest.mark.parametrize(
    ("line", "files", "quota"),
    [
        pytest.param("0::/", {"cpu.max": "max 100000"}, None, id="v2, no bound"),
        pytest.param("0::/", {"cpu.max": "150000 100000"}, 1.5, id="v2"),
        pytest.param(
            "0::/farm/slot",
            {"farm/cpu.max": "200000 100000", "farm/slot/cpu.max": "400000 100000"},
            2.0,
            id="v2, the group above",
        ),
        pytest.param(
            "3:cpu,cpuacct:/slot",
            {"cpu/slot/cpu.cfs_quota_us": "50000", "cpu/slot/cpu.cfs_period_us": "100000"},
            0.5,
            id="v1",
        ),
        pytest.param(
            "3:cpu:/",
            {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"},
            None,
            id="v1, no bound",
        ),
        pytest.param(
            "4:memory:/slot",
            {"cpu/slot/cpu.cfs_quota_us": "50000", "cpu/slot/cpu.cfs_period_us": "100000"},
            None,
            id="another controller",
        ),
    ],
)
def test_quota_of_control_groups(
    tmp_path: Path, line: str, files: dict[str, str], quota: float | None
) -> None:
    assert cores.core_quota(group(tmp_path, line, files)) == quota


def test_no_control_groups_set_no_quota(tmp_path: Path) -> None:
    assert cores.core_quota(tmp_path) is None


@pytest.mark.parametrize(
    ("quota", "threads"),
    [
        pytest.param(2.5, 2, id="less than the cores"),
        pytest.param(0.5, 1, id="less than one"),
        pytest.param(8.0, 8, id="all of them"),
        pytest.param(None, 8, id="none"),
    ],
)
def test_threads_are_held_to_the_time_that_is_allowed(
    monkeypatch: pytest.MonkeyPatch, examination: Examination, quota: float | None, threads: int
) -> None:
    monkeypatch.setattr(cores, "available_cores", lambda: 8)
    monkeypatch.setattr(cores, "core_quota", lambda: quota)
    (found,) = check_cores(examination)
    assert found.said.endswith(f"the network takes {threads}")
    assert ("a control group allows" in found.said) == (threads < 8)


@pytest.mark.parametrize(
    ("free", "state"),
    [pytest.param(2**28, WARNING, id="little"), pytest.param(2**35, OK, id="much")],
)
def test_little_memory_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, examination: Examination, free: int, state: State
) -> None:
    monkeypatch.setattr("robust_matte.keying.memory.free_memory", lambda: free)
    (found,) = check_memory(examination)
    assert found.state is state


# --- weights


def check_weights(examination: Examination) -> list[Finding]:
    (check,) = [check for check in CHECKS if check.name == "weights"]
    return list(examine(examination, [check]))


@pytest.fixture
def no_weights(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let no weights be here but those of the package."""
    monkeypatch.setenv("ROBUST_MATTE_WEIGHTS", str(tmp_path / "empty"))
    for name in ("XDG_CACHE_HOME", "WIN_PD_OVERRIDE_LOCAL_APPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "no cache"))


@pytest.mark.usefixtures("no_weights")
def test_draft_for_want_of_better_is_a_warning_and_is_tried(examination: Examination) -> None:
    found, network = check_weights(examination)
    assert found.state is WARNING
    assert found.said.startswith("draft: ")
    assert found.said.endswith(", packaged; auto takes it because mobilenetv3 is not here")
    assert found.todo.endswith("robust-matte weights fetch mobilenetv3")
    assert (network.name, network.state) == ("network", OK)
    assert network.said.startswith("draft with the deep guided filter, on cpu; ")


@pytest.mark.usefixtures("no_weights")
def test_draft_by_name_is_well(examination: Examination) -> None:
    examination.model = "draft"
    assert [one.state for one in check_weights(examination)] == [OK, OK]


@pytest.mark.usefixtures("no_weights")
def test_absent_weights_by_name_are_a_problem_offline(
    monkeypatch: pytest.MonkeyPatch, examination: Examination
) -> None:
    monkeypatch.setenv("ROBUST_MATTE_OFFLINE", "1")
    examination.model = "mobilenetv3"
    (found,) = check_weights(examination)
    assert (found.state, found.exit_code) == (PROBLEM, 5)
    assert "rvm_mobilenetv3.pth" in found.said
    assert "weights import FILE" in found.todo


@pytest.mark.usefixtures("no_weights")
def test_weights_that_key_would_fetch_are_a_warning(
    monkeypatch: pytest.MonkeyPatch, examination: Examination
) -> None:
    monkeypatch.delenv("ROBUST_MATTE_OFFLINE", raising=False)
    examination.model = "resnet50"
    (found,) = check_weights(examination)
    assert (found.state, found.todo) == (WARNING, "Run robust-matte weights fetch resnet50")


def test_file_that_is_no_weights_is_a_problem(examination: Examination, tmp_path: Path) -> None:
    file = tmp_path / "weights.pth"
    file.write_bytes(b"<html>")
    examination.model = str(file)
    *_, found = check_weights(examination)
    assert (found.state, found.exit_code) == (PROBLEM, 5)
    assert str(file) in found.said


# --- libraries


def test_codecs_that_are_lacking_are_named(
    monkeypatch: pytest.MonkeyPatch, examination: Examination
) -> None:
    from av.codec import codec

    def lacking(name: str, mode: str) -> None:
        if (name, mode) in (("hevc", "r"), ("prores_ks", "w")):
            raise codec.UnknownCodecError(name)

    monkeypatch.setattr("av.codec.Codec", lacking)
    (found,) = check_movies(examination)
    assert found.state is WARNING
    assert found.said.endswith("lacks hevc, prores_ks")


def test_an_exr_that_comes_back_otherwise_is_a_problem(
    monkeypatch: pytest.MonkeyPatch, examination: Examination
) -> None:
    from robust_matte.media import stills

    read = stills.read_channels

    def off(path: Path, names: list[str]) -> Any:
        back = read(path, names).copy()
        back[3, 3, 0] = np.nextafter(back[3, 3, 0], np.float32(0))
        return back

    monkeypatch.setattr(stills, "read_channels", off)
    (found,) = check_stills(examination)
    assert (found.state, found.exit_code) == (PROBLEM, 6)
    assert "1 of 32 values" in found.said


@pytest.mark.parametrize(
    ("config", "state", "said"),
    [
        pytest.param("", OK, "studio-config", id="not set"),
        pytest.param("/none/config.ocio", PROBLEM, "cannot be opened", id="absent"),
        pytest.param("ocio://default", OK, "names 2", id="sound"),
    ],
)
def test_config_of_the_studio(
    monkeypatch: pytest.MonkeyPatch,
    examination: Examination,
    config: str,
    state: State,
    said: str,
) -> None:
    monkeypatch.setenv("OCIO", config)
    (found,) = check_colour(examination)
    assert found.state is state
    assert said in found.said


# --- the output folder


def test_folder_that_is_not_there_yet_is_not_made(examination: Examination, tmp_path: Path) -> None:
    examination.output = tmp_path / "a" / "b"
    (found,) = check_output(examination)
    assert found.state is OK
    assert found.said.startswith(f"{tmp_path / 'a' / 'b'} is not there yet; {tmp_path}: ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name",
    [pytest.param("file/out", id="below a file"), pytest.param("x" * 300, id="name too long")],
)
def test_folder_that_cannot_be_written_is_a_problem(
    examination: Examination, tmp_path: Path, name: str
) -> None:
    (tmp_path / "file").touch()
    examination.output = tmp_path / name
    (found,) = check_output(examination)
    assert (found.state, found.exit_code) == (PROBLEM, 6)
    assert "cannot be written to: " in found.said


def test_bytes_that_change_on_the_disk_are_a_problem(
    monkeypatch: pytest.MonkeyPatch, examination: Examination
) -> None:
    def torn(path: Path, content: bytes) -> None:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content[:-1])

    monkeypatch.setattr(checks_output, "write_atomically", torn)
    (found,) = check_output(examination)
    assert (found.state, found.exit_code) == (PROBLEM, 6)
    assert "other bytes than were written" in found.said


def test_slow_disk_is_a_warning(monkeypatch: pytest.MonkeyPatch, examination: Examination) -> None:
    clock = iter([0.0, 40.0])
    monkeypatch.setattr(checks_output, "perf_counter", lambda: next(clock))
    (found,) = check_output(examination)
    assert found.state is WARNING
    assert "1 MB/s or 0.1 frames of 1080p a second" in found.said
