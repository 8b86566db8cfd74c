"""The demo as a user runs it, once, on a machine that has nothing but the program.

demo/                          what `robust-matte demo -o demo` made, with the weights in the wheel
├── plate/astronaut.1001.exr … 48 frames
├── matte/astronaut_matte.1001.exr …
├── contact_sheet.png
└── review.mp4
tests/data/astronaut_frame0.png  the person of frame 1001, traced by hand
"""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import OpenImageIO as oiio
import pytest
from numpy.typing import NDArray

from robust_matte.cli.app import main
from robust_matte.jobs.demo import demo_settings
from robust_matte.jobs.key import key

Image = NDArray[np.float32]
Run = Callable[..., subprocess.CompletedProcess[str]]

NUMBERS = range(1001, 1049)
HALF_STEP = 2.0**-11  # the largest relative error of rounding to half
COMBINED = {"R", "G", "B", "A", "foreground.R", "foreground.G", "foreground.B", "matte.A"}


@dataclass(frozen=True, slots=True)
class Demo:
    """What one run made and said."""

    folder: Path
    out: str

    def plate(self, number: int) -> dict[str, Image]:
        return read(self.folder / "plate" / f"astronaut.{number}.exr")

    def matte(self, number: int) -> dict[str, Image]:
        return read(self.folder / "matte" / f"astronaut_matte.{number}.exr")


def read(path: Path) -> dict[str, Image]:
    """Return the channels of a file, through OpenImageIO, which did not write it."""
    image = oiio.ImageBuf(str(path))
    assert not image.has_error, image.geterror()
    pixels = np.asarray(image.get_pixels(oiio.FLOAT), np.float32)
    return {name: pixels[..., at] for at, name in enumerate(image.spec().channelnames)}


def overlap(alpha: Image, truth: NDArray[np.bool_]) -> float:
    """Return intersection over union of what is more than half opaque."""
    found = alpha > 0.5
    return float((found & truth).sum() / (found | truth).sum())


@pytest.fixture(scope="session")
def run_program(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Run robust-matte in a folder of its own, with no weights but those that come along."""
    home = tmp_path_factory.mktemp("home")
    kept = {name: text for name, text in os.environ.items() if not name.startswith("ROBUST_MATTE")}
    environment = kept | {
        "PYTHONPATH": os.pathsep.join(str(root / folder) for folder in ("plugin", "rvm")),
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / "cache"),
        "WIN_PD_OVERRIDE_LOCAL_APPDATA": str(home / "cache"),
        "http_proxy": "http://127.0.0.1:9",  # what asks the network fails
        "https_proxy": "http://127.0.0.1:9",
    }

    def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "robust_matte", *map(str, words)],
            cwd=home,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def demo(run_program: Run, tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The demo, run once for all tests."""
    folder = tmp_path_factory.mktemp("demo") / "demo"
    done = run_program("demo", "-o", folder)
    assert done.returncode == 0, done.stderr
    return Demo(folder, done.stdout)


@pytest.fixture(scope="session")
def truth(root: Path) -> NDArray[np.bool_]:
    """The person of frame 1001, traced by hand."""
    (grey,) = read(root / "tests" / "data" / "astronaut_frame0.png").values()
    mask: NDArray[np.bool_] = grey > 0.5
    assert 0.3 < mask.mean() < 0.5
    return mask


# --- what is written


def test_every_frame_of_the_plate_has_a_matte(demo: Demo) -> None:
    plates = sorted(path.name for path in (demo.folder / "plate").iterdir())
    assert plates == [f"astronaut.{number}.exr" for number in NUMBERS]
    mattes = sorted(path.name for path in (demo.folder / "matte").glob("*.exr"))
    assert mattes == [f"astronaut_matte.{number}.exr" for number in NUMBERS]


@pytest.mark.parametrize("number", [1001, 1024, 1048])
def test_layers_fit_each_other_and_the_plate(demo: Demo, number: int) -> None:
    plate, matte = demo.plate(number), demo.matte(number)
    assert set(matte) == COMBINED
    alpha = matte["A"]
    assert alpha.shape == plate["R"].shape == (540, 960)
    assert 0.0 <= alpha.min() <= alpha.max() <= 1.0
    np.testing.assert_array_equal(matte["matte.A"], alpha)
    for channel in "RGB":
        straight = matte[f"foreground.{channel}"]
        assert straight.max() > 0.5
        # each factor was rounded to half, and so was the product
        error = np.abs(matte[channel] - straight * alpha)
        assert (error <= 4 * HALF_STEP * np.abs(straight) * alpha + 1e-6).all()
        # an alpha of 0.9998 is 1 in a half file, and its product a step below the plate
        opaque = alpha == 1.0
        np.testing.assert_allclose(
            matte[channel][opaque], plate[channel][opaque], rtol=2 * HALF_STEP, atol=1e-6
        )
        assert not matte[channel][alpha == 0.0].any()


def test_files_name_model_and_origin(demo: Demo) -> None:
    image = oiio.ImageBuf(str(demo.folder / "matte" / "astronaut_matte.1001.exr"))
    spec = image.spec()
    assert spec.get_string_attribute("robust_matte/model") == "draft"
    assert "public domain" in spec.get_string_attribute("Copyright")
    assert spec.get_string_attribute("robust_matte/demo") == ""


def test_contact_sheet_shows_plate_and_result(demo: Demo) -> None:
    sheet = np.stack(list(read(demo.folder / "contact_sheet.png").values()), axis=2)
    height, width, _ = sheet.shape
    assert (width, height) == (1320, 1318)
    for column in range(4):
        tile = sheet[80:220, 10 + column * 328 : 320 + column * 328]
        assert tile.std() > 0.02, f"column {column}"


def test_review_shows_every_frame(demo: Demo) -> None:
    with av.open(str(demo.folder / "review.mp4")) as movie:
        stream = movie.streams.video[0]
        assert stream.average_rate == 24
        pictures = [frame.to_ndarray(format="rgb24") for frame in movie.decode(stream)]
    assert len(pictures) == len(NUMBERS)
    assert pictures[0].shape == (540, 960, 3)
    assert all(picture.std() > 10 for picture in pictures)
    assert np.abs(pictures[0].astype(int) - pictures[-1]).mean() > 2


def test_what_is_printed_is_there_and_leads_on(demo: Demo) -> None:
    rows = dict(line.split(maxsplit=1) for line in demo.out.splitlines() if line[0] != " ")
    assert rows["plate"] == str(demo.folder / "plate" / "astronaut.####.exr")
    assert rows["rgba"] == str(demo.folder / "matte" / "astronaut_matte.####.exr")
    assert Path(rows["review"]) == demo.folder / "review.mp4"
    assert f"{demo.folder / 'contact_sheet.png'}, then" in rows["look"]
    assert "48 written; the plate has 1 segment" in rows["frames"]
    assert f"{sys.executable} -m robust_matte key CLIP" in rows["try"]


# --- how good it is


def test_draft_finds_the_astronaut(demo: Demo, truth: NDArray[np.bool_]) -> None:
    assert overlap(demo.matte(1001)["A"], truth) >= 0.95


@pytest.mark.media
def test_the_teacher_agrees_with_the_hand_drawn_mask(
    demo: Demo, truth: NDArray[np.bool_], media: Path, tmp_path: Path
) -> None:
    weights = media / "weights" / "rvm_mobilenetv3_web.safetensors"
    changes = {"output": str(tmp_path), "frames": "1001", "contact_sheet": "none", "review": None}
    settings = demo_settings(demo.folder, model=str(weights)).model_copy(update=changes)
    key(settings)
    assert overlap(read(tmp_path / "astronaut_matte.1001.exr")["A"], truth) >= 0.95


# --- running it again, and where it cannot run


def test_a_second_run_says_that_it_is_done(demo: Demo, run_program: Run) -> None:
    files = list(demo.folder.rglob("*.exr"))
    before = {path: path.stat().st_mtime_ns for path in files}
    done = run_program("demo", "-o", demo.folder)
    assert done.returncode == 0, done.stderr
    assert "0 written, 48 right already" in done.stdout
    assert {path: path.stat().st_mtime_ns for path in files} == before


def refuse(*words: str | Path) -> int:
    """Run the command line here and return how it ends."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["robust-matte", "demo", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.mark.parametrize(
    ("place", "what"),
    [
        pytest.param("file/demo", "a part of its folder's name is a file", id="below a file"),
        pytest.param("taken", "is no frame of this demo", id="foreign frame"),
    ],
)
def test_a_place_that_cannot_be_used_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], place: str, what: str
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "taken" / "plate").mkdir(parents=True)
    (tmp_path / "taken" / "plate" / "astronaut.1001.exr").write_bytes(b"somebody's")
    assert refuse("-o", tmp_path / place, "--progress", "none") == 6
    said = capsys.readouterr()
    assert what in said.err
    assert len(said.err.splitlines()) == 2
    assert said.out == ""


def test_a_setting_that_is_none_is_refused_before_anything_is_drawn(tmp_path: Path) -> None:
    assert refuse("-o", tmp_path / "demo", "--device", "gpu") == 2
    assert not (tmp_path / "demo").exists()


def test_without_the_extra_nothing_is_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "skimage", None)
    assert refuse("-o", tmp_path / "demo") == 7
    assert 'pip install "robust-matte[demo]"' in capsys.readouterr().err
    assert not (tmp_path / "demo").exists()
