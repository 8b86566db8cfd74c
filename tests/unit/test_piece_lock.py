"""Locks on pieces: who waits, who goes away, who takes over; by a clock of the test's own."""

import errno
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from robust_matte.errors import Preempted, WriteError
from robust_matte.jobs.folder_door import LockTimes
from robust_matte.jobs.lock_files import LockRecord, find_locks, is_gone, own_record
from robust_matte.jobs.piece_lock import PieceLocks
from robust_matte.jobs.progress import Event, Noted

PIECE = (1001, 1100)


@dataclass
class Clock:
    """Time that passes only by sleeping; what happens meanwhile is called."""

    now: float = 0.0
    meanwhile: Callable[[], None] = field(default=lambda: None)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert self.now < 1000.0
        self.now += seconds
        self.meanwhile()

    @property
    def times(self) -> LockTimes:
        return LockTimes(beat_s=0.0, stale_s=30.0, poll_s=0.5, clock=self, sleep=self.sleep)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def _elsewhere(folder: Path, piece: tuple[int, int] = PIECE, **changes: object) -> Path:
    """Write the lock of a worker on another machine."""
    folder.mkdir(exist_ok=True)
    record = own_record(*piece).model_copy(
        update={"host": "render07", "machine": "render07 boot", "pid": 4711} | changes
    )
    path = folder / f"{piece[0]}-{piece[1]}.lock"
    path.write_bytes(record.to_bytes())
    return path


def _record(path: Path) -> LockRecord:
    record = LockRecord.from_bytes(path.read_bytes())
    assert record is not None
    return record


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_lock_says_who_holds_it_and_is_gone_at_the_end(tmp_path: Path, clock: Clock) -> None:
    with PieceLocks(tmp_path, [PIECE, (1201, 1300)], clock.times) as locks:
        assert _names(tmp_path) == ["1001-1100.lock", "1201-1300.lock"]
        record = _record(tmp_path / "1001-1100.lock")
        assert (record.pid, record.first, record.last) == (os.getpid(), *PIECE)
        assert not locks.has_waited
        locks.check()
    assert _names(tmp_path) == []
    assert clock.now == 0.0


def test_who_has_nothing_to_do_takes_no_lock(tmp_path: Path, clock: Clock) -> None:
    with PieceLocks(tmp_path / "lock", [], clock.times) as locks:
        locks.check()
    assert not (tmp_path / "lock").exists()


@pytest.mark.parametrize("kind", [KeyboardInterrupt, Preempted, ValueError, SystemExit])
def test_locks_are_removed_however_a_run_ends(
    kind: type[BaseException], tmp_path: Path, clock: Clock
) -> None:
    with pytest.raises(kind), PieceLocks(tmp_path, [PIECE], clock.times):
        raise kind("x")
    assert _names(tmp_path) == []


@pytest.mark.parametrize(
    "piece",
    [
        pytest.param((1001, 1100), id="the same"),
        pytest.param((1001, 1500), id="the whole plate"),
        pytest.param((1050, 1060), id="a part"),
        pytest.param((1100, 1200), id="one frame"),
        pytest.param((-10, 1001), id="negative numbers"),
    ],
)
def test_a_piece_that_is_being_keyed_is_left_to_who_keys_it(
    piece: tuple[int, int], tmp_path: Path, clock: Clock
) -> None:
    path = _elsewhere(tmp_path)

    def beat() -> None:
        if clock.now > 4.0:
            record = _record(path)
            path.write_bytes(record.model_copy(update={"beats": 1}).to_bytes())

    clock.meanwhile = beat
    with pytest.raises(Preempted) as caught, PieceLocks(tmp_path, [piece], clock.times):
        pass
    assert caught.value.what == "The frames 1001-1100 are being keyed by render07 (process 4711)."
    assert "try again later" in caught.value.hint
    assert caught.value.exit_code == 75
    assert clock.now < 6.0
    assert _names(tmp_path) == ["1001-1100.lock"]
    assert _record(path).host == "render07"


def test_of_many_pieces_each_is_looked_at(tmp_path: Path) -> None:
    for piece in ((1, 9), (12, 15), (20, 20), (31, 40), (-9, -5)):
        _elsewhere(tmp_path, piece)
    found = find_locks(tmp_path, [(30, 31), (10, 11), (14, 21), (-20, -9)])
    assert [lock.path.stem for lock in found] == ["-9--5", "12-15", "20-20", "31-40"]


@pytest.mark.parametrize("piece", [(900, 1000), (1101, 1200)])
def test_other_pieces_do_not_disturb(piece: tuple[int, int], tmp_path: Path, clock: Clock) -> None:
    _elsewhere(tmp_path)
    with PieceLocks(tmp_path, [piece], clock.times):
        assert len(_names(tmp_path)) == 2
    assert _names(tmp_path) == ["1001-1100.lock"]
    assert clock.now == 0.0


def test_a_lock_that_does_not_beat_is_taken_over_by_ones_own_clock(
    tmp_path: Path, clock: Clock
) -> None:
    path = _elsewhere(tmp_path)
    os.utime(path, (0, 0))  # ages tell nothing
    with PieceLocks(tmp_path, [(1001, 1500)], clock.times) as locks:
        assert _names(tmp_path) == ["1001-1500.lock"]
        assert locks.has_waited
    assert 30.0 <= clock.now < 31.0


def test_times_of_files_from_the_future_tell_nothing_either(tmp_path: Path, clock: Clock) -> None:
    os.utime(_elsewhere(tmp_path), (4e9, 4e9))
    with PieceLocks(tmp_path, [PIECE], clock.times):
        pass
    assert 30.0 <= clock.now < 31.0


def test_a_file_that_is_no_lock_is_taken_over_as_well(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "1001-1100.lock").write_bytes(b"")  # what a power cut leaves
    (tmp_path / "notes.lock").touch()
    with PieceLocks(tmp_path, [PIECE], clock.times):
        assert _record(tmp_path / "1001-1100.lock").pid == os.getpid()


def test_a_process_that_ended_here_is_not_waited_for(tmp_path: Path, clock: Clock) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    _elsewhere(tmp_path, machine=own_record(1, 1).machine, pid=ended.pid)
    with PieceLocks(tmp_path, [PIECE], clock.times):
        assert _record(tmp_path / "1001-1100.lock").pid == os.getpid()
    assert clock.now == 0.0


def test_another_process_with_the_same_number_is_told_by_its_start() -> None:
    own = own_record(1, 2)
    assert not is_gone(own)
    assert is_gone(own.model_copy(update={"started": own.started - 100.0}))
    assert not is_gone(own.model_copy(update={"machine": "render07", "pid": 2**22 + 1}))


@pytest.mark.skipif(sys.platform != "linux", reason="how Linux tells when a process started")
@pytest.mark.parametrize("shift", [-7200.0, 7200.0])
def test_a_clock_that_is_set_does_not_change_when_a_process_started(
    shift: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, booted = own_record(1, 2), psutil.boot_time()
    monkeypatch.setattr("psutil._pslinux.boot_time", lambda: booted + shift)
    assert psutil.boot_time() == booted + shift
    assert not is_gone(own)


def test_who_was_taken_over_stops_and_leaves_the_others_lock(tmp_path: Path, clock: Clock) -> None:
    zombie = PieceLocks(tmp_path, [PIECE], clock.times)
    with zombie:
        path = tmp_path / "1001-1100.lock"
        path.unlink()
        _elsewhere(tmp_path)
        zombie.check()  # it does not know yet
        zombie.beat()
        with pytest.raises(Preempted) as caught:
            next(zombie.guarded(range(5)))
    assert caught.value.what == (
        "The frames 1001-1100 were taken over by render07 (process 4711), because this process "
        "was not heard of for long."
    )
    assert caught.value.exit_code == 75
    assert _record(tmp_path / "1001-1100.lock").host == "render07"


def test_a_zombie_and_its_replacement(tmp_path: Path, clock: Clock) -> None:
    zombie = PieceLocks(tmp_path, [PIECE], clock.times)
    replacement = PieceLocks(tmp_path, [(1051, 1100)], clock.times)
    with zombie, replacement:  # of one process, so that nobody is seen to have ended
        zombie.beat()  # it wakes up
        replacement.beat()
        replacement.check()
        assert _names(tmp_path) == ["1051-1100.lock"]
        with pytest.raises(Preempted, match="were taken over"):
            zombie.check()
    assert _names(tmp_path) == []


def test_beats_are_seen_and_the_file_keeps_its_length(tmp_path: Path, clock: Clock) -> None:
    with PieceLocks(tmp_path, [PIECE], clock.times) as locks:
        path = tmp_path / "1001-1100.lock"
        length = path.stat().st_size
        for _ in range(12):
            locks.beat()
        assert _record(path).beats == 12
        assert path.stat().st_size == length


def test_the_heart_beats_by_itself(tmp_path: Path) -> None:
    with PieceLocks(tmp_path, [PIECE], LockTimes(beat_s=0.001)):
        until = time.monotonic() + 60.0
        while _found(tmp_path) < 3 and time.monotonic() < until:
            threading.Event().wait(0.002)
        assert _found(tmp_path) >= 3
    assert not [one for one in threading.enumerate() if one.name == "locks"]


def _found(folder: Path) -> int:
    (lock,) = find_locks(folder, [PIECE])
    return -1 if lock.record is None else lock.record.beats


def test_of_many_at_once_one_gets_a_piece(tmp_path: Path) -> None:
    count, inside, most, refused = 6, 0, 0, 0
    guard, gate, over = threading.Lock(), threading.Barrier(count), threading.Event()
    times = LockTimes(beat_s=0.002, stale_s=60.0, poll_s=0.005)

    def work(at: int) -> None:
        nonlocal inside, most, refused
        gate.wait()
        try:
            with PieceLocks(tmp_path, [(1001 + at, 1100 - at)], times):  # all overlap
                with guard:
                    inside += 1
                    most = max(most, inside)
                over.wait(60.0)
                with guard:
                    inside -= 1
        except Preempted:
            with guard:
                refused += 1
                if refused == count - 1:
                    over.set()

    workers = [threading.Thread(target=work, args=(at,)) for at in range(count)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    assert (most, refused) == (1, count - 1)
    assert _names(tmp_path) == []


def test_a_door_that_a_crash_left_is_broken_open(tmp_path: Path, clock: Clock) -> None:
    elsewhere = _elsewhere(tmp_path, (0, 0))
    elsewhere.rename(tmp_path / "door")
    with PieceLocks(tmp_path, [PIECE], clock.times):
        assert _names(tmp_path) == ["1001-1100.lock"]
    assert 30.0 <= clock.now < 31.0


def test_locks_on_a_full_disk_are_removed(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def is_full(*_: object, **__: object) -> bool:
        raise WriteError("full")

    with PieceLocks(tmp_path, [PIECE], clock.times):
        monkeypatch.setattr("robust_matte.jobs.folder_door.create_atomically", is_full)
    assert _names(tmp_path) == []


class Refusing:
    """Lets reading of some files fail, as a file server or Windows does."""

    def __init__(self, suffix: str, number: int, times: float) -> None:
        self.suffix, self.number, self.times = suffix, number, times
        self._real = Path.read_bytes

    def read(self, path: Path) -> bytes:
        if path.name.endswith(self.suffix) and self.times > 0:
            self.times -= 1
            raise OSError(self.number, os.strerror(self.number))
        return self._real(path)


@pytest.mark.parametrize(
    ("suffix", "number", "times"),
    [
        pytest.param(".lock", errno.ESTALE, 1, id="a lock that a server has forgotten"),
        pytest.param(".lock", errno.EACCES, 2, id="a lock that is being removed"),
        pytest.param("door", errno.EACCES, 2, id="a door that is being removed"),
        pytest.param("door", errno.ESTALE, 2, id="a door that a server has forgotten"),
    ],
)
def test_files_that_cannot_be_read_for_a_moment_are_looked_at_again(
    suffix: str,
    number: int,
    times: int,
    tmp_path: Path,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = _elsewhere(tmp_path).rename(
        tmp_path / ("door" if suffix == "door" else "1001-1100.lock")
    )
    clock.meanwhile = lambda: path.unlink(missing_ok=True) if clock.now > 3.0 else None
    refusing = Refusing(suffix, number, times)
    monkeypatch.setattr(Path, "read_bytes", lambda path: refusing.read(path))  # noqa: PLW0108
    with PieceLocks(tmp_path, [PIECE], clock.times):
        assert "1001-1100.lock" in _names(tmp_path)
    assert clock.now < 30.0


def test_a_door_that_can_never_be_read_is_an_error_of_ours(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "door").touch()
    refusing = Refusing("door", errno.EACCES, float("inf"))
    monkeypatch.setattr(Path, "read_bytes", lambda path: refusing.read(path))  # noqa: PLW0108
    with pytest.raises(WriteError, match="door cannot be written: Permission denied") as caught:
        PieceLocks(tmp_path, [PIECE], clock.times).__enter__()
    assert str(tmp_path) in caught.value.what
    assert clock.now >= 30.0


def test_who_waits_says_for_whom_and_from_whom_it_takes_over(tmp_path: Path, clock: Clock) -> None:
    _elsewhere(tmp_path)
    told: list[Event] = []
    with PieceLocks(tmp_path, [PIECE], clock.times, told.append):
        pass
    assert told == [
        Noted("waits to see whether render07 (process 4711) still keys 1001-1100"),
        Noted("1001-1100 is taken over from render07 (process 4711)"),
    ]


def test_the_door_is_tried_less_and_less_often(tmp_path: Path, clock: Clock) -> None:
    _elsewhere(tmp_path, (0, 0)).rename(tmp_path / "door")
    looks = 0

    def count() -> None:
        nonlocal looks
        looks += 1

    clock.meanwhile = count
    with PieceLocks(tmp_path, [PIECE], clock.times):
        pass
    assert looks < 150


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "lock").touch()
    with pytest.raises(WriteError), PieceLocks(tmp_path / "lock", [PIECE], clock.times):
        pass
