"""A job that is stopped, repaired or asked for more goes on from a state, with the same bytes.

Everything is compared with a run that nothing happened to, file by file.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from robust_matte.errors import Cancelled
from robust_matte.jobs.key import key
from robust_matte.jobs.progress import Event, FrameWritten, Noted, StageReached, Warned
from robust_matte.jobs.stop_request import StopRequest
from robust_matte.keying.model import Weights
from robust_matte.keying.network import Network

LAST, CUT = 66, 34  # 33 frames a segment: one state of 25 frames in each


class Counting(Network):
    """The network, which notes what it is fed; and what it is given in place of a reset."""

    fed: list[str] = []  # noqa: RUF012 - cleared by the fixture

    def __init__(self, weights: Weights, **values: Any) -> None:
        super().__init__(weights, **values)

    def reset(self) -> None:
        self.fed.append("reset")
        super().reset()

    def roll(self, low: Any) -> None:
        self.fed.append("roll")
        super().roll(low)

    def matte(self, view: Any, low: Any) -> Any:
        self.fed.append("matte")
        return super().matte(view, low)


@pytest.fixture(autouse=True)
def _nothing_fed() -> None:
    Counting.fed.clear()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the plate, and the files of the run that nothing happened to, in `whole`."""
    return tmp_path_factory.mktemp("resume")


@pytest.fixture
def job(moving_frames: Any, write_exr_plate: Any, settings: Any, home: Path) -> Callable[..., Any]:
    is_new = not (home / "plate").exists()
    if is_new:
        small = {"height": 32, "width": 48}
        first = moving_frames(range(1, CUT), **small)
        second = moving_frames(range(CUT, LAST + 1), seed=8, **small)
        Path(write_exr_plate(first | second)).parent.rename(home / "plate")

    def build(**values: Any) -> Any:
        usual = {"model": "draft", "cuts": str(CUT), "warm_up": 4}
        return settings(str(home / "plate" / "shot.####.exr"), **(usual | values))

    if is_new:
        key(build(output=str(home / "whole")))
    return build


@pytest.fixture
def whole(job: Any, home: Path) -> dict[str, bytes]:  # noqa: ARG001 - which writes them
    return files(home / "whole")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.exr"))}


def frame(folder: Path, number: int) -> Path:
    return folder / f"shot_matte.{number:04d}.exr"


def marks(folder: Path, but: tuple[int, ...] = ()) -> dict[str, tuple[int, int]]:
    """Return inode and mtime of the frames, which a file that is written anew has not."""
    found = {one.name: one.stat() for one in folder.glob("*.exr")}
    for number in but:
        found.pop(frame(folder, number).name, None)
    return {name: (one.st_ino, one.st_mtime_ns) for name, one in found.items()}


def states(folder: Path, kind: str = "checkpoint") -> list[str]:
    return sorted(one.name for one in (folder / "shot_matte.robust_matte" / kind).glob("*"))


class Stopper:
    """A listener that asks for a stop after some frames; keeps all that it is told."""

    def __init__(self, after: int = 0) -> None:
        self.request = StopRequest()
        self.told: list[Event] = []
        self._after = after

    def __call__(self, event: Event) -> None:
        self.told.append(event)
        if isinstance(event, FrameWritten) and event.done == self._after:
            self.request.ask()

    @property
    def notes(self) -> list[str]:
        return [one.text for one in self.told if isinstance(one, Noted)]


def stop_after(frames: int, settings: Any) -> int:
    """Key until some frames are written; returns how many are."""
    stopper = Stopper(frames)
    with pytest.raises(Cancelled, match="Stopped"):
        key(settings, stopper, stop=stopper.request)
    return sum(isinstance(one, FrameWritten) for one in stopper.told)


@pytest.mark.parametrize("after", [3, 28, 40])
def test_stopped_job_goes_on_with_the_next_frame(
    after: int, job: Any, whole: dict[str, bytes], out: Path
) -> None:
    done = stop_after(after, job())
    assert after <= done < after + 6  # what the network had made was written
    assert len(files(out)) == done
    first = 1 if done < CUT else CUT
    assert f"{first}_{done + 1}.safetensors" in states(out)
    before = marks(out)
    listener = Stopper()
    result = key(job(), listener, open_model=Counting)
    assert (result.kept, result.written) == (done, LAST - done)
    assert listener.notes[-1] == f"going on at {done + 1} from the state that was kept"
    assert Counting.fed[0] == "matte"
    assert Counting.fed.count("matte") == LAST - done
    assert Counting.fed.count("roll") == (4 if done < CUT else 0)  # the other segment's warm-up
    assert files(out) == whole
    assert marks(out).items() >= before.items()
    assert states(out) == []


def test_a_stop_while_warming_up_keeps_what_there_is(
    job: Any, whole: dict[str, bytes], out: Path
) -> None:
    request = StopRequest()

    def listen(event: Event) -> None:
        if isinstance(event, StageReached) and event.stage == "warming up" and event.done == 2:
            request.ask()

    with pytest.raises(Cancelled):
        key(job(frames="40-60"), listen, stop=request)
    assert files(out) == {}
    key(job())
    assert files(out) == whole


def test_a_stop_while_rolling_goes_on_there(job: Any, whole: dict[str, bytes], out: Path) -> None:
    request = StopRequest()

    def listen(event: Event) -> None:
        if isinstance(event, StageReached) and event.number == 44 and event.stage == "rolling":
            request.ask()

    with pytest.raises(Cancelled):
        key(job(frames="50-60"), listen, stop=request)
    assert states(out) == [f"{CUT}_45.safetensors"]
    key(job(frames="50-60"), open_model=Counting)
    assert Counting.fed == ["roll"] * 5 + ["matte"] * 11
    assert files(out).items() <= whole.items()


def test_a_request_that_came_before_keying_stops_before_the_first_frame(
    job: Any, out: Path
) -> None:
    request = StopRequest()
    request.ask()
    with pytest.raises(Cancelled):
        key(job(warm_up=0), open_model=Counting, stop=request)
    assert files(out) == {}
    assert Counting.fed == []


class Killed(BaseException):
    """What ends a run without a chance to tidy up."""


def kill_after(frames: int, settings: Any) -> None:
    def listen(event: Event) -> None:
        if isinstance(event, FrameWritten) and event.done == frames:
            raise Killed

    with pytest.raises(Killed):
        key(settings, listen)


def test_killed_job_goes_on_from_its_last_checkpoint(
    job: Any, whole: dict[str, bytes], out: Path
) -> None:
    kill_after(28, job())
    assert states(out) == ["1_26.safetensors"]
    before = marks(out)
    key(job(), open_model=Counting)
    rolled = len(before) - 25
    assert Counting.fed[: rolled + 1] == [*["roll"] * rolled, "matte"]
    assert files(out) == whole
    assert marks(out).items() >= before.items()
    assert states(out) == []


def test_missing_and_damaged_frames_are_repaired_and_no_other_touched(
    job: Any, whole: dict[str, bytes], out: Path
) -> None:
    key(job())
    frame(out, 20).unlink()
    torn = frame(out, 24)
    torn.write_bytes(torn.read_bytes()[:-700])
    frame(out, 50).write_bytes(b"")
    before = marks(out, but=(20, 24, 50))
    listener = Stopper()
    result = key(job(), listener, open_model=Counting)
    assert (result.written, result.kept) == (3, LAST - 3)
    assert Counting.fed.count("matte") == 3
    assert files(out) == whole
    assert marks(out, but=(20, 24, 50)) == before
    assert states(out) == []


def test_damage_before_the_checkpoint_and_the_rest_after_it(job: Any, out: Path) -> None:
    """Rolls from the start to the damage, and goes on from the state, not through all between."""
    done = stop_after(29, job(cuts="off"))
    whole_uncut = out.with_name("uncut")
    key(job(cuts="off", output=str(whole_uncut)))
    frame(out, 3).unlink()
    before = marks(out)
    key(job(cuts="off"), open_model=Counting)
    assert Counting.fed[:8] == ["reset", *["roll"] * (4 + 2), "matte"]
    assert Counting.fed[8:] == ["matte"] * (LAST - done)
    assert files(out) == files(whole_uncut)
    assert marks(out).items() >= before.items()


def test_later_frames_go_on_where_the_ones_before_them_ended(
    job: Any, whole: dict[str, bytes], out: Path
) -> None:
    key(job(frames="1-12"))
    assert states(out) == ["1_13.safetensors"]
    key(job(frames="16-20"), open_model=Counting)
    assert Counting.fed == ["roll"] * 3 + ["matte"] * 5
    assert states(out) == ["1_13.safetensors", "1_21.safetensors"]
    key(job())
    assert files(out) == whole
    assert states(out) == []


def test_damaged_states_cost_time_and_nothing_else(
    job: Any, whole: dict[str, bytes], out: Path
) -> None:
    stop_after(27, job())
    kept = out / "shot_matte.robust_matte" / "checkpoint"
    for path in kept.iterdir():
        data = bytearray(path.read_bytes())
        data[-5] ^= 1
        path.write_bytes(bytes(data))
    listener = Stopper()
    key(job(), listener, open_model=Counting)
    warnings = {one.text for one in listener.told if isinstance(one, Warned)}
    assert warnings == {
        f"The state {path} is damaged, and is not used."
        for path in (kept / name for name in warned_names(warnings))
    }
    assert len(warnings) == 2
    assert Counting.fed[0] == "reset"
    assert files(out) == whole


def warned_names(warnings: set[str]) -> Iterator[str]:
    for text in warnings:
        yield Path(text.split()[2]).name


def test_states_of_another_job_are_not_taken(job: Any, out: Path) -> None:
    stop_after(30, job())
    key(job(warm_up=2, overwrite=True), open_model=Counting)
    assert Counting.fed[0] == "reset"
    assert Counting.fed.count("matte") == LAST
    assert states(out) == []


def test_cold_run_that_was_stopped_goes_on_as_it_began(
    job: Any, whole: dict[str, bytes], out: Path
) -> None:
    asked = {"frames": "10-32", "cold": True}
    straight = out.with_name("straight")
    key(job(**asked, output=str(straight)))
    done = stop_after(8, job(**asked))
    key(job(**asked), open_model=Counting)
    assert Counting.fed == ["matte"] * (23 - done)
    assert files(out) == files(straight)
    assert files(straight)["shot_matte.0010.exr"] != whole["shot_matte.0010.exr"]
    frame(out, 12).unlink()
    key(job(**asked))
    assert files(out) == files(straight)
