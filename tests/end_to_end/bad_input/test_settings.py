"""Flags with nonsense in them, one row and more for every flag of `key`."""

from typing import Any

import pytest
import typer

from robust_matte.cli.app import app

# What an artist may type by mistake; what is not listed here takes no value.
NONSENSE = {
    "PLATE": [""],
    "--model": ["", "absent.pth"],
    "--refiner": ["sharp"],
    "--downsample": ["2", "half", "16px"],
    "--gain": ["bright", "40", "nan"],
    "--despill": ["red"],
    "--framing": ["wide"],
    "--roi": ["centre", "0,0,20", "0,0,24,8", "8,0,24,16", "640,60,512,960"],
    "--warm-up": ["many", "-1", "999"],
    "--plate-space": ["ACESg", "Raw"],
    "--output-space": ["scene_liner", "ARRI LogC4"],
    "--config": ["absent.ocio", "plate/shot.1001.exr"],
    "--layer": ["", "beauty"],
    "--view": ["", "left", "all"],
    "--nonfinite": ["ignore"],
    "--work-area": ["format"],
    "--garbage": ["", "absent.exr", "roto.####.exr"],
    "--core": ["", "absent.exr"],
    "--source-alpha": ["core"],
    "--matte-black": ["dark", "-0.1", "1"],
    "--matte-white": ["1.5", "0"],
    "--matte-gamma": ["0", "nan"],
    "--matte-grow": ["wide", "101"],
    "--matte-soften": ["-1", "inf"],
    "--frames": ["", "a-b", "1001,1003", "1009-", "2001-2010", "1-99999999", "1000-1003"],
    "--first-frame": ["first", "1001"],
    "--cuts": ["soon", "2000", "", "headers", "cut.edl"],
    "--cuts-rate": ["fast", "24df", "24"],
    "--cuts-at": ["start", "1001"],
    "--missing": ["skip"],
    "--output": ["", "matte.exr", "matte.####.tif"],
    "--format": ["tiff"],
    "--layers": ["all"],
    "--depth": ["16"],
    "--compression": ["dwaa"],
    "--hint-dir": ["plate/shot.1001.exr"],
    "--hint-depth": ["12"],
    "--contact-sheet": ["sheet.jpg", "plate/shot.1001.exr"],
    "--review": ["review.avi", "review", "plate"],
    "--review-over": ["plaid"],
    "--on-term": ["wait"],
    "--device": ["gpu", "cuda:9"],
    "--threads": ["all", "-1", "9999"],
    "--progress": ["bar"],
    "--job": ["job.json"],
    "--plan": ["plan.json"],
    "--bin": ["0"],
    "--segment": ["shot:0"],
    "--root": ["plates=/"],
}
SWITCHES = {
    "--cold",
    "--crop",
    "--invert-garbage",
    "--offline",
    "--overwrite",
    "--repin",
    "--verbose",
}
ROWS = [
    pytest.param([flag, value] if flag != "PLATE" else [], id=f"{flag} {value or repr(value)}")
    for flag, values in NONSENSE.items()
    for value in values
] + [
    pytest.param(["--source-alpha", "garbage"], id="an alpha the plate lacks"),
    pytest.param(["--invert-garbage"], id="no garbage to invert"),
    pytest.param(
        ["--cuts", "absent.edl", "--cuts-rate", "24"], id="an edit list that is not there"
    ),
    pytest.param(["--treads", "2"], id="an unknown flag"),
    pytest.param(["--cold=yes"], id="a switch with a value"),
]


@pytest.mark.parametrize("words", ROWS)
def test_row(words: list[str], show: Any, key_here: Any, check: Any) -> None:
    plate = show.frames()
    check(key_here(*([plate, *words] if words else [""])))
    assert not list(show.root.rglob("*_matte*"))


PAIRS = [
    pytest.param(["--framing", "full-body", "--downsample", "0.5"], id="two sizes of the view"),
    pytest.param(["--crop", "--format", "png"], id="a cropped PNG"),
]


@pytest.mark.parametrize("words", PAIRS)
def test_pair(words: list[str], show: Any, key_here: Any, check: Any) -> None:
    check(key_here(show.frames(), *words))
    assert not list(show.root.rglob("*_matte*"))


LAST = [pytest.param("--frames", id="a flag without its value")]


@pytest.mark.parametrize("flag", LAST)
def test_last_word(flag: str, show: Any, key_here: Any, check: Any) -> None:
    check(key_here(show.frames(), last=flag))


def test_every_flag_has_a_row() -> None:
    root: Any = typer.main.get_command(app)
    options = [one for one in root.commands["key"].params if one.param_type_name == "option"]
    switches = {one.opts[0] for one in options if one.is_flag}
    assert switches - {"--help"} == SWITCHES
    assert {one.opts[0] for one in options} - switches == NONSENSE.keys() - {"PLATE"}
