"""Blender's colour spaces are the worker's: the same codes give the same light.

No Blender is run: its colour config lies beside its Python.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import PyOpenColorIO as ocio
import pytest

from robust_matte.colour.configs import builtin_config, find_space
from robust_matte.colour.spaces import describe

# Blender 4 rounds its matrices of primaries to four digits; a wrong gamut is off by 0.1 and more.
TOLERANCE = {"4": 2e-3, "5": 2e-4}
CODES = np.concatenate(
    [
        np.random.default_rng(5).random((200, 3)) * 0.98 + 0.01,
        [[0.18, 0.18, 0.18], [1.0, 1.0, 1.0], [0.9, 0.05, 0.05], [0.05, 0.9, 0.05], [0, 0, 0]],
    ]
).astype(np.float32)


def light(config: ocio.Config, space: str, to: str) -> Any:
    """Return codes of a space as scene-linear light."""
    found = CODES.copy()
    config.getProcessor(space, to).getDefaultCPUProcessor().applyRGB(found)
    return found


@pytest.fixture
def plate_spaces(part: Callable[[str], Any]) -> Any:
    return part("plate_spaces")


@pytest.fixture
def blenders_config(blender: Path) -> ocio.Config:
    """The colour config of a Blender."""
    place = "lib*/**/site-packages/bpy/*/datafiles/colormanagement/config.ocio"
    (path,) = {found.resolve() for found in blender.parents[1].glob(place)}
    return ocio.Config.CreateFromFile(str(path))


def test_every_name_that_is_known_means_the_same_light(
    blenders_config: ocio.Config, plate_spaces: Any
) -> None:
    names = [one.getName() for one in blenders_config.getColorSpaces() if not one.isData()]
    known = {name: plate_spaces.plate_space_of(name) for name in names}
    version = "4" if blenders_config.getMajorVersion() == 2 and "ACEScct" not in names else "5"
    worker = builtin_config()
    for name, space in known.items():
        if space is None:
            continue
        home, found = find_space(worker, space)
        wanted = light(home.loaded, found, "lin_rec709_scene")
        error = np.abs(light(blenders_config, name, "Linear Rec.709") - wanted)
        worst = float((error / (np.abs(wanted) + 0.02)).max())
        assert worst < TOLERANCE[version], f"{name} is not {space}: {worst:.4f}"


def test_a_plate_of_each_can_be_keyed(plate_spaces: Any, blenders_config: ocio.Config) -> None:
    for space in blenders_config.getColorSpaces():
        name = plate_spaces.plate_space_of(space.getName())
        if name is not None:
            describe(builtin_config(), name)  # raises where it is no space of plates


def test_what_plates_come_in_is_known(plate_spaces: Any, blenders_config: ocio.Config) -> None:
    names = {one.getName() for one in blenders_config.getColorSpaces()}
    usual = {"sRGB", "Linear Rec.709", "ACEScg", "Linear Rec.2020", "Rec.1886", "Non-Color"}
    assert usual <= names
    assert {name for name in usual if plate_spaces.plate_space_of(name) is None} == set()
    logs = {name for name in names if "Log" in name}
    unknown = {name for name in logs if plate_spaces.plate_space_of(name) is None}
    assert unknown <= {"AgX Log", "Filmic Log", "Apple Log 2"}
