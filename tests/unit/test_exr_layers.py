"""Which picture of an EXR file is keyed; files drawn with the OpenEXR package."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
import pytest

from robust_matte.errors import InputError
from robust_matte.media.exr_header import ExrHeader, read_header
from robust_matte.media.exr_layers import LayerChoice, choose_layer, offers_of

Part = tuple[str, str | None, Sequence[str]]  # its name, its view, its channels
Drawn = Callable[..., Path]

PLANE = np.zeros((2, 4), np.float16)


def _rgb(prefix: str = "") -> list[str]:
    return [f"{prefix}{name}" for name in "RGB"]


@pytest.fixture
def drawn(tmp_path: Path) -> Drawn:
    """Write a file of parts, or of one without a name."""

    def draw(*parts: Part, multi_view: Sequence[str] = ()) -> Path:
        path = tmp_path / "plate.1001.exr"
        built = []
        for name, view, channels in parts:
            header: dict[str, Any] = {"type": OpenEXR.scanlineimage}
            header |= {"view": view} if view else {}
            header |= {"multiView": list(multi_view)} if multi_view else {}
            built.append(OpenEXR.Part(header, dict.fromkeys(channels, PLANE), name))
        OpenEXR.File(built).write(str(path))
        return path

    return draw


def _chosen(path: Path, choice: LayerChoice) -> tuple[int, str, str | None, tuple[str, ...]]:
    layer = choose_layer(read_header(path), choice, path, 1001)
    return layer.part, layer.name, layer.view, layer.channels


RGB = tuple("RGB")
ONE = ("", None, [*_rgb(), "A", "Z", *_rgb("beauty.")])
PARTS = (("depth", None, ["Z"]), ("beauty", None, _rgb()), ("diffuse", None, _rgb()))
NUKE = (("rgba", None, _rgb()), ("diff", None, _rgb("diff.")), ("depth", None, ["depth.Z"]))
STEREO = (("rgba.left", "left", _rgb()), ("rgba.right", "right", _rgb()))
EYES = (("right", "right", _rgb()), ("left", "left", _rgb()))
BLENDER = ("", None, [*_rgb("View.Combined."), "View.Combined.A", "View.Depth.V"])
MULTI_VIEW = ("", None, [*_rgb(), *_rgb("left."), *_rgb("beauty.right."), *_rgb("beauty.left.")])


@pytest.mark.parametrize(
    ("parts", "choice", "wanted"),
    [
        pytest.param([ONE], {}, (0, "", None, RGB), id="its own RGB"),
        pytest.param([ONE], {"layer": "beauty"}, (0, "beauty", None, _rgb("beauty.")), id="named"),
        pytest.param([ONE], {"layer": "Beauty"}, (0, "beauty", None, _rgb("beauty.")), id="case"),
        pytest.param(PARTS, {}, (1, "beauty", None, RGB), id="first part with colour"),
        pytest.param(PARTS, {"layer": "diffuse"}, (2, "diffuse", None, RGB), id="part by name"),
        pytest.param(NUKE, {}, (0, "rgba", None, RGB), id="Nuke"),
        pytest.param(NUKE, {"layer": "diff"}, (1, "diff", None, _rgb("diff.")), id="Nuke's layer"),
        pytest.param(NUKE[1:], {}, (0, "diff", None, _rgb("diff.")), id="part named as its layer"),
        pytest.param(
            [NUKE[1], ("spec", None, _rgb("spec."))],
            {},
            (0, "diff", None, _rgb("diff.")),
            id="first of parts named as their layers",
        ),
        pytest.param(STEREO, {}, (0, "rgba", "left", RGB), id="first view"),
        pytest.param(STEREO, {"view": "right"}, (1, "rgba", "right", RGB), id="view of parts"),
        pytest.param(
            STEREO, {"view": "right", "layer": "rgba"}, (1, "rgba", "right", RGB), id="both"
        ),
        pytest.param(EYES, {}, (0, "", "right", RGB), id="the file's order of views"),
        pytest.param(EYES, {"view": "left"}, (1, "", "left", RGB), id="parts named as their views"),
        pytest.param(
            [BLENDER], {}, (0, "View.Combined", None, _rgb("View.Combined.")), id="Blender"
        ),
        pytest.param([("", None, "rgbA")], {}, (0, "", None, tuple("rgb")), id="small letters"),
        pytest.param(
            [("", None, ["Red", "Green", "Blue"])],
            {},
            (0, "", None, ("Red", "Green", "Blue")),
            id="words",
        ),
        pytest.param([("", None, "AYZ")], {}, (0, "", None, ("Y",)), id="luminance"),
        pytest.param(
            [("", None, ["Y", "RY", "BY"])], {}, (0, "", None, ("Y", "RY", "BY")), id="chroma"
        ),
        pytest.param(
            [("m", None, "Y"), ("beauty", None, _rgb("beauty."))],
            {},
            (1, "beauty", None, _rgb("beauty.")),
            id="colour before luminance",
        ),
        pytest.param(
            [("m", None, "Y"), ("beauty", None, _rgb())],
            {"layer": "m"},
            (0, "m", None, ("Y",)),
            id="luminance by name",
        ),
        pytest.param(
            [("left", "left", ["Z"]), ("right", "right", _rgb())],
            {},
            (1, "", "right", RGB),
            id="colour in the second view alone",
        ),
    ],
)
def test_layer_is_chosen(
    drawn: Drawn, parts: Sequence[Part], choice: Mapping[str, str], wanted: Sequence[Any]
) -> None:
    found = _chosen(drawn(*parts), LayerChoice(**choice))
    assert found == (*wanted[:3], tuple(wanted[3]))


@pytest.mark.parametrize(
    ("choice", "wanted"),
    [
        pytest.param({}, (0, "", "right", RGB), id="first"),
        pytest.param({"view": "left"}, (0, "", "left", _rgb("left.")), id="other"),
        pytest.param(
            {"layer": "beauty"}, (0, "beauty", "right", _rgb("beauty.right.")), id="layer"
        ),
        pytest.param(
            {"layer": "beauty", "view": "left"},
            (0, "beauty", "left", _rgb("beauty.left.")),
            id="layer of a view",
        ),
    ],
)
def test_views_of_one_part_follow_its_list(
    drawn: Drawn, choice: Mapping[str, str], wanted: Sequence[Any]
) -> None:
    path = drawn(MULTI_VIEW, multi_view=["right", "left"])
    assert offers_of(read_header(path)).views == ("right", "left")
    assert _chosen(path, LayerChoice(**choice)) == (*wanted[:3], tuple(wanted[3]))


@pytest.mark.parametrize(
    ("parts", "choice", "said"),
    [
        pytest.param(
            [("", None, [*_rgb("diffuse."), *_rgb("beauty."), "Z"])],
            {},
            "layers beauty, diffuse.*--layer beauty",
            id="several",
        ),
        pytest.param([ONE], {"layer": "spec"}, "no layer spec with colour; it has beauty", id="no"),
        pytest.param(
            [("", None, _rgb())], {"layer": "spec"}, "it has none.*Leave --layer out", id="none"
        ),
        pytest.param([ONE], {"layer": "Z"}, "no layer Z with colour", id="depth"),
        pytest.param(STEREO, {"view": "centre"}, "it has left, right.*--view left", id="view"),
        pytest.param([ONE], {"view": "left"}, "no view left; it has none", id="mono"),
        pytest.param([("", None, "AZ")], {}, "no colour to key; its channels are A, Z", id="alpha"),
        pytest.param(
            [("left", "left", _rgb()), ("right", "right", ["Z"])],
            {"view": "right"},
            "no colour to key",
            id="view without colour",
        ),
    ],
)
def test_what_cannot_be_chosen_is_told(
    drawn: Drawn, parts: Sequence[Part], choice: Mapping[str, str], said: str
) -> None:
    path = drawn(*parts)
    with pytest.raises(InputError, match=said) as caught:
        _chosen(path, LayerChoice(**choice))
    assert (caught.value.frame, caught.value.path) == (1001, path)


def test_many_layers_are_not_all_listed(drawn: Drawn) -> None:
    path = drawn(("", None, [name for at in range(20) for name in _rgb(f"aov{at:02d}.")]))
    with pytest.raises(InputError, match=r"aov00, .*, aov11, \.\.\.\. "):
        _chosen(path, LayerChoice())


def test_flat_part_is_keyed_beside_a_deep_one(drawn: Drawn) -> None:
    path = drawn(("samples", None, _rgb()), ("beauty", None, _rgb()))
    samples, beauty = read_header(path).parts
    header = ExrHeader((replace(samples, is_deep=True), beauty))
    assert choose_layer(header, LayerChoice(), path).part == 1
    with pytest.raises(InputError, match="deep samples"):
        choose_layer(header, LayerChoice(layer="samples"), path)


def test_torn_list_of_views_counts_as_far_as_it_goes(drawn: Drawn) -> None:
    path = drawn(MULTI_VIEW, multi_view=["right", "left"])
    content = path.read_bytes()
    at = content.index(b"\4\0\0\0left")
    path.write_bytes(content[:at] + b"\xff\0\0\0" + content[at + 4 :])
    assert offers_of(read_header(path)).views == ("right",)
