"""What an artist sees of bakes that run, end, fail and are given up; the worker is the stand-in.

One process of each version goes through the cases (scripts/states.py); the tests judge what was
drawn, and what is left on disk.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio
import pytest

SCRIPTS = Path(__file__).with_name("scripts")
CASES = (
    *("panel", "failures", "cancel", "script", "clear", "polls", "preferences", "twice", "load"),
    *("names", "waiting", "shown", "kept", "away", "taken", "command", "codes"),
)
Run = Callable[..., Any]


@pytest.fixture
def stub() -> dict[str, str]:
    """The variables by which the stand-in is the worker."""
    file = Path(__file__).with_name("stub_worker.py")
    return {"ROBUST_MATTE_WORKER": f'"{sys.executable}" "{file}"'}


@pytest.fixture
def plate(tmp_path: Path) -> Path:
    folder = tmp_path / "plate"
    folder.mkdir()
    for number in range(1001, 1005):
        image = oiio.ImageBuf(np.full((12, 16, 3), 0.5, np.float32))
        assert image.write(str(folder / f"p.{number}.exr"))
    return folder


def test_what_the_artist_sees(
    blender: Path,
    extension: Any,
    run_in_blender: Run,
    stub: dict[str, str],
    plate: Path,
    tmp_path: Path,
) -> None:
    script = SCRIPTS / "states.py"
    out = tmp_path / "out"
    out.mkdir()
    told = run_in_blender(
        blender, script, plate, out, *CASES, extension=extension, environment=stub
    ).found()
    for case in CASES:
        globals()[f"judge_{case}"](told[case])


@pytest.mark.parametrize(
    ("ending", "code"),
    [
        pytest.param("SIGKILL", -9, id="killed"),
        pytest.param("SIGTERM", -15, id="terminated", marks=pytest.mark.full),
        pytest.param("exit", 5, id="ended", marks=pytest.mark.full),
    ],
)
def test_nothing_is_left_of_a_blender_that_goes(
    blender: Path,
    extension: Any,
    run_in_blender: Run,
    stub: dict[str, str],
    plate: Path,
    tmp_path: Path,
    ending: str,
    code: int,
) -> None:
    """That no process is left is seen by `run_in_blender`."""
    variables = {**stub, "ENDING": ending}
    script = SCRIPTS / "states.py"
    ran = run_in_blender(
        blender,
        script,
        plate,
        tmp_path,
        "quit",
        extension=extension,
        environment=variables,
        code=code,
    )
    (line,) = [one for one in ran.text.splitlines() if one.startswith("BAKES ")]
    (folder,) = Path(line.removeprefix("BAKES ")).iterdir()
    pictures = sorted(path.name for path in folder.iterdir() if ".exr" in path.name)
    assert pictures[0] == "p_matte.1001.exr"
    for name in pictures:
        assert oiio.ImageBuf(str(folder / name)).initialized  # whole, and under its own name
        assert name.startswith("p_matte.")


def judge_names(told: list[Any]) -> None:
    assert told == ["sh1001_p_matte.####.exr", ["sh1001_p_matte.1001.exr"]]


def judge_kept(told: dict[str, Any]) -> None:
    baked = "Shows the bake of 1001-1004 (scene frames 1-4)"
    changed = "The plate was changed or moved since: bake again."
    assert told["baked"][-1] == told["back"][-1] == told["saved"][-1] == baked
    assert told["previewed"][-2].startswith("Shows a preview of plate frame 1003")
    assert told["previewed"][-1] == "(Show Bake)"
    for name in ("frame_start", "frame_duration", "rendered first"):
        assert told[name][-1] == changed, name
    assert changed not in told["as before"]
    for number in range(1, 5):
        made = Path(told["bake"]) / f"p_matte.{1000 + number}.exr"
        wanted = np.asarray(oiio.ImageBuf(str(made)).get_pixels(oiio.FLOAT))[..., :4]
        file = made.parents[3] / "kept" / f"Image_{number:04d}.exr"
        found = np.asarray(oiio.ImageBuf(str(file)).get_pixels(oiio.FLOAT))
        np.testing.assert_array_equal(found, wanted)
        assert (wanted[..., 3] != 1).any()


def judge_away(told: dict[str, Any]) -> None:
    waits = "Not baked: the node passes its input through."
    assert told["raw"][-1] == waits
    assert told["away"][-2:] == [waits, "(Show Bake)"]
    assert told["there again"][-1] == "Shows the bake of 1001-1004 (scene frames 1-4)"


def judge_panel(told: dict[str, list[str]]) -> None:
    buttons = ["(Bake)", "(Preview)", "(Quick Preview)"]
    waits = "Not baked: the node passes its input through."
    assert told["no node"] == ["Select a Robust Matte node, or add one.", "(Add Robust Matte)"]
    assert told["no source"] == ["(Look Again)", "Connect a plate to Image.", *buttons, waits]
    source = ["(Look Again)", "p.####.exr 1001-1004, directly"]
    assert told["ready"] == [*source, *buttons, waits]
    stays = ["(Preview)", "(Quick Preview)"]
    assert told["queued"][2:] == ["[0%]", "(Cancel)", *stays, "Starts the worker", waits]
    assert told["running"][2].startswith("[")
    assert "s left]" in told["running"][2]
    assert told["running"][3:6] == ["(Cancel)", *stays]
    assert told["running"][6].startswith("Frame 1002, 2 of 4")
    assert told["running"][7:] == [waits]
    assert told["done"][5].startswith("Baked 1001-1004")
    assert told["done"][6:] == ["Shows the bake of 1001-1004 (scene frames 1-4)"]
    assert told["changed"][6:] == [
        "Shows the bake of 1001-1004 (scene frames 1-4)",
        "Settings were changed since: bake again.",
    ]
    assert told["preview"][5:] == [
        "Shows a preview of plate frame 1003 (scene frame 3), approximate",
        "(Show Bake)",
    ]
    # What warns is below all that is pressed, and names settings as the panel does.
    assert told["warned"] == ["The stub warns; Model or --nonfinite changes that."]
    assert "Another node shares these settings and this bake." in told["shared"]
    assert "(Make Single User)" in told["shared"]
    assert told["matte"][:3] == ["Range = PLATE", "Model = auto", "Cuts = auto"]
    assert told["colour"][-1] == "Read as: lin_rec709_scene"
    assert told["advanced"] == ["Gain = 0", "Warm-up = 16", "Downsample = auto"]
    assert told["output"][1:] == ["Empty: the cache folder", "(Reveal Files)", "(Clear Old Bakes)"]


def judge_failures(told: dict[str, Any]) -> None:
    said = {
        "die:1003": ["exit code 3"],
        "kill:1003": ["signal"],
        "full:1003": ["is full", "Free some space"],
        "model": ["weights"],
        "missing": ["nowhere", "is not there or cannot be run"],
    }
    for fault, words in said.items():
        text = " ".join(told[fault]["drawn"])
        for word in words:
            assert word in text, (fault, told[fault]["drawn"])
        assert "Not baked: the node passes its input through." in text
        assert "(Bake)" in told[fault]["drawn"]
        assert not told[fault].get("wired")
        pictures = [name for name in told[fault]["files"] if ".exr" in name]
        wanted = ["p_matte.1001.exr", "p_matte.1002.exr"] if ":" in fault else []
        assert [Path(name).name for name in pictures] == wanted  # whole ones alone
    assert told["missing"]["files"] == []


def judge_cancel(told: dict[str, Any]) -> None:
    assert "Stops after this frame" in told["stopping"]
    assert "(Cancel)" not in told["stopped"]
    assert told["stopped"][5].startswith("Stopped")
    assert told["stopped"][-1] == "Not baked: the node passes its input through."
    assert "Finished frames are kept: press Bake to go on." in told["stopped"]
    pictures = [Path(name).name for name in told["files"] if ".exr" in name]
    assert pictures in (
        [f"p_matte.{number}.exr" for number in numbers]
        for numbers in ((1001, 1002), (1001, 1002, 1003))
    )
    assert told["wired"] is False
    assert told["again"][6:] == ["Shows the bake of 1001-1004 (scene frames 1-4)"]
    assert told["again"][5].endswith(" were there.")
    assert told["bad gain"] == [
        '"dark" is nothing that Gain takes.',
        "Write auto, or stops from -20 to 20 such as 3 or -1.5.",
    ]


def judge_script(told: dict[str, Any]) -> None:
    assert told["bake"] == ["FINISHED"]
    assert "is full" in told["full disk"]
    assert "Free some space" in told["full disk"]
    assert 'has no Robust Matte node "Other"' in told["no such node"]


def judge_clear(told: dict[str, Any]) -> None:
    assert told["kept"] is True
    assert told["foreign"] == ["notes.txt", "robust_matte_bake.json"]
    assert (told["first"], told["second"], told["beside"]) == (False, 4, "robust_matte")


def judge_polls(told: dict[str, bool]) -> None:
    live = {name for name, answer in told.items() if answer}
    assert live == {
        *("ready bake", "ready preview", "baked bake", "baked preview", "baked reveal"),
        *("shared bake", "shared preview", "shared reveal", "shared single_user"),
    }


def judge_twice(told: list[list[str]]) -> None:
    assert told == [[], ["True"], [], ["True"], []]


def judge_waiting(told: dict[str, Any]) -> None:
    assert told["phases"] == ["done", "done", "failed"]
    assert told["what"].startswith('The node "Robust Matte')
    assert told["what"].endswith("was removed while it was worked on.")
    assert told["seen"] == 1
    assert (told["timer"], told["left"]) == ([True, False], 0)


def judge_shown(told: list[Any]) -> None:
    assert told == [True, ["FINISHED"], False]


def judge_taken(told: list[Any]) -> None:
    ran, folders = told
    first = ran[0][2]
    names = [first, f"{first}_2", f"{first}_3"]
    assert [one[2] for one in ran] == [*names, names[2]]  # what was shown stays
    assert [one[0] for one in ran] == ["done", "done", "done", "failed"]
    assert ran[3][1] == "Free some space or choose another output folder."
    assert folders == [*names, f"{first}_4"]  # a full disk is no reason for one more


def judge_command(told: dict[str, Any]) -> None:
    assert told["codes"] == [0, 7, 7]
    assert told["frames"] == ["1001-1004"]
    assert told["same"] is True  # nothing was baked before the fault was seen
    assert "belongs to the library" in told["said"][0]
    assert told["said"][0].startswith("warning: ")


def judge_codes(told: dict[str, Any]) -> None:
    codes = {"folder": 6, "plate": 3, "frames": 4, "model": 5, "worker": 7, "both": 0}
    assert {name: told[name] for name in codes} == codes, told["said"]
    assert told["left"] == []  # a bake that is refused leaves no folder
    said = "\n".join(told["said"])
    assert "this is no worker" in said
    for name in ("Robust Matte", "Second"):
        assert f'Robust Matte, node "{name}": 100% Baked 1001-1004' in said
    assert 'node "Second":   0% Starts the worker' not in said  # it is the first one's


def judge_load(told: list[Any]) -> None:
    assert told == ["cancelled", False]


def judge_preferences(told: list[list[str]]) -> None:
    works, missing = told
    assert works[:5] == [
        "Worker = ",
        "Device = auto",
        "Cache Folder = ",
        "Keep Worker Warm (min) = 10",
        "(Test Worker)",
    ]
    assert works[5].startswith("Worker 0.")
    assert works[6].startswith("Devices: ")
    assert "draft" in works[7]
    text = " ".join(missing)
    assert "nowhere, which is chosen in the preferences, is not there" in text
