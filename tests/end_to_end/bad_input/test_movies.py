"""Movies that are damaged, empty, or hold something else."""

import re
import wave
from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest


def empty(show: Any) -> Any:
    path = show.root / "take.mov"
    path.write_bytes(b"")
    return path


def misspelt(show: Any) -> Any:
    show.movie("take.mov")
    return show.root / "taek.mov"


def folder(show: Any) -> Any:
    path = show.root / "take.mov"
    path.mkdir()
    return path


def torn(show: Any) -> Any:
    path = show.movie("take.mov", count=20)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return path


def text(show: Any) -> Any:
    path = show.root / "take.mov"
    path.write_text("1001-1050 interview\n" * 30)
    return path


def sound(show: Any) -> Any:
    path = show.root / "take.mov"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=48000)
        tone = np.zeros((1, 4800), np.int16)
        frame = av.AudioFrame.from_ndarray(tone, format="s16", layout="mono")
        frame.sample_rate = 48000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def wave_file(show: Any) -> Any:
    path = show.root / "take.avi"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(48000)
        file.writeframes(bytes(9600))
    return path


def no_frames(show: Any) -> Any:
    return show.movie("take.mkv", count=0)


def damaged_first(show: Any) -> Any:
    path = show.movie("take.mov", count=3)
    content = path.read_bytes()
    start = content.index(b"mdat") + 4
    end = content.index(b"moov") - 4
    path.write_bytes(content[:start] + bytes(end - start) + content[end:])
    return path


def misspelt_number(show: Any) -> Any:
    show.movie("take_1001.mp4", codec="libx264", pix_fmt="yuv420p")
    return show.root / "tkae_1001.mp4"


def damaged_middle(show: Any) -> Any:
    path = show.movie("take.mov", count=30, codec="png", pix_fmt="rgb24")
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    content = bytearray(path.read_bytes())
    for packet in packets[20:25]:
        assert packet.pos is not None
        content[packet.pos + 60 : packet.pos + packet.size] = bytes(packet.size - 60)
    path.write_bytes(content)
    return path


def interlaced(show: Any) -> Any:
    path = show.root / "take.mov"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("prores_ks", rate=Fraction(25), options={"flags": "+ildct"})
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv422p10le"
        for number in range(2):
            ramp = np.full((64, 64, 3), 40 * number, np.uint8)
            frame = av.VideoFrame.from_ndarray(ramp, format="rgb24").reformat(format="yuv422p10le")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def log(show: Any) -> Any:
    return show.movie(
        "take.mkv",
        codec="ffv1",
        pix_fmt="yuv422p10le",
        color_primaries=1,
        color_trc=9,
        colorspace=1,
        color_range=1,
    )


ROWS = [
    pytest.param(empty, id="a movie of 0 bytes"),
    pytest.param(misspelt, id="a misspelt movie"),
    pytest.param(folder, id="a folder named like a movie"),
    pytest.param(torn, id="a QuickTime file cut off"),
    pytest.param(text, id="a text file named .mov"),
    pytest.param(sound, id="a movie with sound alone"),
    pytest.param(wave_file, id="a sound file named .avi"),
    pytest.param(no_frames, id="a movie without a frame"),
    pytest.param(damaged_first, id="a movie whose pictures are all damaged"),
    pytest.param(misspelt_number, id="a misspelt movie with a number"),
    pytest.param(interlaced, id="an interlaced movie"),
    pytest.param(log, id="a movie with a logarithmic transfer"),
]

DAMAGED = [pytest.param(damaged_middle, id="a movie damaged in its middle")]


UNNUMBERED = [pytest.param("timecode", id="a movie without timecode, numbered by it")]


@pytest.mark.parametrize("prepare", ROWS)
def test_row(prepare: Any, show: Any, key_here: Any, check: Any) -> None:
    check(key_here(prepare(show)))
    assert not list(show.root.rglob("*_matte*"))


@pytest.mark.parametrize("prepare", DAMAGED)
def test_row_of_damage(prepare: Any, show: Any, key_here: Any, check: Any) -> None:
    path = prepare(show)
    told = key_here(path, "--cuts", "auto")
    check(told)
    assert not list(show.root.rglob("*_matte*.exr"))
    around = re.search(r"with (--frames .*? --cuts off),", told.stderr)
    assert around is not None
    assert key_here(path, *around[1].split()).code == 0
    assert len(list(show.out.glob("*.exr"))) == 20


@pytest.mark.parametrize("first", UNNUMBERED)
def test_numbering_row(first: str, show: Any, key_here: Any, check: Any) -> None:
    check(key_here(show.movie(), "--first-frame", first))
