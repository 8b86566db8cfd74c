"""What a model is fed for each run, and in which order."""

import json
import threading
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial

import numpy as np
import pytest
from numpy.typing import NDArray

from robust_matte.colour.model_view import ModelView
from robust_matte.errors import Cancelled, DeviceError, FrameReadError, ModelError
from robust_matte.keying.model import MatteModel, ModelIdentity
from robust_matte.keying.prepared import Preparation
from robust_matte.keying.rolling import KeyedFrame, Run, key_runs, read_prepared
from robust_matte.keying.segments import Reset, Segment
from robust_matte.media.frames import Frame, FrameHeader
from robust_matte.media.windows import Size, Window
from robust_matte.settings.choices import Nonfinite, PlateSpace, Refiner

pytestmark = pytest.mark.timeout(30)

Image = NDArray[np.float32]

WINDOW = Window(0, 0, 3, 2)
LOW = Size(1, 1)
PREPARATION = Preparation(ModelView(PlateSpace.SRGB), WINDOW, Nonfinite.KEEP)


class Source:
    """A plate whose pixels say their frame number, in hundredths."""

    def __init__(self, damaged: int | None = None) -> None:
        self.damaged = damaged
        self.readers: list[object] = []

    def tasks(self, numbers: Sequence[int]) -> Iterator[Callable[[], Frame]]:
        reader = object()
        self.readers.append(reader)
        try:
            for number in numbers:
                yield partial(self._frame, number)
        finally:
            self.readers.remove(reader)

    def _frame(self, number: int) -> Frame:
        if number == self.damaged:
            raise FrameReadError(f"Frame {number} is torn.", frame=number)
        pixels = np.full((2, 3, 3), number / 100, np.float32)
        header = FrameHeader(data_window=WINDOW, display_window=WINDOW)
        return Frame(number=number, pixels=pixels, header=header)


class Diary:
    """A model that notes what it is asked, and fails where it is told to."""

    notes: tuple[str, ...] = ()

    def __init__(self, fails: str = "", error: ModelError | None = None) -> None:
        self.entries: list[str] = []
        self.fails = fails
        self.error = error
        self.identity = ModelIdentity(
            variant="diary",
            usual_side=1,
            refiner=Refiner.AUTO,
            device="cpu",
            threads=1,
            torch="0",
        )

    def _note(self, entry: str) -> None:
        self.entries.append(entry)
        if entry == self.fails and self.error is not None:
            raise self.error

    def reset(self) -> None:
        self._note("reset")

    def shrink(self, view: Image, size: Size) -> Image:
        assert view.shape == (2, 3, 3)
        assert size is LOW
        self._note(f"shrink {view[0, 0, 0] * 100:.0f}")
        return view[:1, :1]

    def roll(self, low: Image) -> None:
        assert low.shape == (1, 1, 3)
        self._note(f"roll {low[0, 0, 0] * 100:.0f}")

    def matte(self, view: Image, low: Image) -> tuple[Image, Image]:
        assert view[0, 0, 0] == low[0, 0, 0]
        self._note(f"matte {low[0, 0, 0] * 100:.0f}")
        return view, view[..., 0]

    def state_bytes(self, words: Mapping[str, str]) -> bytes:
        self._note("save")
        return json.dumps([self.entries, dict(words)]).encode()

    def load_state(self, data: bytes) -> dict[str, str]:
        words: dict[str, str]
        entries, words = json.loads(data)
        self._note(f"load after {entries[-2] if entries else 'nothing'}")
        return words

    @property
    def without_shrinking(self) -> list[str]:
        return [entry for entry in self.entries if not entry.startswith("shrink")]


def _untold(number: int) -> None:
    """Take no notice of a rolled frame."""


def _run(first: int, last: int, *, wanted: set[int], warm_up: Sequence[int] = ()) -> Run:
    segment = Segment(first, last, Reset.CUT)
    return Run(segment, tuple(range(first, max(wanted) + 1)), frozenset(wanted), tuple(warm_up))


def test_run_is_reset_warmed_backwards_and_fed_in_order() -> None:
    diary = Diary()
    run = _run(1, 6, wanted={2, 4}, warm_up=[2, 3, 4])
    keyed = list(key_runs(diary, Source(), PREPARATION, LOW, [run], _untold))
    assert diary.without_shrinking == [
        *("reset", "roll 4", "roll 3", "roll 2"),
        *("roll 1", "matte 2", "roll 3", "matte 4"),
    ]
    assert [one.frame.number for one in keyed] == [2, 4]
    for one in keyed:
        assert one.segment is run.segment
        assert one.alpha[0, 0] == pytest.approx(one.frame.number / 100)
        np.testing.assert_array_equal(one.fgr, one.frame.view)


def test_each_run_has_its_own_reset_and_warm_up() -> None:
    diary = Diary()
    runs = [
        _run(1, 2, wanted={1, 2}, warm_up=[2]),
        _run(3, 3, wanted={3}),
        _run(7, 9, wanted={8}, warm_up=[8, 9]),
    ]
    keyed = list(key_runs(diary, Source(), PREPARATION, LOW, runs, _untold))
    assert diary.without_shrinking == [
        *("reset", "roll 2", "matte 1", "matte 2"),
        *("reset", "matte 3"),
        *("reset", "roll 9", "roll 8", "roll 7", "matte 8"),
    ]
    assert [(one.segment, one.frame.number) for one in keyed] == [
        (runs[0].segment, 1),
        (runs[0].segment, 2),
        (runs[1].segment, 3),
        (runs[2].segment, 8),
    ]


def test_without_warm_up_the_first_frame_meets_an_empty_state() -> None:
    diary = Diary()
    list(key_runs(diary, Source(), PREPARATION, LOW, [_run(7, 7, wanted={7})], _untold))
    assert diary.entries == ["reset", "shrink 7", "matte 7"]


def test_nothing_wanted_asks_nothing() -> None:
    diary = Diary()
    assert list(key_runs(diary, Source(), PREPARATION, LOW, [], _untold)) == []
    assert diary.entries == []


@pytest.mark.parametrize(
    ("fails", "frame"),
    [
        pytest.param("shrink 5", 5, id="shrinking for the warm-up"),
        pytest.param("roll 5", 5, id="warming up"),
        pytest.param("roll 3", 3, id="rolling"),
        pytest.param("matte 4", 4, id="keying"),
    ],
)
def test_failing_model_names_the_frame(fails: str, frame: int) -> None:
    diary = Diary(fails, DeviceError("The device ran out of memory.", hint="Take a smaller one."))
    run = _run(3, 9, wanted={4}, warm_up=[5])
    keying = key_runs(diary, Source(), PREPARATION, LOW, [run], _untold)
    with pytest.raises(DeviceError) as caught:
        list(keying)
    assert caught.value.what == f"At frame {frame}: The device ran out of memory."
    assert caught.value.hint == "Take a smaller one."
    assert caught.value.frame == frame


def test_torn_frame_stops_the_run_after_those_before_it() -> None:
    source = Source(damaged=4)
    keyed = []
    keying = key_runs(
        Diary(), source, PREPARATION, LOW, [_run(1, 8, wanted=set(range(1, 9)))], _untold
    )

    def take_all() -> None:
        for one in keying:
            keyed.append(one.frame.number)

    with pytest.raises(FrameReadError, match="Frame 4 is torn"):
        take_all()
    assert keyed == [1, 2, 3]
    assert source.readers == []


def test_keying_that_is_stopped_closes_the_plate_and_its_threads() -> None:
    before = set(threading.enumerate())
    source = Source()
    run = _run(1, 98, wanted=set(range(1, 99)), warm_up=range(2, 18))
    with closing(_generator(key_runs(Diary(), source, PREPARATION, LOW, [run], _untold))) as keying:
        assert next(keying).frame.number == 1
        assert source.readers
    assert source.readers == []
    assert set(threading.enumerate()) == before


def _generator(frames: Iterator[KeyedFrame]) -> Generator[KeyedFrame]:
    assert isinstance(frames, Generator)
    return frames


def test_frames_are_prepared_in_order() -> None:
    with read_prepared(Source(), PREPARATION, range(10, 30)) as frames:
        assert [frame.number for frame in frames] == list(range(10, 30))


def test_a_run_that_restores_its_state_is_neither_reset_nor_warmed_up() -> None:
    def restore(model: MatteModel) -> None:
        assert model is diary
        diary.entries.append("restore")

    diary = Diary()
    segment = Segment(1, 9, Reset.CUT)
    runs = [
        _run(1, 9, wanted={2}, warm_up=[2, 3]),
        Run(segment, (6, 7, 8), frozenset({6, 8}), (), restore),
        _run(11, 12, wanted={11}, warm_up=[12]),
    ]
    keyed = list(key_runs(diary, Source(), PREPARATION, LOW, runs, _untold))
    assert diary.without_shrinking == [
        *("reset", "roll 3", "roll 2", "roll 1", "matte 2"),
        *("restore", "matte 6", "roll 7", "matte 8"),
        *("reset", "roll 12", "matte 11"),
    ]
    assert [one.frame.number for one in keyed] == [2, 6, 8, 11]


def test_passed_is_called_once_a_matte_was_taken_and_before_the_next_frame() -> None:
    diary = Diary()
    run = _run(1, 4, wanted={2, 4}, warm_up=[2])

    def passed(of: Run, number: int) -> None:
        assert of is run
        diary.entries.append(f"passed {number}")

    for one in key_runs(diary, Source(), PREPARATION, LOW, [run], _untold, passed):
        diary.entries.append(f"took {one.frame.number}")
    assert diary.without_shrinking[2:] == [
        *("roll 1", "passed 1", "matte 2", "took 2", "passed 2"),
        *("roll 3", "passed 3", "matte 4", "took 4", "passed 4"),
    ]


def test_what_passed_raises_ends_the_work_and_its_readers() -> None:
    source = Source()

    def stop(_: Run, number: int) -> None:
        if number == 3:
            raise Cancelled("Stopped.")

    run = _run(1, 90, wanted=set(range(1, 90)), warm_up=range(2, 20))
    diary = Diary()
    with pytest.raises(Cancelled):
        list(key_runs(diary, source, PREPARATION, LOW, [run], _untold, stop))
    assert diary.without_shrinking[-3:] == ["matte 1", "matte 2", "matte 3"]
    assert source.readers == []
