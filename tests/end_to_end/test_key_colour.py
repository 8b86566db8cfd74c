"""Jobs in other spaces: what is written, in which space, and what the files say of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import OpenEXR
import OpenImageIO as oiio
import pytest
from numpy.typing import NDArray

from robust_matte.errors import SettingsError, WouldOverwriteError
from robust_matte.jobs.key import key
from robust_matte.jobs.progress import Event, Noted

Image = NDArray[np.float32]
Keyed = Callable[..., list[str]]

HEIGHT, WIDTH = 12, 24
AP1 = (0.713, 0.293, 0.165, 0.83, 0.128, 0.044, 0.32168, 0.33767)
# Rows of what comes out: ACES S-2014-004, and ARRI's LogC4 input transform of aces-dev.
AP1_TO_AP0 = [
    [0.6954522414, 0.1406786965, 0.1638690622],
    [0.0447945634, 0.8596711185, 0.0955343182],
    [-0.0055258826, 0.0040252103, 1.0015006723],
]
AWG4_TO_AP0 = [
    [0.750957362825, 0.144422786710, 0.104619850466],
    [0.000821837079, 1.007397584885, -0.008219421964],
    [-0.000499952144, -0.000854177231, 1.001354129375],
]
STUDIO = """ocio_profile_version: 2
search_path: .
roles: {aces_interchange: ap0, scene_linear: ap0, default: ap0}
displays:
  screen:
    - !<View> {name: plain, colorspace: ap0}
colorspaces:
  - !<ColorSpace> {name: ap0, encoding: scene-linear}
  - !<ColorSpace>
    name: grey
    to_scene_reference: !<MatrixTransform>
      matrix: [0.3, 0.6, 0.1, 0, 0.3, 0.6, 0.1, 0, 0.3, 0.6, 0.1, 0, 0, 0, 0, 1]
  - !<ColorSpace>
    name: show_log
    encoding: log
    to_scene_reference: !<FileTransform> {src: show.spi1d}
"""
TABLE = "Version 1\nFrom 0.0 1.0\nLength 3\nComponents 1\n{\n0.0\n%s\n4.0\n}\n"


def logc4(light: NDArray[np.float64]) -> Image:
    """ARRI, LogC4 Logarithmic Color Space Specification, 2022, 3.1."""
    slope, offset = (2.0**18 - 16) / 117.45, 95 / 1023
    codes = (np.log2(slope * light + 64) - 6) / 14 * (928 / 1023) + offset
    return codes.astype(np.float32)


@pytest.fixture
def light(rng: np.random.Generator) -> NDArray[np.float64]:
    return rng.uniform(0.02, 6.0, (HEIGHT, WIDTH, 3))


@pytest.fixture
def alpha() -> Image:
    """Opaque, then a soft edge, then nothing."""
    ramp = np.clip(np.linspace(2.0, -1.0, WIDTH), 0.0, 1.0).astype(np.float32)
    return np.repeat(ramp[None], HEIGHT, axis=0)


@pytest.fixture
def keyed(settings: Any, fake_model: Any, alpha: Image, tmp_path: Path) -> Keyed:
    """Key a frame with a model that hands on half grey; returns the notes.

    Without pixels the frame that is there is keyed again.
    """
    folder = tmp_path / "plate"
    folder.mkdir()

    def run(pixels: Image | None, *, said: Any = None, **values: Any) -> list[str]:
        if pixels is not None:
            attributes = {"type": OpenEXR.scanlineimage, **(said or {})}
            with OpenEXR.File(attributes, {"RGB": pixels}) as file:
                file.write(str(folder / "shot.1001.exr"))
        fgr = np.full((HEIGHT, WIDTH, 3), 0.5, np.float32)
        events: list[Event] = []
        asked = settings(str(folder / "shot.####.exr"), warm_up=0, **({"depth": "float"} | values))
        key(asked, events.append, open_model=fake_model(lambda _: (fgr, alpha)))
        return [one.text for one in events if isinstance(one, Noted)]

    return run


def opaque(layers: dict[str, Image], prefix: str = "") -> NDArray[np.float64]:
    """Return the colour of the columns where alpha is 1."""
    planes = [layers[f"{prefix}{name}"][:, : WIDTH // 3] for name in "RGB"]
    return np.stack(planes, axis=2).astype(np.float64)


def header(path: Path) -> dict[str, Any]:
    with OpenEXR.File(str(path), header_only=True) as file:
        return dict(file.header())


def test_log_is_written_as_light_of_the_output_space(
    keyed: Keyed, light: NDArray[np.float64], alpha: Image, read_layers: Any, tmp_path: Path
) -> None:
    notes = keyed(logc4(light), plate_space="arri_logc4", output_space="ACES2065-1")
    assert "plate space ARRI LogC4 (arri_logc4), as asked" in notes
    layers = read_layers(1001)
    wanted = light @ np.array(AWG4_TO_AP0).T
    np.testing.assert_allclose(opaque(layers), wanted[:, : WIDTH // 3], rtol=1e-4, atol=1e-5)
    for name in "RGB":
        np.testing.assert_allclose(
            layers[name], layers[f"foreground.{name}"] * alpha, rtol=1e-6, atol=1e-7
        )
    told = header(tmp_path / "out" / "shot_matte.1001.exr")
    assert told["robust_matte/plate_space"] == "ARRI LogC4"
    assert told["robust_matte/output_space"] == "ACES2065-1"
    assert told["colorInteropID"] == "lin_ap0_scene"
    np.testing.assert_allclose(
        told["chromaticities"], (0.7347, 0.2653, 0, 1, 0.0001, -0.077, 0.32168, 0.33767), rtol=1e-6
    )


def test_log_is_written_with_the_cameras_primaries_by_default(
    keyed: Keyed, light: NDArray[np.float64], read_layers: Any, tmp_path: Path
) -> None:
    keyed(logc4(light), plate_space="arri_logc4")
    np.testing.assert_allclose(
        opaque(read_layers(1001)), light[:, : WIDTH // 3], rtol=1e-4, atol=1e-5
    )
    told = header(tmp_path / "out" / "shot_matte.1001.exr")
    assert told["robust_matte/output_space"] == "Linear ARRI Wide Gamut 4"
    assert told["colorInteropID"] == "ocio:lin_awg4_scene"
    np.testing.assert_allclose(told["chromaticities"][:2], (0.7347, 0.2653), rtol=1e-6)


def test_acescg_is_written_untouched_and_seen_in_rec709(
    keyed: Keyed, light: NDArray[np.float64], read_layers: Any, tmp_path: Path
) -> None:
    pixels = light.astype(np.float32)
    notes = keyed(pixels, said={"colorInteropID": "lin_ap1_scene"})
    assert "plate space ACEScg, from the files' colorInteropID" in notes
    np.testing.assert_array_equal(opaque(read_layers(1001)), pixels[:, : WIDTH // 3])
    told = header(tmp_path / "out" / "shot_matte.1001.exr")
    assert told["colorInteropID"] == "lin_ap1_scene"
    np.testing.assert_allclose(told["chromaticities"], AP1, rtol=1e-6)


def test_own_primaries_come_out_as_they_went_in(
    keyed: Keyed, light: NDArray[np.float64], read_layers: Any, tmp_path: Path
) -> None:
    own, pixels = (0.7, 0.3, 0.2, 0.8, 0.1, 0.0, 0.31, 0.33), light.astype(np.float32)
    keyed(pixels, said={"chromaticities": own})
    np.testing.assert_array_equal(opaque(read_layers(1001)), pixels[:, : WIDTH // 3])
    told = header(tmp_path / "out" / "shot_matte.1001.exr")
    assert np.array_equal(np.array(told["chromaticities"], "f4"), np.array(own, "f4"))
    assert "colorInteropID" not in told


def test_pq_movie_is_written_as_display_light(
    settings: Any, fake_model: Any, read_layers: Any, tmp_path: Path
) -> None:
    """Grey of code 509 in 10 bits, by SMPTE ST 2084, 5.1; 1.0 is 100 cd/m2."""
    path = tmp_path / "take.mkv"
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("ffv1", rate=24)
        stream.width, stream.height, stream.pix_fmt = 48, 32, "yuv444p10le"
        context = stream.codec_context
        context.color_primaries, context.color_trc, context.colorspace = 9, 16, 9
        context.color_range = 1
        frame = av.VideoFrame(48, 32, "yuv444p10le")
        for plane, code in zip(frame.planes, (509, 512, 512), strict=True):
            codes = np.full((32, plane.line_size // 2), code, "<u2")
            plane.update(codes.tobytes())
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    power = ((509 - 64) / 876) ** (32 / 2523)
    wanted = 100 * (max(power - 107 / 128, 0) / (2413 / 128 - 2392 / 128 * power)) ** (8192 / 1305)
    truth = np.full((32, 48, 3), 0.5, np.float32), np.ones((32, 48), np.float32)
    asked = settings(str(path), warm_up=0, depth="float")
    key(asked, open_model=fake_model(lambda _: truth))
    layers = read_layers(1, name="take_matte")
    assert [layers[name][4, 5] for name in "RGB"] == pytest.approx([wanted] * 3, rel=1e-4)
    told = header(tmp_path / "out" / "take_matte.0001.exr")
    assert told["robust_matte/plate_space"] == "Rec.2100-PQ - Display"
    assert told["colorInteropID"] == "lin_rec2020_scene"


def test_png_of_a_wide_plate_is_srgb(keyed: Keyed, tmp_path: Path) -> None:
    """Grey of any primaries is that grey; IEC 61966-2-1."""
    grey = np.full((HEIGHT, WIDTH, 3), 0.18, np.float32)
    keyed(grey, plate_space="ACEScg", depth="half", output=str(tmp_path / "out" / "m.####.png"))
    codes = oiio.ImageBuf(str(tmp_path / "out" / "m.1001.png")).get_pixels(oiio.FLOAT)
    np.testing.assert_allclose(np.asarray(codes)[:, :4, :3], 0.461356, atol=2e-4)


def test_view_that_cannot_be_led_back_leaves_the_plate(
    keyed: Keyed, light: NDArray[np.float64], read_layers: Any, tmp_path: Path
) -> None:
    config = tmp_path / "studio.ocio"
    config.write_text(STUDIO, "utf-8")
    pixels = light.astype(np.float32)
    keyed(pixels, config=str(config), plate_space="grey")
    layers = read_layers(1001)
    for at, name in enumerate("RGB"):
        np.testing.assert_array_equal(layers[f"foreground.{name}"], pixels[..., at])
    assert (
        header(tmp_path / "out" / "shot_matte.1001.exr")["robust_matte/foreground"] == "the plate"
    )


def test_changed_config_is_another_job(
    keyed: Keyed, light: NDArray[np.float64], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its text, and a table that it reads; what is not used does not count."""
    config, table = tmp_path / "studio.ocio", tmp_path / "show.spi1d"
    config.write_text(STUDIO, "utf-8")
    table.write_text(TABLE % "0.2", "utf-8")
    pixels = np.clip(light / 6.0, 0.0, 1.0).astype(np.float32)
    monkeypatch.setenv("OCIO", str(config))
    keyed(pixels, plate_space="show_log")
    written = (tmp_path / "out" / "shot_matte.1001.exr").read_bytes()
    table.write_text(TABLE % "0.3", "utf-8")
    with pytest.raises(WouldOverwriteError, match="the content of the colour config"):
        keyed(None, plate_space="show_log")
    table.write_text(TABLE % "0.2", "utf-8")
    config.write_text(STUDIO + "# house\n", "utf-8")
    with pytest.raises(WouldOverwriteError, match="the content of the colour config"):
        keyed(None, plate_space="show_log")
    assert (tmp_path / "out" / "shot_matte.1001.exr").read_bytes() == written


def test_config_that_names_nothing_of_the_job_does_not_count(
    keyed: Keyed, light: NDArray[np.float64], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "studio.ocio"
    config.write_text(STUDIO, "utf-8")
    monkeypatch.setenv("OCIO", str(config))
    keyed(light.astype(np.float32))
    plan = (tmp_path / "out" / "shot_matte.robust_matte" / "plan.json").read_text("utf-8")
    assert '"config": ""' in plan


def test_broken_variable_stops_the_job(
    keyed: Keyed, light: NDArray[np.float64], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OCIO", str(tmp_path / "gone.ocio"))
    with pytest.raises(SettingsError, match=r"gone\.ocio, which \$OCIO names, cannot be opened"):
        keyed(light.astype(np.float32))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        pytest.param({"output_space": "arri_logc4"}, "is not scene-linear", id="log"),
        pytest.param({"output_space": "pq_rec2020_display"}, "is not scene-linear", id="display"),
        pytest.param(
            {"output_space": "ACEScg", "format": "png", "depth": "half"}, "has no use", id="PNG"
        ),
    ],
)
def test_output_space_must_be_light(
    values: dict[str, str], said: str, keyed: Keyed, light: NDArray[np.float64], tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match=said):
        keyed(light.astype(np.float32), **values)
    assert not (tmp_path / "out").exists()
