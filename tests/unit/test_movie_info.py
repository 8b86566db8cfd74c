"""What is said of a movie, against movies whose every tag is known."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from robust_matte.jobs.info import inspect_plate
from robust_matte.jobs.progress import Event, StageReached
from robust_matte.media.windows import Size


@pytest.fixture
def write_movie(tmp_path: Path) -> Callable[..., Path]:
    """Write twelve grey frames; `tags` go onto each frame, with the stream's `metadata`."""

    def make(
        name: str = "take.mov",
        *,
        codec: str = "libx264",
        pixel_format: str = "yuv420p",
        metadata: Mapping[str, str] | None = None,
        **tags: int,
    ) -> Path:
        path = tmp_path / name
        with av.open(str(path), "w") as container:
            stream: Any = container.add_stream(codec, rate=Fraction(24000, 1001))
            stream.width, stream.height, stream.pix_fmt = 64, 48, pixel_format
            stream.metadata.update(metadata or {})
            for key, value in tags.items():
                setattr(stream.codec_context, key, value)
            for number in range(12):
                frame = av.VideoFrame(64, 48, pixel_format)
                for plane in frame.planes:
                    np.frombuffer(memoryview(plane), np.uint8)[:] = 100 + number
                frame.pts = number
                for key, value in tags.items():
                    setattr(frame, key, value)
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        return path

    return make


def test_movie_is_described(write_movie: Callable[..., Path]) -> None:
    tags = {"color_range": 1, "colorspace": 1, "color_trc": 1, "color_primaries": 1}
    path = write_movie(metadata={"timecode": "10:00:00:00"}, **tags)
    events: list[Event] = []
    info = inspect_plate(str(path), first_frame=1001, listener=events.append)
    assert (info.kind, info.frames.range, info.frames.count) == ("movie", "1001-1012", 12)
    assert (info.fps, info.timecode) == ("24000/1001", "10:00:00:00")
    assert info.coding is not None
    assert (info.coding.codec, info.coding.pixel_format) == ("h264", "yuv420p")
    assert (info.coding.range, info.coding.is_range_stated) == ("limited", True)
    assert (info.coding.matrix, info.coding.is_matrix_stated) == ("BT.709", True)
    assert (info.coding.transfer, info.coding.primaries) == ("bt709", "bt709")
    assert (info.colour.space, info.colour.is_stated) == ("g24_rec709_tx", True)
    assert info.picture is not None
    assert info.picture.work_area.size == Size(64, 48)
    assert info.warnings == ()
    assert [one.done for one in events if isinstance(one, StageReached)] == list(range(1, 13))


def test_movie_without_tags_says_what_is_assumed(write_movie: Callable[..., Path]) -> None:
    info = inspect_plate(str(write_movie()))
    assert info.coding is not None
    assert (info.coding.matrix, info.coding.is_matrix_stated) == ("BT.601", False)
    assert info.coding.is_range_stated is False
    assert [text for text in info.warnings if "does not say its matrix" in text]
    assert info.colour.is_stated is False
    assert info.exit_code == 0


def test_alpha_of_a_movie_is_told(write_movie: Callable[..., Path]) -> None:
    path = write_movie("take.mkv", codec="ffv1", pixel_format="yuva444p")
    storage = inspect_plate(str(path)).storage
    assert storage is not None
    assert storage.has_alpha
    assert [one.name for one in storage.parts[0].channels] == ["R", "G", "B", "A"]
    assert storage.keyed == ("R", "G", "B")


def test_movie_whose_colour_cannot_be_converted_stops_key(
    write_movie: Callable[..., Path],
) -> None:
    path = write_movie(colorspace=1, color_trc=9, color_primaries=1, color_range=1)
    info = inspect_plate(str(path), with_cuts=True)
    assert (info.colour.space, info.colour.working) == (None, None)
    assert info.colour.tags == {"transfer": "log100", "primaries": "bt709"}
    assert "tagged with transfer log100" in info.problems[0].what
    assert (info.exit_code, info.segments) == (3, None)


def test_damage_in_the_middle_stops_key(write_movie: Callable[..., Path]) -> None:
    path = write_movie(codec="png", pixel_format="rgb24")
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    content = bytearray(path.read_bytes())
    for packet in packets[4:7]:
        assert packet.pos is not None
        content[packet.pos + 20 : packet.pos + packet.size] = bytes(packet.size - 20)
    path.write_bytes(content)
    info = inspect_plate(str(path), first_frame=1001)
    assert [one.what for one in info.problems] == [f"Frames 1005-1007 of {path} cannot be decoded."]
    assert "with --frames 1001-1004 --cuts off --warm-up 3, or" in info.problems[0].hint
    assert (info.exit_code, info.warnings) == (3, ())
