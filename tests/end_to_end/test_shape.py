"""`robust-matte shape`: finished files with another alpha, as `key` would have written them."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio
import pytest
from numpy.typing import NDArray

from robust_matte.cli.app import main
from robust_matte.errors import InputError, SettingsError, WouldOverwriteError, WriteError
from robust_matte.jobs.key import key
from robust_matte.jobs.shape import shape
from robust_matte.settings.shape_settings import ShapeSettings

Image = NDArray[np.float32]
Layers = dict[str, Image]

HEIGHT, WIDTH = 40, 64
NUMBERS = (1001, 1002, 1003)
FLAGS = {"matte_black": 0.05, "matte_white": 0.9, "matte_grow": 1.5, "matte_soften": 1.0}
OTHER = {"matte_gamma": 1.3, "matte_grow": -0.75}
LOWER = {"matte_black": 0.1, "matte_gamma": 0.8, "matte_grow": -1.25}
SOLID = 0.95  # alpha above which the foreground turns to the plate


@pytest.fixture
def truth() -> tuple[Image, Image]:
    """A foreground and a soft disc, cut off by the left border."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    alpha = np.clip((18.0 - np.hypot(x - 12.0, y - 20.0)) / 6.0, 0.0, 1.0)
    fgr = np.stack([0.2 + x / 100, 0.6 - y / 200, 0.3 + 0 * x], axis=2)
    return fgr.astype(np.float32), alpha.astype(np.float32)


@pytest.fixture
def frames(moving_frames: Any) -> dict[int, Image]:
    numbers = range(NUMBERS[0], NUMBERS[-1] + 1)
    return dict(moving_frames(numbers, height=HEIGHT, width=WIDTH))


@pytest.fixture
def keyed(
    truth: tuple[Image, Image],
    frames: dict[int, Image],
    settings: Any,
    write_exr_plate: Any,
    fake_model: Any,
    tmp_path: Path,
) -> Callable[..., Path]:
    """Key the disc over a moving plate into a folder, and return it."""
    plate = write_exr_plate(frames, compression="zip", framesPerSecond=24.0, shotCode="sh010")

    def run(name: str, **values: Any) -> Path:
        out = tmp_path / name
        region = values.get("roi")
        part: Any = np.s_[:, :]
        if region is not None:
            x, y, width, height = (int(one) for one in region.split(","))
            part = np.s_[y : y + height, x : x + width]
        fake = fake_model(lambda _: (truth[0][part].copy(), truth[1][part].copy()))
        key(settings(plate, output=str(out), warm_up=0, **values), open_model=fake)
        return out

    return run


def _parts(folder: Path, number: int = 1002) -> Layers:
    """Read all channels of a file with OpenImageIO, those of parts by the part's number."""
    path = folder / f"shot_matte.{number}.exr"
    found: Layers = {}
    image = oiio.ImageInput.open(str(path))
    assert image is not None, oiio.geterror()
    part = 0
    while image.seek_subimage(part, 0):
        spec = image.spec()
        pixels = image.read_image(part, 0, 0, spec.nchannels, oiio.FLOAT)
        assert pixels is not None
        window = np.array([spec.x, spec.y, spec.width, spec.height], np.float32)
        found[f"{part} window"] = window
        for at, name in enumerate(spec.channelnames):
            found[f"{part} {name}"] = pixels[..., at]
        part += 1
    image.close()
    return found


def _same(got: Path, wanted: Path) -> None:
    for number in NUMBERS:
        here, there = _parts(got, number), _parts(wanted, number)
        assert here.keys() == there.keys()
        for name in here:
            np.testing.assert_array_equal(here[name], there[name], err_msg=f"{number} {name}")


def _same_but_solid(
    got: Path, wanted: Path, alpha: Image, frames: dict[int, Image], tolerance: float
) -> None:
    """Compare with what `key` wrote, which weighed the plate's colour where alpha was raised.

    Weighed here by an alpha that was rounded for the file: the weight is 30 times as steep as it.
    """

    def weight(values: Image) -> Image:
        step = np.clip((values.astype(float) - SOLID) / (1.0 - SOLID), 0.0, 1.0)
        return np.asarray(1.0 - step * step * (3.0 - 2.0 * step), np.float32)

    for number in NUMBERS:
        here, there = _parts(got, number), _parts(wanted, number)
        assert here.keys() == there.keys()
        shaped = here["0 A"]
        is_solid = (shaped > np.maximum(alpha, SOLID)) & (alpha > 0.0)
        assert is_solid.any()
        prefix = "2 " if "2 R" in here else "0 foreground."
        for name in here:
            if here[name].shape == shaped.shape:
                here_, there_ = here[name][~is_solid], there[name][~is_solid]
                np.testing.assert_array_equal(here_, there_, err_msg=f"{number} {name}")
        share = weight(shaped[is_solid]) / weight(alpha[is_solid])
        for index, name in enumerate("RGB"):
            plate = frames[number][..., index][is_solid]
            kept = here[f"{prefix}{name}"][is_solid]
            turned = plate + share * (kept - plate)
            told = there[f"{prefix}{name}"][is_solid]
            np.testing.assert_allclose(told, turned, atol=tolerance)


def _texts(folder: Path, number: int = 1002) -> dict[str, Any]:
    image = oiio.ImageInput.open(str(folder / f"shot_matte.{number}.exr"))
    assert image is not None, oiio.geterror()
    found = {one.name: one.value for one in image.spec().extra_attribs}
    image.close()
    return found


HOW = [
    pytest.param({}, id="combined"),
    pytest.param({"depth": "float", "compression": "zip"}, id="float"),
    pytest.param({"layers": "multipart"}, id="multipart"),
    pytest.param({"roi": "4,2,30,36"}, id="region"),
]


@pytest.mark.parametrize("how", HOW)
def test_files_are_those_of_key_with_the_same_flags(
    how: dict[str, Any], keyed: Any, tmp_path: Path
) -> None:
    """To the bit, where alpha is not raised."""
    done = shape(ShapeSettings(result=keyed("plain", **how), output=tmp_path / "new", **LOWER))
    assert (done.written, done.kept) == (3, 0)
    _same(tmp_path / "new", keyed("wanted", **how, **LOWER))


@pytest.mark.parametrize("how", HOW)
def test_raised_alpha_is_that_of_key_and_colour_the_foregrounds(
    how: dict[str, Any],
    keyed: Any,
    truth: tuple[Image, Image],
    frames: dict[int, Image],
    tmp_path: Path,
) -> None:
    result, wanted = keyed("plain", **how), keyed("wanted", **how, **FLAGS)
    shape(ShapeSettings(result=result, output=tmp_path / "new", **FLAGS))
    alpha = truth[1].copy()
    if "roi" in how:
        alpha[:2], alpha[38:], alpha[:, :4], alpha[:, 34:] = 0.0, 0.0, 0.0, 0.0
    tolerance = 1e-4 if how.get("depth") == "float" else 1e-2
    _same_but_solid(tmp_path / "new", wanted, alpha, frames, tolerance)


@pytest.mark.parametrize(
    ("flag", "holds"),
    [
        pytest.param({"matte_black": 0.3}, lambda old, new: new <= old, id="black"),
        pytest.param({"matte_white": 0.7}, lambda old, new: new >= old, id="white"),
        pytest.param({"matte_gamma": 1.4}, lambda old, new: new >= old, id="gamma"),
        pytest.param({"matte_grow": 1.5}, lambda old, new: new >= old, id="grow"),
        pytest.param({"matte_grow": -1.5}, lambda old, new: new <= old, id="shrink"),
        pytest.param({"matte_soften": 2.0}, lambda old, new: abs(new - old) < 0.4, id="soften"),
    ],
)
def test_each_flag_changes_the_alpha_as_it_says_and_nothing_else(
    flag: dict[str, Any], holds: Callable[[Image, Image], Image], keyed: Any
) -> None:
    plain, flagged = keyed("plain"), keyed("flagged", **flag)
    old, new = _parts(plain), _parts(flagged)
    is_solid = new["0 A"] > np.maximum(old["0 A"], SOLID)  # there the foreground is the plate's
    planes = [name for name in old if old[name].shape == is_solid.shape]
    changed = {name for name in planes if (old[name] != new[name])[~is_solid].any()}
    assert changed == {"0 R", "0 G", "0 B", "0 A"}
    np.testing.assert_array_equal(old["0 matte.A"], new["0 matte.A"])
    assert np.all(holds(old["0 A"], new["0 A"]))
    assert new["0 A"].min() == 0.0
    assert new["0 A"].max() == 1.0
    for name in "RGB":
        colour = new[f"0 foreground.{name}"] * new["0 A"]
        np.testing.assert_allclose(new[f"0 {name}"], colour, rtol=2.0**-10, atol=2.0**-24)
    said = {name for name, text in _texts(flagged).items() if _texts(plain).get(name) != text}
    assert said == {"robust_matte/job", "robust_matte/shaping"}


@pytest.mark.parametrize("flags", [{}, LOWER], ids=["undone", "others"])
def test_flags_do_not_add_up(flags: dict[str, Any], keyed: Any, tmp_path: Path) -> None:
    """From what was shaped already: as if it had never been."""
    first = {"matte_grow": -3.0, "matte_black": 0.2}
    shape(ShapeSettings(result=keyed("shaped", **first), output=tmp_path / "new", **flags))
    wanted = keyed("wanted", **flags)
    if flags:
        _same(tmp_path / "new", wanted)
        return
    got, true = _parts(tmp_path / "new"), _parts(wanted)
    for name in got:  # colour and alpha are each rounded to half before they are multiplied
        tolerance = 2.0**-9 if name in ("0 R", "0 G", "0 B") else 0.0
        np.testing.assert_allclose(got[name], true[name], rtol=tolerance, err_msg=name)


def test_cropped_files_are_cropped_anew(keyed: Any, tmp_path: Path) -> None:
    result = keyed("plain", crop=True)
    flags = {"matte_grow": -4.0, "matte_black": 0.1}
    shape(ShapeSettings(result=result, output=tmp_path / "new", **flags))
    _same(tmp_path / "new", keyed("wanted", crop=True, **flags))


def test_a_cropped_file_has_no_colour_to_grow_into(keyed: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="was cropped to its alpha"):
        shape(ShapeSettings(result=keyed("plain", crop=True), output=tmp_path / "new", **FLAGS))
    assert not (tmp_path / "new").exists()


@pytest.fixture
def masks(tmp_path: Path) -> dict[str, str]:
    """A soft garbage on the left and a core in the middle, as stills."""
    garbage, core = np.zeros((2, HEIGHT, WIDTH, 1), np.float32)
    garbage[:, :6], garbage[:, 6:9] = 1.0, 0.3
    core[18:22, 8:30] = 1.0
    paths = {}
    for name, pixels in (("garbage", garbage), ("core", core)):
        paths[name] = str(tmp_path / f"{name}.exr")
        image = oiio.ImageOutput.create(paths[name])
        assert image is not None
        assert image.open(paths[name], oiio.ImageSpec(WIDTH, HEIGHT, 1, "half"))
        assert image.write_image(pixels)
        image.close()
    return paths


def test_garbage_and_core_stay_where_nothing_was_shaped(
    keyed: Any, masks: dict[str, str], tmp_path: Path
) -> None:
    result = keyed("plain", **masks)
    shape(ShapeSettings(result=result, output=tmp_path / "new", **LOWER))
    _same(tmp_path / "new", keyed("wanted", **masks, **LOWER))
    assert _texts(tmp_path / "new")["robust_matte/core"] == "core.exr"


def test_garbage_and_core_are_given_again_where_it_was_shaped(
    keyed: Any, masks: dict[str, str], tmp_path: Path
) -> None:
    result = keyed("shaped", **masks, matte_grow=-1.0)
    new = tmp_path / "new"
    with pytest.raises(SettingsError, match="was shaped after its core, garbage"):
        shape(ShapeSettings(result=result, output=new, **OTHER))
    with pytest.raises(SettingsError, match=r"keyed with the garbage garbage\.exr, not core\.exr"):
        shape(ShapeSettings(result=result, output=new, **OTHER, garbage=masks["core"]))
    assert not new.exists()
    shape(ShapeSettings(result=result, output=new, **LOWER, **masks))
    wanted = keyed("wanted", **masks, **LOWER)
    for name, plane in _parts(new).items():  # of an alpha that was rounded before the garbage
        np.testing.assert_allclose(plane, _parts(wanted)[name], atol=2.0**-9, err_msg=name)


def test_garbage_for_a_result_without_any_is_refused(
    keyed: Any, masks: dict[str, str], tmp_path: Path
) -> None:
    new = tmp_path / "new"
    with pytest.raises(SettingsError, match=r"keyed with the core none, not core\.exr"):
        shape(ShapeSettings(result=keyed("plain"), output=new, core=masks["core"]))


def test_a_shaped_multipart_file_has_lost_the_networks_alpha(keyed: Any, tmp_path: Path) -> None:
    result = keyed("shaped", layers="multipart", **FLAGS)
    with pytest.raises(InputError, match="does not hold the network's alpha"):
        shape(ShapeSettings(result=result, output=tmp_path / "new", **OTHER))


def test_attributes_stay_and_say_what_was_done(keyed: Any, tmp_path: Path) -> None:
    result, new = keyed("plain"), tmp_path / "new"
    shape(ShapeSettings(result=result, output=new, **FLAGS))
    old, said = _texts(result), _texts(new)
    changed = {"robust_matte/job", "robust_matte/shaping", "robust_matte/shaped_from"}
    assert {name for name in old | said if old.get(name) != said.get(name)} == changed
    assert said["robust_matte/shaping"] == "black 0.05, white 0.9, grow 1.5, soften 1"
    assert said["robust_matte/shaped_from"] == old["robust_matte/job"]
    assert said["shotCode"] == "sh010"


def test_in_place_needs_a_word_and_goes_on_where_it_was_stopped(keyed: Any) -> None:
    result = keyed("plain")
    wanted = keyed("wanted", **LOWER)
    with pytest.raises(SettingsError, match="in place replaces its alpha and colour"):
        shape(ShapeSettings(result=result, **LOWER))
    settings = ShapeSettings(result=result, **LOWER, overwrite=True)
    plain = (result / "shot_matte.1002.exr").read_bytes()
    shape(settings)
    whole = {path.name: path.read_bytes() for path in result.glob("*.exr")}
    (result / "shot_matte.1002.exr").write_bytes(plain)  # as a killed run would have left it
    done = shape(settings)
    assert (done.written, done.kept) == (1, 2)
    assert {path.name: path.read_bytes() for path in result.glob("*.exr")} == whole
    _same(result, wanted)
    assert sorted(path.name for path in result.iterdir() if path.is_file()) == sorted(whole)


def test_what_is_there_is_left_alone_and_what_is_damaged_made_again(
    keyed: Any, tmp_path: Path
) -> None:
    settings = ShapeSettings(result=keyed("plain"), output=tmp_path / "new", **FLAGS)
    shape(settings)
    path = tmp_path / "new" / "shot_matte.1003.exr"
    whole = path.read_bytes()
    path.write_bytes(whole[:-200])
    done = shape(settings)
    assert (done.written, done.kept) == (1, 2)
    assert path.read_bytes() == whole


def test_other_files_are_not_replaced(keyed: Any, tmp_path: Path) -> None:
    result, new = keyed("plain"), tmp_path / "new"
    shape(ShapeSettings(result=result, output=new, **FLAGS))
    with pytest.raises(WouldOverwriteError, match="was not shaped like this"):
        shape(ShapeSettings(result=result, output=new, **OTHER))
    with pytest.raises(SettingsError, match="in place"):
        shape(ShapeSettings(result=result, output=result / "shot_matte.####.exr", **OTHER))
    shape(ShapeSettings(result=result, output=new, **LOWER, overwrite=True))
    _same(new, keyed("wanted", **LOWER))


def test_a_full_disk_leaves_no_half_file(keyed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    result = keyed("plain")
    before = {path: path.read_bytes() for path in result.glob("*.exr")}

    def fail(*_: Any, **__: Any) -> None:
        raise WriteError("no room")

    monkeypatch.setattr("robust_matte.media.exr_write.write_atomically", fail)
    with pytest.raises(WriteError):
        shape(ShapeSettings(result=result, **FLAGS, overwrite=True))
    assert {path: path.read_bytes() for path in result.glob("*.exr")} == before


@pytest.mark.parametrize("kind", ["plate", "separate"])
def test_other_exr_files_are_told_apart(kind: str, keyed: Any, tmp_path: Path) -> None:
    result = keyed("plain", layers="separate") / "rgba"
    if kind == "plate":
        result = tmp_path / "plate"
    with pytest.raises(InputError, match="is no EXR of robust-matte key with alpha and"):
        shape(ShapeSettings(result=result, output=tmp_path / "new", **FLAGS))


def test_the_command_says_what_it_did(
    keyed: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["shape", str(keyed("plain")), "-o", str(tmp_path / "new.####.exr")]
    flags = ["--matte-grow", "-1.5", "--matte-white", "0.9", "--progress", "none"]
    monkeypatch.setattr(sys, "argv", ["robust-matte", *words, *flags])
    with pytest.raises(SystemExit) as end:
        main()
    assert not end.value.code
    said = capsys.readouterr().out
    assert "white 0.9, grow -1.5" in said
    assert "3 written" in said
    assert (tmp_path / "new.1003.exr").exists()
