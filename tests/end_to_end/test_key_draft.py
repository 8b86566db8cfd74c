"""Keying with what is here: draft for want of better, and never another model within one job."""

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from robust_matte.errors import WouldOverwriteError
from robust_matte.jobs.key import key
from robust_matte.jobs.key_result import KeyResult
from robust_matte.weights.known import KNOWN
from robust_matte.weights.places import find_weights

LACKING = (
    "The weights rvm_mobilenetv3.pth are not here: draft is used, the small network that comes "
    "with this program. Get the official ones by robust-matte weights fetch mobilenetv3."
)
Key = Callable[..., KeyResult]


@pytest.fixture
def draft_file() -> Path:
    path = find_weights(KNOWN["draft"])
    assert path is not None
    return path


@pytest.fixture
def bring_mobilenetv3(
    filled_weights: Path, no_weights_by_name: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], Path]:
    """Put a file into the cache that is taken for the published one; returns it."""
    data = filled_weights.read_bytes()
    blob = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()  # noqa: S324
    known = replace(KNOWN["mobilenetv3"], git_blob=blob)
    monkeypatch.setitem(KNOWN, "mobilenetv3", known)

    def bring() -> Path:
        no_weights_by_name.mkdir(parents=True)
        return Path(shutil.copy(filled_weights, no_weights_by_name / known.file))

    return bring


@pytest.fixture
def key_some(moving_frames: Any, write_exr_plate: Any, settings: Any) -> Key:
    """Key four frames with what `auto` takes, unless a test says otherwise."""
    plate = write_exr_plate(moving_frames(range(1, 5)))

    def run(**values: Any) -> KeyResult:
        return key(settings(plate, **({"model": "auto"} | values)))

    return run


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("model", "warnings"),
    [
        pytest.param("auto", (LACKING,), id="auto"),
        pytest.param("draft", (), id="by name"),
        pytest.param("{copy}", (), id="a file is known by its tensors"),
    ],
)
def test_draft_keys_a_plate_of_1080p_at_256_pixels_and_says_so(
    model: str,
    warnings: tuple[str, ...],
    draft_file: Path,
    write_exr_plate: Any,
    settings: Any,
    read_attributes: Any,
    tmp_path: Path,
) -> None:
    copy = shutil.copy(draft_file, tmp_path / "copy.bin")
    plate = write_exr_plate({1001: np.full((1080, 1920, 3), 0.18, np.float32)}, kind="half")
    asked = settings(plate, model=model.format(copy=copy), downsample="auto", offline=True)
    result = key(asked)
    assert result.warnings == warnings
    assert (result.weights.variant, result.weights.sha256) == ("draft", sha256(draft_file))
    request = json.loads((result.job_folder / "plan.json").read_text())["request"]
    assert request["low_size"] == {"width": 256, "height": 144}
    assert request["weights"] == result.weights.model_dump()
    attributes = read_attributes(1001)
    assert attributes["robust_matte/model"] == "draft"
    assert attributes["robust_matte/low_res"] == "256x144"
    assert attributes["robust_matte/weights_sha256"] == sha256(draft_file)


def test_a_job_begun_with_draft_goes_on_with_it(
    key_some: Key, bring_mobilenetv3: Callable[[], Path], read_attributes: Any
) -> None:
    first = key_some(frames="1-2")
    assert first.warnings == (LACKING,)
    mobilenetv3 = bring_mobilenetv3()
    second = key_some()
    assert (second.written, second.kept) == (2, 2)
    assert second.weights == first.weights
    plan = first.job_folder / "plan.json"
    (warning,) = second.warnings
    assert warning.startswith(f"{plan} was begun with draft, and goes on with it; ")
    assert warning.endswith(f"--overwrite keys everything again with {mobilenetv3.name}.")
    assert {read_attributes(at)["robust_matte/model"] for at in range(1, 5)} == {"draft"}
    by_name = key_some(model="draft")
    assert (by_name.kept, by_name.warnings) == (4, ())


def test_a_new_job_and_one_to_overwrite_take_what_is_here_now(
    key_some: Key, bring_mobilenetv3: Callable[[], Path], tmp_path: Path
) -> None:
    key_some()
    path = bring_mobilenetv3()
    for result in (key_some(output=str(tmp_path / "new")), key_some(overwrite=True)):
        assert (result.weights.variant, result.weights.sha256) == ("mobilenetv3", sha256(path))
        assert (result.written, result.warnings) == (4, ())


def test_a_job_that_left_no_frames_takes_what_is_here_now(
    key_some: Key, bring_mobilenetv3: Callable[[], Path], tmp_path: Path
) -> None:
    key_some()
    for path in (tmp_path / "out").glob("*.exr"):
        path.unlink()
    bring_mobilenetv3()
    result = key_some()
    assert (result.weights.variant, result.warnings) == ("mobilenetv3", ())


def test_another_model_by_name_does_not_go_on(
    key_some: Key, bring_mobilenetv3: Callable[[], Path], draft_file: Path
) -> None:
    key_some(downsample="auto")
    bring_mobilenetv3()
    with pytest.raises(WouldOverwriteError, match="differs in --model, and whose") as caught:
        key_some(model="mobilenetv3", downsample="auto")
    assert f"it was begun with, draft of sha256 {sha256(draft_file)}; or" in caught.value.hint


def test_draft_does_not_go_on_where_better_weights_are_gone(
    key_some: Key, bring_mobilenetv3: Callable[[], Path]
) -> None:
    path = bring_mobilenetv3()
    assert key_some().weights.variant == "mobilenetv3"
    path.unlink()
    with pytest.raises(WouldOverwriteError, match="differs in --model, and whose") as caught:
        key_some()
    assert "it was begun with, mobilenetv3 of sha256 " in caught.value.hint


def test_ones_own_weights_of_a_network_are_not_taken_for_those_with_its_name(
    key_some: Key, draft_file: Path, tmp_path: Path
) -> None:
    own = tmp_path / "fine-tuned.safetensors"
    save_file(load_file(draft_file), own, {"tuned": "on a show"})
    assert key_some(model=str(own)).weights.variant == "draft"
    with pytest.raises(WouldOverwriteError, match="differs in --model") as caught:
        key_some()
    assert f"draft of sha256 {sha256(own)}; or" in caught.value.hint


def test_weights_of_ones_own_are_not_guessed(
    key_some: Key, filled_weights: Path, bring_mobilenetv3: Callable[[], Path]
) -> None:
    key_some(model=str(filled_weights))
    path = bring_mobilenetv3()
    assert key_some().kept == 4  # the very same bytes
    path.unlink()
    with pytest.raises(WouldOverwriteError, match="differs in --model"):
        key_some()
