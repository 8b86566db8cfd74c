"""A plan of another job is told in the words that the user typed."""

import json
from pathlib import Path
from typing import Any

import pytest

from robust_matte.jobs.inputs import ChangedFile
from robust_matte.jobs.plan import Request
from robust_matte.jobs.plan_mismatch import other_job

KNOWN: dict[str, Any] = {
    "plate": {
        "path": "sh010.####.exr",
        "frames": "1001-1010",
        "fingerprint": "f" * 64,
        "space": "lin_rec709_scene",
        "is_space_stated": True,
        "display_window": {"x": 0, "y": 0, "width": 1920, "height": 1080},
        "work_area": {"x": -8, "y": 0, "width": 1936, "height": 1080},
    },
    "colour": {
        "output": "lin_rec709_scene",
        "chromaticities": [0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.329],
        "interop_id": "lin_rec709_scene",
    },
    "weights": {"sha256": "a" * 64, "variant": "mobilenetv3", "refiner": "fast_guided_filter"},
    "low_size": {"width": 512, "height": 286},
    "settings": {
        "cuts": "auto",
        "first_frame": 1,
        "format": "exr",
        "layers": "combined",
        "missing": "fail",
        "work_area": "data",
    },
}
FILES = {"plate.fingerprint": "e" * 64}
CONTENT = "sh010.####.exr, whose content has changed since."
OTHER_MODEL = {"weights.sha256": "b" * 64, "weights.refiner": "deep_guided_filter"}


def _request(**changes: Any) -> Request:
    """The request with some values changed, by a path such as `settings.cuts`."""
    document = json.loads(json.dumps(KNOWN))
    for place, value in changes.items():
        *folders, name = place.split(".")
        inside = document
        for folder in folders:
            inside = inside[folder]
        inside[name] = value
    return Request.model_validate(document)


def _differing(names: str) -> str:
    return f"a job that differs in {names}, and whose frames are there."


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param({"plate.path": "a.exr"} | FILES, "another plate, sh010.####.exr.", id="plate"),
        pytest.param(
            {"plate.path": "a.exr", "settings.cuts": "off"},
            "another plate, sh010.####.exr.",
            id="both",
        ),
        pytest.param(
            {"plate.display_window.width": 1280, "low_size.width": 500} | FILES,
            "another plate, sh010.####.exr of 1920x1080 pixels.",
            id="size of the plate",
        ),
        pytest.param(FILES, CONTENT, id="files"),
        pytest.param({"plate.work_area.x": -9} | FILES, CONTENT, id="overscan of the files"),
        pytest.param(
            {"plate.frames": "1001-1012"} | FILES,
            "sh010.####.exr with the frames 1001-1010, not 1001-1012.",
            id="frames added",
        ),
        pytest.param(
            {"low_size.height": 288, "low_size.width": 516, "settings.cuts": "off"},
            _differing("--cuts, --downsample or --framing"),
            id="a size is one flag",
        ),
        pytest.param(
            {"settings.cuts": "off", "settings.missing": "hold", "settings.format": "png"},
            _differing("--cuts, --format, --missing"),
            id="settings",
        ),
        pytest.param({"settings.warm_up": 3}, _differing("--warm-up"), id="dashes"),
        pytest.param({"plate.is_space_stated": False}, _differing("--plate-space"), id="space"),
        pytest.param(
            {
                "plate.space": "ACEScg",
                "plate.is_space_stated": False,
                "colour.output": "ACEScg",
                "colour.interop_id": "lin_ap1_scene",
            },
            _differing("--plate-space"),
            id="a plate space brings its working space",
        ),
        pytest.param(
            {"colour.output": "ACEScg", "colour.interop_id": "lin_ap1_scene"},
            _differing("--output-space"),
            id="output space",
        ),
        pytest.param(
            {"colour.config": "studio.ocio", "colour.config_sha256": "c" * 64},
            _differing("--config"),
            id="config",
        ),
        pytest.param(
            {"colour.config_sha256": "c" * 64},
            _differing("the content of the colour config"),
            id="config that was changed",
        ),
        pytest.param(OTHER_MODEL, _differing("--model"), id="weights bring their refiner"),
        pytest.param(
            OTHER_MODEL
            | {"weights.variant": "draft", "low_size.width": 288, "low_size.height": 162},
            _differing("--model"),
            id="a network brings its view",
        ),
        pytest.param(
            OTHER_MODEL | {"low_size.width": 288},
            _differing("--downsample or --framing, --model"),
            id="other weights of one network do not",
        ),
        pytest.param({"weights.refiner": "none"}, _differing("--refiner"), id="refiner"),
        pytest.param(
            {"settings.work_area": "display", "plate.work_area.x": 0, "low_size.height": 288},
            _differing("--work-area"),
            id="work area brings the network's size",
        ),
        pytest.param(
            {"settings.first_frame": 5, "plate.frames": "5-14"},
            _differing("--first-frame"),
            id="first frame brings the numbers",
        ),
        pytest.param(
            {"settings.cold": True, "settings.frames": "1003"}, _differing("--cold"), id="cold"
        ),
        pytest.param(
            {"settings.cuts": "off"} | FILES,
            _differing("--cuts, the plate's files"),
            id="files too",
        ),
    ],
)
def test_difference_is_told_as_it_was_typed(changes: dict[str, Any], said: str) -> None:
    error = other_job(Path("/show/plan.json"), _request(), _request(**changes))
    assert error.what == f"/show/plan.json is of {said}"
    assert error.hint.endswith("or key everything again with --overwrite.")
    assert ("it was begun with" in error.hint) == ("--model" in said)
    assert error.path == Path("/show/plan.json")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param(
            ChangedFile(Path("/show/sh010.1003.exr"), 1003),
            "sh010.####.exr as it was: frame 1003 was the first to change, /show/sh010.1003.exr.",
            id="sequence",
        ),
        pytest.param(
            ChangedFile(Path("/show/take.mov"), None),
            "/show/take.mov as it was before it changed.",
            id="movie",
        ),
    ],
)
def test_the_first_file_that_changed_is_named(change: ChangedFile, said: str) -> None:
    error = other_job(Path("/show/plan.json"), _request(), _request(**FILES), change=change)
    assert error.what == f"/show/plan.json is of {said}"
    assert error.frame == change.number


def test_the_way_out_names_the_weights_that_would_go_on() -> None:
    error = other_job(Path("/show/plan.json"), _request(), _request(**OTHER_MODEL))
    begun = f"what it was begun with, mobilenetv3 of sha256 {'a' * 64}; or choose another output"
    assert begun in error.hint
