"""What looks bad and is keyed all the same: odd sizes, odd names, odd pixels, odd places."""

from typing import Any

import numpy as np
import OpenImageIO as oiio
import pytest


def one_pixel(show: Any) -> Any:
    return [show.frame(pixels=np.full((1, 1, 3), 0.5, np.float32))]


def three_pixels(show: Any) -> Any:
    return [show.frame(pixels=noise(3, 3))]


def very_wide(show: Any) -> Any:
    return [show.frame(pixels=noise(64, 16384))]


def one_line(show: Any) -> Any:
    return [show.frame(pixels=noise(1, 300))]


def spaces(show: Any) -> Any:
    return [show.frames(name="take 2, the good one")]


def unicode(show: Any) -> Any:
    return [show.frames(name="größe_東京_é")]


def percent(show: Any) -> Any:
    return [show.frames(name="100%done%04d")]


def brackets(show: Any) -> Any:
    return [show.frames(name="[shot]*{1}$F")]


def bad_pixels(show: Any) -> Any:
    show.frame(1001)
    return [show.frames([1002], pixels=np.full((16, 24, 3), np.nan, np.float32)), "--warm-up", "0"]


def infinite(show: Any) -> Any:
    pixels = noise(16, 24)
    pixels[3, 5] = np.inf
    return [show.frames([1001], pixels=pixels, kind="float")]


def negative(show: Any) -> Any:
    return [show.frames([1001], pixels=-noise(16, 24))]


def huge_values(show: Any) -> Any:
    return [show.frames([1001], pixels=np.full((16, 24, 3), 1e30, np.float32), kind="float")]


def backwards(show: Any) -> Any:
    return [show.frames(), "--frames", "1003-1001"]


def typed_step(show: Any) -> Any:
    return [show.frames(range(1001, 1006)).replace("####", "1001-1005x2#")]


def negative_numbers(show: Any) -> Any:
    for number in (-1, 0, 1):
        show.frame().rename(show.plate / f"shot.{number:04d}.exr")
    return [show.plate / "shot.####.exr"]


def grey(show: Any) -> Any:
    return [show.frame(pixels=noise(16, 24)[..., :1], channelnames=("Y",))]


def movie_named_so(show: Any) -> Any:
    return [show.frame(pixels=noise(16, 24), kind="uint")]


ROWS = [
    pytest.param(one_pixel, 1, id="a plate of 1x1 pixels"),
    pytest.param(three_pixels, 1, id="a plate of 3x3 pixels"),
    pytest.param(one_line, 1, id="a plate of 300x1 pixels"),
    pytest.param(very_wide, 1, id="a plate of 16384x64 pixels"),
    pytest.param(spaces, 3, id="a name with spaces and a comma"),
    pytest.param(unicode, 3, id="a name in Unicode"),
    pytest.param(percent, 3, id="a name with percent signs"),
    pytest.param(brackets, 3, id="a name with brackets, a star and a dollar sign"),
    pytest.param(bad_pixels, 2, id="a frame of nothing but NaN"),
    pytest.param(infinite, 1, id="a frame with an infinite pixel"),
    pytest.param(negative, 1, id="a frame of negative light"),
    pytest.param(huge_values, 1, id="a frame beyond half's range"),
    pytest.param(backwards, 3, id="a frame range written backwards"),
    pytest.param(typed_step, 3, id="a range with a step typed in the name"),
    pytest.param(negative_numbers, 3, id="negative frame numbers"),
    pytest.param(grey, 1, id="an EXR with luminance alone"),
    pytest.param(movie_named_so, 1, id="an EXR of whole numbers"),
]


@pytest.mark.parametrize(("prepare", "count"), ROWS)
def test_row(prepare: Any, count: int, show: Any, key_here: Any, check: Any) -> None:
    told = key_here(*prepare(show), "--depth", "float")
    check(told)
    results = sorted(show.out.glob("*.exr"))
    assert len(results) == count, results
    for path in results:
        assert_is_over(path, plate_of(show, path))


def plate_of(show: Any, result: Any) -> Any:
    """Read the plate's frame that a result was made from."""
    number = result.name.rsplit(".", 2)[1] if result.name.count(".") > 1 else ""
    (path,) = [one for one in show.plate.iterdir() if one.name.rsplit(".", 2)[1] == number]
    return read(path)["RGB"]


def assert_is_over(path: Any, plate: Any) -> None:
    """Check what holds for any network: alpha in range, premultiplied, the plate where opaque."""
    layers = read(path)
    alpha, colour, foreground = layers["A"], layers["RGB"], layers["foreground.RGB"]
    assert colour.shape == plate.shape
    assert np.isfinite(alpha).all()
    assert alpha.min() >= 0.0
    assert alpha.max() <= 1.0
    good = np.isfinite(plate).all(axis=2)
    with np.errstate(over="ignore", invalid="ignore"):
        np.testing.assert_allclose(colour[good], (foreground * alpha)[good], rtol=1e-5, atol=1e-6)
    opaque = good & (alpha[..., 0] == 1.0)
    np.testing.assert_array_equal(foreground[opaque], plate[opaque])


def read(path: Any) -> dict[str, Any]:
    image = oiio.ImageInput.open(str(path))
    assert image is not None, oiio.geterror()
    spec = image.spec()
    pixels = image.read_image(0, 0, 0, spec.nchannels, oiio.FLOAT)
    image.close()
    assert pixels is not None
    names = list(spec.channelnames)
    found = {}
    for prefix in ("", "foreground."):
        if f"{prefix}R" in names:
            places = [names.index(prefix + name) for name in "RGB"]
            found[f"{prefix}RGB"] = pixels[..., places]
    if "A" in names:
        found["A"] = pixels[..., [names.index("A")]]
    if names == ["Y"]:
        found["RGB"] = np.repeat(pixels, 3, axis=2)
    return found


def noise(height: int, width: int) -> Any:
    return np.random.default_rng(1).random((height, width, 3), np.float32)
