"""A preview is the bake's own frame, byte for byte, in whatever order frames are asked for."""

import gc
import hashlib
import json
import os
import weakref
from collections.abc import Callable, Generator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from robust_matte.errors import (
    Cancelled,
    FrameReadError,
    MissingFramesError,
    SettingsError,
    WouldOverwriteError,
)
from robust_matte.jobs.key import key
from robust_matte.jobs.preview import Previewer, PreviewResult
from robust_matte.jobs.progress import Event, StageReached
from robust_matte.jobs.shared_model import share_model
from robust_matte.jobs.stop_request import StopRequest
from robust_matte.keying.model import ModelIdentity, Weights
from robust_matte.keying.network import Network
from robust_matte.media.plates import MoviePlate
from robust_matte.media.windows import Size
from robust_matte.settings.choices import Refiner

Image = NDArray[np.float32]


class HistoryModel:
    """A recurrent model whose mattes are drawn from all that it was fed since its reset."""

    notes: tuple[str, ...] = ()

    def __init__(self, threads: int) -> None:
        self._state: str | None = None
        self.fed = 0
        self.identity = ModelIdentity(
            variant="history",
            usual_side=512,
            refiner=Refiner.FAST_GUIDED_FILTER,
            device="cpu",
            threads=threads or 2,
            torch="0",
        )

    def reset(self) -> None:
        self._state = ""

    def shrink(self, view: Image, size: Size) -> Image:
        rows = np.linspace(0, view.shape[0] - 1, size.height).astype(int)
        columns = np.linspace(0, view.shape[1] - 1, size.width).astype(int)
        return np.ascontiguousarray(view[rows][:, columns])

    def roll(self, low: Image) -> None:
        assert self._state is not None
        self.fed += 1
        self._state = hashlib.sha256(self._state.encode() + low.tobytes()).hexdigest()

    def matte(self, view: Image, low: Image) -> tuple[Image, Image]:
        self.roll(low)
        assert self._state is not None
        draw = np.random.default_rng(int(self._state[:12], 16))
        return draw.random(view.shape, np.float32), draw.random(view.shape[:2], np.float32)

    def state_bytes(self, words: Mapping[str, str]) -> bytes:
        assert self._state
        return json.dumps([self._state, dict(words)]).encode()

    def load_state(self, data: bytes) -> dict[str, str]:
        words: dict[str, str]
        self._state, words = json.loads(data)
        return words


class Opener:
    """Opens history models, and counts them and what they are fed."""

    def __init__(self) -> None:
        self.models: list[HistoryModel] = []

    def __call__(
        self, weights: Weights, *, refiner: Refiner, device: str, threads: int
    ) -> HistoryModel:
        assert weights.sha256
        assert (refiner, device) in {(Refiner.AUTO, "auto"), (Refiner.DEEP_GUIDED_FILTER, "auto")}
        self.models.append(HistoryModel(threads))
        return self.models[-1]

    @property
    def fed(self) -> int:
        return sum(one.fed for one in self.models)


@pytest.fixture
def opener() -> Opener:
    return Opener()


@pytest.fixture
def frames() -> Callable[..., dict[int, Image]]:
    """Make frames of noise, each its own."""

    def make(*numbers: int, seed: int = 0) -> dict[int, Image]:
        made = {}
        for number in numbers:
            draw = np.random.default_rng([seed, number])
            made[number] = draw.random((36, 48, 3), np.float32)
        return made

    return make


@pytest.fixture
def long_plate(frames: Any, write_exr_plate: Any) -> str:
    """Frames 1 to 100, of which 41 is missing, and 71 to 74, where a new segment begins."""
    numbers = [number for number in range(1, 101) if number not in (41, 71, 72, 73, 74)]
    plate: str = write_exr_plate(frames(*numbers))
    return plate


@pytest.fixture
def usual(settings: Any, tmp_path: Path) -> Callable[..., Any]:
    """Build settings for the history model, quick to write."""

    def build(plate: str, **values: Any) -> Any:
        words = {
            "warm_up": 4,
            "missing": "hold",
            "output": str(tmp_path / "out"),
        }
        return settings(plate, **(words | values))

    return build


def _same_bytes(result: PreviewResult, folder: Path) -> None:
    for path in result.files.values():
        within = path.parts[path.parts.index("preview") + 1 :]
        assert path.read_bytes() == folder.joinpath(*within).read_bytes(), path


def _planned(events: list[Event]) -> list[str]:
    return [one.text for one in events if isinstance(one, StageReached) and one.stage == "planning"]


def _shot(folder: Path) -> dict[str, bytes]:
    """Return all files below a folder but those of previews."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "preview" not in path.relative_to(folder).parts
    }


def test_seeks_in_any_order_give_the_frames_of_the_bake(
    long_plate: str, usual: Any, opener: Opener, tmp_path: Path
) -> None:
    job = usual(long_plate, cuts="33,52")
    key(job, open_model=opener)
    before = _shot(tmp_path / "out")
    _seek(Previewer(share_model(opener)), 50, job, opener, tmp_path / "out", is_roomy=True)
    little = Previewer(share_model(opener), state_bytes=700)
    _seek(little, 40, job, opener, tmp_path / "out", is_roomy=False)
    assert little.states.size <= 700
    assert _shot(tmp_path / "out") == before
    assert len(opener.models) == 3


def _seek(
    previewer: Previewer, takes: int, job: Any, opener: Opener, out: Path, *, is_roomy: bool
) -> None:
    """Go to frames near and far, and compare each with the bake's."""
    draw = np.random.default_rng(takes)
    starts = {number: max(s for s in (1, 33, 52, 75) if s <= number) for number in range(1, 101)}
    far: dict[int, int] = {}  # the last frame that was seen of each segment
    last = 0
    for _ in range(takes):
        nearby = [last, last + 1, last + 2, last - 1, last - 9]
        number = int(draw.choice([*nearby, *draw.integers(1, 101, 2)]))
        number = min(max(number, 1), 100)
        fed = opener.fed
        result = previewer.preview(job, number)
        _same_bytes(result, out)
        assert result.rolled == opener.fed - fed
        assert not result.approximate
        source = {41: 40, 71: 70, 72: 70, 73: 70, 74: 70}.get(number, number)
        if is_roomy:
            if source in (last, last + 1) and starts[source] in far:
                assert result.rolled == 1
            elif source <= far.get(starts[source], 0):
                assert result.rolled <= 25
            assert result.rolled <= source - starts[source] + 1 + 4
        far[starts[source]] = max(far.get(starts[source], 0), source)
        last = source


def test_each_seek_costs_what_is_promised(long_plate: str, usual: Any, opener: Opener) -> None:
    previewer, job = Previewer(share_model(opener)), usual(long_plate)
    costs = [
        (30, 34),  # from the reset, with its warm-up
        (31, 1),
        (31, 1),
        (30, 1),
        (10, 10),  # the state after the warm-up was kept
        (26, 1),  # as was that before the 26th
        (25, 15),
        (50, 23),  # from that after 26: those before it are not held any more; 41 is not there
        (51, 1),
        (69, 18),
        (52, 1),  # the fiftieth frame of the segment was passed
        (40, 15),
        (41, 1),  # repeats 40
        (75, 5),
        (99, 24),
        (100, 1),
    ]
    assert [(number, previewer.preview(job, number).rolled) for number, _ in costs] == costs
    assert len(opener.models) == 1


@pytest.mark.parametrize(
    ("layers", "ending"),
    [("combined", "exr"), ("multipart", "exr"), ("separate", "exr"), ("separate", "png")],
)
def test_files_are_those_of_the_bake_in_every_form(
    layers: str,
    ending: str,
    frames: Any,
    write_exr_plate: Any,
    usual: Any,
    opener: Opener,
    tmp_path: Path,
) -> None:
    plate = write_exr_plate(frames(*range(1, 7)))
    job = usual(plate, cuts="4", layers=layers, output=str(tmp_path / "out" / f"a.####.{ending}"))
    previewed = Previewer(opener).preview(job, 5)
    assert set(previewed.files) == (
        {"rgba"} if layers != "separate" else {"rgba", "alpha", "foreground"}
    )
    key(job, open_model=opener)
    _same_bytes(previewed, tmp_path / "out")


def test_a_hole_that_is_black_is_black_in_the_preview(
    long_plate: str, usual: Any, opener: Opener, tmp_path: Path
) -> None:
    job = usual(long_plate, missing="black")
    key(job.model_copy(update={"frames": "70-75"}), open_model=opener)
    result = Previewer(opener).preview(job, 72)
    _same_bytes(result, tmp_path / "out")
    assert result.rolled == 0


def test_a_bake_after_previews_plans_nothing_and_takes_none_of_their_files(
    frames: Any, write_exr_plate: Any, usual: Any, opener: Opener, tmp_path: Path
) -> None:
    plate = write_exr_plate(frames(*range(1, 13)))
    job, alone = usual(plate, cuts="auto", threads=0), str(tmp_path / "alone")
    opened = share_model(opener)
    result = Previewer(opened).preview(job, 9)
    previewed = result.files["rgba"].read_bytes()
    events: list[Event] = []
    done = key(job, events.append, open_model=opened)
    assert done.written == 12
    assert "looking for cuts" not in _planned(events)
    assert len(opener.models) == 1
    assert result.files["rgba"].read_bytes() == previewed
    key(job.model_copy(update={"output": alone}), open_model=opener)
    assert {path.name: path.read_bytes() for path in Path(alone).glob("*.exr")} == {
        path.name: path.read_bytes() for path in (tmp_path / "out").glob("*.exr")
    }


def test_the_second_preview_plans_nothing(
    frames: Any, write_exr_plate: Any, usual: Any, opener: Opener, tmp_path: Path
) -> None:
    job = usual(write_exr_plate(frames(*range(1, 13))), cuts="auto", gain="auto")
    previewer, events = Previewer(share_model(opener)), list[Event]()
    previewer.preview(job, 5, events.append)
    assert {"reading headers", "comparing contents", "looking for cuts"} <= set(_planned(events))
    events.clear()
    previewer.preview(job, 6, events.append)
    assert _planned(events) == []
    shaped = job.model_copy(update={"matte_grow": 1.0, "output": str(tmp_path / "shaped")})
    assert previewer.preview(shaped, 6, events.append).rolled == 1
    assert set(_planned(events)) == {"comparing contents"}  # of files that look as they did


def test_with_a_folder_nothing_else_is_written(
    long_plate: str, usual: Any, opener: Opener, tmp_path: Path
) -> None:
    job, folder = usual(long_plate), tmp_path / "preview"
    result = Previewer(opener).preview(job, 8, folder=folder)
    assert not (tmp_path / "out").exists()
    assert list(result.files.values()) == [folder / "shot_matte.0008.exr"]
    key(job.model_copy(update={"frames": "8"}), open_model=opener)
    _same_bytes(result, tmp_path / "out")


def test_a_plan_of_other_settings_stays(
    long_plate: str, usual: Any, opener: Opener, tmp_path: Path
) -> None:
    job = usual(long_plate, cuts="33", frames="20-25")
    key(job, open_model=opener)
    before = _shot(tmp_path / "out")
    other = job.model_copy(update={"cuts": "20", "overwrite": True})
    result = Previewer(opener).preview(other, 25)
    assert _shot(tmp_path / "out") == before
    key(other, open_model=opener)
    _same_bytes(result, tmp_path / "out")


def test_one_preview_stays_and_nothing_else_goes(
    long_plate: str, usual: Any, opener: Opener, tmp_path: Path
) -> None:
    folder, previewer = tmp_path / "preview", Previewer(opener)
    job = usual(long_plate, layers="separate")
    previewer.preview(job, 3, folder=folder)
    own = folder / "rgba" / "shot_matte_rgba.0099.exr"
    own.write_bytes(b"mine")
    listed = json.loads((folder / "preview.json").read_text())
    (tmp_path / "outside").write_bytes(b"mine")
    listed["files"] += ["../outside", str(tmp_path / "outside")]
    (folder / "preview.json").write_text(json.dumps(listed))
    result = previewer.preview(job, 4, folder=folder)
    left = {path for path in folder.rglob("*") if path.is_file()}
    assert left == {*result.files.values(), own, folder / "preview.json"}
    assert (tmp_path / "outside").exists()
    with pytest.raises(WouldOverwriteError, match=r"0099.exr exists and was not written by a pre"):
        previewer.preview(job, 99, folder=folder)
    assert own.read_bytes() == b"mine"


@pytest.mark.parametrize(
    ("number", "values", "error", "told"),
    [
        (101, {}, SettingsError, r"Frame 101 is not in .*, which holds 1-100"),
        (0, {"frames": "1-9"}, SettingsError, r"Frame 0 is not in "),
        (4, {"frames": "1-9x2"}, SettingsError, r"Frame 4 is not one of 1-9x2"),
        (41, {"missing": "fail"}, MissingFramesError, r"lacks the frame 41; it holds 1-40,42-70,"),
        (40, {"missing": "fail"}, MissingFramesError, r"lacks the frames 41,71-74 of 1-100"),
        (4, {"view": "all"}, SettingsError, r"one view, and all of them"),
    ],
)
def test_frames_that_are_not_the_jobs_are_refused(
    number: int,
    values: Any,
    error: Any,
    told: str,
    long_plate: str,
    usual: Any,
    opener: Opener,
    tmp_path: Path,
) -> None:
    with pytest.raises(error, match=told):
        Previewer(opener).preview(usual(long_plate, **values), number)
    assert opener.fed == 0
    assert not (tmp_path / "out").exists()


def test_the_folder_of_the_bake_is_no_place_for_previews(
    long_plate: str, usual: Any, opener: Opener, tmp_path: Path
) -> None:
    job = usual(long_plate)
    with pytest.raises(SettingsError, match="where the job's own frames go"):
        Previewer(opener).preview(job, 4, folder=tmp_path / "plate" / ".." / "out")
    named = usual(long_plate, output=str(tmp_path / "out" / "shot.####.exr"))
    with pytest.raises(SettingsError, match="is a file of the plate itself"):
        Previewer(opener).preview(named, 4, folder=tmp_path / "plate")


@pytest.mark.parametrize("quick", [False, True])
def test_a_changed_plate_is_noticed(
    quick: bool, frames: Any, write_exr_plate: Any, usual: Any, opener: Opener, tmp_path: Path
) -> None:
    plate = write_exr_plate(frames(*range(1, 11)))
    job, previewer = usual(plate, cuts="auto"), Previewer(share_model(opener))
    first = previewer.preview(job, 3, quick=quick, folder=tmp_path / "preview")
    before = first.files["rgba"].read_bytes()
    write_exr_plate(frames(4, seed=1))  # of the warm-up
    os.utime(tmp_path / "plate" / "shot.0004.exr", ns=(1, 1))
    result = previewer.preview(job, 3, quick=quick, folder=tmp_path / "preview")
    assert result.files["rgba"].read_bytes() != before
    if not quick:
        key(job, open_model=opener)
        _same_bytes(result, tmp_path / "out")


@pytest.mark.skipif(os.name == "nt", reason="its files have no time of change")
@pytest.mark.parametrize("quick", [False, True])
def test_a_frame_is_noticed_that_has_the_old_ones_size_and_time(
    quick: bool, frames: Any, write_exr_plate: Any, usual: Any, opener: Opener, tmp_path: Path
) -> None:
    plate = write_exr_plate(frames(*range(1, 11)), compression="none")
    job, previewer = usual(plate), Previewer(share_model(opener))
    preview = partial(previewer.preview, quick=quick, folder=tmp_path / "preview")
    later = 4 if quick else 5  # quick ones are not fed what is before them
    before = {number: preview(job, number).files["rgba"].read_bytes() for number in (later, 3)}
    path = tmp_path / "plate" / "shot.0004.exr"
    old = path.stat()
    write_exr_plate(frames(4, seed=1), compression="none")
    os.utime(path, ns=(old.st_atime_ns, old.st_mtime_ns))
    assert path.stat().st_size == old.st_size
    results = {number: preview(job, number).files["rgba"].read_bytes() for number in (later, 3)}
    assert results[later] != before[later]
    assert results[3] != before[3]  # the warm-up is of the next four frames


def test_a_frame_that_is_added_is_noticed(
    frames: Any, write_exr_plate: Any, usual: Any, opener: Opener, tmp_path: Path
) -> None:
    plate = write_exr_plate(frames(*range(1, 6)))
    job, previewer = usual(plate, warm_up=9), Previewer(opener)
    previewer.preview(job, 3, folder=tmp_path / "preview")
    write_exr_plate(frames(6, 7))
    result = previewer.preview(job, 3, folder=tmp_path / "preview")
    assert previewer.preview(job, 7, folder=tmp_path / "later").frame == 7
    key(job, open_model=opener)
    assert result.rolled == 6 + 3
    _same_bytes(previewer.preview(job, 3, folder=tmp_path / "preview"), tmp_path / "out")


def test_a_stop_keeps_the_old_preview_and_what_was_rolled(
    long_plate: str, usual: Any, opener: Opener, tmp_path: Path
) -> None:
    previewer, job = Previewer(share_model(opener)), usual(long_plate)
    old = previewer.preview(job, 2)
    stop = StopRequest()

    def ask(event: Event) -> None:
        if isinstance(event, StageReached) and event.number == 30:
            stop.ask()

    with pytest.raises(Cancelled):
        previewer.preview(job, 60, ask, stop=stop)
    assert old.files["rgba"].exists()
    assert not (old.files["rgba"].parent / "shot_matte.0060.exr").exists()
    result = previewer.preview(job, 60)
    assert result.rolled == 60 - 30 - 1  # after 30, where it was stopped; 41 is not there
    key(job.model_copy(update={"frames": "60"}), open_model=opener)
    _same_bytes(result, tmp_path / "out")


def test_a_stop_while_planning_ends_it(long_plate: str, usual: Any, opener: Opener) -> None:
    stop = StopRequest()

    def ask(event: Event) -> None:
        if isinstance(event, StageReached) and event.text == "looking for cuts":
            stop.ask()

    with pytest.raises(Cancelled):
        Previewer(opener).preview(usual(long_plate, cuts="auto"), 4, ask, stop=stop)


def test_states_of_a_stopped_bake_are_gone_on_from(
    long_plate: str, usual: Any, opener: Opener, tmp_path: Path
) -> None:
    job, stop = usual(long_plate), StopRequest()

    def ask(event: Event) -> None:
        if getattr(event, "done", 0) == 35 and not isinstance(event, StageReached):
            stop.ask()

    with pytest.raises(Cancelled):
        key(job, ask, open_model=opener, stop=stop)
    kept = _shot(tmp_path / "out")
    result = Previewer(opener).preview(job, 60)
    assert result.rolled < 30
    assert _shot(tmp_path / "out") == kept
    key(job, open_model=opener)
    _same_bytes(result, tmp_path / "out")


@pytest.mark.parametrize(
    ("change", "keeps"),
    [
        ({"matte_black": 0.1, "matte_grow": -1.0}, True),
        ({"despill": "green"}, True),
        ({"layers": "separate", "depth": "float", "compression": "zip", "crop": True}, True),
        ({"output_space": "ACEScg"}, True),
        ({"cuts": "60"}, True),  # this segment begins as it did
        ({"core": "core"}, True),
        ({"refiner": "deep_guided_filter"}, True),
        ({"frames": "1-50"}, True),
        ({"garbage": "garbage"}, False),  # the network is not shown what it covers
        ({"cuts": "10"}, False),
        ({"gain": "1"}, False),
        ({"warm_up": 2}, False),
        ({"downsample": "32px"}, False),
        ({"roi": "0,0,40,32"}, False),
        ({"plate_space": "srgb_tx"}, False),
        ({"threads": 2}, False),
        ({"cold": True, "frames": "10-50"}, False),
        ({"nonfinite": "zero"}, False),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else None,
)
def test_states_outlast_what_the_network_is_not_shown(
    change: dict[str, Any],
    keeps: bool,
    long_plate: str,
    usual: Any,
    write_exr_plate: Any,
    opener: Opener,
    tmp_path: Path,
) -> None:
    for name in ("core", "garbage"):
        if name in change:
            mask = write_exr_plate({1: np.full((36, 48, 3), 0.5, np.float32)}, name=name)
            change = {name: mask.replace("####", "0001")}
    job, previewer = usual(long_plate), Previewer(opener)
    previewer.preview(job, 20, folder=tmp_path / "before")
    changed = usual(long_plate, **change)
    result = previewer.preview(changed, 21, folder=tmp_path / "preview")
    assert (result.rolled == 1) is keeps
    if not changed.cold:
        changed = changed.model_copy(update={"frames": "21"})
    key(changed, open_model=opener)
    _same_bytes(result, tmp_path / "out")


def test_quick_is_a_cold_frame_without_cuts_and_says_so(
    frames: Any,
    write_exr_plate: Any,
    usual: Any,
    read_layers: Any,
    read_attributes: Any,
    opener: Opener,
    tmp_path: Path,
) -> None:
    plate = write_exr_plate(frames(*range(1, 30)))
    events: list[Event] = []
    job = usual(plate, cuts="auto", gain="0.5")
    result = Previewer(opener).preview(job, 20, events.append, quick=True)
    assert set(_planned(events)) == {"reading headers"}
    assert result.approximate
    assert result.rolled == 5
    folder = result.files["rgba"].parent
    assert not (folder.parent / "plan.json").exists()
    assert read_attributes(20, folder)["robust_matte/approximate"] == 1
    cold = {"cuts": "off", "cold": True, "frames": "20", "output": str(tmp_path / "cold")}
    key(job.model_copy(update=cold), open_model=opener)
    quick, other = read_layers(20, folder), read_layers(20, tmp_path / "cold")
    assert set(quick) == set(other)
    for name, plane in quick.items():
        np.testing.assert_array_equal(plane, other[name])
    done = key(job, open_model=opener)
    assert done.written == 29
    exact = Previewer(opener).preview(job, 20)
    assert not exact.approximate
    assert read_attributes(20, exact.files["rgba"].parent)["robust_matte/approximate"] == 0


def test_quick_of_a_hole_is_refused_or_filled_as_the_job_says(
    long_plate: str, usual: Any, opener: Opener
) -> None:
    previewer = Previewer(opener)
    with pytest.raises(MissingFramesError, match="lacks the frame 41"):
        previewer.preview(usual(long_plate, missing="fail"), 41, quick=True)
    assert previewer.preview(usual(long_plate, missing="fail"), 40, quick=True).rolled == 5
    assert previewer.preview(usual(long_plate), 41, quick=True).rolled == 1  # repeats 40


def test_a_model_is_gone_when_the_next_one_is_loaded(
    frames: Any, write_exr_plate: Any, usual: Any, opener: Opener
) -> None:
    """A graphics card may hold one of them, and not two."""
    job = usual(write_exr_plate(frames(*range(1, 11))))
    alive: list[int] = []
    ever: list[weakref.ref[HistoryModel]] = []

    def open_model(weights: Weights, **words: Any) -> HistoryModel:
        alive.append(sum(one() is not None for one in ever))
        model = opener(weights, **words)
        opener.models.clear()
        ever.append(weakref.ref(model))
        return model

    previewer = Previewer(share_model(open_model))
    other = job.model_copy(update={"refiner": Refiner.DEEP_GUIDED_FILTER})
    gc.disable()
    try:
        for number in (3, 5):
            for one in (job, other):
                for quick in (False, True):
                    previewer.preview(one, number, quick=quick)
    finally:
        gc.enable()
    assert alive == [0, 0, 0, 0]


def test_many_plates_and_settings_leave_little_behind(
    frames: Any, write_exr_plate: Any, usual: Any, opener: Opener
) -> None:
    previewer = Previewer(share_model(opener), state_bytes=2000)
    for count in range(12):
        plate = write_exr_plate(frames(1, 2, 3, seed=count), name=f"p{count}")
        for grow in (0.0, 1.0):
            previewer.preview(usual(plate, matte_grow=grow), 2)
    assert previewer.states.size <= 2000
    jobs = previewer._jobs
    assert len(jobs._held) <= 8
    assert len(jobs._plans) <= 16
    assert len(jobs._read) <= 4
    assert len(jobs._looks._plates) <= 4


@pytest.fixture
def write_movie(tmp_path: Path) -> Callable[..., str]:
    """Write a lossy movie with pictures between the key pictures that lean on each other."""

    def write(count: int, name: str = "take.mp4") -> str:
        path = tmp_path / name
        with av.open(str(path), "w") as container:
            stream = container.add_stream("libx264", rate=24, options={"g": "12", "bf": "2"})
            assert isinstance(stream, av.VideoStream)
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
            for number in range(count):
                draw = np.random.default_rng(number)
                pixels = np.kron(draw.integers(0, 255, (6, 8, 3)), np.ones((8, 8, 1)))
                frame = av.VideoFrame.from_ndarray(pixels.astype(np.uint8), format="rgb24")
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        return str(path)

    return write


def test_a_movie_is_decoded_on_from_where_it_was(
    write_movie: Any, usual: Any, opener: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = usual(write_movie(60), first_frame=1001, cuts="1030")
    key(job, open_model=opener)
    monkeypatch.setattr("robust_matte.media.kept_decoder._MOST_BYTES", 20 * 64 * 48 * 2)
    previewer = Previewer(share_model(opener))
    previewer.preview(job, 1040)
    (seen,) = previewer._jobs._looks._plates.values()
    assert isinstance(seen.plate, MoviePlate)
    decoder = seen.plate.movie._kept
    assert decoder is not None
    begun, starts = decoder.starts, []
    for number in (1040, 1041, 1042, 1038, 1045, 1046, 1005, 1006, 1060):
        _same_bytes(previewer.preview(job, number), tmp_path / "out")
        starts.append(decoder.starts - begun)
    assert starts == [0, 0, 0, 0, 0, 0, 1, 1, 1]
    previewer.preview(job, 1007, quick=True)
    assert len(previewer._jobs._looks._plates) == 1
    for count in range(5):
        previewer.preview(usual(write_movie(6, f"other{count}.mp4")), 3)
    assert seen.plate.movie._kept is None  # what is forgotten is closed


def test_a_movie_that_could_not_be_opened_once_is_read_again(
    write_movie: Any, usual: Any, opener: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a share was away for a moment."""
    job = usual(write_movie(30))
    key(job, open_model=opener)
    previewer = Previewer(share_model(opener))
    _same_bytes(previewer.preview(job, 3), tmp_path / "out")
    (seen,) = previewer._jobs._looks._plates.values()
    assert isinstance(seen.plate, MoviePlate)
    decoder = seen.plate.movie._kept
    assert decoder is not None
    decoder.close()
    start = decoder._start

    away = [FrameReadError("It is away.", hint="Wait.")]

    def begin() -> Generator[Any, None, None]:
        if away:
            raise away.pop()
        yield from start()

    monkeypatch.setattr(decoder, "_start", begin)
    with pytest.raises(FrameReadError, match="It is away"):
        previewer.preview(job, 20)
    _same_bytes(previewer.preview(job, 21), tmp_path / "out")


def test_quick_takes_a_movie_at_its_word_and_the_bake_does_not(
    write_movie: Any, usual: Any, opener: Opener, read_layers: Any, tmp_path: Path
) -> None:
    job, events = usual(write_movie(30), cuts="auto", gain="auto"), list[Event]()
    previewer = Previewer(opener)
    result = previewer.preview(job, 20, events.append, quick=True)
    assert set(_planned(events)) == {"reading headers", "measuring exposure"}
    cold = {"cuts": "off", "cold": True, "frames": "20", "output": str(tmp_path / "cold")}
    key(job.model_copy(update=cold), open_model=opener)
    quick = read_layers(20, result.files["rgba"].parent, "take_matte")
    for name, plane in read_layers(20, tmp_path / "cold", "take_matte").items():
        np.testing.assert_array_equal(plane, quick[name])
    events.clear()
    previewer.preview(job, 20, events.append)
    assert {"counting frames", "looking for cuts"} <= set(_planned(events))


def test_the_draft_gives_the_bits_of_the_bake(
    moving_frames: Any, write_exr_plate: Any, settings: Any, tmp_path: Path
) -> None:
    frames = moving_frames(range(1, 31)) | moving_frames(range(34, 46), seed=8)
    job = settings(write_exr_plate(frames), model="draft", missing="hold", cuts="20", threads=0)
    opened = share_model(Network)
    previewer = Previewer(opened)
    first = previewer.preview(job, 30)
    content = first.files["rgba"].read_bytes()
    key(job, open_model=opened)
    assert content == (tmp_path / "out" / "shot_matte.0030.exr").read_bytes()
    for number, rolled in ((29, 10), (30, 1), (12, 28), (13, 1), (32, 1), (45, 23), (36, 3)):
        result = previewer.preview(job, number)
        _same_bytes(result, tmp_path / "out")
        assert result.rolled == rolled, number
    other = job.model_copy(update={"refiner": Refiner.FAST_GUIDED_FILTER, "matte_gamma": 1.2})
    other = other.model_copy(update={"output": str(tmp_path / "other")})
    result = previewer.preview(other, 37, folder=tmp_path / "preview")
    assert result.rolled == 1
    key(other.model_copy(update={"frames": "37"}), open_model=opened)
    _same_bytes(result, tmp_path / "other")


def test_cold_jobs_that_begin_at_other_frames_share_no_state(
    long_plate: str, usual: Any, opener: Opener, tmp_path: Path
) -> None:
    previewer = Previewer(opener)
    earlier = usual(long_plate, cold=True, warm_up=0, frames="10-50")
    previewer.preview(earlier, 20, folder=tmp_path / "preview")
    job = earlier.model_copy(update={"frames": "12-50"})
    result = previewer.preview(job, 20, folder=tmp_path / "preview")
    assert result.approximate
    assert result.rolled == 9
    key(job, open_model=opener)
    _same_bytes(result, tmp_path / "out")


def test_a_changed_mask_is_noticed(
    frames: Any, write_exr_plate: Any, usual: Any, opener: Opener, tmp_path: Path
) -> None:
    plate = write_exr_plate(frames(1, 2, 3))
    mask = write_exr_plate({1: np.full((36, 48, 3), 0.5, np.float32)}, name="garbage")
    job = usual(plate, garbage=mask.replace("####", "0001"))
    previewer, folder = Previewer(opener), tmp_path / "preview"
    before = previewer.preview(job, 2, folder=folder).files["rgba"].read_bytes()
    write_exr_plate({1: np.full((36, 48, 3), 0.75, np.float32)}, name="garbage")
    result = previewer.preview(job, 2, folder=folder)
    assert result.files["rgba"].read_bytes() != before
    key(job, open_model=opener)
    _same_bytes(result, tmp_path / "out")


def test_a_movie_that_was_exported_again_is_counted_again(
    write_movie: Any, usual: Any, opener: Opener
) -> None:
    previewer, job = Previewer(opener), usual(write_movie(8))
    assert previewer.preview(job, 8).rolled == 12
    with pytest.raises(SettingsError, match="holds 1-8"):
        previewer.preview(job, 9)
    write_movie(12)
    assert previewer.preview(job, 9).rolled == 13
