"""When the state of a running job is kept, and when it is of no more use."""

from collections.abc import Sequence
from typing import Any, cast

from robust_matte.errors import DiskFullError
from robust_matte.jobs.checkpoints import Checkpoints, Span
from robust_matte.jobs.progress import Event, Warned
from robust_matte.jobs.state_files import StateFiles
from robust_matte.keying.rolling import Run
from robust_matte.keying.segments import Reset, Segment


class Files:
    """States in a dictionary, by segment and next frame."""

    def __init__(self) -> None:
        self.kept: dict[tuple[int, int], str] = {}
        self.is_full = False

    def content(self, model: Any, first: int, following: int) -> str:  # noqa: ARG002
        return f"{model.state}"

    def write(self, first: int, following: int, content: str) -> None:
        if self.is_full:
            raise DiskFullError("The disk is full.", hint="Free some.")
        self.kept[first, following] = content

    def forget(self, segment: int, first: int, last: int, *, but: int = 0) -> None:
        mine = sorted(one for one in self.kept if one[0] == segment and first <= one[1] <= last)
        for one in mine[: max(len(mine) - but, 0)]:
            del self.kept[one]


class Job:
    """Feeds frames; the model's state is the frame it was fed last. Frames are written at once."""

    def __init__(
        self,
        *runs: Sequence[int],
        spans: Sequence[tuple[int, int]] = ((1, 200),),
        asked: Sequence[int] | None = None,
        segment: int = 1,
    ) -> None:
        self.files, self.told, self.now, self.state = Files(), list[Event](), 0.0, 0
        self.runs = runs
        self.keeper = Checkpoints(
            cast(StateFiles, self.files),
            cast(Any, self),
            [
                Span(
                    segment=segment,
                    numbers=range(first, last + 1),
                    asked=[n for n in asked or range(first, last + 1) if first <= n <= last],
                )
                for first, last in spans
            ],
            [Run(Segment(segment, 999, Reset.CUT), tuple(r), frozenset(r), ()) for r in runs],
            self.told.append,
            clock=lambda: self.now,
        )

    def feed(self, numbers: Sequence[int], *, lag: int = 0, seconds: float = 0.1) -> None:
        """Key frames, of which the last `lag` are still being written."""

        for at, number in enumerate(numbers):
            self.state, self.now = number, self.now + seconds
            self.keeper.given()
            self.keeper.passed(number)
            if at >= lag:
                self.keeper.written(1)

    @property
    def kept(self) -> list[int]:
        assert all(str(following - 1) == text for (_, following), text in self.files.kept.items())
        return sorted(following for _, following in self.files.kept)


def test_every_25_frames_and_the_last_two() -> None:
    job = Job(range(1, 201))
    job.feed(range(1, 25))
    assert job.kept == []
    job.feed(range(25, 27))
    assert job.kept == [26]
    job.feed(range(27, 90))
    assert job.kept == [51, 76]


def test_every_20_seconds_where_frames_are_slow() -> None:
    job = Job(range(1, 201))
    job.feed(range(1, 11), seconds=9.0)
    assert job.kept == [7, 10]


def test_a_state_waits_until_the_frames_before_it_are_written() -> None:
    job = Job(range(1, 201))
    job.feed(range(1, 28), lag=3)  # 25, 26 and 27 are on their way
    assert job.kept == []
    job.keeper.written(1)
    assert job.kept == [26]


def test_nothing_is_left_of_a_finished_segment() -> None:
    job = Job(range(1, 201))
    job.feed(range(1, 201), lag=2)
    assert job.kept == [151, 176]
    job.keeper.written(2)
    assert job.kept == []


def test_where_only_the_start_was_asked_for_its_end_is_kept() -> None:
    job = Job(range(1, 31), asked=range(1, 31))
    job.feed(range(1, 31))
    assert job.kept == [26, 31]


def test_a_repair_leaves_nothing() -> None:
    job = Job([*range(1, 61)], asked=range(1, 201))
    job.feed(range(1, 61))
    assert job.kept == []


def test_what_a_later_run_starts_from_outlives_the_one_before_it() -> None:
    """A damaged frame was found far before the point where the job was killed."""
    job = Job(range(1, 60), range(151, 201))
    job.files.kept = {(1, 126): "125", (1, 151): "150"}
    job.feed(range(1, 60))
    assert job.kept == [26, 51, 126, 151]
    job.feed(range(151, 190))
    assert job.kept == [151, 167]
    job.feed(range(190, 201))
    assert job.kept == []


def test_a_stop_keeps_the_state_as_it_is() -> None:
    job = Job(range(1, 201))
    job.feed(range(1, 7))
    job.state = 7
    job.keeper.given()
    job.keeper.passed(7, is_last=True)
    assert job.kept == []
    job.keeper.written(1)
    assert job.kept == [8]


def test_a_piece_minds_its_own_states() -> None:
    """Others are at the pieces before and after it."""
    job = Job(range(101, 151), spans=[(101, 150)])
    theirs = {(1, 76): "75", (1, 151): "150", (1, 176): "175"}
    job.files.kept = dict(theirs)
    job.feed(range(101, 150))
    assert job.kept == [76, 126, 151, 176]
    job.feed(range(150, 151))
    assert job.files.kept == theirs


def test_workers_at_other_frames_of_a_segment_leave_each_other_their_states() -> None:
    """One has --frames 101-160, and goes the same way to them as one with --frames 31-90 goes."""
    job = Job(range(1, 161), asked=range(101, 161))
    theirs = {(1, 41): "40", (1, 66): "65"}
    job.files.kept = dict(theirs)
    job.feed(range(1, 91))
    assert job.kept == [41, 51, 66, 76]
    job.feed(range(91, 160))
    assert job.kept == [41, 66, 126, 151]
    job.feed(range(160, 161))
    assert job.kept == [41, 66, 151, 161]


def test_the_last_of_them_takes_away_where_it_began() -> None:
    job = Job(range(101, 201), asked=range(101, 201))
    job.files.kept = {(1, 41): "40", (1, 101): "100"}
    job.feed(range(101, 201))
    assert job.kept == [41]


def test_rolling_to_a_piece_keeps_nothing_of_others() -> None:
    job = Job(range(1, 151), spans=[(101, 150)])
    job.feed(range(1, 101))
    assert job.kept == []
    job.feed(range(101, 149))
    assert job.kept == [102, 127]


def test_what_a_run_left_that_was_killed_at_its_very_end_goes() -> None:
    job = Job()
    job.files.kept = {(1, 176): "175"}
    job.keeper.close()
    assert job.kept == []


def test_a_state_that_could_not_be_written_is_followed_by_those_that_can() -> None:
    job = Job(range(1, 201))
    job.files.is_full = True
    job.feed(range(1, 31))
    job.files.is_full = False
    job.feed(range(31, 101))
    assert job.kept == [76, 101]


def test_a_full_disk_is_told_once_and_the_job_goes_on() -> None:
    job = Job(range(1, 201))
    job.files.is_full = True
    job.feed(range(1, 101))
    assert [type(one) for one in job.told] == [Warned]
    assert "anew: The disk is full. Free some." in str(job.told)
