"""How far layers reach, against pictures painted pixel by pixel on an endless plane."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from robust_matte.errors import SettingsError
from robust_matte.jobs.framing import settle_region
from robust_matte.keying.extent import crop_matte, surround_matte
from robust_matte.keying.matte import Matte
from robust_matte.keying.prepared import Preparation
from robust_matte.media.windows import Window
from robust_matte.settings.region import Region

Image = NDArray[np.float32]
Plane = dict[tuple[int, int], float]

LAYERS = ("rgb", "alpha", "foreground", "network_alpha")
corners = st.integers(-7, 7)
windows = st.builds(Window, corners, corners, st.integers(1, 8), st.integers(1, 8))
seeds = st.integers(0, 10_000)


def _matte(window: Window, seed: int) -> Matte:
    """A matte with holes, edges and nothing, whose colours are all different."""
    rng = np.random.default_rng(seed)
    size = window.height, window.width
    alphas = rng.choice([0.0, 0.0, 0.3, 1.0], (2, *size)).astype(np.float32)
    alphas *= rng.random((2, 1, 1)) < 0.9
    alpha, network_alpha = alphas
    foreground = rng.random((*size, 3), np.float32) + np.float32(1.0)
    return Matte(
        rgb=foreground * alpha[..., None],
        alpha=alpha,
        foreground=foreground,
        network_alpha=network_alpha,
        window=window,
    )


def _painted(image: Image, window: Window) -> Plane:
    """The sum of each pixel's channels, by its place."""
    flat = image.reshape(window.height, window.width, -1).sum(axis=2)
    rows, columns = range(window.height), range(window.width)
    return {(window.x + c, window.y + r): float(flat[r, c]) for r in rows for c in columns}


def _lit(plane: Plane) -> Plane:
    return {place: value for place, value in plane.items() if value}


@given(windows, seeds)
def test_crop_loses_no_coverage_and_holds_no_empty_border(window: Window, seed: int) -> None:
    matte = _matte(window, seed)
    before = {layer: getattr(matte, layer).copy() for layer in LAYERS}
    cropped = crop_matte(matte)
    assert cropped.window.united(window) == window
    for layer in ("rgb", "alpha", "network_alpha"):
        shown = _lit(_painted(getattr(cropped, layer), cropped.window))
        assert shown == _lit(_painted(before[layer], window))
    outer = _painted(before["foreground"], window)
    inner = _painted(cropped.foreground, cropped.window)
    assert inner == {place: outer[place] for place in inner}
    covered = [
        place
        for layer in ("alpha", "network_alpha")
        for place in _lit(_painted(before[layer], window))
    ]
    if covered:
        columns, rows = ({place[axis] for place in covered} for axis in (0, 1))
        bounds = min(columns), min(rows), max(columns), max(rows)
        assert cropped.window == Window.from_bounds(*bounds)
    else:
        assert cropped.window == Window(window.x, window.y, 1, 1)
    again = crop_matte(cropped)
    assert again.window == cropped.window


@given(windows, windows, windows, seeds)
def test_surroundings_are_the_plate_without_coverage(
    area: Window, region: Window, data: Window, seed: int
) -> None:
    """A region anywhere in a work area, and a data window that may miss either."""
    area = area.united(region)
    keyed = data.intersected(region)
    matte = Matte.black(region) if keyed.is_empty else _matte(keyed, seed)
    plate = np.random.default_rng(seed + 1).random((area.height, area.width, 3), np.float32)
    whole = surround_matte(matte, plate, area, data)
    shown = data.intersected(area)
    assert whole.window == (area if shown.is_empty else shown)
    painted = {layer: _painted(getattr(whole, layer), whole.window) for layer in LAYERS}
    inside = {layer: _painted(getattr(matte, layer), matte.window) for layer in LAYERS}
    around = _painted(plate, area)
    for place in painted["alpha"]:
        is_keyed = not keyed.is_empty and place in inside["alpha"]
        for layer in ("rgb", "alpha", "network_alpha"):
            assert painted[layer][place] == (inside[layer][place] if is_keyed else 0.0)
        plate_here = 0.0 if shown.is_empty else around[place]
        wanted = inside["foreground"][place] if is_keyed else plate_here
        assert painted["foreground"][place] == pytest.approx(wanted)


@given(corners, corners, st.integers(1, 200), st.integers(1, 200), windows)
def test_region_is_taken_whole_or_refused(
    x: int, y: int, width: int, height: int, near: Window
) -> None:
    """What the hint of a refusal names is taken."""
    area = Window(near.x, near.y, 16 * near.width, 16 * near.height)
    text = f"{x},{y},{width},{height}"
    if min(width, height) < 16:
        with pytest.raises(SettingsError, match="too few pixels"):
            settle_region(text, area)
        return
    region = Window(x, y, width, height)
    if region.united(area) == area:
        assert settle_region(text, area) == region
        return
    with pytest.raises(SettingsError) as caught:
        settle_region(text, area)
    shared = region.intersected(area)
    if "--roi" in caught.value.hint:
        assert settle_region(caught.value.hint.split()[2], area) == shared
    else:
        assert min(shared.width, shared.height) < 16


@given(st.integers(-(2**30), 2**30), st.integers(-(2**30), 2**30), st.integers(16, 2**30))
def test_region_comes_back_as_written(x: int, y: int, side: int) -> None:
    region = Region(x, y, side, 16)
    assert Region.parse(str(region)) == region
    assert Region.parse(f" {x} ,{y},{side} , 16 ") == region


def test_layers_of_a_matte_are_all_cropped_and_surrounded() -> None:
    """A layer that is added must be cut with the others."""
    assert {one.name for one in dataclasses.fields(Matte)} == {*LAYERS, "window"}
    assert "region" in {one.name for one in dataclasses.fields(Preparation)}
