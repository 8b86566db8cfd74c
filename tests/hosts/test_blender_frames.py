"""How frames of Blender's scene and of a plate lie on each other: arithmetic, without Blender."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("blender_frames", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where a dataclass looks for its types
    spec.loader.exec_module(module)
    return module


FRAMES: Any = load(Path(__file__).parents[2] / "nodes" / "blender" / "frames.py")
Mapping = FRAMES.FrameMapping

mappings = st.builds(
    Mapping,
    st.integers(-200, 200),
    st.integers(-50, 2000),
    st.integers(1, 60),
    st.sampled_from(FRAMES.AFTER),
)
scene_frames = st.integers(-400, 400)


@given(mappings, scene_frames)
def test_inside_it_is_the_sum_that_blender_does(mapping: Any, frame: int) -> None:
    if mapping.start <= frame < mapping.start + mapping.duration:
        assert mapping.media(frame) == (frame - mapping.start + 1) + mapping.offset


@given(mappings, scene_frames)
def test_only_frames_of_the_plate_are_shown(mapping: Any, frame: int) -> None:
    number = mapping.media(frame)
    assert number is None or mapping.first <= number <= mapping.last


@given(mappings)
def test_there_and_back(mapping: Any) -> None:
    for number in range(mapping.first, mapping.last + 1):
        assert mapping.media(mapping.scene(number)) == number
    assert mapping.scene(mapping.first - 1) is None
    assert mapping.scene(mapping.last + 1) is None


@given(mappings, scene_frames, st.integers(0, 130))
def test_a_range_is_the_least_that_holds_all_that_is_shown(
    mapping: Any, first: int, length: int
) -> None:
    shown = {mapping.media(frame) for frame in range(first, first + length + 1)} - {None}
    found = mapping.media_range(first, first + length)
    if not shown:
        assert found is None
    elif mapping.after != "cycle":
        assert found == (min(shown), max(shown))
    else:
        assert found[0] <= min(shown)
        assert found[1] >= max(shown)
        assert mapping.first <= found[0]
        assert found[1] <= mapping.last


@given(mappings, st.data())
def test_a_part_lies_where_it_lay(mapping: Any, data: st.DataObject) -> None:
    first = data.draw(st.integers(mapping.first, mapping.last))
    last = data.draw(st.integers(first, mapping.last))
    if mapping.after == "cycle":
        with pytest.raises(ValueError, match="no part"):
            mapping.trimmed(first, last)
        return
    part = mapping.trimmed(first, last)
    assert (part.first, part.last) == (first, last)
    for frame in range(part.start, part.start + part.duration + 3):
        whole = mapping.media(frame)
        inside = whole is not None and first <= whole <= last
        assert part.media(frame) == (whole if inside else None)


@given(st.integers(-100, 100), st.integers(0, 90), scene_frames)
def test_files_with_the_scenes_numbers(first: int, length: int, frame: int) -> None:
    mapping = Mapping.scene_frames(first, first + length)
    assert mapping.media(frame) == (frame if first <= frame <= first + length else None)


@given(st.integers(0, 5000), scene_frames)
def test_a_still_lies_under_all(number: int, frame: int) -> None:
    assert Mapping.still(number).media(frame) == number


def test_a_mapping_without_frames_is_refused() -> None:
    with pytest.raises(ValueError, match="0 frames"):
        Mapping(1, 0, 0)
    with pytest.raises(ValueError, match="'loop'"):
        Mapping(1, 0, 1, "loop")


def test_an_empty_range_shows_nothing() -> None:
    assert Mapping(1, 0, 10).media_range(5, 4) is None
