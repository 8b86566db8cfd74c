"""`--review`: made of finished frames, checked before anything is keyed, remade at will."""

import json
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from robust_matte.cli.app import main
from robust_matte.errors import SettingsError, WouldOverwriteError, WriteError
from robust_matte.jobs.key import key
from robust_matte.jobs.progress import Event, FrameWritten, StageReached

GREEN = (0, 177, 64)
TOLERANCE = 3  # of 255: 8 bits, 4:2:0, H.264 at crf 16


def _codes(path: Path) -> list[NDArray[np.float64]]:
    """Decode a movie to R'G'B' of 255, by BT.709-6's own equations."""
    found = []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            planes = []
            for plane in frame.planes:
                rows = np.frombuffer(memoryview(plane), np.uint8)
                rows = rows.reshape(plane.height, plane.line_size)[:, : plane.width]
                planes.append(rows.astype(np.float64))
            y = (planes[0] - 16) / 219
            cb, cr = (plane.repeat(2, 0).repeat(2, 1) / 224 - 128 / 224 for plane in planes[1:])
            red, blue = y + 1.5748 * cr, y + 1.8556 * cb
            green = (y - 0.2126 * red - 0.0722 * blue) / 0.7152
            found.append(np.stack([red, green, blue], axis=2) * 255)
    return found


@pytest.fixture
def plate(moving_frames: Any, write_exr_plate: Any) -> str:
    return str(write_exr_plate(moving_frames(range(1, 7))))


@pytest.mark.parametrize("layers", ["combined", "separate"])
@pytest.mark.parametrize("form", ["exr", "png"])
def test_review_shows_opaque_plate_and_backdrop(
    form: str, layers: str, write_exr_plate: Any, settings: Any, fake_model: Any, tmp_path: Path
) -> None:
    plate = np.full((64, 96, 3), (0.6, 0.1, 0.3), np.float32)
    alpha = np.zeros((64, 96), np.float32)
    alpha[:, :48] = 1.0
    truth = fake_model(lambda _: (np.zeros_like(plate), alpha))
    source = write_exr_plate({7: plate}, framesPerSecond=25.0)
    review = tmp_path / "new" / "r.mp4"
    values = {"format": form, "layers": layers, "review": review, "review_over": "green"}
    assert key(settings(source, **values), open_model=truth).review == review
    (shown,) = _codes(review)
    person = [round(255 * (1.055 * light ** (1 / 2.4) - 0.055)) for light in (0.6, 0.1, 0.3)]
    assert np.abs(shown[:, :40] - person).max() <= TOLERANCE
    assert np.abs(shown[:, 56:] - GREEN).max() <= TOLERANCE


def test_making_it_again_changes_no_frame_and_gives_the_same_bytes(
    plate: str, settings: Any, tmp_path: Path
) -> None:
    review = tmp_path / "r.mov"
    key(settings(plate, review=review))
    whole = review.read_bytes()
    again = key(settings(plate, review=review))
    assert (again.written, again.kept) == (0, 6)
    assert review.read_bytes() == whole
    key(settings(plate, review=review, review_over="white"))
    assert review.read_bytes() != whole


def test_stop_while_it_is_made_costs_no_frame(plate: str, settings: Any, tmp_path: Path) -> None:
    review = tmp_path / "r.mp4"

    def stop(event: Event) -> None:
        if isinstance(event, StageReached) and event.stage == "reviewing" and event.done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        key(settings(plate, review=review), stop)
    assert not list(tmp_path.glob("*r*.mp4"))
    assert not list(tmp_path.glob(".*"))
    again = key(settings(plate, review=review))
    assert (again.written, again.kept) == (0, 6)
    assert len(_codes(review)) == 6


def test_part_of_a_plate_is_reviewed_alone(plate: str, settings: Any, tmp_path: Path) -> None:
    key(settings(plate, review=tmp_path / "all.mp4"))
    key(settings(plate, review=tmp_path / "part.mp4", frames="3-4"))
    whole, part = _codes(tmp_path / "all.mp4"), _codes(tmp_path / "part.mp4")
    assert (len(whole), len(part)) == (6, 2)
    for number, shown in enumerate(part, start=2):
        differences = [float(np.abs(shown - other).mean()) for other in whole]
        assert differences.index(min(differences)) == number


@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [
        pytest.param("r.mkv", SettingsError, r"does not end in \.mp4 or \.mov", id="suffix"),
        pytest.param("foreign.mp4", WouldOverwriteError, "is no review", id="foreign"),
        pytest.param("file/r.mp4", WriteError, "folder's name is a file", id="not writable"),
    ],
)
def test_what_cannot_be_is_told_before_keying(
    name: str, kind: type[Exception], said: str, plate: str, settings: Any, tmp_path: Path
) -> None:
    (tmp_path / "foreign.mp4").write_bytes(b"somebody's")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(kind, match=said):
        key(settings(plate, review=tmp_path / name))
    assert not (tmp_path / "out").exists()
    assert (tmp_path / "foreign.mp4").read_bytes() == b"somebody's"


def test_contact_sheet_that_cannot_be_written_is_told_before_keying(
    plate: str, settings: Any, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(WriteError, match="folder's name is a file"):
        key(settings(plate, contact_sheet=str(tmp_path / "file" / "sheet.png")))
    assert not (tmp_path / "out").exists()


def test_movie_plate_is_not_replaced_by_its_review(
    settings: Any, tmp_path: Path, moving_frames: Any
) -> None:
    path = tmp_path / "take.mov"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 96, 54, "yuv420p"
        for pixels in moving_frames(range(4)).values():
            codes = (np.clip(pixels, 0, 1) * 255).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(codes, format="rgb24")))
        container.mux(stream.encode(None))
    with pytest.raises(SettingsError, match="is a file that this command reads"):
        key(settings(str(path), review=path, overwrite=True))
    key(settings(str(path), review=tmp_path / "r.mov", frames="2-4", format="png"))
    with av.open(str(tmp_path / "r.mov")) as container:
        assert container.streams.video[0].average_rate == 25
        assert container.streams.video[0].frames == 3


def test_holes_are_shown_as_they_were_filled(
    moving_frames: Any, write_exr_plate: Any, settings: Any, fake_model: Any, tmp_path: Path
) -> None:
    """Frames 1 and 4 of 1-6 are missing; all six have their place in time."""
    frames = moving_frames(range(2, 7), height=64)
    del frames[4]
    plate = write_exr_plate(frames).replace("####", "1-6####")
    opaque = np.ones((64, 96), np.float32)
    shown = {}
    for policy in ("hold", "black"):
        truth = fake_model(lambda _: (np.zeros((64, 96, 3), np.float32), opaque))
        review = tmp_path / f"{policy}.mp4"
        values = {"missing": policy, "review": review, "review_over": "green"}
        key(settings(plate, output=str(tmp_path / policy), **values), open_model=truth)
        shown[policy] = _codes(review)
        assert len(shown[policy]) == 6
        assert np.abs(shown[policy][0] - GREEN).max() <= TOLERANCE
    assert np.abs(shown["hold"][3] - shown["hold"][2]).mean() < 1.0
    assert np.abs(shown["hold"][4] - shown["hold"][2]).mean() > 3.0
    assert np.abs(shown["black"][3] - GREEN).max() <= TOLERANCE


def test_plate_on_twos_keeps_its_time(
    moving_frames: Any, write_exr_plate: Any, settings: Any, tmp_path: Path
) -> None:
    frames = moving_frames(range(1, 8))
    plate = write_exr_plate({number: frames[number] for number in (1, 3, 5, 7)})
    key(settings(plate, frames="1-7x2", review=tmp_path / "r.mp4"))
    shown = _codes(tmp_path / "r.mp4")
    assert len(shown) == 7
    assert np.abs(shown[0] - shown[1]).mean() < 1.0


def test_command_line_makes_it_and_says_where(
    plate: str,
    filled_weights: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["key", plate, "--model", str(filled_weights), "--cuts", "off", "--downsample", "48px"]
    words += ["--format", "png", "--review", "r.mp4", "--review-over", "#1e90ff"]
    monkeypatch.setattr("sys.argv", ["robust-matte", *words, "--progress", "jsonl"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    said = capfd.readouterr()
    assert str(tmp_path / "r.mp4") in said.err
    events = [json.loads(line) for line in said.out.splitlines()]
    reviewing = [event for event in events if event.get("stage") == "reviewing"]
    done = [event["done"] for event in reviewing]  # in between, one every two seconds
    assert done[0] == 0
    assert done[-1] == 6
    assert done == sorted(set(done))
    assert reviewing[-1]["eta_s"] == 0.0
    assert len(list((tmp_path / "shot_matte").glob("*.png"))) == 6


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(["--review-over", "pink"], 'The backdrop "pink" cannot be used.', id="colour"),
        pytest.param(
            ["--format", "png", "--depth", "float"], "which cannot hold float channels.", id="depth"
        ),
        pytest.param(
            ["-o", "m.####.exr", "--format", "png"], "is not PNG, which --format", id="format"
        ),
        pytest.param(["--review", "r.avi"], "does not end in .mp4 or .mov.", id="suffix"),
    ],
)
def test_command_line_tells_contradictions_with_exit_code_2(
    words: list[str],
    said: str,
    plate: str,
    filled_weights: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    before = {path.name for path in tmp_path.iterdir()}
    arguments = ["key", plate, "--model", str(filled_weights), "--progress", "none", *words]
    monkeypatch.setattr("sys.argv", ["robust-matte", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert said in lines[0]
    assert {path.name for path in tmp_path.iterdir()} == before


def test_keying_is_finished_before_the_review_begins(
    plate: str, settings: Any, tmp_path: Path
) -> None:
    order: list[str] = []

    def listen(event: Event) -> None:
        if isinstance(event, FrameWritten):
            order.append("frame")
        elif isinstance(event, StageReached) and event.stage == "reviewing":
            order.append("review")

    key(settings(plate, review=tmp_path / "r.mp4"), listen)
    assert order == ["frame"] * 6 + ["review"] * 7
