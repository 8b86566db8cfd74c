"""Runs `robust-matte key` on bad input and compares what it says with the table in the docs.

The words stand in docs/bad-input.md alone: a row there and a row here share their title.

tmp_path/        shown as /show in messages
├── plate/       what a row spoils
├── weights.safetensors
└── out/         where jobs write
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import OpenImageIO as oiio
import pytest
from numpy.typing import NDArray

Image = NDArray[np.float32]

PAGE = Path("docs", "bad-input.md")
_ROW = re.compile(r"\| (?P<title>.+?) \| (?P<code>\d+) \| (?P<what>.+?) \| (?P<hint>.+?) \|")
_USUAL = ("--threads", "1", "--cuts", "off", "--contact-sheet", "none", "--progress", "plain")
_VERSION = re.compile(r"torch \d[\w.+]*")


@dataclass(frozen=True)
class Told:
    """What a run said and ended with, with the test's folder written as /show."""

    code: int
    stderr: str

    @property
    def row(self) -> tuple[int, str, str]:
        """Exit code and both sentences; of a run that went well, its warnings and nothing."""
        lines = self.stderr.rstrip().splitlines()
        if self.code == 0:
            told = [line for line in lines if line.startswith("warning: ")]
            return 0, " ".join(told), ""
        return self.code, lines[-2] if len(lines) > 1 else "", lines[-1] if lines else ""


class Show:
    """A folder with a small plate, and the command that keys it.

    Args:
        root: The folder.
        weights: A network's weights.
        repository: Where the sources are.
    """

    def __init__(self, root: Path, weights: Path, repository: Path) -> None:
        self.root = root
        self.plate = root / "plate"
        self.out = root / "out"
        self.weights = root / "weights.safetensors"
        shutil.copy(weights, self.weights)
        self._repository = repository

    def frame(
        self,
        number: int = 1001,
        pixels: Image | None = None,
        *,
        name: str = "shot",
        ending: str = "exr",
        **attributes: Any,
    ) -> Path:
        """Write one frame of the plate, smooth by default, 24x16."""
        path = self.plate / f"{name}.{number:04d}.{ending}"
        ramp = np.linspace(0.1, 0.9, 24 * 16 * 3, dtype=np.float32).reshape(16, 24, 3)
        return write_image(path, ramp if pixels is None else pixels, **attributes)

    def frames(self, numbers: Sequence[int] = range(1001, 1004), **how: Any) -> str:
        """Write frames and return their pattern."""
        paths = [self.frame(number, **how) for number in numbers]
        return str(paths[0].with_name(paths[0].name.replace(f"{numbers[0]:04d}", "####")))

    def movie(
        self, name: str = "take.mov", *, count: int = 6, codec: str = "mjpeg", **tags: Any
    ) -> Path:
        """Write a movie of smooth frames, 48x32, and return its path."""
        path = self.root / name
        with av.open(str(path), "w") as container:
            stream: Any = container.add_stream(codec, rate=Fraction(24))
            stream.width, stream.height = 48, 32
            stream.pix_fmt = tags.pop("pix_fmt", "yuvj420p")
            for key, value in tags.items():
                setattr(stream.codec_context, key, value)
            container.start_encoding()
            for number in range(count):
                ramp = np.linspace(number * 8, 200, 32 * 48 * 3).reshape(32, 48, 3)
                frame = av.VideoFrame.from_ndarray(ramp.astype(np.uint8), format="rgb24")
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        return path

    def words(self, *words: str | Path) -> list[str]:
        """Return a command line that keys to `out` unless it names another place."""
        given = [str(word) for word in words]
        flags = {word.partition("=")[0] for word in given}
        usual = [
            *([] if flags & {"-o", "--output"} else ["-o", str(self.out)]),
            *([] if "--model" in flags else ["--model", str(self.weights)]),
        ]
        pairs = zip(_USUAL[::2], _USUAL[1::2], strict=True)
        usual += [word for pair in pairs if pair[0] not in flags for word in pair]
        return ["robust-matte", "key", *given, *usual]

    def in_own_process(self, *words: str | Path) -> Told:
        """Run the command as a user does."""
        done = subprocess.run(
            [sys.executable, "-m", "robust_matte", *self.words(*words)[1:]],
            capture_output=True,
            text=True,
            cwd=self.root,
            env=self.environment(),
            check=False,
        )
        return self.told(done.returncode, done.stderr)

    def environment(self) -> dict[str, str]:
        """Return what a process of its own needs to find the sources."""
        paths = os.pathsep.join(str(self._repository / folder) for folder in ("plugin", "rvm"))
        return os.environ | {"PYTHONPATH": paths, "NO_COLOR": "1", "TERM": "dumb"}

    def told(self, code: int, stderr: str) -> Told:
        """Shorten what differs between machines."""
        text = stderr.replace(str(self.root), "/show")
        return Told(code, _VERSION.sub("torch VERSION", text))


def write_image(path: Path, pixels: Image, *, kind: str = "half", **attributes: Any) -> Path:
    """Write an image with OpenImageIO, which is not what the program writes with."""
    path.parent.mkdir(parents=True, exist_ok=True)
    height, width, channels = pixels.shape
    spec = oiio.ImageSpec(width, height, channels, kind)
    spec.attribute("compression", "zip")
    for key, value in attributes.items():
        setattr(spec, key, value) if hasattr(spec, key) else spec.attribute(key, value)
    image = oiio.ImageOutput.create(str(path))
    assert image is not None, oiio.geterror()
    assert image.open(str(path), spec), image.geterror()
    assert image.write_image(np.ascontiguousarray(pixels)), image.geterror()
    image.close()
    return path


@pytest.fixture
def show(tmp_path: Path, filled_weights: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> Show:
    """A folder to spoil things in; commands run there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    (tmp_path / "plate").mkdir()
    return Show(tmp_path, filled_weights, root)


@pytest.fixture
def key_here(
    show: Show, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Told]:
    """Run the command in this process, through the very function that the command starts."""
    from robust_matte.cli.app import main

    def run(*words: str | Path, last: str | None = None) -> Told:
        monkeypatch.setattr(sys, "argv", show.words(*words) + ([last] if last else []))
        capsys.readouterr()
        code = 0
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 0
        return show.told(code, capsys.readouterr().err)

    return run


@pytest.fixture(scope="session")
def rows(root: Path) -> dict[str, tuple[int, str, str]]:
    """The table: exit code and both sentences by title."""
    found = {}
    for line in (root / PAGE).read_text("utf-8").splitlines():
        if match := _ROW.fullmatch(line):
            title, code, what, hint = (part.replace("`", "") for part in match.groups())
            found[title] = (int(code), what, hint)
    return found


@pytest.fixture
def check(
    request: pytest.FixtureRequest, rows: dict[str, tuple[int, str, str]], show: Show
) -> Iterator[Callable[[Told], None]]:
    """Compare a run with its row, and look for what no run may leave behind."""

    def compare(told: Told) -> None:
        title = request.node.callspec.id
        code, what, hint = told.row
        is_told = rows.get(title)
        found = f"| {title} | {code} | {f'`{what}`' if what else '–'} | `{hint}` |"
        assert "Traceback" not in told.stderr, told.stderr
        assert is_told is not None, f"the page lacks this row:\n{found}\n{told.stderr}"
        if code == 0:
            assert is_told[:2] == (code, what or "–"), f"{found}\n{told.stderr}"
        else:
            assert is_told == (code, what, hint), f"{found}\n{told.stderr}"

    yield compare
    assert broken_files(show.root) == []


def broken_files(root: Path) -> list[str]:
    """Return temporaries, and results under their final names that are not complete."""
    found = [str(path) for path in root.rglob(".*.tmp-*")]
    for path in (path for path in (root / "out").rglob("*.exr") if path.is_file()):
        image = oiio.ImageInput.open(str(path))
        if image is None:
            found.append(f"{path}: {oiio.geterror()}")
        elif image.read_image(0, 0, 0, image.spec().nchannels, oiio.FLOAT) is None:
            found.append(f"{path}: {image.geterror()}")
    for path in root.rglob("plan.json"):
        if path.is_file() and not is_json(path):
            found.append(str(path))
    return found


def is_json(path: Path) -> bool:
    try:
        json.loads(path.read_bytes())
    except ValueError:
        return False
    return True
