"""The worker's file, between the installer that writes it and the client that reads it."""

import sys
from pathlib import Path

import pytest
import robust_matte_client
from blender_search import Disk
from robust_matte_client import find_worker
from worker_file import digest, worker_file, worker_text, write_whole


@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
@pytest.mark.parametrize(
    "variables",
    [
        pytest.param({}, id="no variables"),
        pytest.param({"XDG_CONFIG_HOME": "/conf", "APPDATA": "/roaming"}, id="named"),
        pytest.param({"XDG_CONFIG_HOME": "relative", "APPDATA": ""}, id="void"),
    ],
)
def test_installer_and_client_agree_on_the_place(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, system: str, variables: dict[str, str]
) -> None:
    for name in ("XDG_CONFIG_HOME", "APPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(sys, "platform", system)
    disk = Disk(system=system, home=tmp_path, variables=variables)
    assert worker_file(disk) == robust_matte_client.config_file()


def test_client_reads_what_the_installer_writes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("ROBUST_MATTE_WORKER", "XDG_CONFIG_HOME", "APPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    disk = Disk(home=tmp_path, variables={})
    write_whole(worker_file(disk), worker_text(Path(sys.executable)))
    assert robust_matte_client.config_file() == worker_file(disk)
    assert find_worker() == (sys.executable, "-I", "-m", "robust_matte")


def test_what_cannot_be_read_has_no_digest(tmp_path: Path) -> None:
    assert digest(tmp_path / "absent") == ""
    assert digest(tmp_path) == ""
