"""The choices a job offers: spelled as on the command line, and known to OpenColorIO."""

from enum import StrEnum

import PyOpenColorIO as ocio
import pytest

from robust_matte.settings import choices
from robust_matte.settings.choices import PlateSpace

ENUMS = [getattr(choices, name) for name in choices.__all__]


@pytest.mark.parametrize("enum", ENUMS, ids=lambda enum: enum.__name__)
def test_every_choice_can_be_typed(enum: type[StrEnum]) -> None:
    for choice in enum:
        assert enum(str(choice)) is choice
        assert choice.value == choice.value.lower()
        assert " " not in choice.value


@pytest.mark.parametrize("space", PlateSpace)
def test_plate_space_is_a_space_of_the_studio_config(space: PlateSpace) -> None:
    config = ocio.Config.CreateFromFile("ocio://studio-config-v4.0.0_aces-v2.0_ocio-v2.5")
    assert config.getColorSpace(space.value) is not None


@pytest.mark.parametrize(
    ("space", "is_scene_referred", "spoken"),
    [
        pytest.param(PlateSpace.LINEAR_REC709, True, "scene-linear", id="linear"),
        pytest.param(PlateSpace.SRGB, False, "sRGB", id="sRGB"),
        pytest.param(PlateSpace.GAMMA24_REC709, False, "gamma 2.4", id="gamma 2.4"),
    ],
)
def test_plate_space_says_what_it_is(
    space: PlateSpace, is_scene_referred: bool, spoken: str
) -> None:
    assert space.is_scene_referred is is_scene_referred
    assert spoken in space.spoken
