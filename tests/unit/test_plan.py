"""The plan on disk: comes back as it was, and what identifies a job."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from robust_matte.errors import WouldOverwriteError
from robust_matte.jobs.plan import Plan, load_plan
from robust_matte.keying.segments import Reset, Segment

DOCUMENT: dict[str, Any] = {
    "version": 1,
    "request": {
        "plate": {
            "path": "sh010 é.####.exr",
            "frames": "1001-1010,1012",
            "fingerprint": "f" * 64,
            "space": "lin_rec709_scene",
            "is_space_stated": False,
            "display_window": {"x": 0, "y": 0, "width": 1920, "height": 1080},
            "work_area": {"x": -8, "y": 0, "width": 1936, "height": 1080},
            "pixel_aspect": 1.0,
        },
        "colour": {
            "output": "lin_rec709_scene",
            "chromaticities": [0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.329],
            "interop_id": "lin_rec709_scene",
            "is_invertible": True,
            "config": "",
            "config_sha256": "",
        },
        "weights": {"sha256": "a" * 64, "variant": "mobilenetv3", "refiner": "fast_guided_filter"},
        "low_size": {"width": 512, "height": 286},
        "masks": {},
        "settings": {"warm_up": 16, "cuts": "auto", "layers": "combined", "format": "exr"},
    },
    "segments": [
        {"first": 1001, "last": 1004, "reset": "first frame", "gain": 0.0},
        {"first": 1005, "last": 1012, "reset": "cut", "gain": 2.5},
    ],
    "scores": {"1001": 0.0, "1005": 0.8125},
    "pins": {
        "engine": "0.1",
        "torch": "2.13",
        "device": "cpu AVX2",
        "threads": 4,
        "precision": "float32",
        "memory_format": "channels last",
    },
    "wanted": "1001-1006",
}


def _changed(place: str, value: Any) -> Plan:
    """The document with one value changed, by a path such as `pins.threads`."""
    document = json.loads(json.dumps(DOCUMENT))
    *folders, name = place.split(".")
    inside = document
    for folder in folders:
        inside = inside[int(folder) if folder.isdigit() else folder]
    inside[name] = value
    return Plan.model_validate(document)


@pytest.fixture
def plan() -> Plan:
    return Plan.model_validate(DOCUMENT)


def test_plan_comes_back_from_disk(plan: Plan, tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "plan.json"
    plan.save(path)
    assert load_plan(path) == plan
    assert json.loads(path.read_text(encoding="utf-8")) == DOCUMENT
    assert [one.name for one in path.parent.iterdir()] == ["plan.json"]


def test_no_plan_is_none(tmp_path: Path) -> None:
    assert load_plan(tmp_path / "plan.json") is None


def test_segments_are_as_keying_takes_them(plan: Plan) -> None:
    assert plan.keyed_segments() == [
        Segment(1001, 1004, Reset.FIRST),
        Segment(1005, 1012, Reset.CUT, 2.5),
    ]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("{", id="torn"),
        pytest.param("[]", id="no object"),
        pytest.param(json.dumps(DOCUMENT | {"version": 2}), id="another version"),
        pytest.param(json.dumps(DOCUMENT | {"colour": 1}), id="unknown key"),
        pytest.param(json.dumps({"version": 1}), id="lacking keys"),
        pytest.param("\udcff", id="no text"),
        pytest.param(json.dumps(DOCUMENT).replace("combined", "cryptomatte"), id="unknown layers"),
        pytest.param(json.dumps(DOCUMENT).replace('"format"', '"form"'), id="no format"),
    ],
)
def test_what_is_no_plan_is_not_replaced_silently(text: str, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(WouldOverwriteError, match=r"plan\.json is not a plan") as caught:
        load_plan(path)
    assert caught.value.path == path


def test_folder_in_the_place_of_a_plan_is_told(tmp_path: Path) -> None:
    with pytest.raises(WouldOverwriteError):
        load_plan(tmp_path)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        pytest.param("request.plate.fingerprint", "e" * 64, id="plate"),
        pytest.param("request.plate.space", "srgb_rec709_scene", id="space"),
        pytest.param("request.colour.output", "ACEScg", id="output space"),
        pytest.param("request.colour.config_sha256", "c" * 64, id="colour config"),
        pytest.param("request.plate.work_area.x", -9, id="work area"),
        pytest.param("request.weights.sha256", "b" * 64, id="weights"),
        pytest.param("request.low_size.height", 288, id="low-res size"),
        pytest.param("request.settings.warm_up", 15, id="a setting"),
        pytest.param("segments.1.reset", "hole", id="segment"),
    ],
)
def test_whatever_decides_pixels_makes_another_job(place: str, value: Any, plan: Plan) -> None:
    other = _changed(place, value)
    assert other.job != plan.job
    expected = [place.removeprefix("request.")] if place.startswith("request.") else []
    assert plan.request.differences(other.request) == expected


def test_scores_pins_frames_and_order_of_settings_make_no_other_job(plan: Plan) -> None:
    assert _changed("scores", {}).job == plan.job
    assert _changed("pins.threads", 2).job == plan.job
    assert _changed("wanted", "1001-1002").job == plan.job
    settings = dict(reversed(DOCUMENT["request"]["settings"].items()))
    assert _changed("request.settings", settings).job == plan.job


def test_setting_that_only_one_request_has_is_a_difference(plan: Plan) -> None:
    more = _changed("request.settings", DOCUMENT["request"]["settings"] | {"new": False})
    assert plan.request.differences(more.request) == ["settings.new"]
    assert more.request.differences(plan.request) == ["settings.new"]


def test_unknown_names_are_refused_everywhere() -> None:
    for place in ("request.plate.colour", "pins.colour", "segments.0.colour"):
        with pytest.raises(ValidationError, match="colour"):
            _changed(place, 1)
