"""From a movie through `key` to a ProRes movie, as FFmpeg's own command line decodes it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import OpenEXR
import OpenImageIO as oiio
import pytest
from numpy.typing import NDArray

from robust_matte.jobs.key import key

FFMPEG, FFPROBE = shutil.which("ffmpeg") or "", shutil.which("ffprobe") or ""

needs_ffmpeg = pytest.mark.skipif(not (FFMPEG and FFPROBE), reason="ffmpeg is not installed")

_RAW = ("-f", "rawvideo", "-pix_fmt", "yuva444p12le", "-")
_HEIGHT, _WIDTH = 48, 96
# Colour bars of 16 pixels: 100 % and 75 %, greys, and what is above white.
_BARS = [(1, 1, 1), (0.75, 0.75, 0), (0, 0.75, 0.75), (0.75, 0, 0.75), (0.4, 0.4, 0.4), (1.05,) * 3]


def _bars() -> list[NDArray[np.uint16]]:
    """Return the bars as limited-range BT.709 codes of 10 bits, by the numbers of the standard."""
    red, green, blue = np.array(_BARS, np.float64).T
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    codes = (64 + 876 * luma, 512 + 896 * (blue - luma) / 1.8556, 512 + 896 * (red - luma) / 1.5748)
    return [
        np.rint(row).astype(np.uint16).repeat(16)[None].repeat(_HEIGHT, axis=0) for row in codes
    ]


def _alpha(index: int) -> NDArray[np.float32]:
    """Return an alpha that is 1 above, 0 below, and everything between in the middle."""
    ramp = np.linspace(0, 1, _WIDTH, dtype=np.float32) * (1 - index / 10)
    alpha = np.ones((_HEIGHT, _WIDTH), np.float32)
    alpha[16:32], alpha[32:] = ramp, 0
    return alpha


def _write_plate(path: Path, count: int) -> Path:
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=Fraction(30000, 1001))
        stream.width, stream.height, stream.pix_fmt = _WIDTH, _HEIGHT, "yuv444p10le"
        stream.options = {"qp": "0"}
        stream.metadata["timecode"] = "01:00:59;28"
        stream.metadata["reel_name"] = "A001"
        for index in range(count):
            frame = av.VideoFrame(_WIDTH, _HEIGHT, "yuv444p10le")
            for tagged in (frame, stream.codec_context):
                tagged.color_range, tagged.colorspace = 1, 1
                tagged.color_trc, tagged.color_primaries = 1, 1
            for plane, codes in zip(frame.planes, _bars(), strict=True):
                rows = np.frombuffer(memoryview(plane), "<u2").reshape(plane.height, -1)
                rows[:, : plane.width] = codes
            frame.pts = index
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def _decoded(path: Path) -> NDArray[np.uint16]:
    """Return (frames, 4, H, W) codes of 12 bits, by FFmpeg's command line."""
    raw = subprocess.run(
        [FFMPEG, "-v", "error", "-i", str(path), *_RAW],
        capture_output=True,
        check=True,
    )
    return np.frombuffer(raw.stdout, "<u2").reshape(-1, 4, _HEIGHT, _WIDTH)


def _probed(path: Path) -> list[dict[str, Any]]:
    told = subprocess.run(
        [FFPROBE, "-v", "error", "-show_streams", "-of", "json", str(path)],
        capture_output=True,
        check=True,
    )
    streams: list[dict[str, Any]] = json.loads(told.stdout)["streams"]
    return streams


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., tuple[int, str, str]]:
    """Run `robust-matte assemble` in this process: exit code, stdout and stderr."""
    from robust_matte.cli.app import main

    monkeypatch.chdir(tmp_path)

    def assembled(*words: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["robust-matte", "assemble", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            main()
        told = capsys.readouterr()
        return int(end.value.code or 0), told.out, told.err

    return assembled


@needs_ffmpeg
def test_a_keyed_movie_comes_back_to_its_codes(
    settings: Any, fake_model: Any, run: Any, tmp_path: Path
) -> None:
    plate = _write_plate(tmp_path / "take.mov", 3)
    seen = np.clip(_rgb_of_bars(), 0, 1).astype(np.float32)
    model = fake_model(lambda index: (seen, _alpha(index)))
    key(settings(str(plate), first_frame="timecode", warm_up=0), open_model=model)
    first = (60 * 60 + 59) * 30 + 28 - 2 * (60 - 6)  # ST 12-1 counts: two a minute are dropped
    files = sorted((tmp_path / "out").glob("*.exr"))
    assert [path.name for path in files] == [f"take_matte.{first + at}.exr" for at in range(3)]

    specs = [oiio.ImageBuf(str(path)).spec() for path in files]
    clocks = [spec.get_string_attribute("smpte:TimeCode") for spec in specs]
    assert clocks == ["01:00:59:28", "01:00:59:29", "01:01:00:02"]  # the reader knows no `;`

    code, out, err = run(tmp_path / "out", "-o", "shot.mov")
    assert code == 0, err
    assert "timecode   01:00:59;28" in out
    decoded = _decoded(tmp_path / "shot.mov")
    assert len(decoded) == 3
    for planes, path in zip(decoded, files, strict=True):
        stored = np.asarray(oiio.ImageBuf(str(path)).get_pixels(oiio.FLOAT))[..., 3]
        assert np.abs(planes[3] / 4095 - stored).max() < 1 / 1023
        for plane, wanted in zip(planes, _bars(), strict=False):
            assert np.abs(plane[:16] / 4 - wanted[:16]).max() <= 1

    picture, clock = _probed(tmp_path / "shot.mov")
    assert (picture["codec_name"], picture["profile"]) == ("prores", "4444")
    assert picture["codec_tag_string"] == "ap4h"
    assert picture["pix_fmt"] == "yuva444p12le"
    assert picture["color_range"] == "tv"
    assert picture["color_space"] == "bt709"
    assert (picture["color_transfer"], picture["color_primaries"]) == ("bt709", "bt709")
    assert picture["r_frame_rate"] == "30000/1001"
    assert picture["nb_frames"] == "3"
    assert (clock["codec_tag_string"], clock["tags"]["timecode"]) == ("tmcd", "01:00:59;28")
    assert clock["tags"]["reel_name"] == "A001"

    code, out, _ = run(tmp_path / "out", "-o", "shot.mov")
    assert code == 0
    assert "right already: of these very frames; not made again" in out


def test_frames_that_a_stopped_key_has_still_to_do_are_missing(
    settings: Any, fake_model: Any, run: Any, tmp_path: Path
) -> None:
    plate = _write_plate(tmp_path / "take.mov", 4)
    seen = np.clip(_rgb_of_bars(), 0, 1).astype(np.float32)
    model = fake_model(lambda index: (seen, _alpha(index)))
    key(settings(str(plate), warm_up=0), open_model=model)
    for number in (3, 4):
        (tmp_path / "out" / f"take_matte.{number:04}.exr").unlink()
    code, _, err = run(tmp_path / "out", "-o", "shot.mov")
    assert code == 4
    assert "lacks the frames 3-4 of 1-4." in err
    key(settings(str(plate), warm_up=0, frames="1-2"), open_model=model)  # that is all, then
    assert run(tmp_path / "out", "-o", "shot.mov")[0] == 0


def _rgb_of_bars() -> NDArray[np.float64]:
    return np.array(_BARS, np.float64).repeat(16, axis=0)[None].repeat(_HEIGHT, axis=0)


def _write_result(folder: Path, count: int, size: tuple[int, int]) -> None:
    folder.mkdir()
    random = np.random.default_rng(0)
    plane = random.random(size).astype(np.float16)
    for number in range(1, count + 1):
        channels = {letter: plane.copy() for letter in "RGBA"}
        header = {"framesPerSecond": Fraction(24)}
        OpenEXR.File(header, channels).write(str(folder / f"matte.{number:04d}.exr"))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
@pytest.mark.parametrize(
    ("sent", "code"),
    [
        pytest.param(signal.SIGTERM, 75, id="SIGTERM"),
        pytest.param(signal.SIGKILL, -signal.SIGKILL, id="SIGKILL"),
    ],
)
def test_a_kill_never_costs_a_movie(
    sent: signal.Signals, code: int, run: Any, root: Path, tmp_path: Path
) -> None:
    _write_result(tmp_path / "result", 20, (180, 320))
    assert run("result", "-o", "shot.mov", "--frames", "1-2")[0] == 0
    before = (tmp_path / "shot.mov").read_bytes()
    paths = os.pathsep.join(str(root / folder) for folder in ("plugin", "rvm"))
    process = subprocess.Popen(
        [sys.executable, "-m", "robust_matte", "assemble", "result", "-o", "shot.mov"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": paths},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while not list(tmp_path.glob(".shot.tmp-*")) and process.poll() is None:
        time.sleep(0.005)
    process.send_signal(sent)
    assert process.wait(30) == code
    assert (tmp_path / "shot.mov").read_bytes() == before
    assert len(list(tmp_path.glob(".shot.tmp-*"))) == (sent is signal.SIGKILL)
    assert run("result", "-o", "shot.mov", "--frames", "1-3")[0] == 0
