"""What the extension makes of the worker's words, and of what an artist types; needs no Blender."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from robust_matte import KeySettings
from robust_matte.errors import MissingFramesError
from robust_matte.jobs.progress import Event, StageReached
from robust_matte.jobs.stop_request import StopRequest
from robust_matte.jobs.survey import requested_frames
from robust_matte.settings.choices import Missing
from robust_matte.worker.events import Stage
from robust_matte.worker.telling import Teller

Part = Callable[[str], Any]


@pytest.mark.parametrize(
    ("event", "wanted"),
    [
        pytest.param(
            StageReached("warming up", 3, 16, "for frame 1001"),
            "Warms up for frame 1001, 3 of 16",
            id="warm-up",
        ),
        pytest.param(
            StageReached("rolling", 5, 9, "from frame 1001"),
            "Runs up from frame 1001, 5 of 9",
            id="roll",
        ),
        pytest.param(
            StageReached("planning", 12, 40, "looking for cuts"),
            "Plans: looks for cuts, 12 of 40",
            id="cuts",
        ),
        pytest.param(
            StageReached("loading", 0, 0, "loading draft.safetensors"),
            "Loads the model draft.safetensors",
            id="model",
        ),
        pytest.param(
            StageReached("fetching", 3, 15, "rvm.pth from https://a.b/rvm.pth"),
            "Fetches rvm.pth, 3 of 15",
            id="fetch",
        ),
        pytest.param(
            StageReached("checking", 2, 4, "looking for finished frames"),
            "Plans: looks for finished frames, 2 of 4",
            id="finished",
        ),
    ],
)
def test_the_panel_says_what_the_real_worker_does(part: Part, event: Event, wanted: str) -> None:
    told: list[Any] = []
    Teller("b", told.append, StopRequest())(event)
    (stage,) = [one for one in told if isinstance(one, Stage)]
    assert part("spoken").spoken_stage(stage) == wanted


def test_flags_are_named_as_the_panel_names_them(part: Part) -> None:
    spoken = part("spoken").spoken_text
    assert spoken("It differs in --gain, --warm-up.") == "It differs in Gain, Warm-up."
    for kept in ("see --nonfinite", "/x--model/a.exr", "--model-x", "a--gain", "2--gain.exr"):
        assert spoken(kept) == kept


@pytest.mark.parametrize(
    ("hint", "wanted"),
    [
        pytest.param(
            "Choose another output, or key everything again with --overwrite.",
            "Choose another Folder under Output.",
            id="another job's folder",
        ),
        pytest.param(
            "Choose another output, or replace it with --overwrite.",
            "Choose another Folder under Output.",
            id="somebody's file",
        ),
        pytest.param(
            "/a/plan.json was begun with draft, and goes on with it; --overwrite keys everything "
            "again with rvm_resnet50.safetensors.",
            "/a/plan.json was begun with draft, and goes on with it; for other weights, name them "
            "as Model.",
            id="weights that came since",
        ),
        pytest.param(
            "Render it again; without it, --missing hold keys the others.",
            "Render it again; or set Range to frames that are whole.",
            id="a damaged frame",
        ),
        pytest.param(
            "Render it, preview another one, or fill it with --missing hold or --missing black.",
            "Render it, or preview another one.",
            id="a preview of a hole",
        ),
    ],
)
def test_no_way_out_names_what_the_node_has_not(part: Part, hint: str, wanted: str) -> None:
    assert part("spoken").spoken_text(hint) == wanted


@pytest.mark.parametrize("numbers", [(1, 2, 5, 7), (1, 3, 5, 7)])
def test_holes_of_a_plate_as_the_engine_says_them(part: Part, numbers: tuple[int, ...]) -> None:
    plate: Any = SimpleNamespace(numbers=numbers, expected=(1, 7), step=1, source="/p.####.exr")
    with pytest.raises(MissingFramesError) as caught:
        requested_frames(plate, None, Missing.FAIL)
    hint = part("spoken").spoken_text(caught.value.hint)
    assert hint == "Render them, or set Range to frames that are there."


@pytest.fixture
def wishes() -> dict[str, str]:
    return {"model": "auto", "cuts": "auto", "gain": "0", "downsample": "auto"}


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("model", ["draft", "mobilenetv3", "resnet50", ""]),
        ("cuts", ["off", "headers", "1050,1120", "7"]),
        ("gain", ["auto", "-1.5", "20", " 3 "]),
        ("downsample", ["0.25", "1", "512px", "32px"]),
    ],
)
def test_what_the_engine_takes_is_taken(
    part: Part, wishes: dict[str, str], name: str, values: list[str]
) -> None:
    for value in values:
        part("typed_settings").refuse_unusable(SimpleNamespace(**{**wishes, name: value}))
        if value:
            KeySettings(plate="/p.####.exr", **{name: value})
    suggested = getattr(part("typed_settings"), f"suggest_{name}")(None, None, "")
    for value, _why in suggested:
        part("typed_settings").refuse_unusable(SimpleNamespace(**{**wishes, name: value}))
        KeySettings(plate="/p.####.exr", **{name: value})


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("model", ["Draft", "/nowhere/weights.pth", "weights.pth", "a\0b"]),
        ("cuts", ["never", "/nowhere/edit.edl", "1050;1120"]),
        ("gain", ["dark", "21", "nan", "inf"]),
        ("downsample", ["0", "1.5", "31px", "9000px", "px", "nan"]),
    ],
)
def test_what_the_engine_refuses_is_said_before(
    part: Part, wishes: dict[str, str], name: str, values: list[str]
) -> None:
    for value in values:
        with pytest.raises(part("errors").HostError) as caught:
            part("typed_settings").refuse_unusable(SimpleNamespace(**{**wishes, name: value}))
        assert value in caught.value.what
        assert caught.value.hint.endswith(".")


def test_files_are_taken_for_models_and_cuts(
    part: Part, wishes: dict[str, str], tmp_path: Path
) -> None:
    files = {"model": tmp_path / "weights.pth", "cuts": tmp_path / "edit.EDL"}
    for file in files.values():
        file.touch()
    told = {name: str(file) for name, file in files.items()}
    part("typed_settings").refuse_unusable(SimpleNamespace(**{**wishes, **told}))
