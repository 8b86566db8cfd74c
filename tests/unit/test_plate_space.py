"""What is taken for the plate's space, from which files; files are written by other libraries."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import OpenEXR
import OpenImageIO as oiio
import pytest

from robust_matte.errors import InputError
from robust_matte.jobs.plate_space import AssumedSpace, assume_space
from robust_matte.media.plates import open_plate

Space = Callable[..., AssumedSpace]

AP1 = (0.713, 0.293, 0.165, 0.83, 0.128, 0.044, 0.32168, 0.33767)
REC709 = (0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.329)
AWG4 = (0.7347, 0.2653, 0.1424, 0.8576, 0.0991, -0.0308, 0.3127, 0.329)
OWN = (0.7, 0.3, 0.2, 0.8, 0.1, 0.0, 0.31, 0.33)
LINEAR = "lin_rec709_scene"
ASSUMED = "assumed of floating-point files; --plate-space changes it"


def exr(folder: Path, **attributes: Any) -> AssumedSpace:
    path = folder / "still.exr"
    pixels = {"RGB": np.zeros((4, 8, 3), np.float16)}
    with OpenEXR.File({"type": OpenEXR.scanlineimage, **attributes}, pixels) as file:
        file.write(str(path))
    return assume_space(open_plate(str(path)), None)


@pytest.mark.parametrize(
    ("attributes", "space", "told"),
    [
        pytest.param({}, LINEAR, ASSUMED, id="nothing"),
        pytest.param({"chromaticities": REC709}, LINEAR, "chromaticities", id="Rec.709"),
        pytest.param({"chromaticities": AP1}, "ACEScg", "chromaticities", id="AP1"),
        pytest.param(
            {"chromaticities": AWG4}, "Linear ARRI Wide Gamut 4", "chromaticities", id="a camera's"
        ),
        pytest.param(
            {"chromaticities": OWN},
            "scene-linear, chromaticities 0.7 0.3 0.2 0.8 0.1 0.0 0.31 0.33",
            "from the files' chromaticities",
            id="its own",
        ),
        pytest.param({"chromaticities": (0.0,) * 8}, LINEAR, ASSUMED, id="no colours"),
        pytest.param(
            {"colorInteropID": "lin_ap1_scene"}, "ACEScg", "the files' colorInteropID", id="ID"
        ),
        pytest.param(
            {"colorInteropID": "lin_rec2020_scene", "chromaticities": AP1},
            "Linear Rec.2020",
            "colorInteropID",
            id="ID before chromaticities",
        ),
        pytest.param(
            {"colorInteropID": "unknown", "chromaticities": AP1}, "ACEScg", "chrom", id="no ID"
        ),
        pytest.param(
            {"acesImageContainerFlag": 1}, "ACES2065-1", "acesImageContainerFlag", id="ACES flag"
        ),
        pytest.param({"acesImageContainerFlag": 0}, LINEAR, ASSUMED, id="ACES flag of 0"),
        pytest.param(
            {"oiio:ColorSpace": "arri_logc4"}, "ARRI LogC4", "oiio:ColorSpace", id="OpenImageIO's"
        ),
        pytest.param({"oiio:ColorSpace": "Linear"}, LINEAR, ASSUMED, id="OpenImageIO's default"),
        pytest.param({"oiio:ColorSpace": "house_log"}, LINEAR, ASSUMED, id="unknown to the config"),
    ],
)
def test_exr_is_what_it_says(
    attributes: dict[str, Any], space: str, told: str, tmp_path: Path
) -> None:
    found = exr(tmp_path, **attributes)
    assert (found.space, found.is_stated) == (space, told != ASSUMED)
    assert told in found.text


@pytest.mark.parametrize(
    ("transfer", "bits", "space", "is_stated"),
    [
        pytest.param(1, 10, "cineon", True, id="printing density"),
        pytest.param(3, 10, "cineon", True, id="logarithmic"),
        pytest.param(2, 16, LINEAR, True, id="linear"),
        pytest.param(6, 10, "g24_rec709_tx", True, id="BT.709"),
        pytest.param(5, 10, "g24_rec709_tx", True, id="SMPTE 274M"),
        pytest.param(13, 10, "ADX10", True, id="ADX"),
        pytest.param(13, 16, "ADX16", True, id="ADX of 16 bits"),
        pytest.param(0, 10, "srgb_rec709_scene", False, id="user defined"),
        pytest.param(255, 10, "srgb_rec709_scene", False, id="undefined"),
    ],
)
def test_dpx_is_what_its_header_says(
    transfer: int, bits: int, space: str, is_stated: bool, tmp_path: Path
) -> None:
    """The transfer is byte 801 of the file, SMPTE ST 268-1, table 1; OpenImageIO wrote the rest."""
    path = tmp_path / "scan.0001.dpx"
    spec = oiio.ImageSpec(8, 4, 3, "uint16")
    spec.attribute("oiio:BitsPerSample", bits)
    image = oiio.ImageOutput.create(str(path))
    assert image is not None
    assert image.open(str(path), spec)
    assert image.write_image(np.zeros((4, 8, 3), np.float32))
    image.close()
    content = bytearray(path.read_bytes())
    content[801] = transfer
    path.write_bytes(content)
    found = assume_space(open_plate(str(path)), None)
    assert (found.space, found.is_stated) == (space, is_stated)
    assert ("the DPX header" in found.text) is is_stated


@pytest.mark.parametrize(
    ("cicp", "space"),
    [
        pytest.param((1, 13, 0, 1), "srgb_rec709_scene", id="sRGB"),
        pytest.param((12, 13, 0, 1), "sRGB Encoded P3-D65", id="Display P3"),
        pytest.param((9, 16, 0, 1), "Rec.2100-PQ - Display", id="PQ"),
        pytest.param((9, 18, 0, 1), "Rec.2100-HLG - Display", id="HLG"),
    ],
)
def test_png_is_what_its_cicp_says(cicp: tuple[int, ...], space: str, tmp_path: Path) -> None:
    path = tmp_path / "still.png"
    spec = oiio.ImageSpec(8, 4, 3, "uint16")
    spec.attribute("CICP", "int[4]", cicp)
    image = oiio.ImageOutput.create(str(path))
    assert image is not None
    assert image.open(str(path), spec)
    assert image.write_image(np.zeros((4, 8, 3), np.float32))
    image.close()
    found = assume_space(open_plate(str(path)), None)
    assert (found.space, found.is_stated) == (space, True)


def movie(path: Path, primaries: int, transfer: int) -> AssumedSpace:
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("ffv1", rate=24)
        stream.width, stream.height, stream.pix_fmt = 48, 32, "yuv444p10le"
        context = stream.codec_context
        context.color_primaries, context.color_trc, context.color_range = primaries, transfer, 1
        context.colorspace = 9 if primaries == 9 else 1
        frame = av.VideoFrame.from_ndarray(np.zeros((32, 48, 3), np.uint8), format="rgb24")
        container.mux(stream.encode(frame.reformat(format="yuv444p10le")))
        container.mux(stream.encode(None))
    return assume_space(open_plate(str(path)), None)


@pytest.mark.parametrize(
    ("primaries", "transfer", "space"),
    [
        pytest.param(1, 1, "g24_rec709_tx", id="BT.709"),
        pytest.param(9, 14, "g24_rec2020_tx", id="BT.2020 SDR"),
        pytest.param(12, 1, "g24_p3d65_tx", id="P3 with BT.709 transfer"),
        pytest.param(12, 13, "sRGB Encoded P3-D65", id="Display P3"),
        pytest.param(12, 17, "g26_p3d65_tx", id="P3-D65 cinema"),
        pytest.param(11, 17, "g26_p3dci_tx", id="DCI-P3"),
        pytest.param(9, 16, "Rec.2100-PQ - Display", id="PQ"),
        pytest.param(2, 16, "Rec.2100-PQ - Display", id="PQ without primaries"),
        pytest.param(12, 16, "ST2084-P3-D65 - Display", id="PQ in P3"),
        pytest.param(9, 18, "Rec.2100-HLG - Display", id="HLG"),
        pytest.param(1, 13, "srgb_rec709_scene", id="sRGB"),
    ],
)
def test_movie_is_what_its_tags_say(
    primaries: int, transfer: int, space: str, tmp_path: Path
) -> None:
    found = movie(tmp_path / "take.mkv", primaries, transfer)
    assert (found.space, found.is_stated) == (space, True)
    assert "from the movie's tags" in found.text
    assert ("its primaries assumed" in found.text) is (primaries == 2)


def test_untagged_movie_in_wide_primaries_is_assumed(tmp_path: Path) -> None:
    found = movie(tmp_path / "take.mkv", 9, 2)
    assert (found.space, found.is_stated) == ("g24_rec2020_tx", False)


@pytest.mark.parametrize(("primaries", "transfer"), [(1, 16), (1, 9), (11, 18)])
def test_tags_that_do_not_go_together_are_refused(
    primaries: int, transfer: int, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="which cannot be converted"):
        movie(tmp_path / "take.mkv", primaries, transfer)


def test_what_is_asked_for_beats_the_file(tmp_path: Path) -> None:
    exr(tmp_path, chromaticities=AP1)
    found = assume_space(open_plate(str(tmp_path / "still.exr")), "arri_logc4")
    assert found == AssumedSpace(
        "ARRI LogC4", True, "plate space ARRI LogC4 (arri_logc4), as asked"
    )
