"""The documents: every command and line of Python in them runs, every link leads somewhere.

A page's blocks run one after the other in one folder, as a reader would type them::

    studio/                    what the pages name
    ├── plate.1001.exr …       a hundred frames
    ├── take.mov               ten frames
    ├── cut.edl                the edit that cuts.md shows
    ├── rvm_mobilenetv3.pth    a network filled with numbers, taken for the published one
    ├── CLIP, PLATE            folders with three frames: a reader's own
    ├── WEIGHTS                a reader's own, too
    ├── .venv/bin/activate     does nothing; the command is on the path already
    └── benchmarks docs install  links into the repository
"""

import functools
import http.server
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (
        *(ROOT / "README.md", ROOT / "CHANGELOG.md"),
        *(ROOT / "docs").glob("*.md"),
        *(ROOT / "docs" / "farm").glob("*.md"),
    )
)

FENCE = re.compile(r"^```(\S*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#]+)\)")
SHELL = {"sh", "bash", "console"}
READ_ONLY = {"", "text", "json", "toml", "{toctree}", "{include}", "{literalinclude}"}

# The commands, as they stand in the documents, that only print here what they would do.
DRY_RUNS = {
    "python3 install/bootstrap.py setup": "fetches some 500 MB; the order is tested with a fake",
    "python3 install/bootstrap.py test": "runs this test; continuous integration runs it",
    "python3 install/bootstrap.py blender": "writes into this user's Blenders; tests/hosts runs it",
    "python3 install/bootstrap.py blender --uninstall": "likewise",
    "python3 install/bootstrap.py demo": "takes half a minute; test_demo.py runs it",
    "python3 install/bootstrap.py docs": "sets up first; the site is built by test_docs_site.py",
}

# Commands that are shown with what they print, and are run by the tests that are named.
RUN_ELSEWHERE = {
    "$ python3 nodes/client/example.py plate.####.exr result": "tests/hosts/test_client_example.py",
}

# Options of other programs that the documents name.
FOREIGN_OPTIONS = {
    "--torch", "--dry-run", "--venv", "--full", "--without-hosts",  # the bootstrap's
    "--blender", "--uninstall",
    "--gpus",  # Docker's
    "--rival",  # benchmarks/speed.py's
    "--nproc-per-node", "--logdir",  # torchrun's, tensorboard's
    "--tasks", "--step", "--run-dependencies", "--jobs",  # openjd's, GNU parallel's
    "--paused",  # of the script for OpenCue
    "--node", "--save", "--python-exit-code",  # of the node's command in Blender, and Blender's own
}  # fmt: skip

# Makes the program take the test's weights, which a file of the studio holds, for the published.
PRELUDE = """
import dataclasses, hashlib, pathlib
from robust_matte.weights import known
content = pathlib.Path({weights!r}).read_bytes()
blob = hashlib.sha1(b"blob %d\\0" % len(content) + content).hexdigest()
known.KNOWN["mobilenetv3"] = dataclasses.replace(known.KNOWN["mobilenetv3"], git_blob=blob)
"""
PROGRAM = """
from robust_matte.cli.app import main
main()
"""


def text_of(page: str) -> str:
    return (ROOT / page).read_text("utf-8")


def blocks(page: str, languages: set[str]) -> list[str]:
    return [body for kind, body in FENCE.findall(text_of(page)) if kind in languages]


def commands(page: str) -> list[str]:
    """Return the shell blocks of a page, each as one script; in a console the rest is output."""
    scripts = blocks(page, SHELL)
    typed = [re.findall(r"^\$ (.*)", script, re.MULTILINE) for script in scripts]
    return ["\n".join(lines) or script for lines, script in zip(typed, scripts, strict=True)]


def runnable(line: str) -> str:
    """Return what is run of a line: what the bootstrap would start in its environment runs here."""
    if line.strip() in DRY_RUNS:
        return f"{line} --dry-run"
    line = re.sub(r"python3 \S+bootstrap.py (?=key|info|doctor|weights)", "robust-matte ", line)
    assert "bootstrap.py" not in line, f"this would set up an environment: {line}"
    return line


@pytest.fixture(scope="module")
def mirror(filled_weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that has the weights, as RVM's release page has them."""
    folder = tmp_path_factory.mktemp("mirror")
    shutil.copy(filled_weights, folder / "rvm_mobilenetv3.pth")
    handler = functools.partial(QuietHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def studio(tmp_path: Path, moving_frames: Any, write_exr_plate: Any, filled_weights: Path) -> Path:
    """The folder that the commands run in."""
    write_exr_plate(moving_frames(range(1001, 1101), height=18, width=32), name="plate")
    folder = tmp_path / "plate"
    for name in ("CLIP", "PLATE"):
        (folder / name).mkdir()
        for number in (1001, 1002, 1003):
            shutil.copy(folder / f"plate.{number}.exr", folder / name)
    shutil.copy(filled_weights, folder / "rvm_mobilenetv3.pth")
    write_movie(folder / "take.mov", moving_frames(range(10), height=36, width=64))
    (folder / "cut.edl").write_text(blocks("docs/cuts.md", {"text"})[0], "utf-8")
    for name in ("benchmarks", "docs", "install"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "WEIGHTS").symlink_to(folder / "rvm_mobilenetv3.pth")
    activate = folder / ".venv" / "bin" / "activate"
    activate.parent.mkdir(parents=True)
    activate.touch()
    write_programs(tmp_path / "bin", filled_weights)
    return folder


def write_movie(path: Path, frames: dict[int, Any]) -> None:
    with av.open(str(path), "w") as movie:
        stream = movie.add_stream("prores_ks", rate=24)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv422p10le"
        for pixels in frames.values():
            codes = (np.clip(pixels, 0, 1) * 255).astype(np.uint8)
            movie.mux(stream.encode(av.VideoFrame.from_ndarray(codes, format="rgb24")))
        movie.mux(stream.encode())


def write_programs(folder: Path, weights: Path) -> None:
    """Write `robust-matte` and `python` into a folder for the path."""
    folder.mkdir()
    prelude = PRELUDE.format(weights=str(weights))
    (folder / "program.py").write_text(prelude + PROGRAM, "utf-8")
    starts = {"robust-matte": f'"{folder}/program.py"', "python": "", "python3": ""}
    for name, script in starts.items():
        program = folder / name
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {script} "$@"\n', "utf-8")
        program.chmod(0o755)


@pytest.fixture
def environment(studio: Path, mirror: str) -> dict[str, str]:
    """The reader's environment: nothing of this machine's caches, no network but the mirror."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("ROBUST_MATTE")}
    programs = studio.parent / "bin"
    return kept | {
        "PYTHONPATH": os.pathsep.join(str(ROOT / folder) for folder in ("plugin", "rvm")),
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "XDG_CACHE_HOME": str(studio.parent / "cache"),
        "HOME": str(studio.parent / "home"),
        "ROBUST_MATTE_WEIGHTS_URL": mirror,
        "no_proxy": "127.0.0.1",
    }


@pytest.mark.skipif(os.name == "nt", reason="the documents' commands are written for a POSIX shell")
@pytest.mark.parametrize("page", [page for page in PAGES if commands(page)])
def test_shell_commands_run(page: str, studio: Path, environment: dict[str, str]) -> None:
    bash = shutil.which("bash")
    assert bash is not None
    for script in commands(page):
        text = "\n".join(map(runnable, script.splitlines()))
        done = subprocess.run(
            [bash, "-euo", "pipefail", "-c", text],
            cwd=studio,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{page}:\n{script}\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, {"python"})])
def test_python_runs(page: str, studio: Path, environment: dict[str, str]) -> None:
    prelude = PRELUDE.format(weights=str(studio / "rvm_mobilenetv3.pth"))
    for block in blocks(page, {"python"}):
        done = subprocess.run(
            [sys.executable, "-c", prelude + block],
            cwd=studio,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{page}:\n{block}\n{done.stderr}"


@pytest.mark.parametrize("command", DRY_RUNS)
def test_what_is_only_printed_is_in_the_documents(command: str) -> None:
    lines = {line.strip() for page in PAGES for one in commands(page) for line in one.split("\n")}
    assert command in lines, "take it off the list"


def test_no_command_hides_in_a_block_that_is_not_run() -> None:
    for page in PAGES:
        for kind, body in FENCE.findall(text_of(page)):
            assert kind in SHELL | {"python"} | READ_ONLY, f"{page}: ```{kind}"
            lines = [line for line in body.splitlines() if line not in RUN_ELSEWHERE]
            if kind in READ_ONLY:
                hidden = [
                    one for one in lines if re.match(r"\s*\$?\s*(robust-matte|python3?) ", one)
                ]
                assert hidden == [], page


def test_what_is_run_elsewhere_is_in_the_documents_and_there() -> None:
    shown = {line for page in PAGES for line in text_of(page).splitlines()}
    for command, test in RUN_ELSEWHERE.items():
        assert command in shown, "take it off the list"
        assert (ROOT / test).is_file()


def test_links_lead_somewhere() -> None:
    for page in PAGES:
        for target in LINK.findall(text_of(page)):
            if not target.startswith("https://"):
                assert ((ROOT / page).parent / target).exists(), f"{page}: {target}"


def test_modules_that_are_named_exist() -> None:
    places = [ROOT, ROOT / "plugin" / "robust_matte"]
    for page in PAGES:
        for name in re.findall(r"`(\w+/[\w/]+\.py)`", text_of(page)):
            assert any((place / name).is_file() for place in places), f"{page}: {name}"


def test_every_option_is_one_of_the_program() -> None:
    from typer.main import get_command

    from robust_matte.cli.app import app

    known = {"--help"} | FOREIGN_OPTIONS
    queue: list[Any] = [get_command(app)]
    while queue:
        command = queue.pop()
        known |= {option for parameter in command.params for option in parameter.opts}
        queue += getattr(command, "commands", {}).values()
    for page in set(PAGES) - {"docs/bad-input.md"}:  # options that are none are its subject
        named = set(re.findall(r"(?<![\w-])(--[a-z][a-z-]+)", text_of(page)))
        assert named <= known, f"{page}: {sorted(named - known)}"


def test_the_readme_names_every_exit_code() -> None:
    from robust_matte import errors

    codes = {getattr(errors, name).exit_code for name in errors.__all__} | {0, 7}
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", text_of("README.md"), re.M)} == codes
