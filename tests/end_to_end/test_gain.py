"""`--gain auto`: found for each segment, kept in the plan, and seen by the network alone."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio
import pytest
from numpy.typing import NDArray

from robust_matte.jobs.key import key
from robust_matte.jobs.progress import Event, Noted

Image = NDArray[np.float32]
DARK, STOPS = range(1, 7), 4.0


class Watching:
    """A model that keeps what it is shown; its foreground is a green, of code 0.5."""

    def __init__(self, fake: Any) -> None:
        self._fake = fake
        self.views: list[Image] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._fake, name)

    def matte(self, view: Image, low: Image) -> tuple[Image, Image]:
        self.views.append(view)
        _, alpha = self._fake.matte(view, low)
        return np.full_like(view, (0.3, 0.5, 0.3)), alpha


@pytest.fixture
def frames(moving_frames: Any) -> dict[int, Image]:
    """Six frames four stops under, then six well exposed ones of another scene."""
    result: dict[int, Image] = moving_frames(range(7, 13), seed=11)
    for number, light in moving_frames(DARK, seed=4).items():
        result[number] = light * np.float32(2.0**-STOPS)
    return dict(sorted(result.items()))


@pytest.fixture
def watched(
    fake_model: Any, settings: Any, write_exr_plate: Any, frames: dict[int, Image]
) -> Callable[..., tuple[dict[int, Image], list[Event]]]:
    """Key the frames; returns what the model saw of each, and what was told."""

    plate = write_exr_plate(frames)

    def run(**values: Any) -> tuple[dict[int, Image], list[Event]]:
        events: list[Event] = []
        models: list[Watching] = []
        alpha = np.full((54, 96), 0.5, np.float32)
        alpha[30:] = 1.0

        def open_model(*places: Any, **named: Any) -> Watching:
            truth = fake_model(lambda _: (np.zeros((54, 96, 3), np.float32), alpha))
            models.append(Watching(truth(*places, **named)))
            return models[-1]

        result = key(settings(plate, warm_up=0, **values), events.append, open_model=open_model)
        assert result.written == len(models[-1].views)
        numbers = [n for n in frames if n >= 13 - result.written]
        return dict(zip(numbers, models[-1].views, strict=True)), events

    return run


def plan_of(folder: Path) -> list[dict[str, Any]]:
    (path,) = folder.rglob("plan.json")
    segments: list[dict[str, Any]] = json.loads(path.read_text())["segments"]
    return segments


def test_each_segment_has_its_own_gain(
    watched: Any, frames: dict[int, Image], tmp_path: Path, read_attributes: Any
) -> None:
    views, events = watched(gain="auto", cuts="7")
    first, second = plan_of(tmp_path)
    wanted_gain = np.log2(0.15 / np.median(frames[3] @ [0.2126, 0.7152, 0.0722]))
    assert first["gain"] == pytest.approx(wanted_gain, abs=0.1)
    assert second["gain"] == 0.0
    told = [one.text for one in events if isinstance(one, Noted) and "stops" in one.text]
    assert told == [f"Frames 1-6 are seen {first['gain']:g} stops brighter."]
    for number, gain in ((3, first["gain"]), (9, 0.0)):
        linear = np.clip(frames[number] * 2.0**gain, 0, 1)
        curve = 1.055 * linear ** (1 / 2.4) - 0.055
        wanted = np.where(linear <= 0.0031308, linear * 12.92, curve)
        np.testing.assert_allclose(views[number], wanted, atol=1e-3)
        assert read_attributes(number)["robust_matte/gain"] == pytest.approx(gain)


def test_found_and_given_cuts_lead_to_the_same_gain(watched: Any, tmp_path: Path) -> None:
    watched(gain="auto", cuts="auto", output=str(tmp_path / "found"))
    watched(gain="auto", cuts="7", output=str(tmp_path / "given"))
    assert plan_of(tmp_path / "found") == plan_of(tmp_path / "given")
    assert len(plan_of(tmp_path / "found")) == 2


def test_light_is_the_plates_whatever_the_gain(
    watched: Any, frames: dict[int, Image], read_layers: Any, tmp_path: Path
) -> None:
    """Where opaque to the bit; and of the model's foreground the gain is undone."""
    watched(gain="auto", cuts="7", depth="float")
    layers = read_layers(3)
    for at, (name, light) in enumerate({"R": 0.073239, "G": 0.214041, "B": 0.073239}.items()):
        np.testing.assert_array_equal(layers[f"foreground.{name}"][30:], frames[3][30:, :, at])
        soft = light / 2.0 ** plan_of(tmp_path)[0]["gain"]
        np.testing.assert_allclose(layers[f"foreground.{name}"][:30], soft, rtol=1e-3)


def test_a_resume_takes_the_gain_of_the_plan(
    watched: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Measured once: what is found a second time does not count."""
    whole, _ = watched(gain="auto", cuts="7")
    gains = [one["gain"] for one in plan_of(tmp_path)]
    for number in range(10, 13):
        (tmp_path / "out" / f"shot_matte.{number:04d}.exr").unlink()
    monkeypatch.setattr("robust_matte.jobs.gains.choose_gain", lambda _: 9.0)
    again, _ = watched(gain="auto", cuts="7")
    assert [one["gain"] for one in plan_of(tmp_path)] == gains
    assert list(again) == [10, 11, 12]
    for number, view in again.items():
        np.testing.assert_array_equal(view, whole[number])


@pytest.mark.parametrize("gain", ["0", "2"])
def test_a_gain_that_is_typed_is_every_segments(watched: Any, gain: str, tmp_path: Path) -> None:
    watched(gain=gain, cuts="7")
    assert [one["gain"] for one in plan_of(tmp_path)] == [float(gain)] * 2


def test_despill_is_named_in_the_files_where_it_is_on(
    watched: Any, read_attributes: Any, tmp_path: Path
) -> None:
    watched(cuts="off")
    assert "robust_matte/despill" not in read_attributes(1)
    watched(cuts="off", despill="green", output=str(tmp_path / "green"))
    assert read_attributes(1, tmp_path / "green")["robust_matte/despill"] == "green"


def test_despill_changes_colour_in_the_band_alone(watched: Any, tmp_path: Path) -> None:
    for wish in ("none", "green"):
        watched(cuts="off", despill=wish, depth="float", output=str(tmp_path / wish))
    files = [tmp_path / wish / "shot_matte.0009.exr" for wish in ("none", "green")]
    plain, clean = (np.asarray(oiio.ImageBuf(str(path)).get_pixels(oiio.FLOAT)) for path in files)
    names = oiio.ImageBuf(str(files[0])).spec().channelnames
    changed = plain != clean
    assert not changed[30:].any()
    assert {names[at] for at in np.nonzero(changed.any(axis=(0, 1)))[0]} >= {"G", "foreground.G"}
    for name in ("A", "matte.A"):
        assert not changed[..., names.index(name)].any()
