"""`bootstrap.py blender` with real Blenders: validated, installed, enabled, and out again."""

import json
import shutil
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from blender_install import install
from blender_programs import open_blender
from blender_request import BlenderRequest, Session
from blender_search import Disk
from blender_uninstall import uninstall
from blender_zip import build_zip, extension_files
from environments import Environment
from failures import InstallError
from processes import SystemRunner
from robust_matte_client import find_worker

MODULE = "bl_ext.user_default.robust_matte"
Run = Callable[..., Any]

LOOK = """
import addon_utils, json, os, sys
module = sys.argv[1]
place = os.path.dirname(sys.modules[module].__file__)
print("FOUND " + json.dumps([list(addon_utils.check(module)), place]))
"""


@pytest.fixture
def session(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    """An environment whose Python is this one, and a user who never started Blender::

    tmp_path/
    ├── root/ nodes  plugin   the repository's
    ├── env/bin/python
    ├── home/
    └── resources/
    """
    for name in ("nodes", "plugin"):
        (tmp_path / "root").mkdir(exist_ok=True)
        (tmp_path / "root" / name).symlink_to(root / name)
    for name in ("home", "resources"):
        (tmp_path / name).mkdir()
    environment = Environment(root=tmp_path / "root", folder=tmp_path / "env")
    environment.python.parent.mkdir(parents=True)
    environment.python.symlink_to(sys.executable)
    (environment.folder / "pyvenv.cfg").touch()
    for name in ("XDG_CONFIG_HOME", "ROBUST_MATTE_WORKER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BLENDER_USER_RESOURCES", str(tmp_path / "resources"))
    return Session(environment=environment, runner=SystemRunner(), disk=Disk())


def listing(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


@pytest.mark.skipif(sys.platform != "linux", reason="the folders of Linux")
def test_installed_enabled_and_out_again(
    blender: Path,
    session: Session,
    run_in_blender: Run,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    resources, config = tmp_path / "resources", tmp_path / "home" / ".config"
    asked = BlenderRequest.of(["--blender", str(blender)])
    assert install(asked, session) == 0
    told = capsys.readouterr().out
    assert f"({blender}): installed, scripts enable it" in told
    assert "(validated by Blender " in told

    # what Blender has is what is in the zip, and it runs
    (archive,) = (tmp_path / "root" / "build" / "blender").iterdir()
    with zipfile.ZipFile(archive) as opened:
        wanted = {name: opened.read(name) for name in opened.namelist()}
    place = resources / "extensions" / "user_default" / "robust_matte"
    assert {name: (place / name).read_bytes() for name in wanted} == wanted
    copy = SimpleNamespace(resources=tmp_path / "copy", module=MODULE)
    shutil.copytree(resources, copy.resources)  # scripts leave caches
    ran = run_in_blender(blender, LOOK, MODULE, extension=copy)
    assert ran.found() == [[True, True], str(copy.resources / place.relative_to(resources))]
    assert "robust_matte_client/worker.py" in wanted

    # the client, as it is in the extension, finds the worker
    assert find_worker() == (str(session.environment.python), "-I", "-m", "robust_matte")

    # a bake of a file that was never saved, which Blender's own removal would take along
    bake = resources / "extensions" / ".user" / "user_default" / "robust_matte" / "b.1001.exr"
    bake.parent.mkdir(parents=True, exist_ok=True)
    bake.write_bytes(b"precious")
    assert uninstall(BlenderRequest(is_removal=True), session) == 0
    assert bake.read_bytes() == b"precious"
    kept = {path.relative_to(resources).as_posix() for path in (bake, *bake.parents[:4])}
    assert listing(resources) == kept - {"."}
    assert not list(config.rglob("robust-matte*"))


@pytest.mark.full
@pytest.mark.skipif(sys.platform != "linux", reason="the folders of Linux")
def test_twice_is_once(blender: Path, session: Session, tmp_path: Path) -> None:
    asked = BlenderRequest.of(["--blender", str(blender)])
    record = tmp_path / "home" / ".config" / "robust-matte" / "blender.json"
    assert install(asked, session) == 0
    first, places = json.loads(record.read_text("utf-8")), listing(tmp_path / "resources")
    assert install(asked, session) == 0
    again = json.loads(record.read_text("utf-8"))
    assert (
        listing(tmp_path / "resources") - {"extensions/user_default/.blender_ext/cache"} == places
    )
    assert set(again["entries"][0]["traces"]["made"]) >= set(first["entries"][0]["traces"]["made"])
    assert uninstall(BlenderRequest(is_removal=True), session) == 0
    assert listing(tmp_path / "resources") == set()


def test_blender_refuses_what_is_not_by_its_rules(
    root: Path, blenders: Mapping[str, Path], tmp_path: Path
) -> None:
    if not blenders:
        pytest.skip("no Python with bpy")
    runner = SystemRunner()
    builder = open_blender(next(iter(blenders.values())), runner).builder
    assert builder is not None
    files = extension_files(root / "nodes", "0.1.0")
    archive = tmp_path / "robust_matte.zip"
    build_zip(files, archive, builder, runner)
    by_blender = archive.read_bytes()
    build_zip(files, archive, None, runner)
    assert archive.read_bytes() == by_blender
    manifest = files["blender_manifest.toml"]
    files["blender_manifest.toml"] = manifest.replace(b'"Sequencer"', b'"Video Tracking"')
    with pytest.raises(InstallError, match="Video Tracking"):
        build_zip(files, archive, builder, runner)
    assert archive.read_bytes() == by_blender
