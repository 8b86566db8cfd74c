"""Colour bars through the codecs of productions: decoded within one code of what was written.

The codes are computed here, in float64, from H.273 and the ITU's numbers.
"""

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from robust_matte.colour.configs import builtin_config
from robust_matte.colour.model_view import ModelView
from robust_matte.jobs.plate_space import assume_space
from robust_matte.media.movies import Movie
from robust_matte.media.plates import open_plate
from robust_matte.media.yuv import Matrix

Array = NDArray[np.float64]

_WEIGHTS = {
    Matrix.BT601: (0.299, 0.114),
    Matrix.BT709: (0.2126, 0.0722),
    Matrix.BT2020: (0.2627, 0.0593),
}
_TAGS = {Matrix.BT601: 6, Matrix.BT709: 1, Matrix.BT2020: 9}  # of the primaries, too
_RANGES = {"limited": 1, "full": 2}
_BAR, _HEIGHT = 32, 128  # DNxHR wants 256x120 at least
_RGB = np.array(
    [
        *((1, 1, 1), (0.75, 0.75, 0), (0, 0.75, 0.75), (0, 0.75, 0), (0.75, 0, 0.75)),
        *((0.75, 0, 0), (0, 0, 0.75), (0, 0, 0), (0.18, 0.18, 0.18), (0.6, 0.5, 0.4)),
    ]
)


@dataclass(frozen=True)
class Coded:
    """How bars are written, and how far off they may come back, in codes."""

    codec: str
    layout: str
    suffix: str
    options: dict[str, str] = field(default_factory=dict)
    within: float = 0.51  # half a code is lost when codes are rounded

    @property
    def id(self) -> str:
        return f"{self.codec} {self.options.get('profile', '')} {self.layout}".replace("  ", " ")


def _x265(layout: str) -> Coded:
    # In a transport stream: FFmpeg does not always take the header of x265 for MP4.
    return Coded("libx265", layout, "ts", {"x265-params": "lossless=1:log-level=none"})


def _dnxhr(profile: str, layout: str) -> Coded:
    return Coded("dnxhd", layout, "mov", {"profile": f"dnxhr_{profile}"}, within=1)


CODED = [
    Coded("prores_ks", "yuv422p10le", "mov", {"profile": "hq", "quant_mat": "default"}, within=1),
    Coded("prores_ks", "yuv444p10le", "mov", {"profile": "4444", "quant_mat": "default"}, within=1),
    _dnxhr("hq", "yuv422p"),
    _dnxhr("hqx", "yuv422p10le"),
    _dnxhr("444", "yuv444p10le"),
    Coded("libx264", "yuv420p", "mp4", {"qp": "0"}),
    Coded("libx264", "yuv422p10le", "mov", {"qp": "0"}),
    _x265("yuv420p10le"),
    _x265("yuv444p12le"),
    Coded("v210", "yuv422p10le", "mov"),
]
MORE_CODED = [
    Coded("prores_ks", "yuv422p10le", "mov", {"profile": "standard"}, within=1),
    Coded("prores_ks", "yuva444p10le", "mov", {"profile": "4444xq"}, within=1),
    _dnxhr("lb", "yuv422p"),
    _dnxhr("sq", "yuv422p"),
    Coded("libx264", "yuv422p", "mkv", {"qp": "0"}),
    Coded("libx264", "yuv444p", "mp4", {"qp": "0"}),
    Coded("libx264", "yuv420p10le", "mp4", {"qp": "0"}),
    Coded("libx264", "yuv444p10le", "mp4", {"qp": "0"}),
    *map(_x265, ("yuv420p", "yuv422p", "yuv444p", "yuv422p10le", "yuv420p12le", "yuv422p12le")),
    *(
        Coded("ffv1", f"yuv{sampling}p{depth}", "mkv")
        for sampling in ("420", "422", "444")
        for depth in ("", "10le", "12le", "16le")
    ),
]


def _codes(rgb: Array, matrix: Matrix, bits: int, *, full: bool) -> Array:
    """Code (..., 3) R'G'B' as Y, Cb, Cr, unrounded, as H.273 8.3 says."""
    kr, kb = _WEIGHTS[matrix]
    red, green, blue = np.moveaxis(rgb, -1, 0)
    luma = kr * red + (1 - kr - kb) * green + kb * blue
    step, middle, last = 2 ** (bits - 8), 2 ** (bits - 1), 2**bits - 1
    black, span, chroma = (0, last, last) if full else (16 * step, 219 * step, 224 * step)
    cb, cr = (blue - luma) / (2 - 2 * kb), (red - luma) / (2 - 2 * kr)
    return np.stack([black + span * luma, middle + chroma * cb, middle + chroma * cr], axis=-1)


def _write_bars(path: Path, coded: Coded, codes: Array, **tags: int) -> Path:
    """Write one frame of bars of flat codes, (bars, 3)."""
    bits = av.VideoFormat(coded.layout).components[0].bits
    width = _BAR * len(codes)
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(coded.codec, rate=Fraction(24), options=coded.options)
        stream.width, stream.height, stream.pix_fmt = width, _HEIGHT, coded.layout
        frame = av.VideoFrame(width, _HEIGHT, coded.layout)
        for name, value in tags.items():
            setattr(frame, name, value)
            setattr(stream.codec_context, name, value)
        for at, plane in enumerate(frame.planes):
            line = np.rint(codes[:, at]) if at < 3 else np.full(len(codes), 2**bits - 1)
            dtype = np.uint8 if bits == 8 else np.dtype("<u2")
            rows = np.frombuffer(memoryview(plane), dtype).reshape(plane.height, -1)
            rows[:, : plane.width] = line.repeat(plane.width // len(codes))
        frame.pts = 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def _middles(pixels: Any) -> Array:
    """Return the middle of each bar, (bars, 3)."""
    found: Array = pixels[_HEIGHT // 2, _BAR // 2 :: _BAR].astype(np.float64)
    return found


def _check_bars(path: Path, coded: Coded, matrix: Matrix, span: str) -> None:
    bits, full = av.VideoFormat(coded.layout).components[0].bits, span == "full"
    codes = _codes(_RGB, matrix, bits, full=full)
    tags = {
        "colorspace": _TAGS[matrix],
        "color_primaries": _TAGS[matrix],
        "color_trc": 1,
        "color_range": _RANGES[span],
    }
    movie = Movie(_write_bars(path, coded, codes, **tags))
    assert (movie.info.matrix, movie.info.is_full_range) == (matrix, full)
    (task,) = movie.tasks([1])
    found = _codes(_middles(task().pixels), matrix, bits, full=full)
    assert np.abs(found - np.rint(codes)).max() <= coded.within


def _cases(coded: list[Coded]) -> list[Any]:
    """Every matrix in both ranges; ProRes and v210 have the limited one alone."""
    return [
        pytest.param(one, matrix, span, id=f"{one.id}, {matrix.value}, {span}")
        for one in coded
        for matrix in _WEIGHTS
        for span in _RANGES
        if span == "limited" or one.codec not in ("prores_ks", "v210")
    ]


@pytest.mark.parametrize(("coded", "matrix", "span"), _cases(CODED)[::3])
def test_bars_come_back_within_one_code(
    coded: Coded, matrix: Matrix, span: str, tmp_path: Path
) -> None:
    _check_bars(tmp_path / f"bars.{coded.suffix}", coded, matrix, span)


@pytest.mark.full
@pytest.mark.parametrize(("coded", "matrix", "span"), _cases(CODED + MORE_CODED))
def test_bars_of_every_codec_come_back_within_one_code(
    coded: Coded, matrix: Matrix, span: str, tmp_path: Path
) -> None:
    _check_bars(tmp_path / f"bars.{coded.suffix}", coded, matrix, span)


# --- transfer functions: codes of light, the standards' own way


def _bt1886(light: Array) -> Array:
    return np.sign(light) * np.abs(light) ** (1 / 2.4)


def _srgb(light: Array) -> Array:
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light.clip(0) ** (1 / 2.4) - 0.055)


def _pq(light: Array) -> Array:
    """ST 2084; OpenColorIO's displays hold 100 cd/m2 as 1."""
    power = (light.clip(0) / 100) ** 0.1593017578125
    return ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375


def _hlg(light: Array) -> Array:
    """BT.2100 table 5 at 1000 cd/m2: display light, back through the OOTF, then the OETF."""
    shown = light.clip(0) / 10
    luminance = shown @ np.array([0.2627, 0.678, 0.0593])
    scene = shown * np.maximum(luminance, 1e-9)[..., None] ** (1 / 1.2 - 1)
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    bright: Array = a * np.log(np.maximum(12 * scene - b, 1e-9)) + c
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), bright)


@pytest.mark.parametrize("suffix", ["mov", "mkv"])
@pytest.mark.parametrize(
    ("transfer", "primaries", "matrix", "encode"),
    [
        pytest.param(1, 1, Matrix.BT709, _bt1886, id="BT.709"),
        pytest.param(13, 1, Matrix.BT709, _srgb, id="sRGB"),
        pytest.param(14, 9, Matrix.BT2020, _bt1886, id="BT.2020"),
        pytest.param(16, 9, Matrix.BT2020, _pq, id="PQ"),
        pytest.param(18, 9, Matrix.BT2020, _hlg, id="HLG"),
    ],
)
def test_bars_are_the_light_of_their_transfer(
    transfer: int, primaries: int, matrix: Matrix, encode: Any, suffix: str, tmp_path: Path
) -> None:
    """Decoded, made light and coded again by the standard's formula, within one code of 10 bits."""
    coded = Coded("ffv1" if suffix == "mkv" else "libx264", "yuv444p10le", suffix)
    if suffix == "mov":
        coded = Coded("libx264", "yuv444p10le", suffix, {"qp": "0"})
    codes = _codes(_RGB, matrix, 10, full=False)
    path = _write_bars(
        tmp_path / f"bars.{suffix}",
        coded,
        codes,
        colorspace=_TAGS[matrix],
        color_range=1,
        color_trc=transfer,
        color_primaries=primaries,
    )
    plate = open_plate(str(path))
    space = assume_space(plate, None, builtin_config())
    (task,) = plate.tasks([1])
    light = ModelView(space.space).working(task().pixels)
    again = _codes(encode(_middles(light)), matrix, 10, full=False)
    assert np.abs(again - np.rint(codes)).max() <= 1
