"""Installing into Blenders and removing from them, with Blenders that are played on a folder."""

import json
import os
import sys
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import launcher
import pytest
from blender_install import install
from blender_programs import MARK, SCRIPT
from blender_request import BlenderRequest, Session
from blender_search import Disk
from blender_uninstall import uninstall
from environments import Environment
from failures import InstallError
from processes import Answer

PLACE = "extensions/user_default/robust_matte"
pytestmark = pytest.mark.skipif(os.name == "nt", reason="the folders of Linux")


@dataclass
class Played:
    """A Blender that does as it is told, into its folder of the user.

    Args:
        version: What it tells.
        user: Its folder; made on the first write, as Blender does.
        is_module: Whether it is a Python.
        fault: What it answers to an installation, if it fails.
        forgets: Whether it does not enable what it installs.
    """

    version: tuple[int, ...]
    user: Path
    is_module: bool = False
    fault: str = ""
    forgets: bool = False

    @property
    def preferences(self) -> Path:
        return self.user / "config" / "userpref.blend"

    def answer(self, asked: dict[str, str]) -> dict[str, object]:
        told: dict[str, object] = {"version": list(self.version), "user": str(self.user)}
        if asked["do"] == "install":
            told |= self._install(Path(asked["archive"]))
        elif asked["do"] == "check":
            told["enabled"] = self.is_module or self._is_enabled()
        elif asked["do"] == "remove" and asked["user"] == str(self.user):
            self._remove()
            told["installed"] = (self.user / PLACE).exists()
        return told

    def _install(self, archive: Path) -> dict[str, object]:
        if self.fault:
            return {"error": self.fault}
        with zipfile.ZipFile(archive) as opened:
            opened.extractall(self.user / PLACE)
        (self.user / "extensions" / "user_default" / ".blender_ext").mkdir(exist_ok=True)
        if not self.is_module and not self.forgets:
            self.preferences.parent.mkdir(exist_ok=True)
            before = self.preferences.read_text("utf-8") if self.preferences.exists() else ""
            if not self._is_enabled():
                self.preferences.write_text(f"{before}+robust_matte", "utf-8")
        place = str(self.user / PLACE)
        return {"module": "bl_ext.user_default.robust_matte", "folder": place}

    def _is_enabled(self) -> bool:
        return self.preferences.exists() and "+robust" in self.preferences.read_text("utf-8")

    def _remove(self) -> None:
        for path in sorted((self.user / PLACE).rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        (self.user / PLACE).rmdir()
        (self.user / "extensions" / "user_default" / ".blender_ext" / "cache").mkdir()
        own = self.user / "extensions" / ".user" / "user_default" / "robust_matte"
        for path in own.iterdir() if own.exists() else ():
            path.unlink()
        if self.preferences.exists():
            text = self.preferences.read_text("utf-8")
            self.preferences.write_text(text.replace("+robust_matte", ""), "utf-8")


@dataclass
class FakeRunner:
    """Starts played Blenders and nothing else."""

    played: dict[Path, Played] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def run(self, command: Sequence[str], *, cwd: Path) -> int:
        raise AssertionError(f"not a check: {command} in {cwd}")

    def record(self, command: Sequence[str], log: Path) -> Answer:
        raise AssertionError(f"not an installation: {command}, {log}")

    def hand_over(self, command: Sequence[str]) -> int:
        raise AssertionError(f"nothing is handed over to {command}")

    def capture(self, command: Sequence[str], *, timeout_s: float | None = None) -> Answer:
        assert timeout_s is not None  # Blender may hang
        played = self.played.get(Path(command[0]))
        if played is None:
            return Answer(126, f"{command[0]}: cannot execute.\n")
        if command[1:] == ["--version"]:
            return Answer(0, "Python 3.11.7\n" if played.is_module else "Blender 4.5.15\n\tbuild\n")
        assert SCRIPT in command
        asked = json.loads(command[-1])
        assert asked["keeps_preferences"] is not played.is_module
        assert ("--factory-startup" in command) == (asked["do"] == "probe" and not played.is_module)
        self.asked.append(asked["do"])
        answer = json.dumps(played.answer(asked))
        return Answer(0, f"Blender 4.5\nnoise\n{MARK}{answer}\nBlender quit\n")


Add = Callable[..., Path]


@pytest.fixture
def session(root: Path, tmp_path: Path) -> Session:
    """A repository, an environment and a user with no Blender yet::

    tmp_path/
    ├── root/ nodes  plugin   the repository's
    ├── env/bin/python
    ├── home/.config/         Blender's and our folders
    └── bin/                  PATH
    """
    (tmp_path / "root").mkdir()
    for name in ("nodes", "plugin"):
        (tmp_path / "root" / name).symlink_to(root / name)
    for name in ("home/.config", "bin", "env"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "env" / "pyvenv.cfg").touch()
    variables = {"PATH": str(tmp_path / "bin")}
    disk = Disk(
        system="linux", home=tmp_path / "home", root=tmp_path / "absent", variables=variables
    )
    environment = Environment(root=tmp_path / "root", folder=tmp_path / "env")
    return Session(environment=environment, runner=FakeRunner(), disk=disk)


@pytest.fixture
def runner(session: Session) -> FakeRunner:
    assert isinstance(session.runner, FakeRunner)
    return session.runner


@pytest.fixture
def add(tmp_path: Path, runner: FakeRunner) -> Add:
    """Put a Blender on PATH; returns its program."""

    def put(version: str, *, name: str = "", folder: str = "", **words: object) -> Path:
        program = tmp_path / "bin" / (name or f"blender-{version}")
        program.touch(0o755)
        user = tmp_path / "home" / ".config" / "blender" / (folder or version)
        numbers = tuple(map(int, version.split(".")))
        runner.played[program] = Played((*numbers, 1), user, **words)  # type: ignore[arg-type]
        return program

    return put


EVERYWHERE = BlenderRequest()
REMOVAL = BlenderRequest(is_removal=True)


def listing(folder: Path) -> dict[str, str]:
    """Return files with contents, and folders."""
    return {
        path.relative_to(folder).as_posix(): path.read_text("utf-8") if path.is_file() else "/"
        for path in folder.rglob("*")
    }


# --- installing


def test_every_blender_that_is_found_gets_it(
    session: Session, add: Add, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    programs = [add("4.5"), add("5.2")]
    old = add("3.6")
    assert install(EVERYWHERE, session) == 0
    told = capsys.readouterr().out
    home = tmp_path / "home" / ".config"
    for program, version in zip(programs, ("4.5", "5.2"), strict=True):
        assert f"Blender {version} ({program}): installed, enabled\n" in told
        assert (home / "blender" / version / PLACE / "robust_matte_client").is_dir()
    assert f"Blender 3.6 ({old}) is too old: extensions came with 4.2. It is left alone." in told
    assert not (home / "blender" / "3.6").exists()
    worker = json.loads((home / "robust-matte" / "worker.json").read_text("utf-8"))
    command = [str(tmp_path / "env" / "bin" / "python"), "-I", "-m", "robust_matte"]
    assert worker == {"version": 1, "command": command}
    assert "(not validated: no Blender to ask)" in told


def test_without_blender_the_zip_is_there_with_a_word_on_it(
    session: Session, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "home" / ".config" / "blender" / "4.5").mkdir(parents=True)
    assert install(EVERYWHERE, session) == 0
    (archive,) = (tmp_path / "root" / "build" / "blender").iterdir()
    told = capsys.readouterr().out
    assert f"No Blender was found: drag {archive} into Blender's window" in told
    assert "Blender 4.5 was run here" in told
    assert (tmp_path / "home" / ".config" / "robust-matte" / "worker.json").is_file()


def test_copies_of_a_version_share_one_installation(
    session: Session, runner: FakeRunner, add: Add
) -> None:
    add("4.5")
    add("4.5", name="blender")
    install(EVERYWHERE, session)
    assert runner.asked.count("install") == 1


def test_one_that_fails_does_not_stop_the_others(
    session: Session, add: Add, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add("4.5", fault="Error: no space left")
    forgetful = add("5.0", forgets=True)
    add("5.2")
    assert install(EVERYWHERE, session) == 7
    said = capsys.readouterr()
    assert "does not do it: Error: no space left.\nClose every Blender" in said.err
    assert f"({forgetful}) does not do it: it is not enabled in the next start." in said.err
    assert (tmp_path / "home" / ".config" / "blender" / "5.2" / PLACE).is_dir()


def test_what_is_no_blender_is_left_alone_unless_it_was_named(
    session: Session, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program = tmp_path / "bin" / "blender"
    program.touch(0o755)
    assert install(EVERYWHERE, session) == 0
    told = f"{program} is no Blender: {program}: cannot execute."
    assert f"{told} It is left alone." in capsys.readouterr().out
    with pytest.raises(InstallError) as caught:
        install(BlenderRequest(named=(program,)), session)
    assert caught.value.what == told


def test_one_that_was_named_and_is_too_old_is_an_error(session: Session, add: Add) -> None:
    with pytest.raises(InstallError, match="is too old"):
        install(BlenderRequest(named=(add("4.1"),)), session)


def test_a_python_with_bpy_keeps_no_preferences(
    session: Session, add: Add, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    python = add("4.5", is_module=True)
    assert install(BlenderRequest(named=(python,)), session) == 0
    assert f"({python}): installed, scripts enable it" in capsys.readouterr().out
    assert not (tmp_path / "home" / ".config" / "blender" / "4.5" / "config").exists()


# --- removing


def test_removal_leaves_all_as_it_was(session: Session, add: Add, tmp_path: Path) -> None:
    add("4.5")
    add("5.2")
    other = tmp_path / "home" / ".config" / "blender" / "5.2" / "extensions" / "mine" / "a.py"
    other.parent.mkdir(parents=True)
    other.write_text("x", "utf-8")
    preferences = tmp_path / "home" / ".config" / "blender" / "5.2" / "config" / "userpref.blend"
    preferences.parent.mkdir()
    preferences.write_text("dark", "utf-8")
    before = listing(tmp_path / "home")
    install(EVERYWHERE, session)
    install(EVERYWHERE, session)
    assert listing(tmp_path / "home") != before
    assert uninstall(REMOVAL, session) == 0
    assert listing(tmp_path / "home") == before


def test_removal_leaves_nothing_where_no_blender_was_started_before(
    session: Session, add: Add, tmp_path: Path
) -> None:
    add("4.5")
    add("5.2")
    install(EVERYWHERE, session)
    uninstall(REMOVAL, session)
    assert listing(tmp_path / "home") == {".config": "/"}


def test_preferences_of_the_user_are_kept(session: Session, add: Add, tmp_path: Path) -> None:
    add("4.5")
    preferences = tmp_path / "home" / ".config" / "blender" / "4.5" / "config" / "userpref.blend"
    install(EVERYWHERE, session)
    preferences.write_text(preferences.read_text("utf-8") + " dark", "utf-8")
    install(EVERYWHERE, session)  # must not take what the user changed for its own
    uninstall(REMOVAL, session)
    assert preferences.read_text("utf-8") == " dark"


def test_bakes_of_unsaved_files_are_kept(session: Session, add: Add, tmp_path: Path) -> None:
    add("4.5")
    install(EVERYWHERE, session)
    user = tmp_path / "home" / ".config" / "blender" / "4.5"
    bake = user / "extensions" / ".user" / "user_default" / "robust_matte" / "a.1001.exr"
    bake.parent.mkdir(parents=True)
    bake.write_text("precious", "utf-8")
    uninstall(REMOVAL, session)
    assert listing(user / "extensions")[bake.relative_to(user / "extensions").as_posix()]
    assert bake.read_text("utf-8") == "precious"
    assert not (user / PLACE).exists()


@pytest.mark.parametrize("has_new", [False, True])
def test_bakes_that_a_killed_removal_left_aside_are_kept(
    session: Session, add: Add, tmp_path: Path, has_new: bool
) -> None:
    add("4.5")
    install(EVERYWHERE, session)
    user = tmp_path / "home" / ".config" / "blender" / "4.5"
    own = user / "extensions" / ".user" / "user_default" / "robust_matte"
    aside = own.with_name("robust_matte.kept")
    for folder in (own, aside) if has_new else (aside,):
        folder.mkdir(parents=True)
        (folder / "a.1001.exr").write_text(folder.name, "utf-8")
    uninstall(REMOVAL, session)
    there = {one.parent.name: one.read_text("utf-8") for one in own.parent.glob("*/*.exr")}
    if has_new:
        assert there == {"robust_matte": "robust_matte", "robust_matte.kept": "robust_matte.kept"}
    else:
        assert there == {"robust_matte": "robust_matte.kept"}


def test_one_that_was_named_and_is_not_on_record_is_an_error(
    session: Session, add: Add, tmp_path: Path
) -> None:
    known, other = add("4.5"), tmp_path / "bin" / "other"
    install(EVERYWHERE, session)
    before = listing(tmp_path / "home")
    with pytest.raises(InstallError, match=f"on record for {other}") as caught:
        uninstall(BlenderRequest(named=(known, other), is_removal=True), session)
    assert str(known) in caught.value.hint
    assert listing(tmp_path / "home") == before


@pytest.mark.parametrize("is_replaced", [False, True])
def test_files_go_where_their_blender_is_gone(
    session: Session, runner: FakeRunner, add: Add, tmp_path: Path, is_replaced: bool
) -> None:
    program = add("4.5")
    before = listing(tmp_path / "home")
    install(EVERYWHERE, session)
    if is_replaced:  # the same program is another version by now, with another folder
        runner.played[program] = Played(
            (5, 2, 0), tmp_path / "home" / ".config" / "blender" / "5.2"
        )
    else:
        program.unlink()
    assert uninstall(REMOVAL, session) == 0
    assert listing(tmp_path / "home") == before


def test_one_that_is_named_goes_alone_and_the_worker_stays(
    session: Session, add: Add, tmp_path: Path
) -> None:
    add("4.5")
    named = add("5.2")
    install(EVERYWHERE, session)
    uninstall(BlenderRequest(named=(named,), is_removal=True), session)
    home = tmp_path / "home" / ".config"
    assert (home / "blender" / "4.5" / PLACE).is_dir()
    assert not (home / "blender" / "5.2").exists()
    assert (home / "robust-matte" / "worker.json").is_file()
    uninstall(REMOVAL, session)
    assert listing(home) == {}


def test_worker_file_that_was_changed_by_hand_is_kept(
    session: Session, add: Add, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add("4.5")
    install(EVERYWHERE, session)
    path = tmp_path / "home" / ".config" / "robust-matte" / "worker.json"
    path.write_text('{"version": 1, "command": ["/studio/robust-matte"]}', "utf-8")
    capsys.readouterr()
    install(EVERYWHERE, session)
    assert f"{path} was changed by hand and is kept" in capsys.readouterr().out
    uninstall(REMOVAL, session)
    assert f"{path} was changed by hand and is kept" in capsys.readouterr().out
    assert "/studio/robust-matte" in path.read_text("utf-8")
    assert [one.name for one in path.parent.iterdir()] == ["worker.json"]


def test_worker_file_in_another_coding_is_one_that_was_changed_by_hand(
    session: Session, add: Add, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add("4.5")
    install(EVERYWHERE, session)
    path = tmp_path / "home" / ".config" / "robust-matte" / "worker.json"
    path.write_text(path.read_text("utf-8"), "utf-16")
    assert install(EVERYWHERE, session) == 0
    assert f"{path} was changed by hand and is kept" in capsys.readouterr().out


def test_worker_file_follows_the_environment(session: Session, add: Add, tmp_path: Path) -> None:
    add("4.5")
    install(EVERYWHERE, session)
    moved = Environment(root=session.environment.root, folder=tmp_path / "env2")
    moved.folder.mkdir()
    (moved.folder / "pyvenv.cfg").touch()
    again = Session(environment=moved, runner=session.runner, disk=session.disk)
    install(EVERYWHERE, again)
    path = tmp_path / "home" / ".config" / "robust-matte" / "worker.json"
    assert json.loads(path.read_text("utf-8"))["command"][0] == str(moved.python)


def test_nothing_on_record_is_said(
    session: Session, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert uninstall(REMOVAL, session) == 0
    assert "nothing to remove" in capsys.readouterr().out
    assert listing(tmp_path / "home") == {".config": "/"}


def test_torn_record_is_an_error(session: Session, tmp_path: Path) -> None:
    path = tmp_path / "home" / ".config" / "robust-matte" / "blender.json"
    path.parent.mkdir()
    path.write_text('{"entries": [', "utf-8")
    with pytest.raises(InstallError, match="cannot be understood"):
        uninstall(REMOVAL, session)


# --- the command line


def test_words_are_understood(tmp_path: Path) -> None:
    program = tmp_path / "blender"
    program.touch()
    asked = BlenderRequest.of(["--blender", str(program), f"--blender={tmp_path}"])
    assert asked == BlenderRequest(named=(program, program))
    assert BlenderRequest.of(["--uninstall"]) == REMOVAL


@pytest.mark.parametrize(
    ("words", "code"),
    [
        pytest.param(["--blender"], 2, id="no value"),
        pytest.param(["4.5"], 2, id="a word"),
        pytest.param(["--uninstall=yes"], 2, id="a value"),
        pytest.param(["--blender", "/absent/blender"], 7, id="not there"),
    ],
)
def test_wrong_words_are_seen_before_anything_is_installed(
    words: list[str], code: int, tmp_path: Path
) -> None:
    assert launcher.main(["blender", *words, "--venv", str(tmp_path / "env")], FakeRunner()) == code
    assert list(tmp_path.iterdir()) == []


def test_dry_run_starts_no_blender(
    add: Add, runner: FakeRunner, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program = add("4.5")
    words = ["blender", "--dry-run", "--blender", str(program), "--venv", str(tmp_path / "env")]
    assert launcher.main(words, runner) == 0
    lines = capsys.readouterr().out.splitlines()
    assert f"{sys.executable} -m venv {tmp_path / 'env'}" in lines[0]
    assert f"# installs it into {program}, if that is Blender 4.2 or newer" in lines
    assert runner.asked == []
    assert launcher.main([*words, "--uninstall"], runner) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("# removes what ")
