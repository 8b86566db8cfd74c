"""Sizes of the low-resolution view."""

from hypothesis import given
from hypothesis import strategies as st

from robust_matte.settings.choices import Framing
from robust_matte.settings.low_res import Downsample

sides = st.integers(1, 16384)


@given(sides, sides, st.integers(32, 8192))
def test_longest_side_is_the_one_asked_for(width: int, height: int, side: int) -> None:
    small = Downsample.parse(f"{side}px").size(width, height, usual_side=99)
    assert max(small) == min(side, max(width, height))
    scale = max(small) / max(width, height)
    for got, full in zip(small, (width, height), strict=True):
        assert 1 <= got <= full
        assert abs(got - full * scale) <= 0.5 + 1e-9 or got == 1


@given(sides, sides, st.floats(1e-6, 1.0))
def test_ratio_is_kept_within_half_a_pixel(width: int, height: int, ratio: float) -> None:
    small = Downsample(ratio=ratio).size(width, height, usual_side=99)
    for got, full in zip(small, (width, height), strict=True):
        assert 1 <= got <= full
        assert abs(got - full * ratio) <= 0.5 or got == 1


@given(sides, sides, st.integers(32, 8192))
def test_auto_is_the_side_that_the_network_was_made_for(width: int, height: int, side: int) -> None:
    auto = Downsample.parse("auto").size(width, height, usual_side=side)
    assert auto == Downsample(side=side).size(width, height, usual_side=99)


@given(sides, sides, st.integers(32, 8192))
def test_portrait_is_landscape_turned(width: int, height: int, side: int) -> None:
    size = Downsample(side=side)
    turned = size.size(height, width, usual_side=99)
    assert size.size(width, height, usual_side=99) == turned[::-1]


@given(sides, sides, st.integers(32, 8192), st.floats(0.1, 10.0))
def test_view_has_the_shape_of_the_picture_on_a_screen(
    width: int, height: int, side: int, aspect: float
) -> None:
    """Its pixels are square, to within half a pixel; it is never larger than the picture there."""
    small = Downsample(side=side).size(width, height, usual_side=99, pixel_aspect=aspect)
    wide, high = (width * aspect, height) if aspect >= 1 else (width, height / aspect)
    scale = min(side / max(wide, high), 1.0)
    for got, full in zip(small, (wide, high), strict=True):
        assert abs(got - full * scale) <= 0.5 + 1e-6 or got == 1


@given(sides, sides, st.integers(2, 4), st.floats(1e-3, 1.0))
def test_squeezed_plate_is_seen_as_the_unsqueezed_one(
    width: int, height: int, aspect: int, ratio: float
) -> None:
    for asked in (Downsample(ratio=ratio), Downsample(side=512), Downsample()):
        squeezed = asked.size(width, height, usual_side=288, pixel_aspect=aspect)
        assert squeezed == asked.size(width * aspect, height, usual_side=288)


@given(sides, sides, st.integers(32, 8192))
def test_full_body_is_half_as_large_again(width: int, height: int, side: int) -> None:
    larger = Downsample(framing=Framing.FULL_BODY).size(width, height, usual_side=side)
    assert larger == Downsample(side=round(1.5 * side)).size(width, height, usual_side=99)
