"""Result and truth paired by frame number, of whatever files they are.

tmp_path/
├── pred/pred.1001.exr …   what `write` writes, with OpenImageIO
└── truth/truth.1001.exr …
"""

import weakref
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import av
import numpy as np
import OpenEXR
import OpenImageIO as oiio
import pytest
from numpy.typing import NDArray

from robust_matte.errors import (
    FrameSizeError,
    InputError,
    MissingFramesError,
    RobustMatteError,
    SettingsError,
)
from robust_matte.jobs.comparison import Comparison, ComparisonRequest, open_comparison
from robust_matte.jobs.progress import Event, StageReached, Warned, silent

Image = NDArray[np.float32]
Write = Callable[..., str]

HEIGHT, WIDTH = 6, 8


def ramp(number: int) -> Image:
    """An alpha of its own for each frame."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    return np.asarray((x + y * WIDTH + number % 7) / 64, np.float32)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write numbered frames; `make` gives one frame's channels by name."""

    def files(
        name: str,
        numbers: Sequence[int],
        make: Callable[[int], dict[str, Image]],
        *,
        suffix: str = "exr",
        kind: str = "float",
        **windows: int,
    ) -> str:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        for number in numbers:
            channels = make(number)
            pixels = np.stack(list(channels.values()), axis=2)
            spec = oiio.ImageSpec(pixels.shape[1], pixels.shape[0], pixels.shape[2], kind)
            spec.channelnames = list(channels)
            spec.attribute("oiio:UnassociatedAlpha", 1)
            for key, value in windows.items():
                setattr(spec, key, value)
            path = str(folder / f"{name}.{number:04d}.{suffix}")
            image = oiio.ImageOutput.create(path)
            assert image is not None
            assert image.open(path, spec), oiio.geterror()
            assert image.write_image(np.ascontiguousarray(pixels)), image.geterror()
            image.close()
        return str(folder / f"{name}.####.{suffix}")

    return files


def alpha_alone(number: int) -> dict[str, Image]:
    return {"A": ramp(number)}


def compared(**values: Any) -> list[tuple[int, tuple[Image, ...]]]:
    comparison = open_comparison(ComparisonRequest(**values), silent)
    return [(frame.number, frame.layers) for frame in comparison.frames(silent)]


def test_frames_are_paired_by_number(write: Write) -> None:
    pred, truth = write("pred", range(1, 5), alpha_alone), write("truth", range(1, 5), alpha_alone)
    found = compared(prediction=pred, truth=truth)
    assert [number for number, _ in found] == [1, 2, 3, 4]
    for number, (alpha, true_alpha) in found:
        assert np.array_equal(alpha, ramp(number))
        assert np.array_equal(true_alpha, ramp(number))


def grey(number: int) -> dict[str, Image]:
    return {"Y": ramp(number)}


def grey_in_rgb(number: int) -> dict[str, Image]:
    return dict.fromkeys("RGB", ramp(number))


def colour(number: int) -> dict[str, Image]:
    return {"R": ramp(number), "G": ramp(number) * 0, "B": ramp(number) * 0}


def combined(number: int) -> dict[str, Image]:
    alpha = ramp(number)
    return {
        **dict.fromkeys("RGB", alpha * 0.25),
        "A": alpha,
        **{f"foreground.{name}": np.full_like(alpha, 0.25) for name in "RGB"},
        "matte.A": alpha * 0.5,
    }


@pytest.mark.parametrize(
    ("make", "channel", "factor"),
    [
        pytest.param(combined, None, 1.0, id="A of combined"),
        pytest.param(combined, "matte.A", 0.5, id="the network's"),
        pytest.param(combined, "luminance", 0.25, id="luminance though there is A"),
        pytest.param(grey, None, 1.0, id="grey"),
        pytest.param(grey_in_rgb, None, 1.0, id="grey in RGB, exactly"),
        pytest.param(colour, None, 0.2126, id="luminance of red"),
    ],
)
def test_alpha_is_a_or_luminance_or_the_channel_named(
    write: Write, make: Callable[[int], dict[str, Image]], channel: str | None, factor: float
) -> None:
    pred, truth = write("pred", [1001], make), write("truth", [1001], alpha_alone)
    [(_, (alpha, _))] = compared(prediction=pred, truth=truth, channel=channel)
    expected = ramp(1001) * np.float32(factor)
    assert np.array_equal(alpha, expected) or factor == 0.2126
    assert alpha == pytest.approx(expected, abs=1e-7)
    [(_, (_, other))] = compared(prediction=truth, truth=pred, truth_channel=channel)
    assert np.array_equal(other, alpha)


def test_straight_alpha_of_png_is_read_as_it_is(write: Write) -> None:
    def straight(number: int) -> dict[str, Image]:
        return {
            **dict.fromkeys("RGB", np.full((HEIGHT, WIDTH), 0.5, np.float32)),
            "A": ramp(number),
        }

    pred = write("pred", [1001], straight, suffix="png", kind="uint16")
    truth = write("truth", [1001], combined)
    [(_, layers)] = compared(prediction=pred, truth=truth, true_foreground=truth)
    alpha, _, foreground, true_foreground = layers
    assert alpha == pytest.approx(ramp(1001), abs=1e-5)
    assert foreground == pytest.approx(np.full((HEIGHT, WIDTH, 3), 0.5), abs=1e-4)
    shown = 1.055 * 0.25 ** (1 / 2.4) - 0.055  # sRGB of the light in the EXR
    assert true_foreground == pytest.approx(np.full((HEIGHT, WIDTH, 3), shown), abs=1e-4)


def test_folders_of_separate_layers_are_found(write: Write, tmp_path: Path) -> None:
    write("alpha", [1001], lambda number: dict.fromkeys("RGBA", ramp(number)))
    write("foreground", [1001], grey_in_rgb)
    truth = write("truth", [1001], combined)
    [(_, layers)] = compared(prediction=str(tmp_path), truth=truth, true_foreground=truth)
    assert np.array_equal(layers[0], ramp(1001))
    linear = ramp(1001)
    shown = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    assert layers[2] == pytest.approx(np.stack([shown] * 3, axis=2), abs=1e-4)


def test_parts_of_one_file_are_found(tmp_path: Path) -> None:
    """What `--layers multipart` writes, as result and as truth."""
    path = tmp_path / "m.0001.exr"
    alpha, colour = ramp(1), np.full((HEIGHT, WIDTH), 0.25, np.float32)
    layers = {
        "rgba": dict.fromkeys("RGB", alpha * colour) | {"A": alpha * 0},  # not this alpha
        "alpha": {"Y": alpha},
        "foreground": dict.fromkeys("RGB", colour),
    }
    header = {"type": OpenEXR.scanlineimage}
    OpenEXR.File([OpenEXR.Part(dict(header), p, name) for name, p in layers.items()]).write(
        str(path)
    )
    request = {"prediction": str(path), "truth": str(path)}
    ((_, found),) = compared(**request, true_foreground=str(path))
    assert np.array_equal(found[0], alpha)
    assert np.array_equal(found[1], alpha)
    assert len(found) == 4
    for codes in found[2:]:  # light of 0.25, as sRGB shows it: IEC 61966-2-1
        assert np.abs(codes - (1.055 * 0.25 ** (1 / 2.4) - 0.055)).max() < 1e-5


def test_the_display_window_is_compared(write: Write) -> None:
    """Overscan is left out, and what a small data window leaves empty is 0."""
    plain = write("truth", [1001], lambda _: {"A": np.ones((HEIGHT, WIDTH), np.float32)})
    large = write(
        "large", [1001], alpha_alone, x=-2, y=-1, full_width=4, full_height=3, full_x=0, full_y=0
    )
    shown = {"full_width": WIDTH, "full_height": HEIGHT, "full_x": 0, "full_y": 0}
    small = write("small", [1001], lambda _: {"A": np.full((2, 3), 0.5, "f4")}, x=4, y=3, **shown)
    expected = np.zeros((HEIGHT, WIDTH), np.float32)
    expected[3:5, 4:7] = 0.5
    [(_, (alpha, _))] = compared(prediction=small, truth=plain)
    assert np.array_equal(alpha, expected)
    [(_, (alpha, _))] = compared(prediction=large, truth=large)
    assert np.array_equal(alpha, ramp(1001)[1:4, 2:6])


def write_movie(path: Path, values: Sequence[int]) -> str:
    """Write frames of one code of grey each, without loss."""
    with av.open(str(path), "w") as movie:
        stream = movie.add_stream("ffv1", rate=24)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "gray"
        for value in values:
            codes = np.full((HEIGHT, WIDTH), value, np.uint8)
            movie.mux(stream.encode(av.VideoFrame.from_ndarray(codes, format="gray")))
        movie.mux(stream.encode())
    return str(path)


def test_a_movie_is_numbered_from_its_first_frame(write: Write, tmp_path: Path) -> None:
    truth = write_movie(tmp_path / "truth.mkv", [235, 16, 126])
    pred = write("pred", range(1001, 1004), alpha_alone)
    found = compared(prediction=pred, truth=truth, first_frame=1001)
    assert [number for number, _ in found] == [1001, 1002, 1003]
    values = [float(layers[1].mean()) for _, layers in found]
    assert values == pytest.approx([1.0, 0.0, 110 / 219], abs=1e-6)  # limited range


@pytest.mark.parametrize(
    ("pred", "truth", "frames", "named"),
    [
        pytest.param(
            [1, 2, 4], [1, 2, 3, 4], None, ("pred", "lacks the frames 3 of 1-4"), id="one"
        ),
        pytest.param(
            range(1, 9), range(3, 6), None, ("truth", "lacks the frames 1-2,6-8 of 1-8"), id="ends"
        ),
        pytest.param(
            range(1, 9), [1, 2, 5], "2-6", ("truth", "lacks the frames 3-4,6 of 2-6"), id="asked"
        ),
        pytest.param(
            [1, 3], [1, 3], "1-5x2", ("pred", "lacks the frames 5 of 1-5x2"), id="asked by step"
        ),
    ],
)
def test_missing_frames_are_named(
    write: Write,
    pred: Sequence[int],
    truth: Sequence[int],
    frames: str | None,
    named: tuple[str, str],
) -> None:
    pair = write("pred", pred, alpha_alone), write("truth", truth, alpha_alone)
    with pytest.raises(MissingFramesError) as raised:
        compared(prediction=pair[0], truth=pair[1], frames=frames)
    assert f"{named[0]}.####.exr {named[1]}." in raised.value.what


@pytest.mark.parametrize(
    ("pred", "truth", "range_told"),
    [
        pytest.param([1, 2, 4, 5, 6], range(1, 8), "4-6", id="longest run"),
        pytest.param([1, 3, 5], range(1, 8), "1-5x2", id="by step"),
        pytest.param([3], range(1, 8), "3", id="one frame"),
    ],
)
def test_the_way_out_of_missing_frames_works(
    write: Write, pred: Sequence[int], truth: Sequence[int], range_told: str
) -> None:
    pair = write("pred", pred, alpha_alone), write("truth", truth, alpha_alone)
    with pytest.raises(MissingFramesError) as raised:
        compared(prediction=pair[0], truth=pair[1])
    assert f"--frames {range_told}," in raised.value.hint
    found = compared(prediction=pair[0], truth=pair[1], frames=range_told)
    assert [number for number, _ in found] == [
        number for number in pred if number in {*pred} & {*truth}
    ][-len(found) :]


def test_frames_that_both_lack_are_no_error(write: Write) -> None:
    pair = write("pred", [1, 2, 5], alpha_alone), write("truth", [1, 2, 5], alpha_alone)
    assert [number for number, _ in compared(prediction=pair[0], truth=pair[1])] == [1, 2, 5]


def not_finite(number: int) -> dict[str, Image]:
    alpha = ramp(number)
    alpha[0, :3] = np.nan, np.inf, -np.inf
    return {"A": alpha}


def depth(number: int) -> dict[str, Image]:
    return {"Z": ramp(number)}


def premultiplied(number: int) -> dict[str, Image]:
    return dict.fromkeys("RGBA", ramp(number))


@pytest.mark.parametrize(
    ("make", "values", "error", "told"),
    [
        pytest.param(not_finite, {}, InputError, "is no number in 3 pixels", id="not finite"),
        pytest.param(
            depth, {}, InputError, "no alpha and no luminance; its channels are Z", id="Z"
        ),
        pytest.param(
            depth, {"channel": "luminance"}, InputError, "has no luminance", id="no luminance"
        ),
        pytest.param(
            combined, {"channel": "mask.A"}, InputError, "has no channel mask.A", id="channel"
        ),
        pytest.param(
            premultiplied,
            {"true_foreground": "{truth}"},
            InputError,
            "has no straight foreground",
            id="premultiplied",
        ),
        pytest.param(combined, {"frames": "a-b"}, SettingsError, '"a-b"', id="range"),
        pytest.param(combined, {"frames": ""}, SettingsError, '""', id="empty range"),
        pytest.param(
            combined, {"first_frame": 5}, SettingsError, "pred.####.exr is no movie", id="no movie"
        ),
    ],
)
def test_what_cannot_be_compared_is_told(
    write: Write,
    make: Callable[[int], dict[str, Image]],
    values: dict[str, Any],
    error: type[RobustMatteError],
    told: str,
) -> None:
    pred, truth = write("pred", [1001], make), write("truth", [1001], combined)
    filled = {
        name: value.format(truth=truth) if isinstance(value, str) else value
        for name, value in values.items()
    }
    with pytest.raises(error) as raised:
        compared(prediction=pred, truth=truth, **filled)
    assert told in raised.value.what
    assert raised.value.hint.endswith(".")


def test_a_movie_has_no_channel_to_name(write: Write, tmp_path: Path) -> None:
    truth = write_movie(tmp_path / "truth.mkv", [16])
    pred = write("pred", [1], alpha_alone)
    with pytest.raises(SettingsError, match=r"truth\.mkv is a movie, of which A cannot be read"):
        compared(prediction=pred, truth=truth, truth_channel="A")


def test_clips_without_a_common_frame_are_refused(write: Write, tmp_path: Path) -> None:
    truth = write_movie(tmp_path / "truth.mkv", [16, 16])
    pred = write("pred", [1001, 1002], alpha_alone)
    with pytest.raises(InputError, match=r"pred\.####\.exr 1001-1002, .*truth\.mkv 1-2") as raised:
        compared(prediction=pred, truth=truth)
    assert "--first-frame" in raised.value.hint


@pytest.mark.parametrize("other", ["pred", "truth"])
def test_another_size_names_frame_and_both_sizes(write: Write, other: str) -> None:
    def sized(number: int, name: str) -> dict[str, Image]:
        is_small = (number, name) == (1002, other)
        return {"A": ramp(number)[:4] if is_small else ramp(number)}

    pair = [
        write(name, [1001, 1002], lambda n, name=name: sized(n, name)) for name in ("pred", "truth")
    ]
    with pytest.raises(FrameSizeError) as raised:
        compared(prediction=pair[0], truth=pair[1])
    assert f"{other}.####.exr is 8x4, frame 1001 of {pair[0]} is 8x6." in raised.value.what
    assert raised.value.what.startswith("Frame 1002 of ")
    assert raised.value.frame == 1002


def test_an_opaque_alpha_is_told_once(write: Write) -> None:
    def opaque(number: int) -> dict[str, Image]:
        return {**grey_in_rgb(number), "A": np.ones((HEIGHT, WIDTH), np.float32)}

    pred, truth = write("pred", [1, 2], alpha_alone), write("truth", [1, 2], opaque)
    told: list[Event] = []
    request = ComparisonRequest(prediction=pred, truth=truth)
    list(open_comparison(request, told.append).frames(told.append))
    [warning] = [event.text for event in told if isinstance(event, Warned)]
    assert "truth.####.exr is 1 in all of frame 1;" in warning
    assert "--truth-channel luminance" in warning
    told.clear()
    request = ComparisonRequest(prediction=pred, truth=truth, truth_channel="luminance")
    list(open_comparison(request, told.append).frames(told.append))
    assert [event for event in told if isinstance(event, Warned)] == []
    last = told[-1]
    assert isinstance(last, StageReached)
    assert (last.stage, last.done, last.total, last.eta_s) == ("comparing", 2, 2, 0.0)


class Watched:
    """A layer whose pictures are counted while they live."""

    def __init__(self, plate: Any) -> None:
        self.plate = plate
        self.alive: list[weakref.ref[Image]] = []

    def tasks(self, numbers: Sequence[int]) -> Iterator[Callable[[], Image]]:
        for _ in numbers:
            yield self._read

    def _read(self) -> Image:
        picture = np.zeros((HEIGHT, WIDTH), np.float32)
        self.alive.append(weakref.ref(picture))
        return picture


def test_a_bounded_number_of_frames_is_held(write: Write) -> None:
    pred = write("pred", [1], alpha_alone)
    plate = open_comparison(ComparisonRequest(prediction=pred, truth=pred), silent).layers[0].plate
    layers: Any = (Watched(plate), Watched(plate))
    comparison = Comparison(layers=layers, numbers=tuple(range(200)))
    most = 0
    for _ in comparison.frames(silent):
        most = max(most, sum(one() is not None for one in layers[0].alive))
    assert len(layers[0].alive) == 200
    assert most <= 8  # four ahead, one each in the making, the first one, and this one
