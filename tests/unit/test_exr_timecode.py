"""Timecode in EXR attributes: what comes back, and what an independent reader says of it."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import OpenEXR
import OpenImageIO as oiio
import pytest

from robust_matte.media.exr_timecode import timecode_bytes, timecode_text
from robust_matte.media.timecode import Timecode

_RATES = {
    "23.976": Fraction(24000, 1001),
    "25": Fraction(25),
    "29.97": Fraction(30000, 1001),
    "48": Fraction(48),
    "50": Fraction(50),
    "59.94": Fraction(60000, 1001),
    "60": Fraction(60),
}


@pytest.mark.parametrize("rate", [pytest.param(rate, id=name) for name, rate in _RATES.items()])
@pytest.mark.parametrize("mark", [pytest.param(":", id="counted"), pytest.param(";", id="dropped")])
def test_every_frame_of_a_second_comes_back(rate: Fraction, mark: str) -> None:
    fps = round(rate)
    for frame in range(fps):
        text = f"23:59:38{mark}{frame:02d}"
        timecode = Timecode.parse(text, rate)
        if timecode is None:
            assert mark == ";"
            assert fps not in (30, 60)
            continue
        stored = timecode_bytes(timecode)
        assert stored is not None
        assert timecode_text(stored, rate) == text


def test_another_reader_reads_the_same(tmp_path: Path) -> None:
    timecode = Timecode.parse("01:22:33:24", _RATES["29.97"])
    assert timecode is not None
    stored = timecode_bytes(timecode)
    header = {"timeCode": OpenEXR.OpaqueAttribute(stored, "timecode")}
    path = tmp_path / "t.exr"
    OpenEXR.File(header, {"Y": np.zeros((2, 2), np.float32)}).write(str(path))
    image = oiio.ImageInput.open(str(path))
    assert image is not None
    assert image.spec().get_string_attribute("smpte:TimeCode") == "01:22:33:24"


def test_what_counts_single_frames_can_be_read_as_that() -> None:
    stored = bytes.fromhex("3500000100000000")
    assert timecode_text(stored, Fraction(60)) == "01:00:00:70"
    assert timecode_text(stored, Fraction(60), is_paired=False) == "01:00:00:35"
    assert timecode_text(stored, None) == "01:00:00:35"


def test_above_60_frames_a_second_there_is_none() -> None:
    assert timecode_bytes(Timecode(5, 100, is_drop=False)) is None
    assert timecode_text(b"", Fraction(24)) is None
