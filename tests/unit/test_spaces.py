"""What is found out about colour spaces: of the built-in config, and of a studio's own."""

from pathlib import Path

import numpy as np
import PyOpenColorIO as ocio
import pytest

from robust_matte.colour.configs import ColourConfig, builtin_config, find_space, open_config
from robust_matte.colour.model_view import ModelView
from robust_matte.colour.own_spaces import custom_name
from robust_matte.colour.primaries import are_usable
from robust_matte.colour.spaces import GAMUTS, Kind, describe, sign
from robust_matte.errors import SettingsError
from robust_matte.jobs.output_space import colour_record

STUDIO = """ocio_profile_version: 2
search_path: luts
roles:
  aces_interchange: house_ap0
  scene_linear: house_acescg
  default: house_ap0
displays:
  screen:
    - !<View> {name: plain, colorspace: house_acescg}
colorspaces:
  - !<ColorSpace>
    name: house_ap0
    encoding: scene-linear
  - !<ColorSpace>
    name: house_acescg
    aliases: [comp]
    to_scene_reference: !<MatrixTransform>
      matrix: [0.6954522, 0.1406787, 0.1638691, 0, 0.0447946, 0.8596711, 0.0955343, 0,
        -0.0055259, 0.0040252, 1.0015007, 0, 0, 0, 0, 1]
  - !<ColorSpace>
    name: house_log
    to_scene_reference: !<GroupTransform>
      children:
        - !<LogAffineTransform> {log_side_slope: 0.25, log_side_offset: 0.4,
            lin_side_slope: 1, lin_side_offset: 0.01, direction: inverse}
        - !<ColorSpaceTransform> {src: house_acescg, dst: house_ap0}
  - !<ColorSpace>
    name: house_video
    to_scene_reference: !<GroupTransform>
      children:
        - !<ExponentTransform> {value: 2.2}
        - !<ColorSpaceTransform> {src: house_acescg, dst: house_ap0}
  - !<ColorSpace>
    name: house_grey
    to_scene_reference: !<MatrixTransform>
      matrix: [0.3, 0.6, 0.1, 0, 0.3, 0.6, 0.1, 0, 0.3, 0.6, 0.1, 0, 0, 0, 0, 1]
  - !<ColorSpace>
    name: house_lut
    to_scene_reference: !<FileTransform> {src: show.spi1d}
"""

TABLE = "Version 1\nFrom 0.0 1.0\nLength 2\nComponents 1\n{\n0.0\n4.0\n}\n"
STRANGE = """ocio_profile_version: 2
roles: {scene_linear: house_light, default: house_light}
displays:
  screen:
    - !<View> {name: plain, colorspace: house_video}
colorspaces:
  - !<ColorSpace> {name: house_light}
  - !<ColorSpace> {name: house_video, to_scene_reference: !<ExponentTransform> {value: 1.9}}
"""
ACES_1 = """ocio_profile_version: 1
roles: {default: ACES - ACES2065-1, scene_linear: ACES - ACEScg}
displays:
  screen:
    - !<View> {name: plain, colorspace: ACES - ACEScg}
colorspaces:
  - !<ColorSpace> {name: ACES - ACES2065-1}
  - !<ColorSpace>
    name: ACES - ACEScg
    to_reference: !<MatrixTransform>
      matrix: [0.695452241357, 0.140678696470, 0.163869062172, 0, 0.044794563372, 0.859671118456,
        0.095534318172, 0, -0.005525882558, 0.004025210306, 1.001500672251, 0, 0, 0, 0, 1]
  - !<ColorSpace>
    name: Utility - Linear - sRGB
    to_reference: !<MatrixTransform>
      matrix: [0.439632981919, 0.382988698152, 0.177378319929, 0, 0.089776442958, 0.813439428749,
        0.096784128292, 0, 0.017541170383, 0.111546553302, 0.870912276315, 0, 0, 0, 0, 1]
"""


@pytest.fixture
def studio(tmp_path: Path) -> ColourConfig:
    path = tmp_path / "studio.ocio"
    path.write_text(STUDIO, "utf-8")
    return open_config(str(path))


@pytest.mark.parametrize(
    ("name", "kind", "working"),
    [
        pytest.param("ACEScg", Kind.LINEAR, "ACEScg", id="light is its own working space"),
        pytest.param("arri_logc4", Kind.LOG, "Linear ARRI Wide Gamut 4", id="alias of a log"),
        pytest.param("scene_linear", Kind.LINEAR, "ACEScg", id="role"),
        pytest.param("acescct", Kind.LOG, "ACEScg", id="in any case"),
        pytest.param("apple_log", Kind.LOG, "Linear Rec.2020", id="Apple Log"),
        pytest.param("srgb_p3d65", Kind.SDR, "Linear P3-D65", id="Display P3"),
        pytest.param("rec1886_rec709_display", Kind.SDR, "lin_rec709_scene", id="Rec.1886"),
        pytest.param("pq_rec2020_display", Kind.HDR, "Linear Rec.2020", id="PQ"),
        pytest.param("hlg_rec2020_display", Kind.HDR, "Linear Rec.2020", id="HLG"),
        pytest.param("cineon", Kind.LOG, "lin_rec709_scene", id="Cineon"),
        pytest.param("lin_rec709", Kind.LINEAR, "lin_rec709_scene", id="Rec.709 by another name"),
        pytest.param("srgb_rec709_scene", Kind.SDR, "lin_rec709_scene", id="today's name"),
    ],
)
def test_space_is_described(name: str, kind: Kind, working: str) -> None:
    space = describe(builtin_config(), name)
    assert (space.kind, space.working, space.is_exact) == (kind, working, True)


def test_printing_densities_of_adx_have_no_primaries() -> None:
    space = describe(builtin_config(), "ADX10")
    assert (space.working, space.is_exact) == ("ACEScg", False)


def test_every_colour_space_of_the_studio_config_is_seen_and_led_back() -> None:
    codes = np.linspace(0.2, 0.8, 24, dtype=np.float32).reshape(2, 4, 3)
    for space in builtin_config().loaded.getColorSpaces():
        if space.isData():
            continue
        seen = ModelView(space.getName())
        view = seen.view(codes)
        assert ((view >= 0.0) & (view <= 1.0)).all(), space.getName()
        assert seen.is_invertible, space.getName()


def test_odd_pixels_are_bounded_in_every_kind_of_view() -> None:
    odd = np.array([[[np.nan, np.inf, -np.inf], [3e38, -3e38, 1e-45], [-0.1, 65504, 1]]], "f4")
    large = np.array([[[3e38, 3e38, 3e38], [-3e38, 1e30, 0.5]]], "f4")
    for name in ("ACEScg", "arri_logc4", "srgb_p3d65", "pq_rec2020_display", "g26_p3dci_tx"):
        seen = ModelView(name, 3.0)
        for pixels in (odd, large):
            view = seen.view(pixels)
            assert ((view >= 0.0) & (view <= 1.0)).all(), name
        assert seen.view(large)[0, 0].min() >= 0.999, name


# --- a studio's own config


@pytest.mark.parametrize(
    ("name", "kind", "working"),
    [
        pytest.param("comp", Kind.LINEAR, "house_acescg", id="alias"),
        pytest.param("house_log", Kind.LOG, "ACEScg", id="log without encoding, by its white"),
        pytest.param("house_video", Kind.SDR, "ACEScg", id="video without encoding"),
        pytest.param("arri_logc4", Kind.LOG, "Linear ARRI Wide Gamut 4", id="what it lacks"),
    ],
)
def test_space_of_a_studio_is_described(
    name: str, kind: Kind, working: str, studio: ColourConfig
) -> None:
    space = describe(studio, name)
    assert (space.kind, space.working) == (kind, working)


def test_light_of_a_studio_is_signed_by_its_matrix(studio: ColourConfig) -> None:
    signature = sign(studio, "house_acescg")
    assert signature.chromaticities == GAMUTS["ACEScg"]
    assert signature.interop_id == "lin_ap1_scene"


def test_view_that_cannot_be_led_back_says_so(studio: ColourConfig) -> None:
    seen = ModelView("house_grey", config=studio)
    assert not seen.is_invertible
    assert ModelView("house_log", config=studio).is_invertible


def test_config_of_aces_1_without_interchange_role_is_recognised(tmp_path: Path) -> None:
    """Of OpenColorIO 1, with the matrices as that config has them; ACES S-2014-004."""
    path = tmp_path / "aces_1.2.ocio"
    path.write_text(ACES_1, "utf-8")
    config = open_config(str(path))
    assert sign(config, "ACES - ACEScg").interop_id == "lin_ap1_scene"
    assert describe(config, "ACES - ACEScg").kind is Kind.LINEAR
    assert sign(config, "Utility - Linear - sRGB").chromaticities == GAMUTS["Linear Rec.709 (sRGB)"]


def test_table_that_is_not_there_is_told(studio: ColourConfig) -> None:
    with pytest.raises(SettingsError, match=r"show\.spi1d") as caught:
        describe(studio, "house_lut")
    assert "knows no way from" in caught.value.what


def test_config_that_leads_nowhere_is_told(tmp_path: Path) -> None:
    """Its colours may be any: nothing in it is known, and no role says how to leave it."""
    path = tmp_path / "house.ocio"
    path.write_text(STRANGE, "utf-8")
    with pytest.raises(SettingsError, match="knows no way from") as caught:
        describe(open_config(str(path)), "house_video")
    assert "aces_interchange" in caught.value.hint
    assert describe(open_config(str(path)), "lin_rec709_scene").working == "lin_rec709_scene"


# --- which config


def test_config_is_the_builtin_one_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OCIO", raising=False)
    assert open_config(None) == builtin_config()
    short = builtin_config().name.removeprefix("ocio://")
    assert open_config(short) == open_config(builtin_config().name) == builtin_config()
    assert open_config("ocio://default").loaded.getColorSpace("ACEScg") is not None


def test_variable_names_the_config_and_the_flag_beats_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, studio: ColourConfig
) -> None:
    monkeypatch.setenv("OCIO", studio.name)
    assert open_config(None) == studio
    gone = tmp_path / "gone.ocio"
    monkeypatch.setenv("OCIO", str(gone))
    assert open_config(studio.name) == studio
    with pytest.raises(SettingsError, match=r"gone\.ocio, which \$OCIO names, cannot be opened"):
        open_config(None)


@pytest.mark.parametrize(
    "content",
    [pytest.param("hello: [", id="no YAML"), pytest.param("ocio_profile_version: 99", id="later")],
)
def test_damaged_config_is_told(content: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.ocio"
    path.write_text(content, "utf-8")
    with pytest.raises(SettingsError, match=r"bad\.ocio cannot be used: ") as caught:
        open_config(str(path))
    assert "OCIO profile" not in caught.value.what


def test_archive_is_a_config(tmp_path: Path, studio: ColourConfig) -> None:
    (tmp_path / "luts").mkdir()
    (tmp_path / "luts" / "show.spi1d").write_text(TABLE, "utf-8")
    archive = tmp_path / "studio.ocioz"
    ocio.Config.CreateFromFile(studio.name).archive(str(archive))
    config = open_config(str(archive))
    assert describe(config, "house_lut").working == "ACES2065-1"
    record = colour_record(ModelView("house_lut", config=config))
    assert record.config == "studio.ocioz"
    assert len(record.config_sha256) == 64


def test_content_makes_another_config(studio: ColourConfig) -> None:
    Path(studio.name).write_text(STUDIO + "# changed\n", "utf-8")
    assert open_config(studio.name) != studio


@pytest.mark.parametrize(
    ("name", "near"),
    [
        pytest.param("ACESg", '"ACEScg"', id="slip"),
        pytest.param("logc4", '"arri_logc4"', id="part of a name"),
        pytest.param("scene_liner", '"scene_linear"', id="role"),
        pytest.param("srgb_rec709_scen", '"srgb_rec709_scene"', id="today's name"),
    ],
)
def test_misspelt_space_is_answered_with_near_ones(name: str, near: str) -> None:
    with pytest.raises(SettingsError, match="There is no colour space") as caught:
        find_space(builtin_config(), name)
    assert near in caught.value.hint


# --- primaries of a file's own


def test_own_primaries_are_kept_to_the_bit() -> None:
    chromaticities = tuple(
        float(np.float32(one)) for one in (0.7, 0.3, 0.2, 0.8, 0.1, 0.0, 0.31, 0.33)
    )
    name = custom_name(chromaticities)
    written = np.array(sign(builtin_config(), name).chromaticities, np.float32)
    np.testing.assert_array_equal(written, np.array(chromaticities, np.float32))
    white = np.ones((1, 1, 3), np.float32)
    seen = ModelView(name)
    assert seen.described.working == name
    np.testing.assert_allclose(seen.view(white), 1.0, atol=1e-5)
    assert seen.working(white) is white


@pytest.mark.parametrize(
    "chromaticities",
    [
        pytest.param((0.0,) * 8, id="zeros"),
        pytest.param((0.64, 0.33, 0.64, 0.33, 0.15, 0.06, 0.3127, 0.329), id="two alike"),
        pytest.param((0.1, 0.1, 0.2, 0.2, 0.3, 0.3, 0.3127, 0.329), id="on a line"),
        pytest.param((0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.0), id="black white"),
        pytest.param((np.nan,) * 8, id="no number"),
    ],
)
def test_primaries_that_hold_no_colour_are_no_use(chromaticities: tuple[float, ...]) -> None:
    assert not are_usable(chromaticities)
