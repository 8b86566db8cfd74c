"""Whatever channels are called: what is chosen is there, or it is told in our words."""

from pathlib import Path
from struct import pack
from types import MappingProxyType

from hypothesis import given
from hypothesis import strategies as st

from robust_matte.errors import InputError
from robust_matte.media.exr_header import Channel, ExrHeader, ExrPart, RawAttribute
from robust_matte.media.exr_layers import (
    ExrLayer,
    LayerChoice,
    choose_layer,
    colour_layers,
    offers_of,
)
from robust_matte.media.windows import Window

WORDS = st.sampled_from(["R", "G", "B", "A", "Y", "RY", "BY", "red", "green", "blue", "left", "x"])
CHANNELS = st.lists(WORDS, min_size=1, max_size=4).map(".".join)
VIEWS = st.lists(st.sampled_from(["left", "right", "x"]), max_size=3, unique=True)
WINDOW = Window(0, 0, 4, 4)


@st.composite
def parts(draw: st.DrawFn) -> ExrPart:
    names = sorted(draw(st.sets(CHANNELS, min_size=1, max_size=12)))
    view, listed = draw(st.sampled_from([None, "left", "right"])), draw(VIEWS)
    attributes = {}
    if view:
        attributes["view"] = RawAttribute("string", view.encode())
    if listed:
        stored = b"".join(pack("<i", len(one)) + one.encode() for one in listed)
        attributes["multiView"] = RawAttribute("stringvector", stored)
    return ExrPart(
        name=draw(st.sampled_from([None, "rgba", "left", "rgba.left", "x"])),
        type=None,
        data_window=WINDOW,
        display_window=WINDOW,
        pixel_aspect=1.0,
        channels=tuple(
            Channel(name=name, pixel_type="half", x_sampling=1, y_sampling=1) for name in names
        ),
        compression=0,
        attributes=MappingProxyType(attributes),
        is_deep=draw(st.integers(0, 5)) == 0,
        is_tiled=False,
    )


HEADERS = st.lists(parts(), min_size=1, max_size=4).map(lambda found: ExrHeader(tuple(found)))


def chosen(header: ExrHeader, choice: LayerChoice) -> ExrLayer | None:
    try:
        layer = choose_layer(header, choice, Path("/show/a.exr"), 7)
    except InputError as refused:
        error = refused
    else:
        return checked(header, layer)
    assert error.what.endswith(".")
    assert error.hint.endswith(".")
    return None


def checked(header: ExrHeader, layer: ExrLayer) -> ExrLayer:
    part = header.parts[layer.part]
    assert not part.is_deep
    assert set(layer.channels) <= {one.name for one in part.channels}
    layers = {name.rpartition(".")[0] for name in layer.channels}
    if layer.view is not None:  # channels of the first view may have its name, or none
        layers = {name.removesuffix(layer.view).removesuffix(".") for name in layers}
    assert len(layers) == 1
    return layer


@given(HEADERS)
def test_what_is_chosen_is_in_the_file(header: ExrHeader) -> None:
    layer = chosen(header, LayerChoice())
    if any(one.is_rgb and one.is_plain for one in flat(header)):
        assert layer is not None
        assert layer.is_rgb


@given(HEADERS)
def test_every_name_that_is_offered_can_be_chosen(header: ExrHeader) -> None:
    offers = offers_of(header)
    for name in {one.name for one in flat(header)} - {""}:
        assert name in offers.layers
        layer = chosen(header, LayerChoice(name))
        assert layer is not None
        assert name in layer.names
    for layer in flat(header):
        if layer.view is not None:
            assert layer.view in offers.views
            found = chosen(header, LayerChoice(layer.name or None, layer.view))
            assert found is not None or not layer.name


def flat(header: ExrHeader) -> list[ExrLayer]:
    return [one for one in colour_layers(header) if not header.parts[one.part].is_deep]
