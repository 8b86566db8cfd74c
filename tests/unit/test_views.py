"""Views in files of their own: what stands for `%V`, and what a name with it becomes."""

from pathlib import Path

import pytest

from robust_matte.errors import InputError, SettingsError
from robust_matte.jobs.stereo import settings_of_views
from robust_matte.media.exr_layers import LayerChoice
from robust_matte.media.plates import open_plate
from robust_matte.media.views import find_views
from robust_matte.settings.key_settings import KeySettings

FILES = (
    *("flat/sh010.left.1001.dpx", "flat/sh010.right.1001.dpx", "flat/sh010.right.1002.dpx"),
    *("flat/sh010.old.left.1001.dpx", "flat/sh020.mid.1001.dpx", "flat/sh010.left.1001.txt"),
    *("deep/left/v1/left_sh.0001.dpx", "deep/right/v1/right_sh.0001.dpx"),
    *("deep/both/v1/left_sh.0001.dpx", "deep/notes.txt"),
    *("twice/left_x_left.0001.dpx", "twice/left_x_right.0001.dpx"),
    *("still/a_left.png", "still/a_right.png", "movie/left.mov", "movie/right.mov"),
)


@pytest.fixture
def show(tmp_path: Path) -> Path:
    """A folder of empty files."""
    for name in FILES:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


@pytest.mark.parametrize(
    ("text", "views"),
    [
        pytest.param("flat/sh010.%V.####.dpx", ("left", "right"), id="in the name"),
        pytest.param("flat/sh010.%V.%04d.dpx", ("left", "right"), id="printf"),
        pytest.param("flat/sh010.%V.1001.dpx", ("left", "right"), id="one frame"),
        pytest.param("flat/sh010.%V.1002.dpx", ("right",), id="frame of one view"),
        pytest.param("flat/%V.mid.####.dpx", ("sh020",), id="first in the name"),
        pytest.param("deep/%V/v1/%V_sh.####.dpx", ("left", "right"), id="folder and name"),
        pytest.param("deep/%V/v1", ("both", "left", "right"), id="folder"),
        pytest.param("twice/%V_x_%V.####.dpx", ("left",), id="twice in a name"),
        pytest.param("still/a_%V.png", ("left", "right"), id="still"),
        pytest.param("movie/%V.mov", ("left", "right"), id="movie"),
    ],
)
def test_views_that_are_there_are_found(show: Path, text: str, views: tuple[str, ...]) -> None:
    assert find_views(str(show / text)) == views


@pytest.mark.parametrize("text", ["flat/sh030.%V.####.dpx", "none/%V.####.dpx", "flat/%V"])
def test_no_view_is_told(show: Path, text: str) -> None:
    with pytest.raises(InputError, match="There is no view of"):
        find_views(str(show / text))


def test_plate_is_that_of_the_view(show: Path) -> None:
    plate = open_plate(str(show / "flat/sh010.%V.####.dpx"), choice=LayerChoice(view="right"))
    assert plate.numbers == (1001, 1002)
    assert plate.source == str(show / "flat/sh010.right.####.dpx")
    assert plate.picture == LayerChoice(view="right")


def test_the_only_view_needs_no_choice(show: Path) -> None:
    plate = open_plate(str(show / "flat/%V.mid.####.dpx"))
    assert plate.picture == LayerChoice(view="sh020")


def test_one_of_several_views_must_be_chosen(show: Path) -> None:
    with pytest.raises(SettingsError, match="views left, right, and none is chosen"):
        open_plate(str(show / "flat/sh010.%V.####.dpx"))
    with pytest.raises(InputError, match="no view centre"):
        open_plate(str(show / "flat/sh010.%V.####.dpx"), choice=LayerChoice(view="centre"))


def _all(show: Path, **values: str) -> list[KeySettings]:
    plate = str(show / "flat/sh010.%V.####.dpx")
    return settings_of_views(KeySettings(**({"plate": plate, "view": "all"} | values)))


@pytest.mark.parametrize(
    ("output", "outputs"),
    [
        pytest.param("o", ["o/left", "o/right"], id="folder"),
        pytest.param("o/%V/v1", ["o/left/v1", "o/right/v1"], id="folder with the view"),
        pytest.param("o/m.%V.#.exr", ["o/m.left.#.exr", "o/m.right.#.exr"], id="pattern"),
        pytest.param("%V/m.#.exr", ["left/m.#.exr", "right/m.#.exr"], id="its folder"),
    ],
)
def test_each_view_is_a_job(show: Path, output: str, outputs: list[str]) -> None:
    jobs = _all(show, output=output, contact_sheet="s_%V.png", review="r_%V.mp4")
    assert [(one.view, one.output) for one in jobs] == list(
        zip(("left", "right"), outputs, strict=True)
    )
    assert [one.contact_sheet for one in jobs] == ["s_left.png", "s_right.png"]
    assert [str(one.review) for one in jobs] == ["r_left.mp4", "r_right.mp4"]


@pytest.mark.parametrize("hints", ["h", "h/%V"])
def test_each_view_has_hints_of_its_own(show: Path, hints: str) -> None:
    jobs = _all(show, output="o", hint_dir=hints)
    assert [one.hint_dir for one in jobs] == [Path("h/left"), Path("h/right")]


def test_without_an_output_views_lie_side_by_side(show: Path) -> None:
    assert [one.output for one in _all(show)] == ["sh010_matte/left", "sh010_matte/right"]


def test_one_job_stays_as_it_is(show: Path) -> None:
    job = KeySettings(plate=str(show / "flat/sh010.%V.####.dpx"), view="left")
    assert settings_of_views(job) == [job]


def test_one_view_is_named_beside_its_frames_too(show: Path) -> None:
    plate = str(show / "flat/sh010.%V.####.dpx")
    job = KeySettings(plate=plate, view="left", contact_sheet="s.%V.png", review="r.%V.mov")
    (named,) = settings_of_views(job)
    assert (named.contact_sheet, named.review) == ("s.left.png", Path("r.left.mov"))
    mono = KeySettings(plate=str(show / "flat/sh010.left.####.dpx"), review="r.%V.mov")
    with pytest.raises(SettingsError, match=r"has a place for a view, and .* has no views"):
        settings_of_views(mono)


@pytest.mark.parametrize("name", ["contact_sheet", "review", "output"])
def test_one_name_for_all_views_is_refused(show: Path, name: str) -> None:
    endings = {"contact_sheet": "x.png", "review": "x.mov", "output": "x.#.exr"}
    with pytest.raises(SettingsError, match=r"one name for the views left, right.*x\.%V\."):
        _all(show, **{name: endings[name]})
