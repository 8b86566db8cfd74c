"""What comes out of a job, in numbers: known truth, a fake model, read back with OpenImageIO."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from robust_matte.jobs.key import key
from robust_matte.jobs.progress import Event, Warned

Image = NDArray[np.float32]
Keyed = Callable[..., list[Event]]
Read = Callable[..., dict[str, Image]]

FOREGROUNDS = (0.05, 0.5, 0.9)
BACKGROUNDS = (0.0, 0.18, 1.0, 5.0, 20.0)
ALPHAS = (0.1, 0.5, 0.9)
OPAQUE_VALUES = (-0.1, 0.18, 1.0, 5.0, 60.0)
OPAQUE, BAND, WIDTH, HEIGHT = 32, 45, 128, 20  # columns: opaque, then the band, then nothing


def srgb(linear: NDArray[np.float64]) -> NDArray[np.float64]:
    """IEC 61966-2-1, written out here so that it is not the code under test."""
    bounded = np.clip(linear, 0.0, 1.0)
    return np.where(bounded <= 0.0031308, bounded * 12.92, 1.055 * bounded ** (1 / 2.4) - 0.055)


@pytest.fixture
def scene() -> dict[str, Image]:
    """Plate, true alpha and true foreground: each band column is one case of the table."""
    alpha = np.zeros((HEIGHT, WIDTH))
    foreground = np.zeros((HEIGHT, WIDTH, 3))
    background = np.full((HEIGHT, WIDTH, 3), 0.3)
    alpha[:, :OPAQUE] = 1.0
    values = np.resize(OPAQUE_VALUES, OPAQUE)
    foreground[:, :OPAQUE] = values[None, :, None]
    cases = [(f, b, a) for f in FOREGROUNDS for b in BACKGROUNDS for a in ALPHAS]
    assert len(cases) == BAND
    for column, (light, behind, cover) in enumerate(cases, start=OPAQUE):
        foreground[:, column], background[:, column] = light, behind
        alpha[:, column] = cover
    plate = foreground * alpha[..., None] + background * (1 - alpha[..., None])
    return {
        "plate": plate.astype(np.float32),
        "alpha": alpha.astype(np.float32),
        "foreground": foreground.astype(np.float32),
        "fgr": srgb(foreground).astype(np.float32),
    }


@pytest.fixture
def keyed(scene: dict[str, Image], settings: Any, write_exr_plate: Any, fake_model: Any) -> Keyed:
    """Key the scene, as it is when this is called, with a model that knows the truth."""

    def run(**values: Any) -> list[Event]:
        events: list[Event] = []
        plate = write_exr_plate({1001: scene["plate"]})
        truth = fake_model(lambda _: (scene["fgr"], scene["alpha"]))
        key(settings(plate, warm_up=0, **values), events.append, open_model=truth)
        return events

    return run


def test_opaque_light_of_any_range_comes_out_exact(
    scene: dict[str, Image], keyed: Keyed, read_layers: Read
) -> None:
    keyed(depth="float")
    layers = read_layers(1001)
    for index, name in enumerate("RGB"):
        wanted = scene["plate"][:, :OPAQUE, index]
        np.testing.assert_array_equal(layers[name][:, :OPAQUE], wanted)
        np.testing.assert_array_equal(layers[f"foreground.{name}"][:, :OPAQUE], wanted)


def test_band_has_the_foregrounds_own_light(
    scene: dict[str, Image], keyed: Keyed, read_layers: Read
) -> None:
    """F x B x alpha of the design's table: premultiplied light within 1e-3, whatever is behind."""
    keyed(depth="float")
    layers = read_layers(1001)
    band = slice(OPAQUE, OPAQUE + BAND)
    alpha = scene["alpha"][:, band]
    for index, name in enumerate("RGB"):
        wanted = scene["foreground"][:, band, index] * alpha
        assert np.abs(layers[name][:, band] - wanted).max() <= 1e-3
        assert np.abs(layers[f"foreground.{name}"][:, band] * alpha - wanted).max() <= 1e-3


def test_alpha_is_the_models_and_nothing_is_left_outside(
    scene: dict[str, Image], keyed: Keyed, read_layers: Read
) -> None:
    keyed(depth="float")
    layers = read_layers(1001)
    np.testing.assert_array_equal(layers["A"], scene["alpha"])
    np.testing.assert_array_equal(layers["matte.A"], scene["alpha"])
    outside = slice(OPAQUE + BAND, WIDTH)
    for name in "RGB":
        assert not layers[name][:, outside].any()
        plate = scene["plate"][:, outside, "RGB".index(name)]
        np.testing.assert_array_equal(layers[f"foreground.{name}"][:, outside], plate)


def test_half_rgb_is_foreground_times_alpha(
    scene: dict[str, Image], keyed: Keyed, read_layers: Read
) -> None:
    """Each of the three is rounded to half once, so the product is within three roundings."""
    keyed()
    layers = read_layers(1001)
    assert np.mean(scene["alpha"] == 1.0) >= 0.1
    assert np.mean((scene["alpha"] > 0.0) & (scene["alpha"] < 1.0)) >= 0.1
    for name in "RGB":
        product = layers[f"foreground.{name}"].astype(np.float64) * layers["A"]
        off = np.abs(layers[name] - product)
        assert (off <= 3 * 2.0**-11 * np.abs(product) + 2.0**-25).all()


def test_separate_files_hold_the_same_pixels(
    keyed: Keyed, read_layers: Read, tmp_path: Path
) -> None:
    keyed()
    combined = read_layers(1001)
    apart = tmp_path / "apart"
    keyed(layers="separate", output=str(apart))
    rgba = read_layers(1001, apart / "rgba", "shot_matte_rgba")
    alpha = read_layers(1001, apart / "alpha", "shot_matte_alpha")
    foreground = read_layers(1001, apart / "foreground", "shot_matte_foreground")
    for name in "RGB":
        np.testing.assert_array_equal(rgba[name], combined[name])
        np.testing.assert_array_equal(alpha[name], combined["A"])
        np.testing.assert_array_equal(foreground[name], combined[f"foreground.{name}"])
    np.testing.assert_array_equal(rgba["A"], combined["A"])
    np.testing.assert_array_equal(alpha["A"], combined["A"])
    assert set(foreground) == {"R", "G", "B"}


def test_infinite_light_is_kept_where_opaque_and_black_where_clear(
    scene: dict[str, Image], keyed: Keyed, read_layers: Read
) -> None:
    scene["plate"][0, 0] = np.inf
    scene["plate"][1, 0, 0] = -0.0
    scene["plate"][0, -1] = np.inf
    events = keyed()
    layers = read_layers(1001)
    assert np.isposinf(layers["R"][0, 0])
    assert np.signbit(layers["R"][1, 0])
    assert layers["R"][0, -1] == 0.0
    (warning,) = [one.text for one in events if isinstance(one, Warned)]
    assert warning == (
        "Frame 1001 has 2 NaN or infinite pixels, the first at (0, 0); they are kept, see "
        "--nonfinite."
    )


def test_light_beyond_half_is_clamped_and_told(
    scene: dict[str, Image], keyed: Keyed, read_layers: Read
) -> None:
    scene["plate"][2, 3, 1] = 70000.0
    events = keyed()
    layers = read_layers(1001)
    assert layers["G"][2, 3] == layers["foreground.G"][2, 3] == 65504.0
    assert [one.text for one in events if isinstance(one, Warned)] == [
        "Frame 1001 has 2 values beyond half's range, clamped to 65504; --depth float keeps them."
    ]


def test_nonfinite_zero_writes_black(
    scene: dict[str, Image], keyed: Keyed, read_layers: Read
) -> None:
    scene["plate"][0, 0] = (np.nan, np.inf, 0.25)
    keyed(nonfinite="zero")
    layers = read_layers(1001)
    assert [layers[name][0, 0] for name in "RGB"] == [0.0, 0.0, 0.25]
