"""The settings document: what it takes, what it refuses and how it says so."""

import os
import traceback
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from robust_matte.errors import SettingsError
from robust_matte.settings.choices import Layers
from robust_matte.settings.key_settings import KeySettings


def test_words_of_the_command_line_are_taken() -> None:
    settings = KeySettings(
        plate="p.####.exr",
        model="w.pth",
        layers="separate",
        plate_space="g24_rec709_tx",
        threads="4",
    )
    assert settings.layers is Layers.SEPARATE
    assert settings.plate_space == "g24_rec709_tx"
    assert settings.model == "w.pth"
    assert settings.threads == 4


def test_a_path_may_be_given_as_such() -> None:
    given = {name: Path("a", "b") for name in ("plate", "output", "model", "contact_sheet")}
    settings = KeySettings(**given, review=Path("r.mp4"))
    assert {name: getattr(settings, name) for name in given} == {
        name: str(path) for name, path in given.items()
    }
    assert settings.review == Path("r.mp4")
    assert KeySettings(plate="p").model == "auto"


def test_frames_are_kept_in_one_spelling() -> None:
    assert KeySettings(plate="p", frames=" 10-5x2").frames == "6-10x2"
    assert KeySettings(plate="p").frames is None


def test_document_comes_back_from_json() -> None:
    settings = KeySettings(
        plate="é plate.####.exr", model="w.pth", frames="1-9x2", downsample="0.25", cuts="4,7"
    )
    assert KeySettings.model_validate_json(settings.model_dump_json()) == settings


def test_settings_cannot_be_changed() -> None:
    settings = KeySettings(plate="p")
    with pytest.raises(ValidationError, match="frozen"):
        settings.plate = "q"  # type: ignore[misc]


REFUSED = [
    pytest.param({"colour": 1}, "There is no setting colour.", id="unknown name"),
    pytest.param(
        {"threads": -1}, "The setting threads cannot be -1. Write a number from 0 up.", id="below"
    ),
    pytest.param(
        {"warm_up": 257}, "The setting warm_up cannot be 257. Write a number up to 256.", id="above"
    ),
    pytest.param(
        {"first_frame": 1.5}, "The setting first_frame cannot be 1.5. Write a whole", id="fraction"
    ),
    pytest.param(
        {"depth": "8bit"}, 'The setting depth cannot be "8bit". Write half or float.', id="choice"
    ),
    pytest.param(
        {"cold": "maybe"}, 'The setting cold cannot be "maybe". Write true or false.', id="switch"
    ),
    pytest.param({"plate": ""}, 'The setting plate cannot be "".', id="empty"),
    pytest.param({"device": "cuda:x"}, 'The device "cuda:x" is not known.', id="device"),
    pytest.param({"device": "cuda:0 "}, 'The device "cuda:0 " is not known.', id="blank"),
    pytest.param({"frames": "x"}, 'The frame range "x" cannot', id="frames"),
    pytest.param({"cuts": "x"}, 'The cuts "x" cannot', id="cuts"),
    pytest.param({"downsample": "x"}, 'The downsampling "x" cannot', id="downsample"),
    pytest.param({"plate": None}, "The setting plate cannot be None.", id="no plate"),
]


@pytest.mark.parametrize(("values", "said"), REFUSED)
def test_bad_value_is_named(values: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        KeySettings(**({"plate": "p"} | values))
    assert str(caught.value).startswith(said)
    assert caught.value.what.endswith(".")
    assert caught.value.hint.endswith(".")


def test_traceback_starts_with_our_own_words() -> None:
    misspelt: dict[str, Any] = {"plate": "p", "warm_upp": 3}
    with pytest.raises(SettingsError) as caught:
        KeySettings(**misspelt)
    assert "pydantic" not in "".join(traceback.format_exception(caught.value, limit=0))


def test_name_that_is_not_utf8_is_shown_byte_by_byte() -> None:
    with pytest.raises(SettingsError) as caught:
        KeySettings(plate=os.fsdecode(b"pl\xe9te.exr"))
    assert caught.value.what == r'The setting plate cannot be "pl\xe9te.exr".'
    assert caught.value.hint == "Rename it, or its folder: the name is not valid UTF-8."


def test_missing_plate_is_told_without_the_other_settings() -> None:
    lacking: dict[str, Any] = {"model": "w.pth"}
    with pytest.raises(SettingsError, match=r"^The setting plate is missing\. ") as caught:
        KeySettings(**lacking)
    assert "w.pth" not in str(caught.value)
